package noise

import (
	"math"
	"slices"

	"sieve/model/tensor"
)

// An Estimation is what a picture says of its noise.
type Estimation struct {
	// Level is the standard deviation of the noise in units of white, the root
	// mean square over the channels. It is found where the picture is flattest.
	Level float64
	// Total is the deviation at all frequencies together. Those too low to be told from
	// the picture count like the medium ones. It is Level where noise is white.
	Total float64
	// Coarse is how much stronger the noise is at medium frequencies than at the
	// highest: 1 for noise that differs from pixel to pixel, more for noise that has
	// passed through demosaicing or JPEG.
	Coarse float64
}

// block is the side of the squares that are looked at.
const block = tensor.Block

// Estimate tells the noise of a picture (1, H, W, C) from its flattest blocks of 8×8
// pixels: those with the least energy at low frequencies, which white noise says
// nothing about at high ones, so that choosing them biases nothing. The level is the
// median of the powers of the high frequencies of a cosine transform there, after
// Ponomarenko et al., "An automatic approach to lossy compression of AVIRIS images"
// (IGARSS 2007). Blocks with pixels that are clipped do not count. The level is 0
// where no block is left.
func Estimate(x *tensor.Tensor) Estimation {
	_, h, w, c := x.Dims4()
	var all Estimation
	var weight float64
	for k := range c {
		e := estimatePlane(x.Data, h, w, c, k)
		all.Level += e.Level * e.Level / float64(c)
		all.Total += e.Total * e.Total / float64(c)
		all.Coarse += float64(e.Coarse * e.Level)
		weight += e.Level
	}
	all.Level, all.Total = math.Sqrt(all.Level), math.Sqrt(all.Total)
	if weight > 0 {
		all.Coarse /= weight
	} else {
		all.Coarse = 1
	}
	return all
}

// A patch is the spectrum of a block.
type patch struct {
	low  float64 // energy
	bins [block * block]float32
}

func estimatePlane(data []float32, h, w, c, channel int) Estimation {
	const most = 1 << 14 // blocks
	step := 1 + int(math.Sqrt(float64(h)*float64(w)/most))
	var patches []patch
	var pix [block * block]float32
	for y := 0; y+block <= h; y += step {
	next:
		for x := 0; x+block <= w; x += step {
			for i := range block {
				row := data[((y+i)*w+x)*c+channel:]
				for j := range block {
					v := row[j*c]
					if v == 0 || v == 1 {
						continue next
					}
					pix[i*block+j] = v
				}
			}
			p := patch{bins: tensor.Cosine(pix)}
			for i := range block {
				for j := range block {
					if f := i + j; f > 0 && f <= 3 {
						p.low += float64(float64(p.bins[i*block+j]) * float64(p.bins[i*block+j]))
					}
				}
			}
			patches = append(patches, p)
		}
	}
	if len(patches) == 0 {
		return Estimation{Coarse: 1}
	}
	slices.SortFunc(patches, func(a, b patch) int {
		switch {
		case a.low < b.low:
			return -1
		case a.low > b.low:
			return 1
		}
		return 0
	})
	flat := patches[:max(1, len(patches)/10)]
	var medium, high []float64
	var total float64
	for i := range block {
		for j := range block {
			var sum float64
			for _, p := range flat {
				sum += float64(float64(p.bins[i*block+j]) * float64(p.bins[i*block+j]))
			}
			power := sum / float64(len(flat))
			f := i + j
			if f > 3 {
				total += power
			}
			switch {
			case f >= 8:
				high = append(high, power)
			case f == 4 || f == 5:
				medium = append(medium, power)
			}
		}
	}
	const few = 10 // frequencies with i + j ≤ 3
	mid := median(medium)
	e := Estimation{Level: math.Sqrt(median(high)), Total: math.Sqrt((total + few*mid) / (block * block)), Coarse: 1}
	if e.Level > 0 {
		e.Coarse = math.Sqrt(mid) / e.Level
	}
	return e
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
