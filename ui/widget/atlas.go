package widget

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	look "sieve/ui/theme"
)

// An AtlasTool is what dragging on an Atlas does.
type AtlasTool int

const (
	AtlasMove  AtlasTool = iota // moves the map
	AtlasLasso                  // chooses points
	AtlasPath                   // draws a way
)

// AtlasData is what an Atlas shows. It must not change afterwards.
type AtlasData struct {
	Points []float32     // x and y of each
	Inks   []color.NRGBA // of each point
	Thumbs []*image.RGBA // of each point; nil: dots
	Hidden []bool        // of each point; nil: none
	Chosen []bool        // of each point; nil: none

	// Fog is how well supported places are, 0 to 1, row by row from the least y on: where it is 0, nothing is known.
	Fog                 []float32
	FogCols             int
	FogLow, FogHigh     [2]float64
	Marks               []AtlasMark
	PointLow, PointHigh [2]float64 // corners of what is fitted
}

// An AtlasMark is a ring around a place.
type AtlasMark struct {
	X, Y float64
	Ink  fyne.ThemeColorName
}

// Atlas shows thousands of points on a plane, as dots or as small pictures. Wheel and drag move it, a tap chooses a
// point. What it shows is drawn on another goroutine: the one of the user interface only moves the last frame
// until there is another.
type Atlas struct {
	widget.BaseWidget
	OnPointer func(x, y float64, nearest int) // over a place; nearest is -1 where no point is near
	OnLeave   func()
	OnTapped  func(x, y float64, nearest int, add bool) // add: Shift or Ctrl was down
	OnMark    func(i int)                               // a mark was tapped, where no point is nearer
	OnLasso   func(chosen []int)
	OnPath    func(xs, ys []float64)
	Tool      AtlasTool

	do     func(func())
	data   AtlasData
	serial int // of data

	cx, cy float64 // the place in the middle
	scale  float64 // device pixels a unit
	fitted bool
	device float64

	raster *canvas.Raster
	shown  atlasFrame
	spare  *image.RGBA
	busy   bool

	way   []fyne.Position // of a lasso or a path under way
	lines *atlasLines     // of it
	path  [][2]float64    // places of the last path
	trail *atlasLines     // of it
	marks *fyne.Container
}

// atlasLines are lines one after the other, on a border that tells them from what lies under them.
type atlasLines struct {
	whole *fyne.Container // border, then lines
	parts [2]*fyne.Container
}

func newAtlasLines() *atlasLines {
	l := &atlasLines{parts: [2]*fyne.Container{{}, {}}}
	l.whole = &fyne.Container{Objects: []fyne.CanvasObject{l.parts[0], l.parts[1]}}
	return l
}

// put is where a line goes; the one after the last is a new one.
func (l *atlasLines) put(i int, from, to fyne.Position, w fyne.Widget) {
	for k, part := range l.parts {
		if i == len(part.Objects) {
			part.Objects = append(part.Objects, &canvas.Line{})
		}
		line := part.Objects[i].(*canvas.Line)
		line.StrokeColor, line.StrokeWidth = fynetheme.ColorForWidget([...]fyne.ThemeColorName{fynetheme.ColorNameBackground, fynetheme.ColorNamePrimary}[k], w), [...]float32{5, 2}[k]
		line.Position1, line.Position2 = from, to
		line.Refresh()
	}
}

// cut leaves so many lines at most.
func (l *atlasLines) cut(most int) {
	for _, part := range l.parts {
		part.Objects = part.Objects[:min(most, len(part.Objects))]
		part.Refresh()
	}
}

// atlasFrame is a part of the map, drawn.
type atlasFrame struct {
	img    *image.RGBA
	cx, cy float64 // the place in its middle
	scale  float64
	serial int
	ground color.Color
}

var (
	_ fyne.Scrollable     = (*Atlas)(nil)
	_ fyne.Draggable      = (*Atlas)(nil)
	_ fyne.Tappable       = (*Atlas)(nil)
	_ fyne.DoubleTappable = (*Atlas)(nil)
	_ desktop.Hoverable   = (*Atlas)(nil)
	_ desktop.Cursorable  = (*Atlas)(nil)
)

// NewAtlas returns an empty one. do runs a function on the goroutine of the user interface.
func NewAtlas(do func(func())) *Atlas {
	a := &Atlas{do: do, scale: 1, device: 1, fitted: true}
	nothing := image.NewRGBA(image.Rect(0, 0, 1, 1))
	a.raster = canvas.NewRaster(func(int, int) image.Image {
		if a.shown.img == nil {
			return nothing
		}
		return a.shown.img
	})
	a.raster.ScaleMode = canvas.ImageScaleFastest
	a.lines, a.trail, a.marks = newAtlasLines(), newAtlasLines(), &fyne.Container{}
	a.trail.whole.Hide()
	a.ExtendBaseWidget(a)
	return a
}

