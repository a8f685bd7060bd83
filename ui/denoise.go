package ui

// This file is the page Denoise: which picture, which noise, which model, and
// how its latent is looked at.

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"
	"github.com/disintegration/imaging"

	"sieve/assets"
	"sieve/model/noise"
	"sieve/ui/session"
	"sieve/ui/theme"
	"sieve/ui/widget"
)

// A denoisePage is the settings of the page Denoise.
type denoisePage struct {
	w        *window
	settings fyne.CanvasObject

	thumbs   []*thumb
	pad      *widget.Pad
	after    *widget.LabeledSlider // passes of a recurrent model
	stop     *widget.Hint          // with after
	drawing  *fyne.Container       // with it; hidden until it is asked for
	turning  *turning
	kind     *choice
	strength *widget.LabeledSlider
	redraw   *fynewidget.Button
	again    *widget.Hint // with redraw
	model    *choice
	about    *widget.Note
	learn    *fynewidget.Button
	learned  string // the picture that was last learned from
	amount   *widget.LabeledSlider
	manner   *widget.Segmented
	level    *widget.LabeledSlider
	estimate *fynewidget.Button
	guess    *widget.Hint    // with estimate
	told     *fyne.Container // what is for models that are told the level
	finest   *fynewidget.Check
	remark   *widget.Note
	colors   *choice
	scale    *choice
	save     *fynewidget.Button
	all      *fynewidget.Button
	every    *widget.Hint // with all

	paths []string // of models opened so far
	folds folds
}

// How the channels of a latent are scaled.
const (
	ownScale    = "own"
	commonScale = "common"
)

// Values of the model list that are no names of models.
const (
	openModel    = "open"
	trainedModel = "trained"
	learnedModel = "learned"
	fileModel    = "file:"
)

