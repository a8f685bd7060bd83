package main

import (
	"math"
	"math/rand/v2"
)

// conifer is a tree near enough to have branches: a flat picture that faces the viewer.
type conifer struct {
	x, y, z float64 // foot
	tall    float64
	seed    float64
}

// plant sets the near trees: a spit of land on the left and a few on the right.
func (l *lake) plant(rng *rand.Rand) {
}

// tree finds the first near tree along a ray before distance far.
func (l *lake) tree(o, d vec, far float64) (c rgb, at float64, ok bool) {
	for i := range l.wood {
		w := &l.wood[i]
		t := (w.z - o.z) / d.z
		if t <= 0 || t >= far {
			continue
		}
		p := o.along(d, t)
		x, y := (p.x-w.x)/w.tall, (p.y-w.y)/w.tall
		if y < 0 || y > 1 || math.Abs(x) > 0.25 {
			continue
		}
		_ = y
	}
	return rgb{}, 0, false
}
