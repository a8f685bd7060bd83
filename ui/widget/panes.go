// Package widget holds the window's own widgets: linked picture panes, live charts and the small parts of
// forms. They show what they are given; they know nothing of models, files or sessions.
package widget

// Several panes side by side.

import (
	"fmt"
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Panes shows panes of one View, all equally large: in the number of rows that shows the picture largest, one
// row where that is about as good. One of them can fill the space. Beneath are the pixel under the pointer
// and the zoom.
type Panes struct {
	widget.BaseWidget
	view      *View
	panes     []*Pane
	original  *Pane
	result    *Pane
	maximised *Pane
	changed   []func()

	where *caption
	zoom  [5]*flat // −, scale, +, Fit, 100 %
	hints [5]*Hint
}

// NewPanes returns panes of a View, from left to right: the original first and the result last.
func NewPanes(v *View, panes ...*Pane) *Panes {
	if len(panes) == 0 {
		panic("widget: no panes")
	}
	g := &Panes{view: v, panes: panes, original: panes[0], result: panes[len(panes)-1], where: newCaption()}
	for i, b := range []struct {
		text, hint, key string
		tapped          func()
	}{
		{"−", lang.L("Zoom out"), "−", v.ZoomOut},
		{"", lang.L("Fit or 100 %"), "", func() { v.Toggle(float64(v.paneW)/2, float64(v.paneH)/2) }},
		{"+", lang.L("Zoom in"), "+", v.ZoomIn},
		{lang.L("Fit"), lang.L("Show the whole picture"), "0", v.Fit},
		{"100 %", lang.L("One pixel of the picture is one of the screen"), "1", v.Actual},
	} {
		g.zoom[i] = newFlat(nil, b.text, b.tapped)
		g.hints[i] = NewHint(b.hint, b.key, g.zoom[i])
	}
	g.zoom[1].room = "3200 %"
	width, height := v.Picture()
	v.OnChange(func() {
		g.write()
		if w, h := v.Picture(); w != width || h != height {
			width, height = w, h
			g.Refresh() // another shape may ask for another number of rows
		}
	})
	v.OnPointer(g.write)
	for _, p := range panes {
		p.group = g
	}
	g.ExtendBaseWidget(g)
	g.write()
	return g
}

// View returns the View of the panes.
func (g *Panes) View() *View { return g.view }

// Maximise lets a pane fill the space.
func (g *Panes) Maximise(p *Pane) {
	if g.maximised == p {
		return
	}
	g.maximised = p
	g.Refresh()
	g.tell()
}

// Restore shows all panes again.
func (g *Panes) Restore() { g.Maximise(nil) }

// Toggle maximises a pane or, when it is, restores all.
func (g *Panes) Toggle(p *Pane) {
	if g.maximised == p {
		p = nil
	}
	g.Maximise(p)
}

// Maximised returns the pane that fills the space, nil when all are shown.
func (g *Panes) Maximised() *Pane { return g.maximised }

// OnChange adds a function that is called after a pane was maximised or restored, or compared with another.
func (g *Panes) OnChange(f func()) { g.changed = append(g.changed, f) }

func (g *Panes) tell() {
	for _, f := range g.changed {
		f()
	}
}

// HoldOriginal shows the original in place of the result, and of the pane that fills the space, while on.
func (g *Panes) HoldOriginal(on bool) {
	for _, p := range g.panes {
		if on && (p == g.result || p == g.maximised) {
			p.Hold(g.original)
		} else {
			p.Hold(nil)
		}
	}
}

// write says which pixel is under the pointer and how large it is shown.
func (g *Panes) write() {
	where := ""
	if x, y, ok := g.view.Pointer(); ok {
		where = fmt.Sprintf("x %d   y %d", x, y)
	}
	g.where.say(where)
	percent := 100 * g.view.scale
	text := fmt.Sprintf("%.0f %%", percent)
	if percent < 10 {
		text = fmt.Sprintf("%.1f %%", percent)
	}
	g.zoom[1].set(text, false)
	g.zoom[3].set(g.zoom[3].text, g.view.fitted)
	g.zoom[4].set(g.zoom[4].text, g.view.scale == 1)
}

func (g *Panes) CreateRenderer() fyne.WidgetRenderer {
	r := &parts{}
	for _, p := range g.panes {
		r.objects = append(r.objects, p)
	}
	r.objects = append(r.objects, g.where.Text)
	for _, h := range g.hints {
		r.objects = append(r.objects, h)
	}
	r.min = func() fyne.Size {
		m, rows := g.panes[0].MinSize(), float32((len(g.panes)+1)/2)
		return fyne.NewSize(2*m.Width+grid, rows*(m.Height+grid)-grid+g.bar())
	}
	r.layout = func(size fyne.Size) {
		y := size.Height - g.bar()
		x := g.arrange(fyne.NewSize(size.Width, max(0, y)))
		for _, h := range slices.Backward(g.hints[:]) {
			m := h.MinSize()
			x -= m.Width
			place(h, x, y+(g.bar()-m.Height)/2, m.Width, m.Height)
		}
		g.where.place(0, y, max(0, x-grid), g.bar())
	}
	r.refresh = func() {
		g.where.dress(g, fynetheme.SizeNameCaptionText, fynetheme.ColorNamePlaceHolder)
		for _, p := range g.panes {
			p.Hidden = g.maximised != nil && g.maximised != p
		}
		r.layout(g.Size())
		for _, o := range r.objects {
			o.Refresh()
		}
		canvas.Refresh(g)
	}
	r.refresh()
	return r
}

// bar returns the height of the row beneath the panes.
func (g *Panes) bar() float32 { return onGrid(textHeight(g, fynetheme.SizeNameCaptionText) + 1.5*grid) }

// arrange lays out the panes and returns how wide they are together.
func (g *Panes) arrange(area fyne.Size) float32 {
	if p := g.maximised; p != nil {
		place(p, 0, 0, area.Width, area.Height)
		return area.Width
	}
	device := scaleOf(g)
	if device == 0 {
		device = 1
	}
	columns, rows := g.divide(area)
	share := func(all float32, n int) float32 { // whole device pixels, so that all panes are equally large
		s := (float64(all) - grid*float64(n-1)) / float64(n)
		return float32(math.Floor(s*device) / device)
	}
	w, h := share(area.Width, columns), share(area.Height, rows)
	for i, p := range g.panes {
		place(p, float32(i%columns)*(w+grid), float32(i/columns)*(h+grid), w, h)
	}
	return float32(columns)*(w+grid) - grid
}

// divide returns the columns and rows that show the picture largest; one row if that is nearly as large.
func (g *Panes) divide(area fyne.Size) (columns, rows int) {
	w, h := g.view.Picture()
	if w == 0 {
		w, h = 3, 2
	}
	title, figure, value := g.panes[0].rows()
	n := len(g.panes)
	best := float32(0)
	for r := 1; r <= n; r++ {
		c := (n + r - 1) / r
		wide := (area.Width - grid*float32(c-1)) / float32(c)
		high := (area.Height-grid*float32(r-1))/float32(r) - title - figure - value
		scale := min(wide/float32(w), high/float32(h))
		const better = 1.2
		if r == 1 || scale > best*better {
			columns, rows, best = c, r, scale
		}
	}
	return columns, rows
}
