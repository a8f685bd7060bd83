package nn

import (
	"math"
	"math/rand/v2"
	"slices"
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

// inside moves numbers away from whole ones.
func inside(t *tensor.Tensor) *tensor.Tensor {
	for i, v := range t.Data {
		low := float32(math.Floor(float64(v)))
		t.Data[i] = low + 0.2 + 0.6*(v-low)
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
	gammas, betas := tensor.New(1, 1, 3, 3), tensor.New(3)
	for i := range gammas.Data {
		gammas.Data[i] = 0.1 + float32(i)/20
	}
	for i := range betas.Data {
		betas.Data[i] = 1 + float32(i)/10
	}
	type inputs = []*tensor.Tensor
	for _, tc := range []struct {
		name string
		in   inputs
		f    func(t *Tape, v []*Var) *Var
	}{
		{"Conv", inputs{random(1, 2, 5, 4, 2), random(2, 3, 3, 2, 3), random(3, 3)},
			func(t *Tape, v []*Var) *Var { return mse(t, Conv(t, v[0], v[1], v[2], 1, 1)) }},
		{"Conv/stride 2", inputs{random(1, 2, 6, 5, 3), random(2, 5, 5, 3, 4), random(3, 4)},
			func(t *Tape, v []*Var) *Var { return mse(t, Conv(t, v[0], v[1], v[2], 2, 1)) }},
		{"Conv/2×2", inputs{random(1, 1, 4, 6, 2), random(2, 2, 2, 2, 3), random(3, 3)},
			func(t *Tape, v []*Var) *Var { return mse(t, Conv(t, v[0], v[1], v[2], 2, 1)) }},
		{"Conv/1×1", inputs{random(1, 3, 2, 2, 5), random(2, 1, 1, 5, 4), random(3, 4)},
			func(t *Tape, v []*Var) *Var { return mse(t, Conv(t, v[0], v[1], v[2], 1, 1)) }},
		{"ConvT", inputs{random(1, 2, 3, 4, 3), random(2, 3, 3, 2, 3), random(3, 2)},
			func(t *Tape, v []*Var) *Var { return mse(t, ConvT(t, v[0], v[1], v[2], 2, 1)) }},
		{"ConvT/5×5", inputs{random(1, 1, 2, 3, 2), random(2, 5, 5, 3, 2), random(3, 3)},
			func(t *Tape, v []*Var) *Var { return mse(t, ConvT(t, v[0], v[1], v[2], 2, 1)) }},
		{"Conv/ReLU", inputs{random(1, 2, 5, 4, 2), random(2, 3, 3, 2, 8), random(3, 8)},
			func(t *Tape, v []*Var) *Var { return mse(t, Conv(t, v[0], v[1], v[2], 1, 0.8)) }},
		{"ConvT/ReLU", inputs{random(1, 2, 3, 4, 3), random(2, 3, 3, 2, 3), random(3, 2)},
			func(t *Tape, v []*Var) *Var { return mse(t, ConvT(t, v[0], v[1], v[2], 2, 0.8)) }},
		{"GDN", inputs{random(1, 2, 3, 2, 3), gammas, betas},
			func(t *Tape, v []*Var) *Var { return mse(t, GDN(t, v[0], v[1], v[2], false)) }},
		{"GDN/inverse", inputs{random(1, 2, 3, 2, 3), gammas, betas},
			func(t *Tape, v []*Var) *Var { return mse(t, GDN(t, v[0], v[1], v[2], true)) }},
		{"shared operand", inputs{random(1, 1, 3, 3, 2)},
			func(t *Tape, v []*Var) *Var {
				x := Add(t, v[0], v[0])
				return mse(t, Add(t, AddScaled(t, Tanh(t, x), 2, Sigmoid(t, x)), SiLU(t, x)))
			}},
		{"Reshape", inputs{random(1, 2, 2, 3, 2)}, func(t *Tape, v []*Var) *Var { return mse(t, Reshape(t, v[0], 2, 3, 2, 2)) }},
		{"Unshuffle/whole", inputs{random(1, 2, 4, 2, 3)}, func(t *Tape, v []*Var) *Var { return mse(t, Unshuffle(t, v[0], 2)) }},
		{"Shuffle/whole", inputs{random(1, 2, 2, 1, 12)}, func(t *Tape, v []*Var) *Var { return mse(t, Shuffle(t, v[0], 2)) }},
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
				r := Residual{Func(func(t *Tape, x *Var) *Var { return Conv(t, x, v[1], v[2], 1, 1) })}
				return mse(t, r.Forward(t, v[0]))
			}},
		{"MSE/weighted", inputs{random(1, 2, 3, 3, 3)}, func(t *Tape, v []*Var) *Var { return MSE(t, v[0], random(2, 2, 3, 3, 3), weight) }},
		{"RMSE", inputs{random(1, 2, 3, 3, 3)}, func(t *Tape, v []*Var) *Var { return RMSE(t, v[0], tensor.New(2, 3, 3, 3), nil) }},
		{"weighted RMSE", inputs{random(1, 2, 3, 3, 3)}, func(t *Tape, v []*Var) *Var { return RMSE(t, v[0], tensor.New(2, 3, 3, 3), weight) }},
		{"L1", inputs{away(random(1, 2, 3, 3, 3))}, func(t *Tape, v []*Var) *Var { return L1(t, v[0], tensor.New(2, 3, 3, 3), weight) }},
		{"BCE", inputs{random(1, 2, 3, 3, 3)}, func(t *Tape, v []*Var) *Var { return BCE(t, v[0], unit, nil) }},
		{"Abs", inputs{away(random(1, 2, 4))}, func(t *Tape, v []*Var) *Var { return Abs(t, v[0]) }},
		{"Gauss", inputs{random(1, 2, 2, 2, 4)},
			func(t *Tape, v []*Var) *Var {
				z, nats := Gauss(t, v[0], random(4, 2, 2, 2, 2), 0)
				return AddScaled(t, mse(t, z), .5, nats)
			}},
		{"Gauss/free", inputs{random(1, 2, 2, 2, 6)},
			func(t *Tape, v []*Var) *Var {
				_, nats := Gauss(t, v[0], nil, 1.5) // one channel of three is below
				return nats
			}},
		{"Activity", inputs{random(1, 2, 3, 2, 3)}, func(t *Tape, v []*Var) *Var { return Activity(t, Sigmoid(t, v[0]), 0.2) }},
		{"Largest", inputs{random(1, 2, 3, 2, 5)}, func(t *Tape, v []*Var) *Var { return mse(t, Largest(t, v[0], 2)) }},
		{"SSIM", inputs{random(1, 2, 13, 12, 2)}, func(t *Tape, v []*Var) *Var { return SSIM(t, v[0], random(2, 2, 13, 12, 2)) }},
		{"SSIM/small", inputs{random(1, 2, 2, 5, 1)}, func(t *Tape, v []*Var) *Var { return SSIM(t, v[0], random(2, 2, 2, 5, 1)) }},
		{"Mul", inputs{random(1, 2, 3, 2, 2), random(2, 2, 3, 2, 2)}, func(t *Tape, v []*Var) *Var { return mse(t, Mul(t, v[0], v[1])) }},
		{"GRU", inputs{random(1, 1, 4, 6, 2), random(2, 3, 3, 2, 9), random(3, 9), random(4, 3, 3, 3, 9), random(5, 9), random(6, 1, 2, 3, 3)},
			func(t *Tape, v []*Var) *Var {
				g := &GRU{3, nil, nil}
				return mse(t, g.Step(t, Conv(t, v[0], v[1], v[2], 2, 1), Conv(t, v[5], v[3], v[4], 1, 1), v[5]))
			}},
		{"Between", inputs{random(1, 4, 3)}, func(t *Tape, v []*Var) *Var { return mse(t, Between(t, v[0], 0.45)) }},
		{"Between/end", inputs{random(1, 4, 3)}, func(t *Tape, v []*Var) *Var { return mse(t, Between(t, v[0], 1)) }},
		{"Gain", inputs{random(1, 2, 2, 3, 4), random(2, 4)}, func(t *Tape, v []*Var) *Var { return mse(t, Gain(t, v[0], v[1], -0.7)) }},
		{"Shift", inputs{random(1, 2, 2, 3, 4), random(2, 2)}, func(t *Tape, v []*Var) *Var { return mse(t, Shift(t, v[0], v[1], 1)) }},
		{"Beside", inputs{random(1, 2, 3, 4, 2), random(2, 2, 3, 4, 3)}, func(t *Tape, v []*Var) *Var { return mse(t, Beside(t, v[0], v[1])) }},
		{"Checker", inputs{random(1, 2, 3, 5, 2), random(2, 2, 3, 5, 2)}, func(t *Tape, v []*Var) *Var {
			return Add(t, mse(t, Checker(t, v[0], v[1])), mse(t, Checker(t, v[1], nil)))
		}},
		{"Corner", inputs{random(1, 2, 4, 5, 4)}, func(t *Tape, v []*Var) *Var {
			return Add(t, mse(t, Corner(t, v[0], 3, 2, 0, 1)), mse(t, Corner(t, v[0], 2, 4, 1, 3)))
		}},
		{"Annealed", inputs{inside(random(1, 1, 3, 3, 2))}, func(t *Tape, v []*Var) *Var {
			return mse(t, Annealed(t, v[0], Const(tensor.New(1, 3, 3, 2)), 0.7, rand.New(rand.NewPCG(1, 1))))
		}},
		{"LogisticBits", inputs{random(1, 1, 2, 3, 2), random(2, 1, 2, 3, 2), random(3, 1, 2, 3, 2)},
			func(t *Tape, v []*Var) *Var {
				return LogisticBits(t, v[0], v[1], v[2], random(4, 1, 2, 3, 2), -3, 4, 2)
			}},
		{"LogisticBits/scale a channel", inputs{random(1, 1, 2, 3, 2), random(3, 2)},
			func(t *Tape, v []*Var) *Var { return LogisticBits(t, v[0], nil, v[1], nil, -3, 4, 1) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run := func(tape *Tape) ([]*Var, *Var) {
				vs := make([]*Var, len(tc.in))
				for i, x := range tc.in {
					vs[i] = tape.Use(&Param{x})
				}
				return vs, tc.f(tape, vs)
			}
			tape := NewTape(NewForms(""))
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
	want := net.Forward(NewTape(NewForms("")), x).Val.Data
	inference := NewInference(NewForms(""))
	net.Forward(inference, Const(random(2, 1, 16, 6, 3)))
	inference.Reset()
	for name, tape := range map[string]*Tape{"nil": nil, "inference": inference} {
		for i, v := range net.Forward(tape, x).Val.Data {
			if v != want[i] {
				t.Fatalf("%s tape: element %d is %g, on a recording tape %g", name, i, v, want[i])
			}
		}
	}
	if n := inference.memory.Lent(); n != 1 {
		t.Errorf("inference holds %d results at the end, want the last alone", n)
	}
}

// TestTapeKeepsItsMemory takes a second step in the memory of the first.
func TestTapeKeepsItsMemory(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	net := Seq{
		NewConv2D(rng, 1, 4, 3, 1), Func(ReLU), Residual{Seq{NewConv2D(rng, 4, 4, 3, 1), Func(SiLU)}},
		Func(func(t *Tape, x *Var) *Var { return Shuffle(t, Unshuffle(t, x, 2), 2) }), NewNormalisation(4, false),
		Func(Up2), Func(Sigmoid), NewConv2D(rng, 4, 1, 3, 2),
	}
	x, tape := random(1, 1, 8, 8, 1), NewTape(NewForms(""))
	pass := func() []float32 {
		tape.Reset()
		tape.Backward(MSE(tape, net.Forward(tape, tape.Input(x)), x, nil), 1)
		return slices.Clone(tape.Grad(net[0].(*Conv2D).W).Data)
	}
	first := pass()
	for i, v := range pass() {
		if v != first[i] {
			t.Fatalf("gradient %d is %g in the second pass, %g in the first", i, v, first[i])
		}
	}
	if n := testing.AllocsPerRun(10, func() { pass() }) - 1; n != 0 { // one copies the gradient
		t.Errorf("a pass like the one before allocates %g times", n)
	}
	if n := tape.memory.Lent(); n != 0 {
		t.Errorf("%d pieces of memory are still lent after the way back", n)
	}
}

// takeStep moves p against a gradient that f turns a Var of it into.
func takeStep(o *Optimiser, t *Tape, p *Param, rate float64, f func(v *Var)) {
	t.Reset()
	f(t.Use(p))
	for i := range o.Jobs() {
		o.Gather(i, []*Tape{t})
	}
	o.Begin(rate, 0)
	for i := range o.Jobs() {
		o.Move(i)
	}
}

// TestOptimisersFindAMinimum lets both walk down a bowl.
func TestOptimisersFindAMinimum(t *testing.T) {
	for name, build := range map[string]func([]*Param) *Optimiser{
		"adam": func(p []*Param) *Optimiser { return NewAdam(p, 0) },
		"sgd":  func(p []*Param) *Optimiser { return NewSGD(p, 0.9, 0) },
	} {
		p, tape := &Param{random(1, partSize+10)}, NewTape(NewForms(""))
		o := build([]*Param{p})
		for range 3000 {
			takeStep(o, tape, p, 0.01, func(v *Var) { // the gradient of |x - 1|²/2
				g, _ := tape.into(v)
				for i := range g {
					g[i] = p.Val.Data[i] - 1
				}
			})
		}
		for i, v := range p.Val.Data {
			if math.Abs(float64(v)-1) > 1e-2 { // of a rate as long as this, Adam circles
				t.Errorf("%s: element %d ends at %g, the minimum is at 1", name, i, v)
			}
		}
	}
}

// TestMuonMakesEveryDirectionEqual lets Muon take a step against gradients that are
// a thousand times stronger in one direction than in the others.
func TestMuonMakesEveryDirectionEqual(t *testing.T) {
	for _, shape := range [][]int{{1, 1, 48, 16}, {1, 1, 16, 48}, {3, 3, 16, 32}} {
		p, tape := &Param{tensor.New(shape...)}, NewTape(NewForms(""))
		rows, cols := shape[0]*shape[1]*shape[2], shape[3]
		takeStep(NewMuon([]*Param{p}, 0), tape, p, 1, func(v *Var) {
			g, _ := tape.into(v)
			for i := range min(rows, cols) {
				g[i*cols+i] = 1
			}
			g[0] = 1000
		})
		step := 0.2 * math.Sqrt(float64(max(rows, cols)))
		for i := range min(rows, cols) {
			// The quintic leaves singular values between 0.7 and 1.2 once they are there;
			// a thousandth needs the five steps to come to 0.3.
			if v := float64(-p.Val.Data[i*cols+i]) / step; v < 0.3 || v > 1.25 {
				t.Errorf("%v: direction %d moves by %g of a step, want about 1", shape, i, v)
			}
		}
	}
}

// TestMuonFindsAMinimum walks down a bowl with a matrix and a vector.
func TestMuonFindsAMinimum(t *testing.T) {
	params := []*Param{{random(1, 1, 1, 32, 16)}, {random(2, 16)}}
	tape := NewTape(NewForms(""))
	o := NewMuon(params, 0)
	for k := range 2000 {
		tape.Reset()
		for _, p := range params {
			g, _ := tape.into(tape.Use(p))
			for i := range g {
				g[i] = p.Val.Data[i] - 1
			}
		}
		for i := range o.Jobs() {
			o.Gather(i, []*Tape{tape})
		}
		o.Begin(0.05*(1-float64(k)/2000), 0)
		for i := range o.Jobs() {
			o.Move(i)
		}
	}
	for n, p := range params {
		for i, v := range p.Val.Data {
			if math.Abs(float64(v)-1) > 2e-2 {
				t.Errorf("parameter %d: element %d ends at %g, the minimum is at 1", n, i, v)
			}
		}
	}
}

// TestMomentsComeToNothing stops the gradient of a column, as a channel that is shut does. What
// remains of it must not be numbers that processors are slow with, and the others must stay.
func TestMomentsComeToNothing(t *testing.T) {
	const cols = 16
	for name, build := range map[string]func([]*Param) *Optimiser{
		"adam": func(p []*Param) *Optimiser { return NewAdam(p, 0) },
		"sgd":  func(p []*Param) *Optimiser { return NewSGD(p, 0.95, 0) },
		"muon": func(p []*Param) *Optimiser { return NewMuon(p, 0) },
	} {
		p, tape := &Param{random(1, 1, 1, 16, cols)}, NewTape(NewForms(""))
		o := build([]*Param{p})
		for step := range 1000 {
			takeStep(o, tape, p, 0.01, func(v *Var) {
				g, _ := tape.into(v)
				for i := range g {
					g[i] = 1
					if step > 0 && i%cols == 0 {
						g[i] = 0
					}
				}
			})
			for i, m := range o.M[0].Data {
				if m != 0 && math.Abs(float64(m)) < 0x1p-126 {
					t.Fatalf("%s: after step %d moment %d is %g", name, step, i, m)
				}
			}
		}
		for i, m := range o.M[0].Data {
			if shut := i%cols == 0; shut != (m == 0) {
				t.Errorf("%s: moment %d is %g", name, i, m)
			}
		}
	}
}

// BenchmarkOrthogonal gives Muon a matrix of which two channels in five get no gradient: zeros, and what
// decay alone would leave.
func BenchmarkOrthogonal(b *testing.B) {
	const rows, cols = 9 * 128, 128
	for name, left := range map[string]float32{"zero": 0, "next to zero": 1e-42} {
		b.Run(name, func(b *testing.B) {
			m, u := newMuon(rows, cols), random(1, rows, cols).Data
			for i := range u {
				if i%cols%5 < 2 {
					u[i] = left
				}
			}
			for b.Loop() {
				m.orthogonal(u)
			}
		})
	}
}

// TestDecayShrinksWeights steps with no gradient.
func TestDecayShrinksWeights(t *testing.T) {
	p := &Param{random(1, 10)}
	before := p.Val.Clone()
	takeStep(NewAdam([]*Param{p}, 0.5), NewTape(NewForms("")), p, 0.1, func(*Var) {})
	for i, v := range p.Val.Data {
		if want := before.Data[i] * 0.95; math.Abs(float64(v-want)) > 1e-6 {
			t.Errorf("element %d is %g, want %g", i, v, want)
		}
	}
}
