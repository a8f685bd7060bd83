package ui

// This file is the window's frame: the rail, the panes, the page's settings and
// the status bar, and how a new state gets into them.

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/imageio"
	"sieve/ui/session"
	"sieve/ui/theme"
	"sieve/ui/widget"
)

// A page is what is special to one page of the window.
type page struct {
	name     session.Page
	rail     *widget.RailButton
	settings fyne.CanvasObject
}

// A window shows a session. All of it belongs to the goroutine of the user interface.
type window struct {
	app      fyne.App
	win      fyne.Window
	session  *session.Session
	do       func(func()) // runs a function on the goroutine of the user interface
	stateDir string
	version  string
	saved    session.Settings
	trace    *trace
	drawer   *drawer
	done     chan struct{} // closed when the window is
	stopped  bool

	frame   frame // the one shown
	view    view
	isShown bool // the window is on the screen
	isReady bool // and the first picture has gone through the model

	pages     []*page
	denoise   *denoisePage
	train     *trainPage
	compress  *compressPage
	lessons   *lessonsPage
	detect    *detectPage
	explore   *explorePage
	linked    *widget.View
	panes     [4]*widget.Pane
	group     *widget.Panes
	second    *widget.Pick // noisy or removed
	offered   []string     // what it calls them
	channel   *widget.Pick
	channels  int // that it offers
	chart     *widget.Chart
	split     *container.Split
	gap       *insets            // between panes and what stands beside them
	offsets   map[string]float64 // of split, by page and part
	splitAt   string             // whose offset it has
	under     *fyne.Container    // what is under the panes
	network   *networkStrip
	learning  *fyne.Container // network, and chart or runs
	runs      *runsPanel
	queue     *queuePanel
	side      *fyne.Container // the settings of the page
	status    *widget.StatusBar
	hints     *widget.HintLayer
	menu      *menus
	history   history
	dialog    *openDialog // in front, nil when there is none
	told      [3]any      // the last result that was traced
	dismissed uint64      // the serial of what was taken away
	spoken    uint64      // … and of the message last traced
}

func newWindow(a fyne.App, s *session.Session, do func(func()), o Options) *window {
	w := &window{app: a, session: s, do: do, stateDir: o.StateDir, version: o.Version, drawer: newDrawer(), done: make(chan struct{})}
	if o.StateDir != "" {
		w.saved = session.LoadSettings(o.StateDir)
	}
	w.trace = newTrace(o.Trace, o.Began, do)
	w.view = view{page: session.PageDenoise, look: session.Look{Map: colormapOf(w.saved.Colormap)}}
	w.dress()
	w.win = a.NewWindow(lang.L("Sieve"))
	w.win.SetMaster()
	if w.trace != nil {
		w.trace.scan = func() { w.trace.report(w.win.Canvas(), w.dialog.controls()) }
	}
	w.build()
	w.restore(o.Files)
	states, stop := s.Watch()
	go func() {
		defer stop()
		w.drawer.run(states, w.done, do, w.show)
	}()
	return w
}

