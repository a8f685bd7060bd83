package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// halfScratches returns what computes in bf16 here: plain Go, and what the machine has.
func halfScratches() map[string]*Scratch {
	all := map[string]*Scratch{}
	for _, kind := range []string{"go", Kinds()[0]} {
		s := NewScratch(kind)
		s.Halve(true)
		all[kind] = s
	}
	return all
}

// slow returns the shapes for which plain Go, which does what tiles do one number at a time, does not
// take long.
func slow(of []Conv) []Conv {
	return slices.DeleteFunc(of, func(c Conv) bool {
		ho, wo := c.Out()
		return c.N*ho*wo*c.Cin*c.Cout*c.K*c.K > 1<<19
	})
}

func roundedAll(x []float32) []float32 {
	h, out := make([]uint16, len(x)), make([]float32, len(x))
	Round(h, x)
	Widen(out, h)
	return out
}

// TestRound compares the rounding of vectors with that of the definition, for numbers of all sizes.
func TestRound(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	x := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1 + 0x1p-8, 1 + 0x3p-8, math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(-1)), 0x1p-126, 0x1.fp-127, -0x1p-140, 0x1.fffffep-127}
	for len(x) < 10007 {
		x = append(x, math.Float32frombits(rng.Uint32()))
	}
	for n := range 70 {
		got := make([]uint16, n)
		Round(got, x[:n])
		for i, h := range got {
			if h != rounded(x[i]) && x[i] == x[i] {
				t.Fatalf("of %d: %g is %04x, want %04x", n, x[i], h, rounded(x[i]))
			}
		}
	}
	got := make([]uint16, len(x))
	Round(got, x)
	for i, v := range x {
		w := widened(got[i])
		switch {
		case v != v:
			if w == w {
				t.Errorf("not a number became %g", w)
			}
		case got[i] != rounded(v):
			t.Errorf("%g (%08x) is %04x, want %04x", v, math.Float32bits(v), got[i], rounded(v))
		case math.Abs(float64(v)) >= 0x1p-126 && math.Abs(float64(v)) < 0x1.fep127 && math.Abs(float64(w-v)) > math.Abs(float64(v))*0x1p-8:
			t.Errorf("%g became %g", v, w)
		}
	}
}

// TestTurnAndWeave compares them with their comments.
func TestTurnAndWeave(t *testing.T) {
	src := make([]uint16, 16*400)
	for i := range src {
		src[i] = uint16(i)
	}
	for _, blocks := range []int{1, 2, 5} {
		n := 16 * blocks
		dst := make([]uint16, n*40)
		turn(dst, 40, src, 2*n+6, blocks)
		for i := range 16 {
			for j := range n {
				for r := range 2 {
					if got, want := dst[j*40+2*i+r], src[i*(2*n+6)+2*j+r]; got != want {
						t.Fatalf("turn of %d blocks: row %d column %d, %d: %d, want %d", blocks, i, j, r, got, want)
					}
				}
			}
		}
		dst = make([]uint16, 2*3*n)
		weave(dst, src, n+7, 3, blocks)
		for i := range 3 {
			for j := range n {
				for r := range 2 {
					if got, want := dst[(i*n+j)*2+r], src[(2*i+r)*(n+7)+j]; got != want {
						t.Fatalf("weave of %d blocks: pair %d column %d, %d: %d, want %d", blocks, i, j, r, got, want)
					}
				}
			}
		}
	}
}

