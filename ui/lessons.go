package ui

// This file is the page Lessons: the list of lessons, and one lesson stage by stage.

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/ui/session"
	"sieve/ui/theme"
	"sieve/ui/widget"
)

// A lessonsPage is the settings of the page Lessons, and its chart.
type lessonsPage struct {
	w        *window
	settings *fyne.Container
	chart    *widget.Chart

	scroll *container.Scroll
	foot   *fyne.Container

	shown lessonView // what the parts were made for
	cards []*widget.Card
	guess session.Guess
	value float64 // of the dial that is turned too far
	swept bool    // the chart has been turned to the lesson's own
}

// A lessonView is what the parts of the page depend on: when it changes, they are made anew.
type lessonView struct {
	at              int
	stage           session.Stage
	doing           session.Stage
	done            [3]int // trials
	predicted, last bool
	shelf           []session.Shelved
	author, student string
}

func viewOf(c session.Class) lessonView {
	v := lessonView{at: c.At, stage: c.Stage, doing: c.Doing, predicted: c.Answer.Predicted != nil, last: c.Answer.Transfer != nil, author: c.Author}
	if c.At < 0 {
		v.shelf, v.student = c.Shelf, c.Student
	}
	for i, st := range []session.Stage{session.StageTrain, session.StageBreak, session.StageOwn} {
		v.done[i] = len(c.Trials.Of(st))
	}
	return v
}

func newLessonsPage(w *window) *lessonsPage {
	p := &lessonsPage{w: w}
	p.shown.at = -2 // nothing is made yet
	p.scroll = container.NewVScroll(container.NewStack())
	p.foot = container.New(column{gap: grid})
	p.settings = container.NewBorder(nil, container.New(column{}, fynewidget.NewSeparator(), margins(p.foot)), nil, nil, p.scroll)
	p.chart = widget.NewChart()
	p.chart.Empty = lang.L("The loss will be drawn here while the networks learn")
	w.trace.name(control{name: "lessons.chart", o: p.chart})
	return p
}

// lessonsWide is how wide the page's settings are: there is more to read than on others.
const lessonsWide = 48 * grid

// show writes a state into the page.
func (p *lessonsPage) show(f frame) {
	c := f.Class
	if v := viewOf(c); !reflect.DeepEqual(v, p.shown) {
		if v.at != p.shown.at {
			p.guess, p.value = session.Guess{}, 0
			if c.Answer.Predicted != nil {
				p.guess = *c.Answer.Predicted
			}
		}
		top := v.at != p.shown.at || v.stage != p.shown.stage
		p.shown = v
		p.build(c)
		if top {
			p.scroll.ScrollToTop()
		}
		p.w.trace.stir()
		p.w.trace.event("lesson", "at", c.At, "stage", int(c.Stage), "doing", int(c.Doing), "runs", v.done[0], "verdict", string(c.Answer.Nearness))
	}
	p.showTrials(c)
	p.showChart(c)
}

// build makes the parts of the page.
func (p *lessonsPage) build(c session.Class) {
	p.cards = nil
	var body, foot []fyne.CanvasObject
	if c.Lesson == nil {
		body, foot = p.list(c)
	} else {
		body, foot = p.lesson(c)
	}
	p.scroll.Content = margins(container.New(column{gap: 1.5 * grid}, body...))
	p.scroll.Refresh()
	p.foot.Objects = foot
	p.settings.Refresh()
}

func prose(paragraphs ...string) *widget.Prose {
	said := make([]string, len(paragraphs))
	for i, text := range paragraphs {
		said[i] = lang.L(text)
	}
	return widget.NewProse(said...)
}

func heading(text string) *widget.Prose {
	h := widget.NewProse(text)
	h.Heading = true
	return h
}

var marks = map[session.Nearness]widget.CardMark{session.Right: widget.CardRight, session.Close: widget.CardClose, session.Wrong: widget.CardWrong}

