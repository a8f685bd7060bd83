// Package session is everything a user can do with the program, without a
// toolkit. Window and terminal are two faces of it: jobs are plain functions
// (OpenTraining, Denoise, Inspect), and a Session runs them behind a window:
// commands go in and return at once, whole immutable States come out. It is the
// one place where pictures meet models, and where errors become words. It draws
// nothing and knows no terminal.
package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sieve/imageio"
	"sieve/model"
)

// Options says where a session keeps its things.
type Options struct {
	StateDir string           // checkpoints and settings; "" keeps nothing
	Now      func() time.Time // nil: time.Now
	Limits   imageio.Limits
}

// A Session is safe for use by several goroutines. Its commands return at once;
// what comes of them is in the States, and trouble is in State.Message.
type Session struct {
	o      Options
	ctx    context.Context // of all work
	stop   context.CancelFunc
	work   sync.WaitGroup
	filing sync.Mutex // of the folders of runs

	mu      sync.Mutex // of all that follows
	state   State
	serial  uint64
	watch   map[chan State]struct{}
	closing bool
	closed  bool
	tasks   []*task
	jobs    context.Context // of saving and opening: what Cancel ends
	cancel  context.CancelFunc

	easel    easel
	press    presser
	line     line
	detector detector
	explorer explorer
	reading  sync.Mutex // of the model of the page Explore
	mix      mixer
	mapper   mapper
	prober   prober
	alone    loaded // what was learned from a picture, without m when nothing was
	// learning is whether that is under way.
	learning bool
	run      *run // nil when there is no training
	school   schoolroom
	keepers  []*keeper // of the trainings that go on
	keptTurn uint64    // counts how often one began or ended
	runBytes int64     // that all runs may take; 0: DefaultRunBytes
	scrub    scrubber
	slot     slot
}