// build makes everything that is in the window.
func (w *window) build() {
	w.linked = widget.NewView(w.do)
	titles := []string{lang.L("Original"), lang.L("Noisy"), lang.L("Latent"), lang.L("Reconstruction")}
	for i, title := range titles {
		p := widget.NewPane(w.linked, title)
		p.Probe = func(x, y int) string { return w.read(session.Pane(i), x, y) }
		p.Menu = func() []*fyne.MenuItem { return w.paneMenu(session.Pane(i)) }
		w.panes[i] = p
		w.trace.name(control{name: "pane." + paneNames[i], o: p})
	}
	w.channel = widget.NewPick([]string{lang.L("All")}, func(i int) { w.setLook(func(l *session.Look) { l.Channel = i }) })
	w.panes[session.PaneLatent].SetAccessory(w.channel)
	w.second = widget.NewPick([]string{lang.L("Noisy"), lang.L("Removed")}, func(i int) { w.showSecond(secondNoisy + second(i)) })
	w.group = widget.NewPanes(w.linked, w.panes[:]...)
	w.linked.OnChange(func() {
		w.trace.event("zoom", "scale", w.linked.Scale())
		w.seen()
	})
	w.linked.OnPointer(func() { w.explore.pointed() })
	w.group.OnChange(w.trace.stir)

	w.chart = widget.NewChart()
	v := w.chart.View()
	v.Log = w.saved.Log
	if w.saved.Smoothing > 0 {
		v.Smoothing = w.saved.Smoothing
	}
	w.chart.SetView(v)
	w.trace.name(control{name: "train.chart", o: w.chart})
	w.queue = newQueuePanel(w)
	w.compress = newCompressPage(w)
	w.detect = newDetectPage(w)
	w.explore = newExplorePage(w)
	w.lessons = newLessonsPage(w)
	w.network = newNetworkStrip(w)
	w.runs = newRunsPanel(w)
	choose := container.NewVBox(container.NewHBox(widget.NewHint(lang.L("Look back over the last run, step by step"), "", w.runs.back), w.runs.which))
	w.learning = container.NewBorder(container.NewVBox(container.New(&insets{0, 0, 0, grid}, container.NewBorder(nil, nil, nil, choose, w.network.strip)), w.runs.time),
		nil, nil, nil, container.NewStack(w.chart, w.runs.box))
	w.under = container.NewStack(w.learning, w.queue.box, w.compress.rates, w.detect.below, w.lessons.chart)
	above := container.NewStack(w.group, w.detect.welcome)
	for _, part := range w.explore.parts {
		if o := part.below(); o != nil {
			w.under.Add(o)
		}
		if o := part.middle(); o != nil {
			above.Add(o)
		}
	}
	w.gap = &insets{}
	w.split = container.NewVSplit(container.New(w.gap, above), w.under)
	w.split.SetOffset(0.5)
	w.offsets = map[string]float64{}

	w.status = widget.NewStatusBar()
	w.status.OnCancel = w.session.Cancel
	w.trace.name(control{name: "status", o: w.status})

	w.denoise, w.train = newDenoisePage(w), newTrainPage(w)
	w.pages = []*page{
		{name: session.PageDenoise, settings: w.denoise.settings},
		{name: session.PageCompress, settings: w.compress.settings},
		{name: session.PageTrain, settings: w.train.settings},
		{name: session.PageExplore, settings: w.explore.settings},
		{name: session.PageDetect, settings: w.detect.settings},
		{name: session.PageLessons, settings: w.lessons.settings},
	}
	w.pages[0].rail = widget.NewRailButton(fynetheme.Icon(theme.IconNameDenoise), lang.L("Denoise"), func() { w.turn(session.PageDenoise) })
	w.pages[1].rail = widget.NewRailButton(fynetheme.Icon(theme.IconNameCompress), lang.L("Compress"), func() { w.turn(session.PageCompress) })
	w.pages[2].rail = widget.NewRailButton(fynetheme.Icon(theme.IconNameTrain), lang.L("Train"), func() { w.turn(session.PageTrain) })
	w.pages[3].rail = widget.NewRailButton(fynetheme.Icon(theme.IconNameExplore), lang.L("Explore"), func() { w.turn(session.PageExplore) })
	w.pages[4].rail = widget.NewRailButton(fynetheme.Icon(theme.IconNameDetect), lang.L("Detect"), func() { w.turn(session.PageDetect) })
	w.pages[5].rail = widget.NewRailButton(fynetheme.Icon(theme.IconNameLessons), lang.L("Lessons"), func() { w.turn(session.PageLessons) })
	rail, side := container.New(column{}), container.NewStack()
	for i, p := range w.pages {
		hint := []string{lang.L("Clean a picture, and see what the network keeps of it"), lang.L("Make a small file of a picture, and compare it with JPEG and WebP"), lang.L("Teach a network, and watch it learn"),
			lang.L("Touch what the network makes of a picture, and see what becomes of it"), lang.L("Find what is unlike good pictures"), lang.L("Predict what a network will do, and see")}[i]
		rail.Add(widget.NewHint(hint, fmt.Sprintf("Ctrl+%d", i+1), p.rail))
		side.Add(p.settings)
		w.trace.name(control{name: "page." + string(p.name), o: p.rail})
	}
	w.side = side

	content := container.New(&frameLayout{w: w}, rail, w.split, side, w.status, fynewidget.NewSeparator(), fynewidget.NewSeparator())
	w.hints = widget.NewHintLayer(content, w.do)
	w.win.SetPadded(false)
	w.win.SetContent(w.hints)
	w.menu = newMenus(w)
	w.win.SetMainMenu(w.menu.main)
	w.setKeys()
	w.win.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) { w.dropped(uris) })
	w.win.SetCloseIntercept(w.close)
}

