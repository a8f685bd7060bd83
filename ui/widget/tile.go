package widget

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	look "sieve/ui/theme"
)

// Tile is a place for a picture, with a word under it: a tap asks for one, the other button takes it away.
type Tile struct {
	widget.BaseWidget
	tapped, cleared func()
	img             image.Image
	word, empty     string // what is said where there is no picture
	hovered         bool
	focused         bool
}

var (
	_ fyne.Tappable          = (*Tile)(nil)
	_ fyne.SecondaryTappable = (*Tile)(nil)
	_ fyne.Focusable         = (*Tile)(nil)
	_ desktop.Hoverable      = (*Tile)(nil)
)

// NewTile returns an empty tile.
func NewTile(tapped, cleared func()) *Tile {
	t := &Tile{tapped: tapped, cleared: cleared}
	t.ExtendBaseWidget(t)
	return t
}

// Set shows a picture with a word under it; nil, what is to be done for one.
func (t *Tile) Set(img image.Image, word, empty string) {
	t.img, t.word, t.empty = img, word, empty
	t.Refresh()
}

func (t *Tile) Tapped(*fyne.PointEvent)          { t.tapped() }
func (t *Tile) TappedSecondary(*fyne.PointEvent) { t.cleared() }
func (t *Tile) MouseIn(*desktop.MouseEvent)      { t.hovered = true; t.Refresh() }
func (t *Tile) MouseMoved(*desktop.MouseEvent)   {}
func (t *Tile) MouseOut()                        { t.hovered = false; t.Refresh() }
func (t *Tile) FocusGained()                     { t.focused = true; t.Refresh() }
func (t *Tile) FocusLost()                       { t.focused = false; t.Refresh() }
func (t *Tile) TypedRune(rune)                   {}

func (t *Tile) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		t.tapped()
	case fyne.KeyDelete, fyne.KeyBackspace:
		t.cleared()
	}
}

func (t *Tile) CreateRenderer() fyne.WidgetRenderer {
	ground, frame := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	picture := &canvas.Image{FillMode: canvas.ImageFillContain}
	word, empty := newCaption(), newCaption()
	empty.Alignment = fyne.TextAlignCenter
	p := &parts{objects: []fyne.CanvasObject{ground, picture, empty.Text, frame, word.Text}}
	foot := func() float32 { return onGrid(textHeight(t, fynetheme.SizeNameText)) }
	p.min = func() fyne.Size { return fyne.NewSize(8*grid, 6*grid+foot()) }
	p.layout = func(size fyne.Size) {
		h := max(0, size.Height-foot())
		place(ground, 0, 0, size.Width, h)
		place(picture, 0, 0, size.Width, h)
		place(frame, 0, 0, size.Width, h)
		empty.place(grid, (h-foot())/2, max(0, size.Width-2*grid), foot())
		word.place(0, h, size.Width, foot())
	}
	p.refresh = func() {
		ground.FillColor = fynetheme.ColorForWidget(look.ColorNamePicture, t)
		frame.StrokeColor, frame.StrokeWidth = fynetheme.ColorForWidget(fynetheme.ColorNamePrimary, t), 0
		if t.hovered || t.focused {
			frame.StrokeWidth = 2
		}
		picture.Image, picture.Hidden = t.img, t.img == nil
		picture.ScaleMode = canvas.ImageScaleFastest
		if t.img != nil && t.img.Bounds().Dx() < 128 {
			picture.ScaleMode = canvas.ImageScalePixels
		}
		word.dress(t, fynetheme.SizeNameText, fynetheme.ColorNameForeground)
		empty.dress(t, fynetheme.SizeNameCaptionText, fynetheme.ColorNamePlaceHolder)
		word.say(t.word)
		text := t.empty
		if t.img != nil {
			text = ""
		}
		empty.say(text)
		for _, o := range p.objects {
			o.Refresh()
		}
	}
	p.refresh()
	return p
}
