package kernel

import "sync"

// Weights are the learned numbers of convolutions, (K, K, Cin, Cout), and the
// forms in which tiles want to read them. A form is made when it is first asked
// for and serves until Changed. Several goroutines may use the same weights.
type Weights struct {
	data  []float32
	mu    sync.Mutex
	forms []form
}

// NewWeights returns data as the weights of convolutions.
func NewWeights(data []float32) *Weights { return &Weights{data: data} }

// Changed says that the numbers are others now. No call may be using them.
func (w *Weights) Changed() {
	for i := range w.forms {
		w.forms[i].stale = true
	}
}

// An operation is one of the two that read weights.
type operation int

const (
	forward operation = iota
	backward
)

// A form is one layout of the weights: for one operation of one shape, in
// panels of nr columns.
type form struct {
	layout
	packed []float32
	stale  bool
}

type layout struct {
	op                 operation
	k, cin, cout, nr   int
	stride             int
	winograd, sidelong bool
}

// form returns the weights in a layout, n numbers that pack fills.
func (w *Weights) form(l layout, n int, pack func(to []float32)) []float32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	var f *form
	for i := range w.forms {
		if w.forms[i].layout == l {
			f = &w.forms[i]
		}
	}
	if f == nil {
		w.forms = append(w.forms, form{l, make([]float32, n), true})
		f = &w.forms[len(w.forms)-1]
	}
	if f.stale {
		pack(f.packed)
		f.stale = false
	}
	return f.packed
}
