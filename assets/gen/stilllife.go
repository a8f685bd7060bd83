package main

import (
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/gofont/gosmallcaps"
)

// This file lays the table: x to the right, y up, z towards the viewer, the table top at
// y = 0.

var (
	soda = medium{index: 1.52, absorb: rgb{0.03, 0.012, 0.022}}
	wet  = medium{index: 1.33, absorb: rgb{0.006, 0.002, 0.001}}
	oil  = medium{index: 1.47, absorb: rgb{0.035, 0.055, 0.42}}
)

// stillLife is the scene and the camera in front of it; rng decides where leaves, grapes
// and nuts lie.
func stillLife(rng *rand.Rand) (*scene, camera) {
	s := &scene{sky: room}
	s.shine(&light{place: at(-82, 46, 2).turn('y', 90), hx: 44, hy: 36, glow: window})
	s.shine(&light{place: at(66, 44, 18), r: 6, glow: func(x, y float64) rgb { return rgb{1, 0.52, 0.2}.scale(52) }})

	s.add(at(0, -2, 0), block{vec{140, 2, 46}}, table(12.5, hex(0xB08458), hex(0x4F3220)))
	s.add(at(0, 60, -47), block{vec{160, 80, 1}}, wall)

	s.cloth()
	s.bowlOfFruit(rng)
	s.books()
	s.bottle(at(-15.5, 0, -9).turn('y', 14))
	s.tumbler(at(20.2, 0, 9.6))
	s.jug(at(19.3, 9.75, -15).turn('y', -35))
	s.branch(rng)
	s.nuts(rng)
	s.build()
	return s, look(vec{0, 35, 112}, vec{0.3, 9.6, 0}, 27, 0.75, 113)
}

// room is the light of the rest of the room: a pale ceiling, dark furniture, a floor.
func room(d vec) rgb {
	up := smooth(-0.2, 0.9, d.y)
	wall := mix(rgb{0.10, 0.085, 0.07}, rgb{0.30, 0.29, 0.28}, up)
	return wall.scale(1 - 0.6*smooth(0.2, 0.5, d.z)*smooth(0.25, 0.1, math.Abs(d.y-0.1)))
}

// window is six panes of evening sky over a dark garden; x and y from its middle.
func window(x, y float64) rgb {
	bar := func(v, middle float64) bool { return math.Abs(v-middle) < 1.6 }
	if bar(x, 0) || bar(y, -10) || bar(y, 14) {
		return rgb{0.02, 0.02, 0.02}
	}
	sky := mix(rgb{0.95, 0.92, 0.88}, rgb{0.62, 0.80, 1.05}, smooth(-20, 36, y))
	garden := 0.12 + 0.88*smooth(-30, -14, y+5*noise(vec{x / 9, y / 9, 0}))
	return sky.scale(20 * garden)
}

// cloth is a linen runner with soft folds under everything on the left.
func (s *scene) cloth() {
	blue := hex(0x3E5E92)
	stripe := func(x float64) rgb {
		d := math.Abs(x)
		if d > 9.2 && d < 11.6 || d > 12.4 && d < 13.0 || d > 8.0 && d < 8.6 {
			return blue
		}
		return hex(0xDDD3BF)
	}
	height := func(x, z float64) float64 {
		h := 0.12
		ridge := func(midX, midZ, angle, wide, tall, long float64) {
			sn, cs := math.Sincos(angle * math.Pi / 180)
			u, v := (x-midX)*cs+(z-midZ)*sn, -(x-midX)*sn+(z-midZ)*cs
			u += 0.9 * math.Sin(v/6)
			h += tall * math.Exp(-u*u/(wide*wide)-v*v/(long*long))
		}
		ridge(-14.5, 12, 18, 1.0, 1.5, 8)
		ridge(-10.5, 16, -12, 1.3, 1.1, 6)
		ridge(12.8, 13, -24, 1.1, 1.3, 7)
		ridge(4, 19, 80, 1.2, 0.9, 9)
		return h + 0.05*noise(vec{x / 4, 0, z / 4})
	}
	const wide, long = 14.2, 21
	place := at(-1.5, 0, 3).turn('y', 11)
	folds := tabulate(wide, long, 0.1, height)
	sheet := &solid{vec{-wide, -0.05, -long}, vec{wide, 3.4, long}, 0.62, func(p vec) float64 {
		d := math.Abs(p.y-folds.height(p.x, p.z)) - 0.07
		return max(d, math.Abs(p.x)-wide+0.15, math.Abs(p.z)-long+0.15)
	}}
	s.add(place, sheet, linen(0.27, stripe))
}

