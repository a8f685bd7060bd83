package session

// This file is a lesson as its file says it: assets/lessons/README.md describes it for
// those who write one.

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
	"sieve/model/noise"
)

// lessonFormat is what the field format of a lesson says.
const lessonFormat = "sieve-lesson/1"

// errLesson reports a file that holds no lesson that can be held.
var errLesson = errors.New("session: no lesson")

// A Lesson is an experiment with networks, and what is asked about it.
type Lesson struct {
	Format   string          `json:"format"`
	Name     string          `json:"name"` // under which answers are kept: letters, digits and hyphens
	Title    string          `json:"title"`
	About    string          `json:"about"` // one sentence, for the list of lessons
	Hook     []string        `json:"hook"`  // paragraphs, as all lists of text
	Data     string          `json:"data"`  // as TrainJob.Data; a relative path begins where the lesson lies
	Strange  string          `json:"strange,omitempty"`
	Spec     json.RawMessage `json:"spec"` // what differs from classroom
	Runs     []LessonRun     `json:"runs"`
	Panes    []string        `json:"panes"` // four of sights
	Chart    LessonChart     `json:"chart"`
	Predict  Question        `json:"predict"`
	After    []string        `json:"after"`
	Break    Break           `json:"break"`
	Own      Own             `json:"own"`
	Transfer Question        `json:"transfer"`
	Recorded []Record        `json:"recorded,omitempty"` // of each run, and of each value of Break

	dir   string // where it lies
	mu    sync.Mutex
	pca   *pcaBeside // mu guards it
	pcaOf string     // the data
}

// A LessonRun is one training of a lesson.
type LessonRun struct {
	Name  string          `json:"name"`
	Set   json.RawMessage `json:"set,omitempty"`   // what differs from the lesson's Spec
	Noise string          `json:"noise,omitempty"` // a scheme that spoils the pictures before they are learned from
	Data  string          `json:"data,omitempty"`  // in place of the lesson's
}

// A LessonChart says what is drawn when all runs are done: by default their losses.
type LessonChart struct {
	X string `json:"x,omitempty"` // a number of the spec in which the runs differ, or one of figures
	Y string `json:"y,omitempty"` // one of figures
	// Beside is another of figures, drawn as a second line.
	Beside string `json:"beside,omitempty"`
	XName  string `json:"x_name,omitempty"`
	YName  string `json:"y_name,omitempty"`
}

// Kinds of questions.
const (
	AskNumber = "number"
	AskChoice = "choice"
	AskSketch = "sketch" // a number for each run
)

// A Question has an answer that is measured, or, of a choice, one that is known.
type Question struct {
	Kind    string   `json:"kind"`
	Ask     string   `json:"ask"`
	Unit    string   `json:"unit,omitempty"`
	Low     float64  `json:"low,omitempty"` // what can be said to a number or a sketch
	High    float64  `json:"high,omitempty"`
	Options []Option `json:"options,omitempty"` // of a choice
	Of      Measure  `json:"of,omitzero"`       // what decides
	Right   *int     `json:"right,omitempty"`   // the option that is right whatever is measured
	Why     string   `json:"why,omitempty"`     // said after the answer
}

// A Measure is a figure of a run, the first where none is named, or how many times that of
// another it is, or how much more.
type Measure struct {
	Figure string `json:"figure"`
	Run    string `json:"run,omitempty"`
	Over   string `json:"over,omitempty"` // another run, to divide by
	Less   string `json:"less,omitempty"` // … to subtract
}

// An Option is right when what is measured lies in [Least, Most), or when of all runs that
// options name its run has the least figure, or the most.
type Option struct {
	Text  string   `json:"text"`
	Least *float64 `json:"least,omitempty"`
	Most  *float64 `json:"most,omitempty"`
	Run   string   `json:"run,omitempty"`
	Wants string   `json:"wants,omitempty"` // "least" or "most", with Run
}

// Break turns one dial too far.
type Break struct {
	Text     []string  `json:"text"`
	Field    string    `json:"field"`  // of the spec
	Values   []float64 `json:"values"` // from the usual one on
	Run      string    `json:"run,omitempty"`
	Figure   string    `json:"figure"`   // decides which of Outcomes is said
	Outcomes []Option  `json:"outcomes"` // with Least and Most
}

// Own is the same on the student's own pictures.
type Own struct {
	Text []string `json:"text"`
	Runs []string `json:"runs"`
}

// A Record is what a run gave where the lesson was written.
type Record struct {
	Run     string             `json:"run"`
	Losses  []float64          `json:"losses"` // at each validation
	Figures map[string]float64 `json:"figures"`
}

