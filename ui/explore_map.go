package ui

// This file is the part Map of the page Explore: pictures on a plane, and what lies between them.

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/imageio"
	"sieve/model/tensor"
	"sieve/ui/session"
	"sieve/ui/theme"
	"sieve/ui/widget"
)

// A mapPart is the part Map.
type mapPart struct {
	w    *window
	side fyne.CanvasObject

	model   *choice
	about   *widget.Note
	data    *choice
	method  *widget.Segmented
	state   *widget.Note
	tool    *widget.Segmented
	how     *widget.Note
	thumbs  *fynewidget.Check
	fog     *fynewidget.Check
	filter  *choice
	only    *fynewidget.Check
	worst   *fynewidget.Check
	adding  *fyne.Container
	draws   *fyne.Container // what is drawn by hand
	pad     *widget.Pad
	ends    [2]*choice
	name    *fynewidget.Entry
	keep    *fynewidget.Button
	groups  *widget.Section
	steer   *steerBox
	start   *widget.Note // what is steered
	steered *widget.Section
	export  *fynewidget.Button
	film    *fynewidget.Button
	folders []string // that were chosen

	whole  *fyne.Container
	atlas  *widget.Atlas
	here   *canvas.Image
	beside *canvas.Image // the nearest picture
	words  *fynewidget.Label
	legend *fyne.Container
	empty  *emptyState
	list   *fynewidget.GridWrap
	strip  *canvas.Image
	row    *fyne.Container // pictures along a direction
	along  []*alongCard
	named  *fynewidget.Label
	open   *fynewidget.Button
	under  fyne.CanvasObject
	four   [4]*channelCard // original, latent and reconstruction of the picture that was clicked, and what is lost
	seen   *fyne.Container

	chosen  []int // by hand, or the neighbours of the one that was clicked, or all by error
	byHand  bool
	listing bool // what is chosen is in front of the row and the strip
	marked  []bool
	classes map[string]bool // that are shown; nil: all
	drawn   session.Mapped
	beheld  *session.MapShown // in four
	hidden  int               // pictures that lie exactly on others
	over    uint64
	folds   folds
}

