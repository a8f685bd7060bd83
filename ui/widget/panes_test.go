package widget

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	look "sieve/ui/theme"
)

// rows returns how many rows and columns the panes lie in, and fails where two are not equally large.
func (s *shown) rows(t *testing.T) (columns, rows int) {
	t.Helper()
	xs, ys := map[float32]bool{}, map[float32]bool{}
	for i, p := range s.panes {
		xs[p.Position().X], ys[p.Position().Y] = true, true
		if p.stage.Size() != s.panes[0].stage.Size() {
			t.Errorf("pane %d is %v, pane 0 is %v", i, p.stage.Size(), s.panes[0].stage.Size())
		}
	}
	return len(xs), len(ys)
}

func TestPanesLieWhereThePictureIsLargest(t *testing.T) {
	for _, c := range []struct {
		window        fyne.Size
		w, h          int
		columns, rows int
	}{
		{fyne.NewSize(1600, 500), 768, 512, 4, 1}, // side by side
		{fyne.NewSize(900, 700), 768, 512, 2, 2},  // narrow
		{fyne.NewSize(900, 700), 28, 28, 4, 1},    // 2×2 would be larger, but hardly
		{fyne.NewSize(900, 700), 400, 1200, 4, 1}, // a tall picture
		{fyne.NewSize(900, 900), 5000, 100, 1, 4}, // a strip
		{fyne.NewSize(300, 2000), 768, 512, 1, 4},
	} {
		s := show(t, c.window, c.w, c.h)
		if columns, rows := s.rows(t); columns != c.columns || rows != c.rows {
			t.Errorf("%d×%d in %v lies in %d columns and %d rows, want %d and %d", c.w, c.h, c.window, columns, rows, c.columns, c.rows)
		}
	}
}

func TestAPictureOfAnotherShapeRearrangesThePanes(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 384, 256)
	if columns, _ := s.rows(t); columns != 2 {
		t.Fatalf("%d columns, want 2", columns)
	}
	s.view.SetPicture(400, 1200)
	if columns, _ := s.rows(t); columns != 4 {
		t.Errorf("%d columns for a tall picture, want 4", columns)
	}
	s.q.settle(t, s.view)
}

func TestMaximiseAndRestore(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 384, 256)
	told := 0
	s.group.OnChange(func() { told++ })
	before := s.panes[1].stage.Size()
	test.DoubleTap(s.panes[1].head)
	s.q.settle(t, s.view)
	if s.group.Maximised() != s.panes[1] {
		t.Fatal("two taps on a title did not maximise its pane")
	}
	for i, p := range s.panes {
		if p.Visible() != (i == 1) {
			t.Errorf("pane %d visible: %v", i, p.Visible())
		}
	}
	if w := s.panes[1].stage.Size().Width; w != 600 {
		t.Errorf("the pane is %g wide, the window 600", w)
	}
	if s.view.paneW != 600 {
		t.Errorf("the view is %d wide, its only visible pane 600", s.view.paneW)
	}
	shot := s.stageOf(s.panes[1], s.capture(t))
	x, y := s.view.ToScreen(192, 128)
	if c := shot.At(int(x), int(y)); c == color.RGBAModel.Convert(s.group.Theme().Color(look.ColorNamePicture, 0)) {
		t.Error("the pane shows nothing in its middle")
	}
	s.group.Restore()
	s.q.settle(t, s.view)
	if s.panes[1].stage.Size() != before || !s.panes[0].Visible() {
		t.Errorf("restored to %v, was %v", s.panes[1].stage.Size(), before)
	}
	test.Tap(s.panes[2].grow)
	if s.group.Maximised() != s.panes[2] {
		t.Error("the button did not maximise its pane")
	}
	test.Tap(s.panes[2].grow)
	if s.group.Maximised() != nil || told != 4 {
		t.Errorf("maximised: %v, told %d times of 4 changes", s.group.Maximised(), told)
	}
	s.q.settle(t, s.view)
}

