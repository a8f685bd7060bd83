package session

// This file gives each running program a checkpoint of its own.

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// A slot is a place for one program's checkpoint: training.checkpoint, and
// training-2.checkpoint and so on for others that run at the same time. Who
// holds the lock on the file beside it owns it; the system takes the lock back
// when a program dies. The zero slot has no place.
type slot struct {
	path string
	lock *os.File
}

// mostSlots is how many programs keep checkpoints at a time.
const mostSlots = 64

// claim takes the first slot that nobody has and that holds a checkpoint, or
// else the first that nobody has.
func claim(dir string, now time.Time) (slot, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return slot{}, err
	}
	sweep(dir, now)
	var free slot
	for n := 1; n <= mostSlots; n++ {
		name := filepath.Join(dir, "training")
		if n > 1 {
			name += fmt.Sprintf("-%d", n)
		}
		_, unused := os.Stat(name + ".lock")
		_, empty := os.Stat(name + ".checkpoint")
		if empty != nil && free.lock != nil {
			if unused != nil {
				break // and all that follow
			}
			continue
		}
		f, err := os.OpenFile(name+".lock", os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			free.release()
			return slot{}, err
		}
		if !lock(f) {
			f.Close()
			continue
		}
		got := slot{name + ".checkpoint", f}
		if empty == nil {
			free.release()
			return got, nil
		}
		free = got
	}
	if free.lock == nil {
		return slot{}, &fs.PathError{Op: "lock", Path: dir, Err: fs.ErrExist}
	}
	return free, nil
}

// sweep removes what programs that were killed left half-written.
func sweep(dir string, now time.Time) {
	left, _ := filepath.Glob(filepath.Join(dir, ".sieve-*.tmp"))
	for _, path := range left {
		if at, err := os.Stat(path); err == nil && now.Sub(at.ModTime()) > time.Hour {
			os.Remove(path)
		}
	}
}

func (s slot) release() {
	if s.lock != nil {
		s.lock.Close()
	}
}