func newMapPart(w *window) *mapPart {
	p := &mapPart{w: w}
	scroll := w.newColumn()
	p.model = newModelChoice(w)
	p.about = widget.NewNote("")
	p.data = newChoice(p.pickData, nil, nil)
	p.data.PlaceHolder = lang.L("Choose pictures…")
	p.method = widget.NewSegmented(lang.L("PCA"), lang.L("t-SNE"))
	p.method.OnChanged = func(i int) { p.want(func(m *session.Mapping) { m.Method = methods[i] }) }
	p.state = widget.NewNote("")
	p.pad = widget.NewPad(session.DrawnSide)
	p.pad.OnChanged = func(pixels []float32) { w.session.DrawOnMap(session.DrawnSide, pixels) }
	p.draws = container.New(column{gap: grid}, p.pad, fynewidget.NewButtonWithIcon(lang.L("Wipe"), fynetheme.DeleteIcon(), p.pad.Clear))
	p.draws.Hide()
	draw := fynewidget.NewButtonWithIcon(lang.L("Draw…"), fynetheme.DocumentCreateIcon(), func() {
		visible(p.draws, !p.draws.Visible())
		p.side.Refresh()
		w.trace.stir()
	})
	add := fynewidget.NewButtonWithIcon(lang.L("Add…"), fynetheme.ContentAddIcon(), func() { w.pickFile(func(path string) { w.session.PutOnMap([]string{path}) }) })
	p.adding = row(widget.NewHint(lang.L("Puts a picture on the map, where the network finds it to be. Or drop some on the window"), "", add),
		widget.NewHint(lang.L("Draw a picture by hand, and see where on the map it goes. The other button rubs out"), "", draw))
	pictures := widget.NewSection(lang.L("Pictures"), p.model, p.about, widget.NewHint(lang.L("The pictures of the map. Photographs are made smaller first, 1024 pixels on the longer side, so that a folder takes minutes"), "", p.data), p.method, p.state, p.adding, p.draws)

	p.tool = widget.NewSegmented(lang.L("Look"), lang.L("Lasso"), lang.L("Walk"))
	p.tool.OnChanged = p.use
	p.how = widget.NewNote("")
	p.thumbs = fynewidget.NewCheck(lang.L("Small pictures"), func(bool) { p.draw(p.drawn) })
	p.thumbs.Checked = true
	p.fog = fynewidget.NewCheck(lang.L("Fog where nothing is known"), func(bool) { p.draw(p.drawn) })
	p.fog.Checked = true
	p.filter = newChoice(func(v string) {
		p.classes = nil
		if v != allClasses {
			p.classes = map[string]bool{v: true}
		}
		p.draw(p.drawn)
	}, []string{allClasses}, []string{lang.L("All labels")})
	p.filter.set(allClasses)
	p.only = fynewidget.NewCheck(lang.L("Only what is chosen"), func(bool) { p.draw(p.drawn) })
	p.worst = fynewidget.NewCheck(lang.L("List the worst reconstructed"), func(yes bool) { p.listWorst(yes) })
	view := widget.NewSection(lang.L("Tool"), p.tool, p.how, p.thumbs, p.fog, p.filter, p.only, p.worst)

	for k := range p.ends {
		p.ends[k] = newChoice(func(value string) { p.pickEnd(k, value) }, nil, nil)
		w.trace.name(control{name: "map.end" + string(rune('1'+k)), o: p.ends[k], in: scroll, when: p.front})
	}
	p.name = fynewidget.NewEntry()
	p.keep = fynewidget.NewButtonWithIcon(lang.L("Keep"), fynetheme.DocumentSaveIcon(), p.keepDirection)
	p.name.OnSubmitted = func(string) { p.keepDirection() }
	p.groups = widget.NewSection(lang.L("Direction"), widget.NewNote(lang.L("Leads from one group of pictures to another. A group is a label, or what is chosen on the map: by the lasso, or by clicks with Shift.")),
		widget.NewField(lang.L("From"), p.ends[0]), widget.NewField(lang.L("To"), p.ends[1]),
		container.NewBorder(nil, nil, nil, widget.NewHint(lang.L("Keeps the direction under this name: it can be applied to any picture, here and in Channels"), "Enter", p.keep), container.NewStack(p.name, newWheel(scroll))))
	p.steer = newSteerBox(w, scroll, "map", lang.L("σ is how much the pictures differ along a direction; beside it is its share of all that they differ by. Directions that were kept are counted in steps."), p.front, w.session.SteerMap, func(c session.Course) {
		if c != (session.Course{}) {
			w.session.FollowOnMap(c)
		}
	})
	p.start = widget.NewNote("")
	p.steered = widget.NewSection(lang.L("Along directions"), p.start, p.steer.whole)

	p.export = fynewidget.NewButtonWithIcon(lang.L("Export the map…"), fynetheme.DocumentSaveIcon(), p.save)
	p.film = fynewidget.NewButtonWithIcon(lang.L("Save the strip…"), fynetheme.DocumentSaveIcon(), func() {
		along := len(p.drawn.Along) > 0
		w.save(lang.L("Save the strip as a picture or an animation"), "way.png", endings{".png", ".gif"}, func(path string) { w.session.SaveWay(path, along) })
	})
	form := container.New(column{gap: 2 * grid}, pictures, view, p.groups, p.steered)
	p.side = container.NewBorder(nil, container.New(column{}, fynewidget.NewSeparator(), margins(container.New(column{gap: grid}, p.film,
		widget.NewHint(lang.L("Places, labels and errors as .csv, or the map as a picture"), "Ctrl+S", p.export)))), nil, nil, scroll)
	scroll.Content = margins(form)

	p.atlas = widget.NewAtlas(w.do)
	p.atlas.OnPointer = func(x, y float64, nearest int) { w.session.LookAtPlace(x, y) }
	p.atlas.OnTapped = p.tapped
	p.atlas.OnMark = func(i int) {
		if i < len(p.drawn.Dots) {
			w.session.ShowDotOnMap(i)
		}
	}
	p.atlas.OnLasso = func(chosen []int) {
		p.choose(chosen)
		p.byHand = true
		p.draw(p.drawn)
		p.showWay(p.drawn, p.drawn)
	}
	p.atlas.OnPath = w.session.WalkMap
	p.here, p.beside = &canvas.Image{FillMode: canvas.ImageFillContain}, &canvas.Image{FillMode: canvas.ImageFillContain}
	p.words = fynewidget.NewLabel("")
	p.words.SizeName = fynetheme.SizeNameCaptionText
	p.words.Wrapping = fyne.TextWrapWord
	p.legend = container.New(column{gap: -grid})
	p.empty = newEmptyState(func() {
		w.session.ExploreModel("digits")
		p.pickData("builtin:digits:2000")
	})
	p.empty.say(lang.L("A map of many pictures, by what a network makes of them"),
		lang.L("Choose or drop a folder of pictures, or begin with digits. Then move the pointer over the map: what lies there is drawn."),
		lang.L("Show drawn digits"), fynetheme.Icon(theme.IconNameExplore))
	corner := container.New(&cornerLayout{}, p.here, p.beside, p.words, container.NewVScroll(p.legend))
	p.whole = container.NewStack(p.empty.whole, container.NewBorder(nil, nil, nil, corner, p.atlas))
	p.whole.Hide()

	p.list = fynewidget.NewGridWrap(func() int { return len(p.chosen) }, func() fyne.CanvasObject { return newChannelCard() }, func(i int, o fyne.CanvasObject) {
		if i < len(p.chosen) && p.chosen[i] < len(p.drawn.Thumbs) {
			k := p.chosen[i]
			o.(*channelCard).picture(p.drawn.Thumbs[k], p.caption(k))
		}
	})
	p.list.OnSelected = func(i int) {
		if i < len(p.chosen) {
			w.session.ShowOnMap(p.chosen[i])
		}
	}
	p.named = fynewidget.NewLabel("")
	p.named.Truncation = fyne.TextTruncateEllipsis
	p.strip = &canvas.Image{FillMode: canvas.ImageFillContain}
	p.strip.SetMinSize(fyne.NewSize(0, 12*grid))
	p.seen = container.NewHBox()
	for i := range p.four {
		p.four[i] = newChannelCard()
		p.four[i].image.SetMinSize(fyne.NewSize(14*grid, 12*grid))
		p.seen.Add(p.four[i])
	}
	p.seen.Add(fynewidget.NewSeparator())
	p.open = fynewidget.NewButtonWithIcon(lang.L("Open in Channels"), fynetheme.Icon(theme.IconNameExplore), func() {
		w.session.OpenFromMap()
		w.explore.turn(partChannels)
	})
	p.row = container.NewGridWithRows(1)
	p.under = container.NewBorder(container.NewBorder(nil, nil, nil, p.open, p.named), nil, p.seen, nil, container.NewStack(p.list, p.strip, p.row))
	p.use(0)

	w.trace.name(control{name: "map.pad", o: p.pad, in: scroll, when: func() bool { return p.front() && p.draws.Visible() }})
	for name, o := range map[string]fyne.CanvasObject{"model": p.model, "data": p.data, "method": p.method, "tool": p.tool, "name": p.name,
		"keep": p.keep, "draw": draw, "only": p.only, "worst": p.worst} {
		w.trace.name(control{name: "map." + name, o: o, in: scroll, when: p.front})
	}
	for name, o := range map[string]fyne.CanvasObject{"atlas": p.atlas, "start": p.empty.begin, "open": p.open, "export": p.export, "film": p.film, "list": p.list} {
		w.trace.name(control{name: "map." + name, o: o, when: p.front})
	}
	return p
}

