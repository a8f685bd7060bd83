package nn

import (
	"iter"
	"math/rand/v2"

	"sieve/model/internal/kernel"
)

// This file holds what a recurrent network needs: memory with gates, and bits.

// Mul returns the product of equal shapes, number by number.
func Mul(t *Tape, x, y *Var) *Var {
	z := t.same(x)
	kernel.Mul(z.Val.Data, x.Val.Data, y.Val.Data)
	push(t, mulStep{of{z}, x, y})
	return z
}

type mulStep struct {
	of
	left, right *Var
}

func (o *mulStep) back(t *Tape) {
	dz := o.y.Grad.Data
	t.each(o.left, func(i int) float32 { return dz[i] * o.right.Val.Data[i] })
	t.each(o.right, func(i int) float32 { return dz[i] * o.left.Val.Data[i] })
}

// Binary returns 1 or -1 for each number of x, which is between the two: by a coin of
// rng that makes x its expectation, or the nearer if rng is nil. The gradient passes as if
// nothing had been done. Raiko et al., arXiv:1406.2989; Toderici et al.,
// arXiv:1511.06085, section 3.2.
func Binary(t *Tape, x *Var, rng *rand.Rand) *Var {
	y := t.same(x)
	for i, v := range x.Val.Data {
		above := float32(0)
		if rng != nil {
			above = 2*rng.Float32() - 1
		}
		y.Val.Data[i] = -1
		if v > above {
			y.Val.Data[i] = 1
		}
	}
	push(t, binaryStep{of{y}, x})
	return y
}

type binaryStep struct {
	of
	x *Var
}

func (o *binaryStep) back(t *Tape) { t.hand(o.y, o.x) }

// A GRU is a convolutional gated recurrent unit: what it remembers is a map of Channels,
// which what it sees changes where its gates are open. Cho et al., arXiv:1406.1078;
// Ballas et al., arXiv:1511.06432.
type GRU struct {
	Channels int
	seen     *Conv2D // of what is new: for update, reset and candidate
	kept     *Conv2D // of what is remembered, likewise
}

// NewGRU returns a unit that sees in channels with 3×3 taps and a stride.
func NewGRU(rng *rand.Rand, in, channels, stride int) *GRU {
	return &GRU{channels, NewConv2D(rng, in, 3*channels, 3, stride), NewConv2D(rng, channels, 3*channels, 3, 1)}
}

// GRUCount returns how many numbers one learns.
func GRUCount(in, channels int) int { return 3*channels*9*(in+channels) + 6*channels }

// Forward returns what is remembered after x (N, H, W, in) has been seen; nil is what is
// remembered before anything has.
func (g *GRU) Forward(t *Tape, x, memory *Var) *Var {
	seen := g.seen.Forward(t, x)
	if memory == nil {
		n, h, w, _ := seen.Val.Dims4()
		memory = t.Input(t.New(n, h, w, g.Channels))
	}
	return g.Step(t, seen, g.kept.Forward(t, memory), memory)
}

// Convs returns what the unit computes of what is new, and of what is remembered: three
// numbers a channel, for update, reset and candidate.
func (g *GRU) Convs() (seen, kept *Conv2D) { return g.seen, g.kept }

// Step opens and closes gates: of what Convs have made, it returns what is remembered next.
func (g *GRU) Step(t *Tape, seen, kept, memory *Var) *Var {
	_, h, w, c := memory.Val.Dims4()
	part := func(x *Var, first, channels int) *Var { return Corner(t, x, h, w, first, channels) }
	gates := Sigmoid(t, Add(t, part(seen, 0, 2*c), part(kept, 0, 2*c)))
	candidate := Tanh(t, Add(t, part(seen, 2*c, c), Mul(t, part(gates, c, c), part(kept, 2*c, c))))
	return Add(t, candidate, Mul(t, part(gates, 0, c), AddScaled(t, memory, -1, candidate)))
}

func (g *GRU) Params() iter.Seq2[string, *Param] {
	return func(yield func(string, *Param) bool) {
		_ = Under(yield, "seen", g.seen) && Under(yield, "kept", g.kept)
	}
}
