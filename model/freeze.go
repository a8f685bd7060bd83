package model

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"sieve/model/entropy"
	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file turns what decides bits into whole numbers: the hyperprior's synthesis, the
// scales by quality, the tables. Whole numbers are carried in float32 and multiplied by
// the kernels of all layers: as long as no sum of magnitudes reaches 2²⁴, every order
// of additions and every rounding gives the same, on every machine.

const (
	exactly      = 1 << 24           // whole numbers below are exact in float32, and so are their sums
	scales       = 64                // tables, of scales that grow by equal factors
	mostReach    = 720               // of a table
	fraction     = 1 << fractionBits // of a mean, of an index of a scale
	fractionBits = 6
	multiple     = 24  // bits of the fraction of a multiplier
	mostSent     = 127 // magnitude of what is sent ahead
	mostMean     = 1 << 14
	scaleStep    = float64(mostScale-leastScale) / (scales - 1)
)

// ErrFreeze reports a model whose numbers cannot be made whole.
var ErrFreeze = errors.New("model: cannot be frozen")

// frozen is what decides bits, as whole numbers: what a model file carries.
type frozen struct {
	groups        []group
	layers        []wholeLayer   // of the hyperprior's synthesis
	context       [][]wholeLayer // of the foresight of each turn
	spread, prior *tensor.Tensor // (anchors, Latent), (anchors, Hyper): indices of scales, in fractions
	tables        *tensor.Tensor // (scales, mostReach+2): counts of 0, 1, … and of those beyond, then zeros
	order         *tensor.Tensor // (Latent): channels, the ones that show most first
}

// all yields the layers under their names.
func (f *frozen) all() iter.Seq2[string, wholeLayer] {
	return func(yield func(string, wholeLayer) bool) {
		for i, l := range f.layers {
			if !yield(fmt.Sprintf("frozen.%d", i), l) {
				return
			}
		}
		for i, turn := range f.context {
			for k, l := range turn {
				if !yield(fmt.Sprintf("frozen.context.%d.%d", i, k), l) {
					return
				}
			}
		}
	}
}

// A wholeLayer computes (sums·times) >> multiple, rounded.
type wholeLayer struct {
	w, b    *nn.Param
	times   *tensor.Tensor
	doubles bool    // a transposed convolution
	most    float64 // magnitude of what it is given
}

// emptyFrozen returns the shapes.
func emptyFrozen(s Spec) *frozen {
	f := &frozen{
		groups: s.groups(),
		spread: tensor.New(anchors, s.Latent), prior: tensor.New(anchors, s.Hyper),
		tables: tensor.New(scales, mostReach+2), order: tensor.New(s.Latent),
	}
	_, synthesis := s.hyperPlan()
	most := float64(mostSent)
	for _, st := range synthesis {
		if st.kind != "levels" {
			f.layers = append(f.layers, emptyWhole(st, most))
			most = mostGrains
		}
	}
	for _, turn := range s.foresightPlan() {
		var layers []wholeLayer
		for k, st := range turn {
			layers = append(layers, emptyWhole(st, []float64{toldLayer: mostGrains, outLayer: mostGrains, pastLayer: mostPast}[k]))
		}
		f.context = append(f.context, layers)
	}
	return f
}

// emptyWhole returns a layer that is given numbers up to most.
func emptyWhole(st stage, most float64) wholeLayer {
	l := wholeLayer{b: &nn.Param{Val: tensor.New(st.out)}, times: tensor.New(st.out), doubles: st.kind == "transposed", most: most}
	if l.doubles {
		l.w = &nn.Param{Val: tensor.New(st.k, st.k, st.out, st.in)}
	} else {
		l.w = &nn.Param{Val: tensor.New(st.k, st.k, st.in, st.out)}
	}
	return l
}

// named lists all tensors under the names they have in a file.
func (f *frozen) named() []named {
	var out []named
	for at, l := range f.all() {
		out = append(out, named{at + ".w", l.w.Val, true}, named{at + ".b", l.b.Val, true}, named{at + ".times", l.times, true})
	}
	return append(out, named{"frozen.spread", f.spread, true}, named{"frozen.prior", f.prior, true}, named{"frozen.tables", f.tables, true}, named{"frozen.order", f.order, true})
}

