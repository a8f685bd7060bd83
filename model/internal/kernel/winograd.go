package kernel

// A 3×3 convolution of stride 1 with many channels is computed four by four
// pixels at a time with a quarter of the multiplications: F(4×4, 3×3) of
// Winograd's minimal filtering (Lavin and Gray, arXiv:1509.09308), with the
// points 0, ±5/8, ±3/2 and ∞, which round half as much as theirs. In one
// dimension
//
//	y[0..3] = Aᵀ[(G g[0..2]) ⊙ (Bᵀ d[0..5])]
//
// and in two, rows and then columns. Each of the 36 products in the middle is a
// matrix product over the channels, for a block of patches at a time that stays
// in the second cache.

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

// A patch is so many pixels a side, computed from wide pixels a side.
const patch, wide = 4, 6

// fast tells whether Forward and BackwardData of a shape are computed so. That
// depends on the shape alone, as it decides the bits of the result.
func (c Conv) fast() bool {
	return c.K == 3 && c.Stride == 1 && c.Cin%8 == 0 && c.Cout%8 == 0 && min(c.Cin, c.Cout) >= 32 && min(c.H, c.W) >= patch
}

// A quick is such a convolution, of in to out channels.
type quick struct {
	Conv
	in, out int
	tile    tile
	rows    int // of patches in a picture
	cols    int // of patches in a row
}

func (c Conv) quick(s *Scratch, in, out int) quick {
	return quick{c, in, out, s.pick(1<<20, out, false), panels(c.H, patch), panels(c.W, patch)}
}

// packFast lays the transformed weights out as [panel][36][in][nr]. Transposed
// are those of the gradient.
func (c Conv) packFast(temp *[]float32, to []float32, nr int, w []float32, transposed bool) {
	const some = 8 // channels at a time: few, so that they stay in the cache, and whole vectors when transposed
	size, part := c.Cin*c.Cout, some*c.Cout
	memory := grow(temp, (wide*3+wide*wide)*part)
	half, all := memory[:wide*3*part], memory[wide*3*part:]
	turned := func(at, step int) (int, int) { // the kernel is turned by half a circle
		if transposed {
			return at + 2*step, -step
		}
		return at, step
	}
	for i := 0; i < c.Cin; i += some {
		for kw := range 3 {
			from, step := turned(kw*size+i*c.Cout, 3*size)
			winogradWeights(half, kw*part, 3*part, w, from, step, part)
		}
		for ky := range wide {
			from, step := turned(ky*3*part, part)
			winogradWeights(all, ky*wide*part, part, half, from, step, part)
		}
		for e := range wide * wide {
			from := all[e*part:][:part]
			if transposed {
				transpose(to[(i/nr*nr*wide*wide+e*nr)*c.Cout+i%nr:], nr, from, c.Cout, some, c.Cout)
				continue
			}
			for j := 0; j < c.Cout; j += nr {
				panel, n := to[((j*wide*wide+e*nr)*c.Cin)+i*nr:], min(nr, c.Cout-j)
				for k := range some {
					copy(panel[k*nr:], from[k*c.Cout+j:][:n])
				}
			}
		}
	}
}

// patches is about how many numbers of one of the 36 matrices a block has.
const patches = 2048

// run computes y of x and the weights in their form.
func (q quick) run(s *Scratch, y, x, weights []float32, e End) {
	if e.Bias == nil {
		e.Bias = grow(&s.zeros, q.out)
		clear(e.Bias)
	}
	cols := min(q.cols, max(1, patches/q.in))
	rows := max(1, patches/q.in/cols)
	for r := 0; r < q.N*q.rows; r += rows {
		for c := 0; c < q.cols; c += cols {
			p := patchwork{quick: q, top: r, left: c, down: min(rows, q.N*q.rows-r), across: min(cols, q.cols-c)}
			p.n = panels(p.down*p.across, q.tile.mr) * q.tile.mr
			p.read(s, x)
			p.compute(s, y, weights, e)
		}
	}
}

