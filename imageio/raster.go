package imageio

// This file turns decoded rows, whatever their samples, into upright tensors.

import (
	"fmt"
	"image"
	"image/color"
	"runtime"
	"sync"
	"sync/atomic"

	"sieve/model/tensor"
)

// A raster takes the rows of a file and puts them where the orientation says.
type raster struct {
	w, h, c             int // as stored
	pix, alpha          *tensor.Tensor
	origin, right, down int // pixel index of the first stored pixel, and the steps from there
}

// raster takes the memory for a picture; alpha starts transparent.
func (h *header) raster(alpha bool) *raster {
	m := &raster{w: h.width, h: h.height, c: h.Channels, pix: tensor.New(1, h.Height, h.Width, h.Channels)}
	if alpha {
		m.alpha = tensor.New(1, h.Height, h.Width, 1)
	}
	w, n := h.Width, h.Width*h.Height
	switch h.Orientation { // where stored (0, 0) is shown, and where x and y lead
	case 2:
		m.origin, m.right, m.down = w-1, -1, w
	case 3:
		m.origin, m.right, m.down = n-1, -1, -w
	case 4:
		m.origin, m.right, m.down = n-w, 1, -w
	case 5:
		m.origin, m.right, m.down = 0, w, 1
	case 6:
		m.origin, m.right, m.down = w-1, w, -1
	case 7:
		m.origin, m.right, m.down = n-1, -w, -1
	case 8:
		m.origin, m.right, m.down = n-w, -w, 1
	default:
		m.origin, m.right, m.down = 0, 1, w
	}
	return m
}

// at returns the pixel index of a stored pixel.
func (m *raster) at(x, y int) int { return m.origin + x*m.right + y*m.down }

// opaque returns the alpha channel, or nil when it hides nothing.
func (m *raster) opaque() *tensor.Tensor {
	if m.alpha != nil {
		for _, a := range m.alpha.Data {
			if a != 1 {
				return m.alpha
			}
		}
	}
	return nil
}

// parallel cuts n rows into pieces and runs them on all processors. A panic in
// a piece is raised again in the caller.
func parallel(n int, rows func(y0, y1 int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		rows(0, n)
		return
	}
	var wg sync.WaitGroup
	var next atomic.Int64
	var failed atomic.Value
	piece := max(1, n/(4*workers))
	for range workers {
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					failed.CompareAndSwap(nil, fmt.Sprint(r))
				}
			}()
			for {
				y := int(next.Add(int64(piece))) - piece
				if y >= n {
					return
				}
				rows(y, min(y+piece, n))
			}
		})
	}
	wg.Wait()
	if r := failed.Load(); r != nil {
		panic(r)
	}
}

// fromImage copies a decoded image whose top left corner lies at its bounds'
// minimum on the picture.
func (h *header) fromImage(src image.Image) (*raster, error) {
	b := src.Bounds()
	if !b.In(image.Rect(0, 0, h.width, h.height)) || b.Empty() {
		return nil, fmt.Errorf("%w: pixels at %v of a picture %d × %d", ErrDamaged, b, h.width, h.height)
	}
	whole := b.Dx() == h.width && b.Dy() == h.height
	transparent := !whole
	row := rowReader(src, h.Channels, h.Format == "webp")
	switch s := src.(type) {
	case *image.NRGBA, *image.NRGBA64, *image.NYCbCrA:
		transparent = true
	case *image.Paletted:
		for _, c := range s.Palette {
			if _, _, _, a := c.RGBA(); a != 0xffff {
				transparent = true
			}
		}
	}
	if row == nil {
		return nil, fmt.Errorf("%w: pixels of type %T", ErrUnsupported, src)
	}
	m := h.raster(transparent)
	parallel(b.Dy(), func(y0, y1 int) {
		pix, alpha := make([]float32, b.Dx()*h.Channels), make([]float32, b.Dx())
		for i := range alpha {
			alpha[i] = 1
		}
		for y := y0; y < y1; y++ {
			row(y+b.Min.Y, pix, alpha)
			m.put(b.Min.X, y+b.Min.Y, pix, alpha)
		}
	})
	return m, nil
}

