package main

import (
	"math"
	"math/rand/v2"
)

// This file raises mountains and lets rain carve them.

// terrain is a square map of heights in metres, node (i, j) at x = (i − n/2)·cell and
// z = j·cell; a negative height is under the lake.
type terrain struct {
	n    int
	cell float64
	h    []float64
}

// massif is a mountain: a cone with soft flanks.
type massif struct{ x, z, high, wide float64 }

// newTerrain raises n × n heights over a square of side metres.
func newTerrain(n int, side float64, workers int, rng *rand.Rand) *terrain {
	t := &terrain{n, side / float64(n), make([]float64, n*n)}
	raw := paint(n, n, workers, func(i, j int) rgb {
		return grey(relief((float64(i)-float64(n)/2)*t.cell, float64(j)*t.cell))
	})
	for i, p := range raw.pix {
		t.h[i] = p.x
	}
	t.erode(n*n/12, rng)
	return t
}

var massifs = []massif{
	{700, 6000, 1750, 1500},
	{1900, 6700, 1250, 1100},
	{-1900, 5200, 1150, 1150},
	{-3300, 6900, 1500, 1500},
	{3500, 5200, 1050, 1300},
	{-500, 9400, 1700, 1900},
	{-1000, 3000, 330, 700},
	{1750, 2700, 420, 750},
}

// relief is the height before the rain.
func relief(x, z float64) float64 {
	p := vec{x / 1000, z / 1000, 0.5}
	q := p.along(warp(p.scale(0.6), 3), 0.35)
	high := 0.0
	for _, m := range massifs {
		d := math.Hypot(q.x*1000-m.x, q.y*1000-m.z) / m.wide
		high += m.high * math.Exp(-1.25*d) * (1 - 0.15*math.Exp(-d*d*9))
	}
	ridge := 0.0
	weight, carry := 0.5, 1.0
	r := q.scale(1.15)
	for range 9 {
		v := 1 - math.Abs(noise(r))*1.7
		v = v * v * carry
		carry = clamp01(v * 1.3)
		ridge += weight * v
		weight *= 0.5
		r = octave(r)
	}
	land := high*(0.42+0.95*ridge) + 60*fbm(p.scale(2.4), 5)
	shore := 1500 + 260*noise(vec{x / 700, 3, 0}) + 90*noise(vec{x / 190, 9, 0}) + 0.00012*x*x - 330*math.Exp(-sq((x+850)/420))
	return land*smooth(shore-150, shore+1500, z) + lerp(-60, 14, smooth(shore-300, shore+60, z)) + 0.03*max(0, z-shore)
}

func sq(x float64) float64 { return x * x }

// height is the height at a place, bilinear between nodes; slope its gradient.
func (t *terrain) height(x, z float64) (h, dx, dz float64) {
	u, v := x/t.cell+float64(t.n)/2, z/t.cell
	u, v = min(max(u, 0), float64(t.n)-1.001), min(max(v, 0), float64(t.n)-1.001)
	i, j := int(u), int(v)
	u, v = u-float64(i), v-float64(j)
	k := j*t.n + i
	a, b, c, d := t.h[k], t.h[k+1], t.h[k+t.n], t.h[k+t.n+1]
	dx, dz = lerp(b-a, d-c, v)/t.cell, lerp(c-a, d-b, u)/t.cell
	return lerp(lerp(a, b, u), lerp(c, d, u), v), dx, dz
}

// erode lets drops of rain run downhill, each taking soil where it is fast and leaving it
// where it is slow.
func (t *terrain) erode(drops int, rng *rand.Rand) {
	const (
		inertia  = 0.08 // share of its direction that a drop keeps
		capacity = 7    // soil a drop carries per metre of fall
		take     = 0.28
		leave    = 0.25
		dry      = 0.016
		longest  = 90
	)
	side := float64(t.n) * t.cell
	for range drops {
		x, z := (rng.Float64()-0.5)*side, rng.Float64()*side
		var dirX, dirZ, soil float64
		water, speed := 1.0, 1.0
		h, gx, gz := t.height(x, z)
		for range longest {
			dirX, dirZ = dirX*inertia-gx*(1-inertia), dirZ*inertia-gz*(1-inertia)
			l := math.Hypot(dirX, dirZ)
			if l < 1e-9 || h < -2 {
				break
			}
			dirX, dirZ = dirX/l, dirZ/l
			oldX, oldZ := x, z
			x, z = x+dirX*t.cell, z+dirZ*t.cell
			if math.Abs(x) > side/2-2*t.cell || z < t.cell || z > side-2*t.cell {
				break
			}
			next, nx, nz := t.height(x, z)
			fall := h - next
			can := max(fall, 0.02) * speed * water * capacity / 4
			if soil > can || fall < 0 {
				drop := (soil - can) * leave
				if fall < 0 {
					drop = min(-fall, soil)
				}
				soil -= drop
				t.deposit(oldX, oldZ, drop)
			} else {
				dig := min((can-soil)*take, fall)
				soil += dig
				t.deposit(oldX, oldZ, -dig)
			}
			speed = math.Sqrt(max(0.1, speed*speed+fall*0.2))
			speed = min(speed, 6)
			water *= 1 - dry
			h, gx, gz = next, nx, nz
		}
	}
}

// deposit spreads soil over the four nodes about a place, or digs it when negative.
func (t *terrain) deposit(x, z, soil float64) {
	u, v := x/t.cell+float64(t.n)/2, z/t.cell
	i, j := int(u), int(v)
	u, v = u-float64(i), v-float64(j)
	k := j*t.n + i
	t.h[k] += soil * (1 - u) * (1 - v)
	t.h[k+1] += soil * u * (1 - v)
	t.h[k+t.n] += soil * (1 - u) * v
	t.h[k+t.n+1] += soil * u * v
}
