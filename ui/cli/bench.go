package cli

import (
	"context"
	"fmt"

	"sieve/ui/session"
)

// benchCmd measures this machine.
type benchCmd struct {
	Speed speedCmd `cmd:"" help:"Measure how fast networks train and infer."`
}

func (benchCmd) Help() string {
	return "Examples:\n  sieve bench speed\n  sieve bench speed --json"
}

// speedCmd trains and infers three networks of fixed shape.
type speedCmd struct {
	common
	Kernel  string   `help:"Kernel of convolutions, instead of the fastest: avx512, avx2, neon or go." placeholder:"NAME"`
	Only    []string `help:"Networks to measure, instead of all: a, b, c." placeholder:"a,b,c"`
	Seconds float64  `help:"How long a measurement takes." default:"4"`
}

func (speedCmd) Help() string {
	return "(a) is an autoencoder of 28×28 digits, (b) a denoiser of 64×64 colour patches with skips, and of one picture of " +
		"768×512, (c) a compressor of 256×256 colour pictures. Rates count what the definition of a network needs: a convolution " +
		"that saves multiplications can go beyond the ceiling.\n\n" +
		"Examples:\n  sieve bench speed\n  sieve bench speed --threads 1 --only b --json\n  sieve bench speed --kernel avx2"
}

func (c speedCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "bench speed"); err != nil {
		return err
	}
	if !(c.Seconds > 0 && c.Seconds <= 3600) {
		return usage(s, "bench speed", "--seconds must be above 0 and at most 3600")
	}
	names := map[string]string{"train": "training", "infer": "inference", "infer_768x512": "one 768×512"}
	say := func(network, what string, r session.SpeedRate) {
		if !c.JSON {
			fmt.Fprintf(s.Out, "(%s) %-12s batch %-3d %10.2f images/s median %10.2f best %8.1f GFLOPS %6.1f %% of the ceiling, %g allocations\n",
				network, names[what], r.Batch, r.Median, r.Best, r.GFLOPS, 100*r.Share, r.Allocs)
		}
	}
	report, err := session.Speed(ctx, session.SpeedJob{Kernel: c.Kernel, Networks: c.Only, Seconds: c.Seconds}, say)
	if err != nil {
		return err
	}
	if c.JSON {
		printLine(s.Out, report)
		return nil
	}
	fmt.Fprintf(s.Out, "%s, %d of %d cores, kernel %s: ceiling %.1f GFLOPS on one, %.1f on all; peak memory %.0f MiB\n",
		report.Machine.CPU, report.Threads, report.Machine.Cores, report.Machine.Kernel, report.Ceiling.One, report.Ceiling.All, report.PeakRSS)
	return nil
}
