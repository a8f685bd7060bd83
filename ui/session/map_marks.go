package session

// This file draws the thumbnails of an atlas where they have room.

import (
	"cmp"
	"context"
	"fmt"
	"image/color"
	"math"
	"slices"
)

// thumbSides are those that thumbnails are drawn with, the largest that has room.
var thumbSides = []float64{96, 80, 68, 56, 48, 40, 34, 28}

const (
	nudged   = 80 // pixels that a thumbnail may be from its place at most
	smallest = 16 // pixels that a thumbnail must have a side

	frameOfClass, frameAlone = 3, 1 // pixels around a picture
)

// thumbnails draws the samples as small pictures, if so many have room at their places or close by; the others as dots. It
// says what it drew, and what to add to the caption.
func (s *mapSheet) thumbnails(ctx context.Context, spacing float64) (shown, how string) {
	n := s.a.Thumbs.Len()
	if s.a.Thumbs.Side < smallest {
		return "dots", ""
	}
	ground := s.ground()
	shares := []float64{0.97} // of the samples that have room, or all are dots
	if len(s.classes.names) == 0 {
		shares = []float64{0.97, 0.85, 0.6} // without labels dots say little
	}
	for _, share := range shares {
		for _, side := range thumbSides {
			if ctx.Err() != nil {
				return "", ""
			}
			least := int(math.Ceil(share * float64(n)))
			spots, count := s.place(s.room(side, ground), least)
			if count < least {
				continue
			}
			s.thumbnailsAt(spots, side, max(2.5, min(0.42*spacing, 6)), ground)
			if s.moved(spots) {
				how = ", moved apart where crowded"
			}
			if count < n {
				how += fmt.Sprintf(", dots for the other %d", n-count)
			}
			return "thumbnails", how
		}
	}
	return "dots", ""
}

// moved reports whether a picture is not at its place.
func (s *mapSheet) moved(spots []*[2]float64) bool {
	for i, p := range spots {
		if x, y := s.at(i); p != nil && *p != [2]float64{x, y} {
			return true
		}
	}
	return false
}

// room returns the side of the square that a thumbnail needs: with its frame, or without its margins where what is drawn are
// lines.
func (s *mapSheet) room(side float64, g ground) float64 {
	switch {
	case g != groundOpaque:
		return 0.8 * side
	case len(s.classes.names) > 0:
		return side + 2*frameOfClass + 2
	}
	return side + 2*frameAlone + 2
}

// thumbnailsAt draws the samples that have room, and dots of a radius for the others.
func (s *mapSheet) thumbnailsAt(spots []*[2]float64, side, radius float64, g ground) {
	for i, p := range spots {
		if p == nil {
			s.dot(i, radius)
		}
	}
	for i, p := range spots {
		if p != nil {
			s.thumbnail(i, p[0], p[1], side, g)
		}
	}
}

// A crowd is squares of one side that do not overlap, by the cell of that side in which their middles lie.
type crowd struct {
	side  float64
	taken map[[2]int][][2]float64
}

func (c crowd) cell(x, y float64) [2]int {
	return [2]int{int(math.Floor(x / c.side)), int(math.Floor(y / c.side))}
}

// free reports whether there is room around a place.
func (c crowd) free(x, y float64) bool {
	at := c.cell(x, y)
	for dx := -1; dx <= 1; dx++ {
		for dy := -1; dy <= 1; dy++ {
			for _, o := range c.taken[[2]int{at[0] + dx, at[1] + dy}] {
				if math.Abs(o[0]-x) < c.side && math.Abs(o[1]-y) < c.side {
					return false
				}
			}
		}
	}
	return true
}

// place finds room for a square for each sample, as near to its place as there is some, nil where there is none close by; and
// counts those that have. It ends early where fewer than least can have.
func (s *mapSheet) place(side float64, least int) (spots []*[2]float64, count int) {
	c := crowd{side, map[[2]int][][2]float64{}}
	steps := spiral(side)
	spots = make([]*[2]float64, s.a.Thumbs.Len())
	for i := range spots {
		x, y := s.at(i)
		for _, d := range steps {
			u, v := x+d[0], y+d[1]
			if u < side/2 || v < side/2 || u > mapSide-side/2 || v > float64(s.high)-side/2 || !c.free(u, v) {
				continue
			}
			spots[i] = &[2]float64{u, v}
			c.taken[c.cell(u, v)] = append(c.taken[c.cell(u, v)], *spots[i])
			count++
			break
		}
		if i+1-count > len(spots)-least {
			return nil, 0
		}
	}
	return spots, count
}

