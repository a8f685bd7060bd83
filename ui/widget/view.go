package widget

// The view: one zoom and one pan that any number of panes share.

import (
	"math"
	"slices"
)

// View says which part of a picture is shown, and how large. All panes of a View are equally large and show
// the same point of the picture at the same place. Lengths on the screen are in device pixels, so at a scale
// of 1, called 100 %, a pixel of the picture is a pixel of the screen. A View and its panes belong to the
// goroutine of the user interface.
type View struct {
	do            func(func())
	width, height int     // the picture
	paneW, paneH  int     // the part of a pane that shows it, device pixels
	scale         float64 // device pixels a pixel of the picture
	x, y          float64 // the point of the picture in the middle of every pane
	fitted        bool    // follows the panes' size
	hover         *Pane   // where the pointer is, nil when it is nowhere
	hoverX        float64 // where in that pane, device pixels
	hoverY        float64
	panes         []*Pane
	changed       []func()
	pointed       []func()
}

// MaxScale is the largest zoom, unless the whole picture at a larger one fits into the panes.
const MaxScale = 32

// NewView returns a View without a picture. Its panes prepare what they show on other goroutines and call do
// with a function that must then run on the goroutine of the user interface: fyne.Do in a program, a queue
// in a test.
func NewView(do func(func())) *View {
	return &View{do: do, scale: 1, fitted: true}
}

// SetPicture says how large the picture is. A picture of another size than before is fitted; one of the same
// size keeps zoom and pan, so that a filtered or newly decoded version can take the place of the old one.
func (v *View) SetPicture(width, height int) {
	if width < 1 || height < 1 {
		panic("widget: picture without pixels")
	}
	if width == v.width && height == v.height {
		return
	}
	v.width, v.height = width, height
	v.fitted = true
	v.settle()
}

// Picture returns the size of the picture, 0, 0 when there is none yet.
func (v *View) Picture() (width, height int) { return v.width, v.height }

// Scale returns device pixels a pixel of the picture.
func (v *View) Scale() float64 { return v.scale }

// Centre returns the point of the picture in the middle of the panes; (0, 0) is its top left corner.
func (v *View) Centre() (x, y float64) { return v.x, v.y }

// Fitted reports whether the whole picture is shown as large as the panes allow, and will be when they are resized.
func (v *View) Fitted() bool { return v.fitted }

// Pointer returns the pixel of the picture under the pointer; ok is false when it is over none.
func (v *View) Pointer() (x, y int, ok bool) {
	if v.hover == nil || v.width == 0 {
		return 0, 0, false
	}
	px, py := v.ToPicture(v.hoverX, v.hoverY)
	x, y = int(math.Floor(px)), int(math.Floor(py))
	return x, y, x >= 0 && y >= 0 && x < v.width && y < v.height
}

// Pane returns how large the part of a pane that shows the picture is, in device pixels.
func (v *View) Pane() (width, height float64) { return float64(v.paneW), float64(v.paneH) }

// Over returns the pane that the pointer is over, nil when it is over none.
func (v *View) Over() *Pane { return v.hover }

// OnChange adds a function that is called after the zoom, the pan or the picture's size changed.
func (v *View) OnChange(f func()) { v.changed = append(v.changed, f) }

// OnPointer adds a function that is called after the pointer moved over the picture, entered or left it.
func (v *View) OnPointer(f func()) { v.pointed = append(v.pointed, f) }

// Fit shows the whole picture, and keeps doing so when the panes are resized.
func (v *View) Fit() {
	v.fitted = true
	v.settle()
}

// Actual shows a pixel of the picture as a pixel of the screen.
func (v *View) Actual() { v.ZoomTo(1) }

// ZoomTo sets the scale about the middle of the panes.
func (v *View) ZoomTo(scale float64) { v.zoom(scale, float64(v.paneW)/2, float64(v.paneH)/2) }

// ZoomIn zooms about the middle to the next of the scales …, 50 %, 75 %, 100 %, 150 %, 200 %, … .
func (v *View) ZoomIn() { v.ZoomTo(v.step(1)) }

// ZoomOut is ZoomIn the other way.
func (v *View) ZoomOut() { v.ZoomTo(v.step(-1)) }

