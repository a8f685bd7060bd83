package ui

// This file shows the queue: many pictures that are denoised behind.

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/ui/session"
	"sieve/ui/widget"
)

// A queuePanel is the queue and where its results go.
type queuePanel struct {
	w   *window
	box *fyne.Container

	summary   *fynewidget.Label
	start     *fynewidget.Button
	clear     *fynewidget.Button
	retry     *fynewidget.Button
	folder    *fynewidget.Label
	choose    *fynewidget.Button
	usual     *fynewidget.Button // takes the folder chosen back
	name      *textEntry
	overwrite *fynewidget.Check
	list      *fynewidget.List

	items []session.QueueItem
}

func newQueuePanel(w *window) *queuePanel {
	p := &queuePanel{w: w}
	title := fynewidget.NewLabelWithStyle(lang.L("Queue"), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	p.summary = fynewidget.NewLabel("")
	p.summary.Truncation = fyne.TextTruncateEllipsis
	p.start = fynewidget.NewButtonWithIcon("", fynetheme.MediaPlayIcon(), p.toggle)
	p.clear = fynewidget.NewButtonWithIcon(lang.L("Clear"), fynetheme.ContentClearIcon(), w.session.ClearQueue)
	p.retry = fynewidget.NewButtonWithIcon(lang.L("Try failed again"), fynetheme.ViewRefreshIcon(), func() {
		w.session.RetryQueue()
		w.session.StartQueue()
	})
	buttons := container.NewHBox(p.retry,
		widget.NewHint(lang.L("Take everything out of the queue that is not being worked on. Files stay"), "", p.clear), p.start)
	head := container.NewBorder(nil, nil, title, buttons, p.summary)

	p.folder = fynewidget.NewLabel("")
	p.folder.Truncation = fyne.TextTruncateEllipsis
	p.choose = fynewidget.NewButton(lang.L("Choose…"), p.chooseFolder)
	p.usual = fynewidget.NewButtonWithIcon("", fynetheme.ContentUndoIcon(), func() { p.change(func(o *session.QueueOptions) { o.Out = "" }) })
	p.name = newTextEntry(func(text string) { p.change(func(o *session.QueueOptions) { o.Template = strings.TrimSpace(text) }) })
	p.name.PlaceHolder = "{name}"
	p.overwrite = fynewidget.NewCheck(lang.L("Replace files"), func(yes bool) { p.change(func(o *session.QueueOptions) { o.Overwrite = yes }) })
	middle := container.NewCenter
	name := container.NewGridWrap(fyne.NewSize(20*grid, p.name.MinSize().Height), p.name)
	where := container.NewBorder(nil, nil, middle(fynewidget.NewLabel(lang.L("Into"))),
		container.NewHBox(middle(widget.NewHint(lang.L("Into a folder beside each one again"), "", p.usual)), middle(p.choose), middle(fynewidget.NewLabel(lang.L("Name"))),
			middle(widget.NewHint(lang.L("{name} is the picture's name, {model} the model's, {number} its place in the queue"), "", name)),
			middle(widget.NewHint(lang.L("Write over results that are there already"), "", p.overwrite))),
		container.New(inTheMiddle{}, p.folder))

	p.list = fynewidget.NewList(func() int { return len(p.items) }, func() fyne.CanvasObject { return newQueueRow() }, func(i int, o fyne.CanvasObject) {
		if i < len(p.items) {
			o.(*queueRow).show(p.items[i])
		}
	})
	p.list.OnSelected = func(i int) {
		p.list.Unselect(i)
		if i < len(p.items) {
			w.open([]string{p.items[i].In})
		}
	}
	p.box = container.NewBorder(container.New(column{}, head, where, fynewidget.NewSeparator()), nil, nil, nil, p.list)
	p.box.Hide()
	w.trace.name(control{name: "queue.start", o: p.start})
	w.trace.name(control{name: "queue.clear", o: p.clear})
	w.trace.name(control{name: "queue.retry", o: p.retry})
	w.trace.name(control{name: "queue.choose", o: p.choose})
	w.trace.name(control{name: "queue.name", o: p.name})
	w.trace.name(control{name: "queue.overwrite", o: p.overwrite})
	return p
}

// inTheMiddle gives an object all the width and puts it in the middle of the height.
type inTheMiddle struct{}

func (inTheMiddle) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

func (inTheMiddle) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	h := objects[0].MinSize().Height
	objects[0].Move(fyne.NewPos(0, (size.Height-h)/2))
	objects[0].Resize(fyne.NewSize(size.Width, h))
}

// toggle starts or stops.
func (p *queuePanel) toggle() {
	if p.w.frame.Queue.Running {
		p.w.session.StopQueue()
	} else {
		p.w.session.StartQueue()
	}
}

// change changes where results go.
func (p *queuePanel) change(f func(o *session.QueueOptions)) {
	o := p.w.session.State().Queue.Options
	f(&o)
	p.w.session.SetQueueOptions(o)
}

