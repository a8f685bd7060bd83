package widget

// Frames: the part of a layer that is on the screen, resampled to its pixels.

import (
	"encoding/binary"
	"image"
	"math"
	"math/bits"
)

// request asks for a frame. Equal requests give equal frames.
type request struct {
	a, b          *layer // b is nil unless the frame is 0.5 + gain·(a−b)
	gain          int
	width, height int             // the picture that the layers are laid over
	scale         float64         // device pixels a pixel of that picture
	rect          image.Rectangle // what is wanted, device pixels from the picture's top left corner
}

// frame is an answer.
type frame struct {
	request
	img *image.RGBA // as large as rect
}

// alike reports whether a frame shows what q wants but perhaps another part of it.
func (r request) alike(q request) bool {
	q.rect = r.rect
	return r == q
}

// extent returns the size of the whole picture at this scale.
func (r request) extent() image.Rectangle {
	return image.Rect(0, 0, max(1, int(math.Round(float64(r.width)*r.scale))), max(1, int(math.Round(float64(r.height)*r.scale))))
}

// render makes the frame, in the memory of old when that is large enough.
func (r request) render(old *image.RGBA) frame {
	img := reuse(old, r.rect.Dx(), r.rect.Dy())
	r.draw(r.a, img)
	if r.b != nil {
		other := image.NewRGBA(img.Rect)
		r.draw(r.b, other)
		subtract(img, other, r.gain)
	}
	return frame{r, img}
}

func reuse(old *image.RGBA, w, h int) *image.RGBA {
	if old == nil || cap(old.Pix) < 4*w*h {
		return image.NewRGBA(image.Rect(0, 0, w, h))
	}
	return &image.RGBA{Pix: old.Pix[:4*w*h], Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

// subtract makes dst 0.5 + gain·(dst−b), clamped, and opaque.
func subtract(dst, b *image.RGBA, gain int) {
	var table [511]uint8
	for i := range table {
		table[i] = uint8(max(0, min(128+gain*(i-255), 255)))
	}
	bands(dst.Rect.Dy(), dst.Rect.Dx(), func(y0, y1 int) {
		d, s := dst.Pix[y0*dst.Stride:y1*dst.Stride], b.Pix[y0*dst.Stride:y1*dst.Stride]
		for i := 0; i+4 <= len(d) && i+4 <= len(s); i += 4 {
			d[i] = table[255+int(d[i])-int(s[i])]
			d[i+1] = table[255+int(d[i+1])-int(s[i+1])]
			d[i+2] = table[255+int(d[i+2])-int(s[i+2])]
			d[i+3] = 255
		}
	})
}

// draw fills dst with a layer that is stretched over the picture. A device pixel shows the mean of what it
// covers; where it covers half a pixel of the layer or less, it shows the one in its middle.
func (r request) draw(l *layer, dst *image.RGBA) {
	lw, lh := l.size()
	stepX, stepY := float64(lw)/(float64(r.width)*r.scale), float64(lh)/(float64(r.height)*r.scale)
	k := 0
	if m := min(stepX, stepY) * (1 + 1e-9); m >= 2 {
		k = bits.Len(uint(m)) - 1
	}
	src := l.level(k)
	shrink := math.Ldexp(1, k)
	xs := footprints(r.rect.Min.X, r.rect.Max.X, stepX/shrink, src.Rect.Dx())
	ys := footprints(r.rect.Min.Y, r.rect.Max.Y, stepY/shrink, src.Rect.Dy())
	bands(dst.Rect.Dy(), dst.Rect.Dx(), func(y0, y1 int) {
		if xs.single && ys.single {
			pick(dst, src, xs, ys, y0, y1)
		} else {
			mean(dst, src, xs, ys, y0, y1)
		}
	})
}

// footprint says which pixels along an axis of a level make up those of a frame.
type footprint struct {
	first   []int    // for every pixel of the frame, the first that counts
	count   []int    // how many count
	weights []uint64 // count[0], then count[1], … of them, each group's sum 256
	single  bool     // every count is 1
}

// footprints covers the pixels from … to−1, each step wide, of a frame over n pixels of a level.
func footprints(from, to int, step float64, n int) footprint {
	f := footprint{first: make([]int, to-from), count: make([]int, to-from), single: true}
	f.weights = make([]uint64, 0, 3*(to-from))
	for i := range f.first {
		at := float64(from + i)
		if step <= 0.5 {
			f.first[i], f.count[i] = max(0, min(int((at+0.5)*step), n-1)), 1
			f.weights = append(f.weights, 256)
			continue
		}
		const hair = 1e-6 // less than this of a pixel is rounding
		lo, hi := max(0, min(at*step, float64(n-1))), max(0, min((at+1)*step, float64(n)))
		first, last := int(lo+hair), max(int(math.Ceil(hi-hair))-1, int(lo+hair))
		last = min(last, n-1)
		f.first[i], f.count[i] = first, last-first+1
		f.single = f.single && first == last
		left, span := 256, hi-lo
		for p := first; p < last; p++ {
			share := min(hi, float64(p+1)) - max(lo, float64(p))
			w := min(left, int(math.Round(256*share/span)))
			left -= w
			f.weights = append(f.weights, uint64(w))
		}
		f.weights = append(f.weights, uint64(left))
	}
	return f
}

// pick copies single pixels.
func pick(dst, src *image.RGBA, xs, ys footprint, y0, y1 int) {
	last := -1
	for y := y0; y < y1; y++ {
		out := scanline(dst, y)
		if ys.first[y] == last {
			copy(out, scanline(dst, y-1))
			continue
		}
		last = ys.first[y]
		in := scanline(src, last)
		if n := len(xs.first); xs.first[n-1]-xs.first[0] == n-1 {
			copy(out, in[4*xs.first[0]:])
			continue
		}
		for x, i := range xs.first {
			copy(out[4*x:4*x+4], in[4*i:4*i+4])
		}
	}
}

// mean takes weighted means, first down, then across, rounding after each.
func mean(dst, src *image.RGBA, xs, ys footprint, y0, y1 int) {
	n := len(xs.first)
	c0, c1 := xs.first[0], xs.first[n-1]+xs.count[n-1]
	column := make([]uint64, c1-c0)
	const low = 0x00ff00ff00ff00ff
	half := lanes(128)
	wy := 0
	for y := range y0 {
		wy += ys.count[y]
	}
	for y := y0; y < y1; y++ {
		for t := range ys.count[y] {
			in := scanline(src, ys.first[y]+t)[4*c0 : 4*c1]
			w := ys.weights[wy]
			wy++
			if t == 0 {
				for i := range column {
					column[i] = w*spread(packed(in[4*i:4*i+4])) + half
				}
				continue
			}
			for i := range column {
				column[i] += w * spread(packed(in[4*i:4*i+4]))
			}
		}
		out := scanline(dst, y)
		weights := xs.weights
		for x, first := range xs.first {
			sum := half
			for t, c := range column[first-c0 : first-c0+xs.count[x]] {
				sum += weights[t] * (c >> 8 & low)
			}
			weights = weights[xs.count[x]:]
			binary.LittleEndian.PutUint32(out[4*x:], gather(sum>>8&low))
		}
	}
}
