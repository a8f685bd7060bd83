//go:build (!amd64 && !arm64) || purego

package kernel

import "runtime"

// Survey says which implementations run here, the best first.
func Survey() []Finding {
	of := func(arch string) string {
		if runtime.GOARCH == arch {
			return LeftOut
		}
		return Foreign
	}
	return []Finding{{"avx512", of("amd64")}, {"avx2", of("amd64")}, {"neon", of("arm64")}, {"go", Available}}
}

func burst(string) (f func(rounds int), perRound float64) { return nil, 0 }

func tiles(string) []tile { return plainTiles }

// No part of an elementwise loop is done in vectors.

func axpy(z []float32, a float32, x, y []float32) int                              { return 0 }
func relu(y, x []float32, slope float32) int                                       { return 0 }
func reluGrad(dy, y []float32, slope float32) int                                  { return 0 }
func reluGradSums(sums, dy, y []float32, slope float32, rows int) int              { return 0 }
func sigmoid(y, x []float32) int                                                   { return 0 }
func sigmoidGrad(dy, y []float32) int                                              { return 0 }
func tanh(y, x []float32) int                                                      { return 0 }
func tanhGrad(dy, y []float32) int                                                 { return 0 }
func mul(z, x, y []float32) int                                                    { return 0 }
func difference(z []float32, a float32, x, y []float32) int                        { return 0 }
func squaredError(sums *[8]float64, x, y []float32) int                            { return 0 }
func squaredNorm(sums *[8]float64, x []float32) int                                { return 0 }
func normalise(y, r, x, n []float32, inverse bool) int                             { return 0 }
func normGrad(dn, dy, y, r []float32, inverse bool) int                            { return 0 }
func normaliseGrad(dy, r, x, s []float32) int                                      { return 0 }
func columnSums(sums, y []float32, rows int) int                                   { return 0 }
func (o *adamRates) vector(p, m, v, g []float32) int                               { return 0 }
func transposeRows(dst []float32, ldd int, src []float32, lds, rows, cols int) int { return 0 }

func hasVectors() bool { return false }

var (
	winogradDataAsm, winogradSumsAsm, winogradWeightsAsm, winogradSpreadAsm, winogradTapsAsm func(dst *float32, ds, dn int, src *float32, ss, sn, n, count int)

	winogradEndAsm func(dst *float32, ds, dn int, src *float32, ss, sn, n, count int, bias, add *float32, slope float32)
)