// SetData shows something else. The view stays, unless it shows all.
func (a *Atlas) SetData(d AtlasData) {
	a.data = d
	a.serial++
	a.settle()
}

// Fit shows all points.
func (a *Atlas) Fit() {
	a.fitted = true
	a.settle()
}

// fit finds the view that shows all.
func (a *Atlas) fit() (cx, cy, scale float64) {
	low, high := a.data.PointLow, a.data.PointHigh
	w, h := a.pixels()
	const room = 0.9
	dx, dy := max(high[0]-low[0], 1e-9), max(high[1]-low[1], 1e-9)
	return (low[0] + high[0]) / 2, (low[1] + high[1]) / 2, room * min(w/dx, h/dy)
}

// pixels is how large the widget is, in device pixels.
func (a *Atlas) pixels() (w, h float64) {
	return max(1, float64(a.Size().Width)*a.device), max(1, float64(a.Size().Height)*a.device)
}

// settle puts everything where it belongs now.
func (a *Atlas) settle() {
	if d := scaleOf(a); d != 0 {
		a.device = d
	}
	if len(a.data.Points) == 0 {
		a.shown = atlasFrame{}
		a.raster.Refresh()
		return
	}
	cx, cy, fit := a.fit()
	if a.fitted {
		a.cx, a.cy, a.scale = cx, cy, fit
	}
	a.scale = min(max(a.scale, fit/2), fit*200)
	low, high := a.data.PointLow, a.data.PointHigh
	a.cx, a.cy = min(max(a.cx, low[0]), high[0]), min(max(a.cy, low[1]), high[1])
	a.arrange()
	a.want()
}

// arrange puts the last frame and the marks where they belong.
func (a *Atlas) arrange() {
	if f := a.shown; f.img != nil {
		w, h := a.pixels()
		grow := a.scale / f.scale
		fw, fh := float64(f.img.Rect.Dx())*grow, float64(f.img.Rect.Dy())*grow
		x, y := w/2+(f.cx-a.cx)*a.scale-fw/2, h/2-(f.cy-a.cy)*a.scale-fh/2
		place(a.raster, float32(math.Round(x)/a.device), float32(math.Round(y)/a.device), float32(fw/a.device), float32(fh/a.device))
	}
	for i := range len(a.path) - 1 {
		a.trail.put(i, a.toScreen(a.path[i][0], a.path[i][1]), a.toScreen(a.path[i+1][0], a.path[i+1][1]), a)
	}
	for len(a.marks.Objects) < 2*len(a.data.Marks) {
		a.marks.Objects = append(a.marks.Objects, canvas.NewCircle(color.Transparent))
	}
	for i, o := range a.marks.Objects {
		ring := o.(*canvas.Circle)
		if i/2 >= len(a.data.Marks) {
			ring.Hide()
			continue
		}
		m := a.data.Marks[i/2]
		r := float32(9)
		ring.StrokeColor, ring.StrokeWidth = color.NRGBA{A: 0xb0}, 1
		if i%2 == 1 {
			r = 8
			ring.StrokeColor, ring.StrokeWidth = fynetheme.ColorForWidget(m.Ink, a), 3
		}
		p := a.toScreen(m.X, m.Y)
		place(ring, p.X-r, p.Y-r, 2*r, 2*r)
		ring.Show()
		ring.Refresh()
	}
}

// toScreen is where a place is on the widget, toPlace which place is there.
func (a *Atlas) toScreen(x, y float64) fyne.Position {
	w, h := a.pixels()
	return fyne.NewPos(float32((w/2+(x-a.cx)*a.scale)/a.device), float32((h/2-(y-a.cy)*a.scale)/a.device))
}

func (a *Atlas) toPlace(p fyne.Position) (x, y float64) {
	w, h := a.pixels()
	return a.cx + (float64(p.X)*a.device-w/2)/a.scale, a.cy - (float64(p.Y)*a.device-h/2)/a.scale
}

// nearest is the point within reach of a position, -1 where there is none.
func (a *Atlas) nearest(p fyne.Position) int {
	x, y := a.toPlace(p)
	const reach = 14 // units of length
	best, found := reach*a.device/a.scale, -1
	best *= best
	for i := 0; i+1 < len(a.data.Points); i += 2 {
		dx, dy := float64(a.data.Points[i])-x, float64(a.data.Points[i+1])-y
		if d := dx*dx + dy*dy; d < best && (a.data.Hidden == nil || !a.data.Hidden[i/2]) {
			best, found = d, i/2
		}
	}
	return found
}

