package ui

import (
	"math"
	"testing"

	"sieve/model/tensor"
	"sieve/ui/session"
)

// newLatent is a latent of different numbers.
func newLatent(w, h, c int) *tensor.Tensor {
	z := tensor.New(1, h, w, c)
	for i := range z.Data {
		z.Data[i] = float32(i)
	}
	return z
}

// TestLinesGrow adds a curve that grows, is thinned and begins anew, and finds the
// lines equal to it each time.
func TestLinesGrow(t *testing.T) {
	point := func(step int) session.CurvePoint {
		p := session.CurvePoint{Step: step, Loss: 1 / float64(step), ValLoss: math.NaN(), ValPSNR: math.NaN()}
		if step%5 == 0 {
			p.ValLoss, p.ValPSNR = p.Loss, 20
		}
		return p
	}
	var curve, thin []session.CurvePoint
	for i := 1; i <= 40; i++ {
		curve = append(curve, point(i))
		if i%2 == 0 {
			thin = append(thin, point(i))
		}
	}
	var l lines
	for _, c := range [][]session.CurvePoint{curve[:10], curve[:10], curve, thin, thin[:5], nil, curve[:3]} {
		l.add(c)
		vals := 0
		for i, p := range c {
			if i >= len(l.step) || l.step[i] != float64(p.Step) || l.loss[i] != p.Loss {
				t.Fatalf("of %d points, number %d is not in the lines of %d", len(c), i, len(l.step))
			}
			if !math.IsNaN(p.ValLoss) {
				vals++
			}
		}
		if len(l.step) != len(c) || len(l.val) != vals {
			t.Errorf("%d points and %d validations are drawn as %d and %d", len(c), vals, len(l.step), len(l.val))
		}
	}
}
