package ui

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/model"
	"sieve/model/tensor"
	"sieve/ui/session"
	"sieve/ui/widget"
)

const shortLesson = `{"format": "sieve-lesson/1", "name": "short", "title": "Short", "about": "x", "hook": ["Look here."], "data": "builtin:digits",
"spec": {"width": 4, "steps": 12, "check": 4, "batch": 8}, "runs": [{"name": "one"}, {"name": "two", "set": {"latent": 2}}],
"panes": ["original", "latent", "result", "plane"], "chart": {"x": "latent", "y": "psnr", "x_name": "Numbers", "y_name": "dB"},
"predict": {"kind": "choice", "ask": "Which?", "options": [{"text": "The first", "run": "one", "wants": "most"}, {"text": "The second", "run": "two", "wants": "most"}], "of": {"figure": "psnr"}},
"after": ["So it is."], "break": {"text": ["Break it."], "field": "rate", "values": [0.03, 1e6], "figure": "diverged", "outcomes": [{"text": "lost", "least": 1}, {"text": "held"}]},
"own": {"text": ["Yours."], "runs": ["one"]},
"transfer": {"kind": "choice", "ask": "And now?", "options": [{"text": "a"}, {"text": "b"}], "right": 1, "why": "Because."}}`

// find returns the objects of a kind in a page, in the order in which they are seen.
func find[T fyne.CanvasObject](o fyne.CanvasObject) (all []T) {
	if t, ok := o.(T); ok && o.Visible() {
		all = append(all, t)
	}
	switch o := o.(type) {
	case *fyne.Container:
		if o.Visible() {
			for _, child := range o.Objects {
				all = append(all, find[T](child)...)
			}
		}
	case *container.Scroll:
		all = append(all, find[T](o.Content)...)
	case *widget.Hint:
		all = append(all, find[T](test.WidgetRenderer(o).Objects()[0])...)
	}
	return all
}

// button is the one with a word.
func (s *stage) button(text string) *fynewidget.Button {
	s.t.Helper()
	var seen []string
	for _, b := range find[*fynewidget.Button](s.lessons.settings) {
		if b.Text == text {
			return b
		}
		seen = append(seen, b.Text)
	}
	s.t.Fatalf("there is no button %q, but %q", text, seen)
	return nil
}

// TestALessonIsGoneThrough drops a lesson and goes through it by its buttons.
func TestALessonIsGoneThrough(t *testing.T) {
	s := newStage(t, "")
	path := filepath.Join(t.TempDir(), "short.json")
	if err := os.WriteFile(path, []byte(shortLesson), 0o666); err != nil {
		t.Fatal(err)
	}
	s.turn(session.PageLessons)
	s.until("the list", func() bool { return len(find[*widget.Card](s.lessons.settings)) >= 10 })
	s.dropped([]fyne.URI{storage.NewFileURI(path)})
	s.until("the lesson and its pictures", func() bool { return s.frame.Class.Lesson != nil && s.frame.learning() && s.layersThere() })
	if got := s.panes[0].Title(); got != "Original" || s.panes[3].Title() != "The latent plane" {
		t.Errorf("the panes are %q … %q", got, s.panes[3].Title())
	}
	stage := func(at session.Stage) func() bool { return func() bool { return s.lessons.shown.stage == at } }
	test.Tap(s.button("Next"))
	s.until("the question", stage(session.StagePredict))
	if !s.button("Next").Disabled() {
		t.Error("one can go on without a prediction")
	}
	test.Tap(find[*widget.Card](s.lessons.settings)[0])
	s.until("the prediction", func() bool { return s.lessons.shown.predicted && !s.button("Next").Disabled() })
	test.Tap(s.button("Next"))
	s.until("the training", stage(session.StageTrain))
	test.Tap(s.button("Train"))
	s.until("its end", func() bool {
		return s.frame.Class.Whole(session.StageTrain) && s.lessons.shown.doing == session.StageLook
	})
	if cards := find[*widget.Card](s.lessons.settings); len(cards) != 3 { // the verdict and the runs
		t.Errorf("%d cards", len(cards))
	}
	if s.frame.Class.Answer.Nearness == "" {
		t.Error("nothing is said to the prediction")
	}
	test.Tap(s.button("Next"))
	s.until("the break", stage(session.StageBreak))
	test.Tap(s.button("Train with it"))
	s.until("its end", func() bool { return s.lessons.shown.done[1] == 1 && s.lessons.shown.doing == session.StageLook })
	test.Tap(s.button("Next"))
	s.until("one's own", stage(session.StageOwn))
	test.Tap(s.button("Next"))
	s.until("the last question", stage(session.StageTransfer))
	test.Tap(find[*widget.Card](s.lessons.settings)[1])
	s.until("the answer", func() bool { return s.lessons.shown.last })
	test.Tap(s.button("All lessons"))
	s.until("the list", func() bool {
		return s.frame.Class.Lesson == nil && slices.ContainsFunc(s.frame.Class.Shelf, func(l session.Shelved) bool { return l.Name == "short" && l.Stage == session.StageDone })
	})
}