// TestHalvesAreTheNaiveLoop compares what is computed in bf16 with the sums of the definition, of
// rounded numbers, and wants the same bits of all implementations.
func TestHalvesAreTheNaiveLoop(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	for _, c := range slow(shapes(rng, 40)) {
		nx, nw, ny := c.lengths()
		x, w, y := randoms(rng, nx), randoms(rng, nw), randoms(rng, ny)
		outBias, inBias, inAdd := randoms(rng, c.Cout), randoms(rng, c.Cin), randoms(rng, nx)
		xr, wr, yr := roundedAll(x.vec()), roundedAll(w.vec()), roundedAll(y.vec())
		wantY, wantX, wantW := make([]sum, ny), make([]sum, nx), make([]sum, nw)
		for i := range wantY {
			wantY[i].add(outBias.vec()[i%c.Cout], 1)
		}
		onto := End{Add: inAdd.vec(), Slope: 1}
		if rng.IntN(2) == 1 {
			onto = End{Bias: inBias.vec(), Slope: 1}
		}
		for i := range wantX {
			if onto.Add != nil {
				wantX[i].add(onto.Add[i], 1)
			} else {
				wantX[i].add(onto.Bias[i%c.Cin], 1)
			}
		}
		acc := rng.IntN(2) == 1
		for i, v := range w.vec() {
			if acc {
				wantW[i].add(v, 1)
			}
		}
		c.taps(func(xi, wi, yi int) {
			for i := range c.Cin {
				for o := range c.Cout {
					xv, wv, yv := xr[xi+i], wr[wi+i*c.Cout+o], yr[yi+o]
					wantY[yi+o].add(xv, wv)
					wantX[xi+i].add(yv, wv)
					wantW[wi+i*c.Cout+o].add(xv, yv)
				}
			}
		})
		for i := range wantY {
			if wantY[i].v < 0 {
				wantY[i].v *= 0.25
			}
		}
		var first [3]guarded
		for kind, s := range halfScratches() {
			t.Run(fmt.Sprintf("%s/%+v", kind, c), func(t *testing.T) {
				got := [3]guarded{y.clone(), x.clone(), w.clone()}
				weights := NewWeights(w.vec())
				c.Forward(s, got[0].vec(), x.vec(), weights, End{Bias: outBias.vec(), Slope: 0.25})
				c.BackwardData(s, got[1].vec(), y.vec(), weights, onto)
				c.BackwardWeights(s, got[2].vec(), x.vec(), y.vec(), acc)
				within(t, "forward: y", got[0].vec(), wantY)
				got[0].intact(t, "forward", y)
				within(t, "backward data: x", got[1].vec(), wantX)
				got[1].intact(t, "backward data", x)
				within(t, "backward weights: dw", got[2].vec(), wantW)
				got[2].intact(t, "backward weights", w)
				if first[0] == nil {
					first = got
					return
				}
				for op, name := range []string{"Forward", "BackwardData", "BackwardWeights"} {
					for j, v := range got[op] {
						if math.Float32bits(v) != math.Float32bits(first[op][j]) {
							t.Fatalf("%s[%d] is %x here, %x elsewhere", name, j-guard, v, first[op][j])
						}
					}
				}
			})
		}
	}
}

// TestHalvesInAndOut wants of rounded numbers, read or written, what float32 and rounding give.
func TestHalvesInAndOut(t *testing.T) {
	rng := rand.New(rand.NewPCG(25, 26))
	halves := func(x []float32) Numbers {
		h := make([]uint16, len(x))
		Round(h, x)
		return Numbers{Half: h}
	}
	same := func(what string, got []uint16, want []float32) {
		t.Helper()
		for i, h := range got {
			if h != rounded(want[i]) {
				t.Fatalf("%s[%d] is %g, want %g rounded", what, i, widened(h), want[i])
			}
		}
	}
	for _, c := range slow(shapes(rng, 20)[:150]) {
		nx, nw, ny := c.lengths()
		x, w, y := randoms(rng, nx).vec(), NewWeights(randoms(rng, nw).vec()), randoms(rng, ny).vec()
		for kind, s := range halfScratches() {
			t.Run(fmt.Sprintf("%s/%+v", kind, c), func(t *testing.T) {
				full, half := make([]float32, ny), make([]uint16, ny)
				c.Forward(s, full, x, w, End{Slope: 0.5})
				c.ForwardHalf(s, Numbers{Half: half}, halves(x), w, End{Slope: 0.5})
				same("y", half, full)
				full, half = make([]float32, nx), make([]uint16, nx)
				c.BackwardData(s, full, y, w, End{Slope: 1})
				c.BackwardDataHalf(s, Numbers{Half: half}, halves(y), w, End{Slope: 1})
				same("x", half, full)
				one, two := make([]float32, nw), make([]float32, nw)
				c.BackwardWeights(s, one, x, y, false)
				c.BackwardWeightsHalf(s, two, halves(x), halves(y), false)
				for i, v := range one {
					if v != two[i] {
						t.Fatalf("dw[%d] is %g of rounded numbers, want %g", i, two[i], v)
					}
				}
			})
		}
	}
}

