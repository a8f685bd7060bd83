package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// shapes returns all that is special at least once, and chance combinations.
func shapes(rng *rand.Rand, n int) []Conv {
	var out []Conv
	pick := func(of ...int) int { return of[rng.IntN(len(of))] }
	for _, k := range []int{1, 2, 3, 5, 7} {
		for _, stride := range []int{1, 2, 4} {
			for _, side := range []int{1, 2, 7, 8} {
				out = append(out, Conv{N: pick(1, 2), H: side, W: pick(1, side), Cin: pick(1, 3, 5, 17), Cout: pick(1, 3, 5, 17), K: k, Stride: stride})
			}
		}
	}
	for _, width := range []int{9, 25, 130} { // rows longer than a block of BackwardWeights
		out = append(out, Conv{N: 1, H: 3, W: width, Cin: 4, Cout: 33, K: 3, Stride: 1}, Conv{N: 2, H: 2, W: width, Cin: 5, Cout: 16, K: 1, Stride: 1})
	}
	for _, side := range []int{4, 5, 7, 8, 14} { // four pixels a side at a time
		out = append(out, Conv{N: pick(1, 3), H: side, W: pick(4, 6, 9, side), Cin: pick(32, 48), Cout: pick(32, 72), K: 3, Stride: 1})
	}
	for _, side := range []int{7, 8, 13, 16} {
		for _, k := range []int{3, 5} {
			out = append(out, Conv{N: pick(1, 2), H: side, W: pick(7, 10, 12, side), Cin: pick(32, 40), Cout: pick(32, 72), K: k, Stride: 2})
		}
	}
	out = append(out, Conv{N: 1, H: 62, W: 63, Cin: 32, Cout: 40, K: 3, Stride: 2})
	out = append(out, Conv{N: 1, H: 5, W: 131, Cin: 64, Cout: 32, K: 3, Stride: 1}, Conv{N: 2, H: 6, W: 6, Cin: 32, Cout: 200, K: 3, Stride: 1})
	for n := 1; n <= 70; n++ { // every width and number of channels
		out = append(out, Conv{N: 1, H: pick(1, 2, 3), W: n, Cin: 1 + n*11%70, Cout: 1 + n*13%70, K: pick(1, 3, 5), Stride: pick(1, 2, 3)})
	}
	for range n {
		c := Conv{
			N: 1 + rng.IntN(3), H: 1 + rng.IntN(20), W: 1 + rng.IntN(40),
			Cin: pick(1, 2, 3, 5, 16, 17, 32, 33, 48, 64, 100), Cout: pick(1, 2, 3, 5, 16, 17, 32, 33, 48, 64, 100),
			K: pick(1, 2, 3, 5, 7), Stride: pick(1, 2, 4),
		}
		if c.N*c.H*c.W*c.Cin*c.Cout*c.K*c.K < 8<<20 {
			out = append(out, c)
		}
	}
	return out
}

func (c Conv) lengths() (x, w, y int) {
	ho, wo := c.Out()
	return c.N * c.H * c.W * c.Cin, c.K * c.K * c.Cin * c.Cout, c.N * ho * wo * c.Cout
}

// taps calls f with the places in x, w and y of every pixel and tap that meet,
// leaving the channels to the caller.
func (c Conv) taps(f func(x, w, y int)) {
	ho, wo := c.Out()
	for n := range c.N {
		for oy := range ho {
			for ox := range wo {
				for kh := range c.K {
					for kw := range c.K {
						iy, ix := oy*c.Stride+kh-c.Pad(), ox*c.Stride+kw-c.Pad()
						if 0 <= iy && iy < c.H && 0 <= ix && ix < c.W {
							f(((n*c.H+iy)*c.W+ix)*c.Cin, (kh*c.K+kw)*c.Cin*c.Cout, ((n*ho+oy)*wo+ox)*c.Cout)
						}
					}
				}
			}
		}
	}
}

// A sum in float64, the sum of its terms' sizes and their number.
type sum struct {
	v, size float64
	n       int
}

func (s *sum) add(a, b float32) {
	s.v += float64(a) * float64(b)
	s.size += math.Abs(float64(a) * float64(b))
	s.n++
}

// within reports the first number of got that is further from want than
// n·ε·Σ|aᵢbᵢ|.
func within(t *testing.T, what string, got []float32, want []sum) {
	t.Helper()
	const eps = 0x1p-23
	for i, w := range want {
		if bound := float64(w.n) * eps * w.size; !(math.Abs(float64(got[i])-w.v) <= bound) {
			t.Errorf("%s[%d] = %g, naive loop %g ± %g", what, i, got[i], w.v, bound)
			return
		}
	}
}

