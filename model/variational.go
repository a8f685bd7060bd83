package model

// This file says what a variational model makes of pictures in the units of papers.

import (
	"context"
	"math/rand/v2"
	"strings"

	"sieve/model/nn"
	"sieve/model/noise"
	"sieve/model/tensor"
)

// Nats are what it takes to tell a picture, with the sign turned the evidence lower bound
// of a variational model (Kingma and Welling, arXiv:1312.6114, eq. 3).
type Nats struct {
	Picture float64 // binary cross-entropy over all numbers of a picture, its latent drawn
	Latent  float64 // by which the latent's distribution differs from a unit normal
}

// Sum returns the bound.
func (n Nats) Sum() float64 { return n.Picture + n.Latent }

// CountsNats reports whether models of this spec tell pictures in nats: the latent has to
// be a distribution, and what comes of it probabilities.
func (s Spec) CountsNats() bool {
	return s.Bottleneck == "variational" && s.Output == "sigmoid" && s.Body != "recurrent"
}

// TellsNats reports whether the loss in training is such a bound, but for what β and free
// nats change: what is to be told is what is seen.
func (s Spec) TellsNats() bool {
	return s.CountsNats() && s.Loss == "bce" && strings.TrimSpace(s.Scheme) == "none"
}

// priced reports whether the distortion alone says nothing of how good a model is.
func (s Spec) priced() bool { return s.Bottleneck == "quantised" || s.Bottleneck == "variational" }

// natsTogether is how many pictures Nats looks at at a time.
const natsTogether = 50

// Nats returns the means over pictures x (N, H, W, Channels), one latent of each drawn by
// the seed; no nat is free. H and W are multiples of Cell, and the model CountsNats. The
// only error is ctx's.
func (m *Model) Nats(ctx context.Context, x *tensor.Tensor, seed uint64) (Nats, error) {
	n, h, w, c := x.Dims4()
	if cell := m.Cell(); !m.Spec.CountsNats() || c != m.Spec.Channels || h%cell != 0 || w%cell != 0 {
		panic("model: nats: the model tells none of such pictures")
	}
	parts := make([]Nats, (n+natsTogether-1)/natsTogether)
	each(nn.NewForms(""), len(parts), 1, func(t *nn.Tape, i int) {
		if ctx.Err() != nil {
			return
		}
		from, end := i*natsTogether, min((i+1)*natsTogether, n)
		part := &tensor.Tensor{Shape: []int{end - from, h, w, c}, Data: x.Data[from*h*w*c : end*h*w*c]}
		rng := rand.New(rand.NewPCG(mix(seed, 0), uint64(i)+1))
		parts[i] = m.nats(t, lesson{in: part, want: part}, make([]float32, end-from), rng)
	})
	var all Nats
	for i, p := range parts {
		share := float64(min((i+1)*natsTogether, n)-i*natsTogether) / float64(n)
		all.Picture += float64(share * p.Picture)
		all.Latent += float64(share * p.Latent)
	}
	return all, ctx.Err()
}

// nats looks at one lesson.
func (m *Model) nats(t *nn.Tape, l lesson, level []float32, rng *rand.Rand) Nats {
	y, past := m.encode(t, m.lay(t, l.in, level))
	n, h, w, c := y.Val.Dims4()
	eps := t.New(n, h, w, c/2)
	noise.Normal(rng, eps.Data)
	z, price := nn.Gauss(t, y, eps, 0)
	off := nn.BCE(t, m.decode(t, z, past), l.want, nil)
	return Nats{float64(off.Val.Data[0]) * float64(len(l.want.Data)/n), float64(price.Val.Data[0])}
}

// Sample returns n pictures (n, h, w, Channels) of latents that are drawn from the unit normal,
// which is what a variational model has learned to tell pictures with. The model is variational
// and Generates. The only error is ctx's.
func (m *Model) Sample(ctx context.Context, rng *rand.Rand, n, h, w int, report Report) (*tensor.Tensor, error) {
	if m.Spec.Bottleneck != "variational" {
		panic("model: sample: the model has no distribution of latents")
	}
	cell := m.Cell()
	z := tensor.New(n, (h+cell-1)/cell, (w+cell-1)/cell, m.Spec.Numbers())
	noise.Normal(rng, z.Data)
	return m.Generate(ctx, z, h, w, report)
}