// classroom are the settings that a lesson's differ from: digits through a code of eight
// numbers, in a few seconds.
func classroom() model.Spec {
	s := model.DefaultSpec()
	s.Channels, s.Crop = 0, 0
	s.Width, s.Depth, s.Patch, s.Latent = 16, 2, 7, 8
	s.Scheme, s.Loss, s.Output = "none", "mse", "sigmoid"
	s.Optimiser, s.Rate, s.Schedule, s.Warmup = "muon", 0.03, "cosine", 20
	s.Batch, s.Steps, s.Check = 32, 400, 50
	return s
}

// ReadLesson returns the lesson in a file.
func ReadLesson(path string) (*Lesson, error) {
	b, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	l, err := parseLesson(b)
	if err != nil {
		return nil, imageio.FileError{Path: path, Err: err}
	}
	l.dir = filepath.Dir(path)
	return l, nil
}

// mostText is how long a file of lessons and answers may be.
const mostText = 16 << 20

// readSmall reads a file of text.
func readSmall(path string) ([]byte, error) {
	at, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if at.Size() > mostText {
		return nil, imageio.FileError{Path: path, Err: fmt.Errorf("%w: it is longer than %d MiB", errLesson, mostText>>20)}
	}
	return os.ReadFile(path)
}

// ShippedLessons are the lessons that come with the program, in their order.
func ShippedLessons() []*Lesson {
	var all []*Lesson
	for _, b := range assets.Lessons() {
		l, err := parseLesson(b)
		if err != nil {
			panic("session: a shipped lesson: " + err.Error()) // TestLessons reads them all
		}
		all = append(all, l)
	}
	return all
}