var methods = [...]session.Method{session.MethodPCA, session.MethodTSNE}

// Values of lists that are no names.
const (
	allClasses = "*"
	mapFolder  = "folder"
	mapSet     = "set"
)

func (p *mapPart) front() bool                 { return p.w.explore != nil && p.w.explore.front(p) }
func (p *mapPart) title() string               { return lang.L("Map") }
func (p *mapPart) settings() fyne.CanvasObject { return p.side }
func (p *mapPart) middle() fyne.CanvasObject   { return p.whole }
func (p *mapPart) below() fyne.CanvasObject    { return p.under }
func (p *mapPart) sideways() bool              { return false }
func (p *mapPart) share() float64              { return 0.72 }
func (p *mapPart) begun() bool {
	return len(p.chosen) > 0 || p.drawn.Way != nil || p.drawn.Along != nil
}
func (p *mapPart) pointed() {}
func (p *mapPart) turned()  { p.w.session.ShowMap(p.front()) }

func (p *mapPart) save() {
	p.w.save(lang.L("Export the map as a picture or a table"), "map.png", endings{".png", ".csv"}, p.w.session.ExportMap)
}

// want changes what is to be laid out.
func (p *mapPart) want(f func(m *session.Mapping)) {
	m := p.w.frame.Map.Want
	if m.Method == "" {
		m = session.DefaultMapping
	}
	f(&m)
	p.w.session.SetMapping(m)
}

func (p *mapPart) pickData(value string) {
	switch value {
	case mapFolder:
		p.data.set(p.drawn.Want.Data)
		p.w.pickFolder(p.take)
	case mapSet:
		p.data.set(p.drawn.Want.Data)
		p.w.pickFile(p.take)
	default:
		p.want(func(m *session.Mapping) { m.Data = value })
	}
}

// take lays out a folder or a set.
func (p *mapPart) take(path string) {
	if !slices.Contains(p.folders, path) {
		p.folders = append(p.folders, path)
	}
	p.want(func(m *session.Mapping) { m.Data = path })
}

// takes lays out a folder or a set, and puts pictures on the map that is there.
func (p *mapPart) takes(paths []string) bool {
	if path := noPicture(paths); path != "" {
		p.take(path)
		return true
	}
	if p.drawn.Version == 0 {
		return false
	}
	p.w.session.PutOnMap(paths)
	return true
}

