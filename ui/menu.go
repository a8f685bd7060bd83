package ui

// This file is the menu and what its lines do.

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"

	"sieve/ui/session"
	"sieve/ui/widget"
)

// menus are the main menu and those of its lines that change.
type menus struct {
	w    *window
	main *fyne.MainMenu

	undo, redo               *fyne.MenuItem
	saveResult, saveModel    *fyne.MenuItem
	exportChart              *fyne.MenuItem
	previous, next           *fyne.MenuItem
	maps                     [len(colormaps)]*fyne.MenuItem
	common                   *fyne.MenuItem
	themes                   [3]*fyne.MenuItem
	projector                *fyne.MenuItem
	useTrained, toggle, step *fyne.MenuItem
	stop, best               *fyne.MenuItem
}

// key names a shortcut with Ctrl, or Cmd on a Mac.
func key(name fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: name, Modifier: fyne.KeyModifierShortcutDefault}
}

func newMenus(w *window) *menus {
	m := &menus{w: w}
	item := fyne.NewMenuItem
	with := func(i *fyne.MenuItem, s fyne.Shortcut) *fyne.MenuItem {
		i.Shortcut = s
		return i
	}
	sub := func(text string, items ...*fyne.MenuItem) *fyne.MenuItem {
		i := item(text, nil)
		i.ChildMenu = fyne.NewMenu("", items...)
		return i
	}
	rule := fyne.NewMenuItemSeparator

	m.saveResult = with(item(lang.L("Save the result…"), w.saveShown), key(fyne.KeyS))
	m.saveModel = item(lang.L("Save the model…"), w.saveModel)
	m.exportChart = item(lang.L("Export the chart…"), w.exportChart)
	var panes []*fyne.MenuItem
	for i, p := range w.panes {
		panes = append(panes, item(p.Title()+"…", func() { w.savePane(session.Pane(i)) }))
	}
	m.previous = item(lang.L("Previous picture"), w.session.Previous)
	m.next = item(lang.L("Next picture"), w.session.Next)
	file := fyne.NewMenu(lang.L("File"),
		with(item(lang.L("Open…"), w.openFile), key(fyne.KeyO)),
		item(lang.L("Open a folder…"), w.openFolder),
		rule(), m.previous, m.next,
		rule(), m.saveResult, sub(lang.L("Save a pane"), panes...), m.saveModel, m.exportChart)

	m.undo = with(item(lang.L("Undo"), func() { w.edit(&fyne.ShortcutUndo{}, w.undo) }), &fyne.ShortcutUndo{})
	m.redo = with(item(lang.L("Redo"), func() { w.edit(&fyne.ShortcutRedo{}, w.redo) }), &fyne.ShortcutRedo{})
	edit := fyne.NewMenu(lang.L("Edit"), m.undo, m.redo)

	var maps []*fyne.MenuItem
	for i, c := range colormaps {
		m.maps[i] = item(colormapName(c), func() { w.setLook(func(l *session.Look) { l.Map = c }) })
		maps = append(maps, m.maps[i])
	}
	m.common = item(lang.L("One scale for all channels"), func() { w.setLook(func(l *session.Look) { l.Common = !l.Common }) })
	var themes []*fyne.MenuItem
	for i, t := range []struct{ value, name string }{{"", lang.L("As the system")}, {"light", lang.L("Light")}, {"dark", lang.L("Dark")}} {
		m.themes[i] = item(t.name, func() {
			w.saved.Theme = t.value
			w.dress()
			m.showTheme()
		})
		themes = append(themes, m.themes[i])
	}
	m.projector = item(lang.L("Projector mode"), func() {
		w.saved.Projector = !w.saved.Projector
		w.dress()
		m.showTheme()
	})
	view := fyne.NewMenu(lang.L("View"),
		with(item(lang.L("Denoise"), func() { w.turn(session.PageDenoise) }), key(fyne.Key1)),
		with(item(lang.L("Compress"), func() { w.turn(session.PageCompress) }), key(fyne.Key2)),
		with(item(lang.L("Train"), func() { w.turn(session.PageTrain) }), key(fyne.Key3)),
		with(item(lang.L("Explore"), func() { w.turn(session.PageExplore) }), key(fyne.Key4)),
		with(item(lang.L("Detect"), func() { w.turn(session.PageDetect) }), key(fyne.Key5)),
		with(item(lang.L("Lessons"), func() { w.turn(session.PageLessons) }), key(fyne.Key6)),
		rule(),
		item(lang.L("Whole picture"), w.linked.Fit), item(lang.L("100 %"), w.linked.Actual),
		item(lang.L("Zoom in"), w.linked.ZoomIn), item(lang.L("Zoom out"), w.linked.ZoomOut),
		rule(), sub(lang.L("Colours of the latent"), maps...), m.common,
		rule(), sub(lang.L("Theme"), themes...), m.projector)

	m.toggle = item(lang.L("Start or pause"), w.train.toggle)
	m.step = item(lang.L("One step"), w.train.once)
	m.stop = item(lang.L("Stop"), w.session.StopTraining)
	m.best = item(lang.L("Back to best"), w.session.BackToBest)
	m.useTrained = item(lang.L("Use the trained model"), w.session.UseTrained)
	var models []*fyne.MenuItem
	for _, name := range session.Models() {
		models = append(models, item(lang.L("{{.Name}} (built in)", map[string]any{"Name": name}), func() { w.session.UseModel(name) }))
	}
	model := fyne.NewMenu(lang.L("Model"), append(models,
		item(lang.L("Open a model…"), w.openFile), m.useTrained,
		rule(), m.toggle, m.step, m.stop, m.best)...)

	help := fyne.NewMenu(lang.L("Help"),
		with(item(lang.L("Keys"), w.showKeys), &desktop.CustomShortcut{KeyName: fyne.KeyF1}),
		item(lang.L("About Sieve"), w.showAbout))
	m.main = fyne.NewMainMenu(file, edit, view, model, help)
	m.showTheme()
	m.showLook(w.view.look)
	return m
}