// patchwise widens the bounds of sums that are computed a patch at a time: what
// rounds is then a neighbour's terms as well.
func patchwise(s []sum) {
	var worst sum
	for _, v := range s {
		worst.n, worst.size = max(worst.n, v.n), max(worst.size, v.size)
	}
	for i := range s {
		s[i].n, s[i].size = worst.n, worst.size
	}
}

// guarded is a vector between guard words.
type guarded []float32

// guard is how many words stand on each side: an odd number, so that no vector
// lies on the boundary of a cache line.
const guard = 67

func randoms(rng *rand.Rand, n int) guarded {
	g := make(guarded, n+2*guard)
	for i := range g {
		g[i] = float32(rng.NormFloat64())
	}
	return g
}

func (g guarded) vec() []float32 { return g[guard : len(g)-guard : len(g)-guard] }

func (g guarded) clone() guarded { return append(guarded(nil), g...) }

// intact fails when a guard word differs from that of the original.
func (g guarded) intact(t *testing.T, what string, original guarded) {
	t.Helper()
	for i := range g {
		if inside := guard <= i && i < len(g)-guard; !inside && g[i] != original[i] {
			t.Fatalf("%s: wrote %g over the guard word %g, at %d of a vector of %d", what, g[i], original[i], i-guard, len(g)-2*guard)
		}
	}
}

// TestConvIsTheNaiveLoop compares the three operations with the sums in their
// comments.
func TestConvIsTheNaiveLoop(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	chance := 300
	if testing.Short() {
		chance = 40
	}
	for _, c := range shapes(rng, chance) {
		nx, nw, ny := c.lengths()
		x, w, y := randoms(rng, nx), randoms(rng, nw), randoms(rng, ny)
		outBias, inBias := randoms(rng, c.Cout), randoms(rng, c.Cin)
		outAdd, inAdd := randoms(rng, ny), randoms(rng, nx)
		for _, mode := range []string{"plain", "bias", "in place", "all"}[rng.IntN(2):][:2+rng.IntN(2)] {
			// end returns what to do with a result that starts as y, and the sums that it starts from.
			end := func(y, bias, add guarded) (End, []sum) {
				e, s := End{Slope: 1}, make([]sum, len(y.vec()))
				switch mode {
				case "bias":
					e.Bias = bias.vec()
				case "in place":
					e.Add = y.vec()
				case "all":
					e = End{bias.vec(), add.vec(), 0.25}
				}
				for i := range s {
					if e.Bias != nil {
						s[i].add(e.Bias[i%len(e.Bias)], 1)
					}
					if e.Add != nil {
						s[i].add(e.Add[i], 1)
					}
				}
				return e, s
			}
			finish := func(s []sum) {
				for i := range s {
					if mode == "all" && s[i].v < 0 {
						s[i].v *= 0.25
					}
				}
			}
			_, wantY := end(y, outBias, outAdd)
			_, wantX := end(x, inBias, inAdd)
			wantW := make([]sum, nw)
			for i, v := range w.vec() {
				if mode == "in place" {
					wantW[i].add(v, 1)
				}
			}
			c.taps(func(xi, wi, yi int) {
				for i := range c.Cin {
					for o := range c.Cout {
						xv, wv, yv := x.vec()[xi+i], w.vec()[wi+i*c.Cout+o], y.vec()[yi+o]
						wantY[yi+o].add(xv, wv)
						wantX[xi+i].add(yv, wv)
						wantW[wi+i*c.Cout+o].add(xv, yv)
					}
				}
			})
			finish(wantY)
			finish(wantX)
			if c.fast() {
				patchwise(wantY)
				patchwise(wantX)
			}
			if c.fastWeights() {
				patchwise(wantW)
			}
			for _, kind := range Kinds() {
				s := NewScratch(kind)
				t.Run(fmt.Sprintf("%s/%+v/%s", kind, c, mode), func(t *testing.T) {
					gotY, gotX, gotW := y.clone(), x.clone(), w.clone()
					weights := NewWeights(w.vec())
					e, _ := end(gotY, outBias, outAdd)
					c.Forward(s, gotY.vec(), x.vec(), weights, e)
					within(t, "forward: y", gotY.vec(), wantY)
					gotY.intact(t, "forward", y)
					e, _ = end(gotX, inBias, inAdd)
					c.BackwardData(s, gotX.vec(), y.vec(), weights, e)
					within(t, "backward data: x", gotX.vec(), wantX)
					gotX.intact(t, "backward data", x)
					c.BackwardWeights(s, gotW.vec(), x.vec(), y.vec(), mode == "in place")
					within(t, "backward weights: dw", gotW.vec(), wantW)
					gotW.intact(t, "backward weights", w)
				})
			}
		}
	}
}

