package imageio

import (
	"image/color"
	"math"
	"slices"
	"testing"

	"sieve/model/tensor"
)

// TestToRGBA rounds half up, clamps, and draws what is not a number black.
func TestToRGBA(t *testing.T) {
	nan := float32(math.NaN())
	x := &tensor.Tensor{Shape: []int{1, 2, 3, 1}, Data: []float32{-1, 0.5, 2, nan, 1.49 / 255, 1.51 / 255}}
	m := ToRGBA(nil, x)
	for i, want := range []uint8{0, 128, 255, 0, 1, 2} {
		if got := m.RGBAAt(i%3, i/3); got != (color.RGBA{want, want, want, 255}) {
			t.Errorf("%g is drawn %v, want %d", x.Data[i], got, want)
		}
	}
	y := &tensor.Tensor{Shape: []int{1, 2, 3, 3}, Data: make([]float32, 18)}
	y.Data[4] = 1
	if again := ToRGBA(m, y); again != m || m.RGBAAt(1, 0) != (color.RGBA{0, 255, 0, 255}) {
		t.Errorf("reused %v, green is %v", again == m, m.RGBAAt(1, 0))
	}
	if other := ToRGBA(m, tensor.New(1, 5, 5, 1)); other == m || other.Rect.Dx() != 5 {
		t.Error("an image of another size was reused")
	}
}

