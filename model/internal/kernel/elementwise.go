package kernel

import "math"

// Each function of this file gives the same bits in every implementation. A
// vector part does what it can, the loop the rest.

// Axpy computes y[i] += a · x[i].
func Axpy(a float32, x, y []float32) { AxpyTo(y, a, x, y) }

// AxpyTo computes z[i] = y[i] + a · x[i]. z may be x or y.
func AxpyTo(z []float32, a float32, x, y []float32) {
	if len(x) != len(y) || len(x) != len(z) {
		panic("kernel: axpy: lengths differ")
	}
	for i := axpy(z, a, x, y); i < len(x); i++ {
		z[i] = y[i] + float32(a*x[i])
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

// ReLUGrad computes dy[i] = dy[i] where y[i] > 0 and slope · dy[i] elsewhere,
// with y the result of ReLU for a slope of at least 0.
func ReLUGrad(dy, y []float32, slope float32) {
	if len(dy) != len(y) {
		panic("kernel: relu gradient: lengths differ")
	}
	for i := reluGrad(dy, y, slope); i < len(y); i++ {
		if !(y[i] > 0) {
			dy[i] = float32(slope * dy[i])
		}
	}
}

// SigmoidGrad computes dy[i] = dy[i] · (y[i]·(1-y[i])), with y the result of Sigmoid.
func SigmoidGrad(dy, y []float32) {
	if len(dy) != len(y) {
		panic("kernel: sigmoid gradient: lengths differ")
	}
	for i := sigmoidGrad(dy, y); i < len(y); i++ {
		dy[i] *= float32(y[i] * (1 - y[i]))
	}
}

// TanhGrad computes dy[i] = dy[i] · (1-y[i]²), with y the result of Tanh.
func TanhGrad(dy, y []float32) {
	if len(dy) != len(y) {
		panic("kernel: tanh gradient: lengths differ")
	}
	for i := tanhGrad(dy, y); i < len(y); i++ {
		dy[i] *= 1 - float32(y[i]*y[i])
	}
}

// Mul computes z[i] = x[i] · y[i]. z may be x or y.
func Mul(z, x, y []float32) {
	if len(z) != len(x) || len(z) != len(y) {
		panic("kernel: product: lengths differ")
	}
	for i := mul(z, x, y); i < len(z); i++ {
		z[i] = x[i] * y[i]
	}
}

// Difference computes z[i] = a · (x[i] - y[i]). z may be x or y.
func Difference(z []float32, a float32, x, y []float32) {
	if len(z) != len(x) || len(z) != len(y) {
		panic("kernel: difference: lengths differ")
	}
	for i := difference(z, a, x, y); i < len(z); i++ {
		z[i] = a * (x[i] - y[i])
	}
}

// SquaredError returns Σ (x[i]-y[i])², the differences rounded and the rest in
// float64: eight sums, each of every eighth number, and then their sum.
func SquaredError(x, y []float32) float64 {
	if len(x) != len(y) {
		panic("kernel: squared error: lengths differ")
	}
	var sums [8]float64
	for i := squaredError(&sums, x, y); i < len(x); i++ {
		d := float64(x[i] - y[i])
		sums[i%8] += d * d // exact, fused or not
	}
	return total(&sums)
}

// SquaredNorm returns Σ x[i]², summed like SquaredError.
func SquaredNorm(x []float32) float64 {
	var sums [8]float64
	for i := squaredNorm(&sums, x); i < len(x); i++ {
		sums[i%8] += float64(x[i]) * float64(x[i])
	}
	return total(&sums)
}

func total(sums *[8]float64) (t float64) {
	for _, v := range sums {
		t += v
	}
	return t
}

// ColumnSums computes sums[j] += Σ_i y[i·len(sums)+j], row after row.
func ColumnSums(sums, y []float32) {
	from := columnSums(sums, y, rowsOf(sums, y))
	n := len(sums)
	if from == n {
		return
	}
	for ; len(y) > 0; y = y[n:] {
		for j := from; j < n; j++ {
			sums[j] += y[j]
		}
	}
}

// ReLUGradSums is ReLUGrad and then ColumnSums of dy, in one go.
func ReLUGradSums(sums, dy, y []float32, slope float32) {
	if len(dy) != len(y) {
		panic("kernel: relu gradient: lengths differ")
	}
	n := len(sums)
	from := reluGradSums(sums, dy, y, slope, rowsOf(sums, dy))
	if from == n {
		return
	}
	for at := 0; at < len(y); at += n {
		for j := from; j < n; j++ {
			if !(y[at+j] > 0) {
				dy[at+j] = float32(slope * dy[at+j])
			}
			sums[j] += dy[at+j]
		}
	}
}

// rowsOf returns how many rows of len(sums) columns y has.
func rowsOf(sums, y []float32) int {
	n := len(sums)
	if n == 0 && len(y) > 0 || n > 0 && len(y)%n != 0 {
		panic("kernel: column sums: rows are not whole")
	}
	if n == 0 {
		return 0
	}
	return len(y) / n
}

// Divisive normalisation (Ballé et al., arXiv:1511.06281) divides by the root of
// norms, its inverse multiplies with it.

// Normalise computes r[i] = 1/√n[i], or √n[i] for the inverse, and y[i] = x[i]·r[i].
// r may be n.
func Normalise(y, r, x, n []float32, inverse bool) {
	if len(y) != len(r) || len(y) != len(x) || len(y) != len(n) {
		panic("kernel: normalise: lengths differ")
	}
	for i := normalise(y, r, x, n, inverse); i < len(y); i++ {
		root := float32(math.Sqrt(float64(n[i])))
		if !inverse {
			root = 1 / root
		}
		r[i] = root
		y[i] = x[i] * root
	}
}

// NormGrad computes the gradient with respect to the norms, with y and r those
// of Normalise:
//
//	dn[i] = -½ · (dy[i]·y[i]) · r[i]², or for the inverse ½ · (dy[i]·y[i]) / r[i]²
func NormGrad(dn, dy, y, r []float32, inverse bool) {
	if len(dn) != len(dy) || len(dn) != len(y) || len(dn) != len(r) {
		panic("kernel: norm gradient: lengths differ")
	}
	for i := normGrad(dn, dy, y, r, inverse); i < len(y); i++ {
		p, q := float32(dy[i]*y[i]), float32(r[i]*r[i])
		if inverse {
			dn[i] = 0.5 * float32(p/q)
		} else {
			dn[i] = -0.5 * float32(p*q)
		}
	}
}

// NormaliseGrad computes dy[i] = dy[i]·r[i] + 2·(x[i]·s[i]), with s the gradient
// with respect to the squares of x.
func NormaliseGrad(dy, r, x, s []float32) {
	if len(dy) != len(r) || len(dy) != len(x) || len(dy) != len(s) {
		panic("kernel: normalise gradient: lengths differ")
	}
	for i := normaliseGrad(dy, r, x, s); i < len(dy); i++ {
		dy[i] = float32(dy[i]*r[i]) + float32(2*float32(x[i]*s[i]))
	}
}

// AdamStep holds the numbers of one step of Adam: the learning rate, the decay
// of the two moments, the number added to the root, the corrections Bias1 =
// 1-Beta1ᵗ and Bias2 = 1-Beta2ᵗ at step t = 1, 2, …, and the weight decay.
type AdamStep struct {
	Beta1, Beta2                   float64 // 1-Beta2 loses a part in 10⁵ where Beta2 is a float32
	Rate, Eps, Bias1, Bias2, Decay float32
}

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
		beta1: float32(o.Beta1), rest1: float32(1 - o.Beta1), beta2: float32(o.Beta2), rest2: float32(1 - o.Beta2),
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
