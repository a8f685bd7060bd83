package ui

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/model"
	"sieve/ui/session"
	"sieve/ui/widget"
)

// A stage is a window with a real session, on Fyne's software driver. The test's
// goroutine is that of the user interface: what is done there waits in a queue
// until the test pumps it.
type stage struct {
	*window
	t     *testing.T
	queue chan func()
	trace *lockedBuffer
	dir   string
}

// lockedBuffer is the file that a trace is written to.
type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

func newStage(t *testing.T, dir string) *stage {
	t.Helper()
	s := &stage{t: t, queue: make(chan func(), 1000), trace: &lockedBuffer{}, dir: dir}
	a := test.NewTempApp(t)
	real := session.New(session.Options{StateDir: dir})
	ended := make(chan struct{})
	do := func(f func()) {
		select {
		case s.queue <- f:
		case <-ended:
		}
	}
	s.window = newWindow(a, real, do, Options{StateDir: dir, Trace: s.trace, Began: time.Now()})
	s.win.Resize(fyne.NewSize(1280, 800))
	s.window.started()
	t.Cleanup(func() {
		s.window.stop()
		ctx, cancel := context.WithTimeout(context.Background(), patient)
		defer cancel()
		if err := real.Close(ctx); err != nil {
			t.Error(err)
		}
		close(ended)
	})
	return s
}

// patient bounds a wait: it is long because machines that run tests are slow.
const patient = 3 * time.Minute

// until pumps the queue until something is so.
func (s *stage) until(what string, so func() bool) {
	s.t.Helper()
	late := time.After(patient)
	for !so() {
		select {
		case f := <-s.queue:
			f()
		case <-late:
			s.t.Fatalf("waited in vain for %s; phase %q, message %q", what, s.frame.Train.Phase, s.frame.Message.Text)
		}
	}
}