// output returns which channel of a layer the i-th weight belongs to.
func (l wholeLayer) output(i int) int {
	_, _, c, d := l.w.Val.Dims4()
	if l.doubles {
		return i / d % c
	}
	return i % d
}

// freeze makes the numbers of a model whole.
func (m *Model) freeze() (*frozen, error) {
	q := m.bottleneck.(*quantised)
	f := emptyFrozen(m.Spec)
	index := func(to, from *tensor.Tensor, origin float64) {
		for i, v := range from.Data {
			to.Data[i] = whole((float64(v) - origin) / scaleStep * fraction)
		}
	}
	index(f.spread, q.spread.Val, 0)
	index(f.prior, q.prior.Val, leastScale)
	// What the last layers say: means, then logarithms of scales.
	says := func(c, of int, origin float64) (perUnit, from float64) {
		if c < of/2 {
			return fraction, 0
		}
		return fraction / scaleStep, origin
	}
	k := 0
	for _, layer := range q.synthesis {
		params := collect(layer.Params())
		if len(params) == 0 {
			continue
		}
		given := grain
		if k == 0 { // what is sent ahead
			given = 1
		}
		f.layers[k].round(params, given, func(c int) (perUnit, origin float64) {
			if k == len(f.layers)-1 {
				return says(c, 2*m.Spec.Latent, leastScale)
			}
			return 1 / grain, 0
		})
		k++
	}
	for i, turn := range q.context {
		for k, layer := range turn {
			l, given := f.context[i][k], grain
			if k == pastLayer {
				given = 1
			}
			l.round(collect(layer.Params()), given, func(c int) (perUnit, origin float64) {
				if k == outLayer {
					return says(c, len(l.b.Val.Data), 0)
				}
				return 1 / grain, 0
			})
		}
	}
	for i := range scales {
		countLogistic(f.tables.Data[i*(mostReach+2):][:mostReach+2], float32(leastScale+float64(i)*scaleStep))
	}
	for i, c := range m.importance() {
		f.order.Data[i] = float32(c)
	}
	return f, f.check()
}

// whole returns the nearest whole number; there is one 0.
func whole(v float64) float32 { return float32(math.RoundToEven(v) + 0) }

// round makes weights whole, as finely as sums below 2²⁴ allow. What the layer is given
// counts in units of grain, and its result is to count by so many a unit, from an origin.
func (l wholeLayer) round(params []*nn.Param, grain float64, unit func(c int) (perUnit, origin float64)) {
	w, b := params[0].Val, params[1].Val
	size := make([]float64, len(b.Data))
	for i, v := range w.Data {
		size[l.output(i)] += math.Abs(float64(v))
	}
	step := make([]float64, len(b.Data)) // what 1 stands for, by channel
	for c, v := range b.Data {
		perUnit, origin := unit(c)
		bias := float64(v) - origin
		// With a tenth to spare for weights that are rounded up.
		step[c] = max((size[c]*l.most*grain+math.Abs(bias))/(0.9*exactly), 1e-12)
		l.b.Val.Data[c] = whole(bias / step[c])
		l.times.Data[c] = whole(step[c] * perUnit * (1 << multiple))
	}
	for i, v := range w.Data {
		l.w.Val.Data[i] = whole(float64(v) * grain / step[l.output(i)])
	}
}

