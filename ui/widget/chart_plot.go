package widget

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"sieve/ui/theme"
)

// chartPlot is the part of a chart where the lines are: axes, lines, marks and what follows the pointer. The lines are
// one picture in the screen's own pixels, made anew when the numbers or the size change and not for the pointer.
type chartPlot struct {
	widget.BaseWidget
	c          *Chart
	across, up axis
	some       bool    // there is something to draw
	from, to   float64 // the part that is seen; from > to for all

	below, above int     // points that lie outside
	least, most  float64 // and how far

	pointer    float32 // from the left edge of the lines, negative when elsewhere
	drag, held float32 // where a selection began, and its length
	left       float32 // where the lines begin

	plate   plate
	picture *image.RGBA
	drawn   bool   // the picture shows what there is to show
	follow  func() // shows what changed with the pointer, without drawing the lines again
}

func newChartPlot(c *Chart) *chartPlot {
	p := &chartPlot{c: c, from: 1, pointer: -1, follow: func() {}}
	p.ExtendBaseWidget(p)
	return p
}

// fit chooses the axes.
func (p *chartPlot) fit() {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, i := range p.c.shown {
		if t := p.c.traces[i]; len(t.x) > 0 {
			lo, hi = min(lo, t.x[0]), max(hi, t.x[len(t.x)-1])
		}
	}
	p.some = lo <= hi
	if !p.some {
		return
	}
	for _, m := range p.c.marks { // training diverges at a step that has no point
		hi = max(hi, m.X)
	}
	if p.from < p.to {
		lo, hi = p.from, p.to
	}
	if lo == hi {
		lo, hi = lo-.5, hi+.5
	}
	p.across = axis{lo: lo, hi: hi}
	if few := p.c.few(); few && lo > 0 && hi/lo >= 8 {
		p.across = axis{lo, hi, true}
	}
	log := p.c.view.Log && !p.c.scale.Disabled()
	p.up = p.heights(lo, hi, log)
	all := nowhere()
	for _, i := range p.c.shown {
		t := p.c.traces[i]
		e := t.raw.extent(t.within(lo, hi))
		all = all.add(e.lo).add(e.hi)
	}
	p.below, p.above, p.least, p.most = 0, 0, all.lo, all.hi
	for _, i := range p.c.shown {
		t := p.c.traces[i]
		first, last := t.within(lo, hi)
		below, above := t.raw.outside(first, last, p.up.lo, p.up.hi)
		p.below, p.above = p.below+below, p.above+above
	}
}

// heights is the axis on which what lies from lo to hi is seen well. Lines of many points decide, each by itself; those
// of a few points, as a validation now and then, widen the axis as far as they do not flatten the others.
func (p *chartPlot) heights(lo, hi float64, log bool) axis {
	seen, room := nowhere(), 1.
	if log {
		room = 4 // strays flatten the rest less
	}
	var few []float64
	for _, i := range p.c.shown {
		t := p.c.traces[i]
		first, last := t.within(lo, hi)
		sample, e := t.sample(nil, first, last), t.raw.extent(first, last)
		if log {
			sample = logs(sample)
			if e.lo > 0 {
				e.lo = math.Log10(e.lo)
			} else if len(sample) > 0 {
				e.lo = slices.Min(sample)
			}
			e.hi = math.Log10(e.hi)
		}
		if len(sample) < enough {
			few = append(few, sample...)
		} else {
			e = worthSeeing(sample, e, room)
			seen = seen.add(e.lo).add(e.hi)
		}
	}
	near := extent{seen.lo - room*(seen.hi-seen.lo), seen.hi + room*(seen.hi-seen.lo)}
	alone := seen.lo > seen.hi
	for _, v := range few {
		if alone || v >= near.lo && v <= near.hi {
			seen = seen.add(v)
		}
	}
	if seen.lo > seen.hi {
		return axis{0, 1, false}
	}
	return framed(seen, log)
}

func (p *chartPlot) show(from, to float64) {
	p.from, p.to = from, to
	p.fit()
	p.c.Refresh()
}

// zoomed reports whether only a part is seen.
func (p *chartPlot) zoomed() bool { return p.from < p.to }

// pointed is the X under the pointer, when it is over the lines.
func (p *chartPlot) pointed() (x float64, ok bool) {
	if p.pointer < 0 || !p.some {
		return 0, false
	}
	return p.valueAt(p.pointer), true
}

func (p *chartPlot) valueAt(x float32) float64 {
	return p.across.value(float64(min(max(x/(p.Size().Width-p.left), 0), 1)))
}

