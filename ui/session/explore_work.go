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
// what has changed, and measures what channels contribute when nothing else is to be done; all of it while
// the part Channels is in front. While another part is, it says which model that has.
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
	want, picture, seen, sample, digit := e.model, s.press.picture, e.seen, s.state.Picture.shipped(), e.digit
	switch told := e.told == want.version; {
	case !e.page || !e.on && told || e.on && picture == nil:
		s.mu.Unlock()
		return x, false
	case !e.on:
		s.mu.Unlock()
		if err := s.tellModel(want); err != nil {
			s.fail(err)
			return x, s.giveUp(want)
		}
		if x != nil && x.model.version != want.version {
			x = nil // it is large
		}
		return x, true
	}
	ctx, cancel := context.WithCancel(s.ctx)
	rest, hurry := context.WithCancel(ctx)
	e.leave, e.hurry = cancel, hurry
	var ops []func(*exploring) image.Rectangle
	stale := x == nil || x.model.version != want.version || x.picture != picture.version || x.ex.Drawn && x.digit != digit
	if !stale {
		ops, e.ops = e.ops, nil
		x.asked = s.o.Now()
	}
	s.mu.Unlock()
	defer cancel()
	switch {
	case stale:
		opened, err := s.layOpen(ctx, want, picture, sample, digit)
		if ctx.Err() != nil {
			return x, true
		}
		if err != nil {
			s.fail(err)
			return x, s.giveUp(want)
		}
		return opened, true
	case len(ops) > 0:
		x.do(ctx, ops, seen)
		return x, true
	case len(x.stale) > 0:
		return x, x.catchUp(ctx, rest, seen)
	}
	if !x.sought {
		x.sought = true
		x.e.fit()
		x.ex.Shares = sharesOf(x.e.pca)
		x.show()
		return x, true
	}
	return x, x.measure(rest)
}

// giveUp goes back to the last model that could be read from one that cannot, and says whether there was any.
func (s *Session) giveUp(bad loaded) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &s.explorer
	if e.model.version != bad.version {
		return true // another has been chosen
	}
	if e.model = e.good; e.good.m == nil {
		e.model = loaded{name: DefaultExplorer, version: s.next()}
	}
	s.kickNetwork(true)
	s.kickMix()
	s.remap()
	return e.good.m != nil
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
		if l.info.ID == "" {
			l.info.ID = l.m.ID()
		}
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
	l.info.ID = l.m.ID()
	l.info.Spec, l.info.Count, l.info.Info, l.info.Version = l.m.Spec, l.m.Count(), l.m.Info, l.version
	return l, nil
}

