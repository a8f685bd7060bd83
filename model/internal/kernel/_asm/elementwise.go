package main

import (
	"fmt"

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
	VZEROUPPER()
	RET()
}

func axpy() {
	TEXT("axpyAVX2", NOSPLIT, "func(a float32, x, y *float32, n int)")
	Pragma("noescape")
	Doc("axpyAVX2 is Axpy for n a multiple of 8.")
	a := avx2.all("a")
	loop(integer("n"), []string{"x", "y"}, func(at []Mem) {
		t := YMM()
		VMULPS(at[0], a, t)
		VADDPS(at[1], t, t)
		VMOVUPS(t, at[1])
	})
}

func relu() {
	TEXT("reluAVX2", NOSPLIT, "func(y, x *float32, slope float32, n int)")
	Pragma("noescape")
	Doc("reluAVX2 is ReLU for n a multiple of 8.")
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

func reluGrad() {
	TEXT("reluGradAVX2", NOSPLIT, "func(dx, dy, y *float32, slope float32, n int)")
	Pragma("noescape")
	Doc("reluGradAVX2 is ReLUGrad for n a multiple of 8.")
	slope, zero := avx2.all("slope"), YMM()
	avx2.zero(zero)
	loop(integer("n"), []string{"dx", "dy", "y"}, func(at []Mem) {
		g, y, t := YMM(), YMM(), YMM()
		VMOVUPS(at[1], g)
		VMOVUPS(at[2], y)
		VMULPS(g, slope, t)
		mask := YMM()
		VCMPPS(Imm(greater), zero, y, mask)
		VBLENDVPS(mask, g, t, t)
		VADDPS(at[0], t, t)
		VMOVUPS(t, at[0])
	})
}

// columnSums keeps the sums of four vectors of columns in registers, and then
// of one.
func columnSums() {
	TEXT("columnSumsAVX2", NOSPLIT, "func(sums, y *float32, n, rows, ld int)")
	Pragma("noescape")
	Doc("columnSumsAVX2 is ColumnSums for n columns, a multiple of 8, of rows that are ld apart.")
	sums, y, n, ld := integer("sums"), integer("y"), integer("n"), stride("ld")
	p, rows := GP64(), GP64()
	for _, nv := range []int{4, 1} {
		next, columns, row := fmt.Sprintf("next%d", nv), fmt.Sprintf("columns%d", nv), fmt.Sprintf("row%d", nv)
		Label(columns)
		CMPQ(n, U32(nv*8))
		JLT(LabelRef(next))
		s := avx2.vectors(nv)
		for j := range s {
			VMOVUPS(Mem{Base: sums, Disp: j * 32}, s[j])
		}
		MOVQ(y, p)
		Load(Param("rows"), rows)
		Label(row)
		for j := range s {
			VADDPS(Mem{Base: p, Disp: j * 32}, s[j], s[j])
		}
		ADDQ(ld, p)
		DECQ(rows)
		JNZ(LabelRef(row))
		for j := range s {
			VMOVUPS(s[j], Mem{Base: sums, Disp: j * 32})
		}
		ADDQ(U32(nv*32), sums)
		ADDQ(U32(nv*32), y)
		SUBQ(U32(nv*8), n)
		JMP(LabelRef(columns))
		Label(next)
	}
	VZEROUPPER()
	RET()
}

func adam() {
	TEXT("adamAVX2", NOSPLIT, "func(p, m, v, grad *float32, n int, beta1, rest1, beta2, rest2, bias2, eps, rate, keep float32)")
	Pragma("noescape")
	Doc("adamAVX2 is Adam for n a multiple of 8.")
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
	TEXT("transposeAVX2", NOSPLIT, "func(dst *float32, ldd int, src *float32, lds, cols int)")
	Pragma("noescape")
	Doc("transposeAVX2 is transpose for 8 rows and cols a multiple of 8.")
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
