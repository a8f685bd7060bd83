package model

import (
	"iter"
	"math"
	"math/rand/v2"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// anchors is for how many qualities gains are learned. Those between are found between.
const anchors = 8

// Logarithms of the scales of distributions are between these: a latent that is hardly
// ever anything but 0, and one of some hundred values.
const (
	leastScale = -3.1 // of 0.045: 0 has a mass of 0.99997
	mostScale  = 4.15 // of 63.4
)

// Activations of the hyperprior's synthesis are whole multiples of grain, so many of
// them at most, as integers of nine bits have it.
const (
	grain      = 1.0 / 64
	mostGrains = 511
)

// quantised rounds the latent to whole numbers, and charges the bits a pixel that
// coding them takes. A hyperprior looks at the latent and sends ahead what says how
// it is distributed: a mean and a scale for each number (Minnen et al.,
// arXiv:1809.02736, without the context). Quality is a gain a channel before rounding,
// and another after it (Cui et al., arXiv:2003.02012).
type quantised struct {
	spec                Spec
	gain, back          *nn.Param // (anchors, Latent): logarithms of gains, before and after rounding
	tone                *nn.Param // (anchors, Latent): what is added after that, so that the decoder knows the quality
	spread              *nn.Param // (anchors, Latent): what is added to the logarithms of scales
	prior               *nn.Param // (anchors, Hyper): logarithms of the scales of what is sent ahead
	analysis, synthesis nn.Seq
}

func newQuantised(rng *rand.Rand, s Spec) *quantised {
	table := func(c int, at func(quality float64) float64) *nn.Param {
		t := tensor.New(anchors, c)
		for i := range t.Data {
			t.Data[i] = float32(at(float64(i/c) / (anchors - 1)))
		}
		return &nn.Param{Val: t}
	}
	// A step that is best where a bit costs λ is about as long as √λ.
	gain := func(quality float64) float64 {
		return math.Ln2*3 + (quality-0.5)*float64(nn.Log(float32(s.Range)))/2
	}
	analysis, synthesis := s.hyperPlan()
	q := &quantised{
		spec:     s,
		gain:     table(s.Latent, gain),
		back:     table(s.Latent, func(quality float64) float64 { return -gain(quality) }),
		tone:     table(s.Latent, func(float64) float64 { return 0 }),
		spread:   table(s.Latent, func(float64) float64 { return 0.5 }),
		prior:    table(s.Hyper, func(float64) float64 { return 0.5 }),
		analysis: build(rng, s, analysis), synthesis: build(rng, s, synthesis),
	}
	for i := range q.synthesis[0].(*nn.Conv2D).W.Val.Data { // what it is given are not fractions but whole numbers
		q.synthesis[0].(*nn.Conv2D).W.Val.Data[i] *= 0.1
	}
	return q
}

func (q *quantised) Params() iter.Seq2[string, *nn.Param] {
	return func(yield func(string, *nn.Param) bool) {
		for _, p := range []struct {
			name string
			of   *nn.Param
		}{{"gain", q.gain}, {"back", q.back}, {"tone", q.tone}, {"spread", q.spread}, {"prior", q.prior}} {
			if !yield(p.name, p.of) {
				return
			}
		}
		for _, part := range []struct {
			name string
			of   nn.Seq
		}{{"analysis", q.analysis}, {"synthesis", q.synthesis}} {
			for name, p := range part.of.Params() {
				if !yield(part.name+"."+name, p) {
					return
				}
			}
		}
	}
}

// Code rounds in training, too, but lets gradients through; what bits cost is judged
// with noise in the place of rounding (Minnen and Singh, arXiv:2007.08739).
func (q *quantised) Code(t *nn.Tape, y *nn.Var, quality float32, rng *rand.Rand) (z, price *nn.Var) {
	y = nn.Gain(t, y, nn.Between(t, t.Use(q.gain), quality), 1)
	z, price = q.code(t, y, quality, func(x, mean *nn.Var) *nn.Var { return nn.Rounded(t, x, mean) }, rng)
	return q.undo(t, z, quality), price
}

// code rounds what a gain has been applied to, and says what that costs. With chance,
// noise stands in for rounding in the price.
func (q *quantised) code(t *nn.Tape, y *nn.Var, quality float32, round func(x, mean *nn.Var) *nn.Var, rng *rand.Rand) (z, price *nn.Var) {
	n, h, w, c := y.Val.Dims4()
	ahead := q.analysis.Forward(t, y)
	sent := nn.Rounded(t, ahead, nil)
	told := q.synthesis.Forward(t, sent)
	mean := nn.Corner(t, told, h, w, 0, c)
	scale := nn.Shift(t, nn.Corner(t, told, h, w, c, c), nn.Between(t, t.Use(q.spread), quality), 0)
	z = round(y, mean)
	cost := func(exact, rounded, mean, scale *nn.Var) *nn.Var {
		x, noise := rounded, (*tensor.Tensor)(nil)
		if rng != nil {
			x, noise = exact, t.New(exact.Val.Shape...)
			for i := range noise.Data {
				noise.Data[i] = rng.Float32() - 0.5
			}
		}
		cell := q.spec.Cell()
		return nn.LogisticBits(t, x, mean, scale, noise, leastScale, mostScale, float32(n*h*w*cell*cell))
	}
	return z, nn.Add(t, cost(ahead, sent, nil, nn.Between(t, t.Use(q.prior), quality)), cost(y, z, mean, scale))
}

// undo turns what has been rounded into what the decoder sees.
func (q *quantised) undo(t *nn.Tape, x *nn.Var, quality float32) *nn.Var {
	x = nn.Gain(t, x, nn.Between(t, t.Use(q.back), quality), 1)
	return nn.Shift(t, x, nn.Between(t, t.Use(q.tone), quality), 0)
}

// Rows rounds without means, at medium quality: what it looks like, and not what is sent.
func (q *quantised) Rows(t *nn.Tape, y *nn.Var) *nn.Var {
	const quality = 0.5
	y = nn.Gain(t, y, nn.Between(t, t.Use(q.gain), quality), 1)
	return q.undo(t, nn.Rounded(t, y, nil), quality)
}
