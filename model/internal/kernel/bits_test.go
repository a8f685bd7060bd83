package kernel

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/bits.json anew")

// bits holds a hash of every result of some function, by what was computed.
type bits map[string]string

// add hashes results. All that is not a number counts as the same.
func (b bits) add(what string, results ...[]float32) {
	h := fnv.New64a()
	for _, r := range results {
		for _, v := range r {
			if v != v {
				v = float32(math.NaN())
			}
			binary.Write(h, binary.LittleEndian, v)
		}
	}
	b[what] = fmt.Sprintf("%016x", h.Sum64())
}

// exact returns numbers between -2 and 2 that are the same on every machine,
// which those of package math need not be.
func exact(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(int32(rng.Uint32())) * 0x1p-30
	}
	return x
}

// convBits computes convolutions of all kinds of shapes with one implementation.
func convBits(kind string) bits {
	b, rng, s := bits{}, rand.New(rand.NewPCG(1, 2)), NewScratch(kind)
	for _, c := range []Conv{
		{N: 1, H: 1, W: 1, Cin: 1, Cout: 1, K: 1, Stride: 1},
		{N: 8, H: 1, W: 1, Cin: 196, Cout: 32, K: 1, Stride: 1}, // dense
		{N: 1, H: 9, W: 11, Cin: 16, Cout: 24, K: 1, Stride: 1},
		{N: 2, H: 7, W: 8, Cin: 5, Cout: 17, K: 1, Stride: 2},
		{N: 1, H: 6, W: 9, Cin: 3, Cout: 5, K: 2, Stride: 1},
		{N: 1, H: 12, W: 13, Cin: 3, Cout: 32, K: 3, Stride: 1}, // from a picture
		{N: 1, H: 12, W: 13, Cin: 32, Cout: 3, K: 3, Stride: 1}, // to a picture
		{N: 1, H: 12, W: 13, Cin: 3, Cout: 32, K: 3, Stride: 2}, // to a picture, transposed
		{N: 2, H: 14, W: 14, Cin: 16, Cout: 32, K: 3, Stride: 2},
		{N: 1, H: 3, W: 130, Cin: 4, Cout: 33, K: 3, Stride: 1}, // rows longer than a block of BackwardWeights
		{N: 1, H: 8, W: 8, Cin: 17, Cout: 33, K: 5, Stride: 2},
		{N: 1, H: 9, W: 9, Cin: 8, Cout: 48, K: 7, Stride: 4},
		{N: 2, H: 8, W: 8, Cin: 32, Cout: 32, K: 3, Stride: 1}, // by minimal filtering from here on
		{N: 1, H: 7, W: 6, Cin: 48, Cout: 72, K: 3, Stride: 1},
		{N: 1, H: 5, W: 34, Cin: 64, Cout: 40, K: 3, Stride: 1},
		{N: 1, H: 14, W: 13, Cin: 32, Cout: 40, K: 3, Stride: 2},
		{N: 1, H: 13, W: 12, Cin: 40, Cout: 32, K: 5, Stride: 2},
	} {
		nx, nw, ny := c.lengths()
		x, w, y := exact(rng, nx), exact(rng, nw), exact(rng, ny)
		in, out := exact(rng, c.Cin), exact(rng, c.Cout)
		weights, dw := NewWeights(w), make([]float32, nw)
		c.BackwardWeights(s, dw, x, y, false)
		c.BackwardWeights(s, dw, x, y, true)
		b.add(fmt.Sprintf("%+v: backward weights", c), dw)
		c.Forward(s, y, x, weights, End{Bias: out, Slope: 0.125})
		c.Forward(s, y, x, weights, End{Add: y, Slope: 1})
		b.add(fmt.Sprintf("%+v: forward", c), y)
		c.BackwardData(s, x, y, weights, End{Bias: in, Add: x, Slope: 0.125})
		b.add(fmt.Sprintf("%+v: backward data", c), x)
	}
	return b
}

// loopBits computes all other loops, over numbers of which some are none.
func loopBits() bits {
	const n, rows = 83, 7
	b, rng := bits{}, rand.New(rand.NewPCG(3, 4))
	numbers := func(n int) []float32 {
		x := exact(rng, n)
		for i := range x {
			x[i] = special(rng, x[i])
		}
		return x
	}
	for _, l := range elementwise {
		v := [4][]float32{numbers(n), numbers(n), numbers(n), numbers(n)}
		l.run(v[0], v[1], v[2], v[3])
		b.add(l.name, v[:]...)
	}
	sums, dy, y := numbers(n), numbers(rows*n), numbers(rows*n)
	ColumnSums(sums, y)
	b.add("column sums", sums)
	ReLUGradSums(sums, dy, y, 0.1)
	b.add("relu gradient and sums", sums, dy)
	x, z := exact(rng, n), exact(rng, n)
	b.add("squares", float64Bits(SquaredError(x, z)), float64Bits(SquaredNorm(x)))
	for i, v := range x {
		x[i], z[i] = Exp(16*v), Log(abs(v))
	}
	b.add("exp and log", x, z)
	return b
}

// float64Bits returns the halves of a number.
func float64Bits(v float64) []float32 {
	u := math.Float64bits(v)
	return []float32{math.Float32frombits(uint32(u)), math.Float32frombits(uint32(u >> 32))}
}

// stored returns what testdata/bits.json holds, which -update writes.
func stored(t *testing.T) (want bits) {
	t.Helper()
	const path = "testdata/bits.json"
	if *update {
		all := loopBits()
		maps.Copy(all, convBits(vectorKinds()[0]))
		text, err := json.MarshalIndent(all, "", "\t")
		if err == nil {
			err = os.WriteFile(path, append(text, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	return want
}

// TestBits holds every loop in every vector implementation to the bits in
// testdata/bits.json, so that processors that never meet agree. They were
// written on an amd64 processor with AVX-512 by
//
//	go test ./model/internal/kernel -run TestBits -update
func TestBits(t *testing.T) {
	want := stored(t)
	same := func(kind string, got bits) {
		for what, hash := range got {
			if hash != want[what] {
				t.Errorf("%s: %s: the bits have the hash %s, want %s", kind, what, hash, want[what])
			}
		}
	}
	same("numbers", loopBits())
	for _, kind := range vectorKinds() {
		same(kind, convBits(kind))
	}
}
