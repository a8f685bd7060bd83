package model

import "math"

// This file converts to and from numbers of 16 bits: IEEE 754 binary16, with a sign,
// five bits of exponent and ten of fraction.

// toHalf returns the nearest half, the even one of two. What is too large becomes an
// infinity.
func toHalf(v float32) uint16 {
	bits := math.Float32bits(v)
	sign, exponent, fraction := uint16(bits>>16&0x8000), int(bits>>23&0xff)-127+15, bits&0x7fffff
	var whole, rest, middle uint32
	switch {
	case exponent > 30:
		if exponent == 255-127+15 && fraction != 0 {
			return sign | 0x7e00 // not a number
		}
		return sign | 0x7c00
	case exponent > 0:
		whole, rest, middle = uint32(exponent)<<10|fraction>>13, fraction&0x1fff, 0x1000
	case exponent < -10:
		return sign
	default: // a number below the smallest with a full fraction
		shift := 14 - exponent
		fraction |= 0x800000
		whole, rest, middle = fraction>>shift, fraction&(1<<shift-1), 1<<(shift-1)
	}
	if rest > middle || rest == middle && whole&1 == 1 {
		whole++ // may carry into the exponent, as it should
	}
	return sign | uint16(whole)
}

func fromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h&0x8000)<<16, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0:
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent-15+127)<<23 | fraction<<13)
}
