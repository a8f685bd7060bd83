package kernel

import "sync"

// Weights are the learned numbers of convolutions, (K, K, Cin, Cout), and the
// forms in which tiles want to read them. A form is made when it is first asked
// for and serves until Changed. Several goroutines may use the same weights.
type Weights struct {
	data  []float32
	mu    sync.Mutex
	forms []form
	temp  []float32
	rows  []uint16
}

// NewWeights returns data as the weights of convolutions.
func NewWeights(data []float32) *Weights { return &Weights{data: data} }

// Changed says that the numbers are others now. No call may be using them.
func (w *Weights) Changed() {
	for i := range w.forms {
		w.forms[i].stale = true
	}
}

// Refresh makes the forms that Changed has made stale.
func (w *Weights) Refresh() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.forms {
		w.forms[i].refresh(w)
	}
}

// A form is one layout of the weights.
type form struct {
	layout
	packed []float32
	halves []uint16 // instead, where numbers are rounded
	stale  bool
}

// A layout is how one operation of a convolution reads its weights: in panels
// of nr columns.
type layout struct {
	op operation
	c  Conv // of pictures of no size
	nr int
}

// An operation is one of those that read weights.
type operation int

const (
	forward operation = iota
	backward
	forwardNarrow
	backwardNarrow
	forwardFast
	backwardFast
	forwardTiles
	backwardTiles
)

// form returns the weights as an operation of c reads them.
func (w *Weights) form(op operation, c Conv, nr int) []float32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fresh(op, c, nr).packed
}

// halves is form for an operation in bf16.
func (w *Weights) halves(op operation, c Conv) []uint16 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fresh(op, c, 16).halves
}

func (w *Weights) fresh(op operation, c Conv, nr int) *form {
	l := layout{op, Conv{Cin: c.Cin, Cout: c.Cout, K: c.K, Stride: c.Stride}, nr}
	for i := range w.forms {
		if f := &w.forms[i]; f.layout == l {
			f.refresh(w)
			return f
		}
	}
	f := form{layout: l, stale: true}
	if op >= forwardTiles {
		f.halves = make([]uint16, l.c.sizeTiles(op))
	} else {
		f.packed = make([]float32, l.size())
	}
	f.refresh(w)
	w.forms = append(w.forms, f)
	return &w.forms[len(w.forms)-1]
}

func (f *form) refresh(w *Weights) {
	switch {
	case !f.stale:
		return
	case f.halves != nil:
		f.c.packTiles(&w.rows, f.halves, w.data, f.op == backwardTiles)
	default:
		f.pack(&w.temp, f.packed, w.data)
	}
	f.stale = false
}

// size returns how many numbers a form has.
func (l layout) size() int {
	c := l.c
	whole := func(n int) int { return panels(n, l.nr) * l.nr }
	switch l.op {
	case forward:
		return whole(c.Cout) * c.K * c.K * c.Cin
	case backward:
		return whole(c.Cin) * c.K * c.K * c.Cout
	case forwardNarrow:
		return whole(c.K*c.Cout) * c.K * c.Cin
	case backwardNarrow:
		return whole(c.K*c.Cin) * c.K * c.Cout
	case forwardFast:
		return c.fastSize(c.Cout, c.Cin, l.nr)
	default:
		return c.fastSize(c.Cin, c.Cout, l.nr)
	}
}

func (l layout) pack(temp *[]float32, to, w []float32) {
	switch c := l.c; l.op {
	case forward:
		pack(to, w, c.K*c.K*c.Cin, c.Cout, l.nr)
	case backward:
		c.packPhases(to, l.nr, w)
	case forwardNarrow:
		c.packNarrow(to, l.nr, w)
	case backwardNarrow:
		c.packNarrowPhases(to, l.nr, w)
	case forwardFast:
		c.packFast(temp, to, l.nr, w, false)
	default:
		c.packFast(temp, to, l.nr, w, true)
	}
}
