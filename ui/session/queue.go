package session

// This file denoises and compresses many pictures behind the window, one after the other.

import (
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// A QueueState is how far a picture in the queue is.
type QueueState string

const (
	Waiting QueueState = "waiting"
	Working QueueState = "working"
	Done    QueueState = "done"
	There   QueueState = "there"  // its result was there already, and was left as it is
	Failed  QueueState = "failed" // Text says why
)

// A QueueItem is one picture in the queue.
type QueueItem struct {
	In, Out string // files; Out is known once it is worked on
	Name    string // the file's path in the folder it was dropped with
	State   QueueState
	Part    float64     // of the work on it that is done
	Sigma   float64     // of its noise, as the model was told it, in levels of 255; else NaN
	Size    int64       // of its file in bytes, once it is compressed; else 0
	Thumb   *image.RGBA // small, once it is worked on; else nil
	Text    Sentence    // why it failed
	Number  uint64      // that no other item has

	root   string // the folder it was dropped with, "" for a file
	pixels int64
	how    use
}

// Compresses reports whether the item is to be compressed, and not denoised.
func (q QueueItem) Compresses() bool { return q.how.codec != nil }

// use is what an item is to be denoised with, or compressed.
type use struct {
	m      *model.Model
	name   string
	repair Repair

	codec *model.Codec // not nil: it is to be compressed
	press Compression
}

// QueueOptions say where results go.
type QueueOptions struct {
	// Out is the folder for all results, which keeps the tree below each folder that was
	// dropped. "" puts those of a folder into one beside it whose name ends in -clean, and
	// those of single files into a folder named clean beside them; compressed ones go to
	// -small and small.
	Out string
	// Template is a result's name without its ending: {name} stands for the picture's,
	// {model} for the model's, {number} for its place in the queue. "" is {name}.
	Template  string
	Overwrite bool
}

// Queue is the pictures that are worked on behind. Items are never changed after they
// are published.
type Queue struct {
	Items   []QueueItem
	Options QueueOptions
	Running bool
	Left    time.Duration // 0 when nobody knows
	Counts  map[QueueState]int
}

// errTemplate reports a template that makes no names.
var errTemplate = errors.New("session: template")

// A line is the queue at work. The session's mutex guards it.
type line struct {
	items  []QueueItem
	cancel context.CancelFunc // of what runs; nil when nothing does
	shown  time.Time
	spent  time.Duration
	pixels int64 // that were worked on in that time
}

// QueueAll puts all pictures that are open into the queue, to be denoised with the model
// and the settings of now, or compressed with those of the page Compress. Those that are
// in it for the same and wait are not put there twice.
func (s *Session) QueueAll(page Page) {
	s.do("Looking at the pictures", func(ctx context.Context) error {
		if err := s.settled(ctx); err != nil {
			return err
		}
		s.mu.Lock()
		has, repair := s.easel.has, s.easel.want.repair
		list := slices.Clone(s.easel.want.list)
		press := s.state.Press.Want
		s.mu.Unlock()
		how := use{m: has.model.m, name: has.model.info.Name, repair: repair}
		if page == PageCompress {
			codec, err := LoadCodec("")
			if err != nil {
				return err
			}
			how = use{name: "sieve", codec: codec, press: press}
		} else if how.m == nil {
			return ErrNothing
		}
		var items []QueueItem
		for _, src := range list {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if src.path == "" {
				continue
			}
			item := QueueItem{In: src.path, State: Waiting, Sigma: nan, root: src.root, how: how}
			if item.Name = item.rel(); src.root != "" {
				item.Name = filepath.Join(filepath.Base(src.root), item.Name)
			}
			if info, err := imageio.Probe(src.path); err == nil {
				item.pixels = int64(info.Width) * int64(info.Height)
			}
			items = append(items, item)
		}
		if len(items) == 0 {
			return ErrNothing
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		type duty struct {
			in         string
			compresses bool
		}
		waits := map[duty]bool{}
		for _, item := range s.line.items {
			if item.State == Waiting || item.State == Working {
				waits[duty{item.In, item.Compresses()}] = true
			}
		}
		for _, item := range items {
			if !waits[duty{item.In, item.Compresses()}] {
				item.Number = s.next()
				s.line.items = append(s.line.items, item)
			}
		}
		s.showQueue(true)
		return nil
	})
}

// StartQueue works on what waits, until all is done or StopQueue is called.
func (s *Session) StartQueue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line.cancel != nil || s.closing || s.waiting() < 0 {
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.line.cancel = cancel
	s.line.spent, s.line.pixels = 0, 0
	s.work.Go(func() {
		s.queue(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		cancel()
		s.line.cancel = nil
		s.showQueue(true)
	})
	s.showQueue(true)
}

// StopQueue stops. What was being worked on waits again; results that are whole stay.
func (s *Session) StopQueue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line.cancel != nil {
		s.line.cancel()
	}
}

// ClearQueue takes everything out that is not being worked on.
func (s *Session) ClearQueue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line.items = slices.DeleteFunc(s.line.items, func(q QueueItem) bool { return q.State != Working })
	s.showQueue(true)
}

// RetryQueue lets what failed wait again.
func (s *Session) RetryQueue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.line.items {
		if q := &s.line.items[i]; q.State == Failed {
			q.State, q.Text, q.Part = Waiting, Sentence{}, 0
		}
	}
	s.showQueue(true)
}

