package model

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// TestCrewDoesEveryJobOnce runs many rounds, some after a pause in which hands go.
func TestCrewDoesEveryJobOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(5))
	before := runtime.NumGoroutine()
	var c crew
	for round := range 2000 {
		n := round % 12
		done := make([]atomic.Int32, n)
		c.run(n, func(i int) { done[i].Add(1) })
		for i := range done {
			if k := done[i].Load(); k != 1 {
				t.Fatalf("round %d: job %d of %d was done %d times", round, i, n, k)
			}
		}
		if round%500 == 0 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left, there were %d", runtime.NumGoroutine(), before)
		}
	}
}