// TestGradientsOfHalves compares both gradients with their definitions, for every number of columns.
func TestGradientsOfHalves(t *testing.T) {
	rng := rand.New(rand.NewPCG(27, 28))
	for n := 1; n < 140; n += 1 + n/20 {
		const rows = 5
		dy, y := randoms(rng, n*rows), randoms(rng, n*rows)
		for _, slope := range []float32{0, 0.1, 1} {
			sums, want := randoms(rng, n), make([]float32, n)
			copy(want, sums.vec())
			dst := make([]uint16, n*rows+1)
			dst[n*rows] = 7
			ReLUGradRound(dst[:n*rows], sums.vec(), dy.vec(), y.vec(), slope)
			h, hy := make([]uint16, n*rows), make([]uint16, n*rows)
			Round(h, dy.vec())
			Round(hy, y.vec())
			halfSums, wantHalf := randoms(rng, n), make([]float32, n)
			copy(wantHalf, halfSums.vec())
			got := make([]uint16, n*rows+1)
			got[n*rows] = 7
			HalfGrad(got[:n*rows], halfSums.vec(), h, hy, slope)
			for i, g := range dy.vec() {
				g2 := widened(h[i])
				if !(y.vec()[i] > 0) {
					g, g2 = slope*g, slope*g2
				}
				want[i%n] += g
				wantHalf[i%n] += g2
				if dst[i] != rounded(g) || got[i] != rounded(g2) {
					t.Fatalf("%d columns, slope %g: %d is %g and %g, want %g and %g rounded", n, slope, i, widened(dst[i]), widened(got[i]), g, g2)
				}
			}
			for j := range n {
				if sums.vec()[j] != want[j] || halfSums.vec()[j] != wantHalf[j] {
					t.Fatalf("%d columns, slope %g: sums[%d] are %g and %g, want %g and %g", n, slope, j, sums.vec()[j], halfSums.vec()[j], want[j], wantHalf[j])
				}
			}
			if dst[n*rows] != 7 || got[n*rows] != 7 {
				t.Fatalf("%d columns: written beyond the end", n)
			}
		}
	}
}

