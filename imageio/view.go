package imageio

// This file makes tensors visible: pictures as they are, latents as heat maps.

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"sieve/model/tensor"
)

// ToRGBA draws a picture (1, H, W, 1 or 3) in 8 bits, clamped to [0, 1] and
// rounded half up, into dst or, when dst is nil or of another size, into a new
// image, which it returns.
func ToRGBA(dst *image.RGBA, t *tensor.Tensor) *image.RGBA {
	n, h, w, c := t.Dims4()
	if n != 1 || c != 1 && c != 3 {
		panic(fmt.Sprintf("imageio: cannot draw shape %v", t.Shape))
	}
	if dst == nil || dst.Rect != image.Rect(0, 0, w, h) {
		dst = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	parallel(h, func(y0, y1 int) {
		for y := y0; y < y1; y++ {
			row, out := t.Data[y*w*c:(y+1)*w*c], dst.Pix[y*dst.Stride:]
			for x := range w {
				for k := range 3 {
					out[4*x+k] = uint8(level(row[x*c+k%c], 255))
				}
				out[4*x+3] = 255
			}
		}
	})
	return dst
}

// A Colormap turns a number in [0, 1] into a colour.
type Colormap int

const (
	Viridis   Colormap = iota // dark blue to yellow, evenly brighter (van der Walt and Smith, 2015)
	Cividis                   // the same for those who see no red or green (Nuñez et al., 2018)
	Grey                      // black to white
	Diverging                 // blue, grey, red: below, at and above one half (Moreland, 2009)
)

// String returns the name in lower case.
func (m Colormap) String() string {
	return [...]string{"viridis", "cividis", "grey", "diverging"}[m]
}

// points are evenly spaced colours of a map.
func (m Colormap) points() []uint32 {
	switch m {
	case Viridis:
		return []uint32{
			0x440154, 0x481a6c, 0x472f7d, 0x414487, 0x39568c, 0x31688e, 0x2a788e, 0x23888e,
			0x1f988b, 0x22a884, 0x35b779, 0x54c568, 0x7ad151, 0xa5db36, 0xd2e21b, 0xfde725}
	case Cividis:
		return []uint32{
			0x00204d, 0x00336f, 0x39486b, 0x575c6d, 0x707173, 0x8a8779, 0xa69d75, 0xc4b56c, 0xe4cf5b, 0xffea46}
	case Diverging:
		return []uint32{
			0x3b4cc0, 0x6282ea, 0x8db0fe, 0xb8d0f9, 0xdddddd, 0xf5c4ad, 0xf49a7b, 0xde604d, 0xb40426}
	}
	return []uint32{0x000000, 0xffffff}
}

// At returns the colour of v, clamped to [0, 1]. What is not a number is magenta,
// which no map holds.
func (m Colormap) At(v float32) color.RGBA {
	if v != v {
		return color.RGBA{255, 0, 255, 255}
	}
	p := m.points()
	f := float32(max(0, min(v, 1)) * float32(len(p)-1))
	i := min(int(f), len(p)-2)
	f -= float32(i)
	mix := func(shift int) uint8 {
		a, b := float32(p[i]>>shift&255), float32(p[i+1]>>shift&255)
		return uint8(a + float32((b-a)*f) + 0.5)
	}
	return color.RGBA{mix(16), mix(8), mix(0), 255}
}

// A MosaicLayout says where a channel's cells lie in a mosaic.
type MosaicLayout struct {
	Cols, Rows   int       // of the grid of channels
	CellW, CellH int       // of a channel, in pixels: one for each cell of the latent
	Gap          int       // pixels between channels
	Lo, Hi       []float32 // the numbers drawn in a channel's first and last colour
}

// At returns the channel and the row i and column j in it that pixel (x, y) shows.
func (l MosaicLayout) At(x, y int) (channel, i, j int, ok bool) {
	if x < 0 || y < 0 || l.CellW == 0 || l.CellH == 0 {
		return 0, 0, 0, false
	}
	col, row := x/(l.CellW+l.Gap), y/(l.CellH+l.Gap)
	i, j = y%(l.CellH+l.Gap), x%(l.CellW+l.Gap)
	channel = row*l.Cols + col
	if col >= l.Cols || i >= l.CellH || j >= l.CellW || channel >= len(l.Lo) {
		return 0, 0, 0, false
	}
	return channel, i, j, true
}

// Mosaic draws all channels of a latent (1, h, w, c) side by side in a
// near-square grid with one transparent pixel between them, each on its own
// scale or all on a common one. The diverging map's scale has 0 in its middle.
func Mosaic(z *tensor.Tensor, m Colormap, common bool) (*image.RGBA, MosaicLayout) {
	n, h, w, c := z.Dims4()
	if n != 1 {
		panic(fmt.Sprintf("imageio: cannot draw shape %v", z.Shape))
	}
	cols := int(math.Ceil(math.Sqrt(float64(c))))
	l := MosaicLayout{Cols: cols, CellW: w, CellH: h, Gap: 1}
	if cols > 0 {
		l.Rows = (c + cols - 1) / cols
	}
	l.Lo, l.Hi = scales(z, m, common)
	dst := image.NewRGBA(image.Rect(0, 0, max(cols*(w+1)-1, 0), max(l.Rows*(h+1)-1, 0)))
	table := m.table()
	for k := range c {
		drawChannel(dst, k%cols*(w+1), k/cols*(h+1), z, k, table, l.Lo[k], l.Hi[k])
	}
	return dst, l
}

// Channel draws one channel of a latent (1, h, w, c) on its own scale.
func Channel(z *tensor.Tensor, c int, m Colormap) *image.RGBA {
	n, h, w, channels := z.Dims4()
	if n != 1 || c < 0 || c >= channels {
		panic(fmt.Sprintf("imageio: no channel %d in shape %v", c, z.Shape))
	}
	lo, hi := scales(z, m, false)
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	drawChannel(dst, 0, 0, z, c, m.table(), lo[c], hi[c])
	return dst
}

// ChannelWithin draws one channel of a latent (1, h, w, c): lo in the first colour and what is below it, hi and
// above in the last. The diverging map has 0 in its middle.
func ChannelWithin(z *tensor.Tensor, c int, m Colormap, lo, hi float32) *image.RGBA {
	n, h, w, channels := z.Dims4()
	if n != 1 || c < 0 || c >= channels {
		panic(fmt.Sprintf("imageio: no channel %d in shape %v", c, z.Shape))
	}
	if m == Diverging {
		hi = max(hi, -lo)
		lo = -hi
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	drawChannel(dst, 0, 0, z, c, m.table(), lo, hi)
	return dst
}

// table returns 256 colours and the one of what is not a number.
func (m Colormap) table() *[257]color.RGBA {
	var t [257]color.RGBA
	for i := range 256 {
		t[i] = m.At(float32(i) / 255)
	}
	t[256] = m.At(float32(math.NaN()))
	return &t
}

// scales returns each channel's range of finite numbers.
func scales(z *tensor.Tensor, m Colormap, common bool) (lo, hi []float32) {
	c := z.Shape[3]
	lo, hi = make([]float32, c), make([]float32, c)
	inf := float32(math.Inf(1))
	for k := range c {
		lo[k], hi[k] = inf, -inf
	}
	for i, v := range z.Data {
		if v-v == 0 {
			k := i % c
			lo[k], hi[k] = min(lo[k], v), max(hi[k], v)
		}
	}
	if common {
		l, h := inf, -inf
		for k := range c {
			l, h = min(l, lo[k]), max(h, hi[k])
		}
		for k := range c {
			lo[k], hi[k] = l, h
		}
	}
	for k := range c {
		if lo[k] > hi[k] { // nothing finite
			lo[k], hi[k] = 0, 0
		}
		if m == Diverging {
			hi[k] = max(hi[k], -lo[k])
			lo[k] = -hi[k]
		}
	}
	return lo, hi
}

func drawChannel(dst *image.RGBA, x0, y0 int, z *tensor.Tensor, k int, table *[257]color.RGBA, lo, hi float32) {
	_, h, w, c := z.Dims4()
	for y := range h {
		out := dst.Pix[dst.PixOffset(x0, y0+y):]
		for x := range w {
			v := z.Data[(y*w+x)*c+k]
			i := 128 // a channel of one value is in the middle
			switch {
			case v != v:
				i = 256
			case hi > lo:
				i = int(float64(max(0, min((float64(v)-float64(lo))/(float64(hi)-float64(lo)), 1))*255) + 0.5)
			}
			p := table[i]
			out[4*x], out[4*x+1], out[4*x+2], out[4*x+3] = p.R, p.G, p.B, p.A
		}
	}
}
