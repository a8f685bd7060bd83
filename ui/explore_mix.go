package ui

// This file is the part Mix of the page Explore: pictures that lie between others in the latent.

import (
	"image"
	"os"
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

// A mixPart is the part Mix.
type mixPart struct {
	w    *window
	side fyne.CanvasObject

	model  *choice
	about  *widget.Note
	mode   *choice
	how    *widget.Note
	round  *fynewidget.Check
	amount *widget.LabeledSlider
	folder *fynewidget.Button
	again  *fynewidget.Button
	why    *widget.Note
	keep   *fynewidget.Button
	film   *fynewidget.Button
	want   session.Mixing

	whole  *fyne.Container // in place of the panes
	empty  *emptyState
	stage  *widget.Square
	slots  [session.MixSlots]*widget.Tile
	strip  *canvas.Image
	caught *fyne.Container // strip, with its frame
	drawn  session.Mix
	folds  folds
}

func newMixPart(w *window) *mixPart {
	p := &mixPart{w: w, want: session.DefaultMixing}
	p.model = newModelChoice(w)
	p.about = widget.NewNote("")
	model := widget.NewSection(lang.L("Model"), widget.NewHint(lang.L("Whose latent it is. Without skip connections all of the picture goes through it"), "", p.model), p.about)

	var values, names []string
	for _, m := range session.MixModes {
		values, names = append(values, string(m)), append(names, mixName(m))
	}
	p.mode = newChoice(func(v string) { p.change(func(m *session.Mixing) { m.Mode = session.MixMode(v) }) }, values, names)
	p.how = widget.NewNote("")
	p.round = fynewidget.NewCheck(lang.L("Along great circles"), func(yes bool) { p.change(func(m *session.Mixing) { m.Round = yes }) })
	p.amount = widget.NewLabeledSlider(lang.L("Amount"), "", -1, 3, 0.05, 1)
	p.amount.OnChanged = func(v float64) { p.change(func(m *session.Mixing) { m.Amount = v }) }
	p.folder = fynewidget.NewButtonWithIcon(lang.L("Choose a folder…"), fynetheme.FolderOpenIcon(), p.pickMean)
	p.again = fynewidget.NewButtonWithIcon(lang.L("Draw again"), fynetheme.ViewRefreshIcon(), func() {
		p.change(func(m *session.Mixing) { m.Seed++ })
	})
	p.why = widget.NewNote("")
	mixing := widget.NewSection(lang.L("Mixture"), p.mode, p.how, p.round, p.amount, p.folder, p.again, p.why)

	p.keep = fynewidget.NewButtonWithIcon(lang.L("Save the picture…"), fynetheme.DocumentSaveIcon(), p.save)
	p.film = fynewidget.NewButtonWithIcon(lang.L("Save the strip…"), fynetheme.DocumentSaveIcon(), func() {
		w.save(lang.L("Save the strip as a picture or an animation"), "strip.png", endings{".png", ".gif"}, func(path string) { w.session.SaveMix(path, true) })
	})
	form := container.New(column{gap: 2 * grid}, model, mixing)
	p.side = container.NewBorder(nil, container.New(column{}, fynewidget.NewSeparator(), margins(container.New(column{gap: grid},
		widget.NewHint(lang.L("All pictures of the strip side by side, at most 1024 pixels a side each, or one after the other as an animation"), "", p.film),
		widget.NewHint(lang.L("The picture in the middle, made anew at the size of the first, at most 4096 pixels a side"), "Ctrl+S", p.keep)))), nil, nil, container.NewVScroll(margins(form)))

	p.stage = widget.NewSquare()
	p.stage.OnMoved = func(x, y float64) { p.change(func(m *session.Mixing) { m.X, m.Y = x, y }) }
	objects := []fyne.CanvasObject{p.stage}
	for i := range p.slots {
		p.slots[i] = widget.NewTile(func() { p.fill(i) }, func() { p.clear(i) })
		objects = append(objects, p.slots[i])
		w.trace.name(control{name: "mix.slot" + string(rune('a'+i)), o: p.slots[i], when: p.front})
	}
	p.strip = &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScaleFastest}
	p.caught = container.New(&insets{0, grid, 0, 0}, p.strip)
	p.empty = newEmptyState(func() {
		if p.want.Mode == session.MixMean {
			p.pickMean()
		} else {
			w.session.ExploreModel("digits")
		}
	})
	objects = append(objects, p.caught, p.empty.whole)
	p.whole = container.New(&mixLayout{p: p}, objects...)
	p.whole.Hide()

	for name, o := range map[string]fyne.CanvasObject{"model": p.model, "mode": p.mode, "amount": p.amount, "stage": p.stage, "again": p.again, "film": p.film, "keep": p.keep, "start": p.empty.begin} {
		w.trace.name(control{name: "mix." + name, o: o, when: p.front})
	}
	return p
}

func (p *mixPart) front() bool { return p.w.explore != nil && p.w.explore.front(p) }

