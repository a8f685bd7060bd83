package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"sieve/ui/session"
)

// trainCmd trains a model.
type trainCmd struct {
	common
	Data    string  `help:"Pictures to learn from: a folder, an MNIST or CIFAR-10 file, or builtin:leaves, builtin:digits, builtin:letters, builtin:glyphs, builtin:shapes." placeholder:"DIR|FILE|builtin:NAME"`
	Out     string  `short:"o" required:"" help:"Model file to write." placeholder:"MODEL"`
	Steps   *int    `help:"Steps to take."`
	Minutes float64 `help:"Train for so long instead of a number of steps." placeholder:"M"`
	From    string  `help:"Start from the weights of a model of the same network." placeholder:"MODEL"`
	Resume  string  `help:"Go on from this checkpoint." placeholder:"CHECKPOINT"`
	Spec    string  `help:"Take all settings from a JSON file; flags below go before it." placeholder:"FILE"`
	Only    *uint8  `help:"Learn from this class of an MNIST or CIFAR-10 file alone." placeholder:"CLASS"`
	Survey  bool    `help:"When done, also learn what good pictures are like, for sieve detect; the recipes detect and one-class do."`
	Recipe  string  `help:"Take all settings from a shipped recipe: ${recipes}." placeholder:"NAME"`

	specFlags
}

// specFlags are the fields of session.Spec. What is not given stays as the spec
// file, the recipe or the default has it.
type specFlags struct {
	Body       *string  `group:"Network" help:"conv, unet, shuffle, linear or recurrent."`
	Channels   *int     `group:"Network" help:"1 for grey, 3 for colour; by default as the data."`
	Depth      *int     `group:"Network" help:"How often the picture is halved."`
	Width      *int     `group:"Network" help:"Channels after the first halving; doubled at each further one."`
	Latent     *int     `group:"Network" help:"Channels of the latent."`
	Patch      *int     `group:"Network" help:"Cells a side gathered into one code; 1 keeps a map."`
	Passes     *int     `group:"Network" help:"Of a recurrent body over a picture: each adds bits and detail."`
	Kernel     *int     `group:"Network" help:"Taps a side: 3, 5 or 7."`
	Blocks     *int     `group:"Network" help:"Residual blocks at each level."`
	Activation *string  `group:"Network" help:"relu, leaky, silu, tanh or sigmoid."`
	Up         *string  `group:"Network" help:"transposed or nearest."`
	Output     *string  `group:"Network" help:"identity, sigmoid or residual: what is to be added to the input."`
	Skips      *bool    `group:"Network" help:"Let a conv body's decoder see what its encoder had, past the bottleneck."`
	Level      *bool    `group:"Network" help:"Tell the network how strong the noise is."`
	Estimated  *bool    `group:"Network" help:"Tell it in training what is estimated from the picture, too."`
	Bottleneck *string  `group:"Network" help:"plain, sparse, kl-sparse, k-sparse, variational, binary or quantised."`
	Lambda     *float64 `group:"Network" help:"What a unit of the bottleneck's price costs; of a variational one, a nat for each number of a picture; of a quantised one, a bit a pixel at quality 100."`
	Activity   *float64 `group:"Network" help:"Share of a sparse latent that is to be active, 0 to 1: of the time (kl-sparse), of each cell (k-sparse)."`
	Free       *float64 `group:"Network" help:"Nats a picture that each channel of a variational latent may say for nothing."`
	Range      *float64 `group:"Network" help:"How many times as much it costs at quality 0."`
	Hyper      *int     `group:"Network" help:"Channels of what a quantised latent sends ahead."`
	Context    *bool    `group:"Network" help:"Let what of a quantised latent has been coded tell of what has not."`

	Scheme *string `group:"Lesson" help:"Noise to remove: none, gaussian:25, gaussian:0-50, mixtures with +. Kinds: gaussian, poisson, speckle (levels of 255), saltpepper, masked, blindspot (percent)."`
	Loss   *string `group:"Lesson" help:"mse, rmse, l1, bce or ssim."`

	Augment *bool    `group:"Lesson" help:"Also scale and recolour photographs."`
	Leaves  *float64 `group:"Lesson" help:"Share of augmented photographs that is dead leaves instead, 0 to 1."`
	Grey    *float64 `group:"Lesson" help:"Share of colour pictures that is shown in grey, 0 to 1."`

	Optimiser *string  `group:"Training" help:"adam, muon or sgd."`
	Rate      *float64 `group:"Training" help:"Learning rate."`
	Schedule  *string  `group:"Training" help:"constant or cosine."`
	Warmup    *int     `group:"Training" help:"Steps in which the rate rises."`
	Decay     *float64 `group:"Training" help:"Weight decay."`
	Momentum  *float64 `group:"Training" help:"Of sgd."`
	Clip      *float64 `group:"Training" help:"Greatest length of the gradient; 0: no limit."`
	Average   *float64 `group:"Training" help:"Decay of the moving average of weights; 0: none."`
	Batch     *int     `group:"Training" help:"Pictures a step."`
	Crop      *int     `group:"Training" help:"Side of a training picture in pixels."`
	Check     *int     `group:"Training" help:"Steps between validations."`
	Precision *string  `group:"Training" help:"fp32, or bf16: what convolutions multiply is rounded, which is several times as fast on processors with AMX and of no use on others; bf16! insists on it." placeholder:"fp32|bf16|bf16!"`
}

