// Package nn is differentiable arithmetic on tensors.
//
// Each operation is one function that computes its result and pushes onto a
// Tape the closure that carries gradients back. With a nil Tape nothing is
// recorded and the pass is inference: it may run beside training, on a clone.
// The package knows nothing of autoencoders, data or files.
package nn

import (
	"iter"
	"slices"

	"sieve/model/internal/kernel"
	"sieve/model/tensor"
)

// A Var is a value in one pass and the gradient of the loss with respect to it.
// Grad is nil when nothing is recorded.
type Var struct {
	Val, Grad *tensor.Tensor
}

// Const returns a Var through which no gradient flows.
func Const(x *tensor.Tensor) *Var { return &Var{Val: x} }

// A Param is a learned tensor. Gradients live on the Tape, not here, so many
// tapes may share one set of parameters.
type Param struct {
	Val *tensor.Tensor
}

// A Layer is a function with parameters.
type Layer interface {
	Forward(t *Tape, x *Var) *Var
	Params() iter.Seq2[string, *Param]
}

// A Tape remembers how to run a pass backwards, and keeps the memory of one
// pass for the next. It serves one goroutine at a time.
type Tape struct {
	recording bool
	undo      []func()
	leafs     map[*Param]*Var
	memory    arena
	scratch   kernel.Scratch
}

// NewTape returns an empty tape.
func NewTape() *Tape { return &Tape{recording: true, leafs: map[*Param]*Var{}} }

// NewInference returns a tape that records nothing and only keeps memory from
// pass to pass: what a nil Tape does, faster.
func NewInference() *Tape { return &Tape{} }

// Reset forgets the pass. Vars made by it must not be used afterwards; the
// gradients of parameters are zero again.
func (t *Tape) Reset() {
	t.undo = t.undo[:0]
	t.memory.reset()
	for _, v := range t.leafs {
		clear(v.Grad.Data)
	}
}

// Use returns p as a Var of this pass.
func (t *Tape) Use(p *Param) *Var {
	if t == nil || !t.recording {
		return Const(p.Val)
	}
	v, ok := t.leafs[p]
	if !ok {
		v = &Var{p.Val, tensor.New(p.Val.Shape...)}
		t.leafs[p] = v
	}
	return v
}

// Grad returns the gradient gathered for p, or nil if p took no part.
func (t *Tape) Grad(p *Param) *tensor.Tensor {
	if v := t.leafs[p]; v != nil {
		return v.Grad
	}
	return nil
}

// Backward fills in every gradient of seed times a scalar loss.
func (t *Tape) Backward(loss *Var, seed float32) {
	loss.Grad.Data[0] = seed
	for _, f := range slices.Backward(t.undo) {
		f()
	}
	t.undo = t.undo[:0]
}

// New returns a zeroed tensor that lives as long as this pass.
func (t *Tape) New(shape ...int) *tensor.Tensor {
	if t == nil {
		return tensor.New(shape...)
	}
	x := t.memory.take(tensor.Size(shape...))
	clear(x)
	return &tensor.Tensor{Shape: slices.Clone(shape), Data: x}
}

// out returns a result for an operation of this pass: its numbers are whatever
// the memory held, its gradient is zero.
func (t *Tape) out(shape ...int) *Var {
	if t == nil {
		return &Var{Val: tensor.New(shape...)}
	}
	v := &Var{Val: &tensor.Tensor{Shape: slices.Clone(shape), Data: t.memory.take(tensor.Size(shape...))}}
	if t.recording {
		v.Grad = t.New(shape...)
	}
	return v
}

// same returns a result shaped like x.
func (t *Tape) same(x *Var) *Var { return t.out(x.Val.Shape...) }

// push adds a step of the way back. It is dropped when nothing is recorded.
func (t *Tape) push(f func()) {
	if t != nil && t.recording {
		t.undo = append(t.undo, f)
	}
}

// done tells an inference tape that nobody will look at v again.
func (t *Tape) done(v *Var) {
	if t != nil && !t.recording {
		t.memory.give(v.Val.Data)
	}
}

// work returns memory for the kernels.
func (t *Tape) work() *kernel.Scratch {
	if t == nil {
		return new(kernel.Scratch)
	}
	return &t.scratch
}

// An arena lends slices and takes all of them back at once.
type arena struct {
	lent, free [][]float32
}

// take returns a slice of n numbers, whatever they are: the smallest free one
// that is long enough and not wastefully so.
func (a *arena) take(n int) []float32 {
	best := -1
	for i, b := range a.free {
		if cap(b) >= n && cap(b) <= 2*n+64 && (best < 0 || cap(b) < cap(a.free[best])) {
			best = i
		}
	}
	var b []float32
	if best < 0 {
		b = make([]float32, n)
	} else {
		b = a.free[best][:n]
		last := len(a.free) - 1
		a.free[best] = a.free[last]
		a.free = a.free[:last]
	}
	a.lent = append(a.lent, b)
	return b
}

// give takes back b early. What was not lent stays with its owner.
func (a *arena) give(b []float32) {
	for i, l := range a.lent {
		if len(l) > 0 && len(b) > 0 && &l[0] == &b[0] {
			a.free = append(a.free, l)
			last := len(a.lent) - 1
			a.lent[i] = a.lent[last]
			a.lent = a.lent[:last]
			return
		}
	}
}

func (a *arena) reset() {
	a.free = append(a.free, a.lent...)
	a.lent = a.lent[:0]
}
