package embed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// usual are the options of most tests.
var usual = TSNEOptions{Perplexity: 10, Theta: Theta, Early: 80, Seed: 1}

// groups draws n samples of d numbers around so many centres that are far apart, in turn.
func groups(n, d, centres int) (x []float32, labels []int) {
	rng := rand.New(rand.NewPCG(4, uint64(n)))
	middle := make([]float64, centres*d)
	for i := range middle {
		middle[i] = 10 * rng.NormFloat64()
	}
	for i := range n {
		c := i % centres
		labels = append(labels, c)
		for j := range d {
			x = append(x, float32(middle[c*d+j]+rng.NormFloat64()))
		}
	}
	return x, labels
}

// laidOut takes so many steps.
func laidOut(t testing.TB, x []float32, d, steps int, o TSNEOptions) *TSNE {
	t.Helper()
	s, err := NewTSNE(t.Context(), x, d, o)
	if err != nil {
		t.Fatal(err)
	}
	for range steps {
		if err := s.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// agreement is the share of samples that their five nearest have the label of.
func agreement(t testing.TB, x []float32, d int, labels []int) float64 {
	t.Helper()
	self := make([]int, len(labels))
	for i := range self {
		self[i] = i
	}
	near, err := Neighbours(t.Context(), x, x, d, 5, self)
	if err != nil {
		t.Fatal(err)
	}
	hits := 0
	for i, list := range near {
		if Vote(list, labels) == labels[i] {
			hits++
		}
	}
	return float64(hits) / float64(len(labels))
}

// TestGroupsStayApart on the plane: every sample has its own kind around it, and no two groups
// overlap.
func TestGroupsStayApart(t *testing.T) {
	x, labels := groups(400, 20, 8)
	s := laidOut(t, x, 20, 400, usual)
	if got := agreement(t, s.Positions(), 2, labels); got != 1 {
		t.Errorf("%.3f of the samples have their own kind around them, want all", got)
	}
	y, middle := s.Positions(), make([]float64, 16)
	for i, c := range labels {
		middle[2*c] += float64(y[2*i]) / 50
		middle[2*c+1] += float64(y[2*i+1]) / 50
	}
	for i, c := range labels {
		own := math.Hypot(float64(y[2*i])-middle[2*c], float64(y[2*i+1])-middle[2*c+1])
		for o := range 8 {
			if far := math.Hypot(float64(y[2*i])-middle[2*o], float64(y[2*i+1])-middle[2*o+1]); o != c && far < own {
				t.Fatalf("sample %d is %.1f from the middle of its group and %.1f from that of another", i, own, far)
			}
		}
	}
	if s.Done() != 400 {
		t.Errorf("%d steps were counted, 400 were taken", s.Done())
	}
}

// TestManyWideSamplesAreLaidOut: their components are found by a few turns of an iteration only, which keeps groups apart.
func TestManyWideSamplesAreLaidOut(t *testing.T) {
	x, labels := groups(largest+40, largest+4, 6)
	if got := agreement(t, laidOut(t, x, largest+4, 60, TSNEOptions{Perplexity: 10, Theta: 1, Early: 30}).y, 2, labels); got != 1 {
		t.Errorf("%.3f of the samples have their own kind around them, want all", got)
	}
}

// TestGradientIsThatOfTheDivergence compares forces with differences of the Kullback-Leibler
// divergence, written out as in the paper, in float64.
func TestGradientIsThatOfTheDivergence(t *testing.T) {
	x, _ := groups(60, 5, 3)
	s := laidOut(t, x, 5, 100, TSNEOptions{Perplexity: 8, Early: 50})
	n := 60
	p := make([]float64, n*n)
	for i := range n {
		for k := s.pull.begin[i]; k < s.pull.begin[i+1]; k++ {
			p[i*n+int(s.pull.of[k])] = float64(s.pull.p[k])
		}
	}
	y := make([]float64, 2*n)
	for i, v := range s.y {
		y[i] = float64(v)
	}
	divergence := func() (all float64) {
		q, sum := make([]float64, n*n), 0.0
		for i := range n {
			for j := range n {
				if i != j {
					q[i*n+j] = 1 / (1 + math.Pow(y[2*i]-y[2*j], 2) + math.Pow(y[2*i+1]-y[2*j+1], 2))
					sum += q[i*n+j]
				}
			}
		}
		for k, v := range p {
			if v > 0 {
				all += v * math.Log(v/(q[k]/sum))
			}
		}
		return all
	}
	if got, err := s.Divergence(t.Context()); err != nil || math.Abs(got-divergence()) > 1e-5 {
		t.Errorf("the divergence is %g, %v, want %g", got, err, divergence())
	}
	sum, err := s.repel(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		px, py := s.pull.on(i, s.y)
		for axis, pull := range []float32{px, py} {
			const h = 1e-4
			k := 2*i + axis
			old := y[k]
			y[k] = old + h
			up := divergence()
			y[k] = old - h
			down := divergence()
			y[k] = old
			got := 4 * (float64(pull) - float64(s.push[k])/sum)
			if want := (up - down) / (2 * h); math.Abs(got-want) > 1e-6 {
				t.Errorf("coordinate %d: the gradient is %g, differences say %g", k, got, want)
			}
		}
	}
}

// TestFarCellsActAsOne and hardly change the forces; with theta 0 there are none, and forces are
// those of all pairs, also where places are the same.
func TestFarCellsActAsOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	const n = 3000
	y := make([]float32, 2*n)
	for i := range y {
		y[i] = float32(20 * rng.NormFloat64())
	}
	for i := range 100 { // more in one place than a leaf holds
		copy(y[2*i:], y[:2])
	}
	force, share := make([]float64, 2*n), make([]float64, n)
	var size float64
	for i := range n {
		for j := range n {
			if i != j {
				dx, dy := float64(y[2*i]-y[2*j]), float64(y[2*i+1]-y[2*j+1])
				q := 1 / (1 + dx*dx + dy*dy)
				share[i] += q
				force[2*i] += q * q * dx
				force[2*i+1] += q * q * dy
			}
		}
		size += math.Hypot(force[2*i], force[2*i+1]) / n
	}
	for _, c := range []struct {
		theta float32
		most  float64 // mean error of the forces, over their mean size
	}{{0, 5e-6}, {0.3, 6e-3}, {0.5, 2e-2}, {1, 0.12}} {
		tr := tree{theta: c.theta}
		tr.plant(y)
		var off, shares float64
		for k, i := range tr.order {
			fx, fy, s := tr.push(k)
			off += math.Hypot(float64(fx)-force[2*i], float64(fy)-force[2*i+1]) / (n * size)
			shares += math.Abs(float64(s)/share[i]-1) / n
		}
		if off > c.most || shares > c.most {
			t.Errorf("theta %g: forces are off by %.2g of their size and shares by %.2g, want %.2g at most", c.theta, off, shares, c.most)
		}
		if c.theta > 0 && off < 1e-5 {
			t.Errorf("theta %g: forces are off by %.2g, so no cell acted as one", c.theta, off)
		}
	}
}

// TestTreeHoldsAllPlaces once, in nodes whose masses add up.
func TestTreeHoldsAllPlaces(t *testing.T) {
	for _, n := range []int{1, 2, 8, 9, 1000} {
		y := cloud(uint64(n), n, 2, 0.9)
		var tr tree
		tr.plant(y)
		seen := slices.Clone(tr.order)
		slices.Sort(seen)
		held := 0
		for _, at := range tr.nodes {
			held += int(at.end - at.from)
		}
		if seen[0] != 0 || seen[n-1] != int32(n-1) || len(slices.Compact(seen)) != n || held != n || tr.nodes[0].mass != float32(n) || int(tr.nodes[0].after) != len(tr.nodes) {
			t.Errorf("%d places: leaves hold %d, the first node has %g", n, held, tr.nodes[0].mass)
		}
	}
}

// TestWeightsHaveTheirPerplexity whatever the scale of distances.
func TestWeightsHaveTheirPerplexity(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, scale := range []float64{1e-6, 1, 1e9} {
		near := make([]Neighbour, 90)
		for i := range near {
			near[i].Distance = scale * (3 + rng.Float64())
		}
		slices.SortFunc(near, func(a, b Neighbour) int { return int(math.Copysign(1, a.Distance-b.Distance)) })
		for _, want := range []float64{1.5, 5, 30} {
			var sum, entropy float64
			for _, w := range weigh(near, want) {
				sum += w
				if w > 0 {
					entropy -= w * math.Log(w)
				}
			}
			if got := math.Exp(entropy); math.Abs(got-want) > 1e-3 || math.Abs(sum-1) > 1e-12 {
				t.Errorf("scale %g: weights of the sum %g and the perplexity %g, want %g", scale, sum, got, want)
			}
		}
	}
	for _, near := range [][]Neighbour{{{Distance: 1}}, {{Distance: 2}, {Distance: 2}, {Distance: 2}}, {{}, {Distance: 1}}} {
		for _, w := range weigh(near, 5) {
			if w != 1/float64(len(near)) {
				t.Errorf("of %d neighbours, as many as the perplexity or as far, one weighs %g", len(near), w)
			}
		}
	}
}

// TestAffinitiesAreMutual and sum to 1.
func TestAffinitiesAreMutual(t *testing.T) {
	x, _ := groups(200, 6, 4)
	s := laidOut(t, x, 6, 0, usual)
	var sum float64
	pairs := map[[2]int]float32{}
	for i := range 200 {
		for k := s.pull.begin[i]; k < s.pull.begin[i+1]; k++ {
			pair := [2]int{i, int(s.pull.of[k])}
			if _, twice := pairs[pair]; twice || pair[0] == pair[1] {
				t.Fatalf("the pair %v is listed twice, or one of itself", pair)
			}
			pairs[pair] = s.pull.p[k]
			sum += float64(s.pull.p[k])
		}
	}
	for pair, p := range pairs {
		if back := pairs[[2]int{pair[1], pair[0]}]; math.Abs(float64(p-back)) > 1e-9 {
			t.Errorf("%v: %g one way, %g the other", pair, p, back)
		}
	}
	if math.Abs(sum-1) > 1e-5 {
		t.Errorf("affinities sum to %g", sum)
	}
}

// TestThreadsDoNotShow in the positions, not in a bit.
func TestThreadsDoNotShow(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	x, _ := groups(700, 60, 5)
	var first []float32
	for _, threads := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(threads)
		got := laidOut(t, x, 60, 60, TSNEOptions{Perplexity: 20, Theta: Theta, Early: 30, Seed: 5}).Positions()
		if first == nil {
			first = got
		}
		if !slices.Equal(first, got) {
			t.Errorf("%d threads give other positions than one", threads)
		}
	}
	if other := laidOut(t, x, 60, 60, TSNEOptions{Perplexity: 20, Theta: Theta, Early: 30, Seed: 6}).Positions(); slices.Equal(first, other) {
		t.Error("another seed gives the same positions")
	}
}

