// Package metric says how far two pictures are apart (PSNR, SSIM, MS-SSIM), and by how
// much one codec's files are smaller than another's (the Bjøntegaard rate).
// Pictures are (N, H, W, C) with values in [0, 1]; nothing is clipped. Results
// have the same bits on every machine and any number of processors. The
// package does not say which picture is the better one, and knows no
// perceptual network.
package metric

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"sieve/model/tensor"
)

// PSNR is the peak signal-to-noise ratio in dB for a peak of 1, over all
// samples of all pictures together: 10 log10 1/MSE, +Inf when they are equal.
// x and y have the same shape, which may be any.
func PSNR(x, y *tensor.Tensor) float64 { return Decibels(MSE(x, y)) }

// Decibels is the peak signal-to-noise ratio of a mean squared error.
func Decibels(mse float64) float64 { return 10 * log10(1/mse) }

// MSE is the mean squared difference of x and y, which have the same shape.
func MSE(x, y *tensor.Tensor) float64 {
	same(x, y)
	const piece = 1 << 16
	n := len(x.Data)
	return sum((n+piece-1)/piece, func() func(int) float64 {
		return func(i int) (s float64) {
			a := x.Data[i*piece : min((i+1)*piece, n)]
			b := y.Data[i*piece:][:len(a)]
			for j, v := range a {
				d := float64(v) - float64(b[j])
				s += float64(d * d)
			}
			return s
		}
	}) / float64(n)
}

// same panics unless x and y can be compared.
func same(x, y *tensor.Tensor) {
	if !slices.Equal(x.Shape, y.Shape) || len(x.Data) == 0 {
		panic(fmt.Sprintf("metric: cannot compare shapes %v and %v", x.Shape, y.Shape))
	}
}

// sum adds part(0) to part(n-1) in this order, whoever computes which. Each
// processor asks for a part function of its own.
func sum(n int, worker func() (part func(int) float64)) (s float64) {
	parts := make([]float64, n)
	var next atomic.Int64
	work := func() {
		part := worker()
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			parts[i] = part(i)
		}
	}
	var others sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	for _, p := range parts {
		s += p
	}
	return s
}

// log10 is the decimal logarithm of x ≥ 0 to 1e-14, the same on every
// platform: the series of 2 artanh((m-1)/(m+1)) for the mantissa m.
func log10(x float64) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return math.Log10(x)
	}
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	s := (m - 1) / (m + 1)
	y := 0.0
	for k := 17; k > 0; k -= 2 {
		y = float64(y*s*s) + 1/float64(k)
	}
	return (float64(float64(e)*math.Ln2) + float64(2*s*y)) / math.Ln10
}