func newDenoisePage(w *window) *denoisePage {
	p := &denoisePage{w: w}

	samples := container.NewGridWithColumns(3)
	for i, s := range assets.Samples() {
		t := newThumb(func() { w.session.UseSample(i) })
		p.thumbs = append(p.thumbs, t)
		samples.Add(widget.NewHint(lang.L(s.Title), "", t))
	}
	open := fynewidget.NewButtonWithIcon(lang.L("Open…"), fynetheme.FolderOpenIcon(), w.openFile)
	p.turning = newTurning(w)
	p.pad = widget.NewPad(session.DrawnSide)
	p.pad.OnChanged = func(pixels []float32) { w.session.Draw(session.DrawnSide, pixels) }
	wipe := fynewidget.NewButtonWithIcon(lang.L("Wipe"), fynetheme.DeleteIcon(), p.pad.Clear)
	p.drawing = container.New(column{gap: grid}, p.pad, wipe)
	p.drawing.Hide()
	draw := fynewidget.NewButtonWithIcon(lang.L("Draw…"), fynetheme.DocumentCreateIcon(), func() {
		visible(p.drawing, !p.drawing.Visible())
		p.settings.Refresh()
		w.trace.stir()
	})
	w.trace.name(control{name: "denoise.draw", o: draw})
	w.trace.name(control{name: "denoise.pad", o: p.pad, when: p.drawing.Visible})
	picture := widget.NewSection(lang.L("Picture"), samples, row(widget.NewHint(lang.L("Open pictures, folders or models, or drop them on the window"), "Ctrl+O", open),
		widget.NewHint(lang.L("Draw a digit by hand, and see at once what the network makes of it. The other button rubs out"), "", draw)), p.drawing, p.turning.row)

	values, names := addedKinds()
	p.kind = newChoice(func(kind string) {
		w.session.SetNoise(kind, p.strengthOf(kind))
		w.record()
	}, values, names)
	p.strength = widget.NewLabeledSlider(lang.L("Strength"), "", 0, 100, 1, 25)
	p.strength.OnChanged = func(v float64) { w.session.SetNoise(p.kind.value(), v) }
	p.strength.OnChangeEnded = func(float64) { w.record() }
	p.redraw = fynewidget.NewButtonWithIcon(lang.L("Another draw"), fynetheme.ViewRefreshIcon(), w.session.NewNoiseSeed)
	p.again = widget.NewHint(lang.L("The same noise with other random numbers"), "", p.redraw)
	noise := widget.NewSection(lang.L("Noise added"), widget.NewField(lang.L("Kind"), p.kind), p.strength, p.again)

	p.model = newChoice(p.pickModel, nil, nil)
	p.about = widget.NewNote("")
	p.learn = fynewidget.NewButtonWithIcon(lang.L("Learn from this picture"), fynetheme.Icon(theme.IconNameTrain), w.session.LearnFromPicture)
	model := widget.NewSection(lang.L("Model"), p.model, p.about,
		widget.NewHint(lang.L("Teach a new model from this noisy picture alone, in a minute. For noise that no other model knows"), "", p.learn))

	p.amount = widget.NewLabeledSlider(lang.L("Amount"), "%", 0, 100, 1, 100)
	p.amount.OnChanged = func(v float64) { p.repair(func(r *session.Repair) { r.Strength = v / 100 }) }
	p.amount.OnChangeEnded = func(float64) { w.record() }
	p.manner = widget.NewSegmented(lang.L("Sharper"), lang.L("Balanced"), lang.L("Smoother"))
	p.manner.OnChanged = func(i int) {
		p.repair(func(r *session.Repair) { r.Manner = session.Manners[i] })
		w.record()
	}
	p.level = widget.NewLabeledSlider(lang.L("Noise level"), lang.L("levels"), 0, 75, 0.5, 0)
	p.level.OnChanged = func(v float64) { p.repair(func(r *session.Repair) { r.Sigma = v }) }
	p.level.OnChangeEnded = func(float64) { w.record() }
	p.estimate = fynewidget.NewButtonWithIcon(lang.L("Estimate it"), fynetheme.ViewRefreshIcon(), func() {
		p.repair(func(r *session.Repair) { r.Sigma = -1 })
		w.record()
	})
	p.guess = widget.NewHint(lang.L("Estimate it from each picture again"), "", p.estimate)
	p.told = container.New(column{gap: grid}, p.manner,
		widget.NewHint(lang.L("How strong the noise is. It is estimated from each picture until you move this"), "", p.level), p.guess)
	p.finest = fynewidget.NewCheck(lang.L("Finest, eight times slower"), func(yes bool) {
		p.repair(func(r *session.Repair) {
			r.Passes = 1
			if yes {
				r.Passes = session.MostPasses
			}
		})
		w.record()
	})
	p.after = widget.NewLabeledSlider(lang.L("Passes"), "", 1, 2, 1, 1)
	p.after.OnChanged = func(v float64) { p.repair(func(r *session.Repair) { r.After = int(v) }) }
	p.after.OnChangeEnded = func(float64) { w.record() }
	p.stop = widget.NewHint(lang.L("Stop a recurrent network early: fewer bits, less detail"), "", p.after)
	p.stop.Hide()
	p.remark = widget.NewNote("")
	result := widget.NewSection(lang.L("Result"), p.told, p.stop, widget.NewHint(lang.L("Blends the picture with the model's answer"), "", p.amount),
		widget.NewHint(lang.L("Turns and mirrors the picture in eight ways and takes the mean of the answers"), "", p.finest), p.remark)

	var maps, mapNames []string
	for _, m := range colormaps {
		maps, mapNames = append(maps, m.String()), append(mapNames, colormapName(m))
	}
	p.colors = newChoice(func(name string) { w.setLook(func(l *session.Look) { l.Map = colormapOf(name) }) }, maps, mapNames)
	p.scale = newChoice(func(v string) { w.setLook(func(l *session.Look) { l.Common = v == commonScale }) },
		[]string{ownScale, commonScale}, []string{lang.L("Each its own"), lang.L("One for all")})
	latent := widget.NewSection(lang.L("Latent"), widget.NewField(lang.L("Colours"), p.colors), widget.NewField(lang.L("Scale"), p.scale))

	p.save = fynewidget.NewButtonWithIcon(lang.L("Save the result…"), fynetheme.DocumentSaveIcon(), w.saveResult)
	p.save.Importance = fynewidget.HighImportance

	p.all = fynewidget.NewButtonWithIcon("", fynetheme.ContentAddIcon(), func() { w.session.QueueAll(session.PageDenoise) })
	p.every = widget.NewHint(lang.L("Put all open pictures into the queue, to be denoised with these settings"), "", p.all)
	p.every.Hide()

	form := container.New(column{gap: 2 * grid}, picture, model, result, noise, latent)
	p.settings = container.NewBorder(nil, container.New(column{}, fynewidget.NewSeparator(), margins(container.New(column{gap: grid}, p.every,
		widget.NewHint(lang.L("Save the reconstruction as a picture"), "Ctrl+S", p.save)))),
		nil, nil, container.NewVScroll(margins(form)))

	p.showLook(w.view.look)
	w.trace.name(control{name: "denoise.noise", o: p.kind})
	w.trace.name(control{name: "denoise.strength", o: p.strength})
	w.trace.name(control{name: "denoise.open", o: open})
	w.trace.name(control{name: "denoise.model", o: p.model})
	w.trace.name(control{name: "denoise.learn", o: p.learn})
	w.trace.name(control{name: "denoise.amount", o: p.amount})
	w.trace.name(control{name: "denoise.manner", o: p.manner})
	w.trace.name(control{name: "denoise.finest", o: p.finest})
	w.trace.name(control{name: "denoise.level", o: p.level})
	w.trace.name(control{name: "denoise.estimate", o: p.estimate})
	w.trace.name(control{name: "denoise.save", o: p.save})
	w.trace.name(control{name: "denoise.all", o: p.all})
	return p
}

