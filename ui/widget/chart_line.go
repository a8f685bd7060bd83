package widget

import (
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"math"
	"sort"

	"golang.org/x/image/vector"
)

// This file holds the lines of the chart, from numbers to pixels. It knows nothing of windows.

const blockLen = 64

// extent is the range of the finite values among some; lo > hi when there is none.
type extent struct{ lo, hi float64 }

// add widens the range to v, unless v is infinite or no number.
func (e extent) add(v float64) extent {
	if v < e.lo && v >= -math.MaxFloat64 {
		e.lo = v
	}
	if v > e.hi && v <= math.MaxFloat64 {
		e.hi = v
	}
	return e
}

func nowhere() extent { return extent{math.Inf(1), math.Inf(-1)} }

func finite(v float64) bool { return v-v == 0 }

// curve is a run of values with the extents of its whole blocks, so that a million of them are thinned fast.
type curve struct {
	y      []float64
	blocks []extent
}

// set takes y, whose first kept values it knows already.
func (c *curve) set(y []float64, kept int) {
	c.y, c.blocks = y, c.blocks[:min(len(c.blocks), kept/blockLen)]
	for b := len(c.blocks); (b+1)*blockLen <= len(y); b++ {
		e := nowhere()
		for _, v := range y[b*blockLen : (b+1)*blockLen] {
			e = e.add(v)
		}
		c.blocks = append(c.blocks, e)
	}
}

// extent is that of the values i to j-1.
func (c *curve) extent(i, j int) extent {
	e := nowhere()
	for i < j {
		if i%blockLen == 0 && i+blockLen <= j {
			b := c.blocks[i/blockLen]
			e = e.add(b.lo).add(b.hi)
			i += blockLen
			continue
		}
		e = e.add(c.y[i])
		i++
	}
	return e
}

// outside counts the finite values i to j-1 that lie below lo and above hi.
func (c *curve) outside(i, j int, lo, hi float64) (below, above int) {
	for i < j {
		if i%blockLen == 0 && i+blockLen <= j {
			if b := c.blocks[i/blockLen]; b.lo > b.hi || b.lo >= lo && b.hi <= hi {
				i += blockLen
				continue
			}
		}
		if v := c.y[i]; finite(v) && v < lo {
			below++
		} else if finite(v) && v > hi {
			above++
		}
		i++
	}
	return below, above
}

// average is an exponential moving average over about n values, freed of the bias towards its start (Kingma and Ba,
// arXiv:1412.6980, section 3): Σⱼ βⁱ⁻ʲ yⱼ / Σⱼ βⁱ⁻ʲ with β = 1 − 1/n. Values that are not finite are passed over.
type average struct{ n, sum, weight float64 }

func (a *average) next(y float64) float64 {
	if !finite(y) {
		return math.NaN()
	}
	a.sum += (y - a.sum) / a.n
	a.weight += (1 - a.weight) / a.n
	return a.sum / a.weight
}

// trace is a line as it is drawn: as measured and smoothed.
type trace struct {
	x           []float64
	raw, smooth curve
	average     average
	bad         []int // where runs of values that are not finite begin
}

// set takes the points, x ascending, smoothed over n of them (1 for not at all). Points that it had already are not
// looked at again.
func (t *trace) set(x, y []float64, n float64) {
	if len(x) != len(y) {
		panic("widget: a series needs as many X as Y")
	}
	kept := 0
	if old := len(t.x); old > 0 && len(x) >= old && &x[0] == &t.x[0] && &y[0] == &t.raw.y[0] {
		kept = old
	}
	if kept == 0 {
		t.bad = t.bad[:0]
	}
	for i := kept; i < len(x); i++ {
		if i > 0 && x[i] < x[i-1] {
			panic("widget: the X of a series must ascend")
		}
		if !finite(y[i]) && (i == 0 || finite(y[i-1])) {
			t.bad = append(t.bad, i)
		}
	}
	t.raw.set(y, kept)
	t.x = x
	if t.average.n != n {
		kept = 0
	}
	if kept == 0 {
		t.average, t.smooth.y = average{n: n}, t.smooth.y[:0]
	}
	if n <= 1 {
		t.smooth = curve{}
		return
	}
	smooth := t.smooth.y
	for _, v := range y[len(smooth):] {
		smooth = append(smooth, t.average.next(v))
	}
	t.smooth.set(smooth, kept)
}

