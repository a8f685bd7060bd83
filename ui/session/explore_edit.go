package session

// This file changes the latent of a picture by hand, and takes back what was changed.

import (
	"cmp"
	"image"
	"math"
	"math/rand/v2"
	"slices"

	"sieve/model/embed"
	"sieve/model/tensor"
)

// Dials are what is done to a whole latent after all that was painted. The zero value does nothing.
type Dials struct {
	Noise      float64 // standard deviation of noise, in those of each channel
	Bits       int     // a number is rounded to one of 2^Bits between its channel's least and greatest; 0: as it is
	Strongest  int     // so many channels are kept, those that contribute most; 0: all
	Directions int     // so many principal directions of the cells are kept; 0: all
	Skips      float64 // how much of the skip connections is taken away: 0 is none of them, 1 all
	Steering           // every cell along directions
}

// editable is a latent under the hands of a person. One goroutine owns it.
type editable struct {
	was *tensor.Tensor // as the encoder made it, (1, h, w, C)
	z   *tensor.Tensor // as it was painted
	now *tensor.Tensor // … and dialled: what is decoded; z itself while dials do nothing

	dials        Dials
	order        []int     // channels, the one that contributes most first; nil: not known yet
	low, high    []float32 // of each channel, as the encoder made it; of numbers alone
	mean, spread []float32
	pca          *embed.PCA     // of the cells, once a dial has asked for it
	noise        *tensor.Tensor // of standard deviation 1, like was
	push         []float32      // what pushed adds, like was; nil: nothing
	pushed       Steering

	changed map[int]bool // channels, since they were last asked for

	past, future []step
	open         *step // under way: its patches become one
}

// A step is what one undo takes back.
type step struct {
	patches []patch
	dials   Dials // before it
	after   Dials
}

// A patch is a part of one channel as it was before a change, and after it.
type patch struct {
	channel       int
	rect          image.Rectangle // cells
	before, after []float32       // row by row
}

func newEditable(z *tensor.Tensor) *editable {
	_, h, w, c := z.Dims4()
	e := &editable{was: z, z: z.Clone()}
	e.low, e.high = make([]float32, c), make([]float32, c)
	e.mean, e.spread = make([]float32, c), make([]float32, c)
	for k := range c {
		sum, square, n := 0.0, 0.0, 0.0
		for i := range h * w {
			v := z.Data[i*c+k]
			if v-v != 0 { // of a wild model
				continue
			}
			if n == 0 {
				e.low[k], e.high[k] = v, v
			}
			e.low[k], e.high[k] = min(e.low[k], v), max(e.high[k], v)
			sum, square, n = sum+float64(v), square+float64(v)*float64(v), n+1
		}
		mean := sum / max(1, n)
		e.mean[k], e.spread[k] = float32(mean), float32(math.Sqrt(max(0, square/max(1, n)-mean*mean)))
	}
	e.now, e.changed = e.z, map[int]bool{}
	return e
}

func (e *editable) dims() (h, w, c int) {
	_, h, w, c = e.z.Dims4()
	return h, w, c
}

// whole is all cells.
func (e *editable) whole() image.Rectangle {
	h, w, _ := e.dims()
	return image.Rect(0, 0, w, h)
}

// begin opens a step, to which all changes belong until end.
func (e *editable) begin() {
	if e.open == nil {
		e.open = &step{dials: e.dials, after: e.dials}
	}
}

// end closes the step. One that has changed nothing is none.
func (e *editable) end() {
	if o := e.open; o != nil && (len(o.patches) > 0 || o.dials != o.after) {
		e.past, e.future = append(e.past, *o), nil
	}
	e.open = nil
}

