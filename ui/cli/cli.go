// Package cli is the program from a terminal: the same jobs as in the window,
// with the same settings, by the same code. What it prints with --json is a
// promise. It opens no window.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"sieve/ui/session"
)

// Exit codes.
const (
	Done        = 0
	SomeFailed  = 1 // each file that failed is named
	Unusable    = 2 // the arguments
	NothingDone = 3
	Interrupted = 130
)

// Streams is what a command talks to.
type Streams struct {
	Out, Err io.Writer
	Terminal bool // Err is a terminal, where a progress bar can be drawn
}

// Commands are the words that make of the arguments a command rather than files
// for the window.
func Commands() []string {
	return []string{"train", "denoise", "learn", "compress", "expand", "detect", "features", "encode", "decode", "map", "lesson", "inspect", "halve", "bench"}
}

// Wanted reports whether the arguments are for Run.
func Wanted(args []string) bool {
	return len(args) > 0 && (slices.Contains(Commands(), args[0]) || slices.Contains([]string{"--help", "-h", "help", "--version"}, args[0]))
}

// grammar is all that can be typed.
type grammar struct {
	Train    trainCmd    `cmd:"" help:"Train an autoencoder."`
	Denoise  denoiseCmd  `cmd:"" help:"Remove noise from pictures."`
	Learn    learnCmd    `cmd:"" help:"Learn to denoise from noisy pictures alone."`
	Compress compressCmd `cmd:"" help:"Make small files of pictures."`
	Expand   expandCmd   `cmd:"" help:"Make pictures of such files again."`
	Detect   detectCmd   `cmd:"" help:"Find what is unlike good pictures."`
	Features featuresCmd `cmd:"" help:"Make numbers of pictures, and find those that are near to one."`
	Encode   encodeCmd   `cmd:"" help:"Take the latent out of a picture."`
	Decode   decodeCmd   `cmd:"" help:"Make a picture of a latent."`
	Map      mapCmd      `cmd:"" help:"Draw pictures of latents that no picture has."`
	Lesson   lessonCmd   `cmd:"" help:"Hold a lesson without a window."`
	Inspect  inspectCmd  `cmd:"" help:"Tell what a model, a checkpoint, a picture or a compressed picture is."`
	Halve    halveCmd    `cmd:"" help:"Write a model in half precision."`
	Bench    benchCmd    `cmd:"" help:"Measure this machine."`

	Version kong.VersionFlag `help:"Print the version and exit."`
}

// common are the flags of every command.
type common struct {
	JSON    bool    `name:"json" help:"Print JSON objects on standard output, one a line, and nothing else there."`
	Quiet   bool    `short:"q" help:"Print nothing but results and errors."`
	Seed    *uint64 `help:"Of all chance: the same seed gives the same result, byte for byte."`
	Threads int     `help:"Use at most this many processors (0: all). Results do not depend on it." default:"0"`
	Limit   int64   `help:"Refuse pictures of more than this many megapixels." default:"200"`
}

func (c common) limits() session.Limits { return session.Limits{Pixels: c.Limit * 1_000_000} }

const description = "Sieve removes noise from photographs with a convolutional autoencoder, and shows how it does it. " +
	"Without a command it opens its window, with the files that are named.\n\n" +
	"Examples:\n" +
	"  sieve photo.jpg\n" +
	"  sieve denoise noisy/ -o clean/\n" +
	"  sieve compress photo.png -o photo.sieve\n" +
	"  sieve train --data builtin:glyphs --latent 8 --steps 500 --out glyphs.safetensors\n" +
	"  sieve inspect glyphs.safetensors"

// Run runs the command that args name and returns an exit code. When ctx is done
// it stops at once and leaves nothing half-written.
func Run(ctx context.Context, version string, args []string, s Streams) int {
	var g grammar
	code := -1
	parser, err := kong.New(&g,
		kong.Name("sieve"), kong.Description(description), kong.Writers(s.Out, s.Err), kong.Vars{
			"version": "sieve " + version,
			"recipes": strings.Join(session.Recipes(), ", "), "models": strings.Join(session.Models(), ", "),
			"longest": fmt.Sprint(session.LongestMapped),
			"family":  strings.Join(session.FamilyTasks(), ", "),
			"quality": fmt.Sprint(session.DefaultCompression.Quality),
		},
		kong.Exit(func(c int) { code = c }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100, NoExpandSubcommands: true}),
	)
	if err != nil {
		panic(fmt.Sprintf("cli: grammar: %v", err))
	}
	if len(args) == 1 && args[0] == "help" {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if code >= 0 {
		return code // help or version has been printed
	}
	if err != nil {
		fmt.Fprintf(s.Err, "sieve: %v. See sieve %s--help.\n", err, commandOf(args))
		return Unusable
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(s)
	err = parsed.Run()
	var said exit
	switch {
	case err == nil:
		return Done
	case errors.As(err, &said):
		return int(said)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(s.Err, "sieve: interrupted")
		return Interrupted
	case session.IsMistake(err):
		fmt.Fprintf(s.Err, "sieve: %s\n", session.Words(err))
		return Unusable
	default:
		fmt.Fprintf(s.Err, "sieve: %s\n", session.Words(err))
		return NothingDone
	}
}

func commandOf(args []string) string {
	if len(args) > 0 && slices.Contains(Commands(), args[0]) {
		return args[0] + " "
	}
	return ""
}

// exit is an exit code of a command that has said all there is to say.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// threads bounds the processors used.
func (c common) threads(s Streams, command string) error {
	if c.Threads < 0 {
		return usage(s, command, "--threads must be at least 0")
	}
	if c.Limit <= 0 {
		return usage(s, command, "--limit must be at least 1")
	}
	if c.Threads > 0 {
		runtime.GOMAXPROCS(c.Threads)
	}
	return nil
}

// printLine writes one JSON object.
func printLine(w io.Writer, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("cli: %v", err)) // our own types, finite numbers
	}
	w.Write(append(b, '\n'))
}

// usage says what is wrong with the arguments of a command.
func usage(s Streams, command, trouble string) error {
	fmt.Fprintf(s.Err, "sieve %s: %s. See sieve %s --help.\n", command, trouble, command)
	return exit(Unusable)
}
