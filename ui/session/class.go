package session

// This file lets a person go through lessons: the page Lessons.

import (
	"context"
	"slices"

	"sieve/imageio"
)

// A Stage is a part of a lesson. They follow one another.
type Stage int

const (
	StageLook     Stage = iota // what it is about
	StagePredict               // say what will happen
	StageTrain                 // see what happens
	StageBreak                 // turn a dial too far
	StageOwn                   // the same on one's own pictures
	StageTransfer              // a last question
	StageDone                  // all of it is answered
)

// Class is the page Lessons.
type Class struct {
	Shelf   []Shelved // all lessons there are
	At      int       // the open one; -1: none
	Lesson  *Lesson   // the open one
	Stage   Stage
	Answer  Answer // to the open one, so far
	Trials  Trials
	Doing   Stage   // of what trains now; StageLook: nothing does
	Shown   TrialAt // whose panes are shown
	Panes   [4]LessonPane
	Version uint64 // of Panes
	Student string
	Author  string // whose answers are looked at; "": one's own
}

// Trials are what was trained in a lesson.
type Trials struct{ Runs, Breaks, Own []Trial }

// of returns those of a stage.
func (t *Trials) of(st Stage) *[]Trial {
	switch st {
	case StageBreak:
		return &t.Breaks
	case StageOwn:
		return &t.Own
	}
	return &t.Runs
}

// Of are those of a stage.
func (t Trials) Of(st Stage) []Trial { return *t.of(st) }

// A TrialAt is the place of a trial.
type TrialAt struct {
	Stage Stage
	Index int
}

// Shelved is a lesson in the list.
type Shelved struct {
	Name, Title, About string
	Opened             bool // from a file
	Stage              Stage
	Nearness           Nearness // on its prediction; "" before
}

// Whole reports whether all trials of a stage that should be there have come to their end.
func (c Class) Whole(st Stage) bool {
	all := c.Trials.Of(st)
	want := 1
	if c.Lesson != nil && st == StageTrain {
		want = len(c.Lesson.Runs)
	}
	if c.Lesson != nil && st == StageOwn {
		want = len(c.Lesson.Own.Runs)
	}
	return len(all) >= want && !slices.ContainsFunc(all, func(t Trial) bool { return !t.Done() })
}

// A schoolroom is what a session knows of its lessons. The session's mutex guards it.
type schoolroom struct {
	lessons []*Lesson // as in Class.Shelf
	opened  int       // of these at the end, from files
	book    answerBook
	saving  bool        // a goroutine saves it
	author  *answerBook // of another, whose answers are looked at
	cancel  context.CancelFunc
	round   uint64 // of trainings: an older one publishes nothing more
}

// answers are those that are looked at.
func (r *schoolroom) answers() *answerBook {
	if r.author != nil {
		return r.author
	}
	return &r.book
}

// openSchool puts the lessons on the shelf. s is new.
func (s *Session) openSchool() {
	s.school.lessons = ShippedLessons()
	if s.o.StateDir != "" {
		s.school.book = loadAnswers(s.o.StateDir)
	}
	s.state.Class = Class{At: -1, Student: s.school.book.Student}
	s.shelve(&s.state.Class)
}

// shelve writes the list of lessons. s.mu is held, or s is new.
func (s *Session) shelve(c *Class) {
	r := &s.school
	c.Shelf = nil
	for i, l := range r.lessons {
		a := r.answers().of(l.Name)
		c.Shelf = append(c.Shelf, Shelved{l.Name, l.Title, l.About, i >= len(r.lessons)-r.opened, a.Stage, a.Nearness})
	}
}

// teach changes the page, and keeps the answers that have changed.
func (s *Session) teach(f func(c *Class)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.teachHeld(f)
}

func (s *Session) teachHeld(f func(c *Class)) {
	s.publish(func(st *State) {
		before := st.Class.Answer
		f(&st.Class)
		if st.Class.Lesson == nil || st.Class.Answer.same(before) {
			return
		}
		s.school.answers().set(st.Class.Answer)
		s.shelve(&st.Class)
	})
	if r := &s.school; r.author == nil && r.book.changed && !r.saving && s.o.StateDir != "" {
		r.saving = true
		s.work.Go(s.keepAnswers)
	}
}

// keepAnswers saves the answers until there is nothing new.
func (s *Session) keepAnswers() {
	for {
		s.mu.Lock()
		r := &s.school
		if !r.book.changed {
			r.saving = false
			s.mu.Unlock()
			return
		}
		r.book.changed = false
		book := r.book.clone()
		s.mu.Unlock()
		if err := book.save(s.o.StateDir); err != nil {
			s.tell(Warning, say("Your answers cannot be kept. {{.Why}}", "Why", Words(err)))
		}
	}
}

