package noise

import (
	"math"
	"math/rand/v2"
	"testing"

	"sieve/model/tensor"
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func flat(v float32, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	fill(x.Data, v)
	return x
}

// moments returns mean and variance of v.
func moments(v []float32) (mean, variance float64) {
	for _, a := range v {
		mean += float64(a)
	}
	mean /= float64(len(v))
	for _, a := range v {
		variance += (float64(a) - mean) * (float64(a) - mean)
	}
	return mean, variance / float64(len(v)-1)
}

func TestMomentsFollowTheFormula(t *testing.T) {
	sd := func(s float64) float64 { return s / 255 }
	for _, test := range []struct {
		scheme   Scheme
		variance func(v float64) float64
	}{
		{Gaussian{25, 25}, func(float64) float64 { return sd(25) * sd(25) }},
		{Gaussian{0, 0}, func(float64) float64 { return 0 }},
		{Poisson{2, 2}, func(v float64) float64 { return v * sd(2) * sd(2) }},
		{Poisson{25, 25}, func(v float64) float64 { return v * sd(25) * sd(25) }},
		{Poisson{100, 100}, func(v float64) float64 { return v * sd(100) * sd(100) }},
		{Speckle{50, 50}, func(v float64) float64 { return v * v * sd(50) * sd(50) }},
	} {
		for _, v := range []float32{0, 0.05, 0.4, 1} {
			in, _, _ := test.scheme.Lesson(seeded(7), flat(v, 1, 500, 500, 3))
			n := float64(len(in.Data))
			mean, variance := moments(in.Data)
			want := test.variance(float64(v))
			// Five standard errors; the excess kurtosis of the rarest Poisson here is below 10.
			if d := math.Abs(mean - float64(v)); d > 5*math.Sqrt(want/n)+1e-7 {
				t.Errorf("%v at %g: mean %g, want %g", test.scheme, v, mean, v)
			}
			if d := math.Abs(variance - want); d > 5*want*math.Sqrt(12/n)+1e-12 {
				t.Errorf("%v at %g: variance %g, want %g", test.scheme, v, variance, want)
			}
		}
	}
}

func BenchmarkLesson(b *testing.B) {
	x := flat(0.5, 1, 1000, 1000, 3)
	for _, k := range Kinds() {
		b.Run(k.Name, func(b *testing.B) {
			s := k.scheme(Range{k.Default, k.Default})
			rng := seeded(1)
			for b.Loop() {
				s.Lesson(rng, x)
			}
			b.ReportMetric(float64(b.N)*float64(len(x.Data))/1e6/b.Elapsed().Seconds(), "Msamples/s")
		})
	}
}
