package main

import "math"

// This file holds the solids and surfaces that a ray can meet, each about its own origin.

// shape is a surface. Directions are unit vectors, lengths centimetres.
type shape interface {
	// bounds is a box around the surface.
	bounds() (lo, hi vec)
	// meet is the least distance in (near, far) along the ray at which it meets the
	// surface, or far when it does not.
	meet(o, d vec, near, far float64) float64
	// normal is the outward unit normal at a point of the surface.
	normal(p vec) vec
}

// ball is an ellipsoid with half-axes r.
type ball struct{ r vec }

func (b ball) bounds() (lo, hi vec) { return b.r.neg(), b.r }

func (b ball) meet(o, d vec, near, far float64) float64 {
	inv := vec{1 / b.r.x, 1 / b.r.y, 1 / b.r.z}
	o, d = o.mul(inv), d.mul(inv)
	return firstRoot(d.dot(d), o.dot(d), o.dot(o)-1, near, far)
}

func (b ball) normal(p vec) vec {
	return vec{p.x / (b.r.x * b.r.x), p.y / (b.r.y * b.r.y), p.z / (b.r.z * b.r.z)}.unit()
}

// firstRoot is the least root in (near, far) of a·t² + 2b·t + c, or far.
func firstRoot(a, b, c, near, far float64) float64 {
	disc := b*b - a*c
	if disc < 0 {
		return far
	}
	q := -b - math.Copysign(math.Sqrt(disc), b)
	t0, t1 := q/a, c/q
	if t0 > t1 {
		t0, t1 = t1, t0
	}
	switch {
	case t0 > near && t0 < far:
		return t0
	case t1 > near && t1 < far:
		return t1
	}
	return far
}

// block is a box with half-sides r.
type block struct{ r vec }

func (b block) bounds() (lo, hi vec) { return b.r.neg(), b.r }

func (b block) meet(o, d vec, near, far float64) float64 {
	in, out := clip(b.r.neg(), b.r, o, reciprocal(d), math.Inf(-1), math.Inf(1))
	switch {
	case in > out:
		return far
	case in > near && in < far:
		return in
	case out > near && out < far:
		return out
	}
	return far
}

func (b block) normal(p vec) vec {
	x, y, z := p.x/b.r.x, p.y/b.r.y, p.z/b.r.z
	ax, ay, az := math.Abs(x), math.Abs(y), math.Abs(z)
	switch {
	case ax > ay && ax > az:
		return vec{math.Copysign(1, x), 0, 0}
	case ay > az:
		return vec{0, math.Copysign(1, y), 0}
	}
	return vec{0, 0, math.Copysign(1, z)}
}

func reciprocal(d vec) vec { return vec{1 / d.x, 1 / d.y, 1 / d.z} }

// clip narrows [near, far] to the part of the ray inside a box; empty when near > far.
func clip(lo, hi, o, inv vec, near, far float64) (float64, float64) {
	slab := func(lo, hi, o, inv float64) {
		t0, t1 := (lo-o)*inv, (hi-o)*inv
		if inv < 0 {
			t0, t1 = t1, t0
		}
		near, far = max(near, t0), min(far, t1)
	}
	slab(lo.x, hi.x, o.x, inv.x)
	slab(lo.y, hi.y, o.y, inv.y)
	slab(lo.z, hi.z, o.z, inv.z)
	return near, far
}

// lathe is a profile turned about the y axis: a surface, closed or not. Its outside lies
// to the right of the profile as it is walked, so a profile that climbs encloses the axis.
type lathe struct {
	profile []profilePoint
	lo, hi  vec
	from    float64 // radians about y from the z axis towards x where the surface begins
	span    float64 // and how far it goes; 2π is all round
}

// profilePoint is a corner of a profile and the normals (radial, upward) of the surface
// at the two ends of the segment that starts there.
type profilePoint struct {
	r, y   float64
	n0, n1 [2]float64
}

// crease is the least cosine between two segments of a profile that count as one curve.
const crease = 0.75

// turned is the lathe of a polyline of (radius, height).
func turned(points ...[2]float64) *lathe {
	l := &lathe{span: 2 * math.Pi}
	flat := make([][2]float64, len(points)-1)
	for i := range flat {
		dr, dy := points[i+1][0]-points[i][0], points[i+1][1]-points[i][1]
		s := 1 / math.Hypot(dr, dy)
		flat[i] = [2]float64{dy * s, -dr * s}
	}
	shared := func(a, b [2]float64) [2]float64 {
		c := a[0]*b[0] + a[1]*b[1]
		if c < crease {
			return a
		}
		s := 1 / math.Sqrt(2+2*c)
		return [2]float64{(a[0] + b[0]) * s, (a[1] + b[1]) * s}
	}
	var wide float64
	low, high := math.Inf(1), math.Inf(-1)
	for i, p := range points {
		c := profilePoint{r: p[0], y: p[1]}
		if i < len(flat) {
			c.n0, c.n1 = flat[i], flat[i]
			if i > 0 {
				c.n0 = shared(flat[i], flat[i-1])
			}
			if i+1 < len(flat) {
				c.n1 = shared(flat[i], flat[i+1])
			}
		}
		l.profile = append(l.profile, c)
		wide, low, high = max(wide, p[0]), min(low, p[1]), max(high, p[1])
	}
	l.lo, l.hi = vec{-wide, low, -wide}, vec{wide, high, wide}
	return l
}

