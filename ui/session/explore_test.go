package session

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// laidOpen is a session in which a picture has been laid open.
func laidOpen(t *testing.T, name string, size int) (*Session, Explore) {
	t.Helper()
	s := New(Options{})
	t.Cleanup(func() { s.Close(context.Background()) })
	path := filepath.Join(t.TempDir(), "mine.png")
	paintFile(t, path, 7, size, 3, 8)
	s.OpenPaths([]string{path}, PageExplore)
	untilState(t, s, "the picture", func(st State) bool { return st.Picture.Name == "mine.png" })
	s.ExploreModel(name)
	s.ShowExplore(true)
	s.ShowChannels(true)
	return s, untilState(t, s, "an open latent", func(st State) bool {
		return st.Explore.Version != 0 && st.Explore.Picture == "mine.png" && st.Explore.Model.Name == name
	}).Explore
}

// after waits until an edit is seen.
func afterEdit(t *testing.T, s *Session, last Explore, is func(ex Explore) bool) Explore {
	t.Helper()
	return untilState(t, s, "an edit", func(st State) bool {
		return st.Explore.Edited != last.Edited && !st.Explore.Pending && is(st.Explore)
	}).Explore
}

func anyEdit(Explore) bool { return true }

func TestEditsAreDecoded(t *testing.T) {
	for _, name := range []string{DefaultExplorer, "photo", CodecModel, assets.Digits} {
		t.Run(name, func(t *testing.T) {
			s, ex := laidOpen(t, name, 72)
			l, err := exploreModel(loaded{name: name})
			if err != nil {
				t.Fatal(err)
			}
			want, err := l.m.Reconstruct(t.Context(), ex.Original, levelOf(l.m, ex.Original), nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := apartBy(clamp(want), ex.Before.Whole()); d > 1e-6 {
				t.Errorf("before any edit the picture differs by %g from the reconstruction", d)
			}
			c := ex.Order[0]
			s.ZeroChannel(c)
			zeroed := afterEdit(t, s, ex, func(ex Explore) bool { return ex.Undo == 1 })
			if apartBy(zeroed.After.Whole(), ex.After.Whole()) < 1e-3 {
				t.Error("without its strongest channel the picture is the same")
			}
			if ex.Skips == l.m.Generates() {
				t.Error("it does not say whether there are skips")
			}
			if l.m.Generates() {
				y, err := l.m.Generate(t.Context(), zeroed.Latent, 72, 72, nil)
				if err != nil {
					t.Fatal(err)
				}
				if d := apartBy(clamp(y), zeroed.After.Whole()); d > 2e-4 {
					t.Errorf("the edited latent decodes to something that differs by %g", d)
				}
			}
			s.UndoEdit()
			back := afterEdit(t, s, zeroed, func(ex Explore) bool { return ex.Undo == 0 && ex.Redo == 1 })
			if d := apartBy(back.After.Whole(), ex.After.Whole()); d > 2e-4 || back.Changed != 0 {
				t.Errorf("taken back, the picture differs by %g and %d numbers", d, back.Changed)
			}
			s.RedoEdit()
			again := afterEdit(t, s, back, func(ex Explore) bool { return ex.Undo == 1 })
			if d := apartBy(again.After.Whole(), zeroed.After.Whole()); d > 2e-4 {
				t.Errorf("done again, it differs by %g", d)
			}
		})
	}
}

func TestAStrokeIsOneStepAndStaysInItsReach(t *testing.T) {
	s, ex := laidOpen(t, DefaultExplorer, 200)
	c := ex.Order[0]
	pen := Pen{Value: ex.Channels[c].High + 1, Radius: 1.5}
	s.Paint(c, pen, 40, 40, 48, 44)
	s.Paint(c, pen, 48, 44, 60, 44)
	s.EndStroke()
	painted := afterEdit(t, s, ex, func(ex Explore) bool { return ex.Undo == 1 && ex.Changed > 8 })
	s.UndoEdit()
	if back := afterEdit(t, s, painted, anyEdit); back.Undo != 0 || back.Changed != 0 {
		t.Errorf("after one undo of a stroke %d numbers are changed", back.Changed)
	}
	before, after := ex.After.Whole(), painted.After.Whole()
	reach := ex.Reaches(40/4-2, 40/4-2).Union(ex.Reaches(60/4+2, 44/4+2))
	for i := range before.Data {
		p := image.Pt(i/3%200, i/600)
		if before.Data[i] != after.Data[i] && !p.In(reach) {
			t.Fatalf("pixel %v has changed, and the cells that were painted on reach %v", p, reach)
		}
	}
}

func TestChannelsAreOrderedByWhatTheyContribute(t *testing.T) {
	s, ex := laidOpen(t, DefaultExplorer, 72)
	done := untilState(t, s, "measurements", func(st State) bool { return st.Explore.Measured == len(ex.Channels) }).Explore
	sum := 0.0
	for i, c := range done.Order {
		f := done.Channels[c]
		sum += f.Share
		if i > 0 && f.Loss > done.Channels[done.Order[i-1]].Loss {
			t.Errorf("channel %d stands behind one that contributes less", c)
		}
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("the shares add up to %g", sum)
	}
	s.TurnDials(Dials{Strongest: 1})
	one := afterEdit(t, s, done, func(ex Explore) bool { return ex.Dials.Strongest == 1 })
	n := len(ex.Channels)
	for i, v := range one.Latent.Data {
		if v != 0 && i%n != done.Order[0] {
			t.Fatalf("channel %d is kept, and the strongest is %d", i%n, done.Order[0])
		}
	}
	if !(one.PSNR < ex.Plain) || !(one.BitsPerPixel < ex.BitsPerPixel) {
		t.Errorf("one channel has %g dB at %g bits, all have %g at %g", one.PSNR, one.BitsPerPixel, ex.Plain, ex.BitsPerPixel)
	}
}

func TestSkipsCarryThePicture(t *testing.T) {
	s, ex := laidOpen(t, "photo", 72)
	if ex.Connections == 0 {
		t.Fatal("a U-Net has no skip connections")
	}
	s.TurnDials(Dials{Skips: 1})
	cut := afterEdit(t, s, ex, func(ex Explore) bool { return ex.Dials.Skips == 1 })
	const same = 2e-4 // as near as two ways of computing it come
	if d := apartBy(cut.After.Whole(), ex.After.Whole()); d < 100*same {
		t.Errorf("without skip connections it differs by %g", d)
	}
	s.UndoEdit()
	back := afterEdit(t, s, cut, anyEdit)
	if d := apartBy(back.After.Whole(), ex.After.Whole()); d > same {
		t.Errorf("with them again it differs by %g", d)
	}
}

func TestCodeIsMovedAndBorrowed(t *testing.T) {
	s, ex := laidOpen(t, DefaultExplorer, 64)
	s.MoveCode(image.Rect(0, 0, 16, 16), image.Pt(32, 32), true)
	moved := afterEdit(t, s, ex, func(ex Explore) bool { return ex.Undo == 1 })
	n, w := len(ex.Channels), 16
	for c := range n {
		if moved.Latent.Data[(8*w+8)*n+c] != ex.Latent.Data[c] {
			t.Fatal("the code is not where it was put")
		}
	}
	other := filepath.Join(t.TempDir(), "other.png")
	paintFile(t, other, 9, 64, 3, 8)
	s.OpenOther(other)
	untilState(t, s, "the other picture", func(st State) bool { return st.Explore.Other == "other.png" })
	s.TakeCode(image.Rect(20, 20, 40, 40))
	taken := afterEdit(t, s, moved, func(ex Explore) bool { return ex.Undo == 2 })
	if slices.Equal(taken.Latent.Data, moved.Latent.Data) {
		t.Error("nothing was borrowed")
	}
	s.OpenOther(filepath.Join(t.TempDir(), "gone.png"))
	untilState(t, s, "a message", func(st State) bool { return strings.Contains(st.Message.Text, "gone.png") })
	s.ResetEdits()
	reset := afterEdit(t, s, taken, func(ex Explore) bool { return ex.Undo == 3 })
	if reset.Changed != 0 {
		t.Errorf("after a reset %d numbers are changed", reset.Changed)
	}
	s.UndoEdit()
	if back := afterEdit(t, s, reset, anyEdit); !slices.Equal(back.Latent.Data, taken.Latent.Data) {
		t.Error("a reset is not taken back")
	}
}

func TestWildLatentsAreCut(t *testing.T) {
	s, ex := laidOpen(t, DefaultExplorer, 200)
	s.Paint(ex.Order[0], Pen{Value: float32(math.Inf(1)), Radius: 2}, 30, 30, 30, 30)
	wild := afterEdit(t, s, ex, func(ex Explore) bool { return ex.Wild > 0 })
	if len(wild.WildAt) == 0 || !wild.WildAt[0].Overlaps(image.Rect(20, 20, 40, 40)) {
		t.Errorf("numbers out of bounds are said to be at %v", wild.WildAt)
	}
	for _, v := range wild.After.Whole().Data {
		if !(v >= 0 && v <= 1) {
			t.Fatalf("the picture holds %g", v)
		}
	}
	s.Paint(ex.Order[0], Pen{Value: 0, Radius: 1}, 160, 160, 160, 160)
	if still := afterEdit(t, s, wild, anyEdit); still.Wild < wild.Wild {
		t.Errorf("after a stroke elsewhere %d numbers are out of bounds, before it were %d", still.Wild, wild.Wild)
	}
	s.Paint(ex.Order[0], Pen{Value: float32(math.Inf(1)), Radius: 2}, 46, 30, 46, 30)
	twice := afterEdit(t, s, wild, func(ex Explore) bool { return ex.Wild > wild.Wild })
	if len(twice.WildAt) != 1 || !wild.WildAt[0].In(twice.WildAt[0]) || twice.Wild > 3*twice.WildAt[0].Dx()*twice.WildAt[0].Dy() {
		t.Errorf("%d numbers are said to be cut in %v, before a stroke over it it were %d in %v", twice.Wild, twice.WildAt, wild.Wild, wild.WildAt)
	}
	s.UndoEdit()
	s.UndoEdit()
	s.EndStroke()
	untilState(t, s, "bounds again", func(st State) bool { return st.Explore.Undo == 0 && st.Explore.Wild == 0 && st.Explore.WildAt == nil })
}

// TestAWildModelIsShownAsOne explores a model whose weights are far too large: what it makes of any picture is no
// number.
func TestAWildModelIsShownAsOne(t *testing.T) {
	spec := model.DefaultSpec()
	spec.Width, spec.Latent, spec.Crop = 8, 4, 32
	m, err := model.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params() {
		for i := range p.Val.Data {
			p.Val.Data[i] *= 1e30
		}
	}
	file := filepath.Join(t.TempDir(), "wild.safetensors")
	if err := SaveModel(file, m); err != nil {
		t.Fatal(err)
	}
	s, _ := laidOpen(t, DefaultExplorer, 48)
	s.ExploreModel(file)
	ex := untilState(t, s, "the wild model", func(st State) bool {
		return st.Explore.Model.Path == file && st.Explore.Measured == len(st.Explore.Channels)
	}).Explore
	within := func(ex Explore) {
		t.Helper()
		if ex.Wild != 48*48*3 || len(ex.WildAt) != 1 || ex.WildAt[0] != image.Rect(0, 0, 48, 48) || math.IsNaN(ex.PSNR) {
			t.Errorf("%d numbers of 48 × 48 pixels are said to be cut, in %v, at %g dB", ex.Wild, ex.WildAt, ex.PSNR)
		}
		for _, v := range ex.After.Whole().Data {
			if !(v >= 0 && v <= 1) {
				t.Fatalf("the picture holds %g", v)
			}
		}
	}
	within(ex)
	if f := ex.Channels[0]; ex.Changed != 0 || f.Low != f.Low || f.High != f.High {
		t.Errorf("%d numbers are changed before any is, channel 0 reaches from %g to %g", ex.Changed, f.Low, f.High)
	}
	s.TurnDials(Dials{Noise: 1, Bits: 3, Directions: 2})
	within(afterEdit(t, s, ex, func(ex Explore) bool { return ex.Dials.Bits == 3 }))
	s.ShowChannels(false)
	s.SetMapping(Mapping{Data: "builtin:digits:20", Method: MethodPCA, Seed: 1})
	s.ShowMap(true)
	if why := untilState(t, s, "a reason", func(st State) bool { return !st.Map.Pending }).Map.Why.String(); !strings.Contains(why, "are no numbers") {
		t.Errorf("of a map it says %q", why)
	}
	s.ShowMix(true)
	mix := untilState(t, s, "a mixture", func(st State) bool { return !st.Mix.Pending && st.Mix.Version != 0 }).Mix
	s.ShowNetwork(true)
	untilState(t, s, "the network", func(st State) bool { return st.Network.Seen != 0 })
	if mix.Result == nil && mix.Why.Key == "" {
		t.Error("there is neither a mixture nor a reason")
	}
}

// cutShort calls stop while work of a title is shown, and waits for its end, which comes before all of it is done.
func cutShort(t *testing.T, s *Session, title string, stop func()) {
	t.Helper()
	untilState(t, s, title, func(st State) bool { return st.Work != nil && st.Work.Title == title })
	s.mu.Lock()
	i := slices.IndexFunc(s.tasks, func(at *task) bool { return at.work.Title == title })
	if i < 0 {
		s.mu.Unlock()
		t.Fatalf("%q is over before anything has stopped it", title)
	}
	at := s.tasks[i]
	s.mu.Unlock()
	stop()
	untilState(t, s, "the end of "+title, func(st State) bool { return st.Work == nil })
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := at.work; w.Total > 0 && w.Done == w.Total {
		t.Errorf("%q went on to its end", title)
	}
}

// TestNothingOutlivesTheModel chooses another model while a part is at work for the one before.
func TestNothingOutlivesTheModel(t *testing.T) {
	s, _ := laidOpen(t, "photo", 48)
	large := pictureFile(t, 0, 2000, 3000)
	ended := make(chan error, 1)
	s.edit(func(x *exploring) image.Rectangle { // as OpenOther
		ended <- x.openOther(large)
		return image.Rectangle{}
	})
	for waiting := 1; waiting > 0; { // until it has begun
		s.mu.Lock()
		waiting = len(s.explorer.ops)
		s.mu.Unlock()
		runtime.Gosched()
	}
	s.ExploreModel(assets.Digits)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the picture whose code is copied: %v", err)
	}
	ex := untilState(t, s, "the other model", func(st State) bool { return st.Explore.Model.Name == assets.Digits && st.Explore.Version != 0 }).Explore
	if ex.Other != "" {
		t.Errorf("the next model is there with the code of %q", ex.Other)
	}
	s.ShowChannels(false)
	many := filepath.Dir(large)
	for i := range 20 {
		if err := os.Link(large, filepath.Join(many, fmt.Sprintf("%02d.png", i))); err != nil {
			t.Fatal(err)
		}
	}
	for what, show := range map[string]func(on bool){"Mixing": s.ShowMix, "Laying pictures out": s.ShowMap, "Looking into the network": s.ShowNetwork} {
		s.ExploreModel("photo")
		want := between(large, large, 0.5)
		want.Mode = MixNumber
		s.SetMixing(want)
		s.SetMapping(Mapping{Data: many, Method: MethodPCA, Seed: s.State().Map.Want.Seed + 1})
		s.Probe(func(p *Probing) { p.Mode, p.Data = ProbeFilters, many })
		show(true)
		cutShort(t, s, what, func() {
			s.ExploreModel(assets.Digits)
			show(false)
		})
	}
}

