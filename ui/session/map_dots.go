package session

// This file looks at pictures of a map, and puts others on it.

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"sieve/imageio"
	"sieve/model/embed"
	"sieve/model/tensor"
)

// DrawOnMap puts a picture that is being drawn by hand on the map: side × side pixels, row by row, 0 to 1. The one before
// that was drawn makes room.
func (s *Session) DrawOnMap(side int, pixels []float32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Map.Version != 0 {
		s.mapper.pad = &tensor.Tensor{Shape: []int{1, side, side, 1}, Data: pixels}
		s.wakeMap()
	}
}

// look shows a picture of the map, what the model makes of it, and the nearest in the latent.
func (w *mapWork) look(ctx context.Context, i int) error {
	if i < 0 || i >= len(w.encoded.Names) {
		w.shown, w.start = nil, nil
		w.change(func(m *Mapped) { m.Shown = nil })
		w.steer(ctx)
		return nil
	}
	x, err := w.gallery.One(ctx, w.encoded.Names[i])
	if err != nil {
		return err
	}
	return w.behold(ctx, &MapShown{Name: w.encoded.Names[i], Index: i}, x, w.latent(i))
}

// lookAtDot is look for a picture that was put on the map.
func (w *mapWork) lookAtDot(ctx context.Context, i int) error {
	if i < 0 || i >= len(w.dots) {
		return nil
	}
	d := w.dots[i]
	p, err := d.at.open(ctx, w.s.o.Limits)
	if err != nil {
		return err
	}
	return w.behold(ctx, &MapShown{Name: d.Name, Index: -1, Dot: i}, w.fitted(p.Pix), d.z)
}

// behold shows a picture and what is to be known of it.
func (w *mapWork) behold(ctx context.Context, shown *MapShown, x *tensor.Tensor, latent []float32) error {
	z, y, err := w.model.m.Look(ctx, x, levelOf(w.model.m, x), nil)
	if err != nil {
		return err
	}
	others := len(w.encoded.Names)
	var self []int
	if shown.Index >= 0 {
		self, others = []int{shown.Index}, others-1
	}
	near, err := embed.Neighbours(ctx, latent, w.encoded.Data, w.encoded.Numbers, min(8, others), self)
	if err != nil {
		return err
	}
	shown.Panes = noPanes()
	shown.Panes.Original, shown.Panes.Noisy, shown.Panes.Latent, shown.Panes.Result = x, x, z, clamp(y)
	if len(near) > 0 {
		for _, n := range near[0] {
			shown.Neighbours = append(shown.Neighbours, n.Index)
		}
	}
	for k := range shown.Panes.Versions {
		shown.Panes.Versions[k] = w.s.ticket()
	}
	w.shown, w.start = shown, latent
	w.change(func(m *Mapped) { m.Shown = shown })
	w.steer(ctx)
	return nil
}

// sourceOf is where a picture that is looked at can be opened from.
func (w *mapWork) sourceOf(at *MapShown) source {
	if at.Index < 0 {
		return w.dots[at.Dot].at
	}
	if f, err := os.Stat(at.Name); err == nil && !f.IsDir() {
		return source{path: at.Name}
	}
	return source{drawn: at.Panes.Original, title: filepath.Base(at.Name)}
}

// put places pictures on the map.
func (w *mapWork) put(ctx context.Context, paths []string) error {
	var trouble error
	last := -1
	for _, path := range paths {
		p, err := openPicture(ctx, path, w.s.o.Limits)
		if err == nil {
			last, err = w.dot(ctx, filepath.Base(path), source{path: path}, p.Pix)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && trouble == nil {
			trouble = err
		}
	}
	if last >= 0 {
		if err := w.lookAtDot(ctx, last); err != nil {
			return err
		}
	}
	return trouble
}

// putDrawn places the picture that is being drawn.
func (w *mapWork) putDrawn(ctx context.Context, x *tensor.Tensor) error {
	w.dots = slices.DeleteFunc(slices.Clone(w.dots), func(d MapDot) bool { return d.Name == "" })
	i, err := w.dot(ctx, "", source{drawn: x}, x)
	if err != nil {
		return err
	}
	return w.lookAtDot(ctx, i)
}

// dot puts one picture on the map, and returns its number.
func (w *mapWork) dot(ctx context.Context, name string, at source, x *tensor.Tensor) (int, error) {
	m := w.model.m
	x = w.fitted(x)
	z, err := m.Features(ctx, x, levelOf(m, x), nil)
	if err != nil {
		return -1, err
	}
	latent := pooled(z.Data, 1, m.Spec.Numbers(), w.encoded.Pool)
	place, err := w.atlas.Place(ctx, latent)
	if err != nil {
		return -1, err
	}
	w.dots = append(slices.Clone(w.dots), MapDot{Name: name, X: float64(place[0]), Y: float64(place[1]), at: at, z: latent})
	dots := w.dots
	w.change(func(m *Mapped) { m.Dots = dots })
	return len(dots) - 1, nil
}

// fitted is a picture as the others of the map are: in colour or not, and of their size where they have one.
func (w *mapWork) fitted(x *tensor.Tensor) *tensor.Tensor {
	x = inChannels(x, w.model.m.Spec.Channels)
	if w.encoded.Height > 0 {
		return imageio.Fit(x, w.encoded.Height, w.encoded.Width)
	}
	return smaller(x, LongestMapped)
}

// resettle finds the places of the pictures that were put on the map, on which all others lie elsewhere now.
func (w *mapWork) resettle(ctx context.Context) error {
	w.dots = slices.Clone(w.dots)
	for i := range w.dots {
		d := &w.dots[i]
		place, err := w.atlas.Place(ctx, d.z)
		if err != nil {
			return err
		}
		d.X, d.Y = float64(place[0]), float64(place[1])
	}
	dots := w.dots
	w.change(func(m *Mapped) { m.Dots = dots })
	return nil
}