var paneNames = [4]string{"original", "noisy", "latent", "reconstruction"}

// frameLayout lays out rail, middle, settings, status and the lines between them.
type frameLayout struct{ w *window }

func (l *frameLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	rail, middle, side, status := objects[0].MinSize(), objects[1].MinSize(), objects[2].MinSize(), objects[3].MinSize()
	return fyne.NewSize(rail.Width+middle.Width+2*margin+max(l.w.sideWide(), side.Width), max(rail.Height, middle.Height+2*margin)+status.Height)
}

func (l *frameLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	place := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	rail, side := objects[0].MinSize().Width, max(l.w.sideWide(), objects[2].MinSize().Width)
	bar := objects[3].MinSize().Height
	h := size.Height - bar
	place(objects[0], 0, grid, rail, h-grid)
	place(objects[1], rail+margin, margin, size.Width-rail-side-2*margin, h-margin)
	place(objects[2], size.Width-side, 0, side, h)
	place(objects[3], 0, h, size.Width, bar)
	place(objects[4], rail, 0, 1, h)
	place(objects[5], size.Width-side, 0, 1, h)
	l.w.trace.stir()
}

// sideWide is how wide the settings of the page are.
func (w *window) sideWide() float32 {
	if w.view.page == session.PageLessons {
		return lessonsWide
	}
	return settingsWide
}

// restore is what the window was like when it was last closed.
func (w *window) restore(files []string) {
	width, height := w.saved.Width, w.saved.Height
	if width < 640 || height < 480 {
		width, height = 1280, 800
	}
	w.win.Resize(fyne.NewSize(width, height))
	w.train.restore(w.saved)
	w.session.SetRunBytes(int64(w.saved.RunsMiB) << 20)
	if n := w.saved.Noise; n != nil {
		w.session.SetNoise(n.Kind, n.Strength)
	}
	if w.saved.Model != "" {
		w.session.UseModel(w.saved.Model)
	}
	at := session.PageDenoise
	if last := session.Page(w.saved.Page); last != "" && len(files) == 0 && slices.ContainsFunc(w.pages, func(p *page) bool { return p.name == last }) {
		at = last
	}
	w.turn(at)
	if len(files) > 0 {
		w.session.OpenPaths(files, at)
	}
	w.history.begin(w.settings())
}

// started is called when the window is on the screen.
func (w *window) started() {
	w.isShown = true
	w.denoise.drawThumbs()
	w.trace.stir()
	w.ready()
}

// dress puts the theme on.
func (w *window) dress() {
	variant := map[string]theme.Variant{"light": theme.Light, "dark": theme.Dark}[w.saved.Theme]
	w.app.Settings().SetTheme(theme.New(theme.Options{Variant: variant, Projector: w.saved.Projector}))
}

// turn brings a page to the front.
func (w *window) turn(to session.Page) {
	w.view.page = to
	w.saved.Page = string(to)
	for _, p := range w.pages {
		p.rail.SetSelected(p.name == to)
		if p.name == to {
			p.settings.Show()
		} else {
			p.settings.Hide()
		}
	}
	w.session.ShowPress(to == session.PageCompress)
	w.session.ShowExplore(to == session.PageExplore)
	w.explore.turned()
	if w.menu != nil {
		w.menu.showHistory()
	}
	w.showUnder()
	w.win.Content().Refresh() // pages differ in width
	w.drawer.look(w.view)
	w.trace.event("page", "name", string(to))
	w.trace.stir()
}

