package embed

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// cloud draws n samples of d numbers whose variances fall by a factor from one hidden
// direction to the next, around a mean.
func cloud(seed uint64, n, d int, fall float64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 1))
	hidden := min(d, 24)
	turn := mat.NewDense(hidden, d, nil)
	for i := range turn.RawMatrix().Data {
		turn.RawMatrix().Data[i] = rng.NormFloat64()
	}
	orthonormal(turn)
	x := make([]float32, n*d)
	for i := range n {
		for h := range hidden {
			e := rng.NormFloat64() * math.Pow(fall, float64(h)/2)
			for j, v := range turn.RawRowView(h) {
				x[i*d+j] += float32(e * v)
			}
		}
		for j := range d {
			x[i*d+j] += float32(j%7) / 7
		}
	}
	return x
}

func lost(x, y []float32, n int) (sum float64) {
	for i, v := range x {
		e := float64(v - y[i])
		sum += e * e / float64(n)
	}
	return sum
}

// TestFitAgreesWithGonum compares variances and components with gonum's PCA by singular
// values, which takes the samples apart and not their covariance.
func TestFitAgreesWithGonum(t *testing.T) {
	const n, d, k = 400, 20, 6
	x := cloud(1, n, d, 0.6)
	p, err := Fit(x, n, d, k)
	if err != nil {
		t.Fatal(err)
	}
	rows := mat.NewDense(n, d, nil)
	for i, v := range x {
		rows.Set(i/d, i%d, float64(v))
	}
	var pc stat.PC
	if !pc.PrincipalComponents(rows, nil) {
		t.Fatal("gonum has no components")
	}
	var vectors mat.Dense
	pc.VectorsTo(&vectors)
	for i, v := range pc.VarsTo(nil)[:k] {
		if v *= float64(n-1) / n; math.Abs(p.Variances[i]-v) > 1e-9*v {
			t.Errorf("variance %d is %g, gonum's is %g", i, p.Variances[i], v)
		}
		if dot := mat.Dot(vectors.ColView(i), p.Components.RowView(i)); math.Abs(math.Abs(dot)-1) > 1e-9 {
			t.Errorf("component %d and gonum's have the cosine %g", i, dot)
		}
	}
}

// TestWaysAgree takes the same samples apart by covariance, by products and by iteration.
func TestWaysAgree(t *testing.T) {
	const n, d, k = 90, 130, 5
	x := cloud(2, n, d, 0.7)
	p, err := Fit(x, n, d, k)
	if err != nil {
		t.Fatal(err)
	}
	s := samples{x, n, d, p.Mean}
	for name, way := range map[string]func(k int) ([]float64, *mat.Dense){"covariance": s.byCovariance, "products": s.byGram, "iteration": func(k int) ([]float64, *mat.Dense) { return s.byIteration(k, mostTurns) }} {
		variances, components := way(k)
		for i := range k {
			if math.Abs(variances[i]-p.Variances[i]) > 1e-8*p.Variances[0] {
				t.Errorf("%s: variance %d is %g, want %g", name, i, variances[i], p.Variances[i])
			}
			if dot := mat.Dot(components.RowView(i), p.Components.RowView(i)); math.Abs(math.Abs(dot)-1) > 1e-6 {
				t.Errorf("%s: component %d is off by a cosine of %g", name, i, dot)
			}
		}
	}
}

// TestWhatIsLostIsWhatIsLeftOut projects, restores, and finds the variances of all other
// directions missing; with all components nothing is.
func TestWhatIsLostIsWhatIsLeftOut(t *testing.T) {
	const n, d = 3000, 12 // more samples than are looked at at a time
	x := cloud(3, n, d, 0.5)
	for _, k := range []int{1, 3, d} {
		p, err := Fit(x, n, d, k)
		if err != nil {
			t.Fatal(err)
		}
		want := p.Total
		for _, v := range p.Variances {
			want -= v
		}
		if got := lost(x, p.Restore(p.Project(x)), n); math.Abs(got-want) > 1e-5*p.Total {
			t.Errorf("%d components lose %g a sample, and leave out %g", k, got, want)
		}
	}
}

// TestComponentsAreOrthonormal also where samples are all the same, or span too little.
func TestComponentsAreOrthonormal(t *testing.T) {
	flat := make([]float32, 40*6)
	line := make([]float32, 40*6)
	for i := range 40 {
		for j := range 6 {
			flat[i*6+j] = float32(j)
			line[i*6+j] = float32(i * j)
		}
	}
	for name, x := range map[string][]float32{"cloud": cloud(4, 40, 6, 0.5), "all the same": flat, "on a line": line} {
		p, err := Fit(x, 40, 6, 4)
		if err != nil {
			t.Fatal(name, err)
		}
		s := samples{x, 40, 6, p.Mean}
		_, gram := s.byGram(4)
		_, iterated := s.byIteration(4, mostTurns)
		for way, c := range map[string]*mat.Dense{"fit": p.Components, "products": gram, "iteration": iterated} {
			var product mat.Dense
			product.Mul(c, c.T())
			if diff := distance(&product); diff > 1e-9 {
				t.Errorf("%s, %s: rows times rows are off the identity by %g", name, way, diff)
			}
		}
	}
}

func distance(m *mat.Dense) (most float64) {
	n, _ := m.Dims()
	for i := range n {
		for j := range n {
			want := 0.0
			if i == j {
				want = 1
			}
			most = max(most, math.Abs(m.At(i, j)-want))
		}
	}
	return most
}

// TestAngle turns one of two directions by a known angle, and mixes both, which is no turn.
func TestAngle(t *testing.T) {
	p := &PCA{Components: mat.NewDense(2, 4, []float64{1, 0, 0, 0, 0, 1, 0, 0})}
	for _, want := range []float64{0, 1e-6, 0.3, math.Pi / 2} {
		c, s := float32(math.Cos(want)), float32(math.Sin(want))
		if got := p.Angle([]float32{2, 0, 0, 0, 5, c, s, 0}); math.Abs(got-want) > 1e-7 {
			t.Errorf("a turn by %g is an angle of %g", want, got)
		}
	}
}

// TestFitRefuses names what cannot be.
func TestFitRefuses(t *testing.T) {
	x := cloud(5, 10, 4, 0.5)
	bad := append([]float32(nil), x...)
	bad[17] = float32(math.NaN())
	for _, c := range []struct {
		x       []float32
		n, d, k int
		want    error
	}{
		{x[:4], 1, 4, 1, ErrFew}, {x[:12], 3, 4, 3, ErrFew}, {x, 10, 4, 5, ErrFew}, {nil, 0, 4, 1, ErrFew}, {bad, 10, 4, 2, ErrNumber},
	} {
		if _, err := Fit(c.x, c.n, c.d, c.k); !errors.Is(err, c.want) {
			t.Errorf("%d samples of %d numbers, %d components: %v, want %v", c.n, c.d, c.k, err, c.want)
		}
	}
}

func BenchmarkFit(b *testing.B) {
	for _, s := range []struct{ n, d, k int }{{10000, 784, 32}, {5000, 4096, 3}, {1000, 16384, 3}} {
		x := cloud(6, s.n, s.d, 0.8)
		b.Run(fmt.Sprintf("%dx%d", s.n, s.d), func(b *testing.B) {
			for b.Loop() {
				if _, err := Fit(x, s.n, s.d, s.k); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
