package main

import (
	"image/color"
	"math"
	"math/rand/v2"
)

// This file draws a mountain lake in the last light: x to the right, y up, z away from the
// viewer, in metres, the water at y = 0.

// lake is the country and its light.
type lake struct {
	land  *terrain
	sun   vec // direction towards it
	shore *scene
	trees []conifer
}

var (
	sunlight = rgb{1, 0.60, 0.36}.scale(5.0)
	skylight = rgb{0.34, 0.42, 0.62}
)

// drawLake is the lake w pixels wide, n rays to a pixel.
func drawLake(w, n, workers int, seed uint64) drawing {
	rng := rand.New(rand.NewPCG(seed, 1))
	l := &lake{newTerrain(w*8/3, 12800, workers, rng), vec{-0.88, 0.22, -0.12}.unit(), lakeside(rng), grove(rng)}
	h := w * 2 / 3
	const tangent = 0.44 // of half the horizontal angle of view
	return drawing{w, h, func(px, py int) color.NRGBA {
		var sum rgb
		for i := range n {
			rnd := newSampler(seed, px, py, i)
			u, v := rnd.next()
			x := (float64(px) + u - float64(w)/2) * 2 * tangent / float64(w)
			y := (float64(h)*0.60 - float64(py) - v) * 2 * tangent / float64(w)
			// A ray brighter than paper counts as paper, so that edges stay smooth.
			sum = sum.add(l.see(vec{0, 3.2, 0}, vec{x, y, 1}.unit(), rnd).apply(film))
		}
		return opaque(sum.scale(1 / float64(n)))
	}}
}

// see is the light that comes to o against d.
func (l *lake) see(o, d vec, rnd *sampler) rgb {
	if d.y < 0 {
		t := -o.y / d.y
		if c, ok := l.solid(o, d, t, rnd); ok {
			return c
		}
		return l.water(o, d, t, rnd)
	}
	if c, ok := l.solid(o, d, 14000, rnd); ok {
		return c
	}
	return l.sky(d)
}

// water mirrors what is above it in small waves and lets a little of its own colour out.
func (l *lake) water(o, d vec, t float64, rnd *sampler) rgb {
	p := o.along(d, t)
	n := l.ripple(p, t)
	up := d.along(n, -2*d.dot(n))
	up.y = math.Abs(up.y) + 1e-3
	up = up.unit()
	share := 0.02 + 0.98*math.Pow(1-clamp01(-d.dot(n)), 5)
	seen, ok := l.solid(p, up, 14000, rnd)
	if !ok {
		seen = l.sky(up)
	}
	deep := rgb{0.012, 0.035, 0.042}
	return l.haze(mix(deep, seen, share), p, t)
}

// ripple is the normal of the water: breaths of wind and smooth stretches between.
func (l *lake) ripple(p vec, t float64) vec {
	wind := smooth(-0.25, 0.45, fbm(vec{p.x / 160, p.z / 60, 0}, 3))
	height := func(x, z float64) float64 {
		h := 0.5*noise(vec{x / 2.6, z / 1.1, 1}) + 0.22*noise(vec{x / 0.9, z / 0.42, 2}) + 0.09*noise(vec{x / 0.31, z / 0.17, 3})
		return h * 0.05
	}
	e := 0.02 + t*0.0006
	h := height(p.x, p.z)
	a := 0.10 + 0.9*wind
	return vec{-a * (height(p.x+e, p.z) - h) / e * 0.6, 1, -a * (height(p.x, p.z+e) - h) / e}.unit()
}

// solid finds what stands along a ray, up to distance far.
func (l *lake) solid(o, d vec, far float64, rnd *sampler) (rgb, bool) {
	ob, t := l.shore.meet(o, d, 0, min(far, 300))
	if c, t, ok := l.tree(o, d, t); ok {
		return l.haze(c, o.along(d, t), t), true
	}
	if ob != nil {
		p := o.along(d, t)
		return l.haze(l.near(ob, p, d, rnd), p, t), true
	}
	t = l.march(o, d, far)
	if t >= far {
		return rgb{}, false
	}
	p := o.along(d, t)
	return l.haze(l.ground(p, t), p, t), true
}

// near is the light from a point p of an object on the near shore, seen along d.
func (l *lake) near(ob *object, p, d vec, rnd *sampler) rgb {
	local := ob.place.within(p)
	n := ob.shape.normal(local)
	if n.dot(ob.place.in(d)) > 0 {
		n = n.neg()
	}
	f := ob.look(local, n, true)
	if f.n == (vec{}) {
		f.n = n
	}
	up := ob.place.out(f.n)
	start := off(ob, p, n, n)
	var light rgb
	if c := up.dot(l.sun); c > 0 {
		if hit, _ := l.shore.meet(start, l.sun, 0, 60); hit == nil {
			light = sunlight.scale(c)
		}
	}
	u, v := rnd.next()
	way := up.add(onSphere(u, v)).unit() // a cosine-weighted direction
	if hit, _ := l.shore.meet(start, way, 0, 3); hit == nil && way.y > -0.2 {
		light = light.add(l.sky(vec{way.x, math.Abs(way.y), way.z}.unit()))
	} else {
		light = light.add(skylight.scale(0.12))
	}
	return f.body.mul(light)
}

// onSphere is a uniform direction.
func onSphere(u, v float64) vec {
	sin, cos := math.Sincos(2 * math.Pi * v)
	y := 1 - 2*u
	r := math.Sqrt(1 - y*y)
	return vec{r * cos, y, r * sin}
}

// haze dims what lies at p, at a distance t, into the air and the mist on the water.
func (l *lake) haze(c rgb, p vec, t float64) rgb {
	c = mix(c, rgb{0.46, 0.48, 0.62}, 1-math.Exp(-t/21000))
	low := math.Exp(-max(p.y, 0)/55) * smooth(700, 3000, t) * (0.75 + 0.5*fbm(vec{p.x / 900, p.y / 60, p.z / 900}, 4))
	return mix(c, rgb{0.62, 0.60, 0.68}, clamp01(0.75*low))
}

// sky is the light from beyond the land.
func (l *lake) sky(d vec) rgb {
	up := clamp01(d.y)
	c := mix(rgb{1.0, 0.66, 0.48}, rgb{0.58, 0.54, 0.68}, smooth(0.05, 0.26, up))
	c = mix(c, rgb{0.13, 0.24, 0.47}, smooth(0.12, 0.55, up))
	c = c.add(rgb{0.9, 0.42, 0.16}.scale(0.5 * math.Pow(clamp01(d.dot(l.sun)*0.5+0.5), 6)))
	if d.y < 0.01 {
		return c
	}
	const high = 2600
	p := vec{d.x / d.y * high / 3400, d.z / d.y * high / 3400, 0}
	thick := func(p vec) float64 {
		q := p.along(warp(p.scale(0.8), 3), 0.35)
		return fbm(vec{q.x * 0.75, q.y * 1.5, 3.3}, 7) + 0.13*fbm(q.scale(0.35), 2)
	}
	here := thick(p)
	cover := smooth(-0.1, 0.22, here)
	toSun := vec{l.sun.x, l.sun.z, 0}.unit()
	edge := clamp01(0.55 + 2.6*(here-thick(p.along(toSun, 0.09))))
	lit := mix(rgb{0.42, 0.37, 0.47}, rgb{1.5, 0.78, 0.52}, edge)
	fade := smooth(0.02, 0.14, d.y)
	return mix(c, lit, cover*0.9*fade)
}
