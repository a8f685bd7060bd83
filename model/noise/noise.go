// Package noise decides what a network sees and what it is judged on.
// Denoising, in-painting, self-supervised denoising and plain reconstruction
// differ only here.
//
// Every picture of a batch draws its own strength, uniform in the scheme's
// range, and in a Mix its own kind. Values come from the given generator and
// from arithmetic that is the same on every platform: a lesson has the same
// bits on every machine and any number of processors.
//
// Noisy values are not clipped to [0, 1]. The package does not estimate noise
// and does not remove it.
package noise

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"sieve/model/tensor"
)

// A Scheme makes a lesson of a batch x (N, H, W, C): what the encoder sees,
// what the decoder must produce, and where it is judged, all shaped as x, but for Pairs.
// weight is 1 where judged and 0 elsewhere; nil means everywhere. x is never
// changed, but in and want may be x itself.
type Scheme interface {
	Lesson(rng *rand.Rand, x *tensor.Tensor) (in, want, weight *tensor.Tensor)
}

// A Range holds the strengths a scheme draws from, in its kind's unit:
// 0 ≤ Lo ≤ Hi ≤ Max of the kind. Lessons of any other range panic.
type Range struct{ Lo, Hi float64 }

// None teaches reconstruction.
type None struct{}

// Gaussian teaches the removal of added white noise with a standard deviation
// of so many levels of 255.
type Gaussian Range

// Poisson teaches the removal of photon noise. Strength s is its standard
// deviation at white in levels of 255: white is (255/s)² photons. Values that
// are not above 0 stay as they are.
type Poisson Range

// Speckle teaches the removal of multiplied noise: the standard deviation is
// the pixel's value times so many levels of 255.
type Speckle Range

// SaltPepper teaches the repair of lost pixels: so many percent of them,
// each on its own, become 0 or 1 in all channels, either with equal chance.
type SaltPepper Range

// Masked teaches in-painting, judged everywhere: squares of 8×8 pixels, at any
// place and overlapping, turn mid-grey (0.5 in all channels; flat black and
// white are common in pictures, flat grey is not) until the nearest whole
// number of pixels to so many percent is reached, which cuts the last one short.
type Masked Range

// BlindSpot teaches denoising from noisy pictures alone: so many percent of
// the pixels, at least one, are replaced by another within two pixels' reach,
// and only those are judged. Krull et al., Noise2Void, arXiv:1811.10980. One
// pixel is drawn from each of as many equal runs in reading order, so they are
// spread out and never coincide. The pixel of a 1×1 picture, which has no
// neighbour, is seen as 0.5.
type BlindSpot Range

// Pairs teaches denoising from noisy pictures alone: the two means over the diagonals of
// each 2×2 pixels are two pictures of half the size, of the same things and with noise
// of their own. To one is added what makes its noise as strong as that of the pictures,
// so many levels of 255, and the other must be produced. Mansour and Heckel, "Zero-Shot
// Noise2Noise" (CVPR 2023); the added noise is ours. Pictures that are a single pixel
// high or wide are lessons as they are, and of an odd row or column one is left out.
type Pairs Range

// A Leveller knows how strong the noise is that its lessons show, in units of white,
// although nobody shows it the clean picture.
type Leveller interface{ Level() float64 }

// A Mix teaches all its parts at once: each picture of a batch draws one, all
// equally likely. Where only some parts say what is judged, the pictures of
// the others are judged everywhere.
type Mix []Scheme

func (None) Lesson(_ *rand.Rand, x *tensor.Tensor) (in, want, weight *tensor.Tensor) {
	return x, x, nil
}

func (s Gaussian) Lesson(rng *rand.Rand, x *tensor.Tensor) (in, want, weight *tensor.Tensor) {
	return pointwise(rng, x, strengths(rng, x, gaussian, Range(s)), addGaussian), x, nil
}

func (s Poisson) Lesson(rng *rand.Rand, x *tensor.Tensor) (in, want, weight *tensor.Tensor) {
	return pointwise(rng, x, strengths(rng, x, poisson, Range(s)), countPhotons), x, nil
}

func (s Speckle) Lesson(rng *rand.Rand, x *tensor.Tensor) (in, want, weight *tensor.Tensor) {
	return pointwise(rng, x, strengths(rng, x, speckle, Range(s)), multiplyGaussian), x, nil
}

