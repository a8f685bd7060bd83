package session

import (
	"context"
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
	s := openMix(t, "photo")
	m := mixed(t, s, func(m Mix) bool { return m.Why.Key != "" })
	if !strings.Contains(m.Why.String(), "photo") || !strings.Contains(m.Why.String(), "skip") {
		t.Errorf("of a model with skips it says %q", m.Why)
	}
	s.ExploreModel(DefaultExplorer)
	want := DefaultMixing
	want.Mode = MixChance
	s.SetMixing(want)
	m = mixed(t, s, func(m Mix) bool { return m.Want.Mode == MixChance && m.Why.Key == errChanceKey() })
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
