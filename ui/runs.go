package ui

// This file is the table of trainings that were kept, under the panes of the page Train, and the slider
// that goes back over one.

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/model"
	"sieve/ui/session"
	"sieve/ui/widget"
)

// A runsPanel is the table, what can be done with its runs, and the time slider.
type runsPanel struct {
	w      *window
	box    *fyne.Container
	table  *fynewidget.Table
	empty  *widget.Note
	tools  *fyne.Container
	which  *widget.Segmented // chart or runs
	back   *fynewidget.Button
	slider *widget.LabeledSlider
	time   *fyne.Container // with the slider
	acts   []*fynewidget.Button

	rows     []session.Run // sorted
	selected string        // its ID
	ticked   []string      // of those whose curves are in the chart
	column   int           // sorted by
	falling  bool
	kept     []int // of the run that is looked back over
}

// The columns of the table.
const (
	colTick = iota
	colName
	colData
	colDiffers
	colSteps
	colLoss
	colPSNR
	colState
	colWhen
	columns
)

func newRunsPanel(w *window) *runsPanel {
	p := &runsPanel{w: w, column: colWhen, falling: true}
	p.table = fynewidget.NewTable(func() (int, int) { return len(p.rows), columns },
		func() fyne.CanvasObject {
			l := fynewidget.NewLabel("")
			l.Truncation = fyne.TextTruncateEllipsis
			return l
		},
		func(at fynewidget.TableCellID, o fyne.CanvasObject) { p.fill(at, o.(*fynewidget.Label)) })
	p.table.ShowHeaderRow = true
	p.table.CreateHeader = func() fyne.CanvasObject { return newHeader(nil) }
	p.table.UpdateHeader = func(at fynewidget.TableCellID, o fyne.CanvasObject) { p.head(at.Col, o.(*header)) }
	for i, wide := range [columns]float32{5, 18, 18, 30, 9, 11, 9, 14, 16} {
		p.table.SetColumnWidth(i, wide*grid)
	}
	p.table.OnSelected = func(at fynewidget.TableCellID) { p.choose(at) }
	p.empty = widget.NewNote(lang.L("Each training is kept here: its settings, its curve, and the network at some of its steps. Start one, and come back to compare."))

	button := func(name, text string, icon fyne.Resource, hint string, act func(r session.Run)) fyne.CanvasObject {
		b := fynewidget.NewButtonWithIcon(text, icon, func() {
			if r, ok := p.run(); ok {
				act(r)
			}
		})
		b.Importance = fynewidget.LowImportance
		p.acts = append(p.acts, b)
		w.trace.name(control{name: "runs." + name, o: b, when: func() bool { return p.box.Visible() && !b.Disabled() }})
		return widget.NewHint(hint, "", b)
	}
	s := w.session
	p.tools = container.NewHBox(
		button("again", lang.L("Run again"), fynetheme.MediaReplayIcon(), lang.L("The same settings, data and seed: the same curve"), func(r session.Run) { s.Again(r.ID); p.which.SetSelected(0); p.turn(0) }),
		button("use", lang.L("Use model"), fynetheme.ConfirmIcon(), lang.L("Take its best weights into use"), func(r session.Run) { s.UseRun(r.ID) }),
		button("back", lang.L("Look back"), fynetheme.HistoryIcon(), lang.L("See what it made of its picture, step by step"), func(r session.Run) { s.LookBack(r.ID, math.MaxInt) }),
		button("rename", lang.L("Rename…"), fynetheme.DocumentCreateIcon(), lang.L("Runs with a name are kept longest"), p.rename),
		button("copy", lang.L("Copy settings"), fynetheme.ContentCopyIcon(), lang.L("As text, to send or to paste on this page"), func(r session.Run) { w.app.Clipboard().SetContent(r.Settings()) }),
		button("lesson", lang.L("As a lesson…"), fynetheme.DocumentSaveIcon(), lang.L("Its settings as a lesson, to be filled with words"), func(r session.Run) {
			w.save(lang.L("Save the lesson"), "lesson.json", endings{".json"}, func(path string) { s.SaveLesson(r.ID, path) })
		}),
		button("gif", lang.L("GIF…"), fynetheme.FileVideoIcon(), lang.L("An animation of its reconstruction getting better"), p.export),
		button("delete", lang.L("Delete"), fynetheme.DeleteIcon(), lang.L("Forget this run"), p.remove),
	)
	top := container.NewHScroll(p.tools)
	p.box = container.NewBorder(top, nil, nil, nil, container.NewStack(p.table, margins(p.empty)))
	p.box.Hide()

	p.which = widget.NewSegmented(lang.L("Chart"), lang.L("Runs"))
	p.which.OnChanged = p.turn
	w.trace.name(control{name: "runs.switch", o: p.which})
	p.back = fynewidget.NewButtonWithIcon("", fynetheme.HistoryIcon(), func() {
		if len(p.w.frame.Runs.All) > 0 {
			s.LookBack(p.w.frame.Runs.All[0].ID, math.MaxInt)
		}
	})
	p.back.Importance = fynewidget.LowImportance

	p.slider = widget.NewLabeledSlider(lang.L("Step"), "", 0, 1, 1, 1)
	p.slider.Inline = true
	p.slider.Format = func(v float64) string {
		if i := int(v); i >= 0 && i < len(p.kept) {
			return widget.FormatCount(p.kept[i])
		}
		return ""
	}
	p.slider.OnChanged = func(v float64) {
		if i := int(v); i >= 0 && i < len(p.kept) {
			s.LookBack(p.w.frame.Runs.Scrub.ID, p.kept[i])
		}
	}
	done := fynewidget.NewButtonWithIcon("", fynetheme.CancelIcon(), func() { s.LookBack("", 0) })
	done.Importance = fynewidget.LowImportance
	w.trace.name(control{name: "runs.slider", o: p.slider, when: func() bool { return p.time.Visible() }})
	p.time = container.NewBorder(nil, nil, nil, widget.NewHint(lang.L("Back to now"), "Esc", done), p.slider)
	p.time.Hide()
	return p
}

