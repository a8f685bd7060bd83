package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The elementwise loops are AVX2 alone: from the second cache on, wider vectors
// are no faster.

const greater = 0x1e // ordered, quiet

// A loop runs over whole vectors of the same place in some slices: body is
// given the places. n counts numbers.
func loop(n reg.GPVirtual, slices []string, body func(at []Mem)) {
	through(n, slices, body)
	VZEROUPPER()
	RET()
}

// through is a loop with more to do behind it.
func through(n reg.GPVirtual, slices []string, body func(at []Mem)) {
	at := make([]Mem, len(slices))
	i := GP64()
	XORQ(i, i)
	for j, name := range slices {
		at[j] = Mem{Base: integer(name), Index: i, Scale: 4}
	}
	Label("loop")
	body(at)
	ADDQ(Imm(8), i)
	CMPQ(i, n)
	JLT(LabelRef("loop"))
}

func axpy() {
	TEXT("axpyAsm", NOSPLIT, "func(z *float32, a float32, x, y *float32, n int)")
	Pragma("noescape")
	Doc("axpyAsm is AxpyTo for n a multiple of 8.")
	a := avx2.all("a")
	loop(integer("n"), []string{"x", "y", "z"}, func(at []Mem) {
		t := YMM()
		VMULPS(at[0], a, t)
		VADDPS(at[1], t, t)
		VMOVUPS(t, at[2])
	})
}

func relu() {
	TEXT("reluAsm", NOSPLIT, "func(y, x *float32, slope float32, n int)")
	Pragma("noescape")
	Doc("reluAsm is ReLU for n a multiple of 8.")
	slope, zero := avx2.all("slope"), YMM()
	avx2.zero(zero)
	loop(integer("n"), []string{"x", "y"}, func(at []Mem) {
		x, t := YMM(), YMM()
		VMOVUPS(at[0], x)
		VMULPS(x, slope, t)
		mask := YMM()
		VCMPPS(Imm(greater), zero, x, mask)
		VBLENDVPS(mask, x, t, t)
		VMOVUPS(t, at[1])
	})
}

// scaleUnless writes to where y is not above zero slope times what it held.
func scaleUnless(y Op, slope, zero, to reg.VecVirtual) {
	scaled, mask := YMM(), YMM()
	VMOVUPS(y, mask)
	VMULPS(to, slope, scaled)
	VCMPPS(Imm(greater), zero, mask, mask)
	VBLENDVPS(mask, to, scaled, to)
}

func reluGrad() {
	begin("reluGrad", "ReLUGrad", "dy, y *float32, slope float32, n int")
	slope, zero := avx2.all("slope"), YMM()
	avx2.zero(zero)
	loop(integer("n"), []string{"dy", "y"}, func(at []Mem) {
		g := YMM()
		VMOVUPS(at[0], g)
		scaleUnless(at[1], slope, zero, g)
		VMOVUPS(g, at[0])
	})
}

// begin starts the function that is another for n a multiple of 8.
func begin(name, other, params string) {
	TEXT(name+"Asm", NOSPLIT, "func("+params+")")
	Pragma("noescape")
	Doc(fmt.Sprintf("%sAsm is %s for n a multiple of 8.", name, other))
}

func (k constants) sigmoidGrad() {
	begin("sigmoidGrad", "SigmoidGrad", "dy, y *float32, n int")
	one := k.all(1)
	loop(integer("n"), []string{"dy", "y"}, func(at []Mem) {
		y, t := YMM(), YMM()
		VMOVUPS(at[1], y)
		VSUBPS(y, one, t)
		VMULPS(t, y, t)
		VMULPS(at[0], t, t)
		VMOVUPS(t, at[0])
	})
}

func (k constants) tanhGrad() {
	begin("tanhGrad", "TanhGrad", "dy, y *float32, n int")
	one := k.all(1)
	loop(integer("n"), []string{"dy", "y"}, func(at []Mem) {
		t := YMM()
		VMOVUPS(at[1], t)
		VMULPS(t, t, t)
		VSUBPS(t, one, t)
		VMULPS(at[0], t, t)
		VMOVUPS(t, at[0])
	})
}

func mul() {
	begin("mul", "Mul", "z, x, y *float32, n int")
	loop(integer("n"), []string{"z", "x", "y"}, func(at []Mem) {
		t := YMM()
		VMOVUPS(at[1], t)
		VMULPS(at[2], t, t)
		VMOVUPS(t, at[0])
	})
}

func difference() {
	begin("difference", "Difference", "z *float32, a float32, x, y *float32, n int")
	a := avx2.all("a")
	loop(integer("n"), []string{"z", "x", "y"}, func(at []Mem) {
		t := YMM()
		VMOVUPS(at[1], t)
		VSUBPS(at[2], t, t)
		VMULPS(a, t, t)
		VMOVUPS(t, at[0])
	})
}

