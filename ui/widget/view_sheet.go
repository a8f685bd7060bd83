package widget

// Sheets: what shows the frames, and has them made in the background.

import (
	"image"
	"math"

	"fyne.io/fyne/v2/canvas"
)

// sheet shows the newest frame of what a pane asks for. At most one frame is being made at a time; when it is
// ready the pane says anew what it wants, so frames never queue. Until then the last one is moved and scaled,
// with the whole picture, blurred, where it does not reach.
type sheet struct {
	do    func(func())
	ready func() // called after a frame has come
	under *canvas.Raster
	top   *canvas.Raster
	shown frame
	spare *image.RGBA // the memory of the frame before
	busy  bool
}

// newSheet returns an empty sheet. painted is called while it is being drawn.
func newSheet(do func(func()), ready, painted func()) *sheet {
	s := &sheet{do: do, ready: ready}
	nothing := image.NewRGBA(image.Rect(0, 0, 1, 1))
	s.under = canvas.NewRaster(func(int, int) image.Image {
		if s.shown.a != nil && s.shown.a.all.Load() != nil {
			return s.shown.a.all.Load()
		}
		return nothing
	})
	s.top = canvas.NewRaster(func(int, int) image.Image {
		painted()
		if s.shown.img == nil {
			return nothing
		}
		return s.shown.img
	})
	s.under.Hide()
	s.under.ScaleMode = canvas.ImageScaleFastest
	s.top.ScaleMode = canvas.ImageScalePixels
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
			s.top.Refresh()
			s.ready()
		})
		q.a.survey()
	}()
}

// place puts the shown frame where a view wants it: ox, oy is where the picture's top left corner is in the
// pane, device the device pixels a unit of length.
func (s *sheet) place(v *View, ox, oy, device float64) {
	f := s.shown
	if f.img == nil || f.width != v.width || f.height != v.height {
		return // nothing, or another picture, which stays as it is until the new one comes
	}
	grow := v.scale / f.scale
	x, y := ox+math.Round(float64(f.rect.Min.X)*grow), oy+math.Round(float64(f.rect.Min.Y)*grow)
	w, h := float64(f.rect.Dx())*grow, float64(f.rect.Dy())*grow
	allW, allH := float64(f.width)*v.scale, float64(f.height)*v.scale
	put := func(r *canvas.Raster, x, y, w, h float64) {
		const drawable = 1 << 14 // device pixels
		if max(w, h) <= drawable {
			place(r, float32(x/device), float32(y/device), float32(w/device), float32(h/device))
		}
	}
	put(s.top, x, y, w, h)
	const blur = 1
	paneW, paneH := float64(v.paneW), float64(v.paneH)
	s.under.Hidden = f.b != nil || x <= max(0, ox)+blur && y <= max(0, oy)+blur &&
		x+w >= min(paneW, ox+allW)-blur && y+h >= min(paneH, oy+allH)-blur
	if !s.under.Hidden {
		put(s.under, ox, oy, allW, allH)
	}
}

// clear forgets what is shown.
func (s *sheet) clear() {
	if s.shown.img != nil {
		s.shown = frame{}
		s.under.Hide()
		s.top.Refresh()
	}
}
