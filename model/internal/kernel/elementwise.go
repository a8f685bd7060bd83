package kernel

import "math"

// Each function of this file gives the same bits in every implementation. A
// vector part does what it can, the loop the rest.

// Axpy computes y[i] += a · x[i].
func Axpy(a float32, x, y []float32) {
	if len(x) != len(y) {
		panic("kernel: axpy: lengths differ")
	}
	for i := axpy(a, x, y); i < len(x); i++ {
		y[i] += float32(a * x[i])
	}
}

// ReLU computes y[i] = x[i] where x[i] > 0 and slope · x[i] elsewhere. y may be x.
func ReLU(y, x []float32, slope float32) {
	if len(x) != len(y) {
		panic("kernel: relu: lengths differ")
	}
	for i := relu(y, x, slope); i < len(x); i++ {
		if x[i] > 0 {
			y[i] = x[i]
		} else {
			y[i] = float32(slope * x[i])
		}
	}
}

// ReLUGrad computes dx[i] += dy[i] where y[i] > 0 and slope · dy[i] elsewhere,
// with y the result of ReLU for a slope of at least 0.
func ReLUGrad(dx, dy, y []float32, slope float32) {
	if len(dx) != len(dy) || len(dx) != len(y) {
		panic("kernel: relu gradient: lengths differ")
	}
	for i := reluGrad(dx, dy, y, slope); i < len(y); i++ {
		if y[i] > 0 {
			dx[i] += dy[i]
		} else {
			dx[i] += float32(slope * dy[i])
		}
	}
}

// ColumnSums computes sums[j] += Σ_i y[i·len(sums)+j], row after row.
func ColumnSums(sums, y []float32) {
	n := len(sums)
	if n == 0 && len(y) > 0 || n > 0 && len(y)%n != 0 {
		panic("kernel: column sums: rows are not whole")
	}
	from := columnSums(sums, y)
	if from == n {
		return
	}
	for ; len(y) > 0; y = y[n:] {
		for j := from; j < n; j++ {
			sums[j] += y[j]
		}
	}
}

// AdamStep holds the numbers of one step of Adam: the learning rate, the decay
// of the two moments, the number added to the root, the corrections Bias1 =
// 1-Beta1ᵗ and Bias2 = 1-Beta2ᵗ at step t = 1, 2, …, and the weight decay.
type AdamStep struct{ Rate, Beta1, Beta2, Eps, Bias1, Bias2, Decay float32 }

// Adam moves p against the gradient g and updates the moments m and v (Kingma
// and Ba, arXiv:1412.6980, algorithm 1; decay as in Loshchilov and Hutter,
// arXiv:1711.05101, algorithm 2):
//
//	m[i] = Beta1 · m[i] + (1-Beta1) · g[i]
//	v[i] = Beta2 · v[i] + (1-Beta2) · g[i]²
//	p[i] = p[i] - Rate·Decay · p[i] - Rate/Bias1 · m[i] / (√(v[i]/Bias2) + Eps)
func Adam(p, m, v, g []float32, o AdamStep) {
	if len(p) != len(m) || len(p) != len(v) || len(p) != len(g) {
		panic("kernel: adam: lengths differ")
	}
	r := adamRates{
		beta1: o.Beta1, rest1: 1 - o.Beta1, beta2: o.Beta2, rest2: 1 - o.Beta2,
		bias2: o.Bias2, eps: o.Eps, rate: o.Rate / o.Bias1, keep: 1 - float32(o.Rate*o.Decay),
	}
	for i := r.vector(p, m, v, g); i < len(g); i++ {
		d := g[i]
		m[i] = float32(r.beta1*m[i]) + float32(r.rest1*d)
		v[i] = float32(r.beta2*v[i]) + float32(float32(r.rest2*d)*d)
		root := float32(math.Sqrt(float64(v[i] / r.bias2)))
		p[i] = float32(r.keep*p[i]) - float32(r.rate*m[i])/(root+r.eps)
	}
}

// adamRates is what the loop of Adam needs of an AdamStep.
type adamRates struct{ beta1, rest1, beta2, rest2, bias2, eps, rate, keep float32 }

// transpose computes dst[j·ldd+i] = src[i·lds+j] for i < rows, j < cols.
func transpose(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	for i := transposeRows(dst, ldd, src, lds, rows, cols); i < rows; i++ {
		for j, v := range src[i*lds:][:cols] {
			dst[j*ldd+i] = v
		}
	}
}
