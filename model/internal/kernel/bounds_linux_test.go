package kernel

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"unsafe"
)

// fenced returns n numbers that end where the memory of the process does: a read
// beyond the last is a fault.
func fenced(t *testing.T, rng *rand.Rand, n int) []float32 {
	t.Helper()
	page := syscall.Getpagesize()
	size := (4*n + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, page+size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(memory) })
	for _, fence := range [][]byte{memory[:page], memory[page+size:]} {
		if err := syscall.Mprotect(fence, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	x := unsafe.Slice((*float32)(unsafe.Pointer(&memory[page+size-4*n])), n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// TestReadsStayInside runs every loop on vectors at the end of memory.
func TestReadsStayInside(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for _, c := range shapes(rng, 60) {
		t.Run("", func(t *testing.T) {
			nx, nw, ny := c.lengths()
			x, w, y := fenced(t, rng, nx), fenced(t, rng, nw), fenced(t, rng, ny)
			outBias, inBias := fenced(t, rng, c.Cout), fenced(t, rng, c.Cin)
			for _, kind := range Kinds() {
				s := NewScratch(kind)
				weights := NewWeights(w)
				c.Forward(s, y, x, weights, End{Bias: outBias, Slope: 0.1})
				c.Forward(s, y, x, weights, End{Add: y, Slope: 1})
				c.BackwardData(s, x, y, weights, End{Bias: inBias, Slope: 0.1})
				c.BackwardData(s, x, y, weights, End{Add: x, Slope: 1})
				c.BackwardWeights(s, w, x, y, true)
				if kind != "go" && len(slow([]Conv{c})) == 1 {
					s.Halve(true)
					c.Forward(s, y, x, weights, End{Bias: outBias})
					c.BackwardData(s, x, y, weights, End{Add: x, Slope: 1})
					c.BackwardWeights(s, w, x, y, true)
				}
			}
		})
	}
	for n := 1; n < 40; n++ {
		a, b, c, d := fenced(t, rng, n), fenced(t, rng, n), fenced(t, rng, n), fenced(t, rng, n)
		Axpy(2, a, b)
		ReLU(b, a, 0.1)
		ReLUGrad(c, a, 0.1)
		SigmoidGrad(c, a)
		TanhGrad(c, a)
		Mul(a, b, c)
		Difference(a, 2, b, c)
		SquaredError(a, b)
		SquaredNorm(a)
		Normalise(a, b, c, d, false)
		NormGrad(a, b, c, d, true)
		NormaliseGrad(a, b, c, d)
		Adam(a, b, c, d, AdamStep{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Bias1: 0.1, Bias2: 0.001})
		Sigmoid(b, a)
		Tanh(c, a)
		ColumnSums(a, fenced(t, rng, 5*n))
		ReLUGradSums(a, fenced(t, rng, 5*n), fenced(t, rng, 5*n), 0.1)
		g, h := Halves(fenced(t, rng, n)), Halves(fenced(t, rng, n))
		Round(g[n:], a)
		Widen(b, g[n:])
		AddHalves(g[n:], g[n:], h[n:])
		HalfGrad(g, a[:1], g, h, 0.1)
		ReLUGradRound(h[n:], a, b, c, 0.1)
		SumHalves(a, g[n:])
		x, r := Halves(fenced(t, rng, 5*n)), Halves(fenced(t, rng, 5*n))
		for _, inverse := range []bool{false, true} {
			norm := Norm{NewWeights(fenced(t, rng, n*n)), a, inverse}
			scratch := new(Scratch)
			scratch.Halve(true)
			norm.Forward(scratch, x, r, x)
			norm.Backward(scratch, x, b, fenced(t, rng, n*n), true, x, r)
		}
	}
}
