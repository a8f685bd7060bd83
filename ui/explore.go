package ui

// This file is the page Explore: a latent space that one can touch.

import (
	"image"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/storage"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/imageio"
	"sieve/ui/session"
	"sieve/ui/widget"
)

// An explorePart is one of the things that can be done on the page Explore.
type explorePart interface {
	title() string
	settings() fyne.CanvasObject // in the column at the right
	middle() fyne.CanvasObject   // in place of the panes; nil: the panes
	below() fyne.CanvasObject    // under it, or beside it; nil: nothing
	sideways() bool              // it is beside it
	show(f frame)
	pointed() // the pointer has moved over the panes
	turned()  // the part has come to the front, or has gone
	save()
	takes(paths []string) bool // it has a use for files that were dropped or opened, none of which is a model
	share() float64            // of the height, or the width, that the panes, or what is in their place, have at first
	begun() bool               // there is something to show below
}

// An explorePage is the page Explore: its parts, of which one is in front.
type explorePage struct {
	w        *window
	settings fyne.CanvasObject
	switcher *widget.Segmented
	channels *channelsPart
	mix      *mixPart
	chart    *mapPart
	network  *networkPart
	parts    []explorePart
	at       int
	sides    *fyne.Container // the settings of the parts
}

func newExplorePage(w *window) *explorePage {
	p := &explorePage{w: w}
	p.channels = newChannelsPart(w)
	p.mix, p.chart, p.network = newMixPart(w), newMapPart(w), newNetworkPart(w)
	p.parts = []explorePart{p.channels, p.mix, p.chart, p.network}
	var titles []string
	p.sides = container.NewStack()
	for _, part := range p.parts {
		titles = append(titles, part.title())
		p.sides.Add(part.settings())
	}
	p.switcher = widget.NewSegmented(titles...)
	p.switcher.OnChanged = p.turn
	p.settings = container.NewBorder(container.New(&insets{margin, margin, margin, 0}, p.switcher), nil, nil, nil, p.sides)
	p.turn(0)
	w.trace.name(control{name: "explore.part", o: p.switcher})
	return p
}

// turn brings a part to the front.
func (p *explorePage) turn(i int) {
	p.at = i
	p.switcher.SetSelected(i)
	for k, part := range p.parts {
		visible(part.settings(), k == i)
	}
	p.w.view.part = i
	p.w.drawer.look(p.w.view)
	p.turned()
	if p.w.split != nil {
		p.w.showUnder()
		p.w.win.Content().Refresh()
	}
	p.w.trace.stir()
}

// turned is called when a page or a part has come to the front.
func (p *explorePage) turned() {
	for _, part := range p.parts {
		part.turned()
	}
}

// front reports whether a part is what a person sees.
func (p *explorePage) front(part explorePart) bool {
	return p.w.view.page == session.PageExplore && p.part() == part
}

func (p *explorePage) pointed() {
	if p.w.view.page == session.PageExplore {
		p.part().pointed()
	}
}

// showMiddle shows what a part has in place of the panes, and says whether it has that, and something below.
func (p *explorePage) showMiddle(on bool) (middle, below bool) {
	for i, part := range p.parts {
		mine := on && i == p.at
		if o := part.middle(); o != nil {
			visible(o, mine)
			middle = middle || mine
		}
		below = below || mine && part.below() != nil && part.begun()
	}
	return middle, below
}

// showBelow shows what the part in front has below, or nothing.
func (p *explorePage) showBelow(on bool) {
	for i, part := range p.parts {
		if o := part.below(); o != nil {
			visible(o, on && i == p.at)
		}
	}
}

// shows reports whether showBelow has been told so.
func (p *explorePage) shows(on bool) bool {
	for i, part := range p.parts {
		if o := part.below(); o != nil && o.Visible() != (on && i == p.at) {
			return false
		}
	}
	return true
}

// takes reports whether the page has taken what was dropped or opened: a model is explored, and the rest is the
// part's own, if it has a use for it.
func (p *explorePage) takes(paths []string) bool {
	if p.w.view.page != session.PageExplore || len(paths) == 0 {
		return false
	}
	for _, path := range paths {
		if (endings{".safetensors", ".checkpoint"}).Matches(storage.NewFileURI(path)) {
			p.w.session.ExploreModel(path)
			return true
		}
	}
	return p.part().takes(paths)
}