func (s SaltPepper) Lesson(rng *rand.Rand, x *tensor.Tensor) (in, want, weight *tensor.Tensor) {
	return pointwise(rng, x, strengths(rng, x, saltPepper, Range(s)), losePixels), x, nil
}

func (s Masked) Lesson(rng *rand.Rand, x *tensor.Tensor) (in, want, weight *tensor.Tensor) {
	const side = 8
	_, h, w, c := x.Dims4()
	in = x.Clone()
	for b, p := range strengths(rng, x, masked, Range(s)) {
		pix := in.Data[b*h*w*c : (b+1)*h*w*c]
		blank := make([]bool, h*w)
		for left := share(p, h*w); left > 0; {
			top, start := rng.IntN(h+side-1)-side+1, rng.IntN(w+side-1)-side+1
			for i := max(top, 0); i < min(top+side, h); i++ {
				for j := max(start, 0); j < min(start+side, w); j++ {
					if at := i*w + j; left > 0 && !blank[at] {
						blank[at] = true
						left--
						fill(pix[at*c:(at+1)*c], 0.5)
					}
				}
			}
		}
	}
	return in, x, nil
}

func (s BlindSpot) Lesson(rng *rand.Rand, x *tensor.Tensor) (in, want, weight *tensor.Tensor) {
	const reach = 2
	_, h, w, c := x.Dims4()
	in, weight = x.Clone(), tensor.New(x.Shape...)
	for b, p := range strengths(rng, x, blindSpot, Range(s)) {
		spots := min(max(share(p, h*w), 1), h*w)
		run := func(k int) int { return int(int64(k) * int64(h*w) / int64(spots)) }
		for k := range spots {
			at := run(k) + rng.IntN(run(k+1)-run(k))
			pix := in.Data[(b*h*w+at)*c:][:c]
			fill(weight.Data[(b*h*w+at)*c:][:c], 1)
			if h*w == 1 {
				fill(pix, 0.5)
				continue
			}
			i, j := at/w, at%w
			top, left := max(i-reach, 0), max(j-reach, 0)
			rows, cols := min(i+reach+1, h)-top, min(j+reach+1, w)-left
			other := rng.IntN(rows*cols - 1)
			if other >= (i-top)*cols+j-left {
				other++
			}
			copy(pix, x.Data[(b*h*w+(top+other/cols)*w+left+other%cols)*c:])
		}
	}
	return in, x, weight
}

// Level is the middle of the range.
func (s Pairs) Level() float64 { return (s.Lo + s.Hi) / 2 / 255 }

func (s Pairs) Lesson(rng *rand.Rand, x *tensor.Tensor) (in, want, weight *tensor.Tensor) {
	n, h, w, c := x.Dims4()
	levels := strengths(rng, x, pairs, Range(s))
	if h < 2 || w < 2 {
		return x.Clone(), x, nil
	}
	h2, w2 := h/2, w/2
	in, want = tensor.New(n, h2, w2, c), tensor.New(n, h2, w2, c)
	for b := range n {
		falling, rising := in, want
		if rng.IntN(2) == 1 {
			falling, rising = want, in
		}
		for i := range h2 {
			above := x.Data[(b*h+2*i)*w*c:][:w*c]
			below := x.Data[(b*h+2*i+1)*w*c:][:w*c]
			to := (b*h2 + i) * w2 * c
			for j := range w2 {
				for k := range c {
					at := 2*j*c + k
					falling.Data[to+j*c+k] = (above[at] + below[at+c]) / 2
					rising.Data[to+j*c+k] = (above[at+c] + below[at]) / 2
				}
			}
		}
	}
	for b := range levels {
		levels[b] *= math.Sqrt2 / 2
	}
	return pointwise(rng, in, levels, addGaussian), want, nil
}

