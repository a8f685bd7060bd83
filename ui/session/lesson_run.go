package session

// This file holds the trainings of a lesson and measures what they gave.

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/embed"
	"sieve/model/metric"
	"sieve/model/noise"
	"sieve/model/tensor"
)

// figures are what is measured of a run on pictures that it did not learn from.
var figures = []string{
	"loss",     // of the validation
	"mse",      // mean squared error against what the picture should be
	"bce",      // binary cross-entropy a number, nats
	"psnr",     // dB
	"gain",     // dB over what the network was given
	"training", // loss in the last steps
	"gap",      // validation loss over training loss
	"price",    // of the bottleneck, in the last steps: nats a picture of a variational one
	"numbers",  // of the latent, for one picture
	"share",    // of these in the picture's own, percent
	"bits",     // a pixel, of a binary or a quantised latent
	"active",   // percent of the latent's numbers
	"pca",      // mean squared error of PCA with as many numbers
	"over_pca", // mse over pca
	"pca_psnr", // of PCA with as many numbers, dB
	"first",    // PSNR after the first pass of a recurrent body
	"auroc",    // of telling strange pictures by their error, percent
	"strange",  // mean squared error of strange pictures over that of usual ones
	"diverged", // 1 or 0
	"seconds",
}

// A Trial is one training of a lesson, as far as it has come.
type Trial struct {
	Name     string
	Value    float64 // of the dial that was turned too far; 0 otherwise
	Spec     model.Spec
	Data     string
	Curve    []CurvePoint
	Step     int
	Figures  map[string]float64 // nil while it runs; what could not be measured is missing
	Panes    [4]LessonPane
	Seconds  float64
	Diverged int // the step at which its numbers left all bounds; 0: never
}

// Done reports whether it has come to its end.
func (t *Trial) Done() bool { return t.Figures != nil }

// A lessonTask is one training that is to be done.
type lessonTask struct {
	name  string
	value float64
	spec  model.Spec
	data  string
	noise string // as LessonRun.Noise
	own   bool   // on a student's pictures
}

// tasks are the runs of a lesson on its own data.
func (l *Lesson) tasks() ([]lessonTask, error) {
	var all []lessonTask
	for i, r := range l.Runs {
		s, err := l.spec(i)
		if err != nil {
			return nil, err
		}
		all = append(all, lessonTask{name: r.Name, spec: s, data: l.data(cmp.Or(r.Data, l.Data)), noise: r.Noise})
	}
	return all, nil
}

// breakTask is the run with its dial turned to a value.
func (l *Lesson) breakTask(value float64) (lessonTask, error) {
	s, err := l.broken(value)
	r := l.Runs[max(0, l.run(l.Break.Run))]
	return lessonTask{name: l.Break.Field + " " + number(value), value: value, spec: s, data: l.data(cmp.Or(r.Data, l.Data)), noise: r.Noise}, err
}

// ownTasks are the runs on a student's own pictures.
func (l *Lesson) ownTasks(data string) ([]lessonTask, error) {
	var all []lessonTask
	for _, name := range l.Own.Runs {
		i := l.run(name)
		s, err := l.spec(i)
		if err != nil {
			return nil, err
		}
		all = append(all, lessonTask{name: name, spec: s, data: data, noise: l.Runs[i].Noise, own: true})
	}
	return all, nil
}

// A trialBench is the pictures by which a run is shown and measured.
type trialBench struct {
	scheme       noise.Scheme
	clean, given *tensor.Tensor // to measure with
	strange      *tensor.Tensor // nil without
	sight        sightPictures
	pca          *pcaBeside // nil unless the lesson wants it
}

// How many pictures measure a run, are shown, and tell what PCA would do.
const benchPictures, shownPictures, pcaPictures = 256, 16, 2048

// bench draws the pictures of a run. Those of all runs of a lesson are the same.
func (l *Lesson) bench(ctx context.Context, t *Training, task lessonTask) (*trialBench, error) {
	spec := t.tr.Spec()
	o := imageio.FolderOptions{Crop: spec.Crop, Channels: spec.Channels, Limits: t.job.Limits}
	rng := rand.New(rand.NewPCG(spec.Seed, 0x6c6573736f6e))
	scheme, err := noise.Parse(spec.Scheme)
	if err != nil {
		return nil, err
	}
	held, train := t.data.Held, t.data.Train
	if held == nil {
		held = train
	}
	grain, err := noise.Parse(cmp.Or(task.noise, "none"))
	if err != nil {
		return nil, err
	}
	if task.noise != "" {
		held, train = held.(grained).Source, train.(grained).Source
		scheme = grain // what a network that never sees a clean picture is given
	}
	b := &trialBench{scheme: scheme}
	if b.clean, err = held.Batch(rng, benchPictures); err != nil {
		return nil, err
	}
	if l.wants("pca") {
		if b.pca, err = l.beside(rng, train, task.data); err != nil {
			return nil, err
		}
	}
	b.given = given(scheme, rng, b.clean)
	shown := first(b.clean, shownPictures)
	if l.Strange != "" && !task.own {
		d, err := imageio.OpenData(ctx, l.data(l.Strange), o, nil)
		if err != nil {
			return nil, &DataError{l.data(l.Strange), err}
		}
		if b.strange, err = d.Train.Batch(rng, benchPictures); err != nil {
			return nil, err
		}
		shown = mixIn(shown, b.strange)
	}
	b.sight = sightPictures{shown, given(scheme, rng, shown)}
	return b, nil
}

