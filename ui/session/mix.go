package session

// This file mixes pictures in the latent: between several, by arithmetic, the mean of many, along one number,
// and from chance.

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
	"sieve/model/noise"
	"sieve/model/tensor"
)

// A MixMode is what is mixed.
type MixMode string

const (
	MixBetween MixMode = "between" // two to four pictures at the corners of a square
	MixSum     MixMode = "sum"     // the first, less the second, plus the third
	MixMean    MixMode = "mean"    // the mean of all pictures of a folder
	MixNumber  MixMode = "number"  // the first, with one number of its latent after the other changed
	MixChance  MixMode = "chance"  // drawn from a variational model
)

// MixModes are all of them.
var MixModes = [...]MixMode{MixBetween, MixSum, MixMean, MixNumber, MixChance}

// MixSlots is how many pictures can be mixed.
const MixSlots = 4

// Mixing is what a person wants to be mixed.
type Mixing struct {
	Mode   MixMode
	Slots  [MixSlots]string // files; "sample:N" of the shipped ones; "digit:N" that the program draws; "": none
	X, Y   float64          // between: where in the square, 0 to 1
	Amount float64          // sum: how much of the difference is added
	Round  bool             // between: along great circles in place of lines
	Folder string           // mean
	Seed   uint64           // chance
}

// DefaultMixing is what is mixed at first.
var DefaultMixing = Mixing{Mode: MixBetween, X: 0.5, Y: 0.5, Amount: 1, Seed: 1}

// Mix is what has been mixed.
type Mix struct {
	Want    Mixing
	Slots   [MixSlots]*tensor.Tensor // the pictures, as they were fitted; nil where there is none
	Names   [MixSlots]string
	Sources [MixSlots]string // as in Mixing
	Result  *tensor.Tensor   // (1, H, W, C); nil before there is one
	Strip   []*tensor.Tensor // a way through the mixture
	Columns int              // of Strip, when it is a table
	Count   int              // pictures of which the mean was taken
	Beside  bool             // something goes past the latent: it is mixed in the same shares, along lines
	Why     Sentence         // why there is no result; without a Key when there is one
	Version uint64
	Pending bool
}

// A mixer is the part Mix at work. The session's mutex guards it.
type mixer struct {
	on     bool
	wake   chan struct{} // holds one
	cancel context.CancelFunc
}

// What stands in the way of a mixture.
var (
	errChance = errors.New("session: the model has no distribution of latents")
	errEmpty  = errors.New("session: corners without a picture")
	errNoMean = errors.New("session: no folder to take the mean of")
)

// ShowMix says whether the part Mix of the page Explore is in front: nothing is mixed when it is not.
func (s *Session) ShowMix(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mix.on != on {
		s.mix.on = on
		s.kickMix()
	}
}

// SetMixing changes what is to be mixed.
func (s *Session) SetMixing(m Mixing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.X, m.Y = min(max(m.X, 0), 1), min(max(m.Y, 0), 1)
	if m != s.state.Mix.Want {
		s.publish(func(st *State) { st.Mix.Want = m })
		s.kickMix()
	}
}

// kickMix has the mixture made anew. s.mu is held.
func (s *Session) kickMix() {
	if s.mix.cancel != nil {
		s.mix.cancel()
	}
	if s.mix.on {
		s.publish(func(st *State) { st.Mix.Pending = true })
	}
	select {
	case s.mix.wake <- struct{}{}:
	default:
	}
}

// mixing is the goroutine that mixes.
func (s *Session) mixing() {
	w := &mixWork{s: s, side: mostMixed}
	for {
		select {
		case <-s.mix.wake:
		case <-s.ctx.Done():
			return
		}
		s.mu.Lock()
		ctx, cancel := context.WithCancel(s.ctx)
		s.mix.cancel = cancel
		on, want, l := s.mix.on, s.state.Mix.Want, s.explorer.model
		s.mu.Unlock()
		if on {
			err := w.follow(ctx, want, l)
			w.show(ctx, func(m *Mix) {
				m.Pending = false
				m.Why = Sentence{}
				if err != nil {
					m.Why, m.Result, m.Strip = Explain(err), nil, nil
				}
				m.Version = s.next()
			})
		} else {
			*w = mixWork{s: s, side: w.side, model: w.model} // what goes past latents is large
		}
		cancel()
	}
}

