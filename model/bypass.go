package model

import (
	"context"

	"sieve/model/tensor"
)

// This file takes apart what a decoder sees of a picture: the latent, and what goes past it.

// A Bypass is what goes past the latent of one picture, all that a decoder sees but the latent: what each skip
// connection carries, from the largest size on, and the picture itself where the model adds to it. Of a model
// that Generates it is empty.
type Bypass struct {
	Skips   []*tensor.Tensor // (1, h, w, c), of the picture up to a multiple of Cell
	Picture *tensor.Tensor   // (1, H, W, Channels); nil where nothing is added to it
}

// tensors are all that is in b.
func (b *Bypass) tensors() []*tensor.Tensor {
	if b.Picture == nil {
		return b.Skips
	}
	return append(b.Skips[:len(b.Skips):len(b.Skips)], b.Picture)
}

// Times returns so much of b.
func (b *Bypass) Times(share float32) *Bypass {
	out := &Bypass{}
	for _, x := range b.Skips {
		out.Skips = append(out.Skips, tensor.New(x.Shape...))
	}
	if b.Picture != nil {
		out.Picture = tensor.New(b.Picture.Shape...)
	}
	out.Add(share, b)
	return out
}

// Add adds so much of what goes past the latent of another picture of the same size.
func (b *Bypass) Add(share float32, o *Bypass) {
	from := o.tensors()
	for k, to := range b.tensors() {
		for i, v := range from[k].Data {
			to.Data[i] += float32(share * v)
		}
	}
}

// Encode returns all that the decoder sees of one picture x (1, H, W, Channels): the latent, as Features has it, and what
// goes past that. The only error is ctx's.
func (m *Model) Encode(ctx context.Context, x *tensor.Tensor, level float64, report Report) (*tensor.Tensor, *Bypass, error) {
	_, h, w, _ := x.Dims4()
	p, b, z := m.pictures(x), &Bypass{}, m.room(x)
	ph, pw := padded(h, w, m.Cell())
	g := layOut(m.Spec, nil, ph, pw, 0)
	for _, i := range g.kept() {
		n := g.nodes[i]
		skip := tensor.New(1, n.h, n.w, n.c)
		b.Skips, p.legs = append(b.Skips, skip), append(p.legs, rows(skip))
	}
	if m.Spec.Output == "residual" {
		b.Picture = x
	}
	return z, b, m.pass(ctx, p, level, rows(z), nil, report)
}

// Decode returns the picture (1, h, w, Channels) of a latent and what goes past it. Of those that Encode has made of a
// picture it is Reconstruct's, to the bit where no strips are cut. The only error is ctx's.
func (m *Model) Decode(ctx context.Context, z *tensor.Tensor, b *Bypass, h, w int, report Report) (*tensor.Tensor, error) {
	if m.Generates() {
		return m.Generate(ctx, z, h, w, report)
	}
	_, zh, zw, _ := z.Dims4()
	cell := m.Cell()
	y := tensor.New(1, h, w, m.Spec.Channels)
	_, plan := m.Spec.plan()
	margin := (reach(plan, cell) + cell - 1) / cell
	return y, strips(ctx, m.forms(), area{1, zh, zw, cell}, margin, report, func(s *strip) {
		type source struct {
			to   *belt
			from *tensor.Tensor
		}
		var all []source
		add := func(from *tensor.Tensor, unit int) *belt {
			b := s.belt(zh*unit, s.out.length()*unit, from.Shape[3])
			all = append(all, source{b, from})
			return b
		}
		code := add(z, 1)
		var kept []*belt
		for _, skip := range b.Skips {
			kept = append(kept, add(skip, skip.Shape[1]/zh))
		}
		var seen *belt
		if b.Picture != nil {
			seen = add(b.Picture, cell)
		}
		out, _ := s.legs(m.Spec, plan, m.dec, code, kept)
		s.keep(m.finish(s, out, seen), rows(y), h, w)
		s.flow(ctx, func(first, end int) {
			for _, a := range all {
				fillBelt(a.to, a.from, s.out.first*(a.to.height/zh), first*(a.to.height/zh), end*(a.to.height/zh))
			}
		})
	})
}

// fillBelt puts rows of a picture on a belt, from a column on; 0 where there is no picture.
func fillBelt(to *belt, from *tensor.Tensor, left, first, end int) {
	_, h, w, c := from.Dims4()
	to.reserve(end)
	for r := first; r < end; r++ {
		row := to.at(r, r+1)
		n := 0
		if r < h {
			n = copy(row, from.Data[(r*w+left)*c:(r+1)*w*c])
		}
		clear(row[n:])
	}
	to.grown(end)
}

// A Part is a picture of which so much goes past a latent.
type Part struct {
	X     *tensor.Tensor // (1, H, W, Channels)
	Level float64        // as for Features
	Share float32
}

// morphSide is how many pixels a side Morph works on at a time, beside what these depend on.
var morphSide = 1024

// Morph returns the picture of a latent z and what goes past those of several pictures of one size: within the rounding of
// float32 what Decode makes of z and the sum of their Bypasses, but it holds no more of these than some pixels'.
// The only error is ctx's.
func (m *Model) Morph(ctx context.Context, z *tensor.Tensor, of []Part, report Report) (*tensor.Tensor, error) {
	_, h, w, _ := of[0].X.Dims4()
	_, zh, zw, _ := z.Dims4()
	cell, margin, side := m.Cell(), m.margin(true), max(1, morphSide/m.Cell())
	y := tensor.New(of[0].X.Shape...)
	var all []Rect // in cells
	for top := 0; top < zh; top += side {
		for left := 0; left < zw; left += side {
			all = append(all, Rect{top, left, min(top+side, zh), min(left+side, zw)})
		}
	}
	for k, r := range all {
		seen := Rect{max(0, r.Top-margin), max(0, r.Left-margin), min(zh, r.Bottom+margin), min(zw, r.Right+margin)}
		px := Rect{seen.Top * cell, seen.Left * cell, min(h, seen.Bottom*cell), min(w, seen.Right*cell)}
		var sum *Bypass
		for i, p := range of {
			_, b, err := m.Encode(ctx, cutOut(p.X, px.Top, px.Left, px.Bottom-px.Top, px.Right-px.Left), p.Level, nil)
			if err != nil {
				return nil, err
			}
			if sum == nil {
				sum = b.Times(p.Share)
			} else {
				sum.Add(p.Share, b)
			}
			if report != nil {
				report(k*(len(of)+1)+i+1, len(all)*(len(of)+1))
			}
		}
		part, err := m.Decode(ctx, cutOut(z, seen.Top, seen.Left, seen.Bottom-seen.Top, seen.Right-seen.Left), sum, px.Bottom-px.Top, px.Right-px.Left, nil)
		if err != nil {
			return nil, err
		}
		_, _, pw, c := part.Dims4()
		left, right := r.Left*cell, min(w, r.Right*cell)
		for row := r.Top * cell; row < min(h, r.Bottom*cell); row++ {
			copy(y.Data[(row*w+left)*c:(row*w+right)*c], part.Data[((row-px.Top)*pw+left-px.Left)*c:])
		}
		if report != nil {
			report((k+1)*(len(of)+1), len(all)*(len(of)+1))
		}
	}
	return y, nil
}