// countLogistic writes the counts of a logistic distribution of scale eˡ.
func countLogistic(counts []float32, log float32) {
	mass := func(v int) float64 {
		nats, _, _ := nn.LogisticCost(float32(v), log)
		return float64(nn.Exp(-nats))
	}
	const rare = 1.0 / (1 << 13)
	reach, beyond := 0, 1-mass(0)
	for reach < mostReach && beyond > rare {
		reach++
		beyond -= 2 * mass(reach)
	}
	last := max(1, int(beyond*entropy.Whole))
	// Counts of 1 that stand for less are taken from all others alike.
	room := float64(entropy.Whole - last)
	for v := 1; v <= reach; v++ {
		room -= 2 * max(0, 1-mass(v)*entropy.Whole)
	}
	left := entropy.Whole - last
	for v := 1; v <= reach; v++ {
		n := max(1, int(mass(v)*room))
		counts[v] = float32(n)
		left -= 2 * n
	}
	counts[0], counts[reach+1] = float32(left), float32(last)
}

// table returns the i-th table.
func (f *frozen) table(i int) (*entropy.Table, error) {
	row := f.tables.Data[i*(mostReach+2):][:mostReach+2]
	n := len(row)
	for n > 0 && row[n-1] == 0 {
		n--
	}
	counts := make([]uint32, n)
	for k, v := range row[:n] {
		counts[k] = uint32(v)
	}
	return entropy.NewTable(counts)
}

// check reports, wrapping ErrFreeze, what would not be exact, or would be beyond a limit.
func (f *frozen) check() error {
	for _, t := range f.named() {
		for _, v := range t.val.Data {
			if !(float64(v) > -1<<31 && float64(v) < 1<<31) || v != whole(float64(v)) {
				return fmt.Errorf("%w: %s holds %g", ErrFreeze, t.name, v)
			}
		}
	}
	for at, l := range f.all() {
		sum := make([]float64, len(l.b.Val.Data))
		for c, v := range l.b.Val.Data {
			sum[c] = math.Abs(float64(v))
		}
		for k, v := range l.w.Val.Data {
			sum[l.output(k)] += math.Abs(float64(v)) * l.most
		}
		for c, v := range sum {
			if v >= exactly {
				return fmt.Errorf("%w: channel %d of %s sums up to %g", ErrFreeze, c, at, v)
			}
		}
	}
	seen := make([]bool, len(f.order.Data))
	for _, g := range f.groups {
		for _, v := range f.order.Data[g.first:g.last] {
			if v < float32(g.first) || v >= float32(g.last) || seen[int(v)] {
				return fmt.Errorf("%w: its order of channels is none", ErrFreeze)
			}
			seen[int(v)] = true
		}
	}
	for i := range scales {
		if slices.Min(f.tables.Data[i*(mostReach+2):][:mostReach+2]) < 0 {
			return fmt.Errorf("%w: table %d holds a negative count", ErrFreeze, i)
		}
		if _, err := f.table(i); err != nil {
			return fmt.Errorf("%w: table %d: %w", ErrFreeze, i, err)
		}
	}
	return nil
}

// importance returns the channels of each group of the latent, those first of which a
// typical value changes most of a picture.
func (m *Model) importance() []int {
	q, c := m.bottleneck.(*quantised), m.Spec.Latent
	const quality, side, middle = 0.5, 3, 4
	says := q.synthesis.Forward(nil, nn.Const(tensor.New(1, 1, 1, m.Spec.Hyper))).Val.Data
	spread := nn.Between(nil, nn.Const(q.spread.Val), quality).Val.Data
	back := nn.Between(nil, nn.Const(q.back.Val), quality).Val.Data
	z := tensor.New(c+1, side, side, c)
	for i := range c {
		size := min(max(says[c+i]+spread[i], leastScale), mostScale)
		z.Data[(i*side*side+middle)*c+i] = nn.Exp(size + back[i])
	}
	x := m.decode(nil, nn.Const(z), skips{}).Val
	n := len(x.Data) / (c + 1)
	nothing := x.Data[c*n:]
	shows, order := make([]float64, c), make([]int, c)
	for i := range c {
		order[i] = i
		for k, v := range x.Data[i*n:][:n] {
			d := float64(v - nothing[k])
			shows[i] += float64(d * d)
		}
	}
	for _, g := range m.Spec.groups() {
		slices.SortStableFunc(order[g.first:g.last], func(a, b int) int { return cmp.Compare(shows[b], shows[a]) })
	}
	return order
}
