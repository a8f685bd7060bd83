package kernel

// A Conv is the shape of a convolution: pictures (N, H, W, Cin) to
// (N, ⌈H/Stride⌉, ⌈W/Stride⌉, Cout), weights (K, K, Cin, Cout), zero padding of
// Pad on the top and left and what is needed on the bottom and right.
type Conv struct {
	N, H, W, Cin, Cout, K, Stride int

	from, to    int // see Only
	band, bands int // see Band
	exact, full bool
}

// Exact returns the convolution whose Forward adds the products of the definition and
// nothing else, as minimal filtering does: of whole numbers whose sums are less than
// 2²⁴ in magnitude, in any order, it is exact.
func (c Conv) Exact() Conv {
	c.exact = true
	return c
}

// Full returns the convolution that is computed of float32, whatever Halve says.
func (c Conv) Full() Conv {
	c.full = true
	return c
}

// Halved tells whether what is multiplied is rounded to bf16.
func (c Conv) Halved(s *Scratch) bool { return s.bf16 && !c.exact && !c.full }

// Only returns the convolution whose Forward and BackwardData compute the rows of
// the smaller picture from Grid·from on and before Grid·to, and what belongs to them
// in the greater one. The rest of the result is left as it was.
func (c Conv) Only(from, to int) Conv {
	c.from, c.to = from, to
	return c
}

// groups returns which groups of so many of n rows are computed.
func (c Conv) groups(n, group int) (from, to int) {
	if to = panels(n, group); c.to > 0 {
		return min(c.from, to), min(c.to, to)
	}
	return 0, to
}

// Bands returns into how many bands Forward and BackwardData of a picture can be
// cut, at most n.
func (c Conv) Bands(n int) int {
	if c.N > 1 {
		return 1
	}
	ho, _ := c.Out()
	from, to := c.groups(ho, patch)
	return min(n, to-from)
}

// Band returns the convolution whose Forward and BackwardData compute the i-th
// of n bands of the result: several goroutines may compute one each.
func (c Conv) Band(i, n int) Conv {
	c.band, c.bands = i, n
	return c
}

// share returns which of n rows are computed, in whole groups of so many: from first
// on and before end.
func (c Conv) share(n, group int) (first, end int) {
	from, to := c.groups(n, group)
	if c.bands > 1 {
		of := to - from
		from, to = from+of*c.band/c.bands, from+of*(c.band+1)/c.bands
	}
	return min(n, from*group), min(n, to*group)
}

// Pad returns how many zeros stand before the first row and column.
func (c Conv) Pad() int { return (c.K - 1) / 2 }

// Out returns the height and width of the result, ⌈H/Stride⌉ and ⌈W/Stride⌉.
func (c Conv) Out() (h, w int) {
	return (c.H + c.Stride - 1) / c.Stride, (c.W + c.Stride - 1) / c.Stride
}

// FLOPs returns the multiplications and additions of one operation, those with
// the zeros of the padding included.
func (c Conv) FLOPs() float64 {
	ho, wo := c.Out()
	return 2 * float64(c.N*ho*wo) * float64(c.K*c.K*c.Cin*c.Cout)
}

func (c Conv) check(x, w, y int) {
	if min(c.N, c.H, c.W, c.Cin, c.Cout, c.K, c.Stride) < 1 {
		panic("kernel: convolution: shape is empty")
	}
	ho, wo := c.Out()
	if x != c.N*c.H*c.W*c.Cin || w != c.K*c.K*c.Cin*c.Cout || y != c.N*ho*wo*c.Cout {
		panic("kernel: convolution: lengths do not fit the shape")
	}
}

// An End is what becomes of a sum before it is stored: act(sum + Bias + Add)
// with act(v) = v where v > 0 and Slope·v elsewhere. Slope 1 leaves it as it is.
type End struct {
	Bias  []float32 // one number a channel, or nil
	Add   []float32 // shaped like the result, or nil; may be the result itself
	Slope float32
}

func (e End) check(y, n int) {
	if e.Bias != nil && len(e.Bias) != n || e.Add != nil && len(e.Add) != y {
		panic("kernel: convolution: bias or addend does not fit")
	}
}

// nth returns the i-th of n equal parts of what is added.
func (e End) nth(i, n int) []float32 {
	if e.Add == nil {
		return nil
	}
	return nth(e.Add, i, n)
}

// flat returns the same work as one row of pixels, where no tap reaches beyond
// its own pixel.
func (c Conv) flat() Conv {
	if c.K == 1 && c.Stride == 1 {
		c.N, c.H, c.W = 1, 1, c.N*c.H*c.W
	}
	return c
}

// cut returns a part of flat work, and its parts of what is read, written and added.
func (c Conv) cut(y, x []float32, in, out int, e End) (Conv, []float32, []float32, End) {
	if (c.bands > 1 || c.to > 0) && c.K == 1 && c.Stride == 1 {
		first, end := c.share(c.H, patch)
		x, y = x[first*c.W*in:end*c.W*in], y[first*c.W*out:end*c.W*out]
		if e.Add != nil {
			e.Add = e.Add[first*c.W*out : end*c.W*out]
		}
		c.H, c.to, c.bands = end-first, 0, 0
	}
	return c.flat(), y, x, e
}

