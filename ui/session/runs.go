package session

// This file keeps every training of a window: its settings, its curve and some of its weights.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
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

// A Run is a training that was kept.
type Run struct {
	ID        string // its folder's name
	Name      string // given by a person; "" before
	Data      string
	Spec      model.Spec
	Began     time.Time
	Phase     Phase // Running, Finished, Stopped or Diverged
	Step      int
	Seconds   float64
	BestStep  int
	BestLoss  float64 // NaN before the first validation
	BestPSNR  float64
	Curve     []CurvePoint
	Kept      []int    // steps of which there are weights, ascending
	Damaged   Sentence // why it cannot be read; without a Key when it can
	Elsewhere bool     // another window is at it
}

// Runs are all that are kept, the newest first.
type Runs struct {
	All   []Run
	Scrub Scrub
}

// A Scrub is what a network of an earlier step makes of the picture on which it was watched.
type Scrub struct {
	ID      string // of the run; "": nothing is looked at
	Step    int
	Pending bool // the panes are still those of another step
	Panes   Panes
}

// runsFolder is where in the state folder runs are kept, a folder each.
const runsFolder = "runs"

// Files of a run. Of weights there is one for each step that is kept.
const (
	runFile      = "run.json"
	runLock      = "lock"
	runClean     = "clean.npy" // what it is watched on, (N, H, W, C)
	runGiven     = "given.npy" // … and as the network sees it, where that is something else
	weightsStart = "step-"
	bestWeights  = "best.safetensors"
)

// mostRunBytes is how much all runs together may take: beyond it the oldest lose their weights, and
// then go.
const mostRunBytes = 512 << 20

// runState is a run as its file says it.
type runState struct {
	Format   string       `json:"format"`
	Name     string       `json:"name,omitempty"`
	Data     string       `json:"data"`
	Spec     model.Spec   `json:"spec"`
	Began    time.Time    `json:"began"`
	Phase    Phase        `json:"phase"`
	Step     int          `json:"step"`
	Seconds  float64      `json:"seconds"`
	BestStep int          `json:"best_step"`
	BestLoss *float64     `json:"best_loss,omitempty"`
	BestPSNR *float64     `json:"best_psnr,omitempty"`
	Photo    bool         `json:"photo,omitempty"` // it is watched on one picture and not on a sheet of small ones
	Curve    [][5]float64 `json:"curve"`           // step, loss, distortion, price, rate
	Vals     [][3]float64 `json:"validations"`     // step, loss, PSNR
}

const runFormat = "sieve-run/1"

func maybe(v float64) *float64 {
	if !finite(v) {
		return nil
	}
	return &v
}

func orNaN(v *float64) float64 {
	if v == nil {
		return nan
	}
	return *v
}

// curve writes points into the file's lists.
func (r *runState) setCurve(points []CurvePoint) {
	r.Curve, r.Vals = nil, nil
	for _, p := range points {
		if finite(p.Loss) && finite(p.Distortion) && finite(p.Price) {
			r.Curve = append(r.Curve, [5]float64{float64(p.Step), p.Loss, p.Distortion, p.Price, p.Rate})
		}
		if finite(p.ValLoss) && finite(p.ValPSNR) {
			r.Vals = append(r.Vals, [3]float64{float64(p.Step), p.ValLoss, p.ValPSNR})
		}
	}
}

// points are the lists of the file as a curve.
func (r *runState) points() []CurvePoint {
	vals := map[int][3]float64{}
	for _, v := range r.Vals {
		vals[int(v[0])] = v
	}
	out := make([]CurvePoint, len(r.Curve))
	for i, p := range r.Curve {
		out[i] = CurvePoint{Step: int(p[0]), Loss: p[1], Distortion: p[2], Price: p[3], Rate: p[4], ValLoss: nan, ValPSNR: nan}
		if v, ok := vals[out[i].Step]; ok {
			out[i].ValLoss, out[i].ValPSNR = v[1], v[2]
		}
	}
	return out
}

// readRun reads the run in a folder. One that cannot be read says why.
func readRun(dir string) Run {
	run := Run{ID: filepath.Base(dir), BestLoss: nan, BestPSNR: nan}
	state, err := readRunState(dir)
	if err != nil {
		run.Damaged = Explain(err)
		if at, err := os.Stat(dir); err == nil {
			run.Began = at.ModTime()
		}
		return run
	}
	run.Name, run.Data, run.Spec, run.Began, run.Phase = state.Name, state.Data, state.Spec, state.Began, state.Phase
	run.Step, run.Seconds, run.BestStep = state.Step, state.Seconds, state.BestStep
	run.BestLoss, run.BestPSNR = orNaN(state.BestLoss), orNaN(state.BestPSNR)
	run.Curve, run.Kept = state.points(), keptSteps(dir)
	if run.Phase == Running {
		if held(dir) {
			run.Elsewhere = true
		} else {
			run.Phase = Stopped // its program was killed
		}
	}
	return run
}

