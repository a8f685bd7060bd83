// Bench measures Sieve against PyTorch: the same networks, on this machine, in
// turns, because a machine is not as fast now as it was a minute ago. It prints
// Markdown. Without PyTorch it measures Sieve alone.
//
//	go run ./tools/bench -sieve FILE [-rounds 5] [-seconds 4] [-only a,b,c]
//
// It is run from the root of the repository. Rates are medians over the rounds of
// the medians of each.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	sieve, python string
	rounds        int
	seconds       float64
	networks      []string
}

func run(args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	m, err := survey(o.sieve)
	if err != nil {
		return err
	}
	b := bench{options: o, machine: m, torch: importsTorch(o.python)}
	if err := b.measure(progress); err != nil {
		return err
	}
	b.report(out, time.Now())
	return nil
}

func parse(args []string, usage io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.sieve, "sieve", "./sieve", "the `program` to measure")
	f.StringVar(&o.python, "python", "/usr/bin/python3", "the `program` that imports torch")
	f.IntVar(&o.rounds, "rounds", 5, "`times` that each is measured")
	f.Float64Var(&o.seconds, "seconds", 4, "`seconds` that a measurement takes")
	only := f.String("only", "a,b,c", "`networks` to measure")
	err := f.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		f.SetOutput(usage)
		f.PrintDefaults()
	}
	if err != nil {
		return o, err
	}
	o.networks = strings.Split(*only, ",")
	switch unknown := func(n string) bool { return !slices.Contains([]string{"a", "b", "c"}, n) }; {
	case f.NArg() > 0:
		return o, fmt.Errorf("%q is not a flag", f.Arg(0))
	case o.rounds < 1 || !(o.seconds > 0):
		return o, errors.New("-rounds and -seconds must be above 0")
	case slices.ContainsFunc(o.networks, unknown):
		return o, fmt.Errorf("-only %s: networks are a, b, c", *only)
	}
	o.sieve, err = filepath.Abs(o.sieve) // for it is a file, and not a command to look for
	return o, err
}
