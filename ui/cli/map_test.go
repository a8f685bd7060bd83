package cli

import (
	"bytes"
	"encoding/csv"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMapOfPictures lays out drawn digits and folders of pictures, one of them damaged, as a table and as a picture, and checks
// the promised fields and exit codes.
func TestMapOfPictures(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "m.safetensors")
	code, _, errs := run(t, "train", "--data", "builtin:digits", "--depth", "2", "--patch", "7", "--latent", "6", "--width", "4", "--scheme", "none", "--steps", "4", "--out", model, "--quiet")
	if code != Done {
		t.Fatal(errs)
	}
	fields := []string{"classes", "count", "divergence", "error", "failed", "knn", "labelled", "method", "out", "perplexity", "seconds", "steps"}
	pictureFields := append(slices.Clone(fields), "height", "shown", "width")
	slices.Sort(pictureFields)

	table := filepath.Join(dir, "map.csv")
	code, text, errs := run(t, "map", "builtin:digits", "--model", model, "-o", table, "--drawn", "80", "--steps", "20", "--json")
	if code != Done {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	o := objects(t, text)[0]
	if got := slices.Sorted(maps.Keys(o)); !slices.Equal(got, fields) {
		t.Errorf("fields %v, want %v", got, fields)
	}
	if o["method"] != "tsne" || o["count"] != 80. || o["labelled"] != 80. || o["steps"] != 20. || o["out"] != table || !(o["perplexity"].(float64) < 30) || !(o["error"].(float64) > 0) {
		t.Errorf("it says %v", o)
	}
	first := readFile(t, table)
	rows, err := csv.NewReader(bytes.NewReader(first)).ReadAll()
	if err != nil || len(rows) != 81 || strings.Join(rows[0], ",") != "file,label,x,y,error" || rows[1][0] != "builtin:digits#0" || rows[1][1] == "" {
		t.Errorf("%d rows, %v, %v: %v", len(rows), rows[0], rows[1], err)
	}
	run(t, "map", "builtin:digits", "--model", model, "-o", table, "--drawn", "80", "--steps", "20", "--threads", "1")
	if !bytes.Equal(first, readFile(t, table)) {
		t.Error("a second run on one processor gives another table")
	}
	run(t, "map", "builtin:digits", "--model", model, "-o", table, "--drawn", "80", "--steps", "20", "--seed", "9")
	if bytes.Equal(first, readFile(t, table)) {
		t.Error("another seed gives the same table")
	}
	code, text, errs = run(t, "map", "builtin:digits", "--model", model, "-o", table, "--drawn", "80", "--steps", "20")
	if code != Done || !strings.Contains(text, "of the labels agree") || !strings.Contains(errs, "The perplexity is 26.3: 80 pictures allow no more.") || !strings.Contains(errs, "80 pictures laid out") {
		t.Errorf("for people: exit code %d, %s%s", code, text, errs)
	}

	pictures := filepath.Join(dir, "pictures")
	for _, name := range []string{"cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.png"} {
		writePicture(t, filepath.Join(pictures, name), 28, 28)
	}
	writeFile(t, filepath.Join(pictures, "dogs", "3.png"), []byte("no picture"))
	out := filepath.Join(dir, "map.png")
	code, text, errs = run(t, "map", pictures, "--model", model, "-o", out, "--method", "pca", "--json")
	lines := objects(t, text)
	if code != SomeFailed || len(lines) != 2 || lines[0]["error"] == nil || !strings.HasSuffix(lines[0]["file"].(string), "3.png") {
		t.Fatalf("one damaged picture: exit code %d, %s%s", code, text, errs)
	}
	o = lines[1]
	if got := slices.Sorted(maps.Keys(o)); !slices.Equal(got, pictureFields) {
		t.Errorf("fields %v, want %v", got, pictureFields)
	}
	if o["perplexity"] != nil || o["steps"] != nil || o["divergence"] != nil || o["failed"] != 1. || o["classes"] != 2. || o["shown"] != "thumbnails" {
		t.Errorf("it says %v", o)
	}
	if c, err := png.DecodeConfig(bytes.NewReader(readFile(t, out))); err != nil || float64(c.Width) != o["width"] || float64(c.Height) != o["height"] {
		t.Errorf("the picture is %d × %d, it says %v × %v: %v", c.Width, c.Height, o["width"], o["height"], err)
	}

	alone := filepath.Join(pictures, "dogs", "3.png")
	for _, bad := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-o", "map.doc"}, Unusable, ".csv"},
		{[]string{"-o", table, "--method", "umap"}, Unusable, "umap"},
		{[]string{"-o", table, "--perplexity", "1"}, Unusable, "perplexity"},
		{[]string{"-o", table, "--perplexity", "0"}, Unusable, "perplexity"},
		{[]string{"-o", table, "--perplexity", "NaN"}, Unusable, "perplexity"},
		{[]string{"-o", table, "--steps", "0"}, Unusable, "steps"},
		{[]string{"-o", table, "--steps", "-3"}, Unusable, "steps"},
		{[]string{"-o", table, "--drawn", "0"}, Unusable, "drawn"},
		{[]string{"-o", table, "--pool", "max"}, Unusable, "pool"},
		{[]string{"-o", table, "--longest", "-1"}, Unusable, "longest"},
		{[]string{"-o", filepath.Join(dir, "no", "such", "map.csv")}, NothingDone, "map.csv"},
		{nil, Unusable, "--out"},
	} {
		code, text, errs := run(t, append([]string{"map", "builtin:digits", "--drawn", "20", "--model", model}, bad.args...)...)
		if code != bad.code || !strings.Contains(errs, bad.says) || text != "" && bad.code == Unusable {
			t.Errorf("%v: exit code %d, %q %q; want %d and %q", bad.args, code, text, errs, bad.code, bad.says)
		}
	}
	if code, _, errs := run(t, "map", alone, "--model", model, "-o", table); code != NothingDone || !strings.Contains(errs, "3.png") {
		t.Errorf("nothing that can be read: exit code %d, %q", code, errs)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBenchExploreNeedsDigits and says so.
func TestBenchExploreNeedsDigits(t *testing.T) {
	if code, _, errs := run(t, "bench", "explore", "--data", t.TempDir()); code != Unusable || !strings.Contains(errs, "MNIST") {
		t.Errorf("exit code %d, %q", code, errs)
	}
}