func (trainCmd) Help() string {
	return "The model written is the one that did best on pictures held back. Ctrl-C keeps a checkpoint, from which --resume goes on.\n\n" +
		"Examples:\n" +
		"  sieve train --data photos/ --minutes 30 --out mine.safetensors\n" +
		"  sieve train --data builtin:glyphs --depth 2 --patch 7 --latent 8 --scheme none --steps 1000 --out digits.safetensors\n" +
		"  sieve train --data photos/ --recipe denoise --out denoise.safetensors\n" +
		"  sieve train --data tiles/MT_Free --recipe detect --out tiles.safetensors\n" +
		"  sieve train --data train-images-idx3-ubyte.gz --only 3 --recipe one-class --out threes.safetensors\n" +
		"  sieve train --resume mine.safetensors.checkpoint --out mine.safetensors"
}

func set[T any](field *T, flag *T) {
	if flag != nil {
		*field = *flag
	}
}

// apply sets the fields of the same names for which there are flags.
func (f specFlags) apply(s *session.Spec) {
	flags, spec := reflect.ValueOf(f), reflect.ValueOf(s).Elem()
	for i := range flags.NumField() {
		if v := flags.Field(i); !v.IsNil() {
			spec.FieldByName(flags.Type().Field(i).Name).Set(v.Elem())
		}
	}
}

// misuse is what is wrong with flags that do not go together.
type misuse string

func (m misuse) Error() string { return string(m) }

// job gathers the settings from spec file or recipe and flags.
func (c trainCmd) job() (session.TrainJob, error) {
	job := session.TrainJob{Data: c.Data, Minutes: c.Minutes, Out: c.Out, From: c.From, Resume: c.Resume, Limits: c.limits()}
	if c.Precision != nil {
		if !slices.Contains(precisions, *c.Precision) {
			return job, misuse(wrongPrecision)
		}
		var p string
		p, job.Insist = strings.CutSuffix(*c.Precision, "!")
		c.Precision = &p
	}
	job.Survey = c.Survey || c.Recipe == "detect" || c.Recipe == "one-class"
	if c.Only != nil && c.Data != "" {
		job.Data = fmt.Sprintf("%s#%d", c.Data, *c.Only)
	}
	switch {
	case c.Spec != "" && c.Recipe != "":
		return job, misuse("name a spec file or a recipe, not both")
	case c.Resume == "" && c.Data == "":
		return job, misuse("name what to learn from with --data, or a checkpoint with --resume")
	case c.Only != nil && c.Data == "":
		return job, misuse("--only takes a class from --data: name that, too")
	case c.Steps != nil && c.Minutes > 0:
		return job, misuse("give --steps or --minutes, not both")
	case c.Steps != nil && *c.Steps <= 0:
		return job, misuse("--steps must be at least 1")
	case c.Minutes < 0:
		return job, misuse("--minutes must be more than 0")
	case c.Steps == nil && c.Minutes == 0 && c.Resume == "" && c.Spec == "" && c.Recipe == "":
		return job, misuse("say how long with --steps or --minutes")
	case c.Resume != "" && c.From != "":
		return job, misuse("a checkpoint has its own weights: leave out --from")
	case c.Resume != "" && (c.Spec != "" || c.Recipe != "" || c.Seed != nil):
		return job, misuse("a checkpoint has its own settings: leave out --spec, --recipe and --seed")
	}
	var err error
	switch {
	case c.Resume != "":
		// What a run is stays; how long and how fast it goes on may change.
		for _, f := range c.given() {
			if f != "rate" && f != "precision" {
				return job, misuse("a checkpoint has its own settings: leave out --" + f)
			}
		}
		set(&job.Spec.Rate, c.Rate)
		set(&job.Spec.Steps, c.Steps)
		set(&job.Spec.Precision, c.Precision)
		return job, nil
	case c.Spec != "":
		job.Spec, err = session.ReadSpec(c.Spec)
	case c.Recipe != "":
		job.Spec, err = session.Recipe(c.Recipe)
	default:
		job.Spec = session.DefaultSpec()
	}
	if err != nil {
		return job, err
	}
	c.apply(&job.Spec)
	set(&job.Spec.Steps, c.Steps)
	set(&job.Spec.Seed, c.Seed)
	return job, nil
}

// given lists the spec's flags that were used.
func (f specFlags) given() []string {
	var names []string
	v := reflect.ValueOf(f)
	for i := range v.NumField() {
		if !v.Field(i).IsNil() {
			names = append(names, strings.ToLower(v.Type().Field(i).Name))
		}
	}
	return names
}

// trainLine is a line of --json while training runs.
type trainLine struct {
	Step            int      `json:"step"`
	Loss            *float64 `json:"loss"` // null when it is no number
	Distortion      *float64 `json:"distortion"`
	Price           *float64 `json:"price"`
	ValLoss         *float64 `json:"val_loss,omitempty"`
	ValPSNR         *float64 `json:"val_psnr,omitempty"`
	ValNats         *float64 `json:"val_nats,omitempty"` // a picture, of a variational model
	PicturesASecond float64  `json:"images_per_s"`
	Seconds         float64  `json:"seconds"`
}

