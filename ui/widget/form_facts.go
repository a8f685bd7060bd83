package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Facts are small rows of a name and a value. Names and values keep their places while values change.
type Facts struct {
	widget.BaseWidget
	names, values []string
}

// NewFacts returns rows with these names and no values.
func NewFacts(names ...string) *Facts {
	f := &Facts{names: names, values: make([]string, len(names))}
	f.ExtendBaseWidget(f)
	return f
}

// Set writes the values, one for each name.
func (f *Facts) Set(values ...string) {
	if len(values) != len(f.names) {
		panic("widget: not one value for each fact")
	}
	changed := false
	for i, v := range values {
		changed = changed || f.values[i] != v
		f.values[i] = v
	}
	if changed {
		f.Refresh()
	}
}

// Value is what Set wrote beside a name.
func (f *Facts) Value(i int) string { return f.values[i] }

func (f *Facts) CreateRenderer() fyne.WidgetRenderer {
	const caption = fynetheme.SizeNameCaptionText
	p := &parts{}
	names, values := make([]*canvas.Text, len(f.names)), make([]*canvas.Text, len(f.names))
	for i := range names {
		names[i], values[i] = canvas.NewText("", color.Transparent), canvas.NewText("", color.Transparent)
		values[i].Alignment = fyne.TextAlignTrailing
		p.objects = append(p.objects, names[i], values[i])
	}
	line := func() float32 { return onGrid(textHeight(f, caption)) }
	p.min = func() fyne.Size {
		widest := float32(0)
		for _, n := range f.names {
			widest = max(widest, textWidth(f, n, caption))
		}
		return fyne.NewSize(2*widest, line()*float32(len(f.names)))
	}
	p.layout = func(size fyne.Size) {
		for i := range names {
			y := float32(i) * line()
			placeText(names[i], 0, y, size.Width, line())
			placeText(values[i], 0, y, size.Width, line())
		}
	}
	p.refresh = func() {
		for i := range names {
			write(names[i], f, f.names[i], caption, fynetheme.ColorNamePlaceHolder)
			write(values[i], f, f.values[i], caption, fynetheme.ColorNameForeground)
		}
		p.layout(f.Size())
	}
	p.refresh()
	return p
}