func (p *chartPlot) point(x float32) {
	was := p.pointer
	p.pointer = -1
	if x >= p.left {
		p.pointer = x - p.left
	}
	if p.pointer != was {
		p.follow()
		p.c.legend.Refresh()
	}
}

func (p *chartPlot) MouseIn(e *desktop.MouseEvent)    { p.point(e.Position.X) }
func (p *chartPlot) MouseMoved(e *desktop.MouseEvent) { p.point(e.Position.X) }
func (p *chartPlot) MouseOut()                        { p.point(-1) }
func (p *chartPlot) Cursor() desktop.Cursor           { return desktop.CrosshairCursor }

func (p *chartPlot) Dragged(e *fyne.DragEvent) {
	x := min(max(e.Position.X-p.left, 0), p.Size().Width-p.left)
	if p.held == 0 {
		p.drag = min(max(x-e.Dragged.DX, 0), p.Size().Width-p.left)
	}
	p.held, p.pointer = x-p.drag, x
	p.follow()
	p.c.legend.Refresh()
}

func (p *chartPlot) DragEnd() {
	from, to := p.valueAt(min(p.drag, p.drag+p.held)), p.valueAt(max(p.drag, p.drag+p.held))
	long := p.held > grid || p.held < -grid
	p.held = 0
	if long && p.some && to-from > 1e-6*max(math.Abs(from), math.Abs(to)) {
		p.show(from, to)
	} else {
		p.follow()
	}
}

func (p *chartPlot) DoubleTapped(*fyne.PointEvent) {
	if p.zoomed() {
		p.show(1, 0)
	}
}

// outsideWords says what is not seen.
func (p *chartPlot) outsideWords() string {
	words := map[string]any{"Count": FormatCount(p.above + p.below), "Min": FormatNumber(p.least, 3), "Max": FormatNumber(p.most, 3)}
	switch {
	case p.above > 0 && p.below > 0:
		return lang.L("{{.Count}} points outside, from {{.Min}} to {{.Max}}", words)
	case p.above > 1:
		return lang.L("{{.Count}} points above, up to {{.Max}}", words)
	case p.above == 1:
		return lang.L("1 point above, at {{.Max}}", words)
	case p.below > 1:
		return lang.L("{{.Count}} points below, down to {{.Min}}", words)
	case p.below == 1:
		return lang.L("1 point below, at {{.Min}}", words)
	}
	return ""
}

// allMarks are those that were set and one for each place where values stop being numbers.
func (p *chartPlot) allMarks() []Mark {
	marks := p.c.marks
	for _, i := range p.c.shown {
		t := p.c.traces[i]
		for k := max(len(t.bad)-8, 0); k < len(t.bad); k++ { // enough to tell
			m := DivergedMark(int(t.x[t.bad[k]]))
			known := false
			for _, o := range marks {
				known = known || o.X == m.X && o.Color == m.Color
			}
			if !known {
				marks = append(marks[:len(marks):len(marks)], m)
			}
		}
	}
	return marks
}

// paint draws the lines in a picture of w × h pixels.
func (p *chartPlot) paint(w, h int) image.Image {
	if p.picture == nil || p.picture.Rect.Dx() != w || p.picture.Rect.Dy() != h {
		p.picture, p.drawn = image.NewRGBA(image.Rect(0, 0, w, h)), false
	}
	if p.drawn {
		return p.picture
	}
	p.drawn = true
	ink := func(name fyne.ThemeColorName) color.NRGBA {
		return color.NRGBAModel.Convert(fynetheme.ColorForWidget(name, p)).(color.NRGBA)
	}
	pixels := 1.
	if width := p.lines().Width; width > 0 {
		pixels = float64(w) / float64(width)
	}
	dst := p.picture
	draw.Draw(dst, dst.Rect, image.NewUniform(ink(theme.ColorNamePlot)), image.Point{}, draw.Src)
	if !p.some {
		return dst
	}
	hair := max(int(math.Round(pixels)), 1)
	across, up := p.ticks()
	for _, v := range across {
		rule(dst, column(p.across, v, float64(w)), true, hair, 0, ink(theme.ColorNameGrid))
	}
	for _, v := range up {
		rule(dst, row(p.up, v, float64(h)), false, hair, 0, ink(theme.ColorNameGrid))
	}
	thick := float64(p.Theme().Size(theme.SizeNameLine)) * pixels
	size := 6 * pixels
	for _, i := range p.c.shown {
		t, line := p.c.traces[i], ink(p.c.series[i].Color)
		first, last := t.within(p.across.lo, p.across.hi)
		first, last = max(first-1, 0), min(last+1, len(t.x)) // the lines go on beyond the edges
		dots := thin(p.plate.dots[:0], t.x, &t.raw, first, last, p.across, p.up, float64(w), float64(h))
		p.arrows(dst, dots, size, line)
		if curve := t.shown(); curve != &t.raw {
			faint := line
			faint.A = 0x58
			p.plate.trail(dst, dots, pixels, faint)
			dots = thin(dots[:0], t.x, curve, first, last, p.across, p.up, float64(w), float64(h))
		}
		if dense(first, last, float64(w)) {
			p.plate.trail(dst, dots, thick, line)
		} else {
			p.plate.stroke(dst, dots, thick, line)
		}
		if p.c.series[i].Few {
			for _, d := range dots {
				p.plate.disc(dst, d, 2*thick, line)
			}
		}
		p.plate.dots = dots
	}
	for _, m := range p.allMarks() {
		if x := column(p.across, m.X, float64(w)); x >= 0 && x < float64(w) {
			rule(dst, x, true, hair, 4*hair, ink(m.Color))
		}
	}
	return dst
}

