package widget

import (
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	look "sieve/ui/theme"
)

// KernelData is how one number of a convolution comes about.
type KernelData struct {
	Side  int           // of the kernel
	Grids [3]KernelGrid // what it sees, its numbers, and the products of both
	Lines []KernelLine  // from the products to the result
	Bars  []float32     // what each channel of the input adds
	Bar   int           // the channel that the grids show
	Text  string        // what is said of the bars; where there is no kernel, in place of everything
}

// A KernelGrid is Side × Side numbers, row by row. NaN is none.
type KernelGrid struct {
	Title  string
	Values []float32
	Inks   []color.RGBA
}

// A KernelLine is a step of a sum.
type KernelLine struct {
	Name, Value string
	Strong      bool
}

// Kernel shows a convolution at work: three grids with a × and a = between them, the sum beside them, and under
// them bars of what the channels of the input add, of which one can be chosen.
type Kernel struct {
	widget.BaseWidget
	OnBar func(channel int)

	data KernelData
	over int // the bar under the pointer; -1: none
	left float32
	wide float32 // of a bar with its gap
}

var (
	_ fyne.Tappable     = (*Kernel)(nil)
	_ desktop.Hoverable = (*Kernel)(nil)
)

// NewKernel returns one with nothing in it.
func NewKernel() *Kernel {
	k := &Kernel{over: -1}
	k.ExtendBaseWidget(k)
	return k
}

// Set shows how a number comes about. The data must not change afterwards.
func (k *Kernel) Set(d KernelData) {
	k.data = d
	if k.over >= len(d.Bars) {
		k.over = -1
	}
	k.Refresh()
}

// Data is what Set was given.
func (k *Kernel) Data() KernelData { return k.data }

// Heights under the grids.
const kernelBars = 3 * grid

// bar is the one at a place, -1 for none.
func (k *Kernel) bar(p fyne.Position) int {
	i := int(math.Floor(float64((p.X - k.left) / max(k.wide, 1e-3))))
	if p.Y < k.Size().Height-kernelBars || i < 0 || i >= len(k.data.Bars) {
		return -1
	}
	return i
}

func (k *Kernel) Tapped(e *fyne.PointEvent) {
	if i := k.bar(e.Position); i >= 0 && k.OnBar != nil {
		k.OnBar(i)
	}
}

func (k *Kernel) MouseIn(e *desktop.MouseEvent)    { k.hover(k.bar(e.Position)) }
func (k *Kernel) MouseMoved(e *desktop.MouseEvent) { k.hover(k.bar(e.Position)) }
func (k *Kernel) MouseOut()                        { k.hover(-1) }

func (k *Kernel) hover(i int) {
	if i != k.over {
		k.over = i
		k.Refresh()
	}
}

// readable is what is written on a ground so that it can be read.
func readable(ground color.RGBA) color.Color {
	if 299*int(ground.R)+587*int(ground.G)+114*int(ground.B) > 128*1000 {
		return color.Black
	}
	return color.White
}

func (k *Kernel) CreateRenderer() fyne.WidgetRenderer {
	p := &parts{}
	p.min = func() fyne.Size { return fyne.NewSize(50*grid, 15*grid) }
	p.refresh = func() {
		p.objects = p.objects[:0]
		if k.data.Side == 0 {
			line := onGrid(textHeight(k, fynetheme.SizeNameText))
			for i, text := range wrap(k.data.Text, k.Size().Width, fynetheme.SizeForWidget(fynetheme.SizeNameText, k)) {
				t := canvas.NewText("", color.Transparent)
				write(t, k, text, fynetheme.SizeNameText, fynetheme.ColorNamePlaceHolder)
				placeText(t, 0, float32(i)*line, k.Size().Width, line)
				p.objects = append(p.objects, t)
			}
		} else {
			right := k.drawGrids(p)
			k.drawBars(p, right)
			k.drawLines(p, right)
		}
		canvas.Refresh(k)
	}
	var laid fyne.Size
	p.layout = func(size fyne.Size) {
		if size != laid {
			laid = size
			p.refresh()
		}
	}
	p.refresh()
	return p
}

const (
	kernelSign  = 3 * grid  // room of a sign between grids
	kernelGap   = 3 * grid  // between them and the sum beside them
	kernelLines = 30 * grid // of the sum, at least
)

// drawGrids draws the grids with their titles, and returns where the room to the right of them begins.
func (k *Kernel) drawGrids(p *parts) float32 {
	const caption = fynetheme.SizeNameCaptionText
	d, size := k.data, k.Size()
	title := onGrid(textHeight(k, caption))
	foot := float32(0)
	if len(d.Bars) > 1 {
		foot = kernelBars + title + grid
	}
	room := (size.Width - kernelLines - 2*kernelSign - 2*grid) / 3
	side := max(0, min(size.Height-title-foot, room))
	cell := float32(math.Floor(float64(side / float32(d.Side)))) // so that the lines between cells are all alike
	side = cell * float32(d.Side)
	x := float32(0)
	for i, g := range d.Grids {
		name := canvas.NewText("", color.Transparent)
		write(name, k, shorten(g.Title, side+kernelSign, fynetheme.SizeForWidget(caption, k), fyne.TextStyle{}), caption, fynetheme.ColorNamePlaceHolder)
		placeText(name, x, 0, side, title)
		p.objects = append(p.objects, name)
		size := fynetheme.SizeForWidget(caption, k)
		decimals := decimalsFor(g.Values, cell-4, size)
		for at, v := range g.Values {
			cx, cy := x+float32(at%d.Side)*cell, title+float32(at/d.Side)*cell
			box := canvas.NewRectangle(g.Inks[at])
			place(box, cx, cy, cell-1, cell-1)
			p.objects = append(p.objects, box)
			if v != v {
				fill(box, k, look.ColorNameGrid, 0)
				continue
			}
			if decimals > 0 && size < cell {
				t := canvas.NewText(short(v, decimals), readable(g.Inks[at]))
				t.TextSize, t.Alignment = size, fyne.TextAlignCenter
				placeText(t, cx, cy, cell-1, cell-1)
				p.objects = append(p.objects, t)
			}
		}
		x += side
		sign := canvas.NewText("", color.Transparent)
		sign.Alignment = fyne.TextAlignCenter
		if i < 2 {
			write(sign, k, [...]string{"×", "="}[i], fynetheme.SizeNameSubHeadingText, fynetheme.ColorNameForeground)
			placeText(sign, x, title, kernelSign, side)
			p.objects = append(p.objects, sign)
			x += kernelSign
		}
	}
	return x
}

