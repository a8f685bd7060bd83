package widget

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	look "sieve/ui/theme"
)

// queue runs what background work hands to the user interface when the test asks it to.
type queue chan func()

func (q queue) do(f func()) { q <- f }

// settle runs everything until no sheet of the View has work left, which takes each a frame or two.
func (q queue) settle(t *testing.T, v *View) {
	t.Helper()
	busy := func() bool {
		for _, p := range v.panes {
			if p.stage.left.busy || p.stage.right.busy {
				return true
			}
		}
		return false
	}
	const most = 100
	for n := 0; busy() || len(q) > 0; n++ {
		if n == most {
			t.Fatalf("frames are still being made after %d", most)
		}
		(<-q)()
	}
}

// noise is a picture of random pixels.
func noise(seed uint64, w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := 0; i < len(img.Pix); i += 4 {
		binary.LittleEndian.PutUint32(img.Pix[i:], rng.Uint32()|0xff000000)
	}
	return img
}

// shown is four panes in a window of the software driver, with random layers over a picture.
type shown struct {
	q      queue
	view   *View
	panes  []*Pane
	group  *Panes
	window fyne.Window
}

func show(t *testing.T, size fyne.Size, w, h int) *shown {
	test.NewTempApp(t).Settings().SetTheme(look.New(look.Options{Variant: look.Dark}))
	s := &shown{q: make(queue, 1000)}
	s.view = NewView(s.q.do)
	for _, title := range []string{"Original", "Noisy", "Latent", "Reconstruction"} {
		s.panes = append(s.panes, NewPane(s.view, title))
	}
	s.group = NewPanes(s.view, s.panes...)
	s.window = test.NewTempWindow(t, s.group)
	s.window.SetPadded(false)
	s.window.Resize(size)
	s.view.SetPicture(w, h)
	for i, p := range s.panes {
		p.SetLayer(noise(uint64(i), w, h))
	}
	s.q.settle(t, s.view)
	return s
}

func (s *shown) capture(t *testing.T) image.Image {
	t.Helper()
	s.q.settle(t, s.view)
	s.window.Canvas().Capture() // tells the stages their scale
	s.q.settle(t, s.view)
	return s.window.Canvas().Capture()
}

// at returns where a pane's stage is in the window, device pixels.
func (s *shown) at(p *Pane) image.Point {
	pos := fyne.CurrentApp().Driver().AbsolutePositionForObject(p.stage)
	d := float64(s.window.Canvas().Scale())
	return image.Pt(int(math.Round(float64(pos.X)*d)), int(math.Round(float64(pos.Y)*d)))
}

// stageOf cuts a pane's stage out of a capture.
func (s *shown) stageOf(p *Pane, shot image.Image) *image.RGBA {
	at := s.at(p)
	img := image.NewRGBA(image.Rect(0, 0, s.view.paneW, s.view.paneH))
	draw.Draw(img, img.Rect, shot, at, draw.Src)
	return img
}

func (s *shown) position(p *Pane, x, y float32) fyne.Position {
	return fyne.CurrentApp().Driver().AbsolutePositionForObject(p.stage).AddXY(x, y)
}

func (s *shown) centre(p *Pane) fyne.Position {
	return s.position(p, p.stage.Size().Width/2, p.stage.Size().Height/2)
}

func TestActualSizeShowsThePicturesOwnPixels(t *testing.T) {
	for _, scale := range []float32{1, 1.5, 2} {
		s := show(t, fyne.NewSize(500, 400), 640, 480)
		s.window.Canvas().(software.WindowlessCanvas).SetScale(scale)
		s.capture(t)
		s.view.Actual()
		s.view.CentreOn(333, 217)
		shot := s.capture(t)
		if w := float64(s.panes[0].stage.Size().Width * scale); math.Abs(float64(s.view.paneW)-w) > 1e-3 {
			t.Errorf("at %g the view is %d device pixels wide, a pane %g", scale, s.view.paneW, w)
		}
		ox, oy := s.view.origin()
		for i, p := range s.panes {
			got := s.stageOf(p, shot)
			for y := range s.view.paneH {
				for x := range s.view.paneW {
					if want := p.Layer().RGBAAt(x-ox, y-oy); got.RGBAAt(x, y) != want && image.Pt(x-ox, y-oy).In(p.Layer().Rect) {
						t.Fatalf("at %g pane %d pixel %d,%d is %v, the picture's is %v", scale, i, x, y, got.RGBAAt(x, y), want)
					}
				}
			}
		}
	}
}

