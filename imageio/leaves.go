package imageio

// This file draws dead leaves.

import (
	"math"
	"math/rand/v2"

	"sieve/model/tensor"
)

// Leaves draws dead leaves: disks and polygons of every size, textured, falling
// on each other until nothing of the ground is seen. With radii r distributed as r⁻³ the
// pictures look alike at every scale and share the statistics of photographs,
// above all a spectrum that falls like a power of frequency (Ruderman, Vision
// Research 37, 1997; Lee, Mumford and Huang, IJCV 41, 2001). How small the
// smallest leaf is differs from picture to picture, as if seen from near or far,
// and so do the colours that are about.
type Leaves struct {
	Size, Channels int // of the pictures; Channels 1 or 3
}

// Batch draws n pictures (n, Size, Size, Channels).
func (l Leaves) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	return drawBatch(rng, n, l.Size, l.Channels, func(_ int, rng *rand.Rand, dst []float32) { l.draw(rng, dst) }), nil
}

// A leaf is a shape and what is on it: a mixture of two colours.
type leaf struct {
	at     vec
	r      float32
	sides  []vec     // of a polygon, unit normals; none for a disk
	away   []float32 // of each side from the centre
	edge   float32   // pixels over which it fades out
	a, b   [3]float32
	slope  vec        // mixture across the leaf
	wave   vec        // stripes: direction × frequency in cycles a pixel
	stripe float32    // strength
	grain  [3]float32 // strength of noise at each scale
	scale  float32    // of the coarsest noise, in cells a pixel
	seed   uint32
}

// draw paints from the topmost leaf down: a leaf fills what those above it left free.
func (l Leaves) draw(rng *rand.Rand, dst []float32) {
	size := float32(l.Size)
	free := make([]float32, l.Size*l.Size)
	for i := range free {
		free[i] = 1
	}
	left := len(free)
	rmin, rmax := float32(1), max(size, 4)
	for rmin < size/8 && rng.IntN(3) > 0 {
		rmin *= 2
	}
	mood := paint(rng, [3]float32{0.5, 0.5, 0.5}, 1)
	varied := between(rng, 0.3, 1)
	// A leaf of radius r touches the picture from an area of (size + 2r)².
	// r⁻³(size + 2r)² is a sum of three powers, each of which is inverted exactly.
	w3 := float32(size * size * (1/float32(rmin*rmin) - 1/float32(rmax*rmax)) / 2)
	w2 := float32(4 * size * (1/rmin - 1/rmax))
	octaves := log2(rmax / rmin)
	w1 := float32(4 * octaves * math.Ln2)
	// After so many leaves hardly a pixel is free: the mean leaf covers 2π ln(rmax/rmin).
	for range 40 * l.Size * l.Size {
		var r float32
		u := rng.Float32()
		switch pick := between(rng, 0, w1+w2+w3); {
		case pick < w3:
			a, b := 1/float32(rmin*rmin), 1/float32(rmax*rmax)
			r = 1 / float32(math.Sqrt(float64(a-float32(u*(a-b)))))
		case pick < w3+w2:
			a, b := 1/rmin, 1/rmax
			r = 1 / (a - float32(u*(a-b)))
		default:
			r = rmin * exp2(u*octaves)
		}
		at := vec{between(rng, -r, size+r), between(rng, -r, size+r)}
		if hidden(free, l.Size, at, r) {
			continue
		}
		f := newLeaf(rng, r, at)
		f.a, f.b = paint(rng, mood, varied), paint(rng, mood, varied)
		contrast := rng.Float32()
		contrast = 0.05 + float32(0.5*contrast*contrast)
		for k := range f.b {
			f.b[k] = f.a[k] + float32((f.b[k]-f.a[k])*contrast) + float32(between(rng, -0.3, 0.3)*contrast)
		}
		left -= f.paint(dst, free, l.Size, l.Channels)
		if left == 0 {
			break
		}
	}
	for i, t := range free { // the ground
		for k := range l.Channels {
			dst[i*l.Channels+k] = max(0, min(dst[i*l.Channels+k]+float32(t*0.5), 1))
		}
	}
}

// hidden reports whether nothing around a leaf is free.
func hidden(free []float32, size int, at vec, r float32) bool {
	x0, y0, x1, y1 := reach(size, at, r)
	for y := y0; y <= y1; y++ {
		for _, t := range free[y*size+x0 : y*size+x1+1] {
			if t > 0 {
				return false
			}
		}
	}
	return true
}

// reach is the pixels within r of a point; the last ones are part of it.
func reach(size int, at vec, r float32) (x0, y0, x1, y1 int) {
	clip := func(v float32) int { return int(max(0, min(v, float32(size-1)))) }
	return clip(at.x - r), clip(at.y - r), clip(at.x + r), clip(at.y + r)
}

