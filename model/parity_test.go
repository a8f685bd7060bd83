package model

import (
	"embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"sieve/model/nn"
	"sieve/model/tensor"
)

//go:embed testdata/reference_*.safetensors
var parities embed.FS

// What this engine may differ by from PyTorch: some times what PyTorch's float32
// differs by from its own float64, which the metadata of the files tell.
const (
	// Of the result, as a part of its largest number, and of a loss, as a part of
	// it. PyTorch is up to 2.1e-7 off. A rate of Adam that is a part in 10⁵ off
	// shows here.
	nearResult = 1e-6
	// Of a gradient, as a part of its largest number. PyTorch is up to 1.2e-6 off.
	nearGradient = 5e-6
	// Of a parameter after ten steps, in learning rates. Adam divides a gradient by
	// the root of its mean square, so that not its size matters but its relative
	// error: a number whose gradient is nothing but rounding may go ten rates
	// either way. These networks have none, PyTorch is up to 3.3e-4 of a rate off,
	// and a step more or less would be 1.
	nearTrained = 2e-3
)

// TestParity holds the networks that speed is measured with against PyTorch's,
// for every kernel that runs here: the result, every gradient, and ten steps of
// Adam. See testdata/reference.py for the origin.
func TestParity(t *testing.T) {
	for _, name := range References() {
		for _, k := range Kernels() {
			if k.State == "available" {
				t.Run(name+" "+k.Kind, func(t *testing.T) { parity(t, name, k.Kind) })
			}
		}
	}
}

func parity(t *testing.T, name, kernel string) {
	r, err := NewReference(name, kernel, false, 4)
	if err != nil {
		t.Fatal(err)
	}
	const rate, steps = 1e-3, 10
	var params []*tensor.Tensor
	for _, p := range r.net.Params() {
		params = append(params, p.Val)
	}
	out, losses := tensor.New(r.x.Shape...), tensor.New(steps+1)
	grads, after := zeros(params), zeros(params)
	load(t, name, []named{{name: "x", val: r.x}, {name: "out", val: out}, {name: "loss", val: losses}}, list("w", params), list("grad", grads), list("after", after))

	r.forms.Changed()
	compare(t, "result", r.forward(), out, nearResult*largest(out))
	for step, want := range losses.Data {
		r.gradients()
		if got := r.lost(); math.Abs(got-float64(want)) > nearResult*float64(want) {
			t.Errorf("loss after %d steps: %.8g, PyTorch has %.8g", step, got, want)
		}
		if step == steps {
			break
		}
		if step == 0 {
			for i, g := range r.gathered() {
				compare(t, fmt.Sprint("gradient of parameter ", i), g, grads[i], nearGradient*largest(grads[i]))
			}
		}
		r.step(rate, 0)
	}
	for i, p := range params {
		compare(t, fmt.Sprint("trained parameter ", i), p, after[i], nearTrained*rate)
	}
}

// forward returns the result of the batch.
func (r *Reference) forward() *tensor.Tensor {
	y := tensor.New(r.x.Shape...)
	for i, sh := range r.shards {
		t := nn.NewInference(r.forms)
		copy(y.Data[sh.from*len(y.Data)/r.Batch():], r.net.Forward(t, t.Input(r.parts[i])).Val.Data)
	}
	return y
}

// gathered returns the gradients of the batch.
func (r *Reference) gathered() []*tensor.Tensor {
	var sums []*tensor.Tensor
	for _, p := range r.net.Params() {
		sum := tensor.New(p.Val.Shape...)
		for _, sh := range r.shards {
			for i, g := range sh.tape.Grad(p).Data {
				sum.Data[i] += g
			}
		}
		sums = append(sums, sum)
	}
	return sums
}

// load fills tensors from a file of reference.py, which holds them and no others.
func load(t *testing.T, network string, sets ...[]named) {
	t.Helper()
	data, err := parities.ReadFile("testdata/reference_" + network + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	end := 8 + binary.LittleEndian.Uint64(data)
	f := file{body: data[end:]}
	if err := json.Unmarshal(data[8:end], &f.entries); err != nil {
		t.Fatal(err)
	}
	delete(f.entries, "__metadata__")
	var all []named
	for _, set := range sets {
		all = append(all, set...)
	}
	if err := f.fill(all); err != nil {
		t.Fatal(err)
	}
}

// list names tensors as reference.py does.
func list(kind string, of []*tensor.Tensor) []named {
	var out []named
	for i, x := range of {
		out = append(out, named{name: fmt.Sprint(kind, ".", i), val: x})
	}
	return out
}

func zeros(like []*tensor.Tensor) []*tensor.Tensor {
	var out []*tensor.Tensor
	for _, x := range like {
		out = append(out, tensor.New(x.Shape...))
	}
	return out
}

func largest(x *tensor.Tensor) float64 {
	most := 0.0
	for _, v := range x.Data {
		most = max(most, math.Abs(float64(v)))
	}
	return most
}

// compare reports the worst number of a tensor, if it is further off than it may be.
func compare(t *testing.T, what string, got, want *tensor.Tensor, may float64) {
	t.Helper()
	worst, at := 0.0, 0
	for i, v := range got.Data {
		if d := math.Abs(float64(v) - float64(want.Data[i])); !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= may) {
		t.Errorf("%s, number %d of %d: %.8g, PyTorch has %.8g: %.2g apart, which may be %.2g", what, at, len(got.Data), got.Data[at], want.Data[at], worst, may)
	}
}
