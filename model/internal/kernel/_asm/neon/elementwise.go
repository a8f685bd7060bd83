package main

import (
	"fmt"
	"strings"
)

// elementwise writes the function that is another for n a multiple of 8.
func (s *source) elementwise(name, other, params string, write func(f *function)) {
	s.function(name+"Asm", params, "is "+other+" for n a multiple of 8.", write)
}

// loop runs over the same place of some slices, eight numbers at a time: body is
// given the places.
func (f *function) loop(slices []string, body func(at []integer)) {
	n, at := f.loadInteger("n"), f.loadIntegers(slices)
	f.label("loop")
	f.scope(func() { body(at) })
	for _, p := range at {
		f.do("ADD", "$32", p, p)
	}
	f.do("SUBS", "$8", n, n)
	f.do("BNE", "loop")
}

// read returns the eight numbers so many bytes behind a place.
func (f *function) read(at integer, bytes int) lanes {
	l := f.eight()
	f.load(l, at, bytes)
	return l
}

func (s *source) axpy() {
	s.elementwise("axpy", "AxpyTo", "z *float32, a float32, x, y *float32, n int", func(f *function) {
		a := f.allOf("a")
		f.loop([]string{"x", "y", "z"}, func(at []integer) {
			x, y := f.read(at[0], 0), f.read(at[1], 0)
			f.mul(x, x, a)
			f.add(y, y, x)
			f.store(y, at[2], 0)
		})
	})
}

func (s *source) relu() {
	s.elementwise("relu", "ReLU", "y, x *float32, slope float32, n int", func(f *function) {
		slope := f.allOf("slope")
		f.loop([]string{"y", "x"}, func(at []integer) {
			x := f.read(at[1], 0)
			f.scaleUnlessPositive(x, x, slope)
			f.store(x, at[0], 0)
		})
	})
}

func (s *source) reluGrad() {
	s.elementwise("reluGrad", "ReLUGrad", "dy, y *float32, slope float32, n int", func(f *function) {
		slope := f.allOf("slope")
		f.loop([]string{"dy", "y"}, func(at []integer) {
			dy, y := f.read(at[0], 0), f.read(at[1], 0)
			f.scaleUnlessPositive(dy, y, slope)
			f.store(dy, at[0], 0)
		})
	})
}

func (s *source) sigmoidGrad() {
	s.elementwise("sigmoidGrad", "SigmoidGrad", "dy, y *float32, n int", func(f *function) {
		f.loop([]string{"dy", "y"}, func(at []integer) {
			dy, y, t := f.read(at[0], 0), f.read(at[1], 0), f.eight()
			f.sub(t, f.all(1), y)
			f.mul(t, t, y)
			f.mul(dy, dy, t)
			f.store(dy, at[0], 0)
		})
	})
}

func (s *source) tanhGrad() {
	s.elementwise("tanhGrad", "TanhGrad", "dy, y *float32, n int", func(f *function) {
		f.loop([]string{"dy", "y"}, func(at []integer) {
			dy, y := f.read(at[0], 0), f.read(at[1], 0)
			f.mul(y, y, y)
			f.sub(y, f.all(1), y)
			f.mul(dy, dy, y)
			f.store(dy, at[0], 0)
		})
	})
}

func (s *source) mul() {
	s.elementwise("mul", "Mul", "z, x, y *float32, n int", func(f *function) {
		f.loop([]string{"z", "x", "y"}, func(at []integer) {
			x, y := f.read(at[1], 0), f.read(at[2], 0)
			f.mul(x, x, y)
			f.store(x, at[0], 0)
		})
	})
}

func (s *source) difference() {
	s.elementwise("difference", "Difference", "z *float32, a float32, x, y *float32, n int", func(f *function) {
		a := f.allOf("a")
		f.loop([]string{"z", "x", "y"}, func(at []integer) {
			x, y := f.read(at[1], 0), f.read(at[2], 0)
			f.sub(x, x, y)
			f.mul(x, x, a)
			f.store(x, at[0], 0)
		})
	})
}

// squares adds the squares of every eighth number to one of eight sums.
func (s *source) squares(name, other string, slices []string, number func(f *function, at []integer) lanes) {
	s.elementwise(name, other, "sums *float64, "+strings.Join(slices, ", ")+" *float32, n int", func(f *function) {
		to, sums := f.loadInteger("sums"), f.lanes(4)
		f.zero(sums)
		f.loop(slices, func(at []integer) {
			d, w := number(f, at), f.lanes(4)
			f.widen(w, d)
			f.fma64(sums, w, w)
		})
		f.store(sums, to, 0)
	})
}

