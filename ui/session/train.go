package session

// This file is the training loop that window and terminal share.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/noise"
)

// A TrainJob says what to train, on what, and for how long.
type TrainJob struct {
	Data string // folder, file or "builtin:NAME"
	// Spec with Crop or Channels of 0 takes them from the data. The zero Spec is
	// the default one. A run that is resumed keeps its own and takes only Steps,
	// Rate and Precision from here, each when it is not 0.
	Spec       model.Spec
	Minutes    float64 // > 0: end after so long; Spec.Steps is then estimated from the speed
	Survey     bool    // the model is shown good pictures when done, and knows what is normal: those it learned from, and those held back
	Out        string  // model file to write when done; "" keeps the model in memory
	From       string  // model, as LoadModel has it, whose weights training starts from; "": fresh ones
	Resume     string  // checkpoint to go on from; Data then comes from it unless given
	Checkpoint string  // where checkpoints go; "": beside Out as Out.checkpoint, or nowhere without Out
	Limits     imageio.Limits
	Twin       *Twin // trained beside it in a window; nil: nothing
	Insist     bool  // fail where there are no tiles for bf16, instead of training in fp32

	grain string // a scheme that spoils the data before anything is learned from them; "": none
}

// What a killed program loses is at most as long as it had trained, and never
// more than checkpointEvery.
const firstCheckpoint, checkpointEvery = time.Second, 30 * time.Second

// A DivergedError reports a training whose numbers left all bounds. It is a
// model.ErrDiverged.
type DivergedError struct {
	Step int
	Best int // step of the best weights, which are kept; -1 when there are none
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("session: step %d: %v, best weights at step %d", e.Step, model.ErrDiverged, e.Best)
}

func (e *DivergedError) Unwrap() error { return model.ErrDiverged }

// A DataError reports data that cannot be learned from.
type DataError struct {
	Name string
	Err  error
}

func (e *DataError) Error() string { return fmt.Sprintf("session: data %s: %v", e.Name, e.Err) }
func (e *DataError) Unwrap() error { return e.Err }

// A Training is a run in its caller's hands. It is used by one goroutine at a time.
type Training struct {
	job    TrainJob
	data   *imageio.Data // nil while only a checkpoint has been read
	name   string        // of the data, as checkpoints say it
	denied error         // why it is fp32 where bf16 was wanted; or nil
	before string        // the precision of a run that goes on in another
	normal *model.Normal // of the best model, once it has been shown good pictures
	tr     *model.Trainer
	clock  stopwatch
}