func (p *mixPart) title() string               { return lang.L("Mix") }
func (p *mixPart) settings() fyne.CanvasObject { return p.side }
func (p *mixPart) middle() fyne.CanvasObject   { return p.whole }
func (p *mixPart) below() fyne.CanvasObject    { return nil }
func (p *mixPart) sideways() bool              { return false }
func (p *mixPart) share() float64              { return 0.7 }
func (p *mixPart) begun() bool                 { return false }
func (p *mixPart) pointed()                    {}
func (p *mixPart) turned()                     { p.w.session.ShowMix(p.front()) }

func (p *mixPart) save() {
	p.w.save(lang.L("Save the picture"), "mixture.png", pictureEndings, func(path string) { p.w.session.SaveMix(path, false) })
}

// change changes what is to be mixed.
func (p *mixPart) change(f func(m *session.Mixing)) {
	f(&p.want)
	p.w.session.SetMixing(p.want)
}

// fill asks for a picture for a corner.
func (p *mixPart) fill(i int) {
	p.w.pickFile(func(path string) {
		p.settle()
		p.change(func(m *session.Mixing) { m.Slots[i] = path })
	})
}

// clear empties a corner.
func (p *mixPart) clear(i int) {
	p.settle()
	p.change(func(m *session.Mixing) { m.Slots[i] = "" })
}

// pickMean asks for a folder to average.
func (p *mixPart) pickMean() {
	p.w.pickFolder(func(dir string) { p.change(func(m *session.Mixing) { m.Folder = dir }) })
}

// settle makes the pictures that were there by themselves those that are wanted.
func (p *mixPart) settle() {
	if p.want.Slots == ([session.MixSlots]string{}) {
		p.want.Slots = p.w.frame.Mix.Sources
	}
}

// takes puts pictures into the first free corners, and averages a folder.
func (p *mixPart) takes(paths []string) bool {
	if noPicture(paths) != "" {
		if info, err := os.Stat(paths[0]); err != nil || !info.IsDir() || p.want.Mode != session.MixMean {
			return false
		}
		p.change(func(m *session.Mixing) { m.Folder = paths[0] })
		return true
	}
	p.settle()
	for _, path := range paths {
		i := slices.Index(p.want.Slots[:], "")
		if i < 0 {
			i = 0
			for k := range p.want.Slots[:session.MixSlots-1] { // the oldest makes room
				p.want.Slots[k] = p.want.Slots[k+1]
			}
			i = session.MixSlots - 1
		}
		p.want.Slots[i] = path
	}
	p.w.session.SetMixing(p.want)
	return true
}

// mixName is what a way to mix is called.
func mixName(m session.MixMode) string {
	switch m {
	case session.MixSum:
		return lang.L("A − B + C")
	case session.MixMean:
		return lang.L("Mean of a folder")
	case session.MixNumber:
		return lang.L("One number at a time")
	case session.MixChance:
		return lang.L("From chance")
	}
	return lang.L("Between pictures")
}

// mixHow says what to do.
func mixHow(m session.MixMode) string {
	switch m {
	case session.MixSum:
		return lang.L("What B and C differ by is added to A. Choose pictures for the corners.")
	case session.MixMean:
		return lang.L("The latents of all pictures are averaged, and the mean is decoded.")
	case session.MixNumber:
		return lang.L("A row for each number of the latent of A, from far below to far above what it is.")
	case session.MixChance:
		return lang.L("Latents drawn from the unit normal distribution, and decoded.")
	}
	return lang.L("Drag the mark: the nearer a corner, the more of its picture. Click a corner to choose a picture, or drop some on the window; the other button empties it.")
}

// show writes a state into the controls.
func (p *mixPart) show(f frame) {
	mix := f.Mix
	p.w.showExploredModel(f, p.model, p.about)
	if mix.Want.Mode != "" {
		p.want = mix.Want
	}
	mode := p.want.Mode
	p.mode.set(string(mode))
	p.w.trace.setting("mix.mode", mode)
	p.how.Say(widget.StatusInfo, mixHow(mode))
	visible(p.round, mode == session.MixBetween)
	visible(p.amount, mode == session.MixSum)
	visible(p.folder, mode == session.MixMean)
	p.round.Checked = p.want.Round
	p.amount.SetValue(p.want.Amount)
	var notes []string
	level := widget.StatusInfo
	if mix.Why.Key != "" {
		notes, level = []string{said(mix.Why)}, widget.StatusWarning
	} else {
		if mode == session.MixMean && mix.Count > 0 {
			notes = append(notes, lang.L("The mean of {{.Count}} pictures.", map[string]any{"Count": widget.FormatCount(mix.Count)}))
		}
		first := slices.IndexFunc(mix.Sources[:], func(source string) bool { return source != "" })
		switch {
		case mix.Beside && mode == session.MixNumber && first >= 0:
			notes = append(notes, lang.L("This model lets most of a picture around its latent. What goes around it stays that of {{.Picture}}, so the pictures differ little.", map[string]any{"Picture": slotLetter(first)}))
		case mix.Beside:
			notes = append(notes, lang.L("This model lets most of a picture around its latent. What goes around it is mixed with the same shares, on straight lines, so pictures lie over one another rather than change their shapes."))
			if mode == session.MixMean {
				notes = append(notes, lang.L("The mean is saved with 1024 pixels a side at most."))
			}
		}
	}
	why := strings.Join(notes, " ")
	empty := mix.Why.Key != "" && mix.Result == nil && len(mix.Strip) == 0 && (mode == session.MixMean || mode == session.MixChance)
	visible(p.empty.whole, empty)
	visible(p.again, mode == session.MixChance && !empty)
	switch {
	case !empty:
		p.why.Say(level, why)
		visible(p.why, why != "")
	case mode == session.MixMean:
		if p.want.Folder == "" {
			why = lang.L("The latents of all pictures of a folder are averaged, and the mean is decoded. Choose a folder, or drop one on the window.")
		}
		p.empty.say(lang.L("The mean of many pictures"), why, lang.L("Choose a folder…"), fynetheme.FolderOpenIcon())
		visible(p.why, false)
	default:
		p.empty.say(lang.L("Pictures that nobody has taken"), why, lang.L("Use the model of digits"), fynetheme.Icon(theme.IconNameExplore))
		visible(p.why, false)
	}
	enable(p.keep, mix.Result != nil)
	enable(p.film, len(mix.Strip) > 0)
	if mix.Version != p.drawn.Version || mix.Result != p.drawn.Result || len(mix.Strip) != len(p.drawn.Strip) || mix.Slots != p.drawn.Slots || mix.Want != p.drawn.Want {
		p.drawn = mix
		p.draw(mix)
	}
	p.drawn = mix
	p.folds.settle(p.side, p.how, p.about, p.round, p.amount, p.folder, p.again, p.why)
}

