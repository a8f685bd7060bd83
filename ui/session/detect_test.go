package session

import (
	"context"
	"encoding/csv"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sieve/imageio"

	"sieve/model/tensor"
)

// stripes draws a good surface: slanted stripes and a little noise. With a defect it has
// a spot of 6×6 pixels, whose place is returned.
func stripes(rng *rand.Rand, h, w int, defect bool) (x *tensor.Tensor, top, left int) {
	x = tensor.New(1, h, w, 1)
	phase := rng.Float64() * 6
	for i := range x.Data {
		x.Data[i] = float32(0.5 + 0.2*math.Sin(0.5*float64(i%w+i/w)+phase) + 0.02*rng.NormFloat64())
	}
	if !defect {
		return x, 0, 0
	}
	top, left = 4+rng.IntN(h-14), 4+rng.IntN(w-14)
	for y := top; y < top+6; y++ {
		for i := left; i < left+6; i++ {
			x.Data[y*w+i] = 0.1
		}
	}
	return x, top, left
}

// surfaces writes so many surfaces as PNG.
func surfaces(t *testing.T, dir string, n int, seed uint64, defect bool) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range n {
		x, _, _ := stripes(rng, 48, 48, defect)
		path := filepath.Join(dir, string(rune('a'+i/10))+string(rune('0'+i%10))+".png")
		if err := saveInFolder(context.Background(), path, &imageio.Picture{Pix: x, Depth: 8}, imageio.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// surfaceModel trains on good surfaces for a few seconds, and returns the model's file.
func surfaceModel(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	surfaces(t, good, 40, 1, false)
	spec, err := Recipe("detect")
	if err != nil {
		t.Fatal(err)
	}
	spec.Depth, spec.Width, spec.Latent, spec.Crop, spec.Steps, spec.Channels = 2, 8, 8, 32, 250, 1
	job := TrainJob{Data: good, Spec: spec, Survey: true, Out: filepath.Join(dir, "m.safetensors")}
	tr, err := OpenTraining(t.Context(), job, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Run(t.Context(), func(TrainReport) error { return nil }); err != nil {
		t.Fatal(err)
	}
	return job.Out
}

func TestDefectsAreFound(t *testing.T) {
	m := surfaceModel(t)
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	surfaces(t, filepath.Join(in, "lot-OK"), 20, 2, false)
	surfaces(t, filepath.Join(in, "spots"), 20, 3, true)
	write(t, filepath.Join(in, "spots", "z.png"), "no picture")
	sum, err := Detect(t.Context(), DetectJob{In: []string{in}, Out: out, Model: m}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Done != 40 || sum.Failed != 1 || sum.Good != 20 || sum.Bad != 20 {
		t.Errorf("%+v, %d good and %d bad, want 40 done, 1 failed, 20 each", sum.Summary, sum.Good, sum.Bad)
	}
	if sum.AUROC < 0.95 {
		t.Errorf("AUROC %g", sum.AUROC)
	}
	if !slices.IsSortedFunc(sum.Verdicts, func(a, b Verdict) int { return int(math.Copysign(1, b.Score-a.Score)) }) {
		t.Error("the worst do not come first")
	}
	f, err := os.Open(filepath.Join(out, "scores.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := csv.NewReader(f).ReadAll()
	if err != nil || len(table) != 41 || strings.Join(table[0], ",") != "file,score,threshold,anomalous,label" {
		t.Errorf("a table of %d rows, %v", len(table), err)
	}
	if got := files(t, out); len(got) != 41 || !slices.Contains(got, "spots/a3.png") {
		t.Errorf("written: %v", got)
	}
	if _, err := Detect(t.Context(), DetectJob{In: []string{in}, Out: out, Model: m}, nil); !errors.Is(err, ErrExists) {
		t.Errorf("again: %v", err)
	}
}

func TestHeatLiesOnTheDefect(t *testing.T) {
	m, _, err := LoadModel(surfaceModel(t))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 0))
	for range 10 {
		x, top, left := stripes(rng, 40, 56, true)
		a, err := m.Anomaly(t.Context(), x, nil)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.Index(a.Map.Data, slices.Max(a.Map.Data))
		if y, i := at/56, at%56; y < top-2 || y > top+7 || i < left-2 || i > left+7 {
			t.Errorf("hottest at row %d, column %d, the defect begins at %d, %d", y, i, top, left)
		}
	}
}

func TestThresholdHoldsForTheGoodOnesHeldBack(t *testing.T) {
	m, _, err := LoadModel(surfaceModel(t))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(m.Normal.Scores); n != 4 {
		t.Errorf("%d scores of 40 pictures, every tenth of which is held back", n)
	}
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	surfaces(t, good, 100, 9, false)
	for _, q := range []float64{0.5, 0.9, 1} {
		if err := surveyFolder(t.Context(), m, good, imageio.Limits{}, nil); err != nil {
			t.Fatal(err)
		}
		if got := m.Normal.FalseAlarms(m.Normal.Threshold(q)); math.Abs(got-(1-q)) > 1e-9 {
			t.Errorf("quantile %g: %g of 20 held back lie above", q, got)
		}
	}
}

func TestMasksTellPixels(t *testing.T) {
	m := surfaceModel(t)
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(7, 0))
	for i := range 4 {
		x, top, left := stripes(rng, 48, 48, true)
		mask := tensor.New(1, 48, 48, 1)
		for y := top; y < top+6; y++ {
			for k := left; k < left+6; k++ {
				mask.Data[y*48+k] = 1
			}
		}
		name := filepath.Join(dir, "in", string(rune('a'+i)))
		for path, pix := range map[string]*tensor.Tensor{name + ".tif": x, name + ".png": mask} {
			if err := saveInFolder(t.Context(), path, &imageio.Picture{Pix: pix, Depth: 8}, imageio.SaveOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	sum, err := Detect(t.Context(), DetectJob{In: []string{filepath.Join(dir, "in")}, Out: filepath.Join(dir, "s.csv"), Model: m}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Done != 4 || sum.Bad != 4 || sum.PixelAUROC < 0.95 {
		t.Errorf("%d judged, %d bad, AUROC of pixels %g, want 4, 4 and above 0.95", sum.Done, sum.Bad, sum.PixelAUROC)
	}
	if got := files(t, dir); len(got) != 9 {
		t.Errorf("beside the table there is %v", got)
	}
}

func TestDetectSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	surfaces(t, in, 3, 1, false)
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o777); err != nil {
		t.Fatal(err)
	}
	one := filepath.Join(dir, "one")
	surfaces(t, one, 1, 1, false)
	bad := math.NaN()
	plain := tinyFile(t, 1)
	base := DetectJob{In: []string{in}, Out: filepath.Join(dir, "out"), Model: plain, Good: in}
	for name, c := range map[string]struct {
		change func(j *DetectJob)
		words  string
	}{
		"no calibration":   {func(j *DetectJob) { j.Good = "" }, "--good"},
		"nothing to judge": {func(j *DetectJob) { j.In = []string{empty} }, "no picture"},
		"no good ones":     {func(j *DetectJob) { j.Good = empty }, "no picture"},
		"one good one":     {func(j *DetectJob) { j.Good = one }, "too few good pictures"},
		"no number":        {func(j *DetectJob) { j.Threshold = &bad }, "threshold"},
		"no share":         {func(j *DetectJob) { j.Quantile = 1.5 }, "quantile"},
		"no model":         {func(j *DetectJob) { j.Model = "nothing" }, "no model"},
	} {
		j := base
		c.change(&j)
		_, err := Detect(t.Context(), j, nil)
		if text := Words(err); err == nil || !strings.Contains(strings.ToLower(text), c.words) {
			t.Errorf("%s: %q", name, text)
		}
	}
	if _, err := os.Stat(base.Out); err == nil {
		t.Error("something was written")
	}
}

func TestAnyPictureCanBeJudged(t *testing.T) {
	m := surfaceModel(t)
	dir := t.TempDir()
	paintFile(t, filepath.Join(dir, "in", "colour.png"), 1, 40, 3, 8)
	paintFile(t, filepath.Join(dir, "in", "one.png"), 1, 1, 1, 8)
	paintFile(t, filepath.Join(dir, "in", "small.png"), 1, 3, 1, 16)
	sum, err := Detect(t.Context(), DetectJob{In: []string{filepath.Join(dir, "in")}, Out: filepath.Join(dir, "out"), Model: m}, nil)
	if err != nil || sum.Done != 3 {
		t.Errorf("%+v, %v", sum.Summary, err)
	}
	for _, v := range sum.Verdicts {
		if !finite(v.Score) || v.Label != Unlabelled {
			t.Errorf("%s: %g, %q", v.File, v.Score, v.Label)
		}
	}
}

func TestOneClassOfASet(t *testing.T) {
	name := idxFile(t, []byte{3, 1, 3, 3, 0})
	d, err := imageio.OpenData(t.Context(), name+"#3", imageio.FolderOptions{}, nil)
	if err != nil || d.Count != 3 {
		t.Errorf("class 3: %+v, %v, want 3 pictures", d, err)
	}
	if _, err := imageio.OpenData(t.Context(), name+"#7", imageio.FolderOptions{}, nil); !errors.Is(err, imageio.ErrEmpty) {
		t.Errorf("class 7: %v", err)
	}
	if _, err := imageio.OpenData(t.Context(), t.TempDir()+"#1", imageio.FolderOptions{}, nil); !errors.Is(err, imageio.ErrUnsupported) {
		t.Errorf("a folder: %v", err)
	}
}

// idxFile writes pictures of 4×4 pixels and their labels as MNIST does.
func idxFile(t *testing.T, labels []byte) string {
	t.Helper()
	dir := t.TempDir()
	n := byte(len(labels))
	write(t, filepath.Join(dir, "x-labels-idx1-ubyte"), string(append([]byte{0, 0, 8, 1, 0, 0, 0, n}, labels...)))
	head := []byte{0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 4, 0, 0, 0, 4}
	name := filepath.Join(dir, "x-images-idx3-ubyte")
	write(t, name, string(append(head, make([]byte, 16*int(n))...)))
	return name
}

// TestWindowDetects goes the way of the page: good pictures, then others, then one.
func TestWindowDetects(t *testing.T) {
	dir := t.TempDir()
	good, in := filepath.Join(dir, "good"), filepath.Join(dir, "in")
	surfaces(t, good, 12, 1, false)
	surfaces(t, filepath.Join(in, "ok"), 3, 2, false)
	surfaces(t, filepath.Join(in, "spots"), 3, 3, true)
	s := New(Options{})
	defer s.Close(context.Background())
	before := s.State().Train
	m, _, err := LoadModel(surfaceModel(t))
	if err != nil {
		t.Fatal(err)
	}
	m.Normal = nil
	path := filepath.Join(dir, "m.safetensors")
	if err := SaveModel(path, m); err != nil {
		t.Fatal(err)
	}
	await := func(what string, is func(d Detection) bool) Detection {
		t.Helper()
		states, stop := s.Watch()
		defer stop()
		for st := range states {
			if is(st.Detect) {
				return st.Detect
			}
			if st.Message.Kind == Error {
				t.Fatalf("%s: %s", what, st.Message.Text)
			}
		}
		return Detection{}
	}
	s.OpenPaths([]string{path}, PageDetect)
	await("opened", func(d Detection) bool { return d.Model != "" })
	s.OpenPaths([]string{good}, PageDetect)
	d := await("surveyed", func(d Detection) bool { return d.Normal != nil && !d.Learning })
	if !d.Unsaved || len(d.Normal.Scores) != 2 {
		t.Errorf("unsaved %v, %d good ones held back of 12", d.Unsaved, len(d.Normal.Scores))
	}
	s.OpenPaths([]string{in}, PageDetect)
	d = await("shown", func(d Detection) bool { return !d.Judging && len(d.Suspects) == 6 && d.Panes.Original != nil })
	if d.Shown != d.Suspects[0].File || d.AUROC < 0.8 || d.Suspects[0].Thumb == nil {
		t.Errorf("shows %s, AUROC %g; first is %s", d.Shown, d.AUROC, d.Suspects[0].File)
	}
	s.SetQuantile(0.01)
	if d = s.State().Detect; d.FalseAlarms != 0.5 {
		t.Errorf("at the lower of two scores, %g false alarms", d.FalseAlarms)
	}
	table := filepath.Join(dir, "t.csv")
	s.ExportVerdicts(table)
	states, stop := s.Watch()
	defer stop()
	for st := range states {
		if st.Saved.Path == table {
			break
		}
	}
	if after := s.State().Train; after.Phase != before.Phase || s.State().Model.Name == "m.safetensors" {
		t.Errorf("other pages were disturbed: %v, %s", after.Phase, s.State().Model.Name)
	}
}