// OpenLesson opens a lesson of the shelf, where it was left.
func (s *Session) OpenLesson(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i < 0 || i >= len(s.school.lessons) {
		return
	}
	s.stopTrials()
	l := s.school.lessons[i]
	a := s.school.answers().of(l.Name)
	a.Lesson, a.Title = l.Name, l.Title
	s.publish(func(st *State) {
		c := &st.Class
		c.At, c.Lesson, c.Answer, c.Stage = i, l, a, min(a.Stage, StageTransfer)
		c.Trials, c.Doing = a.trials(l), StageLook
		c.Shown, c.Panes = TrialAt{Stage: StageTrain}, [4]LessonPane{}
	})
	round := s.school.round
	s.glance(l, round)
}

// glance shows what the first network of a lesson makes of its pictures before it has learned
// anything.
func (s *Session) glance(l *Lesson, round uint64) {
	ctx, cancel := context.WithCancel(s.ctx)
	s.school.cancel = cancel
	s.work.Go(func() {
		defer cancel()
		tasks, err := l.tasks()
		if err == nil {
			var panes [4]LessonPane
			if panes, err = l.before(ctx, tasks[0], s.o.Limits); err == nil {
				s.during(round, func(c *Class) { c.Panes, c.Version = panes, s.next() })
				return
			}
		}
		if ctx.Err() == nil {
			s.fail(err)
		}
	})
}

// during changes the page, if the trainings of that round are still wanted.
func (s *Session) during(round uint64, f func(c *Class)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.school.round == round {
		s.teachHeld(f)
	}
}

// CloseLesson goes back to the list.
func (s *Session) CloseLesson() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopTrials()
	s.publish(func(st *State) {
		st.Class = Class{Shelf: st.Class.Shelf, At: -1, Student: st.Class.Student, Author: st.Class.Author, Version: s.next()}
	})
}

// TurnStage goes to a stage of the open lesson.
func (s *Session) TurnStage(to Stage) {
	s.teach(func(c *Class) {
		if c.Lesson == nil {
			return
		}
		c.Stage = min(max(to, StageLook), StageTransfer)
		c.Answer.Stage = max(c.Answer.Stage, c.Stage)
		if all := c.Trials.Of(c.Stage); len(all) > 0 && c.Stage >= StageTrain && c.Stage <= StageOwn {
			s.showTrial(c, TrialAt{c.Stage, len(all) - 1})
		}
	})
}

// Predict keeps what a student predicts.
func (s *Session) Predict(g Guess) {
	s.teach(func(c *Class) {
		if c.Lesson != nil && !c.Whole(StageTrain) {
			c.Answer.Predicted = &g
		}
	})
}

// AnswerTransfer keeps the answer to the last question.
func (s *Session) AnswerTransfer(g Guess) {
	s.teach(func(c *Class) {
		if c.Lesson != nil && c.Answer.Transfer == nil {
			c.Answer.Transfer = &g
			c.Answer.Stage = StageDone
		}
	})
}

// SetStudent says whose answers these are.
func (s *Session) SetStudent(name string) {
	s.teach(func(c *Class) {
		c.Student = name
		s.school.book.Student, s.school.book.changed = name, true
	})
}

// Hold trains what a stage of the open lesson is about: all its runs, the one with its dial at
// value, or those on the pictures that data names.
func (s *Session) Hold(st Stage, value float64, data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.state.Class.Lesson
	if l == nil {
		return
	}
	var tasks []lessonTask
	var err error
	switch st {
	case StageBreak:
		tasks = make([]lessonTask, 1)
		tasks[0], err = l.breakTask(value)
	case StageOwn:
		tasks, err = l.ownTasks(data)
	default:
		st = StageTrain
		tasks, err = l.tasks()
	}
	if err != nil {
		s.put(Error, Explain(err))
		return
	}
	s.stopTrials()
	round := s.school.round
	s.teachHeld(func(c *Class) {
		all := c.Trials.of(st)
		if st == StageBreak {
			*all = slices.DeleteFunc(slices.Clone(*all), func(t Trial) bool { return t.Value == value })
		} else {
			*all = nil
		}
		c.Doing = st
	})
	ctx, cancel := context.WithCancel(s.ctx)
	s.school.cancel = cancel
	s.work.Go(func() {
		defer cancel()
		for _, task := range tasks {
			if err = s.train(ctx, l, st, task, round); err != nil {
				break
			}
		}
		s.during(round, func(c *Class) {
			c.Doing = StageLook
			c.settle()
		})
		if ctx.Err() == nil {
			s.fail(err)
		}
	})
}

