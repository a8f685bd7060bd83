package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The assembler does not know the instructions of AMX, nor those that round to bf16: they are
// written as bytes, with the mnemonic beside them. Registers of these functions are chosen by
// hand, since the allocator does not see what bytes use.

// raw writes an instruction as bytes.
func raw(text string, code ...byte) {
	Comment(text)
	for len(code) >= 4 {
		emit("LONG", U32(uint32(code[0])|uint32(code[1])<<8|uint32(code[2])<<16|uint32(code[3])<<24))
		code = code[4:]
	}
	for _, b := range code {
		emit("BYTE", U8(b))
	}
}

func emit(opcode string, op Op) { Instruction(&ir.Instruction{Opcode: opcode, Operands: []Op{op}}) }

// number is how instructions number a general register.
func number(r GPPhysical) byte {
	return byte(slices.Index([]GPPhysical{RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15}, r))
}

// vector is the same of a vector.
func vector(r VecPhysical) byte {
	n, err := strconv.Atoi(r.Asm()[1:])
	if err != nil {
		panic(err)
	}
	return byte(n)
}

// Prefixes, as VEX numbers them.
const (
	noPrefix = iota
	prefix66
	prefixF3
	prefixF2
)

// tileMemory writes an instruction that moves a tile: its row i is at base + i·stride + disp.
func tileMemory(name string, prefix, opcode byte, tile int, base, stride GPPhysical, disp int) {
	b, x := number(base), number(stride)
	second := byte(0xe2) // the bits of longer register numbers are inverted
	if x >= 8 {
		second &^= 0x40
	}
	if b >= 8 {
		second &^= 0x20
	}
	code := []byte{0xc4, second, 0x78 | prefix, opcode, 0x84 | byte(tile)<<3, x&7<<3 | b&7}
	for i := range 4 {
		code = append(code, byte(disp>>(8*i)))
	}
	raw(fmt.Sprintf("%s tmm%d, [%s + %s + %d]", name, tile, base.Asm(), stride.Asm(), disp), code...)
}

func tileLoad(tile int, base, stride GPPhysical, disp int) {
	tileMemory("TILELOADD", prefixF2, 0x4b, tile, base, stride, disp)
}

func tileStore(tile int, base, stride GPPhysical, disp int) {
	tileMemory("TILESTORED", prefixF3, 0x4b, tile, base, stride, disp)
}

func tileZero(tile int) {
	raw(fmt.Sprintf("TILEZERO tmm%d", tile), 0xc4, 0xe2, 0x78|prefixF2, 0x49, 0xc0|byte(tile)<<3)
}

// tileProduct adds the product of tiles a and b to another.
func tileProduct(sums, a, b int) {
	raw(fmt.Sprintf("TDPBF16PS tmm%d, tmm%d, tmm%d", sums, a, b), 0xc4, 0xe2, byte(^b&15)<<3|prefixF3, 0x5c, 0xc0|byte(sums)<<3|byte(a))
}

// tileConfig makes all tiles what the structure in RDI says in its first field.
func tileConfig() {
	MOVQ(Mem{Base: RDI}, RAX)
	raw("LDTILECFG [RAX]", 0xc4, 0xe2, 0x78, 0x49, 0x00)
}

func tileRelease() { raw("TILERELEASE", 0xc4, 0xe2, 0x78, 0x49, 0xc0) }

// halves rounds 32 numbers: the lower ones become the lower half. Registers are below 8.
func halves(high, low, to VecPhysical) {
	h, l, d := vector(high), vector(low), vector(to)
	raw(fmt.Sprintf("VCVTNE2PS2BF16 %s, %s, %s", low.Asm(), high.Asm(), to.Asm()), 0x62, 0xf2, ^h&15<<3|4|prefixF2, 0x48, 0x72, 0xc0|d<<3|l)
}

// at returns the place of a field of the structure in RDI.
func at(fields []string, name string) Mem {
	i := slices.Index(fields, name)
	if i < 0 {
		panic("no field " + name)
	}
	return Mem{Base: RDI, Disp: 8 * i}
}

var tileConvFields = []string{"config", "count", "first", "nseg", "segs", "chunks", "a", "sa", "b", "pixels", "c", "half", "add", "bias", "slope", "mode", "masks", "rows", "now", "then", "stop", "left"}

