package session

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model/tensor"
)

// TestLessonsAreWhole makes sure that what ships can be held, says something at every place and
// has its figures recorded.
func TestLessonsAreWhole(t *testing.T) {
	all := ShippedLessons()
	if len(all) < 10 || len(all) != len(assets.Lessons()) {
		t.Fatalf("%d lessons", len(all))
	}
	names := map[string]bool{}
	for _, l := range all {
		if names[l.Name] {
			t.Errorf("two lessons are named %s", l.Name)
		}
		names[l.Name] = true
		if len(l.Hook) == 0 || len(l.After) == 0 || len(l.Own.Text) == 0 || l.Transfer.Why == "" || l.About == "" {
			t.Errorf("%s has nothing to say somewhere", l.Name)
		}
		if want := len(l.Runs) + len(l.Break.Values); len(l.Recorded) != want {
			t.Errorf("%s has %d records, and %d trainings", l.Name, len(l.Recorded), want)
		}
		trials := recordedTrials(l)
		guess := Guess{}
		if out := l.Predict.Judge(guess, trials); l.Predict.Kind == AskChoice && out.Option < 0 || l.Predict.Kind == AskNumber && !(out.Number >= l.Predict.Low && out.Number <= l.Predict.High) {
			t.Errorf("%s: what happened, %+v, is nothing that could be predicted", l.Name, out)
		}
		said := map[string]bool{}
		for _, trial := range trials[len(l.Runs):] {
			text := l.Break.Said(trial)
			if text == "" {
				t.Errorf("%s: nothing is said to %s", l.Name, trial.Name)
			}
			said[text] = true
		}
		if len(said) < 2 {
			t.Errorf("%s: all values of its dial have the same outcome", l.Name)
		}
	}
}

// recordedTrials are the trials of a lesson as recorded, those of Break last.
func recordedTrials(l *Lesson) []Trial {
	var all []Trial
	for _, r := range l.Recorded {
		all = append(all, Trial{Name: r.Run, Figures: r.Figures})
	}
	return all
}

// TestLessonsBeginAsRecorded trains each run of each lesson to its second validation. `sieve lesson`
// trains them to their end.
func TestLessonsBeginAsRecorded(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for a minute")
	}
	allowed := sameKernels
	if Machine().Kernel == "go" {
		allowed = plainKernels
	}
	enough := errors.New("enough")
	for _, l := range ShippedLessons() {
		tasks, err := l.tasks()
		if err != nil {
			t.Fatal(err)
		}
		for i, task := range tasks {
			ctx, cancel := context.WithCancelCause(t.Context())
			var got Record
			_, err := l.try(ctx, task, imageio.Limits{}, func(trial Trial) {
				if got = trial.Record(); len(got.Losses) >= 2 {
					cancel(enough)
				}
			})
			cancel(nil)
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			want := l.Recorded[i].Losses[:2]
			for k, v := range want {
				if d := got.Losses[k] - v; d > allowed*v || d < -allowed*v {
					t.Errorf("%s, %s: validation %d gives %g, and %g is recorded", l.Name, task.name, k+1, got.Losses[k], v)
				}
			}
		}
	}
}

