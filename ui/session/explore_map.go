package session

// This file is the part Map of the page Explore: pictures on a plane, and what lies between them.

import (
	"context"
	"errors"
	"image"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"sieve/imageio"
	"sieve/model/embed"
	"sieve/model/tensor"
)

// Mapping is what a person wants to be laid out.
type Mapping struct {
	Data   string // a folder, a set, or "builtin:NAME:COUNT"
	Method Method
	Seed   uint64
}

// DefaultMapping is what is laid out at first.
var DefaultMapping = Mapping{Method: MethodPCA, Seed: 1}

// Mapped is pictures on a plane.
type Mapped struct {
	Want    Mapping
	Version uint64 // of the pictures; 0: there are none yet

	Names, Labels []string // of the pictures that could be read
	Classes       []string // the labels that there are, sorted
	Class         []int    // of each picture, among Classes; -1: none
	Errors        []float32
	Thumbs        []*image.RGBA
	Skipped       []string // a sentence for each file that cannot be read

	Points    []float32 // x and y of each
	Moved     uint64    // version of Points
	Low, High [2]float64
	Fog       *embed.Fog // nil before it is known
	Step      int        // of t-SNE
	Steps     int        // 0: of PCA, which is there at once
	Decodes   bool       // places can be decoded: all that the decoder needs is the latent
	Done, Of  int        // pictures that have been looked at
	Pending   bool
	Why       Sentence // why there is no map

	Here    Here             // the place under the pointer, or that of what is steered
	Way     []*tensor.Tensor // pictures along a way that was drawn
	Shown   *MapShown        // the picture that was clicked, or put on the map last; nil: none
	Dots    []MapDot         // pictures that were put on the map
	Ends    [2][]int         // two groups of pictures
	Along   []AlongStep      // along AlongOf, in order
	AlongOf Course

	Shares   []float64 // of the variance of latents that lie along principal directions, the greatest first
	Steering Steering  // how far Shown, or the mean of all pictures, is moved
}

// Here is a place on the map.
type Here struct {
	X, Y      float64
	Picture   *tensor.Tensor // (1, H, W, C) that is decoded there; nil: none
	Nearest   int            // picture: on the map, or in the latent of what is steered
	Support   float64        // how many pictures are near, likewise
	RoundTrip float64        // how far the decoded picture's own place is from here, in reaches; NaN where that is not known
	Steered   bool           // it is the place of what is steered
	Serial    uint64
}

// MapShown is a picture of the map looked at.
type MapShown struct {
	Name       string
	Index      int   // of the picture; -1: it was put on the map
	Dot        int   // … as this one
	Panes      Panes // the picture, its latent and its reconstruction
	Neighbours []int // the nearest in the latent
}

// A MapDot is a picture that was put on the map.
type MapDot struct {
	Name string // "": it is being drawn by hand
	X, Y float64

	at source
	z  []float32 // its latent
}

// A mapper is the part Map at work. The session's mutex guards it.
type mapper struct {
	on     bool
	wake   chan struct{}
	cancel context.CancelFunc // of laying out
	round  uint64             // of what is wanted
	here   *[2]float64        // to be decoded
	steer  bool               // State.Map.Steering is another
	pad    *tensor.Tensor     // drawn by hand, to be put on the map; nil: nothing new
	ops    []func(ctx context.Context, w *mapWork) error
}

// ShowMap says whether the part Map is in front: t-SNE rests when it is not.
func (s *Session) ShowMap(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mapper.on != on {
		s.mapper.on = on
		s.wakeMap()
	}
}

// wakeMap has the map looked after. s.mu is held.
func (s *Session) wakeMap() {
	select {
	case s.mapper.wake <- struct{}{}:
	default:
	}
}

// SetMapping changes what is to be laid out, and how.
func (s *Session) SetMapping(m Mapping) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m == s.state.Map.Want {
		return
	}
	s.publish(func(st *State) { st.Map.Want, st.Map.Pending = m, true })
	s.remap()
}

// remap ends what was laid out before. s.mu is held.
func (s *Session) remap() {
	s.mapper.round++
	s.mapper.ops, s.mapper.here = nil, nil
	if s.state.Map.Want.Data != "" {
		s.publish(func(st *State) { st.Map.Pending = true })
	}
	if s.mapper.cancel != nil {
		s.mapper.cancel()
	}
	s.wakeMap()
}

// LookAtPlace decodes a place of the map.
func (s *Session) LookAtPlace(x, y float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mapper.here = &[2]float64{x, y}
	s.wakeMap()
}

// onMap has something done with the map.
func (s *Session) onMap(op func(ctx context.Context, w *mapWork) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Map.Version != 0 {
		s.mapper.ops = append(s.mapper.ops, op)
		s.wakeMap()
	}
}

