package ui

// This file is what the panes of the page Explore say.

import (
	"fmt"
	"math"

	"fyne.io/fyne/v2/lang"

	"sieve/ui/session"
	"sieve/ui/widget"
)

// showExplored titles the panes of a picture whose latent is open.
func (w *window) showExplored(f frame) {
	ex := f.Explore
	channel := min(max(f.look.Channel, 1), len(ex.Channels))
	titles := [4]string{lang.L("Original"), lang.L("Before"), lang.L("Channel {{.Number}}", map[string]any{"Number": channel}), lang.L("After")}
	figures := [4]string{fmt.Sprintf("%d × %d", ex.After.Width, ex.After.Height), quality(ex.Plain, math.NaN()),
		w.explore.channels.latentFigure(ex), quality(ex.PSNR, math.NaN())}
	if f.pinned > 0 && f.pinned <= len(ex.Channels) {
		titles[1], figures[1] = lang.L("Channel {{.Number}}", map[string]any{"Number": f.pinned}), lang.L("pinned")
	}
	switch {
	case ex.Wild == 1:
		figures[3] = lang.L("1 value out of bounds, cut")
	case ex.Wild > 1:
		figures[3] = lang.L("{{.Count}} values out of bounds, cut", map[string]any{"Count": widget.FormatCount(ex.Wild)})
	}
	for i, p := range w.panes {
		p.SetTitle(titles[i])
		p.SetFigure(figures[i])
		p.SetAccessory()
	}
	w.offered = nil
}

// readExplored says what a pane shows at a pixel.
func (f frame) readExplored(pane session.Pane, x, y int) string {
	ex := f.Explore
	tile := func(t session.Tiles) string {
		part, px, py := t.At(x, y)
		if part != nil {
			if v := part.Data[(py*part.Shape[2]+px)*part.Shape[3]]; v != v {
				return "" // it is not there yet
			}
		}
		return readPixel(part, px, py)
	}
	c := min(max(f.look.Channel-1, 0), len(ex.Channels)-1)
	switch {
	case pane == session.PaneNoisy && f.pinned > 0:
		c = min(f.pinned, len(ex.Channels)) - 1
		fallthrough
	case pane == session.PaneLatent:
		_, h, w, n := ex.Latent.Dims4()
		i, j := y/ex.Cell, x/ex.Cell
		if i >= h || j >= w {
			return ""
		}
		v := ex.Latent.Data[(i*w+j)*n+c]
		if ex.Opening && v != v {
			return "" // it is not there yet
		}
		return lang.L("cell ({{.X}}, {{.Y}})", map[string]any{"X": j, "Y": i}) + "   " + widget.FormatNumber(float64(v), 4)
	}
	switch pane {
	case session.PaneNoisy:
		return tile(ex.Before)
	case session.PaneResult:
		return tile(ex.After)
	}
	return readPixel(ex.Original, x, y)
}
