package nn

import (
	"sieve/model/internal/kernel"
	"sieve/model/tensor"
)

// This file holds the loss that compares structure.

// Constants of Wang et al. 2004, for numbers between 0 and 1.
const (
	ssimTaps  = 11
	ssimSigma = 1.5
	ssimC1    = 0.01 * 0.01
	ssimC2    = 0.03 * 0.03
)

// SSIM returns 1 less the mean structural similarity of x (N, H, W, C) and want: 0 where
// they are equal. Windows are Gaussian, of 11 pixels a side or the largest odd number that fits,
// and lie within the picture. Wang et al., IEEE Trans. Image Processing 13(4), 2004, eq. 13.
func SSIM(t *Tape, x *Var, want *tensor.Tensor) *Var {
	n, h, w, c := x.Val.Dims4()
	k := windows{window(t, h), window(t, w)}
	size := n * (h - len(k.down) + 1) * (w - len(k.across) + 1) * c
	blurred := func(a, b []float32) []float32 {
		product := t.New(n, h, w, c).Data
		if b == nil {
			copy(product, a)
		} else {
			kernel.Mul(product, a, b)
		}
		return k.blur(t, product, n, h, w, c)
	}
	a, b := x.Val.Data, want.Data
	mx, my := blurred(a, nil), blurred(b, nil)
	xx, yy, xy := blurred(a, a), blurred(b, b), blurred(a, b)
	y := t.out(1)
	o := ssimStep{of: of{y}, x: x, want: want, windows: k, mean: mx, square: xx, product: xy}
	var sum float64
	for i := range size {
		both := float32(mx[i] * my[i])
		ax, ay := float32(mx[i]*mx[i]), float32(my[i]*my[i])
		a1, a2 := 2*both+ssimC1, 2*(xy[i]-both)+ssimC2
		b1, b2 := ax+ay+ssimC1, xx[i]-ax+yy[i]-ay+ssimC2
		s := a1 / b1 * (a2 / b2)
		sum += float64(s)
		// What is kept are the derivatives by the three blurred pictures.
		o.square[i] = -s / b2
		o.product[i] = 2 * a1 / (b1 * b2)
		o.mean[i] = 2*my[i]*(a2-a1)/(b1*b2) + float32(2*mx[i]*(s/b2-s/b1))
	}
	y.Val.Data[0] = float32(1 - sum/float64(size))
	push(t, o)
	return y
}

type ssimStep struct {
	of
	x    *Var
	want *tensor.Tensor
	windows
	mean, square, product []float32
}

func (o *ssimStep) back(t *Tape) {
	n, h, w, c := o.x.Val.Dims4()
	back := func(d []float32) []float32 { return o.spread(t, d, n, h, w, c) }
	mean, square, product := back(o.mean), back(o.square), back(o.product)
	g := -o.y.Grad.Data[0] / float32(len(o.mean))
	t.each(o.x, func(i int) float32 {
		return g * (mean[i] + float32(2*o.x.Val.Data[i]*square[i]) + float32(o.want.Data[i]*product[i]))
	})
}

// Windows are the weights of a Gaussian along columns and along rows.
type windows struct{ down, across []float32 }

// window returns the weights for a side of so many pixels, which add up to 1.
func window(t *Tape, side int) []float32 {
	k, sum := t.New(min(ssimTaps, side-1+side%2)).Data, float32(0)
	for i := range k {
		d := float32(i-len(k)/2) / ssimSigma
		k[i] = kernel.Exp(-d * d / 2)
		sum += k[i]
	}
	for i := range k {
		k[i] /= sum
	}
	return k
}

// blur returns pictures (n, h, w, c) under the windows, where these lie within them.
func (k windows) blur(t *Tape, x []float32, n, h, w, c int) []float32 {
	return k.columns(t, k.rows(t, x, n*h, w, c, false), n, h, (w-len(k.across)+1)*c, false)
}

// spread is the adjoint of blur.
func (k windows) spread(t *Tape, y []float32, n, h, w, c int) []float32 {
	return k.rows(t, k.columns(t, y, n, h, (w-len(k.across)+1)*c, true), n*h, w, c, true)
}

// rows slides the window along n rows of w pixels, or does the adjoint of that.
func (k windows) rows(t *Tape, from []float32, n, w, c int, adjoint bool) []float32 {
	in, out := w*c, (w-len(k.across)+1)*c
	if adjoint {
		in, out = out, in
	}
	to := t.New(n, out).Data
	for r := range n {
		for j, v := range k.across {
			if adjoint {
				kernel.Axpy(v, from[r*in:][:in], to[r*out+j*c:][:in])
			} else {
				kernel.Axpy(v, from[r*in+j*c:][:out], to[r*out:][:out])
			}
		}
	}
	return to
}

// columns slides the window along the columns of n pictures of h rows of so many numbers,
// or does the adjoint of that.
func (k windows) columns(t *Tape, from []float32, n, h, row int, adjoint bool) []float32 {
	valid := h - len(k.down) + 1
	in, out := h, valid
	if adjoint {
		in, out = out, in
	}
	to := t.New(n, out, row).Data
	for b := range n {
		for r := range valid {
			for j, v := range k.down {
				a, z := b*in+r+j, b*out+r
				if adjoint {
					a, z = b*in+r, b*out+r+j
				}
				kernel.Axpy(v, from[a*row:][:row], to[z*row:][:row])
			}
		}
	}
	return to
}
