// Gen draws the pictures that Sieve ships: the samples and the icon.
//
//	go run ./assets/gen -out assets
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
	"strings"
	"time"
)

func main() {
	out := flag.String("out", "assets", "folder to write to")
	only := flag.String("only", "", "names of pictures to make, with commas between; empty: all")
	clean := flag.Int("clean", 256, "paths per pixel of the clean still life")
	rays := flag.Int("rays", 16, "rays per pixel of the lake")
	noisy := flag.Int("noisy", 4, "paths per pixel of the noisy still life")
	width := flag.Int("width", 768, "width of the samples; the height is two thirds")
	seed := flag.Uint64("seed", 1, "seed of all that is random")
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "pictures rows drawn at the same time")
	flag.Parse()
	if err := run(*out, *only, options{*width, *width * 2 / 3, *clean, *noisy, *rays, *workers, *seed}); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

type options struct {
	w, h         int
	clean, noisy int
	rays         int
	workers      int
	seed         uint64
}

func run(out, only string, o options) error {
	for _, p := range pictures {
		if only != "" && !strings.Contains(","+only+",", ","+strings.TrimSuffix(filepath.Base(p.path), ".png")+",") {
			continue
		}
		begin := time.Now()
		m := p.draw(o)
		if err := write(filepath.Join(out, p.path), m); err != nil {
			return err
		}
		fmt.Printf("%-32s %4d × %-4d %8.1f s\n", p.path, m.Bounds().Dx(), m.Bounds().Dy(), time.Since(begin).Seconds())
	}
	return nil
}

// pictures are all that gen can draw.
var pictures = []struct {
	path string
	draw func(options) image.Image
}{
	{"icon.png", func(o options) image.Image { return drawIcon(512, o.workers) }},
	{"samples/chart.png", func(o options) image.Image { return drawChart(o.w, o.workers) }},
	{"samples/lake.png", func(o options) image.Image { return drawLake(o.w, o.rays, o.workers, o.seed) }},
	{"samples/still-life.png", func(o options) image.Image { return o.photograph(o.clean) }},
	{"samples/still-life-noisy.png", func(o options) image.Image { return o.photograph(o.noisy) }},
}

// photograph is the still life at n paths per pixel.
func (o options) photograph(n int) image.Image {
	s, c := stillLife(rand.New(rand.NewPCG(o.seed, 0)))
	m := s.expose(c, o.w, o.h, n, o.workers, o.seed)
	for i, p := range m.pix {
		m.pix[i] = p.apply(film)
	}
	return m.image()
}

func write(path string, m image.Image) error {
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
