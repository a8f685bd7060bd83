package ui

// This file is the part Network of the page Explore: its layers at work on a picture, how one number of them comes
// about, parts of it switched off, and what its channels look for.

import (
	"fmt"
	"image"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
	"sieve/ui/session"
	"sieve/ui/theme"
	"sieve/ui/widget"
)

// A networkPart is the part Network.
type networkPart struct {
	w    *window
	side fyne.CanvasObject

	model   *choice
	about   *widget.Note
	mode    *widget.Segmented
	how     *widget.Note
	layer   *widget.Section
	facts   *widget.Facts
	inside  *widget.Section
	inner   *widget.Segmented // which convolution of a residual block
	block   *widget.Hint      // of inner
	parts   *choice           // which part of a loop
	inLoop  *widget.Hint      // of parts
	gates   *widget.Note
	pass    *widget.LabeledSlider
	passes  *widget.Hint // of pass
	slide   *fynewidget.Button
	lesion  *widget.Section
	whole   *fynewidget.Button
	back    *fynewidget.Button
	off     *widget.Note
	quality *widget.Facts
	excite  *widget.Section
	data    *choice
	folders []string // that were chosen
	state   *widget.Note
	where   *widget.Section
	place   *widget.Scope // the whole picture, on which the window is moved
	again   *fynewidget.Button
	keep    *fynewidget.Button

	middleOf *fyne.Container // in place of the panes
	strip    *widget.Strip
	scopes   [3]*widget.Scope // picture, input and output; before, after and difference; kernel
	kernel   *widget.Kernel
	patches  [session.MostPatches]*widget.Scope
	excited  *fyne.Container // patches
	gallery  *fynewidget.GridWrap
	heading  *fynewidget.Label
	under    fyne.CanvasObject

	drawn   session.Network
	look    session.Look
	cards   map[int]image.Image // of channels, that have been drawn
	input   int                 // that is drawn; -1: none
	output  int
	playing bool
	turns   int // of playing: what began before another pause ends
	folds   folds
}