// books are a stack of three, spines to the front.
func (s *scene) books() {
	y := 0.0
	for _, b := range []struct {
		wide, tall, deep, turn, x float64
		dye                       rgb
		title, author             string
	}{
		{25, 3.6, 17, -7, 21.6, hex(0x2F4A3C), "OPTICKS", "NEWTON"},
		{22.5, 2.9, 16, -1, 20.8, hex(0x7A2A26), "CHANCE", "BAYES"},
		{20, 3.2, 14.5, -12, 21.4, hex(0x26395A), "SIGNALS", "SHANNON"},
	} {
		s.book(at(b.x, y+b.tall/2, -16).turn('y', b.turn), vec{b.wide / 2, b.tall / 2, b.deep / 2}, b.dye, b.title, b.author)
		y += b.tall
	}
}

// book lies flat with half-sides r, its spine towards z.
func (s *scene) book(f frame, r vec, dye rgb, title, author string) {
	const px = 30.0 // pixels per centimetre of spine
	spine := newInk(int(2*r.x*px), int(2*r.y*px))
	w, h := float64(spine.Bounds().Dx()), float64(spine.Bounds().Dy())
	spine.print(gobold.TTF, title, h*0.36, w*0.43, h*0.62, 0.5, h*0.05)
	spine.print(gosmallcaps.TTF, author, h*0.29, w*0.745, h*0.6, 0.5, h*0.03)
	for _, x := range []float64{0.035, 0.05, 0.22, 0.235, 0.895, 0.91, 0.955, 0.97} {
		spine.bar(int(x*w), int(0.06*h), int(x*w+0.18*px), int(0.94*h))
	}
	stamp := func(p, n vec) float64 {
		if n.z < 0.3 {
			return 0
		}
		return spine.at(p.x/(2*r.x)+0.5, 0.5-p.y/(2*r.y))
	}
	const board = 0.16
	place := func(x, y, z float64) frame { f := f; f.o = f.point(vec{x, y, z}); return f }
	cover := bookCloth(dye, nil)
	s.add(place(0, r.y-board, 0), plump(vec{r.x, board, r.z}, 0.1), cover)
	s.add(place(0, board-r.y, 0), plump(vec{r.x, board, r.z}, 0.1), cover)
	s.add(place(0, 0, -0.2), block{vec{r.x - 0.45, r.y - 2*board, r.z - 0.4}}, pages)
	// The spine is the front of an upright elliptic cylinder, cut behind.
	back := &solid{vec{-r.x, -r.y, -1.2}, vec{r.x, r.y, 0.9}, 0.7, func(p vec) float64 {
		e := math.Hypot(p.y/r.y, p.z/0.75) - 1
		return max(e*0.75, math.Abs(p.x)-r.x, -1-p.z)
	}}
	s.add(place(0, 0, r.z-0.3), back, bookCloth(dye, stamp))
}

// vessel adds a glass whose wall is the profile out and back in again, filled to level
// with a liquid; the last point of inner is its middle.
func (s *scene) vessel(f frame, outer, inner []rz, level float64, liquid *medium) {
	full := 0
	for full < len(inner) && inner[full][1] > level {
		full++
	}
	brim := inner[full]
	dry := slices.Concat(outer, inner[:full+1])
	s.add(f, turned(dry), between(&soda, &air))
	bed := slices.Clone(inner[full:])
	slices.Reverse(bed)
	s.add(f, turned(bed), between(liquid, &soda))
	s.add(f, turned([]rz{brim, {0, brim[1]}}), between(liquid, &air))
}

