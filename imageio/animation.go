package imageio

import (
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"io"
	"slices"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"sieve/model/tensor"
)

// An Animation is a picture that stays and, beside it, one that changes, with a word under each
// change. Small pictures are enlarged and large ones made smaller, by whole factors.
type Animation struct {
	still  *image.RGBA
	frames []*image.RGBA
	words  []string
}

// The least and the greatest side of a picture in an animation, as far as whole factors allow, and
// the lengths around pictures, in pixels.
const (
	leastSide, mostSide = 224, 384
	animationGap        = 8
	animationFoot       = 20
)

// How long a frame is shown, in hundredths of a second, and the last one.
const frameDelay, lastDelay = 25, 200

// NewAnimation returns one without frames. The picture is (1, H, W, 1|3), in [0, 1].
func NewAnimation(still *tensor.Tensor) *Animation { return &Animation{still: sized(still)} }

// Add adds a frame: a picture of the size of the one that stays, and a word of ASCII.
func (a *Animation) Add(x *tensor.Tensor, word string) {
	a.frames, a.words = append(a.frames, sized(x)), append(a.words, word)
}

// sized draws a picture at the size at which it is shown.
func sized(x *tensor.Tensor) *image.RGBA {
	_, h, w, _ := x.Dims4()
	from := ToRGBA(nil, x)
	if k := (max(h, w) + mostSide - 1) / mostSide; k > 1 {
		return shrunk(from, k)
	}
	k := max(1, leastSide/max(h, w))
	to := image.NewRGBA(image.Rect(0, 0, w*k, h*k))
	for y := range h * k {
		for x := range w * k {
			copy(to.Pix[y*to.Stride+4*x:][:4], from.Pix[y/k*from.Stride+x/k*4:])
		}
	}
	return to
}

// shrunk makes k×k pixels one, which is their mean.
func shrunk(from *image.RGBA, k int) *image.RGBA {
	w, h := max(1, from.Rect.Dx()/k), max(1, from.Rect.Dy()/k)
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			for c := range 4 {
				sum, n := 0, 0
				for i := y * k; i < min((y+1)*k, from.Rect.Dy()); i++ {
					for j := x * k; j < min((x+1)*k, from.Rect.Dx()); j++ {
						sum, n = sum+int(from.Pix[i*from.Stride+4*j+c]), n+1
					}
				}
				to.Pix[y*to.Stride+4*x+c] = uint8((sum + n/2) / n)
			}
		}
	}
	return to
}

// Encode writes the animation as a GIF that repeats. What stays is in its first frame alone.
func (a *Animation) Encode(w io.Writer) error {
	wide, high := a.still.Rect.Dx(), a.still.Rect.Dy()
	all := image.Rect(0, 0, 2*wide+animationGap, high+animationFoot)
	right := image.Rect(wide+animationGap, 0, all.Max.X, all.Max.Y)
	colors := palette(append([]*image.RGBA{a.still}, a.frames...))
	known := map[color.RGBA]uint8{}
	movie := gif.GIF{Config: image.Config{ColorModel: colors, Width: all.Max.X, Height: all.Max.Y}}
	for i, f := range a.frames {
		bounds, delay := right, frameDelay
		if i == 0 {
			bounds = all
		}
		if i == len(a.frames)-1 {
			delay = lastDelay
		}
		full := image.NewRGBA(bounds)
		draw.Draw(full, bounds, image.NewUniform(color.Gray{230}), image.Point{}, draw.Src)
		draw.Draw(full, a.still.Rect, a.still, image.Point{}, draw.Src)
		draw.Draw(full, f.Rect.Add(right.Min), f, image.Point{}, draw.Src)
		d := font.Drawer{Dst: full, Src: image.NewUniform(color.Gray{60}), Face: basicfont.Face7x13, Dot: fixed.P(right.Min.X, all.Max.Y-6)}
		d.DrawString(a.words[i])
		movie.Image, movie.Delay = append(movie.Image, paletted(full, colors, known)), append(movie.Delay, delay)
	}
	return gif.EncodeAll(w, &movie)
}

// greys are how many neutral colours a palette of colours has at least.
const greys = 40

