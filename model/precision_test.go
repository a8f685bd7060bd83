package model

import (
	"bytes"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"sieve/model/nn"
)

// TestHalvesLearnTheSame compares the gradients of the reference networks in bf16, in plain Go,
// with those in fp32: each must point the same way.
func TestHalvesLearnTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("bf16 without tiles is slow")
	}
	for _, name := range References() {
		var grads [2]map[string][]float32
		var losses [2]float64
		for i, half := range []bool{false, true} {
			r, err := NewReference(name, "go", half, 4)
			if err != nil {
				t.Fatal(err)
			}
			r.gradients()
			grads[i], losses[i] = map[string][]float32{}, r.lost()
			for param, p := range r.net.Params() {
				sum := make([]float32, len(p.Val.Data))
				for _, sh := range r.shards {
					for k, v := range sh.tape.Grad(p).Data {
						sum[k] += v
					}
				}
				grads[i][param] = sum
			}
		}
		if d := math.Abs(losses[1]/losses[0] - 1); d > 0.01 || d == 0 {
			t.Errorf("(%s): the loss is %g in bf16, %g in fp32", name, losses[1], losses[0])
		}
		for param, full := range grads[0] {
			var dot, one, two float64
			for k, v := range full {
				h := grads[1][param][k]
				dot, one, two = dot+float64(v)*float64(h), one+float64(v)*float64(v), two+float64(h)*float64(h)
			}
			if cos := dot / math.Sqrt(one*two); !(cos > 0.99) || math.Abs(math.Sqrt(two/one)-1) > 0.03 {
				t.Errorf("(%s): the gradient of %s in bf16 has a cosine of %.4f with that in fp32, and %.3f of its length", name, param, cos, math.Sqrt(two/one))
			}
		}
	}
}

// TestTilesGiveTheBitsOfGo trains the reference networks in bf16 in plain Go and in tiles.
func TestTilesGiveTheBitsOfGo(t *testing.T) {
	if nn.Tiles() != nn.Available {
		t.Skip("this processor multiplies no tiles of bf16: " + nn.Tiles())
	}
	for _, name := range References() {
		if plain, tiles := referenceBits(t, name, "go", true), referenceBits(t, name, "", true); plain != tiles {
			t.Errorf("(%s): weights %s in plain Go, %s in tiles", name, plain, tiles)
		}
	}
}

// halved makes runs in bf16 do without tiles.
func halved(t *testing.T, change func(*Spec)) Spec {
	t.Helper()
	old := tilesOrNot
	tilesOrNot = true
	t.Cleanup(func() { tilesOrNot = old })
	s := small()
	s.Precision = "bf16"
	change(&s)
	return s
}

// TestHalvedRunsAreOne states of bf16 what holds of fp32: a resumed run ends as an unbroken one, and
// a run does not depend on the number of processors.
func TestHalvedRunsAreOne(t *testing.T) {
	if testing.Short() {
		t.Skip("bf16 without tiles is slow")
	}
	for name, change := range map[string]func(*Spec){
		"plain": func(*Spec) {},
		"skips": func(s *Spec) { s.Skips, s.Depth = true, 2 },
		"unet": func(s *Spec) {
			s.Body, s.Depth, s.Width, s.Latent, s.Blocks, s.Output, s.Level = "unet", 2, 16, 24, 1, "residual", true
		},
		"recurrent": func(s *Spec) { s.Body, s.Bottleneck, s.Passes = "recurrent", "binary", 2 },
		"quantised": func(s *Spec) { s.Bottleneck, s.Hyper = "quantised", 8 },
	} {
		t.Run(name, func(t *testing.T) {
			s := halved(t, change)
			old := runtime.GOMAXPROCS(1)
			defer runtime.GOMAXPROCS(old)
			whole := trainer(t, s)
			train(t, whole, 8)
			runtime.GOMAXPROCS(7)
			half := trainer(t, s)
			train(t, half, 5)
			rest, err := Resume(bytes.NewReader(bytesOf(t, half)), waves{s.Crop}, nil)
			if err != nil {
				t.Fatal(err)
			}
			runtime.GOMAXPROCS(2)
			train(t, rest, 3)
			if !bytes.Equal(bytesOf(t, whole), bytesOf(t, rest)) {
				t.Error("a run that was resumed, on other numbers of processors, differs from an unbroken one")
			}
			full := s
			full.Precision = "fp32"
			other := trainer(t, full)
			train(t, other, 8)
			if bits(other.params) == bits(whole.params) {
				t.Error("bf16 and fp32 gave the same weights")
			}
		})
	}
}

// TestSetPrecision changes the precision on the way: what has been learned stays, and the steps are
// those of the other.
func TestSetPrecision(t *testing.T) {
	s := halved(t, func(s *Spec) { s.Precision = "fp32" })
	one, two := trainer(t, s), trainer(t, s)
	train(t, one, 4)
	train(t, two, 4)
	if one.Halved() {
		t.Error("fp32 is halved")
	}
	if err := one.SetPrecision("bf16"); err != nil || !one.Halved() {
		t.Fatalf("to bf16: %v, halved: %t", err, one.Halved())
	}
	train(t, one, 1)
	train(t, two, 1)
	if bits(one.params) == bits(two.params) {
		t.Error("the precision makes no difference")
	}
	if err := one.SetPrecision("fp8"); err == nil || one.Spec().Precision != "bf16" {
		t.Errorf("to fp8: error %v, and then %s", err, one.Spec().Precision)
	}
	tilesOrNot = false
	if want := nn.Tiles() == nn.Available; one.Halved() != want {
		t.Errorf("without leave to do without tiles it is halved: %t, want %t", one.Halved(), want)
	}
}

// TestOldSpecsAreFull reads a model that was written before there was a choice of precision.
func TestOldSpecsAreFull(t *testing.T) {
	m, err := New(small())
	if err != nil {
		t.Fatal(err)
	}
	m.Spec.Precision = ""
	var file bytes.Buffer
	if err := m.Save(&file); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&file)
	if err != nil || got.Spec.Precision != "fp32" {
		t.Errorf("a model without a precision: %v, %v", got, err)
	}
}

// TestHalvedModel lets models work in bf16: what they make is not the same, and hardly different.
func TestHalvedModel(t *testing.T) {
	if testing.Short() {
		t.Skip("bf16 without tiles is slow")
	}
	for name, change := range map[string]func(*Spec){
		"conv": func(*Spec) {},
		"unet": func(s *Spec) { s.Body, s.Depth, s.Width, s.Latent, s.Blocks = "unet", 2, 16, 24, 1 },
	} {
		m, err := New(halved(t, change))
		if err != nil {
			t.Fatal(err)
		}
		x, err := waves{32}.Batch(rand.New(rand.NewPCG(1, 1)), 1)
		if err != nil {
			t.Fatal(err)
		}
		full, err := m.Reconstruct(t.Context(), x, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		m.Halve()
		half, err := m.Clone().Reconstruct(t.Context(), x, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		var signal, noise float64
		for i, v := range full.Data {
			signal += float64(v) * float64(v)
			noise += float64(v-half.Data[i]) * float64(v-half.Data[i])
		}
		if db := 10 * math.Log10(signal/noise); db < 35 || db > 100 {
			t.Errorf("%s: what is made in bf16 has %.1f dB of what is made in fp32, want some, and at least 35", name, db)
		}
	}
}
