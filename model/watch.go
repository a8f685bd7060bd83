package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file lets people watch layers at work: what goes in, what comes out, and how one
// number of a convolution comes about.

// ErrWatch reports a site that cannot be watched.
var ErrWatch = errors.New("model: cannot be watched")

// A Site is where a network is watched. All count from 0.
type Site struct {
	Layer int // of Spec.Layers
	Part  int // of Spec.Parts; 0 where the layer is one operation
	Pass  int // of a loop; 0 elsewhere
}

func (s Site) String() string {
	return fmt.Sprintf("layer %d, part %d, pass %d", s.Layer, s.Part, s.Pass)
}

// sourceOf fills the sources of a net with a picture.
func sourceOf(g *net, x *tensor.Tensor) func(i int, p *pane) {
	return func(i int, p *pane) {
		for y := p.Top; y < p.Bottom; y++ {
			source(&g.nodes[i], p.row(y, p.cols()), x, y, p.cols())
		}
	}
}

// A Watched layer is what goes into a convolution, or another layer, and what comes out, in a
// part of a picture.
type Watched struct {
	Kind    string         // as in Spec.Parts
	In, Out *tensor.Tensor // (1, h, w, c): what is there of it
	InAt    Rect           // where that is
	OutAt   Rect
	InAll   Rect // all that there would be
	OutAll  Rect

	layer nn.Layer
	act   nn.Layer
	node  node
	plus  *tensor.Tensor // what is added to the activation, shaped like Out; nil: nothing
}

// Watch returns what a site makes of a picture x (1, H, W, Channels) in a rectangle of its result,
// cut to what there is; an empty one is all of it. What comes out is with the activation, and with
// what is added behind it: a residual, a skip connection, the picture, or what the passes before
// have made of it. What goes into a "missing" is the picture, and into a "memory" the memory before.
// Passes see the whole picture at once, and not in tiles as Look does: of pictures of more than 256
// pixels a side, what is near a tile's edge differs. Neither the picture itself can be watched, nor
// the latent of several passes, for which there is Features: errors wrap ErrWatch, or are ctx's.
func (m *Model) Watch(ctx context.Context, x *tensor.Tensor, level float64, site Site, where Rect) (*Watched, error) {
	_, h, w, _ := x.Dims4()
	ph, pw := padded(h, w, m.Cell())
	g := m.net(ph, pw, float32(level))
	all := g.at(site)
	if len(all) != 1 || len(g.nodes[all[0]].from) == 0 {
		return nil, fmt.Errorf("%w: %v", ErrWatch, site)
	}
	at := all[0]
	n := &g.nodes[at]
	if where.Empty() {
		where = n.all()
	}
	where = where.Intersect(n.all())
	from := n.from[0]
	s := newSheet(g, nn.NewForms(""), true)
	p := g.plan(map[int]Rect{at: where}, nil, func(i int) bool { return i == at || i == from || i == n.plus })
	if err := s.build(ctx, p, sourceOf(g, x), nil); err != nil {
		return nil, err
	}
	v := &Watched{
		Kind: cmp.Or(n.role, n.kind), In: s.panes[from].tensor(), Out: s.panes[at].tensor(),
		InAt: s.panes[from].Rect, OutAt: where, InAll: g.nodes[from].all(), OutAll: n.all(), layer: n.layer, act: n.act, node: *n,
	}
	if n.plus >= 0 {
		all := s.panes[n.plus]
		v.plus = tensor.New(v.Out.Shape...)
		for y := where.Top; y < where.Bottom; y++ {
			copy(v.plus.Data[(y-where.Top)*(where.Right-where.Left)*n.c:], all.row(y, where.cols()))
		}
	}
	return v, nil
}

// tensor returns the numbers of a pane as a picture.
func (p *pane) tensor() *tensor.Tensor {
	return &tensor.Tensor{Shape: []int{1, p.Bottom - p.Top, p.Right - p.Left, p.c}, Data: p.data}
}

