package widget

// Comparing the layers of two panes in one: by a slider, as a difference, or by holding a key.

import (
	"image/color"
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
)

// Comparison says how a pane shows another pane's layer together with its own.
type Comparison int

const (
	Apart      Comparison = iota // not at all
	Slider                       // the other left of a divider, its own right of it
	Difference                   // 0.5 + gain·(other − own): what was removed on the way from the other to its own
)

// Gains returns the factors by which a difference can be shown.
func Gains() []int { return []int{1, 4, 16} }

// Compare shows the layer of another pane of the same View together with the pane's own.
func (p *Pane) Compare(c Comparison, with *Pane) {
	if with == nil || with == p {
		c = Apart
	}
	if c == Apart {
		with = nil
	}
	p.mode, p.with = c, with
	if c != Slider {
		p.stage.left.clear()
	}
	p.Refresh()
	p.stage.arrange()
	if p.group != nil {
		p.group.tell()
	}
}

// Comparison returns what Compare set.
func (p *Pane) Comparison() (c Comparison, with *Pane) { return p.mode, p.with }

// SetGain sets the factor of Difference; Gains lists those on offer.
func (p *Pane) SetGain(gain int) {
	p.gain = gain
	p.factor.SetSelected(slices.Index(Gains(), gain))
	p.stage.arrange()
}

// Gain returns the factor of Difference.
func (p *Pane) Gain() int { return p.gain }

// SetDivider moves the divider of Slider to a part of the pane's width, 0 … 1.
func (p *Pane) SetDivider(at float32) {
	p.stage.split.part = max(0, min(at, 1))
	p.stage.divide()
}

// Divider returns where SetDivider or a drag left the divider; it begins in the middle.
func (p *Pane) Divider() float32 { return p.stage.split.part }

// Hold shows what another pane shows, title and figure included, until Hold(nil).
func (p *Pane) Hold(other *Pane) {
	if other == p {
		other = nil
	}
	if p.held == other {
		return
	}
	p.held = other
	p.Refresh()
	p.stage.arrange()
}

// layers returns what is shown: the pane's own layer on the right or alone; minus, if it is subtracted from
// another; left, if another lies left of the divider.
func (p *Pane) layers() (right, minus, left *layer) {
	switch {
	case p.held != nil:
		return p.held.layer, nil, nil
	case p.with == nil || p.with.layer == nil:
	case p.mode == Slider:
		return p.layer, nil, p.with.layer
	case p.mode == Difference && p.layer != nil:
		return p.layer, p.with.layer, nil
	}
	return p.layer, nil, nil
}

// divider is the line between two layers, the handle it is dragged by, and what lies on either side.
type divider struct {
	*fyne.Container
	part        float32 // of the stage's width
	x           float32 // the same, in units of length
	edge, line  *canvas.Rectangle
	knob        *canvas.Circle
	arrows      *canvas.Text
	left, right tag
}

func newDivider() *divider {
	d := &divider{
		part: 0.5,
		edge: canvas.NewRectangle(color.NRGBA{A: 0x80}), line: canvas.NewRectangle(color.White),
		knob: canvas.NewCircle(color.White), arrows: canvas.NewText("◂ ▸", color.Black),
		left: newTag(), right: newTag(),
	}
	d.knob.StrokeColor, d.knob.StrokeWidth = color.NRGBA{A: 0x80}, 1
	d.arrows.Alignment = fyne.TextAlignCenter
	d.Container = container.NewWithoutLayout(d.edge, d.line, d.knob, d.arrows, d.left.box, d.left.text, d.right.box, d.right.text)
	d.Hide()
	return d
}

func (d *divider) dress(th fyne.Theme) {
	for _, t := range []*canvas.Text{d.arrows, d.left.text, d.right.text} {
		t.TextSize = th.Size(fynetheme.SizeNameCaptionText)
	}
}

// divide lays out the divider and the sheet left of it.
func (s *stage) divide() {
	d := s.split
	d.Hidden = s.pane.mode != Slider || s.pane.held != nil
	s.leftClip.Hidden = d.Hidden
	s.ground.Refresh() // what was never shown cannot ask to be drawn
	if d.Hidden {
		return
	}
	const thick, knob, inset = 2, 3 * grid, grid
	w, h := s.Size().Width, s.Size().Height
	d.x = float32(math.Round(float64(w*d.part)*s.device) / s.device)
	place(s.leftClip, 0, 0, d.x, h)
	place(d.edge, d.x-thick/2-1, 0, thick+2, h)
	place(d.line, d.x-thick/2, 0, thick, h)
	place(d.knob, d.x-knob/2, (h-knob)/2, knob, knob)
	placeText(d.arrows, d.x-knob/2, (h-knob)/2, knob, knob)
	d.left.say(s.pane.with.title, d.x-2*inset)
	d.left.move(inset, inset)
	d.right.say(s.pane.title, w-d.x-2*inset)
	d.right.move(w-inset-d.right.box.Size().Width, inset)
}

// tag is a word on a plate, legible on any picture.
type tag struct {
	box  *canvas.Rectangle
	text *canvas.Text
}

func newTag() tag {
	t := tag{canvas.NewRectangle(color.NRGBA{A: 0xb0}), canvas.NewText("", color.White)}
	t.text.Alignment = fyne.TextAlignCenter
	t.box.CornerRadius = grid / 2
	return t
}

// say sets the word, shortened to a width, and sizes the plate to it.
func (t tag) say(word string, width float32) {
	t.text.Text = shorten(word, width-2*grid, t.text.TextSize, t.text.TextStyle)
	size := t.text.MinSize().AddWidthHeight(2*grid, grid/2)
	if t.text.Text == "" {
		size = fyne.Size{}
	}
	t.box.Resize(size)
	t.text.Refresh()
}

func (t tag) move(x, y float32) {
	t.box.Move(fyne.NewPos(x, y))
	placeText(t.text, x, y, t.box.Size().Width, t.box.Size().Height)
}
