package nn

import (
	"math"

	"sieve/model/internal/kernel"
	"sieve/model/tensor"
)

// judge returns the weighted mean over elements of a loss that at gives with its
// derivative. A nil weight counts every element.
func judge(t *Tape, x *Var, want, weight *tensor.Tensor, at func(x, want float32) (loss, slope float32)) *Var {
	if len(x.Val.Data) != len(want.Data) {
		panic("nn: loss: what is judged and what is wanted differ in size")
	}
	var sum, total float64
	for i, v := range x.Val.Data {
		w := float32(1)
		if weight != nil {
			if w = weight.Data[i]; w == 0 {
				continue
			}
		}
		l, _ := at(v, want.Data[i])
		sum += float64(float32(w * l))
		total += float64(w)
	}
	y := t.out(1)
	y.Val.Data[0] = 0
	if total > 0 {
		y.Val.Data[0] = float32(sum / total)
	}
	t.push(func() {
		if x.Grad == nil || total == 0 {
			return
		}
		g := float32(float64(y.Grad.Data[0]) / total)
		for i, v := range x.Val.Data {
			_, d := at(v, want.Data[i])
			if weight != nil {
				d *= weight.Data[i]
			}
			x.Grad.Data[i] += float32(g * d)
		}
	})
	return y
}

// MSE returns the mean squared error of x against want where weight is not zero;
// a nil weight counts every element.
func MSE(t *Tape, x *Var, want, weight *tensor.Tensor) *Var {
	return judge(t, x, want, weight, func(x, want float32) (float32, float32) {
		d := x - want
		return d * d, 2 * d
	})
}

// L1 returns the mean absolute error of x against want, weighted as in MSE.
func L1(t *Tape, x *Var, want, weight *tensor.Tensor) *Var {
	return judge(t, x, want, weight, func(x, want float32) (float32, float32) {
		switch d := x - want; {
		case d > 0:
			return d, 1
		case d < 0:
			return -d, -1
		default:
			return d, 0 // not 0 but d, so that NaN stays NaN
		}
	})
}

// BCE returns the mean binary cross-entropy, in nats, of pictures given by their
// logits against want in [0, 1], weighted as in MSE: softplus(x) - want·x.
func BCE(t *Tape, logits *Var, want, weight *tensor.Tensor) *Var {
	return judge(t, logits, want, weight, func(x, want float32) (float32, float32) {
		e := kernel.Exp(-max(x, -x)) // of -|x|, so that nothing overflows
		soft := max(x, 0) + kernel.Log(1+e)
		p := 1 / (1 + e)
		if x < 0 {
			p = 1 - p
		}
		return soft - float32(want*x), p - want
	})
}

// Abs returns the mean magnitude of x: the price of a sparse latent.
func Abs(t *Tape, x *Var) *Var {
	y := t.out(1)
	var s float64
	for _, v := range x.Val.Data {
		s += math.Abs(float64(v))
	}
	y.Val.Data[0] = float32(s / float64(len(x.Val.Data)))
	t.push(func() {
		g := y.Grad.Data[0] / float32(len(x.Val.Data))
		each(x, func(i int) float32 {
			switch v := x.Val.Data[i]; {
			case v > 0:
				return g
			case v < 0:
				return -g
			default:
				return 0
			}
		})
	})
	return y
}

// Gauss draws from the normal distributions whose means are the first half of
// x's channels and whose log-variances are the second, and returns with the
// draw the divergence from the unit normal, in nats a picture. A nil eps
// returns the means. Kingma and Welling, arXiv:1312.6114, appendix B.
func Gauss(t *Tape, x *Var, eps *tensor.Tensor) (z, nats *Var) {
	n, h, w, c2 := x.Val.Dims4()
	c := c2 / 2
	z, nats = t.out(n, h, w, c), t.out(1)
	var s float64
	for i := range z.Val.Data {
		a := i/c*c2 + i%c
		mu, lv := x.Val.Data[a], x.Val.Data[a+c]
		s += float64((float32(mu*mu) + kernel.Exp(lv) - 1 - lv) / 2)
		z.Val.Data[i] = mu
		if eps != nil {
			z.Val.Data[i] += float32(kernel.Exp(lv/2) * eps.Data[i])
		}
	}
	nats.Val.Data[0] = float32(s / float64(n))
	t.push(func() {
		k := nats.Grad.Data[0] / float32(n)
		for i, g := range z.Grad.Data {
			a := i/c*c2 + i%c
			mu, lv := x.Val.Data[a], x.Val.Data[a+c]
			x.Grad.Data[a] += g + float32(k*mu)
			d := float32(k * (kernel.Exp(lv) - 1) / 2)
			if eps != nil {
				d += float32(g * eps.Data[i] * kernel.Exp(lv/2) / 2)
			}
			x.Grad.Data[a+c] += d
		}
	})
	return z, nats
}
