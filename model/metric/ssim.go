package metric

import (
	"math"

	"sieve/model/tensor"
)

// radius is how far the window of SSIM reaches from its middle.
const radius = 5

// gauss is exp(-k²/2σ²) for σ = 1.5 and k = 0 … radius.
var gauss = [radius + 1]float64{1, 0.8007374029168081, 0.41111229050718745, 0.1353352832366127, 0.028565500784550377, 0.003865920139472807}

// SSIM is the structural similarity of Wang, Bovik, Sheikh and Simoncelli, IEEE
// Transactions on Image Processing 13 (2004) 600–612: 11×11 Gaussian window of
// σ = 1.5, K1 = 0.01, K2 = 0.03, a peak of 1, averaged over the windows that lie
// inside the picture, over channels and over pictures. Where a picture has
// fewer than 11 rows or columns, the window is cut there to the largest odd
// number that fits, and scaled to sum to 1. x and y have the same shape.
func SSIM(x, y *tensor.Tensor) float64 { return similarity(x, y, false) }

// similarity is SSIM, or only what it says of contrast and structure.
func similarity(x, y *tensor.Tensor, contrast bool) float64 {
	same(x, y)
	n, h, w, c := x.Dims4()
	const side = 64 // windows of a tile either way: its sums stay in the cache
	down, across := newWindow(h), newWindow(w)
	outH, outW := down.places(h), across.places(w)
	rows, cols := (outH+side-1)/side, (outW+side-1)/side
	total := sum(n*rows*cols, func() func(int) float64 {
		t := newTile(down, across, side, c)
		t.contrast = contrast
		return func(i int) float64 {
			b, top, left := i/(rows*cols), i/cols%rows*side, i%cols*side
			px, py := x.Data[b*h*w*c:][:h*w*c], y.Data[b*h*w*c:][:h*w*c]
			return t.sum(px, py, w, top, left, min(side, outH-top), min(side, outW-left))
		}
	})
	return total / float64(n*outH*outW*c)
}

// MSSSIM is the multi-scale structural similarity of Wang, Simoncelli and Bovik,
// Asilomar 2003: SSIM's contrast and structure at five scales, each half of the one
// before, and its luminance at the last, weighted as there; of each channel and picture,
// and the mean of those. What is negative counts as 0. A picture too small for the window
// at some scale has fewer, with weights that add up to 1. Powers are the platform's: its
// last bits may differ.
func MSSSIM(x, y *tensor.Tensor) float64 {
	same(x, y)
	weights := []float64{0.0448, 0.2856, 0.3001, 0.2363, 0.1333}
	n, h, w, c := x.Dims4()
	for len(weights) > 1 && min(h, w)>>(len(weights)-1) < 2*radius+1 {
		weights = weights[:len(weights)-1]
	}
	whole := 1.0 // the five as published add up to 1.0001
	if len(weights) < 5 {
		whole = 0
		for _, v := range weights {
			whole += v
		}
	}
	var mean float64
	for i := range n * c {
		a, b := plane(x, i), plane(y, i)
		product := 1.0
		for k, v := range weights {
			last := k == len(weights)-1
			product *= math.Pow(max(0, similarity(a, b, !last)), v/whole)
			if !last {
				a, b = halved(a), halved(b)
			}
		}
		mean += product / float64(n*c)
	}
	return mean
}

// plane returns the i-th of all channels of all pictures.
func plane(x *tensor.Tensor, i int) *tensor.Tensor {
	_, h, w, c := x.Dims4()
	to := tensor.New(1, h, w, 1)
	from := x.Data[i/c*h*w*c+i%c:]
	for k := range to.Data {
		to.Data[k] = from[k*c]
	}
	return to
}

// halved returns the means of 2×2 pixels; an odd row or column at the end is left out.
func halved(x *tensor.Tensor) *tensor.Tensor {
	_, h, w, _ := x.Dims4()
	to := tensor.New(1, h/2, w/2, 1)
	for y := range h / 2 {
		for k := range w / 2 {
			at := 2*y*w + 2*k
			to.Data[y*(w/2)+k] = (x.Data[at] + x.Data[at+1] + x.Data[at+w] + x.Data[at+w+1]) / 4
		}
	}
	return to
}

