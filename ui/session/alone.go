package session

// This file learns to denoise from noisy pictures alone.

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/noise"
	"sieve/model/tensor"
)

// A LearnJob says which noisy pictures to learn from, and how.
type LearnJob struct {
	In      []string // files and folders, which are walked
	Out     string   // file for the model; "" writes none
	Minutes float64  // 0: one
	From    string   // a model to start from, as LoadModel has it; "" starts from nothing
	Scheme  string   // "pairs" or "blindspot"; "" is pairs
	Seed    uint64   // 0 is 1
	Limits  imageio.Limits
}

// A LearnReport says how far it is.
type LearnReport struct {
	Part    float64 // of the time that is over
	Step    int
	Loss    float64
	Seconds float64
	// Model returns the model as it is now. It may be called in the report only.
	Model func() *model.Model
}

// A LearnResult is what has been learned.
type LearnResult struct {
	Model   *model.Model // nil when there is none
	Sigma   float64      // of the pictures' noise, in levels of 255
	Coarse  float64      // as noise.Estimation
	Files   int          // that it learned from
	Skipped []error      // why others could not be used
	Steps   int
	Seconds float64
}

// muchCoarse is how coarse noise is when neighbours say so much of each other's that
// learning from them keeps it.
const muchCoarse = 1.5

// Warning says what speaks against the result, or nothing.
func (r LearnResult) Warning() string {
	if r.Coarse > muchCoarse {
		return r.warning().String()
	}
	return ""
}

func (r LearnResult) warning() Sentence {
	return say("The noise is coarser than pixels, as that of a camera's JPEG: learning from neighbours keeps part of it. The model photo may do better.")
}

