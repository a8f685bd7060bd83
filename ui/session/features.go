package session

// This file makes numbers of pictures, and says how much those tell.

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/embed"
	"sieve/model/tensor"
)

// What can be wrong with features.
var (
	errSizes       = errors.New("session: pictures of several sizes")
	errManyNumbers = errors.New("session: too many numbers")
	errTable       = errors.New("session: not a format for numbers")
)

// Pool says what becomes of a latent that is a map.
type Pool string

const (
	PoolAuto Pool = ""     // its numbers one after the other where all pictures have one size and all numbers can be held, else its mean
	PoolNone Pool = "none" // its numbers one after the other
	PoolMean Pool = "mean" // the mean over its cells, of each channel
)

// A FeaturesJob says of which pictures to take the latents, and what to do with them.
type FeaturesJob struct {
	In     []string // files, folders, data sets and "builtin:NAME"
	Model  string   // as LoadModel has it
	Out    string   // .npy or .csv; "": nothing is written
	Pool   Pool
	Labels string // as in GalleryOptions

	// Other pictures that those of In are classified by; none: each by all others of In.
	Train       string
	TrainLabels string

	Near  string // a picture; those of In that are nearest to it are named
	Count int    // how many of them
	Drawn int    // how many pictures are drawn of "builtin:NAME"; 0: 1000
	Seed  uint64 // of those that are drawn

	Limits imageio.Limits
}

// Features is what came of a FeaturesJob.
type Features struct {
	Out     string  `json:"out,omitempty"`
	Count   int     `json:"count"`   // of pictures
	Numbers int     `json:"numbers"` // of each
	Failed  int     `json:"failed"`
	Pool    Pool    `json:"pool"` // "none" or "mean"
	Seconds float64 `json:"seconds"`

	Labelled int       `json:"labelled"` // pictures with a label
	Classes  int       `json:"classes"`
	Accuracy           // of the latents
	PCA      int       `json:"pca"` // components, of the pictures' own numbers: as many as there are numbers, or as can be
	ByPCA    *Accuracy `json:"by_pca"`

	Near []Near `json:"near,omitempty"`
}

// An Accuracy says which share of pictures is classified right.
type Accuracy struct {
	KNN   *float64 `json:"knn"`   // by the five nearest others; nil where there are no labels
	Probe *float64 `json:"probe"` // by planes; without other pictures every fifth, by the rest
}

// A Near is a picture that is near to another.
type Near struct {
	File     string  `json:"file"`
	Label    string  `json:"label,omitempty"`
	Distance float64 `json:"distance"` // of latents, Euclidean
}

// Latents are what a model makes of many pictures: the means, where latents are drawn.
type Latents struct {
	Names, Labels []string // of the pictures that could be read
	Numbers       int      // of each
	Data          []float32
	Pool          Pool // as it was done, never PoolAuto
	Height, Width int  // of the pictures, where all have one size; else 0
	Failed        int

	trouble error     // of the first that failed
	pixels  []float32 // of the pictures, if they were asked for and have one size
}

// Bounds of what is held in memory, and of how long a comparison takes.
const (
	mostNumbers  = 1 << 27 // numbers of all latents, and of all pictures for PCA
	mostCompared = 4e11    // products of a search for neighbours; beyond, fewer pictures are classified
	mostFitted   = 1 << 25 // numbers that a probe is fitted to
	neighbours   = 5
	heldProbe    = 5 // every fifth picture is held from a probe
)

// TakeLatents runs a model on all pictures of a gallery. report may be nil; it is told of each
// file that cannot be read, and of the pictures that are done.
func TakeLatents(ctx context.Context, m *model.Model, g *Gallery, pool Pool, report func(FileReport)) (*Latents, error) {
	return takeLatents(ctx, m, g, pool, false, report)
}