// TestBandsMakeTheWhole puts results together from bands and wants the same bits.
func TestBandsMakeTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, c := range shapes(rng, 100) {
		c.N = 1
		nx, nw, ny := c.lengths()
		x, w, y := randoms(rng, nx), NewWeights(randoms(rng, nw).vec()), randoms(rng, ny)
		e := End{Add: randoms(rng, ny).vec(), Bias: randoms(rng, c.Cout).vec(), Slope: 0.5}
		var s Scratch
		s.Halve(rng.IntN(2) == 1 && len(slow([]Conv{c})) == 1)
		wantY, wantX := y.clone(), x.clone()
		c.Forward(&s, wantY.vec(), x.vec(), w, e)
		c.BackwardData(&s, wantX.vec(), y.vec(), w, End{Slope: 1})
		gotY, gotX := y.clone(), x.clone()
		n := c.Bands(1 + rng.IntN(5))
		for i := range n {
			c.Band(i, n).Forward(&s, gotY.vec(), x.vec(), w, e)
			c.Band(i, n).BackwardData(&s, gotX.vec(), y.vec(), w, End{Slope: 1})
		}
		for i, want := range wantY {
			if math.Float32bits(gotY[i]) != math.Float32bits(want) {
				t.Fatalf("%+v: y[%d] is %g in %d bands, %g at once", c, i-guard, gotY[i], n, want)
			}
		}
		for i, want := range wantX {
			if math.Float32bits(gotX[i]) != math.Float32bits(want) {
				t.Fatalf("%+v: x[%d] is %g in %d bands, %g at once", c, i-guard, gotX[i], n, want)
			}
		}
	}
}

// TestOnlyComputesAPart wants the same bits in a part of the rows, and the rest left
// alone.
func TestOnlyComputesAPart(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	for _, c := range shapes(rng, 100) {
		c.N = 1
		nx, nw, ny := c.lengths()
		x, w, y := randoms(rng, nx), NewWeights(randoms(rng, nw).vec()), randoms(rng, ny)
		var s Scratch
		s.Halve(rng.IntN(2) == 1 && len(slow([]Conv{c})) == 1)
		wantY, wantX := y.clone(), x.clone()
		c.Forward(&s, wantY.vec(), x.vec(), w, End{Slope: 1})
		c.BackwardData(&s, wantX.vec(), y.vec(), w, End{Slope: 1})
		ho, wo := c.Out()
		from := rng.IntN(panels(ho, Grid))
		to := from + 1 + rng.IntN(panels(ho, Grid)-from)
		part := c.Only(from, to)
		gotY, gotX := y.clone(), x.clone()
		n := part.Bands(1 + rng.IntN(3))
		for i := range n {
			part.Band(i, n).Forward(&s, gotY.vec(), x.vec(), w, End{Slope: 1})
			part.Band(i, n).BackwardData(&s, gotX.vec(), y.vec(), w, End{Slope: 1})
		}
		for i, got := range gotY.vec() {
			row := i / (wo * c.Cout)
			want := y.vec()[i]
			if row >= from*Grid && row < to*Grid {
				want = wantY.vec()[i]
			}
			if math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("%+v: y[%d] is %g, want %g", part, i, got, want)
			}
		}
		for i, got := range gotX.vec() {
			row := i / (c.W * c.Cin)
			want := x.vec()[i]
			if row >= from*Grid*c.Stride && row < to*Grid*c.Stride {
				want = wantX.vec()[i]
			}
			if math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("%+v: x[%d] is %g, want %g", part, i, got, want)
			}
		}
	}
}

// TestTilesFitSpareMemory guards what multiply writes a ragged tile to.
func TestTilesFitSpareMemory(t *testing.T) {
	for _, kind := range Kinds() {
		for _, tile := range tiles(kind) {
			if tile.mr*tile.nr > maxTile || tile.nr > maxCols {
				t.Errorf("%s: a tile of %d × %d, there is room for %d numbers and %d columns", kind, tile.mr, tile.nr, maxTile, maxCols)
			}
		}
	}
}

