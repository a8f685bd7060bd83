package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sieve/ui/session"
)

// run runs a command and returns what it printed.
func run(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	return runIn(t.Context(), new(bytes.Buffer), args...)
}

func runIn(ctx context.Context, stdout *bytes.Buffer, args ...string) (code int, out, errs string) {
	var stderr bytes.Buffer
	code = Run(ctx, "test", args, Streams{Out: stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

// tiny are flags of a training that takes no time.
func tiny(more ...string) []string {
	return append([]string{"train", "--data", "builtin:shapes", "--width", "4", "--latent", "2", "--depth", "1", "--batch", "2", "--crop", "16",
		"--check", "4", "--warmup", "0"}, more...)
}

// objects parses a JSON object from every line.
func objects(t *testing.T, out string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(out) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		all = append(all, o)
	}
	return all
}

func writePicture(t *testing.T, path string, w, h int) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(5 * x), uint8(7 * y), 128, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, b.Bytes())
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestTrainDenoiseInspect goes once through everything and checks the promised
// fields.
func TestTrainDenoiseInspect(t *testing.T) {
	dir := t.TempDir()
	model, in, out := filepath.Join(dir, "m.safetensors"), filepath.Join(dir, "in.png"), filepath.Join(dir, "out.png")
	code, text, errs := run(t, tiny("--steps", "8", "--out", model, "--json")...)
	if code != Done {
		t.Fatalf("train: exit code %d: %s", code, errs)
	}
	lines := objects(t, text)
	last := lines[len(lines)-1]
	if last["done"] != true || last["model"] != model || last["steps"] != 8. || last["seconds"] == nil || last["best_step"] == nil {
		t.Errorf("the last line is %v", last)
	}
	want := []string{"distortion", "images_per_s", "loss", "price", "seconds", "step", "val_loss", "val_psnr"}
	if got := slices.Sorted(maps.Keys(lines[len(lines)-2])); !slices.Equal(got, want) {
		t.Errorf("a line with a validation has the fields %v, want %v", got, want)
	}
	if _, err := os.Stat(model + ".checkpoint"); err == nil {
		t.Error("a finished run leaves its checkpoint")
	}

	writePicture(t, in, 37, 21)
	code, text, errs = run(t, "denoise", in, "-o", out, "--model", model, "--json")
	if code != Done {
		t.Fatalf("denoise: exit code %d: %s", code, errs)
	}
	if o := objects(t, text)[0]; o["file"] != in || o["out"] != out || o["seconds"] == nil {
		t.Errorf("denoise printed %v", o)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := png.DecodeConfig(bytes.NewReader(b)); err != nil || c.Width != 37 || c.Height != 21 {
		t.Errorf("the result is %d × %d, %v; want 37 × 21", c.Width, c.Height, err)
	}

	for _, file := range []string{model, in} {
		code, text, _ = run(t, "inspect", file, "--json")
		if o := objects(t, text); code != Done || len(o) != 1 || o[0]["file"] != file {
			t.Errorf("inspect: exit code %d, %v", code, o)
		}
	}
	if code, text, _ = run(t, "inspect", "--machine"); code != Done || !strings.Contains(text, "avx512") || !strings.Contains(text, "made for other processors") {
		t.Errorf("inspect --machine: exit code %d, %s", code, text)
	}
}

// cancelWriter cancels when a text has been written through it.
type cancelWriter struct {
	bytes.Buffer
	at     string
	cancel func()
}

func (w *cancelWriter) Write(b []byte) (int, error) {
	if strings.Contains(string(b), w.at) {
		w.cancel()
	}
	return w.Buffer.Write(b)
}

// TestInterruptedRunGoesOn interrupts a training and compares what comes of
// resuming it with an unbroken run.
func TestInterruptedRunGoesOn(t *testing.T) {
	dir := t.TempDir()
	whole, broken := filepath.Join(dir, "whole.safetensors"), filepath.Join(dir, "broken.safetensors")
	if code, _, errs := run(t, tiny("--steps", "12", "--out", whole, "--quiet")...); code != Done {
		t.Fatal(errs)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stderr bytes.Buffer
	out := &cancelWriter{at: `"step":4,`, cancel: cancel}
	if code := Run(ctx, "test", tiny("--steps", "12", "--out", broken, "--json"), Streams{Out: out, Err: &stderr}); code != Interrupted {
		t.Fatalf("interrupted: exit code %d: %s", code, &stderr)
	}
	if _, err := os.Stat(broken); err == nil {
		t.Error("an interrupted run leaves a model")
	}
	if code, _, errs := run(t, "train", "--resume", broken+".checkpoint", "--out", broken, "--quiet"); code != Done {
		t.Fatalf("resume: exit code %d: %s", code, errs)
	}
	a, _ := os.ReadFile(whole)
	b, _ := os.ReadFile(broken)
	if len(a) == 0 || !bytes.Equal(a, b) {
		t.Errorf("a resumed run gives %d bytes that differ from the %d of an unbroken one", len(b), len(a))
	}
}

// TestThreadsDoNotShow trains with one processor and with all.
func TestThreadsDoNotShow(t *testing.T) {
	dir := t.TempDir()
	var models [][]byte
	for _, n := range []string{"1", "3"} {
		out := filepath.Join(dir, n)
		if code, _, errs := run(t, tiny("--steps", "6", "--out", out, "--threads", n)...); code != Done {
			t.Fatal(errs)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, b)
	}
	if !bytes.Equal(models[0], models[1]) {
		t.Error("the model depends on --threads")
	}
}

// TestExitCodes goes through the promised ones.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	good, bad, empty := filepath.Join(dir, "mixed", "good.png"), filepath.Join(dir, "mixed", "bad.png"), filepath.Join(dir, "empty")
	writePicture(t, good, 9, 9)
	writeFile(t, bad, []byte("no picture"))
	if err := os.Mkdir(empty, 0o777); err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(dir, "m.safetensors")
	if code, _, errs := run(t, tiny("--steps", "1", "--out", model, "--quiet")...); code != Done {
		t.Fatal(errs)
	}
	out := func(name string) string { return filepath.Join(dir, "out", name) }
	for _, tc := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no such command", []string{"denoise", "--no-such-flag"}, Unusable, "--help"},
		{"nothing to denoise", []string{"denoise", "-o", "x"}, Unusable, "in"},
		{"nothing to learn from", []string{"train", "--steps", "1", "--out", model}, Unusable, "--data"},
		{"no end", tiny("--out", model), Unusable, "--minutes"},
		{"an impossible setting", tiny("--steps", "1", "--out", model, "--kernel", "4"), Unusable, "kernel"},
		{"an unreadable scheme", tiny("--steps", "1", "--out", model, "--scheme", "rain:3"), Unusable, "rain"},
		{"no such recipe", []string{"train", "--data", "builtin:leaves", "--recipe", "soup", "--out", model}, Unusable, "soup"},
		{"no such data", []string{"train", "--data", filepath.Join(dir, "none"), "--steps", "1", "--out", model}, NothingDone, "none"},
		{"an empty folder", []string{"train", "--data", empty, "--steps", "1", "--out", model}, NothingDone, "empty"},
		{"one good and one bad", []string{"denoise", filepath.Join(dir, "mixed"), "-o", out("a"), "--model", model}, SomeFailed, "bad.png"},
		{"only bad", []string{"denoise", bad, "-o", out("b.png"), "--model", model}, NothingDone, "bad.png"},
		{"onto an existing file", []string{"denoise", good, "-o", good, "--model", model}, NothingDone, "good.png"},
		{"not a model", []string{"denoise", good, "-o", out("c.png"), "--model", bad}, NothingDone, "bad.png"},
		{"inspect nothing", []string{"inspect"}, Unusable, "--machine"},
		{"bench kernel", []string{"bench", "speed", "--kernel", "mmx"}, Unusable, "one that runs here"},
		{"bench network", []string{"bench", "speed", "--only", "d"}, Unusable, "one of a, b, c"},
		{"bench precision", []string{"bench", "speed", "--precision", "fp16"}, Unusable, "fp32, bf16 or bf16!"},
		{"bench alone precision", []string{"bench", "denoise", "x", "--alone", "--precision", "bf16"}, Unusable, "--alone learns in fp32"},
		{"train precision", []string{"train", "--data", "builtin:digits", "--steps", "1", "--out", "x", "--precision", "fp32!"}, Unusable, "fp32, bf16 or bf16!"},
		{"denoise precision", []string{"denoise", "x.png", "-o", "y.png", "--precision", "half"}, Unusable, "fp32, bf16 or bf16!"},
		{"bench seconds", []string{"bench", "speed", "--seconds", "0"}, Unusable, "--seconds"},
		{"bench threads", []string{"bench", "speed", "--threads", "-1"}, Unusable, "--threads"},
		{"inspect a bad file", []string{"inspect", bad}, NothingDone, "bad.png"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, stdout, errs := run(t, tc.args...)
			if code != tc.code || !strings.Contains(errs, tc.says) {
				t.Errorf("exit code %d, want %d; it says %q, want a word of %q", code, tc.code, errs, tc.says)
			}
			if stdout != "" {
				t.Errorf("standard output holds %q", stdout)
			}
		})
	}
}

