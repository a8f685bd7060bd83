package session

// This file judges pictures behind the window.

import (
	"cmp"
	"context"
	"image"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// Detection is what the page Detect shows.
type Detection struct {
	Model       string        // what the model is called; "" when there is none
	Unsaved     bool          // it was trained here and is in no file
	Normal      *model.Normal // nil while no good pictures are known
	Learning    bool          // from good pictures
	Step, Steps int           // of that
	Curve       []CurvePoint  // of that
	Judging     bool

	Quantile    float64 // of the good pictures held back that are to pass
	Threshold   float64
	FalseAlarms float64   // share of those above it
	Suspects    []Suspect // judged so far, the highest score first
	Anomalous   int       // of these
	Failed      int       // pictures that could not be judged
	Quality               // as far as folders and masks tell; without that of pixels
	Shown       string    // the file in the panes; "" when there is none
	Panes       Panes     // original, heat over it, difference, reconstruction
}

// A Suspect is a picture that was judged.
type Suspect struct {
	Verdict
	Thumb *image.RGBA // nil below the first mostThumbs
}

const (
	// mostThumbs is how many of the judged pictures have a small picture.
	mostThumbs = 200
	// DifferenceGain is what the difference is multiplied with, to be seen.
	DifferenceGain = 4
)

// A detector is the model that judges. The session's mutex guards it but for turn.
type detector struct {
	turn   sync.Mutex // learning and judging, one after the other
	m      *model.Model
	heat   *tensor.Tensor // the map of the picture that is shown
	pix    *tensor.Tensor // that picture
	looked context.CancelFunc
	ticket uint64 // of the newest wish to see a picture
}

// showDetection changes what the page shows, and keeps verdicts and figures in accord.
func (s *Session) showDetection(f func(d *Detection)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publish(func(st *State) {
		d := &st.Detect
		f(d)
		if d.Normal == nil {
			return
		}
		d.Threshold = d.Normal.Threshold(d.Quantile)
		d.FalseAlarms = d.Normal.FalseAlarms(d.Threshold)
		d.Suspects, d.Anomalous = slices.Clone(d.Suspects), 0
		verdicts := make([]Verdict, len(d.Suspects))
		for i := range d.Suspects {
			v := &d.Suspects[i].Verdict
			if v.Anomalous = v.Score > d.Threshold; v.Anomalous {
				d.Anomalous++
			}
			verdicts[i] = *v
		}
		d.Quality = Judge(verdicts, d.Threshold)
	})
}

// detect runs work of the detector behind, in its turn, until Cancel.
func (s *Session) detect(title string, f func(ctx context.Context, t *task) error) {
	s.mu.Lock()
	ctx := s.jobs
	s.mu.Unlock()
	s.spawn(func() {
		s.detector.turn.Lock()
		defer s.detector.turn.Unlock()
		if ctx.Err() != nil {
			return
		}
		t := s.begin(title)
		err := f(ctx, t)
		t.end()
		s.showDetection(func(d *Detection) { d.Learning, d.Judging = false, false })
		s.fail(err)
	})
}

// LearnGood learns what good pictures look like from a folder of them: it shows them to
// the model that was opened, if that knows none yet, or else trains one.
func (s *Session) LearnGood(dir string) {
	s.detect("Learning from good pictures", func(ctx context.Context, t *task) error {
		s.mu.Lock()
		m, name := s.detector.m, s.state.Detect.Model
		s.mu.Unlock()
		s.showDetection(func(d *Detection) { d.Learning, d.Curve, d.Step, d.Steps = true, nil, 0, 0 })
		if m != nil && m.Normal == nil {
			m = m.Clone()
			if err := surveyFolder(ctx, m, dir, s.o.Limits, t.report); err != nil {
				return err
			}
			s.useDetector(m, name, true)
			return nil
		}
		m, err := s.trainDetector(ctx, dir, t)
		if err != nil {
			return err
		}
		s.useDetector(m, filepath.Base(dir), true)
		return nil
	})
}

// trainDetector trains by the recipe "detect".
func (s *Session) trainDetector(ctx context.Context, dir string, t *task) (*model.Model, error) {
	spec, err := Recipe("detect")
	if err != nil {
		return nil, err
	}
	tr, err := OpenTraining(ctx, TrainJob{Data: dir, Spec: spec, Survey: true, Limits: s.o.Limits}, nil)
	if err != nil {
		return nil, err
	}
	var c curve
	var shown time.Time
	res, err := tr.Run(ctx, func(r TrainReport) error {
		c.add(r.Progress)
		t.report(r.Step, spec.Steps*6/5) // the rest is to look at all pictures once more
		if now := s.o.Now(); now.Sub(shown) > 100*time.Millisecond {
			shown = now
			s.showDetection(func(d *Detection) { d.Curve, d.Step, d.Steps = c.points, r.Step, spec.Steps })
		}
		return nil
	})
	return res.Best, err
}

// useDetector judges with another model from now on. What was judged is forgotten.
func (s *Session) useDetector(m *model.Model, name string, unsaved bool) {
	s.mu.Lock()
	s.detector.m, s.detector.heat, s.detector.pix = m, nil, nil
	s.detector.ticket = s.next()
	s.mu.Unlock()
	s.showDetection(func(d *Detection) {
		*d = Detection{Model: name, Unsaved: unsaved, Normal: m.Normal, Quantile: d.Quantile, Curve: d.Curve, Step: d.Step, Steps: d.Steps, Panes: noPanes()}
	})
}

// UseDetector judges with the model in a file from now on.
func (s *Session) UseDetector(path string) {
	s.detect("Opening the model", func(ctx context.Context, t *task) error {
		m, name, err := LoadModel(path)
		if err != nil {
			return err
		}
		s.showDetection(func(d *Detection) { d.Curve, d.Step, d.Steps = nil, 0, 0 })
		s.useDetector(m, name, false)
		if m.Normal == nil {
			s.tell(Info, say("{{.Name}} does not know good pictures yet. Choose a folder of some to compare with.", "Name", name))
		}
		return nil
	})
}

// SetQuantile says which share of the good pictures held back is to pass.
func (s *Session) SetQuantile(q float64) {
	s.showDetection(func(d *Detection) { d.Quantile = min(max(q, 0.01), 1) })
	s.spawn(s.warm)
}

// warm draws the heat of the picture that is shown for the threshold as it is now.
func (s *Session) warm() {
	s.mu.Lock()
	heat, pix, threshold := s.detector.heat, s.detector.pix, s.state.Detect.Threshold
	s.mu.Unlock()
	if heat == nil {
		return
	}
	over := HeatOver(pix, heat, threshold)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.detector.heat == heat && s.state.Detect.Threshold == threshold {
		s.publish(func(st *State) {
			p := &st.Detect.Panes
			p.Noisy, p.Versions[PaneNoisy] = over, s.next()
		})
	}
}

// JudgePaths judges pictures and those in folders, and shows the worst.
func (s *Session) JudgePaths(paths []string) {
	s.detect("Judging", func(ctx context.Context, t *task) error {
		s.mu.Lock()
		m := s.detector.m
		s.mu.Unlock()
		if m == nil || m.Normal == nil {
			return imageio.FileError{Path: s.State().Detect.Model, Err: errNoNormal}
		}
		var list []errand
		for _, path := range paths {
			kind, _, err := kindOf(path)
			if err != nil {
				return err
			}
			if kind != kindFolder {
				list = append(list, errand{in: path})
				continue
			}
			found, err := walk(ctx, path, "", isJudged)
			if err != nil {
				return err
			}
			for _, rel := range found {
				list = append(list, errand{in: filepath.Join(path, rel)})
			}
		}
		if len(list) == 0 {
			return imageio.FileError{Path: paths[0], Err: ErrNoPictures}
		}
		return s.judgeAll(ctx, t, m, list)
	})
}

func (s *Session) judgeAll(ctx context.Context, t *task, m *model.Model, list []errand) error {
	s.showDetection(func(d *Detection) { d.Judging, d.Suspects, d.Failed = true, nil, 0 })
	labels := labelsOf(list, nil)
	var all []Suspect
	var failed []error
	var shown time.Time
	show := func() {
		slices.SortFunc(all, func(a, b Suspect) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.File, b.File)) })
		for i := mostThumbs; i < len(all); i++ {
			all[i].Thumb = nil
		}
		s.showDetection(func(d *Detection) { d.Suspects, d.Failed = all, len(failed) })
	}
	_, err := doAll(ctx, list, 0, pixelsOf, func(ctx context.Context, e errand, progress model.Report) (*Suspect, error) {
		p, err := openPicture(ctx, e.in, s.o.Limits)
		if err != nil {
			return nil, err
		}
		a, err := m.Anomaly(ctx, inChannels(p.Pix, m.Spec.Channels), progress)
		if err != nil {
			return nil, err
		}
		return &Suspect{Verdict: Verdict{File: e.in, Score: a.Score, Label: labels[e.in]}, Thumb: thumb(p.Pix)}, nil
	}, func(r FileReport, found *Suspect) {
		t.report(int(r.Done>>10), int(r.Total>>10)+1)
		if !r.Finished {
			return
		}
		if r.Err != nil {
			failed = append(failed, r.Err)
		} else if found != nil {
			all = append(all, *found)
		}
		if now := s.o.Now(); now.Sub(shown) > 150*time.Millisecond {
			shown = now
			show()
		}
	})
	show()
	if len(all) > 0 {
		s.ShowSuspect(all[0].File)
	}
	if len(failed) > 0 && err == nil {
		s.tell(Warning, say("{{.Count}} pictures could not be judged. {{.Why}}", "Count", len(failed), "Why", Words(failed[0])))
	}
	return err
}