// SetQueueOptions changes where results go that are not made yet.
func (s *Session) SetQueueOptions(o QueueOptions) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := checkTemplate(o.Template); err != nil {
		s.put(Error, Explain(err))
		return
	}
	s.publish(func(st *State) { st.Queue.Options = o })
}

// waiting returns the first item that waits, or -1. s.mu is held.
func (s *Session) waiting() int {
	return slices.IndexFunc(s.line.items, func(q QueueItem) bool { return q.State == Waiting })
}

// queueGap is the least time between two states that show the queue, but for changes
// that matter.
const queueGap = 100 * time.Millisecond

// showQueue publishes the queue. s.mu is held.
func (s *Session) showQueue(now bool) {
	l := &s.line
	if at := s.o.Now(); now || at.Sub(l.shown) >= queueGap {
		l.shown = at
		items := slices.Clone(l.items)
		counts := map[QueueState]int{}
		var left int64
		for _, q := range items {
			counts[q.State]++
			switch q.State {
			case Waiting:
				left += q.pixels
			case Working:
				left += int64((1 - q.Part) * float64(q.pixels))
			}
		}
		var wait time.Duration
		if l.cancel != nil && l.pixels > 0 {
			wait = time.Duration(float64(l.spent) / float64(l.pixels) * float64(left))
		}
		s.publish(func(st *State) {
			st.Queue.Items, st.Queue.Counts, st.Queue.Running, st.Queue.Left = items, counts, l.cancel != nil, wait
		})
	}
}

// queue works on what waits until ctx is done.
func (s *Session) queue(ctx context.Context) {
	for ctx.Err() == nil {
		s.mu.Lock()
		at := s.waiting()
		if at < 0 {
			s.mu.Unlock()
			return
		}
		q := s.line.items[at]
		options := s.state.Queue.Options
		q.State, q.Out = Working, options.target(q, at+1)
		taken := slices.ContainsFunc(s.line.items, func(other QueueItem) bool { return other.Out == q.Out && other.In != q.In })
		s.line.items[at] = q
		s.showQueue(true)
		s.mu.Unlock()

		change := func(f func(q *QueueItem)) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if i := slices.IndexFunc(s.line.items, func(o QueueItem) bool { return o.Number == q.Number }); i >= 0 {
				before := s.line.items[i].State
				f(&s.line.items[i])
				s.showQueue(s.line.items[i].State != before)
			}
		}
		began := s.o.Now()
		err := s.queued(ctx, q, taken, options.Overwrite, change)
		change(func(q *QueueItem) {
			switch {
			case ctx.Err() != nil && err != nil:
				q.State, q.Part, q.Out = Waiting, 0, ""
				return
			case errors.Is(err, ErrExists):
				q.State = There
			case err != nil:
				q.State, q.Text = Failed, Explain(err)
			default:
				q.State = Done
				s.line.spent += s.o.Now().Sub(began)
				s.line.pixels += q.pixels
			}
			q.Part = 1
		})
	}
}

