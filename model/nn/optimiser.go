package nn

import (
	"math"

	"sieve/model/internal/kernel"
	"sieve/model/tensor"
)

// An Optimiser moves parameters against their gradients, in jobs that several
// goroutines may share: first all of Gather, then Begin, then all of Move. What
// comes out does not depend on who does which. Its state is open so that it can
// be saved and restored.
type Optimiser struct {
	Adaptive bool             // Adam; else gradient descent with momentum
	Momentum float32          // of gradient descent
	Decay    float32          // of weights, a step, in units of the rate
	Steps    int              // taken so far
	M, V     []*tensor.Tensor // moments, one a parameter; V is nil without Adaptive

	params        []*Param
	grads         []*tensor.Tensor
	parts         []part
	rate, shorten float32
	adam          kernel.AdamStep
}

// A part of a parameter is what one job works on.
type part struct {
	param, from, to int
	grad, size      float64 // Σ of squares: of the gradient, and of the parameter once moved
	muon            *muon   // of a whole matrix that moves so
}

// partSize is small enough for the first cache to hold what a job reads.
const partSize = 4096

// NewAdam returns AdamW for the parameters: Kingma and Ba, arXiv:1412.6980, with
// the decay of Loshchilov and Hutter, arXiv:1711.05101; β = 0.9 and 0.999.
func NewAdam(params []*Param, decay float32) *Optimiser {
	o := NewSGD(params, 0, decay)
	o.Adaptive, o.V = true, zeros(params)
	return o
}

// NewMuon returns Muon for the matrices among the parameters, those of at least 16
// rows and columns, and AdamW for the rest: Jordan et al. 2024, with the step scaled
// as in Liu et al., arXiv:2502.16982, so that it is about as long as one of Adam.
func NewMuon(params []*Param, decay float32) *Optimiser {
	o := NewAdam(params, decay)
	o.parts = nil
	for i, p := range params {
		s := p.Val.Shape
		if len(s) == 4 {
			if rows, cols := s[0]*s[1]*s[2], s[3]; min(rows, cols) >= 16 {
				o.parts = append(o.parts, part{param: i, to: len(p.Val.Data), muon: newMuon(rows, cols)})
				continue
			}
		}
		o.cut(i)
	}
	return o
}

// NewSGD returns gradient descent with momentum (Polyak 1964, as PyTorch has it)
// and decoupled decay.
func NewSGD(params []*Param, momentum, decay float32) *Optimiser {
	o := &Optimiser{Momentum: momentum, Decay: decay, M: zeros(params), params: params, grads: zeros(params)}
	for i := range params {
		o.cut(i)
	}
	return o
}

// cut adds the parts of a parameter.
func (o *Optimiser) cut(i int) {
	n := len(o.params[i].Val.Data)
	for from := 0; from < n; from += partSize {
		o.parts = append(o.parts, part{param: i, from: from, to: min(from+partSize, n)})
	}
}

func zeros(params []*Param) []*tensor.Tensor {
	out := make([]*tensor.Tensor, len(params))
	for i, p := range params {
		out[i] = tensor.New(p.Val.Shape...)
	}
	return out
}

// Forget clears the moments.
func (o *Optimiser) Forget() {
	o.Steps = 0
	for i := range o.M {
		clear(o.M[i].Data)
		if o.Adaptive {
			clear(o.V[i].Data)
		}
	}
}

// Jobs returns how many calls of Gather and of Move make a step.
func (o *Optimiser) Jobs() int { return len(o.parts) }

// Gather adds up a part of the gradients on the tapes, in their order.
func (o *Optimiser) Gather(job int, tapes []*Tape) {
	p := &o.parts[job]
	sum, some := o.grads[p.param].Data[p.from:p.to], false
	for _, t := range tapes {
		g := t.Grad(o.params[p.param])
		switch {
		case g == nil:
		case some:
			kernel.Axpy(1, g.Data[p.from:p.to], sum)
		default:
			copy(sum, g.Data[p.from:p.to])
			some = true
		}
	}
	if !some {
		clear(sum)
	}
	p.grad = kernel.SquaredNorm(sum)
}

