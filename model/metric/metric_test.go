package metric

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"sieve/model/tensor"
)

// pictures returns two related random pictures.
func pictures(shape ...int) (x, y *tensor.Tensor) {
	rng := rand.New(rand.NewPCG(1, 2))
	x, y = tensor.New(shape...), tensor.New(shape...)
	for i := range x.Data {
		x.Data[i] = rng.Float32()
		y.Data[i] = float32(0.7*x.Data[i]) + float32(0.3*rng.Float32())
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

// The numbers come from testdata/reference.py.
func TestPublishedImplementation(t *testing.T) {
	for _, test := range []struct {
		h, w, c    int
		ssim, psnr float64
	}{
		{64, 48, 3, 0.5799044865828263, 11.483383637981376},
		{100, 75, 1, 0.5892123052417544, 11.556701880050497},
	} {
		x, y := tensor.New(1, test.h, test.w, test.c), tensor.New(1, test.h, test.w, test.c)
		for at := range x.Data {
			i, j, k := at/test.c/test.w, at/test.c%test.w, at%test.c
			a := (i*i + 3*j*j + i*j + 50*k) % 256
			x.Data[at] = float32(a) / 255
			y.Data[at] = float32((a+(7*i+13*j+29*k)%41)%256) / 255
		}
		if got := SSIM(x, y); math.Abs(got-test.ssim) > 1e-12 {
			t.Errorf("%v: SSIM %.16g, scikit-image says %.16g", x.Shape, got, test.ssim)
		}
		if got := PSNR(x, y); math.Abs(got-test.psnr) > 1e-12 {
			t.Errorf("%v: PSNR %.16g, scikit-image says %.16g", x.Shape, got, test.psnr)
		}
	}
}

func flat(v float32, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Data {
		x.Data[i] = v
	}
	return x
}

func TestConstantPictures(t *testing.T) {
	for _, shape := range [][]int{{1, 100, 90, 3}, {2, 11, 5, 1}, {1, 1, 1, 3}} {
		for _, v := range [][2]float64{{0, 1}, {0.25, 0.5}, {0.75, 0.75}} {
			a, b := v[0], v[1]
			x, y := flat(float32(a), shape...), flat(float32(b), shape...)
			if got, want := MSE(x, y), (a-b)*(a-b); got != want {
				t.Errorf("%v of %g and %g: MSE %g, want %g", shape, a, b, got, want)
			}
			if got, want := PSNR(x, y), -10*math.Log10((a-b)*(a-b)); math.Abs(got-want) > 1e-12 || math.Signbit(got) {
				t.Errorf("%v of %g and %g: PSNR %g, want %g", shape, a, b, got, want)
			}
			if got, want := SSIM(x, y), (2*a*b+0.0001)/(a*a+b*b+0.0001); math.Abs(got-want) > 1e-12 {
				t.Errorf("%v of %g and %g: SSIM %.15g, want %.15g", shape, a, b, got, want)
			}
		}
	}
}

func TestEqualPictures(t *testing.T) {
	x, _ := pictures(2, 70, 80, 3)
	if p, s := PSNR(x, x.Clone()), SSIM(x, x.Clone()); !math.IsInf(p, 1) || s != 1 {
		t.Errorf("PSNR %g and SSIM %g of equal pictures, want +Inf and 1", p, s)
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	x, y := pictures(1, 70, 80, 3)
	if a, b := PSNR(x, y), PSNR(y, x); a != b {
		t.Errorf("PSNR %g one way and %g the other", a, b)
	}
	if a, b := SSIM(x, y), SSIM(y, x); a != b {
		t.Errorf("SSIM %g one way and %g the other", a, b)
	}
}

func TestBatchIsTheMeanOfItsPictures(t *testing.T) {
	x, y := pictures(3, 75, 33, 1)
	var mse, ssim float64
	for b := range 3 {
		one := func(t *tensor.Tensor) *tensor.Tensor {
			return &tensor.Tensor{Shape: []int{1, 75, 33, 1}, Data: t.Data[b*75*33 : (b+1)*75*33]}
		}
		mse += MSE(one(x), one(y)) / 3
		ssim += SSIM(one(x), one(y)) / 3
	}
	if got := MSE(x, y); math.Abs(got-mse) > 1e-15 {
		t.Errorf("MSE %.16g, mean of the pictures %.16g", got, mse)
	}
	if got := SSIM(x, y); math.Abs(got-ssim) > 1e-13 {
		t.Errorf("SSIM %.16g, mean of the pictures %.16g", got, ssim)
	}
}

func TestFlatBrightPicturesKeepTheirVariance(t *testing.T) {
	// The variances are 1e-9 of the squares they are a difference of, and 1e-6
	// of C2: sums in float32 would say anything.
	x, y := flat(1, 1, 40, 40, 1), flat(1, 1, 40, 40, 1)
	for i := range x.Data {
		x.Data[i] -= float32(i%2) * 0x1p-14
		y.Data[i] -= float32(i/40%2) * 0x1p-14
	}
	if got, want := SSIM(x, y), direct(x, y); math.Abs((1-got)/(1-want)-1) > 1e-6 {
		t.Errorf("1 - SSIM is %g, direct sum %g", 1-got, 1-want)
	}
}

// The constants were printed by this test on amd64; they hold on every platform.
func TestBits(t *testing.T) {
	x, y := pictures(2, 150, 210, 3)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(procs)
		for name, test := range map[string][2]float64{
			"MSE":  {MSE(x, y), 0x1.eb1f2a3cb3205p-07},
			"PSNR": {PSNR(x, y), 0x1.23e1b8b0a69e2p+04},
			"SSIM": {SSIM(x, y), 0x1.c47148bcd671fp-01},
		} {
			if test[0] != test[1] {
				t.Errorf("%s with %d processors: %x, want %x", name, procs, test[0], test[1])
			}
		}
	}
}

func TestLogarithm(t *testing.T) {
	for x := 1e-300; x < 1e300; x *= 1.7 {
		if got, want := log10(x), math.Log10(x); math.Abs(got-want) > 1e-14*max(1, math.Abs(want)) {
			t.Errorf("log10(%g) = %.17g, want %.17g", x, got, want)
		}
	}
	for _, x := range []float64{0, 1, math.Inf(1), math.NaN()} {
		got, want := log10(x), math.Log10(x)
		if math.Abs(got-want) > 1e-12 || math.IsNaN(got) != math.IsNaN(want) {
			t.Errorf("log10(%g) = %g, want %g", x, got, want)
		}
	}
}

func TestNaNIsSeen(t *testing.T) {
	x, y := pictures(1, 30, 30, 1)
	x.Data[450] = float32(math.NaN())
	if p, s := PSNR(x, y), SSIM(x, y); !math.IsNaN(p) || !math.IsNaN(s) {
		t.Errorf("PSNR %g and SSIM %g of a picture with a NaN, want NaN", p, s)
	}
}

func TestMisusePanics(t *testing.T) {
	for name, call := range map[string]func(){
		"PSNR of two shapes": func() { PSNR(tensor.New(1, 2, 3, 1), tensor.New(1, 3, 2, 1)) },
		"SSIM of two shapes": func() { SSIM(tensor.New(1, 2, 3, 1), tensor.New(1, 3, 2, 1)) },
		"MSE of nothing":     func() { MSE(tensor.New(0, 2, 3, 1), tensor.New(0, 2, 3, 1)) },
		"SSIM of a row":      func() { SSIM(tensor.New(6), tensor.New(6)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			call()
		}()
	}
}

// 24 megapixels is what the window measures at once.
func BenchmarkSSIM(b *testing.B) { benchmark(b, SSIM) }
func BenchmarkPSNR(b *testing.B) { benchmark(b, PSNR) }

func benchmark(b *testing.B, f func(x, y *tensor.Tensor) float64) {
	x, y := pictures(1, 4000, 6000, 3)
	b.ReportAllocs()
	for b.Loop() {
		f(x, y)
	}
	b.ReportMetric(float64(b.N)*float64(len(x.Data))/1e6/b.Elapsed().Seconds(), "Msamples/s")
}
