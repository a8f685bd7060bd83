package model

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"math/rand/v2"

	"sieve/model/metric"
	"sieve/model/nn"
	"sieve/model/noise"
	"sieve/model/tensor"
)

// ErrDiverged reports weights or a loss that have left all bounds.
var ErrDiverged = errors.New("model: training diverged")

// ErrNoBest reports that there are no best weights to go back to.
var ErrNoBest = errors.New("model: no best weights yet")

const (
	// heldPictures is how many pictures a validation looks at.
	heldPictures = 64
	// greatestWeight bounds the root mean square of the weights: networks that
	// learn stay a hundred times below.
	greatestWeight = 100
)

// A Source yields pictures to learn from, n of them as (n, Crop, Crop,
// Channels). What it yields depends on rng and nothing else, and it may be
// called by several goroutines at once.
type Source interface {
	Batch(rng *rand.Rand, n int) (*tensor.Tensor, error)
}

// Progress is what one step of training cost.
type Progress struct {
	Step       int
	Loss       float64 // distortion + lambda × price
	Distortion float64
	Price      float64 // magnitude, nats or bits a pixel, as the bottleneck has it
	Rate       float64
	Val        *Validation // nil when this step was not followed by one
}

// Validation is how well the model does on pictures it does not learn from.
type Validation struct {
	Loss float64 // the distortion it is trained on; where the latent is quantised or variational, with its price
	PSNR float64 // of what it makes against what it should, in dB
	Nats float64 // that tell a picture, where the training TellsNats; else 0
}

// A Trainer moves a model towards its data. It is used by one goroutine at a
// time; others look at the clones it gives out.
type Trainer struct {
	m           *Model
	scheme      noise.Scheme
	train, held Source
	*descent
	params   []*nn.Param
	average  []*tensor.Tensor // nil without Spec.Average
	keep     float32          // of the average, in this step
	follow   func(i int)      // moves one average
	best     []*tensor.Tensor // nil before the first validation
	bestInfo Info
	runs     []run    // of the shards of a step
	val      []lesson // what validations look at, made once
}

// A run of a shard is what it takes and what comes of it.
type run struct {
	pcg   rand.PCG
	rng   *rand.Rand // from pcg
	level []float32  // of the noise in each picture
	part  Progress
	err   error
}

type lesson struct{ in, want, weight *tensor.Tensor }

// NewTrainer returns a trainer at step 0. A nil held takes validation pictures
// from train.
func NewTrainer(spec Spec, train, held Source) (*Trainer, error) {
	m, err := New(spec)
	if err != nil {
		return nil, err
	}
	scheme, err := noise.Parse(spec.Scheme)
	if err != nil {
		return nil, err
	}
	if held == nil {
		held = train
	}
	tr := &Trainer{m: m, scheme: scheme, train: train, held: held, params: m.params()}
	var opt *nn.Optimiser
	switch spec.Optimiser {
	case "adam":
		opt = nn.NewAdam(tr.params, float32(spec.Decay))
	case "muon":
		opt = nn.NewMuon(tr.params, float32(spec.Decay))
	default:
		opt = nn.NewSGD(tr.params, float32(spec.Momentum), float32(spec.Decay))
	}
	tr.descent = newDescent(spec.Batch, "", tr.Halved(), opt, tr.learnShard)
	tr.runs = make([]run, len(tr.shards))
	for i := range tr.runs {
		tr.runs[i].rng = rand.New(&tr.runs[i].pcg)
	}
	if spec.Average > 0 {
		tr.average = copies(tr.params)
		tr.follow = func(i int) { nn.Follow(tr.average[i], tr.params[i].Val, tr.keep) }
	}
	return tr, nil
}

func copies(params []*nn.Param) []*tensor.Tensor {
	out := make([]*tensor.Tensor, len(params))
	for i, p := range params {
		out[i] = p.Val.Clone()
	}
	return out
}

