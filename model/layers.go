package model

// This file describes a network layer by layer, for people.

import (
	"cmp"
	"fmt"
	"math"
	"strings"
)

// A Layer is one layer of a network and what comes of it for a picture.
type Layer struct {
	Kind    string // "picture", "conv", "transposed", "nearest", "gather", "spread", "residual", "loop" or "latent"; see Spec.Parts
	Decoder bool
	K       int   // taps a side, or pixels a side of a block
	Stride  int   // of a convolution
	H, W, C int   // of its result
	Params  int   // numbers that it learns
	MACs    int64 // multiply-adds for one picture
	Skip    bool  // its result is also carried past the bottleneck, or something is joined to its own

	prefix string // of the names of its parameters; "" when it has none
}

// Layers lists the layers that a picture of h × w goes through: the picture itself, the
// encoder's, the latent, and the decoder's. Activations belong to the layers before them. A
// recurrent body is a loop on either side, whose numbers all passes share: as large as what
// its last unit remembers in the encoder, and as the picture in the decoder.
func (s Spec) Layers(h, w int) []Layer {
	cell := s.Cell()
	h, w = (h+cell-1)/cell*cell, (w+cell-1)/cell*cell
	all := []Layer{{Kind: "picture", H: h, W: w, C: s.Channels}}
	latent := Layer{Kind: "latent", H: h / cell, W: w / cell, C: s.Numbers(), prefix: "code"}
	if s.Body == "recurrent" {
		all = append(all, Layer{Kind: "loop", H: h / cell, W: w / cell, C: s.width(s.Depth - 1), prefix: "loop"}, latent,
			Layer{Kind: "loop", Decoder: true, H: h, W: w, C: s.Channels})
		for _, loop := range []int{1, 3} {
			for _, p := range s.parts(h, w, loop) {
				all[loop].Params += p.Params
				all[loop].MACs += int64(s.Passes) * p.MACs
			}
		}
		return all
	}
	enc, dec := s.plan()
	latent.Params = s.Count() - count(enc) - count(dec)
	beside := 0 // channels that the first layer sees beside those of the picture
	if s.Level {
		beside = 1
	}
	all = layers(all, beside, enc, "enc", false)
	return layers(append(all, latent), 0, dec, "dec", true)
}

// Parts lists what one of Layers(h, w) consists of, in the order in which it is computed: the two
// convolutions of a residual block, or what a loop does in one pass. Any other layer is its own only
// part. In a loop, "missing" is the picture less what has been made of it so far, which is grey before
// the first pass. "seen" and "kept" are the convolutions of a gated recurrent unit, of what is new and of
// what it remembers: a third of their channels each for the update gate, the reset gate and the
// candidate. "memory" is what it remembers then. "made" is what the pass adds, with what has been made
// so far.
func (s Spec) Parts(h, w, layer int) []Layer {
	if l := s.Layers(h, w)[layer]; l.Kind != "residual" && l.Kind != "loop" {
		return []Layer{l}
	}
	return s.parts(h, w, layer)
}

// parts is Parts for a layer of several.
func (s Spec) parts(h, w, layer int) []Layer {
	h, w = padded(h, w, s.Cell())
	g := layOut(s, nil, h, w, 0)
	var all []Layer
	for _, n := range g.nodes {
		if n.place != layer || n.pass != 0 {
			continue
		}
		l := Layer{Kind: cmp.Or(n.role, n.kind), Decoder: layer > g.nodes[g.latents[0]].place, K: n.k, Stride: n.stride, H: n.h, W: n.w, C: n.c}
		if n.kind == "conv" {
			taps := n.k * n.k * g.nodes[n.from[0]].c * n.c
			l.Params, l.MACs = taps+n.c, int64(n.h)*int64(n.w)*int64(taps)
		}
		all = append(all, l)
	}
	return all
}

// layers adds those of stages to all. What follows the latent begins with its size.
func layers(all []Layer, beside int, stages []stage, prefix string, decoder bool) []Layer {
	at := all[len(all)-1]
	at.C += beside
	i := -1
	for _, st := range stages {
		if st.kind == "keep" || st.kind == "join" {
			all[len(all)-1].Skip = true
			continue
		}
		i++
		if st.kind == "act" || st.kind == "levels" {
			continue
		}
		l := Layer{Kind: st.kind, Decoder: decoder, K: st.k, H: at.H, W: at.W, C: at.C, Params: count([]stage{st}), prefix: fmt.Sprintf("%s.%d", prefix, i)}
		switch st.kind {
		case "conv":
			l.Stride, l.C = st.stride, st.out
			l.H, l.W = at.H/st.stride, at.W/st.stride
			l.MACs = int64(l.H) * int64(l.W) * int64(st.k*st.k*st.in*st.out)
		case "transposed":
			l.Stride, l.C = st.stride, st.out
			l.H, l.W = at.H*st.stride, at.W*st.stride
			l.MACs = int64(at.H) * int64(at.W) * int64(st.k*st.k*st.in*st.out)
		case "nearest":
			l.H, l.W = 2*at.H, 2*at.W
		case "gather":
			l.H, l.W, l.C = at.H/st.k, at.W/st.k, at.C*st.k*st.k
		case "spread":
			l.H, l.W, l.C = at.H*st.k, at.W*st.k, at.C/(st.k*st.k)
		case "residual":
			for _, b := range st.body {
				l.MACs += int64(l.H) * int64(l.W) * int64(b.k*b.k*b.in*b.out)
			}
		}
		all = append(all, l)
		at = l
	}
	return all
}

// A Flow is how strongly a layer learned in the last step: the root mean square of the
// gradient of its numbers, and of the numbers themselves. Both are 0 for a layer that learns
// nothing.
type Flow struct{ Gradient, Weight float64 }

// Flows returns the flow of each of Layers(h, w), in the step that was taken last.
func (tr *Trainer) Flows(h, w int) []Flow {
	all := tr.m.Spec.Layers(h, w)
	out := make([]Flow, len(all))
	for i, l := range all {
		if l.prefix == "" {
			continue
		}
		var n int
		var grad, weight float64
		k := -1
		for name := range tr.m.Params() {
			k++
			if name != l.prefix && !strings.HasPrefix(name, l.prefix+".") {
				continue
			}
			g, w := tr.opt.Squares(k)
			n, grad, weight = n+len(tr.params[k].Val.Data), grad+g, weight+w
		}
		if n > 0 {
			out[i] = Flow{math.Sqrt(grad / float64(n)), math.Sqrt(weight / float64(n))}
		}
	}
	return out
}
