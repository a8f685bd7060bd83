//go:build amd64 && !purego

package kernel

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestTilesUnderFire multiplies tiles in more goroutines than there are processors while garbage
// is collected, timers go off and signals interrupt them: the state of tiles belongs to a thread,
// and nothing of one call may be left to another.
func TestTilesUnderFire(t *testing.T) {
	if Tiles() != Available {
		t.Skip("this processor multiplies no tiles of bf16: " + Tiles())
	}
	lasts := 3 * time.Second
	if testing.Short() {
		lasts = time.Second
	}
	var stop = make(chan struct{})
	var noise, work sync.WaitGroup
	again := func(f func()) {
		noise.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					f()
				}
			}
		})
	}
	again(runtime.GC)
	again(func() { syscall.Kill(syscall.Getpid(), syscall.SIGURG) }) // what the runtime interrupts goroutines with
	again(func() { <-time.After(50 * time.Microsecond) })
	var kept [][]byte
	again(func() {
		kept = append(kept, make([]byte, 1<<16))
		if len(kept) > 100 {
			kept = nil
		}
		runtime.Gosched()
	})
	for i := range 2*runtime.GOMAXPROCS(0) + 1 {
		work.Go(func() {
			rng := rand.New(rand.NewPCG(41, uint64(i)))
			c := []Conv{
				{N: 1, H: 32, W: 32, Cin: 64, Cout: 64, K: 3, Stride: 1}, {N: 2, H: 20, W: 11, Cin: 48, Cout: 24, K: 5, Stride: 2}, {N: 3, H: 9, W: 9, Cin: 3, Cout: 40, K: 3, Stride: 1},
			}[i%3]
			nx, nw, ny := c.lengths()
			x, w, y := randoms(rng, nx).vec(), NewWeights(randoms(rng, nw).vec()), randoms(rng, ny).vec()
			s := new(Scratch)
			s.Halve(true)
			once := func() (all [3][]float32) {
				all = [3][]float32{make([]float32, ny), make([]float32, nx), make([]float32, nw)}
				c.Forward(s, all[0], x, w, End{Slope: 0})
				c.BackwardData(s, all[1], y, w, End{Slope: 1})
				c.BackwardWeights(s, all[2], x, y, false)
				return all
			}
			want := once()
			for begun := time.Now(); time.Since(begun) < lasts; {
				for op, got := range once() {
					for k, v := range got {
						if math.Float32bits(v) != math.Float32bits(want[op][k]) {
							t.Errorf("goroutine %d, operation %d: %d is %g, and was %g", i, op, k, v, want[op][k])
							return
						}
					}
				}
			}
		})
	}
	work.Wait()
	close(stop)
	noise.Wait()
}