// A patchwork is a block of patches that are computed together: down rows from
// top, counted through all pictures, and across columns from left.
type patchwork struct {
	quick
	top, left, down, across int
	n                       int // how many patches there is room for, whole blocks of the tile
}

// row returns the picture of row i of the patchwork, and its first pixels' row.
func (p *patchwork) row(i int) (picture, y int) {
	return (p.top + i) / p.rows, (p.top + i) % p.rows * patch
}

// read transforms the patches of x: [36][n][in].
func (p *patchwork) read(s *Scratch, x []float32) {
	values := grow(&s.patches, wide*wide*p.n*p.in)
	// Columns first, of all patches of a row at once, and then rows.
	first := p.left*patch - 1
	from, to := max(0, first), min(p.W, first+p.across*patch+2)
	width := (p.across*patch + 2) * p.in
	half := grow(&s.columns, wide*width)
	for ky := range wide {
		clear(half[ky*width:][:(from-first)*p.in])
		clear(half[ky*width+(to-first)*p.in : (ky+1)*width])
	}
	for i := range p.down {
		picture, y := p.row(i)
		six := strip(&s.rows, nth(x, picture, p.N), p.H, p.W, p.in, y-1, wide, 0, 0)
		winogradData(half, (from-first)*p.in, width, six, from*p.in, p.W*p.in, (to-from)*p.in)
		for ky := range wide {
			for t := range p.across {
				at := (ky*wide*p.n + i*p.across + t) * p.in
				winogradData(values, at, p.n*p.in, half, ky*width+t*patch*p.in, p.in, p.in)
			}
		}
	}
}

// compute multiplies the patches with the weights and transforms the products
// back into pixels of y, nr channels at a time.
func (p *patchwork) compute(s *Scratch, y, weights []float32, e End) {
	nr := p.tile.nr
	size := p.n * nr
	sums, half := grow(&s.other, wide*wide*size), grow(&s.columns, patch*wide*size)
	w := product{m: p.n, n: nr, aoff: s.offsets(1, 0), kc: p.in, sai: p.in, sak: 1, sbk: nr, ldc: nr, slope: 1}
	for j := 0; j < p.out; j += nr {
		for i := range wide * wide {
			w.a, w.b, w.c = s.patches[i*p.n*p.in:], weights[(j*wide*wide+i*nr)*p.in:], sums[i*size:]
			p.tile.multiply(s, &w)
		}
		for kx := range wide {
			winogradSums(half, kx*size, wide*size, sums, kx*size, wide*size, size)
		}
		for i := range p.down {
			picture, top := p.row(i)
			for r := range min(patch, p.H-top) {
				for t := range p.across {
					from := r*wide*size + (i*p.across+t)*nr
					p.store(s, y, ((picture*p.H+top+r)*p.W+(p.left+t)*patch)*p.out+j, min(patch, p.W-(p.left+t)*patch), half, from, size, min(nr, p.out-j), e, j)
				}
			}
		}
	}
}

// store puts count neighbours of n channels from j on into y.
func (p *patchwork) store(s *Scratch, y []float32, at, count int, half []float32, from, size, n int, e End, j int) {
	if count == patch {
		winogradEnd(y, at, p.out, half, from, size, n, e.Bias[j:], e.Add, e.Slope)
		return
	}
	winogradEnd(s.spareC[:], 0, n, half, from, size, n, e.Bias[j:], nil, 1)
	for i := range count {
		w := product{c: y[at+i*p.out:], n: n, slope: e.Slope}
		if e.Add != nil {
			w.add = e.Add[at+i*p.out:]
		}
		w.store(0, s.spareC[i*n:])
	}
}

// The four transforms below each turn so many vectors of n numbers, the first at
// from and the others ss apart, into as many at at, ds apart. n is a multiple
// of 8. Vector implementations fuse multiplications and additions.

