package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The same ball, as an ellipsoid, turned on the lathe and by its distance, is met at the
// same place with the same normal.
func TestThreeBallsAreOne(t *testing.T) {
	const r, steps = 3.0, 400
	var profile []rz
	for i := range steps + 1 {
		sin, cos := math.Sincos(math.Pi * (float64(i)/steps - 0.5))
		profile = append(profile, rz{max(0, r*cos), r * sin})
	}
	want := ball{grey(r)}
	for name, got := range map[string]shape{
		"lathe": turned(profile),
		"star":  star(r, r, 1, func(vec) float64 { return r }),
		"flat":  flat{ball{vec{r, 2 * r, r}}, 0.5},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		for range 500 {
			o := onSphere(rng.Float64(), rng.Float64()).scale(8)
			d := onSphere(rng.Float64(), rng.Float64()).scale(0.9 * r).sub(o).unit()
			a, b := got.meet(o, d, 0, 100), want.meet(o, d, 0, 100)
			if math.Abs(a-b) > 5e-3 {
				t.Fatalf("%s is met at %.5f, a ball at %.5f", name, a, b)
			}
			if b == 100 {
				continue
			}
			p := o.along(d, b)
			if c := got.normal(p).dot(want.normal(p)); c < 0.9999 {
				t.Fatalf("%s: normals at %v differ, cosine %g", name, p, c)
			}
		}
	}
}

// The tree of boxes finds the object that a look at every one finds.
func TestTreeFindsTheFirst(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	s := &scene{}
	for range 60 {
		o := onSphere(rng.Float64(), rng.Float64()).scale(10 * rng.Float64())
		s.add(at(o.x, o.y, o.z).turn('x', 360*rng.Float64()).turn('z', 360*rng.Float64()),
			block{vec{0.2 + rng.Float64(), 0.2 + rng.Float64(), 0.2 + rng.Float64()}}, nil)
	}
	s.build()
	for range 2000 {
		o := onSphere(rng.Float64(), rng.Float64()).scale(15)
		d := onSphere(rng.Float64(), rng.Float64()).scale(6).sub(o).unit()
		want := math.Inf(1)
		for i := range s.objects {
			ob := &s.objects[i]
			want = min(want, ob.shape.meet(ob.place.within(o), ob.place.in(d), 0, want))
		}
		if _, got := s.meet(o, d, 0, math.Inf(1)); got != want {
			t.Fatalf("tree finds %g, every object %g", got, want)
		}
	}
}

func TestCrumbleKeepsSoilAndLevelsSlopes(t *testing.T) {
	const n = 40
	m := &terrain{grid{w: n, h: n, step: 1, v: make([]float64, n*n)}}
	m.v[n/2*n+n/2] = 30
	m.crumble(3000)
	sum, steepest := 0.0, 0.0
	for j := 1; j < n-1; j++ {
		for i := 1; i < n-1; i++ {
			k := j*n + i
			sum += m.v[k]
			steepest = max(steepest, math.Abs(m.v[k]-m.v[k+1]), math.Abs(m.v[k]-m.v[k+n]))
		}
	}
	if math.Abs(sum-30) > 1e-9 {
		t.Errorf("%g of 30 is left", sum)
	}
	if steepest > 1 {
		t.Errorf("steepest slope is %g, want at most 1", steepest)
	}
}
