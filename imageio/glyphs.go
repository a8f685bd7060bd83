package imageio

// This file draws digits and letters.

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"sieve/model/tensor"
)

// Glyphs draws one digit or letter a picture, white or coloured on black as
// MNIST has it: from several fonts, of any size, weight, width and lean, a
// little turned and off the middle.
type Glyphs struct {
	Size, Channels int    // of the pictures; Channels 1 or 3
	Runes          string // drawn from; "": digits and letters
	Calm           bool   // all about as large and in the middle, and hardly turned
}

const (
	glyphDigits  = "0123456789"
	glyphLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// A manner is how much glyphs differ: from and to of each.
type manner struct {
	wide, lean, scale, place, weight [2]float32
	turn                             float32
}

var (
	wild = manner{wide: [2]float32{0.7, 1.3}, lean: [2]float32{-0.25, 0.25}, scale: [2]float32{0.5, 0.75}, place: [2]float32{0.43, 0.57}, weight: [2]float32{-0.008, 0.03}, turn: 0.25}
	calm = manner{wide: [2]float32{0.85, 1.15}, lean: [2]float32{-0.2, 0.2}, scale: [2]float32{0.66, 0.74}, place: [2]float32{0.48, 0.52}, weight: [2]float32{0, 0.03}, turn: 0.12}
)

// Batch draws n pictures (n, Size, Size, Channels).
func (g Glyphs) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	x, _, err := g.Named(rng, n)
	return x, err
}

// Named is Batch, and says which digit or letter each picture shows.
func (g Glyphs) Named(rng *rand.Rand, n int) (*tensor.Tensor, []string, error) {
	var fonts []*sfnt.Font
	for _, ttf := range [][]byte{goregular.TTF, gomedium.TTF, gobold.TTF, goitalic.TTF, gomono.TTF} {
		f, err := sfnt.Parse(ttf)
		if err != nil {
			return nil, nil, fmt.Errorf("glyphs: %w", err)
		}
		fonts = append(fonts, f)
	}
	names := make([]string, n)
	x := drawBatch(rng, n, g.Size, g.Channels, func(i int, rng *rand.Rand, dst []float32) {
		f := fonts[rng.IntN(len(fonts))]
		runes := cmp.Or(g.Runes, glyphDigits+glyphLetters)
		r := rune(runes[rng.IntN(len(runes))])
		names[i] = string(r)
		g.draw(rng, dst, outline(f, r))
	})
	return x, names, nil
}

// outline returns the polygons of a character, y down, in units of the font.
func outline(f *sfnt.Font, r rune) (shapes [][]vec) {
	var b sfnt.Buffer
	i, err := f.GlyphIndex(&b, r)
	if err != nil {
		panic("imageio: a font without " + string(r))
	}
	segments, err := f.LoadGlyph(&b, i, fixed.Int26_6(f.UnitsPerEm()), nil)
	if err != nil {
		panic("imageio: a font without the outline of " + string(r))
	}
	at := func(p fixed.Point26_6) vec { return vec{float32(p.X), float32(p.Y)} }
	var pen vec
	line := func(p vec) {
		if p != pen {
			shapes[len(shapes)-1] = append(shapes[len(shapes)-1], p)
		}
		pen = p
	}
	for _, s := range segments {
		a, b, c := at(s.Args[0]), at(s.Args[1]), at(s.Args[2])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			shapes = append(shapes, []vec{a})
			pen = a
		case sfnt.SegmentOpLineTo:
			line(a)
		case sfnt.SegmentOpQuadTo:
			from := pen
			for k := float32(1); k <= 5; k++ {
				line(from.mix(a, k/5).mix(a.mix(b, k/5), k/5))
			}
		case sfnt.SegmentOpCubeTo:
			from := pen
			for k := float32(1); k <= 6; k++ {
				ab, bc := a.mix(b, k/6), b.mix(c, k/6)
				line(from.mix(a, k/6).mix(ab, k/6).mix(ab.mix(bc, k/6), k/6))
			}
		}
	}
	for i, s := range shapes { // closed of itself
		if n := len(s); n > 1 && s[0] == s[n-1] {
			shapes[i] = s[:n-1]
		}
	}
	return shapes
}

func (g Glyphs) draw(rng *rand.Rand, dst []float32, shapes [][]vec) {
	size := float32(g.Size)
	m := wild
	if g.Calm {
		m = calm
	}
	draw := func(r [2]float32) float32 { return between(rng, r[0], r[1]) }
	wide := draw(m.wide)
	shear := draw(m.lean)
	turn := lean(rng, m.turn)
	lo, hi := vec{math.MaxFloat32, math.MaxFloat32}, vec{-math.MaxFloat32, -math.MaxFloat32}
	for _, s := range shapes {
		for i, p := range s {
			p = vec{float32(p.x*wide) + float32(shear*p.y), p.y}.turn(turn)
			lo = vec{min(lo.x, p.x), min(lo.y, p.y)}
			hi = vec{max(hi.x, p.x), max(hi.y, p.y)}
			s[i] = p
		}
	}
	middle := lo.mix(hi, 0.5)
	scale := size * draw(m.scale) / max(hi.x-lo.x, hi.y-lo.y)
	shift := vec{draw(m.place), draw(m.place)}.scale(size)
	weight := size * draw(m.weight) // pixels that an edge moves out
	for _, s := range shapes {
		for i, p := range s {
			s[i] = p.sub(middle).scale(scale).add(shift)
		}
	}
	for i, s := range shapes {
		shapes[i] = embolden(s, weight)
	}
	cover := make([]float32, g.Size*g.Size)
	fill(cover, g.Size, g.Size, shapes)
	ink := [3]float32{1, 1, 1}
	if g.Channels == 3 {
		ink = bright(rng)
	}
	for i, a := range cover {
		blend(dst, i, ink, g.Channels, min(a, 1))
	}
}

// embolden moves the edge of a polygon that keeps its inside on the right (as
// seen with y down) out by d. Corners are mitred, sharp ones less.
func embolden(s []vec, d float32) []vec {
	n := len(s)
	out := make([]vec, n)
	normal := func(a, b vec) vec {
		e := b.sub(a)
		return vec{e.y, -e.x}.scale(1 / max(e.norm(), 1e-6))
	}
	for i, p := range s {
		a, b := normal(s[(i+n-1)%n], p), normal(p, s[(i+1)%n])
		out[i] = p.add(a.add(b).scale(d / max(1+a.dot(b), 0.5)))
	}
	return out
}

// bright draws a colour whose strongest sample is 1.
func bright(rng *rand.Rand) [3]float32 {
	c := [3]float32{rng.Float32(), rng.Float32(), rng.Float32()}
	top := max(c[0], c[1], c[2], 0.01)
	for k := range c {
		c[k] /= top
	}
	return c
}
