package cli

import (
	"context"
	"fmt"

	"sieve/ui/session"
)

// mapCmd lays pictures out on a plane, or draws pictures of latents that no picture has.
type mapCmd struct {
	common
	In         []string `arg:"" optional:"" name:"in" help:"Pictures to lay out: files, folders, MNIST and CIFAR-10 files, or builtin:NAME."`
	Model      string   `required:"" help:"Shipped model (${models}) or model file." placeholder:"NAME|FILE"`
	Out        string   `short:"o" required:"" help:"A picture, or a table with a line for each picture." placeholder:"MAP.png|.csv"`
	Method     string   `help:"How latents become places: tsne (near those they are near to) or pca (along their two principal components)." default:"tsne" placeholder:"tsne|pca"`
	Perplexity float64  `help:"Of t-SNE: about how many neighbours of a picture count." default:"30"`
	Steps      int      `help:"Of t-SNE." default:"500"`
	Labels     string   `help:"As of sieve features." placeholder:"FILE"`
	Pool       string   `help:"As of sieve features." enum:"auto,none,mean" default:"auto"`
	Longest    int      `help:"Side of the pictures of files: those with a longer one are made smaller first. 0: as they are." default:"${longest}"`
	Drawn      int      `help:"How many pictures are drawn of builtin:NAME." default:"1000"`
	Side       *int     `help:"Lay out no pictures, but draw those that the model makes of places: so many a side (without IN 20)." placeholder:"N"`
	Sample     bool     `help:"Of latents that are drawn, instead of a plane."`
}

func (mapCmd) Help() string {
	return "Where the latents of pictures lie: each picture is drawn at its place, small where there is room and else as a dot in the colour of its label, " +
		"on white where others are near and on grey where none is. A table has the columns file, label, x, y and error, the mean squared error of the reconstruction.\n\n" +
		"Without pictures, or with --side, it draws what the model makes of points on a plane through its latents. Of a variational model of two numbers a picture, these are the plane's own, " +
		"as often as they occur; of others it is the plane in which the latents of the pictures that are named mostly lie. With --sample, pictures of latents " +
		"that are drawn as a variational model has them.\n\n" +
		"Examples:\n" +
		"  sieve map t10k-images-idx3-ubyte.gz --model digits.safetensors -o digits.png\n" +
		"  sieve map photos/ --model photo --method pca --pool mean -o photos.csv\n" +
		"  sieve map builtin:digits --model digits.safetensors -o drawn.png --perplexity 15 --seed 3\n" +
		"  sieve map --model plane.safetensors -o plane.png\n" +
		"  sieve map --model plane.safetensors -o drawn.png --sample --seed 7\n" +
		"  sieve map t10k-images-idx3-ubyte.gz --model digits.safetensors -o digits.png --side 12"
}

func (c mapCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "map"); err != nil {
		return err
	}
	switch {
	case c.Sample && len(c.In) > 0:
		return usage(s, "map", "--sample draws latents and looks at no pictures: leave them out")
	case c.Drawn < 1:
		return usage(s, "map", "--drawn must be at least 1")
	case c.Perplexity == 0:
		return usage(s, "map", "--perplexity must be above 1")
	case c.Steps == 0:
		return usage(s, "map", "--steps must be at least 1")
	case len(c.In) == 0 || c.Side != nil:
		return c.plane(ctx, s)
	}
	job := session.AtlasJob{
		In: c.In, Model: c.Model, Out: c.Out, Labels: c.Labels, Drawn: c.Drawn, Longest: c.Longest, Steps: c.Steps, Limits: c.limits(),
		Layout: session.Layout{Method: session.Method(c.Method), Perplexity: c.Perplexity},
	}
	if c.Pool != "auto" {
		job.Pool = session.Pool(c.Pool)
	}
	set(&job.Seed, c.Seed)
	t := newTally(c.common, s, "Looking at the pictures")
	var bar *progress
	_, r, err := session.MakeAtlas(ctx, job, func(r session.FileReport) {
		if t.step(r) && r.Err != nil {
			t.line(failedLine{r.File, session.Words(r.Err)})
		}
	}, func(a *session.Atlas, of int) {
		if bar == nil {
			t.bar.finish()
			bar = newProgress(s, c.common, int64(of), "Laying out")
			t.bar = bar
		}
		bar.set(int64(a.Steps()), "Laying out")
	})
	if err == nil {
		t.line(r)
		if !c.JSON {
			c.tell(s, t, r)
		}
	}
	return t.end(session.Summary{Done: r.Count, Failed: r.Failed, Seconds: r.Seconds}, err, "laid out")
}

// tell says what came out.
func (c mapCmd) tell(s Streams, t *tally, r session.AtlasReport) {
	t.bar.finish()
	if r.KNN != nil {
		fmt.Fprintf(s.Out, "%s of the labels agree with those of the five nearest on the plane.\n", percent(r.KNN))
	}
	if c.Quiet {
		return
	}
	if r.Perplexity != nil && *r.Perplexity < c.Perplexity {
		fmt.Fprintf(s.Err, "The perplexity is %.3g: %s allow no more.\n", *r.Perplexity, counted(r.Count))
	}
	if r.Shown == "dots" {
		fmt.Fprintln(s.Err, "Each picture is a dot: there are too many to draw them small beside one another.")
	}
}

// plane draws what a model makes of places.
func (c mapCmd) plane(ctx context.Context, s Streams) error {
	side := 20
	if c.Side != nil {
		side = *c.Side
	}
	job := session.MapJob{Model: c.Model, In: c.In, Out: c.Out, Side: side, Drawn: c.Sample, Limits: c.limits()}
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
