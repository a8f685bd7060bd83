package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// layers are the convolutions of a denoiser of 64×64 pictures with 32 to 128
// channels, one picture at a time, and some of other shapes.
var layers = []struct {
	name string
	Conv
}{
	{"e0", Conv{N: 1, H: 64, W: 64, Cin: 3, Cout: 32, K: 3, Stride: 1}},
	{"e1", Conv{N: 1, H: 64, W: 64, Cin: 32, Cout: 64, K: 3, Stride: 2}},   // also u2, transposed: BackwardData is its forward pass
	{"e2", Conv{N: 1, H: 32, W: 32, Cin: 64, Cout: 64, K: 3, Stride: 1}},   // also d1
	{"e3", Conv{N: 1, H: 32, W: 32, Cin: 64, Cout: 128, K: 3, Stride: 2}},  // also u1, transposed
	{"m1", Conv{N: 1, H: 16, W: 16, Cin: 128, Cout: 128, K: 3, Stride: 1}}, // also m2
	{"d2", Conv{N: 1, H: 64, W: 64, Cin: 32, Cout: 3, K: 3, Stride: 1}},
	{"picture", Conv{N: 1, H: 64, W: 64, Cin: 3, Cout: 32, K: 3, Stride: 2}}, // transposed, to a picture
	{"latent", Conv{N: 2, H: 16, W: 16, Cin: 64, Cout: 16, K: 3, Stride: 1}},
	{"wide", Conv{N: 1, H: 32, W: 768, Cin: 32, Cout: 32, K: 3, Stride: 1}},
	{"c2", Conv{N: 1, H: 128, W: 128, Cin: 64, Cout: 64, K: 5, Stride: 2}},
	{"c3", Conv{N: 1, H: 64, W: 64, Cin: 64, Cout: 64, K: 5, Stride: 2}},
	{"c4", Conv{N: 1, H: 32, W: 32, Cin: 64, Cout: 64, K: 5, Stride: 2}},
	{"c1", Conv{N: 1, H: 256, W: 256, Cin: 3, Cout: 64, K: 5, Stride: 2}},
	{"1x1", Conv{N: 1, H: 64, W: 64, Cin: 64, Cout: 64, K: 1, Stride: 1}},
	{"digits1", Conv{N: 8, H: 28, W: 28, Cin: 1, Cout: 16, K: 3, Stride: 2}},
	{"digits2", Conv{N: 8, H: 14, W: 14, Cin: 16, Cout: 32, K: 3, Stride: 2}},
	{"dense", Conv{N: 8, H: 1, W: 1, Cin: 1568, Cout: 32, K: 1, Stride: 1}},
}

// fastest reports the rate of the fastest run: what a machine that is busy with
// other things hides least.
func fastest(b *testing.B, amount float64, unit string, run func()) {
	best := time.Duration(math.MaxInt64)
	for b.Loop() {
		start := b.Elapsed()
		run()
		best = min(best, b.Elapsed()-start)
	}
	b.ReportMetric(amount/best.Seconds(), unit)
}

// BenchmarkConv measures the three operations of every layer, in GFLOPS that
// count only what the definition needs.
func BenchmarkConv(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, l := range layers {
		nx, nw, ny := l.lengths()
		x, w, y := randoms(rng, nx).vec(), randoms(rng, nw).vec(), randoms(rng, ny).vec()
		weights, dw := NewWeights(w), make([]float32, nw)
		bias := randoms(rng, l.Cout).vec()
		flops := 2 * float64(ny*l.K*l.K*l.Cin)
		kinds := Kinds()
		if Tiles() == Available {
			kinds = append(kinds, "bf16")
		}
		for _, kind := range kinds {
			s := new(Scratch)
			if kind == "bf16" {
				s.Halve(true)
			} else {
				s = NewScratch(kind)
			}
			for _, op := range []struct {
				name string
				run  func()
			}{
				{"forward", func() { l.Forward(s, y, x, weights, End{Bias: bias}) }},
				{"data", func() { l.BackwardData(s, x, y, weights, End{Slope: 1}) }},
				{"weights", func() { l.BackwardWeights(s, dw, x, y, false) }},
			} {
				b.Run(fmt.Sprintf("%s/%s/%s", l.name, op.name, kind), func(b *testing.B) {
					fastest(b, flops/1e9, "GFLOPS", op.run)
				})
			}
		}
	}
}

// BenchmarkElementwise measures a layer's worth of numbers, in GB/s read and
// written. With the tag purego it measures plain Go.
func BenchmarkElementwise(b *testing.B) {
	const n, columns = 1 << 16, 64
	rng := rand.New(rand.NewPCG(1, 2))
	x, y, z, u := randoms(rng, n).vec(), randoms(rng, n).vec(), randoms(rng, n).vec(), make([]float32, n)
	for _, l := range []struct {
		name  string
		moved int // numbers
		run   func()
	}{
		{"axpy", 3, func() { Axpy(1e-3, x, y) }},
		{"relu", 2, func() { ReLU(y, x, 0.1) }},
		{"relu gradient", 3, func() { ReLUGrad(z, y, 1) }},
		{"relu gradient and sums", 3, func() { ReLUGradSums(u[:columns], z, y, 1) }},
		{"squared error", 2, func() { SquaredError(x, y) }},
		{"normalise", 4, func() { Normalise(z, u, x, y, false) }},
		{"column sums", 1, func() { ColumnSums(y[:columns], x) }},
		{"adam", 7, func() {
			Adam(z, y, u, x, AdamStep{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Bias1: 0.1, Bias2: 0.001})
		}},
		{"sigmoid", 2, func() { Sigmoid(y, x) }},
		{"tanh", 2, func() { Tanh(y, x) }},
	} {
		b.Run(l.name, func(b *testing.B) { fastest(b, float64(4*n*l.moved)/1e9, "GB/s", l.run) })
	}
}

// BenchmarkDenormal measures convolutions and Adam on numbers of some size, and
// on numbers so small that they lack bits.
func BenchmarkDenormal(b *testing.B) {
	c := Conv{N: 1, H: 32, W: 32, Cin: 64, Cout: 64, K: 3, Stride: 1}
	nx, nw, ny := c.lengths()
	for name, scale := range map[string]float32{"normal": 1, "denormal": 1e-40} {
		rng := rand.New(rand.NewPCG(1, 2))
		x, w, y, dw := randoms(rng, nx).vec(), randoms(rng, nw).vec(), make([]float32, ny), make([]float32, nw)
		m, v := make([]float32, nw), make([]float32, nw)
		for i := range x {
			x[i] *= scale
		}
		weights := NewWeights(w)
		for _, kind := range Kinds() {
			s := NewScratch(kind)
			b.Run(name+"/"+kind, func(b *testing.B) {
				fastest(b, 6*float64(ny*c.K*c.K*c.Cin)/1e9, "GFLOPS", func() {
					c.Forward(s, y, x, weights, End{Slope: 0.1})
					c.BackwardData(s, x, y, weights, End{Slope: 1})
					c.BackwardWeights(s, dw, x, y, false)
					Adam(w, m, v, dw, AdamStep{1e-9, 0.9, 0.999, 1e-8, 0.1, 0.001, 0})
					for i := range x {
						x[i] = scale
					}
				})
			})
		}
	}
}
