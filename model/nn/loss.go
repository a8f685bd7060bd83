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
	push(t, judgeStep{of{y}, x, want, weight, at, total})
	return y
}

type judgeStep struct {
	of
	x            *Var
	want, weight *tensor.Tensor
	at           func(x, want float32) (loss, slope float32)
	total        float64
}

func (o *judgeStep) back(t *Tape) {
	if o.total == 0 {
		return
	}
	g := float32(float64(o.y.Grad.Data[0]) / o.total)
	t.each(o.x, func(i int) float32 {
		_, d := o.at(o.x.Val.Data[i], o.want.Data[i])
		if o.weight != nil {
			d *= o.weight.Data[i]
		}
		return g * d
	})
}

// each gives x the gradient whose elements f returns, if it wants one.
func (t *Tape) each(x *Var, f func(i int) float32) {
	dx, acc := t.into(x)
	for i := range dx {
		if d := f(i); acc {
			dx[i] += d
		} else {
			dx[i] = d
		}
	}
}

// MSE returns the mean squared error of x against want where weight is not zero;
// a nil weight counts every element.
func MSE(t *Tape, x *Var, want, weight *tensor.Tensor) *Var {
	if weight != nil || len(x.Val.Data) != len(want.Data) {
		return judge(t, x, want, weight, squared)
	}
	y, n := t.out(1), float64(len(want.Data))
	y.Val.Data[0] = float32(kernel.SquaredError(x.Val.Data, want.Data) / n)
	push(t, errorStep{of{y}, x, x, want, 2 / n})
	return y
}

func squared(x, want float32) (loss, slope float32) {
	d := x - want
	return d * d, 2 * d
}

// An errorStep is that of a loss that counts every element and whose derivative
// is factor·(made - want).
type errorStep struct {
	of
	x, made *Var
	want    *tensor.Tensor
	factor  float64
}

func (o *errorStep) back(t *Tape) {
	a := float32(o.factor * float64(o.y.Grad.Data[0]))
	dx, acc := t.into(o.x)
	switch {
	case dx == nil:
	case acc:
		d := t.memory.Take(len(dx))
		kernel.Difference(d, a, o.made.Val.Data, o.want.Data)
		kernel.Axpy(1, d, dx)
		t.memory.Give(d)
	default:
		kernel.Difference(dx, a, o.made.Val.Data, o.want.Data)
	}
}

// RMSE returns the mean over pictures of the root of the mean squared error of x against
// want, weighted as in MSE. Where noise differs from picture to picture, strong noise
// counts less than in MSE, and what is best for each is the same.
func RMSE(t *Tape, x *Var, want, weight *tensor.Tensor) *Var {
	if len(x.Val.Data) != len(want.Data) {
		panic("nn: loss: what is judged and what is wanted differ in size")
	}
	n := x.Val.Shape[0]
	y, slope := t.out(1), t.New(n)
	size := len(want.Data) / n
	var all float64
	for i := range n {
		var sum, total float64
		for k := i * size; k < (i+1)*size; k++ {
			w := float32(1)
			if weight != nil {
				w = weight.Data[k]
			}
			d := x.Val.Data[k] - want.Data[k]
			sum += float64(float32(w*d) * d)
			total += float64(w)
		}
		slope.Data[i] = 0
		if root := math.Sqrt(sum / max(total, 1)); root != 0 { // NaN stays NaN
			all += root / float64(n)
			slope.Data[i] = float32(1 / (root * total * float64(n)))
		}
	}
	y.Val.Data[0] = float32(all)
	push(t, rmseStep{of{y}, x, slope, want, weight})
	return y
}

type rmseStep struct {
	of
	x                   *Var
	slope, want, weight *tensor.Tensor
}

func (o *rmseStep) back(t *Tape) {
	g := o.y.Grad.Data[0]
	size := len(o.want.Data) / len(o.slope.Data)
	t.each(o.x, func(i int) float32 {
		d := g * o.slope.Data[i/size] * (o.x.Val.Data[i] - o.want.Data[i])
		if o.weight != nil {
			d *= o.weight.Data[i]
		}
		return d
	})
}

// L1 returns the mean absolute error of x against want, weighted as in MSE.
func L1(t *Tape, x *Var, want, weight *tensor.Tensor) *Var {
	return judge(t, x, want, weight, absolute)
}

func absolute(x, want float32) (loss, slope float32) {
	switch d := x - want; {
	case d > 0:
		return d, 1
	case d < 0:
		return -d, -1
	default:
		return d, 0 // not 0 but d, so that NaN stays NaN
	}
}

