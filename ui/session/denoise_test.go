package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// batchOf runs a job and returns its reports of finished pictures, by file.
func batchOf(t *testing.T, job DenoiseJob) (map[string]DenoiseReport, Summary) {
	t.Helper()
	reports := map[string]DenoiseReport{}
	var last DenoiseReport
	sum, err := Denoise(context.Background(), job, func(r DenoiseReport) {
		if r.Done < last.Done || r.Done > r.Total {
			t.Errorf("%d of %d pixels after %d", r.Done, r.Total, last.Done)
		}
		last = r
		if r.Finished {
			reports[filepath.Base(r.File)] = r
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if last.Done != last.Total {
		t.Errorf("at the end %d of %d pixels are done", last.Done, last.Total)
	}
	return reports, sum
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return names
}

func TestOneBadFileDoesNotEndABatch(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "in", "out") // results within: never inputs
	paintFile(t, filepath.Join(in, "a.png"), 1, 50, 3, 8)
	write(t, filepath.Join(in, "b.png"), "no picture")
	paintFile(t, filepath.Join(in, "deep", "er", "c.jpg"), 2, 30, 1, 8)
	paintFile(t, filepath.Join(in, "deep", "d.tif"), 3, 30, 3, 16)
	write(t, filepath.Join(in, ".hidden.png"), "hidden")
	write(t, filepath.Join(in, "notes.txt"), "no picture")
	job := DenoiseJob{In: []string{in}, Out: out, Model: tinyFile(t, 3)}
	reports, sum := batchOf(t, job)
	if sum.Done != 3 || sum.Failed != 1 || len(reports) != 4 || !errors.Is(reports["b.png"].Err, imageio.ErrFormat) {
		t.Errorf("%+v, b.png: %v, want 3 done and b.png failed", sum, reports["b.png"].Err)
	}
	want := []string{"a.png", "deep/d.tif", "deep/er/c.jpg"}
	if got := files(t, out); !slices.Equal(got, want) {
		t.Errorf("written: %v, want %v", got, want)
	}
	p, err := imageio.Open(filepath.Join(out, "deep", "d.tif"), imageio.Limits{})
	if err != nil || p.Depth != 16 {
		t.Errorf("a 16-bit picture comes out with %d bits (%v)", p.Depth, err)
	}

	before := read(t, filepath.Join(out, "a.png"))
	reports, sum = batchOf(t, job)
	if sum.Done != 0 || sum.There != 3 || sum.Failed != 1 || !reports["a.png"].There || !bytes.Equal(before, read(t, filepath.Join(out, "a.png"))) {
		t.Errorf("once more: %+v, %v, want files left alone", sum, reports["a.png"].Err)
	}
	if err := os.Remove(filepath.Join(out, "deep", "d.tif")); err != nil { // as if the batch had been interrupted
		t.Fatal(err)
	}
	if _, sum = batchOf(t, job); sum.Done != 1 || sum.There != 2 || sum.Failed != 1 {
		t.Errorf("where one is missing: %+v, want that one done", sum)
	}
	job.Overwrite = true
	if _, sum = batchOf(t, job); sum.Done != 3 {
		t.Errorf("once more with Overwrite: %+v", sum)
	}
}

// TestShutFoldersAreNamed has a folder in a batch that may not be read, and a link to
// nowhere.
func TestShutFoldersAreNamed(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	paintFile(t, filepath.Join(in, "a.png"), 1, 50, 3, 8)
	paintFile(t, filepath.Join(in, "shut", "b.png"), 2, 50, 3, 8)
	paintFile(t, filepath.Join(out, "shut", "b.png"), 3, 50, 3, 8) // of a time when it was open
	if err := os.Symlink("nowhere.png", filepath.Join(in, "c.png")); err != nil {
		t.Skip("no links here:", err)
	}
	shut := filepath.Join(in, "shut")
	if err := os.Chmod(shut, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(shut, 0o700)
	reports, sum := batchOf(t, DenoiseJob{In: []string{in}, Out: out, Model: tinyFile(t, 3)})
	if !errors.Is(reports["c.png"].Err, fs.ErrNotExist) {
		t.Errorf("a link to nowhere: %v", reports["c.png"].Err)
	}
	if _, err := os.ReadDir(shut); err == nil {
		t.Skip("this user reads every folder")
	}
	if sum.Done != 1 || sum.Failed != 2 || !errors.Is(reports["shut"].Err, fs.ErrPermission) {
		t.Errorf("%+v, the folder: %v, want it to have failed for want of permission", sum, reports["shut"].Err)
	}
}

// TestSigmaIsToldOrEstimated denoises with a model that is told the level, and one
// that is not.
func TestSigmaIsToldOrEstimated(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "a.png")
	paintFile(t, in, 1, 64, 3, 8)
	path := toldFile(t)
	results := map[string][]byte{}
	for name, sigma := range map[string]float64{"auto": -1, "0": 0, "50": 50} {
		job := DenoiseJob{In: []string{in}, Out: filepath.Join(dir, name+".png"), Model: path, Repair: Repair{Sigma: sigma, Manner: 1, Strength: 1, Passes: 1}}
		reports, sum := batchOf(t, job)
		got := reports["a.png"].Sigma
		if sum.Done != 1 || sigma >= 0 && got != sigma || sigma < 0 && !(got > 0 && got < 100) {
			t.Errorf("%s: %+v, the model was told %g", name, sum, got)
		}
		results[name] = read(t, job.Out)
	}
	if bytes.Equal(results["0"], results["50"]) || bytes.Equal(results["auto"], results["50"]) {
		t.Error("what the model is told makes no difference")
	}
	reports, _ := batchOf(t, DenoiseJob{In: []string{in}, Out: filepath.Join(dir, "plain.png"), Model: tinyFile(t, 3)})
	if s := reports["a.png"].Sigma; !math.IsNaN(s) {
		t.Errorf("a model that is told nothing was told %g", s)
	}
	for _, wrong := range []Repair{{256, 1, 1, 1, 0}, {math.NaN(), 1, 1, 1, 0}, {1, 0, 1, 1, 0}, {1, 1, -1, 1, 0}, {1, 1, 2, 1, 0}, {1, 1, 1, 9, 0}} {
		if _, err := Denoise(t.Context(), DenoiseJob{In: []string{in}, Out: dir, Repair: wrong}, nil); !IsMistake(err) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}

// toldFile is a model that is told the noise level.
func toldFile(t *testing.T) string {
	t.Helper()
	spec := model.DefaultSpec()
	spec.Body, spec.Output, spec.Level, spec.Width, spec.Latent, spec.Depth = "unet", "residual", true, 4, 4, 1
	m, err := model.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "told.safetensors")
	if err := SaveModel(path, m); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestInputIsNeverOverwrittenUnasked(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	paintFile(t, path, 1, 20, 3, 8)
	before := read(t, path)
	job := DenoiseJob{In: []string{path}, Model: tinyFile(t, 3)}
	for _, out := range []string{path, dir, dir + "/"} {
		job.Out = out
		reports, _ := batchOf(t, job)
		if !errors.Is(reports["a.png"].Err, ErrOntoInput) || !bytes.Equal(before, read(t, path)) {
			t.Errorf("out to %s: %v, want the input left alone", out, reports["a.png"].Err)
		}
	}
	job.Out = filepath.Join(dir, "b.webp")
	if _, err := Denoise(context.Background(), job, nil); err == nil || !IsMistake(err) {
		t.Errorf("a format that is not written: %v", err)
	}
	job.Out = filepath.Join(dir, "new", "b.jpg")
	if _, sum := batchOf(t, job); sum.Done != 1 {
		t.Errorf("into a new folder: %+v", sum)
	}
	job.In, job.Out = []string{path, path}, path
	if _, err := Denoise(context.Background(), job, nil); !errors.Is(err, ErrNotFolder) {
		t.Errorf("two pictures into one file: %v", err)
	}
	job.Out = filepath.Join(dir, "both")
	reports, sum := batchOf(t, job)
	if sum.Done != 1 || sum.Failed != 1 {
		t.Errorf("two of one name into a folder: %+v, %v", sum, reports)
	}
	job.In, job.Out = []string{filepath.Join(dir, "none.png")}, filepath.Join(dir, "c.png")
	if reports, sum := batchOf(t, job); sum.Failed != 1 || !errors.Is(reports["none.png"].Err, fs.ErrNotExist) {
		t.Errorf("a missing file: %+v", sum)
	}
	empty := t.TempDir()
	job.In = []string{empty}
	if _, err := Denoise(context.Background(), job, nil); !errors.Is(err, ErrNotFolder) && !errors.Is(err, ErrNoPictures) {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestOtherFormatsBecomePNG(t *testing.T) {
	job := DenoiseJob{Out: filepath.Join(t.TempDir(), "out"), In: []string{"x/a.gif", "x/a.png", "x/b.webp", "x/b.bmp", "x/c.tiff"}}
	list, err := job.errands(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, filepath.Base(e.out))
	}
	if want := []string{"a.gif.png", "a.png", "b.png", "b.bmp.png", "c.tiff"}; !slices.Equal(got, want) {
		t.Errorf("%v become %v, want %v", job.In, got, want)
	}
}

func TestShardsShareAllPictures(t *testing.T) {
	dir := t.TempDir()
	var all []string
	for i := range 10 {
		name := fmt.Sprintf("%02d.png", i)
		write(t, filepath.Join(dir, name), "")
		all = append(all, filepath.Join(dir, name))
	}
	var got []string
	for i := 1; i <= 3; i++ {
		list, err := DenoiseJob{In: []string{dir}, Out: filepath.Join(dir, "out"), Shard: i, Shards: 3}.errands(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if len(list) < 3 || len(list) > 4 {
			t.Errorf("shard %d of 3 has %d of 10", i, len(list))
		}
		for _, e := range list {
			got = append(got, e.in)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, all) {
		t.Errorf("three shards have %v", got)
	}
	for _, j := range []DenoiseJob{{Shard: 4, Shards: 3}, {Shard: 0, Shards: 3}, {Shard: 1}, {Repair: Repair{Sigma: 0, Manner: 1, Strength: 2, Passes: 1}}, {Depth: 12}} {
		if _, err := Denoise(context.Background(), j, nil); !IsMistake(err) {
			t.Errorf("%+v: %v, want a mistake", j, err)
		}
	}
}

func TestCancelledBatchLeavesNothingHalfWritten(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	for i := range 6 {
		paintFile(t, filepath.Join(in, fmt.Sprintf("%d.png", i)), 1, 300, 3, 8)
	}
	job := DenoiseJob{In: []string{in}, Out: out, Model: tinyFile(t, 3), Jobs: 2}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	sum, err := Denoise(ctx, job, func(r DenoiseReport) {
		if r.Finished {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	got := files(t, out)
	if len(got) != sum.Done || sum.Done > job.Jobs { // the first, and what the others were writing
		t.Errorf("%d pictures are reported and %v are there", sum.Done, got)
	}
	for _, name := range got {
		if _, err := imageio.Open(filepath.Join(out, name), imageio.Limits{}); err != nil {
			t.Errorf("half a file: %v", err)
		}
	}
}

func TestInspectTellsWhatAFileIs(t *testing.T) {
	dir := t.TempDir()
	picture := filepath.Join(dir, "a.png")
	paintFile(t, picture, 1, 20, 1, 16)
	model := tinyFile(t, 3)
	tr, err := OpenTraining(context.Background(), TrainJob{Data: "builtin:shapes", Spec: tiny(), Checkpoint: filepath.Join(dir, "c")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.checkpoint(); err != nil {
		t.Fatal(err)
	}
	lesson := filepath.Join(dir, "bottleneck.json")
	write(t, lesson, string(assets.Lessons()[1]))
	digits := idxFile(t, []byte{3, 1, 4})
	for path, want := range map[string][]string{
		lesson:                  {"lesson", "builtin:digits", "runs: 6, with recorded figures"},
		digits:                  {"set", "3 of 4 × 4", "with labels"},
		picture:                 {"picture", "png", "20 × 20", "16 bits"},
		model:                   {"model", "conv", "4 channels", "gaussian:25"},
		filepath.Join(dir, "c"): {"checkpoint", "builtin:shapes"},
		"gaussian":              {"model", "unet", "3 levels", "told, in training as it is"},
	} {
		in, err := Inspect(context.Background(), path, imageio.Limits{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		text := fmt.Sprint(in.Facts())
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %q is not in %s", path, w, text)
			}
		}
	}
	write(t, filepath.Join(dir, "junk"), "junk")
	cut := filepath.Join(dir, "cut.safetensors")
	write(t, cut, string(read(t, model)[:500]))
	for _, path := range []string{filepath.Join(dir, "junk"), cut, dir, filepath.Join(dir, "none")} {
		if in, err := Inspect(context.Background(), path, imageio.Limits{}); err == nil {
			t.Errorf("%s is %+v", path, in)
		}
	}
	if _, err := os.Stat("/dev/zero"); err == nil {
		if in, err := Inspect(context.Background(), "/dev/zero", imageio.Limits{}); err == nil {
			t.Errorf("a device is %+v", in)
		}
	}
}

func TestTransparencyAndMetadataAreCarried(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.png"), filepath.Join(dir, "out.png")
	p := paintFile(t, in, 1, 20, 3, 16)
	p.Alpha = tensor.New(1, 20, 20, 1)
	for i := range p.Alpha.Data {
		p.Alpha.Data[i] = float32(i%5) / 4
	}
	p.Exif = []byte("MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00") // an empty directory
	if err := imageio.Save(in, p, imageio.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	before, err := imageio.Open(in, imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, sum := batchOf(t, DenoiseJob{In: []string{in}, Out: out, Model: tinyFile(t, 1)}); sum.Done != 1 {
		t.Fatalf("%+v", sum)
	}
	after, err := imageio.Open(out, imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if after.Alpha == nil || !slices.Equal(after.Alpha.Data, before.Alpha.Data) || !bytes.Equal(after.Exif, before.Exif) || before.Exif == nil || after.Depth != 16 {
		t.Errorf("alpha %v, EXIF %q, %d bits; before %q", after.Alpha != nil, after.Exif, after.Depth, before.Exif)
	}
}
