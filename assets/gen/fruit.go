package main

import (
	"math"
	"math/rand/v2"
)

// This file grows the fruit and fills the bowl.

// bowlAt is where the bowl stands.
var bowlAt = vec{5.5, 0.25, -3}

// bowlOfFruit is a bowl of stoneware right of the middle, fruit in it, grapes over its rim
// and half an orange against it.
func (s *scene) bowlOfFruit(rng *rand.Rand) {
	profile := append(
		curve(6, []rz{{0, 0.35}, {4.1, 0.35}, {4.1, 0.35}, {4.3, 0}, {4.3, 0},
			{4.9, 0.1}, {5.2, 0.9}, {8.6, 3.2}, {11, 6.4}, {11.5, 7.6}, {11.25, 7.95}}),
		curve(6, []rz{{10.95, 7.7}, {10.4, 6.4}, {8.1, 3.6}, {4.5, 1.5}, {0, 1.1}})...)
	bowl := turned(profile)
	in := func(x, y, z float64) frame { return at(bowlAt.x+x, bowlAt.y+y, bowlAt.z+z) }
	s.add(in(0, 0, 0), bowl, speckled(7.9))

	orange := rind(hex(0xEE7A0C), hex(0xF29A2B), 3.1)
	lemon := rind(hex(0xF2C81E), hex(0xE3C83F), 2.7)
	s.add(in(-4.9, 6.4, 2.6).turn('z', 30).turn('x', 24), citrus(3.75), orange)
	s.add(in(5.5, 6.7, -2.2).turn('z', -20), citrus(3.6), orange)
	s.add(in(-2.6, 6.6, -4.7), citrus(3.7), orange)
	s.add(in(2.2, 8.4, -4.6), citrus(3.4), orange)
	s.add(in(4.9, 6.5, 4.2).turn('z', -62).turn('x', 35), lemonShape(), lemon)

	f := in(0.2, 6.2, 5.6).turn('x', 18).turn('z', -12)
	s.add(f, appleShape(), apple)
	s.add(f, rod(vec{0, 1.9, 0}, vec{0.4, 4.1, 0.1}, 0.11, 0.17), bark)
	f = in(0.9, 10.4, 0.6).turn('y', 24).turn('z', 66)
	s.add(f, pearShape(), pear)
	s.add(f, rod(vec{0, 5.7, 0}, vec{0.7, 7.7, 0.2}, 0.15, 0.22), bark)

	whole := citrus(3.55)
	half := &solid{grey(-3.75), vec{3.75, 0.02, 3.75}, 0.8, func(p vec) float64 { return max(whole.dist(p), p.y) }}
	s.add(at(3.2, 3.35, 9.9).turn('y', -6).turn('x', 66), half, pulp(3.55, orange))

	s.grapes(bowl, []orb{
		{in(-4.9, 6.4, 2.6).o, 3.75}, {in(-2.6, 6.6, -4.7).o, 3.7}, {in(0.9, 10.4, 0.6).o, 3.5},
	}, rng)
}

// orb is a ball that things can rest on.
type orb struct {
	o vec
	r float64
}