func TestFramesLieOnWholeDevicePixels(t *testing.T) {
	s := show(t, fyne.NewSize(500, 400), 640, 480)
	s.window.SetContent(container.NewWithoutLayout(s.group))
	const scale = 1.25
	s.window.Canvas().(software.WindowlessCanvas).SetScale(scale)
	for _, off := range []float32{0.1, 0.3, 0.5, 0.9} {
		s.group.Move(fyne.NewPos(off, 2*off))
		s.group.Resize(fyne.NewSize(480+off, 380))
		s.capture(t)
		s.view.ZoomTo(1)
		s.view.Pan(float64(100*off), 3)
		s.capture(t)
		for i, p := range s.panes {
			top := p.stage.right.top
			at := fyne.CurrentApp().Driver().AbsolutePositionForObject(p.stage).Add(top.Position())
			for _, v := range []float32{at.X, at.Y, top.Size().Width, top.Size().Height} {
				if d := float64(v) * scale; math.Abs(d-math.Round(d)) > 1e-3 {
					t.Errorf("off by %g: the frame of pane %d is at %v and %v large: %g device pixels", off, i, at, top.Size(), d)
				}
			}
		}
	}
}

func TestScreenToPictureAndBack(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 1600, 1200)
	rng := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		s.view.ZoomTo(math.Exp2(rng.Float64()*10 - 4))
		s.view.CentreOn(rng.Float64()*2000-200, rng.Float64()*1600-200)
		px, py := rng.Float64()*400, rng.Float64()*300
		qx, qy := s.view.ToScreen(s.view.ToPicture(px, py))
		if math.Hypot(qx-px, qy-py) > 1e-6 {
			t.Fatalf("%g,%g comes back as %g,%g at scale %g", px, py, qx, qy, s.view.Scale())
		}
		x, y := s.view.ToPicture(float64(s.view.paneW)/2, float64(s.view.paneH)/2)
		cx, cy := s.view.Centre()
		if off := math.Hypot(x-cx, y-cy) * s.view.Scale(); off > 0.75 {
			t.Fatalf("the centre is %g,%g on the screen and %g,%g in the view: %.2f device pixels apart", x, y, cx, cy, off)
		}
	}
}

func TestThePictureCannotBeLost(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {28, 28}, {1, 5000}, {640, 480}, {1500, 1000}} {
		s := show(t, fyne.NewSize(600, 500), size.X, size.Y)
		rng := rand.New(rand.NewPCG(7, 8))
		for range 1000 {
			switch rng.IntN(6) {
			case 0:
				s.view.Pan(rng.NormFloat64()*1e4, rng.NormFloat64()*1e4)
			case 1:
				s.view.ZoomAbout(math.Exp2(rng.NormFloat64()), rng.Float64()*400, rng.Float64()*300)
			case 2:
				s.view.ZoomIn()
			case 3:
				s.view.ZoomOut()
			case 4:
				s.view.Toggle(rng.Float64()*400, rng.Float64()*300)
			case 5:
				s.view.ZoomTo(math.Exp2(rng.NormFloat64() * 10))
			}
			fit := s.view.fit()
			if sc := s.view.Scale(); sc < min(fit, 1)*(1-1e-9) || sc > max(fit, MaxScale)*(1+1e-9) {
				t.Fatalf("%v: scale %g, want between %g and %g", size, sc, min(fit, 1), max(fit, MaxScale))
			}
			x0, y0 := s.view.ToScreen(0, 0)
			x1, y1 := s.view.ToScreen(float64(size.X), float64(size.Y))
			for _, axis := range [][3]float64{{x0, x1, float64(s.view.paneW)}, {y0, y1, float64(s.view.paneH)}} {
				lo, hi, pane := axis[0], axis[1], axis[2]
				if hi-lo > pane && (lo > 0.5 || hi < pane-0.5) || hi-lo <= pane && math.Abs(lo+hi-pane) > 1.5 {
					t.Fatalf("%v at scale %g lies at %g … %g in a pane of %g", size, s.view.Scale(), lo, hi, pane)
				}
			}
		}
	}
}

