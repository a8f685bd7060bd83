package ui

// This file draws, behind the window, what the panes and the chart show.

import (
	"fmt"
	"image"
	"image/draw"
	"math"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2/lang"

	"sieve/imageio"
	"sieve/model/tensor"
	"sieve/ui/session"
	"sieve/ui/theme"
	"sieve/ui/widget"
)

// frameTime is the least time between two frames.
const frameTime = 60 * time.Millisecond

// A view is what a person looks at.
type view struct {
	page   session.Page
	look   session.Look
	second second
	bits   bool // the page Compress shows where the bits go
	part   int  // of the page Explore
	pinned int  // channel that stands in place of the picture before, counted from 1; 0: none
}

// second is what the second pane shows.
type second int

const (
	secondUsual   second = iota // the noisy picture, or what was removed where no noise was added
	secondNoisy                 // what the model saw
	secondRemoved               // what was removed
)

// A frame is a state with what of it had to be drawn.
type frame struct {
	session.State
	view
	panes  session.Panes // those of the page
	layers [4]*image.RGBA
	latent latent    // of PaneLatent, or of a lesson's last latent
	codes  [4]latent // of a lesson's panes
	lines  lines
	twin   lines

	patches []patch // on the page Explore
	thumbs  []*image.RGBA
	reach   [2]float32 // from the least to the greatest number of the channel in hand
}

// A patch is a part of a picture that has changed.
type patch struct {
	pane session.Pane
	img  *image.RGBA
	at   image.Point
}

// training reports whether the panes show what a training makes of its picture.
func (f frame) training() bool {
	return f.page == session.PageTrain && (f.Train.Panes.Original != nil || f.lookingBack())
}

// twins reports whether the panes show two trainings.
func (f frame) twins() bool {
	return f.page == session.PageTrain && f.Train.Twin != nil && f.Train.Twin.Difference != nil && !f.lookingBack()
}

// lookingBack reports whether the panes show an earlier step of a run.
func (f frame) lookingBack() bool {
	return f.page == session.PageTrain && f.Runs.Scrub.ID != "" && f.Runs.Scrub.Panes.Original != nil
}

// pressing reports whether the panes show the picture as files.
func (f frame) pressing() bool { return f.page == session.PageCompress && f.Press.Original != nil }

// learning reports whether the panes are those of a lesson.
func (f frame) learning() bool {
	return f.page == session.PageLessons && f.Class.Lesson != nil && f.Class.Panes[0].Pix != nil
}

// readLesson says what a pane of a lesson shows at a pixel of the first one.
func (f frame) readLesson(pane session.Pane, x, y int) string {
	_, height, width, _ := f.panes.Original.Dims4()
	t := f.panes.Of(pane)
	switch {
	case t == nil:
		return ""
	case f.Class.Panes[pane].Latent:
		return f.codes[pane].read(x, y, width, height)
	}
	_, h, w, _ := t.Dims4()
	return readPixel(t, x*w/width, y*h/height)
}

// detecting reports whether the panes show where a picture is unlike good ones.
func (f frame) detecting() bool {
	return f.page == session.PageDetect && f.Detect.Panes.Original != nil
}

// exploring reports whether the panes show a picture whose latent is open.
func (f frame) exploring() bool {
	return f.page == session.PageExplore && f.part == partChannels && f.Explore.Version != 0
}

// thumb is a channel of the latent that is open, small; nil before it is drawn.
func (f frame) thumb(channel int) image.Image {
	if channel >= len(f.thumbs) || f.thumbs[channel] == nil {
		return nil
	}
	return f.thumbs[channel]
}

// savable reports whether there is what the page is about.
func (f frame) savable() bool {
	switch f.page {
	case session.PageTrain:
		return true // if there is a model, which the page knows
	case session.PageCompress:
		return f.Press.Result != nil
	case session.PageLessons:
		return true // if there are answers, which the session knows
	case session.PageDetect:
		return f.Detect.Normal != nil
	case session.PageExplore:
		return f.part != partChannels || f.Explore.Version != 0 && !f.Explore.Opening // other parts know themselves
	}
	return f.State.Result != nil
}

