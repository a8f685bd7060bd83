package main

import "math"

// This file holds the random functions of space that every texture is made of.

// mix32 is a bijection of 32-bit numbers whose output bits depend on all input bits.
func mix32(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	x *= 0x846ca68b
	return x ^ x>>16
}

// hash3 is a random number of a lattice point.
func hash3(x, y, z int) uint32 {
	return mix32(uint32(x)*0x9e3779b1 ^ mix32(uint32(y)*0x85ebca6b^mix32(uint32(z)+0x27d4eb2f)))
}

// unit01 maps a hash to [0, 1).
func unit01(h uint32) float64 { return float64(h) / (1 << 32) }

// hash01 is a random number in [0, 1) of a pair of whole numbers.
func hash01(x, y int) float64 { return unit01(hash3(x, y, 0)) }

// slope is the dot product of (x, y, z) with one of the twelve edge directions of a cube.
func slope(h uint32, x, y, z float64) float64 {
	switch h % 12 {
	case 0:
		return x + y
	case 1:
		return x - y
	case 2:
		return -x + y
	case 3:
		return -x - y
	case 4:
		return x + z
	case 5:
		return x - z
	case 6:
		return -x + z
	case 7:
		return -x - z
	case 8:
		return y + z
	case 9:
		return y - z
	case 10:
		return -y + z
	default:
		return -y - z
	}
}

func fade(t float64) float64 { return t * t * t * (t*(t*6-15) + 10) }

// noise is Perlin's improved gradient noise (SIGGRAPH 2002): smooth, about in [-1, 1],
// zero on lattice points, features one unit wide.
func noise(p vec) float64 {
	fx, fy, fz := math.Floor(p.x), math.Floor(p.y), math.Floor(p.z)
	x, y, z := p.x-fx, p.y-fy, p.z-fz
	i, j, k := int(fx), int(fy), int(fz)
	u, v, w := fade(x), fade(y), fade(z)
	edge := func(j, k int, y, z float64) float64 {
		return lerp(slope(hash3(i, j, k), x, y, z), slope(hash3(i+1, j, k), x-1, y, z), u)
	}
	return lerp(
		lerp(edge(j, k, y, z), edge(j+1, k, y-1, z), v),
		lerp(edge(j, k+1, y, z-1), edge(j+1, k+1, y-1, z-1), v), w)
}

// octave turns space between the octaves of fbm, so that their lattices do not line up.
func octave(p vec) vec {
	return vec{
		2.03*(0.36*p.x+0.48*p.y-0.8*p.z) + 17.1,
		2.03*(-0.8*p.x+0.6*p.y) - 5.7,
		2.03*(0.48*p.x+0.64*p.y+0.6*p.z) + 9.3,
	}
}

// fbm sums n octaves of noise, each twice as fine and half as strong; about in [-1, 1].
func fbm(p vec, n int) float64 {
	sum, weight := 0.0, 0.5
	for range n {
		sum += weight * noise(p)
		weight /= 2
		p = octave(p)
	}
	return sum
}

// warp is a random displacement of space, about in [-1, 1] along each axis.
func warp(p vec, n int) vec {
	return vec{fbm(p, n), fbm(p.add(vec{31.4, 0, 7.7}), n), fbm(p.add(vec{-11.9, 5.3, 0}), n)}
}

// cell is what cells finds at a point: the distances to the nearest and second nearest
// feature point, one of which lies in every unit cube, and a random number of the nearest.
type cell struct {
	near, next float64
	id         uint32
}

// cells is Worley's cellular texture (SIGGRAPH 1996).
func cells(p vec) cell {
	fx, fy, fz := math.Floor(p.x), math.Floor(p.y), math.Floor(p.z)
	c := cell{near: 9, next: 9}
	for dx := -1; dx <= 1; dx++ {
		for dy := -1; dy <= 1; dy++ {
			for dz := -1; dz <= 1; dz++ {
				h := hash3(int(fx)+dx, int(fy)+dy, int(fz)+dz)
				q := vec{
					fx + float64(dx) + unit01(mix32(h^0x68bc21eb)),
					fy + float64(dy) + unit01(mix32(h^0x02e5be93)),
					fz + float64(dz) + unit01(mix32(h^0x967a889b)),
				}.sub(p)
				switch d := q.dot(q); {
				case d < c.near:
					c = cell{d, c.near, h}
				case d < c.next:
					c.next = d
				}
			}
		}
	}
	c.near, c.next = math.Sqrt(c.near), math.Sqrt(c.next)
	return c
}
