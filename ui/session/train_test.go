package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sieve/model"
)

// run trains as the terminal does, and returns the model file.
func runJob(t *testing.T, job TrainJob, each func(TrainReport) error) (TrainResult, error) {
	t.Helper()
	tr, err := OpenTraining(context.Background(), job, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr.Run(context.Background(), each)
}

func always(TrainReport) error { return nil }

// unbroken is the model file that tiny makes of the built-in shapes.
func unbroken(t *testing.T, spec model.Spec) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "unbroken.safetensors")
	res, err := runJob(t, TrainJob{Data: "builtin:shapes", Spec: spec, Out: out}, always)
	if err != nil || !res.Finished || res.Steps != spec.Steps || res.Model != out {
		t.Fatalf("%+v, %v", res, err)
	}
	return read(t, out)
}

func TestWindowAndTerminalTrainTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		paintFile(t, filepath.Join(dir, "data", string(rune('a'+i))+".png"), uint64(i), 40, 3, 8)
	}
	job := TrainJob{Data: filepath.Join(dir, "data"), Spec: tiny(), Out: filepath.Join(dir, "terminal.safetensors")}
	if _, err := runJob(t, job, always); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{StateDir: filepath.Join(dir, "state")})
	job.Out = ""
	s.Train(job)
	until(t, s, "end", phase(Finished))
	path := filepath.Join(dir, "elsewhere", "window.safetensors")
	os.Mkdir(filepath.Dir(path), 0o777)
	s.SaveModel(path)
	st := until(t, s, "model file", func(st State) bool { return st.Saved.Path == path })
	if !bytes.Equal(read(t, path), read(t, filepath.Join(dir, "terminal.safetensors"))) {
		t.Errorf("the model files differ")
	}
	if st := until(t, s, "saved", func(st State) bool { return !st.Train.Unsaved }); st.Train.Data.Count != 5 {
		t.Errorf("learned from %d pictures, want 5", st.Train.Data.Count)
	}
	if _, err := os.Stat(filepath.Join(dir, "state", "training.checkpoint")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the checkpoint of a saved model is still there: %v", err)
	}
	if p := st.Train.Curve[len(st.Train.Curve)-1]; p.Step != 20 || !finite(p.ValLoss) || st.Train.BestStep == 0 {
		t.Errorf("the curve ends with %+v, best step %d", p, st.Train.BestStep)
	}
	if _, err := os.Stat(job.Out + ".checkpoint"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the terminal's checkpoint is still there: %v", err)
	}
}

func TestInterruptedRunEndsWithTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	want := unbroken(t, tiny())
	out := filepath.Join(dir, "out.safetensors")
	ctx, cancel := context.WithCancel(context.Background())
	tr, err := OpenTraining(ctx, TrainJob{Data: "builtin:shapes", Spec: tiny(), Out: out}, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := tr.Run(ctx, func(r TrainReport) error {
		if r.Step == 7 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || res.Steps != 7 || res.Finished {
		t.Fatalf("interrupted: %+v, %v", res, err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Errorf("an interrupted run has written its model")
	}
	if _, err := runJob(t, TrainJob{Resume: out + ".checkpoint", Out: out}, always); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, out), want) {
		t.Errorf("the model differs from that of an unbroken run")
	}
}

func TestPauseStepResumeStop(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{StateDir: dir})
	spec := tiny()
	spec.Steps = 400
	want := unbroken(t, spec)
	s.Train(TrainJob{Data: "builtin:shapes", Spec: spec})
	s.Pause()
	st := until(t, s, "pause", phase(Paused))
	if st.Train.Panes.Result == nil && st.Train.Panes.Original == nil {
		st = until(t, s, "preview", func(st State) bool { return st.Train.Panes.Result != nil })
	}
	if got := st.Train.Panes.Original.Shape; got[1] != 64 || got[2] != 64 {
		t.Errorf("the preview of 16-pixel pictures is %v, want a sheet of 4×4", got)
	}
	at := st.Train.Progress.Step
	for i := 1; i <= 3; i++ {
		s.StepOnce()
		st = until(t, s, "one step", func(st State) bool { return st.Train.Progress.Step >= at+i })
		if st.Train.Progress.Step != at+i || st.Train.Phase != Paused {
			t.Fatalf("after %d single steps from %d: step %d, %s", i, at, st.Train.Progress.Step, st.Train.Phase)
		}
	}
	if !isCheckpoint(filepath.Join(dir, "training.checkpoint")) {
		t.Errorf("a pause leaves no checkpoint")
	}
	s.UseTrained()
	until(t, s, "trained model", func(st State) bool { return st.Model.Trained })
	s.Resume()
	until(t, s, "progress", func(st State) bool { return st.Train.Progress.Step > at+10 })
	s.StopTraining()
	until(t, s, "stop", phase(Stopped))
	s.Resume()
	until(t, s, "end", phase(Finished))
	path := filepath.Join(dir, "m.safetensors")
	s.SaveModel(path)
	until(t, s, "model file", func(st State) bool { return st.Saved.Path == path })
	if !bytes.Equal(read(t, path), want) {
		t.Errorf("pausing, stepping and stopping have changed the model")
	}
	for name, head := range map[string]string{"chart.csv": "step,", "chart.svg": "<?xml", "chart.png": "\x89PNG"} {
		path := filepath.Join(dir, name)
		s.ExportChart(path, true)
		until(t, s, name, func(st State) bool { return st.Saved.Path == path })
		if got := string(read(t, path)[:len(head)]); got != head {
			t.Errorf("%s starts with %q, want %q", name, got, head)
		}
	}
	s.Forget()
	if st := s.State(); st.Train.Phase != Idle {
		t.Errorf("forgotten, the training is %s", st.Train.Phase)
	}
}

