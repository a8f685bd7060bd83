package session

// This file lets a training run behind the window.

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/metric"
	"sieve/model/noise"
	"sieve/model/tensor"
)

// ErrNoTraining reports that there is no training yet.
var ErrNoTraining = errors.New("session: no training")

// A run is a training in the session's hands. Its goroutine, if it has one,
// takes steps and does what is ordered between them.
type run struct {
	s *Session

	// The session's mutex guards these.
	t      *Training // nil while it is being opened
	orders []func()  // for the goroutine
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{} // closed when the newest goroutine has ended; nil before the first
	live   bool          // there is a goroutine
	wake   chan struct{} // holds one: there are orders

	// The goroutine owns these.
	paused  bool
	steps   int // to take while paused
	curve   curve
	preview *preview
	last    model.Progress
	shown   time.Time // when the state was last published
	told    bool      // that checkpoints cannot be written
	keeper  *keeper   // nil when the run is not kept
	twin    *twinRun  // nil when it is alone
}

func (s *Session) newRun() *run { return &run{s: s, wake: make(chan struct{}, 1)} }

// start gives a run a goroutine, which first waits for the one before. s.mu is
// held.
func (r *run) start(serve func(ctx context.Context)) {
	if r.s.closing {
		return
	}
	before, done := r.done, make(chan struct{})
	ctx, cancel := context.WithCancel(r.s.ctx)
	r.ctx, r.cancel, r.done, r.live = ctx, cancel, done, true
	r.s.work.Go(func() {
		defer close(done)
		defer cancel()
		if before != nil {
			<-before
		}
		serve(ctx)
		for r.obey() || r.leave(done) {
		}
	})
}

// obey does what was ordered and says whether there was anything.
func (r *run) obey() bool {
	r.s.mu.Lock()
	orders := r.orders
	r.orders = nil
	r.s.mu.Unlock()
	for _, f := range orders {
		f()
	}
	return len(orders) > 0
}

// leave ends the goroutine that closes done, unless there are new orders for it.
func (r *run) leave(done chan struct{}) (stay bool) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if r.done != done { // another takes over
		return false
	}
	r.live = len(r.orders) > 0
	return r.live
}

// order has something done between two steps, or at once when none are taken.
func (s *Session) order(f func(r *run)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.run; r != nil {
		r.add(f)
		if !r.live {
			r.start(func(context.Context) {})
		}
	}
}

// add queues an order. s.mu is held.
func (r *run) add(f func(r *run)) {
	r.orders = append(r.orders, func() { f(r) })
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// show changes the training's state, if it is still the session's.
func (r *run) show(f func(tr *Train, st *State)) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if r.s.run == r {
		r.s.publish(func(st *State) { f(&st.Train, st) })
	}
}

func newTrain(p Phase, spec model.Spec, data string, step int) Train {
	return Train{Phase: p, Spec: spec, Data: Data{Name: data}, Progress: noProgress(step), BestLoss: nan, Panes: noPanes()}
}

func noProgress(step int) model.Progress {
	return model.Progress{Step: step, Loss: nan, Distortion: nan, Price: nan}
}