// curve threads a Catmull-Rom spline through points, steps pieces to each span. A point
// given twice in a row is a corner.
func curve(steps int, points ...[2]float64) [][2]float64 {
	at := func(i int) [2]float64 { return points[min(max(i, 0), len(points)-1)] }
	out := [][2]float64{points[0]}
	for i := range len(points) - 1 {
		a, b, c, d := at(i-1), at(i), at(i+1), at(i+2)
		if b == c {
			continue
		}
		for s := 1; s <= steps; s++ {
			t := float64(s) / float64(steps)
			var p [2]float64
			for k := range p {
				p[k] = b[k] + t/2*(c[k]-a[k]+t*(2*a[k]-5*b[k]+4*c[k]-d[k]+t*(3*(b[k]-c[k])+d[k]-a[k])))
			}
			p[0] = max(p[0], 0)
			out = append(out, p)
		}
	}
	return out
}

func (l *lathe) bounds() (lo, hi vec) { return l.lo, l.hi }

func (l *lathe) meet(o, d vec, near, far float64) float64 {
	in, out := clip(l.lo, l.hi, o, reciprocal(d), near, far)
	if in > out {
		return far
	}
	y0, y1 := o.y+in*d.y, o.y+out*d.y
	low, high := min(y0, y1)-1e-9, max(y0, y1)+1e-9
	best := far
	for i := range len(l.profile) - 1 {
		a, b := &l.profile[i], &l.profile[i+1]
		if max(a.y, b.y) < low || min(a.y, b.y) > high {
			continue
		}
		best = l.segment(a, b, o, d, near, best)
	}
	return best
}

// segment is meet for one frustum of a cone.
func (l *lathe) segment(a, b *profilePoint, o, d vec, near, far float64) float64 {
	dy := b.y - a.y
	if math.Abs(dy) < 1e-6 {
		t := (a.y - o.y) / d.y
		p := o.along(d, t)
		r := math.Hypot(p.x, p.z)
		if t > near && t < far && r >= min(a.r, b.r) && r <= max(a.r, b.r) && l.covers(p) {
			return t
		}
		return far
	}
	k := (b.r - a.r) / dy
	radius, grow := a.r+k*(o.y-a.y), k*d.y
	qa := d.x*d.x + d.z*d.z - grow*grow
	qb := o.x*d.x + o.z*d.z - radius*grow
	qc := o.x*o.x + o.z*o.z - radius*radius
	disc := qb*qb - qa*qc
	if disc < 0 {
		return far
	}
	q := -qb - math.Copysign(math.Sqrt(disc), qb)
	t0, t1 := q/qa, qc/q
	if t0 > t1 {
		t0, t1 = t1, t0
	}
	low, high := min(a.y, b.y), max(a.y, b.y)
	for _, t := range [2]float64{t0, t1} {
		if t <= near || t >= far {
			continue
		}
		p := o.along(d, t)
		if p.y >= low && p.y <= high && a.r+k*(p.y-a.y) >= 0 && l.covers(p) {
			return t
		}
	}
	return far
}

// covers tells whether the surface reaches round to p.
func (l *lathe) covers(p vec) bool {
	if l.span >= 2*math.Pi {
		return true
	}
	turn := math.Atan2(p.x, p.z) - l.from
	return turn-2*math.Pi*math.Floor(turn/(2*math.Pi)) <= l.span
}

func (l *lathe) normal(p vec) vec {
	r := math.Hypot(p.x, p.z)
	best, n := math.Inf(1), [2]float64{}
	for i := range len(l.profile) - 1 {
		a, b := &l.profile[i], &l.profile[i+1]
		dr, dy := b.r-a.r, b.y-a.y
		t := clamp01(((r-a.r)*dr + (p.y-a.y)*dy) / (dr*dr + dy*dy))
		er, ey := a.r+t*dr-r, a.y+t*dy-p.y
		if e := er*er + ey*ey; e < best {
			best = e
			n = [2]float64{lerp(a.n0[0], a.n1[0], t), lerp(a.n0[1], a.n1[1], t)}
		}
	}
	if r < 1e-9 {
		return vec{0, math.Copysign(1, n[1]), 0}
	}
	return vec{n[0] * p.x / r, n[1], n[0] * p.z / r}.unit()
}

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
		if l < least*0.5 {
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
	lo, hi := a, a
	for _, end := range []struct {
		p vec
		r float64
	}{{a, ra}, {b, rb}} {
		lo = vec{min(lo.x, end.p.x-end.r), min(lo.y, end.p.y-end.r), min(lo.z, end.p.z-end.r)}
		hi = vec{max(hi.x, end.p.x+end.r), max(hi.y, end.p.y+end.r), max(hi.z, end.p.z+end.r)}
	}
	ab := b.sub(a)
	return &solid{lo, hi, 0.9, func(p vec) float64 {
		t := clamp01(p.sub(a).dot(ab) / ab.dot(ab))
		return p.sub(a.along(ab, t)).len() - lerp(ra, rb, t)
	}}
}
