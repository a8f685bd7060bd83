package nn

import (
	"fmt"

	"sieve/model/internal/kernel"
)

// LeakyReLU returns x where it is positive and slope·x elsewhere.
func LeakyReLU(t *Tape, x *Var, slope float32) *Var {
	y := t.same(x)
	kernel.ReLU(y.Val.Data, x.Val.Data, slope)
	push(t, reluStep{of{y}, x, slope})
	return y
}

type reluStep struct {
	of
	x     *Var
	slope float32
}

func (o *reluStep) back(t *Tape) {
	kernel.ReLUGrad(o.y.Grad.Data, o.y.Val.Data, o.slope)
	t.hand(o.y, o.x)
}

// ReLU returns max(x, 0).
func ReLU(t *Tape, x *Var) *Var { return LeakyReLU(t, x, 0) }

// Sigmoid returns 1/(1+e⁻ˣ).
func Sigmoid(t *Tape, x *Var) *Var {
	y := t.same(x)
	t.map2(kernel.Sigmoid, y.Val.Data, x.Val.Data)
	push(t, sigmoidStep{of{y}, x})
	return y
}

type sigmoidStep struct {
	of
	x *Var
}

func (o *sigmoidStep) back(t *Tape) {
	kernel.SigmoidGrad(o.y.Grad.Data, o.y.Val.Data)
	t.hand(o.y, o.x)
}

// Tanh returns the hyperbolic tangent of x.
func Tanh(t *Tape, x *Var) *Var {
	y := t.same(x)
	t.map2(kernel.Tanh, y.Val.Data, x.Val.Data)
	push(t, tanhStep{of{y}, x})
	return y
}

type tanhStep struct {
	of
	x *Var
}

func (o *tanhStep) back(t *Tape) {
	kernel.TanhGrad(o.y.Grad.Data, o.y.Val.Data)
	t.hand(o.y, o.x)
}

// SiLU returns x·sigmoid(x). Elfwing et al., arXiv:1702.03118.
func SiLU(t *Tape, x *Var) *Var {
	s, y := t.same(x), t.same(x)
	t.map2(kernel.Sigmoid, s.Val.Data, x.Val.Data)
	kernel.Mul(y.Val.Data, x.Val.Data, s.Val.Data)
	push(t, siluStep{of{y}, x, s})
	t.Done(s)
	return y
}

type siluStep struct {
	of
	x, s *Var
}

// The gradient is dy·(s + y·(1-s)).
func (o *siluStep) back(t *Tape) {
	y, dy := o.y.Val.Data, o.y.Grad.Data
	for i, s := range o.s.Val.Data {
		dy[i] *= s + float32(y[i]*(1-s))
	}
	t.hand(o.y, o.x)
}

// Add returns x + y.
func Add(t *Tape, x, y *Var) *Var { return AddScaled(t, x, 1, y) }

// AddTo returns x + y, in the memory of x where nothing is recorded: x must not be
// used afterwards.
func AddTo(t *Tape, x, y *Var) *Var {
	if t == nil || t.recording || x.home == nil || !x.home.lent || sameNumbers(x, y) {
		return Add(t, x, y)
	}
	t.map2(increase, x.Val.Data, y.Val.Data)
	return x
}

// AddThin is AddTo of what Thin has made, for convolutions.
func AddThin(t *Tape, x, y *Var) *Var {
	if !x.thin || !y.thin {
		return AddTo(t, x, y)
	}
	z := t.outThin(x.Val.Shape...)
	kernel.AddHalves(z.halves(z.Val.Data), x.halves(x.Val.Data), y.halves(y.Val.Data))
	push(t, addStep{of{z}, x, y, 1})
	return z
}

// Increase adds x to y.
func (t *Tape) Increase(y, x []float32) { t.map2(increase, y, x) }

func increase(y, x []float32) { kernel.Axpy(1, x, y) }

// AddScaled returns x + a·y for equal shapes.
func AddScaled(t *Tape, x *Var, a float32, y *Var) *Var {
	z := t.same(x)
	kernel.AxpyTo(z.Val.Data, a, y.Val.Data, x.Val.Data)
	push(t, addStep{of{z}, x, y, a})
	return z
}

type addStep struct {
	of
	left, right *Var
	a           float32
}

func (o *addStep) back(t *Tape) {
	t.add(o.right, o.a, o.y.Grad.Data)
	t.hand(o.y, o.left)
}

// Up2 doubles height and width by repetition.
func Up2(t *Tape, x *Var) *Var {
	n, h, w, c := x.Val.Dims4()
	y := t.out(n, 2*h, 2*w, c)
	for r := range n * h {
		src := x.Val.Data[r*w*c : (r+1)*w*c]
		dst := y.Val.Data[2*r*2*w*c : 2*(r+1)*2*w*c]
		for i := range w {
			copy(dst[2*i*c:], src[i*c:(i+1)*c])
			copy(dst[(2*i+1)*c:], src[i*c:(i+1)*c])
		}
		copy(dst[2*w*c:], dst[:2*w*c])
	}
	push(t, up2Step{of{y}, x})
	return y
}

