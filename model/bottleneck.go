package model

import (
	"math/rand/v2"

	"sieve/model/nn"
	"sieve/model/noise"
)

// A Bottleneck is what makes one autoencoder differ from another: it turns the
// encoder's output into the latent the decoder sees, and says what it costs
// (nil: nothing). A nil rng asks for the latent itself, without chance.
type Bottleneck interface {
	Code(t *nn.Tape, y *nn.Var, rng *rand.Rand) (z, price *nn.Var)
}

var bottlenecks = map[string]Bottleneck{"plain": plain{}, "sparse": sparse{}, "variational": variational{}}

// plain charges nothing.
type plain struct{}

func (plain) Code(_ *nn.Tape, y *nn.Var, _ *rand.Rand) (z, price *nn.Var) { return y, nil }

// sparse charges for the mean magnitude.
type sparse struct{}

func (sparse) Code(t *nn.Tape, y *nn.Var, _ *rand.Rand) (z, price *nn.Var) { return y, nn.Abs(t, y) }

// variational draws the latent, and charges the nats a picture by which its
// distribution differs from a unit normal.
type variational struct{}

func (variational) Code(t *nn.Tape, y *nn.Var, rng *rand.Rand) (z, price *nn.Var) {
	if rng == nil {
		return nn.Gauss(t, y, nil)
	}
	n, h, w, c := y.Val.Dims4()
	eps := t.New(n, h, w, c/2)
	noise.Normal(rng, eps.Data)
	return nn.Gauss(t, y, eps)
}
