package session

// This file lays a picture open. Of a large one it shows what there is: the original at once, then what is on the
// screen, and the rest as it is made.

import (
	"context"
	"image"
	"math"
	"slices"
	"time"

	"sieve/model"
	"sieve/model/tensor"
)

const (
	glimpse     = 200 * time.Millisecond // between what is shown of a picture that is being laid open, at least
	showing     = 5                      // … and so many times as long as it takes to show it
	mostAtFirst = 2 << 20                // pixels on the screen that are made before their turn comes, at most
)

// An opening is a picture that is being laid open.
type opening struct {
	*exploring
	ctx    context.Context
	latent *tensor.Tensor // what there is of it; the rest is NaN. What is shown of it is not changed
	again  time.Time      // when there is something to be shown; zero for a small picture, of which nothing is before the end

	z, y   *tensor.Tensor  // of the model, which fills them
	fresh  image.Rectangle // pixels that they have got and we have not
	looked image.Rectangle // what was on the screen when that was made before its turn
}

// layOpen opens a picture with a model. One whose latent is one cell is given a digit in place of a sample.
func (s *Session) layOpen(ctx context.Context, l loaded, picture *presented, sample bool, digit uint64) (*exploring, error) {
	t := s.begin("Laying the picture open")
	defer t.end()
	l, err := s.explored(l)
	if err != nil {
		return nil, err
	}
	in, drawn := inChannels(picture.Pix, l.m.Spec.Channels), sample && oneCell(l.m.Spec)
	if drawn {
		if in, err = digitFor(ctx, l.m.Spec, digit); err != nil {
			return nil, err
		}
	}
	_, h, w, _ := in.Dims4()
	x := &exploring{s: s, model: l, picture: picture.version, digit: digit, asked: s.o.Now()}
	x.ex = exploreOf(l)
	x.ex.Drawn = drawn
	x.ex.Version, x.ex.Opening, x.ex.Original, x.ex.Before, x.ex.fields = s.ticket(), true, in, newTiles(w, h), l.m.Spec.Fields(h, w)
	for c := range l.m.Spec.Numbers() {
		x.ex.Channels, x.ex.Order = append(x.ex.Channels, ChannelFacts{Share: nan, Loss: nan}), append(x.ex.Order, c)
	}
	n := l.m.Cell()
	o := &opening{exploring: x, ctx: ctx, latent: missing(1, (h+n-1)/n, (w+n-1)/n, l.m.Spec.Numbers())}
	if h*w > smallPixels {
		o.show()
	}
	x.out = missing(in.Shape...)
	x.level = levelOf(l.m, in)
	o.lookFirst()
	if x.o, err = l.m.Open(ctx, in, x.level, 0, o.made, t.report); err != nil {
		return nil, err
	}
	o.take()
	if mend(x.out).Broken > 0 { // the model itself is wild
		c, err := x.o.Decode(ctx, x.o.Latent(), model.Rect{Bottom: h, Right: w}, x.out, nil)
		if err != nil {
			return nil, err
		}
		x.ex.Before = x.ex.Before.with(x.out, rectOf(c.Where), s.ticket)
		x.cut(c)
	}
	x.e = newEditable(x.o.Latent())
	x.changes = make([]uint64, len(x.e.low))
	x.ex.Opening, x.ex.After, x.ex.Decoding = false, x.ex.Before, s.o.Now().Sub(x.asked)
	x.ex.PSNR = x.psnr()
	x.ex.Plain = x.ex.PSNR
	x.e.all()
	x.look()
	o.publish()
	return x, nil
}

// missing is a tensor of which nothing is there.
func missing(shape ...int) *tensor.Tensor {
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(math.NaN())
	}
	return t
}

// made is told of pixels by the model.
func (o *opening) made(z, y *tensor.Tensor, px model.Rect) {
	r := rectOf(px)
	if r.Min.X != o.fresh.Min.X || r.Max.X != o.fresh.Max.X {
		o.take() // it goes on elsewhere
	}
	o.z, o.y, o.fresh = z, y, o.fresh.Union(r)
	if !o.again.IsZero() && o.s.o.Now().After(o.again) {
		began := o.s.o.Now()
		o.take()
		o.show()
		now := o.s.o.Now()
		o.again = now.Add(max(glimpse, showing*now.Sub(began)))
		o.lookFirst()
	}
}

// take takes over what the model has made.
func (o *opening) take() {
	if !o.fresh.Empty() {
		o.put(o.z, o.y, o.fresh, image.Point{})
		o.fresh = image.Rectangle{}
	}
}

// put takes over pixels, and the cells that they lie in, of a part of the picture that begins somewhere, with a cell.
func (o *opening) put(z, y *tensor.Tensor, r image.Rectangle, at image.Point) {
	copyRect(o.out, y, r, image.Point{}, at)
	o.ex.Before = o.ex.Before.with(o.out, r, o.s.ticket)
	if o.latent == o.ex.Latent {
		o.latent = o.latent.Clone()
	}
	cells := o.cells(r)
	copyRect(o.latent, z, cells, image.Point{}, at.Div(o.ex.Cell))
	facts, version := slices.Clone(o.ex.Channels), o.s.ticket() // others hold those before
	_, _, w, n := o.latent.Dims4()
	for i := cells.Min.Y; i < cells.Max.Y; i++ {
		for j := cells.Min.X; j < cells.Max.X; j++ {
			for c, v := range o.latent.Data[(i*w+j)*n:][:n] {
				f := &facts[c]
				if f.Version == 0 { // it is the first
					f.Low, f.High = v, v
				}
				f.Low, f.High, f.Version = min(f.Low, v), max(f.High, v), version
			}
		}
	}
	o.ex.Channels = facts
}

// lookFirst makes what is on the screen before its turn comes, unless it is there or would take long itself.
func (o *opening) lookFirst() {
	o.s.mu.Lock()
	seen := o.s.explorer.seen.Intersect(image.Rect(0, 0, o.ex.Before.Width, o.ex.Before.Height))
	o.s.mu.Unlock()
	if o.again.IsZero() || seen.Empty() || seen == o.looked || seen.Dx()*seen.Dy() > mostAtFirst || o.has(seen) {
		return
	}
	z, y, of, err := o.model.m.LookIn(o.ctx, o.ex.Original, o.level, modelRect(seen))
	if err != nil {
		return
	}
	o.looked = seen
	r := rectOf(of)
	o.put(z, y, r, r.Min)
	o.show()
}

// has reports whether the corners of a rectangle are there.
func (o *opening) has(r image.Rectangle) bool {
	_, _, w, c := o.out.Dims4()
	for _, p := range []image.Point{r.Min, {r.Max.X - 1, r.Min.Y}, {r.Min.X, r.Max.Y - 1}, r.Max.Sub(image.Pt(1, 1))} {
		if v := o.out.Data[(p.Y*w+p.X)*c]; v != v {
			return false
		}
	}
	return true
}

// show shows what there is.
func (o *opening) show() {
	o.ex.After, o.ex.Edited = o.ex.Before, o.s.ticket()
	o.ex.Latent = o.latent
	o.publish()
	o.again = o.s.o.Now()
}

// publish shows the picture, if it is still the one that is wanted.
func (o *opening) publish() {
	s := o.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.ctx.Err() == nil && s.explorer.model.version == o.model.version {
		s.explorer.ops, s.explorer.told = nil, o.model.version
		s.publish(func(st *State) {
			o.ex.Picture = st.Picture.Name
			st.Explore = o.ex
		})
	}
}
