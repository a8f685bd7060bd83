package cli

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFeatures takes the features of two folders of pictures, one of them damaged, and checks
// the promised fields and exit codes.
func TestFeatures(t *testing.T) {
	dir := t.TempDir()
	model, out := filepath.Join(dir, "m.safetensors"), filepath.Join(dir, "z.npy")
	if code, _, errs := run(t, tiny("--steps", "4", "--out", model)...); code != Done {
		t.Fatal(errs)
	}
	pictures := filepath.Join(dir, "pictures")
	for _, name := range []string{"cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.png"} {
		writePicture(t, filepath.Join(pictures, name), 20, 12)
	}
	code, text, errs := run(t, "features", pictures, "--model", model, "-o", out, "--near", filepath.Join(pictures, "cats/2.png"), "--count", "3", "--json")
	if code != Done {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	lines := objects(t, text)
	o := lines[len(lines)-1]
	want := []string{"by_pca", "classes", "count", "failed", "knn", "labelled", "near", "numbers", "out", "pca", "pool", "probe", "seconds"}
	if got := slices.Sorted(maps.Keys(o)); !slices.Equal(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
	if o["count"] != 4. || o["numbers"] != 10*6*2. || o["out"] != out || o["labelled"] != 4. || o["classes"] != 2. || len(o["near"].([]any)) != 3 {
		t.Errorf("it says %v", o)
	}
	if at, err := os.Stat(out); err != nil || at.Size() != 128+4*4*120 {
		t.Errorf("the file: %v, %v", at, err)
	}

	writeFile(t, filepath.Join(pictures, "dogs/3.png"), []byte("no picture"))
	code, text, errs = run(t, "features", pictures, "--model", model, "--json")
	if lines := objects(t, text); code != SomeFailed || len(lines) != 2 || lines[0]["error"] == nil || lines[1]["failed"] != 1. {
		t.Errorf("one damaged picture: exit code %d, %s%s", code, text, errs)
	}
	code, text, errs = run(t, "features", pictures, "--model", model)
	if code != SomeFailed || !strings.Contains(text, "classified right") || !strings.Contains(errs, "dogs/3.png") {
		t.Errorf("for people: exit code %d, %s%s", code, text, errs)
	}

	for _, bad := range [][]string{
		{"features", pictures}, {"features", "--model", model}, {"features", pictures, "--model", model, "-o", "z.txt"},
		{"features", pictures, "--model", model, "--pool", "max"}, {"features", pictures, "--model", model, "--drawn", "0"},
		{"features", pictures, "--model", model, "--near", pictures + "/cats/1.png", "--count", "0"},
	} {
		if code, _, errs := run(t, bad...); code != Unusable || errs == "" {
			t.Errorf("%v: exit code %d, %q", bad, code, errs)
		}
	}
}

// TestMap draws the plane of a variational model of two numbers, and draws from it.
func TestMap(t *testing.T) {
	dir := t.TempDir()
	model, out := filepath.Join(dir, "m.safetensors"), filepath.Join(dir, "map.png")
	code, text, errs := run(t, "train", "--data", "builtin:glyphs", "--recipe", "digits-plane", "--steps", "4", "--width", "4", "--out", model, "--json")
	if code != Done {
		t.Fatal(errs)
	}
	lines := objects(t, text)
	if nats, ok := lines[len(lines)-2]["val_nats"].(float64); !ok || nats < 50 || nats > 2000 {
		t.Errorf("the last validation says %v nats a picture", lines[len(lines)-2]["val_nats"])
	}
	for _, more := range [][]string{nil, {"--sample", "--seed", "3"}, {"builtin:glyphs"}} {
		code, text, errs := run(t, append([]string{"map", "--model", model, "-o", out, "--side", "5", "--json"}, more...)...)
		if o := objects(t, text); code != Done || o[0]["width"] != 140. || o[0]["side"] != 5. || o[0]["out"] != out {
			t.Errorf("%v: exit code %d, %v %s", more, code, o, errs)
		}
	}
	for _, bad := range [][]string{{"--side", "0"}, {"--sample", "builtin:glyphs"}, {"-o", "map.txt"}} {
		if code, _, errs := run(t, append([]string{"map", "--model", model, "-o", out}, bad...)...); code != Unusable || errs == "" {
			t.Errorf("%v: exit code %d, %q", bad, code, errs)
		}
	}
}

// TestBenchFamilyNeedsDigits and knows its tasks.
func TestBenchFamilyNeedsDigits(t *testing.T) {
	for _, args := range [][]string{{"--data", t.TempDir()}, {"--only", "cats"}} {
		if code, _, errs := run(t, append([]string{"bench", "family"}, args...)...); code != Unusable || errs == "" {
			t.Errorf("%v: exit code %d, %q", args, code, errs)
		}
	}
}
