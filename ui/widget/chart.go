package widget

import (
	"image/color"
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"sieve/ui/theme"
)

// Series is one line of a chart. X ascends. What X and Y hold is never changed after they were handed over; a longer
// series may share their memory, and then only its new points are looked at.
type Series struct {
	Name   string
	Group  string // what is measured, as "Loss": one group is seen at a time
	X, Y   []float64
	Color  fyne.ThemeColorName
	Noisy  bool   // drawn smoothed, as far as the slider says, with the measured line faint behind it
	Linear bool   // measured in a logarithm already, as decibels: a logarithmic axis would make no sense
	XName  string // what X is, where that is not what the chart's XName says
	Few    bool   // X are a few values of something that was tried: seen as points, on a logarithmic axis where they differ much
}

func (s Series) same(o Series) bool {
	return s.Name == o.Name && s.Group == o.Group && s.Color == o.Color && s.Noisy == o.Noisy && s.Linear == o.Linear && s.XName == o.XName && s.Few == o.Few &&
		sameSlice(s.X, o.X) && sameSlice(s.Y, o.Y)
}

func sameSlice(a, b []float64) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// Mark is an upright line with a word beside it.
type Mark struct {
	X     float64
	Text  string
	Color fyne.ThemeColorName
}

// BestMark says where the best weights were.
func BestMark(step int) Mark {
	return Mark{float64(step), lang.L("best at step {{.Step}}", map[string]any{"Step": FormatCount(step)}), theme.ColorNameMarker}
}

// DivergedMark says where training was lost.
func DivergedMark(step int) Mark {
	return Mark{float64(step), lang.L("diverged at step {{.Step}}", map[string]any{"Step": FormatCount(step)}), fynetheme.ColorNameError}
}

// ChartView is how a chart is looked at: what a person sets and finds again.
type ChartView struct {
	Group     string
	Log       bool
	Smoothing float64 // over how many points, 1 for not at all
}

// Chart draws how numbers went, while they come. Drag over it to see a part, double-tap to see all. A value that is
// no number is told by a mark; the lines go on without it. It works only when told of something new: call SetSeries as
// often as there is news, on Fyne's goroutine.
type Chart struct {
	widget.BaseWidget
	Empty         string // shown while there is nothing to draw
	XName         string // what X counts
	Plain         bool   // lines are drawn as they are: no smoothing, and no logarithm
	OnViewChanged func(ChartView)

	series []Series
	traces []*trace
	marks  []Mark
	view   ChartView
	shown  []int // the series of the group that is seen

	plot   *chartPlot
	groups *Segmented // nil while there is only one
	scale  *Segmented
	smooth *LabeledSlider
	legend *chartLegend
}

// NewChart returns an empty chart.
func NewChart() *Chart {
	c := &Chart{
		Empty: lang.L("The loss will be drawn here while the network learns"),
		XName: lang.L("Step"),
		view:  ChartView{Smoothing: 10},
	}
	c.scale = NewSegmented(lang.L("Linear"), lang.L("Log"))
	c.scale.OnChanged = func(i int) { c.change(func(v *ChartView) { v.Log = i == 1 }) }
	c.smooth = NewLabeledSlider(lang.L("Smoothing"), "", 1, 1000, 1, c.view.Smoothing)
	c.smooth.Log, c.smooth.Inline = true, true
	c.smooth.Format = func(n float64) string {
		if n <= 1 {
			return lang.L("off")
		}
		return FormatNumber(n, 2)
	}
	c.smooth.OnChanged = func(n float64) { c.change(func(v *ChartView) { v.Smoothing = n }) }
	c.plot = newChartPlot(c)
	c.legend = &chartLegend{c: c}
	c.legend.ExtendBaseWidget(c.legend)
	c.ExtendBaseWidget(c)
	return c
}

// SetSeries shows these lines. Telling it the same again costs nothing.
func (c *Chart) SetSeries(series []Series) {
	if slices.EqualFunc(series, c.series, Series.same) {
		return
	}
	c.series = slices.Clone(series)
	c.trace()
	c.regroup()
	c.plot.fit()
	c.Refresh()
}

// SetMarks shows these marks.
func (c *Chart) SetMarks(marks []Mark) {
	if !slices.Equal(marks, c.marks) {
		c.marks = slices.Clone(marks)
		c.plot.fit()
		c.Refresh()
	}
}

// View is how the chart is looked at.
func (c *Chart) View() ChartView { return c.view }

// SetView looks at the chart that way, without calling back.
func (c *Chart) SetView(v ChartView) {
	v.Smoothing = min(max(v.Smoothing, c.smooth.Min), c.smooth.Max)
	if v == c.view {
		return
	}
	c.view = v
	c.smooth.SetValue(v.Smoothing)
	c.trace()
	c.regroup()
	c.plot.fit()
	c.Refresh()
}