// TestHalvesOfAllSizes computes with numbers that are huge, tiny, infinite or no numbers: all
// implementations agree, and what is tiny is as good as zero.
func TestHalvesOfAllSizes(t *testing.T) {
	rng := rand.New(rand.NewPCG(29, 30))
	special := []float32{0, float32(math.Copysign(0, -1)), 1e-40, -1e-40, 1e-38, 3e-20, -3e-20, 1e20, -1e20, 3e38, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	for _, c := range slow(shapes(rng, 10)[:120]) {
		nx, nw, ny := c.lengths()
		draw := func(n int, seldom int) []float32 {
			x := randoms(rng, n).vec()
			for i := range x {
				if rng.IntN(seldom) == 0 {
					x[i] = special[rng.IntN(len(special))]
				}
			}
			return x
		}
		seldom := []int{2, 50, 1000}[rng.IntN(3)]
		x, w, y := draw(nx, seldom), draw(nw, seldom), draw(ny, seldom)
		var first [3][]float32
		for kind, s := range halfScratches() {
			got := [3][]float32{make([]float32, ny), make([]float32, nx), make([]float32, nw)}
			c.Forward(s, got[0], x, NewWeights(w), End{Slope: 0})
			c.BackwardData(s, got[1], y, NewWeights(w), End{Slope: 0.5})
			c.BackwardWeights(s, got[2], x, y, false)
			if first[0] == nil {
				first = got
				continue
			}
			for op := range got {
				for i, v := range got[op] {
					u := first[op][i]
					same := v == u || v != v && u != u || math.Abs(float64(v-u)) < 0x1p-120
					if !same {
						t.Fatalf("%+v: operation %d, number %d is %g by %s, %g elsewhere", c, op, i, v, kind, u)
					}
				}
			}
		}
	}
	tiny := []float32{1e-40, -1e-40, 1e-39}
	for _, s := range halfScratches() {
		y := make([]float32, 1)
		Conv{N: 1, H: 1, W: 1, Cin: 3, Cout: 1, K: 1, Stride: 1}.Forward(s, y, tiny, NewWeights([]float32{1e30, 1e30, 1e30}), End{Slope: 1})
		if y[0] != 0 {
			t.Errorf("numbers without all their bits, times 1e30, are %g, want 0", y[0])
		}
	}
}

// TestNormInHalves compares normalisations in bf16 with their definition, and wants the same bits of
// all implementations.
func TestNormInHalves(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	const off = 0x1p-7 // two roundings
	for _, c := range []int{1, 7, 16, 24, 64, 100} {
		for _, pixels := range []int{0, 1, 3, 70, 1300} {
			if c*c*pixels > 1<<19 {
				continue
			}
			for _, inverse := range []bool{false, true} {
				n := c * pixels
				draw := func() (half []uint16, full []float32) {
					full, half = randoms(rng, n).vec(), make([]uint16, n)
					Round(half, full)
					Widen(full, half)
					return half, full
				}
				x, wideX := draw()
				dy, wideDY := draw()
				gamma, beta := make([]float32, c*c), make([]float32, c)
				for i := range gamma {
					gamma[i] = widened(rounded(rng.Float32() / float32(c)))
				}
				for i := range beta {
					beta[i] = 0.1 + rng.Float32()
				}
				norm := Norm{NewWeights(gamma), beta, inverse}
				grown := func(v []float32) []float32 { return slices.Repeat([]float32{1}, len(v)) }
				var first map[string][]float32
				for kind, s := range halfScratches() {
					y, r, dx := make([]uint16, n), make([]uint16, n), slices.Clone(dy)
					dbeta, dgamma := grown(beta), grown(gamma)
					norm.Forward(s, y, r, x)
					norm.Backward(s, dx, dbeta, dgamma, true, x, r)
					got := map[string][]float32{"y": make([]float32, n), "r": make([]float32, n), "dx": make([]float32, n), "dbeta": dbeta, "dgamma": dgamma}
					Widen(got["y"], y)
					Widen(got["r"], r)
					Widen(got["dx"], dx)
					if first != nil {
						for name, want := range first {
							if !slices.Equal(got[name], want) {
								t.Fatalf("%d channels, %d pixels, inverse %t: %s of %s has other bits", c, pixels, inverse, name, kind)
							}
						}
						continue
					}
					first = got
					want := normNaive(wideX, wideDY, got["r"], gamma, beta, inverse)
					for name, values := range want {
						if name == "dgamma" || name == "dbeta" {
							for i := range values {
								values[i].add(1)
							}
						}
						for i, v := range got[name] {
							if w := values[i]; !(math.Abs(float64(v)-w.v) <= off*w.all) {
								t.Fatalf("%s, %d channels, %d pixels, inverse %t: %s[%d] is %g, want %g", kind, c, pixels, inverse, name, i, v, w.v)
							}
						}
					}
				}
			}
		}
	}
}

// TestNormOfAllSizes normalises numbers that are huge, tiny, infinite or no numbers: all implementations
// agree, and what is finite stays so, however large its norm.
func TestNormOfAllSizes(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 34))
	const c, pixels = 32, 40
	gamma, beta := make([]float32, c*c), make([]float32, c)
	for i := range beta {
		gamma[i*c+i], beta[i] = 0.5, 1e-6
	}
	for _, inverse := range []bool{false, true} {
		x, dy := make([]uint16, c*pixels), make([]uint16, c*pixels)
		for i := range x {
			kinds := 7
			if i/c%2 == 1 { // every other pixel
				kinds = 9
			}
			v := []float32{0, 1e-40, 1e-20, -3, 1e18, -1e25, 3e38, float32(math.Inf(1)), float32(math.NaN())}[rng.IntN(kinds)]
			x[i], dy[i] = rounded(v), rounded(rng.Float32())
		}
		var first [3][]uint16
		for kind, s := range halfScratches() {
			norm := Norm{NewWeights(gamma), beta, inverse}
			got := [3][]uint16{make([]uint16, len(x)), make([]uint16, len(x)), slices.Clone(dy)}
			norm.Forward(s, got[0], got[1], x)
			norm.Backward(s, got[2], nil, nil, false, x, got[1])
			for i, v := range x {
				if r := widened(got[1][i]); i/c%2 == 0 && !(r > 0 && r-r == 0) {
					t.Fatalf("%s, inverse %t: %g is multiplied with %g", kind, inverse, widened(v), r)
				}
			}
			if first[0] == nil {
				first = got
				continue
			}
			for what := range got {
				for i, h := range got[what] {
					u, v := widened(first[what][i]), widened(h)
					if u != v && (u == u || v == v) {
						t.Fatalf("inverse %t, result %d: number %d is %g by %s, %g elsewhere", inverse, what, i, v, kind, u)
					}
				}
			}
		}
	}
}

