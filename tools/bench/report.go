package main

// This file writes what came out.

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A task is a row of the table.
type task struct{ network, key, name string }

var tasks = []task{
	{"a", "train", "(a) training: digits 28×28, 64 at a time"},
	{"a", "infer", "(a) inference"},
	{"b", "train", "(b) training: patches 64×64×3, 16 at a time"},
	{"b", "infer", "(b) inference"},
	{"b", "infer_768x512", "(b) one picture of 768×512"},
	{"c", "train", "(c) training: pictures 256×256×3, 4 at a time"},
	{"c", "infer", "(c) inference"},
}

// short is the name without the details.
func (t task) short() string {
	s, _, _ := strings.Cut(t.name, ":")
	return s
}

// report writes Markdown.
func (b *bench) report(w io.Writer, now time.Time) {
	m := b.machine
	fmt.Fprintf(w, "%s, %s, kernel %s. Sieve built by %s", m.CPU, count(m.Cores, "core"), m.Kernel, runtime.Version())
	if b.torch {
		fmt.Fprintf(w, "; PyTorch %s with %s", b.version, strings.Join(tuned, " "))
	}
	fmt.Fprintf(w, ". %s. Medians of %s, in turns, %g s a measurement.\n\n", now.Format(time.DateOnly), count(b.rounds, "round"), b.seconds)
	if !b.torch {
		fmt.Fprintf(w, "PyTorch is not here (Debian calls it python3-torch), so Sieve stands alone.\n\n")
	}

	fmt.Fprint(w, "| task | PyTorch, images/s | Sieve, images/s | ratio |\n|---|---|---|---|\n")
	for _, t := range b.tasks() {
		theirs, ours := b.rate(byTorch, t), b.rate(bySieve, t)
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", t.name, figure(theirs), figure(ours), figure(ours/theirs))
	}
	fmt.Fprintln(w)

	if b.machine.Tiles == "available" {
		fmt.Fprint(w, "| task, in bf16 | Sieve, images/s | against fp32 | against PyTorch in fp32 | PyTorch in bf16, images/s |\n|---|---|---|---|---|\n")
		for _, t := range b.tasks() {
			ours := b.rate(inHalves, t)
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", t.name, figure(ours), figure(ours/b.rate(bySieve, t)), figure(ours/b.rate(byTorch, t)), figure(b.rate(theirHalf, t)))
		}
		fmt.Fprintln(w)
	}

	b.line(w, "Sieve with AVX2 alone against PyTorch as it comes", func(t task) string { return b.against(t, onAVX2, asItComes) })
	b.line(w, "PyTorch as it comes, images/s", func(t task) string { return figure(b.rate(asItComes, t)) })
	b.line(w, fmt.Sprintf("Sieve on %s against one", count(m.Cores, "thread")), func(t task) string {
		if t.key != "train" {
			return none
		}
		return b.against(t, bySieve, onOne)
	})
	b.line(w, "Sieve's share of what multiplication and addition in registers reach, %", func(t task) string {
		return figure(100 * b.median(bySieve, t, func(r rate) float64 { return r.Share }))
	})
	b.line(w, "Restless, as if the machine had other work: best and median, images/s", b.restless)

	fmt.Fprint(w, "\n| peak memory, MiB | PyTorch | PyTorch as it comes | Sieve |\n|---|---|---|---|\n")
	for _, n := range b.networks {
		fmt.Fprintf(w, "| (%s) | %s | %s | %s |\n", n, figure(b.memory(byTorch, n)), figure(b.memory(asItComes, n)), figure(b.memory(bySieve, n)))
	}
}

// tasks are those of the networks asked for.
func (b *bench) tasks() []task {
	return slices.DeleteFunc(slices.Clone(tasks), func(t task) bool { return !slices.Contains(b.networks, t.network) })
}

// line writes a figure for each task that has one.
func (b *bench) line(w io.Writer, title string, of func(task) string) {
	var parts []string
	for _, t := range b.tasks() {
		if s := of(t); s != none {
			parts = append(parts, t.short()+" "+s)
		}
	}
	if parts != nil {
		fmt.Fprintf(w, "- %s: %s.\n", title, strings.Join(parts, ", "))
	}
}

// against says how many times as fast the first setup is as the second.
func (b *bench) against(t task, one, other string) string {
	x, y := b.rate(one, t), b.rate(other, t)
	if math.IsNaN(x / y) {
		return none
	}
	return fmt.Sprintf("%s / %s = %s", figure(x), figure(y), figure(x/y))
}

// restless says of a task where its usual rate is far below its best.
func (b *bench) restless(t task) string {
	for _, s := range []string{byTorch, bySieve} {
		best := slices.Max(append(b.values(s, t, func(r rate) float64 { return r.Best }), 0))
		if usual := b.rate(s, t); usual < best/2 {
			return fmt.Sprintf("by %s %s and %s", s, figure(best), figure(usual))
		}
	}
	return none
}

func (b *bench) rate(setup string, t task) float64 {
	return b.median(setup, t, func(r rate) float64 { return r.Median })
}

// values are what the rounds say of a task.
func (b *bench) values(setup string, t task, of func(rate) float64) []float64 {
	var all []float64
	for _, r := range b.results {
		if v, ok := r.tasks[t.key]; ok && r.setup == setup && r.network == t.network {
			all = append(all, of(v))
		}
	}
	return all
}

// median returns that of the rounds, and NaN where there was none.
func (b *bench) median(setup string, t task, of func(rate) float64) float64 {
	all := b.values(setup, t, of)
	if len(all) == 0 {
		return math.NaN()
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// memory returns the most that a program took for a network, and NaN where
// nobody knows.
func (b *bench) memory(setup, network string) float64 {
	most := math.NaN()
	for _, r := range b.results {
		if r.setup == setup && r.network == network && r.memory > 0 && !(most > r.memory) {
			most = r.memory
		}
	}
	return most
}

// none stands where there is no figure.
const none = "–"

// figure writes a number with three digits or more.
func figure(v float64) string {
	switch {
	case math.IsNaN(v):
		return none
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