// mixWork mixes pictures at one size. One goroutine at a time may use it.
type mixWork struct {
	s       *Session
	side    int // pixels that the longer side has at most
	model   loaded
	h, w    int    // size of all
	lead    string // the slot or the folder whose first picture has that size
	slots   [MixSlots]string
	pixels  [MixSlots]*tensor.Tensor // to be shown, or to be taken apart anew: nil at sizes that are neither
	levels  [MixSlots]float64        // of noise
	latents [MixSlots]*tensor.Tensor
	past    [MixSlots]*model.Bypass // what goes past them; nil where that would be too large
	mean    *tensor.Tensor          // latent, of the folder that leads
	around  *model.Bypass           // … and what goes past it
	count   int                     // pictures in mean
}

func (w *mixWork) show(ctx context.Context, change func(m *Mix)) {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if ctx.Err() == nil {
		w.s.publish(func(st *State) { change(&st.Mix) })
	}
}

// How many pixels a side a mixture has at most: while it follows the hand, as a table of many, and in an
// animation; in a strip that is saved; and alone when it is saved.
const (
	mostMixed      = 384
	mostStrip      = 1024
	mostMixedSaved = 4096
)

// follow mixes what is wanted, and shows it.
func (w *mixWork) follow(ctx context.Context, want Mixing, l loaded) error {
	t := w.s.begin("Mixing")
	defer t.end()
	if err := w.fill(ctx, want, l, partly(t.report, 0, 0.5)); err != nil {
		return err
	}
	w.show(ctx, func(m *Mix) {
		m.Beside, m.Why = !w.model.m.Generates(), Sentence{}
		if want.Mode == MixMean || want.Mode == MixChance {
			return
		}
		m.Slots, m.Sources = w.pixels, w.slots
		for i, slot := range w.slots {
			m.Names[i] = slotName(slot)
		}
	})
	x, err := w.mixture(want)
	if err != nil {
		return err
	}
	var y *tensor.Tensor
	if x.result != nil {
		if y, err = w.decode(ctx, *x.result, nil); err != nil {
			return err
		}
		w.show(ctx, func(m *Mix) {
			m.Result, m.Count = y, w.count
			if x.frames == 0 {
				m.Strip = nil
			}
		})
	}
	_, err = w.strip(ctx, x, partly(t.report, 0.5, 1), func(all []*tensor.Tensor) {
		w.show(ctx, func(m *Mix) { m.Result, m.Strip, m.Columns = y, slices.Clone(all), x.columns })
	})
	return err
}

// oneCell reports whether a model knows small pictures alone, whose latent is one cell.
func oneCell(s model.Spec) bool { return s.Crop > 0 && s.Crop <= 64 && s.Cell() >= s.Crop }

// usual are the pictures that are mixed before a person has chosen any.
func (w *mixWork) usual() (slots [MixSlots]string) {
	for i := range slots {
		if oneCell(w.model.m.Spec) || w.model.m.Spec.Channels == 1 {
			slots[i] = fmt.Sprintf("digit:%d", i)
		} else if i < len(assets.Samples()) {
			slots[i] = fmt.Sprintf("sample:%d", i)
		}
	}
	return slots
}

func slotName(slot string) string {
	switch kind, n, _ := strings.Cut(slot, ":"); {
	case slot == "":
		return ""
	case kind == "sample":
		var i int
		fmt.Sscan(n, &i)
		return Samples()[min(max(i, 0), len(Samples())-1)]
	case kind == "digit":
		return ""
	}
	return filepath.Base(slot)
}

// open reads the picture of a slot.
func (w *mixWork) open(ctx context.Context, slot string) (*tensor.Tensor, error) {
	kind, text, _ := strings.Cut(slot, ":")
	var n int
	switch fmt.Sscan(text, &n); {
	case kind == "digit" && slot != kind:
		d, err := imageio.OpenData(ctx, "builtin:digits", imageio.FolderOptions{Crop: 28}, nil)
		if err != nil {
			return nil, err
		}
		return d.Train.Batch(rand.New(rand.NewPCG(uint64(n)+3, 0)), 1)
	case kind == "sample" && slot != kind:
		p, err := source{sample: min(max(n, 0), len(assets.Samples())-1)}.open(ctx, w.s.o.Limits)
		if err != nil {
			return nil, err
		}
		return p.Pix, nil
	}
	p, err := openPicture(ctx, slot, w.s.o.Limits)
	if err != nil {
		return nil, err
	}
	return p.Pix, nil
}

