package session

// This file lays pictures out on a plane, by what a model makes of them.

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/embed"
	"sieve/model/tensor"
)

// errCrowd reports more pictures than t-SNE can lay out.
var errCrowd = errors.New("session: too many pictures for t-SNE")

// A Method is how latents become places on a plane.
type Method string

const (
	MethodPCA  Method = "pca"  // along their two principal components
	MethodTSNE Method = "tsne" // near those they are near to
)

// What is usual in an atlas.
const (
	AtlasSteps      = 500
	AtlasPerplexity = embed.Perplexity
)

// LongestMapped is the side of pictures on a map: those of files with a longer one are made smaller, so that a folder of
// photographs is laid out in minutes rather than hours.
const LongestMapped = 1024

// Bounds of t-SNE: of memory (some 60 bytes for each picture and neighbour), of time, and of what is of use.
const (
	mostPairs      = 1 << 23 // pictures times three perplexities
	mostPerplexity = 500
	mostMapSteps   = 100_000
)

// Encoded are pictures with what a model makes of them.
type Encoded struct {
	*Latents
	Errors []float32 // of each: the mean squared error of its reconstruction, pixels in [0, 1]
	Thumbs Thumbs

	first *embed.PCA // what principal has found
}

// EncodeGallery runs a model on all pictures of a gallery, each of which is looked at once. report may be nil; it
// is told of each file that cannot be read, and of the pictures that are done. Beside latents and names it
// takes the memory of Thumbs.
func EncodeGallery(ctx context.Context, m *model.Model, g *Gallery, pool Pool, report func(FileReport)) (*Encoded, error) {
	l, err := newLatents(m, g, pool)
	if err != nil {
		return nil, err
	}
	s := &Encoded{Latents: l, Thumbs: newThumbs(len(g.Names), m.Spec.Channels)}
	err = l.read(ctx, g, report, func(x *tensor.Tensor) ([]float32, error) {
		n, _, _, _ := x.Dims4()
		var all []float32
		err := byLevel(m, x, func(part *tensor.Tensor, level float64) error {
			z, y, err := m.Look(ctx, part, level, nil)
			if err == nil {
				all = append(all, z.Data...)
				s.Errors = append(s.Errors, squares(part, clamp(y))...)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		s.Thumbs.add(x)
		return pooled(all, n, m.Spec.Numbers(), l.Pool), nil
	})
	if err == nil && len(l.Names) == 0 {
		err = noneRead(g.of, l.trouble)
	}
	return s, err
}

// squares returns the mean squared error of each of several pictures.
func squares(x, y *tensor.Tensor) []float32 {
	out := make([]float32, x.Shape[0])
	size := len(x.Data) / len(out)
	for i := range out {
		var sum float64
		for k, v := range x.Data[i*size : (i+1)*size] {
			e := float64(v - y.Data[i*size+k])
			sum += float64(e * e)
		}
		out[i] = float32(sum / float64(size))
	}
	return out
}

// A Layout says how samples are laid out.
type Layout struct {
	Method     Method
	Perplexity float64 // of t-SNE: about how many neighbours count; 0: AtlasPerplexity
	Seed       uint64  // of t-SNE
}

func (o Layout) check() error {
	if o.Method != MethodPCA && o.Method != MethodTSNE {
		return &model.SpecError{Field: "method", Value: fmt.Sprintf("%q", o.Method), Want: "pca or tsne"}
	}
	if p := o.Perplexity; p != 0 && !(p > 1 && p <= mostPerplexity) {
		return &model.SpecError{Field: "perplexity", Value: fmt.Sprint(p), Want: fmt.Sprintf("above 1 and at most %d", mostPerplexity)}
	}
	return nil
}

// An Atlas is pictures on a plane: PCA is there at once, t-SNE moves with every step. Its methods are for one
// goroutine at a time.
type Atlas struct {
	*Encoded
	Layout
	Points []float32 // x and y of each sample; a step makes new ones and leaves the old as they are

	pca  *embed.PCA  // nil for t-SNE, and where samples span nothing
	tsne *embed.TSNE // nil for PCA
}

// Lay lays samples out. With t-SNE nothing has moved yet, and Perplexity becomes what so many samples allow. It is
// an embed.ErrNumber where a latent is no number, and there is a sentence where there are too many samples; else the only error of
// a Layout that can be is ctx's.
func (s *Encoded) Lay(ctx context.Context, o Layout) (*Atlas, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	n := len(s.Names)
	a := &Atlas{Encoded: s, Layout: o}
	if o.Method == MethodPCA {
		return a, a.project(ctx)
	}
	if a.Perplexity == 0 {
		a.Perplexity = AtlasPerplexity
	}
	if most := min(mostPairs/(3*a.Perplexity), math.Sqrt(mostCompared/float64(min(s.Numbers, 50)))); float64(n) > most {
		return nil, imageio.FileError{Path: s.Names[0], Err: fmt.Errorf("%w: there are %d, and it is for %d", errCrowd, n, int(most))}
	}
	err := leaving(ctx, func() (err error) {
		a.tsne, err = embed.NewTSNE(ctx, s.Data, s.Numbers, embed.TSNEOptions{Perplexity: a.Perplexity, Theta: embed.Theta, Early: embed.Early, Seed: o.Seed})
		return err
	})
	if err != nil {
		return nil, err
	}
	a.Perplexity, a.Points = a.tsne.Perplexity(), a.tsne.Positions()
	return a, nil
}

// project finds places along principal components. Where samples span less than a plane, the rest is 0.
func (a *Atlas) project(ctx context.Context) error {
	n := len(a.Names)
	a.Points = make([]float32, 2*n)
	p, err := a.principal(ctx)
	if p == nil {
		return err
	}
	k := min(2, len(p.Variances))
	a.pca = p.First(k)
	return leaving(ctx, func() error {
		for i, v := range a.pca.Project(a.Data) {
			a.Points[i/k*2+i%k] = v
		}
		return nil
	})
}

// principal returns the first principal directions of latents, at most MostSigmas; nil where they span none. It is an
// embed.ErrNumber where a latent is no number; the only other error is ctx's.
func (s *Encoded) principal(ctx context.Context) (*embed.PCA, error) {
	n := len(s.Names)
	k := min(MostSigmas, s.Numbers, n-1)
	if s.first != nil || k < 1 {
		return s.first, ctx.Err()
	}
	var p *embed.PCA
	err := leaving(ctx, func() (err error) {
		p, err = embed.Fit(s.Data, n, s.Numbers, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.first = p
	return p, nil
}

// Step moves all samples of t-SNE once; PCA stays as it is. Its only error is ctx's, and then nothing has moved.
func (a *Atlas) Step(ctx context.Context) error {
	if a.tsne == nil {
		return ctx.Err()
	}
	err := a.tsne.Step(ctx)
	if err == nil {
		a.Points = a.tsne.Positions()
	}
	return err
}

// Steps counts those that were taken.
func (a *Atlas) Steps() int {
	if a.tsne == nil {
		return 0
	}
	return a.tsne.Done()
}

// Divergence is what steps of t-SNE make smaller, in nats; 0 for PCA. Its only error is ctx's.
func (a *Atlas) Divergence(ctx context.Context) (float64, error) {
	if a.tsne == nil {
		return 0, ctx.Err()
	}
	return a.tsne.Divergence(ctx)
}

// Place returns x and y of the latents of other pictures, as many numbers each as those of the samples: for PCA along
// the components, for t-SNE among the nearest samples.
func (a *Atlas) Place(ctx context.Context, z []float32) ([]float32, error) {
	n := len(z) / a.Numbers
	switch {
	case a.tsne != nil:
		return a.tsne.Place(ctx, z)
	case a.pca == nil:
		return make([]float32, 2*n), ctx.Err()
	}
	k := len(a.pca.Variances)
	out := make([]float32, 2*n)
	for i, v := range a.pca.Project(z) {
		out[i/k*2+i%k] = v
	}
	return out, ctx.Err()
}

// Restore returns the latents of places, x and y of each: for PCA the point of the plane itself, for t-SNE a mean of the
// samples whose places are nearest. Of a place of a sample of t-SNE it is that sample's.
func (a *Atlas) Restore(ctx context.Context, places []float32) ([]float32, error) {
	switch {
	case a.tsne != nil:
		return a.tsne.Restore(ctx, places)
	case a.pca == nil: // a single sample, or of no numbers
		return slices.Repeat(a.Data[:a.Numbers], len(places)/2), ctx.Err()
	}
	k := len(a.pca.Variances)
	var along []float32
	for i := 0; i < len(places); i += 2 {
		along = append(along, places[i:i+k]...)
	}
	return a.pca.Restore(along), ctx.Err()
}

// Bounds returns the corners of the rectangle around all places; of one that is flat, a little around it.
func (a *Atlas) Bounds() (low, high [2]float64) {
	for k := range 2 {
		low[k], high[k] = math.Inf(1), math.Inf(-1)
		for i := k; i < len(a.Points); i += 2 {
			low[k], high[k] = min(low[k], float64(a.Points[i])), max(high[k], float64(a.Points[i]))
		}
	}
	least := max(1e-6, 0.05*max(high[0]-low[0], high[1]-low[1]))
	for k := range 2 {
		if high[k]-low[k] < least {
			low[k], high[k] = (low[k]+high[k]-least)/2, (low[k]+high[k]+least)/2
		}
	}
	return low, high
}

// Reach returns how far around a place samples support it, as embed.Reach finds it. Its only error is ctx's.
func (a *Atlas) Reach(ctx context.Context) (float64, error) { return embed.Reach(ctx, a.Points) }

// Support returns how many samples support a place, as embed.Support counts them.
func (a *Atlas) Support(x, y, reach float64) float64 { return embed.Support(a.Points, x, y, reach) }

// Fog returns the support of cols × rows places of a rectangle. Its only error is ctx's.
func (a *Atlas) Fog(ctx context.Context, low, high [2]float64, cols, rows int, reach float64) (*embed.Fog, error) {
	return embed.NewFog(ctx, a.Points, low, high, cols, rows, reach)
}

// An AtlasJob says which pictures to lay out, and how.
type AtlasJob struct {
	In      []string // files, folders, data sets and "builtin:NAME"
	Model   string   // as LoadModel has it
	Out     string   // .csv, or a picture; "": nothing is written
	Labels  string   // as in GalleryOptions
	Drawn   int      // how many pictures are drawn of "builtin:NAME"; 0: 1000
	Longest int      // as in GalleryOptions
	Pool    Pool
	Layout      // its seed is that of drawn pictures, too
	Steps   int // of t-SNE; 0: AtlasSteps
	Limits  imageio.Limits
}

// An AtlasReport says what came of an AtlasJob.
type AtlasReport struct {
	Out        string   `json:"out,omitempty"`
	Method     Method   `json:"method"`
	Count      int      `json:"count"` // of pictures
	Failed     int      `json:"failed"`
	Labelled   int      `json:"labelled"` // pictures with a label
	Classes    int      `json:"classes"`
	Error      float64  `json:"error"` // mean squared error of reconstructions, pixels in [0, 1]
	Perplexity *float64 `json:"perplexity"`
	Steps      *int     `json:"steps"`
	Divergence *float64 `json:"divergence"`      // nats; the last three are null for PCA
	KNN        *float64 `json:"knn"`             // share of labels that the five nearest on the plane agree with; null where there are none
	Shown      string   `json:"shown,omitempty"` // "thumbnails" or "dots", of a picture
	Width      int      `json:"width,omitempty"` // of a picture, in pixels
	Height     int      `json:"height,omitempty"`
	Seconds    float64  `json:"seconds"`
}

// MakeAtlas does an AtlasJob. report is told of files as in EncodeGallery, and moved after each step; both may be nil. Files
// that cannot be read are reported and counted, and the others go on.
func MakeAtlas(ctx context.Context, job AtlasJob, report func(FileReport), moved func(a *Atlas, of int)) (*Atlas, AtlasReport, error) {
	began := time.Now()
	var out AtlasReport
	if job.Steps == 0 {
		job.Steps = AtlasSteps
	}
	if err := job.check(); err != nil {
		return nil, out, err
	}
	m, title, err := LoadModel(job.Model)
	if err != nil {
		return nil, out, err
	}
	g, err := OpenGallery(ctx, job.In, GalleryOptions{Channels: m.Spec.Channels, Labels: job.Labels, Count: job.Drawn, Seed: job.Seed, Longest: job.Longest, Limits: job.Limits})
	if err != nil {
		return nil, out, err
	}
	s, err := EncodeGallery(ctx, m, g, job.Pool, report)
	if err != nil {
		if s != nil && s.Latents != nil {
			out.Failed = s.Failed
		}
		return nil, out, err
	}
	a, err := s.Lay(ctx, job.Layout)
	if errors.Is(err, embed.ErrNumber) {
		err = imageio.FileError{Path: job.In[0], Err: err}
	}
	if err != nil {
		return nil, out, err
	}
	for a.tsne != nil && a.Steps() < job.Steps {
		if err := a.Step(ctx); err != nil {
			return nil, out, err
		}
		if moved != nil {
			moved(a, job.Steps)
		}
	}
	if out, err = a.report(ctx); err != nil {
		return nil, out, err
	}
	if job.Out != "" {
		if err := a.write(ctx, job.Out, title, &out); err != nil {
			return nil, out, err
		}
	}
	out.Seconds = time.Since(began).Seconds()
	return a, out, nil
}

func (job AtlasJob) check() error {
	if job.Out != "" && !isTable(job.Out) && imageio.FormatOf(job.Out) == "" {
		return imageio.FileError{Path: job.Out, Err: errMap}
	}
	if !slices.Contains([]Pool{PoolAuto, PoolNone, PoolMean}, job.Pool) {
		return &model.SpecError{Field: "pool", Value: fmt.Sprintf("%q", job.Pool), Want: "none or mean"}
	}
	if job.Longest < 0 {
		return &model.SpecError{Field: "longest", Value: fmt.Sprint(job.Longest), Want: "0 or more"}
	}
	if job.Steps < 1 || job.Steps > mostMapSteps {
		return &model.SpecError{Field: "steps", Value: fmt.Sprint(job.Steps), Want: fmt.Sprintf("1 to %d", mostMapSteps)}
	}
	return job.Layout.check()
}

// report sums an atlas up.
func (a *Atlas) report(ctx context.Context) (AtlasReport, error) {
	r := AtlasReport{Method: a.Method, Count: len(a.Names), Failed: a.Failed}
	for _, v := range a.Errors {
		r.Error += float64(v) / float64(len(a.Errors))
	}
	if a.tsne != nil {
		steps := a.Steps()
		d, err := a.Divergence(ctx)
		if err != nil {
			return r, err
		}
		r.Perplexity, r.Steps, r.Divergence = &a.Perplexity, &steps, &d
	}
	classes := newClasses(a.Labels)
	r.Classes = len(classes.names)
	points, class := classes.known(a.Points, a.Labels, 2)
	r.Labelled = len(class)
	if len(class) < 2 {
		return r, nil
	}
	knn, err := nearestAccuracy(ctx, points, class, points, class, 2, true)
	r.KNN = &knn
	return r, err
}

// isTable reports whether a name is that of a table.
func isTable(path string) bool { return strings.HasSuffix(strings.ToLower(path), ".csv") }
