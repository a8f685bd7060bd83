package embed

import (
	"math"
	"slices"
	"testing"
)

// TestNewSamplesLieAmongTheirKind and come back as something of their kind.
func TestNewSamplesLieAmongTheirKind(t *testing.T) {
	x, labels := groups(480, 12, 6)
	other, otherLabels := x[400*12:], labels[400:]
	x, labels = x[:400*12], labels[:400]
	s := laidOut(t, x, 12, 300, usual)
	places, err := s.Place(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	near, err := Neighbours(t.Context(), places, s.Positions(), 2, 5, nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := s.Restore(t.Context(), places)
	if err != nil {
		t.Fatal(err)
	}
	like, err := Neighbours(t.Context(), back, x, 12, 5, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range otherLabels {
		if got := Vote(near[i], labels); got != want {
			t.Errorf("sample %d of group %d lies among group %d", i, want, got)
		}
		if got := Vote(like[i], labels); got != want {
			t.Errorf("sample %d of group %d comes back as one of group %d", i, want, got)
		}
	}
}

// TestMostNeighboursDecideWhereASampleLies: three in one place draw it there from two in another, where the mean would be
// between.
func TestMostNeighboursDecideWhereASampleLies(t *testing.T) {
	s := &TSNE{y: []float32{5, 1, 5, 1, 5, 1, -5, 0, -5, 0}}
	near := []Neighbour{{Index: 0}, {Index: 1}, {Index: 2}, {Index: 3}, {Index: 4}}
	if x, y := s.median(near, []float64{.2, .2, .2, .2, .2}); math.Hypot(x-5, y-1) > 0.05 {
		t.Errorf("it lies at %g, %g, want 5, 1", x, y)
	}
	s.y = []float32{0, 0, 4, 0, 0, 3} // the Fermat point of a triangle with a right angle
	x, y := s.median(near[:3], []float64{1, 1, 1})
	sum := func(x, y float64) float64 { return math.Hypot(x, y) + math.Hypot(x-4, y) + math.Hypot(x, y-3) }
	for _, d := range [][2]float64{{.1, 0}, {-.1, 0}, {0, .1}, {0, -.1}} {
		if sum(x+d[0], y+d[1]) < sum(x, y) {
			t.Errorf("from %g, %g the distances sum to %g, from %g away to less", x, y, sum(x, y), d)
		}
	}
}

// TestPlaceOfASampleIsRestored as that sample, and nothing leaps on the way to another.
func TestPlaceOfASampleIsRestored(t *testing.T) {
	s := laidOut(t, cloud(5, 30, 3, 0.9), 3, 200, usual)
	got, err := s.Restore(t.Context(), s.Positions())
	if err != nil || !slices.Equal(got, s.samples) {
		t.Errorf("the places of all samples give others: %v", err)
	}
	var way []float32
	const steps = 20000
	for i := range steps {
		u := float32(i) / steps
		way = append(way, float32(s.y[0]*(1-u))+float32(s.y[40]*u), float32(s.y[1]*(1-u))+float32(s.y[41]*u))
	}
	if got, err = s.Restore(t.Context(), way); err != nil {
		t.Fatal(err)
	}
	for i := 3; i < len(got); i++ {
		if leap := math.Abs(float64(got[i] - got[i-3])); leap > 0.05 {
			t.Fatalf("step %d of %d leaps by %g", i/3, steps, leap)
		}
	}
}

// TestFogCountsSamples: at every place the support is the formula's, whole samples in a place count
// 1, and there is none where none is near.
func TestFogCountsSamples(t *testing.T) {
	points := cloud(9, 400, 2, 0.7)
	low, high := [2]float64{-3, -2}, [2]float64{3.5, 3}
	f, err := NewFog(t.Context(), points, low, high, 37, 23, 0.8)
	if err != nil {
		t.Fatal(err)
	}
	for r := range 23 {
		for c := range 37 {
			x, y := -3+6.5*(float64(c)+0.5)/37, -2+5*(float64(r)+0.5)/23
			var want float64
			for i := 0; i < len(points); i += 2 {
				if u := (math.Pow(float64(points[i])-x, 2) + math.Pow(float64(points[i+1])-y, 2)) / 0.64; u < 1 {
					want += (1 - u) * (1 - u)
				}
			}
			if got := Support(points, x, y, 0.8); math.Abs(got-want) > 1e-9 {
				t.Fatalf("the support of %g, %g is %g, want %g", x, y, got, want)
			}
			if got := float64(f.Support[r*37+c]); math.Abs(got-want) > 1e-4 {
				t.Fatalf("cell %d of row %d has the support %g, want %g", c, r, got, want)
			}
		}
	}
	if got := Support([]float32{1, 2, 1, 2}, 1, 2, 0.1); got != 2 {
		t.Errorf("two samples in a place count %g", got)
	}
	if got := Support(points, 1000, 0, 0.8); got != 0 {
		t.Errorf("far from all samples the support is %g", got)
	}
}

// TestReachHoldsTheTenth of an even row of samples: five on either side.
func TestReachHoldsTheTenth(t *testing.T) {
	var row []float32
	for i := range 1001 {
		row = append(row, float32(i), 0)
	}
	for _, c := range []struct {
		points []float32
		want   float64
	}{{row, 10}, {row[:2], 1}, {row[:4], 2}, {make([]float32, 80), 1}, {append(make([]float32, 80), 3, 0), 6}} {
		if got, err := Reach(t.Context(), c.points); err != nil || got != c.want {
			t.Errorf("%d samples: a reach of %g, %v, want %g", len(c.points)/2, got, err, c.want)
		}
	}
}

// TestFogIsThatOfItsSamplesInAnyOrder but for the last bits.
func TestFogIsThatOfItsSamplesInAnyOrder(t *testing.T) {
	points := cloud(10, 100, 2, 0.7)
	back := slices.Clone(points)
	for i := range 100 {
		copy(back[2*i:], points[2*(99-i):2*(99-i)+2])
	}
	one, err := NewFog(t.Context(), points, [2]float64{-2, -2}, [2]float64{2, 2}, 9, 9, 1)
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewFog(t.Context(), back, [2]float64{-2, -2}, [2]float64{2, 2}, 9, 9, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range one.Support {
		if math.Abs(float64(v-other.Support[i])) > 1e-5 {
			t.Errorf("cell %d: %g and %g", i, v, other.Support[i])
		}
	}
}
