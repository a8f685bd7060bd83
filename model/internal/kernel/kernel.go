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

// A product is a block of C = base + A·B, with A read through offsets and
// strides: for i < m and j < n
//
//	c[i·ldc+j] = base[i·ldbase+j] + Σ_s Σ_k a[aoff[s] + i·sai + k·sak] · b[(s·kc+k)·sbk + j]   s < len(aoff), k < kc
//
// A nil base is zero. Offsets rise.
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
	base     []float32
	ldbase   int
}

// A tile is the one loop that nearly all time goes to: an implementation of a
// product for m ≤ mr and n ≤ nr.
type tile struct {
	mr, nr int
	// full computes an mr × nr block; nil: plain Go.
	full func(nseg int, aoff *int, kc int, a *float32, sai, sak int, b *float32, sbk int, c *float32, ldc int, base *float32, ldbase int)
}

// No tile has more columns or numbers.
const maxCols, maxTile = 64, 6 * 64

// multiply computes a product. A full tile is read and computed whatever m and n
// are: where a or b end before, copies that do not.
func (t tile) multiply(s *Scratch, p *product) {
	if t.full == nil {
		p.generic()
		return
	}
	k := len(p.aoff) * p.kc
	a := extend(&s.spareA, p.a, p.aoff[len(p.aoff)-1]+(t.mr-1)*p.sai+(p.kc-1)*p.sak+1)
	b := extend(&s.spareB, p.b, (k-1)*p.sbk+t.nr)
	if p.m < t.mr || p.n < t.nr {
		t.full(len(p.aoff), &p.aoff[0], p.kc, &a[0], p.sai, p.sak, &b[0], p.sbk, &s.spareC[0], t.nr, nil, 0)
		for i := range p.m {
			p.store(i, s.spareC[i*t.nr:])
		}
		return
	}
	var base *float32
	if p.base != nil {
		_ = p.base[(p.m-1)*p.ldbase+p.n-1]
		base = &p.base[0]
	}
	_ = p.c[(p.m-1)*p.ldc+p.n-1]
	t.full(len(p.aoff), &p.aoff[0], p.kc, &a[0], p.sai, p.sak, &b[0], p.sbk, &p.c[0], p.ldc, base, p.ldbase)
}

// store puts base + sums into row i of c.
func (p *product) store(i int, sums []float32) {
	row := p.c[i*p.ldc:][:p.n]
	if p.base == nil {
		copy(row, sums)
		return
	}
	for j, v := range p.base[i*p.ldbase:][:p.n] { // base may be c
		row[j] = v + sums[j]
	}
}

// A pass computes rows × cols pixels of n channels each.
type pass struct {
	tile       tile
	aoff       []int // where each segment starts, from a pixel's first tap
	kc         int   // length of a segment
	a, b, c    []float32
	bias       []float32
	acc        bool
	rows, cols int
	n          int
	sai, arow  int // from one pixel, one row, to the next in a
	ldc, crow  int // the same in c
}

func (p *pass) run(s *Scratch) {
	t, k := p.tile, len(p.aoff)*p.kc
	var none [maxCols]float32
	w := product{aoff: p.aoff, kc: p.kc, sai: p.sai, sak: 1, sbk: t.nr, ldc: p.ldc}
	for j := 0; j < p.n; j += t.nr {
		w.n, w.b = min(t.nr, p.n-j), p.b[j*k:]
		for r := range p.rows {
			for x := 0; x < p.cols; x += t.mr {
				w.m = min(t.mr, p.cols-x)
				if w.m < t.mr && p.cols >= t.mr && !p.acc { // compute some pixels twice rather than through spare memory
					x, w.m = p.cols-t.mr, t.mr
				}
				w.a, w.c = p.a[r*p.arow+x*p.sai:], p.c[r*p.crow+x*p.ldc+j:]
				switch {
				case p.acc:
					w.base, w.ldbase = w.c, w.ldc
				case p.bias != nil:
					w.base = p.bias[j:]
				}
				if k > 0 {
					t.multiply(s, &w)
					continue
				}
				for i := range w.m { // no tap reaches here
					w.store(i, none[:])
				}
			}
		}
	}
}
