package cli

import (
	"context"

	"sieve/ui/session"
)

// halveCmd rewrites a model in half precision.
type halveCmd struct {
	common
	File string `arg:"" help:"Model or checkpoint."`
	Out  string `short:"o" required:"" help:"The model file to write." placeholder:"MODEL"`
}

func (halveCmd) Help() string {
	return "The weights are written as 16-bit numbers: half the file, and pictures that differ by less than can be seen.\n\n" +
		"Examples:\n  sieve halve mine.safetensors -o small.safetensors"
}

func (c halveCmd) Run(_ context.Context, s Streams) error {
	if err := c.threads(s, "halve"); err != nil {
		return err
	}
	if err := session.Halve(c.File, c.Out); err != nil {
		return err
	}
	if c.JSON {
		printLine(s.Out, struct {
			File string `json:"file"`
			Out  string `json:"out"`
		}{c.File, c.Out})
	}
	return nil
}
