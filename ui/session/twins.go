package session

// This file trains two networks side by side that differ in one thing.

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"sieve/model"
	"sieve/model/embed"
	"sieve/model/metric"
	"sieve/model/tensor"
)

// A Twin is what is trained beside another: as many steps, on the same data.
type Twin struct {
	Spec model.Spec // as TrainJob.Spec; without a body, PCA with as many numbers as the other's latent
}

// isPCA reports whether there is nothing to train.
func (t Twin) isPCA() bool { return t.Spec.Body == "" }

// TwinState is how the twin of a training does.
type TwinState struct {
	PCA      bool
	Numbers  int        // of PCA
	Spec     model.Spec // of a network
	Progress model.Progress
	Curve    []CurvePoint // of PCA two points, as long as the other's, with what it loses
	BestStep int
	BestLoss float64
	Diverged int // at that step; 0: nowhere
	Panes    Panes

	Difference *tensor.Tensor // between what the two make of the picture, Gain times; mid-grey is none
	Gain       float64
	Differing  float64 // the root mean square of it, in levels of 255
	version    uint64  // of Difference
}

// Sides are the panes of two trainings in the order in which they are shown: the original, what the
// first makes of it, what the twin makes of it, and by how much they differ. All four are pictures.
// Without a twin, or before it has made anything, there are none.
func (tr Train) Sides() Panes {
	p := noPanes()
	if tr.Twin == nil || tr.Twin.Difference == nil {
		return p
	}
	w := tr.Twin
	p.Original, p.Noisy, p.Latent, p.Result = tr.Panes.Original, tr.Panes.Result, w.Panes.Result, w.Difference
	p.Versions = [4]uint64{tr.Panes.Versions[PaneOriginal], tr.Panes.Versions[PaneResult], w.Panes.Versions[PaneResult], w.version}
	return p
}

// A twinRun is the twin of a run in its goroutine's hands.
type twinRun struct {
	t       *Training // nil for PCA
	curve   curve
	preview *preview
	keeper  *keeper
	state   TwinState
	lost    CurvePoint // what PCA loses
	until   int        // the end of training, as the other knew it when it took its last step
}

// openTwin opens the twin of a training that is about to begin.
func (s *Session) openTwin(ctx context.Context, job TrainJob, t *Training) (*twinRun, error) {
	w := &twinRun{state: TwinState{PCA: job.Twin.isPCA(), Progress: noProgress(0), BestLoss: nan, Panes: noPanes()}}
	if w.state.PCA {
		return w, w.fitPCA(t)
	}
	beside := TrainJob{Data: job.Data, Spec: job.Twin.Spec, Limits: job.Limits}
	beside.Spec.Channels, beside.Spec.Crop, beside.Spec.Steps = t.tr.Spec().Channels, t.tr.Spec().Crop, t.tr.Spec().Steps
	var err error
	if w.t, err = OpenTraining(ctx, beside, nil); err != nil {
		return nil, err
	}
	w.t.clock.now = s.o.Now
	w.until = beside.Spec.Steps
	w.state.Spec = w.t.tr.Spec()
	return w, nil
}

// fitPCA finds what as many numbers of PCA lose of pictures that are held back.
func (w *twinRun) fitPCA(t *Training) error {
	spec := t.tr.Spec()
	rng := rand.New(rand.NewPCG(spec.Seed, 0x706361))
	numbers := spec.Numbers() * (spec.Crop / spec.Cell()) * (spec.Crop / spec.Cell())
	size := spec.Crop * spec.Crop * spec.Channels
	// PCA needs more pictures than numbers, and memory for both.
	const mostSamples, mostMemory = 4096, 64 << 20
	n := min(mostSamples, mostMemory/size)
	if numbers >= min(n, size) {
		return &model.SpecError{Field: "latent", Value: fmt.Sprintf("%d numbers a picture", numbers), Want: fmt.Sprintf("fewer than %d beside PCA", min(n, size))}
	}
	rows, err := t.data.Train.Batch(rng, n)
	if err != nil {
		return err
	}
	fit, err := embed.Fit(rows.Data, n, size, numbers)
	if err != nil {
		return err
	}
	restore := func(x *tensor.Tensor) *tensor.Tensor {
		return clamp(&tensor.Tensor{Shape: x.Shape, Data: fit.Restore(fit.Project(x.Data))})
	}
	w.state.Numbers = numbers
	w.lost = CurvePoint{Loss: nan, Distortion: nan, Price: nan, ValLoss: nan, ValPSNR: nan}
	if err := w.judgePCA(t.tr, restore); err != nil {
		return err
	}
	w.state.BestLoss = w.lost.ValLoss
	w.preview = &preview{} // filled when the other's is known
	if p, err := newPreview(t, nil); err == nil && !p.photo && p.given.Shape[1] == spec.Crop {
		made := restore(p.given)
		w.preview = p
		panes := noPanes()
		panes.Original, panes.Result = p.original, sheet(made)
		panes.ResultPSNR, panes.ResultSSIM = metric.PSNR(p.original, panes.Result), metric.SSIM(p.original, panes.Result)
		w.state.Panes = panes
	}
	return nil
}