func newNetworkPart(w *window) *networkPart {
	p := &networkPart{w: w, input: -1, output: -1}
	p.model = newModelChoice(w)
	p.about = widget.NewNote("")
	p.mode = widget.NewSegmented(lang.L("Layers"), lang.L("Lesion"), lang.L("Filters"))
	p.mode.OnChanged = func(i int) {
		p.play(false)
		w.session.Probe(func(want *session.Probing) { want.Mode = session.ProbeModes[i] })
	}
	p.how = widget.NewNote("")
	head := container.New(column{gap: grid}, p.model, p.about, p.mode, p.how)

	p.facts = widget.NewFacts(lang.L("Numbers learned"), lang.L("Multiply-adds"), lang.L("Sees pixels"))
	p.inner = widget.NewSegmented(lang.L("First"), lang.L("Second"))
	p.inner.OnChanged = func(i int) {
		w.session.Probe(func(want *session.Probing) { want.Part, want.Input = i, session.MostInput })
	}
	p.slide = fynewidget.NewButtonWithIcon(lang.L("Let the window slide"), fynetheme.MediaPlayIcon(), func() { p.play(!p.playing) })
	p.block = widget.NewHint(lang.L("Which of the two convolutions of the block is shown"), "", p.inner)
	p.parts = newChoice(func(v string) {
		w.session.Probe(func(want *session.Probing) { want.Part, _ = strconv.Atoi(v) })
	}, nil, nil)
	p.inLoop = widget.NewHint(lang.L("Which step of a pass is shown"), "", p.parts)
	p.gates = widget.NewNote(lang.L("The first third of the channels is for the update gate, the second for the reset gate, the last for the candidate."))
	p.pass = widget.NewLabeledSlider(lang.L("Pass"), "", 1, 2, 1, 1)
	p.pass.Format = func(v float64) string {
		return lang.L("{{.Number}} of {{.All}}", map[string]any{"Number": widget.FormatCount(int(v)), "All": widget.FormatCount(int(p.pass.Max))})
	}
	p.pass.OnChanged = func(v float64) { w.session.Probe(func(want *session.Probing) { want.Pass = int(v) - 1 }) }
	p.passes = widget.NewHint(lang.L("Which pass over the picture is shown: each sees what the ones before have left, and remembers them"), "", p.pass)
	p.inside = widget.NewSection(lang.L("Inside the layer"), p.block, p.passes, p.inLoop, p.gates)
	p.layer = widget.NewSection(lang.L("Layer"), p.facts,
		widget.NewHint(lang.L("Goes over the picture place by place"), lang.L("Space"), p.slide))

	p.whole = fynewidget.NewButtonWithIcon("", fynetheme.VisibilityOffIcon(), func() { w.session.SwitchOff(model.Lesion{Layer: p.drawn.Want.Layer, Channel: model.WholeLayer}) })
	p.back = fynewidget.NewButtonWithIcon(lang.L("Put all back"), fynetheme.ContentUndoIcon(), w.session.PutAllBack)
	p.off = widget.NewNote("")
	p.quality = widget.NewFacts(lang.L("Before"), lang.L("After"), lang.L("Computed in"))
	p.lesion = widget.NewSection(lang.L("Switched off"), p.off, p.quality, p.whole, p.back)

	p.data = newChoice(p.pickData, nil, nil)
	p.state = widget.NewNote("")
	p.excite = widget.NewSection(lang.L("Pictures"), widget.NewHint(lang.L("What is looked through for parts that excite the channel most"), "", p.data), p.state)

	p.place = widget.NewScope()
	p.place.OnPoint = func(x, y int) {
		if img := p.drawn.Whole; img != nil {
			k := thumbFactor(img)
			w.session.Probe(func(want *session.Probing) { want.Centre = image.Pt(x*k+k/2, y*k+k/2) })
		}
	}
	p.place.OnStep = func(dx, dy int) {
		w.session.Probe(func(want *session.Probing) { want.Centre = want.Centre.Add(image.Pt(32*dx, 32*dy)) })
	}
	p.again = fynewidget.NewButtonWithIcon(lang.L("Draw another digit"), fynetheme.ViewRefreshIcon(), func() {
		w.session.Probe(func(want *session.Probing) { want.Seed++ })
	})
	p.where = widget.NewSection(lang.L("Part of the picture"), container.New(fixedHigh(20*grid), p.place))
	p.keep = fynewidget.NewButtonWithIcon(lang.L("Save the picture…"), fynetheme.DocumentSaveIcon(), p.save)

	form := container.New(column{gap: 2 * grid}, head, p.inside, p.layer, p.lesion, p.excite, p.where, p.again)
	p.side = container.NewBorder(nil, container.New(column{}, fynewidget.NewSeparator(), margins(widget.NewHint(lang.L("Save what is shown: the channels, the picture without what is off, or the parts of pictures"), "Ctrl+S", p.keep))),
		nil, nil, container.NewVScroll(margins(form)))
	p.build()
	for name, o := range map[string]fyne.CanvasObject{"model": p.model, "mode": p.mode, "inner": p.inner, "part": p.parts, "pass": p.pass, "slide": p.slide, "whole": p.whole, "back": p.back, "data": p.data, "place": p.place, "again": p.again,
		"save": p.keep, "strip": p.strip, "first": p.scopes[0], "second": p.scopes[1], "third": p.scopes[2], "kernel": p.kernel, "gallery": p.gallery} {
		w.trace.name(control{name: "network." + name, o: o, when: p.front})
	}
	return p
}

// build makes what is in place of the panes, and below.
func (p *networkPart) build() {
	s := p.w.session
	p.strip = widget.NewStrip()
	p.strip.OnTapped = func(i int) { s.Probe(func(want *session.Probing) { want.Layer = i }) }
	for i := range p.scopes {
		p.scopes[i] = widget.NewScope()
		p.scopes[i].OnStep = p.step
		p.scopes[i].OnPoint = func(x, y int) { p.pointAt(i, x, y) }
	}
	p.kernel = widget.NewKernel()
	p.kernel.OnBar = func(c int) { s.Probe(func(want *session.Probing) { want.Input = c }) }
	p.excited = container.NewGridWithColumns(3)
	for i := range p.patches {
		p.patches[i] = widget.NewScope()
		p.excited.Add(p.patches[i])
	}
	p.middleOf = container.New(&networkLayout{p}, p.strip, p.scopes[0], p.scopes[1], p.scopes[2], p.kernel, p.excited)
	p.middleOf.Hide()

	p.gallery = fynewidget.NewGridWrap(p.count, func() fyne.CanvasObject { return newFilterCard() }, func(i int, o fyne.CanvasObject) { p.showCard(i, o.(*filterCard)) })
	p.gallery.OnSelected = p.pickChannel
	p.heading = fynewidget.NewLabel("")
	p.heading.Truncation = fyne.TextTruncateEllipsis
	p.under = container.NewBorder(p.heading, nil, nil, nil, p.gallery)
}

