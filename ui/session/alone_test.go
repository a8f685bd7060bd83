package session

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sieve/imageio"
	"sieve/model/metric"
	"sieve/model/noise"
	"sieve/model/tensor"
)

// spoiled returns a drawn picture and what noise makes of it.
func spoiled(t *testing.T, scheme noise.Scheme, side, channels int) (clean, noisy *tensor.Tensor) {
	t.Helper()
	x, err := imageio.Leaves{Size: side, Channels: channels}.Batch(rand.New(rand.NewPCG(3, 1)), 1)
	if err != nil {
		t.Fatal(err)
	}
	y, _, _ := scheme.Lesson(rand.New(rand.NewPCG(4, 1)), x)
	return x, y
}

// TestLearnsAlone learns from one noisy picture and from nothing else.
func TestLearnsAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("learns for a while")
	}
	for _, tc := range []struct {
		name     string
		noise    noise.Scheme
		channels int
		scheme   string
		gain     float64
		kind     string
	}{
		{"pairs", noise.Gaussian{Lo: 30, Hi: 30}, 3, "", 3.5, "gaussian"},
		{"grey", noise.Gaussian{Lo: 30, Hi: 30}, 1, "pairs", 4, "gaussian"},
		{"photons", noise.Poisson{Lo: 40, Hi: 40}, 3, "pairs", 2, "poisson"},
		{"blind spot", noise.Gaussian{Lo: 30, Hi: 30}, 3, "blindspot", 2.5, "gaussian"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			clean, noisy := spoiled(t, tc.noise, 160, tc.channels)
			l := &loner{fixed: 240, seed: 1, scheme: tc.scheme}
			m, err := l.learn(t.Context(), []*tensor.Tensor{noisy})
			if err != nil {
				t.Fatal(err)
			}
			result := noisy.Clone()
			if err := denoise(t.Context(), m, result, l.noise.Level, 1, 1, nil); err != nil {
				t.Fatal(err)
			}
			before, after := metric.PSNR(clean, noisy), metric.PSNR(clean, result)
			t.Logf("%s: from %.2f to %.2f dB; the second lesson is %s", tc.name, before, after, m.Spec.Scheme)
			if after < before+tc.gain {
				t.Errorf("from %.2f to %.2f dB, want %g more", before, after, tc.gain)
			}
			if !strings.HasPrefix(m.Spec.Scheme, tc.kind) {
				t.Errorf("the noise is taken for %s", m.Spec.Scheme)
			}
		})
	}
}

// TestLearnFromFiles learns from a folder in which one file is bad, starts from a model,
// and keeps what it has when it is stopped.
func TestLearnFromFiles(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	paintFile(t, filepath.Join(in, "a.png"), 1, 20, 3, 8) // smaller than a lesson
	paintFile(t, filepath.Join(in, "b", "c.png"), 2, 130, 1, 8)
	write(t, filepath.Join(in, "d.png"), "no picture")
	out := filepath.Join(dir, "m.safetensors")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	res, err := Learn(ctx, LearnJob{In: []string{in}, Out: out, Minutes: 100, From: toldFile(t)}, func(r LearnReport) {
		if r.Step == 12 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) || res.Files != 2 || len(res.Skipped) != 1 || res.Steps < 12 {
		t.Fatalf("%+v, %v", res, err)
	}
	m, _, err := LoadModel(out)
	if err != nil || !m.Spec.Level || m.Info.Step == 0 {
		t.Fatalf("the model that was kept: %+v, %v", m, err)
	}
	for _, job := range []LearnJob{{In: []string{in}, Minutes: -1}, {In: []string{in}, Scheme: "x"}} {
		if _, err := Learn(t.Context(), job, nil); !IsMistake(err) {
			t.Errorf("%+v: %v", job, err)
		}
	}
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, paths := range [][]string{{empty}, {filepath.Join(in, "d.png")}, {filepath.Join(dir, "none")}, nil} {
		if res, err := Learn(t.Context(), LearnJob{In: paths}, nil); err == nil || res.Model != nil || Words(err) == "" {
			t.Errorf("%v: %v", paths, err)
		}
	}
}

// TestLearnFromPicture learns from what is shown, and Cancel keeps it.
func TestLearnFromPicture(t *testing.T) {
	s := open(t, Options{})
	s.UseModel(tinyFile(t, 3))
	until(t, s, "a picture", settled)
	s.LearnFromPicture()
	until(t, s, "some steps", func(st State) bool { return st.Work != nil && st.Work.Done > 3 })
	s.LearnFromPicture() // does nothing while it learns
	s.Cancel()
	st := until(t, s, "what was learned", func(st State) bool { return st.Model.Alone && settled(st) })
	if !st.Model.Unsaved || st.Model.Name != st.Picture.Name {
		t.Errorf("learned from %q: %+v", st.Picture.Name, st.Model)
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	s.SaveModel(path)
	until(t, s, "the file", func(st State) bool { return st.Saved.Kind == "model" && !st.Model.Unsaved })
	if m, _, err := LoadModel(path); err != nil || m.Spec.Body != "unet" {
		t.Errorf("saved: %v", err)
	}
	s.UseModel(tinyFile(t, 3))
	until(t, s, "another model", func(st State) bool { return settled(st) && !st.Model.Alone })
	s.UseLearned()
	until(t, s, "the learned one again", func(st State) bool { return settled(st) && st.Model.Alone })
}
