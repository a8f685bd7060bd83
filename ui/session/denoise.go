package session

// This file denoises files and folders.

import (
	"context"
	"errors"
	"fmt"
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
)

// A DenoiseJob says which pictures to denoise, with what, and where to put them.
type DenoiseJob struct {
	In []string // files and folders, which are walked
	// Out is a file for one input file, else a folder, which keeps the tree
	// below each folder of In. Pictures keep their format when it can be
	// written (PNG, JPEG, TIFF) and become PNG when not.
	Out           string
	Model         string // as LoadModel has it
	Repair        Repair // how the model is used; the zero value is DefaultRepair
	Depth         int    // bits a sample, 8 or 16; 0: as the picture
	Jobs          int    // pictures worked on at a time; 0: two
	Shard, Shards int    // of all pictures, the Shard-th part of Shards, counted from 1; 0, 0: all
	Overwrite     bool
	Limits        imageio.Limits
}

// A DenoiseReport says how far a job is.
type DenoiseReport struct {
	Finished    bool    // a picture is done, or failed; else only Done has grown
	There       bool    // its result was there already, and was left as it is
	File, Out   string  // of the picture that this is about
	Sigma       float64 // of its noise, as the model was told it, in levels of 255; else NaN
	Seconds     float64
	Err         error
	Done, Total int64 // pixels of all pictures
}

// A DenoiseSummary counts pictures.
type DenoiseSummary struct {
	Done, Failed int
	There        int // results that were there already
	Seconds      float64
}

// An errand is one picture on its way from a file to another.
type errand struct {
	in, out string
	err     error // why it cannot be
	there   bool  // the result is there already
	pixels  int64
}

