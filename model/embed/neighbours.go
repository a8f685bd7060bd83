package embed

// This file finds the samples that are nearest to others.

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// A Neighbour is a sample and how far away it is.
type Neighbour struct {
	Index    int
	Distance float64 // Euclidean
}

const (
	asked = 64  // queries that are compared at a time
	with  = 192 // references that they are compared with at a time
	// spare candidates are measured again in full precision.
	spare = 4
)

// Neighbours returns the k nearest of the references for each query, the nearest first, of
// two as near the one with the lower index. Samples are of d numbers. A query that is the
// reference of the index in self is not its own neighbour; self may be nil. There are fewer
// than k where there are fewer references. The only error is ctx's.
func Neighbours(ctx context.Context, queries, references []float32, d, k int, self []int) ([][]Neighbour, error) {
	n, m := len(queries)/d, len(references)/d
	if len(queries) != n*d || len(references) != m*d || self != nil && len(self) != n {
		panic("embed: the samples have another size")
	}
	s := search{queries, references, centred(references, references, d), d, k, self, make([]float32, m), make([][]Neighbour, n)}
	q := centred(queries, references, d)
	for j := range s.squares {
		s.squares[j] = square(s.centred[j*d : (j+1)*d])
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for from := int(next.Add(asked)) - asked; from < n && ctx.Err() == nil; from = int(next.Add(asked)) - asked {
				s.ask(ctx, q, from, min(from+asked, n))
			}
		})
	}
	wg.Wait()
	return s.out, ctx.Err()
}

// centred returns samples less the mean of the references: products of numbers that are far
// from zero would round away what lies between them.
func centred(x, references []float32, d int) []float32 {
	mean := make([]float64, d)
	for i, v := range references {
		mean[i%d] += float64(v)
	}
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(float64(v) - mean[i%d]/float64(max(1, len(references)/d)))
	}
	return out
}

func square(x []float32) (sum float32) {
	for _, v := range x {
		sum += float32(v * v)
	}
	return sum
}

// A search is Neighbours under way.
type search struct {
	queries, references, centred []float32
	d, k                         int
	self                         []int
	squares                      []float32 // of the centred references
	out                          [][]Neighbour
}

// A candidate is a reference and its squared distance from a query, less the query's square.
type candidate struct {
	index int
	off   float32
}

// ask compares queries from ≤ i < end with all references: |q-r|² = |q|² + |r|² - 2qr, in
// which the products are a multiplication of matrices.
func (s *search) ask(ctx context.Context, q []float32, from, end int) {
	found := make([]shortlist, end-from)
	for i := range found {
		found[i] = shortlist{limit: s.k + spare, worst: float32(math.Inf(1))}
	}
	product := blas32.General{Rows: end - from, Cols: with, Stride: with, Data: make([]float32, (end-from)*with)}
	a := blas32.General{Rows: end - from, Cols: s.d, Stride: s.d, Data: q[from*s.d : end*s.d]}
	turned := make([]float32, with*s.d)
	for first := 0; first < len(s.squares) && ctx.Err() == nil; first += with {
		n := min(with, len(s.squares)-first)
		for j := range n { // a row of the turned block goes through memory without steps
			for l, v := range s.centred[(first+j)*s.d : (first+j+1)*s.d] {
				turned[l*with+j] = -2 * v
			}
		}
		product.Cols = n
		blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, a, blas32.General{Rows: s.d, Cols: n, Stride: with, Data: turned}, 0, product)
		for i := range found {
			self := -1
			if s.self != nil {
				self = s.self[from+i]
			}
			found[i].look(product.Data[i*with:][:n], s.squares[first:], first, self)
		}
	}
	for i := range found {
		s.out[from+i] = s.measure(from+i, found[i].best)
	}
}

// A shortlist keeps the nearest that have been seen, in order.
type shortlist struct {
	best  []candidate
	limit int
	worst float32 // of a list that is full
}

func (l *shortlist) look(products, squares []float32, first, self int) {
	squares = squares[:len(products)]
	for j, p := range products {
		off := squares[j] + p
		if !(off < l.worst) || first+j == self {
			continue
		}
		at := len(l.best)
		for at > 0 && l.best[at-1].off > off {
			at--
		}
		if len(l.best) == l.limit {
			l.best = l.best[:l.limit-1]
		}
		l.best = slices.Insert(l.best, at, candidate{first + j, off})
		if len(l.best) == l.limit {
			l.worst = l.best[l.limit-1].off
		}
	}
}

// measure puts candidates in the order of their distances, without what products round.
func (s *search) measure(query int, from []candidate) []Neighbour {
	out := make([]Neighbour, len(from))
	q := s.queries[query*s.d : (query+1)*s.d]
	for i, c := range from {
		var sum float64
		for l, v := range s.references[c.index*s.d : (c.index+1)*s.d] {
			e := float64(q[l]) - float64(v)
			sum += float64(e * e)
		}
		out[i] = Neighbour{c.index, math.Sqrt(sum)}
	}
	slices.SortFunc(out, func(a, b Neighbour) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Index, b.Index))
	})
	return out[:min(s.k, len(out))]
}

// Vote returns the class that most neighbours have; of those that as many have, the one of
// the nearest. labels are of the references.
func Vote(near []Neighbour, labels []int) int {
	best, most := -1, 0
	for _, n := range near {
		count := 0
		for _, o := range near {
			if labels[o.Index] == labels[n.Index] {
				count++
			}
		}
		if count > most {
			best, most = labels[n.Index], count
		}
	}
	return best
}