// bottle is olive oil under a cork, with a label.
func (s *scene) bottle(f frame) {
	outer := curve(5, []rz{{0, 0.5}, {2.4, 0.3}, {3.3, 0}, {3.95, 0.35}, {4.1, 1.2},
		{4.1, 1.2}, {4.1, 13.2}, {4.1, 13.2}, {3.85, 14.6}, {2.7, 16.4}, {1.65, 18}, {1.42, 19.6},
		{1.42, 21.4}, {1.42, 21.4}, {1.75, 21.5}, {1.85, 22.1}, {1.7, 22.7}, {1.4, 22.8}})
	inner := curve(5, []rz{{1.12, 22.6}, {1.08, 21.4}, {1.08, 19.6}, {1.3, 18.1}, {2.4, 16.3},
		{3.5, 14.4}, {3.75, 13.1}, {3.75, 13.1}, {3.75, 1.6}, {3.75, 1.6}, {3.4, 1}, {2.2, 1.1}, {0, 1.3}})
	s.vessel(f, outer, inner, 17.4, &oil)
	s.add(f, turned(curve(3, []rz{{0, 20.2}, {0.95, 20.2}, {0.95, 20.2}, {1.05, 22.8}, {1.2, 24.2}, {1.2, 24.2}, {1.1, 24.35}, {0, 24.4}})), cork)

	const low, high, span, r = 3.0, 11.6, 2.5, 4.13
	black, red := newInk(820, 680), newInk(820, 680)
	black.print(goitalic.TTF, "Olio d'Oliva", 104, 410, 190, 0.5, 0)
	red.print(gobold.TTF, "EXTRA VERGINE", 62, 410, 282, 0.5, 6)
	black.print(gosmallcaps.TTF, "Cosecha · Récolte · Harvest", 38, 410, 345, 0.5, 2)
	black.print(gobold.TTF, "1894", 120, 410, 480, 0.5, 14)
	for i, line := range []string{"First cold pressing of hand-picked fruit.", "Keep from light; clouding does no harm.", "Net contents 500 ml  ·  No. 02718"} {
		black.print(goregular.TTF, line, 30, 410, 540+float64(i)*37, 0.5, 0)
	}
	for _, y := range []int{40, 640} {
		red.bar(40, y, 780, y+6)
		black.bar(40, y+12, 780, y+14)
	}
	for _, x := range []int{40, 774} {
		red.bar(x, 40, x+6, 646)
	}
	paper := turned([]rz{{r, low}, {r, high}})
	paper.from, paper.span = -span/2, span
	s.add(f, paper, printed(black, red, func(p vec) (u, v float64) {
		return math.Atan2(p.x, p.z)/span + 0.5, (high - p.y) / (high - low)
	}))
}

// tumbler is a glass of water.
func (s *scene) tumbler(f frame) {
	outer := curve(5, []rz{{0, 0.25}, {2.2, 0.1}, {2.55, 0}, {2.8, 0.2}, {2.85, 0.6}, {3.1, 4}, {3.45, 9.7}, {3.4, 9.85}})
	inner := curve(5, []rz{{3.3, 9.8}, {3.15, 8}, {2.85, 3.4}, {2.66, 1.7}, {2.4, 1.3}, {1.4, 1.15}, {0, 1.1}})
	s.vessel(f, outer, inner, 6.4, &wet)
}

