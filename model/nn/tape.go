// Package nn is differentiable arithmetic on tensors.
//
// Each operation is one function that computes its result and leaves a step on
// a Tape that carries gradients back. With a nil Tape nothing is recorded and
// the pass is inference: it may run beside training, on a clone. The package
// knows nothing of autoencoders, data or files.
package nn

import (
	"iter"
	"slices"
	"sync"

	"sieve/model/internal/kernel"
	"sieve/model/tensor"
)

// A Var is a value in one pass and the gradient of the loss with respect to it.
// Grad is nil until something has flowed back. Backward takes both away from
// results when it has passed them; those of parameters stay.
type Var struct {
	Val, Grad *tensor.Tensor

	fixed   bool            // no gradient flows through
	thin    bool            // Val and Grad hold bf16, two numbers in the place of one: only convolutions see them
	own     *tensor.Tensor  // where the gradient of a parameter goes
	weights *kernel.Weights // of a parameter, as convolutions read it
	home    *result         // of a result of a tape
}

// Const returns a Var through which no gradient flows.
func Const(x *tensor.Tensor) *Var { return &Var{Val: x, fixed: true} }

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

// Forms are parameters as convolutions read them, made once for all tapes that
// share them and kept until the parameters change. Several goroutines may use
// them.
type Forms struct {
	kernel string
	half   bool
	mu     sync.Mutex
	of     map[*Param]*kernel.Weights
	all    []*kernel.Weights
}

// NewForms returns no forms yet. The name is one of Kernels, which convolutions
// are to use; "" is the first.
func NewForms(name string) *Forms {
	return &Forms{kernel: name, of: map[*Param]*kernel.Weights{}}
}

// Halve makes tapes that work in memory of these forms, made from now on, round what
// convolutions multiply to bf16, or no longer. Sums stay as they are, and so does all that is no
// convolution.
func (f *Forms) Halve(on bool) { f.half = on }

// Changed says that parameters are others now. No tape may be in use. What was
// in use before is made anew when it is asked for, or by Refresh.
func (f *Forms) Changed() {
	for _, w := range f.all {
		w.Changed()
	}
}

// Jobs returns how many calls of Refresh make everything anew.
func (f *Forms) Jobs() int { return len(f.all) }

// Refresh is a share of the work that Changed has made. Jobs may run at once.
func (f *Forms) Refresh(job int) { f.all[job].Refresh() }

func (f *Forms) weights(p *Param) *kernel.Weights {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, ok := f.of[p]
	if !ok {
		w = kernel.NewWeights(p.Val.Data)
		f.of[p] = w
		f.all = append(f.all, w)
	}
	return w
}

// A Tape remembers how to run a pass backwards. A pass like the one before, in
// the same Memory, allocates nothing. A tape serves one goroutine at a time.
type Tape struct {
	recording bool
	forms     *Forms
	steps     []step
	results   []*result
	used      int   // of results, by this pass
	marks     []int // how many were, before what each step belongs to
	pushed    int   // how many were, when the last step was pushed
	leafs     map[*Param]*Var
	only      *Param  // if not nil, the one that has a gradient
	flops     float64 // of this pass
	memory    *Memory
	team      []*kernel.Scratch // of the other goroutines that share an operation
	part      portion           // of the next convolution's result
	exact     bool              // convolutions are computed by their definition
	full      bool              // and these round nothing that they multiply
	between   bool              // the next convolution's result goes to another and nowhere else
}

// Memory is what a pass works in. Tapes may share one that do not run at once.
type Memory struct {
	tensor.Arena
	scratch *kernel.Scratch
}

// NewMemory returns no memory yet, for tapes with such forms.
func NewMemory(f *Forms) *Memory {
	s := new(kernel.Scratch)
	if f.kernel != "" {
		s = kernel.NewScratch(f.kernel)
	}
	s.Halve(f.half)
	return &Memory{scratch: s}
}

// A step carries the gradient of an operation's result to its operands.
type step interface {
	result() *Var
	back(t *Tape)
}

// of is the result that a step starts from.
type of struct{ y *Var }

func (o of) result() *Var { return o.y }

// A result is a Var with all that it points to.
type result struct {
	Var
	val, grad tensor.Tensor
	shape     [4]int
	lent      bool // Val's numbers are of this tape's memory, and not another's
}

