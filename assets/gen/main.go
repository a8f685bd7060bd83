// Gen draws the pictures that Sieve ships: the samples and the icon. The same seed gives the
// same files on any number of cores (compilers that fuse multiplication and addition may
// differ in the last bit). The samples show
//
//   - a still life, path-traced, clean and with the noise of few paths (stilllife.go, fruit.go),
//   - a mountain lake, by marching rays over eroded terrain (lake.go, country.go, lakeside.go),
//   - a test chart (chart.go).
//
// All pictures at their default quality take about half an hour of one core:
//
//	go run ./assets/gen -out assets
//	go run ./assets/gen -out /tmp -only still-life -width 384 -clean 16
//
// It reads no files and is no general renderer: it knows the few shapes and materials that
// these pictures need.
package main

import (
	"flag"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	o := usual
	out := flag.String("out", "assets", "folder to write to")
	only := flag.String("only", "", "names of the pictures to make, with commas between; empty: all")
	flag.IntVar(&o.width, "width", o.width, "width of the samples in pixels; the height is two thirds of it")
	flag.IntVar(&o.clean, "clean", o.clean, "paths per pixel of the clean still life")
	flag.IntVar(&o.noisy, "noisy", o.noisy, "paths per pixel of the noisy still life")
	flag.IntVar(&o.rays, "rays", o.rays, "rays per pixel of the lake")
	flag.Uint64Var(&o.seed, "seed", o.seed, "seed of all that is random")
	flag.IntVar(&o.workers, "workers", runtime.NumCPU(), "rows drawn at the same time; the pictures are the same for any number")
	flag.Parse()
	if err := run(*out, *only, o); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// options say how finely and by how many to draw; see the flags.
type options struct {
	width, clean, noisy, rays, workers int
	seed                               uint64
}

// usual is how the shipped pictures were drawn.
var usual = options{width: 768, clean: 256, noisy: 4, rays: 24, seed: 1}

func run(out, only string, o options) error {
	wanted := strings.Split(only, ",")
	for _, p := range pictures {
		if only != "" && !slices.Contains(wanted, strings.TrimSuffix(filepath.Base(p.path), ".png")) {
			continue
		}
		begin := time.Now()
		m := p.draw(o).image(o.workers)
		if err := write(filepath.Join(out, p.path), m); err != nil {
			return err
		}
		size := m.Bounds().Size()
		fmt.Printf("%-28s %4d × %d  %7.1f s\n", p.path, size.X, size.Y, time.Since(begin).Seconds())
	}
	return nil
}

// pictures are all that gen can draw.
var pictures = []struct {
	path string
	draw func(options) drawing
}{
	{"icon.png", func(o options) drawing { return drawIcon(512) }},
	{"samples/chart.png", func(o options) drawing { return drawChart(o.width) }},
	{"samples/lake.png", func(o options) drawing { return drawLake(o.width, o.rays, o.workers, o.seed) }},
	{"samples/still-life.png", func(o options) drawing { return o.stillLife(o.clean) }},
	{"samples/still-life-noisy.png", func(o options) drawing { return o.stillLife(o.noisy) }},
}

// stillLife is the still life at n paths per pixel.
func (o options) stillLife(n int) drawing {
	s, c := stillLife(rand.New(rand.NewPCG(o.seed, 0)))
	return s.photograph(c, o.width, n, o.seed)
}

func write(path string, m image.Image) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, m); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
