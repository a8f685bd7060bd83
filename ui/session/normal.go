package session

// This file shows models good pictures, so that they know what is normal.

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

const (
	// mostGood is how many good pictures a model is shown at most, and mostHeld how many
	// of those held back.
	mostGood, mostHeld = 4000, 1000
	// heldOfGood pictures of a folder one is held back, where a model is shown good ones
	// that it has not learned from.
	heldOfGood = 5
	// drawnGood is how many are drawn where there is no end to them.
	drawnGood = 400
)

// errNoNormal reports a model that has not been shown good pictures.
var errNoNormal = errors.New("session: the model knows no good pictures")

// errFewGood reports too few good pictures to hold some back.
var errFewGood = errors.New("session: too few good pictures")

// survey shows a model the pictures it has learned from, and those that were held back.
func (t *Training) survey(ctx context.Context, m *model.Model) error {
	held := t.data.Held
	if held == nil {
		return imageio.FileError{Path: t.name, Err: errFewGood}
	}
	return m.Survey(ctx, pictures(ctx, m, t.data.Train, mostGood, t.job.Limits), pictures(ctx, m, held, mostHeld, t.job.Limits))
}

// surveyFolder shows a model a folder of good pictures, every fifth of which is held
// back.
func surveyFolder(ctx context.Context, m *model.Model, dir string, lim imageio.Limits, report model.Report) error {
	paths, err := walk(ctx, dir, "", isJudged)
	if err != nil {
		return err
	}
	var good, held []string
	for i, rel := range paths {
		path := filepath.Join(dir, rel)
		if _, err := imageio.Probe(path); err != nil {
			continue // the job itself names what is damaged
		}
		if i%heldOfGood == heldOfGood-1 || i == 1 && len(paths) < heldOfGood {
			held = append(held, path)
		} else {
			good = append(good, path)
		}
	}
	switch {
	case len(paths) == 0:
		return imageio.FileError{Path: dir, Err: ErrNoPictures}
	case len(good) == 0 || len(held) == 0:
		return imageio.FileError{Path: dir, Err: errFewGood}
	}
	done, total := 0, min(len(good), mostGood)+2*min(len(held), mostHeld)
	counted := func(p model.Pictures) model.Pictures {
		return func(yield func(*tensor.Tensor, error) bool) {
			for x, err := range p {
				if done++; report != nil {
					report(min(done, total), total)
				}
				if !yield(x, err) {
					return
				}
			}
		}
	}
	return m.Survey(ctx, counted(readAll(ctx, m, good, mostGood, lim)), counted(readAll(ctx, m, held, mostHeld, lim)))
}

// pictures yields those of a source as they are, so many at most.
func pictures(ctx context.Context, m *model.Model, from imageio.Source, most int, lim imageio.Limits) model.Pictures {
	switch s := from.(type) {
	case *imageio.Folder:
		return readAll(ctx, m, s.Paths(), most, lim)
	case *imageio.Set:
		return func(yield func(*tensor.Tensor, error) bool) {
			n := min(most, s.Len())
			for i := range n {
				if !yield(s.Whole(i*s.Len()/n), ctx.Err()) {
					return
				}
			}
		}
	}
	return func(yield func(*tensor.Tensor, error) bool) {
		rng := rand.New(rand.NewPCG(m.Spec.Seed, 1))
		for range min(most, drawnGood) {
			if x, err := from.Batch(rng, 1); !yield(x, err) {
				return
			}
		}
	}
}

// readAll yields the pictures in files, so many at most, spread over them. What cannot be
// read is left out.
func readAll(ctx context.Context, m *model.Model, paths []string, most int, lim imageio.Limits) model.Pictures {
	return func(yield func(*tensor.Tensor, error) bool) {
		n := min(most, len(paths))
		read := 0
		var first error
		for i := range n {
			p, err := openPicture(ctx, paths[i*len(paths)/n], lim)
			switch {
			case ctx.Err() != nil:
				yield(nil, ctx.Err())
				return
			case err != nil && first == nil:
				first = err
				continue
			case err != nil:
				continue
			}
			read++
			if !yield(inChannels(p.Pix, m.Spec.Channels), nil) {
				return
			}
		}
		if read == 0 {
			yield(nil, first)
		}
	}
}
