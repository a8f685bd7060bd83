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
	return conv(t, x, w, b, stride, slope, nil)
}

// conv is Conv with something shaped like the result added before the activation, or nil.
func conv(t *Tape, x, w, b *Var, stride int, slope float32, add *Var) *Var {
	n, h, wd, c := x.Val.Dims4()
	s := convShape(n, h, wd, w, stride)
	if c != s.Cin {
		panic(fmt.Sprintf("nn: convolution of %d channels got %d", s.Cin, c))
	}
	ho, wo := s.Out()
	y, s := t.place(s, n, ho, wo, s.Cout)
	e := kernel.End{Bias: b.Val.Data, Slope: slope}
	if add != nil {
		e.Add = add.Val.Data
	}
	if x.thin || y.thin {
		s.ForwardHalf(t.work(), y.numbers(), x.numbers(), w.forms(), e)
	} else {
		t.convolve(kernel.Conv.Forward, s, y.Val.Data, x.Val.Data, w.forms(), e)
	}
	t.count(s)
	push(t, convStep{of{y}, s, x, w, b, add, slope})
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

// forNext returns a result that may go to another convolution and nowhere else.
func (t *Tape) forNext(shape ...int) *Var {
	if t == nil || !t.between {
		return t.out(shape...)
	}
	t.between = false
	return t.outThin(shape...)
}

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
	if t == nil {
		return t.out(shape...), s
	}
	if t.part.y == nil {
		return t.forNext(shape...), s
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
	add     *Var // or nil; then slope is 1
	slope   float32
}

func (o *convStep) back(t *Tape) {
	o.factors(t)
	if o.add != nil {
		t.hand(o.y, o.add)
	}
}

// factors gives the gradients of what is multiplied, and of the bias.
func (o *convStep) factors(t *Tape) {
	if o.s.Halved(t.work()) {
		dy, temp := t.halfGrad(o.y, o.b, o.slope)
		if dw, acc := t.into(o.w); dw != nil {
			o.s.BackwardWeightsHalf(t.work(), dw, o.x.numbers(), dy, acc)
		}
		t.gradient(o.x, func(s *kernel.Scratch, to kernel.Numbers, e kernel.End) {
			o.s.BackwardDataHalf(s, to, dy, o.w.forms(), e)
		})
		t.memory.Give(temp)
		return
	}
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
	e := kernel.End{Bias: b.Val.Data, Slope: slope}
	if x.thin || y.thin {
		s.BackwardDataHalf(t.work(), y.numbers(), x.numbers(), w.forms(), e)
	} else {
		t.convolve(kernel.Conv.BackwardData, s, y.Val.Data, x.Val.Data, w.forms(), e)
	}
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
	if o.s.Halved(t.work()) {
		dy, temp := t.halfGrad(o.y, o.b, o.slope)
		if dw, acc := t.into(o.w); dw != nil {
			o.s.BackwardWeightsHalf(t.work(), dw, dy, o.x.numbers(), acc)
		}
		t.gradient(o.x, func(s *kernel.Scratch, to kernel.Numbers, e kernel.End) {
			o.s.ForwardHalf(s, to, dy, o.w.forms(), e)
		})
		t.memory.Give(temp)
		return
	}
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

// halves tells whether convolutions may hand each other what is rounded to bf16.
func (t *Tape) halves() bool {
	return t != nil && t.memory.scratch.Halved() && !t.full && !t.exact && len(t.team) == 0
}

// halfGrad is reluBiasGrad where convolutions multiply bf16: the gradient of the sums is rounded,
// into memory to be given back, or where it is if it was so already.
func (t *Tape) halfGrad(y, b *Var, slope float32) (dy kernel.Numbers, temp []float32) {
	n, channels := tensor.Size(y.Val.Shape...), len(b.Val.Data)
	db, acc := t.into(b)
	var forgotten []float32
	if db == nil {
		forgotten = t.memory.Take(channels)
		db, acc = forgotten, false
	}
	if !acc {
		clear(db)
	}
	g := y.Grad.Data
	if y.thin {
		dy.Half = kernel.Halves(g)[:n]
		if slope == 1 {
			kernel.SumHalves(db, dy.Half)
		} else {
			kernel.HalfGrad(dy.Half, db, dy.Half, kernel.Halves(y.Val.Data)[:n], slope)
		}
	} else {
		temp = t.memory.Take((n + 1) / 2)
		dy.Half = kernel.Halves(temp)[:n]
		above := y.Val.Data
		if slope == 1 {
			above = g // what is above zero does not matter, and g is at hand
		}
		kernel.ReLUGradRound(dy.Half, db, g, above, slope)
	}
	if forgotten != nil {
		t.memory.Give(forgotten)
	}
	return dy, temp
}

// numbers returns what v holds as convolutions read it.
func (v *Var) numbers() kernel.Numbers { return v.as(v.Val.Data) }

// as returns v's numbers or gradient as convolutions read and write them.
func (v *Var) as(x []float32) kernel.Numbers {
	if v.thin {
		return kernel.Numbers{Half: v.halves(x)}
	}
	return kernel.Numbers{Full: x}
}

// halves returns numbers of v, which is thin.
func (v *Var) halves(x []float32) []uint16 { return kernel.Halves(x)[:tensor.Size(v.Val.Shape...)] }

// gradient calls f with where a gradient of v goes, and the end of the sums that are it.
func (t *Tape) gradient(v *Var, f func(s *kernel.Scratch, to kernel.Numbers, e kernel.End)) {
	g, acc := t.into(v)
	switch {
	case g == nil:
	case acc && v.thin:
		more := t.memory.Take(len(g))
		f(t.work(), v.as(more), kernel.End{Slope: 1})
		kernel.AddHalves(v.halves(g), v.halves(g), v.halves(more))
		t.memory.Give(more)
	default:
		f(t.work(), v.as(g), onto(g, acc))
	}
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
	o := gdnStep{x: x, gamma: gamma, beta: beta, inverse: inverse}
	if x.thin {
		o.y, o.r = t.outThin(x.Val.Shape...), t.outThin(x.Val.Shape...)
		o.norm().Forward(t.work(), x.halves(o.y.Val.Data), x.halves(o.r.Val.Data), x.halves(x.Val.Data))
	} else {
		o.y, o.r = t.same(x), t.same(x)
		o.inStrips(t)
	}
	t.count(o.conv(tensor.Size(x.Val.Shape...) / len(beta.Val.Data)))
	push(t, o)
	t.Done(o.r)
	return o.y
}

// inStrips normalises all, with the help of a team if there is one.
func (o *gdnStep) inStrips(t *Tape) {
	n := t.shares(o.strips())
	size := normStrip * len(o.beta.Val.Data)
	squares := t.take(n * size)
	if n < 2 {
		o.forward(t.work(), squares, 0, o.strips())
	} else {
		shared := *o
		t.run(n, func(i int, s *kernel.Scratch) {
			shared.forward(s, squares[i*size:(i+1)*size], shared.strips()*i/n, shared.strips()*(i+1)/n)
		})
	}
	t.give(squares)
}

type gdnStep struct {
	of
	x, gamma, beta *Var
	r              *Var // what x was multiplied with; thin as x and y are
	inverse        bool
}

// normStrip is how many pixels are normalised at a time, from their squares to the result, so
// that what is between stays near the processor.
const normStrip = 640

func (o *gdnStep) strips() int {
	return (tensor.Size(o.x.Val.Shape...)/len(o.beta.Val.Data) + normStrip - 1) / normStrip
}

// strip returns where the i-th begins and ends in the numbers.
func (o *gdnStep) strip(i int) (from, to int) {
	size := normStrip * len(o.beta.Val.Data)
	return i * size, min((i+1)*size, tensor.Size(o.x.Val.Shape...))
}

// conv returns the convolution of so many pixels.
func (o *gdnStep) conv(pixels int) kernel.Conv { return convShape(1, 1, pixels, o.gamma, 1) }

// norm returns what normalises thin numbers.
func (o *gdnStep) norm() kernel.Norm {
	return kernel.Norm{Gamma: o.gamma.forms(), Beta: o.beta.Val.Data, Inverse: o.inverse}
}

// forward normalises strips from one on and before another, with room for the squares of one.
func (o *gdnStep) forward(s *kernel.Scratch, squares []float32, first, end int) {
	e := kernel.End{Bias: o.beta.Val.Data, Slope: 1}
	for i := first; i < end; i++ {
		from, to := o.strip(i)
		squares := squares[:to-from]
		c := o.conv((to - from) / len(o.beta.Val.Data))
		x, r := o.x.Val.Data[from:to], o.r.Val.Data[from:to]
		kernel.Mul(squares, x, x)
		c.Forward(s, r, squares, o.gamma.forms(), e)
		kernel.Normalise(o.y.Val.Data[from:to], r, x, r, o.inverse)
	}
}

func (o *gdnStep) back(t *Tape) {
	db, acc := t.into(o.beta)
	if db != nil && !acc {
		clear(db)
	}
	dg, acc := t.into(o.gamma)
	if o.x.thin {
		x := o.x
		o.norm().Backward(t.work(), x.halves(o.y.Grad.Data), db, dg, acc, x.halves(x.Val.Data), x.halves(o.r.Val.Data))
	} else {
		room := t.memory.Take(2 * normStrip * len(o.beta.Val.Data))
		for i := range o.strips() {
			o.stripBack(t, i, room, db, dg, acc || i > 0)
		}
		t.memory.Give(room)
	}
	t.hand(o.y, o.x)
}

// stripBack gives the gradients of the i-th strip, with that of x in the place of y's.
func (o *gdnStep) stripBack(t *Tape, i int, room, db, dg []float32, acc bool) {
	from, to := o.strip(i)
	dn, other := room[:to-from], room[len(room)/2:][:to-from]
	x, r, dy := o.x.Val.Data[from:to], o.r.Val.Data[from:to], o.y.Grad.Data[from:to]
	c := o.conv((to - from) / len(o.beta.Val.Data))
	kernel.NormGrad(dn, dy, o.y.Val.Data[from:to], r, o.inverse)
	if db != nil {
		kernel.ColumnSums(db, dn)
	}
	if dg != nil {
		kernel.Mul(other, x, x)
		c.BackwardWeights(t.work(), dg, other, dn, acc)
	}
	if !o.x.fixed {
		c.BackwardData(t.work(), other, dn, o.gamma.forms(), kernel.End{Slope: 1})
		kernel.NormaliseGrad(dy, r, x, other)
	}
}