// want asks for a frame of what is to be seen, unless that is what is shown or one is being made.
func (a *Atlas) want() {
	w, h := a.pixels()
	ground := fynetheme.ColorForWidget(look.ColorNamePicture, a)
	f := a.shown
	near := math.Abs(f.cx-a.cx)*a.scale < w/8 && math.Abs(f.cy-a.cy)*a.scale < h/8
	same := f.img != nil && f.serial == a.serial && f.scale == a.scale && near && f.ground == ground && f.img.Rect.Dx() >= int(w*1.25)
	if a.busy || same || w < 2 || h < 2 {
		return
	}
	a.busy = true
	next := atlasFrame{cx: a.cx, cy: a.cy, scale: a.scale, serial: a.serial, ground: ground}
	data, spare, device := a.data, a.spare, a.device
	a.spare = nil
	go func() {
		next.img = reuse(spare, int(w*1.3), int(h*1.3))
		next.draw(data, device)
		a.do(func() {
			a.busy = false
			a.spare, a.shown = a.shown.img, next
			a.arrange()
			a.raster.Refresh()
			a.want()
		})
	}()
}

// draw draws a frame.
func (f *atlasFrame) draw(d AtlasData, device float64) {
	r, g, b, _ := f.ground.RGBA()
	fillAll(f.img, color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255})
	w, h := float64(f.img.Rect.Dx()), float64(f.img.Rect.Dy())
	if d.Fog != nil {
		f.drawFog(d)
	}
	n := len(d.Points) / 2
	side := 0
	if d.Thumbs != nil {
		area := max(d.PointHigh[0]-d.PointLow[0], 1e-9) * max(d.PointHigh[1]-d.PointLow[1], 1e-9)
		side = int(min(max(1.3*f.scale*math.Sqrt(area/float64(max(1, n))), 7*device), 64*device))
	}
	for i := range n {
		if d.Hidden != nil && d.Hidden[i] {
			continue
		}
		x, y := w/2+(float64(d.Points[2*i])-f.cx)*f.scale, h/2-(float64(d.Points[2*i+1])-f.cy)*f.scale
		if x < -64 || y < -64 || x > w+64 || y > h+64 {
			continue
		}
		chosen := d.Chosen != nil && d.Chosen[i]
		if side > 0 && d.Thumbs[i] != nil {
			blit(f.img, d.Thumbs[i], int(x), int(y), side, d.Inks[i], chosen)
			continue
		}
		radius := 3 * device
		if chosen {
			disc(f.img, x, y, radius+2*device, color.NRGBA{255, 255, 255, 255})
		}
		disc(f.img, x, y, radius, d.Inks[i])
	}
}

// drawFog darkens or lightens what is not supported towards the middle grey.
func (f *atlasFrame) drawFog(d AtlasData) {
	w, h := f.img.Rect.Dx(), f.img.Rect.Dy()
	rows := len(d.Fog) / d.FogCols
	const veil = 30 // levels at most
	up := f.img.Pix[0] < 128
	at := func(row, col int) float64 {
		if row < 0 || row >= rows || col < 0 || col >= d.FogCols {
			return 1
		}
		return 1 - float64(min(d.Fog[row*d.FogCols+col], 1))
	}
	cols, parts := make([]int, w), make([]float64, w) // the cell left of a pixel, and how far right of its middle it is
	for i := range cols {
		x := f.cx + (float64(i)-float64(w)/2)/f.scale
		c := (x-d.FogLow[0])/(d.FogHigh[0]-d.FogLow[0])*float64(d.FogCols) - 0.5
		cols[i] = int(math.Floor(c))
		parts[i] = c - math.Floor(c)
	}
	bands(h, w, func(y0, y1 int) {
		for j := y0; j < y1; j++ {
			y := f.cy - (float64(j)-float64(h)/2)/f.scale
			r := (y-d.FogLow[1])/(d.FogHigh[1]-d.FogLow[1])*float64(rows) - 0.5
			row := int(math.Floor(r))
			down := r - math.Floor(r)
			line := scanline(f.img, j)
			last := math.MinInt
			var left, right float64
			for i, col := range cols {
				if col != last {
					last = col
					left = at(row, col) + down*(at(row+1, col)-at(row, col))
					right = at(row, col+1) + down*(at(row+1, col+1)-at(row, col+1))
				}
				by := int(veil*(left+parts[i]*(right-left)) + 0.5)
				if !up {
					by = -by
				}
				p := line[4*i : 4*i+3]
				for k := range p {
					p[k] = uint8(min(max(int(p[k])+by, 0), 255))
				}
			}
		}
	})
}

