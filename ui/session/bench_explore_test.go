package session

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sieve/imageio"
	"sieve/model"
)

// TestExploreNeedsDigits and a model of grey pictures.
func TestExploreNeedsDigits(t *testing.T) {
	if _, err := BenchExplore(t.Context(), ExploreJob{Data: t.TempDir()}, nil, nil); !errors.Is(err, errNoDigits) {
		t.Errorf("without digits: %v", err)
	}
}

// TestExploreLaysDigitsOut measures, with a model that has learned nothing, figures that are there and of the right size.
func TestExploreLaysDigitsOut(t *testing.T) {
	dir := t.TempDir()
	x, err := imageio.Glyphs{Size: 28, Channels: 1, Runes: "0123456789", Calm: true}.Batch(rand.New(rand.NewPCG(1, 1)), 300)
	if err != nil {
		t.Fatal(err)
	}
	labels := make([]byte, 300)
	for _, name := range []string{digitsToLearn, digitsToTest} {
		at := writeIDX(t, t.TempDir(), x, labels)
		for _, part := range []string{"images-idx3", "labels-idx1"} {
			from := strings.Replace(at, "images-idx3", part, 1)
			write(t, filepath.Join(dir, strings.Replace(name, "images-idx3", part, 1)), string(read(t, from)))
		}
	}
	_, file := modelFile(t, func(s *model.Spec) { s.Depth, s.Patch, s.Crop, s.Latent = 2, 7, 28, 6 })
	_, colour := modelFile(t, func(s *model.Spec) { s.Channels = 3 })
	var names []string
	r, err := BenchExplore(t.Context(), ExploreJob{Data: dir, Model: file}, nil, func(f FamilyFigure) { names = append(names, f.Name) })
	if err != nil || len(names) != 5 || r.PCA == nil || !(*r.PCA > 0) || r.TSNE == nil || !(*r.TSNE > 0) || r.KNN == nil || *r.KNN != 1 || r.Latents == nil || r.Brush == nil || !(r.Brush.Photo > 0) {
		t.Errorf("%+v, told of %v: %v", r, names, err)
	}
	var spec *model.SpecError
	if _, err := BenchExplore(t.Context(), ExploreJob{Data: dir, Model: colour}, nil, nil); !errors.As(err, &spec) {
		t.Errorf("a model of colours: %v", err)
	}
}

// TestDigitsLieAmongTheirKind, laid out by what a small model has learned in a moment, and new ones come to lie there, too.
func TestDigitsLieAmongTheirKind(t *testing.T) {
	if testing.Short() {
		t.Skip("learns for a while")
	}
	dir := os.Getenv("SIEVE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	f := &family{}
	if err := f.open(dir); err != nil {
		t.Skipf("no MNIST: %v", err)
	}
	m, err := f.trained(t.Context(), "", "digits", func(s *model.Spec) { s.Width, s.Latent, s.Steps = 4, 16, 400 })
	if err != nil {
		t.Fatal(err)
	}
	const known, all = 2000, 2400
	e, err := f.encoded(t.Context(), m, all)
	if err != nil {
		t.Fatal(err)
	}
	later := e.Data[known*e.Numbers:]
	e.Names, e.Labels, e.Data = e.Names[:known], e.Labels[:known], e.Data[:known*e.Numbers]
	a, err := e.Lay(t.Context(), Layout{Method: MethodTSNE})
	if err != nil {
		t.Fatal(err)
	}
	for range AtlasSteps {
		if err := a.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	places, err := a.Place(t.Context(), later)
	if err != nil {
		t.Fatal(err)
	}
	labels := f.test.Labels()[:all]
	for what, c := range map[string]struct {
		plane, latents, by []float32
		labels             []int
		least              float64
	}{
		"laid out": {a.Points, a.Data, nil, labels[:known], 0.04},
		"placed":   {places, later, a.Data, labels[known:], 0.06},
	} {
		plane, err := nearestAccuracy(t.Context(), c.plane, c.labels, a.Points, labels[:known], 2, c.by == nil)
		if err != nil {
			t.Fatal(err)
		}
		latents, err := nearestAccuracy(t.Context(), c.latents, c.labels, a.Data, labels[:known], a.Numbers, c.by == nil)
		if err != nil {
			t.Fatal(err)
		}
		if latents < 0.85 || plane < latents-c.least {
			t.Errorf("%s: %.3f lie among their kind on the plane and %.3f by their latents", what, plane, latents)
		}
	}
}