func (p *networkPart) front() bool                 { return p.w.explore != nil && p.w.explore.front(p) }
func (p *networkPart) title() string               { return lang.L("Network") }
func (p *networkPart) settings() fyne.CanvasObject { return p.side }
func (p *networkPart) middle() fyne.CanvasObject   { return p.middleOf }
func (p *networkPart) below() fyne.CanvasObject    { return p.under }
func (p *networkPart) sideways() bool              { return false }
func (p *networkPart) share() float64              { return 0.8 }
func (p *networkPart) begun() bool                 { return true }
func (p *networkPart) pointed()                    {}

func (p *networkPart) turned() {
	if !p.front() {
		p.play(false)
	}
	p.w.session.ShowNetwork(p.front())
}

func (p *networkPart) save() {
	name := map[session.ProbeMode]string{session.ProbeLesion: "without.png", session.ProbeFilters: "excited.png"}[p.drawn.Want.Mode]
	if name == "" {
		name = "layer.png"
	}
	p.w.save(lang.L("Save the picture"), name, pictureEndings, func(path string) { p.w.session.SaveProbed(path, p.w.view.look) })
}

// pointAt takes a place in one of the pictures to that of the layer's result.
func (p *networkPart) pointAt(scope, x, y int) {
	n := p.drawn
	if n.Want.Mode != session.ProbeLayers || n.Out == nil {
		if n.Want.Mode == session.ProbeFilters && scope == 0 {
			p.pickKernel(x, y)
		}
		return
	}
	from := [3]*tensor.Tensor{n.Picture, n.In, n.Out}[scope]
	if from == nil {
		return
	}
	to := n.Out.Shape
	p.w.session.Probe(func(want *session.Probing) {
		want.X, want.Y = (2*x+1)*to[2]/(2*from.Shape[2]), (2*y+1)*to[1]/(2*from.Shape[1])
	})
}

// step moves the place.
func (p *networkPart) step(dx, dy int) {
	out := p.drawn.Out
	if out == nil || p.drawn.Want.Mode != session.ProbeLayers {
		return
	}
	p.w.session.Probe(func(want *session.Probing) {
		want.X, want.Y = min(max(want.X+dx, 0), out.Shape[2]-1), min(max(want.Y+dy, 0), out.Shape[1]-1)
	})
}

// slideTime is how long the window stays at a place.
const slideTime = time.Second / 6

// play lets the window slide by itself, or not.
func (p *networkPart) play(on bool) {
	on = on && p.front() && p.drawn.Want.Mode == session.ProbeLayers && p.drawn.Out != nil
	if on == p.playing {
		return
	}
	p.playing = on
	p.turns++
	if on {
		p.tick(p.turns)
		p.slide.SetIcon(fynetheme.MediaPauseIcon())
		p.slide.SetText(lang.L("Hold the window"))
	} else {
		p.slide.SetIcon(fynetheme.MediaPlayIcon())
		p.slide.SetText(lang.L("Let the window slide"))
	}
	p.w.trace.setting("network.playing", on)
}

// tick goes to the next place, row by row, and from the last to the first.
func (p *networkPart) tick(turn int) {
	if !p.playing || turn != p.turns || p.w.stopped || p.drawn.Out == nil {
		return
	}
	h, w := p.drawn.Out.Shape[1], p.drawn.Out.Shape[2]
	p.w.session.Probe(func(want *session.Probing) {
		if want.X++; want.X >= w {
			want.X, want.Y = 0, (want.Y+1)%h
		}
	})
	time.AfterFunc(slideTime, func() { p.w.do(func() { p.tick(turn) }) })
}

// Values of the list of what excites that name nothing.
const (
	exciteFolder = "folder"
	exciteUsual  = "usual"
)

func (p *networkPart) pickData(value string) {
	take := func(path string) {
		p.w.session.Probe(func(want *session.Probing) { want.Data = path })
	}
	switch value {
	case exciteFolder:
		p.data.set(dataValue(p.drawn.Want.Data))
		p.w.pickFolder(take)
	case exciteUsual:
		take("")
	default:
		take(value)
	}
}

func dataValue(data string) string {
	if data == "" {
		return exciteUsual
	}
	return data
}

// takes looks through a folder or a set that was dropped.
func (p *networkPart) takes(paths []string) bool {
	path := noPicture(paths)
	if path == "" {
		return false
	}
	p.w.session.Probe(func(want *session.Probing) { want.Mode, want.Data = session.ProbeFilters, path })
	return true
}

// count is how many channels there are.
func (p *networkPart) count() int {
	if p.drawn.Out != nil {
		return p.drawn.Out.Shape[3]
	}
	return 0
}