// change is SetView by a person.
func (c *Chart) change(f func(*ChartView)) {
	v := c.view
	f(&v)
	c.SetView(v)
	if c.OnViewChanged != nil {
		c.OnViewChanged(c.view)
	}
}

func (c *Chart) trace() {
	for len(c.traces) < len(c.series) {
		c.traces = append(c.traces, &trace{})
	}
	c.traces = c.traces[:len(c.series)]
	for i, s := range c.series {
		n := 1.
		if s.Noisy {
			n = c.view.Smoothing
		}
		c.traces[i].set(s.X, s.Y, n)
	}
}

// regroup finds what is to be seen and what there is to choose.
func (c *Chart) regroup() {
	var groups []string
	for _, s := range c.series {
		if !slices.Contains(groups, s.Group) {
			groups = append(groups, s.Group)
		}
	}
	if len(groups) > 0 && !slices.Contains(groups, c.view.Group) {
		c.view.Group = groups[0]
	}
	switch {
	case len(groups) < 2:
		c.groups = nil
	case c.groups == nil || !slices.Equal(c.groups.words, groups):
		c.groups = NewSegmented(groups...)
		c.groups.OnChanged = func(i int) { c.change(func(v *ChartView) { v.Group = groups[i] }) }
	}
	if c.groups != nil {
		c.groups.SetSelected(slices.Index(groups, c.view.Group))
	}
	c.shown = c.shown[:0]
	linear, noisy := true, false
	for i, s := range c.series {
		if s.Group == c.view.Group {
			c.shown = append(c.shown, i)
			linear, noisy = linear && s.Linear, noisy || s.Noisy
		}
	}
	able(c.scale, !linear || len(c.series) == 0)
	able(c.smooth, noisy || len(c.series) == 0)
	if c.scale.Disabled() || !c.view.Log {
		c.scale.SetSelected(0)
	} else {
		c.scale.SetSelected(1)
	}
}

func able(w fyne.Disableable, yes bool) {
	if yes {
		w.Enable()
	} else {
		w.Disable()
	}
}

func (c *Chart) CreateRenderer() fyne.WidgetRenderer {
	p := &parts{}
	controls := func() []fyne.CanvasObject {
		if c.Plain {
			return nil
		}
		if c.groups == nil {
			return []fyne.CanvasObject{c.scale, c.smooth}
		}
		return []fyne.CanvasObject{c.groups, c.scale, c.smooth}
	}
	const gap = 2 * grid
	head := func() (w, h float32) {
		w, h = -gap, c.legend.MinSize().Height
		for _, o := range controls() {
			min := o.MinSize()
			w, h = w+min.Width+gap, fyne.Max(h, min.Height)
		}
		return w, h
	}
	p.min = func() fyne.Size {
		w, h := head()
		return c.plot.MinSize().Max(fyne.NewSize(w, 0)).AddWidthHeight(0, 2*h+grid)
	}
	p.layout = func(size fyne.Size) {
		w, h := head()
		legend, y := c.legend.MinSize().Width, float32(0)
		if legend+gap+w > size.Width {
			y = c.legend.high(size.Width)
			place(c.legend, 0, 0, size.Width, y)
		} else {
			place(c.legend, 0, (h-c.legend.MinSize().Height)/2, legend, c.legend.MinSize().Height)
		}
		x := size.Width
		list := controls()
		for i := len(list) - 1; i >= 0; i-- {
			min := list[i].MinSize()
			x -= min.Width
			place(list[i], x, y+(h-min.Height)/2, min.Width, min.Height)
			x -= gap
		}
		y += h + grid
		place(c.plot, 0, y, size.Width, size.Height-y)
	}
	p.refresh = func() {
		p.objects = append(controls(), c.legend, c.plot)
		c.legend.Refresh()
		c.plot.Refresh()
		p.layout(c.Size())
	}
	p.refresh()
	return p
}

// xName is what the X of the lines that are seen is.
func (c *Chart) xName() string {
	if len(c.shown) > 0 && c.series[c.shown[0]].XName != "" {
		return c.series[c.shown[0]].XName
	}
	return c.XName
}

// few reports whether all lines that are seen have a few points each.
func (c *Chart) few() bool {
	for _, i := range c.shown {
		if !c.series[i].Few {
			return false
		}
	}
	return len(c.shown) > 0
}

// chartLegend names the lines and says their values under the pointer, or their last ones. Each has its place.
type chartLegend struct {
	widget.BaseWidget
	c    *Chart
	high func(room float32) float32 // how high it is in so much room
}

