package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// layers are the convolutions of a denoiser of 64×64 pictures with 32 to 128
// channels, one picture.
var layers = []struct {
	name string
	Conv
}{
	{"e0", Conv{1, 64, 64, 3, 32, 3, 1}},
	{"e1", Conv{1, 64, 64, 32, 64, 3, 2}},
	{"e2", Conv{1, 32, 32, 64, 64, 3, 1}},
	{"e3", Conv{1, 32, 32, 64, 128, 3, 2}},
	{"m1", Conv{1, 16, 16, 128, 128, 3, 1}},
	{"u1", Conv{1, 32, 32, 64, 128, 3, 2}}, // transposed: BackwardData is its forward pass
	{"d2", Conv{1, 64, 64, 32, 3, 3, 1}},
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
		bias := randoms(rng, l.Cout).vec()
		flops := 2 * float64(ny*l.K*l.K*l.Cin)
		for _, kind := range Kinds() {
			s := NewScratch(kind)
			for _, op := range []struct {
				name string
				run  func()
			}{
				{"forward", func() { l.Forward(s, y, x, w, bias, false) }},
				{"data", func() { l.BackwardData(s, x, y, w, nil, false) }},
				{"weights", func() { l.BackwardWeights(s, w, x, y) }},
			} {
				b.Run(fmt.Sprintf("%s/%s/%s", l.name, op.name, kind), func(b *testing.B) {
					fastest(b, flops/1e9, "GFLOPS", op.run)
				})
			}
		}
	}
}
