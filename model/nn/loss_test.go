package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	"sieve/model/internal/kernel"
)

// TestCrossEntropiesAreTheSum compares with float64, from logits that decide
// nothing to such that decide all.
func TestCrossEntropiesAreTheSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, scale := range []float64{0.01, 1, 10, 100} {
		x, p, want := make([]float32, 1000), make([]float32, 1000), make([]float32, 1000)
		var sum float64
		for i := range x {
			x[i], want[i] = float32(scale*rng.NormFloat64()), float32(rng.IntN(3))/2
			v := float64(x[i])
			sum += max(v, 0) + math.Log1p(math.Exp(-math.Abs(v))) - float64(want[i])*v
		}
		kernel.Sigmoid(p, x)
		if got := crossEntropies(x, p, want); math.Abs(got-sum) > 1e-6*sum {
			t.Errorf("logits of size %g: %g, want %g", scale, got, sum)
		}
		x[500] = float32(math.NaN())
		kernel.Sigmoid(p, x)
		if got := crossEntropies(x, p, want); got == got {
			t.Errorf("of what is no number: %g", got)
		}
	}
}
