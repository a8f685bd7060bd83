package session

import (
	"bytes"
	"context"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/metric"
	"sieve/model/tensor"
)

// patient bounds a wait: it is long because machines that run tests are slow.
const patient = 3 * time.Minute

// open returns a session that ends with the test.
func open(t *testing.T, o Options) *Session {
	t.Helper()
	s := New(o)
	t.Cleanup(func() { end(t, s) })
	return s
}

func end(t *testing.T, s *Session) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatalf("close: %v", err)
	}
}

// until waits for a state.
func until(t *testing.T, s *Session, what string, ok func(State) bool) State {
	t.Helper()
	states, stop := s.Watch()
	defer stop()
	late := time.After(patient)
	var st State
	for {
		select {
		case st = <-states:
			if ok(st) {
				return st
			}
		case <-late:
			t.Fatalf("no %s: phase %s, step %d, pending %v, message %q", what, st.Train.Phase, st.Train.Progress.Step, st.Pending, st.Message.Text)
		}
	}
}

func phase(p Phase) func(State) bool { return func(st State) bool { return st.Train.Phase == p } }

// message waits for a message that holds all the words.
func message(t *testing.T, s *Session, words ...string) State {
	t.Helper()
	return until(t, s, "message with "+strings.Join(words, ", "), func(st State) bool {
		for _, w := range words {
			if !strings.Contains(st.Message.Text, w) {
				return false
			}
		}
		return true
	})
}

// tiny is a network that learns drawn pictures in no time.
func tiny() model.Spec {
	s := model.DefaultSpec()
	s.Channels, s.Depth, s.Width, s.Latent = 1, 1, 4, 4
	s.Batch, s.Crop, s.Check, s.Steps, s.Warmup = 4, 16, 5, 20, 0
	s.Scheme = "gaussian:25"
	return s
}

// tinyFile is a model file of it, untrained.
func tinyFile(t *testing.T, channels int) string {
	t.Helper()
	spec := tiny()
	spec.Channels = channels
	m, err := model.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tiny.safetensors")
	if err := SaveModel(path, m); err != nil {
		t.Fatal(err)
	}
	return path
}