// change gives the cells of rect in a channel other values, and returns the cells that have changed.
func (e *editable) change(channel int, rect image.Rectangle, f func(x, y int, v float32) float32) image.Rectangle {
	rect = rect.Intersect(e.whole())
	if rect.Empty() {
		return rect
	}
	_, w, c := e.dims()
	p := patch{channel: channel, rect: rect, before: make([]float32, 0, rect.Dx()*rect.Dy()), after: make([]float32, 0, rect.Dx()*rect.Dy())}
	for y := rect.Min.Y; y < rect.Max.Y; y++ {
		for x := rect.Min.X; x < rect.Max.X; x++ {
			at := &e.z.Data[(y*w+x)*c+channel]
			v := f(x, y, *at)
			p.before, p.after = append(p.before, *at), append(p.after, v)
			*at = v
		}
	}
	if slices.Equal(p.before, p.after) {
		return image.Rectangle{}
	}
	alone := e.open == nil
	e.begin()
	if n := len(e.open.patches); n > 0 && e.open.patches[n-1].channel == channel && e.open.patches[n-1].rect == rect {
		e.open.patches[n-1].after = p.after
	} else {
		e.open.patches = append(e.open.patches, p)
	}
	if alone {
		e.end()
	}
	e.changed[channel] = true
	return e.dial(rect)
}

// each is change for several channels at once.
func (e *editable) each(channels []int, rect image.Rectangle, f func(c, x, y int, v float32) float32) (dirty image.Rectangle) {
	alone := e.open == nil
	e.begin()
	for _, c := range channels {
		dirty = dirty.Union(e.change(c, rect, func(x, y int, v float32) float32 { return f(c, x, y, v) }))
	}
	if alone {
		e.end()
	}
	return dirty
}

// channels are the numbers of all channels.
func (e *editable) channels() []int {
	all := make([]int, len(e.low))
	for i := range all {
		all[i] = i
	}
	return all
}

// plane is a copy of a channel, row by row.
func (e *editable) plane(c int) []float32 {
	h, w, n := e.dims()
	out := make([]float32, h*w)
	for i := range out {
		out[i] = e.z.Data[i*n+c]
	}
	return out
}

// value is what the encoder made of a cell.
func (e *editable) value(c, x, y int) float32 {
	_, w, n := e.dims()
	return e.was.Data[(y*w+x)*n+c]
}

// stroke sets the cells of a channel whose middles are nearer to a line than radius, in cells, and those that
// its ends lie in, however thin it is.
func (e *editable) stroke(channel int, x0, y0, x1, y1, radius float64, f func(x, y int, v float32) float32) image.Rectangle {
	ends := [2]image.Point{{int(math.Floor(x0)), int(math.Floor(y0))}, {int(math.Floor(x1)), int(math.Floor(y1))}}
	rect := image.Rect(int(math.Floor(min(x0, x1)-radius)), int(math.Floor(min(y0, y1)-radius)), int(math.Ceil(max(x0, x1)+radius)), int(math.Ceil(max(y0, y1)+radius)))
	for _, p := range ends {
		rect = rect.Union(image.Rectangle{p, p.Add(image.Pt(1, 1))})
	}
	dx, dy := x1-x0, y1-y0
	length := dx*dx + dy*dy
	return e.change(channel, rect, func(i, j int, v float32) float32 {
		px, py := float64(i)+0.5-x0, float64(j)+0.5-y0
		t := 0.0
		if length > 0 {
			t = min(max((px*dx+py*dy)/length, 0), 1)
		}
		if p := image.Pt(i, j); p == ends[0] || p == ends[1] || math.Hypot(px-t*dx, py-t*dy) <= radius {
			return f(i, j, v)
		}
		return v
	})
}

