package main

import "math"

// This file turns profiles into bowls, bottles and glasses.

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
	n0, n1 rz
}

// crease is the least cosine between two segments of a profile that count as one curve.
const crease = 0.75

// rz is a point of a profile: radius and height.
type rz = [2]float64

// turned is the lathe of a polyline.
func turned(points []rz) *lathe {
	l := &lathe{span: 2 * math.Pi}
	flat := make([]rz, len(points)-1) // normals of the segments
	for i := range flat {
		dr, dy := points[i+1][0]-points[i][0], points[i+1][1]-points[i][1]
		s := 1 / math.Hypot(dr, dy)
		flat[i] = rz{dy * s, -dr * s}
	}
	shared := func(a, b rz) rz {
		c := a[0]*b[0] + a[1]*b[1]
		if c < crease {
			return a
		}
		s := 1 / math.Sqrt(2+2*c)
		return rz{(a[0] + b[0]) * s, (a[1] + b[1]) * s}
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
func curve(steps int, points []rz) []rz {
	at := func(i int) rz { return points[min(max(i, 0), len(points)-1)] }
	out := []rz{points[0]}
	for i := range len(points) - 1 {
		a, b, c, d := at(i-1), at(i), at(i+1), at(i+2)
		if b == c {
			continue
		}
		for s := 1; s <= steps; s++ {
			t := float64(s) / float64(steps)
			var p rz
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
	t0, t1, ok := roots(qa, qb, qc)
	if !ok {
		return far
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
	best, n := math.Inf(1), rz{}
	for i := range len(l.profile) - 1 {
		t, er, ey := l.project(i, r, p.y)
		if e := er*er + ey*ey; e < best {
			best = e
			a := &l.profile[i]
			n = rz{lerp(a.n0[0], a.n1[0], t), lerp(a.n0[1], a.n1[1], t)}
		}
	}
	if r < 1e-9 {
		return vec{0, math.Copysign(1, n[1]), 0}
	}
	return vec{n[0] * p.x / r, n[1], n[0] * p.z / r}.unit()
}

// project is where along segment i, from 0 to 1, the profile is nearest to (r, y), and the
// way from there to (r, y).
func (l *lathe) project(i int, r, y float64) (t, dr, dy float64) {
	a, b := &l.profile[i], &l.profile[i+1]
	ar, ay := b.r-a.r, b.y-a.y
	t = clamp01(((r-a.r)*ar + (y-a.y)*ay) / (ar*ar + ay*ay))
	return t, r - a.r - t*ar, y - a.y - t*ay
}

// away is the way from the nearest point of the profile to (r, y).
func (l *lathe) away(r, y float64) (dr, dy float64) {
	best := math.Inf(1)
	for i := range len(l.profile) - 1 {
		_, er, ey := l.project(i, r, y)
		if e := er*er + ey*ey; e < best {
			best, dr, dy = e, er, ey
		}
	}
	return dr, dy
}
