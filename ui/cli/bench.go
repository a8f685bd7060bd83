package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sieve/ui/session"
)

// benchCmd measures this machine.
type benchCmd struct {
	Speed    speedCmd         `cmd:"" help:"Measure how fast networks train and infer."`
	Denoise  benchDenoiseCmd  `cmd:"" help:"Measure how well a model removes noise."`
	Compress benchCompressCmd `cmd:"" help:"Measure how well pictures are compressed, beside JPEG and WebP."`
	Family   benchFamilyCmd   `cmd:"" help:"Train autoencoders on handwritten digits and measure them."`
	Explore  benchExploreCmd  `cmd:"" help:"Measure how fast a picture follows its latent, and digits are laid out on a plane, and how well."`
}

func (benchCmd) Help() string {
	return "Examples:\n  sieve bench speed\n  sieve bench denoise pictures/ --sigma 15,25,50\n  sieve bench compress pictures/\n  sieve bench family\n  sieve bench explore"
}

// speedCmd trains and infers three networks of fixed shape.
type speedCmd struct {
	common
	Kernel string `help:"Kernel of convolutions, instead of the fastest: avx512, avx2, neon or go." placeholder:"NAME"`
	precision
	Only    []string `help:"Networks to measure, instead of all: a, b, c." placeholder:"a,b,c"`
	Seconds float64  `help:"How long a measurement takes." default:"4"`
}

func (speedCmd) Help() string {
	return "(a) is an autoencoder of 28×28 digits, (b) a denoiser of 64×64 colour patches with skips, and of one picture of " +
		"768×512, (c) a compressor of 256×256 colour pictures. Rates count what the definition of a network needs: a convolution " +
		"that saves multiplications can go beyond the ceiling.\n\n" +
		"Examples:\n  sieve bench speed\n  sieve bench speed --threads 1 --only b --json\n  sieve bench speed --kernel avx2"
}

func (c speedCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "bench speed"); err != nil {
		return err
	}
	if !(c.Seconds > 0 && c.Seconds <= 3600) {
		return usage(s, "bench speed", "--seconds must be above 0 and at most 3600")
	}
	if !slices.Contains(precisions, c.Precision) {
		return usage(s, "bench speed", wrongPrecision)
	}
	names := map[string]string{"train": "training", "infer": "inference", "infer_768x512": "one 768×512"}
	say := func(network, what string, r session.SpeedRate) {
		if !c.JSON {
			fmt.Fprintf(s.Out, "(%s) %-12s batch %-3d %10.2f images/s median %10.2f best %8.1f GFLOPS %6.1f %% of the ceiling, %g allocations\n",
				network, names[what], r.Batch, r.Median, r.Best, r.GFLOPS, 100*r.Share, r.Allocs)
		}
	}
	report, err := session.Speed(ctx, session.SpeedJob{Kernel: c.Kernel, Half: c.Precision != "fp32", Networks: c.Only, Seconds: c.Seconds}, say)
	if err != nil {
		return err
	}
	if c.JSON {
		printLine(s.Out, report)
		return nil
	}
	fmt.Fprintf(s.Out, "%s, %d of %d cores, kernel %s, %s: ceiling %.1f GFLOPS on one, %.1f on all; peak memory %.0f MiB\n",
		report.Machine.CPU, report.Threads, report.Machine.Cores, report.Machine.Kernel, report.Precision, report.Ceiling.One, report.Ceiling.All, report.PeakRSS)
	return nil
}

