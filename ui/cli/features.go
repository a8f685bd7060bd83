package cli

import (
	"context"
	"fmt"
	"strings"

	"sieve/ui/session"
)

// featuresCmd makes numbers of pictures.
type featuresCmd struct {
	common
	In          []string `arg:"" name:"in" help:"Pictures, folders, MNIST and CIFAR-10 files, or builtin:leaves, builtin:glyphs, builtin:shapes."`
	Model       string   `required:"" help:"Shipped model (${models}) or model file." placeholder:"NAME|FILE"`
	Out         string   `short:"o" help:"Where the latents go, one picture a row." placeholder:"FILE.npy|.csv"`
	Pool        string   `help:"What becomes of a latent that is a map: none (its numbers one after the other), mean (of each channel, over the map), or auto: none where all pictures have one size and fit into memory together, else mean." enum:"auto,none,mean" default:"auto"`
	Labels      string   `help:"A label for each picture: IDX, or one a line. By default those beside an IDX file, of CIFAR-10, or the names of the folders directly below one." placeholder:"FILE"`
	Train       string   `help:"Classify by these pictures, instead of each by all others." placeholder:"DATA"`
	TrainLabels string   `help:"As --labels, of --train." placeholder:"FILE"`
	Near        string   `help:"Name the pictures that are nearest to this one." placeholder:"PICTURE"`
	Count       int      `help:"How many of them." default:"12"`
	Drawn       int      `help:"How many pictures are drawn of builtin:NAME." default:"1000"`
}

func (featuresCmd) Help() string {
	return "The latents of pictures, as a table: what a variational model draws is its mean. Where labels are known, it also says which share of pictures " +
		"is classified right by their five nearest neighbours, and by planes (multinomial logistic regression: without --train, every fifth picture by the rest), " +
		"beside as many principal components of the pictures themselves.\n\n" +
		"Examples:\n" +
		"  sieve features photos/ --model photo -o latents.npy --pool mean\n" +
		"  sieve features t10k-images-idx3-ubyte.gz --train train-images-idx3-ubyte.gz --model digits.safetensors -o latents.csv\n" +
		"  sieve features photos/ --model photo --near photos/cat.jpg --count 5"
}

// failedLine is a line of --json: a picture that could not be read.
type failedLine struct {
	File  string `json:"file"`
	Error string `json:"error"`
}

func (c featuresCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "features"); err != nil {
		return err
	}
	if c.Drawn < 1 {
		return usage(s, "features", "--drawn must be at least 1")
	}
	job := session.FeaturesJob{
		In: c.In, Model: c.Model, Out: c.Out, Labels: c.Labels, Train: c.Train, TrainLabels: c.TrainLabels,
		Near: c.Near, Count: c.Count, Drawn: c.Drawn, Limits: c.limits(),
	}
	if c.Pool != "auto" {
		job.Pool = session.Pool(c.Pool)
	}
	set(&job.Seed, c.Seed)
	t := newTally(c.common, s, "Looking at the pictures")
	f, err := session.TakeFeatures(ctx, job, func(r session.FileReport) {
		if t.step(r) && r.Err != nil {
			t.line(failedLine{r.File, session.Words(r.Err)})
		}
	})
	if err == nil {
		t.line(f)
		if !c.JSON {
			c.tell(s, t, f)
		}
	}
	return t.end(session.Summary{Done: f.Count, Failed: f.Failed, Seconds: f.Seconds}, err, "looked at")
}

// tell says what came out.
func (c featuresCmd) tell(s Streams, t *tally, f session.Features) {
	t.bar.finish()
	for _, n := range f.Near {
		fmt.Fprintf(s.Out, "%10.4f  %s\n", n.Distance, strings.TrimSpace(n.File+"  "+n.Label))
	}
	if f.KNN != nil {
		fmt.Fprintf(s.Out, "%-28s %9s %9s\n", "classified right", "neighbours", "planes")
		fmt.Fprintf(s.Out, "%-28s %9s %9s\n", fmt.Sprintf("%d numbers of the latent", f.Numbers), percent(f.KNN), percent(f.Probe))
		if f.ByPCA != nil {
			fmt.Fprintf(s.Out, "%-28s %9s %9s\n", fmt.Sprintf("%d principal components", f.PCA), percent(f.ByPCA.KNN), percent(f.ByPCA.Probe))
		}
	}
	if c.Quiet {
		return
	}
	if f.Pool == session.PoolMean && c.Pool == "auto" {
		fmt.Fprintln(s.Err, "The pictures have several sizes: of each channel, the numbers are the mean over the map.")
	}
	if f.KNN != nil && f.ByPCA == nil {
		fmt.Fprintln(s.Err, "There is no comparison with principal components: the pictures have several sizes, or are too many to be held.")
	}
	if f.Out != "" {
		fmt.Fprintf(s.Err, "%s: %d numbers of each of %s.\n", f.Out, f.Numbers, counted(f.Count))
	}
}

// percent is a share for people.
func percent(x *float64) string {
	if x == nil {
		return "–"
	}
	return fmt.Sprintf("%.2f %%", 100**x)
}