// fillAll fills a picture with one colour.
func fillAll(img *image.RGBA, c color.RGBA) {
	line := img.Pix[:4*img.Rect.Dx()]
	for i := 0; i < len(line); i += 4 {
		line[i], line[i+1], line[i+2], line[i+3] = c.R, c.G, c.B, 255
	}
	for y := 1; y < img.Rect.Dy(); y++ {
		copy(scanline(img, y), line)
	}
}

// disc draws a filled circle with a soft edge.
func disc(img *image.RGBA, cx, cy, r float64, c color.NRGBA) {
	for y := max(0, int(cy-r-1)); y <= min(img.Rect.Dy()-1, int(cy+r+1)); y++ {
		line := scanline(img, y)
		for x := max(0, int(cx-r-1)); x <= min(img.Rect.Dx()-1, int(cx+r+1)); x++ {
			dx, dy := float64(x)+0.5-cx, float64(y)+0.5-cy
			cover := min(max(r+0.5-math.Sqrt(dx*dx+dy*dy), 0), 1) * float64(c.A) / 255
			if cover <= 0 {
				continue
			}
			p := line[4*x : 4*x+3]
			p[0], p[1], p[2] = mixed8(p[0], c.R, cover), mixed8(p[1], c.G, cover), mixed8(p[2], c.B, cover)
		}
	}
}

func mixed8(a, b uint8, t float64) uint8 { return uint8(float64(a) + t*(float64(b)-float64(a)) + 0.5) }

// blit draws a thumbnail about a place, its longer side as long as is asked for, with a line of its ink at its foot,
// and a frame where it is chosen.
func blit(img, thumb *image.RGBA, cx, cy, side int, ink color.NRGBA, chosen bool) {
	tw, th := thumb.Rect.Dx(), thumb.Rect.Dy()
	w, h := max(1, side*tw/max(tw, th)), max(1, side*th/max(tw, th))
	x0, y0 := cx-w/2, cy-h/2
	foot := max(1, side/12)
	for j := range h {
		y := y0 + j
		if y < 0 || y >= img.Rect.Dy() {
			continue
		}
		line, from := scanline(img, y), scanline(thumb, j*th/h)
		edge := chosen && (j < foot || j >= h-foot)
		for i := range w {
			x := x0 + i
			if x < 0 || x >= img.Rect.Dx() {
				continue
			}
			p := line[4*x : 4*x+4]
			switch {
			case edge || chosen && (i < foot || i >= w-foot):
				p[0], p[1], p[2], p[3] = 255, 255, 255, 255
			case j >= h-foot && ink.A > 0:
				p[0], p[1], p[2], p[3] = ink.R, ink.G, ink.B, 255
			default:
				copy(p, from[4*(i*tw/w):][:4])
			}
		}
	}
}

func (a *Atlas) Scrolled(e *fyne.ScrollEvent) {
	turn := max(-zoomRate, min(float64(e.Scrolled.DY), zoomRate))
	a.ZoomAbout(math.Exp2(turn/zoomRate), e.Position)
}

// ZoomAbout multiplies the scale and keeps the place at a position where it is.
func (a *Atlas) ZoomAbout(factor float64, p fyne.Position) {
	x, y := a.toPlace(p)
	_, _, fit := a.fit()
	a.fitted = false
	a.scale = min(max(a.scale*factor, fit/2), fit*200)
	now, then := a.cx, a.cy
	nx, ny := a.toPlace(p)
	a.cx, a.cy = now+x-nx, then+y-ny
	a.settle()
}

func (a *Atlas) DoubleTapped(*fyne.PointEvent) { a.Fit() }

func (a *Atlas) Tapped(e *fyne.PointEvent) {
	if a.OnTapped == nil || len(a.data.Points) == 0 {
		return
	}
	x, y := a.toPlace(e.Position)
	nearest := a.nearest(e.Position)
	if i := a.markAt(e.Position, nearest); i >= 0 && a.OnMark != nil {
		a.OnMark(i)
		return
	}
	d, ok := fyne.CurrentApp().Driver().(desktop.Driver)
	a.OnTapped(x, y, nearest, ok && d.CurrentKeyModifiers()&(fyne.KeyModifierShift|fyne.KeyModifierShortcutDefault) != 0)
}

