package session

// This file takes many files, one by one, to what becomes of them.

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sieve/imageio"
	"sieve/model"
)

// What can be wrong with where results go.
var (
	ErrExists     = errors.New("session: would overwrite a file")
	ErrOntoInput  = errors.New("session: would overwrite its input")
	ErrSameOutput = errors.New("session: two pictures with one result")
	ErrNotFolder  = errors.New("session: not a folder")
	ErrNoPictures = errors.New("session: no pictures")
	errNoneRead   = errors.New("session: no picture that can be read")
)

// A FileReport says how far a job of many files is.
type FileReport struct {
	Finished    bool   // a file is done, or failed; else only Done has grown
	There       bool   // its result was there already, and was left as it is
	File, Out   string // of the file that this is about
	Seconds     float64
	Err         error
	Done, Total int64 // of all files, in the job's own units
}

// A Summary counts files.
type Summary struct {
	Done, Failed int
	There        int // results that were there already
	Seconds      float64
}

// An errand is one file on its way to another.
type errand struct {
	in, out string
	err     error // why it cannot be
	there   bool  // the result is there already
	size    int64
}

// doAll does errands, so many at a time; 0 is two. measure says how much work a file is,
// and do does it. report is called by one goroutine at a time, with what do returned for
// files that are finished. One that fails is reported and the others go on. When ctx is
// done, doAll ends.
func doAll[R any](ctx context.Context, list []errand, jobs int, measure func(path string) int64,
	do func(ctx context.Context, e errand, progress model.Report) (R, error), report func(FileReport, R)) (Summary, error) {
	began := time.Now()
	var (
		mu          sync.Mutex
		sum         Summary
		done, total int64
	)
	for i := range list {
		if ctx.Err() != nil {
			return Summary{}, ctx.Err()
		}
		if e := &list[i]; !e.there {
			e.size = measure(e.in)
			total += e.size
		}
	}
	one := func(e errand) {
		began := time.Now()
		var part int64 // of this file, counted so far
		tell := func(now int64, finished bool, result R, err error) {
			mu.Lock()
			defer mu.Unlock()
			done += now - part
			part = now
			switch {
			case !finished:
			case err != nil:
				sum.Failed++
			case e.there:
				sum.There++
			default:
				sum.Done++
			}
			report(FileReport{Finished: finished, There: e.there, File: e.in, Out: e.out, Seconds: time.Since(began).Seconds(), Err: err, Done: done, Total: total}, result)
		}
		var none R
		if e.err != nil || e.there {
			tell(e.size, true, none, e.err)
			return
		}
		result, err := do(ctx, e, func(did, of int) {
			if did < of {
				tell(e.size*int64(did)/int64(of), false, none, nil)
			}
		})
		if ctx.Err() != nil && err != nil {
			return
		}
		tell(e.size, true, result, err)
	}
	next := make(chan errand)
	var wg sync.WaitGroup
	if jobs <= 0 {
		jobs = 2
	}
	for range min(jobs, len(list)) {
		wg.Go(func() {
			for e := range next {
				one(e)
			}
		})
	}
	for _, e := range list {
		select {
		case next <- e:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wg.Wait()
	sum.Seconds = time.Since(began).Seconds()
	return sum, ctx.Err()
}

// A route says which files become which.
type route struct {
	in            []string // files and folders
	out           string   // a file for one input file, else a folder
	shard, shards int      // as in DenoiseJob
	overwrite     bool
	accepts       func(name string) bool   // what is taken from folders
	ending        func(name string) string // of the result's name; "" keeps that of the file
	fits          func(out string) error   // says whether a name is one for a result
}

// errands lists the pictures of this shard. Shards of one job on several
// machines agree on the list as long as they see the same files.
func (j route) errands(ctx context.Context) ([]errand, error) {
	if j.out == "" || len(j.in) == 0 {
		return nil, imageio.FileError{Path: strings.Join(j.in, ", "), Err: ErrNoPictures}
	}
	outInfo, outErr := os.Stat(j.out)
	toFolder := outErr == nil && outInfo.IsDir() || strings.HasSuffix(j.out, "/") || strings.HasSuffix(j.out, string(filepath.Separator))
	if len(j.in) > 1 {
		toFolder = true
	} else if at, err := os.Stat(j.in[0]); err == nil && at.IsDir() {
		toFolder = true
	}
	if toFolder && outErr == nil && !outInfo.IsDir() {
		return nil, imageio.FileError{Path: j.out, Err: ErrNotFolder}
	}
	if !toFolder {
		list := []errand{{in: j.in[0], out: j.out}}
		if err := j.fits(j.out); err != nil {
			return nil, err
		}
		if j.shard > 1 {
			return nil, nil
		}
		j.protect(list, false)
		return list, nil
	}
	var list []errand
	for _, in := range j.in {
		at, err := os.Stat(in)
		if err != nil || !at.IsDir() {
			list = append(list, errand{in: in, out: filepath.Join(j.out, filepath.Base(in)), err: err})
			continue
		}
		below := j.out
		if len(j.in) > 1 {
			below = filepath.Join(j.out, filepath.Base(in))
		}
		found, err := walk(ctx, in, j.out, j.accepts)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			list = append(list, errand{in: in, out: below, err: err})
		}
		for _, rel := range found {
			list = append(list, errand{in: filepath.Join(in, rel), out: filepath.Join(below, rel)})
		}
	}
	if len(list) == 0 {
		return nil, imageio.FileError{Path: strings.Join(j.in, ", "), Err: ErrNoPictures}
	}
	taken, named := map[string]bool{}, map[string]bool{}
	for _, e := range list {
		named[e.out] = true
	}
	for i := range list {
		e := &list[i]
		if ending := j.ending(e.out); ending != "" {
			whole := e.out
			e.out = strings.TrimSuffix(whole, filepath.Ext(whole)) + ending
			if taken[e.out] || named[e.out] {
				e.out = whole + ending
			}
		}
		if taken[e.out] && e.err == nil {
			e.err = imageio.FileError{Path: e.out, Err: ErrSameOutput}
		}
		taken[e.out] = true
	}
	if j.shards > 1 {
		var mine []errand
		for i, e := range list {
			if i%j.shards == j.shard-1 {
				mine = append(mine, e)
			}
		}
		list = mine
	}
	j.protect(list, true)
	return list, nil
}

// protect refuses errands that would overwrite something unasked. In a folder, results
// that are there are those of a batch that was interrupted, and stay.
func (j route) protect(list []errand, folder bool) {
	for i := range list {
		e := &list[i]
		if e.err != nil || j.overwrite {
			continue
		}
		out, err := os.Stat(e.out)
		if err != nil || out.IsDir() {
			continue // writing will tell
		}
		in, err := os.Stat(e.in)
		switch {
		case err == nil && os.SameFile(in, out):
			e.err = imageio.FileError{Path: e.out, Err: ErrOntoInput}
		case folder && out.Mode().IsRegular():
			e.there = true
		default:
			e.err = imageio.FileError{Path: e.out, Err: ErrExists}
		}
	}
}

// walkPictures lists the pictures below a folder by their paths in it, sorted.
func walkPictures(ctx context.Context, dir string) ([]string, error) {
	return walk(ctx, dir, "", imageio.IsPicture)
}

// walk lists the files below a folder whose names are accepted, by their paths in it,
// sorted. It passes over hidden files and the folder that results go to. What cannot be
// looked into, folders and links that lead nowhere, comes last, to fail by name when it is
// its turn.
func walk(ctx context.Context, dir, out string, accepts func(name string) bool) ([]string, error) {
	var found, shut []string
	within := func(path string) string {
		rel, _ := filepath.Rel(dir, path) // both come of one walk
		return rel
	}
	outInfo, _ := os.Stat(out)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && path == dir:
			return err
		case err != nil:
			shut = append(shut, within(path)) // a folder that cannot be read
			return nil
		case path != dir && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			if info, err := d.Info(); err == nil && path != dir && outInfo != nil && os.SameFile(info, outInfo) {
				return fs.SkipDir
			}
			return nil
		case !accepts(path):
			return nil
		}
		switch at, err := os.Stat(path); {
		case err != nil:
			shut = append(shut, within(path))
		case at.Mode().IsRegular():
			found = append(found, within(path))
		}
		return nil
	})
	return append(found, shut...), err
}