// tileConv writes tileConv.generic for nj panels of 16 channels: blocks of two tiles of 16
// pixels. While a block is multiplied, the one before it is finished and stored.
func tileConv(nj int) {
	name := fmt.Sprintf("tileConv%dAMX", nj)
	TEXT(name, NOSPLIT, "func(first **byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes blocks of 32 pixels × %d channels of a tileConv.", name, 16*nj))
	f := func(name string) Mem { return at(tileConvFields, name) }
	const (
		sums, as, bs = 0, 4, 6 // which tiles
	)
	spill, pixel, end := RAX, R15, RBX // what is to be finished: sums, and the pixels that they belong to
	pitch := 64 * nj                   // of a pixel's sums

	Load(Param("first"), RDI)
	tileConfig()
	MOVQ(f("sa"), R12)
	MOVQ(U32(64), R13)
	VBROADCASTSS(f("slope"), Z10)
	VPXORD(Z11, Z11, Z11)
	MOVQ(f("masks"), R11)
	KMOVD(R11.As32(), K4) // of all channels
	KMOVW(R11.As32(), K1)
	SHRQ(U8(16), R11)
	KMOVW(R11.As32(), K2)
	MOVQ(f("pixels"), pixel)
	MOVQ(pixel, end)

	// finish stores the results of pixels up to the one in stop, with a loop of its own for what
	// is asked for most.
	loops := 0
	finish := func() {
		name := func(s string) string { return fmt.Sprintf("%s%d", s, loops) }
		values, ones := []VecPhysical{Z0, Z1}[:nj], []OpmaskPhysical{K1, K2}[:nj]
		loop := func(kind string, work func()) {
			next, skip, done := name(kind), name(kind+"Skip"), name("finished")
			Label(next)
			CMPQ(pixel, f("stop"))
			JGE(LabelRef(done))
			MOVLQSX(Mem{Base: pixel}, R11)
			TESTQ(R11, R11)
			JL(LabelRef(skip))
			for j, z := range values {
				VMOVUPS(Mem{Base: spill, Disp: 64 * j}, z)
			}
			work()
			Label(skip)
			ADDQ(U8(4), pixel)
			ADDQ(U32(uint32(pitch)), spill)
			JMP(LabelRef(next))
		}
		full := func() {
			for j, z := range values {
				VMOVUPS(z, ones[j], Mem{Base: RDX, Index: R11, Scale: 4, Disp: 64 * j})
			}
		}
		half := func() {
			halves(values[nj-1], Z0, Z2)
			VMOVDQU16(Z2, K4, Mem{Base: RDX, Index: R11, Scale: 2})
		}
		above := func() {
			for _, z := range values {
				VMAXPS(z, Z11, z)
			}
		}
		MOVQ(f("mode"), R11)
		TESTQ(R11, R11)
		JZ(LabelRef(name("any")))
		MOVQ(f("c"), RDX)
		TESTQ(RDX, RDX)
		JZ(LabelRef(name("halves")))
		CMPQ(R11, U8(2))
		JE(LabelRef(name("fullAbove")))
		loop("full", full)
		loop("fullAbove", func() { above(); full() })
		Label(name("halves"))
		MOVQ(f("half"), RDX)
		CMPQ(R11, U8(2))
		JE(LabelRef(name("halfAbove")))
		loop("half", half)
		loop("halfAbove", func() { above(); half() })
		loop("any", func() {
			plain, thin, whole := name("plain"), name("thin"), name("whole")
			MOVQ(f("add"), RDX)
			TESTQ(RDX, RDX)
			JZ(LabelRef(plain))
			for j, z := range values {
				VMOVUPS_Z(Mem{Base: RDX, Index: R11, Scale: 4, Disp: 64 * j}, ones[j], Z2)
				VADDPS(Z2, z, z)
			}
			Label(plain)
			for _, z := range values {
				const notGreater = 0x1a
				VCMPPS(Imm(notGreater), Z11, z, K3)
				VMULPS(Z10, z, K3, z)
			}
			MOVQ(f("c"), RDX)
			TESTQ(RDX, RDX)
			JZ(LabelRef(thin))
			full()
			JMP(LabelRef(whole))
			Label(thin)
			MOVQ(f("half"), RDX)
			half()
			Label(whole)
		})
		Label(name("finished"))
		loops++
	}

	Label("block")
	MOVQ(f("bias"), R8)
	XORQ(R9, R9) // every row is the same
	for i := range 2 {
		for j := range nj {
			tileLoad(sums+i*nj+j, R8, R9, 64*j)
		}
	}
	MOVQ(f("segs"), RSI)
	MOVQ(f("nseg"), RDX)
	MOVQ(RDX, f("left"))
	MOVQ(f("b"), R10)

	Label("segment")
	MOVQ(f("first"), R11)
	MOVQ(f("a"), R8)
	ADDQ(Mem{Base: RSI}, R8)
	ADDQ(U8(8), RSI)
	MOVQ(R8, R9)
	ADDQ(Mem{Base: R11}, R8)
	ADDQ(Mem{Base: R11, Disp: 8}, R9)
	MOVQ(f("chunks"), RCX)

	Label("chunk")
	tileLoad(as, R8, R12, 0)
	for j := range nj {
		tileLoad(bs+j, R10, R13, 1024*j)
		tileProduct(sums+j, as, bs+j)
	}
	tileLoad(as+1, R9, R12, 0)
	for j := range nj {
		tileProduct(sums+nj+j, as+1, bs+j)
	}
	ADDQ(U8(64), R8)
	ADDQ(U8(64), R9)
	ADDQ(U32(uint32(1024*nj)), R10)
	CMPQ(pixel, end)
	JGE(LabelRef("idle"))
	MOVQ(f("rows"), R11)
	LEAQ(Mem{Base: pixel, Index: R11, Scale: 4}, R11)
	CMPQ(R11, end)
	CMOVQGT(end, R11)
	MOVQ(R11, f("stop"))
	finish()
	Label("idle")
	DECQ(RCX)
	JNZ(LabelRef("chunk"))
	DECQ(f("left"))
	JNZ(LabelRef("segment"))

	MOVQ(end, f("stop"))
	finish()
	MOVQ(f("now"), spill)
	MOVQ(U32(uint32(pitch)), RDX)
	for i := range 2 {
		for j := range nj {
			tileStore(sums+i*nj+j, spill, RDX, 16*pitch*i+64*j)
		}
	}
	MOVQ(f("then"), R11)
	MOVQ(R11, f("now"))
	MOVQ(spill, f("then"))
	LEAQ(Mem{Base: pixel, Disp: 4 * 32}, end)
	ADDQ(U8(16), f("first"))
	DECQ(f("count"))
	JNZ(LabelRef("block"))
	MOVQ(end, f("stop"))
	finish()
	tileRelease()
	VZEROUPPER()
	RET()
}

