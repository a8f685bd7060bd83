package main

import "math"

// The same steps as in exp.go of package kernel, one instruction an operation:
// none is fused.

// polynomial computes the polynomial of x, its highest coefficient first.
func (f *function) polynomial(d, x lanes, coefficients ...float64) {
	q := f.all(coefficients[0])
	for _, c := range coefficients[1:] {
		f.mul(d, q, x)
		f.add(d, d, f.all(c))
		q = d
	}
}

// exp turns x ≤ 0 into eˣ.
func (f *function) exp(x lanes) {
	const round, ln2Hi, ln2Min = 3 << 22, 0x1.62ep-1, -0x1.9fe368p+6
	f.scope(func() {
		n, r, t := f.eight(), f.eight(), f.eight()
		f.mul(n, x, f.all(1/math.Ln2))
		f.add(n, n, f.all(round))
		f.sub(n, n, f.all(round))
		f.mul(t, n, f.all(ln2Hi))
		f.sub(r, x, t)
		f.mul(t, n, f.all(math.Ln2-ln2Hi))
		f.sub(r, r, t)
		f.polynomial(t, r, 0.0013814598567909889, 0.008368716878493268, 0.0416683880468987, 0.1666652063172302, 0.4999999344778866)
		f.mul(t, t, r)
		f.mul(t, t, r)
		f.add(r, r, t)
		f.add(r, r, f.all(1))
		// 2ⁿ in two factors.
		half := t
		f.nearest(n, n)
		f.halve(half, n)
		f.subIntegers(n, n, half)
		for _, e := range []lanes{half, n} {
			f.shiftLeft(e, e, 23)
			f.addIntegers(e, e, f.all(1)) // the bits of 2⁰
			f.mul(r, r, e)
		}
		f.greater(x, f.all(ln2Min), x)
		f.without(x, r, x)
	})
}

func (s *source) sigmoid() {
	s.elementwise("sigmoid", "Sigmoid", "y, x *float32, n int", func(f *function) {
		f.loop([]string{"y", "x"}, func(at []integer) {
			x, e := f.read(at[1], 0), f.eight()
			f.negated(e, x)
			f.exp(e)
			d := f.eight()
			f.add(d, e, f.all(1))
			f.signs(x, x)
			f.insertNot(e, f.all(1), x)
			f.div(e, e, d)
			f.store(e, at[0], 0)
		})
	})
}

func (s *source) tanh() {
	s.elementwise("tanh", "Tanh", "y, x *float32, n int", func(f *function) {
		f.loop([]string{"y", "x"}, func(at []integer) {
			x, small, z := f.read(at[1], 0), f.eight(), f.eight()
			f.mul(z, x, x)
			f.polynomial(small, z, -0.005660789425412026, 0.020602008133834532, -0.053729230179034256, 0.13331328962599337, -0.33333278315506765)
			f.mul(small, small, z)
			f.mul(small, small, x)
			f.add(small, small, x)
			a, e := z, f.eight()
			f.negated(a, x)
			f.add(e, a, a)
			f.exp(e)
			big := f.eight()
			f.sub(big, f.all(1), e)
			f.add(e, e, f.all(1))
			f.div(big, big, e)
			f.insert(big, x, f.all(negative))
			f.greater(a, a, f.all(-0.625))
			f.insert(big, small, a)
			f.store(big, at[0], 0)
		})
	})
}

// negative is -0, the sign alone.
var negative = math.Copysign(0, -1)