// noiseless reports whether the model sees the original itself.
func (f frame) noiseless() bool {
	if f.training() {
		return f.panes.Noisy == f.panes.Original || f.Train.Spec.Scheme == "none" && !f.lookingBack()
	}
	return f.Noise.Kind == "none"
}

// removed reports whether the second pane shows what was removed.
func (f frame) removed() bool {
	if f.training() || f.pressing() || f.learning() || f.detecting() || f.panes.Result == nil || f.panes.Noisy == nil {
		return false
	}
	return f.second == secondRemoved || f.second == secondUsual && f.noiseless()
}

// A drawer turns states into frames on a goroutine of its own, one at a time and
// only the newest, so that a slow window skips frames and never falls behind.
type drawer struct {
	mu   sync.Mutex
	view view
	wake chan struct{} // holds one: the view has changed

	drawn [6][4]drawn // by page and pane
	lines lines
	twin  lines
	open  openDrawn
}

// A drawn pane is kept until there is another tensor or another way to look at it.
type drawn struct {
	version uint64
	less    uint64  // version of what was taken away from it
	gain    float64 // … and what the difference was multiplied with
	look    session.Look
	bits    *tensor.Tensor // what is drawn over it
	img     *image.RGBA
	latent  latent
}

func newDrawer() *drawer { return &drawer{wake: make(chan struct{}, 1)} }

