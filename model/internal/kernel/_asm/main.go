// Command _asm writes the AVX2 and AVX-512 implementations of the loops of
// package kernel.
package main

import (
	"fmt"
	"math"
	"slices"

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
	r := v.new()
	VBROADCASTSS(parameter(param), r)
	return r
}

// parameter returns the place of a parameter.
func parameter(name string) Mem {
	from, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return from.Addr
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

// fields are those of a block, in their order.
var fields = []string{"nseg", "aoff", "kc", "a", "sai", "sak", "b", "sbk", "c", "ldc", "bias", "add", "slope", "count", "aNext", "cNext"}

// field returns the place of a field of the block that p points to.
func field(p reg.Register, name string) Mem {
	return Mem{Base: p, Disp: 8 * slices.Index(fields, name)}
}

// tile writes product.generic for blocks of mr rows of nv vectors.
func tile(v isa, mr, nv int) {
	nr := nv * v.floats()
	name := fmt.Sprintf("tile%dx%d%s", mr, nr, v.name)
	TEXT(name, NOSPLIT, "func(first *int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes blocks of %d × %d numbers of a product.", name, mr, nr))
	p := integer("first")
	load := func(name string, to reg.GPVirtual) { MOVQ(field(p, name), to) }
	new := func(name string) reg.GPVirtual {
		r := GP64()
		load(name, r)
		return r
	}
	bytes := func(name string) reg.GPVirtual {
		r := new(name)
		SHLQ(Imm(2), r)
		return r
	}
	sai, sak, sbk := bytes("sai"), bytes("sak"), bytes("sbk")
	sai3 := GP64()
	LEAQ(Mem{Base: sai, Index: sai, Scale: 2}, sai3)
	// Four rows to a pointer: 0, 1, 2 and 3 strides on.
	rows := make([]reg.GPVirtual, (mr+3)/4)
	for i := range rows {
		rows[i] = GP64()
	}

	Label("block")
	sums := make([][]reg.VecVirtual, mr)
	for i := range sums {
		sums[i] = v.vectors(nv)
		for _, s := range sums[i] {
			v.zero(s)
		}
	}
	nseg, aoff, b, k := new("nseg"), new("aoff"), new("b"), GP64()

	Label("segment")
	MOVQ(Mem{Base: aoff}, k)
	ADDQ(Imm(8), aoff)
	load("a", rows[0])
	LEAQ(Mem{Base: rows[0], Index: k, Scale: 4}, rows[0])
	for i := 1; i < len(rows); i++ {
		LEAQ(Mem{Base: rows[i-1], Index: sai, Scale: 4}, rows[i])
	}
	load("kc", k)

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

	each := func(f func(i, j int, s reg.VecVirtual)) {
		for i, row := range sums {
			for j, s := range row {
				f(i, j, s)
			}
		}
	}
	at := new("bias")
	TESTQ(at, at)
	JZ(LabelRef("unbiased"))
	each(func(i, j int, s reg.VecVirtual) { VADDPS(Mem{Base: at, Disp: j * v.bytes}, s, s) })

	Label("unbiased")
	load("add", at)
	TESTQ(at, at)
	JZ(LabelRef("alone"))
	ld := bytes("ldc")
	each(func(i, j int, s reg.VecVirtual) {
		VADDPS(Mem{Base: at, Disp: j * v.bytes}, s, s)
		if j == nv-1 {
			ADDQ(ld, at)
		}
	})
	Label("alone")
	CMPL(field(p, "slope"), U32(math.Float32bits(1)))
	JE(LabelRef("store"))
	slope, zero := v.new(), v.new()
	VBROADCASTSS(field(p, "slope"), slope)
	v.zero(zero)
	each(func(i, j int, s reg.VecVirtual) { v.scaleUnlessPositive(s, slope, zero) })

	Label("store")
	load("c", at)
	load("ldc", ld)
	SHLQ(Imm(2), ld)
	each(func(i, j int, s reg.VecVirtual) {
		VMOVUPS(s, Mem{Base: at, Disp: j * v.bytes})
		if j == nv-1 {
			ADDQ(ld, at)
		}
	})
	// On to the next block, if there is one: the garbage collector must see no pointer beyond.
	DECQ(field(p, "count"))
	JZ(LabelRef("done"))
	load("aNext", at)
	ADDQ(at, field(p, "a"))
	load("cNext", at)
	ADDQ(at, field(p, "c"))
	CMPQ(field(p, "add"), Imm(0))
	JE(LabelRef("block"))
	ADDQ(at, field(p, "add"))
	JMP(LabelRef("block"))
	Label("done")
	VZEROUPPER()
	RET()
}

// scaleUnlessPositive multiplies s by slope where it is not above zero.
func (v isa) scaleUnlessPositive(s, slope, zero reg.VecVirtual) {
	if v.bytes == 64 {
		const notGreater = 0x1a // or unordered, quiet
		mask := K()
		VCMPPS(Imm(notGreater), zero, s, mask)
		VMULPS(slope, s, mask, s)
		return
	}
	scaled, mask := v.new(), v.new()
	VMULPS(slope, s, scaled)
	VCMPPS(Imm(greater), zero, s, mask)
	VBLENDVPS(mask, s, scaled, s)
}

// burst multiplies and adds n vectors in registers, again and again.
func burst(v isa, n int) {
	TEXT("burst"+v.name, NOSPLIT, "func(rounds int)")
	Doc(fmt.Sprintf("burst%s computes %d multiplications and additions of vectors a round, which do not wait for each other.", v.name, n))
	rounds, x, sums := integer("rounds"), v.new(), v.vectors(n)
	v.zero(x)
	for _, s := range sums {
		v.zero(s)
	}
	Label("loop")
	for _, s := range sums {
		VFMADD231PS(x, x, s)
	}
	DECQ(rounds)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func cpuid() {
	TEXT("cpuid", NOSPLIT, "func(leaf uint32) (eax, ebx uint32)")
	Doc("cpuid asks the processor what it is: a leaf, sub-leaf 0.")
	Load(Param("leaf"), reg.EAX)
	XORL(reg.ECX, reg.ECX)
	CPUID()
	Store(reg.EAX, ReturnIndex(0))
	Store(reg.EBX, ReturnIndex(1))
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
	tile(avx512, 7, 2)
	tile(avx512, 14, 1)
	tile(avx512, 7, 1)
	burst(avx2, 12)
	burst(avx512, 24)
	cpuid()
	transpose()
	axpy()
	relu()
	reluGrad()
	columnSums()
	adam()
	reluGradSums()
	mul()
	difference()
	squares("squaredError", "SquaredError", []string{"x", "y"}, func(at []Mem, to reg.VecVirtual) {
		VMOVUPS(at[0], to)
		VSUBPS(at[1], to, to)
	})
	squares("squaredNorm", "SquaredNorm", []string{"x"}, func(at []Mem, to reg.VecVirtual) { VMOVUPS(at[0], to) })
	k := constants{}
	k.sigmoidGrad()
	k.tanhGrad()
	for _, inverse := range []bool{false, true} {
		normalise(inverse, k)
		normGrad(inverse, k)
	}
	k.normaliseGrad()
	k.winograd()
	k.sigmoid()
	k.tanh()
	tilesOfAMX()
	Generate()
}
