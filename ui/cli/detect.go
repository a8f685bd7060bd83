package cli

import (
	"context"
	"fmt"
	"strconv"

	"sieve/ui/session"
)

// detectCmd finds pictures that are unlike good ones.
type detectCmd struct {
	common
	In        []string `arg:"" name:"in" help:"Pictures and folders, which are walked to any depth. A PNG beside a JPEG of the same name is its mask: white where it is bad."`
	Out       string   `short:"o" required:"" help:"A .csv file for the scores, or a folder for them and a heat map over each picture." placeholder:"OUT"`
	Model     string   `required:"" help:"A model that was trained on good pictures." placeholder:"FILE"`
	Threshold string   `help:"Scores above it are anomalous: auto (as --quantile says) or a number." default:"auto" placeholder:"auto|X"`
	Quantile  float64  `help:"Share of the good pictures held back that are to pass." default:"0.95" placeholder:"Q"`
	Good      string   `help:"Compare with the good pictures in this folder, instead of those that the model knows." placeholder:"DIR"`
	GoodNames []string `help:"Pictures in folders with one of these words in their name are good, others bad; none knows nothing." default:"good,ok,normal,free" placeholder:"WORDS"`
	Jobs      int      `help:"Pictures worked on at a time (0: two)." default:"0"`
	Overwrite bool     `help:"Replace files that are there already."`
}

func (detectCmd) Help() string {
	return "Each picture gets a score: about 1 where it is like good pictures. Where folders or masks tell good pictures from bad ones, " +
		"the area under the ROC (AUROC) says how well scores do: 0.5 is chance, 1 without mistake.\n\n" +
		"Examples:\n" +
		"  sieve train --data tiles/MT_Free --recipe detect --out tiles.safetensors\n" +
		"  sieve detect --model tiles.safetensors tiles/ -o found/\n" +
		"  sieve detect --model tiles.safetensors new.jpg -o scores.csv --quantile 0.99\n" +
		"  sieve detect --model photo.safetensors new/ --good old/ -o found/ --json"
}

// detectLine is a line of --json: one picture.
type detectLine struct {
	File      string   `json:"file"`
	Out       string   `json:"out,omitempty"`
	Seconds   float64  `json:"seconds"`
	Score     *float64 `json:"score,omitempty"`
	Anomalous *bool    `json:"anomalous,omitempty"`
	Label     string   `json:"label,omitempty"` // good or bad, where that is known
	Error     string   `json:"error,omitempty"`
}

// detectDone is the last line. What labels do not tell is left out.
type detectDone struct {
	Done        bool     `json:"done"`
	Threshold   float64  `json:"threshold"`
	FalseAlarms float64  `json:"false_alarms"` // share of the good pictures held back above it
	Held        int      `json:"held"`         // how many these are
	AUROC       *float64 `json:"auroc,omitempty"`
	PixelAUROC  *float64 `json:"pixel_auroc,omitempty"`
	Alarms      *float64 `json:"alarms,omitempty"` // share of the good pictures here above it
	Found       *float64 `json:"found,omitempty"`  // share of the bad pictures here above it
}

func (c detectCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "detect"); err != nil {
		return err
	}
	job := session.DetectJob{
		In: c.In, Out: c.Out, Model: c.Model, Quantile: c.Quantile, Good: c.Good, GoodNames: c.GoodNames, Jobs: c.Jobs, Overwrite: c.Overwrite, Limits: c.limits(),
	}
	if !(c.Quantile > 0 && c.Quantile <= 1) {
		return usage(s, "detect", "--quantile is above 0 and at most 1, such as 0.95")
	}
	if c.Threshold != "auto" {
		x, err := strconv.ParseFloat(c.Threshold, 64)
		if err != nil || !(x >= 0) {
			return usage(s, "detect", "--threshold is auto or a number, 0 or more")
		}
		job.Threshold = &x
	}
	looking := newProgress(s, c.common, -1, "Looking at good pictures")
	t := newTally(c.common, s, "Judging")
	sum, err := session.Detect(ctx, job, func(r session.DetectReport) {
		if r.Surveying {
			looking.set(r.Done, "Looking at good pictures")
			return
		}
		if !t.step(r.FileReport) {
			return
		}
		line := detectLine{File: r.File, Out: r.Out, Seconds: r.Seconds}
		switch v := r.Verdict; {
		case r.Err != nil:
			line.Out, line.Error = "", session.Words(r.Err)
		case v != nil:
			line.Score, line.Anomalous, line.Label = &v.Score, &v.Anomalous, string(v.Label)
			if v.Anomalous && !c.JSON && !c.Quiet {
				t.say("%s: anomalous, score %.3g", v.File, v.Score)
			}
		}
		t.line(line)
	})
	looking.finish()
	if err == nil && sum.Done > 0 {
		c.sum(s, sum)
	}
	return t.end(sum.Summary, err, "judged")
}

// sum tells what was found.
func (c detectCmd) sum(s Streams, sum session.DetectSummary) {
	if c.JSON {
		printLine(s.Out, detectDone{
			Done: true, Threshold: sum.Threshold, FalseAlarms: sum.FalseAlarms, Held: sum.Held,
			AUROC: number(sum.AUROC), PixelAUROC: number(sum.PixelAUROC), Alarms: number(sum.Alarms), Found: number(sum.Found),
		})
	}
	if c.Quiet {
		return
	}
	fmt.Fprintf(s.Err, "%d of %s anomalous: scores above %.4g. Of %d good pictures held back, %.1f %% lie above that.\n",
		sum.Anomalous, counted(sum.Done), sum.Threshold, sum.Held, 100*sum.FalseAlarms)
	if sum.ROC != nil {
		fmt.Fprintf(s.Err, "AUROC %.4f: %d good and %d bad pictures, %.1f %% false alarms, %.1f %% of the bad ones found.\n",
			sum.AUROC, sum.Good, sum.Bad, 100*sum.Alarms, 100*sum.Found)
	}
	if x := number(sum.PixelAUROC); x != nil {
		fmt.Fprintf(s.Err, "AUROC of pixels %.4f.\n", *x)
	}
}
