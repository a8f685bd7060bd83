package ui

// This file is the part Channels of the page Explore: the latent of a picture as one picture for each channel,
// to be painted on, and what becomes of the picture.

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/ui/session"
	"sieve/ui/theme"
	"sieve/ui/widget"
)

// Tools, in the order in which they are offered.
const (
	toolLook = iota
	toolPaint
	toolMove
	toolTake
)

// A channelsPart is the part Channels.
type channelsPart struct {
	w    *window
	side fyne.CanvasObject

	model   *choice
	about   *widget.Note
	digit   *fynewidget.Button
	tools   *widget.Segmented
	value   *widget.LabeledSlider
	radius  *widget.LabeledSlider
	rubber  *fynewidget.Check
	how     *widget.Note
	brush   *fyne.Container
	take    *fynewidget.Button
	taking  *fyne.Container
	channel *widget.Section
	facts   *widget.Facts
	scale   *widget.LabeledSlider
	zero    *fynewidget.Button
	only    *fynewidget.Button
	invert  *fynewidget.Button
	back    *fynewidget.Button
	pin     *fynewidget.Check

	noise, bits, strongest, directions *widget.LabeledSlider
	skips                              *widget.LabeledSlider
	dialled                            [3]*widget.Hint // of strongest, directions and skips
	steer                              *steerBox
	dials                              session.Dials
	figures                            *widget.Facts
	undo, redo, reset, keep            *fynewidget.Button

	gallery *fynewidget.GridWrap
	under   fyne.CanvasObject
	heading *widget.Note
	order   []int        // channels, as the gallery shows them
	thumbs  **image.RGBA // those that it shows

	tool     int
	chosen   int // the channel that is painted on
	valued   uint64
	marked   image.Rectangle // of the picture, with the tools that want a rectangle
	from     image.Point     // where a drag began
	dragging bool            // the rectangle that is marked is carried elsewhere
	shift    image.Point     // … by so much
	copied   bool
	penX     float64 // where the pen was
	penY     float64
	drawn    session.Explore
	inFront  bool
	outside  int // the channel that other pages show
	folds    folds
}