// look changes what is looked at.
func (d *drawer) look(v view) {
	d.mu.Lock()
	d.view = v
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// run draws until states is closed or done is. show is called through do and
// must have returned before the next frame is drawn.
func (d *drawer) run(states <-chan session.State, done <-chan struct{}, do func(func()), show func(frame)) {
	var st session.State
	for {
		var ok bool
		select {
		case st, ok = <-states:
			if !ok {
				return
			}
		case <-d.wake:
		case <-done:
			return
		}
		began := time.Now()
		f := d.draw(st)
		shown := make(chan struct{})
		do(func() {
			show(f)
			close(shown)
		})
		select {
		case <-shown:
		case <-done:
			return
		}
		if rest := frameTime - time.Since(began); rest > 0 {
			select {
			case <-time.After(rest):
			case <-done:
				return
			}
		}
	}
}

// draw makes a frame. What has not changed is not drawn again.
func (d *drawer) draw(st session.State) frame {
	d.mu.Lock()
	f := frame{State: st, view: d.view}
	d.mu.Unlock()
	if f.exploring() {
		d.open.draw(&f, d.drawn[0][session.PaneOriginal])
		return f
	}
	f.panes = st.Panes
	kept := &d.drawn[0]
	if f.training() {
		f.panes, kept = st.Train.Panes, &d.drawn[1]
		if f.twins() {
			f.panes = st.Train.Sides()
		}
	}
	if f.lookingBack() {
		f.panes, kept = st.Runs.Scrub.Panes, &d.drawn[4]
	}
	if f.pressing() {
		f.panes, kept = st.Press.Panes, &d.drawn[2]
	}
	if f.learning() {
		f.panes, kept = lessonPanes(st.Class), &d.drawn[3]
	}
	if f.detecting() {
		f.panes, kept = st.Detect.Panes, &d.drawn[5]
	}
	for i := range kept {
		k, t := &kept[i], f.panes.Of(session.Pane(i))
		now := drawn{version: f.panes.Versions[i]}
		switch pane := session.Pane(i); {
		case f.pressing():
			if pane == session.PaneOriginal && f.bits && f.Press.Bits != nil {
				now.look, now.bits = f.look, f.Press.Bits
			}
		case f.learning():
			if f.Class.Panes[i].Latent {
				now.look = session.Look{Map: f.look.Map}
				if f.Class.Panes[i].Grey {
					now.look.Map = imageio.Grey
				}
			}
		case f.detecting(), f.twins():
		case pane == session.PaneLatent:
			now.look = f.look
		case pane == session.PaneNoisy && f.removed():
			now.less, now.gain = f.panes.Versions[session.PaneResult], f.panes.Gain()
		}
		switch {
		case t == nil:
			*k = drawn{}
		case k.img == nil || k.version != now.version || k.less != now.less || k.gain != now.gain || k.look != now.look || k.bits != now.bits:
			*k = now
			switch {
			case now.bits != nil:
				k.img = drawBits(st.Press, now.look.Map)
			case f.pressing(), f.detecting(), f.twins(), f.learning() && !f.Class.Panes[i].Latent:
				k.img = imageio.ToRGBA(nil, t)
			case f.learning():
				k.img, k.latent = drawLatent(t, now.look)
			case session.Pane(i) == session.PaneLatent:
				k.img, k.latent = drawLatent(t, now.look)
			case now.less > 0:
				k.img = drawRemoved(t, f.panes.Result, now.gain)
			default:
				k.img = imageio.ToRGBA(nil, t)
			}
		}
		f.layers[i], f.codes[i] = k.img, k.latent
	}
	f.latent = kept[session.PaneLatent].latent
	d.lines.add(st.Train.Curve)
	f.lines = d.lines
	if st.Train.Twin == nil {
		d.twin = lines{}
	} else {
		d.twin.add(st.Train.Twin.Curve)
	}
	f.twin = d.twin
	return f
}

// lessonPanes are those of a lesson as others are.
func lessonPanes(c session.Class) session.Panes {
	p := session.Panes{Original: c.Panes[0].Pix, Noisy: c.Panes[1].Pix, Latent: c.Panes[2].Pix, Result: c.Panes[3].Pix}
	for i := range p.Versions {
		p.Versions[i] = c.Version
	}
	return p
}

// drawRemoved draws what was removed, some rows at a time.
func drawRemoved(noisy, result *tensor.Tensor, gain float64) *image.RGBA {
	const strip = 256
	_, h, w, _ := noisy.Dims4()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := 0; y < h; y += strip {
		part := imageio.ToRGBA(nil, session.Removed(noisy, result, gain, y, min(y+strip, h)))
		copy(img.Pix[y*img.Stride:], part.Pix)
	}
	return img
}

// A latent is a drawn one, to be read at a pixel.
type latent struct {
	z       *tensor.Tensor // nil when there is none
	layout  imageio.MosaicLayout
	scale   int // pixels a side of a cell
	channel int // counted from 1; 0: all, as a mosaic
	w, h    int // of the drawing
}

// cellPixels is the least side of a channel in a mosaic, so that the gaps
// between channels stay thin.
const cellPixels = 24

// drawLatent draws a latent as large as it takes to tell its channels apart. A
// mosaic is square in channels, so that it has the shape of the picture.
func drawLatent(z *tensor.Tensor, how session.Look) (*image.RGBA, latent) {
	_, h, w, c := z.Dims4()
	l := latent{z: z, scale: 1}
	if how.Channel > 0 && how.Channel <= c {
		l.channel = how.Channel
		img := imageio.Channel(z, how.Channel-1, how.Map)
		l.w, l.h = img.Rect.Dx(), img.Rect.Dy()
		return img, l
	}
	if side := min(h, w); side < cellPixels && c > 1 {
		l.scale = (cellPixels + side - 1) / side
	}
	img, layout := imageio.Mosaic(enlarge(z, l.scale), how.Map, how.Common)
	l.layout = layout
	if layout.Rows < layout.Cols {
		square := image.NewRGBA(image.Rect(0, 0, img.Rect.Dx(), layout.Cols*(layout.CellH+layout.Gap)-layout.Gap))
		draw.Draw(square, img.Rect, img, image.Point{}, draw.Src)
		img = square
	}
	l.w, l.h = img.Rect.Dx(), img.Rect.Dy()
	return img, l
}

// enlarge repeats each cell of a latent k times in both directions.
func enlarge(z *tensor.Tensor, k int) *tensor.Tensor {
	if k == 1 {
		return z
	}
	_, h, w, c := z.Dims4()
	out := tensor.New(1, h*k, w*k, c)
	for y := range h * k {
		for x := range w * k {
			copy(out.Data[(y*w*k+x)*c:][:c], z.Data[(y/k*w+x/k)*c:])
		}
	}
	return out
}

// read says which cell a pixel of a picture of width × height shows, and its value.
func (l latent) read(x, y, width, height int) string {
	if l.z == nil || width == 0 || height == 0 {
		return ""
	}
	x, y = x*l.w/width, y*l.h/height
	channel, i, j := l.channel-1, y, x
	if l.channel == 0 {
		var ok bool
		if channel, i, j, ok = l.layout.At(x, y); !ok {
			return ""
		}
		i, j = i/l.scale, j/l.scale
	}
	_, _, w, c := l.z.Dims4()
	return lang.L("channel {{.Channel}} ({{.X}}, {{.Y}})", map[string]any{"Channel": channel + 1, "X": j, "Y": i}) +
		"   " + widget.FormatNumber(float64(l.z.Data[(i*w+j)*c+channel]), 4)
}

// readPixel says a pixel's value in levels of 8 bits.
func readPixel(t *tensor.Tensor, x, y int) string {
	if t == nil {
		return ""
	}
	_, h, w, c := t.Dims4()
	if x >= w || y >= h {
		return ""
	}
	at := t.Data[(y*w+x)*c:][:c]
	text := make([]string, c)
	for k, v := range at {
		name := ""
		if c == 3 {
			name = "RGB"[k:k+1] + " "
		}
		text[k] = name + fmt.Sprintf("%.0f", math.Round(float64(v)*255))
	}
	return strings.Join(text, "   ")
}

// readRemoved says what was removed from a pixel, in levels of 8 bits.
func readRemoved(noisy, result *tensor.Tensor, x, y int) string {
	_, h, w, c := noisy.Dims4()
	if x >= w || y >= h {
		return ""
	}
	text := make([]string, c)
	for k := range c {
		i := (y*w+x)*c + k
		name := ""
		if c == 3 {
			name = "RGB"[k:k+1] + " "
		}
		text[k] = name + fmt.Sprintf("%+.1f", 255*float64(noisy.Data[i]-result.Data[i]))
	}
	return strings.Join(text, "   ")
}

// lines are the curves of a chart. Each grows at its end and shares its memory
// with what was shown before.
type lines struct {
	points                  int // of the curve that are in here
	last                    session.CurvePoint
	step, loss, dist, price []float64
	valStep, val, psnr      []float64
}

// add takes over what is new in a curve, or all of it if it is another one.
func (l *lines) add(curve []session.CurvePoint) {
	if l.points > len(curve) || l.points > 0 && !samePoint(curve[l.points-1], l.last) {
		*l = lines{}
	}
	for _, p := range curve[l.points:] {
		l.step, l.loss = append(l.step, float64(p.Step)), append(l.loss, p.Loss)
		l.dist, l.price = append(l.dist, p.Distortion), append(l.price, p.Price)
		if !math.IsNaN(p.ValPSNR) {
			l.valStep, l.val, l.psnr = append(l.valStep, float64(p.Step)), append(l.val, p.ValLoss), append(l.psnr, p.ValPSNR)
		}
		l.last = p
	}
	l.points = len(curve)
}

func samePoint(a, b session.CurvePoint) bool { return a.Step == b.Step && a.Loss == b.Loss }

// series are the lines as the chart takes them.
func (l lines) series(bottleneck string) []widget.Series {
	if l.points == 0 {
		return nil
	}
	loss, part := lang.L("Loss"), lang.L("Price")
	s := []widget.Series{
		{Name: lang.L("Training"), Group: loss, X: l.step, Y: l.loss, Color: theme.ColorNameTraining, Noisy: true},
		{Name: lang.L("Validation"), Group: loss, X: l.valStep, Y: l.val, Color: theme.ColorNameValidation},
		{Name: lang.L("Validation, dB"), Group: "PSNR", X: l.valStep, Y: l.psnr, Color: theme.ColorNameValidation, Linear: true},
	}
	if bottleneck != "plain" {
		s = append(s,
			widget.Series{Name: lang.L("Distortion"), Group: part, X: l.step, Y: l.dist, Color: theme.ColorNameTraining, Noisy: true},
			widget.Series{Name: lang.L("Price"), Group: part, X: l.step, Y: l.price, Color: theme.ColorNameThird, Noisy: true})
	}
	return s
}