// step returns the scale after the present one in the direction of the sign, stopping at the fitted one.
func (v *View) step(sign int) float64 {
	stops := []float64{v.fit()}
	for e := -16; e <= 8; e++ {
		stops = append(stops, math.Ldexp(1, e), math.Ldexp(1.5, e))
	}
	slices.Sort(stops)
	const same = 1 + 1e-6
	if sign > 0 {
		for _, s := range stops {
			if s > v.scale*same {
				return s
			}
		}
		return v.scale
	}
	for _, s := range slices.Backward(stops) {
		if s < v.scale/same {
			return s
		}
	}
	return v.scale
}

// ZoomAbout multiplies the scale and keeps the point of the picture that is at (px, py), device pixels from
// the top left corner of a pane, where it is. A zoom that passes 100 % rests there.
func (v *View) ZoomAbout(factor, px, py float64) {
	to := v.scale * factor
	if (v.scale < 1 && to > 1) || (v.scale > 1 && to < 1) {
		to = 1
	}
	v.zoom(to, px, py)
}

// Toggle shows 100 % about a point of a pane where the picture was fitted, and fits it where it was not.
func (v *View) Toggle(px, py float64) {
	if v.fitted {
		v.zoom(1, px, py)
		v.fitted = false
		return
	}
	v.Fit()
}

// Pan moves the picture by device pixels.
func (v *View) Pan(dx, dy float64) {
	v.x -= dx / v.scale
	v.y -= dy / v.scale
	v.settle()
}

// CentreOn moves a point of the picture to the middle of the panes, as far as its edges allow.
func (v *View) CentreOn(x, y float64) {
	v.x, v.y = x, y
	v.settle()
}

// ToScreen returns where in a pane a point of the picture is.
func (v *View) ToScreen(x, y float64) (px, py float64) {
	ox, oy := v.origin()
	return float64(ox) + x*v.scale, float64(oy) + y*v.scale
}

// ToPicture returns which point of the picture is at a point of a pane.
func (v *View) ToPicture(px, py float64) (x, y float64) {
	ox, oy := v.origin()
	return (px - float64(ox)) / v.scale, (py - float64(oy)) / v.scale
}

// fit returns the scale at which the whole picture just fits.
func (v *View) fit() float64 {
	if v.width == 0 || v.paneW < 1 || v.paneH < 1 {
		return 1
	}
	return min(float64(v.paneW)/float64(v.width), float64(v.paneH)/float64(v.height))
}

func (v *View) zoom(scale, px, py float64) {
	fit := v.fit()
	scale = max(min(scale, max(MaxScale, fit)), min(fit, 1))
	dx, dy := px-float64(v.paneW)/2, py-float64(v.paneH)/2
	v.x += dx/v.scale - dx/scale
	v.y += dy/v.scale - dy/scale
	v.scale = scale
	v.fitted = math.Abs(scale-fit) < 1e-9*fit
	v.settle()
}

// resize says how large the panes are; all of a View tell the same.
func (v *View) resize(w, h int) {
	if w == v.paneW && h == v.paneH {
		return
	}
	v.paneW, v.paneH = w, h
	v.settle()
}

// settle brings the picture back into the panes and tells everybody.
func (v *View) settle() {
	fit := v.fit()
	if v.fitted {
		v.scale = fit
	}
	v.scale = max(v.scale, min(fit, 1))
	inside := func(c, size, pane float64) float64 {
		half := pane / 2 / v.scale
		if size <= 2*half {
			return size / 2
		}
		return max(half, min(c, size-half))
	}
	v.x = inside(v.x, float64(v.width), float64(v.paneW))
	v.y = inside(v.y, float64(v.height), float64(v.paneH))
	for _, p := range v.panes {
		p.stage.arrange()
		p.stage.mark()
	}
	for _, f := range v.changed {
		f()
	}
	if v.hover != nil {
		v.point(v.hover, v.hoverX, v.hoverY)
	}
}

// origin returns where in a pane the picture's top left corner is. It is a whole device pixel, so a pan moves
// prepared frames without resampling them.
func (v *View) origin() (ox, oy int) {
	return int(math.Round(float64(v.paneW)/2 - v.x*v.scale)), int(math.Round(float64(v.paneH)/2 - v.y*v.scale))
}

// point says where the pointer is; nil when it left.
func (v *View) point(p *Pane, px, py float64) {
	v.hover, v.hoverX, v.hoverY = p, px, py
	for _, p := range v.panes {
		p.stage.mark()
		p.read()
	}
	for _, f := range v.pointed {
		f()
	}
}
