package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestMain lets the tests' own program stand for Sieve and for Python.
func TestMain(m *testing.M) {
	if log := os.Getenv("BENCH_LOG"); log != "" {
		os.Exit(pretend(log, os.Getenv("BENCH_FAULT"), os.Args[1:]))
	}
	os.Exit(m.Run())
}

// pretend answers as the programs do. Each call is a line of the log, and one of
// the same kind is the third, then the second, then the fourth part of its speed.
func pretend(log, fault string, args []string) int {
	asked := strings.Join(args, " ")
	if asked == "-c import torch" {
		return len(fault) // any fault is that it is not there
	}
	if asked == "inspect --machine --json" {
		fmt.Printf(`{"cpu":"Abacus","cores":4,"kernel":"avx512","kernels":["avx512","avx2","go"],"tiles":%q}`, cmp.Or(os.Getenv("BENCH_TILES"), "missing"))
		return 0
	}
	switch fault {
	case "fails":
		fmt.Fprintln(os.Stderr, "it is too hot")
		return 3
	case "babbles":
		fmt.Println("Hello.")
		return 0
	case "is silent":
		fmt.Println("{}")
		return 0
	}
	speed := 1200.
	if args[0] != "bench" {
		speed = 120
		if os.Getenv("MALLOC_MMAP_MAX_") == "0" {
			speed = 240
			asked = "tuned " + asked
		}
	}
	past, _ := os.ReadFile(log)
	turn := 0
	for line := range strings.Lines(string(past)) {
		if line == asked+"\n" {
			turn++
		}
	}
	if err := os.WriteFile(log, append(past, asked+"\n"...), 0o600); err != nil {
		return 1
	}
	r := rate{Best: speed, Median: speed / []float64{3, 2, 4}[turn%3], Share: 0.25}
	network := args[slices.Index(args, "--only")+1]
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"torch": "9.9", "networks": map[string]any{network: map[string]rate{"train": r, "infer": r, "infer_768x512": r}},
	}); err != nil {
		return 1
	}
	return 0
}

// benched runs the whole program on pretended ones, and returns what it says, and
// the calls it made.
func benched(t *testing.T, fault string, args ...string) (report, calls string, err error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	t.Setenv("BENCH_LOG", log)
	t.Setenv("BENCH_FAULT", fault)
	var out bytes.Buffer
	err = run(append([]string{"-sieve", self, "-python", self, "-rounds", "3", "-seconds", "0.5"}, args...), &out, io.Discard)
	text, _ := os.ReadFile(log)
	return out.String(), string(text), err
}

func TestTurns(t *testing.T) {
	_, calls, err := benched(t, "", "-only", "a,b")
	if err != nil {
		t.Fatal(err)
	}
	const (
		sieve  = "bench speed --json"
		torch  = "tools/bench/reference.py --threads 4"
		both   = sieve + "@\ntuned " + torch + "@\n"
		seldom = torch + "@\n"
		onB    = sieve + " --kernel avx2@\n" + sieve + " --threads 1@\n"
	)
	on := func(network, text string) string {
		return strings.ReplaceAll(text, "@", " --only "+network+" --seconds 0.5")
	}
	whole := on("a", both+seldom) + on("b", both+seldom+onB)
	if want := whole + on("a", both) + on("b", both) + whole; calls != want {
		t.Errorf("called\n%s\nwant\n%s", calls, want)
	}
}

func TestTiles(t *testing.T) {
	t.Setenv("BENCH_TILES", "available")
	report, calls, err := benched(t, "", "-only", "c")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| task, in bf16 | Sieve, images/s |", "| (c) inference | 400 | 1.00 | 5.00 | 100 |",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
	for _, want := range []string{
		"bench speed --json --precision bf16 --only c", "tuned tools/bench/reference.py --threads 4 --bf16 --only c",
	} {
		if !strings.Contains(calls, want) {
			t.Errorf("no call of %q in\n%s", want, calls)
		}
	}
}

func TestReport(t *testing.T) {
	report, _, err := benched(t, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Abacus, 4 cores, kernel avx512. Sieve built by " + runtime.Version() + "; PyTorch 9.9 with MALLOC_MMAP_MAX_=0",
		"Medians of 3 rounds, in turns, 0.5 s a measurement.",
		// Rates of three rounds are a third, a half and a quarter.
		"| (a) training: digits 28×28, 64 at a time | 80.0 | 400 | 5.00 |",
		"| (b) one picture of 768×512 | 80.0 | 400 | 5.00 |",
		"| (c) inference | 80.0 | 400 | 5.00 |",
		// Two rounds, a third and a half.
		"- Sieve with AVX2 alone against PyTorch as it comes: (b) training 500 / 50.0 = 10.0, (b) inference",
		"- PyTorch as it comes, images/s: (a) training 50.0,",
		"- Sieve on 4 threads against one: (b) training 400 / 500 = 0.80.\n",
		"reach, %: (a) training 25.0,",
		"best and median, images/s: (a) training by PyTorch 240 and 80.0,",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("%q is not in\n%s", want, report)
		}
	}
}

func TestMemory(t *testing.T) {
	b := bench{results: []result{
		{setup: bySieve, network: "a", memory: 30},
		{setup: bySieve, network: "a", memory: 40},
		{setup: bySieve, network: "a", memory: 0},
		{setup: bySieve, network: "b", memory: 90},
	}}
	if got := b.memory(bySieve, "a"); got != 40 {
		t.Errorf("says %g, the most of three rounds is 40", got)
	}
	report, _, err := benched(t, "", "-only", "c")
	if err != nil {
		t.Fatal(err)
	}
	asked := runtime.GOOS == "linux" || runtime.GOOS == "darwin"
	if unknown := strings.Contains(report, "| (c) | – | – | – |"); unknown == asked {
		t.Errorf("on %s:\n%s", runtime.GOOS, report)
	}
}

func TestSieveAlone(t *testing.T) {
	report, calls, err := benched(t, "no torch", "-only", "b")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(calls, "reference.py") {
		t.Errorf("called\n%s", calls)
	}
	for _, want := range []string{
		"PyTorch is not here (Debian calls it python3-torch), so Sieve stands alone.",
		"| (b) inference | – | 400 | – |",
		"- Sieve on 4 threads against one: (b) training 400 / 500 = 0.80.\n",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("%q is not in\n%s", want, report)
		}
	}
	if strings.Contains(report, "as it comes:") || strings.Contains(report, "NaN") {
		t.Errorf("speaks of what was not measured:\n%s", report)
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		fault string
		args  []string
		want  string
	}{
		{"fails", nil, "exit status 3: it is too hot"},
		{"babbles", nil, `in "Hello.\n"`},
		{"is silent", nil, "says nothing of it"},
		{"", []string{"-sieve", "no such file"}, "nothing to measure"},
		{"", []string{"-only", "a,d"}, "networks are a, b, c"},
		{"", []string{"-rounds", "0"}, "must be above 0"},
		{"", []string{"-seconds", "NaN"}, "must be above 0"},
		{"", []string{"-fast"}, "not defined"},
		{"", []string{"fast"}, "not a flag"},
	} {
		report, _, err := benched(t, c.fault, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.want) || report != "" {
			t.Errorf("%s %v: %v and %q, want %s", c.fault, c.args, err, report, c.want)
		}
	}
}
