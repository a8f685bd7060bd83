package ui

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"sieve/ui/session"
)

// TestWhatCodeIsBorrowedFromIsNamed drops a picture while the tool that borrows is in hand. Before, a drag moves the
// pictures.
func TestWhatCodeIsBorrowedFromIsNamed(t *testing.T) {
	s := newStage(t, "")
	s.dropped([]fyne.URI{storage.NewFileURI(picture(t, "own.png"))})
	s.until("the picture", func() bool { return s.frame.Picture.Name == "own.png" })
	s.turn(session.PageExplore)
	p := s.explore.channels
	s.until("a latent", func() bool { return p.drawn.Version != 0 && !p.drawn.Opening })
	latent := s.panes[session.PaneLatent]
	if got := p.latentFigure(p.drawn); got != "Drag over it to paint" || latent.Paint == nil {
		t.Errorf("under the channel stands %q", got)
	}
	p.tools.OnChanged(toolTake)
	if got := p.latentFigure(p.drawn); latent.Paint != nil || !strings.Contains(got, "×") {
		t.Errorf("with nothing to borrow from it can be painted on; under it stands %q", got)
	}
	s.dropped([]fyne.URI{storage.NewFileURI(picture(t, "other.png"))})
	s.until("the other picture", func() bool { return p.drawn.Other == "other.png" })
	if latent.Paint == nil || !strings.Contains(p.how.Text(), "other.png") {
		t.Errorf("it says %q", p.how.Text())
	}
	if name := s.frame.Picture.Name; name != "own.png" {
		t.Errorf("the picture is now %s", name)
	}
	p.tools.OnChanged(toolLook)
	s.dropped([]fyne.URI{storage.NewFileURI(picture(t, "next.png"))})
	s.until("the next picture", func() bool { return s.frame.Picture.Name == "next.png" && p.drawn.Other == "" })
}

// laidOpen lays a picture open, and waits until it is known what each channel contributes.
func laidOpen(t *testing.T) (*stage, *channelsPart) {
	s := newStage(t, "")
	s.dropped([]fyne.URI{storage.NewFileURI(picture(t, "own.png"))})
	s.turn(session.PageExplore)
	p := s.explore.channels
	s.until("a latent", func() bool {
		return p.drawn.Version != 0 && !p.drawn.Opening && p.drawn.Measured == len(p.drawn.Channels)
	})
	return s, p
}

// TestValuesFollowEdits zeroes the channel that is chosen, and takes that back.
func TestValuesFollowEdits(t *testing.T) {
	s, p := laidOpen(t)
	before := p.values(s.frame)
	p.zero.OnTapped()
	s.until("zeros", func() bool { return p.drawn.Changed > 0 })
	if got := p.values(s.frame); got != "0" || before == "0" {
		t.Errorf("a channel from %s without any says %q", before, got)
	}
	p.undo.OnTapped()
	s.until("the channel again", func() bool { return p.drawn.Changed == 0 })
	if got := p.values(s.frame); got != before {
		t.Errorf("a channel that is as it was says %q, and said %q", got, before)
	}
}

// TestChannelsAreShownAgain goes to another part and comes back, twice.
func TestChannelsAreShownAgain(t *testing.T) {
	s, p := laidOpen(t)
	blank := map[int]bool{} // what was shown last
	update := p.gallery.UpdateItem
	p.gallery.UpdateItem = func(i int, o fyne.CanvasObject) {
		update(i, o)
		_, blank[i] = o.(*channelCard).image.Image.(*image.Uniform)
	}
	for range 2 { // the second time nothing is drawn anew
		s.explore.turn(3)
		s.until("layers", func() bool { return thumbsOf(s.frame) == nil })
		s.explore.turn(0)
		p.gallery.Refresh() // as a window does that lays it out
		if !blank[0] {
			t.Fatal("there are pictures already")
		}
		s.until("pictures of channels", func() bool { return !blank[0] })
	}
}

// TestNothingToMixSaysHowToBegin begins both mixtures that need something first.
func TestNothingToMixSaysHowToBegin(t *testing.T) {
	s := newStage(t, "")
	s.turn(session.PageExplore)
	p := s.explore.mix
	s.explore.turn(1)
	s.until("a mixture", func() bool { return p.drawn.Result != nil })
	if p.empty.whole.Visible() {
		t.Error("it says how to begin over a mixture")
	}
	p.mode.picked(string(session.MixChance))
	s.until("how to begin", func() bool { return p.empty.whole.Visible() && p.empty.begin.Text == "Use the model of digits" })
	p.empty.begin.OnTapped()
	s.until("pictures from chance", func() bool { return !p.empty.whole.Visible() && len(p.drawn.Strip) > 0 })
	p.mode.picked(string(session.MixMean))
	s.until("how to begin", func() bool { return p.empty.whole.Visible() && p.empty.begin.Text == "Choose a folder…" })
	folder := filepath.Join(t.TempDir(), "many")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.png", "b.png"} {
		if err := os.Rename(picture(t, name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.dropped([]fyne.URI{storage.NewFileURI(folder)})
	s.until("a mean", func() bool { return !p.empty.whole.Visible() && p.drawn.Count == 2 && p.drawn.Result != nil })
}