// Norm returns the Euclidean length of all gradients together.
func (o *Optimiser) Norm() float64 {
	var s float64
	for i := range o.parts {
		s += o.parts[i].grad
	}
	return math.Sqrt(s)
}

// Begin starts a step with a learning rate. A gradient that is longer than clip
// is shortened to it; 0 is no limit.
func (o *Optimiser) Begin(rate, clip float64) {
	o.Steps++
	o.rate, o.shorten = float32(rate), 1
	if norm := o.Norm(); clip > 0 && norm > clip {
		o.shorten = float32(clip / norm)
	}
	const beta1, beta2 = 0.9, 0.999
	o.adam = kernel.AdamStep{
		Rate: o.rate, Beta1: beta1, Beta2: beta2, Eps: 1e-8, Decay: o.Decay,
		Bias1: float32(1 - power(beta1, o.Steps)), Bias2: float32(1 - power(beta2, o.Steps)),
	}
}

// Move takes the step for a part of the parameters.
func (o *Optimiser) Move(job int) {
	p := &o.parts[job]
	of := func(all []*tensor.Tensor) []float32 { return all[p.param].Data[p.from:p.to] }
	w, g, m := o.params[p.param].Val.Data[p.from:p.to], of(o.grads), of(o.M)
	if o.shorten != 1 {
		for j := range g {
			g[j] *= o.shorten
		}
	}
	if p.muon != nil {
		const momentum = 0.95
		u := p.muon.y // free until the iteration
		kernel.AxpyTo(m, momentum, m, g)
		kernel.AxpyTo(u, momentum, m, g)
		step := o.rate * 0.2 * float32(math.Sqrt(float64(p.muon.rows)))
		u = p.muon.orthogonal(u)
		if o.Decay > 0 {
			kernel.Axpy(-o.rate*o.Decay, w, w)
		}
		kernel.Axpy(-step, u, w)
	} else if o.Adaptive {
		kernel.Adam(w, m, of(o.V), g, o.adam)
	} else {
		for j := range w {
			m[j] = float32(o.Momentum*m[j]) + g[j]
			w[j] -= float32(o.rate * (m[j] + float32(o.Decay*w[j])))
		}
	}
	if o.Steps%settleEvery == 0 {
		settle(m, 0x1p-60)
		if o.Adaptive {
			settle(of(o.V), 0x1p-120)
		}
	}
	p.size = kernel.SquaredNorm(w)
}

// settleEvery is how many steps pass before what is next to nothing becomes nothing. The moments
// of a parameter that gets no gradient any more, as in a channel that ReLU has shut, halve every
// few steps, and would stay among numbers below 2⁻¹²⁶ for good: products with those take some
// processors fifty times as long.
const settleEvery = 64

// settle makes numbers zero that are nearer to it than some.
func settle(x []float32, some float32) {
	for i, v := range x {
		if -some < v && v < some {
			x[i] = 0
		}
	}
}

// Squares returns the sums of squares of a parameter's gradient and of the parameter itself, after the
// last step.
func (o *Optimiser) Squares(param int) (grad, value float64) {
	for i := range o.parts {
		if p := &o.parts[i]; p.param == param {
			grad, value = grad+p.grad, value+p.size
		}
	}
	return grad, value
}

// Size returns the root mean square of the parameters after a step.
func (o *Optimiser) Size() float64 {
	var s float64
	n := 0
	for i := range o.parts {
		s += o.parts[i].size
		n += o.parts[i].to - o.parts[i].from
	}
	return math.Sqrt(s / float64(n))
}

// Follow makes an average keep a share of itself and take the rest from x.
func Follow(average, x *tensor.Tensor, keep float32) {
	var some [1024]float32 // a part of what x gives
	a, v := average.Data, x.Data
	for len(a) > 0 {
		n := min(len(a), len(some))
		clear(some[:n])
		kernel.Axpy(1-keep, v[:n], some[:n])
		kernel.AxpyTo(a[:n], keep, a[:n], some[:n])
		a, v = a[n:], v[n:]
	}
}

// power returns xⁿ by squaring: math.Pow is not the same on every machine.
func power(x float64, n int) float64 {
	y := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			y *= x
		}
		x *= x
	}
	return y
}
