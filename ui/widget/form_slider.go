package widget

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"sieve/ui/theme"
)

// LabeledSlider chooses a number: its name at the left, its value and unit at the right, the slider beneath.
// A tap on the value, Enter or a typed figure opens a field for it; arrows, Page Up and Down, Home and End move
// it; a double tap gives the default back. Set the fields before it is shown.
type LabeledSlider struct {
	widget.DisableableWidget

	Label, Unit string
	Min, Max    float64
	Step        float64              // the grid of values from Min up; 0 for none
	Default     float64              // what a double tap gives
	Log         bool                 // equal ways are equal factors; needs Min > 0
	Inline      bool                 // everything in one row
	Format      func(float64) string // how the value reads, unit included; nil for the decimals of Step and the Unit

	OnChanged     func(float64) // while it moves
	OnChangeEnded func(float64) // when it has come to rest

	value   float64
	pending bool // moved, and OnChangeEnded not yet called
	held    bool // between press and release

	track  *sliderTrack
	number *sliderValue
	entry  *quietEntry
	wrong  string // why what was typed is refused
}

// NewLabeledSlider returns a slider from min to max that stands at its default.
func NewLabeledSlider(label, unit string, min, max, step, value float64) *LabeledSlider {
	if !(min < max) {
		panic("widget: slider without a range")
	}
	s := &LabeledSlider{Label: label, Unit: unit, Min: min, Max: max, Step: step, Default: value, value: value}
	s.track = &sliderTrack{s: s}
	s.track.ExtendBaseWidget(s.track)
	s.number = &sliderValue{s: s}
	s.number.ExtendBaseWidget(s.number)
	s.entry = newQuietEntry(s.typed, s.endTyping)
	s.entry.Hide()
	s.ExtendBaseWidget(s)
	return s
}

// Value is the number chosen.
func (s *LabeledSlider) Value() float64 { return s.value }

// SetValue moves the slider without calling back. While a person holds it, it stays with them.
func (s *LabeledSlider) SetValue(v float64) {
	if s.held || v == s.value {
		return
	}
	s.value = s.allowed(v)
	s.Refresh()
}

// allowed is the nearest value within the range and on the grid of Step.
func (s *LabeledSlider) allowed(v float64) float64 {
	if s.Step > 0 {
		v = s.Min + math.Round((v-s.Min)/s.Step)*s.Step
		v = math.Round(v*1e9) / 1e9 // 0.30000000000000004 is 0.3
	}
	return math.Min(math.Max(v, s.Min), s.Max)
}

// ratio is where on the track v lies, 0 to 1.
func (s *LabeledSlider) ratio(v float64) float64 {
	if s.Log {
		return math.Log(v/s.Min) / math.Log(s.Max/s.Min)
	}
	return (v - s.Min) / (s.Max - s.Min)
}

func (s *LabeledSlider) at(ratio float64) float64 {
	ratio = math.Min(math.Max(ratio, 0), 1)
	if s.Log {
		return s.Min * math.Pow(s.Max/s.Min, ratio)
	}
	return s.Min + ratio*(s.Max-s.Min)
}

func (s *LabeledSlider) move(v float64) {
	v = s.allowed(v)
	if v == s.value || s.Disabled() {
		return
	}
	s.value, s.pending = v, true
	s.Refresh()
	if s.OnChanged != nil {
		s.OnChanged(v)
	}
}

func (s *LabeledSlider) rest() {
	s.held = false
	if s.pending {
		s.pending = false
		if s.OnChangeEnded != nil {
			s.OnChangeEnded(s.value)
		}
	}
}

// key moves by one step of the keyboard, n of them for n ≠ ±1.
func (s *LabeledSlider) key(n float64) {
	const parts = 50 // how many key presses cross a track that has no steps
	if s.Log || s.Step <= 0 {
		v := s.allowed(s.at(s.ratio(s.value) + n/parts))
		if v == s.value && s.Step > 0 {
			v += math.Copysign(s.Step, n)
		}
		s.move(v)
		return
	}
	s.move(s.value + n*s.Step)
}

