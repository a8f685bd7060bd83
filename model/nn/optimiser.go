package nn

import (
	"math"

	"sieve/model/internal/kernel"
	"sieve/model/tensor"
)

// An Optimiser moves parameters against their gradients. Its state is open so
// that it can be saved and restored.
type Optimiser struct {
	Adaptive bool             // Adam; else gradient descent with momentum
	Momentum float32          // of gradient descent
	Decay    float32          // of weights, a step, in units of the rate
	Steps    int              // taken so far
	M, V     []*tensor.Tensor // moments, one a parameter; V is nil without Adaptive
}

// NewAdam returns AdamW for the parameters: Kingma and Ba, arXiv:1412.6980, with
// the decay of Loshchilov and Hutter, arXiv:1711.05101; β = 0.9 and 0.999.
func NewAdam(params []*Param, decay float32) *Optimiser {
	return &Optimiser{Adaptive: true, Decay: decay, M: zeros(params), V: zeros(params)}
}

// NewSGD returns gradient descent with momentum (Polyak 1964, as PyTorch has it)
// and decoupled decay.
func NewSGD(params []*Param, momentum, decay float32) *Optimiser {
	return &Optimiser{Momentum: momentum, Decay: decay, M: zeros(params)}
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

// Update takes one step: params[i] against grads[i].
func (o *Optimiser) Update(params []*Param, grads []*tensor.Tensor, rate float32) {
	o.Steps++
	const beta1, beta2 = 0.9, 0.999
	adam := kernel.AdamStep{
		Rate: rate, Beta1: beta1, Beta2: beta2, Eps: 1e-8, Decay: o.Decay,
		Bias1: float32(1 - power(beta1, o.Steps)), Bias2: float32(1 - power(beta2, o.Steps)),
	}
	for i, p := range params {
		w, g, m := p.Val.Data, grads[i].Data, o.M[i].Data
		if o.Adaptive {
			kernel.Adam(w, m, o.V[i].Data, g, adam)
			continue
		}
		for j := range w {
			m[j] = float32(o.Momentum*m[j]) + g[j]
			w[j] -= float32(rate * (m[j] + float32(o.Decay*w[j])))
		}
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

// Norm returns the Euclidean length of all gradients together.
func Norm(grads []*tensor.Tensor) float64 {
	var s float64
	for _, g := range grads {
		for _, v := range g.Data {
			s += float64(float64(v) * float64(v))
		}
	}
	return math.Sqrt(s)
}
