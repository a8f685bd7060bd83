package ui

// This file is the page Detect: what is unlike good pictures.

import (
	"fmt"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/ui/session"
	"sieve/ui/theme"
	"sieve/ui/widget"
)

// A detectPage is the settings of the page Detect, its gallery and its curves.
type detectPage struct {
	w        *window
	settings fyne.CanvasObject

	learn     *fynewidget.Button
	open      *fynewidget.Button
	known     *widget.Note
	judge     *fynewidget.Button
	pass      *widget.LabeledSlider
	facts     *widget.Facts
	quality   *widget.Facts
	labelled  *widget.Note
	threshold *widget.Section // once good pictures are known
	against   *widget.Section // once something is judged
	export    *fynewidget.Button
	save      *fynewidget.Button

	welcome *fyne.Container // in place of the panes until a picture is judged
	steps   *fynewidget.Label
	below   fyne.CanvasObject
	gallery *fynewidget.GridWrap
	curves  *widget.Chart
	drawn   session.Detection // what gallery and curves show
	series  lines
	folds   folds
}

func newDetectPage(w *window) *detectPage {
	p := &detectPage{w: w}
	p.learn = fynewidget.NewButtonWithIcon(lang.L("Choose good pictures…"), fynetheme.FolderOpenIcon(), func() {
		p.askFolder(lang.L("A folder of good pictures"), w.session.LearnGood)
	})
	p.open = fynewidget.NewButtonWithIcon(lang.L("Open a model…"), fynetheme.DocumentIcon(), w.openFile)
	p.known = widget.NewNote("")
	good := widget.NewSection(lang.L("1  Good pictures"),
		widget.NewHint(lang.L("A folder with good pictures alone, better fifty than five: a network learns what they look like"), "", p.learn),
		widget.NewHint(lang.L("A model that was trained on good pictures, here or with sieve train --recipe detect"), "Ctrl+O", p.open), p.known)

	p.judge = fynewidget.NewButtonWithIcon(lang.L("Choose pictures to judge…"), fynetheme.SearchIcon(), func() {
		p.askFolder(lang.L("A folder of pictures to judge"), func(dir string) { w.session.JudgePaths([]string{dir}) })
	})
	judge := widget.NewSection(lang.L("2  Pictures to judge"),
		widget.NewHint(lang.L("A folder of any pictures; or drop pictures and folders on the window"), "", p.judge))

	p.pass = widget.NewLabeledSlider(lang.L("Good pictures that pass"), "%", 50, 100, 0.5, 100*session.DefaultQuantile)
	p.pass.OnChanged = func(v float64) { w.session.SetQuantile(v / 100) }
	p.facts = widget.NewFacts(lang.L("Threshold"), lang.L("False alarms"), lang.L("Judged"), lang.L("Anomalous"))
	p.threshold = widget.NewSection(lang.L("3  Threshold"),
		widget.NewHint(lang.L("How many of the good pictures that were held back score below the threshold"), "", p.pass), p.facts)

	p.quality = widget.NewFacts(lang.L("AUROC"), lang.L("Defects found"), lang.L("Good ones blamed"))
	p.labelled = widget.NewNote("")
	p.against = widget.NewSection(lang.L("Against what is known"), p.quality, p.labelled)

	p.export = fynewidget.NewButtonWithIcon(lang.L("Export the scores…"), fynetheme.DocumentSaveIcon(), func() {
		w.save(lang.L("Export the scores as CSV"), "scores.csv", endings{".csv"}, w.session.ExportVerdicts)
	})
	p.save = fynewidget.NewButtonWithIcon(lang.L("Save the model…"), fynetheme.DocumentSaveIcon(), p.saveModel)

	form := container.New(column{gap: 2 * grid}, good, judge, p.threshold, p.against)
	p.settings = container.NewBorder(nil, container.New(column{}, fynewidget.NewSeparator(), margins(container.New(column{gap: grid},
		widget.NewHint(lang.L("A table of all pictures with score, threshold and verdict"), "", p.export),
		widget.NewHint(lang.L("Save the model with what it knows of good pictures"), "Ctrl+S", p.save)))),
		nil, nil, container.NewVScroll(margins(form)))

	for _, b := range []*fynewidget.Button{p.judge, p.export, p.save} {
		b.Disable()
	}
	title := fynewidget.NewLabelWithStyle(lang.L("Find what is unlike good pictures"), fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	p.steps = fynewidget.NewLabelWithStyle("", fyne.TextAlignCenter, fyne.TextStyle{})
	p.welcome = container.NewCenter(container.NewVBox(title, p.steps))

	p.gallery = fynewidget.NewGridWrap(func() int { return len(p.drawn.Suspects) }, func() fyne.CanvasObject { return newSuspectCard() }, func(i int, o fyne.CanvasObject) {
		if i < len(p.drawn.Suspects) {
			o.(*suspectCard).show(p.drawn.Suspects[i])
		}
	})
	p.gallery.OnSelected = func(i int) {
		if i < len(p.drawn.Suspects) {
			if file := p.drawn.Suspects[i].File; file != w.frame.Detect.Shown {
				w.session.ShowSuspect(file)
			}
		}
	}
	p.curves = widget.NewChart()
	p.curves.Plain = true
	p.below = container.NewHSplit(p.gallery, p.curves)

	w.trace.name(control{name: "detect.learn", o: p.learn})
	w.trace.name(control{name: "detect.judge", o: p.judge})
	w.trace.name(control{name: "detect.pass", o: p.pass})
	w.trace.name(control{name: "detect.export", o: p.export})
	w.trace.name(control{name: "detect.save", o: p.save})
	w.trace.name(control{name: "detect.gallery", o: p.gallery})
	return p
}

func (p *detectPage) saveModel() {
	p.w.save(lang.L("Save the model"), "detect.safetensors", endings{".safetensors"}, p.w.session.SaveDetector)
}

// askFolder asks for a folder.
func (p *detectPage) askFolder(title string, use func(dir string)) {
	w := p.w
	d := dialog.NewFolderOpen(func(l fyne.ListableURI, err error) {
		if l != nil {
			w.saved.OpenFolder = l.Path()
			use(l.Path())
		}
	}, w.win)
	d.SetLocation(folderAt(w.saved.OpenFolder))
	d.SetTitleText(title)
	w.askFile("folder", d)
}

// show writes a state into the controls.
func (p *detectPage) show(f frame) {
	d := f.Detect
	busy, knows := d.Learning || d.Judging, d.Normal != nil
	p.emphasise(p.learn, !knows)
	p.emphasise(p.judge, knows && len(d.Suspects) == 0)
	enable(p.learn, !busy)
	enable(p.open, !busy)
	enable(p.judge, knows && !busy)
	enable(p.export, len(d.Suspects) > 0)
	enable(p.save, knows)
	known := ""
	switch {
	case d.Learning && d.Step > 0:
		known = lang.L("Learning: step {{.Step}} of {{.Steps}}", map[string]any{"Step": widget.FormatCount(d.Step), "Steps": widget.FormatCount(d.Steps)})
	case d.Learning:
		known = lang.L("Learning…")
	case knows:
		known = lang.L("{{.Model}} knows good pictures. {{.Count}} were held back, for the threshold.", map[string]any{"Model": d.Model, "Count": widget.FormatCount(len(d.Normal.Scores))})
	case d.Model != "":
		known = lang.L("{{.Model}} knows no good pictures yet. Choose some to compare with.", map[string]any{"Model": d.Model})
	}
	p.known.Say(widget.StatusInfo, known)
	p.pass.SetValue(100 * d.Quantile)
	p.facts.Set("", "", "", "")
	if knows {
		p.facts.Set(widget.FormatNumber(d.Threshold, 3), percent(d.FalseAlarms), widget.FormatCount(len(d.Suspects)), widget.FormatCount(d.Anomalous))
	}
	p.quality.Set("", "", "")
	labelled := lang.L("Folders named good, ok, normal or free hold good pictures, or masks beside pictures show defects: then this says how well scores tell them apart.")
	if d.ROC != nil {
		p.quality.Set(fmt.Sprintf("%.3f", d.AUROC), percent(d.Found), percent(d.Alarms))
		labelled = lang.L("{{.Good}} good pictures and {{.Bad}} with defects, by their folders and masks.", map[string]any{"Good": widget.FormatCount(d.Good), "Bad": widget.FormatCount(d.Bad)})
	}
	p.labelled.Say(widget.StatusInfo, labelled)
	visible(p.threshold, knows)
	visible(p.against, len(d.Suspects) > 0)
	visible(p.gallery, len(d.Suspects) > 0)
	p.showWelcome(d)
	p.showGallery(d)
	p.showCurves(d)
	p.folds.settle(p.settings, p.known, p.labelled, p.threshold, p.against)
}

func percent(part float64) string { return fmt.Sprintf("%.1f %%", 100*part) }

func (p *detectPage) emphasise(b *fynewidget.Button, yes bool) {
	want := fynewidget.MediumImportance
	if yes {
		want = fynewidget.HighImportance
	}
	if b.Importance != want {
		b.Importance = want
		b.Refresh()
	}
}

// showWelcome says what to do next, while there is no picture to see.
func (p *detectPage) showWelcome(d session.Detection) {
	text := lang.L("1. Choose a folder of good pictures. A network learns what they look like.\n2. Choose or drop pictures to judge. The least alike come first.\n3. Click one to see where it differs.")
	switch {
	case d.Learning:
		text = lang.L("The network learns from the good pictures. The curve below should fall.")
	case d.Judging:
		text = lang.L("The pictures are being judged.")
	case d.Normal != nil:
		text = lang.L("Good pictures are known. Choose or drop pictures to judge.")
	}
	p.steps.SetText(text)
}

// showGallery brings the newest verdicts into the gallery.
func (p *detectPage) showGallery(d session.Detection) {
	old := p.drawn
	p.drawn = d
	same := len(old.Suspects) == len(d.Suspects) && (len(d.Suspects) == 0 || &old.Suspects[0] == &d.Suspects[0])
	if !same {
		p.gallery.Refresh()
	}
	if d.Shown != old.Shown || !same {
		for i, s := range d.Suspects {
			if s.File == d.Shown {
				p.gallery.Select(i)
			}
		}
	}
}

// showCurves draws the loss while learning, and then how well the scores tell good from
// bad.
func (p *detectPage) showCurves(d session.Detection) {
	if d.ROC != nil && !d.Learning {
		p.curves.XName = lang.L("False alarms, %")
		x, y := make([]float64, len(d.ROC)), make([]float64, len(d.ROC))
		for i, r := range d.ROC {
			x[i], y[i] = 100*r.FalseAlarms, 100*r.Found
		}
		p.curves.SetSeries([]widget.Series{{Name: lang.L("Defects found, %"), Group: "ROC", X: x, Y: y, Color: theme.ColorNameTraining, Linear: true}})
		p.curves.SetMarks([]widget.Mark{{X: 100 * d.Alarms, Text: lang.L("threshold"), Color: theme.ColorNameMarker}})
		return
	}
	p.curves.XName = lang.L("Step")
	p.curves.Empty = lang.L("The ROC, where defects are known")
	if d.Learning {
		p.curves.Empty = lang.L("The loss will be drawn here")
	}
	p.curves.SetMarks(nil)
	p.series.add(d.Curve)
	p.curves.SetSeries(p.series.series("plain"))
}

// A suspectCard is a picture of the gallery with its score.
type suspectCard struct {
	fynewidget.BaseWidget
	image *canvas.Image
	score *fynewidget.Label
	name  *fynewidget.Label
	whole *fyne.Container
}

func newSuspectCard() *suspectCard {
	c := &suspectCard{image: &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScaleFastest}, score: fynewidget.NewLabel(""), name: fynewidget.NewLabel("")}
	c.image.SetMinSize(fyne.NewSize(12*grid, 9*grid))
	c.score.Alignment, c.name.Alignment = fyne.TextAlignCenter, fyne.TextAlignCenter
	c.name.Truncation, c.name.SizeName = fyne.TextTruncateEllipsis, fynetheme.SizeNameCaptionText
	c.whole = container.NewVBox(c.image, container.New(column{gap: -1.5 * grid}, c.score, c.name))
	c.ExtendBaseWidget(c)
	return c
}