// read is the value of line i that is said, and whether there is one.
func (c *Chart) read(i int) (x, y float64, ok bool) {
	t := c.traces[i]
	n := len(t.x) - 1
	if v, on := c.plot.pointed(); on {
		n = t.nearest(v)
	}
	if n < 0 {
		return 0, 0, false
	}
	return t.x[n], t.shown().y[n], true
}

// formatX writes an X: all digits of what counts, and three of what measures.
func (c *Chart) formatX(x float64) string {
	if c.Plain || c.few() {
		return FormatNumber(x, 3)
	}
	return FormatNumber(x, 12)
}

// step is the X that is said: that of the point nearest to the pointer, or the last.
func (c *Chart) step() (x float64, ok bool) {
	v, on := c.plot.pointed()
	if !on {
		v = math.Inf(1)
	}
	for _, i := range c.shown {
		if at, _, has := c.read(i); has && (!ok || math.Abs(at-v) < math.Abs(x-v) || !on && at > x) {
			x, ok = at, true
		}
	}
	return x, ok
}

func (l *chartLegend) CreateRenderer() fyne.WidgetRenderer {
	const caption, text = fynetheme.SizeNameCaptionText, fynetheme.SizeNameText
	type entry struct {
		swatch      *canvas.Rectangle
		name, value *canvas.Text
	}
	c := l.c
	newEntry := func() entry {
		return entry{canvas.NewRectangle(color.Transparent), canvas.NewText("", color.Transparent), canvas.NewText("", color.Transparent)}
	}
	step, entries := newEntry(), []entry(nil)
	p := &parts{}
	const swatch, gap, far = 2 * grid, grid, 3 * grid
	widths := func() (stepName, stepValue, value float32) {
		return textWidth(l, c.xName(), caption), onGrid(textWidth(l, FormatNumber(999999, 12), text)), onGrid(textWidth(l, "0.00000", text))
	}
	line := func() float32 { return onGrid(textHeight(l, text)) }
	// flow hands on where each entry begins, that of the step first, and returns how wide they are and how many lines
	// they take in so much room; 0 is all there is.
	flow := func(room float32, put func(i int, x, y float32)) (width float32, lines int) {
		name, number, value := widths()
		x, lines := float32(0), 1
		for i := range len(c.shown) + 1 {
			w := name + gap + number
			if i > 0 {
				w = swatch + gap + textWidth(l, c.series[c.shown[i-1]].Name, caption) + gap + value
			}
			if room > 0 && x > 0 && x+w > room {
				x, lines = 0, lines+1
			}
			put(i, x, float32(lines-1)*line())
			width = max(width, x+w)
			x += w + far
		}
		return width, lines
	}
	l.high = func(room float32) float32 {
		_, lines := flow(room, func(int, float32, float32) {})
		return float32(lines) * line()
	}
	p.min = func() fyne.Size {
		w, _ := flow(0, func(int, float32, float32) {})
		return fyne.NewSize(w, line())
	}
	p.layout = func(size fyne.Size) {
		name, number, value := widths()
		thick := l.Theme().Size(theme.SizeNameLine) * 2
		flow(size.Width, func(i int, x, y float32) {
			e, n, v := step, name, number
			if i > 0 {
				if i > len(entries) {
					return
				}
				e, v = entries[i-1], value
				n = e.name.MinSize().Width
				place(e.swatch, x, y+(line()-thick)/2, swatch, thick)
				x += swatch + gap
			}
			placeText(e.name, x, y, n, line())
			placeText(e.value, x+n+gap, y, v, line())
		})
	}
	p.refresh = func() {
		for len(entries) < len(c.shown) {
			entries = append(entries, newEntry())
		}
		entries = entries[:len(c.shown)]
		p.objects = p.objects[:0]
		at, some := c.step()
		if some {
			write(step.name, l, c.xName(), caption, fynetheme.ColorNamePlaceHolder)
			write(step.value, l, c.formatX(at), text, fynetheme.ColorNameForeground)
			p.objects = append(p.objects, step.name, step.value)
		}
		for k, i := range c.shown {
			e, s, said := entries[k], c.series[i], ""
			if _, y, ok := c.read(i); ok {
				said = FormatNumber(y, 4)
			}
			write(e.name, l, s.Name, caption, fynetheme.ColorNamePlaceHolder)
			write(e.value, l, said, text, fynetheme.ColorNameForeground)
			fill(e.swatch, l, s.Color, 1)
			p.objects = append(p.objects, e.swatch, e.name, e.value)
		}
		p.layout(l.Size())
	}
	p.refresh()
	return p
}