// list is all lessons there are.
func (p *lessonsPage) list(c session.Class) (body, foot []fyne.CanvasObject) {
	s := p.w.session
	title := lang.L("Lessons")
	if c.Author != "" {
		title = lang.L("Answers of {{.Name}}", map[string]any{"Name": c.Author})
	}
	body = append(body, heading(title))
	if c.Author == "" {
		body = append(body, prose(lang.L("Each takes some minutes: say what will happen, see what happens, break it, try it on your own pictures.")))
	}
	begun := false
	for i, l := range c.Shelf {
		text := lang.L(l.About)
		switch {
		case l.Stage >= session.StageDone:
			text = lang.L("Done.") + " " + text
		case l.Stage > session.StageLook:
			text = lang.L("Begun.") + " " + text
		}
		begun = begun || l.Stage > session.StageLook
		card := widget.NewCard(fmt.Sprintf("%d  %s", i+1, lang.L(l.Title)), text, func() { s.OpenLesson(i) }).Strong()
		card.SetMark(marks[l.Nearness])
		p.w.trace.name(control{name: fmt.Sprintf("lessons.%s", l.Name), o: card, in: p.scroll})
		body = append(body, card)
	}
	if c.Author != "" {
		return body, []fyne.CanvasObject{fynewidget.NewButtonWithIcon(lang.L("Back to my own answers"), fynetheme.NavigateBackIcon(), s.OwnAnswers)}
	}
	name := newTextEntry(func(text string) {
		if text != p.w.frame.Class.Student {
			s.SetStudent(strings.TrimSpace(text))
		}
	})
	name.SetPlaceHolder(lang.L("Your name"))
	name.set(c.Student)
	hand := fynewidget.NewButtonWithIcon(lang.L("Save answers…"), fynetheme.DocumentSaveIcon(), p.save)
	enable(hand, begun)
	p.w.trace.name(control{name: "lessons.name", o: name})
	p.w.trace.name(control{name: "lessons.save", o: hand, when: func() bool { return !hand.Disabled() }})
	return body, []fyne.CanvasObject{name, widget.NewHint(lang.L("One file with your answers and runs, to hand in"), "Ctrl+S", hand)}
}

// save saves the answers.
func (p *lessonsPage) save() {
	name := "answers"
	if student := p.w.frame.Class.Student; student != "" {
		name = strings.ToLower(strings.Join(strings.Fields(student), "-")) + "-answers"
	}
	p.w.save(lang.L("Save the answers"), name+".json", endings{".json"}, p.w.session.SaveAnswers)
}

// stageNames are what stages are called.
func stageName(st session.Stage) string {
	return [...]string{lang.L("Look"), lang.L("Predict"), lang.L("Train"), lang.L("Break it"), lang.L("Your pictures"), lang.L("One question"), lang.L("Done")}[st]
}

// lesson is one stage of the open lesson.
func (p *lessonsPage) lesson(c session.Class) (body, foot []fyne.CanvasObject) {
	s := p.w.session
	steps := widget.NewSteps(int(session.StageTransfer)+1, func(i int) { s.TurnStage(session.Stage(i)) })
	steps.Set(int(c.Stage), int(c.Answer.Stage))
	list := fynewidget.NewButtonWithIcon(lang.L("All lessons"), fynetheme.NavigateBackIcon(), s.CloseLesson)
	list.Importance = fynewidget.LowImportance
	list.Alignment = fynewidget.ButtonAlignLeading
	anew := fynewidget.NewButtonWithIcon("", fynetheme.MediaReplayIcon(), s.ForgetAnswer)
	anew.Importance = fynewidget.LowImportance
	p.w.trace.name(control{name: "lessons.list", o: list, in: p.scroll})
	head := container.NewBorder(nil, nil, list, widget.NewHint(lang.L("Begin this lesson anew, and forget its answers"), "", anew))
	body = []fyne.CanvasObject{head, heading(lang.L(c.Lesson.Title)), steps, bold(fmt.Sprintf("%d  %s", int(c.Stage)+1, stageName(c.Stage)))}
	switch c.Stage {
	case session.StageLook:
		body = append(body, prose(c.Lesson.Hook...))
	case session.StagePredict:
		body = append(body, p.predict(c)...)
	case session.StageTrain:
		body = append(body, p.train(c)...)
	case session.StageBreak:
		body = append(body, p.breakIt(c)...)
	case session.StageOwn:
		body = append(body, p.own(c)...)
	default:
		body = append(body, p.transfer(c)...)
	}
	return body, p.turns(c)
}