// Learn learns to denoise from noisy pictures alone, first by comparing neighbours, and
// then from what it made of the pictures, to which it adds noise. It is stopped by ctx:
// the result then holds what was learned so far, which is written to Out, too, and the
// error is ctx's.
func Learn(ctx context.Context, job LearnJob, report func(LearnReport)) (LearnResult, error) {
	var res LearnResult
	if job.Minutes == 0 {
		job.Minutes = 1
	}
	if !(job.Minutes > 0 && job.Minutes <= 1e5) {
		return res, &model.SpecError{Field: "minutes", Value: number(job.Minutes), Want: "more than 0"}
	}
	if job.Scheme != "" && job.Scheme != "pairs" && job.Scheme != "blindspot" {
		return res, &model.SpecError{Field: "scheme", Value: job.Scheme, Want: "pairs or blindspot"}
	}
	var from *model.Model
	if job.From != "" {
		var err error
		if from, _, err = LoadModel(job.From); err != nil {
			return res, err
		}
	}
	files, err := listPictures(ctx, job.In)
	if err != nil {
		return res, err
	}
	var pictures []*tensor.Tensor
	var pixels int64
	for _, f := range files {
		p, err := openPicture(ctx, f, job.Limits)
		switch {
		case ctx.Err() != nil:
			return res, ctx.Err()
		case err != nil:
			res.Skipped = append(res.Skipped, err)
			continue
		}
		_, h, w, _ := p.Pix.Dims4()
		if pixels += int64(h) * int64(w); pixels > learnPixels && len(pictures) > 0 {
			break // as many as memory has room for say enough of the noise
		}
		pictures = append(pictures, p.Pix)
	}
	if len(pictures) == 0 {
		return res, errors.Join(append(res.Skipped, imageio.FileError{Path: job.In[0], Err: ErrNoPictures})...)
	}
	res.Files = len(pictures)
	l := &loner{from: from, scheme: job.Scheme, time: time.Duration(job.Minutes * float64(time.Minute)), seed: max(1, job.Seed), report: report}
	res.Model, err = l.learn(ctx, pictures)
	res.Sigma, res.Coarse, res.Steps, res.Seconds = 255*l.noise.Level, l.noise.Coarse, l.steps, time.Since(l.began).Seconds()
	if res.Model != nil && job.Out != "" {
		if saveErr := SaveModel(job.Out, res.Model); saveErr != nil {
			return res, saveErr
		}
	}
	return res, err
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// learnTime is how long the window learns from a picture.
const learnTime = time.Minute

// LearnFromPicture learns from the noisy picture alone, shows what it makes of it from
// time to time, and takes what it has learned into use. Cancel ends it early; what was
// learned so far stays.
func (s *Session) LearnFromPicture() {
	s.mu.Lock()
	busy, ctx := s.learning, s.jobs
	s.learning = true
	s.mu.Unlock()
	if busy {
		return
	}
	s.spawn(func() {
		t := s.begin("Learning from this picture")
		s.fail(s.learnFromPicture(ctx, t))
		t.end()
		s.mu.Lock()
		s.learning = false
		s.mu.Unlock()
	})
}

func (s *Session) learnFromPicture(ctx context.Context, t *task) error {
	ticket := s.ticket()
	if err := s.settled(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	noisy, name := s.easel.has.noisy, s.state.Picture.Name
	s.mu.Unlock()
	if noisy == nil {
		return ErrNothing
	}
	use := func(m *model.Model) {
		s.mu.Lock()
		s.alone = loaded{m: m, version: s.next(), info: Model{Name: name, Alone: true, Unsaved: true}}
		l := s.alone
		s.mu.Unlock()
		s.useModel(l)
	}
	_, h, w, _ := noisy.Dims4()
	pause := 3*time.Second + time.Duration(h*w/1e6)*time.Second // so that looking takes little of the time
	shown := time.Now()
	l := &loner{time: learnTime, seed: 1, report: func(r LearnReport) {
		t.report(int(1000*r.Part), 1000)
		if time.Since(shown) < pause {
			return
		}
		shown = time.Now()
		s.mu.Lock()
		now := s.easel.want.model
		s.mu.Unlock()
		if now.version <= ticket || now.info.Alone { // else another was chosen meanwhile
			use(r.Model())
		}
	}}
	m, err := l.learn(ctx, []*tensor.Tensor{noisy})
	if m == nil {
		return err
	}
	use(m)
	if res := (LearnResult{Coarse: l.noise.Coarse}); res.Coarse > muchCoarse {
		s.tell(Warning, res.warning())
	}
	return nil
}

// UseLearned takes what was learned from a picture into use again.
func (s *Session) UseLearned() {
	s.mu.Lock()
	l := s.alone
	l.version = s.next()
	s.mu.Unlock()
	if l.m != nil {
		s.useModel(l)
	}
}

// learnPixels is how many pixels are learned from at most.
const learnPixels = 64 << 20

// listPictures lists the files that are named, and the pictures in folders that are.
func listPictures(ctx context.Context, in []string) (files []string, err error) {
	for _, path := range in {
		kind, _, err := kindOf(path)
		if err != nil {
			return nil, err
		}
		if kind != kindFolder {
			files = append(files, path)
			continue
		}
		found, err := walkPictures(ctx, path)
		if err != nil {
			return nil, err
		}
		for _, rel := range found {
			files = append(files, filepath.Join(path, rel))
		}
	}
	if len(files) == 0 {
		path := ""
		if len(in) > 0 {
			path = in[0]
		}
		return nil, imageio.FileError{Path: path, Err: ErrNoPictures}
	}
	return files, nil
}

// A loner learns from noisy pictures alone.
type loner struct {
	from   *model.Model
	scheme string
	time   time.Duration
	fixed  int // how many steps to take instead, if that is above 0
	seed   uint64
	report func(LearnReport)

	noise noise.Estimation // of all pictures
	began time.Time
	steps int
	best  *model.Model
}

// aloneSpec is the network for one picture, found by trial on two of them: a larger one
// learns less in the same time.
func aloneSpec(channels int) model.Spec {
	s := model.DefaultSpec()
	s.Body, s.Output, s.Channels, s.Depth, s.Width, s.Latent, s.Blocks = "unet", "residual", channels, 2, 32, 48, 1
	s.Optimiser, s.Rate, s.Schedule, s.Warmup, s.Average, s.Decay, s.Clip = "muon", 0.003, "cosine", 20, 0.99, 0, 1
	s.Loss, s.Batch, s.Check = "mse", 8, 1e6
	return s
}

// The sides of what is looked at in a step, and how the time is shared.
const (
	pairsCrop = 96 // becomes half of that
	cleanCrop = 64
	pairsPart = 0.5
)

// learn returns the model, with ctx's error the one so far, or nil.
func (l *loner) learn(ctx context.Context, pictures []*tensor.Tensor) (*model.Model, error) {
	l.began = time.Now()
	channels := 1
	var level, coarse float64
	for _, x := range pictures {
		e := noise.Estimate(x)
		level += e.Level * e.Level / float64(len(pictures))
		coarse += e.Coarse / float64(len(pictures))
		channels = max(channels, x.Shape[3])
	}
	l.noise = noise.Estimation{Level: math.Sqrt(level), Coarse: coarse}
	sigma := min(math.Round(25500*l.noise.Level)/100, 100)

	spec := aloneSpec(channels)
	if l.from != nil {
		spec = l.from.Spec
		spec.Optimiser, spec.Rate, spec.Schedule, spec.Warmup, spec.Average = "muon", 0.0005, "cosine", 20, 0.99
		spec.Loss, spec.Batch, spec.Check, spec.Grey, spec.Augment, spec.Leaves, spec.Estimated = "mse", 8, 1e6, 0, false, 0, false
	}
	spec.Seed, spec.Scheme, spec.Crop = l.seed, "pairs:"+number(sigma), pairsCrop
	if l.scheme == "blindspot" {
		spec.Scheme, spec.Crop = "blindspot:3", cleanCrop
	}
	cell := spec.Cell()
	round := func(crop, unit int) int { return max(unit, crop/unit*unit) }
	spec.Crop = round(spec.Crop, 2*cell)
	xs := make([]*tensor.Tensor, len(pictures))
	for i, x := range pictures {
		xs[i] = enough(inChannels(x, spec.Channels), spec.Crop)
	}
	first, err := l.stage(ctx, spec, l.from, xs, 0, pairsPart)
	if err != nil || first == nil {
		return l.best, err
	}
	// What it made of the pictures is clean enough to learn from: with noise as it is there.
	kind := "gaussian"
	clean := make([]*tensor.Tensor, len(xs))
	var flat, rising fit
	for i, x := range xs {
		clean[i] = x.Clone()
		if err := denoise(ctx, first, clean[i], l.noise.Level, 1, 1, nil); err != nil {
			return l.best, err
		}
		compareNoise(x, clean[i], &flat, &rising)
	}
	strength := sigma
	if r := rising.factor(); rising.error() < flat.error() {
		kind, strength = "poisson", min(math.Round(25500*math.Sqrt(r))/100, 100)
	}
	spec = first.Spec
	spec.Scheme, spec.Crop, spec.Rate, spec.Seed = kind+":"+number(strength), round(cleanCrop, cell), spec.Rate/3, l.seed+1
	for i, x := range clean {
		clean[i] = enough(x, spec.Crop)
	}
	second, err := l.stage(ctx, spec, first, clean, pairsPart, 1)
	if second != nil {
		l.best = second
	}
	return l.best, err
}

// stage trains in the time between two parts of all of it.
func (l *loner) stage(ctx context.Context, spec model.Spec, from *model.Model, xs []*tensor.Tensor, begin, end float64) (*model.Model, error) {
	spec.Steps = 1000
	source := noisy{xs, spec.Crop}
	tr, err := model.NewTrainer(spec, source, source)
	if err != nil {
		return nil, err
	}
	if from != nil {
		if err := tr.Begin(from); err != nil {
			return nil, err
		}
	}
	past := func() float64 {
		if l.fixed > 0 {
			return float64(l.steps) / float64(l.fixed)
		}
		return float64(time.Since(l.began)) / float64(l.time)
	}
	started := past()
	for part := started; part < end; part = past() {
		if ctx.Err() != nil {
			break
		}
		p, err := tr.Step()
		if err != nil {
			return nil, err
		}
		l.steps++
		if taken := tr.Taken(); taken >= 10 { // by now the speed is known
			perStep := (past() - started) / float64(taken)
			tr.SetSteps(max(taken+1, int((end-started)/perStep)))
		}
		if l.report != nil {
			l.report(LearnReport{Part: min(past(), 1), Step: l.steps, Loss: p.Loss, Seconds: time.Since(l.began).Seconds(), Model: tr.Model})
		}
	}
	if tr.Taken() == 0 {
		return nil, ctx.Err()
	}
	m := tr.Model()
	if l.best == nil || begin == 0 || past() > begin+(end-begin)/4 {
		l.best = m
	}
	return m, ctx.Err()
}

// noisy draws parts of pictures, turned and mirrored.
type noisy struct {
	pictures []*tensor.Tensor
	side     int
}

func (s noisy) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	c := s.pictures[0].Shape[3]
	out := tensor.New(n, s.side, s.side, c)
	for b := range n {
		x := s.pictures[rng.IntN(len(s.pictures))]
		_, h, w, _ := x.Dims4()
		top, left, turn := rng.IntN(h-s.side+1), rng.IntN(w-s.side+1), rng.IntN(8)
		for i := range s.side {
			for j := range s.side {
				y, z := i, j
				if turn&1 != 0 {
					y = s.side - 1 - y
				}
				if turn&2 != 0 {
					z = s.side - 1 - z
				}
				if turn&4 != 0 {
					y, z = z, y
				}
				copy(out.Data[((b*s.side+i)*s.side+j)*c:][:c], x.Data[((top+y)*w+left+z)*c:])
			}
		}
	}
	return out, nil
}

// enough returns a picture that is at least so many pixels high and wide: small ones are
// mirrored at their edges.
func enough(x *tensor.Tensor, side int) *tensor.Tensor {
	_, h, w, c := x.Dims4()
	if h >= side && w >= side {
		return x
	}
	out := tensor.New(1, max(h, side), max(w, side), c)
	for i := range out.Shape[1] {
		for j := range out.Shape[2] {
			copy(out.Data[(i*out.Shape[2]+j)*c:][:c], x.Data[(tensor.Mirror(i, h)*w+tensor.Mirror(j, w))*c:])
		}
	}
	return out
}

// A fit is the least-squares factor of y = factor·x.
type fit struct{ xx, xy, yy float64 }

func (f *fit) add(x, y float64) {
	f.xx += x * x
	f.xy += x * y
	f.yy += y * y
}

func (f *fit) factor() float64 { return f.xy / f.xx }
func (f *fit) error() float64  { return f.yy - f.xy*f.xy/f.xx }

// compareNoise fits the variance of noise at each brightness, as a constant and as what
// rises with the brightness, as that of photons does.
func compareNoise(noisy, clean *tensor.Tensor, flat, rising *fit) {
	const levels, few = 32, 200
	var count, sum [levels]float64
	for i, v := range clean.Data {
		d := float64(noisy.Data[i] - v)
		at := max(0, min(int(v*levels), levels-1))
		count[at]++
		sum[at] += d * d
	}
	for i, n := range count {
		if i > 0 && i < levels-1 && n >= few { // at the ends values are clipped
			flat.add(1, sum[i]/n)
			rising.add((float64(i)+0.5)/levels, sum[i]/n)
		}
	}
}