// TestDivergenceIsSaid trains with a rate of 1000.
func TestDivergenceIsSaid(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	code, _, errs := run(t, tiny("--steps", "400", "--out", out, "--rate", "1000", "--quiet")...)
	if code == Done || !strings.Contains(errs, "diverged at step") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// TestBadFilesAreNamedInTraining trains on three good pictures and two bad.
func TestBadFilesAreNamedInTraining(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.png", "b.png", "sub/c.png"} {
		writePicture(t, filepath.Join(dir, "in", name), 40, 30)
	}
	writeFile(t, filepath.Join(dir, "in", "d.png"), nil)
	writeFile(t, filepath.Join(dir, "in", "sub", "e.jpg"), []byte("words"))
	out := filepath.Join(dir, "m.safetensors")
	code, _, errs := run(t, tiny("--data", filepath.Join(dir, "in"), "--steps", "2", "--out", out)...)
	if code != Done || !strings.Contains(errs, "d.png") || !strings.Contains(errs, "e.jpg") || !strings.Contains(errs, "3 pictures") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// TestBenchSpeed measures for a moment and looks for everything that the JSON
// promises.
func TestBenchSpeed(t *testing.T) {
	code, out, errs := run(t, "bench", "speed", "--only", "a", "--seconds", "0.01", "--kernel", "go", "--threads", "1", "--json")
	if code != Done {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var report session.SpeedReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if report.Machine.Kernel != "go" || report.Machine.Cores < 1 || report.Threads != 1 || report.Ceiling.One <= 0 || report.Ceiling.All <= 0 {
		t.Errorf("reported %+v", report)
	}
	for _, what := range []string{"train", "infer"} {
		r, ok := report.Networks["a"][what]
		if !ok || r.Batch != 64 || r.Median <= 0 || r.Best < r.Median || r.GFLOPS <= 0 || r.Share <= 0 {
			t.Errorf("%s: %+v", what, r)
		}
	}
	if len(report.Networks) != 1 {
		t.Errorf("measured %d networks, want one", len(report.Networks))
	}
	if code, out, _ := run(t, "bench", "speed", "--only", "a", "--seconds", "0.01"); code != Done || !strings.Contains(out, "images/s") || !strings.Contains(out, "ceiling") {
		t.Errorf("exit code %d, printed %q", code, out)
	}
}

// TestHelpHasExamples asks every command.
func TestHelpHasExamples(t *testing.T) {
	for _, command := range Commands() {
		if code, out, _ := run(t, command, "--help"); code != Done || !strings.Contains(out, "Examples:") {
			t.Errorf("%s --help: exit code %d, no examples in %q", command, code, out)
		}
	}
	if code, out, _ := run(t, "--version"); code != Done || !strings.Contains(out, "sieve test") {
		t.Errorf("--version: exit code %d, %q", code, out)
	}
}

// TestWanted tells commands from files.
func TestWanted(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want bool
	}{{nil, false}, {[]string{"photo.jpg"}, false}, {[]string{"train"}, true}, {[]string{"--help"}, true}, {[]string{"./train"}, false}} {
		if got := Wanted(tc.args); got != tc.want {
			t.Errorf("%q: %v, want %v", tc.args, got, tc.want)
		}
	}
}

// TestDetect trains on good pictures alone and judges others, and checks the promised
// fields.
func TestDetect(t *testing.T) {
	dir := t.TempDir()
	for i := range 12 {
		writePicture(t, filepath.Join(dir, "good", string(rune('a'+i))+".png"), 24+i, 20)
	}
	writeFile(t, filepath.Join(dir, "bad", "z.png"), []byte("no picture"))
	writePicture(t, filepath.Join(dir, "bad", "y.png"), 30, 30)
	m := filepath.Join(dir, "m.safetensors")
	if code, _, errs := run(t, "train", "--data", filepath.Join(dir, "good"), "--recipe", "detect", "--width", "4", "--depth", "1", "--crop", "16", "--steps", "10", "--out", m, "--quiet"); code != Done {
		t.Fatalf("train: %d, %s", code, errs)
	}
	code, out, _ := run(t, "inspect", m)
	if code != Done || !strings.Contains(out, "Good pictures") {
		t.Errorf("inspect: %d, %s", code, out)
	}
	code, out, errs := run(t, "detect", "--model", m, filepath.Join(dir, "good"), filepath.Join(dir, "bad"), "-o", filepath.Join(dir, "out"), "--json")
	if code != SomeFailed || !strings.Contains(errs, "AUROC") || !strings.Contains(errs, filepath.Join("bad", "z.png")) {
		t.Errorf("detect: %d, %s", code, errs)
	}
	lines := objects(t, out)
	if len(lines) != 15 {
		t.Fatalf("%d lines for 14 pictures", len(lines))
	}
	for _, l := range lines[:14] {
		if l["error"] != nil {
			continue
		}
		for _, field := range []string{"file", "out", "seconds", "score", "anomalous", "label"} {
			if l[field] == nil {
				t.Errorf("%v has no %s", l, field)
			}
		}
	}
	if last := lines[14]; last["done"] != true || last["threshold"] == nil || last["auroc"] == nil {
		t.Errorf("the last line is %v", last)
	}
	for _, args := range [][]string{
		{"--threshold", "NaN"}, {"--threshold", "-1"}, {"--threshold", "high"}, {"--quantile", "2"}, {"--quantile", "0"},
	} {
		if code, _, errs := run(t, append([]string{"detect", "--model", m, dir, "-o", filepath.Join(dir, "o.csv")}, args...)...); code != Unusable {
			t.Errorf("%v: %d, %s", args, code, errs)
		}
	}
	if code, _, errs := run(t, "detect", "--model", "gaussian", dir, "-o", filepath.Join(dir, "o.csv")); code != NothingDone || !strings.Contains(errs, "--good") {
		t.Errorf("a model that knows no good pictures: %d, %s", code, errs)
	}
}
