package metric

import (
	"math"
	"math/rand/v2"
	"testing"

	"sieve/model/tensor"
)

// residuals returns white noise and a picture of stripes.
func residuals() (noise, stripes *tensor.Tensor) {
	rng := rand.New(rand.NewPCG(5, 5))
	noise, stripes = tensor.New(1, 128, 160, 3), tensor.New(1, 128, 160, 3)
	for i := range noise.Data {
		noise.Data[i] = float32(0.05 * rng.NormFloat64())
		stripes.Data[i] = 0.5 + 0.3*float32(math.Sin(float64(i/3%160)*1.7))
	}
	return noise, stripes
}

// TestWhiteness tells white noise from coarse noise and from structure.
func TestWhiteness(t *testing.T) {
	noise, stripes := residuals()
	if w := Whiteness(noise); w < 0.98 || w > 1 {
		t.Errorf("white noise has a whiteness of %g", w)
	}
	coarse := tensor.New(noise.Shape...)
	for i := range coarse.Data {
		coarse.Data[i] = noise.Data[i] + noise.Data[max(0, i-3)] + noise.Data[max(0, i-480)] + noise.Data[max(0, i-483)]
	}
	if w := Whiteness(coarse); w > 0.8 {
		t.Errorf("coarse noise has a whiteness of %g", w)
	}
	if w := Whiteness(stripes); w > 0.05 {
		t.Errorf("stripes have a whiteness of %g", w)
	}
	for _, shape := range [][4]int{{1, 7, 100, 3}, {1, 64, 64, 1}, {1, 1, 1, 3}} {
		if w := Whiteness(tensor.New(shape[:]...)); !math.IsNaN(w) {
			t.Errorf("nothing of %v has a whiteness of %g", shape, w)
		}
	}
}

// TestStructure tells noise that was removed from detail that was weakened.
func TestStructure(t *testing.T) {
	noise, stripes := residuals()
	if s := Structure(noise, stripes); math.Abs(s) > 0.02 {
		t.Errorf("noise holds structure: %g", s)
	}
	weakened := tensor.New(noise.Shape...)
	for i, v := range stripes.Data {
		weakened.Data[i] = noise.Data[i] + 0.2*(v-0.5)
	}
	if s := Structure(weakened, stripes); s < 0.5 {
		t.Errorf("stripes that were weakened give a structure of %g", s)
	}
	if s := Structure(tensor.New(1, 2, 2, 1), tensor.New(1, 2, 2, 1)); !math.IsNaN(s) {
		t.Errorf("a picture without an inside has structure %g", s)
	}
}
