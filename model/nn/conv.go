package nn

import (
	"fmt"
	"slices"

	"sieve/model/internal/kernel"
	"sieve/model/tensor"
)

// Grid is how many pixels a side convolutions compute at once, at most. A part of
// a picture that starts at a multiple of it has the same rounding as the whole
// has, but for what it does not see.
const Grid = kernel.Grid

// convShape returns the shape of the convolution of pictures (n, h, w, ·) with
// weights (k, k, Cin, Cout).
func convShape(n, h, w int, weights *Var, stride int) kernel.Conv {
	k, _, in, out := weights.Val.Dims4()
	return kernel.Conv{N: n, H: h, W: w, Cin: in, Cout: out, K: k, Stride: stride}
}

// forms returns v as convolutions read it.
func (v *Var) forms() *kernel.Weights {
	if v.weights != nil {
		return v.weights
	}
	return kernel.NewWeights(v.Val.Data)
}

// Conv returns the convolution of x (N, H, W, Cin) with w (K, K, Cin, Cout) plus
// b (Cout), zero-padded: (N, ⌈H/stride⌉, ⌈W/stride⌉, Cout). It is the
// cross-correlation that every framework calls convolution. A LeakyReLU of the
// result is free: slope is its, and 1 is none.
func Conv(t *Tape, x, w, b *Var, stride int, slope float32) *Var {
	n, h, wd, c := x.Val.Dims4()
	s := convShape(n, h, wd, w, stride)
	if c != s.Cin {
		panic(fmt.Sprintf("nn: convolution of %d channels got %d", s.Cin, c))
	}
	ho, wo := s.Out()
	y, s := t.place(s, n, ho, wo, s.Cout)
	t.convolve(kernel.Conv.Forward, s, y.Val.Data, x.Val.Data, w.forms(), kernel.End{Bias: b.Val.Data, Slope: slope})
	t.count(s)
	push(t, convStep{of{y}, s, x, w, b, slope})
	return y
}

// WholeConv is Conv with stride 1 for whole numbers, exact where every sum of magnitudes
// of products is below 2²⁴. It leaves no step.
func WholeConv(t *Tape, x *Var, w, b *Param) *Var {
	n, h, wd, _ := x.Val.Dims4()
	weights := t.Use(w)
	s := convShape(n, h, wd, weights, 1).Exact()
	y := t.out(n, h, wd, s.Cout)
	t.convolve(kernel.Conv.Forward, s, y.Val.Data, x.Val.Data, weights.forms(), kernel.End{Bias: b.Val.Data, Slope: 1})
	return y
}

// Part makes the next convolution, transposed or not, compute a part of its result
// and write it to y: the rows of the smaller picture from Grid·from on and before
// Grid·to, and what belongs to them in the greater one. The tape must be one of
// inference.
func (t *Tape) Part(y *tensor.Tensor, from, to int) { t.part = portion{y, from, to} }

type portion struct {
	y        *tensor.Tensor
	from, to int
}

// Exact makes convolutions add the products of their definition, in its order, and nothing
// else: a number of a result has the same bits whatever is around the pixels that it depends
// on. The tape must be one of inference.
func (t *Tape) Exact() { t.exact = true }

// Full makes convolutions round nothing that they multiply, whatever the precision of the pass
// is, until the function that it returns is called.
func (t *Tape) Full() (end func()) {
	if t == nil || t.full {
		return func() {}
	}
	t.full = true
	return func() { t.full = false }
}

// place returns where the result of a convolution goes, and what is to be computed.
func (t *Tape) place(s kernel.Conv, shape ...int) (*Var, kernel.Conv) {
	if t != nil && t.exact {
		s = s.Exact()
	}
	if t != nil && t.full {
		s = s.Full()
	}
	if t == nil || t.part.y == nil {
		return t.out(shape...), s
	}
	p := t.part
	t.part = portion{}
	if !slices.Equal(p.y.Shape, shape) {
		panic(fmt.Sprintf("nn: a result of shape %v does not go into %v", slices.Clone(shape), p.y.Shape))
	}
	return t.Input(p.y), s.Only(p.from, p.to)
}

type convStep struct {
	of
	s       kernel.Conv
	x, w, b *Var
	slope   float32
}

func (o *convStep) back(t *Tape) {
	x, dy := o.x.Val.Data, t.reluBiasGrad(o.y, o.b, o.slope)
	if dw, acc := t.into(o.w); dw != nil {
		o.s.BackwardWeights(t.work(), dw, x, dy, acc)
	}
	if dx, acc := t.into(o.x); dx != nil {
		o.s.BackwardData(t.work(), dx, dy, o.w.forms(), onto(dx, acc))
	}
}

