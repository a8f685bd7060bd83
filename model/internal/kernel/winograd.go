package kernel

// Convolutions of 3×3 pixels, and of 5×5 with stride 2, that have many channels
// are computed four by four pixels at a time with a fraction of the
// multiplications: F(4×4, 3×3) of Winograd's minimal filtering (Lavin and Gray,
// arXiv:1509.09308), with the points 0, ±5/8, ±3/2 and ∞, which round half as
// much as theirs. In one dimension
//
//	y[0..3] = Aᵀ[(G g[0..2]) ⊙ (Bᵀ d[0..5])]
//
// and in two, rows and then columns. Each of the 36 products in the middle is a
// matrix product over the channels, for a block of patches at a time that stays
// in the second cache. The gradient of g is Gᵀ[(A dy) ⊙ (Bᵀ d)], summed up over
// all patches before Gᵀ.
//
// With a stride of 2 the even and the odd rows and columns of the greater picture
// are four pictures, phases, each of which a kernel of at most 3×3 turns into a
// part of the sum. Kernels that lack a first or last tap do without a point: 121
// products for 400 of 5×5, and 81 for 144 of 3×3.

const (
	pointA, pointB = 5. / 8, 3. / 2
	squareA        = pointA * pointA
	squareB        = pointB * pointB
	// What the polynomial of the other points is at each.
	normZero = squareA * squareB
	normA    = 2 * squareA * (squareA - squareB)
	normB    = 2 * squareB * (squareB - squareA)
)

// Grid is how many pixels a side are computed at once. Where the grid lies shows
// in the last bits.
const Grid = patch

// A patch is so many pixels a side, computed from wide pixels a side with taps of
// a kernel; points is how many products that takes.
const patch, wide, points, kernelTaps = 4, 6, wide * wide, 3

// fast tells whether a shape is computed so. That depends on the shape alone, as
// it decides the bits of the result.
func (c Conv) fast() bool {
	ho, wo := c.Out()
	return !c.exact && (c.K == 3 && c.Stride <= 2 || c.K == 5 && c.Stride == 2) &&
		c.Cin%8 == 0 && c.Cout%8 == 0 && min(c.Cin, c.Cout) >= 32 && min(ho, wo) >= patch
}

// fastWeights tells whether BackwardWeights is computed so: where a patch saves
// little, many must share the way from the points to the taps.
func (c Conv) fastWeights() bool {
	ho, wo := c.Out()
	return c.fast() && (c.K > c.Stride+1 || c.N*panels(ho, patch)*panels(wo, patch) >= 64)
}

// A corner is a phase of a picture: the pixels whose rows are py and whose
// columns are px modulo the stride.
type corner struct{ py, px int }

// Corners in an order in which those that need any one point are neighbours, and
// those of the same rows as well: of one phase, and of two when the first or the
// second needs more points.
var (
	cornersOne    = []corner{{0, 0}}
	cornersFirst  = []corner{{0, 1}, {0, 0}, {1, 0}, {1, 1}}
	cornersSecond = []corner{{1, 0}, {1, 1}, {0, 1}, {0, 0}}
)

func (c Conv) corners() []corner {
	switch {
	case c.Stride == 1:
		return cornersOne
	case c.reach(0).n > c.reach(1).n:
		return cornersFirst
	default:
		return cornersSecond
	}
}

// needs returns which of the six points of one dimension the taps of a phase
// need: from lo on and below hi. Turned is the kernel of BackwardData.
func (c Conv) needs(phase int, turned bool) (lo, hi int) {
	at := c.reach(phase)
	first, last := at.first < 0, at.first+at.n > 1
	if !turned {
		first, last = last, first
	}
	lo, hi = 1, wide-1
	if first {
		lo = 0
	}
	if last {
		hi = wide
	}
	return lo, hi
}

// nineth returns which of the K·K taps of the kernel is the k-th of the nine of a
// corner, in reading order, if there is one.
func (c Conv) nineth(at corner, k int, turned bool) (tap int, ok bool) {
	kh, rows := c.tap(at.py, k/kernelTaps, turned)
	kw, cols := c.tap(at.px, k%kernelTaps, turned)
	return kh*c.K + kw, rows && cols
}

// tap returns which tap of a row or column is the k-th of a phase, if there is one.
func (c Conv) tap(phase, k int, turned bool) (tap int, ok bool) {
	if turned {
		k = kernelTaps - 1 - k
	}
	tap = (k-1)*c.Stride + phase + c.Pad()
	return tap, 0 <= tap && tap < c.K
}

