package main

import (
	"image"
	"image/color"
	"math"
	"sync"
	"sync/atomic"
)

// canvas is a picture of linear light, rows from the top.
type canvas struct {
	w, h int
	pix  []rgb
}

func newCanvas(w, h int) *canvas { return &canvas{w, h, make([]rgb, w*h)} }

// paint sets every pixel to f of its place. Rows are shared between workers; since each
// pixel depends on its place alone, the picture does not depend on their number.
func paint(w, h, workers int, f func(x, y int) rgb) *canvas {
	c := newCanvas(w, h)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for {
				y := int(next.Add(1)) - 1
				if y >= h {
					return
				}
				for x := range w {
					c.pix[y*w+x] = f(x, y)
				}
			}
		})
	}
	wait.Wait()
	return c
}

// image encodes the canvas as 8-bit sRGB, opaque.
func (c *canvas) image() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, c.w, c.h))
	for i, p := range c.pix {
		m.SetRGBA(i%c.w, i/c.w, color.RGBA{level(p.x), level(p.y), level(p.z), 255})
	}
	return m
}

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
