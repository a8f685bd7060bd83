package session

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/metric"
)

func settled(st State) bool { return !st.Pending && st.Result != nil }

func TestLatestNoiseWins(t *testing.T) {
	s := open(t, Options{})
	s.UseModel(tinyFile(t, 3))
	until(t, s, "result", settled)
	states, stop := s.Watch()
	defer stop()
	const last = 60
	for i := 1; i <= last; i++ {
		s.SetNoise("gaussian", float64(i))
		select {
		case st := <-states:
			if !st.Pending && math.Abs(st.NoisyPSNR-level(st.Noise.Strength)) > 0.1 {
				t.Fatalf("noise %g is shown as done with %g dB, want %g", st.Noise.Strength, st.NoisyPSNR, level(st.Noise.Strength))
			}
		default:
		}
	}
	st := until(t, s, "last noise", func(st State) bool {
		if !st.Pending && math.Abs(st.NoisyPSNR-level(st.Noise.Strength)) > 0.1 {
			t.Fatalf("noise %g is shown as done with %g dB", st.Noise.Strength, st.NoisyPSNR)
		}
		return !st.Pending && finite(st.ResultSSIM)
	})
	if st.Noise.Strength != last {
		t.Errorf("shown at last: noise %g, want %d", st.Noise.Strength, last)
	}
	if want := metric.PSNR(st.Original, st.Result); st.ResultPSNR != want {
		t.Errorf("result of %g dB, its tensors say %g", st.ResultPSNR, want)
	}
}

// TestRepair changes how a model is used: strength is a blend of what is there, the
// level and the manner ask the model again.
func TestRepair(t *testing.T) {
	s := open(t, Options{})
	s.UseModel(toldFile(t))
	full := until(t, s, "result", func(st State) bool { return settled(st) && finite(st.Structure) && finite(st.Estimate) })
	if full.Repair != DefaultRepair || full.Estimate < 15 || full.Estimate > 35 || full.Blocking > 1.2 || full.RemovedRMS <= 0 || full.Whiteness <= 0 {
		t.Errorf("a sample with noise of 25 levels: %+v, estimate %g, blocking %g, %g removed, whiteness %g",
			full.Repair, full.Estimate, full.Blocking, full.RemovedRMS, full.Whiteness)
	}
	r := DefaultRepair
	r.Strength = 0.25
	s.SetRepair(r)
	weak := until(t, s, "blend", func(st State) bool { return settled(st) && st.Repair == r })
	if weak.Versions[PaneLatent] != full.Versions[PaneLatent] || weak.RemovedRMS != full.RemovedRMS {
		t.Error("a blend asks the model again")
	}
	for i, v := range weak.Result.Data {
		want := weak.Noisy.Data[i] + 0.25*(full.Result.Data[i]-weak.Noisy.Data[i])
		if math.Abs(float64(v-min(max(want, 0), 1))) > 1e-6 {
			t.Fatalf("element %d of the blend is %g, want %g", i, v, want)
		}
	}
	r = Repair{Sigma: 40, Manner: 1, Strength: 1, Passes: 1}
	s.SetRepair(r)
	told := until(t, s, "another level", func(st State) bool { return settled(st) && st.Repair == r })
	if told.Versions[PaneLatent] == full.Versions[PaneLatent] {
		t.Error("another level does not ask the model again")
	}
	if told.Estimate != full.Estimate {
		t.Errorf("what the model is told changes the estimate from %g to %g", full.Estimate, told.Estimate)
	}
	r.Manner = 0.5
	s.SetRepair(r)
	sharp := until(t, s, "another manner", func(st State) bool { return settled(st) && st.Repair == r })
	if sharp.Versions[PaneLatent] == told.Versions[PaneLatent] {
		t.Error("another manner does not ask the model again")
	}
	for _, wrong := range []Repair{{256, 1, 1, 1, 0}, {math.NaN(), 1, 1, 1, 0}, {0, 0, 1, 1, 0}, {0, 1, 1.5, 1, 0}, {0, 1, math.NaN(), 1, 0}, {0, 1, 1, 0, 0}, {0, 1, 1, 1, -1}} {
		s.SetRepair(wrong)
		if got := s.State().Repair; got != r {
			t.Errorf("%+v is taken", wrong)
		}
	}
	s.UseModel(tinyFile(t, 3))
	plain := until(t, s, "another model", func(st State) bool { return settled(st) && !st.Model.Spec.Level && finite(st.Structure) })
	if !math.IsNaN(plain.Estimate) {
		t.Errorf("a model that is not told anything comes with an estimate of %g", plain.Estimate)
	}
}

