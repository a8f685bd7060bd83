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
	one, other := f.Train.Panes, f.Train.Twin
	_, height, width, _ := one.Original.Dims4()
	difference := lang.L("Difference")
	if other.Gain > 1 {
		difference = lang.L("Difference × {{.Gain}}", map[string]any{"Gain": other.Gain})
	}
	titles := [4]string{lang.L("Original"), a, b, difference}
	figures := [4]string{fmt.Sprintf("%d × %d", width, height), quality(one.ResultPSNR, one.ResultSSIM), quality(other.Panes.ResultPSNR, other.Panes.ResultSSIM), fmt.Sprintf("σ %.1f", other.Differing)}
	for i, p := range w.panes {
		p.SetTitle(titles[i])
		p.SetFigure(figures[i])
		p.SetAccessory()
	}
	w.offered = nil
}

// twinSeries are the lines of a training and of its twin, as the chart takes them: each by its name.
func twinSeries(f frame, series []widget.Series) []widget.Series {
	w, l := f.Train.Twin, f.twin
	if w == nil || l.points == 0 || len(series) < 3 {
		return series
	}
	a, b := twinNames(f.Train)
	check := func(name string) string { return lang.L("{{.Name}}, validation", map[string]any{"Name": name}) }
	series[0].Name, series[1].Name, series[2].Name = a, check(a), check(a)
	loss := lang.L("Loss")
	if !w.PCA {
		series = append(series, widget.Series{Name: b, Group: loss, X: l.step, Y: l.loss, Color: theme.ColorNameThird, Noisy: true})
		b = check(b)
	}
	if len(l.val) > 0 && !math.IsNaN(l.val[0]) { // else its loss is not in the units of the other's
		series = append(series, widget.Series{Name: b, Group: loss, X: l.valStep, Y: l.val, Color: theme.ColorNameFourth})
	}
	return append(series, widget.Series{Name: b, Group: "PSNR", X: l.valStep, Y: l.psnr, Color: theme.ColorNameFourth, Linear: true})
}
