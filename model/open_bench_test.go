package model

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"
)

// BenchmarkBrush is how long it takes from a stroke on a latent to the changed picture.
func BenchmarkBrush(b *testing.B) {
	shipped := func(name string) func() *Model {
		return func() *Model {
			data, err := os.ReadFile("../assets/models/" + name + ".safetensors")
			if err != nil {
				b.Fatal(err)
			}
			m, err := Read(bytes.NewReader(data))
			if err != nil {
				b.Fatal(err)
			}
			return m
		}
	}
	for _, c := range []struct {
		name  string
		model func() *Model
		h, w  int
		cells int
	}{
		{"classroom", func() *Model {
			s := DefaultSpec()
			m, _ := New(s)
			return m
		}, 64, 64, 3},
		{"photo", shipped("photo"), 512, 768, 7},
		{"gaussian", shipped("gaussian"), 512, 768, 7},
		{"compress", shipped("codec/compress"), 512, 768, 4},
	} {
		b.Run(c.name, func(b *testing.B) {
			m := c.model()
			o, err := m.Open(b.Context(), noisy(c.h, c.w, m.Spec.Channels, 1), 0.1, 0, nil, nil)
			if err != nil {
				b.Fatal(err)
			}
			z, out := o.Latent().Clone(), o.Made().Clone()
			all := Rect{0, 0, c.h, c.w}
			if _, err := o.Decode(b.Context(), z, all, out, nil); err != nil {
				b.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			_, zh, zw, _ := z.Dims4()
			b.ReportAllocs()
			for b.Loop() {
				y, x := rng.IntN(zh-c.cells+1), rng.IntN(zw-c.cells+1)
				r := Rect{y, x, y + c.cells, x + c.cells}
				scribble(rng, z, r)
				if _, err := o.Edit(b.Context(), z, r, all, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