// Train starts a training. One that is under way is stopped first; it comes back
// when the new one cannot be opened.
func (s *Session) Train(job TrainJob) {
	if job.Limits.Pixels == 0 {
		job.Limits = s.o.Limits
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if job.Checkpoint == "" {
		job.Checkpoint = s.slot.path
	}
	before, old := s.run, s.state.Train
	r := s.newRun()
	s.run = r
	s.publish(func(st *State) {
		st.Train = newTrain(Preparing, job.Spec, job.Data, 0)
	})
	if before != nil && before.cancel != nil {
		before.cancel()
	}
	r.start(func(ctx context.Context) {
		if before != nil && before.done != nil {
			<-before.done
		}
		t, err := s.open(ctx, job)
		if err != nil {
			s.mu.Lock()
			if s.run == r {
				s.run = before
				if old.Busy() {
					old.Phase = Stopped
				}
				s.publish(func(st *State) { st.Train = old })
			}
			s.mu.Unlock()
			s.fail(err)
			return
		}
		if old.Unsaved && job.Resume == "" {
			s.setAside()
		}
		r.serve(ctx, t)
	})
}

// setAside renames the checkpoint that another training would replace, so that
// nothing is lost by a click.
func (s *Session) setAside() {
	if path := s.slot.path; path != "" {
		os.Rename(path, strings.TrimSuffix(path, ".checkpoint")+".previous.checkpoint")
	}
}

func (s *Session) open(ctx context.Context, job TrainJob) (*Training, error) {
	task := s.begin("Opening the pictures")
	defer task.end()
	t, err := OpenTraining(ctx, job, task.report)
	if err != nil {
		return nil, err
	}
	t.clock.now = s.o.Now
	return t, nil
}

// serve trains.
func (r *run) serve(ctx context.Context, t *Training) {
	s := r.s
	s.mu.Lock()
	r.t = t
	s.mu.Unlock()
	data := describe(t.name, t.data, t.Skipped())
	r.show(func(tr *Train, st *State) {
		if st.Data.Version == 0 || st.Data.Name != t.job.Data {
			s.warn(data)
		}
		if st.Message.Key == interrupted(t).Key {
			st.Message = Message{}
		}
		tr.Phase, tr.Data, tr.Spec = Running, data, t.tr.Spec()
		tr.Progress.Step = t.tr.Taken()
	})
	for _, remark := range t.Remarks() {
		s.tell(Warning, Explain(remark))
	}
	if t.job.Twin != nil && r.twin == nil && t.tr.Taken() == 0 {
		var err error
		if r.twin, err = s.openTwin(ctx, t.job, t); err != nil {
			r.twin = nil // it trains alone
			s.fail(err)
		}
	}
	if r.preview == nil {
		var err error
		if r.preview, err = newPreview(t, s.State().Original); err != nil {
			s.fail(err)
		}
	}
	r.look(ctx, t.tr.Model(), false)
	r.keeper = s.keepRun(t, r.preview, r.keeper, r.curve.points)
	if r.twin != nil && r.twin.t != nil {
		r.twin.keeper = s.keepRun(r.twin.t, r.preview, r.twin.keeper, r.twin.curve.points)
		if r.keeper != nil {
			r.keeper.beside = &r.twin.t.clock
		}
	}
	r.show(func(tr *Train, _ *State) { tr.Run = r.keeper.name() })
	r.hold(ctx)
	res, err := t.Run(ctx, func(rep TrainReport) error {
		r.curve.add(rep.Progress)
		r.keeper.after(t, r.curve.points)
		if r.twin != nil {
			r.twin.follow(rep.Step, t.tr.Spec().Steps)
		}
		r.report(rep)
		if !r.paused && s.o.Now().After(r.preview.next()) {
			r.look(ctx, t.tr.Model(), false)
		}
		return r.hold(ctx)
	})
	r.end(res, err)
}

// report shows a step, if it is time to.
func (r *run) report(rep TrainReport) {
	const frame = 33 * time.Millisecond
	s := r.s
	r.last = rep.Progress
	if rep.Checkpoint != "" {
		s.saved("checkpoint", rep.Checkpoint)
	}
	if rep.Trouble != nil && !r.told {
		r.told = true
		s.tell(Warning, unkept(rep.Trouble))
	}
	now := s.o.Now()
	if rep.Val == nil && !r.paused && now.Sub(r.shown) < frame {
		return
	}
	r.shown = now
	bad := r.t.Skipped()
	r.show(func(tr *Train, _ *State) {
		if len(bad) > len(tr.Data.Skipped) {
			tr.Data = describe(tr.Data.Name, r.t.data, bad)
			s.warn(tr.Data)
		}
		tr.Progress, tr.Curve, tr.Spec = rep.Progress, r.curve.points, r.t.tr.Spec()
		tr.Flows = r.t.tr.Flows(tr.Spec.Crop, tr.Spec.Crop)
		tr.Twin = r.twinState()
		tr.PicturesPerSecond, tr.Left, tr.Seconds = rep.PicturesPerSecond, rep.Left, r.t.clock.elapsed().Seconds()
		if rep.Val != nil {
			r.setBest(tr)
		}
	})
}

// twinState is how the twin does now, nil when there is none.
func (r *run) twinState() *TwinState {
	if r.twin == nil {
		return nil
	}
	state := r.twin.state
	return &state
}

// setBest copies what the trainer knows of its best weights.
func (r *run) setBest(tr *Train) {
	if best, ok := r.t.tr.BestInfo(); ok {
		tr.Unsaved = tr.Unsaved || best.Step != tr.BestStep
		tr.BestStep, tr.BestLoss, tr.BestNats = best.Step, best.ValLoss, best.ValNats
	}
}

// hold does what is ordered, and returns when it is time for the next step.
func (r *run) hold(ctx context.Context) error {
	r.obey()
	if !r.paused {
		return ctx.Err()
	}
	for first := true; ctx.Err() == nil; r.obey() {
		switch {
		case !r.paused:
			r.t.clock.start()
			r.show(func(tr *Train, _ *State) { tr.Phase = Running })
			return nil
		case r.steps > 0:
			r.steps--
			r.t.clock.start()
			return nil
		case first:
			first = false
			r.t.clock.stop()
			r.rest(ctx)
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// catchUp shows the last step, if it went by too fast to be shown.
func (r *run) catchUp(tr *Train) {
	if r.last.Step == r.t.tr.Taken() {
		tr.Progress = r.last
	}
}

// rest is what happens once the weights are still for a while.
func (r *run) rest(ctx context.Context) {
	var was Phase
	r.show(func(tr *Train, _ *State) {
		was = tr.Phase
		tr.Phase, tr.Curve, tr.Left = Paused, r.curve.points, 0
		r.catchUp(tr)
	})
	r.look(ctx, r.t.tr.Model(), true)
	if was != Paused {
		r.keeper.rest(r.t, r.curve.points)
		if r.twin != nil && r.twin.t != nil {
			r.twin.keeper.rest(r.twin.t, r.twin.curve.points)
		}
		if r.t.job.Checkpoint != "" {
			r.keep()
		}
	}
}

// keep writes a checkpoint.
func (r *run) keep() {
	if err := r.t.checkpoint(); err != nil {
		r.s.tell(Warning, unkept(err))
	} else if r.t.job.Checkpoint != "" {
		r.s.saved("checkpoint", r.t.job.Checkpoint)
	}
}

// end shows how it ended.
func (r *run) end(res TrainResult, err error) {
	s := r.s
	var diverged *DivergedError
	errors.As(err, &diverged)
	r.paused, r.steps = false, 0
	r.show(func(tr *Train, _ *State) {
		tr.Phase, tr.Curve, tr.Spec, tr.Left = Stopped, r.curve.points, r.t.tr.Spec(), 0
		r.catchUp(tr)
		r.setBest(tr)
		if res.Finished {
			tr.Phase = Finished
		}
		if res.Model != "" && res.Finished {
			tr.Unsaved = false
		}
		if diverged != nil {
			tr.Phase, tr.DivergedStep = Diverged, diverged.Step
		}
	})
	if res.Model != "" {
		s.saved("model", res.Model)
	} else if r.t.job.Checkpoint != "" && res.Trouble == nil {
		s.saved("checkpoint", r.t.job.Checkpoint)
	}
	r.look(s.ctx, res.Best, true)
	r.keeper.end(r.t, r.curve.points, s.phaseOf(r))
	if r.twin != nil {
		r.twin.end(s.phaseOf(r))
	}
	switch {
	case res.Trouble != nil && diverged == nil:
		s.tell(Warning, unkept(res.Trouble))
	case res.Finished && err == nil:
		s.tell(Info, say("Training is finished: the best model is that of step {{.Step}}.", "Step", res.BestStep))
	default:
		s.fail(err)
	}
}

// phaseOf is the phase of a run that has ended.
func (s *Session) phaseOf(r *run) Phase {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run == r {
		return s.state.Train.Phase
	}
	return Stopped
}

// unkept says that there is no checkpoint.
func unkept(err error) Sentence {
	return say("What is learned cannot be kept for a restart. {{.Why}}", "Why", Words(err))
}

// Pause holds the training after the step that is being taken.
func (s *Session) Pause() {
	s.order(func(r *run) { r.paused, r.steps = true, 0 })
}

// StepOnce takes one step and holds.
func (s *Session) StepOnce() {
	s.again(func(r *run) { r.paused, r.steps = true, r.steps+1 })
}

// Resume lets a training go on that was paused, stopped or interrupted.
func (s *Session) Resume() {
	s.again(func(r *run) { r.paused = false })
}

// again gives an order to a training, and lets it go on if it had ended.
func (s *Session) again(f func(r *run)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.run
	if r == nil {
		s.put(Error, Explain(ErrNoTraining))
		return
	}
	r.add(f)
	phase := s.state.Train.Phase
	if r.live && r.ctx.Err() != nil {
		phase = Stopped // soon
	}
	switch phase {
	case Interrupted:
		job := r.t.job
		s.publish(func(st *State) { st.Train.Phase = Preparing })
		r.start(func(ctx context.Context) {
			t, err := s.open(ctx, job)
			if err != nil {
				r.show(func(tr *Train, _ *State) { tr.Phase = Interrupted })
				s.fail(err)
				return
			}
			r.serve(ctx, t)
		})
	case Stopped, Diverged:
		r.start(func(ctx context.Context) { r.serve(ctx, r.t) })
	}
}

// StopTraining ends the training after the step that is being taken. Resume
// can take it up again.
func (s *Session) StopTraining() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != nil && s.run.cancel != nil {
		s.run.cancel()
	}
}

// BackToBest takes the weights back to the best so far. A training that had
// diverged goes on from there with a tenth of its learning rate.
func (s *Session) BackToBest() {
	diverged := s.State().Train.Phase == Diverged
	f := func(r *run) {
		if r.t == nil || r.t.data == nil {
			return
		}
		if err := r.t.tr.Revert(); err != nil {
			s.fail(err)
			return
		}
		if diverged {
			r.t.tr.SetRate(r.t.tr.Spec().Rate / 10)
		}
		r.curve.back(r.t.tr.Taken())
		r.keeper.back(r.t, r.curve.points)
		r.show(func(tr *Train, _ *State) {
			tr.Progress = noProgress(r.t.tr.Taken())
			tr.Curve, tr.Spec = r.curve.points, r.t.tr.Spec()
			if tr.Phase == Finished {
				tr.Phase = Stopped
			}
		})
		r.look(s.ctx, r.t.tr.Model(), true)
	}
	if diverged {
		s.again(f)
	} else {
		s.order(f)
	}
}

// UseTrained takes the best model of the training into use.
func (s *Session) UseTrained() {
	ticket := s.ticket()
	s.do("Taking the trained model", func(ctx context.Context) error {
		m, _ := s.best(ctx)
		if m == nil {
			return ErrNoTraining
		}
		name := shorten(s.State().Train.Data.Name)
		s.useModel(loaded{m: m, version: ticket, info: Model{Name: name, Trained: true, Unsaved: s.State().Train.Unsaved}})
		return nil
	})
}

// best returns the best model of the training, nil when there is none, and what
// to do when it has been saved.
func (s *Session) best(ctx context.Context) (m *model.Model, saved func()) {
	s.mu.Lock()
	r, phase := s.run, s.state.Train.Phase
	s.mu.Unlock()
	if r == nil || phase == Preparing {
		return nil, func() {}
	}
	got := make(chan *model.Model, 1)
	s.order(func(r *run) {
		if r.t != nil {
			got <- r.t.best()
		} else {
			got <- nil
		}
	})
	select {
	case m = <-got:
	case <-ctx.Done():
		return nil, func() {}
	}
	return m, func() {
		r.show(func(tr *Train, st *State) {
			if m.Info.Step == tr.BestStep {
				tr.Unsaved = false
			}
			if st.Model.Trained && st.Model.Info == m.Info {
				st.Model.Unsaved = false
			}
			if tr.Phase == Finished {
				remove(r.t.job.Checkpoint)
			}
		})
	}
}

// Forget gives up a training that is not running, and its checkpoint.
func (s *Session) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.run
	if r == nil || s.state.Train.Busy() {
		return
	}
	s.run = nil
	if r.t != nil {
		remove(r.t.job.Checkpoint)
	}
	s.publish(func(st *State) { st.Train = newTrain(Idle, model.Spec{}, "", 0) })
}

// interrupted is said of a training until it goes on.
func interrupted(t *Training) Sentence {
	return say("Training of {{.Data}} was interrupted at step {{.Step}}. “Go on” takes it up again.", "Data", shorten(t.name), "Step", t.tr.Taken())
}

// reopen offers the training in a checkpoint.
func (s *Session) reopen(path string) {
	s.do("Opening the checkpoint", func(ctx context.Context) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		t := &Training{job: TrainJob{Resume: path, Checkpoint: s.slot.path, Limits: s.o.Limits}, clock: stopwatch{now: s.o.Now}}
		if t.name, _, err = model.CheckpointData(f); err == nil {
			if _, err = f.Seek(0, 0); err == nil {
				t.tr, err = model.Resume(reader{ctx, f}, nil, nil)
			}
		}
		if err != nil {
			if path == s.slot.path && ctx.Err() == nil {
				os.Rename(path, path+".damaged") // to be told of it once
			}
			return imageio.FileError{Path: path, Err: err}
		}
		keeper, curve := s.keeperOf(t)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.state.Train.Busy() {
			return errBusy
		}
		if s.state.Train.Unsaved && path != s.slot.path {
			s.setAside()
		}
		r := s.newRun()
		r.t, r.keeper, s.run = t, keeper, r
		r.curve.begin(curve, t.tr.Taken())
		spec := t.tr.Spec()
		phase := Interrupted
		text := interrupted(t)
		if spec.Steps > 0 && t.tr.Taken() >= spec.Steps {
			phase = Finished
			text = say("The model trained on {{.Data}} is not saved yet. Save it, or train another.", "Data", shorten(t.name))
		}
		s.publish(func(st *State) {
			st.Train = newTrain(phase, spec, t.name, t.tr.Taken())
			r.setBest(&st.Train)
			st.Train.Curve, st.Train.Unsaved, st.Train.Run = r.curve.points, true, keeper.name()
		})
		s.put(Info, text)
		return nil
	})
}

// errBusy reports that a training is in the way.
var errBusy = errors.New("session: a training is under way")

// A preview is the fixed picture that training is watched on.
type preview struct {
	clean, given    *tensor.Tensor                        // (N, H, W, C)
	photo           bool                                  // one picture of its own size, and not a sheet of small ones
	original, noisy *tensor.Tensor                        // as shown
	in              *tensor.Tensor                        // as the model takes it, (N, H, W, C)
	back            func(y *tensor.Tensor) *tensor.Tensor // from the model's answer to what is shown
	latent          func(z *tensor.Tensor) *tensor.Tensor
	fresh           bool      // nothing is shown yet
	after           time.Time // when the next is due
}

// previewSide bounds the preview of a photograph, in pixels.
const previewSide = 512

// newPreview takes the current picture, if training is on photographs, or else a
// sheet of pictures that are held back.
func newPreview(t *Training, current *tensor.Tensor) (*preview, error) {
	spec := t.tr.Spec()
	scheme, err := noise.Parse(spec.Scheme)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(spec.Seed, math.MaxUint64))
	if t.data.Native == 0 && current != nil {
		x := middle(current, previewSide)
		return previewOf(t.tr.Model(), x, given(scheme, rng, x), true), nil
	}
	from := t.data.Held
	if from == nil {
		from = t.data.Train
	}
	x, err := from.Batch(rng, 16)
	if err != nil {
		return nil, err
	}
	return previewOf(t.tr.Model(), x, given(scheme, rng, x), false), nil
}

