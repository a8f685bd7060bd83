// Package embed lays many samples out in few numbers: principal components, and planes on which
// neighbours stay neighbours. A sample is a row of numbers, such as the latent of a picture. It
// knows nothing of pictures or models.
package embed

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// What can be wrong with samples.
var (
	ErrFew    = errors.New("embed: too few samples")
	ErrNumber = errors.New("embed: a sample is no number")
)

// A PCA is an affine plane of few dimensions that loses the least of the samples that it was
// fitted to (Pearson 1901).
type PCA struct {
	Mean       []float64  // of d numbers
	Components *mat.Dense // (k, d), orthonormal rows, the one of the most variance first
	Variances  []float64  // of the samples along each component, Σ(x-mean)² / n
	Total      float64    // variance in all d directions: what is lost is Total - ΣVariances a sample
}

const (
	together = 1024 // samples that are looked at at a time
	stripe   = 112  // columns of the covariance that are summed at a time
	// largest is the side of a matrix that is taken apart as a whole. One beyond it is
	// narrowed to the space of its first components by iteration.
	largest = 1536
	// mostTurns is how often an iteration turns at most.
	mostTurns = 300
)

// Fit returns the first k principal components of n samples of d numbers each, one sample
// after the other in x. Of each component the number of the greatest magnitude is positive,
// so that the same samples give the same picture. It is an ErrFew where n samples do not
// span k dimensions, whatever they are, and an ErrNumber where one is NaN or infinite.
func Fit(x []float32, n, d, k int) (*PCA, error) { return fit(x, n, d, k, mostTurns) }

// fit is Fit with so many turns of an iteration, should it come to one.
func fit(x []float32, n, d, k, turns int) (*PCA, error) {
	switch {
	case n < 0 || d < 1 || k < 1 || len(x) != n*d:
		panic("embed: the samples have another size")
	case k > d:
		return nil, fmt.Errorf("%w: %d components of %d numbers", ErrFew, k, d)
	case k > n-1:
		return nil, fmt.Errorf("%w: %d components of %d samples", ErrFew, k, n)
	}
	p := &PCA{Mean: make([]float64, d)}
	for i, v := range x {
		p.Mean[i%d] += float64(v)
	}
	for j := range p.Mean {
		p.Mean[j] /= float64(n)
		if math.IsNaN(p.Mean[j]) || math.IsInf(p.Mean[j], 0) {
			return nil, ErrNumber
		}
	}
	for i, v := range x {
		e := float64(v) - p.Mean[i%d]
		p.Total += e * e / float64(n)
	}
	s := samples{x, n, d, p.Mean}
	switch {
	case d <= largest:
		p.Variances, p.Components = s.byCovariance(k)
	case n <= largest:
		p.Variances, p.Components = s.byGram(k)
	default:
		p.Variances, p.Components = s.byIteration(k, turns)
	}
	for i := range k {
		turn(p.Components.RawRowView(i))
	}
	return p, nil
}

// turn makes the number of the greatest magnitude positive.
func turn(row []float64) {
	far := 0.0
	for _, v := range row {
		if math.Abs(v) > math.Abs(far) {
			far = v
		}
	}
	if far < 0 {
		for j := range row {
			row[j] = -row[j]
		}
	}
}

// First returns the PCA of the first k components, which shares them with p.
func (p *PCA) First(k int) *PCA {
	_, d := p.Components.Dims()
	return &PCA{Mean: p.Mean, Components: p.Components.Slice(0, k, 0, d).(*mat.Dense), Variances: p.Variances[:k], Total: p.Total}
}

// Project returns the coordinates of samples along the components: n × k for n × d numbers.
func (p *PCA) Project(x []float32) []float32 {
	k, d := p.Components.Dims()
	s := samples{x, len(x) / d, d, p.Mean}
	out := make([]float32, 0, s.n*k)
	s.each(func(_ int, rows *mat.Dense) {
		var z mat.Dense
		z.Mul(rows, p.Components.T())
		out = appendFloats(out, z.RawMatrix().Data)
	})
	return out
}

// Restore returns the samples of coordinates: n × d for n × k numbers.
func (p *PCA) Restore(z []float32) []float32 {
	k, d := p.Components.Dims()
	s := samples{z, len(z) / k, k, make([]float64, k)}
	out := make([]float32, 0, s.n*d)
	s.each(func(_ int, rows *mat.Dense) {
		var x mat.Dense
		x.Mul(rows, p.Components)
		for i := range x.RawMatrix().Rows {
			for j, v := range x.RawRowView(i) {
				out = append(out, float32(v+p.Mean[j]))
			}
		}
	})
	return out
}

func appendFloats(to []float32, from []float64) []float32 {
	for _, v := range from {
		to = append(to, float32(v))
	}
	return to
}

// samples are n rows of d numbers, less their mean.
type samples struct {
	x    []float32
	n, d int
	mean []float64
}

// each hands on some rows at a time, with the number of the first.
func (s samples) each(f func(first int, rows *mat.Dense)) {
	block := make([]float64, min(together, s.n)*s.d)
	for from := 0; from < s.n; from += together {
		end := min(from+together, s.n)
		rows := block[:(end-from)*s.d]
		for i, v := range s.x[from*s.d : end*s.d] {
			rows[i] = float64(v) - s.mean[i%s.d]
		}
		f(from, mat.NewDense(end-from, s.d, rows))
	}
}

// byCovariance takes the covariance of d × d numbers apart.
func (s samples) byCovariance(k int) ([]float64, *mat.Dense) {
	c := mat.NewDense(s.d, s.d, nil)
	s.each(func(_ int, rows *mat.Dense) {
		n, _ := rows.Dims()
		for from := 0; from < s.d; from += stripe { // the upper triangle is enough
			end := min(from+stripe, s.d)
			blas64.Gemm(blas.Trans, blas.NoTrans, 1/float64(s.n), rows.Slice(0, n, from, end).(*mat.Dense).RawMatrix(),
				rows.Slice(0, n, from, s.d).(*mat.Dense).RawMatrix(), 1, c.Slice(from, end, from, s.d).(*mat.Dense).RawMatrix())
		}
	})
	return greatest(mat.NewSymDense(s.d, c.RawMatrix().Data), k)
}

// byGram takes the products of n × n pairs of samples apart, which have the same variances.
func (s samples) byGram(k int) ([]float64, *mat.Dense) {
	x := mat.NewDense(s.n, s.d, nil)
	s.each(func(first int, rows *mat.Dense) {
		n, _ := rows.Dims()
		x.Slice(first, first+n, 0, s.d).(*mat.Dense).Copy(rows)
	})
	var g mat.SymDense
	g.SymOuterK(1/float64(s.n), x)
	variances, u := greatest(&g, k)
	out := mat.NewDense(k, s.d, nil)
	out.Mul(u, x)
	return variances, orthonormal(out)
}

// byIteration turns a space of a few more than k dimensions towards the components, until
// their variances stand still (Halko, Martinsson and Tropp, arXiv:0909.4061, with as many
// turns as it takes), or turns are over.
func (s samples) byIteration(k, turns int) ([]float64, *mat.Dense) {
	wide := min(k+12, min(s.n, s.d))
	q := mat.NewDense(wide, s.d, nil)
	for i := range q.RawMatrix().Data {
		q.RawMatrix().Data[i] = math.Sin(float64(i+1) * float64(i%97+1)) // any start that no component is orthogonal to
	}
	q = orthonormal(q)
	var variances []float64
	for round := range turns {
		next := mat.NewDense(wide, s.d, nil)
		var inner mat.SymDense
		inner.ReuseAsSym(wide)
		s.each(func(_ int, rows *mat.Dense) {
			var z mat.Dense
			z.Mul(rows, q.T())
			var part mat.SymDense
			part.SymOuterK(1/float64(s.n), z.T())
			inner.AddSym(&inner, &part)
			var more mat.Dense
			more.Mul(z.T(), rows)
			next.Add(next, &more)
		})
		now, u := greatest(&inner, wide)
		var turned mat.Dense
		turned.Mul(u, q)
		if round > 0 && still(variances[:k], now[:k]) {
			return now[:k], mat.DenseCopyOf(turned.Slice(0, k, 0, s.d))
		}
		variances = now
		turned.Mul(u, next)
		q = orthonormal(&turned)
	}
	return variances[:k], mat.DenseCopyOf(q.Slice(0, k, 0, s.d))
}

// still reports whether variances have stopped growing.
func still(old, now []float64) bool {
	for i, v := range now {
		if math.Abs(v-old[i]) > 1e-9*now[0] {
			return false
		}
	}
	return true
}

// greatest returns the k greatest eigenvalues of a symmetric matrix, none below 0, and their
// vectors as rows.
func greatest(c *mat.SymDense, k int) ([]float64, *mat.Dense) {
	var e mat.EigenSym
	if !e.Factorize(c, true) {
		panic("embed: no eigenvalues of a finite matrix")
	}
	n := c.SymmetricDim()
	all := e.Values(nil)
	var vectors mat.Dense
	e.VectorsTo(&vectors)
	values, rows := make([]float64, k), mat.NewDense(k, n, nil)
	for i := range k {
		values[i] = max(0, all[n-1-i])
		rows.SetRow(i, mat.Col(nil, n-1-i, &vectors))
	}
	return values, rows
}

// orthonormal makes rows orthogonal to those above them, and 1 long (Gram and Schmidt,
// twice, which is enough: Giraud et al. 2005). A row that is nothing beside those above it
// becomes another direction.
func orthonormal(m *mat.Dense) *mat.Dense {
	rows, d := m.Dims()
	for i := range rows {
		row := m.RawRowView(i)
		for next := 0; !normalise(m, i); next++ {
			clear(row)
			row[(i+next)%d] = 1
		}
	}
	return m
}

// normalise is orthonormal for row i, and reports whether there was enough of it.
func normalise(m *mat.Dense, i int) bool {
	row := blas64.Vector{N: m.RawMatrix().Cols, Inc: 1, Data: m.RawRowView(i)}
	before := blas64.Nrm2(row)
	for range 2 {
		for j := range i {
			above := blas64.Vector{N: row.N, Inc: 1, Data: m.RawRowView(j)}
			blas64.Axpy(-blas64.Dot(above, row), above, row)
		}
	}
	norm := blas64.Nrm2(row)
	if !(norm > 1e-10*before) {
		return false
	}
	blas64.Scal(1/norm, row)
	return true
}

// Angle returns the greatest principal angle, in radians, between the space of the
// components and that of as many directions of d numbers, one after the other: 0 where they
// are the same (Björck and Golub 1973).
func (p *PCA) Angle(directions []float32) float64 {
	k, d := p.Components.Dims()
	if len(directions) != k*d {
		panic("embed: not as many directions as components")
	}
	other := mat.NewDense(k, d, nil)
	for i, v := range directions {
		other.Set(i/d, i%d, float64(v))
	}
	orthonormal(other)
	// What of the directions is not in the space: the sine says small angles well, where
	// the cosine is 1.
	var along, left mat.Dense
	along.Mul(other, p.Components.T())
	left.Mul(&along, p.Components)
	left.Sub(other, &left)
	var squares mat.SymDense
	squares.SymOuterK(1, &left)
	sines, _ := greatest(&squares, 1)
	return math.Asin(min(1, math.Sqrt(sines[0])))
}
