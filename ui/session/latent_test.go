package session

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// latentBench is a folder with a picture and models.
func latentBench(t *testing.T, specs map[string]func(*model.Spec)) (dir string) {
	t.Helper()
	dir = t.TempDir()
	x := tensor.New(1, 37, 50, 3)
	for i := range x.Data {
		x.Data[i] = float32(i*i%255) / 255
	}
	if err := savePicture(t.Context(), filepath.Join(dir, "in.png"), &imageio.Picture{Pix: x, Depth: 8, Format: "png"}, imageio.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, change := range specs {
		s := model.DefaultSpec()
		s.Width, s.Latent, s.Crop = 8, 4, 32
		change(&s)
		m, err := model.New(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := SaveModel(filepath.Join(dir, name), m); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestEncodeThenDecode takes pictures through files, with models whose latent is all that
// their decoder sees, and with others.
func TestEncodeThenDecode(t *testing.T) {
	dir := latentBench(t, map[string]func(*model.Spec){
		"plain":     func(*model.Spec) {},
		"bits":      func(s *model.Spec) { s.Bottleneck = "binary" },
		"drawn":     func(s *model.Spec) { s.Bottleneck, s.Output = "variational", "sigmoid" },
		"quantised": func(s *model.Spec) { s.Bottleneck = "quantised" },
		"grey":      func(s *model.Spec) { s.Channels = 1 },
		"recurrent": func(s *model.Spec) { s.Body, s.Bottleneck = "recurrent", "binary" },
		"skips":     func(s *model.Spec) { s.Skips = true },
		"unet":      func(s *model.Spec) { s.Body, s.Level, s.Output, s.Latent = "unet", true, "residual", 16 },
	})
	in := filepath.Join(dir, "in.png")
	for _, name := range []string{"plain", "bits", "drawn", "quantised", "grey", "recurrent", "skips", "unet"} {
		t.Run(name, func(t *testing.T) {
			z, out, want := filepath.Join(dir, name+".npy"), filepath.Join(dir, name+".png"), filepath.Join(dir, name+"-want.png")
			file := filepath.Join(dir, name)
			note, err := Encode(t.Context(), EncodeJob{In: in, Out: z, Model: file}, nil)
			if err != nil {
				t.Fatal(err)
			}
			m, _, err := LoadModel(file)
			if err != nil {
				t.Fatal(err)
			}
			if note.Picture == m.Generates() {
				t.Errorf("needs the picture: %v", note.Picture)
			}
			p, err := openPicture(t.Context(), in, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			y, err := m.Reconstruct(t.Context(), inChannels(p.Pix, m.Spec.Channels), note.Level, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := savePicture(t.Context(), want, &imageio.Picture{Pix: y, Depth: 16, Format: "png"}, imageio.SaveOptions{Depth: 16}); err != nil {
				t.Fatal(err)
			}
			job := DecodeJob{In: z, Out: out, Depth: 16}
			if note.Picture {
				if _, err := Decode(t.Context(), job, nil); !errors.Is(err, errNeedsIt) || !strings.Contains(Words(err), "--with") {
					t.Errorf("without the picture: %v", err)
				}
				job.With = in
			}
			if _, err := Decode(t.Context(), job, nil); err != nil {
				t.Fatal(err)
			}
			a, errA := os.ReadFile(out)
			b, errB := os.ReadFile(want)
			if errA != nil || errB != nil || !slices.Equal(a, b) {
				t.Error("the picture is not the reconstruction", errA, errB)
			}
			if _, err := Decode(t.Context(), job, nil); !errors.Is(err, ErrExists) {
				t.Errorf("again: %v", err)
			}
		})
	}
}

// TestLatentsThatAreNone says what is wrong with each.
func TestLatentsThatAreNone(t *testing.T) {
	dir := latentBench(t, map[string]func(*model.Spec){"a": func(*model.Spec) {}, "b": func(s *model.Spec) { s.Seed = 2 }, "skips": func(s *model.Spec) { s.Skips = true }})
	at := func(name string) string { return filepath.Join(dir, name) }
	note, err := Encode(t.Context(), EncodeJob{In: at("in.png"), Out: at("z.npy"), Model: at("a")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Encode(t.Context(), EncodeJob{In: at("in.png"), Out: at("skips.npy"), Model: at("skips")}, nil); err != nil {
		t.Fatal(err)
	}
	data := make([]float32, note.Shape[0]*note.Shape[1]*note.Shape[2])
	save := func(name string, shape ...int) {
		f, err := os.Create(at(name + ".npy"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := imageio.WriteNPY(f, data[:tensor.Size(shape...)], shape...); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(at("z.json"))
		if err == nil {
			err = os.WriteFile(at(name+".json"), b, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	save("changed", note.Shape...)
	save("four", append([]int{1}, note.Shape...)...)
	save("short", note.Shape[0], note.Shape[1], note.Shape[2]-1)
	data[note.Shape[2]+1] = float32(math.NaN())
	save("nan", note.Shape...)
	save("whole", 4)
	b, err := os.ReadFile(at("z.npy"))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) {
		if err := os.WriteFile(at(name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("whole.npy", []byte(strings.Replace(string(b), "<f4", "<i4", 1)))
	save("cut", 4)
	write("cut.npy", b[:len(b)/2])
	write("alone.npy", b)
	save("noted", note.Shape...)
	write("noted.json", []byte("{"))
	save("huge", note.Shape...)
	write("huge.json", []byte(`{"format":"sieve latent 1","height":100000,"width":100000,"shape":[1,1,1]}`))
	other := tensor.New(1, 20, 20, 3)
	if err := savePicture(t.Context(), at("other.png"), &imageio.Picture{Pix: other, Depth: 8, Format: "png"}, imageio.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		job  DecodeJob
		want error
		says string
	}{
		{DecodeJob{In: "changed.npy"}, nil, ""},
		{DecodeJob{In: "four.npy"}, nil, ""},
		{DecodeJob{In: "changed.npy", Model: at("b")}, errOtherModel, "--model"},
		{DecodeJob{In: "short.npy"}, errOtherLatent, "[10 13 3]"},
		{DecodeJob{In: "nan.npy"}, errLatent, "row 0, column 1, channel 1 is NaN"},
		{DecodeJob{In: "whole.npy"}, errLatent, "<i4"},
		{DecodeJob{In: "cut.npy"}, errLatent, "float32"},
		{DecodeJob{In: "alone.npy"}, errNoNote, ".json"},
		{DecodeJob{In: "noted.npy"}, errLatent, "JSON"},
		{DecodeJob{In: "huge.npy", Limits: Limits{Pixels: 1 << 24}}, imageio.ErrTooLarge, "too large"},
		{DecodeJob{In: "missing.npy"}, os.ErrNotExist, "does not exist"},
		{DecodeJob{In: "skips.npy", With: at("other.png")}, errOtherOne, "20 × 20"},
	} {
		c.job.In, c.job.Out = at(c.job.In), filepath.Join(t.TempDir(), "out.png")
		_, err := Decode(t.Context(), c.job, nil)
		if !errors.Is(err, c.want) || err != nil && !strings.Contains(Words(err), c.says) {
			t.Errorf("%s: %v, want %v: %q", filepath.Base(c.job.In), err, c.want, Words(err))
		}
		if _, there := os.Stat(c.job.Out); (there == nil) != (c.want == nil) {
			t.Errorf("%s: a result is there: %v", filepath.Base(c.job.In), there == nil)
		}
	}
	if _, err := Encode(t.Context(), EncodeJob{In: at("in.png"), Out: at("z.txt"), Model: at("a")}, nil); !errors.Is(err, errLatentName) {
		t.Errorf("a name that is none: %v", err)
	}
	if _, err := Encode(t.Context(), EncodeJob{In: at("in.png"), Out: at("z.npy"), Model: at("a")}, nil); !errors.Is(err, ErrExists) {
		t.Errorf("written over: %v", err)
	}
}

// TestBrushIsMeasured looks at the smaller of both figures.
func TestBrushIsMeasured(t *testing.T) {
	m, err := model.New(model.DefaultSpec())
	if err != nil {
		t.Fatal(err)
	}
	ms, err := strokes(t.Context(), m, 64, 64, 3, 9, 1)
	if err != nil || !(ms > 0) || ms > 1000 {
		t.Errorf("%g ms, %v", ms, err)
	}
}
