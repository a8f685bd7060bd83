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
	worst   *fynewidget.Check
	first   *fynewidget.Button
	second  *fynewidget.Button
	ends    *widget.Note
	groups  *widget.Section
	export  *fynewidget.Button
	film    *fynewidget.Button
	folders []string // that were chosen

	whole   *fyne.Container
	atlas   *widget.Atlas
	here    *canvas.Image
	beside  *canvas.Image // the nearest picture
	words   *fynewidget.Label
	legend  *fyne.Container
	welcome *fyne.Container
	start   *fynewidget.Button
	list    *fynewidget.GridWrap
	strip   *canvas.Image
	named   *fynewidget.Label
	under   fyne.CanvasObject
	three   [3]*channelCard // original, latent and reconstruction of the picture that was clicked
	seen    *fyne.Container

	chosen  []int // by lasso, or the neighbours of the one that was clicked, or all by error
	marked  []bool
	classes map[string]bool // that are shown; nil: all
	drawn   session.Mapped
	over    uint64
	folds   folds
}

func newMapPart(w *window) *mapPart {
	p := &mapPart{w: w}
	p.model = newChoice(w.pickExplored, nil, nil)
	p.about = widget.NewNote("")
	p.data = newChoice(p.pickData, nil, nil)
	p.data.PlaceHolder = lang.L("Choose pictures…")
	p.method = widget.NewSegmented(lang.L("PCA"), lang.L("t-SNE"))
	p.method.OnChanged = func(i int) { p.want(func(m *session.Mapping) { m.Method = methods[i] }) }
	p.state = widget.NewNote("")
	pictures := widget.NewSection(lang.L("Pictures"), p.model, p.about, p.data, p.method, p.state)

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
	p.worst = fynewidget.NewCheck(lang.L("List the worst reconstructed"), func(yes bool) { p.listWorst(yes) })
	view := widget.NewSection(lang.L("Tool"), p.tool, p.how, p.thumbs, p.fog, p.filter, p.worst)

	p.first = fynewidget.NewButton(lang.L("Group 1"), func() { w.session.SetMapEnd(0, p.chosen) })
	p.second = fynewidget.NewButton(lang.L("Group 2"), func() { w.session.SetMapEnd(1, p.chosen) })
	p.ends = widget.NewNote("")
	p.groups = widget.NewSection(lang.L("Direction"), widget.NewHint(lang.L("What is chosen becomes a group. The way leads from the mean of the first to that of the second, and past both"), "", row(p.first, p.second)), p.ends)

	p.export = fynewidget.NewButtonWithIcon(lang.L("Export the map…"), fynetheme.DocumentSaveIcon(), p.save)
	p.film = fynewidget.NewButtonWithIcon(lang.L("Save the strip…"), fynetheme.DocumentSaveIcon(), func() {
		along := len(p.drawn.Along) > 0
		w.save(lang.L("Save the strip as a picture or an animation"), "way.png", endings{".png", ".gif"}, func(path string) { w.session.SaveWay(path, along) })
	})
	form := container.New(column{gap: 2 * grid}, pictures, view, p.groups)
	p.side = container.NewBorder(nil, container.New(column{}, fynewidget.NewSeparator(), margins(container.New(column{gap: grid}, p.film,
		widget.NewHint(lang.L("Places, labels and errors as .csv, or the map as a picture"), "Ctrl+S", p.export)))), nil, nil, container.NewVScroll(margins(form)))

	p.atlas = widget.NewAtlas(w.do)
	p.atlas.OnPointer = func(x, y float64, nearest int) { w.session.LookAtPlace(x, y) }
	p.atlas.OnTapped = func(x, y float64, nearest int) {
		if nearest >= 0 {
			w.session.ShowOnMap(nearest)
		}
	}
	p.atlas.OnLasso = func(chosen []int) {
		p.choose(chosen)
		p.draw(p.drawn)
	}
	p.atlas.OnPath = w.session.WalkMap
	p.here, p.beside = &canvas.Image{FillMode: canvas.ImageFillContain}, &canvas.Image{FillMode: canvas.ImageFillContain}
	p.words = fynewidget.NewLabel("")
	p.words.SizeName = fynetheme.SizeNameCaptionText
	p.words.Wrapping = fyne.TextWrapWord
	p.legend = container.New(column{gap: -grid})
	p.start = fynewidget.NewButtonWithIcon(lang.L("Show drawn digits"), fynetheme.Icon(theme.IconNameExplore), func() {
		w.session.ExploreModel("digits")
		p.pickData("builtin:digits:2000")
	})
	p.start.Importance = fynewidget.HighImportance
	p.welcome = container.NewCenter(container.NewVBox(
		fynewidget.NewLabelWithStyle(lang.L("A map of many pictures, by what a network makes of them"), fyne.TextAlignCenter, fyne.TextStyle{Bold: true}),
		fynewidget.NewLabelWithStyle(lang.L("Choose or drop a folder of pictures, or begin with digits. Then move the pointer over the map: what lies there is drawn."), fyne.TextAlignCenter, fyne.TextStyle{}),
		container.NewCenter(p.start)))
	corner := container.New(&cornerLayout{}, p.here, p.beside, p.words, container.NewVScroll(p.legend))
	p.whole = container.NewStack(p.welcome, container.NewBorder(nil, nil, nil, corner, p.atlas))
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
	for i := range p.three {
		p.three[i] = newChannelCard()
		p.seen.Add(p.three[i])
	}
	p.seen.Add(fynewidget.NewSeparator())
	p.under = container.NewBorder(p.named, nil, p.seen, nil, container.NewStack(p.list, p.strip))
	p.use(0)

	for name, o := range map[string]fyne.CanvasObject{"model": p.model, "data": p.data, "method": p.method, "tool": p.tool, "atlas": p.atlas, "start": p.start, "group1": p.first,
		"group2": p.second, "export": p.export, "film": p.film, "list": p.list} {
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
		lang.L("Point anywhere: what lies there is drawn. Drag moves the map, the wheel zooms, a click shows a picture and its neighbours."),
		lang.L("Draw round pictures to choose them."),
		lang.L("Draw a way: the pictures along it are decoded."),
	}[i])
	if p.side != nil {
		p.side.Refresh()
	}
}

