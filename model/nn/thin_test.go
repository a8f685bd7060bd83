package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	"sieve/model/tensor"
)

// TestThinChains compares results and gradients of layers in bf16 with those in fp32, where
// normalisations stand behind, before and between what takes numbers of bf16 and what does not.
func TestThinChains(t *testing.T) {
	conv := func(rng *rand.Rand) Layer { return NewConv2D(rng, 8, 8, 3, 1) }
	norm := func(*rand.Rand) Layer { return NewNormalisation(8, false) }
	inverse := func(*rand.Rand) Layer { return NewNormalisation(8, true) }
	up := func(rng *rand.Rand) Layer { return NewConvT2D(rng, 8, 8, 3, 2) }
	plain := func(*rand.Rand) Layer { return Func(SiLU) }
	nothing := func(*rand.Rand) Layer { return Nothing{} }
	skip := func(rng *rand.Rand) Layer {
		return Residual{Seq{NewConv2D(rng, 8, 8, 1, 1), NewNormalisation(8, false), NewConv2D(rng, 8, 8, 3, 1)}}
	}
	for name, chain := range map[string][]func(*rand.Rand) Layer{
		"between":         {conv, norm, conv, inverse, up},
		"last":            {conv, norm},
		"first":           {norm, conv},
		"before a Func":   {conv, norm, plain, conv},
		"behind a Func":   {conv, plain, norm, conv},
		"two":             {conv, norm, inverse, conv},
		"two, then Func":  {conv, norm, inverse, plain},
		"nothing between": {conv, nothing, norm, nothing, conv},
		"beside":          {conv, skip, norm, skip, conv},
	} {
		t.Run(name, func(t *testing.T) {
			var out [2][]float32
			var grads [2]map[string][]float32
			for i, half := range []bool{false, true} {
				rng := rand.New(rand.NewPCG(1, 2))
				var net Seq
				for _, l := range chain {
					net = append(net, l(rng))
				}
				forms := NewForms("go")
				forms.Halve(half)
				tape := NewTape(forms)
				tape.Reset()
				x := random(3, 2, 9, 7, 8)
				y := net.Forward(tape, tape.Input(x))
				if y.thin {
					t.Fatal("the result of all is thin")
				}
				out[i] = append(out[i], y.Val.Data...)
				tape.Backward(MSE(tape, y, tensor.New(y.Val.Shape...), nil), 1)
				grads[i] = map[string][]float32{}
				for name, p := range net.Params() {
					grads[i][name] = append(grads[i][name], tape.Grad(p).Data...)
				}
			}
			near(t, "the result", out[0], out[1])
			for name := range grads[0] {
				near(t, "the gradient of "+name, grads[0][name], grads[1][name])
			}
		})
	}
}

// near wants y to be x, but for the rounding of bf16.
func near(t *testing.T, what string, x, y []float32) {
	t.Helper()
	var off, all float64
	for i, v := range x {
		off += float64(y[i]-v) * float64(y[i]-v)
		all += float64(v) * float64(v)
	}
	if d := math.Sqrt(off / all); !(d < 0.03) || d == 0 {
		t.Errorf("%s in bf16 is %.2g of its length away from that in fp32", what, d)
	}
}
