package widget

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Note is small text under a control, in as many lines as it takes.
type Note struct {
	widget.BaseWidget
	text  string
	level Level
	lines []string
	width float32 // for which lines are broken
	size  float32 // … and of their letters
}

// NewNote returns a note; one without text is hidden.
func NewNote(text string) *Note {
	n := &Note{text: text}
	n.Hidden = text == ""
	n.ExtendBaseWidget(n)
	return n
}

// Say shows a text, or nothing for "".
func (n *Note) Say(level Level, text string) {
	if n.text == text && n.level == level {
		return
	}
	n.text, n.level, n.width = text, level, 0
	if text == "" {
		n.Hide()
	} else {
		n.Show()
	}
	n.Refresh()
}

// Text is what the note says.
func (n *Note) Text() string { return n.text }

// wrap breaks a text at spaces into lines no wider than width; a longer word has a line of its own.
func wrap(text string, width, size float32) []string {
	return wrapIn(text, width, size, fyne.TextStyle{})
}

func wrapIn(text string, width, size float32, style fyne.TextStyle) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		longer := word
		if line != "" {
			longer = line + " " + word
		}
		if line != "" && fyne.MeasureText(longer, size, style).Width > width {
			lines = append(lines, line)
			longer = word
		}
		line = longer
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// usualWidth is how wide a note is taken to be before it is laid out.
const usualWidth = 34 * grid

func (n *Note) flow(width float32) {
	if width <= 0 {
		width = usualWidth
	}
	if size := fynetheme.SizeForWidget(fynetheme.SizeNameCaptionText, n); width != n.width || size != n.size {
		n.width, n.size = width, size
		n.lines = wrap(n.text, width, size)
	}
}

func (n *Note) CreateRenderer() fyne.WidgetRenderer {
	const caption = fynetheme.SizeNameCaptionText
	p := &parts{}
	row := func() float32 { return textHeight(n, caption) }
	p.min = func() fyne.Size {
		n.flow(n.Size().Width)
		return fyne.NewSize(0, onGrid(row()*float32(len(n.lines))))
	}
	p.refresh = func() {
		n.flow(n.Size().Width)
		ink := map[Level]fyne.ThemeColorName{StatusInfo: fynetheme.ColorNamePlaceHolder, StatusWarning: fynetheme.ColorNameWarning, StatusError: fynetheme.ColorNameError}[n.level]
		p.objects = p.objects[:0]
		for i, line := range n.lines {
			t := canvas.NewText("", color.Transparent)
			write(t, n, line, caption, ink)
			placeText(t, 0, float32(i)*row(), n.Size().Width, row())
			p.objects = append(p.objects, t)
		}
		canvas.Refresh(n)
	}
	p.layout = func(size fyne.Size) {
		if size.Width != n.width {
			p.refresh()
		}
	}
	p.refresh()
	return p
}