// previewOf is the preview of pictures and what is given of them.
func previewOf(m *model.Model, clean, given *tensor.Tensor, photo bool) *preview {
	p := &preview{clean: clean, given: given, photo: photo, fresh: true}
	if photo {
		p.original, p.noisy, p.latent = clean, given, together
		p.in, p.back = Adapt(m, given)
		return p
	}
	p.original, p.noisy, p.in, p.back, p.latent = sheet(clean), sheet(given), given, sheet, sheet
	if given == clean {
		p.noisy = p.original
	}
	return p
}

// look is what a model makes of the preview; SSIM takes longer and is left out unless still.
func (p *preview) look(ctx context.Context, m *model.Model, still bool) (Panes, error) {
	z, y, err := m.Look(ctx, p.in, levelOf(m, p.noisy), nil)
	if err != nil {
		return Panes{}, err
	}
	panes := noPanes()
	panes.Original, panes.Noisy, panes.Latent, panes.Result = p.original, p.noisy, p.latent(z), clamp(p.back(y))
	panes.ResultPSNR = metric.PSNR(p.original, panes.Result)
	if p.noisy != p.original {
		panes.NoisyPSNR = metric.PSNR(p.original, p.noisy)
	}
	if still {
		panes.ResultSSIM = metric.SSIM(p.original, panes.Result)
		if p.noisy != p.original {
			panes.NoisySSIM = metric.SSIM(p.original, p.noisy)
		}
	}
	return panes, nil
}

