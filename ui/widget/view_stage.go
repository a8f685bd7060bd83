package widget

// Stages: the part of a pane that shows the picture and takes the pointer.

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	look "sieve/ui/theme"
)

// stage lays sheets over grey, marks the point under the pointer and turns gestures into those of the View:
// wheel or two fingers zoom about the pointer (with Shift they pan), dragging pans or moves the divider, a
// double tap toggles between fitted and 100 %. Being scrollable it is clipped by Fyne.
type stage struct {
	widget.BaseWidget
	pane     *Pane
	device   float64 // device pixels a unit of length
	shift    fyne.Position
	ground   *canvas.Rectangle
	right    *sheet // the layer; while comparing by slider, the part right of the divider
	left     *sheet
	leftClip *container.Clip
	split    *divider
	cross    *canvas.Raster       // where the pointer is in another pane
	outline  [2]*canvas.Rectangle // of the pixel under the pointer, dark around light
	marks    *fyne.Container      // the pane's outlines, two rectangles each
	drag     dragging
	over     fyne.Position // the pointer
}

type dragging int

const (
	notDragging dragging = iota
	draggingPicture
	draggingDivider
	painting
)

var (
	_ fyne.Scrollable        = (*stage)(nil)
	_ fyne.Draggable         = (*stage)(nil)
	_ fyne.DoubleTappable    = (*stage)(nil)
	_ fyne.SecondaryTappable = (*stage)(nil)
	_ desktop.Hoverable      = (*stage)(nil)
	_ desktop.Mouseable      = (*stage)(nil)
	_ desktop.Cursorable     = (*stage)(nil)
)

func newStage(p *Pane) *stage {
	s := &stage{pane: p, device: 1, ground: canvas.NewRectangle(color.Black)}
	s.right = newSheet(p.view.do, s.arrange, s.rescaled)
	s.left = newSheet(p.view.do, s.arrange, s.rescaled)
	s.leftClip = container.NewClip(container.NewWithoutLayout(s.left.under, s.left.top))
	s.leftClip.Hide()
	s.split = newDivider()
	s.cross = newCross()
	s.marks = container.NewWithoutLayout()
	for i, c := range []color.Color{color.Black, color.White} {
		s.outline[i] = canvas.NewRectangle(color.Transparent)
		s.outline[i].StrokeColor, s.outline[i].StrokeWidth = c, 1
	}
	s.mark()
	s.ExtendBaseWidget(s)
	return s
}

// scaleOf returns device pixels a unit of length where o is shown, 0 when it is not shown yet.
func scaleOf(o fyne.CanvasObject) float64 {
	c := fyne.CurrentApp().Driver().CanvasForObject(o)
	if c == nil {
		return 0
	}
	const far = 1 << 16
	x, _ := c.PixelCoordinateForPosition(fyne.NewPos(far, 0))
	return float64(x) / far
}

// rescaled is called while drawing: only then is it certain which canvas, of which scale, a stage is on.
func (s *stage) rescaled() {
	other := func() bool { d := scaleOf(s); return d != 0 && d != s.device }
	if !other() {
		return
	}
	s.pane.view.do(func() {
		switch {
		case !other(): // an earlier call has seen to it
		case s.pane.group != nil:
			s.pane.group.Refresh()
		default:
			s.fill()
		}
	})
}

// fill tells the View how large the stage is, unless another pane fills the space.
func (s *stage) fill() {
	if !s.pane.Visible() {
		return
	}
	if d := scaleOf(s); d != 0 {
		s.device = d
	}
	w, h := math.Round(float64(s.Size().Width)*s.device), math.Round(float64(s.Size().Height)*s.device)
	s.pane.view.resize(int(w), int(h))
	s.arrange()
}

// arrange shows the frames where they now belong and asks for those that are missing.
func (s *stage) arrange() {
	v := s.pane.view
	if !s.pane.Visible() || s.Size().IsZero() || v.width == 0 || v.paneW < 1 || v.paneH < 1 {
		return
	}
	s.align()
	ox, oy := v.origin()
	visible := image.Rect(-ox, -oy, v.paneW-ox, v.paneH-oy)
	margin := image.Pt(v.paneW/8, v.paneH/8)
	q := request{width: v.width, height: v.height, scale: v.scale}
	show := func(sh *sheet, a, b *layer) {
		q.a, q.b, q.gain, q.revA, q.revB = a, b, 0, 0, 0
		if a != nil {
			q.revA = a.rev
		}
		if b != nil {
			q.gain, q.revB = s.pane.gain, b.rev
		}
		sh.place(v, float64(ox)+float64(s.shift.X), float64(oy)+float64(s.shift.Y), s.device)
		sh.want(q, visible, margin)
	}
	s.outlines()
	right, minus, left := s.pane.layers()
	if minus != nil {
		show(s.right, minus, right)
	} else {
		show(s.right, right, nil)
	}
	if left != nil {
		show(s.left, left, nil)
	}
}

