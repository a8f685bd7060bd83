package session

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model/metric"
	"sieve/model/noise"
)

// TestShippedModelDenoises removes noise from the sample pictures, which are
// drawn and not learned from. Run it with -v for the figures of README.
func TestShippedModelDenoises(t *testing.T) {
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
			err := denoise(t.Context(), m, clean, tc.sigma/255, 1, nil)
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
