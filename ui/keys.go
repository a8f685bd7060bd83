package ui

// This file is what keys do. Fyne hands a key to the window only when nothing
// has the focus, so none of these fires while a text is typed.

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/ui/session"
)

// keyHelp lists the keys for F1.
func keyHelp() [][2]string {
	ctrl := "Ctrl+"
	return [][2]string{
		{ctrl + "O", lang.L("Open pictures, models and training data")},
		{ctrl + "S", lang.L("Save the result, or on Train the model")},
		{ctrl + "Z, " + ctrl + "Y", lang.L("Undo and redo settings")},
		{ctrl + "1, " + ctrl + "2 …", lang.L("The pages, from top to bottom")},
		{ctrl + "V", lang.L("On Train: take settings that were copied as text")},
		{lang.L("Space"), lang.L("On Train: start, pause, go on. On Network: let the window slide")},
		{"B", lang.L("Hold it to see the original in place of the reconstruction")},
		{"0, 1", lang.L("Whole picture, 100 %")},
		{"+, −", lang.L("Zoom in and out; so does the wheel")},
		{"PgUp, PgDn", lang.L("Previous and next picture; so do Left and Right")},
		{",  .", lang.L("Previous and next channel of the latent")},
		{"Esc", lang.L("Show all panes again, or close a dialog")},
		{"Tab", lang.L("Go through the controls")},
		{"F1", lang.L("This list")},
	}
}

// setKeys connects the keys.
func (w *window) setKeys() {
	c := w.win.Canvas()
	c.SetOnTypedRune(w.typedRune)
	c.SetOnTypedKey(w.typedKey)
	if d, ok := c.(desktop.Canvas); ok {
		d.SetOnKeyDown(func(e *fyne.KeyEvent) { w.hold(e, true) })
		d.SetOnKeyUp(func(e *fyne.KeyEvent) { w.hold(e, false) })
	}
	w.app.Lifecycle().SetOnExitedForeground(func() { w.group.HoldOriginal(false) })
	c.AddShortcut(&fyne.ShortcutPaste{}, func(fyne.Shortcut) { w.paste() })
	c.AddShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyZ, Modifier: fyne.KeyModifierShortcutDefault | fyne.KeyModifierShift}, func(fyne.Shortcut) { w.redo() })
}

// paste takes settings of a training that were copied as text.
func (w *window) paste() {
	if w.view.page == session.PageTrain && w.dialog == nil && !w.frame.Train.Busy() {
		w.train.paste(w.app.Clipboard().Content())
	}
}

// hold shows the original while B is down.
func (w *window) hold(e *fyne.KeyEvent, down bool) {
	if e.Name == fyne.KeyB && (w.dialog == nil || !down) {
		w.group.HoldOriginal(down)
	}
}

func (w *window) typedRune(r rune) {
	if w.dialog != nil {
		return
	}
	switch r {
	case '0':
		w.linked.Fit()
	case '1':
		w.linked.Actual()
	case '+', '=':
		w.linked.ZoomIn()
	case '-', '−':
		w.linked.ZoomOut()
	case '.':
		w.setLook(func(l *session.Look) { l.Channel = min(l.Channel+1, w.channels) })
	case ',':
		w.setLook(func(l *session.Look) { l.Channel = max(l.Channel-1, 0) })
	}
}

func (w *window) typedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape {
		w.escape()
		return
	}
	if w.dialog != nil {
		return
	}
	switch e.Name {
	case fyne.KeySpace:
		if w.view.page == session.PageTrain {
			w.train.toggle()
		} else if w.explore.front(w.explore.network) {
			w.explore.network.play(!w.explore.network.playing)
		}
	case fyne.KeyPageDown, fyne.KeyRight:
		w.session.Next()
	case fyne.KeyPageUp, fyne.KeyLeft:
		w.session.Previous()
	case fyne.KeyF1:
		w.showKeys()
	}
}

// escape closes the dialog in front, or else shows all panes again, or else takes
// the message away.
func (w *window) escape() {
	if w.dialog == nil && w.view.page == session.PageTrain && w.runs.over != "" {
		w.runs.lookOver(session.Run{})
		return
	}
	switch {
	case w.dialog != nil:
		w.dialog.hide()
	case w.group.Maximised() != nil:
		w.group.Restore()
	default:
		w.dismiss()
	}
}

// showKeys lists the keys.
func (w *window) showKeys() {
	list := container.New(&pairs{})
	for _, k := range keyHelp() {
		list.Add(fynewidget.NewLabelWithStyle(k[0], fyne.TextAlignLeading, fyne.TextStyle{Bold: true}))
		list.Add(fynewidget.NewLabel(k[1]))
	}
	w.inform("keys", lang.L("Keys"), list)
}

// pairs lays out a table of two columns, the first as narrow as it can be.
type pairs struct{}

func (pairs) widths(objects []fyne.CanvasObject) (first, second float32) {
	for i, o := range objects {
		if i%2 == 0 {
			first = max(first, o.MinSize().Width)
		} else {
			second = max(second, o.MinSize().Width)
		}
	}
	return first, second
}

const pairHigh = 3.5 * grid

func (p pairs) MinSize(objects []fyne.CanvasObject) fyne.Size {
	first, second := p.widths(objects)
	h := float32(0)
	for i := 0; i < len(objects); i += 2 {
		h += max(pairHigh, objects[i].MinSize().Height-grid)
	}
	return fyne.NewSize(first+second+2*grid, h)
}

func (p pairs) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	first, _ := p.widths(objects)
	y := float32(0)
	for i := 0; i+1 < len(objects); i += 2 {
		h := max(pairHigh, objects[i].MinSize().Height-grid)
		objects[i].Move(fyne.NewPos(0, y))
		objects[i].Resize(fyne.NewSize(first, h))
		objects[i+1].Move(fyne.NewPos(first+2*grid, y))
		objects[i+1].Resize(fyne.NewSize(size.Width-first-2*grid, h))
		y += h
	}
}