// use takes a tool in hand.
func (p *mapPart) use(i int) {
	p.tool.SetSelected(i)
	p.atlas.Tool = widget.AtlasTool(i)
	p.how.Say(widget.StatusInfo, [...]string{
		lang.L("Point anywhere: what lies there is drawn. Drag moves the map, the wheel zooms, a click shows a picture and its neighbours; with Shift it chooses."),
		lang.L("Draw round pictures to choose them."),
		lang.L("Draw a way: the pictures along it are decoded."),
	}[i])
	if p.side != nil {
		p.side.Refresh()
	}
}

// choose lists pictures.
func (p *mapPart) choose(chosen []int) {
	p.chosen, p.byHand, p.listing = chosen, false, len(chosen) > 0
	p.marked = make([]bool, len(p.drawn.Names))
	for _, i := range chosen {
		if i < len(p.marked) {
			p.marked[i] = true
		}
	}
	p.list.Refresh()
	p.list.ScrollToTop()
	p.w.showUnder()
	p.offerEnds(p.drawn)
}

// tapped looks at a picture; with Shift or Ctrl it is chosen, or no longer.
func (p *mapPart) tapped(_, _ float64, nearest int, add bool) {
	switch {
	case add && nearest >= 0:
		chosen := slices.Clone(p.chosen)
		if s := p.drawn.Shown; s != nil && p.clicked() { // neighbours were not chosen by hand
			chosen = nil
			if s.Index >= 0 {
				chosen = []int{s.Index}
			}
		}
		if i := slices.Index(chosen, nearest); i >= 0 {
			chosen = slices.Delete(chosen, i, i+1)
		} else {
			chosen = append(chosen, nearest)
		}
		p.choose(chosen)
		p.byHand = true
		p.draw(p.drawn)
		p.showWay(p.drawn, p.drawn)
	case !add:
		p.w.session.ShowOnMap(nearest)
	}
}

// clicked reports whether what is listed are the neighbours of the picture that is looked at.
func (p *mapPart) clicked() bool {
	return p.drawn.Shown != nil && !p.byHand && slices.Equal(p.chosen, neighbourhood(p.drawn.Shown))
}

// neighbourhood is a picture of the map and its neighbours.
func neighbourhood(s *session.MapShown) []int {
	if s.Index < 0 {
		return s.Neighbours
	}
	return append([]int{s.Index}, s.Neighbours...)
}

// Values of the lists of ends, beside labels.
const (
	endNone   = ""
	endChosen = "chosen"
	endGroup  = "group" // what was chosen before
	endLabel  = "label:"
)

// offerEnds lists what a direction can lead from and to.
func (p *mapPart) offerEnds(m session.Mapped) {
	for k, c := range p.ends {
		values, names := []string{endNone}, []string{lang.L("nothing yet")}
		if n := len(p.chosen); n > 0 {
			values, names = append(values, endChosen), append(names, lang.L("what is chosen: {{.Pictures}}", map[string]any{"Pictures": countPictures(n)}))
		}
		for _, l := range m.Classes[:min(len(m.Classes), 50)] {
			values, names = append(values, endLabel+l), append(names, l)
		}
		at := endNone
		if len(m.Ends[k]) > 0 {
			if at = p.label(m, m.Ends[k]); at == endGroup {
				values, names = append(values, at), append(names, countPictures(len(m.Ends[k])))
			}
		}
		c.offer(values, names)
		c.set(at)
	}
	enable(p.keep, len(m.Ends[0]) > 0 && len(m.Ends[1]) > 0)
}

// label is the value for all pictures of one label, or endGroup.
func (p *mapPart) label(m session.Mapped, group []int) string {
	l := m.Labels[group[0]]
	if l != "" && slices.Equal(group, labelled(m, l)) {
		return endLabel + l
	}
	return endGroup
}

// labelled are all pictures of a label.
func labelled(m session.Mapped, label string) (all []int) {
	for i, l := range m.Labels {
		if l == label {
			all = append(all, i)
		}
	}
	return all
}

// pickEnd makes pictures one end of the direction.
func (p *mapPart) pickEnd(k int, value string) {
	label, all := strings.CutPrefix(value, endLabel)
	switch {
	case all:
		p.w.session.SetMapEnd(k, labelled(p.drawn, label))
	case value == endChosen:
		p.w.session.SetMapEnd(k, p.chosen)
	case value == endNone:
		p.w.session.SetMapEnd(k, nil)
	}
}

// keepDirection keeps the direction under the name that was typed, or the one that is offered.
func (p *mapPart) keepDirection() {
	name := strings.TrimSpace(p.name.Text)
	if name == "" {
		name = p.name.PlaceHolder
	}
	p.w.session.KeepMapDirection(name)
	p.name.SetText("")
}

