package embed

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// TestNeighboursAreTheNearest compares every pair one by one, in samples far from zero whose
// products would round away what lies between them, and with doubles among them.
func TestNeighboursAreTheNearest(t *testing.T) {
	for _, c := range []struct{ n, m, d, k int }{{70, 450, 3, 5}, {5, 3, 7, 5}, {1, 1, 1, 1}, {130, 385, 16, 1}} {
		rng := rand.New(rand.NewPCG(1, uint64(c.n)))
		draw := func(n int) []float32 {
			x := make([]float32, n*c.d)
			for i := range x {
				x[i] = 1000 + float32(rng.IntN(40))/8
			}
			return x
		}
		queries, references := draw(c.n), draw(c.m)
		copy(references, queries[:c.d])
		got, err := Neighbours(t.Context(), queries, references, c.d, c.k, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.n {
			want := byHand(queries[i*c.d:][:c.d], references, c.d, -1)
			if want = want[:min(c.k, c.m)]; !slices.Equal(got[i], want) {
				t.Errorf("%+v, query %d: nearest are %v, want %v", c, i, got[i], want)
			}
		}
	}
}

// TestNobodyIsTheirOwnNeighbour asks for the neighbours of the references themselves.
func TestNobodyIsTheirOwnNeighbour(t *testing.T) {
	const d = 4
	x := cloud(7, 300, d, 0.8)
	self := make([]int, 300)
	for i := range self {
		self[i] = i
	}
	got, err := Neighbours(t.Context(), x, x, d, 5, self)
	if err != nil {
		t.Fatal(err)
	}
	for i := range self {
		if want := byHand(x[i*d:][:d], x, d, i)[:5]; !slices.Equal(got[i], want) {
			t.Fatalf("sample %d: nearest are %v, want %v", i, got[i], want)
		}
	}
}

func byHand(q, references []float32, d, self int) (all []Neighbour) {
	for j := range len(references) / d {
		var sum float64
		for l, v := range references[j*d : (j+1)*d] {
			e := float64(q[l]) - float64(v)
			sum += e * e
		}
		if j != self {
			all = append(all, Neighbour{j, math.Sqrt(sum)})
		}
	}
	slices.SortStableFunc(all, func(a, b Neighbour) int {
		switch {
		case a.Distance < b.Distance:
			return -1
		case a.Distance > b.Distance:
			return 1
		}
		return 0
	})
	return all
}

// TestSearchStops when its context is done.
func TestSearchStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	x := cloud(8, 2000, 8, 0.8)
	if _, err := Neighbours(ctx, x, x, 8, 3, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// TestMostNeighboursDecide and the nearest where as many are for one as for another.
func TestMostNeighboursDecide(t *testing.T) {
	labels := []int{4, 7, 7, 4, 9}
	for _, c := range []struct {
		near []int
		want int
	}{{[]int{0, 1, 2}, 7}, {[]int{0, 1, 2, 3}, 4}, {[]int{4, 1}, 9}, {nil, -1}} {
		var near []Neighbour
		for _, i := range c.near {
			near = append(near, Neighbour{Index: i})
		}
		if got := Vote(near, labels); got != c.want {
			t.Errorf("neighbours %v vote for %d, want %d", c.near, got, c.want)
		}
	}
}

// TestProbeFindsPlanes tells three classes apart that planes part, in numbers of very
// different scale, and no better than the commonest class where the numbers say nothing.
func TestProbeFindsPlanes(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	const n = 900
	x, noise, labels := make([]float32, 2*n), make([]float32, 2*n), make([]int, n)
	for i := range n {
		labels[i] = i % 3
		x[2*i] = 1e4 * float32(float64(labels[i])+0.2*rng.NormFloat64())
		x[2*i+1] = 1e-3 * float32(float64(labels[i]*labels[i])+0.2*rng.NormFloat64())
		noise[2*i], noise[2*i+1] = rng.Float32(), 5
	}
	right := func(x []float32) float64 {
		p, err := FitProbe(x[:4*n/3], labels[:2*n/3], 2, 3)
		if err != nil {
			t.Fatal(err)
		}
		hits := 0
		for i, c := range p.Classify(x[4*n/3:]) {
			if c == labels[2*n/3+i] {
				hits++
			}
		}
		return float64(hits) / (n / 3)
	}
	if got := right(x); got < 0.97 {
		t.Errorf("%.3f right of classes that planes part", got)
	}
	if got := right(noise); got > 0.5 {
		t.Errorf("%.3f right of classes that nothing tells apart", got)
	}
}

// TestProbeGradient compares it with differences.
func TestProbeGradient(t *testing.T) {
	x := cloud(9, 40, 3, 0.7)
	labels := make([]int, 40)
	for i := range labels {
		labels[i] = i % 3
	}
	p := &Probe{mean: make([]float64, 3), scale: make([]float64, 3)}
	if err := p.measure(x); err != nil {
		t.Fatal(err)
	}
	f := fitting{p.rows(x), labels, mat.NewDense(40, 3, nil)}
	w, grad := make([]float64, 12), make([]float64, 12)
	for i := range w {
		w[i] = math.Sin(float64(i))
	}
	f.loss(w, grad)
	for i := range w {
		const h = 1e-5
		old := w[i]
		w[i] = old + h
		up := f.loss(w, nil)
		w[i] = old - h
		down := f.loss(w, nil)
		w[i] = old
		if want := (up - down) / (2 * h); math.Abs(grad[i]-want) > 1e-7 {
			t.Errorf("weight %d: the gradient is %g, differences say %g", i, grad[i], want)
		}
	}
}

func BenchmarkNeighbours(b *testing.B) {
	q, r := cloud(1, 10000, 16, 0.9), cloud(2, 60000, 16, 0.9)
	for b.Loop() {
		if _, err := Neighbours(b.Context(), q, r, 16, 5, nil); err != nil {
			b.Fatal(err)
		}
	}
}