// NewTape returns an empty tape.
func NewTape(f *Forms) *Tape {
	return &Tape{recording: true, forms: f, leafs: map[*Param]*Var{}, memory: NewMemory(f)}
}

// NewInference returns a tape that records nothing and only keeps memory from
// pass to pass: what a nil Tape does, faster.
func NewInference(f *Forms) *Tape {
	t := &Tape{forms: f, leafs: map[*Param]*Var{}, memory: NewMemory(f)}
	if free, ok := spare.Get().(*tensor.Arena); ok {
		t.memory.Arena = *free
	}
	return t
}

// spare is memory that inference has left behind. It is there until the garbage
// collector has come by twice.
var spare sync.Pool

// Leave hands the memory of a tape that is not used any more to the next one.
func (t *Tape) Leave() {
	t.Reset()
	a := t.memory.Arena
	spare.Put(&a)
	t.memory.Arena = tensor.Arena{}
}

// Share makes the tape cut the operations of an inference on one picture into
// bands for so many goroutines. The result is the same.
func (t *Tape) Share(threads int) {
	t.team = t.team[:0]
	for range threads - 1 {
		t.team = append(t.team, t.memory.scratch.Another())
	}
}

// Only makes p the one parameter that has a gradient. No parameter may have been used yet.
func (t *Tape) Only(p *Param) { t.only = p }

// Reset forgets the pass. Vars made by it must not be used afterwards, and
// parameters have no gradient again.
func (t *Tape) Reset() {
	t.steps, t.marks, t.used, t.pushed = t.steps[:0], t.marks[:0], 0, 0
	t.flops = 0
	t.memory.Reset()
	for _, v := range t.leafs {
		v.Grad = nil
	}
}

// ResetIn is Reset, and the next pass works in m: what another tape left there is
// lost. Gradients of parameters are kept elsewhere.
func (t *Tape) ResetIn(m *Memory) {
	t.memory = m
	t.Reset()
}

