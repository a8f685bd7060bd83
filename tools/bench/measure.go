package main

// This file runs the programs in turns.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// A setup is a program that measures a network and prints JSON, run in some way.
type setup struct {
	name     string // as a reader knows it
	command  []string
	env      []string
	networks string // that it measures
	every    int    // so manieth round
	here     bool   // it can run on this machine
}

const (
	bySieve   = "Sieve"
	byTorch   = "PyTorch"
	asItComes = "PyTorch as it comes"
	onAVX2    = "Sieve with AVX2 alone"
	onOne     = "Sieve on one thread"
	inHalves  = "Sieve in bf16"
	theirHalf = "PyTorch in bf16"
)

// tuned keeps glibc from giving memory back to the system after every step, and
// with it from clearing it anew for the next: PyTorch is up to twice as fast.
var tuned = []string{"MALLOC_MMAP_MAX_=0", "MALLOC_TRIM_THRESHOLD_=8000000000", "MALLOC_TOP_PAD_=200000000"}

// setups are what is measured, in the order of turns. All but the two that the
// table compares take part in every second round.
func (b *bench) setups() []setup {
	sieve := []string{b.sieve, "bench", "speed", "--json"}
	torch := []string{b.python, "tools/bench/reference.py", "--threads", strconv.Itoa(b.machine.Cores)}
	tiles := b.machine.Tiles == "available"
	all := []setup{
		{name: bySieve, command: sieve, networks: "abc", every: 1, here: true},
		{name: inHalves, command: append(slices.Clip(sieve), "--precision", "bf16"), networks: "abc", every: 1, here: tiles},
		{name: byTorch, command: torch, env: tuned, networks: "abc", every: 1, here: b.torch},
		{name: theirHalf, command: append(slices.Clip(torch), "--bf16"), env: tuned, networks: "abc", every: 2, here: b.torch && tiles},
		{name: asItComes, command: torch, networks: "abc", every: 2, here: b.torch},
		{name: onAVX2, command: append(slices.Clip(sieve), "--kernel", "avx2"), networks: "b", every: 2, here: slices.Contains(b.machine.Kernels, "avx2")},
		{name: onOne, command: append(slices.Clip(sieve), "--threads", "1"), networks: "b", every: 2, here: b.machine.Cores > 1},
	}
	return slices.DeleteFunc(all, func(s setup) bool { return !s.here })
}

// A machine is what `sieve inspect --machine` says.
type machine struct {
	CPU     string
	Cores   int
	Kernel  string
	Kernels []string
	Tiles   string // whether there are any: "available", or why not
}

func survey(sieve string) (machine, error) {
	var m machine
	if _, err := os.Stat(sieve); err != nil {
		return m, fmt.Errorf("nothing to measure: %w; make bench builds it", err)
	}
	_, err := ask(exec.Command(sieve, "inspect", "--machine", "--json"), &m)
	return m, err
}

func importsTorch(python string) bool { return exec.Command(python, "-c", "import torch").Run() == nil }

// A rate is how fast a task went.
type rate struct {
	Best   float64 `json:"images_per_s_best"`
	Median float64 `json:"images_per_s_median"`
	Share  float64 `json:"share"` // of the ceiling; Sieve alone knows it
}

// A result is what a program said of one network, and the memory that it took.
type result struct {
	setup, network string
	tasks          map[string]rate
	memory         float64 // MiB at its peak; 0 where the system does not say
}

// A bench is what was asked, and what came out so far.
type bench struct {
	options
	machine machine
	torch   bool   // is there
	version string // of it
	results []result
}

// measure lets the setups take turns on each network, round by round.
func (b *bench) measure(progress io.Writer) error {
	for round := range b.rounds {
		for _, network := range b.networks {
			for _, s := range b.setups() {
				if round%s.every != 0 || !strings.Contains(s.networks, network) {
					continue
				}
				fmt.Fprintf(progress, "round %d of %d: (%s) %s\n", round+1, b.rounds, network, s.name)
				if err := b.one(s, network); err != nil {
					return fmt.Errorf("(%s) %s: %w", network, s.name, err)
				}
			}
		}
	}
	return nil
}

// one measures a network once.
func (b *bench) one(s setup, network string) error {
	args := append(slices.Clip(s.command[1:]), "--only", network, "--seconds", fmt.Sprint(b.seconds))
	cmd := exec.Command(s.command[0], args...)
	cmd.Env = append(os.Environ(), s.env...)
	var said struct {
		Torch    string
		Networks map[string]map[string]rate
	}
	memory, err := ask(cmd, &said)
	if err != nil {
		return err
	}
	if len(said.Networks[network]) == 0 {
		return fmt.Errorf("%s says nothing of it", cmd)
	}
	b.version = max(b.version, said.Torch)
	b.results = append(b.results, result{s.name, network, said.Networks[network], memory})
	return nil
}

// ask runs a program that prints JSON, and returns the memory that it took in MiB.
func ask(cmd *exec.Cmd, into any) (memory float64, err error) {
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return 0, fmt.Errorf("%s: %w: %s", cmd, err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(out, into); err != nil {
		return 0, fmt.Errorf("%s: %w, in %.100q", cmd, err, out)
	}
	return peak(cmd.ProcessState), nil
}
