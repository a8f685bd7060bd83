//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

func hasAVX2() bool   { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }
func hasAVX512() bool { return hasAVX2() && cpu.X86.HasAVX512F }

// Survey says which implementations run here, the best first.
func Survey() []Finding {
	return []Finding{
		{"avx512", state(hasAVX512(), hasAVX2() && processorHas(7, 1<<16))},
		{"avx2", state(hasAVX2(), processorHas(7, 1<<5))},
		{"neon", Foreign},
		{"go", Available},
	}
}

// state tells from whether something can be used and whether the processor has it.
func state(usable, there bool) string {
	switch {
	case usable:
		return Available
	case there:
		return SwitchedOff
	}
	return Missing
}

// processorHas asks the processor itself for a bit of EBX, where package cpu
// tells what the system lets programs use.
func processorHas(leaf, bit uint32) bool {
	highest, _ := cpuid(0)
	if highest < leaf {
		return false
	}
	_, ebx := cpuid(leaf)
	return ebx&bit != 0
}

// burst returns the function that does Burst for a kind, and its operations a round.
func burst(kind string) (f func(rounds int), perRound float64) {
	switch kind {
	case "avx512":
		return burstAVX512, 2 * 24 * 16
	case "avx2":
		return burstAVX2, 2 * 12 * 8
	}
	return nil, 0
}

var (
	tilesAVX512 = []tile{{8, 32, tile8x32AVX512}, {16, 16, tile16x16AVX512}, {4, 48, tile4x48AVX512}, {6, 64, tile6x64AVX512}, {7, 32, tile7x32AVX512}, {14, 16, tile14x16AVX512}, {7, 16, tile7x16AVX512}}
	tilesAVX2   = []tile{{6, 16, tile6x16AVX2}, {12, 8, tile12x8AVX2}, {4, 24, tile4x24AVX2}}
)

// tiles returns the tiles of a kind, the ones that stream weights best first.
func tiles(kind string) []tile {
	switch kind {
	case "avx512":
		return tilesAVX512
	case "avx2":
		return tilesAVX2
	}
	return plainTiles
}

// The functions below do the first part of an elementwise loop, as long as
// vectors are whole, and return where they stopped.

// vectors is that part of n numbers: nothing where there are no vectors.
func vectors(n int) int {
	if !hasAVX2() {
		return 0
	}
	return n &^ 7
}

func axpy(a float32, x, y []float32) int {
	n := vectors(len(x))
	if n > 0 {
		axpyAVX2(a, &x[0], &y[0], n)
	}
	return n
}

func relu(y, x []float32, slope float32) int {
	n := vectors(len(x))
	if n > 0 {
		reluAVX2(&y[0], &x[0], slope, n)
	}
	return n
}

func reluGrad(dy, y []float32, slope float32) int {
	n := vectors(len(y))
	if n > 0 {
		reluGradAVX2(&dy[0], &y[0], slope, n)
	}
	return n
}

func sigmoidGrad(dy, y []float32) int {
	n := vectors(len(y))
	if n > 0 {
		sigmoidGradAVX2(&dy[0], &y[0], n)
	}
	return n
}

func tanhGrad(dy, y []float32) int {
	n := vectors(len(y))
	if n > 0 {
		tanhGradAVX2(&dy[0], &y[0], n)
	}
	return n
}

func mul(z, x, y []float32) int {
	n := vectors(len(z))
	if n > 0 {
		mulAVX2(&z[0], &x[0], &y[0], n)
	}
	return n
}

func difference(z []float32, a float32, x, y []float32) int {
	n := vectors(len(z))
	if n > 0 {
		differenceAVX2(&z[0], a, &x[0], &y[0], n)
	}
	return n
}

func squaredError(sums *[8]float64, x, y []float32) int {
	n := vectors(len(x))
	if n > 0 {
		squaredErrorAVX2(&sums[0], &x[0], &y[0], n)
	}
	return n
}

func squaredNorm(sums *[8]float64, x []float32) int {
	n := vectors(len(x))
	if n > 0 {
		squaredNormAVX2(&sums[0], &x[0], n)
	}
	return n
}