func TestAnotherPictureOrModelIsLaidOpen(t *testing.T) {
	s, ex := laidOpen(t, DefaultExplorer, 64)
	s.ZeroChannel(0)
	other := filepath.Join(t.TempDir(), "second.png")
	paintFile(t, other, 3, 48, 3, 8)
	s.OpenPaths([]string{other}, PageExplore)
	next := untilState(t, s, "the second picture", func(st State) bool { return st.Explore.Picture == "second.png" }).Explore
	if next.Undo != 0 || next.After.Width != 48 {
		t.Errorf("the second picture has %d edits and is %d wide", next.Undo, next.After.Width)
	}
	s.ExploreModel(filepath.Join(t.TempDir(), "gone.safetensors"))
	untilState(t, s, "a message", func(st State) bool { return strings.Contains(st.Message.Text, "gone.safetensors") })
	s.ZeroChannel(next.Order[0])
	still := afterEdit(t, s, next, func(ex Explore) bool { return ex.Undo == 1 })
	if still.Model.Name != ex.Model.Name {
		t.Errorf("after a model that is not there, %q is explored", still.Model.Name)
	}
}

// TestAModelOfDigitsIsGivenOne explores a sample, which such a model does not know, and then a drawing, which it gets.
func TestAModelOfDigitsIsGivenOne(t *testing.T) {
	s := open(t, Options{})
	until(t, s, "the sample", settled)
	s.ExploreModel(assets.Digits)
	s.ShowExplore(true)
	s.ShowChannels(true)
	first := untilState(t, s, "a digit", func(st State) bool { return st.Explore.Version != 0 && !st.Explore.Opening }).Explore
	if shape := first.Original.Shape; !first.Drawn || shape[1] != 28 || shape[2] != 28 {
		t.Fatalf("a picture of %v is laid open", shape)
	}
	s.AnotherDigit()
	next := untilState(t, s, "another digit", func(st State) bool {
		return st.Explore.Version != first.Version && !st.Explore.Opening
	}).Explore
	if !next.Drawn || slices.Equal(next.Original.Data, first.Original.Data) {
		t.Error("another digit is the same one")
	}
	pixels := make([]float32, DrawnSide*DrawnSide)
	pixels[300] = 1
	s.Draw(DrawnSide, pixels)
	mine := untilState(t, s, "the drawing", func(st State) bool {
		return st.Explore.Version != next.Version && !st.Explore.Opening && !st.Explore.Drawn
	}).Explore
	if !slices.Equal(mine.Original.Data, pixels) {
		t.Errorf("a picture of %v is laid open in place of the drawing", mine.Original.Shape)
	}
}

