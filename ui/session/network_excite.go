package session

// This file finds what the channels of a network look for: their kernels, and the parts of pictures that excite
// them most.

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"time"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// MostPatches is how many parts of pictures are shown of a channel at most.
const MostPatches = 9

// Excited is what excites the channels of a layer.
type Excited struct {
	Version uint64 // of Kernels; 0: none yet
	model.Site
	Kernels  []*tensor.Tensor // of each channel, (1, k, k, C); mid-grey is 0. nil where the site sees neither the picture nor what is missing of it
	Data     string           // that is looked through
	Done, Of int              // pictures of it
	Bad      int              // that cannot be read
	Channel  int
	Patches  []Excitement // of that channel, the greatest number first
	Why      Sentence     // why there are none
	Serial   uint64       // of Patches
}

// An Excitement is a part of a picture that excites a channel.
type Excitement struct {
	Pixels *tensor.Tensor  // what the number depends on with what is around it, made smaller where it is large
	Where  image.Rectangle // in the picture
	Seen   image.Rectangle // in Pixels: what the number depends on; empty: all of it
	Name   string          // of the picture
	Value  float32
}

// exciteWork is what is known of what excites a layer.
type exciteWork struct {
	site    model.Site
	data    string
	kernels bool // are there for site
	peaks   [][]model.Peak
	found   bool // peaks are those of all pictures
	list    *album
	channel int
	cut     map[model.Peak]Excitement // of channel
}

// Sizes of what is looked through.
const (
	pieceSide    = 128  // of the pieces that samples are cut into
	lookedSide   = 512  // of what is looked at of a picture of a folder: its middle
	mostLooked   = 2000 // pictures
	patchSide    = 96   // of a part that is shown, at most
	patchLeast   = 24   // … and at least: what is smaller says nothing without what is around it
	exciteAgain  = 250 * time.Millisecond
	usualDigits  = "builtin:digits:500"
	usualLetters = "builtin:letters:500"
)

// ExciteSources are the sets that the program draws by itself.
var ExciteSources = [...]string{usualDigits, usualLetters}

// An album is pictures in an order, each of which can be had again.
type album struct {
	names []string
	open  func(ctx context.Context, i int) (*tensor.Tensor, error)
}

// excite finds what excites the layer that is wanted, unless that is known.
func (w *netWork) excite(ctx context.Context, report model.Report) error {
	want, k := w.want(), &w.excited
	if k.site != want.Site || k.data != want.Data {
		*k = exciteWork{site: want.Site, data: want.Data}
	}
	if !k.kernels {
		kernels := w.kernels()
		k.kernels = w.show(ctx, func(n *Network) {
			n.Excited = Excited{Version: w.s.next(), Site: want.Site, Kernels: kernels, Data: want.Data}
		})
	}
	if !k.found {
		if err := w.look(ctx, want, report); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !w.show(ctx, func(n *Network) { n.Excited.Why, n.Excited.Patches = Explain(err), nil }) {
				return ctx.Err()
			}
		}
		k.found = true
	}
	return w.showPatches(ctx)
}

// look goes through pictures.
func (w *netWork) look(ctx context.Context, want Probing, report model.Report) error {
	k := &w.excited
	var err error
	if k.list, err = w.album(ctx, want.Data); err != nil {
		return err
	}
	all, order, bad := len(k.list.names), []int{}, 0
	var trouble error
	stream := func(yield func(*tensor.Tensor, error) bool) {
		for i := range all {
			x, err := k.list.open(ctx, i)
			if ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			if err != nil {
				if bad++; trouble == nil {
					trouble = err
				}
				continue
			}
			order = append(order, i)
			if !yield(x, nil) {
				return
			}
		}
	}
	shown := w.s.o.Now()
	peaks, err := w.model.m.Excite(ctx, stream, w.siteOf(want), MostPatches, func(x *tensor.Tensor) float64 { return levelOf(w.model.m, x) }, func(i int, so [][]model.Peak) {
		report(order[i]+1, all)
		if now := w.s.o.Now(); now.Sub(shown) > exciteAgain {
			shown = now
			k.peaks = inOrder(so, order)
			w.show(ctx, func(n *Network) { n.Excited.Done, n.Excited.Of, n.Excited.Bad = order[i]+1, all, bad })
			w.showPatches(ctx) // an error is found again at the end
		}
	})
	if err != nil {
		return w.named(err)
	}
	if len(order) == 0 {
		return noneRead(want.Data, trouble)
	}
	k.peaks = inOrder(peaks, order)
	w.show(ctx, func(n *Network) { n.Excited.Done, n.Excited.Of, n.Excited.Bad = all, all, bad })
	return ctx.Err()
}

// named is an error of the model with its name.
func (w *netWork) named(err error) error {
	if errors.Is(err, model.ErrWatch) {
		return imageio.FileError{Path: w.model.info.Name, Err: err}
	}
	return err
}

// inOrder copies peaks, whose pictures get their numbers in the album.
func inOrder(so [][]model.Peak, order []int) [][]model.Peak {
	out := make([][]model.Peak, len(so))
	for c, peaks := range so {
		out[c] = slices.Clone(peaks)
		for i := range out[c] {
			out[c][i].Picture = order[out[c][i].Picture]
		}
	}
	return out
}