// showUnder shows what is under the panes: the chart of a training, the queue when
// there is one, or nothing.
func (w *window) showUnder() {
	chart, rates, lesson, found := w.view.page == session.PageTrain, w.view.page == session.PageCompress, w.view.page == session.PageLessons, w.view.page == session.PageDetect
	empty := found && w.frame.Detect.Panes.Original == nil
	explore := w.view.page == session.PageExplore
	middle, below := w.explore.showMiddle(explore)
	visible(w.group, !empty && !middle)
	visible(w.detect.welcome, empty)
	queue := !chart && !lesson && !found && !explore && slices.ContainsFunc(w.frame.Queue.Items, func(q session.QueueItem) bool { return q.Compresses() == rates })
	found = found && w.detect.begun()
	rates = rates && !queue
	lesson = lesson && w.frame.Class.Lesson != nil
	any := chart || rates || queue || lesson || found || below
	if w.explore.shows(below) && w.learning.Visible() == chart && w.compress.rates.Visible() == rates && w.lessons.chart.Visible() == lesson && w.detect.below.Visible() == found && w.queue.box.Visible() == queue && w.under.Visible() == any {
		return
	}
	visible(w.lessons.chart, lesson)
	visible(w.learning, chart)
	visible(w.compress.rates, rates)
	visible(w.queue.box, queue)
	visible(w.detect.below, found)
	w.explore.showBelow(below)
	visible(w.under, any)
	w.divide()
	w.split.Refresh()
	w.trace.stir()
}

// divide gives panes and what is under them the shares that they last had on this page.
func (w *window) divide() {
	at, usual, sideways := string(w.view.page), 0.5, false
	if w.view.page == session.PageExplore {
		part := w.explore.part()
		at, usual, sideways = at+fmt.Sprint(w.view.part), part.share(), part.sideways()
	}
	if at == w.splitAt {
		return
	}
	w.offsets[w.splitAt] = w.split.Offset
	w.splitAt = at
	if v, ok := w.offsets[at]; ok {
		usual = v
	}
	w.split.Offset, w.split.Horizontal, w.gap.right = usual, sideways, 0
	if sideways {
		w.gap.right = grid
	}
}

// showSecond changes what the second pane shows.
func (w *window) showSecond(s second) {
	w.view.second = s
	w.drawer.look(w.view)
	w.trace.setting("view.removed", s == secondRemoved)
}

// setLook changes how the latent is drawn.
func (w *window) setLook(change func(l *session.Look)) {
	change(&w.view.look)
	w.saved.Colormap = w.view.look.Map.String()
	w.drawer.look(w.view)
	w.denoise.showLook(w.view.look)
	w.menu.showLook(w.view.look)
	w.trace.setting("view.colormap", w.view.look.Map.String())
	w.trace.setting("view.channel", w.view.look.Channel)
}

func colormapOf(name string) imageio.Colormap {
	for _, m := range colormaps {
		if m.String() == name {
			return m
		}
	}
	return imageio.Viridis
}

var colormaps = [...]imageio.Colormap{imageio.Viridis, imageio.Cividis, imageio.Grey, imageio.Diverging}

func colormapName(m imageio.Colormap) string {
	return [...]string{lang.L("Viridis"), lang.L("Cividis"), lang.L("Grey"), lang.L("Diverging, 0 in the middle")}[m]
}

// show brings a frame onto the screen.
func (w *window) show(f frame) {
	if w.stopped {
		return
	}
	last := w.frame
	w.frame = f
	w.showPanes(f, last)
	w.showStatus(f)
	w.denoise.show(f)
	w.compress.show(f)
	w.queue.show(f)
	w.detect.show(f)
	w.explore.show(f)
	w.showUnder()
	w.train.show(f, last.State)
	w.network.show(f.State)
	w.runs.show(f, last.State)
	w.lessons.show(f)
	w.menu.show(f)
	if f.Picture.Version != last.Picture.Version {
		w.history.follow(w.settings())
		if last.Message.Serial != 0 && f.Message.Serial == last.Message.Serial && f.Message.Text != "" {
			w.dismiss() // it was about another one
		}
	}
	w.tell(f, last)
	w.ready()
}

