package nn

import (
	"sync"

	"sieve/model/internal/kernel"
)

// This file cuts operations into bands for several goroutines. That is for
// inference on big pictures; a step of training has a shard for each of them.

// shares returns for how many goroutines there is work in n pieces.
func (t *Tape) shares(n int) int {
	if t == nil {
		return 1
	}
	return max(1, min(len(t.team), n))
}

// run calls job(0) … job(n-1), each on its goroutine, with memory to work in.
func (t *Tape) run(n int, job func(i int, s *kernel.Scratch)) {
	var wg sync.WaitGroup
	for i := range n - 1 {
		wg.Go(func() { job(i+1, t.team[i+1]) })
	}
	job(0, t.team[0])
	wg.Wait()
}

// forward computes a convolution.
func (t *Tape) forward(c kernel.Conv, y, x []float32, w *kernel.Weights, e kernel.End) {
	n := c.Bands(t.shares(c.H))
	if n < 2 {
		c.Forward(t.work(), y, x, w, e)
		return
	}
	t.run(n, func(i int, s *kernel.Scratch) { c.Band(i, n).Forward(s, y, x, w, e) })
}

// transposed computes a transposed convolution.
func (t *Tape) transposed(c kernel.Conv, x, y []float32, w *kernel.Weights, e kernel.End) {
	n := c.Bands(t.shares(c.H))
	if n < 2 {
		c.BackwardData(t.work(), x, y, w, e)
		return
	}
	t.run(n, func(i int, s *kernel.Scratch) { c.Band(i, n).BackwardData(s, x, y, w, e) })
}

// leastShare is how many numbers an elementwise loop must have for each goroutine.
const leastShare = 1 << 15

// map2 calls f for parts of y and the parts of x that belong to them.
func (t *Tape) map2(f func(y, x []float32), y, x []float32) {
	n := t.shares(len(y) / leastShare)
	if n < 2 {
		f(y, x)
		return
	}
	t.run(n, func(i int, _ *kernel.Scratch) {
		lo, hi := len(y)*i/n, len(y)*(i+1)/n
		f(y[lo:hi], x[lo:hi])
	})
}