// layersThere reports whether all panes are drawn.
func (s *stage) layersThere() bool {
	return !slices.ContainsFunc(s.panes[:], func(p *widget.Pane) bool { return p.Layer() == nil })
}

// TestRunsAreATable trains twice and sorts, ticks, renames and looks back.
func TestRunsAreATable(t *testing.T) {
	s := newStage(t, t.TempDir())
	s.turn(session.PageTrain)
	for i := range 2 {
		s.small()
		spec := s.train.form.spec
		spec.Steps, spec.Latent = 12, 2+i
		s.train.form.set(spec, 0)
		s.train.begin()
		s.until("a run", func() bool {
			return len(s.runs.rows) == i+1 && s.frame.Train.Phase == session.Finished && s.runs.rows[0].Phase == session.Finished
		})
	}
	test.Tap(s.runs.which)
	s.runs.turn(1)
	if !s.runs.box.Visible() || s.chart.Visible() {
		t.Error("the table is not in the place of the chart")
	}
	newest := s.runs.rows[0].ID
	test.Tap(s.runs.heads[colWhen])
	if s.runs.rows[1].ID != newest {
		t.Error("the newest is not the last")
	}
	for col, h := range s.runs.heads {
		test.Tap(h)
		up := [2]string{s.runs.rows[0].ID, s.runs.rows[1].ID}
		test.Tap(h)
		a, b := s.runs.cell(s.runs.rows[0], col), s.runs.cell(s.runs.rows[1], col)
		if down := [2]string{s.runs.rows[1].ID, s.runs.rows[0].ID}; a != b && up != down {
			t.Errorf("column %d is the same in both directions", col)
		}
	}
	test.Tap(s.runs.heads[colDiffers])
	if a, b := s.runs.cell(s.runs.rows[0], colDiffers), s.runs.cell(s.runs.rows[1], colDiffers); a > b || !strings.Contains(a, "Latent channels 2") || !strings.Contains(a, "Noise Gaussian 25") {
		t.Errorf("sorted, they are %q and %q", a, b)
	}
	row := newRunRow(s.runs)
	row.show(s.runs.rows[0])
	row.Resize(fyne.NewSize(1000, row.MinSize().Height))
	test.TapAt(row, fyne.NewPos(10, 10))
	if lines := s.runs.overlaid(); len(lines) != 2 || len(lines[0].X) == 0 || &lines[0].X[0] != &s.runs.overlaid()[0].X[0] {
		t.Errorf("%d lines of the run that is ticked, or others each time", len(lines))
	}
	if ids := s.runs.shown(); len(ids) != 2 {
		t.Errorf("in the chart are the runs %v", ids)
	}
	first := s.runs.rows[0].ID
	s.runs.rename(s.runs.rows[0])
	row.show(s.runs.rows[0])
	if !row.name.Visible() || row.cells[colName].Visible() {
		t.Error("there is nothing to type a name into")
	}
	row.name.SetText("the narrow one")
	row.name.OnSubmitted(row.name.Text)
	s.until("the name", func() bool {
		r, ok := s.runs.run()
		i := slices.IndexFunc(s.frame.Runs.All, func(r session.Run) bool { return r.ID == first })
		return ok && runName(r) == "the narrow one" && s.frame.Runs.All[i].Name == "the narrow one"
	})
	s.session.LookBack(first, 0)
	s.until("its beginning", func() bool { return s.frame.lookingBack() && !s.frame.Runs.Scrub.Pending && s.runs.time.Visible() })
	if got := s.panes[session.PaneResult].Title(); got != "At step 0" {
		t.Errorf("the pane is %q", got)
	}
	s.runs.slider.OnChanged(s.runs.slider.Max)
	s.until("its end", func() bool { return s.frame.Runs.Scrub.Step == 12 && !s.frame.Runs.Scrub.Pending })
	s.escape()
	s.until("now", func() bool { return !s.frame.lookingBack() && !s.runs.time.Visible() })
	for _, text := range []string{"Run again", "Save settings…", "Export the ticked curves…", "Delete…"} {
		if r, _ := s.runs.run(); !slices.ContainsFunc(s.runs.menu(r), func(i *fyne.MenuItem) bool { return i.Label == text && !i.Disabled }) {
			t.Errorf("its menu has no %q", text)
		}
	}
	s.session.DeleteRun(first)
	s.until("one run", func() bool { return len(s.runs.rows) == 1 && len(s.runs.ticked) == 0 })
}