func (s *source) squaredError() {
	s.squares("squaredError", "SquaredError", []string{"x", "y"}, func(f *function, at []integer) lanes {
		x, y := f.read(at[0], 0), f.read(at[1], 0)
		f.sub(x, x, y)
		return x
	})
}

func (s *source) squaredNorm() {
	s.squares("squaredNorm", "SquaredNorm", []string{"x"}, func(f *function, at []integer) lanes { return f.read(at[0], 0) })
}

func (s *source) normalise(inverse bool) {
	name := "normalise"
	if inverse {
		name += "Inverse"
	}
	s.elementwise(name, "Normalise", "y, r, x, norms *float32, n int", func(f *function) {
		f.loop([]string{"y", "r", "x", "norms"}, func(at []integer) {
			x, r := f.read(at[2], 0), f.read(at[3], 0)
			f.sqrt(r, r)
			if !inverse {
				f.div(r, f.all(1), r)
			}
			f.store(r, at[1], 0)
			f.mul(x, x, r)
			f.store(x, at[0], 0)
		})
	})
}

func (s *source) normGrad(inverse bool) {
	name, half := "normGrad", -0.5
	if inverse {
		name, half = name+"Inverse", 0.5
	}
	s.elementwise(name, "NormGrad", "dn, dy, y, r *float32, n int", func(f *function) {
		f.loop([]string{"dn", "dy", "y", "r"}, func(at []integer) {
			dy, y, r := f.read(at[1], 0), f.read(at[2], 0), f.read(at[3], 0)
			f.mul(dy, dy, y)
			f.mul(r, r, r)
			if inverse {
				f.div(dy, dy, r)
			} else {
				f.mul(dy, dy, r)
			}
			f.mul(dy, dy, f.all(half))
			f.store(dy, at[0], 0)
		})
	})
}

func (s *source) normaliseGrad() {
	s.elementwise("normaliseGrad", "NormaliseGrad", "dy, r, x, s *float32, n int", func(f *function) {
		f.loop([]string{"dy", "r", "x", "s"}, func(at []integer) {
			dy, r, x, s := f.read(at[0], 0), f.read(at[1], 0), f.read(at[2], 0), f.read(at[3], 0)
			f.mul(dy, dy, r)
			f.mul(x, x, s)
			f.mul(x, x, f.all(2))
			f.add(dy, dy, x)
			f.store(dy, at[0], 0)
		})
	})
}

func (s *source) adam() {
	s.elementwise("adam", "Adam", "p, m, v, grad *float32, n int, beta1, rest1, beta2, rest2, bias2, eps, rate, keep float32", func(f *function) {
		beta1, rest1, beta2, rest2 := f.allOf("beta1"), f.allOf("rest1"), f.allOf("beta2"), f.allOf("rest2")
		bias2, eps, rate, keep := f.allOf("bias2"), f.allOf("eps"), f.allOf("rate"), f.allOf("keep")
		f.loop([]string{"p", "m", "v", "grad"}, func(at []integer) {
			p, m, v, g, t := f.read(at[0], 0), f.read(at[1], 0), f.read(at[2], 0), f.read(at[3], 0), f.eight()
			f.mul(m, m, beta1)
			f.mul(t, g, rest1)
			f.add(m, m, t)
			f.store(m, at[1], 0)
			f.mul(v, v, beta2)
			f.mul(t, g, rest2)
			f.mul(t, t, g)
			f.add(v, v, t)
			f.store(v, at[2], 0)
			f.div(v, v, bias2)
			f.sqrt(v, v)
			f.add(v, v, eps)
			f.mul(m, m, rate)
			f.div(m, m, v)
			f.mul(p, p, keep)
			f.sub(p, p, m)
			f.store(p, at[0], 0)
		})
	})
}