// train does one of the trainings of a stage, and shows it.
func (s *Session) train(ctx context.Context, l *Lesson, st Stage, task lessonTask, round uint64) error {
	at := -1
	_, err := l.try(ctx, task, s.o.Limits, func(t Trial) {
		s.during(round, func(c *Class) {
			all := slices.Clone(c.Trials.Of(st))
			if at < 0 {
				at = len(all)
				all = append(all, t)
			} else {
				all[at] = t
			}
			*c.Trials.of(st) = all
			s.showTrial(c, TrialAt{st, at})
		})
	})
	if err != nil { // what was begun is not kept
		s.during(round, func(c *Class) {
			all := c.Trials.of(st)
			*all = slices.DeleteFunc(slices.Clone(*all), func(t Trial) bool { return !t.Done() })
		})
	}
	return err
}

// settle takes what has come to its end into the answer.
func (c *Class) settle() {
	a := &c.Answer
	a.Runs, a.Breaks, a.Own = handed(c.Trials.Runs), handed(c.Trials.Breaks), handed(c.Trials.Own)
	if c.Whole(StageTrain) && a.Predicted != nil {
		a.Nearness = c.Lesson.Predict.Judge(*a.Predicted, c.Trials.Runs).Nearness
	}
}

// ShowTrial shows the panes of a trial.
func (s *Session) ShowTrial(at TrialAt) {
	s.teach(func(c *Class) { s.showTrial(c, at) })
}

func (s *Session) showTrial(c *Class, at TrialAt) {
	all := c.Trials.Of(at.Stage)
	if at.Index < 0 || at.Index >= len(all) {
		return
	}
	c.Shown = at
	if panes := all[at.Index].Panes; panes[0].Pix != nil { // one's answers of another day have none
		c.Panes, c.Version = panes, s.next()
	}
}

// StopLesson ends what a lesson trains. What has come to its end stays.
func (s *Session) StopLesson() {
	s.mu.Lock()
	defer s.mu.Unlock()
	doing := s.state.Class.Doing
	s.stopTrials()
	if doing == StageLook {
		return
	}
	s.teachHeld(func(c *Class) {
		all := c.Trials.of(doing)
		*all = slices.DeleteFunc(slices.Clone(*all), func(t Trial) bool { return !t.Done() })
		c.settle()
	})
}

// stopTrials ends what trains and hears no more of it. s.mu is held.
func (s *Session) stopTrials() {
	s.school.round = s.next()
	if s.school.cancel != nil {
		s.school.cancel()
	}
	s.publish(func(st *State) { st.Class.Doing = StageLook })
}

// ForgetAnswer begins the open lesson anew.
func (s *Session) ForgetAnswer() {
	s.mu.Lock()
	at := s.state.Class.At
	if l := s.state.Class.Lesson; l != nil {
		s.school.answers().forget(l.Name)
		s.teachHeld(func(c *Class) { c.Answer = Answer{Lesson: l.Name, Title: l.Title} })
	}
	s.mu.Unlock()
	s.OpenLesson(at)
}

// openLessons puts the lessons of a file on the shelf, with the answers in it, and opens the
// first.
func (s *Session) openLessons(path string) error {
	p, err := readPack(path)
	if err != nil {
		return err
	}
	for _, l := range p.Lessons {
		if err := l.opens(s.ctx); err != nil {
			return imageio.FileError{Path: path, Err: err}
		}
	}
	s.mu.Lock()
	r := &s.school
	first := -1
	for _, l := range p.Lessons {
		i := slices.IndexFunc(r.lessons, func(o *Lesson) bool { return o.Name == l.Name })
		switch {
		case i < 0:
			r.lessons = append(r.lessons, l)
			r.opened++
			i = len(r.lessons) - 1
		case i >= len(r.lessons)-r.opened:
			r.lessons[i] = l // it was opened before
		}
		if first < 0 {
			first = i
		}
	}
	r.author = nil
	author := ""
	if len(p.Answers) > 0 {
		r.author, author = &answerBook{Student: p.Student, Answers: p.Answers}, p.Student
		if author == "" {
			author = shorten(path)
		}
	}
	s.publish(func(st *State) {
		st.Class.Author = author
		s.shelve(&st.Class)
	})
	s.mu.Unlock()
	if len(p.Lessons) == 1 {
		s.OpenLesson(first)
	} else {
		s.CloseLesson()
	}
	return nil
}

// OwnAnswers goes back from another's answers to one's own.
func (s *Session) OwnAnswers() {
	s.mu.Lock()
	s.school.author = nil
	s.publish(func(st *State) {
		st.Class.Author = ""
		s.shelve(&st.Class)
	})
	s.mu.Unlock()
	s.CloseLesson()
}

// SaveAnswers writes the lessons that were begun, and the answers to them, to one file.
func (s *Session) SaveAnswers(path string) {
	s.do("Saving the answers", func(context.Context) error {
		s.mu.Lock()
		p := s.school.pack(s.o.Now())
		s.mu.Unlock()
		if len(p.Answers) == 0 {
			return ErrNothing
		}
		if err := p.save(path); err != nil {
			return err
		}
		s.saved("answers", path)
		return nil
	})
}
