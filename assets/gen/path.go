package main

import "math"

// This file follows light backwards from the eye: unidirectional path tracing with
// next-event estimation and multiple importance sampling (Veach, 1997).

const (
	nudge     = 2e-3 // centimetres a new ray starts off its surface
	farthest  = 1e4
	longest   = 14 // most surfaces on a path
	brightest = 12 // a path whose light was scattered twice gives no more than this
)

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
		if inside.absorb != (rgb{}) {
			weight = weight.mul(fadeOut(inside.absorb, t))
		}
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
		p := o.along(d, t)
		local := ob.place.within(p)
		n := ob.shape.normal(local)
		f := ob.look(local, n, fine)
		out := ob.place.in(d.neg())

		if f.glass != nil {
			var bent vec
			bent, inside = f.glass.pass(out, n, rnd)
			o, d = off(ob, p, n, bent), ob.place.out(bent)
			behind = true
			continue
		}
		// The frame of scattering stands on the side the path came from.
		base := f.n
		if base == (vec{}) {
			base = n
		}
		if out.dot(n) < 0 {
			n, base = n.neg(), base.neg()
		}
		if out.dot(base) < 0.01 {
			base = base.along(out, 0.01-out.dot(base)).unit()
		}
		stand := facing(vec{}, base)
		stand.y, stand.z = stand.z.neg(), stand.y
		out = stand.in(out)

		for _, l := range s.lights {
			u, v := rnd.next()
			to, dist, glow, aimed := l.aim(p, u, v)
			if aimed == 0 || glow == (rgb{}) {
				continue
			}
			in := ob.place.in(to)
			f, own := f.scatter(out, stand.in(in))
			if f == (rgb{}) || (in.dot(n) < 0) != (stand.in(in).z < 0) {
				continue
			}
			glow = glow.mul(f).mul(weight).mul(s.clearness(off(ob, p, n, in), to, dist))
			sum = sum.add(capped(glow.scale(heavier(aimed, own)/aimed), depth))
		}

		u, v := rnd.next()
		w, stop := rnd.next()
		in := f.draw(out, u, v, w)
		var scattered rgb
		scattered, density = f.scatter(out, in)
		way := stand.out(in)
		if density == 0 || (way.dot(n) < 0) != (in.z < 0) {
			return sum
		}
		weight = weight.mul(scattered).scale(1 / density)
		first, behind = false, false
		fine = fine && f.metal && f.rough < 0.2
		if depth > 2 { // Russian roulette
			live := min(weight.max(), 0.95)
			if stop >= live {
				return sum
			}
			weight = weight.scale(1 / live)
		}
		o, d = off(ob, p, n, way), ob.place.out(way)
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

func fadeOut(absorb rgb, length float64) rgb {
	return absorb.apply(func(a float64) float64 { return math.Exp(-a * length) })
}

// off is the start of a ray from p in direction d, both the object's own but p: a little
// to the side of the surface that the ray goes to.
func off(ob *object, p, n, d vec) vec {
	return p.along(ob.place.out(n), math.Copysign(nudge, n.dot(d)))
}

// pass reflects or refracts a path that leaves a boundary against out (away from it), by
// chance in proportion to Fresnel's law, and tells the medium it is in then.
func (b *boundary) pass(out, n vec, rnd *sampler) (vec, *medium) {
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

// clearness is the share of light that comes straight from p along d over a distance:
// glass dims and tints it but, as in most renderers, does not bend it.
func (s *scene) clearness(p, d vec, dist float64) rgb {
	pass := grey(1)
	inside := &air
	for {
		ob, t := s.meet(p, d, 0, dist-2*nudge)
		if inside.absorb != (rgb{}) {
			pass = pass.mul(fadeOut(inside.absorb, t))
		}
		if ob == nil {
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

// expose averages n paths through every pixel: linear light before the film.
func (s *scene) expose(c camera, w, h, n, workers int, seed uint64) *canvas {
	return paint(w, h, workers, func(x, y int) rgb {
		var sum rgb
		for i := range n {
			rnd := newSampler(seed, x, y, i)
			o, d := c.ray(x, y, w, h, rnd)
			sum = sum.add(s.radiance(o, d, rnd))
		}
		return sum.scale(1 / float64(n))
	})
}
