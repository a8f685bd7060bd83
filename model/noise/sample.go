package noise

// The samplers: pure functions of random bits. Every sum of products is written
// float64(x*y) + z, which no compiler may fuse, and nothing of package math is
// used but what IEEE 754 rounds exactly, so the values are the same on every
// platform.

import (
	"math"
	"math/rand/v2"
)

// Normal fills dst with draws from the standard normal distribution, the same
// on every platform.
func Normal(rng *rand.Rand, dst []float32) {
	src := rand.NewPCG(rng.Uint64(), rng.Uint64())
	for i := range dst {
		dst[i] = float32(normal(src.Uint64()))
	}
}

// normal turns 64 random bits into a draw from the standard normal distribution
// by inversion: Wichura, Algorithm AS 241 (PPND7), Applied Statistics 37 (1988)
// 477–484, good to 1e-7 of its value. |normal| < 8.3.
func normal(bits uint64) float64 {
	q := float64((float64(int64(bits)>>11) + 0.5) * 0x1p-53) // in (-1/2, 1/2), both halves alike
	if r := 0.180625 - float64(q*q); r >= 0 {
		return q * cubic(r, 3.3871327179, 50.434271938, 159.29113202, 59.109374720) /
			cubic(r, 1, 17.895169469, 78.757757664, 67.187563600)
	}
	r := math.Sqrt(-log(0.5 - math.Abs(q)))
	if r <= 5 {
		r -= 1.6
		r = cubic(r, 1.4234372777, 2.7568153900, 1.3067284816, 0.17023821103) /
			quadratic(r, 1, 0.73700164250, 0.12021132975)
	} else {
		r -= 5
		r = cubic(r, 6.6579051150, 3.0812263860, 0.42868294337, 0.017337203997) /
			quadratic(r, 1, 0.24197894225, 0.012258202635)
	}
	return math.Copysign(r, q)
}

// cubic is a + bx + cx² + dx³.
func cubic(x, a, b, c, d float64) float64 { return float64(quadratic(x, b, c, d)*x) + a }

// quadratic is a + bx + cx².
func quadratic(x, a, b, c float64) float64 { return float64((float64(c*x)+b)*x) + a }

// uniform turns the upper 52 of 64 random bits into a draw from the open
// interval (0, 1).
func uniform(bits uint64) float64 {
	return float64((float64(bits>>12) + 0.5) * 0x1p-52)
}

// few is where fewPhotons ends and manyPhotons begins.
const few = 10

// fewPhotons turns a uniform draw into one from the Poisson distribution of a
// mean below few: inversion by sequential search, exact but for rounding, which
// the bound on p keeps from searching forever.
func fewPhotons(u, mean float64) float64 {
	p, k := expMinus(mean), 0.0
	for u > p && p > 1e-17 {
		u -= p
		k++
		p = float64(p * (mean / k))
	}
	return k
}

// manyPhotons turns a normal draw into one from the Poisson distribution of a
// mean from few on: the expansion in normal quantiles of Giles, Algorithm 955,
// ACM Transactions on Mathematical Software 42 (2016) 7, up to 1/mean. Its total
// variation distance from the distribution is at most 1.4e-4 (at 10; 1.2e-6 at
// 100), and its mean is right to 3e-6.
func manyPhotons(w, mean float64) float64 {
	root := math.Sqrt(mean)
	z, r := float64(w*w), 1/root
	k := mean + float64(root*w) + (float64(z*(1.0/6)) + 1.0/3) -
		float64(r*float64(w*(float64(z*(1.0/72))+1.0/36))) +
		float64(r*float64(r*quadratic(z, -8.0/405, 7.0/810, 1.0/270)))
	return math.Floor(max(k, 0))
}

// log is the natural logarithm of a positive normal number, to 1e-8 of its
// value: the series of 2 artanh((m-1)/(m+1)) for the mantissa m in [√½, √2).
func log(x float64) float64 {
	bits := math.Float64bits(x)
	e := int64(bits-0x3fe6a09e667f3bcd) >> 52
	m := math.Float64frombits(bits - uint64(e)<<52)
	s := (m - 1) / (m + 1)
	z := float64(s * s)
	y := 1 + float64(z*cubic(z, 1.0/3, 1.0/5, 1.0/7, 1.0/9))
	return float64(float64(e)*math.Ln2) + float64(2*s*y)
}

// expMinus is e^-x for x in [0, few], to 1e-9: the series of e^(-x/64), squared
// six times.
func expMinus(x float64) float64 {
	t := -x / 64
	t4 := float64(t*t) * float64(t*t)
	e := cubic(t, 1, 1, 1.0/2, 1.0/6) + float64(t4*cubic(t, 1.0/24, 1.0/120, 1.0/720, 1.0/5040))
	for range 6 {
		e *= e
	}
	return e
}