func TestReadOutNamesThePixelInEveryPane(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 384, 256)
	for i, p := range s.panes {
		p.Probe = func(x, y int) string { return fmt.Sprintf("%d: %d,%d", i, x, y) }
	}
	s.view.Actual()
	layout := func() (all []any) {
		for _, p := range s.panes {
			all = append(all, p.Position(), p.MinSize(), p.stage.Position(), p.stage.Size(), p.score.Position())
		}
		return append(all, s.group.MinSize())
	}
	before := fmt.Sprint(layout()...)
	at := s.position(s.panes[1], 100, 50)
	test.MoveMouse(s.window.Canvas(), at)
	px, py := s.view.ToPicture(100, 50)
	x, y := int(px), int(py)
	for i, p := range s.panes {
		if want := fmt.Sprintf("%d: %d,%d", i, x, y); p.value.Text.Text != want {
			t.Errorf("pane %d reads %q, want %q", i, p.value.Text.Text, want)
		}
		if crossed := !p.stage.cross.Hidden; crossed != (i != 1) {
			t.Errorf("pane %d is crossed: %v", i, crossed)
		}
	}
	if want := fmt.Sprintf("x %d   y %d", x, y); s.group.where.Text.Text != want {
		t.Errorf("reads %q, want %q", s.group.where.Text.Text, want)
	}
	s.view.ZoomTo(16)
	s.panes[2].SetFigure("a figure that is far longer than any pane of this window could ever be wide, and longer")
	s.panes[3].SetFigure("31.40 dB   SSIM 0.912")
	if after := fmt.Sprint(layout()...); after != before {
		t.Errorf("the layout went from\n%s to\n%s", before, after)
	}
	if w := s.panes[2].score.MinSize().Width; w > s.panes[2].Size().Width {
		t.Errorf("a figure is %g wide in a pane of %g", w, s.panes[2].Size().Width)
	}
	test.MoveMouse(s.window.Canvas(), fyne.NewPos(5, 495))
	for i, p := range s.panes {
		if p.value.Text.Text != "" || !p.stage.cross.Hidden || !p.stage.outline[0].Hidden {
			t.Errorf("pane %d still reads %q after the pointer left", i, p.value.Text.Text)
		}
	}
	if s.group.where.Text.Text != "" {
		t.Errorf("still reads %q after the pointer left", s.group.where.Text.Text)
	}
	s.q.settle(t, s.view)
}

func TestOutlineSurroundsThePixelUnderThePointer(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 384, 256)
	for _, scale := range []float64{8, 9.7, 22.6, 32} {
		s.view.ZoomTo(scale)
		test.MoveMouse(s.window.Canvas(), s.position(s.panes[0], 103, 57))
		x, y, ok := s.view.Pointer()
		if !ok {
			t.Fatal("the pointer is over no pixel")
		}
		shot := s.capture(t)
		for i, p := range s.panes {
			got, inner := s.stageOf(p, shot), p.stage.outline[1]
			at, size := inner.Position(), inner.Size()
			inside := image.Rect(int(at.X)+1, int(at.Y)+1, int(at.X+size.Width)-1, int(at.Y+size.Height)-1)
			if d := math.Abs(float64(inside.Dx()) - scale); inner.Hidden || d >= 1 {
				t.Errorf("pane %d at %g outlines %v", i, scale, inside)
			}
			for py := inside.Min.Y; py < inside.Max.Y; py++ {
				for px := inside.Min.X; px < inside.Max.X; px++ {
					if want := p.Layer().RGBAAt(x, y); got.RGBAAt(px, py) != want {
						t.Fatalf("pane %d at %g: %d,%d inside the outline is %v, the pixel %v", i, scale, px, py, got.RGBAAt(px, py), want)
					}
				}
			}
		}
	}
}

