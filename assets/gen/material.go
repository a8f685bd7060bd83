package main

import "math"

// This file holds what happens to light where it meets a surface.

// material describes a surface of a given object at a point p with outward normal n, both
// in the object's own coordinates. fine is false where detail cannot be seen any more.
type material func(p, n vec, fine bool) finish

// finish is a surface at one point: a diffuse body under a clear coat, a metal, or the
// boundary between two clear media.
type finish struct {
	body  rgb     // diffuse albedo; of a metal, its reflectance straight on
	f0    float64 // reflectance of the coat straight on; 0: no coat
	rough float64 // GGX α of the coat or metal
	metal bool
	thin  float64   // share of the diffuse light that goes through, for leaves and paper
	glass *boundary // not nil: clear, and only this counts
	n     vec       // normal, if the texture bends it; zero if not
}

// medium is what fills a clear body.
type medium struct {
	index  float64 // of refraction
	absorb rgb     // per centimetre
}

var air = medium{index: 1}

// boundary is the surface between two media, smooth.
type boundary struct{ inside, outside *medium }

// between is the material of a boundary.
func between(inside, outside *medium) material {
	f := finish{glass: &boundary{inside, outside}}
	return func(p, n vec, fine bool) finish { return f }
}

// bump bends the normal n as if height (centimetres) raised the surface about p; e is the
// distance over which the slope is taken.
func bump(p, n vec, e float64, height func(p vec) float64) vec {
	h := height(p)
	g := vec{
		height(vec{p.x + e, p.y, p.z}) - h,
		height(vec{p.x, p.y + e, p.z}) - h,
		height(vec{p.x, p.y, p.z + e}) - h,
	}.scale(1 / e)
	return n.sub(g.along(n, -g.dot(n))).unit()
}

// fresnel is the share of unpolarised light reflected by the boundary, of relative index
// eta = n₂/n₁, met at cosine c; 1 beyond the critical angle.
func fresnel(c, eta float64) float64 {
	s2 := (1 - c*c) / (eta * eta)
	if s2 >= 1 {
		return 1
	}
	t := math.Sqrt(1 - s2)
	par := (eta*c - t) / (eta*c + t)
	per := (c - eta*t) / (c + eta*t)
	return (par*par + per*per) / 2
}

// schlick is the reflectance at cosine c of a surface that reflects f0 straight on.
func schlick(f0, c float64) float64 {
	k := 1 - clamp01(c)
	return f0 + (1-f0)*k*k*k*k*k
}

// gloss tells how likely a path takes the mirror-like lobe, seen from cosine c.
func (f *finish) gloss(c float64) float64 {
	switch {
	case f.metal:
		return 1
	case f.f0 == 0:
		return 0
	}
	k := schlick(f.f0, c)
	return min(max(k/(k+(1-k)*f.body.luminance()), 0.1), 0.9)
}

// scatter is the light scattered from direction in to direction out, both unit and away
// from the surface in the frame whose z is the normal, times the cosine of in; and the
// density with which draw would have chosen in.
func (f *finish) scatter(out, in vec) (rgb, float64) {
	g := f.gloss(out.z)
	if in.z <= 0 {
		if f.thin == 0 {
			return rgb{}, 0
		}
		c := -in.z / math.Pi
		return f.body.scale(c * f.thin), c * f.thin * (1 - g)
	}
	diffuse := in.z / math.Pi
	density := (1 - g) * (1 - f.thin) * diffuse
	if g == 0 {
		return f.body.scale((1 - f.thin) * diffuse), density
	}
	h := out.add(in).unit()
	mask, lobe := f.ggx(out, in, h)
	density += g * lobe
	c := h.dot(in)
	if f.metal {
		return f.body.apply(func(f0 float64) float64 { return schlick(f0, c) }).scale(mask), density
	}
	under := (1 - schlick(f.f0, in.z)) * (1 - schlick(f.f0, out.z)) * (1 - f.thin) * diffuse
	return f.body.scale(under).add(grey(schlick(f.f0, c) * mask)), density
}

// ggx is the microfacet term D·G₂/(4·cos) of the GGX distribution (Walter et al., EGSR
// 2007), and the density of draw's mirror lobe.
func (f *finish) ggx(out, in, h vec) (term, density float64) {
	a2 := f.rough * f.rough
	q := h.z*h.z*(a2-1) + 1
	d := a2 / (math.Pi * q * q)
	root := func(c float64) float64 { return math.Sqrt(a2 + (1-a2)*c*c) }
	ro, ri := root(out.z), root(in.z)
	term = d * in.z / (2 * (in.z*ro + out.z*ri))
	return term, d / (2 * (out.z + ro))
}

// draw chooses the direction a path goes on from out, by three uniform numbers.
func (f *finish) draw(out vec, u, v, w float64) vec {
	g := f.gloss(out.z)
	if w < g {
		h := f.facet(out, u, v)
		return h.scale(2 * h.dot(out)).sub(out)
	}
	r := math.Sqrt(u)
	sin, cos := math.Sincos(2 * math.Pi * v)
	in := vec{r * cos, r * sin, math.Sqrt(max(0, 1-u))}
	if (w-g)/(1-g) < f.thin {
		in.z = -in.z
	}
	return in
}

// facet draws a microfacet normal among those visible from out (Dupuy and Benyoub,
// Sampling Visible GGX Normals with Spherical Caps, HPG 2023).
func (f *finish) facet(out vec, u, v float64) vec {
	o := vec{f.rough * out.x, f.rough * out.y, out.z}.unit()
	z := (1-u)*(1+o.z) - o.z
	r := math.Sqrt(clamp01(1 - z*z))
	sin, cos := math.Sincos(2 * math.Pi * v)
	h := vec{r*cos + o.x, r*sin + o.y, z + o.z}
	return vec{f.rough * h.x, f.rough * h.y, max(h.z, 1e-9)}.unit()
}