func newChannelsPart(w *window) *channelsPart {
	p := &channelsPart{w: w}
	scroll := w.newColumn()
	front := func() bool { return w.explore != nil && w.explore.front(p) }
	p.model = newModelChoice(w)
	p.about = widget.NewNote("")
	p.digit = fynewidget.NewButtonWithIcon(lang.L("Draw another digit"), fynetheme.ViewRefreshIcon(), w.session.AnotherDigit)
	p.digit.Hide()
	model := widget.NewSection(lang.L("Model"), widget.NewHint(lang.L("Whose latent it is. Without skip connections all of the picture goes through it"), "", p.model), p.about, p.digit)

	p.tools = widget.NewSegmented(lang.L("Look"), lang.L("Paint"), lang.L("Move"), lang.L("Borrow"))
	p.tools.OnChanged = p.use
	p.how = widget.NewNote("")
	p.value = widget.NewLabeledSlider(lang.L("Value"), "", -1, 1, 0, 1)
	p.value.Format = func(v float64) string { return widget.FormatNumber(v, 3) }
	p.radius = widget.NewLabeledSlider(lang.L("Size"), "", 0.5, 12, 0.5, 2)
	p.radius.Format = func(v float64) string {
		if v == 0.5 {
			return lang.L("1 cell")
		}
		return lang.L("{{.Cells}} cells", map[string]any{"Cells": widget.FormatNumber(2*v, 3)})
	}
	p.rubber = fynewidget.NewCheck(lang.L("Rub out"), nil)
	p.brush = container.New(column{gap: grid}, p.value, p.radius, widget.NewHint(lang.L("Paints what the encoder made of the picture"), "Alt", p.rubber))
	p.take = fynewidget.NewButtonWithIcon(lang.L("Choose the other picture…"), fynetheme.FolderOpenIcon(), func() {
		w.pickFile(w.session.OpenOther)
	})
	p.taking = container.New(column{gap: grid}, p.take)
	tool := widget.NewSection(lang.L("Tool"), p.tools, p.how, p.brush, p.taking)

	p.facts = widget.NewFacts(lang.L("Values"), lang.L("Share of the loss"))
	button := func(text string, f func(c int)) *fynewidget.Button {
		return fynewidget.NewButton(text, func() { f(p.chosen) })
	}
	p.zero = button(lang.L("Set to zero"), w.session.ZeroChannel)
	p.only = button(lang.L("Keep only"), w.session.KeepOnly)
	p.invert = button(lang.L("Invert"), func(c int) { w.session.ScaleChannel(c, -1) })
	p.back = button(lang.L("Put back"), w.session.RestoreChannel)
	p.scale = widget.NewLabeledSlider(lang.L("Scale"), "×", -2, 4, 0.05, 1)
	p.scale.OnChanged = func(v float64) {
		w.session.DragScale(p.chosen, v)
	}
	p.scale.OnChangeEnded = func(float64) {
		w.session.EndStroke()
		p.scale.SetValue(1)
	}
	p.pin = fynewidget.NewCheck(lang.L("Pin, to compare with others"), func(yes bool) {
		w.view.pinned = 0
		if yes {
			w.view.pinned = p.chosen + 1
		}
		w.drawer.look(w.view)
	})
	p.channel = widget.NewSection(lang.L("Channel"), p.facts, row(p.zero, p.only), row(p.invert, p.back), p.scale, widget.NewHint(lang.L("Keeps this channel in sight, in place of the picture before, while you choose others"), "", p.pin))

	dial := func(name string, most, at float64, format func(v float64) string, set func(d *session.Dials, v float64)) *widget.LabeledSlider {
		s := widget.NewLabeledSlider(name, "", 0, most, 0.05, at)
		s.Format = format
		s.OnChanged = func(v float64) {
			set(&p.dials, v)
			w.session.DragDials(p.dials)
		}
		s.OnChangeEnded = func(float64) { w.session.EndStroke() }
		return s
	}
	p.noise = dial(lang.L("Noise"), 2, 0, func(v float64) string { return widget.FormatNumber(v, 3) + " σ" }, func(d *session.Dials, v float64) { d.Noise = v })
	p.bits = dial(lang.L("Bits a number"), 9, 9, func(v float64) string {
		if v > 8 {
			return lang.L("as it is")
		}
		return fmt.Sprint(v)
	}, func(d *session.Dials, v float64) { d.Bits = int(v) % 9 })
	p.bits.Min, p.bits.Step = 1, 1
	p.skips = dial(lang.L("Skip connections"), 1, 1, func(v float64) string { return percent(v) }, func(d *session.Dials, v float64) { d.Skips = 1 - v })
	p.strongest = dial(lang.L("Channels kept"), 2, 2, nil, nil)
	p.strongest.OnChanged = func(v float64) {
		p.dials.Strongest = int(v) % int(p.strongest.Max)
		w.session.DragDials(p.dials)
	}
	p.directions = dial(lang.L("Directions kept"), 2, 2, nil, nil)
	p.directions.OnChanged = func(v float64) {
		p.dials.Directions = int(v) % int(p.directions.Max)
		w.session.DragDials(p.dials)
	}
	for _, s := range []*widget.LabeledSlider{p.strongest, p.directions} {
		s.Min, s.Step = 1, 1
		s.Format = func(v float64) string {
			return lang.L("{{.Number}} of {{.All}}", map[string]any{"Number": widget.FormatCount(int(v)), "All": widget.FormatCount(int(s.Max))})
		}
	}
	p.dialled = [...]*widget.Hint{
		widget.NewHint(lang.L("Keeps the channels that contribute most, and sets the others to zero"), "", p.strongest),
		widget.NewHint(lang.L("Keeps the directions in which cells differ most, as PCA finds them"), "", p.directions),
		widget.NewHint(lang.L("How much goes around the latent: without it, all that is left is what the latent says"), "", p.skips)}
	whole := widget.NewSection(lang.L("All channels"), p.dialled[0], p.dialled[1], p.dialled[2],
		widget.NewHint(lang.L("Rounds each number to one of 2, 4, 8 … levels"), "", p.bits),
		widget.NewHint(lang.L("Adds random numbers, in standard deviations of each channel"), "", p.noise))

	p.steer = newSteerBox(w, scroll, "explore", lang.L("How far every cell is moved. σ is how much the cells of this picture differ along a direction; beside it is its share of all that they differ by. Directions that were kept from a map are counted in steps."), front, func(to session.Steering) {
		p.dials.Steering = to
		w.session.DragDials(p.dials)
	}, func(session.Course) { w.session.EndStroke() })
	along := widget.NewSection(lang.L("Along directions"), p.steer.whole)

	p.figures = widget.NewFacts(lang.L("Bits a pixel"), lang.L("Numbers changed"), lang.L("Decoded in"))
	p.undo = fynewidget.NewButtonWithIcon("", fynetheme.ContentUndoIcon(), w.session.UndoEdit)
	p.redo = fynewidget.NewButtonWithIcon("", fynetheme.ContentRedoIcon(), w.session.RedoEdit)
	p.reset = fynewidget.NewButtonWithIcon(lang.L("Reset"), fynetheme.ViewRefreshIcon(), w.session.ResetEdits)
	p.keep = fynewidget.NewButtonWithIcon(lang.L("Save the picture…"), fynetheme.DocumentSaveIcon(), p.save)

	form := container.New(column{gap: 2 * grid}, model, tool, p.channel, whole, along)
	foot := margins(container.New(column{gap: grid}, p.figures,
		container.NewBorder(nil, nil, container.NewHBox(widget.NewHint(lang.L("Undo"), "Ctrl+Z", p.undo), widget.NewHint(lang.L("Redo"), "Ctrl+Y", p.redo)), nil, p.reset),
		widget.NewHint(lang.L("Save what the changed latent decodes to"), "Ctrl+S", p.keep)))
	p.side = container.NewBorder(nil, container.New(column{}, fynewidget.NewSeparator(), foot), nil, nil, scroll)
	scroll.Content = margins(form)

	p.heading = widget.NewNote("")
	p.gallery = fynewidget.NewGridWrap(func() int { return len(p.order) }, func() fyne.CanvasObject { return newChannelCard() }, func(i int, o fyne.CanvasObject) {
		if i < len(p.order) {
			c := p.order[i]
			o.(*channelCard).show(p.w.frame.thumb(c), c, p.drawn.Channels[c].Share)
		}
	})
	p.gallery.OnSelected = func(i int) {
		if i < len(p.order) {
			p.choose(p.order[i])
		}
	}
	p.under = container.NewBorder(container.New(&insets{grid, grid, grid, grid}, p.heading), nil, nil, nil, p.gallery)
	p.use(toolPaint)

	for name, o := range map[string]fyne.CanvasObject{"undo": p.undo, "redo": p.redo, "reset": p.reset, "save": p.keep, "gallery": p.gallery} {
		w.trace.name(control{name: "explore." + name, o: o, when: front})
	}
	for name, o := range map[string]fyne.CanvasObject{"model": p.model, "tool": p.tools, "value": p.value, "size": p.radius, "zero": p.zero, "only": p.only, "invert": p.invert,
		"back": p.back, "scale": p.scale, "bits": p.bits, "strongest": p.strongest, "directions": p.directions, "noise": p.noise, "skips": p.skips, "take": p.take, "digit": p.digit} {
		w.trace.name(control{name: "explore." + name, o: o, in: scroll, when: front})
	}
	return p
}

