package model

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file switches parts of a network off, to see what they were good for.

// ErrLesion reports something that cannot be switched off.
var ErrLesion = errors.New("model: cannot be switched off")

// WholeLayer is the channel of a Lesion that means all of them.
const WholeLayer = -1

// A Lesion is a part of a network that is switched off: a channel of the result of one of
// Spec.Layers, or the whole layer.
//
// A channel of a convolution has a sum of 0, so that its activation is that of 0. A channel of a
// residual block is what comes in. A channel of the latent is 0, however it came about. A
// whole residual block, and a convolution whose result is shaped like its input, hands on
// what comes in; any other convolution says 0.
//
// Of a recurrent body, the latents of the passes stand side by side. A channel of a loop is one
// of a part of it, as Spec.Parts lists them, in all passes: of a unit's memory it stays empty, of what is missing it
// is not seen, and of what is made nothing is added to it. A whole loop, whose Part is 0, says
// the same of every picture in the encoder, and adds nothing to grey in the decoder.
type Lesion struct {
	Layer, Channel int
	Part           int // of a loop; else 0
}

// Without returns the model with parts switched off. It is a copy that can be used as m can, but is
// not to be trained, frozen or saved; without lesions it is m. Errors wrap ErrLesion.
func (m *Model) Without(parts ...Lesion) (*Model, error) {
	if len(parts) == 0 {
		return m, nil
	}
	cell := m.Cell()
	layers := m.Spec.Layers(cell, cell)
	c := m.Clone()
	var off []int
	for _, p := range parts {
		if !m.Spec.has(layers, p) {
			return nil, fmt.Errorf("%w: channel %d of layer %d", ErrLesion, p.Channel, p.Layer)
		}
		l := layers[p.Layer]
		switch {
		case l.Kind == "loop" && p.Channel != WholeLayer:
			c.loop.switchOff(l.Decoder, p.Part, p.Channel)
		case l.Kind == "latent" && p.Channel == WholeLayer:
			for i := range l.C {
				off = append(off, i)
			}
		case l.Kind == "latent":
			off = append(off, p.Channel)
		case !c.switchOff(l, p.Channel):
			return nil, fmt.Errorf("%w: layer %d, %s", ErrLesion, p.Layer, l.Kind)
		}
	}
	if len(off) > 0 {
		c.off = slices.Concat(m.off, off)
	}
	return c, nil
}

// has reports whether a network of some layers has a part.
func (s Spec) has(layers []Layer, p Lesion) bool {
	if p.Layer < 0 || p.Layer >= len(layers) || p.Channel < WholeLayer || p.Part < 0 {
		return false
	}
	l := layers[p.Layer]
	if l.Kind != "loop" || p.Channel == WholeLayer {
		return p.Part == 0 && p.Channel < l.C
	}
	parts := s.Parts(s.Cell(), s.Cell(), p.Layer)
	return p.Part < len(parts) && p.Channel < parts[p.Part].C
}

// switchOff changes the weights around a channel of a part, whose number is that of Spec.Parts.
func (l *loop) switchOff(decoder bool, part, channel int) {
	unit := func(u *nn.GRU, of int) {
		switch seen, kept := u.Convs(); of {
		case 0:
			mute(seen, channel)
		case 1:
			mute(kept, channel)
		case 2: // without candidates, a memory that is empty at first stays empty
			mute(seen, 2*u.Channels+channel)
			mute(kept, 2*u.Channels+channel)
		}
	}
	switch {
	case !decoder && part == 0:
		deafen(l.first, channel)
	case !decoder && part == 1:
		mute(l.first, channel)
	case !decoder && part < 2+3*len(l.enc):
		unit(l.enc[(part-2)/3], (part-2)%3)
	case !decoder:
		mute(l.head, channel)
	case part == 0:
		mute(l.tail, channel)
	default:
		level, of := (part-1)/5, (part-1)%5
		up := l.up[level]
		switch out := len(up.B.Val.Data) / 4; of {
		case 3:
			mute(up, channel)
		case 4: // the four channels that become squares of 2 × 2
			for i := range 4 {
				mute(up, i*out+channel)
			}
		default:
			unit(l.dec[level], of)
		}
	}
}

// deafen lets a convolution not see a channel.
func deafen(conv *nn.Conv2D, channel int) {
	_, _, in, out := conv.W.Val.Dims4()
	for at := channel * out; at < len(conv.W.Val.Data); at += in * out {
		clear(conv.W.Val.Data[at : at+out])
	}
}

// switchOff changes the weights of a layer, and reports whether it has any.
func (m *Model) switchOff(l Layer, channel int) bool {
	if l.Kind == "loop" {
		last := m.loop.head
		if l.Decoder {
			last = m.loop.up[len(m.loop.up)-1]
		}
		clear(last.W.Val.Data)
		clear(last.B.Val.Data)
		return true
	}
	side := m.enc
	if l.Decoder {
		side = m.dec
	}
	_, number, _ := strings.Cut(l.prefix, ".")
	i, err := strconv.Atoi(number)
	if err != nil {
		return false
	}
	layer := slices.Concat(side...)[i]
	if r, ok := layer.(nn.Residual); ok {
		body := r.Layer.(nn.Seq)
		return mute(body[len(body)-1], channel)
	}
	if conv, ok := layer.(*nn.Conv2D); ok && channel == WholeLayer && conv.Stride == 1 && pass(conv) {
		return true
	}
	return mute(layer, channel)
}

// mute makes a channel of a convolution 0, or all of them.
func mute(layer nn.Layer, channel int) bool {
	var w, b *tensor.Tensor
	inner := 1 // numbers between those of one output channel and of the next
	switch l := layer.(type) {
	case *nn.Conv2D:
		w, b = l.W.Val, l.B.Val
	case *nn.ConvT2D:
		w, b = l.W.Val, l.B.Val
		inner = w.Shape[3]
	default:
		return false
	}
	if channel == WholeLayer {
		clear(w.Data)
		clear(b.Data)
		return true
	}
	out := len(b.Data)
	for at := channel * inner; at < len(w.Data); at += out * inner {
		clear(w.Data[at : at+inner])
	}
	b.Data[channel] = 0
	return true
}

// pass lets a convolution hand on what comes in, if it has as many channels.
func pass(conv *nn.Conv2D) bool {
	k, _, in, out := conv.W.Val.Dims4()
	if in != out {
		return false
	}
	clear(conv.W.Val.Data)
	clear(conv.B.Val.Data)
	middle := ((k-1)/2*k + (k-1)/2) * in * out
	for i := range in {
		conv.W.Val.Data[middle+i*out+i] = 1
	}
	return true
}

// codes reports whether the latent is another than what the encoder ends with.
func (m *Model) codes() bool { return m.Spec.codes() || len(m.off) > 0 }

// rows is the bottleneck's Rows, for a model that does not pass.
func (m *Model) rows(t *nn.Tape, y *nn.Var) *nn.Var { return m.silence(t, m.bottleneck.Rows(t, y), 0) }

// silence returns the latent of a pass without what is switched off.
func (m *Model) silence(t *nn.Tape, z *nn.Var, pass int) *nn.Var {
	c := m.Spec.Latent
	for _, off := range m.off {
		if off/c == pass {
			z = nn.Mask(t, z, off%c)
		}
	}
	return z
}