// offerName proposes a name for the direction.
func (p *mapPart) offerName(m session.Mapped) {
	name := lang.L("Name of the direction")
	if len(m.Ends[0]) > 0 && len(m.Ends[1]) > 0 {
		var ends [2]string
		for k := range ends {
			ends[k] = strings.TrimPrefix(p.label(m, m.Ends[k]), endLabel)
			if ends[k] == endGroup {
				ends[k] = countPictures(len(m.Ends[k]))
			}
		}
		name = lang.L("{{.From}} to {{.To}}", map[string]any{"From": ends[0], "To": ends[1]})
	}
	if p.name.PlaceHolder != name {
		p.name.SetPlaceHolder(name)
	}
}

// listWorst lists all pictures, the worst reconstructed first.
func (p *mapPart) listWorst(yes bool) {
	var all []int
	if yes {
		for i := range p.drawn.Names {
			all = append(all, i)
		}
		slices.SortStableFunc(all, func(a, b int) int {
			switch x, y := p.drawn.Errors[a], p.drawn.Errors[b]; {
			case x > y:
				return -1
			case x < y:
				return 1
			}
			return 0
		})
		all = all[:min(len(all), 200)]
	}
	p.choose(all)
	p.draw(p.drawn)
	p.showWay(p.drawn, p.drawn)
}

func (p *mapPart) caption(i int) string {
	text := fmt.Sprintf("%.1f dB", -10*math.Log10(math.Max(float64(p.drawn.Errors[i]), 1e-10)))
	if l := p.drawn.Labels[i]; l != "" {
		text = l + "   " + text
	}
	return text
}

// show writes a state into the controls.
func (p *mapPart) show(f frame) {
	m, old := f.Map, p.drawn
	p.w.showExploredModel(f, p.model, p.about)
	values, names := []string{"builtin:digits:2000", "builtin:letters:2000"}, []string{lang.L("2000 drawn digits"), lang.L("2000 drawn letters")}
	for _, path := range p.folders {
		values, names = append(values, path), append(names, filepath.Base(path))
	}
	p.data.offer(append(values, mapFolder, mapSet), append(names, lang.L("A folder of pictures…"), lang.L("A file of digits…")))
	p.data.set(m.Want.Data)
	p.method.SetSelected(max(0, slices.Index(methods[:], m.Want.Method)))
	state, level := "", widget.StatusInfo
	switch {
	case m.Why.Key != "":
		state, level = said(m.Why), widget.StatusWarning
	case m.Pending && m.Of > 0:
		state = lang.L("{{.Done}} of {{.All}} pictures looked at", map[string]any{"Done": widget.FormatCount(m.Done), "All": widget.FormatCount(m.Of)})
	case m.Version == 0:
	case m.Steps > 0 && m.Step < m.Steps:
		state = lang.L("t-SNE: step {{.Step}} of {{.Steps}}", map[string]any{"Step": widget.FormatCount(m.Step), "Steps": widget.FormatCount(m.Steps)})
	case len(m.Skipped) > 0:
		state = lang.L("{{.Count}} pictures; {{.Bad}} cannot be read: {{.Why}}", map[string]any{"Count": widget.FormatCount(len(m.Names)), "Bad": widget.FormatCount(len(m.Skipped)), "Why": someOf(m.Skipped)})
	default:
		state = countPictures(len(m.Names))
		if p.hidden > 0 {
			state += ". " + lang.L("{{.Count}} of them lie exactly on others.", map[string]any{"Count": widget.FormatCount(p.hidden)})
		}
		if !m.Decodes {
			state += ". " + lang.L("Places are not decoded: pictures differ in size, or the decoder needs more than the latent.")
		}
	}
	p.state.Say(level, state)
	visible(p.empty.whole, m.Version == 0)
	visible(p.whole.Objects[1], m.Version != 0)
	enable(p.export, m.Version != 0)
	enable(p.film, len(m.Way) > 0 || len(m.Along) > 0)
	p.drawn = m
	if m.Moved != old.Moved && m.Step == m.Steps { // they rest
		p.hidden = covered(m.Points)
	}
	if m.Version != old.Version {
		p.atlas.Fit()
		p.classes = nil
		p.worst.Checked = false
		values, names := []string{allClasses}, []string{lang.L("All labels")}
		for _, c := range m.Classes[:min(len(m.Classes), 50)] {
			values, names = append(values, c), append(names, c)
		}
		p.filter.offer(values, names)
		p.filter.set(allClasses)
		p.showLegend(m)
		p.only.Checked = false
		p.choose(nil)
		p.draw(m)
	} else if m.Moved != old.Moved || !slices.EqualFunc(m.Dots, old.Dots, func(a, b session.MapDot) bool { return a.X == b.X && a.Y == b.Y }) {
		p.draw(m)
	}
	visible(p.filter, len(m.Classes) > 1)
	if m.Here.Serial != p.over {
		p.over = m.Here.Serial
		p.showHere(m)
	}
	if m.Here.Steered != old.Here.Steered || m.Here.Steered && m.Here.Serial != old.Here.Serial {
		p.draw(m)
	}
	if m.Shown != old.Shown {
		if m.Shown != nil {
			p.choose(neighbourhood(m.Shown))
		} else if !p.byHand {
			p.choose(nil)
		}
		p.draw(m)
	}
	p.showWay(m, old)
	if m.Version != old.Version || !slices.Equal(m.Ends[0], old.Ends[0]) || !slices.Equal(m.Ends[1], old.Ends[1]) {
		p.offerEnds(m)
		p.offerName(m)
	}
	p.steer.show(m.Shares, f.DirectionsOf(f.Explore.Model), m.Steering, m.Version != 0)
	start := lang.L("From the mean of all pictures. Click one to begin there.")
	if m.Shown != nil {
		start = lang.L("From {{.Name}}.", map[string]any{"Name": ending(p.called(m.Shown), 30)})
	}
	p.start.Say(widget.StatusInfo, start)
	for _, o := range []fyne.CanvasObject{p.groups, p.steered, p.adding} {
		visible(o, m.Version != 0)
	}
	visible(p.draws, p.draws.Visible() && m.Version != 0)
	enable(p.name, len(m.Ends[0]) > 0 && len(m.Ends[1]) > 0)
	p.w.trace.setting("map.ends", fmt.Sprint(len(m.Ends[0]), " ", len(m.Ends[1])))
	p.w.trace.setting("map.dots", len(m.Dots))
	p.folds.settle(p.side, p.how, p.about, p.state, p.filter, p.adding, p.groups, p.steered, p.start, p.steer.whole)
	p.w.trace.setting("map.count", len(m.Names))
	p.w.trace.setting("map.step", m.Step)
}