// align finds how far the stage is from a whole device pixel, so that frames are drawn on whole ones.
func (s *stage) align() {
	s.shift = fyne.Position{}
	if s.device == math.Trunc(s.device) {
		return
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(s)
	off := func(p float32) float32 {
		d := float64(p) * s.device
		return float32(math.Round(d) - d)
	}
	s.shift = fyne.NewPos(off(at.X), off(at.Y))
}

// at returns a position in device pixels.
func (s *stage) at(p fyne.Position) (px, py float64) {
	return float64(p.X)*s.device - float64(s.shift.X), float64(p.Y)*s.device - float64(s.shift.Y)
}

// mark shows where the pointer is, here or in another pane.
func (s *stage) mark() {
	v := s.pane.view
	x, y, ok := v.Pointer()
	const large = 8 // a pixel of this many device pixels is outlined, a smaller one crossed
	outlined := ok && v.scale >= large
	crossed := ok && !outlined && v.hover != s.pane
	if s.cross.Hidden == crossed || s.outline[0].Hidden == outlined {
		s.ground.Refresh() // what was never shown cannot ask to be drawn
	}
	s.cross.Hidden = !crossed
	for i, box := range s.outline {
		box.Hidden = !outlined
		if outlined {
			ox, oy := v.origin()
			edge := func(i int) float64 { return math.Ceil(float64(i)*v.scale - 0.5) } // as a frame has it
			put := func(x, y, w, h float64) {
				place(box, float32(x/s.device), float32(y/s.device), float32(w/s.device), float32(h/s.device))
			}
			grow := float64(2-i) * s.device // so that the pixel itself is seen
			put(float64(ox)+edge(x)-grow, float64(oy)+edge(y)-grow, edge(x+1)-edge(x)+2*grow, edge(y+1)-edge(y)+2*grow)
		}
	}
	if crossed {
		half := s.cross.Size().Width / 2
		s.cross.Move(fyne.NewPos(float32(v.hoverX/s.device)-half, float32(v.hoverY/s.device)-half))
	}
}

// outlines puts the pane's outlines where they now belong.
func (s *stage) outlines() {
	v, marks := s.pane.view, s.pane.outlines
	for len(s.marks.Objects) < 2*len(marks) {
		box := canvas.NewRectangle(color.Transparent)
		s.marks.Objects = append(s.marks.Objects, box)
	}
	for i, o := range s.marks.Objects {
		box := o.(*canvas.Rectangle)
		if i/2 >= len(marks) || v.width == 0 {
			box.Hide()
			continue
		}
		m := marks[i/2]
		x0, y0 := v.ToScreen(float64(m.Rect.Min.X), float64(m.Rect.Min.Y))
		x1, y1 := v.ToScreen(float64(m.Rect.Max.X), float64(m.Rect.Max.Y))
		grow := s.device
		box.StrokeColor, box.StrokeWidth = color.NRGBA{A: 0xa0}, 1
		if i%2 == 1 {
			grow = 0
			box.StrokeColor, box.StrokeWidth = fynetheme.ColorForWidget(m.Ink, s), 2
		}
		place(box, float32((x0-grow)/s.device), float32((y0-grow)/s.device), float32((x1-x0+2*grow)/s.device), float32((y1-y0+2*grow)/s.device))
		box.Show()
		box.Refresh()
	}
	s.ground.Refresh() // what was never shown cannot ask to be drawn
}

// stroke tells the pane what the pen does at a position.
func (s *stage) stroke(p StrokePhase, at fyne.Position, other bool) {
	px, py := s.at(at)
	x, y := s.pane.view.ToPicture(px, py)
	s.pane.Paint(Stroke{Phase: p, X: x, Y: y, Other: other})
}

func (s *stage) MouseDown(e *desktop.MouseEvent) {
	if s.pane.Paint != nil && e.Button == desktop.MouseButtonPrimary {
		s.drag = painting
		s.stroke(StrokeBegun, e.Position, e.Modifier&fyne.KeyModifierAlt != 0)
	}
}

func (s *stage) MouseUp(e *desktop.MouseEvent) {
	if s.drag == painting && e.Button == desktop.MouseButtonPrimary {
		s.drag = notDragging
		s.stroke(StrokeEnded, e.Position, false)
	}
}

// zoomRate is how far the wheel must go to double the scale: four clicks of a wheel on Linux and Windows.
const zoomRate = 100

func (s *stage) Scrolled(e *fyne.ScrollEvent) {
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok && d.CurrentKeyModifiers()&fyne.KeyModifierShift != 0 {
		s.pane.view.Pan(float64(e.Scrolled.DX)*s.device, float64(e.Scrolled.DY)*s.device)
		return
	}
	px, py := s.at(e.Position)
	turn := max(-zoomRate, min(float64(e.Scrolled.DY), zoomRate))
	if turn != 0 {
		s.pane.view.ZoomAbout(math.Exp2(turn/zoomRate), px, py)
	}
}

func (s *stage) Dragged(e *fyne.DragEvent) {
	if s.drag == notDragging {
		s.drag = draggingPicture
		if s.overDivider(e.Position.SubtractXY(e.Dragged.DX, e.Dragged.DY)) {
			s.drag = draggingDivider
		}
	}
	if size := s.Size(); e.Position.X >= 0 && e.Position.Y >= 0 && e.Position.X < size.Width && e.Position.Y < size.Height {
		s.pointed(e.Position) // elsewhere another pane says so
	}
	if s.drag == painting {
		s.stroke(StrokeMoved, e.Position, false)
		return
	}
	if s.drag == draggingDivider {
		s.pane.SetDivider(e.Position.X / s.Size().Width)
		return
	}
	s.pane.view.Pan(float64(e.Dragged.DX)*s.device, float64(e.Dragged.DY)*s.device)
}

func (s *stage) DragEnd() {
	if s.drag == painting { // the button was let go beyond the pane
		s.stroke(StrokeEnded, s.over, false)
	}
	s.drag = notDragging
}

func (s *stage) DoubleTapped(e *fyne.PointEvent) {
	if s.pane.Paint == nil {
		s.pane.view.Toggle(s.at(e.Position))
	}
}

func (s *stage) TappedSecondary(e *fyne.PointEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(s); c != nil && s.pane.Menu != nil {
		widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", s.pane.Menu()...), c, e.AbsolutePosition)
	}
}

func (s *stage) MouseIn(e *desktop.MouseEvent) { s.MouseMoved(e) }

func (s *stage) MouseMoved(e *desktop.MouseEvent) { s.pointed(e.Position) }

func (s *stage) pointed(at fyne.Position) {
	s.over = at
	px, py := s.at(at)
	s.pane.view.point(s.pane, px, py)
}

func (s *stage) MouseOut() { s.pane.view.point(nil, 0, 0) }

func (s *stage) Cursor() desktop.Cursor {
	switch {
	case s.drag == draggingPicture:
		return moveCursor{}
	case s.drag == draggingDivider || s.overDivider(s.over):
		return desktop.HResizeCursor
	}
	return desktop.CrosshairCursor
}

func (s *stage) overDivider(p fyne.Position) bool {
	const reach = 8
	return s.pane.mode == Slider && float32(math.Abs(float64(p.X-s.split.x))) <= reach
}

func (s *stage) CreateRenderer() fyne.WidgetRenderer {
	p := &parts{objects: []fyne.CanvasObject{s.ground, s.right.under, s.right.top, s.leftClip, s.split.Container, s.marks, s.outline[0], s.outline[1], s.cross}}
	p.min = func() fyne.Size { return fyne.NewSquareSize(8 * grid) }
	p.layout = func(size fyne.Size) {
		s.ground.Resize(size)
		s.fill()
		s.divide()
	}
	p.refresh = func() {
		s.ground.FillColor = fynetheme.ColorForWidget(look.ColorNamePicture, s)
		s.split.dress(s.Theme())
		s.divide()
	}
	p.refresh()
	return p
}

// newCross returns the mark that shows in the other panes where the pointer is: white arms with dark edges,
// so that it is seen on every picture, and open in the middle.
func newCross() *canvas.Raster {
	const side, gap = 25, 4
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range side {
		if d := i - side/2; d >= -gap && d <= gap {
			continue
		}
		for off, c := range []color.RGBA{{A: 160}, {255, 255, 255, 255}, {A: 160}} {
			img.SetRGBA(i, side/2-1+off, c)
			img.SetRGBA(side/2-1+off, i, c)
		}
	}
	r := canvas.NewRaster(func(int, int) image.Image { return img })
	r.ScaleMode = canvas.ImageScalePixels
	r.Resize(fyne.NewSquareSize(side))
	return r
}

// moveCursor is four arrows, shown while the picture is dragged.
type moveCursor struct{}

func (moveCursor) Image() (image.Image, int, int) {
	const side, mid, head = 23, 11, 4
	inside := func(x, y int) bool { // the shape in one eighth of the plane, folded out
		x, y = max(x-mid, mid-x), max(y-mid, mid-y)
		if x < y {
			x, y = y, x
		}
		if x > mid-1 {
			return false
		}
		return y == 0 || x+y <= mid-1 && x >= mid-1-head && y <= head-1
	}
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			if inside(x, y) {
				img.SetNRGBA(x, y, color.NRGBA{255, 255, 255, 255})
				continue
			}
			for _, n := range [][2]int{{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}} {
				if inside(n[0], n[1]) {
					img.SetNRGBA(x, y, color.NRGBA{A: 255})
				}
			}
		}
	}
	return img, mid, mid
}
