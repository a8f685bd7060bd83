package ui

// This file is the table of trainings that were kept, under the panes of the page Train, and the slider
// that goes back over one.

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/ui/session"
	"sieve/ui/theme"
	"sieve/ui/widget"
)

// A runsPanel is the table, what can be done with its runs, and the time slider.
type runsPanel struct {
	w      *window
	box    *fyne.Container
	heads  [columns]*header
	list   *fynewidget.List
	table  *fyne.Container // heads and list
	empty  *fyne.Container // … or what to do, while there are no runs
	tools  *fyne.Container
	acts   map[string]*fynewidget.Button
	room   *widget.Pick
	which  *widget.Segmented // chart or runs
	back   *fynewidget.Button
	slider *widget.LabeledSlider
	time   *fyne.Container // with the slider

	rows     []session.Run // sorted
	selected string        // its ID
	renaming string        // the ID of the one whose name is typed
	ticked   []string      // of those whose curves are in the chart
	lines    []widget.Series
	drawn    []any // what these lines are of
	column   int   // sorted by
	falling  bool
	over     string // the ID of the run whose slider is shown
	kept     []int  // of that run
	live     bool   // … which goes on, so that the slider ends with now
}

// The columns of the table.
const (
	colTick = iota
	colName
	colData
	colDiffers
	colSteps
	colTime
	colLoss
	colPSNR
	colState
	colWhen
	columns
)

// rooms are how many MiB runs may take.
var rooms = [...]int{128, session.DefaultRunBytes >> 20, 2048, 8192}

func newRunsPanel(w *window) *runsPanel {
	p := &runsPanel{w: w, column: colWhen, falling: true, acts: map[string]*fynewidget.Button{}}
	head := container.New(runColumns{})
	for i := range p.heads {
		p.heads[i] = newHeader()
		head.Add(p.heads[i])
	}
	p.list = fynewidget.NewList(func() int { return len(p.rows) }, func() fyne.CanvasObject { return newRunRow(p) }, func(i int, o fyne.CanvasObject) {
		if i < len(p.rows) {
			o.(*runRow).show(p.rows[i])
		}
	})
	p.list.HideSeparators = true
	p.list.OnSelected = func(i int) { // by keys
		p.list.Unselect(i)
		if i < len(p.rows) {
			p.choose(p.rows[i].ID)
		}
	}
	p.table = container.NewBorder(container.New(column{}, head, fynewidget.NewSeparator()), nil, nil, nil, p.list)
	p.empty = margins(widget.NewNote(lang.L("Each training is kept here: its settings, its curve, and the network at some of its steps. Start one, and come back to compare.")))

	s := w.session
	again := p.button("again", lang.L("Run again"), fynetheme.MediaReplayIcon(), lang.L("The same settings, data and seed: the same curve"), p.again)
	use := p.button("use", lang.L("Use model"), fynetheme.ConfirmIcon(), lang.L("Take its best weights into use"), func(r session.Run) { s.UseRun(r.ID) })
	back := p.button("back", lang.L("Look back"), fynetheme.HistoryIcon(), lang.L("See what it made of its picture, step by step"), func(r session.Run) { p.lookOver(r) })
	more := p.button("more", lang.L("More"), fynetheme.MenuDropDownIcon(), lang.L("Name, settings, export, delete"), func(r session.Run) {
		b := p.acts["more"]
		fynewidget.ShowPopUpMenuAtRelativePosition(fyne.NewMenu("", p.menu(r)...), w.win.Canvas(), fyne.NewPos(0, b.Size().Height), b)
	})
	p.acts["more"].IconPlacement = fynewidget.ButtonIconTrailingText
	p.room = widget.NewPick(nil, func(i int) {
		w.saved.RunsMiB = rooms[i]
		s.SetRunBytes(int64(rooms[i]) << 20)
	})
	p.tools = container.NewBorder(nil, nil, container.NewHBox(again, back, use, more),
		widget.NewHint(lang.L("What runs may take on the disk: beyond it the oldest without a name go"), "", container.NewCenter(p.room)))
	p.box = container.NewBorder(p.tools, nil, nil, nil, container.NewStack(p.table, p.empty))
	p.box.Hide()

	p.which = widget.NewSegmented(lang.L("Chart"), lang.L("Runs"))
	p.which.OnChanged = p.turn
	w.trace.name(control{name: "runs.switch", o: p.which})
	w.trace.name(control{name: "runs.list", o: p.list, when: p.box.Visible})
	w.trace.name(control{name: "runs.room", o: p.room, when: p.box.Visible})
	p.back = fynewidget.NewButtonWithIcon("", fynetheme.HistoryIcon(), func() {
		if all := p.w.frame.Runs.All; p.over != "" {
			p.lookOver(session.Run{})
		} else if len(all) > 0 {
			p.lookOver(all[0])
		}
	})
	p.back.Importance = fynewidget.LowImportance
	w.trace.name(control{name: "runs.last", o: p.back})

	p.slider = widget.NewLabeledSlider(lang.L("Step"), "", 0, 1, 1, 1)
	p.slider.Inline = true
	p.slider.Format = p.stepName
	p.slider.OnChanged = p.slide
	done := fynewidget.NewButtonWithIcon("", fynetheme.CancelIcon(), func() { p.lookOver(session.Run{}) })
	done.Importance = fynewidget.LowImportance
	w.trace.name(control{name: "runs.slider", o: p.slider, when: func() bool { return p.time.Visible() }})
	p.time = container.NewBorder(nil, nil, nil, widget.NewHint(lang.L("Back to now"), "Esc", done), p.slider)
	p.time.Hide()
	return p
}