func (s *LabeledSlider) text(v float64) string {
	if s.Format != nil {
		return s.Format(v)
	}
	t := formatStep(v, s.Step)
	if s.Unit != "" {
		t += " " + s.Unit
	}
	return t
}

// edit opens the field, with the value in it or with what was typed already.
func (s *LabeledSlider) edit(start string) {
	if s.Disabled() {
		return
	}
	s.entry.SetText(start)
	if start == "" {
		s.entry.SetText(FormatNumber(s.value, 6))
	}
	s.entry.Show()
	s.Refresh()
	if c := fyne.CurrentApp().Driver().CanvasForObject(s); c != nil {
		c.Focus(s.entry)
	}
	if start == "" {
		s.entry.TypedShortcut(&fyne.ShortcutSelectAll{})
	} else {
		s.entry.CursorColumn = len(start)
	}
}

// typed takes what stands in the field, or says why not.
func (s *LabeledSlider) typed(text string) bool {
	v, ok := parseNumber(text)
	switch {
	case !ok:
		s.wrong = lang.L("type a number")
	case v < s.Min || v > s.Max:
		s.wrong = rangeWords(s.Min, s.Max)
	default:
		s.wrong = ""
		s.move(v)
		s.rest()
	}
	s.Refresh()
	return s.wrong == ""
}

func (s *LabeledSlider) endTyping(key bool) {
	s.wrong = ""
	s.entry.Hide()
	s.Refresh()
	if c := fyne.CurrentApp().Driver().CanvasForObject(s); c != nil && key {
		c.Focus(s.track)
	}
}

func rangeWords(min, max float64) string {
	return lang.L("from {{.Min}} to {{.Max}}", map[string]any{"Min": FormatNumber(min, 6), "Max": FormatNumber(max, 6)})
}

func (s *LabeledSlider) CreateRenderer() fyne.WidgetRenderer {
	label := canvas.NewText("", color.Transparent)
	p := &parts{objects: []fyne.CanvasObject{label, s.track, s.number, s.entry}}
	sizes := func() (row, track, value float32) {
		row = onGrid(textHeight(s, fynetheme.SizeNameText))
		value = fyne.Max(textWidth(s, s.text(s.Min), fynetheme.SizeNameText), textWidth(s, s.text(s.Max), fynetheme.SizeNameText))
		return row, onGrid(s.track.MinSize().Height), onGrid(value)
	}
	p.min = func() fyne.Size {
		row, track, value := sizes()
		name := onGrid(textWidth(s, s.Label, fynetheme.SizeNameText))
		if s.Inline {
			return fyne.NewSize(name+2*grid+s.track.MinSize().Width+value, fyne.Max(row, track))
		}
		return fyne.NewSize(name+grid+value, row+track)
	}
	p.layout = func(size fyne.Size) {
		row, track, value := sizes()
		if s.Inline {
			name := onGrid(textWidth(s, s.Label, fynetheme.SizeNameText)) + grid
			placeText(label, 0, 0, name, size.Height)
			place(s.track, name, (size.Height-track)/2, size.Width-name-value-grid, track)
			place(s.number, size.Width-value, 0, value, size.Height)
		} else {
			placeText(label, 0, 0, size.Width-value, row)
			place(s.track, 0, row, size.Width, track)
			place(s.number, size.Width-value, 0, value, row)
		}
		field := s.entry.MinSize()
		width := fyne.Max(value, 10*grid)
		place(s.entry, size.Width-width, fyne.Min(0, (size.Height-field.Height)/2), width, field.Height)
	}
	p.refresh = func() {
		text, ink := s.Label, fynetheme.ColorNameForeground
		if s.Disabled() {
			ink = fynetheme.ColorNameDisabled
		}
		if s.wrong != "" {
			text, ink = s.wrong, fynetheme.ColorNameError
		}
		write(label, s, text, fynetheme.SizeNameText, ink)
		s.number.Hidden = s.entry.Visible()
		s.track.Refresh()
		s.number.Refresh()
		p.layout(s.Size())
	}
	p.refresh()
	return p
}