type up2Step struct {
	of
	x *Var
}

func (o *up2Step) back(t *Tape) {
	dx, acc := t.into(o.x)
	if dx == nil {
		return
	}
	if !acc {
		clear(dx)
	}
	n, h, w, c := o.x.Val.Dims4()
	for r := range n * h {
		dst := dx[r*w*c : (r+1)*w*c]
		for half := range 2 {
			src := o.y.Grad.Data[(2*r+half)*2*w*c:]
			for i := range w {
				kernel.Axpy(1, src[2*i*c:(2*i+1)*c], dst[i*c:(i+1)*c])
				kernel.Axpy(1, src[(2*i+1)*c:(2*i+2)*c], dst[i*c:(i+1)*c])
			}
		}
	}
}

// Reshape returns the numbers of x in another shape.
func Reshape(t *Tape, x *Var, shape ...int) *Var {
	y := t.view(x.Val, shape...)
	push(t, reshapeStep{of{y}, x})
	return y
}

type reshapeStep struct {
	of
	x *Var
}

func (o *reshapeStep) back(t *Tape) { t.hand(o.y, o.x) }

// Unshuffle gathers p×p neighbours into channels: (N, H, W, C) becomes
// (N, H/p, W/p, p·p·C), row by row. H and W are multiples of p.
func Unshuffle(t *Tape, x *Var, p int) *Var {
	n, h, w, c := x.Val.Dims4()
	if h%p != 0 || w%p != 0 {
		panic(fmt.Sprintf("nn: cannot gather %d×%d blocks of a %d×%d picture", p, p, w, h))
	}
	if w == p { // a block is as wide as the picture, and stands as it should
		return Reshape(t, x, n, h/p, 1, p*p*c)
	}
	y := t.out(n, h/p, w/p, p*p*c)
	blocks{n, h, w, c, p}.gather(y.Val.Data, x.Val.Data)
	push(t, unshuffleStep{of{y}, x, blocks{n, h, w, c, p}})
	return y
}

type unshuffleStep struct {
	of
	x *Var
	b blocks
}

func (o *unshuffleStep) back(t *Tape) { o.b.move(t, o.y, o.x, o.b.spread) }

// Shuffle spreads channels over p×p neighbours, the inverse of Unshuffle.
func Shuffle(t *Tape, x *Var, p int) *Var {
	n, h, w, c := x.Val.Dims4()
	if c%(p*p) != 0 {
		panic(fmt.Sprintf("nn: cannot spread %d channels over %d×%d blocks", c, p, p))
	}
	if w == 1 {
		return Reshape(t, x, n, h*p, p, c/(p*p))
	}
	y := t.out(n, h*p, w*p, c/(p*p))
	b := blocks{n, h * p, w * p, c / (p * p), p}
	b.spread(y.Val.Data, x.Val.Data)
	push(t, shuffleStep{of{y}, x, b})
	return y
}

type shuffleStep struct {
	of
	x *Var
	b blocks
}

func (o *shuffleStep) back(t *Tape) { o.b.move(t, o.y, o.x, o.b.gather) }

// blocks are the p×p blocks of pictures (n, h, w, c).
type blocks struct{ n, h, w, c, p int }

// gather lays the blocks of pictures one after the other.
func (b blocks) gather(gathered, pictures []float32) {
	row := b.p * b.c
	for r := range b.n * b.h {
		for j := range b.w / b.p {
			copy(gathered[b.at(r, j):][:row], pictures[r*b.w*b.c+j*row:][:row])
		}
	}
}

// spread is the way back.
func (b blocks) spread(pictures, gathered []float32) {
	row := b.p * b.c
	for r := range b.n * b.h {
		for j := range b.w / b.p {
			copy(pictures[r*b.w*b.c+j*row:][:row], gathered[b.at(r, j):][:row])
		}
	}
}

// at returns where row r of the pictures stands in block j of its row of blocks.
func (b blocks) at(r, j int) int {
	return ((r/b.p*(b.w/b.p)+j)*b.p + r%b.p) * b.p * b.c
}

// move hands y's gradient on to x, laid out by the other of gather and spread.
func (blocks) move(t *Tape, y, x *Var, lay func(to, from []float32)) {
	if x.fixed {
		return
	}
	if x.Grad == nil {
		to, _ := t.into(x)
		lay(to, y.Grad.Data)
		return
	}
	g := t.memory.Take(len(y.Grad.Data))
	lay(g, y.Grad.Data)
	t.add(x, 1, g)
	t.memory.Give(g)
}
