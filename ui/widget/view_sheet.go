package widget

// Sheets: what shows the frames, and has them made in the background.

import (
	"image"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// sheet shows the newest frame of what a pane asks for. At most one frame is being made at a time; when it is
// ready the pane says anew what it wants, so frames never queue. Until then the last one is moved and scaled.
type sheet struct {
	do    func(func())
	ready func() // called after a frame has come
	*canvas.Raster
	shown frame
	spare *image.RGBA // the memory of the frame before
	busy  bool
}

// newSheet returns an empty sheet. painted is called while it is being drawn.
func newSheet(do func(func()), ready, painted func()) *sheet {
	s := &sheet{do: do, ready: ready}
	nothing := image.NewRGBA(image.Rect(0, 0, 1, 1))
	s.Raster = canvas.NewRaster(func(int, int) image.Image {
		painted()
		if s.shown.img == nil {
			return nothing
		}
		return s.shown.img
	})
	s.ScaleMode = canvas.ImageScalePixels
	return s
}

// want asks for the part of a picture that a pane shows: visible, device pixels from the picture's top left
// corner, is the least, and margin of it all around makes small moves free.
func (s *sheet) want(q request, visible image.Rectangle, margin image.Point) {
	if q.a == nil {
		s.clear()
		return
	}
	if s.busy {
		return
	}
	around := func(m image.Point) image.Rectangle {
		return image.Rectangle{visible.Min.Sub(m), visible.Max.Add(m)}.Intersect(q.extent())
	}
	if s.shown.img != nil && s.shown.alike(q) && around(margin.Div(2)).In(s.shown.rect) {
		return
	}
	q.rect = around(margin)
	if q.rect.Empty() {
		return
	}
	s.busy = true
	spare := s.spare
	s.spare = nil
	go func() {
		f := q.render(spare)
		s.do(func() {
			s.busy = false
			s.spare, s.shown = s.shown.img, f
			s.Refresh()
			s.ready()
		})
	}()
}

// place puts the shown frame where a view wants it: origin is where the picture's top left corner is in the
// pane, device the device pixels a unit of length.
func (s *sheet) place(v *View, ox, oy, device float64) {
	f := s.shown
	if f.img == nil || f.width != v.width || f.height != v.height {
		return // nothing, or another picture, which stays as it is until the new one comes
	}
	grow := v.scale / f.scale
	w, h := float64(f.rect.Dx())*grow, float64(f.rect.Dy())*grow
	if max(w, h) > 1<<14 {
		return // larger than drivers can draw
	}
	at := func(o float64, min int) float32 { return float32((o + math.Round(float64(min)*grow)) / device) }
	s.Move(fyne.NewPos(at(ox, f.rect.Min.X), at(oy, f.rect.Min.Y)))
	s.Resize(fyne.NewSize(float32(w/device), float32(h/device)))
}

// clear forgets what is shown.
func (s *sheet) clear() {
	if s.shown.img != nil {
		s.shown = frame{}
		s.Refresh()
	}
}
