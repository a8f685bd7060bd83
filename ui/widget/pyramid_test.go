package widget

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"math"
	"testing"
)

// Odd sizes, single rows and columns included.
var sizes = []image.Point{{1, 1}, {1, 7}, {8, 8}, {13, 6}, {640, 481}}

func TestEveryLevelIsTheMeanOfTheOneBelow(t *testing.T) {
	for _, size := range sizes {
		l := newLayer(noise(1, size.X, size.Y))
		for k := 1; ; k++ {
			below, img := l.level(k-1), l.level(k)
			if img == below {
				if img.Rect.Dx() != 1 || img.Rect.Dy() != 1 {
					t.Fatalf("%v: the smallest level is %v, want 1×1", size, img.Rect)
				}
				break
			}
			w, h := below.Rect.Dx(), below.Rect.Dy()
			if want := image.Rect(0, 0, (w+1)/2, (h+1)/2); img.Rect != want {
				t.Fatalf("%v: level %d is %v, want %v", size, k, img.Rect, want)
			}
			for i := range img.Pix {
				x, y, c := i/4%img.Rect.Dx(), i/4/img.Rect.Dx(), i%4
				sum := 0
				for _, p := range []image.Point{{2 * x, 2 * y}, {2*x + 1, 2 * y}, {2 * x, 2*y + 1}, {2*x + 1, 2*y + 1}} {
					sum += int(below.Pix[below.PixOffset(min(p.X, w-1), min(p.Y, h-1))+c])
				}
				want := (sum + 2) / 4
				if k%2 == 0 {
					want = (sum + 1) / 4
				}
				if int(img.Pix[i]) != want {
					t.Fatalf("%v: level %d pixel %d,%d sample %d is %d, the mean is %d", size, k, x, y, c, img.Pix[i], want)
				}
			}
		}
	}
}

func TestManyLevelsKeepTheBrightness(t *testing.T) {
	img := noise(2, 1024, 1024)
	mean := func(img *image.RGBA) float64 {
		sum := 0
		for i := 0; i < len(img.Pix); i += 4 {
			sum += int(img.Pix[i])
		}
		return 4 * float64(sum) / float64(len(img.Pix))
	}
	want, got := mean(img), mean(newLayer(img).level(6))
	if math.Abs(got-want) > 0.25 {
		t.Errorf("level 6 is %.2f bright, the picture %.2f", got, want)
	}
}

func TestPartOfALargerImageIsALayer(t *testing.T) {
	whole := noise(3, 40, 30)
	part := whole.SubImage(image.Rect(11, 5, 31, 25)).(*image.RGBA)
	alone := image.NewRGBA(image.Rect(0, 0, 20, 20))
	for y := range 20 {
		copy(scanline(alone, y), scanline(part, y))
	}
	q := request{width: 20, height: 20, scale: 0.7, rect: image.Rect(0, 0, 14, 14)}
	q.a = newLayer(part)
	got := q.render(nil).img
	q.a = newLayer(alone)
	if want := q.render(nil).img; string(got.Pix) != string(want.Pix) {
		t.Error("the frame of a sub-image is another than that of its copy")
	}
}

// covered is the definition of a frame, in float64: the mean of what a device pixel covers, of the smallest
// level in which that is still a pixel or more.
func covered(r request, l *layer, x, y, c int) float64 {
	// not 1/scale: where pixels meet, the last bit decides
	sx, sy, k := float64(r.width)/(float64(r.width)*r.scale), float64(r.height)/(float64(r.height)*r.scale), 0
	for sx > 1.999999 {
		sx, sy, k = sx/2, sy/2, k+1
	}
	img := l.level(k)
	axis := func(at, step float64, n int) (lo, hi float64) {
		if step <= 0.5 {
			i := min(math.Floor((at+0.5)*step), float64(n-1))
			return i, i + 1
		}
		return min(at*step, float64(n-1)), min((at+1)*step, float64(n))
	}
	x0, x1 := axis(float64(x), sx, img.Rect.Dx())
	y0, y1 := axis(float64(y), sy, img.Rect.Dy())
	sum, area := 0.0, 0.0
	for j := int(y0); float64(j) < y1; j++ {
		for i := int(x0); float64(i) < x1; i++ {
			w := (min(x1, float64(i+1)) - max(x0, float64(i))) * (min(y1, float64(j+1)) - max(y0, float64(j)))
			sum += w * float64(img.Pix[img.PixOffset(i, j)+c])
			area += w
		}
	}
	return sum / area
}

