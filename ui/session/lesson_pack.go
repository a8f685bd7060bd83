package session

// This file keeps answers to lessons, and packs of lessons and answers.

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"sieve/imageio"
	"sieve/model"
)

// An Answer is how far a student has come in a lesson, and what came of it.
type Answer struct {
	Lesson    string   `json:"lesson"`
	Title     string   `json:"title"`
	Stage     Stage    `json:"stage"`
	Predicted *Guess   `json:"predicted,omitempty"`
	Nearness  Nearness `json:"verdict,omitempty"`
	Runs      []Handed `json:"runs,omitempty"`
	Breaks    []Handed `json:"breaks,omitempty"`
	Own       []Handed `json:"own,omitempty"`
	Transfer  *Guess   `json:"transfer,omitempty"`
}

func (a Answer) same(b Answer) bool { return reflect.DeepEqual(a, b) }

// Handed is a trial as it is kept: without its pictures and weights, which training again
// gives.
type Handed struct {
	Record
	Value   float64      `json:"value,omitempty"`
	Data    string       `json:"data"`
	Spec    model.Spec   `json:"spec"`
	Seconds float64      `json:"seconds"`
	Step    int          `json:"step"`
	Curve   [][3]float64 `json:"curve"` // step, loss, and validation loss or -1
}

// keptPoints is how long a curve that is kept may be.
const keptPoints = 200

// handed are the trials that have come to their end.
func handed(trials []Trial) []Handed {
	var all []Handed
	for _, t := range trials {
		if !t.Done() {
			continue
		}
		h := Handed{Record: t.Record(), Value: t.Value, Data: t.Data, Spec: t.Spec, Seconds: round(t.Seconds), Step: t.Step}
		every := (len(t.Curve) + keptPoints - 1) / keptPoints
		for i, p := range t.Curve {
			val := -1.0
			if finite(p.ValLoss) {
				val = round(p.ValLoss)
			}
			if val >= 0 || i%every == 0 {
				h.Curve = append(h.Curve, [3]float64{float64(p.Step), round(p.Loss), val})
			}
		}
		all = append(all, h)
	}
	return all
}

// trials are those of an answer, without their panes.
func (a Answer) trials(l *Lesson) (t Trials) {
	for _, of := range []struct {
		to   *[]Trial
		from []Handed
	}{{&t.Runs, a.Runs}, {&t.Breaks, a.Breaks}, {&t.Own, a.Own}} {
		for _, h := range of.from {
			trial := Trial{Name: h.Run, Value: h.Value, Spec: h.Spec, Data: h.Data, Step: h.Step, Seconds: h.Seconds, Figures: maps.Clone(h.Figures)}
			if trial.Figures == nil {
				trial.Figures = map[string]float64{}
			}
			for _, p := range h.Curve {
				pt := CurvePoint{Step: int(p[0]), Loss: p[1], ValLoss: nan, ValPSNR: nan}
				if p[2] >= 0 {
					pt.ValLoss = p[2]
				}
				trial.Curve = append(trial.Curve, pt)
			}
			*of.to = append(*of.to, trial)
		}
	}
	return t
}

// An answerBook is the answers of one student.
type answerBook struct {
	Student string   `json:"student,omitempty"`
	Answers []Answer `json:"answers"`

	changed bool // since it was last saved
}

func (b *answerBook) find(lesson string) int {
	return slices.IndexFunc(b.Answers, func(a Answer) bool { return a.Lesson == lesson })
}

func (b *answerBook) of(lesson string) Answer {
	if i := b.find(lesson); i >= 0 {
		return b.Answers[i]
	}
	return Answer{}
}

func (b *answerBook) set(a Answer) {
	b.changed = true
	if i := b.find(a.Lesson); i >= 0 {
		b.Answers[i] = a
		return
	}
	b.Answers = append(b.Answers, a)
}

func (b *answerBook) forget(lesson string) {
	b.changed = true
	b.Answers = slices.DeleteFunc(b.Answers, func(a Answer) bool { return a.Lesson == lesson })
}

func (b *answerBook) clone() answerBook {
	return answerBook{Student: b.Student, Answers: slices.Clone(b.Answers)}
}

const answersFile = "answers.json"

// loadAnswers reads the answers kept in a folder. A file that cannot be read is set aside, and
// not written over.
func loadAnswers(dir string) answerBook {
	path := filepath.Join(dir, answersFile)
	var b answerBook
	text, err := readSmall(path)
	if err == nil {
		if err = json.Unmarshal(text, &b); err != nil {
			b = answerBook{}
			os.Rename(path, path+".damaged")
		}
	}
	return b
}

// save writes the answers into a folder, which it makes if need be.
func (b answerBook) save(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, answersFile), func(w io.Writer) error { return encode(w, b) })
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(v)
}

// packFormat is what the field format of a pack says.
const packFormat = "sieve-pack/1"

// A pack is lessons to hand out, with answers when it is handed in.
type pack struct {
	Format  string    `json:"format"`
	Student string    `json:"student,omitempty"`
	Saved   time.Time `json:"saved"`
	Lessons []*Lesson `json:"lessons"`
	Answers []Answer  `json:"answers,omitempty"`
}

// pack is the lessons that have answers, with these.
func (r *schoolroom) pack(now time.Time) pack {
	p := pack{Format: packFormat, Student: r.answers().Student, Saved: now.UTC().Truncate(time.Second)}
	for _, l := range r.lessons {
		if a := r.answers().of(l.Name); a.Lesson != "" && a.Stage > StageLook {
			p.Lessons, p.Answers = append(p.Lessons, l), append(p.Answers, a)
		}
	}
	return p
}

func (p pack) save(path string) error {
	return writeFile(path, func(w io.Writer) error { return encode(w, p) })
}

// WritePack writes lessons to hand out to one file.
func WritePack(path string, lessons []*Lesson, now time.Time) error {
	return pack{Format: packFormat, Saved: now.UTC().Truncate(time.Second), Lessons: lessons}.save(path)
}

// readPack reads a pack, or a lesson as a pack of one.
func readPack(path string) (pack, error) {
	b, err := readSmall(path)
	if err != nil {
		return pack{}, err
	}
	var kind struct {
		Format string `json:"format"`
	}
	fail := func(err error) (pack, error) {
		return pack{}, imageio.FileError{Path: path, Err: fmt.Errorf("%w: %w", errLesson, err)}
	}
	if err := json.Unmarshal(b, &kind); err != nil || kind.Format != packFormat {
		l, err := ReadLesson(path)
		return pack{Lessons: []*Lesson{l}}, err
	}
	var p pack
	if err := strictly(b, &p); err != nil {
		return fail(err)
	}
	if len(p.Lessons) == 0 {
		return fail(fmt.Errorf("the pack is empty"))
	}
	for _, l := range p.Lessons {
		if l == nil {
			return fail(fmt.Errorf("the pack has an empty lesson"))
		}
		if err := l.check(); err != nil {
			return fail(fmt.Errorf("lesson %q: %w", l.Name, err))
		}
		l.dir = filepath.Dir(path)
	}
	return p, nil
}