// showPanes fills the panes.
func (w *window) showPanes(f, last frame) {
	if f.panes.Original == nil {
		return
	}
	_, height, width, _ := f.panes.Original.Dims4()
	w.linked.SetPicture(width, height)
	for i, p := range w.panes {
		if f.layers[i] != last.layers[i] {
			p.SetLayer(f.layers[i])
		}
	}
	for _, p := range f.patches {
		w.panes[p.pane].Patch(p.img, p.at)
	}
	if f.exploring() {
		w.showExplored(f)
		return
	}
	if f.pressing() {
		w.showFiles(f)
		return
	}
	if f.learning() {
		w.showLesson(f)
		return
	}
	if f.detecting() {
		w.showSuspect(f)
		return
	}
	if f.twins() {
		w.showTwins(f)
		return
	}
	w.panes[session.PaneOriginal].SetAccessory()
	w.panes[session.PaneLatent].SetTitle(lang.L("Latent"))
	w.panes[session.PaneLatent].SetAccessory(w.channel)
	w.panes[session.PaneResult].SetTitle(lang.L("Reconstruction"))
	if f.lookingBack() {
		w.panes[session.PaneResult].SetTitle(lang.L("At step {{.Step}}", map[string]any{"Step": widget.FormatCount(f.Runs.Scrub.Step)}))
	}
	clean := f.noiseless()
	noisy := lang.L("Noisy")
	switch {
	case clean && f.training():
		noisy = lang.L("Input")
	case clean && f.Picture.Sample:
		noisy = lang.L("Without noise")
	case clean:
		noisy = lang.L("As opened")
	}
	seen := noisy
	if f.removed() {
		noisy = lang.L("Removed")
	}
	w.panes[session.PaneNoisy].SetTitle(noisy)
	w.offerSecond(f, seen)

	size := fmt.Sprintf("%d × %d", width, height)
	if !f.training() && f.Picture.Depth > 0 {
		size += "   " + lang.L("{{.Bits}} bit", map[string]any{"Bits": f.Picture.Depth})
	}
	latent := ""
	if z := f.panes.Latent; z != nil {
		_, h, wd, c := z.Dims4()
		latent = fmt.Sprintf("%d × %d × %d", wd, h, c)
		w.offerChannels(c)
	}
	figures := [4]string{size, quality(f.panes.NoisyPSNR, f.panes.NoisySSIM), latent, quality(f.panes.ResultPSNR, f.panes.ResultSSIM)}
	switch {
	case f.removed():
		figures[1] = removedFigure(f.panes)
	case clean:
		figures[1] = lang.L("no noise added")
	}
	for i, p := range w.panes {
		p.SetFigure(figures[i])
	}
}

// showFiles titles the panes of the page Compress.
func (w *window) showFiles(f frame) {
	press := f.Press
	titles := [4]string{lang.L("Original"), "JPEG", "WebP", "Sieve"}
	if f.bits {
		titles[0] = lang.L("Where the bits go")
	}
	figures := [4]string{fmt.Sprintf("%d × %d   %s", f.Picture.Width, f.Picture.Height, sizeName(press.Raw)), fileFigure(press.JPEG), fileFigure(press.WebP), fileFigure(press.Sieve)}
	for i, p := range w.panes {
		p.SetTitle(titles[i])
		p.SetFigure(figures[i])
		if i > 0 {
			p.SetAccessory()
		}
	}
	w.offered = nil
	w.panes[session.PaneOriginal].SetAccessory(w.compress.bits)
}

// showLesson titles the panes of a lesson.
func (w *window) showLesson(f frame) {
	for i, p := range w.panes {
		pane := f.Class.Panes[i]
		p.SetTitle(said(pane.Title))
		p.SetFigure(said(pane.Figure))
		p.SetAccessory()
	}
	w.offered = nil
}