func TestVersionsChangeWithWhatTheyCount(t *testing.T) {
	s := open(t, Options{})
	s.UseModel(tinyFile(t, 3))
	done := func(st State) bool { return settled(st) && finite(st.ResultSSIM) }
	a := until(t, s, "result", done)
	s.NewNoiseSeed()
	b := until(t, s, "result with other noise", func(st State) bool { return done(st) && st.Noise.Seed != a.Noise.Seed })
	for pane, same := range []bool{true, false, false, false} {
		if (a.Versions[pane] == b.Versions[pane]) != same || (a.Of(Pane(pane)) == b.Of(Pane(pane))) != same {
			t.Errorf("pane %d: versions %d and %d, want the same: %v", pane, a.Versions[pane], b.Versions[pane], same)
		}
	}
}

func TestOwnNoiseIsTheTwin(t *testing.T) {
	s := open(t, Options{})
	s.UseModel(tinyFile(t, 3))
	s.SetNoise(OwnNoise, 0)
	st := until(t, s, "result", settled)
	if !st.Picture.Twin {
		t.Skip("the first sample has no noisy twin")
	}
	if st.Noisy == st.Original || st.NoisyPSNR < 10 || st.NoisyPSNR > 35 {
		t.Errorf("noisy twin at %g dB", st.NoisyPSNR)
	}
	s.Next()
	st = until(t, s, "next sample", func(st State) bool { return settled(st) && st.Picture.Index == 1 })
	if !st.Picture.Twin && (st.Noisy != st.Original || !math.IsNaN(st.NoisyPSNR)) {
		t.Errorf("a sample without a twin has noise of %g dB", st.NoisyPSNR)
	}
}

func TestOpenPathsByKind(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	paintFile(t, in("a.png"), 1, 40, 3, 8)
	write(t, in("b.png"), "no picture")
	paintFile(t, in("c.png"), 2, 30, 1, 16)
	write(t, in("empty.jpg"), "")
	write(t, in("notes.txt"), "to do: everything")
	paintFile(t, in("folder/deep/d.png"), 3, 20, 3, 8)
	s := open(t, Options{})

	s.OpenPaths([]string{in("a.png"), in("b.png"), in("c.png")}, PageDenoise)
	st := until(t, s, "a.png", func(st State) bool { return st.Picture.Name == "a.png" && st.Noisy != nil })
	if st.Noise.Kind != "none" || st.Noisy != st.Original || st.Picture.Of != 3 || st.Picture.Width != 40 {
		t.Errorf("an opened picture has noise %+v, %+v", st.Noise, st.Picture)
	}
	s.Next()
	st = until(t, s, "c.png", func(st State) bool { return st.Picture.Name == "c.png" })
	message(t, s, "b.png")
	s.Next() // there is none
	s.Previous()
	until(t, s, "a.png again", func(st State) bool { return st.Picture.Name == "a.png" })

	for _, bad := range []string{"b.png", "empty.jpg", "notes.txt", "missing.png"} {
		s.Dismiss()
		s.OpenPaths([]string{in(bad)}, PageDenoise)
		message(t, s, bad)
		if st := s.State(); st.Picture.Name != "a.png" || st.Message.Kind != Error {
			t.Errorf("after %s the picture is %q with a message of kind %s", bad, st.Picture.Name, st.Message.Kind)
		}
	}

	model := tinyFile(t, 1)
	s.OpenPaths([]string{model}, PageTrain)
	st = until(t, s, "model", func(st State) bool { return st.Model.Path == model && settled(st) })
	if st.Model.Name != "tiny.safetensors" || st.Picture.Name != "a.png" || st.Latent.Shape[3] != 3*4 {
		t.Errorf("model %q with picture %q and latent %v, want a colour picture's three latents in one", st.Model.Name, st.Picture.Name, st.Latent.Shape)
	}
	s.UseModel(in("notes.txt"))
	message(t, s, "notes.txt")
	if st := s.State(); st.Model.Path != model {
		t.Errorf("after a bad model file, %q is in use", st.Model.Name)
	}

	s.OpenPaths([]string{in("folder")}, PageDenoise)
	until(t, s, "d.png", func(st State) bool { return st.Picture.Name == "d.png" })
	s.OpenPaths([]string{dir}, PageTrain)
	st = until(t, s, "data", func(st State) bool { return st.Data.Name == dir })
	if st.Data.Count != 3 || len(st.Data.Skipped) != 2 {
		t.Errorf("%d pictures to learn from, without %q, want 3 without 2", st.Data.Count, st.Data.Skipped)
	}
	message(t, s, "b.png", "empty.jpg")
	s.UseSample(0)
	st = until(t, s, "sample", func(st State) bool { return st.Picture.Sample })
	if st.Noise != sampleNoise {
		t.Errorf("back at a sample the noise is %+v, want %+v", st.Noise, sampleNoise)
	}
}