// A quick is such a convolution.
type quick struct {
	Conv
	turned     bool // BackwardData
	corners    []corner
	lo, hi     [2]int // what the phases need
	in, out    int    // channels
	tile       tile
	rows, cols int // of patches in a picture
}

func (c Conv) quick(s *Scratch, turned bool) quick {
	ho, wo := c.Out()
	q := quick{Conv: c, turned: turned, corners: c.corners(), in: c.Cin, out: c.Cout, rows: panels(ho, patch), cols: panels(wo, patch)}
	if turned {
		q.in, q.out = c.Cout, c.Cin
	}
	for phase := range c.Stride {
		q.lo[phase], q.hi[phase] = c.needs(phase, turned)
	}
	q.tile = s.pick(1<<20, q.out, false)
	return q
}

// depth returns how many numbers a pixel of a patch has: all channels of all
// corners that are read together.
func (q *quick) depth() int {
	if q.turned {
		return q.in
	}
	return len(q.corners) * q.in
}

// meets tells whether a corner needs a point.
func (q *quick) meets(point int, c corner) bool {
	y, x := point/wide, point%wide
	return q.lo[c.py] <= y && y < q.hi[c.py] && q.lo[c.px] <= x && x < q.hi[c.px]
}

// needed returns which of the corners that are read a point is needed of, from
// lo on and below hi, for a corner that is written.
func (q *quick) needed(point int, to corner) (lo, hi int) {
	if q.turned {
		if q.meets(point, to) {
			return 0, 1
		}
		return 0, 0
	}
	for i, c := range q.corners {
		if q.meets(point, c) {
			if hi == 0 {
				lo = i
			}
			hi = i + 1
		}
	}
	return lo, hi
}

// fastSize returns how many numbers the transformed weights have.
func (c Conv) fastSize(out, in, nr int) int {
	return panels(out, nr) * nr * points * c.Stride * c.Stride * in
}

// packFast lays the transformed weights out as [panel][36][corner][in][nr], and
// turned as [corner][panel][36][in][nr].
func (c Conv) packFast(temp *[]float32, to []float32, nr int, w []float32, turned bool) {
	const some = 8 // channels at a time: few, so that they stay in the cache, and whole vectors when transposed
	part := some * c.Cout
	memory := grow(temp, (kernelTaps*kernelTaps+wide*kernelTaps+points)*part)
	nine, rest := memory[:kernelTaps*kernelTaps*part], memory[kernelTaps*kernelTaps*part:]
	half, all := rest[:wide*kernelTaps*part], rest[wide*kernelTaps*part:]
	corners := c.corners()
	for f, at := range corners {
		for i := 0; i < c.Cin; i += some {
			for k := range kernelTaps * kernelTaps {
				to := nine[k*part:][:part]
				if tap, ok := c.nineth(at, k, turned); ok {
					copy(to, w[(tap*c.Cin+i)*c.Cout:])
				} else {
					clear(to)
				}
			}
			ofKernels.run(bundle{half, 0, kernelTaps * part, part}, bundle{nine, 0, kernelTaps * part, part}, part, kernelTaps)
			ofKernels.run(bundle{all, 0, part, wide * part}, bundle{half, 0, part, kernelTaps * part}, part, wide)
			for e := range points {
				from := all[e*part:][:part]
				if turned {
					at := f*c.fastSize(c.Cin, c.Cout, nr)/len(corners) + (i/nr*nr*points+e*nr)*c.Cout + i%nr
					transpose(to[at:], nr, from, c.Cout, some, c.Cout)
					continue
				}
				for j := 0; j < c.Cout; j += nr {
					panel, n := to[((j*points+e*nr)*len(corners)*c.Cin)+(f*c.Cin+i)*nr:], min(nr, c.Cout-j)
					for k := range some {
						copy(panel[k*nr:], from[k*c.Cout+j:][:n])
					}
				}
			}
		}
	}
}

// blockPatches is about how many patches are worked on at a time: as many as have
// blockNumbers in each of the 36 matrices, but not fewer than make whole tiles.
const blockPatches, blockNumbers = 24, 2048

// A cutting is a quick whose patches are cut into blocks of down × across.
type cutting struct {
	quick
	down, across int
}

// cut returns the work in blocks of about n patches.
func (q quick) cut(n int) cutting {
	across := even(q.cols, n)
	return cutting{q, even(q.N*q.rows, n/across), across}
}

func (c cutting) blocks(yield func(patchwork) bool) {
	first, end := c.share(c.N*c.rows, 1)
	for top := first; top < end; top += c.down {
		for left := 0; left < c.cols; left += c.across {
			if !yield(patchwork{quick: c.quick, top: top, left: left, down: min(c.down, end-top), across: min(c.across, c.cols-left)}) {
				return
			}
		}
	}
}

