package imageio

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"sieve/model/tensor"
)

// TestAugmented draws many crops of a picture that is red at the left and dark at the right.
func TestAugmented(t *testing.T) {
	const w, h, side = 200, 120, 32
	x := tensor.New(1, h, w, 3)
	for i := range h * w {
		x.Data[3*i] = 0.8 - 0.6*float32(i%w)/w
		x.Data[3*i+1] = 0.1
		x.Data[3*i+2] = 0.1
	}
	p := compact(&Picture{Pix: x, Depth: 8})
	rng := rand.New(rand.NewPCG(1, 1))
	dst := make([]float32, side*side*3)
	var swapped, grey, scaled int
	for range 400 {
		p.augmented(dst, side, 3, 0, rng)
		if lo, hi := slices.Min(dst), slices.Max(dst); !(lo >= 0 && hi <= 1) {
			t.Fatalf("values from %g to %g", lo, hi)
		}
		var mean [3]float32
		for i, v := range dst {
			mean[i%3] += v / side / side
		}
		brightest := slices.Index(mean[:], slices.Max(mean[:]))
		if brightest != 0 {
			swapped++
		}
		if slices.Max(mean[:])-slices.Min(mean[:]) < 0.05 {
			grey++
		}
		// One pixel of the picture is 0.003 dark; a crop of twice the size is twice as steep.
		steep := math.Abs(float64(dst[brightest]-dst[(side-1)*3+brightest])) + math.Abs(float64(dst[brightest]-dst[(side-1)*side*3+brightest]))
		if steep > 0.6*side/w*1.3 {
			scaled++
		}
	}
	if swapped < 80 || swapped > 200 || grey < 5 || scaled < 20 {
		t.Errorf("of 400 crops %d have other channels, %d are grey, %d are scaled", swapped, grey, scaled)
	}
	p.augmented(dst, side, 3, 1, rng)
	different := map[float32]bool{}
	for _, v := range dst {
		different[v] = true
	}
	if len(different) < 50 {
		t.Errorf("dead leaves have %d values", len(different))
	}
	small := compact(&Picture{Pix: tensor.New(1, 5, 9, 1), Depth: 8})
	for range 20 {
		small.augmented(make([]float32, 16*16), 16, 1, 0, rng)
	}
}

// TestResample scales a slope, which stays one, and back, which hardly changes it.
func TestResample(t *testing.T) {
	const n = 60
	src := make([]float32, n*n)
	for i := range src {
		src[i] = 0.2 + 0.6*float32(i%n)/n + 0.1*float32(i/n)/n
	}
	for _, m := range []int{23, 30, 60, 75} {
		dst, back := make([]float32, m*m), make([]float32, n*n)
		resample(dst, m, src, n, 1)
		for y := 4; y < m-4; y++ {
			for x := 4; x < m-4; x++ {
				want := 0.2 + 0.6*((float32(x)+0.5)/float32(m)-0.5/n) + 0.1*((float32(y)+0.5)/float32(m)-0.5/n)
				if got := dst[y*m+x]; math.Abs(float64(got-want)) > 2e-3 {
					t.Fatalf("to %d: pixel (%d, %d) is %g, want %g", m, x, y, got, want)
				}
			}
		}
		resample(back, n, dst, m, 1)
		for i, v := range back {
			if y, x := i/n, i%n; min(x, y, n-1-x, n-1-y) > 8 && math.Abs(float64(v-src[i])) > 3e-3 {
				t.Fatalf("to %d and back: pixel %d is %g, was %g", m, i, v, src[i])
			}
		}
	}
}
