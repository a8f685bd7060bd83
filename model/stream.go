package model

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file runs networks on pictures of any size: all layers at once, some rows at a
// time. Every layer keeps the few rows that it will look at again, so nothing is
// computed twice and no result is in memory as a whole. Rows are computed in the
// groups in which convolutions compute them, so the result has the bits that it would
// have if all rows were computed at once.

// A belt carries the rows of one picture from one layer to others.
type belt struct {
	height, width, channels int

	memory *tensor.Arena
	made   int  // rows before this one have been computed
	end    int  // and those before this one may be looked at
	adds   bool // something is added to what has been made
	base   int  // the first row that is in data
	data   []float32
	wants  []int // by reader: the first row that it will still look at
}

func (b *belt) row() int { return b.width * b.channels }

// reader returns the number of a new reader.
func (b *belt) reader() int {
	b.wants = append(b.wants, 0)
	return len(b.wants) - 1
}

// kept returns the first row that anyone wants.
func (b *belt) kept() int {
	low := b.end
	for _, w := range b.wants {
		low = min(low, w)
	}
	return low
}

// reserve makes room for rows up to end.
func (b *belt) reserve(end int) {
	if (end-b.base)*b.row() <= len(b.data) {
		return
	}
	low := b.kept()
	n, kept := (end-low)*b.row(), (b.made-low)*b.row()
	if n+kept/4 <= len(b.data) {
		b.move(low, b.data)
	} else { // with room for more than is asked for, so that what is kept is seldom moved
		b.move(low, b.memory.Take(roomy(n+kept/2)))
	}
}

// trim gives memory back of which most is not needed any more.
func (b *belt) trim() {
	low := b.kept()
	if n := roomy((b.made - low) * b.row()); 2*n <= len(b.data) {
		b.move(low, b.memory.Take(n))
	}
}

// move takes the rows from low on elsewhere.
func (b *belt) move(low int, to []float32) {
	copy(to, b.at(low, b.made))
	if len(b.data) > 0 && &to[0] != &b.data[0] {
		b.memory.Give(b.data)
	}
	b.base, b.data = low, to
}

// roomy returns n or a little more: one of few lengths, so that memory fits many.
func roomy(n int) int {
	unit := 1
	for 8*unit < n {
		unit *= 2
	}
	return max(1, (n+unit-1)/unit*unit)
}

// at returns rows that are there, or for which there is room.
func (b *belt) at(first, end int) []float32 {
	if first == end {
		return nil
	}
	return b.data[(first-b.base)*b.row() : (end-b.base)*b.row()]
}

// view returns them as a picture.
func (b *belt) view(first, end int) *tensor.Tensor {
	return &tensor.Tensor{Shape: []int{1, end - first, b.width, b.channels}, Data: b.at(first, end)}
}

// grown says that rows before end have been made.
func (b *belt) grown(end int) {
	if b.made = end; !b.adds {
		b.end = end
	}
}

// A work computes of a belt what can be computed, and tells whether that was anything.
type work interface {
	run(t *nn.Tape) bool
}

// A sliding work is a convolution, transposed or not, that makes up rows of down rows
// and looks at some above and below them.
type sliding struct {
	layer         nn.Layer
	from, to      *belt
	reads, writes int // its numbers as a reader of both
	down, up      int
	above, below  int
	group         int // rows that are computed together
	most          int // rows that a turn computes
}

func (s *sliding) run(t *nn.Tape) bool {
	first, end := s.to.made, s.to.height
	if s.from.end < s.from.height {
		end = max(0, s.from.end-s.below) / s.down * s.up / s.group * s.group
	}
	if end = min(end, first+s.most); end <= first {
		return false
	}
	// What is looked at starts with a group, so that groups lie where they always do.
	from := s.start(first)
	to := min(s.from.height, (end+s.up-1)/s.up*s.down+s.below)
	top := from / s.down * s.up
	bottom := top + (to-from+s.down-1)/s.down*s.up
	s.to.reserve(bottom)
	t.Part(s.to.view(top, bottom), (first-top)/s.group, (end-top+s.group-1)/s.group)
	s.layer.Forward(t, t.Input(s.from.view(from, to)))
	t.Reset()
	s.to.grown(end)
	next := s.start(end)
	s.from.wants[s.reads], s.to.wants[s.writes] = next, next/s.down*s.up
	s.from.trim()
	return true
}

