// Package kernel is the arithmetic under the layers: a handful of loops, each
// written once in plain Go and, where a benchmark says that it pays, again in
// assembly. It knows nothing of tapes, layers or models, and starts no goroutine.
//
// All vector implementations of a convolution use fused multiply-add and add
// along k in the same order, so they give the same bits. The plain Go one rounds
// twice where they round once; it is the specification, within k·ε·Σ|aᵢbᵢ|. All
// other loops give the same bits in every implementation.
package kernel

//go:generate go -C _asm run . -out ../vector_amd64.s -stubs ../vector_amd64.go -pkg kernel
//go:generate go -C _asm run ./neon -out ../vector_arm64.s -stubs ../vector_arm64.go

// A product is a block of C = end(A·B), with A read through offsets and strides:
// for i < m and j < n
//
//	c[i·ldc+j] = act(Σ_s Σ_k a[aoff[s] + i·sai + k·sak] · b[(s·kc+k)·sbk + j] + bias[j] + add[i·ldc+j])   s < len(aoff), k < kc
//
// with act(v) = v where v > 0 and slope·v elsewhere. A nil bias or add is zero,
// and slope 1 leaves everything as it is. Offsets rise. n is at most a tile's.
type product struct {
	m, n     int
	aoff     []int
	kc       int
	a        []float32
	sai, sak int
	b        []float32
	sbk      int
	c        []float32
	ldc      int
	bias     []float32
	add      []float32 // laid out like c, which it may be
	slope    float32
}

// A tile is the one loop that nearly all time goes to: an implementation of a
// product for m a multiple of mr and n = nr.
type tile struct {
	mr, nr int
	full   func(first *int) // of the fields of a block; nil: plain Go
}

// A block is a product as assembly sees it: count blocks of mr rows, so many bytes
// apart. Every field has eight bytes; _asm counts on this order.
type block struct {
	nseg     int
	aoff     *int
	kc       int
	a        *float32
	sai, sak int
	b        *float32
	sbk      int
	c        *float32
	ldc      int
	bias     *float32 // or nil
	add      *float32 // or nil
	slope    float32
	_        float32
	count    int

	aNext, cNext int
}

// No tile has more columns or numbers.
const maxCols, maxTile = 64, 6 * 64

// multiply computes a product. Whole blocks are written where they belong; what
// is left over goes through spare memory, with copies of a or b where these end
// too early for a whole block to be read.
func (t tile) multiply(s *Scratch, p *product) {
	if t.full == nil {
		p.generic()
		return
	}
	row := 0
	if p.n == t.nr && p.m >= t.mr {
		t.direct(s, p, 0, p.m/t.mr)
		row = p.m / t.mr * t.mr
		if row < p.m && (p.add == nil || &p.add[0] != &p.c[0]) { // compute some rows twice rather than through spare memory
			t.direct(s, p, p.m-t.mr, 1)
			row = p.m
		}
	}
	if row == p.m {
		return
	}
	// a's rows beyond the last are read and forgotten.
	last := p.aoff[len(p.aoff)-1] + (p.kc-1)*p.sak
	b := extend(&s.spareB, p.b, (len(p.aoff)*p.kc-1)*p.sbk+t.nr)
	for ; row < p.m; row += t.mr {
		a := extend(&s.spareA, p.a[row*p.sai:], last+(t.mr-1)*p.sai+1)
		s.block = block{
			nseg: len(p.aoff), aoff: &p.aoff[0], kc: p.kc, a: &a[0], sai: p.sai, sak: p.sak,
			b: &b[0], sbk: p.sbk, c: &s.spareC[0], ldc: t.nr, slope: 1, count: 1,
		}
		t.full(&s.block.nseg)
		for i := range min(t.mr, p.m-row) {
			p.store(row+i, s.spareC[i*t.nr:])
		}
	}
}

// direct computes count blocks, one below the other from a row on, where they
// belong.
func (t tile) direct(s *Scratch, p *product, row, count int) {
	t.blocks(s, p, row, count, t.mr*p.sai, t.mr*p.ldc)
}