func (p *queuePanel) chooseFolder() {
	d := dialog.NewFolderOpen(func(l fyne.ListableURI, err error) {
		if l != nil {
			p.w.saved.SaveFolder = l.Path()
			p.change(func(o *session.QueueOptions) { o.Out = l.Path() })
		}
	}, p.w.win)
	d.SetLocation(folderAt(p.w.saved.SaveFolder))
	d.SetTitleText(lang.L("A folder for the results"))
	p.w.askFile("results", d)
}

// show writes the queue into the panel.
func (p *queuePanel) show(f frame) {
	q := f.Queue
	if !slices.EqualFunc(q.Items, p.items, func(a, b session.QueueItem) bool {
		return a.Number == b.Number && a.State == b.State && a.Part == b.Part && a.Thumb == b.Thumb
	}) {
		p.items = q.Items
		p.list.Refresh()
	}
	p.summary.SetText(queueSummary(q))
	text, icon, importance := lang.L("Start"), fynetheme.MediaPlayIcon(), fynewidget.HighImportance
	if q.Running {
		text, icon, importance = lang.L("Stop"), fynetheme.MediaStopIcon(), fynewidget.MediumImportance
	}
	if p.start.Text != text {
		p.start.Text, p.start.Icon, p.start.Importance = text, icon, importance
		p.start.Refresh()
	}
	enable(p.start, q.Running || q.Counts[session.Waiting] > 0)
	visible(p.retry, q.Counts[session.Failed] > 0)
	enable(p.clear, len(q.Items) > q.Counts[session.Working])
	where := q.Options.Out
	if where == "" {
		where = lang.L("a folder beside them, “…-clean”")
		if p.w.view.page == session.PageCompress {
			where = lang.L("a folder beside them, “…-small”")
		}
	}
	p.folder.SetText(where)
	visible(p.usual, q.Options.Out != "")
	p.name.set(q.Options.Template)
	if p.overwrite.Checked != q.Options.Overwrite {
		p.overwrite.Checked = q.Options.Overwrite
		p.overwrite.Refresh()
	}
}

// queueSummary says how far the queue is.
func queueSummary(q session.Queue) string {
	done := q.Counts[session.Done] + q.Counts[session.There]
	text := lang.L("{{.Done}} of {{.All}} done", map[string]any{"Done": widget.FormatCount(done), "All": widget.FormatCount(len(q.Items))})
	if n := q.Counts[session.Failed]; n > 0 {
		text += "   " + lang.L("{{.Count}} failed", map[string]any{"Count": widget.FormatCount(n)})
	}
	if s := int(math.Ceil(q.Left.Seconds())); s > 0 {
		text += "   " + lang.L("{{.Time}} left", map[string]any{"Time": fmt.Sprintf("%d:%02d", s/60, s%60)})
	}
	return text
}

// A queueRow shows one picture of the queue.
type queueRow struct {
	fynewidget.BaseWidget
	image *canvas.Image
	name  *fynewidget.Label
	state *fynewidget.Label
	whole *fyne.Container
}

func newQueueRow() *queueRow {
	r := &queueRow{image: &canvas.Image{FillMode: canvas.ImageFillContain}, name: fynewidget.NewLabel(""), state: fynewidget.NewLabel("")}
	r.image.SetMinSize(fyne.NewSize(6*grid, 4.5*grid))
	r.name.Truncation = fyne.TextTruncateEllipsis
	r.state.Truncation = fyne.TextTruncateEllipsis
	r.state.Alignment = fyne.TextAlignTrailing
	r.whole = container.NewBorder(nil, nil, r.image, nil, container.NewGridWithColumns(2, r.name, r.state))
	r.ExtendBaseWidget(r)
	return r
}

func (r *queueRow) CreateRenderer() fyne.WidgetRenderer { return fynewidget.NewSimpleRenderer(r.whole) }

func (r *queueRow) show(q session.QueueItem) {
	if q.Thumb == nil {
		r.image.Image, r.image.Resource = nil, fynetheme.NewDisabledResource(fynetheme.FileImageIcon())
	} else {
		r.image.Image, r.image.Resource = q.Thumb, nil
	}
	r.image.Refresh()
	r.name.SetText(q.Name)
	text, importance := queueWords(q)
	r.state.Importance = importance
	r.state.SetText(text)
	r.state.Refresh()
}

// queueWords say how far a picture is.
func queueWords(q session.QueueItem) (string, fynewidget.Importance) {
	switch q.State {
	case session.Working:
		return fmt.Sprintf("%.0f %%", 100*q.Part), fynewidget.HighImportance
	case session.Done:
		text := lang.L("done")
		if q.Size > 0 {
			text = sizeName(q.Size) + "   " + text
		}
		if !math.IsNaN(q.Sigma) {
			text = lang.L("noise of {{.Levels}} levels   done", map[string]any{"Levels": fmt.Sprintf("%.1f", q.Sigma)})
		}
		return text, fynewidget.SuccessImportance
	case session.There:
		return lang.L("there already, left as it is"), fynewidget.MediumImportance
	case session.Failed:
		return lang.L(q.Text.Key, q.Text.Args), fynewidget.DangerImportance
	}
	return lang.L("waits"), fynewidget.LowImportance
}