// given is what the network sees of pictures under a scheme. A scheme that learns from
// parts of a picture is used on the whole of it.
func given(scheme noise.Scheme, rng *rand.Rand, x *tensor.Tensor) *tensor.Tensor {
	in, _, weight := scheme.Lesson(rng, x)
	if weight != nil || !slices.Equal(in.Shape, x.Shape) {
		return x
	}
	return in
}

// A grained source gives pictures that are noisy before anything is learned from them.
type grained struct {
	imageio.Source
	grain noise.Scheme
}

func (g grained) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	x, err := g.Source.Batch(rng, n)
	if err != nil {
		return nil, err
	}
	return given(g.grain, rng, x), nil
}

// first are the first n of pictures.
func first(x *tensor.Tensor, n int) *tensor.Tensor {
	_, h, w, c := x.Dims4()
	return &tensor.Tensor{Shape: []int{n, h, w, c}, Data: x.Data[:n*h*w*c]}
}

// mixIn puts strange pictures in the place of every fourth.
func mixIn(x, strange *tensor.Tensor) *tensor.Tensor {
	out := x.Clone()
	n, h, w, c := x.Dims4()
	for i := 3; i < n; i += 4 {
		copy(out.Data[i*h*w*c:(i+1)*h*w*c], strange.Data[i*h*w*c:])
	}
	return out
}

// try trains, and tells each of a trial that never changes afterwards.
func (l *Lesson) try(ctx context.Context, task lessonTask, lim imageio.Limits, each func(Trial)) (Trial, error) {
	const frame, glance = 33 * time.Millisecond, 150 * time.Millisecond
	out := Trial{Name: task.name, Value: task.value, Spec: task.spec, Data: task.data}
	t, err := OpenTraining(ctx, TrainJob{Data: task.data, Spec: task.spec, Limits: lim, grain: task.noise}, nil)
	if err != nil {
		return out, err
	}
	out.Spec = t.tr.Spec()
	b, err := l.bench(ctx, t, task)
	if err != nil {
		return out, err
	}
	look := func(m *model.Model) error {
		panes, err := l.look(ctx, m, b)
		if err == nil {
			out.Panes = panes
		}
		return err
	}
	if err := look(t.tr.Model()); err != nil {
		return out, err
	}
	each(out)
	var c curve
	var told, looked time.Time
	res, err := t.Run(ctx, func(r TrainReport) error {
		c.add(r.Progress)
		out.Curve, out.Step, out.Seconds = c.points, r.Step, r.Seconds
		if now := time.Now(); now.Sub(told) >= frame {
			if told = now; now.Sub(looked) >= glance {
				if err := look(t.tr.Model()); err != nil {
					return err
				}
				looked = time.Now()
			}
			each(out)
		}
		return nil
	})
	var diverged *DivergedError
	if errors.As(err, &diverged) {
		out.Diverged, err = diverged.Step, nil
	}
	if err != nil {
		return out, err
	}
	// What is seen and measured is where it came to, not where it was best: a lesson shows
	// overfitting.
	m := t.tr.Model()
	if out.Diverged > 0 {
		m = res.Best
	}
	if err := look(m); err != nil {
		return out, err
	}
	out.Figures, err = b.measure(ctx, m, &out)
	each(out)
	return out, err
}

// measure returns the figures of a run that has ended.
func (b *trialBench) measure(ctx context.Context, m *model.Model, t *Trial) (map[string]float64, error) {
	f := map[string]float64{"seconds": t.Seconds, "diverged": 0}
	z, y, err := m.Look(ctx, b.given, levelOf(m, b.given), nil)
	if err != nil {
		return nil, err
	}
	n, h, w, c := b.clean.Dims4()
	clamp(y)
	mse := meanSquare(b.clean, y)
	f["mse"], f["bce"], f["psnr"] = mse, crossEntropy(y, b.clean), metric.PSNR(b.clean, y)
	if b.given != b.clean {
		f["gain"] = f["psnr"] - metric.PSNR(b.clean, b.given)
	}
	numbers := len(z.Data) / n
	f["numbers"], f["share"] = float64(numbers), 100*float64(numbers)/float64(h*w*c)
	f["active"] = active(z)
	if t.Spec.Body == "recurrent" {
		once, err := m.After(1).Reconstruct(ctx, b.given, 0, nil)
		if err != nil {
			return nil, err
		}
		f["first"] = metric.PSNR(b.clean, clamp(once))
	}
	if t.Spec.Bottleneck == "binary" {
		f["bits"] = float64(numbers) / float64(h*w)
	}
	b.measureCurve(t, f)
	if b.pca != nil {
		restored, err := b.restored(b.clean, numbers)
		if err != nil {
			return nil, err
		}
		if restored != nil {
			f["pca"] = meanSquare(b.clean, restored)
			f["over_pca"], f["pca_psnr"] = mse/f["pca"], -10*math.Log10(f["pca"])
		}
	}
	if b.strange != nil {
		if err := b.measureStrange(ctx, m, y, f); err != nil {
			return nil, err
		}
	}
	for name, v := range f {
		if !finite(v) {
			delete(f, name)
		}
	}
	return f, nil
}

