package session

import (
	"context"
	"image"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sieve/model"
	"sieve/model/tensor"
)

// openingLarge is a session in which a large picture is being laid open by a small model, and a part in its
// lower right corner is on the screen.
func openingLarge(t *testing.T) (s *Session, m *model.Model, name string, seen image.Rectangle) {
	t.Helper()
	m, file := modelFile(t, func(s *model.Spec) { s.Channels, s.Width, s.Latent, s.Blocks = 3, 16, 6, 1 })
	s = New(Options{})
	t.Cleanup(func() { s.Close(context.Background()) })
	path := filepath.Join(t.TempDir(), "large.png")
	paintFile(t, path, 7, 1600, 3, 8)
	s.OpenPaths([]string{path}, PageExplore)
	untilState(t, s, "the picture", func(st State) bool { return st.Picture.Name == "large.png" })
	seen = image.Rect(1301, 1202, 1403, 1303)
	s.LookAt(seen)
	s.ExploreModel(file)
	s.ShowExplore(true)
	s.ShowChannels(true)
	return s, m, file, seen
}

// filled counts the numbers of tiles that are there in a rectangle.
func filled(t Tiles, r image.Rectangle) (n int) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if part, px, py := t.At(x, y); part != nil {
				if v := part.Data[(py*part.Shape[2]+px)*3]; v == v {
					n++
				}
			}
		}
	}
	return n
}