// turn shows the chart or the table.
func (p *runsPanel) turn(i int) {
	if i == 1 {
		p.w.session.RefreshRuns()
	}
	visible(p.box, i == 1)
	visible(p.w.chart, i == 0)
	p.w.trace.stir()
}

// run is the one that is selected.
func (p *runsPanel) run() (session.Run, bool) {
	i := slices.IndexFunc(p.rows, func(r session.Run) bool { return r.ID == p.selected })
	if i < 0 {
		return session.Run{}, false
	}
	return p.rows[i], true
}

// choose selects a row; in the first column it is ticked.
func (p *runsPanel) choose(at fynewidget.TableCellID) {
	if at.Row < 0 || at.Row >= len(p.rows) {
		return
	}
	id := p.rows[at.Row].ID
	if at.Col == colTick {
		if i := slices.Index(p.ticked, id); i >= 0 {
			p.ticked = slices.Delete(p.ticked, i, i+1)
		} else if p.rows[at.Row].Damaged.Key == "" {
			p.ticked = append(p.ticked, id)
		}
		p.table.Unselect(at)
		p.w.train.showChart(p.w.frame)
	}
	p.selected = id
	p.showTools()
	p.table.Refresh()
}

func (p *runsPanel) showTools() {
	r, ok := p.run()
	whole := ok && r.Damaged.Key == ""
	for i, b := range p.acts {
		able := whole
		switch i {
		case len(p.acts) - 1: // delete
			able = ok && r.Phase != session.Running
		case 2, 6: // back, gif
			able = whole && len(r.Kept) > 0
		}
		enable(b, able)
	}
}

// fill writes a cell.
func (p *runsPanel) fill(at fynewidget.TableCellID, l *fynewidget.Label) {
	if at.Row >= len(p.rows) {
		return
	}
	r := p.rows[at.Row]
	l.TextStyle.Bold = r.ID == p.selected
	l.Alignment = fyne.TextAlignLeading
	if at.Col == colSteps || at.Col == colLoss || at.Col == colPSNR {
		l.Alignment = fyne.TextAlignTrailing
	}
	l.SetText(p.cell(r, at.Col))
}

