package kernel

import (
	"math"
	"unsafe"
)

// A number of bf16 is the upper half of a float32: its sign, its eight bits of exponent and
// seven of its fraction. It is kept in a uint16.

// Round makes bf16 of numbers, as the instruction VCVTNE2PS2BF16 does: to the nearest, of two
// to the even one; what is smaller than the least normal number is zero; what is not a number
// stays so.
func Round(dst []uint16, src []float32) {
	if len(dst) != len(src) {
		panic("kernel: round: lengths differ")
	}
	if hasHalves() && len(src) > 0 {
		roundAsm(&dst[0], &src[0], len(src))
		return
	}
	for i, v := range src {
		dst[i] = rounded(v)
	}
}

func rounded(v float32) uint16 {
	b := math.Float32bits(v)
	switch exponent := b >> 23 & 0xff; {
	case exponent == 0xff && b<<9 != 0:
		return uint16(b>>16) | 0x40
	case exponent == 0:
		return uint16(b >> 16 & 0x8000)
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// Widen makes float32 of numbers of bf16.
func Widen(dst []float32, src []uint16) {
	if len(dst) != len(src) {
		panic("kernel: widen: lengths differ")
	}
	if n := len(src) &^ 15; hasHalves() && n > 0 {
		widenAsm(&dst[0], &src[0], n)
		dst, src = dst[n:], src[n:]
	}
	for i, h := range src {
		dst[i] = widened(h)
	}
}

func widened(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// Halves returns the memory of x as numbers of bf16, two for each.
func Halves(x []float32) []uint16 {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*uint16)(unsafe.Pointer(&x[0])), 2*len(x))
}

// AddHalves computes z[i] = x[i] + y[i] of numbers of bf16, rounded once. z may be x or y.
func AddHalves(z, x, y []uint16) {
	if len(z) != len(x) || len(z) != len(y) {
		panic("kernel: sum of halves: lengths differ")
	}
	if n := len(z) &^ 31; hasHalves() && n > 0 {
		addHalvesAsm(&z[0], &x[0], &y[0], n)
		z, x, y = z[n:], x[n:], y[n:]
	}
	for i, v := range x {
		z[i] = rounded(widened(v) + widened(y[i]))
	}
}

// SumHalves is ColumnSums of numbers of bf16.
func SumHalves(sums []float32, y []uint16) {
	n := len(sums)
	if n == 0 && len(y) > 0 || n > 0 && len(y)%n != 0 {
		panic("kernel: sums of halves: rows are not whole")
	}
	if hasHalves() && len(y) > 0 {
		for j := 0; j < n; j += 64 {
			sumHalvesAsm(&sums[j], &y[j], min(64, n-j), len(y)/n, n)
		}
		return
	}
	for ; len(y) > 0; y = y[n:] {
		for j, h := range y[:n] {
			sums[j] += widened(h)
		}
	}
}

// ReLUGradRound is ReLUGradSums with the gradient rounded into dst: dy stays as it is.
func ReLUGradRound(dst []uint16, sums, dy, y []float32, slope float32) {
	if len(dst) != len(dy) || len(dy) != len(y) {
		panic("kernel: rounded relu gradient: lengths differ")
	}
	n, rows := len(sums), rowsOf(sums, dy)
	if hasHalves() && rows > 0 {
		for j := 0; j < n; j += 64 {
			reluGradRoundAsm(&dst[j], &sums[j], &dy[j], &y[j], slope, min(64, n-j), rows, n)
		}
		return
	}
	for at := 0; at < len(y); at += n {
		for j := range n {
			g := dy[at+j]
			if !(y[at+j] > 0) {
				g = float32(slope * g)
			}
			sums[j] += g
			dst[at+j] = rounded(g)
		}
	}
}

// HalfGrad is ReLUGradRound of numbers that are rounded already. dst may be dy.
func HalfGrad(dst []uint16, sums []float32, dy, y []uint16, slope float32) {
	n := len(sums)
	if len(dst) != len(dy) || len(dy) != len(y) || n == 0 && len(y) > 0 || n > 0 && len(y)%n != 0 {
		panic("kernel: gradient of halves: lengths differ")
	}
	if hasHalves() && len(y) > 0 {
		for j := 0; j < n; j += 64 {
			halfGradAsm(&dst[j], &sums[j], &dy[j], &y[j], slope, min(64, n-j), len(y)/n, n)
		}
		return
	}
	for at := 0; at < len(y); at += n {
		for j := range n {
			g := widened(dy[at+j])
			if int16(y[at+j]) <= 0 {
				g = float32(slope * g)
			}
			sums[j] += g
			dst[at+j] = rounded(g)
		}
	}
}

// weave lays pairs of rows of src, which are pitch apart, out so that the numbers of one column
// are neighbours: for i < pairs and j < 16·blocks
//
//	dst[(i·16·blocks + j)·2 + r] = src[(2i+r)·pitch + j]   r < 2
func weave(dst, src []uint16, pitch, pairs, blocks int) {
	if pairs == 0 || blocks == 0 {
		return
	}
	n := 16 * blocks
	_, _ = dst[2*pairs*n-1], src[(2*pairs-1)*pitch+n-1]
	if hasHalves() {
		weaveAsm(&dst[0], &src[0], 2*pitch, pairs, blocks)
		return
	}
	for i := range pairs {
		to := dst[2*i*n:]
		for j := range n {
			to[2*j], to[2*j+1] = src[2*i*pitch+j], src[(2*i+1)*pitch+j]
		}
	}
}

// turn transposes pairs of numbers: for i < 16 and j < 16·blocks
//
//	dst[j·ldd + 2i + r] = src[i·lds + 2j + r]   r < 2
func turn(dst []uint16, ldd int, src []uint16, lds, blocks int) {
	if blocks == 0 {
		return
	}
	n := 16 * blocks
	_, _ = dst[(n-1)*ldd+31], src[15*lds+2*n-1]
	if hasHalves() {
		turnAsm(&dst[0], 2*ldd, &src[0], 2*lds, blocks)
		return
	}
	for i := range 16 {
		for j := range n {
			dst[j*ldd+2*i], dst[j*ldd+2*i+1] = src[i*lds+2*j], src[i*lds+2*j+1]
		}
	}
}

// A tile is 16 rows of 32 numbers of bf16, or of 16 sums.
const tileRows, tileHalves = 16, 32

// A tileWork computes blocks of a convolution: for t < len(firsts), i < 16 and j < n, where
// p = pixels[16t+i] is not below 0,
//
//	c[p+j] = act(Σ_s Σ_k a[firsts[t] + segs[s] + i·sai + k] · b[s][k][j] + bias[j] + add[p+j])   s < len(segs), k < 32·chunks
//
// or half[p+j] the same rounded; c or half is nil, and add may be. b is what packTiles makes, for
// nj panels of 16 channels, n of them real. The sum begins with the bias, and each 32 of k are
// added as TDPBF16PS does: the even ones to each other, the odd ones, and then both. Without
// add and with slope 0, act is max(v, 0).
type tileWork struct {
	firsts []int // two at least, and an even number of them
	segs   []int
	chunks int
	a      []uint16
	sai    int
	b      []uint16
	nj, n  int
	pixels []int32
	top    int // what pixels are below
	c      []float32
	half   []uint16
	add    []float32
	bias   *[32]float32
	slope  float32
}

// A tileCall is a tileWork as assembly sees it. Every field has eight bytes, and _asm counts on
// this order; what it moves, and what may point beyond its memory, is no pointer.
type tileCall struct {
	config    *[64]byte
	count     int // blocks of two tiles
	first     *int
	nseg      int
	segs      *int // in bytes, as all below
	chunks    int
	a         *uint16
	sa        int
	b         *uint16
	pixels    *int32
	c         *float32
	half      *uint16
	add       *float32
	bias      *[32]float32
	slope     float32
	_         float32
	mode      int        // of its end
	masks     int        // of the channels, 32 bits
	rows      int        // how many pixels are finished while 32 of k are multiplied
	now, then uintptr    // where sums of a block wait
	_         [2]uintptr // what assembly alone keeps
}

// Modes of the end of a tileWork.
const (
	anyEnd = iota
	noEnd
	atLeastZero
)

func (w *tileWork) mode() int {
	switch {
	case w.add == nil && w.slope == 1:
		return noEnd
	case w.add == nil && w.slope == 0:
		return atLeastZero
	}
	return anyEnd
}

func (w *tileWork) generic() {
	for t, first := range w.firsts {
		for i, p := range w.pixels[16*t:][:16] {
			if p < 0 {
				continue
			}
			for j := range w.n {
				sum := w.bias[j]
				b := w.b[j/16*512+j%16*2:]
				for s, seg := range w.segs {
					a := w.a[first+seg+i*w.sai:]
					for chunk := range w.chunks {
						sum = tileStep(sum, a[32*chunk:], b[(s*w.chunks+chunk)*w.nj*512:], 32)
					}
				}
				at := int(p) + j
				if w.add != nil {
					sum += w.add[at]
				}
				switch {
				case w.mode() == atLeastZero && sum < 0:
					sum = 0
				case w.mode() == anyEnd && !(sum > 0):
					sum = float32(w.slope * sum)
				}
				if w.c != nil {
					w.c[at] = sum
				}
				if w.half != nil {
					w.half[at] = rounded(sum)
				}
			}
		}
	}
}

// tileStep adds 32 products to a sum as TDPBF16PS does: those of a with b, whose pairs are sb apart.
func tileStep(sum float32, a, b []uint16, sb int) float32 {
	var even, odd float32
	for k := range 16 {
		even = fused(even, a[2*k], b[k*sb])
		odd = fused(odd, a[2*k+1], b[k*sb+1])
	}
	return flushed(flushed(sum) + flushed(even+odd))
}

// fused returns sum + a·b, rounded once.
func fused(sum float32, a, b uint16) float32 {
	return flushed(float32(float64(sum) + float64(widened(a))*float64(widened(b)))) // exact but for the last step
}

// flushed returns v, or zero where that is smaller than the least normal number.
func flushed(v float32) float32 {
	if b := math.Float32bits(v); b>>23&0xff == 0 {
		return math.Float32frombits(b & (1 << 31))
	}
	return v
}

// A sumWork adds products of long rows: for each job, i < 16·mi and j < 16·nj
//
//	c[job.c + i·sc + j] (+)= Σ_k a[job.a + i·sa + k] · b[job.b + (k/2·sb + j)·2 + k%2]   k < 32·chunks
//
// in steps of 32 as a tileWork's.
type sumWork struct {
	chunks int
	a      []uint16
	sa     int
	b      []uint16
	sb     int
	c      []float32
	sc     int
	goOn   bool // c is added to, and not set
}

// A sumJob is where a block of a sumWork begins.
type sumJob struct{ a, b, c int }

// A sumCall is a sumWork as assembly sees it, like a tileCall.
type sumCall struct {
	config *[64]byte
	jobs   int
	job    *sumJob // in bytes, as all below
	chunks int
	a      *uint16
	sa     int
	b      *uint16
	sb     int
	c      *float32
	sc     int
	goOn   int
}

func (w *sumWork) generic(mi, nj int, jobs []sumJob) {
	for _, job := range jobs {
		for i := range 16 * mi {
			for j := range 16 * nj {
				var sum float32
				at := job.c + i*w.sc + j
				if w.goOn {
					sum = w.c[at]
				}
				for k := range w.chunks {
					sum = tileStep(sum, w.a[job.a+i*w.sa+32*k:], w.b[job.b+(16*k*w.sb+j)*2:], 2*w.sb)
				}
				w.c[at] = sum
			}
		}
	}
}

// tilesConfig describes all eight tiles as 16 rows of 64 bytes.
var tilesConfig = func() (c [64]byte) {
	c[0] = 1
	for i := range 8 {
		c[16+2*i], c[48+i] = 64, 16
	}
	return c
}()
