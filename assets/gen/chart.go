package main

import (
	"image/color"
	"math"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
)

// This file draws the test chart, on a sheet 768 wide and 512 high.

const sheetWide, sheetHigh = 768, 512

// panel is a rectangle of the chart; at is its colour at a point measured from its corner.
type panel struct {
	x, y, w, h float64
	at         func(x, y float64) rgb
}

var (
	paper  = hex(0xF2F0EA)
	carbon = hex(0x17181A)
	ground = hex(0x6F7072)
)

// drawChart draws the chart w pixels wide.
func drawChart(w int) drawing {
	scale := float64(w) / sheetWide
	black, white := newInk(w, int(sheetHigh*scale)), newInk(w, int(sheetHigh*scale))
	pen := func(m ink) pen {
		return func(ttf []byte, text string, size, x, y, align float64) {
			m.print(ttf, text, size*scale, x*scale, y*scale, align, 0)
		}
	}
	chartText(pen(black), pen(white))
	panels := chartPanels()

	const fine = 6 // samples a side of a pixel
	return drawing{w, int(sheetHigh * scale), func(px, py int) color.NRGBA {
		var sum rgb
		spread(fine, px, py, func(x, y float64) {
			x, y = x/scale, y/scale
			c := ground
			for _, p := range panels {
				if u, v := x-p.x, y-p.y; u >= 0 && v >= 0 && u < p.w && v < p.h {
					c = p.at(u, v)
				}
			}
			sum = sum.add(c)
		})
		c := sum.scale(1.0 / (fine * fine))
		c = mix(c, carbon, float64(black.AlphaAt(px, py).A)/255)
		return opaque(mix(c, paper, float64(white.AlphaAt(px, py).A)/255))
	}}
}

// pen is print on a chart of any scale.
type pen func(ttf []byte, text string, size, x, y, align float64)

// chartText sets all words in two inks.
func chartText(black, white pen) {
	black(gobold.TTF, "Sieve", 34, 254, 58, 0)
	black(goitalic.TTF, "what passes and what stays", 12, 514, 58, 1)
	const pangram = "The quick brown fox jumps over the lazy dog 0123456789"
	y := 67.0
	for _, line := range []struct {
		size    float64
		letters int
	}{{16, 30}, {13, 39}, {11, 43}, {9, 54}, {8, 54}, {7, 54}, {6, 54}} {
		y += 0.72*line.size + 4.6
		black(goregular.TTF, pangram[:line.letters], line.size, 254, y, 0)
	}
	y = 164
	for _, line := range []struct {
		size float64
		text string
	}{{13, "Sphinx of black quartz, judge my"}, {10, "loss = distortion + λ · rate,  λ ≥ 0"}, {8, "0.5 bit/px ≈ 24.0 kB for 768 × 512, at 31.4 dB"}, {6, "if x, err := m.Reconstruct(ctx, y, nil); err == nil { return x }"}} {
		y += 0.72*line.size + 6
		white(gomono.TTF, line.text, line.size, 254, y, 0)
	}
	caption := func(text string, x, y float64) { white(goregular.TTF, text, 8, x, y, 0.5) }
	caption("zone plate, 0 to ½ cycle per pixel", 124, 236)
	caption("letters, 16 to 6 pixels", 384, 236)
	caption("star, 36 cycles", 644, 236)
	caption("surface colours", 200, 328)
	caption("square waves, 16 to 2 pixels a period", 568, 328)
	caption("ramp, 24 steps and hues", 384, 404)
	for i, text := range []string{"edge 5°", "faint edge", "contrast", "skin", "leaves", "hair", "tweed", "discs"} {
		caption(text, 62+92*float64(i), 502)
	}
}

// chartPanels is everything but the words.
func chartPanels() []panel {
	ps := []panel{
		{24, 24, 200, 200, zonePlate},
		{240, 24, 288, 132, func(x, y float64) rgb { return paper }},
		{240, 156, 288, 68, func(x, y float64) rgb { return carbon }},
		{544, 24, 200, 200, siemens},
		{24, 244, 352, 72, patches},
		{392, 244, 352, 72, gratings},
		{24, 336, 720, 20, func(x, y float64) rgb { return grey(toLinear(x / 720)) }},
		{24, 356, 720, 20, func(x, y float64) rgb { return grey(toLinear(math.Floor(x/720*24) / 23)) }},
		{24, 376, 720, 18, func(x, y float64) rgb { return hue(x/720, y/18) }},
	}
	for i, at := range []func(x, y float64) rgb{
		slanted(carbon, paper, 5), slanted(hex(0x8A8A8A), hex(0x9E9E9E), -8), sensitivity, skin, foliage, hair, tweed, coins(),
	} {
		ps = append(ps, panel{24 + 92*float64(i), 412, 76, 80, at})
	}
	return ps
}

// zonePlate is cos r², whose frequency grows from 0 in the middle to half a cycle a unit
// at the rim.
func zonePlate(x, y float64) rgb {
	r := math.Hypot(x-100, y-100)
	if r > 100 {
		return ground
	}
	return grey(toLinear(0.5 + 0.46*math.Cos(math.Pi*r*r/200)*smooth(100, 96, r)))
}

// siemens is a star of 36 rays about a small target.
func siemens(x, y float64) rgb {
	r := math.Hypot(x-100, y-100)
	switch {
	case r > 100:
		return ground
	case r < 2.5 || r > 97:
		return carbon
	case r < 6:
		return paper
	case math.Sin(36*math.Atan2(y-100, x-100)) > 0:
		return carbon
	}
	return paper
}

