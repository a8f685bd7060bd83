package main

import (
	"math"
	"math/rand/v2"
)

// This file builds what stands near: a jetty with a boat, stones, reeds and a bank with
// trees. Lengths are metres, the water is at y = 0.

// lakeside is everything on the near shore.
func lakeside(rng *rand.Rand) *scene {
	s := &scene{}
	s.jetty(rng)
	s.boat(at(-2.6, -0.03, 20.2).turn('y', 38).turn('x', 2.5))
	s.stones(rng)
	s.reeds(rng)
	s.bank()
	s.build()
	return s
}

// weathered is grey timber; the grain runs along x, or along the axis that turn makes x.
func weathered(turn func(p vec) vec) material {
	return func(p, n vec, fine bool) finish {
		q := turn(p).scale(100) // grain is drawn in centimetres
		dark, pore := grain(q, true)
		body := mix(hex(0xA6A09A), hex(0x5A5552), clamp01(0.9*dark)).scale(1 - 0.5*pore)
		body = mix(body, hex(0x3E4030), 0.6*smooth(0.25, 0.02, p.y)) // green where it is wet
		return finish{body: body, n: bump(p, n, 0.004, func(p vec) float64 {
			dark, pore := grain(turn(p).scale(100), true)
			return -0.002*dark - 0.004*pore
		})}
	}
}

// jetty leads from the right of the viewer out on to the lake.
func (s *scene) jetty(rng *rand.Rand) {
	const near, far, half, high = 9.0, 31.0, 0.85, 0.62
	base := at(2.9, 0, 0).turn('y', -5.5)
	place := func(x, y, z float64) frame { f := base; f.o = base.point(vec{x, y, z}); return f }
	along := func(p vec) vec { return vec{p.z, p.y, p.x} }
	upright := func(p vec) vec { return vec{p.y, p.x, p.z} }
	for z := near; z < far; {
		wide := 0.15 + 0.05*rng.Float64()
		slip := vec{17 * rng.Float64(), 0, 29 * rng.Float64()}
		look := weathered(func(p vec) vec { return p.add(slip) })
		tone := 0.75 + 0.4*rng.Float64()
		f := place(0.03*rng.NormFloat64(), high+0.006*rng.NormFloat64(), z+wide/2).turn('y', 0.5*rng.NormFloat64())
		s.add(f, block{vec{half + 0.05*rng.Float64(), 0.022, wide/2 - 0.007}}, func(p, n vec, fine bool) finish {
			f := look(p, n, fine)
			f.body = f.body.scale(tone)
			return f
		})
		z += wide
	}
	for _, x := range []float64{-0.6, 0.6} {
		s.add(place(x, high-0.11, (near+far)/2), block{vec{0.05, 0.08, (far - near) / 2}}, weathered(along))
	}
	for z := near + 1.2; z < far; z += 3.1 {
		for _, x := range []float64{-0.93, 0.93} {
			top := 0.95 + 0.35*rng.Float64()
			f := place(x, 0, z).turn('z', 2*rng.NormFloat64()).turn('x', 2*rng.NormFloat64())
			s.add(f, turned([]rz{{0.1, -1}, {0.095, top - 0.03}, {0.07, top}, {0, top + 0.01}}), weathered(upright))
		}
	}
}

// boat is a clinker-built rowing boat; x runs from stern to bow.
func (s *scene) boat(f frame) {
	const long, wide, deep = 2.1, 0.66, 0.5
	sheer := func(x float64) float64 { return 0.36 + 0.17*sq(x/long) + 0.05*x/long }
	half := func(x, y float64) float64 {
		t := x / long
		plan := math.Pow(max(0, 1-math.Pow(math.Abs(t), 2.6)), 0.7)
		if t < 0 {
			plan = max(plan, 0.62*smooth(-1.001, -1, t)) // a flat stern
		}
		return wide * plan * math.Sqrt(clamp01((y+0.16)/deep))
	}
	hull := &solid{vec{-long, -0.18, -wide - 0.1}, vec{long, 0.7, wide + 0.1}, 0.5, func(p vec) float64 {
		lap := 0.02 * fract((p.y-0.6*sheer(p.x))*9)
		d := math.Abs(p.z) - half(p.x, p.y) - lap
		return max(math.Abs(d)-0.022, p.y-sheer(p.x), math.Abs(p.x)-long)
	}}
	livery := func(p, n vec, fine bool) finish {
		outside := math.Abs(p.z) > half(p.x, p.y)
		worn := smooth(0.12, 0.3, fbm(p.scale(7), 5)+0.12*noise(p.scale(40)))
		body := hex(0x9C2C26)
		switch {
		case !outside:
			body = hex(0x8C7350)
		case p.y > sheer(p.x)-0.075:
			body = hex(0xEDE6D8)
		}
		return finish{body: mix(body, hex(0x77604A), 0.8*worn).scale(0.9 + 0.25*noise(p.scale(5)))}
	}
	s.add(f, hull, livery)
	timber := weathered(func(p vec) vec { return vec{p.z, p.y, p.x} })
	for _, x := range []float64{-1.35, -0.2, 0.95} {
		g := f
		g.o = f.point(vec{x, 0.2, 0})
		s.add(g, block{vec{0.13, 0.02, half(x, 0.2)}}, timber)
	}
	g := f
	g.o = f.point(vec{0, -0.02, 0})
	s.add(g, block{vec{long * 0.8, 0.01, wide * 0.6}}, timber)
	for _, side := range []float64{-1, 1} { // oars lie over the seats, blades in the bow
		a, b := vec{-1.5, 0.27, 0.16 * side}, vec{1.0, 0.40, 0.26 * side}
		s.add(f, rod(a, b, 0.022, 0.022), timber)
		s.add(f, rod(b, vec{1.55, 0.47, 0.3 * side}, 0.03, 0.055), timber)
	}
	const parts = 10 // the rope sags to a post of the jetty
	end, post := f.point(vec{long - 0.05, sheer(long) - 0.06, 0}), vec{0.86, 0.72, 22.2}
	sag := func(t float64) vec { return mix(end, post, t).sub(vec{0, 1.3 * t * (1 - t), 0}) }
	for i := range parts {
		s.add(at(0, 0, 0), rod(sag(float64(i)/parts), sag(float64(i+1)/parts), 0.014, 0.014), plain(hex(0xB5A88C), 0, 1))
	}
}

