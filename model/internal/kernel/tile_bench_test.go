//go:build !purego && amd64

package kernel

import "testing"

func BenchmarkTile(b *testing.B) {
	for _, t := range []struct {
		name string
		tile
	}{
		{"avx2 6x16", tile{6, 16, tile6x16AVX2}},
		{"avx2 12x8", tile{12, 8, tile12x8AVX2}},
		{"avx512 8x32", tile{8, 32, tile8x32AVX512}},
		{"avx512 6x64", tile{6, 64, tile6x64AVX512}},
		{"avx512 24x16", tile{24, 16, tile24x16AVX512}},
	} {
		for _, kc := range []int{27, 128} {
			a, bb, c := make([]float32, t.mr*kc), make([]float32, kc*t.nr), make([]float32, t.mr*t.nr)
			off := []int{0}
			name := t.name
			if kc == 27 {
				name += " k27"
			}
			b.Run(name, func(b *testing.B) {
				fastest(b, float64(2*100*t.mr*t.nr*kc)/1e9, "GFLOPS", func() {
					for range 100 {
						t.full(1, &off[0], kc, &a[0], kc, 1, &bb[0], t.nr, &c[0], t.nr, nil, 0)
					}
				})
			})
		}
	}
}