// sliderTrack is the part of a slider that is dragged and that has the focus.
type sliderTrack struct {
	widget.BaseWidget
	s                *LabeledSlider
	hovered, focused bool
}

// thumb is the diameter of the knob.
func (t *sliderTrack) thumb() float32 { return t.Theme().Size(fynetheme.SizeNameInlineIcon) - grid/2 }

func (t *sliderTrack) to(x float32) {
	thumb := t.thumb()
	t.s.move(t.s.at(float64((x - thumb/2) / (t.Size().Width - thumb))))
}

func (t *sliderTrack) MouseDown(e *desktop.MouseEvent) {
	if e.Button != desktop.MouseButtonPrimary || t.s.Disabled() {
		return
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(t); c != nil {
		c.Focus(t)
	}
	t.s.held = true
	t.to(e.Position.X)
}

func (t *sliderTrack) MouseUp(*desktop.MouseEvent)    { t.s.rest() }
func (t *sliderTrack) Dragged(e *fyne.DragEvent)      { t.s.held = true; t.to(e.Position.X) }
func (t *sliderTrack) DragEnd()                       { t.s.rest() }
func (t *sliderTrack) DoubleTapped(*fyne.PointEvent)  { t.s.move(t.s.Default); t.s.rest() }
func (t *sliderTrack) MouseIn(*desktop.MouseEvent)    { t.hovered = true; t.Refresh() }
func (t *sliderTrack) MouseMoved(*desktop.MouseEvent) {}
func (t *sliderTrack) MouseOut()                      { t.hovered = false; t.Refresh() }
func (t *sliderTrack) FocusGained()                   { t.focused = true; t.Refresh() }
func (t *sliderTrack) FocusLost()                     { t.focused = false; t.s.rest(); t.Refresh() }
func (t *sliderTrack) KeyDown(e *fyne.KeyEvent)       { passHold(t, e, true) }
func (t *sliderTrack) KeyUp(e *fyne.KeyEvent)         { t.s.rest(); passHold(t, e, false) }
func (t *sliderTrack) Cursor() desktop.Cursor         { return desktop.PointerCursor }
func (t *sliderTrack) AccessibilityLabel() string     { return t.s.Label + " " + t.s.text(t.s.value) }
func (t *sliderTrack) MinSize() fyne.Size             { return fyne.NewSize(8*grid, t.thumb()+grid) }

func (t *sliderTrack) TypedRune(r rune) {
	if r >= '0' && r <= '9' || r == '-' && t.s.Min < 0 {
		t.s.edit(string(r))
	} else {
		passRune(t, r)
	}
}

func (t *sliderTrack) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyLeft, fyne.KeyDown:
		t.s.key(-1)
	case fyne.KeyRight, fyne.KeyUp:
		t.s.key(1)
	case fyne.KeyPageDown:
		t.s.key(-10)
	case fyne.KeyPageUp:
		t.s.key(10)
	case fyne.KeyHome:
		t.s.move(t.s.Min)
	case fyne.KeyEnd:
		t.s.move(t.s.Max)
	case fyne.KeyReturn, fyne.KeyEnter:
		t.s.edit("")
	default:
		passKey(t, e)
	}
}

