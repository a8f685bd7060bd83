package model

import (
	"sync"

	"sieve/model/nn"
)

// maxShards is into how many pieces a step is cut. It is a property of the
// algorithm and not of the machine, so that a run gives the same weights on
// any number of processors.
const maxShards = 8

// A descent takes steps: shards of a batch go forwards and backwards, each on a
// tape of its own, and the parameters move against the sum of their gradients.
type descent struct {
	crew
	forms        *nn.Forms
	shards       []*shard
	opt          *nn.Optimiser
	learn        func(i int) // shard i forwards and backwards, in some memory
	mu           sync.Mutex
	idle         []*nn.Memory // of shards that are not at work: as many as ever worked at once
	refresh      func(i int)
	gather, move func(i int)
}

// A shard is a fixed part of every batch: pictures from to from+n.
type shard struct {
	from, n int
	tape    *nn.Tape
}

// newDescent cuts batches into shards. Convolutions use the named kernel, or
// the best.
//
// With half, what they multiply is rounded to bf16.
func newDescent(batch int, kernel string, half bool, opt *nn.Optimiser, learn func(i int)) *descent {
	d := &descent{forms: nn.NewForms(kernel), opt: opt, move: opt.Move}
	d.forms.Halve(half)
	k := min(maxShards, batch)
	tapes := make([]*nn.Tape, k)
	for i := range k {
		from := batch * i / k
		tapes[i] = nn.NewTape(d.forms)
		d.shards = append(d.shards, &shard{from: from, n: batch*(i+1)/k - from, tape: tapes[i]})
	}
	d.learn = func(i int) {
		m := d.takeMemory()
		tapes[i].ResetIn(m)
		learn(i)
		d.giveMemory(m)
	}
	d.refresh = d.forms.Refresh
	d.gather = func(i int) { opt.Gather(i, tapes) }
	return d
}

// halve changes whether what convolutions multiply is rounded, between steps.
func (d *descent) halve(on bool) {
	d.forms.Halve(on)
	d.idle = nil
}

// takeMemory returns memory that another shard may have used before: what few
// shards need at a time stays near the processor.
func (d *descent) takeMemory() *nn.Memory {
	d.mu.Lock()
	defer d.mu.Unlock()
	last := len(d.idle) - 1
	if last < 0 {
		return nn.NewMemory(d.forms)
	}
	m := d.idle[last]
	d.idle = d.idle[:last]
	return m
}

func (d *descent) giveMemory(m *nn.Memory) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = append(d.idle, m)
}

// gradients runs all shards and returns the length of the sum of their gradients.
func (d *descent) gradients() float64 {
	d.forms.Changed()
	d.run(d.forms.Jobs(), d.refresh)
	d.run(len(d.shards), d.learn)
	d.run(d.opt.Jobs(), d.gather)
	return d.opt.Norm()
}

// step moves the parameters and returns the root mean square of what they are
// now. Gradients of a greater length than clip are shortened to it; 0 is no
// limit.
func (d *descent) step(rate, clip float64) float64 {
	d.opt.Begin(rate, clip)
	d.run(d.opt.Jobs(), d.move)
	return d.opt.Size()
}
