package nn

import (
	"math"
	"slices"

	"sieve/model/internal/kernel"
)

// This file holds what makes a latent sparse: a price, a price for another share of
// activity, and a limit.

// Abs returns the mean magnitude of x: the price of a sparse latent.
func Abs(t *Tape, x *Var) *Var {
	y := t.out(1)
	var s float64
	for _, v := range x.Val.Data {
		s += math.Abs(float64(v))
	}
	y.Val.Data[0] = float32(s / float64(len(x.Val.Data)))
	push(t, absStep{of{y}, x})
	return y
}

type absStep struct {
	of
	x *Var
}

func (o *absStep) back(t *Tape) {
	g := o.y.Grad.Data[0] / float32(len(o.x.Val.Data))
	t.each(o.x, func(i int) float32 {
		switch v := o.x.Val.Data[i]; {
		case v > 0:
			return g
		case v < 0:
			return -g
		default:
			return 0
		}
	})
}

// idle is how near to never and to always an activity is taken to be at most.
const idle = 1e-4

// Activity returns, summed over channels, the nats by which a coin that falls as often as
// target says differs from one that falls as often as a channel of x (N, H, W, C) is
// active: KL(target ‖ mean). x is between 0 and 1, as of a sigmoid; means are over
// pictures and cells. Ng, CS294A lecture notes, 2011, section 3.
func Activity(t *Tape, x *Var, target float32) *Var {
	y := t.out(1)
	c := x.Val.Shape[3]
	slope := t.New(c).Data
	cells := float64(len(x.Val.Data) / c)
	var nats float64
	for k := range c {
		var sum float64
		for i := k; i < len(x.Val.Data); i += c {
			sum += float64(x.Val.Data[i])
		}
		mean := float32(min(max(sum/cells, idle), 1-idle))
		nats += float64(float32(target*kernel.Log(target/mean)) + float32((1-target)*kernel.Log((1-target)/(1-mean))))
		slope[k] = ((1-target)/(1-mean) - target/mean) / float32(cells)
	}
	y.Val.Data[0] = float32(nats)
	push(t, activityStep{of{y}, x, slope})
	return y
}

type activityStep struct {
	of
	x     *Var
	slope []float32 // by channel
}

func (o *activityStep) back(t *Tape) {
	g := o.y.Grad.Data[0]
	t.each(o.x, func(i int) float32 { return g * o.slope[i%len(o.slope)] })
}

// Largest returns x (N, H, W, C) with all but the k numbers of the greatest magnitude of
// each cell set to 0; of equals the first stay. The gradient passes to those that stay.
// Makhzani and Frey, arXiv:1312.5663.
func Largest(t *Tape, x *Var, k int) *Var {
	y := t.same(x)
	c := x.Val.Shape[3]
	k = min(k, c)
	sizes := t.New(c).Data
	for i := 0; i < len(x.Val.Data); i += c {
		cell := x.Val.Data[i : i+c]
		for j, v := range cell {
			sizes[j] = max(v, -v)
		}
		slices.Sort(sizes)
		least := sizes[c-k]
		equals := k // to it that stay
		for _, v := range sizes[c-k:] {
			if v > least {
				equals--
			}
		}
		for j, v := range cell {
			y.Val.Data[i+j] = 0
			switch size := max(v, -v); {
			case size > least:
				y.Val.Data[i+j] = v
			case size == least && equals > 0:
				y.Val.Data[i+j] = v
				equals--
			}
		}
	}
	push(t, largestStep{of{y}, x})
	return y
}

type largestStep struct {
	of
	x *Var
}

func (o *largestStep) back(t *Tape) {
	for i, v := range o.y.Val.Data {
		if v == 0 {
			o.y.Grad.Data[i] = 0
		}
	}
	t.hand(o.y, o.x)
}
