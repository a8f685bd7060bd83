package widget

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Field is a row of a form: a name at the left, a control in the right half, and room for a short remark under the
// name, so that nothing moves when it comes.
type Field struct {
	widget.DisableableWidget
	label   string
	control fyne.CanvasObject
	remark  string
}

// NewField returns a row for any control, as a widget.Select.
func NewField(label string, control fyne.CanvasObject) *Field {
	f := &Field{label: label, control: control}
	f.ExtendBaseWidget(f)
	return f
}

// SetRemark shows why the choice is refused; the empty text takes it away.
func (f *Field) SetRemark(text string) {
	if f.remark != text {
		f.remark = text
		f.control.Refresh()
		f.Refresh()
	}
}

// Remark is what is said under the name.
func (f *Field) Remark() string { return f.remark }

// Enable and Disable reach the control too.
func (f *Field) Enable()  { f.able(true) }
func (f *Field) Disable() { f.able(false) }

func (f *Field) able(yes bool) {
	if c, ok := f.control.(fyne.Disableable); ok && yes {
		c.Enable()
	} else if ok {
		c.Disable()
	}
	if yes {
		f.DisableableWidget.Enable()
	} else {
		f.DisableableWidget.Disable()
	}
}

func (f *Field) CreateRenderer() fyne.WidgetRenderer {
	label, remark := canvas.NewText("", color.Transparent), canvas.NewText("", color.Transparent)
	line := canvas.NewRectangle(color.Transparent) // Fyne draws one round a field that is typed in, but not round a choice
	_, choice := f.control.(*widget.Select)
	line.Hidden = !choice
	p := &parts{objects: []fyne.CanvasObject{label, remark, f.control, line}}
	left := func(width float32) float32 { return grid * float32(math.Floor(float64(width/2/grid))) }
	p.min = func() fyne.Size {
		name, control := textWidth(f, f.label, fynetheme.SizeNameText), f.control.MinSize()
		lines := textHeight(f, fynetheme.SizeNameText) + textHeight(f, fynetheme.SizeNameCaptionText)
		return fyne.NewSize(2*fyne.Max(onGrid(name)+grid, control.Width), fyne.Max(control.Height, lines))
	}
	p.layout = func(size fyne.Size) {
		x, control := left(size.Width), f.control.MinSize()
		place(f.control, x, (size.Height-control.Height)/2, size.Width-x, control.Height)
		place(line, x, (size.Height-control.Height)/2, size.Width-x, control.Height)
		if f.remark == "" {
			placeText(label, 0, 0, x, size.Height)
			return
		}
		name, note := label.MinSize().Height, remark.MinSize().Height
		top := (size.Height - name - note) / 2
		place(label, 0, top, x, name)
		place(remark, 0, top+name, x, note)
	}
	p.refresh = func() {
		ink := fynetheme.ColorNameForeground
		if f.Disabled() {
			ink = fynetheme.ColorNameDisabled
		}
		write(label, f, f.label, fynetheme.SizeNameText, ink)
		write(remark, f, f.remark, fynetheme.SizeNameCaptionText, fynetheme.ColorNameError)
		outline(line, f, fynetheme.ColorNameInputBorder, 1)
		p.layout(f.Size())
	}
	p.refresh()
	return p
}

// NumberEntry is a row of a form in which a number is typed. It takes 0.001 and 1e-3 alike, says in words under its
// name why it refuses a text, and calls OnChanged only with numbers that are within the range, when Enter is pressed
// or the field is left.
type NumberEntry struct {
	Field
	Min, Max float64
	Whole    bool // whole numbers only

	OnChanged func(float64)

	entry *quietEntry
	value float64
}

// NewNumberEntry returns a field for a number from min to max.
func NewNumberEntry(label string, min, max, value float64) *NumberEntry {
	if !(min < max) {
		panic("widget: number field without a range")
	}
	n := &NumberEntry{Min: min, Max: max, value: value}
	n.entry = newQuietEntry(n.commit, n.settle)
	n.entry.Scroll = fyne.ScrollNone // the wheel turns the column that the field stands in
	n.entry.OnChanged = func(text string) { n.SetRemark(n.refuse(text)) }
	n.label, n.control = label, &errorFrame{entry: n.entry, wrong: func() bool { return n.remark != "" }}
	n.control.(*errorFrame).ExtendBaseWidget(n.control.(*errorFrame))
	n.entry.Text = n.text()
	n.ExtendBaseWidget(n)
	return n
}

// Value is the last number accepted.
func (n *NumberEntry) Value() float64 { return n.value }

// Valid reports whether what stands in the field is accepted.
func (n *NumberEntry) Valid() bool { return n.refuse(n.entry.Text) == "" }

// SetValue shows v without calling back. A text that is being typed stays.
func (n *NumberEntry) SetValue(v float64) {
	if v == n.value {
		return
	}
	n.value = v
	if !n.entry.focus {
		n.entry.SetText(n.text())
	}
}

func (n *NumberEntry) text() string { return FormatNumber(n.value, 6) }

// refuse says why text is no number for this field, or nothing.
func (n *NumberEntry) refuse(text string) string {
	v, ok := parseNumber(text)
	switch {
	case !ok && n.Whole:
		return lang.L("type a whole number")
	case !ok:
		return lang.L("type a number")
	case n.Whole && v != math.Trunc(v):
		return lang.L("whole numbers only")
	case v >= n.Min && v <= n.Max:
		return ""
	case math.IsInf(n.Max, 1):
		return lang.L("at least {{.Min}}", map[string]any{"Min": FormatNumber(n.Min, 6)})
	}
	return rangeWords(n.Min, n.Max)
}

func (n *NumberEntry) commit(text string) bool {
	n.SetRemark(n.refuse(text))
	if n.remark != "" {
		return false
	}
	v, _ := parseNumber(text)
	if v != n.value && n.text() != text {
		n.value = v
		if n.OnChanged != nil {
			n.OnChanged(v)
		}
	}
	return true
}

// settle writes the accepted number plainly; a refused text stays to be mended until Escape.
func (n *NumberEntry) settle(key bool) {
	if key || n.remark == "" {
		n.entry.SetText(n.text())
		n.SetRemark("")
	}
}

// Disable and Enable reach the field through its frame.
func (f *errorFrame) Enable()        { f.entry.Enable() }
func (f *errorFrame) Disable()       { f.entry.Disable() }
func (f *errorFrame) Disabled() bool { return f.entry.Disabled() }

// errorFrame draws a line in the colour of errors round a field whose text is refused.
type errorFrame struct {
	widget.BaseWidget
	entry *quietEntry
	wrong func() bool
}

func (f *errorFrame) CreateRenderer() fyne.WidgetRenderer {
	line := canvas.NewRectangle(color.Transparent)
	p := &parts{objects: []fyne.CanvasObject{f.entry, line}, min: f.entry.MinSize}
	p.layout = func(size fyne.Size) {
		place(f.entry, 0, 0, size.Width, size.Height)
		place(line, 0, 0, size.Width, size.Height)
	}
	p.refresh = func() {
		line.Hidden = !f.wrong()
		outline(line, f, fynetheme.ColorNameError, 2)
	}
	p.refresh()
	return p
}
