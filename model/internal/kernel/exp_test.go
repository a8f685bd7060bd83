package kernel

import (
	"math"
	"testing"
)

// every calls f with a step-th of all float32 numbers, both zeros, both
// infinities and a NaN.
func every(step uint32, f func(x float32)) {
	for b := uint64(0); b < 1<<32; b += uint64(step) {
		f(math.Float32frombits(uint32(b)))
	}
	for _, x := range []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN()} {
		f(float32(x))
	}
}

// ulps returns how far got is from want, in units of the last place of want,
// or of the smallest normal number below it.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	if got == w || got != got && w != w {
		return 0
	}
	a := max(math.Abs(want), 0x1p-126)
	_, e := math.Frexp(a)
	return math.Abs(float64(got)-want) / math.Ldexp(1, e-24)
}

// TestFunctionsAreWithinAnUlpOfMath compares with math's float64 functions over
// all of float32, a number in 1009 (one in 65537 when short).
func TestFunctionsAreWithinAnUlpOfMath(t *testing.T) {
	// A vector of nine has eight in vector registers and one that is not.
	nine := func(f func(y, x []float32)) func(float32) float32 {
		v := make([]float32, 9)
		return func(x float32) float32 {
			for i := range v {
				v[i] = x
			}
			f(v, v)
			if math.Float32bits(v[0]) != math.Float32bits(v[8]) && (v[0] == v[0] || v[8] == v[8]) {
				t.Errorf("of %g: %x in a vector, %x alone", x, v[0], v[8])
			}
			return v[0]
		}
	}
	for _, c := range []struct {
		name  string
		got   func(float32) float32
		want  func(float64) float64
		bound float64
	}{
		{"exp", Exp, math.Exp, 1},
		{"log", Log, math.Log, 1},
		{"sigmoid", nine(Sigmoid), func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 3},
		{"tanh", nine(Tanh), math.Tanh, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			step := uint32(1009)
			if testing.Short() {
				step = 65537
			}
			worst, at := 0.0, float32(0)
			every(step, func(x float32) {
				if d := ulps(c.got(x), c.want(float64(x))); !(d <= worst) {
					worst, at = d, x
				}
			})
			t.Logf("at most %.3f ulp, at %g", worst, at)
			if !(worst <= c.bound) {
				t.Errorf("%s(%g) = %g, math says %g: %.3f ulp apart, want at most %g", c.name, at, c.got(at), c.want(float64(at)), worst, c.bound)
			}
		})
	}
}
