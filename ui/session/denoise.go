package session

// This file denoises files and folders.

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"sieve/imageio"
	"sieve/model"
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
	Half          bool   // in bf16, where there are tiles for it
	Depth         int    // bits a sample, 8 or 16; 0: as the picture
	Jobs          int    // pictures worked on at a time; 0: two
	Shard, Shards int    // of all pictures, the Shard-th part of Shards, counted from 1; 0, 0: all
	Overwrite     bool
	Limits        imageio.Limits
}

// A DenoiseReport says how far a job is.
type DenoiseReport struct {
	FileReport
	Sigma float64 // of its noise, as the model was told it, in levels of 255; else NaN
}

// Denoise denoises pictures. report may be nil; it is called by one goroutine at
// a time. A picture that fails is reported and the others go on: the error is
// for what ends the whole job. When ctx is done, Denoise ends and leaves nothing
// half-written.
func Denoise(ctx context.Context, job DenoiseJob, report func(DenoiseReport)) (Summary, error) {
	if job.Repair == (Repair{}) {
		job.Repair = DefaultRepair
	}
	if err := job.Repair.check(); err != nil {
		return Summary{}, err
	}
	if job.Depth != 0 && job.Depth != 8 && job.Depth != 16 {
		return Summary{}, &model.SpecError{Field: "depth", Value: fmt.Sprint(job.Depth), Want: "8 or 16"}
	}
	if job.Shards > 0 && (job.Shard < 1 || job.Shard > job.Shards) || job.Shards < 0 || job.Shards == 0 && job.Shard != 0 {
		return Summary{}, &model.SpecError{Field: "shard", Value: fmt.Sprintf("%d/%d", job.Shard, job.Shards), Want: "1/n to n/n"}
	}
	m, err := loadHalved(job.Model, job.Half)
	if err != nil {
		return Summary{}, err
	}
	errands, err := job.errands(ctx)
	if err != nil {
		return Summary{}, err
	}
	return doAll(ctx, errands, job.Jobs, pixelsOf, func(ctx context.Context, e errand, progress model.Report) (*float64, error) {
		sigma, err := job.file(ctx, m, e, progress)
		return &sigma, err
	}, func(r FileReport, sigma *float64) {
		if report != nil {
			if sigma == nil {
				sigma = &nan
			}
			report(DenoiseReport{r, *sigma})
		}
	})
}

// pixelsOf returns how many pixels a picture has, or 0 where that is not known.
func pixelsOf(path string) int64 {
	info, err := imageio.Probe(path)
	if err != nil {
		return 0
	}
	return int64(info.Width) * int64(info.Height)
}

// file denoises one picture, and returns what the model was told of its noise.
func (j DenoiseJob) file(ctx context.Context, m *model.Model, e errand, progress model.Report) (sigma float64, err error) {
	p, err := openPicture(ctx, e.in, j.Limits)
	if err != nil {
		return nan, err
	}
	if sigma, err = j.Repair.picture(ctx, m, p.Pix, progress); err != nil {
		return sigma, err
	}
	return sigma, saveInFolder(ctx, e.out, p, imageio.SaveOptions{Depth: j.Depth})
}

// saveInFolder is savePicture, and makes the folder.
func saveInFolder(ctx context.Context, path string, p *imageio.Picture, o imageio.SaveOptions) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return savePicture(ctx, path, p, o)
}

// errands lists the pictures of this shard.
func (j DenoiseJob) errands(ctx context.Context) ([]errand, error) {
	return route{
		in: j.In, out: j.Out, shard: j.Shard, shards: j.Shards, overwrite: j.Overwrite,
		accepts: imageio.IsPicture,
		ending: func(name string) string {
			if imageio.FormatOf(name) == "" {
				return ".png"
			}
			return ""
		},
		fits: func(out string) error {
			if imageio.FormatOf(out) == "" {
				return imageio.FileError{Path: out, Err: errExtension}
			}
			return nil
		},
	}.errands(ctx)
}