func readRunState(dir string) (state runState, err error) {
	path := filepath.Join(dir, runFile)
	b, err := readSmall(path)
	if err != nil {
		return state, err
	}
	if err := json.Unmarshal(b, &state); err != nil || state.Format != runFormat {
		return state, imageio.FileError{Path: path, Err: imageio.ErrDamaged}
	}
	if err := CheckSpec(state.Spec); err != nil {
		return state, imageio.FileError{Path: path, Err: fmt.Errorf("%w: %w", imageio.ErrDamaged, err)}
	}
	return state, nil
}

// held reports whether a program is at the run in a folder.
func held(dir string) bool {
	f, err := os.OpenFile(filepath.Join(dir, runLock), os.O_RDWR, 0o600)
	if err != nil {
		return false
	}
	defer f.Close() // and the lock with it
	return !lock(f)
}

// keptSteps are those of which a folder has weights.
func keptSteps(dir string) []int {
	names, _ := filepath.Glob(filepath.Join(dir, weightsStart+"*.safetensors"))
	var steps []int
	for _, name := range names {
		text := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), weightsStart), ".safetensors")
		if n, err := strconv.Atoi(text); err == nil {
			steps = append(steps, n)
		}
	}
	slices.Sort(steps)
	return steps
}

func weightsOf(dir string, step int) string {
	return filepath.Join(dir, fmt.Sprintf("%s%09d.safetensors", weightsStart, step))
}

// RefreshRuns reads all runs that are kept, other windows' too.
func (s *Session) RefreshRuns() {
	if s.o.StateDir == "" {
		return
	}
	s.spawn(func() {
		all := listRuns(s.o.StateDir)
		s.update(func(st *State) { st.Runs.All = s.withMine(all) })
	})
}

// withMine puts the run of this window, which is newer than its file, among all. s.mu is held.
func (s *Session) withMine(all []Run) []Run {
	for _, mine := range s.state.Runs.All {
		if i := findRun(all, mine.ID); i >= 0 && s.keeps(mine.ID) {
			all[i] = mine
		}
	}
	return all
}

// keeps reports whether this window is at a run. s.mu is held.
func (s *Session) keeps(id string) bool {
	return slices.ContainsFunc(s.keepers, func(k *keeper) bool { return k.id == id })
}

// findRun is the place of a run among all, or -1.
func findRun(all []Run, id string) int {
	return slices.IndexFunc(all, func(r Run) bool { return r.ID == id })
}

func listRuns(stateDir string) []Run {
	entries, _ := os.ReadDir(filepath.Join(stateDir, runsFolder))
	var all []Run
	for _, e := range entries {
		if e.IsDir() {
			all = append(all, readRun(filepath.Join(stateDir, runsFolder, e.Name())))
		}
	}
	slices.SortStableFunc(all, func(a, b Run) int { return b.Began.Compare(a.Began) })
	return all
}

// A keeper keeps one training. The goroutine that trains owns it.
type keeper struct {
	s     *Session
	id    string
	dir   string
	lock  *os.File
	state runState
	next  int       // the step whose weights are kept next
	saved time.Time // when the file was last written
}

// keptEvery is how often the file of a run is written while it goes on.
const keptEvery = 5 * time.Second

// keepRun begins to keep a training. Without a state folder, or where it cannot be written, there is
// no keeper, and a nil one keeps nothing.
func (s *Session) keepRun(t *Training, p *preview) *keeper {
	if s.o.StateDir == "" {
		return nil
	}
	began := s.o.Now()
	k := &keeper{s: s, state: runState{Format: runFormat, Data: t.name, Spec: t.tr.Spec(), Began: began.UTC(), Phase: Running, Step: t.tr.Taken()}}
	base := filepath.Join(s.o.StateDir, runsFolder)
	if err := os.MkdirAll(base, 0o700); err != nil {
		s.tell(Warning, unkept(err))
		return nil
	}
	pruneRuns(base, mostRunBytes)
	name := began.Format("20060102-150405")
	for n := 1; ; n++ {
		k.id = name
		if n > 1 {
			k.id = fmt.Sprintf("%s-%d", name, n)
		}
		k.dir = filepath.Join(base, k.id)
		err := os.Mkdir(k.dir, 0o700)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) || n > 1000 {
			s.tell(Warning, unkept(err))
			return nil
		}
	}
	if f, err := os.OpenFile(filepath.Join(k.dir, runLock), os.O_RDWR|os.O_CREATE, 0o600); err == nil && lock(f) {
		k.lock = f
	}
	if p != nil {
		k.state.Photo = p.photo
		k.watch(runClean, p.clean)
		if p.given != p.clean {
			k.watch(runGiven, p.given)
		}
	}
	k.next = t.tr.Taken()
	k.weights(t)
	k.write(t, nil)
	s.mu.Lock()
	s.keepers = append(s.keepers, k)
	s.mu.Unlock()
	k.show(t, nil)
	return k
}

