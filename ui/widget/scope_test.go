package widget

import (
	"image"
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	look "sieve/ui/theme"
)

// press clicks a place of a scope.
func press(s *Scope, x, y float32) {
	s.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary, PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, y)}})
}

// TestAScopeFindsPixels clicks corners of a picture that is enlarged, and beyond them.
func TestAScopeFindsPixels(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(look.New(look.Options{Variant: look.Dark}))
	s := NewScope()
	s.Say("Title", "3")
	s.Resize(fyne.NewSize(400, 200+s.head()))
	var at image.Point
	s.OnPoint = func(x, y int) { at = image.Pt(x, y) }
	press(s, 10, 100)
	if at != (image.Point{}) {
		t.Errorf("without a picture, pixel %v is chosen", at)
	}
	s.Set(image.NewRGBA(image.Rect(0, 0, 20, 10))) // 20 times as large
	for _, c := range []struct {
		x, y float32
		want image.Point
	}{{399, 199, image.Pt(19, 9)}, {1, 1, image.Pt(0, 0)}, {45, 25, image.Pt(2, 1)}, {900, -50, image.Pt(19, 0)}} {
		press(s, c.x, c.y+s.head())
		if at != c.want {
			t.Errorf("at (%g, %g) is %v, want %v", c.x, c.y, at, c.want)
		}
	}
	way := image.Point{}
	s.OnStep = func(dx, dy int) { way = image.Pt(dx, dy) }
	s.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	if way != image.Pt(0, -1) {
		t.Errorf("up is %v", way)
	}
	s.Mark(image.Pt(2, 1), Outline{Rect: image.Rect(2, 1, 3, 2), Ink: fynetheme.ColorNamePrimary})
	frame := test.WidgetRenderer(s).Objects()[5]
	if x, w := frame.Position().X+frame.Size().Width/2, frame.Size().Width; x != 50 || w != 24 {
		t.Errorf("the mark of pixel 2 is %g wide around %g, want 24 around 50", w, x)
	}
}

// TestABarIsChosen clicks bars of a kernel, and above them.
func TestABarIsChosen(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(look.New(look.Options{Variant: look.Dark}))
	k := NewKernel()
	k.Resize(fyne.NewSize(600, 200))
	got := -1
	k.OnBar = func(c int) { got = c }
	one := KernelGrid{Values: []float32{0.5}, Inks: make([]color.RGBA, 1)}
	k.Set(KernelData{Side: 1, Grids: [3]KernelGrid{one, one, one}, Bars: []float32{1, -2, 3}})
	for _, c := range []struct {
		x, y float32
		want int
	}{{1, 199, 0}, {30, 190, 1}, {70, 199, 2}, {80, 199, -1}, {1, 20, -1}} {
		got = -1
		k.Tapped(&fyne.PointEvent{Position: fyne.NewPos(c.x, c.y)})
		if got != c.want {
			t.Errorf("at (%g, %g) is bar %d, want %d", c.x, c.y, got, c.want)
		}
	}
}

// TestNumbersFitTheirCells takes as many decimals as there is room for.
func TestNumbersFitTheirCells(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(look.New(look.Options{Variant: look.Dark}))
	values := []float32{-0.12345, 7, float32(math.NaN()), 0}
	for want, widest := range []string{"0", "-0.1", "-0.12", "-0.123"} {
		width := fyne.MeasureText(widest, 12, fyne.TextStyle{}).Width
		if got := decimalsFor(values, width, 12); got != want {
			t.Errorf("where %s fits there are %d decimals", widest, got)
		}
	}
	for want, largest := range map[int]float32{3: 7, 5: -0.0008, 6: 1e-9} {
		if got := decimalsFor([]float32{0, largest, 1e-10}, 1000, 12); got != want {
			t.Errorf("where the largest number is %g there are %d decimals, want %d", largest, got, want)
		}
	}
	if short(-0.0004, 3) != "0" || short(-0.0006, 3) != "-0.001" || short(0.5, 1) != "0.5" {
		t.Errorf("numbers are %s, %s and %s", short(-0.0004, 3), short(-0.0006, 3), short(0.5, 1))
	}
}

// TestABlockIsChosen clicks blocks of a strip, and beside them.
func TestABlockIsChosen(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(look.New(look.Options{Variant: look.Dark}))
	s := NewStrip()
	s.Resize(fyne.NewSize(200, 100))
	s.Set([]StripBlock{{Side: 8, Channels: 3}, {Side: 4, Channels: 8, Chosen: true, Off: 0.5}, {Side: 8, Channels: 3}}, "")
	got := -1
	s.OnTapped = func(i int) { got = i }
	for i, p := range s.places {
		s.Tapped(&fyne.PointEvent{Position: fyne.NewPos(p.Width+p.Height/2, 20)})
		if got != i {
			t.Errorf("in the middle of block %d, %d is chosen", i, got)
		}
	}
	got = -1
	s.Tapped(&fyne.PointEvent{Position: fyne.NewPos(199, 20)})
	if got != -1 {
		t.Errorf("beside all blocks, %d is chosen", got)
	}
}