func takeLatents(ctx context.Context, m *model.Model, g *Gallery, pool Pool, pixels bool, report func(FileReport)) (*Latents, error) {
	l, err := newLatents(m, g, pool)
	if err != nil {
		return nil, err
	}
	pixels = pixels && l.Height > 0 && len(g.Names) <= mostNumbers/max(1, l.Height*l.Width*m.Spec.Channels)
	return l, l.read(ctx, g, report, func(x *tensor.Tensor) ([]float32, error) {
		z, err := latentsOf(ctx, m, x, l.Pool)
		if err == nil && pixels {
			l.pixels = append(l.pixels, x.Data...)
		}
		return z, err
	})
}

// newLatents says how long latents of a gallery are, before any is taken.
func newLatents(m *model.Model, g *Gallery, pool Pool) (*Latents, error) {
	h, w, odd := g.size()
	total, cell := len(g.Names), m.Cell()
	mean := m.Spec.Numbers()
	all := mean * ((h + cell - 1) / cell) * ((w + cell - 1) / cell)
	held := func(numbers int) bool { return numbers == 0 || total <= mostNumbers/numbers }
	switch {
	case pool == PoolAuto && odd == "" && held(all):
		pool = PoolNone
	case pool == PoolAuto:
		pool = PoolMean
	case pool == PoolNone && odd != "":
		return nil, imageio.FileError{Path: odd, Err: errSizes}
	}
	l := &Latents{Pool: pool, Numbers: mean, Height: h, Width: w}
	if pool == PoolNone {
		l.Numbers = all
	}
	if !held(l.Numbers) {
		return nil, imageio.FileError{Path: g.Names[0], Err: fmt.Errorf("%w: %d of each of %d pictures, %d are held", errManyNumbers, l.Numbers, total, mostNumbers)}
	}
	return l, nil
}

// read takes the pictures of a gallery, some of one size at a time, to what makes latents of them.
func (l *Latents) read(ctx context.Context, g *Gallery, report func(FileReport), latents func(x *tensor.Tensor) ([]float32, error)) error {
	tell := func(r FileReport) {
		if report != nil {
			r.Total = int64(len(g.Names))
			r.Done = int64(len(l.Names) + l.Failed)
			report(r)
		}
	}
	return g.each(ctx, func(x *tensor.Tensor, which []int) error {
		z, err := latents(x)
		if err != nil {
			return err
		}
		l.Data = append(l.Data, z...)
		for _, i := range which {
			l.Names, l.Labels = append(l.Names, g.Names[i]), append(l.Labels, g.Labels[i])
		}
		tell(FileReport{})
		return nil
	}, func(i int, err error) {
		l.Failed++
		if l.trouble == nil {
			l.trouble = err
		}
		tell(FileReport{Finished: true, File: g.Names[i], Err: err})
	})
}

