package nn

import (
	"math"
	"math/rand/v2"

	"sieve/model/internal/kernel"
	"sieve/model/tensor"
)

// This file holds what a quantised latent needs: gains, rounding, and what a rounded
// number costs.

// Exp and Log are eˣ and its inverse, the same on every machine.
func Exp(x float32) float32 { return kernel.Exp(x) }

func Log(x float32) float32 { return kernel.Log(x) }

// Between returns the vector (C) between the rows of a table (K, C), of which the first
// stands for 0 and the last for 1: at is where, in [0, 1]. It is linear between two rows.
func Between(t *Tape, table *Var, at float32) *Var {
	k, c := table.Val.Shape[0], table.Val.Shape[1]
	place := float32(at * float32(k-1))
	row := min(int(place), k-2)
	part := place - float32(row)
	y := t.out(c)
	low, high := table.Val.Data[row*c:][:c], table.Val.Data[(row+1)*c:][:c]
	for i := range c {
		y.Val.Data[i] = float32((1-part)*low[i]) + float32(part*high[i])
	}
	push(t, betweenStep{of{y}, table, row, part})
	return y
}

type betweenStep struct {
	of
	table *Var
	row   int
	part  float32
}

func (o *betweenStep) back(t *Tape) {
	g, acc := t.into(o.table)
	if g == nil {
		return
	}
	if !acc {
		clear(g)
	}
	c := len(o.y.Val.Data)
	for i, d := range o.y.Grad.Data {
		g[o.row*c+i] += float32((1 - o.part) * d)
		g[(o.row+1)*c+i] += float32(o.part * d)
	}
}

// Gain returns x (N, H, W, C) with each channel multiplied by e to the power of a·log
// (C).
func Gain(t *Tape, x, log *Var, a float32) *Var {
	y := t.same(x)
	by := t.New(len(log.Val.Data)).Data
	for i, v := range log.Val.Data {
		by[i] = kernel.Exp(float32(a * v))
	}
	for i := 0; i < len(x.Val.Data); i += len(by) {
		kernel.Mul(y.Val.Data[i:i+len(by)], x.Val.Data[i:i+len(by)], by)
	}
	push(t, gainStep{of{y}, x, log, by, a})
	return y
}

type gainStep struct {
	of
	x, log *Var
	by     []float32
	a      float32
}

func (o *gainStep) back(t *Tape) {
	dy, c := o.y.Grad.Data, len(o.by)
	if g, acc := t.into(o.log); g != nil {
		if !acc {
			clear(g)
		}
		for i, d := range dy {
			g[i%c] += float32(float32(o.a*d) * o.y.Val.Data[i])
		}
	}
	for i := 0; i < len(dy); i += c {
		kernel.Mul(dy[i:i+c], dy[i:i+c], o.by)
	}
	t.hand(o.y, o.x)
}

// Shift returns x (N, H, W, C) with the channels from first on of a vector added.
func Shift(t *Tape, x, by *Var, first int) *Var {
	y := t.same(x)
	_, _, _, c := x.Val.Dims4()
	n := len(by.Val.Data)
	copy(y.Val.Data, x.Val.Data)
	for i := first; i < len(x.Val.Data); i += c {
		kernel.Axpy(1, by.Val.Data, y.Val.Data[i:i+n])
	}
	push(t, shiftStep{of{y}, x, by, first})
	return y
}

type shiftStep struct {
	of
	x, by *Var
	first int
}

func (o *shiftStep) back(t *Tape) {
	dy := o.y.Grad.Data
	_, _, _, c := o.y.Val.Dims4()
	if g, acc := t.into(o.by); g != nil {
		if !acc {
			clear(g)
		}
		for i := o.first; i < len(dy); i += c {
			kernel.Axpy(1, dy[i:i+len(g)], g)
		}
	}
	t.hand(o.y, o.x)
}

// Corner returns the first h rows and w columns of x, and so many channels from first
// on.
func Corner(t *Tape, x *Var, h, w, first, channels int) *Var {
	n, _, _, _ := x.Val.Dims4()
	y := t.out(n, h, w, channels)
	o := cornerStep{of{y}, x, first}
	o.each(func(small, large int) { copy(y.Val.Data[small:small+channels], x.Val.Data[large:large+channels]) })
	push(t, o)
	return y
}

type cornerStep struct {
	of
	x     *Var
	first int
}

// each calls f with where a pixel begins in the result, and in x.
func (o *cornerStep) each(f func(small, large int)) {
	n, h, w, c := o.y.Val.Dims4()
	_, height, width, channels := o.x.Val.Dims4()
	for i := range n * h * w {
		f(i*c, ((i/(h*w)*height+i/w%h)*width+i%w)*channels+o.first)
	}
}

func (o *cornerStep) back(t *Tape) {
	g, acc := t.into(o.x)
	if g == nil {
		return
	}
	if !acc {
		clear(g)
	}
	_, _, _, c := o.y.Val.Dims4()
	o.each(func(small, large int) { kernel.Axpy(1, o.y.Grad.Data[small:small+c], g[large:large+c]) })
}

