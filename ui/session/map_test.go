package session

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/embed"
	"sieve/model/tensor"
)

// encodedShades are 60 pictures of three classes with what a model makes of them, and the model.
func encodedShades(t *testing.T) (*Encoded, *model.Model, *tensor.Tensor) {
	t.Helper()
	m, _ := modelFile(t, func(s *model.Spec) { s.Depth, s.Patch, s.Crop, s.Latent = 2, 3, 12, 6 })
	x, labels := shades(60)
	g, err := OpenGallery(t.Context(), []string{writeIDX(t, t.TempDir(), x, labels)}, GalleryOptions{Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	e, err := EncodeGallery(t.Context(), m, g, PoolAuto, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e, m, x
}

// TestEncodedAreTheModels: latents, errors and thumbnails are those of the pictures.
func TestEncodedAreTheModels(t *testing.T) {
	e, m, _ := encodedShades(t)
	g, err := OpenGallery(t.Context(), []string{strings.Split(e.Names[0], "#")[0]}, GalleryOptions{Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	x := g.rooms[0].series.Range(0, 60)
	z, y, err := m.Look(t.Context(), x, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(z.Data, e.Data) || len(e.Names) != 60 || e.Labels[4] != "1" {
		t.Errorf("%d pictures, the fifth labelled %q, or other latents than the model's", len(e.Names), e.Labels[4])
	}
	for i := range 60 {
		var want float64
		for k := range 144 {
			want += math.Pow(float64(x.Data[i*144+k])-min(max(0, float64(y.Data[i*144+k])), 1), 2) / 144
		}
		if math.Abs(float64(e.Errors[i])-want) > 1e-6 {
			t.Errorf("picture %d has the error %g, want %g", i, e.Errors[i], want)
		}
		pix, h, w := e.Thumbs.At(i)
		for k, v := range pix {
			if h != 12 || w != 12 || int(v) != int(255*x.Data[i*144+k]+0.5) {
				t.Fatalf("thumbnail %d is %d × %d, or its pixel %d is %d and not %g", i, h, w, k, v, 255*x.Data[i*144+k])
			}
		}
	}
}

// TestThumbsAreMeans of the pixels in each of theirs, fit into their square, and never take more than their memory.
func TestThumbsAreMeans(t *testing.T) {
	x := rounded(t, 2, 128, 3)
	thumbs := newThumbs(2, 3)
	thumbs.add(x)
	pix, h, w := thumbs.At(1)
	if h != 64 || w != 64 || thumbs.Len() != 2 {
		t.Fatalf("%d thumbnails of %d × %d", thumbs.Len(), h, w)
	}
	for i := range 64 {
		for j := range 64 {
			for k := range 3 {
				var sum float64
				for _, at := range [][2]int{{2 * i, 2 * j}, {2 * i, 2*j + 1}, {2*i + 1, 2 * j}, {2*i + 1, 2*j + 1}} {
					sum += 255 * float64(x.Data[((128+at[0])*128+at[1])*3+k]) / 4
				}
				if got := float64(pix[(i*64+j)*3+k]); math.Abs(got-sum) > 0.51 {
					t.Fatalf("pixel %d, %d is %g, the mean is %g", i, j, got, sum)
				}
			}
		}
	}
	for _, c := range [][4]int{{1, 1, 1, 1}, {5, 500, 1, 64}, {300, 100, 64, 21}, {63, 64, 63, 64}, {65, 64, 64, 63}} {
		thumbs := newThumbs(1, 1)
		thumbs.add(tensor.New(1, c[0], c[1], 1))
		if _, h, w := thumbs.At(0); h != c[2] || w != c[3] {
			t.Errorf("a picture of %d × %d becomes one of %d × %d, want %d × %d", c[0], c[1], h, w, c[2], c[3])
		}
	}
	for _, n := range []int{1, 5461, 5462, 1_000_000, 50_000_000} {
		if s := newThumbs(n, 3).Side; s < 1 || s > 1 && n*s*s*3 > smallMemory || s < smallSide && n*(s+1)*(s+1)*3 <= smallMemory {
			t.Errorf("%d thumbnails have a side of %d", n, s)
		}
	}
}

// TestPlacesOfPCAAreThePlanes: what is at a place is placed there again, and the places of the samples are their
// coordinates.
func TestPlacesOfPCAAreThePlanes(t *testing.T) {
	e, _, _ := encodedShades(t)
	a, err := e.Lay(t.Context(), Layout{Method: MethodPCA})
	if err != nil {
		t.Fatal(err)
	}
	p, err := embed.Fit(e.Data, 60, e.Numbers, 2)
	if err != nil || !slices.Equal(a.Points, p.Project(e.Data)) {
		t.Errorf("the places are others than the coordinates: %v", err)
	}
	places := []float32{0.5, -1, 0, 0, 2, 3}
	z, err := a.Restore(t.Context(), places)
	if err != nil || !slices.Equal(z, p.Restore(places)) {
		t.Errorf("the latents of places are others than the plane's: %v", err)
	}
	back, err := a.Place(t.Context(), z)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range back {
		if math.Abs(float64(v-places[i])) > 1e-4 {
			t.Errorf("coordinate %d comes back as %g, it was %g", i, v, places[i])
		}
	}
	before := slices.Clone(a.Points)
	if err := a.Step(t.Context()); err != nil || a.Steps() != 0 || !slices.Equal(before, a.Points) {
		t.Errorf("a step of PCA: %v, %d", err, a.Steps())
	}
}

// TestPlacesOfTSNEKeepKinds: they keep them together, give their samples back, and are the same again.
func TestPlacesOfTSNEKeepKinds(t *testing.T) {
	e, _, _ := encodedShades(t)
	lay := func() *Atlas {
		a, err := e.Lay(t.Context(), Layout{Method: MethodTSNE, Perplexity: 8})
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			if err := a.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		return a
	}
	a := lay()
	if !slices.Equal(a.Points, lay().Points) {
		t.Error("the same samples are laid out otherwise")
	}
	r, err := a.report(t.Context())
	if err != nil || *r.KNN < 0.9 || r.Classes != 3 || r.Labelled != 60 || *r.Steps != 300 || *r.Perplexity != 8 {
		t.Errorf("%+v, %v: agree %g", r, err, *r.KNN)
	}
	z, err := a.Restore(t.Context(), a.Points)
	if err != nil || !slices.Equal(z, e.Data) {
		t.Errorf("the places of samples give other latents: %v", err)
	}
	low, high := a.Bounds()
	for i := 0; i < len(a.Points); i++ {
		if v := float64(a.Points[i]); v < low[i%2] || v > high[i%2] {
			t.Errorf("coordinate %d is %g, beyond %g to %g", i, v, low[i%2], high[i%2])
		}
	}
	reach, err := a.Reach(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fog, err := a.Fog(t.Context(), low, high, 20, 10, reach)
	if err != nil || math.Abs(float64(fog.Support[0])-a.Support(low[0]+(high[0]-low[0])/40, low[1]+(high[1]-low[1])/20, reach)) > 1e-4 {
		t.Errorf("the fog's first cell is %g: %v", fog.Support[0], err)
	}
}

// TestFewPicturesAreLaidOut in places that are numbers: one, two, three, and many that are the same.
func TestFewPicturesAreLaidOut(t *testing.T) {
	_, file := modelFile(t, func(s *model.Spec) { s.Depth, s.Patch, s.Crop, s.Latent = 2, 3, 12, 6 })
	for _, n := range []int{1, 2, 3, 12} {
		x := rounded(t, n, 12, 1)
		for _, same := range []bool{false, true} {
			for i := range n * 144 {
				if same {
					x.Data[i] = x.Data[i%144]
				}
			}
			set := writeIDX(t, t.TempDir(), x, nil)
			for _, method := range []Method{MethodPCA, MethodTSNE} {
				for _, ext := range []string{".csv", ".png"} {
					if ext == ".png" && n < 12 && (same || testing.Short()) {
						continue // nothing new, and it takes its time
					}
					out := filepath.Join(t.TempDir(), "map"+ext)
					a, r, err := MakeAtlas(t.Context(), AtlasJob{In: []string{set}, Model: file, Out: out, Layout: Layout{Method: method}, Steps: 50}, nil, nil)
					if err != nil || r.Count != n || r.KNN != nil || slices.ContainsFunc(a.Points, func(v float32) bool { return !finite(float64(v)) }) {
						t.Errorf("%d pictures, the same: %v, %s: %+v, %v", n, same, method, r, err)
						continue
					}
					if z, err := a.Restore(t.Context(), []float32{1, 2}); err != nil || len(z) != 6 || !finite(float64(z[0])) {
						t.Errorf("%d pictures, %s: a place gives %v, %v", n, method, z, err)
					}
					if p, err := a.Place(t.Context(), a.Data); err != nil || len(p) != 2*n {
						t.Errorf("%d pictures, %s: %d coordinates, %v", n, method, len(p), err)
					}
				}
			}
		}
	}
}

// TestMapIsListed with a line for each picture that can be read, and every other one named.
func TestMapIsListed(t *testing.T) {
	_, file := modelFile(t, func(s *model.Spec) { s.Depth, s.Patch, s.Crop, s.Latent = 2, 3, 12, 6 })
	x, labels := shades(12)
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "map.csv")
	savePNGs(t, x, func(i int) string { return filepath.Join(dir, string('a'+rune(labels[i])), fmt.Sprintf("%02d.png", i)) })
	write(t, filepath.Join(dir, "a", "bad.png"), "\x89PNG\r\n\x1a\n and no more")
	write(t, filepath.Join(dir, "b", "none.jpg"), "no picture")
	var bad []string
	a, r, err := MakeAtlas(t.Context(), AtlasJob{In: []string{dir}, Model: file, Out: out, Layout: Layout{Method: MethodPCA}}, func(f FileReport) {
		if f.Err != nil {
			bad = append(bad, filepath.Base(f.File))
		}
	}, nil)
	if err != nil || r.Failed != 2 || r.Count != 12 || r.Classes != 3 || !slices.Equal(bad, []string{"bad.png", "none.jpg"}) {
		t.Fatalf("%+v, named are %v: %v", r, bad, err)
	}
	rows, err := csv.NewReader(bytes.NewReader(read(t, out))).ReadAll()
	if err != nil || len(rows) != 13 || !slices.Equal(rows[0], []string{"file", "label", "x", "y", "error"}) {
		t.Fatalf("%d rows, the first is %v: %v", len(rows), rows[0], err)
	}
	for i, row := range rows[1:] {
		want := []string{a.Names[i], a.Labels[i]}
		for k, v := range []float32{a.Points[2*i], a.Points[2*i+1], a.Errors[i]} {
			if got, err := strconv.ParseFloat(row[2+k], 32); err != nil || float32(got) != v {
				t.Errorf("row %d says %s, it is %g", i, row[2+k], v)
			}
		}
		if !slices.Equal(row[:2], want) || row[1] != filepath.Base(filepath.Dir(row[0])) {
			t.Errorf("row %d is of %v, want %v", i, row[:2], want)
		}
	}
}

// TestDrawnDigitsHaveTheirLabels on the map, and the letters theirs.
func TestDrawnDigitsHaveTheirLabels(t *testing.T) {
	_, file := modelFile(t, func(s *model.Spec) { s.Depth, s.Patch, s.Crop, s.Latent = 2, 7, 28, 6 })
	for name, classes := range map[string]int{"builtin:digits": 10, "builtin:letters": 52} {
		a, r, err := MakeAtlas(t.Context(), AtlasJob{In: []string{name}, Model: file, Drawn: 900, Layout: Layout{Method: MethodPCA}}, nil, nil)
		if err != nil || r.Count != 900 || r.Labelled != 900 || r.Classes != classes {
			t.Errorf("%s: %+v, %v", name, r, err)
			continue
		}
		if a.Names[7] != name+"#7" || len([]rune(a.Labels[7])) != 1 {
			t.Errorf("%s: %q is labelled %q", name, a.Names[7], a.Labels[7])
		}
	}
}

// scattered is an atlas of samples at drawn places, the classes "0" to "11" in turn, with small pictures in grey.
func scattered(n, side int) *Atlas {
	rng := rand.New(rand.NewPCG(2, 2))
	e := &Encoded{Latents: &Latents{Numbers: 2}, Thumbs: newThumbs(n, 1)}
	a := &Atlas{Encoded: e, Layout: Layout{Method: MethodPCA}}
	x := tensor.New(n, side, side, 1)
	for i := range x.Data {
		x.Data[i] = rng.Float32()
	}
	e.Thumbs.add(x)
	for i := range n {
		e.Names, e.Labels = append(e.Names, fmt.Sprint("p", i)), append(e.Labels, fmt.Sprint(i%12))
		a.Points = append(a.Points, float32(rng.NormFloat64()), float32(rng.NormFloat64()))
	}
	return a
}

// TestMapShowsPlaces: the middle of a dot has the colour of its class, far from all places is water, and near them paper.
func TestMapShowsPlaces(t *testing.T) {
	a := scattered(4000, 20)
	copy(a.Points, []float32{9, 9, -9, -9, 9, -9, -9, 9}) // far from the others
	img, shown, err := a.drawAtlas(t.Context(), "a model")
	if err != nil || shown != "dots" || img.Rect.Dx() != mapSide || img.Rect.Dy() != mapSide {
		t.Fatalf("%s in %v: %v", shown, img.Rect, err)
	}
	s := &mapSheet{a: a, classes: newClasses(a.Labels), high: mapSide - 2*lineStep - 40}
	sortNumbers(&s.classes)
	if !slices.Equal(s.classes.names, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}) {
		t.Errorf("classes are in the order %v", s.classes.names)
	}
	s.fit()
	for i := range 4 {
		x, y := s.at(i)
		if got := color.NRGBAModel.Convert(img.At(int(x), int(y))); got != classInks[i] {
			t.Errorf("the place of sample %d, %.0f, %.0f, has the colour %v, want %v", i, x, y, got, classInks[i])
		}
	}
	if got := color.NRGBAModel.Convert(img.At(mapSide/2, 100)); got != mapWater {
		t.Errorf("far from all places is %v, want %v", got, mapWater)
	}
}

// TestThumbnailsDoNotCoverOneAnother, are close to their places, and give way to dots where there are too many.
func TestThumbnailsDoNotCoverOneAnother(t *testing.T) {
	a := scattered(200, 20)
	s := &mapSheet{a: a, classes: newClasses(a.Labels), high: 1800}
	s.fit()
	const side = 60.
	spots, count := s.place(side, 150)
	if count < 150 {
		t.Fatalf("%d of 200 have room", count)
	}
	for i, p := range spots {
		if p == nil {
			continue
		}
		if x, y := s.at(i); math.Hypot(p[0]-x, p[1]-y) > nudged {
			t.Errorf("picture %d is %.0f pixels from its place", i, math.Hypot(p[0]-x, p[1]-y))
		}
		for j, o := range spots[:i] {
			if o != nil && math.Abs(o[0]-p[0]) < side && math.Abs(o[1]-p[1]) < side {
				t.Errorf("pictures %d and %d cover each other", i, j)
			}
		}
	}
	if _, shown, err := a.drawAtlas(t.Context(), ""); err != nil || shown != "thumbnails" {
		t.Errorf("200 pictures are shown as %s, %v", shown, err)
	}
	tight := scattered(500, 20)
	for i := range tight.Points[2:] {
		tight.Points[2+i] = 1
	}
	if _, shown, err := tight.drawAtlas(t.Context(), ""); err != nil || shown != "dots" {
		t.Errorf("499 pictures in one place are shown as %s, %v", shown, err)
	}
}

// TestOddMaps asks for what cannot be laid out, or named.
func TestOddMaps(t *testing.T) {
	_, file := modelFile(t, func(*model.Spec) {})
	_, mad := modelFile(t, func(*model.Spec) {})
	unhinge(t, mad)
	x, labels := shades(20)
	dir := t.TempDir()
	set := writeIDX(t, dir, x, labels)
	bad := filepath.Join(dir, "bad")
	write(t, mkdir(t, bad, "a.png"), "no picture")
	sizes := filepath.Join(dir, "sizes")
	for i, side := range []int{8, 12} {
		savePNGs(t, rounded(t, 1, side, 1), func(int) string { return filepath.Join(sizes, fmt.Sprintf("%d.png", i)) })
	}
	tsne := Layout{Method: MethodTSNE}
	for name, c := range map[string]struct {
		job   AtlasJob
		want  error
		field string
	}{
		"a perplexity of 1":         {AtlasJob{In: []string{set}, Layout: Layout{Method: MethodTSNE, Perplexity: 1}}, nil, "perplexity"},
		"one below 0":               {AtlasJob{In: []string{set}, Layout: Layout{Method: MethodTSNE, Perplexity: -4}}, nil, "perplexity"},
		"no number":                 {AtlasJob{In: []string{set}, Layout: Layout{Method: MethodTSNE, Perplexity: math.NaN()}}, nil, "perplexity"},
		"a huge one":                {AtlasJob{In: []string{set}, Layout: Layout{Method: MethodTSNE, Perplexity: 1e9}}, nil, "perplexity"},
		"another method":            {AtlasJob{In: []string{set}, Layout: Layout{Method: "umap"}}, nil, "method"},
		"no method":                 {AtlasJob{In: []string{set}}, nil, "method"},
		"steps below 0":             {AtlasJob{In: []string{set}, Layout: tsne, Steps: -1}, nil, "steps"},
		"too many steps":            {AtlasJob{In: []string{set}, Layout: tsne, Steps: 1 << 30}, nil, "steps"},
		"another pool":              {AtlasJob{In: []string{set}, Layout: tsne, Pool: "max"}, nil, "pool"},
		"too many drawn":            {AtlasJob{In: []string{"builtin:digits"}, Layout: tsne, Drawn: 1 << 30}, nil, "drawn"},
		"a name that ends wrong":    {AtlasJob{In: []string{set}, Layout: tsne, Out: filepath.Join(dir, "map.doc")}, errMap, ""},
		"a folder in its place":     {AtlasJob{In: []string{set}, Layout: Layout{Method: MethodPCA}, Out: mkdir(t, filepath.Join(dir, "map.csv"), "")}, ErrFolder, ""},
		"latents of no numbers":     {AtlasJob{In: []string{set}, Layout: tsne, Model: mad}, embed.ErrNumber, ""},
		"the same for PCA":          {AtlasJob{In: []string{set}, Layout: Layout{Method: MethodPCA}, Model: mad}, embed.ErrNumber, ""},
		"nothing that can be read":  {AtlasJob{In: []string{bad}, Layout: tsne}, errNoneRead, ""},
		"not there":                 {AtlasJob{In: []string{filepath.Join(dir, "missing")}, Layout: tsne}, fs.ErrNotExist, ""},
		"several sizes, not pooled": {AtlasJob{In: []string{sizes}, Layout: tsne, Pool: PoolNone}, errSizes, ""},
		"no such model":             {AtlasJob{In: []string{set}, Layout: tsne, Model: "nobody"}, ErrNoModel, ""},
		"no such source":            {AtlasJob{In: []string{"builtin:dogs"}, Layout: tsne}, imageio.ErrUnsupported, ""},
	} {
		if c.job.Model == "" {
			c.job.Model = file
		}
		_, _, err := MakeAtlas(t.Context(), c.job, nil, nil)
		var spec *model.SpecError
		switch {
		case c.field != "" && (!errors.As(err, &spec) || spec.Field != c.field || !IsMistake(err)):
			t.Errorf("%s: %v, want a mistake in %s", name, err, c.field)
		case c.want != nil && !errors.Is(err, c.want):
			t.Errorf("%s: %v, want %v", name, err, c.want)
		case err != nil:
			sentence(t, name, Words(err))
		}
	}
	crowd := &Encoded{Latents: &Latents{Names: make([]string, 200_000), Numbers: 2}}
	if _, err := crowd.Lay(t.Context(), tsne); !errors.Is(err, errCrowd) {
		t.Errorf("200,000 pictures: %v", err)
	}
}

// TestLargePicturesAreMadeSmaller for a map, which takes the mean where some of them differ in size nevertheless.
func TestLargePicturesAreMadeSmaller(t *testing.T) {
	m, file := modelFile(t, func(s *model.Spec) { s.Channels = 3 })
	dir := t.TempDir()
	x := rounded(t, 1, 40, 3)
	for name, h := range map[string]int{"a.png": 20, "b.png": 30, "c.png": 40} {
		part := cutOut(x, image.Rect(0, 0, 40, h))
		savePNGs(t, part, func(int) string { return filepath.Join(dir, name) })
	}
	for longest, want := range map[int][]int{0: {1, 20, 40, 3}, 50: {1, 20, 40, 3}, 16: {1, 8, 16, 3}} {
		g, err := OpenGallery(t.Context(), []string{dir}, GalleryOptions{Channels: 3, Longest: longest})
		if err != nil {
			t.Fatal(err)
		}
		e, err := EncodeGallery(t.Context(), m, g, PoolAuto, nil)
		if err != nil || len(e.Names) != 3 || e.Pool != PoolMean {
			t.Fatalf("longest %d: %+v, %v", longest, e, err)
		}
		one, err := g.One(t.Context(), filepath.Join(dir, "a.png"))
		if err != nil || !slices.Equal(one.Shape, want) {
			t.Fatalf("longest %d: a picture of %v, %v; want %v", longest, one.Shape, err, want)
		}
		z, _, err := m.Look(t.Context(), one, 0, nil)
		if err != nil || !slices.Equal(pooled(z.Data, 1, m.Spec.Numbers(), PoolMean), e.Data[:e.Numbers]) {
			t.Errorf("longest %d: another latent than that of the picture, %v", longest, err)
		}
	}
	_, r, err := MakeAtlas(t.Context(), AtlasJob{In: []string{dir}, Model: file, Longest: 16, Layout: Layout{Method: MethodPCA}}, nil, nil)
	if err != nil || r.Count != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

// mkdir makes a folder and returns the path of a file in it.
func mkdir(t *testing.T, dir, name string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// TestMapStops soon after its context is done, while it reads, begins and moves, and leaves no file.
func TestMapStops(t *testing.T) {
	_, file := modelFile(t, func(s *model.Spec) { s.Depth, s.Patch, s.Crop, s.Latent = 2, 7, 28, 6 })
	job := AtlasJob{In: []string{"builtin:digits"}, Model: file, Drawn: 3000, Layout: Layout{Method: MethodTSNE}, Steps: 100_000}
	for _, when := range []string{"reading", "beginning", "moving"} {
		ctx, cancel := context.WithCancel(t.Context())
		dir := t.TempDir()
		job.Out = filepath.Join(dir, "map.png")
		stopped, after := false, 0
		stop := func(now bool) {
			if stopped {
				after++
			} else if now {
				stopped = true
				cancel()
			}
		}
		_, _, err := MakeAtlas(ctx, job, func(r FileReport) {
			stop(when == "reading" || when == "beginning" && r.Done == r.Total)
		}, func(a *Atlas, _ int) {
			stop(a.Steps() == 20)
		})
		if !errors.Is(err, context.Canceled) || after > 1 || len(files(t, dir)) > 0 {
			t.Errorf("%s: ended with %v after %d more reports and with the files %v", when, err, after, files(t, dir))
		}
	}
}
