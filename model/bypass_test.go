package model

import (
	"math"
	"slices"
	"testing"
)

// apart returns the greatest difference of two pictures.
func apart(a, b []float32) (most float64) {
	for i, v := range a {
		most = max(most, math.Abs(float64(v-b[i])))
	}
	return most
}

// TestEncodeDecodeIsReconstruct takes pictures apart and puts them together again: as a whole, in strips, and in
// pieces.
func TestEncodeDecodeIsReconstruct(t *testing.T) {
	defer func(pixels, rows, strip, side int) {
		bandPixels, leastRows, stripPixels, morphSide = pixels, rows, strip, side
	}(bandPixels, leastRows, stripPixels, morphSide)
	for _, strip := range []int{stripPixels, 48} {
		if strip == 48 {
			bandPixels, leastRows, stripPixels = 256, 4, 48
		}
		everyKind(t, func(t *testing.T, m *Model) {
			const h, w, level = 67, 131, 0.1
			x := noisy(h, w, m.Spec.Channels, 1)
			want, err := m.Reconstruct(t.Context(), x, level, nil)
			if err != nil {
				t.Fatal(err)
			}
			z, b, err := m.Encode(t.Context(), x, level, nil)
			if err != nil {
				t.Fatal(err)
			}
			latent, err := m.Features(t.Context(), x, level, nil)
			if err != nil || !slices.Equal(z.Data, latent.Data) {
				t.Error("another latent than that of Features:", err)
			}
			if len(b.tensors()) == 0 != m.Generates() || len(b.Skips) != m.Spec.Connections() {
				t.Errorf("%d tensors go past the latent, %d skip connections", len(b.tensors()), len(b.Skips))
			}
			y, err := m.Decode(t.Context(), z, b, h, w, nil)
			if err != nil {
				t.Fatal(err)
			}
			if m.Spec.Body == "recurrent" || strip == 48 { // works on tiles; strips of pictures and of latents overlap by different margins
				if d := apart(y.Data, want.Data); d > 2e-5 {
					t.Errorf("taken apart and put together again, a picture differs by %g", d)
				}
			} else if !slices.Equal(y.Data, want.Data) {
				t.Errorf("taken apart and put together again, a picture differs by %g", apart(y.Data, want.Data))
			}
			if m.Generates() {
				return
			}
			morphSide = 40
			y, err = m.Morph(t.Context(), z, []Part{{x, level, 1}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := apart(y.Data, want.Data); d > 2e-5 {
				t.Errorf("in pieces it differs by %g", d)
			}
		})
	}
}

// TestMorphAddsUp mixes what goes past the latents of two pictures, all at once and in pieces.
func TestMorphAddsUp(t *testing.T) {
	defer func(side int) { morphSide = side }(morphSide)
	morphSide = 40
	everyKind(t, func(t *testing.T, m *Model) {
		if m.Generates() {
			t.Skip("nothing goes past the latent")
		}
		const h, w = 67, 90
		of := []Part{{noisy(h, w, m.Spec.Channels, 1), 0.1, 0.75}, {noisy(h, w, m.Spec.Channels, 2), 0.05, 0.25}}
		z, a, err := m.Encode(t.Context(), of[0].X, of[0].Level, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, b, err := m.Encode(t.Context(), of[1].X, of[1].Level, nil)
		if err != nil {
			t.Fatal(err)
		}
		sum := a.Times(of[0].Share)
		sum.Add(of[1].Share, b)
		want, err := m.Decode(t.Context(), z, sum, h, w, nil)
		if err != nil {
			t.Fatal(err)
		}
		done, total := 0, 0
		y, err := m.Morph(t.Context(), z, of, func(d, n int) { done, total = max(done, d), n })
		if err != nil {
			t.Fatal(err)
		}
		if d := apart(y.Data, want.Data); d > 2e-5 || done != total {
			t.Errorf("in pieces the mixture differs by %g, and %d of %d are said to be done", d, done, total)
		}
		alone, err := m.Decode(t.Context(), z, a, h, w, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := apart(alone.Data, want.Data); d < 1e-3 {
			t.Errorf("what goes past the latent changes the picture by %g: nothing was tested", d)
		}
	})
}
