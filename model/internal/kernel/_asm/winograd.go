package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The steps of winograd.go of package kernel, with fused multiply-add.

// everywhere returns eight copies of c in the data of the file.
func (k constants) everywhere(c float64) Mem {
	bits := math.Float32bits(float32(c))
	key := ^bits // apart from the single numbers
	at, ok := k[key]
	if !ok {
		at = GLOBL(fmt.Sprintf("numbers%08x", bits), RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(bits))
		}
		k[key] = at
	}
	return at
}

// transform writes a function of count groups of vectors of n numbers, eight at a
// time: the in-th are ss apart and the out-th ds, and groups sn and dn. It begins
// with what before says and ends each group with what next says, given what is
// added to places in dst, and n in bytes.
func transform(name string, in, out int, more string, body func(in []reg.VecVirtual, to func(k int) Mem, store func(k int, v reg.VecVirtual)), before func(), next func(by, back reg.GPVirtual)) {
	begin(name, name, "dst *float32, ds, dn int, src *float32, ss, sn, n, count int"+more)
	from, fromMove := places("src", "ss")
	to, toMove := places("dst", "ds")
	count, n := integer("count"), GP64()
	if before != nil {
		before()
	}
	Label("group")
	Load(Param("n"), n)
	Label("loop")
	numbers := avx2.vectors(in)
	for k := range numbers {
		VMOVUPS(from(k), numbers[k])
	}
	body(numbers, to, func(k int, v reg.VecVirtual) { VMOVUPS(v, to(k)) })
	fromMove(Imm(32))
	toMove(Imm(32))
	SUBQ(Imm(8), n)
	JNZ(LabelRef("loop"))
	back, by := stride("n"), stride("sn")
	SUBQ(back, by)
	fromMove(by)
	Load(Param("dn"), by)
	SHLQ(Imm(2), by)
	SUBQ(back, by)
	toMove(by)
	if next != nil {
		next(by, back)
	}
	DECQ(count)
	JNZ(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// places returns where up to six vectors are, the first at one parameter and the
// others each as many numbers on as another says, and what moves them all.
func places(first, step string) (place func(k int) Mem, move func(by Op)) {
	at, apart, three, next := integer(first), stride(step), GP64(), GP64()
	LEAQ(Mem{Base: apart, Index: apart, Scale: 2}, three)
	LEAQ(Mem{Base: at, Index: apart, Scale: 1}, next)
	place = func(k int) Mem {
		switch k {
		case 0:
			return Mem{Base: at}
		case 3:
			return Mem{Base: at, Index: three, Scale: 1}
		case 5:
			return Mem{Base: next, Index: apart, Scale: 4}
		default:
			return Mem{Base: at, Index: apart, Scale: uint8(k)}
		}
	}
	return place, func(by Op) {
		ADDQ(by, at)
		ADDQ(by, next)
	}
}

func copyOf(v reg.VecVirtual) reg.VecVirtual {
	r := YMM()
	VMOVAPS(v, r)
	return r
}

// plusMinus stores even + p·odd as the first and even - p·odd after it.
func (k constants) plusMinus(even, odd reg.VecVirtual, p float64, first int, store func(int, reg.VecVirtual)) {
	plus := copyOf(even)
	VFMADD231PS(k.everywhere(p), odd, plus)
	store(first, plus)
	VFNMADD231PS(k.everywhere(p), odd, even)
	store(first+1, even)
}

// pairs returns the sums and the differences of m[1] and m[2], and of m[3] and m[4].
func pairs(m []reg.VecVirtual) (s, d [2]reg.VecVirtual) {
	for i := range s {
		s[i], d[i] = YMM(), YMM()
		VADDPS(m[2*i+2], m[2*i+1], s[i])
		VSUBPS(m[2*i+2], m[2*i+1], d[i])
	}
	return s, d
}

func (k constants) winograd() {
	const a, b = 5. / 8, 3. / 2
	const na, nb = 2 * a * a * (a*a - b*b), 2 * b * b * (b*b - a*a)
	transform("winogradData", 6, 6, "", func(d []reg.VecVirtual, _ func(int) Mem, store func(int, reg.VecVirtual)) {
		for end := range 2 { // points zero and infinity
			t := copyOf(d[4+end])
			VFNMADD231PS(k.everywhere(a*a+b*b), d[2+end], t)
			VFMADD231PS(k.everywhere(a*a*b*b), d[end], t)
			store(5*end, t)
		}
		pair := func(first int, p, other float64) {
			even, odd := copyOf(d[4]), copyOf(d[3])
			VFNMADD231PS(k.everywhere(other*other), d[2], even)
			VFNMADD231PS(k.everywhere(other*other), d[1], odd)
			k.plusMinus(even, odd, p, first, store)
		}
		pair(1, a, b)
		pair(3, b, a)
	}, nil, nil)
	result := func(m []reg.VecVirtual, _ func(int) Mem, store func(int, reg.VecVirtual)) {
		s, d := pairs(m)
		VADDPS(s[0], m[0], m[0])
		VADDPS(s[1], m[0], m[0])
		store(0, m[0])
		for j := 1; j < 3; j++ {
			of, t := d, YMM()
			if j == 2 {
				of = s
			}
			VMULPS(k.everywhere(math.Pow(a, float64(j))), of[0], t)
			VFMADD231PS(k.everywhere(math.Pow(b, float64(j))), of[1], t)
			store(j, t)
		}
		VFMADD231PS(k.everywhere(b*b*b), d[1], m[5])
		VFMADD231PS(k.everywhere(a*a*a), d[0], m[5])
		store(3, m[5])
	}
	transform("winogradSums", 6, 4, "", result, nil, nil)

	// The same, and then what a convolution does at its end. bias advances with the
	// numbers; add is laid out like dst, or nil.
	bias, add, slope, zero := GP64(), GP64(), YMM(), YMM()
	transform("winogradEnd", 6, 4, ", bias, add *float32, slope float32",
		func(m []reg.VecVirtual, to func(k int) Mem, store func(int, reg.VecVirtual)) {
			result(m, nil, func(j int, v reg.VecVirtual) {
				VADDPS(Mem{Base: bias}, v, v)
				alone := fmt.Sprintf("alone%d", j)
				TESTQ(add, add)
				JZ(LabelRef(alone))
				at := to(j)
				at.Base = add
				VADDPS(at, v, v)
				Label(alone)
				avx2.scaleUnlessPositive(v, slope, zero)
				store(j, v)
			})
			ADDQ(Imm(32), bias)
			TESTQ(add, add)
			JZ(LabelRef("next"))
			ADDQ(Imm(32), add)
			Label("next")
		}, func() {
			Load(Param("bias"), bias)
			Load(Param("add"), add)
			VBROADCASTSS(parameter("slope"), slope)
			avx2.zero(zero)
		}, func(by, back reg.GPVirtual) {
			SUBQ(back, bias)
			TESTQ(add, add)
			JZ(LabelRef("bare"))
			ADDQ(by, add)
			Label("bare")
		})

	transform("winogradWeights", 3, 6, "", func(g []reg.VecVirtual, _ func(int) Mem, store func(int, reg.VecVirtual)) {
		t := YMM()
		VMULPS(k.everywhere(1/(a*a*b*b)), g[0], t)
		store(0, t)
		pair := func(first int, p, n float64) {
			even := YMM()
			VMULPS(k.everywhere(1/n), g[0], even)
			VFMADD231PS(k.everywhere(p*p/n), g[2], even)
			k.plusMinus(even, g[1], p/n, first, store)
		}
		pair(1, a, na)
		pair(3, b, nb)
		store(5, g[2])
	}, nil, nil)
	transform("winogradSpread", 4, 6, "", func(y []reg.VecVirtual, _ func(int) Mem, store func(int, reg.VecVirtual)) {
		store(0, y[0])
		pair := func(first int, p float64) {
			even, odd := copyOf(y[0]), copyOf(y[1])
			VFMADD231PS(k.everywhere(p*p), y[2], even)
			VFMADD231PS(k.everywhere(p*p), y[3], odd)
			k.plusMinus(even, odd, p, first, store)
		}
		pair(1, a)
		pair(3, b)
		store(5, y[3])
	}, nil, nil)
	transform("winogradTaps", 6, 3, "", func(m []reg.VecVirtual, _ func(int) Mem, store func(int, reg.VecVirtual)) {
		s, d := pairs(m)
		t := YMM()
		VMULPS(k.everywhere(1/(a*a*b*b)), m[0], t)
		VFMADD231PS(k.everywhere(1/na), s[0], t)
		VFMADD231PS(k.everywhere(1/nb), s[1], t)
		store(0, t)
		u := YMM()
		VMULPS(k.everywhere(a/na), d[0], u)
		VFMADD231PS(k.everywhere(b/nb), d[1], u)
		store(1, u)
		VFMADD231PS(k.everywhere(a*a/na), s[0], m[5])
		VFMADD231PS(k.everywhere(b*b/nb), s[1], m[5])
		store(2, m[5])
	}, nil, nil)
}