// latentsOf returns the numbers of pictures of one size.
func latentsOf(ctx context.Context, m *model.Model, x *tensor.Tensor, pool Pool) ([]float32, error) {
	n, _, _, _ := x.Dims4()
	var all []float32
	err := byLevel(m, x, func(part *tensor.Tensor, level float64) error {
		z, err := m.Features(ctx, part, level, nil)
		if err == nil {
			all = append(all, z.Data...)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return pooled(all, n, m.Spec.Numbers(), pool), nil
}

// byLevel takes pictures as many at a time as a model can be told the same noise level of.
func byLevel(m *model.Model, x *tensor.Tensor, f func(part *tensor.Tensor, level float64) error) error {
	n, h, w, c := x.Dims4()
	for i, step := 0, n; i < n; i += step {
		if m.Spec.Level { // which each picture has its own of
			step = 1
		}
		part := &tensor.Tensor{Shape: []int{step, h, w, c}, Data: x.Data[i*h*w*c : (i+step)*h*w*c]}
		if err := f(part, levelOf(m, part)); err != nil {
			return err
		}
	}
	return nil
}

// pooled returns latents of n pictures, k numbers a cell, as pool says.
func pooled(all []float32, n, k int, pool Pool) []float32 {
	if pool != PoolMean {
		return all
	}
	cells := len(all) / (n * k)
	out := make([]float32, n*k)
	for i := range n {
		for j := range k {
			var sum float64
			for cell := range cells {
				sum += float64(all[(i*cells+cell)*k+j])
			}
			out[i*k+j] = float32(sum / float64(cells))
		}
	}
	return out
}

// Nearest returns the pictures whose latents are nearest to those of picture x (1, H, W,
// Channels of the model), the nearest first.
func (l *Latents) Nearest(ctx context.Context, m *model.Model, x *tensor.Tensor, count int) ([]Near, error) {
	z, err := latentsOf(ctx, m, x, l.Pool)
	if err != nil {
		return nil, err
	}
	if len(z) != l.Numbers {
		return nil, errSizes
	}
	found, err := embed.Neighbours(ctx, z, l.Data, l.Numbers, count, nil)
	if err != nil {
		return nil, err
	}
	var out []Near
	for _, f := range found[0] {
		out = append(out, Near{l.Names[f.Index], l.Labels[f.Index], f.Distance})
	}
	return out, nil
}

// TakeFeatures does a FeaturesJob. report may be nil. Files that cannot be read are reported and
// counted, and the others go on.
func TakeFeatures(ctx context.Context, job FeaturesJob, report func(FileReport)) (Features, error) {
	began := time.Now()
	var out Features
	if err := job.check(); err != nil {
		return out, err
	}
	m, _, err := LoadModel(job.Model)
	if err != nil {
		return out, err
	}
	o := GalleryOptions{Channels: m.Spec.Channels, Labels: job.Labels, Count: job.Drawn, Seed: job.Seed, Limits: job.Limits}
	g, err := OpenGallery(ctx, job.In, o)
	if err != nil {
		return out, err
	}
	known := labelled(g.Labels)
	l, err := takeLatents(ctx, m, g, job.Pool, known, report)
	if err != nil {
		return out, err
	}
	if len(l.Names) == 0 {
		return Features{Failed: l.Failed}, noneRead(strings.Join(job.In, ", "), l.trouble)
	}
	out = Features{Out: job.Out, Count: len(l.Names), Numbers: l.Numbers, Failed: l.Failed, Pool: l.Pool}
	if job.Out != "" {
		if err := l.write(ctx, job.Out); err != nil {
			return out, err
		}
	}
	if job.Near != "" {
		if out.Near, err = job.near(ctx, m, l); err != nil {
			return out, err
		}
	}
	if known {
		o.Labels = job.TrainLabels
		if err := out.judge(ctx, m, l, job, o, report); err != nil {
			if errors.Is(err, embed.ErrNumber) {
				err = imageio.FileError{Path: job.In[0], Err: err}
			}
			return out, err
		}
	}
	out.Seconds = time.Since(began).Seconds()
	return out, nil
}

func (job FeaturesJob) check() error {
	if ext := strings.ToLower(filepath.Ext(job.Out)); job.Out != "" && ext != imageio.NPYExtension && ext != ".csv" {
		return imageio.FileError{Path: job.Out, Err: errTable}
	}
	if !slices.Contains([]Pool{PoolAuto, PoolNone, PoolMean}, job.Pool) {
		return &model.SpecError{Field: "pool", Value: fmt.Sprintf("%q", job.Pool), Want: "none or mean"}
	}
	if job.Near != "" && job.Count < 1 {
		return &model.SpecError{Field: "count", Value: fmt.Sprint(job.Count), Want: "1 or more"}
	}
	return nil
}

// labelled reports whether there are at least two classes.
func labelled(labels []string) bool {
	first := ""
	for _, l := range labels {
		switch {
		case l == "":
		case first == "":
			first = l
		case l != first:
			return true
		}
	}
	return false
}

// near finds the pictures that are near to the one that was named.
func (job FeaturesJob) near(ctx context.Context, m *model.Model, l *Latents) ([]Near, error) {
	p, err := openPicture(ctx, job.Near, job.Limits)
	if err != nil {
		return nil, err
	}
	found, err := l.Nearest(ctx, m, inChannels(imageio.OverWhite(p), m.Spec.Channels), job.Count)
	if errors.Is(err, errSizes) {
		err = imageio.FileError{Path: job.Near, Err: err}
	}
	return found, err
}

// judge finds the accuracies of latents, and of as many principal components.
func (f *Features) judge(ctx context.Context, m *model.Model, l *Latents, job FeaturesJob, o GalleryOptions, report func(FileReport)) error {
	by := l
	if job.Train != "" {
		g, err := OpenGallery(ctx, []string{job.Train}, o)
		if err != nil {
			return err
		}
		if !labelled(g.Labels) {
			return imageio.FileError{Path: job.Train, Err: fmt.Errorf("%w: it has none", errLabels)}
		}
		if by, err = takeLatents(ctx, m, g, l.Pool, true, report); err != nil {
			return err
		}
		if by.Numbers != l.Numbers {
			return imageio.FileError{Path: job.Train, Err: errSizes}
		}
		f.Failed += by.Failed
	}
	classes := newClasses(by.Labels)
	f.Classes = len(classes.names)
	for _, label := range l.Labels {
		if label != "" {
			f.Labelled++
		}
	}
	var err error
	if f.Accuracy, err = classes.accuracy(ctx, l.Data, l.Labels, by.Data, by.Labels, l.Numbers, by == l); err != nil {
		return err
	}
	wide := len(by.pixels) / len(by.Names)
	f.PCA = min(l.Numbers, wide, len(by.Names)-1)
	if f.PCA < 1 || len(l.pixels) != wide*len(l.Names) {
		f.PCA = 0 // pictures of several sizes, or more than is held
		return nil
	}
	var z, byZ []float32
	err = leaving(ctx, func() error {
		p, err := embed.Fit(by.pixels, len(by.Names), wide, f.PCA)
		if err != nil {
			return err
		}
		z, byZ = p.Project(l.pixels), p.Project(by.pixels)
		return nil
	})
	if err != nil {
		return err
	}
	a, err := classes.accuracy(ctx, z, l.Labels, byZ, by.Labels, f.PCA, by == l)
	f.ByPCA = &a
	return err
}

// leaving does what cannot be interrupted, and leaves it behind when ctx is done.
func leaving(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// classes are labels as numbers, sorted.
type classes struct {
	names []string
	of    map[string]int
}

func newClasses(labels []string) classes {
	c := classes{of: map[string]int{}}
	for _, l := range labels {
		if _, there := c.of[l]; !there && l != "" {
			c.of[l] = 0
			c.names = append(c.names, l)
		}
	}
	slices.Sort(c.names)
	for i, l := range c.names {
		c.of[l] = i
	}
	return c
}

// known returns the samples that have a label, and their classes: -1 for one that no
// reference has.
func (c classes) known(x []float32, labels []string, d int) (rows []float32, class []int) {
	for i, l := range labels {
		if l == "" {
			continue
		}
		rows = append(rows, x[i*d:(i+1)*d]...)
		if k, there := c.of[l]; there {
			class = append(class, k)
		} else {
			class = append(class, -1)
		}
	}
	return rows, class
}

// accuracy classifies samples of d numbers by others, or each by the rest where they are the
// same.
func (c classes) accuracy(ctx context.Context, x []float32, labels []string, byX []float32, byLabels []string, d int, same bool) (Accuracy, error) {
	rows, class := c.known(x, labels, d)
	byRows, byClass := c.known(byX, byLabels, d)
	var a Accuracy
	if len(class) == 0 || len(byClass) < 2 {
		return a, nil
	}
	knn, err := nearestAccuracy(ctx, rows, class, byRows, byClass, d, same)
	if err != nil {
		return a, err
	}
	a.KNN = &knn
	if same {
		byRows, byClass, rows, class = hold(rows, class, d)
		if len(class) == 0 {
			return a, nil
		}
	}
	byRows, byClass = thin(byRows, byClass, d, mostFitted/d)
	var probe float64
	err = leaving(ctx, func() error {
		p, err := embed.FitProbe(byRows, byClass, d, len(c.names))
		if err == nil {
			probe = share(p.Classify(rows), class)
		}
		return err
	})
	a.Probe = &probe
	return a, err
}

// nearestAccuracy classifies by the nearest five; as many samples as there is time for.
func nearestAccuracy(ctx context.Context, rows []float32, class []int, byRows []float32, byClass []int, d int, same bool) (float64, error) {
	keep := max(1, int(mostCompared/(float64(len(byClass))*float64(d))))
	var self []int
	if same {
		self = spread(len(class), keep)
	}
	rows, class = thin(rows, class, d, keep)
	found, err := embed.Neighbours(ctx, rows, byRows, d, neighbours, self)
	if err != nil {
		return 0, err
	}
	said := make([]int, len(found))
	for i, near := range found {
		said[i] = embed.Vote(near, byClass)
	}
	return share(said, class), nil
}

// share returns how many of all are right.
func share(said, right []int) float64 {
	hits := 0
	for i, c := range said {
		if c == right[i] {
			hits++
		}
	}
	return float64(hits) / float64(len(right))
}

// spread returns keep numbers below n, evenly spread, or all.
func spread(n, keep int) []int {
	keep = min(n, keep)
	out := make([]int, keep)
	for i := range out {
		out[i] = i * n / keep
	}
	return out
}

// thin keeps so many samples, evenly spread.
func thin(rows []float32, class []int, d, keep int) ([]float32, []int) {
	if len(class) <= keep {
		return rows, class
	}
	var r []float32
	var c []int
	for _, i := range spread(len(class), max(1, keep)) {
		r, c = append(r, rows[i*d:(i+1)*d]...), append(c, class[i])
	}
	return r, c
}

// hold parts every fifth sample from the rest.
func hold(rows []float32, class []int, d int) (rest []float32, restClass []int, held []float32, heldClass []int) {
	for i, c := range class {
		row := rows[i*d : (i+1)*d]
		if i%heldProbe == heldProbe-1 {
			held, heldClass = append(held, row...), append(heldClass, c)
		} else {
			rest, restClass = append(rest, row...), append(restClass, c)
		}
	}
	return rest, restClass, held, heldClass
}

// write writes the latents, as the name of the file says.
func (l *Latents) write(ctx context.Context, path string) error {
	return writeFile(path, func(w io.Writer) error {
		w = writer{ctx, w}
		if strings.EqualFold(filepath.Ext(path), imageio.NPYExtension) {
			return imageio.WriteNPY(w, l.Data, len(l.Names), l.Numbers)
		}
		return l.writeCSV(w)
	})
}

// writeCSV writes a line for each picture: its name, its label where there are any, and its
// numbers.
func (l *Latents) writeCSV(w io.Writer) error {
	table := csv.NewWriter(w)
	any := slices.ContainsFunc(l.Labels, func(s string) bool { return s != "" })
	row := []string{"picture"}
	if any {
		row = append(row, "label")
	}
	for k := range l.Numbers {
		row = append(row, "z"+strconv.Itoa(k))
	}
	for i := -1; i < len(l.Names); i++ {
		if i >= 0 {
			row = append(row[:0], l.Names[i])
			if any {
				row = append(row, l.Labels[i])
			}
			for _, v := range l.Data[i*l.Numbers : (i+1)*l.Numbers] {
				row = append(row, strconv.FormatFloat(float64(v), 'g', -1, 32))
			}
		}
		if err := table.Write(row); err != nil {
			return err
		}
	}
	table.Flush()
	return table.Error()
}