func (p *channelsPart) title() string               { return lang.L("Channels") }
func (p *channelsPart) settings() fyne.CanvasObject { return p.side }
func (p *channelsPart) middle() fyne.CanvasObject   { return nil }
func (p *channelsPart) below() fyne.CanvasObject    { return p.under }
func (p *channelsPart) sideways() bool              { return true }
func (p *channelsPart) share() float64              { return 0.75 }
func (p *channelsPart) begun() bool                 { return p.w.frame.Explore.Version != 0 }

// choose takes a channel in hand.
func (p *channelsPart) choose(c int) {
	if c == p.chosen {
		return
	}
	p.chosen = c
	p.valued = 0
	p.w.setLook(func(l *session.Look) { l.Channel = c + 1 })
	p.show(p.w.frame)
}

// use takes a tool in hand.
func (p *channelsPart) use(tool int) {
	p.tool = tool
	p.tools.SetSelected(tool)
	p.marked = image.Rectangle{}
	visible(p.brush, tool == toolPaint)
	visible(p.taking, tool == toolTake)
	p.explain(p.drawn.Other)
	p.outline()
	p.hands()
	if p.inFront && p.drawn.Version != 0 {
		p.w.panes[session.PaneLatent].SetFigure(p.latentFigure(p.drawn))
	}
	p.w.trace.setting("explore.tool", tool)
	if p.side != nil {
		p.side.Refresh()
	}
}