// pickChannel takes a channel in hand, and in a lesion switches it off or on.
func (p *networkPart) pickChannel(i int) {
	lesion := p.drawn.Want.Mode == session.ProbeLesion
	if p.drawn.Want.Channel != i {
		p.w.session.Probe(func(want *session.Probing) { want.Channel = i })
	}
	if lesion {
		if _, ok := p.chosen(p.drawn); ok {
			p.w.session.SwitchOff(p.drawn.Lesioned(i))
		}
		p.gallery.UnselectAll()
	}
}

// pickKernel takes the channel in hand whose kernel was clicked.
func (p *networkPart) pickKernel(x, y int) {
	if c := kernelAt(p.drawn.Excited.Kernels, x, y); c >= 0 {
		p.w.session.Probe(func(want *session.Probing) { want.Channel = c })
	}
}

// show writes a state into the controls.
func (p *networkPart) show(f frame) {
	n, old := f.Network, p.drawn
	p.drawn = n
	p.w.showExploredModel(f, p.model, p.about)
	i := max(0, slices.Index(session.ProbeModes[:], n.Want.Mode))
	p.mode.SetSelected(i)
	p.w.trace.setting("network.mode", n.Want.Mode)
	p.how.Say(widget.StatusInfo, [...]string{
		lang.L("Click a layer, then a channel. Click or drag on a picture, or use the arrow keys, to see how a number comes about."),
		lang.L("Click channels to switch them off and on again: the picture follows."),
		lang.L("What a channel looks for: its kernel, and the parts of pictures that excite it most."),
	}[i])
	if n.Seen != old.Seen || f.look.Map != p.look.Map || n.Want.Mode != old.Want.Mode || n.Excited.Version != old.Excited.Version {
		p.cards = map[int]image.Image{}
		p.input, p.output = -1, -1
		p.gallery.Refresh()
	}
	p.look = f.look
	p.showStrip(n, old)
	p.showInside(n)
	p.showLayer(n)
	p.showLesion(n, old)
	p.showExcited(n, old)
	p.showWhere(n, old)
	p.showMiddle(n, old)
	p.showGallery(n, old)
	p.folds.settle(p.side, p.how, p.about, p.inside, p.layer, p.lesion, p.excite, p.where, p.off, p.state, p.block, p.inLoop, p.gates, p.passes, p.again)
	if n.Want.Mode != old.Want.Mode || (n.Number == nil) != (old.Number == nil) || (n.In == nil) != (old.In == nil) {
		p.middleOf.Refresh()
		p.w.trace.stir()
	}
	p.w.trace.setting("network.layer", n.Want.Layer)
	p.w.trace.setting("network.part", n.Want.Part)
	p.w.trace.setting("network.pass", n.Want.Pass)
	p.w.trace.setting("network.channel", n.Want.Channel)
	p.w.trace.setting("network.off", len(n.Lesion.Off))
	p.w.trace.setting("network.patches", len(n.Excited.Patches))
}

// showStrip shows the layers.
func (p *networkPart) showStrip(n, old session.Network) {
	if n.Version == old.Version && n.Want.Layer == old.Want.Layer && slices.Equal(n.Lesion.Off, old.Lesion.Off) && n.Want.Mode == old.Want.Mode {
		return
	}
	blocks := make([]widget.StripBlock, len(n.Layers))
	for i, l := range n.Layers {
		blocks[i] = layerBlock(l)
		blocks[i].Chosen = i == n.Want.Layer
	}
	for _, o := range n.Lesion.Off {
		switch {
		case n.Want.Mode != session.ProbeLesion || o.Layer >= len(blocks):
		case o.Channel == model.WholeLayer:
			blocks[o.Layer].Off = 1
		default:
			all := n.Layers[o.Layer].C
			if n.Layers[o.Layer].Kind == "loop" {
				all = 0
				for _, part := range n.Parts[o.Layer] {
					all += part.C
				}
			}
			blocks[o.Layer].Off += 1 / float64(all)
		}
	}
	text := ""
	if l, ok := p.chosen(n); ok {
		text = layerBlock(l).Words[0]
	}
	p.strip.Set(blocks, text)
}

// chosen is the layer that is wanted, if it is known.
func (p *networkPart) chosen(n session.Network) (model.Layer, bool) {
	if n.Want.Layer < 0 || n.Want.Layer >= len(n.Layers) {
		return model.Layer{}, false
	}
	return n.Layers[n.Want.Layer], true
}

