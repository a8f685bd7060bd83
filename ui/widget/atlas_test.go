package widget

import (
	"image"
	"image/color"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	look "sieve/ui/theme"
)

// cloud is n points in a square, with thumbnails.
func cloud(n int) AtlasData {
	rng := rand.New(rand.NewPCG(1, 2))
	d := AtlasData{Points: make([]float32, 2*n), Inks: make([]color.NRGBA, n), Thumbs: make([]*image.RGBA, n), PointLow: [2]float64{-1, -1}, PointHigh: [2]float64{1, 1}}
	for i := range d.Points {
		d.Points[i] = 2*rng.Float32() - 1
	}
	thumb := noise(3, 28, 28)
	for i := range n {
		d.Inks[i], d.Thumbs[i] = color.NRGBA{255, 0, 0, 255}, thumb
	}
	return d
}

// spread is an atlas in a window, settled.
func spreadOut(t *testing.T, d AtlasData) (*Atlas, queue) {
	test.NewTempApp(t).Settings().SetTheme(look.New(look.Options{Variant: look.Dark}))
	q := make(queue, 100)
	a := NewAtlas(q.do)
	w := test.NewTempWindow(t, a)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(600, 400))
	a.SetData(d)
	q.rest(a)
	return a, q
}

// rest does what is handed over until no frame is being made.
func (q queue) rest(a *Atlas) {
	for a.busy {
		select {
		case f := <-q:
			f()
		case <-time.After(time.Minute):
			return
		}
	}
}

func TestAnAtlasShowsAllPoints(t *testing.T) {
	d := cloud(50)
	d.Thumbs = nil
	a, _ := spreadOut(t, d)
	for i := range 50 {
		p := a.toScreen(float64(d.Points[2*i]), float64(d.Points[2*i+1]))
		if p.X < 0 || p.Y < 0 || p.X > 600 || p.Y > 400 {
			t.Fatalf("point %d is at %v", i, p)
		}
		x, y := int(p.X)+(a.shown.img.Rect.Dx()-600)/2, int(p.Y)+(a.shown.img.Rect.Dy()-400)/2
		if c := a.shown.img.RGBAAt(x, y); c.R < 200 || c.G > 60 {
			t.Errorf("where point %d is there is %v", i, c)
		}
		if got := a.nearest(p); got != i && a.toScreen(float64(d.Points[2*got]), float64(d.Points[2*got+1])).Subtract(p).X > 1 {
			t.Errorf("the point under %d is %d", i, got)
		}
	}
	if up, down := a.toScreen(0, 1), a.toScreen(0, -1); up.Y >= down.Y {
		t.Error("greater y does not lie higher")
	}
}

// TestThumbnailsKeepTheirShape about the place of their point, with ink at their foot.
func TestThumbnailsKeepTheirShape(t *testing.T) {
	for _, c := range []struct{ tw, th, w, h int }{{48, 32, 60, 40}, {32, 48, 40, 60}, {28, 28, 60, 60}, {64, 1, 60, 1}} {
		img, thumb := image.NewRGBA(image.Rect(0, 0, 200, 200)), image.NewRGBA(image.Rect(0, 0, c.tw, c.th))
		fillAll(thumb, color.RGBA{10, 200, 10, 255})
		blit(img, thumb, 100, 90, 60, color.NRGBA{255, 0, 0, 255}, false)
		var drawn image.Rectangle
		for y := range 200 {
			for x := range 200 {
				if img.RGBAAt(x, y).A > 0 {
					drawn = drawn.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
		want := image.Rect(0, 0, c.w, c.h).Add(image.Pt(100-c.w/2, 90-c.h/2))
		if foot := img.RGBAAt(100, want.Max.Y-1); drawn != want || foot.R != 255 || c.h > 10 && img.RGBAAt(100, 90).G != 200 {
			t.Errorf("%d × %d is drawn at %v with a foot of %v; want %v", c.tw, c.th, drawn, foot, want)
		}
	}
}

func TestAnAtlasZoomsAboutThePointerAndMoves(t *testing.T) {
	a, q := spreadOut(t, cloud(50))
	at := fyne.NewPos(150, 120)
	x, y := a.toPlace(at)
	a.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: at}, Scrolled: fyne.NewDelta(0, 100)})
	if nx, ny := a.toPlace(at); abs(nx-x) > 1e-9 || abs(ny-y) > 1e-9 {
		t.Errorf("a zoom moved what is under the pointer from %g, %g to %g, %g", x, y, nx, ny)
	}
	x, y = a.toPlace(at)
	a.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: at.AddXY(20, 10)}, Dragged: fyne.NewDelta(20, 10)})
	if nx, ny := a.toPlace(at.AddXY(20, 10)); abs(nx-x) > 1e-9 || abs(ny-y) > 1e-9 {
		t.Error("a drag does not carry the map along")
	}
	q.rest(a)
	if a.shown.scale != a.scale {
		t.Error("the last frame is not of the last view")
	}
	for range 100 {
		a.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: at}, Scrolled: fyne.NewDelta(0, -100)})
		a.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: at}, Dragged: fyne.NewDelta(500, 500)})
	}
	if p := a.toScreen(0, 0); p.X < -600 || p.X > 1200 || p.Y < -400 || p.Y > 800 {
		t.Errorf("the map was lost: its middle is at %v", p)
	}
}