// said is a sentence in the person's language.
func said(s session.Sentence) string {
	if s.Key == "" {
		return ""
	}
	args := maps.Clone(s.Args)
	for name, v := range args {
		if data, ok := v.(string); ok && strings.HasPrefix(data, "builtin:") {
			args[name] = builtinName(data)
		}
	}
	return lang.L(s.Key, args)
}

// offerSecond lets a person choose what the second pane shows: what the model saw, or
// what was removed from it.
func (w *window) offerSecond(f frame, seen string) {
	pane := w.panes[session.PaneNoisy]
	if f.training() {
		pane.SetAccessory()
		w.offered = nil
		return
	}
	at, removed := 0, lang.L("Removed")
	if f.removed() {
		at, removed = 1, lang.L("× {{.Gain}}", map[string]any{"Gain": f.panes.Gain()})
	}
	if offer := []string{seen, removed}; !slices.Equal(w.offered, offer) {
		w.offered = offer
		w.second.SetOptions(offer)
		pane.SetAccessory(w.second)
	}
	w.second.SetSelected(at)
}

// removedFigure says what the model removes: how much, how evenly it is spread over
// frequencies, and how much of the picture's detail is seen in it.
func removedFigure(p session.Panes) string {
	if math.IsNaN(p.RemovedRMS) {
		return ""
	}
	text := fmt.Sprintf("σ %.1f", p.RemovedRMS)
	if !math.IsNaN(p.Whiteness) {
		text += "   " + lang.L("white {{.Part}}", map[string]any{"Part": fmt.Sprintf("%.2f", p.Whiteness)})
	}
	if !math.IsNaN(p.Structure) {
		text += "   " + lang.L("detail {{.Part}}", map[string]any{"Part": fmt.Sprintf("%.2f", max(0, p.Structure))})
	}
	return text
}

// quality says how near a picture is to the original; a dash where there is none
// to compare with.
func quality(psnr, ssim float64) string {
	if math.IsNaN(psnr) {
		return "—"
	}
	text := lang.L("identical")
	if !math.IsInf(psnr, 1) {
		text = fmt.Sprintf("%.1f dB", psnr)
	}
	if !math.IsNaN(ssim) {
		text += fmt.Sprintf("   SSIM %.3f", ssim)
	}
	return text
}

// offerChannels lets a person choose one channel of the latent.
func (w *window) offerChannels(c int) {
	options := make([]string, 1, c+1)
	options[0] = lang.L("All")
	for k := range c {
		options = append(options, lang.L("Channel {{.Number}}", map[string]any{"Number": k + 1}))
	}
	if w.channels != c {
		w.channels = c
		w.channel.SetOptions(options)
		if w.view.look.Channel > c {
			w.setLook(func(l *session.Look) { l.Channel = 0 })
		}
	}
	w.channel.SetSelected(w.view.look.Channel)
}

// read says what a pane's value is at a pixel.
func (w *window) read(pane session.Pane, x, y int) string {
	if w.frame.learning() {
		return w.frame.readLesson(pane, x, y)
	}
	if w.frame.exploring() {
		return w.frame.readExplored(pane, x, y)
	}
	if w.frame.twins() && pane == session.PaneResult {
		return readRemoved(w.frame.panes.Noisy, w.frame.panes.Latent, x, y)
	}
	if pane == session.PaneLatent && !w.frame.pressing() && !w.frame.detecting() && !w.frame.twins() {
		width, height := w.linked.Picture()
		return w.frame.latent.read(x, y, width, height)
	}
	if pane == session.PaneNoisy && w.frame.removed() {
		return readRemoved(w.frame.panes.Noisy, w.frame.panes.Result, x, y)
	}
	return readPixel(w.frame.panes.Of(pane), x, y)
}

