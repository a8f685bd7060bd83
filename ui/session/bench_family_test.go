package session

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/embed"
	"sieve/model/metric"
	"sieve/model/tensor"
)

// TestLinearIsPCA trains the linear body by its recipe on drawn pictures until it stands still,
// and finds the loss and the plane of as many principal components, on the pictures it learned
// from (Baldi and Hornik 1989).
func TestLinearIsPCA(t *testing.T) {
	if testing.Short() {
		t.Skip("learns for a while")
	}
	x, err := imageio.Glyphs{Size: 16, Channels: 1}.Batch(rand.New(rand.NewPCG(5, 5)), 1000)
	if err != nil {
		t.Fatal(err)
	}
	f := &family{dir: writeIDX(t, t.TempDir(), x, nil), pca: map[int]*embed.PCA{}}
	for _, k := range []int{4, 16} {
		m, err := f.trained(t.Context(), "", "digits-linear", func(s *model.Spec) {
			s.Patch, s.Crop, s.Latent, s.Batch = 16, 16, k, 100
		})
		if err != nil {
			t.Fatal(err)
		}
		p, err := f.components(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		set, err := imageio.OpenIDX(f.dir, 1)
		if err != nil {
			t.Fatal(err)
		}
		train, _ := set.Split(10)
		seen := train.Range(0, train.Len())
		y, err := m.Reconstruct(t.Context(), seen, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := metric.MSE(y, seen)
		want := metric.MSE(&tensor.Tensor{Shape: seen.Shape, Data: p.Restore(p.Project(seen.Data))}, seen)
		if got < want*(1-1e-6) || got > 1.001*want {
			t.Errorf("%d numbers lose %g, as many principal components %g", k, got, want)
		}
		d, err := directions(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if angle := 180 / math.Pi * p.Angle(d); angle > 5 {
			t.Errorf("%d numbers: the planes are %g degrees apart", k, angle)
		}
	}
}

// TestFamilyReportHasThePromisedFields also where nothing was measured.
func TestFamilyReportHasThePromisedFields(t *testing.T) {
	b, err := json.Marshal(newFamilyReport())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"mnist":{"mse":{"2":null,"32":null,"8":null},"bce_32":null,"vae2_nats":null,"linear_vs_pca":{"32":null,"8":null},` +
		`"linear_angle":{"32":null,"8":null},"knn_16":null,"pca_knn_16":null,"one_class_auroc":null},"tiles_auroc":null,"seconds":{},`
	if !strings.HasPrefix(string(b), want) {
		t.Errorf("it is %s, want %s…", b, want)
	}
}

// TestCrossEntropyIsTheDefinition of pixels that are right, undecided and wrong.
func TestCrossEntropyIsTheDefinition(t *testing.T) {
	shape := []int{1, 1, 4, 1}
	got := crossEntropy(&tensor.Tensor{Shape: shape, Data: []float32{1, 0.5, 0.25, 0}}, &tensor.Tensor{Shape: shape, Data: []float32{1, 1, 0.5, 1}})
	want := (-math.Log(1-1e-7) + math.Ln2 - math.Log(0.25)/2 - math.Log(0.75)/2 - math.Log(1e-7)) / 4
	if math.Abs(got-want) > 1e-6 {
		t.Errorf("%g, the definition says %g", got, want)
	}
}

// TestFamilyFiguresKnowTheirBars whichever way is better.
func TestFamilyFiguresKnowTheirBars(t *testing.T) {
	if f := (FamilyFigure{Value: 0.98, More: true}); !f.Passes(0.97) || f.Passes(0.99) {
		t.Error("more is not better")
	}
	if f := (FamilyFigure{Value: 149}); !f.Passes(149) || f.Passes(140) {
		t.Error("less is not better")
	}
}

// TestFamilyOnDigits trains the smallest of the family for a moment, and fills in what it was
// asked for and nothing else.
func TestFamilyOnDigits(t *testing.T) {
	if testing.Short() {
		t.Skip("learns for a while")
	}
	dir := os.Getenv("SIEVE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	f := &family{out: &FamilyReport{}, pca: map[int]*embed.PCA{}}
	if err := f.open(dir); err != nil {
		t.Skipf("no MNIST: %v", err)
	}
	if !slices.Equal(f.pictures.Shape, []int{10000, 28, 28, 1}) || len(f.learn.Labels()) != 60000 {
		t.Errorf("read %v test pictures and %d labels", f.pictures.Shape, len(f.learn.Labels()))
	}
	m, err := f.trained(t.Context(), "", "digits", func(s *model.Spec) { s.Width, s.Steps = 4, 200 })
	if err != nil {
		t.Fatal(err)
	}
	y, err := f.restored(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	// A model that says the mean of all pictures loses 0.067.
	if mse := metric.MSE(y, f.pictures); mse > 0.06 {
		t.Errorf("it loses %g after 200 steps", mse)
	}
}
