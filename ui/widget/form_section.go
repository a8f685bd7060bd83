package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Section is a titled group of a form. What is seldom needed waits under "More".
type Section struct {
	widget.BaseWidget
	OnOpened func(open bool) // "More" was opened or closed by a person

	title      string
	body, more *fyne.Container
	fold       *fold
}

// NewSection returns a group with its contents one under the other.
func NewSection(title string, contents ...fyne.CanvasObject) *Section {
	s := &Section{title: title, body: container.NewVBox(contents...), more: container.NewVBox()}
	s.fold = &fold{toggle: func() {
		s.SetOpen(!s.Open())
		if s.OnOpened != nil {
			s.OnOpened(s.Open())
		}
	}}
	s.fold.ExtendBaseWidget(s.fold)
	s.more.Hide()
	s.fold.Hide()
	s.ExtendBaseWidget(s)
	return s
}

// SetTitle names the group anew.
func (s *Section) SetTitle(title string) {
	if s.title != title {
		s.title = title
		s.Refresh()
	}
}

// More puts objects under "More", which is closed at first, and returns the section.
func (s *Section) More(objects ...fyne.CanvasObject) *Section {
	s.more.Objects = append(s.more.Objects, objects...)
	s.fold.Show()
	s.Refresh()
	return s
}

// Toggle is the line that opens and closes "More".
func (s *Section) Toggle() fyne.CanvasObject { return s.fold }

// Open reports whether what is under "More" is seen.
func (s *Section) Open() bool { return s.more.Visible() }

// SetOpen opens or closes "More" without calling back.
func (s *Section) SetOpen(open bool) {
	if open == s.Open() {
		return
	}
	s.fold.open = open
	if open {
		s.more.Show()
	} else {
		s.more.Hide()
	}
	s.Refresh()
}

func (s *Section) CreateRenderer() fyne.WidgetRenderer {
	title := canvas.NewText("", color.Transparent)
	title.TextStyle.Bold = true
	column := container.NewVBox(s.body, s.fold, s.more)
	p := &parts{objects: []fyne.CanvasObject{title, column}}
	head := func() float32 { return onGrid(textHeight(s, fynetheme.SizeNameText)) + grid }
	p.min = func() fyne.Size {
		min := column.MinSize()
		return fyne.NewSize(fyne.Max(min.Width, title.MinSize().Width), min.Height+head()+grid)
	}
	p.layout = func(size fyne.Size) {
		place(title, 0, 0, size.Width, title.MinSize().Height)
		place(column, 0, head(), size.Width, size.Height-head())
	}
	p.refresh = func() {
		write(title, s, s.title, fynetheme.SizeNameText, fynetheme.ColorNameForeground)
		s.fold.Refresh()
		column.Refresh()
		p.layout(s.Size())
	}
	p.refresh()
	return p
}

// fold is the line with an arrow that opens and closes the rest of a section.
type fold struct {
	widget.BaseWidget
	open, hovered, focused bool
	toggle                 func()
}

func (f *fold) Tapped(*fyne.PointEvent)        { f.toggle() }
func (f *fold) MouseIn(*desktop.MouseEvent)    { f.hovered = true; f.Refresh() }
func (f *fold) MouseMoved(*desktop.MouseEvent) {}
func (f *fold) MouseOut()                      { f.hovered = false; f.Refresh() }
func (f *fold) FocusGained()                   { f.focused = true; f.Refresh() }
func (f *fold) FocusLost()                     { f.focused = false; f.Refresh() }
func (f *fold) TypedRune(rune)                 {}
func (f *fold) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeySpace || e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter {
		f.toggle()
	}
}

func (f *fold) CreateRenderer() fyne.WidgetRenderer {
	back, word := canvas.NewRectangle(color.Transparent), canvas.NewText("", color.Transparent)
	arrow := widget.NewIcon(nil)
	p := &parts{objects: []fyne.CanvasObject{back, arrow, word}}
	p.min = func() fyne.Size {
		icon := f.Theme().Size(fynetheme.SizeNameInlineIcon)
		return fyne.NewSize(icon+grid+textWidth(f, lang.L("Less"), fynetheme.SizeNameText), onGrid(textHeight(f, fynetheme.SizeNameText)))
	}
	p.layout = func(size fyne.Size) {
		icon := f.Theme().Size(fynetheme.SizeNameInlineIcon)
		place(back, -grid/2, 0, size.Width+grid, size.Height)
		place(arrow, -grid/2, (size.Height-icon)/2, icon, icon)
		placeText(word, icon, 0, size.Width-icon, size.Height)
	}
	p.refresh = func() {
		text, icon := lang.L("More"), fynetheme.MenuExpandIcon()
		if f.open {
			text, icon = lang.L("Less"), fynetheme.Icon(fynetheme.IconNameArrowDropDown)
		}
		write(word, f, text, fynetheme.SizeNameText, fynetheme.ColorNamePlaceHolder)
		arrow.SetResource(fynetheme.NewColoredResource(icon, fynetheme.ColorNamePlaceHolder))
		switch {
		case f.focused:
			fill(back, f, fynetheme.ColorNameFocus, f.Theme().Size(fynetheme.SizeNameButtonRadius))
		case f.hovered:
			fill(back, f, fynetheme.ColorNameHover, f.Theme().Size(fynetheme.SizeNameButtonRadius))
		}
		back.Hidden = !f.focused && !f.hovered
		p.layout(f.Size())
	}
	p.refresh()
	return p
}
