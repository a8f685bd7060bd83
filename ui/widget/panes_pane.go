package widget

// Panes: a picture with what it is above and how good it is below.

import (
	"fmt"
	"image"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Pane shows one layer of a View: a title above, a figure beneath, and under that the value at the pointer.
// Texts that are too long are shortened, and none of them changes the layout.
type Pane struct {
	widget.BaseWidget

	// Probe says what the layer's value is at a pixel of the picture, in the units of what is shown; nil says
	// nothing. It is called on the goroutine of the user interface whenever the pointer moves.
	Probe func(x, y int) string

	// Menu says what a click with the other button offers; nil, nothing.
	Menu func() []*fyne.MenuItem

	// Paint takes what the first button draws on the picture, which then does not move it; nil, nothing.
	Paint func(Stroke)

	view      *View
	layer     *layer
	outlines  []Outline
	title     string
	figure    string
	accessory []fyne.CanvasObject
	group     *Panes // nil when it stands alone

	mode Comparison
	with *Pane // compared with
	gain int
	held *Pane // shown in its place

	stage  *stage
	head   *heading
	weigh  *flat // opens the menu of comparisons
	grow   *flat // fills the space
	hints  [2]*Hint
	factor *Pick // the gain, while a difference is shown
	score  *caption
	value  *caption
}

// NewPane returns an empty pane of a View.
func NewPane(v *View, title string) *Pane {
	p := &Pane{view: v, title: title, gain: 4, score: newCaption(), value: newCaption()}
	toggle := func() {
		if p.group != nil {
			p.group.Toggle(p)
		}
	}
	p.stage = newStage(p)
	p.head = newHeading(toggle)
	p.weigh = newFlat(compareIcon(), "", p.offerComparisons)
	p.grow = newFlat(fynetheme.ViewFullScreenIcon(), "", toggle)
	p.hints = [2]*Hint{NewHint(lang.L("Compare"), "", p.weigh), NewHint("", "", p.grow)}
	var gains []string
	for _, g := range Gains() {
		gains = append(gains, fmt.Sprintf("×%d", g))
	}
	p.factor = NewPick(gains, func(i int) { p.SetGain(Gains()[i]) })
	p.factor.SetSelected(1)
	v.panes = append(v.panes, p)
	p.ExtendBaseWidget(p)
	return p
}

// A Stroke is what a pen does on a picture.
type Stroke struct {
	Phase StrokePhase
	X, Y  float64 // in pixels of the picture, perhaps beyond it
	Other bool    // Alt was down when it began
}

// A StrokePhase is where in a stroke a pen is.
type StrokePhase int

const (
	StrokeBegun StrokePhase = iota
	StrokeMoved
	StrokeEnded
)

// An Outline marks a part of the picture.
type Outline struct {
	Rect image.Rectangle // pixels of the picture
	Ink  fyne.ThemeColorName
}

// SetOutlines marks parts of the picture in this pane.
func (p *Pane) SetOutlines(marks ...Outline) {
	if len(marks) > 0 || len(p.outlines) > 0 {
		p.outlines = marks
		p.stage.outlines()
	}
}

// Patch puts a picture over a part of the one that SetLayer has shown, whose pixels it changes.
func (p *Pane) Patch(img *image.RGBA, at image.Point) {
	if p.layer == nil {
		return
	}
	p.layer.patch(img, at)
	for _, other := range p.view.panes {
		other.stage.arrange()
	}
	p.read()
}

// SetLayer shows a picture, stretched over the View's; its pixels must not change afterwards but by Patch. nil shows none.
// The View is told the size of the picture first.
func (p *Pane) SetLayer(img *image.RGBA) {
	p.layer = nil
	if img != nil && !img.Rect.Empty() {
		p.layer = newLayer(img)
	}
	for _, other := range p.view.panes { // those compared with this one, too
		other.stage.arrange()
	}
	p.read()
}

// Layer returns what SetLayer set.
func (p *Pane) Layer() *image.RGBA {
	if p.layer == nil {
		return nil
	}
	return p.layer.img
}

// SetTitle says what the pane is.
func (p *Pane) SetTitle(title string) {
	p.title = title
	p.sayAll()
}

// Title returns what SetTitle set.
func (p *Pane) Title() string { return p.title }

// SetFigure says how good what it shows is.
func (p *Pane) SetFigure(figure string) {
	p.figure = figure
	p.sayAll()
}

// SetAccessory puts small objects, such as a Pick, at the right end of the title's row, in place of those before.
func (p *Pane) SetAccessory(objects ...fyne.CanvasObject) {
	p.accessory = objects
	p.Refresh()
}

// sayAll writes the texts of all panes, since any may show those of this one.
func (p *Pane) sayAll() {
	for _, other := range p.view.panes {
		other.say()
	}
}

func (p *Pane) say() {
	title, figure := p.title, p.figure
	switch {
	case p.held != nil:
		title, figure = p.held.title, p.held.figure
	case p.mode == Difference:
		title = p.with.title + " − " + p.title
	}
	p.head.text.say(title)
	p.score.say(figure)
	p.stage.divide()
}

// read asks for the value under the pointer.
func (p *Pane) read() {
	value := ""
	if x, y, ok := p.view.Pointer(); ok && p.Probe != nil && p.layer != nil {
		value = p.Probe(x, y)
	}
	p.value.say(value)
}

// offerComparisons opens a menu of what the pane can be compared with, and how.
func (p *Pane) offerComparisons() {
	items := []*fyne.MenuItem{}
	add := func(text string, c Comparison, with *Pane) {
		m := fyne.NewMenuItem(text, func() { p.Compare(c, with) })
		m.Checked = p.mode == c && p.with == with
		items = append(items, m)
	}
	add(lang.L("Not compared"), Apart, nil)
	for _, c := range []Comparison{Slider, Difference} {
		items = append(items, fyne.NewMenuItemSeparator())
		for _, o := range p.view.panes {
			name := map[string]any{"Title": o.title}
			switch {
			case o == p || o.layer == nil:
			case c == Slider:
				add(lang.L("Slider: {{.Title}}", name), c, o)
			case p.layer != nil && o.layer.img.Rect.Size() == p.layer.img.Rect.Size(): // no picture minus heat map
				add(lang.L("Difference: {{.Title}}", name), c, o)
			}
		}
	}
	popUp(items, p.weigh)
}

// rows returns the heights of the title, the figure and the value.
func (p *Pane) rows() (title, figure, value float32) {
	text := textHeight(p, fynetheme.SizeNameText)
	return onGrid(text + grid), onGrid(text), onGrid(textHeight(p, fynetheme.SizeNameCaptionText))
}

func (p *Pane) CreateRenderer() fyne.WidgetRenderer {
	r := &parts{objects: p.objects()}
	r.min = func() fyne.Size {
		title, figure, value := p.rows()
		return fyne.NewSize(16*grid, title+8*grid+figure+value)
	}
	r.layout = func(size fyne.Size) {
		title, figure, value := p.rows()
		x := p.layTitle(size.Width, title)
		place(p.head, 0, 0, max(0, x-grid), title)
		place(p.stage, 0, title, size.Width, max(0, size.Height-title-figure-value))
		p.score.place(0, size.Height-figure-value, size.Width, figure)
		p.value.place(0, size.Height-value, size.Width, value)
		p.stage.fill() // where it is may have changed, though its size has not
	}
	r.refresh = func() {
		r.objects = p.objects()
		p.hints[1].text, p.hints[1].key, p.grow.icon = lang.L("Fill the space"), "", fynetheme.ViewFullScreenIcon()
		if p.group != nil && p.group.maximised == p {
			p.hints[1].text, p.hints[1].key, p.grow.icon = lang.L("Show all"), "Esc", fynetheme.ViewRestoreIcon()
		}
		p.weigh.on = p.mode != Apart
		p.score.dress(p, fynetheme.SizeNameText, fynetheme.ColorNameForeground)
		p.value.dress(p, fynetheme.SizeNameCaptionText, fynetheme.ColorNamePlaceHolder)
		p.say()
		r.layout(p.Size())
		for _, o := range r.objects {
			o.Refresh()
		}
		canvas.Refresh(p)
	}
	r.refresh()
	return r
}

// layTitle puts what the title's row holds at its right end, and returns where that begins. The title has
// precedence: where there is little room the rest becomes narrower, and comparing is left to menus.
func (p *Pane) layTitle(width, height float32) (x float32) {
	const narrow = 6 * grid // the least that shows anything of a Pick
	x = width
	put := func(o fyne.CanvasObject, w float32) {
		x -= w
		place(o, x, (height-o.MinSize().Height)/2, w, o.MinSize().Height)
	}
	title := fyne.MeasureText(p.title, p.head.text.TextSize, p.head.text.TextStyle).Width + grid
	ends := p.ends()
	if p.group != nil {
		put(p.hints[1], p.hints[1].MinSize().Width)
		w, whole := p.hints[0].MinSize().Width, float32(0)
		for _, o := range ends {
			whole += o.MinSize().Width
		}
		p.hints[0].Hidden = len(ends) > 0 && x-w-title < whole
		if !p.hints[0].Hidden {
			put(p.hints[0], w)
		}
	}
	for i, o := range slices.Backward(ends) {
		put(o, min(o.MinSize().Width, max((x-title)/float32(i+1), narrow)))
	}
	return x
}

// ends are what stands between the title and the buttons: the gain of a difference, or what SetAccessory set.
func (p *Pane) ends() []fyne.CanvasObject {
	if p.mode == Difference && p.held == nil {
		return []fyne.CanvasObject{p.factor}
	}
	return p.accessory
}

func (p *Pane) objects() []fyne.CanvasObject {
	all := []fyne.CanvasObject{p.stage, p.head}
	if p.group != nil {
		all = append(all, p.hints[0], p.hints[1])
	}
	all = append(all, p.ends()...)
	return append(all, p.score.Text, p.value.Text)
}