// bold is a line that says what follows.
func bold(text string) *widget.Prose {
	line := widget.NewProse(text)
	line.Bold = true
	return line
}

// turns are the buttons that lead to the stages before and after.
func (p *lessonsPage) turns(c session.Class) []fyne.CanvasObject {
	s := p.w.session
	back := fynewidget.NewButtonWithIcon(lang.L("Back"), fynetheme.NavigateBackIcon(), func() { s.TurnStage(c.Stage - 1) })
	enable(back, c.Stage > session.StageLook)
	next := fynewidget.NewButton(lang.L("Next"), func() { s.TurnStage(c.Stage + 1) })
	next.Importance = fynewidget.HighImportance
	switch {
	case c.Stage == session.StagePredict && c.Author == "":
		enable(next, c.Answer.Predicted != nil)
	case c.Stage == session.StageTrain && !c.Whole(session.StageTrain):
		next.Importance = fynewidget.MediumImportance
	case c.Stage == session.StageTransfer && c.At+1 < len(c.Shelf):
		next.SetText(lang.L("Next lesson"))
		next.OnTapped = func() { s.OpenLesson(c.At + 1) }
	case c.Stage == session.StageTransfer:
		next.SetText(lang.L("All lessons"))
		next.OnTapped = s.CloseLesson
	}
	p.w.trace.name(control{name: "lessons.next", o: next, when: func() bool { return !next.Disabled() }})
	p.w.trace.name(control{name: "lessons.back", o: back, when: func() bool { return !back.Disabled() }})
	return []fyne.CanvasObject{row(back, next)}
}

// predict asks what will happen.
func (p *lessonsPage) predict(c session.Class) []fyne.CanvasObject {
	q := c.Lesson.Predict
	locked := c.Whole(session.StageTrain) || c.Author != ""
	body := []fyne.CanvasObject{prose(q.Ask)}
	say := func() {
		if !locked {
			p.w.session.Predict(p.guess)
		}
	}
	slider := func(label string, value *float64) fyne.CanvasObject {
		s := widget.NewLabeledSlider(label, q.Unit, q.Low, q.High, (q.High-q.Low)/100, *value)
		s.Format = func(v float64) string { return strings.TrimSpace(widget.FormatNumber(v, 3) + " " + q.Unit) }
		s.OnChanged = func(v float64) { *value = v; p.showChart(p.w.frame.Class) }
		s.OnChangeEnded = func(float64) { say() }
		if locked {
			s.Disable()
		}
		p.w.trace.name(control{name: "lessons.slider", o: s, in: p.scroll})
		return s
	}
	middle := (q.Low + q.High) / 2
	switch q.Kind {
	case session.AskNumber:
		if p.guess.Number == nil {
			p.guess.Number = &middle
		}
		body = append(body, slider(lang.L("My prediction"), p.guess.Number))
	case session.AskSketch:
		if len(p.guess.Sketch) != len(c.Lesson.Runs) {
			p.guess.Sketch = slices.Repeat([]float64{middle}, len(c.Lesson.Runs))
		}
		for i, r := range c.Lesson.Runs {
			body = append(body, slider(lang.L(r.Name), &p.guess.Sketch[i]))
		}
	default:
		chosen := -1
		if p.guess.Option != nil {
			chosen = *p.guess.Option
		}
		body = append(body, p.options(q, chosen, -1, locked, func(i int) {
			p.guess.Option = &i
			say()
		})...)
	}
	if q.Kind != session.AskChoice && !locked && c.Answer.Predicted == nil {
		sure := fynewidget.NewButton(lang.L("This is my prediction"), say)
		p.w.trace.name(control{name: "lessons.sure", o: sure, in: p.scroll})
		body = append(body, sure)
	}
	if locked {
		body = append(body, widget.NewNote(lang.L("The networks have been trained: a prediction cannot be changed any more.")))
	}
	return body
}