// blocks computes count blocks where they belong, the first from a row on and the
// others each so many numbers further on in a and in c. In what is added they lie
// as in c.
func (t tile) blocks(s *Scratch, p *product, row, count, aNext, cNext int) {
	end, rows := count-1, row+t.mr-1
	_ = p.a[p.aoff[len(p.aoff)-1]+rows*p.sai+end*aNext+(p.kc-1)*p.sak]
	_ = p.b[(len(p.aoff)*p.kc-1)*p.sbk+t.nr-1]
	_ = p.c[rows*p.ldc+end*cNext+t.nr-1]
	s.block = block{
		nseg: len(p.aoff), aoff: &p.aoff[0], kc: p.kc, a: &p.a[row*p.sai], sai: p.sai, sak: p.sak,
		b: &p.b[0], sbk: p.sbk, c: &p.c[row*p.ldc], ldc: p.ldc, slope: p.slope,
		count: count, aNext: 4 * aNext, cNext: 4 * cNext,
	}
	if p.bias != nil {
		_ = p.bias[t.nr-1]
		s.block.bias = &p.bias[0]
	}
	if p.add != nil {
		_ = p.add[rows*p.ldc+end*cNext+t.nr-1]
		s.block.add = &p.add[row*p.ldc]
	}
	t.full(&s.block.nseg)
}

// store puts what becomes of sums into row i of c.
func (p *product) store(i int, sums []float32) {
	row := p.c[i*p.ldc:][:p.n]
	sums = sums[:p.n]
	switch {
	case p.bias == nil && p.add == nil && p.slope == 1:
		copy(row, sums)
		return
	case p.bias != nil && p.add != nil:
		add := p.add[i*p.ldc:][:p.n]
		for j, v := range p.bias[:p.n] {
			row[j] = sums[j] + v + add[j]
		}
	case p.bias != nil:
		for j, v := range p.bias[:p.n] {
			row[j] = sums[j] + v
		}
	case p.add != nil:
		for j, v := range p.add[i*p.ldc:][:p.n] {
			row[j] = sums[j] + v
		}
	default:
		copy(row, sums)
	}
	if p.slope != 1 {
		ReLU(row, row, p.slope)
	}
}

// A pass computes rows × cols pixels of n channels each.
type pass struct {
	tile       tile
	aoff       []int // where each segment starts, from a pixel's first tap
	kc         int   // length of a segment
	a, b, c    []float32
	bias, add  []float32
	slope      float32
	rows, cols int
	n          int
	sai, arow  int // from one pixel, one row, to the next in a
	ldc, crow  int // the same in c and in add
}

func (p *pass) run(s *Scratch) {
	t, k := p.tile, len(p.aoff)*p.kc
	w := product{m: p.cols, aoff: p.aoff, kc: p.kc, sai: p.sai, sak: 1, sbk: t.nr, ldc: p.ldc, slope: p.slope}
	for j := 0; j < p.n; j += t.nr {
		w.n, w.b = min(t.nr, p.n-j), p.b[j*k:]
		if p.bias != nil {
			w.bias = p.bias[j:]
		}
		if t.full != nil && k > 0 && w.n == t.nr && p.cols%t.mr == 0 && p.cols/t.mr < p.rows {
			// Few blocks a row: one call for those of all rows.
			w.a, w.c = p.a, p.c[j:]
			if p.add != nil {
				w.add = p.add[j:]
			}
			for i := 0; i < p.cols; i += t.mr {
				t.blocks(s, &w, i, p.rows, p.arow, p.crow)
			}
			continue
		}
		for r := range p.rows {
			w.a, w.c = p.a[r*p.arow:], p.c[r*p.crow+j:]
			if p.add != nil {
				w.add = p.add[r*p.crow+j:]
			}
			if k > 0 {
				t.multiply(s, &w)
				continue
			}
			var none [maxCols]float32
			for i := range w.m { // no tap reaches here
				w.store(i, none[:])
			}
		}
	}
}
