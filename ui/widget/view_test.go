package widget

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
)

// queue runs what background work hands to the user interface when the test asks it to.
type queue chan func()

func (q queue) do(f func()) { q <- f }

// settle runs everything until no sheet of the View has work left.
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
	for deadline := time.After(10 * time.Second); ; {
		select {
		case f := <-q:
			f()
			continue
		default:
		}
		if !busy() {
			return
		}
		select {
		case f := <-q:
			f()
		case <-deadline:
			t.Fatal("frames still being made after 10 s")
		}
	}
}

// noise is a picture of random pixels.
func noise(seed uint64, w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range img.Pix {
		img.Pix[i] = uint8(rng.Uint32())
		if i%4 == 3 {
			img.Pix[i] = 255
		}
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
	test.NewTempApp(t)
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

func TestActualSizeShowsThePicturesOwnPixels(t *testing.T) {
	s := show(t, fyne.NewSize(1000, 700), 640, 480)
	s.view.Actual()
	s.view.CentreOn(333, 217)
	got := s.capture(t)
	ox, oy := s.view.origin()
	for i, p := range s.panes {
		at := s.at(p)
		for y := range s.view.paneH {
			for x := range s.view.paneW {
				r, g, b, _ := got.At(at.X+x, at.Y+y).RGBA()
				c := color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
				if want := p.Layer().RGBAAt(x-ox, y-oy); c != want {
					t.Fatalf("pane %d pixel %d,%d is %v, the picture's is %v", i, x, y, c, want)
				}
			}
		}
	}
}

func TestZoomKeepsThePointUnderThePointer(t *testing.T) {
	s := show(t, fyne.NewSize(1000, 700), 4000, 3000)
	rng := rand.New(rand.NewPCG(1, 2))
	s.view.Actual()
	s.view.CentreOn(2000, 1500)
	for range 200 {
		at := fyne.NewPos(rng.Float32()*s.panes[0].stage.Size().Width, rng.Float32()*s.panes[0].stage.Size().Height)
		x0, y0 := s.view.ToPicture(s.panes[0].stage.at(at))
		e := &fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, float32(rng.NormFloat64())*25)}
		e.Position = at
		s.panes[rng.IntN(4)].stage.Scrolled(e)
		x1, y1 := s.view.ToPicture(s.panes[0].stage.at(at))
		cx, cy := s.view.Centre()
		half := float64(s.view.paneW) / 2 / s.view.Scale()
		if cx-half < 1 || cx+half > 3999 || cy-half < 1 || cy+half > 2999 {
			s.view.ZoomTo(2)
			s.view.CentreOn(2000, 1500) // at an edge the picture has to move
			continue
		}
		if off := math.Hypot(x1-x0, y1-y0) * s.view.Scale(); off > 1.5 {
			t.Fatalf("the point at %v moved by %.2f device pixels at scale %g", at, off, s.view.Scale())
		}
	}
}

var _ = desktop.MouseEvent{}