// options are the cards of a choice. right is the one that is right, -1 as long as that is not said.
func (p *lessonsPage) options(q session.Question, chosen, right int, locked bool, choose func(i int)) []fyne.CanvasObject {
	var all []fyne.CanvasObject
	var cards []*widget.Card
	for i, o := range q.Options {
		var tapped func()
		if !locked {
			tapped = func() {
				for k, c := range cards {
					c.SetSelected(k == i)
				}
				choose(i)
			}
		}
		card := widget.NewCard(lang.L(o.Text), "", tapped)
		card.SetSelected(i == chosen)
		switch {
		case right >= 0 && i == right:
			card.SetMark(widget.CardRight)
		case right >= 0 && i == chosen:
			card.SetMark(widget.CardWrong)
		}
		p.w.trace.name(control{name: fmt.Sprintf("lessons.option%d", i+1), o: card, in: p.scroll})
		cards, all = append(cards, card), append(all, card)
	}
	return all
}

// train is what happens, and how near the prediction came.
func (p *lessonsPage) train(c session.Class) []fyne.CanvasObject {
	l := c.Lesson
	var body []fyne.CanvasObject
	if c.Whole(session.StageTrain) && c.Doing != session.StageTrain {
		body = append(p.verdict(c), prose(l.After...))
		if c.Trials.Runs[0].Panes[0].Pix == nil {
			body = append(body, widget.NewNote(lang.L("These figures were kept. Train again to see the pictures.")))
		}
	}
	body = append(body, p.trials(c, session.StageTrain, runNames(l.Runs))...)
	if c.Doing == session.StageTrain || c.Author == "" {
		text := lang.L("Train")
		if len(c.Trials.Runs) > 0 {
			text = lang.L("Train again")
		}
		body = append(body, p.hold(c, session.StageTrain, text, func() { p.w.session.Hold(session.StageTrain, 0, "") }))
	}
	return body
}

func runNames(runs []session.LessonRun) []string {
	names := make([]string, len(runs))
	for i, r := range runs {
		names[i] = r.Name
	}
	return names
}

// hold is the button that trains, or ends it.
func (p *lessonsPage) hold(c session.Class, st session.Stage, text string, act func()) fyne.CanvasObject {
	b := fynewidget.NewButtonWithIcon(text, fynetheme.MediaPlayIcon(), act)
	if !c.Whole(st) {
		b.Importance = fynewidget.HighImportance
	}
	if c.Doing == st {
		b.SetText(lang.L("Stop"))
		b.SetIcon(fynetheme.MediaStopIcon())
		b.OnTapped, b.Importance = p.w.session.StopLesson, fynewidget.MediumImportance
	}
	p.w.trace.name(control{name: "lessons.train", o: b, in: p.scroll})
	return b
}

// verdict says what was predicted and what is.
func (p *lessonsPage) verdict(c session.Class) []fyne.CanvasObject {
	q := c.Lesson.Predict
	if c.Answer.Predicted == nil {
		return []fyne.CanvasObject{widget.NewNote(lang.L("You made no prediction. The next lesson is more fun with one."))}
	}
	g := *c.Answer.Predicted
	out := q.Judge(g, c.Trials.Runs)
	title := map[session.Nearness]string{session.Right: lang.L("As you predicted"), session.Close: lang.L("Close to your prediction"), session.Wrong: lang.L("Not as you predicted")}[out.Nearness]
	number := func(v float64) string {
		if math.IsNaN(v) {
			return "—"
		}
		return strings.TrimSpace(widget.FormatNumber(v, 3) + " " + q.Unit)
	}
	var text string
	switch q.Kind {
	case session.AskNumber:
		text = lang.L("You said {{.Said}}. It is {{.Is}}.", map[string]any{"Said": number(*g.Number), "Is": number(out.Number)})
	case session.AskSketch:
		text = lang.L("The chart shows your sketch and what was measured.")
	default:
		text = lang.L("You said: {{.Said}}", map[string]any{"Said": lang.L(q.Options[min(*g.Option, len(q.Options)-1)].Text)})
		if out.Option >= 0 && out.Option != *g.Option {
			text += "\n" + lang.L("It is: {{.Is}}", map[string]any{"Is": lang.L(q.Options[out.Option].Text)})
		}
	}
	card := widget.NewCard(title, strings.ReplaceAll(text, "\n", " "), nil).Strong()
	card.SetMark(marks[out.Nearness])
	return []fyne.CanvasObject{card}
}

