package kernel

// A Conv is the shape of a convolution: pictures (N, H, W, Cin) to
// (N, ⌈H/Stride⌉, ⌈W/Stride⌉, Cout), weights (K, K, Cin, Cout), zero padding of
// Pad on the top and left and what is needed on the bottom and right.
type Conv struct {
	N, H, W, Cin, Cout, K, Stride int
}

// Pad returns how many zeros stand before the first row and column.
func (c Conv) Pad() int { return (c.K - 1) / 2 }

// Out returns the height and width of the result, ⌈H/Stride⌉ and ⌈W/Stride⌉.
func (c Conv) Out() (h, w int) {
	return (c.H + c.Stride - 1) / c.Stride, (c.W + c.Stride - 1) / c.Stride
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

func checkBias(bias []float32, n int, acc bool) {
	if bias != nil && (len(bias) != n || acc) {
		panic("kernel: convolution: bias does not fit")
	}
}

// flat returns the same work as one row of pixels, where no tap reaches beyond
// its own pixel.
func (c Conv) flat() Conv {
	if c.K == 1 && c.Stride == 1 {
		c.N, c.H, c.W = 1, 1, c.N*c.H*c.W
	}
	return c
}

// right returns how many zeros stand after the last column.
func (c Conv) right() int {
	_, wo := c.Out()
	return max(0, (wo-1)*c.Stride+c.K-c.Pad()-c.W)
}

// Forward computes
//
//	y[n][oy][ox][o] = bias[o] + Σ_kh Σ_kw Σ_c x[n][oy·s+kh-p][ox·s+kw-p][c] · w[kh][kw][c][o]
//
// with x taken as zero outside. A nil bias adds nothing; when acc is set, y
// takes the place of the bias, which must be nil.
func (c Conv) Forward(s *Scratch, y, x, w, bias []float32, acc bool) {
	c.check(len(x), len(w), len(y))
	checkBias(bias, c.Cout, acc)
	if c.narrowForward() {
		c.forwardNarrow(s, y, x, w, bias, acc)
		return
	}
	c = c.flat()
	ho, wo := c.Out()
	left, right := c.Pad(), c.right()
	width := (left + c.W + right) * c.Cin
	t := s.pick(wo, c.Cout, false)
	p := pass{
		tile: t, aoff: s.offsets(c.K, width), kc: c.K * c.Cin, sai: c.Stride * c.Cin, arow: c.Stride * width,
		b: s.pack(w, c.K*c.K*c.Cin, c.Cout, t.nr), bias: bias, acc: acc,
		cols: wo, n: c.Cout, ldc: c.Cout, crow: wo * c.Cout,
	}
	group := groupRows(p.arow)
	for n := range c.N {
		xn, yn := nth(x, n, c.N), nth(y, n, c.N)
		for r := 0; r < ho; r += group {
			p.rows = min(group, ho-r)
			p.a = strip(&s.rows, xn, c.H, c.W, c.Cin, r*c.Stride-c.Pad(), (p.rows-1)*c.Stride+c.K, left, right)
			p.c = yn[r*p.crow:]
			p.run(s)
		}
	}
}

// BackwardData computes
//
//	x[n][y][x][c] = bias[c] + Σ dy[n][oy][ox][o] · w[kh][kw][c][o]   over all oy·s+kh-p = y, ox·s+kw-p = x
//
// the gradient of Forward with respect to its input, and the forward pass of
// the transposed convolution. A nil bias adds nothing; when acc is set, x takes
// the place of the bias, which must be nil.
func (c Conv) BackwardData(s *Scratch, x, dy, w, bias []float32, acc bool) {
	c.check(len(x), len(w), len(dy))
	checkBias(bias, c.Cin, acc)
	if c.narrowData() {
		c.backwardDataNarrow(s, x, dy, w, bias, acc)
		return
	}
	c = c.flat()
	ho, wo := c.Out()
	t := s.pick(wo, c.Cin, false)
	// The pixels of x whose rows are py and whose columns are px modulo the
	// stride are a dense convolution of dy.
	first, last := 0, 0
	for i := range c.Stride {
		at := c.reach(i)
		first, last = min(first, at.first), max(last, at.first+at.n-1)
	}
	width := (wo + last - first) * c.Cout
	packed := grow(&s.packed, panels(c.Cin, t.nr)*t.nr*c.K*c.K*c.Cout)
	free := packed
	var phases []phase
	for py := range min(c.Stride, c.H) {
		for px := range min(c.Stride, c.W) {
			ph := phase{py: py, px: px, y: c.reach(py), x: c.reach(px)}
			size := panels(c.Cin, t.nr) * t.nr * ph.y.n * ph.x.n * c.Cout
			ph.b, free = free[:size], free[size:]
			c.packPhase(ph, t.nr, w)
			phases = append(phases, ph)
		}
	}
	group := groupRows(width)
	for n := range c.N {
		xn, dyn := nth(x, n, c.N), nth(dy, n, c.N)
		for r := 0; r < ho; r += group {
			rows := min(group, ho-r)
			dys := strip(&s.rows, dyn, ho, wo, c.Cout, r+first, rows+last-first, -first, last)
			for _, ph := range phases {
				p := pass{
					tile: t, aoff: s.offsets(ph.y.n, width), kc: ph.x.n * c.Cout, sai: c.Cout, arow: width,
					b: ph.b, bias: bias, acc: acc,
					rows: min(rows, panels(c.H-ph.py, c.Stride)-r), cols: panels(c.W-ph.px, c.Stride),
					n: c.Cin, ldc: c.Stride * c.Cin, crow: c.Stride * c.W * c.Cin,
				}
				if p.rows <= 0 {
					continue
				}
				p.a = dys[(ph.y.first-first)*width+(ph.x.first-first)*c.Cout:]
				p.c = xn[((r*c.Stride+ph.py)*c.W+ph.px)*c.Cin:]
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

// A phase is a part of x in BackwardData, the taps that it sees and their
// weights in panels.
type phase struct {
	py, px int
	y, x   span
	b      []float32
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

// packPhase lays the weights of a phase, transposed, in panels of nr columns.
func (c Conv) packPhase(ph phase, nr int, w []float32) {
	out := ph.b
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

// BackwardWeights adds to dw
//
//	dw[kh][kw][c][o] += Σ_n Σ_oy Σ_ox x[n][oy·s+kh-p][ox·s+kw-p][c] · dy[n][oy][ox][o]
func (c Conv) BackwardWeights(s *Scratch, dw, x, dy []float32) {
	c.check(len(x), len(dw), len(dy))
	if c.narrowForward() {
		c.backwardWeightsNarrow(s, dw, x, dy)
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
	for n := range c.N {
		xn, dyn := nth(x, n, c.N), nth(dy, n, c.N)
		for r := 0; r < ho; r += rows {
			rows := min(rows, ho-r)
			xs := strip(&s.rows, xn, c.H, c.W, c.Cin, r*c.Stride-c.Pad(), (rows-1)*c.Stride+c.K, left, right)
			for q := 0; q < wo; q += cols {
				cols := min(cols, wo-q)
				for j := 0; j < c.Cout; j += t.nr {
					b := dyn[(r*wo+q)*c.Cout+j:]
					for kh := range c.K {
						for i := 0; i < m; i += t.mr {
							d := dw[(kh*m+i)*c.Cout+j:]
							t.multiply(s, &product{
								m: min(t.mr, m-i), n: min(t.nr, c.Cout-j), aoff: s.aoff[:rows], kc: cols,
								a: xs[kh*width+q*c.Stride*c.Cin+i:], sai: 1, sak: c.Stride * c.Cin,
								b: b, sbk: c.Cout, c: d, ldc: c.Cout, base: d, ldbase: c.Cout,
							})
						}
					}
				}
			}
		}
	}
}
