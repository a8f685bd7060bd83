package widget

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"sieve/ui/theme"
)

// window shows o in a window of the software driver, in the looks of Sieve.
func window(t *testing.T, o fyne.CanvasObject, width, height float32) fyne.Window {
	t.Helper()
	a := test.NewTempApp(t)
	a.Settings().SetTheme(theme.New(theme.Options{Variant: theme.Light}))
	w := test.NewTempWindow(t, o)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(width, height))
	return w
}

func key(name fyne.KeyName) *fyne.KeyEvent { return &fyne.KeyEvent{Name: name} }

func TestNumbersReadAsPeopleWriteThem(t *testing.T) {
	for _, c := range []struct {
		v      float64
		digits int
		want   string
	}{
		{0, 4, "0"}, {1e-3, 4, "0.001"}, {1e-5, 4, "1e-5"}, {.000123456, 4, "0.0001235"}, {.99996, 4, "1"},
		{9999, 6, "9999"}, {12340, 6, "12\u2009340"}, {-12340.5, 6, "-12\u2009340.5"}, {999999.7, 6, "1e6"},
		{3e8, 4, "3e8"}, {1.5e-7, 4, "1.5e-7"}, {math.NaN(), 4, "NaN"}, {math.Inf(1), 4, "∞"}, {math.Inf(-1), 4, "-∞"},
	} {
		if got := FormatNumber(c.v, c.digits); got != c.want {
			t.Errorf("FormatNumber(%v, %d) = %q, want %q", c.v, c.digits, got, c.want)
		}
		if !finite(c.v) {
			continue
		}
		back, ok := parseNumber(FormatNumber(c.v, 17))
		if !ok || back != c.v {
			t.Errorf("%v comes back as %v", c.v, back)
		}
	}
	for text, want := range map[string]float64{"1e-3": .001, "0,5": .5, " 12 000 ": 12000, "−3": -3} {
		if got, ok := parseNumber(text); !ok || got != want {
			t.Errorf("parseNumber(%q) = %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"", "ten", "1,000,000", "NaN", "Inf", "1e999"} {
		if got, ok := parseNumber(text); ok {
			t.Errorf("parseNumber(%q) = %v, want none", text, got)
		}
	}
}

func TestSliderKeepsItsLength(t *testing.T) {
	for _, c := range []struct{ v, step, want float64 }{{.3, .05, 4}, {.25, .05, 4}, {7, 1, 1}, {.1, .1, 3}} {
		if got := formatStep(c.v, c.step); len(got) != int(c.want) {
			t.Errorf("%v in steps of %v is written %q, want %v figures", c.v, c.step, got, c.want)
		}
	}
}

func TestSliderKeyboard(t *testing.T) {
	s := NewLabeledSlider("Strength", "levels", 0, 100, 5, 25)
	w := window(t, s, 280, 60)
	var changed, ended []float64
	s.OnChanged = func(v float64) { changed = append(changed, v) }
	s.OnChangeEnded = func(v float64) { ended = append(ended, v) }
	w.Canvas().FocusNext()
	if w.Canvas().Focused() != s.track {
		t.Fatalf("the focus is on %T, not on the slider", w.Canvas().Focused())
	}
	for _, c := range []struct {
		key  fyne.KeyName
		want float64
	}{{fyne.KeyRight, 30}, {fyne.KeyUp, 35}, {fyne.KeyLeft, 30}, {fyne.KeyPageUp, 80}, {fyne.KeyPageUp, 100}, {fyne.KeyRight, 100},
		{fyne.KeyHome, 0}, {fyne.KeyDown, 0}, {fyne.KeyEnd, 100}} {
		s.track.TypedKey(key(c.key))
		if s.Value() != c.want {
			t.Errorf("%s moves to %v, want %v", c.key, s.Value(), c.want)
		}
	}
	if want := []float64{30, 35, 30, 80, 100, 0, 100}; fmt.Sprint(changed) != fmt.Sprint(want) {
		t.Errorf("OnChanged told %v, want %v", changed, want)
	}
	if len(ended) != 0 {
		t.Errorf("OnChangeEnded told %v before the key was let go", ended)
	}
	s.track.KeyUp(key(fyne.KeyEnd))
	if fmt.Sprint(ended) != "[100]" {
		t.Errorf("OnChangeEnded told %v, want [100]", ended)
	}
}

func TestLogSliderMovesByFactors(t *testing.T) {
	s := NewLabeledSlider("Smoothing", "", 1, 1000, 1, 1)
	s.Log = true
	window(t, s, 280, 60)
	for i, want := range []float64{1, 10, 100, 1000} {
		if got := s.allowed(s.at(float64(i) / 3)); got != want {
			t.Errorf("%d thirds of the way lies %v, want %v", i, got, want)
		}
		if got := s.ratio(want); math.Abs(got-float64(i)/3) > 1e-9 {
			t.Errorf("%v lies at %v, want %d thirds", want, got, i)
		}
	}
	for i := 0; s.Value() < 1000; i++ {
		before := s.Value()
		s.track.TypedKey(key(fyne.KeyRight))
		if s.Value() <= before || i > 60 {
			t.Fatalf("a key press leads from %v to %v", before, s.Value())
		}
	}
}

func TestSliderMouse(t *testing.T) {
	s := NewLabeledSlider("Blend", "%", 0, 100, 1, 40)
	w := window(t, s, 280, 60)
	var changed, ended []float64
	s.OnChanged = func(v float64) { changed = append(changed, v) }
	s.OnChangeEnded = func(v float64) { ended = append(ended, v) }
	at := func(x float32) desktop.MouseEvent {
		return desktop.MouseEvent{Button: desktop.MouseButtonPrimary, PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, 8)}}
	}
	press := at(s.track.Size().Width / 2)
	s.track.MouseDown(&press)
	if s.Value() != 50 || w.Canvas().Focused() != s.track {
		t.Errorf("a press in the middle leads to %v, want 50, with the focus", s.Value())
	}
	s.SetValue(3)
	if s.Value() != 50 {
		t.Errorf("the slider was taken to %v out of the hand that holds it", s.Value())
	}
	s.track.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(9999, 8)}})
	if len(ended) != 0 {
		t.Errorf("OnChangeEnded told %v during the drag", ended)
	}
	s.track.DragEnd()
	s.track.MouseUp(&press)
	test.DoubleTap(s.track)
	if want := "[50 100 40]"; fmt.Sprint(changed) != want {
		t.Errorf("OnChanged told %v, want %s", changed, want)
	}
	if want := "[100 40]"; fmt.Sprint(ended) != want {
		t.Errorf("OnChangeEnded told %v, want %s", ended, want)
	}
	s.Disable()
	s.track.MouseDown(&press)
	s.track.TypedKey(key(fyne.KeyRight))
	test.DoubleTap(s.track)
	test.Tap(s.number)
	if s.Value() != 40 || s.entry.Visible() {
		t.Errorf("disabled it still moves to %v", s.Value())
	}
}