// cell is what a column says of a run.
func (p *runsPanel) cell(r session.Run, col int) string {
	if r.Damaged.Key != "" {
		switch col {
		case colName:
			return r.ID
		case colDiffers:
			return said(r.Damaged)
		case colState:
			return lang.L("damaged")
		case colWhen:
			return whenName(r.Began)
		}
		return ""
	}
	switch col {
	case colTick:
		if slices.Contains(p.ticked, r.ID) {
			return "✓"
		}
	case colName:
		return runName(r)
	case colData:
		return builtinName(r.Data)
	case colDiffers:
		return differences(r.Spec)
	case colSteps:
		return widget.FormatCount(r.Step)
	case colLoss:
		return measured(r.BestLoss, func(v float64) string { return widget.FormatNumber(v, 4) })
	case colPSNR:
		return measured(r.BestPSNR, func(v float64) string { return fmt.Sprintf("%.2f", v) })
	case colState:
		return runState(r)
	case colWhen:
		return whenName(r.Began)
	}
	return ""
}

func measured(v float64, format func(float64) string) string {
	if math.IsNaN(v) {
		return "—"
	}
	return format(v)
}

func runState(r session.Run) string {
	switch {
	case r.Elsewhere:
		return lang.L("in another window")
	case r.Phase == session.Running:
		return lang.L("goes on")
	case r.Phase == session.Finished:
		return lang.L("finished")
	case r.Phase == session.Diverged:
		return lang.L("diverged")
	}
	return lang.L("stopped")
}

// runName is what a run is called: its name, or when it began.
func runName(r session.Run) string {
	if r.Name != "" {
		return r.Name
	}
	return lang.L("Run of {{.Time}}", map[string]any{"Time": r.Began.Local().Format("15:04:05")})
}

