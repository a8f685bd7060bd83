package session

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model/metric"
	"sieve/model/noise"
	"sieve/model/tensor"
)

// TestShippedModelDenoises removes noise from the sample pictures, which are
// drawn and not learned from. Run it with -v for the figures of README.
func TestShippedModelDenoises(t *testing.T) {
	if testing.Short() {
		t.Skip("removes noise from many pictures")
	}
	for _, name := range Models() {
		t.Run(name, func(t *testing.T) { testShipped(t, name) })
	}
}

func testShipped(t *testing.T, name string) {
	m, _, err := LoadModel(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range assets.Samples() {
		p, err := imageio.Decode(bytes.NewReader(sample.Clean), imageio.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, tc := range []struct{ sigma, gain float64 }{{15, 0}, {25, 4}, {50, 8}} {
			noisy, _, _ := noise.Gaussian{Lo: tc.sigma, Hi: tc.sigma}.Lesson(rand.New(rand.NewPCG(1, 1)), p.Pix)
			clean := noisy.Clone()
			err := denoise(t.Context(), m, clean, tc.sigma/255, 1, 1, nil)
			if err != nil {
				t.Fatal(err)
			}
			before, after := metric.PSNR(p.Pix, noisy), metric.PSNR(p.Pix, clean)
			t.Logf("%s, %s, σ %g: %.2f dB, SSIM %.3f with noise; %.2f dB, SSIM %.3f denoised", name, sample.Name, tc.sigma,
				before, metric.SSIM(p.Pix, noisy), after, metric.SSIM(p.Pix, clean))
			// The chart is drawn to ask too much: its finest lines do not fit through the latent.
			if sample.Name != "chart" && after < before+tc.gain {
				t.Errorf("%s, σ %g: from %.2f to %.2f dB, want %g more", sample.Name, tc.sigma, before, after, tc.gain)
			}
		}
	}
}

// drawings are clean pictures such as no camera makes.
func drawings() map[string]*tensor.Tensor {
	const h, w = 192, 256
	all := map[string]*tensor.Tensor{}
	draw := func(name string, at func(y, x, k int) float32) {
		p := tensor.New(1, h, w, 3)
		for i := range p.Data {
			v := at(i/3/w, i/3%w, i%3)
			p.Data[i] = float32(int(255*min(max(v, 0), 1)+0.5)) / 255
		}
		all[name] = p
	}
	// Letters of 5×7 dots, some of them as large as dots, others three times that.
	letters := []uint64{0x74631FC631, 0x7C631F463E, 0x3C610421E, 0x7FFFFFFFF}
	text := func(y, x, size int) float32 {
		cell := 8 * size
		l := letters[(y/cell*7+x/cell*3)%len(letters)]
		i, j := y%cell/size, x%cell/size
		if i < 7 && j < 5 && l>>(i*5+j)&1 == 1 {
			return 0
		}
		return 1
	}
	draw("black", func(_, _, _ int) float32 { return 0 })
	draw("white", func(_, _, _ int) float32 { return 1 })
	draw("gradient", func(y, x, k int) float32 { return (float32(x)/w + float32(y*k)/(2*h)) / 2 })
	draw("steep gradient", func(y, x, k int) float32 { return float32((4*x+2*y+40*k)%256) / 255 })
	draw("text", func(y, x, _ int) float32 { return text(y, x, 1) })
	draw("large text", func(y, x, _ int) float32 { return text(y, x, 3) })
	draw("screenshot", func(y, x, k int) float32 {
		switch {
		case y < 20:
			return [3]float32{0.2, 0.4, 0.8}[k]
		case x < 60:
			return 0.9 - 0.1*float32(k)
		case y%32 < 12:
			return text(y, x, 1)
		}
		return 0.96
	})
	draw("checks", func(y, x, _ int) float32 { return float32((y/16 + x/16) % 2) })
	draw("lines", func(y, x, _ int) float32 { return float32(x / 2 % 2) })
	return all
}

// TestShippedModelsLeaveCleanPicturesAlone gives them pictures without noise.
func TestShippedModelsLeaveCleanPicturesAlone(t *testing.T) {
	for _, name := range Models() {
		m, _, err := LoadModel(name)
		if err != nil {
			t.Fatal(err)
		}
		if !m.Spec.Level {
			continue // it cannot know
		}
		for what, x := range drawings() {
			y := x.Clone()
			sigma, err := DefaultRepair.picture(t.Context(), m, y, nil)
			if err != nil {
				t.Fatal(err)
			}
			var sum float64
			for i, v := range y.Data {
				sum += 255 * math.Abs(float64(v-x.Data[i])) / float64(len(y.Data))
			}
			t.Logf("%s, %s: noise of %.2f levels is estimated, the mean change is %.3f levels", name, what, sigma, sum)
			if sum >= 0.2 {
				t.Errorf("%s changes %s by %.3f levels", name, what, sum)
			}
		}
	}
}