// Denoise denoises pictures. report may be nil; it is called by one goroutine at
// a time. A picture that fails is reported and the others go on: the error is
// for what ends the whole job. When ctx is done, Denoise ends and leaves nothing
// half-written.
func Denoise(ctx context.Context, job DenoiseJob, report func(DenoiseReport)) (DenoiseSummary, error) {
	began := time.Now()
	if job.Repair == (Repair{}) {
		job.Repair = DefaultRepair
	}
	if err := job.Repair.check(); err != nil {
		return DenoiseSummary{}, err
	}
	if job.Depth != 0 && job.Depth != 8 && job.Depth != 16 {
		return DenoiseSummary{}, &model.SpecError{Field: "depth", Value: fmt.Sprint(job.Depth), Want: "8 or 16"}
	}
	if job.Shards > 0 && (job.Shard < 1 || job.Shard > job.Shards) || job.Shards < 0 || job.Shards == 0 && job.Shard != 0 {
		return DenoiseSummary{}, &model.SpecError{Field: "shard", Value: fmt.Sprintf("%d/%d", job.Shard, job.Shards), Want: "1/n to n/n"}
	}
	m, _, err := LoadModel(job.Model)
	if err != nil {
		return DenoiseSummary{}, err
	}
	errands, err := job.errands(ctx)
	if err != nil {
		return DenoiseSummary{}, err
	}
	b := &batch{job: job, model: m, report: report}
	for i := range errands {
		e := &errands[i]
		if ctx.Err() != nil {
			return DenoiseSummary{}, ctx.Err()
		}
		if e.there {
			continue
		}
		if info, err := imageio.Probe(e.in); err == nil {
			e.pixels = int64(info.Width) * int64(info.Height)
			b.total += e.pixels
		}
	}
	next := make(chan errand)
	var wg sync.WaitGroup
	jobs := job.Jobs
	if jobs <= 0 {
		jobs = 2
	}
	for range min(jobs, len(errands)) {
		wg.Go(func() {
			for e := range next {
				b.run(ctx, e)
			}
		})
	}
	for _, e := range errands {
		select {
		case next <- e:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wg.Wait()
	b.sum.Seconds = time.Since(began).Seconds()
	return b.sum, ctx.Err()
}

// A batch is a job at work.
type batch struct {
	job    DenoiseJob
	model  *model.Model
	report func(DenoiseReport)
	mu     sync.Mutex
	sum    DenoiseSummary
	done   int64
	total  int64
}

// run denoises one picture and reports it.
func (b *batch) run(ctx context.Context, e errand) {
	began := time.Now()
	var part int64 // of this picture's pixels, counted so far
	sigma := nan
	tell := func(pixels int64, finished bool, err error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.done += pixels - part
		part = pixels
		switch {
		case !finished:
		case err != nil:
			b.sum.Failed++
		case e.there:
			b.sum.There++
		default:
			b.sum.Done++
		}
		if b.report != nil {
			r := DenoiseReport{Finished: finished, There: e.there, File: e.in, Out: e.out, Sigma: sigma, Err: err, Done: b.done, Total: b.total}
			r.Seconds = time.Since(began).Seconds()
			b.report(r)
		}
	}
	if e.there {
		tell(e.pixels, true, nil)
		return
	}
	told, err := b.file(ctx, e, func(done, total int) {
		if done < total {
			tell(e.pixels*int64(done)/int64(total), false, nil)
		}
	})
	sigma = told
	if ctx.Err() != nil && err != nil {
		return
	}
	tell(e.pixels, true, err)
}

// file denoises one picture, and returns what the model was told of its noise.
func (b *batch) file(ctx context.Context, e errand, report model.Report) (sigma float64, err error) {
	if e.err != nil {
		return nan, e.err
	}
	p, err := openPicture(ctx, e.in, b.job.Limits)
	if err != nil {
		return nan, err
	}
	if sigma, err = b.job.Repair.picture(ctx, b.model, p.Pix, report); err != nil {
		return sigma, err
	}
	return sigma, saveInFolder(ctx, e.out, p, imageio.SaveOptions{Depth: b.job.Depth})
}

// saveInFolder is savePicture, and makes the folder.
func saveInFolder(ctx context.Context, path string, p *imageio.Picture, o imageio.SaveOptions) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return savePicture(ctx, path, p, o)
}

// errands lists the pictures of this shard. Shards of one job on several
// machines agree on the list as long as they see the same files.
func (j DenoiseJob) errands(ctx context.Context) ([]errand, error) {
	if j.Out == "" || len(j.In) == 0 {
		return nil, imageio.FileError{Path: strings.Join(j.In, ", "), Err: ErrNoPictures}
	}
	outInfo, outErr := os.Stat(j.Out)
	toFolder := outErr == nil && outInfo.IsDir() || strings.HasSuffix(j.Out, "/") || strings.HasSuffix(j.Out, string(filepath.Separator))
	if len(j.In) > 1 {
		toFolder = true
	} else if at, err := os.Stat(j.In[0]); err == nil && at.IsDir() {
		toFolder = true
	}
	if toFolder && outErr == nil && !outInfo.IsDir() {
		return nil, imageio.FileError{Path: j.Out, Err: ErrNotFolder}
	}
	if !toFolder {
		list := []errand{{in: j.In[0], out: j.Out}}
		if imageio.FormatOf(j.Out) == "" {
			return nil, imageio.FileError{Path: j.Out, Err: errExtension}
		}
		if j.Shard > 1 {
			return nil, nil
		}
		j.protect(list, false)
		return list, nil
	}
	var list []errand
	for _, in := range j.In {
		at, err := os.Stat(in)
		if err != nil || !at.IsDir() {
			list = append(list, errand{in: in, out: filepath.Join(j.Out, filepath.Base(in)), err: err})
			continue
		}
		below := j.Out
		if len(j.In) > 1 {
			below = filepath.Join(j.Out, filepath.Base(in))
		}
		found, err := walkPictures(ctx, in, j.Out)
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
		return nil, imageio.FileError{Path: strings.Join(j.In, ", "), Err: ErrNoPictures}
	}
	taken, named := map[string]bool{}, map[string]bool{}
	for _, e := range list {
		named[e.out] = true
	}
	for i := range list {
		e := &list[i]
		if imageio.FormatOf(e.out) == "" {
			whole := e.out
			e.out = strings.TrimSuffix(whole, filepath.Ext(whole)) + ".png"
			if taken[e.out] || named[e.out] {
				e.out = whole + ".png"
			}
		}
		if taken[e.out] && e.err == nil {
			e.err = imageio.FileError{Path: e.out, Err: ErrSameOutput}
		}
		taken[e.out] = true
	}
	if j.Shards > 1 {
		var mine []errand
		for i, e := range list {
			if i%j.Shards == j.Shard-1 {
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
func (j DenoiseJob) protect(list []errand, folder bool) {
	for i := range list {
		e := &list[i]
		if e.err != nil || j.Overwrite {
			continue
		}
		out, err := os.Stat(e.out)
		if err != nil {
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
// It passes over hidden files and the folder that results go to.
func walkPictures(ctx context.Context, dir, out string) (found []string, err error) {
	outInfo, _ := os.Stat(out)
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && path == dir:
			return err
		case err != nil:
			return nil // a folder that cannot be read
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
		case !imageio.IsPicture(path):
			return nil
		}
		if at, err := os.Stat(path); err != nil || !at.Mode().IsRegular() {
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		found = append(found, rel)
		return err
	})
	return found, err
}