// reach panics unless k vectors of n numbers, step apart, lie in x from at on.
func reach(x []float32, at, step, k, n int) {
	_, _ = x[min(at, at+(k-1)*step)], x[max(at, at+(k-1)*step)+n-1]
}

// winogradData computes Bᵀd.
func winogradData(dst []float32, at, ds int, src []float32, from, ss, n int) {
	reach(dst, at, ds, wide, n)
	reach(src, from, ss, wide, n)
	if winogradDataVector(dst, at, ds, src, from, ss, n) {
		return
	}
	for i := range n {
		var d [wide]float32
		for k := range d {
			d[k] = src[from+k*ss+i]
		}
		for end := range 2 {
			dst[at+5*end*ds+i] = float32(normZero*d[end]) + (d[4+end] - float32((squareA+squareB)*d[2+end]))
		}
		evenA, oddA := d[4]-float32(squareB*d[2]), pointA*(d[3]-float32(squareB*d[1]))
		evenB, oddB := d[4]-float32(squareA*d[2]), pointB*(d[3]-float32(squareA*d[1]))
		dst[at+ds+i], dst[at+2*ds+i] = evenA+oddA, evenA-oddA
		dst[at+3*ds+i], dst[at+4*ds+i] = evenB+oddB, evenB-oddB
	}
}

// winogradSums computes Aᵀm.
func winogradSums(dst []float32, at, ds int, src []float32, from, ss, n int) {
	reach(dst, at, ds, patch, n)
	reach(src, from, ss, wide, n)
	if winogradSumsVector(dst, at, ds, src, from, ss, n) {
		return
	}
	for i := range n {
		for j, v := range winogradResult(src, from+i, ss) {
			dst[at+j*ds+i] = v
		}
	}
}

// winogradEnd computes act(Aᵀm + bias + add), with bias one vector and add laid
// out like dst, or nil.
func winogradEnd(dst []float32, at, ds int, src []float32, from, ss, n int, bias, add []float32, slope float32) {
	reach(dst, at, ds, patch, n)
	reach(src, from, ss, wide, n)
	_ = bias[n-1]
	if add != nil {
		reach(add, at, ds, patch, n)
	}
	if winogradEndVector(dst, at, ds, src, from, ss, n, bias, add, slope) {
		return
	}
	for i := range n {
		for j, v := range winogradResult(src, from+i, ss) {
			v += bias[i]
			if add != nil {
				v += add[at+j*ds+i]
			}
			if !(v > 0) {
				v = float32(slope * v)
			}
			dst[at+j*ds+i] = v
		}
	}
}

func winogradResult(src []float32, at, ss int) [patch]float32 {
	var m [wide]float32
	for k := range m {
		m[k] = src[at+k*ss]
	}
	sumA, sumB, difA, difB := m[1]+m[2], m[3]+m[4], m[1]-m[2], m[3]-m[4]
	return [patch]float32{
		m[0] + sumA + sumB,
		float32(pointA*difA) + float32(pointB*difB),
		float32(squareA*sumA) + float32(squareB*sumB),
		m[5] + float32(pointB*squareB*difB) + float32(pointA*squareA*difA),
	}
}

// winogradWeights computes Gg of three vectors.
func winogradWeights(dst []float32, at, ds int, src []float32, from, ss, n int) {
	reach(dst, at, ds, wide, n)
	reach(src, from, ss, 3, n)
	if winogradWeightsVector(dst, at, ds, src, from, ss, n) {
		return
	}
	for i := range n {
		g0, g1, g2 := src[from+i], src[from+ss+i], src[from+2*ss+i]
		evenA, oddA := float32(1/normA*g0)+float32(squareA/normA*g2), float32(pointA/normA*g1)
		evenB, oddB := float32(1/normB*g0)+float32(squareB/normB*g2), float32(pointB/normB*g1)
		for k, v := range [wide]float32{1 / normZero * g0, evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB, g2} {
			dst[at+k*ds+i] = v
		}
	}
}
