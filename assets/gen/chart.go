package main

import (
	"image"
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
func drawChart(w, workers int) image.Image {
	scale := float64(w) / sheetWide
	black, white := newInk(w, int(sheetHigh*scale)), newInk(w, int(sheetHigh*scale))
	set := func(m ink, ttf []byte, text string, size, x, y, align float64) {
		m.print(ttf, text, size*scale, x*scale, y*scale, align, 0)
	}
	panels := chartPanels()
	chartText(func(ttf []byte, text string, size, x, y, align float64) { set(black, ttf, text, size, x, y, align) },
		func(ttf []byte, text string, size, x, y, align float64) { set(white, ttf, text, size, x, y, align) })

	const fine = 6 // samples a side of a pixel
	return paint(w, int(sheetHigh*scale), workers, func(px, py int) rgb {
		var sum rgb
		for i := range fine * fine {
			x := (float64(px) + (float64(i%fine)+0.5)/fine) / scale
			y := (float64(py) + (float64(i/fine)+0.5)/fine) / scale
			c := ground
			for _, p := range panels {
				if u, v := x-p.x, y-p.y; u >= 0 && v >= 0 && u < p.w && v < p.h {
					c = p.at(u, v)
				}
			}
			sum = sum.add(c)
		}
		c := sum.scale(1.0 / (fine * fine))
		c = mix(c, carbon, float64(black.AlphaAt(px, py).A)/255)
		return mix(c, paper, float64(white.AlphaAt(px, py).A)/255)
	}).image()
}

// chartText sets all words: black and white print in the two inks.
func chartText(black, white func(ttf []byte, text string, size, x, y, align float64)) {
	black(gobold.TTF, "Sieve", 34, 254, 60, 0)
	black(goitalic.TTF, "what passes, what stays", 13, 514, 60, 1)
	y := 82.0
	for _, size := range []float64{16, 13, 11, 9, 8, 7, 6} {
		black(goregular.TTF, "The quick brown fox jumps over the lazy dog 0123456789"[:int(min(54, 440/size))], size, 254, y, 0)
		y += size * 0.45
		y += size*0.45 + 3.2
	}
	y = 173
	for _, size := range []float64{14, 11, 9, 7.5, 6} {
		white(gomono.TTF, "Sphinx of black quartz, judge my vow; Σλ·R ≈ 0.5 bit/px"[:], size, 254, y, 0)
		y += size*0.9 + 2
	}
	caption := func(text string, x, y, align float64) { white(goregular.TTF, text, 8, x, y, align) }
	caption("zone plate: 0 to ½ cycle a pixel", 124, 234, 0.5)
	caption("star: 36 rays", 644, 234, 0.5)
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
		{24, 332, 720, 20, func(x, y float64) rgb { return grey(toLinear(x / 720)) }},
		{24, 352, 720, 20, func(x, y float64) rgb { return grey(toLinear(math.Floor(x/720*24) / 23)) }},
		{24, 372, 720, 20, func(x, y float64) rgb { return hue(x/720, y/20) }},
	}
	for i, at := range []func(x, y float64) rgb{
		slanted(carbon, paper, 5), slanted(hex(0x8A8A8A), hex(0x9E9E9E), -8), sensitivity, skin, foliage, hair, tweed, coins(),
	} {
		ps = append(ps, panel{24 + 92*float64(i), 408, 76, 80, at})
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
	ch := func(shift float64) float64 {
		return 0.5 + 0.5*math.Cos(2*math.Pi*(u-shift))
	}
	full := rgb{ch(0), ch(1.0 / 3), ch(2.0 / 3)}
	return mix(full.mul(full), grey(0.75), 0.15+0.6*t)
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
	for i := range 260 {
		u := func(k int) float64 { return hash01(i, 500+k) }
		r := 1.2 / math.Sqrt(u(0)*0.998+0.002)
		c := rgb{u(3), u(4), u(5)}.apply(toLinear)
		discs = append(discs, disc{u(1) * 76, u(2) * 80, r, mix(c, grey(c.luminance()), 0.55)})
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
