package widget

// Layers: pictures with their halves, quarters, … for showing them small.

import (
	"encoding/binary"
	"image"
	"image/draw"
	"runtime"
	"sync"
	"sync/atomic"
)

// layer is a picture and the levels of its pyramid, each half as wide and high as the one before, rounded up.
// Every pixel of a level is the mean of the 2×2 below it, or of those that exist at an odd edge. Means are of
// the encoded (gamma) values, not of light: a noisy picture stays as bright as the clean one, the zero of a
// difference stays mid-grey, and a colour map's steps keep their order. Levels are made when first asked for.
type layer struct {
	img    *image.RGBA
	pixels sync.RWMutex // of all levels
	rev    int          // how often pixels were patched; belongs to the goroutine of the user interface
	mu     sync.Mutex
	halves []*image.RGBA              // levels 1, 2, …
	all    atomic.Pointer[image.RGBA] // the whole picture, small; nil until survey
}

func newLayer(img *image.RGBA) *layer { return &layer{img: img} }

func (l *layer) size() (w, h int) { return l.img.Rect.Dx(), l.img.Rect.Dy() }

// level returns level k, or the smallest there is; level 0 is the picture. Any goroutine may call it, but one
// that must not wait for the levels to be made asks for level 0 alone.
func (l *layer) level(k int) *image.RGBA {
	if k == 0 {
		return l.img
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.img
	for i := range k {
		if i == len(l.halves) {
			if last.Rect.Dx() == 1 && last.Rect.Dy() == 1 {
				break
			}
			half := image.NewRGBA(image.Rect(0, 0, (last.Rect.Dx()+1)/2, (last.Rect.Dy()+1)/2))
			halve(half, last, i+1, half.Rect)
			l.halves = append(l.halves, half)
		}
		last = l.halves[i]
	}
	return last
}

// patch puts a picture over a part of the layer, and brings the levels up to date. It waits for frames that are
// being made of the layer.
func (l *layer) patch(img *image.RGBA, at image.Point) {
	l.pixels.Lock()
	defer l.pixels.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	part := image.Rectangle{at, at.Add(img.Rect.Size())}.Intersect(l.img.Rect)
	if part.Empty() {
		return
	}
	draw.Draw(l.img, part, img, img.Rect.Min.Add(part.Min.Sub(at)), draw.Src)
	last := l.img
	for i, half := range l.halves {
		part = image.Rect(part.Min.X/2, part.Min.Y/2, (part.Max.X+1)/2, (part.Max.Y+1)/2)
		halve(half, last, i+1, part)
		last = half
	}
	l.rev++
	l.all.Store(nil)
}

// survey makes the picture that is shown where no frame is ready yet.
func (l *layer) survey() {
	if l.all.Load() != nil {
		return
	}
	const side = 512
	q := request{a: l, scale: 1}
	q.width, q.height = l.size()
	q.scale = min(1, side/float64(max(q.width, q.height)))
	q.rect = q.extent()
	l.all.Store(q.render(nil).img)
}

// halve writes the means of 2×2 pixels of src into a part of dst. Halves are rounded up where k is odd and down
// where it is even, so that many levels together do not brighten the picture.
func halve(dst, src *image.RGBA, k int, part image.Rectangle) {
	sw, sh := src.Rect.Dx(), src.Rect.Dy()
	half := lanes(2)
	if k%2 == 0 {
		half = lanes(1)
	}
	bands(part.Dy(), 2*part.Dx(), func(y0, y1 int) {
		for y := part.Min.Y + y0; y < part.Min.Y+y1; y++ {
			top, bottom := scanline(src, 2*y), scanline(src, min(2*y+1, sh-1))
			out := scanline(dst, y)
			n := sw / 2
			for i := part.Min.X; i < min(n, part.Max.X); i++ {
				a, b := top[8*i:8*i+8], bottom[8*i:8*i+8]
				sum := spread(packed(a)) + spread(packed(a[4:])) + spread(packed(b)) + spread(packed(b[4:])) + half
				binary.LittleEndian.PutUint32(out[4*i:], gather(sum>>2))
			}
			if sw%2 == 1 && part.Max.X > n {
				sum := 2*(spread(packed(top[8*n:]))+spread(packed(bottom[8*n:]))) + half
				binary.LittleEndian.PutUint32(out[4*n:], gather(sum>>2))
			}
		}
	})
}

// Four 8-bit samples of a pixel are summed at once in the four 16-bit lanes of a word.

func packed(p []uint8) uint32 { return binary.LittleEndian.Uint32(p) }

// spread puts the samples of a pixel into lanes (in the order 0, 2, 1, 3).
func spread(p uint32) uint64 { return uint64(p&0x00ff00ff) | uint64(p&0xff00ff00)<<24 }

// gather is the way back; of each lane the low 8 bits count.
func gather(s uint64) uint32 { return uint32(s)&0x00ff00ff | uint32(s>>24)&0xff00ff00 }

// lanes returns a word with v in every lane.
func lanes(v uint64) uint64 { return v * 0x0001000100010001 }

// scanline returns the pixels of a row of a picture, wherever its bounds begin.
func scanline(img *image.RGBA, y int) []uint8 {
	o := y * img.Stride
	return img.Pix[o : o+4*img.Rect.Dx()]
}

// bands calls f with parts of 0 … rows, on several goroutines when there is enough to do, and waits for them.
// width is the number of pixels a row costs.
func bands(rows, width int, f func(y0, y1 int)) {
	const worthwhile = 1 << 17 // pixels
	n := max(1, min(runtime.GOMAXPROCS(0), rows*width/worthwhile, rows))
	var wg sync.WaitGroup
	for i := range n - 1 {
		wg.Go(func() { f(rows*i/n, rows*(i+1)/n) })
	}
	f(rows*(n-1)/n, rows)
	wg.Wait()
}
