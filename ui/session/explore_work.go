package session

// This file is the goroutine of the page Explore.

import (
	"bytes"
	"context"
	"image"
	"math"
	"path/filepath"
	"slices"
	"time"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
)

// explore opens the picture with the model that is wanted, does what is to be done to its latent, decodes
// what has changed, and measures what channels contribute when nothing else is to be done.
func (s *Session) explore() {
	var x *exploring
	for {
		select {
		case <-s.explorer.wake:
		case <-s.ctx.Done():
			return
		}
		for again := true; again && s.ctx.Err() == nil; {
			x, again = s.exploreRound(x)
		}
	}
}

// exploreRound does the next thing, and says whether there may be another.
func (s *Session) exploreRound(x *exploring) (*exploring, bool) {
	s.mu.Lock()
	e := &s.explorer
	if !e.on || s.press.picture == nil {
		s.mu.Unlock()
		return x, false
	}
	want, picture, seen := e.model, s.press.picture, e.seen
	ctx, cancel := context.WithCancel(s.ctx)
	rest, hurry := context.WithCancel(ctx)
	e.leave, e.hurry = cancel, hurry
	var ops []func(*exploring) image.Rectangle
	stale := x == nil || x.model.version != want.version || x.picture != picture.version
	if !stale {
		ops, e.ops = e.ops, nil
		x.asked = s.o.Now()
	}
	s.mu.Unlock()
	defer cancel()
	switch {
	case stale:
		opened, err := s.layOpen(ctx, want, picture)
		if ctx.Err() != nil {
			return x, true
		}
		if err != nil {
			s.fail(err)
			s.giveUp(x, want)
			return x, x != nil
		}
		return opened, true
	case len(ops) > 0:
		x.do(ctx, ops, seen)
		return x, true
	case len(x.stale) > 0:
		return x, x.catchUp(ctx, rest, seen)
	}
	return x, x.measure(rest)
}

// giveUp goes back to the model that was there before one that cannot be used, if there was any.
func (s *Session) giveUp(x *exploring, bad loaded) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.explorer.model.version == bad.version {
		s.explorer.model = loaded{name: DefaultExplorer, version: s.next()}
		if x != nil {
			s.explorer.model = x.model
		}
		s.kickNetwork(true)
		s.kickMix()
		s.remap()
	}
}

// ExploreModels are the names of the shipped models that can be explored, the one to begin with first.
func ExploreModels() []string {
	names := append(Models(), CodecModel, assets.Digits)
	i := slices.Index(names, DefaultExplorer)
	return slices.Insert(slices.Delete(names, i, i+1), 0, DefaultExplorer)
}

// exploreModel reads a model that is to be explored.
func exploreModel(l loaded) (loaded, error) {
	if l.m != nil {
		return l, nil
	}
	if l.name == CodecModel {
		b, _ := assets.Codec()
		m, err := model.Read(bytes.NewReader(b))
		if err != nil {
			return l, imageio.FileError{Path: CodecModel, Err: err}
		}
		l.m, l.info.Name = m, CodecModel
	} else {
		m, title, err := LoadModel(l.name)
		if err != nil {
			return l, err
		}
		l.m, l.info.Name = m, title
		if !slices.Contains(ExploreModels(), title) {
			l.info.Path = l.name
		}
	}
	l.info.Spec, l.info.Count, l.info.Info, l.info.Version = l.m.Spec, l.m.Count(), l.m.Info, l.version
	return l, nil
}

// layOpen opens a picture with a model.
func (s *Session) layOpen(ctx context.Context, l loaded, picture *presented) (*exploring, error) {
	t := s.begin("Laying the picture open")
	defer t.end()
	l, err := exploreModel(l)
	if err != nil {
		return nil, err
	}
	in := inChannels(picture.Pix, l.m.Spec.Channels)
	x := &exploring{s: s, model: l, picture: picture.version, x: in, level: levelOf(l.m, in), asked: s.o.Now()}
	if x.o, err = l.m.Open(ctx, in, x.level, 0, t.report); err != nil {
		return nil, err
	}
	_, h, w, _ := in.Dims4()
	x.out = x.o.Made().Clone()
	x.e = newEditable(x.o.Latent())
	x.loss, x.changes = make([]float64, len(x.e.low)), make([]uint64, len(x.e.low))
	for i := range x.loss {
		x.loss[i] = nan
	}
	fields := l.m.Spec.Fields(h, w)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.explorer.model.version != l.version {
		return x, nil
	}
	x.before = newTiles(w, h).with(x.out, image.Rect(0, 0, w, h), s.next)
	x.after = x.before
	plain := x.psnr()
	s.explorer.model, s.explorer.ops = l, nil
	s.publish(func(st *State) {
		st.Explore = Explore{Model: l.info, Picture: st.Picture.Name, Version: s.next(), Original: in, Before: x.before, After: x.after, Was: x.o.Latent(), Cell: l.m.Cell(),
			Skips: !l.m.Generates(), Connections: l.m.Spec.Connections(), PSNR: plain, Plain: plain, Decoding: s.o.Now().Sub(x.asked), fields: fields}
		x.version = st.Explore.Version
		for i := range x.changes {
			x.changes[i] = s.next()
		}
		x.fill(&st.Explore)
	})
	return x, nil
}