// spiral lists steps away from a place, the shortest first.
func spiral(side float64) (steps [][2]float64) {
	step := max(3, side/12)
	far := math.Floor(nudged / step)
	for i := -far; i <= far; i++ {
		for j := -far; j <= far; j++ {
			if math.Hypot(i, j) <= far {
				steps = append(steps, [2]float64{i * step, j * step})
			}
		}
	}
	slices.SortStableFunc(steps, func(a, b [2]float64) int {
		return cmp.Compare(math.Hypot(a[0], a[1]), math.Hypot(b[0], b[1]))
	})
	return steps
}

// A ground is what surrounds what pictures show.
type ground int

const (
	groundOpaque ground = iota
	groundBlack         // lines of light on black, which can be drawn as ink
	groundWhite         // ink on white
)

// ground looks at the edges of all thumbnails.
func (s *mapSheet) ground() ground {
	if s.a.Thumbs.Channels != 1 {
		return groundOpaque
	}
	dark, light := 0, 0
	for i := range s.a.Thumbs.Len() {
		pix, h, w := s.a.Thumbs.At(i)
		sum, count := 0, 0
		for y := range h {
			for x := range w {
				if y == 0 || x == 0 || y == h-1 || x == w-1 {
					sum += int(pix[y*w+x])
					count++
				}
			}
		}
		switch mean := sum / count; {
		case mean < 20:
			dark++
		case mean > 235:
			light++
		}
	}
	switch most := s.a.Thumbs.Len() * 9 / 10; {
	case dark > most:
		return groundBlack
	case light > most:
		return groundWhite
	}
	return groundOpaque
}

// thumbnail draws a picture around (x, y), whose longer side has so many pixels.
func (s *mapSheet) thumbnail(i int, x, y, side float64, g ground) {
	pix, h, w := s.a.Thumbs.At(i)
	ink, _ := s.ink(i)
	scale := side / float64(max(h, w))
	wide, tall := max(1, int(scale*float64(w)+0.5)), max(1, int(scale*float64(h)+0.5))
	left, top := int(x-float64(wide)/2), int(y-float64(tall)/2)
	c := s.a.Thumbs.Channels
	if g == groundOpaque {
		_, labelled := s.classes.of[s.a.Labels[i]]
		s.frame(left, top, wide, tall, ink, labelled)
	}
	for v := range tall {
		for u := range wide {
			px, py := (float64(u)+0.5)/scale-0.5, (float64(v)+0.5)/scale-0.5
			var sample [3]float64
			for k := range 3 {
				sample[k] = sampleAt(pix, h, w, c, k%c, px, py)
			}
			switch g {
			case groundBlack:
				s.blend(left+u, top+v, ink, sample[0]/255)
			case groundWhite:
				s.blend(left+u, top+v, ink, 1-sample[0]/255)
			default:
				s.blend(left+u, top+v, color.NRGBA{uint8(sample[0] + 0.5), uint8(sample[1] + 0.5), uint8(sample[2] + 0.5), 255}, 1)
			}
		}
	}
}

// frame draws a border in the colour of the class, or a thin one.
func (s *mapSheet) frame(left, top, wide, tall int, ink color.NRGBA, labelled bool) {
	thick := frameOfClass
	if !labelled {
		thick, ink = frameAlone, mapFrame
	}
	for v := top - thick; v < top+tall+thick; v++ {
		for u := left - thick; u < left+wide+thick; u++ {
			s.blend(u, v, ink, 1)
		}
	}
}

// sampleAt returns sample k at a place between pixels, linearly.
func sampleAt(pix []uint8, h, w, c, k int, x, y float64) float64 {
	x0, y0 := math.Floor(x), math.Floor(y)
	fx, fy := x-x0, y-y0
	at := func(x, y int) float64 {
		return float64(pix[(min(max(y, 0), h-1)*w+min(max(x, 0), w-1))*c+k])
	}
	i, j := int(x0), int(y0)
	return (1-fy)*((1-fx)*at(i, j)+fx*at(i+1, j)) + fy*((1-fx)*at(i, j+1)+fx*at(i+1, j+1))
}