func abs(v float64) float64 { return max(v, -v) }

func TestALassoChoosesWhatIsInside(t *testing.T) {
	d := cloud(200)
	d.Hidden = make([]bool, 200)
	d.Hidden[7] = true
	a, _ := spreadOut(t, d)
	var got []int
	a.OnLasso = func(chosen []int) { got = chosen }
	a.Tool = AtlasLasso
	corners := []fyne.Position{a.toScreen(-0.5, -0.5), a.toScreen(0.5, -0.5), a.toScreen(0.5, 0.5), a.toScreen(-0.5, 0.5)}
	for i, c := range corners[1:] {
		a.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: c}, Dragged: fyne.NewDelta(c.X-corners[i].X, c.Y-corners[i].Y)})
	}
	a.DragEnd()
	for i := range 200 {
		x, y := d.Points[2*i], d.Points[2*i+1]
		if in := x > -0.5 && x < 0.5 && y > -0.5 && y < 0.5 && i != 7; in != slices.Contains(got, i) {
			t.Errorf("point %d at %g, %g: chosen %v, want %v", i, x, y, !in, in)
		}
	}
	a.Tool = AtlasPath
	var xs []float64
	a.OnPath = func(x, _ []float64) { xs = x }
	a.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: corners[1]}, Dragged: fyne.NewDelta(corners[1].X-corners[0].X, 0)})
	a.DragEnd()
	if len(xs) != 2 || abs(xs[0]+0.5) > 1e-6 || abs(xs[1]-0.5) > 1e-6 {
		t.Errorf("the way is %v", xs)
	}
	a.ShowPath(true)
	line := a.trail.parts[1].Objects[0].(*canvas.Line)
	if at := a.toScreen(-0.5, 0.5); !a.trail.whole.Visible() || len(a.lines.parts[1].Objects) != 0 || abs(float64(line.Position1.X-at.X)) > 0.01 {
		t.Errorf("the way that was drawn begins at %v, and is shown at %v", at, line.Position1)
	}
	a.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 50), PointEvent: fyne.PointEvent{Position: corners[2]}})
	if at := a.toScreen(-0.5, 0.5); abs(float64(line.Position1.X-at.X)) > 0.01 {
		t.Errorf("zoomed, the way begins at %v, and is shown at %v", at, line.Position1)
	}
}

func TestAnAtlasTellsWhatIsPointedAt(t *testing.T) {
	d := cloud(20)
	a, _ := spreadOut(t, d)
	at, tapped := -2, -2
	a.OnPointer = func(_, _ float64, nearest int) { at = nearest }
	a.OnTapped = func(_, _ float64, nearest int, _ bool) { tapped = nearest }
	p := a.toScreen(float64(d.Points[10]), float64(d.Points[11]))
	a.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: p}})
	a.Tapped(&fyne.PointEvent{Position: p})
	if at != 5 || tapped != 5 {
		t.Errorf("over point 5 it tells %d, and at a tap %d", at, tapped)
	}
}

// BenchmarkAtlasPan is what a pan by some pixels costs the goroutine of the user interface, of 10,000 pictures.
func BenchmarkAtlasPan(b *testing.B) {
	test.NewTempApp(b).Settings().SetTheme(look.New(look.Options{Variant: look.Dark}))
	a := NewAtlas(func(func()) {})
	a.Resize(fyne.NewSize(1400, 900))
	a.SetData(cloud(10_000))
	i := 0
	for b.Loop() {
		i++
		a.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(float32(i%7)-3, float32(i%5)-2)})
	}
}

// BenchmarkAtlasFrame is what drawing 10,000 pictures costs behind.
func BenchmarkAtlasFrame(b *testing.B) {
	d := cloud(10_000)
	f := atlasFrame{scale: 400, ground: color.Black, img: image.NewRGBA(image.Rect(0, 0, 1820, 1170))}
	for b.Loop() {
		f.draw(d, 1)
	}
}