// judgePCA gives PCA the pictures that validations of the network look at, with their noise.
func (w *twinRun) judgePCA(tr *model.Trainer, restore func(x *tensor.Tensor) *tensor.Tensor) error {
	var loss, mse []float64
	size := tr.Spec().Crop
	err := tr.Held(func(in, want, weight *tensor.Tensor) {
		if in.Shape[1] != size || want.Shape[1] != size {
			return // the lesson is of pictures of another size
		}
		y := restore(in)
		mse = append(mse, meanSquare(y, want))
		switch {
		case weight != nil:
			loss = append(loss, nan)
		case tr.Spec().Loss == "mse":
			loss = append(loss, meanSquare(y, want))
		case tr.Spec().Loss == "rmse":
			loss = append(loss, math.Sqrt(meanSquare(y, want)))
		case tr.Spec().Loss == "bce":
			loss = append(loss, crossEntropy(y, want))
		default:
			loss = append(loss, nan)
		}
	})
	if err == nil && len(mse) == 0 {
		err = &model.SpecError{Field: "scheme", Value: tr.Spec().Scheme, Want: "one that leaves pictures their size beside PCA"}
	}
	if err != nil {
		return err
	}
	w.lost.ValLoss, w.lost.ValPSNR = mean(loss), metric.Decibels(mean(mse))
	return nil
}

// follow takes as many steps as the other has. Time may move the other's end of training to until:
// then that of the twin moves one step later, as the other's step was taken by the old one.
func (w *twinRun) follow(steps, until int) {
	if w.t == nil {
		if w.lost.Step = steps; steps > 1 {
			first := w.lost
			first.Step = 1
			w.state.Curve = []CurvePoint{first, w.lost}
		}
		return
	}
	w.t.clock.start()
	defer w.t.clock.stop()
	w.t.tr.SetSteps(w.until)
	w.until = until
	for w.state.Diverged == 0 && w.t.tr.Taken() < steps {
		p, err := w.t.tr.Step()
		if err != nil {
			w.state.Diverged = p.Step
			if errors.Is(err, model.ErrDiverged) {
				w.t.tr.Revert()
			}
			return
		}
		w.curve.add(p)
		w.state.Progress, w.state.Curve = p, w.curve.points
		w.keeper.after(w.t, w.curve.points)
	}
	if best, ok := w.t.tr.BestInfo(); ok {
		w.state.BestStep, w.state.BestLoss = best.Step, best.ValLoss
	}
}

// look makes the panes of the twin, and compares with the result of the other.
func (w *twinRun) look(ctx context.Context, s *Session, other *preview, result *tensor.Tensor, still bool) {
	if other == nil {
		return
	}
	defer w.compare(s, result)
	if w.t == nil {
		if w.state.Panes.Versions == [4]uint64{} && w.state.Panes.Result != nil {
			w.number(s)
		}
		return
	}
	if w.preview == nil {
		w.preview = previewOf(w.t.tr.Model(), other.clean, other.given, other.photo)
	}
	if panes, err := w.preview.look(ctx, w.t.tr.Model(), still); err == nil {
		w.state.Panes = panes
		w.number(s)
	}
}

// compare makes the difference between what the two make of the picture.
func (w *twinRun) compare(s *Session, result *tensor.Tensor) {
	mine := w.state.Panes.Result
	if mine == nil || !slices.Equal(mine.Shape, result.Shape) {
		return
	}
	w.state.Differing = 255 * math.Sqrt(metric.MSE(result, mine))
	w.state.Gain = Panes{RemovedRMS: w.state.Differing}.Gain()
	w.state.Difference = Removed(result, mine, w.state.Gain, 0, mine.Shape[1])
	w.state.version = s.ticket()
}

// number gives the panes versions of their own.
func (w *twinRun) number(s *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range w.state.Panes.Versions {
		w.state.Panes.Versions[i] = s.next()
	}
}

// end keeps how the twin ended.
func (w *twinRun) end(phase Phase) {
	if w.state.Diverged > 0 {
		phase = Diverged
	}
	if w.t != nil {
		w.keeper.end(w.t, w.curve.points, phase)
	}
}
