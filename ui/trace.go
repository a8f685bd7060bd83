package ui

// This file tells a program that drives the window what happens in it.

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"sieve/ui/session"
)

// A trace writes what happens, one JSON object a line. A nil trace does nothing.
// It belongs to the goroutine of the user interface.
type trace struct {
	out   io.Writer
	began time.Time
	do    func(func())
	scan  func() // writes the rectangles of the named controls that have changed

	controls []control
	places   map[string]place
	settings map[string]string
	savedNo  uint64
	until    time.Time // how long to look after the controls
	looking  bool
}

// A control is an object with a name.
type control struct {
	name string
	o    fyne.CanvasObject
	half bool              // only its right half takes clicks
	in   *container.Scroll // nil when it is not scrolled
	when func() bool       // nil: always
}

// A place is where a control is, in device pixels.
type place struct {
	shown      bool
	x, y, w, h int
}

func newTrace(out io.Writer, began time.Time, do func(func())) *trace {
	if out == nil {
		return nil
	}
	return &trace{out: out, began: began, do: do, places: map[string]place{}, settings: map[string]string{}}
}

// event writes a line; fields are names and values in turn.
func (t *trace) event(name string, fields ...any) {
	if t == nil {
		return
	}
	line := map[string]any{"event": name, "t": math.Round(time.Since(t.began).Seconds()*1e4) / 1e4}
	for i := 0; i+1 < len(fields); i += 2 {
		v := fields[i+1]
		if f, ok := v.(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
			v = nil
		}
		line[fields[i].(string)] = v
	}
	b, err := json.Marshal(line)
	if err != nil {
		panic("ui: " + err.Error())
	}
	t.out.Write(append(b, '\n')) // whoever listens may be gone: nothing to be done about it
}

// setting tells a setting's value, if it is another one.
func (t *trace) setting(name string, value any) {
	if t == nil {
		return
	}
	text := fmt.Sprint(value)
	if f, ok := value.(float64); ok {
		text = fmt.Sprintf("%g", f)
	}
	if old, ok := t.settings[name]; !ok || old != text {
		t.settings[name] = text
		t.event("setting", "name", name, "value", text)
	}
}

// files tells that a file was written, once for each.
func (t *trace) files(st session.State) {
	if t == nil || st.Saved.Serial == t.savedNo {
		return
	}
	t.savedNo = st.Saved.Serial
	t.event("saved", "kind", st.Saved.Kind, "path", st.Saved.Path)
}

// name makes a control known.
func (t *trace) name(c control) {
	if t != nil {
		t.controls = append(t.controls, c)
	}
}

// stir looks after the controls for a second: something has happened.
func (t *trace) stir() {
	if t == nil {
		return
	}
	t.until = time.Now().Add(time.Second)
	if t.looking {
		return
	}
	t.looking = true
	t.later()
}

// later looks when what is being laid out now is where it belongs.
func (t *trace) later() { time.AfterFunc(100*time.Millisecond, func() { t.do(t.look) }) }

func (t *trace) look() {
	t.scan()
	if time.Now().After(t.until) {
		t.looking = false
		return
	}
	t.later()
}

// report writes where the controls are. Those under a dialog cannot be clicked.
func (t *trace) report(c fyne.Canvas, front []control) {
	seen := map[string]place{}
	list := t.controls
	if c.Overlays().Top() != nil {
		list = front
	}
	for _, k := range list {
		if p := locate(c, k); p.shown {
			seen[k.name] = p
		}
	}
	for _, k := range append(front, t.controls...) {
		p := seen[k.name]
		if old, ok := t.places[k.name]; ok && old == p || !ok && !p.shown {
			continue
		}
		t.places[k.name] = p
		t.event("widget", "name", k.name, "shown", p.shown, "x", p.x, "y", p.y, "w", p.w, "h", p.h)
	}
	for name, p := range t.places { // a dialog that is gone
		if p.shown && seen[name] == (place{}) {
			t.places[name] = place{}
			t.event("widget", "name", name, "shown", false)
		}
	}
}

// locate finds a control; one whose middle is scrolled out of view is not shown.
func locate(c fyne.Canvas, k control) place {
	if !k.o.Visible() || k.when != nil && !k.when() {
		return place{}
	}
	d := fyne.CurrentApp().Driver()
	at, size := d.AbsolutePositionForObject(k.o), k.o.Size()
	if at.IsZero() || size.IsZero() {
		return place{} // not on the window
	}
	if k.half {
		at.X += size.Width / 2
		size.Width /= 2
	}
	if k.in != nil {
		top, middle := d.AbsolutePositionForObject(k.in).Y, at.Y+size.Height/2
		if middle < top || middle > top+k.in.Size().Height {
			return place{}
		}
	}
	px := func(v float32) int { return int(math.Round(float64(v * c.Scale()))) }
	return place{true, px(at.X), px(at.Y), px(size.Width), px(size.Height)}
}
