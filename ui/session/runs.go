package session

// This file is the list of trainings that are kept, and what can be done with them.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"sieve/imageio"
	"sieve/model"
)

// A Run is a training that was kept.
type Run struct {
	ID        string // its folder's name
	Name      string // given by a person; "" before
	Data      string
	Spec      model.Spec // with which it began
	Minutes   float64    // after which it was to end; 0: after Spec.Steps
	Began     time.Time
	Phase     Phase // Running, Finished, Stopped or Diverged
	Step      int
	Seconds   float64
	BestStep  int
	BestLoss  float64 // NaN before the first validation
	BestPSNR  float64
	Curve     []CurvePoint // nil until ReadCurves has read it
	Kept      []int        // steps of which there are weights, ascending
	Bytes     int64        // on the disk
	Damaged   Sentence     // why it cannot be read; without a Key when it can
	Elsewhere bool         // another window is at it
}

// Runs are all that are kept, the newest first.
type Runs struct {
	All   []Run
	Most  int64 // bytes that all may take
	Scrub Scrub
}

// Bytes is how much all runs take.
func (r Runs) Bytes() (sum int64) {
	for _, run := range r.All {
		sum += run.Bytes
	}
	return sum
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

// Files of a run. Of weights there is one for each step that is kept. The name is a file of its own,
// because any window may write it: all others are written by the one that trains.
const (
	runFile      = "run.json"
	runCurve     = "curve.json"
	runNamed     = "name"
	runLock      = "lock"
	runClean     = "clean.npy" // what it is watched on, (N, H, W, C)
	runGiven     = "given.npy" // … and as the network sees it, where that is something else
	weightsStart = "step-"
	bestWeights  = "best.safetensors"
)

// runState is a run as its file says it.
type runState struct {
	Format   string     `json:"format"`
	Data     string     `json:"data"`
	Spec     model.Spec `json:"spec"`
	Minutes  float64    `json:"minutes,omitempty"`
	Began    time.Time  `json:"began"`
	Phase    Phase      `json:"phase"`
	Step     int        `json:"step"`
	Seconds  float64    `json:"seconds"`
	BestStep int        `json:"best_step"`
	BestLoss *float64   `json:"best_loss,omitempty"`
	BestPSNR *float64   `json:"best_psnr,omitempty"`
	Photo    bool       `json:"photo,omitempty"` // it is watched on one picture and not on a sheet of small ones
	// Checkpoint is the file in the state folder with which the training goes on after a restart.
	Checkpoint string `json:"checkpoint,omitempty"`
}

// runCurveState is the curve of a run as its file says it.
type runCurveState struct {
	Format string       `json:"format"`
	Curve  [][5]float64 `json:"curve"`       // step, loss, distortion, price, rate
	Vals   [][3]float64 `json:"validations"` // step, loss, PSNR
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

// curveState is a curve as lists.
func curveState(points []CurvePoint) (r runCurveState) {
	r.Format = runFormat
	for _, p := range points {
		if finite(p.Loss) && finite(p.Distortion) && finite(p.Price) {
			r.Curve = append(r.Curve, [5]float64{float64(p.Step), p.Loss, p.Distortion, p.Price, p.Rate})
		}
		if finite(p.ValLoss) && finite(p.ValPSNR) {
			r.Vals = append(r.Vals, [3]float64{float64(p.Step), p.ValLoss, p.ValPSNR})
		}
	}
	return r
}

// points are the lists of the file as a curve.
func (r *runCurveState) points() []CurvePoint {
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

// runTime is how the name of a run's folder says when it began.
const runTime = "20060102-150405"

// readRun reads the run in a folder but for its curve. One that cannot be read says why.
func readRun(dir string) Run {
	run := Run{ID: filepath.Base(dir), Name: readName(dir), BestLoss: nan, BestPSNR: nan}
	files, _ := os.ReadDir(dir)
	curved := false
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			run.Bytes += info.Size()
		}
		if step, ok := stepOf(f.Name()); ok {
			run.Kept = append(run.Kept, step)
		}
		curved = curved || f.Name() == runCurve
	}
	slices.Sort(run.Kept)
	state, err := readRunState(dir)
	if err != nil {
		run.Damaged = Explain(err)
		run.Began, _ = time.ParseInLocation(runTime, run.ID[:min(len(runTime), len(run.ID))], time.Local)
		return run
	}
	if !curved && state.Step > 0 {
		run.Damaged = Explain(lost(runCurve, fs.ErrNotExist))
	}
	run.Data, run.Spec, run.Minutes, run.Began, run.Phase = state.Data, state.Spec, state.Minutes, state.Began, state.Phase
	run.Step, run.Seconds, run.BestStep = state.Step, state.Seconds, state.BestStep
	run.BestLoss, run.BestPSNR = orNaN(state.BestLoss), orNaN(state.BestPSNR)
	if run.Phase == Running {
		if held(dir) {
			run.Elsewhere = true
		} else {
			run.Phase = Stopped // its program was killed
		}
	}
	return run
}

// errRun reports a file of a run that cannot be read.
var errRun = errors.New("session: a run that cannot be read")

// lost says which file of a run cannot be read, and why.
func lost(path string, why error) error {
	var file imageio.FileError
	var named *fs.PathError
	if errors.As(why, &file) {
		why = file.Err
	}
	if errors.As(why, &named) {
		why = named.Err
	}
	return imageio.FileError{Path: filepath.Base(path), Err: fmt.Errorf("%w: %v", errRun, why)}
}

func readRunState(dir string) (state runState, err error) {
	path := filepath.Join(dir, runFile)
	b, err := readSmall(path)
	if err == nil {
		if err = json.Unmarshal(b, &state); err == nil && state.Format != runFormat {
			err = imageio.ErrFormat
		}
	}
	if err == nil {
		err = CheckSpec(state.Spec)
	}
	if err != nil {
		return state, lost(path, err)
	}
	return state, nil
}

func readCurve(dir string) ([]CurvePoint, error) {
	path := filepath.Join(dir, runCurve)
	var state runCurveState
	b, err := readSmall(path)
	if err == nil {
		if err = json.Unmarshal(b, &state); err == nil && state.Format != runFormat {
			err = imageio.ErrFormat
		}
	}
	if err != nil {
		return nil, lost(path, err)
	}
	return state.points(), nil
}

// longestName is how many bytes of a run's name are read.
const longestName = 1000

// readName is the name that a person gave a run, "" where that is none.
func readName(dir string) string {
	f, err := os.Open(filepath.Join(dir, runNamed))
	if err != nil {
		return ""
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, longestName))
	return strings.TrimSpace(strings.ToValidUTF8(string(b), ""))
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

// stepOf is the step of which a file has the weights.
func stepOf(name string) (int, bool) {
	text, starts := strings.CutPrefix(name, weightsStart)
	text, ends := strings.CutSuffix(text, ".safetensors")
	n, err := strconv.Atoi(text)
	return n, starts && ends && err == nil
}

// keptSteps are those of which a folder has weights.
func keptSteps(dir string) (steps []int) {
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if n, ok := stepOf(f.Name()); ok {
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
	if s.o.StateDir != "" {
		s.spawn(func() { s.file(func() error { return nil }) })
	}
}

// file does something to the folders of runs, one thing at a time, and lists them anew.
func (s *Session) file(f func() error) {
	s.filing.Lock()
	defer s.filing.Unlock()
	s.fail(f())
	for {
		s.mu.Lock()
		turn := s.keptTurn
		s.mu.Unlock()
		all := listRuns(s.o.StateDir)
		s.mu.Lock()
		same := turn == s.keptTurn // else a run has begun or ended while they were read
		if same {
			s.publish(func(st *State) { st.Runs.All, st.Runs.Most = s.withKnown(all), s.runRoom() })
		}
		s.mu.Unlock()
		if same {
			return
		}
	}
}

// withKnown puts what the state knows better than the disk among all runs: those of this window, and
// curves that have been read. s.mu is held.
func (s *Session) withKnown(all []Run) []Run {
	for _, old := range s.state.Runs.All {
		i := findRun(all, old.ID)
		switch {
		case i < 0:
		case s.keeps(old.ID):
			old.Name, old.Bytes = all[i].Name, all[i].Bytes
			all[i] = old
		case old.Step == all[i].Step && old.Phase == all[i].Phase && all[i].Damaged.Key == "":
			all[i].Curve, all[i].Damaged = old.Curve, old.Damaged
		}
	}
	return all
}

// ReadCurves reads the curves of runs.
func (s *Session) ReadCurves(ids ...string) {
	s.spawn(func() {
		for _, id := range ids {
			st := s.State()
			i, dir := findRun(st.Runs.All, id), s.runDir(id)
			if i < 0 || dir == "" || st.Runs.All[i].Curve != nil || st.Runs.All[i].Damaged.Key != "" {
				continue
			}
			points, err := readCurve(dir)
			s.changeRow(id, func(r *Run) {
				if r.Curve != nil {
					return
				}
				if r.Curve = points; err != nil {
					r.Damaged = Explain(err)
				}
			})
		}
	})
}

// changeRow changes what is known of a run.
func (s *Session) changeRow(id string, f func(r *Run)) {
	s.update(func(st *State) {
		all := slices.Clone(st.Runs.All)
		if i := findRun(all, id); i >= 0 {
			f(&all[i])
		}
		st.Runs.All = all
	})
}

// keeps reports whether this window is at a run. s.mu is held.
func (s *Session) keeps(id string) bool {
	return slices.ContainsFunc(s.keepers, func(k *keeper) bool { return k.id == id })
}

// findRun is the place of a run among all, or -1.
func findRun(all []Run, id string) int {
	return slices.IndexFunc(all, func(r Run) bool { return r.ID == id })
}

func listRuns(stateDir string) (all []Run) {
	base := filepath.Join(stateDir, runsFolder)
	for _, name := range runNames(base) {
		all = append(all, readRun(filepath.Join(base, name)))
	}
	slices.SortStableFunc(all, func(a, b Run) int { return b.Began.Compare(a.Began) })
	return all
}

// runNames are the folders of runs. What begins with a dot is being removed; what has nothing but a
// lock is about to begin, or never did.
func runNames(base string) (names []string) {
	entries, _ := os.ReadDir(base)
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && begun(filepath.Join(base, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names
}

func begun(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, runFile)); err == nil {
		return true
	}
	files, err := os.ReadDir(dir)
	return err != nil || slices.ContainsFunc(files, func(f fs.DirEntry) bool {
		return f.Name() != runLock && !strings.HasPrefix(f.Name(), ".")
	})
}

// runDir is the folder of a run, "" for a name that is none.
func (s *Session) runDir(id string) string {
	if s.o.StateDir == "" || id == "" || id != filepath.Base(id) || strings.HasPrefix(id, ".") {
		return ""
	}
	return filepath.Join(s.o.StateDir, runsFolder, id)
}

// changeRun has something done to a run that is kept, behind, and shows the list anew.
func (s *Session) changeRun(id string, f func(dir string) error) {
	if dir := s.runDir(id); dir != "" {
		s.spawn(func() { s.file(func() error { return f(dir) }) })
	}
}

// RenameRun gives a run a name, which also keeps it longest; "" takes it away.
func (s *Session) RenameRun(id, name string) {
	s.changeRun(id, func(dir string) error {
		if _, err := os.Stat(dir); err != nil {
			return err
		}
		path := filepath.Join(dir, runNamed)
		if name = strings.TrimSpace(name); name == "" {
			return remove(path)
		}
		return writeFile(path, func(w io.Writer) error { _, err := io.WriteString(w, name); return err })
	})
}

// errRunning reports a run that a window is at.
var errRunning = errors.New("session: a run that goes on")

// DeleteRun removes a run that does not go on.
func (s *Session) DeleteRun(id string) {
	s.mu.Lock()
	if s.state.Runs.Scrub.ID == id {
		s.publish(func(st *State) { st.Runs.Scrub = Scrub{} })
	}
	s.mu.Unlock()
	s.changeRun(id, func(dir string) error {
		s.mu.Lock()
		mine := s.keeps(id)
		s.mu.Unlock()
		if mine || held(dir) {
			return imageio.FileError{Path: id, Err: errRunning}
		}
		return removeRun(dir)
	})
}

// removeRun removes a run at once: what a kill leaves of it is no run.
func removeRun(dir string) error {
	gone := filepath.Join(filepath.Dir(dir), ".gone-"+filepath.Base(dir))
	if err := os.Rename(dir, gone); err != nil {
		return err
	}
	return os.RemoveAll(gone)
}

// Again starts a run's training anew: the same settings, seed and data give the same curve, unless
// its end is a matter of time.
func (s *Session) Again(id string) {
	st := s.State()
	if i := findRun(st.Runs.All, id); i >= 0 && st.Runs.All[i].Damaged.Key == "" {
		r := st.Runs.All[i]
		s.Train(TrainJob{Data: r.Data, Spec: r.Spec, Minutes: r.Minutes})
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
		name := readName(dir)
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

// SaveSettings writes a run's settings to a file, as ReadSpec reads them.
func (s *Session) SaveSettings(id, path string) {
	all := s.State().Runs.All
	i := findRun(all, id)
	if i < 0 {
		return
	}
	s.do("Saving the settings", func(context.Context) error {
		if err := writeFile(path, func(w io.Writer) error { _, err := io.WriteString(w, all[i].Settings()+"\n"); return err }); err != nil {
			return err
		}
		s.saved("settings", path)
		return nil
	})
}

// SpecOf reads settings that were copied as text.
func SpecOf(text string) (model.Spec, error) {
	spec, err := parseSpec([]byte(text))
	if err != nil {
		return spec, fmt.Errorf("%w: %w", errPasted, err)
	}
	return spec, CheckSpec(spec)
}