// showPatches cuts out what excites the channel that is wanted.
func (w *netWork) showPatches(ctx context.Context) error {
	k, channel := &w.excited, w.want().Channel
	if channel < 0 || channel >= len(k.peaks) {
		return ctx.Err()
	}
	if k.cut == nil || k.channel != channel {
		k.channel, k.cut = channel, map[model.Peak]Excitement{}
	}
	cut := map[model.Peak]Excitement{}
	var patches []Excitement
	for _, p := range k.peaks[channel] {
		e, ok := k.cut[p]
		if !ok {
			x, err := k.list.open(ctx, p.Picture)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				continue // it has gone since
			}
			e = excitement(x, rectOf(p.Seen))
			e.Name, e.Value = k.list.names[p.Picture], p.Value
		}
		cut[p] = e
		patches = append(patches, e)
	}
	k.cut = cut
	w.show(ctx, func(n *Network) {
		n.Excited.Channel, n.Excited.Patches, n.Excited.Serial = channel, patches, w.s.next()
	})
	return ctx.Err()
}

// excitement cuts a part out of a picture.
func excitement(x *tensor.Tensor, seen image.Rectangle) Excitement {
	around := func(from, end, n int) (int, int) {
		if side := min(max(end-from, patchLeast), n); side > end-from {
			from = min(max((from+end-side)/2, 0), n-side)
			end = from + side
		}
		return from, end
	}
	x0, x1 := around(seen.Min.X, seen.Max.X, x.Shape[2])
	y0, y1 := around(seen.Min.Y, seen.Max.Y, x.Shape[1])
	where := image.Rect(x0, y0, x1, y1)
	e := Excitement{Pixels: smaller(cutOut(x, where), patchSide), Where: where}
	if where != seen && e.Pixels.Shape[1] == where.Dy() {
		e.Seen = seen.Sub(where.Min)
	}
	return e
}

// album is what is looked through: what is named, or what suits the model.
func (w *netWork) album(ctx context.Context, data string) (*album, error) {
	spec := w.model.m.Spec
	if data == "" && !oneCell(spec) {
		return w.pieces(ctx)
	}
	if data == "" {
		data = usualDigits
	}
	name, count := builtinCount(data)
	g, err := OpenGallery(ctx, []string{name}, GalleryOptions{Channels: spec.Channels, Count: count, Seed: 1, Limits: w.s.o.Limits})
	if err != nil {
		return nil, err
	}
	return &album{names: g.Names[:min(len(g.Names), mostLooked)], open: func(ctx context.Context, i int) (*tensor.Tensor, error) {
		x, err := g.One(ctx, g.Names[i])
		if err != nil {
			return nil, err
		}
		if oneCell(spec) {
			return imageio.Fit(x, spec.Crop, spec.Crop), nil
		}
		return centre(x, lookedSide), nil
	}}, nil
}

// pieces are the samples, cut into squares.
func (w *netWork) pieces(ctx context.Context) (*album, error) {
	a := &album{}
	var all []*tensor.Tensor
	for i := range assets.Samples() {
		p, err := source{sample: i}.open(ctx, w.s.o.Limits)
		if err != nil {
			return nil, err
		}
		x := inChannels(p.Pix, w.model.m.Spec.Channels)
		for top := 0; top+pieceSide <= x.Shape[1]; top += pieceSide {
			for left := 0; left+pieceSide <= x.Shape[2]; left += pieceSide {
				all = append(all, cutOut(x, image.Rect(left, top, left+pieceSide, top+pieceSide)))
				a.names = append(a.names, fmt.Sprintf("%s (%d, %d)", assets.Samples()[i].Title, left, top))
			}
		}
	}
	a.open = func(_ context.Context, i int) (*tensor.Tensor, error) { return all[i], nil }
	return a, nil
}

// kernels are those of the convolution that is watched as pictures, if it sees the picture itself, at most with
// squares of it gathered before, or what is missing of it. Each is on a scale of its own.
func (w *netWork) kernels() []*tensor.Tensor {
	v, first, block := w.watched, model.Site{Layer: 1}, 1
	switch w.layers[1].Kind {
	case "gather":
		first.Layer, block = 2, w.layers[1].K
	case "loop":
		first.Part, first.Pass = 1, w.site.Pass
	}
	if v == nil || v.Kind != "conv" || w.site != first {
		return nil
	}
	_, h, wd, c := v.Out.Dims4()
	var all []*tensor.Tensor
	for channel := range c {
		s, ok := v.At(h/2, wd/2, channel)
		if !ok {
			return nil
		}
		all = append(all, kernelPicture(s, v.In.Shape[3]/(block*block), w.model.m.Spec.Channels, block))
	}
	return all
}

// kernelPicture lays the weights of a sum out as they lie over the picture, whose channels come first among those
// that are gathered.
func kernelPicture(s model.Sum, gathered, channels, block int) *tensor.Tensor {
	side := s.Kernel * block
	x := tensor.New(1, side, side, channels)
	most := float32(0)
	for _, t := range s.Taps {
		c := t.Channel % gathered
		if c >= channels {
			continue // the noise level
		}
		at := t.Channel / gathered
		y, col := t.Ky*block+at/block, t.Kx*block+at%block
		x.Data[(y*side+col)*channels+c] = t.Weight
		most = max(most, float32(math.Abs(float64(t.Weight))))
	}
	for i, v := range x.Data {
		x.Data[i] = 0.5
		if most > 0 {
			x.Data[i] += v / (2 * most)
		}
	}
	return x
}

// sheet is all patches as one picture; nil where there are none.
func (e Excited) sheet() *tensor.Tensor {
	var all []*tensor.Tensor
	for _, p := range e.Patches {
		all = append(all, imageio.Fit(p.Pixels, patchSide, patchSide))
	}
	if len(all) == 0 {
		return nil
	}
	return FilmStrip(all, 3)
}