// benchDenoiseCmd measures PSNR and SSIM on pictures whose clean version is known.
type benchDenoiseCmd struct {
	common
	Dirs  []string  `arg:"" name:"dir" help:"Folders of clean pictures, walked to any depth."`
	Sigma []float64 `help:"Strengths of the Gaussian noise that is added, in levels of 255." default:"15,25,50" placeholder:"15,25,50"`
	Model string    `help:"A shipped model or a model file; by default the first shipped one." placeholder:"${models}|FILE"`
	Grey  bool      `help:"Make the pictures grey first."`
	Pairs bool      `help:"Denoise each NAME_real and compare it with NAME_mean beside it; add no noise."`
	Blind bool      `help:"Let the noise be estimated; else the model is told its strength."`

	precision
	Passes  int     `help:"As of sieve denoise." default:"1"`
	Alone   bool    `help:"Denoise each picture by learning from it alone, instead of with a model."`
	Minutes float64 `help:"How long to learn from each, with --alone." default:"1"`
}

func (benchDenoiseCmd) Help() string {
	return "The protocol of the papers: noise is added in float and not clipped, from one seed a picture; the whole picture is denoised " +
		"and rounded to 8 bits; PSNR is over all channels; figures are means over pictures.\n\n" +
		"Examples:\n  sieve bench denoise mcmaster/ --sigma 15,25,50\n  sieve bench denoise set12/ --grey --json\n  sieve bench denoise polyu/ --pairs --model photo\n  sieve bench denoise mcmaster/ --sigma 25 --alone"
}

func (c benchDenoiseCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "bench denoise"); err != nil {
		return err
	}
	for _, v := range c.Sigma {
		if !(v > 0 && v <= 100) {
			return usage(s, "bench denoise", "--sigma takes strengths above 0 and at most 100 levels of 255, as in 15,25,50")
		}
	}
	seed := uint64(1)
	set(&seed, c.Seed)
	job := session.BenchJob{Dirs: c.Dirs, Sigmas: c.Sigma, Pairs: c.Pairs, Grey: c.Grey, Blind: c.Blind, Model: c.Model, Seed: seed, Limits: c.limits()}
	if c.Passes < 1 || c.Passes > session.MostPasses {
		return usage(s, "bench denoise", "--passes is 1 to 8")
	}
	job.Passes = c.Passes
	if c.Alone {
		if c.Precision != "fp32" {
			return usage(s, "bench denoise", "--alone learns in fp32: leave --precision away")
		}
		job.Alone = c.Minutes
	}
	var err error
	if job.Half, err = c.half(s, "bench denoise"); err != nil {
		return err
	}
	report, err := session.BenchDenoise(ctx, job, func(dir string, sigma float64, p session.BenchPicture) {
		if !c.JSON && !c.Quiet {
			fmt.Fprintf(s.Err, "%-40s noisy %5.2f dB, denoised %5.2f dB, SSIM %.4f, σ estimated %4.1f, %.2f s\n", p.File, p.PSNRNoisy, p.PSNR, p.SSIM, p.Estimate, p.Seconds)
		}
	})
	if err != nil {
		return err
	}
	if c.JSON {
		printLine(s.Out, report)
		return nil
	}
	for _, set := range report.Sets {
		what := fmt.Sprintf("σ %-3g", set.Sigma)
		if c.Pairs {
			what = "pairs"
		}
		fmt.Fprintf(s.Out, "%s  %s  %d pictures: noisy %.2f dB, denoised %.2f dB, SSIM %.4f, least gain %+.2f dB, %.2f s a picture, peak memory %.0f MiB\n",
			set.Dir, what, len(set.Pictures), set.PSNRNoisy, set.PSNR, set.SSIM, set.Worst, set.Seconds, set.PeakRSS)
	}
	return nil
}

// benchCompressCmd measures rate and distortion.
type benchCompressCmd struct {
	common
	Dirs    []string  `arg:"" name:"dir" help:"Folders of pictures, walked to any depth."`
	Model   string    `help:"A model file with a quantised latent, instead of the shipped one." placeholder:"FILE"`
	Quality []float64 `help:"Of Sieve; by default eleven over the whole range." placeholder:"0,50,100"`
	Effort  int       `help:"As of sieve compress: measured beside none." default:"0"`
	Only    bool      `help:"Sieve alone, not JPEG and WebP."`
	Plot    string    `help:"Draw the curves, too." placeholder:"FILE.png|.svg"`
}