// patches are surface colours in two rows: things people know, then pure and muted hues.
func patches(x, y float64) rgb {
	codes := [2][11]uint32{
		{0x74513F, 0xC69782, 0xE6C2A8, 0x5C7A9E, 0x566C3E, 0x8580B0, 0x63BDA9, 0xD67C2B, 0x4A5CA8, 0xC4505F, 0x5B3A6B},
		{0x9FBE3C, 0xE3A32E, 0x333F94, 0x449348, 0xB2353A, 0xE9C92A, 0xB95594, 0x1788A5, 0xF1EFE9, 0x9A9A9A, 0x2F3032},
	}
	const wide, high = 32.0, 36.0
	return hex(codes[int(y/high)][int(x/wide)])
}

// gratings are square waves with 2 to 16 units a period: upright, level and slanting.
func gratings(x, y float64) rgb {
	periods := [8]float64{16, 12, 8, 6, 4, 3, 2.5, 2}
	const wide, high = 44.0, 24.0
	cell := min(int(x/wide), 7)
	along := [3]float64{x, y, (x + y) * math.Sqrt2 / 2}[min(int(y/high), 2)]
	if fract(along/periods[cell]) < 0.5 {
		return carbon
	}
	return paper
}

// hue runs through all hues, from full colour at t = 0 to pale at t = 1.
func hue(u, t float64) rgb {
	wave := func(shift float64) float64 { return 0.5 + 0.5*math.Cos(2*math.Pi*(u-shift)) }
	full := rgb{wave(0), wave(1.0 / 3), wave(2.0 / 3)}.apply(func(v float64) float64 { return 0.03 + 0.72*v*v })
	return mix(full, grey(0.6), 0.85*t)
}

// slanted is an edge a few degrees off upright, on which sharpness is measured.
func slanted(left, right rgb, degrees float64) func(x, y float64) rgb {
	t := math.Tan(degrees * math.Pi / 180)
	return func(x, y float64) rgb {
		if x-38 < (y-40)*t {
			return left
		}
		return right
	}
}

// sensitivity is the chart of Campbell and Robson: frequency grows to the right, contrast
// downwards, and the eye draws the curve between.
func sensitivity(x, y float64) rgb {
	phase := 2 * math.Pi * 76 / (40 * math.Ln2 * 4.3) * math.Exp2(x/76*4.3)
	return grey(toLinear(0.5 + 0.48*math.Pow(y/80, 2.5)*math.Sin(phase)))
}

func skin(x, y float64) rgb {
	p := vec{x, y, 0}
	pore := cells(p.scale(0.33))
	tone := 0.5 + 0.9*fbm(p.scale(0.03), 3) + 0.25*fbm(p.scale(0.4), 3)
	body := mix(hex(0xD8A283), hex(0xB97A5E), clamp01(tone))
	body = body.scale(1 - 0.22*smooth(0.35, 0.05, pore.near))
	crease := math.Abs(noise(vec{(x + y) * 0.12, (x - y) * 0.05, 3}))
	return body.scale(0.92 + 0.08*smooth(0, 0.12, crease))
}

func foliage(x, y float64) rgb {
	c := hex(0x12200E)
	for layer := range 5 {
		p := vec{x / 9, y / 9, 7 * float64(layer)}
		q := cells(p.along(vec{1, 0.6, 0}, 3.7*float64(layer)))
		h := q.id
		turn := unit01(h) * math.Pi
		shade := 0.35 + 0.16*float64(layer)
		body := mix(hex(0x7C9A3A), hex(0x2F5A26), unit01(mix32(h)))
		rib := math.Abs(math.Sin(turn+x/3)) * 0.2
		if q.near < 0.42+0.1*math.Sin(turn) {
			c = body.scale(shade * (1.15 - q.near - rib))
		}
	}
	return c
}

func hair(x, y float64) rgb {
	bend := 6 * math.Sin(y/26+x/60)
	strand := 0.5*noise(vec{(x + bend) * 1.1, y / 40, 0}) + 0.4*noise(vec{(x + bend) * 0.45, y / 50, 5})
	shine := math.Exp(-(y-34+0.15*bend*bend)*(y-34+0.15*bend*bend)/260) * 0.5
	return mix(hex(0x2A1A10), hex(0xB07B45), clamp01(0.32+0.6*strand+shine*(0.7+strand)))
}

func tweed(x, y float64) rgb {
	zig := math.Abs(fract(x/19)-0.5) * 19
	twill := fract((y + zig*2 + 0.4*noise(vec{x / 2, y / 2, 0})) / 5)
	c := hex(0xB9B2A2)
	if twill < 0.5 {
		c = hex(0x45403A)
	}
	fleck := cells(vec{x / 4, y / 4, 2})
	if fleck.near < 0.22 {
		c = mix(c, [3]rgb{hex(0xB0482F), hex(0x3F6C8C), hex(0xC79A32)}[fleck.id%3], 0.7)
	}
	return c.scale(0.85 + 0.3*noise(vec{x * 0.9, y * 0.9, 4}))
}

// coins are discs of all sizes over each other, their radii a power law: the statistics of
// natural pictures in the simplest scene there is (Lee, Mumford and Huang, 2001).
func coins() func(x, y float64) rgb {
	type disc struct {
		x, y, r float64
		c       rgb
	}
	var discs []disc
	for i := range 1400 {
		u := func(k int) float64 { return hash01(i, 500+k) }
		r := 1.3 / math.Sqrt(lerp(0.0025, 1, u(0)))
		c := rgb{u(3), u(4), u(5)}.apply(toLinear)
		discs = append(discs, disc{u(1)*100 - 12, u(2)*104 - 12, r, mix(c, grey(c.luminance()), 0.55)})
	}
	return func(x, y float64) rgb {
		for _, d := range discs {
			if math.Hypot(x-d.x, y-d.y) < d.r {
				return d.c
			}
		}
		return ground
	}
}