// do does what was asked for, and shows what becomes of the part that is on the screen.
func (x *exploring) do(ctx context.Context, ops []func(*exploring) image.Rectangle, seen image.Rectangle) {
	var dirty image.Rectangle
	for _, op := range ops {
		dirty = dirty.Union(op(x))
	}
	var c model.Change
	if !dirty.Empty() {
		var err error
		if c, err = x.follow(ctx, dirty, x.window(seen)); err != nil {
			return
		}
	}
	x.show(func(ex *Explore) {
		for _, c := range x.e.touched() {
			x.changes[c] = x.s.next()
		}
		x.fill(ex)
		x.written(ex, c)
	})
}

// smallPixels is how large a picture is at most that is decoded as a whole, whatever of it is on the screen.
const smallPixels = 1 << 20

// window is what of the picture is decoded at once.
func (x *exploring) window(seen image.Rectangle) image.Rectangle {
	all := x.whole()
	if seen = seen.Intersect(all); all.Dx()*all.Dy() <= smallPixels || seen.Empty() {
		return all
	}
	return seen
}

// whole is all of the picture.
func (x *exploring) whole() image.Rectangle { return image.Rect(0, 0, x.x.Shape[2], x.x.Shape[1]) }

// follow decodes what has changed with cells, within a window. What lies beyond it is behind now.
func (x *exploring) follow(ctx context.Context, cells, window image.Rectangle) (model.Change, error) {
	if x.skips != x.e.dials.Skips {
		x.skips = x.e.dials.Skips
		for k := range x.model.m.Spec.Connections() {
			x.o.Dial(k, float32(1-x.skips))
		}
		x.stale = outside(x.whole(), window)
		return x.o.Decode(ctx, x.e.now, modelRect(window), x.out, nil)
	}
	c, err := x.o.Edit(ctx, x.e.now, modelRect(cells), modelRect(window), x.out)
	if window != x.whole() {
		for _, r := range outside(x.reach(cells), window) {
			x.stale = addRect(x.stale, r)
		}
	}
	return c, err
}

// reach is which pixels some cells can change.
func (x *exploring) reach(cells image.Rectangle) image.Rectangle {
	h, w := x.e.whole().Dy(), x.e.whole().Dx()
	f := x.model.m.Spec.Fields(x.x.Shape[1], x.x.Shape[2])
	a := f.Shown(min(max(cells.Min.Y, 0), h-1), min(max(cells.Min.X, 0), w-1))
	b := f.Shown(min(max(cells.Max.Y-1, 0), h-1), min(max(cells.Max.X-1, 0), w-1))
	return rectOf(a.Union(b))
}

// outside is what of a rectangle lies outside another: above, below, left and right of it.
func outside(all, inner image.Rectangle) (rest []image.Rectangle) {
	in := all.Intersect(inner)
	if in.Empty() {
		if all.Empty() {
			return nil
		}
		return []image.Rectangle{all}
	}
	for _, r := range []image.Rectangle{
		{all.Min, image.Pt(all.Max.X, in.Min.Y)}, {image.Pt(all.Min.X, in.Max.Y), all.Max},
		{image.Pt(all.Min.X, in.Min.Y), image.Pt(in.Min.X, in.Max.Y)}, {image.Pt(in.Max.X, in.Min.Y), image.Pt(all.Max.X, in.Max.Y)},
	} {
		if !r.Empty() {
			rest = append(rest, r)
		}
	}
	return rest
}

// addRect adds a rectangle to others: to the last where they overlap.
func addRect(all []image.Rectangle, r image.Rectangle) []image.Rectangle {
	if n := len(all); n > 0 && all[n-1].Overlaps(r) {
		all[n-1] = all[n-1].Union(r)
		return all
	}
	return append(all, r)
}

// written shows pixels that were decoded. s.mu is held.
func (x *exploring) written(ex *Explore, c model.Change) {
	if r := rectOf(c.Pixels); !r.Empty() {
		x.after = x.after.with(x.out, r, x.s.next)
		ex.Decoding = x.s.o.Now().Sub(x.asked)
	}
	ex.After, ex.Pending = x.after, len(x.stale) > 0
	ex.Wild, ex.WildAt = c.Broken, rectOf(c.Where)
	ex.PSNR = x.psnr()
}

// Lengths of what is done when nobody waits.
const (
	quiet      = 700 * time.Millisecond // after which the rest of a large picture is decoded
	mostAtOnce = 1024                   // pixels a side that are decoded then at a time
)

