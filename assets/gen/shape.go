package main

import "math"

// This file says what a ray can meet, with two examples, each about its own origin.

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
	t0, t1, ok := roots(d.dot(d), o.dot(d), o.dot(o)-1)
	if !ok {
		return far
	}
	return firstIn(t0, t1, near, far)
}

func (b ball) normal(p vec) vec {
	return vec{p.x / (b.r.x * b.r.x), p.y / (b.r.y * b.r.y), p.z / (b.r.z * b.r.z)}.unit()
}

// roots are the real roots of a·t² + 2b·t + c, the lesser first.
func roots(a, b, c float64) (t0, t1 float64, ok bool) {
	disc := b*b - a*c
	if disc < 0 {
		return 0, 0, false
	}
	q := -b - math.Copysign(math.Sqrt(disc), b)
	t0, t1 = q/a, c/q
	return min(t0, t1), max(t0, t1), true
}

// firstIn is the first of t0 < t1 in (near, far), or far.
func firstIn(t0, t1, near, far float64) float64 {
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
	if in > out {
		return far
	}
	return firstIn(in, out, near, far)
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
