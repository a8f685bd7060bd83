package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	"sieve/model/tensor"
)

func random(seed uint64, shape ...int) *tensor.Tensor {
	rng := rand.New(rand.NewPCG(seed, 7))
	t := tensor.New(shape...)
	for i := range t.Data {
		t.Data[i] = float32(rng.NormFloat64())
	}
	return t
}

// away moves numbers off zero, where |x| and ReLU have no slope to compare.
func away(t *tensor.Tensor) *tensor.Tensor {
	for i, v := range t.Data {
		t.Data[i] = v + float32(math.Copysign(0.1, float64(v)))
	}
	return t
}

// TestGrad compares every operation's backward pass with central differences.
func TestGrad(t *testing.T) {
	mse := func(t *Tape, x *Var) *Var { return MSE(t, x, random(99, x.Val.Shape...), nil) }
	weight := tensor.New(2, 3, 3, 3)
	for i := range weight.Data {
		weight.Data[i] = float32(i % 3)
	}
	unit := random(3, 2, 3, 3, 3)
	for i, v := range unit.Data {
		unit.Data[i] = float32(1 / (1 + math.Exp(float64(v))))
	}
	type inputs = []*tensor.Tensor
	for _, tc := range []struct {
		name string
		in   inputs
		f    func(t *Tape, v []*Var) *Var
	}{
		{"Conv", inputs{random(1, 2, 5, 4, 2), random(2, 3, 3, 2, 3), random(3, 3)},
			func(t *Tape, v []*Var) *Var { return mse(t, Conv(t, v[0], v[1], v[2], 1)) }},
		{"Conv/stride 2", inputs{random(1, 2, 6, 5, 3), random(2, 5, 5, 3, 4), random(3, 4)},
			func(t *Tape, v []*Var) *Var { return mse(t, Conv(t, v[0], v[1], v[2], 2)) }},
		{"Conv/2×2", inputs{random(1, 1, 4, 6, 2), random(2, 2, 2, 2, 3), random(3, 3)},
			func(t *Tape, v []*Var) *Var { return mse(t, Conv(t, v[0], v[1], v[2], 2)) }},
		{"Conv/1×1", inputs{random(1, 3, 2, 2, 5), random(2, 1, 1, 5, 4), random(3, 4)},
			func(t *Tape, v []*Var) *Var { return mse(t, Conv(t, v[0], v[1], v[2], 1)) }},
		{"ConvT", inputs{random(1, 2, 3, 4, 3), random(2, 3, 3, 2, 3), random(3, 2)},
			func(t *Tape, v []*Var) *Var { return mse(t, ConvT(t, v[0], v[1], v[2], 2)) }},
		{"ConvT/5×5", inputs{random(1, 1, 2, 3, 2), random(2, 5, 5, 3, 2), random(3, 3)},
			func(t *Tape, v []*Var) *Var { return mse(t, ConvT(t, v[0], v[1], v[2], 2)) }},
		{"LeakyReLU", inputs{away(random(1, 2, 3, 3, 3))},
			func(t *Tape, v []*Var) *Var { return mse(t, LeakyReLU(t, v[0], 0.1)) }},
		{"ReLU", inputs{away(random(1, 2, 3, 3, 3))},
			func(t *Tape, v []*Var) *Var { return mse(t, ReLU(t, v[0])) }},
		{"Sigmoid", inputs{random(1, 2, 3, 3, 3)}, func(t *Tape, v []*Var) *Var { return mse(t, Sigmoid(t, v[0])) }},
		{"Tanh", inputs{random(1, 2, 3, 3, 3)}, func(t *Tape, v []*Var) *Var { return mse(t, Tanh(t, v[0])) }},
		{"SiLU", inputs{random(1, 2, 3, 3, 3)}, func(t *Tape, v []*Var) *Var { return mse(t, SiLU(t, v[0])) }},
		{"AddScaled", inputs{random(1, 2, 4), random(2, 2, 4)},
			func(t *Tape, v []*Var) *Var { return mse(t, AddScaled(t, v[0], -.5, v[1])) }},
		{"Up2", inputs{random(1, 2, 2, 3, 2)}, func(t *Tape, v []*Var) *Var { return mse(t, Up2(t, v[0])) }},
		{"Unshuffle", inputs{random(1, 2, 4, 6, 3)}, func(t *Tape, v []*Var) *Var { return mse(t, Unshuffle(t, v[0], 2)) }},
		{"Shuffle", inputs{random(1, 2, 2, 3, 12)}, func(t *Tape, v []*Var) *Var { return mse(t, Shuffle(t, v[0], 2)) }},
		{"Residual", inputs{random(1, 1, 3, 3, 2), random(2, 3, 3, 2, 2), random(3, 2)},
			func(t *Tape, v []*Var) *Var {
				r := Residual{Func(func(t *Tape, x *Var) *Var { return Conv(t, x, v[1], v[2], 1) })}
				return mse(t, r.Forward(t, v[0]))
			}},
		{"MSE/weighted", inputs{random(1, 2, 3, 3, 3)}, func(t *Tape, v []*Var) *Var { return MSE(t, v[0], random(2, 2, 3, 3, 3), weight) }},
		{"L1", inputs{away(random(1, 2, 3, 3, 3))}, func(t *Tape, v []*Var) *Var { return L1(t, v[0], tensor.New(2, 3, 3, 3), weight) }},
		{"BCE", inputs{random(1, 2, 3, 3, 3)}, func(t *Tape, v []*Var) *Var { return BCE(t, v[0], unit, nil) }},
		{"Abs", inputs{away(random(1, 2, 4))}, func(t *Tape, v []*Var) *Var { return Abs(t, v[0]) }},
		{"Gauss", inputs{random(1, 2, 2, 2, 4)},
			func(t *Tape, v []*Var) *Var {
				z, nats := Gauss(t, v[0], random(4, 2, 2, 2, 2))
				return AddScaled(t, mse(t, z), .5, nats)
			}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run := func(tape *Tape) ([]*Var, *Var) {
				vs := make([]*Var, len(tc.in))
				for i, x := range tc.in {
					vs[i] = tape.Use(&Param{x})
				}
				return vs, tc.f(tape, vs)
			}
			tape := NewTape()
			vs, loss := run(tape)
			tape.Backward(loss, 1)
			const h = 1e-2
			for i, x := range tc.in {
				for j := range x.Data {
					old := x.Data[j]
					x.Data[j] = old + h
					_, up := run(nil)
					x.Data[j] = old - h
					_, dn := run(nil)
					x.Data[j] = old
					num := (float64(up.Val.Data[0]) - float64(dn.Val.Data[0])) / (2 * h)
					got := float64(vs[i].Grad.Data[j])
					if math.Abs(num-got) > 2e-3*(1+math.Abs(num)) {
						t.Fatalf("input %d element %d: gradient %g, differences say %g", i, j, got, num)
					}
				}
			}
		})
	}
}

