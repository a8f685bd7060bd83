package widget

import (
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Steps shows how far one has come on a way of so many numbered steps, and leads to any that
// was reached.
type Steps struct {
	widget.BaseWidget
	OnTapped func(i int)

	count, at, reached int
	over               int // the step under the pointer, -1 for none
	focused            bool
}

// NewSteps returns a way of so many steps, of which one stands at the first.
func NewSteps(count int, tapped func(i int)) *Steps {
	s := &Steps{count: count, OnTapped: tapped, over: -1}
	s.ExtendBaseWidget(s)
	return s
}

// Set says at which step one is and which is the last that was reached.
func (s *Steps) Set(at, reached int) {
	s.at, s.reached = at, max(at, reached)
	s.Refresh()
}

func (s *Steps) step(x float32) int {
	return min(max(int(x/s.Size().Width*float32(s.count)), 0), s.count-1)
}

func (s *Steps) to(i int) {
	if i >= 0 && i < s.count && i <= s.reached && i != s.at && s.OnTapped != nil {
		s.OnTapped(i)
	}
}

func (s *Steps) Tapped(e *fyne.PointEvent)        { s.to(s.step(e.Position.X)) }
func (s *Steps) MouseIn(e *desktop.MouseEvent)    { s.hover(s.step(e.Position.X)) }
func (s *Steps) MouseMoved(e *desktop.MouseEvent) { s.hover(s.step(e.Position.X)) }
func (s *Steps) MouseOut()                        { s.hover(-1) }
func (s *Steps) FocusGained()                     { s.focused = true; s.Refresh() }
func (s *Steps) FocusLost()                       { s.focused = false; s.Refresh() }
func (s *Steps) TypedRune(r rune)                 { passRune(s, r) }

func (s *Steps) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyLeft:
		s.to(s.at - 1)
	case fyne.KeyRight:
		s.to(s.at + 1)
	default:
		passKey(s, e)
	}
}

func (s *Steps) hover(i int) {
	if i != s.over {
		s.over = i
		s.Refresh()
	}
}

func (s *Steps) CreateRenderer() fyne.WidgetRenderer {
	p := &parts{}
	side := func() float32 { return onGrid(textHeight(s, fynetheme.SizeNameCaptionText)) + grid }
	p.min = func() fyne.Size { return fyne.NewSize(side()*float32(s.count), side()) }
	p.refresh = func() {
		size, d := s.Size(), side()
		line := canvas.NewRectangle(color.Transparent)
		fill(line, s, fynetheme.ColorNameSeparator, 0)
		wide := size.Width / float32(s.count)
		place(line, d/2, size.Height/2-1, wide*float32(s.count-1), 2)
		p.objects = []fyne.CanvasObject{line}
		for i := range s.count {
			disc, number := canvas.NewRectangle(color.Transparent), canvas.NewText("", color.Transparent)
			ink, paper := fynetheme.ColorNamePlaceHolder, fynetheme.ColorNameButton
			switch {
			case i == s.at:
				ink, paper = fynetheme.ColorNameForegroundOnPrimary, fynetheme.ColorNamePrimary
			case i <= s.reached:
				ink = fynetheme.ColorNameForeground
			}
			fill(disc, s, paper, d/2)
			if s.focused && i == s.at || i == s.over && i <= s.reached && i != s.at {
				outline(disc, s, fynetheme.ColorNamePrimary, 1)
				fill(disc, s, paper, d/2)
			}
			place(disc, wide*float32(i), (size.Height-d)/2, d, d)
			number.Alignment = fyne.TextAlignCenter
			write(number, s, strconv.Itoa(i+1), fynetheme.SizeNameCaptionText, ink)
			placeText(number, wide*float32(i), 0, d, size.Height)
			p.objects = append(p.objects, disc, number)
		}
		canvas.Refresh(s)
	}
	var laid fyne.Size
	p.layout = func(size fyne.Size) {
		if size != laid {
			laid = size
			p.refresh()
		}
	}
	p.refresh()
	return p
}