// ShowSuspect puts a judged picture into the panes.
func (s *Session) ShowSuspect(file string) {
	s.mu.Lock()
	if s.detector.looked != nil {
		s.detector.looked()
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.detector.looked = cancel
	ticket := s.next()
	s.detector.ticket = ticket
	m := s.detector.m
	s.publish(func(st *State) { st.Detect.Shown = file })
	s.mu.Unlock()
	if m == nil || m.Normal == nil {
		return
	}
	s.spawn(func() {
		defer cancel()
		p, err := openPicture(ctx, file, s.o.Limits)
		if err != nil {
			s.fail(err)
			return
		}
		x := inChannels(p.Pix, m.Spec.Channels)
		a, err := m.Anomaly(ctx, x, nil)
		if err != nil {
			return
		}
		difference := tensor.New(x.Shape...)
		for i, v := range x.Data {
			difference.Data[i] = within(0.5 + DifferenceGain*(v-a.Made.Data[i]))
		}
		panes := noPanes()
		panes.Original, panes.Noisy, panes.Latent, panes.Result = p.Pix, HeatOver(p.Pix, a.Map, s.State().Detect.Threshold), difference, clamp(a.Made)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.detector.ticket != ticket {
			return
		}
		s.detector.heat, s.detector.pix = a.Map, p.Pix
		s.publish(func(st *State) {
			for i := range panes.Versions {
				panes.Versions[i] = s.next()
			}
			st.Detect.Panes = panes
		})
	})
}

// ExportVerdicts writes the table of what was judged as CSV.
func (s *Session) ExportVerdicts(path string) {
	s.do("Saving the table", func(ctx context.Context) error {
		d := s.State().Detect
		if len(d.Suspects) == 0 {
			return ErrNothing
		}
		verdicts := make([]Verdict, len(d.Suspects))
		for i, v := range d.Suspects {
			verdicts[i] = v.Verdict
		}
		if err := writeVerdicts(path, verdicts, d.Threshold); err != nil {
			return err
		}
		s.saved("table", path)
		return nil
	})
}

// SaveDetector writes the model that judges, with what it knows of good pictures.
func (s *Session) SaveDetector(path string) {
	s.do("Saving the model", func(ctx context.Context) error {
		s.mu.Lock()
		m := s.detector.m
		s.mu.Unlock()
		if m == nil {
			return ErrNothing
		}
		if err := SaveModel(path, m); err != nil {
			return err
		}
		s.showDetection(func(d *Detection) { d.Unsaved = false })
		s.saved("model", path)
		return nil
	})
}

// Title says how a suspect is called: by its folder and its name.
func (v Verdict) Title() string { return shorten(v.File) }
