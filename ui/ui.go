// Package ui is Sieve's window: it shows the states of a session.Session and
// turns clicks, keys and dropped files into the session's commands. It holds no
// picture, model or training of its own, and works on none: what takes longer
// than drawing is done behind it.
package ui

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/lang"

	"sieve/assets"
	"sieve/ui/session"
)

// Options say how the window is opened.
type Options struct {
	Files    []string  // to open at once
	StateDir string    // where settings and checkpoints are kept; "" keeps nothing
	Version  string    // of the program
	Trace    io.Writer // gets a line of JSON for each thing that happens; nil: none
	Began    time.Time // of the program; the trace counts from it
}

// NoWindow is the exit code of a program that could not open its window.
const NoWindow = 3

// ID is the program's name among all programs of a desktop, as in FyneApp.toml.
const ID = "io.github.sieve.desktop"

// closing is how long a training may take to come to rest when the window is closed.
const closing = 10 * time.Second

// Run shows the window until it is closed, and returns the exit code.
func Run(o Options) int {
	g := newGuard(os.Stderr, os.Exit)
	files, dir := assets.Translations()
	if err := lang.AddTranslationsFS(files, dir); err != nil {
		panic("ui: " + err.Error())
	}
	a := app.NewWithID(ID)
	a.SetIcon(fyne.NewStaticResource("icon.png", assets.Icon()))
	keepFiles()
	s := session.New(session.Options{StateDir: o.StateDir})
	w := newWindow(a, s, fyne.Do, o)
	a.Lifecycle().SetOnStarted(func() {
		g.done()
		w.started()
	})
	w.win.ShowAndRun()
	w.stop()
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "sieve: the training did not come to rest; its last checkpoint is kept.")
	}
	w.trace.files(s.State())
	w.trace.event("closed")
	return 0
}
