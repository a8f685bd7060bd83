package ui

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"sieve/model"
	"sieve/ui/session"
	"sieve/ui/widget"
)

// onNetwork turns to the part Network.
func onNetwork(t *testing.T) (*stage, *networkPart) {
	s := newStage(t, "")
	s.turn(session.PageExplore)
	p := s.explore.network
	s.explore.turn(slices.Index(s.explore.parts, explorePart(p)))
	s.until("a number", func() bool { return p.drawn.Number != nil && len(p.kernel.Data().Lines) > 0 })
	return s, p
}

// TestANumberIsFollowed clicks a layer, a place and a bar, and lets the window slide until the part is left.
func TestANumberIsFollowed(t *testing.T) {
	s, p := onNetwork(t)
	if d := p.kernel.Data(); d.Side != 3 || len(d.Grids[1].Values) != 9 || !d.Lines[len(d.Lines)-1].Strong {
		t.Errorf("the kernel of the first layer is %+v", d)
	}
	test.TapAt(p.strip, fyne.NewPos(p.strip.Size().Width*0.2, 20))
	s.until("another layer", func() bool {
		return p.drawn.Want.Layer > 1 && p.drawn.Number != nil && len(p.drawn.Parts[p.drawn.Layer]) == 2
	})
	out := p.scopes[2]
	out.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary, PointEvent: fyne.PointEvent{Position: fyne.NewPos(out.Size().Width/2, out.Size().Height-4)}})
	s.until("a place below", func() bool { return p.drawn.Number.Y > p.drawn.Out.Shape[1]*9/10 })
	x := p.drawn.Number.X
	out.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	s.until("the place beside it", func() bool { return p.drawn.Number.X == x-1 })
	kernel := p.kernel
	kernel.Tapped(&fyne.PointEvent{Position: fyne.NewPos(2, kernel.Size().Height-2)})
	s.until("the first channel of the input", func() bool {
		return p.drawn.Number.Input == 0 && p.scopes[1].Title() == "Input: channel 1"
	})
	s.typedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	at := p.drawn.Number.X
	s.until("the window slides", func() bool { return p.playing && p.drawn.Number.X != at })
	s.turn(session.PageDenoise)
	if p.playing {
		t.Error("the window slides where nobody sees it")
	}
	at = s.session.State().Network.Want.X
	for late := time.After(2 * slideTime); ; {
		select {
		case f := <-s.queue:
			f()
			continue
		case <-late:
		}
		break
	}
	if now := s.session.State().Network.Want.X; now != at {
		t.Errorf("it went on from %d to %d", at, now)
	}
}

// TestChannelsAreSwitchedOff clicks channels twice, and puts all back.
func TestChannelsAreSwitchedOff(t *testing.T) {
	s, p := onNetwork(t)
	p.mode.OnChanged(1)
	s.until("both pictures", func() bool { return p.scopes[1].Title() == "After" && p.drawn.Lesion.Version != 0 })
	plain := p.scopes[1].Figure()
	p.gallery.Select(2)
	p.gallery.Select(5)
	s.until("two off", func() bool {
		return len(p.drawn.Lesion.Off) == 2 && p.scopes[1].Figure() != plain && p.quality.Value(1) == p.scopes[1].Figure()
	})
	if p.back.Disabled() {
		t.Error("they cannot be put back")
	}
	p.gallery.Select(2)
	s.until("one off", func() bool { return len(p.drawn.Lesion.Off) == 1 })
	test.Tap(p.back)
	s.until("all back", func() bool { return len(p.drawn.Lesion.Off) == 0 && p.scopes[1].Figure() == plain })
}

// TestPatchesAreShown looks for what excites channels, and clicks a kernel.
func TestPatchesAreShown(t *testing.T) {
	s, p := onNetwork(t)
	p.mode.OnChanged(2)
	seen := func() int {
		return len(slices.DeleteFunc(slices.Clone(p.patches[:]), func(c *widget.Scope) bool { return !c.Visible() }))
	}
	s.until("patches", func() bool { return seen() == session.MostPatches && p.scopes[0].Title() == "Kernels" })
	r := kernelRect(p.drawn.Excited.Kernels, 7)
	p.scopes[0].OnPoint(r.Min.X+1, r.Min.Y+1)
	s.until("those of another channel", func() bool { return p.drawn.Want.Channel == 7 && p.drawn.Excited.Channel == 7 })
	if c := kernelAt(p.drawn.Excited.Kernels, r.Max.X, r.Min.Y); c != -1 {
		t.Errorf("between kernels there is %d", c)
	}
}

// TestPassesAreChosen looks into a recurrent model: another part, another pass, and a model without any.
func TestPassesAreChosen(t *testing.T) {
	spec := model.DefaultSpec()
	spec.Body, spec.Width, spec.Latent, spec.Depth, spec.Passes, spec.Bottleneck = "recurrent", 4, 3, 1, 3, "plain"
	m, err := model.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "loop.safetensors")
	if err := session.SaveModel(path, m); err != nil {
		t.Fatal(err)
	}
	s, p := onNetwork(t)
	if p.inside.Visible() {
		t.Error("a convolution has parts to choose from")
	}
	s.session.ExploreModel(path)
	s.until("the last pass", func() bool {
		return p.passes.Visible() && p.pass.Value() == 3 && p.parts.value() == "1" && p.drawn.Number != nil
	})
	if p.block.Visible() || p.gates.Visible() || len(p.parts.values) != 6 {
		t.Errorf("of a loop with %d parts it shows First and Second: %v, gates: %v", len(p.parts.values), p.block.Visible(), p.gates.Visible())
	}
	p.pass.OnChanged(2)
	p.parts.picked("3")
	s.until("a gate in the second pass", func() bool {
		return p.drawn.Site == model.Site{Layer: 1, Part: 3, Pass: 1} && p.gates.Visible() && p.pass.Value() == 2
	})
	p.w.session.Probe(func(want *session.Probing) { want.Channel = 5 })
	s.until("the reset gate", func() bool { return p.scopes[2].Title() == "Result: reset gate, channel 2" })
	p.parts.picked("0")
	s.until("what is missing", func() bool {
		return p.drawn.Part == 0 && strings.Contains(p.kernel.Data().Text, "less what the passes before")
	})
	p.mode.OnChanged(1)
	s.until("a lesion", func() bool { return p.drawn.Lesion.Version != 0 && p.inside.Visible() })
	p.parts.picked("4")
	s.until("a memory", func() bool { return p.drawn.Site.Part == 4 && p.drawn.Out != nil })
	p.gallery.Select(2)
	s.until("a channel off", func() bool {
		return slices.Equal(p.drawn.Lesion.Off, []model.Lesion{{Layer: 1, Part: 4, Channel: 2}}) && strings.Contains(p.off.Text(), "part 5 channel 3")
	})
	p.mode.OnChanged(0)
	s.session.ExploreModel(session.DefaultExplorer)
	s.until("no loop", func() bool { return p.drawn.Passes == 1 && !p.inside.Visible() })
}