func TestSliderTyping(t *testing.T) {
	s := NewLabeledSlider("Blend", "%", 0, 100, 1, 40)
	w := window(t, s, 280, 60)
	test.Tap(s.number)
	if w.Canvas().Focused() != s.entry {
		t.Fatalf("a tap on the value gives the focus to %T", w.Canvas().Focused())
	}
	s.entry.SetText("130")
	s.entry.TypedKey(key(fyne.KeyReturn))
	if s.Value() != 40 || s.wrong != "from 0 to 100" || !s.entry.Visible() {
		t.Errorf("130 gives %v, %q", s.Value(), s.wrong)
	}
	s.entry.SetText("7,4")
	s.entry.TypedKey(key(fyne.KeyReturn))
	if s.Value() != 7 || s.wrong != "" || s.entry.Visible() || w.Canvas().Focused() != s.track {
		t.Errorf("7,4 gives %v, %q, and leaves the focus at %T", s.Value(), s.wrong, w.Canvas().Focused())
	}
	s.track.TypedRune('5')
	if s.entry.Text != "5" {
		t.Errorf("typing 5 opens a field with %q", s.entry.Text)
	}
	s.entry.TypedKey(key(fyne.KeyEscape))
	if s.Value() != 7 {
		t.Errorf("Escape leaves %v, want 7", s.Value())
	}
}

