package imageio

import (
	"math"
	"testing"

	"sieve/model/tensor"
)

func TestFitTakesTheMiddle(t *testing.T) {
	x := tensor.New(1, 40, 120, 3) // black, with a white square in the middle
	for y := range 40 {
		for i := 40; i < 80; i++ {
			for c := range 3 {
				x.Data[(y*120+i)*3+c] = 1
			}
		}
	}
	y := Fit(x, 20, 20)
	for i, v := range y.Data {
		if math.Abs(float64(v)-1) > 0.1 {
			t.Fatalf("number %d of the middle is %g, want white", i, v)
		}
	}
	grey := tensor.New(1, 10, 10, 1)
	grey.Data[0] = 0.5
	if z := Fit(grey, 10, 10); z != grey {
		t.Error("a picture that fits was changed")
	}
	if _, h, w, c := Fit(grey, 7, 15).Dims4(); h != 7 || w != 15 || c != 1 {
		t.Errorf("fitted to %d × %d × %d", h, w, c)
	}
}
