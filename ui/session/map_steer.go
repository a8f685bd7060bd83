package session

// This file moves pictures of a map along directions: from one group to another, and along the principal ones.

import (
	"context"
	"fmt"
	"math"
	"slices"

	"sieve/model/embed"
	"sieve/model/tensor"
)

// A Course is what a row of pictures lies along.
type Course struct {
	Groups bool       // from the mean of the first group to that of the second
	Sigma  int        // else a principal direction, counted from 1; 0: none
	Kept   *Direction // else this; nil: there is no row
}

// An AlongStep is one picture of a row.
type AlongStep struct {
	At      float64        // 0 is the first group's mean and 1 the second's; or standard deviations; or steps
	Picture *tensor.Tensor // nil where places are not decoded
	Support float64        // how many pictures are near in the latent
	Nearest int            // the picture that is nearest there
}

// Bounds of how far sliders move, in standard deviations and in steps.
const (
	MostSigma = 4.0
	MostSteps = 3.0
)

// SetMapEnd makes pictures one of the two groups between which a direction leads; none: the group is forgotten.
func (s *Session) SetMapEnd(end int, pictures []int) {
	s.onMap(func(ctx context.Context, w *mapWork) error {
		w.ends[end] = slices.Clone(pictures)
		return w.lead(ctx)
	})
}

// KeepMapDirection keeps the direction from the mean of the first group to that of the second under a name.
func (s *Session) KeepMapDirection(name string) {
	s.onMap(func(_ context.Context, w *mapWork) error {
		d, err := w.direction(name)
		if err != nil {
			return err
		}
		return s.keep(d)
	})
}

// SteerMap moves the picture that is looked at, or the mean of all, along directions. Where that leads is Mapped.Here.
func (s *Session) SteerMap(to Steering) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Map.Version != 0 && to != s.state.Map.Steering {
		s.publish(func(st *State) { st.Map.Steering = to })
		s.mapper.steer = true
		s.wakeMap()
	}
}

// FollowOnMap makes a row of pictures along a direction, beginning at the picture that is looked at, or the mean of all, moved
// as it is along the others.
func (s *Session) FollowOnMap(c Course) {
	s.onMap(func(ctx context.Context, w *mapWork) error { return w.follow(ctx, c) })
}

// Of a latent, what is near is what is not farther than a picture's nearRank-th neighbour mostly is: of so many pictures.
const (
	nearRank   = 10
	nearSample = 500
)

// survey finds the principal directions of the latents, and what is near among them.
func (w *mapWork) survey(ctx context.Context) error {
	p, err := w.encoded.principal(ctx)
	if err != nil {
		return err
	}
	if w.near == 0 {
		if err := w.measureNear(ctx); err != nil {
			return err
		}
	}
	w.change(func(m *Mapped) { m.Shares = sharesOf(p) })
	return ctx.Err()
}

// measureNear finds what is near, of some of the pictures; nothing is where there is but one.
func (w *mapWork) measureNear(ctx context.Context) error {
	count := len(w.encoded.Names)
	rank := min(nearRank, count-1)
	if rank < 1 {
		return nil
	}
	var sample []float32
	var self []int
	for i := 0; i < count; i += (count + nearSample - 1) / nearSample {
		sample, self = append(sample, w.latent(i)...), append(self, i)
	}
	near, err := embed.Neighbours(ctx, sample, w.encoded.Data, w.encoded.Numbers, rank, self)
	if err != nil {
		return err
	}
	var far []float64
	for _, list := range near {
		far = append(far, list[len(list)-1].Distance)
	}
	slices.Sort(far)
	w.near = far[len(far)/2]
	return nil
}

// around is the picture whose latent is nearest to one, and how many are near.
func (w *mapWork) around(z []float32) (nearest int, support float64) {
	best := math.Inf(1)
	for i := range w.encoded.Names {
		var square float64
		for j, v := range w.latent(i) {
			d := float64(v - z[j])
			square += d * d
		}
		if square < best {
			best, nearest = square, i
		}
		if square <= w.near*w.near {
			support++
		}
	}
	return nearest, support
}

// shape is that of a latent of the map.
func (w *mapWork) shape() []int {
	n, cell := w.model.m.Spec.Numbers(), w.model.m.Cell()
	if w.encoded.Pool != PoolNone {
		return []int{1, 1, n}
	}
	return []int{(w.encoded.Height + cell - 1) / cell, (w.encoded.Width + cell - 1) / cell, n}
}