func TestNumberEntryRefusesInWords(t *testing.T) {
	n := NewNumberEntry("Learning rate", 1e-6, 1, 1e-3)
	w := window(t, n, 280, 60)
	var told []float64
	n.OnChanged = func(v float64) { told = append(told, v) }
	enter := func(text string) {
		w.Canvas().Focus(n.entry)
		n.entry.SetText(text)
		n.entry.TypedKey(key(fyne.KeyReturn))
	}
	for text, want := range map[string]string{"7": "from 1e-6 to 1", "0": "from 1e-6 to 1", "fast": "type a number", "": "type a number"} {
		enter(text)
		if n.Remark() != want || n.Value() != 1e-3 || n.Valid() || n.entry.Text != text {
			t.Errorf("%q is answered with %q and gives %v in %q, want %q", text, n.Remark(), n.Value(), n.entry.Text, want)
		}
	}
	if len(told) != 0 {
		t.Errorf("OnChanged told refused numbers: %v", told)
	}
	enter("2e-4")
	if fmt.Sprint(told) != "[0.0002]" || n.Remark() != "" || n.entry.Text != "0.0002" {
		t.Errorf("2e-4 tells %v, says %q and reads %q", told, n.Remark(), n.entry.Text)
	}
	enter("5")
	n.entry.TypedKey(key(fyne.KeyEscape))
	if n.entry.Text != "0.0002" || n.Remark() != "" {
		t.Errorf("Escape leaves %q, %q", n.entry.Text, n.Remark())
	}
	n.entry.SetText(".5")
	w.Canvas().Unfocus()
	if n.Value() != .5 || len(told) != 2 {
		t.Errorf("leaving the field with .5 gives %v", n.Value())
	}
	w.Canvas().Focus(n.entry)
	n.SetValue(.25)
	if n.entry.Text != "0.5" {
		t.Errorf("a number from elsewhere overwrote what is being typed with %q", n.entry.Text)
	}

	whole := NewNumberEntry("Steps", 1, math.Inf(1), 100)
	for text, want := range map[string]string{"1.5": "whole numbers only", "0": "at least 1", "x": "type a whole number", "12 000": ""} {
		whole.Whole = true
		if got := whole.refuse(text); got != want {
			t.Errorf("%q is answered with %q, want %q", text, got, want)
		}
	}
}

func TestRemarkMovesNothing(t *testing.T) {
	n := NewNumberEntry("Learning rate", 0, 1, .5)
	window(t, n, 280, 60)
	before := n.MinSize()
	n.entry.SetText("9")
	if n.Remark() == "" || n.MinSize() != before {
		t.Errorf("the remark %q changes the size from %v to %v", n.Remark(), before, n.MinSize())
	}
}

func TestSegmentedChooses(t *testing.T) {
	s := NewSegmented("MSE", "BCE", "L1")
	w := window(t, s, 300, 32)
	var told []int
	s.OnChanged = func(i int) { told = append(told, i) }
	test.TapAt(s, fyne.NewPos(150, 10))
	test.TapAt(s, fyne.NewPos(160, 10))
	w.Canvas().Focus(s)
	s.TypedKey(key(fyne.KeyRight))
	s.TypedKey(key(fyne.KeyRight))
	s.TypedKey(key(fyne.KeyLeft))
	s.SetSelected(0)
	if fmt.Sprint(told) != "[1 2 1]" || s.Selected() != 0 {
		t.Errorf("told %v and stands at %d, want [1 2 1] and 0", told, s.Selected())
	}
	s.Disable()
	test.TapAt(s, fyne.NewPos(290, 10))
	if s.Selected() != 0 {
		t.Errorf("disabled it chooses %d", s.Selected())
	}
}

func TestSectionOpens(t *testing.T) {
	plain := NewSection("Noise", widget.NewLabel("x"))
	s := NewSection("Training", widget.NewLabel("x")).More(widget.NewLabel("y"))
	window(t, s, 280, 400)
	if plain.fold.Visible() || !s.fold.Visible() {
		t.Error("More is offered where there is nothing, or not offered where there is something")
	}
	var told []bool
	s.OnOpened = func(open bool) { told = append(told, open) }
	closed := s.MinSize().Height
	test.Tap(s.fold)
	opened := s.MinSize().Height
	s.fold.TypedKey(key(fyne.KeySpace))
	if opened <= closed || s.MinSize().Height != closed || fmt.Sprint(told) != "[true false]" {
		t.Errorf("closed %v, opened %v, closed again %v high; told %v", closed, opened, s.MinSize().Height, told)
	}
}

func TestRailButtonByMouseAndKey(t *testing.T) {
	taps := 0
	b := NewRailButton(fynetheme.HomeIcon(), "Train", func() { taps++ })
	w := window(t, b, 72, 64)
	test.Tap(b)
	w.Canvas().FocusNext()
	w.Canvas().Focused().TypedKey(key(fyne.KeySpace))
	w.Canvas().Focused().TypedKey(key(fyne.KeyReturn))
	b.SetSelected(true)
	if taps != 3 || !b.Selected() {
		t.Errorf("%d taps, want 3; selected %v", taps, b.Selected())
	}
}