// mapSteps is how many pictures a way and a direction have.
const mapSteps = 9

// WalkMap decodes pictures along a way of places.
func (s *Session) WalkMap(xs, ys []float64) {
	s.onMap(func(ctx context.Context, w *mapWork) error { return w.walk(ctx, xs, ys) })
}

// ShowOnMap looks at a picture of the map: what is steered begins there. -1: at none.
func (s *Session) ShowOnMap(i int) {
	s.onMap(func(ctx context.Context, w *mapWork) error { return w.look(ctx, i) })
}

// ShowDotOnMap is ShowOnMap for a picture that was put there.
func (s *Session) ShowDotOnMap(i int) {
	s.onMap(func(ctx context.Context, w *mapWork) error { return w.lookAtDot(ctx, i) })
}

// OpenFromMap opens the picture that is looked at in the workplace, as if it had been dropped there.
func (s *Session) OpenFromMap() {
	s.onMap(func(ctx context.Context, w *mapWork) error {
		if at := w.shown; at != nil {
			s.show([]source{w.sourceOf(at)}, 0, s.ticket())
		}
		return nil
	})
}

// PutOnMap puts other pictures on the map.
func (s *Session) PutOnMap(paths []string) {
	s.onMap(func(ctx context.Context, w *mapWork) error { return w.put(ctx, paths) })
}

// ExportMap writes places, labels and errors as .csv, or the map as a picture.
func (s *Session) ExportMap(path string) {
	s.onMap(func(ctx context.Context, w *mapWork) error {
		if err := w.atlas.write(ctx, path, w.model.info.Name, new(AtlasReport)); err != nil {
			return err
		}
		s.saved("table", path)
		return nil
	})
}

// SaveWay writes the pictures of the way, or of the direction, side by side (.png) or as an animation (.gif).
func (s *Session) SaveWay(path string, along bool) {
	st := s.State().Map
	pictures := st.Way
	if along {
		pictures = nil
		for _, a := range st.Along {
			pictures = append(pictures, a.Picture)
		}
	}
	s.do("Saving the pictures", func(ctx context.Context) error { return s.saveStrip(ctx, path, pictures, len(pictures)) })
}

// mapWork is the map that is there. The goroutine that maps owns it.
type mapWork struct {
	s       *Session
	round   uint64
	want    Mapping
	model   loaded
	gallery *Gallery
	encoded *Encoded
	atlas   *Atlas
	reach   float64
	version uint64
	ends    [2][]int
	dots    []MapDot
	shown   *MapShown
	start   []float32 // the latent that is steered
	near    float64   // how far from a latent those that are near it are at most
	told    time.Time // when places were last published
}

// mapping is the goroutine that maps.
func (s *Session) mapping() {
	w := &mapWork{s: s}
	for {
		select {
		case <-s.mapper.wake:
		case <-s.ctx.Done():
			return
		}
		for s.mapRound(w) {
		}
	}
}

// mapRound does the next thing, and says whether there may be another.
func (s *Session) mapRound(w *mapWork) bool {
	s.mu.Lock()
	m := &s.mapper
	if !m.on || s.ctx.Err() != nil || s.state.Map.Want.Data == "" {
		s.mu.Unlock()
		return false
	}
	ctx, cancel := context.WithCancel(s.ctx)
	m.cancel = cancel
	round, want, l := m.round, s.state.Map.Want, s.explorer.model
	here, ops, pad, steer := m.here, m.ops, m.pad, m.steer
	fresh := w.round == round && w.model.version == l.version && w.want == want
	if fresh {
		m.here, m.ops, m.pad, m.steer = nil, nil, nil, false
	}
	s.mu.Unlock()
	defer cancel()
	if !fresh {
		err := w.lay(ctx, want, l)
		if ctx.Err() != nil {
			return true
		}
		w.round, w.want = round, want
		w.model.version = l.version
		s.update(func(st *State) {
			st.Map.Pending = false
			st.Map.Why = Sentence{}
			if err != nil {
				st.Map.Why, st.Map.Version = Explain(err), 0
			}
		})
		return true
	}
	if w.atlas == nil {
		return false
	}
	if pad != nil {
		ops = append(ops, func(ctx context.Context, w *mapWork) error { return w.putDrawn(ctx, pad) })
	}
	for _, op := range ops {
		if err := op(ctx, w); err != nil && ctx.Err() == nil {
			s.fail(err)
		}
	}
	if steer {
		w.steer(ctx)
	}
	if here != nil {
		w.decode(ctx, here[0], here[1])
	}
	if w.atlas.tsne != nil && w.atlas.Steps() < AtlasSteps {
		if err := w.atlas.Step(ctx); err != nil && ctx.Err() == nil {
			s.fail(err)
			return false
		}
		last := w.atlas.Steps() == AtlasSteps
		if now := s.o.Now(); last || now.Sub(w.told) > 100*time.Millisecond {
			w.told = now
			w.publish(ctx, last)
			if err := w.resettle(ctx); err != nil {
				return false
			}
		}
		return true
	}
	return len(ops) > 0 || steer || here != nil
}