// edit undoes or redoes in the field that is typed in, or else the settings.
func (w *window) edit(s fyne.Shortcut, settings func()) {
	if e, ok := w.win.Canvas().Focused().(fyne.Shortcutable); ok {
		e.TypedShortcut(s)
		return
	}
	settings()
}

// show enables the lines that can be used now.
func (m *menus) show(f frame) {
	tr, p := f.Train, m.w.train
	now := []bool{
		f.savable(),
		p.save.Disabled() && f.Model.Name == "",
		len(tr.Curve) == 0 && len(m.w.runs.ticked) == 0,
		f.Picture.Index == 0, f.Picture.Index+1 >= f.Picture.Of,
		p.use.Disabled(), p.start.Disabled(), p.step.Disabled(), p.stop.Disabled(), p.best.Disabled(),
	}
	now[0] = !now[0]
	text := lang.L("Save the result…")
	if f.page == session.PageTrain {
		text = lang.L("Save…")
		now[0] = now[1]
	}
	if f.page == session.PageCompress {
		text = lang.L("Save the file…")
	}
	if f.page == session.PageLessons {
		text = lang.L("Save answers…")
	}
	if f.page == session.PageDetect {
		text = lang.L("Save the model…")
	}
	changed := m.saveResult.Label != text
	m.saveResult.Label = text
	for i, item := range []*fyne.MenuItem{m.saveResult, m.saveModel, m.exportChart, m.previous, m.next, m.useTrained, m.toggle, m.step, m.stop, m.best} {
		changed = changed || item.Disabled != now[i]
		item.Disabled = now[i]
	}
	if changed {
		m.refresh()
	}
	m.showHistory()
}

// showHistory enables undo and redo.
func (m *menus) showHistory() {
	h := &m.w.history
	undo, redo := len(h.past) == 0, len(h.future) == 0
	if m.w.view.page == session.PageExplore {
		undo, redo = m.w.frame.Explore.Undo == 0, m.w.frame.Explore.Redo == 0
	}
	if m.undo.Disabled != undo || m.redo.Disabled != redo {
		m.undo.Disabled, m.redo.Disabled = undo, redo
		m.refresh()
	}
}

func (m *menus) showLook(l session.Look) {
	for i, item := range m.maps {
		item.Checked = colormaps[i] == l.Map
	}
	m.common.Checked = l.Common
	m.refresh()
}

func (m *menus) showTheme() {
	for i, value := range []string{"", "light", "dark"} {
		m.themes[i].Checked = m.w.saved.Theme == value
	}
	m.projector.Checked = m.w.saved.Projector
	m.w.trace.setting("view.theme", m.w.saved.Theme)
	m.w.trace.setting("view.projector", m.w.saved.Projector)
	m.refresh()
}

func (m *menus) refresh() {
	if m.main != nil {
		m.main.Refresh()
	}
}

// paneMenu is what a pane offers at a click with the other button.
func (w *window) paneMenu(pane session.Pane) []*fyne.MenuItem {
	p := w.panes[pane]
	fill := lang.L("Fill the space")
	if w.group.Maximised() == p {
		fill = lang.L("Show all")
	}
	items := []*fyne.MenuItem{
		fyne.NewMenuItem(lang.L("Save {{.Pane}}…", map[string]any{"Pane": p.Title()}), func() { w.savePane(pane) }),
		fyne.NewMenuItem(fill, func() { w.group.Toggle(p) }),
		fyne.NewMenuItemSeparator(),
	}
	if c, _ := p.Comparison(); c != widget.Apart {
		return append(items, fyne.NewMenuItem(lang.L("Stop comparing"), func() { p.Compare(widget.Apart, nil) }))
	}
	for other, title := range w.panes {
		if other != int(pane) && !(other == int(session.PaneNoisy) && w.frame.removed()) {
			items = append(items, fyne.NewMenuItem(lang.L("Compare with {{.Pane}}", map[string]any{"Pane": title.Title()}), func() { p.Compare(widget.Slider, title) }))
		}
	}
	if pane == session.PaneResult && w.frame.page == session.PageDenoise {
		items = append(items, fyne.NewMenuItem(lang.L("What was removed"), func() { w.showSecond(secondRemoved) }))
	}
	return items
}