func TestSliderShowsTheOtherLeftAndItsOwnRight(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 384, 256)
	s.view.Actual()
	p, other := s.panes[3], s.panes[1]
	p.Compare(Slider, other)
	check := func() {
		t.Helper()
		got := s.stageOf(p, s.capture(t))
		ox, oy := s.view.origin()
		y := s.view.paneH - 20
		edge := int(p.stage.split.x)
		for x := range s.view.paneW {
			want := p.Layer()
			if x < edge {
				want = other.Layer()
			}
			if d := x - edge; d >= -2 && d <= 2 {
				continue // the divider
			}
			if got.RGBAAt(x, y) != want.RGBAAt(x-ox, y-oy) {
				t.Fatalf("pixel %d of a divider at %d is %v, left is %v, right %v", x, edge, got.RGBAAt(x, y),
					other.Layer().RGBAAt(x-ox, y-oy), p.Layer().RGBAAt(x-ox, y-oy))
			}
		}
	}
	check()
	x0, _ := s.view.Centre()
	test.Drag(s.window.Canvas(), s.position(p, p.stage.split.x-60, 40), -60, 0)
	if want := float32(0.5) - 60/p.stage.Size().Width; p.Divider() != want {
		t.Errorf("the divider was dragged to %g, want %g", p.Divider(), want)
	}
	if x1, _ := s.view.Centre(); x1 != x0 {
		t.Error("dragging the divider moved the picture")
	}
	check()
	p.SetDivider(7)
	if p.Divider() != 1 {
		t.Errorf("the divider is at %g, want 1", p.Divider())
	}
	other.SetLayer(noise(77, 384, 256))
	check()
	p.Compare(Apart, nil)
	p.stage.split.x = 0
	check()
}

func TestCursorSaysWhatADragWouldDo(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 384, 256)
	p := s.panes[3]
	p.Compare(Slider, s.panes[0])
	stage := p.stage
	hover := func(x float32) desktop.Cursor {
		e := &desktop.MouseEvent{}
		e.Position = fyne.NewPos(x, 50)
		stage.MouseMoved(e)
		return stage.Cursor()
	}
	if c := hover(20); c != desktop.CrosshairCursor {
		t.Errorf("over the picture: %v", c)
	}
	if c := hover(stage.split.x + 3); c != desktop.HResizeCursor {
		t.Errorf("over the divider: %v", c)
	}
	e := &fyne.DragEvent{Dragged: fyne.NewDelta(1, 1)}
	e.Position = fyne.NewPos(20, 50)
	stage.Dragged(e)
	if c := stage.Cursor(); c != (moveCursor{}) {
		t.Errorf("while dragging: %v", c)
	}
	stage.DragEnd()
	if c := hover(20); c != desktop.CrosshairCursor {
		t.Errorf("after dragging: %v", c)
	}
	s.q.settle(t, s.view)
}

func TestDifferenceShowsWhatWasRemoved(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 384, 256)
	s.view.Actual()
	p, noisy := s.panes[3], s.panes[1]
	p.Compare(Difference, noisy)
	for i, gain := range Gains() {
		p.factor.pick(i)
		got := s.stageOf(p, s.capture(t))
		ox, oy := s.view.origin()
		for _, at := range []image.Point{{9, 9}, {200, 40}} {
			a, b := noisy.Layer().RGBAAt(at.X-ox, at.Y-oy), p.Layer().RGBAAt(at.X-ox, at.Y-oy)
			want := max(0, min(128+gain*(int(a.G)-int(b.G)), 255))
			if int(got.RGBAAt(at.X, at.Y).G) != want {
				t.Errorf("×%d: %d − %d is shown as %d, want %d", gain, a.G, b.G, got.RGBAAt(at.X, at.Y).G, want)
			}
		}
	}
	if got, want := p.head.text.full, "Noisy − Reconstruction"; got != want {
		t.Errorf("the title is %q, want %q", got, want)
	}
	p.Compare(Difference, p)
	if c, with := p.Comparison(); c != Apart || with != nil {
		t.Errorf("a pane is compared with itself: %v", c)
	}
	s.q.settle(t, s.view)
}

