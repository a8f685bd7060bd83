package model

import (
	"context"
	"math"
	"slices"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file lays the latent of one picture open: it may be changed, and what the decoder
// makes of it follows, where it has changed.

// DefaultRoom is how many bytes an opened picture holds at most, beside tensors as large as
// the picture and its latent.
const DefaultRoom = 384 << 20

// An Opened is a picture laid open by a model: what the model made of it, and what its
// decoder makes of other latents. One goroutine at a time may use it; neither the model nor
// the picture may change meanwhile.
//
// A pixel that no changed number of the latent reaches is that of Model.Reconstruct, to the
// bit. The others are computed by the definition of the layers, so each has the same bits
// whatever was computed before, or beside it. Both agree within the rounding of float32; of a
// recurrent body that works on tiles, within what tiles do not see.
type Opened struct {
	x    *tensor.Tensor
	z, y *tensor.Tensor // as the model made them
	room int64

	net    *net
	there  given            // latents, and what of the encoder is kept
	legs   []*tensor.Tensor // what the encoder keeps for the decoder; nil where it is computed again
	source map[int]int      // the number of each leg, by its node
	keeps  []bool           // nodes that changes are followed with: all that depend on the latent, and what those are made of
	sheet  *sheet
	ready  Rect   // of the result, what the sheet has
	stale  Rect   // cells that were changed and not followed
	far    []Rect // what a change reaches
	down   []span // the rows that a row of cells reaches
	across []span // the columns that a column of cells reaches
	marks  []int32
	cut    []bool // numbers of the picture that were replaced where they were last written; nil: none ever were
	cuts   int
}

// Open lays a picture x (1, H, W, Channels) open. level is as for Features. room is how
// many bytes may be held to follow changes fast; 0 is DefaultRoom. made, which may be nil, is
// told of pixels as they are made, from one goroutine, part of a row at a time and each once:
// what it is given is what Latent and Made will return, and has those pixels and the cells that
// they lie in. The only error is ctx's.
func (m *Model) Open(ctx context.Context, x *tensor.Tensor, level float64, room int64, made func(z, y *tensor.Tensor, px Rect), report Report) (*Opened, error) {
	n, h, w, _ := x.Dims4()
	if n != 1 {
		panic("model: open: one picture at a time")
	}
	if room <= 0 {
		room = DefaultRoom
	}
	ph, pw := padded(h, w, m.Cell())
	o := &Opened{x: x, z: m.room(x), y: tensor.New(x.Shape...), room: room, net: m.net(ph, pw, float32(level)), source: map[int]int{}}
	o.there = o.net.decoding()
	o.keepLegs()
	o.sheet = newSheet(o.net, nn.NewForms(""), true)
	o.keeps, _ = o.net.follows(o.there)
	o.far = make([]Rect, len(o.net.nodes))
	_, zh, zw, _ := o.z.Dims4()
	for i := range zh {
		o.down = append(o.down, o.reach(Rect{i, 0, i + 1, 1}).rows())
	}
	for i := range zw {
		o.across = append(o.across, o.reach(Rect{0, i, 1, i + 1}).cols())
	}
	p := m.pictures(x)
	for _, leg := range o.legs {
		p.legs = append(p.legs, rows(leg))
	}
	write := rows(o.y)
	if made != nil {
		write = func(s *strip, from []float32, y, x int) {
			rows(o.y)(s, from, y, x)
			made(o.z, o.y, Rect{y, x, y + 1, x + len(from)/m.Spec.Channels})
		}
	}
	return o, m.pass(ctx, p, level, rows(o.z), write, report)
}

// LookIn is Look for part of one picture x (1, H, W, Channels): the latent of the cells that px touches,
// and what is made of all pixels of these, which it names. Both are those of the whole within the rounding
// of float32, and of a recurrent body within what tiles do not see. It costs what is made, and a margin.
// The only error is ctx's.
func (m *Model) LookIn(ctx context.Context, x *tensor.Tensor, level float64, px Rect) (z, y *tensor.Tensor, of Rect, err error) {
	_, h, w, _ := x.Dims4()
	n, margin := m.Cell(), loopMargin
	if m.loop == nil {
		margin = m.margin(true)
	}
	all := Rect{0, 0, h, w}
	px = px.Intersect(all)
	cells := Rect{px.Top / n, px.Left / n, (px.Bottom + n - 1) / n, (px.Right + n - 1) / n}
	of = Rect{cells.Top * n, cells.Left * n, cells.Bottom * n, cells.Right * n}.Intersect(all)
	seen := Rect{max(0, cells.Top-margin) * n, max(0, cells.Left-margin) * n, (cells.Bottom + margin) * n, (cells.Right + margin) * n}.Intersect(all)
	z, y, err = m.Look(ctx, cutOut(x, seen.Top, seen.Left, seen.Bottom-seen.Top, seen.Right-seen.Left), level, nil)
	if err != nil {
		return nil, nil, of, err
	}
	z = cutOut(z, cells.Top-seen.Top/n, cells.Left-seen.Left/n, cells.Bottom-cells.Top, cells.Right-cells.Left)
	return z, cutOut(y, of.Top-seen.Top, of.Left-seen.Left, of.Bottom-of.Top, of.Right-of.Left), of, nil
}

// keepLegs makes room for what the encoder keeps for the decoder, if it takes no more than
// a quarter of what there is.
func (o *Opened) keepLegs() {
	kept := o.net.kept()
	var size int64
	for _, i := range kept {
		size += 4 * int64(o.net.nodes[i].all().Area()*o.net.nodes[i].c)
	}
	if size > o.room/4 {
		return
	}
	o.room -= size
	for k, i := range kept {
		n := o.net.nodes[i]
		o.legs = append(o.legs, tensor.New(1, n.h, n.w, n.c))
		o.there[i], o.source[i] = true, k
	}
}

// kept returns the nodes that skip connections come from, the largest first.
func (g *net) kept() []int {
	all := make([]int, g.legs)
	for _, n := range g.nodes {
		if n.leg >= 0 {
			all[n.leg] = n.plus
		}
	}
	return all
}

// follows names the nodes that depend on latents, and with them those that they are made of.
func (g *net) follows(there given) (all, depends []bool) {
	far := make([]Rect, len(g.nodes))
	all, depends = make([]bool, len(g.nodes)), make([]bool, len(g.nodes))
	for _, i := range g.latents {
		far[i] = g.nodes[i].all()
	}
	g.spreads(far, there)
	for i, n := range g.nodes {
		if far[i].Empty() {
			continue
		}
		all[i], depends[i] = true, true
		if there.has(i) {
			continue
		}
		for _, j := range n.from {
			all[j] = true
		}
		if n.plus >= 0 {
			all[n.plus] = true
		}
	}
	return all, depends
}

// Latent returns what the encoder made of the picture: (1, ⌈H/Cell⌉, ⌈W/Cell⌉, Numbers), as
// Features has it. It must not be changed: clone it.
func (o *Opened) Latent() *tensor.Tensor { return o.z }

// Made returns what the decoder made of that, as Reconstruct has it. It must not be changed.
func (o *Opened) Made() *tensor.Tensor { return o.y }

// Connections returns how many skip connections there are: ways past the latent for what the
// encoder had at each size of picture, from the largest on. With any of them, or the output
// "residual", which adds the picture itself, the latent is not all that the decoder sees.
func (s Spec) Connections() int {
	enc, _ := s.plan()
	return len(cut(enc)) - 1
}

// Dial sets how much of a skip connection, counted from the largest size, is added in the
// decoder: 1 is what the model was trained with, and 0 is nothing. The next call has to be
// Decode.
func (o *Opened) Dial(skip int, share float32) {
	o.sheet.legs[skip] = share
	o.ready = Rect{}
}

// reach returns the pixels that depend on cells.
func (o *Opened) reach(cells Rect) Rect {
	o.spread(cells)
	return o.far[o.net.out]
}

// spread finds what depends on cells.
func (o *Opened) spread(cells Rect) {
	clear(o.far)
	for _, i := range o.net.latents {
		o.far[i] = cells
	}
	o.net.spreads(o.far, o.there)
}

// A Change says what has become of a picture.
type Change struct {
	Pixels Rect // that were written
	Broken int  // numbers that were no finite ones: they are 0 if below, or none at all, and 1 if above
	Where  Rect // the pixels that these are in
}

func (c *Change) add(o Change) {
	c.Pixels, c.Broken, c.Where = c.Pixels.Union(o.Pixels), c.Broken+o.Broken, c.Where.Union(o.Where)
}

// Decode writes to out (1, H, W, Channels), within px, what the decoder makes of a latent
// shaped like Latent. It costs what is in px, and a margin, or the whole picture where there is
// room for that. The only error is ctx's.
func (o *Opened) Decode(ctx context.Context, z *tensor.Tensor, px Rect, out *tensor.Tensor, report Report) (Change, error) {
	o.check(z, out)
	px = px.Intersect(o.picture())
	for _, lasting := range []Rect{o.picture(), px} {
		p, fits := o.lasting(lasting)
		if !fits {
			continue
		}
		o.ready = Rect{}
		if err := o.sheet.build(ctx, p, o.sources(z), report); err != nil {
			return Change{}, err
		}
		o.ready, o.stale = lasting, Rect{}
		return o.emit(z, px, out), nil
	}
	return o.pass(ctx, z, px, out, report)
}

// pass is Decode with nothing to follow changes by afterwards.
func (o *Opened) pass(ctx context.Context, z *tensor.Tensor, px Rect, out *tensor.Tensor, report Report) (Change, error) {
	o.ready = Rect{}
	pieces := o.pieces(nil, px)
	var all Change
	for k, r := range pieces {
		err := o.sheet.build(ctx, o.passing(r), o.sources(z), func(done, total int) {
			if report != nil {
				report(k*total+done, len(pieces)*total)
			}
		})
		if err != nil {
			return all, err
		}
		all.add(o.emit(z, r, out))
	}
	if o.sheet.clear(); len(pieces) > 1 {
		o.sheet.memory = tensor.Arena{} // it is of many sizes
	}
	o.stale = Rect{}
	return all, nil
}

// Edit writes to out what Decode would, within px, if z differs from the latent of the call
// before in cells at most: what they reach, and nothing else. It is fastest where the last
// Decode was for px or more, and there was room for that: Ready tells. The only error is
// ctx's; the next Edit makes good for one that was ended.
func (o *Opened) Edit(ctx context.Context, z *tensor.Tensor, cells, px Rect, out *tensor.Tensor) (Change, error) {
	o.check(z, out)
	px = px.Intersect(o.picture())
	o.stale = o.stale.Union(cells)
	o.spread(o.stale)
	if o.ready.Empty() || !o.ready.Contains(px) {
		return o.pass(ctx, z, px.Intersect(o.far[o.net.out]), out, nil)
	}
	for i, r := range o.far {
		if r = r.Intersect(o.sheet.panes[i].Rect); r.Empty() {
			continue
		}
		if o.there.has(i) {
			o.fill(i, &o.sheet.panes[i], r, z)
		} else if err := o.sheet.fill(ctx, i, r); err != nil {
			return Change{}, err
		}
	}
	o.stale = Rect{}
	return o.emit(z, o.far[o.net.out].Intersect(px), out), ctx.Err()
}

// Ready returns the pixels in which changes are followed fast.
func (o *Opened) Ready() Rect { return o.ready }

func (o *Opened) check(z, out *tensor.Tensor) {
	if !slices.Equal(z.Shape, o.z.Shape) || !slices.Equal(out.Shape, o.x.Shape) {
		panic("model: opened picture: the latent or the result has another shape")
	}
}

// picture returns all pixels.
func (o *Opened) picture() Rect {
	_, h, w, _ := o.x.Dims4()
	return Rect{0, 0, h, w}
}

// lasting plans pixels so that changes can be followed, and reports whether there is room.
func (o *Opened) lasting(px Rect) (plan, bool) {
	p := o.net.plan(map[int]Rect{o.net.out: px}, o.there, func(i int) bool { return o.keeps[i] })
	return p, p.most <= o.room
}

// passing plans pixels that are forgotten at once.
func (o *Opened) passing(px Rect) plan {
	return o.net.plan(map[int]Rect{o.net.out: px}, o.there, func(i int) bool { return i == o.net.out })
}

// leastPiece is the least side of pieces in pixels: smaller ones are nearly all margin.
const leastPiece = 64

// pieces cuts pixels into parts for each of which there is room: half of it, because memory
// that is free is seldom as long as what is asked for.
func (o *Opened) pieces(all []Rect, px Rect) []Rect {
	h, w := px.Bottom-px.Top, px.Right-px.Left
	if max(h, w) <= leastPiece || o.passing(px).most <= o.room/2 {
		return append(all, px)
	}
	a, b := px, px
	if h > w {
		a.Bottom = px.Top + h/2
		b.Top = a.Bottom
	} else {
		a.Right = px.Left + w/2
		b.Left = a.Right
	}
	return o.pieces(o.pieces(all, a), b)
}

// sources fills what is given or comes from nowhere.
func (o *Opened) sources(z *tensor.Tensor) func(i int, p *pane) {
	return func(i int, p *pane) { o.fill(i, p, p.Rect, z) }
}

// fill puts what is given or comes from nowhere into a rectangle of a node's pane.
func (o *Opened) fill(i int, p *pane, r Rect, z *tensor.Tensor) {
	n := &o.net.nodes[i]
	from, first := z, n.first
	switch k, ok := o.source[i]; {
	case ok:
		from = o.legs[k]
	case n.kind != "latent":
		for y := r.Top; y < r.Bottom; y++ {
			source(n, p.row(y, r.cols()), o.x, y, r.cols())
		}
		return
	}
	_, _, w, c := from.Dims4()
	for y := r.Top; y < r.Bottom; y++ {
		to := p.row(y, r.cols())
		if n.c == c {
			copy(to, from.Data[(y*w+r.Left)*c:])
			continue
		}
		for x := range r.Right - r.Left {
			copy(to[x*n.c:(x+1)*n.c], from.Data[(y*w+r.Left+x)*c+first:])
		}
	}
}

// source fills a row of a node that is made of nothing: the picture, whose edges are
// mirrored, and what is before the first pass.
func source(n *node, to []float32, x *tensor.Tensor, y int, cols span) {
	switch n.kind {
	case "picture":
		mirrored(to, x, y, cols.first, cols.end)
	case "grey":
		for i := range to {
			to[i] = unseen
		}
	default:
		clear(to)
	}
}

// emit writes a rectangle of the result.
func (o *Opened) emit(z *tensor.Tensor, r Rect, out *tensor.Tensor) Change {
	c := Change{Pixels: r}
	if r.Empty() {
		return c
	}
	_, _, w, ch := out.Dims4()
	made := &o.sheet.panes[o.net.out]
	reached := o.reached(z, r)
	for y := r.Top; y < r.Bottom; y++ {
		at := (y*w + r.Left) * ch
		to, old, row := out.Data[at:][:(r.Right-r.Left)*ch], o.y.Data[at:], made.row(y, r.cols())
		marks := reached[(y-r.Top)*(r.Right-r.Left+1):]
		for i := range r.Right - r.Left {
			from := old
			if marks[i] > 0 {
				from = row
			}
			for k := i * ch; k < (i+1)*ch; k++ {
				v := from[k]
				if v-v != 0 { // it is not finite
					v = broken(v, y, r.Left+i, &c)
					o.mark(at+k, true)
				} else if o.cut != nil {
					o.mark(at+k, false)
				}
				to[k] = v
			}
		}
	}
	return c
}

// Cut returns how many numbers of the picture are in the place of some that were not finite, where each was
// last written.
func (o *Opened) Cut() int { return o.cuts }

// mark says whether a number was replaced.
func (o *Opened) mark(i int, cut bool) {
	if o.cut == nil {
		o.cut = make([]bool, len(o.y.Data))
	}
	switch was := o.cut[i]; {
	case cut && !was:
		o.cuts++
	case was && !cut:
		o.cuts--
	}
	o.cut[i] = cut
}

// broken counts a number that is not finite, and returns what takes its place.
func broken(v float32, y, x int, c *Change) float32 {
	c.Broken++
	c.Where = c.Where.Union(Rect{y, x, y + 1, x + 1})
	if v > 0 {
		return 1
	}
	return 0
}

// reached counts, for each pixel of r and a column more, by how many changed cells it is
// reached.
func (o *Opened) reached(z *tensor.Tensor, r Rect) []int32 {
	h, w := r.Bottom-r.Top+1, r.Right-r.Left+1
	if n := h * w; cap(o.marks) < n {
		o.marks = make([]int32, n)
	}
	marks := o.marks[:h*w]
	clear(marks)
	if slices.ContainsFunc(o.sheet.legs, func(share float32) bool { return share != 1 }) {
		for i := range marks {
			marks[i] = 1
		}
		return marks
	}
	// Every changed cell marks the corners of what it reaches; sums of sums fill it.
	_, zh, zw, c := z.Dims4()
	for i := range zh {
		rows := span{max(0, o.down[i].first-r.Top), min(h-1, o.down[i].end-r.Top)}
		if rows.length() <= 0 {
			continue
		}
		for j := range zw {
			cols := span{max(0, o.across[j].first-r.Left), min(w-1, o.across[j].end-r.Left)}
			at := (i*zw + j) * c
			if cols.length() <= 0 || sameBits(z.Data[at:at+c], o.z.Data[at:at+c]) {
				continue
			}
			marks[rows.first*w+cols.first]++
			marks[rows.first*w+cols.end]--
			marks[rows.end*w+cols.first]--
			marks[rows.end*w+cols.end]++
		}
	}
	for y := range h {
		row := marks[y*w:][:w]
		for x := 1; x < w; x++ {
			row[x] += row[x-1]
		}
		if y > 0 {
			above := marks[(y-1)*w:][:w]
			for x := range row {
				row[x] += above[x]
			}
		}
	}
	return marks
}

func sameBits(a, b []float32) bool {
	for i, v := range a {
		if math.Float32bits(v) != math.Float32bits(b[i]) {
			return false
		}
	}
	return true
}