// markAt is the mark at a position, -1 where there is none, or a point is nearer.
func (a *Atlas) markAt(p fyne.Position, nearest int) int {
	const reach = 10
	far := func(x, y float64) float64 {
		q := a.toScreen(x, y).Subtract(p)
		return math.Hypot(float64(q.X), float64(q.Y))
	}
	best, at := float64(reach), -1
	if nearest >= 0 {
		best = min(best, far(float64(a.data.Points[2*nearest]), float64(a.data.Points[2*nearest+1])))
	}
	for i, m := range a.data.Marks {
		if d := far(m.X, m.Y); d < best {
			best, at = d, i
		}
	}
	return at
}

func (a *Atlas) Dragged(e *fyne.DragEvent) {
	if a.Tool == AtlasMove {
		a.fitted = false
		a.cx -= float64(e.Dragged.DX) * a.device / a.scale
		a.cy += float64(e.Dragged.DY) * a.device / a.scale
		a.settle()
		return
	}
	if len(a.way) == 0 {
		a.way = append(a.way, e.Position.SubtractXY(e.Dragged.DX, e.Dragged.DY))
	}
	last := a.way[len(a.way)-1]
	if d := e.Position.Subtract(last); d.X*d.X+d.Y*d.Y < 9 {
		return
	}
	a.way = append(a.way, e.Position)
	a.lines.put(len(a.way)-2, last, e.Position, a)
	a.pointed(e.Position)
}

// ShowPath shows the last path that was drawn, or does not.
func (a *Atlas) ShowPath(yes bool) {
	if yes != a.trail.whole.Visible() {
		a.trail.whole.Hidden = !yes
		a.trail.whole.Refresh()
	}
}

func (a *Atlas) DragEnd() {
	way := a.way
	a.way = nil
	a.lines.cut(0)
	if len(way) < 2 {
		return
	}
	xs, ys := make([]float64, len(way)), make([]float64, len(way))
	for i, p := range way {
		xs[i], ys[i] = a.toPlace(p)
	}
	switch {
	case a.Tool == AtlasPath && a.OnPath != nil:
		a.path = make([][2]float64, len(xs))
		for i := range xs {
			a.path[i] = [2]float64{xs[i], ys[i]}
		}
		a.trail.cut(len(xs) - 1)
		a.arrange()
		a.OnPath(xs, ys)
	case a.Tool == AtlasLasso && a.OnLasso != nil:
		a.OnLasso(a.within(xs, ys))
	}
}

// within are the points that are shown inside a polygon.
func (a *Atlas) within(xs, ys []float64) (chosen []int) {
	for i := 0; i+1 < len(a.data.Points); i += 2 {
		if a.data.Hidden != nil && a.data.Hidden[i/2] {
			continue
		}
		x, y, in := float64(a.data.Points[i]), float64(a.data.Points[i+1]), false
		for k := range xs {
			j := (k + 1) % len(xs)
			if (ys[k] > y) != (ys[j] > y) && x < xs[k]+(xs[j]-xs[k])*(y-ys[k])/(ys[j]-ys[k]) {
				in = !in
			}
		}
		if in {
			chosen = append(chosen, i/2)
		}
	}
	return chosen
}

func (a *Atlas) MouseIn(e *desktop.MouseEvent)    { a.pointed(e.Position) }
func (a *Atlas) MouseMoved(e *desktop.MouseEvent) { a.pointed(e.Position) }

func (a *Atlas) MouseOut() {
	if a.OnLeave != nil {
		a.OnLeave()
	}
}

func (a *Atlas) pointed(p fyne.Position) {
	if a.OnPointer != nil && len(a.data.Points) > 0 {
		x, y := a.toPlace(p)
		a.OnPointer(x, y, a.nearest(p))
	}
}

func (a *Atlas) Cursor() desktop.Cursor {
	if a.Tool == AtlasMove {
		return desktop.DefaultCursor
	}
	return desktop.CrosshairCursor
}

func (a *Atlas) CreateRenderer() fyne.WidgetRenderer {
	ground := canvas.NewRectangle(color.Transparent)
	p := &parts{objects: []fyne.CanvasObject{ground, a.raster, a.trail.whole, a.marks, a.lines.whole}}
	p.min = func() fyne.Size { return fyne.NewSquareSize(16 * grid) }
	p.layout = func(size fyne.Size) {
		place(ground, 0, 0, size.Width, size.Height)
		a.settle()
	}
	p.refresh = func() {
		ground.FillColor = fynetheme.ColorForWidget(look.ColorNamePicture, a)
		ground.Refresh()
		a.settle()
	}
	p.refresh()
	return p
}
