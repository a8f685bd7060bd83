package model

import (
	"fmt"
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
// arXiv:1809.02736), which foresights correct. Quality is a gain a channel before rounding,
// and another after it (Cui et al., arXiv:2003.02012).
type quantised struct {
	spec                Spec
	gain, back          *nn.Param // (anchors, Latent): logarithms of gains, before and after rounding
	tone                *nn.Param // (anchors, Latent): what is added after that, so that the decoder knows the quality
	spread              *nn.Param // (anchors, Latent): what is added to the logarithms of scales
	prior               *nn.Param // (anchors, Hyper): logarithms of the scales of what is sent ahead
	analysis, synthesis nn.Seq
	context             []nn.Seq // a foresight for each turn
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
	for _, turn := range s.foresightPlan() {
		f := build(rng, s, turn)
		clear(f[outLayer].(*nn.Conv2D).W.Val.Data) // it says nothing yet
		q.context = append(q.context, f)
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
		if !nn.Under(yield, "analysis", q.analysis) || !nn.Under(yield, "synthesis", q.synthesis) {
			return
		}
		for i, f := range q.context {
			if !nn.Under(yield, fmt.Sprintf("context.%d", i), f) {
				return
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
	defer t.Full()() // a step of rounding less or more decides what is sent
	n, h, w, _ := y.Val.Dims4()
	ahead := q.analysis.Forward(t, y)
	sent := nn.Rounded(t, ahead, nil)
	seen, hint := q.tell(t, sent, h, w, quality)
	cost := func(exact, rounded *nn.Var, of guess) *nn.Var {
		x, noise := rounded, (*tensor.Tensor)(nil)
		if rng != nil {
			x, noise = exact, t.New(exact.Val.Shape...)
			for i := range noise.Data {
				noise.Data[i] = rng.Float32() - 0.5
			}
		}
		cell := q.spec.Cell()
		return nn.LogisticBits(t, x, of.mean, of.scale, noise, leastScale, mostScale, float32(n*h*w*cell*cell))
	}
	price = cost(ahead, sent, guess{scale: nn.Between(t, t.Use(q.prior), quality)})
	z = q.inTurns(t, y, seen, hint, round, func(y, z *nn.Var, of guess) {
		price = nn.Add(t, price, cost(y, z, of))
	})
	return z, price
}

// tell returns what the last layer of the hyperprior's synthesis sees of a latent of h × w
// cells, and what it says.
func (q *quantised) tell(t *nn.Tape, sent *nn.Var, h, w int, quality float32) (seen *nn.Var, hint guess) {
	last := len(q.synthesis) - 1
	seen = nn.Corner(t, q.synthesis[:last].Forward(t, sent), h, w, 0, q.spec.Hyper)
	says, c := q.synthesis[last].Forward(t, seen), q.spec.Latent
	return seen, guess{
		mean:  nn.Corner(t, says, h, w, 0, c),
		scale: nn.Shift(t, nn.Corner(t, says, h, w, c, c), nn.Between(t, t.Use(q.spread), quality), 0),
	}
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

// regrid reads the tables by quality where a model that they were learned for, with other
// prices, charges as much as this one does. Beyond its qualities they go on as they end.
func (q *quantised) regrid(old Spec) {
	if old.Lambda == q.spec.Lambda && old.Range == q.spec.Range || old.Range == 1 {
		return
	}
	log := func(v float64) float64 { return float64(nn.Log(float32(v))) }
	for _, table := range []*nn.Param{q.gain, q.back, q.tone, q.spread, q.prior} {
		was, c := table.Val.Clone().Data, table.Val.Shape[1]
		for row := range anchors {
			lambda, _ := q.spec.price(float32(row) / (anchors - 1))
			at := (1 - log(float64(lambda)/old.Lambda)/log(old.Range)) * (anchors - 1)
			low := min(max(int(at), 0), anchors-2)
			part := float32(at - float64(low))
			for i := range c {
				a, b := was[low*c+i], was[(low+1)*c+i]
				table.Val.Data[row*c+i] = a + float32(part*(b-a))
			}
		}
	}
}
