package model

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file is the recurrent body: in each pass an encoder looks at what is still missing
// of a picture, and a decoder adds to it. Both remember the passes before. In the manner of
// Toderici et al., arXiv:1608.05148, with additive reconstruction.

// A loop is a recurrent encoder and decoder.
type loop struct {
	first *nn.Conv2D // halves what is missing
	enc   []*nn.GRU  // each after the first halves again
	head  *nn.Conv2D // the latent of a pass
	tail  *nn.Conv2D // of the latent
	dec   []*nn.GRU
	up    []*nn.Conv2D // four times the channels, which make twice the size
}

func newLoop(rng *rand.Rand, s Spec) *loop {
	l := &loop{first: nn.NewConv2D(rng, s.Channels, s.Width, 3, 2)}
	l.first.Slope = 0
	last := s.width(s.Depth - 1)
	for level := range s.Depth {
		in, stride := s.width(max(0, level-1)), 2
		if level == 0 {
			stride = 1
		}
		l.enc = append(l.enc, nn.NewGRU(rng, in, s.width(level), stride))
	}
	l.head = nn.NewConv2D(rng, last, s.head(), 1, 1)
	l.tail = nn.NewConv2D(rng, s.Latent, last, 1, 1)
	l.tail.Slope = 0
	for level := s.Depth - 1; level >= 0; level-- {
		out := s.Channels
		if level > 0 {
			out = s.width(level - 1)
		}
		l.dec = append(l.dec, nn.NewGRU(rng, s.width(level), s.width(level), 1))
		l.up = append(l.up, nn.NewConv2D(rng, s.width(level), 4*out, 3, 1))
	}
	for i := range l.up[s.Depth-1].W.Val.Data {
		l.up[s.Depth-1].W.Val.Data[i] *= 0.1 // it adds almost nothing at first
	}
	return l
}

// loopCount returns how many numbers a loop learns.
func (s Spec) loopCount() int {
	conv := func(in, out, k int) int { return k*k*in*out + out }
	last := s.width(s.Depth - 1)
	n := conv(s.Channels, s.Width, 3) + conv(last, s.head(), 1) + conv(s.Latent, last, 1)
	for level := range s.Depth {
		in, out := s.width(max(0, level-1)), s.Channels
		if level > 0 {
			out = in
		}
		w := s.width(level)
		n += nn.GRUCount(in, w) + nn.GRUCount(w, w) + conv(w, 4*out, 3)
	}
	return n
}

func (l *loop) Params() iter.Seq2[string, *nn.Param] {
	return func(yield func(string, *nn.Param) bool) {
		if l == nil {
			return
		}
		if !nn.Under(yield, "first", l.first) {
			return
		}
		for i, g := range l.enc {
			if !nn.Under(yield, fmt.Sprintf("enc.%d", i), g) {
				return
			}
		}
		if !nn.Under(yield, "head", l.head) || !nn.Under(yield, "tail", l.tail) {
			return
		}
		for i, g := range l.dec {
			if !nn.Under(yield, fmt.Sprintf("dec.%d", i), g) || !nn.Under(yield, fmt.Sprintf("up.%d", i), l.up[i]) {
				return
			}
		}
	}
}

// memories are what each unit of one side remembers.
type memories [maxDepth]*nn.Var

// encode looks at what is missing.
func (l *loop) encode(t *nn.Tape, missing *nn.Var, m *memories) *nn.Var {
	x := l.first.Forward(t, missing)
	for i, g := range l.enc {
		m[i] = g.Forward(t, x, m[i])
		x = m[i]
	}
	return l.head.Forward(t, x)
}

// decode returns what a pass adds to the picture.
func (l *loop) decode(t *nn.Tape, z *nn.Var, m *memories) *nn.Var {
	x := l.tail.Forward(t, z)
	for i, g := range l.dec {
		m[i] = g.Forward(t, x, m[i])
		x = nn.Shuffle(t, l.up[i].Forward(t, m[i]), 2)
	}
	return x
}

// unseen is what is known of a picture before the first pass.
const unseen = 0.5

// After returns the model that stops after so many passes, from 1 to Spec.Passes. It
// shares the weights of m.
func (m *Model) After(passes int) *Model {
	c := *m
	c.Spec.Passes = min(max(passes, 1), m.Spec.Passes)
	return &c
}

// run passes over pictures so many times, and calls each with what there is after each
// pass: the latent of that pass, the pictures, and the price, which may be nil.
func (m *Model) run(t *nn.Tape, x *tensor.Tensor, rng *rand.Rand, each func(z, y, price *nn.Var)) {
	var enc, dec memories
	y := t.Input(middle(t, x.Shape))
	in := t.Input(x)
	for pass := range m.Spec.Passes {
		z, price := m.bottleneck.Code(t, m.loop.encode(t, nn.AddScaled(t, in, -1, y), &enc), 0, rng)
		z = m.silence(t, z, pass)
		y = nn.Add(t, y, m.loop.decode(t, z, &dec))
		each(z, y, price)
	}
}

// middle returns grey pictures.
func middle(t *nn.Tape, shape []int) *tensor.Tensor {
	y := t.New(shape...)
	for i := range y.Data {
		y.Data[i] = unseen
	}
	return y
}

// Pictures larger than tiles are passed over in tiles, which see some of what is around
// them.
const (
	loopTile   = 256 // pixels a side
	loopMargin = 4   // cells
)

