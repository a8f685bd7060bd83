package model

import (
	"context"
	"runtime"
	"sync/atomic"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file computes parts of a network's graph, and computes them again where something
// has changed.

// A pane is what a node has in a rectangle.
type pane struct {
	Rect
	c    int
	data []float32
}

// row returns its numbers of row y in columns that are in it.
func (p *pane) row(y int, cols span) []float32 {
	at := ((y-p.Top)*(p.Right-p.Left) + cols.first - p.Left) * p.c
	return p.data[at : at+(cols.end-cols.first)*p.c]
}

// A sheet is a net at work: what its nodes have where it is wanted. It serves one
// goroutine at a time, and uses all processors.
type sheet struct {
	net   *net
	panes []pane
	exact bool
	legs  []float32 // what is made of each skip connection before it is added: 1, as it was trained

	memory tensor.Arena
	crew   crew
	hands  []*nn.Tape
	bands  []Rect
	next   atomic.Int64
	at     int // the node that is computed
	ctx    context.Context
	work   func(hand int)
}

// newSheet returns an empty one. Where exact, every number has the same bits whatever
// is computed beside it.
func newSheet(g *net, forms *nn.Forms, exact bool) *sheet {
	s := &sheet{net: g, exact: exact, panes: make([]pane, len(g.nodes))}
	for range runtime.GOMAXPROCS(0) {
		t := nn.NewInference(forms)
		t.ResetIn(nn.NewMemory(forms)) // not what others left behind, which may be large
		if exact {
			t.Exact()
		}
		s.hands = append(s.hands, t)
	}
	for range g.legs {
		s.legs = append(s.legs, 1)
	}
	s.work = s.take
	return s
}

// make gives a node room for a rectangle. What is in it is whatever the memory held.
func (s *sheet) make(i int, r Rect) {
	s.drop(i)
	n := &s.net.nodes[i]
	s.panes[i] = pane{r, n.c, s.memory.Take(r.Area() * n.c)}
}

// drop takes a node's room back.
func (s *sheet) drop(i int) {
	if len(s.panes[i].data) > 0 {
		s.memory.Give(s.panes[i].data)
	}
	s.panes[i] = pane{}
}

// clear takes all room back, and keeps it for what comes.
func (s *sheet) clear() {
	for i := range s.panes {
		s.drop(i)
	}
}

// A plan says what is computed of each node, and when it is needed no longer.
type plan struct {
	need  []Rect
	there given
	last  []int // who reads a node last
	keep  func(i int) bool
	most  int64 // bytes that are held at once
}

// plan finds out what rectangles of some nodes take. What keep names is held when all is
// computed.
func (g *net) plan(of map[int]Rect, there given, keep func(i int) bool) plan {
	p := plan{need: g.needs(of, there), there: there, last: make([]int, len(g.nodes)), keep: keep}
	for i := range g.nodes {
		n := &g.nodes[i]
		if p.last[i] = i; p.need[i].Empty() || there.has(i) {
			continue
		}
		for _, j := range n.from {
			p.last[j] = i
		}
		if n.plus >= 0 {
			p.last[n.plus] = i
		}
	}
	var now int64
	for i := range g.nodes {
		now += 4 * int64(p.need[i].Area()*g.nodes[i].c)
		p.most = max(p.most, now)
		for j := range i + 1 {
			if p.last[j] == i && !keep(j) {
				now -= 4 * int64(p.need[j].Area()*g.nodes[j].c)
			}
		}
	}
	return p
}

// build computes what is planned. What comes from nowhere, or is given, is filled by source.
// The only error is ctx's.
func (s *sheet) build(ctx context.Context, p plan, source func(i int, p *pane), report Report) error {
	s.clear()
	var total, done float64
	for i, r := range p.need {
		total += s.cost(i, r)
	}
	for i, r := range p.need {
		if r.Empty() {
			continue
		}
		if s.make(i, r); len(s.net.nodes[i].from) == 0 || p.there.has(i) {
			source(i, &s.panes[i])
		} else if err := s.fill(ctx, i, r); err != nil {
			return err
		}
		if report != nil {
			done += s.cost(i, r)
			report(int(1000*done/total), 1000)
		}
		for j := range i + 1 {
			if p.last[j] == i && !p.keep(j) {
				s.drop(j)
			}
		}
	}
	return ctx.Err()
}

// cost is about how long a rectangle of a node takes, in multiplications.
func (s *sheet) cost(i int, r Rect) float64 {
	n := &s.net.nodes[i]
	each := 8.
	switch n.kind {
	case "conv":
		each = float64(n.k * n.k * s.net.nodes[n.from[0]].c)
	case "transposed":
		each = float64(n.k*n.k*s.net.nodes[n.from[0]].c) / float64(n.stride*n.stride)
	}
	return float64(r.Area()*n.c) * each
}

const (
	// alone is how much work is done by one goroutine, in multiplications: about as long
	// as it takes to call others.
	alone = 1 << 20
	// bandNumbers is how many numbers a band of rows has, about: few, so that they stay in
	// the second cache.
	bandNumbers = 1 << 17
)

// fill computes a rectangle of a node. The only error is ctx's.
func (s *sheet) fill(ctx context.Context, i int, r Rect) error {
	if r.Empty() {
		return ctx.Err()
	}
	n := &s.net.nodes[i]
	wide := n.c
	for _, j := range n.from {
		wide = max(wide, s.net.nodes[j].c)
	}
	pieces := 1
	if s.cost(i, r) >= alone {
		pieces = max(len(s.hands), (r.Area()*wide+bandNumbers-1)/bandNumbers)
	}
	s.cut(r, n.group(), pieces)
	s.ctx, s.at = ctx, i
	s.next.Store(0)
	if len(s.bands) == 1 {
		s.take(0)
	} else {
		s.crew.run(len(s.hands), s.work)
	}
	s.ctx = nil
	return ctx.Err()
}

// group is how many rows are computed together.
func (n *node) group() int {
	switch n.kind {
	case "conv":
		return nn.Grid
	case "transposed":
		return nn.Grid * n.stride
	case "spread", "nearest":
		return n.k
	}
	return 1
}

// cut cuts a rectangle into about so many bands of rows, whole groups from its top on; or,
// where it has fewer groups, of columns.
func (s *sheet) cut(r Rect, group, pieces int) {
	s.bands = s.bands[:0]
	rows := (r.Bottom - r.Top + group - 1) / group
	if rows < len(s.hands) && pieces > 1 && r.Right-r.Left >= 4*group*len(s.hands) {
		n := len(s.hands)
		width := r.Right - r.Left
		for k := range n {
			s.bands = append(s.bands, Rect{r.Top, r.Left + width*k/n, r.Bottom, r.Left + width*(k+1)/n})
		}
		return
	}
	pieces = min(pieces, rows)
	for k := range pieces {
		s.bands = append(s.bands, Rect{r.Top + rows*k/pieces*group, r.Left, min(r.Bottom, r.Top+rows*(k+1)/pieces*group), r.Right})
	}
}

// take computes bands until there are none.
func (s *sheet) take(hand int) {
	t := s.hands[hand]
	for k := int(s.next.Add(1)) - 1; k < len(s.bands) && s.ctx.Err() == nil; k = int(s.next.Add(1)) - 1 {
		s.band(t, s.at, s.bands[k])
		t.Reset()
	}
}

// band computes a rectangle of a node, small enough for one goroutine.
func (s *sheet) band(t *nn.Tape, i int, r Rect) {
	n := &s.net.nodes[i]
	y, top, left := s.result(t, n, r)
	if n.act != nil {
		_, _, w, c := y.Dims4()
		rows := r.Bottom - r.Top
		y = n.act.Forward(t, t.Input(&tensor.Tensor{Shape: []int{1, rows, w, c}, Data: y.Data[top*w*c : (top+rows)*w*c]})).Val
		top = 0
	}
	_, _, w, c := y.Dims4()
	to := &s.panes[i]
	cols := r.cols()
	for k := r.Top; k < r.Bottom; k++ {
		row := to.row(k, cols)
		copy(row, y.Data[((k-r.Top+top)*w+left)*c:])
		if n.plus >= 0 {
			s.plus(t, n, row, k, cols)
		}
	}
}

// plus adds what comes from elsewhere.
func (s *sheet) plus(t *nn.Tape, n *node, row []float32, y int, cols span) {
	other := s.panes[n.plus].row(y, cols)
	if n.leg < 0 || s.legs[n.leg] == 1 {
		t.Increase(row, other)
		return
	}
	a := s.legs[n.leg]
	for i, v := range other {
		row[i] += float32(a * v)
	}
}

// result computes what a node has in r before activation and addition: a picture in which
// that begins at top and left.
func (s *sheet) result(t *nn.Tape, n *node, r Rect) (y *tensor.Tensor, top, left int) {
	switch n.kind {
	case "latent":
		return s.crop(t, n.from[0], r, r).Val, 0, 0
	case "each":
		if n.mix == nil {
			return n.layer.Forward(t, s.crop(t, n.from[0], r, r)).Val, 0, 0
		}
		var all [3]*nn.Var
		for k, j := range n.from {
			all[k] = s.crop(t, j, r, r)
		}
		return n.mix(t, all[:len(n.from)]).Val, 0, 0
	case "conv", "transposed":
		return s.convolve(t, n, r)
	}
	seen := over(r, n.sees, s.net.nodes[n.from[0]].all())
	made := over(seen, n.touches, n.all())
	return n.layer.Forward(t, s.crop(t, n.from[0], seen, seen)).Val, r.Top - made.Top, r.Left - made.Left
}

// convolve is result for convolutions. They are computed in groups of nn.Grid rows of the
// smaller picture, those alone in which rows are wanted.
func (s *sheet) convolve(t *nn.Tape, n *node, r Rect) (y *tensor.Tensor, top, left int) {
	from := &s.net.nodes[n.from[0]]
	seen := over(r, n.sees, from.all())
	down, up := n.stride, 1 // so many rows of the input make so many of the result
	if n.kind == "transposed" {
		down, up = 1, n.stride
	}
	frame := func(r, seen span, most, lead int) (before, begin, end int) {
		first := r.first / up // in rows of the smaller picture
		before = min(first, lead)
		return before, (first - before) * down, min(most, max(seen.end, (r.end+up-1)/up*down))
	}
	lead, y0, y1 := frame(r.rows(), seen.rows(), from.h, nn.Grid)
	col, x0, x1 := frame(r.cols(), seen.cols(), from.w, r.Left/up-seen.Left/down)
	x := s.crop(t, n.from[0], Rect{y0, x0, y1, x1}, Rect{seen.Top, x0, seen.Bottom, x1})
	h, w := (y1-y0+down-1)/down*up, (x1-x0+down-1)/down*up
	first := lead * up
	if lead%nn.Grid != 0 {
		lead = 0
	}
	height := r.Bottom - y0/down*up
	out := t.Room(1, h, w, n.c)
	t.Part(out, lead/nn.Grid, ((height+up-1)/up+nn.Grid-1)/nn.Grid)
	n.layer.Forward(t, x)
	return out, first + r.Top%up, col*up + r.Left%up
}

// crop returns a rectangle of what a node has, of which only what is in rows of only has to
// be right: it is what the node has, and 0 where it has nothing.
func (s *sheet) crop(t *nn.Tape, i int, r, only Rect) *nn.Var {
	from := &s.panes[i]
	w := r.Right - r.Left
	x := t.Room(1, r.Bottom-r.Top, w, from.c)
	there := r.Intersect(only).Intersect(from.Rect)
	for y := only.Top; y < only.Bottom; y++ {
		row := x.Data[(y-r.Top)*w*from.c:][:w*from.c]
		if y < there.Top || y >= there.Bottom {
			clear(row)
			continue
		}
		a, b := (there.Left-r.Left)*from.c, (there.Right-r.Left)*from.c
		clear(row[:a])
		copy(row[a:b], from.row(y, there.cols()))
		clear(row[b:])
	}
	return t.Input(x)
}