// A Tap is one product of a convolution.
type Tap struct {
	Ky, Kx  int // in the kernel
	Y, X    int // in the input; beyond it for zeros of the padding
	Channel int // of the input
	In      float32
	Weight  float32
	Product float32
}

// A Sum is how one number of a convolution comes about: Out is act(ΣProduct + Bias) + Plus.
type Sum struct {
	Taps    []Tap // row by row, then channel by channel
	Sum     float32
	Bias    float32
	Acts    bool    // there is an activation
	Active  float32 // … of both; without one it is both
	Adds    bool    // something is added behind it
	Plus    float32 // … this
	Out     float32 // as it was computed, which agrees within the rounding of the sum
	Inside  int     // how many taps are not in the padding
	Kernel  int     // taps a side
	Stride  int
	Reverse bool // a transposed convolution: of its taps, those that hit
}

// At tells how the number in row y, column x and a channel of the result comes about, which
// is in OutAt. It reports false where the layer is no convolution. Taps in the padding are
// those of a convolution alone, with In 0.
func (v *Watched) At(y, x, channel int) (Sum, bool) {
	n := &v.node
	var w, b *tensor.Tensor
	slope := float32(1)
	switch l := v.layer.(type) {
	case *nn.Conv2D:
		w, b, slope = l.W.Val, l.B.Val, l.Slope
	case *nn.ConvT2D:
		w, b, slope = l.W.Val, l.B.Val, l.Slope
	default:
		return Sum{}, false
	}
	if !v.OutAt.Contains(Rect{y, x, y + 1, x + 1}) || channel < 0 || channel >= n.c {
		panic("model: watch: beyond what is watched")
	}
	s := Sum{Bias: b.Data[channel], Kernel: n.k, Stride: n.stride, Reverse: n.kind == "transposed"}
	_, _, iw, ic := v.In.Dims4()
	for ky := range n.k {
		for kx := range n.k {
			iy, oky := n.tap(y, ky)
			ix, okx := n.tap(x, kx)
			if !oky || !okx {
				continue
			}
			inside := v.InAll.Contains(Rect{iy, ix, iy + 1, ix + 1})
			if !inside && s.Reverse {
				continue
			}
			if inside {
				s.Inside++
			}
			for c := range ic {
				t := Tap{Ky: ky, Kx: kx, Y: iy, X: ix, Channel: c}
				if inside {
					t.In = v.In.Data[((iy-v.InAt.Top)*iw+ix-v.InAt.Left)*ic+c]
				}
				if s.Reverse { // (K, K, Cout, Cin)
					t.Weight = w.Data[((ky*n.k+kx)*n.c+channel)*ic+c]
				} else {
					t.Weight = w.Data[((ky*n.k+kx)*ic+c)*n.c+channel]
				}
				t.Product = t.In * t.Weight
				s.Sum += t.Product
				s.Taps = append(s.Taps, t)
			}
		}
	}
	sum := s.Sum + s.Bias
	if s.Active, s.Acts = sum, slope != 1 || v.act != nil; sum < 0 {
		s.Active = slope * sum
	}
	if v.act != nil {
		one := tensor.New(1, 1, 1, 1)
		one.Data[0] = sum
		s.Active = v.act.Forward(nil, nn.Const(one)).Val.Data[0]
	}
	_, _, ow, _ := v.Out.Dims4()
	at := ((y-v.OutAt.Top)*ow+x-v.OutAt.Left)*n.c + channel
	if s.Out = v.Out.Data[at]; v.plus != nil {
		s.Adds, s.Plus = true, v.plus.Data[at]
	}
	return s, true
}

// tap returns where in the input a tap of a place in the result looks, and whether it hits
// anything at all.
func (n *node) tap(at, k int) (int, bool) {
	pad := (n.k - 1) / 2
	if n.kind == "conv" {
		return at*n.stride - pad + k, true
	}
	from := at + pad - k
	return floor(from, n.stride), from%n.stride == 0
}
