package noise

import (
	"math"
	"math/rand/v2"
	"sync"

	"sieve/model/tensor"
)

// Camera teaches the removal of what a camera adds: photon and read noise made in
// linear light, passed through white balance, demosaicing, colour matrix and tone
// curve, clipped, and in three of five pictures compressed as JPEG. The strength is
// the standard deviation at mid-grey in levels of 255, before that compression. Each
// picture draws a camera of its own, after Brooks et al., "Unprocessing Images for
// Learned Raw Denoising" (arXiv:1811.11127); what is wanted is the picture itself,
// because the noise alone passes through demosaicing. Values are those of 8 bits.
type Camera Range

func (s Camera) Lesson(rng *rand.Rand, x *tensor.Tensor) (in, want, weight *tensor.Tensor) {
	_, h, w, c := x.Dims4()
	in = x.Clone()
	var all sync.WaitGroup
	for b, strength := range strengths(rng, x, camera, Range(s)) {
		own := rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64()))
		pix := in.Data[b*h*w*c : (b+1)*h*w*c]
		all.Go(func() { photograph(own, pix, h, w, c, strength/255) })
	}
	all.Wait()
	return in, x, nil
}

// A curve is what makes linear light of a picture's values: a cubic through (0, 0)
// and (1, 1) that rises everywhere, near the curve of sRGB or flatter or steeper.
type curve struct{ a, b, c float32 }

func (k curve) linear(x float32) float32 {
	return float32(x * (k.a + float32(x*(k.b+float32(x*k.c)))))
}

func (k curve) slope(x float32) float32 {
	return k.a + float32(x*(2*k.b+float32(3*k.c*x)))
}

// value is the inverse of linear on [0, 1], from a guess: five of Newton's steps.
func (k curve) value(light, guess float32) float32 {
	switch {
	case !(light > 0):
		return 0
	case light >= 1:
		return 1
	}
	x := max(guess, 0.05)
	for range 5 {
		x = max(0, min(x-(k.linear(x)-light)/k.slope(x), 1))
	}
	return x
}

// photograph adds the noise of a camera of its own to a picture.
func photograph(rng *rand.Rand, pix []float32, h, w, c int, sigma float64) {
	if sigma == 0 {
		return
	}
	even := func(a, b float32) float32 { return a + float32((b-a)*rng.Float32()) }
	tone := curve{a: even(0.01, 0.2), c: even(0.1, 0.5)}
	tone.b = 1 - tone.a - tone.c
	const grey = 0.5
	shot := even(0.3, 1)
	strong := float32(sigma) * tone.slope(grey)
	gain := [3]float32{even(1, 1.6), 1, even(1, 1.6)}
	n := make([]float32, len(pix))
	Normal(rng, n)
	grain(rng, n, h, w, c)
	if c == 3 {
		for k := range gain {
			gain[k] /= (gain[0] + 1 + gain[2]) / 3
		}
		mix := even(0, 0.4)
		own, others := 1+float32(mix*2)/3, mix/3
		restore := 1 / float32(math.Sqrt(float64(float32(own*own)+2*float32(others*others))))
		for i := 0; i < len(n); i += 3 {
			r, g, b := float32(n[i]*gain[0]), n[i+1], float32(n[i+2]*gain[2])
			mean := float32(mix * ((r + g + b) / 3))
			for k, v := range [3]float32{r, g, b} {
				n[i+k] = float32(restore * (float32((1+mix)*v) - mean))
			}
		}
	}
	for i, v := range pix {
		light := tone.linear(v)
		power := (1 - shot) + float32(shot*max(0, light)/tone.linear(grey))
		pix[i] = tone.value(light+float32(n[i]*float32(strong*float32(math.Sqrt(float64(power))))), v)
	}
	if rng.IntN(5) < 3 {
		compress(pix, h, w, c, 55+rng.IntN(44), c == 3 && rng.IntN(2) == 0)
	}
	for i, v := range pix {
		pix[i] = float32(int32(float32(255*max(0, min(v, 1)))+0.5)) / 255
	}
}

// grain gives white noise the pattern of a sensor: that of a Bayer mosaic that is
// interpolated bilinearly, that of a picture that was scaled or smoothed, or its own.
// The variance is 1 on average in any case.
func grain(rng *rand.Rand, n []float32, h, w, c int) {
	kind := rng.IntN(10)
	switch {
	case kind < 2:
	case kind < 7 && c == 3:
		bayer(n, h, w, rng.IntN(2), rng.IntN(2))
		if kind == 6 {
			smooth(n, h, w, c, 0.5*rng.Float32())
		}
	default:
		smooth(n, h, w, c, rng.Float32())
	}
}

// bayer keeps one channel of each pixel and interpolates the others: red where row
// and column are even, counted from a phase, blue where both are odd, green elsewhere.
func bayer(n []float32, h, w, py, px int) {
	at := func(y, x, k int) float32 { return n[(tensor.Mirror(y, h)*w+tensor.Mirror(x, w))*3+k] }
	out := make([]float32, len(n))
	const fine, coarse = 4.0 / 3, 1.2649111 // 1/0.75 and 1/√0.625, the deviations after interpolation
	for y := range h {
		for x := range w {
			row, col := (y+py)&1, (x+px)&1
			o := out[(y*w+x)*3:][:3]
			cross := func(k int) float32 {
				return (at(y-1, x, k) + at(y+1, x, k) + at(y, x-1, k) + at(y, x+1, k)) / 4
			}
			for k, odd := range [3]int{0, -1, 1} { // the phase of red and blue
				switch {
				case odd < 0 && row != col:
					o[k] = coarse * at(y, x, k)
				case odd < 0:
					o[k] = coarse * cross(k)
				case row == odd && col == odd:
					o[k] = fine * at(y, x, k)
				case row == odd:
					o[k] = fine * (at(y, x-1, k) + at(y, x+1, k)) / 2
				case col == odd:
					o[k] = fine * (at(y-1, x, k) + at(y+1, x, k)) / 2
				default:
					o[k] = fine * (at(y-1, x-1, k) + at(y-1, x+1, k) + at(y+1, x-1, k) + at(y+1, x+1, k)) / 4
				}
			}
		}
	}
	copy(n, out)
}

// smooth blurs noise with weights 1, 2, 1 in both directions, mixed with the noise
// itself, and restores its variance.
func smooth(n []float32, h, w, c int, amount float32) {
	side, centre := amount/4, 1-amount/2
	power := float32(centre*centre) + 2*float32(side*side)
	row := make([]float32, len(n))
	for y := range h {
		for x := range w {
			l, r := (y*w+tensor.Mirror(x-1, w))*c, (y*w+tensor.Mirror(x+1, w))*c
			for k := range c {
				i := (y*w+x)*c + k
				row[i] = (float32(side*(n[l+k]+n[r+k])) + float32(centre*n[i])) / power
			}
		}
	}
	for y := range h {
		u, d := tensor.Mirror(y-1, h)*w*c, tensor.Mirror(y+1, h)*w*c
		for i := range w * c {
			n[y*w*c+i] = float32(side*(row[u+i]+row[d+i])) + float32(centre*row[y*w*c+i])
		}
	}
}
