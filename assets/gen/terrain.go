package main

import (
	"math"
	"math/rand/v2"
)

// This file raises mountains and lets rain carve them.

// terrain is a map of heights in metres; what is below 0 is under the lake.
type terrain struct{ grid }

// newTerrain raises n × n heights over a square of side metres, x about 0 and z from 0 on.
func newTerrain(n int, side float64, workers int, rng *rand.Rand) *terrain {
	step := side / float64(n)
	t := &terrain{grid{n, n, -side / 2, 0, step, make([]float64, n*n)}}
	rows(n, workers, func(j int) {
		for i := range n {
			t.v[j*n+i] = relief(float64(i)*step-side/2, float64(j)*step)
		}
	})
	t.erode(n*n/10, rng)
	t.crumble(90)
	return t
}

// massif is a mountain: a cone with soft flanks.
type massif struct{ x, z, high, wide float64 }

var massifs = []massif{
	{650, 6100, 1700, 1500},
	{1900, 6900, 1150, 1100},
	{-1750, 5300, 1050, 1100},
	{-3400, 6900, 1400, 1500},
	{3500, 5400, 1050, 1300},
	{-700, 9600, 1600, 1900},
	{-1150, 2900, 300, 650},
	{1500, 2500, 330, 700},
	{2300, 3900, 420, 800},
}

// relief is the height before the rain: massifs, cut by ridges that are rough only where
// they are high (Musgrave's ridged multifractal, in Texturing & Modeling, 1994).
func relief(x, z float64) float64 {
	p := vec{x / 1000, z / 1000, 0.5}
	q := p.along(warp(p.scale(0.7), 3), 0.3)
	high := 0.0
	for _, m := range massifs {
		d := math.Hypot(q.x*1000-m.x, q.y*1000-m.z) / m.wide
		high += m.high * math.Exp(-1.35*d)
	}
	ridge := 0.0
	weight, carry := 0.5, 1.0
	r := q.scale(1.1)
	for range 9 {
		v := 1 - min(1, math.Abs(noise(r))*1.7)
		v *= carry
		carry = clamp01(0.15 + v)
		ridge += weight * v
		weight *= 0.48
		r = octave(r)
	}
	land := high*(0.3+0.9*ridge) + 50*fbm(p.scale(2.4), 5)
	shore := 1650 + 230*noise(vec{x / 640, 3, 0}) + 80*noise(vec{x / 170, 9, 0}) + 0.0001*x*x
	beach := lerp(-60, 12, smooth(shore-300, shore+60, z))
	cape := 46 * math.Exp(-sq((x+430+0.25*(z-900))/170)-sq((z-900)/240)) * (1 + 0.5*fbm(p.scale(5), 4))
	return land*smooth(shore-150, shore+1500, z) + max(beach, cape-7) + 0.03*max(0, z-shore)
}

func sq(x float64) float64 { return x * x }

// erode lets drops of rain run downhill, each taking soil where it is fast and leaving it
// where it is slow.
func (t *terrain) erode(drops int, rng *rand.Rand) {
	const (
		inertia  = 0.08 // share of its direction that a drop keeps
		capacity = 1.6  // soil a drop carries per metre of fall
		take     = 0.12
		leave    = 0.25
		dry      = 0.016
		longest  = 90
	)
	side := float64(t.w) * t.step
	for range drops {
		x, z := (rng.Float64()-0.5)*side, rng.Float64()*side
		var dirX, dirZ, soil float64
		water, speed := 1.0, 1.0
		h := t.height(x, z)
		for range longest {
			gx, gz := t.slope(x, z)
			dirX, dirZ = dirX*inertia-gx*(1-inertia), dirZ*inertia-gz*(1-inertia)
			l := math.Hypot(dirX, dirZ)
			if l < 1e-9 || h < -2 {
				break
			}
			dirX, dirZ = dirX/l, dirZ/l
			oldX, oldZ := x, z
			x, z = x+dirX*t.step, z+dirZ*t.step
			if math.Abs(x) > side/2-2*t.step || z < t.step || z > side-2*t.step {
				break
			}
			next := t.height(x, z)
			fall := h - next
			can := max(fall, 0.02) * speed * water * capacity
			if soil > can || fall < 0 {
				drop := (soil - can) * leave
				if fall < 0 {
					drop = min(-fall, soil)
				}
				soil -= drop
				t.heap(oldX, oldZ, drop)
			} else {
				dig := min((can-soil)*take, fall)
				soil += dig
				t.heap(oldX, oldZ, -dig)
			}
			speed = math.Sqrt(max(0.1, speed*speed+fall*0.2))
			speed = min(speed, 3)
			water *= 1 - dry
			h = next
		}
	}
}

// crumble lets slopes steeper than rock can stand slide down to their lowest neighbour.
func (t *terrain) crumble(times int) {
	const stand = 0.95 // the steepest gradient
	move := make([]float64, len(t.v))
	for range times {
		clear(move)
		for j := 1; j < t.w-1; j++ {
			for i := 1; i < t.w-1; i++ {
				k := j*t.w + i
				low, fall := k, 0.0
				for _, nb := range [4]int{k - 1, k + 1, k - t.w, k + t.w} {
					if f := t.v[k] - t.v[nb]; f > fall {
						low, fall = nb, f
					}
				}
				if over := fall - stand*t.step; over > 0 {
					move[k] -= over * 0.35
					move[low] += over * 0.35
				}
			}
		}
		for k, m := range move {
			t.v[k] += m
		}
	}
}