// watch keeps the pictures on which the training is watched.
func (k *keeper) watch(name string, x *tensor.Tensor) {
	k.told(writeFile(filepath.Join(k.dir, name), func(w io.Writer) error { return imageio.WriteNPY(w, x.Data, x.Shape...) }))
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
	if now := k.s.o.Now(); now.Sub(k.saved) >= keptEvery {
		k.write(t, curve)
	}
	if news {
		k.show(t, curve)
	}
}

// weights keeps those of a step that it is time for: each is about 1.4 times as far as the one
// before.
func (k *keeper) weights(t *Training) bool {
	step := t.tr.Taken()
	if step < k.next {
		return false
	}
	k.next = max(step+1, int(math.Ceil(float64(step)*math.Sqrt2)))
	k.told(writeFile(weightsOf(k.dir, step), t.tr.Model().SaveHalf))
	return true
}

// end keeps how a training ended.
func (k *keeper) end(t *Training, curve []CurvePoint, phase Phase) {
	if k == nil {
		return
	}
	k.s.mu.Lock()
	k.s.keepers = slices.DeleteFunc(k.s.keepers, func(o *keeper) bool { return o == k })
	k.s.mu.Unlock()
	if k.dir != "" {
		k.state.Phase = phase
		k.next = 0
		k.weights(t)
		k.told(writeFile(filepath.Join(k.dir, bestWeights), t.best().SaveHalf))
		k.write(t, curve)
		k.show(t, curve)
	}
	if k.lock != nil {
		k.lock.Close()
	}
}

// write writes the file of the run.
func (k *keeper) write(t *Training, curve []CurvePoint) {
	if k.dir == "" {
		return
	}
	k.saved = k.s.o.Now()
	k.fill(t, curve)
	// A name that was given meanwhile stays.
	if old, err := readRunState(k.dir); err == nil {
		k.state.Name = old.Name
	}
	k.told(writeRun(k.dir, k.state))
}

func writeRun(dir string, state runState) error {
	return writeFile(filepath.Join(dir, runFile), func(w io.Writer) error { return json.NewEncoder(w).Encode(state) })
}

// fill takes over how far the training is.
func (k *keeper) fill(t *Training, curve []CurvePoint) {
	st := &k.state
	st.Spec, st.Step, st.Seconds = t.tr.Spec(), t.tr.Taken(), t.clock.elapsed().Seconds()
	if best, ok := t.tr.BestInfo(); ok {
		st.BestStep, st.BestLoss, st.BestPSNR = best.Step, maybe(best.ValLoss), maybe(best.ValPSNR)
	}
	st.setCurve(curve)
}

// show puts the run into the state.
func (k *keeper) show(t *Training, curve []CurvePoint) {
	if k.dir == "" {
		return
	}
	k.fill(t, curve)
	run := Run{ID: k.id, Name: k.state.Name, Data: k.state.Data, Spec: k.state.Spec, Began: k.state.Began, Phase: k.state.Phase,
		Step: k.state.Step, Seconds: k.state.Seconds, BestStep: k.state.BestStep, BestLoss: orNaN(k.state.BestLoss), BestPSNR: orNaN(k.state.BestPSNR),
		Curve: curve, Kept: keptSteps(k.dir)}
	k.s.update(func(st *State) {
		all := slices.Clone(st.Runs.All)
		if i := findRun(all, k.id); i >= 0 {
			run.Name = all[i].Name
			all[i] = run
		} else {
			all = append([]Run{run}, all...)
		}
		st.Runs.All = all
	})
}