// newLeaf draws shape and texture; colours are still to come.
func newLeaf(rng *rand.Rand, r float32, at vec) *leaf {
	f := &leaf{at: at, r: r, seed: rng.Uint32(), edge: 1}
	if rng.IntN(4) == 0 { // out of focus
		f.edge += float32(min(r/2, 3) * rng.Float32())
	}
	if rng.IntN(2) == 0 {
		n := 3 + rng.IntN(4)
		first := direction(rng)
		step := part(n)
		for range n {
			turned := first.turn(lean(rng, 0.4))
			f.sides = append(f.sides, turned)
			f.away = append(f.away, r*between(rng, 0.45, 0.8))
			first = first.turn(step)
		}
	}
	f.slope = direction(rng).scale(rng.Float32() / r)
	if rng.IntN(4) == 0 {
		f.wave = direction(rng).scale(exp2(between(rng, -5, -1.3)))
		f.stripe = rng.Float32()
	}
	f.scale = exp2(between(rng, -4, -1))
	amount := 2 * rng.Float32()
	for i := range f.grain {
		f.grain[i] = amount
		amount *= between(rng, 0.4, 0.8)
	}
	return f
}

// paint draws a colour of any brightness, mostly dull, and mixes it with what
// is about.
func paint(rng *rand.Rand, mood [3]float32, varied float32) [3]float32 {
	y, dull := rng.Float32(), rng.Float32()
	dull = float32(0.35 * dull * dull)
	r, b := between(rng, -dull, dull), between(rng, -dull, dull)
	c := [3]float32{y + r, y - float32(tensor.LumaR/tensor.LumaG*r) - float32(tensor.LumaB/tensor.LumaG*b), y + b}
	for k := range c {
		c[k] = max(0, min(mood[k]+float32((c[k]-mood[k])*varied), 1))
	}
	return c
}

// paint puts the leaf under those that are there and returns how many pixels
// it closed.
func (f *leaf) paint(dst, free []float32, size, channels int) (closed int) {
	x0, y0, x1, y1 := reach(size, f.at, f.r+f.edge)
	for y := y0; y <= y1; y++ {
		for x := x0; x <= x1; x++ {
			i := y*size + x
			t := free[i]
			if t == 0 {
				continue
			}
			p := vec{float32(x) + 0.5 - f.at.x, float32(y) + 0.5 - f.at.y}
			cover := smooth(0.5 - f.distance(p)/f.edge)
			if cover == 0 {
				continue
			}
			cover = float32(cover * t)
			mix := f.texture(p)
			if channels == 1 {
				dst[i] += float32(cover * tensor.Luma(f.colour(0, mix), f.colour(1, mix), f.colour(2, mix)))
			} else {
				for k := range 3 {
					dst[3*i+k] += float32(cover * f.colour(k, mix))
				}
			}
			if t -= cover; t < 1.0/512 {
				t = 0
				closed++
			}
			free[i] = t
		}
	}
	return closed
}

// distance is how far outside the leaf a point is, measured from its centre;
// beyond the corner of a polygon it is a little too small.
func (f *leaf) distance(p vec) float32 {
	if f.sides == nil {
		return p.norm() - f.r
	}
	d := p.norm() - f.r // a sliver ends there
	for i, n := range f.sides {
		d = max(d, p.dot(n)-f.away[i])
	}
	return d
}

func (f *leaf) colour(k int, mix float32) float32 { return f.a[k] + float32((f.b[k]-f.a[k])*mix) }

// texture is the mixture of the two colours at a point, about 0 to 1.
func (f *leaf) texture(p vec) float32 {
	v := p.dot(f.slope) + 0.5
	if f.stripe > 0 {
		s := p.dot(f.wave)
		s -= float32(math.Floor(float64(s)))
		v += float32(f.stripe * (smooth(2*abs32(s-0.5)) - 0.5)) // a rounded triangle wave
	}
	scale := f.scale
	for i, g := range f.grain {
		v += float32(g * (noise(p.scale(scale), f.seed+uint32(i)) - 0.5))
		scale *= 2
	}
	return v
}

func abs32(v float32) float32 { return max(v, -v) }

// noise is smooth value noise: hashed numbers on a grid, eased between.
func noise(p vec, seed uint32) float32 {
	fx, fy := float32(math.Floor(float64(p.x))), float32(math.Floor(float64(p.y)))
	i, j := uint32(int32(fx)), uint32(int32(fy))
	u, v := smooth(p.x-fx), smooth(p.y-fy)
	a, b := hash(i, j, seed), hash(i+1, j, seed)
	c, d := hash(i, j+1, seed), hash(i+1, j+1, seed)
	top, bottom := a+float32((b-a)*u), c+float32((d-c)*u)
	return top + float32((bottom-top)*v)
}

// hash scatters a grid point to [0, 1), with the finaliser of MurmurHash3.
func hash(i, j, seed uint32) float32 {
	h := i*0x9e3779b1 ^ j*0x85ebca77 ^ seed
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return float32(h>>8) / (1 << 24)
}