// move puts the code of a rectangle elsewhere. Unless it is copied, the mean of each channel stays behind.
func (e *editable) move(from image.Rectangle, to image.Point, copied bool) (dirty image.Rectangle) {
	from = from.Intersect(e.whole())
	_, w, n := e.dims()
	code := make([]float32, 0, from.Dx()*from.Dy()*n)
	for y := from.Min.Y; y < from.Max.Y; y++ {
		code = append(code, e.z.Data[(y*w+from.Min.X)*n:(y*w+from.Max.X)*n]...)
	}
	e.begin()
	defer e.end()
	if !copied {
		dirty = e.each(e.channels(), from, func(c, _, _ int, _ float32) float32 { return e.mean[c] })
	}
	target := image.Rectangle{to, to.Add(from.Size())}
	return dirty.Union(e.each(e.channels(), target, func(c, x, y int, _ float32) float32 {
		return code[((y-to.Y)*from.Dx()+x-to.X)*n+c]
	}))
}

// take puts the code of another latent over a rectangle: what it has at the same part of its picture.
func (e *editable) take(other *tensor.Tensor, rect image.Rectangle) image.Rectangle {
	h, w, n := e.dims()
	_, oh, ow, _ := other.Dims4()
	return e.each(e.channels(), rect, func(c, x, y int, _ float32) float32 {
		return other.Data[(y*oh/h*ow+x*ow/w)*n+c]
	})
}

// set turns the dials.
func (e *editable) set(d Dials) image.Rectangle {
	if d == e.dials {
		return image.Rectangle{}
	}
	alone := e.open == nil
	e.begin()
	e.open.after, e.dials = d, d
	if alone {
		e.end()
	}
	return e.dial(e.whole())
}

// undo takes back the last step, redo does it again. They return the cells that have changed.
func (e *editable) undo() image.Rectangle {
	e.end()
	n := len(e.past)
	if n == 0 {
		return image.Rectangle{}
	}
	s := e.past[n-1]
	e.past, e.future = e.past[:n-1], append(e.future, s)
	dirty := image.Rectangle{}
	for _, p := range slices.Backward(s.patches) {
		dirty = dirty.Union(e.put(p, p.before))
	}
	return e.turned(s.dials, dirty)
}

func (e *editable) redo() image.Rectangle {
	n := len(e.future)
	if n == 0 || e.open != nil {
		return image.Rectangle{}
	}
	s := e.future[n-1]
	e.future, e.past = e.future[:n-1], append(e.past, s)
	dirty := image.Rectangle{}
	for _, p := range s.patches {
		dirty = dirty.Union(e.put(p, p.after))
	}
	return e.turned(s.after, dirty)
}

// turned is after undo and redo.
func (e *editable) turned(d Dials, dirty image.Rectangle) image.Rectangle {
	if d != e.dials {
		e.dials, dirty = d, e.whole()
	}
	return e.dial(dirty)
}

func (e *editable) put(p patch, values []float32) image.Rectangle {
	_, w, n := e.dims()
	e.changed[p.channel] = true
	i := 0
	for y := p.rect.Min.Y; y < p.rect.Max.Y; y++ {
		for x := p.rect.Min.X; x < p.rect.Max.X; x++ {
			e.z.Data[(y*w+x)*n+p.channel] = values[i]
			i++
		}
	}
	return p.rect
}

// reset is a step back to what the encoder made.
func (e *editable) reset() image.Rectangle {
	e.end()
	e.begin()
	defer e.end()
	dirty := e.each(e.channels(), e.whole(), func(c, x, y int, _ float32) float32 { return e.value(c, x, y) })
	return dirty.Union(e.set(Dials{}))
}

// touched are the channels that have changed since it was last called.
func (e *editable) touched() []int {
	var all []int
	for c := range e.low {
		if e.changed[c] {
			all = append(all, c)
		}
	}
	clear(e.changed)
	return all
}