// shownTexts are the texts that are seen in o.
func shownTexts(o fyne.CanvasObject) []string {
	var texts []string
	for _, o := range test.LaidOutObjects(o) {
		if t, ok := o.(*canvas.Text); ok && t.Text != "" {
			texts = append(texts, t.Text)
		}
	}
	return texts
}

func TestHintNamesTheKeyAndTakesNoClick(t *testing.T) {
	taps := 0
	b := NewRailButton(fynetheme.HomeIcon(), "Open", func() { taps++ })
	queue := make(chan func(), 1)
	content := NewHint("Open a picture", "Ctrl+O", b)
	l := NewHintLayer(content, func(f func()) { queue <- f })
	l.Delay = time.Millisecond
	w := window(t, l, 400, 300)
	bubble := test.WidgetRenderer(l).Objects()[2:]
	test.MoveMouse(w.Canvas(), fyne.NewPos(200, 150))
	if !b.hovered {
		t.Error("the button under the hint does not see the pointer")
	}
	(<-queue)()
	if text := bubble[1].(*canvas.Text); !text.Visible() || text.Text != "Open a picture" || bubble[3].(*canvas.Text).Text != "Ctrl+O" {
		t.Errorf("the hint says %q, seen %v", text.Text, text.Visible())
	}
	for _, o := range bubble {
		end := o.Position().Add(o.Size())
		if o.Position().X < 0 || o.Position().Y < 0 || end.X > 400 || end.Y > 300 {
			t.Errorf("%T of the hint lies at %v to %v, outside the window", o, o.Position(), end)
		}
	}
	test.TapCanvas(w.Canvas(), bubble[0].Position().AddXY(4, 4))
	if taps != 1 {
		t.Errorf("%d taps came through the hint, want 1", taps)
	}
	test.MoveMouse(w.Canvas(), fyne.NewPos(-5, -5))
	if bubble[0].Visible() || b.hovered {
		t.Error("the hint stays when the pointer has gone")
	}
	l.arm(content)
	l.disarm(content)
	l.show(content) // the timer had fired already
	if bubble[0].Visible() {
		t.Error("a hint is shown to a pointer that has gone")
	}
}

func TestStatusBarKeepsItsPlaces(t *testing.T) {
	b := NewStatusBar()
	w := window(t, b, 1280, 48)
	cancelled := 0
	b.OnCancel = func() { cancelled++ }
	b.SetModel("small.safetensors")
	b.SetPicture("IMG_2041.jpg")
	if got := strings.Join(shownTexts(b), "|"); !strings.Contains(got, "small.safetensors  ·  IMG_2041.jpg") || b.cancel.Visible() {
		t.Errorf("idle it reads %q, Cancel seen %v", got, b.cancel.Visible())
	}
	places := func() (p []fyne.Position) {
		for _, o := range test.WidgetRenderer(b).Objects() {
			p = append(p, o.Position())
		}
		return p
	}
	b.SetMessage(StatusError, strings.Repeat("IMG_2042.jpg is cut short: copy it from the camera again. ", 3))
	if hint := test.WidgetRenderer(b).Objects()[3].(*Hint); hint.text != b.message {
		t.Errorf("a message too long for the bar has the hint %q", hint.text)
	}
	before := places()
	for _, j := range []*Job{{Name: "Training", Part: .64, Left: 12 * time.Second}, {Name: "Exporting 1200 pictures", Part: 1, Left: time.Hour}, {Name: "Reading", Part: -1, Left: -1}} {
		b.SetJob(j)
		b.SetMessage(StatusError, "IMG_2042.jpg is cut short: copy it from the camera again")
		if got := places(); fmt.Sprint(got) != fmt.Sprint(before) {
			t.Errorf("with %+v the parts move from %v to %v", *j, before, got)
		}
	}
	b.SetJob(&Job{Name: "Training", Part: .649, Left: 11*time.Second + 1})
	if got := strings.Join(shownTexts(b), "|"); !strings.Contains(got, "Training|64 %|0:12 left") {
		t.Errorf("it reads %q", got)
	}
	test.Tap(b.cancel)
	b.SetJob(nil)
	if cancelled != 1 || b.cancel.Visible() {
		t.Errorf("Cancel was heard %d times, and is seen without a job: %v", cancelled, b.cancel.Visible())
	}
	_ = w
	for d, want := range map[time.Duration]string{0: "0:00", 59 * time.Second: "0:59", 61 * time.Second: "1:01", 3723 * time.Second: "1:02:03"} {
		if got := formatLeft(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}
