package ui

// This file undoes and redoes settings.

import (
	"sieve/model"
	"sieve/ui/session"
)

// settings are what can be undone.
type settings struct {
	kind     string // of noise
	strength float64
	repair   session.Repair
	press    session.Compression
	data     string
	spec     model.Spec
	minutes  float64
}

// A history remembers settings.
type history struct {
	past, future []settings
	now          settings
}

// mostPast is how far back a history goes.
const mostPast = 200

// begin forgets everything but what is now.
func (h *history) begin(now settings) { *h = history{now: now} }

// record takes a change by a person.
func (h *history) record(now settings) {
	if now == h.now {
		return
	}
	h.past = append(h.past, h.now)
	if len(h.past) > mostPast {
		h.past = h.past[1:]
	}
	h.now, h.future = now, nil
}

// follow takes a change that nobody made by hand, as when another picture comes
// with its noise: it is not undone by itself.
func (h *history) follow(now settings) { h.now = now }

// undo returns the settings before the last change, and whether there are any.
func (h *history) undo() (settings, bool) { return h.move(&h.past, &h.future) }

// redo takes undo back.
func (h *history) redo() (settings, bool) { return h.move(&h.future, &h.past) }

func (h *history) move(from, to *[]settings) (settings, bool) {
	n := len(*from)
	if n == 0 {
		return h.now, false
	}
	*to = append(*to, h.now)
	h.now = (*from)[n-1]
	*from = (*from)[:n-1]
	return h.now, true
}

// settings are those of now.
func (w *window) settings() settings {
	st := w.session.State()
	n := st.Noise
	return settings{n.Kind, n.Strength, st.Repair, st.Press.Want, w.train.source, w.train.form.spec, w.train.form.minutes}
}

// record remembers a change by a person.
func (w *window) record() {
	w.history.record(w.settings())
	w.menu.showHistory()
	w.trace.stir()
}

// apply sets everything to what it was.
func (w *window) apply(s settings) {
	if now := w.settings(); s.kind != now.kind || s.strength != now.strength {
		w.session.SetNoise(s.kind, s.strength)
	}
	if s.repair != w.session.State().Repair {
		w.session.SetRepair(s.repair)
	}
	if s.press != w.session.State().Press.Want {
		w.session.SetCompression(s.press)
	}
	if s.data != w.train.source {
		w.train.learnFrom(s.data)
	}
	w.train.form.set(s.spec, s.minutes)
	w.train.show(w.frame, w.frame.State)
	w.menu.showHistory()
}

func (w *window) undo() {
	if w.view.page == session.PageExplore {
		w.session.UndoEdit()
		return
	}
	if s, ok := w.history.undo(); ok {
		w.apply(s)
	}
}

func (w *window) redo() {
	if w.view.page == session.PageExplore {
		w.session.RedoEdit()
		return
	}
	if s, ok := w.history.redo(); ok {
		w.apply(s)
	}
}
