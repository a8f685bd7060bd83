package session

// This file switches parts of a network off, and shows what becomes of the picture.

import (
	"context"
	"image"
	"math"
	"slices"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/metric"
	"sieve/model/tensor"
)

// Lesion is what a network makes of the picture without some of its parts.
type Lesion struct {
	Off     []model.Lesion // what is switched off
	Version uint64         // of what follows; 0: there is nothing yet

	Window        image.Rectangle // of Network.Whole
	Picture       *tensor.Tensor
	Before, After *tensor.Tensor // with all parts, and without some
	Difference    *tensor.Tensor // what both differ by, times Gain, on mid-grey
	Gain          float64
	Plain, PSNR   float64 // of Before and After against the picture
	Changed       float64 // PSNR of one against the other
	Took          time.Duration
}

// SwitchOff switches a channel of a layer off, or of a part of a loop, or model.WholeLayer, or on again if it is off. Of
// a layer that is off as a whole, no channel is off by itself.
func (s *Session) SwitchOff(part model.Lesion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	whole := model.Lesion{Layer: part.Layer, Channel: model.WholeLayer}
	off := s.state.Network.Lesion.Off
	was := slices.Contains(off, part) || slices.Contains(off, whole)
	off = slices.DeleteFunc(slices.Clone(off), func(l model.Lesion) bool {
		return l == part || l == whole || part == whole && l.Layer == part.Layer
	})
	if !was || part == whole && !slices.Contains(s.state.Network.Lesion.Off, whole) {
		off = append(off, part)
	}
	s.setOff(off)
}

// PutAllBack switches everything on again.
func (s *Session) PutAllBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.state.Network.Lesion.Off) > 0 {
		s.setOff(nil)
	}
}

// setOff changes what is switched off. s.mu is held.
func (s *Session) setOff(off []model.Lesion) {
	s.publish(func(st *State) { st.Network.Lesion.Off = off })
	s.kickNetwork(true)
}

// lesionWork is what is known of a picture without parts of the network.
type lesionWork struct {
	window image.Rectangle
	x      *tensor.Tensor
	before *tensor.Tensor
	level  float64
	off    []model.Lesion // that after is without
	done   bool
}

// switchOff shows what the network makes of the picture without the parts that are off, unless that is seen.
func (w *netWork) switchOff(ctx context.Context, report model.Report) error {
	m, k := w.model.m, &w.lesion
	w.s.mu.Lock()
	off := w.s.state.Network.Lesion.Off
	w.s.mu.Unlock()
	window := windowAt(w.centre, w.whole, lesionedSide, m.Cell())
	if k.x == nil || k.window != window {
		x := cutOut(w.whole, window)
		level := levelOf(m, x)
		y, err := m.Reconstruct(ctx, x, level, report)
		if err != nil {
			return err
		}
		*k = lesionWork{window: window, x: x, level: level, before: clamp(y)}
	}
	if k.done && slices.Equal(k.off, off) {
		return nil
	}
	began := w.s.o.Now()
	off, less := w.without(off)
	y := k.before
	if len(off) > 0 {
		var err error
		if y, err = less.Reconstruct(ctx, k.x, k.level, report); err != nil {
			return err
		}
		clamp(y)
	}
	k.off = off
	l := Lesion{Off: off, Window: k.window, Picture: k.x, Before: k.before, After: y,
		Plain: metric.PSNR(k.x, k.before), PSNR: metric.PSNR(k.x, y), Changed: metric.PSNR(k.before, y), Took: w.s.o.Now().Sub(began)}
	l.Gain, l.Difference = differing(k.before, y)
	k.done = w.show(ctx, func(n *Network) {
		l.Version = w.s.next()
		n.Lesion = l
	})
	return ctx.Err()
}

// without is the model without parts, and those of them that it can be without. Others are told of.
func (w *netWork) without(off []model.Lesion) ([]model.Lesion, *model.Model) {
	less, err := w.model.m.Without(off...)
	for err != nil {
		w.s.fail(imageio.FileError{Path: w.model.info.Name, Err: err})
		off = off[:len(off)-1]
		less, err = w.model.m.Without(off...)
	}
	return off, less
}

// differing draws what two pictures differ by on mid-grey, multiplied with a power of 2 by which it is seen.
func differing(a, b *tensor.Tensor) (gain float64, d *tensor.Tensor) {
	sum := 0.0
	for i, v := range a.Data {
		e := float64(b.Data[i] - v)
		sum += e * e
	}
	gain = Panes{RemovedRMS: 255 * math.Sqrt(sum/float64(max(1, len(a.Data))))}.Gain()
	return gain, Removed(b, a, gain, 0, a.Shape[1])
}