// New returns a session that shows the first sample picture and the default
// model, and offers an interrupted training if it finds one.
func New(o Options) *Session {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Session{o: o, watch: map[chan State]struct{}{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.jobs, s.cancel = context.WithCancel(s.ctx)
	s.state.Train = newTrain(Idle, model.Spec{}, "", 0)
	s.state.Panes = noPanes()
	s.state.Detect = Detection{Quantile: DefaultQuantile, Panes: noPanes()}
	s.easel.wake = make(chan struct{}, 1)
	s.press.wake = make(chan struct{}, 1)
	s.explorer.wake = make(chan struct{}, 1)
	s.mix.wake = make(chan struct{}, 1)
	s.state.Mix.Want = DefaultMixing
	s.mapper.wake = make(chan struct{}, 1)
	s.state.Map.Want = DefaultMapping
	s.prober.wake = make(chan struct{}, 1)
	s.state.Network.Want = DefaultProbing
	s.state.Press = Press{Want: DefaultCompression, Arrived: 1, Panes: noPanes()}
	s.easel.samples = sampleNoise
	s.easel.want.repair, s.state.Repair = DefaultRepair, DefaultRepair
	s.openSchool()
	s.RefreshRuns()
	s.spawn(s.paint)
	s.spawn(s.pressing)
	s.spawn(s.explore)
	s.spawn(s.mixing)
	s.spawn(s.mapping)
	s.spawn(s.probing)
	s.UseSample(0)
	s.UseModel("")
	if o.StateDir != "" {
		s.spawn(s.recallDirections)
		var err error
		if s.slot, err = claim(o.StateDir, o.Now()); err != nil {
			s.tell(Warning, unkept(err))
		} else if _, err := os.Stat(s.slot.path); err == nil {
			s.reopen(s.slot.path)
		}
	}
	return s
}

func noPanes() Panes {
	return Panes{NoisyPSNR: nan, NoisySSIM: nan, ResultPSNR: nan, ResultSSIM: nan,
		Estimate: nan, Blocking: nan, RemovedRMS: nan, Whiteness: nan, Structure: nan}
}

// Watch returns a channel of states. It holds only the newest: a slow watcher
// skips, it never delays. It is closed by stop, which must be called when done,
// or by Close.
func (s *Session) Watch() (states <-chan State, stop func()) {
	ch := make(chan State, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	ch <- s.state
	if s.closed {
		close(ch)
		return ch, func() {}
	}
	s.watch[ch] = struct{}{}
	return ch, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, ok := s.watch[ch]; ok {
			delete(s.watch, ch)
			close(ch)
		}
	}
}

// State returns the newest state.
func (s *Session) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Close ends all work, leaves a checkpoint of a training that is under way, and
// returns when everything has ended or ctx is done, whose error it then returns.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.stop()
	ended := make(chan struct{})
	go func() {
		s.work.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.closed {
			s.closed = true
			s.slot.release()
			for ch := range s.watch {
				delete(s.watch, ch)
				close(ch)
			}
		}
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// next returns a number that no tensor or message had. s.mu is held, or s is new.
func (s *Session) next() uint64 {
	s.serial++
	return s.serial
}

// update changes the state and publishes it.
func (s *Session) update(f func(st *State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publish(f)
}

// publish is update for who holds s.mu.
func (s *Session) publish(f func(st *State)) {
	f(&s.state)
	for ch := range s.watch {
		select {
		case <-ch: // drop what nobody took
		default:
		}
		ch <- s.state // there is room: only we send, and s.mu is held
	}
}

// tell shows a message.
func (s *Session) tell(kind MessageKind, text Sentence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(kind, text)
}

// put is tell for who holds s.mu.
func (s *Session) put(kind MessageKind, text Sentence) {
	s.publish(func(st *State) {
		st.Message = Message{Kind: kind, Sentence: text, Text: text.String(), Serial: s.next()}
	})
}

// Complain shows an error that a window met with.
func (s *Session) Complain(err error) { s.fail(err) }

// fail shows an error, unless it is that somebody cancelled.
func (s *Session) fail(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		s.tell(Error, Explain(err))
	}
}

// saved shows that a file has been written.
func (s *Session) saved(kind, path string) { s.savedSize(kind, path, 0, 0) }

// savedSize is saved, of so many pixels.
func (s *Session) savedSize(kind, path string, width, height int) {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	s.update(func(st *State) { st.Saved = Saved{kind, path, width, height, s.next()} })
}

// spawn runs f behind unless the session is closing.
func (s *Session) spawn(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.work.Go(f)
	}
}

// do runs a job behind, which Cancel ends. Its trouble becomes a message.
func (s *Session) do(title string, job func(ctx context.Context) error) {
	s.mu.Lock()
	ctx := s.jobs
	s.mu.Unlock()
	s.spawn(func() {
		defer s.begin(title).end()
		s.fail(job(ctx))
	})
}

// patience is how long work lasts before it is shown.
const patience = 200 * time.Millisecond

// A task is work that State.Work may show: the oldest that has lasted a while.
type task struct {
	s     *Session
	work  Work
	began time.Time
	last  time.Time // shown
	timer *time.Timer
}

func (s *Session) begin(title string) *task {
	t := &task{s: s, work: Work{Title: title}, began: s.o.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tasks = append(s.tasks, t)
	t.timer = time.AfterFunc(patience, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		t.last = s.o.Now()
		s.showWork()
	})
	return t
}

// report is a model.Report.
func (t *task) report(done, total int) {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	t.work.Done, t.work.Total = done, total
	now := t.s.o.Now()
	if passed := now.Sub(t.began); done > 0 {
		t.work.Left = time.Duration(float64(passed) / float64(done) * float64(total-done))
	}
	if !t.last.IsZero() && now.Sub(t.last) >= 50*time.Millisecond {
		t.last = now
		t.s.showWork()
	}
}

func (t *task) end() {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	t.timer.Stop()
	t.s.tasks = slices.DeleteFunc(t.s.tasks, func(o *task) bool { return o == t })
	t.s.showWork()
}

// showWork puts the first task that has lasted into the state. s.mu is held.
func (s *Session) showWork() {
	var w *Work
	for _, t := range s.tasks {
		if !t.last.IsZero() {
			copied := t.work
			w = &copied
			break
		}
	}
	if w != nil || s.state.Work != nil {
		s.publish(func(st *State) { st.Work = w })
	}
}

// Cancel ends what runs behind but training.
func (s *Session) Cancel() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel()
	s.jobs, s.cancel = context.WithCancel(s.ctx)
	s.easel.dropped = s.easel.round
	if s.easel.cancel != nil {
		s.easel.cancel()
		s.easel.leave()
	}
	if s.mix.cancel != nil {
		s.mix.cancel()
		s.publish(func(st *State) { st.Mix.Pending = false })
	}
	if s.state.Train.Phase == Preparing {
		s.run.cancel()
	}
}

// Dismiss takes the message away.
func (s *Session) Dismiss() { s.update(func(st *State) { st.Message = Message{} }) }