func TestZoomKeepsThePointUnderThePointer(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 1600, 1200)
	rng := rand.New(rand.NewPCG(1, 2))
	kept := 0
	for range 400 {
		s.view.ZoomTo(math.Exp2(rng.Float64()*5 - 1))
		s.view.CentreOn(800, 600)
		at := fyne.NewPos(rng.Float32()*s.panes[0].stage.Size().Width, rng.Float32()*s.panes[0].stage.Size().Height)
		x0, y0 := s.view.ToPicture(s.panes[0].stage.at(at))
		before := s.view.Scale()
		e := &fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, float32(rng.NormFloat64())*25)}
		e.Position = at
		s.panes[rng.IntN(4)].stage.Scrolled(e)
		if w, h := 1600*s.view.Scale(), 1200*s.view.Scale(); w < 2*float64(s.view.paneW) || h < 2*float64(s.view.paneH) {
			continue // near its edges the picture has to move
		}
		if s.view.Scale() != before {
			kept++
		}
		x1, y1 := s.view.ToPicture(s.panes[0].stage.at(at))
		if off := math.Hypot(x1-x0, y1-y0) * s.view.Scale(); off > 1.5 {
			t.Fatalf("the point at %v moved by %.2f device pixels at scale %g", at, off, s.view.Scale())
		}
	}
	if kept < 200 {
		t.Errorf("only %d zooms were tried", kept)
	}
}

func TestAllPanesShowTheSamePoint(t *testing.T) {
	s := show(t, fyne.NewSize(603, 501), 500, 400)
	img := noise(9, 500, 400)
	for _, p := range s.panes {
		p.SetLayer(img)
	}
	for _, scale := range []float64{0.3, 1, 1.7, 5} {
		s.view.ZoomTo(scale)
		s.view.Pan(31, -17)
		shot := s.capture(t)
		first := s.stageOf(s.panes[0], shot)
		for i, p := range s.panes[1:] {
			if got := s.stageOf(p, shot); !bytes.Equal(got.Pix, first.Pix) {
				t.Errorf("at %g pane %d shows other pixels than pane 0", scale, i+1)
			}
		}
	}
}

func TestACoarseLayerCoversTheSamePicture(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 768, 512)
	cells := noise(10, 96, 64)
	s.panes[2].SetLayer(cells)
	for _, scale := range []float64{1, 2, 8} {
		s.view.ZoomTo(scale)
		s.view.CentreOn(300, 200)
		got := s.stageOf(s.panes[2], s.capture(t))
		for _, at := range []image.Point{{3, 5}, {100, 60}, {s.view.paneW - 2, s.view.paneH - 2}} {
			x, y := s.view.ToPicture(float64(at.X)+0.5, float64(at.Y)+0.5)
			if want := cells.RGBAAt(int(x/8), int(y/8)); got.RGBAAt(at.X, at.Y) != want {
				t.Errorf("at %g the cell under %v is %v, want %v", scale, at, got.RGBAAt(at.X, at.Y), want)
			}
		}
	}
}

func TestFitFollowsThePanesAndActualSizeDoesNot(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 1600, 1200)
	fits := func() bool {
		return math.Abs(s.view.Scale()-min(float64(s.view.paneW)/1600, float64(s.view.paneH)/1200)) < 1e-9
	}
	s.window.Resize(fyne.NewSize(800, 700))
	if !s.view.Fitted() || !fits() {
		t.Errorf("fitted: %v at %g after growing", s.view.Fitted(), s.view.Scale())
	}
	s.panes[1].stage.DoubleTapped(&fyne.PointEvent{Position: fyne.NewPos(30, 30)})
	s.window.Resize(fyne.NewSize(600, 500))
	if s.view.Fitted() || s.view.Scale() != 1 {
		t.Errorf("fitted: %v at %g after a double tap, want 100 %%", s.view.Fitted(), s.view.Scale())
	}
	s.panes[1].stage.DoubleTapped(&fyne.PointEvent{Position: fyne.NewPos(30, 30)})
	if !s.view.Fitted() || !fits() {
		t.Errorf("fitted: %v at %g after a second double tap", s.view.Fitted(), s.view.Scale())
	}
	s.view.Actual()
	s.view.SetPicture(1600, 1200)
	if s.view.Scale() != 1 {
		t.Errorf("another version of the picture set the scale to %g", s.view.Scale())
	}
	s.view.SetPicture(400, 300)
	if !s.view.Fitted() {
		t.Error("a picture of another size is not fitted")
	}
}

