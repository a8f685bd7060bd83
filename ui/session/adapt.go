package session

// This file fits pictures to models.

import (
	"context"
	"math"

	"sieve/model"
	"sieve/model/noise"
	"sieve/model/tensor"
)

var nan = math.NaN()

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Adapt fits a picture x (1, H, W, C) to a model of another number of channels,
// and returns what turns the model's answer back into a picture like x. Grey is
// shown to a colour model three times over, and its answer averaged; the
// channels of a colour picture are shown to a grey model as three pictures.
func Adapt(m *model.Model, x *tensor.Tensor) (in *tensor.Tensor, back func(y *tensor.Tensor) *tensor.Tensor) {
	_, h, w, c := x.Dims4()
	switch {
	case c == m.Spec.Channels:
		return x, func(y *tensor.Tensor) *tensor.Tensor { return y }
	case c == 1:
		return inChannels(x, 3), func(y *tensor.Tensor) *tensor.Tensor {
			out := tensor.New(1, h, w, 1)
			for i := range out.Data {
				out.Data[i] = (y.Data[3*i] + y.Data[3*i+1] + y.Data[3*i+2]) / 3
			}
			return out
		}
	default:
		return apart(x), together
	}
}

// apart turns (1, H, W, C) into (C, H, W, 1).
func apart(x *tensor.Tensor) *tensor.Tensor {
	_, h, w, c := x.Dims4()
	out := tensor.New(c, h, w, 1)
	for k := range c {
		for i := range h * w {
			out.Data[k*h*w+i] = x.Data[i*c+k]
		}
	}
	return out
}

// together turns (N, H, W, C) into (1, H, W, N·C), one picture's channels after
// the other's.
func together(y *tensor.Tensor) *tensor.Tensor {
	n, h, w, c := y.Dims4()
	if n == 1 {
		return y
	}
	out := tensor.New(1, h, w, n*c)
	for k := range n {
		for i := range h * w {
			copy(out.Data[i*n*c+k*c:][:c], y.Data[(k*h*w+i)*c:])
		}
	}
	return out
}

// sheet lays N pictures (N, H, W, C) out in a square: (1, rows·H, cols·W, C).
func sheet(x *tensor.Tensor) *tensor.Tensor {
	n, h, w, c := x.Dims4()
	cols := int(math.Ceil(math.Sqrt(float64(n))))
	rows := (n + cols - 1) / cols
	out := tensor.New(1, rows*h, cols*w, c)
	for k := range n {
		for i := range h {
			copy(out.Data[((k/cols*h+i)*cols+k%cols)*w*c:][:w*c], x.Data[(k*h+i)*w*c:])
		}
	}
	return out
}

// clamp returns y with all values in [0, 1]; what is not a number becomes 0. It
// may change y.
func clamp(y *tensor.Tensor) *tensor.Tensor {
	for i, v := range y.Data {
		y.Data[i] = within(v)
	}
	return y
}

// within returns the number in [0, 1] that is nearest to v, or 0.
func within(v float32) float32 {
	switch {
	case !(v > 0):
		return 0
	case v > 1:
		return 1
	}
	return v
}

// blend returns a number between v and y, in [0, 1]: strength 0 is v, 1 is y.
func blend(v, y, strength float32) float32 {
	if strength != 1 {
		y = v + float32(strength*(y-v))
	}
	return within(y)
}

// inChannels returns a picture in grey or in colour.
func inChannels(x *tensor.Tensor, channels int) *tensor.Tensor {
	_, h, w, c := x.Dims4()
	if c == channels {
		return x
	}
	out := tensor.New(1, h, w, channels)
	for i := range h * w {
		if c == 1 {
			out.Data[3*i], out.Data[3*i+1], out.Data[3*i+2] = x.Data[i], x.Data[i], x.Data[i]
		} else {
			out.Data[i] = tensor.Luma(x.Data[3*i], x.Data[3*i+1], x.Data[3*i+2])
		}
	}
	return out
}

// levelOf returns what a model is to be told of the noise of a picture: nothing, if
// it is not told the level.
func levelOf(m *model.Model, x *tensor.Tensor) float64 {
	if !m.Spec.Level {
		return 0
	}
	return estimate(m, x)
}

// estimate returns the noise level of a picture as a model has learned to be told it,
// in units of white.
func estimate(m *model.Model, x *tensor.Tensor) float64 {
	e := noise.Estimate(x)
	if m.Spec.Estimated {
		return e.Total
	}
	return e.Level
}

