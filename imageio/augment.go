package imageio

// This file makes more of few photographs.

import (
	"math/rand/v2"

	"sieve/model/tensor"
)

// augmented draws a crop as randomCrop does, and changes it in ways that leave it a
// photograph: half of them are scaled, so that an edge is as sharp as it is in
// pictures of another resolution; some have their channels swapped, their contrast
// lowered or their saturation changed. A share of them is not of the picture at all
// but dead leaves.
func (p *pixels) augmented(dst []float32, side, channels int, leaves float64, rng *rand.Rand) {
	if rng.Float64() < leaves {
		Leaves{Size: side, Channels: channels}.draw(rng, dst)
		return
	}
	scale := float32(1)
	if rng.IntN(2) == 0 {
		scale = between(rng, 0.8, 2)
	}
	scale = max(min(scale, float32(min(p.w, p.h))/float32(side)), 0.8)
	if scale == 1 {
		p.randomCrop(dst, side, channels, rng)
	} else {
		n := max(1, int(scale*float32(side)))
		large := make([]float32, n*n*channels)
		p.randomCrop(large, n, channels, rng)
		resample(dst, side, large, n, channels)
	}
	if channels == 3 {
		recolour(dst, rng)
	}
	if rng.IntN(4) == 0 {
		black, white := between(rng, 0, 0.2), between(rng, 0.7, 1)
		for i, v := range dst {
			dst[i] = black + float32(v*(white-black))
		}
	}
}

// recolour swaps the channels of every second picture and changes the saturation of
// every fourth.
func recolour(dst []float32, rng *rand.Rand) {
	to := [3]int{0, 1, 2}
	if rng.IntN(2) == 0 {
		rng.Shuffle(3, func(i, j int) { to[i], to[j] = to[j], to[i] })
	}
	saturation := float32(1)
	if rng.IntN(4) == 0 {
		saturation = between(rng, 0, 2)
	}
	for i := 0; i < len(dst); i += 3 {
		v := [3]float32{dst[i], dst[i+1], dst[i+2]}
		grey := tensor.Luma(v[0], v[1], v[2])
		for k := range 3 {
			dst[i+to[k]] = max(0, min(grey+float32(saturation*(v[k]-grey)), 1))
		}
	}
}

// resample scales a square of n pixels a side to one of m. It weights what a pixel
// covers by the cubic of Catmull and Rom (Keys, IEEE Transactions on Acoustics,
// Speech, and Signal Processing 29, 1981, with a = -1/2), which is widened where the
// picture shrinks, and keeps values within [0, 1].
func resample(dst []float32, m int, src []float32, n, channels int) {
	scale := float32(n) / float32(m)
	wide := max(scale, 1)
	taps := int(4*wide) + 2
	weights, first := make([]float32, m*taps), make([]int, m)
	for i := range m {
		centre := float32((float32(i)+0.5)*scale) - 0.5
		first[i] = int(centre-2*wide+1024) - 1023 // rounded down, then the next
		w := weights[i*taps:][:taps]
		var sum float32
		for k := range w {
			w[k] = cubic((float32(first[i]+k) - centre) / wide)
			sum += w[k]
		}
		for k := range w {
			w[k] /= sum
		}
	}
	// Rows first: half is m × n pixels.
	half := make([]float32, m*n*channels)
	row := n * channels
	for i := range m {
		to := half[i*row:][:row]
		for k, w := range weights[i*taps:][:taps] {
			if w == 0 {
				continue
			}
			from := src[tensor.Mirror(first[i]+k, n)*row:][:row]
			for j, v := range from {
				to[j] += float32(w * v)
			}
		}
	}
	for i := range m {
		for j := range m {
			for c := range channels {
				var sum float32
				for k, w := range weights[j*taps:][:taps] {
					if w != 0 {
						sum += float32(w * half[(i*n+tensor.Mirror(first[j]+k, n))*channels+c])
					}
				}
				dst[(i*m+j)*channels+c] = max(0, min(sum, 1))
			}
		}
	}
}

// cubic is the interpolating cubic of Catmull and Rom.
func cubic(x float32) float32 {
	if x < 0 {
		x = -x
	}
	switch {
	case x < 1:
		return float32(float32(float32(float32(1.5*x)-2.5)*x)*x) + 1
	case x < 2:
		return float32(float32(float32(float32(-0.5*x+2.5)*x)-4)*x) + 2
	}
	return 0
}
