package model

import (
	"iter"
	"math/rand/v2"

	"sieve/model/nn"
	"sieve/model/noise"
)

// A Bottleneck is what makes one autoencoder differ from another: it turns the
// encoder's output into the latent the decoder sees, and says what it costs
// (nil: nothing). A nil rng asks for the latent itself, without chance. quality is
// between 0 and 1, for those that know of any.
type Bottleneck interface {
	Code(t *nn.Tape, y *nn.Var, quality float32, rng *rand.Rand) (z, price *nn.Var)
	// Rows returns what Code does without chance or price, from some rows of y alone.
	Rows(t *nn.Tape, y *nn.Var) *nn.Var
	Params() iter.Seq2[string, *nn.Param]
}

func newBottleneck(rng *rand.Rand, s Spec) Bottleneck {
	switch s.Bottleneck {
	case "sparse":
		return sparse{}
	case "kl-sparse":
		return active{target: float32(s.Activity)}
	case "k-sparse":
		return limited{k: max(1, int(s.Activity*float64(s.Latent)+0.5))}
	case "binary":
		return onebit{}
	case "variational":
		return variational{free: float32(s.Free)}
	case "quantised":
		return newQuantised(rng, s)
	default:
		return plain{}
	}
}

// codes reports whether the latent that a decoder sees is another than what the encoder
// ends with.
func (s Spec) codes() bool { return s.Bottleneck != "plain" && s.Bottleneck != "sparse" }

// fixed is a bottleneck that learns nothing.
type fixed struct{}

func (fixed) Params() iter.Seq2[string, *nn.Param] { return func(func(string, *nn.Param) bool) {} }

// plain charges nothing.
type plain struct{ fixed }

func (plain) Code(_ *nn.Tape, y *nn.Var, _ float32, _ *rand.Rand) (z, price *nn.Var) { return y, nil }

func (plain) Rows(_ *nn.Tape, y *nn.Var) *nn.Var { return y }

// sparse charges for the mean magnitude.
type sparse struct{ plain }

func (sparse) Code(t *nn.Tape, y *nn.Var, _ float32, _ *rand.Rand) (z, price *nn.Var) {
	return y, nn.Abs(t, y)
}

// active lets no number be below 0 or above 1, and charges for channels that are active more
// or less than a target share of the time.
type active struct {
	fixed
	target float32
}

func (a active) Code(t *nn.Tape, y *nn.Var, _ float32, _ *rand.Rand) (z, price *nn.Var) {
	z = a.Rows(t, y)
	return z, nn.Activity(t, z, a.target)
}

func (active) Rows(t *nn.Tape, y *nn.Var) *nn.Var { return nn.Sigmoid(t, y) }

// limited keeps the k largest numbers of each cell, and charges nothing.
type limited struct {
	fixed
	k int
}

func (l limited) Code(t *nn.Tape, y *nn.Var, _ float32, _ *rand.Rand) (z, price *nn.Var) {
	return l.Rows(t, y), nil
}

func (l limited) Rows(t *nn.Tape, y *nn.Var) *nn.Var { return nn.Largest(t, y, l.k) }

// onebit lets a number be 1 or -1, and nothing else: a bit, which has its price.
type onebit struct{ fixed }

func (onebit) Code(t *nn.Tape, y *nn.Var, _ float32, rng *rand.Rand) (z, price *nn.Var) {
	return nn.Binary(t, nn.Tanh(t, y), rng), nil
}

func (onebit) Rows(t *nn.Tape, y *nn.Var) *nn.Var { return nn.Binary(t, nn.Tanh(t, y), nil) }

// variational draws the latent, and charges the nats a picture by which its
// distribution differs from a unit normal.
type variational struct {
	fixed
	free float32
}

func (v variational) Rows(t *nn.Tape, y *nn.Var) *nn.Var {
	z, _ := nn.Gauss(t, y, nil, v.free)
	return z
}

func (v variational) Code(t *nn.Tape, y *nn.Var, _ float32, rng *rand.Rand) (z, price *nn.Var) {
	if rng == nil {
		return nn.Gauss(t, y, nil, v.free)
	}
	n, h, w, c := y.Val.Dims4()
	eps := t.New(n, h, w, c/2)
	noise.Normal(rng, eps.Data)
	return nn.Gauss(t, y, eps, v.free)
}
