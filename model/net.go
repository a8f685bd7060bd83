package model

import (
	"slices"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file lays a network out as a graph, so that any part of it can be computed, and so
// that it can be said which numbers depend on which.

// A Rect is a rectangle of pixels or cells: rows from Top on and before Bottom, columns
// from Left on and before Right.
type Rect struct{ Top, Left, Bottom, Right int }

// Empty reports whether nothing is in r.
func (r Rect) Empty() bool { return r.Top >= r.Bottom || r.Left >= r.Right }

// Area returns how many pixels or cells are in r.
func (r Rect) Area() int {
	if r.Empty() {
		return 0
	}
	return (r.Bottom - r.Top) * (r.Right - r.Left)
}

// Union returns the smallest rectangle with all of both.
func (r Rect) Union(o Rect) Rect {
	switch {
	case r.Empty():
		return o
	case o.Empty():
		return r
	}
	return Rect{min(r.Top, o.Top), min(r.Left, o.Left), max(r.Bottom, o.Bottom), max(r.Right, o.Right)}
}

// Intersect returns what is in both.
func (r Rect) Intersect(o Rect) Rect {
	r = Rect{max(r.Top, o.Top), max(r.Left, o.Left), min(r.Bottom, o.Bottom), min(r.Right, o.Right)}
	if r.Empty() {
		return Rect{}
	}
	return r
}

// Contains reports whether all of o is in r.
func (r Rect) Contains(o Rect) bool { return o.Empty() || r.Intersect(o) == o }

func (r Rect) rows() span { return span{r.Top, r.Bottom} }
func (r Rect) cols() span { return span{r.Left, r.Right} }

func rectOf(rows, cols span) Rect { return Rect{rows.first, cols.first, rows.end, cols.end} }

// A node is one operation of a network, with the activation behind it and what is added
// after that: a residual, a skip connection, or the picture.
type node struct {
	kind      string // as a stage's, or "picture", "latent", "grey", "zero" or "each": number by number, or cell by cell
	from      []int  // what it is computed of
	plus      int    // what is added; none: -1
	leg       int    // the skip connection by which that comes, counted from the largest; none: -1
	k, stride int
	h, w, c   int
	first     int    // of a latent: the channel that it begins with
	place     int    // in Spec.Layers; nothing that is listed: -1
	part      int    // of a residual block or a loop: which of what it consists of
	pass      int    // of a loop, from 0
	role      string // in a loop, as the Kind of Spec.Parts; "": kind says all

	layer nn.Layer // nil where only the shape is known
	act   nn.Layer // nil: none
	mix   func(t *nn.Tape, x []*nn.Var) *nn.Var
}

func (n *node) all() Rect { return Rect{0, 0, n.h, n.w} }

// sees returns what of the input numbers of the result depend on, in one direction.
func (n *node) sees(s span) span {
	pad := (n.k - 1) / 2
	switch n.kind {
	case "conv":
		return span{s.first*n.stride - pad, (s.end-1)*n.stride - pad + n.k}
	case "transposed":
		return span{floor(s.first+pad-n.k, n.stride) + 1, floor(s.end-1+pad, n.stride) + 1}
	case "gather":
		return span{s.first * n.k, s.end * n.k}
	case "spread", "nearest":
		return span{floor(s.first, n.k), floor(s.end-1, n.k) + 1}
	}
	return s
}

// touches returns which numbers of the result depend on those of the input, in one
// direction.
func (n *node) touches(s span) span {
	back := *n
	switch n.kind {
	case "conv":
		back.kind = "transposed"
	case "transposed":
		back.kind = "conv"
	case "gather":
		back.kind = "spread"
	case "spread", "nearest":
		back.kind = "gather"
	}
	return back.sees(s)
}

// floor returns ⌊a/b⌋.
func floor(a, b int) int {
	if a < 0 {
		return -((b - 1 - a) / b)
	}
	return a / b
}

// over applies a rule of one direction to both.
func over(r Rect, rule func(span) span, within Rect) Rect {
	if r.Empty() {
		return Rect{}
	}
	return rectOf(rule(r.rows()), rule(r.cols())).Intersect(within)
}

// A net is the graph of a network for pictures of one size, in an order in which it can be
// computed. Between encoder and decoder stand latents: taken as given, all that the
// decoder needs comes of them and of what the encoder keeps for it.
type net struct {
	nodes   []node
	cell    int
	picture int
	latents []int // one, or one of each pass
	out     int
	legs    int // skip connections
	layers  int // in the list so far
}

// net lays out a model for pictures of h × w pixels, multiples of the cell.
func (m *Model) net(h, w int, level float32) *net { return layOut(m.Spec, m, h, w, level) }

// layOut lays out a spec; without a model nothing can be computed.
func layOut(s Spec, m *Model, h, w int, level float32) *net {
	g := &net{cell: s.Cell()}
	g.picture = g.add(node{kind: "picture", h: h, w: w, c: s.Channels})
	if s.Body == "recurrent" {
		g.passes(s, m)
		return g
	}
	var enc, dec legs
	var rows nn.Layer
	if m != nil {
		enc, dec, rows = m.enc, m.dec, nn.Func(m.rows)
	}
	plan, back := s.plan()
	x := g.picture
	if s.Level {
		c := s.Channels
		x = g.add(node{kind: "each", from: []int{x}, h: h, w: w, c: c + 1, place: -1, layer: nn.Func(func(t *nn.Tape, x *nn.Var) *nn.Var {
			n, h, w, _ := x.Val.Dims4()
			y := t.New(n, h, w, c+1)
			tell(y.Data, x.Val.Data, c, level)
			return t.Input(y)
		})})
	}
	g.layers++
	x, kept := g.side(s, plan, enc, x, nil)
	if s.codes() || m != nil && m.codes() {
		x = g.add(node{kind: "each", from: []int{x}, h: g.nodes[x].h, w: g.nodes[x].w, c: s.Latent, place: -1, layer: rows})
	}
	x = g.latent(x, 0)
	g.layers++
	g.legs = len(kept)
	x, _ = g.side(s, back, dec, x, kept)
	switch s.Output {
	case "sigmoid":
		g.nodes[x].act = nn.Func(nn.Sigmoid)
	case "residual":
		g.nodes[x].plus = g.picture
	}
	g.out = x
	return g
}

func (g *net) add(n node) int {
	n.plus, n.leg = -1, -1
	g.nodes = append(g.nodes, n)
	return len(g.nodes) - 1
}

// latent puts a latent where the encoder ends.
func (g *net) latent(x, first int) int {
	n := g.nodes[x]
	g.latents = append(g.latents, g.add(node{kind: "latent", from: []int{x}, h: n.h, w: n.w, c: n.c, first: first, place: g.layers}))
	return len(g.nodes) - 1
}

// side lays out an encoder, or a decoder, to which what an encoder has kept is added.
func (g *net) side(s Spec, stages []stage, of legs, x int, kept []int) (int, []int) {
	var between []int
	for i, leg := range cut(stages) {
		if i > 0 {
			between = append(between, x)
			if last := len(kept) - 1; last >= 0 {
				g.nodes[x].plus, g.nodes[x].leg = kept[last], last
				kept = kept[:last]
			}
		}
		var layers nn.Seq
		if of != nil {
			layers = of[i]
		}
		x = g.seq(s, leg, layers, x)
	}
	return x, between
}

// seq lays out layers one after the other.
func (g *net) seq(s Spec, stages []stage, layers nn.Seq, x int) int {
	for i, st := range stages {
		var layer nn.Layer
		if layers != nil {
			layer = layers[i]
		}
		switch st.kind {
		case "act":
			if _, ok := slopes[s.Activation]; !ok { // else the convolution before it has done so
				g.nodes[x].act = layer
			}
			continue
		case "residual":
			var body nn.Seq
			if layer != nil {
				body = layer.(nn.Residual).Layer.(nn.Seq)
			}
			x = g.block(s, st.body, body, x)
		default:
			x = g.one(st, layer, x, g.layers, 0)
		}
		g.layers++
	}
	return x
}

// block lays out a residual block.
func (g *net) block(s Spec, stages []stage, layers nn.Seq, x int) int {
	y, part := x, 0
	for i, st := range stages {
		var layer nn.Layer
		if layers != nil {
			layer = layers[i]
		}
		if st.kind == "act" {
			if _, ok := slopes[s.Activation]; !ok {
				g.nodes[y].act = layer
			}
			continue
		}
		y = g.one(st, layer, y, g.layers, part)
		part++
	}
	g.nodes[y].plus = x
	return y
}

// one lays out one layer.
func (g *net) one(st stage, layer nn.Layer, x, place, part int) int {
	n := node{kind: st.kind, from: []int{x}, k: st.k, stride: st.stride, c: st.out, place: place, part: part, layer: layer}
	h, w, c := g.nodes[x].h, g.nodes[x].w, g.nodes[x].c
	switch st.kind {
	case "conv":
		n.h, n.w = h/st.stride, w/st.stride
	case "transposed":
		n.h, n.w = h*st.stride, w*st.stride
	case "nearest":
		n.k, n.h, n.w, n.c = 2, 2*h, 2*w, c
	case "gather":
		n.h, n.w, n.c = h/st.k, w/st.k, c*st.k*st.k
	case "spread":
		n.h, n.w, n.c = h*st.k, w*st.k, c/(st.k*st.k)
	default:
		panic("model: unknown stage " + st.kind)
	}
	return g.add(n)
}

// at returns the nodes that have what a site has: none if there is no such site, and of latents one for
// each pass.
func (g *net) at(s Site) []int {
	if s.Layer == g.nodes[g.latents[0]].place {
		return g.latents
	}
	i := slices.IndexFunc(g.nodes, func(n node) bool { return s == Site{n.place, n.part, n.pass} })
	if i < 0 || s.Layer < 0 {
		return nil
	}
	return []int{i}
}

// passes lays out a recurrent body.
func (g *net) passes(s Spec, m *Model) {
	var l *loop
	if m != nil {
		l = m.loop
	} else {
		l = &loop{first: &nn.Conv2D{}, enc: make([]*nn.GRU, s.Depth), head: &nn.Conv2D{}, tail: &nn.Conv2D{}, dec: make([]*nn.GRU, s.Depth), up: make([]*nn.Conv2D, s.Depth)}
	}
	p := g.nodes[g.picture]
	pass, part := 0, 0
	list := func(x int, role string) int { // as the next part of the loop
		n := &g.nodes[x]
		n.place, n.part, n.pass, n.role = g.layers, part, pass, role
		part++
		return x
	}
	conv := func(layer *nn.Conv2D, x, out, k, stride int, role string) int {
		return list(g.one(stage{kind: "conv", out: out, k: k, stride: stride}, layer, x, -1, 0), role)
	}
	unit := func(u *nn.GRU, x, memory, c, stride int) int {
		var seen, kept *nn.Conv2D
		var mix func(t *nn.Tape, x []*nn.Var) *nn.Var
		if u != nil {
			seen, kept = u.Convs()
			mix = func(t *nn.Tape, x []*nn.Var) *nn.Var { return u.Step(t, x[1], x[2], x[0]) }
		}
		a := conv(seen, x, 3*c, 3, stride, "seen")
		h, w := g.nodes[a].h, g.nodes[a].w
		if memory < 0 {
			memory = g.add(node{kind: "zero", h: h, w: w, c: c, place: -1})
		}
		b := conv(kept, memory, 3*c, 3, 1, "kept")
		return list(g.add(node{kind: "each", from: []int{memory, a, b}, h: h, w: w, c: c, mix: mix}), "memory")
	}
	var enc, dec [maxDepth]int
	for i := range maxDepth {
		enc[i], dec[i] = -1, -1
	}
	y := g.add(node{kind: "grey", h: p.h, w: p.w, c: p.c, place: -1})
	for pass = range s.Passes {
		g.layers, part = 1, 0
		x := list(g.add(node{kind: "each", from: []int{g.picture, y}, h: p.h, w: p.w, c: p.c, mix: func(t *nn.Tape, x []*nn.Var) *nn.Var {
			return nn.AddScaled(t, x[0], -1, x[1])
		}}), "missing")
		x = conv(l.first, x, s.Width, 3, 2, "")
		for i := range s.Depth {
			stride := 2
			if i == 0 {
				stride = 1
			}
			x = unit(l.enc[i], x, enc[i], s.width(i), stride)
			enc[i] = x
		}
		x = conv(l.head, x, s.head(), 1, 1, "")
		var rows nn.Layer
		if m != nil {
			now := pass
			rows = nn.Func(func(t *nn.Tape, y *nn.Var) *nn.Var { return m.silence(t, m.bottleneck.Rows(t, y), now) })
		}
		x = g.add(node{kind: "each", from: []int{x}, h: g.nodes[x].h, w: g.nodes[x].w, c: s.Latent, place: -1, layer: rows})
		g.layers, part = 2, 0
		x = g.latent(x, pass*s.Latent)
		g.layers = 3
		x = conv(l.tail, x, s.width(s.Depth-1), 1, 1, "")
		for i := range s.Depth {
			level := s.Depth - 1 - i
			x = unit(l.dec[i], x, dec[i], s.width(level), 1)
			dec[i] = x
			out := s.Channels
			if level > 0 {
				out = s.width(level - 1)
			}
			x = conv(l.up[i], x, 4*out, 3, 1, "")
			x = list(g.add(node{kind: "spread", from: []int{x}, k: 2, h: 2 * g.nodes[x].h, w: 2 * g.nodes[x].w, c: out,
				layer: nn.Func(func(t *nn.Tape, x *nn.Var) *nn.Var { return nn.Shuffle(t, x, 2) })}), "")
		}
		g.nodes[x].plus, g.nodes[x].role = y, "made"
		y = x
	}
	g.out = y
}

// given are nodes whose numbers are there: what they are made of does not count.
type given []bool

func (a given) has(i int) bool { return a != nil && a[i] }

// decoding returns that latents are given.
func (g *net) decoding() given {
	a := make(given, len(g.nodes))
	for _, i := range g.latents {
		a[i] = true
	}
	return a
}

// needs returns what of every node the rectangles of some depend on, those included.
func (g *net) needs(of map[int]Rect, there given) []Rect {
	need := make([]Rect, len(g.nodes))
	for i, r := range of {
		need[i] = r.Intersect(g.nodes[i].all())
	}
	for i := len(g.nodes) - 1; i >= 0; i-- {
		n := &g.nodes[i]
		if need[i].Empty() || there.has(i) {
			continue
		}
		for _, j := range n.from {
			need[j] = need[j].Union(over(need[i], n.sees, g.nodes[j].all()))
		}
		if n.plus >= 0 {
			need[n.plus] = need[n.plus].Union(need[i])
		}
	}
	return need
}

// spreads makes of rectangles of some nodes what of every node depends on them, those
// included. Nothing passes through what is given.
func (g *net) spreads(far []Rect, there given) {
	for i := range g.nodes {
		n := &g.nodes[i]
		if far[i] = far[i].Intersect(n.all()); there.has(i) {
			continue
		}
		for _, j := range n.from {
			far[i] = far[i].Union(over(far[j], n.touches, n.all()))
		}
		if n.plus >= 0 {
			far[i] = far[i].Union(far[n.plus])
		}
	}
}

// padded returns the size of a picture, up to multiples of the cell.
func padded(h, w, cell int) (int, int) {
	return (h + cell - 1) / cell * cell, (w + cell - 1) / cell * cell
}

// mirrored fills rows of a picture that ends at h × w, from column left on, with x.
func mirrored(to []float32, x *tensor.Tensor, y, left, right int) {
	_, h, w, c := x.Dims4()
	row := x.Data[tensor.Mirror(y, h)*w*c:][:w*c]
	if n := min(right, w) - left; n > 0 {
		copy(to, row[left*c:(left+n)*c])
	}
	for i := max(left, w); i < right; i++ {
		copy(to[(i-left)*c:][:c], row[tensor.Mirror(i, w)*c:])
	}
}