// Use returns p as a Var of this pass.
func (t *Tape) Use(p *Param) *Var {
	if t == nil {
		return Const(p.Val)
	}
	v, ok := t.leafs[p]
	if !ok {
		v = &Var{Val: p.Val, fixed: !t.recording || t.only != nil && t.only != p, weights: t.forms.weights(p)}
		if !v.fixed {
			v.own = tensor.New(p.Val.Shape...)
		}
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

// Backward gives every parameter its gradient of seed times a scalar loss, and
// the memory of the pass back as it goes.
func (t *Tape) Backward(loss *Var, seed float32) {
	g, _ := t.into(loss)
	g[0] = seed
	for i, s := range slices.Backward(t.steps) {
		if s.result().Grad != nil {
			s.back(t)
		}
		for _, r := range t.results[t.marks[i]:t.used] {
			t.release(r)
		}
		t.used = t.marks[i]
	}
	t.steps, t.marks, t.pushed = t.steps[:0], t.marks[:0], 0
}

// release gives the memory of a result back.
func (t *Tape) release(r *result) {
	if r.lent {
		t.memory.Give(r.val.Data)
	}
	if r.Grad != nil {
		t.memory.Give(r.Grad.Data)
	}
	r.val.Data, r.grad.Data = nil, nil
}

// push adds a step of the way back, in the memory of the step that stood in its
// place in the pass before. It is dropped when nothing is recorded.
func push[S any, P interface {
	*S
	step
}](t *Tape, s S) {
	if t == nil || !t.recording {
		return
	}
	t.marks = append(t.marks, t.pushed)
	t.pushed = t.used
	n := len(t.steps)
	if n < cap(t.steps) {
		if old, ok := t.steps[:n+1][n].(P); ok {
			*old = s
			t.steps = t.steps[:n+1]
			return
		}
	}
	p := new(S)
	*p = s
	t.steps = append(t.steps, P(p))
}

// New returns a zeroed tensor that lives as long as this pass.
func (t *Tape) New(shape ...int) *tensor.Tensor {
	v := t.out(shape...).Val
	clear(v.Data)
	return v
}

// Room returns a tensor that lives as long as this pass, with whatever the memory held.
func (t *Tape) Room(shape ...int) *tensor.Tensor { return t.out(shape...).Val }

// Input returns x as a Var of this pass through which no gradient flows.
func (t *Tape) Input(x *tensor.Tensor) *Var {
	v := t.view(x, x.Shape...)
	v.fixed = true
	return v
}

// out returns a result of this pass: its numbers are whatever the memory held.
func (t *Tape) out(shape ...int) *Var {
	if t == nil {
		return &Var{Val: tensor.New(shape...)}
	}
	r := t.result(t.memory.Take(tensor.Size(shape...)), shape)
	r.lent = true
	return &r.Var
}

// outThin is out for a result that only convolutions see.
func (t *Tape) outThin(shape ...int) *Var {
	r := t.result(t.memory.Take((tensor.Size(shape...)+1)/2), shape)
	r.lent, r.thin = true, true
	return &r.Var
}

// view returns a result with the numbers of x in another shape.
func (t *Tape) view(x *tensor.Tensor, shape ...int) *Var {
	if t == nil {
		return &Var{Val: x.Reshape(shape...)}
	}
	return &t.result(x.Data, shape).Var
}

func (t *Tape) result(data []float32, shape []int) *result {
	if t.used == len(t.results) {
		t.results = append(t.results, new(result))
	}
	r := t.results[t.used]
	t.used++
	r.val = tensor.Tensor{Shape: append(r.shape[:0], shape...), Data: data}
	r.Var = Var{Val: &r.val, home: r}
	r.lent = false
	return r
}

// take returns memory to be given back.
func (t *Tape) take(n int) []float32 {
	if t == nil {
		return make([]float32, n)
	}
	return t.memory.Take(n)
}

func (t *Tape) give(b []float32) {
	if t != nil {
		t.memory.Give(b)
	}
}

// same returns a result shaped like x.
func (t *Tape) same(x *Var) *Var { return t.out(x.Val.Shape...) }

// into returns where a gradient of v goes, and whether it is to be added to what
// is there. It returns nil where nobody wants one.
func (t *Tape) into(v *Var) (g []float32, acc bool) {
	switch {
	case v.fixed:
		return nil, false
	case v.Grad != nil:
		return v.Grad.Data, true
	case v.own != nil:
		v.Grad = v.own
	default:
		t.adopt(v, t.memory.Take(len(v.Val.Data)))
	}
	return v.Grad.Data, false
}

// adopt makes g the gradient of v.
func (t *Tape) adopt(v *Var, g []float32) {
	if r := v.home; r != nil {
		r.grad = tensor.Tensor{Shape: r.val.Shape, Data: g}
		r.Grad = &r.grad
		return
	}
	v.Grad = &tensor.Tensor{Shape: v.Val.Shape, Data: g} // made on no tape
}

// hand passes y's gradient on to x, as it stands: an operation has turned it
// into x's in place. y has none afterwards.
func (t *Tape) hand(y, x *Var) {
	g := y.Grad.Data
	switch {
	case x.fixed:
		return
	case x.Grad == nil && x.own == nil:
		t.adopt(x, g)
		y.Grad = nil
		return
	}
	t.add(x, 1, g)
}

// add adds a times g to x's gradient. Where x is thin, so is g, and a is 1.
func (t *Tape) add(x *Var, a float32, g []float32) {
	to, acc := t.into(x)
	switch {
	case to == nil:
	case acc && x.thin:
		kernel.AddHalves(x.halves(to), x.halves(to), x.halves(g))
	case acc:
		kernel.Axpy(a, g, to)
	case a == 1:
		copy(to, g)
	default:
		clear(to)
		kernel.Axpy(a, g, to)
	}
}

// Done tells an inference tape that nobody will look at v again.
func (t *Tape) Done(v *Var) {
	if t != nil && !t.recording {
		t.memory.Give(v.Val.Data)
	}
}

// FLOPs returns the multiplications and additions of all convolutions of this
// pass forwards, as their definitions count them.
func (t *Tape) FLOPs() float64 { return t.flops }

// count adds a convolution to the FLOPs of this pass.
func (t *Tape) count(c kernel.Conv) {
	if t != nil {
		t.flops += c.FLOPs()
	}
}

// work returns memory for the kernels.
func (t *Tape) work() *kernel.Scratch {
	if t == nil {
		return new(kernel.Scratch)
	}
	return t.memory.scratch
}