// fill reads the model, and the pictures that are new, at one size: that of the model's own pictures where these
// are small and all alike, else that of the first, made smaller where it is too large.
func (w *mixWork) fill(ctx context.Context, want Mixing, l loaded, report model.Report) error {
	if w.model.m == nil || w.model.version != l.version {
		l, err := w.s.explored(l)
		if err != nil {
			return err
		}
		*w = mixWork{s: w.s, side: w.side, model: l}
	}
	switch m := w.model.m; {
	case want.Mode == MixMean:
		return w.average(ctx, want.Folder, report)
	case want.Mode == MixChance && (m.Spec.Bottleneck != "variational" || !m.Generates()):
		return fmt.Errorf("%w: %s", errChance, w.model.info.Name)
	case want.Mode == MixChance:
		w.resize(m.Spec.Crop, m.Spec.Crop)
		return nil
	}
	if want.Slots == ([MixSlots]string{}) {
		want.Slots = w.usual()
	}
	lead := slices.IndexFunc(want.Slots[:], func(slot string) bool { return slot != "" })
	for i, slot := range want.Slots {
		if slot == w.slots[i] && (slot == "" || w.latents[i] != nil && (i != lead || slot == w.lead)) {
			continue
		}
		w.slots[i], w.pixels[i], w.latents[i], w.past[i] = "", nil, nil, nil
		if slot == "" {
			continue
		}
		x, err := w.open(ctx, slot)
		if err != nil {
			return err
		}
		if i == lead {
			w.begin(slot, x, w.side)
		}
		if x = w.fit(x); w.side == mostMixed || w.large() {
			w.pixels[i] = x
		}
		w.levels[i] = levelOf(w.model.m, x)
		w.latents[i], w.past[i], err = w.apart(ctx, x, w.levels[i], partly(report, float64(i)/MixSlots, float64(i+1)/MixSlots))
		if err != nil {
			return err
		}
		w.slots[i] = slot
	}
	return nil
}

// partly reports what is done of a part of the work, between from and to of 1.
func partly(report model.Report, from, to float64) model.Report {
	if report == nil {
		return nil
	}
	return func(done, total int) { report(int(1000*(from+(to-from)*float64(done)/float64(total))), 1000) }
}

// begin mixes at the size of the first picture of a slot or a folder, as far as its longer side has so many pixels.
func (w *mixWork) begin(lead string, x *tensor.Tensor, most int) {
	_, height, width, _ := x.Dims4()
	w.resize(sizeWithin(height, width, most))
	w.lead, w.mean, w.around, w.count = lead, nil, nil, 0
}

// resize mixes at a size, or at the one that the model knows. If that is another than before, nothing that was
// fitted is left.
func (w *mixWork) resize(h, wide int) {
	if s := w.model.m.Spec; oneCell(s) {
		h, wide = s.Crop, s.Crop
	}
	if h != w.h || wide != w.w {
		*w = mixWork{s: w.s, side: w.side, model: w.model, h: h, w: wide}
	}
}

// fit is a picture as the others are.
func (w *mixWork) fit(x *tensor.Tensor) *tensor.Tensor {
	return imageio.Fit(inChannels(x, w.model.m.Spec.Channels), w.h, w.w)
}

// large reports whether what goes past latents is taken out of the pictures anew, some at a time, whenever it is mixed.
func (w *mixWork) large() bool { return w.side > mostStrip && !w.model.m.Generates() }

// apart is the latent of a picture, and what goes past it unless that is too large to be held.
func (w *mixWork) apart(ctx context.Context, x *tensor.Tensor, level float64, report model.Report) (*tensor.Tensor, *model.Bypass, error) {
	if w.large() {
		z, err := w.model.m.Features(ctx, x, level, report)
		return z, nil, err
	}
	return w.model.m.Encode(ctx, x, level, report)
}

// A compound is a latent that was mixed, and how much of what goes past that of each slot goes past it.
type compound struct {
	z      *tensor.Tensor
	shares [MixSlots]float32
}

// decode is the picture of a compound.
func (w *mixWork) decode(ctx context.Context, b compound, report model.Report) (*tensor.Tensor, error) {
	var y *tensor.Tensor
	var err error
	if w.large() && w.mean == nil {
		var of []model.Part
		for i, share := range b.shares {
			if share != 0 {
				of = append(of, model.Part{X: w.pixels[i], Level: w.levels[i], Share: share})
			}
		}
		y, err = w.model.m.Morph(ctx, b.z, of, report)
	} else {
		y, err = w.model.m.Decode(ctx, b.z, w.passing(b), w.h, w.w, report)
	}
	if err != nil {
		return nil, err
	}
	return clamp(y), nil
}