// arrows point to what lies outside, not nearer to each other than their size.
func (p *chartPlot) arrows(dst *image.RGBA, dots []dot, size float64, ink color.NRGBA) {
	up, down := math.Inf(-1), math.Inf(-1)
	for _, d := range dots {
		if d.x < 0 || d.x >= float64(dst.Rect.Dx()) {
			continue
		}
		if d.y < 0 && d.x > up+size {
			up = d.x
			p.plate.arrow(dst, d.x, false, size, ink)
		}
		if d.y >= float64(dst.Rect.Dy()) && d.x > down+size {
			down = d.x
			p.plate.arrow(dst, d.x, true, size, ink)
		}
	}
}

// lines is the size of the picture of the lines.
func (p *chartPlot) lines() fyne.Size {
	return fyne.NewSize(max(p.Size().Width-p.left, 0), max(p.Size().Height-p.foot(), 0))
}

// foot is the room for the numbers beneath.
func (p *chartPlot) foot() float32 {
	return onGrid(textHeight(p, fynetheme.SizeNameCaptionText)) + grid/2
}

func (p *chartPlot) ticks() (across, up []float64) {
	size := p.lines()
	return p.across.ticks(int(size.Width / (12 * grid))), p.up.ticks(int(size.Height / (5 * grid)))
}

func (p *chartPlot) MinSize() fyne.Size { return fyne.NewSize(30*grid, 14*grid) }

