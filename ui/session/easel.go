package session

// This file is the way of a picture: original, noisy, latent, result.

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
	"sieve/model/metric"
	"sieve/model/noise"
	"sieve/model/tensor"
)

// sampleNoise is what sample pictures get at first.
var sampleNoise = Noise{Kind: "gaussian", Strength: 25, Seed: 1}

// A source is where a picture comes from.
type source struct {
	path   string
	root   string         // the folder that was opened, "" for a file
	sample int            // when path is ""
	drawn  *tensor.Tensor // by hand, or from a set, (1, H, W, C); nil for the others
	title  string         // of drawn; "": it is drawn by hand
}

func (o source) open(ctx context.Context, lim imageio.Limits) (shown, error) {
	if kind, _, err := kindOf(o.path); o.path != "" && err == nil && kind == kindPacked {
		x, err := expand(ctx, o.path, new(library), lim, nil)
		if err != nil {
			return shown{}, err
		}
		return shown{Picture: x.Picture, harm: x.Harm}, nil
	}
	if o.path != "" {
		p, err := openPicture(ctx, o.path, lim)
		return shown{Picture: p}, err
	}
	if o.drawn != nil {
		return shown{Picture: &imageio.Picture{Pix: o.drawn, Depth: 8, Format: "png"}}, nil
	}
	a := assets.Samples()[o.sample]
	p, err := imageio.Decode(bytes.NewReader(a.Clean), imageio.Limits{})
	out := shown{Picture: p}
	if err == nil && a.Noisy != nil {
		var twin *imageio.Picture
		if twin, err = imageio.Decode(bytes.NewReader(a.Noisy), imageio.Limits{}); err == nil && slices.Equal(twin.Pix.Shape, p.Pix.Shape) {
			out.twin = twin.Pix
		}
	}
	if err != nil {
		err = imageio.FileError{Path: a.Name, Err: err}
	}
	return out, err
}

// A shown picture is one with what a sample brings along.
type shown struct {
	*imageio.Picture
	twin *tensor.Tensor // nil when there is none
	harm error          // what is wrong with a compressed picture that can be shown
}

// loaded is a model that is there, or the name of one that is to be read.
type loaded struct {
	name    string
	m       *model.Model
	info    Model
	version uint64
}

// A want is what the panes should show.
type want struct {
	list    []source
	at      int    // the one in the list to show
	dir     int    // where to go when it cannot be opened: 1 or -1
	picture uint64 // version: changes with the above
	noise   Noise
	repair  Repair
	model   loaded
}

// An easel is where the picture is painted. The session's mutex guards it.
type easel struct {
	want    want
	samples Noise         // what a sample gets: the noise that was last chosen for one
	asked   uint64        // ticket of the newest command for pictures, whether or not they could be opened
	round   uint64        // of commands
	valid   uint64        // the first round that may still publish
	dropped uint64        // a round that was cancelled, perhaps before it began
	wake    chan struct{} // holds one

	// These end the work of the running round: the opening of a picture, the
	// panes, and the figures that nobody waits for.
	leave, cancel, hurry context.CancelFunc
	live                 bool // a round is so quick that noise may change while it ends

	busy bool
	idle chan struct{} // closed when all that is wanted is shown
	has  painted       // what was shown then
}

// painted is what the painter has done so far.
type painted struct {
	list    []source
	at      int
	picture uint64
	pic     shown // without a Picture at first

	noise  Noise
	noisy  *tensor.Tensor // nil when it is still to be made
	noised uint64         // its version

	model  loaded // without m at first
	repair Repair

	found        found
	latent       *tensor.Tensor
	answer       *tensor.Tensor // the model's
	of, by       uint64         // versions of the noisy picture and of the model they were made of
	told         float64        // the level that the model was told
	looked       int            // … and how often it looked
	passed       int            // … and passed over the picture
	result       *tensor.Tensor // the answer, blended
	resultRepair Repair         // with which it was made
	judged       *tensor.Tensor // the answer whose figures are known
}

// found is what a noisy picture says of its noise.
type found struct {
	of, by             uint64 // as in painted
	estimate, blocking float64
}

// answered reports whether the answer is the one to these wishes.
func (p *painted) answered() bool {
	return p.answer != nil && p.of == p.noised && p.by == p.model.version && p.told == p.level() && p.looked == p.repair.Passes && p.passed == p.repair.After
}

// whole reports whether nothing is left to do.
func (p *painted) whole() bool {
	return p.result != nil && p.answered() && p.resultRepair == p.repair
}