// noPicture is the first of some paths that is none by its name; "" where all are pictures.
func noPicture(paths []string) string {
	for _, path := range paths {
		if !imageio.IsPicture(path) {
			return path
		}
	}
	return ""
}

// An emptyState stands in place of pictures before there are any: what will be there, how it comes, and a button that
// begins.
type emptyState struct {
	whole       *fyne.Container
	title, text *fynewidget.Label
	begin       *fynewidget.Button
}

func newEmptyState(begin func()) *emptyState {
	centred := func(bold bool) *fynewidget.Label {
		l := fynewidget.NewLabelWithStyle("", fyne.TextAlignCenter, fyne.TextStyle{Bold: bold})
		l.Wrapping = fyne.TextWrapWord
		return l
	}
	e := &emptyState{title: centred(true), text: centred(false), begin: fynewidget.NewButton("", begin)}
	e.begin.Importance = fynewidget.HighImportance
	e.whole = container.NewVBox(layout.NewSpacer(), e.title, e.text, container.NewCenter(e.begin), layout.NewSpacer())
	return e
}

// say writes what it says.
func (e *emptyState) say(title, text, begin string, icon fyne.Resource) {
	e.title.SetText(title)
	e.text.SetText(text)
	e.begin.SetText(begin)
	e.begin.SetIcon(icon)
}

// part is the one in front.
func (p *explorePage) part() explorePart { return p.parts[p.at] }

// show writes a state into the part in front.
func (p *explorePage) show(f frame) {
	if f.page == session.PageExplore {
		p.part().show(f)
		p.w.menu.showHistory()
	}
}

// seen tells the session which pixels are on the screen.
func (w *window) seen() {
	if w.view.page != session.PageExplore {
		return
	}
	width, height := w.linked.Picture()
	x0, y0 := w.linked.ToPicture(0, 0)
	x1, y1 := w.linked.ToPicture(w.linked.Pane())
	w.session.LookAt(image.Rect(int(x0), int(y0), int(x1)+1, int(y1)+1).Intersect(image.Rect(0, 0, width, height)))
}

// currentModel is the one of the page Denoise in a list of models.
const currentModel = "current"

// newColumn is what settings are scrolled in.
func (w *window) newColumn() *container.Scroll {
	s := container.NewVScroll(nil)
	s.OnScrolled = func(fyne.Position) { w.trace.stir() }
	return s
}

// newModelChoice returns a list of the models that can be explored.
func newModelChoice(w *window) *choice {
	c := newChoice(w.pickExplored, nil, nil)
	c.PlaceHolder = "…" // until it is known which one it is
	return c
}

// pickExplored takes what was chosen from a list of models.
func (w *window) pickExplored(value string) {
	switch value {
	case openModel:
		w.pickFile(w.session.ExploreModel)
	case currentModel:
		w.session.ExploreModel("")
	default:
		w.session.ExploreModel(strings.TrimPrefix(value, fileModel))
	}
}

// showExploredModel lists the models that can be explored, and says of the one that is how much of a picture
// goes through its latent.
func (w *window) showExploredModel(f frame, list *choice, about *widget.Note) {
	var values, names []string
	for _, name := range session.ExploreModels() {
		values, names = append(values, name), append(names, lang.L("{{.Name}} (built in)", map[string]any{"Name": name}))
	}
	if m := f.Model; m.Path != "" || m.Trained || m.Alone {
		values, names = append(values, currentModel), append(names, modelName(m))
	}
	m := f.Explore.Model
	at := m.Name
	switch {
	case m.Trained || m.Alone:
		at = currentModel
	case m.Path != "":
		at = fileModel + m.Path
		values, names = append(values, at), append(names, baseName(m.Path))
	}
	list.offer(append(values, openModel), append(names, lang.L("Open a model…")))
	list.set(at)
	w.trace.setting("explore.model", m.Name)
	text := ""
	if m.Name != "" {
		text = lang.L("A cell for {{.Side}} × {{.Side}} pixels. All of the picture goes through the latent.", map[string]any{"Side": f.Explore.Cell})
		if f.Explore.Skips {
			text = lang.L("A cell for {{.Side}} × {{.Side}} pixels. Skip connections carry most of the picture around the latent.", map[string]any{"Side": f.Explore.Cell})
		}
	}
	about.Say(widget.StatusInfo, text)
}