// showStatus writes the status bar.
func (w *window) showStatus(f frame) {
	picture := f.Picture.Name
	if f.Picture.Sample {
		picture = lang.L(picture)
	}
	switch f.page {
	case session.PageCompress:
		w.status.SetModel("compress")
	case session.PageExplore:
		w.status.SetModel(modelName(f.Explore.Model))
		switch e := w.explore; {
		case e.front(e.channels) && f.Explore.Drawn, e.front(e.network) && f.Network.Drawn:
			picture = lang.L("A drawn digit")
		case e.front(e.chart): // which has pictures of its own
			picture = ""
		}
	case session.PageDetect:
		w.status.SetModel(modelName(session.Model{Name: f.Detect.Model, Trained: f.Detect.Unsaved, Unsaved: f.Detect.Unsaved}))
		picture = ""
		if f.Detect.Shown != "" {
			picture = filepath.Base(f.Detect.Shown)
		}
	default:
		w.status.SetModel(modelName(f.Model))
	}
	if f.page != session.PageDetect && f.Picture.Of > 1 && !f.Picture.Sample {
		picture += "   " + lang.L("{{.Number}} of {{.All}}", map[string]any{"Number": f.Picture.Index + 1, "All": f.Picture.Of})
	}
	w.status.SetPicture(picture)
	m := w.message(f.State)
	level := map[session.MessageKind]widget.Level{session.Warning: widget.StatusWarning, session.Error: widget.StatusError}[m.Kind]
	w.status.SetMessage(level, sentence(m))
	w.status.SetJob(job(f.State))
}

func job(st session.State) *widget.Job {
	k := st.Work
	if k == nil {
		return nil
	}
	j := &widget.Job{Name: lang.L(k.Title), Part: -1, Left: -1}
	if k.Total > 0 {
		j.Part = float64(k.Done) / float64(k.Total)
		if k.Done > 0 && k.Left > time.Second {
			j.Left = k.Left.Round(time.Second)
		}
	}
	return j
}

// message is the newest thing to say: a message, or that a file was saved.
func (w *window) message(st session.State) session.Message {
	s := st.Saved
	if s.Kind == "" || s.Kind == "checkpoint" || s.Serial <= max(st.Message.Serial, w.dismissed) {
		return st.Message
	}
	m := session.Message{Kind: session.Info, Serial: s.Serial}
	words := map[string]any{"File": baseName(s.Path), "Folder": filepath.Dir(s.Path), "Width": s.Width, "Height": s.Height}
	m.Text = lang.L("{{.File}} is saved in {{.Folder}}.", words)
	if s.Width > 0 {
		m.Text = lang.L("{{.File}}, {{.Width}} × {{.Height}} pixels, is saved in {{.Folder}}.", words)
	}
	return m
}

// dismiss takes the message away.
func (w *window) dismiss() {
	w.dismissed = w.frame.Saved.Serial
	w.session.Dismiss()
}

// sentence is a message in the person's language.
func sentence(m session.Message) string {
	if m.Key == "" {
		return m.Text
	}
	return said(m.Sentence)
}

// modelName is what a model is called.
func modelName(m session.Model) string {
	switch {
	case m.Name == "":
		return lang.L("No model")
	case m.Alone && m.Unsaved:
		return lang.L("Learned from {{.Name}}, not saved", map[string]any{"Name": m.Name})
	case m.Alone:
		return lang.L("Learned from {{.Name}}", map[string]any{"Name": m.Name})
	case m.Trained && m.Unsaved:
		return lang.L("Trained here: {{.Name}}, not saved", map[string]any{"Name": builtinName(m.Name)})
	case m.Trained:
		return lang.L("Trained here: {{.Name}}", map[string]any{"Name": builtinName(m.Name)})
	}
	return m.Name
}

