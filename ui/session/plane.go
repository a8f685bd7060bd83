package session

// This file draws pictures of latents that no picture has.

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/embed"
	"sieve/model/tensor"
)

// errNoPlane reports a model whose latents cannot be walked through.
var errNoPlane = errors.New("session: no plane of latents")

// A Plane is where latents are taken from for a picture of many pictures: two axes through
// the space of latents.
type Plane struct {
	Across, Up Axis
	axes       *embed.PCA // nil: the latent's own two numbers
	h, w       int        // of the pictures
}

// An Axis is a stretch of numbers, or all those of a unit normal, each as often as it occurs
// (Kingma and Welling, arXiv:1312.6114, fig. 4).
type Axis struct {
	Low, High float64
	Normal    bool
}

// at returns the i-th of n numbers, each in the middle of an equal part.
func (a Axis) at(i, n int) float64 {
	share := (float64(i) + 0.5) / float64(n)
	if a.Normal {
		return math.Sqrt2 * math.Erfinv(2*share-1)
	}
	return a.Low + share*(a.High-a.Low)
}

// NormalPlane returns the plane of a variational model of two numbers a picture.
func NormalPlane(m *model.Model) (Plane, error) {
	switch {
	case !m.Generates():
		return Plane{}, fmt.Errorf("%w: its decoder needs more than the latent", errNoPlane)
	case m.Spec.Numbers() != 2:
		return Plane{}, fmt.Errorf("%w: its latent has %d numbers, and a plane has 2. Name pictures, whose latents have a plane of their own", errNoPlane, m.Spec.Numbers())
	case m.Spec.Bottleneck != "variational":
		return Plane{}, fmt.Errorf("%w: only of a variational model is it known where latents lie. Name pictures, whose latents show it", errNoPlane)
	}
	side := m.Cell()
	return Plane{Across: Axis{Normal: true}, Up: Axis{Normal: true}, h: side, w: side}, nil
}

// trimmed is which share of latents lies beyond either end of a plane's axes.
const trimmed = 0.02

// PlaneOf returns the plane in which most of the latents lie: that of the two numbers they
// have, or of their two principal components. It ends where few of them are.
func PlaneOf(ctx context.Context, m *model.Model, l *Latents) (Plane, error) {
	switch {
	case !m.Generates():
		return Plane{}, fmt.Errorf("%w: its decoder needs more than the latent", errNoPlane)
	case l.Pool != PoolNone:
		return Plane{}, errSizes
	case l.Numbers < 2 || len(l.Names) < 3:
		return Plane{}, fmt.Errorf("%w: it takes latents of 2 numbers and 3 pictures, there are %d and %d", errNoPlane, l.Numbers, len(l.Names))
	}
	p := Plane{h: l.Height, w: l.Width}
	points := l.Data
	if l.Numbers > 2 {
		err := leaving(ctx, func() (err error) {
			if p.axes, err = embed.Fit(l.Data, len(l.Names), l.Numbers, 2); err == nil {
				points = p.axes.Project(l.Data)
			}
			return err
		})
		if err != nil {
			return Plane{}, err
		}
	}
	for k, axis := range []*Axis{&p.Across, &p.Up} {
		var line []float32
		for i := k; i < len(points); i += 2 {
			line = append(line, points[i])
		}
		slices.Sort(line)
		cut := int(trimmed * float64(len(line)))
		axis.Low, axis.High = float64(line[cut]), float64(line[len(line)-1-cut])
	}
	return p, nil
}

// Decode returns the pictures of side × side points of the plane, row by row from its top left
// corner: (side², h, w, Channels). report may be nil.
func (p Plane) Decode(ctx context.Context, m *model.Model, side int, report model.Report) (*tensor.Tensor, error) {
	var points []float32
	for row := range side {
		for col := range side {
			points = append(points, float32(p.Across.at(col, side)), float32(p.Up.at(side-1-row, side)))
		}
	}
	if p.axes != nil {
		points = p.axes.Restore(points)
	}
	cell := m.Cell()
	z := &tensor.Tensor{Shape: []int{side * side, (p.h + cell - 1) / cell, (p.w + cell - 1) / cell, m.Spec.Numbers()}, Data: points}
	x, err := m.Generate(ctx, z, p.h, p.w, report)
	if err != nil {
		return nil, err
	}
	return clamp(x), nil
}