// decimalsFor is how many decimals numbers can have so that each fits into a width; 0: none fits. Three are
// enough, unless all numbers are so small that the largest needs more for two digits.
func decimalsFor(values []float32, width, size float32) int {
	most, enough := 0.0, 3
	for _, v := range values {
		if v == v {
			most = max(most, math.Abs(float64(v)))
		}
	}
	if most > 0 {
		enough = min(max(enough, 1-int(math.Floor(math.Log10(most)))), 6)
	}
	for decimals := enough; decimals > 0; decimals-- {
		if !slices.ContainsFunc(values, func(v float32) bool {
			return v == v && fyne.MeasureText(short(v, decimals), size, fyne.TextStyle{}).Width > width
		}) {
			return decimals
		}
	}
	return 0
}

// short is a number with so many decimals, but a plain 0 where all of them are.
func short(v float32, decimals int) string {
	text := strconv.FormatFloat(float64(v), 'f', decimals, 64)
	if strings.Trim(text, "-0.") == "" {
		return "0"
	}
	return text
}

// drawLines writes the sum from x on.
func (k *Kernel) drawLines(p *parts, x float32) {
	const text = fynetheme.SizeNameText
	x += kernelGap
	y := onGrid(textHeight(k, fynetheme.SizeNameCaptionText))
	room := k.Size().Height - y - kernelBars
	high := min(onGrid(textHeight(k, text)), room/float32(max(1, len(k.data.Lines))))
	values, names := float32(0), float32(0)
	for _, l := range k.data.Lines {
		values, names = max(values, textWidth(k, l.Value, text)), max(names, textWidth(k, l.Name, text))
	}
	wide := min(k.Size().Width-x, max(names+values+3*grid, kernelLines))
	for _, l := range k.data.Lines {
		name, value := canvas.NewText("", color.Transparent), canvas.NewText("", color.Transparent)
		ink := fynetheme.ColorNamePlaceHolder
		if l.Strong {
			ink = fynetheme.ColorNameForeground
			over := canvas.NewRectangle(color.Transparent)
			fill(over, k, fynetheme.ColorNameForeground, 0)
			place(over, x, y, wide, 1)
			p.objects = append(p.objects, over)
		}
		name.TextStyle.Bold, value.TextStyle.Bold = l.Strong, l.Strong
		value.Alignment = fyne.TextAlignTrailing
		write(name, k, shorten(l.Name, wide-values-grid, fynetheme.SizeForWidget(text, k), name.TextStyle), text, ink)
		write(value, k, l.Value, text, fynetheme.ColorNameForeground)
		placeText(name, x, y, wide, high)
		placeText(value, x, y, wide, high)
		p.objects = append(p.objects, name, value)
		y += high
	}
}

// drawBars draws what the channels of the input add, above a line what is more than 0. What is said of them ends
// where the sum begins.
func (k *Kernel) drawBars(p *parts, right float32) {
	const caption = fynetheme.SizeNameCaptionText
	d, size := k.data, k.Size()
	if k.left, k.wide = 0, 0; len(d.Bars) < 2 {
		return
	}
	most := float32(0)
	for _, v := range d.Bars {
		most = max(most, float32(math.Abs(float64(v))))
	}
	title := onGrid(textHeight(k, caption))
	t := canvas.NewText("", color.Transparent)
	write(t, k, shorten(d.Text, right, fynetheme.SizeForWidget(caption, k), fyne.TextStyle{}), caption, fynetheme.ColorNamePlaceHolder)
	placeText(t, 0, size.Height-kernelBars-title, size.Width, title)
	p.objects = append(p.objects, t)
	k.wide = min(size.Width/float32(len(d.Bars)), 3*grid)
	gap := float32(0)
	if k.wide > 4 {
		gap = 1
	}
	middle := size.Height - kernelBars/2
	zero := canvas.NewRectangle(color.Transparent)
	fill(zero, k, look.ColorNameMarker, 0)
	place(zero, 0, middle, k.wide*float32(len(d.Bars)), 1)
	p.objects = append(p.objects, zero)
	for i, v := range d.Bars {
		high := float32(0)
		if most > 0 {
			high = float32(math.Abs(float64(v/most))) * (kernelBars/2 - 1)
		}
		high = max(high, 1)
		ink := look.ColorNameTraining
		if i == d.Bar {
			ink = look.ColorNameValidation
		}
		bar := canvas.NewRectangle(color.Transparent)
		fill(bar, k, ink, 0)
		if i != d.Bar && i != k.over {
			bar.FillColor = faded(bar.FillColor)
		}
		y := middle
		if v > 0 {
			y -= high
		}
		place(bar, float32(i)*k.wide, y, max(k.wide-gap, 0.5), high)
		p.objects = append(p.objects, bar)
	}
}