// A turning pages through the pictures that are open.
type turning struct {
	row            *fyne.Container
	place          *fynewidget.Label
	previous, next *fynewidget.Button
}

func newTurning(w *window) *turning {
	t := &turning{place: fynewidget.NewLabelWithStyle("", fyne.TextAlignCenter, fyne.TextStyle{})}
	t.previous = fynewidget.NewButtonWithIcon("", fynetheme.NavigateBackIcon(), w.session.Previous)
	t.next = fynewidget.NewButtonWithIcon("", fynetheme.NavigateNextIcon(), w.session.Next)
	t.place.Truncation = fyne.TextTruncateEllipsis
	t.row = container.NewBorder(nil, nil,
		widget.NewHint(lang.L("Previous picture"), "PgUp", t.previous), widget.NewHint(lang.L("Next picture"), "PgDn", t.next), t.place)
	t.row.Hide()
	return t
}

// show says which of several pictures is shown, and whether there are several.
func (t *turning) show(f frame) bool {
	several := !f.Picture.Sample && f.Picture.Of > 1
	if several {
		t.place.SetText(lang.L("{{.Number}} of {{.All}}", map[string]any{"Number": f.Picture.Index + 1, "All": f.Picture.Of}))
		enable(t.previous, f.Picture.Index > 0)
		enable(t.next, f.Picture.Index < f.Picture.Of-1)
	}
	visible(t.row, several)
	return several
}

// drawThumbs makes the small pictures of the samples, once there is time.
func (p *denoisePage) drawThumbs() {
	go func() {
		for i, s := range assets.Samples() {
			small := thumbnail(s.Clean)
			p.w.do(func() { p.thumbs[i].show(small) })
		}
	}()
}

// strengthOf is what a kind of noise begins with.
func (p *denoisePage) strengthOf(kind string) float64 { return kindOf(kind).Default }

// show writes a state into the controls.
func (p *denoisePage) show(f frame) {
	for i, t := range p.thumbs {
		t.mark(f.Picture.Sample && !f.Picture.Drawn && f.Picture.Index == i)
	}
	several := p.turning.show(f)

	values, names := addedKinds()
	if f.Picture.Twin {
		values, names = append(values, session.OwnNoise), append(names, kindName(session.OwnNoise))
	}
	p.kind.offer(values, names)
	p.kind.set(f.Noise.Kind)
	k := kindOf(f.Noise.Kind)
	measured := k.Max > 0
	if unit := unitName(k.Unit); measured && (p.strength.Max != k.Max || p.strength.Unit != unit) {
		p.strength.Max, p.strength.Unit, p.strength.Default = k.Max, unit, k.Default
		p.strength.Step = 1
		if k.Max <= 50 {
			p.strength.Step = 0.5
		}
		p.strength.Refresh()
	}
	if measured {
		p.strength.SetValue(f.Noise.Strength)
	}
	visible(p.strength, measured)
	visible(p.again, measured)

	p.showModels(f)
	p.showRepair(f)
	if several {
		p.all.SetText(lang.L("Denoise all {{.Number}}…", map[string]any{"Number": widget.FormatCount(f.Picture.Of)}))
	}
	visible(p.every, several)
	enable(p.all, f.Model.Name != "")
	enable(p.save, f.State.Result != nil)
	p.folds.settle(p.settings, p.turning.row, p.strength, p.again, p.about, p.told, p.stop, p.guess, p.remark, p.every)
}

