package metric

import (
	"math"
	"math/rand/v2"
	"testing"

	"sieve/model/tensor"
)

// pictures returns two related random pictures.
func pictures(shape ...int) (x, y *tensor.Tensor) {
	rng := rand.New(rand.NewPCG(1, 2))
	x, y = tensor.New(shape...), tensor.New(shape...)
	for i := range x.Data {
		x.Data[i] = rng.Float32()
		y.Data[i] = 0.7*x.Data[i] + 0.3*rng.Float32()
	}
	return x, y
}

// direct is SSIM as the paper writes it: every window on its own, variances
// about the window's mean.
func direct(x, y *tensor.Tensor) float64 {
	n, h, w, c := x.Dims4()
	odd := func(n int) int { return min(11, n-1+n%2) }
	wh, ww := odd(h), odd(w)
	weight := func(i, j int) float64 {
		a, b := float64(i-wh/2), float64(j-ww/2)
		return math.Exp(-(a*a + b*b) / (2 * 1.5 * 1.5))
	}
	total, count := 0.0, 0.0
	for b := range n {
		for k := range c {
			for top := range h - wh + 1 {
				for left := range w - ww + 1 {
					each := func(f func(weight, x, y float64)) {
						for i := range wh {
							for j := range ww {
								at := ((b*h+top+i)*w+left+j)*c + k
								f(weight(i, j), float64(x.Data[at]), float64(y.Data[at]))
							}
						}
					}
					var all, mx, my, vx, vy, vxy float64
					each(func(g, _, _ float64) { all += g })
					each(func(g, x, y float64) { mx, my = mx+g/all*x, my+g/all*y })
					each(func(g, x, y float64) {
						vx, vy, vxy = vx+g/all*(x-mx)*(x-mx), vy+g/all*(y-my)*(y-my), vxy+g/all*(x-mx)*(y-my)
					})
					total += (2*mx*my + 0.0001) * (2*vxy + 0.0009) / ((mx*mx + my*my + 0.0001) * (vx + vy + 0.0009))
					count++
				}
			}
		}
	}
	return total / count
}

func TestSSIMIsTheDirectSum(t *testing.T) {
	for _, shape := range [][]int{
		{1, 11, 11, 1}, {1, 20, 17, 3}, {2, 75, 90, 1}, {1, 64 + 10, 128 + 11, 1}, {1, 12, 11, 2},
		{1, 1, 1, 1}, {3, 1, 40, 3}, {1, 40, 1, 1}, {1, 2, 2, 1}, {1, 10, 30, 1}, {1, 30, 9, 3}, {1, 5, 4, 1},
	} {
		x, y := pictures(shape...)
		if got, want := SSIM(x, y), direct(x, y); math.Abs(got-want) > 1e-11 {
			t.Errorf("%v: %.15g, direct sum %.15g", shape, got, want)
		}
	}
}

func BenchmarkSSIM(b *testing.B) {
	x, y := pictures(1, 1000, 1000, 3)
	for b.Loop() {
		SSIM(x, y)
	}
	b.ReportMetric(float64(b.N)*float64(len(x.Data))/1e6/b.Elapsed().Seconds(), "Msamples/s")
}

func BenchmarkPSNR(b *testing.B) {
	x, y := pictures(1, 1000, 1000, 3)
	for b.Loop() {
		PSNR(x, y)
	}
	b.ReportMetric(float64(b.N)*float64(len(x.Data))/1e6/b.Elapsed().Seconds(), "Msamples/s")
}
