package imageio

import (
	"math/rand/v2"
	"testing"
)

func BenchmarkDraw(b *testing.B) {
	for name, s := range map[string]interface{ draw(*rand.Rand, []float32) }{
		"leaves": Leaves{64, 3}, "shapes": Shapes{32, 3},
	} {
		b.Run(name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			dst := make([]float32, 64*64*3)
			for b.Loop() {
				clear(dst)
				s.draw(rng, dst)
			}
		})
	}
	b.Run("glyphs", func(b *testing.B) {
		rng := rand.New(rand.NewPCG(1, 2))
		for b.Loop() {
			Glyphs{28, 1}.Batch(rng, 16)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/16, "ns/picture")
	})
}
