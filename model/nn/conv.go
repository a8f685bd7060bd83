package nn

import (
	"fmt"

	"sieve/model/internal/kernel"
)

// convShape returns the shape of the convolution of pictures (n, h, w, ·) with
// weights (k, k, Cin, Cout).
func convShape(n, h, w int, weights *Var, stride int) kernel.Conv {
	k, _, in, out := weights.Val.Dims4()
	return kernel.Conv{N: n, H: h, W: w, Cin: in, Cout: out, K: k, Stride: stride}
}

// Conv returns the convolution of x (N, H, W, Cin) with w (K, K, Cin, Cout) plus
// b (Cout), zero-padded: (N, ⌈H/stride⌉, ⌈W/stride⌉, Cout). It is the
// cross-correlation that every framework calls convolution.
func Conv(t *Tape, x, w, b *Var, stride int) *Var {
	n, h, wd, c := x.Val.Dims4()
	s := convShape(n, h, wd, w, stride)
	if c != s.Cin {
		panic(fmt.Sprintf("nn: convolution of %d channels got %d", s.Cin, c))
	}
	ho, wo := s.Out()
	y := t.out(n, ho, wo, s.Cout)
	s.Forward(t.work(), y.Val.Data, x.Val.Data, w.Val.Data, b.Val.Data, false)
	t.push(func() {
		kernel.ColumnSums(b.Grad.Data, y.Grad.Data)
		s.BackwardWeights(t.work(), w.Grad.Data, x.Val.Data, y.Grad.Data)
		if x.Grad != nil {
			s.BackwardData(t.work(), x.Grad.Data, y.Grad.Data, w.Val.Data, nil, true)
		}
	})
	return y
}

// ConvT returns the transposed convolution of x (N, H, W, Cin) with
// w (K, K, Cout, Cin) plus b (Cout): (N, H·stride, W·stride, Cout), the adjoint
// of Conv with the same weights.
func ConvT(t *Tape, x, w, b *Var, stride int) *Var {
	n, h, wd, c := x.Val.Dims4()
	s := convShape(n, h*stride, wd*stride, w, stride)
	if c != s.Cout {
		panic(fmt.Sprintf("nn: transposed convolution of %d channels got %d", s.Cout, c))
	}
	y := t.out(n, s.H, s.W, s.Cin)
	s.BackwardData(t.work(), y.Val.Data, x.Val.Data, w.Val.Data, b.Val.Data, false)
	t.push(func() {
		kernel.ColumnSums(b.Grad.Data, y.Grad.Data)
		s.BackwardWeights(t.work(), w.Grad.Data, y.Grad.Data, x.Val.Data)
		if x.Grad != nil {
			s.Forward(t.work(), x.Grad.Data, y.Grad.Data, w.Val.Data, nil, true)
		}
	})
	return y
}
