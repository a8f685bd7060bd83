package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// BenchmarkPlainGo compares plain Go with gonum's blas32 on the three operations
// of the convolutions of a denoiser, in turns. gonum gets them as products of
// matrices that somebody has laid out for it. Run it with -cpu 1, as gonum uses
// all processors, and -tags purego, so that nothing else is in assembly here.
func BenchmarkPlainGo(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	var plain, others []func()
	var flops float64
	for _, l := range layers[:6] {
		nx, nw, ny := l.lengths()
		x, w, y := randoms(rng, nx).vec(), randoms(rng, nw).vec(), randoms(rng, ny).vec()
		weights, dw, s := NewWeights(w), make([]float32, nw), NewScratch("go")
		plain = append(plain,
			func() { l.Forward(s, y, x, weights, End{Slope: 1}) },
			func() { l.BackwardData(s, x, y, weights, End{Slope: 1}) },
			func() { l.BackwardWeights(s, dw, x, y, false) })
		matrix := func(rows, cols int) blas32.General {
			return blas32.General{Rows: rows, Cols: cols, Stride: cols, Data: randoms(rng, rows*cols).vec()}
		}
		ho, wo := l.Out()
		in, kernel, out := matrix(ho*wo, l.K*l.K*l.Cin), matrix(l.K*l.K*l.Cin, l.Cout), matrix(ho*wo, l.Cout)
		others = append(others,
			func() { blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, in, kernel, 0, out) },
			func() { blas32.Gemm(blas.NoTrans, blas.Trans, 1, out, kernel, 0, in) },
			func() { blas32.Gemm(blas.Trans, blas.NoTrans, 1, in, out, 0, kernel) })
		flops += 3 * l.FLOPs()
	}
	var times [2][]float64
	for b.Loop() {
		for i, all := range [][]func(){plain, others} {
			start := time.Now()
			for _, f := range all {
				f()
			}
			times[i] = append(times[i], time.Since(start).Seconds())
		}
	}
	for i, name := range []string{"GFLOPS", "gonum-GFLOPS"} {
		slices.Sort(times[i])
		b.ReportMetric(flops/1e9/times[i][len(times[i])/2], name)
	}
}
