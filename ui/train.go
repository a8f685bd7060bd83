package ui

// This file is the page Train: what to learn from, which network, which lesson,
// and the buttons that run it.

import (
	"fmt"
	"math"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/model"
	"sieve/ui/session"
	"sieve/ui/widget"
)

// A trainPage is the settings of the page Train.
type trainPage struct {
	w        *window
	settings fyne.CanvasObject
	scroll   *container.Scroll

	preset  *choice
	data    *choice
	about   *widget.Note
	form    *specForm
	scheme  *schemeForm
	minutes *widget.NumberEntry
	lambda  *widget.NumberEntry
	network *widget.Section
	twin    *twinForm

	facts  *widget.Facts
	reason *widget.Note
	start  *fynewidget.Button // or pause, or go on
	step   *fynewidget.Button
	stop   *fynewidget.Button
	anew   *fynewidget.Button
	best   *fynewidget.Button
	use    *fynewidget.Button
	save   *fynewidget.Button

	ends  *fyne.Container // stop or anew
	back  *widget.Hint
	taken *fyne.Container // use and save

	source  string // what to learn from
	sources []string
	phase   session.Phase
	folds   folds
	act     func() // what the start button does; nil: nothing
}

// Values of the data list that are no data.
const (
	openFolder = "open folder"
	openSet    = "open file"
)

var builtins = []string{"builtin:leaves", "builtin:digits", "builtin:letters", "builtin:glyphs", "builtin:shapes"}

func builtinName(name string) string {
	switch name {
	case "builtin:leaves":
		return lang.L("Dead leaves (drawn)")
	case "builtin:digits":
		return lang.L("Digits (drawn)")
	case "builtin:letters":
		return lang.L("Letters (drawn)")
	case "builtin:glyphs":
		return lang.L("Digits and letters, any size (drawn)")
	case "builtin:shapes":
		return lang.L("Simple shapes (drawn)")
	}
	return baseName(name)
}