// lay reads the pictures, unless they are there, and lays them out.
func (w *mapWork) lay(ctx context.Context, want Mapping, l loaded) error {
	s := w.s
	t := s.begin("Laying pictures out")
	defer t.end()
	if w.encoded == nil || w.model.version != l.version || w.want.Data != want.Data {
		l, err := s.explored(l)
		if err != nil {
			return err
		}
		w.model, w.encoded, w.atlas = l, nil, nil
		name, count := builtinCount(want.Data)
		g, err := OpenGallery(ctx, []string{name}, GalleryOptions{Channels: l.m.Spec.Channels, Count: count, Seed: want.Seed, Longest: LongestMapped, Limits: s.o.Limits})
		if err != nil {
			return err
		}
		var skipped []string
		shown := s.o.Now()
		e, err := EncodeGallery(ctx, l.m, g, PoolAuto, func(r FileReport) {
			if r.Err != nil {
				skipped = append(skipped, Words(r.Err))
			}
			t.report(int(r.Done), int(r.Total))
			if now := s.o.Now(); now.Sub(shown) > 100*time.Millisecond {
				shown = now
				s.update(func(st *State) { st.Map.Done, st.Map.Of = int(r.Done), int(r.Total) })
			}
		})
		if err != nil {
			return err
		}
		w.gallery, w.encoded, w.ends, w.dots, w.shown, w.start, w.near = g, e, [2][]int{}, nil, nil, nil, 0
		w.want.Data = want.Data // they are of this, even if laying them out is ended
		s.mu.Lock()
		w.version = s.next()
		s.mu.Unlock()
		classes, class := classesOf(e.Labels)
		thumbs := make([]*image.RGBA, e.Thumbs.Len())
		for i := range thumbs {
			thumbs[i] = thumbOf(&e.Thumbs, i)
		}
		s.update(func(st *State) {
			st.Map = Mapped{Want: st.Map.Want, Version: w.version, Names: e.Names, Labels: e.Labels, Classes: classes, Class: class, Errors: e.Errors, Thumbs: thumbs, Skipped: skipped,
				Pending: true, Decodes: l.m.Generates() && e.Pool == PoolNone && e.Height > 0}
		})
	}
	a, err := w.encoded.Lay(ctx, Layout{Method: want.Method, Seed: want.Seed})
	if errors.Is(err, embed.ErrNumber) {
		err = imageio.FileError{Path: want.Data, Err: err}
	}
	if err != nil {
		return err
	}
	w.atlas = a
	w.publish(ctx, true)
	if err := w.resettle(ctx); err != nil {
		return err
	}
	return w.survey(ctx)
}

// builtinCount takes the number from "builtin:NAME:COUNT".
func builtinCount(data string) (name string, count int) {
	rest, builtin := strings.CutPrefix(data, "builtin:")
	kind, number, counted := strings.Cut(rest, ":")
	if n, err := strconv.Atoi(number); builtin && counted && err == nil {
		return "builtin:" + kind, n
	}
	return data, 0
}

// classesOf are the labels that there are, and which of them each picture has.
func classesOf(labels []string) (classes []string, class []int) {
	for _, l := range labels {
		if l != "" && !slices.Contains(classes, l) {
			classes = append(classes, l)
		}
	}
	slices.Sort(classes)
	class = make([]int, len(labels))
	for i, l := range labels {
		class[i] = slices.Index(classes, l)
	}
	return classes, class
}

func thumbOf(t *Thumbs, i int) *image.RGBA {
	pix, h, w := t.At(i)
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for k := range h * w {
		p := img.Pix[4*k : 4*k+4]
		if t.Channels == 1 {
			p[0], p[1], p[2] = pix[k], pix[k], pix[k]
		} else {
			copy(p, pix[3*k:3*k+3])
		}
		p[3] = 255
	}
	return img
}

// Cells of the fog a side.
const fogCells = 96