// tinyLesson is a lesson that takes a moment.
func tinyLesson(t *testing.T) *Lesson {
	t.Helper()
	l, err := parseLesson([]byte(tinyText))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

const tinyText = `{"format": "sieve-lesson/1", "name": "tiny", "title": "Tiny", "about": "x", "hook": ["h"], "data": "builtin:digits", "strange": "builtin:letters",
"spec": {"width": 4, "steps": 12, "check": 4, "batch": 8}, "runs": [{"name": "one"}, {"name": "two", "set": {"latent": 2}}, {"name": "spoilt", "noise": "gaussian:50"}],
"panes": ["original", "latent", "result", "pca"], "chart": {"x": "latent", "y": "psnr"},
"predict": {"kind": "number", "ask": "?", "low": 0, "high": 40, "of": {"figure": "psnr", "run": "two"}},
"after": ["a"], "break": {"text": ["b"], "field": "rate", "values": [0.03, 1e6], "figure": "diverged", "outcomes": [{"text": "lost", "least": 1}, {"text": "held"}]},
"own": {"text": ["o"], "runs": ["one"]},
"transfer": {"kind": "choice", "ask": "?", "options": [{"text": "a"}, {"text": "b"}], "right": 1, "why": "w"}}`

// TestLessonGivesTheSameTwice compares two holdings of a lesson by what the first has recorded,
// and makes sure that a difference is seen.
func TestLessonGivesTheSameTwice(t *testing.T) {
	l := tinyLesson(t)
	res, err := HoldLesson(t.Context(), l, imageio.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Runs) != 3 || len(res.Breaks) != 2 {
		t.Fatalf("%d runs and %d values", len(res.Runs), len(res.Breaks))
	}
	res.Record()
	path := filepath.Join(t.TempDir(), "tiny.json")
	if err := WriteLesson(path, l); err != nil {
		t.Fatal(err)
	}
	again, err := ReadLesson(path)
	if err != nil {
		t.Fatal(err)
	}
	if res, err = HoldLesson(t.Context(), again, imageio.Limits{}, nil); err != nil || len(res.Differ) > 0 {
		t.Errorf("the same lesson differs: %v, %v", res.Differ, err)
	}
	again.Recorded[1].Losses[0] *= 1.5
	res.Differ = nil
	if res.compare(); len(res.Differ) != 1 || !strings.HasPrefix(res.Differ[0], "two: ") {
		t.Errorf("one loss was changed, and it differs in %q", res.Differ)
	}
	for _, name := range []string{"psnr", "mse", "auroc", "pca", "numbers"} {
		if _, ok := res.Runs[0].Figures[name]; !ok {
			t.Errorf("%s was not measured", name)
		}
	}
	if v := res.Runs[2].Figures["gain"]; v == 0 {
		t.Error("the spoilt run is measured against what it was given, and gains nothing")
	}
	if l.Break.Said(res.Breaks[1]) != "lost" || l.Break.Said(res.Breaks[0]) != "held" {
		t.Errorf("a rate of a million gives %v", res.Breaks[1].Figures)
	}
}

func TestJudge(t *testing.T) {
	trials := []Trial{{Name: "a", Figures: map[string]float64{"psnr": 20, "mse": 0.01}}, {Name: "b", Figures: map[string]float64{"psnr": 30, "mse": 0.001}}}
	number := func(v float64) Guess { return Guess{Number: &v} }
	option := func(i int) Guess { return Guess{Option: &i} }
	three, least, most := 3.0, "least", "most"
	ask := Question{Kind: AskNumber, Low: 0, High: 40, Of: Measure{Figure: "psnr", Run: "b"}}
	runs := Question{Kind: AskChoice, Of: Measure{Figure: "mse"}, Options: []Option{{Run: "a", Wants: least}, {Run: "b", Wants: least}}}
	for _, c := range []struct {
		q    Question
		g    Guess
		want Nearness
	}{
		{ask, number(31), Right}, {ask, number(24), Close}, {ask, number(10), Wrong}, {ask, Guess{}, Wrong},
		{Question{Kind: AskNumber, Low: 0, High: 10, Of: Measure{Figure: "psnr", Run: "b", Less: "a"}}, number(10), Right},
		{Question{Kind: AskNumber, Low: 0, High: 10, Of: Measure{Figure: "psnr", Run: "b", Over: "a"}}, number(1.5), Right},
		{runs, option(1), Right}, {runs, option(0), Wrong},
		{Question{Kind: AskChoice, Of: Measure{Figure: "mse"}, Options: []Option{{Run: "a", Wants: most}, {Run: "b", Wants: most}}}, option(0), Right},
		{Question{Kind: AskChoice, Of: Measure{Figure: "psnr"}, Options: []Option{{Most: &three}, {Least: &three}}}, option(1), Right},
		{Question{Kind: AskSketch, Low: 0, High: 40, Of: Measure{Figure: "psnr"}}, Guess{Sketch: []float64{21, 29}}, Right},
		{Question{Kind: AskSketch, Low: 0, High: 40, Of: Measure{Figure: "psnr"}}, Guess{Sketch: []float64{21, 39}}, Close},
		{Question{Kind: AskSketch, Low: 0, High: 40, Of: Measure{Figure: "psnr"}}, Guess{Sketch: []float64{21}}, Wrong},
	} {
		if got := c.q.Judge(c.g, trials).Nearness; got != c.want {
			t.Errorf("%+v to %+v is %s, want %s", c.g, c.q.Of, got, c.want)
		}
	}
}

// TestBadLessonsAreNamed gives each place of a lesson something that cannot be.
func TestBadLessonsAreNamed(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"sieve-lesson/1"`, `"sieve-lesson/9"`, "format"},
		{`"about"`, `"abut"`, "abut"},
		{`"name": "tiny"`, `"name": "Tiny!"`, "name"},
		{`"width": 4`, `"width": -4`, "width"},
		{`"width": 4`, `"wdth": 4`, "wdth"},
		{`"latent": 2`, `"latent": 0`, "two"},
		{`"name": "two"`, `"name": "one"`, "one"},
		{`"pca"]`, `"cpa"]`, "cpa"},
		{`"y": "psnr"`, `"y": "psrn"`, "psrn"},
		{`"x": "latent"`, `"x": "scheme"`, "scheme"},
		{`"low": 0, "high": 40`, `"low": 40, "high": 0`, "predict"},
		{`"run": "two"}`, `"run": "three"}`, "three"},
		{`"values": [0.03, 1e6]`, `"values": [0.03]`, "break"},
		{`"values": [0.03, 1e6]`, `"values": [0.03, -1]`, "break"},
		{`"field": "rate"`, `"field": "loss"`, "loss"},
		{`"runs": ["one"]`, `"runs": ["four"]`, "four"},
		{`"right": 1`, `"right": 7`, "transfer"},
		{`"gaussian:50"`, `"gaussian:5000"`, "spoilt"},
		{`{"format"`, `{"format`, ""},
		{tinyText, "", ""},
		{tinyText, "[1]", ""},
	} {
		path := filepath.Join(t.TempDir(), "bad.json")
		if err := os.WriteFile(path, []byte(strings.Replace(tinyText, c.old, c.new, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := ReadLesson(path)
		if words := Words(err); !errors.Is(err, errLesson) || !strings.Contains(words, "bad.json") || !strings.Contains(words, c.want) {
			t.Errorf("%s in place of %s: %q", c.new, c.old, words)
		}
	}
}

// TestLessonWithoutItsDataIsNamed opens a lesson whose pictures are not there.
func TestLessonWithoutItsDataIsNamed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lost.json")
	if err := os.WriteFile(path, []byte(strings.Replace(tinyText, "builtin:digits", "digits/here", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{})
	s.OpenPaths([]string{path}, PageLessons)
	st := until(t, s, "a word", func(st State) bool { return st.Message.Kind == Error })
	if !strings.Contains(st.Message.Text, filepath.Join("digits", "here")) || st.Class.Lesson != nil {
		t.Errorf("%q", st.Message.Text)
	}
}

// TestStudentGoesThroughALesson opens a lesson from a file, predicts, trains, breaks, answers, hands it in, and has it opened
// by another.
func TestStudentGoesThroughALesson(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "tiny.json")
	if err := os.WriteFile(file, []byte(tinyText), 0o666); err != nil {
		t.Fatal(err)
	}
	o := Options{StateDir: filepath.Join(dir, "state")}
	s := open(t, o)
	s.OpenPaths([]string{file}, PageLessons)
	st := until(t, s, "the lesson", func(st State) bool { return st.Class.Lesson != nil && st.Class.Panes[0].Pix != nil })
	if st.Class.Lesson.Title != "Tiny" || st.Class.Shelf[st.Class.At].Title != "Tiny" || !st.Class.Shelf[st.Class.At].Opened {
		t.Fatalf("%+v", st.Class.Shelf)
	}
	s.SetStudent("Ada")
	s.TurnStage(StagePredict)
	v := 13.0
	s.Predict(Guess{Number: &v})
	s.TurnStage(StageTrain)
	s.Hold(StageTrain, 0, "")
	st = until(t, s, "the runs", func(st State) bool { return st.Class.Whole(StageTrain) && st.Class.Doing == StageLook })
	is := st.Class.Trials.Runs[1].Figures["psnr"]
	if want := st.Class.Lesson.Predict.near(v, is); st.Class.Answer.Nearness != want || want == "" {
		t.Errorf("said 13, is %g: %q", is, st.Class.Answer.Nearness)
	}
	v2 := 39.0
	if s.Predict(Guess{Number: &v2}); *s.State().Class.Answer.Predicted.Number != v {
		t.Error("a prediction was changed after the fact")
	}
	s.ShowTrial(TrialAt{StageTrain, 0})
	if a, b := s.State().Class.Panes[1].Pix, st.Class.Trials.Runs[0].Panes[1].Pix; a != b {
		t.Error("the panes are not those of the first run")
	}
	s.Hold(StageBreak, 1e6, "")
	until(t, s, "the break", func(st State) bool { return st.Class.Whole(StageBreak) && st.Class.Doing == StageLook })
	s.TurnStage(StageTransfer)
	one := 1
	s.AnswerTransfer(Guess{Option: &one})
	handed := filepath.Join(dir, "ada.json")
	s.SaveAnswers(handed)
	until(t, s, "the file", func(st State) bool { return st.Saved.Kind == "answers" })

	// A teacher opens it, on another machine.
	teacher := open(t, Options{})
	teacher.OpenPaths([]string{handed}, PageDenoise)
	st = until(t, teacher, "the answers", func(st State) bool { return st.Class.Lesson != nil })
	c := st.Class
	if c.Author != "Ada" || *c.Answer.Predicted.Number != v || len(c.Trials.Runs) != 3 || len(c.Trials.Breaks) != 1 || *c.Answer.Transfer.Option != 1 {
		t.Fatalf("%+v", c.Answer)
	}
	if got := c.Trials.Runs[1].Figures["psnr"]; got != round(is) {
		t.Errorf("%g dB were handed in, and %g measured", got, is)
	}
	if len(c.Trials.Runs[1].Curve) != 12 {
		t.Errorf("a curve of %d points", len(c.Trials.Runs[1].Curve))
	}
	teacher.OwnAnswers()
	until(t, teacher, "one's own answers", func(st State) bool { return st.Class.Author == "" && st.Class.Shelf[c.At].Nearness == "" })

	// The student comes back another day.
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	if got := s.State().Class.Student; got != "Ada" {
		t.Errorf("the student is %q", got)
	}
	s.OpenPaths([]string{file}, PageLessons)
	st = until(t, s, "the lesson", func(st State) bool { return st.Class.Lesson != nil })
	if len(st.Class.Trials.Runs) != 3 || st.Class.Answer.Nearness == "" || st.Class.Shelf[st.Class.At].Stage != StageDone {
		t.Errorf("what was answered is %+v", st.Class.Answer)
	}
}

// TestStoppedLessonKeepsWhatIsWhole stops a lesson in its second run.
func TestStoppedLessonKeepsWhatIsWhole(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "tiny.json")
	text := strings.Replace(tinyText, `"set": {"latent": 2}`, `"set": {"latent": 2, "steps": 100000}`, 1)
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{})
	s.OpenPaths([]string{file}, PageLessons)
	until(t, s, "the lesson", func(st State) bool { return st.Class.Lesson != nil })
	s.Hold(StageTrain, 0, "")
	until(t, s, "the second run", func(st State) bool { r := st.Class.Trials.Runs; return len(r) == 2 && r[1].Step > 0 })
	s.StopLesson()
	st := until(t, s, "its end", func(st State) bool { return st.Class.Doing == StageLook })
	if r := st.Class.Trials.Runs; len(r) != 1 || !r[0].Done() || len(st.Class.Answer.Runs) != 1 {
		t.Errorf("%d runs are left", len(r))
	}
}

// TestDamagedAnswersAreSetAside starts with a file of answers that is no JSON.
func TestDamagedAnswersAreSetAside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, answersFile)
	if err := os.WriteFile(path, []byte(`{"answers": [{`), 0o666); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{StateDir: dir})
	s.SetStudent("Bo")
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var b answerBook
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err != nil || b.Student != "Bo" {
		t.Errorf("%q, %v", b.Student, err)
	}
	if _, err := os.Stat(path + ".damaged"); err != nil {
		t.Error(err)
	}
}

// TestActive counts numbers beyond a twentieth of the greatest.
func TestActive(t *testing.T) {
	z := tensor.New(1, 1, 1, 8)
	copy(z.Data, []float32{1, -0.5, 0.04, 0, 0.06, -0.01, 0, -0.3})
	if got := active(z); got != 50 {
		t.Errorf("%v %% are active", got)
	}
}

// TestSightsAreSorted lets isSight search.
func TestSightsAreSorted(t *testing.T) {
	if !slices.IsSorted(sightNames) || !isSight("plane") || isSight("plain") {
		t.Error(sightNames)
	}
}