// explored reads the model of the page, unless another part of it has.
func (s *Session) explored(l loaded) (loaded, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	s.mu.Lock()
	if now := s.explorer.model; now.version == l.version {
		l = now
	}
	s.mu.Unlock()
	l, err := exploreModel(l)
	if err != nil {
		return l, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.explorer.model.version == l.version {
		s.explorer.model, s.explorer.good = l, l
	}
	return l, nil
}

// tellModel says which model the page has. What was laid open by another is gone with that.
func (s *Session) tellModel(l loaded) error {
	l, err := s.explored(l)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.explorer.model.version == l.version {
		s.explorer.told = l.version
		s.publish(func(st *State) { st.Explore = exploreOf(l) })
	}
	return nil
}

// exploreOf is what is known before anything is laid open.
func exploreOf(l loaded) Explore {
	return Explore{Model: l.info, Cell: l.m.Cell(), Skips: !l.m.Generates(), Connections: l.m.Spec.Connections(), PSNR: nan, Plain: nan, BitsPerPixel: nan}
}

// do does what was asked for, and shows what becomes of the part that is on the screen.
func (x *exploring) do(ctx context.Context, ops []func(*exploring) image.Rectangle, seen image.Rectangle) {
	var dirty image.Rectangle
	x.ctx = ctx
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
	x.look()
	x.written(c)
	x.show()
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
func (x *exploring) whole() image.Rectangle {
	return image.Rect(0, 0, x.ex.After.Width, x.ex.After.Height)
}

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
	last := x.e.whole().Max.Sub(image.Pt(1, 1))
	shown := func(p image.Point) image.Rectangle {
		return x.ex.Reaches(min(max(p.X, 0), last.X), min(max(p.Y, 0), last.Y))
	}
	return shown(cells.Min).Union(shown(cells.Max.Sub(image.Pt(1, 1))))
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

// written takes over pixels that were decoded.
func (x *exploring) written(c model.Change) {
	ex := &x.ex
	if r := rectOf(c.Pixels); !r.Empty() {
		ex.After = ex.After.with(x.out, r, x.s.ticket)
		ex.Decoding = x.s.o.Now().Sub(x.asked)
	}
	ex.Pending = len(x.stale) > 0
	x.cut(c)
	ex.PSNR = x.psnr()
}

// cut tells of numbers that were cut. Where they are is told in rectangles that do not overlap.
func (x *exploring) cut(c model.Change) {
	written, at := rectOf(c.Pixels), rectOf(c.Where)
	x.ex.Wild = x.o.Cut()
	parts := slices.DeleteFunc(slices.Clone(x.ex.WildAt), func(r image.Rectangle) bool { return x.ex.Wild == 0 || r.In(written) })
	for i := 0; i < len(parts); i++ {
		if parts[i].Overlaps(at) {
			at = at.Union(parts[i])
			parts = slices.Delete(parts, i, i+1)
			i = -1 // it is larger now
		}
	}
	if !at.Empty() {
		parts = append(parts, at)
	}
	x.ex.WildAt = slices.Clip(parts)
	if len(parts) == 0 {
		x.ex.WildAt = nil
	}
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
	x.written(c)
	x.show()
	return true
}

// show publishes what has become of the picture, if it is still the one that is explored.
func (x *exploring) show() {
	x.s.update(func(st *State) {
		if st.Explore.Version == x.ex.Version {
			st.Explore = x.ex
		}
	})
}

// look takes over what the latent is now.
func (x *exploring) look() {
	e, ex := x.e, &x.ex
	for _, c := range e.touched() {
		x.changes[c] = x.s.ticket()
	}
	ex.Latent, ex.Edited = e.now.Clone(), x.s.ticket()
	ex.Channels = make([]ChannelFacts, len(e.low))
	ex.Measured = len(x.loss)
	sum := 0.0
	for _, v := range x.loss {
		sum += v
	}
	for c := range ex.Channels {
		f := ChannelFacts{Low: e.low[c], High: e.high[c], Share: nan, Loss: nan, Version: x.changes[c]}
		if x.loss != nil {
			f.Loss = x.loss[c]
		}
		if sum > 0 {
			f.Share = f.Loss / sum
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
	ex.BitsPerPixel = e.bits() / float64(ex.After.Width*ex.After.Height)
	ex.Changed = 0
	for i, v := range e.now.Data {
		if was := e.was.Data[i]; v != was && (v == v || was == was) {
			ex.Changed++
		}
	}
}

// psnr is how near the picture that is decoded is to the one that was opened. Only tiles that have changed are
// looked at again.
func (x *exploring) psnr() float64 {
	if x.errors == nil {
		x.errors, x.judged = make([]float64, len(x.ex.After.Parts)), make([]uint64, len(x.ex.After.Parts))
	}
	_, _, w, c := x.ex.Original.Dims4()
	sum := 0.0
	for i, part := range x.ex.After.Parts {
		if v := x.ex.After.Versions[i]; x.judged[i] != v {
			x.judged[i], x.errors[i] = v, 0
			r := x.ex.After.Rect(i)
			for y := range r.Dy() {
				a, b := x.ex.Original.Data[((r.Min.Y+y)*w+r.Min.X)*c:][:r.Dx()*c], part.Data[y*r.Dx()*c:]
				for k, v := range a {
					d := float64(v - b[k])
					x.errors[i] += d * d
				}
			}
		}
		sum += x.errors[i]
	}
	return 10 * math.Log10(float64(len(x.ex.Original.Data))/sum)
}

// openOther opens a picture whose code can be borrowed.
func (x *exploring) openOther(path string) error {
	p, err := openPicture(x.ctx, path, x.s.o.Limits)
	if err != nil {
		return err
	}
	in := inChannels(p.Pix, x.model.m.Spec.Channels)
	z, err := x.model.m.Features(x.ctx, in, levelOf(x.model.m, in), nil)
	if err != nil {
		return err
	}
	x.other, x.ex.Other = z, filepath.Base(path)
	return nil
}

// measure finds what the channels contribute, unless that is known, and says whether there may be more to do.
func (x *exploring) measure(ctx context.Context) bool {
	if x.loss != nil {
		return false
	}
	shown := x.s.o.Now()
	loss, err := x.o.Worth(ctx, nil, func(c int, _ float64) {
		if now := x.s.o.Now(); now.Sub(shown) > 100*time.Millisecond {
			shown = now
			x.ex.Measured = c + 1
			x.show()
		}
	})
	if err != nil {
		return x.s.ctx.Err() == nil
	}
	x.loss = loss
	x.e.rank(loss)
	if x.e.dials.Strongest > 0 { // which are the strongest is known only now
		c, err := x.follow(ctx, x.e.dial(x.e.whole()), x.whole())
		if err != nil {
			x.stale = []image.Rectangle{x.whole()}
		}
		x.written(c)
	}
	x.look()
	x.show()
	return true
}