func TestWheelRestsAtActualSize(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 1600, 1200)
	for range 100 {
		if s.view.ZoomAbout(math.Exp2(0.25), 10, 10); s.view.Scale() >= 1 {
			break
		}
	}
	if s.view.Scale() != 1 {
		t.Errorf("the wheel went past 100 %% to %g", s.view.Scale())
	}
	s.view.ZoomIn()
	if s.view.Scale() != 1.5 {
		t.Errorf("the step after 100 %% is %g, want 150 %%", 100*s.view.Scale())
	}
	for range 100 {
		s.view.ZoomOut()
	}
	if !s.view.Fitted() {
		t.Errorf("the smallest step is %g, want the fitted %g", s.view.Scale(), s.view.fit())
	}
}

func TestDragMovesThePictureWithThePointer(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 1600, 1200)
	s.view.Actual()
	x0, y0 := s.view.ToPicture(100, 80)
	test.Drag(s.window.Canvas(), s.centre(s.panes[3]), -40, 25)
	if x1, y1 := s.view.ToPicture(60, 105); x0 != x1 || y0 != y1 {
		t.Errorf("%g,%g was dragged to where %g,%g is", x0, y0, x1, y1)
	}
	s.q.settle(t, s.view)
	test.Drag(s.window.Canvas(), s.centre(s.panes[3]), 150, 90) // farther than the margin
	shot := s.stageOf(s.panes[3], s.capture(t))
	x, y := s.view.ToPicture(0.5, 0.5)
	if got, want := shot.RGBAAt(0, 0), s.panes[3].Layer().RGBAAt(int(x), int(y)); got != want {
		t.Errorf("the corner shows %v, want %v", got, want)
	}
}

func TestSmallPansNeedNoNewFrame(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 1600, 1200)
	s.view.Actual()
	s.capture(t)
	before := s.panes[0].stage.right.shown.img
	s.view.Pan(3, -5)
	if s.panes[0].stage.right.busy {
		t.Error("a pan of 5 pixels had a frame made")
	}
	shot := s.stageOf(s.panes[0], s.window.Canvas().Capture())
	if s.panes[0].stage.right.shown.img != before {
		t.Error("a pan of 5 pixels changed the frame")
	}
	x, y := s.view.ToPicture(0.5, 0.5)
	if want := s.panes[0].Layer().RGBAAt(int(x), int(y)); shot.RGBAAt(0, 0) != want {
		t.Errorf("the corner shows %v, want %v", shot.RGBAAt(0, 0), want)
	}
}

func TestTheOldFrameIsShownUntilTheNewOneComes(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 1600, 1200)
	s.view.ZoomTo(0.5)
	s.capture(t)
	s.view.ZoomAbout(math.Exp2(-0.5), 0, 0)
	sheet := s.panes[0].stage.right
	if !sheet.busy {
		t.Fatal("no frame is being made")
	}
	grey := color.RGBAModel.Convert(s.group.Theme().Color(look.ColorNamePicture, 0))
	got := s.stageOf(s.panes[0], s.window.Canvas().Capture())
	for _, at := range []image.Point{{1, 1}, {s.view.paneW - 2, 1}, {1, s.view.paneH - 2}, {s.view.paneW - 2, s.view.paneH - 2}} {
		if got.At(at.X, at.Y) == grey {
			t.Errorf("the pane is blank at %v", at)
		}
	}
	s.q.settle(t, s.view)
	if !sheet.under.Hidden {
		t.Error("the blurred picture is still shown when the frame has come")
	}
}

