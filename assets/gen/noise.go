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

// edges are the directions from the middle of a cube to its twelve edges, four of them twice.
var edges = [16]vec{
	{1, 1, 0}, {-1, 1, 0}, {1, -1, 0}, {-1, -1, 0}, {1, 0, 1}, {-1, 0, 1}, {1, 0, -1}, {-1, 0, -1},
	{0, 1, 1}, {0, -1, 1}, {0, 1, -1}, {0, -1, -1}, {1, 1, 0}, {-1, 1, 0}, {0, -1, 1}, {0, -1, -1},
}

// slope is the product of (x, y, z) with the edge that belongs to a lattice point.
func slope(lattice uint32, x, y, z float64) float64 {
	lattice *= 0x7feb352d
	lattice ^= lattice >> 15
	e := &edges[lattice*0x846ca68b>>28]
	return e.x*x + e.y*y + e.z*z
}

func fade(t float64) float64 { return t * t * t * (t*(t*6-15) + 10) }

// noise is Perlin's improved gradient noise (SIGGRAPH 2002): smooth, about in [-1, 1],
// zero on lattice points, features one unit wide.
func noise(p vec) float64 {
	fx, fy, fz := math.Floor(p.x), math.Floor(p.y), math.Floor(p.z)
	x, y, z := p.x-fx, p.y-fy, p.z-fz
	const px, py, pz = 0x9e3779b1, 0x85ebca6b, 0xc2b2ae35
	at := uint32(int(fx))*px + uint32(int(fy))*py + uint32(int(fz))*pz
	u, v, w := fade(x), fade(y), fade(z)
	return lerp(
		lerp(
			lerp(slope(at, x, y, z), slope(at+px, x-1, y, z), u),
			lerp(slope(at+py, x, y-1, z), slope(at+px+py, x-1, y-1, z), u), v),
		lerp(
			lerp(slope(at+pz, x, y, z-1), slope(at+px+pz, x-1, y, z-1), u),
			lerp(slope(at+py+pz, x, y-1, z-1), slope(at+px+py+pz, x-1, y-1, z-1), u), v), w)
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