// TestOddSamplesAreLaidOut in finite places: few, all the same, on a line, beyond what float32 can
// square, of one number; and the perplexity is what they allow.
func TestOddSamplesAreLaidOut(t *testing.T) {
	same, line, huge, tiny := make([]float32, 50*4), make([]float32, 50*4), make([]float32, 50*4), make([]float32, 50*4)
	for i := range 50 {
		for j := range 4 {
			same[i*4+j] = 7
			line[i*4+j] = float32(i)
			huge[i*4+j] = 1e30 * float32(i*j%7)
			tiny[i*4+j] = 1e-30 * float32(i*j%7)
		}
	}
	for name, c := range map[string]struct {
		x          []float32
		d          int
		perplexity float64
	}{
		"one": {same[:4], 4, 1}, "two": {line[:8], 4, 1}, "three": {line[:12], 4, 1}, "three alike": {same[:12], 4, 1}, "ten": {line[:40], 4, 3},
		"fifty": {line, 4, 10}, "all the same": {same, 4, 10}, "of one number": {line, 1, 10}, "huge": {huge, 4, 10}, "tiny": {tiny, 4, 10},
	} {
		s := laidOut(t, c.x, c.d, 600, usual)
		if s.Perplexity() != c.perplexity {
			t.Errorf("%s: a perplexity of %g, want %g", name, s.Perplexity(), c.perplexity)
		}
		y := s.Positions()
		if i := slices.IndexFunc(y, func(v float32) bool { return wild(v) || v > 1e5 || v < -1e5 }); i >= 0 {
			t.Errorf("%s: coordinate %d of %d is %g", name, i, len(y), y[i])
		}
		if d, err := s.Divergence(t.Context()); err != nil || math.IsNaN(d) || math.IsInf(d, 0) {
			t.Errorf("%s: the divergence is %g, %v", name, d, err)
		}
		for what, f := range map[string]func() ([]float32, error){
			"placed":   func() ([]float32, error) { return s.Place(t.Context(), c.x[:c.d]) },
			"restored": func() ([]float32, error) { return s.Restore(t.Context(), []float32{3, -4}) },
		} {
			if got, err := f(); err != nil || len(got) == 0 || slices.ContainsFunc(got, wild) {
				t.Errorf("%s, %s: %v, %v", name, what, got, err)
			}
		}
		if r, err := Reach(t.Context(), y); err != nil || !(r > 0) || math.IsInf(r, 0) {
			t.Errorf("%s: a reach of %g, %v", name, r, err)
		}
	}
}

