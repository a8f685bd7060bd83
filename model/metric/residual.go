package metric

import (
	"math"

	"sieve/model/tensor"
)

// This file looks at what a denoiser has removed, after Buades, Coll and Morel, "A
// non-local algorithm for image denoising" (CVPR 2005): it should look like noise, and
// nothing of the picture should be seen in it.

// Whiteness returns how evenly the power of a residual (1, H, W, C) is spread over
// frequencies: the geometric by the arithmetic mean of its mean power at the 63
// frequencies above 0 of a cosine transform of blocks. It is 1 for noise that differs
// from pixel to pixel, and falls towards 0 for noise that is coarse and for structure.
// It is NaN where there is nothing, or no block.
func Whiteness(r *tensor.Tensor) float64 {
	const b = tensor.Block
	_, h, w, c := r.Dims4()
	var power [b * b]float64
	var square [b * b]float32
	step := b * (1 + h*w/(b*b*manyBlocks)) // along a row
	for y := 0; y+b <= h; y += b {
		for x := 0; x+b <= w; x += step {
			for k := range c {
				for i := range b {
					for j := range b {
						square[i*b+j] = r.Data[((y+i)*w+x+j)*c+k]
					}
				}
				for i, v := range tensor.Cosine(square) {
					power[i] += float64(v) * float64(v)
				}
			}
		}
	}
	var mean, logs float64
	for _, p := range power[1:] {
		mean += p / (b*b - 1)
		logs += math.Log(p) / (b*b - 1)
	}
	return math.Exp(logs) / mean
}

// manyBlocks is about how many blocks are looked at.
const manyBlocks = 1 << 14

// Structure returns how much of a picture is seen in what was removed from it: the
// correlation of the residual (1, H, W, C) with the fine detail of what was kept, which is
// each value less the mean of the 3×3 around it. It is near 0 where noise was removed,
// and rises to 1 where detail was weakened. It is NaN for pictures without detail.
func Structure(removed, kept *tensor.Tensor) float64 {
	same(removed, kept)
	_, h, w, c := kept.Dims4()
	var rr, dd, rd float64
	for y := 1; y < h-1; y++ {
		row := kept.Data[y*w*c:]
		above, below, r := kept.Data[(y-1)*w*c:], kept.Data[(y+1)*w*c:], removed.Data[y*w*c:]
		for i := c; i < (w-1)*c; i++ {
			mean := (above[i-c] + above[i] + above[i+c] + row[i-c] + row[i] + row[i+c] + below[i-c] + below[i] + below[i+c]) / 9
			d, v := float64(row[i]-mean), float64(r[i])
			rr += v * v
			dd += d * d
			rd += v * d
		}
	}
	return rd / math.Sqrt(rr*dd)
}