// passing is what goes past a compound; nil where the latent is all.
func (w *mixWork) passing(b compound) (sum *model.Bypass) {
	if w.mean != nil || w.model.m.Generates() {
		return w.around
	}
	for i, share := range b.shares {
		switch {
		case share == 0:
		case share == 1 && sum == nil && !slices.ContainsFunc(b.shares[i+1:], func(s float32) bool { return s != 0 }):
			return w.past[i] // nothing is mixed
		case sum == nil:
			sum = w.past[i].Times(share)
		default:
			sum.Add(share, w.past[i])
		}
	}
	return sum
}

// A mixture is what pictures have become.
type mixture struct {
	result  *compound            // nil where there is only a strip
	frames  int                  // of the strip
	columns int                  // … in a row; it is a table where that is less
	frame   func(i int) compound // one of them
}

// mixture mixes the latents of what has been filled.
func (w *mixWork) mixture(want Mixing) (mixture, error) {
	switch want.Mode {
	case MixSum:
		return w.sum(want)
	case MixMean:
		return mixture{result: &compound{z: w.mean}}, nil
	case MixNumber:
		return w.numbers()
	case MixChance:
		return w.chance(want.Seed), nil
	}
	return w.between(want)
}

// strip decodes the strip of a mixture, and hands on what there is of it after each row.
func (w *mixWork) strip(ctx context.Context, x mixture, report model.Report, row func(all []*tensor.Tensor)) (all []*tensor.Tensor, err error) {
	for i := range x.frames {
		n := float64(x.frames)
		y, err := w.decode(ctx, x.frame(i), partly(report, float64(i)/n, float64(i+1)/n))
		if err != nil {
			return nil, err
		}
		if all = append(all, y); len(all)%x.columns == 0 {
			row(all)
		}
	}
	return all, nil
}

// framesBetween is how many pictures a strip between two has.
const framesBetween = 9

// between mixes the pictures at the corners: the first at the top left, then top right, bottom left, bottom
// right. Where there are two, they lie side by side.
func (w *mixWork) between(want Mixing) (mixture, error) {
	if len(w.have()) < 2 {
		return mixture{}, fmt.Errorf("%w: A, B", errEmpty)
	}
	return mixture{result: w.blend(want, want.X, want.Y), frames: framesBetween, columns: framesBetween,
		frame: func(i int) compound { return *w.blend(want, float64(i)/(framesBetween-1), want.Y) }}, nil
}

// have are the slots that have pictures.
func (w *mixWork) have() (all []int) {
	for i, z := range w.latents {
		if z != nil {
			all = append(all, i)
		}
	}
	return all
}

// blend is what lies at a place in the square. What goes past latents is mixed along lines in any case: it is no
// point of a sphere.
func (w *mixWork) blend(want Mixing, x, y float64) *compound {
	mix := lerp
	if want.Round {
		mix = slerp
	}
	side := func(a, b *compound, t float64) *compound {
		switch {
		case a == nil:
			return b
		case b == nil:
			return a
		}
		out := &compound{z: mix(a.z, b.z, t)}
		for i := range out.shares {
			out.shares[i] = float32((1-t)*float64(a.shares[i])) + float32(t*float64(b.shares[i]))
		}
		return out
	}
	var at [MixSlots]*compound
	for i, z := range w.latents {
		if z != nil {
			at[i] = &compound{z: z}
			at[i].shares[i] = 1
		}
	}
	return side(side(at[0], at[1], x), side(at[2], at[3], x), y)
}

// lerp is the line between two latents.
func lerp(a, b *tensor.Tensor, t float64) *tensor.Tensor {
	out := tensor.New(a.Shape...)
	for i, v := range a.Data {
		out.Data[i] = v + float32(float32(t)*(b.Data[i]-v))
	}
	return out
}

// slerp is the great circle between two latents: their lengths are mixed and so is the angle between them
// (Shoemake 1985). Where they point the same way it is the line.
func slerp(a, b *tensor.Tensor, t float64) *tensor.Tensor {
	var aa, bb, ab float64
	for i, v := range a.Data {
		u, w := float64(v), float64(b.Data[i])
		aa, bb, ab = aa+u*u, bb+w*w, ab+u*w
	}
	angle := math.Acos(min(max(ab/math.Sqrt(aa*bb), -1), 1))
	if !(math.Sin(angle) > 1e-4) {
		return lerp(a, b, t)
	}
	// Directions are mixed, and given a length between the two.
	ka, kb := math.Sin((1-t)*angle)/math.Sin(angle)/math.Sqrt(aa), math.Sin(t*angle)/math.Sin(angle)/math.Sqrt(bb)
	length := (1-t)*math.Sqrt(aa) + t*math.Sqrt(bb)
	out := tensor.New(a.Shape...)
	for i, v := range a.Data {
		out.Data[i] = float32(length * (ka*float64(v) + kb*float64(b.Data[i])))
	}
	return out
}