func TestTilesAreThePicture(t *testing.T) {
	x := tensor.New(1, 300, 520, 3)
	for i := range x.Data {
		x.Data[i] = float32(i%251) / 251
	}
	var n uint64
	next := func() uint64 { n++; return n }
	first := newTiles(520, 300).with(x, image.Rect(0, 0, 520, 300), next)
	if !slices.Equal(first.Whole().Data, x.Data) {
		t.Error("all tiles together are not the picture")
	}
	x.Data[(260*520+510)*3] = 2
	second := first.with(x, image.Rect(510, 260, 511, 261), next)
	changed := 0
	for i := range first.Parts {
		if first.Versions[i] != second.Versions[i] {
			changed++
		}
	}
	if part, px, py := second.At(510, 260); changed != 1 || part.Data[(py*part.Shape[2]+px)*3] != 1 || slices.Equal(first.Whole().Data, x.Data) {
		t.Errorf("%d tiles have changed with one pixel", changed)
	}
	if part, _, _ := second.At(520, 0); part != nil {
		t.Error("there is a tile beyond the picture")
	}
}

func TestEachPaneOfAnOpenLatentIsSaved(t *testing.T) {
	s, ex := laidOpen(t, DefaultExplorer, 64)
	s.ZeroChannel(ex.Order[0])
	edited := afterEdit(t, s, ex, func(ex Explore) bool { return ex.Undo == 1 })
	dir := t.TempDir()
	for pane, want := range map[Pane]*tensor.Tensor{PaneOriginal: ex.Original, PaneNoisy: ex.Before.Whole(), PaneLatent: nil, PaneResult: edited.After.Whole()} {
		name := filepath.Join(dir, string(rune('a'+int(pane)))+".png")
		s.SavePane(PageExplore, pane, name, Look{Channel: 2})
		untilState(t, s, name, func(st State) bool { return st.Saved.Path == name })
		p, err := openPicture(t.Context(), name, imageio.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			if _, h, w, _ := p.Pix.Dims4(); h != 16 || w != 16 {
				t.Errorf("a channel of 16 × 16 cells is saved as %d × %d pixels", h, w)
			}
		} else if d := apartBy(want, p.Pix); d > 0.5/255+1e-6 {
			t.Errorf("pane %d is saved as something that differs by %g", pane, d)
		}
	}
}