func newTrainPage(w *window) *trainPage {
	p := &trainPage{w: w, form: &specForm{spec: model.DefaultSpec()}, source: builtins[0]}
	f := p.form
	f.changed = func() {
		p.show(w.frame, w.frame.State)
		w.network.show(w.frame.State)
		w.record()
	}

	hint := widget.NewHint
	ps := presets()
	var values, names []string
	for _, x := range ps {
		values, names = append(values, x.name), append(names, x.title())
	}
	p.preset = newChoice(p.take, values, names)
	p.preset.PlaceHolder = lang.L("Choose what to teach…")
	p.data = newChoice(p.pickData, nil, nil)
	p.about = widget.NewNote("")
	p.scheme = newSchemeForm(f)

	bottleneck := f.choice("bottleneck", lang.L("Bottleneck"), model.Choices("bottleneck"), []string{lang.L("Plain"), lang.L("Sparse"), lang.L("Sparse, activity"), lang.L("Sparse, top k"), lang.L("Variational"), lang.L("Binary"), lang.L("Quantised")})
	p.lambda = f.number("lambda", lang.L("Price λ"), 0, 1e6)
	latent := f.number("latent", lang.L("Latent channels"), 1, 4096)
	body := f.choice("body", lang.L("Body"), model.Choices("body"), []string{lang.L("Convolutional"), "U-Net", lang.L("Pixel shuffle"), lang.L("Linear"), lang.L("Recurrent")})
	loss := f.choice("loss", lang.L("Loss"), model.Choices("loss"), []string{lang.L("Squared error"), lang.L("Root of it"), lang.L("Absolute error"), lang.L("Cross-entropy"), lang.L("Structure (SSIM)")})
	steps := f.number("steps", lang.L("Steps"), 0, 1e9)
	p.minutes = widget.NewNumberEntry(lang.L("Minutes at most"), 0, 1e5, 0)
	p.minutes.OnChanged = func(v float64) {
		f.minutes = v
		f.changed()
	}
	f.rows = append(f.rows, &specRow{name: "minutes", target: p.minutes, half: true, field: p.minutes, show: func(model.Spec) { p.minutes.SetValue(f.minutes) }})

	wide := []fyne.CanvasObject{
		f.number("rate", lang.L("Learning rate"), 0, 1e6),
		body,
		f.number("depth", lang.L("Depth"), 0, 5), f.number("width", lang.L("Width"), 1, 512),
		f.choice("kernel", lang.L("Kernel"), []string{"3", "5", "7"}, []string{"3 × 3", "5 × 5", "7 × 7"}),
		f.number("blocks", lang.L("Residual blocks"), 0, 16), f.number("patch", lang.L("Patch"), 1, 64),
		f.number("passes", lang.L("Passes"), 0, 32),
		f.choice("activation", lang.L("Activation"), model.Choices("activation"), []string{"ReLU", "Leaky ReLU", "SiLU", "tanh", lang.L("Sigmoid")}),
		f.choice("up", lang.L("Upsampling"), model.Choices("up"), []string{lang.L("Transposed"), lang.L("Nearest")}),
		f.choice("output", lang.L("Output"), model.Choices("output"), []string{lang.L("Identity"), lang.L("Sigmoid"), lang.L("Residual")}),
		f.number("activity", lang.L("Active share"), 0, 1), f.number("free", lang.L("Free nats a channel"), 0, 1000),
		f.number("range", lang.L("λ at quality 0, times"), 0, 1e6), f.number("hyper", lang.L("Channels ahead"), 0, 1024),
		f.choice("context", lang.L("Told from itself"), []string{"false", "true"}, []string{lang.L("No"), lang.L("Yes")}),
		f.choice("skips", lang.L("Skip connections"), []string{"false", "true"}, []string{lang.L("No"), lang.L("Yes")}),
		f.choice("level", lang.L("Noise level is told"), []string{"false", "true"}, []string{lang.L("No"), lang.L("Yes")}),
		f.choice("estimated", lang.L("Level in training"), []string{"false", "true"}, []string{lang.L("Known"), lang.L("Estimated")}),
		f.choice("channels", lang.L("Pictures are"), []string{"0", "1", "3"}, []string{lang.L("As the data"), lang.L("Grey"), lang.L("Colour")}),
		f.choice("crop", lang.L("Crop, pixels"), []string{"0", "16", "28", "32", "48", "64", "96", "128"}, []string{lang.L("As the data"), "16", "28", "32", "48", "64", "96", "128"}),
		f.choice("augment", lang.L("Vary photographs"), []string{"false", "true"}, []string{lang.L("No"), lang.L("Yes")}),
		f.number("leaves", lang.L("Share of leaves"), 0, 1), f.number("grey", lang.L("Share in grey"), 0, 1),
		f.number("batch", lang.L("Pictures a step"), 1, 1024),
		f.choice("optimiser", lang.L("Optimiser"), model.Choices("optimiser"), []string{"Adam", "Muon", "SGD"}),
		f.choice("schedule", lang.L("Schedule"), model.Choices("schedule"), []string{lang.L("Constant"), lang.L("Cosine")}),
		f.number("warmup", lang.L("Warm-up, steps"), 0, 1e6), f.number("momentum", lang.L("Momentum"), 0, 0.9999),
		f.number("decay", lang.L("Weight decay"), 0, 1), f.number("clip", lang.L("Clip gradient"), 0, 1e9),
		f.number("average", lang.L("Average of weights"), 0, 0.99999), f.number("check", lang.L("Validate every"), 1, 1e6),
		p.minutes, f.number("seed", lang.L("Seed"), 0, 1<<53),
	}
	// What is of no use here is not offered.
	if precision := f.choice("precision", lang.L("Arithmetic"), model.Choices("precision"), []string{lang.L("Exact (fp32)"), lang.L("Fast (bf16)")}); model.Tiles() == "available" {
		wide = append(wide, hint(lang.L("Fast rounds what convolutions multiply: several times as fast on this processor, and hardly less exact"), "", precision))
	}

	learn := widget.NewSection(lang.L("Learn from"), hint(lang.L("Settings that make sense together"), "", p.preset), p.data, p.about)
	lesson := widget.NewSection(lang.L("Lesson"), p.scheme.kindRow, p.scheme.mixture, p.scheme.edges, loss, steps)
	p.network = widget.NewSection(lang.L("Network"), bottleneck, p.lambda, latent).More(wide...)
	p.network.OnOpened = func(bool) { w.trace.stir() }
	p.twin = newTwinForm(p)
	form := container.New(column{gap: 2 * grid}, learn, lesson, p.network, p.twin.section)
	p.scroll = container.NewVScroll(margins(form))
	p.scroll.OnScrolled = func(fyne.Position) { w.trace.stir() }

	p.facts = widget.NewFacts(lang.L("Step"), lang.L("Speed"), lang.L("Time left"), lang.L("Best so far"))
	p.reason = widget.NewNote("")
	button := func(text string, icon fyne.Resource, tapped func()) *fynewidget.Button {
		return fynewidget.NewButtonWithIcon(text, icon, tapped)
	}
	p.start = button("", nil, p.toggle)
	p.start.Importance = fynewidget.HighImportance
	p.step = button(lang.L("One step"), fynetheme.MediaSkipNextIcon(), p.once)
	p.stop = button(lang.L("Stop"), fynetheme.MediaStopIcon(), w.session.StopTraining)
	p.anew = button(lang.L("Start anew"), fynetheme.MediaReplayIcon(), p.begin)
	p.best = button(lang.L("Back to best"), fynetheme.HistoryIcon(), w.session.BackToBest)
	p.use = button(lang.L("Use model"), nil, w.session.UseTrained)
	p.save = button(lang.L("Save model…"), nil, w.saveModel)
	p.taken = row(hint(lang.L("Denoise with the best weights so far"), "", p.use), hint(lang.L("Save the best weights as a model"), "Ctrl+S", p.save))
	p.back = hint(lang.L("Take the weights back to the best validation"), "", p.best)
	p.ends = container.NewStack(hint(lang.L("End the training; it can go on later"), "", p.stop), hint(lang.L("Begin again with the settings above"), "", p.anew))
	run := container.New(column{gap: grid}, p.facts, p.reason,
		hint(lang.L("Start, pause or go on"), "Space", p.start),
		row(hint(lang.L("Take one step and wait"), "", p.step), p.ends),
		p.back, p.taken)
	p.settings = container.NewBorder(nil, container.New(column{}, fynewidget.NewSeparator(), margins(run)), nil, nil, p.scroll)

	for _, r := range f.rows {
		name := "train." + r.name
		if r.name == "scheme" {
			name = "train.noise"
		}
		w.trace.name(control{name: name, o: r.target, half: r.half, in: p.scroll})
	}
	w.trace.name(control{name: "train.data", o: p.data, in: p.scroll})
	w.trace.name(control{name: "train.preset", o: p.preset, in: p.scroll})
	w.trace.name(control{name: "train.more", o: p.network.Toggle(), in: p.scroll})
	is := func(phases ...session.Phase) func() bool {
		return func() bool { return slices.Contains(phases, p.phase) }
	}
	w.trace.name(control{name: "train.start", o: p.start, when: func() bool { return p.phase != session.Running }})
	w.trace.name(control{name: "train.pause", o: p.start, when: is(session.Running)})
	for name, b := range map[string]*fynewidget.Button{"train.step": p.step, "train.stop": p.stop, "train.best": p.best, "train.anew": p.anew, "train.use": p.use, "train.save": p.save} {
		w.trace.name(control{name: name, o: b, when: func() bool { return !b.Disabled() }})
	}
	return p
}

