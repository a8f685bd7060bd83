package ui

// This file draws the latent of the page Explore, and the picture that it decodes to, of which parts change.

import (
	"image"

	"sieve/imageio"
	"sieve/model/tensor"
	"sieve/ui/session"
)

// partChannels is the number of the part Channels.
const partChannels = 0

// openDrawn is what has been drawn of a picture whose latent is open.
type openDrawn struct {
	version       uint64 // of the opened picture
	picture       *tensor.Tensor
	original      *image.RGBA // … drawn
	before, after *image.RGBA // changed in place, by those who show them; nil while nothing of them is there
	seen          [2][]uint64 // versions of the tiles of before and after that are drawn
	channel       *image.RGBA
	reach         [2]float32 // of its numbers
	pinned        *image.RGBA
	pin           int // channel that pinned shows, counted from 1
	edited        uint64
	look          session.Look
	thumbs        []*image.RGBA
	channels      []uint64 // versions of thumbs, and how they are drawn
}

// thumbSide is how many pixels a side the picture of a channel in the gallery has at most.
const thumbSide = 88

// draw makes the layers of a frame. opened is the picture as it was opened, drawn for other pages.
func (d *openDrawn) draw(f *frame, opened drawn) {
	ex := f.Explore
	f.panes = session.Panes{Original: ex.Original, Latent: ex.Latent}
	if d.version != ex.Version {
		original := opened.img
		switch {
		case d.picture == ex.Original: // another model explores the same
			original = d.original
		case f.State.Panes.Original != ex.Original || opened.version != f.State.Panes.Versions[session.PaneOriginal]:
			original = imageio.ToRGBA(nil, ex.Original)
		}
		*d = openDrawn{version: ex.Version, picture: ex.Original, original: original}
	}
	for k, t := range []session.Tiles{ex.Before, ex.After} {
		if k == 0 && f.pinned > 0 {
			continue // it stays until it is seen again
		}
		if len(d.seen[k]) == 0 {
			d.seen[k] = make([]uint64, len(t.Parts))
		}
		for i, part := range t.Parts {
			if d.seen[k][i] == t.Versions[i] {
				continue
			}
			d.seen[k][i] = t.Versions[i]
			img := imageio.ToRGBA(nil, part)
			if ex.Opening {
				hollow(img, part, 0)
			}
			f.patches = append(f.patches, patch{pane: session.Pane(1 + 2*k), img: img, at: t.Rect(i).Min})
		}
	}
	f.layers[session.PaneOriginal] = d.original
	if d.before == nil {
		if len(f.patches) == 0 {
			return
		}
		d.before, d.after = image.NewRGBA(d.original.Rect), image.NewRGBA(d.original.Rect)
	}
	if pin := min(f.pinned, len(ex.Channels)); d.edited != ex.Edited || d.look != f.look || d.pin != pin {
		if d.pin, d.pinned = pin, nil; pin > 0 {
			lo, hi := bounds(ex, pin-1, f.look.Common)
			d.pinned = drawChannel(ex, ex.Latent, pin-1, f.look.Map, lo, hi)
		}
		d.edited, d.look = ex.Edited, f.look
		c := min(max(f.look.Channel-1, 0), len(ex.Channels)-1)
		lo, hi := bounds(ex, c, f.look.Common)
		d.channel = drawChannel(ex, ex.Latent, c, f.look.Map, lo, hi)
		d.reach[0], d.reach[1] = rangeOf(ex.Latent, c)
		d.drawThumbs(ex, f.look)
	}
	f.layers = [4]*image.RGBA{d.original, d.before, d.channel, d.after}
	if d.pinned != nil {
		f.layers[session.PaneNoisy] = d.pinned
	}
	f.thumbs, f.reach = d.thumbs, d.reach
}

// drawThumbs draws the channels that have changed.
func (d *openDrawn) drawThumbs(ex session.Explore, look session.Look) {
	if d.channels == nil {
		d.channels = make([]uint64, len(ex.Channels))
	}
	thumbs := make([]*image.RGBA, len(ex.Channels)) // others hold those before
	copy(thumbs, d.thumbs)
	drawn := uint64(look.Map) << 1
	if look.Common {
		drawn |= 1
	}
	for c, facts := range ex.Channels {
		version := facts.Version<<4 | drawn
		if d.channels[c] == version && thumbs[c] != nil {
			continue
		}
		d.channels[c] = version
		lo, hi := bounds(ex, c, look.Common)
		thumbs[c] = drawChannel(ex, coarse(ex.Latent, c), 0, look.Map, lo, hi)
	}
	d.thumbs = thumbs
}

// drawChannel draws a channel of a latent, all of it or the part that is there.
func drawChannel(ex session.Explore, z *tensor.Tensor, c int, m imageio.Colormap, lo, hi float32) *image.RGBA {
	img := imageio.ChannelWithin(z, c, m, lo, hi)
	if ex.Opening {
		hollow(img, z, c)
	}
	return img
}

// hollow leaves out of a drawn channel what is not there yet.
func hollow(img *image.RGBA, t *tensor.Tensor, c int) {
	for i := range len(img.Pix) / 4 {
		if v := t.Data[i*t.Shape[3]+c]; v != v {
			clear(img.Pix[4*i : 4*i+4])
		}
	}
}

// bounds are the numbers that are drawn in the first and the last colour: those of the encoder, so that colours
// stay what they are while one paints. A channel of one value has the colours of all of them.
func bounds(ex session.Explore, c int, common bool) (lo, hi float32) {
	lo, hi = ex.Channels[c].Low, ex.Channels[c].High
	if common || !(lo < hi) {
		for _, o := range ex.Channels {
			lo, hi = min(lo, o.Low), max(hi, o.High)
		}
	}
	return lo, hi
}

// coarse is one channel of a latent, of which no more cells are taken than a thumb has pixels.
func coarse(z *tensor.Tensor, c int) *tensor.Tensor {
	_, h, w, n := z.Dims4()
	step := (max(h, w) + thumbSide - 1) / thumbSide
	out := tensor.New(1, (h+step-1)/step, (w+step-1)/step, 1)
	for y := range out.Shape[1] {
		for x := range out.Shape[2] {
			out.Data[y*out.Shape[2]+x] = z.Data[(y*step*w+x*step)*n+c]
		}
	}
	return out
}
