package ui

// This file draws the network of the page Train as a strip of its layers.

import (
	"fmt"
	"math"
	"slices"

	"fyne.io/fyne/v2/lang"

	"sieve/model"
	"sieve/ui/session"
	"sieve/ui/widget"
)

// A networkStrip shows the network that would be trained, or that is.
type networkStrip struct {
	w      *window
	strip  *widget.Strip
	layers []model.Layer // that are shown
	flows  []model.Flow
	began  int // the latent when a drag began; 0: nothing is dragged
}

func newNetworkStrip(w *window) *networkStrip {
	n := &networkStrip{w: w, strip: widget.NewStrip()}
	n.strip.OnLatent = n.drag
	w.trace.name(control{name: "train.network", o: n.strip})
	return n
}

// drag gives the latent so many times as many channels.
func (n *networkStrip) drag(times float64, done bool) {
	p := n.w.train
	if n.w.frame.Train.Busy() {
		return
	}
	if n.began == 0 {
		n.began = p.form.spec.Latent
	}
	to := min(max(int(math.Round(float64(n.began)*times)), 1), 4096)
	if done {
		n.began = 0
	}
	p.form.edit(func(s *model.Spec) { s.Latent = to })
}

// usualSide is how large pictures are taken to be before their size is known.
const usualSide = 64

// show writes a state into the strip.
func (n *networkStrip) show(st session.State) {
	tr, spec := st.Train, n.w.train.form.spec
	side := spec.Crop
	if spec.Channels == 0 {
		spec.Channels = 3
	}
	if d := st.Data; d.Name == n.w.train.source && d.Name != "" {
		if side == 0 {
			side = d.Native
		}
		if n.w.train.form.spec.Channels == 0 && d.Channels > 0 {
			spec.Channels = d.Channels
		}
	}
	if tr.Busy() && tr.Phase != session.Preparing {
		spec, side = tr.Spec, tr.Spec.Crop
	}
	if side == 0 {
		side = usualSide
	}
	if session.CheckSpec(spec) != nil {
		return // what is wrong is said elsewhere
	}
	layers := spec.Layers(side, side)
	var flows []model.Flow
	if len(tr.Flows) > 0 && slices.Equal(layers, tr.Spec.Layers(side, side)) {
		flows = tr.Flows
	}
	if slices.Equal(layers, n.layers) && slices.Equal(flows, n.flows) {
		return
	}
	n.layers, n.flows = layers, flows
	n.draw(spec, flows)
}

// draw makes the blocks of the strip.
func (n *networkStrip) draw(spec model.Spec, flows []model.Flow) {
	var params int
	var macs int64
	var latent int
	blocks := make([]widget.StripBlock, len(n.layers))
	for i, l := range n.layers {
		params, macs = params+l.Params, macs+l.MACs
		b := layerBlock(l)
		if b.Latent {
			latent = l.W * l.H * l.C
			b.Words[2] = lang.L("drag to change")
			if n.w.frame.Train.Busy() {
				b.Words[2] = ""
			}
		}
		if i < len(flows) && flows[i].Weight > 0 {
			// From a millionth of the weights to as much as these.
			share := flows[i].Gradient / flows[i].Weight
			b.Flow = 0
			if share > 0 {
				b.Flow = min(max(1+math.Log10(share)/6, 0), 1)
			}
			b.Words[2] = lang.L("gradient {{.Gradient}}", map[string]any{"Gradient": widget.FormatNumber(flows[i].Gradient, 2)})
		}
		blocks[i] = b
	}
	first := n.layers[0]
	in := first.W * first.H * first.C
	n.strip.Set(blocks, lang.L("{{.In}} numbers through {{.Latent}}: {{.Ratio}} : 1   {{.Params}} numbers to learn, {{.MACs}} multiply-adds a picture", map[string]any{
		"In": widget.FormatCount(in), "Latent": widget.FormatCount(latent), "Ratio": widget.FormatNumber(float64(in)/float64(max(latent, 1)), 3),
		"Params": widget.FormatCount(params), "MACs": amount(float64(macs))}))
}

// layerBlock is a layer as a strip shows it.
func layerBlock(l model.Layer) widget.StripBlock {
	b := widget.StripBlock{Side: float64(l.H), Channels: l.C, Decoder: l.Decoder, Latent: l.Kind == "latent", Skip: l.Skip, Flow: -1}
	b.Words[0] = layerName(l) + "   " + layerSize(l)
	if l.Params > 0 {
		b.Words[1] = lang.L("{{.Params}} numbers to learn, {{.MACs}} multiply-adds", map[string]any{"Params": widget.FormatCount(l.Params), "MACs": amount(float64(l.MACs))})
	}
	return b
}

// layerSize is the size of what comes of a layer.
func layerSize(l model.Layer) string { return fmt.Sprintf("%d × %d × %d", l.W, l.H, l.C) }

// amount writes a large number in short.
func amount(v float64) string {
	switch {
	case v >= 1e9:
		return lang.L("{{.Number}} billion", map[string]any{"Number": widget.FormatNumber(v/1e9, 3)})
	case v >= 1e6:
		return lang.L("{{.Number}} million", map[string]any{"Number": widget.FormatNumber(v/1e6, 3)})
	}
	return widget.FormatCount(int(v))
}

// layerName is a layer in words.
func layerName(l model.Layer) string {
	k := map[string]any{"K": l.K}
	switch l.Kind {
	case "picture":
		return lang.L("Picture")
	case "conv":
		if l.K == 1 && l.H == 1 && l.W == 1 {
			return lang.L("Dense")
		}
		if l.Stride > 1 {
			return lang.L("Convolution {{.K}} × {{.K}}, every second place", k)
		}
		return lang.L("Convolution {{.K}} × {{.K}}", k)
	case "transposed":
		return lang.L("Transposed convolution {{.K}} × {{.K}}, twice as large", k)
	case "nearest":
		return lang.L("Each pixel four times")
	case "gather":
		return lang.L("Squares of {{.K}} × {{.K}} gathered", k)
	case "spread":
		return lang.L("Spread over squares of {{.K}} × {{.K}}", k)
	case "residual":
		return lang.L("Residual block")
	case "loop":
		return lang.L("Loop with memory")
	case "missing":
		return lang.L("What is missing")
	case "seen":
		return lang.L("GRU: convolution of its input")
	case "kept":
		return lang.L("GRU: convolution of its memory")
	case "memory":
		return lang.L("GRU: its memory afterwards")
	case "made":
		return lang.L("What has been made so far")
	case "latent":
		return lang.L("Latent, the bottleneck")
	}
	return l.Kind
}
