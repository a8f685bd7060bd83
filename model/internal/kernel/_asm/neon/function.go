package main

import (
	"fmt"
	"math"
	"strings"
)

// An integer is a general register, counted among those that are free for use:
// not R18, which is the system's, nor R27 and what follows, which is Go's.
type integer int

func (r integer) String() string {
	if r >= 18 {
		r++
	}
	return fmt.Sprintf("R%d", int(r))
}

// A vector is a register of four float32 or two float64 numbers.
type vector int

func (v vector) String() string { return fmt.Sprintf("V%d", int(v)) }

// float returns the name of its first number.
func (v vector) float() string { return fmt.Sprintf("F%d", int(v)) }

// lanes are so many vectors one behind the other.
type lanes []vector

const freeIntegers, freeVectors = 26, 32

// A function is one in the making. Registers are handed out in their order, the
// vectors of a scope again after it. Vectors of a number that never changes are
// taken from the other end.
type function struct {
	name       string
	offset     map[string]int // of each parameter
	head, body strings.Builder
	integers   int // in use
	vectors    int // in use
	most       int // vectors ever in use at once
	numbers    map[string]vector
}

// function adds one with parameters as Go writes them, and what it is.
func (s *source) function(name, params, what string, write func(f *function)) {
	f := &function{name: name, offset: map[string]int{}, numbers: map[string]vector{}}
	size := f.place(params)
	write(f)
	fmt.Fprintf(&s.asm, "\n// func %s(%s)\nTEXT ·%[1]s(SB), NOSPLIT, $0-%[3]d\n%s%s\tRET\n", name, params, size, &f.head, &f.body)
	fmt.Fprintf(&s.stubs, "\n// %s %s\n", name, what)
	if strings.Contains(params, "*") {
		s.stubs.WriteString("//\n//go:noescape\n")
	}
	fmt.Fprintf(&s.stubs, "func %s(%s)\n", name, params)
}

// place finds out where each parameter lies, and how many bytes they take.
func (f *function) place(params string) (size int) {
	var names []string
	for _, p := range strings.Split(params, ", ") {
		name, kind, typed := strings.Cut(p, " ")
		names = append(names, name)
		if !typed {
			continue
		}
		width := 8
		if kind == "float32" {
			width = 4
		}
		for _, name := range names {
			size = (size + width - 1) / width * width
			f.offset[name] = size
			size += width
		}
		names = nil
	}
	return size
}

// parameter returns the place of one.
func (f *function) parameter(name string) string {
	offset, ok := f.offset[name]
	if !ok {
		panic(f.name + " has no parameter " + name)
	}
	return fmt.Sprintf("%s+%d(FP)", name, offset)
}

// do writes an instruction that Go's assembler knows.
func (f *function) do(name string, operands ...any) {
	f.body.WriteString("\t" + name)
	for i, o := range operands {
		f.body.WriteString([]string{" ", ", "}[min(i, 1)] + fmt.Sprint(o))
	}
	f.body.WriteString("\n")
}

func (f *function) label(name string) { f.body.WriteString("\n" + name + ":\n") }

func constant[T int | uint32](n T) string { return fmt.Sprintf("$%d", n) }

// numbers returns n times four bytes.
func numbers(n integer) string { return fmt.Sprintf("%v<<2", n) }

// at returns the place so many bytes behind p.
func at(p integer, bytes int) string { return fmt.Sprintf("%d(%v)", bytes, p) }

// integer returns a new register.
func (f *function) integer() integer {
	if f.integers == freeIntegers {
		panic(f.name + " needs too many integers")
	}
	f.integers++
	return integer(f.integers - 1)
}

// loadInteger returns a parameter.
func (f *function) loadInteger(param string) integer {
	r := f.integer()
	f.do("MOVD", f.parameter(param), r)
	return r
}

// loadIntegers returns some parameters.
func (f *function) loadIntegers(params []string) []integer {
	var rs []integer
	for _, p := range params {
		rs = append(rs, f.loadInteger(p))
	}
	return rs
}

// newIntegers returns n new registers.
func (f *function) newIntegers(n int) []integer {
	rs := make([]integer, n)
	for i := range rs {
		rs[i] = f.integer()
	}
	return rs
}

// loadStride returns a parameter that counts numbers, in bytes.
func (f *function) loadStride(param string) integer {
	r := f.loadInteger(param)
	f.do("LSL", "$2", r, r)
	return r
}

// apart returns n places, the first a parameter and each so many numbers behind
// the one before as another says.
func (f *function) apart(first, stride string, n int) []integer {
	places, step := append([]integer{f.loadInteger(first)}, f.newIntegers(n-1)...), f.loadStride(stride)
	for i := range n - 1 {
		f.do("ADD", step, places[i], places[i+1])
	}
	return places
}

// lanes returns n new vectors.
func (f *function) lanes(n int) lanes {
	l := make(lanes, n)
	for i := range l {
		l[i] = vector(f.vectors)
		f.vectors++
	}
	f.most = max(f.most, f.vectors)
	f.enough()
	return l
}

func (f *function) enough() {
	if f.most+len(f.numbers) > freeVectors {
		panic(f.name + " needs too many vectors")
	}
}

// eight returns vectors of eight numbers.
func (f *function) eight() lanes { return f.lanes(2) }

// scope gives back the vectors that write takes.
func (f *function) scope(write func()) {
	in := f.vectors
	write()
	f.vectors = in
}

// all returns eight copies of c, made before the function's first instruction.
func (f *function) all(c float64) lanes {
	rounded := float32(c)
	return f.kept(fmt.Sprint(rounded), func(v vector) string {
		// Nobody has R26 yet.
		return fmt.Sprintf("\tMOVW $0x%08x, R26 // %g\n\tVDUP R26, %v.S4\n", math.Float32bits(rounded), rounded, v)
	})
}

// allOf returns eight copies of a float32 parameter, made there too.
func (f *function) allOf(param string) lanes {
	return f.kept(param, func(v vector) string { return copies(f.parameter(param), v) })
}

// kept returns eight copies of what has a name.
func (f *function) kept(name string, load func(v vector) string) lanes {
	v, ok := f.numbers[name]
	if !ok {
		v = vector(freeVectors - 1 - len(f.numbers))
		f.numbers[name] = v
		f.enough()
		f.head.WriteString(load(v))
	}
	return lanes{v, v}
}

// copies loads v with copies of the number at a place.
func copies(place string, v vector) string {
	return fmt.Sprintf("\tFMOVS %s, %s\n\tVDUP %v.S[0], %[3]v.S4\n", place, v.float(), v)
}
