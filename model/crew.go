package model

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A crew runs numbered jobs on all processors, in any order, and allocates
// nothing to do so. The zero value is ready. It is used by one goroutine at a
// time.
type crew struct {
	job     func(i int)
	n       int
	next    atomic.Int64 // job to be taken
	busy    atomic.Int64 // hands at work
	left    sync.WaitGroup
	workers []*hand
}

// A hand is a goroutine of a crew. It waits a moment for the next jobs before it
// goes: waking one up takes longer than a phase of a small network.
type hand struct {
	state atomic.Int32
	work  func() // made once, so that starting it allocates nothing
}

// States of a hand.
const (
	gone    = iota // there is no goroutine
	waiting        // until it is called, or has waited long enough
	called
)

// Whoever waits looks so often whether it goes on, which takes some tenths of a
// millisecond, and gives way to other goroutines after so many looks.
const patience, politeness = 1 << 17, 1 << 8

// run calls job(0) … job(n-1) and returns when all have.
func (c *crew) run(n int, job func(i int)) {
	c.job, c.n = job, n
	c.next.Store(0)
	hands := min(n, runtime.GOMAXPROCS(0)) - 1
	for len(c.workers) < hands {
		c.hire()
	}
	for _, h := range c.workers[:max(0, hands)] {
		c.busy.Add(1)
		c.left.Add(1)
		if !h.state.CompareAndSwap(waiting, called) {
			h.state.Store(called)
			go h.work()
		}
	}
	c.work()
	for i := 1; i < patience && c.busy.Load() > 0; i++ {
		giveWay(i)
	}
	c.left.Wait()
}

func (c *crew) hire() {
	h := new(hand)
	h.work = func() {
		for {
			c.work()
			h.state.Store(waiting)
			c.busy.Add(-1)
			c.left.Done()
			for i := 1; i < patience && h.state.Load() == waiting; i++ {
				giveWay(i)
			}
			if h.state.CompareAndSwap(waiting, gone) {
				return
			}
		}
	}
	c.workers = append(c.workers, h)
}

func giveWay(look int) {
	if look%politeness == 0 {
		runtime.Gosched()
	}
}

func (c *crew) work() {
	for i := int(c.next.Add(1)) - 1; i < c.n; i = int(c.next.Add(1)) - 1 {
		c.job(i)
	}
}
