package nn

import (
	"math"
	"slices"
	"testing"

	"sieve/model/tensor"
)

// TestLogisticMassIsWhole adds up the masses of all whole numbers, and compares each with
// the difference of two values of the distribution in float64.
func TestLogisticMassIsWhole(t *testing.T) {
	for _, log := range []float64{-3.1, -1, 0, 1, 4.15} {
		scale, sum := math.Exp(log), 0.0
		reach := int(20*scale) + 2
		for k := -reach; k <= reach; k++ {
			v := float64(k)
			nats, _, _ := LogisticCost(float32(v), float32(log))
			mass := math.Exp(-float64(nats))
			sum += mass
			at := func(x float64) float64 { return 1 / (1 + math.Exp(-x/scale)) }
			if want := at(0.5-math.Abs(v)) - at(-0.5-math.Abs(v)); want > 1e-12 && math.Abs(mass/want-1) > 1e-4 {
				t.Errorf("scale %g: the mass at %d is %g, want %g", scale, k, mass, want)
			}
		}
		if math.Abs(sum-1) > 1e-5 {
			t.Errorf("scale %g: all masses together are %g", scale, sum)
		}
	}
	for _, v := range []float32{1e6, -1e6} { // where a mass would be nothing
		if nats, slope, spread := LogisticCost(v, -3); !(nats > 1e6) || slope*v <= 0 || spread >= 0 {
			t.Errorf("at %g: %g nats, slopes %g and %g", v, nats, slope, spread)
		}
	}
}

// TestRounding checks what is rounded, and that gradients pass as they should.
func TestRounding(t *testing.T) {
	x := &Param{&tensor.Tensor{Shape: []int{1, 1, 1, 5}, Data: []float32{-2.4, 0.4, 1.2, 2.6, 9}}}
	m := &Param{&tensor.Tensor{Shape: []int{1, 1, 1, 5}, Data: []float32{0.25, 0.25, 0.25, 0.25, 0.25}}}
	zero := tensor.New(1, 1, 1, 5)
	for _, tc := range []struct {
		name         string
		of           func(t *Tape, x, m *Var) *Var
		want, passes []float32
	}{
		{"rounded", func(t *Tape, x, m *Var) *Var { return Rounded(t, x, nil) }, []float32{-2, 0, 1, 3, 9}, []float32{1, 1, 1, 1, 1}},
		{"around a mean", Rounded, []float32{-2.75, 0.25, 1.25, 2.25, 9.25}, []float32{1, 1, 1, 1, 1}},
		{"levels", func(t *Tape, x, m *Var) *Var { return Levels(t, x, 0.5, 0, 4) }, []float32{0, 0.5, 1, 2.5, 4}, []float32{0, 1, 1, 1, 0}},
		{"whole levels", func(t *Tape, x, m *Var) *Var { return Levels(t, x, 1, -2, 3) }, []float32{-2, 0, 1, 3, 3}, []float32{0, 1, 1, 1, 0}},
	} {
		tape := NewTape(NewForms(""))
		y := tc.of(tape, tape.Use(x), tape.Use(m))
		if !slices.Equal(y.Val.Data, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, y.Val.Data, tc.want)
		}
		tape.Backward(MSE(tape, y, zero, nil), 5)
		for i, g := range tape.Grad(x).Data {
			if want := 2 * tc.want[i] * tc.passes[i]; math.Abs(float64(g-want)) > 1e-5 {
				t.Errorf("%s: the gradient of number %d is %g, want %g", tc.name, i, g, want)
			}
		}
	}
}

// TestEscapesAreBounded charges numbers that are hardly possible what an escape costs, and
// pulls at them still.
func TestEscapesAreBounded(t *testing.T) {
	x := &Param{&tensor.Tensor{Shape: []int{1, 1, 1, 3}, Data: []float32{1, 5, 500}}}
	log := &Param{&tensor.Tensor{Shape: []int{3}, Data: []float32{-3, -3, -3}}}
	tape := NewTape(NewForms(""))
	bits := LogisticBits(tape, tape.Use(x), nil, tape.Use(log), nil, -3.1, 4, 1)
	if limit := 3 * escape / math.Ln2; float64(bits.Val.Data[0]) > limit || float64(bits.Val.Data[0]) < limit/2 {
		t.Errorf("%g bits, %g are three escapes", bits.Val.Data[0], limit)
	}
	tape.Backward(bits, 1)
	for i, g := range tape.Grad(x).Data {
		if !(g > 0.1) || tape.Grad(log).Data[i] >= 0 {
			t.Errorf("number %d is pulled by %g, its scale by %g", i, g, tape.Grad(log).Data[i])
		}
	}
}
