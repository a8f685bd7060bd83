// Command _asm writes the AVX2 and AVX-512 implementations of the loops of
// package kernel.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/buildtags"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// An isa is a width of vectors.
type isa struct {
	name  string
	bytes int
	new   func() reg.VecVirtual
}

var (
	avx2   = isa{"AVX2", 32, YMM}
	avx512 = isa{"AVX512", 64, ZMM}
)

// floats returns how many numbers a vector holds.
func (v isa) floats() int { return v.bytes / 4 }

// vectors returns n new vectors.
func (v isa) vectors(n int) []reg.VecVirtual {
	out := make([]reg.VecVirtual, n)
	for i := range out {
		out[i] = v.new()
	}
	return out
}

func (v isa) zero(r reg.VecVirtual) {
	if v.bytes == 64 {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
}

// all returns a vector of the named float32 parameter in every place.
func (v isa) all(param string) reg.VecVirtual {
	from, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	r := v.new()
	VBROADCASTSS(from.Addr, r)
	return r
}

// integer loads a parameter.
func integer(param string) reg.GPVirtual {
	r := GP64()
	Load(Param(param), r)
	return r
}

// stride loads a parameter that counts numbers and turns it into bytes.
func stride(param string) reg.GPVirtual {
	r := integer(param)
	SHLQ(Imm(2), r)
	return r
}

// tile writes a full block of product.generic: mr rows of nv vectors.
func tile(v isa, mr, nv int) {
	nr := nv * v.floats()
	TEXT(fmt.Sprintf("tile%dx%d%s", mr, nr, v.name), NOSPLIT, "func(nseg int, aoff *int, kc int, a *float32, sai, sak int, b *float32, sbk int, c *float32, ldc int, base *float32, ldbase int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("tile%dx%d%s computes a full %d × %d block of a product.", mr, nr, v.name, mr, nr))
	sums := make([][]reg.VecVirtual, mr)
	for i := range sums {
		sums[i] = v.vectors(nv)
		for _, s := range sums[i] {
			v.zero(s)
		}
	}
	nseg, aoff := integer("nseg"), integer("aoff")
	sai, sak := stride("sai"), stride("sak")
	b, sbk := integer("b"), stride("sbk")
	// Four rows to a pointer: 0, 1, 2 and 3 strides on.
	rows := make([]reg.GPVirtual, (mr+3)/4)
	for i := range rows {
		rows[i] = GP64()
	}
	sai3 := GP64()
	LEAQ(Mem{Base: sai, Index: sai, Scale: 2}, sai3)
	k := GP64()

	Label("segment")
	MOVQ(Mem{Base: aoff}, k)
	ADDQ(Imm(8), aoff)
	Load(Param("a"), rows[0])
	LEAQ(Mem{Base: rows[0], Index: k, Scale: 4}, rows[0])
	for i := 1; i < len(rows); i++ {
		LEAQ(Mem{Base: rows[i-1], Index: sai, Scale: 4}, rows[i])
	}
	Load(Param("kc"), k)

	Label("loop")
	line := v.vectors(nv)
	for j := range line {
		VMOVUPS(Mem{Base: b, Disp: j * v.bytes}, line[j])
	}
	ADDQ(sbk, b)
	for i, row := range sums {
		m := Mem{Base: rows[i/4]}
		switch i % 4 {
		case 1, 2:
			m.Index, m.Scale = sai, uint8(i%4)
		case 3:
			m.Index, m.Scale = sai3, 1
		}
		one := v.new()
		VBROADCASTSS(m, one)
		if i%4 == 3 || i == mr-1 {
			ADDQ(sak, rows[i/4])
		}
		for j, s := range row {
			VFMADD231PS(one, line[j], s)
		}
	}
	DECQ(k)
	JNZ(LabelRef("loop"))
	DECQ(nseg)
	JNZ(LabelRef("segment"))

	base, ldbase := integer("base"), stride("ldbase")
	TESTQ(base, base)
	JZ(LabelRef("store"))
	for _, row := range sums {
		for j, s := range row {
			VADDPS(Mem{Base: base, Disp: j * v.bytes}, s, s)
		}
		ADDQ(ldbase, base)
	}

	Label("store")
	c, ldc := integer("c"), stride("ldc")
	for _, row := range sums {
		for j, s := range row {
			VMOVUPS(s, Mem{Base: c, Disp: j * v.bytes})
		}
		ADDQ(ldc, c)
	}
	VZEROUPPER()
	RET()
}

func main() {
	Constraint(buildtags.Not("purego"))
	tile(avx2, 6, 2)
	tile(avx2, 12, 1)
	tile(avx2, 4, 3)
	tile(avx512, 8, 2)
	tile(avx512, 4, 3)
	tile(avx512, 6, 4)
	tile(avx512, 16, 1)
	transpose()
	axpy()
	relu()
	reluGrad()
	columnSums()
	adam()
	k := constants{}
	k.sigmoid()
	k.tanh()
	Generate()
}