func TestAStormOfZoomsEndsWithTheNewestFrame(t *testing.T) {
	s := show(t, fyne.NewSize(700, 500), 900, 600)
	layers := make([]*image.RGBA, 5)
	for i := range layers {
		layers[i] = noise(uint64(20+i), 900, 600)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	const events = 300
	frames := 0
	for i := range events {
		e := &fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, float32(rng.NormFloat64())*40)}
		e.Position = fyne.NewPos(rng.Float32()*250, rng.Float32()*150)
		s.panes[i%4].stage.Scrolled(e)
		s.view.Pan(rng.NormFloat64()*100, rng.NormFloat64()*100)
		if i%7 == 0 {
			s.panes[i%4].SetLayer(layers[i%len(layers)])
		}
		for len(s.q) > 0 && rng.IntN(2) == 0 {
			(<-s.q)()
			frames++
		}
		if len(s.q) > 4 {
			t.Fatalf("%d frames are waiting, want one a pane at most", len(s.q))
		}
	}
	s.q.settle(t, s.view)
	if frames > events*4 {
		t.Errorf("%d frames for %d events", frames, events)
	}
	for i, p := range s.panes {
		f := p.stage.right.shown
		if want := f.request.render(nil); f.a != p.layer || f.scale != s.view.Scale() || !bytes.Equal(f.img.Pix, want.img.Pix) {
			t.Errorf("pane %d ends with a frame of scale %g, the view's is %g", i, f.scale, s.view.Scale())
		}
		if &p.stage.right.spare.Pix[0] == &f.img.Pix[0] {
			t.Errorf("pane %d would draw its next frame over the one that is shown", i)
		}
		visible := image.Rect(0, 0, s.view.paneW, s.view.paneH)
		ox, oy := s.view.origin()
		if need := visible.Sub(image.Pt(ox, oy)).Intersect(f.extent()); !need.In(f.rect) {
			t.Errorf("pane %d ends with %v of the picture, %v is visible", i, f.rect, need)
		}
	}
}

func TestNothingRunsWhenNothingHappens(t *testing.T) {
	test.NewTempApp(t)
	before := runtime.NumGoroutine()
	s := show(t, fyne.NewSize(600, 500), 1200, 800)
	s.view.Actual()
	s.capture(t)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); runtime.Gosched() {
		if runtime.NumGoroutine() <= before {
			return
		}
	}
	t.Errorf("%d goroutines when idle, %d before", runtime.NumGoroutine(), before)
}

func TestOnlyVisiblePanesMakeFrames(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 1200, 800)
	s.group.Maximise(s.panes[3])
	s.q.settle(t, s.view)
	s.view.Actual()
	for i, p := range s.panes {
		if p.stage.right.busy != (i == 3) {
			t.Errorf("pane %d makes a frame: %v", i, p.stage.right.busy)
		}
	}
	s.q.settle(t, s.view)
}

func TestLayersComeAndGo(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 300, 200)
	grey := s.group.Theme().Color(look.ColorNamePicture, 0)
	s.panes[0].SetLayer(nil)
	s.panes[1].SetLayer(image.NewRGBA(image.Rectangle{}))
	shot := s.capture(t)
	for i, p := range s.panes {
		c := s.stageOf(p, shot).At(s.view.paneW/2, s.view.paneH/2)
		if blank := c == color.RGBAModel.Convert(grey); blank != (i < 2) {
			t.Errorf("pane %d shows %v; the grey behind pictures is %v", i, c, grey)
		}
	}
	if s.panes[0].Layer() != nil {
		t.Error("the layer that was taken away is still there")
	}
}