// even returns the size of pieces of at most most (or 1) that cover n, all about
// the same.
func even(n, most int) int { return panels(n, panels(n, max(1, most))) }

// run computes y of x and the weights in their form.
func (q quick) run(s *Scratch, y, x, weights []float32, e End) {
	if e.Bias == nil {
		e.Bias = grow(&s.zeros, q.out)
		clear(e.Bias)
	}
	ho, wo := q.Out()
	small, large := picture{x, ho, wo, q.in, 1}, picture{x, q.H, q.W, q.in, q.Stride}
	for p := range q.cut(max(blockPatches, blockNumbers/q.depth())).blocks {
		p.n = panels(p.down*p.across, q.tile.mr) * q.tile.mr
		values := grow(&s.patches, points*p.n*q.depth())
		if q.turned {
			p.read(s, values, inputs, small, cornersOne)
			large.data = y
			p.compute(s, large, q.corners, values, weights, e)
		} else {
			p.read(s, values, inputs, large, q.corners)
			small.data = y
			p.compute(s, small, cornersOne, values, weights, e)
		}
	}
}

// A picture is N of them, of h × w pixels of c channels. A patch sees every
// step-th row and column.
type picture struct {
	data    []float32
	h, w, c int
	step    int
}

// A patchwork is a block of patches that are computed together: down rows from
// top, counted through all pictures, and across columns from left.
type patchwork struct {
	quick
	top, left, down, across int
	n                       int // how many patches there is room for
}

// row returns the picture of row i of the patchwork, and its first pixels' row.
func (p *patchwork) row(i int) (n, y int) {
	return (p.top + i) / p.rows, (p.top + i) % p.rows * patch
}

// A window is what becomes of a patch, which is read from margin pixels before its
// corner on.
type window struct {
	*transform
	margin int
}

var (
	inputs  = window{&ofInputs, 1}
	results = window{&ofResults, 0}
)

// read transforms the patches of a picture: [36][n][corner][c].
func (p *patchwork) read(s *Scratch, values []float32, win window, x picture, corners []corner) {
	c, depth := x.c, len(corners)*x.c
	// Columns first, of all patches of a row at once, and then rows.
	first := (p.left*patch - win.margin) * x.step
	width := ((p.across-1)*patch + win.in) * x.step
	from, to := max(0, first), min(x.w, first+width)
	half := grow(&s.columns, wide*width*c)
	for y := range wide {
		clear(half[y*width*c:][:(from-first)*c])
		clear(half[(y*width+to-first)*c : (y+1)*width*c])
	}
	for i := range p.down {
		n, y := p.row(i)
		rows := strip(&s.rows, nth(x.data, n, p.N), x.h, x.w, c, (y-win.margin)*x.step, win.in*x.step, 0, 0)
		for f, at := range corners {
			if f == 0 || corners[f-1].py != at.py {
				win.run(bundle{half, (from - first) * c, width * c, 0}, bundle{rows, (at.py*x.w + from) * c, x.step * x.w * c, 0}, (to-from)*c, 1)
			}
			for y := range wide {
				win.run(bundle{values, (y*wide*p.n+i*p.across)*depth + f*c, p.n * depth, depth},
					bundle{half, (y*width + at.px) * c, x.step * c, patch * x.step * c}, c, p.across)
			}
		}
	}
}

// compute multiplies the patches with the weights and transforms the products
// back into pixels of y, one corner and nr channels at a time.
func (p *patchwork) compute(s *Scratch, y picture, corners []corner, values, weights []float32, e End) {
	nr, depth := p.tile.nr, p.depth()
	size := p.n * nr
	sums, half := grow(&s.other, points*size), grow(&s.columns, patch*wide*size)
	w := product{m: p.n, n: nr, aoff: s.offsets(1, 0), sai: depth, sak: 1, sbk: nr, ldc: nr, slope: 1}
	for _, at := range corners {
		for j := 0; j < p.out; j += nr {
			if p.tile.full == nil { // assembly computes what the last panel has too many
				w.n = min(nr, p.out-j)
			}
			for i := range points {
				w.c = sums[i*size:][:size]
				lo, hi := p.needed(i, at)
				if lo == hi {
					clear(w.c)
					continue
				}
				w.kc, w.a, w.b = (hi-lo)*p.in, values[i*p.n*depth+lo*p.in:], weights[(j*points+i*nr)*depth+lo*p.in*nr:]
				p.tile.multiply(s, &w)
			}
			ofSums.run(bundle{half, 0, wide * size, size}, bundle{sums, 0, wide * size, size}, size, wide)
			for i := range p.down {
				p.end(s, y, at, i, half, e, j)
			}
		}
		weights = weights[panels(p.out, nr)*nr*points*depth:]
	}
}