// columns writes a function that adds rows to sums, with 32 columns in vectors,
// then 16 and then 8. number returns what is to be added, of eight numbers so
// many bytes behind a place of each slice.
func (s *source) columns(name, other, params string, slices []string, number func(f *function, at []integer, bytes int) lanes) {
	what := "is " + other + " for n columns, a multiple of 8, of rows that are ld apart."
	s.function(name+"Asm", params, what, func(f *function) {
		c := columns{
			function: f, sums: f.loadInteger("sums"), n: f.loadInteger("n"), rows: f.loadInteger("rows"), ld: f.loadStride("ld"),
			top: f.loadIntegers(slices), at: f.newIntegers(len(slices)), left: f.integer(), number: number,
		}
		for _, count := range []int{32, 16, 8} {
			f.scope(func() { c.some(count) })
		}
	})
}

// columns are such a function in the making.
type columns struct {
	*function
	sums, n, rows, ld, left integer
	top, at                 []integer // the first row of each slice, and the one to be added
	number                  func(f *function, at []integer, bytes int) lanes
}

// some adds up count columns at a time, as long as there are so many.
func (c *columns) some(count int) {
	again, row, next := fmt.Sprintf("columns%d", count), fmt.Sprintf("row%d", count), fmt.Sprintf("next%d", count)
	sums := c.lanes(count / 4)
	c.label(again)
	c.do("CMP", constant(count), c.n)
	c.do("BLT", next)
	c.load(sums, c.sums, 0)
	for i, p := range c.top {
		c.do("MOVD", p, c.at[i])
	}
	c.do("MOVD", c.rows, c.left)
	c.label(row)
	for j := 0; j < len(sums); j += 2 {
		c.scope(func() { c.add(sums[j:j+2], sums[j:j+2], c.number(c.function, c.at, 16*j)) })
	}
	for _, p := range c.at {
		c.do("ADD", c.ld, p, p)
	}
	c.do("SUBS", "$1", c.left, c.left)
	c.do("BNE", row)
	c.store(sums, c.sums, 0)
	for _, p := range append([]integer{c.sums}, c.top...) {
		c.do("ADD", constant(4*count), p, p)
	}
	c.do("SUB", constant(count), c.n, c.n)
	c.do("JMP", again)
	c.label(next)
}

func (s *source) columnSums() {
	s.columns("columnSums", "ColumnSums", "sums, y *float32, n, rows, ld int", []string{"y"}, func(f *function, at []integer, bytes int) lanes {
		return f.read(at[0], bytes)
	})
}

func (s *source) reluGradSums() {
	const params = "sums, dy, y *float32, slope float32, n, rows, ld int"
	s.columns("reluGradSums", "ReLUGradSums", params, []string{"dy", "y"}, func(f *function, at []integer, bytes int) lanes {
		dy, y := f.read(at[0], bytes), f.read(at[1], bytes)
		f.scaleUnlessPositive(dy, y, f.allOf("slope"))
		f.store(dy, at[0], bytes)
		return dy
	})
}

// transpose writes eight rows of a matrix, a multiple of eight columns, as
// columns: dst[j·ldd+i] = src[i·lds+j].
func (s *source) transpose() {
	what := "is transpose for 8 rows and cols a multiple of 8."
	s.function("transposeAsm", "dst *float32, ldd int, src *float32, lds, cols int", what, func(f *function) {
		dst, ldd, cols := f.loadInteger("dst"), f.loadStride("ldd"), f.loadInteger("cols")
		rows := f.apart("src", "lds", 8)
		f.label("loop")
		r := f.lanes(8)
		for i, p := range rows {
			f.do("FMOVQ.P", at(p, 16), r[i].float())
		}
		upper, lower := f.transposed(r[:4]), f.transposed(r[4:])
		for i := range upper {
			f.store(lanes{upper[i], lower[i]}, dst, 0)
			f.do("ADD", ldd, dst, dst)
		}
		f.do("SUBS", "$4", cols, cols)
		f.do("BNE", "loop")
	})
}

// transposed returns four vectors of four numbers with places exchanged.
func (f *function) transposed(r lanes) lanes {
	pairs, out := f.lanes(4), f.lanes(4)
	even, odd := lanes{r[0], r[2]}, lanes{r[1], r[3]}
	f.native("VTRN1", "S4", odd, even, pairs[:2])
	f.native("VTRN2", "S4", odd, even, pairs[2:])
	for i := range 2 {
		f.native("VTRN1", "D2", lanes{pairs[2*i+1]}, lanes{pairs[2*i]}, lanes{out[i]})
		f.native("VTRN2", "D2", lanes{pairs[2*i+1]}, lanes{pairs[2*i]}, lanes{out[i+2]})
	}
	return out
}