// Beside returns the channels of x and behind them those of y, of the same pictures. A nil
// x has none.
func Beside(t *Tape, x, y *Var) *Var {
	if x == nil {
		return y
	}
	n, h, w, a := x.Val.Dims4()
	_, _, _, b := y.Val.Dims4()
	z := t.out(n, h, w, a+b)
	for i := range n * h * w {
		copy(z.Val.Data[i*(a+b):], x.Val.Data[i*a:(i+1)*a])
		copy(z.Val.Data[i*(a+b)+a:], y.Val.Data[i*b:(i+1)*b])
	}
	push(t, besideStep{of{z}, x, y})
	return z
}

type besideStep struct {
	of
	left, right *Var
}

func (o *besideStep) back(t *Tape) {
	dz, all := o.y.Grad.Data, o.y.Val.Shape[3]
	first := 0
	for _, v := range []*Var{o.left, o.right} {
		c := v.Val.Shape[3]
		if g, acc := t.into(v); g != nil {
			if !acc {
				clear(g)
			}
			for i := 0; i < len(g); i += c {
				kernel.Axpy(1, dz[i/c*all+first:][:c], g[i:i+c])
			}
		}
		first += c
	}
}

// Mask returns x (N, H, W, C) with a channel that is 0. It leaves no step.
func Mask(t *Tape, x *Var, channel int) *Var {
	y := t.same(x)
	copy(y.Val.Data, x.Val.Data)
	for i := channel; i < len(y.Val.Data); i += x.Val.Shape[3] {
		y.Val.Data[i] = 0
	}
	return y
}

// Checker returns x where row and column add up to an even number, and y elsewhere: the
// two colours of a checkerboard. A nil y is 0.
func Checker(t *Tape, x, y *Var) *Var {
	z := t.same(x)
	_, h, w, c := x.Val.Dims4()
	for i := 0; i < len(z.Val.Data); i += c {
		if Even(i/c%(h*w), w) {
			copy(z.Val.Data[i:i+c], x.Val.Data[i:])
		} else if y != nil {
			copy(z.Val.Data[i:i+c], y.Val.Data[i:])
		} else {
			clear(z.Val.Data[i : i+c])
		}
	}
	push(t, checkerStep{of{z}, x, y})
	return z
}

// Even reports whether row and column of the i-th cell of a picture of w columns add up to
// an even number.
func Even(i, w int) bool { return (i/w+i%w)%2 == 0 }

type checkerStep struct {
	of
	even, odd *Var
}

func (o *checkerStep) back(t *Tape) {
	_, h, w, c := o.y.Val.Dims4()
	for k, v := range []*Var{o.even, o.odd} {
		if v == nil {
			continue
		}
		g, acc := t.into(v)
		if g == nil {
			continue
		}
		if !acc {
			clear(g)
		}
		for i := 0; i < len(g); i += c {
			if Even(i/c%(h*w), w) == (k == 0) {
				kernel.Axpy(1, o.y.Grad.Data[i:i+c], g[i:i+c])
			}
		}
	}
}

// Levels returns x cut to what is between least and most, and rounded to multiples of
// step: what an integer of few bits can hold. The gradient passes where x is between.
// Bengio et al., arXiv:1308.3432.
func Levels(t *Tape, x *Var, step, least, most float32) *Var {
	y := t.same(x)
	for i, v := range x.Val.Data {
		y.Val.Data[i] = nearest(min(max(v, least), most)/step) * step
	}
	push(t, levelsStep{of{y}, x, least, most})
	return y
}

type levelsStep struct {
	of
	x           *Var
	least, most float32
}

func (o *levelsStep) back(t *Tape) {
	for i, v := range o.x.Val.Data {
		if v < o.least || v > o.most {
			o.y.Grad.Data[i] = 0
		}
	}
	t.hand(o.y, o.x)
}

// nearest returns the nearest whole number.
func nearest(v float32) float32 { return float32(math.RoundToEven(float64(v))) }

// Rounded returns x with its distance from mean rounded to a whole number. A nil mean is
// 0. The gradient passes to x as if nothing had been done. Minnen and Singh,
// arXiv:2007.08739, section 3.3.
func Rounded(t *Tape, x, mean *Var) *Var {
	y := t.same(x)
	for i, v := range x.Val.Data {
		if mean == nil {
			y.Val.Data[i] = nearest(v)
		} else {
			m := mean.Val.Data[i]
			y.Val.Data[i] = nearest(v-m) + m
		}
	}
	push(t, roundedStep{of{y}, x})
	return y
}

type roundedStep struct {
	of
	x *Var
}

func (o *roundedStep) back(t *Tape) { t.hand(o.y, o.x) }