// end transforms row i of the patchwork, from channel j on, into a corner of y.
func (p *patchwork) end(s *Scratch, y picture, at corner, i int, half []float32, e End, j int) {
	nr := p.tile.nr
	size, n, step := p.n*nr, min(nr, p.out-j), y.step*p.out
	m, top := p.row(i)
	col := p.left*patch*y.step + at.px
	whole := min(p.across, max(0, panels(y.w-col, y.step))/patch) // patches that lie in the picture
	for r := range patch {
		row := (top+r)*y.step + at.py
		if row >= y.h {
			return
		}
		to := bundle{y.data, ((m*y.h+row)*y.w+col)*p.out + j, step, patch * step}
		from := bundle{half, r*wide*size + i*p.across*nr, size, nr}
		if whole > 0 {
			winogradEnd(to, from, n, whole, e.Bias[j:], e.Add, e.Slope)
		}
		if whole < p.across {
			to.at, from.at = to.at+whole*to.next, from.at+whole*from.next
			winogradEnd(bundle{s.spareC[:], 0, n, 0}, from, n, 1, e.Bias[j:], nil, 1)
			for k := 0; col+(whole*patch+k)*y.step < y.w; k++ {
				w := product{c: y.data[to.at+k*step:], n: n, slope: e.Slope}
				if e.Add != nil {
					w.add = e.Add[to.at+k*step:]
				}
				w.store(0, s.spareC[k*n:])
			}
		}
	}
}

// backwardWeightsFast sums up the products of all patches and then transforms
// them into taps.
func (c Conv) backwardWeightsFast(s *Scratch, dw, x, dy []float32, acc bool) {
	q := c.quick(s, false)
	depth := q.depth()
	t := s.pick(depth, c.Cout, true)
	ho, wo := c.Out()
	sums := grow(&s.sums, points*depth*c.Cout)
	w := product{sai: 1, sak: depth, sbk: c.Cout, ldc: c.Cout, slope: 1}
	first := true
	for p := range q.cut(sumPatches).blocks {
		p.n = p.down * p.across
		from, to := grow(&s.patches, points*p.n*depth), grow(&s.other, points*p.n*c.Cout)
		p.read(s, from, inputs, picture{x, c.H, c.W, c.Cin, c.Stride}, q.corners)
		p.read(s, to, results, picture{dy, ho, wo, c.Cout, 1}, cornersOne)
		w.kc, w.aoff = p.n, s.offsets(1, 0)
		for e := range points {
			lo, hi := q.needed(e, corner{})
			if lo == hi {
				continue
			}
			w.m, w.a = (hi-lo)*c.Cin, from[e*p.n*depth+lo*c.Cin:]
			for j := 0; j < c.Cout; j += t.nr {
				w.n, w.b, w.c = min(t.nr, c.Cout-j), to[e*p.n*c.Cout+j:], sums[(e*depth+lo*c.Cin)*c.Cout+j:]
				if !first {
					w.add = w.c
				}
				t.multiply(s, &w)
			}
		}
		first = false
	}
	q.taps(s, dw, sums, acc)
}

// sumPatches is about how many patches backwardWeightsFast sums up in registers.
const sumPatches = 32

// taps transforms the sums [36][corner][Cin][Cout] into the gradient of the kernel.
func (q *quick) taps(s *Scratch, dw, sums []float32, acc bool) {
	const some = 8 // channels at a time
	part, depth := some*q.Cout, q.depth()
	half, nine := grow(&s.columns, wide*kernelTaps*part), grow(&s.other, kernelTaps*kernelTaps*part)
	for f, at := range q.corners {
		for i := 0; i < q.Cin; i += some {
			ofPoints.run(bundle{half, 0, part, kernelTaps * part}, bundle{sums, (f*q.Cin + i) * q.Cout, depth * q.Cout, wide * depth * q.Cout}, part, wide)
			ofPoints.run(bundle{nine, 0, kernelTaps * part, part}, bundle{half, 0, kernelTaps * part, part}, part, kernelTaps)
			for k := range kernelTaps * kernelTaps {
				tap, ok := q.nineth(at, k, false)
				if !ok {
					continue
				}
				to, from := dw[(tap*q.Cin+i)*q.Cout:][:part], nine[k*part:][:part]
				if acc {
					Axpy(1, from, to)
				} else {
					copy(to, from)
				}
			}
		}
	}
}