// shown is the curve that counts: the smoothed one when there is one.
func (t *trace) shown() *curve {
	if len(t.smooth.y) > 0 {
		return &t.smooth
	}
	return &t.raw
}

// within returns the points i to j-1 whose x lie from lo to hi.
func (t *trace) within(lo, hi float64) (i, j int) {
	i = sort.SearchFloat64s(t.x, lo)
	return i, i + sort.Search(len(t.x)-i, func(k int) bool { return t.x[i+k] > hi })
}

// nearest is the point whose x is nearest to v, -1 when there is none.
func (t *trace) nearest(v float64) int {
	i := sort.SearchFloat64s(t.x, v)
	if i == len(t.x) || i > 0 && v-t.x[i-1] <= t.x[i]-v {
		i--
	}
	return i
}

// sample appends some two thousand of the finite values i to j-1.
func (t *trace) sample(to []float64, i, j int) []float64 {
	for stride := (j-i)/2048 + 1; i < j; i += stride {
		if v := t.raw.y[i]; finite(v) {
			to = append(to, v)
		}
	}
	return to
}

// dot is a point of a line in pixels, where x = 0 and y = 0 are the left and upper edges of the picture. start says that
// it is not joined to the one before.
type dot struct {
	x, y  float64
	start bool
}

// thin appends the line of the points i to j-1 in a picture of w × h pixels. Where points are dense it keeps the first,
// the last, the least and the greatest of each column of pixels, which draw the same line (Jugel et al., M4, VLDB
// 2014). Values that are not finite part the line.
func thin(to []dot, x []float64, c *curve, i, j int, across, up axis, w, h float64) []dot {
	parted := true
	add := func(i int, v float64) {
		if !finite(v) {
			return
		}
		d := dot{column(across, x[i], w), row(up, v, h), parted}
		if parted || d != to[len(to)-1] {
			to = append(to, d)
		}
		parted = false
	}
	if !dense(i, j, w) {
		for ; i < j; i++ {
			if !finite(c.y[i]) {
				parted = true
			}
			add(i, c.y[i])
		}
		return to
	}
	for i < j {
		edge := across.value((math.Floor(column(across, x[i], w)) + .5) / (w - 1))
		end := i + max(sort.Search(j-i, func(n int) bool { return x[i+n] >= edge }), 1)
		e := c.extent(i, end)
		if e.lo > e.hi {
			parted = true
			i = end
			continue
		}
		first, last := c.y[i], c.y[end-1]
		if !parted && finite(last) && row(up, e.lo, h)-row(up, e.hi, h) < .25 { // level, as far as is seen
			add(end-1, last)
			i = end
			continue
		}
		add(i, first)
		if first-e.lo <= e.hi-first {
			add(i, e.lo)
			add(end-1, e.hi)
		} else {
			add(i, e.hi)
			add(end-1, e.lo)
		}
		add(end-1, last)
		parted = parted || !finite(last)
		i = end
	}
	return to
}

// dense reports whether the points i to j-1 are thinned in a picture w pixels wide.
func dense(i, j int, w float64) bool { return float64(j-i) > 2*w }

func column(a axis, v, w float64) float64 { return .5 + a.at(v)*(w-1) }

// row keeps values far outside near enough for the rasteriser and far enough not to be seen.
func row(a axis, v, h float64) float64 {
	return .5 + (1-min(max(a.at(v), -1e3), 1e3))*(h-1)
}

// plate is what the lines are drawn with. Its buffers live from one picture to the next.
type plate struct {
	mask    image.Alpha
	ras     vector.Rasterizer
	dots    []dot
	columns []extent
}

// trail draws the joined dots as the heights they pass in each column of pixels: what a line of measured values looks
// like where they are dense, for a small part of the work of a stroke.
func (p *plate) trail(dst *image.RGBA, dots []dot, thick float64, ink color.NRGBA) {
	w, h := dst.Rect.Dx(), float64(dst.Rect.Dy())
	p.columns = p.columns[:0]
	for range w {
		p.columns = append(p.columns, nowhere())
	}
	wide := max(thick-1, 0) / 2 // how far a line that is nearly upright reaches into the next columns
	for i, d := range dots {
		from := d
		if !d.start {
			from = dots[i-1]
		}
		slope := 0.
		if d.x > from.x {
			slope = (d.y - from.y) / (d.x - from.x)
		}
		for k := max(int(math.Floor(from.x-wide)), 0); k <= min(int(math.Floor(d.x+wide)), w-1); k++ {
			a, b := from.y, d.y
			if left := float64(k) - wide; left > from.x {
				a += slope * (left - from.x)
			}
			if right := float64(k+1) + wide; right < d.x {
				b -= slope * (d.x - right)
			}
			p.columns[k] = p.columns[k].add(a).add(b)
		}
	}
	strength := float64(ink.A)
	for x, e := range p.columns {
		top, bottom := max(e.lo-thick/2, 0), min(e.hi+thick/2, h)
		for y := math.Floor(top); y < bottom; y++ {
			cover := min(bottom, y+1) - max(top, y)
			blend(dst.Pix[int(y)*dst.Stride+4*x:], ink, uint32(cover*255*strength))
		}
	}
}