// Annealed returns x with its distance from mean between the two nearest whole numbers,
// the nearer to one the lower the temperature: by stochastic Gumbel annealing (Yang,
// Bamler and Mandt, arXiv:2006.04240, section 3.2), with its chance from rng. The gradient
// passes to x alone.
func Annealed(t *Tape, x, mean *Var, temperature float32, rng *rand.Rand) *Var {
	y, slope := t.same(x), t.New(x.Val.Shape...).Data
	gumbel := func() float32 { return -kernel.Log(-kernel.Log(max(rng.Float32(), 1e-20)) + 1e-20) }
	atanh := func(a float32) float32 { return (kernel.Log(1+a) - kernel.Log(1-a)) / 2 }
	for i, v := range x.Val.Data {
		m := mean.Val.Data[i]
		v -= m
		low := float32(math.Floor(float64(v)))
		a := min(max(v-low, 1e-3), 1-1e-3)
		odds := (atanh(a) - atanh(1-a)) / temperature // of the higher one
		w := 1 / (1 + kernel.Exp((gumbel()-gumbel()-odds)/temperature))
		y.Val.Data[i] = low + w + m
		slope[i] = w * (1 - w) / (temperature * temperature) * (1/(1-float32(a*a)) + 1/(1-float32((1-a)*(1-a))))
	}
	push(t, annealedStep{of{y}, x, slope})
	return y
}

type annealedStep struct {
	of
	x     *Var
	slope []float32
}

func (o *annealedStep) back(t *Tape) {
	dy := o.y.Grad.Data
	kernel.Mul(dy, dy, o.slope)
	t.hand(o.y, o.x)
}

const (
	escape    = 16   // nats that the escape of a table takes, and the number behind it: 23 bits
	leastPull = 0.05 // of a gradient, on what is beyond
)

// LogisticBits returns what the numbers x cost, in bits for each of so many pixels, when
// whole numbers are coded under a logistic distribution of that mean and that logarithm of its scale:
// -log₂ of the mass of the unit interval around each. A nil mean is 0; log has the size
// of x or is one number a channel, and is bounded by low and high. noise is added to x,
// as uniform noise stands in for rounding (Ballé et al., arXiv:1611.01704, eq. 6). A
// number that is hardly possible costs what an escape does, and no more; its gradient
// becomes small and not nothing, so that it is not left where it is.
func LogisticBits(t *Tape, x, mean, log *Var, noise *tensor.Tensor, low, high, pixels float32) *Var {
	y := t.out(1)
	slope, spread := t.New(x.Val.Shape...).Data, t.New(x.Val.Shape...).Data
	scales := len(log.Val.Data)
	var nats float64
	for i, v := range x.Val.Data {
		if noise != nil {
			v += noise.Data[i]
		}
		if mean != nil {
			v -= mean.Val.Data[i]
		}
		l := log.Val.Data[i%scales]
		var cost float32
		cost, slope[i], spread[i] = LogisticCost(v, min(max(l, low), high))
		if cost > escape/2 {
			over := cost - escape
			e := kernel.Exp(-max(over, -over))
			part := 1 / (1 + e)
			if over > 0 {
				part = e / (1 + e)
			}
			part = max(part, leastPull)
			cost, slope[i], spread[i] = min(cost, escape)-kernel.Log(1+e), float32(part*slope[i]), float32(part*spread[i])
		}
		nats += float64(cost)
		if l < low && spread[i] > 0 || l > high && spread[i] < 0 {
			spread[i] = 0 // it would move further beyond
		}
	}
	bits := 1 / (math.Ln2 * float64(pixels))
	y.Val.Data[0] = float32(nats * bits)
	push(t, bitsStep{of{y}, x, mean, log, slope, spread, bits})
	return y
}

// LogisticCost returns -ln of the mass of the unit interval around v, with the scale
// eˡ, and its derivatives by v and l. With u = e⁻ˡ, a = (|v|-½)u and b = -(|v|+½)u
// the mass is σ(-a)·σ(-b)·(1-e⁻ᵘ), in which nothing cancels.
func LogisticCost(v, l float32) (nats, slope, spread float32) {
	u := kernel.Exp(-l)
	size := max(v, -v)
	a, b := float32((size-0.5)*u), float32(-(size+0.5)*u)
	ea, eb, eu := kernel.Exp(-max(a, -a)), kernel.Exp(b), kernel.Exp(-u)
	nats = max(a, 0) + kernel.Log((1+ea)*(1+eb)/(1-eu))
	sa, sb := 1/(1+ea), eb/(1+eb)
	if a < 0 {
		sa = ea / (1 + ea)
	}
	slope = u * (sa - sb)
	if v < 0 {
		slope = -slope
	}
	return nats, slope, float32(u*eu/(1-eu)) - float32(sa*a) - float32(sb*b)
}

type bitsStep struct {
	of
	x, mean, log  *Var
	slope, spread []float32
	bits          float64 // a nat
}

func (o *bitsStep) back(t *Tape) {
	g := float32(float64(o.y.Grad.Data[0]) * o.bits)
	t.add(o.x, g, o.slope)
	if o.mean != nil {
		t.add(o.mean, -g, o.slope)
	}
	if to, acc := t.into(o.log); to != nil {
		if !acc {
			clear(to)
		}
		for i, v := range o.spread {
			to[i%len(to)] += float32(g * v)
		}
	}
}
