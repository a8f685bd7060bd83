package nn

import (
	"math"

	"sieve/model/internal/kernel"
)

// A muon turns the momentum of a matrix of weights into a step of Muon (Jordan et
// al. 2024): all its singular values become about 1, so that directions that are
// seldom asked for learn as fast as the others.
type muon struct {
	rows, cols int             // of the matrix, rows ≥ cols
	turned     bool            // the parameter has more columns than rows
	x, y       []float32       // rows × cols
	gram, poly []float32       // cols × cols
	step, all  []float32       // cols × cols
	of         *kernel.Weights // gram
	with       *kernel.Weights // poly
	scratch    kernel.Scratch
}

func newMuon(rows, cols int) *muon {
	m := &muon{rows: rows, cols: cols}
	if rows < cols {
		m.rows, m.cols, m.turned = cols, rows, true
	}
	m.x, m.y = make([]float32, rows*cols), make([]float32, rows*cols)
	for _, to := range []*[]float32{&m.gram, &m.poly, &m.step, &m.all} {
		*to = make([]float32, m.cols*m.cols)
	}
	m.of, m.with = kernel.NewWeights(m.gram), kernel.NewWeights(m.poly)
	return m
}

// orthogonal returns u with all singular values moved near 1, by five steps of a
// Newton-Schulz iteration whose quintic is steep at 0 (Jordan et al.). Each multiplies x
// by a polynomial of the Gram matrix xᵀx; all of these commute, so they are multiplied
// with one another first, which are small matrices, and x but once. The result is valid
// until the next call.
func (m *muon) orthogonal(u []float32) []float32 {
	const a, b, c = 3.4445, -4.7750, 2.0315
	shrink := float32(1 / (math.Sqrt(kernel.SquaredNorm(u)) + 1e-7))
	x, y := m.x, m.y
	if m.turned {
		for i := range m.rows {
			for j := range m.cols {
				x[i*m.cols+j] = u[j*m.rows+i] * shrink
			}
		}
	} else {
		clear(x)
		kernel.Axpy(shrink, u, x)
	}
	tall := kernel.Conv{N: 1, H: 1, W: m.rows, Cin: m.cols, Cout: m.cols, K: 1, Stride: 1}
	square := kernel.Conv{N: 1, H: 1, W: m.cols, Cin: m.cols, Cout: m.cols, K: 1, Stride: 1}
	// times writes the product of a matrix and gram, or poly, to another.
	times := func(to, left []float32, right *kernel.Weights) {
		square.Forward(&m.scratch, to, left, right, kernel.End{Slope: 1})
	}
	tall.BackwardWeights(&m.scratch, m.gram, x, x, false)
	const steps = 5
	for k := range steps {
		m.of.Changed()
		times(m.poly, m.gram, m.of)
		clear(m.step)
		kernel.Axpy(b, m.gram, m.step)
		kernel.AxpyTo(m.poly, c, m.poly, m.step)
		for i := range m.cols {
			m.poly[i*m.cols+i] += a
		}
		m.with.Changed()
		if k == 0 {
			copy(m.all, m.poly)
		} else {
			times(m.step, m.all, m.with)
			m.all, m.step = m.step, m.all
		}
		if k < steps-1 { // the Gram matrix of what x has become
			times(m.step, m.gram, m.with)
			times(m.gram, m.step, m.with)
		}
	}
	copy(m.poly, m.all)
	m.with.Changed()
	tall.Forward(&m.scratch, y, x, m.with, kernel.End{Slope: 1})
	x, y = y, x
	if m.turned {
		for i := range m.rows {
			for j := range m.cols {
				y[j*m.rows+i] = x[i*m.cols+j]
			}
		}
		return y
	}
	return x
}
