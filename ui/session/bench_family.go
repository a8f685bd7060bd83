package session

// This file measures the family of autoencoders on handwritten digits, each trained anew.

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/embed"
	"sieve/model/metric"
	"sieve/model/tensor"
)

// A FamilyJob says what to measure.
type FamilyJob struct {
	Data string   // folder with MNIST's four files, or with a folder mnist of them; "": $SIEVE_DATA, ../shared/data
	Only []string // of FamilyTasks; none are all
}

// FamilyTasks are the names of what can be measured.
func FamilyTasks() []string {
	names := make([]string, len(familyTasks))
	for i, t := range familyTasks {
		names[i] = t.name
	}
	return names
}

// A FamilyReport is what came out. What was not measured is null.
type FamilyReport struct {
	MNIST struct {
		MSE       map[string]*float64 `json:"mse"`           // by latents: of the test pictures' pixels in [0, 1]
		BCE       *float64            `json:"bce_32"`        // nats a pixel of the test pictures
		Nats      *float64            `json:"vae2_nats"`     // a test picture, its latent drawn
		LinearPCA map[string]*float64 `json:"linear_vs_pca"` // by latents: |linear - PCA| / PCA, of the test pictures' errors
		Angle     map[string]*float64 `json:"linear_angle"`  // by latents: the greatest principal angle between the two planes, degrees
		KNN       *float64            `json:"knn_16"`        // share of the test pictures that five neighbours classify right
		PCAKNN    *float64            `json:"pca_knn_16"`
		OneClass  *float64            `json:"one_class_auroc"`
	} `json:"mnist"`
	Tiles   *float64           `json:"tiles_auroc"`
	Defects map[string]float64 `json:"tiles_by_defect,omitempty"`
	Seconds map[string]float64 `json:"seconds"` // of each task
	Machine struct {
		CPU    string `json:"cpu"`
		Cores  int    `json:"cores"`
		Kernel string `json:"kernel"`
	} `json:"machine"`
}

// A FamilyFigure is one line of a report, with the bars it is held to.
type FamilyFigure struct {
	Name        string
	Value       float64
	Must, Reach float64
	More        bool // is better
	Unit        string
	Seconds     float64 // of the task that it came of
}

// Passes reports whether a value is as good as a bar.
func (f FamilyFigure) Passes(bar float64) bool {
	if f.More {
		return f.Value >= bar
	}
	return f.Value <= bar
}

// errNoDigits reports a folder without MNIST.
var errNoDigits = errors.New("session: no MNIST")

// A family is a FamilyJob at work.
type family struct {
	dir         string
	test, learn *imageio.Set // the learning pictures are all 60,000; every tenth is held back in training
	pictures    *tensor.Tensor
	pca         map[int]*embed.PCA // by components, of the pictures that training takes steps with
	out         *FamilyReport
	report      func(task string, done, total int)
	figure      func(FamilyFigure)
}

// familyTasks are in the order of the report. A task fills in what it is about.
var familyTasks = []struct {
	name string
	do   func(*family, context.Context) error
}{
	{"mse", (*family).squaredErrors},
	{"bce", (*family).crossEntropy},
	{"vae", (*family).plane},
	{"linear", (*family).linear},
	{"knn", (*family).neighbours},
	{"one-class", (*family).oneClass},
	{"tiles", (*family).tiles},
}

// BenchFamily trains by the recipes digits, digits-plane and digits-linear on the training
// pictures of MNIST, every tenth held back, and measures on the 10,000 test pictures. report
// is told of steps, and figure of each figure as it is known; both may be nil.
func BenchFamily(ctx context.Context, job FamilyJob, report func(task string, done, total int), figure func(FamilyFigure)) (FamilyReport, error) {
	out := newFamilyReport()
	for _, name := range job.Only {
		if !slices.Contains(FamilyTasks(), name) {
			return out, &model.SpecError{Field: "only", Value: fmt.Sprintf("%q", name), Want: "one of " + strings.Join(FamilyTasks(), ", ")}
		}
	}
	f := &family{out: &out, pca: map[int]*embed.PCA{}, report: report, figure: figure}
	if err := f.open(job.Data); err != nil {
		return out, err
	}
	for _, t := range familyTasks {
		if len(job.Only) > 0 && !slices.Contains(job.Only, t.name) {
			continue
		}
		began := time.Now()
		if err := t.do(f, ctx); err != nil {
			return out, err
		}
		out.Seconds[t.name] = time.Since(began).Seconds()
	}
	return out, nil
}

