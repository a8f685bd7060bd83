package main

import (
	"math"
	"testing"
)

// average is the mean of n values that f makes of independent samplers.
func average(n int, f func(rnd *sampler) float64) float64 {
	sum := 0.0
	for i := range n {
		sum += f(newSampler(3, 5, 7, i))
	}
	return sum / float64(n)
}

// In a room that is equally bright everywhere, a convex body shines with its albedo, and
// glass that absorbs nothing cannot be seen.
func TestFurnace(t *testing.T) {
	glass := medium{index: 1.5}
	for _, c := range []struct {
		name string
		look material
		want float64
		slip float64
	}{
		{"chalk", plain(grey(0.6), 0, 1), 0.6, 1e-9},
		// Of all light, 0.42 comes back and 0.18 goes in, of which each wall lets out 0.18 and keeps in 0.42.
		{"leaf", func(p, n vec, fine bool) finish { return finish{body: grey(0.6), thin: 0.3} }, 0.42 + 0.18*0.18/(1-0.42), 0.01},
		{"glass", between(&glass, &air), 1, 1e-9},
	} {
		s := &scene{sky: func(vec) rgb { return grey(1) }}
		s.add(at(0, 0, 0), ball{grey(1)}, c.look)
		s.build()
		got := average(20000, func(rnd *sampler) float64 {
			return s.radiance(vec{0.3, 0.4, 5}, vec{0, 0, -1}, rnd).y
		})
		if math.Abs(got-c.want) > c.slip {
			t.Errorf("%s shines with %.4f, want %.4f ± %g", c.name, got, c.want, c.slip)
		}
	}
}

// No coat gives back more light than it gets, and drawing directions by draw measures the
// same as drawing them evenly.
func TestScatterKeepsEnergy(t *testing.T) {
	for _, f := range []finish{
		{body: grey(1), f0: 0.04, rough: 0.3},
		{body: grey(1), f0: 0.04, rough: 0.9},
		{body: grey(1), rough: 0.3, metal: true},
		{body: grey(1), rough: 0.7, metal: true},
	} {
		for _, c := range []float64{0.2, 0.6, 1} {
			out := vec{math.Sqrt(1 - c*c), 0, c}
			drawn := average(60000, func(rnd *sampler) float64 {
				u, v := rnd.next()
				w, _ := rnd.next()
				in := f.draw(out, u, v, w)
				light, density := f.scatter(out, in)
				if density == 0 {
					return 0
				}
				return light.y / density
			})
			even := average(200000, func(rnd *sampler) float64 {
				in := onSphere(rnd.next())
				light, _ := f.scatter(out, in)
				return light.y * 4 * math.Pi
			})
			if drawn > 1.001 {
				t.Errorf("%+v at cosine %g gives back %.4f", f, c, drawn)
			}
			if math.Abs(drawn-even) > 0.02 {
				t.Errorf("%+v at cosine %g gives back %.4f by draw and %.4f by even directions", f, c, drawn, even)
			}
		}
	}
}

// The density of draw is that of its directions: it sums to the share that goes up.
func TestDensityIsOne(t *testing.T) {
	f := finish{body: grey(0.5), f0: 0.04, rough: 0.4, thin: 0.25}
	out := vec{0.6, 0, 0.8}
	got := average(400000, func(rnd *sampler) float64 {
		_, density := f.scatter(out, onSphere(rnd.next()))
		return density * 4 * math.Pi
	})
	if got < 0.97 || got > 1.005 {
		t.Errorf("density sums to %.4f, want 1 less the few facets that reflect downwards", got)
	}
}

// A ball of radius r and radiance L at height h over chalk lights the point below it with
// albedo·L·(r/h)², however the light is found.
func TestLampLightsByItsSolidAngle(t *testing.T) {
	const r, h, glow, albedo = 2.0, 10.0, 3.0, 0.5
	s := &scene{sky: func(vec) rgb { return rgb{} }}
	s.add(at(0, -1, 0), block{vec{50, 1, 50}}, plain(grey(albedo), 0, 1))
	s.shine(&light{place: at(0, h, 0), r: r, glow: func(x, y float64) rgb { return grey(glow) }})
	s.build()
	got := average(20000, func(rnd *sampler) float64 {
		return s.radiance(vec{0, 1, 3}, vec{0, -1, -3}.unit(), rnd).y
	})
	if want := albedo * glow * r * r / (h * h); math.Abs(got-want) > 0.002*want {
		t.Errorf("radiance %.5f, want %.5f", got, want)
	}
}

func TestFresnelAtTheEnds(t *testing.T) {
	if got := fresnel(1, 1.5); math.Abs(got-0.04) > 1e-12 {
		t.Errorf("glass reflects %g straight on, want 0.04", got)
	}
	if got := fresnel(1e-9, 1.5); got < 0.999 {
		t.Errorf("glass reflects %g at grazing, want 1", got)
	}
	if got := fresnel(0.5, 1/1.5); got != 1 {
		t.Errorf("glass reflects %g beyond the critical angle from within, want 1", got)
	}
}

func TestGlassBendsBySnellsLaw(t *testing.T) {
	glass := medium{index: 1.5}
	b := boundary{inside: &glass, outside: &air}
	for _, sin := range []float64{0, 0.3, 0.9} {
		for i := range 50 {
			way, in := b.split(vec{sin, math.Sqrt(1 - sin*sin), 0}, vec{0, 1, 0}, newSampler(1, 2, 3, i))
			if in != &glass {
				continue // reflected
			}
			if got := -way.x * glass.index; math.Abs(got-sin) > 1e-12 || way.y >= 0 {
				t.Errorf("light from sine %g goes on along %v in glass: n·sine %g", sin, way, got)
			}
		}
	}
}

// The first 16 samples of a pixel fall one into each of 16 boxes, whatever their shape.
func TestSamplesFillTheSquare(t *testing.T) {
	for _, wide := range []int{1, 2, 4, 8, 16} {
		high := 16 / wide
		for pair := range 5 {
			boxes := make([]int, 16)
			for i := range 16 {
				rnd := newSampler(1, 20, 30, i)
				var u, v float64
				for range pair + 1 {
					u, v = rnd.next()
				}
				boxes[int(u*float64(wide))*high+int(v*float64(high))]++
			}
			for b, n := range boxes {
				if n != 1 {
					t.Fatalf("pair %d: box %d of %d × %d holds %d of 16 samples, want 1", pair, b, wide, high, n)
				}
			}
		}
	}
}

func TestLevelsComeBack(t *testing.T) {
	for i := range 256 {
		if got := level(toLinear(float64(i) / 255)); int(got) != i {
			t.Errorf("level %d comes back as %d", i, got)
		}
	}
}