// explain says what the tool does; other is the picture that is borrowed from.
func (p *channelsPart) explain(other string) {
	text := ""
	switch p.tool {
	case toolLook:
		text = lang.L("Drag the pictures to move them. Over a cell, the part of the picture that it sees lights up; over the picture, the cells that see it.")
	case toolPaint:
		text = lang.L("Paint on the channel: the picture follows. Alt rubs out.")
	case toolMove:
		text = lang.L("Mark a part of a picture, then drag it elsewhere. With Alt it is copied.")
	case toolTake:
		text = lang.L("Choose another picture, or drop it on the window. Then mark a part of this one: it gets the code that the other has there.")
		if other != "" {
			text = lang.L("Mark a part of the picture: it gets the code that {{.Name}} has there.", map[string]any{"Name": ending(other, 30)})
		}
	}
	p.how.Say(widget.StatusInfo, text)
}

// values says how far the numbers of the channel in hand reach, as they are decoded.
func (p *channelsPart) values(f frame) string {
	if f.Explore.Opening {
		return "—"
	}
	c := f.Explore.Channels[p.chosen]
	least, greatest := c.Low, c.High
	if f.Explore.Changed > 0 {
		least, greatest = f.reach[0], f.reach[1]
	}
	low, high := widget.FormatNumber(float64(least), 3), widget.FormatNumber(float64(greatest), 3)
	if least == greatest {
		return low
	}
	return lang.L("{{.Low}} to {{.High}}", map[string]any{"Low": low, "High": high})
}

// latentFigure is what stands under the channel: at first what can be done with it.
func (p *channelsPart) latentFigure(ex session.Explore) string {
	if p.tool == toolPaint && !ex.Opening && ex.Undo+ex.Redo == 0 {
		return lang.L("Drag over it to paint")
	}
	return fmt.Sprintf("%d × %d × %d", ex.Latent.Shape[2], ex.Latent.Shape[1], len(ex.Channels))
}

func (p *channelsPart) pointed() { p.outline() }

// takes makes a picture that is dropped while code is borrowed the one that it is borrowed from.
func (p *channelsPart) takes(paths []string) bool {
	if p.tool != toolTake || len(paths) != 1 || noPicture(paths) != "" || p.drawn.Version == 0 || p.drawn.Opening {
		return false
	}
	p.w.session.OpenOther(paths[0])
	return true
}

func (p *channelsPart) turned() {
	if p.w.explore == nil {
		return
	}
	p.hands()
	on := p.w.explore.front(p)
	if on == p.inFront {
		return
	}
	p.inFront, p.thumbs = on, nil
	p.w.session.ShowChannels(on)
	p.w.seen()
	// Other pages show the channel that was chosen there.
	channel := p.outside
	if on {
		p.outside, channel = p.w.view.look.Channel, max(p.chosen, 0)+1
	}
	p.w.setLook(func(l *session.Look) { l.Channel = channel })
}

func (p *channelsPart) save() { p.w.savePane(session.PaneResult) }

