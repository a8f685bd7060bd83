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