// start returns from where on s looks for the rows from first on.
func (s *sliding) start(first int) int {
	group := s.group / s.up * s.down
	return max(0, first/s.up*s.down-s.above) / group * group
}

// A mapping makes up rows of down rows, and looks at no others.
type mapping struct {
	layer    nn.Layer
	from, to *belt
	reads    int
	down, up int
}

func (m *mapping) run(t *nn.Tape) bool {
	first := m.to.made / m.up * m.down
	end := m.from.end / m.down * m.down
	if end <= first {
		return false
	}
	y := m.layer.Forward(t, t.Input(m.from.view(first, end)))
	to := end / m.down * m.up
	m.to.reserve(to)
	copy(m.to.at(m.to.made, to), y.Val.Data)
	t.Reset()
	m.to.grown(to)
	m.from.wants[m.reads] = end
	m.from.trim()
	return true
}

// An addition adds what a belt carries to what another does.
type addition struct {
	from, to *belt
	reads    int
}

func (a *addition) run(t *nn.Tape) bool {
	first, end := a.to.end, min(a.to.made, a.from.end)
	if end <= first {
		return false
	}
	t.Increase(a.to.at(first, end), a.from.at(first, end))
	a.to.end, a.from.wants[a.reads] = end, end
	a.from.trim()
	return true
}

// A drain takes the rows of a belt away.
type drain struct {
	from  *belt
	reads int
	take  func(y int, row []float32)
}

func (d *drain) run(*nn.Tape) bool {
	first, end := d.from.wants[d.reads], d.from.end
	for y := first; y < end; y++ {
		d.take(y, d.from.at(y, y+1))
	}
	d.from.wants[d.reads] = end
	d.from.trim()
	return end > first
}

// A stream is a network that a picture flows through.
type stream struct {
	memory tensor.Arena
	works  []work
}

func (f *stream) belt(height, width, channels int) *belt {
	return &belt{height: height, width: width, channels: channels, memory: &f.memory}
}

// seq lays out the layers of a network, and returns the belt behind them.
func (f *stream) seq(s Spec, stages []stage, layers nn.Seq, b *belt) *belt {
	for i, st := range stages {
		h, w, c := b.height, b.width, b.channels
		pad := (st.k - 1) / 2
		switch layer := layers[i]; st.kind {
		case "conv":
			b = f.slide(sliding{layer: layer, down: st.stride, up: 1, above: pad, below: max(0, st.k-pad-st.stride)}, b, st)
		case "transposed":
			b = f.slide(sliding{layer: layer, down: 1, up: st.stride, above: (st.k - 1 - pad) / st.stride, below: (st.stride - 1 + pad) / st.stride}, b, st)
		case "residual":
			b = f.add(f.seq(s, st.body, layer.(nn.Residual).Layer.(nn.Seq), b), b)
		case "act":
			if _, ok := slopes[s.Activation]; !ok { // else the convolution before it has done so
				b = f.mapped(layer, b, f.belt(h, w, c), 1, 1)
			}
		case "nearest":
			b = f.mapped(layer, b, f.belt(2*h, 2*w, c), 1, 2)
		case "gather":
			b = f.mapped(layer, b, f.belt(h/st.k, w/st.k, c*st.k*st.k), st.k, 1)
		case "spread":
			b = f.mapped(layer, b, f.belt(h*st.k, w*st.k, c/(st.k*st.k)), 1, st.k)
		default:
			panic("model: unknown stage " + st.kind)
		}
	}
	return b
}

func (f *stream) slide(s sliding, b *belt, st stage) *belt {
	s.from, s.to = b, f.belt(b.height/s.down*s.up, b.width/s.down*s.up, st.out)
	if st.stride > 1 && st.k > 2 { // some taps of a group's patches are 0, and rounded none the less
		s.above, s.below = max(s.above, s.down), max(s.below, s.down)
	}
	s.reads, s.writes, s.group = b.reader(), s.to.reader(), nn.Grid*s.up
	f.works = append(f.works, &s)
	return s.to
}

func (f *stream) mapped(layer nn.Layer, from, to *belt, down, up int) *belt {
	f.works = append(f.works, &mapping{layer, from, to, from.reader(), down, up})
	return to
}

func (f *stream) add(to, from *belt) *belt {
	to.adds = true
	f.works = append(f.works, &addition{from, to, from.reader()})
	return to
}

func (f *stream) drain(b *belt, take func(y int, row []float32)) {
	f.works = append(f.works, &drain{b, b.reader(), take})
}

