package model

// This file lets people look into the first layer of an encoder.

import (
	"sieve/model/nn"
	"sieve/model/tensor"
)

// first returns the convolution at the bottom of a conv body, nil for other bodies.
func (m *Model) first() *nn.Conv2D {
	if m.Spec.Body != "conv" {
		return nil
	}
	for _, l := range m.enc[0] {
		if conv, ok := l.(*nn.Conv2D); ok {
			return conv
		}
	}
	return nil
}

// Filters returns the weights of the first layer of a conv body, one channel a filter:
// (1, Kernel, Kernel, filters), the mean over the channels of the picture. It is nil for
// other bodies.
func (m *Model) Filters() *tensor.Tensor {
	conv := m.first()
	if conv == nil {
		return nil
	}
	k, _, in, out := conv.W.Val.Dims4()
	f := tensor.New(1, k, k, out)
	for i := range k * k {
		for c := range in {
			for o := range out {
				f.Data[i*out+o] += conv.W.Val.Data[(i*in+c)*out+o] / float32(in)
			}
		}
	}
	return f
}

// Responses returns what the first layer of a conv body makes of pictures x (N, H, W,
// Channels), its activation included: (N, ⌈H/stride⌉, ⌈W/stride⌉, filters). It is nil for other
// bodies, and for a model that is told the noise level.
func (m *Model) Responses(x *tensor.Tensor) *tensor.Tensor {
	conv := m.first()
	if conv == nil || m.Spec.Level {
		return nil
	}
	y := conv.Forward(nil, nn.Const(x))
	if act, ok := activations[m.Spec.Activation]; ok && conv.Slope == 1 {
		y = act(nil, y)
	}
	return y.Val
}