// hands lets the panes be painted on, or not.
func (p *channelsPart) hands() {
	w := p.w
	on := w.explore != nil && w.explore.front(p)
	for i, pane := range w.panes {
		pane.Paint = nil
		switch {
		case !on || p.drawn.Opening:
		case p.tool == toolPaint && session.Pane(i) == session.PaneLatent:
			pane.Paint = p.paint
		case p.tool == toolMove || p.tool == toolTake && p.drawn.Other != "":
			pane.Paint = p.mark
		}
	}
	if !on {
		for _, pane := range w.panes {
			pane.SetOutlines()
		}
	}
}

// paint paints on the channel.
func (p *channelsPart) paint(s widget.Stroke) {
	if s.Phase == widget.StrokeBegun {
		p.copied, p.penX, p.penY = s.Other, s.X, s.Y
	}
	if s.Phase == widget.StrokeEnded {
		p.w.session.EndStroke()
		return
	}
	b := session.Pen{Value: float32(p.value.Value()), Radius: p.radius.Value(), Restore: p.rubber.Checked || p.copied}
	p.w.session.Paint(p.chosen, b, p.penX, p.penY, s.X, s.Y)
	p.penX, p.penY = s.X, s.Y
}

// mark marks a rectangle, or carries it elsewhere.
func (p *channelsPart) mark(s widget.Stroke) {
	at := image.Pt(int(math.Floor(s.X)), int(math.Floor(s.Y)))
	width, height := p.w.linked.Picture()
	switch s.Phase {
	case widget.StrokeBegun:
		p.from, p.shift, p.copied = at, image.Point{}, s.Other
		p.dragging = p.tool == toolMove && at.In(p.marked)
		if !p.dragging {
			p.marked = image.Rectangle{}
		}
	case widget.StrokeMoved:
		if p.dragging {
			p.shift = at.Sub(p.from)
		} else {
			p.marked = image.Rectangle{p.from, at}.Canon().Intersect(image.Rect(0, 0, width, height))
		}
	case widget.StrokeEnded:
		switch {
		case p.dragging && p.shift != image.Point{}:
			p.w.session.MoveCode(p.marked, p.marked.Min.Add(p.shift), p.copied)
			p.marked = p.marked.Add(p.shift)
		case p.tool == toolTake && !p.marked.Empty():
			p.w.session.TakeCode(p.marked)
		}
		p.dragging, p.shift = false, image.Point{}
	}
	p.outline()
}

// outline marks what is chosen, or what belongs to what is under the pointer.
func (p *channelsPart) outline() {
	w := p.w
	if w.explore == nil || !w.explore.front(p) {
		return
	}
	var marks [4][]widget.Outline
	for _, r := range w.frame.Explore.WildAt {
		marks[session.PaneResult] = append(marks[session.PaneResult], widget.Outline{Rect: r, Ink: fynetheme.ColorNameError})
	}
	each := func(r image.Rectangle, ink fyne.ThemeColorName) {
		for i := range marks {
			marks[i] = append(marks[i], widget.Outline{Rect: r, Ink: ink})
		}
	}
	if !p.marked.Empty() {
		each(p.marked, fynetheme.ColorNamePrimary)
		if p.dragging {
			each(p.marked.Add(p.shift), fynetheme.ColorNamePrimary)
		}
	}
	ex := w.frame.Explore
	if x, y, ok := w.linked.Pointer(); ok && ex.Version != 0 && p.marked.Empty() {
		n := ex.Cell
		cell := image.Rect(x/n*n, y/n*n, x/n*n+n, y/n*n+n)
		if w.linked.Over() == w.panes[session.PaneLatent] {
			marks[session.PaneLatent] = append(marks[session.PaneLatent], p.brushAt(cell, n))
			sees := widget.Outline{Rect: ex.Sees(x/n, y/n), Ink: fynetheme.ColorNamePrimary}
			marks[session.PaneOriginal] = append(marks[session.PaneOriginal], sees)
			marks[session.PaneResult] = append(marks[session.PaneResult], widget.Outline{Rect: ex.Reaches(x/n, y/n), Ink: theme.ColorNameMarker})
		} else {
			cells := ex.SeenBy(x, y)
			marks[session.PaneLatent] = append(marks[session.PaneLatent], widget.Outline{Rect: image.Rectangle{cells.Min.Mul(n), cells.Max.Mul(n)}, Ink: fynetheme.ColorNamePrimary})
		}
	}
	for i, pane := range w.panes {
		pane.SetOutlines(marks[i]...)
	}
}