func whenName(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

// differences are the settings that are not the default ones.
func differences(s model.Spec) string {
	usual := model.DefaultSpec()
	a, b := reflect.ValueOf(s), reflect.ValueOf(usual)
	var parts []string
	for i := range a.NumField() {
		name := a.Type().Field(i).Tag.Get("json")
		if name == "channels" || name == "crop" || a.Field(i).Equal(b.Field(i)) {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %v", name, a.Field(i)))
	}
	return strings.Join(parts, ", ")
}

// head is a column's title, which sorts by it.
func (p *runsPanel) head(col int, h *header) {
	if col < 0 || col >= columns {
		return
	}
	text := [columns]string{"", lang.L("Name"), lang.L("Learned from"), lang.L("Not as usual"), lang.L("Steps"), lang.L("Loss"), "dB", lang.L("State"), lang.L("Begun")}[col]
	if col == p.column {
		text += map[bool]string{true: " ↓", false: " ↑"}[p.falling]
	}
	h.say(text, func() {
		if p.column == col {
			p.falling = !p.falling
		} else {
			p.column, p.falling = col, false
		}
		p.sort()
		p.table.Refresh()
	})
}

// sort puts the rows in order.
func (p *runsPanel) sort() {
	by := map[int]func(a, b session.Run) int{
		colTick: func(a, b session.Run) int {
			return cmp.Compare(slices.Index(p.ticked, b.ID), slices.Index(p.ticked, a.ID))
		},
		colName:    func(a, b session.Run) int { return cmp.Compare(runName(a), runName(b)) },
		colData:    func(a, b session.Run) int { return cmp.Compare(a.Data, b.Data) },
		colDiffers: func(a, b session.Run) int { return cmp.Compare(differences(a.Spec), differences(b.Spec)) },
		colSteps:   func(a, b session.Run) int { return cmp.Compare(a.Step, b.Step) },
		colLoss:    func(a, b session.Run) int { return cmp.Compare(a.BestLoss, b.BestLoss) },
		colPSNR:    func(a, b session.Run) int { return cmp.Compare(a.BestPSNR, b.BestPSNR) },
		colState:   func(a, b session.Run) int { return cmp.Compare(runState(a), runState(b)) },
		colWhen:    func(a, b session.Run) int { return a.Began.Compare(b.Began) },
	}[p.column]
	slices.SortStableFunc(p.rows, func(a, b session.Run) int {
		if p.falling {
			a, b = b, a
		}
		return by(a, b)
	})
}

// show writes a state into the panel.
func (p *runsPanel) show(f frame, last session.State) {
	if !sameRuns(f.Runs.All, last.Runs.All) {
		p.rows = slices.Clone(f.Runs.All)
		p.sort()
		p.ticked = slices.DeleteFunc(p.ticked, func(id string) bool {
			return !slices.ContainsFunc(p.rows, func(r session.Run) bool { return r.ID == id })
		})
		p.table.Refresh()
		p.w.trace.event("runs", "count", len(p.rows))
	}
	visible(p.table, len(p.rows) > 0)
	visible(p.empty, len(p.rows) == 0)
	p.showTools()
	enable(p.back, len(f.Runs.All) > 0 && len(f.Runs.All[0].Kept) > 0)
	p.showTime(f)
}

func sameRuns(a, b []session.Run) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// showTime shows the slider while a run is looked back over.
func (p *runsPanel) showTime(f frame) {
	sc := f.Runs.Scrub
	visible(p.time, sc.ID != "")
	i := slices.IndexFunc(f.Runs.All, func(r session.Run) bool { return r.ID == sc.ID })
	if i < 0 {
		return
	}
	if kept := f.Runs.All[i].Kept; !slices.Equal(kept, p.kept) {
		p.kept = kept
		p.slider.Max = max(1, float64(len(kept)-1))
		p.slider.Refresh()
	}
	if at := slices.Index(p.kept, sc.Step); at >= 0 {
		p.slider.SetValue(float64(at))
	}
}

// overlaid are the curves of the runs that are ticked.
func (p *runsPanel) overlaid() []widget.Series {
	var all []widget.Series
	for i, id := range p.ticked {
		k := slices.IndexFunc(p.rows, func(r session.Run) bool { return r.ID == id })
		if k < 0 {
			continue
		}
		var x, y, db []float64
		for _, pt := range p.rows[k].Curve {
			if !math.IsNaN(pt.ValLoss) {
				x, y, db = append(x, float64(pt.Step)), append(y, pt.ValLoss), append(db, pt.ValPSNR)
			}
		}
		name, color := runName(p.rows[k]), lineColor(i+2)
		all = append(all, widget.Series{Name: name, Group: lang.L("Loss"), X: x, Y: y, Color: color},
			widget.Series{Name: name, Group: "PSNR", X: x, Y: db, Color: color, Linear: true})
	}
	return all
}

// rename asks for a name.
func (p *runsPanel) rename(r session.Run) {
	entry := fynewidget.NewEntry()
	entry.SetText(r.Name)
	d := dialog.NewCustomConfirm(lang.L("Rename the run"), lang.L("Rename"), lang.L("Cancel"), container.NewGridWrap(fyne.NewSize(40*grid, entry.MinSize().Height), entry), func(yes bool) {
		if yes {
			p.w.session.RenameRun(r.ID, strings.TrimSpace(entry.Text))
		}
	}, p.w.win)
	p.w.front("rename", lang.L("Cancel"), d)
	p.w.win.Canvas().Focus(entry)
}

// remove asks before a run is forgotten.
func (p *runsPanel) remove(r session.Run) {
	text := lang.L("“{{.Name}}” will be gone, with its weights.", map[string]any{"Name": p.cell(r, colName)})
	d := dialog.NewCustomConfirm(lang.L("Delete the run?"), lang.L("Delete"), lang.L("Cancel"), fynewidget.NewLabel(text), func(yes bool) {
		if yes {
			p.w.session.DeleteRun(r.ID)
		}
	}, p.w.win)
	p.w.front("delete", lang.L("Cancel"), d)
}

// export asks where an animation is to go.
func (p *runsPanel) export(r session.Run) {
	p.w.save(lang.L("Save the animation"), "training.gif", endings{".gif"}, func(path string) { p.w.session.ExportRun(r.ID, path) })
}

// A header is a column's title that can be tapped.
type header struct {
	fynewidget.Label
	tapped func()
}

func newHeader(tapped func()) *header {
	h := &header{tapped: tapped}
	h.ExtendBaseWidget(h)
	h.TextStyle.Bold = true
	h.Truncation = fyne.TextTruncateEllipsis
	return h
}

func (h *header) say(text string, tapped func()) {
	h.tapped = tapped
	h.SetText(text)
}

// Tapped sorts.
func (h *header) Tapped(*fyne.PointEvent) {
	if h.tapped != nil {
		h.tapped()
	}
}
