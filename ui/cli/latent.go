package cli

import (
	"context"
	"fmt"
	"strconv"

	"sieve/ui/session"
)

// encodeCmd takes the latent out of a picture.
type encodeCmd struct {
	common
	In        string `arg:"" name:"in" help:"A picture."`
	Out       string `short:"o" required:"" help:"Where its latent goes: an array of rows, columns and channels for numpy.load. What decoding needs beside it is written to Z.json." placeholder:"Z.npy"`
	Model     string `help:"Shipped model (${models}) or model file." placeholder:"NAME|FILE"`
	Sigma     string `help:"Noise in levels of 255, which the model is told: auto (estimated from the picture) or a number." default:"auto" placeholder:"auto|N"`
	Overwrite bool   `help:"Replace files that are there already."`
}

func (encodeCmd) Help() string {
	return "The latent of a picture: what a variational model draws is its mean, and what a quantised one rounds is rounded. Any program that knows NumPy's format may change the " +
		"numbers; “sieve decode” makes a picture of them again.\n\n" +
		"Examples:\n" +
		"  sieve encode digit.png -o z.npy --model digits.safetensors\n" +
		"  sieve encode night.jpg -o z.npy --model photo --sigma 25"
}

// latentLine is the line of --json.
type latentLine struct {
	File    string  `json:"file"`
	Out     string  `json:"out"`
	Model   string  `json:"model"`
	ID      string  `json:"id"`
	Shape   []int   `json:"shape"`
	Height  int     `json:"height"`
	Width   int     `json:"width"`
	Level   float64 `json:"level"`
	Picture bool    `json:"with_picture"` // the decoder also needs the picture
	Broken  *int    `json:"broken,omitempty"`
	Where   *[4]int `json:"broken_in,omitempty"` // the columns and rows that hold them: from, from, before, before
}

func newLatentLine(in, out string, n session.LatentNote) latentLine {
	return latentLine{File: in, Out: out, Model: n.Model, ID: n.ID, Shape: n.Shape, Height: n.Height, Width: n.Width, Level: n.Level, Picture: n.Picture}
}

func (c encodeCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "encode"); err != nil {
		return err
	}
	job := session.EncodeJob{In: c.In, Out: c.Out, Model: c.Model, Repair: session.DefaultRepair, Overwrite: c.Overwrite, Limits: c.limits()}
	if c.Sigma != "auto" {
		sigma, err := strconv.ParseFloat(c.Sigma, 64)
		if err != nil || !(sigma >= 0) {
			return usage(s, "encode", "--sigma is auto or a number, such as 25")
		}
		job.Repair.Sigma = sigma
	}
	bar := newProgress(s, c.common, -1, "Encoding")
	note, err := session.Encode(ctx, job, func(done, _ int) { bar.set(int64(done), "Encoding") })
	bar.finish()
	if err != nil {
		return err
	}
	if c.JSON {
		printLine(s.Out, newLatentLine(c.In, c.Out, note))
	} else if !c.Quiet {
		fmt.Fprintf(s.Err, "%s: %d × %d cells of %d numbers.\n", c.Out, note.Shape[1], note.Shape[0], note.Shape[2])
		if note.Picture {
			fmt.Fprintf(s.Err, "This is not all that the model's decoder sees. To decode it, name the picture, too: sieve decode %s --with %s -o OUT\n", c.Out, c.In)
		}
	}
	return nil
}

// decodeCmd makes a picture of a latent.
type decodeCmd struct {
	common
	In        string `arg:"" name:"in" help:"A latent that sieve encode wrote, perhaps with other numbers in it. The file of the same name that ends in .json lies beside it." placeholder:"Z.npy"`
	Out       string `short:"o" required:"" help:"Picture to write." placeholder:"OUT"`
	Model     string `help:"Shipped model (${models}) or model file. By default the one that the latent was made with." placeholder:"NAME|FILE"`
	With      string `help:"The picture that the latent was made of, for models whose decoder sees more than the latent: those with skip connections, or that add to the picture." placeholder:"IN"`
	Depth     int    `help:"Bits a sample, 8 or 16; by default as the picture --with, or 8." default:"0" placeholder:"8|16"`
	Overwrite bool   `help:"Replace a file that is there already."`
}

func (decodeCmd) Help() string {
	return "The picture that a model makes of a latent. Where no number was changed, it is the model's reconstruction.\n\n" +
		"Examples:\n" +
		"  sieve decode z.npy -o digit.png\n" +
		"  sieve decode z.npy -o night-clean.png --with night.jpg"
}

func (c decodeCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "decode"); err != nil {
		return err
	}
	job := session.DecodeJob{In: c.In, Out: c.Out, Model: c.Model, With: c.With, Depth: c.Depth, Overwrite: c.Overwrite, Limits: c.limits()}
	bar := newProgress(s, c.common, -1, "Decoding")
	r, err := session.Decode(ctx, job, func(done, _ int) { bar.set(int64(done), "Decoding") })
	bar.finish()
	if err != nil {
		return err
	}
	if c.JSON {
		line := newLatentLine(c.In, c.Out, r.LatentNote)
		line.Broken = &r.Broken
		if at := r.Where; r.Broken > 0 {
			line.Where = &[4]int{at.Left, at.Top, at.Right, at.Bottom}
		}
		printLine(s.Out, line)
	} else if !c.Quiet {
		fmt.Fprintf(s.Err, "%s: %d × %d pixels.\n", c.Out, r.Width, r.Height)
		if r.Broken > 0 {
			fmt.Fprintf(s.Err, "%d numbers of it left all bounds, and are black or white: columns %d to %d, rows %d to %d. The latent is too far from those of pictures there.\n",
				r.Broken, r.Where.Left, r.Where.Right-1, r.Where.Top, r.Where.Bottom-1)
		}
	}
	return nil
}