// picture writes a small PNG and returns its path.
func picture(t *testing.T, name string) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 40, 24))
	for i := range img.Pix {
		img.Pix[i] = uint8(i)
	}
	img.SetRGBA(3, 2, color.RGBA{255, 0, 0, 255})
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err == nil {
		err = png.Encode(f, img)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// small makes the form ask for a training that takes no time.
func (s *stage) small() {
	spec := model.DefaultSpec()
	spec.Channels, spec.Crop, spec.Depth, spec.Width, spec.Latent, spec.Batch, spec.Check = 0, 0, 1, 4, 2, 2, 5
	spec.Steps, spec.Scheme = 1_000_000, "gaussian:25"
	s.train.learnFrom("builtin:glyphs")
	s.train.form.set(spec, 0)
	s.train.form.changed()
}

func TestPagesTurn(t *testing.T) {
	s := newStage(t, "")
	for _, to := range []session.Page{session.PageTrain, session.PageDenoise, session.PageTrain} {
		i := slices.IndexFunc(s.pages, func(p *page) bool { return p.name == to })
		test.Tap(s.pages[i].rail)
		for _, p := range s.pages {
			if p.settings.Visible() != (p.name == to) || p.rail.Selected() != (p.name == to) {
				t.Errorf("on page %s: settings of %s are seen: %v, its button is on: %v", to, p.name, p.settings.Visible(), p.rail.Selected())
			}
		}
		if s.learning.Visible() != (to == session.PageTrain) {
			t.Errorf("on page %s the chart is seen: %v", to, s.learning.Visible())
		}
	}
}

func TestTheSampleIsThereAtOnce(t *testing.T) {
	s := newStage(t, "")
	s.until("a sample with noise", func() bool { return s.panes[session.PaneNoisy].Layer() != nil })
	if !s.frame.Picture.Sample || s.frame.Noise.Kind == "none" {
		t.Errorf("shows %q with noise %q, want a sample with noise", s.frame.Picture.Name, s.frame.Noise.Kind)
	}
	if f := quality(s.frame.panes.NoisyPSNR, math.NaN()); !strings.HasSuffix(f, "dB") {
		t.Errorf("the noisy picture's figure is %q", f)
	}
}

func TestDroppingOpensByKind(t *testing.T) {
	s := newStage(t, "")
	path := picture(t, "wäves 1.png")
	s.dropped([]fyne.URI{storage.NewFileURI(path)})
	s.until("the picture", func() bool { return s.frame.Picture.Name == "wäves 1.png" })
	if w, h := s.linked.Picture(); w != 40 || h != 24 {
		t.Errorf("the view shows a picture of %d × %d, want 40 × 24", w, h)
	}
	s.until("what was removed from it", func() bool {
		return s.panes[session.PaneNoisy].Title() == "Removed" && s.second.Selected() == 1
	})
	s.showSecond(secondNoisy)
	s.until("the picture as it is", func() bool { return s.panes[session.PaneNoisy].Title() == "As opened" })
	if got := quality(s.frame.panes.ResultPSNR, s.frame.panes.ResultSSIM); got != "—" {
		t.Errorf("without a clean original the result is %q", got)
	}

	s.dropped([]fyne.URI{storage.NewFileURI(path), storage.NewFileURI(picture(t, "second.png"))})
	s.until("two pictures", func() bool { return s.frame.Picture.Of == 2 })
	if !s.denoise.turning.row.Visible() || s.denoise.turning.next.Disabled() || !s.denoise.turning.previous.Disabled() {
		t.Error("two pictures cannot be paged through")
	}
	test.Tap(s.denoise.turning.next)
	s.until("the second", func() bool { return s.frame.Picture.Name == "second.png" })

	folder := filepath.Dir(path)
	s.turn(session.PageTrain)
	s.dropped([]fyne.URI{storage.NewFileURI(folder)})
	s.until("the folder as data", func() bool { return s.train.source == folder })
	if got := s.train.data.value(); got != folder {
		t.Errorf("the list of data shows %q, want %q", got, folder)
	}

	bad := filepath.Join(t.TempDir(), "words.png")
	if err := os.WriteFile(bad, []byte("This is no picture."), 0o666); err != nil {
		t.Fatal(err)
	}
	s.dropped([]fyne.URI{storage.NewFileURI(bad)})
	s.until("a sentence", func() bool { return s.frame.Message.Kind == session.Error })
	if text := sentence(s.frame.Message); !strings.Contains(text, "words.png") {
		t.Errorf("%q does not name words.png", text)
	}
	s.until("the old picture", func() bool { return s.frame.Picture.Name == "second.png" })
}

func TestTrainingStartsPausesStepsAndStops(t *testing.T) {
	s := newStage(t, t.TempDir())
	s.turn(session.PageTrain)
	s.small()
	phase := func(p session.Phase) func() bool { return func() bool { return s.frame.Train.Phase == p } }

	test.Tap(s.train.start)
	s.until("it runs", func() bool { return s.frame.Train.Phase == session.Running && s.frame.Train.Progress.Step > 10 })
	if s.train.start.Text != "Pause" {
		t.Errorf("while it runs the button says %q", s.train.start.Text)
	}
	if !s.train.data.Disabled() || !s.train.form.row("latent").field.Disabled() {
		t.Error("settings can be changed while it runs")
	}
	s.until("the panes follow", func() bool { return s.frame.training() && s.panes[session.PaneResult].Layer() != nil })
	s.until("a validation", func() bool { return s.frame.Train.BestStep > 0 })

	s.typedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	s.until("it pauses", phase(session.Paused))
	at := s.frame.Train.Progress.Step
	test.Tap(s.train.step)
	s.until("one step", func() bool { return s.frame.Train.Progress.Step == at+1 })
	s.typedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	s.until("it goes on", func() bool { return s.frame.Train.Phase == session.Running && s.frame.Train.Progress.Step > at+5 })
	test.Tap(s.train.stop)
	s.until("it stops", phase(session.Stopped))
	if s.train.form.row("latent").field.Disabled() {
		t.Error("settings cannot be changed after it has stopped")
	}
	if s.train.save.Disabled() || s.train.use.Disabled() {
		t.Error("what was learned can be neither used nor saved")
	}
	test.Tap(s.train.use)
	s.until("the model is used", func() bool { return s.frame.Model.Trained })
	if got := s.denoise.model.value(); got != trainedModel {
		t.Errorf("the list of models shows %q", got)
	}
}

func TestAnInterruptedTrainingIsOffered(t *testing.T) {
	dir := t.TempDir()
	s := newStage(t, dir)
	s.turn(session.PageTrain)
	s.small()
	test.Tap(s.train.start)
	s.until("it runs", func() bool { return s.frame.Train.Progress.Step > 10 })
	s.remember()
	s.window.stop()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	if err := s.session.Close(ctx); err != nil {
		t.Fatal(err)
	}

	again := newStage(t, dir)
	again.until("the training is offered", func() bool { return again.frame.Train.Phase == session.Interrupted })
	if again.view.page != session.PageTrain {
		t.Errorf("comes back on page %s", again.view.page)
	}
	if text := again.train.start.Text; !strings.HasPrefix(text, "Go on from step ") {
		t.Errorf("the button says %q", text)
	}
	at := again.frame.Train.Progress.Step
	test.Tap(again.train.start)
	again.until("it goes on", func() bool { return again.frame.Train.Phase == session.Running && again.frame.Train.Progress.Step > at })
}

func TestFormAndSpecAreTheSame(t *testing.T) {
	s := newStage(t, "")
	f := s.train.form
	spec := model.DefaultSpec()
	spec.Depth, spec.Width, spec.Latent, spec.Kernel, spec.Blocks, spec.Crop = 3, 24, 12, 5, 2, 40
	spec.Activation, spec.Up, spec.Output, spec.Bottleneck, spec.Lambda = "silu", "nearest", "sigmoid", "variational", 0.5
	spec.Scheme, spec.Loss, spec.Optimiser, spec.Rate, spec.Schedule = "saltpepper:1-10", "l1", "sgd", 0.25, "constant"
	spec.Warmup, spec.Steps, spec.Decay, spec.Momentum, spec.Clip, spec.Average = 7, 0, 0.125, 0.5, 2, 0.99
	spec.Batch, spec.Check, spec.Seed = 3, 9, 12345
	spec.Level, spec.Estimated, spec.Augment, spec.Leaves, spec.Grey = true, true, true, 0.25, 0.5
	f.set(spec, 1.5)

	for _, r := range f.rows { // each control is made to say again what it shows
		switch c := r.target.(type) {
		case *choice:
			c.OnChanged(c.Selected)
		case *widget.NumberEntry:
			c.OnChanged(c.Value())
		}
	}
	want := spec
	want.Scheme = "saltpepper:0-20" // choosing the kind again gives its usual range
	if f.spec != want {
		t.Errorf("the form makes\n%+v of\n%+v", f.spec, want)
	}
	if f.minutes != 1.5 {
		t.Errorf("the form makes %g minutes of 1.5", f.minutes)
	}
	names := map[string]bool{}
	for _, r := range f.rows {
		names[r.name] = true
	}
	b, _ := json.Marshal(spec)
	var fields map[string]any
	if err := json.Unmarshal(b, &fields); err != nil {
		t.Fatal(err)
	}
	for name := range fields {
		if !names[name] {
			t.Errorf("the form has nothing for %q", name)
		}
	}
}

func TestPresetsCanBeTrained(t *testing.T) {
	s := newStage(t, "")
	for _, p := range presets() {
		s.train.take(p.name)
		if err := s.train.form.wrong(); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if s.train.start.Disabled() {
			t.Errorf("%s cannot be started", p.name)
		}
		if s.train.source != p.data {
			t.Errorf("%s learns from %s, want %s", p.name, s.train.source, p.data)
		}
	}
}

func TestSettingsAreUndoneAndRedone(t *testing.T) {
	s := newStage(t, "")
	s.until("a picture", func() bool { return s.frame.Picture.Version > 0 && s.frame.panes.Noisy != nil })
	start := s.settings()
	s.denoise.kind.picked("speckle")
	s.train.form.row("latent").field.(*widget.NumberEntry).OnChanged(7)
	s.train.take("digits")
	after := s.settings()
	for range 3 {
		s.undo()
	}
	if got := s.settings(); got != start {
		t.Errorf("undone to\n%+v, want\n%+v", got, start)
	}
	if !s.menu.undo.Disabled || s.menu.redo.Disabled {
		t.Error("there is more to undo, or nothing to redo")
	}
	for range 3 {
		s.redo()
	}
	if got := s.settings(); got != after {
		t.Errorf("redone to\n%+v, want\n%+v", got, after)
	}
	s.undo()
	s.denoise.kind.picked("poisson")
	if !s.menu.redo.Disabled {
		t.Error("after another change the old one can be redone")
	}
}

// TestResultControls moves what is offered for a model that is told the noise level.
func TestResultControls(t *testing.T) {
	s := newStage(t, "")
	s.dropped([]fyne.URI{storage.NewFileURI(picture(t, "small.png"))})
	s.session.UseModel("gaussian")
	p := s.denoise
	s.until("the model", func() bool { return s.frame.Model.Name == "gaussian" && !s.frame.panes.Pending && p.told.Visible() })
	if p.guess.Visible() || p.level.Label != "Noise level, estimated" || p.amount.Value() != 100 || p.manner.Selected() != 1 {
		t.Errorf("at first the level is %q, the amount %g, the manner %d", p.level.Label, p.amount.Value(), p.manner.Selected())
	}
	p.level.OnChanged(30)
	p.level.OnChangeEnded(30)
	p.manner.OnChanged(2)
	p.amount.OnChanged(40)
	p.amount.OnChangeEnded(40)
	want := session.Repair{Sigma: 30, Manner: 1.4, Strength: 0.4, Passes: 1}
	s.until("all of it", func() bool {
		return s.frame.Repair == want && p.guess.Visible() && p.level.Value() == 30 && p.manner.Selected() == 2 && p.amount.Value() == 40
	})
	test.Tap(p.estimate)
	s.until("an estimate again", func() bool { return s.frame.Repair.Sigma < 0 && !p.guess.Visible() })
	s.undo()
	s.undo()
	s.until("the amount undone", func() bool { return s.frame.Repair == session.Repair{Sigma: 30, Manner: 1.4, Strength: 1, Passes: 1} })
	s.session.UseModel("denoise")
	s.until("a model that is told nothing", func() bool { return s.frame.Model.Name == "denoise" && !p.told.Visible() })
}

// TestQueuePanel denoises a folder from the window.
func TestQueuePanel(t *testing.T) {
	s := newStage(t, "")
	dir := filepath.Join(t.TempDir(), "in")
	for _, name := range []string{"a.png", "b.png"} {
		b, err := os.ReadFile(picture(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "c.png"), []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	q := s.window.queue
	if s.denoise.every.Visible() || q.box.Visible() {
		t.Error("a sample offers a queue")
	}
	s.dropped([]fyne.URI{storage.NewFileURI(dir)})
	s.until("the pictures", func() bool { return s.denoise.every.Visible() && !s.frame.panes.Pending })
	if got := s.denoise.all.Text; got != "Denoise all 3…" {
		t.Errorf("three pictures are offered as %q", got)
	}
	test.Tap(s.denoise.all)
	s.until("the queue", func() bool { return q.box.Visible() && len(q.items) == 3 && !q.start.Disabled() })
	s.turn(session.PageTrain)
	if q.box.Visible() || !s.chart.Visible() {
		t.Error("the queue is on the page Train")
	}
	s.turn(session.PageDenoise)
	q.name.commit("{name}-{number}")
	s.until("the template", func() bool { return s.frame.Queue.Options.Template == "{name}-{number}" })
	test.Tap(q.start)
	s.until("all of it", func() bool {
		return s.frame.Queue.Counts[session.Done] == 2 && s.frame.Queue.Counts[session.Failed] == 1 && !s.frame.Queue.Running
	})
	if got := q.summary.Text; got != "2 of 3 done   1 failed" {
		t.Errorf("the queue says %q", got)
	}
	for _, name := range []string{"a-1.png", "b-2.png"} {
		if _, err := os.Stat(filepath.Join(dir+"-clean", name)); err != nil {
			t.Error(err)
		}
	}
	if text, _ := queueWords(q.items[2]); !strings.Contains(text, "c.png") || !q.retry.Visible() || q.start.Text != "Start" || !q.start.Disabled() {
		t.Errorf("a failure says %q", text)
	}
	test.Tap(q.clear)
	s.until("an empty queue", func() bool { return !q.box.Visible() })
}

// TestRemarks says what is unusual, and nothing where all is as it should be.
func TestRemarks(t *testing.T) {
	p := newStage(t, "").denoise
	nan := math.NaN()
	for _, tc := range []struct {
		name      string
		panes     session.Panes
		estimated bool
		want      string
	}{
		{"usual", session.Panes{Estimate: 12, Blocking: 1.01, Structure: 0.1, RemovedRMS: 12}, false, ""},
		{"JPEG", session.Panes{Estimate: 1, Blocking: 3, Structure: 0.1, RemovedRMS: 1}, false, "JPEG"},
		{"JPEG, and the model knows", session.Panes{Estimate: 1, Blocking: 3, Structure: 0.1, RemovedRMS: 1}, true, ""},
		{"too much", session.Panes{Estimate: 80, Blocking: 1, Structure: nan, RemovedRMS: nan}, false, "more noise"},
		{"detail", session.Panes{Estimate: 10, Blocking: 1, Structure: 0.5, RemovedRMS: 9}, false, "detail"},
		{"clean", session.Panes{Estimate: 0.1, Blocking: 1, Structure: 0.6, RemovedRMS: 0.1}, false, "hardly any"},
	} {
		f := frame{State: session.State{Panes: tc.panes}}
		f.Model.Spec.Level, f.Model.Spec.Estimated = true, tc.estimated
		_, text := p.remarkOn(f)
		if (tc.want == "") != (text == "") || !strings.Contains(text, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, text, tc.want)
		}
	}
}

func TestWhatCannotBeIsSaidBesideIt(t *testing.T) {
	s := newStage(t, "")
	s.train.form.edit(func(spec *model.Spec) { spec.Crop = 30 })
	r := s.train.form.row("crop")
	if !strings.Contains(r.field.Remark(), "multiple of 4") {
		t.Errorf("beside the crop stands %q", r.field.Remark())
	}
	if !s.train.start.Disabled() || s.train.act != nil {
		t.Error("a training that cannot be can be started")
	}
	if s.train.reason.Text() == "" {
		t.Error("nothing says why it cannot be started")
	}
	s.train.form.edit(func(spec *model.Spec) { spec.Crop, spec.Depth = 0, -1 })
	if got := s.train.form.row("depth").field.Remark(); got != "0 to 5" {
		t.Errorf("beside the depth stands %q", got)
	}
	s.train.form.edit(func(spec *model.Spec) { spec.Crop, spec.Depth = 32, 2 })
	if s.train.start.Disabled() || r.field.Remark() != "" || s.train.reason.Text() != "" {
		t.Errorf("mended, but still disabled: %v, %q, %q", s.train.start.Disabled(), r.field.Remark(), s.train.reason.Text())
	}
	s.train.form.edit(func(spec *model.Spec) { spec.Scheme = "gaussian:25+fog:3" })
	if !strings.Contains(s.train.form.row("scheme").field.Remark(), "gaussian") {
		t.Errorf("beside the noise stands %q", s.train.form.row("scheme").field.Remark())
	}
}

func TestKeysRestWhileATextIsTyped(t *testing.T) {
	s := newStage(t, "")
	s.until("a picture", func() bool { return s.frame.panes.Original != nil })
	s.turn(session.PageTrain)
	s.small()
	c := s.win.Canvas()
	type1 := func() {
		if f := c.Focused(); f != nil {
			f.TypedRune('1')
			f.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
			return
		}
		c.OnTypedRune()('1')
		c.OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeySpace})
	}
	before := s.linked.Scale()
	entry := fynewidget.NewEntry()
	s.train.settings.(*fyne.Container).Add(entry)
	c.Focus(entry)
	type1()
	if s.linked.Scale() != before || s.session.State().Train.Phase != session.Idle {
		t.Errorf("typing 1 and Space in a field zooms from %g to %g and leaves training %q", before, s.linked.Scale(), s.session.State().Train.Phase)
	}
	if entry.Text != "1" {
		t.Errorf("the field holds %q, want 1", entry.Text)
	}
	c.Unfocus()
	type1()
	if s.linked.Scale() != 1 {
		t.Errorf("1 outside of a field zooms to %g, want 1", s.linked.Scale())
	}
	s.until("Space starts", func() bool { return s.frame.Train.Phase == session.Running })
}

