package kernel

// A result of one to four channels, a picture as a rule, would leave most of a
// tile's columns empty. Here the K taps of a row stand side by side in the
// columns, and what they give is added up afterwards, each at its place.

const narrow = 4

// narrowForward tells whether Forward does so. That depends on the shape alone,
// as it decides the order of additions.
func (c Conv) narrowForward() bool {
	return c.K > 1 && c.Stride == 1 && c.Cout <= narrow && c.Cin > 2*narrow
}

// narrowData tells the same of BackwardData.
func (c Conv) narrowData() bool { return c.K > 1 && c.Cin <= narrow && c.Cout > 2*narrow }

func (c Conv) forwardNarrow(s *Scratch, y, x []float32, w *Weights, e End) {
	f := taps{
		tile: s.pick(c.W, c.K*c.Cout, false), cols: c.W, in: c.Cin, out: c.Cout, k: c.K,
		stride: 1, shift: c.K - 1 - c.Pad(), end: e,
	}
	b := w.form(forwardNarrow, c, f.tile.nr)
	first, end := c.share(c.H, patch)
	for n := range c.N {
		xn, yn, add := nth(x, n, c.N), nth(y, n, c.N), e.nth(n, c.N)
		for r := first; r < end; r++ {
			f.row(s, yn, add, r, c.W*c.Cout, strip(&s.rows, xn, c.H, c.W, c.Cin, r-c.Pad(), c.K, 0, 0), c.K, b)
		}
	}
}

func (c Conv) backwardDataNarrow(s *Scratch, x, dy []float32, w *Weights, e End) {
	ho, wo := c.Out()
	f := taps{
		tile: s.pick(wo, c.K*c.Cin, false), cols: wo, in: c.Cout, out: c.Cin, k: c.K,
		stride: c.Stride, shift: c.Pad(), end: e,
	}
	packed := w.form(backwardNarrow, c, f.tile.nr)
	first, end := c.share(ho, patch)
	for n := range c.N {
		xn, dyn, add := nth(x, n, c.N), nth(dy, n, c.N), e.nth(n, c.N)
		b := packed
		for py := range c.Stride {
			at := c.reach(py)
			for r := first*c.Stride + py; r < min(c.H, end*c.Stride); r += c.Stride {
				f.row(s, xn, add, r, c.W*c.Cin, strip(&s.rows, dyn, ho, wo, c.Cout, r/c.Stride+at.first, at.n, 0, 0), at.n, b)
			}
			b = b[f.size(at.n):]
		}
	}
}

// backwardWeightsNarrow computes the transposed gradient, whose rows are the
// channels of dy and whose columns are the taps and channels of x. dy stands in
// the same frame of zeros as x, so that rows of pixels are one.
func (c Conv) backwardWeightsNarrow(s *Scratch, dw, x, dy []float32, acc bool) {
	left, right := c.Pad(), c.right()
	width := left + c.W + right
	n := c.K * c.Cin
	t := s.pick(c.Cout, n, true)
	sums := grow(&s.columns, len(dw))
	clear(sums)
	group := max(1, 4*blockPixels/width) // longer sums, as there are fewer of them
	for i := range c.N {
		xn, dyn := nth(x, i, c.N), nth(dy, i, c.N)
		for r := 0; r < c.H; r += group {
			rows := min(group, c.H-r)
			xs := strip(&s.rows, xn, c.H, c.W, c.Cin, r-c.Pad(), rows+c.K-1, left, right)
			p := product{
				m: c.Cout, aoff: s.offsets(1, 0), kc: (rows-1)*width + c.W,
				a: strip(&s.other, dyn, c.H, c.W, c.Cout, r, rows, 0, left+right), sai: 1, sak: c.Cout,
				sbk: c.Cin, ldc: n, slope: 1,
			}
			for kh := range c.K {
				for j := 0; j < n; j += t.nr {
					p.n, p.b, p.c = min(t.nr, n-j), xs[kh*width*c.Cin+j:], sums[kh*n*c.Cout+j:]
					p.add = p.c
					t.multiply(s, &p)
				}
			}
		}
	}
	if !acc {
		clear(dw)
	}
	for kh := range c.K {
		for i := range n {
			for o := range c.Cout {
				dw[(kh*n+i)*c.Cout+o] += sums[(kh*c.Cout+o)*n+i]
			}
		}
	}
}

