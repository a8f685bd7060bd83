package widget

// The small parts of panes: captions, headings, flat buttons, picks.

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// caption is a text of one line that is shortened to the width it is given.
type caption struct {
	*canvas.Text
	full string
}

func newCaption() *caption { return &caption{Text: canvas.NewText("", color.Black)} }

func (c *caption) dress(w fyne.Widget, size fyne.ThemeSizeName, ink fyne.ThemeColorName) {
	write(c.Text, w, c.Text.Text, size, ink)
	c.cut()
}

func (c *caption) say(text string) {
	if c.full != text {
		c.full = text
		c.cut()
	}
}

func (c *caption) cut() {
	if t := shorten(c.full, c.Size().Width, c.TextSize, c.TextStyle); t != c.Text.Text {
		c.Text.Text = t
		c.Refresh()
	}
}

func (c *caption) place(x, y, w, h float32) {
	placeText(c.Text, x, y, w, h)
	c.cut()
}

// shorten returns as much of a text as fits into a width, with an ellipsis where something is missing.
func shorten(s string, width, size float32, style fyne.TextStyle) string {
	if s == "" || fyne.MeasureText(s, size, style).Width <= width {
		return s
	}
	for r := []rune(s); len(r) > 1; {
		r = r[:len(r)-1]
		if t := string(r) + "…"; fyne.MeasureText(t, size, style).Width <= width {
			return t
		}
	}
	return ""
}

// heading is a title that fills the space with its pane when it is tapped twice.
type heading struct {
	widget.BaseWidget
	text         *caption
	doubleTapped func()
}

var _ fyne.DoubleTappable = (*heading)(nil)

func newHeading(doubleTapped func()) *heading {
	h := &heading{text: newCaption(), doubleTapped: doubleTapped}
	h.text.TextStyle.Bold = true
	h.ExtendBaseWidget(h)
	return h
}

func (h *heading) DoubleTapped(*fyne.PointEvent) { h.doubleTapped() }

func (h *heading) CreateRenderer() fyne.WidgetRenderer {
	p := &parts{objects: []fyne.CanvasObject{h.text.Text}}
	p.min = func() fyne.Size { return fyne.NewSize(0, textHeight(h, fynetheme.SizeNameText)) }
	p.layout = func(size fyne.Size) { h.text.place(0, 0, size.Width, size.Height) }
	p.refresh = func() { h.text.dress(h, fynetheme.SizeNameText, fynetheme.ColorNameForeground) }
	p.refresh()
	return p
}

// flat is a button without a frame: an icon, a word, or a word and an icon after it. It shows a plate when
// the pointer is over it, and an edge when it has the focus.
type flat struct {
	widget.BaseWidget
	icon    fyne.Resource
	text    string
	room    string // the widest text it will have, "" when it does not change
	tapped  func()
	on      bool // drawn in the accent colour
	hovered bool
	focused bool
}

var (
	_ fyne.Tappable     = (*flat)(nil)
	_ fyne.Focusable    = (*flat)(nil)
	_ desktop.Hoverable = (*flat)(nil)
)

func newFlat(icon fyne.Resource, text string, tapped func()) *flat {
	f := &flat{icon: icon, text: text, tapped: tapped}
	f.ExtendBaseWidget(f)
	return f
}

// set changes what the button shows.
func (f *flat) set(text string, on bool) {
	if f.text != text || f.on != on {
		f.text, f.on = text, on
		f.Refresh()
	}
}

func (f *flat) Tapped(*fyne.PointEvent) { f.tapped() }

func (f *flat) MouseIn(*desktop.MouseEvent)    { f.hovered = true; f.Refresh() }
func (f *flat) MouseMoved(*desktop.MouseEvent) {}
func (f *flat) MouseOut()                      { f.hovered = false; f.Refresh() }

func (f *flat) FocusGained()   { f.focused = true; f.Refresh() }
func (f *flat) FocusLost()     { f.focused = false; f.Refresh() }
func (f *flat) TypedRune(rune) {}
func (f *flat) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeySpace || e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter {
		f.tapped()
	}
}