// TestPlaneRefuses samples that are no numbers, or not there.
func TestPlaneRefuses(t *testing.T) {
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		x    []float32
		want error
	}{
		"none": {nil, ErrFew}, "one that is no number": {[]float32{1, nan}, ErrNumber}, "infinite": {[]float32{1, 2, 3, float32(math.Inf(-1))}, ErrNumber},
		"no number among others": {[]float32{1, 2, nan, 4, 5, 6}, ErrNumber},
	} {
		if _, err := NewTSNE(t.Context(), c.x, 2, usual); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	s := laidOut(t, cloud(3, 40, 2, 0.9), 2, 5, usual)
	if _, err := s.Place(t.Context(), []float32{1, nan}); !errors.Is(err, ErrNumber) {
		t.Errorf("a place for no number: %v", err)
	}
	for _, place := range [][]float32{{0, nan}, {float32(math.Inf(1)), 0}, {math.MaxFloat32, math.MaxFloat32}} {
		if got, err := s.Restore(t.Context(), place); err == nil && slices.ContainsFunc(got, wild) || err != nil && !errors.Is(err, ErrNumber) {
			t.Errorf("the place %v gives %v, %v", place, got, err)
		}
	}
}

// TestStoppedStepMovesNothing and the next one is as if nothing had been.
func TestStoppedStepMovesNothing(t *testing.T) {
	x, _ := groups(300, 6, 4)
	s, other := laidOut(t, x, 6, 20, usual), laidOut(t, x, 6, 20, usual)
	before := s.Positions()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Step(ctx); !errors.Is(err, context.Canceled) || !slices.Equal(before, s.Positions()) || s.Done() != 20 {
		t.Errorf("stopped with %v after %d steps", err, s.Done())
	}
	if _, err := NewTSNE(ctx, x, 6, usual); !errors.Is(err, context.Canceled) {
		t.Errorf("begun with %v", err)
	}
	for _, s := range []*TSNE{s, other} {
		if err := s.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(s.Positions(), other.Positions()) {
		t.Error("a step after one that was stopped leads elsewhere")
	}
}

// TestStepsLowerTheDivergence once the exaggeration is over.
func TestStepsLowerTheDivergence(t *testing.T) {
	x := cloud(8, 500, 10, 0.8)
	s := laidOut(t, x, 10, 100, usual)
	last := math.Inf(1)
	for range 4 {
		now, err := s.Divergence(t.Context())
		if err != nil || now >= last {
			t.Errorf("after %d steps the divergence is %g, before it was %g: %v", s.Done(), now, last, err)
		}
		last = now
		for range 50 {
			if err := s.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func BenchmarkTSNE(b *testing.B) {
	for _, n := range []int{5000, 60000} {
		x, _ := groups(n, 16, 40)
		o := TSNEOptions{Perplexity: Perplexity, Theta: Theta, Early: Early}
		b.Run(fmt.Sprintf("begin-%d", n), func(b *testing.B) {
			for b.Loop() {
				laidOut(b, x, 16, 0, o)
			}
		})
		s := laidOut(b, x, 16, 0, o)
		b.Run(fmt.Sprintf("step-%d", n), func(b *testing.B) {
			for b.Loop() {
				if err := s.Step(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