// steered is the latent that a steering leads to.
func (w *mapWork) steered(to Steering) []float32 {
	z := slices.Clone(w.start)
	if z == nil {
		z = w.mean(nil)
	}
	to.moved(z, w.shape(), w.encoded.first)
	return z
}

// steer shows where the steering leads.
func (w *mapWork) steer(ctx context.Context) {
	to := w.s.State().Map.Steering
	if to == (Steering{}) && w.start == nil {
		w.change(func(m *Mapped) { m.Here.Steered = false })
		return
	}
	z := w.steered(to)
	at, err := w.atlas.Place(ctx, z)
	if err == nil {
		h := Here{X: float64(at[0]), Y: float64(at[1]), Steered: true}
		h.Nearest, h.Support = w.around(z)
		w.arrive(ctx, h, z)
	}
}

// mean is that of the latents of a group; of all where it is empty.
func (w *mapWork) mean(group []int) []float32 {
	n, count := w.encoded.Numbers, len(group)
	if count == 0 {
		count = len(w.encoded.Names)
	}
	sum := make([]float64, n)
	for k := range count {
		i := k
		if len(group) > 0 {
			i = group[k]
		}
		for j, v := range w.latent(i) {
			sum[j] += float64(v)
		}
	}
	out := make([]float32, n)
	for j, v := range sum {
		out[j] = float32(v / float64(count))
	}
	return out
}

// direction is what the second group has and the first has not.
func (w *mapWork) direction(name string) (*Direction, error) {
	if len(w.ends[0]) == 0 || len(w.ends[1]) == 0 {
		return nil, errGroups
	}
	d := &Direction{Name: name, Model: w.model.info.Name, ID: w.model.info.ID, From: len(w.ends[0]), To: len(w.ends[1]), Shape: w.shape(), Step: w.mean(w.ends[1])}
	for i, v := range w.mean(w.ends[0]) {
		d.Step[i] -= v
	}
	if n := d.Shape[2]; len(d.Step) > mostDirectionLen {
		d.Step, d.Shape = overCells(d.Step, n), []int{1, 1, n}
	}
	return d, nil
}

// lead makes the row from the mean of one group to that of another, and past both.
func (w *mapWork) lead(ctx context.Context) error {
	ends := [2][]int{slices.Clone(w.ends[0]), slices.Clone(w.ends[1])}
	w.change(func(m *Mapped) { m.Ends = ends })
	if len(ends[0]) == 0 || len(ends[1]) == 0 {
		w.change(func(m *Mapped) {
			if m.AlongOf.Groups {
				m.Along, m.AlongOf = nil, Course{}
			}
		})
		return nil
	}
	return w.follow(ctx, Course{Groups: true})
}

// follow makes a row of pictures.
func (w *mapWork) follow(ctx context.Context, c Course) error {
	to := w.s.State().Map.Steering
	var latent func(t float64) []float32
	low, high := -0.5, 1.5
	switch {
	case c.Groups:
		from, step := w.mean(w.ends[0]), w.mean(w.ends[1])
		latent = func(t float64) []float32 {
			z := make([]float32, len(from))
			for j, v := range from {
				z[j] = v + float32(float32(t)*(step[j]-v))
			}
			return z
		}
	case c.Sigma > 0 && c.Sigma <= MostSigmas:
		low, high = -MostSigma, MostSigma
		latent = func(t float64) []float32 {
			at := to
			at.Sigmas[c.Sigma-1] = t
			return w.steered(at)
		}
	case c.Kept != nil:
		low, high = -MostSteps, MostSteps
		latent = func(t float64) []float32 { return w.steered(to.With(c.Kept, t)) }
	default:
		return fmt.Errorf("%w: to go along", errDirection)
	}
	var along []AlongStep
	for k := range mapSteps {
		t := low + (high-low)*float64(k)/(mapSteps-1)
		z := latent(t)
		step := AlongStep{At: t}
		step.Nearest, step.Support = w.around(z)
		if w.decodes() {
			var err error
			if step.Picture, err = w.picture(ctx, slices.Clone(z)); err != nil {
				return err
			}
		}
		along = append(along, step)
	}
	w.change(func(m *Mapped) { m.Along, m.AlongOf, m.Way = along, c, nil })
	return nil
}
