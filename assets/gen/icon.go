package main

import (
	"image/color"
	"math"
)

// drawIcon is the sign for a filter, bars that grow shorter, and its mirror image below:
// an autoencoder, wide, narrow, wide, with one bright code in the middle. The bars lie five
// pixels apart at 32 pixels, so that they stay sharp.
func drawIcon(side int) drawing {
	const (
		fine   = 5 // samples a side of a pixel
		corner = 0.22
		apart  = 5.0 / 32
		radius = 1.65 / 32
	)
	half := [3]float64{0, 0.185, 0.335} // of the bars, from the middle outwards
	white, amber := hex(0xF3F1EC), hex(0xFFB02E)
	// at is the colour at a point of the unit square, and whether there is any.
	at := func(x, y float64) (rgb, bool) {
		x, y = x-0.5, y-0.5
		if roundedBox(x, y, 0.5, 0.5, corner) > 0 {
			return rgb{}, false
		}
		row := min(max(math.Round(y/apart), -2), 2)
		switch {
		case math.Hypot(x, y) < radius*1.5:
			return amber, true
		case row != 0 && roundedBox(x, y-row*apart, half[int(math.Abs(row))], radius, radius) < 0:
			return white, true
		}
		return mix(hex(0x3A4A5C), hex(0x151A22), y+0.5), true
	}
	return drawing{side, side, func(px, py int) color.NRGBA {
		var sum rgb
		hits := 0.0
		spread(fine, px, py, func(x, y float64) {
			if colour, ok := at(x/float64(side), y/float64(side)); ok {
				sum, hits = sum.add(colour), hits+1
			}
		})
		c := opaque(sum.scale(1 / max(hits, 1)))
		c.A = uint8(255*hits/(fine*fine) + 0.5)
		return c
	}}
}

// roundedBox is the signed distance from (x, y) to a box about the origin with half-sides
// hx and hy and corners of radius r.
func roundedBox(x, y, hx, hy, r float64) float64 {
	qx, qy := math.Abs(x)-hx+r, math.Abs(y)-hy+r
	return math.Hypot(max(qx, 0), max(qy, 0)) + min(max(qx, qy), 0) - r
}