func TestNoFigureIsADash(t *testing.T) {
	for _, c := range []struct {
		psnr, ssim float64
		want       string
	}{
		{math.NaN(), math.NaN(), "—"},
		{math.NaN(), 0.5, "—"},
		{24.56, math.NaN(), "24.6 dB"},
		{24.56, 0.51249, "24.6 dB   SSIM 0.512"},
		{math.Inf(1), 1, "identical   SSIM 1.000"},
	} {
		if got := quality(c.psnr, c.ssim); got != c.want {
			t.Errorf("%g dB and SSIM %g are written %q, want %q", c.psnr, c.ssim, got, c.want)
		}
	}
}

func TestEveryLookIsRemembered(t *testing.T) {
	dir := t.TempDir()
	s := newStage(t, dir)
	s.until("a picture", func() bool { return s.frame.panes.Noisy != nil })
	s.denoise.kind.picked("saltpepper")
	s.until("salt and pepper", func() bool { return s.frame.Noise.Kind == "saltpepper" })
	s.setLook(func(l *session.Look) { l.Map = colormaps[1] })
	s.saved.Theme, s.saved.Projector = "light", true
	s.train.form.edit(func(spec *model.Spec) { spec.Latent = 5 })
	s.remember()

	again := newStage(t, dir)
	again.until("a picture", func() bool { return again.frame.panes.Noisy != nil })
	if got := again.view.look.Map; got != colormaps[1] {
		t.Errorf("the colour map is %v", got)
	}
	if again.saved.Theme != "light" || !again.saved.Projector {
		t.Errorf("the theme is %q, projector %v", again.saved.Theme, again.saved.Projector)
	}
	if again.frame.Noise.Kind != "saltpepper" {
		t.Errorf("the noise is %q", again.frame.Noise.Kind)
	}
	if got := again.train.form.spec.Latent; got != 5 {
		t.Errorf("the latent has %d channels", got)
	}
}