// right returns how many zeros stand after the last column.
func (c Conv) right() int {
	_, wo := c.Out()
	return max(0, (wo-1)*c.Stride+c.K-c.Pad()-c.W)
}

// Forward computes
//
//	y[n][oy][ox][o] = end(Σ_kh Σ_kw Σ_c x[n][oy·s+kh-p][ox·s+kw-p][c] · w[kh][kw][c][o])
//
// with x taken as zero outside.
func (c Conv) Forward(s *Scratch, y, x []float32, w *Weights, e End) {
	if c.Halved(s) {
		c.ForwardHalf(s, Numbers{Full: y}, Numbers{Full: x}, w, e)
		return
	}
	c.check(len(x), len(w.data), len(y))
	e.check(len(y), c.Cout)
	if c.narrowForward() {
		c.forwardNarrow(s, y, x, w, e)
		return
	}
	if c.fast() {
		q := c.quick(s, false)
		q.run(s, y, x, w.form(forwardFast, c, q.tile.nr), e)
		return
	}
	c, y, x, e = c.cut(y, x, c.Cin, c.Cout, e)
	ho, wo := c.Out()
	left, right := c.Pad(), c.right()
	width := (left + c.W + right) * c.Cin
	t := s.pick(wo, c.Cout, false)
	p := pass{
		tile: t, aoff: s.offsets(c.K, width), kc: c.K * c.Cin, sai: c.Stride * c.Cin, arow: c.Stride * width,
		b:    w.form(forward, c, t.nr),
		bias: e.Bias, slope: e.Slope, cols: wo, n: c.Cout, ldc: c.Cout, crow: wo * c.Cout,
	}
	group := groupRows(p.arow)
	first, end := c.share(ho, patch)
	for n := range c.N {
		xn, yn, add := nth(x, n, c.N), nth(y, n, c.N), e.nth(n, c.N)
		for r := first; r < end; r += group {
			p.rows = min(group, end-r)
			p.a = strip(&s.rows, xn, c.H, c.W, c.Cin, r*c.Stride-c.Pad(), (p.rows-1)*c.Stride+c.K, left, right)
			p.c = yn[r*p.crow:]
			if add != nil {
				p.add = add[r*p.crow:]
			}
			p.run(s)
		}
	}
}

// BackwardData computes
//
//	x[n][y][x][c] = end(Σ dy[n][oy][ox][o] · w[kh][kw][c][o])   over all oy·s+kh-p = y, ox·s+kw-p = x
//
// the gradient of Forward with respect to its input, and the forward pass of
// the transposed convolution.
func (c Conv) BackwardData(s *Scratch, x, dy []float32, w *Weights, e End) {
	if c.Halved(s) {
		c.BackwardDataHalf(s, Numbers{Full: x}, Numbers{Full: dy}, w, e)
		return
	}
	c.check(len(x), len(w.data), len(dy))
	e.check(len(x), c.Cin)
	if c.narrowData() {
		c.backwardDataNarrow(s, x, dy, w, e)
		return
	}
	if c.fast() {
		q := c.quick(s, true)
		q.run(s, x, dy, w.form(backwardFast, c, q.tile.nr), e)
		return
	}
	c, x, dy, e = c.cut(x, dy, c.Cout, c.Cin, e)
	ho, wo := c.Out()
	t := s.pick(wo, c.Cin, false)
	// The pixels of x whose rows are py and whose columns are px modulo the
	// stride are a dense convolution of dy.
	first, last := c.span()
	width := (wo + last - first) * c.Cout
	packed := w.form(backward, c, t.nr)
	group := groupRows(width)
	from, end := c.share(ho, patch)
	for n := range c.N {
		xn, dyn, add := nth(x, n, c.N), nth(dy, n, c.N), e.nth(n, c.N)
		for r := from; r < end; r += group {
			rows := min(group, end-r)
			dys := strip(&s.rows, dyn, ho, wo, c.Cout, r+first, rows+last-first, -first, last)
			b := packed
			for ph := range c.phases {
				p := pass{
					tile: t, aoff: s.offsets(ph.y.n, width), kc: ph.x.n * c.Cout, sai: c.Cout, arow: width,
					b: b, bias: e.Bias, slope: e.Slope,
					rows: min(rows, panels(c.H-ph.py, c.Stride)-r), cols: panels(c.W-ph.px, c.Stride),
					n: c.Cin, ldc: c.Stride * c.Cin, crow: c.Stride * c.W * c.Cin,
				}
				b = b[panels(c.Cin, t.nr)*t.nr*ph.y.n*ph.x.n*c.Cout:]
				if p.rows <= 0 || p.cols <= 0 {
					continue
				}
				p.a = dys[(ph.y.first-first)*width+(ph.x.first-first)*c.Cout:]
				at := ((r*c.Stride+ph.py)*c.W + ph.px) * c.Cin
				p.c = xn[at:]
				if add != nil {
					p.add = add[at:]
				}
				p.run(s)
			}
		}
	}
}

