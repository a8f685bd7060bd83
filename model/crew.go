package model

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A crew runs numbered jobs on all processors, in any order, and allocates
// nothing to do so. The zero value is ready.
type crew struct {
	job   func(i int)
	n     int
	next  atomic.Int64
	left  sync.WaitGroup
	entry func()
}

// run calls job(0) … job(n-1) and returns when all have.
func (c *crew) run(n int, job func(i int)) {
	if c.entry == nil {
		c.entry = func() {
			c.work()
			c.left.Done()
		}
	}
	c.job, c.n = job, n
	c.next.Store(0)
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		c.left.Add(1)
		go c.entry() // c.entry takes nothing, so that nothing is wrapped
	}
	c.work()
	c.left.Wait()
}

func (c *crew) work() {
	for i := int(c.next.Add(1)) - 1; i < c.n; i = int(c.next.Add(1)) - 1 {
		c.job(i)
	}
}