// picture denoises a picture x in place, and returns what the model was told of its
// noise, in levels of 255: NaN if it is not told.
func (r Repair) picture(ctx context.Context, m *model.Model, x *tensor.Tensor, report model.Report) (sigma float64, err error) {
	m = r.stopped(m)
	if !m.Spec.Level {
		return nan, denoise(ctx, m, x, 0, r.Strength, r.Passes, report)
	}
	var found float64
	if r.Sigma < 0 {
		found = estimate(m, x)
	}
	level, strength := r.told(found)
	return 255 * level, denoise(ctx, m, x, level, strength, r.Passes, report)
}

// told returns what a model is told of a picture in which so much noise was found, in
// units of white, and how much of its answer is taken: nothing where the noise is no
// more than rounding to 8 bits leaves, because a model changes clean pictures a little.
func (r Repair) told(found float64) (level, strength float64) {
	if r.Sigma >= 0 {
		return r.Sigma / 255 * r.Manner, r.Strength
	}
	const rounding, noise = 0.4 / 255, 0.7 / 255
	sure := min(max(0, (found-rounding)/(noise-rounding)), 1)
	return found * r.Manner, r.Strength * sure
}

// denoise makes of a picture x what the model makes of it, blended with it: 0 is x,
// 1 the model's answer. level is the noise's, in units of white. When the context
// ends, its error is returned and x is useless. Grey is shown to a colour model and
// colour to a grey one as Adapt says.
func denoise(ctx context.Context, m *model.Model, x *tensor.Tensor, level, strength float64, passes int, report model.Report) error {
	s := float32(strength)
	put := func(at int, y float32) { x.Data[at] = blend(x.Data[at], y, s) }
	if passes <= 1 {
		return look(ctx, m, x, level, 0, put, report)
	}
	sum := tensor.New(x.Shape...)
	if err := lookAgain(ctx, m, x, level, 0, passes, sum, report); err != nil {
		return err
	}
	for i, v := range sum.Data {
		put(i, v/float32(passes))
	}
	return nil
}

// lookAgain adds what the model makes of x in some of the eight ways in which it can be
// turned and mirrored, from the first-th one on.
func lookAgain(ctx context.Context, m *model.Model, x *tensor.Tensor, level float64, first, end int, sum *tensor.Tensor, report model.Report) error {
	for turn := first; turn < end; turn++ {
		err := look(ctx, m, x, level, turn, func(at int, y float32) { sum.Data[at] += y }, func(done, total int) {
			if report != nil {
				report((turn-first)*total+done, (end-first)*total)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// look hands what the model makes of x to put, with the place of each number in x. The
// model sees x turned: bit 0 of turn is upside down, 1 is left to right, 2 is rows for
// columns. put may write to x. The only error is ctx's.
func look(ctx context.Context, m *model.Model, x *tensor.Tensor, level float64, turn int, put func(at int, y float32), report model.Report) error {
	_, height, width, c := x.Dims4()
	h, w := height, width
	if turn&4 != 0 {
		h, w = w, h
	}
	at := func(y, x int) int { // the first number of a pixel
		if turn&4 != 0 {
			y, x = x, y
		}
		if turn&1 != 0 {
			y = height - 1 - y
		}
		if turn&2 != 0 {
			x = width - 1 - x
		}
		return (y*width + x) * c
	}
	want := m.Spec.Channels
	planes := 1
	if c == 3 && want == 1 {
		planes = 3
	}
	for k := range planes {
		read := func(to []float32, y, x0 int) {
			for i := range len(to) / want {
				switch p := at(y, x0+i); {
				case c == want:
					copy(to[i*c:(i+1)*c], x.Data[p:])
				case c == 1:
					to[3*i], to[3*i+1], to[3*i+2] = x.Data[p], x.Data[p], x.Data[p]
				default:
					to[i] = x.Data[p+k]
				}
			}
		}
		write := func(from []float32, y, x0 int) {
			for i := range len(from) / want {
				switch p := at(y, x0+i); {
				case c == want:
					for j, v := range from[i*c : (i+1)*c] {
						put(p+j, v)
					}
				case c == 1:
					put(p, (from[3*i]+from[3*i+1]+from[3*i+2])/3)
				default:
					put(p+k, from[i])
				}
			}
		}
		err := m.Flow(ctx, h, w, level, read, write, func(done, total int) {
			if report != nil {
				report(k*total+done, planes*total)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