func TestBadFileAtTheStartLeavesTheSample(t *testing.T) {
	s := open(t, Options{})
	s.OpenPaths([]string{"/nowhere/x.png"}, PageDenoise)
	message(t, s, "x.png")
	until(t, s, "sample", func(st State) bool { return st.Picture.Sample && st.Noisy != nil })
}

func TestWhatIsShownIsSaved(t *testing.T) {
	dir := t.TempDir()
	paintFile(t, filepath.Join(dir, "in.png"), 1, 33, 3, 16)
	s := open(t, Options{})
	s.UseModel(tinyFile(t, 3))
	s.OpenPaths([]string{filepath.Join(dir, "in.png")}, PageDenoise)
	st := until(t, s, "result", func(st State) bool { return st.Picture.Name == "in.png" && settled(st) })
	for pane, name := range []string{"original.png", "noisy.tif", "latent.png", "result.png"} {
		path := filepath.Join(dir, name)
		s.SavePane(PageDenoise, Pane(pane), path, Look{})
		until(t, s, name, func(st State) bool { return st.Saved.Path == path })
		p, err := imageio.Open(path, imageio.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if Pane(pane) == PaneLatent {
			if p.Pix.Shape[2] != 2*17+1 {
				t.Errorf("latent of 2×2 channels of 17 cells is %v", p.Pix.Shape)
			}
			continue
		}
		if p.Depth != 16 {
			t.Errorf("%s has %d bits, want 16", name, p.Depth)
		}
		for i, v := range st.Of(Pane(pane)).Data {
			if math.Abs(float64(v-p.Pix.Data[i])) > 0.5/65535+1e-6 {
				t.Fatalf("%s: element %d is %g in the file, %g in the pane", name, i, p.Pix.Data[i], v)
			}
		}
	}
	s.SaveResult(filepath.Join(dir, "result.gif"))
	message(t, s, "result.gif", ".png")
	s.SaveResult(filepath.Join(dir, "nowhere", "result.png"))
	message(t, s, "nowhere", "does not exist")
	s.SaveResult(dir)
	message(t, s, filepath.Base(dir))
	s.ExportChart(filepath.Join(dir, "chart.png"), false)
	message(t, s, "no training")
}

func TestUnwritableFolderKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	write(t, path, "old")
	if os.Getuid() != 0 {
		os.Chmod(dir, 0o500)
		defer os.Chmod(dir, 0o700)
	} else {
		os.Chmod(path, 0o400) // root may write into any folder: a file that is read-only stands for it
	}
	s := open(t, Options{})
	s.UseModel(tinyFile(t, 3))
	until(t, s, "result", settled)
	s.SaveModel(path)
	message(t, s, "model.safetensors", "no permission")
	if got := string(read(t, path)); got != "old" {
		t.Errorf("the old file holds %d other bytes", len(got))
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(left) > 0 {
		t.Errorf("left behind: %s", strings.Join(left, ", "))
	}
}

func TestCancelKeepsWhatWasShown(t *testing.T) {
	s := open(t, Options{})
	s.UseModel(tinyFile(t, 3))
	a := until(t, s, "result", settled)
	s.Cancel()
	s.SetNoise("gaussian", 50)
	b := until(t, s, "result after a cancel", func(st State) bool { return settled(st) && st.Noise.Strength == 50 })
	if a.Versions[PaneOriginal] != b.Versions[PaneOriginal] || a.Versions[PaneResult] == b.Versions[PaneResult] {
		t.Errorf("versions %v, then %v", a.Versions, b.Versions)
	}
	s.SetNoise("gaussian", -1)
	message(t, s, "gaussian")
	s.SetNoise("fog", 1)
	message(t, s, "fog")
	s.Dismiss()
	if text := s.State().Message.Text; text != "" {
		t.Errorf("dismissed, %q is still there", text)
	}
}

// TestDrawingIsSeenAtOnce draws two strokes: what was made of the first stays until there is what is made of the
// second, and another picture is no drawing any more.
func TestDrawingIsSeenAtOnce(t *testing.T) {
	s := open(t, Options{})
	until(t, s, "the sample", settled)
	pixels := make([]float32, DrawnSide*DrawnSide)
	pixels[300] = 1
	s.Draw(DrawnSide, pixels)
	st := until(t, s, "the drawing", func(st State) bool { return settled(st) && st.Picture.Drawn })
	if st.Picture.Width != DrawnSide || st.Original.Data[300] != 1 || st.Result == nil {
		t.Fatalf("%+v", st.Picture)
	}
	first := st.Result
	states, stop := s.Watch()
	defer stop()
	more := append([]float32(nil), pixels...)
	more[301] = 1
	s.Draw(DrawnSide, more)
	for st := range states {
		if st.Result == nil {
			t.Fatal("the panes were empty between two strokes")
		}
		if st.Original.Data[301] == 1 && !st.Pending && st.Result != first {
			break
		}
	}
	s.UseSample(1)
	until(t, s, "the other sample", func(st State) bool { return settled(st) && !st.Picture.Drawn && st.Picture.Index == 1 })
}

// TestSliderWalksThroughPasses stops a recurrent model after each of its passes, and compares with the model itself.
func TestSliderWalksThroughPasses(t *testing.T) {
	spec := tiny()
	spec.Body, spec.Bottleneck, spec.Passes, spec.Channels = "recurrent", "binary", 3, 1
	m, err := model.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "loop.safetensors")
	if err := SaveModel(path, m); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{})
	pixels := make([]float32, DrawnSide*DrawnSide)
	pixels[400] = 1
	s.SetNoise("none", 0)
	s.Draw(DrawnSide, pixels)
	s.UseModel(path)
	until(t, s, "the model", func(st State) bool { return settled(st) && st.Picture.Drawn && st.Model.Spec.Body == "recurrent" })
	s.SetNoise("none", 0)
	x := until(t, s, "no noise", func(st State) bool { return settled(st) && st.Noise.Kind == "none" }).Original
	for k := 1; k <= 3; k++ {
		r := DefaultRepair
		r.After = k
		s.SetRepair(r)
		st := until(t, s, "the passes", func(st State) bool { return settled(st) && st.Repair == r })
		want, err := m.After(k).Reconstruct(t.Context(), x, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if clamp(want); !slices.Equal(st.Result.Data, want.Data) || st.Latent.Shape[3] != k*spec.Latent {
			t.Errorf("after %d passes it is something else, with %d numbers a cell", k, st.Latent.Shape[3])
		}
	}
}
