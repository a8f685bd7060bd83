package noise

import "sieve/model/tensor"

// Blocking returns how much steeper a picture (1, H, W, C) is across the borders of blocks
// of 8×8 pixels than it is elsewhere: 1 where there are none, more where JPEG has
// compressed it strongly. The blocks may begin anywhere. It is 1 for pictures that are
// too small to tell.
func Blocking(x *tensor.Tensor) float64 {
	_, h, w, c := x.Dims4()
	if h < 2*block || w < 2*block {
		return 1
	}
	// The step at each place is what the neighbours' steps do not explain.
	var columns, lines [block]float64
	step := 1 + h*w/(1<<22)
	for y := 2; y < h-1; y += step {
		for i := 2 * c; i < (w-1)*c; i++ {
			at := y*w*c + i
			v := x.Data[at]
			columns[i/c%block] += steep(x.Data[at-2*c], x.Data[at-c], v, x.Data[at+c])
		}
	}
	for y := 2; y < h-1; y++ {
		for i := 0; i < w*c; i += step {
			at := y*w*c + i
			lines[y%block] += steep(x.Data[at-2*w*c], x.Data[at-w*c], x.Data[at], x.Data[at+w*c])
		}
	}
	return (sharpest(columns, w) + sharpest(lines, h)) / 2
}

// steep returns how far the step from b to c is from the mean of those beside it.
func steep(a, b, c, d float32) float64 {
	v := float64(c-b) - float64(b-a+d-c)/2
	return max(v, -v)
}

// sharpest returns the greatest of the means at places of a remainder, by the mean of
// the others. There are n places, of which the first two and the last do not count.
func sharpest(sums [block]float64, n int) float64 {
	var most, all float64
	for i := range sums {
		count := 0
		for p := 2; p < n-1; p++ {
			if p%block == i {
				count++
			}
		}
		sums[i] /= float64(count)
		most = max(most, sums[i])
		all += sums[i]
	}
	if all == 0 {
		return 1
	}
	if others := (all - most) / (block - 1); others > 0 {
		return most / others
	}
	return 100 // flat but for borders
}