// draw shows pictures.
func (p *mixPart) draw(mix session.Mix) {
	corners := map[session.MixMode]int{session.MixBetween: 4, session.MixSum: 3, session.MixNumber: 1}[p.want.Mode]
	for i, s := range p.slots {
		name := slotLetter(i)
		if strings.HasPrefix(mix.Sources[i], "sample:") {
			name += "   " + lang.L(mix.Names[i])
		} else if mix.Names[i] != "" {
			name += "   " + mix.Names[i]
		}
		s.Set(pictureOf(mix.Slots[i]), name, lang.L("Choose a picture"))
		visible(s, i < corners)
	}
	visible(p.stage, mix.Result != nil)
	p.stage.SetMark(p.want.X, p.want.Y, p.want.Mode == session.MixBetween && mix.Result != nil)
	p.stage.SetImage(pictureOf(mix.Result))
	p.strip.Image = nil
	if len(mix.Strip) > 0 {
		p.strip.Image = imageio.ToRGBA(nil, session.FilmStrip(mix.Strip, mix.Columns))
	}
	p.strip.ScaleMode = canvas.ImageScaleFastest
	if len(mix.Strip) > 0 && mix.Strip[0].Shape[1] < 64 {
		p.strip.ScaleMode = canvas.ImageScalePixels
	}
	p.strip.Refresh()
	p.whole.Refresh()
	p.w.trace.stir()
}

// slotLetter is what a corner is called.
func slotLetter(i int) string { return string(rune('A' + i)) }

// pictureOf is a tensor to show, nil where there is none.
func pictureOf(x *tensor.Tensor) image.Image {
	if x == nil {
		return nil
	}
	return imageio.ToRGBA(nil, x)
}

// mixLayout puts the mixture in the middle, its pictures at its corners, and the strip under it.
type mixLayout struct{ p *mixPart }

func (l *mixLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(60*grid, 40*grid) }

func (l *mixLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	p := l.p
	size.Height -= 2 * grid
	place := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	slot := min(26*grid, size.Width*0.22)
	if p.drawn.Result == nil { // a table is all there is, beside the first picture
		left := float32(0)
		if p.want.Mode == session.MixNumber {
			left = slot + 2*grid
		}
		place(p.slots[0], 0, 0, slot, min(slot+3*grid, size.Height))
		high := size.Height
		if p.strip.Image != nil { // it begins where the picture begins
			b := p.strip.Image.Bounds()
			high = min(high, (size.Width-left)*float32(b.Dy())/float32(max(b.Dx(), 1)))
		}
		place(p.caught, left, -grid, size.Width-left, high+grid)
		place(p.empty.whole, 0, 0, size.Width, size.Height)
		return
	}
	strip := float32(0)
	if p.strip.Image != nil {
		b := p.strip.Image.Bounds()
		strip = grid + min(size.Width*float32(b.Dy())/float32(max(b.Dx(), 1)), size.Height/3)
	}
	place(p.caught, 0, size.Height-strip, size.Width, strip)
	room := size.Height - strip - grid
	left := slot + 2*grid
	if p.want.Mode == session.MixMean { // it has no corners
		left = 0
	}
	place(p.stage, left, 0, size.Width-2*left, room)
	high := (room - grid) / 2
	for i, s := range p.slots {
		x, y := float32(0), float32(0)
		if i%2 == 1 {
			x = size.Width - slot
		}
		if i/2 == 1 {
			y = high + grid
		}
		place(s, x, y, slot, high)
	}
}
