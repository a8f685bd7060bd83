package main

import "fmt"

// Go's assembler knows few instructions for vectors of floating-point numbers.
// The others are written as the words that they are, with Arm's names for them
// behind (Arm Architecture Reference Manual, C7.2). d is the destination
// everywhere.

// word writes an instruction on registers d, n and m.
func (f *function) word(code uint32, name string, d, n, m vector) {
	fmt.Fprintf(&f.body, "\tWORD $0x%08x // %s\n", code|uint32(m)<<16|uint32(n)<<5|uint32(d), name)
}

// three writes d = n ∘ m.
func (f *function) three(code uint32, name string, d, n, m lanes) {
	for i := range d {
		f.word(code, fmt.Sprintf("%s %v.4S, %v.4S, %v.4S", name, d[i], n[i], m[i]), d[i], n[i], m[i])
	}
}

// two writes d = ∘ n, with more behind the registers in the name.
func (f *function) two(code uint32, name string, d, n lanes, more string) {
	for i := range d {
		f.word(code, fmt.Sprintf("%s %v.4S, %v.4S%s", name, d[i], n[i], more), d[i], n[i], 0)
	}
}

func (f *function) add(d, n, m lanes) { f.three(0x4e20d400, "FADD", d, n, m) }
func (f *function) sub(d, n, m lanes) { f.three(0x4ea0d400, "FSUB", d, n, m) } // d = n - m
func (f *function) mul(d, n, m lanes) { f.three(0x6e20dc00, "FMUL", d, n, m) }
func (f *function) div(d, n, m lanes) { f.three(0x6e20fc00, "FDIV", d, n, m) } // d = n / m
func (f *function) sqrt(d, n lanes)   { f.two(0x6ea1f800, "FSQRT", d, n, "") }

// greater sets all bits of d where n > m, and none elsewhere.
func (f *function) greater(d, n, m lanes) { f.three(0x6ea0e400, "FCMGT", d, n, m) }

// positive sets all bits of d where n > 0, and none elsewhere.
func (f *function) positive(d, n lanes) { f.two(0x4ea0c800, "FCMGT", d, n, ", #0.0") }

// negated sets the sign of all numbers.
func (f *function) negated(d, n lanes) {
	f.two(0x4ea0f800, "FABS", d, n, "")
	f.two(0x6ea0f800, "FNEG", d, d, "")
}

// signs sets all bits of d where the top bit of n is set, and none elsewhere.
func (f *function) signs(d, n lanes) { f.two(0x4ea0a800, "CMLT", d, n, ", #0") }

// nearest turns numbers into the nearest int32, of two the even one.
func (f *function) nearest(d, n lanes) { f.two(0x4e21a800, "FCVTNS", d, n, "") }

// halve shifts each int32 right by one.
func (f *function) halve(d, n lanes) { f.two(0x4f3f0400, "SSHR", d, n, ", #1") }

// widen turns four numbers a vector into twice two float64.
func (f *function) widen(d, n lanes) {
	for i, v := range n {
		f.word(0x0e617800, fmt.Sprintf("FCVTL %v.2D, %v.2S", d[2*i], v), d[2*i], v, 0)
		f.word(0x4e617800, fmt.Sprintf("FCVTL2 %v.2D, %v.4S", d[2*i+1], v), d[2*i+1], v, 0)
	}
}

// fmaElement adds n times the first number of m, rounding once.
func (f *function) fmaElement(d, n lanes, m vector) {
	for i := range d {
		f.word(0x4f801000, fmt.Sprintf("FMLA %v.4S, %v.4S, %v.S[0]", d[i], n[i], m), d[i], n[i], m)
	}
}

// without clears in n the bits that are set in mask.
func (f *function) without(d, n, mask lanes) {
	for i := range d {
		f.word(0x4e601c00, fmt.Sprintf("BIC %v.16B, %v.16B, %v.16B", d[i], n[i], mask[i]), d[i], n[i], mask[i])
	}
}

// Those that Go's assembler knows have their operands from right to left.

// native writes an instruction on so many operands, in an arrangement.
func (f *function) native(name, arrangement string, operands ...lanes) {
	for i := range operands[0] {
		var of []any
		for _, o := range operands {
			of = append(of, fmt.Sprintf("%v.%s", o[i], arrangement))
		}
		f.do(name, of...)
	}
}

func (f *function) fma(d, n, m lanes)         { f.native("VFMLA", "S4", m, n, d) } // d += n · m, rounding once
func (f *function) fms(d, n, m lanes)         { f.native("VFMLS", "S4", m, n, d) } // d -= n · m, rounding once
func (f *function) fma64(d, n, m lanes)       { f.native("VFMLA", "D2", m, n, d) }
func (f *function) addIntegers(d, n, m lanes) { f.native("VADD", "S4", m, n, d) }
func (f *function) subIntegers(d, n, m lanes) { f.native("VSUB", "S4", m, n, d) }
func (f *function) copy(d, n lanes)           { f.native("VMOV", "B16", n, d) }

// insert overwrites d with n where the bits of mask are set, insertNot where not.
func (f *function) insert(d, n, mask lanes)    { f.native("VBIT", "B16", mask, n, d) }
func (f *function) insertNot(d, n, mask lanes) { f.native("VBIF", "B16", mask, n, d) }

// shiftLeft shifts each int32.
func (f *function) shiftLeft(d, n lanes, bits int) {
	for i := range d {
		f.do("VSHL", constant(bits), fmt.Sprintf("%v.S4", n[i]), fmt.Sprintf("%v.S4", d[i]))
	}
}

func (f *function) zero(d lanes) {
	for _, v := range d {
		f.do("VMOVI", "$0", fmt.Sprintf("%v.B16", v))
	}
}

// pair writes two neighbours as those that move pairs want them.
func pair(l lanes) string { return fmt.Sprintf("(%s, %s)", l[0].float(), l[1].float()) }

// load reads an even number of vectors so many bytes behind p.
func (f *function) load(d lanes, p integer, bytes int) {
	for i := 0; i < len(d); i += 2 {
		f.do("FLDPQ", at(p, bytes+16*i), pair(d[i:]))
	}
}

// store writes an even number of vectors there.
func (f *function) store(n lanes, p integer, bytes int) {
	for i := 0; i < len(n); i += 2 {
		f.do("FSTPQ", pair(n[i:]), at(p, bytes+16*i))
	}
}

// scaleUnlessPositive multiplies d by slope where n is not above zero.
func (f *function) scaleUnlessPositive(d, n, slope lanes) {
	f.scope(func() {
		mask, scaled := f.lanes(len(d)), f.lanes(len(d))
		f.positive(mask, n)
		f.mul(scaled, d, slope)
		f.insertNot(d, scaled, mask)
	})
}