// publish shows where the pictures are, with what lies between them when they rest.
func (w *mapWork) publish(ctx context.Context, rests bool) {
	a := w.atlas
	low, high := a.Bounds()
	var fog *embed.Fog
	if rests {
		var err error
		if w.reach, err = a.Reach(ctx); err != nil {
			return
		}
		if w.reach > 0 {
			var l, h [2]float64
			for k := range 2 {
				room := 0.25 * (high[k] - low[k])
				l[k], h[k] = low[k]-room, high[k]+room
			}
			if fog, err = a.Fog(ctx, l, h, fogCells, fogCells, w.reach); err != nil {
				return
			}
		}
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	w.s.publish(func(st *State) {
		m := &st.Map
		m.Points, m.Low, m.High, m.Fog, m.Moved = a.Points, low, high, fog, w.s.next()
		m.Step, m.Steps = 0, 0
		if a.tsne != nil {
			m.Step, m.Steps = a.Steps(), AtlasSteps
		}
	})
}

// change shows something, if the map is still the same.
func (w *mapWork) change(f func(m *Mapped)) {
	w.s.update(func(st *State) {
		if st.Map.Version == w.version {
			f(&st.Map)
		}
	})
}

// picture is what a latent decodes to.
func (w *mapWork) picture(ctx context.Context, z []float32) (*tensor.Tensor, error) {
	m, e := w.model.m, w.encoded
	cell := m.Cell()
	zh, zw := (e.Height+cell-1)/cell, (e.Width+cell-1)/cell
	y, err := m.Generate(ctx, &tensor.Tensor{Shape: []int{1, zh, zw, m.Spec.Numbers()}, Data: z}, e.Height, e.Width, nil)
	if err != nil {
		return nil, err
	}
	return clamp(y), nil
}

func (w *mapWork) decodes() bool {
	return w.model.m.Generates() && w.encoded.Pool == PoolNone && w.encoded.Height > 0
}

// decode shows what lies at a place.
func (w *mapWork) decode(ctx context.Context, x, y float64) {
	h := Here{X: x, Y: y, Nearest: w.nearest(x, y)}
	if w.reach > 0 {
		h.Support = w.atlas.Support(x, y, w.reach)
	}
	var z []float32
	if w.decodes() {
		var err error
		if z, err = w.atlas.Restore(ctx, []float32{float32(x), float32(y)}); err != nil {
			return
		}
	}
	w.arrive(ctx, h, z)
}

// arrive shows a place, and the picture of a latent that lies there, where places are decoded.
func (w *mapWork) arrive(ctx context.Context, h Here, z []float32) {
	h.RoundTrip = nan
	if w.decodes() {
		var err error
		if h.Picture, err = w.picture(ctx, z); err != nil {
			return
		}
		if back, err := w.model.m.Features(ctx, h.Picture, levelOf(w.model.m, h.Picture), nil); err == nil && w.reach > 0 {
			if p, err := w.atlas.Place(ctx, back.Data); err == nil {
				h.RoundTrip = math.Hypot(float64(p[0])-h.X, float64(p[1])-h.Y) / w.reach
			}
		}
	}
	h.Serial = w.s.ticket()
	w.change(func(m *Mapped) { m.Here = h })
}

// nearest is the picture nearest to a place.
func (w *mapWork) nearest(x, y float64) (at int) {
	best := math.Inf(1)
	p := w.atlas.Points
	for i := 0; i+1 < len(p); i += 2 {
		if d := math.Hypot(float64(p[i])-x, float64(p[i+1])-y); d < best {
			best, at = d, i/2
		}
	}
	return at
}

// walk decodes pictures at equal distances along a way.
func (w *mapWork) walk(ctx context.Context, xs, ys []float64) error {
	if len(xs) < 2 || !w.decodes() {
		return nil
	}
	lengths := make([]float64, len(xs))
	for i := 1; i < len(xs); i++ {
		lengths[i] = lengths[i-1] + math.Hypot(xs[i]-xs[i-1], ys[i]-ys[i-1])
	}
	var way []*tensor.Tensor
	for k := range mapSteps {
		at := lengths[len(lengths)-1] * float64(k) / (mapSteps - 1)
		i, _ := slices.BinarySearch(lengths, at)
		i = min(max(i, 1), len(xs)-1)
		t := 0.0
		if d := lengths[i] - lengths[i-1]; d > 0 {
			t = (at - lengths[i-1]) / d
		}
		z, err := w.atlas.Restore(ctx, []float32{float32(xs[i-1] + t*(xs[i]-xs[i-1])), float32(ys[i-1] + t*(ys[i]-ys[i-1]))})
		if err != nil {
			return err
		}
		y, err := w.picture(ctx, z)
		if err != nil {
			return err
		}
		way = append(way, y)
	}
	w.change(func(m *Mapped) { m.Way, m.Along, m.AlongOf = way, nil, Course{} })
	return nil
}

// latent is that of a picture of the map.
func (w *mapWork) latent(i int) []float32 {
	n := w.encoded.Numbers
	return w.encoded.Data[i*n : (i+1)*n]
}