// A window is one dimension of SSIM's: symmetric, always 2·radius+1 long, with
// zeros where it was cut, so that what it meets there does not matter.
type window struct {
	taps [radius + 1]float64 // from the middle out
	cut  int                 // zeros on either side
}

// newWindow returns the window for a dimension of size n.
func newWindow(n int) window {
	win := window{cut: max(radius-(n-1)/2, 0)}
	sum := 1.0
	for k := 1; k <= radius-win.cut; k++ {
		sum += 2 * gauss[k]
	}
	for k := range radius - win.cut + 1 {
		win.taps[k] = gauss[k] / sum
	}
	return win
}

// places is how many windows lie inside a dimension of size n.
func (win window) places(n int) int { return n - 2*(radius-win.cut) }

// A tile holds what SSIM needs for a few windows: of x, y, x²+y² and xy one
// row with its margins, that row's sums across, and one row of sums down.
type tile struct {
	down, across window
	contrast     bool // luminance does not count
	c            int
	row, sums    [4][]float64
	mean         [4][]float64
}

func newTile(down, across window, side, c int) *tile {
	t := &tile{down: down, across: across, c: c}
	for k := range t.row {
		t.row[k] = make([]float64, (side+2*radius)*c)
		t.sums[k] = make([]float64, (side+2*radius)*side*c)
		t.mean[k] = make([]float64, side*c)
	}
	return t
}

// sum returns the sum of SSIM over all channels of rows × cols windows, the
// first of which starts at (top, left) of the pictures x and y, w pixels wide.
func (t *tile) sum(x, y []float32, w, top, left, rows, cols int) (s float64) {
	n := cols * t.c
	from, to := left*t.c, min(left+cols+2*radius, w)*t.c
	margin := t.across.cut * t.c
	for k := range t.row {
		t.row[k] = t.row[k][:n+2*radius*t.c]
	}
	for i := range rows + 2*(radius-t.down.cut) {
		at := (top + i) * w * t.c
		px, py := x[at+from:at+to], y[at+from:at+to]
		a, b, squares, product := t.row[0][margin:], t.row[1][margin:], t.row[2][margin:], t.row[3][margin:]
		for j, v := range px {
			v, u := float64(v), float64(py[j])
			a[j], b[j], squares[j], product[j] = v, u, float64(v*v)+float64(u*u), float64(v*u)
		}
		for k := range t.row {
			convolve(t.sums[k][(i+t.down.cut)*n:][:n], t.row[k], t.c, &t.across.taps)
		}
	}
	const c1, c2 = 0.01 * 0.01, 0.03 * 0.03
	for i := range rows {
		for k := range t.mean {
			convolve(t.mean[k][:n], t.sums[k][i*n:], n, &t.down.taps)
		}
		for j := range n {
			mx, my := t.mean[0][j], t.mean[1][j]
			means, cross := float64(mx*mx)+float64(my*my), float64(mx*my)
			if t.contrast {
				s += (float64(2*(t.mean[3][j]-cross)) + c2) / (t.mean[2][j] - means + c2)
				continue
			}
			s += (float64(2*cross) + c1) * (float64(2*(t.mean[3][j]-cross)) + c2) /
				((means + c1) * (t.mean[2][j] - means + c2))
		}
	}
	return s
}

// convolve sets dst[j] to the sum over k = -radius … radius of
// taps[|k|]·src[j+(radius+k)·stride].
func convolve(dst, src []float64, stride int, taps *[radius + 1]float64) {
	n := len(dst)
	s0, s1, s2, s3 := src[:n], src[stride:][:n], src[2*stride:][:n], src[3*stride:][:n]
	s4, s5, s6, s7 := src[4*stride:][:n], src[5*stride:][:n], src[6*stride:][:n], src[7*stride:][:n]
	s8, s9, s10 := src[8*stride:][:n], src[9*stride:][:n], src[10*stride:][:n]
	w0, w1, w2, w3, w4, w5 := taps[0], taps[1], taps[2], taps[3], taps[4], taps[5]
	for j := range dst {
		dst[j] = float64(w0*s5[j]) + float64(w1*(s4[j]+s6[j])) + float64(w2*(s3[j]+s7[j])) +
			float64(w3*(s2[j]+s8[j])) + float64(w4*(s1[j]+s9[j])) + float64(w5*(s0[j]+s10[j]))
	}
}