// next returns when the next preview is due.
func (p *preview) next() time.Time {
	if p == nil {
		return time.Unix(1<<40, 0)
	}
	return p.after
}

// look shows what a model makes of the preview. Unless the weights are
// still for a while, it keeps to a tenth of the time and leaves SSIM out.
func (r *run) look(ctx context.Context, m *model.Model, still bool) {
	p := r.preview
	if p == nil {
		return
	}
	began := r.s.o.Now()
	panes, err := p.look(ctx, m, still)
	if err != nil {
		return
	}
	if r.twin != nil {
		r.twin.look(ctx, r.s, p, panes.Result, still)
	}
	r.show(func(tr *Train, _ *State) {
		s := r.s
		panes.Versions = tr.Panes.Versions
		if p.fresh {
			panes.Versions[PaneOriginal], panes.Versions[PaneNoisy] = s.next(), s.next()
			p.fresh = false
		}
		panes.Versions[PaneLatent], panes.Versions[PaneResult] = s.next(), s.next()
		tr.Panes, tr.Twin = panes, r.twinState()
	})
	now := r.s.o.Now()
	p.after = now.Add(max(9*now.Sub(began), 100*time.Millisecond))
}

// middle cuts the middle out of a picture that is larger than side.
func middle(x *tensor.Tensor, side int) *tensor.Tensor {
	_, h, w, c := x.Dims4()
	if h <= side && w <= side {
		return x
	}
	oh, ow := min(h, side), min(w, side)
	out := tensor.New(1, oh, ow, c)
	for i := range oh {
		copy(out.Data[i*ow*c:][:ow*c], x.Data[((i+(h-oh)/2)*w+(w-ow)/2)*c:])
	}
	return out
}
