package kernel

import "slices"

// A Conv is the shape of a convolution: pictures (N, H, W, Cin) to
// (N, Ho, Wo, Cout), weights (K, K, Cin, Cout), zero padding of Pad on the top
// and left and what is needed on the bottom and right.
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
	ho, wo := c.Out()
	if x != c.N*c.H*c.W*c.Cin || w != c.K*c.K*c.Cin*c.Cout || y != c.N*ho*wo*c.Cout {
		panic("kernel: convolution: lengths do not fit the shape")
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

// Scratch is memory that calls use and forget. It may be handed from call to
// call but not used by two at a time. The zero value is ready.
type Scratch struct {
	padded, packed, columns, weights []float32
	tile                             [maxTile]float32
	aoff                             []int
}

// NewScratch returns a Scratch whose calls use one of Kinds instead of the best.
func NewScratch(kind string) *Scratch {
	if !slices.Contains(Kinds(), kind) {
		panic("kernel: scratch: no such kind on this machine")
	}
	return &Scratch{}
}

// grow returns a slice of n numbers with whatever they held, reusing *s.
func grow(s *[]float32, n int) []float32 {
	if cap(*s) < n {
		*s = make([]float32, n)
	}
	return (*s)[:n]
}

// Forward computes
//
//	y[n][oy][ox][o] = bias[o] + Σ_kh Σ_kw Σ_c x[n][oy·s+kh-p][ox·s+kw-p][c] · w[kh][kw][c][o]
//
// with x taken as zero outside, or adds the sum to y when acc is set. A nil
// bias adds nothing.
func (c Conv) Forward(s *Scratch, y, x, w, bias []float32, acc bool) {
	c.check(len(x), len(w), len(y))
	c = c.flat()
	ho, wo := c.Out()
	t := pick(c.Cout)
	p := pass{
		tile: t, cout: c.Cout, rows: ho, cols: wo, bias: bias, acc: acc,
		b: pack(s, t.nr, c.K*c.K*c.Cin, c.Cout, func(dst []float32, k, j int) int { return copy(dst, w[k*c.Cout+j:(k+1)*c.Cout]) }),
	}
	in := margin{before: c.Pad(), afterH: max(0, (ho-1)*c.Stride+c.K-c.Pad()-c.H), afterW: max(0, (wo-1)*c.Stride+c.K-c.Pad()-c.W)}
	width := (c.W + in.before + in.afterW) * c.Cin
	p.kc, p.sai, p.arow = c.K*c.Cin, c.Stride*c.Cin, c.Stride*width
	p.aoff = offsets(s, c.K, width)
	p.ldc, p.crow = c.Cout, wo*c.Cout
	for n := range c.N {
		p.a = in.pad(s, x[n*c.H*c.W*c.Cin:], c.H, c.W, c.Cin)
		p.c = y[n*ho*wo*c.Cout : (n+1)*ho*wo*c.Cout]
		p.run(s)
	}
}

// BackwardData computes
//
//	x[n][y][x][c] = bias[c] + Σ dy[n][oy][ox][o] · w[kh][kw][c][o]   over all oy·s+kh-p = y, ox·s+kw-p = x
//
// or adds the sum to x when acc is set: the gradient of Forward with respect to
// its input, and the forward pass of the transposed convolution.
func (c Conv) BackwardData(s *Scratch, x, dy, w, bias []float32, acc bool) {
	c.check(len(x), len(w), len(dy))
	c = c.flat()
	ho, wo := c.Out()
	t := pick(c.Cin)
	// Each of the Stride² phases of x is a dense convolution of dy.
	var phases []phase
	reach := func(i int) (first, last int) { // of output rows that touch input rows ≡ i
		first, last = 0, -1
		for k := c.K - 1; k >= 0; k-- {
			if d := i + c.Pad() - k; d%c.Stride == 0 {
				if last < first {
					first = d / c.Stride
				}
				last = d / c.Stride
			}
		}
		return first, last
	}
	in := margin{}
	for i := range c.Stride {
		first, last := reach(i)
		if last < first {
			continue
		}
		in.before = max(in.before, -first)
		in.afterH = max(in.afterH, (c.H-1-i)/c.Stride+last-(ho-1))
		in.afterW = max(in.afterW, (c.W-1-i)/c.Stride+last-(wo-1))
	}
	width := (wo + in.before + in.afterW) * c.Cout
	size := 0
	for py := range min(c.Stride, c.H) {
		for px := range min(c.Stride, c.W) {
			y0, y1 := reach(py)
			x0, x1 := reach(px)
			ph := phase{py: py, px: px, y0: y0, x0: x0, ny: y1 - y0 + 1, nx: x1 - x0 + 1, b: size}
			if ph.ny <= 0 || ph.nx <= 0 {
				ph.ny, ph.nx = 0, 0
			}
			size += panels(t.nr, c.Cin) * ph.ny * ph.nx * c.Cout * t.nr
			phases = append(phases, ph)
		}
	}
	packed := grow(&s.packed, size)
	for _, ph := range phases {
		packInto(packed[ph.b:], t.nr, ph.ny*ph.nx*c.Cout, c.Cin, func(dst []float32, k, j int) int {
			tap, o := k/c.Cout, k%c.Cout
			kh := ph.py + c.Pad() - (ph.y0+tap/ph.nx)*c.Stride
			kw := ph.px + c.Pad() - (ph.x0+tap%ph.nx)*c.Stride
			from := w[((kh*c.K+kw)*c.Cin+j)*c.Cout+o:]
			n := min(len(dst), c.Cin-j)
			for i := range n {
				dst[i] = from[i*c.Cout]
			}
			return n
		})
	}
	for n := range c.N {
		padded := in.pad(s, dy[n*ho*wo*c.Cout:], ho, wo, c.Cout)
		image := x[n*c.H*c.W*c.Cin : (n+1)*c.H*c.W*c.Cin]
		for _, ph := range phases {
			p := pass{
				tile: t, cout: c.Cin, bias: bias, acc: acc, b: packed[ph.b:],
				rows: (c.H - ph.py + c.Stride - 1) / c.Stride, cols: (c.W - ph.px + c.Stride - 1) / c.Stride,
				kc: ph.nx * c.Cout, sai: c.Cout, arow: width,
				ldc: c.Stride * c.Cin, crow: c.Stride * c.W * c.Cin, c: image[(ph.py*c.W+ph.px)*c.Cin:],
			}
			if ph.ny > 0 {
				p.aoff = offsets(s, ph.ny, width)
				p.a = padded[((ph.y0+in.before)*(wo+in.before+in.afterW)+ph.x0+in.before)*c.Cout:]
			}
			p.run(s)
		}
	}
}

// phase is the part of x whose rows are py and whose columns are px modulo the
// stride. It sees ny × nx taps, the first at dy[i+y0][j+x0]; its packed weights
// start at b.
type phase struct{ py, px, y0, x0, ny, nx, b int }

// BackwardWeights adds to dw
//
//	dw[kh][kw][c][o] += Σ_n Σ_oy Σ_ox x[n][oy·s+kh-p][ox·s+kw-p][c] · dy[n][oy][ox][o]
func (c Conv) BackwardWeights(s *Scratch, dw, x, dy []float32) {
	c.check(len(x), len(dw), len(dy))
	c = c.flat()
	ho, wo := c.Out()
	t := pick(c.Cout)
	in := margin{before: c.Pad(), afterH: max(0, (ho-1)*c.Stride+c.K-c.Pad()-c.H), afterW: max(0, (wo-1)*c.Stride+c.K-c.Pad()-c.W)}
	width := (c.W + in.before + in.afterW) * c.Cin
	m := c.K * c.Cin
	// A block of rows is summed in registers and then added to dw: its length is
	// part of the result's bits, and so the same on every machine.
	block := min(ho, max(1, blockPixels/wo))
	aoff := offsets(s, block, c.Stride*width)
	// Columns past the last full panel are read from a copy padded with zeros.
	full := c.Cout / t.nr * t.nr
	for n := range c.N {
		xp := in.pad(s, x[n*c.H*c.W*c.Cin:], c.H, c.W, c.Cin)
		dyn := dy[n*ho*wo*c.Cout : (n+1)*ho*wo*c.Cout]
		var tail []float32
		if full < c.Cout {
			tail = grow(&s.columns, ho*wo*t.nr)
			for i := range ho * wo {
				row := tail[i*t.nr : (i+1)*t.nr]
				clear(row[copy(row, dyn[i*c.Cout+full:(i+1)*c.Cout]):])
			}
		}
		for r := 0; r < ho; r += block {
			rows := min(block, ho-r)
			for j := 0; j < c.Cout; j += t.nr {
				b, sbk := dyn[r*wo*c.Cout:], c.Cout
				if j < full {
					b = b[j:]
				} else {
					b, sbk = tail[r*wo*t.nr:], t.nr
				}
				for kh := range c.K {
					a := xp[(r*c.Stride+kh)*width:]
					for i := 0; i < m; i += t.mr {
						t.add(s, min(t.mr, m-i), min(t.nr, c.Cout-j), aoff[:rows], wo, a[i:], 1, c.Stride*c.Cin, b, sbk, dw[(kh*m+i)*c.Cout+j:], c.Cout, nil, true)
					}
				}
			}
		}
	}
}

// blockPixels is about how many pixels BackwardWeights sums at a time.
const blockPixels = 128

// A pass walks over the pixels of one output picture.
type pass struct {
	tile       tile
	a, b, c    []float32
	bias       []float32
	acc        bool
	aoff       []int // where each segment starts, from the pixel's first tap
	kc         int   // length of a segment
	sai, arow  int   // from one pixel, one row, to the next in a
	ldc, crow  int   // the same in c
	rows, cols int
	cout       int
}

// run computes all pixels. A few rows go through all panels of weights before
// the next few, so that the rows stay in cache.
func (p *pass) run(s *Scratch) {
	const group = 4
	t, k := p.tile, len(p.aoff)*p.kc
	for r0 := 0; r0 < p.rows; r0 += group {
		for j := 0; j < p.cout; j += t.nr {
			b := p.b[j*k:]
			n := min(t.nr, p.cout-j)
			var bias []float32
			if p.bias != nil {
				bias = p.bias[j : j+n]
			}
			for r := r0; r < min(r0+group, p.rows); r++ {
				for x := 0; x < p.cols; x += t.mr {
					m := min(t.mr, p.cols-x)
					if k == 0 {
						edge(m, n, p.c[r*p.crow+x*p.ldc+j:], p.ldc, bias, p.acc)
						continue
					}
					if m < t.mr && !p.acc && p.cols >= t.mr { // compute some pixels twice rather than through a spare tile
						x, m = p.cols-t.mr, t.mr
					}
					t.add(s, m, n, p.aoff, p.kc, p.a[r*p.arow+x*p.sai:], p.sai, 1, b, t.nr, p.c[r*p.crow+x*p.ldc+j:], p.ldc, bias, p.acc)
				}
			}
		}
	}
}

// edge is a tile with no taps.
func edge(m, n int, c []float32, ldc int, bias []float32, acc bool) {
	if acc {
		return
	}
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		if bias == nil {
			clear(row)
		} else {
			copy(row, bias)
		}
	}
}

