package main

import (
	"bytes"
	"image"
	"image/png"
	"testing"
)

func encoded(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPicturesDoNotDependOnWorkers(t *testing.T) {
	for _, p := range pictures {
		o := options{w: 48, h: 32, clean: 2, noisy: 1, rays: 1, seed: 1}
		o.workers = 1
		one := encoded(t, p.draw(o))
		o.workers = 2
		if two := encoded(t, p.draw(o)); !bytes.Equal(one, two) {
			t.Errorf("%s: one worker and two draw different pictures (%d and %d bytes)", p.path, len(one), len(two))
		}
	}
}
