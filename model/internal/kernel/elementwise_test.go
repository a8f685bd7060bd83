package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// odd returns numbers of which some are zero, infinite, subnormal or not a
// number.
func odd(rng *rand.Rand, n int) guarded {
	g := randoms(rng, n)
	for i := range g {
		g[i] = special(rng, g[i])
	}
	return g
}

// special returns such a number now and then, otherwise v.
func special(rng *rand.Rand, v float32) float32 {
	special := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 0x1p-140, -0x1p-140}
	if k := rng.IntN(40); k < len(special) {
		return float32(special[k])
	}
	return v
}

// same fails when two vectors differ in a bit; what is not a number has none.
func (g guarded) same(t *testing.T, what string, want guarded) {
	t.Helper()
	for i, v := range g {
		if math.Float32bits(v) != math.Float32bits(want[i]) && (v == v || want[i] == want[i]) {
			t.Fatalf("%s: %g at %d of %d numbers, %g when they are taken one at a time", what, v, i-guard, len(g)-2*guard, want[i])
		}
	}
}

// elementwise are the loops over vectors of one length that compute each number
// by itself.
var elementwise = []struct {
	name string
	run  func(a, b, c, d []float32) // a number of each at a time
}{
	{"axpy", func(a, b, _, _ []float32) { Axpy(-1.7, b, a) }},
	{"relu", func(a, b, _, _ []float32) { ReLU(a, b, 0.1) }},
	{"relu in place", func(a, _, _, _ []float32) { ReLU(a, a, 0) }},
	{"relu gradient", func(a, b, _, _ []float32) { ReLUGrad(a, b, 0.1) }},
	{"sigmoid gradient", func(a, b, _, _ []float32) { SigmoidGrad(a, b) }},
	{"tanh gradient", func(a, b, _, _ []float32) { TanhGrad(a, b) }},
	{"product", func(a, b, c, _ []float32) { Mul(a, b, c) }},
	{"product in place", func(a, b, _, _ []float32) { Mul(a, a, b) }},
	{"difference", func(a, b, c, _ []float32) { Difference(a, 1.7, b, c) }},
	{"normalise", func(a, b, c, d []float32) { Normalise(a, b, c, d, false) }},
	{"normalise, inverse", func(a, b, c, _ []float32) { Normalise(a, b, c, b, true) }},
	{"norm gradient", func(a, b, c, d []float32) { NormGrad(a, b, c, d, false) }},
	{"norm gradient, inverse", func(a, b, c, d []float32) { NormGrad(a, b, c, d, true) }},
	{"normalise gradient", func(a, b, c, d []float32) { NormaliseGrad(a, b, c, d) }},
	{"sigmoid", func(a, b, _, _ []float32) { Sigmoid(a, b) }},
	{"tanh", func(a, b, _, _ []float32) { Tanh(a, b) }},
	{"adam", func(a, b, c, d []float32) {
		Adam(a, b, c, d, AdamStep{Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Bias1: 0.19, Bias2: 0.002, Decay: 0.01})
	}},
}

// TestVectorsAreTheirNumbers compares each elementwise loop over a vector with
// the same loop over its numbers one at a time, which is plain Go everywhere.
func TestVectorsAreTheirNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, l := range elementwise {
		for n := range 100 {
			var old, got, want [4]guarded
			for i := range old {
				old[i] = odd(rng, n)
				got[i], want[i] = old[i].clone(), old[i].clone()
			}
			l.run(got[0].vec(), got[1].vec(), got[2].vec(), got[3].vec())
			for i := range n {
				l.run(want[0].vec()[i:i+1], want[1].vec()[i:i+1], want[2].vec()[i:i+1], want[3].vec()[i:i+1])
			}
			for i := range got {
				got[i].same(t, fmt.Sprintf("%s, vector %d", l.name, i), want[i])
			}
		}
	}
}

// TestColumnSumsAreTheColumns compares with sums of one column at a time.
func TestColumnSumsAreTheColumns(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := 1; n < 80; n++ {
		rows := rng.IntN(20)
		y, got := odd(rng, rows*n), odd(rng, n)
		want := got.clone()
		ColumnSums(got.vec(), y.vec())
		for j := range n {
			for i := range rows {
				ColumnSums(want.vec()[j:j+1], y.vec()[i*n+j:i*n+j+1])
			}
		}
		got.same(t, fmt.Sprintf("%d rows", rows), want)
	}
}

// TestReLUGradSumsAreBoth compares with the two loops that it joins.
func TestReLUGradSumsAreBoth(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := 1; n < 80; n++ {
		rows := rng.IntN(20)
		y, dy, sums := odd(rng, rows*n), odd(rng, rows*n), odd(rng, n)
		wantD, wantS := dy.clone(), sums.clone()
		ReLUGrad(wantD.vec(), y.vec(), 0.1)
		ColumnSums(wantS.vec(), wantD.vec())
		ReLUGradSums(sums.vec(), dy.vec(), y.vec(), 0.1)
		dy.same(t, fmt.Sprintf("gradient of %d rows", rows), wantD)
		sums.same(t, fmt.Sprintf("sums of %d rows", rows), wantS)
	}
}

// TestSquaresAreEightSums follows the definition of SquaredError and SquaredNorm.
func TestSquaresAreEightSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for n := range 100 {
		x, y := randoms(rng, n).vec(), randoms(rng, n).vec()
		var e, s [8]float64
		for i, v := range x {
			d := float64(v - y[i])
			e[i%8] += float64(d * d)
			s[i%8] += float64(float64(v) * float64(v))
		}
		var wantE, wantS float64
		for i := range e {
			wantE += e[i]
			wantS += s[i]
		}
		if got := SquaredError(x, y); got != wantE {
			t.Errorf("squared error of %d numbers: %g, want %g", n, got, wantE)
		}
		if got := SquaredNorm(x); got != wantS {
			t.Errorf("squared norm of %d numbers: %g, want %g", n, got, wantS)
		}
	}
}

