package widget

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	look "sieve/ui/theme"
)

// Square is a picture on which a mark is dragged: a place between its corners. Arrow keys move it, too.
type Square struct {
	widget.BaseWidget
	OnMoved func(x, y float64) // 0 to 1, from the top left corner

	img     image.Image
	x, y    float64
	marked  bool
	focused bool
	picture *canvas.Image
}

var (
	_ fyne.Draggable     = (*Square)(nil)
	_ fyne.Focusable     = (*Square)(nil)
	_ desktop.Mouseable  = (*Square)(nil)
	_ desktop.Cursorable = (*Square)(nil)
)

// NewSquare returns one without a picture.
func NewSquare() *Square {
	s := &Square{picture: &canvas.Image{FillMode: canvas.ImageFillContain}}
	s.ExtendBaseWidget(s)
	return s
}

// SetImage shows a picture; nil, none. Small ones show their pixels.
func (s *Square) SetImage(img image.Image) {
	s.img = img
	s.Refresh()
}

// SetMark puts the mark somewhere, or hides it, without calling back.
func (s *Square) SetMark(x, y float64, shown bool) {
	if s.x != x || s.y != y || s.marked != shown {
		s.x, s.y, s.marked = x, y, shown
		s.Refresh()
	}
}

// area is where the picture is.
func (s *Square) area() (x, y, w, h float32) {
	size := s.Size()
	if s.img == nil {
		return 0, 0, size.Width, size.Height
	}
	b := s.img.Bounds()
	k := min(size.Width/float32(max(1, b.Dx())), size.Height/float32(max(1, b.Dy())))
	w, h = k*float32(b.Dx()), k*float32(b.Dy())
	return (size.Width - w) / 2, (size.Height - h) / 2, w, h
}

func (s *Square) to(p fyne.Position) {
	x0, y0, w, h := s.area()
	if !s.marked || w <= 0 || h <= 0 {
		return
	}
	s.move(float64((p.X-x0)/w), float64((p.Y-y0)/h))
}

func (s *Square) move(x, y float64) {
	s.x, s.y = min(max(x, 0), 1), min(max(y, 0), 1)
	s.Refresh()
	if s.OnMoved != nil {
		s.OnMoved(s.x, s.y)
	}
}

func (s *Square) MouseDown(e *desktop.MouseEvent) {
	if e.Button == desktop.MouseButtonPrimary {
		s.to(e.Position)
	}
}

func (s *Square) MouseUp(*desktop.MouseEvent) {}
func (s *Square) Dragged(e *fyne.DragEvent)   { s.to(e.Position) }
func (s *Square) DragEnd()                    {}

func (s *Square) Cursor() desktop.Cursor {
	if s.marked {
		return desktop.CrosshairCursor
	}
	return desktop.DefaultCursor
}

func (s *Square) FocusGained()   { s.focused = true; s.Refresh() }
func (s *Square) FocusLost()     { s.focused = false; s.Refresh() }
func (s *Square) TypedRune(rune) {}
func (s *Square) TypedKey(e *fyne.KeyEvent) {
	const step = 0.02
	switch e.Name {
	case fyne.KeyLeft:
		s.move(s.x-step, s.y)
	case fyne.KeyRight:
		s.move(s.x+step, s.y)
	case fyne.KeyUp:
		s.move(s.x, s.y-step)
	case fyne.KeyDown:
		s.move(s.x, s.y+step)
	}
}

func (s *Square) CreateRenderer() fyne.WidgetRenderer {
	ground, frame := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	ring, dot := canvas.NewCircle(color.Transparent), canvas.NewCircle(color.Transparent)
	p := &parts{objects: []fyne.CanvasObject{ground, s.picture, frame, ring, dot}}
	p.min = func() fyne.Size { return fyne.NewSquareSize(8 * grid) }
	p.layout = func(size fyne.Size) {
		place(ground, 0, 0, size.Width, size.Height)
		x, y, w, h := s.area()
		place(s.picture, x, y, w, h)
		place(frame, 0, 0, size.Width, size.Height)
		const r = 1.25 * grid
		cx, cy := x+float32(s.x)*w, y+float32(s.y)*h
		place(ring, cx-r, cy-r, 2*r, 2*r)
		place(dot, cx-r/4, cy-r/4, r/2, r/2)
	}
	p.refresh = func() {
		ground.FillColor = fynetheme.ColorForWidget(look.ColorNamePicture, s)
		ground.Refresh()
		s.picture.Image = s.img
		s.picture.ScaleMode = canvas.ImageScaleFastest
		if s.img != nil && s.img.Bounds().Dx() < 128 {
			s.picture.ScaleMode = canvas.ImageScalePixels
		}
		s.picture.Hidden = s.img == nil
		ring.StrokeColor, ring.StrokeWidth = color.White, 3
		dot.FillColor = fynetheme.ColorForWidget(fynetheme.ColorNamePrimary, s)
		ring.Hidden, dot.Hidden = !s.marked, !s.marked
		frame.StrokeColor, frame.StrokeWidth = fynetheme.ColorForWidget(fynetheme.ColorNamePrimary, s), 0
		if s.focused {
			frame.StrokeWidth = 2
		}
		p.layout(s.Size())
		for _, o := range p.objects {
			o.Refresh()
		}
	}
	p.refresh()
	return p
}
