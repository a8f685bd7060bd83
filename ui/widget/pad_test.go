package widget

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
)

// TestPadDrawsWhereThePenIs draws a line and rubs part of it out.
func TestPadDrawsWhereThePenIs(t *testing.T) {
	p := NewPad(28)
	window(t, p, 280, 280)
	var got []float32
	p.OnChanged = func(pixels []float32) { got = pixels }
	mouse := func(x, y float32, b desktop.MouseButton) *desktop.MouseEvent {
		return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, y)}, Button: b}
	}
	p.MouseDown(mouse(45, 145, desktop.MouseButtonPrimary))
	p.MouseMoved(mouse(245, 145, desktop.MouseButtonPrimary))
	p.MouseUp(nil)
	p.MouseMoved(mouse(145, 20, desktop.MouseButtonPrimary)) // the pen is up
	at := func(x, y int) float32 { return got[y*28+x] }
	if at(4, 14) != 1 || at(14, 14) != 1 || at(24, 14) != 1 || at(14, 2) != 0 || at(14, 20) != 0 {
		t.Errorf("the line is %v", got[14*28:15*28])
	}
	p.MouseDown(mouse(145, 145, desktop.MouseButtonSecondary))
	p.MouseUp(nil)
	if at(14, 14) != 0 || at(4, 14) != 1 {
		t.Errorf("rubbed out, it is %v", got[14*28:15*28])
	}
	p.Clear()
	for i, v := range got {
		if v != 0 {
			t.Fatalf("pixel %d is left", i)
		}
	}
}

// TestStripIsDragged drags the bottleneck and nothing else.
func TestStripIsDragged(t *testing.T) {
	s := NewStrip()
	window(t, s, 400, 120)
	s.Set([]StripBlock{{Side: 28, Channels: 1, Flow: -1}, {Side: 1, Channels: 8, Latent: true, Flow: 0.5}, {Side: 28, Channels: 1, Decoder: true, Flow: -1}}, "x")
	var times []float64
	ended := 0
	s.OnLatent = func(v float64, done bool) {
		times = append(times, v)
		if done {
			ended++
		}
	}
	drag := func(i int, dx float32) {
		x := s.places[i].Width + s.places[i].Height/2
		s.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x+dx, 20)}, Dragged: fyne.NewDelta(dx, 0)})
		s.DragEnd()
	}
	drag(0, double)
	if len(times) > 0 {
		t.Error("the picture was dragged")
	}
	drag(1, double)
	drag(1, -2*double)
	if len(times) != 4 || times[1] != 2 || times[3] != 0.25 || ended != 2 {
		t.Errorf("dragged to %v, ended %d times", times, ended)
	}
	if s.movable(1); s.at(s.places[1].Width+1) != 1 || s.at(399) != -1 {
		t.Error("blocks are not where they are seen")
	}
}

// TestCardsWrapAndAreChosen makes sure that long words take more lines, and that a card without an action is only read.
func TestCardsWrapAndAreChosen(t *testing.T) {
	n := 0
	c := NewCard("One", "short", func() { n++ })
	window(t, c, 200, 60)
	long := NewCard("One", "a text that is so long that it takes a few lines of a card as narrow as this one is, and then some more", nil)
	for _, card := range []*Card{c, long} {
		card.Resize(fyne.NewSize(200, 60))
	}
	if a, b := c.MinSize().Height, long.MinSize().Height; b <= a {
		t.Errorf("a long text takes %v, a short one %v", b, a)
	}
	test.Tap(c)
	test.Tap(long)
	c.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	c.Disable()
	test.Tap(c)
	if n != 2 {
		t.Errorf("chosen %d times", n)
	}
}

// TestStepsLeadOnlyToWhatWasReached taps steps of a way.
func TestStepsLeadOnlyToWhatWasReached(t *testing.T) {
	var to []int
	s := NewSteps(6, func(i int) { to = append(to, i) })
	window(t, s, 600, 24)
	s.Set(2, 3)
	for i := range 6 {
		s.Tapped(&fyne.PointEvent{Position: fyne.NewPos(float32(100*i+10), 10)})
	}
	if len(to) != 3 || to[0] != 0 || to[1] != 1 || to[2] != 3 {
		t.Errorf("led to %v", to)
	}
}