// trials are a card for each training of a stage: a tap shows its pictures.
func (p *lessonsPage) trials(c session.Class, st session.Stage, names []string) []fyne.CanvasObject {
	var all []fyne.CanvasObject
	for i, name := range names {
		card := widget.NewCard(lang.L(name), " ", func() { p.w.session.ShowTrial(session.TrialAt{Stage: st, Index: i}) })
		card.SetSwatch(lineColor(i))
		p.w.trace.name(control{name: fmt.Sprintf("lessons.run%d", i+1), o: card, in: p.scroll})
		p.cards, all = append(p.cards, card), append(all, card)
	}
	return all
}

// breakIt turns a dial too far.
func (p *lessonsPage) breakIt(c session.Class) []fyne.CanvasObject {
	b := c.Lesson.Break
	if p.value == 0 && len(b.Values) > 1 {
		p.value = b.Values[1]
	}
	words := make([]string, len(b.Values))
	for i, v := range b.Values {
		words[i] = widget.FormatNumber(v, 4)
	}
	dial := widget.NewSegmented(words...)
	dial.SetSelected(max(0, slices.Index(b.Values, p.value)))
	dial.OnChanged = func(i int) { p.value = b.Values[i] }
	p.w.trace.name(control{name: "lessons.dial", o: dial, in: p.scroll})
	body := []fyne.CanvasObject{prose(b.Text...), widget.NewField(dialName(b.Field), dial)}
	if c.Author == "" {
		body = append(body, p.hold(c, session.StageBreak, lang.L("Train with it"), func() { p.w.session.Hold(session.StageBreak, p.value, "") }))
	}
	var names []string
	for _, t := range c.Trials.Breaks {
		names = append(names, dialName(b.Field)+" "+widget.FormatNumber(t.Value, 4))
	}
	body = append(body, p.trials(c, session.StageBreak, names)...)
	if n := len(c.Trials.Breaks); n > 0 && c.Doing != session.StageBreak {
		at := n - 1
		if c.Shown.Stage == session.StageBreak {
			at = c.Shown.Index
		}
		if said := b.Said(c.Trials.Breaks[at]); said != "" {
			body = append(body, prose(said))
		}
	}
	return body
}

// dialName is a field of the settings in words.
func dialName(field string) string {
	switch field {
	case "latent":
		return lang.L("Numbers in the latent")
	case "rate":
		return lang.L("Learning rate")
	case "lambda":
		return lang.L("Price of the latent, β")
	case "activity":
		return lang.L("Active share")
	case "width":
		return lang.L("Filters")
	case "steps":
		return lang.L("Steps")
	case "patch":
		return lang.L("Patch")
	}
	return field
}

// own is the same on one's own pictures.
func (p *lessonsPage) own(c session.Class) []fyne.CanvasObject {
	s := p.w.session
	body := []fyne.CanvasObject{prose(c.Lesson.Own.Text...)}
	if c.Author == "" && c.Doing != session.StageOwn {
		pick := func(name string) { s.Hold(session.StageOwn, 0, name) }
		folder := fynewidget.NewButtonWithIcon(lang.L("A folder of pictures…"), fynetheme.FolderOpenIcon(), func() { p.w.pickFolder(pick) })
		file := fynewidget.NewButtonWithIcon(lang.L("A file of digits…"), fynetheme.FileIcon(), func() { p.w.pickFile(pick) })
		p.w.trace.name(control{name: "lessons.folder", o: folder, in: p.scroll})
		body = append(body, folder, file, widget.NewNote(lang.L("You can also drop them on the window.")))
	} else if c.Doing == session.StageOwn {
		body = append(body, p.hold(c, session.StageOwn, "", nil))
	}
	if len(c.Trials.Own) > 0 {
		body = append(body, widget.NewNote(lang.L("Learned from {{.Name}}.", map[string]any{"Name": baseName(c.Trials.Own[0].Data)})))
	}
	if len(c.Trials.Own) > 0 || c.Doing == session.StageOwn {
		body = append(body, p.trials(c, session.StageOwn, c.Lesson.Own.Runs)...)
	}
	return body
}

