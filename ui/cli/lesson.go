package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sieve/ui/session"
)

// lessonCmd holds lessons without a window.
type lessonCmd struct {
	common
	Lesson []string `arg:"" optional:"" name:"lesson" help:"Names of lessons that come with the program, or files. Without any, these are listed."`
	Record bool     `help:"Write what was measured into the file, for the next time to compare with."`
}

func (lessonCmd) Help() string {
	return "All runs of a lesson are trained and measured, and compared with what its file has recorded: the same file gives the same figures on " +
		"every machine. The exit code is 1 when they differ.\n\n" +
		"Examples:\n" +
		"  sieve lesson\n" +
		"  sieve lesson bottleneck\n" +
		"  sieve lesson mine.json --record"
}

// lessonLine is a line of --json: a run, or at the end of a lesson what differs.
type lessonLine struct {
	Lesson  string             `json:"lesson"`
	Run     string             `json:"run,omitempty"`
	Losses  []float64          `json:"losses,omitempty"`
	Figures map[string]float64 `json:"figures,omitempty"`
	Done    bool               `json:"done,omitempty"`
	Differs []string           `json:"differs,omitempty"`
	Seconds float64            `json:"seconds"`
}

func (c lessonCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "lesson"); err != nil {
		return err
	}
	if len(c.Lesson) == 0 {
		for _, l := range session.ShippedLessons() {
			fmt.Fprintf(s.Out, "%-14s %s\n", l.Name, l.About)
		}
		return nil
	}
	differ := false
	for _, name := range c.Lesson {
		l, err := session.FindLesson(name)
		if err != nil {
			return err
		}
		res, err := c.hold(ctx, s, l)
		if err != nil {
			return err
		}
		differ = differ || len(res.Differ) > 0
		if c.Record {
			res.Record()
			if err := session.WriteLesson(name, l); err != nil {
				return err
			}
		}
	}
	if differ && !c.Record {
		return exit(SomeFailed)
	}
	return nil
}

// hold holds one lesson and says what came of it.
func (c lessonCmd) hold(ctx context.Context, s Streams, l *session.Lesson) (session.LessonResult, error) {
	bar := newProgress(s, c.common, 1000, l.Title)
	said := ""
	res, err := session.HoldLesson(ctx, l, c.limits(), func(t session.Trial, at, of int) {
		part := float64(t.Step) / float64(max(1, t.Spec.Steps))
		bar.set(int64(1000*(float64(at)+part)/float64(of)), fmt.Sprintf("%s: %s", l.Title, t.Name))
		if t.Done() && said != t.Name {
			said = t.Name
			bar.finish()
			c.tell(s, l, t)
		}
	})
	bar.finish()
	if err != nil {
		return res, err
	}
	seconds := 0.0
	for _, t := range slices.Concat(res.Runs, res.Breaks) {
		seconds += t.Seconds
	}
	if c.JSON {
		printLine(s.Out, lessonLine{Lesson: l.Name, Done: true, Differs: res.Differ, Seconds: seconds})
		return res, nil
	}
	for _, line := range res.Differ {
		fmt.Fprintf(s.Err, "sieve: not as recorded: %s\n", line)
	}
	if !c.Quiet {
		fmt.Fprintf(s.Err, "%s: %d trainings in %.1f s.\n", l.Title, len(res.Runs)+len(res.Breaks), seconds)
	}
	return res, nil
}

// tell says what a run gave.
func (c lessonCmd) tell(s Streams, l *session.Lesson, t session.Trial) {
	if c.JSON {
		r := t.Record()
		printLine(s.Out, lessonLine{Lesson: l.Name, Run: t.Name, Losses: r.Losses, Figures: t.Figures, Seconds: t.Seconds})
		return
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(t.Figures)) {
		parts = append(parts, fmt.Sprintf("%s %.4g", name, t.Figures[name]))
	}
	fmt.Fprintf(s.Out, "%s  %s\n", t.Name, strings.Join(parts, "  "))
}