func TestHoldShowsTheOriginalWhileHeld(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 384, 256)
	s.view.Actual()
	s.panes[0].SetFigure("384 × 256")
	s.panes[3].SetFigure("31.40 dB")
	s.panes[3].Compare(Slider, s.panes[1])
	at := image.Pt(33, 77)
	sees := func() color.RGBA { return s.stageOf(s.panes[3], s.capture(t)).RGBAAt(at.X, at.Y) }
	ox, oy := s.view.origin()
	layer := func(i int) color.RGBA { return s.panes[i].Layer().RGBAAt(at.X-ox, at.Y-oy) }
	if got := sees(); got != layer(1) {
		t.Errorf("left of the divider is %v, want %v", got, layer(1))
	}
	s.group.HoldOriginal(true)
	if got := sees(); got != layer(0) {
		t.Errorf("held, the result shows %v, the original is %v", got, layer(0))
	}
	if p := s.panes[3]; p.head.text.full != "Original" || p.score.full != "384 × 256" {
		t.Errorf("held, the result is called %q and %q", p.head.text.full, p.score.full)
	}
	s.group.HoldOriginal(false)
	if got := sees(); got != layer(1) {
		t.Errorf("let go, left of the divider is %v, want %v", got, layer(1))
	}
	if p := s.panes[3]; p.head.text.full != "Reconstruction" || p.score.full != "31.40 dB" {
		t.Errorf("let go, the result is called %q and %q", p.head.text.full, p.score.full)
	}
	s.group.Maximise(s.panes[1])
	s.group.HoldOriginal(true)
	if s.panes[1].held != s.panes[0] {
		t.Error("the pane that fills the space does not show the original")
	}
	s.q.settle(t, s.view)
}

func TestComparisonsAreOfferedWhereTheyMakeSense(t *testing.T) {
	s := show(t, fyne.NewSize(600, 500), 384, 256)
	s.panes[2].SetLayer(noise(8, 48, 32))
	for i, want := range map[int]string{
		0: "Not compared Slider: Noisy Slider: Latent Slider: Reconstruction Difference: Noisy Difference: Reconstruction",
		2: "Not compared Slider: Original Slider: Noisy Slider: Reconstruction",
	} {
		test.Tap(s.panes[i].weigh)
		top := s.window.Canvas().Overlays().Top()
		if top == nil {
			t.Fatal("no menu")
		}
		var got []string
		for _, o := range test.LaidOutObjects(top) {
			if text, ok := o.(*canvas.Text); ok && text.Text != "" {
				got = append(got, text.Text)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("pane %d offers %q, want %q", i, got, want)
		}
		if h := top.Size().Height; h > 500 {
			t.Errorf("the menu is %g high in a window of 500", h)
		}
		s.window.Canvas().Overlays().Remove(top)
	}
	s.q.settle(t, s.view)
}

func TestTitlesRowKeepsTheTitle(t *testing.T) {
	s := show(t, fyne.NewSize(800, 300), 100, 300) // four narrow panes
	p := s.panes[2]
	p.SetAccessory(NewPick([]string{"all channels", "channel 1"}, nil), NewPick([]string{"viridis", "cividis"}, nil))
	if p.head.text.Text.Text != "Latent" {
		t.Errorf("the title is cut to %q", p.head.text.Text.Text)
	}
	right := p.Size().Width
	for _, o := range []fyne.CanvasObject{p.hints[1], p.accessory[1], p.accessory[0], p.head} {
		if end := o.Position().X + o.Size().Width; end > right+0.01 {
			t.Errorf("%T reaches to %g, the next begins at %g", o, end, right)
		}
		right = o.Position().X
	}
}

func TestPickChoosesByKeyAndMenu(t *testing.T) {
	test.NewTempApp(t)
	var picked []int
	p := NewPick([]string{"all channels", "channel 1", "channel 2"}, func(i int) { picked = append(picked, i) })
	w := test.NewTempWindow(t, p)
	w.Canvas().Focus(p)
	p.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	p.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	p.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	p.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	if fmt.Sprint(picked) != "[1 2]" || p.Selected() != 2 {
		t.Errorf("picked %v, selected %d; want [1 2] and 2", picked, p.Selected())
	}
	width := p.MinSize().Width
	p.SetSelected(0)
	if p.MinSize().Width != width || len(picked) != 2 {
		t.Errorf("%g wide with another option, %g before; picked %v", p.MinSize().Width, width, picked)
	}
	p.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if w.Canvas().Overlays().Top() == nil {
		t.Error("Space opens no menu")
	}
}
