package session

import (
	"context"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
	"sieve/model/metric"
	"sieve/model/tensor"
)

// untilState waits for a state that is as it should be.
func untilState(t *testing.T, s *Session, what string, is func(st State) bool) State {
	t.Helper()
	states, stop := s.Watch()
	defer stop()
	limit := time.After(time.Minute)
	for {
		select {
		case st := <-states:
			if is(st) {
				return st
			}
		case <-limit:
			t.Fatalf("waited in vain for %s; the message is %q", what, s.State().Message.Text)
		}
	}
}

// mixed waits until what is wanted has been mixed.
func mixed(t *testing.T, s *Session, want func(m Mix) bool) Mix {
	t.Helper()
	return untilState(t, s, "a mixture", func(st State) bool { return !st.Mix.Pending && want(st.Mix) }).Mix
}

func openMix(t *testing.T, model string) *Session {
	t.Helper()
	s := New(Options{})
	t.Cleanup(func() { s.Close(context.Background()) })
	s.ExploreModel(model)
	s.ShowMix(true)
	return s
}

func TestCornersAreTheReconstructions(t *testing.T) {
	s := openMix(t, assets.Digits)
	first := mixed(t, s, func(m Mix) bool { return m.Result != nil && len(m.Strip) == framesBetween })
	l, err := exploreModel(loaded{name: assets.Digits})
	if err != nil {
		t.Fatal(err)
	}
	for i, at := range [][2]float64{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
		want := first.Want
		want.X, want.Y = at[0], at[1]
		s.SetMixing(want)
		m := mixed(t, s, func(m Mix) bool { return m.Want == want && m.Result != nil && len(m.Strip) == framesBetween })
		y, err := l.m.Reconstruct(context.Background(), m.Slots[i], 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := apartBy(y, m.Result); d > 1e-5 {
			t.Errorf("corner %d differs by %g from what the model makes of its picture", i, d)
		}
	}
}

// apartBy is the greatest difference of two pictures.
func apartBy(a, b *tensor.Tensor) (most float64) {
	for i, v := range a.Data {
		most = max(most, math.Abs(float64(v-b.Data[i])))
	}
	return most
}

func TestGreatCirclesKeepTheLength(t *testing.T) {
	a, b := latentOf(1, 1, 50), latentOf(1, 1, 50)
	slices.Reverse(b.Data)
	length := func(z *tensor.Tensor) (sum float64) {
		for _, v := range z.Data {
			sum += float64(v) * float64(v)
		}
		return math.Sqrt(sum)
	}
	if line, circle := length(lerp(a, b, 0.5)), length(slerp(a, b, 0.5)); !(math.Abs(circle-length(a)) < 1e-4*circle && line < 0.95*circle) {
		t.Errorf("the ends are %g long, the middle of the line %g, of the circle %g", length(a), line, circle)
	}
	for _, at := range []float64{0, 1} {
		want := map[float64]*tensor.Tensor{0: a, 1: b}[at]
		if d := apartBy(slerp(a, b, at), want); d > 1e-5 {
			t.Errorf("at %g a circle is %g from its end", at, d)
		}
	}
	if z := slerp(a, a, 0.3); apartBy(z, a) > 1e-6 {
		t.Error("between a latent and itself there is another")
	}
	zero := tensor.New(1, 1, 1, 50)
	if z := slerp(zero, a, 0.5); slices.ContainsFunc(z.Data, func(v float32) bool { return v != v }) {
		t.Error("from nothing to something leads NaN")
	}
}

func TestSumsMeansTablesAndChance(t *testing.T) {
	s := openMix(t, assets.Digits)
	base := DefaultMixing
	base.Slots = [MixSlots]string{"digit:0", "digit:1", "digit:1", ""}
	base.Mode = MixSum
	s.SetMixing(base)
	m := mixed(t, s, func(m Mix) bool { return m.Want == base && m.Result != nil && len(m.Strip) == framesBetween })
	for i, f := range m.Strip {
		if apartBy(f, m.Strip[0]) > 1e-5 {
			t.Errorf("A - B + B is not A in picture %d", i)
		}
	}
	base.Mode = MixNumber
	s.SetMixing(base)
	m = mixed(t, s, func(m Mix) bool { return m.Want == base && len(m.Strip) == 8*numberSteps })
	if apartBy(m.Strip[numberSteps/2], m.Strip[numberSteps+numberSteps/2]) > 1e-5 {
		t.Error("the middle of each row is not the same picture")
	}
	if apartBy(m.Strip[0], m.Strip[numberSteps-1]) < 0.1 {
		t.Error("the ends of a row do not differ")
	}
	base.Mode = MixChance
	s.SetMixing(base)
	m = mixed(t, s, func(m Mix) bool { return m.Want == base && len(m.Strip) == drawnFromChance })
	again := base
	again.Seed++
	s.SetMixing(again)
	other := mixed(t, s, func(m Mix) bool { return m.Want == again && len(m.Strip) == drawnFromChance && !m.Pending })
	if apartBy(m.Strip[0], other.Strip[0]) < 0.1 {
		t.Error("another seed draws the same")
	}

	dir := t.TempDir()
	for i := range 3 {
		p := &imageio.Picture{Pix: m.Strip[i], Depth: 8}
		if err := imageio.Save(filepath.Join(dir, string(rune('a'+i))+".png"), p, imageio.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "bad.png"), "no picture")
	base.Mode, base.Folder = MixMean, dir
	s.SetMixing(base)
	m = mixed(t, s, func(m Mix) bool { return m.Want == base && m.Result != nil })
	if m.Count != 3 {
		t.Errorf("the mean of %d pictures, want 3", m.Count)
	}
	if text := s.State().Message.Text; !strings.Contains(text, "bad.png") {
		t.Errorf("the file that is none is not named: %q", text)
	}
}

func TestAMixtureThatCannotBeSaysWhy(t *testing.T) {
	s := openMix(t, DefaultExplorer)
	want := DefaultMixing
	want.Mode = MixChance
	s.SetMixing(want)
	m := mixed(t, s, func(m Mix) bool { return m.Want.Mode == MixChance && m.Why.Key == errChanceKey() })
	if m.Result != nil || len(m.Strip) > 0 {
		t.Error("something was drawn all the same")
	}
	want.Mode, want.Folder = MixMean, t.TempDir()
	s.SetMixing(want)
	m = mixed(t, s, func(m Mix) bool { return m.Want == want && m.Why.Key != "" })
	if !strings.Contains(m.Why.String(), "no picture") {
		t.Errorf("of an empty folder it says %q", m.Why)
	}
	want.Mode, want.Slots[0] = MixBetween, filepath.Join(t.TempDir(), "gone.png")
	s.SetMixing(want)
	m = mixed(t, s, func(m Mix) bool { return m.Want == want && m.Why.Key != "" })
	if !strings.Contains(m.Why.String(), "gone.png") {
		t.Errorf("of a file that is not there it says %q", m.Why)
	}
}

// between is a mixing of two pictures.
func between(a, b string, x float64) Mixing {
	want := DefaultMixing
	want.Slots, want.X, want.Y = [MixSlots]string{a, b}, x, 0
	return want
}

// remixed waits until something has been mixed, and returns it.
func remixed(t *testing.T, s *Session, want Mixing) Mix {
	t.Helper()
	s.SetMixing(want)
	return mixed(t, s, func(m Mix) bool { return m.Want == want && m.Result != nil })
}

// pictureFile writes a part of a sample picture.
func pictureFile(t *testing.T, sample, h, w int) string {
	t.Helper()
	p, err := source{sample: sample}.open(t.Context(), imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%d-%dx%d.png", sample, w, h))
	if err := imageio.Save(path, &imageio.Picture{Pix: imageio.Fit(p.Pix, h, w), Depth: 8}, imageio.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWhatGoesAroundTheLatentIsOfA mixes with a model that has skip connections: at A is what it makes of A, at B
// what it makes of A with the latent of B.
func TestWhatGoesAroundTheLatentIsOfA(t *testing.T) {
	s := openMix(t, "photo")
	a, b := pictureFile(t, 0, 96, 120), pictureFile(t, 1, 120, 96)
	l, err := exploreModel(loaded{name: "photo"})
	if err != nil {
		t.Fatal(err)
	}
	m := remixed(t, s, between(a, b, 0))
	if !m.Beside {
		t.Error("it does not say that something goes around the latent")
	}
	o, err := l.m.Open(t.Context(), m.Slots[0], levelOf(l.m, m.Slots[0]), 0, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := apartBy(clamp(o.Made().Clone()), m.Result); d != 0 {
		t.Errorf("at A it differs by %g from what the model makes of A", d)
	}
	m = remixed(t, s, between(a, b, 1))
	z, err := l.m.Features(t.Context(), m.Slots[1], levelOf(l.m, m.Slots[1]), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := tensor.New(m.Slots[0].Shape...)
	if _, err := o.Decode(t.Context(), z, model.Rect{Bottom: 96, Right: 120}, want, nil); err != nil {
		t.Fatal(err)
	}
	if d := apartBy(clamp(want), m.Result); d > 1e-6 {
		t.Errorf("at B it differs by %g from A with the latent of B", d)
	}
	if d := apartBy(want, clamp(o.Made().Clone())); d < 0.005 {
		t.Errorf("the latent of B changes A by %g: nothing was tested", d)
	}

	other := between("", b, 0)
	other.Slots[2] = a
	if m = remixed(t, s, other); !slices.Equal(m.Result.Shape, []int{1, 120, 96, 3}) {
		t.Errorf("without A the mixture has the shape %v, want that of B", m.Result.Shape)
	}
	mean := between(a, b, 0)
	mean.Mode, mean.Folder = MixMean, filepath.Dir(a)
	if m = remixed(t, s, mean); apartBy(clamp(o.Made().Clone()), m.Result) > 1e-6 || m.Count != 1 {
		t.Errorf("the mean of A alone is not what the model makes of A, or one of %d pictures", m.Count)
	}
	mean.Mode = MixChance
	s.SetMixing(mean)
	mixed(t, s, func(m Mix) bool { return m.Want == mean && m.Why.Key == errChanceKey() })
}

// TestAMixtureIsSavedAtFullSize compares what is saved with what is shown, and its ends with the reconstructions.
func TestAMixtureIsSavedAtFullSize(t *testing.T) {
	s := openMix(t, DefaultExplorer)
	l, err := exploreModel(loaded{name: DefaultExplorer})
	if err != nil {
		t.Fatal(err)
	}
	const h, w = 400, 600
	slots := [2]string{pictureFile(t, 0, h, w), pictureFile(t, 1, h, w)}
	save := func(want Mixing, name string, strip bool) *tensor.Tensor {
		t.Helper()
		s.SetMixing(want)
		path := filepath.Join(t.TempDir(), name)
		s.SaveMix(path, strip)
		saved := untilState(t, s, name, func(st State) bool { return st.Saved.Path == path }).Saved
		p, err := openPicture(t.Context(), path, imageio.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, ph, pw, _ := p.Pix.Dims4(); saved.Height != ph || saved.Width != pw {
			t.Errorf("%s is %d × %d, and is said to be %d × %d", name, pw, ph, saved.Width, saved.Height)
		}
		return p.Pix
	}
	for i, x := range []float64{0, 1} {
		y := save(between(slots[0], slots[1], x), fmt.Sprintf("end-%d.png", i), false)
		p, err := openPicture(t.Context(), slots[i], imageio.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := l.m.Reconstruct(t.Context(), p.Pix, levelOf(l.m, p.Pix), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(y.Shape, want.Shape) {
			t.Fatalf("end %d is saved as %v, its picture is %v", i, y.Shape, want.Shape)
		}
		if d := apartBy(clamp(want), y); d > 0.51/255 {
			t.Errorf("end %d differs by %g from what the model makes of its picture", i, d)
		}
	}
	want := between(slots[0], slots[1], 0.3)
	shown := remixed(t, s, want).Result
	y := save(want, "middle.png", false)
	if !slices.Equal(y.Shape, []int{1, h, w, 3}) || shown.Shape[2] != mostMixed {
		t.Fatalf("of shape %v is saved as %v", shown.Shape, y.Shape)
	}
	psnr := func(other *tensor.Tensor) float64 {
		return metric.PSNR(imageio.Fit(other, shown.Shape[1], shown.Shape[2]), shown)
	}
	away := save(between(slots[0], slots[1], 0.5), "away.png", false)
	if same, other := psnr(y), psnr(away); same < 28 || same < other+3 {
		t.Errorf("what is saved agrees with what is shown at %.1f dB, another mixture at %.1f dB", same, other)
	} else {
		t.Logf("agrees at %.1f dB, another mixture at %.1f dB", same, other)
	}
	if strip := save(want, "strip.png", true); !slices.Equal(strip.Shape, []int{1, h, framesBetween*(w+2) - 2, 3}) {
		t.Errorf("a strip is saved as %v", strip.Shape)
	}
	large := &mixWork{side: mostMixedSaved, model: l}
	if large.begin("", tensor.New(1, 100, 6000, 3)); large.h != 68 || large.w != 4096 {
		t.Errorf("6000 × 100 pixels are mixed at %d × %d", large.w, large.h)
	}
}

func TestMixingIsCancelled(t *testing.T) {
	s := openMix(t, "photo")
	s.ShowMix(false)
	want := between(pictureFile(t, 0, 1500, 2000), pictureFile(t, 1, 96, 120), 0.5)
	s.SetMixing(want)
	cancel := func(what string) {
		t.Helper()
		untilState(t, s, "progress", func(st State) bool { return st.Work != nil && st.Work.Title == what && st.Work.Done > 0 })
		s.Cancel()
		began := time.Now()
		untilState(t, s, "the end", func(st State) bool { return st.Work == nil && !st.Mix.Pending })
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: to cancel takes %v", what, took)
		}
	}
	path := filepath.Join(t.TempDir(), "big.png")
	s.SaveMix(path, false)
	cancel("Saving the mixture")
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("what was cancelled was written: %v", err)
	}
	s.ShowMix(true)
	want.Mode = MixNumber
	s.SetMixing(want)
	cancel("Mixing")
	if n := len(s.State().Mix.Strip); n == mostMoved*numberSteps {
		t.Error("what was cancelled went on to its end")
	}
}

func errChanceKey() string { return Explain(errChance).Key }

func TestAMixtureIsSaved(t *testing.T) {
	s := openMix(t, assets.Digits)
	mixed(t, s, func(m Mix) bool { return len(m.Strip) == framesBetween })
	dir := t.TempDir()
	for name, size := range map[string]image.Point{"one.png": {28, 28}, "strip.png": {framesBetween*30 - 2, 28}, "strip.gif": {}} {
		path := filepath.Join(dir, name)
		s.SaveMix(path, strings.HasPrefix(name, "strip"))
		untilState(t, s, name, func(st State) bool { return filepath.Base(st.Saved.Path) == name })
		if size == (image.Point{}) {
			if b, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(b), "GIF89a") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		info, err := imageio.Probe(path)
		if err != nil || info.Width != size.X || info.Height != size.Y {
			t.Errorf("%s is %d × %d (%v), want %v", name, info.Width, info.Height, err, size)
		}
	}
}