// Draws returns n pictures of latents drawn from what a variational model has learned to tell
// pictures with: (n, h, w, Channels), of the size it was trained with.
func Draws(ctx context.Context, m *model.Model, n int, seed uint64, report model.Report) (*tensor.Tensor, error) {
	switch {
	case m.Spec.Bottleneck != "variational":
		return nil, fmt.Errorf("%w: only a variational model knows how likely latents are", errNoPlane)
	case !m.Generates():
		return nil, fmt.Errorf("%w: its decoder needs more than the latent", errNoPlane)
	}
	x, err := m.Sample(ctx, rand.New(rand.NewPCG(seed, 0)), n, m.Spec.Crop, m.Spec.Crop, report)
	if err != nil {
		return nil, err
	}
	return clamp(x), nil
}

// A MapJob says which picture of pictures to make.
type MapJob struct {
	Model  string   // as LoadModel has it
	In     []string // pictures whose latents show where to look; none: the plane of a variational model of two numbers
	Out    string   // picture
	Side   int      // pictures a side
	Drawn  bool     // of latents that are drawn, instead of a plane
	Seed   uint64   // of those
	Limits imageio.Limits
}

// A Map is what came of a MapJob.
type Map struct {
	Out    string `json:"out"`
	Side   int    `json:"side"`
	Width  int    `json:"width"` // in pixels
	Height int    `json:"height"`
}

// mostSide bounds the pictures a side of a map.
const mostSide = 100

// DrawMap lays out the pictures of latents side by side. report may be nil.
func DrawMap(ctx context.Context, job MapJob, report model.Report) (Map, error) {
	if job.Side < 1 || job.Side > mostSide {
		return Map{}, &model.SpecError{Field: "side", Value: fmt.Sprint(job.Side), Want: fmt.Sprintf("1 to %d", mostSide)}
	}
	if imageio.FormatOf(job.Out) == "" {
		return Map{}, imageio.FileError{Path: job.Out, Err: errExtension}
	}
	m, title, err := LoadModel(job.Model)
	if err != nil {
		return Map{}, err
	}
	x, err := job.pictures(ctx, m, report)
	if err != nil {
		if errors.Is(err, errNoPlane) {
			err = imageio.FileError{Path: title, Err: err}
		}
		return Map{}, err
	}
	whole := sheet(x)
	out := Map{Out: job.Out, Side: job.Side, Width: whole.Shape[2], Height: whole.Shape[1]}
	return out, savePicture(ctx, job.Out, &imageio.Picture{Pix: whole, Depth: 8}, imageio.SaveOptions{})
}

// pictures returns those of the map.
func (job MapJob) pictures(ctx context.Context, m *model.Model, report model.Report) (*tensor.Tensor, error) {
	var p Plane
	var err error
	switch {
	case job.Drawn:
		if err := job.room(m.Spec.Crop, m.Spec.Crop); err != nil {
			return nil, err
		}
		return Draws(ctx, m, job.Side*job.Side, job.Seed, report)
	case len(job.In) == 0:
		p, err = NormalPlane(m)
	default:
		var g *Gallery
		if g, err = OpenGallery(ctx, job.In, GalleryOptions{Channels: m.Spec.Channels, Seed: job.Seed, Limits: job.Limits}); err != nil {
			return nil, err
		}
		var l *Latents
		if l, err = TakeLatents(ctx, m, g, PoolNone, nil); err != nil {
			return nil, err
		}
		p, err = PlaneOf(ctx, m, l)
	}
	if err == nil {
		err = job.room(p.h, p.w)
	}
	if err != nil {
		return nil, err
	}
	return p.Decode(ctx, m, job.Side, report)
}

// room refuses maps beyond the limit of pictures.
func (job MapJob) room(h, w int) error {
	limit := job.Limits.Pixels
	if limit <= 0 {
		limit = imageio.DefaultPixels
	}
	if pixels := int64(h) * int64(w) * int64(job.Side) * int64(job.Side); pixels > limit {
		return imageio.FileError{Path: job.Out, Err: fmt.Errorf("%w: %d × %d pictures of %d × %d pixels", imageio.ErrTooLarge, job.Side, job.Side, w, h)}
	}
	return nil
}
