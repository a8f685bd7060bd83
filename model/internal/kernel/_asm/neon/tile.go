package main

import (
	"fmt"
	"math"
	"slices"
)

// fields are those of a block, in their order.
var fields = []string{"nseg", "aoff", "kc", "a", "sai", "sak", "b", "sbk", "c", "ldc", "bias", "add", "slope", "count", "aNext", "cNext"}

// A tile is one in the making: product.generic for blocks of so many rows.
type tile struct {
	*function
	block         integer
	sai, sak, sbk integer   // in bytes
	at, left      integer   // for anything
	rows          []integer // of a
	sums          []lanes   // a row each
}

// tile writes one of mr rows of nv vectors.
func (s *source) tile(mr, nv int) {
	what := fmt.Sprintf("computes blocks of %d × %d numbers of a product.", mr, nv*4)
	s.function(fmt.Sprintf("tile%dx%dNEON", mr, nv*4), "first *int", what, func(f *function) {
		t := tile{function: f, block: f.loadInteger("first"), at: f.integer(), left: f.integer()}
		t.sai, t.sak, t.sbk = t.bytes("sai"), t.bytes("sak"), t.bytes("sbk")
		for range mr {
			t.rows = append(t.rows, f.integer())
			t.sums = append(t.sums, f.lanes(nv))
		}
		f.label("block")
		f.scope(func() { t.sum(f.lanes(nv)) })
		f.scope(func() { t.addBias(f.lanes(nv)) })
		f.scope(func() { t.addRows(f.lanes(nv)) })
		f.scope(t.bend)
		t.store()
		t.next()
		f.label("done")
	})
}

// field returns the place of a field of the block.
func (t *tile) field(name string) string { return at(t.block, 8*slices.Index(fields, name)) }

func (t *tile) loadField(to integer, name string) { t.do("MOVD", t.field(name), to) }

// bytes returns a field that counts numbers, in bytes.
func (t *tile) bytes(name string) integer {
	r := t.integer()
	t.loadField(r, name)
	t.do("LSL", "$2", r, r)
	return r
}

// sum adds up all products, a line of b at a time. Numbers of a are multiplied
// as elements: copying them would take the vector units' time.
func (t *tile) sum(line lanes) {
	ones := t.lanes(freeVectors - t.vectors)
	nseg, aoff, b, from := t.integer(), t.integer(), t.integer(), t.integer()
	for _, row := range t.sums {
		t.zero(row)
	}
	t.loadField(nseg, "nseg")
	t.loadField(aoff, "aoff")
	t.loadField(b, "b")

	t.label("segment")
	t.do("MOVD.P", at(aoff, 8), t.at)
	t.loadField(t.left, "a")
	t.do("ADD", numbers(t.at), t.left, t.rows[0])
	for i, row := range t.rows[1:] {
		t.do("ADD", t.sai, t.rows[i], row)
	}
	t.loadField(t.left, "kc")
	t.do("MOVD", "ZR", from)

	t.label("loop")
	t.load(line, b, 0)
	t.do("ADD", t.sbk, b, b)
	for i, row := range t.sums {
		one := ones[i%len(ones)]
		t.do("FMOVS", fmt.Sprintf("(%v)(%v)", t.rows[i], from), one.float())
		t.fmaElement(row, line, one)
	}
	t.do("ADD", t.sak, from, from)
	t.do("SUBS", "$1", t.left, t.left)
	t.do("BNE", "loop")
	t.do("SUBS", "$1", nseg, nseg)
	t.do("BNE", "segment")
}

// addBias adds the same to every row, if anything.
func (t *tile) addBias(line lanes) {
	t.loadField(t.at, "bias")
	t.do("CBZ", t.at, "unbiased")
	t.load(line, t.at, 0)
	for _, row := range t.sums {
		t.add(row, row, line)
	}
	t.label("unbiased")
}

// addRows adds to each row another, if anything.
func (t *tile) addRows(line lanes) {
	t.loadField(t.at, "add")
	t.do("CBZ", t.at, "alone")
	t.loadField(t.left, "ldc")
	for _, row := range t.sums {
		t.load(line, t.at, 0)
		t.do("ADD", numbers(t.left), t.at, t.at)
		t.add(row, row, line)
	}
	t.label("alone")
}

// bend multiplies with the slope what is not above zero.
func (t *tile) bend() {
	t.do("MOVWU", t.field("slope"), t.at)
	t.do("MOVD", constant(math.Float32bits(1)), t.left)
	t.do("CMP", t.left, t.at)
	t.do("BEQ", "straight")
	slope := t.lanes(1)[0]
	t.body.WriteString(copies(t.field("slope"), slope))
	for _, row := range t.sums {
		for two := range slices.Chunk(row, 2) {
			t.scaleUnlessPositive(two, two, lanes{slope, slope})
		}
	}
	t.label("straight")
}

func (t *tile) store() {
	t.loadField(t.at, "c")
	t.loadField(t.left, "ldc")
	for _, row := range t.sums {
		t.function.store(row, t.at, 0)
		t.do("ADD", numbers(t.left), t.at, t.at)
	}
}

// next goes on to the next block, if there is one: the garbage collector must
// see no pointer beyond.
func (t *tile) next() {
	t.loadField(t.left, "count")
	t.do("SUBS", "$1", t.left, t.left)
	t.do("BEQ", "done")
	t.do("MOVD", t.left, t.field("count"))
	t.loadField(t.left, "aNext")
	t.advance("a")
	t.loadField(t.left, "cNext")
	t.advance("c")
	t.loadField(t.at, "add")
	t.do("CBZ", t.at, "block")
	t.advance("add")
	t.do("JMP", "block")
}

// advance moves a pointer on by what is left.
func (t *tile) advance(name string) {
	t.loadField(t.at, name)
	t.do("ADD", t.left, t.at, t.at)
	t.do("MOVD", t.at, t.field(name))
}

// burst multiplies and adds n vectors in registers, again and again.
func (s *source) burst(n int) {
	what := fmt.Sprintf("computes %d multiplications and additions of vectors a round, which do not wait for each other.", n)
	s.function("burstNEON", "rounds int", what, func(f *function) {
		rounds, x, sums := f.loadInteger("rounds"), f.lanes(1), f.lanes(n)
		f.zero(x)
		f.zero(sums)
		f.label("loop")
		for _, s := range sums {
			f.fma(lanes{s}, x, x)
		}
		f.do("SUBS", "$1", rounds, rounds)
		f.do("BNE", "loop")
	})
}
