package widget

import (
	"image"
	"image/color"
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	look "sieve/ui/theme"
)

// Scope is a picture seen as large as it goes, with a title and a figure over it, parts of it marked, and a pixel
// to be chosen by clicking or dragging. Arrow keys ask for the next one.
type Scope struct {
	widget.BaseWidget
	OnPoint func(x, y int)   // nil: nothing is chosen here
	OnStep  func(dx, dy int) // an arrow key

	title, figure string
	img           image.Image
	marks         []Outline
	at            image.Point // the pixel that is chosen
	focused       bool
}

var (
	_ fyne.Draggable     = (*Scope)(nil)
	_ fyne.Focusable     = (*Scope)(nil)
	_ desktop.Mouseable  = (*Scope)(nil)
	_ desktop.Cursorable = (*Scope)(nil)
)

// NewScope returns one without a picture.
func NewScope() *Scope {
	s := &Scope{}
	s.ExtendBaseWidget(s)
	return s
}

// Set shows a picture; nil, none.
func (s *Scope) Set(img image.Image) {
	if s.img != img {
		s.img = img
		s.Refresh()
	}
}

// Say writes what the picture is, and a figure.
func (s *Scope) Say(title, figure string) {
	if s.title != title || s.figure != figure {
		s.title, s.figure = title, figure
		s.Refresh()
	}
}

// Mark outlines parts of the picture, in its pixels. at is the pixel that is chosen.
func (s *Scope) Mark(at image.Point, marks ...Outline) {
	s.at = at
	if !slices.Equal(s.marks, marks) {
		s.marks = marks
		s.Refresh()
	}
}

// Title and Figure are what Say wrote.
func (s *Scope) Title() string  { return s.title }
func (s *Scope) Figure() string { return s.figure }

// head is how high the line over the picture is.
func (s *Scope) head() float32 {
	if s.title == "" && s.figure == "" {
		return 0
	}
	return onGrid(textHeight(s, fynetheme.SizeNameText)) + grid/2
}

// area is where the picture is, and how large a pixel of it.
func (s *Scope) area() (x, y, k float32) {
	size := s.Size()
	size.Height -= s.head()
	if s.img == nil || size.Width <= 0 || size.Height <= 0 {
		return 0, s.head(), 0
	}
	b := s.img.Bounds()
	k = min(size.Width/float32(max(1, b.Dx())), size.Height/float32(max(1, b.Dy())))
	return (size.Width - k*float32(b.Dx())) / 2, s.head() + (size.Height-k*float32(b.Dy()))/2, k
}

func (s *Scope) to(p fyne.Position) {
	x, y, k := s.area()
	if k > 0 {
		s.move(image.Pt(int(math.Floor(float64((p.X-x)/k))), int(math.Floor(float64((p.Y-y)/k)))))
	}
}

func (s *Scope) move(to image.Point) {
	if s.OnPoint == nil || s.img == nil {
		return
	}
	b := s.img.Bounds()
	to = image.Pt(min(max(to.X, 0), b.Dx()-1), min(max(to.Y, 0), b.Dy()-1))
	if to != s.at {
		s.at = to
		s.OnPoint(to.X, to.Y)
	}
}

func (s *Scope) MouseDown(e *desktop.MouseEvent) {
	if s.OnPoint == nil || e.Button != desktop.MouseButtonPrimary {
		return
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(s); c != nil {
		c.Focus(s)
	}
	s.to(e.Position)
}

func (s *Scope) MouseUp(*desktop.MouseEvent) {}
func (s *Scope) Dragged(e *fyne.DragEvent)   { s.to(e.Position) }
func (s *Scope) DragEnd()                    {}

func (s *Scope) Cursor() desktop.Cursor {
	if s.OnPoint != nil {
		return desktop.CrosshairCursor
	}
	return desktop.DefaultCursor
}

func (s *Scope) FocusGained()     { s.focused = true; s.Refresh() }
func (s *Scope) FocusLost()       { s.focused = false; s.Refresh() }
func (s *Scope) TypedRune(r rune) { passRune(s, r) }

func (s *Scope) TypedKey(e *fyne.KeyEvent) {
	way, ok := map[fyne.KeyName]image.Point{fyne.KeyLeft: {-1, 0}, fyne.KeyRight: {1, 0}, fyne.KeyUp: {0, -1}, fyne.KeyDown: {0, 1}}[e.Name]
	if !ok || s.OnStep == nil {
		passKey(s, e)
		return
	}
	s.OnStep(way.X, way.Y)
}

func (s *Scope) CreateRenderer() fyne.WidgetRenderer {
	ground, frame := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	picture := &canvas.Image{FillMode: canvas.ImageFillStretch}
	title, figure := newCaption(), canvas.NewText("", color.Transparent)
	title.TextStyle.Bold = true
	figure.Alignment = fyne.TextAlignTrailing
	var marks []*canvas.Rectangle
	p := &parts{}
	p.min = func() fyne.Size { return fyne.NewSize(8*grid, 8*grid) }
	p.layout = func(size fyne.Size) {
		head := s.head()
		wide := min(size.Width, figure.MinSize().Width)
		title.place(0, 0, max(0, size.Width-wide-grid), head-grid/2)
		placeText(figure, size.Width-wide, 0, wide, head-grid/2)
		place(ground, 0, head, size.Width, max(0, size.Height-head))
		place(frame, 0, head, size.Width, max(0, size.Height-head))
		x, y, k := s.area()
		if s.img == nil {
			return
		}
		b := s.img.Bounds()
		place(picture, x, y, k*float32(b.Dx()), k*float32(b.Dy()))
		for i, m := range s.marks {
			// A mark surrounds what it marks, and is never too small to be seen.
			const least, line = 5, 2
			w, h := max(k*float32(m.Rect.Dx()), least)+2*line, max(k*float32(m.Rect.Dy()), least)+2*line
			cx, cy := x+k*float32(m.Rect.Min.X+m.Rect.Max.X)/2, y+k*float32(m.Rect.Min.Y+m.Rect.Max.Y)/2
			place(marks[i], cx-w/2, cy-h/2, w, h)
		}
	}
	p.refresh = func() {
		fill(ground, s, look.ColorNamePicture, 0)
		picture.ScaleMode = canvas.ImageScaleFastest
		if s.img != nil && s.img.Bounds().Dx() <= 256 {
			picture.ScaleMode = canvas.ImageScalePixels
		}
		if picture.Hidden = s.img == nil; picture.Image != s.img {
			picture.Image = s.img
			picture.Refresh()
		}
		title.dress(s, fynetheme.SizeNameText, fynetheme.ColorNameForeground)
		title.say(s.title)
		write(figure, s, s.figure, fynetheme.SizeNameText, fynetheme.ColorNamePlaceHolder)
		frame.StrokeColor, frame.StrokeWidth = fynetheme.ColorForWidget(fynetheme.ColorNamePrimary, s), 0
		if s.focused {
			frame.StrokeWidth = 1
		}
		for len(marks) < len(s.marks) {
			marks = append(marks, canvas.NewRectangle(color.Transparent))
		}
		p.objects = []fyne.CanvasObject{ground, picture, frame, title.Text, figure}
		if s.img != nil {
			for i, m := range s.marks {
				marks[i].StrokeColor, marks[i].StrokeWidth = fynetheme.ColorForWidget(m.Ink, s), 2
				marks[i].Refresh()
				p.objects = append(p.objects, marks[i])
			}
		}
		p.layout(s.Size())
		frame.Refresh()
		canvas.Refresh(s)
	}
	p.refresh()
	return p
}