// paletted draws a picture in the nearest colours of a palette, which are remembered.
func paletted(m *image.RGBA, p color.Palette, known map[color.RGBA]uint8) *image.Paletted {
	out := image.NewPaletted(m.Rect, p)
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		for x := m.Rect.Min.X; x < m.Rect.Max.X; x++ {
			c := m.RGBAAt(x, y)
			i, ok := known[c]
			if !ok {
				i = nearest(p, c)
				known[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return out
}

// nearest is the place of the colour that is nearest to c, and as neutral if c is.
func nearest(p color.Palette, c color.RGBA) (at uint8) {
	least := 1 << 30
	for i, q := range p {
		q := q.(color.RGBA)
		if c.R == c.G && c.G == c.B && (q.R != q.G || q.G != q.B) {
			continue
		}
		dr, dg, db := int(q.R)-int(c.R), int(q.G)-int(c.G), int(q.B)-int(c.B)
		if d := dr*dr + dg*dg + db*db; d < least {
			at, least = uint8(i), d
		}
	}
	return at
}

// palette finds the colours of pictures: all greys where there is nothing else; or else some greys
// and the means of boxes of colours, the box in which colours differ most being cut in two until
// there are enough (Heckbert 1982).
func palette(pictures []*image.RGBA) color.Palette {
	bins := map[[3]uint8]*[4]int{} // sums of colours that are alike, and how many
	for _, m := range pictures {
		for i := 0; i+3 < len(m.Pix); i += 4 {
			r, g, b := m.Pix[i], m.Pix[i+1], m.Pix[i+2]
			if r == g && g == b {
				continue
			}
			k := [3]uint8{r >> 3, g >> 3, b >> 3}
			if bins[k] == nil {
				bins[k] = &[4]int{}
			}
			for c, v := range [4]int{int(r), int(g), int(b), 1} {
				bins[k][c] += v
			}
		}
	}
	if len(bins) == 0 {
		p := make(color.Palette, 256)
		for v := range p {
			p[v] = color.RGBA{uint8(v), uint8(v), uint8(v), 255}
		}
		return p
	}
	p := make(color.Palette, greys, 256)
	for i := range p {
		v := uint8(255 * i / (greys - 1))
		p[i] = color.RGBA{v, v, v, 255}
	}
	first := box{}
	for _, b := range bins {
		n := float64(b[3])
		first = append(first, hue{[3]float64{float64(b[0]) / n, float64(b[1]) / n, float64(b[2]) / n}, n})
	}
	slices.SortFunc(first, func(a, b hue) int { return slices.Compare(a.c[:], b.c[:]) }) // a map has no order
	boxes := []box{first}
	for len(boxes) < 256-greys {
		worst, axis, most := -1, 0, 0.0
		for i, b := range boxes {
			if k, spread := b.spread(); len(b) > 1 && spread > most {
				worst, axis, most = i, k, spread
			}
		}
		if worst < 0 {
			break
		}
		low, high := boxes[worst].cut(axis)
		boxes[worst] = low
		boxes = append(boxes, high)
	}
	for _, b := range boxes {
		m := b.mean()
		p = append(p, color.RGBA{uint8(m[0] + 0.5), uint8(m[1] + 0.5), uint8(m[2] + 0.5), 255})
	}
	return p
}

// A hue is a colour and how often it is seen; a box is some that lie together.
type (
	hue struct {
		c [3]float64
		n float64
	}
	box []hue
)

func (b box) mean() (m [3]float64) {
	var n float64
	for _, h := range b {
		for k := range m {
			m[k] += h.n * h.c[k]
		}
		n += h.n
	}
	for k := range m {
		m[k] /= n
	}
	return m
}

// spread is along which axis its colours differ most, and the sum of squares by which they do.
func (b box) spread() (axis int, most float64) {
	m := b.mean()
	var sum [3]float64
	for _, h := range b {
		for k := range sum {
			sum[k] += h.n * (h.c[k] - m[k]) * (h.c[k] - m[k])
		}
	}
	for k, v := range sum {
		if v > most {
			axis, most = k, v
		}
	}
	return axis, most
}

// cut divides it at the mean of an axis.
func (b box) cut(axis int) (low, high box) {
	slices.SortStableFunc(b, func(x, y hue) int { return cmp.Compare(x.c[axis], y.c[axis]) })
	m := b.mean()[axis]
	i := slices.IndexFunc(b, func(h hue) bool { return h.c[axis] > m })
	i = min(max(i, 1), len(b)-1)
	return b[:i], b[i:]
}
