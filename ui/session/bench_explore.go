package session

// This file measures how fast digits are laid out on a plane, and how well.

import (
	"context"
	"fmt"
	"time"

	"sieve/imageio"
	"sieve/model"
)

// An ExploreJob says what to measure with.
type ExploreJob struct {
	Data  string // as in FamilyJob
	Model string // of pictures in grey, as LoadModel has it; "": one of 16 numbers is trained, as for knn_16 of the family
}

// An ExploreReport is what came out. What was not measured is null.
type ExploreReport struct {
	Brush   *Brush   `json:"brush_ms"`
	PCA     *float64 `json:"pca_10000_s"` // seconds from 10,000 pictures to places: encoded, with errors and thumbnails, fitted and projected
	TSNE    *float64 `json:"tsne_5000_s"` // seconds from the latents of 5,000 pictures to places, with 500 steps
	KNN     *float64 `json:"tsne_knn"`    // share of the 5,000 labels that those of the five nearest on the plane agree with
	Latents *float64 `json:"latents_knn"` // the same by latents
	Nats    *float64 `json:"tsne_nats"`   // divergence after the steps
	Machine struct {
		CPU    string `json:"cpu"`
		Cores  int    `json:"cores"`
		Kernel string `json:"kernel"`
	} `json:"machine"`
}

// BenchExplore paints on latents, and lays out the first pictures of MNIST's test set. report is told of the steps of what takes long, and figure of
// each figure as it is known; both may be nil.
func BenchExplore(ctx context.Context, job ExploreJob, report func(task string, done, total int), figure func(FamilyFigure)) (ExploreReport, error) {
	var out ExploreReport
	machine := Machine()
	out.Machine.CPU, out.Machine.Cores, out.Machine.Kernel = machine.CPU, machine.Cores, machine.Kernel
	f := &family{report: report, figure: figure}
	began := time.Now()
	b, err := MeasureBrush(ctx, 1)
	if err != nil {
		return out, err
	}
	out.Brush = &b
	f.tell(began, FamilyFigure{Name: "stroke, classroom model", Value: b.Classroom, Must: 30, Reach: 10, Unit: "ms"})
	f.tell(began, FamilyFigure{Name: "stroke, photo on 768 × 512", Value: b.Photo, Must: 120, Reach: 40, Unit: "ms"})
	if err := f.open(job.Data); err != nil {
		return out, err
	}
	m, err := f.explorer(ctx, job.Model)
	if err != nil {
		return out, err
	}
	if err := f.exploreByPCA(ctx, m, &out); err != nil {
		return out, err
	}
	return out, f.exploreByTSNE(ctx, m, &out)
}

// explorer returns the model to explore.
func (f *family) explorer(ctx context.Context, name string) (*model.Model, error) {
	if name == "" {
		return f.sixteen(ctx, "training, 16 latents")
	}
	m, title, err := LoadModel(name)
	if err == nil && m.Spec.Channels != 1 {
		err = imageio.FileError{Path: title, Err: &model.SpecError{Field: "channels", Value: fmt.Sprint(m.Spec.Channels), Want: "1, as digits are grey"}}
	}
	return m, err
}

// encoded runs a model on the first n test pictures.
func (f *family) encoded(ctx context.Context, m *model.Model, n int) (*Encoded, error) {
	n = min(n, f.test.Len())
	h, w, _ := f.test.Size()
	g := &Gallery{channels: 1}
	g.hang(f.dir, f.test, n, h, w)
	for i, label := range f.test.Labels()[:n] {
		g.Labels[i] = fmt.Sprint(label)
	}
	return EncodeGallery(ctx, m, g, PoolNone, nil)
}

func (f *family) exploreByPCA(ctx context.Context, m *model.Model, out *ExploreReport) error {
	began := time.Now()
	digits, err := f.encoded(ctx, m, 10_000)
	if err != nil {
		return err
	}
	if _, err := digits.Lay(ctx, Layout{Method: MethodPCA}); err != nil {
		return err
	}
	out.PCA = f.tell(began, FamilyFigure{Name: "PCA of 10,000 digits", Value: time.Since(began).Seconds(), Must: 3, Reach: 1, Unit: "s"})
	return nil
}

func (f *family) exploreByTSNE(ctx context.Context, m *model.Model, out *ExploreReport) error {
	const name = "t-SNE of 5,000 digits"
	digits, err := f.encoded(ctx, m, 5000)
	if err != nil {
		return err
	}
	began := time.Now()
	a, err := digits.Lay(ctx, Layout{Method: MethodTSNE, Seed: 1})
	if err != nil {
		return err
	}
	for a.Steps() < AtlasSteps {
		if err := a.Step(ctx); err != nil {
			return err
		}
		f.progress(name)(a.Steps(), AtlasSteps)
	}
	out.TSNE = f.tell(began, FamilyFigure{Name: name, Value: time.Since(began).Seconds(), Must: 60, Reach: 20, Unit: "s"})
	r, err := a.report(ctx)
	if err != nil {
		return err
	}
	out.KNN, out.Nats = f.tell(began, FamilyFigure{Name: "five neighbours on the plane", Value: *r.KNN, Must: .88, Reach: .93, More: true}), r.Divergence
	labels := f.test.Labels()[:len(a.Names)]
	knn, err := nearestAccuracy(ctx, a.Data, labels, a.Data, labels, a.Numbers, true)
	out.Latents = &knn
	return err
}
