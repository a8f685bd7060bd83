package session

// This file goes back over a run: what its network made of a picture at an earlier step.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"sieve/imageio"
	"sieve/model/tensor"
)

// A scrubber is where a person looks at in a run. The session's mutex guards it.
type scrubber struct {
	want    Scrub // Panes are not used
	running bool
	over    watched // the run's pictures, once read
}

// watched is what the run of an ID is watched on.
type watched struct {
	id           string
	clean, given *tensor.Tensor
	photo        bool
}

// LookBack shows what the network of the newest step of a run that is not after this one, and is kept,
// makes of the picture on which it was watched. "" ends it.
func (s *Session) LookBack(id string, step int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := findRun(s.state.Runs.All, id)
	if id == "" || i < 0 || len(s.state.Runs.All[i].Kept) == 0 {
		s.scrub.want = Scrub{}
		s.publish(func(st *State) { st.Runs.Scrub = Scrub{} })
		return
	}
	kept := s.state.Runs.All[i].Kept
	at, found := slices.BinarySearch(kept, step)
	if !found {
		at = max(0, at-1)
	}
	s.scrub.want = Scrub{ID: id, Step: kept[at]}
	s.publish(func(st *State) {
		st.Runs.Scrub.ID, st.Runs.Scrub.Step, st.Runs.Scrub.Pending = id, kept[at], true
	})
	if !s.scrub.running && !s.closing {
		s.scrub.running = true
		s.work.Go(s.lookBack)
	}
}

// lookBack makes what is wanted until there is nothing more.
func (s *Session) lookBack() {
	for {
		s.mu.Lock()
		want := s.scrub.want
		if want.ID == "" || s.closing || !s.state.Runs.Scrub.Pending {
			s.scrub.running = false
			s.mu.Unlock()
			return
		}
		over := s.scrub.over
		s.mu.Unlock()
		panes, over, err := s.lookAt(want, over)
		s.mu.Lock()
		s.scrub.over = over
		now := s.scrub.want
		if err != nil && now == want {
			s.scrub.want = Scrub{}
			s.publish(func(st *State) { st.Runs.Scrub = Scrub{} })
		} else if err == nil && now.ID == want.ID {
			old := s.state.Runs.Scrub.Panes
			same := old.Original == panes.Original
			for i := range panes.Versions {
				panes.Versions[i] = s.next()
			}
			if same {
				panes.Versions[PaneOriginal], panes.Versions[PaneNoisy] = old.Versions[PaneOriginal], old.Versions[PaneNoisy]
			}
			s.publish(func(st *State) {
				st.Runs.Scrub.Panes, st.Runs.Scrub.Pending = panes, now != want
			})
		}
		s.mu.Unlock()
		s.fail(err)
	}
}

// lookAt makes the panes of a step of a run.
func (s *Session) lookAt(want Scrub, over watched) (Panes, watched, error) {
	dir := s.runDir(want.ID)
	if over.id != want.ID {
		var err error
		if over, err = readWatched(dir); err != nil {
			return Panes{}, over, err
		}
		over.id = want.ID
	}
	m, _, err := LoadModel(weightsOf(dir, want.Step))
	if err != nil {
		return Panes{}, over, err
	}
	p := previewOf(m, over.clean, over.given, over.photo)
	panes, err := p.look(s.ctx, m, true)
	return panes, over, err
}

// mostWatched is how many numbers the pictures of a run may have.
const mostWatched = 64 << 20

func readWatched(dir string) (w watched, err error) {
	state, err := readRunState(dir)
	if err != nil {
		return w, err
	}
	w.photo = state.Photo
	if w.clean, err = readPictures(filepath.Join(dir, runClean)); err != nil {
		return w, err
	}
	path := filepath.Join(dir, runGiven)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) { // it is given what it should make
		w.given = w.clean
		return w, nil
	}
	if w.given, err = readPictures(path); err == nil && !slices.Equal(w.clean.Shape, w.given.Shape) {
		err = imageio.FileError{Path: path, Err: imageio.ErrDamaged}
	}
	return w, err
}

// readPictures reads pictures (N, H, W, 1|3) from a file of numbers.
func readPictures(path string) (*tensor.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, shape, err := imageio.ReadNPY(f, mostWatched)
	if err == nil && (len(shape) != 4 || shape[3] != 1 && shape[3] != 3) {
		err = imageio.ErrDamaged
	}
	if err != nil {
		return nil, imageio.FileError{Path: path, Err: err}
	}
	return &tensor.Tensor{Shape: shape, Data: data}, nil
}

// ExportRun writes a run as an animated GIF: what the network was given and what it makes of it, step
// by step.
func (s *Session) ExportRun(id, path string) {
	dir := s.runDir(id)
	if dir == "" {
		return
	}
	s.do("Drawing the animation", func(ctx context.Context) error {
		steps := keptSteps(dir)
		if len(steps) == 0 {
			return imageio.FileError{Path: id, Err: errNoWeights}
		}
		over, err := readWatched(dir)
		if err != nil {
			return err
		}
		var movie *imageio.Animation
		for _, step := range steps {
			m, _, err := LoadModel(weightsOf(dir, step))
			if err != nil {
				return err
			}
			p := previewOf(m, over.clean, over.given, over.photo)
			panes, err := p.look(ctx, m, false)
			if err != nil {
				return err
			}
			if movie == nil {
				movie = imageio.NewAnimation(clamp(panes.Noisy.Clone()))
			}
			movie.Add(panes.Result, fmt.Sprintf("%d / %d", step, steps[len(steps)-1]))
		}
		err = writeFile(path, func(w io.Writer) error { return movie.Encode(writer{ctx, w}) })
		if err == nil {
			s.saved("animation", path)
		}
		return err
	})
}

// ExportRuns writes the curves of runs as one chart, .png or .svg, or as .csv.
func (s *Session) ExportRuns(ids []string, path string, log bool) {
	all := s.State().Runs.All
	s.do("Saving the chart", func(ctx context.Context) error {
		var lines []chartLine
		for _, id := range ids {
			i := findRun(all, id)
			if i < 0 {
				continue
			}
			line := chartLine{name: runTitle(all[i]), points: all[i].Curve}
			if line.points == nil {
				var err error
				if line.points, err = readCurve(s.runDir(id)); err != nil {
					return err
				}
			}
			lines = append(lines, line)
		}
		if len(lines) == 0 {
			return ErrNothing
		}
		if err := writeLines(ctx, path, lines, log); err != nil {
			return err
		}
		s.saved("chart", path)
		return nil
	})
}

// runTitle is what a run is called.
func runTitle(r Run) string {
	if r.Name != "" {
		return r.Name
	}
	return fmt.Sprintf("%s %s", shorten(r.Data), r.Began.Local().Format("15:04:05"))
}