// catchUp decodes what is behind: what is on the screen at once, and the rest when nothing else is to be done.
func (x *exploring) catchUp(ctx, rest context.Context, seen image.Rectangle) bool {
	window := x.window(seen)
	next := image.Rectangle{}
	for _, r := range x.stale {
		if r.Overlaps(window) {
			next = window
		}
	}
	if next.Empty() {
		select {
		case <-rest.Done():
			return x.s.ctx.Err() == nil
		case <-time.After(quiet):
		}
		r := x.stale[len(x.stale)-1]
		next = image.Rectangle{r.Min, image.Pt(min(r.Max.X, r.Min.X+mostAtOnce), min(r.Max.Y, r.Min.Y+mostAtOnce))}
	}
	c, err := x.o.Decode(ctx, x.e.now, modelRect(next), x.out, nil)
	if err != nil {
		return x.s.ctx.Err() == nil
	}
	var left []image.Rectangle
	for _, r := range x.stale {
		left = append(left, outside(r, next)...)
	}
	x.stale = left
	x.show(func(ex *Explore) { x.written(ex, c) })
	return true
}

// show publishes a change, if the picture is still the one that is explored.
func (x *exploring) show(change func(ex *Explore)) {
	s := x.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Explore.Version == x.version {
		s.publish(func(st *State) { change(&st.Explore) })
	}
}

// fill writes what the latent is now. s.mu is held.
func (x *exploring) fill(ex *Explore) {
	e := x.e
	ex.Latent, ex.Edited = e.now.Clone(), x.s.next()
	ex.Channels = make([]ChannelFacts, len(e.low))
	sum := 0.0
	ex.Measured = 0
	for _, v := range x.loss {
		if !math.IsNaN(v) {
			sum += v
			ex.Measured++
		}
	}
	for c := range ex.Channels {
		f := ChannelFacts{Low: e.low[c], High: e.high[c], Mean: e.mean[c], Spread: e.spread[c], Share: nan, Loss: x.loss[c], Version: x.changes[c]}
		if ex.Measured == len(x.loss) && sum > 0 {
			f.Share = x.loss[c] / sum
		}
		ex.Channels[c] = f
	}
	ex.Order = slices.Clone(e.ranking())
	ex.Dials, ex.Undo, ex.Redo = e.dials, len(e.past), len(e.future)
	if e.open != nil && len(e.open.patches) > 0 {
		ex.Undo++
	}
	h, w, n := e.dims()
	ex.Directions = 0
	if h*w > 1 {
		ex.Directions = min(n, mostDirections, h*w-1)
	}
	ex.BitsPerPixel = e.bits() / float64(ex.After.pixels(x.x))
	ex.Changed = 0
	for i, v := range e.now.Data {
		if v != e.was.Data[i] {
			ex.Changed++
		}
	}
	ex.Other = x.otherName
}

// psnr is how near the picture that is decoded is to the one that was opened. Only tiles that have changed are
// looked at again.
func (x *exploring) psnr() float64 {
	if x.errors == nil {
		x.errors, x.judged = make([]float64, len(x.after.Parts)), make([]uint64, len(x.after.Parts))
	}
	_, _, w, c := x.x.Dims4()
	sum := 0.0
	for i, part := range x.after.Parts {
		if v := x.after.Versions[i]; x.judged[i] != v {
			x.judged[i], x.errors[i] = v, 0
			r := x.after.Rect(i)
			for y := range r.Dy() {
				a, b := x.x.Data[((r.Min.Y+y)*w+r.Min.X)*c:][:r.Dx()*c], part.Data[y*r.Dx()*c:]
				for k, v := range a {
					d := float64(v - b[k])
					x.errors[i] += d * d
				}
			}
		}
		sum += x.errors[i]
	}
	return 10 * math.Log10(float64(len(x.x.Data))/sum)
}

// openOther opens a picture whose code can be borrowed.
func (x *exploring) openOther(path string) error {
	p, err := openPicture(x.s.ctx, path, x.s.o.Limits)
	if err != nil {
		return err
	}
	in := inChannels(p.Pix, x.model.m.Spec.Channels)
	z, err := x.model.m.Features(x.s.ctx, in, levelOf(x.model.m, in), nil)
	if err != nil {
		return err
	}
	x.other, x.otherName = z, filepath.Base(path)
	return nil
}

// measure finds what the channels contribute, unless that is known, and says whether there may be more to do.
func (x *exploring) measure(ctx context.Context) bool {
	if !math.IsNaN(x.loss[len(x.loss)-1]) {
		return false
	}
	loss := make([]float64, len(x.loss))
	shown := x.s.o.Now()
	_, err := x.model.m.Worth(ctx, x.x, nil, x.level, func(c int, v float64) {
		loss[c] = v
		if now := x.s.o.Now(); now.Sub(shown) > 100*time.Millisecond {
			shown = now
			x.show(func(ex *Explore) { ex.Measured = c + 1 })
		}
	})
	if err != nil {
		return x.s.ctx.Err() == nil
	}
	x.loss = loss
	x.e.rank(loss)
	var dirty image.Rectangle
	if x.e.dials.Strongest > 0 { // which are the strongest is known only now
		dirty = x.e.dial(x.e.whole())
		if _, err := x.follow(ctx, dirty, x.whole()); err != nil {
			x.stale = []image.Rectangle{x.whole()}
		}
	}
	x.show(func(ex *Explore) {
		x.fill(ex)
		if !dirty.Empty() {
			x.written(ex, model.Change{Pixels: modelRect(x.whole())})
		}
	})
	return true
}
