package session

// This file compresses and expands files and folders.

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"sieve/imageio"
	"sieve/model"
)

// A CompressJob says which pictures to compress, how, and where to put them.
type CompressJob struct {
	In        []string // files and folders, which are walked
	Out       string   // as in DenoiseJob; names end in .sieve
	Model     string   // as LoadCodec has it
	How       Compression
	Jobs      int // as in DenoiseJob
	Overwrite bool
	Limits    imageio.Limits
}

// A CompressReport says how far a job is.
type CompressReport struct {
	FileReport
	Result *CompressResult // of a file that is done; else nil
}

// A CompressResult is what became of a picture.
type CompressResult struct {
	Bytes   int64
	BPP     float64 // bits a pixel
	PSNR    float64 // of what will be seen, in dB
	Quality float64
	Deep    bool // the picture had more than 8 bits a sample, of which 8 are kept
}

// Compress compresses pictures, as Denoise denoises them.
func Compress(ctx context.Context, job CompressJob, report func(CompressReport)) (Summary, error) {
	if err := job.How.check(); err != nil {
		return Summary{}, err
	}
	codec, err := LoadCodec(job.Model)
	if err != nil {
		return Summary{}, err
	}
	list, err := route{
		in: job.In, out: job.Out, overwrite: job.Overwrite,
		accepts: imageio.IsPicture,
		ending:  func(string) string { return imageio.PackedExtension },
		fits: func(out string) error {
			if filepath.Ext(out) != imageio.PackedExtension {
				return imageio.FileError{Path: out, Err: errPackedExt}
			}
			return nil
		},
	}.errands(ctx)
	if err != nil {
		return Summary{}, err
	}
	return doAll(ctx, list, job.Jobs, pixelsOf, func(ctx context.Context, e errand, progress model.Report) (*CompressResult, error) {
		return job.file(ctx, codec, e, progress)
	}, func(r FileReport, result *CompressResult) {
		if report != nil {
			report(CompressReport{r, result})
		}
	})
}

// file compresses one picture.
func (j CompressJob) file(ctx context.Context, codec *model.Codec, e errand, progress model.Report) (*CompressResult, error) {
	p, err := openPicture(ctx, e.in, j.Limits)
	if err != nil {
		return nil, err
	}
	k, err := newCompressor(ctx, codec, p, stage(progress, 0, 3))
	if err != nil {
		return nil, err
	}
	c, err := k.to(ctx, j.How, stage(progress, 1, 3))
	if err != nil {
		if ctx.Err() == nil {
			err = imageio.FileError{Path: e.in, Err: err}
		}
		return nil, err
	}
	if c.PSNR != c.PSNR {
		if err := k.measure(ctx, c, stage(progress, 2, 3)); err != nil {
			return nil, err
		}
	}
	_, h, w, _ := p.Pix.Dims4()
	result := &CompressResult{Bytes: c.Size, BPP: 8 * float64(c.Size) / float64(h*w), PSNR: c.PSNR, Quality: c.Quality, Deep: p.Depth > 8}
	return result, savePacked(ctx, e.out, c.File)
}

// stage reports the i-th of n parts of some work.
func stage(report model.Report, i, n int) model.Report {
	return func(done, total int) { report(done+i*total, n*total) }
}

// An ExpandJob says which compressed pictures to turn into others, and where to put them.
type ExpandJob struct {
	In        []string // .sieve files, and folders, which are walked
	Out       string   // as in DenoiseJob; in a folder names end in .png
	Model     string   // as LoadModel has it: what to read them with, beside the shipped one; "": no other
	Jobs      int
	Overwrite bool
	Limits    imageio.Limits
}

// isPacked reports whether a name is that of a compressed picture.
func isPacked(name string) bool {
	return strings.EqualFold(filepath.Ext(name), imageio.PackedExtension)
}

// Expand expands compressed pictures, as Denoise denoises pictures. One that is damaged in
// part is written, and reported with an error.
func Expand(ctx context.Context, job ExpandJob, report func(FileReport)) (Summary, error) {
	var with library
	if job.Model != "" {
		c, err := LoadCodec(job.Model)
		if err != nil {
			return Summary{}, err
		}
		with.codecs = append(with.codecs, c)
	}
	list, err := route{
		in: job.In, out: job.Out, overwrite: job.Overwrite,
		accepts: isPacked,
		ending:  func(string) string { return ".png" },
		fits: func(out string) error {
			if imageio.FormatOf(out) == "" {
				return imageio.FileError{Path: out, Err: errExtension}
			}
			return nil
		},
	}.errands(ctx)
	if err != nil {
		return Summary{}, err
	}
	measure := func(path string) int64 {
		if at, err := os.Stat(path); err == nil {
			return at.Size()
		}
		return 0
	}
	return doAll(ctx, list, job.Jobs, measure, func(ctx context.Context, e errand, progress model.Report) (struct{}, error) {
		x, err := expand(ctx, e.in, &with, job.Limits, progress)
		if err != nil {
			return struct{}{}, err
		}
		if err := saveInFolder(ctx, e.out, x.Picture, imageio.SaveOptions{}); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, x.Harm
	}, func(r FileReport, _ struct{}) {
		if report != nil {
			report(r)
		}
	})
}
