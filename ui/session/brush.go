package session

// This file measures how long it takes from a stroke on a latent to the changed picture.

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// Brush is how many milliseconds a stroke takes, the median of many at places that are drawn.
type Brush struct {
	Classroom float64 `json:"classroom"` // 3 × 3 cells of a small model's latent, in a picture of 64 × 64
	Photo     float64 `json:"photo"`     // 24 pixels around a place, of the model "photo", in one of 768 × 512
}

// MeasureBrush measures both.
func MeasureBrush(ctx context.Context, seed uint64) (b Brush, err error) {
	small, err := model.New(model.DefaultSpec())
	if err != nil {
		return b, err
	}
	if b.Classroom, err = strokes(ctx, small, 64, 64, 3, 200, seed); err != nil {
		return b, err
	}
	photo, _, err := LoadModel("photo")
	if err != nil {
		return b, err
	}
	const radius = 24
	b.Photo, err = strokes(ctx, photo, 512, 768, 2*radius/photo.Cell()+1, 40, seed)
	return b, err
}

// strokes changes squares of so many cells in the latent of a drawn picture, and returns the
// median of the milliseconds until the picture has followed.
func strokes(ctx context.Context, m *model.Model, h, w, cells, count int, seed uint64) (float64, error) {
	rng := rand.New(rand.NewPCG(seed, 0))
	leaves, err := imageio.Leaves{Size: max(h, w), Channels: m.Spec.Channels}.Batch(rng, 1)
	if err != nil {
		return 0, err
	}
	x := tensor.New(1, h, w, m.Spec.Channels)
	for y := range h {
		copy(x.Data[y*w*m.Spec.Channels:(y+1)*w*m.Spec.Channels], leaves.Data[y*max(h, w)*m.Spec.Channels:])
	}
	o, err := m.Open(ctx, x, levelOf(m, x), 0, nil, nil)
	if err != nil {
		return 0, err
	}
	z, out, all := o.Latent().Clone(), o.Made().Clone(), model.Rect{Bottom: h, Right: w}
	if _, err := o.Decode(ctx, z, all, out, nil); err != nil {
		return 0, err
	}
	_, zh, zw, c := z.Dims4()
	var took []float64
	for range count {
		top, left := rng.IntN(zh-cells+1), rng.IntN(zw-cells+1)
		r := model.Rect{Top: top, Left: left, Bottom: top + cells, Right: left + cells}
		began := time.Now()
		for y := r.Top; y < r.Bottom; y++ {
			row := z.Data[(y*zw+r.Left)*c : (y*zw+r.Right)*c]
			for i := range row {
				row[i] += 0.1
			}
		}
		if _, err := o.Edit(ctx, z, r, all, out); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began).Seconds()*1000)
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
