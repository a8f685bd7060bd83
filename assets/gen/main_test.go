package main

import (
	"bytes"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestPicturesDoNotDependOnWorkers(t *testing.T) {
	for _, p := range pictures {
		encoded := func(workers int) []byte {
			o := options{width: 48, clean: 2, noisy: 1, rays: 1, seed: 1, workers: workers}
			var b bytes.Buffer
			if err := png.Encode(&b, p.draw(o).image(workers)); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		}
		if one, two := encoded(1), encoded(2); !bytes.Equal(one, two) {
			t.Errorf("%s: one worker and two draw different files (%d and %d bytes)", p.path, len(one), len(two))
		}
	}
}

// The shipped files come from this generator as it stands: a few of their pixels, drawn
// again at full quality, are the same.
func TestShippedPicturesAreDrawnHere(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("they were drawn on amd64; other compilers fuse multiplication and addition")
	}
	o := usual
	o.workers = runtime.NumCPU()
	for _, p := range pictures {
		f, err := os.Open(filepath.Join("..", p.path))
		if err != nil {
			t.Fatal(err)
		}
		shipped, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", p.path, err)
		}
		d := p.draw(o)
		if size := shipped.Bounds().Size(); size.X != d.w || size.Y != d.h {
			t.Errorf("%s is %v, drawn here %d × %d", p.path, size, d.w, d.h)
			continue
		}
		rng := rand.New(rand.NewPCG(7, 7))
		for range 40 {
			x, y := rng.IntN(d.w), rng.IntN(d.h)
			drawn := d.at(x, y)
			got, want := [4]uint32{}, [4]uint32{}
			got[0], got[1], got[2], got[3] = shipped.At(x, y).RGBA()
			want[0], want[1], want[2], want[3] = drawn.RGBA()
			if got != want {
				t.Errorf("%s at (%d, %d) is %v, drawn here %v", p.path, x, y, got, want)
				break
			}
		}
	}
}
