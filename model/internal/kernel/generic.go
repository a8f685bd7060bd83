package kernel

const plainRows, plainCols = 4, 24

// plainTiles are the tiles in plain Go: one.
var plainTiles = []tile{{mr: plainRows, nr: plainCols}}

// generic computes a product of at most plainCols columns.
func (p *product) generic() {
	var upper, lower [plainCols]float32
	for i := 0; i < p.m; i += 2 {
		i1 := min(i+1, p.m-1)
		if p.n < 3 {
			for j := range p.n {
				upper[j], lower[j] = p.one(i, j), p.one(i1, j)
			}
		} else {
			for j := 0; j < p.n; j += 3 {
				last := min(j, p.n-3) // some columns twice rather than alone
				p.six((*[3]float32)(upper[last:]), (*[3]float32)(lower[last:]), i, i1, last)
			}
		}
		p.store(i, upper[:])
		if i1 > i {
			p.store(i1, lower[:])
		}
	}
}

// one returns Σ_s Σ_k for row i and column j.
func (p *product) one(i, j int) (sum float32) {
	for s, off := range p.aoff {
		for k := range p.kc {
			sum += float32(p.a[off+i*p.sai+k*p.sak] * p.b[(s*p.kc+k)*p.sbk+j])
		}
	}
	return sum
}

// six does the same for two rows and three columns, side by side: as many as the
// compiler can hold in registers.
func (p *product) six(upper, lower *[3]float32, i, i1, j int) {
	var u0, u1, u2, l0, l1, l2 float32
	b, sak, sbk := p.b, p.sak, p.sbk
	for _, off := range p.aoff {
		end := (p.kc-1)*sak + 1
		rowU, rowL := p.a[off+i*p.sai:][:end], p.a[off+i1*p.sai:][:end]
		for at := 0; at < len(rowU) && at < len(rowL); at += sak {
			u, l, b := rowU[at], rowL[at], (*[3]float32)(b[j:])
			j += sbk
			u0 += float32(u * b[0])
			u1 += float32(u * b[1])
			u2 += float32(u * b[2])
			l0 += float32(l * b[0])
			l1 += float32(l * b[1])
			l2 += float32(l * b[2])
		}
	}
	*upper = [3]float32{u0, u1, u2}
	*lower = [3]float32{l0, l1, l2}
}
