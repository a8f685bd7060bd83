package ui

// This file lets two networks train side by side that differ in one thing.

import (
	"fmt"
	"math"

	"fyne.io/fyne/v2/lang"

	"sieve/model"
	"sieve/ui/session"
	"sieve/ui/theme"
	"sieve/ui/widget"
)

// A twinForm asks in what a twin differs.
type twinForm struct {
	section *widget.Section
	by      *choice
	latent  *widget.NumberEntry
	loss    *choiceField
	noise   *choiceField
	seed    *widget.NumberEntry
}

// A choiceField is a choice with its label.
type choiceField struct {
	*widget.Field
	choice *choice
}

func newChoiceField(label string, changed func(string), values, names []string) *choiceField {
	c := newChoice(changed, values, names)
	c.set(values[0])
	return &choiceField{widget.NewField(label, c), c}
}

// What a twin may differ in.
const (
	twinNone   = "none"
	twinLatent = "latent"
	twinLoss   = "loss"
	twinNoise  = "noise"
	twinSeed   = "seed"
	twinPCA    = "pca"
)

func newTwinForm(p *trainPage) *twinForm {
	f := &twinForm{}
	changed := func() { p.form.changed() }
	f.by = newChoice(func(string) { changed() }, []string{twinNone, twinLatent, twinNoise, twinLoss, twinSeed, twinPCA},
		[]string{lang.L("Nothing"), lang.L("Another latent"), lang.L("Other noise"), lang.L("Another loss"), lang.L("Another seed"), lang.L("PCA, as many numbers")})
	f.by.set(twinNone)
	f.latent = widget.NewNumberEntry(lang.L("Its latent channels"), 1, 4096, 2)
	f.latent.Whole = true
	f.seed = widget.NewNumberEntry(lang.L("Its seed"), 0, 1<<53, 2)
	f.seed.Whole = true
	f.loss = newChoiceField(lang.L("Its loss"), func(string) { changed() }, model.Choices("loss"),
		[]string{lang.L("Squared error"), lang.L("Root of it"), lang.L("Absolute error"), lang.L("Cross-entropy"), lang.L("Structure (SSIM)")})
	values, names := noiseKinds()
	f.noise = newChoiceField(lang.L("Its noise"), func(string) { changed() }, values, names)
	f.section = widget.NewSection(lang.L("Beside it trains"), widget.NewHint(lang.L("A second network that differs in one thing: both are seen side by side"), "", f.by), f.latent, f.noise, f.loss, f.seed)
	p.w.trace.name(control{name: "train.twin", o: f.by, in: p.scroll})
	return f
}

// show offers what goes with the choice.
func (f *twinForm) show(able bool) {
	by := f.by.value()
	visible(f.latent, by == twinLatent)
	visible(f.noise, by == twinNoise)
	visible(f.loss, by == twinLoss)
	visible(f.seed, by == twinSeed)
	enable(f.by, able)
	enable(f.latent, able)
	enable(f.noise, able)
	enable(f.loss, able)
	enable(f.seed, able)
}

// twin is what is to train beside a network; nil for nothing.
func (f *twinForm) twin(s model.Spec) *session.Twin {
	switch f.by.value() {
	case twinLatent:
		s.Latent = int(f.latent.Value())
	case twinNoise:
		kind := f.noise.choice.value()
		s.Scheme = schemeOf(kind, usualRange(kind))
	case twinLoss:
		s.Loss = f.loss.choice.value()
	case twinSeed:
		s.Seed = uint64(f.seed.Value())
	case twinPCA:
		return &session.Twin{}
	default:
		return nil
	}
	return &session.Twin{Spec: s}
}

// twinPanes are those of two trainings: the original, what the one makes of it, its latent, and
// what the other makes of it.
func twinPanes(tr session.Train) session.Panes {
	a, b := tr.Panes, tr.Twin.Panes
	p := a
	p.Noisy, p.Result = a.Result, b.Result
	p.Versions = [4]uint64{a.Versions[session.PaneOriginal], a.Versions[session.PaneResult], a.Versions[session.PaneLatent], b.Versions[session.PaneResult]}
	return p
}

// twinNames say what each of two trainings is, by what they differ in.
func twinNames(tr session.Train) (a, b string) {
	w := tr.Twin
	switch s, o := tr.Spec, w.Spec; {
	case w.PCA:
		return lang.L("Network, {{.Numbers}} numbers", map[string]any{"Numbers": w.Numbers}), lang.L("PCA, {{.Numbers}} numbers", map[string]any{"Numbers": w.Numbers})
	case s.Latent != o.Latent:
		return lang.L("Latent {{.Count}}", map[string]any{"Count": s.Latent}), lang.L("Latent {{.Count}}", map[string]any{"Count": o.Latent})
	case s.Loss != o.Loss:
		return s.Loss, o.Loss
	case s.Scheme != o.Scheme:
		return s.Scheme, o.Scheme
	case s.Seed != o.Seed:
		return lang.L("Seed {{.Seed}}", map[string]any{"Seed": s.Seed}), lang.L("Seed {{.Seed}}", map[string]any{"Seed": o.Seed})
	}
	return lang.L("The first"), lang.L("The second, alike")
}

// showTwins titles the panes of two trainings.
func (w *window) showTwins(f frame) {
	a, b := twinNames(f.Train)
	one, other := f.Train.Panes, f.Train.Twin.Panes
	_, h, wd, c := one.Latent.Dims4()
	_, height, width, _ := one.Original.Dims4()
	w.offerChannels(c)
	titles := [4]string{lang.L("Original"), a, lang.L("Latent"), b}
	figures := [4]string{fmt.Sprintf("%d × %d", width, height), quality(one.ResultPSNR, one.ResultSSIM), fmt.Sprintf("%d × %d × %d", wd, h, c), quality(other.ResultPSNR, other.ResultSSIM)}
	for i, p := range w.panes {
		p.SetTitle(titles[i])
		p.SetFigure(figures[i])
		if session.Pane(i) != session.PaneLatent {
			p.SetAccessory()
		}
	}
	w.panes[session.PaneLatent].SetAccessory(w.channel)
	w.offered = nil
}

// twinSeries are the lines of a twin, as the chart takes them.
func twinSeries(tr session.Train) []widget.Series {
	w := tr.Twin
	if w == nil || len(w.Curve) == 0 {
		return nil
	}
	_, name := twinNames(tr)
	var x, y, vx, val, db []float64
	for _, p := range w.Curve {
		if !math.IsNaN(p.Loss) {
			x, y = append(x, float64(p.Step)), append(y, p.Loss)
		}
		if !math.IsNaN(p.ValPSNR) {
			vx, val, db = append(vx, float64(p.Step)), append(val, p.ValLoss), append(db, p.ValPSNR)
		}
	}
	loss := lang.L("Loss")
	var all []widget.Series
	if len(x) > 0 {
		all = append(all, widget.Series{Name: name, Group: loss, X: x, Y: y, Color: theme.ColorNameThird, Noisy: true})
	}
	if w.PCA && math.IsNaN(val[0]) { // its loss is not in the units of the other's
		return []widget.Series{{Name: name, Group: "PSNR", X: vx, Y: db, Color: theme.ColorNameFourth, Linear: true}}
	}
	check := lang.L("{{.Name}}, validation", map[string]any{"Name": name})
	return append(all, widget.Series{Name: check, Group: loss, X: vx, Y: val, Color: theme.ColorNameFourth},
		widget.Series{Name: check, Group: "PSNR", X: vx, Y: db, Color: theme.ColorNameFourth, Linear: true})
}
