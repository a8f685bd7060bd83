package model

import (
	"math"
	"testing"

	"sieve/model/nn"
)

// TestHalvesLearnTheSame compares the gradients of the reference networks in bf16, in plain Go,
// with those in fp32: each must point the same way.
func TestHalvesLearnTheSame(t *testing.T) {
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
		var all []string
		for _, kind := range []string{"go", ""} {
			r, err := NewReference(name, kind, true, 4)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				r.Train()
			}
			var params []*nn.Param
			for _, p := range r.net.Params() {
				params = append(params, p)
			}
			all = append(all, bits(params))
		}
		if all[0] != all[1] {
			t.Errorf("(%s): weights %s in plain Go, %s in tiles", name, all[0], all[1])
		}
	}
}