func (s Mix) Lesson(rng *rand.Rand, x *tensor.Tensor) (in, want, weight *tensor.Tensor) {
	if len(s) == 0 {
		panic("noise: a mix of nothing")
	}
	n, h, w, c := x.Dims4()
	in, want = tensor.New(x.Shape...), tensor.New(x.Shape...)
	size := h * w * c
	for b := range n {
		picture := &tensor.Tensor{Shape: []int{1, h, w, c}, Data: x.Data[b*size : (b+1)*size]}
		seen, wanted, judged := s[rng.IntN(len(s))].Lesson(rng, picture)
		copy(in.Data[b*size:], seen.Data)
		copy(want.Data[b*size:], wanted.Data)
		if judged != nil && weight == nil {
			weight = tensor.New(x.Shape...)
			fill(weight.Data[:b*size], 1)
		}
		switch {
		case judged != nil:
			copy(weight.Data[b*size:], judged.Data)
		case weight != nil:
			fill(weight.Data[b*size:(b+1)*size], 1)
		}
	}
	return in, want, weight
}

// strengths draws one strength for each picture.
func strengths(rng *rand.Rand, x *tensor.Tensor, k Kind, r Range) []float64 {
	if !(0 <= r.Lo && r.Lo <= r.Hi && r.Hi <= k.Max) {
		panic(fmt.Sprintf("noise: %s of %g to %g, outside 0 to %g", k.Name, r.Lo, r.Hi, k.Max))
	}
	n, _, _, _ := x.Dims4()
	s := make([]float64, n)
	for b := range s {
		s[b] = r.Lo + float64((r.Hi-r.Lo)*rng.Float64())
	}
	return s
}

// share is the nearest whole number to p percent of n.
func share(p float64, n int) int { return int(math.Round(p / 100 * float64(n))) }

func fill(v []float32, with float32) {
	for i := range v {
		v[i] = with
	}
}

// pointwise returns a copy of x to which spoil has been applied in pieces of
// so many pixels. Each piece has a stream of its own, seeded from rng in order,
// so the result does not depend on who works on which.
func pointwise(rng *rand.Rand, x *tensor.Tensor, strengths []float64, spoil func(src *rand.PCG, pix []float32, c int, s float64)) *tensor.Tensor {
	const pixels = 8192
	type piece struct {
		pix      []float32
		strength float64
		src      rand.PCG
	}
	_, h, w, c := x.Dims4()
	in := x.Clone()
	var pieces []piece
	for b, s := range strengths {
		pix := in.Data[b*h*w*c : (b+1)*h*w*c]
		for len(pix) > 0 {
			n := min(pixels*c, len(pix))
			pieces = append(pieces, piece{pix[:n], s, *rand.NewPCG(rng.Uint64(), rng.Uint64())})
			pix = pix[n:]
		}
	}
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(len(pieces)); i = next.Add(1) - 1 {
			p := &pieces[i]
			spoil(&p.src, p.pix, c, p.strength)
		}
	}
	var others sync.WaitGroup
	for range min(len(pieces), runtime.GOMAXPROCS(0)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	return in
}

func addGaussian(src *rand.PCG, pix []float32, _ int, s float64) {
	sigma := s / 255
	for i := range pix {
		pix[i] += float32(normal(src.Uint64()) * sigma)
	}
}

func multiplyGaussian(src *rand.PCG, pix []float32, _ int, s float64) {
	sigma := s / 255
	for i, v := range pix {
		pix[i] += float32(float64(v) * normal(src.Uint64()) * sigma)
	}
}

func countPhotons(src *rand.PCG, pix []float32, _ int, s float64) {
	if s == 0 {
		return
	}
	white := 255 / s * (255 / s)
	var draws [512]float64 // made ahead of their use: the processor overlaps more of either
	for len(pix) > 0 {
		block := pix[:min(len(pix), len(draws))]
		pix = pix[len(block):]
		for i, v := range block {
			if bits := src.Uint64(); float64(v)*white < few {
				draws[i] = uniform(bits)
			} else {
				draws[i] = normal(bits)
			}
		}
		for i, v := range block {
			mean := float64(float64(v) * white)
			switch {
			case mean >= few:
				block[i] = float32(manyPhotons(draws[i], mean) / white)
			case mean > 0:
				block[i] = float32(fewPhotons(draws[i], mean) / white)
			}
		}
	}
}

func losePixels(src *rand.PCG, pix []float32, c int, p float64) {
	for i := 0; i < len(pix); i += c {
		u := src.Uint64()
		if uniform(u) < p/100 {
			fill(pix[i:i+c], float32(u&1))
		}
	}
}
