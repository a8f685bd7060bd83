package model

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file finds what excites the channels of a layer.

// A Peak is where a channel of a layer has a large number.
type Peak struct {
	Picture int // in the order of the stream, from 0
	Y, X    int // in the result of the layer
	Value   float32
	Seen    Rect // the pixels that it depends on
}

// excitedPixels is how many pixels are looked at at once, about.
const excitedPixels = 512 * 512

// Excite goes through pictures and returns, for each channel of what a site makes of them, its
// activation included, the count places where it is greatest, the greatest first, and at most one a
// picture. The channels of a recurrent body's latent are those of all its passes, side by side. level says how strong the noise of a picture is, for a model that is
// told; nil is none. each is told of every picture that has been looked at, with what has been
// found so far, which is not to be kept or changed; it may be nil. Memory does not grow with the
// number of pictures, nor with their sizes but for the picture itself. Errors are those of
// pictures, ctx's, and ErrWatch for a site that is the picture itself or not there; what has been found by
// then is returned as well.
func (m *Model) Excite(ctx context.Context, pictures Pictures, at Site, count int, level func(x *tensor.Tensor) float64, each func(picture int, so [][]Peak)) ([][]Peak, error) {
	var best [][]Peak
	forms := nn.NewForms("")
	number := 0
	for x, err := range pictures {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return best, err
		}
		told := 0.
		if level != nil {
			told = level(x)
		}
		now, err := m.peaks(ctx, forms, x, told, at)
		if err != nil {
			return best, err
		}
		if best == nil {
			best = make([][]Peak, len(now))
		}
		for c, p := range now {
			p.Picture = number
			best[c] = keepBest(best[c], p, count)
		}
		if each != nil {
			each(number, best)
		}
		number++
	}
	return best, ctx.Err()
}

// keepBest puts a peak among others, of which count stay. Of equal ones, the earlier are
// better.
func keepBest(all []Peak, p Peak, count int) []Peak {
	at, _ := slices.BinarySearchFunc(all, p, func(a, b Peak) int {
		if a.Value == b.Value {
			return -1
		}
		return cmp.Compare(b.Value, a.Value)
	})
	if at >= count {
		return all
	}
	all = slices.Insert(all, at, p)
	return all[:min(len(all), count)]
}

// peaks returns the greatest number of each channel of a site for one picture.
func (m *Model) peaks(ctx context.Context, forms *nn.Forms, x *tensor.Tensor, level float64, at Site) ([]Peak, error) {
	_, h, w, _ := x.Dims4()
	ph, pw := padded(h, w, m.Cell())
	g := m.net(ph, pw, float32(level))
	ends := g.at(at)
	if len(ends) == 0 || len(g.nodes[ends[0]].from) == 0 {
		return nil, fmt.Errorf("%w: %v", ErrWatch, at)
	}
	n := &g.nodes[ends[0]]
	best := make([]Peak, len(ends)*n.c)
	for c := range best {
		best[c].Value = float32(math.Inf(-1))
	}
	s := newSheet(g, forms, true)
	side := max(1, excitedPixels*n.h/(ph*pw)) // rows at a time
	for top := 0; top < n.h; top += side {
		of := map[int]Rect{}
		for _, i := range ends {
			of[i] = Rect{top, 0, min(n.h, top+side), n.w}
		}
		if err := s.build(ctx, g.plan(of, nil, func(i int) bool { return !of[i].Empty() }), sourceOf(g, x), nil); err != nil {
			return nil, err
		}
		for k, end := range ends {
			for i, v := range s.panes[end].data {
				if b := &best[k*n.c+i%n.c]; v > b.Value {
					*b = Peak{Y: top + i/n.c/n.w, X: i / n.c % n.w, Value: v}
				}
			}
		}
	}
	f := &Fields{g, h, w}
	for c := range best {
		best[c].Seen = f.Of(at, best[c].Y, best[c].X)
	}
	return best, nil
}