// legs lays out an encoder, or a decoder, which adds what the encoder has kept, the last
// first. It returns the belt behind it, and those between its legs.
func (f *stream) legs(s Spec, stages []stage, of legs, b *belt, kept []*belt) (*belt, []*belt) {
	var between []*belt
	for i, leg := range cut(stages) {
		if i > 0 {
			between = append(between, b)
			if last := len(kept) - 1; last >= 0 {
				b, kept = f.add(b, kept[last]), kept[:last]
			}
		}
		b = f.seq(s, leg, of[i], b)
	}
	return b, between
}

// Variables, so that tests cut pictures more often.
var (
	// bandPixels is how many pixels each processor is given at a time, and mostPixels all
	// of them at most: few, so that activations need little memory, but at least leastRows.
	bandPixels, mostPixels, leastRows = 1 << 16, 1 << 20, 64
	// stripPixels is how wide a part of a picture is at most, without its margins.
	stripPixels = 2048
)

// sharedPixels is the least side of a picture that all processors share. Smaller ones
// are worked on side by side.
const sharedPixels = 128

// A strip is a part of a picture as high as all of it: of the columns out, which are
// worked on, in are wanted. All counts but cell's are of cells. Strips of one picture
// are worked on from left to right, one at a time.
type strip struct {
	stream
	picture, height, cell int
	in, out               span

	step int // rows that are worked on at a time
	tape *nn.Tape
	done func(rows int)
}

type span struct{ first, end int }

func (s span) length() int { return s.end - s.first }

// flow lets the picture flow, whose rows fill puts on the belts that they come by. It
// stops when ctx is done.
func (s *strip) flow(ctx context.Context, fill func(first, end int)) {
	for _, w := range s.works {
		if w, ok := w.(*sliding); ok { // all that a turn brings, and a little of what is behind
			w.most = (w.to.height*s.step/s.height/w.group + 2) * w.group
		}
	}
	last, rows := s.works[len(s.works)-1].(*drain), 0
	for first, busy := 0, true; busy; first += s.step {
		if busy = first < s.height; busy {
			fill(first, min(s.height, first+s.step))
		}
		for _, w := range s.works {
			if ctx.Err() != nil {
				return
			}
			if w.run(s.tape) {
				busy = true
			}
		}
		if now := last.from.wants[last.reads] * s.height / last.from.height; now > rows {
			s.done(now - rows)
			rows = now
		}
	}
}

// An area is n pictures of height × width cells.
type area struct{ n, height, width, cell int }

// strips works on pictures, on all processors. margin is how many cells a result depends
// on beyond its own. Neither the number of strips nor how processors share the work shows
// in the result. The only error is ctx's.
func strips(ctx context.Context, forms *nn.Forms, a area, margin int, report Report, work func(s *strip)) error {
	cols := (a.width*a.cell + stripPixels - 1) / stripPixels
	threads := 1
	if cols > 1 || min(a.height, a.width)*a.cell >= sharedPixels {
		threads = runtime.GOMAXPROCS(0)
	}
	var mu sync.Mutex
	rows := 0
	done := func(more int) {
		if report != nil {
			mu.Lock()
			defer mu.Unlock()
			rows += more
			report(rows, a.n*cols*a.height)
		}
	}
	each(forms, a.n*cols, threads, func(t *nn.Tape, k int) {
		if ctx.Err() != nil {
			return
		}
		s := &strip{picture: k / cols, height: a.height, cell: a.cell, tape: t, done: done}
		s.in = span{k % cols * a.width / cols, (k%cols + 1) * a.width / cols}
		s.out = span{max(0, s.in.first-margin) / nn.Grid * nn.Grid, min(a.width, s.in.end+margin)}
		pixels := min(bandPixels*threads, mostPixels)
		s.step = max(1, leastRows/a.cell, pixels/(s.out.length()*a.cell*a.cell))
		work(s)
	})
	return ctx.Err()
}

// each runs f(0) … f(n-1) on all processors, every goroutine with a tape of its
// own that records nothing, shares its work among so many threads, and is reset
// between calls.
func each(forms *nn.Forms, n, threads int, f func(t *nn.Tape, i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)/threads) {
		wg.Go(func() {
			t := nn.NewInference(forms)
			defer t.Leave()
			t.Share(threads)
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(t, i)
				t.Reset()
			}
		})
	}
	wg.Wait()
}
