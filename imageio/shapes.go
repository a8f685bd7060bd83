package imageio

// This file draws simple shapes.

import (
	"math/rand/v2"

	"sieve/model/tensor"
)

// Shapes draws one to four circles, boxes, triangles and stars a picture, in
// colours that run from one to another, on such a ground.
type Shapes struct {
	Size, Channels int // of the pictures; Channels 1 or 3
}

// Batch draws n pictures (n, Size, Size, Channels).
func (s Shapes) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	return drawBatch(rng, n, s.Size, s.Channels, func(_ int, rng *rand.Rand, dst []float32) { s.draw(rng, dst) }), nil
}

func (s Shapes) draw(rng *rand.Rand, dst []float32) {
	cover := make([]float32, s.Size*s.Size)
	for i := range cover {
		cover[i] = 1
	}
	s.lay(rng, dst, cover)
	for range 1 + rng.IntN(4) {
		fill(cover, s.Size, s.Size, [][]vec{s.outline(rng)})
		s.lay(rng, dst, cover)
	}
}

// outline draws a shape's kind, place, size and turn.
func (s Shapes) outline(rng *rand.Rand) []vec {
	size := float32(s.Size)
	at := vec{between(rng, 0.15, 0.85), between(rng, 0.15, 0.85)}.scale(size)
	r := size * between(rng, 0.12, 0.4)
	spoke := direction(rng).scale(r)
	var out []vec
	round := func(n int, radius func(i int) float32) {
		step := part(n)
		for i := range n {
			out = append(out, at.add(spoke.scale(radius(i))))
			spoke = spoke.turn(step)
		}
	}
	switch rng.IntN(4) {
	case 0:
		round(48, func(int) float32 { return 1 })
	case 1:
		long := between(rng, 0.4, 1)
		side := vec{-spoke.y, spoke.x}.scale(long)
		out = []vec{at.add(spoke).add(side), at.sub(spoke).add(side), at.sub(spoke).sub(side), at.add(spoke).sub(side)}
	case 2:
		round(3, func(int) float32 { return 1 })
	default:
		inner := between(rng, 0.35, 0.6)
		round(10, func(i int) float32 { return 1 - float32(float32(i%2)*(1-inner)) })
	}
	return out
}

// lay paints a gradient where cover says so.
func (s Shapes) lay(rng *rand.Rand, dst, cover []float32) {
	a, b := vivid(rng), vivid(rng)
	along := direction(rng).scale(1 / float32(s.Size))
	half := float32(s.Size) / 2
	for i, c := range cover {
		if c == 0 {
			continue
		}
		p := vec{float32(i%s.Size) + 0.5 - half, float32(i/s.Size) + 0.5 - half}
		t := max(0, min(p.dot(along)+0.5, 1))
		var colour [3]float32
		for k := range colour {
			colour[k] = a[k] + float32((b[k]-a[k])*t)
		}
		if s.Channels == 1 {
			colour[0] = tensor.Luma(colour[0], colour[1], colour[2])
		}
		blend(dst, i, colour, s.Channels, min(c, 1))
	}
}

// vivid draws any colour.
func vivid(rng *rand.Rand) [3]float32 {
	return [3]float32{rng.Float32(), rng.Float32(), rng.Float32()}
}
