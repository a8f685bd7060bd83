package kernel

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// best is the name of the best implementation here.
var best = sync.OnceValue(func() string { return Kinds()[0] })

// Scratch is memory that calls use and forget, and the choice of their
// implementation. It may be handed from call to call but not used by two at a
// time. The zero value is ready and uses the best implementation.
type Scratch struct {
	kind                                                       string
	rows, other, columns, patches, sums, spareA, spareB, zeros []float32
	spareC                                                     [maxTile]float32
	aoff                                                       []int
	block                                                      block

	bf16                 bool // convolutions are of numbers rounded to it
	strip, turned, pairs []uint16
	squares, grads       []uint16
	norms                []float32
	tilesOf              tilePlaces // firsts and pixels
	firsts, segs, bytes  []int
	pixels               []int32
	jobs                 []sumJob
	bias                 [32]float32
	spill                [spillSize]float32
	call                 tileCall
	sumCall              sumCall
}

// NewScratch returns a Scratch whose calls use the named one of Kinds.
func NewScratch(kind string) *Scratch {
	if !slices.Contains(Kinds(), kind) {
		panic("kernel: scratch: not a kind of this machine")
	}
	return &Scratch{kind: kind}
}

// Another returns a Scratch that uses the same implementation.
func (s *Scratch) Another() *Scratch { return &Scratch{kind: s.kind, bf16: s.bf16} }

// Halve makes convolutions round what they multiply to bf16, from now on, or no longer. Sums
// are those of float32, in the order of a tileWork and a sumWork, and the same bits with tiles
// and without. Exact convolutions are left as they are.
func (s *Scratch) Halve(on bool) { s.bf16 = on }

// Halved tells what Halve has said.
func (s *Scratch) Halved() bool { return s.bf16 }

// tiles tells whether tiles compute what is rounded.
func (s *Scratch) tiles() bool { return s.kind != "go" && Tiles() == Available }

// pick returns the tile that computes the least beyond an m × n block: of equals
// the first, or the widest.
func (s *Scratch) pick(m, n int, wide bool) tile {
	var chosen tile
	least := math.MaxInt
	for _, t := range tiles(cmp.Or(s.kind, best())) {
		cost := panels(m, t.mr) * t.mr * panels(n, t.nr) * t.nr
		if cost < least || cost == least && wide && t.nr > chosen.nr {
			chosen, least = t, cost
		}
	}
	return chosen
}

// grow returns a slice of n numbers with whatever they held, reusing *s.
func grow(s *[]float32, n int) []float32 {
	if cap(*s) < n {
		*s = make([]float32, n)
	}
	return (*s)[:n]
}

// grow16 is grow.
func grow16(s *[]uint16, n int) []uint16 {
	if cap(*s) < n {
		*s = make([]uint16, n)
	}
	return (*s)[:n]
}

// extend returns a when it has n numbers, and otherwise a copy that has.
func extend(spare *[]float32, a []float32, n int) []float32 {
	if len(a) >= n {
		return a
	}
	out := grow(spare, n)
	copy(out, a)
	return out
}

// offsets returns 0, step, 2·step, …, n of them.
func (s *Scratch) offsets(n, step int) []int {
	s.aoff = s.aoff[:0]
	for i := range n {
		s.aoff = append(s.aoff, i*step)
	}
	return s.aoff
}

// strip returns rows top to top+rows of an h × w × c picture, each between left
// and right pixels of zero, and with zeros for rows that the picture does not
// have. The picture itself serves when nothing is missing.
func strip(to *[]float32, x []float32, h, w, c, top, rows, left, right int) []float32 {
	if left == 0 && right == 0 && top >= 0 && top+rows <= h {
		return x[top*w*c:]
	}
	out := grow(to, rows*(left+w+right)*c)
	rest := out
	for y := top; y < top+rows; y++ {
		row := rest[:(left+w+right)*c]
		rest = rest[len(row):]
		if y < 0 || y >= h {
			clear(row)
			continue
		}
		clear(row[:left*c])
		copy(row[left*c:], x[y*w*c:(y+1)*w*c])
		clear(row[(left+w)*c:])
	}
	return out
}

// pack lays a k × n matrix out in panels of nr columns. What the last panel has
// beyond column n is left as it is.
func pack(out, w []float32, k, n, nr int) {
	for j := 0; j < n; j += nr {
		panel := out[j*k:]
		cols := min(nr, n-j)
		for i := range k {
			copy(panel[i*nr:], w[i*n+j:i*n+j+cols])
		}
	}
}

// panels returns how many pieces of size cover n.
func panels(n, size int) int { return (n + size - 1) / size }

// nth returns the i-th of n equal parts of x.
func nth(x []float32, i, n int) []float32 {
	size := len(x) / n
	return x[i*size : (i+1)*size]
}