// What the goroutine of the user interface does for a click of the wheel over a picture of 24 megapixels in
// four panes: the events, and taking over the frames they caused. p99-ms and longest-ms are of single calls;
// the longest is only worth something on a machine that does nothing else.
func BenchmarkWheel24MP(b *testing.B) {
	test.NewTempApp(b).Settings().SetTheme(look.New(look.Options{}))
	q := make(queue, 1000)
	v := NewView(q.do)
	var panes []*Pane
	for i := range 4 {
		panes = append(panes, NewPane(v, fmt.Sprint(i)))
	}
	w := test.NewTempWindow(b, NewPanes(v, panes...))
	w.Resize(fyne.NewSize(1900, 1000))
	v.SetPicture(6000, 4000)
	for i, p := range panes {
		p.SetLayer(noise(uint64(i), 6000, 4000))
		p.Probe = func(x, y int) string { return fmt.Sprintf("%.3f  %.3f  %.3f", float64(x)/6000, float64(y)/4000, 0.5) }
	}
	var calls []time.Duration
	timed := func(f func()) {
		begin := time.Now()
		f()
		calls = append(calls, time.Since(begin))
	}
	i := 0
	for b.Loop() {
		turn := float32(25)
		if i++; i/20%2 == 1 {
			turn = -25
		}
		e := &fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, turn)}
		e.Position = fyne.NewPos(300, 200)
		timed(func() { panes[0].stage.Scrolled(e) })
		m := &desktop.MouseEvent{}
		m.Position = fyne.NewPos(300+float32(i%50), 200)
		timed(func() { panes[0].stage.MouseMoved(m) })
		for len(q) > 0 {
			timed(<-q)
		}
	}
	slices.Sort(calls)
	b.ReportMetric(calls[len(calls)*99/100].Seconds()*1e3, "p99-ms")
	b.ReportMetric(calls[len(calls)-1].Seconds()*1e3, "longest-ms")
}

func TestAPenPaintsAndDoesNotMoveThePicture(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 1600, 1200)
	p := s.panes[2]
	var got []Stroke
	p.Paint = func(stroke Stroke) { got = append(got, stroke) }
	x0, y0 := s.view.Centre()
	at := fyne.NewPos(p.stage.Size().Width/2, p.stage.Size().Height/2)
	p.stage.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonPrimary, Modifier: fyne.KeyModifierAlt})
	p.stage.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: at.AddXY(10, 0)}, Dragged: fyne.NewDelta(10, 0)})
	p.stage.MouseUp(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at.AddXY(10, 0)}, Button: desktop.MouseButtonPrimary})
	p.stage.DragEnd()
	if len(got) != 3 || got[0].Phase != StrokeBegun || !got[0].Other || got[1].Phase != StrokeMoved || got[2].Phase != StrokeEnded {
		t.Fatalf("the strokes are %+v", got)
	}
	if math.Abs(got[0].X-800) > 2 || math.Abs(got[0].Y-600) > 2 || got[1].X <= got[0].X {
		t.Errorf("the pen was at %+v, want the middle of 1600 × 1200, and then right of it", got)
	}
	if x1, y1 := s.view.Centre(); x0 != x1 || y0 != y1 {
		t.Error("painting has moved the picture")
	}
	p.stage.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonSecondary})
	if len(got) != 3 {
		t.Error("the other button paints")
	}
}

func TestAPatchIsShown(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 64, 48)
	before := s.stageOf(s.panes[1], s.capture(t))
	white := image.NewRGBA(image.Rect(0, 0, 8, 8))
	draw.Draw(white, white.Rect, image.White, image.Point{}, draw.Src)
	s.panes[1].Patch(white, image.Pt(20, 10))
	after := s.stageOf(s.panes[1], s.capture(t))
	for _, c := range []struct {
		x, y float64
		same bool
	}{{24, 14, false}, {40, 30, true}} {
		px, py := s.view.ToScreen(c.x+0.5, c.y+0.5)
		a, b := before.RGBAAt(int(px), int(py)), after.RGBAAt(int(px), int(py))
		if c.same && a != b || !c.same && b != (color.RGBA{255, 255, 255, 255}) {
			t.Errorf("pixel %g, %g was %v and is %v", c.x, c.y, a, b)
		}
	}
}

func TestOutlinesFollowThePicture(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 64, 48)
	p := s.panes[0]
	p.SetOutlines(Outline{Rect: image.Rect(8, 8, 16, 16), Ink: fynetheme.ColorNamePrimary})
	box := p.stage.marks.Objects[1]
	was := box.Position()
	s.view.ZoomTo(4 * s.view.Scale())
	if !box.Visible() || box.Position() == was {
		t.Errorf("after a zoom the outline is at %v as before", was)
	}
	p.SetOutlines()
	if box.Visible() {
		t.Error("an outline that was taken away is shown")
	}
}