// draw writes a picture that nobody else has, in the format of its name.
func paintFile(t *testing.T, path string, seed uint64, side, channels, depth int) *imageio.Picture {
	t.Helper()
	x, err := imageio.Leaves{Size: side, Channels: channels}.Batch(rand.New(rand.NewPCG(seed, 1)), 1)
	if err != nil {
		t.Fatal(err)
	}
	p := &imageio.Picture{Pix: x, Depth: depth}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := imageio.Save(path, p, imageio.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFirstStateShowsASample(t *testing.T) {
	s := open(t, Options{})
	st := until(t, s, "noisy sample", func(st State) bool { return st.Noisy != nil })
	if !st.Picture.Sample || st.Noise != sampleNoise || math.Abs(st.NoisyPSNR-level(25)) > 0.3 {
		t.Errorf("picture %+v, noise %+v, PSNR %g, want a sample with noise of %g dB", st.Picture, st.Noise, st.NoisyPSNR, level(25))
	}
}

// level is the PSNR of Gaussian noise.
func level(strength float64) float64 { return 20 * math.Log10(255/strength) }

func TestWatcherThatSleepsSkips(t *testing.T) {
	s := open(t, Options{})
	states, stop := s.Watch()
	for i := range 1000 {
		s.tell(Info, say("{{.N}}", "N", i))
	}
	if st := <-states; st.Message.Text != "999" {
		t.Errorf("the first state seen is %q, want the newest, 999", st.Message.Text)
	}
	stop()
	stop() // once more does no harm
	for range states {
	}
}

func TestCloseEndsEverything(t *testing.T) {
	ours := func() string {
		var b bytes.Buffer
		pprof.Lookup("goroutine").WriteTo(&b, 2)
		var n []string
		for _, g := range strings.Split(b.String(), "\n\n") {
			if strings.Contains(g, "session.(*") || strings.Contains(g, "sieve/model") {
				n = append(n, g)
			}
		}
		return strings.Join(n, "\n\n")
	}
	dir := t.TempDir()
	s := New(Options{StateDir: dir})
	s.UseModel(tinyFile(t, 3))
	spec := tiny()
	spec.Steps, spec.Schedule = 0, "constant"
	s.Train(TrainJob{Data: "builtin:shapes", Spec: spec})
	until(t, s, "training", func(st State) bool { return st.Train.Progress.Step > 3 })
	states, stop := s.Watch()
	defer stop()
	end(t, s)
	var last State
	for st := range states {
		last = st
	}
	if left := ours(); left != "" {
		t.Errorf("still there:\n%s", left)
	}
	if last.Saved.Kind != "checkpoint" || last.Train.Phase != Stopped {
		t.Errorf("the last state has saved %+v and the phase %s, want a checkpoint and stopped", last.Saved, last.Train.Phase)
	}
	if !isCheckpoint(filepath.Join(dir, "training.checkpoint")) {
		t.Errorf("no checkpoint is left")
	}
	s.SetNoise("none", 0) // commands to a closed session do no harm
	s.OpenPaths([]string{dir}, PageDenoise)
	s.Train(TrainJob{})
	s.Resume()
}

func TestAdaptedPicturesComeBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct{ picture, model int }{{1, 1}, {1, 3}, {3, 1}, {3, 3}} {
		spec := tiny()
		spec.Channels = c.model
		m, err := model.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		x := tensor.New(1, 5, 7, c.picture)
		for i := range x.Data {
			x.Data[i] = float32(rng.IntN(256)) / 256
		}
		in, back := Adapt(m, x)
		if in.Shape[3] != c.model {
			t.Errorf("%d channels in a model of %d: shape %v", c.picture, c.model, in.Shape)
		}
		for i, v := range back(in).Data {
			if v != x.Data[i] {
				t.Fatalf("%d channels in a model of %d: element %d comes back as %g, was %g", c.picture, c.model, i, v, x.Data[i])
			}
		}
		y := x.Clone()
		err = denoise(context.Background(), m, y, 0, 0, 1, nil)
		if err != nil || !bytes.Equal(bits(y), bits(x)) {
			t.Errorf("%d channels in a model of %d: strength 0 changes the picture (%v)", c.picture, c.model, err)
		}
	}
}

// TestPassesAreTheMeanOfAllTurns turns a picture by hand.
func TestPassesAreTheMeanOfAllTurns(t *testing.T) {
	const h, w = 21, 34
	for _, c := range []struct{ model, picture int }{{3, 3}, {3, 1}, {1, 3}} {
		m, _, err := LoadModel(tinyFile(t, c.model))
		if err != nil {
			t.Fatal(err)
		}
		x := tensor.New(1, h, w, c.picture)
		for i := range x.Data {
			x.Data[i] = 0.3 + float32(i*7919%1000)/20000 // and little of the answer, so that nothing is clamped
		}
		mean := make([]float64, len(x.Data))
		for turn := range 8 {
			there := func(y, x int) (int, int) { // where a pixel goes
				if turn&1 != 0 {
					y = h - 1 - y
				}
				if turn&2 != 0 {
					x = w - 1 - x
				}
				if turn&4 != 0 {
					y, x = x, y
				}
				return y, x
			}
			turned := tensor.New(1, h, w, c.picture)
			if turn&4 != 0 {
				turned = tensor.New(1, w, h, c.picture)
			}
			_, _, across, _ := turned.Dims4()
			each := func(f func(at, to int)) {
				for y := range h {
					for x := range w {
						i, j := there(y, x)
						for k := range c.picture {
							f((y*w+x)*c.picture+k, (i*across+j)*c.picture+k)
						}
					}
				}
			}
			each(func(at, to int) { turned.Data[to] = x.Data[at] })
			if err := denoise(t.Context(), m, turned, 0, 0.1, 1, nil); err != nil {
				t.Fatal(err)
			}
			each(func(at, to int) { mean[at] += float64(turned.Data[to]) / 8 })
		}
		got := x.Clone()
		last := 0
		err = denoise(t.Context(), m, got, 0, 0.1, 8, func(done, total int) {
			if done < last || done > total {
				t.Errorf("%d of %d after %d", done, total, last)
			}
			last = done
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.Data {
			if math.Abs(float64(v)-mean[i]) > 1e-5 {
				t.Fatalf("%d channels in a model of %d: element %d is %g, the mean of all turns %g", c.picture, c.model, i, v, mean[i])
			}
		}
	}
}

func bits(x *tensor.Tensor) []byte {
	var b bytes.Buffer
	for _, v := range x.Data {
		u := math.Float32bits(v)
		b.Write([]byte{byte(u), byte(u >> 8), byte(u >> 16), byte(u >> 24)})
	}
	return b.Bytes()
}

func TestSettingsSurviveDamage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	spec := tiny()
	want := Settings{Width: 1280, Theme: "dark", Spec: &spec, Noise: &Noise{Kind: "poisson", Strength: 12.5}, Minutes: 3}
	if err := want.Save(dir); err != nil {
		t.Fatal(err)
	}
	got := LoadSettings(dir)
	if got.Width != want.Width || got.Theme != want.Theme || *got.Spec != spec || *got.Noise != *want.Noise || got.Minutes != 3 {
		t.Errorf("read %+v, wrote %+v", got, want)
	}
	path := filepath.Join(dir, settingsFile)
	whole := read(t, path)
	for i := 0; i < len(whole); i += 7 {
		write(t, path, string(whole[:i]))
		LoadSettings(dir)
	}
	write(t, path, `{"width": "wide", "theme": "light", "spec": {"body": "?"}, "noise": {"Kind": "?"}, "unknown": 1}`)
	if got := LoadSettings(dir); got.Width != 0 || got.Theme != "light" || got.Spec != nil || got.Noise != nil {
		t.Errorf("of a file with some good fields %+v is left", got)
	}
	if got := LoadSettings(t.TempDir()); got != (Settings{}) {
		t.Errorf("of no file %+v is left", got)
	}
}

func TestProgramsAtTheSameTimeHaveTheirOwnCheckpoints(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	take := func() slot {
		t.Helper()
		s, err := claim(dir, now)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	a, b, c := take(), take(), take()
	if a.path == b.path || b.path == c.path || a.path == c.path {
		t.Fatalf("three programs have %s, %s, %s", a.path, b.path, c.path)
	}
	write(t, b.path, "b was killed")
	b.release()
	a.release()
	d := take()
	if d.path != b.path {
		t.Errorf("the next program gets %s, want the one with the checkpoint, %s", d.path, b.path)
	}
	if e := take(); e.path != a.path {
		t.Errorf("and the next %s, want %s", e.path, a.path)
	}
}

func TestCurveKeepsValidationsAndStaysShort(t *testing.T) {
	var c curve
	const n = 100_000
	for i := 1; i <= n; i++ {
		p := model.Progress{Step: i, Loss: 1 / float64(i)}
		if i%500 == 0 {
			p.Val = &model.Validation{Loss: 2 / float64(i)}
		}
		if i == n/2 {
			p.Loss = math.NaN()
		}
		c.add(p)
	}
	vals, last := 0, 0
	for _, p := range c.points {
		if finite(p.ValLoss) {
			vals++
		}
		if !finite(p.Loss) || p.Step <= last {
			t.Fatalf("step %d with loss %g after step %d", p.Step, p.Loss, last)
		}
		last = p.Step
	}
	if len(c.points) > mostPoints || len(c.points) < mostPoints/4 || vals != n/500-1 {
		t.Errorf("%d points with %d validations, want at most %d with %d", len(c.points), vals, mostPoints, n/500-1)
	}
	var dense curve // every step validated
	for i := 1; i <= n; i++ {
		dense.add(model.Progress{Step: i, Loss: 1, Val: &model.Validation{Loss: math.Abs(float64(i) - 777.5)}})
	}
	if len(dense.points) > mostPoints {
		t.Errorf("%d points, want at most %d", len(dense.points), mostPoints)
	}
	best := math.Inf(1)
	for _, p := range dense.points {
		best = min(best, p.ValLoss)
	}
	if best != 0.5 {
		t.Errorf("the best validation left is %g, want 0.5", best)
	}
	dense.back(1000)
	if p := dense.points[len(dense.points)-1]; p.Step > 1000 {
		t.Errorf("after going back to step 1000 the last is %d", p.Step)
	}
}

func TestSSIMInStripsIsSSIM(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, h := range []int{5, 11, 137, 138, 139, 300} {
		x, y := tensor.New(1, h, 20, 3), tensor.New(1, h, 20, 3)
		for i := range x.Data {
			x.Data[i] = rng.Float32()
			y.Data[i] = x.Data[i] + 0.2*rng.Float32()
		}
		got, err := ssim(context.Background(), x, y)
		if want := metric.SSIM(x, y); err != nil || math.Abs(got-want) > 1e-12 {
			t.Errorf("%d rows: %.15g, as a whole %.15g (%v)", h, got, want, err)
		}
	}
}

func TestChartInThreeFormats(t *testing.T) {
	var c curve
	for i := 1; i <= 200; i++ {
		p := model.Progress{Step: i, Loss: 1 / float64(i), Distortion: 1 / float64(i)}
		if i%50 == 0 {
			p.Val = &model.Validation{Loss: 1.5 / float64(i), PSNR: 20}
		}
		c.add(p)
	}
	train := Train{Curve: c.points, BestStep: 150, Spec: tiny()}
	for _, log := range []bool{false, true} {
		var png, svg bytes.Buffer
		if err := drawChart(&png, "png", train, log); err != nil {
			t.Fatal(err)
		}
		p, err := imageio.Decode(bytes.NewReader(png.Bytes()), imageio.Limits{})
		if err != nil || p.Pix.Shape[1] < 400 || p.Pix.Data[0] != 1 {
			t.Errorf("PNG: %v, corner %g, want at least 400 rows on white", err, p.Pix.Data[0])
		}
		if err := drawChart(&svg, "svg", train, log); err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"training", "validation", "best, step 150", ">step<"} {
			if !strings.Contains(svg.String(), word) {
				t.Errorf("SVG has no %q", word)
			}
		}
	}
	var csv bytes.Buffer
	if err := listCurve(&csv, c.points); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(csv.String()), "\n")
	if len(lines) != 201 || lines[0] != "step,loss,distortion,price,val_loss,val_psnr" || lines[1] != "1,1,1,0,," || lines[50] != "50,0.02,0.02,0,0.03,20" {
		t.Errorf("CSV of %d lines: %q, %q, %q", len(lines), lines[0], lines[1], lines[50])
	}
	for _, few := range [][]CurvePoint{c.points[:1], {{Step: 1, ValLoss: nan}}} {
		if err := drawChart(io.Discard, "png", Train{Curve: few}, true); err != nil {
			t.Errorf("a chart of one point: %v", err)
		}
	}
}
