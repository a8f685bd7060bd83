package session

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// planeSpec is a variational model of two numbers a picture of 8 × 8.
func planeSpec(s *model.Spec) {
	s.Bottleneck, s.Depth, s.Patch, s.Crop, s.Latent, s.Output, s.Loss = "variational", 1, 4, 8, 2, "sigmoid", "bce"
}

// TestNormalAxisHasItsQuantiles where the table of the normal distribution has them.
func TestNormalAxisHasItsQuantiles(t *testing.T) {
	a := Axis{Normal: true}
	for _, c := range []struct {
		i, n int
		want float64
	}{{0, 1, 0}, {0, 2, -0.674490}, {1, 2, 0.674490}, {9, 10, 1.644854}, {1, 20, -1.439531}} {
		if got := a.at(c.i, c.n); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("point %d of %d is %g, want %g", c.i, c.n, got, c.want)
		}
	}
	if got := (Axis{Low: 2, High: 6}).at(1, 4); got != 3.5 {
		t.Errorf("point 1 of 4 between 2 and 6 is %g, want 3.5", got)
	}
}

// TestPlaneIsDecoded point by point: what a map shows at a place is what the model makes of the
// latent there.
func TestPlaneIsDecoded(t *testing.T) {
	m, _ := modelFile(t, planeSpec)
	p, err := NormalPlane(m)
	if err != nil {
		t.Fatal(err)
	}
	x, err := p.Decode(t.Context(), m, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	top := p.Up.at(2, 3)
	z := &tensor.Tensor{Shape: []int{1, 1, 1, 2}, Data: []float32{float32(p.Across.at(1, 3)), float32(top)}}
	want, err := m.Generate(t.Context(), z, 8, 8, nil)
	if err != nil {
		t.Fatal(err)
	}
	if x.Shape[0] != 9 || !slices.Equal(x.Data[64:128], want.Data) {
		t.Error("the second picture of the top row is another than the model's")
	}
}

// TestPlaneOfPicturesHoldsTheirMiddle: the plane of the latents of pictures, be they of two
// numbers or of many and a map, is walked around their mean.
func TestPlaneOfPicturesHoldsTheirMiddle(t *testing.T) {
	for name, change := range map[string]func(s *model.Spec){
		"two numbers": func(s *model.Spec) { planeSpec(s); s.Bottleneck = "plain" },
		"a map":       func(s *model.Spec) { s.Output = "sigmoid" },
	} {
		m, _ := modelFile(t, change)
		g, err := OpenGallery(t.Context(), []string{writeIDX(t, t.TempDir(), rounded(t, 40, 8, 1), nil)}, GalleryOptions{Channels: 1})
		if err != nil {
			t.Fatal(err)
		}
		l, err := TakeLatents(t.Context(), m, g, PoolNone, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := PlaneOf(t.Context(), m, l)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p.Across.Low >= p.Across.High || p.Up.Low >= p.Up.High {
			t.Errorf("%s: the axes are %+v and %+v", name, p.Across, p.Up)
		}
		if name == "a map" && (p.Across.Low >= 0 || p.Across.High <= 0 || p.Across.High-p.Across.Low < p.Up.High-p.Up.Low) {
			t.Errorf("%s: the axes are %+v and %+v, want 0 within and the longer one across", name, p.Across, p.Up)
		}
		x, err := p.Decode(t.Context(), m, 4, nil)
		if err != nil || !slices.Equal(x.Shape, []int{16, 8, 8, 1}) {
			t.Errorf("%s: the pictures have the shape %v, %v", name, x.Shape, err)
		}
	}
}

// TestDrawsAreTheSeeds and between black and white.
func TestDrawsAreTheSeeds(t *testing.T) {
	m, _ := modelFile(t, planeSpec)
	draw := func(seed uint64) []float32 {
		x, err := Draws(t.Context(), m, 5, seed, nil)
		if err != nil || !slices.Equal(x.Shape, []int{5, 8, 8, 1}) {
			t.Fatal(x, err)
		}
		return x.Data
	}
	first := draw(1)
	if !slices.Equal(first, draw(1)) || slices.Equal(first, draw(2)) || slices.Equal(first[:64], first[64:128]) {
		t.Error("draws are not those of their seed, or all the same")
	}
	if slices.Min(first) < 0 || slices.Max(first) > 1 {
		t.Errorf("pixels from %g to %g", slices.Min(first), slices.Max(first))
	}
}

// TestDrawMap writes a picture of pictures, and says what cannot be.
func TestDrawMap(t *testing.T) {
	_, plane := modelFile(t, planeSpec)
	_, plain := modelFile(t, func(s *model.Spec) { planeSpec(s); s.Bottleneck = "plain" })
	_, three := modelFile(t, func(s *model.Spec) { planeSpec(s); s.Latent = 3 })
	_, unet := modelFile(t, func(s *model.Spec) { s.Body, s.Depth = "unet", 2 })
	dir := t.TempDir()
	out := filepath.Join(dir, "map.png")
	set := writeIDX(t, dir, rounded(t, 9, 8, 1), nil)
	for i, side := range []int{8, 12} {
		savePNGs(t, rounded(t, 1, side, 1), func(int) string { return filepath.Join(dir, "two", string('a'+rune(i))+".png") })
	}
	for name, c := range map[string]struct {
		job           MapJob
		want          error
		width, height int
	}{
		"a plane":                   {MapJob{Model: plane, Side: 3}, nil, 24, 24},
		"draws":                     {MapJob{Model: plane, Side: 2, Drawn: true}, nil, 16, 16},
		"of pictures":               {MapJob{Model: plain, Side: 2, In: []string{set}}, nil, 16, 16},
		"of three numbers":          {MapJob{Model: three, Side: 2, In: []string{set}}, nil, 16, 16},
		"not known where":           {MapJob{Model: plain, Side: 2}, errNoPlane, 0, 0},
		"three numbers":             {MapJob{Model: three, Side: 2}, errNoPlane, 0, 0},
		"skips":                     {MapJob{Model: unet, Side: 2}, errNoPlane, 0, 0},
		"draws of nothing known":    {MapJob{Model: plain, Side: 2, Drawn: true}, errNoPlane, 0, 0},
		"of one picture":            {MapJob{Model: plain, Side: 2, In: []string{filepath.Join(dir, "two", "a.png")}}, errNoPlane, 0, 0},
		"of several sizes":          {MapJob{Model: plain, Side: 2, In: []string{filepath.Join(dir, "two")}}, errSizes, 0, 0},
		"larger than pictures are":  {MapJob{Model: plane, Side: 90, Limits: imageio.Limits{Pixels: 1000}}, imageio.ErrTooLarge, 0, 0},
		"a format that is not made": {MapJob{Model: plane, Side: 2, Out: filepath.Join(dir, "map.webp")}, errExtension, 0, 0},
	} {
		if c.job.Out == "" {
			c.job.Out = out
		}
		got, err := DrawMap(t.Context(), c.job, nil)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err != nil {
			sentence(t, name, Words(err))
			continue
		}
		if info, err := imageio.Probe(out); err != nil || info.Width != c.width || info.Height != c.height || got.Width != c.width {
			t.Errorf("%s: the file is %d × %d, %v; want %d × %d", name, info.Width, info.Height, err, c.width, c.height)
		}
	}
	var spec *model.SpecError
	if _, err := DrawMap(t.Context(), MapJob{Model: plane, Out: out}, nil); !errors.As(err, &spec) || spec.Field != "side" {
		t.Errorf("no side: %v", err)
	}
}