// A preset is a training that makes sense at one click.
type preset struct {
	name, data string
	title      func() string
	change     func(s *model.Spec)
}

func presets() []preset {
	digits := func(s *model.Spec) {
		s.Channels, s.Crop, s.Width, s.Depth, s.Scheme = 0, 0, 16, 2, "none"
		s.Loss, s.Output, s.Batch, s.Steps, s.Rate = "bce", "sigmoid", 32, 2000, 2e-3
	}
	vector := func(n int) func(s *model.Spec) {
		return func(s *model.Spec) {
			digits(s)
			s.Patch, s.Latent = 7, n
		}
	}
	return []preset{
		{"photos", "builtin:leaves", func() string { return lang.L("Photos: remove noise") }, func(s *model.Spec) {}},
		{"blind", "builtin:leaves", func() string { return lang.L("Photos: learn from noisy ones alone") }, func(s *model.Spec) {
			s.Scheme = "blindspot:1.5"
		}},
		{"digits", "builtin:digits", func() string { return lang.L("Digits: a latent of 8 numbers") }, vector(8)},
		{"digits-noise", "builtin:digits", func() string { return lang.L("Digits: remove noise") }, func(s *model.Spec) {
			digits(s)
			s.Scheme, s.Latent = "gaussian:0-100", 8
		}},
		{"digits-vae", "builtin:digits", func() string { return lang.L("Digits: variational, 2 numbers") }, func(s *model.Spec) {
			vector(2)(s)
			s.Bottleneck, s.Lambda = "variational", 1
		}},
		{"shapes", "builtin:shapes", func() string { return lang.L("Shapes: a sparse code") }, func(s *model.Spec) {
			s.Channels, s.Crop, s.Width, s.Latent, s.Scheme, s.Bottleneck, s.Lambda = 0, 0, 16, 32, "none", "sparse", 1e-3
		}},
		{"pca", "builtin:digits", func() string { return lang.L("Digits: linear, as PCA") }, func(s *model.Spec) {
			digits(s)
			s.Body, s.Depth, s.Patch, s.Latent, s.Loss, s.Output = "linear", 0, 28, 8, "mse", "identity"
		}},
	}
}

