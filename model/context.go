package model

import (
	"slices"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file lets a quantised latent be told from itself: what has been coded says more of
// what is still to be coded than the hyperprior does. Channels are coded in groups that
// grow, the first of them in the two colours of a checkerboard: few turns, in each of
// which all numbers are coded at once. He et al., arXiv:2203.10886.

// mostPast is how far from the mean that the hyperprior tells a number is seen by those
// that follow.
const mostPast = 31

// A group is the channels from first on and before last, which are coded together, or in
// two turns: first the cells of which row and column add up to an even number.
type group struct {
	first, last int
	checkered   bool
}

// groups lists the groups of a quantised latent.
func (s Spec) groups() []group {
	if !s.Context {
		return []group{{0, s.Latent, false}}
	}
	var all []group
	first := 0
	for i, part := range []int{24, 8, 3, 1} {
		if last := s.Latent / part; last > first {
			all = append(all, group{first, last, i < 2})
			first = last
		}
	}
	return all
}

// turns returns in how many turns it is coded.
func (g group) turns() int {
	if g.checkered {
		return 2
	}
	return 1
}

// past returns how many channels have been coded before a turn, wholly or in part.
func (g group) past(turn int) int {
	if turn > 0 {
		return g.last
	}
	return g.first
}

// A foresight corrects, for one turn, the means and scales that the hyperprior tells. Its
// layers are
const (
	toldLayer = iota // which sees what the last layer of the hyperprior's synthesis sees,
	outLayer         // which says from the sum of both others what is to be added to means, then to the logarithms of scales,
	pastLayer        // and which sees the channels that have been coded: not in the first turn
)

// foresightPlan lists the layers of the foresight of each turn.
func (s Spec) foresightPlan() (turns [][]stage) {
	if !s.Context {
		return nil
	}
	for _, g := range s.groups() {
		for turn := range g.turns() {
			layers := []stage{
				toldLayer: {kind: "conv", in: s.Hyper, out: s.Hyper, k: 1, stride: 1},
				outLayer:  {kind: "conv", in: s.Hyper, out: 2 * (g.last - g.first), k: 1, stride: 1},
			}
			if n := g.past(turn); n > 0 {
				layers = append(layers, stage{kind: "conv", in: n, out: s.Hyper, k: 3, stride: 1})
			}
			turns = append(turns, layers)
		}
	}
	return turns
}

// foresee returns what the layers of a foresight add to means and to the logarithms of
// scales.
func foresee(t *nn.Tape, f nn.Seq, seen, coded *nn.Var) (mean, scale *nn.Var) {
	x := f[toldLayer].Forward(t, seen)
	if len(f) > pastLayer {
		x = nn.Add(t, x, f[pastLayer].Forward(t, coded))
	}
	x = f[outLayer].Forward(t, nn.Levels(t, x, grain, 0, mostGrains*grain))
	_, h, w, c := x.Val.Dims4()
	return nn.Corner(t, x, h, w, 0, c/2), nn.Corner(t, x, h, w, c/2, c/2)
}

// A guess is what is known of numbers before they are: the mean and the logarithm of the
// scale of each.
type guess struct{ mean, scale *nn.Var }

// inTurns rounds the numbers y, group by group, each around what is known of it by then:
// seen is what the last layer of the hyperprior's synthesis sees, and hint what it says. It
// calls coded with each group.
func (q *quantised) inTurns(t *nn.Tape, y, seen *nn.Var, hint guess, round func(x, mean *nn.Var) *nn.Var, coded func(y, z *nn.Var, of guess)) (z *nn.Var) {
	_, h, w, _ := y.Val.Dims4()
	next := q.context
	var before *nn.Var
	for _, g := range q.spec.groups() {
		part := func(x *nn.Var) *nn.Var { return nn.Corner(t, x, h, w, g.first, g.last-g.first) }
		y, hint := part(y), guess{part(hint.mean), part(hint.scale)}
		turn := func(before *nn.Var) (*nn.Var, guess) {
			of := hint
			if len(next) > 0 {
				mean, scale := foresee(t, next[0], seen, before)
				of, next = guess{nn.Add(t, hint.mean, mean), nn.Add(t, hint.scale, scale)}, next[1:]
			}
			return round(y, of.mean), of
		}
		off := func(z *nn.Var) *nn.Var {
			return nn.Levels(t, nn.AddScaled(t, z, -1, hint.mean), 1, -mostPast, mostPast)
		}
		now, of := turn(before)
		if g.checkered {
			odd, ofOdd := turn(nn.Beside(t, before, nn.Checker(t, off(now), nil)))
			now, of = nn.Checker(t, now, odd), guess{nn.Checker(t, of.mean, ofOdd.mean), nn.Checker(t, of.scale, ofOdd.scale)}
		}
		coded(y, now, of)
		z = nn.Beside(t, z, now)
		if len(next) > 0 {
			before = nn.Beside(t, before, off(now))
		}
	}
	return z
}

// sorted returns a copy with the channels of the latent in order of importance, which is
// that of groups, where the network lets them change places.
func (m *Model) sorted() *Model {
	order := m.importance()
	m = m.Clone()
	enc, dec, q := m.enc[len(m.enc)-1], m.dec[0], m.bottleneck.(*quantised)
	last, isLast := enc[len(enc)-1].(*nn.Conv2D)
	first, isFirst := dec[0].(*nn.Conv2D)
	if !isLast || !isFirst {
		return m
	}
	says := q.synthesis[len(q.synthesis)-1].(*nn.Conv2D)
	both := slices.Clone(order)
	for _, c := range order {
		both = append(both, len(order)+c)
	}
	for _, p := range []*nn.Param{last.W, last.B, q.gain, q.back, q.tone, q.spread} {
		reorder(p.Val, len(p.Val.Shape)-1, order)
	}
	reorder(first.W.Val, 2, order)
	reorder(q.analysis[0].(*nn.Conv2D).W.Val, 2, order)
	reorder(says.W.Val, 3, both)
	reorder(says.B.Val, 0, both)
	return m
}

// reorder puts what stands along an axis in a new order.
func reorder(t *tensor.Tensor, axis int, order []int) {
	inner := 1
	for _, n := range t.Shape[axis+1:] {
		inner *= n
	}
	for row := range slices.Chunk(t.Data, len(order)*inner) {
		old := slices.Clone(row)
		for to, from := range order {
			copy(row[to*inner:(to+1)*inner], old[from*inner:])
		}
	}
}