// TestTheTraceIsWhole reads every line that a window writes.
func TestTheTraceIsWhole(t *testing.T) {
	s := newStage(t, "")
	s.until("a picture", func() bool { return s.frame.panes.Noisy != nil })
	s.window.trace.report(s.win.Canvas(), nil)
	seen := map[string]bool{}
	names := map[string]bool{}
	s.trace.Lock()
	lines := strings.Split(strings.TrimSuffix(s.trace.String(), "\n"), "\n")
	s.trace.Unlock()
	for _, line := range lines {
		var e struct {
			Event, Name string
			T           *float64
			Shown       bool
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.T == nil {
			t.Fatalf("%q: %v", line, err)
		}
		seen[e.Event] = true
		if e.Event == "widget" && e.Shown {
			names[e.Name] = true
		}
	}
	for _, want := range []string{"page", "setting", "zoom", "picture", "widget"} {
		if !seen[want] {
			t.Errorf("nothing was said of %s", want)
		}
	}
	for _, want := range []string{"page.denoise", "page.train", "pane.original", "pane.noisy", "pane.latent", "pane.reconstruction", "denoise.noise", "denoise.strength", "status"} {
		if !names[want] {
			t.Errorf("nobody knows where %s is", want)
		}
	}
	for name := range names {
		if strings.HasPrefix(name, "train.") {
			t.Errorf("%s is said to be seen on the page Denoise", name)
		}
	}
}

// TestLatentsAreRead draws a latent of cells smaller than the gaps between them,
// and finds every value again under the pointer.
func TestLatentsAreRead(t *testing.T) {
	for _, n := range []int{1, 2, 5, 8} {
		z := newLatent(3, 2, n)
		for channel := 0; channel <= n; channel++ {
			img, l := drawLatent(z, session.Look{Channel: channel})
			if channel == 0 && n > 1 && img.Rect.Dx()*2 != img.Rect.Dy()*3 {
				if r := float64(img.Rect.Dx()) / float64(img.Rect.Dy()); math.Abs(r-1.5) > 0.05 {
					t.Errorf("%d channels of 3 × 2 are drawn in %v, not in the shape of the picture", n, img.Rect)
				}
			}
			found := map[string]bool{}
			for y := range img.Rect.Dy() {
				for x := range img.Rect.Dx() {
					found[l.read(x, y, img.Rect.Dx(), img.Rect.Dy())] = true
				}
			}
			delete(found, "") // gaps
			want := 6
			if channel == 0 {
				want = 6 * n
			}
			if len(found) != want {
				t.Errorf("channel %d of %d: %d values are found, want %d", channel, n, len(found), want)
			}
		}
	}
}

// TestCompressPage compresses the sample by quality and by size, looks at where the bits
// go and at what arrives, and goes back to the page Denoise as it was.
func TestCompressPage(t *testing.T) {
	if _, err := session.LoadCodec(""); err != nil {
		t.Skip("no model for compressing is built in: ", err)
	}
	s := newStage(t, "")
	s.dropped([]fyne.URI{storage.NewFileURI(picture(t, "small.png"))})
	s.until("the picture", func() bool { return s.frame.Picture.Name == "small.png" && s.frame.State.Result != nil })
	s.turn(session.PageCompress)
	p := s.compress
	made := func() bool { return s.frame.pressing() && !s.frame.Press.Pending && s.frame.Press.WebP.Bytes > 0 }
	s.until("a file", made)
	if s.panes[1].Title() != "JPEG" || s.panes[2].Title() != "WebP" || s.panes[3].Title() != "Sieve" || p.save.Disabled() || p.size.Visible() || !p.rates.Visible() || s.learning.Visible() {
		t.Errorf("panes %q, %q, %q", s.panes[1].Title(), s.panes[2].Title(), s.panes[3].Title())
	}
	for i, l := range s.frame.layers {
		if l == nil {
			t.Errorf("pane %d shows nothing", i)
		}
	}
	whole := s.frame.Press.Sieve
	p.quality.OnChanged(5)
	p.quality.OnChangeEnded(5)
	s.until("a smaller one", func() bool { return made() && s.frame.Press.Sieve.Bytes < whole.Bytes })
	p.by.OnChanged(1)
	s.until("a size", func() bool { return made() && p.size.Visible() && s.frame.Press.Want.Bytes > 0 })
	plain := s.frame.layers[0]
	p.w.view.bits = true
	p.w.drawer.look(p.w.view)
	s.until("where the bits go", func() bool { return s.frame.layers[0] != plain && s.panes[0].Title() == "Where the bits go" })
	before := s.frame.Press.Sieve.PSNR
	p.arrived.OnChanged(0)
	s.until("a part of it", func() bool { return made() && s.frame.Press.Arrived == 0.1 && s.frame.Press.Sieve.PSNR < before })
	s.until("curves", func() bool { return len(p.curves) == 3 })
	s.undo()
	s.until("the quality undone", func() bool { return s.frame.Press.Want == session.DefaultCompression })
	s.turn(session.PageDenoise)
	s.until("the page Denoise", func() bool {
		return s.panes[2].Title() == "Latent" && s.panes[3].Title() == "Reconstruction" && !p.rates.Visible()
	})
}

// TestDetectPage shows first what to do, then pictures with the worst in front.
func TestDetectPage(t *testing.T) {
	s := newStage(t, t.TempDir())
	s.turn(session.PageDetect)
	if !s.detect.welcome.Visible() || s.group.Visible() || !s.detect.judge.Disabled() {
		t.Error("an empty page does not say what to do")
	}
	good := filepath.Dir(picture(t, "a.png"))
	b, err := os.ReadFile(filepath.Join(good, "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b.png", "c.png", "d.png"} {
		if err := os.WriteFile(filepath.Join(good, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s.open([]string{detector(t)})
	s.until("a model is there", func() bool { return s.frame.Detect.Model != "" })
	s.open([]string{good})
	s.until("good pictures are known", func() bool { return s.frame.Detect.Normal != nil && !s.frame.Detect.Learning })
	s.open([]string{good})
	s.until("the worst is shown", func() bool { return s.frame.detecting() && len(s.frame.Detect.Suspects) == 4 })
	if s.detect.welcome.Visible() || !s.group.Visible() || s.detect.judge.Disabled() || s.detect.export.Disabled() {
		t.Error("a judged picture is not shown")
	}
	s.turn(session.PageDenoise)
	if !s.group.Visible() || s.detect.below.Visible() {
		t.Error("the page Detect stays in sight")
	}
}

// detector writes a small model that knows no good pictures.
func detector(t *testing.T) string {
	t.Helper()
	spec := model.DefaultSpec()
	spec.Channels, spec.Depth, spec.Width, spec.Latent, spec.Scheme = 1, 1, 4, 4, "none"
	m, err := model.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "small.safetensors")
	if err := session.SaveModel(path, m); err != nil {
		t.Fatal(err)
	}
	return path
}
