package ui

// This file holds the small parts of which pages are made.

import (
	"slices"

	"fyne.io/fyne/v2"
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

// Fyne's labels stand as far from their edge as the text in a button does.
// outdent takes that back, so that they stand under the names of fields.
type outdent struct{}

func (outdent) inset() float32 { return theme.InnerPadding() }

func (o outdent) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := objects[0].MinSize()
	return fyne.NewSize(max(0, m.Width-2*o.inset()), max(0, m.Height-o.inset()))
}

func (o outdent) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.NewPos(-o.inset(), -o.inset()/2))
	objects[0].Resize(size.AddWidthHeight(2*o.inset(), o.inset()))
}

// A note is small text under a control.
type note struct {
	*fyne.Container
	label *fynewidget.Label
}

func newNote(text string) *note {
	l := fynewidget.NewLabel(text)
	l.SizeName = theme.SizeNameCaptionText
	l.Importance = fynewidget.LowImportance
	l.Wrapping = fyne.TextWrapWord
	n := &note{container.New(outdent{}, l), l}
	n.Hidden = text == ""
	return n
}

// say shows a text, or nothing for "".
func (n *note) say(text string, how fynewidget.Importance) {
	if n.label.Text == text && n.label.Importance == how {
		return
	}
	n.label.Importance = how
	n.label.SetText(text)
	n.Hidden = text == ""
	n.Refresh()
}

// The lengths of a page, in units of the 8-pixel grid.
const (
	grid         = 8
	margin       = 2 * grid
	settingsWide = 38 * grid
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
