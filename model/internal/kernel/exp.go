package kernel

import "math"

// The functions of this file are polynomials in float32 whose every product is
// rounded before it is added, so that they give the same bits on every
// processor. The polynomials are minimax on the reduced range (Remez).

const (
	round  = 3 << 22 // added and taken away again, leaves the nearest whole number
	log2e  = 1 / math.Ln2
	ln2Hi  = 0x1.62ep-1 // the leading bits: a product with a whole number below 2⁹ is exact
	ln2Lo  = math.Ln2 - ln2Hi
	ln2Max = 0x1.62e42ep+6  // the largest x with a finite exponential
	ln2Min = -0x1.9fe368p+6 // below, the exponential rounds to zero
)

// Exp returns eˣ, at most 1 ulp off for a normal result. It overflows to +Inf
// and falls through the subnormal numbers to zero.
func Exp(x float32) float32 {
	switch {
	case x != x:
		return x
	case x > ln2Max:
		return float32(math.Inf(1))
	case x < ln2Min:
		return 0
	}
	// x = n·ln 2 + r with |r| ≤ ln 2 / 2 (Cody and Waite).
	n := float32(x*log2e) + round - round
	r := x - float32(n*ln2Hi)
	r -= float32(n * ln2Lo)
	// eʳ = 1 + r + r²·q(r)
	q := float32(0.0013814598567909889)
	q = float32(q*r) + 0.008368716878493268
	q = float32(q*r) + 0.0416683880468987
	q = float32(q*r) + 0.1666652063172302
	q = float32(q*r) + 0.4999999344778866
	y := 1 + (r + float32(float32(q*r)*r))
	// 2ⁿ in two factors, as it may lie outside what one can hold.
	half := int32(n) >> 1
	return float32(y * pow2(half) * pow2(int32(n)-half))
}

// pow2 returns 2ⁿ for -127 < n < 128.
func pow2(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// Log returns the natural logarithm of x, at most 1 ulp off: -Inf of zero, NaN
// of a negative number.
func Log(x float32) float32 {
	switch {
	case x != x || x > math.MaxFloat32:
		return x
	case x < 0:
		return float32(math.NaN())
	case x == 0:
		return float32(math.Inf(-1))
	}
	n := float32(0)
	if x < 0x1p-126 {
		x *= 1 << 24
		n = -24
	}
	// x = 2ⁿ·(1+f) with 1+f between √½ and √2.
	const root = 0x3f3504f3 // √½
	bits := math.Float32bits(x) - root
	n += float32(int32(bits) >> 23)
	f := math.Float32frombits(bits&(1<<23-1)+root) - 1
	// log(1+f) = 2·artanh(s) = 2s + s³·q(s²) with s = f/(2+f), and 2s = f - s·f.
	s := f / (2 + f)
	z := float32(s * s)
	q := float32(0.2986947098772586)
	q = float32(q*z) + 0.3997764367899182
	q = float32(q*z) + 0.6666677530589725
	q = float32(q * z)
	h := float32(0.5 * f * f)
	t := float32(s*(h+q)) + float32(n*ln2Lo)
	return float32(n*ln2Hi) + (f - (h - t))
}

// Sigmoid computes y[i] = 1 / (1 + e^-x[i]), at most 3 ulp off. y may be x.
func Sigmoid(y, x []float32) {
	if len(x) != len(y) {
		panic("kernel: sigmoid: lengths differ")
	}
	for i := sigmoid(y, x); i < len(x); i++ {
		e := Exp(-abs(x[i]))
		if x[i] >= 0 {
			y[i] = 1 / (1 + e)
		} else {
			y[i] = e / (1 + e)
		}
	}
}

// Tanh computes y[i] = tanh x[i], at most 2 ulp off. y may be x.
func Tanh(y, x []float32) {
	if len(x) != len(y) {
		panic("kernel: tanh: lengths differ")
	}
	for i := tanh(y, x); i < len(x); i++ {
		v, a := x[i], abs(x[i])
		if a < 0.625 {
			// x + x³·q(x²)
			z := float32(v * v)
			q := float32(-0.005660789425412026)
			q = float32(q*z) + 0.020602008133834532
			q = float32(q*z) - 0.053729230179034256
			q = float32(q*z) + 0.13331328962599337
			q = float32(q*z) - 0.33333278315506765
			y[i] = v + float32(float32(q*z)*v)
		} else {
			e := Exp(-2 * a)
			y[i] = float32(math.Copysign(float64((1-e)/(1+e)), float64(v)))
		}
	}
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }
