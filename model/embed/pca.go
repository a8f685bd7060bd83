// Package embed lays many vectors out by what differs most between them.
package embed

import (
	"errors"

	"gonum.org/v1/gonum/mat"
)

// A PCA is the mean of vectors and the directions in which they vary most.
type PCA struct {
	Mean       []float64   // (d)
	Components [][]float64 // (k, d), orthonormal, by falling variance
	Variances  []float64   // (k)
}

// Fit finds the k principal components of n vectors of d numbers, row by row in x.
func Fit(x []float32, n, d, k int) (*PCA, error) {
	p := &PCA{Mean: make([]float64, d)}
	for i, v := range x[:n*d] {
		p.Mean[i%d] += float64(v) / float64(n)
	}
	centred := mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			centred.Set(i, j, float64(x[i*d+j])-p.Mean[j])
		}
	}
	var cov mat.SymDense
	cov.SymOuterK(1/float64(n), centred.T())
	var eig mat.EigenSym
	if !eig.Factorize(&cov, true) {
		return nil, errors.New("embed: no eigenvectors")
	}
	values := eig.Values(nil)
	var vectors mat.Dense
	eig.VectorsTo(&vectors)
	for i := range min(k, d) {
		p.Variances = append(p.Variances, values[d-1-i])
		p.Components = append(p.Components, mat.Col(nil, d-1-i, &vectors))
	}
	return p, nil
}

// Keep writes to y what is left of a vector x in its first k components.
func (p *PCA) Keep(y, x []float32, k int) {
	sum := make([]float64, len(p.Mean))
	copy(sum, p.Mean)
	for _, c := range p.Components[:k] {
		var at float64
		for j, v := range c {
			at += v * (float64(x[j]) - p.Mean[j])
		}
		for j, v := range c {
			sum[j] += at * v
		}
	}
	for j, v := range sum {
		y[j] = float32(v)
	}
}
