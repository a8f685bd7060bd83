package main

import (
	"cmp"
	"math"
	"slices"
)

// This file holds objects in space and finds the first one along a ray.

// object is a shape, somewhere, of some material.
type object struct {
	place frame
	shape shape
	box   box // around it, in the world
	look  material
	light *light // nil unless it is one
}

// scene is what there is to see.
type scene struct {
	objects []object
	lights  []*light
	sky     func(d vec) rgb // light from where there is no object
	nodes   []node
}

// node is a box around objects[first:first+count], or around nodes first and first+1 when
// count is 0.
type node struct {
	box
	first, count int
}

// box has its sides along the axes.
type box struct{ lo, hi vec }

// area is half the surface of the box.
func (b box) area() float64 {
	d := b.hi.sub(b.lo)
	return d.x*d.y + d.y*d.z + d.z*d.x
}

func (s *scene) add(place frame, sh shape, look material) {
	s.objects = append(s.objects, object{place, sh, place.bounds(sh), look, nil})
}

// bounds is the box in the world around a shape at a place.
func (f frame) bounds(sh shape) box {
	l, h := sh.bounds()
	mid, half := f.point(mix(l, h, 0.5)), h.sub(l).scale(0.5)
	abs := func(v vec) vec { return v.apply(math.Abs) }
	half = abs(f.x).scale(half.x).add(abs(f.y).scale(half.y)).add(abs(f.z).scale(half.z)).add(grey(1e-6))
	return box{mid.sub(half), mid.add(half)}
}

// build sorts the objects into a tree of boxes.
func (s *scene) build() {
	s.nodes = []node{{}}
	s.split(0, 0, len(s.objects))
}

// split makes node i the tree of n objects from first on, cut where the sum over both
// sides of number times area is least: the chance that a ray has to look (Goldsmith and
// Salmon, IEEE CG&A, 1987).
func (s *scene) split(i, first, n int) {
	part := s.objects[first : first+n]
	whole := enclose(part)
	if n <= 2 {
		s.nodes[i] = node{whole, first, n}
		return
	}
	best, axis, cut := math.Inf(1), 0, 0
	for k := range 3 {
		sortAlong(part, k)
		for c := 1; c < n; c++ {
			cost := float64(c)*enclose(part[:c]).area() + float64(n-c)*enclose(part[c:]).area()
			if cost < best {
				best, axis, cut = cost, k, c
			}
		}
	}
	sortAlong(part, axis)
	kids := len(s.nodes)
	s.nodes = append(s.nodes, node{}, node{})
	s.nodes[i] = node{whole, kids, 0}
	s.split(kids, first, cut)
	s.split(kids+1, first+cut, n-cut)
}

// sortAlong sorts objects by the middle of their boxes along axis 0, 1 or 2.
func sortAlong(part []object, axis int) {
	slices.SortStableFunc(part, func(a, b object) int {
		p, q := a.box.lo.add(a.box.hi), b.box.lo.add(b.box.hi)
		return cmp.Compare([3]float64{p.x, p.y, p.z}[axis], [3]float64{q.x, q.y, q.z}[axis])
	})
}

// enclose is the box around all objects of part.
func enclose(part []object) box {
	b := part[0].box
	for _, o := range part[1:] {
		b = box{lower(b.lo, o.box.lo), upper(b.hi, o.box.hi)}
	}
	return b
}

// meet finds the first object in (near, far) along a ray; nil when there is none.
func (s *scene) meet(o, d vec, near, far float64) (*object, float64) {
	var found *object
	inv := reciprocal(d)
	var todo [64]int
	top := 1
	for top > 0 {
		top--
		n := &s.nodes[todo[top]]
		if in, out := clip(n.lo, n.hi, o, inv, near, far); in > out {
			continue
		}
		if n.count == 0 {
			todo[top], todo[top+1] = n.first+1, n.first
			top += 2
			continue
		}
		for k := n.first; k < n.first+n.count; k++ {
			ob := &s.objects[k]
			if t := ob.shape.meet(ob.place.within(o), ob.place.in(d), near, far); t < far {
				found, far = ob, t
			}
		}
	}
	return found, far
}

// light is a lamp: a rectangle one of whose sides shines, or a ball.
type light struct {
	place  frame                  // the rectangle lies in x and y and shines along z
	hx, hy float64                // its half-sides; 0 when it is a ball
	r      float64                // radius of the ball
	glow   func(x, y float64) rgb // radiance at a point of the rectangle; (0, 0) for a ball
}

// shine adds a light to the scene, as something to see and something to aim at.
func (s *scene) shine(l *light) {
	sh := shape(block{vec{l.hx, l.hy, 0.01}})
	if l.hx == 0 {
		sh = ball{grey(l.r)}
	}
	s.objects = append(s.objects, object{l.place, sh, l.place.bounds(sh), nil, l})
	s.lights = append(s.lights, l)
}

// aim draws a direction from p towards l by two uniform numbers: the unit direction, the
// distance, the radiance, and the density over solid angle (0 when l is not seen).
func (l *light) aim(p vec, u, v float64) (d vec, dist float64, glow rgb, density float64) {
	if l.hx == 0 {
		to := l.place.o.sub(p)
		far := to.len()
		if far <= l.r {
			return to, 0, rgb{}, 0
		}
		edge := math.Sqrt(1 - l.r*l.r/(far*far))
		c := 1 - u*(1-edge)
		sn := math.Sqrt(max(0, 1-c*c))
		sin, cos := math.Sincos(2 * math.Pi * v)
		d = facing(vec{}, to).out(vec{sn * cos, c, sn * sin})
		b := d.dot(to)
		dist = b - math.Sqrt(max(0, l.r*l.r-far*far+b*b))
		return d, dist, l.glow(0, 0), 1 / (2 * math.Pi * (1 - edge))
	}
	x, y := (2*u-1)*l.hx, (2*v-1)*l.hy
	to := l.place.point(vec{x, y, 0.01}).sub(p)
	dist = to.len()
	d = to.scale(1 / dist)
	c := -d.dot(l.place.z)
	if c <= 0 {
		return d, dist, rgb{}, 0
	}
	return d, dist, l.glow(x, y), dist * dist / (c * 4 * l.hx * l.hy)
}

// seen is the radiance towards a ray from p along d that met l at distance dist, and the
// density with which aim would have drawn that direction.
func (l *light) seen(p, d vec, dist float64) (glow rgb, density float64) {
	if l.hx == 0 {
		far := l.place.o.sub(p).len()
		return l.glow(0, 0), 1 / (2 * math.Pi * (1 - math.Sqrt(max(0, 1-l.r*l.r/(far*far)))))
	}
	c := -d.dot(l.place.z)
	if c <= 0 {
		return rgb{}, 0
	}
	at := l.place.within(p.along(d, dist))
	return l.glow(at.x, at.y), dist * dist / (c * 4 * l.hx * l.hy)
}
