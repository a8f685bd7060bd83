package imageio

import (
	"bytes"
	"image/gif"
	"math"
	"testing"

	"sieve/model/tensor"
)

// hues is a picture in which colours go over into one another, with a row of greys.
func hues(h, w, c int, shift float64) *tensor.Tensor {
	x := tensor.New(1, h, w, c)
	for i := range h {
		for j := range w {
			for k := range c {
				v := 0.5 + 0.5*math.Sin(shift+float64(i)/float64(h)*3+float64(j)/float64(w)*float64(k+1)*4)
				if i == 0 {
					v = float64(j) / float64(w-1)
				}
				x.Data[(i*w+j)*c+k] = float32(v)
			}
		}
	}
	return x
}

// TestAnimationIsNearItsPictures decodes animations of grey, colour, small and large pictures.
func TestAnimationIsNearItsPictures(t *testing.T) {
	// A cube of six levels a channel would be off by 51/√12 = 14.7.
	for _, c := range []struct {
		h, w, channels int
		wide, high     int // as shown
		far            float64
	}{{28, 28, 1, 224, 224, 0.5}, {100, 150, 3, 150, 100, 10}, {512, 400, 3, 200, 256, 10}, {1, 1, 3, 224, 224, 5}} {
		still := hues(c.h, c.w, c.channels, 0)
		a := NewAnimation(still)
		var frames []*tensor.Tensor
		for i := range 3 {
			frames = append(frames, hues(c.h, c.w, c.channels, float64(i)))
			a.Add(frames[i], "12 / 34")
		}
		var b bytes.Buffer
		if err := a.Encode(&b); err != nil {
			t.Fatal(err)
		}
		movie, err := gif.DecodeAll(&b)
		if err != nil || len(movie.Image) != 3 || movie.Config.Width != 2*c.wide+animationGap || movie.Config.Height != c.high+animationFoot {
			t.Fatalf("%d frames of %d × %d, %v", len(movie.Image), movie.Config.Width, movie.Config.Height, err)
		}
		if movie.Delay[0] >= movie.Delay[2] || movie.LoopCount != 0 {
			t.Errorf("delays of %v, repeated %d times", movie.Delay, movie.LoopCount)
		}
		for i, m := range movie.Image {
			want := sized(frames[i])
			var sum float64
			for y := range c.high {
				for x := range c.wide {
					r, g, b, _ := m.At(c.wide+animationGap+x, y).RGBA()
					w := want.RGBAAt(x, y)
					if w.R == w.G && w.G == w.B && (r != g || g != b) {
						t.Fatalf("grey %d has become %d, %d, %d", w.R, r>>8, g>>8, b>>8)
					}
					for k, v := range [3]uint32{r, g, b} {
						d := float64(v>>8) - float64([3]uint8{w.R, w.G, w.B}[k])
						sum += d * d
					}
				}
			}
			if off := math.Sqrt(sum / float64(3*c.high*c.wide)); off > c.far {
				t.Errorf("%d × %d × %d: frame %d is off by %.2f levels", c.h, c.w, c.channels, i, off)
			}
		}
	}
}

// TestAnimationIsTheSameEachTime encodes twice.
func TestAnimationIsTheSameEachTime(t *testing.T) {
	var files [2]bytes.Buffer
	for i := range files {
		a := NewAnimation(hues(64, 64, 3, 0))
		a.Add(hues(64, 64, 3, 1), "1")
		if err := a.Encode(&files[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("the files differ")
	}
}
