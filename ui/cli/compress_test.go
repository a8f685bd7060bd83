package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// codec is a model that compresses.
const codec = "../session/testdata/golden/codec.safetensors"

// TestCompressExpandInspect takes pictures there and back, with the fields that are
// promised.
func TestCompressExpandInspect(t *testing.T) {
	dir := t.TempDir()
	in, small, back := filepath.Join(dir, "in"), filepath.Join(dir, "small"), filepath.Join(dir, "back")
	writePicture(t, filepath.Join(in, "a.png"), 50, 40)
	writePicture(t, filepath.Join(in, "b.png"), 33, 70)
	writeFile(t, filepath.Join(in, "c.png"), []byte("no picture"))
	code, out, errs := run(t, "compress", in, "-o", small, "--model", codec, "--quality", "50", "--effort", "1", "--json")
	if code != SomeFailed {
		t.Fatal(code, out, errs)
	}
	good := 0
	for _, o := range objects(t, out) {
		if o["error"] != nil {
			if o["out"] != nil || o["file"] != filepath.Join(in, "c.png") {
				t.Errorf("%v", o)
			}
			continue
		}
		good++
		at, err := os.Stat(o["out"].(string))
		if err != nil || o["bytes"].(float64) != float64(at.Size()) || !(o["bpp"].(float64) > 0) || !(o["psnr"].(float64) > 5) || !(o["seconds"].(float64) > 0) || o["quality"] != 50.0 {
			t.Errorf("%v: %v", o, err)
		}
	}
	if good != 2 {
		t.Errorf("%d pictures are done", good)
	}
	one := filepath.Join(small, "a.sieve")
	code, out, errs = run(t, "expand", small, "-o", back, "--model", codec, "--json")
	if code != Done || len(objects(t, out)) != 2 {
		t.Errorf("%d: %s%s", code, out, errs)
	}
	if code, out, errs = run(t, "expand", one, "-o", filepath.Join(dir, "x.png"), "--json"); code != NothingDone {
		t.Errorf("without its model: %d: %s%s", code, out, errs)
	}
	code, out, errs = run(t, "inspect", one, "--json")
	o := objects(t, out)
	if code != Done || len(o) != 1 || o[0]["kind"] != "compressed" || o[0]["compressed"].(map[string]any)["width"] != 50.0 {
		t.Errorf("%d: %s%s", code, out, errs)
	}
	code, out, errs = run(t, "bench", "compress", filepath.Join(dir, "none"), "--model", codec)
	if code == Done || errs == "" {
		t.Errorf("no folder: %d, %s%s", code, out, errs)
	}
	os.Remove(filepath.Join(in, "c.png"))
	plot := filepath.Join(dir, "curves.svg")
	code, out, errs = run(t, "bench", "compress", in, "--model", codec, "--quality", "0,25,50,75,100", "--effort", "1", "--plot", plot, "--json", "--quiet")
	if code != Done {
		t.Fatal(code, out, errs)
	}
	r := objects(t, out)[0]
	for _, name := range []string{"sieve", "sieve_effort", "jpeg", "webp"} {
		points := r["codecs"].(map[string]any)[name].([]any)
		p := points[len(points)-1].(map[string]any)
		for _, field := range []string{"quality", "bpp", "psnr", "ms_ssim", "encode_s", "decode_s"} {
			if v, ok := p[field].(float64); !ok || v <= 0 {
				t.Errorf("%s: %s is %v", name, field, p[field])
			}
		}
	}
	if r["pictures"] != 2.0 || r["bd_rate"] == nil || r["peak_rss_mib"] == nil {
		t.Errorf("%v", r)
	}
	if at, err := os.Stat(plot); err != nil || at.Size() < 1000 {
		t.Error(err)
	}
}

// TestCompressArguments refuses what excludes or exceeds.
func TestCompressArguments(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	writePicture(t, path, 20, 20)
	for _, args := range [][]string{
		{"--quality", "50", "--bytes", "1000"}, {"--quality", "101"}, {"--psnr", "-3"}, {"--bytes", "-1"}, {"--effort", "10"},
	} {
		if code, _, errs := run(t, append([]string{"compress", path, "-o", filepath.Join(dir, "a.sieve"), "--model", codec}, args...)...); code != Unusable || errs == "" {
			t.Errorf("%v: %d, %s", args, code, errs)
		}
	}
	if code, _, errs := run(t, "compress", path, "-o", filepath.Join(dir, "a.zip"), "--model", codec); code != Unusable || errs == "" {
		t.Errorf("another ending: %d, %s", code, errs)
	}
	if code, _, errs := run(t, "compress", path, "-o", filepath.Join(dir, "a.sieve"), "--model", "denoise"); code != NothingDone && code != Unusable || errs == "" {
		t.Errorf("a model that has no codec: %d, %s", code, errs)
	}
}
