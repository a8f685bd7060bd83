package session

// This file compares what was predicted with what happened.

import (
	"context"
	"fmt"
	"math"
	"slices"

	"sieve/imageio"
)

// A Guess is an answer to a question: a number, the place of an option, or a number for each
// run.
type Guess struct {
	Number *float64  `json:"number,omitempty"`
	Option *int      `json:"option,omitempty"`
	Sketch []float64 `json:"sketch,omitempty"`
}

// Given reports whether a guess answers a question of a lesson.
func (g Guess) Given(q Question, runs int) bool {
	switch q.Kind {
	case AskNumber:
		return g.Number != nil
	case AskSketch:
		return len(g.Sketch) == runs
	}
	return g.Option != nil
}

// A Nearness is how near a guess came.
type Nearness string

const (
	Right Nearness = "right"
	Close Nearness = "close"
	Wrong Nearness = "wrong"
)

// An Outcome is what really happened, beside a guess.
type Outcome struct {
	Nearness Nearness
	Number   float64   // measured, for a number and for a choice that a measure decides; else NaN
	Option   int       // the right one of a choice; -1 when none fits what was measured
	Sketch   []float64 // measured at each run
}

// value is a figure of trials, in the order of the lesson's runs. NaN where there is none.
func (m Measure) value(trials []Trial) float64 {
	find := func(name string) float64 {
		i := 0
		if name != "" {
			i = slices.IndexFunc(trials, func(t Trial) bool { return t.Name == name })
		}
		if i < 0 || i >= len(trials) {
			return nan
		}
		if v, ok := trials[i].Figures[m.Figure]; ok {
			return v
		}
		return nan
	}
	v := find(m.Run)
	if m.Over != "" {
		v /= find(m.Over)
	}
	if m.Less != "" {
		v -= find(m.Less)
	}
	return v
}

// Judge compares a guess with what trials gave.
func (q Question) Judge(g Guess, trials []Trial) Outcome {
	out := Outcome{Number: nan, Option: -1, Nearness: Wrong}
	if q.Right == nil && q.Kind != AskSketch {
		out.Number = q.Of.value(trials)
	}
	switch q.Kind {
	case AskNumber:
		if g.Number != nil {
			out.Nearness = q.near(*g.Number, out.Number)
		}
	case AskChoice:
		out.Option = q.right(out.Number, trials)
		if g.Option != nil && *g.Option == out.Option {
			out.Nearness = Right
		}
	case AskSketch:
		out.Nearness = Right
		for i, t := range trials {
			v, ok := t.Figures[q.Of.Figure]
			if !ok {
				v = nan
			}
			out.Sketch = append(out.Sketch, v)
			if i >= len(g.Sketch) {
				out.Nearness = Wrong
			} else {
				out.Nearness = worse(out.Nearness, q.near(g.Sketch[i], v))
			}
		}
	}
	return out
}

// near judges a number by the range of what could be said: within a tenth of it is right,
// within a quarter close.
func (q Question) near(said, is float64) Nearness {
	switch off := math.Abs(said-is) / (q.High - q.Low); {
	case off <= 0.1:
		return Right
	case off <= 0.25:
		return Close
	}
	return Wrong
}