// transfer is the last question.
func (p *lessonsPage) transfer(c session.Class) []fyne.CanvasObject {
	q := c.Lesson.Transfer
	chosen, right := -1, -1
	answered := c.Answer.Transfer != nil && c.Answer.Transfer.Option != nil
	if answered {
		chosen, right = *c.Answer.Transfer.Option, q.Judge(*c.Answer.Transfer, c.Trials.Runs).Option
	}
	body := append([]fyne.CanvasObject{prose(q.Ask)}, p.options(q, chosen, right, answered || c.Author != "", func(i int) {
		p.w.session.AnswerTransfer(session.Guess{Option: &i})
	})...)
	if answered {
		body = append(body, prose(q.Why))
	}
	return body
}

// showTrials writes how far trainings are onto their cards.
func (p *lessonsPage) showTrials(c session.Class) {
	if c.Lesson == nil || c.Stage < session.StageTrain || c.Stage > session.StageOwn {
		return
	}
	all := c.Trials.Of(c.Stage)
	for i, card := range p.cards {
		text := lang.L("waits")
		if i < len(all) {
			figure := c.Lesson.Predict.Of.Figure
			if c.Stage == session.StageBreak {
				figure = c.Lesson.Break.Figure
			}
			text = trialFigure(all[i], figure)
		} else if c.Doing != c.Stage {
			text = " "
		}
		card.SetText(text)
		card.SetSelected(c.Shown == session.TrialAt{Stage: c.Stage, Index: i} && i < len(all))
	}
}

// trialFigure says how far a training is, or what it gave: how near its pictures are, and a
// figure that the lesson asks for.
func trialFigure(t session.Trial, figure string) string {
	if !t.Done() {
		return lang.L("step {{.Step}} of {{.Steps}}", map[string]any{"Step": widget.FormatCount(t.Step), "Steps": widget.FormatCount(t.Spec.Steps)})
	}
	if t.Diverged > 0 {
		return lang.L("diverged at step {{.Step}}", map[string]any{"Step": widget.FormatCount(t.Diverged)})
	}
	text := figureWords("psnr", t.Figures["psnr"])
	if v, ok := t.Figures[figure]; ok && figure != "psnr" {
		if said := figureWords(figure, v); said != "" {
			text += " · " + said
		}
	}
	return text
}

// figureWords is a figure with its name and unit.
func figureWords(name string, v float64) string {
	n := map[string]any{"Value": widget.FormatNumber(v, 3)}
	switch name {
	case "psnr":
		return lang.L("{{.Value}} dB", map[string]any{"Value": fmt.Sprintf("%.1f", v)})
	case "first":
		return lang.L("{{.Value}} dB after the first pass", map[string]any{"Value": fmt.Sprintf("%.1f", v)})
	case "gain":
		return lang.L("gain {{.Value}} dB", map[string]any{"Value": fmt.Sprintf("%.1f", v)})
	case "mse":
		return lang.L("squared error {{.Value}}", n)
	case "bce":
		return lang.L("cross-entropy {{.Value}}", n)
	case "loss":
		return lang.L("validation loss {{.Value}}", n)
	case "gap":
		return lang.L("unseen {{.Value}} × as bad", n)
	case "over_pca":
		return lang.L("{{.Value}} × the error of PCA", n)
	case "share":
		return lang.L("{{.Value}} % of the numbers", n)
	case "price":
		return lang.L("price {{.Value}}", n)
	case "auroc":
		return lang.L("{{.Value}} % told apart", n)
	case "active":
		return lang.L("{{.Value}} % active", n)
	case "bits":
		return lang.L("{{.Value}} bits a pixel", n)
	}
	return ""
}