// use is what the model is to be told, in units of white, and how much of its answer
// is to be taken.
func (p *painted) use() (level, strength float64) {
	if !p.model.m.Spec.Level {
		return 0, p.repair.Strength
	}
	return p.repair.told(p.found.estimate)
}

// level is what the model is to be told.
func (p *painted) level() float64 {
	level, _ := p.use()
	return level
}

// kick changes what is wanted, and ends work on what was wanted before. There is
// one exception: when only the noise has changed and a round takes no longer
// than a blink, it comes to its end, or nothing but noise would be seen while a
// slider moves.
func (s *Session) kick(change func(w *want, st *State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &s.easel
	before := e.want
	s.publish(func(st *State) {
		change(&e.want, st)
		st.Pending = true
	})
	picture, model := e.want.picture != before.picture, e.want.model.version != before.model.version
	e.live = e.live && !picture && !model
	e.round++
	if !e.live {
		e.valid = e.round
	}
	if e.cancel != nil {
		e.hurry()
		if !e.live {
			e.cancel()
		}
		if picture {
			e.leave()
		}
	}
	if !e.busy {
		e.busy, e.idle = true, make(chan struct{})
	}
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// blink is how long a round may last that is not cut short.
const blink = 150 * time.Millisecond

// settled waits until all that is wanted is shown, or cannot be.
func (s *Session) settled(ctx context.Context) error {
	s.mu.Lock()
	idle := s.easel.idle
	s.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// paint is the goroutine that makes what is wanted.
func (s *Session) paint() {
	var has painted
	for {
		select {
		case <-s.easel.wake:
		case <-s.ctx.Done():
			return
		}
		s.mu.Lock()
		e := &s.easel
		w, round := e.want, e.round
		b := &brush{s: s, round: round, has: &has}
		b.opening, e.leave = context.WithCancel(s.ctx)
		b.ctx, e.cancel = context.WithCancel(s.ctx)
		b.rest, e.hurry = context.WithCancel(b.ctx)
		if e.dropped == round {
			e.leave()
			e.cancel()
		}
		s.mu.Unlock()
		b.paint(w)
		s.mu.Lock()
		e.leave()
		e.cancel()
		e.hurry()
		if e.round == round && e.busy {
			e.busy = false
			e.has = has
			close(e.idle)
		}
		s.mu.Unlock()
	}
}

// A brush makes what is wanted in one round, and publishes it as long as that is
// valid.
type brush struct {
	s       *Session
	ctx     context.Context
	opening context.Context // outlasts a round that changes something else
	rest    context.Context // ends when anything changes
	round   uint64
	has     *painted
}

// show publishes a change, if the round is still valid, and says whether it was.
func (b *brush) show(f func(e *easel, st *State)) bool {
	return b.showIf(func(e *easel) bool { return b.round >= e.valid }, f)
}

// showIf publishes a change, if it is still wanted, and says whether it was.
func (b *brush) showIf(wanted func(e *easel) bool, f func(e *easel, st *State)) bool {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	ok := wanted(&b.s.easel)
	if ok {
		b.s.publish(func(st *State) { f(&b.s.easel, st) })
	}
	return ok
}

// paint makes what is wanted and is not there yet, step by step.
func (b *brush) paint(w want) {
	if w.picture != b.has.picture && !b.hang(w) {
		w.noise = b.has.noise
	}
	began := b.s.o.Now()
	if b.has.pic.Picture == nil || !b.addNoise(w.noise) {
		return
	}
	if w.model.version != b.has.model.version {
		b.fetch(w.model)
	}
	b.has.repair = w.repair
	if b.has.model.m != nil && (!b.has.whole() || b.has.found.of != b.has.noised) && !b.reconstruct() {
		return
	}
	b.show(func(e *easel, st *State) {
		st.Pending = e.round != b.round
		e.live = b.s.o.Now().Sub(began) < blink
	})
	b.judge()
}

// hang opens the wanted picture, or the next one in the list that can be
// opened. When there is none, the old one stays.
func (b *brush) hang(w want) bool {
	s := b.s
	defer s.begin("Opening the picture").end()
	wanted := func(e *easel) bool { return e.want.picture == w.picture }
	var trouble error
	for i := w.at; i >= 0 && i < len(w.list) && b.opening.Err() == nil; i += w.dir {
		pic, err := w.list[i].open(b.opening, s.o.Limits)
		if err != nil {
			if trouble == nil {
				trouble = err
			}
			continue
		}
		info := w.list[i].describe(pic)
		info.Index, info.Of = i, len(w.list)
		if !b.showIf(wanted, func(e *easel, st *State) {
			e.want.at = i
			info.Version = s.next()
			if !b.goesOn(w.list[i], pic) {
				st.Panes = noPanes()
			}
			st.Picture, st.Noise = info, e.want.noise
			st.Original, st.Versions[PaneOriginal], st.Pending = pic.Pix, s.next(), true
			s.press.picture = &presented{pic.Picture, info.Version}
			s.press.made = nil
		}) {
			return false
		}
		s.mu.Lock()
		if s.press.on {
			s.kickPress(nil)
		}
		s.reopenLatent()
		s.mu.Unlock()
		*b.has = painted{list: w.list, at: i, picture: w.picture, pic: pic, noise: w.noise, model: b.has.model, repair: w.repair}
		s.fail(trouble)
		s.fail(pic.harm)
		return true
	}
	if b.showIf(wanted, func(e *easel, st *State) { // as it was
		e.want.list, e.want.at, e.want.picture = b.has.list, b.has.at, b.has.picture
		e.want.noise, st.Noise = b.has.noise, b.has.noise
	}) && b.opening.Err() == nil {
		s.fail(trouble)
		if b.has.pic.Picture == nil {
			s.UseSample(0)
		}
	}
	return false
}

// goesOn reports whether a picture is one that is being drawn, a little further: its panes stay until
// there are others.
func (b *brush) goesOn(to source, pic shown) bool {
	has := b.has
	return to.drawn != nil && has.pic.Picture != nil && has.at < len(has.list) && has.list[has.at].drawn != nil && slices.Equal(has.pic.Pix.Shape, pic.Pix.Shape)
}

// describe says what there is to know of an opened picture.
func (o source) describe(pic shown) Picture {
	_, h, w, _ := pic.Pix.Dims4()
	p := Picture{Name: filepath.Base(o.path), Path: o.path, Width: w, Height: h, Depth: pic.Depth, Format: pic.Format, Twin: pic.twin != nil}
	switch {
	case o.drawn != nil:
		p.Name, p.Sample, p.Drawn = cmp.Or(o.title, "Drawing"), true, true
	case o.path == "":
		p.Name, p.Sample = assets.Samples()[o.sample].Title, true
	}
	return p
}

// addNoise makes the noisy picture.
func (b *brush) addNoise(n Noise) bool {
	if b.has.noisy != nil && n == b.has.noise {
		return true
	}
	x := b.has.pic.Pix
	noisy := x
	switch {
	case n.Kind == OwnNoise && b.has.pic.twin != nil:
		noisy = b.has.pic.twin
	case n.Kind != "none" && n.Kind != OwnNoise:
		scheme, err := noise.Parse(n.scheme())
		if err != nil {
			b.s.fail(err)
			return false
		}
		if noisy = spoil(b.ctx, scheme, rand.New(rand.NewPCG(n.Seed, 0)), x); noisy == nil {
			return false
		}
	}
	psnr := nan
	if noisy != x {
		psnr = metric.PSNR(x, noisy)
	}
	return b.show(func(_ *easel, st *State) {
		b.has.noise, b.has.noisy, b.has.noised = n, noisy, b.s.next()
		st.Noisy, st.Versions[PaneNoisy] = noisy, b.has.noised
		st.NoisyPSNR, st.NoisySSIM = psnr, nan
	})
}

// fetch gets the wanted model. When it cannot be read, the old one stays.
func (b *brush) fetch(l loaded) {
	wanted := func(e *easel) bool { return e.want.model.version == l.version }
	if l.m == nil {
		var err error
		if l.m, l.info.Name, err = LoadModel(l.name); err != nil {
			if b.showIf(wanted, func(e *easel, _ *State) { e.want.model = b.has.model }) {
				b.s.fail(err)
			}
			return
		}
		if !slices.Contains(Models(), l.info.Name) {
			l.info.Path = l.name
		}
	}
	l.info.Spec, l.info.Count, l.info.Info, l.info.Version = l.m.Spec, l.m.Count(), l.m.Info, l.version
	if b.showIf(wanted, func(_ *easel, st *State) { st.Model, st.Pending = l.info, true }) {
		b.has.model = l
	}
}

// reconstruct makes latent and result, and says whether it could.
func (b *brush) reconstruct() bool {
	t := b.s.begin("Denoising")
	defer t.end()
	h := b.has
	m, x, noisy := h.repair.stopped(h.model.m), h.pic.Pix, h.noisy
	if m.Spec.Level && (h.found.of != h.noised || h.found.by != h.model.version) {
		h.found = found{h.noised, h.model.version, estimate(m, noisy), noise.Blocking(noisy)}
	}
	level, strength := h.use()
	if !h.answered() {
		in, back := Adapt(m, noisy)
		z, y, err := m.Look(b.ctx, in, level, t.report)
		if err != nil {
			return false
		}
		latent, answer := together(z), back(y)
		if n := h.repair.Passes; n > 1 {
			if err := lookAgain(b.ctx, m, noisy, level, 1, n, answer, t.report); err != nil {
				return false
			}
			for i := range answer.Data {
				answer.Data[i] /= float32(n)
			}
		}
		clamp(answer)
		if !b.show(func(_ *easel, st *State) {
			st.Latent, st.Versions[PaneLatent] = latent, b.s.next()
			st.RemovedRMS, st.Whiteness, st.Structure = nan, nan, nan
			h.latent, h.answer, h.result = latent, answer, nil
			h.of, h.by, h.told, h.looked = h.noised, h.model.version, level, h.repair.Passes
			h.passed = h.repair.After
		}) {
			return false
		}
	}
	result, psnr := blended(noisy, h.answer, strength), nan
	if noisy != x {
		psnr = metric.PSNR(x, result)
	}
	return b.show(func(_ *easel, st *State) {
		st.Estimate, st.Blocking = nan, nan
		if m.Spec.Level {
			st.Estimate, st.Blocking = 255*h.found.estimate, h.found.blocking
		}
		st.Result, st.Versions[PaneResult] = result, b.s.next()
		st.ResultPSNR, st.ResultSSIM = psnr, nan
		h.result, h.resultRepair = result, h.repair
	})
}

// blended returns a picture between x and y, in [0, 1]: 0 is x, 1 is y.
func blended(x, y *tensor.Tensor, strength float64) *tensor.Tensor {
	if strength == 1 {
		return y
	}
	out := tensor.New(x.Shape...)
	s := float32(strength)
	for i, v := range x.Data {
		out.Data[i] = blend(v, y.Data[i], s)
	}
	return out
}

// judge finds the figures that take longer, when nothing else is to be done.
func (b *brush) judge() {
	x, noisy, result := b.has.pic.Pix, b.has.noisy, b.has.result
	if result == nil || !b.has.whole() {
		return
	}
	if b.has.judged != b.has.answer {
		rms, white, structure := residual(noisy, b.has.answer)
		if b.rest.Err() != nil {
			return
		}
		b.show(func(_ *easel, st *State) {
			st.RemovedRMS, st.Whiteness, st.Structure = rms, white, structure
			b.has.judged = b.has.answer
		})
	}
	if noisy == x {
		return
	}
	before, err := ssim(b.rest, x, noisy)
	if err != nil {
		return
	}
	if after, err := ssim(b.rest, x, result); err == nil {
		b.show(func(_ *easel, st *State) { st.NoisySSIM, st.ResultSSIM = before, after })
	}
}

// residual says of what was removed from a picture how much it is, in levels of 255, how
// white, and how much structure it holds; of a large picture, of its middle.
func residual(noisy, kept *tensor.Tensor) (rms, white, structure float64) {
	const pixels = 1 << 20
	_, h, w, _ := noisy.Dims4()
	if n := max(16, pixels/w); n < h {
		noisy, kept = rows(noisy, (h-n)/2, (h+n)/2), rows(kept, (h-n)/2, (h+n)/2)
	}
	removed := tensor.New(noisy.Shape...)
	for i, v := range noisy.Data {
		removed.Data[i] = v - kept.Data[i]
	}
	return 255 * math.Sqrt(metric.MSE(noisy, kept)), metric.Whiteness(removed), metric.Structure(removed, kept)
}

// rows is a view of the rows from y0 to y1 of a picture.
func rows(x *tensor.Tensor, y0, y1 int) *tensor.Tensor {
	_, _, w, c := x.Dims4()
	return &tensor.Tensor{Shape: []int{1, y1 - y0, w, c}, Data: x.Data[y0*w*c : y1*w*c]}
}

// spoil adds noise to a picture, to large ones in strips so that it can be
// cancelled: it then returns nil.
func spoil(ctx context.Context, scheme noise.Scheme, rng *rand.Rand, x *tensor.Tensor) *tensor.Tensor {
	const pixels = 2 << 20
	_, h, w, _ := x.Dims4()
	strip := max(1, pixels/w)
	if h <= strip {
		in, _, _ := scheme.Lesson(rng, x)
		return in
	}
	out := tensor.New(x.Shape...)
	for y := 0; y < h; y += strip {
		if ctx.Err() != nil {
			return nil
		}
		in, _, _ := scheme.Lesson(rng, rows(x, y, min(y+strip, h)))
		copy(rows(out, y, min(y+strip, h)).Data, in.Data)
	}
	return out
}

// ssim is metric.SSIM in strips whose windows add up to the picture's, so that
// it can be cancelled.
func ssim(ctx context.Context, x, y *tensor.Tensor) (float64, error) {
	const window, strip = 11, 128
	_, h, _, _ := x.Dims4()
	if h < window {
		return metric.SSIM(x, y), ctx.Err()
	}
	var sum float64
	places := h - window + 1
	for at := 0; at < places; at += strip {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n := min(strip, places-at)
		sum += float64(n) * metric.SSIM(rows(x, at, at+n+window-1), rows(y, at, at+n+window-1))
	}
	return sum / float64(places), nil
}

// UseSample shows a sample picture, by its place in Samples.
func (s *Session) UseSample(i int) {
	list := make([]source, len(assets.Samples()))
	for k := range list {
		list[k].sample = k
	}
	if i >= 0 && i < len(list) {
		s.show(list, i, s.ticket())
	}
}

// DrawnSide is how many pixels a side a drawing has: as many as a digit of MNIST.
const DrawnSide = 28

// Draw shows a picture that is drawn by hand: side × side pixels, row by row, 0 to 1.
func (s *Session) Draw(side int, pixels []float32) {
	s.show([]source{{drawn: &tensor.Tensor{Shape: []int{1, side, side, 1}, Data: pixels}}}, 0, s.ticket())
}

// show wants another list of pictures. Samples and drawings get noise, others have their own.
func (s *Session) show(list []source, at int, ticket uint64) {
	s.kick(func(w *want, _ *State) {
		if ticket < s.easel.asked {
			return
		}
		s.easel.asked = ticket
		w.list, w.at, w.dir, w.picture = list, at, 1, ticket
		w.noise = Noise{Kind: "none", Seed: w.noise.Seed}
		if list[at].path == "" && list[at].title == "" {
			w.noise = s.easel.samples
		}
	})
}

// Next shows the next picture of those opened, or the next sample.
func (s *Session) Next() { s.turn(1) }

// Previous shows the one before.
func (s *Session) Previous() { s.turn(-1) }

func (s *Session) turn(dir int) {
	s.mu.Lock()
	to := s.easel.want.at + dir
	ok := to >= 0 && to < len(s.easel.want.list)
	s.mu.Unlock()
	if ok {
		s.kick(func(w *want, _ *State) { w.at, w.dir, w.picture = to, dir, s.next() })
	}
}

// SetNoise adds noise of another kind or strength. OwnNoise is a sample's own,
// and none where there is none.
func (s *Session) SetNoise(kind string, strength float64) {
	if kind != OwnNoise {
		if _, err := noise.Parse(Noise{Kind: kind, Strength: strength}.scheme()); err != nil {
			s.fail(err)
			return
		}
	}
	s.kick(func(w *want, st *State) {
		w.noise.Kind, w.noise.Strength = kind, strength
		st.Noise = w.noise
		if w.list[w.at].path == "" {
			s.easel.samples = w.noise
		}
	})
}

// scheme is the noise as noise.Parse reads it.
func (n Noise) scheme() string {
	if n.Kind == "none" {
		return n.Kind
	}
	return n.Kind + ":" + number(n.Strength)
}

// NewNoiseSeed draws the noise anew.
func (s *Session) NewNoiseSeed() {
	s.kick(func(w *want, st *State) {
		w.noise.Seed++
		st.Noise = w.noise
	})
}

// SetRepair uses the model in another way. What is out of bounds is not taken.
func (s *Session) SetRepair(r Repair) {
	if r.Sigma < 0 {
		r.Sigma = -1
	}
	if r.check() == nil {
		s.kick(func(w *want, st *State) { w.repair, st.Repair = r, r })
	}
}

// UseModel takes another model: a shipped one by its name, "" the default, or a file.
func (s *Session) UseModel(name string) { s.useModel(loaded{name: name, version: s.ticket()}) }

func (s *Session) useModel(l loaded) {
	s.kick(func(w *want, _ *State) {
		if l.version > w.model.version {
			w.model = l
		}
	})
}