// dial brings now up to date in a rectangle of cells, which it returns.
func (e *editable) dial(rect image.Rectangle) image.Rectangle {
	d := e.dials
	if d == (Dials{}) {
		if e.now != e.z {
			e.all()
		}
		e.now = e.z
		return rect
	}
	e.all()
	if e.now == e.z {
		e.now = e.z.Clone()
		rect = e.whole()
	}
	_, w, n := e.dims()
	if d.Noise > 0 && e.noise == nil {
		rng := rand.New(rand.NewPCG(1, 0))
		e.noise = tensor.New(e.z.Shape...)
		for i := range e.noise.Data {
			e.noise.Data[i] = float32(rng.NormFloat64())
		}
	}
	if d.Directions > 0 || d.Sigmas != ([MostSigmas]float64{}) {
		e.fit()
	}
	switch {
	case d.Steering == (Steering{}):
		e.push = nil
	case e.push == nil || e.pushed != d.Steering:
		e.push, e.pushed = make([]float32, len(e.z.Data)), d.Steering
		d.moved(e.push, e.z.Shape[1:], e.pca)
	}
	kept := make([]bool, n)
	for i, c := range e.ranking() {
		kept[c] = d.Strongest == 0 || i < d.Strongest
	}
	var directions *embed.PCA
	if d.Directions > 0 && e.pca != nil && d.Directions < len(e.pca.Variances) {
		directions = e.pca.First(d.Directions)
	}
	levels := float32(math.Exp2(float64(d.Bits)) - 1)
	for y := rect.Min.Y; y < rect.Max.Y; y++ {
		from, to := (y*w+rect.Min.X)*n, (y*w+rect.Max.X)*n
		copy(e.now.Data[from:to], e.z.Data[from:to])
		if directions != nil {
			copy(e.now.Data[from:to], directions.Restore(directions.Project(e.z.Data[from:to])))
		}
		for i := from; i < to; i += n {
			cell := e.now.Data[i : i+n]
			for c := range cell {
				if !kept[c] {
					cell[c] = 0
					continue
				}
				if e.push != nil {
					cell[c] += e.push[i+c]
				}
				if d.Noise > 0 {
					cell[c] += float32(d.Noise) * e.spread[c] * e.noise.Data[i+c]
				}
				if d.Bits > 0 && e.high[c] > e.low[c] {
					step := (e.high[c] - e.low[c]) / levels
					at := float32(math.RoundToEven(float64((cell[c] - e.low[c]) / step)))
					cell[c] = e.low[c] + step*min(max(at, 0), levels)
				}
			}
		}
	}
	return rect
}

// ranking is the order of the channels: by what they contribute, or, while that is not known, by their
// spread.
func (e *editable) ranking() []int {
	if e.order != nil {
		return e.order
	}
	all := e.channels()
	slices.SortStableFunc(all, func(a, b int) int {
		switch {
		case e.spread[a] > e.spread[b]:
			return -1
		case e.spread[a] < e.spread[b]:
			return 1
		}
		return 0
	})
	return all
}

// all says that every channel may have changed.
func (e *editable) all() {
	for c := range e.low {
		e.changed[c] = true
	}
}

// rank orders the channels by what is lost without them.
func (e *editable) rank(loss []float64) {
	e.order = e.channels()
	slices.SortStableFunc(e.order, func(a, b int) int { return cmp.Compare(loss[b], loss[a]) })
}

// mostDirections is how many principal directions of cells are found at most.
const mostDirections = 64

// fit finds the principal directions of the cells. Of a latent of few cells there may be none.
func (e *editable) fit() {
	h, w, n := e.dims()
	if e.pca == nil && h*w > 1 {
		e.pca, _ = embed.Fit(e.was.Data, h*w, n, min(n, mostDirections, h*w-1))
	}
}

// bits is how many bits the latent would take without a codec's further thrift: for each number that is
// kept, Bits, or 32.
func (e *editable) bits() float64 {
	h, w, n := e.dims()
	kept, each := n, 32
	if e.dials.Strongest > 0 {
		kept = min(kept, e.dials.Strongest)
	}
	if e.dials.Directions > 0 {
		kept = min(kept, e.dials.Directions)
	}
	if e.dials.Bits > 0 {
		each = e.dials.Bits
	}
	return float64(h * w * kept * each)
}