// TestTranspose transposes between strides of all kinds.
func TestTranspose(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		rows, cols := 1+rng.IntN(40), 1+rng.IntN(40)
		if rng.IntN(2) == 0 {
			rows, cols = 8*rows, 8*cols
		}
		ldd, lds := rows+rng.IntN(3), cols+rng.IntN(3)
		dst, src := randoms(rng, cols*ldd), randoms(rng, rows*lds)
		want := dst.clone()
		for i := range rows {
			for j := range cols {
				want.vec()[j*ldd+i] = src.vec()[i*lds+j]
			}
		}
		transpose(dst.vec(), ldd, src.vec(), lds, rows, cols)
		dst.same(t, fmt.Sprintf("%d × %d", rows, cols), want)
	}
}

// TestAdamIsTheFormula follows ten steps of a few parameters in float64.
func TestAdamIsTheFormula(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const n, rate, beta1, beta2, eps, decay = 21, 1e-2, 0.9, 0.999, 1e-8, 0.1
	p, m, v := randoms(rng, n).vec(), make([]float32, n), make([]float32, n)
	var want, wantM, wantV [n]float64
	for i := range p {
		want[i] = float64(p[i])
	}
	for step := 1; step <= 10; step++ {
		g := randoms(rng, n).vec()
		bias1, bias2 := 1-math.Pow(beta1, float64(step)), 1-math.Pow(beta2, float64(step))
		Adam(p, m, v, g, AdamStep{Rate: rate, Beta1: beta1, Beta2: beta2, Eps: eps, Bias1: float32(bias1), Bias2: float32(bias2), Decay: decay})
		for i := range g {
			d := float64(g[i])
			wantM[i] = beta1*wantM[i] + (1-beta1)*d
			wantV[i] = beta2*wantV[i] + (1-beta2)*d*d
			want[i] -= rate*(wantM[i]/bias1)/(math.Sqrt(wantV[i]/bias2)+eps) + rate*decay*want[i]
		}
	}
	for i := range p {
		if math.Abs(float64(p[i])-want[i]) > 1e-5 {
			t.Errorf("parameter %d is %g after ten steps, the formula says %g", i, p[i], want[i])
		}
		if math.Abs(float64(v[i])/wantV[i]-1) > 1e-6 {
			t.Errorf("the mean square of gradient %d is %.8g after ten steps, the formula says %.8g", i, v[i], wantV[i])
		}
	}
}

// TestMisuse states what each loop says to lengths that do not fit.
func TestMisuse(t *testing.T) {
	x, y := make([]float32, 3), make([]float32, 4)
	for want, f := range map[string]func(){
		"kernel: axpy: lengths differ":                func() { Axpy(1, x, y) },
		"kernel: relu: lengths differ":                func() { ReLU(x, y, 0) },
		"kernel: relu gradient: lengths differ":       func() { ReLUGrad(x, y, 0) },
		"kernel: sigmoid gradient: lengths differ":    func() { SigmoidGrad(x, y) },
		"kernel: tanh gradient: lengths differ":       func() { TanhGrad(x, y) },
		"kernel: product: lengths differ":             func() { Mul(x, x, y) },
		"kernel: difference: lengths differ":          func() { Difference(x, 1, x, y) },
		"kernel: squared error: lengths differ":       func() { SquaredError(x, y) },
		"kernel: normalise: lengths differ":           func() { Normalise(x, x, x, y, false) },
		"kernel: norm gradient: lengths differ":       func() { NormGrad(x, x, x, y, false) },
		"kernel: normalise gradient: lengths differ":  func() { NormaliseGrad(x, x, x, y) },
		"kernel: column sums: rows are not whole":     func() { ColumnSums(x, y) },
		"kernel: adam: lengths differ":                func() { Adam(x, x, x, y, AdamStep{}) },
		"kernel: sigmoid: lengths differ":             func() { Sigmoid(x, y) },
		"kernel: tanh: lengths differ":                func() { Tanh(x, y) },
		"kernel: scratch: not a kind of this machine": func() { NewScratch("abacus") },
		"kernel: convolution: shape is empty":         func() { Conv{}.Forward(new(Scratch), x, x, NewWeights(y), End{}) },
		"kernel: convolution: lengths do not fit the shape": func() {
			Conv{N: 1, H: 1, W: 3, Cin: 1, Cout: 1, K: 1, Stride: 1}.Forward(new(Scratch), x, x, NewWeights(y), End{})
		},
		"kernel: convolution: bias or addend does not fit": func() {
			Conv{N: 1, H: 1, W: 3, Cin: 1, Cout: 1, K: 1, Stride: 1}.Forward(new(Scratch), x, x, NewWeights(y[:1]), End{Bias: y})
		},
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("says %v, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

// TestAxpyTo wants of AxpyTo what Axpy does, elsewhere.
func TestAxpyTo(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	for _, n := range []int{1, 7, 8, 100} {
		x, y, z := randoms(rng, n).vec(), randoms(rng, n).vec(), make([]float32, n)
		AxpyTo(z, -1.7, x, y)
		Axpy(-1.7, x, y)
		for i, v := range z {
			if v != y[i] {
				t.Errorf("%d of %d is %g, want %g", i, n, v, y[i])
			}
		}
	}
}