func (benchCompressCmd) Help() string {
	return "For each quality, means over pictures: bits a pixel of whole files, PSNR over all channels, MS-SSIM, seconds to write and to read. " +
		"JPEG is 4:2:0 with standard tables, and mozjpeg (if cjpeg is it) and cwebp are there where they are installed. Bjøntegaard rates say how many percent more bits the first " +
		"needs than the second for the same PSNR, from 0.15 to 1.2 bits a pixel.\n\n" +
		"Examples:\n  sieve bench compress pictures/\n  sieve bench compress pictures/ --plot curves.svg --json\n  sieve bench compress pictures/ --effort 5 --only"
}

func (c benchCompressCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "bench compress"); err != nil {
		return err
	}
	if c.Effort < 0 || c.Effort > session.MostEffort {
		return usage(s, "bench compress", "--effort is 0 to 9")
	}
	for _, q := range c.Quality {
		if !(q >= 0 && q <= 100) {
			return usage(s, "bench compress", "--quality takes numbers from 0 to 100")
		}
	}
	job := session.CompressBenchJob{Dirs: c.Dirs, Model: c.Model, Qualities: c.Quality, Effort: c.Effort, Only: c.Only, Plot: c.Plot, Limits: c.limits()}
	row := "%-12s %5g %8.3f %7.2f %8.4f %8.3f %8.3f"
	report, err := session.BenchCompress(ctx, job, func(file, codec string, p session.RatePoint) {
		if !c.JSON && !c.Quiet {
			fmt.Fprintf(s.Err, row+"  %s\n", codec, p.Quality, p.BPP, p.PSNR, p.MSSSIM, p.Encode, p.Decode, file)
		}
	})
	if err != nil {
		return err
	}
	if c.JSON {
		printLine(s.Out, report)
		return nil
	}
	fmt.Fprintf(s.Out, "%-12s %5s %8s %7s %8s %8s %8s\n", "", "q", "bits/px", "dB", "MS-SSIM", "write s", "read s")
	for _, codec := range slices.Sorted(maps.Keys(report.Codecs)) {
		for _, p := range report.Codecs[codec] {
			fmt.Fprintf(s.Out, row+"\n", codec, p.Quality, p.BPP, p.PSNR, p.MSSSIM, p.Encode, p.Decode)
		}
	}
	for _, pair := range slices.Sorted(maps.Keys(report.BDRate)) {
		fmt.Fprintf(s.Out, "%-24s %+.1f %%\n", strings.ReplaceAll(pair, "_", " "), report.BDRate[pair])
	}
	fmt.Fprintf(s.Out, "%d pictures; coded bytes over the model's estimate %+.2f %%; peak memory %.0f MiB\n", report.Pictures, 100*report.Estimate, report.PeakRSS)
	return nil
}

// benchFamilyCmd trains the family of autoencoders on handwritten digits.
type benchFamilyCmd struct {
	common
	Data string   `help:"Folder with MNIST; by default mnist in $SIEVE_DATA, or in ../shared/data." placeholder:"DIR"`
	Only []string `help:"Tasks, instead of all: ${family}." placeholder:"mse,vae"`
}

func (benchFamilyCmd) Help() string {
	return "Trains by the recipes digits, digits-plane and digits-linear on the training pictures of MNIST, every tenth held back, and measures on the " +
		"10,000 test pictures: squared error with 2, 8 and 32 latents; cross-entropy with 32; the evidence bound of a variational model of 2, in nats a picture, " +
		"latents drawn; how far a linear model is from PCA; and how many test pictures their five nearest training pictures classify right by 16 latents. " +
		"It takes a quarter of an hour on two cores.\n\n" +
		"Examples:\n  sieve bench family\n  sieve bench family --only mse,knn --json\n" +
		"  sieve train --data mnist/ --recipe digits --latent 32 --out digits32.safetensors"
}

