package model

import (
	"math/rand/v2"
	"testing"

	"sieve/model/tensor"
)

// still always gives the same pictures, as many as are asked for.
type still struct{ x *tensor.Tensor }

func (s still) Batch(_ *rand.Rand, n int) (*tensor.Tensor, error) { return s.x, nil }

// TestTrainerAllocatesNothing states that a step takes no memory beyond what the
// source of pictures and the scheme take.
func TestTrainerAllocatesNothing(t *testing.T) {
	for name, change := range map[string]func(s *Spec){
		"plain":       func(*Spec) {},
		"sparse":      func(s *Spec) { s.Bottleneck = "sparse" },
		"variational": func(s *Spec) { s.Bottleneck = "variational" },
		"logits":      func(s *Spec) { s.Loss, s.Output = "bce", "sigmoid" },
		"averaged":    func(s *Spec) { s.Average = 0.99 },
		"residual":    func(s *Spec) { s.Blocks = 1 },
	} {
		spec := small()
		spec.Check = 1_000_000
		change(&spec)
		x := tensor.New(1, spec.Crop, spec.Crop, spec.Channels)
		for i := range x.Data {
			x.Data[i] = float32(i%7) / 7
		}
		tr, err := NewTrainer(spec, still{x}, nil)
		if err != nil {
			t.Fatal(err)
		}
		step := func() {
			if _, err := tr.Step(); err != nil {
				t.Fatal(err)
			}
		}
		step()
		if n := testing.AllocsPerRun(10, step); n != 0 {
			t.Errorf("%s: a step allocates %g times", name, n)
		}
	}
}