// repair changes how the model is used.
func (p *denoisePage) repair(change func(r *session.Repair)) {
	r := p.w.session.State().Repair
	change(&r)
	p.w.session.SetRepair(r)
}

// showRepair writes how the model is used, and what is to be said of it.
func (p *denoisePage) showRepair(f frame) {
	r := f.Repair
	p.amount.SetValue(100 * r.Strength)
	if finest := r.Passes > 1; p.finest.Checked != finest {
		p.finest.Checked = finest
		p.finest.Refresh()
	}
	visible(p.told, f.Model.Spec.Level)
	passes := f.Model.Spec.Passes
	several := f.Model.Spec.Body == "recurrent" && passes > 1
	visible(p.stop, several)
	if several {
		if p.after.Max != float64(passes) {
			p.after.Max = float64(passes)
			p.after.Refresh()
		}
		at := f.Repair.After
		if at == 0 || at > passes {
			at = passes
		}
		p.after.SetValue(float64(at))
	}
	for i, m := range session.Manners {
		if r.Manner == m {
			p.manner.SetSelected(i)
		}
	}
	own := r.Sigma < 0
	if own && !math.IsNaN(f.State.Estimate) {
		p.level.SetValue(f.State.Estimate)
	} else if !own {
		p.level.SetValue(r.Sigma)
	}
	name := lang.L("Noise level")
	if own {
		name = lang.L("Noise level, estimated")
	}
	if p.level.Label != name {
		p.level.Label = name
		p.level.Refresh()
	}
	visible(p.guess, !own)
	p.remark.Say(p.remarkOn(f))
}

// What a picture or a result must be like for a remark.
const (
	muchBlocking  = 2    // JPEG of quality 50 and below has more
	muchStructure = 0.35 // what is removed well has less
	littleNoise   = 0.5  // levels of 255
	mostNoise     = 60
)

// remarkOn says what is unusual in a picture or its result.
func (p *denoisePage) remarkOn(f frame) (widget.Level, string) {
	st := f.State
	switch {
	case !f.Model.Spec.Level || st.Pending:
	case st.Blocking > muchBlocking && !f.Model.Spec.Estimated:
		return widget.StatusWarning, lang.L("This looks like JPEG blocking more than noise. This model knows noise that differs from pixel to pixel, and leaves the rest.")
	case st.Estimate > mostNoise:
		return widget.StatusWarning, lang.L("This is more noise than the model has learned from.")
	case st.Structure > muchStructure && st.RemovedRMS > 1:
		return widget.StatusWarning, lang.L("What was removed holds detail of the picture. Sharper or a lower amount keeps it.")
	case st.Estimate < littleNoise:
		return widget.StatusInfo, lang.L("There is hardly any noise in this picture.")
	}
	return widget.StatusInfo, ""
}

// addedKinds are the kinds of noise that can be added to a picture, and their names.
func addedKinds() (values, names []string) {
	for _, k := range noise.Kinds() {
		if !k.Lesson {
			values, names = append(values, k.Name), append(names, kindName(k.Name))
		}
	}
	return values, names
}

func unitName(unit string) string {
	switch unit {
	case "levels":
		return lang.L("levels")
	}
	return unit
}

