package widget

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Hint shows what a control does, and the key that does it, when the pointer rests on the control. The bubble is drawn
// by the HintLayer that is the window's content; without one, or under a dialog, no hint is shown. The bubble is no
// overlay of Fyne's, which would take the next click.
type Hint struct {
	widget.BaseWidget
	text, key string
	control   fyne.CanvasObject
	cover     *hintCover
}

// NewHint wraps a control. key names the key that does the same, as "Ctrl+O"; it may be empty.
func NewHint(text, key string, control fyne.CanvasObject) *Hint {
	h := &Hint{text: text, key: key, control: control}
	h.cover = &hintCover{h: h}
	h.cover.ExtendBaseWidget(h.cover)
	h.ExtendBaseWidget(h)
	return h
}

// SetText says something else from the next time on; nothing is shown for the empty text.
func (h *Hint) SetText(text string) { h.text = text }

func (h *Hint) CreateRenderer() fyne.WidgetRenderer {
	p := &parts{objects: []fyne.CanvasObject{h.control, h.cover}, min: h.control.MinSize, refresh: h.control.Refresh}
	p.layout = func(size fyne.Size) {
		place(h.control, 0, 0, size.Width, size.Height)
		place(h.cover, 0, 0, size.Width, size.Height)
	}
	return p
}

// Hide takes what is shown of the control away with it.
func (h *Hint) Hide() {
	if l := h.layer(); l != nil {
		l.disarm(h)
	}
	h.BaseWidget.Hide()
}

// layer is the window's, or nil.
func (h *Hint) layer() *HintLayer {
	c := fyne.CurrentApp().Driver().CanvasForObject(h)
	if c == nil || c.Overlays().Top() != nil {
		return nil
	}
	l, _ := c.Content().(*HintLayer)
	return l
}

// hintCover lies over the control to see the pointer and hands it on. It takes no clicks.
type hintCover struct {
	widget.BaseWidget
	h *Hint
}

func (c *hintCover) MouseIn(e *desktop.MouseEvent) {
	if o, ok := c.h.control.(desktop.Hoverable); ok {
		o.MouseIn(e)
	}
	if l := c.h.layer(); l != nil && c.h.text != "" {
		l.arm(c.h)
	}
}

func (c *hintCover) MouseMoved(e *desktop.MouseEvent) {
	if o, ok := c.h.control.(desktop.Hoverable); ok {
		o.MouseMoved(e)
	}
}

func (c *hintCover) MouseOut() {
	if o, ok := c.h.control.(desktop.Hoverable); ok {
		o.MouseOut()
	}
	if l := c.h.layer(); l != nil {
		l.disarm(c.h)
	}
}

func (c *hintCover) CreateRenderer() fyne.WidgetRenderer {
	return &parts{layout: func(fyne.Size) {}, min: func() fyne.Size { return fyne.Size{} }, refresh: func() {}}
}

// HintLayer is a window's content with room for one hint above it.
type HintLayer struct {
	widget.BaseWidget
	Delay time.Duration // how long the pointer rests before a hint is shown

	content fyne.CanvasObject
	do      func(func())
	armed   *Hint // under the pointer
	shown   *Hint
	timer   *time.Timer
}

// NewHintLayer wraps a window's content. do runs a function on Fyne's goroutine: fyne.Do.
func NewHintLayer(content fyne.CanvasObject, do func(func())) *HintLayer {
	l := &HintLayer{Delay: 600 * time.Millisecond, content: content, do: do}
	l.ExtendBaseWidget(l)
	return l
}

// Dismiss takes the hint away that is shown or about to be.
func (l *HintLayer) Dismiss() { l.disarm(l.armed) }

func (l *HintLayer) arm(h *Hint) {
	l.disarm(l.armed)
	l.armed = h
	l.timer = time.AfterFunc(l.Delay, func() { l.do(func() { l.show(h) }) })
}

func (l *HintLayer) disarm(h *Hint) {
	if h == nil || l.armed != h {
		return
	}
	l.timer.Stop()
	l.armed = nil
	if l.shown != nil {
		l.shown = nil
		l.Refresh()
	}
}

func (l *HintLayer) show(h *Hint) {
	if l.armed == h && h.layer() == l {
		l.shown = h
		l.Refresh()
	}
}

func (l *HintLayer) CreateRenderer() fyne.WidgetRenderer {
	box, cap := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	text, key := canvas.NewText("", color.Transparent), canvas.NewText("", color.Transparent)
	bubble := []fyne.CanvasObject{box, text, cap, key}
	seen := canvas.NewRectangle(color.Transparent) // Fyne repaints for objects that it has painted: not yet for the bubble's
	p := &parts{objects: append([]fyne.CanvasObject{l.content, seen}, bubble...), min: l.content.MinSize}
	shadow := canvas.Shadow{BlurRadius: grid, Offset: fyne.NewPos(0, 2)}
	p.layout = func(size fyne.Size) {
		place(l.content, 0, 0, size.Width, size.Height)
		if l.shown == nil {
			return
		}
		say, press := text.MinSize(), key.MinSize()
		w, h := say.Width+2*grid, say.Height+grid
		if l.shown.key != "" {
			w += press.Width + 2*grid
		}
		driver := fyne.CurrentApp().Driver()
		at := driver.AbsolutePositionForObject(l.shown).Subtract(driver.AbsolutePositionForObject(l))
		under := l.shown.Size()
		x := min(max(at.X+(under.Width-w)/2, grid/2), max(size.Width-w-grid/2, 0))
		y := at.Y + under.Height + grid/2
		if y+h > size.Height {
			y = max(at.Y-h-grid/2, grid/2)
		}
		place(box, x, y, w, h)
		placeText(text, x+grid, y, say.Width, h)
		place(cap, x+say.Width+2*grid, y+grid/2, press.Width+grid, h-grid)
		placeText(key, x+say.Width+2.5*grid, y, press.Width, h)
	}
	p.refresh = func() {
		if l.shown != nil {
			radius := l.Theme().Size(fynetheme.SizeNamePopupRadius)
			shadow.Color = fynetheme.ColorForWidget(fynetheme.ColorNameShadow, l)
			box.Shadow = shadow
			box.StrokeWidth, box.StrokeColor = 1, fynetheme.ColorForWidget(fynetheme.ColorNameSeparator, l)
			fill(box, l, fynetheme.ColorNameOverlayBackground, radius)
			fill(cap, l, fynetheme.ColorNameButton, radius/2)
			write(text, l, l.shown.text, fynetheme.SizeNameCaptionText, fynetheme.ColorNameForeground)
			write(key, l, l.shown.key, fynetheme.SizeNameCaptionText, fynetheme.ColorNameForeground)
		}
		for _, o := range bubble {
			if l.shown == nil || l.shown.key == "" && (o == cap || o == key) {
				o.Hide()
			} else {
				o.Show()
			}
		}
		p.layout(l.Size())
		canvas.Refresh(seen)
	}
	p.refresh()
	return p
}