func TestDivergenceKeepsTheBest(t *testing.T) {
	dir := t.TempDir()
	spec := tiny()
	spec.Rate, spec.Schedule, spec.Clip, spec.Optimiser, spec.Check = 1000, "constant", 0, "sgd", 1
	s := open(t, Options{StateDir: dir})
	s.Train(TrainJob{Data: "builtin:shapes", Spec: spec})
	st := until(t, s, "divergence", phase(Diverged))
	st = message(t, s, "diverged at step")
	if st.Train.DivergedStep == 0 || st.Message.Kind != Error {
		t.Errorf("diverged at step %d, message %+v", st.Train.DivergedStep, st.Message)
	}
	for _, p := range st.Train.Curve {
		if !finite(p.Loss) {
			t.Errorf("the curve holds %g at step %d", p.Loss, p.Step)
		}
	}
	st = until(t, s, "preview of the best", func(st State) bool { return finite(st.Train.Panes.ResultSSIM) })
	if !isCheckpoint(filepath.Join(dir, "training.checkpoint")) {
		t.Errorf("no checkpoint of the best weights is left")
	}
	s.BackToBest()
	st = until(t, s, "a tenth of the rate", func(st State) bool { return st.Train.Spec.Rate == 100 })
	s.StopTraining()
	until(t, s, "an end", func(st State) bool { return !st.Train.Busy() })

	out := filepath.Join(dir, "out.safetensors")
	res, err := runJob(t, TrainJob{Data: "builtin:shapes", Spec: spec, Out: out}, always)
	var diverged *DivergedError
	if !errors.As(err, &diverged) || !errors.Is(err, model.ErrDiverged) || diverged.Best != res.BestStep || res.Finished {
		t.Errorf("%+v, %v, want a *DivergedError with the best step", res, err)
	}
	if res.BestStep == 0 != (res.Model == "") {
		t.Errorf("the best weights are of step %d, written to %q", res.BestStep, res.Model)
	}
}

func TestBackToBestWhilePaused(t *testing.T) {
	s := open(t, Options{})
	spec := tiny()
	spec.Steps = 0
	spec.Schedule = "constant"
	spec.Check = 4
	s.Train(TrainJob{Data: "builtin:shapes", Spec: spec})
	until(t, s, "progress", func(st State) bool { return st.Train.BestStep >= 8 })
	s.Pause()
	st := until(t, s, "pause", phase(Paused))
	if st.Train.Progress.Step == st.Train.BestStep {
		s.StepOnce()
		st = until(t, s, "one more", func(st State) bool { return st.Train.Progress.Step > st.Train.BestStep })
	}
	s.BackToBest()
	st = until(t, s, "the best step", func(st State) bool { return st.Train.Progress.Step == st.Train.BestStep })
	if n := len(st.Train.Curve); st.Train.Phase != Paused || n > 0 && st.Train.Curve[n-1].Step > st.Train.BestStep {
		t.Errorf("back at step %d, phase %s, curve of %d points", st.Train.BestStep, st.Train.Phase, n)
	}
}

