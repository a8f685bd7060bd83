package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Prose is text to be read: paragraphs, in as many lines as they take.
type Prose struct {
	widget.BaseWidget
	Heading bool // a line or two, larger and bold
	Bold    bool

	paragraphs []string
	lines      []string // "" between paragraphs
	width      float32  // for which lines are broken
	size       float32  // … and of their letters
}

// NewProse returns these paragraphs.
func NewProse(paragraphs ...string) *Prose {
	p := &Prose{paragraphs: paragraphs}
	p.ExtendBaseWidget(p)
	return p
}

func (p *Prose) style() (fyne.ThemeSizeName, fyne.TextStyle) {
	if p.Heading {
		return fynetheme.SizeNameSubHeadingText, fyne.TextStyle{Bold: true}
	}
	return fynetheme.SizeNameText, fyne.TextStyle{Bold: p.Bold}
}

func (p *Prose) flow(width float32) {
	if width <= 0 {
		width = usualWidth
	}
	name, style := p.style()
	size := fynetheme.SizeForWidget(name, p)
	if width == p.width && size == p.size {
		return
	}
	p.width, p.size, p.lines = width, size, nil
	for i, text := range p.paragraphs {
		if i > 0 {
			p.lines = append(p.lines, "")
		}
		p.lines = append(p.lines, wrapIn(text, width, size, style)...)
	}
}

// leading is how far lines of prose are apart, as a part of their height; paragraphs are half
// a line apart.
const leading = 1.15

func (p *Prose) CreateRenderer() fyne.WidgetRenderer {
	r := &parts{}
	name, style := p.style()
	row := func() float32 { return textHeight(p, name) * leading }
	height := func() float32 {
		h := float32(0)
		for _, line := range p.lines {
			h += row()
			if line == "" {
				h -= row() / 2
			}
		}
		return h
	}
	r.min = func() fyne.Size {
		p.flow(p.Size().Width)
		return fyne.NewSize(0, onGrid(height()))
	}
	r.refresh = func() {
		p.flow(p.Size().Width)
		r.objects = r.objects[:0]
		y := float32(0)
		for _, line := range p.lines {
			if line == "" {
				y += row() / 2
				continue
			}
			t := canvas.NewText("", color.Transparent)
			t.TextStyle = style
			write(t, p, line, name, fynetheme.ColorNameForeground)
			placeText(t, 0, y, p.Size().Width, row())
			r.objects = append(r.objects, t)
			y += row()
		}
		canvas.Refresh(p)
	}
	r.layout = func(size fyne.Size) {
		if size.Width != p.width {
			r.refresh()
		}
	}
	r.refresh()
	return r
}