func TestWhatIsOnTheScreenIsLaidOpenFirst(t *testing.T) {
	s, m, _, seen := openingLarge(t)
	all := image.Rect(0, 0, 1600, 1600)
	first := untilState(t, s, "an original", func(st State) bool { return st.Explore.Opening }).Explore
	part := untilState(t, s, "what is on the screen", func(st State) bool {
		return st.Explore.Opening && filled(st.Explore.Before, seen) == seen.Dx()*seen.Dy()
	}).Explore
	if first.Version == 0 || first.Original.Shape[1] != 1600 || part.Version != first.Version {
		t.Errorf("at first there is an original of shape %v", first.Original.Shape)
	}
	if n := filled(part.Before, all); n >= all.Dx()*all.Dy()/2 {
		t.Errorf("%d pixels are there before what is on the screen, of %d", n, all.Dx()*all.Dy())
	}
	for _, v := range []float64{part.PSNR, part.Plain, part.BitsPerPixel, part.Channels[0].Loss, part.Channels[0].Share} {
		if !math.IsNaN(v) {
			t.Errorf("a figure says %g before all is there", v)
		}
	}
	across := part.Latent.Shape[2]
	for i, v := range part.Latent.Data {
		at := image.Pt(i/6%across, i/6/across).Mul(part.Cell)
		if at.In(seen) && v != v {
			t.Fatalf("the latent of %v is not there", at)
		}
	}
	s.ZeroChannel(0) // nothing that could be edited is open
	whole := untilState(t, s, "all of it", func(st State) bool { return st.Explore.Version != 0 && !st.Explore.Opening }).Explore
	want, err := m.Reconstruct(t.Context(), whole.Original, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	z, err := m.Features(t.Context(), whole.Original, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if whole.Version != first.Version || !slices.Equal(clamp(want).Data, whole.Before.Whole().Data) || !slices.Equal(z.Data, whole.Latent.Data) || whole.Changed+whole.Undo != 0 {
		t.Errorf("in the end there is another picture, off by %g, or latent, off by %g, with %d changes", apartBy(want, whole.Before.Whole()), apartBy(z, whole.Latent), whole.Changed)
	}
	if math.IsNaN(whole.PSNR) || whole.PSNR != whole.Plain {
		t.Errorf("in the end the figures are %g and %g", whole.PSNR, whole.Plain)
	}
	drawn := exploring{ex: Explore{Original: whole.Original, After: newTiles(1600, 1600).with(want, all, s.ticket)}}
	if p := drawn.psnr(); p != whole.PSNR {
		t.Errorf("the figure is %g, that of the reconstruction is %g", whole.PSNR, p)
	}
	for c, f := range whole.Channels {
		if low, high := rangeOf(z, c); f.Low != low || f.High != high {
			t.Errorf("channel %d is said to go from %g to %g, and goes from %g to %g", c, f.Low, f.High, low, high)
		}
	}
}

// rangeOf is from where to where a channel of a latent goes.
func rangeOf(z *tensor.Tensor, c int) (low, high float32) {
	low, high = z.Data[c], z.Data[c]
	for i := c; i < len(z.Data); i += z.Shape[3] {
		low, high = min(low, z.Data[i]), max(high, z.Data[i])
	}
	return low, high
}

// TestNothingIsMeasuredBehindOtherParts goes to another part while a picture is being laid open, and waits as
// long as it takes to measure it twice.
func TestNothingIsMeasuredBehindOtherParts(t *testing.T) {
	s, m, _, _ := openingLarge(t)
	untilState(t, s, "an original", func(st State) bool { return st.Explore.Opening })
	s.ShowChannels(false)
	ex := untilState(t, s, "all of it", func(st State) bool { return st.Explore.Version != 0 && !st.Explore.Opening }).Explore
	o, err := m.Open(t.Context(), ex.Original, 0, 0, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := o.Worth(t.Context(), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if ex := s.State().Explore; ex.Measured != 0 || !math.IsNaN(ex.Channels[0].Loss) {
		t.Errorf("%d channels are measured while another part is in front", ex.Measured)
	}
	s.ShowChannels(true)
	untilState(t, s, "measurements", func(st State) bool { return st.Explore.Measured == len(ex.Channels) })
}

// TestOtherPartsLayNothingOpen chooses models while another part is in front: they are named, and no more.
func TestOtherPartsLayNothingOpen(t *testing.T) {
	s := New(Options{})
	t.Cleanup(func() { s.Close(context.Background()) })
	untilState(t, s, "a picture", func(st State) bool { return st.Panes.Original != nil })
	s.ShowExplore(true)
	for _, name := range []string{DefaultExplorer, "photo", CodecModel} {
		s.ExploreModel(name)
		ex := untilState(t, s, "a model", func(st State) bool { return st.Explore.Model.Name == name }).Explore
		if ex.Version != 0 || ex.Original != nil || ex.Cell == 0 || ex.Skips != (ex.Connections > 0) {
			t.Errorf("%s is named, with an original: %v, a cell of %d and %d connections", name, ex.Original != nil, ex.Cell, ex.Connections)
		}
	}
	s.ShowChannels(true)
	untilState(t, s, "an open latent", func(st State) bool { return st.Explore.Version != 0 && st.Explore.Model.Name == CodecModel })
	s.ShowChannels(false)
	s.ExploreModel("photo")
	if ex := untilState(t, s, "a model", func(st State) bool { return st.Explore.Model.Name == "photo" }).Explore; ex.Version != 0 {
		t.Error("what another model has laid open is still there")
	}
}

// TestOpeningEndsWhereNobodyWaits chooses other models while a large picture is being laid open.
func TestOpeningEndsWhereNobodyWaits(t *testing.T) {
	s, _, file, _ := openingLarge(t)
	first := untilState(t, s, "an original", func(st State) bool { return st.Explore.Opening }).Explore
	s.ExploreModel(filepath.Join(t.TempDir(), "gone.safetensors"))
	untilState(t, s, "a message", func(st State) bool { return strings.Contains(st.Message.Text, "gone.safetensors") })
	again := untilState(t, s, "the model before", func(st State) bool {
		return st.Explore.Version != first.Version && st.Explore.Version != 0 && st.Explore.Opening
	}).Explore
	if again.Model.Path != file {
		t.Errorf("after a model that is not there, %q is explored", again.Model.Path)
	}
	small := filepath.Join(t.TempDir(), "small.png")
	paintFile(t, small, 3, 48, 3, 8)
	s.OpenPaths([]string{small}, PageExplore)
	next := untilState(t, s, "a small picture", func(st State) bool { return st.Explore.Picture == "small.png" }).Explore
	if next.Opening || next.After.Width != 48 || len(next.After.Whole().Data) != 48*48*3 {
		t.Errorf("a small picture is shown while it is being laid open: %v, %d pixels wide", next.Opening, next.After.Width)
	}
}
