package session

// This file keeps a training while it goes on: its settings, its curve and some of its weights.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// A keeper keeps one training. The goroutine that trains owns it.
type keeper struct {
	s      *Session
	id     string
	dir    string   // "" when it cannot be kept any longer
	lock   *os.File // nil while the training rests
	state  runState
	before float64    // seconds it had trained before this program took it up
	beside *stopwatch // of the twin, whose time is in the training's own; nil when there is none
	next   int        // the step whose weights are kept next
	saved  time.Time  // when the files were last written
	shown  time.Time  // … and the row
}

// keptEvery is how often the files of a run are written while it goes on; at first more often, as
// checkpoints are.
const keptEvery = 5 * time.Second

// keepRun begins to keep a training, or goes on to where it was kept before. Without a state folder,
// or where it cannot be written, there is no keeper, and a nil one keeps nothing.
func (s *Session) keepRun(t *Training, p *preview, before *keeper, curve []CurvePoint) *keeper {
	if s.o.StateDir == "" {
		return nil
	}
	if before.goOn(t, curve) {
		return before
	}
	began := s.o.Now()
	k := &keeper{s: s, state: runState{Format: runFormat, Data: t.name, Spec: t.tr.Spec(), Minutes: t.job.Minutes, Began: began.UTC(), Phase: Running}}
	if t.job.Checkpoint == s.slot.path && s.slot.path != "" {
		k.state.Checkpoint = filepath.Base(s.slot.path)
	}
	base := filepath.Join(s.o.StateDir, runsFolder)
	if err := k.found(base, began); err != nil {
		s.tell(Warning, unkept(err))
		return nil
	}
	k.take()
	k.write(t, curve)
	if p != nil {
		k.state.Photo = p.photo
		k.watch(runClean, p.clean)
		if p.given != p.clean {
			k.watch(runGiven, p.given)
		}
	}
	k.next = t.tr.Taken()
	k.weights(t)
	k.write(t, curve)
	k.enter(t, curve)
	return k
}

// name is the ID of the run, "" when it is not kept.
func (k *keeper) name() string {
	if k == nil {
		return ""
	}
	return k.id
}

// found makes a folder that no run has.
func (k *keeper) found(base string, began time.Time) error {
	if err := os.MkdirAll(base, 0o700); err != nil {
		return err
	}
	name := began.Local().Format(runTime)
	for n := 1; ; n++ {
		k.id = name
		if n > 1 {
			k.id = fmt.Sprintf("%s-%d", name, n)
		}
		k.dir = filepath.Join(base, k.id)
		err := os.Mkdir(k.dir, 0o700)
		if err == nil || !errors.Is(err, fs.ErrExist) || n > 1000 {
			return err
		}
	}
}

// take takes the lock that tells other windows that the run goes on. One of them may have it for an
// instant, to see whether anybody has.
func (k *keeper) take() bool {
	f, err := os.OpenFile(filepath.Join(k.dir, runLock), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false
	}
	for range 100 {
		if lock(f) {
			k.lock = f
			return true
		}
		time.Sleep(time.Millisecond)
	}
	f.Close()
	return false
}

// enter puts the run among those that go on.
func (k *keeper) enter(t *Training, curve []CurvePoint) {
	k.s.mu.Lock()
	k.s.keepers = append(k.s.keepers, k)
	k.s.keptTurn++
	k.s.mu.Unlock()
	k.show(t, curve)
	k.s.makeRoom()
}

// goOn takes a run up again where its training is now, if it is still there.
func (k *keeper) goOn(t *Training, curve []CurvePoint) bool {
	if k == nil || k.dir == "" {
		return false
	}
	if _, err := readRunState(k.dir); err != nil || !k.take() {
		return false
	}
	k.state.Phase = Running
	k.forget(t.tr.Taken())
	k.write(t, curve)
	k.enter(t, curve)
	return true
}

// back forgets what came after a step to which the training has gone back.
func (k *keeper) back(t *Training, curve []CurvePoint) {
	if k == nil || k.dir == "" || k.lock == nil {
		return
	}
	k.forget(t.tr.Taken())
	k.rest(t, curve)
}

// forget removes the weights of steps after this one.
func (k *keeper) forget(step int) {
	k.next = step
	for _, n := range keptSteps(k.dir) {
		if n > step {
			os.Remove(weightsOf(k.dir, n))
		} else {
			k.next = nextKept(n)
		}
	}
}

// nextKept is the step whose weights are kept after those of another: about 1.4 times as far.
func nextKept(step int) int { return max(step+1, int(math.Ceil(float64(step)*math.Sqrt2))) }

// keeperOf finds what is kept of a training that a restart has interrupted, and its curve.
func (s *Session) keeperOf(t *Training) (*keeper, []CurvePoint) {
	if s.o.StateDir == "" || t.job.Resume != s.slot.path {
		return nil, nil
	}
	same := func(spec model.Spec) model.Spec {
		spec.Steps, spec.Rate = 0, 0 // these may have been changed on the way
		return spec
	}
	for _, r := range listRuns(s.o.StateDir) {
		dir := s.runDir(r.ID)
		state, err := readRunState(dir)
		if err != nil || state.Checkpoint != filepath.Base(s.slot.path) || state.Data != t.name || same(state.Spec) != same(t.tr.Spec()) || held(dir) {
			continue
		}
		curve, err := readCurve(dir)
		if err != nil {
			return nil, nil
		}
		return &keeper{s: s, id: r.ID, dir: dir, state: state, before: state.Seconds}, curve
	}
	return nil, nil
}