// put writes part of a stored row.
func (m *raster) put(x, y int, pix, alpha []float32) {
	n := len(pix) / m.c
	at := m.at(x, y)
	if m.right == 1 {
		copy(m.pix.Data[at*m.c:], pix)
	} else {
		for i := range n {
			copy(m.pix.Data[(at+i*m.right)*m.c:], pix[i*m.c:(i+1)*m.c])
		}
	}
	if m.alpha != nil {
		for i, a := range alpha {
			m.alpha.Data[at+i*m.right] = a
		}
	}
}

// rowReader returns what reads row y of an image as c channels and, where it
// has one, its alpha. Of colours in a grey picture it takes red, all three are
// equal. In video luma goes from 16 to 235, in JPEG from 0 to 255.
func rowReader(src image.Image, c int, video bool) func(y int, pix, alpha []float32) {
	// rgba reads interleaved samples of size bytes, most significant first.
	rgba := func(data []uint8, stride int, r image.Rectangle, deep, hasAlpha bool) func(int, []float32, []float32) {
		return func(y int, pix, alpha []float32) {
			row := data[(y-r.Min.Y)*stride:]
			for i := range alpha {
				if deep {
					s := row[8*i : 8*i+8]
					for k := range c {
						pix[i*c+k] = float32(uint16(s[2*k])<<8|uint16(s[2*k+1])) / 65535
					}
					if hasAlpha {
						alpha[i] = float32(uint16(s[6])<<8|uint16(s[7])) / 65535
					}
				} else {
					s := row[4*i : 4*i+4]
					for k := range c {
						pix[i*c+k] = float32(s[k]) / 255
					}
					if hasAlpha {
						alpha[i] = float32(s[3]) / 255
					}
				}
			}
		}
	}
	switch s := src.(type) {
	case *image.Gray:
		return func(y int, pix, alpha []float32) {
			row := s.Pix[s.PixOffset(s.Rect.Min.X, y):]
			for i := range alpha {
				v := float32(row[i]) / 255
				for k := range c {
					pix[i*c+k] = v
				}
			}
		}
	case *image.Gray16:
		return func(y int, pix, alpha []float32) {
			row := s.Pix[s.PixOffset(s.Rect.Min.X, y):]
			for i := range alpha {
				v := float32(uint16(row[2*i])<<8|uint16(row[2*i+1])) / 65535
				for k := range c {
					pix[i*c+k] = v
				}
			}
		}
	case *image.RGBA: // PNG and JPEG give this type for opaque pictures only
		return rgba(s.Pix, s.Stride, s.Rect, false, false)
	case *image.RGBA64:
		return rgba(s.Pix, s.Stride, s.Rect, true, false)
	case *image.NRGBA:
		return rgba(s.Pix, s.Stride, s.Rect, false, true)
	case *image.NRGBA64:
		return rgba(s.Pix, s.Stride, s.Rect, true, true)
	case *image.CMYK:
		return func(y int, pix, alpha []float32) {
			row := s.Pix[s.PixOffset(s.Rect.Min.X, y):]
			for i := range alpha {
				r, g, b := color.CMYKToRGB(row[4*i], row[4*i+1], row[4*i+2], row[4*i+3])
				pix[3*i], pix[3*i+1], pix[3*i+2] = float32(r)/255, float32(g)/255, float32(b)/255
			}
		}
	case *image.Paletted:
		table := make([][4]float32, 256)
		for i, p := range s.Palette {
			n := color.NRGBAModel.Convert(p).(color.NRGBA)
			table[i] = [4]float32{float32(n.R) / 255, float32(n.G) / 255, float32(n.B) / 255, float32(n.A) / 255}
		}
		return func(y int, pix, alpha []float32) {
			row := s.Pix[s.PixOffset(s.Rect.Min.X, y):]
			for i := range alpha {
				t := &table[row[i]]
				copy(pix[i*c:(i+1)*c], t[:])
				alpha[i] = t[3]
			}
		}
	case *image.YCbCr:
		return yccRow(s, video)
	case *image.NYCbCrA:
		colours := yccRow(&s.YCbCr, video)
		return func(y int, pix, alpha []float32) {
			colours(y, pix, alpha)
			row := s.A[s.AOffset(s.Rect.Min.X, y):]
			for i := range alpha {
				alpha[i] = float32(row[i]) / 255
			}
		}
	}
	return nil
}

