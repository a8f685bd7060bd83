package ui

// This file notices when there is no place for a window.

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"sync/atomic"
)

// A guard stands behind the log until the window is there. Fyne tells only the
// log when there is no display or no OpenGL, and then ends with code 1, panics
// or waits for ever, by the system.
type guard struct {
	out  io.Writer
	exit func(code int)
	off  atomic.Bool
}

// newGuard begins to watch; what Fyne would do first is tried in vain where
// there is no display at all.
func newGuard(out io.Writer, exit func(int)) *guard {
	g := &guard{out: out, exit: exit}
	if unix := runtime.GOOS != "windows" && runtime.GOOS != "darwin"; unix && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		g.fail("there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set")
	}
	log.SetOutput(g)
	return g
}

// Write looks for what ends a start.
func (g *guard) Write(p []byte) (int, error) {
	if !g.off.Load() {
		switch {
		case bytes.Contains(p, []byte("failed to initialise GLFW")):
			g.fail("the display cannot be opened")
		case bytes.Contains(p, []byte("window creation")), bytes.Contains(p, []byte("OpenGL")), bytes.Contains(p, []byte("failed to initialise")):
			g.fail("there is no OpenGL")
		}
	}
	return g.out.Write(p)
}

// done says that the window is there.
func (g *guard) done() { g.off.Store(true) }

func (g *guard) fail(why string) {
	fmt.Fprintf(g.out, "sieve: no window could be opened: %s.\n"+
		"The window needs a desktop session and OpenGL 2. Over ssh use “ssh -X”; without a graphics driver set LIBGL_ALWAYS_SOFTWARE=1.\n"+
		"The commands work without a window: see “sieve --help”.\n", why)
	g.exit(NoWindow)
}
