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
)

// Pad is a small picture to be drawn by hand, in white on black: Side × Side pixels, seen
// large. The other button rubs out.
type Pad struct {
	widget.BaseWidget
	OnChanged func(pixels []float32) // row by row, 0 to 1; it is the receiver's to keep

	side   int
	pixels []float32
	last   fyne.Position // of the pen
	down   bool
	rubs   bool
}

// NewPad returns an empty pad.
func NewPad(side int) *Pad {
	p := &Pad{side: side, pixels: make([]float32, side*side)}
	p.ExtendBaseWidget(p)
	return p
}

// Clear empties the pad.
func (p *Pad) Clear() {
	clear(p.pixels)
	p.changed()
}

func (p *Pad) changed() {
	p.Refresh()
	if p.OnChanged != nil {
		p.OnChanged(append([]float32(nil), p.pixels...))
	}
}

// pen is the radius of the pen in pixels of a pad of 28; its edge is one pixel wide.
const pen = 1.3

// stroke draws from one place to another, both in pixels.
func (p *Pad) stroke(x0, y0, x1, y1 float64) {
	radius := pen * float64(p.side) / 28
	dx, dy := x1-x0, y1-y0
	square := dx*dx + dy*dy
	for y := range p.side {
		for x := range p.side {
			px, py := float64(x)+0.5-x0, float64(y)+0.5-y0
			t := 0.0
			if square > 0 {
				t = min(max((px*dx+py*dy)/square, 0), 1)
			}
			ink := float32(min(max(radius+0.5-math.Hypot(px-t*dx, py-t*dy), 0), 1))
			at := &p.pixels[y*p.side+x]
			if p.rubs {
				*at = min(*at, 1-ink)
			} else {
				*at = max(*at, ink)
			}
		}
	}
}

// to draws a line from where the pen was.
func (p *Pad) to(at fyne.Position) {
	size := min(p.Size().Width, p.Size().Height)
	if size <= 0 {
		return
	}
	scale := float64(p.side) / float64(size)
	p.stroke(float64(p.last.X)*scale, float64(p.last.Y)*scale, float64(at.X)*scale, float64(at.Y)*scale)
	p.last = at
	p.changed()
}

func (p *Pad) MouseDown(e *desktop.MouseEvent) {
	p.last, p.down, p.rubs = e.Position, true, e.Button == desktop.MouseButtonSecondary
	p.to(e.Position)
}

func (p *Pad) MouseUp(*desktop.MouseEvent) { p.down = false }
func (p *Pad) MouseIn(*desktop.MouseEvent) {}
func (p *Pad) MouseOut()                   {}
func (p *Pad) MouseMoved(e *desktop.MouseEvent) {
	if p.down {
		p.to(e.Position)
	}
}
func (p *Pad) Dragged(e *fyne.DragEvent) { p.to(e.Position) }
func (p *Pad) DragEnd()                  { p.down = false }
func (p *Pad) Cursor() desktop.Cursor    { return desktop.CrosshairCursor }

func (p *Pad) CreateRenderer() fyne.WidgetRenderer {
	frame := canvas.NewRectangle(color.Transparent)
	img := image.NewRGBA(image.Rect(0, 0, p.side, p.side))
	picture := canvas.NewImageFromImage(img)
	picture.ScaleMode = canvas.ImageScalePixels
	r := &parts{objects: []fyne.CanvasObject{picture, frame}}
	r.min = func() fyne.Size { return fyne.NewSquareSize(28 * grid) }
	r.layout = func(size fyne.Size) {
		side := min(size.Width, size.Height)
		place(picture, 0, 0, side, side)
		place(frame, 0, 0, side, side)
	}
	r.refresh = func() {
		fresh := image.NewRGBA(img.Rect)
		for i, v := range p.pixels {
			g := uint8(255*v + 0.5)
			fresh.Set(i%p.side, i/p.side, color.RGBA{g, g, g, 255})
		}
		picture.Image = fresh
		picture.Refresh()
		outline(frame, p, fynetheme.ColorNameInputBorder, 1)
	}
	r.refresh()
	return r
}
