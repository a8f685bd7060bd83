package main

import (
	"image/color"
	"math"
)

// This file follows light backwards from the eye: unidirectional path tracing with
// next-event estimation and multiple importance sampling (Veach, 1997).

const (
	nudge     = 2e-3 // centimetres a new ray starts off its surface
	farthest  = 1e4
	longest   = 14 // most surfaces on a path
	brightest = 6  // a path whose light was scattered twice gives no more than this
)

// spot is a place where a path met a surface, in the coordinates of the object.
type spot struct {
	ob    *object
	p     vec   // in the world
	n     vec   // normal of the shape, on the side of the path
	stand frame // of scattering: its z is the normal that the texture bends
	out   vec   // back along the path, in stand
	finish
}

// radiance is the light that comes to o against d by one random path.
func (s *scene) radiance(o, d vec, rnd *sampler) rgb {
	var sum rgb
	weight := grey(1)
	inside := &air
	first, fine := true, true // through nothing but glass so far; nor by anything but smooth metal
	behind := false           // glass was the last surface
	var density float64       // of d, when it was not
	for depth := range longest {
		ob, t := s.meet(o, d, 0, farthest)
		if ob == nil {
			return sum.add(weight.mul(s.sky(d)))
		}
		weight = weight.mul(inside.pass(t))
		if ob.light != nil {
			glow, aimed := ob.light.seen(o, d, t)
			switch {
			case first:
				sum = sum.add(weight.mul(glow))
			case !behind: // light behind glass is clearness's
				sum = sum.add(capped(weight.mul(glow).scale(heavier(density, aimed)), depth))
			}
			return sum
		}
		sp := arrive(ob, o.along(d, t), d, fine)
		if sp.glass != nil {
			out := ob.place.in(d.neg())
			var bent vec
			bent, inside = sp.glass.split(out, sp.n, rnd)
			o, d = off(ob, sp.p, sp.n, bent), ob.place.out(bent)
			behind = true
			continue
		}
		sum = sum.add(s.direct(&sp, weight, depth, rnd))

		u, v := rnd.next()
		w, stop := rnd.next()
		in := sp.draw(sp.out, u, v, w)
		var scattered rgb
		scattered, density = sp.scatter(sp.out, in)
		way := sp.stand.out(in)
		if density == 0 || !sp.agree(way, in) {
			return sum
		}
		weight = weight.mul(scattered).scale(1 / density)
		if depth > 1 { // Russian roulette
			live := min(weight.max(), 0.95)
			if stop >= live {
				return sum
			}
			weight = weight.scale(1 / live)
		}
		first, behind = false, false
		fine = fine && sp.metal && sp.rough < 0.2
		o, d = off(ob, sp.p, sp.n, way), ob.place.out(way)
	}
	return sum
}

// arrive is the spot at a point p of ob, reached along d.
func arrive(ob *object, p, d vec, fine bool) spot {
	local := ob.place.within(p)
	n := ob.shape.normal(local)
	sp := spot{ob: ob, p: p, n: n, finish: ob.look(local, n, fine)}
	if sp.glass != nil {
		return sp // whose normal tells inside from outside
	}
	out := ob.place.in(d.neg())
	bent := sp.finish.n
	if bent == (vec{}) {
		bent = n
	}
	if out.dot(n) < 0 {
		sp.n, bent = n.neg(), bent.neg()
	}
	if c := out.dot(bent); c < 0.01 { // a bump must not turn its back on the path
		bent = bent.along(out, 0.01-c).unit()
	}
	f := facing(vec{}, bent)
	sp.stand = frame{f.x, f.z.neg(), f.y, vec{}}
	sp.out = sp.stand.in(out)
	return sp
}

// agree tells whether a direction, in stand and in the object's coordinates, lies on the
// same side of the bent normal and of the shape.
func (sp *spot) agree(way, in vec) bool { return (way.dot(sp.n) < 0) == (in.z < 0) }

// direct is what comes to the eye from the lights by way of sp and a path of some weight.
func (s *scene) direct(sp *spot, weight rgb, depth int, rnd *sampler) (sum rgb) {
	for _, l := range s.lights {
		u, v := rnd.next()
		to, dist, glow, aimed := l.aim(sp.p, u, v)
		if aimed == 0 {
			continue
		}
		way := sp.ob.place.in(to)
		in := sp.stand.in(way)
		part, own := sp.scatter(sp.out, in)
		if part.max() == 0 || !sp.agree(way, in) {
			continue
		}
		light := glow.mul(part).mul(weight).scale(heavier(aimed, own) / aimed)
		if light.max() > 0 {
			sum = sum.add(capped(light.mul(s.clearness(off(sp.ob, sp.p, sp.n, way), to, dist, l)), depth))
		}
	}
	return sum
}