var tileSumsFields = []string{"config", "jobs", "job", "chunks", "a", "sa", "b", "sb", "c", "sc", "go on"}

// tileSums writes tileSums.generic for mi × nj tiles.
func tileSums(mi, nj int) {
	name := fmt.Sprintf("tileSums%dx%dAMX", mi, nj)
	TEXT(name, NOSPLIT, "func(first **byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes blocks of %d × %d numbers of a tileSums.", name, 16*mi, 16*nj))
	f := func(name string) Mem { return at(tileSumsFields, name) }
	const as, bs = 4, 6
	Load(Param("first"), RDI)
	tileConfig()
	MOVQ(f("sa"), R12)
	MOVQ(f("sb"), R13)
	MOVQ(R13, RDX)
	SHLQ(U8(4), RDX) // 16 rows
	MOVQ(f("sc"), R15)
	MOVQ(f("jobs"), RBX)
	MOVQ(f("job"), RSI)

	Label("job")
	MOVQ(f("a"), R8)
	ADDQ(Mem{Base: RSI}, R8)
	MOVQ(R12, R9)
	SHLQ(U8(4), R9)
	ADDQ(R8, R9)
	MOVQ(f("b"), R10)
	ADDQ(Mem{Base: RSI, Disp: 8}, R10)
	MOVQ(f("c"), RAX)
	ADDQ(Mem{Base: RSI, Disp: 16}, RAX)
	MOVQ(R15, R11)
	SHLQ(U8(4), R11)
	ADDQ(RAX, R11)
	ADDQ(U8(24), RSI)
	places := []GPPhysical{RAX, R11}
	CMPQ(f("go on"), U8(0))
	JE(LabelRef("nothing"))
	for i := range mi {
		for j := range nj {
			tileLoad(i*nj+j, places[i], R15, 64*j)
		}
	}
	JMP(LabelRef("begun"))
	Label("nothing")
	for i := range mi * nj {
		tileZero(i)
	}
	Label("begun")
	CMPQ(RBX, U8(1))
	JE(LabelRef("last"))
	MOVQ(f("c"), RCX) // the sums of the next job
	ADDQ(Mem{Base: RSI, Disp: 16}, RCX)
	for range 16 * mi {
		for j := range nj {
			PREFETCHT0(Mem{Base: RCX, Disp: 64 * j})
		}
		ADDQ(R15, RCX)
	}
	Label("last")
	MOVQ(f("chunks"), RCX)

	Label("chunk")
	tileLoad(as, R8, R12, 0)
	for j := range nj {
		tileLoad(bs+j, R10, R13, 64*j)
		tileProduct(j, as, bs+j)
	}
	if mi > 1 {
		tileLoad(as+1, R9, R12, 0)
		for j := range nj {
			tileProduct(nj+j, as+1, bs+j)
		}
		ADDQ(U8(64), R9)
	}
	ADDQ(U8(64), R8)
	ADDQ(RDX, R10)
	DECQ(RCX)
	JNZ(LabelRef("chunk"))
	for i := range mi {
		for j := range nj {
			tileStore(i*nj+j, places[i], R15, 64*j)
		}
	}
	DECQ(RBX)
	JNZ(LabelRef("job"))
	tileRelease()
	RET()
}

