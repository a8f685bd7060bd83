package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"sieve/ui/session"
)

// denoiseCmd removes noise from files and folders.
type denoiseCmd struct {
	common
	In        []string `arg:"" name:"in" help:"Pictures and folders, which are walked to any depth."`
	Out       string   `short:"o" required:"" help:"File for one input file, else a folder that keeps the tree." placeholder:"OUT"`
	Model     string   `help:"Shipped model (${models}) or model file." placeholder:"NAME|FILE"`
	Strength  float64  `help:"0 leaves the picture as it is, 1 is the model's answer." default:"1"`
	Depth     int      `help:"Bits a sample, 8 or 16; by default as the picture." default:"0" placeholder:"8|16"`
	Jobs      int      `help:"Pictures worked on at a time (0: two)." default:"0"`
	Shard     string   `help:"Only the i-th of n parts of all pictures, for several machines." placeholder:"i/n"`
	Overwrite bool     `help:"Replace files that are there already."`
}

func (denoiseCmd) Help() string {
	return "Pictures keep their depth, transparency, EXIF data and colour profile. One that fails does not stop the others.\n\n" +
		"Examples:\n" +
		"  sieve denoise night.jpg -o night-clean.png\n" +
		"  sieve denoise holiday/ -o clean/\n" +
		"  sieve denoise holiday/ -o clean/ --shard 1/4 --json"
}

// denoiseLine is a line of --json: one picture.
type denoiseLine struct {
	File    string  `json:"file"`
	Out     string  `json:"out,omitempty"`
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"`
}

func (c denoiseCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "denoise"); err != nil {
		return err
	}
	job := session.DenoiseJob{
		In: c.In, Out: c.Out, Model: c.Model, Strength: c.Strength, Depth: c.Depth, Jobs: c.Jobs, Overwrite: c.Overwrite, Limits: c.limits(),
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
	bar := newProgress(s, c.common, -1, "Looking at the pictures")
	started := false
	sum, err := session.Denoise(ctx, job, func(r session.DenoiseReport) {
		if !started {
			started = true
			bar.finish()
			bar = newProgress(s, c.common, r.Total, "Denoising")
		}
		bar.set(r.Done, filepath.Base(r.File))
		if !r.Finished {
			return
		}
		line := denoiseLine{File: r.File, Out: r.Out, Seconds: r.Seconds}
		if r.Err != nil {
			line.Out, line.Error = "", session.Words(r.Err)
			bar.say(s, "sieve: %s", line.Error)
		}
		if c.JSON {
			printLine(s.Out, line)
		}
	})
	bar.finish()
	if err != nil {
		return err
	}
	if !c.Quiet && !c.JSON {
		fmt.Fprintf(s.Err, "%s denoised in %.1f s, %d failed.\n", counted(sum.Done), sum.Seconds, sum.Failed)
	}
	switch {
	case sum.Failed > 0 && sum.Done == 0:
		return exit(NothingDone)
	case sum.Failed > 0:
		return exit(SomeFailed)
	}
	return nil
}
