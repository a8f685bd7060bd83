package cli

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"sieve/ui/session"
)

// denoiseCmd removes noise from files and folders.
type denoiseCmd struct {
	common
	In       []string `arg:"" name:"in" help:"Pictures and folders, which are walked to any depth."`
	Out      string   `short:"o" required:"" help:"File for one input file, else a folder that keeps the tree." placeholder:"OUT"`
	Model    string   `help:"Shipped model (${models}) or model file." placeholder:"NAME|FILE"`
	Sigma    string   `help:"Noise in levels of 255, which the model is told: auto (estimated from each picture) or a number." default:"auto" placeholder:"auto|N"`
	Manner   string   `help:"sharper tells the model less noise, smoother more." enum:"sharper,balanced,smoother" default:"balanced"`
	Passes   int      `help:"Turn and mirror the picture in so many ways, 1 to 8, and take the mean: cleaner, and so many times slower." default:"1"`
	Strength float64  `help:"0 leaves the picture as it is, 1 is the model's answer." default:"1"`
	Depth    int      `help:"Bits a sample, 8 or 16; by default as the picture." default:"0" placeholder:"8|16"`
	precision
	Jobs      int    `help:"Pictures worked on at a time (0: two)." default:"0"`
	Shard     string `help:"Only the i-th of n parts of all pictures, for several machines." placeholder:"i/n"`
	Overwrite bool   `help:"Replace files that are there already."`
}

func (denoiseCmd) Help() string {
	return "Pictures keep their depth, transparency, EXIF data and colour profile. One that fails does not stop the others. " +
		"Results that are in the folder already stay: run an interrupted job again, and it goes on.\n\n" +
		"Examples:\n" +
		"  sieve denoise night.jpg -o night-clean.png\n" +
		"  sieve denoise holiday/ -o clean/\n" +
		"  sieve denoise night.jpg -o night-clean.png --sigma 25\n" +
		"  sieve denoise holiday/ -o clean/ --shard 1/4 --json"
}

// denoiseLine is a line of --json: one picture.
type denoiseLine struct {
	File    string   `json:"file"`
	Out     string   `json:"out,omitempty"`
	Seconds float64  `json:"seconds"`
	Sigma   *float64 `json:"sigma,omitempty"`   // what the model was told
	Skipped bool     `json:"skipped,omitempty"` // the result was there already
	Error   string   `json:"error,omitempty"`
}

func (c denoiseCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "denoise"); err != nil {
		return err
	}
	job := session.DenoiseJob{
		In: c.In, Out: c.Out, Model: c.Model, Depth: c.Depth, Jobs: c.Jobs, Overwrite: c.Overwrite, Limits: c.limits(),
	}
	if c.Shard != "" {
		i, n, _ := strings.Cut(c.Shard, "/")
		var err1, err2 error
		job.Shard, err1 = strconv.Atoi(i)
		job.Shards, err2 = strconv.Atoi(n)
		if err1 != nil || err2 != nil {
			return usage(s, "denoise", "--shard is i/n, such as 1/4")
		}
	}
	job.Repair = session.DefaultRepair
	job.Repair.Strength, job.Repair.Passes = c.Strength, c.Passes
	job.Repair.Manner = session.Manners[slices.Index([]string{"sharper", "balanced", "smoother"}, c.Manner)]
	if c.Sigma != "auto" {
		sigma, err := strconv.ParseFloat(c.Sigma, 64)
		if err != nil || !(sigma >= 0) {
			return usage(s, "denoise", "--sigma is auto or a number, such as 25")
		}
		job.Repair.Sigma = sigma
	}
	var err error
	if job.Half, err = c.half(s, "denoise"); err != nil {
		return err
	}
	t := newTally(c.common, s, "Denoising")
	sum, err := session.Denoise(ctx, job, func(r session.DenoiseReport) {
		if !t.step(r.FileReport) {
			return
		}
		line := denoiseLine{File: r.File, Out: r.Out, Seconds: r.Seconds, Skipped: r.There}
		if r.Sigma == r.Sigma {
			line.Sigma = &r.Sigma
		}
		if r.Err != nil {
			line.Out, line.Error = "", session.Words(r.Err)
		}
		t.line(line)
	})
	return t.end(sum, err, "denoised")
}
