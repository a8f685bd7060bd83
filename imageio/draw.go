package imageio

// This file holds what the built-in sources draw with. It adds, multiplies,
// divides and takes roots, each of which is rounded alike on every machine, so
// a seed gives the same pictures everywhere.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"sieve/model/tensor"
)

// drawBatch draws n pictures (n, size, size, channels), each from its own
// generator, so that it does not matter who draws which.
func drawBatch(rng *rand.Rand, n, size, channels int, draw func(i int, rng *rand.Rand, dst []float32)) *tensor.Tensor {
	if size < 1 || channels != 1 && channels != 3 {
		panic(fmt.Sprintf("imageio: cannot draw pictures of size %d with %d channels", size, channels))
	}
	seeds := make([][2]uint64, n)
	for i := range seeds {
		seeds[i] = [2]uint64{rng.Uint64(), rng.Uint64()}
	}
	out := tensor.New(n, size, size, channels)
	one := size * size * channels
	parallel(n, func(a, b int) {
		for i := a; i < b; i++ {
			draw(i, rand.New(rand.NewPCG(seeds[i][0], seeds[i][1])), out.Data[i*one:(i+1)*one])
		}
	})
	return out
}

// between draws evenly from a to b.
func between(rng *rand.Rand, a, b float32) float32 { return a + float32((b-a)*rng.Float32()) }

// A vec is a point or a direction; y points down.
type vec struct{ x, y float32 }

func (a vec) add(b vec) vec       { return vec{a.x + b.x, a.y + b.y} }
func (a vec) sub(b vec) vec       { return vec{a.x - b.x, a.y - b.y} }
func (a vec) scale(s float32) vec { return vec{float32(a.x * s), float32(a.y * s)} }
func (a vec) dot(b vec) float32   { return float32(a.x*b.x) + float32(a.y*b.y) }
func (a vec) turn(by vec) vec {
	return vec{float32(a.x*by.x) - float32(a.y*by.y), float32(a.x*by.y) + float32(a.y*by.x)}
}
func (a vec) norm() float32            { return float32(math.Sqrt(float64(a.dot(a)))) }
func (a vec) mix(b vec, t float32) vec { return a.add(b.sub(a).scale(t)) }

// direction draws a unit vector: a point in the disk, by rejection, pushed out.
func direction(rng *rand.Rand) vec {
	for {
		v := vec{between(rng, -1, 1), between(rng, -1, 1)}
		if n := v.norm(); n > 0.1 && n <= 1 {
			return v.scale(1 / n)
		}
	}
}

// lean draws a unit vector no further from the x axis than a slope.
func lean(rng *rand.Rand, slope float32) vec {
	v := vec{1, between(rng, -slope, slope)}
	return v.scale(1 / v.norm())
}

// exp2 is 2 to the power x, to about seven digits.
func exp2(x float32) float32 {
	k := float32(math.Floor(float64(x)))
	f := float32((x - k) * math.Ln2)
	p := float32(1)
	for i := float32(9); i >= 1; i-- { // the exponential series by Horner
		p = 1 + float32(p*f/i)
	}
	return float32(math.Ldexp(float64(p), int(k)))
}

// log2 is the logarithm of x of at least 1, to about seven digits.
func log2(x float32) (l float32) {
	for ; x >= 2; x /= 2 {
		l++
	}
	// Of what is left it is 2/ln 2 times the inverse hyperbolic tangent of t.
	t := (x - 1) / (x + 1)
	sum := float32(0)
	for i := float32(15); i >= 1; i -= 2 {
		sum = 1/i + float32(sum*t*t)
	}
	return l + float32(2/math.Ln2*t*sum)
}

// smooth is 0 below 0, 1 above 1, and 3t² - 2t³ between.
func smooth(t float32) float32 {
	t = max(0, min(t, 1))
	return float32(float32(t*t) * (3 - float32(2*t)))
}

// fill returns how much of each pixel of a w × h grid the closed polygons
// cover, by the non-zero winding rule: exactly along each of five lines a
// pixel. Points are in pixels.
func fill(cover []float32, w, h int, shapes [][]vec) {
	const lines = 5
	clear(cover)
	type edge struct {
		top, bottom, x, slope float32
		dir                   int
	}
	var edges []edge
	for _, shape := range shapes {
		for i, a := range shape {
			b, dir := shape[(i+1)%len(shape)], 1
			if a.y > b.y {
				a, b, dir = b, a, -1
			}
			if a.y == b.y || b.y <= 0 || a.y >= float32(h) {
				continue
			}
			edges = append(edges, edge{a.y, b.y, a.x, (b.x - a.x) / (b.y - a.y), dir})
		}
	}
	slices.SortStableFunc(edges, func(a, b edge) int {
		switch {
		case a.top < b.top:
			return -1
		case a.top > b.top:
			return 1
		}
		return 0
	})
	type crossing struct {
		x   float32
		dir int
	}
	var cross []crossing
	var live []edge
	for line := range h * lines {
		y := (float32(line) + 0.5) / lines
		for len(edges) > 0 && edges[0].top <= y {
			live = append(live, edges[0])
			edges = edges[1:]
		}
		live = slices.DeleteFunc(live, func(e edge) bool { return e.bottom <= y })
		cross = cross[:0]
		for _, e := range live {
			c := crossing{e.x + float32((y-e.top)*e.slope), e.dir}
			i := len(cross)
			for cross = append(cross, c); i > 0 && cross[i-1].x > c.x; i-- {
				cross[i] = cross[i-1]
			}
			cross[i] = c
		}
		row, wind := cover[line/lines*w:][:w], 0
		for i, c := range cross {
			wind += c.dir
			if wind != 0 && i+1 < len(cross) {
				span(row, c.x, cross[i+1].x, 1.0/lines)
			}
		}
	}
}

// span adds amount to the pixels from a to b, by the part of them that lies within.
func span(row []float32, a, b, amount float32) {
	a, b = max(a, 0), min(b, float32(len(row)))
	if a >= b {
		return
	}
	i, j := int(a), int(b)
	if i == j {
		row[i] += float32(amount * (b - a))
		return
	}
	row[i] += float32(amount * (float32(i+1) - a))
	for k := i + 1; k < j; k++ {
		row[k] += amount
	}
	if j < len(row) {
		row[j] += float32(amount * (b - float32(j)))
	}
}

// blend lays a colour over a picture where a cover says so.
func blend(dst []float32, at int, colour [3]float32, channels int, a float32) {
	for k := range channels {
		d := &dst[at*channels+k]
		*d += float32((colour[k] - *d) * a)
	}
}

// part is the n-th part of a full turn, for n of 3, 4, 5, 6, 10 and 48. The numbers stand
// here because sines are not the same on every machine.
func part(n int) vec {
	return map[int]vec{3: {-0.5, 0.866025404}, 4: {0, 1}, 5: {0.309016994, 0.951056516}, 6: {0.5, 0.866025404}, 10: {0.809016994, 0.587785252}, 48: {0.991444861, 0.130526192}}[n]
}