// Begin starts from the weights of another model, before the first step. That may
// have fewer residual blocks, or lack the context: what it lacks starts as nothing, so
// that the greater network begins with what the other has learned (Chen et al.,
// arXiv:1511.05641). Qualities of a quantised latent start where they cost as much. It is
// a *SpecError when that has another network.
func (tr *Trainer) Begin(from *Model) error {
	spec, old := tr.m.Spec, from.Spec
	old.Blocks = max(old.Blocks, spec.Blocks)
	old.Context = old.Context || spec.Context
	if !spec.sameNetwork(old) || from.Spec.Blocks > spec.Blocks {
		return &SpecError{"from", "a model of another network", "one of the same body, sizes and output, with as many blocks or fewer"}
	}
	if spec.Context && !from.Spec.Context {
		from = from.sorted()
	}
	tr.m.enc.take(from.enc)
	tr.m.dec.take(from.dec)
	takeNamed(tr.m.loop, from.loop)
	takeNamed(tr.m.bottleneck, from.bottleneck)
	if q, ok := tr.m.bottleneck.(*quantised); ok {
		q.regrid(from.Spec)
	}
	for i, a := range tr.average {
		copy(a.Data, tr.params[i].Val.Data)
	}
	return nil
}

// takeNamed copies the weights that from has to those of the same names.
func takeNamed(to, from nn.Learner) {
	params := maps.Collect(to.Params())
	for name, p := range from.Params() {
		copy(params[name].Val.Data, p.Val.Data)
	}
}

// take copies the weights of legs that may lack residual blocks at the end of a row of
// them.
func (l legs) take(from legs) {
	for i, leg := range l {
		old := from[i]
		for _, layer := range leg {
			block, ok := layer.(nn.Residual)
			if ok && (len(old) == 0 || !isResidual(old[0])) {
				weaken(block.Layer.(nn.Seq), 0)
				continue
			}
			to := collect(layer.Params())
			for k, p := range collect(old[0].Params()) {
				copy(to[k].Val.Data, p.Val.Data)
			}
			old = old[1:]
		}
	}
}

func isResidual(l nn.Layer) bool {
	_, ok := l.(nn.Residual)
	return ok
}

// Spec returns what is trained and how.
func (tr *Trainer) Spec() Spec { return tr.m.Spec }

// Taken returns how many steps have been taken.
func (tr *Trainer) Taken() int { return tr.m.Info.Step }

// SetRate changes the learning rate that schedule and warm-up start from.
func (tr *Trainer) SetRate(r float64) { tr.m.Spec.Rate = r }

// Halved tells whether what convolutions multiply is rounded to bf16: if Spec.Precision says so,
// and this processor has tiles.
func (tr *Trainer) Halved() bool {
	return tr.m.Spec.Precision == "bf16" && canHalve()
}

// canHalve tells whether bf16 is to be used where it is asked for.
func canHalve() bool { return nn.Tiles() == nn.Available || tilesOrNot }

// tilesOrNot makes bf16 do without tiles, slowly, for tests.
var tilesOrNot = false

// SetPrecision changes the precision of the steps to come. A run that changes it does not end with
// the weights of one that does not.
func (tr *Trainer) SetPrecision(p string) error {
	spec := tr.m.Spec
	spec.Precision = p
	if err := spec.Validate(); err != nil {
		return err
	}
	tr.m.Spec = spec
	tr.halve(tr.Halved())
	return nil
}

// SetSteps moves the end of training, and with it the end of a cosine schedule.
func (tr *Trainer) SetSteps(n int) { tr.m.Spec.Steps = n }

