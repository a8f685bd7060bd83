package noise

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"sieve/model/tensor"
)

// Camera teaches the removal of what a camera adds: photon and read noise made in
// linear light, passed through white balance, demosaicing, colour matrix, the camera's
// own noise reduction and tone curve, clipped, and in three of four pictures compressed
// as JPEG. The strength is the standard deviation at mid-grey in levels of 255, before
// that compression. Each
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
	if sigma == 0 || len(pix) == 0 {
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
	soften(rng, n, h, w, c)
	for i, v := range pix {
		light := tone.linear(v)
		power := (1 - shot) + float32(shot*max(0, light)/tone.linear(grey))
		pix[i] = tone.value(light+float32(n[i]*float32(strong*float32(math.Sqrt(float64(power))))), v)
	}
	if rng.IntN(4) > 0 {
		compress(pix, h, w, c, 60+rng.IntN(39), c == 3 && rng.IntN(3) > 0)
	}
	for i, v := range pix {
		pix[i] = float32(int32(float32(255*max(0, min(v, 1)))+0.5)) / 255
	}
}

// grain gives white noise the pattern of a sensor: that of a Bayer mosaic that is
// interpolated bilinearly, or its own.
func grain(rng *rand.Rand, n []float32, h, w, c int) {
	if c == 3 && rng.IntN(3) > 0 {
		bayer(n, h, w, rng.IntN(2), rng.IntN(2))
	}
}

// soften does to noise what cameras do against it: they smooth the brightness a
// little and the colours more, so that what is left are blobs, and some of the grain
// returns. One picture in four is left alone. The variance is 1 afterwards.
func soften(rng *rand.Rand, n []float32, h, w, c int) {
	if rng.IntN(4) > 0 {
		fine, coarse := 1.3*rng.Float64(), 3.5*rng.Float64()
		back := max(0, 0.6*rng.Float32()-0.3)
		if c == 1 {
			blur(n, h, w, fine, back)
		} else {
			y, cb, cr := apart(n)
			blur(y, h, w, fine, back)
			blur(cb, h, w, fine+coarse, back)
			blur(cr, h, w, fine+coarse, back)
			much := 0.3 + 0.9*rng.Float32()
			for i := range cb {
				cb[i], cr[i] = float32(much*cb[i]), float32(much*cr[i])
			}
			together(n, y, cb, cr)
		}
	}
	unit(n)
}

// unit gives noise a mean square of 1.
func unit(n []float32) {
	var sum float64
	for _, v := range n {
		sum += float64(float64(v) * float64(v))
	}
	if sum == 0 {
		return
	}
	k := float32(math.Sqrt(float64(len(n)) / sum))
	for i, v := range n {
		n[i] = float32(k * v)
	}
}

// blur averages a plane of noise twice over squares of side 2·radius+1, adds a part of
// what it was, and gives it a mean square of 1.
func blur(p []float32, h, w int, radius float64, back float32) {
	was := slices.Clone(p)
	line := make([]float32, max(h, w))
	for range 2 {
		for y := range h {
			box(p[y*w:], 1, line[:w], radius)
		}
		for x := range w {
			box(p[x:], w, line[:h], radius)
		}
	}
	unit(p)
	for i, v := range was {
		p[i] += float32(back * v)
	}
}

// box replaces every stride-th number of p by the mean over 2·radius+1 of them, the
// last ones in part. line is room for as many as there are.
func box(p []float32, stride int, line []float32, radius float64) {
	n := len(line)
	for i := range line {
		line[i] = p[i*stride]
	}
	reach := int(radius)
	part := radius - float64(reach)
	sum := 0.0
	for i := -reach; i <= reach; i++ {
		sum += float64(line[tensor.Mirror(i, n)])
	}
	for i := range n {
		before, after := float64(line[tensor.Mirror(i-reach-1, n)]), float64(line[tensor.Mirror(i+reach+1, n)])
		p[i*stride] = float32((sum + float64(part*(before+after))) / (2*radius + 1))
		sum += after - float64(line[tensor.Mirror(i-reach, n)])
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
