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
	limit := time.After(patient)
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

// TestWhatGoesPastTheLatentIsMixed mixes with a model that has skip connections: at both ends is what it makes of their
// pictures, and between them nothing is more of one than of the other.
func TestWhatGoesPastTheLatentIsMixed(t *testing.T) {
	names := []string{"photo", "gaussian"}
	if testing.Short() {
		names = names[:1]
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			s := openMix(t, name)
			a, b := pictureFile(t, 0, 96, 120), pictureFile(t, 1, 96, 120)
			l, err := exploreModel(loaded{name: name})
			if err != nil {
				t.Fatal(err)
			}
			m := remixed(t, s, between(a, b, 0))
			if !m.Beside {
				t.Error("it does not say that something goes past the latent")
			}
			var ends [2]*tensor.Tensor
			var codes [2]*tensor.Tensor
			var past [2]*model.Bypass
			for i := range ends {
				level := levelOf(l.m, m.Slots[i])
				y, err := l.m.Reconstruct(t.Context(), m.Slots[i], level, nil)
				if err != nil {
					t.Fatal(err)
				}
				ends[i] = clamp(y)
				if codes[i], past[i], err = l.m.Encode(t.Context(), m.Slots[i], level, nil); err != nil {
					t.Fatal(err)
				}
				if at := remixed(t, s, between(a, b, float64(i))); apartBy(ends[i], at.Result) > 1e-6 {
					t.Errorf("at end %d it differs by %g from what the model makes of its picture", i, apartBy(ends[i], at.Result))
				}
			}
			sum := past[0].Times(0.7)
			sum.Add(0.3, past[1])
			want, err := l.m.Decode(t.Context(), lerp(codes[0], codes[1], 0.3), sum, 96, 120, nil)
			if err != nil {
				t.Fatal(err)
			}
			some := remixed(t, s, between(a, b, 0.3)).Result
			if d := apartBy(clamp(want), some); d > 1e-5 {
				t.Errorf("at 0.3 it differs by %g from what the decoder makes of mixed skips and latents", d)
			}
			middle := remixed(t, s, between(a, b, 0.5)).Result
			whole := metric.PSNR(ends[0], ends[1])
			if toA, toB := metric.PSNR(ends[0], middle), metric.PSNR(ends[1], middle); math.Abs(toA-toB) > 2 || min(toA, toB) < whole+3 {
				t.Errorf("A is %.1f dB from B; the middle is %.1f dB from A and %.1f dB from B", whole, toA, toB)
			}
			if same := remixed(t, s, between(a, a, 0.5)).Result; apartBy(same, ends[0]) > 1e-5 {
				t.Errorf("between A and A lies something that differs by %g", apartBy(same, ends[0]))
			}
			round := between(a, b, 0.5)
			round.Round = true
			if d := apartBy(remixed(t, s, round).Result, middle); d == 0 {
				t.Error("along a great circle the latent is the same as along a line")
			}

			four := between(a, a, 0.3)
			four.Slots[2], four.Slots[3], four.Y = b, b, 0.5
			if d := apartBy(remixed(t, s, four).Result, middle); d > 1e-5 {
				t.Errorf("between A, A, B and B the middle differs by %g from that between A and B", d)
			}
			three := between(a, b, 0)
			three.Slots[2], three.Mode = b, MixSum
			if d := apartBy(remixed(t, s, three).Result, ends[0]); d > 1e-5 {
				t.Errorf("A - B + B differs by %g from A", d)
			}
			other := between("", b, 0)
			other.Slots[2] = a
			if m = remixed(t, s, other); apartBy(m.Result, ends[1]) > 1e-5 {
				t.Error("with B alone in its row the mixture is not B")
			}
			other.Slots[1] = pictureFile(t, 1, 120, 96)
			if m = remixed(t, s, other); !slices.Equal(m.Result.Shape, []int{1, 120, 96, 3}) {
				t.Errorf("without A the mixture has the shape %v, want that of B", m.Result.Shape)
			}
			mean := between(a, b, 0)
			mean.Mode, mean.Folder = MixMean, filepath.Dir(a)
			if m = remixed(t, s, mean); apartBy(ends[0], m.Result) > 1e-6 || m.Count != 1 {
				t.Errorf("the mean of A alone is not what the model makes of A, or one of %d pictures", m.Count)
			}
			if p, err := os.ReadFile(b); err != nil {
				t.Fatal(err)
			} else {
				write(t, filepath.Join(mean.Folder, "b.png"), string(p))
			}
			fresh := &mixWork{s: s, side: mostMixed, model: l}
			if err := fresh.average(t.Context(), mean.Folder, func(int, int) {}); err != nil {
				t.Fatal(err)
			}
			x, err := fresh.mixture(mean)
			if err != nil {
				t.Fatal(err)
			}
			both, err := fresh.decode(t.Context(), *x.result, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := apartBy(both, middle); d > 1e-5 {
				t.Errorf("the mean of A and B differs by %g from the middle between them", d)
			}
			mean.Mode = MixChance
			s.SetMixing(mean)
			mixed(t, s, func(m Mix) bool { return m.Want == mean && m.Why.Key == errChanceKey() })
		})
	}
}

// TestALargeMixtureIsThatOfItsSkips saves a mixture of a model with skip connections, which is made in pieces, and compares
// it with the one that is made at once.
func TestALargeMixtureIsThatOfItsSkips(t *testing.T) {
	l, err := exploreModel(loaded{name: "photo"})
	if err != nil {
		t.Fatal(err)
	}
	s := openMix(t, "photo")
	want := between(pictureFile(t, 0, 200, 300), pictureFile(t, 1, 200, 300), 0.4)
	var made [2]*tensor.Tensor
	for i, side := range []int{mostMixed, mostMixedSaved} {
		w := &mixWork{s: s, side: side, model: l}
		if err := w.fill(t.Context(), want, l, nil); err != nil {
			t.Fatal(err)
		}
		if (w.past[0] == nil) != (side == mostMixedSaved) {
			t.Errorf("at %d pixels a side skips are held: %v", side, w.past[0] != nil)
		}
		x, err := w.mixture(want)
		if err != nil {
			t.Fatal(err)
		}
		if made[i], err = w.decode(t.Context(), *x.result, nil); err != nil {
			t.Fatal(err)
		}
	}
	if d := apartBy(made[0], made[1]); d > 1e-5 {
		t.Errorf("in pieces it differs by %g", d)
	}
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
	if large.begin("", tensor.New(1, 100, 6000, 3), large.side); large.h != 68 || large.w != 4096 {
		t.Errorf("6000 × 100 pixels are mixed at %d × %d", large.w, large.h)
	}
}

func TestMixingIsCancelled(t *testing.T) {
	s := openMix(t, "photo")
	s.ShowMix(false)
	want := between(pictureFile(t, 0, 1500, 2000), pictureFile(t, 1, 96, 120), 0.5)
	s.SetMixing(want)
	path := filepath.Join(t.TempDir(), "big.png")
	s.SaveMix(path, false)
	begun := func(st State) bool { return st.Work != nil && st.Work.Done > 0 }
	untilState(t, s, "progress", begun)
	cutShort(t, s, "Saving the mixture", s.Cancel)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("what was cancelled was written: %v", err)
	}
	s.ShowMix(true)
	want.Mode = MixNumber
	s.SetMixing(want)
	untilState(t, s, "progress", begun)
	cutShort(t, s, "Mixing", s.Cancel)
	mixed(t, s, func(Mix) bool { return true })
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