// A pcaBeside is the PCA of what a lesson learns from, fitted when it is first asked for.
type pcaBeside struct {
	rows *tensor.Tensor // (pcaPictures, H, W, C)
	once sync.Once
	fit  *embed.PCA
	err  error
}

// beside returns the PCA of data, the same for all runs on them.
func (l *Lesson) beside(rng *rand.Rand, train imageio.Source, data string) (*pcaBeside, error) {
	rows, err := train.Batch(rng, pcaPictures)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pca == nil || l.pcaOf != data {
		l.pca, l.pcaOf = &pcaBeside{rows: rows}, data
	}
	return l.pca, nil
}

// mostPCA is how many numbers a picture may have for PCA to be fitted beside a lesson.
const mostPCA = 1024

// restored is what is left of pictures in so many numbers of PCA; nil where there is none to
// compare with.
func (b *trialBench) restored(x *tensor.Tensor, numbers int) (*tensor.Tensor, error) {
	_, h, w, c := x.Dims4()
	d := h * w * c
	if b.pca == nil || d > mostPCA || numbers > min(d, pcaPictures) {
		return nil, nil
	}
	b.pca.once.Do(func() { b.pca.fit, b.pca.err = embed.Fit(b.pca.rows.Data, pcaPictures, d, d) })
	if b.pca.err != nil {
		return nil, b.pca.err
	}
	p := b.pca.fit.First(numbers)
	return clamp(&tensor.Tensor{Shape: x.Shape, Data: p.Restore(p.Project(x.Data))}), nil
}

// measureCurve takes what the curve of a training says.
func (b *trialBench) measureCurve(t *Trial, f map[string]float64) {
	const late = 20 // steps
	var loss, price, count float64
	for _, p := range slices.Backward(t.Curve) {
		if finite(p.ValLoss) && f["loss"] == 0 {
			f["loss"] = p.ValLoss
		}
		if count < late {
			loss, price, count = loss+p.Loss, price+p.Price, count+1
		}
	}
	if count > 0 {
		f["training"], f["price"] = loss/count, price/count
		f["gap"] = f["loss"] / f["training"]
	}
	if t.Spec.Bottleneck == "quantised" {
		f["bits"] = f["price"]
	}
	if t.Diverged > 0 {
		f["diverged"] = 1
	}
}

// measureStrange compares the errors of usual and of strange pictures.
func (b *trialBench) measureStrange(ctx context.Context, m *model.Model, usual *tensor.Tensor, f map[string]float64) error {
	made, err := m.Reconstruct(ctx, b.strange, levelOf(m, b.strange), nil)
	if err != nil {
		return err
	}
	good, bad := errorsOf(b.clean, usual), errorsOf(b.strange, clamp(made))
	f["auroc"], f["strange"] = 100*metric.AUROC(good, bad), mean(bad)/mean(good)
	return nil
}

// errorsOf is the mean squared error of each picture.
func errorsOf(x, y *tensor.Tensor) []float64 {
	n := x.Shape[0]
	size := len(x.Data) / n
	out := make([]float64, n)
	for i := range out {
		for k, v := range x.Data[i*size : (i+1)*size] {
			d := float64(y.Data[i*size+k] - v)
			out[i] += float64(d * d)
		}
		out[i] /= float64(size)
	}
	return out
}

func meanSquare(x, y *tensor.Tensor) float64 { return mean(errorsOf(x, y)) }

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// active is how many numbers of a latent are more than a twentieth of the greatest, in
// percent.
func active(z *tensor.Tensor) float64 {
	most := float32(0)
	for _, v := range z.Data {
		most = max(most, v, -v)
	}
	n := 0
	for _, v := range z.Data {
		if max(v, -v) > most/20 {
			n++
		}
	}
	return 100 * float64(n) / float64(len(z.Data))
}

// before is what the panes show before anything is learned.
func (l *Lesson) before(ctx context.Context, task lessonTask, lim imageio.Limits) (panes [4]LessonPane, err error) {
	t, err := OpenTraining(ctx, TrainJob{Data: task.data, Spec: task.spec, Limits: lim, grain: task.noise}, nil)
	if err != nil {
		return panes, err
	}
	b, err := l.bench(ctx, t, task)
	if err != nil {
		return panes, err
	}
	return l.look(ctx, t.tr.Model(), b)
}
