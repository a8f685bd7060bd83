package main

import (
	"image"
	"image/color"
	"math"
	"sync"
	"sync/atomic"
)

// This file turns colours into pixels.

// drawing is a picture whose pixels, rows from the top, can be drawn in any order.
type drawing struct {
	w, h int
	at   func(x, y int) color.NRGBA
}

// image draws every pixel. Since each depends on its place alone, the picture does not
// depend on the number of workers.
func (d drawing) image(workers int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, d.w, d.h))
	rows(d.h, workers, func(y int) {
		for x := range d.w {
			m.SetNRGBA(x, y, d.at(x, y))
		}
	})
	return m
}

// rows calls f for 0 to n − 1, workers at a time.
func rows(n, workers int, f func(y int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for {
				y := int(next.Add(1)) - 1
				if y >= n {
					return
				}
				f(y)
			}
		})
	}
	wait.Wait()
}

// spread calls f at the middles of n × n equal parts of pixel (x, y).
func spread(n, x, y int, f func(x, y float64)) {
	for i := range n * n {
		f(float64(x)+(float64(i%n)+0.5)/float64(n), float64(y)+(float64(i/n)+0.5)/float64(n))
	}
}

// opaque encodes linear light as sRGB.
func opaque(c rgb) color.NRGBA { return color.NRGBA{level(c.x), level(c.y), level(c.z), 255} }

// level rounds linear light to one of 256 sRGB levels.
func level(v float64) uint8 { return uint8(255*toSRGB(clamp01(v)) + 0.5) }

// toSRGB and toLinear are the transfer curve of IEC 61966-2-1, for values in [0, 1].
func toSRGB(v float64) float64 {
	if v <= 0.0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

func toLinear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// film maps scene light, where 1 is a white wall, to [0, 1) with the toe and shoulder of
// film (Narkowicz, ACES filmic tone mapping curve, 2015).
func film(v float64) float64 {
	v = max(v, 0) * 0.6
	return clamp01(v * (2.51*v + 0.03) / (v*(2.43*v+0.59) + 0.14))
}