// margin is the frame of zeros round a picture.
type margin struct{ before, afterH, afterW int }

// pad copies a picture into a frame of zeros. Behind it lie enough zeros that a
// full tile may read past the last pixel.
func (g margin) pad(s *Scratch, x []float32, h, w, c int) []float32 {
	hp, wp := h+g.before+g.afterH, w+g.before+g.afterW
	size := hp * wp * c
	slack := maxRows * 8 * c
	out := grow(&s.padded, size+slack+maxTile)
	top := (g.before*wp + g.before) * c
	clear(out[:top])
	for r := range h {
		at := ((r+g.before)*wp + g.before) * c
		copy(out[at:at+w*c], x[r*w*c:(r+1)*w*c])
		end := ((r+1+g.before)*wp + g.before) * c
		clear(out[at+w*c : min(end, size)])
	}
	clear(out[min(size, ((h+g.before)*wp+g.before)*c):])
	return out
}

// offsets returns 0, step, 2·step, …, n of them.
func offsets(s *Scratch, n, step int) []int {
	s.aoff = s.aoff[:0]
	for i := range n {
		s.aoff = append(s.aoff, i*step)
	}
	return s.aoff
}

func panels(nr, n int) int { return (n + nr - 1) / nr }

// pack lays a k × n matrix out in panels of nr columns, the last filled up with
// zeros. row copies columns j… of row k and returns how many there were.
func pack(s *Scratch, nr, k, n int, row func(dst []float32, k, j int) int) []float32 {
	out := grow(&s.packed, panels(nr, n)*k*nr)
	packInto(out, nr, k, n, row)
	return out
}

func packInto(out []float32, nr, k, n int, row func(dst []float32, k, j int) int) {
	for j := 0; j < n; j += nr {
		for i := range k {
			dst := out[(j*k + i*nr):][:nr]
			clear(dst[min(nr, row(dst, i, j)):])
		}
	}
}