// lineColor is that of the i-th line in a chart of many.
func lineColor(i int) fyne.ThemeColorName { return theme.Lines[i%len(theme.Lines)] }

// showChart draws the curves of the stage, or the lesson's own chart when its runs are done.
func (p *lessonsPage) showChart(c session.Class) {
	if c.Lesson == nil {
		p.chart.SetSeries(nil)
		return
	}
	chart, st := c.Lesson.Chart, c.Stage
	if st < session.StageTrain || st > session.StageOwn {
		st = session.StageTrain
	}
	sweep := chart.Y != "" && (c.Stage <= session.StagePredict || c.Whole(session.StageTrain) && c.Doing == session.StageLook && c.Stage == session.StageTrain)
	var series []widget.Series
	if sweep {
		series = p.sweep(c)
	}
	losses := p.losses(c.Trials.Of(st))
	if c.Stage > session.StagePredict {
		series = append(series, losses...)
	}
	p.chart.SetSeries(series)
	if first := sweep && c.Whole(session.StageTrain); first != p.swept {
		p.swept = first
		if v := p.chart.View(); first {
			v.Group = lang.L(chart.YName)
			p.chart.SetView(v)
		}
	}
}

// losses are the curves of trainings: those of validation, and where there is one alone its
// training's, too.
func (p *lessonsPage) losses(trials []session.Trial) []widget.Series {
	var all []widget.Series
	for i, t := range trials {
		var x, y, vx, vy []float64
		for _, pt := range t.Curve {
			x, y = append(x, float64(pt.Step)), append(y, pt.Loss)
			if !math.IsNaN(pt.ValLoss) {
				vx, vy = append(vx, float64(pt.Step)), append(vy, pt.ValLoss)
			}
		}
		training, validation := widget.Series{Name: lang.L(t.Name), Group: lang.L("Training"), X: x, Y: y, Color: lineColor(i), Noisy: true},
			widget.Series{Name: lang.L(t.Name), Group: lang.L("Validation"), X: vx, Y: vy, Color: lineColor(i)}
		all = append(all, training, validation)
	}
	return all
}

// sweep is a figure of all runs over the dial in which they differ, with what was predicted.
func (p *lessonsPage) sweep(c session.Class) []widget.Series {
	l := c.Lesson
	group, xName := lang.L(l.Chart.YName), lang.L(l.Chart.XName)
	var series []widget.Series
	add := func(name string, color fyne.ThemeColorName, points [][2]float64) {
		// The runs of a lesson may be in any order.
		slices.SortFunc(points, func(a, b [2]float64) int { return cmp.Compare(a[0], b[0]) })
		points = slices.CompactFunc(points, func(a, b [2]float64) bool { return a[0] == b[0] })
		var x, y []float64
		for _, p := range points {
			x, y = append(x, p[0]), append(y, p[1])
		}
		if len(x) > 1 {
			series = append(series, widget.Series{Name: name, Group: group, X: x, Y: y, Color: color, Linear: l.Chart.Y == "psnr", Few: true, XName: xName})
		}
	}
	for k, figure := range []string{l.Chart.Y, l.Chart.Beside} {
		var points [][2]float64
		for i, t := range c.Trials.Runs {
			if v, ok := t.Figures[figure]; ok && !math.IsNaN(l.At(i, t)) {
				points = append(points, [2]float64{l.At(i, t), v})
			}
		}
		add([]string{lang.L("Measured"), "PCA"}[k], lineColor(k), points)
	}
	if sketch := p.guess.Sketch; l.Predict.Kind == session.AskSketch && len(sketch) == len(l.Runs) {
		var points [][2]float64
		for i, v := range sketch {
			if at := l.At(i, session.Trial{}); !math.IsNaN(at) {
				points = append(points, [2]float64{at, v})
			}
		}
		add(lang.L("My sketch"), lineColor(2), points)
	}
	return series
}