// tell traces what is new.
func (w *window) tell(f, last frame) {
	t := w.trace
	if t == nil {
		return
	}
	t.files(f.State)
	if m := w.message(f.State); m.Serial != w.spoken && m.Text != "" {
		w.spoken = m.Serial
		t.event("message", "kind", string(m.Kind), "text", sentence(m))
	}
	if f.Model.Version != last.Model.Version {
		t.event("model", "name", f.Model.Name, "step", f.Model.Info.Step, "alone", f.Model.Alone)
	}
	if f.Picture.Version != last.Picture.Version {
		t.event("picture", "name", f.Picture.Name, "width", f.Picture.Width, "height", f.Picture.Height)
	}
	if p := f.State.Panes; f.page == session.PageDenoise && p.Result != nil && !p.Pending {
		now := [...]any{p.Versions[session.PaneResult], p.ResultPSNR == p.ResultPSNR, p.ResultSSIM == p.ResultSSIM}
		if now != w.told {
			w.told = now
			t.event("result", "psnr", p.ResultPSNR, "ssim", p.ResultSSIM, "psnr_noisy", p.NoisyPSNR)
		}
	}
	if p, old := f.Press, last.Press; p.Picture != 0 && !p.Pending && (old.Pending || p.Versions != old.Versions) {
		t.event("pressed", "bytes", p.Sieve.Bytes, "psnr", p.Sieve.PSNR, "jpeg", p.JPEG.Bytes, "webp", p.WebP.Bytes, "arrived", p.Arrived)
	}
	if q := f.Queue; len(q.Items) > 0 && (q.Running != last.Queue.Running || !maps.Equal(q.Counts, last.Queue.Counts)) {
		t.event("queue", "running", q.Running, "waiting", q.Counts[session.Waiting], "done", q.Counts[session.Done],
			"there", q.Counts[session.There], "failed", q.Counts[session.Failed])
	}
	t.setting("denoise.noise", f.Noise.Kind)
	t.setting("denoise.strength", f.Noise.Strength)
	w.tellTraining(f.State, last.State)
	t.stir()
}

// tellTraining traces the training.
func (w *window) tellTraining(st, last session.State) {
	now := phaseWord(st.Train.Phase)
	if now == phaseWord(last.Train.Phase) && st.Train.Progress.Step == last.Train.Progress.Step {
		return
	}
	val := any(nil)
	if v := st.Train.Progress.Val; v != nil {
		val = v.Loss
	}
	loss := any(st.Train.Progress.Loss)
	if st.Train.Progress.Step == 0 {
		loss = nil
	}
	w.trace.event("train", "state", now, "step", st.Train.Progress.Step, "loss", loss, "val_loss", val)
}

// phaseWord is a phase as the trace names it.
func phaseWord(p session.Phase) string {
	switch p {
	case session.Running, session.Paused, session.Finished, session.Diverged:
		return string(p)
	case session.Interrupted:
		return string(session.Paused)
	}
	return string(session.Idle)
}

// ready tells once that the first picture is there.
func (w *window) ready() {
	if w.isReady || !w.isShown || w.frame.panes.Pending {
		return
	}
	for _, l := range w.frame.layers {
		if l == nil {
			return
		}
	}
	w.isReady = true
	w.trace.event("ready")
}

// dropped opens what was let fall on the window.
func (w *window) dropped(uris []fyne.URI) {
	var paths []string
	for _, u := range uris {
		if u.Scheme() == "file" {
			paths = append(paths, u.Path())
		}
	}
	if len(paths) > 0 {
		w.open(paths)
	}
}

// open opens files and folders, whatever they are.
func (w *window) open(paths []string) {
	if w.explore.takes(paths) {
		return
	}
	w.session.OpenPaths(paths, w.view.page)
}

// close ends the window. The training comes to rest behind a window that is gone.
func (w *window) close() {
	if w.stopped {
		return
	}
	w.remember()
	w.stop()
	w.win.Hide()
	w.app.Quit()
}

// stop ends what the window does by itself.
func (w *window) stop() {
	if !w.stopped {
		w.stopped = true
		close(w.done)
	}
}

// remember keeps the settings for the next start.
func (w *window) remember() {
	if w.stateDir == "" {
		return
	}
	s := &w.saved
	size := w.win.Canvas().Size()
	s.Width, s.Height = size.Width, size.Height
	if n := w.frame.Noise; w.frame.Picture.Sample && n.Kind != "" {
		s.Noise = &n
	}
	s.Model = w.frame.Model.Path
	w.train.remember(s)
	v := w.chart.View()
	s.Log, s.Smoothing = v.Log, v.Smoothing
	if err := s.Save(w.stateDir); err != nil {
		fyne.LogError(session.Words(err), nil)
	}
}
