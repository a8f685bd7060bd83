package ui

// This file is a row of the table of runs, and the titles of its columns.

import (
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/ui/session"
)

// runColumns lays the cells of a row out. What differs has the width that the others leave.
type runColumns struct{}

// runWidths are those of the columns, in units of the grid; of that which has the rest, the least.
// All lengths grow with the type.
var runWidths = [columns]float32{4, 15, 14, 12, 10, 7, 10, 7, 10, 12}

// runUnit is the unit of a row's lengths.
func runUnit() float32 {
	const usual = 14
	return grid * fyne.CurrentApp().Settings().Theme().Size(fynetheme.SizeNameText) / usual
}

func (runColumns) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(0, 4*runUnit()) }

func (runColumns) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	unit, rest := runUnit(), size.Width
	for _, w := range runWidths {
		rest -= w * unit
	}
	x := float32(0)
	for i, o := range objects {
		w := runWidths[i] * unit
		if i == colDiffers {
			w += max(0, rest)
		}
		h := min(o.MinSize().Height, size.Height)
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
		o.Resize(fyne.NewSize(w, h))
		x += w
	}
}

// A runRow shows a run.
type runRow struct {
	fynewidget.BaseWidget
	p     *runsPanel
	run   session.Run
	back  *canvas.Rectangle
	tick  *fynewidget.Icon
	cells [columns]*fynewidget.Label // but for the first
	name  *nameEntry                 // in place of the name while it is typed
}

func newRunRow(p *runsPanel) *runRow {
	r := &runRow{p: p, back: canvas.NewRectangle(color.Transparent), tick: fynewidget.NewIcon(nil)}
	for i := range r.cells {
		r.cells[i] = fynewidget.NewLabel("")
		r.cells[i].Truncation = fyne.TextTruncateEllipsis
		if measures(i) {
			r.cells[i].Alignment = fyne.TextAlignTrailing
		}
	}
	r.name = newNameEntry(func(text string) { p.renamed(r.run.ID, text) })
	r.name.Hide()
	r.ExtendBaseWidget(r)
	return r
}

// show writes a run into the row.
func (r *runRow) show(run session.Run) {
	r.run = run
	p := r.p
	icon := fynetheme.NewColoredResource(fynetheme.CheckButtonIcon(), fynetheme.ColorNamePlaceHolder)
	if i := slices.Index(p.ticked, run.ID); i >= 0 {
		icon = fynetheme.NewColoredResource(fynetheme.CheckButtonCheckedIcon(), p.color(i))
	}
	r.tick.SetResource(icon)
	visible(r.tick, run.Damaged.Key == "")
	for i, l := range r.cells[1:] {
		l.Importance = fynewidget.MediumImportance
		if i+1 == colState && (run.Damaged.Key != "" || run.Phase == session.Diverged) {
			l.Importance = fynewidget.DangerImportance
		}
		l.SetText(p.cell(run, i+1))
	}
	r.back.FillColor = color.Transparent
	if run.ID == p.selected {
		r.back.FillColor = r.Theme().Color(fynetheme.ColorNameSelection, fyne.CurrentApp().Settings().ThemeVariant())
	}
	r.back.Refresh()
	typing := p.renaming == run.ID
	if typing && r.name.Hidden {
		r.name.SetText(run.Name)
		r.name.Show()
		p.w.win.Canvas().Focus(r.name)
	} else if !typing {
		r.name.Hide()
	}
	visible(r.cells[colName], !typing)
	r.Refresh()
}

// Tapped selects the run, or at its tick draws its curve.
func (r *runRow) Tapped(e *fyne.PointEvent) {
	if e.Position.X < runWidths[colTick]*runUnit() {
		r.p.tick(r.run)
	} else {
		r.p.choose(r.run.ID)
	}
}

// TappedSecondary offers what can be done with the run.
func (r *runRow) TappedSecondary(e *fyne.PointEvent) {
	r.p.choose(r.run.ID)
	fynewidget.ShowPopUpMenuAtPosition(fyne.NewMenu("", r.p.menu(r.run)...), r.p.w.win.Canvas(), e.AbsolutePosition)
}

func (r *runRow) CreateRenderer() fyne.WidgetRenderer { return &runRowRenderer{r} }

type runRowRenderer struct{ r *runRow }

func (d *runRowRenderer) cells() []fyne.CanvasObject {
	all := []fyne.CanvasObject{d.r.tick}
	for _, l := range d.r.cells[1:] {
		all = append(all, l)
	}
	return all
}

func (d *runRowRenderer) Objects() []fyne.CanvasObject {
	return append(append([]fyne.CanvasObject{d.r.back}, d.cells()...), d.r.name)
}

func (d *runRowRenderer) MinSize() fyne.Size { return runColumns{}.MinSize(nil) }

func (d *runRowRenderer) Layout(size fyne.Size) {
	d.r.back.Resize(size)
	runColumns{}.Layout(d.cells(), size)
	if d.r.run.Damaged.Key != "" { // why takes the place of all that is not known
		from, to, l := d.r.cells[colData].Position().X, d.r.cells[colState].Position().X, d.r.cells[colDiffers]
		l.Move(fyne.NewPos(from, l.Position().Y))
		l.Resize(fyne.NewSize(to-from, l.Size().Height))
	}
	at := d.r.cells[colName].Position()
	d.r.name.Move(fyne.NewPos(at.X, 0))
	d.r.name.Resize(fyne.NewSize(runWidths[colName]*runUnit(), size.Height))
}

func (d *runRowRenderer) Refresh() {
	d.Layout(d.r.Size())
	for _, o := range d.Objects() {
		o.Refresh()
	}
}

func (d *runRowRenderer) Destroy() {}

// A nameEntry hands a name over at Return or when it is left; Esc leaves the old one.
type nameEntry struct {
	fynewidget.Entry
	commit func(string)
	old    string
}

func newNameEntry(commit func(string)) *nameEntry {
	e := &nameEntry{commit: commit}
	e.ExtendBaseWidget(e)
	e.OnSubmitted = func(text string) { e.commit(text) }
	return e
}

func (e *nameEntry) FocusGained() {
	e.old = e.Text
	e.Entry.FocusGained()
}

func (e *nameEntry) FocusLost() {
	e.Entry.FocusLost()
	e.commit(e.Text)
}

func (e *nameEntry) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyEscape {
		e.SetText(e.old)
		e.commit(e.old)
		return
	}
	e.Entry.TypedKey(k)
}

// A header is a column's title that can be tapped.
type header struct {
	fynewidget.Label
	tapped func()
}

func newHeader() *header {
	h := &header{}
	h.ExtendBaseWidget(h)
	h.TextStyle.Bold = true
	h.Truncation = fyne.TextTruncateEllipsis
	return h
}

func (h *header) say(text string, number bool, tapped func()) {
	h.tapped = tapped
	align := fyne.TextAlignLeading
	if number {
		align = fyne.TextAlignTrailing
	}
	if h.Text != text || h.Alignment != align {
		h.Alignment = align
		h.SetText(text)
	}
}

// Tapped sorts.
func (h *header) Tapped(*fyne.PointEvent) {
	if h.tapped != nil {
		h.tapped()
	}
}
