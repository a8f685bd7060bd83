package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The same steps as in exp.go of package kernel, one instruction an operation:
// none is fused.

// constants keeps one copy of each number in the data of the file.
type constants map[uint32]Mem

// all returns a vector of c.
func (k constants) all(c float32) reg.VecVirtual {
	bits := math.Float32bits(c)
	at, ok := k[bits]
	if !ok {
		at = ConstData(fmt.Sprintf("number%08x", bits), U32(bits))
		k[bits] = at
	}
	r := YMM()
	VBROADCASTSS(at, r)
	return r
}

// polynomial returns the polynomial of x, its highest coefficient first.
func (k constants) polynomial(x reg.VecVirtual, coefficients ...float32) reg.VecVirtual {
	q := k.all(coefficients[0])
	for _, c := range coefficients[1:] {
		VMULPS(x, q, q)
		VADDPS(k.all(c), q, q)
	}
	return q
}

// negative is -0, the sign alone.
var negative = float32(math.Copysign(0, -1))

const less = 0x11 // ordered, quiet

// where returns yes in those places where the top bit of mask is set, no elsewhere.
func where(mask, yes, no reg.VecVirtual) reg.VecVirtual {
	r := YMM()
	VBLENDVPS(mask, yes, no, r)
	return r
}

// exp returns eˣ for x ≤ 0.
func (k constants) exp(x reg.VecVirtual) reg.VecVirtual {
	const round, ln2Hi, ln2Min = 3 << 22, 0x1.62ep-1, -0x1.9fe368p+6
	n, r, t := YMM(), YMM(), YMM()
	VMULPS(k.all(1/math.Ln2), x, n)
	VADDPS(k.all(round), n, n)
	VSUBPS(k.all(round), n, n)
	VMULPS(k.all(ln2Hi), n, t)
	VSUBPS(t, x, r)
	VMULPS(k.all(math.Ln2-ln2Hi), n, t)
	VSUBPS(t, r, r)
	q := k.polynomial(r, 0.0013814598567909889, 0.008368716878493268, 0.0416683880468987, 0.1666652063172302, 0.4999999344778866)
	VMULPS(r, q, q)
	VMULPS(r, q, q)
	VADDPS(q, r, r)
	VADDPS(k.all(1), r, r)
	// 2ⁿ in two factors.
	half := YMM()
	VCVTPS2DQ(n, n)
	VPSRAD(Imm(1), n, half)
	VPSUBD(half, n, n)
	for _, e := range []reg.VecVirtual{half, n} {
		VPSLLD(Imm(23), e, e)
		VPADDD(k.all(1), e, e) // the bits of 2⁰
		VMULPS(e, r, r)
	}
	low := YMM()
	VCMPPS(Imm(less), k.all(ln2Min), x, low)
	VANDNPS(r, low, r)
	return r
}

func (k constants) sigmoid() {
	TEXT("sigmoidAsm", NOSPLIT, "func(y, x *float32, n int)")
	Pragma("noescape")
	Doc("sigmoidAsm is Sigmoid for n a multiple of 8.")
	loop(integer("n"), []string{"x", "y"}, func(at []Mem) {
		x, a := YMM(), YMM()
		VMOVUPS(at[0], x)
		VORPS(k.all(negative), x, a)
		e, d := k.exp(a), YMM()
		VADDPS(k.all(1), e, d)
		y := where(x, e, k.all(1))
		VDIVPS(d, y, y)
		VMOVUPS(y, at[1])
	})
}

func (k constants) tanh() {
	TEXT("tanhAsm", NOSPLIT, "func(y, x *float32, n int)")
	Pragma("noescape")
	Doc("tanhAsm is Tanh for n a multiple of 8.")
	loop(integer("n"), []string{"x", "y"}, func(at []Mem) {
		x, z := YMM(), YMM()
		VMOVUPS(at[0], x)
		VMULPS(x, x, z)
		small := k.polynomial(z, -0.005660789425412026, 0.020602008133834532, -0.053729230179034256, 0.13331328962599337, -0.33333278315506765)
		VMULPS(z, small, small)
		VMULPS(x, small, small)
		VADDPS(x, small, small)
		a := YMM()
		VORPS(k.all(negative), x, a)
		big, d := YMM(), YMM()
		VADDPS(a, a, d)
		e := k.exp(d)
		VSUBPS(e, k.all(1), big)
		VADDPS(k.all(1), e, d)
		VDIVPS(d, big, big)
		s, mask := YMM(), YMM()
		VANDPS(k.all(negative), x, s)
		VORPS(s, big, big)
		VCMPPS(Imm(greater), k.all(-0.625), a, mask)
		VMOVUPS(where(mask, small, big), at[1])
	})
}