// brushAt is what the tool would change.
func (p *channelsPart) brushAt(cell image.Rectangle, n int) widget.Outline {
	if p.tool == toolPaint {
		reach := int(math.Ceil(p.radius.Value()-0.5)) * n
		cell = cell.Inset(-reach)
	}
	return widget.Outline{Rect: cell, Ink: fynetheme.ColorNamePrimary}
}

// show writes a state into the controls.
func (p *channelsPart) show(f frame) {
	old, ex := p.drawn, f.Explore
	moved := !slices.Equal(p.order, ex.Order)
	p.drawn, p.order = ex, ex.Order // both, since the gallery may be drawn at any time
	w := p.w
	w.showExploredModel(f, p.model, p.about)
	open := ex.Version != 0 && !ex.Opening
	for _, b := range []fyne.Disableable{p.zero, p.only, p.invert, p.back, p.scale, p.keep, p.noise, p.bits, p.strongest, p.directions, p.value, p.radius, p.pin} {
		enable(b, open)
	}
	visible(p.digit, ex.Drawn)
	enable(p.undo, ex.Undo > 0)
	enable(p.redo, ex.Redo > 0)
	enable(p.reset, ex.Undo > 0)
	if ex.Version == 0 {
		p.heading.Say(widget.StatusInfo, lang.L("The picture is being laid open…"))
		return
	}
	fresh := ex.Version != old.Version
	if fresh {
		p.pin.SetChecked(false)
		p.marked = image.Rectangle{}
	}
	if ex.Other != old.Other {
		p.explain(ex.Other)
		p.hands()
	}
	if fresh || ex.Opening != old.Opening {
		if fresh || p.chosen == old.Order[0] { // nobody has chosen
			p.chosen = -1
		}
		p.limits(ex)
		p.hands()
	}
	// What is measured goes on to be the first, unless somebody has chosen or begun.
	if old.Version == ex.Version && ex.Undo+ex.Redo == 0 && !p.pin.Checked && p.chosen == old.Order[0] && p.chosen != ex.Order[0] {
		p.chosen = -1
	}
	if p.chosen < 0 || p.chosen >= len(ex.Channels) {
		p.choose(ex.Order[0])
	}
	p.dials = ex.Dials
	p.noise.SetValue(ex.Dials.Noise)
	p.bits.SetValue(orMost(ex.Dials.Bits, 9))
	p.skips.SetValue(1 - ex.Dials.Skips)
	visible(p.dialled[2], ex.Connections > 0)
	p.strongest.SetValue(orMost(ex.Dials.Strongest, len(ex.Channels)))
	p.directions.SetValue(orMost(ex.Dials.Directions, max(2, ex.Directions)))
	p.steer.show(ex.Shares, f.DirectionsOf(ex.Model), ex.Dials.Steering, open)
	c := ex.Channels[p.chosen]
	p.channel.SetTitle(lang.L("Channel {{.Number}}", map[string]any{"Number": p.chosen + 1}))
	share := "—"
	if !math.IsNaN(c.Share) {
		share = percent(c.Share)
	}
	p.facts.Set(p.values(f), share)
	if open && p.valued != ex.Version {
		p.valued = ex.Version
		low, high := bounds(ex, p.chosen, false)
		room := max(high-low, 1e-3)
		p.value.Min, p.value.Max = float64(low-room), float64(high+room)
		p.value.SetValue(float64(high + room/2))
		p.value.Refresh()
	}
	if open {
		p.figures.Set(fmt.Sprintf("%.3g", ex.BitsPerPixel), widget.FormatCount(ex.Changed), fmt.Sprintf("%d ms", ex.Decoding.Milliseconds()))
	} else {
		p.figures.Set("—", "—", "—")
	}
	heading := lang.L("{{.Count}} channels of {{.Width}} × {{.Height}} cells, the one that contributes most first", map[string]any{
		"Count": widget.FormatCount(len(ex.Channels)), "Width": ex.Latent.Shape[2], "Height": ex.Latent.Shape[1]})
	switch {
	case len(ex.Channels) > 1 && ex.Latent.Shape[1]*ex.Latent.Shape[2] == 1:
		heading = lang.L("{{.Count}} channels of 1 cell, the one that contributes most first", map[string]any{"Count": widget.FormatCount(len(ex.Channels))})
	case len(ex.Channels) == 1:
		heading = lang.L("1 channel of {{.Width}} × {{.Height}} cells", map[string]any{"Width": ex.Latent.Shape[2], "Height": ex.Latent.Shape[1]})
	case ex.Measured < len(ex.Channels):
		heading = lang.L("{{.Count}} channels of {{.Width}} × {{.Height}} cells; what each contributes is being measured: {{.Done}}", map[string]any{
			"Count": widget.FormatCount(len(ex.Channels)), "Width": ex.Latent.Shape[2], "Height": ex.Latent.Shape[1], "Done": widget.FormatCount(ex.Measured)})
	}
	if ex.Opening {
		heading = lang.L("The picture is being laid open…")
	}
	if p.heading.Text() != heading {
		p.heading.Say(widget.StatusInfo, heading)
		p.under.Refresh() // it may have more lines
	}
	if drawn := thumbsOf(f); moved || drawn != p.thumbs || ex.Measured != old.Measured {
		p.thumbs = drawn
		p.gallery.Refresh()
	}
	if i := slices.Index(p.order, p.chosen); moved && i >= 0 {
		p.gallery.Select(i)
		p.gallery.ScrollToTop()
	}
	p.folds.settle(p.side, p.how, p.about, p.digit, p.brush, p.taking, p.dialled[0], p.dialled[1], p.dialled[2], p.steer.whole)
	p.outline()
}

