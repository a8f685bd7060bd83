package session

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

var update = flag.Bool("update", false, "write what is missing of testdata/golden")

// The golden files of version 1 of the format, with the models that read them: one without
// and one with context. They were written once, on an amd64 machine with AVX-512, and are
// read for ever.
const (
	golden        = "testdata/golden"
	goldenContext = "testdata/golden/context"
)

var goldenModel = filepath.Join(golden, "codec.safetensors")

// writeGolden trains a model and compresses pictures that are drawn here.
func writeGolden(t *testing.T, dir string, context bool) {
	t.Helper()
	at := filepath.Join(dir, "codec.safetensors")
	if _, err := os.Stat(at); err == nil {
		return
	}
	s := model.DefaultSpec()
	s.Body, s.Depth, s.Width, s.Latent, s.Hyper, s.Bottleneck, s.Blocks, s.Crop, s.Batch = "shuffle", 4, 16, 24, 16, "quantised", 1, 64, 4
	s.Scheme, s.Optimiser, s.Rate, s.Lambda, s.Steps, s.Check, s.Average = "none", "muon", 2e-3, 1e-4, 1500, 100, 0.99
	s.Context = context
	tr, err := model.NewTrainer(s, imageio.Leaves{Size: 64, Channels: 3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range tr.Steps(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := SaveModel(at, tr.Best()); err != nil {
		t.Fatal(err)
	}
	codec, err := LoadCodec(at)
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range goldenPictures(t) {
		k, err := newCompressor(t.Context(), codec, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := k.to(t.Context(), Compression{Quality: 70}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := savePacked(t.Context(), filepath.Join(dir, name+".sieve"), c.File); err != nil {
			t.Fatal(err)
		}
		seen, err := c.see(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := imageio.Save(filepath.Join(dir, name+".png"), &imageio.Picture{Pix: seen, Depth: 8}, imageio.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// goldenPictures are of odd sizes, grey, deep, with transparency and metadata, and of
// more than one tile.
func goldenPictures(t *testing.T) map[string]*imageio.Picture {
	t.Helper()
	draw := func(w, h, channels int) *imageio.Picture {
		x, err := imageio.Leaves{Size: max(w, h), Channels: channels}.Batch(rand.New(rand.NewPCG(uint64(w), uint64(h))), 1)
		if err != nil {
			t.Fatal(err)
		}
		p := &imageio.Picture{Pix: tensor.New(1, h, w, channels), Depth: 8}
		for y := range h {
			copy(p.Pix.Data[y*w*channels:(y+1)*w*channels], x.Data[y*max(w, h)*channels:])
		}
		return p
	}
	small, deep := draw(1, 1, 3), draw(33, 70, 3)
	small.Alpha = tensor.New(1, 1, 1, 1)
	deep.Depth, deep.Exif, deep.ICC = 16, []byte("II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"), profile("RGB ")
	deep.Alpha = tensor.New(1, 70, 33, 1)
	for i := range deep.Alpha.Data {
		deep.Alpha.Data[i] = float32(i%65536) / 65535
	}
	return map[string]*imageio.Picture{"small": small, "deep": deep, "grey": draw(150, 90, 1), "wide": draw(1100, 20, 3)}
}

// profile returns what passes for a colour profile.
func profile(space string) []byte {
	b := make([]byte, 130)
	copy(b[16:], space)
	return b
}

// TestGoldenFiles reads the files of version 1: the pixels are those that their writer saw,
// but for one level where another order of roundings (plain Go) decides.
func TestGoldenFiles(t *testing.T) {
	for dir, context := range map[string]bool{golden: false, goldenContext: true} {
		t.Run(dir, func(t *testing.T) {
			if *update {
				writeGolden(t, dir, context)
			}
			readGolden(t, dir)
		})
	}
}

func readGolden(t *testing.T, dir string) {
	for name, original := range goldenPictures(t) {
		x, err := expand(t.Context(), filepath.Join(dir, name+".sieve"), new(library), imageio.Limits{}, nil)
		if err != nil || x.Harm != nil {
			t.Fatalf("%s: %v, %v", name, err, x)
		}
		want, err := imageio.Open(filepath.Join(dir, name+".png"), imageio.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(x.Picture.Pix.Shape, original.Pix.Shape) || !slices.Equal(want.Pix.Shape, original.Pix.Shape) {
			t.Fatalf("%s: shape %v, want %v", name, x.Picture.Pix.Shape, original.Pix.Shape)
		}
		apart := 0
		for i, v := range want.Pix.Data {
			d := int(255*v+0.5) - int(255*x.Picture.Pix.Data[i]+0.5)
			if d > 1 || d < -1 {
				t.Fatalf("%s: number %d is %g, was %g", name, i, x.Picture.Pix.Data[i], v)
			}
			if d != 0 {
				apart++
			}
		}
		if apart > len(want.Pix.Data)/100 || apart > 0 && model.Kernels()[0].State == "available" {
			t.Errorf("%s: %d of %d numbers are one level off", name, apart, len(want.Pix.Data))
		}
		if !bytes.Equal(x.Picture.Exif, original.Exif) || !bytes.Equal(x.Picture.ICC, original.ICC) || x.File.Deep != (original.Depth == 16) {
			t.Errorf("%s: metadata are others", name)
		}
		if (x.Picture.Alpha == nil) != (original.Alpha == nil) || original.Alpha != nil && !slices.Equal(x.Picture.Alpha.Data, original.Alpha.Data) {
			t.Errorf("%s: transparency is another", name)
		}
	}
}

// compressAll runs a job and returns its finished reports by file.
func compressAll(t *testing.T, job CompressJob) (map[string]CompressReport, Summary) {
	t.Helper()
	reports := map[string]CompressReport{}
	sum, err := Compress(t.Context(), job, func(r CompressReport) {
		if r.Finished {
			reports[filepath.Base(r.File)] = r
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return reports, sum
}

func expandAll(t *testing.T, job ExpandJob) (map[string]FileReport, Summary) {
	t.Helper()
	reports := map[string]FileReport{}
	sum, err := Expand(t.Context(), job, func(r FileReport) {
		if r.Finished {
			reports[filepath.Base(r.File)] = r
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return reports, sum
}

// TestCompressAndExpand takes a folder there and back: the tree stays, a bad file is named,
// what is there already stays, and a model beside the files is found.
func TestCompressAndExpand(t *testing.T) {
	dir := t.TempDir()
	in, small, large := filepath.Join(dir, "in"), filepath.Join(dir, "small"), filepath.Join(dir, "large")
	a := paintFile(t, filepath.Join(in, "a.png"), 1, 70, 3, 8)
	paintFile(t, filepath.Join(in, "below", "b.jpg"), 2, 40, 3, 8)
	paintFile(t, filepath.Join(in, "c.tif"), 3, 33, 1, 16)
	write(t, filepath.Join(in, "bad.png"), "no picture")
	job := CompressJob{In: []string{in}, Out: small, Model: goldenModel, How: Compression{Quality: 80}}
	reports, sum := compressAll(t, job)
	if sum.Done != 3 || sum.Failed != 1 || reports["bad.png"].Err == nil || !strings.Contains(Words(reports["bad.png"].Err), "bad.png") {
		t.Fatalf("%+v, %v", sum, reports["bad.png"].Err)
	}
	if got := files(t, small); !slices.Equal(got, []string{"a.sieve", "below/b.sieve", "c.sieve"}) {
		t.Errorf("written: %v", got)
	}
	r := reports["a.png"].Result
	at, err := os.Stat(filepath.Join(small, "a.sieve"))
	if err != nil || r.Bytes != at.Size() || r.BPP != 8*float64(r.Bytes)/4900 || r.PSNR < 15 || r.Quality != 80 || r.Deep || !reports["c.tif"].Result.Deep {
		t.Errorf("%+v, %d bytes", r, at.Size())
	}
	if _, sum := compressAll(t, job); sum.There != 3 || sum.Failed != 1 {
		t.Errorf("again: %+v", sum)
	}
	failed, sum := expandAll(t, ExpandJob{In: []string{small}, Out: large})
	if sum.Failed != 3 || !errors.Is(failed["a.sieve"].Err, errNoCodec) {
		t.Errorf("without the model: %+v", sum)
	}
	write(t, filepath.Join(small, "mine.safetensors"), string(read(t, goldenModel)))
	write(t, filepath.Join(small, "below", "mine.safetensors"), string(read(t, goldenModel)))
	if _, sum := expandAll(t, ExpandJob{In: []string{small}, Out: large}); sum.Done != 3 || sum.Failed != 0 {
		t.Errorf("with the model beside them: %+v", sum)
	}
	if got := files(t, large); !slices.Equal(got, []string{"a.png", "below/b.png", "c.png"}) {
		t.Errorf("expanded: %v", got)
	}
	back, err := imageio.Open(filepath.Join(large, "a.png"), imageio.Limits{})
	if err != nil || !slices.Equal(back.Pix.Shape, a.Pix.Shape) {
		t.Errorf("%v: %v", back.Pix.Shape, err)
	}
}

// TestSizeAndQualityAreKept asks for bytes and for PSNR, also for what cannot be had.
func TestSizeAndQualityAreKept(t *testing.T) {
	codec, err := LoadCodec(goldenModel)
	if err != nil {
		t.Fatal(err)
	}
	p := paintFile(t, filepath.Join(t.TempDir(), "a.png"), 5, 128, 3, 8)
	k, err := newCompressor(t.Context(), codec, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := func(how Compression) *Compressed {
		t.Helper()
		c, err := k.to(t.Context(), how, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	low, high := at(Compression{}), at(Compression{Quality: 100})
	if low.Size >= high.Size {
		t.Fatalf("quality 0 takes %d bytes, 100 takes %d", low.Size, high.Size)
	}
	want := (low.Size + high.Size) / 2
	c := at(Compression{Bytes: want})
	next, err := k.at(t.Context(), c.File.Quality+1)
	if err != nil || c.Size > want || next.Size <= want && next.Size > c.Size {
		t.Errorf("%d bytes for %d; the next quality takes %d (%v)", c.Size, want, next.Size, err)
	}
	if err := k.measure(t.Context(), low, nil); err != nil {
		t.Fatal(err)
	}
	if c := at(Compression{PSNR: low.PSNR + 0.1}); c.PSNR < low.PSNR+0.1 || c.Quality == 0 {
		t.Errorf("%.3f dB at quality %g, asked for %.3f", c.PSNR, c.Quality, low.PSNR+0.1)
	}
	if _, err := k.to(t.Context(), Compression{Bytes: 10}, nil); !errors.Is(err, errTooSmall) || !strings.Contains(Words(err), fmt.Sprint(low.Size)) {
		t.Errorf("ten bytes: %v", err)
	}
	if _, err := k.to(t.Context(), Compression{PSNR: 99}, nil); !errors.Is(err, errTooGood) {
		t.Errorf("99 dB: %v", err)
	}
	for _, bad := range []Compression{{Bytes: -1}, {PSNR: 101}, {Quality: 100.5}} {
		if _, err := Compress(t.Context(), CompressJob{In: []string{"x"}, Out: "y", How: bad}, nil); !errors.As(err, new(*model.SpecError)) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// TestDamagedFiles cuts golden files and flips bytes in them: what can be read is written,
// and said; the rest is an error in words. Nothing panics.
func TestDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "model.safetensors"), string(read(t, goldenModel)))
	good := read(t, filepath.Join(golden, "wide.sieve"))
	path := filepath.Join(dir, "bad.sieve")
	whole := 0
	for n := 0; n < len(good); n += 1 + len(good)/60 {
		write(t, path, string(good[:n]))
		x, err := expand(t.Context(), path, new(library), imageio.Limits{}, nil)
		switch {
		case err == nil && x.Harm == nil:
			t.Errorf("%d of %d bytes are read without a word", n, len(good))
		case err == nil:
			whole++
			sentence(t, "cut", Words(x.Harm))
		default:
			sentence(t, "cut", Words(err))
		}
		bad := slices.Clone(good)
		bad[n] ^= 0x41
		write(t, path, string(bad))
		x, err = expand(t.Context(), path, new(library), imageio.Limits{}, nil)
		if err == nil && x.Harm == nil {
			t.Errorf("another byte %d is read without a word", n)
		}
	}
	if whole < 30 {
		t.Errorf("only %d of 60 cut files show anything", whole)
	}
	bad := slices.Clone(good)
	bad[len(bad)-10] ^= 1
	write(t, path, string(bad))
	out := filepath.Join(dir, "out.png")
	reports, sum := expandAll(t, ExpandJob{In: []string{path}, Out: out})
	if err := reports["bad.sieve"].Err; sum.Failed != 1 || !errors.Is(err, ErrPartly) || !strings.Contains(Words(err), "tile 2 of 2") {
		t.Errorf("%+v, %v", sum, err)
	}
	x, err := imageio.Open(out, imageio.Limits{})
	want, err2 := imageio.Open(filepath.Join(golden, "wide.png"), imageio.Limits{})
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	for i := range 900 * 3 { // far from the second tile
		if d := x.Pix.Data[i] - want.Pix.Data[i]; d > 0.005 || d < -0.005 {
			t.Fatal("the first tile is harmed")
		}
	}
	in, err := Inspect(t.Context(), path, imageio.Limits{})
	if err != nil || in.Kind != "compressed" || !in.Packed.AtHand || in.Packed.Harm == "" || in.Packed.Tiles != 2 || in.Packed.Quality != 70 {
		t.Errorf("%+v: %v", in.Packed, err)
	}
}

// TestCompressIsCancelled ends in the middle, and leaves nothing half-written.
func TestCompressIsCancelled(t *testing.T) {
	dir := t.TempDir()
	paintFile(t, filepath.Join(dir, "a.png"), 1, 700, 3, 8)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Compress(ctx, CompressJob{In: []string{filepath.Join(dir, "a.png")}, Out: filepath.Join(dir, "a.sieve"), Model: goldenModel, How: DefaultCompression},
		func(CompressReport) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := files(t, dir); !slices.Equal(got, []string{"a.png"}) {
		t.Errorf("left: %v", got)
	}
}

// FuzzExpand reads any bytes behind a right beginning.
func FuzzExpand(f *testing.F) {
	var codecs []*model.Codec
	for _, dir := range []string{golden, goldenContext} {
		codec, err := LoadCodec(filepath.Join(dir, "codec.safetensors"))
		if err != nil {
			f.Fatal(err)
		}
		codecs = append(codecs, codec)
		for _, name := range []string{"small", "deep", "grey"} {
			b, err := os.ReadFile(filepath.Join(dir, name+".sieve"))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, harms, err := imageio.ReadPacked(bytes.NewReader(b), imageio.Limits{Pixels: 1 << 16})
		if err != nil {
			return
		}
		for _, codec := range codecs {
			x, err := unpack(t.Context(), "x", codec, p, harms, nil)
			if err == nil && (x.Picture.Pix.Shape[1] != p.Height || x.Picture.Pix.Shape[2] != p.Width) {
				t.Errorf("%v for %d × %d", x.Picture.Pix.Shape, p.Width, p.Height)
			}
		}
	})
}