// TestMain lets a test start this program as one that trains until it is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SIEVE_TRAIN_IN"); dir != "" {
		spec := tiny()
		spec.Steps = 1e6
		s := New(Options{StateDir: dir})
		states, _ := s.Watch()
		s.Train(TrainJob{Data: "builtin:shapes", Spec: spec})
		for st := range states {
			if st.Saved.Kind == "checkpoint" {
				os.Stdout.WriteString("kept\n")
			}
		}
		return
	}
	os.Exit(m.Run())
}

func TestKilledTrainingIsOffered(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self)
	child.Env = append(os.Environ(), "SIEVE_TRAIN_IN="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 5)); err != nil {
		t.Errorf("no checkpoint: %v", err)
	}
	other := open(t, Options{StateDir: dir}) // beside a program that is alive: its training is its own
	until(t, other, "sample", func(st State) bool { return st.Noisy != nil })
	if st := other.State(); st.Train.Phase != Idle {
		t.Errorf("a second program sees the first one's training as %s", st.Train.Phase)
	}
	child.Process.Kill()
	child.Wait()

	s := open(t, Options{StateDir: dir})
	st := message(t, s, "builtin:shapes", "interrupted at step")
	step := st.Train.Progress.Step
	if st.Train.Phase != Interrupted || step == 0 || st.Train.Spec.Steps != 1e6 {
		t.Errorf("after a kill: %s at step %d of %d", st.Train.Phase, step, st.Train.Spec.Steps)
	}
	path := filepath.Join(dir, "best.safetensors")
	s.SaveModel(path) // even before it goes on
	until(t, s, "model file", func(st State) bool { return st.Saved.Path == path })
	s.Resume()
	st = until(t, s, "progress", func(st State) bool { return st.Train.Phase == Running && st.Train.Progress.Step > step })
	if r := st.Runs.All; len(r) != 1 || r[0].Kept[0] != 0 || st.Train.Curve[0].Step != 1 || strings.Contains(st.Message.Text, "interrupted") {
		t.Errorf("it goes on as %d runs, the curve begins at step %d, %q", len(r), st.Train.Curve[0].Step, st.Message.Text)
	}
}

func TestDamagedCheckpointIsToldOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "training.checkpoint")
	write(t, path, strings.Repeat("x", 100))
	s := New(Options{StateDir: dir})
	message(t, s, "training.checkpoint")
	end(t, s)
	if _, err := os.Stat(path); err == nil {
		t.Errorf("it would be told of again")
	}
}

func TestDroppedCheckpointIsATraining(t *testing.T) {
	dir := t.TempDir()
	spec := tiny()
	out := filepath.Join(dir, "m.safetensors")
	tr, err := OpenTraining(context.Background(), TrainJob{Data: "builtin:shapes", Spec: spec, Out: out}, nil)
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	if _, err := tr.Run(context.Background(), func(r TrainReport) error {
		if r.Step == 10 {
			return enough
		}
		return nil
	}); !errors.Is(err, enough) {
		t.Fatal(err)
	}
	s := open(t, Options{})
	s.OpenPaths([]string{out + ".checkpoint"}, PageDenoise)
	until(t, s, "a training", phase(Interrupted))
	s.Resume()
	until(t, s, "end", phase(Finished))
	s.SaveModel(out)
	until(t, s, "model file", func(st State) bool { return st.Saved.Path == out })
	if !bytes.Equal(read(t, out), unbroken(t, spec)) {
		t.Errorf("the model differs from that of an unbroken run")
	}
}

func TestThreeGoodAndTwoBadFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		paintFile(t, filepath.Join(dir, string(rune('a'+i))+".png"), uint64(i), 20, 1, 8)
	}
	write(t, filepath.Join(dir, "bad.png"), "x")
	whole := read(t, filepath.Join(dir, "a.png"))
	write(t, filepath.Join(dir, "cut.png"), string(whole[:len(whole)/2])) // its header is good
	s := open(t, Options{})
	spec := tiny()
	spec.Crop, spec.Channels = 0, 0 // the data's
	s.Train(TrainJob{Data: dir, Spec: spec})
	message(t, s, "bad.png")
	st := until(t, s, "end", phase(Finished))
	if len(st.Train.Data.Skipped) != 2 || !strings.Contains(strings.Join(st.Train.Data.Skipped, " "), "cut.png") {
		t.Errorf("left out: %q, want bad.png and cut.png", st.Train.Data.Skipped)
	}
	if st.Train.Spec.Crop != 64 || st.Train.Spec.Channels != 1 {
		t.Errorf("crop %d and channels %d from the data, want 64 and 1", st.Train.Spec.Crop, st.Train.Spec.Channels)
	}
}