// TestConvIsAdjoint states <Forward(x), y> = <x, BackwardData(y)> = <w, BackwardWeights(x, y)>.
func TestConvIsAdjoint(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	dot := func(a, b []float32) (s sum) {
		for i := range a {
			s.add(a[i], b[i])
		}
		return s
	}
	for _, c := range shapes(rng, 50) {
		nx, nw, ny := c.lengths()
		x, w, y := randoms(rng, nx).vec(), randoms(rng, nw).vec(), randoms(rng, ny).vec()
		fx, by, bw := make([]float32, ny), make([]float32, nx), make([]float32, nw)
		var s Scratch
		c.Forward(&s, fx, x, NewWeights(w), End{Slope: 1})
		c.BackwardData(&s, by, y, NewWeights(w), End{Slope: 1})
		c.BackwardWeights(&s, bw, x, y, false)
		a, b, d := dot(fx, y), dot(x, by), dot(w, bw)
		if bound := 1e-5 * a.size; !(math.Abs(a.v-b.v) <= bound && math.Abs(a.v-d.v) <= bound) {
			t.Errorf("%+v: <Forward(x), y> = %g, <x, BackwardData(y)> = %g, <w, BackwardWeights(x, y)> = %g, want them equal ± %g", c, a.v, b.v, d.v, bound)
		}
	}
}

// vectorKinds returns all Kinds but plain Go.
func vectorKinds() []string {
	kinds := Kinds()
	return kinds[:len(kinds)-1]
}

// TestKindsGiveTheSameBits compares the vector implementations with each other.
func TestKindsGiveTheSameBits(t *testing.T) {
	kinds := vectorKinds()
	if len(kinds) < 2 {
		t.Skipf("this machine has only %v", Kinds())
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for _, c := range shapes(rng, 200) {
		nx, nw, ny := c.lengths()
		x, w, y, bias := randoms(rng, nx), randoms(rng, nw), randoms(rng, ny), randoms(rng, c.Cout)
		var first [4]guarded
		for i, kind := range kinds {
			s := NewScratch(kind)
			got := [4]guarded{y.clone(), y.clone(), x.clone(), w.clone()}
			weights := NewWeights(w.vec())
			c.Forward(s, got[0].vec(), x.vec(), weights, End{Bias: bias.vec(), Slope: 0.1})
			c.Forward(s, got[1].vec(), x.vec(), weights, End{Add: got[1].vec(), Slope: 1})
			c.BackwardData(s, got[2].vec(), y.vec(), weights, End{Slope: 1})
			c.BackwardWeights(s, got[3].vec(), x.vec(), y.vec(), true)
			if i == 0 {
				first = got
				continue
			}
			for op, name := range []string{"Forward", "Forward, accumulating", "BackwardData", "BackwardWeights"} {
				for j, v := range got[op] {
					if math.Float32bits(v) != math.Float32bits(first[op][j]) {
						t.Fatalf("%+v: %s[%d]: %s gives %x, %s gives %x", c, name, j-guard, kind, v, kinds[0], first[op][j])
					}
				}
			}
		}
	}
}

// TestNotNumbersSpread states that what is not a number, or is infinite, reaches
// every result that it is a part of.
func TestNotNumbersSpread(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	finite := func(v float32) bool { return v-v == 0 }
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		for _, c := range shapes(rng, 50) {
			nx, nw, ny := c.lengths()
			x, w, y := randoms(rng, nx).vec(), randoms(rng, nw).vec(), randoms(rng, ny).vec()
			inX, inW, inY := rng.IntN(nx), rng.IntN(nw), rng.IntN(ny)
			x[inX], w[inW], y[inY] = bad, bad, bad
			wantY, wantX, wantW := make([]bool, ny), make([]bool, nx), make([]bool, nw)
			c.taps(func(xi, wi, yi int) {
				for i := range c.Cin {
					for o := range c.Cout {
						fromX, fromW, fromY := xi+i == inX, wi+i*c.Cout+o == inW, yi+o == inY
						wantY[yi+o] = wantY[yi+o] || fromX || fromW
						wantX[xi+i] = wantX[xi+i] || fromY || fromW
						wantW[wi+i*c.Cout+o] = wantW[wi+i*c.Cout+o] || fromX || fromY
					}
				}
			})
			for _, kind := range Kinds() {
				s := NewScratch(kind)
				gotY, gotX, gotW := make([]float32, ny), make([]float32, nx), make([]float32, nw)
				c.Forward(s, gotY, x, NewWeights(w), End{Slope: 0.5})
				c.BackwardData(s, gotX, y, NewWeights(w), End{Slope: 0.5})
				c.BackwardWeights(s, gotW, x, y, false)
				for _, r := range []struct {
					name string
					got  []float32
					want []bool
				}{{"forward", gotY, wantY}, {"backward data", gotX, wantX}, {"backward weights", gotW, wantW}} {
					for i, v := range r.got {
						if r.want[i] && finite(v) {
							t.Fatalf("%s/%+v: %s: result %d is %g, although %g is a part of it", kind, c, r.name, i, v, bad)
						}
					}
				}
			}
		}
	}
}