// button is one for the run that is selected.
func (p *runsPanel) button(name, text string, icon fyne.Resource, hint string, act func(r session.Run)) fyne.CanvasObject {
	b := fynewidget.NewButtonWithIcon(text, icon, func() {
		if r, ok := p.run(); ok {
			act(r)
		}
	})
	b.Importance = fynewidget.LowImportance
	p.acts[name] = b
	p.w.trace.name(control{name: "runs." + name, o: b, when: func() bool { return p.box.Visible() && !b.Disabled() }})
	return widget.NewHint(hint, "", b)
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

// again starts a run anew and shows its chart. The form takes its settings.
func (p *runsPanel) again(r session.Run) {
	t := p.w.train
	t.learnFrom(r.Data)
	t.form.set(r.Spec, r.Minutes)
	t.twin.by.set(twinNone)
	t.form.changed()
	p.w.session.Again(r.ID)
	p.which.SetSelected(0)
	p.turn(0)
}

// run is the one that is selected.
func (p *runsPanel) run() (session.Run, bool) {
	i := slices.IndexFunc(p.rows, func(r session.Run) bool { return r.ID == p.selected })
	if i < 0 {
		return session.Run{}, false
	}
	return p.rows[i], true
}

// choose selects a run.
func (p *runsPanel) choose(id string) {
	p.selected = id
	p.showTools()
	p.list.Refresh()
}

// tick draws the curve of a run into the chart, or takes it out.
func (p *runsPanel) tick(r session.Run) {
	if i := slices.Index(p.ticked, r.ID); i >= 0 {
		p.ticked = slices.Delete(p.ticked, i, i+1)
	} else if r.Damaged.Key == "" {
		p.ticked = append(p.ticked, r.ID)
		p.w.session.ReadCurves(r.ID)
	}
	p.w.train.showChart(p.w.frame)
	p.w.menu.show(p.w.frame)
	p.choose(r.ID)
}

// color is that of the line of a run that is ticked; the first two belong to the training, and the
// next to its twin.
func (p *runsPanel) color(i int) fyne.ThemeColorName {
	taken := 2
	if p.w.frame.Train.Twin != nil {
		taken = 4
	}
	return lineColor(taken + i%(len(theme.Lines)-taken))
}

// menu is what can be done with a run.
func (p *runsPanel) menu(r session.Run) []*fyne.MenuItem {
	w, s := p.w, p.w.session
	item := func(text string, able bool, act func()) *fyne.MenuItem {
		i := fyne.NewMenuItem(text, func() {
			if able { // keys reach what is not
				act()
			}
		})
		i.Disabled = !able
		return i
	}
	whole, kept, rule := r.Damaged.Key == "", len(r.Kept) > 0 && r.Damaged.Key == "", fyne.NewMenuItemSeparator()
	curves, ids := lang.L("Export the curve…"), []string{r.ID}
	if len(p.ticked) > 0 {
		curves, ids = lang.L("Export the ticked curves…"), slices.Clone(p.ticked)
	}
	return []*fyne.MenuItem{
		item(lang.L("Run again"), whole, func() { p.again(r) }),
		item(lang.L("Look back"), kept, func() { p.lookOver(r) }),
		item(lang.L("Use model"), whole, func() { s.UseRun(r.ID) }),
		rule,
		item(lang.L("Rename…"), whole, func() { p.rename(r) }),
		item(lang.L("Copy settings"), whole, func() { w.app.Clipboard().SetContent(r.Settings()) }),
		item(lang.L("Save settings…"), whole, func() {
			w.save(lang.L("Save the settings"), "settings.json", endings{".json"}, func(path string) { s.SaveSettings(r.ID, path) })
		}),
		item(lang.L("As a lesson…"), whole, func() {
			w.save(lang.L("Save the lesson"), "lesson.json", endings{".json"}, func(path string) { s.SaveLesson(r.ID, path) })
		}),
		rule,
		item(curves, whole, func() { w.exportRuns(ids) }),
		item(lang.L("Save as an animation…"), kept, func() { p.export(r) }),
		rule,
		item(lang.L("Delete…"), r.Phase != session.Running, func() { p.remove(r) }),
	}
}

func (p *runsPanel) showTools() {
	r, ok := p.run()
	whole := ok && r.Damaged.Key == ""
	for name, b := range p.acts {
		able := whole
		switch name {
		case "more":
			able = ok
		case "back":
			able = whole && len(r.Kept) > 0
		}
		enable(b, able)
	}
}

// cell is what a column says of a run.
func (p *runsPanel) cell(r session.Run, col int) string {
	if r.Damaged.Key != "" {
		switch col {
		case colName:
			return cmp.Or(r.Name, r.ID)
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
	case colName:
		return runName(r)
	case colData:
		return builtinName(r.Data)
	case colDiffers:
		return p.w.train.form.differences(r.Spec)
	case colSteps:
		return widget.FormatCount(r.Step)
	case colTime:
		return clock(time.Duration(r.Seconds * float64(time.Second)))
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

// whenName says when a run began, the year only where it is another one.
func whenName(t time.Time) string {
	t = t.Local()
	if t.Year() == time.Now().Year() {
		return t.Format("01-02 15:04")
	}
	return t.Format("2006-01-02")
}

// showHeads titles the columns; each sorts by itself.
func (p *runsPanel) showHeads() {
	titles := [columns]string{"", lang.L("Name"), lang.L("Learned from"), lang.L("Not as usual"), lang.L("Steps"), lang.L("Time"), lang.L("Loss"), "dB", lang.L("State"), lang.L("Begun")}
	for col, h := range p.heads {
		text := titles[col]
		if col == p.column {
			text = strings.TrimSpace(text + " " + map[bool]string{true: "↓", false: "↑"}[p.falling])
		}
		h.say(text, measures(col), func() {
			if p.column == col {
				p.falling = !p.falling
			} else {
				p.column, p.falling = col, false
			}
			p.sort()
			p.showHeads()
			p.list.Refresh()
		})
	}
}

// measures reports whether a column holds numbers.
func measures(col int) bool { return col >= colSteps && col <= colPSNR }

// sort puts the rows in order.
func (p *runsPanel) sort() {
	by := map[int]func(a, b session.Run) int{
		colTick: func(a, b session.Run) int {
			return cmp.Compare(slices.Index(p.ticked, b.ID), slices.Index(p.ticked, a.ID))
		},
		colName:    func(a, b session.Run) int { return cmp.Compare(runName(a), runName(b)) },
		colData:    func(a, b session.Run) int { return cmp.Compare(a.Data, b.Data) },
		colDiffers: func(a, b session.Run) int { return cmp.Compare(p.cell(a, colDiffers), p.cell(b, colDiffers)) },
		colSteps:   func(a, b session.Run) int { return cmp.Compare(a.Step, b.Step) },
		colTime:    func(a, b session.Run) int { return cmp.Compare(a.Seconds, b.Seconds) },
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
		gone := func(id string) bool {
			return !slices.ContainsFunc(p.rows, func(r session.Run) bool { return r.ID == id })
		}
		p.ticked = slices.DeleteFunc(p.ticked, gone)
		if gone(p.selected) && len(p.rows) > 0 {
			p.selected = p.rows[0].ID
		}
		p.list.Refresh()
		p.w.trace.event("runs", "count", len(p.rows))
	}
	if f.Runs.Most != last.Runs.Most || !sameRuns(f.Runs.All, last.Runs.All) {
		p.showRoom(f.Runs)
	}
	p.showHeads()
	visible(p.table, len(p.rows) > 0)
	visible(p.tools, len(p.rows) > 0)
	visible(p.empty, len(p.rows) == 0)
	p.showTools()
	enable(p.back, len(f.Runs.All) > 0 && len(f.Runs.All[0].Kept) > 0)
	p.showTime(f)
}

func sameRuns(a, b []session.Run) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// showRoom says how much runs take, and of how much.
func (p *runsPanel) showRoom(r session.Runs) {
	var options []string
	at := -1
	for i, mib := range rooms {
		most := fmt.Sprintf("%d MB", mib)
		if mib >= 1024 {
			most = fmt.Sprintf("%d GB", mib/1024)
		}
		options = append(options, lang.L("{{.Used}} of {{.Most}}", map[string]any{"Used": sizeName(r.Bytes()), "Most": most}))
		if int64(mib)<<20 == r.Most {
			at = i
		}
	}
	p.room.SetOptions(options)
	p.room.SetSelected(at)
}

// lookOver shows the slider over a run, at its end; that of no run takes it away.
func (p *runsPanel) lookOver(r session.Run) {
	p.over, p.kept = r.ID, nil
	if r.ID == "" || r.Phase == session.Running && !r.Elsewhere {
		p.w.session.LookBack("", 0)
	} else {
		p.w.session.LookBack(r.ID, math.MaxInt)
	}
	p.showTime(p.w.frame)
	p.w.trace.stir()
}

// showTime shows the slider while a run is looked back over. Over one that goes on it ends with now.
func (p *runsPanel) showTime(f frame) {
	sc := p.w.session.State().Runs.Scrub // what has just been asked for is not in the frame yet
	if sc.ID != "" && p.over == "" {
		p.over, p.kept = sc.ID, nil
	}
	i := slices.IndexFunc(f.Runs.All, func(r session.Run) bool { return r.ID == p.over })
	if i < 0 || len(f.Runs.All[i].Kept) == 0 {
		p.over = ""
	}
	visible(p.time, p.over != "")
	if p.over == "" {
		return
	}
	r := f.Runs.All[i]
	if live := r.Phase == session.Running && !r.Elsewhere; !slices.Equal(r.Kept, p.kept) || live != p.live {
		p.kept, p.live = r.Kept, live
		p.slider.Max = max(1, float64(len(p.kept)-1))
		if live {
			p.slider.Max = float64(len(p.kept))
		}
		p.slider.Refresh()
	}
	at := len(p.kept)
	if sc.ID == p.over {
		at = slices.Index(p.kept, sc.Step)
	} else if !p.live {
		at = len(p.kept) - 1
	}
	if at >= 0 {
		p.slider.SetValue(float64(at))
	}
}

// slide looks at the step that the slider is moved to.
func (p *runsPanel) slide(v float64) {
	if i := int(v); i >= 0 && i < len(p.kept) {
		p.w.session.LookBack(p.over, p.kept[i])
	} else {
		p.w.session.LookBack("", 0)
	}
}

// stepName says where the slider is.
func (p *runsPanel) stepName(v float64) string {
	if i := int(v); i >= 0 && i < len(p.kept) {
		return widget.FormatCount(p.kept[i])
	}
	return lang.L("now")
}

// mark says where in the chart a person looks back to.
func (p *runsPanel) mark(f frame) []widget.Mark {
	sc := f.Runs.Scrub
	if sc.ID == "" || !slices.Contains(p.shown(), sc.ID) {
		return nil
	}
	return []widget.Mark{{X: float64(sc.Step), Text: lang.L("step {{.Step}}", map[string]any{"Step": widget.FormatCount(sc.Step)}), Color: fynetheme.ColorNamePrimary}}
}

// shown are the runs whose curves are in the chart: that of the training, and those that are ticked.
func (p *runsPanel) shown() []string {
	ids := slices.Clone(p.ticked)
	if id := p.w.frame.Train.Run; id != "" && !slices.Contains(ids, id) {
		ids = append([]string{id}, ids...)
	}
	return ids
}

// overlaid are the curves of the runs that are ticked.
func (p *runsPanel) overlaid() []widget.Series {
	var of []any
	for i, id := range p.ticked {
		if k := slices.IndexFunc(p.rows, func(r session.Run) bool { return r.ID == id }); k >= 0 {
			of = append(of, id, runName(p.rows[k]), len(p.rows[k].Curve), p.color(i))
		}
	}
	if slices.Equal(of, p.drawn) { // the chart knows lines by their memory
		return p.lines
	}
	p.lines, p.drawn = nil, of
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
		name, color := runName(p.rows[k]), p.color(i)
		p.lines = append(p.lines, widget.Series{Name: name, Group: lang.L("Loss"), X: x, Y: y, Color: color},
			widget.Series{Name: name, Group: "PSNR", X: x, Y: db, Color: color, Linear: true})
	}
	return p.lines
}

// rename lets a person type a name in its place.
func (p *runsPanel) rename(r session.Run) {
	p.selected, p.renaming = r.ID, r.ID
	p.list.Refresh()
}

// renamed takes the name that was typed.
func (p *runsPanel) renamed(id, name string) {
	if p.renaming != id {
		return
	}
	p.renaming = ""
	i := slices.IndexFunc(p.rows, func(r session.Run) bool { return r.ID == id })
	if name = strings.TrimSpace(name); i >= 0 && name != p.rows[i].Name {
		p.rows[i].Name = name // until the state says so
		p.w.session.RenameRun(id, name)
	}
	p.list.Refresh()
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