// queued denoises a picture of the queue.
func (s *Session) queued(ctx context.Context, q QueueItem, taken, overwrite bool, change func(func(*QueueItem))) error {
	in, err := os.Stat(q.In)
	if err != nil {
		return imageio.FileError{Path: q.In, Err: err}
	}
	out, err := os.Stat(q.Out)
	switch {
	case taken:
		return imageio.FileError{Path: q.Out, Err: ErrSameOutput}
	case err == nil && os.SameFile(in, out):
		return imageio.FileError{Path: q.Out, Err: ErrOntoInput}
	case err == nil && !overwrite:
		return imageio.FileError{Path: q.Out, Err: ErrExists}
	}
	p, err := openPicture(ctx, q.In, s.o.Limits)
	if err != nil {
		return err
	}
	small := thumb(p.Pix)
	change(func(q *QueueItem) { q.Thumb = small })
	progress := func(done, total int) {
		change(func(q *QueueItem) { q.Part = float64(done) / float64(total) })
	}
	if q.Compresses() {
		k, err := newCompressor(ctx, q.how.codec, p, stage(progress, 0, 2))
		if err != nil {
			return err
		}
		c, err := k.to(ctx, q.how.press, stage(progress, 1, 2))
		if err != nil {
			return imageio.FileError{Path: q.In, Err: err}
		}
		change(func(q *QueueItem) { q.Size = c.Size })
		return savePacked(ctx, q.Out, c.File)
	}
	sigma, err := q.how.repair.picture(ctx, q.how.m, p.Pix, progress)
	if err != nil {
		return err
	}
	small = thumb(p.Pix)
	change(func(q *QueueItem) { q.Sigma, q.Thumb = sigma, small })
	return saveInFolder(ctx, q.Out, p, imageio.SaveOptions{})
}

// rel is the file's path below the folder it was dropped with, or its name.
func (q QueueItem) rel() string {
	if rel, err := filepath.Rel(q.root, q.In); q.root != "" && err == nil {
		return rel
	}
	return filepath.Base(q.In)
}

// target returns the file that an item becomes.
func (o QueueOptions) target(q QueueItem, number int) string {
	rel, dir, word := q.rel(), o.Out, "clean"
	if q.Compresses() {
		word = "small"
	}
	switch {
	case dir != "":
	case q.root != "":
		dir = filepath.Clean(q.root) + "-" + word
	default:
		dir = filepath.Join(filepath.Dir(q.In), word)
	}
	ending := filepath.Ext(rel)
	stem := strings.TrimSuffix(filepath.Base(rel), ending)
	switch {
	case q.Compresses():
		ending = imageio.PackedExtension
	case imageio.FormatOf(rel) == "":
		ending = ".png"
	}
	template := o.Template
	if template == "" {
		template = "{name}"
	}
	name := strings.NewReplacer("{name}", stem, "{model}", plainName(q.how.name), "{number}", strconv.Itoa(number)).Replace(template)
	return filepath.Join(dir, filepath.Dir(rel), name+ending)
}

// plainName is a model's name without what a file's name cannot hold.
func plainName(model string) string {
	return strings.TrimSuffix(filepath.Base(model), filepath.Ext(model))
}

// checkTemplate says what is wrong with a template.
func checkTemplate(template string) error {
	rest := strings.NewReplacer("{name}", "", "{model}", "", "{number}", "").Replace(template)
	switch {
	case strings.ContainsAny(rest, `{}/\:*?"<>|`) || strings.ContainsFunc(rest, func(r rune) bool { return r < ' ' }):
		return imageio.FileError{Path: template, Err: errTemplate}
	case template != "" && !strings.Contains(template, "{name}") && !strings.Contains(template, "{number}"):
		return imageio.FileError{Path: template, Err: errTemplate}
	case strings.HasPrefix(strings.TrimSpace(template), "."):
		return imageio.FileError{Path: template, Err: errTemplate}
	}
	return nil
}

// thumbSide is the longer side of a thumbnail in pixels.
const thumbSide = 96

// thumb makes a small picture: each of its pixels is the mean of some of those it stands
// for.
func thumb(x *tensor.Tensor) *image.RGBA {
	_, h, w, c := x.Dims4()
	scale := max(1, (max(h, w)+thumbSide-1)/thumbSide)
	th, tw := (h+scale-1)/scale, (w+scale-1)/scale
	small := tensor.New(1, th, tw, c)
	step := max(1, scale/8)
	for y := range th {
		for x0 := range tw {
			to := small.Data[(y*tw+x0)*c:][:c]
			n := float32(0)
			for i := y * scale; i < min(h, (y+1)*scale); i += step {
				for j := x0 * scale; j < min(w, (x0+1)*scale); j += step {
					for k := range c {
						to[k] += x.Data[(i*w+j)*c+k]
					}
					n++
				}
			}
			for k := range to {
				to[k] /= n
			}
		}
	}
	return imageio.ToRGBA(nil, small)
}