func normalise(y, r, x, norms []float32, inverse bool) int {
	n := vectors(len(y))
	switch {
	case n == 0:
	case inverse:
		normaliseInverseAVX2(&y[0], &r[0], &x[0], &norms[0], n)
	default:
		normaliseAVX2(&y[0], &r[0], &x[0], &norms[0], n)
	}
	return n
}

func normGrad(dn, dy, y, r []float32, inverse bool) int {
	n := vectors(len(y))
	switch {
	case n == 0:
	case inverse:
		normGradInverseAVX2(&dn[0], &dy[0], &y[0], &r[0], n)
	default:
		normGradAVX2(&dn[0], &dy[0], &y[0], &r[0], n)
	}
	return n
}

func normaliseGrad(dy, r, x, s []float32) int {
	n := vectors(len(dy))
	if n > 0 {
		normaliseGradAVX2(&dy[0], &r[0], &x[0], &s[0], n)
	}
	return n
}

func sigmoid(y, x []float32) int {
	n := vectors(len(x))
	if n > 0 {
		sigmoidAVX2(&y[0], &x[0], n)
	}
	return n
}

func tanh(y, x []float32) int {
	n := vectors(len(x))
	if n > 0 {
		tanhAVX2(&y[0], &x[0], n)
	}
	return n
}

// columnSums and reluGradSums count columns.
func columnSums(sums, y []float32, rows int) int {
	n := vectors(len(sums))
	if n > 0 && rows > 0 {
		columnSumsAVX2(&sums[0], &y[0], n, rows, len(sums))
	}
	return n
}

func reluGradSums(sums, dy, y []float32, slope float32, rows int) int {
	n := vectors(len(sums))
	if n > 0 && rows > 0 {
		reluGradSumsAVX2(&sums[0], &dy[0], &y[0], slope, n, rows, len(sums))
	}
	return n
}

func (o *adamRates) vector(p, m, v, g []float32) int {
	n := vectors(len(p))
	if n > 0 {
		adamAVX2(&p[0], &m[0], &v[0], &g[0], n, o.beta1, o.rest1, o.beta2, o.rest2, o.bias2, o.eps, o.rate, o.keep)
	}
	return n
}

// transposeRows transposes the first rows of src and returns how many.
func transposeRows(dst []float32, ldd int, src []float32, lds, rows, cols int) int {
	n := vectors(rows)
	if cols%8 != 0 {
		return 0
	}
	for i := 0; i < n; i += 8 {
		_, _ = dst[(cols-1)*ldd+i+7], src[(i+7)*lds+cols-1]
		transposeAVX2(&dst[i], ldd, &src[i*lds], lds, cols)
	}
	return n
}

func winogradDataVector(dst []float32, at, ds int, src []float32, from, ss, n int) bool {
	if vectors(n) == 0 {
		return false
	}
	winogradDataAVX2(&dst[at], ds, &src[from], ss, n)
	return true
}

func winogradSumsVector(dst []float32, at, ds int, src []float32, from, ss, n int) bool {
	if vectors(n) == 0 {
		return false
	}
	winogradSumsAVX2(&dst[at], ds, &src[from], ss, n)
	return true
}

func winogradSpreadVector(dst []float32, at, ds int, src []float32, from, ss, n int) bool {
	if vectors(n) == 0 {
		return false
	}
	winogradSpreadAVX2(&dst[at], ds, &src[from], ss, n)
	return true
}

func winogradTapsVector(dst []float32, at, ds int, src []float32, from, ss, n int) bool {
	if vectors(n) == 0 {
		return false
	}
	winogradTapsAVX2(&dst[at], ds, &src[from], ss, n)
	return true
}

func winogradEndVector(dst []float32, at, ds int, src []float32, from, ss, n int, bias, add []float32, slope float32) bool {
	if vectors(n) == 0 {
		return false
	}
	var a *float32
	if add != nil {
		a = &add[at]
	}
	winogradEndAVX2(&dst[at], ds, &src[from], ss, n, &bias[0], a, slope)
	return true
}

func winogradWeightsVector(dst []float32, at, ds int, src []float32, from, ss, n int) bool {
	if vectors(n) == 0 {
		return false
	}
	winogradWeightsAVX2(&dst[at], ds, &src[from], ss, n)
	return true
}
