package model

import (
	"context"
	"slices"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file measures what the channels of a latent are good for.

const (
	// worthPixels is the side of the windows in which channels are judged, and worthWindows
	// how many there are at most: pictures that have no more pixels are judged as a whole.
	worthPixels  = 64
	worthWindows = 4
)

// Worth returns the mean squared error of the opened picture for each channel of its latent, when that
// is 0 and nothing else is changed. want is the picture that is right, such as the
// clean one, and errors are what is lost of it; nil is what the model makes of it: then errors are what
// the channel alone says, 0 for one that nothing rests on, and do not depend on how good the model
// is. Pictures of more pixels than windows have are judged in these, four of 64 × 64 in the
// middles of the quarters of the picture. each is told of every error as it is found, in order; it
// may be nil. The only error is ctx's, with the errors of the channels so far.
func (o *Opened) Worth(ctx context.Context, want *tensor.Tensor, each func(channel int, loss float64)) ([]float64, error) {
	forms := nn.NewForms("")
	var trials []*trial
	for _, r := range judged(o.x.Shape[1], o.x.Shape[2]) {
		t, err := newTrial(ctx, o.net, forms, o.x, want, o.z, r)
		if err != nil {
			return nil, err
		}
		trials = append(trials, t)
	}
	var all []float64
	for channel := range o.z.Shape[3] {
		var sum float64
		n := 0
		for _, t := range trials {
			lost, err := t.without(ctx, channel)
			if err != nil {
				return all, err
			}
			sum += lost
			n += len(t.right)
		}
		all = append(all, sum/float64(n))
		if each != nil {
			each(channel, all[channel])
		}
	}
	return all, ctx.Err()
}

// A trial is a window of a picture that is decoded without one channel after the other. What of
// the encoder it takes is computed once.
type trial struct {
	*sheet
	z       *tensor.Tensor
	depends []bool // nodes that depend on the latent
	right   []float32
}

func newTrial(ctx context.Context, g *net, forms *nn.Forms, x, want, z *tensor.Tensor, r Rect) (*trial, error) {
	there := g.decoding()
	keeps, depends := g.follows(there)
	t := &trial{newSheet(g, forms, false), z, depends, nil}
	p := g.plan(map[int]Rect{g.out: r}, there, func(i int) bool { return keeps[i] })
	source := sourceOf(g, x)
	err := t.build(ctx, p, func(i int, p *pane) {
		if there.has(i) {
			t.fillLatent(i, -1)
		} else {
			source(i, p)
		}
	}, nil)
	if t.right = slices.Clone(t.panes[g.out].data); want != nil {
		t.right = cutOut(want, r.Top, r.Left, r.Bottom-r.Top, r.Right-r.Left).Data
	}
	return t, err
}

// without returns the sum of squared errors when a channel is 0.
func (t *trial) without(ctx context.Context, channel int) (sum float64, err error) {
	for i := range t.net.nodes {
		switch r := t.panes[i].Rect; {
		case r.Empty() || !t.depends[i]:
		case t.net.nodes[i].kind == "latent":
			t.fillLatent(i, channel)
		default:
			if err := t.fill(ctx, i, r); err != nil {
				return 0, err
			}
		}
	}
	for i, v := range t.panes[t.net.out].data {
		d := float64(v - t.right[i])
		sum += float64(d * d)
	}
	return sum, nil
}

// fillLatent fills a latent, but for a channel, counted through all passes.
func (t *trial) fillLatent(i, off int) {
	n, p := &t.net.nodes[i], &t.panes[i]
	_, _, w, c := t.z.Dims4()
	for y := p.Top; y < p.Bottom; y++ {
		for x := p.Left; x < p.Right; x++ {
			to := p.row(y, span{x, x + 1})
			copy(to, t.z.Data[(y*w+x)*c+n.first:])
			if k := off - n.first; k >= 0 && k < n.c {
				to[k] = 0
			}
		}
	}
}

// judged returns the windows in which channels are judged.
func judged(h, w int) []Rect {
	if h*w <= worthWindows*worthPixels*worthPixels {
		return []Rect{{0, 0, h, w}}
	}
	var all []Rect
	for k := range worthWindows {
		top := span{h * (k / 2) / 2, h * (k/2 + 1) / 2}
		left := span{w * (k % 2) / 2, w * (k%2 + 1) / 2}
		all = append(all, rectOf(middleOf(top, worthPixels), middleOf(left, worthPixels)))
	}
	return all
}

// middleOf returns the middle of a span, at most n long.
func middleOf(s span, n int) span {
	n = min(n, s.length())
	first := s.first + (s.length()-n)/2
	return span{first, first + n}
}
