package session

// This file makes room where runs take too much.

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// DefaultRunBytes is how much all runs together may take, unless SetRunBytes has said otherwise.
const DefaultRunBytes = 512 << 20

// SetRunBytes says how much all runs together may take; 0 is the default. Where they take more, the
// oldest that have no name lose the weights of their steps, and then go themselves; of those with a
// name only the weights of their steps go.
func (s *Session) SetRunBytes(n int64) {
	s.mu.Lock()
	s.runBytes = n
	s.mu.Unlock()
	s.makeRoom()
}

// runRoom is how much all runs may take. s.mu is held.
func (s *Session) runRoom() int64 {
	if s.runBytes > 0 {
		return s.runBytes
	}
	return DefaultRunBytes
}

// mostWeights is how much the weights of one run may take.
func (s *Session) mostWeights() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runRoom() / 4
}

// makeRoom removes behind what is too much.
func (s *Session) makeRoom() {
	if s.o.StateDir == "" {
		return
	}
	s.spawn(func() {
		s.file(func() error {
			s.mu.Lock()
			most := s.runRoom()
			s.mu.Unlock()
			base := filepath.Join(s.o.StateDir, runsFolder)
			clearRuns(base, s.o.Now())
			pruneRuns(base, most)
			return nil
		})
	})
}

// clearRuns removes what programs that were killed left: files that are half written, runs that are
// half removed, and those that never began.
func clearRuns(base string, now time.Time) {
	entries, _ := os.ReadDir(base)
	for _, e := range entries {
		dir := filepath.Join(base, e.Name())
		switch info, err := e.Info(); {
		case err != nil || !e.IsDir():
		case strings.HasPrefix(e.Name(), ".gone-"):
			os.RemoveAll(dir)
		case begun(dir):
			sweep(dir, now)
		case now.Sub(info.ModTime()) > time.Hour && !held(dir):
			os.RemoveAll(dir)
		}
	}
}

// pruneRuns removes what SetRunBytes says, until all runs take no more than so many bytes. A run that
// goes on is left alone.
func pruneRuns(base string, most int64) {
	var total int64
	var plain, named []Run
	for _, name := range runNames(base) {
		r := readRun(filepath.Join(base, name))
		total += r.Bytes
		switch {
		case held(filepath.Join(base, name)):
		case r.Name == "":
			plain = append(plain, r)
		default:
			named = append(named, r)
		}
	}
	oldest := func(a, b Run) int { return a.Began.Compare(b.Began) }
	slices.SortFunc(plain, oldest)
	slices.SortFunc(named, oldest)
	each := func(runs []Run, remove func(dir string) int64) {
		for _, r := range runs {
			if total > most {
				total -= remove(filepath.Join(base, r.ID))
			}
		}
	}
	each(plain, removeSteps)
	each(plain, func(dir string) int64 {
		left := readRun(dir).Bytes
		if removeRun(dir) != nil {
			return 0
		}
		return left
	})
	each(named, removeSteps)
}

// removeSteps removes the weights of a run's steps and the pictures that they are for, and returns
// how many bytes that were.
func removeSteps(dir string) (sum int64) {
	paths := []string{filepath.Join(dir, runClean), filepath.Join(dir, runGiven)}
	for _, step := range keptSteps(dir) {
		paths = append(paths, weightsOf(dir, step))
	}
	for _, path := range paths {
		if at, err := os.Stat(path); err == nil && os.Remove(path) == nil {
			sum += at.Size()
		}
	}
	return sum
}
