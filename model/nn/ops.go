package nn

import (
	"fmt"

	"sieve/model/internal/kernel"
	"sieve/model/tensor"
)

// LeakyReLU returns x where it is positive and slope·x elsewhere.
func LeakyReLU(t *Tape, x *Var, slope float32) *Var {
	y := t.same(x)
	kernel.ReLU(y.Val.Data, x.Val.Data, slope)
	t.push(func() {
		if x.Grad != nil {
			kernel.ReLUGrad(x.Grad.Data, y.Grad.Data, y.Val.Data, slope)
		}
	})
	return y
}

// ReLU returns max(x, 0).
func ReLU(t *Tape, x *Var) *Var { return LeakyReLU(t, x, 0) }

// Sigmoid returns 1/(1+e⁻ˣ).
func Sigmoid(t *Tape, x *Var) *Var {
	y := t.same(x)
	kernel.Sigmoid(y.Val.Data, x.Val.Data)
	t.push(func() {
		each(x, func(i int) float32 { return y.Grad.Data[i] * (y.Val.Data[i] * (1 - y.Val.Data[i])) })
	})
	return y
}

// Tanh returns the hyperbolic tangent of x.
func Tanh(t *Tape, x *Var) *Var {
	y := t.same(x)
	kernel.Tanh(y.Val.Data, x.Val.Data)
	t.push(func() {
		each(x, func(i int) float32 { return y.Grad.Data[i] * (1 - float32(y.Val.Data[i]*y.Val.Data[i])) })
	})
	return y
}

// SiLU returns x·sigmoid(x). Elfwing et al., arXiv:1702.03118.
func SiLU(t *Tape, x *Var) *Var {
	s, y := t.same(x), t.same(x)
	kernel.Sigmoid(s.Val.Data, x.Val.Data)
	for i, v := range x.Val.Data {
		y.Val.Data[i] = v * s.Val.Data[i]
	}
	t.push(func() {
		each(x, func(i int) float32 {
			p := s.Val.Data[i]
			return y.Grad.Data[i] * (p * (1 + float32(x.Val.Data[i]*(1-p))))
		})
	})
	t.done(s)
	return y
}

// each adds f(i) to every element of x's gradient, if it has one.
func each(x *Var, f func(i int) float32) {
	if x.Grad == nil {
		return
	}
	for i := range x.Grad.Data {
		x.Grad.Data[i] += f(i)
	}
}

// Add returns x + y.
func Add(t *Tape, x, y *Var) *Var { return AddScaled(t, x, 1, y) }

// AddScaled returns x + a·y for equal shapes.
func AddScaled(t *Tape, x *Var, a float32, y *Var) *Var {
	z := t.same(x)
	copy(z.Val.Data, x.Val.Data)
	kernel.Axpy(a, y.Val.Data, z.Val.Data)
	t.push(func() {
		if x.Grad != nil {
			kernel.Axpy(1, z.Grad.Data, x.Grad.Data)
		}
		if y.Grad != nil {
			kernel.Axpy(a, z.Grad.Data, y.Grad.Data)
		}
	})
	return z
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
	t.push(func() {
		if x.Grad == nil {
			return
		}
		for r := range n * h {
			dst := x.Grad.Data[r*w*c : (r+1)*w*c]
			for half := range 2 {
				src := y.Grad.Data[(2*r+half)*2*w*c:]
				for i := range w {
					kernel.Axpy(1, src[2*i*c:(2*i+1)*c], dst[i*c:(i+1)*c])
					kernel.Axpy(1, src[(2*i+1)*c:(2*i+2)*c], dst[i*c:(i+1)*c])
				}
			}
		}
	})
	return y
}

// Unshuffle gathers p×p neighbours into channels: (N, H, W, C) becomes
// (N, H/p, W/p, p·p·C), row by row. H and W are multiples of p.
func Unshuffle(t *Tape, x *Var, p int) *Var {
	n, h, w, c := x.Val.Dims4()
	if h%p != 0 || w%p != 0 {
		panic(fmt.Sprintf("nn: cannot gather %d×%d blocks of a %d×%d picture", p, p, w, h))
	}
	y := t.out(n, h/p, w/p, p*p*c)
	blocks(p, x.Val, y.Val, func(pix, block []float32) { copy(block, pix) })
	t.push(func() {
		if x.Grad != nil {
			blocks(p, x.Grad, y.Grad, func(pix, block []float32) { kernel.Axpy(1, block, pix) })
		}
	})
	return y
}

// Shuffle spreads channels over p×p neighbours, the inverse of Unshuffle.
func Shuffle(t *Tape, x *Var, p int) *Var {
	n, h, w, c := x.Val.Dims4()
	if c%(p*p) != 0 {
		panic(fmt.Sprintf("nn: cannot spread %d channels over %d×%d blocks", c, p, p))
	}
	y := t.out(n, h*p, w*p, c/(p*p))
	blocks(p, y.Val, x.Val, func(pix, block []float32) { copy(pix, block) })
	t.push(func() {
		if x.Grad != nil {
			blocks(p, y.Grad, x.Grad, func(pix, block []float32) { kernel.Axpy(1, pix, block) })
		}
	})
	return y
}

// blocks visits the rows of every p×p block of a picture beside their place in
// the gathered tensor.
func blocks(p int, picture, gathered *tensor.Tensor, visit func(pix, block []float32)) {
	n, h, w, c := picture.Dims4()
	row := p * c
	for r := range n * h {
		for j := range w / p {
			at := ((r/p*(w/p)+j)*p + r%p) * row
			visit(picture.Data[(r*w+j*p)*c:][:row], gathered.Data[at:][:row])
		}
	}
}
