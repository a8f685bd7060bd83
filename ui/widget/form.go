package widget

import (
	"math"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
)

// The form*.go files hold the small widgets that pages are made of: sliders, number fields, sections, choices,
// the rail's buttons, hints and the status bar. This one holds what they share.

// parts is the renderer of a widget that is made of other objects.
type parts struct {
	objects []fyne.CanvasObject
	layout  func(fyne.Size)
	min     func() fyne.Size
	refresh func() // colours, texts and positions from the widget's state
}

func (p *parts) Layout(s fyne.Size)           { p.layout(s) }
func (p *parts) MinSize() fyne.Size           { return p.min() }
func (p *parts) Refresh()                     { p.refresh() }
func (p *parts) Objects() []fyne.CanvasObject { return p.objects }
func (p *parts) Destroy()                     {}

const grid = 8 // pixels: what the sizes of our widgets are multiples of

// onGrid rounds a length up to the grid.
func onGrid(v float32) float32 {
	return grid * float32(math.Ceil(float64(v/grid)))
}

func place(o fyne.CanvasObject, x, y, w, h float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(w, h))
}

// placeText puts a line of text so that it is centred in height between y and y+h.
func placeText(t *canvas.Text, x, y, w, h float32) {
	min := t.MinSize()
	place(t, x, y+float32(math.Round(float64(h-min.Height)/2)), w, min.Height)
}

// write sets a text and how it looks, and redraws it only when something changed.
func write(t *canvas.Text, w fyne.Widget, text string, size fyne.ThemeSizeName, ink fyne.ThemeColorName) {
	color, points := fynetheme.ColorForWidget(ink, w), fynetheme.SizeForWidget(size, w)
	if t.Text == text && t.Color == color && t.TextSize == points {
		return
	}
	t.Text, t.Color, t.TextSize = text, color, points
	t.Refresh()
}

// fill sets how a rectangle looks, and redraws it only when something changed.
func fill(r *canvas.Rectangle, w fyne.Widget, ink fyne.ThemeColorName, radius float32) {
	if c := fynetheme.ColorForWidget(ink, w); r.FillColor != c || r.CornerRadius != radius {
		r.FillColor, r.CornerRadius = c, radius
		r.Refresh()
	}
}

// outline draws the border of an input, times as thick as usual.
func outline(r *canvas.Rectangle, w fyne.Widget, ink fyne.ThemeColorName, times float32) {
	r.CornerRadius = fynetheme.SizeForWidget(fynetheme.SizeNameInputRadius, w)
	r.StrokeWidth = times * fynetheme.SizeForWidget(fynetheme.SizeNameInputBorder, w)
	r.StrokeColor = fynetheme.ColorForWidget(ink, w)
	r.Refresh()
}

// A control that has the focus hands the keys it has no use for on to the window: those are the window's own.

func passKey(o fyne.CanvasObject, e *fyne.KeyEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(o); c != nil && c.OnTypedKey() != nil {
		c.OnTypedKey()(e)
	}
}

func passRune(o fyne.CanvasObject, r rune) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(o); c != nil && c.OnTypedRune() != nil {
		c.OnTypedRune()(r)
	}
}

// passHold hands on that a key goes down or up.
func passHold(o fyne.CanvasObject, e *fyne.KeyEvent, down bool) {
	c, ok := fyne.CurrentApp().Driver().CanvasForObject(o).(desktop.Canvas)
	if !ok {
		return
	}
	f := c.OnKeyUp()
	if down {
		f = c.OnKeyDown()
	}
	if f != nil {
		f(e)
	}
}

func textWidth(w fyne.Widget, text string, size fyne.ThemeSizeName) float32 {
	return fyne.MeasureText(text, fynetheme.SizeForWidget(size, w), fyne.TextStyle{}).Width
}

func textHeight(w fyne.Widget, size fyne.ThemeSizeName) float32 {
	return fyne.MeasureText("0", fynetheme.SizeForWidget(size, w), fyne.TextStyle{}).Height
}

// FormatNumber writes v with at most digits significant figures, plainly from 0.0001 to 999 999 and with an
// exponent beyond: 0.001, 1e-5, 12 340, 3e+8. Thousands are parted by a thin space, as the SI brochure has it.
func FormatNumber(v float64, digits int) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "-∞"
	case v == 0:
		return "0"
	}
	s := strconv.FormatFloat(v, 'e', digits-1, 64) // rounds first, so that 0.99996 counts as 1
	mantissa, exponent, _ := strings.Cut(s, "e")
	e, _ := strconv.Atoi(exponent)
	if e < -4 || e >= 6 {
		return trimZeros(mantissa) + "e" + strconv.Itoa(e)
	}
	return thousands(trimZeros(strconv.FormatFloat(v, 'f', max(digits-1-e, 0), 64)))
}

// FormatCount writes a whole number with its thousands parted: 2 304 460.
func FormatCount(n int) string { return thousands(strconv.Itoa(n)) }

func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

const thinSpace = "\u2009"

// thousands parts the whole figures of five and more in groups of three.
func thousands(s string) string {
	whole, rest, point := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	if len(whole) >= 5 {
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + thinSpace + whole[i:]
		}
	}
	if point {
		rest = "." + rest
	}
	return sign + whole + rest
}

// formatStep writes v with the decimals of step, so that a number does not change its length as it moves.
func formatStep(v, step float64) string {
	if step <= 0 {
		return FormatNumber(v, 3)
	}
	decimals := 0
	for step-math.Floor(step+1e-9) > 1e-9 && decimals < 6 {
		step, decimals = step*10, decimals+1
	}
	return thousands(strconv.FormatFloat(v, 'f', decimals, 64))
}

// parseNumber reads a number as people write it: 0.001, 0,001, 1e-3, 12 000.
func parseNumber(text string) (v float64, ok bool) {
	text = strings.NewReplacer(" ", "", thinSpace, "", "\u00a0", "", "\u202f", "", "−", "-").Replace(text)
	if strings.Count(text, ",") == 1 && !strings.Contains(text, ".") {
		text = strings.Replace(text, ",", ".", 1)
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}