// FindLesson returns a shipped lesson by its name, or that in a file.
func FindLesson(name string) (*Lesson, error) {
	for _, l := range ShippedLessons() {
		if l.Name == name {
			return l, nil
		}
	}
	l, err := ReadLesson(name)
	if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(name, `./\`) {
		var names []string
		for _, l := range ShippedLessons() {
			names = append(names, l.Name)
		}
		return nil, &model.SpecError{Field: "lesson", Value: fmt.Sprintf("%q", name), Want: "a file, or one of " + strings.Join(names, ", ")}
	}
	return l, err
}

// parseLesson reads a lesson and makes sure that all of it can be held.
func parseLesson(b []byte) (*Lesson, error) {
	l := new(Lesson)
	if err := strictly(b, l); err != nil {
		return nil, fmt.Errorf("%w: %w", errLesson, err)
	}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", errLesson, err)
	}
	return l, nil
}

// check says what of a lesson cannot be.
func (l *Lesson) check() error {
	switch {
	case l.Format != lessonFormat:
		return fmt.Errorf("its format is %q and not %q", l.Format, lessonFormat)
	case l.Name == "" || strings.Trim(l.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return fmt.Errorf("its name %q is not made of small letters, digits and hyphens", l.Name)
	case l.Title == "" || l.Data == "":
		return errors.New("it has no title, or no data")
	case len(l.Runs) == 0 || len(l.Runs) > mostRuns:
		return fmt.Errorf("it has %d runs and not 1 to %d", len(l.Runs), mostRuns)
	case len(l.Panes) != 4:
		return fmt.Errorf("it names %d panes and not 4", len(l.Panes))
	}
	for _, p := range l.Panes {
		if !isSight(p) {
			return fmt.Errorf("there is no pane %q; the panes are %s", p, strings.Join(sightNames, ", "))
		}
	}
	for i, r := range l.Runs {
		if slices.ContainsFunc(l.Runs[:i], func(o LessonRun) bool { return o.Name == r.Name }) {
			return fmt.Errorf("two runs are named %q", r.Name)
		}
		if _, err := l.spec(i); err != nil {
			return fmt.Errorf("run %q: %w", r.Name, err)
		}
		if _, err := noise.Parse(cmp.Or(r.Noise, "none")); err != nil {
			return fmt.Errorf("run %q: %w", r.Name, err)
		}
	}
	return errors.Join(l.checkChart(), l.checkQuestion("predict", l.Predict), l.checkQuestion("transfer", l.Transfer), l.checkBreak(), l.checkOwn())
}

// mostRuns is how many runs a lesson may have.
const mostRuns = 12

func (l *Lesson) checkChart() error {
	c := l.Chart
	if c.X == "" && c.Y == "" && c.Beside == "" {
		return nil
	}
	if _, err := l.dial(0, c.X); err != nil && !slices.Contains(figures, c.X) {
		return fmt.Errorf("chart: %w", err)
	}
	for _, f := range []string{c.Y, c.Beside} {
		if f != "" || f == c.Y {
			if err := checkFigure(f); err != nil {
				return fmt.Errorf("chart: %w", err)
			}
		}
	}
	return nil
}

func checkFigure(name string) error {
	if !slices.Contains(figures, name) {
		return fmt.Errorf("there is no figure %q; the figures are %s", name, strings.Join(figures, ", "))
	}
	return nil
}

// checkQuestion says what of a question cannot be.
func (l *Lesson) checkQuestion(where string, q Question) error {
	fail := func(format string, args ...any) error { return fmt.Errorf(where+": "+format, args...) }
	if q.Ask == "" {
		return fail("nothing is asked")
	}
	if q.Right == nil {
		if err := checkFigure(q.Of.Figure); err != nil {
			return fail("%w", err)
		}
		for _, run := range []string{q.Of.Run, q.Of.Over, q.Of.Less} {
			if run != "" && l.run(run) < 0 {
				return fail("there is no run %q", run)
			}
		}
	}
	switch q.Kind {
	case AskNumber, AskSketch:
		if !(q.Low < q.High) || !finite(q.Low) || !finite(q.High) {
			return fail("from %g to %g is no range", q.Low, q.High)
		}
		if q.Right != nil {
			return fail("only a choice has an answer that is known")
		}
	case AskChoice:
		return l.checkOptions(where, q)
	default:
		return fail("there is no kind %q; the kinds are number, choice and sketch", q.Kind)
	}
	return nil
}

func (l *Lesson) checkOptions(where string, q Question) error {
	if len(q.Options) < 2 {
		return fmt.Errorf("%s: a choice has at least two options", where)
	}
	if q.Right != nil {
		if *q.Right < 0 || *q.Right >= len(q.Options) {
			return fmt.Errorf("%s: there is no option %d", where, *q.Right)
		}
		return nil
	}
	for _, o := range q.Options {
		if o.Run != "" && (l.run(o.Run) < 0 || o.Wants != "least" && o.Wants != "most") {
			return fmt.Errorf("%s: option %q wants neither the least nor the most of one of the runs", where, o.Text)
		}
		if o.Run == "" && o.Least == nil && o.Most == nil {
			return fmt.Errorf("%s: nothing decides whether option %q is right", where, o.Text)
		}
	}
	return nil
}

func (l *Lesson) checkBreak() error {
	b := l.Break
	if len(b.Values) < 2 || len(b.Values) > mostRuns {
		return fmt.Errorf("break: it has %d values and not 2 to %d", len(b.Values), mostRuns)
	}
	if err := checkFigure(b.Figure); err != nil {
		return fmt.Errorf("break: %w", err)
	}
	if b.Run != "" && l.run(b.Run) < 0 {
		return fmt.Errorf("break: there is no run %q", b.Run)
	}
	for _, v := range b.Values {
		if _, err := l.broken(v); err != nil {
			return fmt.Errorf("break: %w", err)
		}
	}
	if len(b.Outcomes) == 0 {
		return errors.New("break: no outcome is described")
	}
	return nil
}

func (l *Lesson) checkOwn() error {
	for _, r := range l.Own.Runs {
		if l.run(r) < 0 {
			return fmt.Errorf("own: there is no run %q", r)
		}
	}
	if len(l.Own.Runs) == 0 {
		return errors.New("own: no run is named")
	}
	return nil
}

// wants reports whether a pane or a figure of that name is looked at anywhere.
func (l *Lesson) wants(name string) bool {
	more := name == "pca" && (l.wants("over_pca") || l.wants("pca_psnr"))
	return more || slices.Contains(l.Panes, name) ||
		slices.Contains([]string{l.Chart.Y, l.Chart.Beside, l.Predict.Of.Figure, l.Transfer.Of.Figure, l.Break.Figure}, name)
}

// run is the place of the run of a name, or -1.
func (l *Lesson) run(name string) int {
	return slices.IndexFunc(l.Runs, func(r LessonRun) bool { return r.Name == name })
}

// spec is what run i trains.
func (l *Lesson) spec(i int) (model.Spec, error) {
	s := classroom()
	for _, set := range []json.RawMessage{l.Spec, l.Runs[i].Set} {
		if len(set) == 0 {
			continue
		}
		if err := strictly(set, &s); err != nil {
			return s, err
		}
	}
	return s, CheckSpec(s)
}

// dial is the value of a field of run i.
func (l *Lesson) dial(i int, field string) (float64, error) {
	s, err := l.spec(i)
	if err != nil {
		return 0, err
	}
	v, ok := specNumber(&s, field)
	if !ok {
		return 0, fmt.Errorf("there is no setting %q that is a number", field)
	}
	return v.get(), nil
}

// broken is what the run that Break names trains with a value of its dial.
func (l *Lesson) broken(value float64) (model.Spec, error) {
	s, err := l.spec(max(0, l.run(l.Break.Run)))
	if err != nil {
		return s, err
	}
	v, ok := specNumber(&s, l.Break.Field)
	if !ok || !v.set(value) {
		return s, fmt.Errorf("the setting %q cannot be %g", l.Break.Field, value)
	}
	return s, CheckSpec(s)
}

// data is what the lesson learns from.
func (l *Lesson) data(name string) string {
	if strings.HasPrefix(name, "builtin:") || filepath.IsAbs(name) || l.dir == "" {
		return name
	}
	return filepath.Join(l.dir, name)
}

// opens says whether the data of a lesson are there.
func (l *Lesson) opens(ctx context.Context) error {
	for _, name := range []string{l.Data, l.Strange} {
		if name == "" {
			continue
		}
		if _, err := imageio.OpenData(ctx, l.data(name), imageio.FolderOptions{}, nil); err != nil {
			return &DataError{l.data(name), err}
		}
	}
	return nil
}

// holds reports whether a number lies where an option has it.
func (o Option) holds(v float64) bool {
	return !math.IsNaN(v) && (o.Least == nil || v >= *o.Least) && (o.Most == nil || v < *o.Most)
}

// WriteLesson writes a lesson whole, one line a list of numbers.
func WriteLesson(path string, l *Lesson) error {
	b, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, func(w io.Writer) error {
		_, err := w.Write(append(tighten(b), '\n'))
		return err
	})
}

// numbersList is a list of numbers over several lines.
var numbersList = regexp.MustCompile(`\[\s*-?[0-9][-0-9eE.+,\s]*\]`)

// tighten puts lists of numbers on one line.
func tighten(b []byte) []byte {
	return numbersList.ReplaceAllFunc(b, func(list []byte) []byte {
		return bytes.ReplaceAll(bytes.Join(bytes.Fields(list), nil), []byte(","), []byte(", "))
	})
}

// At is where run i stands on the chart's X, which may be a figure of its trial.
func (l *Lesson) At(i int, t Trial) float64 {
	if v, err := l.dial(i, l.Chart.X); err == nil {
		return v
	}
	if v, ok := t.Figures[l.Chart.X]; ok {
		return v
	}
	return nan
}

// Words are all texts of a lesson that people read.
func (l *Lesson) Words() []string {
	words := slices.Concat([]string{l.Title, l.About, l.Chart.XName, l.Chart.YName}, l.Hook, l.After, l.Break.Text, l.Own.Text)
	for _, r := range l.Runs {
		words = append(words, r.Name)
	}
	for _, q := range []Question{l.Predict, l.Transfer} {
		words = append(words, q.Ask, q.Why)
		for _, o := range q.Options {
			words = append(words, o.Text)
		}
	}
	for _, o := range l.Break.Outcomes {
		words = append(words, o.Text)
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// LessonOf makes a lesson of a run's settings and data, with words to be replaced: it can be held as it is.
func LessonOf(r Run) (*Lesson, error) {
	set := map[string]any{}
	usual, spec := reflect.ValueOf(classroom()), reflect.ValueOf(r.Spec)
	for i := range spec.NumField() {
		if !spec.Field(i).Equal(usual.Field(i)) {
			set[spec.Type().Field(i).Tag.Get("json")] = spec.Field(i).Interface()
		}
	}
	settings, err := json.Marshal(set)
	if err != nil {
		return nil, err
	}
	few := float64(max(1, r.Spec.Latent/4))
	if few == float64(r.Spec.Latent) {
		few = float64(2 * r.Spec.Latent)
	}
	zero := 0
	l := &Lesson{
		Format: lessonFormat, Name: "my-lesson", Title: runTitle(r), About: "One sentence for the list.",
		Hook: []string{"What is this about, and why should one want to know?"}, Data: r.Data, Spec: settings,
		Runs: []LessonRun{{Name: "the network"}}, Panes: []string{"original", "given", "latent", "result"},
		Predict: Question{Kind: AskNumber, Ask: "How near will the reconstruction come?", Unit: "dB", Low: 5, High: 40, Of: Measure{Figure: "psnr"}},
		After:   []string{"What happened, and why?"},
		Break: Break{Text: []string{"Turn one dial too far."}, Field: "latent", Values: []float64{float64(r.Spec.Latent), few}, Figure: "psnr",
			Outcomes: []Option{{Text: "What does one see now?"}}},
		Own:      Own{Text: []string{"The same on your own pictures."}, Runs: []string{"the network"}},
		Transfer: Question{Kind: AskChoice, Ask: "One question more?", Options: []Option{{Text: "Yes"}, {Text: "No"}}, Right: &zero, Why: "Why is it so?"},
	}
	return l, l.check()
}

// SaveLesson writes a run as a lesson that is to be filled with words.
func (s *Session) SaveLesson(id, path string) {
	st := s.State()
	i := findRun(st.Runs.All, id)
	if i < 0 {
		return
	}
	s.do("Saving the lesson", func(context.Context) error {
		l, err := LessonOf(st.Runs.All[i])
		if err == nil {
			err = WriteLesson(path, l)
		}
		if err == nil {
			s.saved("lesson", path)
		}
		return err
	})
}