// watch keeps the pictures on which the training is watched.
func (k *keeper) watch(name string, x *tensor.Tensor) {
	if k.dir != "" {
		k.told(writeFile(filepath.Join(k.dir, name), func(w io.Writer) error { return imageio.WriteNPY(w, x.Data, x.Shape...) }))
	}
}

// told says once that a run cannot be kept, and gives up keeping it.
func (k *keeper) told(err error) {
	if err != nil && k.dir != "" {
		k.s.tell(Warning, unkept(err))
		k.dir = ""
	}
}

// after is called after each step, while the weights are still.
func (k *keeper) after(t *Training, curve []CurvePoint) {
	if k == nil || k.dir == "" {
		return
	}
	news := k.weights(t)
	if now := k.s.o.Now(); now.Sub(k.saved) >= min(max(firstCheckpoint, k.saved.Sub(k.state.Began)), keptEvery) {
		k.write(t, curve)
	}
	if news || k.s.o.Now().Sub(k.shown) >= time.Second {
		k.show(t, curve)
	}
}

// rest is called when the training rests for a while.
func (k *keeper) rest(t *Training, curve []CurvePoint) {
	if k != nil && k.dir != "" && k.lock != nil {
		k.write(t, curve)
		k.show(t, curve)
	}
}

// weights keeps those of a step that it is time for.
func (k *keeper) weights(t *Training) bool {
	step := t.tr.Taken()
	if k.dir == "" || step < k.next {
		return false
	}
	k.next = nextKept(step)
	path := weightsOf(k.dir, step)
	k.told(writeFile(path, small(t.tr.Model())))
	if at, err := os.Stat(path); err == nil {
		k.thin(at.Size())
	}
	return true
}

// thin removes every second of the weights that are kept, as long as all of them take more than a run
// may.
func (k *keeper) thin(each int64) {
	for steps := keptSteps(k.dir); len(steps) > 2 && int64(len(steps))*each > k.s.mostWeights(); steps = keptSteps(k.dir) {
		for i := 1; i < len(steps)-1; i += 2 {
			if os.Remove(weightsOf(k.dir, steps[i])) != nil {
				return
			}
		}
	}
}

// small writes a model in half precision, or in full where that cannot hold it.
func small(m *model.Model) func(w io.Writer) error {
	const most = 65504
	for _, p := range m.Params() {
		if slices.ContainsFunc(p.Val.Data, func(v float32) bool { return !(v >= -most && v <= most) }) {
			return m.Save
		}
	}
	return m.SaveHalf
}

// end keeps how a training ended. It may be taken up again.
func (k *keeper) end(t *Training, curve []CurvePoint, phase Phase) {
	if k == nil {
		return
	}
	if k.dir != "" {
		k.state.Phase = phase
		k.next = 0
		k.weights(t)
		if k.dir != "" {
			k.told(writeFile(filepath.Join(k.dir, bestWeights), small(t.best())))
		}
		k.write(t, curve)
		k.show(t, curve)
	}
	k.s.mu.Lock()
	k.s.keepers = slices.DeleteFunc(k.s.keepers, func(o *keeper) bool { return o == k })
	k.s.keptTurn++
	k.s.mu.Unlock()
	if k.lock != nil {
		k.lock.Close()
		k.lock = nil
	}
	k.s.makeRoom()
}

// write writes the files of the run, the curve first: of a curve that is ahead, nothing is lost.
func (k *keeper) write(t *Training, curve []CurvePoint) {
	k.saved = k.s.o.Now()
	k.fill(t)
	for _, f := range []struct {
		name string
		of   any
	}{{runCurve, curveState(curve)}, {runFile, k.state}} {
		if k.dir != "" {
			k.told(writeFile(filepath.Join(k.dir, f.name), func(w io.Writer) error { return json.NewEncoder(w).Encode(f.of) }))
		}
	}
}

// fill takes over how far the training is.
func (k *keeper) fill(t *Training) {
	st := &k.state
	st.Step, st.Seconds = t.tr.Taken(), k.before+t.clock.elapsed().Seconds()
	if k.beside != nil {
		st.Seconds -= k.beside.elapsed().Seconds()
	}
	if st.Minutes > 0 {
		st.Spec.Steps = t.tr.Spec().Steps // which the time decides
	}
	if best, ok := t.tr.BestInfo(); ok {
		st.BestStep, st.BestLoss, st.BestPSNR = best.Step, maybe(best.ValLoss), maybe(best.ValPSNR)
	}
}

// show puts the run into the state.
func (k *keeper) show(t *Training, curve []CurvePoint) {
	if k.dir == "" {
		return
	}
	k.fill(t)
	k.shown = k.s.o.Now()
	run := readRun(k.dir)
	run.ID, run.Data, run.Spec, run.Minutes, run.Began, run.Phase = k.id, k.state.Data, k.state.Spec, k.state.Minutes, k.state.Began, k.state.Phase
	run.Step, run.Seconds, run.BestStep, run.BestLoss, run.BestPSNR = k.state.Step, k.state.Seconds, k.state.BestStep, orNaN(k.state.BestLoss), orNaN(k.state.BestPSNR)
	run.Curve, run.Damaged, run.Elsewhere = curve, Sentence{}, false
	k.s.update(func(st *State) {
		all := slices.Clone(st.Runs.All)
		if i := findRun(all, k.id); i >= 0 {
			all[i] = run
		} else {
			all = append([]Run{run}, all...)
		}
		st.Runs.All = all
	})
}
