package main

import "math/bits"

// sampler gives the numbers that one path through one pixel is made of: for every pair of
// dimensions the Sobol' (0,2)-sequence, Owen-scrambled by hashing and shuffled against the
// other pairs (Burley, Practical Hash-based Owen Scrambling, JCGT 2020). The samples of a
// pixel cover their square evenly, and two pixels know nothing of each other.
type sampler struct {
	pixel, index, pair uint32
}

// newSampler starts path index of a pixel.
func newSampler(seed uint64, x, y, index int) *sampler {
	return &sampler{pixel: hash3(x, y, int(seed)), index: uint32(index)}
}

// next returns the next two numbers in [0, 1).
func (s *sampler) next() (u, v float64) {
	s.pair++
	key := mix32(s.pixel ^ s.pair*0x9e3779b1)
	i := scramble(s.index, key)
	u = unit01(scramble(bits.Reverse32(i), mix32(key+1)))
	v = unit01(scramble(sobol(i), mix32(key+2)))
	return u, v
}

// sobol is the second dimension of the sequence at index i; the first is the reversal of
// the bits of i.
func sobol(i uint32) uint32 {
	var x uint32
	for column := uint32(1) << 31; i != 0; i >>= 1 {
		if i&1 != 0 {
			x ^= column
		}
		column ^= column >> 1
	}
	return x
}

// scramble flips each bit of x by a random function of the bits above it: Owen's nested
// scrambling, with the Laine-Karras permutation as the function.
func scramble(x, key uint32) uint32 {
	x = bits.Reverse32(x)
	x ^= x * 0x3d20adea
	x += key
	x *= key>>16 | 1
	x ^= x * 0x05526c56
	x ^= x * 0x53a22864
	return bits.Reverse32(x)
}