// BCE returns the mean binary cross-entropy, in nats, of pictures given by their
// logits against want in [0, 1], weighted as in MSE: softplus(x) - want·x.
func BCE(t *Tape, logits *Var, want, weight *tensor.Tensor) *Var {
	if weight != nil || len(logits.Val.Data) != len(want.Data) {
		return judge(t, logits, want, weight, crossEntropy)
	}
	y, p, n := t.out(1), t.same(logits), float64(len(want.Data))
	kernel.Sigmoid(p.Val.Data, logits.Val.Data)
	y.Val.Data[0] = float32(crossEntropies(logits.Val.Data, p.Val.Data, want.Data) / n)
	push(t, errorStep{of{y}, logits, p, want, 1 / n})
	t.Done(p)
	return y
}

// crossEntropies returns the sum of what crossEntropy says of logits x with the
// probabilities p. softplus(x) is max(x, 0) - log σ(|x|), and one logarithm serves
// a product of many σ, each at least ½.
func crossEntropies(x, p, want []float32) (sum float64) {
	const together = 64
	for len(x) > 0 {
		n := min(together, len(x))
		product := 1.0
		for i, v := range x[:n] {
			sum += float64(max(v, 0) - float32(want[i]*v))
			product *= float64(max(p[i], 1-p[i]))
		}
		sum -= float64(kernel.Log(float32(product)))
		x, p, want = x[n:], p[n:], want[n:]
	}
	return sum
}

func crossEntropy(x, want float32) (loss, slope float32) {
	e := kernel.Exp(-max(x, -x)) // of -|x|, so that nothing overflows
	soft := max(x, 0) + kernel.Log(1+e)
	p := 1 / (1 + e)
	if x < 0 {
		p = 1 - p
	}
	return soft - float32(want*x), p - want
}

// Gauss draws from the normal distributions whose means are the first half of
// x's channels and whose log-variances are the second, and returns with the
// draw the divergence from the unit normal, in nats a picture. A nil eps
// returns the means. Kingma and Welling, arXiv:1312.6114, appendix B. A channel counts
// as free nats a picture at least, and is pulled no further: it has no reason to say
// nothing. Kingma et al., arXiv:1606.04934, appendix C.8.
func Gauss(t *Tape, x *Var, eps *tensor.Tensor, free float32) (z, nats *Var) {
	n, h, w, c2 := x.Val.Dims4()
	c := c2 / 2
	z, nats = t.out(n, h, w, c), t.out(1)
	pulled := t.New(c).Data
	var all float64
	for k := range c {
		var sum float64
		for i := k; i < len(z.Val.Data); i += c {
			a := i/c*c2 + k
			mu, lv := x.Val.Data[a], x.Val.Data[a+c]
			sum += float64((float32(mu*mu) + kernel.Exp(lv) - 1 - lv) / 2)
			z.Val.Data[i] = mu
			if eps != nil {
				z.Val.Data[i] += float32(kernel.Exp(lv/2) * eps.Data[i])
			}
		}
		if sum /= float64(n); sum > float64(free) {
			pulled[k] = 1
		}
		all += max(sum, float64(free))
	}
	nats.Val.Data[0] = float32(all)
	push(t, gaussStep{of{z}, x, nats, eps, pulled})
	return z, nats
}

type gaussStep struct {
	of
	x, nats *Var
	eps     *tensor.Tensor
	pulled  []float32 // 1 for channels that are no longer free, else 0
}

// result is the price where nobody looked at the draw.
func (o *gaussStep) result() *Var {
	if o.y.Grad == nil {
		return o.nats
	}
	return o.y
}

func (o *gaussStep) back(t *Tape) {
	n, _, _, c2 := o.x.Val.Dims4()
	c := c2 / 2
	var k float32
	if o.nats.Grad != nil {
		k = o.nats.Grad.Data[0] / float32(n)
	}
	t.each(o.x, func(i int) float32 {
		at := i/c2*c + i%c
		var g float32
		if o.y.Grad != nil {
			g = o.y.Grad.Data[at]
		}
		if i%c2 < c {
			return g + float32(float32(k*o.pulled[i%c])*o.x.Val.Data[i])
		}
		lv := o.x.Val.Data[i]
		d := float32(float32(k*o.pulled[i%c]) * (kernel.Exp(lv) - 1) / 2)
		if o.eps != nil {
			d += float32(g * o.eps.Data[at] * kernel.Exp(lv/2) / 2)
		}
		return d
	})
}
