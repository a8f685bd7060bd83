package ui

// This file has the sliders that move latents along directions.

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/ui/session"
	"sieve/ui/widget"
)

// A steerBox has a slider for each principal direction, and one for each direction that was kept.
type steerBox struct {
	whole   *fyne.Container
	changed func(session.Steering)
	ended   func(session.Course) // a slider has come to rest

	sigmas [session.MostSigmas]*widget.LabeledSlider
	kept   [session.MostDirections]*keptRow
	about  *widget.Note
	none   *widget.Note
	back   *fynewidget.Button
	at     session.Steering
}

// A keptRow is the slider of a direction that was kept, and a button that forgets it.
type keptRow struct {
	of     *session.Direction
	slider *widget.LabeledSlider
	row    *fyne.Container
}

// newSteerBox returns one without directions, to stand in a scrolled column. name is what scripts call its sliders by,
// and about says what they do.
func newSteerBox(w *window, in *container.Scroll, name, about string, front func() bool, changed func(session.Steering), ended func(session.Course)) *steerBox {
	b := &steerBox{whole: container.New(column{gap: grid}), changed: changed, ended: ended, none: widget.NewNote("")}
	b.about = widget.NewNote(about)
	b.whole.Add(b.about)
	number := func(v float64, unit string) string {
		text := widget.FormatNumber(v, 2)
		if v > 0 {
			text = "+" + text
		}
		return text + unit
	}
	for i := range b.kept {
		r := &keptRow{slider: widget.NewLabeledSlider("", "", -session.MostSteps, session.MostSteps, 0.05, 0)}
		r.slider.Format = func(v float64) string { return number(v, "") }
		r.slider.OnChanged = func(v float64) {
			b.at = b.at.With(r.of, v)
			b.change()
		}
		r.slider.OnChangeEnded = func(float64) { ended(session.Course{Kept: r.of}) }
		forget := fynewidget.NewButtonWithIcon("", fynetheme.DeleteIcon(), func() {
			b.at = b.at.With(r.of, 0)
			b.change()
			ended(session.Course{})
			w.session.ForgetDirection(r.of)
		})
		forget.Importance = fynewidget.LowImportance
		r.row = container.NewBorder(nil, nil, nil, widget.NewHint(lang.L("Forget this direction"), "", forget), r.slider)
		b.kept[i] = r
		b.whole.Add(r.row)
		w.trace.name(control{name: name + ".kept" + string(rune('1'+i)), o: r.slider, in: in, when: func() bool { return front() && r.row.Visible() }})
	}
	for k := range b.sigmas {
		s := widget.NewLabeledSlider("", "", -session.MostSigma, session.MostSigma, 0.1, 0)
		s.Format = func(v float64) string { return number(v, " σ") }
		s.OnChanged = func(v float64) {
			b.at.Sigmas[k] = v
			b.change()
		}
		s.OnChangeEnded = func(float64) { ended(session.Course{Sigma: k + 1}) }
		b.sigmas[k] = s
		b.whole.Add(s)
		w.trace.name(control{name: name + ".sigma" + string(rune('1'+k)), o: s, in: in, when: func() bool { return front() && s.Visible() }})
	}
	b.back = fynewidget.NewButtonWithIcon(lang.L("All to zero"), fynetheme.ViewRefreshIcon(), func() {
		b.at = session.Steering{}
		b.change()
		ended(session.Course{})
	})
	b.whole.Add(b.none)
	b.whole.Add(b.back)
	w.trace.name(control{name: name + ".rest", o: b.back, in: in, when: front})
	return b
}

func (b *steerBox) change() { b.changed(b.at) }

// show offers directions: shares are those of the variance that principal ones have, nil before they are found. What
// they move is not there unless it is open.
func (b *steerBox) show(shares []float64, kept []*session.Direction, at session.Steering, open bool) {
	b.at = at
	for k, s := range b.sigmas {
		visible(s, k < len(shares))
		enable(s, open)
		if k < len(shares) {
			relabel(s, lang.L("Direction {{.Number}} ({{.Share}})", map[string]any{"Number": k + 1, "Share": percent(shares[k])}))
			s.SetValue(at.Sigmas[k])
		}
	}
	for i, r := range b.kept {
		visible(r.row, i < len(kept))
		enable(r.slider, open)
		if r.of = nil; i < len(kept) {
			r.of = kept[i]
			relabel(r.slider, r.of.Name)
			r.slider.SetValue(at.By(r.of))
		}
	}
	none := ""
	if shares != nil && len(shares)+len(kept) == 0 {
		none = lang.L("There are no directions: they are found among several cells or pictures.")
	}
	b.none.Say(widget.StatusInfo, none)
	visible(b.about, none == "")
	visible(b.back, len(shares)+len(kept) > 0)
	enable(b.back, open && at != session.Steering{})
}

// relabel names a slider anew.
func relabel(s *widget.LabeledSlider, text string) {
	if s.Label != text {
		s.Label = text
		s.Refresh()
	}
}