func (c *suspectCard) CreateRenderer() fyne.WidgetRenderer {
	return fynewidget.NewSimpleRenderer(c.whole)
}

func (c *suspectCard) show(s session.Suspect) {
	c.image.Image, c.image.Resource = nil, nil
	if s.Thumb == nil {
		c.image.Resource = fynetheme.NewDisabledResource(fynetheme.FileImageIcon())
	} else {
		c.image.Image = s.Thumb
	}
	c.image.Refresh()
	c.score.Importance = fynewidget.MediumImportance
	if s.Anomalous {
		c.score.Importance = fynewidget.DangerImportance
	}
	c.score.SetText(widget.FormatNumber(s.Score, 3))
	c.score.Refresh()
	c.name.SetText(ending(filepath.Base(s.File), 12))
}

// begun reports whether there is anything to show under the panes.
func (p *detectPage) begun() bool {
	d := p.w.frame.Detect
	return len(d.Curve) > 0 || len(d.Suspects) > 0
}

// ending is the last part of a long name, by which those of a series differ.
func ending(name string, most int) string {
	r := []rune(name)
	if len(r) <= most {
		return name
	}
	return "…" + string(r[len(r)-most+1:])
}

// showSuspect titles the panes of the page Detect.
func (w *window) showSuspect(f frame) {
	d := f.Detect
	_, height, width, _ := d.Panes.Original.Dims4()
	titles := [4]string{lang.L("Original"), lang.L("Unlike good pictures"), lang.L("Difference"), lang.L("Reconstruction")}
	figures := [4]string{fmt.Sprintf("%d × %d   %s", width, height, filepath.Base(d.Shown)), "", lang.L("× {{.Gain}}", map[string]any{"Gain": session.DifferenceGain}), ""}
	for _, s := range d.Suspects {
		if s.File == d.Shown {
			figures[1] = lang.L("score {{.Score}}, threshold {{.Threshold}}", map[string]any{"Score": widget.FormatNumber(s.Score, 3), "Threshold": widget.FormatNumber(d.Threshold, 3)})
		}
	}
	for i, p := range w.panes {
		p.SetTitle(titles[i])
		p.SetFigure(figures[i])
		p.SetAccessory()
	}
	w.offered = nil
}