// draw shows the points.
func (p *mapPart) draw(m session.Mapped) {
	if m.Version == 0 || len(m.Points) == 0 {
		return
	}
	d := widget.AtlasData{Points: m.Points, Inks: make([]color.NRGBA, len(m.Names)), Chosen: p.marked, PointLow: m.Low, PointHigh: m.High}
	for i, c := range m.Class {
		d.Inks[i] = classInk(c)
	}
	if p.thumbs.Checked {
		d.Thumbs = m.Thumbs
	}
	if only := p.only.Checked && len(p.chosen) > 0; p.classes != nil || only {
		d.Hidden = make([]bool, len(m.Names))
		for i, l := range m.Labels {
			d.Hidden[i] = p.classes != nil && !p.classes[l] || only && !p.marked[i]
		}
	}
	if p.fog.Checked && m.Fog != nil {
		d.Fog, d.FogCols, d.FogLow, d.FogHigh = m.Fog.Support, m.Fog.Cols, m.Fog.Low, m.Fog.High
	}
	for _, dot := range m.Dots {
		d.Marks = append(d.Marks, widget.AtlasMark{X: dot.X, Y: dot.Y, Ink: fynetheme.ColorNamePrimary})
	}
	if h := m.Here; h.Steered && m.Steering != (session.Steering{}) {
		d.Marks = append(d.Marks, widget.AtlasMark{X: h.X, Y: h.Y, Ink: fynetheme.ColorNameWarning})
	}
	if s := m.Shown; s != nil && s.Index >= 0 && 2*s.Index+1 < len(m.Points) {
		d.Marks = append(d.Marks, widget.AtlasMark{X: float64(m.Points[2*s.Index]), Y: float64(m.Points[2*s.Index+1]), Ink: theme.ColorNameMarker})
	}
	p.atlas.SetData(d)
}

// classInks are colours that people with any eyes tell apart as well as can be (Okabe and Ito 2008, and lighter and
// darker ones of them).
var classInks = []color.NRGBA{
	{0x56, 0xb4, 0xe9, 255}, {0xe6, 0x9f, 0x00, 255}, {0x00, 0x9e, 0x73, 255}, {0xf0, 0xe4, 0x42, 255}, {0xcc, 0x79, 0xa7, 255},
	{0xd5, 0x5e, 0x00, 255}, {0x00, 0x72, 0xb2, 255}, {0x9a, 0x9a, 0x9a, 255}, {0xb3, 0xde, 0x69, 255}, {0x8c, 0x6b, 0xb1, 255},
}

// classInk is the colour of a label; that of pictures without one is the accent's.
func classInk(class int) color.NRGBA {
	if class < 0 {
		return classInks[0]
	}
	return classInks[class%len(classInks)]
}

// showLegend lists labels and their colours.
func (p *mapPart) showLegend(m session.Mapped) {
	p.legend.RemoveAll()
	if len(m.Classes) > 1 && len(m.Classes) <= 2*len(classInks) {
		for i, c := range m.Classes {
			swatch := canvas.NewRectangle(classInk(i))
			swatch.SetMinSize(fyne.NewSquareSize(1.5 * grid))
			name := fynewidget.NewLabel(c)
			name.Truncation, name.SizeName = fyne.TextTruncateEllipsis, fynetheme.SizeNameCaptionText
			p.legend.Add(container.NewBorder(nil, nil, container.NewCenter(swatch), nil, name))
		}
	}
	p.legend.Refresh()
}