// take fills the form with a preset. Pictures of one's own stay.
func (p *trainPage) take(name string) {
	for _, x := range presets() {
		if x.name != name {
			continue
		}
		s := model.DefaultSpec()
		s.Channels, s.Crop = 0, 0
		x.change(&s)
		if slices.Contains(builtins, p.source) || x.data == "builtin:digits" || x.data == "builtin:shapes" {
			p.learnFrom(x.data)
		}
		p.form.set(s, 0)
		p.form.changed()
	}
}

// paste takes settings that were copied as text.
func (p *trainPage) paste(text string) {
	spec, err := session.SpecOf(text)
	if err != nil {
		p.w.session.Complain(err)
		return
	}
	p.form.set(spec, 0)
	p.form.changed()
}

// restore is what the form held when the window was last closed.
func (p *trainPage) restore(s session.Settings) {
	spec := model.DefaultSpec()
	spec.Channels, spec.Crop = 0, 0
	if s.Spec != nil {
		spec = *s.Spec
	}
	p.form.set(spec, s.Minutes)
	if s.Data != "" {
		p.source = s.Data
	}
	p.w.session.UseData(p.source)
	p.show(p.w.frame, p.w.frame.State)
}

// remember writes the form into the settings.
func (p *trainPage) remember(s *session.Settings) {
	spec := p.form.spec
	s.Spec, s.Minutes, s.Data = &spec, p.form.minutes, p.source
}

// learnFrom chooses what to learn from.
func (p *trainPage) learnFrom(name string) {
	p.source = name
	p.w.session.UseData(name)
}

// pickData takes what was chosen from the list of data.
func (p *trainPage) pickData(value string) {
	switch value {
	case openFolder:
		p.showData(p.w.frame.State)
		p.w.openFolder()
	case openSet:
		p.showData(p.w.frame.State)
		p.w.openFile()
	default:
		p.learnFrom(value)
		p.form.changed()
	}
}

// job is the training that the form asks for.
func (p *trainPage) job() session.TrainJob {
	return session.TrainJob{Data: p.source, Spec: p.form.spec, Minutes: p.form.minutes, Twin: p.twin.twin(p.form.spec)}
}

func (p *trainPage) begin() {
	if p.form.wrong() == nil {
		p.w.session.Train(p.job())
	}
}