// yccRow reads rows of luma and subsampled chroma. Chroma that is stored at
// half the size lies between the pixels and is interpolated with weights 3/4
// and 1/4, the triangle filter of libjpeg's "fancy upsampling"; repeating it
// would show steps along coloured edges.
func yccRow(s *image.YCbCr, video bool) func(y int, pix, alpha []float32) {
	put := func(pix []float32, y, cb, cr uint8) {
		var r, g, b uint8
		if video {
			r, g, b = videoRGB(y, cb, cr)
		} else {
			r, g, b = color.YCbCrToRGB(y, cb, cr)
		}
		pix[0], pix[1], pix[2] = float32(r)/255, float32(g)/255, float32(b)/255
	}
	var hx, hy bool // half size across, down
	switch s.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		hx, hy = true, true
	case image.YCbCrSubsampleRatio422:
		hx = true
	case image.YCbCrSubsampleRatio440:
		hy = true
	case image.YCbCrSubsampleRatio444:
	default: // a quarter of the size: repeated
		return func(y int, pix, alpha []float32) {
			for i := range alpha {
				x := s.Rect.Min.X + i
				yi, ci := s.YOffset(x, y), s.COffset(x, y)
				put(pix[3*i:3*i+3], s.Y[yi], s.Cb[ci], s.Cr[ci])
			}
		}
	}
	top, bottom := s.COffset(s.Rect.Min.X, s.Rect.Min.Y), s.COffset(s.Rect.Min.X, s.Rect.Max.Y-1)
	return func(y int, pix, alpha []float32) {
		w := len(alpha)
		near := s.COffset(s.Rect.Min.X, y)
		far := near
		if hy && (y-s.Rect.Min.Y)%2 == 0 {
			far = max(near-s.CStride, top)
		} else if hy {
			far = min(near+s.CStride, bottom)
		}
		luma := s.Y[s.YOffset(s.Rect.Min.X, y):]
		last := w - 1
		if hx {
			last = (w - 1) / 2
		}
		chroma := func(plane []uint8, x int) uint8 {
			if !hx {
				return uint8((3*int(plane[near+x]) + int(plane[far+x]) + 2) >> 2)
			}
			i, j := x/2, x/2-1
			bias := 8
			if x%2 == 1 {
				j, bias = i+1, 7
			}
			j = min(max(j, 0), last)
			a := 3*int(plane[near+i]) + int(plane[far+i])
			b := 3*int(plane[near+j]) + int(plane[far+j])
			return uint8((3*a + b + bias) >> 4)
		}
		for i := range w {
			put(pix[3*i:3*i+3], luma[i], chroma(s.Cb, i), chroma(s.Cr, i))
		}
	}
}

// videoRGB converts the studio range of ITU-R BT.601, in 16 bits of fraction.
func videoRGB(y, cb, cr uint8) (r, g, b uint8) {
	l, u, v := 76309*(int(y)-16)+1<<15, int(cb)-128, int(cr)-128
	clip := func(v int) uint8 { return uint8(min(max(v>>16, 0), 255)) }
	return clip(l + 104597*v), clip(l - 25675*u - 53279*v), clip(l + 132201*u)
}

// greyPalette reports whether a palette of red, green, blue bytes is all grey.
func greyPalette(p []byte) bool {
	for i := 0; i+2 < len(p); i += 3 {
		if p[i] != p[i+1] || p[i] != p[i+2] {
			return false
		}
	}
	return true
}

// paletteChannels is how many channels a picture with such a palette has.
func paletteChannels(p []byte) int {
	if greyPalette(p) {
		return 1
	}
	return 3
}