// showInside shows which part of a layer is watched, if it has several, and in which pass.
func (p *networkPart) showInside(n session.Network) {
	l, _ := p.chosen(n)
	loop := l.Kind == "loop"
	visible(p.inside, loop || n.Want.Mode != session.ProbeLesion && l.Kind == "residual")
	visible(p.block, !loop)
	visible(p.inLoop, loop)
	visible(p.passes, loop && n.Passes > 1)
	part, _ := n.At(n.Want.Site)
	visible(p.gates, part.Kind == "seen" || part.Kind == "kept")
	p.inner.SetSelected(min(n.Want.Part, 1))
	if !loop {
		return
	}
	var values, names []string
	for i, part := range n.Parts[n.Want.Layer] {
		values, names = append(values, strconv.Itoa(i)), append(names, fmt.Sprintf("%d   %s", i+1, layerName(part)))
	}
	p.parts.offer(values, names)
	p.parts.set(strconv.Itoa(n.Want.Part))
	if last := float64(n.Passes); n.Passes > 1 && p.pass.Max != last {
		p.pass.Max, p.pass.Default = last, last
		p.pass.Refresh()
	}
	p.pass.SetValue(float64(n.Want.Pass + 1))
}

// showLayer says what the layer is, or which part of a loop.
func (p *networkPart) showLayer(n session.Network) {
	l, ok := p.chosen(n)
	if l.Kind == "loop" {
		l, ok = n.At(n.Want.Site)
	}
	layers := n.Want.Mode == session.ProbeLayers
	visible(p.layer, layers)
	if ok {
		sees := "—"
		if n.Number != nil && !n.Number.Depends.Empty() {
			sees = fmt.Sprintf("%d × %d", n.Number.Depends.Dx(), n.Number.Depends.Dy())
		}
		p.facts.Set(widget.FormatCount(l.Params), amount(float64(l.MACs)), sees)
	}
	enable(p.slide, n.Out != nil)
}

// moves says of a layer why nothing is computed in it.
func moves(kind string) string {
	switch kind {
	case "picture":
		return lang.L("This is the picture itself. Choose a layer after it.")
	case "latent":
		return lang.L("This is all that the decoder is told, but for skip connections.")
	case "missing":
		return lang.L("This is the picture less what the passes before have made of it. Before the first, that is grey.")
	case "memory":
		return lang.L("Number by number, the update gate keeps what was remembered, or puts the candidate in its place.")
	case "made":
		return lang.L("What the pass adds is spread over squares of 2 × 2, and added to what the passes before have made.")
	}
	return lang.L("Numbers change their places here, and nothing is computed.")
}

// showLesion says what is switched off.
func (p *networkPart) showLesion(n, old session.Network) {
	visible(p.lesion, n.Want.Mode == session.ProbeLesion)
	if n.Want.Mode != session.ProbeLesion {
		return
	}
	l, ok := p.chosen(n)
	enable(p.whole, ok && (l.Params > 0 || l.Kind == "latent" || l.Kind == "loop"))
	p.whole.SetText(lang.L("Switch the layer off"))
	icon := fynetheme.VisibilityOffIcon()
	if slices.Contains(n.Lesion.Off, model.Lesion{Layer: n.Want.Layer, Channel: model.WholeLayer}) {
		p.whole.SetText(lang.L("Switch the layer on"))
		icon = fynetheme.VisibilityIcon()
	}
	p.whole.SetIcon(icon)
	enable(p.back, len(n.Lesion.Off) > 0)
	p.off.Say(widget.StatusInfo, p.offText(n))
	if n.Lesion.Version != old.Lesion.Version && n.Lesion.Version != 0 {
		took := "—"
		if len(n.Lesion.Off) > 0 {
			took = fmt.Sprintf("%d ms", n.Lesion.Took.Milliseconds())
		}
		p.quality.Set(quality(n.Lesion.Plain, math.NaN()), quality(n.Lesion.PSNR, math.NaN()), took)
	}
}

// offText lists what is switched off.
func (p *networkPart) offText(n session.Network) string {
	if len(n.Lesion.Off) == 0 {
		return lang.L("Nothing is off.")
	}
	text := ""
	const most = 6
	for i, o := range n.Lesion.Off {
		if i == most {
			return text + " " + lang.L("and {{.Count}} more", map[string]any{"Count": widget.FormatCount(len(n.Lesion.Off) - most)})
		}
		if i > 0 {
			text += ", "
		}
		if o.Channel == model.WholeLayer {
			text += lang.L("layer {{.Layer}}", map[string]any{"Layer": o.Layer})
		} else if o.Layer < len(n.Layers) && n.Layers[o.Layer].Kind == "loop" {
			text += lang.L("layer {{.Layer}} part {{.Part}} channel {{.Channel}}", map[string]any{"Layer": o.Layer, "Part": o.Part + 1, "Channel": o.Channel + 1})
		} else {
			text += lang.L("layer {{.Layer}} channel {{.Channel}}", map[string]any{"Layer": o.Layer, "Channel": o.Channel + 1})
		}
	}
	return text
}