// toggle is what Space and the first button do.
func (p *trainPage) toggle() {
	if p.act != nil {
		p.act()
	}
}

// once takes one step, of a new training if there is none.
func (p *trainPage) once() {
	if p.phase == session.Idle || p.phase == session.Finished {
		p.begin()
	}
	p.w.session.StepOnce()
}

// show writes a state into the controls.
func (p *trainPage) show(f frame, last session.State) {
	tr := f.Train
	p.phase = tr.Phase
	if p.phase == "" {
		p.phase = session.Idle
	}
	if d := f.Data; d.Version != last.Data.Version && d.Name != "" && d.Name != p.source { // dropped or opened
		p.source = d.Name
		p.w.record()
	}
	if tr.Phase != last.Train.Phase && tr.Phase == session.Interrupted {
		p.form.set(tr.Spec, 0)
		if tr.Data.Name != "" {
			p.source = tr.Data.Name
		}
	}
	p.showData(f.State)
	err := p.form.show()
	p.form.able(!tr.Busy())
	p.twin.show(!tr.Busy())
	enable(p.data, !tr.Busy())
	enable(p.preset, !tr.Busy())
	p.showRun(f.State, err)
	p.showFacts(tr)
	p.showChart(f)
	p.tell()
	visible(p.lambda, p.form.spec.Bottleneck != "plain")
	p.folds.settle(p.settings, p.lambda, p.twin.latent, p.twin.loss, p.twin.noise, p.twin.seed, p.about, p.scheme.mixture, p.scheme.edges, p.facts, p.reason, p.back, p.taken)
}

// showData lists what can be learned from, and says what is chosen.
func (p *trainPage) showData(st session.State) {
	if !slices.Contains(builtins, p.source) && !slices.Contains(p.sources, p.source) {
		p.sources = append(p.sources, p.source)
	}
	var values, names []string
	for _, name := range append(slices.Clone(builtins), p.sources...) {
		values, names = append(values, name), append(names, builtinName(name))
	}
	p.data.offer(append(values, openFolder, openSet), append(names, lang.L("A folder of pictures…"), lang.L("A file of digits…")))
	p.data.set(p.source)
	d := st.Data
	switch {
	case d.Name != p.source, d.Count == 0: // not looked at yet, or drawn without end
		p.about.Say(widget.StatusInfo, "")
	case len(d.Skipped) > 0:
		p.about.Say(widget.StatusWarning, lang.L("{{.Count}} pictures; {{.Bad}} files cannot be used.", map[string]any{"Count": d.Count, "Bad": len(d.Skipped)}))
	default:
		size := ""
		if d.Native > 0 {
			size = fmt.Sprintf(" %d × %d", d.Native, d.Native)
		}
		p.about.Say(widget.StatusInfo, lang.L("{{.Count}} pictures{{.Size}}.", map[string]any{"Count": widget.FormatCount(d.Count), "Size": size}))
	}
}