// choose lists pictures.
func (p *mapPart) choose(chosen []int) {
	p.chosen = chosen
	p.marked = make([]bool, len(p.drawn.Names))
	for _, i := range chosen {
		if i < len(p.marked) {
			p.marked[i] = true
		}
	}
	p.list.Refresh()
	p.list.ScrollToTop()
	p.w.showUnder()
	enable(p.first, len(chosen) > 0)
	enable(p.second, len(chosen) > 0)
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
	values, names := []string{"builtin:digits:2000", "builtin:letters:2000"}, []string{lang.L("2,000 drawn digits"), lang.L("2,000 drawn letters")}
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
		state = lang.L("{{.Count}} pictures; {{.Bad}} cannot be read: {{.Why}}", map[string]any{"Count": widget.FormatCount(len(m.Names)), "Bad": widget.FormatCount(len(m.Skipped)), "Why": m.Skipped[0]})
	default:
		state = lang.L("{{.Count}} pictures", map[string]any{"Count": widget.FormatCount(len(m.Names))})
		if !m.Decodes {
			state += ". " + lang.L("Places are not decoded: pictures differ in size, or the decoder needs more than the latent.")
		}
	}
	p.state.Say(level, state)
	visible(p.welcome, m.Version == 0)
	visible(p.whole.Objects[1], m.Version != 0)
	enable(p.export, m.Version != 0)
	enable(p.film, len(m.Way) > 0 || len(m.Along) > 0)
	p.drawn = m
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
		p.choose(nil)
		p.draw(m)
	} else if m.Moved != old.Moved || len(m.Dots) != len(old.Dots) {
		p.draw(m)
	}
	visible(p.filter, len(m.Classes) > 1)
	if m.Here.Serial != p.over {
		p.over = m.Here.Serial
		p.showHere(m)
	}
	if m.Shown != old.Shown && m.Shown != nil {
		p.choose(append([]int{m.Shown.Index}, m.Shown.Neighbours...))
		p.draw(m)
	}
	p.showWay(m, old)
	ends := ""
	if n := [2]int{len(m.Ends[0]), len(m.Ends[1])}; n[0]+n[1] > 0 {
		ends = lang.L("{{.First}} pictures in group 1, {{.Second}} in group 2.", map[string]any{"First": widget.FormatCount(n[0]), "Second": widget.FormatCount(n[1])})
	}
	p.ends.Say(widget.StatusInfo, ends)
	visible(p.groups, m.Version != 0 && m.Decodes)
	enable(p.first, len(p.chosen) > 0)
	enable(p.second, len(p.chosen) > 0)
	p.folds.settle(p.side, p.how, p.about, p.state, p.filter, p.groups, p.ends)
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
	if p.classes != nil {
		d.Hidden = make([]bool, len(m.Names))
		for i, l := range m.Labels {
			d.Hidden[i] = !p.classes[l]
		}
	}
	if p.fog.Checked && m.Fog != nil {
		d.Fog, d.FogCols, d.FogLow, d.FogHigh = m.Fog.Support, m.Fog.Cols, m.Fog.Low, m.Fog.High
	}
	for _, dot := range m.Dots {
		d.Marks = append(d.Marks, widget.AtlasMark{X: dot.X, Y: dot.Y, Ink: fynetheme.ColorNamePrimary})
	}
	if s := m.Shown; s != nil && 2*s.Index+1 < len(m.Points) {
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
	p.here.Image = pictureOf(h.Picture)
	if h.Nearest < len(m.Thumbs) {
		p.beside.Image = m.Thumbs[h.Nearest]
	}
	for _, o := range []*canvas.Image{p.here, p.beside} {
		o.ScaleMode = canvas.ImageScaleFastest
		if o.Image != nil && o.Image.Bounds().Dx() < 64 {
			o.ScaleMode = canvas.ImageScalePixels
		}
		o.Refresh()
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

// showWay shows the pictures of a way or of a direction, or those that are chosen.
func (p *mapPart) showWay(m, old session.Mapped) {
	var img image.Image
	name := ""
	switch {
	case len(m.Along) > 0:
		first, last := m.Along[0], m.Along[len(m.Along)-1]
		name = lang.L("From {{.From}} to {{.To}} times the way from group 1 to group 2; pictures near: {{.Near}}", map[string]any{
			"From": widget.FormatNumber(first.At, 2), "To": widget.FormatNumber(last.At, 2), "Near": supports(m.Along)})
		img = alongStrip(m.Along)
	case len(m.Way) > 0:
		name = lang.L("Pictures along the way")
		img = imageio.ToRGBA(nil, session.FilmStrip(m.Way, len(m.Way)))
	case len(p.chosen) > 0:
		name = lang.L("{{.Count}} pictures", map[string]any{"Count": widget.FormatCount(len(p.chosen))})
		if m.Shown != nil && p.chosen[0] == m.Shown.Index {
			name = lang.L("{{.Name}} and its nearest neighbours in the latent", map[string]any{"Name": mapName(m.Names[m.Shown.Index])})
		}
	}
	p.named.SetText(name)
	clicked := img == nil && m.Shown != nil && len(p.chosen) > 0 && p.chosen[0] == m.Shown.Index
	visible(p.seen, clicked)
	if clicked && m.Shown != old.Shown {
		panes := m.Shown.Panes
		latent, _ := drawLatent(panes.Latent, session.Look{Map: p.w.view.look.Map, Common: panes.Latent.Shape[1]*panes.Latent.Shape[2] == 1})
		for i, s := range []struct {
			img  image.Image
			word string
		}{{pictureOf(panes.Original), lang.L("Original")}, {latent, lang.L("Latent")}, {pictureOf(panes.Result), lang.L("Reconstruction")}} {
			p.three[i].picture(s.img, s.word)
		}
	}
	visible(p.strip, img != nil)
	visible(p.list, img == nil)
	if len(m.Along) != len(old.Along) || len(m.Way) != len(old.Way) || len(m.Way) > 0 && m.Way[0] != old.Way[0] || len(m.Along) > 0 && m.Along[0].Picture != old.Along[0].Picture {
		p.strip.Image = img
		p.strip.ScaleMode = canvas.ImageScalePixels
		p.strip.Refresh()
		p.w.showUnder()
	}
}

// mapName is what a picture of a map is called.
func mapName(name string) string { return strings.TrimPrefix(filepath.Base(name), "builtin:") }

func supports(along []session.AlongStep) string {
	text := ""
	for i, a := range along {
		if i > 0 {
			text += ", "
		}
		text += widget.FormatNumber(a.Support, 1)
	}
	return text
}

func alongStrip(along []session.AlongStep) image.Image {
	var all []*tensor.Tensor
	for _, a := range along {
		all = append(all, a.Picture)
	}
	return imageio.ToRGBA(nil, session.FilmStrip(all, len(all)))
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
	words := float32(15 * grid)
	put(o[2], side+grid+6*grid, w, words)
	top := side + 7*grid + words
	put(o[3], top, w, max(0, size.Height-top-2*grid))
}
