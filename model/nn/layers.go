package nn

import (
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"sieve/model/tensor"
)

// Conv2D is a convolution with learned weights: w (K, K, Cin, Cout), b (Cout).
type Conv2D struct {
	W, B   *Param
	Stride int
	Slope  float32 // of the LeakyReLU that is part of it; 1: none
}

// NewConv2D returns a convolution from in to out channels, k×k, with weights
// drawn uniformly so that a ReLU behind it keeps the variance (He et al.,
// arXiv:1502.01852) and no bias. Without rng all is zero, for the caller to fill.
func NewConv2D(rng *rand.Rand, in, out, k, stride int) *Conv2D {
	return &Conv2D{uniform(rng, in*k*k, k, k, in, out), &Param{tensor.New(out)}, stride, 1}
}

func (c *Conv2D) Forward(t *Tape, x *Var) *Var {
	return Conv(t, x, t.Use(c.W), t.Use(c.B), c.Stride, c.Slope)
}

func (c *Conv2D) Params() iter.Seq2[string, *Param] { return pair(c.W, c.B) }

// ConvT2D is a transposed convolution with learned weights: w (K, K, Cout, Cin),
// b (Cout).
type ConvT2D struct {
	W, B   *Param
	Stride int
	Slope  float32 // as in Conv2D
}

// NewConvT2D returns a transposed convolution from in to out channels. Each
// pixel of its result sees a stride-th of the taps in each direction.
func NewConvT2D(rng *rand.Rand, in, out, k, stride int) *ConvT2D {
	return &ConvT2D{uniform(rng, max(1, in*k*k/(stride*stride)), k, k, out, in), &Param{tensor.New(out)}, stride, 1}
}

func (c *ConvT2D) Forward(t *Tape, x *Var) *Var {
	return ConvT(t, x, t.Use(c.W), t.Use(c.B), c.Stride, c.Slope)
}

func (c *ConvT2D) Params() iter.Seq2[string, *Param] { return pair(c.W, c.B) }

// A Learner has parameters under names.
type Learner interface {
	Params() iter.Seq2[string, *Param]
}

// Under yields what a part learns under its name and a dot, and reports whether more is
// wanted.
func Under(yield func(string, *Param) bool, name string, part Learner) bool {
	for of, p := range part.Params() {
		if !yield(name+"."+of, p) {
			return false
		}
	}
	return true
}

func pair(w, b *Param) iter.Seq2[string, *Param] {
	return func(yield func(string, *Param) bool) {
		_ = yield("w", w) && yield("b", b)
	}
}

// uniform returns weights of variance 2/fanIn, or zeros without rng.
func uniform(rng *rand.Rand, fanIn int, shape ...int) *Param {
	w := tensor.New(shape...)
	if rng == nil {
		return &Param{w}
	}
	reach := math.Sqrt(6 / float64(fanIn))
	for i := range w.Data {
		w.Data[i] = float32((2*rng.Float64() - 1) * reach)
	}
	return &Param{w}
}

// Func is a layer with nothing to learn.
type Func func(t *Tape, x *Var) *Var

func (f Func) Forward(t *Tape, x *Var) *Var      { return f(t, x) }
func (f Func) Params() iter.Seq2[string, *Param] { return func(func(string, *Param) bool) {} }

// Seq runs layers one after another.
type Seq []Layer

func (s Seq) Forward(t *Tape, x *Var) *Var { return s.upTo(t, x, len(s), false) }

// Thin is Forward for a result that goes to convolutions and AddThin and nowhere else: it may be
// kept in bf16.
func (s Seq) Thin(t *Tape, x *Var) *Var { return s.upTo(t, x, len(s), true) }

// EndsThin tells whether Thin makes any difference, and BeginsThin whether s takes what Thin and
// AddThin make.
func (s Seq) EndsThin() bool {
	for _, l := range slices.Backward(s) {
		switch l.(type) {
		case Nothing, *Normalisation:
		default:
			return convolves(l)
		}
	}
	return false
}

func (s Seq) BeginsThin() bool { return s.takesThin(-1, false) }

// upTo runs the first n layers. With thin, what comes of the last may be so.
func (s Seq) upTo(t *Tape, x *Var, n int, thin bool) *Var {
	first := x
	for i, l := range s[:n] {
		if t.halves() && convolves(l) {
			t.between = s.takesThin(i, thin)
		}
		y := l.Forward(t, x)
		if x != first && !sameNumbers(x, y) {
			t.Done(x)
		}
		x = y
	}
	return x
}

// takesThin tells whether the layers behind the i-th take what is kept in bf16; with last, what
// comes behind all does. What a normalisation makes is thin where what it takes is.
func (s Seq) takesThin(i int, last bool) bool {
	for _, l := range s[i+1:] {
		switch l.(type) {
		case Nothing, *Normalisation:
		default:
			return convolves(l)
		}
	}
	return last
}

// convolves tells whether a layer takes what is rounded to bf16, and makes it where it is told to.
func convolves(l Layer) bool {
	switch l.(type) {
	case *Conv2D, *ConvT2D:
		return true
	}
	return false
}

// Nothing is a layer that returns its input: the one before it has done what would be done
// here, and those behind it keep their names.
type Nothing struct{}

func (Nothing) Forward(_ *Tape, x *Var) *Var      { return x }
func (Nothing) Params() iter.Seq2[string, *Param] { return func(func(string, *Param) bool) {} }

func sameNumbers(x, y *Var) bool {
	return len(x.Val.Data) > 0 && len(y.Val.Data) > 0 && &x.Val.Data[0] == &y.Val.Data[0]
}

func (s Seq) Params() iter.Seq2[string, *Param] {
	return func(yield func(string, *Param) bool) {
		for i, l := range s {
			if !Under(yield, strconv.Itoa(i), l) {
				return
			}
		}
	}
}

// Residual adds what its layer says to its input. He et al., arXiv:1512.03385.
type Residual struct{ Layer }

func (r Residual) Forward(t *Tape, x *Var) *Var {
	if s, ok := r.Layer.(Seq); ok && len(s) > 0 {
		if last, ok := s[len(s)-1].(*Conv2D); ok && last.Slope == 1 { // which adds it as it goes
			y := s.upTo(t, x, len(s)-1, false)
			z := conv(t, y, t.Use(last.W), t.Use(last.B), last.Stride, 1, x)
			if y != x {
				t.Done(y)
			}
			return z
		}
	}
	return AddTo(t, r.Layer.Forward(t, x), x)
}

// Normalisation is GDN with learned gamma and beta, or its inverse.
type Normalisation struct {
	Gamma, Beta *Param
	Inverse     bool
}

// NewNormalisation returns the GDN of c channels that starts as division by
// √(1 + x²/10).
func NewNormalisation(c int, inverse bool) *Normalisation {
	n := &Normalisation{&Param{tensor.New(1, 1, c, c)}, &Param{tensor.New(c)}, inverse}
	for i := range c {
		n.Gamma.Val.Data[i*c+i] = 0.1
		n.Beta.Val.Data[i] = 1
	}
	return n
}

func (l *Normalisation) Forward(t *Tape, x *Var) *Var {
	return GDN(t, x, t.Use(l.Gamma), t.Use(l.Beta), l.Inverse)
}

func (l *Normalisation) Params() iter.Seq2[string, *Param] {
	return func(yield func(string, *Param) bool) {
		_ = yield("gamma", l.Gamma) && yield("beta", l.Beta)
	}
}