// stones lie in the shallows on the left.
func (s *scene) stones(rng *rand.Rand) {
	for i := range 34 {
		z := 13.4 + 9*rng.Float64()*rng.Float64()
		x := -7.6 + 4.6*rng.Float64()*rng.Float64() - (z-13)*0.28
		r := 0.16 + 0.5*math.Pow(rng.Float64(), 2.2)
		if i == 0 {
			x, z, r = -5.4, 15, 0.85
		}
		shift := vec{rng.Float64() * 90, rng.Float64() * 90, rng.Float64() * 90}
		stone := star(0.6*r, 1.5*r, 0.6, func(u vec) float64 {
			c := cells(u.scale(1.1).add(shift))
			return r * (0.85 + 0.25*c.near + 0.2*fbm(u.scale(2.3).add(shift), 4))
		})
		f := at(x, -0.12*r+0.1*rng.Float64()*r, z).turn('y', 360*rng.Float64())
		s.add(f, flat{stone, 0.7}, func(p, n vec, fine bool) finish {
			q := p.add(shift)
			body := mix(hex(0x8C8880), hex(0x55524E), clamp01(0.5+1.2*fbm(q.scale(3), 5)))
			body = mix(body, hex(0x8E8A55), 0.8*smooth(0.12, 0.3, fbm(q.scale(5), 4))*smooth(0.2, 0.8, n.y)) // lichen
			wet := smooth(0.1, 0.04, f.point(p).y+0.02*noise(q.scale(9)))
			return finish{body: body.scale(1 - 0.6*wet), n: bump(p, n, 0.01, func(p vec) float64 { return 0.03 * fbm(p.add(shift).scale(8), 4) })}
		})
	}
}

// flat is a shape pressed down along y.
type flat struct {
	shape
	by float64
}

func (f flat) bounds() (lo, hi vec) {
	lo, hi = f.shape.bounds()
	lo.y, hi.y = lo.y*f.by, hi.y*f.by
	return lo, hi
}

func (f flat) meet(o, d vec, near, far float64) float64 {
	o.y, d.y = o.y/f.by, d.y/f.by
	l := d.len()
	return f.shape.meet(o, d.scale(1/l), near*l, far*l) / l
}

func (f flat) normal(p vec) vec {
	p.y /= f.by
	n := f.shape.normal(p)
	n.y /= f.by
	return n.unit()
}

// reeds stand in the water among the stones, a few with a dark head.
func (s *scene) reeds(rng *rand.Rand) {
	for range 260 {
		z := 13.6 + 6*rng.Float64()
		x := -7.9 + 3.6*rng.Float64()*rng.Float64() - (z-13)*0.3
		tall := 0.7 + 1.1*rng.Float64()
		lean, turn := 0.05+0.35*rng.Float64(), 2*math.Pi*rng.Float64()
		sin, cos := math.Sincos(turn)
		point := func(t float64) vec {
			return vec{x + lean*t*t*tall*cos, -0.1 + tall*t, z + lean*t*t*tall*sin}
		}
		look := plain(mix(hex(0x8A8A48), hex(0xB39A5C), rng.Float64()).scale(0.7+0.4*rng.Float64()), 0, 1)
		const parts = 5
		for i := range parts {
			a, b := float64(i)/parts, float64(i+1)/parts
			s.add(at(0, 0, 0), rod(point(a), point(b), 0.012*(1-0.8*a), 0.012*(1-0.8*b)), look)
		}
		if rng.Float64() < 0.16 {
			s.add(at(0, 0, 0), rod(point(0.9), point(1), 0.026, 0.022), plain(hex(0x4A3020), 0, 1))
		}
	}
}

// bank is a low tongue of land on the left, for the trees to stand on.
func (s *scene) bank() {
	const wide, long = 34, 34
	f := at(-52, 0, 112)
	ground := tabulate(wide, long, 0.25, func(x, z float64) float64 {
		edge := (x-16+4*noise(vec{x / 14, z / 9, 0}))/14 + sq(z/26)
		return -0.6 + 3.2*smooth(0.75, -0.8, edge) + 0.5*fbm(vec{0.35 * x, 0, 0.35 * z}, 5)
	})
	land := &solid{vec{-wide, -0.3, -long}, vec{wide, 5, long}, 0.6, func(p vec) float64 { return p.y - ground.height(p.x, p.z) }}
	s.add(f, land, func(p, n vec, fine bool) finish {
		body := mix(hex(0x5F5F34), hex(0x33401F), clamp01(0.5+1.3*fbm(p.scale(0.7), 5)))
		body = mix(body, hex(0x8A8378), smooth(0.5, 0.2, p.y))
		return finish{body: body.scale(0.8 + 0.5*noise(vec{p.x * 4, p.y * 2, p.z * 4}))}
	})
}
