package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Segmented is a choice between two to four ways that are all seen at once. Arrows move it.
type Segmented struct {
	widget.DisableableWidget
	OnChanged func(index int)

	words    []string
	selected int
	over     int // the segment under the pointer, -1 for none
	focused  bool
}

// NewSegmented returns a choice that stands at its first word.
func NewSegmented(words ...string) *Segmented {
	if len(words) < 2 || len(words) > 4 {
		panic("widget: a segmented choice has two to four ways")
	}
	s := &Segmented{words: words, over: -1}
	s.ExtendBaseWidget(s)
	return s
}

// Selected is the index of the word chosen.
func (s *Segmented) Selected() int { return s.selected }

// SetSelected chooses without calling back.
func (s *Segmented) SetSelected(i int) {
	if i < 0 || i >= len(s.words) {
		panic("widget: no such segment")
	}
	if i != s.selected {
		s.selected = i
		s.Refresh()
	}
}

func (s *Segmented) choose(i int) {
	if s.Disabled() || i == s.selected || i < 0 || i >= len(s.words) {
		return
	}
	s.SetSelected(i)
	if s.OnChanged != nil {
		s.OnChanged(i)
	}
}

func (s *Segmented) segment(x float32) int {
	return min(max(int(x/s.Size().Width*float32(len(s.words))), 0), len(s.words)-1)
}

func (s *Segmented) Tapped(e *fyne.PointEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(s); c != nil && !s.Disabled() {
		c.Focus(s)
	}
	s.choose(s.segment(e.Position.X))
}

func (s *Segmented) MouseIn(e *desktop.MouseEvent)    { s.hover(s.segment(e.Position.X)) }
func (s *Segmented) MouseMoved(e *desktop.MouseEvent) { s.hover(s.segment(e.Position.X)) }
func (s *Segmented) MouseOut()                        { s.hover(-1) }

func (s *Segmented) hover(i int) {
	if i != s.over {
		s.over = i
		s.Refresh()
	}
}

func (s *Segmented) FocusGained()             { s.focused = true; s.Refresh() }
func (s *Segmented) FocusLost()               { s.focused = false; s.Refresh() }
func (s *Segmented) TypedRune(r rune)         { passRune(s, r) }
func (s *Segmented) KeyDown(e *fyne.KeyEvent) { passHold(s, e, true) }
func (s *Segmented) KeyUp(e *fyne.KeyEvent)   { passHold(s, e, false) }
func (s *Segmented) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyLeft, fyne.KeyUp:
		s.choose(s.selected - 1)
	case fyne.KeyRight, fyne.KeyDown:
		s.choose(s.selected + 1)
	default:
		passKey(s, e)
	}
}

func (s *Segmented) CreateRenderer() fyne.WidgetRenderer {
	box, pill := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	over := canvas.NewRectangle(color.Transparent)
	p := &parts{objects: []fyne.CanvasObject{box, over, pill}}
	texts := make([]*canvas.Text, len(s.words))
	for i := range texts {
		texts[i] = canvas.NewText("", color.Transparent)
		texts[i].Alignment = fyne.TextAlignCenter
		p.objects = append(p.objects, texts[i])
	}
	const gap = 2 // between the box and the pill in it
	p.min = func() fyne.Size {
		widest := float32(0)
		for _, w := range s.words {
			widest = max(widest, textWidth(s, w, fynetheme.SizeNameText))
		}
		return fyne.NewSize(onGrid((widest+grid)*float32(len(s.words))), onGrid(textHeight(s, fynetheme.SizeNameText)+grid))
	}
	p.layout = func(size fyne.Size) {
		place(box, 0, 0, size.Width, size.Height)
		w := size.Width / float32(len(texts))
		for i, t := range texts {
			placeText(t, float32(i)*w, 0, w, size.Height)
		}
		place(pill, float32(s.selected)*w+gap, gap, w-2*gap, size.Height-2*gap)
		place(over, float32(max(s.over, 0))*w+gap, gap, w-2*gap, size.Height-2*gap)
	}
	p.refresh = func() {
		radius := s.Theme().Size(fynetheme.SizeNameButtonRadius)
		fill(box, s, fynetheme.ColorNameButton, radius)
		fill(over, s, fynetheme.ColorNameHover, radius-gap/2)
		over.Hidden = s.over < 0 || s.over == s.selected || s.Disabled()
		pill.StrokeWidth, pill.StrokeColor = 0, nil
		if s.focused {
			pill.StrokeWidth, pill.StrokeColor = 2, fynetheme.ColorForWidget(fynetheme.ColorNamePrimary, s)
		}
		fill(pill, s, fynetheme.ColorNameBackground, radius-gap/2)
		canvas.Refresh(pill)
		for i, t := range texts {
			ink := fynetheme.ColorNamePlaceHolder
			switch {
			case s.Disabled():
				ink = fynetheme.ColorNameDisabled
			case i == s.selected:
				ink = fynetheme.ColorNamePrimary
			}
			write(t, s, s.words[i], fynetheme.SizeNameText, ink)
		}
		p.layout(s.Size())
	}
	p.refresh()
	return p
}