// roundHalves writes Round for any n.
func roundHalves() {
	TEXT("roundAsm", NOSPLIT, "func(dst *uint16, src *float32, n int)")
	Pragma("noescape")
	Doc("roundAsm is Round for n numbers.")
	Load(Param("dst"), RDI)
	Load(Param("src"), RSI)
	Load(Param("n"), RBX)
	Label("loop")
	CMPQ(RBX, U8(32))
	JL(LabelRef("rest"))
	VMOVUPS(Mem{Base: RSI}, Z0)
	VMOVUPS(Mem{Base: RSI, Disp: 64}, Z1)
	halves(Z1, Z0, Z2)
	VMOVDQU16(Z2, Mem{Base: RDI})
	ADDQ(U8(128), RSI)
	ADDQ(U8(64), RDI)
	SUBQ(U8(32), RBX)
	JMP(LabelRef("loop"))
	Label("rest")
	TESTQ(RBX, RBX)
	JZ(LabelRef("done"))
	MOVQ(RBX, RCX)
	MOVQ(U32(1), RAX)
	SHLQ(CL, RAX)
	DECQ(RAX)
	KMOVD(EAX, K3)
	KMOVW(EAX, K1)
	SHRQ(U8(16), RAX)
	KMOVW(EAX, K2)
	VMOVUPS_Z(Mem{Base: RSI}, K1, Z0)
	VMOVUPS_Z(Mem{Base: RSI, Disp: 64}, K2, Z1)
	halves(Z1, Z0, Z2)
	VMOVDQU16(Z2, K3, Mem{Base: RDI})
	Label("done")
	VZEROUPPER()
	RET()
}