func TestFramesAreMeansOfWhatTheirPixelsCover(t *testing.T) {
	for _, size := range sizes {
		for _, scale := range []float64{0.3, 0.5, 0.61, 0.99, 1, 1.3, 1.99, 2, 3.7, 32} {
			r := request{a: newLayer(noise(4, size.X, size.Y)), width: size.X, height: size.Y, scale: scale}
			r.rect = r.extent().Intersect(image.Rect(0, 0, 300, 300))
			if e := r.extent(); e.Dx() > 320 {
				r.rect = r.rect.Add(image.Pt(17, 3)).Intersect(e)
			}
			f := r.render(nil)
			worst := 0.0
			for i, got := range f.img.Pix {
				x, y := r.rect.Min.X+i/4%r.rect.Dx(), r.rect.Min.Y+i/4/r.rect.Dx()
				worst = max(worst, math.Abs(float64(got)-covered(r, r.a, x, y, i%4)))
			}
			// two roundings, and weights in steps of 1/256
			limit := 2.0
			if scale >= 2 || scale == 1 || scale == 0.5 {
				limit = 0
			}
			if worst > limit {
				t.Errorf("%v at %g: off by %.2f of 255, want at most %g", size, scale, worst, limit)
			}
		}
	}
}

func TestDifferenceIsGreyPlusGain(t *testing.T) {
	a, b := noise(5, 64, 48), noise(6, 64, 48)
	for _, gain := range Gains() {
		r := request{a: newLayer(a), b: newLayer(b), gain: gain, width: 64, height: 48, scale: 1, rect: image.Rect(0, 0, 64, 48)}
		f := r.render(nil)
		for i, got := range f.img.Pix {
			want := max(0, min(128+gain*(int(a.Pix[i])-int(b.Pix[i])), 255))
			if i%4 == 3 {
				want = 255
			}
			if int(got) != want {
				t.Fatalf("gain %d sample %d: %d − %d gives %d, want %d", gain, i, a.Pix[i], b.Pix[i], got, want)
			}
		}
	}
}

func BenchmarkPyramid24MP(b *testing.B) {
	img := noise(1, 6000, 4000)
	for b.Loop() {
		newLayer(img).level(12)
	}
}

// The time a frame of a 900×900 pane takes in the background, its margin included.
func BenchmarkFrame(b *testing.B) {
	l := newLayer(noise(1, 6000, 4000))
	l.level(12)
	for _, scale := range []float64{0.15, 0.25, 0.34, 0.8, 1, 1.5, 4, 32} {
		b.Run(fmt.Sprintf("scale=%g", scale), func(b *testing.B) {
			r := request{a: l, width: 6000, height: 4000, scale: scale}
			r.rect = image.Rect(0, 0, 900*5/4, 900*5/4).Intersect(r.extent())
			var old *image.RGBA
			b.SetBytes(int64(4 * r.rect.Dx() * r.rect.Dy()))
			for b.Loop() {
				old = r.render(old).img
			}
		})
	}
}

func TestAPatchReachesAllLevels(t *testing.T) {
	for _, size := range sizes {
		l, want := newLayer(noise(1, size.X, size.Y)), noise(1, size.X, size.Y)
		for k := range 10 {
			l.level(k)
		}
		for i, at := range []image.Point{{0, 0}, {3, 2}, {size.X - 2, size.Y - 1}, {-4, -3}, {size.X, 0}} {
			img := noise(uint64(i)+2, 7, 5)
			l.patch(img, at)
			draw.Draw(want, image.Rectangle{at, at.Add(image.Pt(7, 5))}, img, image.Point{}, draw.Src)
		}
		fresh := newLayer(want)
		for k := range 10 {
			if !bytes.Equal(l.level(k).Pix, fresh.level(k).Pix) {
				t.Errorf("%v: level %d is not that of the patched picture", size, k)
			}
		}
	}
}
