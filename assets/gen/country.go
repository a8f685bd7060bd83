package main

import "math"

// This file finds and lights the far shore: mountains, snow and woods.

// Metres above the lake where woods end and snow begins.
const (
	treeLine = 520.0
	snowLine = 640.0
)

// march walks along a ray to the ground: the distance, or far.
func (l *lake) march(o, d vec, far float64) float64 {
	t, last := 300.0, 300.0
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
	h := l.land.height(x, z)
	tall, _ := l.spruce(x, z, h)
	return h + tall
}

// spruce is the height above a place, h metres up, of the tree that covers it, and a
// random number of that tree; 0 in the open.
func (l *lake) spruce(x, z, h float64) (float64, uint32) {
	const apart = 7.5
	if h < 0.5 || h > treeLine+90 {
		return 0, 0
	}
	steep := math.Hypot(l.land.slope(x, z))
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
	h := l.land.height(p.x, p.z)
	steep := math.Hypot(l.land.slope(p.x, p.z))
	tree, id := l.spruce(p.x, p.z, h)
	rise, up := l.land.height, 1.0
	if tree > 0 {
		rise, up = l.canopy, 3 // light finds its way between needles
	}
	e := max(4, t*0.0008)
	here := rise(p.x, p.z)
	n := vec{(here - rise(p.x+e, p.z)) / e, up, (here - rise(p.x, p.z+e)) / e}.unit()

	q := p.scale(0.01)
	rough := fbm(q.scale(2.2), 6)
	rock := mix(hex(0x6F675F), hex(0x3E3A3A), clamp01(0.5+rough))
	rock = mix(rock, hex(0x8A7A66), clamp01(fbm(vec{q.x * 0.3, q.y*1.6 + q.x*0.4, q.z * 0.3}, 2)*1.5))
	grass := mix(hex(0x5E6338), hex(0x6F5F38), clamp01(0.5+1.2*rough))
	body := mix(grass, rock, smooth(0.5, 0.9, steep+0.5*rough))
	body = mix(body, rock, smooth(treeLine, snowLine+100, h+200*rough))
	snow := smooth(snowLine-140, snowLine+120, h+300*rough) * smooth(1.75, 1.0, steep+0.6*rough-0.0003*h)
	body = mix(body, rgb{0.86, 0.88, 0.93}, snow)
	if tree > 0 {
		body = mix(hex(0x26351F), hex(0x3C4726), unit01(mix32(id+9))).scale(0.5 + 0.5*clamp01(tree/14))
	}
	n = n.along(warp(q.scale(5), 3), 0.5*clamp01(steep-0.3)*(1-snow)).unit()
	lit := rgb{}
	if c := n.dot(l.sun); c > 0 {
		lit = sunlight.scale(c * l.sunny(p.along(vec{0, 1, 0}, 2)))
	}
	open := 0.5 + 0.5*n.y
	return body.mul(lit.add(skylight.scale(open)))
}

// sunny is 0 in the shadow of a mountain and 1 in the sun, soft between.
func (l *lake) sunny(p vec) float64 {
	open := 1.0
	for t := 20.0; t < 6000; {
		q := p.along(l.sun, t)
		if q.y > 2200 {
			break
		}
		gap := q.y - l.land.height(q.x, q.z)
		open = min(open, 0.5+gap/(t*0.03))
		if open <= 0 {
			return 0
		}
		t += max(gap*0.5, 12+t*0.01)
	}
	return open
}