// luminance is that of Rec. 709 in linear light.
func luminance(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// TestSequentialMapsGrowBrighter from end to end, all the way, and the diverging
// one up to its middle and down again.
func TestSequentialMapsGrowBrighter(t *testing.T) {
	for _, m := range []Colormap{Viridis, Cividis, Grey, Diverging} {
		last := -1.0
		for i := range 33 { // further apart than rounding to 8 bits shows
			l := luminance(m.At(float32(i) / 32))
			down := m == Diverging && i > 16
			if !down && l < last || down && l > last {
				t.Errorf("%v at %d has luminance %.4f, before it %.4f", m, i, l, last)
			}
			last = l
		}
	}
	for m, ends := range map[Colormap][2]color.RGBA{
		Viridis:   {{0x44, 1, 0x54, 255}, {0xfd, 0xe7, 0x25, 255}},
		Cividis:   {{0, 0x20, 0x4d, 255}, {0xff, 0xea, 0x46, 255}},
		Grey:      {{0, 0, 0, 255}, {255, 255, 255, 255}},
		Diverging: {{0x3b, 0x4c, 0xc0, 255}, {0xb4, 4, 0x26, 255}},
	} {
		if got := [2]color.RGBA{m.At(-3), m.At(7)}; got != ends {
			t.Errorf("%v ends in %v, want %v", m, got, ends)
		}
		if c := m.At(float32(math.NaN())); c != (color.RGBA{255, 0, 255, 255}) {
			t.Errorf("%v draws what is not a number %v", m, c)
		}
	}
	if c := Diverging.At(0.5); c.R != c.G || c.G != c.B {
		t.Errorf("the middle of the diverging map is %v, want grey", c)
	}
}

// ramp is a latent whose channel k at (i, j) is k·100 + i·10 + j.
func ramp(h, w, c int) *tensor.Tensor {
	z := tensor.New(1, h, w, c)
	for k := range z.Data {
		z.Data[k] = float32(k%c*100 + k/c/w*10 + k/c%w)
	}
	return z
}

// TestMosaicShowsEveryCell finds each cell of each channel at the pixel that
// the layout says, in its colour, and nothing in the gaps.
func TestMosaicShowsEveryCell(t *testing.T) {
	for _, c := range []int{1, 2, 3, 4, 5, 16, 17} {
		z := ramp(3, 4, c)
		for _, common := range []bool{false, true} {
			m, l := Mosaic(z, Viridis, common)
			if l.Cols*l.Rows < c || l.Cols > l.Rows+1 || l.Rows > l.Cols {
				t.Errorf("%d channels in %d × %d", c, l.Cols, l.Rows)
			}
			seen := 0
			for y := range m.Rect.Dy() {
				for x := range m.Rect.Dx() {
					k, i, j, ok := l.At(x, y)
					if !ok {
						if m.RGBAAt(x, y) != (color.RGBA{}) {
							t.Fatalf("the gap at (%d, %d) is %v", x, y, m.RGBAAt(x, y))
						}
						continue
					}
					seen++
					v := z.Data[(i*4+j)*c+k]
					if want := Viridis.At(float32(math.Round(float64((v-l.Lo[k])/(l.Hi[k]-l.Lo[k]))*255)) / 255); m.RGBAAt(x, y) != want {
						t.Fatalf("channel %d, cell (%d, %d) is %v, want %v", k, i, j, m.RGBAAt(x, y), want)
					}
				}
			}
			if seen != 12*c {
				t.Errorf("%d cells of %d channels are shown, want %d", seen, c, 12*c)
			}
			last := float32(c-1) * 100
			if want := [2]float32{last, last + 23}; !common && [2]float32{l.Lo[c-1], l.Hi[c-1]} != want || common && [2]float32{l.Lo[c-1], l.Hi[c-1]} != [2]float32{0, last + 23} {
				t.Errorf("the last of %d channels runs from %g to %g, common %v", c, l.Lo[c-1], l.Hi[c-1], common)
			}
		}
	}
	for _, at := range [][2]int{{-1, 0}, {0, -1}, {1000, 0}, {0, 1000}, {4, 0}} {
		if _, _, _, ok := (MosaicLayout{Cols: 2, Rows: 2, CellW: 4, CellH: 3, Gap: 1, Lo: make([]float32, 4)}).At(at[0], at[1]); ok {
			t.Errorf("a cell at %v", at)
		}
	}
}

// TestOddLatents draws channels that are flat, that hold no numbers, and signs.
func TestOddLatents(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	z := &tensor.Tensor{Shape: []int{1, 1, 3, 1}, Data: []float32{7, 7, 7}}
	if m := Channel(z, 0, Grey); m.RGBAAt(0, 0).R != 128 {
		t.Errorf("a flat channel is %v, want the middle", m.RGBAAt(0, 0))
	}
	z.Data = []float32{nan, inf, 1}
	if m := Channel(z, 0, Grey); m.RGBAAt(0, 0) != (color.RGBA{255, 0, 255, 255}) {
		t.Errorf("what is not a number is %v", m.RGBAAt(0, 0))
	}
	z.Data = []float32{-1, 0, 4}
	m, l := Mosaic(z, Diverging, false)
	if l.Lo[0] != -4 || l.Hi[0] != 4 || m.RGBAAt(1, 0) != Diverging.At(128.0/255) || m.RGBAAt(2, 0) != Diverging.At(1) {
		t.Errorf("scale %g to %g, zero is %v", l.Lo[0], l.Hi[0], m.RGBAAt(1, 0))
	}
	z.Data = []float32{-math.MaxFloat32, 0, math.MaxFloat32}
	if m := Channel(z, 0, Grey); m.RGBAAt(0, 0).R != 0 || m.RGBAAt(1, 0).R != 128 || m.RGBAAt(2, 0).R != 255 {
		t.Error("the widest range overflows")
	}
}

// TestMisusePanics with the package's name.
func TestMisusePanics(t *testing.T) {
	for name, f := range map[string]func(){
		"draw two":     func() { ToRGBA(nil, tensor.New(2, 3, 3, 1)) },
		"no channel":   func() { Channel(tensor.New(1, 3, 3, 2), 2, Grey) },
		"7 bits":       func() { Encode(nil, "png", drawn(2, 2, 1, 8, false), SaveOptions{Depth: 7}) },
		"quality 101":  func() { Encode(nil, "jpeg", drawn(2, 2, 1, 8, false), SaveOptions{Quality: 101}) },
		"two channels": func() { Leaves{8, 2}.Batch(seeded(1), 1) },
		"split by one": func() { split(4, 1) },
	} {
		func() {
			defer func() {
				if s, ok := recover().(string); !ok || !slices.Contains([]string{"imageio: "}, s[:9]) {
					t.Errorf("%s: no panic of this package", name)
				}
			}()
			f()
		}()
	}
}
