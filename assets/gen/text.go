package main

import (
	"image"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// This file draws letters.

// ink is a picture of coverage, 0 to 255, that print draws on.
type ink struct{ *image.Alpha }

func newInk(w, h int) ink { return ink{image.NewAlpha(image.Rect(0, 0, w, h))} }

// print sets a line in a TrueType font, size pixels high, its baseline at y; align is 0
// where x is its left end, 0.5 its middle and 1 its right end. space is added after each letter.
func (m ink) print(ttf []byte, text string, size, x, y, align, space float64) {
	parsed, err := opentype.Parse(ttf)
	if err != nil {
		panic("gen: " + err.Error())
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		panic("gen: " + err.Error())
	}
	d := font.Drawer{Dst: m, Src: image.Opaque, Face: face}
	wide := float64(d.MeasureString(text))/64 + space*float64(len([]rune(text))-1)
	d.Dot = fixed.Point26_6{X: fixed.Int26_6((x - align*wide) * 64), Y: fixed.Int26_6(y * 64)}
	for _, r := range text {
		d.DrawString(string(r))
		d.Dot.X += fixed.Int26_6(space * 64)
	}
}

// bar fills a rectangle.
func (m ink) bar(x0, y0, x1, y1 int) {
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			m.Pix[m.PixOffset(x, y)] = 255
		}
	}
}

// at is the coverage at a point of the unit square, rows from the top; 0 outside.
func (m ink) at(u, v float64) float64 {
	b := m.Bounds()
	x, y := u*float64(b.Dx())-0.5, v*float64(b.Dy())-0.5
	fx, fy := math.Floor(x), math.Floor(y)
	i, j := int(fx), int(fy)
	get := func(i, j int) float64 { return float64(m.AlphaAt(i, j).A) / 255 }
	return lerp(
		lerp(get(i, j), get(i+1, j), x-fx),
		lerp(get(i, j+1), get(i+1, j+1), x-fx), y-fy)
}
