package noise

// The samplers. Every sum of products is written float64(x*y) + z, which no
// compiler may fuse, and nothing of package math is used but what IEEE 754
// rounds exactly, so the values are the same on every platform.

import (
	"math"
	"math/rand/v2"
)

// normal draws from the standard normal distribution by inversion with one
// draw of 53 bits: Wichura, Algorithm AS 241 (PPND7), Applied Statistics 37
// (1988) 477–484, whose relative error is about 1e-7. |normal| < 8.3.
func normal(src *rand.PCG) float64 {
	q := float64((float64(int64(src.Uint64())>>11) + 0.5) * 0x1p-53) // in (-1/2, 1/2), both halves alike
	if r := 0.180625 - float64(q*q); r >= 0 {
		return q * cubic(r, 3.3871327179, 50.434271938, 159.29113202, 59.109374720) /
			cubic(r, 1, 17.895169469, 78.757757664, 67.187563600)
	}
	r := math.Sqrt(-log(0.5 - math.Abs(q)))
	if r <= 5 {
		r -= 1.6
		r = cubic(r, 1.4234372777, 2.7568153900, 1.3067284816, 0.17023821103) /
			cubic(r, 1, 0.73700164250, 0.12021132975, 0)
	} else {
		r -= 5
		r = cubic(r, 6.6579051150, 3.0812263860, 0.42868294337, 0.017337203997) /
			cubic(r, 1, 0.24197894225, 0.012258202635, 0)
	}
	return math.Copysign(r, q)
}

// cubic is a + bx + cx² + dx³.
func cubic(x, a, b, c, d float64) float64 {
	return float64((float64((float64(d*x)+c)*x)+b)*x) + a
}

// photons draws from the Poisson distribution of the given positive mean:
// below 10 by inversion, above by Hörmann's transformed rejection with squeeze
// (PTRS), Insurance: Mathematics and Economics 12 (1993) 39–45. Both are exact
// but for rounding.
func photons(src *rand.PCG, mean float64) float64 {
	if mean < 10 {
		u, p, k := uniform(src), expMinus(mean), 0.0
		for u > p && p > 1e-17 {
			u -= p
			k++
			p = float64(p * (mean / k))
		}
		return k
	}
	b := 0.931 + float64(2.53*math.Sqrt(mean))
	a := -0.059 + float64(0.02483*b)
	for {
		u, v := uniform(src)-0.5, uniform(src)
		us := 0.5 - math.Abs(u)
		k := math.Floor(float64((2*a/us+b)*u) + mean + 0.43)
		if us >= 0.07 && v <= 0.9277-3.6224/(b-2) {
			return k
		}
		if k < 0 || us < 0.013 && v > us {
			continue
		}
		inverse := 1.1239 + 1.1328/(b-3.4)
		if log(v*inverse/(a/us/us+b)) <= logPoisson(k, mean) {
			return k
		}
	}
}

// logPoisson is log(mean^k e^-mean / k!), by Stirling's series from k = 10 on,
// arranged so that nothing large cancels; good to 1e-10.
func logPoisson(k, mean float64) float64 {
	if k < 10 {
		factorial := 1.0
		for i := 2.0; i <= k; i++ {
			factorial *= i
		}
		return float64(k*log(mean)) - mean - log(factorial)
	}
	stirling := (1.0/12 - (1.0/360-1.0/1260/(k*k))/(k*k)) / k
	return k - mean - float64(k*log(k/mean)) - float64(0.5*log(2*math.Pi*k)) - stirling
}

// uniform draws from the open interval (0, 1).
func uniform(src *rand.PCG) float64 {
	return float64((float64(src.Uint64()>>12) + 0.5) * 0x1p-52)
}

// log is the natural logarithm of a positive normal number, to 1e-13: the
// series of 2 artanh((m-1)/(m+1)) for the mantissa m in [√½, √2).
func log(x float64) float64 {
	bits := math.Float64bits(x)
	e := int64(bits-0x3fe6a09e667f3bcd) >> 52
	m := math.Float64frombits(bits - uint64(e)<<52)
	s := (m - 1) / (m + 1)
	z := float64(s * s)
	low, high := cubic(z, 1, 1.0/3, 1.0/5, 1.0/7), cubic(z, 1.0/9, 1.0/11, 1.0/13, 1.0/15)
	y := low + float64(float64(z*z)*float64(z*z)*high)
	return float64(float64(e)*math.Ln2) + float64(2*s*y)
}

// expMinus is e^-x for x in [0, 10], to 1e-12: the series of e^(-x/1024),
// squared ten times.
func expMinus(x float64) float64 {
	t := -x / 1024
	e := 1.0
	for k := 6.0; k > 0; k-- {
		e = 1 + float64(e*(t/k))
	}
	for range 10 {
		e = float64(e * e)
	}
	return e
}