func (p *chartPlot) CreateRenderer() fyne.WidgetRenderer {
	const caption = fynetheme.SizeNameCaptionText
	raster := canvas.NewRaster(p.paint)
	raster.ScaleMode = canvas.ImageScalePixels
	empty, outside, unit := canvas.NewText("", color.Transparent), canvas.NewText("", color.Transparent), canvas.NewText("", color.Transparent)
	empty.Alignment, unit.Alignment = fyne.TextAlignCenter, fyne.TextAlignTrailing
	hair, band := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	back := widget.NewButton(lang.L("Show all"), func() { p.show(1, 0) })
	var texts []*canvas.Text
	var grounds []*canvas.Rectangle // behind words that lie over lines
	var spots []*canvas.Circle
	r := &parts{min: p.MinSize}

	text := func(n int) *canvas.Text {
		for len(texts) <= n {
			texts = append(texts, canvas.NewText("", color.Transparent))
		}
		return texts[n]
	}
	// over puts words over the lines, in a row counted from above.
	over := func(t *canvas.Text, x float32, row, n int) {
		for len(grounds) <= n {
			grounds = append(grounds, canvas.NewRectangle(color.Transparent))
		}
		size := t.MinSize()
		y := float32(row)*size.Height + grid/2
		fill(grounds[n], p, theme.ColorNamePlot, 0)
		place(grounds[n], x-2, y, size.Width+4, size.Height)
		place(t, x, y, size.Width, size.Height)
		r.objects = append(r.objects, grounds[n], t)
	}
	arrange := func() {
		size := p.Size()
		r.objects = append(r.objects[:0], raster)
		used := 0
		p.left = 0
		if !p.some {
			write(empty, p, p.c.Empty, fynetheme.SizeNameText, fynetheme.ColorNamePlaceHolder)
			r.objects = append(r.objects, empty)
			place(raster, 0, 0, size.Width, max(size.Height-p.foot(), 0))
			placeText(empty, 0, 0, size.Width, size.Height-p.foot())
			return
		}
		_, up := p.ticks()
		labels := tickLabels(up, p.up.log)
		for _, s := range labels {
			p.left = max(p.left, onGrid(textWidth(p, s, caption)+grid))
		}
		area := p.lines()
		place(raster, p.left, 0, area.Width, area.Height)
		line := textHeight(p, caption)
		for i, s := range labels {
			t := text(used)
			used++
			t.Alignment = fyne.TextAlignTrailing
			write(t, p, s, caption, fynetheme.ColorNamePlaceHolder)
			y := area.Height * float32(1-p.up.at(up[i]))
			place(t, 0, min(max(y-line/2, 0), area.Height-line), p.left-grid, line)
			r.objects = append(r.objects, t)
		}
		write(unit, p, p.c.xName(), caption, fynetheme.ColorNamePlaceHolder)
		place(unit, 0, area.Height+grid/2, size.Width, line)
		r.objects = append(r.objects, unit)
		end := size.Width - unit.MinSize().Width - grid
		across, _ := p.ticks()
		for i, s := range tickLabels(across, p.across.log) {
			width := textWidth(p, s, caption)
			x := p.left + area.Width*float32(p.across.at(across[i])) - width/2
			x = max(x, p.left-grid)
			if x+width > end {
				continue
			}
			t := text(used)
			used++
			t.Alignment = fyne.TextAlignLeading
			write(t, p, s, caption, fynetheme.ColorNamePlaceHolder)
			place(t, x, area.Height+grid/2, width, line)
			r.objects = append(r.objects, t)
		}
		// The words beside marks, in as many rows as it takes.
		var rows []float32 // where the words of each row end
		said := 0
		if p.zoomed() {
			rows = append(rows, size.Width, size.Width)
		}
		if words := p.outsideWords(); words != "" {
			write(outside, p, words, caption, fynetheme.ColorNameForeground)
			over(outside, size.Width-outside.MinSize().Width-grid, len(rows), said)
			said++
			rows = append(rows, size.Width)
		}
		for _, m := range p.allMarks() {
			at := p.across.at(m.X)
			if at < 0 || at > 1 {
				continue
			}
			t := text(used)
			used++
			t.Alignment = fyne.TextAlignLeading
			write(t, p, m.Text, caption, m.Color)
			width := t.MinSize().Width
			x := p.left + area.Width*float32(at) + grid/2
			if x+width > size.Width {
				x -= width + grid
			}
			n := 0
			for n < len(rows) && rows[n] > x-grid {
				n++
			}
			if n == len(rows) {
				rows = append(rows, 0)
			}
			rows[n] = x + width
			over(t, x, n, said)
			said++
		}
		if x, ok := p.c.step(); ok && p.pointer >= 0 {
			fill(hair, p, theme.ColorNameMarker, 0)
			place(hair, p.left+area.Width*float32(p.across.at(x)), 0, 1, area.Height)
			r.objects = append(r.objects, hair)
			for k, i := range p.c.shown {
				x, y, ok := p.c.read(i)
				at, high := float32(p.across.at(x)), float32(p.up.at(y))
				if !ok || !(at >= 0 && at <= 1 && high >= 0 && high <= 1) {
					continue
				}
				for len(spots) <= k {
					spots = append(spots, canvas.NewCircle(color.Transparent))
				}
				s := spots[k]
				s.FillColor = fynetheme.ColorForWidget(p.c.series[i].Color, p)
				s.StrokeColor, s.StrokeWidth = fynetheme.ColorForWidget(theme.ColorNamePlot, p), 1.5
				s.Refresh()
				place(s, p.left+area.Width*at-4.5, area.Height*(1-high)-4.5, 9, 9)
				r.objects = append(r.objects, s)
			}
		}
		if p.held != 0 {
			fill(band, p, fynetheme.ColorNameSelection, 0)
			place(band, p.left+min(p.drag, p.drag+p.held), 0, max(p.held, -p.held), area.Height)
			r.objects = append(r.objects, band)
		}
		if p.zoomed() {
			min := back.MinSize()
			place(back, size.Width-min.Width-grid/2, grid/2, min.Width, min.Height)
			r.objects = append(r.objects, back)
		}
	}
	r.layout = func(fyne.Size) { arrange() }
	r.refresh = func() {
		arrange()
		p.drawn = false
		raster.Refresh()
	}
	p.follow = func() {
		arrange()
		canvas.Refresh(unit) // the window is painted again even when something only went away
	}
	r.refresh()
	return r
}