// jug is hammered copper on the books.
func (s *scene) jug(f frame) {
	profile := append(
		curve(6, []rz{{0, 0}, {3, 0}, {3, 0}, {3.2, 0.3}, {4.3, 2.6}, {4.2, 4.6}, {2.9, 7.2},
			{2.2, 9}, {2.5, 10.6}, {3, 11.6}, {2.95, 11.75}}),
		curve(4, []rz{{2.85, 11.6}, {2.35, 10.5}, {2.05, 9}, {2.7, 7.2}, {4, 4.6}, {4, 2.4}, {0, 0.4}})...)
	copper := hammered(rgb{0.94, 0.60, 0.44}, 0.12, 0.62)
	s.add(f, turned(profile), copper)
	arc := curve(3, []rz{{2.4, 10.3}, {4, 11.2}, {5.6, 10.4}, {6.3, 8.2}, {5.9, 5.6}, {4.9, 3.9}, {4.1, 3.2}})
	for i := range len(arc) - 1 {
		a, b := arc[i], arc[i+1]
		s.add(f, rod(vec{a[0], a[1], 0}, vec{b[0], b[1], 0}, 0.36, 0.36), plainMetal(rgb{0.86, 0.60, 0.30}, 0.2))
	}
}

func plainMetal(body rgb, rough float64) material {
	return func(p, n vec, fine bool) finish { return finish{body: body, rough: rough, metal: true} }
}

// branch is a twig of olive leaves in front of the bottle.
func (s *scene) branch(rng *rand.Rand) {
	path := func(t float64) vec {
		return vec{lerp(-25, -8.5, t), 0.5 + 1.5*math.Sin(t*math.Pi)*t, 3 + 10*t + 2*math.Sin(3*t)}
	}
	const joints = 18
	for i := range joints {
		t := float64(i) / joints
		a, b := path(t), path(t+1.0/joints)
		thick := lerp(0.26, 0.1, t)
		s.add(at(0, 0, 0), rod(a, b, thick, lerp(0.26, 0.1, t+1.0/joints)), bark)
		if i < 2 {
			continue
		}
		for _, side := range []float64{-1, 1} {
			long := (5 + 1.8*rng.Float64()) * lerp(1, 0.7, t)
			f := at(a.x, a.y, a.z).turn('y', -32+side*(36+28*rng.Float64())).turn('z', 4+34*rng.Float64()).turn('x', 35*rng.NormFloat64())
			f.o.y += max(0, -(f.point(vec{long, 0, 0}).y - 0.3))
			s.add(f, blade(long, long*0.1, 0.02+0.05*rng.Float64()), leaf)
		}
		if i%4 == 2 {
			f := at(a.x+0.6, 0.95, a.z+0.9).turn('y', 360*rng.Float64()).turn('z', 70)
			s.add(f, ball{vec{0.85, 1.1, 0.85}}, plain(hex(0x4B5320), 0.04, 0.15))
		}
	}
}

// blade is a leaf that starts at the origin along x, half as wide as wide in the middle,
// and bends down by bend·x².
func blade(long, wide, bend float64) *solid {
	const thick = 0.03
	sag := bend * long * long
	return &solid{vec{0, -sag - 0.1, -wide}, vec{long, 0.3, wide}, 0.6, func(p vec) float64 {
		t := clamp01(p.x / long)
		edge := math.Abs(p.z) - wide*math.Sin(math.Pi*math.Pow(t, 0.8))
		rise := 0.25 * math.Abs(p.z)
		return max(math.Abs(p.y+bend*p.x*p.x-rise)-thick, edge*0.9, -p.x, p.x-long)
	}}
}

// nuts are scattered at the right front.
func (s *scene) nuts(rng *rand.Rand) {
	shell := star(1.4, 2.2, 0.6, func(u vec) float64 {
		seam := math.Exp(-u.x * u.x * 160)
		tip := math.Exp(-(1 - u.y) * 14)
		return 1.62 * (1 + 0.07*seam + 0.16*tip + 0.08*u.y*u.y + 0.03*noise(u.scale(2)))
	})
	for _, p := range []vec{{13.4, 1.6, 12.9}, {15.9, 1.6, 16.4}, {-19.8, 1.6, 4.4}} {
		s.add(at(p.x, p.y, p.z).turn('y', 360*rng.Float64()).turn('x', 70+30*rng.Float64()), shell, walnut)
	}
}
