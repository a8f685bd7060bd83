package main

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// conifer is a spruce near enough to have branches: a flat picture that faces the viewer.
type conifer struct {
	foot vec
	tall float64
	wide float64 // half its width at the lowest branch, of its height
	seed int
}

// grove is a group of trees on the left bank, nearest first.
func grove(rng *rand.Rand) []conifer {
	var trees []conifer
	for i := range 26 {
		x, z := -30-34*math.Sqrt(rng.Float64()), 96+30*rng.Float64()
		tall := (13 + 11*rng.Float64()) * lerp(0.75, 1.15, smooth(-30, -50, x))
		trees = append(trees, conifer{vec{x, 0.9 + 0.04*(-30-x), z}, tall, 0.17 + 0.06*rng.Float64(), i})
	}
	slices.SortFunc(trees, func(a, b conifer) int { return cmp.Compare(a.foot.z, b.foot.z) })
	return trees
}

// cover tells whether the tree covers the point x beside its stem and y above its foot,
// both of its height, and how deep in the shade of its branches that is.
func (c *conifer) cover(x, y float64) (shade float64, ok bool) {
	if y < 0 || y > 1 || math.Abs(x) > c.wide*1.3 {
		return 0, false
	}
	if math.Abs(x) < 0.009*(1-y) {
		return 0.75, true
	}
	const whorls = 34
	side := 0
	if x > 0 {
		side = 1
	}
	// Branches hang: seen along one, height falls with distance from the stem.
	v := (y + 0.42*math.Abs(x) + 0.012*noise(vec{x * 26, y * 26, float64(c.seed)})) * whorls
	for back := range 2 {
		k := math.Floor(v) - float64(back)
		t := v - k // 0 at the tip of branch k
		foot := k / whorls
		if foot < 0.07 {
			continue
		}
		h := hash3(c.seed, int(k), side)
		reach := c.wide * math.Pow(1-foot, 0.8) * (0.55 + 0.5*unit01(h))
		needle := 0.25 * noise(vec{x * 150, y * 150, float64(c.seed)})
		if math.Abs(x) < reach*(1-0.55*t+needle) {
			return clamp01(0.35*t + 0.5*(1-math.Abs(x)/reach)), true
		}
	}
	return 0, false
}

// tree finds the first of the near trees along a ray before distance far.
func (l *lake) tree(o, d vec, far float64) (light rgb, at float64, ok bool) {
	for i := range l.trees {
		w := &l.trees[i]
		t := (w.foot.z - o.z) / d.z
		if t <= 0 || t >= far {
			continue
		}
		p := o.along(d, t).sub(w.foot).scale(1 / w.tall)
		shade, ok := w.cover(p.x, p.y)
		if !ok {
			continue
		}
		body := mix(hex(0x33452A), hex(0x4C5A2E), hash01(w.seed, 3)).scale(0.75 + 0.5*noise(p.scale(60)))
		lit := smooth(0.05, -0.12, p.x/max(0.2, 1-p.y)) * (1 - shade)
		return body.mul(skylight.scale(0.25 + 0.5*(1-shade)).add(sunlight.scale(0.42 * lit))), t, true
	}
	return rgb{}, 0, false
}