// taps turns rows of cols pixels of in channels into rows of pixels of out
// channels: tap t of pixel q adds to pixel q·stride + t - shift.
type taps struct {
	tile          tile
	cols, in, out int
	k             int
	stride, shift int
	end           End
}

// size returns how many numbers the packed weights of some rows have.
func (f *taps) size(rows int) int {
	return rows * f.in * panels(f.k*f.out, f.tile.nr) * f.tile.nr
}

func (c Conv) packNarrow(to []float32, nr int, w []float32) {
	for kh := range c.K {
		for kw := range c.K {
			for i := range c.Cin {
				for o := range c.Cout {
					j := kw*c.Cout + o
					to[(j/nr*c.K*c.Cin+kh*c.Cin+i)*nr+j%nr] = w[((kh*c.K+c.K-1-kw)*c.Cin+i)*c.Cout+o]
				}
			}
		}
	}
}

func (c Conv) packNarrowPhases(to []float32, nr int, w []float32) {
	for py := range c.Stride { // each phase of rows
		at := c.reach(py)
		for row := range at.n {
			kh := py + c.Pad() - (at.first+row)*c.Stride
			for kw := range c.K {
				for i := range c.Cin {
					j := kw*c.Cin + i
					for o, v := range w[((kh*c.K+kw)*c.Cin+i)*c.Cout:][:c.Cout] {
						to[(j/nr*at.n*c.Cout+row*c.Cout+o)*nr+j%nr] = v
					}
				}
			}
		}
		to = to[at.n*c.Cout*panels(c.K*c.Cin, nr)*nr:]
	}
}

// row computes row r of picture y, width numbers long, from rows of a.
func (f *taps) row(s *Scratch, y, add []float32, r, width int, a []float32, rows int, b []float32) {
	y = y[r*width:][:width]
	switch {
	case add != nil:
		copy(y, add[r*width:])
	default:
		clear(y)
	}
	if f.end.Bias != nil {
		for at := 0; at < width; at += f.out {
			for i, v := range f.end.Bias {
				y[at+i] += v
			}
		}
	}
	if rows > 0 {
		f.spread(s, y, a, rows, b)
	}
	if f.end.Slope != 1 {
		ReLU(y, y, f.end.Slope)
	}
}

// spread computes what every tap gives and adds it where it belongs.
func (f *taps) spread(s *Scratch, y, a []float32, rows int, b []float32) {
	ld := panels(f.k*f.out, f.tile.nr) * f.tile.nr
	z := grow(&s.columns, f.cols*ld)
	p := pass{
		tile: f.tile, aoff: s.offsets(rows, f.cols*f.in), kc: f.in, sai: f.in, a: a, b: b,
		c: z, ldc: ld, slope: 1, rows: 1, cols: f.cols, n: ld,
	}
	p.run(s)
	for t := range f.k {
		// Tap t of pixel q belongs to pixel q·stride + t - shift, if there is one.
		first := panels(max(0, f.shift-t), f.stride)
		n := min(f.cols, panels(len(y)/f.out+f.shift-t, f.stride)) - first
		if n > 0 {
			addPixels(y[(first*f.stride+t-f.shift)*f.out:], f.stride*f.out, z[first*ld+t*f.out:], ld, f.out, n)
		}
	}
}

// addPixels adds n pixels of c numbers, ss apart, to as many ds apart.
func addPixels(dst []float32, ds int, src []float32, ss, c, n int) {
	at, from := 0, 0
	switch c {
	case 1:
		for range n {
			dst[at] += src[from]
			at, from = at+ds, from+ss
		}
	case 3:
		for range n {
			d, s := (*[3]float32)(dst[at:]), (*[3]float32)(src[from:])
			d[0] += s[0]
			d[1] += s[1]
			d[2] += s[2]
			at, from = at+ds, from+ss
		}
	default:
		for range n {
			for i := range c {
				dst[at+i] += src[from+i]
			}
			at, from = at+ds, from+ss
		}
	}
}