// showExcited says what is looked through.
func (p *networkPart) showExcited(n, old session.Network) {
	on := n.Want.Mode == session.ProbeFilters
	visible(p.excite, on)
	if !on {
		return
	}
	values, names := []string{exciteUsual}, []string{lang.L("What suits the model")}
	for i, v := range session.ExciteSources {
		values, names = append(values, v), append(names, [...]string{lang.L("500 drawn digits"), lang.L("500 drawn letters")}[i])
	}
	if d := n.Want.Data; d != "" && !slices.Contains(values, d) && !slices.Contains(p.folders, d) {
		p.folders = append(p.folders, d)
	}
	for _, path := range p.folders {
		values, names = append(values, path), append(names, filepath.Base(path))
	}
	p.data.offer(append(values, exciteFolder), append(names, lang.L("A folder of pictures…")))
	p.data.set(dataValue(n.Want.Data))
	e := n.Excited
	fresh := e.Site == n.Want.Site && e.Data == n.Want.Data
	text, level := "", widget.StatusInfo
	switch {
	case n.Want.Layer == 0:
		text = moves("picture")
	case fresh && e.Why.Key != "":
		text, level = said(e.Why), widget.StatusWarning
	case !fresh || e.Of == 0 || e.Done < e.Of:
		text = lang.L("{{.Done}} of {{.All}} pictures looked at", map[string]any{"Done": widget.FormatCount(e.Done), "All": widget.FormatCount(e.Of)})
	case e.Bad > 0:
		text = lang.L("{{.Count}} pictures; {{.Bad}} cannot be read", map[string]any{"Count": widget.FormatCount(e.Of), "Bad": widget.FormatCount(e.Bad)})
	default:
		text = countPictures(e.Of)
	}
	p.state.Say(level, text)
	if e.Serial == old.Excited.Serial && n.Want == old.Want {
		return
	}
	for i, card := range p.patches {
		visible(card, fresh && i < len(e.Patches))
		if card.Visible() {
			card.Set(pictureOf(e.Patches[i].Pixels))
			card.Say(widget.FormatNumber(float64(e.Patches[i].Value), 3), "")
			if card.Mark(image.Point{}); !e.Patches[i].Seen.Empty() {
				card.Mark(image.Point{}, widget.Outline{Rect: e.Patches[i].Seen, Ink: theme.ColorNameValidation})
			}
		}
	}
}

// mostThumb is how many pixels a side the whole picture has in the settings.
const mostThumb = 272

// thumbFactor is how many pixels of a picture make one of its thumb.
func thumbFactor(x *tensor.Tensor) int {
	return max(1, (max(x.Shape[1], x.Shape[2])+mostThumb-1)/mostThumb)
}

// showWhere shows where the window is.
func (p *networkPart) showWhere(n, old session.Network) {
	large := n.Whole != nil && n.Picture != n.Whole
	visible(p.again, n.Drawn)
	visible(p.where, large && n.Want.Mode != session.ProbeFilters)
	if !large {
		return
	}
	k := thumbFactor(n.Whole)
	if n.Whole != old.Whole {
		p.place.Set(imageio.ToRGBA(nil, thinned(n.Whole, k)))
	}
	window := n.Window
	if n.Want.Mode == session.ProbeLesion {
		window = n.Lesion.Window
	}
	scaled := image.Rect(window.Min.X/k, window.Min.Y/k, window.Max.X/k, window.Max.Y/k)
	p.place.Mark(image.Pt(n.Want.Centre.X/k, n.Want.Centre.Y/k), widget.Outline{Rect: scaled, Ink: fynetheme.ColorNamePrimary})
}

// thinned takes every k-th pixel of every k-th row.
func thinned(x *tensor.Tensor, k int) *tensor.Tensor {
	if k == 1 {
		return x
	}
	_, h, w, c := x.Dims4()
	out := tensor.New(1, (h+k-1)/k, (w+k-1)/k, c)
	for y := range out.Shape[1] {
		for col := range out.Shape[2] {
			copy(out.Data[(y*out.Shape[2]+col)*c:][:c], x.Data[(y*k*w+col*k)*c:])
		}
	}
	return out
}

// showMiddle shows the pictures of the mode.
func (p *networkPart) showMiddle(n, old session.Network) {
	switch n.Want.Mode {
	case session.ProbeLesion:
		p.showBeforeAfter(n, old)
	case session.ProbeFilters:
		p.showKernels(n, old)
	default:
		p.showWork(n, old)
	}
}

