// Package tensor holds numbers in a shape. It computes nothing.
package tensor

import (
	"fmt"
	"slices"
)

// A Tensor is a dense, row-major block of float32. Pictures are (N, H, W, C),
// channels contiguous, with values in [0, 1].
type Tensor struct {
	Shape []int
	Data  []float32
}

// New returns a zeroed tensor.
func New(shape ...int) *Tensor {
	return &Tensor{Shape: slices.Clone(shape), Data: make([]float32, Size(shape...))}
}

// Size returns how many numbers a shape holds.
func Size(shape ...int) int {
	n := 1
	for _, d := range shape {
		if d < 0 {
			panic(fmt.Sprintf("tensor: negative dimension in shape %v", slices.Clone(shape)))
		}
		n *= d
	}
	return n
}

// Reshape returns a view of the same numbers in another shape.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	if Size(shape...) != len(t.Data) {
		panic(fmt.Sprintf("tensor: cannot reshape %v to %v", t.Shape, slices.Clone(shape)))
	}
	return &Tensor{Shape: slices.Clone(shape), Data: t.Data}
}

// Clone returns a copy that shares nothing with t.
func (t *Tensor) Clone() *Tensor {
	return &Tensor{Shape: slices.Clone(t.Shape), Data: slices.Clone(t.Data)}
}

// Dims4 returns the dimensions of a batch of pictures.
func (t *Tensor) Dims4() (n, h, w, c int) {
	if len(t.Shape) != 4 {
		panic(fmt.Sprintf("tensor: shape %v is not (N, H, W, C)", t.Shape))
	}
	return t.Shape[0], t.Shape[1], t.Shape[2], t.Shape[3]
}