// widen writes Widen for n a multiple of 16.
func widen() {
	TEXT("widenAsm", NOSPLIT, "func(dst *float32, src *uint16, n int)")
	Pragma("noescape")
	Doc("widenAsm is Widen for n a multiple of 16.")
	Load(Param("dst"), RDI)
	Load(Param("src"), RSI)
	Load(Param("n"), RBX)
	Label("loop")
	load16(Mem{Base: RSI}, Z0)
	VMOVUPS(Z0, Mem{Base: RDI})
	ADDQ(U8(32), RSI)
	ADDQ(U8(64), RDI)
	SUBQ(U8(16), RBX)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// A gradientKind is what gradient computes of rows of dy and others, adds up and, where there is a
// dst, rounds.
type gradientKind struct {
	name, doc string
	params    string
	others    []string // beside dy
	inHalves  bool
	sumsAlone bool // there is no dst
	begin     func()
	compute   func(dy VecPhysical, others []VecPhysical)
}

// Z12 and Z13 are theirs, and K7.
var gradientKinds = []gradientKind{
	{
		name: "reluGradRound", doc: "ReLUGradRound", params: "dst *uint16, sums, dy, y *float32, slope float32", others: []string{"y"},
		begin: slopeAndZero,
		compute: func(dy VecPhysical, others []VecPhysical) {
			const notGreater = 0x1a
			VCMPPS(Imm(notGreater), Z13, others[0], K7)
			VMULPS(Z12, dy, K7, dy)
		},
	}, {
		name: "halfGrad", doc: "HalfGrad", params: "dst *uint16, sums *float32, dy, y *uint16, slope float32", others: []string{"y"}, inHalves: true,
		begin: slopeAndZero,
		compute: func(dy VecPhysical, others []VecPhysical) {
			const lessOrEqual = 2
			VPCMPD(U8(lessOrEqual), Z13, others[0], K7)
			VMULPS(Z12, dy, K7, dy)
		},
	}, {
		name: "normGradHalves", doc: "normGradHalves", params: "dst *uint16, sums *float32, dy, x, r *uint16", others: []string{"x", "r"}, inHalves: true,
		begin: func() { everywhere(-0.5, Z12) },
		compute: func(dy VecPhysical, others []VecPhysical) {
			x, r := others[0], others[1]
			VMULPS(r, x, x)
			VMULPS(x, dy, dy)
			VMULPS(r, r, r)
			VMULPS(r, dy, dy)
			VMULPS(Z12, dy, dy)
		},
	}, {
		name: "normGradHalvesInverse", doc: "normGradHalves for the inverse", params: "dst *uint16, sums *float32, dy, x, r *uint16", others: []string{"x", "r"}, inHalves: true,
		begin: func() { everywhere(0.5, Z12) },
		compute: func(dy VecPhysical, others []VecPhysical) {
			VMULPS(others[0], dy, dy)
			VDIVPS(others[1], dy, dy)
			VMULPS(Z12, dy, dy)
		},
	}, {
		name: "sumHalves", doc: "SumHalves", params: "sums *float32, dy *uint16", inHalves: true, sumsAlone: true,
		begin: func() {}, compute: func(VecPhysical, []VecPhysical) {},
	},
}

func slopeAndZero() {
	VBROADCASTSS(parameter("slope"), Z12)
	VPXORD(Z13, Z13, Z13)
}

// everywhere puts a number into every place of a vector.
func everywhere(v float32, to VecPhysical) {
	MOVL(U32(math.Float32bits(v)), EAX)
	VPBROADCASTD(EAX, to)
}

// load16Where is load16 with zeros where there is no one in a mask.
func load16Where(from Mem, ones OpmaskPhysical, to VecPhysical) {
	VPMOVZXWD_Z(from, ones, to)
	VPSLLD(U8(16), to, to)
}

// gradient writes one of gradientKinds, for up to 16·nv columns.
func gradient(nv int, kind gradientKind) {
	name := fmt.Sprintf("%s%dAsm", kind.name, nv)
	TEXT(name, NOSPLIT, "func("+kind.params+", cols, rows, ld int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is %s for cols columns, at most %d, of rows that are ld apart.", name, kind.doc, 16*nv))
	size, shift := 4, 2
	if kind.inHalves {
		size, shift = 2, 1
	}
	if !kind.sumsAlone {
		Load(Param("dst"), RDI)
	}
	Load(Param("dy"), RSI)
	places := []GPPhysical{RDX, R11}[:len(kind.others)]
	for i, p := range kind.others {
		Load(Param(p), places[i])
	}
	Load(Param("rows"), RBX)
	Load(Param("ld"), R9)
	if !kind.sumsAlone {
		MOVQ(R9, R8)
		SHLQ(U8(1), R8) // of dst, in bytes
	}
	SHLQ(U8(uint8(shift)), R9) // of the others
	MOVQ(U32(64), RCX)
	SUBQ(parameter("cols"), RCX)
	MOVQ(I32(-1), RAX)
	SHRQ(CL, RAX)
	pairs := []OpmaskPhysical{K5, K6}
	ones := []OpmaskPhysical{K1, K2, K3, K4}
	for i := range nv {
		if i%2 == 0 {
			KMOVD(EAX, pairs[i/2])
		}
		KMOVW(EAX, ones[i])
		SHRQ(U8(16), RAX)
	}
	sums := []VecPhysical{Z8, Z9, Z10, Z11}
	values := []VecPhysical{Z0, Z1, Z2, Z3}
	others := []VecPhysical{Z4, Z6}[:len(places)]
	kind.begin()
	Load(Param("sums"), R10)
	for i := range nv {
		VMOVUPS_Z(Mem{Base: R10, Disp: 64 * i}, ones[i], sums[i])
	}
	Label("row")
	for i := range nv {
		v, disp := values[i], 16*size*i
		if kind.inHalves {
			load16Where(Mem{Base: RSI, Disp: disp}, ones[i], v)
			for j, p := range places {
				load16Where(Mem{Base: p, Disp: disp}, ones[i], others[j])
			}
		} else {
			VMOVUPS_Z(Mem{Base: RSI, Disp: disp}, ones[i], v)
			for j, p := range places {
				VMOVUPS_Z(Mem{Base: p, Disp: disp}, ones[i], others[j])
			}
		}
		kind.compute(v, others)
		VADDPS(v, sums[i], sums[i])
		if !kind.sumsAlone && (i%2 == 1 || i == nv-1) {
			halves(v, values[i&^1], Z5)
			VMOVDQU16(Z5, pairs[i/2], Mem{Base: RDI, Disp: 32 * (i &^ 1)})
		}
	}
	if !kind.sumsAlone {
		ADDQ(R8, RDI)
	}
	ADDQ(R9, RSI)
	for _, p := range places {
		ADDQ(R9, p)
	}
	DECQ(RBX)
	JNZ(LabelRef("row"))
	for i := range nv {
		VMOVUPS(sums[i], ones[i], Mem{Base: R10, Disp: 64 * i})
	}
	VZEROUPPER()
	RET()
}