// showHere shows what lies under the pointer.
func (p *mapPart) showHere(m session.Mapped) {
	h := m.Here
	known := h.Serial != 0 // not on a map that is new
	p.here.Image, p.beside.Image = pictureOf(h.Picture), nil
	if known && h.Nearest < len(m.Thumbs) {
		p.beside.Image = m.Thumbs[h.Nearest]
	}
	for _, o := range []*canvas.Image{p.here, p.beside} {
		o.ScaleMode = canvas.ImageScaleFastest
		if o.Image != nil && o.Image.Bounds().Dx() < 64 {
			o.ScaleMode = canvas.ImageScalePixels
		}
		o.Refresh()
	}
	if !known {
		p.words.SetText("")
		return
	}
	text := lang.L("Nearest: {{.Name}}", map[string]any{"Name": ending(mapName(m.Names[h.Nearest]), 20)}) + "\n" +
		lang.L("Pictures near: {{.Count}}", map[string]any{"Count": widget.FormatNumber(h.Support, 2)})
	if !math.IsNaN(h.RoundTrip) {
		if h.RoundTrip > 2 {
			text += "\n" + lang.L("What is drawn lies elsewhere when it is looked at again: do not trust it.")
		} else {
			text += "\n" + lang.L("What is drawn lies here when it is looked at again.")
		}
	}
	p.words.SetText(text)
	p.w.trace.event("here", "nearest", h.Nearest, "decoded", h.Picture != nil)
}

// countPictures says how many pictures there are.
func countPictures(n int) string {
	if n == 1 {
		return lang.L("1 picture")
	}
	return lang.L("{{.Count}} pictures", map[string]any{"Count": widget.FormatCount(n)})
}

// called is what the picture that is looked at is called.
func (p *mapPart) called(s *session.MapShown) string {
	if s.Name == "" {
		return lang.L("Drawing")
	}
	return mapName(s.Name)
}

// showWay shows the pictures of a way or along a direction, or those that are chosen.
func (p *mapPart) showWay(m, old session.Mapped) {
	led := len(m.Along) != len(old.Along) || len(m.Along) > 0 && &m.Along[0] != &old.Along[0]
	walked := len(m.Way) != len(old.Way) || len(m.Way) > 0 && m.Way[0] != old.Way[0]
	if led && len(m.Along) > 0 || walked && len(m.Way) > 0 {
		p.listing = false
	}
	row, strip := len(m.Along) > 0 && !p.listing, len(m.Way) > 0 && !p.listing
	name := ""
	clicked := false
	switch {
	case row:
		name = courseName(m.AlongOf)
	case strip:
		name = lang.L("Pictures along the way")
	case len(p.chosen) > 0:
		name = countPictures(len(p.chosen))
		if clicked = p.clicked(); clicked {
			name = lang.L("{{.Name}} and its nearest neighbours in the latent", map[string]any{"Name": p.called(m.Shown)})
		}
	}
	p.named.SetText(name)
	visible(p.seen, clicked)
	visible(p.open, clicked)
	if clicked && p.beheld != m.Shown {
		p.beheld = m.Shown
		p.showFour(m.Shown.Panes)
	}
	visible(p.row, row)
	visible(p.strip, strip)
	p.atlas.ShowPath(strip)
	visible(p.list, !row && !strip)
	if walked {
		p.strip.Image = nil
		if len(m.Way) > 0 {
			p.strip.Image = imageio.ToRGBA(nil, session.FilmStrip(m.Way, len(m.Way)))
		}
		p.strip.ScaleMode = canvas.ImageScalePixels
		p.strip.Refresh()
		p.w.showUnder()
	}
	if led {
		p.showAlong(m)
		p.w.showUnder()
	}
}

// showFour shows a picture, its latent, its reconstruction and what is lost.
func (p *mapPart) showFour(panes session.Panes) {
	latent, _ := drawLatent(panes.Latent, session.Look{Map: p.w.view.look.Map, Common: panes.Latent.Shape[1]*panes.Latent.Shape[2] == 1})
	lost := tensor.New(panes.Original.Shape...)
	for i, v := range panes.Original.Data {
		lost.Data[i] = min(max(0.5+v-panes.Result.Data[i], 0), 1)
	}
	for i, s := range []struct {
		img  image.Image
		word string
	}{{pictureOf(panes.Original), lang.L("Original")}, {latent, lang.L("Latent")}, {pictureOf(panes.Result), lang.L("Reconstruction")}, {pictureOf(lost), lang.L("What is lost")}} {
		p.four[i].picture(s.img, s.word)
	}
}