// trainDone is the last line.
type trainDone struct {
	Done     bool    `json:"done"`
	Model    string  `json:"model"`
	Steps    int     `json:"steps"`
	Seconds  float64 `json:"seconds"`
	BestStep int     `json:"best_step"`
}

// number is x for JSON, which has no word for what is not finite.
func number(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func (c trainCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "train"); err != nil {
		return err
	}
	job, err := c.job()
	if err != nil {
		if m, ok := err.(misuse); ok {
			return usage(s, "train", string(m))
		}
		return err
	}
	look := newProgress(s, c.common, -1, "Looking at the pictures")
	t, err := session.OpenTraining(ctx, job, func(done, _ int) { look.set(int64(done), "Looking at the pictures") })
	look.finish()
	if err != nil {
		return err
	}
	tr := t.Trainer()
	if !c.Quiet {
		spec := tr.Spec()
		many := "drawn without end"
		if n := t.Data().Count; n > 0 {
			many = counted(n)
		}
		fmt.Fprintf(s.Err, "Learning from %s (%s); a network of %d numbers.\n", t.Data().Name, many, spec.Count())
		if share := spec.Share(); share >= 1 && spec.Bottleneck == "plain" {
			fmt.Fprintf(s.Err, "Its latent has %.3g numbers for each of a picture: it need not compress anything, and may simply copy.\n", share)
		}
	}
	for _, r := range t.Remarks() {
		fmt.Fprintf(s.Err, "sieve: %s\n", session.Words(r))
	}
	named := 0
	skipped := func() {
		for _, f := range t.Skipped()[named:] {
			fmt.Fprintf(s.Err, "sieve: left out: %s\n", session.Words(f))
			named++
		}
	}
	skipped()
	total := int64(tr.Spec().Steps)
	if c.Minutes > 0 {
		total = int64(c.Minutes * 60)
	}
	bar := newProgress(s, c.common, total, "Training")
	var printed time.Time
	var trouble error
	res, err := t.Run(ctx, func(r session.TrainReport) error {
		done := int64(r.Step)
		if c.Minutes > 0 {
			done = min(total, int64(r.Seconds))
		}
		bar.set(done, fmt.Sprintf("Step %d  loss %.5f  %.0f pictures/s", r.Step, r.Loss, r.PicturesPerSecond))
		if r.Trouble != nil && (trouble == nil || trouble.Error() != r.Trouble.Error()) {
			bar.say(s, "sieve: no checkpoint: %s", session.Words(r.Trouble))
		}
		trouble = r.Trouble
		if r.Val != nil && !c.Quiet && !c.JSON {
			bar.say(s, "step %6d  loss %.6f  validation %.6f  %.2f dB%s", r.Step, r.Loss, r.Val.Loss, r.Val.PSNR, natsOf(r.Val.Nats))
		}
		if c.JSON && (r.Val != nil || time.Since(printed) >= 100*time.Millisecond) {
			printed = time.Now()
			line := trainLine{
				Step: r.Step, Loss: number(r.Loss), Distortion: number(r.Distortion), Price: number(r.Price),
				PicturesASecond: r.PicturesPerSecond, Seconds: r.Seconds,
			}
			if r.Val != nil {
				line.ValLoss, line.ValPSNR = number(r.Val.Loss), number(r.Val.PSNR)
				if r.Val.Nats != 0 {
					line.ValNats = number(r.Val.Nats)
				}
			}
			printLine(s.Out, line)
		}
		return nil
	})
	bar.finish()
	skipped()
	checkpoint := c.Out + ".checkpoint"
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(s.Err, "Stopped at step %d. To go on: sieve train --resume %q --out %q\n", res.Steps, checkpoint, c.Out)
		return err
	}
	if err == nil || res.Model != "" {
		if c.JSON {
			printLine(s.Out, trainDone{Done: err == nil, Model: res.Model, Steps: res.Steps, Seconds: res.Seconds, BestStep: res.BestStep})
		} else if !c.Quiet {
			fmt.Fprintf(s.Err, "%s: the weights of step %d, validation %.2f dB%s, after %d steps in %.1f s.\n",
				filepath.Base(res.Model), res.BestStep, res.Best.Info.ValPSNR, natsOf(res.Best.Info.ValNats), res.Steps, res.Seconds)
		}
	}
	if err != nil && res.Model != "" {
		fmt.Fprintf(s.Err, "sieve: %s\n", session.Words(err))
		return exit(SomeFailed)
	}
	return err
}

// natsOf says how much it takes to tell a picture, if that is known.
func natsOf(nats float64) string {
	if nats == 0 {
		return ""
	}
	return fmt.Sprintf(", %.1f nats a picture", nats)
}

// counted says how many pictures there are.
func counted(n int) string {
	if n == 1 {
		return "1 picture"
	}
	return fmt.Sprintf("%d pictures", n)
}