// inPairs writes a function of n numbers, a multiple of 32: compute leaves what becomes of 16 and the
// 16 behind them in the place of what is stored at the beginning of each of the slices in to.
func inPairs(name, doc, params string, begin func(), from, to []string, compute func(i int, at func(name string, size int) Mem) []VecPhysical) {
	TEXT(name+"Asm", NOSPLIT, "func("+params+", n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%sAsm is %s for n a multiple of 32.", name, doc))
	places := map[string]GPPhysical{}
	for i, p := range from {
		places[p] = []GPPhysical{RDI, RSI, RDX, R8}[i]
		Load(Param(p), places[p])
	}
	Load(Param("n"), RBX)
	begin()
	XORQ(RCX, RCX)
	Label("loop")
	var done [2][]VecPhysical
	for i := range 2 {
		done[i] = compute(i, func(name string, size int) Mem {
			return Mem{Base: places[name], Index: RCX, Scale: uint8(size), Disp: 16 * size * i}
		})
	}
	for i, p := range to {
		halves(done[1][i], done[0][i], Z6)
		VMOVDQU16(Z6, Mem{Base: places[p], Index: RCX, Scale: 2})
	}
	ADDQ(U8(32), RCX)
	CMPQ(RCX, RBX)
	JLT(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// load16 loads 16 numbers of bf16.
func load16(from Mem, to VecPhysical) {
	VPMOVZXWD(from, to)
	VPSLLD(U8(16), to, to)
}

func addHalves() {
	inPairs("addHalves", "AddHalves", "z, x, y *uint16", func() {}, []string{"z", "x", "y"}, []string{"z"}, func(i int, at func(string, int) Mem) []VecPhysical {
		v := []VecPhysical{Z0, Z1}[i]
		load16(at("x", 2), v)
		load16(at("y", 2), Z2)
		VADDPS(Z2, v, v)
		return []VecPhysical{v}
	})
}

func square() {
	greatest := func() { everywhere(math.Float32frombits(0x7f7f0000), Z13) }
	inPairs("square", "square", "y, x *uint16", greatest, []string{"y", "x"}, []string{"y"}, func(i int, at func(string, int) Mem) []VecPhysical {
		v := []VecPhysical{Z0, Z1}[i]
		load16(at("x", 2), v)
		VMULPS(v, v, v)
		VMINPS(v, Z13, v) // v where that is no number
		return []VecPhysical{v}
	})
}

func normaliseHalves(inverse bool) {
	name, doc := "normaliseHalves", "normaliseHalves"
	if inverse {
		name, doc = name+"Inverse", doc+" for the inverse"
	}
	const rootGuess = 0x5f375a86
	begin := func() {
		everywhere(math.Float32frombits(rootGuess), Z10)
		everywhere(0.5, Z11)
		everywhere(1.5, Z12)
		everywhere(math.MaxFloat32, Z13)
	}
	inPairs(name, doc, "y, r, x *uint16, norms *float32", begin, []string{"y", "r", "x", "norms"}, []string{"r", "y"}, func(i int, at func(string, int) Mem) []VecPhysical {
		root, y := []VecPhysical{Z0, Z1}[i], []VecPhysical{Z2, Z3}[i]
		n, half, rest := Z16, Z17, Z18
		if i == 1 {
			n, half, rest = Z19, Z20, Z21
		}
		VMOVUPS(at("norms", 4), n)
		VMINPS(n, Z13, n) // n where that is no number
		VPSRLD(U8(1), n, root)
		VPSUBD(root, Z10, root)
		VMULPS(n, Z11, half)
		for range 2 {
			VMULPS(half, root, rest)
			VFNMADD213PS(Z12, root, rest) // 1.5 - root·rest
			VMULPS(rest, root, root)
		}
		if inverse {
			VMULPS(n, root, root)
		}
		load16(at("x", 2), y)
		VMULPS(root, y, y)
		return []VecPhysical{root, y}
	})
}

func normaliseGradHalves() {
	inPairs("normaliseGradHalves", "normaliseGradHalves", "dy, r, x *uint16, s *float32", func() {}, []string{"dy", "r", "x", "s"}, []string{"dy"}, func(i int, at func(string, int) Mem) []VecPhysical {
		g, r, x := []VecPhysical{Z0, Z1}[i], Z2, Z3
		load16(at("dy", 2), g)
		load16(at("r", 2), r)
		VMULPS(r, g, g)
		load16(at("x", 2), x)
		VMULPS(at("s", 4), x, x)
		VADDPS(x, x, x)
		VADDPS(x, g, g)
		return []VecPhysical{g}
	})
}

// weave writes weave.
func weave() {
	TEXT("weaveAsm", NOSPLIT, "func(dst, src *uint16, pitch, pairs, blocks int)")
	Pragma("noescape")
	Doc("weaveAsm is weave for blocks of 16 columns, with the pitch in bytes.")
	Load(Param("dst"), RDI)
	Load(Param("src"), RSI)
	Load(Param("pitch"), RDX)
	Load(Param("pairs"), RBX)
	Label("pair")
	MOVQ(RSI, R8)
	LEAQ(Mem{Base: RSI, Index: RDX, Scale: 1}, R9)
	LEAQ(Mem{Base: RSI, Index: RDX, Scale: 2}, RSI)
	Load(Param("blocks"), RCX)
	Label("block")
	VPMOVZXWD(Mem{Base: R8}, Z0)
	VPMOVZXWD(Mem{Base: R9}, Z1)
	VPSLLD(U8(16), Z1, Z1)
	VPORD(Z1, Z0, Z0)
	VMOVDQU32(Z0, Mem{Base: RDI})
	ADDQ(U8(32), R8)
	ADDQ(U8(32), R9)
	ADDQ(U8(64), RDI)
	DECQ(RCX)
	JNZ(LabelRef("block"))
	DECQ(RBX)
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}

// turn writes turn.
func turn() {
	TEXT("turnAsm", NOSPLIT, "func(dst *uint16, ldd int, src *uint16, lds, blocks int)")
	Pragma("noescape")
	Doc("turnAsm is turn for 16 rows and blocks of 16 columns, with ldd and lds in bytes.")
	Load(Param("dst"), RDI)
	Load(Param("ldd"), RDX)
	Load(Param("src"), RSI)
	Load(Param("lds"), RBX)
	Load(Param("blocks"), RCX)
	LEAQ(Mem{Base: RDX, Index: RDX, Scale: 2}, R10) // three rows
	LEAQ(Mem{Base: RBX, Index: RBX, Scale: 2}, R11)
	z := func(i int) VecPhysical {
		return []VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31}[i]
	}
	row := func(base, one, three GPPhysical, i int) Mem {
		switch i % 4 {
		case 1:
			return Mem{Base: base, Index: one, Scale: 1}
		case 2:
			return Mem{Base: base, Index: one, Scale: 2}
		case 3:
			return Mem{Base: base, Index: three, Scale: 1}
		}
		return Mem{Base: base}
	}
	Label("block")
	MOVQ(RSI, R8)
	for i := range 16 {
		VMOVDQU32(row(R8, RBX, R11, i), z(i))
		if i%4 == 3 {
			LEAQ(Mem{Base: R8, Index: RBX, Scale: 4}, R8)
		}
	}
	// Within each quarter of the vectors: pairs of rows, and pairs of these.
	for i := 0; i < 16; i += 2 {
		VPUNPCKLDQ(z(i+1), z(i), z(16+i))
		VPUNPCKHDQ(z(i+1), z(i), z(17+i))
	}
	for i := 0; i < 16; i += 4 { // z(i+c): column 4q+c of rows i … i+3 in quarter q
		VPUNPCKLQDQ(z(16+i+2), z(16+i), z(i))
		VPUNPCKHQDQ(z(16+i+2), z(16+i), z(i+1))
		VPUNPCKLQDQ(z(16+i+3), z(16+i+1), z(i+2))
		VPUNPCKHQDQ(z(16+i+3), z(16+i+1), z(i+3))
	}
	// Quarters of four vectors change places.
	for c := range 4 {
		VSHUFI32X4(U8(0x88), z(4+c), z(c), z(16))    // quarters 0 2 of rows 0–3, 0 2 of rows 4–7
		VSHUFI32X4(U8(0xdd), z(4+c), z(c), z(17))    // quarters 1 3
		VSHUFI32X4(U8(0x88), z(12+c), z(8+c), z(18)) // the same of rows 8–11 and 12–15
		VSHUFI32X4(U8(0xdd), z(12+c), z(8+c), z(19))
		VSHUFI32X4(U8(0x88), z(18), z(16), z(20+c)) // quarter 0 of all rows
		VSHUFI32X4(U8(0xdd), z(18), z(16), z(28+c)) // quarter 2
		VSHUFI32X4(U8(0x88), z(19), z(17), z(24+c)) // quarter 1
		VSHUFI32X4(U8(0xdd), z(19), z(17), z(c))    // quarter 3
	}
	MOVQ(RDI, R9)
	for i := range 16 {
		at := []int{20, 24, 28, 0}[i/4] + i%4
		VMOVDQU32(z(at), row(R9, RDX, R10, i))
		if i%4 == 3 {
			LEAQ(Mem{Base: R9, Index: RDX, Scale: 4}, R9)
		}
	}
	ADDQ(U8(64), RSI)
	LEAQ(Mem{Base: R9}, RDI) // the next 16 columns are the next 16 rows
	DECQ(RCX)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// burstTiles multiplies tiles that do not wait for each other.
func burstTiles() {
	TEXT("burstAMX", NOSPLIT, "func(config *byte, rounds int)")
	Pragma("noescape")
	Doc("burstAMX computes 4 products of whole tiles a round, which do not wait for each other.")
	Load(Param("config"), RAX)
	Load(Param("rounds"), RCX)
	raw("LDTILECFG [RAX]", 0xc4, 0xe2, 0x78, 0x49, 0x00)
	for i := range 8 {
		tileZero(i)
	}
	Label("loop")
	for i := range 4 {
		tileProduct(i, 4+i/2, 6+i%2)
	}
	DECQ(RCX)
	JNZ(LabelRef("loop"))
	tileRelease()
	RET()
}

// processorAsks are the questions that tiles take beside cpuid.
func processorAsks() {
	TEXT("cpuidCount", NOSPLIT, "func(leaf, count uint32) (eax, edx uint32)")
	Doc("cpuidCount asks the processor what it is: a leaf and a sub-leaf.")
	Load(Param("leaf"), EAX)
	Load(Param("count"), ECX)
	CPUID()
	Store(EAX, ReturnIndex(0))
	Store(EDX, ReturnIndex(1))
	RET()
	TEXT("xgetbv", NOSPLIT, "func() (eax uint32)")
	Doc("xgetbv returns which states of the processor the system saves. The processor must have the instruction.")
	XORL(ECX, ECX)
	XGETBV()
	Store(EAX, ReturnIndex(0))
	RET()
}

func tilesOfAMX() {
	tileConv(1)
	tileConv(2)
	for _, mi := range []int{1, 2} {
		for _, nj := range []int{1, 2} {
			tileSums(mi, nj)
		}
	}
	roundHalves()
	widen()
	addHalves()
	for _, kind := range gradientKinds {
		for _, nv := range []int{1, 2, 4} {
			gradient(nv, kind)
		}
	}
	square()
	normaliseHalves(false)
	normaliseHalves(true)
	normaliseGradHalves()
	weave()
	turn()
	burstTiles()
	processorAsks()
}