// newFamilyReport returns one in which nothing has been measured.
func newFamilyReport() FamilyReport {
	out := FamilyReport{Seconds: map[string]float64{}}
	out.MNIST.MSE = map[string]*float64{"2": nil, "8": nil, "32": nil}
	out.MNIST.LinearPCA = map[string]*float64{"8": nil, "32": nil}
	out.MNIST.Angle = map[string]*float64{"8": nil, "32": nil}
	machine := Machine()
	out.Machine.CPU, out.Machine.Cores, out.Machine.Kernel = machine.CPU, machine.Cores, machine.Kernel
	return out
}

// The files of MNIST, with or without .gz.
const digitsToLearn, digitsToTest = "train-images-idx3-ubyte", "t10k-images-idx3-ubyte"

// open finds MNIST and reads it.
func (f *family) open(dir string) error {
	places := []string{dir, filepath.Join(dir, "mnist")}
	if dir == "" {
		dir = filepath.Join("..", "shared", "data")
		if data := os.Getenv("SIEVE_DATA"); data != "" {
			dir = data
		}
		places = []string{filepath.Join(dir, "mnist"), dir}
	}
	for _, place := range places {
		for _, ending := range []string{".gz", ""} {
			learn, test := filepath.Join(place, digitsToLearn+ending), filepath.Join(place, digitsToTest+ending)
			if !there(learn) || !there(test) {
				continue
			}
			var err error
			if f.learn, err = imageio.OpenIDX(learn, 1); err != nil {
				return err
			}
			if f.test, err = imageio.OpenIDX(test, 1); err != nil {
				return err
			}
			f.dir, f.pictures = learn, f.test.Range(0, f.test.Len())
			if h, w, _ := f.test.Size(); h != 28 || w != 28 || f.learn.Labels() == nil || f.test.Labels() == nil {
				return imageio.FileError{Path: place, Err: fmt.Errorf("%w: its pictures are %d × %d, or have no labels beside them", errNoDigits, h, w)}
			}
			return nil
		}
	}
	return imageio.FileError{Path: dir, Err: fmt.Errorf("%w: no %s and %s in it", errNoDigits, digitsToLearn, digitsToTest)}
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// trained trains by a recipe with a change, and returns the model that did best on what was
// held back.
func (f *family) trained(ctx context.Context, task, recipe string, change func(s *model.Spec)) (*model.Model, error) {
	spec, err := Recipe(recipe)
	if err != nil {
		return nil, err
	}
	change(&spec)
	t, err := OpenTraining(ctx, TrainJob{Data: f.dir, Spec: spec}, nil)
	if err != nil {
		return nil, err
	}
	res, err := t.Run(ctx, func(r TrainReport) error {
		if f.report != nil {
			f.report(task, r.Step, spec.Steps)
		}
		return nil
	})
	return res.Best, err
}

// tell hands on a figure and returns where its value stays.
func (f *family) tell(began time.Time, g FamilyFigure) *float64 {
	g.Seconds = time.Since(began).Seconds()
	if f.figure != nil {
		f.figure(g)
	}
	return &g.Value
}

// restored returns what a model makes of the test pictures.
func (f *family) restored(ctx context.Context, m *model.Model) (*tensor.Tensor, error) {
	return m.Reconstruct(ctx, f.pictures, 0, nil)
}

func (f *family) squaredErrors(ctx context.Context) error {
	for _, bar := range []struct {
		recipe      string // where latents are few, depth is worth its time
		latent      int
		must, reach float64
	}{{"digits-plane", 2, .0377, .033}, {"digits-plane", 8, .0171, .014}, {"digits", 32, .0079, .0060}} {
		began := time.Now()
		name := fmt.Sprintf("squared error, %d latents", bar.latent)
		m, err := f.trained(ctx, name, bar.recipe, func(s *model.Spec) { s.Latent, s.Bottleneck, s.Loss = bar.latent, "plain", "mse" })
		if err != nil {
			return err
		}
		y, err := f.restored(ctx, m)
		if err != nil {
			return err
		}
		f.out.MNIST.MSE[fmt.Sprint(bar.latent)] = f.tell(began, FamilyFigure{Name: name, Value: metric.MSE(y, f.pictures), Must: bar.must, Reach: bar.reach})
	}
	return nil
}

func (f *family) crossEntropy(ctx context.Context) error {
	began := time.Now()
	const name = "cross-entropy, 32 latents"
	m, err := f.trained(ctx, name, "digits", func(s *model.Spec) { s.Latent, s.Loss = 32, "bce" })
	if err != nil {
		return err
	}
	y, err := f.restored(ctx, m)
	if err != nil {
		return err
	}
	f.out.MNIST.BCE = f.tell(began, FamilyFigure{Name: name, Value: crossEntropy(y, f.pictures), Must: .085, Reach: .075, Unit: "nats a pixel"})
	return nil
}

// crossEntropy returns the mean binary cross-entropy of probabilities, in nats.
func crossEntropy(y, want *tensor.Tensor) float64 {
	const least = 1e-7 // as Keras has it: a probability is never nothing
	var sum float64
	for i, v := range want.Data {
		p := min(max(float64(y.Data[i]), least), 1-least)
		sum -= float64(v)*math.Log(p) + (1-float64(v))*math.Log(1-p)
	}
	return sum / float64(len(want.Data))
}

// plane trains the variational model of two latents.
func (f *family) plane(ctx context.Context) error {
	began := time.Now()
	const name = "variational, 2 latents"
	m, err := f.trained(ctx, name, "digits-plane", func(*model.Spec) {})
	if err != nil {
		return err
	}
	nats, err := m.Nats(ctx, f.pictures, 1)
	if err != nil {
		return err
	}
	f.out.MNIST.Nats = f.tell(began, FamilyFigure{Name: name, Value: nats.Sum(), Must: 149, Reach: 140, Unit: "nats a picture"})
	return nil
}

// linear compares linear models with principal components of the same pictures.
func (f *family) linear(ctx context.Context) error {
	for _, latent := range []int{8, 32} {
		began := time.Now()
		name := fmt.Sprintf("linear beside PCA, %d", latent)
		m, err := f.trained(ctx, name, "digits-linear", func(s *model.Spec) { s.Latent = latent })
		if err != nil {
			return err
		}
		y, err := f.restored(ctx, m)
		if err != nil {
			return err
		}
		p, err := f.components(ctx, latent)
		if err != nil {
			return err
		}
		by := &tensor.Tensor{Shape: f.pictures.Shape, Data: p.Restore(p.Project(f.pictures.Data))}
		directions, err := directions(ctx, m)
		if err != nil {
			return err
		}
		angle := 180 / math.Pi * p.Angle(directions)
		pca := metric.MSE(by, f.pictures)
		f.out.MNIST.Angle[fmt.Sprint(latent)] = &angle
		f.out.MNIST.LinearPCA[fmt.Sprint(latent)] = f.tell(began,
			FamilyFigure{Name: name, Value: math.Abs(metric.MSE(y, f.pictures)-pca) / pca, Must: .01, Reach: .001})
	}
	return nil
}

// components returns those of the pictures that training takes steps with.
func (f *family) components(ctx context.Context, k int) (*embed.PCA, error) {
	if p := f.pca[k]; p != nil {
		return p, nil
	}
	train, err := imageio.OpenData(ctx, f.dir, imageio.FolderOptions{Channels: 1}, nil)
	if err != nil {
		return nil, err
	}
	set := train.Train.(*imageio.Set)
	x := set.Range(0, set.Len())
	err = leaving(ctx, func() error {
		p, err := embed.Fit(x.Data, set.Len(), len(x.Data)/set.Len(), k)
		f.pca[k] = p
		return err
	})
	return f.pca[k], err
}

// directions returns where each number of the latent of one cell moves the picture.
func directions(ctx context.Context, m *model.Model) ([]float32, error) {
	k, side := m.Spec.Latent, m.Cell()
	z := tensor.New(k+1, 1, 1, k)
	for i := range k {
		z.Data[i*k+i] = 1
	}
	x, err := m.Generate(ctx, z, side, side, nil)
	if err != nil {
		return nil, err
	}
	size := len(x.Data) / (k + 1)
	origin := x.Data[k*size:]
	for i := range k * size {
		x.Data[i] -= origin[i%size]
	}
	return x.Data[:k*size], nil
}

// sixteen trains a model of 16 latents. Where these have a small price, like pictures lie near one another.
func (f *family) sixteen(ctx context.Context, task string) (*model.Model, error) {
	return f.trained(ctx, task, "digits", func(s *model.Spec) { s.Latent, s.Bottleneck, s.Lambda = 16, "variational", 0.03 })
}

// neighbours classifies the test pictures by the learning pictures nearest to them.
func (f *family) neighbours(ctx context.Context) error {
	began := time.Now()
	const latent, name = 16, "five neighbours, 16 latents"
	m, err := f.sixteen(ctx, name)
	if err != nil {
		return err
	}
	learn := f.learn.Range(0, f.learn.Len())
	by, err := m.Features(ctx, learn, 0, nil)
	if err != nil {
		return err
	}
	z, err := m.Features(ctx, f.pictures, 0, nil)
	if err != nil {
		return err
	}
	labels, byLabels := f.test.Labels(), f.learn.Labels()
	knn, err := nearestAccuracy(ctx, z.Data, labels, by.Data, byLabels, latent, false)
	if err != nil {
		return err
	}
	f.out.MNIST.KNN = f.tell(began, FamilyFigure{Name: name, Value: knn, Must: .97, Reach: .98, More: true})
	p, err := f.components(ctx, latent)
	if err != nil {
		return err
	}
	knn, err = nearestAccuracy(ctx, p.Project(f.pictures.Data), labels, p.Project(learn.Data), byLabels, latent, false)
	f.out.MNIST.PCAKNN = &knn
	return err
}

// oneClass tells each digit from the nine others.
func (f *family) oneClass(ctx context.Context) error {
	began := time.Now()
	const name = "one class, AUROC"
	v, err := OneClassAUROC(ctx, filepath.Dir(f.dir), f.progress(name))
	if err != nil {
		return err
	}
	f.out.MNIST.OneClass = f.tell(began, FamilyFigure{Name: name, Value: v, Must: .955, Reach: .970, More: true})
	return nil
}

// tiles tells defective tiles from good ones, if they lie beside the digits; else the figure is left
// null.
func (f *family) tiles(ctx context.Context) error {
	dir := filepath.Join(filepath.Dir(filepath.Dir(f.dir)), "tiles")
	if !there(dir) {
		return nil
	}
	began := time.Now()
	const name = "tiles, AUROC"
	v, defects, err := TilesAUROC(ctx, dir, f.progress(name))
	if err != nil {
		return err
	}
	f.out.Tiles, f.out.Defects = f.tell(began, FamilyFigure{Name: name, Value: v, Must: .75, Reach: .90, More: true}), defects
	return nil
}

// progress hands on how far a task is.
func (f *family) progress(task string) model.Report {
	return func(done, total int) {
		if f.report != nil {
			f.report(task, done, total)
		}
	}
}
