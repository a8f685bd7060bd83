package cli

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEncodeDecode takes a picture to numbers and back, and checks the promised fields and
// exit codes.
func TestEncodeDecode(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if code, _, errs := run(t, tiny("--steps", "4", "--out", at("m.safetensors"))...); code != Done {
		t.Fatal(errs)
	}
	writePicture(t, at("in.png"), 20, 12)
	code, text, errs := run(t, "encode", at("in.png"), "-o", at("z.npy"), "--model", at("m.safetensors"), "--json")
	if code != Done {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	o := objects(t, text)[0]
	want := []string{"file", "height", "id", "level", "model", "out", "shape", "width", "with_picture"}
	if got := slices.Sorted(maps.Keys(o)); !slices.Equal(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
	if o["height"] != 12. || o["width"] != 20. || o["with_picture"] != false {
		t.Errorf("it says %v", o)
	}
	code, text, errs = run(t, "decode", at("z.npy"), "-o", at("out.png"), "--json")
	if code != Done || objects(t, text)[0]["broken"] != 0. {
		t.Fatalf("exit code %d: %s%s", code, text, errs)
	}
	if info, err := os.Stat(at("out.png")); err != nil || info.Size() == 0 {
		t.Error(err)
	}
	code, text, errs = run(t, "encode", at("in.png"), "-o", at("y.npy"), "--model", "photo")
	if code != Done || text != "" || !strings.Contains(errs, "--with") {
		t.Errorf("for people: exit code %d, %s%s", code, text, errs)
	}
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{NothingDone, "--with", []string{"decode", at("y.npy"), "-o", at("y.png")}},
		{NothingDone, "--model", []string{"decode", at("z.npy"), "-o", at("y.png"), "--model", "photo"}},
		{NothingDone, "already", []string{"decode", at("z.npy"), "-o", at("out.png")}},
		{Unusable, ".npy", []string{"encode", at("in.png"), "-o", at("z.csv"), "--model", at("m.safetensors")}},
		{Unusable, ".png", []string{"decode", at("z.npy"), "-o", at("z.xyz")}},
		{Unusable, "--sigma", []string{"encode", at("in.png"), "-o", at("q.npy"), "--sigma", "much"}},
		{Unusable, "-o", []string{"encode", at("in.png")}},
	} {
		if code, _, errs := run(t, c.args...); code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%v: exit code %d, want %d: %q", c.args, code, c.code, errs)
		}
	}
}
