package session

// This file measures how well pictures are denoised.

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/metric"
	"sieve/model/noise"
	"sieve/model/tensor"
)

// A BenchJob says what to measure, and with what.
type BenchJob struct {
	Dirs   []string  // folders of clean pictures, or of pairs
	Sigmas []float64 // of the noise that is added, in levels of 255
	Pairs  bool      // NAME_real is denoised and compared with NAME_mean; no noise is added
	Grey   bool      // pictures are made grey first
	Blind  bool      // the level is estimated and not told
	Model  string    // as LoadModel has it
	Passes int       // as in Repair; 0: 1
	Half   bool      // in bf16, where there are tiles for it
	Alone  float64   // minutes to learn from each noisy picture alone; 0: the model is used
	Seed   uint64    // of the noise
	Limits imageio.Limits
}

// A BenchReport is what came out.
type BenchReport struct {
	Sets []BenchSet `json:"sets"`
}

// A BenchSet is one folder at one strength of noise, means over its pictures.
type BenchSet struct {
	Dir       string         `json:"dir"`
	Sigma     float64        `json:"sigma,omitempty"`
	PSNR      float64        `json:"psnr"`
	SSIM      float64        `json:"ssim"`
	PSNRNoisy float64        `json:"psnr_noisy"`
	Seconds   float64        `json:"seconds"`
	PeakRSS   float64        `json:"peak_rss_mib"` // of this program so far; 0 where the system does not say
	Worst     float64        `json:"worst_gain"`   // over the noisy picture, dB
	Pictures  []BenchPicture `json:"pictures"`
}

// A BenchPicture is one of them.
type BenchPicture struct {
	File      string  `json:"file"`
	PSNR      float64 `json:"psnr"`
	SSIM      float64 `json:"ssim"`
	PSNRNoisy float64 `json:"psnr_noisy"`
	Seconds   float64 `json:"seconds"`
	Estimate  float64 `json:"sigma_estimated"` // in levels of 255
}

// BenchDenoise denoises pictures by the protocol of the papers: Gaussian noise is
// added in float and not clipped, from one fixed seed a picture; the whole picture is
// denoised and rounded to 8 bits; PSNR is over all channels, and figures are means
// over pictures. report may be nil.
func BenchDenoise(ctx context.Context, job BenchJob, report func(dir string, sigma float64, p BenchPicture)) (BenchReport, error) {
	var out BenchReport
	m, err := loadHalved(job.Model, job.Half)
	if err != nil {
		return out, err
	}
	sigmas := job.Sigmas
	if job.Pairs {
		sigmas = []float64{0}
	}
	for _, dir := range job.Dirs {
		files, err := walkPictures(ctx, dir)
		if err != nil {
			return out, err
		}
		if job.Pairs {
			if files = pairs(dir, files); len(files) == 0 {
				return out, imageio.FileError{Path: dir, Err: errNoPairs}
			}
		}
		if len(files) == 0 {
			return out, imageio.FileError{Path: dir, Err: ErrNoPictures}
		}
		for _, sigma := range sigmas {
			set := BenchSet{Dir: dir, Sigma: sigma}
			for i, file := range files {
				p, err := job.picture(ctx, m, filepath.Join(dir, file), sigma, uint64(i))
				if err != nil {
					return out, err
				}
				p.File = file
				if report != nil {
					report(dir, sigma, p)
				}
				set.Pictures = append(set.Pictures, p)
			}
			n := float64(len(files))
			for i, p := range set.Pictures {
				set.PSNR += p.PSNR / n
				set.SSIM += p.SSIM / n
				set.PSNRNoisy += p.PSNRNoisy / n
				set.Seconds += p.Seconds / n
				if gain := p.PSNR - p.PSNRNoisy; i == 0 || gain < set.Worst {
					set.Worst = gain
				}
			}
			set.PeakRSS = peakMemory()
			out.Sets = append(out.Sets, set)
		}
	}
	return out, nil
}

// pairs are the noisy ones of pictures whose names end in _real and _mean.
func pairs(dir string, files []string) (noisy []string) {
	for _, f := range files {
		if clean := cleanOf(f); clean != f {
			if _, err := os.Stat(filepath.Join(dir, clean)); err == nil {
				noisy = append(noisy, f)
			}
		}
	}
	return noisy
}

// cleanOf returns the name of the clean picture of a pair, or the name itself.
func cleanOf(noisy string) string {
	ext := filepath.Ext(noisy)
	if stem, ok := strings.CutSuffix(strings.TrimSuffix(noisy, ext), "_real"); ok {
		return stem + "_mean" + ext
	}
	return noisy
}

// picture measures one picture. place decides its noise.
func (job BenchJob) picture(ctx context.Context, m *model.Model, path string, sigma float64, place uint64) (BenchPicture, error) {
	var out BenchPicture
	p, err := openPicture(ctx, cleanOf(path), job.Limits)
	if err != nil {
		return out, err
	}
	colours := func(x *tensor.Tensor) *tensor.Tensor {
		if job.Grey {
			return inChannels(x, 1)
		}
		return x
	}
	clean := colours(p.Pix)
	noisy := clean
	if job.Pairs {
		if p, err = openPicture(ctx, path, job.Limits); err != nil {
			return out, err
		}
		if noisy = colours(p.Pix); !slices.Equal(noisy.Shape, clean.Shape) {
			return out, imageio.FileError{Path: path, Err: fmt.Errorf("%w: not of the size of %s", errNoPairs, filepath.Base(cleanOf(path)))}
		}
	} else {
		noisy, _, _ = noise.Gaussian{Lo: sigma, Hi: sigma}.Lesson(rand.New(rand.NewPCG(job.Seed, place)), clean)
	}
	began := time.Now()
	level := estimate(m, noisy)
	out.Estimate = 255 * level
	strength := 1.0
	if job.Blind || job.Pairs {
		level, strength = DefaultRepair.told(level)
	} else {
		level = sigma / 255
	}
	if job.Alone > 0 {
		l := &loner{time: time.Duration(job.Alone * float64(time.Minute)), seed: 1}
		if m, err = l.learn(ctx, []*tensor.Tensor{noisy}); err != nil {
			return out, err
		}
	}
	result := noisy.Clone()
	if err := denoise(ctx, m, result, level, strength, max(1, job.Passes), nil); err != nil {
		return out, err
	}
	out.Seconds = time.Since(began).Seconds()
	for i, v := range result.Data {
		result.Data[i] = float32(int(255*v+0.5)) / 255
	}
	out.PSNR, out.SSIM, out.PSNRNoisy = metric.PSNR(clean, result), metric.SSIM(clean, result), metric.PSNR(clean, noisy)
	return out, nil
}
