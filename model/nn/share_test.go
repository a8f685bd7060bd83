package nn

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSharingDoesNotShow compares a pass that three goroutines share with one of
// a single one.
func TestSharingDoesNotShow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	net := Seq{
		NewConv2D(rng, 3, 32, 5, 2), NewNormalisation(32, false), NewConv2D(rng, 32, 32, 3, 1), Func(SiLU),
		Residual{Seq{NewConv2D(rng, 32, 32, 3, 1), Func(Tanh), NewConv2D(rng, 32, 32, 1, 1)}},
		NewConvT2D(rng, 32, 32, 3, 2), NewNormalisation(32, true), NewConv2D(rng, 32, 3, 3, 1), Func(Sigmoid),
	}
	x := Const(random(1, 1, 150, 170, 3))
	alone, shared := NewInference(NewForms("")), NewInference(NewForms(""))
	shared.Share(3)
	want, got := net.Forward(alone, x).Val, net.Forward(shared, x).Val
	for i, v := range got.Data {
		if math.Float32bits(v) != math.Float32bits(want.Data[i]) {
			t.Fatalf("element %d is %g, alone %g", i, v, want.Data[i])
		}
	}
}