// showRun sets the buttons to what can be done now.
func (p *trainPage) showRun(st session.State, wrong error) {
	s := p.w.session
	set := func(text string, icon fyne.Resource, act func()) {
		p.act = act
		if p.start.Text != text {
			p.start.Icon = icon
			p.start.SetText(text)
		}
		enable(p.start, act != nil)
	}
	begin, reason := p.begin, ""
	if wrong != nil {
		begin, reason = nil, session.Words(wrong)
	}
	switch p.phase {
	case session.Running:
		set(lang.L("Pause"), fynetheme.MediaPauseIcon(), s.Pause)
	case session.Paused:
		set(lang.L("Go on"), fynetheme.MediaPlayIcon(), s.Resume)
	case session.Preparing:
		set(lang.L("Opening the pictures…"), fynetheme.MediaPlayIcon(), nil)
	case session.Interrupted, session.Stopped:
		set(lang.L("Go on from step {{.Step}}", map[string]any{"Step": widget.FormatCount(st.Train.Progress.Step)}), fynetheme.MediaPlayIcon(), s.Resume)
	case session.Diverged:
		if st.Train.BestStep > 0 {
			set(lang.L("Back to best, then on more slowly"), fynetheme.HistoryIcon(), s.BackToBest)
			break
		}
		set(lang.L("Start"), fynetheme.MediaPlayIcon(), begin)
	default:
		set(lang.L("Start"), fynetheme.MediaPlayIcon(), begin)
	}
	p.reason.Say(widget.StatusError, reason)
	had := p.phase != session.Idle && p.phase != session.Preparing
	trained := had && (st.Train.BestStep > 0 || st.Train.Progress.Step > 0)
	enable(p.step, p.phase != session.Running && p.phase != session.Preparing && p.phase != session.Diverged && (wrong == nil || had && p.phase != session.Finished))
	enable(p.stop, st.Train.Busy())
	enable(p.best, had && st.Train.BestStep > 0 && st.Train.Progress.Step != st.Train.BestStep)
	enable(p.anew, had && !st.Train.Busy() && p.phase != session.Finished && begin != nil)
	enable(p.use, trained)
	enable(p.save, trained)
	again := p.phase == session.Interrupted || p.phase == session.Stopped || p.phase == session.Diverged && st.Train.BestStep > 0
	visible(p.ends.Objects[0], !again)
	visible(p.ends.Objects[1], again)
	visible(p.facts, had || p.phase == session.Preparing)
	visible(p.back, trained)
	visible(p.taken, trained)
}

// showFacts says how the training goes.
func (p *trainPage) showFacts(tr session.Train) {
	none := "—"
	step, speed, left, best := none, none, none, none
	if tr.Progress.Step > 0 {
		step = widget.FormatCount(tr.Progress.Step)
		if tr.Spec.Steps > 0 {
			step = lang.L("{{.Step}} of {{.Steps}}", map[string]any{"Step": step, "Steps": widget.FormatCount(tr.Spec.Steps)})
		}
	}
	if tr.PicturesPerSecond > 0 && !math.IsInf(tr.PicturesPerSecond, 0) {
		speed = lang.L("{{.Speed}} pictures a second", map[string]any{"Speed": widget.FormatNumber(tr.PicturesPerSecond, 3)})
	}
	if tr.Left > 0 && tr.Phase == session.Running {
		left = clock(tr.Left)
	}
	if tr.BestStep > 0 {
		best = widget.FormatNumber(tr.BestLoss, 4)
		if math.IsNaN(tr.BestLoss) {
			best = none
		}
		best = lang.L("{{.Loss}} at step {{.Step}}", map[string]any{"Loss": best, "Step": widget.FormatCount(tr.BestStep)})
		if tr.BestNats != 0 {
			best = lang.L("{{.Nats}} nats a picture, at step {{.Step}}",
				map[string]any{"Nats": widget.FormatNumber(tr.BestNats, 4), "Step": widget.FormatCount(tr.BestStep)})
		}
	}
	p.facts.Set(step, speed, left, best)
}

// clock writes a time as 0:12 or 1:02:03.
func clock(d time.Duration) string {
	s := int(math.Ceil(d.Seconds()))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// showChart draws the losses.
func (p *trainPage) showChart(f frame) {
	c := p.w.chart
	series := twinSeries(f, f.lines.series(f.Train.Spec.Bottleneck))
	c.SetSeries(append(series, p.w.runs.overlaid()...))
	var marks []widget.Mark
	if f.Train.BestStep > 0 {
		marks = append(marks, widget.BestMark(f.Train.BestStep))
	}
	if f.Train.DivergedStep > 0 {
		marks = append(marks, widget.DivergedMark(f.Train.DivergedStep))
	}
	c.SetMarks(append(marks, p.w.runs.mark(f)...))
}

// tell traces the settings.
func (p *trainPage) tell() {
	t := p.w.trace
	if t == nil {
		return
	}
	t.setting("train.data", p.source)
	t.setting("train.noise", p.scheme.kind.value())
	t.setting("train.minutes", p.form.minutes)
	for _, r := range p.form.rows {
		if r.name != "minutes" {
			t.setting("train."+r.name, at(&p.form.spec, r.name).Interface())
		}
	}
}
