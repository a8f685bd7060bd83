package ui

// This file holds the small parts of which pages are made.

import (
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"
)

// A choice is a drop-down list of values that have names for people.
type choice struct {
	fynewidget.Select
	values []string
	picked func(value string)
}

func newChoice(picked func(string), values, names []string) *choice {
	c := &choice{picked: picked}
	c.ExtendBaseWidget(c)
	c.offer(values, names)
	c.OnChanged = func(string) {
		if v := c.value(); v != "" {
			c.picked(v)
		}
	}
	return c
}

// offer replaces the values.
func (c *choice) offer(values, names []string) {
	if slices.Equal(c.values, values) && slices.Equal(c.Options, names) {
		return
	}
	now := c.value()
	c.values, c.Options = values, names
	c.set(now)
	c.Refresh()
}

// value is the one chosen, "" when none is.
func (c *choice) value() string {
	if i := slices.Index(c.Options, c.Selected); i >= 0 {
		return c.values[i]
	}
	return ""
}

// set chooses without calling back.
func (c *choice) set(value string) {
	name := ""
	if i := slices.Index(c.values, value); i >= 0 {
		name = c.Options[i]
	}
	if c.Selected != name {
		c.Selected = name
		c.Refresh()
	}
}

// Tapped opens the list and leaves the focus where it is, so that the keys of the
// window go on working after a click.
func (c *choice) Tapped(*fyne.PointEvent) {
	if !c.Disabled() {
		c.Select.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	}
}

// MinSize makes lists as high as fields and buttons are.
func (c *choice) MinSize() fyne.Size {
	c.ExtendBaseWidget(c)
	return c.Select.MinSize().Max(fyne.NewSize(0, c.Theme().Size(theme.SizeNameText)+2.75*grid))
}

// CreateRenderer adds the border that Fyne draws round entries only.
func (c *choice) CreateRenderer() fyne.WidgetRenderer {
	b := &bordered{c.Select.CreateRenderer(), c, canvas.NewRectangle(color.Transparent)}
	b.Refresh()
	return b
}

type bordered struct {
	fyne.WidgetRenderer
	c    *choice
	line *canvas.Rectangle
}

func (b *bordered) Objects() []fyne.CanvasObject { return append(b.WidgetRenderer.Objects(), b.line) }

func (b *bordered) Layout(size fyne.Size) {
	b.WidgetRenderer.Layout(size)
	b.line.Resize(size)
}

func (b *bordered) Refresh() {
	th, v := b.c.Theme(), fyne.CurrentApp().Settings().ThemeVariant()
	b.line.CornerRadius, b.line.StrokeWidth = th.Size(theme.SizeNameInputRadius), th.Size(theme.SizeNameInputBorder)
	b.line.StrokeColor = th.Color(theme.ColorNameInputBorder, v)
	b.line.Refresh()
	b.WidgetRenderer.Refresh()
}

// The lengths of a page, in units of the 8-pixel grid.
const (
	grid         = 8
	margin       = 2 * grid
	settingsWide = 40 * grid
)

// row lays objects out side by side, equally wide.
func row(objects ...fyne.CanvasObject) *fyne.Container {
	return container.NewGridWithColumns(len(objects), objects...)
}

// margins puts a margin round an object.
func margins(o fyne.CanvasObject) *fyne.Container {
	return container.New(&insets{margin, margin, margin, margin}, o)
}

// insets are lengths left free at the sides of an object.
type insets struct{ left, top, right, bottom float32 }

func (i *insets) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return objects[0].MinSize().AddWidthHeight(i.left+i.right, i.top+i.bottom)
}

func (i *insets) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.NewPos(i.left, i.top))
	objects[0].Resize(size.SubtractWidthHeight(i.left+i.right, i.top+i.bottom))
}

// column lays objects out one under the other, with more room between sections.
type column struct{ gap float32 }

func (c column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, o := range objects {
		if o.Visible() {
			m := o.MinSize()
			size.Width = max(size.Width, m.Width)
			size.Height += m.Height + c.gap
		}
	}
	size.Height = max(0, size.Height-c.gap)
	return size
}

func (c column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for _, o := range objects {
		if o.Visible() {
			h := o.MinSize().Height
			o.Move(fyne.NewPos(0, y))
			o.Resize(fyne.NewSize(size.Width, h))
			y += h + c.gap
		}
	}
}

// A textEntry hands its text over at Return or when it is left.
type textEntry struct {
	fynewidget.Entry
	commit func(string)
	typing bool
}

func newTextEntry(commit func(string)) *textEntry {
	e := &textEntry{commit: commit}
	e.ExtendBaseWidget(e)
	e.OnSubmitted = func(text string) { e.commit(text) }
	return e
}

// set shows a text; one that is being typed stays.
func (e *textEntry) set(text string) {
	if !e.typing && e.Text != text {
		e.SetText(text)
	}
}

func (e *textEntry) FocusGained() {
	e.typing = true
	e.Entry.FocusGained()
}

func (e *textEntry) FocusLost() {
	e.typing = false
	e.Entry.FocusLost()
	e.commit(e.Text)
}

// A wheel lies over an object that would keep the mouse's wheel to itself, and turns the column instead.
type wheel struct {
	fynewidget.BaseWidget
	column *container.Scroll
}

func newWheel(column *container.Scroll) *wheel {
	w := &wheel{column: column}
	w.ExtendBaseWidget(w)
	return w
}

func (w *wheel) Scrolled(e *fyne.ScrollEvent) { w.column.Scrolled(e) }

func (w *wheel) CreateRenderer() fyne.WidgetRenderer {
	return fynewidget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent))
}

// enable lets a control be used, or not.
func enable(d fyne.Disableable, yes bool) {
	if yes == !d.Disabled() {
		return
	}
	if yes {
		d.Enable()
	} else {
		d.Disable()
	}
}

// visible shows an object, or hides it.
func visible(o fyne.CanvasObject, yes bool) {
	if yes == o.Visible() {
		return
	}
	if yes {
		o.Show()
	} else {
		o.Hide()
	}
}

// folds lays a page out anew when something in it has come, gone or grown: Fyne's
// containers do not notice.
type folds struct{ high []float32 }

func (f *folds) settle(page fyne.CanvasObject, objects ...fyne.CanvasObject) {
	high := make([]float32, len(objects))
	for i, o := range objects {
		if o.Visible() {
			high[i] = o.MinSize().Height
		}
	}
	if !slices.Equal(high, f.high) {
		f.high = high
		page.Refresh()
	}
}
