//go:build !headless

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"sieve/ui"
)

// window shows the window until it is closed, with the files named in it.
func window(files []string) int {
	o := ui.Options{Files: files, StateDir: stateDir(), Version: versionText(), Began: time.Now()}
	if path := os.Getenv("SIEVE_TRACE"); path != "" {
		f, err := os.Create(path)
		if err != nil {
			fmt.Fprintf(os.Stderr, "sieve: SIEVE_TRACE: %v\n", err)
			return ui.NoWindow
		}
		defer f.Close()
		o.Trace = io.Writer(f)
	}
	return ui.Run(o)
}

// stateDir is where settings and checkpoints are kept, "" where there is no such place.
func stateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "sieve")
	}
	if runtime.GOOS != "windows" && runtime.GOOS != "darwin" {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, ".local", "state", "sieve")
		}
		return ""
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "Sieve")
}