// sum is the first picture, less the second, plus the third.
func (w *mixWork) sum(want Mixing) (mixture, error) {
	z := w.latents
	if z[0] == nil || z[1] == nil || z[2] == nil {
		return mixture{}, fmt.Errorf("%w: A, B, C", errEmpty)
	}
	at := func(amount float64) *compound {
		by := float32(amount)
		out := &compound{tensor.New(z[0].Shape...), [MixSlots]float32{1, -by, by}}
		for i, v := range z[0].Data {
			out.z.Data[i] = v + float32(by*(z[2].Data[i]-z[1].Data[i]))
		}
		return out
	}
	return mixture{result: at(want.Amount), frames: framesBetween, columns: framesBetween,
		frame: func(i int) compound { return *at(2 * float64(i) / (framesBetween - 1)) }}, nil
}

// mostAveraged is how many pictures of a folder are averaged at most.
const mostAveraged = 1000

// average takes the mean of the latents of a folder.
func (w *mixWork) average(ctx context.Context, folder string, report model.Report) error {
	if folder == "" {
		return errNoMean
	}
	if w.lead == folder && w.mean != nil {
		return nil
	}
	names, err := walkPictures(ctx, folder)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return imageio.FileError{Path: folder, Err: ErrNoPictures}
	}
	names = names[:min(len(names), mostAveraged)]
	var sum []float64
	var shape []int
	var around *model.Bypass
	count := 0
	var trouble error
	for i, name := range names {
		x, err := w.open(ctx, filepath.Join(folder, name))
		if err == nil {
			if count == 0 && w.model.m.Generates() {
				w.begin(folder, x, w.side)
			} else if count == 0 { // what goes past all latents is added up, and large
				w.begin(folder, x, min(w.side, mostStrip))
			}
			x = w.fit(x)
			var z *tensor.Tensor
			var past *model.Bypass
			if z, past, err = w.model.m.Encode(ctx, x, levelOf(w.model.m, x), nil); err == nil {
				if sum == nil {
					sum, shape, around = make([]float64, len(z.Data)), z.Shape, past.Times(0)
				}
				around.Add(1, past)
				for k, v := range z.Data {
					sum[k] += float64(v)
				}
				count++
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && trouble == nil {
			trouble = err
		}
		report(i+1, len(names))
	}
	if count == 0 {
		return noneRead(folder, trouble)
	}
	w.s.fail(trouble)
	w.mean, w.around, w.count = tensor.New(shape...), around.Times(1/float32(count)), count
	for k, v := range sum {
		w.mean.Data[k] = float32(v / float64(count))
	}
	return nil
}

// Numbers of a latent that are changed one after the other, and in how many steps.
const (
	mostMoved   = 8
	numberSteps = 9
)

// numbers changes one number of the first picture's latent after the other: a row for each of those that
// differ most between the pictures at hand, from 3 below to 3 above in units of their spread, or of 1 in a
// variational model. Of a latent of many cells the whole channel is moved.
func (w *mixWork) numbers() (mixture, error) {
	have := w.have()
	if len(have) == 0 {
		return mixture{}, fmt.Errorf("%w: A", errEmpty)
	}
	first := compound{z: w.latents[have[0]]}
	first.shares[have[0]] = 1
	z := first.z
	n := z.Shape[3]
	e := newEditable(z)
	unit := func(c int) float32 {
		if w.model.m.Spec.Bottleneck == "variational" {
			return 1
		}
		if e.spread[c] > 0 {
			return e.spread[c]
		}
		return max(1, float32(math.Abs(float64(e.mean[c]))))
	}
	order := e.ranking()[:min(n, mostMoved)]
	return mixture{frames: len(order) * numberSteps, columns: numberSteps, frame: func(i int) compound {
		c := order[i/numberSteps]
		moved := compound{z.Clone(), first.shares}
		by := unit(c) * float32(6*float64(i%numberSteps)/(numberSteps-1)-3)
		for k := c; k < len(moved.z.Data); k += n {
			moved.z.Data[k] += by
		}
		return moved
	}}, nil
}

// Pictures that are drawn from chance, and how many of them in a row.
const drawnFromChance, drawnInRow = 36, 9

// chance draws latents of a variational model.
func (w *mixWork) chance(seed uint64) mixture {
	m := w.model.m
	cell := m.Cell()
	return mixture{frames: drawnFromChance, columns: drawnInRow, frame: func(i int) compound {
		z := tensor.New(1, (w.h+cell-1)/cell, (w.w+cell-1)/cell, m.Spec.Numbers())
		noise.Normal(rand.New(rand.NewPCG(seed, uint64(i))), z.Data)
		return compound{z: z}
	}}
}

// SaveMix writes the result as a picture, or the strip as one (.png) or as an animation (.gif). Both are mixed anew,
// at the size of the first picture as far as limits allow: 4096 pixels a side for the result, 1024 for each
// picture of a strip and for the mean by a model that lets something past its latent, and for a table and an animation
// what is shown. What a Mix says meanwhile is not saved.
func (s *Session) SaveMix(path string, strip bool) {
	s.mu.Lock()
	ctx, want, l := s.jobs, s.state.Mix.Want, s.explorer.model
	s.mu.Unlock()
	s.spawn(func() {
		t := s.begin("Saving the mixture")
		defer t.end()
		s.fail(s.saveMix(ctx, path, strip, want, l, t.report))
	})
}

func (s *Session) saveMix(ctx context.Context, path string, strip bool, want Mixing, l loaded, report model.Report) error {
	w := &mixWork{s: s, side: mostMixedSaved}
	row := want.Mode == MixBetween || want.Mode == MixSum
	switch animation := strings.EqualFold(filepath.Ext(path), ".gif"); {
	case strip && row && !animation:
		w.side = mostStrip
	case strip:
		w.side = mostMixed
	}
	if err := w.fill(ctx, want, l, partly(report, 0, 0.5)); err != nil {
		return err
	}
	x, err := w.mixture(want)
	if err != nil {
		return err
	}
	if !strip {
		if x.result == nil {
			return ErrNothing
		}
		y, err := w.decode(ctx, *x.result, partly(report, 0.5, 1))
		if err != nil {
			return err
		}
		return s.saveMade(ctx, path, y)
	}
	all, err := w.strip(ctx, x, partly(report, 0.5, 1), func([]*tensor.Tensor) {})
	if err != nil {
		return err
	}
	return s.saveStrip(ctx, path, all, x.columns)
}

// saveMade writes a picture that was made here.
func (s *Session) saveMade(ctx context.Context, path string, x *tensor.Tensor) error {
	if x == nil {
		return ErrNothing
	}
	if err := savePicture(ctx, path, &imageio.Picture{Pix: x, Depth: 8}, imageio.SaveOptions{}); err != nil {
		return err
	}
	_, h, w, _ := x.Dims4()
	s.savedSize("picture", path, w, h)
	return nil
}

// saveStrip writes pictures side by side, so many in a row, or one after the other where the name ends in .gif.
func (s *Session) saveStrip(ctx context.Context, path string, pictures []*tensor.Tensor, columns int) error {
	if len(pictures) == 0 {
		return ErrNothing
	}
	if !strings.EqualFold(filepath.Ext(path), ".gif") {
		return s.saveMade(ctx, path, FilmStrip(pictures, columns))
	}
	movie := imageio.NewAnimation(pictures[0])
	for _, x := range pictures {
		movie.Add(x, "")
	}
	if err := writeFile(path, movie.Encode); err != nil {
		return err
	}
	s.saved("animation", path)
	return nil
}

// FilmStrip lays pictures of one size side by side, so many in a row, with a little between them.
func FilmStrip(pictures []*tensor.Tensor, columns int) *tensor.Tensor {
	const gap = 2
	_, h, w, c := pictures[0].Dims4()
	columns = min(max(columns, 1), len(pictures))
	rows := (len(pictures) + columns - 1) / columns
	width := columns*(w+gap) - gap
	out := tensor.New(1, rows*(h+gap)-gap, width, c)
	for i := range out.Data {
		out.Data[i] = 0.25
	}
	for i, p := range pictures {
		for y := range h {
			copy(out.Data[((i/columns*(h+gap)+y)*width+i%columns*(w+gap))*c:][:w*c], p.Data[y*w*c:])
		}
	}
	return out
}