// heavier is the balance heuristic: the share of an estimate by density a where b could
// have drawn the same.
func heavier(a, b float64) float64 { return a / (a + b) }

// capped limits light that came by more than one surface, so that a rare bright path does
// not stand out as a white dot.
func capped(light rgb, depth int) rgb {
	if m := light.max(); depth > 1 && m > brightest {
		return light.scale(brightest / m)
	}
	return light
}

// pass is the share of light that is left after some distance in m.
func (m *medium) pass(dist float64) rgb {
	if m.absorb == (rgb{}) {
		return grey(1)
	}
	return m.absorb.apply(func(a float64) float64 { return math.Exp(-a * dist) })
}

// off is the start of a ray from p in direction d, both the object's own but p: a little
// to the side of the surface that the ray goes to.
func off(ob *object, p, n, d vec) vec {
	return p.along(ob.place.out(n), math.Copysign(nudge, n.dot(d)))
}

// split reflects or refracts a path that came against out, by chance in proportion to
// Fresnel's law, and tells the medium it is in then.
func (b *boundary) split(out, n vec, rnd *sampler) (vec, *medium) {
	from, to := b.outside, b.inside
	c := out.dot(n)
	if c < 0 {
		n, c, from, to = n.neg(), -c, to, from
	}
	eta := to.index / from.index
	u, _ := rnd.next()
	if u < fresnel(c, eta) {
		return n.scale(2 * c).sub(out), from
	}
	t := math.Sqrt(1 - (1-c*c)/(eta*eta))
	return out.scale(-1/eta).along(n, c/eta-t).unit(), to
}

// clearness is the share of light that comes straight to p from l, along d over a distance:
// glass dims and tints it but, as in most renderers, does not bend it.
func (s *scene) clearness(p, d vec, dist float64, l *light) rgb {
	pass := grey(1)
	inside := &air
	for {
		ob, t := s.meet(p, d, 0, dist-2*nudge)
		pass = pass.mul(inside.pass(t))
		if ob == nil || ob.light == l {
			return pass
		}
		if ob.light != nil {
			return rgb{}
		}
		at := p.along(d, t)
		local := ob.place.within(at)
		n := ob.shape.normal(local)
		f := ob.look(local, n, false)
		if f.glass == nil {
			return rgb{}
		}
		c := -ob.place.in(d).dot(n)
		from, to := f.glass.outside, f.glass.inside
		if c < 0 {
			from, to = to, from
		}
		pass = pass.scale(1 - fresnel(math.Abs(c), max(to.index/from.index, from.index/to.index)))
		inside = to
		p, dist = off(ob, at, n, ob.place.in(d)), dist-t
	}
}

// camera is a thin lens.
type camera struct {
	place    frame   // looks along -z
	tangent  float64 // of half the horizontal angle of view
	aperture float64 // radius of the lens, centimetres
	focus    float64 // distance that is sharp, centimetres
}

// look is the camera at eye that looks at target, level.
func look(eye, target vec, degrees, aperture, focus float64) camera {
	back := eye.sub(target).unit()
	right := vec{0, 1, 0}.cross(back).unit()
	return camera{frame{right, back.cross(right), back, eye}, math.Tan(degrees * math.Pi / 360), aperture, focus}
}

// ray is a random ray through pixel (x, y) of a picture of w by h. Samples spread over a
// tent two pixels wide, which keeps edges smooth and noise independent from pixel to pixel.
func (c *camera) ray(x, y, w, h int, rnd *sampler) (o, d vec) {
	tent := func(u float64) float64 {
		if u < 0.5 {
			return math.Sqrt(2*u) - 1
		}
		return 1 - math.Sqrt(2-2*u)
	}
	u, v := rnd.next()
	step := 2 * c.tangent / float64(w)
	px := (float64(x) + 0.5 + tent(u) - float64(w)/2) * step
	py := (float64(h)/2 - float64(y) - 0.5 - tent(v)) * step
	target := vec{px, py, -1}.scale(c.focus)

	u, v = rnd.next()
	r := c.aperture * math.Sqrt(u)
	sin, cos := math.Sincos(2 * math.Pi * v)
	lens := vec{r * cos, r * sin, 0}
	return c.place.point(lens), c.place.out(target.sub(lens).unit())
}

// photograph is what the camera sees on film w pixels wide, n paths to a pixel.
func (s *scene) photograph(c camera, w, n int, seed uint64) drawing {
	h := w * 2 / 3
	return drawing{w, h, func(x, y int) color.NRGBA {
		var sum rgb
		for i := range n {
			rnd := newSampler(seed, x, y, i)
			o, d := c.ray(x, y, w, h, rnd)
			sum = sum.add(s.radiance(o, d, rnd))
		}
		return opaque(sum.scale(1 / float64(n)).apply(film))
	}}
}