func (t *sliderTrack) CreateRenderer() fyne.WidgetRenderer {
	rail, done := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	halo, knob := canvas.NewCircle(color.Transparent), canvas.NewCircle(color.Transparent)
	p := &parts{objects: []fyne.CanvasObject{rail, done, halo, knob}, min: t.MinSize}
	p.layout = func(size fyne.Size) {
		thick, thumb := t.Theme().Size(theme.SizeNameTrack), t.thumb()
		at := func(v float64) float32 { return thumb/2 + float32(t.s.ratio(v))*(size.Width-thumb) }
		x, from := at(t.s.value), float32(0)
		if !t.s.Log && t.s.Min < 0 && t.s.Max > 0 { // what there is of it counts from 0
			from = at(0)
		}
		place(rail, 0, (size.Height-thick)/2, size.Width, thick)
		place(done, min(x, from), (size.Height-thick)/2, max(x, from)-min(x, from), thick)
		place(knob, x-thumb/2, (size.Height-thumb)/2, thumb, thumb)
		place(halo, x-thumb/2-grid/2, (size.Height-thumb-grid)/2, thumb+grid, thumb+grid)
	}
	p.refresh = func() {
		radius := t.Theme().Size(theme.SizeNameTrack) / 2
		ink, ring := fynetheme.ColorNamePrimary, fyne.ThemeColorName("")
		switch {
		case t.s.Disabled():
			ink = fynetheme.ColorNameDisabled
		case t.focused:
			ring = fynetheme.ColorNameFocus
		case t.hovered:
			ring = fynetheme.ColorNameHover
		}
		fill(rail, t, fynetheme.ColorNameSeparator, radius)
		fill(done, t, ink, radius)
		knob.FillColor, halo.FillColor = fynetheme.ColorForWidget(ink, t), color.Transparent
		if ring != "" {
			halo.FillColor = fynetheme.ColorForWidget(ring, t)
		}
		halo.Refresh()
		knob.Refresh()
		p.layout(t.Size())
	}
	p.refresh()
	return p
}

// sliderValue is the number at the right, which a tap opens for typing.
type sliderValue struct {
	widget.BaseWidget
	s       *LabeledSlider
	hovered bool
}

func (v *sliderValue) Tapped(*fyne.PointEvent)        { v.s.edit("") }
func (v *sliderValue) MouseIn(*desktop.MouseEvent)    { v.hovered = !v.s.Disabled(); v.Refresh() }
func (v *sliderValue) MouseMoved(*desktop.MouseEvent) {}
func (v *sliderValue) MouseOut()                      { v.hovered = false; v.Refresh() }
func (v *sliderValue) Cursor() desktop.Cursor {
	if v.s.Disabled() {
		return desktop.DefaultCursor
	}
	return desktop.TextCursor
}

func (v *sliderValue) CreateRenderer() fyne.WidgetRenderer {
	text, line := canvas.NewText("", color.Transparent), canvas.NewRectangle(color.Transparent)
	text.Alignment = fyne.TextAlignTrailing
	p := &parts{objects: []fyne.CanvasObject{line, text}, min: func() fyne.Size { return fyne.Size{} }}
	p.layout = func(size fyne.Size) {
		placeText(text, 0, 0, size.Width, size.Height)
		width := text.MinSize().Width
		place(line, size.Width-width, text.Position().Y+text.MinSize().Height-2, width, 1)
	}
	p.refresh = func() {
		ink := fynetheme.ColorNameForeground
		if v.s.Disabled() {
			ink = fynetheme.ColorNameDisabled
		}
		write(text, v, v.s.text(v.s.value), fynetheme.SizeNameText, ink)
		line.Hidden = !v.hovered
		fill(line, v, fynetheme.ColorNamePlaceHolder, 0)
		p.layout(v.Size())
	}
	p.refresh()
	return p
}

// quietEntry is a field that hands its text over at Enter or when it is left, and closes unchanged at Escape.
type quietEntry struct {
	widget.Entry
	commit func(text string) bool // whether the text is accepted
	close  func(key bool)         // after Enter or Escape, or when the field is left
	focus  bool
}

func newQuietEntry(commit func(string) bool, close func(bool)) *quietEntry {
	e := &quietEntry{commit: commit, close: close}
	e.ExtendBaseWidget(e)
	return e
}

func (e *quietEntry) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		if e.commit(e.Text) {
			e.close(true)
		}
	case fyne.KeyEscape:
		e.close(true)
	default:
		e.Entry.TypedKey(k)
	}
}

func (e *quietEntry) FocusGained() {
	e.focus = true
	e.Entry.FocusGained()
}

func (e *quietEntry) FocusLost() {
	e.focus = false
	e.Entry.FocusLost()
	if e.Visible() {
		e.commit(e.Text)
		e.close(false)
	}
}
