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
	return max(1, min(1+len(t.team), n))
}

// run calls job(0) … job(n-1), each on its goroutine, with memory to work in.
func (t *Tape) run(n int, job func(i int, s *kernel.Scratch)) {
	var wg sync.WaitGroup
	for i, s := range t.team[:n-1] {
		wg.Go(func() { job(i+1, s) })
	}
	job(0, t.work())
	wg.Wait()
}

// An operation is kernel.Conv.Forward or BackwardData.
type operation func(c kernel.Conv, s *kernel.Scratch, to, from []float32, w *kernel.Weights, e kernel.End)

// convolve computes an operation.
func (t *Tape) convolve(op operation, c kernel.Conv, to, from []float32, w *kernel.Weights, e kernel.End) {
	n := c.Bands(t.shares(c.H))
	if n < 2 {
		op(c, t.work(), to, from, w, e)
		return
	}
	t.run(n, func(i int, s *kernel.Scratch) { op(c.Band(i, n), s, to, from, w, e) })
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