// blockPixels is about how many pixels BackwardWeights sums up in registers.
const blockPixels = 128

// groupRows returns how many rows a pass computes before the weights come round
// again: what of its input stays in the first cache.
func groupRows(width int) int { return max(2, 8192/width) }

// A phase is a part of x in BackwardData: the pixels whose rows are py and whose
// columns are px modulo the stride, and the taps that they see.
type phase struct {
	py, px int
	y, x   span
}

// phases yields all phases, whether x has pixels of them or not.
func (c Conv) phases(yield func(phase) bool) {
	for py := range c.Stride {
		for px := range c.Stride {
			if !yield(phase{py, px, c.reach(py), c.reach(px)}) {
				return
			}
		}
	}
}

// span returns the first and the last row of dy that touch a phase, relative to
// the phase's first.
func (c Conv) span() (first, last int) {
	for i := range c.Stride {
		at := c.reach(i)
		first, last = min(first, at.first), max(last, at.first+at.n-1)
	}
	return first, last
}

// A span is n neighbours, the first at an offset.
type span struct{ first, n int }

// reach returns the rows i' of dy that touch rows i'·Stride + i of x, relative
// to i'.
func (c Conv) reach(i int) span {
	var at span
	for k := c.K - 1; k >= 0; k-- {
		if d := i + c.Pad() - k; d%c.Stride == 0 {
			if at.n == 0 {
				at.first = d / c.Stride
			}
			at.n++
		}
	}
	return at
}

// packPhases lays the weights of the phases one after the other, each transposed
// and in panels of nr columns.
func (c Conv) packPhases(out []float32, nr int, w []float32) {
	for ph := range c.phases {
		for j := 0; j < c.Cin; j += nr {
			n := min(nr, c.Cin-j)
			for y := range ph.y.n {
				for x := range ph.x.n {
					kh := ph.py + c.Pad() - (ph.y.first+y)*c.Stride
					kw := ph.px + c.Pad() - (ph.x.first+x)*c.Stride
					transpose(out, nr, w[((kh*c.K+kw)*c.Cin+j)*c.Cout:], c.Cout, n, c.Cout)
					out = out[c.Cout*nr:]
				}
			}
		}
	}
}

// BackwardWeights computes
//
//	dw[kh][kw][c][o] = Σ_n Σ_oy Σ_ox x[n][oy·s+kh-p][ox·s+kw-p][c] · dy[n][oy][ox][o]
//
// or, when acc is set, adds that to dw.
func (c Conv) BackwardWeights(s *Scratch, dw, x, dy []float32, acc bool) {
	if c.Halved(s) {
		c.BackwardWeightsHalf(s, dw, Numbers{Full: x}, Numbers{Full: dy}, acc)
		return
	}
	c.check(len(x), len(dw), len(dy))
	if c.narrowForward() {
		c.backwardWeightsNarrow(s, dw, x, dy, acc)
		return
	}
	if c.fastWeights() {
		c.backwardWeightsFast(s, dw, x, dy, acc)
		return
	}
	c = c.flat()
	ho, wo := c.Out()
	left, right := c.Pad(), c.right()
	width := (left + c.W + right) * c.Cin
	m := c.K * c.Cin
	t := s.pick(m, c.Cout, true)
	// A block of pixels is summed in registers and then added to dw: its size is
	// part of the result's bits, and so the same on every machine.
	rows, cols := min(ho, max(1, blockPixels/wo)), min(wo, blockPixels)
	s.offsets(rows, c.Stride*width)
	p := product{m: m, sai: 1, sak: c.Stride * c.Cin, sbk: c.Cout, ldc: c.Cout, slope: 1}
	for n := range c.N {
		xn, dyn := nth(x, n, c.N), nth(dy, n, c.N)
		for r := 0; r < ho; r += rows {
			p.aoff = s.aoff[:min(rows, ho-r)]
			xs := strip(&s.rows, xn, c.H, c.W, c.Cin, r*c.Stride-c.Pad(), (len(p.aoff)-1)*c.Stride+c.K, left, right)
			for q := 0; q < wo; q += cols {
				p.kc = min(cols, wo-q)
				for j := 0; j < c.Cout; j += t.nr {
					p.n, p.b = min(t.nr, c.Cout-j), dyn[(r*wo+q)*c.Cout+j:]
					for kh := range c.K {
						p.a, p.c = xs[kh*width+q*c.Stride*c.Cin:], dw[kh*m*c.Cout+j:]
						if acc {
							p.add = p.c
						}
						t.multiply(s, &p)
					}
				}
				acc = true
			}
		}
	}
}