// blend lays ink over an opaque pixel, a of 255 × 255 parts of it.
func blend(px []uint8, ink color.NRGBA, a uint32) {
	_ = px[2]
	px[0] = uint8((uint32(px[0])*(255*255-a) + uint32(ink.R)*a + 127*255) / (255 * 255))
	px[1] = uint8((uint32(px[1])*(255*255-a) + uint32(ink.G)*a + 127*255) / (255 * 255))
	px[2] = uint8((uint32(px[2])*(255*255-a) + uint32(ink.B)*a + 127*255) / (255 * 255))
}

// stroke draws the joined dots thick pixels wide.
func (p *plate) stroke(dst *image.RGBA, dots []dot, thick float64, ink color.NRGBA) {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	top, bottom := float64(h), 0.
	for _, d := range dots {
		top, bottom = min(top, d.y), max(bottom, d.y)
	}
	y0, y1 := max(int(top-2*thick), 0), min(int(bottom+2*thick)+1, h)
	if y0 >= y1 || w == 0 {
		return
	}
	p.ras.Reset(w, y1-y0)
	frame := [4]float64{-2 * thick, -2 * thick, float64(w) + 2*thick, float64(h) + 2*thick}
	for i, d := range dots {
		last := i+1 == len(dots) || dots[i+1].start
		if d.start {
			if last {
				p.quad(dot{d.x - thick, d.y, false}, dot{d.x + thick, d.y, false}, 2*thick, 0, 0, y0)
			}
			continue
		}
		from, to := dots[i-1], d
		var before, after float64
		if !from.start {
			before = overlap(dots[i-2], from, d, thick)
		}
		if !last {
			after = overlap(from, d, dots[i+1], thick)
		}
		if a, b, ok := clip(from, to, frame); ok {
			p.quad(a, b, thick, before, after, y0)
		}
	}
	p.print(dst, y0, y1, ink)
}

// overlap is how far the two pieces that meet at b reach over it to close the outer side of the bend: as far as a mitre
// would, but no farther than half the thickness.
func overlap(a, b, c dot, thick float64) float64 {
	ux, uy, vx, vy := b.x-a.x, b.y-a.y, c.x-b.x, c.y-b.y
	cos := (ux*vx + uy*vy) / (math.Hypot(ux, uy) * math.Hypot(vx, vy))
	if !(cos > 0) {
		return thick / 2
	}
	return thick / 2 * math.Sqrt(max(1-cos, 0)/(1+cos))
}

// quad adds a straight piece of line that reaches before and after its ends. All are turned the same way, so that they
// add up where they overlap.
func (p *plate) quad(a, b dot, thick, before, after float64, y0 int) {
	dx, dy := b.x-a.x, b.y-a.y
	length := math.Hypot(dx, dy)
	if length < 1e-6 {
		return
	}
	dx, dy = dx/length, dy/length
	ax, ay := a.x-dx*before, a.y-dy*before-float64(y0)
	bx, by := b.x+dx*after, b.y+dy*after-float64(y0)
	dx, dy = dx*thick/2, dy*thick/2
	p.ras.MoveTo(float32(ax-dy), float32(ay+dx))
	p.ras.LineTo(float32(bx-dy), float32(by+dx))
	p.ras.LineTo(float32(bx+dy), float32(by-dx))
	p.ras.LineTo(float32(ax+dy), float32(ay-dx))
	p.ras.ClosePath()
}