// showModels lists what can be used, and says what the one in use is.
func (p *denoisePage) showModels(f frame) {
	m := f.Model
	if m.Path != "" && !slices.Contains(p.paths, m.Path) {
		p.paths = append(p.paths, m.Path)
	}
	var values, names []string
	for _, name := range session.Models() {
		values, names = append(values, name), append(names, lang.L("{{.Name}} (built in)", map[string]any{"Name": name}))
	}
	for _, path := range p.paths {
		values, names = append(values, fileModel+path), append(names, baseName(path))
	}
	if m.Trained || f.Train.BestStep > 0 {
		values, names = append(values, trainedModel), append(names, lang.L("Trained here"))
	}
	if m.Alone {
		p.learned = m.Name
	}
	if p.learned != "" {
		values, names = append(values, learnedModel), append(names, lang.L("Learned from {{.Name}}", map[string]any{"Name": p.learned}))
	}
	values, names = append(values, openModel), append(names, lang.L("Open a model…"))
	p.model.PlaceHolder = lang.L("No model")
	p.model.offer(values, names)
	switch {
	case m.Trained:
		p.model.set(trainedModel)
	case m.Alone:
		p.model.set(learnedModel)
	case m.Path != "":
		p.model.set(fileModel + m.Path)
	default:
		p.model.set(m.Name)
	}
	if m.Name == "" {
		p.about.Say(widget.StatusInfo, lang.L("Open a model that Sieve saved, or train one on the page Train."))
		return
	}
	p.about.Say(widget.StatusInfo, lang.L("{{.Count}} learned numbers, {{.Latent}} channels",
		map[string]any{"Count": widget.FormatCount(m.Count), "Latent": m.Spec.Numbers()}))
}

// pickModel takes what was chosen from the list of models.
func (p *denoisePage) pickModel(value string) {
	switch {
	case value == openModel:
		p.showModels(p.w.frame)
		p.w.openFile()
	case value == trainedModel:
		p.w.session.UseTrained()
	case value == learnedModel:
		p.w.session.UseLearned()
	case strings.HasPrefix(value, fileModel):
		p.w.session.UseModel(strings.TrimPrefix(value, fileModel))
	default:
		p.w.session.UseModel(value)
	}
}

// showLook writes how the latent is drawn into the controls.
func (p *denoisePage) showLook(l session.Look) {
	p.colors.set(l.Map.String())
	p.scale.set(ownScale)
	if l.Common {
		p.scale.set(commonScale)
	}
}

// A thumb is a small picture to choose a sample by.
type thumb struct {
	fynewidget.BaseWidget
	tapped func()
	image  *canvas.Image
	frame  *canvas.Rectangle
	marked bool
	focus  bool
}

func newThumb(tapped func()) *thumb {
	t := &thumb{tapped: tapped, image: &canvas.Image{FillMode: canvas.ImageFillContain}, frame: &canvas.Rectangle{}}
	t.ExtendBaseWidget(t)
	return t
}

func (t *thumb) show(img image.Image) {
	t.image.Image = img
	t.Refresh()
}

func (t *thumb) mark(yes bool) {
	if t.marked != yes {
		t.marked = yes
		t.Refresh()
	}
}

func (t *thumb) Tapped(*fyne.PointEvent) { t.tapped() }
func (t *thumb) FocusGained()            { t.focus = true; t.Refresh() }
func (t *thumb) FocusLost()              { t.focus = false; t.Refresh() }
func (t *thumb) TypedRune(rune)          {}
func (t *thumb) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeySpace || e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter {
		t.tapped()
	}
}

func (t *thumb) CreateRenderer() fyne.WidgetRenderer {
	r := &thumbRenderer{t}
	r.Refresh()
	return r
}

type thumbRenderer struct{ t *thumb }

const thumbWide, thumbHigh = 10 * grid, 7 * grid

func (r *thumbRenderer) MinSize() fyne.Size { return fyne.NewSize(thumbWide, thumbHigh) }
func (r *thumbRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.t.image, r.t.frame}
}
func (r *thumbRenderer) Destroy() {}

func (r *thumbRenderer) Layout(size fyne.Size) {
	r.t.frame.Resize(size)
	r.t.image.Move(fyne.NewSquareOffsetPos(grid / 2))
	r.t.image.Resize(size.SubtractWidthHeight(grid, grid))
}

func (r *thumbRenderer) Refresh() {
	t := r.t
	t.frame.StrokeWidth, t.frame.CornerRadius = 0, t.Theme().Size(fynetheme.SizeNameButtonRadius)
	if t.marked || t.focus {
		t.frame.StrokeWidth, t.frame.StrokeColor = 2, fynetheme.Color(fynetheme.ColorNamePrimary)
	}
	t.frame.FillColor = color.Transparent
	t.frame.Refresh()
	t.image.Refresh()
}

// thumbnail makes a small picture of a PNG.
func thumbnail(file []byte) image.Image {
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		panic("ui: " + err.Error()) // it is in the program
	}
	return imaging.Fill(img, 2*thumbWide, 2*thumbHigh, imaging.Center, imaging.Box)
}
