package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"sieve/model/metric"
	"sieve/model/nn"
	"sieve/model/tensor"
)

func recurrent() Spec {
	s := small()
	s.Body, s.Bottleneck, s.Depth, s.Width, s.Latent, s.Passes, s.Crop, s.Rate = "recurrent", "binary", 2, 8, 1, 3, 16, 5e-3
	return s
}

// TestEachPassAddsDetail trains a recurrent model: every pass costs as many bits as the
// others, and leaves less that is missing.
func TestEachPassAddsDetail(t *testing.T) {
	tr := trainer(t, recurrent())
	if got := tr.Model().Count(); got != countAll(tr.Model()) {
		t.Errorf("it says that it learns %d numbers, and has %d", got, countAll(tr.Model()))
	}
	train(t, tr, 400)
	m := tr.Model()
	x, err := waves{32}.Batch(rand.New(rand.NewPCG(4, 4)), 4)
	if err != nil {
		t.Fatal(err)
	}
	var errors [3]float64
	for passes := range errors {
		after := m.After(passes + 1)
		z, y, err := after.Look(t.Context(), x, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := z.Shape[3], passes+1; got != want {
			t.Errorf("after %d passes a cell has %d numbers, want %d", passes+1, got, want)
		}
		for _, v := range z.Data {
			if v != 1 && v != -1 {
				t.Fatalf("a bit is %g", v)
			}
		}
		errors[passes] = metric.MSE(x, y)
		made, err := after.Generate(t.Context(), z, 32, 32, nil)
		if err != nil {
			t.Fatal(err)
		}
		if metric.MSE(made, y) > 1e-10 {
			t.Errorf("after %d passes the latent gives another picture", passes+1)
		}
	}
	t.Log(errors)
	if errors[1] > 0.8*errors[0] || errors[2] > 1.25*errors[1] || errors[2] > 0.7*errors[0] {
		t.Errorf("after one, two and three passes the errors are %g", errors)
	}
}

func countAll(m *Model) (n int) {
	for _, p := range m.params() {
		n += len(p.Val.Data)
	}
	return n
}

// TestTilesOfPasses takes a picture of several tiles and odd size over, and back from its
// latent.
func TestTilesOfPasses(t *testing.T) {
	s := recurrent()
	s.Bottleneck = "plain"
	m, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	x := picture(261, 530)
	z, y, err := m.Look(t.Context(), x, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	// What is far from tiles' edges is as if there were none.
	part := tensor.New(1, 256, 256, 1)
	for r := range 256 {
		copy(part.Data[r*256:(r+1)*256], x.Data[r*530:])
	}
	var want *nn.Var
	m.run(nil, part, nil, func(_, y, _ *nn.Var) { want = y })
	for r := range 200 {
		for c := range 200 {
			if got, want := y.Data[r*530+c], want.Val.Data[r*256+c]; math.Abs(float64(got-want)) > 1e-4 {
				t.Fatalf("row %d, column %d: %g, want %g", r, c, got, want)
			}
		}
	}
	made, err := m.Generate(t.Context(), z, 261, 530, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Both see tiles with margins; what a margin cannot see differs near tiles' edges only.
	if d := math.Sqrt(metric.MSE(made, y)); d > 1e-3 {
		t.Errorf("the latent gives a picture that is %g off", d)
	}
}