// ConvT returns the transposed convolution of x (N, H, W, Cin) with
// w (K, K, Cout, Cin) plus b (Cout): (N, H·stride, W·stride, Cout), the adjoint
// of Conv with the same weights. slope is as in Conv.
func ConvT(t *Tape, x, w, b *Var, stride int, slope float32) *Var {
	n, h, wd, c := x.Val.Dims4()
	s := convShape(n, h*stride, wd*stride, w, stride)
	if c != s.Cout {
		panic(fmt.Sprintf("nn: transposed convolution of %d channels got %d", s.Cout, c))
	}
	y, s := t.place(s, n, s.H, s.W, s.Cin)
	t.convolve(kernel.Conv.BackwardData, s, y.Val.Data, x.Val.Data, w.forms(), kernel.End{Bias: b.Val.Data, Slope: slope})
	t.count(s)
	push(t, convTStep{of{y}, s, x, w, b, slope})
	return y
}

type convTStep struct {
	of
	s       kernel.Conv
	x, w, b *Var
	slope   float32
}

func (o *convTStep) back(t *Tape) {
	x, dy := o.x.Val.Data, t.reluBiasGrad(o.y, o.b, o.slope)
	if dw, acc := t.into(o.w); dw != nil {
		o.s.BackwardWeights(t.work(), dw, dy, x, acc)
	}
	if dx, acc := t.into(o.x); dx != nil {
		o.s.Forward(t.work(), dx, dy, o.w.forms(), onto(dx, acc))
	}
}

// reluBiasGrad turns the gradient of a convolution's result into that of its
// sums, in place, gives the bias its own, and returns it.
func (t *Tape) reluBiasGrad(y, b *Var, slope float32) []float32 {
	dy := y.Grad.Data
	db, acc := t.into(b)
	if db != nil && !acc {
		clear(db)
	}
	switch {
	case db == nil && slope == 1:
	case db == nil:
		kernel.ReLUGrad(dy, y.Val.Data, slope)
	case slope == 1:
		kernel.ColumnSums(db, dy)
	default:
		kernel.ReLUGradSums(db, dy, y.Val.Data, slope)
	}
	return dy
}

// onto is the end of a sum that is a gradient.
func onto(g []float32, acc bool) kernel.End {
	if acc {
		return kernel.End{Add: g, Slope: 1}
	}
	return kernel.End{Slope: 1}
}

// GDN returns x (N, H, W, C) divided by √(n), and with inverse multiplied with it:
// n[o] = Σ_c gamma[c,o]·x[c]² + beta[o], with gamma (1, 1, C, C) and beta (C).
// Neither may make a norm that is not above 0. Ballé et al., arXiv:1511.06281,
// eq. 3 with the exponents of arXiv:1611.01704.
func GDN(t *Tape, x, gamma, beta *Var, inverse bool) *Var {
	n, h, w, _ := x.Val.Dims4()
	s := convShape(n, h, w, gamma, 1)
	squares, r, y := t.same(x), t.same(x), t.same(x)
	t.map2(square, squares.Val.Data, x.Val.Data)
	t.convolve(kernel.Conv.Forward, s, r.Val.Data, squares.Val.Data, gamma.forms(), kernel.End{Bias: beta.Val.Data, Slope: 1})
	kernel.Normalise(y.Val.Data, r.Val.Data, x.Val.Data, r.Val.Data, inverse)
	t.count(s)
	push(t, gdnStep{of{y}, s, x, gamma, beta, squares, r, inverse})
	t.Done(squares)
	t.Done(r)
	return y
}

func square(y, x []float32) { kernel.Mul(y, x, x) }

type gdnStep struct {
	of
	s              kernel.Conv
	x, gamma, beta *Var
	squares, r     *Var // r is what x was multiplied with
	inverse        bool
}

func (o *gdnStep) back(t *Tape) {
	x, dy, r := o.x.Val.Data, o.y.Grad.Data, o.r.Val.Data
	dn := t.memory.Take(len(dy))
	kernel.NormGrad(dn, dy, o.y.Val.Data, r, o.inverse)
	if g, acc := t.into(o.beta); g != nil {
		if !acc {
			clear(g)
		}
		kernel.ColumnSums(g, dn)
	}
	if g, acc := t.into(o.gamma); g != nil {
		o.s.BackwardWeights(t.work(), g, o.squares.Val.Data, dn, acc)
	}
	if !o.x.fixed {
		ds := o.squares.Val.Data // nobody reads the squares any more
		o.s.BackwardData(t.work(), ds, dn, o.gamma.forms(), kernel.End{Slope: 1})
		kernel.NormaliseGrad(dy, r, x, ds)
		t.hand(o.y, o.x)
	}
	t.memory.Give(dn)
}