// Steps trains until Spec.Steps are taken, ctx is done, an error, or the caller
// stops ranging. The caller sets the pace: not asking for the next step is how
// to pause. Between steps the weights are still.
func (tr *Trainer) Steps(ctx context.Context) iter.Seq2[Progress, error] {
	return func(yield func(Progress, error) bool) {
		for tr.m.Spec.Steps == 0 || tr.Taken() < tr.m.Spec.Steps {
			if err := ctx.Err(); err != nil {
				yield(Progress{Step: tr.Taken()}, err)
				return
			}
			if p, err := tr.Step(); !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// Step takes one step. After ErrDiverged the weights are of no use; Revert goes
// back to the best.
func (tr *Trainer) Step() (Progress, error) {
	if tr.best == nil {
		if _, err := tr.validate(); err != nil {
			return Progress{}, err
		}
	}
	s := &tr.m.Spec
	step := tr.Taken() + 1
	norm := tr.gradients()
	p := Progress{Step: step, Rate: s.rate(step)}
	for i := range tr.runs {
		r := &tr.runs[i]
		if r.err != nil {
			return p, fmt.Errorf("model: step %d: %w", step, r.err)
		}
		share := float64(tr.shards[i].n) / float64(s.Batch)
		p.Loss += float64(share * r.part.Loss)
		p.Distortion += float64(share * r.part.Distortion)
		p.Price += float64(share * r.part.Price)
	}
	if !finite(p.Loss) || !finite(norm) {
		return p, fmt.Errorf("%w at step %d", ErrDiverged, step)
	}
	size := tr.step(p.Rate, s.Clip)
	tr.m.Info.Step = step
	if !(size < greatestWeight) {
		return p, fmt.Errorf("%w at step %d", ErrDiverged, step)
	}
	if tr.average != nil {
		tr.keep = float32(min(s.Average, float64(1+step)/float64(10+step)))
		tr.run(len(tr.average), tr.follow)
	}
	if step%s.Check == 0 || step == s.Steps {
		v, err := tr.validate()
		if err != nil {
			return p, err
		}
		p.Val = &v
		tr.reopen()
	}
	return p, nil
}

// learnShard runs one shard forwards and backwards. Its chance depends on the
// seed, the step and its place alone.
func (tr *Trainer) learnShard(i int) {
	s, sh, r := &tr.m.Spec, tr.shards[i], &tr.runs[i]
	r.pcg.Seed(mix(s.Seed, uint64(tr.Taken()+1)), uint64(i)+1)
	t := sh.tape
	var x *tensor.Tensor
	if x, r.err = tr.train.Batch(r.rng, sh.n); r.err != nil {
		return
	}
	in, want, weight := tr.lesson(r.rng, x)
	r.level = tr.told(r.level[:0], in, want)
	if s.Estimated { // off by up to a quarter, so that users may be, too
		for i, v := range r.level {
			r.level[i] = float32(v * (0.75 + float32(0.5*r.rng.Float32())))
		}
	}
	var quality float32
	if s.Bottleneck == "quantised" {
		quality = r.rng.Float32()
	}
	loss, _, counts, part := tr.m.judge(t, lesson{in, want, weight}, r.level, quality, r.rng)
	r.part = part
	t.Backward(loss, counts*float32(sh.n)/float32(s.Batch))
}

// judge takes a lesson and returns the loss and what that counts, and its parts: the
// distortion is that of the last pass, of which made is what the decoder ends with.
func (m *Model) judge(t *nn.Tape, l lesson, level []float32, quality float32, rng *rand.Rand) (loss, made *nn.Var, counts float32, part Progress) {
	lambda, counts := m.Spec.price(quality)
	add := func(y, price *nn.Var) {
		of := m.distortion(t, y, l)
		made, part.Distortion = y, float64(of.Val.Data[0])
		if price != nil {
			part.Price += float64(price.Val.Data[0])
			of = nn.AddScaled(t, of, lambda, price)
		}
		if loss == nil {
			loss = of
		} else {
			loss = nn.Add(t, loss, of)
		}
	}
	if m.loop != nil {
		counts /= float32(m.Spec.Passes)
		m.run(t, l.in, rng, func(_, y, price *nn.Var) { add(y, price) })
	} else {
		y, past := m.encode(t, m.lay(t, l.in, level))
		z, price := m.bottleneck.Code(t, y, quality, rng)
		add(m.decode(t, z, past), price)
	}
	part.Loss = float64(counts * loss.Val.Data[0])
	return loss, made, counts, part
}

// lesson has the scheme make a lesson of x. A share of colour pictures is grey, and
// their noise, too: it is made for one channel, and all three are that.
func (tr *Trainer) lesson(rng *rand.Rand, x *tensor.Tensor) (in, want, weight *tensor.Tensor) {
	n, h, w, c := x.Dims4()
	var grey []int
	if s := tr.m.Spec; s.Grey > 0 && c == 3 {
		for i := range n {
			if rng.Float64() < s.Grey {
				grey = append(grey, i)
			}
		}
	}
	in, want, weight = tr.scheme.Lesson(rng, x)
	if len(grey) == 0 {
		return in, want, weight
	}
	if want == x {
		want = x.Clone()
	}
	if in == x {
		in = x.Clone()
	}
	plane := tensor.New(1, h, w, 1)
	for _, i := range grey {
		from := x.Data[i*h*w*3:][:h*w*3]
		for k := range plane.Data {
			plane.Data[k] = tensor.Luma(from[3*k], from[3*k+1], from[3*k+2])
		}
		in1, want1, weight1 := tr.scheme.Lesson(rng, plane)
		for _, p := range []struct{ to, from *tensor.Tensor }{{in, in1}, {want, want1}, {weight, weight1}} {
			if p.to == nil || p.from == nil {
				continue
			}
			to := p.to.Data[3*i*len(p.from.Data):][:3*len(p.from.Data)]
			for k, v := range p.from.Data {
				to[3*k], to[3*k+1], to[3*k+2] = v, v, v
			}
		}
	}
	return in, want, weight
}

// told appends, for each picture of a lesson, the level that the network is told: the
// root mean square of what the noise has changed, or an estimate of the noise as users
// will have it.
func (tr *Trainer) told(to []float32, in, want *tensor.Tensor) []float32 {
	m := tr.m
	known, _ := tr.scheme.(noise.Leveller)
	n, h, w, c := in.Dims4()
	size := h * w * c
	for i := range n {
		noisy := in.Data[i*size : (i+1)*size]
		switch {
		case !m.Spec.Level:
			to = append(to, 0)
		case m.Spec.Estimated:
			e := noise.Estimate(&tensor.Tensor{Shape: []int{1, h, w, c}, Data: noisy})
			to = append(to, float32(e.Total))
		case known != nil:
			to = append(to, float32(known.Level()))
		default:
			var sum float64
			for k, v := range noisy {
				d := float64(v - want.Data[i*size+k])
				sum += float64(d * d)
			}
			to = append(to, float32(math.Sqrt(sum/float64(size))))
		}
	}
	return to
}

// distortion judges what the decoder ends with.
func (m *Model) distortion(t *nn.Tape, y *nn.Var, l lesson) *nn.Var {
	switch m.Spec.Loss {
	case "bce":
		return nn.BCE(t, y, l.want, l.weight)
	case "l1":
		return nn.L1(t, m.output(t, y, l.in), l.want, l.weight)
	case "ssim":
		return nn.SSIM(t, m.output(t, y, l.in), l.want)
	case "rmse":
		return nn.RMSE(t, m.output(t, y, l.in), l.want, l.weight)
	default:
		return nn.MSE(t, m.output(t, y, l.in), l.want, l.weight)
	}
}

// validate looks at the held pictures with the weights that would be shipped,
// and keeps these weights if they are the best so far.
func (tr *Trainer) validate() (Validation, error) {
	if tr.val == nil {
		if err := tr.prepare(); err != nil {
			return Validation{}, err
		}
	}
	m := tr.Model()
	loss, mse, nats := make([]float64, len(tr.val)), make([]float64, len(tr.val)), make([]float64, len(tr.val))
	each(nn.NewForms(""), len(tr.val), 1, func(t *nn.Tape, i int) {
		l := tr.val[i]
		quality := (float32(i) + 0.5) / float32(len(tr.val))
		level := tr.told(nil, l.in, l.want)
		var rng *rand.Rand
		if m.Spec.Bottleneck == "variational" { // judged as it learns: by what it draws
			rng = rand.New(rand.NewPCG(mix(m.Spec.Seed, 1), uint64(i)+1))
		}
		_, y, _, part := m.judge(t, l, level, quality, rng)
		loss[i] = part.Distortion
		if m.Spec.priced() {
			loss[i] = part.Loss
		}
		if m.Spec.TellsNats() {
			nats[i] = m.nats(t, l, level, rng).Sum()
		}
		mse[i] = metric.MSE(m.output(t, y, l.in).Val, l.want)
	})
	var v Validation
	var all float64
	for i := range tr.val {
		v.Loss += loss[i] / float64(len(tr.val))
		v.Nats += nats[i] / float64(len(tr.val))
		all += mse[i] / float64(len(tr.val))
	}
	v.PSNR = metric.Decibels(all)
	if finite(v.Loss) && (tr.best == nil || v.Loss < tr.bestInfo.ValLoss) {
		tr.best = copies(m.params())
		tr.bestInfo = Info{Step: tr.Taken(), ValLoss: v.Loss, ValPSNR: v.PSNR, ValNats: v.Nats}
	}
	tr.m.Info.ValLoss, tr.m.Info.ValPSNR, tr.m.Info.ValNats = v.Loss, v.PSNR, v.Nats
	return v, nil
}

// prepare draws the lessons of all validations, with a chance of their own.
func (tr *Trainer) prepare() error {
	const together = 8
	for i := range heldPictures / together {
		rng := rand.New(rand.NewPCG(mix(tr.m.Spec.Seed, 0), uint64(i)+1))
		x, err := tr.held.Batch(rng, together)
		if err != nil {
			tr.val = nil
			return fmt.Errorf("model: validation: %w", err)
		}
		in, want, weight := tr.lesson(rng, x)
		tr.val = append(tr.val, lesson{in, want, weight})
	}
	return nil
}

// Held calls f with each lesson that validations look at: pictures (n, H, W, Channels) as they are
// seen, what is wanted of them, and how much each number counts, nil where all count alike. The
// loss of a validation is the mean of those of the lessons.
func (tr *Trainer) Held(f func(in, want, weight *tensor.Tensor)) error {
	if tr.val == nil {
		if err := tr.prepare(); err != nil {
			return err
		}
	}
	for _, l := range tr.val {
		f(l.in, l.want, l.weight)
	}
	return nil
}

// Model returns a copy of the model as it would be shipped now: with averaged
// weights, if there are any.
func (tr *Trainer) Model() *Model {
	m := tr.m.Clone()
	if tr.average != nil {
		restore(m.params(), tr.average)
	}
	return m
}

// Best returns a copy of the model that did best on the validation pictures, or
// nil before the first validation.
func (tr *Trainer) Best() *Model {
	if tr.best == nil {
		return nil
	}
	m := tr.m.Clone()
	restore(m.params(), tr.best)
	m.Info = tr.bestInfo
	return m
}

// BestInfo returns when the best weights so far were found and how good they are,
// and false before the first validation.
func (tr *Trainer) BestInfo() (Info, bool) { return tr.bestInfo, tr.best != nil }

// Revert goes back to the best weights. The optimiser starts anew; the count of
// steps goes on from where the best were found.
func (tr *Trainer) Revert() error {
	if tr.best == nil {
		return ErrNoBest
	}
	restore(tr.params, tr.best)
	for i, a := range tr.average {
		copy(a.Data, tr.best[i].Data)
	}
	tr.opt.Forget()
	tr.m.Info = tr.bestInfo
	return nil
}

func restore(params []*nn.Param, from []*tensor.Tensor) {
	for i, p := range params {
		copy(p.Val.Data, from[i].Data)
	}
}

// rate returns the learning rate of a step, counted from 1: a straight rise
// during warm-up, then constant or half a cosine down to zero (Loshchilov and
// Hutter, arXiv:1608.03983, eq. 5, without restarts).
func (s Spec) rate(step int) float64 {
	r := s.Rate
	if step <= s.Warmup {
		r *= float64(step) / float64(s.Warmup)
	}
	if s.Schedule == "cosine" {
		r *= raisedCosine(min(1, float64(step-1)/float64(s.Steps)))
	}
	return r
}

// raisedCosine returns (1 + cos πx)/2 = cos²(πx/2) for x in [0, 1], the same on
// every machine.
func raisedCosine(x float64) float64 {
	// The Taylor series of the cosine up to the 20th power: below 1e-15 there.
	q := -(x * math.Pi / 2) * (x * math.Pi / 2)
	sum, term := 1.0, 1.0
	for k := 2; k <= 20; k += 2 {
		term = float64(term*q) / float64((k-1)*k)
		sum += term
	}
	return sum * sum
}

// mix spreads two numbers over one, so that neighbouring seeds and steps share
// no stream of chance. Steele et al. 2014, splitmix64.
func mix(a, b uint64) uint64 {
	x := a*0x9e3779b97f4a7c15 + b
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
