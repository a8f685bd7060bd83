package session

import (
	"bytes"
	"image/color"
	"image/gif"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// trained is a session that has trained tiny networks on drawn letters, one for each seed, with its state folder.
func trained(t *testing.T, seeds ...uint64) (*Session, Options) {
	t.Helper()
	o := Options{StateDir: filepath.Join(t.TempDir(), "state")}
	s := open(t, o)
	for i, seed := range seeds {
		spec := tiny()
		spec.Seed = seed
		s.Train(TrainJob{Data: "builtin:glyphs", Spec: spec})
		until(t, s, "its end", func(st State) bool {
			return st.Train.Phase == Finished && len(st.Runs.All) == i+1 && st.Runs.All[0].Phase == Finished && st.Runs.All[0].Spec.Seed == seed
		})
	}
	return s, o
}

func sameCurve(a, b []CurvePoint) bool {
	same := func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) }
	return slices.EqualFunc(a, b, func(p, q CurvePoint) bool {
		return p.Step == q.Step && same(p.Loss, q.Loss) && same(p.ValLoss, q.ValLoss) && same(p.ValPSNR, q.ValPSNR)
	})
}

// TestRunsAreKept trains, closes, and finds the run again; run again, it gives the same curve.
func TestRunsAreKept(t *testing.T) {
	s, o := trained(t, 3)
	first := s.State().Runs.All[0]
	if first.Step != 20 || first.BestStep == 0 || len(first.Curve) != 20 || first.Kept[0] != 0 || !slices.Contains(first.Kept, 20) {
		t.Fatalf("%d steps, best at %d, weights of %v", first.Step, first.BestStep, first.Kept)
	}
	for i := 2; i < len(first.Kept); i++ {
		if a, b := first.Kept[i-1], first.Kept[i]; float64(b) > 1.5*float64(a)+1 {
			t.Errorf("after the weights of step %d come those of %d", a, b)
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	st := until(t, s, "the run", func(st State) bool { return len(st.Runs.All) == 1 })
	again := st.Runs.All[0]
	if again.ID != first.ID || again.Phase != Finished || again.Spec != first.Spec || !sameCurve(again.Curve, first.Curve) || !slices.Equal(again.Kept, first.Kept) {
		t.Errorf("it was %+v, and is %+v", first, again)
	}
	s.Again(again.ID)
	st = until(t, s, "the second", func(st State) bool { return len(st.Runs.All) == 2 && st.Runs.All[0].Phase == Finished })
	if !sameCurve(st.Runs.All[0].Curve, first.Curve) {
		t.Error("run again, it gives another curve")
	}
	l, err := LessonOf(first)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "lesson.json")
	if err := WriteLesson(path, l); err != nil {
		t.Fatal(err)
	}
	if l, err = ReadLesson(path); err != nil {
		t.Fatal(err)
	}
	if spec, err := l.spec(0); err != nil || spec != first.Spec || l.Data != first.Data {
		t.Errorf("as a lesson it trains %+v, %v", spec, err)
	}
	spec, err := SpecOf(first.Settings())
	if err != nil || spec != first.Spec {
		t.Errorf("its settings as text are %+v, %v", spec, err)
	}
	s.UseRun(first.ID)
	until(t, s, "its model", func(st State) bool { return st.Model.Trained && st.Model.Info.Step == first.BestStep })
}

// TestRunsAreRenamedAndDeleted does so, and looks on the disk.
func TestRunsAreRenamedAndDeleted(t *testing.T) {
	s, o := trained(t, 1, 2)
	old := s.State().Runs.All[1]
	s.RenameRun(old.ID, "mine")
	until(t, s, "the name", func(st State) bool { i := findRun(st.Runs.All, old.ID); return st.Runs.All[i].Name == "mine" })
	for listRuns(o.StateDir)[1].Name != "mine" {
		if t.Context().Err() != nil {
			t.Fatal("the name is not on the disk")
		}
	}
	s.DeleteRun(old.ID)
	until(t, s, "one", func(st State) bool { return len(st.Runs.All) == 1 })
	if all := listRuns(o.StateDir); len(all) != 1 || all[0].ID == old.ID {
		t.Errorf("%d are left", len(all))
	}
	s.DeleteRun("../../outside")
	s.RenameRun("..", "x")
	if all := listRuns(o.StateDir); len(all) != 1 {
		t.Error("a name that is none did something")
	}
}

// TestDamagedRunHidesNoOther cuts, spoils and removes each file of a run, as a crash or a bad disk would.
func TestDamagedRunHidesNoOther(t *testing.T) {
	s, o := trained(t, 1, 2)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := s.State().Runs.All[1].ID
	dir := filepath.Join(o.StateDir, runsFolder, id)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Name())
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, harm := range []func() error{
			func() error { return os.Remove(path) },
			func() error { return os.WriteFile(path, whole[:len(whole)/2], 0o600) },
			func() error { return os.WriteFile(path, []byte("{}"), 0o600) },
			func() error { return os.WriteFile(path, bytes.Repeat([]byte{0xff}, 100), 0o600) },
		} {
			if err := harm(); err != nil {
				t.Fatal(err)
			}
			s := open(t, o)
			st := until(t, s, "the list", func(st State) bool { return len(st.Runs.All) == 2 })
			var good, bad Run
			for _, r := range st.Runs.All {
				if r.ID == id {
					bad = r
				} else {
					good = r
				}
			}
			if good.Damaged.Key != "" || len(good.Curve) != 20 {
				t.Errorf("%s: the other run is %+v", f.Name(), good)
			}
			if damaged := bad.Damaged.String(); f.Name() == runFile && !strings.Contains(damaged, runFile) {
				t.Errorf("%s: %q", f.Name(), damaged)
			}
			// Looking back gives panes or a sentence, and no panic.
			serial := st.Message.Serial
			s.LookBack(id, 5)
			until(t, s, "panes or a sentence", func(st State) bool {
				sc := st.Runs.Scrub
				return sc.ID == "" || !sc.Pending && sc.Panes.Result != nil || st.Message.Serial > serial
			})
			if err := s.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLookingBackShowsWhatWasThere compares the panes of a step with what its weights make of the run's pictures, and those of
// the last step with what the training showed.
func TestLookingBackShowsWhatWasThere(t *testing.T) {
	s, o := trained(t, 1)
	run := s.State().Runs.All[0]
	dir := filepath.Join(o.StateDir, runsFolder, run.ID)
	over, err := readWatched(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []int{20, 0, 7} {
		s.LookBack(run.ID, step)
		st := until(t, s, "the step", func(st State) bool { return st.Runs.Scrub.ID == run.ID && !st.Runs.Scrub.Pending })
		at := st.Runs.Scrub.Step
		if at > step || !slices.Contains(run.Kept, at) {
			t.Fatalf("asked for step %d, it is %d", step, at)
		}
		m, _, err := LoadModel(weightsOf(dir, at))
		if err != nil {
			t.Fatal(err)
		}
		y, err := m.Reconstruct(t.Context(), over.given, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := clamp(sheet(y)); !slices.Equal(want.Data, st.Runs.Scrub.Panes.Result.Data) {
			t.Errorf("step %d is not what its weights make", at)
		}
		if step == 0 && st.Train.Panes.Result == st.Runs.Scrub.Panes.Result {
			t.Error("the live panes were changed")
		}
	}
	s.LookBack("", 0)
	until(t, s, "the end", func(st State) bool { return st.Runs.Scrub.ID == "" })
}

// TestOldRunsMakeRoom keeps less than all runs take.
func TestOldRunsMakeRoom(t *testing.T) {
	s, o := trained(t, 1, 2, 3)
	oldest := s.State().Runs.All[2]
	s.RenameRun(oldest.ID, "keep me")
	for listRuns(o.StateDir)[2].Name == "" {
		if t.Context().Err() != nil {
			t.Fatal("no name")
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(o.StateDir, runsFolder)
	size := func() (sum int64) {
		filepath.Walk(base, func(_ string, info os.FileInfo, err error) error {
			if err == nil && !info.IsDir() {
				sum += info.Size()
			}
			return nil
		})
		return sum
	}
	all := size()
	pruneRuns(base, all)
	if size() != all {
		t.Error("runs were removed though there was room")
	}
	pruneRuns(base, all-1)
	runs := listRuns(o.StateDir)
	if len(runs) != 3 || len(runs[1].Kept) != 0 || len(runs[0].Kept) == 0 || len(runs[2].Kept) == 0 {
		t.Errorf("weights are left of %v, %v, %v", runs[0].Kept, runs[1].Kept, runs[2].Kept)
	}
	pruneRuns(base, all/4)
	if runs = listRuns(o.StateDir); size() > all/4 || len(runs) == 0 || runs[len(runs)-1].ID != oldest.ID {
		t.Errorf("%d bytes of %d are left, in %d runs", size(), all, len(runs))
	}
}

// TestRunsAreExported writes an animation and the curves of two runs.
func TestRunsAreExported(t *testing.T) {
	s, o := trained(t, 1, 2)
	all := s.State().Runs.All
	dir := t.TempDir()
	path := filepath.Join(dir, "better.gif")
	s.ExportRun(all[0].ID, path)
	until(t, s, "the animation", func(st State) bool { return st.Saved.Kind == "animation" })
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	movie, err := gif.DecodeAll(f)
	if err != nil || len(movie.Image) != len(keptSteps(filepath.Join(o.StateDir, runsFolder, all[0].ID))) {
		t.Fatalf("%d pictures, %v", len(movie.Image), err)
	}
	if bytes.Equal(movie.Image[0].Pix, movie.Image[len(movie.Image)-1].Pix) {
		t.Error("the first picture is the last")
	}
	for _, name := range []string{"a.png", "a.svg", "a.csv"} {
		path := filepath.Join(dir, name)
		s.ExportRuns([]string{all[0].ID, all[1].ID, "gone"}, path, false)
		until(t, s, name, func(st State) bool { return st.Saved.Path == path })
		b, err := os.ReadFile(path)
		if err != nil || len(b) < 500 {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
		if name == "a.csv" && (bytes.Count(b, []byte("\n")) != 41 || !bytes.HasPrefix(b, []byte("run,step,loss"))) {
			t.Errorf("%s", b[:100])
		}
	}
	s.ExportRuns([]string{all[0].ID}, filepath.Join(dir, "a.doc"), false)
	message(t, s, "a.doc", ".png")
}

// TestTwoWindowsShareTheRuns trains in one and looks on from another.
func TestTwoWindowsShareTheRuns(t *testing.T) {
	o := Options{StateDir: filepath.Join(t.TempDir(), "state")}
	s := open(t, o)
	spec := tiny()
	spec.Steps = 1e6
	s.Train(TrainJob{Data: "builtin:glyphs", Spec: spec})
	until(t, s, "its beginning", func(st State) bool { return len(st.Runs.All) == 1 && st.Train.Progress.Step > 3 })
	other := open(t, o)
	st := until(t, other, "the run", func(st State) bool { return len(st.Runs.All) == 1 })
	if r := st.Runs.All[0]; !r.Elsewhere || r.Phase != Running {
		t.Errorf("%+v", r)
	}
	other.DeleteRun(st.Runs.All[0].ID)
	message(t, other, "goes on in a window")
	s.DeleteRun(st.Runs.All[0].ID)
	message(t, s, "goes on in a window")
	s.StopTraining()
	until(t, s, "its end", func(st State) bool { return st.Runs.All[0].Phase == Stopped })
	other.RefreshRuns()
	until(t, other, "its end", func(st State) bool { return !st.Runs.All[0].Elsewhere && st.Runs.All[0].Phase == Stopped })
}

// TestGreysOfAnimationsAreNeutral looks for the nearest colour of each grey.
func TestGreysOfAnimationsAreNeutral(t *testing.T) {
	for _, channels := range []int{1, 3} {
		p := palette(channels)
		if len(p) > 256 {
			t.Fatal(len(p))
		}
		for v := range 256 {
			c := p.Convert(color.Gray{uint8(v)})
			if r, g, b, _ := c.RGBA(); r != g || g != b {
				t.Errorf("grey %d becomes %v", v, c)
			}
		}
	}
}