// thumbsOf tells pictures of channels from others: nil before there are any.
func thumbsOf(f frame) **image.RGBA {
	if len(f.thumbs) == 0 {
		return nil
	}
	return &f.thumbs[0]
}

// limits fits the dials to a latent.
func (p *channelsPart) limits(ex session.Explore) {
	p.radius.SetValue(min(max(0.5, math.Round(float64(ex.Latent.Shape[2])/24)/2), p.radius.Max))
	n := len(ex.Channels)
	p.strongest.Max, p.strongest.Default = float64(max(2, n)), float64(max(2, n))
	d := max(2, ex.Directions)
	p.directions.Max, p.directions.Default = float64(d), float64(d)
	visible(p.dialled[0], n > 1)
	visible(p.dialled[1], ex.Directions > 1)
}

// orMost is a dial's value, where 0 stands for the most there is.
func orMost(v, most int) float64 {
	if v == 0 {
		return float64(most)
	}
	return float64(v)
}

// A channelCard is a channel in the gallery.
type channelCard struct {
	fynewidget.BaseWidget
	image *canvas.Image
	name  *fynewidget.Label
	whole *fyne.Container
}

func newChannelCard() *channelCard {
	c := &channelCard{image: &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScalePixels}, name: fynewidget.NewLabel("")}
	c.image.SetMinSize(fyne.NewSize(11*grid, 9*grid))
	c.name.Alignment, c.name.SizeName = fyne.TextAlignCenter, fynetheme.SizeNameCaptionText
	c.whole = container.New(column{gap: -grid}, c.image, c.name)
	c.ExtendBaseWidget(c)
	return c
}

func (c *channelCard) CreateRenderer() fyne.WidgetRenderer {
	return fynewidget.NewSimpleRenderer(c.whole)
}

func (c *channelCard) show(img image.Image, channel int, share float64) {
	if img == nil {
		img = image.NewUniform(color.Transparent)
	}
	text := fmt.Sprint(channel + 1)
	if !math.IsNaN(share) {
		text += "   " + percent(share)
	}
	c.picture(img, text)
}

// picture shows any picture with a word.
func (c *channelCard) picture(img image.Image, text string) {
	c.image.Image = img
	c.image.Refresh()
	c.name.SetText(text)
}