// clip cuts a piece of line to a frame of left, top, right and bottom (Liang and Barsky, 1984).
func clip(a, b dot, frame [4]float64) (dot, dot, bool) {
	if min(a.x, b.x) >= frame[0] && min(a.y, b.y) >= frame[1] && max(a.x, b.x) <= frame[2] && max(a.y, b.y) <= frame[3] {
		return a, b, true
	}
	dx, dy := b.x-a.x, b.y-a.y
	from, to := 0., 1.
	for _, side := range [4][2]float64{{-dx, a.x - frame[0]}, {-dy, a.y - frame[1]}, {dx, frame[2] - a.x}, {dy, frame[3] - a.y}} {
		slope, room := side[0], side[1]
		switch {
		case slope == 0 && room < 0:
			return a, b, false
		case slope < 0:
			from = max(from, room/slope)
		case slope > 0:
			to = min(to, room/slope)
		}
	}
	if from > to {
		return a, b, false
	}
	return dot{a.x + from*dx, a.y + from*dy, false}, dot{a.x + to*dx, a.y + to*dy, false}, true
}

// arrow draws a triangle at the upper edge that points up, or at the lower edge that points down.
func (p *plate) arrow(dst *image.RGBA, x float64, down bool, size float64, ink color.NRGBA) {
	h := dst.Rect.Dy()
	y0, y1 := 0, min(int(size)+2, h)
	tip, foot := 1., size
	if down {
		y0, y1 = max(h-int(size)-2, 0), h
		tip, foot = float64(y1-y0)-1, float64(y1-y0)-size
	}
	p.ras.Reset(dst.Rect.Dx(), y1-y0)
	p.ras.MoveTo(float32(x), float32(tip))
	p.ras.LineTo(float32(x+size/2), float32(foot))
	p.ras.LineTo(float32(x-size/2), float32(foot))
	p.ras.ClosePath()
	p.print(dst, y0, y1, ink)
}

// disc draws a point that is seen as one.
func (p *plate) disc(dst *image.RGBA, at dot, size float64, ink color.NRGBA) {
	const sides = 20
	h := dst.Rect.Dy()
	y0, y1 := max(int(at.y-size), 0), min(int(at.y+size)+2, h)
	if y0 >= y1 {
		return
	}
	p.ras.Reset(dst.Rect.Dx(), y1-y0)
	for i := range sides {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / sides)
		x, y := float32(at.x+size*cos), float32(at.y-float64(y0)+size*sin)
		if i == 0 {
			p.ras.MoveTo(x, y)
		} else {
			p.ras.LineTo(x, y)
		}
	}
	p.ras.ClosePath()
	p.print(dst, y0, y1, ink)
}

// print lays ink over the rows y0 to y1-1 where the rasteriser has drawn. dst is opaque.
func (p *plate) print(dst *image.RGBA, y0, y1 int, ink color.NRGBA) {
	w := dst.Rect.Dx()
	n := w * (y1 - y0)
	if cap(p.mask.Pix) < n {
		p.mask.Pix = make([]uint8, n)
	}
	p.mask = image.Alpha{Pix: p.mask.Pix[:n], Stride: w, Rect: image.Rect(0, 0, w, y1-y0)}
	p.ras.DrawOp = draw.Src
	p.ras.Draw(&p.mask, p.mask.Rect, image.Opaque, image.Point{})
	for y := range y1 - y0 {
		mask, pix := p.mask.Pix[y*w:(y+1)*w], dst.Pix[(y0+y)*dst.Stride:]
		for x := 0; x < w; x++ {
			if x+8 <= w && binary.LittleEndian.Uint64(mask[x:]) == 0 {
				x += 7
				continue
			}
			if mask[x] == 0 {
				continue
			}
			blend(pix[4*x:], ink, uint32(mask[x])*uint32(ink.A))
		}
	}
}

// rule draws an upright or level line of whole pixels, dashed when dash > 0.
func rule(dst *image.RGBA, at float64, upright bool, thick, dash int, ink color.NRGBA) {
	first := int(math.Round(at - float64(thick)/2))
	line, length := image.Rect(0, first, dst.Rect.Dx(), first+thick), dst.Rect.Dx()
	if upright {
		line, length = image.Rect(first, 0, first+thick, dst.Rect.Dy()), dst.Rect.Dy()
	}
	if dash <= 0 {
		draw.Draw(dst, line, image.NewUniform(ink), image.Point{}, draw.Over)
		return
	}
	for from := 0; from < length; from += 2 * dash {
		piece := image.Rect(from, line.Min.Y, from+dash, line.Max.Y)
		if upright {
			piece = image.Rect(line.Min.X, from, line.Max.X, from+dash)
		}
		draw.Draw(dst, piece, image.NewUniform(ink), image.Point{}, draw.Over)
	}
}
