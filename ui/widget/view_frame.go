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
	revA, revB    int    // what of them was seen when it was asked for
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
	l.pixels.RLock()
	defer l.pixels.RUnlock()
	lw, lh := l.size()
	stepX, stepY := float64(lw)/(float64(r.width)*r.scale), float64(lh)/(float64(r.height)*r.scale)
	k := 0
	if m := min(stepX, stepY) * (1 + 1e-9); m >= 2 {
		k = bits.Len(uint(m)) - 1
	}
	src := l.level(k)
	shrink := math.Ldexp(1, k)
	xs := cover(r.rect.Min.X, r.rect.Max.X, stepX/shrink, src.Rect.Dx())
	ys := cover(r.rect.Min.Y, r.rect.Max.Y, stepY/shrink, src.Rect.Dy())
	bands(dst.Rect.Dy(), dst.Rect.Dx(), func(y0, y1 int) {
		if xs.taps == 1 && ys.taps == 1 {
			pick(dst, src, xs, ys, y0, y1)
		} else {
			mean(dst, src, xs, ys, y0, y1)
		}
	})
}

// footprints say which pixels along an axis of a level make up those of a frame, and by how much.
type footprints struct {
	first   []int    // for every pixel of the frame, the first that counts
	taps    int      // how many count; the same for all, so that mean does not branch
	weights []uint64 // taps of them for every pixel of the frame, with a sum of 256
}

// cover returns the footprints of a frame's pixels from … to−1, each step wide, over n pixels of a level.
// Those past the last of the level weigh nothing.
func cover(from, to int, step float64, n int) footprints {
	f := footprints{first: make([]int, to-from), taps: 1}
	if step <= 0.5 {
		f.weights = make([]uint64, to-from)
		for i := range f.first {
			f.first[i], f.weights[i] = max(0, min(int((float64(from+i)+0.5)*step), n-1)), 256
		}
		return f
	}
	const hair = 1e-6 // less than this of a pixel is rounding
	reach := func(i int) (lo, hi float64, first, last int) {
		at := float64(from + i)
		lo, hi = max(0, min(at*step, float64(n-1))), max(0, min((at+1)*step, float64(n)))
		first = int(lo + hair)
		return lo, hi, first, min(max(int(math.Ceil(hi-hair))-1, first), n-1)
	}
	for i := range f.first {
		_, _, first, last := reach(i)
		f.first[i], f.taps = first, max(f.taps, last-first+1)
	}
	f.weights = make([]uint64, f.taps*(to-from))
	for i := range f.first {
		lo, hi, first, last := reach(i)
		w, left := f.weights[i*f.taps:], 256
		for p := first; p < last; p++ {
			share := min(hi, float64(p+1)) - max(lo, float64(p))
			part := min(left, int(math.Round(256*share/(hi-lo))))
			w[p-first], left = uint64(part), left-part
		}
		w[last-first] = uint64(left)
	}
	return f
}

// pick copies single pixels.
func pick(dst, src *image.RGBA, xs, ys footprints, y0, y1 int) {
	first, n := xs.first[0], len(xs.first)
	for y := y0; y < y1; y++ {
		out := scanline(dst, y)
		if y > y0 && ys.first[y] == ys.first[y-1] {
			copy(out, scanline(dst, y-1))
			continue
		}
		in := scanline(src, ys.first[y])
		if xs.first[n-1]-first == n-1 {
			copy(out, in[4*first:])
			continue
		}
		for x, i := range xs.first {
			copy(out[4*x:4*x+4], in[4*i:4*i+4])
		}
	}
}

// mean takes weighted means, first down, then across, rounding after each.
func mean(dst, src *image.RGBA, xs, ys footprints, y0, y1 int) {
	const low = 0x00ff00ff00ff00ff
	half := lanes(128)
	left, n := xs.first[0], len(xs.first)
	width := min(xs.first[n-1]+xs.taps, src.Rect.Dx()) - left
	column := make([]uint64, width+xs.taps)
	for y := y0; y < y1; y++ {
		w := ys.weights[y*ys.taps : (y+1)*ys.taps]
		for len(w) > 1 && w[len(w)-1] == 0 {
			w = w[:len(w)-1]
		}
		in := func(t int) []uint8 { return scanline(src, ys.first[y]+t)[4*left:] }
		switch c := column[:width]; len(w) {
		case 1:
			p := in(0)
			for i := range c {
				c[i] = spread(packed(p[4*i:]))
			}
		case 2:
			p, q, u, v := in(0), in(1), w[0], w[1]
			for i := range c {
				c[i] = (u*spread(packed(p[4*i:])) + v*spread(packed(q[4*i:])) + half) >> 8 & low
			}
		default:
			clear(c)
			for t, w := range w {
				p := in(t)
				for i := range c {
					c[i] += w * spread(packed(p[4*i:]))
				}
			}
			for i := range c {
				c[i] = (c[i] + half) >> 8 & low
			}
		}
		out := scanline(dst, y)
		switch xs.taps {
		case 2:
			for x, i := range xs.first {
				w, c := xs.weights[2*x:][:2], column[i-left:][:2]
				binary.LittleEndian.PutUint32(out[4*x:], gather((w[0]*c[0]+w[1]*c[1]+half)>>8&low))
			}
		case 3:
			for x, i := range xs.first {
				w, c := xs.weights[3*x:][:3], column[i-left:][:3]
				binary.LittleEndian.PutUint32(out[4*x:], gather((w[0]*c[0]+w[1]*c[1]+w[2]*c[2]+half)>>8&low))
			}
		default:
			for x, i := range xs.first {
				sum := half
				for t, w := range xs.weights[xs.taps*x:][:xs.taps] {
					sum += w * column[i-left+t]
				}
				binary.LittleEndian.PutUint32(out[4*x:], gather(sum>>8&low))
			}
		}
	}
}