// pruneRuns takes weights from the oldest runs, and then these themselves, until all take no more
// than so many bytes. Runs with a name go last.
func pruneRuns(base string, most int64) {
	type kept struct {
		dir   string
		named bool
		began time.Time
		size  int64
	}
	var all []kept
	var total int64
	entries, _ := os.ReadDir(base)
	for _, e := range entries {
		dir := filepath.Join(base, e.Name())
		if !e.IsDir() || held(dir) {
			continue
		}
		run := readRun(dir)
		k := kept{dir: dir, named: run.Name != "", began: run.Began}
		files, _ := os.ReadDir(dir)
		for _, f := range files {
			if info, err := f.Info(); err == nil {
				k.size += info.Size()
			}
		}
		total += k.size
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b kept) int {
		if a.named != b.named {
			if a.named {
				return 1
			}
			return -1
		}
		return a.began.Compare(b.began)
	})
	for i := range all {
		k := &all[i]
		if total <= most {
			return
		}
		for _, step := range keptSteps(k.dir) {
			path := weightsOf(k.dir, step)
			if at, err := os.Stat(path); err == nil && os.Remove(path) == nil {
				total -= at.Size()
				k.size -= at.Size()
			}
		}
	}
	for _, k := range all {
		if total <= most {
			return
		}
		if os.RemoveAll(k.dir) == nil {
			total -= k.size
		}
	}
}

// runDir is the folder of a run, "" for a name that is none.
func (s *Session) runDir(id string) string {
	if s.o.StateDir == "" || id == "" || id != filepath.Base(id) || strings.HasPrefix(id, ".") {
		return ""
	}
	return filepath.Join(s.o.StateDir, runsFolder, id)
}

// change has something done to a run that is kept, behind, and shows the list anew.
func (s *Session) changeRun(id string, f func(dir string) error) {
	dir := s.runDir(id)
	if dir == "" {
		return
	}
	s.spawn(func() {
		s.fail(f(dir))
		all := listRuns(s.o.StateDir)
		s.update(func(st *State) { st.Runs.All = s.withMine(all) })
	})
}

// RenameRun gives a run a name, which also keeps it longest.
func (s *Session) RenameRun(id, name string) {
	s.update(func(st *State) {
		all := slices.Clone(st.Runs.All)
		if i := findRun(all, id); i >= 0 {
			all[i].Name = name
		}
		st.Runs.All = all
	})
	s.changeRun(id, func(dir string) error {
		state, err := readRunState(dir)
		if err != nil {
			return err
		}
		state.Name = name
		return writeRun(dir, state)
	})
}

// errRunning reports a run that a window is at.
var errRunning = errors.New("session: a run that goes on")

// DeleteRun removes a run that does not go on.
func (s *Session) DeleteRun(id string) {
	s.mu.Lock()
	mine := s.keeps(id)
	if s.state.Runs.Scrub.ID == id {
		s.publish(func(st *State) { st.Runs.Scrub = Scrub{} })
	}
	s.mu.Unlock()
	s.changeRun(id, func(dir string) error {
		if mine || held(dir) {
			return imageio.FileError{Path: id, Err: errRunning}
		}
		return os.RemoveAll(dir)
	})
}

// Again starts a run's training anew: the same settings, seed and data give the same curve.
func (s *Session) Again(id string) {
	st := s.State()
	if i := findRun(st.Runs.All, id); i >= 0 && st.Runs.All[i].Damaged.Key == "" {
		s.Train(TrainJob{Data: st.Runs.All[i].Data, Spec: st.Runs.All[i].Spec})
	}
}

// UseRun takes the best weights of a run into use.
func (s *Session) UseRun(id string) {
	ticket, dir := s.ticket(), s.runDir(id)
	if dir == "" {
		return
	}
	s.do("Taking the model of a run", func(context.Context) error {
		path := filepath.Join(dir, bestWeights)
		if _, err := os.Stat(path); err != nil {
			steps := keptSteps(dir)
			if len(steps) == 0 {
				return imageio.FileError{Path: id, Err: errNoWeights}
			}
			path = weightsOf(dir, steps[len(steps)-1])
		}
		m, _, err := LoadModel(path)
		if err != nil {
			return err
		}
		state, err := readRunState(dir)
		if err != nil {
			return err
		}
		name := state.Name
		if name == "" {
			name = shorten(state.Data)
		}
		s.useModel(loaded{m: m, version: ticket, info: Model{Name: name, Trained: true}})
		return nil
	})
}

// errNoWeights reports a run whose weights are gone.
var errNoWeights = errors.New("session: a run without weights")

// Settings is a run's settings as text, as ReadSpec reads them.
func (r Run) Settings() string {
	b, err := json.MarshalIndent(r.Spec, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("session: a spec: %v", err)) // plain data
	}
	return string(b)
}

// errPasted reports a text that holds no settings.
var errPasted = errors.New("session: no settings in the clipboard")

// SpecOf reads settings that were copied as text.
func SpecOf(text string) (model.Spec, error) {
	spec, err := parseSpec([]byte(text))
	if err != nil {
		return spec, fmt.Errorf("%w: %w", errPasted, err)
	}
	return spec, CheckSpec(spec)
}
