package kernel

import "math"

// Axpy computes y[i] += a · x[i].
func Axpy(a float32, x, y []float32) {
	if len(x) != len(y) {
		panic("kernel: axpy: lengths differ")
	}
	for i, v := range x {
		y[i] += float32(a * v)
	}
}

// ReLU computes y[i] = x[i] where x[i] > 0 and slope · x[i] elsewhere. y may be x.
func ReLU(y, x []float32, slope float32) {
	if len(x) != len(y) {
		panic("kernel: relu: lengths differ")
	}
	for i, v := range x {
		if v > 0 {
			y[i] = v
		} else {
			y[i] = float32(slope * v)
		}
	}
}

// ReLUGrad computes dx[i] += dy[i] where y[i] > 0 and slope · dy[i] elsewhere,
// with y the result of ReLU for a slope of at least 0.
func ReLUGrad(dx, dy, y []float32, slope float32) {
	if len(dx) != len(dy) || len(dx) != len(y) {
		panic("kernel: relu gradient: lengths differ")
	}
	for i, g := range dy {
		if y[i] > 0 {
			dx[i] += g
		} else {
			dx[i] += float32(slope * g)
		}
	}
}

// ColumnSums computes sums[j] += Σ_i y[i·len(sums)+j], row after row.
func ColumnSums(sums, y []float32) {
	n := len(sums)
	if n == 0 && len(y) > 0 || n > 0 && len(y)%n != 0 {
		panic("kernel: column sums: rows are not whole")
	}
	for ; len(y) > 0; y = y[n:] {
		for j, v := range y[:n] {
			sums[j] += v
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
	rest1, rest2 := 1-o.Beta1, 1-o.Beta2
	rate, keep := o.Rate/o.Bias1, 1-float32(o.Rate*o.Decay)
	for i, d := range g {
		m[i] = float32(o.Beta1*m[i]) + float32(rest1*d)
		v[i] = float32(o.Beta2*v[i]) + float32(float32(rest2*d)*d)
		root := float32(math.Sqrt(float64(v[i] / o.Bias2)))
		p[i] = float32(keep*p[i]) - float32(rate*m[i])/(root+o.Eps)
	}
}