// TestTheSliderEndsWithNow looks back over a training that goes on, and comes back to it.
func TestTheSliderEndsWithNow(t *testing.T) {
	s := newStage(t, t.TempDir())
	s.turn(session.PageTrain)
	s.small()
	s.train.begin()
	s.until("steps", func() bool {
		return s.frame.Train.Progress.Step > 20 && len(s.runs.rows) == 1 && len(s.runs.rows[0].Kept) > 3
	})
	test.Tap(s.runs.back)
	s.until("the slider", func() bool { return s.runs.time.Visible() && s.runs.live })
	if s.frame.lookingBack() || s.runs.slider.Format(s.runs.slider.Value()) != "now" {
		t.Errorf("it begins at %s", s.runs.slider.Format(s.runs.slider.Value()))
	}
	s.runs.slider.OnChanged(1)
	s.until("the first step", func() bool {
		return s.frame.lookingBack() && s.frame.Runs.Scrub.Step == 1 && !s.frame.Runs.Scrub.Pending
	})
	at := s.frame.Train.Progress.Step
	s.until("steps meanwhile", func() bool { return s.frame.Train.Progress.Step > at })
	if !s.frame.lookingBack() {
		t.Error("the training has taken the panes")
	}
	s.runs.slider.OnChanged(s.runs.slider.Max)
	s.until("now", func() bool { return !s.frame.lookingBack() && s.runs.time.Visible() })
	s.escape()
	if s.runs.time.Visible() {
		t.Error("the slider stays")
	}
}

// TestTheBottleneckIsDragged drags the latent of the strip, and the form has the number.
func TestTheBottleneckIsDragged(t *testing.T) {
	s := newStage(t, "")
	s.turn(session.PageTrain)
	s.small()
	s.network.drag(3.4, false)
	if got := s.train.form.spec.Latent; got != 7 {
		t.Errorf("2 × 3.4 is a latent of %d", got)
	}
	s.network.drag(4, true)
	s.network.drag(0.01, true)
	if got := s.train.form.spec.Latent; got != 1 {
		t.Errorf("it ends with a latent of %d", got)
	}
	if n := len(s.network.layers); n != len(s.train.form.spec.Layers(28, 28)) {
		t.Errorf("%d layers are shown", n)
	}
}

// TestTwinsAreSeenSideBySide trains two networks and reads the panes' titles.
func TestTwinsAreSeenSideBySide(t *testing.T) {
	s := newStage(t, "")
	s.turn(session.PageTrain)
	s.small()
	spec := s.train.form.spec
	spec.Steps = 12
	s.train.form.set(spec, 0)
	s.train.twin.by.set(twinLatent)
	s.train.twin.latent.SetValue(5)
	s.train.begin()
	s.until("both", func() bool { return s.frame.Train.Phase == session.Finished && s.frame.twins() })
	if a, b, d := s.panes[1].Title(), s.panes[2].Title(), s.panes[3].Title(); a != "Latent 2" || b != "Latent 5" || !strings.HasPrefix(d, "Difference") {
		t.Errorf("the panes are %q, %q and %q", a, b, d)
	}
	var names []string
	for _, l := range twinSeries(s.frame, s.frame.lines.series("plain")) {
		if len(l.X) == 0 {
			t.Errorf("%s is empty", l.Name)
		}
		names = append(names, l.Name)
	}
	if want := []string{"Latent 2", "Latent 2, validation", "Latent 2, validation", "Latent 5", "Latent 5, validation", "Latent 5, validation"}; !slices.Equal(names, want) {
		t.Errorf("the lines are %q, want %q", names, want)
	}
	one, other := s.frame.Train.Panes.Result, s.frame.Train.Twin.Panes.Result
	v := (s.frame.Train.Twin.Difference.Data[500] - 0.5) / float32(s.frame.Train.Twin.Gain)
	if d := one.Data[500] - other.Data[500]; v-d > 1e-5 || d-v > 1e-5 {
		t.Errorf("where they differ by %g, %g is shown", d, v)
	}
	for i, want := range []*tensor.Tensor{s.frame.Train.Panes.Original, one, other, s.frame.Train.Twin.Difference} {
		if s.frame.panes.Of(session.Pane(i)) != want {
			t.Errorf("pane %d shows something else", i)
		}
	}
	if got := s.read(session.PaneLatent, 3, 3); got != readPixel(other, 3, 3) || got == "" {
		t.Errorf("the twin's picture is read as %q", got)
	}
}

// TestSettingsArePasted takes the text of a run's settings, and a sentence for what is none.
func TestSettingsArePasted(t *testing.T) {
	s := newStage(t, "")
	s.turn(session.PageTrain)
	spec := model.DefaultSpec()
	spec.Latent, spec.Bottleneck = 21, "binary"
	s.train.paste(session.Run{Spec: spec}.Settings())
	if s.train.form.spec != spec {
		t.Errorf("pasted, it is %+v", s.train.form.spec)
	}
	for _, text := range []string{"", "hello", `{"latent": "many"}`, `{"latnt": 3}`} {
		serial := s.frame.Message.Serial
		s.train.paste(text)
		s.until(fmt.Sprintf("a sentence to %q", text), func() bool { return s.frame.Message.Serial > serial })
		if s.train.form.spec != spec {
			t.Errorf("%q changed the form", text)
		}
	}
}
