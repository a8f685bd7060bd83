package model

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"sieve/model/noise"
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
		"kl-sparse":   func(s *Spec) { s.Bottleneck = "kl-sparse" },
		"k-sparse":    func(s *Spec) { s.Bottleneck, s.Activity = "k-sparse", 0.5 },
		"structure":   func(s *Spec) { s.Loss = "ssim" },
		"recurrent":   func(s *Spec) { s.Body, s.Bottleneck = "recurrent", "binary" },
		"skips":       func(s *Spec) { s.Depth, s.Skips = 2, true },
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

// coloured are pictures of one colour each.
type coloured struct{ size int }

func (s coloured) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	x := tensor.New(n, s.size, s.size, 3)
	for b := range n {
		c := [3]float32{0.2 + 0.1*rng.Float32(), 0.5, 0.8}
		for i := range s.size * s.size * 3 {
			x.Data[b*s.size*s.size*3+i] = c[i%3]
		}
	}
	return x, nil
}

// TestGreyLessons shows a share of pictures in grey, with noise that is grey, too.
func TestGreyLessons(t *testing.T) {
	for _, scheme := range []string{"gaussian:20", "none", "blindspot:5", "pairs:20"} {
		s := small()
		s.Channels, s.Scheme, s.Grey, s.Crop = 3, scheme, 0.5, 16
		tr, err := NewTrainer(s, coloured{16}, nil)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := coloured{16}.Batch(rand.New(rand.NewPCG(1, 1)), 40)
		before := x.Clone()
		in, want, _ := tr.lesson(rand.New(rand.NewPCG(2, 2)), x)
		if !slices.Equal(x.Data, before.Data) {
			t.Errorf("%s: the pictures have changed", scheme)
		}
		grey := 0
		n, h, w, _ := in.Dims4()
		for b := range n {
			isGrey := func(y *tensor.Tensor) bool {
				for i := b * h * w; i < (b+1)*h*w; i++ {
					if p := y.Data[3*i : 3*i+3]; p[0] != p[1] || p[1] != p[2] {
						return false
					}
				}
				return true
			}
			if isGrey(in) != isGrey(want) {
				t.Fatalf("%s: picture %d is seen in grey: %v, wanted in grey: %v", scheme, b, isGrey(in), isGrey(want))
			}
			if isGrey(in) {
				grey++
				if got, luma := want.Data[b*h*w*3], tensor.Luma(x.Data[b*16*16*3], 0.5, 0.8); scheme != "pairs:20" && got != luma {
					t.Fatalf("%s: grey of %g, want %g", scheme, got, luma)
				}
			}
		}
		if grey < 10 || grey > 30 {
			t.Errorf("%s: %d of 40 are grey, want about half", scheme, grey)
		}
	}
}

// TestEstimatedLevelIsTold compares what a network is told in training with the estimate.
func TestEstimatedLevelIsTold(t *testing.T) {
	s := small()
	s.Body, s.Output, s.Crop, s.Scheme = "unet", "residual", 64, "gaussian:20"
	for _, estimated := range []bool{false, true} {
		s.Level, s.Estimated = true, estimated
		tr, err := NewTrainer(s, waves{64}, nil)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := waves{64}.Batch(rand.New(rand.NewPCG(1, 1)), 3)
		in, want, _ := tr.lesson(rand.New(rand.NewPCG(2, 2)), x)
		for i, level := range tr.told(nil, in, want) {
			truth := 20.0 / 255
			if estimated {
				truth = noise.Estimate(&tensor.Tensor{Shape: []int{1, 64, 64, 1}, Data: in.Data[i*64*64 : (i+1)*64*64]}).Total
			}
			if math.Abs(float64(level)-truth) > 0.004 {
				t.Errorf("estimated %v: told %g, want %g", estimated, level, truth)
			}
		}
	}
	s.Level = false
	if err := s.Validate(); err == nil {
		t.Error("an estimate of a level that nobody is told")
	}
}