// TestInferenceEqualsTraining runs one network on no tape, an inference tape
// used twice, and a recording one.
func TestInferenceEqualsTraining(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	net := Seq{
		NewConv2D(rng, 3, 8, 3, 2), Func(SiLU),
		Residual{Seq{NewConv2D(rng, 8, 8, 3, 1), Func(ReLU), NewConv2D(rng, 8, 8, 3, 1)}},
		Func(Tanh), NewConvT2D(rng, 8, 3, 3, 2),
	}
	x := Const(random(1, 2, 8, 6, 3))
	want := net.Forward(NewTape(), x).Val.Data
	inference := NewInference()
	net.Forward(inference, Const(random(2, 1, 16, 6, 3)))
	inference.Reset()
	for name, tape := range map[string]*Tape{"nil": nil, "inference": inference} {
		for i, v := range net.Forward(tape, x).Val.Data {
			if v != want[i] {
				t.Fatalf("%s tape: element %d is %g, on a recording tape %g", name, i, v, want[i])
			}
		}
	}
	if n := len(inference.memory.lent); n != 1 {
		t.Errorf("inference holds %d results at the end, want the last alone", n)
	}
}

// TestTapeKeepsItsMemory takes a second step in the memory of the first.
func TestTapeKeepsItsMemory(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	net := Seq{NewConv2D(rng, 1, 4, 3, 1), Func(ReLU), NewConv2D(rng, 4, 1, 3, 1)}
	x, tape := random(1, 1, 8, 8, 1), NewTape()
	step := func() []float32 {
		tape.Reset()
		loss := MSE(tape, net.Forward(tape, Const(x)), x, nil)
		tape.Backward(loss, 1)
		return tape.Grad(net[0].(*Conv2D).W).Data
	}
	first := append([]float32(nil), step()...)
	held := len(tape.memory.free) + len(tape.memory.lent)
	for i, v := range step() {
		if v != first[i] {
			t.Fatalf("gradient %d is %g in the second pass, %g in the first", i, v, first[i])
		}
	}
	if now := len(tape.memory.free) + len(tape.memory.lent); now != held {
		t.Errorf("the second pass took more memory: %d pieces, then %d", held, now)
	}
}

// TestOptimisersFindAMinimum lets both walk down a bowl.
func TestOptimisersFindAMinimum(t *testing.T) {
	for name, build := range map[string]func([]*Param) *Optimiser{
		"adam": func(p []*Param) *Optimiser { return NewAdam(p, 0) },
		"sgd":  func(p []*Param) *Optimiser { return NewSGD(p, 0.9, 0) },
	} {
		p := &Param{random(1, 10)}
		o := build([]*Param{p})
		for range 2000 {
			g := p.Val.Clone() // the gradient of |x - 1|²/2
			for i := range g.Data {
				g.Data[i]--
			}
			o.Update([]*Param{p}, []*tensor.Tensor{g}, 0.01)
		}
		for i, v := range p.Val.Data {
			if math.Abs(float64(v)-1) > 1e-3 {
				t.Errorf("%s: element %d ends at %g, the minimum is at 1", name, i, v)
			}
		}
	}
}

// TestDecayShrinksWeights steps with no gradient.
func TestDecayShrinksWeights(t *testing.T) {
	p := &Param{random(1, 10)}
	before := p.Val.Clone()
	NewAdam([]*Param{p}, 0.5).Update([]*Param{p}, []*tensor.Tensor{tensor.New(10)}, 0.1)
	for i, v := range p.Val.Data {
		if want := before.Data[i] * 0.95; math.Abs(float64(v-want)) > 1e-6 {
			t.Errorf("element %d is %g, want %g", i, v, want)
		}
	}
}
