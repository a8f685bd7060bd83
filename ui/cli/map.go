package cli

import (
	"context"
	"fmt"

	"sieve/ui/session"
)

// mapCmd draws pictures of latents.
type mapCmd struct {
	common
	In     []string `arg:"" optional:"" name:"in" help:"Pictures whose latents show where to look: files of one size, folders, MNIST and CIFAR-10 files, or builtin:NAME."`
	Model  string   `required:"" help:"Model file." placeholder:"FILE"`
	Out    string   `short:"o" required:"" help:"Picture to write." placeholder:"MAP.png"`
	Side   int      `help:"Pictures a side." default:"20"`
	Sample bool     `help:"Of latents that are drawn, instead of a plane."`
}

func (mapCmd) Help() string {
	return "The pictures that a model makes of points on a plane through its latents. Of a variational model of two numbers a picture, these are the plane's own, " +
		"as often as they occur; of others it is the plane in which the latents of the pictures that are named mostly lie. With --sample, pictures of latents " +
		"that are drawn as a variational model has them.\n\n" +
		"Examples:\n" +
		"  sieve map --model plane.safetensors -o plane.png\n" +
		"  sieve map --model plane.safetensors -o drawn.png --sample --seed 7\n" +
		"  sieve map t10k-images-idx3-ubyte.gz --model digits.safetensors -o digits.png --side 12"
}

func (c mapCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "map"); err != nil {
		return err
	}
	if c.Sample && len(c.In) > 0 {
		return usage(s, "map", "--sample draws latents and looks at no pictures: leave them out")
	}
	job := session.MapJob{Model: c.Model, In: c.In, Out: c.Out, Side: c.Side, Drawn: c.Sample, Limits: c.limits()}
	set(&job.Seed, c.Seed)
	bar := newProgress(s, c.common, -1, "Drawing")
	m, err := session.DrawMap(ctx, job, func(done, _ int) { bar.set(int64(done), "Drawing") })
	bar.finish()
	if err != nil {
		return err
	}
	if c.JSON {
		printLine(s.Out, m)
	} else if !c.Quiet {
		fmt.Fprintf(s.Err, "%s: %d × %d pictures, %d × %d pixels.\n", m.Out, m.Side, m.Side, m.Width, m.Height)
	}
	return nil
}
