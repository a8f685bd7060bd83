package model

import (
	"math/rand/v2"
	"slices"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// A hidden layer stands between the two convolutions of a residual block: numbers of the
// parameters around it, in the order of the trainer.
type hidden struct {
	in       *nn.Conv2D
	w, b, to int
}

// shutFor is how many steps of an optimiser it takes before a moment of Adam that is nothing tells of a
// channel: one that was there, of which 0.9 stays each step, has come to nothing by then without a gradient.
const shutFor = 512

// hiddens lists the hidden layers that channels can be shut in.
func (tr *Trainer) hiddens() (all []hidden) {
	if tr.m.Spec.Activation != "relu" || !tr.opt.Adaptive {
		return nil
	}
	number := map[*nn.Param]int{}
	for i, p := range tr.params {
		number[p] = i
	}
	for _, layer := range slices.Concat(slices.Concat(tr.m.enc, tr.m.dec)...) {
		if block, ok := layer.(nn.Residual); ok {
			body := block.Layer.(nn.Seq)
			in, to := body[0].(*nn.Conv2D), body[len(body)-1].(*nn.Conv2D)
			all = append(all, hidden{in, number[in.W], number[in.B], number[to.W]})
		}
	}
	return all
}

// reopen gives channels that ReLU has shut for all pictures a new start (Sokar et al.,
// arXiv:2302.12902): fresh weights towards them and none from them on, so that nothing changes at first.
// No gradient reaches such a channel, which is how it is found, and why it would stay shut.
func (tr *Trainer) reopen() {
	if tr.opt.Steps < shutFor { // which begins anew where a run goes back to its best weights
		return
	}
	rng := rand.New(rand.NewPCG(mix(tr.m.Spec.Seed, uint64(tr.Taken())), reopening))
	for _, h := range tr.hiddens() {
		var fresh *nn.Conv2D
		for c, moment := range tr.opt.M[h.b].Data {
			if moment != 0 {
				continue
			}
			k, _, in, out := h.in.W.Val.Dims4()
			if fresh == nil {
				fresh = nn.NewConv2D(rng, in, out, k, 1)
			}
			tr.both(h.w, func(w *tensor.Tensor) {
				for i := c; i < len(w.Data); i += out {
					w.Data[i] = fresh.W.Val.Data[i]
				}
			})
			tr.both(h.b, func(b *tensor.Tensor) { b.Data[c] = 0 })
			tr.both(h.to, func(w *tensor.Tensor) {
				_, _, from, to := w.Dims4()
				for i := c * to; i < len(w.Data); i += from * to {
					clear(w.Data[i : i+to])
				}
			})
		}
	}
}

// reopening tells the chance of reopen from that of others.
const reopening = 1 << 32

// both calls f with a parameter, and with its average if there is one.
func (tr *Trainer) both(param int, f func(x *tensor.Tensor)) {
	f(tr.params[param].Val)
	if tr.average != nil {
		f(tr.average[param])
	}
}