// squares adds the squares of every eighth number to one of eight sums.
func squares(name, other string, slices []string, number func(at []Mem, to reg.VecVirtual)) {
	begin(name, other, "sums *float64, "+strings.Join(slices, ", ")+" *float32, n int")
	lanes := avx2.vectors(2)
	for _, s := range lanes {
		avx2.zero(s)
	}
	to := integer("sums")
	through(integer("n"), slices, func(at []Mem) {
		d, wide := YMM(), YMM()
		half := XMM()
		number(at, d)
		VEXTRACTF128(Imm(1), d, half)
		VCVTPS2PD(d.AsX(), wide)
		VFMADD231PD(wide, wide, lanes[0])
		VCVTPS2PD(half, wide)
		VFMADD231PD(wide, wide, lanes[1])
	})
	for i, s := range lanes {
		VMOVUPD(s, Mem{Base: to, Disp: 32 * i})
	}
	VZEROUPPER()
	RET()
}

func normalise(inverse bool, k constants) {
	name := "normalise"
	if inverse {
		name += "Inverse"
	}
	begin(name, "Normalise", "y, r, x, norms *float32, n int")
	one := k.all(1)
	loop(integer("n"), []string{"y", "r", "x", "norms"}, func(at []Mem) {
		r := YMM()
		VSQRTPS(at[3], r)
		if !inverse {
			VDIVPS(r, one, r)
		}
		VMOVUPS(r, at[1])
		VMULPS(at[2], r, r)
		VMOVUPS(r, at[0])
	})
}

func normGrad(inverse bool, k constants) {
	name, half := "normGrad", float32(-0.5)
	if inverse {
		name, half = name+"Inverse", 0.5
	}
	begin(name, "NormGrad", "dn, dy, y, r *float32, n int")
	h := k.all(half)
	loop(integer("n"), []string{"dn", "dy", "y", "r"}, func(at []Mem) {
		p, q := YMM(), YMM()
		VMOVUPS(at[1], p)
		VMULPS(at[2], p, p)
		VMOVUPS(at[3], q)
		VMULPS(q, q, q)
		if inverse {
			VDIVPS(q, p, p)
		} else {
			VMULPS(q, p, p)
		}
		VMULPS(h, p, p)
		VMOVUPS(p, at[0])
	})
}

func (k constants) normaliseGrad() {
	begin("normaliseGrad", "NormaliseGrad", "dy, r, x, s *float32, n int")
	two := k.all(2)
	loop(integer("n"), []string{"dy", "r", "x", "s"}, func(at []Mem) {
		g, t := YMM(), YMM()
		VMOVUPS(at[0], g)
		VMULPS(at[1], g, g)
		VMOVUPS(at[2], t)
		VMULPS(at[3], t, t)
		VMULPS(two, t, t)
		VADDPS(t, g, g)
		VMOVUPS(g, at[0])
	})
}

// columns keeps the sums of four vectors of columns in registers, then of two
// and of one. number loads what is to be added of a place in y and in dy.
func columns(sums, n, rows, ld reg.GPVirtual, slices []string, number func(at []Mem, to reg.VecVirtual)) {
	from := make([]reg.GPVirtual, len(slices))
	p := make([]reg.GPVirtual, len(slices))
	for i, name := range slices {
		from[i], p[i] = integer(name), GP64()
	}
	left := GP64()
	for _, nv := range []int{4, 2, 1} {
		next, columns, row := fmt.Sprintf("next%d", nv), fmt.Sprintf("columns%d", nv), fmt.Sprintf("row%d", nv)
		Label(columns)
		CMPQ(n, U32(nv*8))
		JLT(LabelRef(next))
		s := avx2.vectors(nv)
		for j := range s {
			VMOVUPS(Mem{Base: sums, Disp: j * 32}, s[j])
		}
		for i := range p {
			MOVQ(from[i], p[i])
		}
		MOVQ(rows, left)
		Label(row)
		for j := range s {
			at := make([]Mem, len(p))
			for i := range p {
				at[i] = Mem{Base: p[i], Disp: j * 32}
			}
			t := YMM()
			number(at, t)
			VADDPS(t, s[j], s[j])
		}
		for i := range p {
			ADDQ(ld, p[i])
		}
		DECQ(left)
		JNZ(LabelRef(row))
		for j := range s {
			VMOVUPS(s[j], Mem{Base: sums, Disp: j * 32})
		}
		ADDQ(U32(nv*32), sums)
		for i := range from {
			ADDQ(U32(nv*32), from[i])
		}
		SUBQ(U32(nv*8), n)
		JMP(LabelRef(columns))
		Label(next)
	}
	VZEROUPPER()
	RET()
}

func columnSums() {
	TEXT("columnSumsAsm", NOSPLIT, "func(sums, y *float32, n, rows, ld int)")
	Pragma("noescape")
	Doc("columnSumsAsm is ColumnSums for n columns, a multiple of 8, of rows that are ld apart.")
	columns(integer("sums"), integer("n"), integer("rows"), stride("ld"), []string{"y"}, func(at []Mem, to reg.VecVirtual) {
		VMOVUPS(at[0], to)
	})
}

