package session

import (
	"bytes"
	"image/gif"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
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
		return p.Step == q.Step && same(p.Loss, q.Loss) && same(p.Distortion, q.Distortion) && same(p.Price, q.Price) && same(p.Rate, q.Rate) &&
			same(p.ValLoss, q.ValLoss) && same(p.ValPSNR, q.ValPSNR)
	})
}

// curveOf reads the curve of a run that is kept.
func curveOf(t *testing.T, s *Session, id string) []CurvePoint {
	t.Helper()
	s.ReadCurves(id)
	st := until(t, s, "the curve", func(st State) bool { i := findRun(st.Runs.All, id); return i >= 0 && st.Runs.All[i].Curve != nil })
	return st.Runs.All[findRun(st.Runs.All, id)].Curve
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
	if again.ID != first.ID || again.Phase != Finished || again.Spec != first.Spec || again.Curve != nil || !slices.Equal(again.Kept, first.Kept) {
		t.Errorf("it was %+v, and is %+v", first, again)
	}
	if !sameCurve(curveOf(t, s, again.ID), first.Curve) {
		t.Error("on the disk its curve is another")
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
		if step, ok := stepOf(f.Name()); ok && step > 0 && step < 20 {
			continue // as the first and the last
		}
		path := filepath.Join(dir, f.Name())
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		harms := []func() error{
			func() error { return os.Remove(path) },
			func() error { return os.WriteFile(path, whole[:len(whole)/2], 0o600) },
			func() error { return os.WriteFile(path, []byte("{}"), 0o600) },
			func() error { return os.WriteFile(path, bytes.Repeat([]byte{0xff}, 100), 0o600) },
		}
		if testing.Short() {
			harms = harms[:2]
		}
		for _, harm := range harms {
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
			if good.Damaged.Key != "" || len(curveOf(t, s, good.ID)) != 20 {
				t.Errorf("%s: the other run is %+v", f.Name(), good)
			}
			switch f.Name() {
			case runFile:
				if damaged := bad.Damaged.String(); !strings.Contains(damaged, runFile) || !strings.Contains(damaged, "Delete this run") {
					t.Errorf("%s: %q", f.Name(), damaged)
				}
			case runCurve: // is damaged from the moment it is looked at
				s.ReadCurves(id)
				until(t, s, "that it is damaged", func(st State) bool {
					return strings.Contains(st.Runs.All[findRun(st.Runs.All, id)].Damaged.String(), runCurve)
				})
			case runLock, runClean, runGiven, bestWeights:
				if bad.Damaged.Key != "" {
					t.Errorf("%s: %q", f.Name(), bad.Damaged)
				}
			}
			// Looking back gives panes or a sentence, and no panic.
			serial := st.Message.Serial
			s.LookBack(id, 20)
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
	pruneRuns(base, all/2)
	if runs = listRuns(o.StateDir); size() > all/2 || len(runs) < 2 || len(runs[len(runs)-1].Kept) == 0 {
		t.Errorf("%d bytes of %d are left, in %d runs", size(), all, len(runs))
	}
	pruneRuns(base, 1)
	if runs = listRuns(o.StateDir); len(runs) != 1 || runs[0].ID != oldest.ID || len(runs[0].Kept) != 0 || runs[0].Damaged.Key != "" {
		t.Errorf("of a run with a name is left %+v", runs)
	}
	s = open(t, o)
	s.SetRunBytes(123)
	st := until(t, s, "the limit", func(st State) bool { return st.Runs.Most == 123 })
	if len(st.Runs.All) != 1 || st.Runs.Bytes() != size() {
		t.Errorf("%d runs of %d bytes, on the disk they are %d", len(st.Runs.All), st.Runs.Bytes(), size())
	}
}

// TestOneRunTakesAShareOfTheRoom trains with little room: the first and the last weights stay.
func TestOneRunTakesAShareOfTheRoom(t *testing.T) {
	s := open(t, Options{StateDir: filepath.Join(t.TempDir(), "state")})
	const room = 60000
	s.SetRunBytes(room)
	s.Train(TrainJob{Data: "builtin:glyphs", Spec: tiny()})
	st := until(t, s, "its end", func(st State) bool {
		return st.Train.Phase == Finished && len(st.Runs.All) == 1 && st.Runs.All[0].Phase == Finished
	})
	r := st.Runs.All[0]
	var sum int64
	for _, step := range r.Kept {
		at, err := os.Stat(weightsOf(s.runDir(r.ID), step))
		if err != nil {
			t.Fatal(err)
		}
		sum += at.Size()
	}
	if sum > room/4 || len(r.Kept) > 7 || len(r.Kept) < 2 || r.Kept[0] != 0 || r.Kept[len(r.Kept)-1] != 20 {
		t.Errorf("weights of steps %v take %d bytes of %d", r.Kept, sum, room)
	}
}

// TestATrainingThatGoesOnIsOneRun stops, goes on, goes back, is killed, and goes on in another session.
func TestATrainingThatGoesOnIsOneRun(t *testing.T) {
	o := Options{StateDir: filepath.Join(t.TempDir(), "state")}
	s := open(t, o)
	spec := tiny()
	spec.Steps = 300
	s.Train(TrainJob{Data: "builtin:glyphs", Spec: spec})
	until(t, s, "its end", func(st State) bool { return len(st.Runs.All) == 1 && st.Runs.All[0].Phase == Finished })
	want := s.State().Train.Curve

	s.Train(TrainJob{Data: "builtin:glyphs", Spec: spec})
	until(t, s, "progress", func(st State) bool { return len(st.Runs.All) == 2 && st.Train.Progress.Step > 20 })
	s.StopTraining()
	st := until(t, s, "its rest", func(st State) bool { return st.Train.Phase == Stopped && st.Runs.All[0].Phase == Stopped })
	id, at := st.Runs.All[0].ID, st.Train.Progress.Step
	if at >= spec.Steps {
		t.Skip("it was too quick to be stopped")
	}
	s.RenameRun(id, "in three parts")
	until(t, s, "the name", func(st State) bool { return st.Runs.All[0].Name != "" })
	if err := s.Close(t.Context()); err != nil { // as after a kill: the checkpoint is there
		t.Fatal(err)
	}

	s = open(t, o)
	st = until(t, s, "the training", phase(Interrupted))
	if n := len(st.Train.Curve); n != at || st.Train.Curve[n-1].Step != at {
		t.Errorf("interrupted at step %d, it shows a curve of %d points", at, n)
	}
	s.Resume()
	st = until(t, s, "its end", func(st State) bool { return st.Train.Phase == Finished && st.Runs.All[0].Phase == Finished })
	if len(st.Runs.All) != 2 || st.Runs.All[0].ID != id || st.Runs.All[0].Name != "in three parts" {
		t.Fatalf("there are %d runs, the newest %q", len(st.Runs.All), st.Runs.All[0].Name)
	}
	kept := st.Runs.All[0].Kept
	if !sameCurve(st.Train.Curve, want) || kept[0] != 0 || kept[len(kept)-1] != 300 || !slices.IsSorted(kept) {
		t.Errorf("in parts, its curve is another, or its weights are of %v", kept)
	}
	if points, err := readCurve(s.runDir(id)); err != nil || !sameCurve(points, want) {
		t.Errorf("on the disk its curve is another: %v", err)
	}
}

// TestGoingBackForgetsWhatCameAfter goes back to the best weights, and on from there.
func TestGoingBackForgetsWhatCameAfter(t *testing.T) {
	s := open(t, Options{StateDir: filepath.Join(t.TempDir(), "state")})
	spec := tiny()
	spec.Steps, spec.Rate, spec.Schedule, spec.Check = 0, 0.05, "constant", 7
	s.Train(TrainJob{Data: "builtin:glyphs", Spec: spec})
	until(t, s, "progress", func(st State) bool { return st.Train.BestStep > 20 })
	s.Pause()
	st := until(t, s, "pause", phase(Paused))
	for st.Train.Progress.Step <= st.Train.BestStep+1 {
		now := st.Train.Progress.Step
		s.StepOnce()
		st = until(t, s, "a step", func(st State) bool { return st.Train.Progress.Step > now })
	}
	s.BackToBest()
	st = until(t, s, "the best", func(st State) bool {
		kept := st.Runs.All[0].Kept
		return st.Train.Progress.Step == st.Train.BestStep && kept[len(kept)-1] <= st.Train.BestStep
	})
	if points, err := readCurve(s.runDir(st.Runs.All[0].ID)); err != nil || points[len(points)-1].Step > st.Train.BestStep {
		t.Errorf("the curve that is kept ends after step %d: %v", st.Train.BestStep, err)
	}
	if st.Runs.All[0].Spec != s.State().Train.Spec {
		t.Errorf("its settings have changed to %+v", st.Runs.All[0].Spec)
	}
}

// TestNothingIsLostByARenameWhileItTrains renames a run all the time while it is written all the time.
func TestNothingIsLostByARenameWhileItTrains(t *testing.T) {
	o := Options{StateDir: filepath.Join(t.TempDir(), "state")}
	s, other := open(t, o), open(t, o)
	spec := tiny()
	spec.Steps = 200
	s.Train(TrainJob{Data: "builtin:glyphs", Spec: spec})
	st := until(t, s, "a run", func(st State) bool { return len(st.Runs.All) == 1 })
	id := st.Runs.All[0].ID
	for i := range 30 {
		other.RenameRun(id, strings.Repeat("n", i+1))
		s.RenameRun(id, strings.Repeat("m", i+1))
	}
	until(t, s, "its end", func(st State) bool { return st.Train.Phase == Finished && st.Runs.All[0].Phase == Finished })
	if err := other.Close(t.Context()); err != nil { // when all is renamed
		t.Fatal(err)
	}
	for listRuns(o.StateDir)[0].Name != "at last" {
		s.RenameRun(id, "  at last\n")
		if t.Context().Err() != nil {
			t.Fatal("no name")
		}
	}
	r := listRuns(o.StateDir)[0]
	if points, err := readCurve(s.runDir(id)); err != nil || r.Phase != Finished || r.Step != 200 || r.Name != "at last" || len(points) != 200 {
		t.Errorf("on the disk it is %s at step %d, %q, with %d points, %v", r.Phase, r.Step, r.Name, len(points), err)
	}
}

// TestWhatAKillLeavesIsCleared looks at folders that a kill may leave.
func TestWhatAKillLeavesIsCleared(t *testing.T) {
	s, o := trained(t, 1)
	base := filepath.Join(o.StateDir, runsFolder)
	id := s.State().Runs.All[0].ID
	for _, dir := range []string{"20200101-000000", ".gone-20200101-000001"} {
		if err := os.Mkdir(filepath.Join(base, dir), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(base, dir, runLock), "")
	}
	temporary := filepath.Join(base, id, ".sieve-1.tmp")
	write(t, temporary, "half")
	if all := listRuns(o.StateDir); len(all) != 1 {
		t.Errorf("%d runs are listed, want 1", len(all))
	}
	now := s.o.Now()
	clearRuns(base, now)
	if entries, _ := os.ReadDir(base); len(entries) != 2 { // the one that never began may be about to
		t.Errorf("left are %v", entries)
	}
	clearRuns(base, now.Add(2*time.Hour))
	if entries, _ := os.ReadDir(base); len(entries) != 1 || entries[0].Name() != id {
		t.Errorf("left are %v", entries)
	}
	if _, err := os.Stat(temporary); err == nil {
		t.Error("a file that is half written is left")
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
