package cli

import (
	"context"
	"errors"
	"fmt"

	"sieve/ui/session"
)

// learnCmd learns from noisy pictures alone.
type learnCmd struct {
	common
	In      []string `arg:"" name:"in" help:"Noisy pictures, and folders of them, which are walked to any depth."`
	Out     string   `short:"o" required:"" help:"The model file to write." placeholder:"MODEL"`
	Minutes float64  `help:"How long to learn." default:"1"`
	From    string   `help:"Start from a shipped model (${models}) or a model file; by default from nothing." placeholder:"NAME|FILE"`
	Scheme  string   `help:"How: pairs compares neighbours, blindspot guesses pixels that it does not see." enum:"pairs,blindspot" default:"pairs"`
}

func (learnCmd) Help() string {
	return "Learn to denoise from noisy pictures alone, without a clean one. The noise should differ from pixel to pixel, as it does in raw " +
		"pictures, scans and microscopy; noise of a camera's JPEG is coarser, and the model photo knows it. Ctrl-C stops and keeps what was learned.\n\n" +
		"Examples:\n" +
		"  sieve learn scan.png -o scan.safetensors\n" +
		"  sieve learn microscope/ -o mine.safetensors --minutes 5\n" +
		"  sieve denoise scan.png -o clean.png --model scan.safetensors"
}

// learnLine is a line of --json: how far it is, and last what came of it.
type learnLine struct {
	Done     bool    `json:"done,omitempty"`
	Step     int     `json:"step"`
	Loss     float64 `json:"loss,omitempty"`
	Seconds  float64 `json:"seconds"`
	Model    string  `json:"model,omitempty"`
	Pictures int     `json:"pictures,omitempty"`
	Sigma    float64 `json:"sigma,omitempty"`
}

func (c learnCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "learn"); err != nil {
		return err
	}
	job := session.LearnJob{In: c.In, Out: c.Out, Minutes: c.Minutes, From: c.From, Scheme: c.Scheme, Limits: c.limits()}
	if c.Seed != nil {
		job.Seed = *c.Seed
	}
	const parts = 1000
	bar := newProgress(s, c.common, parts, "Learning")
	shown := 0.0
	res, err := session.Learn(ctx, job, func(r session.LearnReport) {
		bar.set(int64(parts*r.Part), "Learning")
		if c.JSON && r.Seconds-shown >= 1 {
			shown = r.Seconds
			printLine(s.Out, learnLine{Step: r.Step, Loss: r.Loss, Seconds: r.Seconds})
		}
	})
	bar.finish()
	for _, skipped := range res.Skipped {
		fmt.Fprintf(s.Err, "sieve: %s\n", session.Words(skipped))
	}
	if res.Model == nil {
		return err
	}
	if !c.Quiet && !c.JSON {
		fmt.Fprintf(s.Err, "Learned from %s with noise of %.1f levels in %.0f s; %s is written.\n", counted(res.Files), res.Sigma, res.Seconds, c.Out)
		if w := res.Warning(); w != "" {
			fmt.Fprintf(s.Err, "sieve: %s\n", w)
		}
	}
	if c.JSON && (err == nil || errors.Is(err, context.Canceled)) {
		printLine(s.Out, learnLine{Done: true, Step: res.Steps, Seconds: res.Seconds, Model: c.Out, Pictures: res.Files, Sigma: res.Sigma})
	}
	if err == nil && len(res.Skipped) > 0 {
		return exit(SomeFailed)
	}
	return err
}
