package main

import "math"

// This file holds the shapes that are known by their distance.

// solid is whatever a distance bound describes: dist(p)·pace is never more than the true
// distance from an outside point p to the surface, and dist is negative inside.
type solid struct {
	lo, hi vec
	pace   float64
	dist   func(p vec) float64
}

func (s *solid) bounds() (lo, hi vec) { return s.lo, s.hi }

// meet is sphere tracing (Hart, The Visual Computer, 1996) within the bounds.
func (s *solid) meet(o, d vec, near, far float64) float64 {
	const touch, steps = 2e-4, 160
	in, out := clip(s.lo, s.hi, o, reciprocal(d), near, far)
	t := in
	for range steps {
		if t > out {
			break
		}
		gap := s.dist(o.along(d, t))
		if gap < touch {
			return max(t, near)
		}
		t += max(gap*s.pace, touch)
	}
	return far
}

func (s *solid) normal(p vec) vec {
	const e = 1e-3
	at := func(x, y, z float64) vec {
		v := vec{x, y, z}
		return v.scale(s.dist(p.along(v, e)))
	}
	return at(1, -1, -1).add(at(-1, -1, 1)).add(at(-1, 1, -1)).add(at(1, 1, 1)).unit()
}

// star is the solid about the origin whose radius in the unit direction u is radius(u),
// between least and most. A steep radius needs a smaller pace.
func star(least, most, pace float64, radius func(u vec) float64) *solid {
	return &solid{grey(-most), grey(most), pace, func(p vec) float64 {
		l := p.len()
		switch {
		case l > 1.05*most:
			return l - most
		case l < least/2:
			return -least
		}
		return l - radius(p.scale(1/l))
	}}
}

// plump is a box with half-sides r whose edges are rounded by e.
func plump(r vec, e float64) *solid {
	core := r.sub(grey(e))
	return &solid{r.neg(), r, 1, func(p vec) float64 {
		q := p.apply(math.Abs).sub(core)
		return q.apply(func(v float64) float64 { return max(v, 0) }).len() + min(q.max(), 0) - e
	}}
}

// rod is a tapering limb from a (radius ra) to b (radius rb).
func rod(a, b vec, ra, rb float64) *solid {
	lo := lower(a.sub(grey(ra)), b.sub(grey(rb)))
	hi := upper(a.add(grey(ra)), b.add(grey(rb)))
	ab := b.sub(a)
	return &solid{lo, hi, 0.9, func(p vec) float64 {
		t := clamp01(p.sub(a).dot(ab) / ab.dot(ab))
		return p.sub(a.along(ab, t)).len() - lerp(ra, rb, t)
	}}
}