func worse(a, b Nearness) Nearness {
	order := []Nearness{Right, Close, Wrong}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// right is the option that fits, or -1.
func (q Question) right(measured float64, trials []Trial) int {
	if q.Right != nil {
		return *q.Right
	}
	var named []float64
	for _, o := range q.Options {
		if o.Run != "" {
			named = append(named, Measure{Figure: q.Of.Figure, Run: o.Run}.value(trials))
		}
	}
	for i, o := range q.Options {
		if o.Run == "" {
			if o.holds(measured) {
				return i
			}
			continue
		}
		v := Measure{Figure: q.Of.Figure, Run: o.Run}.value(trials)
		if o.Wants == "least" && v == slices.Min(named) || o.Wants == "most" && v == slices.Max(named) {
			return i
		}
	}
	return -1
}

// Said is the outcome of Break that fits a trial, "" when none does.
func (b Break) Said(t Trial) string {
	v, ok := t.Figures[b.Figure]
	if !ok {
		v = nan
	}
	for _, o := range b.Outcomes {
		if o.holds(v) || o.Least == nil && o.Most == nil {
			return o.Text
		}
	}
	return ""
}

// A LessonResult is what all runs of a lesson gave.
type LessonResult struct {
	Lesson *Lesson
	Runs   []Trial
	Breaks []Trial  // for each value of Break
	Differ []string // what is not as the lesson has it recorded, a line each
}

// HoldLesson holds a lesson without a student: all its runs, and all values of its Break. each may
// be nil; it is told how far a trial is, and the number of trials before it and in all.
func HoldLesson(ctx context.Context, l *Lesson, lim imageio.Limits, each func(t Trial, at, of int)) (LessonResult, error) {
	res := LessonResult{Lesson: l}
	tasks, err := l.tasks()
	if err != nil {
		return res, err
	}
	runs := len(tasks)
	for _, v := range l.Break.Values {
		task, err := l.breakTask(v)
		if err != nil {
			return res, err
		}
		tasks = append(tasks, task)
	}
	for i, task := range tasks {
		t, err := l.try(ctx, task, lim, func(t Trial) {
			if each != nil {
				each(t, i, len(tasks))
			}
		})
		if err != nil {
			return res, err
		}
		if i < runs {
			res.Runs = append(res.Runs, t)
		} else {
			res.Breaks = append(res.Breaks, t)
		}
	}
	res.compare()
	return res, nil
}

// Record is what is kept of a trial.
func (t Trial) Record() Record {
	r := Record{Run: t.Name, Figures: map[string]float64{}}
	for _, p := range t.Curve {
		if finite(p.ValLoss) {
			r.Losses = append(r.Losses, round(p.ValLoss))
		}
	}
	for name, v := range t.Figures {
		if name != "seconds" {
			r.Figures[name] = round(v)
		}
	}
	return r
}

// round keeps six digits.
func round(v float64) float64 {
	if v == 0 || !finite(v) {
		return v
	}
	unit := math.Pow(10, 6-math.Ceil(math.Log10(math.Abs(v))))
	return math.Round(v*unit) / unit
}

// Record writes what was measured into the lesson, to compare with from now on.
func (r *LessonResult) Record() {
	r.Lesson.Recorded = nil
	for _, t := range slices.Concat(r.Runs, r.Breaks) {
		r.Lesson.Recorded = append(r.Lesson.Recorded, t.Record())
	}
	r.Differ = nil
}

// The vector kernels of all machines give the same bits. Where plain Go works, each number is
// rounded twice where they round once, and training carries that on.
const sameKernels, plainKernels = 1e-5, 0.25

// compare fills Differ.
func (r *LessonResult) compare() {
	if len(r.Lesson.Recorded) == 0 {
		return
	}
	allowed := sameKernels
	if Machine().Kernel == "go" {
		allowed = plainKernels
	}
	for _, t := range slices.Concat(r.Runs, r.Breaks) {
		i := slices.IndexFunc(r.Lesson.Recorded, func(o Record) bool { return o.Run == t.Name })
		if i < 0 {
			r.Differ = append(r.Differ, fmt.Sprintf("%s: nothing is recorded", t.Name))
			continue
		}
		r.Differ = append(r.Differ, t.Record().differ(r.Lesson.Recorded[i], allowed)...)
	}
}

// differ lists in what a record is not the one from before.
func (r Record) differ(was Record, allowed float64) (lines []string) {
	far := func(a, b float64) bool { return math.Abs(a-b) > allowed*max(math.Abs(a), math.Abs(b))+1e-9 }
	if len(r.Losses) != len(was.Losses) {
		return []string{fmt.Sprintf("%s: %d validations, and %d recorded", r.Run, len(r.Losses), len(was.Losses))}
	}
	for i, v := range r.Losses {
		if far(v, was.Losses[i]) {
			return []string{fmt.Sprintf("%s: validation %d gives %g, and %g is recorded", r.Run, i+1, v, was.Losses[i])}
		}
	}
	for _, name := range figures {
		v, ok := r.Figures[name]
		w, had := was.Figures[name]
		if ok != had || far(v, w) {
			lines = append(lines, fmt.Sprintf("%s: %s is %g, and %g is recorded", r.Run, name, v, w))
		}
	}
	return lines
}
