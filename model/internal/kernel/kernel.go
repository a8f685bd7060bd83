// Package kernel is the arithmetic under the layers: a handful of loops, each
// written once in plain Go and, where a benchmark says that it pays, again in
// assembly. It knows nothing of tapes, layers or models, and starts no goroutine.
//
// All vector implementations use fused multiply-add and add along k in the same
// order, so they give the same bits. The plain Go one rounds twice where they
// round once; it is the specification, within k·ε·Σ|aᵢbᵢ|.
package kernel

const (
	maxRows = 24      // rows of the tallest tile
	maxTile = 24 * 64 // numbers of the largest tile, with room
)

// A tile multiplies a few pixels by a few columns of weights: the one loop that
// nearly all time goes to.
type tile struct {
	name   string
	mr, nr int
	// full computes the whole mr × nr block, as genericTile does; nil: plain Go.
	full func(nseg int, aoff *int, kc int, a *float32, sai, sak int, b *float32, sbk int, c *float32, ldc int, bias *float32, acc int)
}

// add computes, for i < m ≤ mr and j < n ≤ nr,
//
//	c[i·ldc+j] = base + Σ_s Σ_k a[aoff[s] + i·sai + k·sak] · b[(s·kc+k)·sbk + j]
//
// where base is bias[j], or c[i·ldc+j] when acc is set, or nothing. Of a and b
// the whole mr × nr block is read.
func (t tile) add(s *Scratch, m, n int, aoff []int, kc int, a []float32, sai, sak int, b []float32, sbk int, c []float32, ldc int, bias []float32, acc bool) {
	if t.full == nil {
		genericTile(m, n, aoff, kc, a, sai, sak, b, sbk, c, ldc, bias, acc)
		return
	}
	if m == t.mr && n == t.nr {
		var first *float32
		if bias != nil {
			first = &bias[0]
		}
		mode := 0
		if acc {
			mode = 1
		}
		_, _ = c[(m-1)*ldc+n-1], a[aoff[len(aoff)-1]+(m-1)*sai+(kc-1)*sak]
		_ = b[(len(aoff)*kc-1)*sbk+n-1]
		t.full(len(aoff), &aoff[0], kc, &a[0], sai, sak, &b[0], sbk, &c[0], ldc, first, mode)
		return
	}
	t.full(len(aoff), &aoff[0], kc, &a[0], sai, sak, &b[0], sbk, &s.tile[0], t.nr, nil, 0)
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		for j, v := range s.tile[i*t.nr : i*t.nr+n] {
			switch {
			case acc:
				row[j] += v
			case bias != nil:
				row[j] = v + bias[j]
			default:
				row[j] = v
			}
		}
	}
}

func genericTile(m, n int, aoff []int, kc int, a []float32, sai, sak int, b []float32, sbk int, c []float32, ldc int, bias []float32, acc bool) {
	var sum [64]float32
	for i := range m {
		t := sum[:n]
		clear(t)
		for s, off := range aoff {
			for k := range kc {
				v := a[off+i*sai+k*sak]
				row := b[(s*kc+k)*sbk:]
				for j, w := range row[:n] {
					t[j] += float32(v * w)
				}
			}
		}
		row := c[i*ldc : i*ldc+n]
		for j, v := range t {
			switch {
			case acc:
				row[j] += v
			case bias != nil:
				row[j] = v + bias[j]
			default:
				row[j] = v
			}
		}
	}
}

var plain = tile{name: "go", mr: 4, nr: 16}

// Kinds lists the implementations that this machine can run, best first: the
// names that NewScratch takes.
func Kinds() []string { return []string{"go"} }

