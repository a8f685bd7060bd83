package session

// This file is the part Network of the page Explore: what the layers of a network make of a picture, and how one
// number of a convolution comes about.

import (
	"context"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"slices"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// A ProbeMode is what is done with the network.
type ProbeMode string

const (
	ProbeLayers  ProbeMode = "layers"  // its layers are watched
	ProbeLesion  ProbeMode = "lesion"  // parts are switched off
	ProbeFilters ProbeMode = "filters" // what its channels look for
)

// ProbeModes are all of them.
var ProbeModes = [...]ProbeMode{ProbeLayers, ProbeLesion, ProbeFilters}

// MostInput is the Input of a Probing that means the channel which contributes most.
const MostInput = -1

// Probing is what a person wants to see of the network.
type Probing struct {
	Mode ProbeMode
	model.Site
	Channel int         // of its result
	X, Y    int         // place in it
	Input   int         // the channel of its input that is shown, or MostInput
	Centre  image.Point // of the window, in the picture
	Seed    uint64      // of the digit that is drawn for a model of small pictures
	Data    string      // what excites channels: a folder, a set, "builtin:NAME:COUNT", or "" for what suits the model
}

// DefaultProbing is what is shown before a network is known.
var DefaultProbing = Probing{Mode: ProbeLayers, Input: MostInput, Seed: 1}

// Network is a network at work on a window of the picture.
type Network struct {
	Want    Probing
	Model   Model
	Version uint64 // of the model and the window; 0: there is nothing yet

	Whole   *tensor.Tensor  // what the window is cut from, (1, H, W, C)
	Window  image.Rectangle // of it
	Picture *tensor.Tensor  // what is in the window
	Drawn   bool            // it is a digit that was drawn, in place of a picture that the model does not know
	Layers  []model.Layer   // that it goes through
	Parts   [][]model.Layer // of each of them, as Spec.Parts
	Passes  int             // over the picture, of a recurrent model; else 1

	Seen       uint64 // version of what follows
	model.Site        // that it is of
	In         *tensor.Tensor
	Out        *tensor.Tensor // nil where nothing can be seen
	Why        Sentence       // … and why
	Number     *Number        // the one at the place that is wanted; nil: it is not computed

	Lesion  Lesion
	Excited Excited
}

// A Number is how one number of a layer comes about.
type Number struct {
	model.Sum               // without its taps
	X, Y, Channel int       // in the result
	Input         int       // the channel of the input whose taps follow
	Parts         []float32 // what each channel of the input adds to the sum

	// Row by row, Kernel × Kernel; NaN for taps of a transposed convolution that miss.
	Values, Weights, Products []float32

	Hit        image.Rectangle // of the input: what the taps see, which may be beyond its edges
	Depends    image.Rectangle // pixels of the window
	Activation string          // as in model.Spec; "" for none
}

// A prober is the part at work. The session's mutex guards it.
type prober struct {
	on     bool
	wake   chan struct{} // holds one
	cancel context.CancelFunc
}

// ShowNetwork says whether the part Network of the page Explore is in front: nothing is computed when it is not.
func (s *Session) ShowNetwork(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.prober.on != on {
		s.prober.on = on
		s.kickNetwork(true)
	}
}

// Probe changes what is to be seen of the network.
func (s *Session) Probe(change func(p *Probing)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.state.Network.Want
	want := was
	change(&want)
	if want == was {
		return
	}
	if want.Site != was.Site {
		want = s.state.Network.moved(want, was)
	}
	s.publish(func(st *State) { st.Network.Want = want })
	// What waits for the hand is at once there, and is not to end what takes longer.
	was.X, was.Y, was.Channel, was.Input = want.X, want.Y, want.Channel, want.Input
	s.kickNetwork(want != was)
}

// At is what one of the layers, or a part of it, is like; false where there is none.
func (n Network) At(at model.Site) (model.Layer, bool) {
	if at.Layer < 0 || at.Layer >= len(n.Parts) || at.Part < 0 || at.Part >= len(n.Parts[at.Layer]) {
		return model.Layer{}, false
	}
	return n.Parts[at.Layer][at.Part], true
}

// Lesioned is the lesion that switches a channel of what is wanted off, or model.WholeLayer. Parts of a loop have channels of
// their own; those of a residual block are its own.
func (n Network) Lesioned(channel int) model.Lesion {
	l := model.Lesion{Layer: n.Want.Layer, Channel: channel}
	if channel != model.WholeLayer && l.Layer >= 0 && l.Layer < len(n.Layers) && n.Layers[l.Layer].Kind == "loop" {
		l.Part = n.Want.Part
	}
	return l
}

// moved takes a place at one site to the same at another. In another layer, that is the convolution which it ends
// with, and in a loop the pass in which one was before.
func (n Network) moved(want, was Probing) Probing {
	if want.Layer != was.Layer && want.Layer >= 0 && want.Layer < len(n.Parts) {
		want.Part = lastConvolution(n.Parts[want.Layer])
	}
	to, ok := n.At(want.Site)
	from, known := n.At(was.Site)
	if !ok || !known || want.Pass < 0 || want.Pass >= n.Passes {
		return was
	}
	want.X, want.Y = (2*was.X+1)*to.W/(2*from.W), (2*was.Y+1)*to.H/(2*from.H)
	want.Channel, want.Input = min(want.Channel, to.C-1), MostInput
	return want
}

// lastConvolution is the last part of a layer that is one, or 0.
func lastConvolution(parts []model.Layer) int {
	for i := len(parts) - 1; i > 0; i-- {
		if parts[i].Params > 0 {
			return i
		}
	}
	return 0
}

// kickNetwork has what is wanted made, and ends what is under way if that is not wanted any more. s.mu is held.
func (s *Session) kickNetwork(end bool) {
	if end && s.prober.cancel != nil {
		s.prober.cancel()
	}
	select {
	case s.prober.wake <- struct{}{}:
	default:
	}
}

// probing is the goroutine of the part.
func (s *Session) probing() {
	w := &netWork{s: s}
	for {
		select {
		case <-s.prober.wake:
		case <-s.ctx.Done():
			return
		}
		s.mu.Lock()
		ctx, cancel := context.WithCancel(s.ctx)
		s.prober.cancel = cancel
		on, l, picture, sample := s.prober.on, s.explorer.model, s.press.picture, s.state.Picture.shipped()
		s.mu.Unlock()
		if on && picture != nil {
			if err := w.probe(ctx, l, picture, sample); err != nil {
				w.giveUp(ctx, err)
			}
		}
		cancel()
	}
}

// netWork is what is known of the network. The goroutine that probes owns it.
type netWork struct {
	s       *Session
	model   loaded
	told    bool   // the model has been shown
	picture uint64 // version
	seed    uint64
	whole   *tensor.Tensor
	drawn   bool
	centre  image.Point
	window  image.Rectangle
	x       *tensor.Tensor // what is in it
	level   float64
	layers  []model.Layer
	parts   [][]model.Layer
	fields  *model.Fields

	site    model.Site     // that is watched
	watched *model.Watched // nil where there is none
	seen    bool           // site has been tried
	fresh   bool           // nobody has chosen a channel of this model yet

	lesion  lesionWork
	excited exciteWork
}

// show publishes a change, and says so, unless something else is wanted by now: then what was not shown is not to
// count as done.
func (w *netWork) show(ctx context.Context, change func(n *Network)) bool {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	w.s.publish(func(st *State) { change(&st.Network) })
	return true
}

// giveUp says why there is nothing to see.
func (w *netWork) giveUp(ctx context.Context, err error) {
	if ctx.Err() == nil {
		*w = netWork{s: w.s}
		w.show(ctx, func(n *Network) { *n = Network{Want: n.Want, Why: Explain(err), Seen: w.s.next()} })
	}
}

// want is what is wanted now.
func (w *netWork) want() Probing {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return w.s.state.Network.Want
}

// probe makes what is wanted and not there yet.
func (w *netWork) probe(ctx context.Context, l loaded, picture *presented, sample bool) error {
	t := w.s.begin("Looking into the network")
	defer t.end()
	if err := w.open(ctx, l, picture, sample); err != nil {
		return err
	}
	want := w.want()
	if err := w.watch(ctx, want); err != nil {
		return err
	}
	w.point(ctx)
	switch want.Mode {
	case ProbeLesion:
		return w.switchOff(ctx, t.report)
	case ProbeFilters:
		return w.excite(ctx, t.report)
	}
	return ctx.Err()
}

// Pixels a side of the window, at most: what a layer makes of it follows at once. Where parts are switched off,
// nothing but the picture is kept, and it may be larger.
const (
	watchedSide  = 256
	lesionedSide = 512
)

// open reads the model and cuts the window, unless they are there.
func (w *netWork) open(ctx context.Context, l loaded, picture *presented, sample bool) error {
	want := w.want()
	newModel := w.model.m == nil || w.model.version != l.version
	newPicture := newModel || w.picture != picture.version || w.drawn && w.seed != want.Seed
	if newModel {
		l, err := w.s.explored(l)
		if err != nil {
			return err
		}
		*w = netWork{s: w.s, model: l, fresh: true}
	}
	if newPicture {
		x, drawn, err := w.fitting(ctx, picture, sample, want.Seed)
		if err != nil {
			return err
		}
		w.whole, w.drawn, w.seed, w.picture, w.window = x, drawn, want.Seed, picture.version, image.Rectangle{}
		w.lesion = lesionWork{}
		want.Centre = image.Pt(x.Shape[2]/2, x.Shape[1]/2)
	}
	window := windowAt(want.Centre, w.whole, watchedSide, w.model.m.Cell())
	w.centre = want.Centre
	if window == w.window {
		return ctx.Err()
	}
	w.window, w.x, w.seen = window, cutOut(w.whole, window), false
	w.level = levelOf(w.model.m, w.x)
	spec := w.model.m.Spec
	w.layers, w.parts = spec.Layers(window.Dy(), window.Dx()), nil
	for i := range w.layers {
		w.parts = append(w.parts, spec.Parts(window.Dy(), window.Dx(), i))
	}
	w.fields = spec.Fields(window.Dy(), window.Dx())
	w.told = w.show(ctx, func(n *Network) {
		if !w.told {
			*n = Network{Want: n.Want, Model: w.model.info}
		}
		n.Version, n.Whole, n.Window, n.Picture, n.Layers, n.Parts, n.Drawn = w.s.next(), w.whole, window, w.x, w.layers, w.parts, w.drawn
		if n.Passes = 1; spec.Body == "recurrent" {
			n.Passes = spec.Passes
		}
		if !w.told {
			n.Want = n.firstLook()
		}
		n.Want.Centre = want.Centre
		at, _ := n.At(n.Want.Site)
		n.Want.X, n.Want.Y = min(n.Want.X, at.W-1), min(n.Want.Y, at.H-1)
	}) || w.told
	if ctx.Err() != nil {
		w.picture, w.window = 0, image.Rectangle{}
	}
	return ctx.Err()
}

// firstLook is what is seen of a network at first: the middle of what its first convolution makes. Of a loop that is in
// the last pass, in which units remember something, and at whose end stands what the model makes of the picture; in
// the first, memories are empty, and convolutions of them add nothing but their biases.
func (n *Network) firstLook() Probing {
	want := n.Want
	conv := func(l model.Layer) bool { return l.Kind == "conv" }
	want.Layer = max(1, slices.IndexFunc(n.Layers, conv))
	want.Part = max(0, slices.IndexFunc(n.Parts[want.Layer], conv))
	want.Pass = n.Passes - 1
	l := n.Parts[want.Layer][want.Part]
	want.Channel, want.Input, want.X, want.Y = 0, MostInput, l.W/2, l.H/2
	return want
}

// fitting is the picture as the model can be shown it. A model whose latent is one cell knows small pictures of
// one size alone: it sees a digit in place of a sample, and other pictures made as small.
func (w *netWork) fitting(ctx context.Context, picture *presented, sample bool, seed uint64) (x *tensor.Tensor, drawn bool, err error) {
	spec := w.model.m.Spec
	if !oneCell(spec) {
		return inChannels(picture.Pix, spec.Channels), false, nil
	}
	if !sample {
		return imageio.Fit(inChannels(picture.Pix, spec.Channels), spec.Crop, spec.Crop), false, nil
	}
	x, err = digitFor(ctx, spec, seed)
	return x, true, err
}

// digitFor draws a digit of the size that a model knows.
func digitFor(ctx context.Context, spec model.Spec, seed uint64) (*tensor.Tensor, error) {
	d, err := imageio.OpenData(ctx, "builtin:digits", imageio.FolderOptions{Channels: spec.Channels, Crop: spec.Crop}, nil)
	if err != nil {
		return nil, err
	}
	return d.Train.Batch(rand.New(rand.NewPCG(seed, 0)), 1)
}

// windowAt is a window of so many pixels a side at most about a place, which begins where a cell does.
func windowAt(centre image.Point, x *tensor.Tensor, side, cell int) image.Rectangle {
	along := func(at, n int) (from, end int) {
		if n <= side {
			return 0, n
		}
		from = min(max(at-side/2, 0), n-side) / cell * cell
		return from, from + side
	}
	x0, x1 := along(centre.X, x.Shape[2])
	y0, y1 := along(centre.Y, x.Shape[1])
	return image.Rect(x0, y0, x1, y1)
}

// cutOut is a part of a picture.
func cutOut(x *tensor.Tensor, r image.Rectangle) *tensor.Tensor {
	_, h, w, c := x.Dims4()
	if r == image.Rect(0, 0, w, h) {
		return x
	}
	out := tensor.New(1, r.Dy(), r.Dx(), c)
	for y := range r.Dy() {
		copy(out.Data[y*r.Dx()*c:(y+1)*r.Dx()*c], x.Data[((r.Min.Y+y)*w+r.Min.X)*c:])
	}
	return out
}

// siteOf is where a person wants to look: what is no loop has one pass.
func (w *netWork) siteOf(want Probing) model.Site {
	at := want.Site
	if w.layers[at.Layer].Kind != "loop" {
		at.Pass = 0
	}
	return at
}

// watch looks at a site, unless it is seen already.
func (w *netWork) watch(ctx context.Context, want Probing) error {
	if w.seen && w.site == want.Site {
		return nil
	}
	var in, out *tensor.Tensor
	w.watched = nil
	switch v, err := w.model.m.Watch(ctx, w.x, w.level, w.siteOf(want), model.Rect{}); {
	case err == nil:
		w.watched, in, out = v, v.In, v.Out
	case !errors.Is(err, model.ErrWatch):
		return err
	case want.Layer == 0:
		out = w.x
	default: // the latent of a loop: that of all passes
		if out, err = w.model.m.Features(ctx, w.x, w.level, nil); err != nil {
			return err
		}
	}
	w.site = want.Site
	lively := 0
	if w.fresh {
		lively = liveliest(out)
	}
	w.seen = w.show(ctx, func(n *Network) {
		if w.fresh {
			n.Want.Channel = lively
		}
		n.Site, n.In, n.Out, n.Why, n.Seen, n.Number = want.Site, in, out, Sentence{}, w.s.next(), nil
	})
	w.fresh = w.fresh && !w.seen
	return ctx.Err()
}

// liveliest is the channel whose numbers differ most.
func liveliest(x *tensor.Tensor) (channel int) {
	e := newEditable(x)
	for c, v := range e.spread {
		if v > e.spread[channel] {
			channel = c
		}
	}
	return channel
}

// point shows how the number that is wanted comes about.
func (w *netWork) point(ctx context.Context) {
	want := w.want()
	var number *Number
	if v := w.watched; v != nil && want.Site == w.site {
		_, h, wd, c := v.Out.Dims4()
		x, y, channel := min(max(want.X, 0), wd-1), min(max(want.Y, 0), h-1), min(max(want.Channel, 0), c-1)
		if s, ok := v.At(y, x, channel); ok {
			number = newNumber(s, x, y, channel, v.In.Shape[3], want.Input)
			number.Depends = rectOf(w.fields.Of(w.siteOf(want), y, x))
			if s.Acts {
				number.Activation = w.activation()
			}
		}
	}
	w.show(ctx, func(n *Network) { n.Number = number })
}

// activation is that behind the convolution that is watched.
func (w *netWork) activation() string {
	switch spec := w.model.m.Spec; {
	case spec.Body == "recurrent":
		return "relu"
	case w.site.Layer == len(w.layers)-1 && spec.Output == "sigmoid":
		return "sigmoid"
	default:
		return spec.Activation
	}
}

// newNumber sorts the taps of a sum by channels of the input.
func newNumber(s model.Sum, x, y, channel, inputs, input int) *Number {
	n := &Number{X: x, Y: y, Channel: channel, Parts: make([]float32, inputs)}
	for i, t := range s.Taps {
		n.Parts[t.Channel] += t.Product
		at := image.Rect(t.X, t.Y, t.X+1, t.Y+1)
		if i == 0 {
			n.Hit = at
		}
		n.Hit = n.Hit.Union(at)
	}
	if input < 0 || input >= inputs {
		input = 0
		for c, v := range n.Parts {
			if math.Abs(float64(v)) > math.Abs(float64(n.Parts[input])) {
				input = c
			}
		}
	}
	n.Input = input
	for _, to := range []*[]float32{&n.Values, &n.Weights, &n.Products} {
		*to = slices.Repeat([]float32{float32(nan)}, s.Kernel*s.Kernel)
	}
	for _, t := range s.Taps {
		if t.Channel == input {
			k := t.Ky*s.Kernel + t.Kx
			n.Values[k], n.Weights[k], n.Products[k] = t.In, t.Weight, t.Product
		}
	}
	s.Taps = nil
	n.Sum = s
	return n
}

// SaveProbed writes what is shown of the network as a picture: the layer's channels, the picture without what is
// switched off, or the parts of pictures that excite the channel.
func (s *Session) SaveProbed(path string, look Look) {
	n := s.State().Network
	s.do("Saving the picture", func(ctx context.Context) error {
		switch {
		case n.Want.Mode == ProbeLesion:
			return s.saveMade(ctx, path, n.Lesion.After)
		case n.Want.Mode == ProbeFilters:
			return s.saveMade(ctx, path, n.Excited.sheet())
		case n.Out == nil:
			return ErrNothing
		}
		m, _ := imageio.Mosaic(n.Out, look.Map, look.Common)
		if err := savePicture(ctx, path, fromRGBA(m), imageio.SaveOptions{}); err != nil {
			return err
		}
		s.saved("picture", path)
		return nil
	})
}
