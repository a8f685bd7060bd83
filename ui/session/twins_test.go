package session

import (
	"path/filepath"
	"testing"
)

// TestTwinsAreAsTheyAreAlone trains two networks side by side and compares their curves with those that they have alone.
func TestTwinsAreAsTheyAreAlone(t *testing.T) {
	a, b := tiny(), tiny()
	b.Latent = 9
	alone := func(job TrainJob) State {
		s := open(t, Options{})
		s.Train(job)
		return until(t, s, "its end", phase(Finished))
	}
	first, second := alone(TrainJob{Data: "builtin:glyphs", Spec: a}), alone(TrainJob{Data: "builtin:glyphs", Spec: b})
	both := alone(TrainJob{Data: "builtin:glyphs", Spec: a, Twin: &Twin{Spec: b}})
	w := both.Train.Twin
	if w == nil || w.Spec.Latent != 9 {
		t.Fatalf("%+v", w)
	}
	if !sameCurve(both.Train.Curve, first.Train.Curve) {
		t.Error("beside another, the first is not as it is alone")
	}
	if !sameCurve(w.Curve, second.Train.Curve) || w.BestLoss != second.Train.BestLoss {
		t.Errorf("the twin is not as it is alone: %g and %g", w.BestLoss, second.Train.BestLoss)
	}
	if w.Panes.Result == nil || w.Panes.Original == nil || w.Panes.Result == both.Train.Panes.Result {
		t.Error("the twin has no panes of its own")
	}
}

// TestPanesOfTwinsAreSavedAsShown saves each pane of two trainings, and of an earlier step of the first.
func TestPanesOfTwinsAreSavedAsShown(t *testing.T) {
	s := open(t, Options{StateDir: filepath.Join(t.TempDir(), "state")})
	a, b := tiny(), tiny()
	b.Seed = 2
	s.Train(TrainJob{Data: "builtin:glyphs", Spec: a, Twin: &Twin{Spec: b}})
	st := until(t, s, "their end", func(st State) bool {
		return st.Train.Phase == Finished && len(st.Runs.All) == 2 && st.Runs.All[0].Phase == Finished && st.Runs.All[1].Phase == Finished
	})
	if !(st.Runs.All[0].Seconds > 0 && st.Runs.All[1].Seconds > 0) {
		t.Errorf("they took %g and %g seconds", st.Runs.All[0].Seconds, st.Runs.All[1].Seconds)
	}
	check := func(panes Panes, all ...Pane) {
		t.Helper()
		for _, i := range all {
			p, err := s.picture(t.Context(), PageTrain, i, Look{})
			if err != nil || p.Pix != panes.Of(i) {
				t.Errorf("pane %d: %v, or what is saved is not what is shown", i, err)
			}
		}
	}
	check(st.Train.Sides(), PaneOriginal, PaneNoisy, PaneLatent, PaneResult)
	s.LookBack(st.Train.Run, 5)
	st = until(t, s, "an earlier step", func(st State) bool { return st.Runs.Scrub.Step == 5 && !st.Runs.Scrub.Pending })
	check(st.Runs.Scrub.Panes, PaneOriginal, PaneNoisy, PaneResult)
}

// TestTwinsEndTogether trains two networks for a time, which decides how far the rate has fallen.
func TestTwinsEndTogether(t *testing.T) {
	a, b := tiny(), tiny()
	b.Latent = 9
	s := open(t, Options{})
	s.Train(TrainJob{Data: "builtin:glyphs", Spec: a, Minutes: 0.02, Twin: &Twin{Spec: b}})
	st := until(t, s, "their end", phase(Finished))
	one, other := st.Train.Curve, st.Train.Twin.Curve
	if len(one) != len(other) || len(one) < 10 {
		t.Fatalf("%d steps and %d", len(one), len(other))
	}
	for i, p := range one {
		if q := other[i]; p.Step != q.Step || p.Rate != q.Rate || finite(p.ValLoss) != finite(q.ValLoss) {
			t.Fatalf("step %d has rate %g and validation %g, that of the twin %d, %g and %g", p.Step, p.Rate, p.ValLoss, q.Step, q.Rate, q.ValLoss)
		}
	}
}

// TestPCASeesTheNoise compares PCA of clean pictures with that of noisy ones: it is given what the network is given.
func TestPCASeesTheNoise(t *testing.T) {
	lost := map[string]float64{}
	for _, scheme := range []string{"none", "gaussian:100"} {
		spec := tiny()
		spec.Scheme, spec.Patch = scheme, 4
		s := open(t, Options{})
		s.Train(TrainJob{Data: "builtin:glyphs", Spec: spec, Twin: &Twin{}})
		lost[scheme] = until(t, s, "its end", phase(Finished)).Train.Twin.BestLoss
	}
	if a, b := lost["none"], lost["gaussian:100"]; !(a < 0.9*b) {
		t.Errorf("without noise PCA loses %g, with much of it %g", a, b)
	}
}

// TestPCAAsATwin compares with what is known: PCA loses less with more numbers.
func TestPCAAsATwin(t *testing.T) {
	lost := map[int]float64{}
	for _, latent := range []int{1, 3} {
		spec := tiny()
		spec.Scheme, spec.Latent, spec.Patch, spec.Loss = "none", latent, 4, "mse"
		s := open(t, Options{})
		s.Train(TrainJob{Data: "builtin:glyphs", Spec: spec, Twin: &Twin{}})
		st := until(t, s, "its end", phase(Finished))
		w := st.Train.Twin
		if w == nil || !w.PCA || w.Numbers != latent*4 || len(w.Curve) != 2 || w.Curve[1].Step != spec.Steps || w.Panes.Result == nil {
			t.Fatalf("%+v", w)
		}
		lost[latent] = w.BestLoss
	}
	if !(lost[3] < lost[1] && lost[3] > 0) {
		t.Errorf("4 numbers lose %g, 12 lose %g", lost[1], lost[3])
	}
}

// TestTwinThatCannotBeIsNamed asks for one that has no room, and trains on alone.
func TestTwinThatCannotBeIsNamed(t *testing.T) {
	spec := tiny()
	spec.Latent = 200 // for 256 pixels a picture and 64 cells
	s := open(t, Options{})
	s.Train(TrainJob{Data: "builtin:glyphs", Spec: spec, Twin: &Twin{}})
	message(t, s, "beside PCA")
	if st := until(t, s, "its end", phase(Finished)); st.Train.Twin != nil {
		t.Error("there is a twin")
	}
}