// normSum is a sum, and that of the magnitudes of what is added.
type normSum struct{ v, all float64 }

func (s *normSum) add(v float64) {
	s.v += v
	s.all += math.Abs(v)
}

// normNaive returns what a Norm computes, with gradients by its own r.
func normNaive(x, dy, r, gamma, beta []float32, inverse bool) map[string][]normSum {
	c := len(beta)
	y, root, dx, dbeta, dgamma := make([]normSum, len(x)), make([]normSum, len(x)), make([]normSum, len(x)), make([]normSum, c), make([]normSum, c*c)
	for at := 0; at < len(x); at += c {
		for o := range c {
			norm := float64(beta[o])
			for i := range c {
				norm += float64(gamma[i*c+o]) * float64(x[at+i]) * float64(x[at+i])
			}
			by := math.Sqrt(norm)
			if !inverse {
				by = 1 / by
			}
			root[at+o].add(by)
			y[at+o].add(by * float64(x[at+o]))
			by = float64(r[at+o])
			dx[at+o].add(float64(dy[at+o]) * by)
			dn := float64(dy[at+o]) * float64(x[at+o])
			if inverse {
				dn /= 2 * by
			} else {
				dn *= -by * by * by / 2
			}
			dbeta[o].add(dn)
			for i := range c {
				dgamma[i*c+o].add(dn * float64(x[at+i]) * float64(x[at+i]))
				dx[at+i].add(2 * dn * float64(gamma[i*c+o]) * float64(x[at+i]))
			}
		}
	}
	return map[string][]normSum{"y": y, "r": root, "dx": dx, "dbeta": dbeta, "dgamma": dgamma}
}

// TestInverseRoot states how far it is off, for numbers of all sizes.
func TestInverseRoot(t *testing.T) {
	for bits := uint32(0x00800000); bits < 0x7f800000; bits += 4099 {
		n := math.Float32frombits(bits)
		if off := math.Abs(float64(inverseRoot(n))*math.Sqrt(float64(n)) - 1); !(off < 5e-6) {
			t.Fatalf("of %g it is off by %g", n, off)
		}
	}
}

// TestNormPanics gives a Norm what does not fit.
func TestNormPanics(t *testing.T) {
	norm := Norm{NewWeights(make([]float32, 4)), []float32{1, 1}, false}
	for what, f := range map[string]func(s *Scratch){
		"half a pixel":   func(s *Scratch) { norm.Forward(s, make([]uint16, 3), make([]uint16, 3), make([]uint16, 3)) },
		"a short result": func(s *Scratch) { norm.Forward(s, make([]uint16, 2), make([]uint16, 4), make([]uint16, 4)) },
		"a short root":   func(s *Scratch) { norm.Backward(s, make([]uint16, 4), nil, nil, false, make([]uint16, 4), nil) },
		"no channels":    func(s *Scratch) { Norm{Gamma: NewWeights(nil)}.Forward(s, nil, nil, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", what)
				}
			}()
			f(new(Scratch))
		}()
	}
}
