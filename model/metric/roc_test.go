package metric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// pairs is AUROC by its definition.
func pairs(good, bad []float64) float64 {
	var won float64
	for _, b := range bad {
		for _, g := range good {
			switch {
			case b > g:
				won++
			case b == g:
				won += 0.5
			}
		}
	}
	return won / float64(len(good)*len(bad))
}

func TestAUROCCountsPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, levels := range []int{1, 2, 7, 1000} { // few levels make many ties
		good, bad := make([]float64, 60), make([]float64, 45)
		for i := range good {
			good[i] = float64(rng.IntN(levels))
		}
		for i := range bad {
			bad[i] = float64(rng.IntN(levels)) + 0.3*float64(levels/4)
		}
		if got, want := AUROC(good, bad), pairs(good, bad); math.Abs(got-want) > 1e-12 {
			t.Errorf("%d levels: area %g, pairs %g", levels, got, want)
		}
	}
}

func TestROCRisesFromNothingToAll(t *testing.T) {
	curve := ROC([]float64{1, 2, 2, 3}, []float64{2, 4})
	last := curve[len(curve)-1]
	if curve[0].FalseAlarms != 0 || curve[0].Found != 0 || last.FalseAlarms != 1 || last.Found != 1 {
		t.Errorf("from %v to %v", curve[0], last)
	}
	for i, p := range curve[1:] {
		if before := curve[i]; p.Threshold >= before.Threshold || p.FalseAlarms < before.FalseAlarms || p.Found < before.Found {
			t.Errorf("%v follows %v", p, before)
		}
	}
	if len(curve) != 5 {
		t.Errorf("%d points for four different scores, want 5", len(curve))
	}
}
