package kernel

const plainRows, plainCols = 4, 16

// plain is the tile in plain Go.
var plainTiles = []tile{{mr: plainRows, nr: plainCols}}

// generic computes a product of at most plainCols columns.
func (p *product) generic() {
	var upper, lower [plainCols]float32
	for i := 0; i < p.m; i += 2 {
		i1 := min(i+1, p.m-1)
		j := 0
		for ; j+4 <= p.n; j += 4 {
			p.eight((*[4]float32)(upper[j:]), (*[4]float32)(lower[j:]), i, i1, j)
		}
		for ; j < p.n; j++ {
			upper[j], lower[j] = p.one(i, j), p.one(i1, j)
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

// eight does the same for two rows and four columns, side by side: it loads a
// number for more than one product.
func (p *product) eight(upper, lower *[4]float32, i, i1, j int) {
	var u0, u1, u2, u3, l0, l1, l2, l3 float32
	for _, off := range p.aoff {
		a, a1 := p.a[off+i*p.sai:], p.a[off+i1*p.sai:]
		for k := range p.kc {
			u, l, b := a[k*p.sak], a1[k*p.sak], (*[4]float32)(p.b[j:])
			j += p.sbk
			u0 += float32(u * b[0])
			u1 += float32(u * b[1])
			u2 += float32(u * b[2])
			u3 += float32(u * b[3])
			l0 += float32(l * b[0])
			l1 += float32(l * b[1])
			l2 += float32(l * b[2])
			l3 += float32(l * b[3])
		}
	}
	*upper = [4]float32{u0, u1, u2, u3}
	*lower = [4]float32{l0, l1, l2, l3}
}