func TestWhatCannotBeginChangesNothing(t *testing.T) {
	s := open(t, Options{})
	s.Train(TrainJob{Data: "builtin:shapes", Spec: tiny()})
	until(t, s, "end", phase(Finished))
	empty := t.TempDir()
	for _, c := range []struct {
		job   TrainJob
		words string
	}{
		{TrainJob{Data: "/nowhere/at/all"}, "at/all"},
		{TrainJob{Data: empty}, "no pictures"},
		{TrainJob{}, "nothing to learn from"},
		{TrainJob{Data: "builtin:dreams"}, "builtin:leaves"},
		{TrainJob{Data: "builtin:shapes", Spec: model.Spec{Body: "cubic"}}, "cubic"},
		{TrainJob{Resume: filepath.Join(empty, "none.checkpoint")}, "none.checkpoint"},
	} {
		s.Train(c.job)
		message(t, s, c.words)
		if st := s.State(); st.Train.Phase != Finished || len(st.Train.Curve) == 0 {
			t.Errorf("%+v: the training before is now %s", c.job, st.Train.Phase)
		}
	}
}

func TestMinutes(t *testing.T) {
	spec := tiny()
	tr, err := OpenTraining(context.Background(), TrainJob{Data: "builtin:shapes", Spec: spec, Minutes: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var now time.Time
	tr.clock.now = func() time.Time { return now }
	var last model.Progress
	sum := 0.0
	res, err := tr.Run(context.Background(), func(r TrainReport) error {
		last = r.Progress
		sum += r.Rate
		now = now.Add(300 * time.Millisecond) // a step, of which the first minute holds 200
		return nil
	})
	if err != nil || !res.Finished || math.Abs(res.Seconds-60) > 1 || math.Abs(float64(res.Steps)-200) > 4 {
		t.Errorf("a minute of 0.3 s steps is %d steps in %g s, want 200 in 60 (%v)", res.Steps, res.Seconds, err)
	}
	if last.Val == nil || last.Rate > spec.Rate/100 {
		t.Errorf("the last step has rate %g and validation %v, want nearly 0 and one", last.Rate, last.Val)
	}
	if mean := sum / float64(res.Steps) / spec.Rate; math.Abs(mean-0.5) > 0.05 {
		t.Errorf("the mean of the cosine is %g of the rate, want 0.5", mean)
	}
}

func TestTimeIsUpAfterGoingBack(t *testing.T) {
	spec := tiny()
	spec.Check = 2
	tr, err := OpenTraining(context.Background(), TrainJob{Data: "builtin:shapes", Spec: spec, Minutes: 0.5}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var now time.Time
	tr.clock.now = func() time.Time { return now }
	n := 0
	res, err := tr.Run(context.Background(), func(r TrainReport) error {
		now = now.Add(time.Second)
		if n++; n%7 == 0 {
			return tr.Trainer().Revert()
		}
		return nil
	})
	if err != nil || math.Abs(res.Seconds-30) > 4 {
		t.Errorf("half a minute with setbacks took %g s (%v)", res.Seconds, err)
	}
}

func TestPausesAreNotTrainingTime(t *testing.T) {
	var now time.Time
	c := stopwatch{now: func() time.Time { return now }}
	c.start()
	now = now.Add(2 * time.Second)
	c.stop()
	now = now.Add(time.Hour)
	c.start()
	c.start()
	now = now.Add(time.Second)
	if got := c.elapsed(); got != 3*time.Second {
		t.Errorf("%s passed, want 3 s", got)
	}
}

func TestFullDiskDoesNotEndTraining(t *testing.T) {
	dir := t.TempDir()
	tr, err := OpenTraining(context.Background(), TrainJob{Data: "builtin:shapes", Spec: tiny(), Checkpoint: filepath.Join(dir, "no", "folder")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var now time.Time
	tr.clock.now = func() time.Time { now = now.Add(time.Second); return now }
	troubles := 0
	res, err := tr.Run(context.Background(), func(r TrainReport) error {
		if r.Trouble != nil {
			troubles++
		}
		return nil
	})
	if !res.Finished || res.Trouble == nil || troubles == 0 || err == nil {
		t.Errorf("%+v with %d troubles, %v, want a finished run that tells of trouble", res, troubles, err)
	}
}