// showBeforeAfter shows the picture with and without what is switched off.
func (p *networkPart) showBeforeAfter(n, old session.Network) {
	l := n.Lesion
	if l.Version == 0 || l.Version == old.Lesion.Version && old.Want.Mode == n.Want.Mode {
		return
	}
	p.scopes[0].Say(lang.L("Before"), quality(l.Plain, math.NaN()))
	p.scopes[1].Say(lang.L("After"), quality(l.PSNR, math.NaN()))
	p.scopes[2].Say(lang.L("Difference"), lang.L("× {{.Gain}}", map[string]any{"Gain": l.Gain}))
	for i, x := range []*tensor.Tensor{l.Before, l.After, l.Difference} {
		p.scopes[i].Set(pictureOf(x))
		p.scopes[i].Mark(image.Point{})
	}
}

// showKernels shows the kernels of the first layer, or what the layer makes of the picture.
func (p *networkPart) showKernels(n, old session.Network) {
	s := p.scopes[0]
	channel := lang.L("Channel {{.Number}}", map[string]any{"Number": n.Want.Channel + 1})
	if kernels := n.Excited.Kernels; len(kernels) > 0 && n.Excited.Site == n.Want.Site {
		if p.output != -2 {
			p.output = -2
			s.Set(kernelSheet(kernels))
		}
		s.Say(lang.L("Kernels"), channel)
		s.Mark(image.Point{}, widget.Outline{Rect: kernelRect(kernels, n.Want.Channel), Ink: theme.ColorNameValidation})
		return
	}
	p.drawOutput(s, n)
	s.Say(channel, "")
	s.Mark(image.Point{})
}

// Kernels are laid out with so many pixels a tap at least, and between two.
const kernelGap = 1

// kernelColumns is how many kernels stand side by side.
func kernelColumns(kernels []*tensor.Tensor) int {
	return int(math.Ceil(math.Sqrt(float64(len(kernels)))))
}

// kernelRect is where a kernel lies among all.
func kernelRect(kernels []*tensor.Tensor, i int) image.Rectangle {
	side, columns := kernels[0].Shape[1], kernelColumns(kernels)
	at := image.Pt(i%columns, i/columns).Mul(side + kernelGap)
	return image.Rectangle{at, at.Add(image.Pt(side, side))}
}

// kernelAt is the kernel at a place, -1 for none.
func kernelAt(kernels []*tensor.Tensor, x, y int) int {
	return slices.IndexFunc(sequence(len(kernels)), func(i int) bool { return image.Pt(x, y).In(kernelRect(kernels, i)) })
}