// courseName says what pictures lie along.
func courseName(c session.Course) string {
	switch {
	case c.Groups:
		return lang.L("From the mean of one group, at 0, to that of the other, at 1; the nearest pictures below")
	case c.Kept != nil:
		return lang.L("Along “{{.Name}}”, in steps; the nearest picture under each", map[string]any{"Name": c.Kept.Name})
	}
	return lang.L("Along principal direction {{.Number}}, in standard deviations; the nearest picture under each", map[string]any{"Number": c.Sigma})
}

// showAlong shows the pictures along a direction.
func (p *mapPart) showAlong(m session.Mapped) {
	for len(p.along) < len(m.Along) {
		c := newAlongCard()
		p.along = append(p.along, c)
		p.row.Add(c)
	}
	for i, c := range p.along {
		visible(c, i < len(m.Along))
		if i < len(m.Along) {
			c.show(m.Along[i], m.AlongOf, m.Thumbs)
		}
	}
	p.row.Refresh()
}

// covered is how many points lie exactly where one before them does.
func covered(points []float32) (count int) {
	taken := map[[2]float32]bool{}
	for i := 0; i+1 < len(points); i += 2 {
		at := [2]float32{points[i], points[i+1]}
		if taken[at] {
			count++
		}
		taken[at] = true
	}
	return count
}

// someOf is the first of several sentences, and how many follow.
func someOf(sentences []string) string {
	const most = 3
	text := strings.Join(sentences[:min(most, len(sentences))], " ")
	if more := len(sentences) - most; more > 0 {
		text += " " + lang.L("and {{.Count}} more", map[string]any{"Count": widget.FormatCount(more)})
	}
	return text
}

// mapName is what a picture of a map is called.
func mapName(name string) string { return strings.TrimPrefix(filepath.Base(name), "builtin:") }

// An alongCard is a picture along a direction: what is decoded there, the nearest that there is, and how many are near.
type alongCard struct {
	fynewidget.BaseWidget
	made, near *canvas.Image
	at, words  *fynewidget.Label
}

func newAlongCard() *alongCard {
	c := &alongCard{at: fynewidget.NewLabel(""), words: fynewidget.NewLabel("")}
	for _, o := range []**canvas.Image{&c.made, &c.near} {
		*o = &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScalePixels}
	}
	for _, l := range []*fynewidget.Label{c.at, c.words} {
		l.Alignment, l.SizeName, l.Truncation = fyne.TextAlignCenter, fynetheme.SizeNameCaptionText, fyne.TextTruncateEllipsis
	}
	c.ExtendBaseWidget(c)
	return c
}

func (c *alongCard) CreateRenderer() fyne.WidgetRenderer {
	return fynewidget.NewSimpleRenderer(container.New(alongLayout{}, c.made, c.near, c.at, c.words))
}

func (c *alongCard) show(a session.AlongStep, of session.Course, thumbs []*image.RGBA) {
	c.made.Image, c.near.Image = pictureOf(a.Picture), nil
	if a.Nearest < len(thumbs) {
		c.near.Image = thumbs[a.Nearest]
	}
	c.made.Refresh()
	c.near.Refresh()
	at := widget.FormatNumber(a.At, 3)
	if of.Sigma > 0 {
		at += " σ"
	}
	c.at.SetText(at)
	c.words.SetText(lang.L("{{.Count}} near", map[string]any{"Count": widget.FormatCount(int(a.Support))}))
}

// alongLayout puts the picture that is decoded, where it is, the nearest one, and how many are near under one another.
type alongLayout struct{}

func (alongLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(6*grid, 18*grid) }

func (alongLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	words := o[2].MinSize().Height - grid // labels have room around them
	room := max(0, size.Height-2*words)
	upper := room * 0.66
	if o[0].(*canvas.Image).Image == nil {
		upper = 0
	}
	y := float32(0)
	for _, part := range []struct {
		o fyne.CanvasObject
		h float32
	}{{o[0], upper}, {o[2], words}, {o[1], room - upper}, {o[3], words}} {
		part.o.Move(fyne.NewPos(0, y))
		part.o.Resize(fyne.NewSize(size.Width, part.h))
		y += part.h
	}
}

// cornerLayout puts what lies under the pointer above the legend.
type cornerLayout struct{}

func (cornerLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(22*grid, 30*grid) }

func (cornerLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	w := size.Width - 2*grid
	x := float32(2 * grid)
	side := min(w, size.Height/3)
	put := func(o fyne.CanvasObject, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	put(o[0], 0, w, side)
	put(o[1], side+grid, 6*grid, 6*grid)
	words := float32(17 * grid)
	put(o[2], side+grid+6*grid, w, words)
	top := side + 7*grid + words
	put(o[3], top, w, max(0, size.Height-top-2*grid))
}