// OpenTraining opens the data and builds the trainer, or resumes it. report may
// be nil; it is told how many files have been looked at.
func OpenTraining(ctx context.Context, job TrainJob, report func(done, total int)) (*Training, error) {
	t := &Training{job: job, clock: stopwatch{now: time.Now}}
	if t.job.Checkpoint == "" && job.Out != "" {
		t.job.Checkpoint = job.Out + ".checkpoint"
	}
	if job.Minutes < 0 || math.IsNaN(job.Minutes) {
		return nil, &model.SpecError{Field: "minutes", Value: fmt.Sprint(job.Minutes), Want: "more than 0"}
	}
	if job.Resume != "" {
		if err := t.resume(ctx, report); err != nil {
			return nil, err
		}
		return t, nil
	}
	spec := job.Spec
	if spec == (model.Spec{}) {
		spec = model.DefaultSpec()
	}
	if job.Minutes > 0 {
		spec.Steps = manySteps
	}
	var err error
	if spec.Precision, err = t.possible(spec.Precision); err != nil {
		return nil, err
	}
	spec, err = t.open(ctx, job.Data, spec, report)
	if err != nil {
		return nil, err
	}
	if t.tr, err = model.NewTrainer(spec, t.data.Train, t.data.Held); err != nil {
		return nil, err
	}
	if job.From != "" {
		m, _, err := LoadModel(job.From)
		if err != nil {
			return nil, err
		}
		if err := t.tr.Begin(m); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// manySteps stands for the end of training until the speed is known.
const manySteps = 1e6

// open opens the data and fills in what the spec leaves to them.
func (t *Training) open(ctx context.Context, name string, spec model.Spec, report func(done, total int)) (model.Spec, error) {
	if name == "" {
		return spec, &DataError{name, imageio.ErrEmpty}
	}
	t.name = name
	if !strings.HasPrefix(name, "builtin:") {
		if abs, err := filepath.Abs(name); err == nil {
			t.name = abs
		}
	}
	o := imageio.FolderOptions{Crop: spec.Crop, Channels: spec.Channels, Augment: spec.Augment, Leaves: spec.Leaves, Limits: t.job.Limits}
	open := func() (err error) {
		if t.data, err = imageio.OpenData(ctx, name, o, report); err != nil {
			if ctx.Err() == nil {
				err = &DataError{name, err}
			}
			return err
		}
		if t.data.Held != nil {
			if _, err := t.data.Held.Batch(rand.New(rand.NewPCG(0, 0)), 1); err != nil {
				t.data.Held = nil // nothing that was held back can be read: the others have to do
			}
		}
		return t.spoil()
	}
	if spec.Crop != 0 && spec.Channels != 0 {
		if err := spec.Validate(); err != nil {
			return spec, err
		}
		return spec, open()
	}
	if err := open(); err != nil {
		return spec, err
	}
	spec.Channels = t.data.Channels
	if spec.Crop != 0 {
		return spec, spec.Validate()
	}
	native := t.data.Native
	if native == 0 {
		native = 64
	}
	cell := max(1, spec.Cell())
	spec.Crop = (native + cell - 1) / cell * cell
	if err := spec.Validate(); err != nil || spec.Crop == native {
		return spec, err
	}
	o.Crop = spec.Crop
	return spec, open()
}

// spoil puts the noise over the data that they are to have.
func (t *Training) spoil() error {
	if t.job.grain == "" {
		return nil
	}
	grain, err := noise.Parse(t.job.grain)
	if err != nil {
		return err
	}
	t.data.Train = grained{t.data.Train, grain}
	if t.data.Held != nil {
		t.data.Held = grained{t.data.Held, grain}
	}
	return nil
}

// resume reads the checkpoint's header, opens the data, and reads the rest.
func (t *Training) resume(ctx context.Context, report func(done, total int)) error {
	f, err := os.Open(t.job.Resume)
	if err != nil {
		return err
	}
	defer f.Close()
	name, spec, err := model.CheckpointData(f)
	if err == nil {
		if t.job.Data != "" {
			name = t.job.Data
		}
		if spec, err = t.open(ctx, name, spec, report); err != nil {
			return err
		}
		if _, err = f.Seek(0, io.SeekStart); err == nil {
			t.tr, err = model.Resume(f, t.data.Train, t.data.Held)
		}
	}
	if err != nil {
		return imageio.FileError{Path: t.job.Resume, Err: err}
	}
	if n := t.job.Spec.Steps; n > 0 {
		t.tr.SetSteps(n)
	}
	if r := t.job.Spec.Rate; r > 0 {
		t.tr.SetRate(r)
	}
	old := t.tr.Spec().Precision
	now, err := t.possible(cmp.Or(t.job.Spec.Precision, old))
	if err != nil {
		return err
	}
	if now != old {
		t.before = old
		if err := t.tr.SetPrecision(now); err != nil {
			return err
		}
	}
	if t.job.Minutes > 0 {
		t.tr.SetSteps(max(spec.Steps, t.tr.Taken()+1000)) // until the speed is known
	}
	return nil
}

// Data is what it learns from.
func (t *Training) Data() *imageio.Data { return t.data }

// Skipped lists the files that turned out to be unusable so far.
func (t *Training) Skipped() []imageio.FileError {
	if f, ok := t.data.Train.(interface{ Skipped() []imageio.FileError }); ok {
		return f.Skipped()
	}
	return t.data.Skipped
}

// Trainer is what takes the steps. It may be used between them: in Run's each,
// and before and after Run.
func (t *Training) Trainer() *model.Trainer { return t.tr }

// A TrainReport is how one step went and how long it all takes.
type TrainReport struct {
	model.Progress
	PicturesPerSecond float64       // lately
	Seconds           float64       // since Run began
	Left              time.Duration // 0 when nobody knows
	Trouble           error         // why the last checkpoint could not be written, if so
	Checkpoint        string        // the file, when one was written just now
}

// A TrainResult is what has been learned.
type TrainResult struct {
	Finished bool   // all steps are taken, or the time is up
	Model    string // file it was written to; "" when none was
	Steps    int    // taken, those before a resume included
	BestStep int
	Seconds  float64
	Best     *model.Model // by validation
	Trouble  error        // why the last checkpoint could not be written, if so
}

// Run trains until the steps are taken, the time is up, ctx is done or each
// returns an error, which Run then returns. each is called after every step,
// while the weights are still. A run that has finished writes its best model to
// Out and removes the checkpoint; any other leaves a checkpoint. After
// divergence, a *DivergedError, the trainer stands at the best weights, which
// are written to Out, too. The result is valid with every error.
func (t *Training) Run(ctx context.Context, each func(TrainReport) error) (TrainResult, error) {
	t.clock.start()
	defer t.clock.stop()
	began := t.clock.elapsed()
	t.normal = nil
	err := t.learn(ctx, each)
	if errors.Is(err, model.ErrDiverged) {
		d := &DivergedError{Step: t.tr.Taken() + 1, Best: -1}
		var at *stepError
		if errors.As(err, &at) {
			d.Step = at.step
		}
		if t.tr.Revert() == nil {
			d.Best = t.tr.Taken()
		}
		err = d
	}
	res := TrainResult{Finished: err == nil, Steps: t.tr.Taken(), Seconds: (t.clock.elapsed() - began).Seconds(), Best: t.best()}
	res.BestStep = res.Best.Info.Step
	if err == nil && t.job.Survey {
		if err = t.survey(ctx, res.Best); err == nil {
			t.normal = res.Best.Normal
		}
	}
	if t.job.Out != "" && (err == nil || errors.Is(err, model.ErrDiverged) && res.BestStep > 0) {
		if saveErr := SaveModel(t.job.Out, res.Best); saveErr != nil {
			err = errors.Join(err, saveErr)
		} else if res.Model = t.job.Out; err == nil {
			return res, remove(t.job.Checkpoint)
		}
	}
	res.Trouble = t.checkpoint()
	return res, errors.Join(err, res.Trouble)
}

// best returns what would be saved.
func (t *Training) best() *model.Model {
	m := t.tr.Best()
	if m == nil {
		m = t.tr.Model()
	}
	m.Normal = t.normal
	return m
}

// SaveModel writes a model file whole.
func SaveModel(path string, m *model.Model) error { return writeFile(path, m.Save) }

// Halve writes a model, as LoadModel has it, in half precision to a file.
func Halve(name, path string) error {
	m, _, err := LoadModel(name)
	if err != nil {
		return err
	}
	return writeFile(path, m.SaveHalf)
}

// checkpoint writes the checkpoint, if there is a place for it.
func (t *Training) checkpoint() error {
	if t.job.Checkpoint == "" {
		return nil
	}
	return writeFile(t.job.Checkpoint, func(w io.Writer) error { return t.tr.Save(w, t.name) })
}

// A stepError says at which step a trainer failed.
type stepError struct {
	step int
	err  error
}

func (e *stepError) Error() string { return e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// learn takes the steps.
func (t *Training) learn(ctx context.Context, each func(TrainReport) error) error {
	began := t.clock.elapsed()
	last, kept := began, began
	pace := pace{budget: time.Duration(t.job.Minutes * float64(time.Minute))}
	var speed meter
	var trouble error
	for p, err := range t.tr.Steps(ctx) {
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return &stepError{p.Step, err}
		}
		now := t.clock.elapsed()
		speed.add(1, now-last)
		last = now
		pace.set(t.tr, now-began)
		r := TrainReport{
			Progress:          p,
			PicturesPerSecond: speed.perSecond() * float64(t.tr.Spec().Batch),
			Seconds:           (now - began).Seconds(),
			Trouble:           trouble,
		}
		if n := t.tr.Spec().Steps - p.Step; pace.budget > 0 {
			r.Left = max(0, pace.budget-(now-began))
		} else if n > 0 && speed.perSecond() > 0 {
			r.Left = time.Duration(float64(n) / speed.perSecond() * float64(time.Second))
		}
		if t.job.Checkpoint != "" && now-kept >= min(max(firstCheckpoint, kept-began), checkpointEvery) {
			kept = now
			if trouble = t.checkpoint(); trouble == nil {
				r.Checkpoint = t.job.Checkpoint
			}
			r.Trouble = trouble
		}
		if err := each(r); err != nil {
			return err
		}
	}
	return nil
}

// A pace moves the end of training to where the time will be up.
type pace struct {
	budget time.Duration // 0: none
	steps  int           // taken
	fixes  int           // of the end so far
	last   int           // the last step to take, once that is known
}

// set is called after every step. It looks at the speed after 2 %, 4 %, 8 % …
// of the time, when there have been three steps to tell.
func (p *pace) set(tr *model.Trainer, passed time.Duration) {
	if p.budget == 0 {
		return
	}
	p.steps++
	step, taken := passed/time.Duration(p.steps), tr.Taken()
	switch {
	case passed+step*3/2 >= p.budget:
		if p.last == 0 || taken < p.last { // less when somebody has gone back to the best
			p.last = taken + 1 // a validation follows it
			tr.SetSteps(p.last)
		}
	case p.steps >= 3 && passed >= p.budget/50<<p.fixes:
		for passed >= p.budget/50<<p.fixes {
			p.fixes++
		}
		tr.SetSteps(taken + max(1, int((p.budget-passed)/step)))
	}
}

// A meter tells a speed from what was lately done.
type meter struct{ done, seconds float64 }

// add forgets what is longer ago than about two seconds.
func (m *meter) add(n float64, took time.Duration) {
	s := took.Seconds()
	keep := math.Exp(-s / 2)
	m.done, m.seconds = m.done*keep+n, m.seconds*keep+s
}

func (m *meter) perSecond() float64 {
	if m.seconds <= 0 {
		return 0
	}
	return m.done / m.seconds
}

// A stopwatch measures time without pauses. It starts stopped.
type stopwatch struct {
	now   func() time.Time
	sum   time.Duration
	runs  bool
	since time.Time // while it runs
}

func (s *stopwatch) start() {
	if !s.runs {
		s.runs, s.since = true, s.now()
	}
}

func (s *stopwatch) stop() { s.sum, s.runs = s.elapsed(), false }

func (s *stopwatch) elapsed() time.Duration {
	if !s.runs {
		return s.sum
	}
	return s.sum + s.now().Sub(s.since)
}