func sequence(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// kernelSheet draws all kernels.
func kernelSheet(kernels []*tensor.Tensor) image.Image {
	last := kernelRect(kernels, kernelColumns(kernels)-1).Union(kernelRect(kernels, len(kernels)-1))
	sheet := image.NewRGBA(image.Rect(0, 0, last.Max.X, last.Max.Y))
	for i, k := range kernels {
		r := kernelRect(kernels, i)
		one := imageio.ToRGBA(nil, k)
		if k.Shape[3] == 1 {
			one = imageio.Channel(signedKernel(k), 0, imageio.Diverging)
		}
		for y := range r.Dy() {
			copy(sheet.Pix[sheet.PixOffset(r.Min.X, r.Min.Y+y):][:4*r.Dx()], one.Pix[y*one.Stride:])
		}
	}
	return sheet
}

// signedKernel is a kernel of one channel with 0 where its picture is mid-grey.
func signedKernel(k *tensor.Tensor) *tensor.Tensor {
	out := k.Clone()
	for i, v := range out.Data {
		out.Data[i] = v - 0.5
	}
	return out
}

// showGallery shows the channels.
func (p *networkPart) showGallery(n, old session.Network) {
	l, ok := p.chosen(n)
	text := ""
	switch {
	case !ok || n.Out == nil:
	case n.Want.Mode == session.ProbeLesion && l.Kind == "loop":
		text = lang.L("{{.Count}} channels: click one to switch it off in all passes", map[string]any{"Count": widget.FormatCount(p.count())})
		if p.count() == 1 {
			text = lang.L("1 channel: click it to switch it off in all passes")
		}
	case n.Want.Mode == session.ProbeLesion && l.C == 1:
		text = lang.L("1 channel: click it to switch it off")
	case n.Want.Mode == session.ProbeLesion:
		text = lang.L("{{.Count}} channels: click one to switch it off", map[string]any{"Count": widget.FormatCount(l.C)})
	case p.count() == 1:
		text = lang.L("1 channel of {{.Width}} × {{.Height}}", map[string]any{"Width": n.Out.Shape[2], "Height": n.Out.Shape[1]})
	default:
		text = lang.L("{{.Count}} channels of {{.Width}} × {{.Height}}", map[string]any{"Count": widget.FormatCount(p.count()), "Width": n.Out.Shape[2], "Height": n.Out.Shape[1]})
	}
	p.heading.SetText(text)
	if n.Want.Mode == session.ProbeLesion {
		if old.Want.Mode != n.Want.Mode {
			p.gallery.UnselectAll()
		}
		if !slices.Equal(n.Lesion.Off, old.Lesion.Off) || n.Want.Part != old.Want.Part {
			p.gallery.Refresh()
		}
		return
	}
	if c := n.Want.Channel; c < p.count() && (n.Seen != old.Seen || c != old.Want.Channel || n.Want.Mode != old.Want.Mode) {
		p.gallery.Select(c)
	}
}

// showCard shows a channel in the gallery.
func (p *networkPart) showCard(i int, card *filterCard) {
	if i >= p.count() {
		return
	}
	img, ok := p.cards[i]
	if !ok {
		if kernels := p.drawn.Excited.Kernels; p.drawn.Want.Mode == session.ProbeFilters && i < len(kernels) && p.drawn.Excited.Site == p.drawn.Want.Site {
			img = kernelSheet(kernels[i : i+1])
		} else {
			img = imageio.Channel(coarse(p.drawn.Out, i), 0, p.look.Map)
		}
		p.cards[i] = img
	}
	off := p.drawn.Want.Mode == session.ProbeLesion && slices.ContainsFunc(p.drawn.Lesion.Off, func(o model.Lesion) bool {
		return o == p.drawn.Lesioned(i) || o == p.drawn.Lesioned(model.WholeLayer)
	})
	card.show(img, fmt.Sprint(i+1), off)
}

// A filterCard is a channel in the gallery, which may be switched off.
type filterCard struct {
	channelCard
	eye *fynewidget.Icon
}

func newFilterCard() *filterCard {
	c := &filterCard{channelCard: *newChannelCard(), eye: fynewidget.NewIcon(fynetheme.VisibilityOffIcon())}
	c.eye.Hide()
	c.whole = container.NewStack(c.whole, container.NewCenter(c.eye))
	c.ExtendBaseWidget(c)
	return c
}

func (c *filterCard) show(img image.Image, text string, off bool) {
	c.image.Translucency = 0
	if off {
		c.image.Translucency = 0.85
	}
	visible(c.eye, off)
	c.picture(img, text)
}

// fixedHigh lays an object out as wide as there is room, and so high.
type fixedHigh float32

func (f fixedHigh) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(0, float32(f)) }
func (f fixedHigh) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Move(fyne.Position{})
	o[0].Resize(size)
}

// networkLayout puts the layers above, the pictures of the mode side by side under them, and how a number comes
// about at the bottom.
type networkLayout struct{ p *networkPart }

func (l *networkLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(60*grid, 40*grid) }

func (l *networkLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	p := l.p
	size.Height -= grid
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, max(0, h)))
	}
	strip := p.strip.MinSize().Height
	put(p.strip, 0, 0, size.Width, strip)
	top := strip + 2*grid
	room := size.Height - top
	mode := p.drawn.Want.Mode
	visible(p.kernel, mode == session.ProbeLayers)
	visible(p.excited, mode == session.ProbeFilters)
	shown := []bool{true, mode == session.ProbeLesion || mode == session.ProbeLayers && p.drawn.In != nil, mode == session.ProbeLesion || mode == session.ProbeLayers && p.drawn.Out != nil}
	if mode == session.ProbeFilters {
		side := (size.Width - 2*grid) / 2
		put(p.scopes[0], 0, top, side, room)
		if shown[0] = p.drawn.Out != nil; !shown[0] {
			side = -2 * grid
		}
		put(p.excited, side+2*grid, top, size.Width-side-2*grid, room)
	} else {
		high := room
		if mode == session.ProbeLayers {
			work := float32(5 * grid)
			if p.drawn.Number != nil {
				work = max(23*grid, room*0.4)
			}
			high = room - work - 2*grid
			put(p.kernel, 0, top+high+2*grid, size.Width, work)
		}
		wide := (size.Width - 4*grid) / 3
		for i, s := range p.scopes {
			put(s, float32(i)*(wide+2*grid), top, wide, high)
		}
	}
	for i, s := range p.scopes {
		visible(s, shown[i])
	}
}
