package metric

import (
	"errors"
	"math"
	"testing"

	"sieve/model/tensor"
)

func curve(rates, psnr []float64) []Point {
	var c []Point
	for i, r := range rates {
		c = append(c, Point{r, psnr[i]})
	}
	return c
}

// TestBDRate compares with published examples: of videonerd.website (x264 against x265),
// and of the test file of the Python script that most people use (its cubic, computed
// with numpy), and with what must be.
func TestBDRate(t *testing.T) {
	for _, tc := range []struct {
		name string
		a, b []Point
		want float64
	}{
		{"x264 against x265", curve([]float64{8.914, 13.330, 17.880, 22.990}, []float64{37.02, 38.37, 39.42, 40.35}),
			curve([]float64{9.525, 14.27, 19.113, 24.393}, []float64{37.73, 39.07, 40.07, 40.95}), -12.098},
		{"sample 1", curve([]float64{686.76, 309.58, 157.11, 85.95}, []float64{40.28, 37.18, 34.24, 31.42}),
			curve([]float64{893.34, 407.8, 204.93, 112.75}, []float64{40.39, 37.21, 34.17, 31.24}), 31.397},
	} {
		if got, err := BDRate(tc.a, tc.b); err != nil || math.Abs(got-tc.want) > 1e-3 {
			t.Errorf("%s: %.4f %% (%v), want %.3f", tc.name, got, err, tc.want)
		}
	}
	var a, b, few []Point
	for i := range 12 {
		p := 25 + float64(i)
		r := math.Exp(0.2*p - 5 + 0.001*math.Pow(p-30, 3))
		a, b = append(a, Point{r, p}), append(b, Point{0.7 * r, p})
		few = append(few, Point{r, 50 + p})
	}
	if got, err := BDRate(a, b); err != nil || math.Abs(got+30) > 1e-6 {
		t.Errorf("seven tenths of the rate are %g %% (%v)", got, err)
	}
	for name, c := range map[string][]Point{"no range": few, "three points": a[:3], "no rate": append([]Point{{0, 30}}, a...), "one quality": {a[0], a[0], a[0], a[0]}} {
		if _, err := BDRate(a, c); !errors.Is(err, ErrCurves) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMSSSIM checks what must hold: 1 for equal pictures, one scale is SSIM,
// and one picture by a sum written out.
func TestMSSSIM(t *testing.T) {
	x, y := pictures(2, 200, 190, 3)
	if v := MSSSIM(x, x); math.Abs(v-1) > 1e-12 {
		t.Errorf("equal pictures: %g", v)
	}
	a, b := pictures(1, 15, 30, 1)
	if v, want := MSSSIM(a, b), SSIM(a, b); math.Abs(v-want) > 1e-12 {
		t.Errorf("a picture of one scale: %g, SSIM is %g", v, want)
	}
	var want float64
	for i := range 6 {
		p, q, product := plane(x, i), plane(y, i), 1.0
		for k, w := range []float64{0.0448, 0.2856, 0.3001, 0.2363, 0.1333} {
			product *= math.Pow(max(0, scale(p, q, k == 4)), w)
			p, q = halved(p), halved(q)
		}
		want += product / 6
	}
	if v := MSSSIM(x, y); math.Abs(v-want) > 1e-9 || v > 0.9999 {
		t.Errorf("%g, the sum is %g", v, want)
	}
}

// scale is one scale of MS-SSIM by its definition.
func scale(x, y *tensor.Tensor, luminance bool) float64 {
	_, h, w, _ := x.Dims4()
	var taps [11]float64
	var whole float64
	for i := range taps {
		taps[i] = math.Exp(-float64((i-5)*(i-5)) / 4.5)
		whole += taps[i]
	}
	var sum float64
	n := 0
	for top := 0; top+11 <= h; top++ {
		for left := 0; left+11 <= w; left++ {
			var mx, my, xx, yy, xy float64
			for i := range 11 {
				for j := range 11 {
					g := taps[i] * taps[j] / whole / whole
					a, b := float64(x.Data[(top+i)*w+left+j]), float64(y.Data[(top+i)*w+left+j])
					mx, my, xx, yy, xy = mx+g*a, my+g*b, xx+g*a*a, yy+g*b*b, xy+g*a*b
				}
			}
			v := (2*(xy-mx*my) + 9e-4) / (xx - mx*mx + yy - my*my + 9e-4)
			if luminance {
				v *= (2*mx*my + 1e-4) / (mx*mx + my*my + 1e-4)
			}
			sum += v
			n++
		}
	}
	return sum / float64(n)
}
