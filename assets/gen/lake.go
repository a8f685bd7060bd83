package main

import (
	"image"
	"math"
	"math/rand/v2"
)

// This file draws a mountain lake in the last light: x to the right, y up, z away from the
// viewer, in metres, the water at y = 0.

// lake is the country and its light.
type lake struct {
	land *terrain
	sun  vec // direction towards it
	wood []conifer
}

const (
	treeLine = 620.0
	snowLine = 760.0
)

var (
	sunlight = rgb{1, 0.50, 0.24}.scale(5.2)
	skylight = rgb{0.34, 0.42, 0.62}
)

// drawLake draws the lake w pixels wide, n rays to a pixel.
func drawLake(w, n, workers int, seed uint64) image.Image {
	rng := rand.New(rand.NewPCG(seed, 1))
	l := &lake{newTerrain(w*8/3, 12800, workers, rng), vec{-0.80, 0.20, -0.30}.unit(), nil}
	l.plant(rng)
	h := w * 2 / 3
	const tangent = 0.44 // of half the horizontal angle of view
	m := paint(w, h, workers, func(px, py int) rgb {
		var sum rgb
		for i := range n {
			rnd := newSampler(seed, px, py, i)
			u, v := rnd.next()
			x := (float64(px) + u - float64(w)/2) * 2 * tangent / float64(w)
			y := (float64(h)*0.60 - float64(py) - v) * 2 * tangent / float64(w)
			// A ray brighter than paper counts as paper, so that edges stay smooth.
			sum = sum.add(l.see(vec{0, 3.2, 0}, vec{x, y, 1}.unit(), rnd).apply(film))
		}
		return sum.scale(1 / float64(n))
	})
	return m.image()
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
	return l.haze(mix(deep, seen, share), p, d, t)
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

// solid finds land or a tree along a ray, up to distance far.
func (l *lake) solid(o, d vec, far float64, rnd *sampler) (rgb, bool) {
	t := l.march(o, d, far)
	if c, at, ok := l.tree(o, d, t); ok {
		return l.haze(c, o.along(d, at), d, at), true
	}
	if t >= far {
		return rgb{}, false
	}
	p := o.along(d, t)
	return l.haze(l.ground(p, t), p, d, t), true
}

// march walks along a ray to the ground: the distance, or far.
func (l *lake) march(o, d vec, far float64) float64 {
	t, last := 900.0, 900.0
	for t < far {
		p := o.along(d, t)
		if p.y > 2300 && d.y > 0 {
			return far
		}
		gap := p.y - l.canopy(p.x, p.z)
		if gap < 0 {
			for range 8 { // the crossing lies between last and t
				mid := (last + t) / 2
				if q := o.along(d, mid); q.y < l.canopy(q.x, q.z) {
					t = mid
				} else {
					last = mid
				}
			}
			return t
		}
		last = t
		t += max(gap*0.45, 1.2+t*0.0004)
	}
	return far
}

// canopy is the height of the ground and of the wood on it.
func (l *lake) canopy(x, z float64) float64 {
	h, dx, dz := l.land.height(x, z)
	if h < 0.5 || h > treeLine+90 {
		return h
	}
	tall, _ := l.spruce(x, z, h, math.Hypot(dx, dz))
	return h + tall
}

// spruce is the height of the nearest tree of the wood above a place, and a random number
// of it.
func (l *lake) spruce(x, z, h, steep float64) (float64, uint32) {
	const apart = 9.0
	thick := smooth(treeLine+60, treeLine-160, h+160*fbm(vec{x / 300, z / 300, 4}, 3)) * smooth(1.15, 0.75, steep)
	if thick == 0 {
		return 0, 0
	}
	best, id := 0.0, uint32(0)
	i, j := math.Floor(x/apart), math.Floor(z/apart)
	for a := -1.0; a <= 1; a++ {
		for b := -1.0; b <= 1; b++ {
			k := hash3(int(i+a), int(j+b), 21)
			if unit01(mix32(k+5)) > thick {
				continue
			}
			px := (i + a + unit01(k)) * apart
			pz := (j + b + unit01(mix32(k))) * apart
			tall := 10 + 15*unit01(mix32(k+1))
			d := math.Hypot(x-px, z-pz) / (tall * 0.24)
			if v := tall * (1 - d); v > best {
				best, id = v, k
			}
		}
	}
	return best, id
}

// ground is the light from a point of land or of the wood on it.
func (l *lake) ground(p vec, t float64) rgb {
	h, dx, dz := l.land.height(p.x, p.z)
	steep := math.Hypot(dx, dz)
	e := max(1.5, t*0.0006)
	hx, hz := l.canopy(p.x+e, p.z), l.canopy(p.x, p.z+e)
	here := l.canopy(p.x, p.z)
	n := vec{-(hx - here) / e, 1, -(hz - here) / e}.unit()

	q := p.scale(0.01)
	rough := fbm(q.scale(2.2), 6)
	rock := mix(hex(0x6F675F), hex(0x3E3A3A), clamp01(0.5+rough))
	rock = mix(rock, hex(0x85745F), clamp01(fbm(vec{q.x * 0.4, q.y * 3, q.z * 0.4}, 4)*1.5))
	grass := mix(hex(0x5E6338), hex(0x6F5F38), clamp01(0.5+1.2*rough))
	body := mix(grass, rock, smooth(0.5, 0.9, steep+0.5*rough))
	body = mix(body, rock, smooth(treeLine, snowLine+100, h+200*rough))
	snow := smooth(snowLine-120, snowLine+260, h+420*rough+120*n.z) * smooth(1.35, 0.8, steep+0.35*rough)
	body = mix(body, rgb{0.86, 0.88, 0.93}, snow)
	tree, id := l.spruce(p.x, p.z, h, steep)
	if h < 0.5 || h > treeLine+90 {
		tree = 0
	}
	if tree > 1 {
		body = mix(hex(0x2A3A22), hex(0x48512A), unit01(mix32(id+9))).scale(0.55 + 0.45*clamp01(tree/14))
	}
	lit := rgb{}
	if c := n.dot(l.sun); c > 0 {
		lit = sunlight.scale(c * l.sunny(p.along(vec{0, 1, 0}, 2)))
	}
	open := 0.5 + 0.5*n.y
	return body.mul(lit.add(skylight.scale(open)))
}

// sunny is 0 in the shadow of a mountain and 1 in the sun, soft between.
func (l *lake) sunny(p vec) float64 {
	clear := 1.0
	for t := 20.0; t < 6000; {
		q := p.along(l.sun, t)
		if q.y > 2200 {
			break
		}
		h, _, _ := l.land.height(q.x, q.z)
		gap := q.y - h
		clear = min(clear, 0.5+gap/(t*0.03))
		if clear <= 0 {
			return 0
		}
		t += max(gap*0.5, 12+t*0.01)
	}
	return clear
}

// haze dims what lies at p, distance t along d, into the air and the mist on the water.
func (l *lake) haze(c rgb, p, d vec, t float64) rgb {
	air := 1 - math.Exp(-t/16000)
	c = mix(c, rgb{0.50, 0.47, 0.58}, air)
	low := math.Exp(-max(p.y, 0)/55) * smooth(700, 3000, t) * (0.75 + 0.5*fbm(vec{p.x / 900, p.y / 60, p.z / 900}, 4))
	return mix(c, rgb{0.62, 0.60, 0.68}, clamp01(0.75*low))
}

// sky is the light from beyond the land.
func (l *lake) sky(d vec) rgb {
	up := clamp01(d.y)
	c := mix(rgb{0.98, 0.62, 0.46}, rgb{0.62, 0.52, 0.62}, smooth(0, 0.2, up))
	c = mix(c, rgb{0.16, 0.25, 0.47}, smooth(0.08, 0.62, up))
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
	cover := smooth(0.0, 0.26, here)
	toSun := vec{l.sun.x, l.sun.z, 0}.unit()
	edge := clamp01(0.55 + 2.6*(here-thick(p.along(toSun, 0.09))))
	lit := mix(rgb{0.42, 0.37, 0.47}, rgb{1.5, 0.78, 0.52}, edge)
	fade := smooth(0.02, 0.14, d.y)
	return mix(c, lit, cover*0.9*fade)
}