func reluGradSums() {
	TEXT("reluGradSumsAsm", NOSPLIT, "func(sums, dy, y *float32, slope float32, n, rows, ld int)")
	Pragma("noescape")
	Doc("reluGradSumsAsm is ReLUGradSums for n columns, a multiple of 8, of rows that are ld apart.")
	slope, zero := avx2.all("slope"), YMM()
	avx2.zero(zero)
	columns(integer("sums"), integer("n"), integer("rows"), stride("ld"), []string{"dy", "y"}, func(at []Mem, to reg.VecVirtual) {
		VMOVUPS(at[0], to)
		scaleUnless(at[1], slope, zero, to)
		VMOVUPS(to, at[0])
	})
}

func adam() {
	TEXT("adamAsm", NOSPLIT, "func(p, m, v, grad *float32, n int, beta1, rest1, beta2, rest2, bias2, eps, rate, keep float32)")
	Pragma("noescape")
	Doc("adamAsm is Adam for n a multiple of 8.")
	beta1, rest1, beta2, rest2 := avx2.all("beta1"), avx2.all("rest1"), avx2.all("beta2"), avx2.all("rest2")
	bias2, eps, rate, keep := avx2.all("bias2"), avx2.all("eps"), avx2.all("rate"), avx2.all("keep")
	loop(integer("n"), []string{"p", "m", "v", "grad"}, func(at []Mem) {
		g, m, t, s := YMM(), YMM(), YMM(), YMM()
		VMOVUPS(at[3], g)
		VMULPS(at[1], beta1, m)
		VMULPS(g, rest1, t)
		VADDPS(t, m, m)
		VMOVUPS(m, at[1])
		VMULPS(at[2], beta2, s)
		VMULPS(g, rest2, t)
		VMULPS(g, t, t)
		VADDPS(t, s, s)
		VMOVUPS(s, at[2])
		VDIVPS(bias2, s, s)
		VSQRTPS(s, s)
		VADDPS(eps, s, s)
		VMULPS(rate, m, m)
		VDIVPS(s, m, m)
		VMULPS(at[0], keep, t)
		VSUBPS(m, t, t)
		VMOVUPS(t, at[0])
	})
}

// transpose writes eight rows of a matrix, a multiple of eight columns, as
// columns: dst[j·ldd+i] = src[i·lds+j].
func transpose() {
	TEXT("transposeAsm", NOSPLIT, "func(dst *float32, ldd int, src *float32, lds, cols int)")
	Pragma("noescape")
	Doc("transposeAsm is transpose for 8 rows and cols a multiple of 8.")
	dst, ldd, src, lds, cols := integer("dst"), stride("ldd"), integer("src"), stride("lds"), integer("cols")
	// strided calls f with the places of eight vectors.
	strided := func(at, stride reg.GPVirtual, f func(i int, m Mem)) {
		p, three := GP64(), GP64()
		LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, three)
		LEAQ(Mem{Base: at, Index: stride, Scale: 4}, p)
		for i := range 8 {
			m := Mem{Base: []reg.GPVirtual{at, p}[i/4]}
			switch i % 4 {
			case 1, 2:
				m.Index, m.Scale = stride, uint8(i%4)
			case 3:
				m.Index, m.Scale = three, 1
			}
			f(i, m)
		}
	}
	Label("loop")
	r := avx2.vectors(8)
	strided(src, lds, func(i int, m Mem) { VMOVUPS(m, r[i]) })
	// Pairs of rows, then of pairs, then of halves.
	for i := 0; i < 8; i += 2 {
		lo, hi := YMM(), YMM()
		VUNPCKLPS(r[i+1], r[i], lo)
		VUNPCKHPS(r[i+1], r[i], hi)
		r[i], r[i+1] = lo, hi
	}
	for i := 0; i < 8; i += 4 {
		q := avx2.vectors(4)
		VSHUFPS(Imm(0x44), r[i+2], r[i], q[0])
		VSHUFPS(Imm(0xee), r[i+2], r[i], q[1])
		VSHUFPS(Imm(0x44), r[i+3], r[i+1], q[2])
		VSHUFPS(Imm(0xee), r[i+3], r[i+1], q[3])
		copy(r[i:], q)
	}
	out := avx2.vectors(8)
	for i := range 4 {
		VPERM2F128(Imm(0x20), r[i+4], r[i], out[i])
		VPERM2F128(Imm(0x31), r[i+4], r[i], out[i+4])
	}
	strided(dst, ldd, func(i int, m Mem) { VMOVUPS(out[i], m) })
	ADDQ(Imm(32), src)
	LEAQ(Mem{Base: dst, Index: ldd, Scale: 8}, dst)
	SUBQ(Imm(8), cols)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
