package session

// This file keeps many pictures small.

import "sieve/model/tensor"

const (
	smallSide   = 64       // pixels that a thumbnail has a side at most
	smallMemory = 64 << 20 // bytes of all together at most: of very many pictures each is smaller
)

// Thumbs are thumbnails: pictures made to fit into a square, never enlarged, with 8 bits a sample.
type Thumbs struct {
	Side     int // of the square: 32, or less where they would take more than 64 MiB
	Channels int
	sizes    []thumbSize
	pix      []uint8
}

// A thumbSize is height, width and first byte of a thumbnail.
type thumbSize struct{ h, w, at int }

// newThumbs has room for n.
func newThumbs(n, channels int) Thumbs {
	side := smallSide
	for side > 1 && n > smallMemory/(side*side*channels) {
		side--
	}
	return Thumbs{Side: side, Channels: channels}
}

// Len counts them.
func (t *Thumbs) Len() int { return len(t.sizes) }

// At returns a thumbnail: h × w × Channels samples, which are not to be changed.
func (t *Thumbs) At(i int) (pix []uint8, h, w int) {
	s := t.sizes[i]
	return t.pix[s.at:][:s.h*s.w*t.Channels], s.h, s.w
}

// add makes thumbnails of pictures (n, h, w, Channels).
func (t *Thumbs) add(x *tensor.Tensor) {
	n, h, w, c := x.Dims4()
	th, tw := h, w
	if long := max(h, w); long > t.Side {
		th, tw = max(1, (h*t.Side+long/2)/long), max(1, (w*t.Side+long/2)/long)
	}
	for i := range n {
		t.sizes = append(t.sizes, thumbSize{th, tw, len(t.pix)})
		t.pix = append(t.pix, shrunk(x.Data[i*h*w*c:(i+1)*h*w*c], h, w, c, th, tw)...)
	}
}

// shrunk returns a picture of h × w pixels in th × tw, each the mean of the pixels that lie in it.
func shrunk(x []float32, h, w, c, th, tw int) []uint8 {
	out := make([]uint8, th*tw*c)
	sum := make([]float32, c)
	for i := range th {
		for j := range tw {
			clear(sum)
			y0, y1, x0, x1 := i*h/th, (i+1)*h/th, j*w/tw, (j+1)*w/tw
			for y := y0; y < y1; y++ {
				for at := (y*w + x0) * c; at < (y*w+x1)*c; at += c {
					for k := range c {
						sum[k] += x[at+k]
					}
				}
			}
			for k, v := range sum {
				out[(i*tw+j)*c+k] = uint8(255*within(v/float32((y1-y0)*(x1-x0))) + 0.5)
			}
		}
	}
	return out
}