func (c benchFamilyCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "bench family"); err != nil {
		return err
	}
	b := &board{s: s, c: c.common, bar: &progress{}}
	report, err := session.BenchFamily(ctx, session.FamilyJob{Data: c.Data, Only: c.Only}, b.report, b.figure)
	b.bar.finish()
	if err != nil {
		return err
	}
	if c.JSON {
		printLine(s.Out, report)
		return nil
	}
	if k := report.MNIST.PCAKNN; k != nil {
		fmt.Fprintf(s.Out, "%-28s %9.5g\n", "five neighbours, PCA of 16", *k)
	}
	for _, n := range slices.Sorted(maps.Keys(report.MNIST.Angle)) {
		if a := report.MNIST.Angle[n]; a != nil {
			fmt.Fprintf(s.Out, "%-28s %9.3g  degrees at most\n", "angle to PCA, "+n, *a)
		}
	}
	fmt.Fprintf(s.Out, "%s, %d cores, kernel %s\n", report.Machine.CPU, report.Machine.Cores, report.Machine.Kernel)
	return nil
}

// benchExploreCmd lays out handwritten digits.
type benchExploreCmd struct {
	common
	Data  string `help:"As of sieve bench family." placeholder:"DIR"`
	Model string `help:"A model of grey pictures, instead of one of 16 numbers that is trained first." placeholder:"FILE"`
}

func (benchExploreCmd) Help() string {
	return "Measures how many milliseconds a stroke on a latent takes until the picture has followed, the median of many: of a small model on 64 × 64 pixels, and of photo on " +
		"768 × 512. Then lays out the first of the test pictures of MNIST: how many seconds 10,000 take from pictures to places along principal components, 5,000 from latents to " +
		"places by t-SNE with 500 steps, and which share of their labels those of the five nearest on that plane agree with. Without --model it first trains as " +
		"sieve bench family does for five neighbours, which takes a minute on two cores.\n\n" +
		"Examples:\n  sieve bench explore\n  sieve bench explore --model digits16.safetensors --json"
}

func (c benchExploreCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "bench explore"); err != nil {
		return err
	}
	b := &board{s: s, c: c.common, bar: &progress{}}
	report, err := session.BenchExplore(ctx, session.ExploreJob{Data: c.Data, Model: c.Model}, b.report, b.figure)
	b.bar.finish()
	if err != nil {
		return err
	}
	if c.JSON {
		printLine(s.Out, report)
		return nil
	}
	fmt.Fprintf(s.Out, "%-28s %9.5g\n", "five neighbours by latents", *report.Latents)
	fmt.Fprintf(s.Out, "%s, %d cores, kernel %s\n", report.Machine.CPU, report.Machine.Cores, report.Machine.Kernel)
	return nil
}

// A board shows what a benchmark is at, and each figure as it is known.
type board struct {
	s    Streams
	c    common
	bar  *progress
	task string
}

func (b *board) report(task string, done, total int) {
	if task != b.task {
		b.bar.finish()
		b.task, b.bar = task, newProgress(b.s, b.c, int64(total), task)
	}
	b.bar.set(int64(done), task)
}

// figure prints one beside its bars.
func (b *board) figure(f session.FamilyFigure) {
	b.bar.finish()
	if b.c.JSON {
		return
	}
	fmt.Fprintf(b.s.Out, "%-28s %9.5g  must %-7g %-5s reach %-7g %-5s %6.1f s  %s\n",
		f.Name, f.Value, f.Must, met(f, f.Must), f.Reach, met(f, f.Reach), f.Seconds, f.Unit)
}

// met says whether a figure is as good as a bar.
func met(f session.FamilyFigure, bar float64) string {
	if f.Passes(bar) {
		return "yes"
	}
	return "no"
}