func (f *flat) CreateRenderer() fyne.WidgetRenderer {
	plate, word := canvas.NewRectangle(color.Transparent), canvas.NewText("", color.Transparent)
	icon := canvas.NewImageFromResource(nil)
	word.Alignment = fyne.TextAlignCenter
	if f.icon != nil {
		word.Alignment = fyne.TextAlignTrailing
	}
	p := &parts{objects: []fyne.CanvasObject{plate, word, icon}}
	const inset = 6
	side := func() float32 { // of the icon
		if f.icon == nil {
			return 0
		}
		return textHeight(f, fynetheme.SizeNameCaptionText)
	}
	p.min = func() fyne.Size {
		h := onGrid(textHeight(f, fynetheme.SizeNameCaptionText) + 4)
		if f.text == "" && f.room == "" {
			return fyne.NewSquareSize(h)
		}
		w := max(textWidth(f, f.text, fynetheme.SizeNameCaptionText), textWidth(f, f.room, fynetheme.SizeNameCaptionText))
		return fyne.NewSize(w+side()+2*inset, h)
	}
	p.layout = func(size fyne.Size) {
		place(plate, 0, 0, size.Width, size.Height)
		room, at := size.Width-side()-2*inset, (size.Width-side())/2
		if f.text != "" {
			at = size.Width - side() - inset
		}
		place(icon, at, (size.Height-side())/2, side(), side())
		write(word, f, shorten(f.text, room, word.TextSize, word.TextStyle), fynetheme.SizeNameCaptionText, f.ink())
		placeText(word, inset, 0, room, size.Height)
	}
	p.refresh = func() {
		fill(plate, f, fynetheme.ColorNameHover, f.Theme().Size(fynetheme.SizeNameButtonRadius))
		if !f.hovered {
			plate.FillColor = color.Transparent
		}
		plate.StrokeColor, plate.StrokeWidth = fynetheme.ColorForWidget(fynetheme.ColorNamePrimary, f), 0
		if f.focused {
			plate.StrokeWidth = 2
		}
		plate.Refresh()
		word.TextSize = fynetheme.SizeForWidget(fynetheme.SizeNameCaptionText, f)
		if f.icon != nil {
			icon.Resource = fynetheme.NewColoredResource(f.icon, f.ink())
			icon.Refresh()
		}
		p.layout(f.Size())
	}
	p.refresh()
	return p
}

func (f *flat) ink() fyne.ThemeColorName {
	switch {
	case f.on:
		return fynetheme.ColorNamePrimary
	case f.hovered || f.focused:
		return fynetheme.ColorNameForeground
	}
	return fynetheme.ColorNamePlaceHolder
}

// Pick is a small selector for a title's row: the chosen word, and a menu of the others.
type Pick struct {
	flat
	options []string
	chosen  int
	onPick  func(i int)
}

// NewPick returns a selector with the first option chosen. onPick is called when a person chooses.
func NewPick(options []string, onPick func(i int)) *Pick {
	p := &Pick{onPick: onPick}
	p.icon = fynetheme.MenuDropDownIcon()
	p.tapped = p.open
	p.ExtendBaseWidget(p)
	p.SetOptions(options)
	return p
}

// SetOptions replaces the options and chooses the first, without calling onPick.
func (p *Pick) SetOptions(options []string) {
	p.options, p.room = options, ""
	for _, o := range options {
		if textWidth(p, o, fynetheme.SizeNameCaptionText) > textWidth(p, p.room, fynetheme.SizeNameCaptionText) {
			p.room = o
		}
	}
	p.SetSelected(0)
}

// SetSelected chooses an option without calling onPick; one that does not exist chooses none.
func (p *Pick) SetSelected(i int) {
	p.chosen = -1
	text := ""
	if i >= 0 && i < len(p.options) {
		p.chosen, text = i, p.options[i]
	}
	p.set(text, false)
}

// Selected returns the option that is chosen, -1 for none.
func (p *Pick) Selected() int { return p.chosen }

// TypedKey chooses with the arrow keys and opens the menu with Space or Return.
func (p *Pick) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyUp:
		p.pick(p.chosen - 1)
	case fyne.KeyDown:
		p.pick(p.chosen + 1)
	default:
		p.flat.TypedKey(e)
	}
}

func (p *Pick) pick(i int) {
	if i == p.chosen || i < 0 || i >= len(p.options) {
		return
	}
	p.SetSelected(i)
	p.onPick(i)
}

func (p *Pick) open() {
	var items []*fyne.MenuItem
	for i, o := range p.options {
		item := fyne.NewMenuItem(o, func() { p.pick(i) })
		item.Checked = i == p.chosen
		items = append(items, item)
	}
	popUp(items, p)
}

// popUp opens a menu under a widget.
func popUp(items []*fyne.MenuItem, under fyne.CanvasObject) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(under); c != nil {
		widget.ShowPopUpMenuAtRelativePosition(fyne.NewMenu("", items...), c, fyne.NewPos(0, under.Size().Height), under)
	}
}

// compareIcon is a picture with a line down its middle, one half filled.
func compareIcon() fyne.Resource {
	return fynetheme.NewThemedResource(fyne.NewStaticResource("compare.svg", []byte(
		`<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">`+
			`<path d="M3 5h8V2h2v20h-2v-3H3V5zm2 2v10h6V7H5z"/><path d="M14 5h7v14h-7V5z"/></svg>`)))
}