// A loopTiling is one tile of a picture, in cells: what is seen, and what of it stays.
type loopTiling struct {
	picture       int
	top, left     int
	height, width int // of what is seen
	inTop, inLeft int // of what stays, in what is seen
	keepH, keepW  int
}

// eachTile calls f for every tile of n pictures of h × w cells, on all processors. The
// only error is ctx's.
func eachTile(ctx context.Context, n, h, w, cell int, report Report, f func(t *nn.Tape, tile loopTiling)) error {
	side := max(1, loopTile/cell)
	rows, cols := (h+side-1)/side, (w+side-1)/side
	all, threads := n*rows*cols, 1
	if all == 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	var mu sync.Mutex
	done := 0
	each(nn.NewForms(""), all, threads, func(t *nn.Tape, i int) {
		if ctx.Err() != nil {
			return
		}
		r, c := i/cols%rows*side, i%cols*side
		top, left := max(0, r-loopMargin), max(0, c-loopMargin)
		f(t, loopTiling{
			picture: i / (rows * cols), top: top, left: left,
			height: min(h, r+side+loopMargin) - top, width: min(w, c+side+loopMargin) - left,
			inTop: r - top, inLeft: c - left, keepH: min(side, h-r), keepW: min(side, w-c),
		})
		if report != nil {
			mu.Lock()
			defer mu.Unlock()
			done++
			report(done, all)
		}
	})
	return ctx.Err()
}

// put writes what stays of a tile, in which a cell has so many numbers a side.
func (a loopTiling) put(to, from *tensor.Tensor, unit int) {
	_, h, w, c := to.Dims4()
	_, _, fw, _ := from.Dims4()
	top, left := (a.top+a.inTop)*unit, (a.left+a.inLeft)*unit
	n := min(a.keepW*unit, w-left)
	for r := range min(a.keepH*unit, h-top) {
		copy(to.Data[((a.picture*h+top+r)*w+left)*c:][:n*c], from.Data[((a.inTop*unit+r)*fw+a.inLeft*unit)*c:])
	}
}

// passOver is pass for a recurrent body.
func (m *Model) passOver(ctx context.Context, p pictures, z, y writer, report Report) error {
	cell, c := m.Cell(), m.Spec.Channels
	zh, zw := (p.h+cell-1)/cell, (p.w+cell-1)/cell
	x, code, made := tensor.New(p.n, p.h, p.w, c), tensor.New(p.n, zh, zw, m.Spec.Numbers()), tensor.New(p.n, p.h, p.w, c)
	for i := range p.n {
		for r := range p.h {
			p.read(&strip{picture: i, cell: cell}, x.Data[(i*p.h+r)*p.w*c:][:p.w*c], r, 0)
		}
	}
	err := eachTile(ctx, p.n, zh, zw, cell, report, func(t *nn.Tape, a loopTiling) {
		seen := tensor.New(1, a.height*cell, a.width*cell, c)
		for r := range a.height * cell {
			for k := range a.width * cell {
				from := (a.picture*p.h+tensor.Mirror(a.top*cell+r, p.h))*p.w + tensor.Mirror(a.left*cell+k, p.w)
				copy(seen.Data[(r*a.width*cell+k)*c:][:c], x.Data[from*c:])
			}
		}
		var codes, last *nn.Var
		m.run(t, seen, nil, func(z, y, _ *nn.Var) { codes, last = nn.Beside(t, codes, z), y })
		a.put(code, codes.Val, 1)
		a.put(made, last.Val, cell)
	})
	if err != nil {
		return err
	}
	handRows(p.n, code, z)
	handRows(p.n, made, y)
	return nil
}

// handRows writes what is there row by row.
func handRows(n int, from *tensor.Tensor, to writer) {
	if to == nil {
		return
	}
	_, h, w, c := from.Dims4()
	for i := range n {
		for r := range h {
			to(&strip{picture: i}, from.Data[(i*h+r)*w*c:][:w*c], r, 0)
		}
	}
}

// Numbers returns how many numbers a cell of the latent has.
func (s Spec) Numbers() int {
	if s.Body == "recurrent" {
		return s.Passes * s.Latent
	}
	return s.Latent
}

// Share returns how many numbers the latent has for each number of the picture.
func (s Spec) Share() float64 {
	cell := s.Cell()
	return float64(s.Numbers()) / float64(cell*cell*s.Channels)
}

// regenerate is generate for a recurrent body.
func (m *Model) regenerate(ctx context.Context, z *tensor.Tensor, h, w int, write writer, report Report) error {
	n, zh, zw, _ := z.Dims4()
	cell, l := m.Cell(), m.Spec.Latent
	made := tensor.New(n, h, w, m.Spec.Channels)
	err := eachTile(ctx, n, zh, zw, cell, report, func(t *nn.Tape, a loopTiling) {
		one := tensor.Tensor{Shape: []int{1, zh, zw, z.Shape[3]}, Data: z.Data[a.picture*zh*zw*z.Shape[3]:][:zh*zw*z.Shape[3]]}
		codes := t.Input(cutOut(&one, a.top, a.left, a.height, a.width))
		var dec memories
		y := t.Input(middle(t, []int{1, a.height * cell, a.width * cell, m.Spec.Channels}))
		for pass := range m.Spec.Passes {
			y = nn.Add(t, y, m.loop.decode(t, nn.Corner(t, codes, a.height, a.width, pass*l, l), &dec))
		}
		a.put(made, y.Val, cell)
	})
	if err == nil {
		handRows(n, made, write)
	}
	return err
}