// grapes hang on their stalk over the left of the rim down to the cloth.
func (s *scene) grapes(bowl *lathe, fruit []orb, rng *rand.Rand) {
	stalk := func(t float64) vec {
		a := lerp(-1.75, -1.05, t)
		r := lerp(5.5, 13.6, smooth(0, 0.62, t))
		y := lerp(10.6, 1.4, smooth(0.3, 1, t))
		return bowlAt.add(vec{r * math.Sin(a), y, r * math.Cos(a)})
	}
	const n = 58
	var bunch []orb
	var stems []vec // where on the stalk each grape grows
	for i := range n {
		t := (float64(i) + 0.5) / n
		wide := 1.7 * math.Sqrt(math.Sin(math.Pi*(0.1+0.8*t)))
		aside := vec{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}.unit().scale(wide)
		stems = append(stems, stalk(t))
		bunch = append(bunch, orb{stalk(t).add(aside), 0.8 + 0.18*rng.Float64()})
	}
	rest := func(g orb) vec { // how far g must move to be out of bowl, table and fruit
		p := g.o.sub(bowlAt)
		r := math.Hypot(p.x, p.z)
		var push vec
		dr, dy := bowl.away(r, p.y)
		if far := math.Hypot(dr, dy); far < g.r {
			k := (g.r - far) / far
			push = vec{p.x / r * dr * k, dy * k, p.z / r * dr * k}
		}
		push.y += max(0, g.r+0.3-g.o.y-push.y)
		for _, f := range fruit {
			d := g.o.sub(f.o)
			push = push.along(d.unit(), max(0, g.r+f.r-d.len()))
		}
		return push
	}
	settle(bunch, stems, rest)
	for i, g := range bunch {
		f := at(g.o.x, g.o.y, g.o.z).turn('x', 360*rng.Float64()).turn('z', 90*rng.Float64())
		s.add(f, ball{vec{g.r, g.r * 1.08, g.r}}, grape)
		s.add(at(0, 0, 0), rod(stems[i], mix(stems[i], g.o, 0.8), 0.1, 0.07), stalkSkin)
		if i > 0 {
			s.add(at(0, 0, 0), rod(stems[i-1], stems[i], 0.17, 0.17), stalkSkin)
		}
	}
}

// settle lets balls sink by small steps until they lie on each other and on what rest
// pushes them out of, none farther from its stem than a stalk is long.
func settle(bunch []orb, stems []vec, rest func(orb) vec) {
	const steps, fall, stalk = 240, 0.02, 2.1
	for range steps {
		for i := range bunch {
			a := &bunch[i]
			a.o.y -= fall
			for k := range bunch {
				b := &bunch[k]
				d := b.o.sub(a.o)
				if lap := a.r + b.r - d.len(); k != i && lap > 0 {
					a.o = a.o.along(d.unit(), -lap/2)
					b.o = b.o.along(d.unit(), lap/2)
				}
			}
			if d := a.o.sub(stems[i]); d.len() > stalk {
				a.o = stems[i].along(d.unit(), stalk)
			}
			a.o = a.o.add(rest(*a))
		}
	}
}

// citrus is a ball with the small faults of a grown thing.
func citrus(r float64) *solid {
	return star(r*0.9, r*1.04, 0.8, func(u vec) float64 {
		pole := math.Exp(-(1 - math.Abs(u.y)) * 60)
		return r * (1 + 0.012*noise(u.scale(1.7)) - 0.025*u.y*u.y - 0.02*pole)
	})
}

func lemonShape() *solid {
	return star(2.3, 4.6, 0.7, func(u vec) float64 {
		tip := math.Exp(-(1 - math.Abs(u.y)) * 22)
		return 2.75 * (1 + 0.22*u.y*u.y + 0.34*tip + 0.02*noise(u.scale(2.1)))
	})
}

func appleShape() *solid {
	return star(1.2, 4, 0.6, func(u vec) float64 {
		lobes := 1 + 0.02*math.Cos(5*math.Atan2(u.x, u.z))*(0.4-u.y)
		dip := 0.42*math.Exp(-(1-u.y)*9) + 0.3*math.Exp(-(1+u.y)*14)
		return 3.6 * (1 + 0.05*u.y - dip) * lobes
	})
}

func pearShape() *solid {
	return star(2.6, 6.6, 0.5, func(u vec) float64 {
		neck := math.Exp(-(1-u.y)*6.2) - 0.1*math.Exp(-(1-u.y)*90)
		dip := 0.18 * math.Exp(-(1+u.y)*18)
		return 3.4 * (1 + 0.9*neck - dip + 0.03*noise(u.scale(2.3)))
	})
}
