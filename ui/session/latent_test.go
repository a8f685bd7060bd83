package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
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
	data[note.Shape[2]+1] = float32(math.Inf(-1))
	save("inf", note.Shape...)
	data[note.Shape[2]+1] = 0
	for name, change := range map[string]func(n *LatentNote){"gone": func(n *LatentNote) { n.Model = "no such model" }, "moved": func(n *LatentNote) { n.Model = at("moved.safetensors") },
		"forged": func(n *LatentNote) { n.ID = strings.Repeat("0", 16) }, "sizeless": func(n *LatentNote) { n.Height = -1 }} {
		save(name, note.Shape...)
		other := note
		change(&other)
		b, err := json.Marshal(other)
		if err != nil {
			t.Fatal(err)
		}
		write(name+".json", b)
	}
	save("folder", 4)
	if err := errors.Join(os.Remove(at("folder.npy")), os.Mkdir(at("folder.npy"), 0o777)); err != nil {
		t.Fatal(err)
	}
	save("picture", 4)
	if b, err := os.ReadFile(at("in.png")); err == nil {
		write("picture.npy", b)
	}
	save("vast", note.Shape...)
	write("vast.npy", []byte(strings.Replace(string(b), fmt.Sprintf("(%d, %d, %d), }", note.Shape[0], note.Shape[1], note.Shape[2])+strings.Repeat(" ", 20), "(1000000000, 1000000000, 99), }", 1)))
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
		{DecodeJob{In: "inf.npy"}, errLatent, "channel 1 is -Inf"},
		{DecodeJob{In: "vast.npy"}, errOtherLatent, "it is [1000000000 1000000000 99], and [10 13 4] is wanted"},
		{DecodeJob{In: "picture.npy"}, errLatent, "not NumPy's .npy"},
		{DecodeJob{In: "folder.npy"}, syscall.EISDIR, "is a folder"},
		{DecodeJob{In: "gone.npy"}, errGoneModel, note.ID},
		{DecodeJob{In: "moved.npy"}, errGoneModel, "--model"},
		{DecodeJob{In: "moved.npy", Model: at("a")}, nil, ""},
		{DecodeJob{In: "forged.npy"}, errOtherModel, "it is of " + at("a") + " (" + strings.Repeat("0", 16)},
		{DecodeJob{In: "sizeless.npy"}, errNote, "height"},
		{DecodeJob{In: "cut.npy"}, imageio.ErrTruncated, "ends too early"},
		{DecodeJob{In: "alone.npy"}, errNoNote, ".json"},
		{DecodeJob{In: "noted.npy"}, errNote, "JSON"},
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

// TestWildLatentsAreCutAndToldOf decodes latents that some numbers drive out of all bounds, with a model that has
// skip connections and one that has none.
func TestWildLatentsAreCutAndToldOf(t *testing.T) {
	dir := latentBench(t, map[string]func(*model.Spec){"plain": func(*model.Spec) {}, "skips": func(s *model.Spec) { s.Skips = true }})
	in := filepath.Join(dir, "in.png")
	for _, name := range []string{"plain", "skips"} {
		z, out := filepath.Join(dir, name+".npy"), filepath.Join(dir, name+".png")
		note, err := Encode(t.Context(), EncodeJob{In: in, Out: z, Model: filepath.Join(dir, name)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		data := make([]float32, tensor.Size(note.Shape...))
		for i := range note.Shape[2] { // of the cell at the bottom right
			data[len(data)-1-i] = math.MaxFloat32
		}
		if err := writeFile(z, func(w io.Writer) error { return imageio.WriteNPY(w, data, note.Shape...) }); err != nil {
			t.Fatal(err)
		}
		r, err := Decode(t.Context(), DecodeJob{In: z, Out: out, With: in}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if at := r.Where; r.Broken == 0 || at.Top < 20 || at.Left < 30 {
			t.Errorf("%s: %d numbers are said to be cut, in %v", name, r.Broken, at)
		}
		if info, err := imageio.Probe(out); err != nil || info.Width != 50 || info.Height != 37 {
			t.Errorf("%s: the picture is %d × %d, %v", name, info.Width, info.Height, err)
		}
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
