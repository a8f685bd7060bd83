package session

// This file opens whatever a person hands over.

import (
	"context"
	"path/filepath"
	"strings"

	"sieve/imageio"
)

// A Page is where in the window something happens.
type Page string

const (
	PageDenoise  Page = "denoise"
	PageTrain    Page = "train"
	PageCompress Page = "compress"
	PageDetect   Page = "detect"
	PageLessons  Page = "lessons"
	PageExplore  Page = "explore"
)

// OpenPaths opens files and folders. What they are decides what happens:
// pictures fill the panes, several become a list to page through; a model is
// taken into use; a checkpoint becomes a training to resume; a set of digits and
// the like becomes data to learn from, and so does a folder on the Train page,
// while on others its pictures become the list; on the page Detect, a model judges, the first folder
// is one of good pictures to learn from, and others and pictures are judged. A path that is none of these is
// named, and the others are opened.
func (s *Session) OpenPaths(paths []string, page Page) {
	ticket := s.ticket()
	s.do("Opening", func(ctx context.Context) error {
		var list []source
		var judged []string
		var trouble error
		for _, path := range paths {
			if abs, err := filepath.Abs(path); err == nil {
				path = abs
			}
			kind, _, err := kindOf(path)
			switch {
			case err != nil:
			case kind == kindLesson:
				err = s.openLessons(path)
			case kind == kindModel && isCheckpoint(path):
				s.reopen(path)
			case kind == kindModel && page == PageDetect:
				s.UseDetector(path)
			case page == PageDetect && kind == kindFolder && s.State().Detect.Normal == nil:
				s.LearnGood(path)
			case page == PageDetect && (kind == kindFolder || kind == kindPicture):
				judged = append(judged, path)
			case kind == kindModel:
				s.useModel(loaded{name: path, version: ticket})
			case kind == kindSet, kind == kindFolder && page == PageTrain:
				s.useData(path, ticket)
			case kind == kindFolder:
				var found []string
				if found, err = walk(ctx, path, "", func(name string) bool { return imageio.IsPicture(name) || isPacked(name) }); err == nil && len(found) == 0 {
					err = imageio.FileError{Path: path, Err: ErrNoPictures}
				}
				for _, rel := range found {
					list = append(list, source{path: filepath.Join(path, rel), root: path})
				}
			default:
				list = append(list, source{path: path})
			}
			if err != nil && trouble == nil {
				trouble = err
			}
		}
		if len(judged) > 0 {
			s.JudgePaths(judged)
		}
		if len(list) > 0 && ctx.Err() == nil {
			s.show(list, 0, ticket)
		}
		return trouble
	})
}

// ticket returns the number of a command: of two that want the same, the one
// with the higher number counts.
func (s *Session) ticket() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next()
}

// UseData chooses what to learn from, as TrainJob.Data, and counts it.
func (s *Session) UseData(name string) { s.useData(name, s.ticket()) }

func (s *Session) useData(name string, ticket uint64) {
	s.do("Looking at the pictures", func(ctx context.Context) error {
		data, err := imageio.OpenData(ctx, name, imageio.FolderOptions{Limits: s.o.Limits}, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return &DataError{name, err}
		}
		d := describe(name, data, data.Skipped)
		d.Version = ticket
		s.update(func(st *State) {
			if ticket > st.Data.Version {
				st.Data = d
				s.warn(d)
			}
		})
		return nil
	})
}

// warn names files that cannot be used. s.mu is held.
func (s *Session) warn(d Data) {
	if len(d.Skipped) > 0 {
		s.put(Warning, say("{{.Count}} pictures to learn from. {{.Bad}} cannot be used: {{.Why}}",
			"Count", d.Count, "Bad", len(d.Skipped), "Why", strings.Join(d.Skipped[:min(3, len(d.Skipped))], " ")))
	}
}

func describe(name string, d *imageio.Data, skipped []imageio.FileError) Data {
	out := Data{Name: name, Count: d.Count, Native: d.Native, Channels: d.Channels}
	for _, f := range skipped {
		out.Skipped = append(out.Skipped, Words(f))
	}
	return out
}
