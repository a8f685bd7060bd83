// Sieve shows what a convolutional autoencoder keeps of a picture, and denoises
// photographs with it: in a window, or by commands from a terminal.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"golang.org/x/term"

	"sieve/ui/cli"
)

// version is set when a release is built.
var version string

func main() {
	if os.Getenv("GOGC") == "" { // memory is few and large pieces: looking at it often costs little, and saves much
		debug.SetGCPercent(25)
	}
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	if !cli.Wanted(args) {
		return window(args)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Run(ctx, versionText(), args, cli.Streams{Out: os.Stdout, Err: os.Stderr, Terminal: term.IsTerminal(int(os.Stderr.Fd()))})
}

// versionText names the build: the release, or the commit it was made from.
func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
