package cli

import (
	"context"
	"fmt"

	"sieve/ui/session"
)

// inspectCmd tells what a file is, or what this machine can do.
type inspectCmd struct {
	common
	File    string `arg:"" optional:"" help:"Model (a file or a shipped one), checkpoint, picture, set of small pictures, or lesson."`
	Machine bool   `help:"Tell which kernels run on this machine, and why."`
}

func (inspectCmd) Help() string {
	return "Examples:\n  sieve inspect mine.safetensors\n  sieve inspect photo.jpg --json\n  sieve inspect --machine"
}

func (c inspectCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "inspect"); err != nil {
		return err
	}
	if c.Machine == (c.File != "") {
		return usage(s, "inspect", "name one file, or --machine")
	}
	var object any
	var facts []session.Fact
	if c.Machine {
		m := session.Machine()
		object, facts = m, m.Facts()
	} else {
		in, err := session.Inspect(ctx, c.File, c.limits())
		if err != nil {
			return err
		}
		object, facts = in, in.Facts()
	}
	if c.JSON {
		printLine(s.Out, object)
		return nil
	}
	for _, f := range facts {
		fmt.Fprintf(s.Out, "%-16s %s\n", f.Name, f.Value)
	}
	return nil
}
