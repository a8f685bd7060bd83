package model

import (
	_ "embed"
	"encoding/json"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"sieve/model/tensor"
)

//go:embed testdata/golden.json
var goldenJSON []byte

// number is the formula of golden.py.
func number(i, salt int) float64 {
	return float64(uint32(uint64(i)*2654435761+uint64(salt)*40503+977)>>16) / 65536
}

// four yields the pictures of golden.py one after another, whoever asks.
type four struct{ next *atomic.Int64 }

func (s four) Batch(_ *rand.Rand, n int) (*tensor.Tensor, error) {
	x := tensor.New(n, 16, 16, 3)
	for i := range n {
		at := int(s.next.Add(1)-1) % 4 * 16 * 16 * 3
		for j := range 16 * 16 * 3 {
			x.Data[i*16*16*3+j] = float32(number(at+j, 1))
		}
	}
	return x, nil
}

// TestGolden compares ten steps of three networks with PyTorch's: losses and a
// sample of every parameter. See testdata/golden.py for the origin.
func TestGolden(t *testing.T) {
	var golden map[string]struct {
		Losses  []float64
		Weights [][]float64
	}
	if err := json.Unmarshal(goldenJSON, &golden); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Spec){
		"mse adam": func(s *Spec) { s.Depth = 2 },
		"bce adamw clip": func(s *Spec) {
			s.Activation, s.Up, s.Output, s.Loss, s.Decay, s.Clip = "silu", "nearest", "sigmoid", "bce", .1, .05
		},
		"l1 sgd blocks": func(s *Spec) { s.Activation, s.Blocks, s.Loss, s.Optimiser = "tanh", 1, "l1", "sgd" },
	} {
		t.Run(name, func(t *testing.T) {
			s := small()
			s.Channels, s.Crop, s.Batch, s.Clip = 3, 16, 4, 0
			change(&s)
			tr, err := NewTrainer(s, four{new(atomic.Int64)}, four{new(atomic.Int64)})
			if err != nil {
				t.Fatal(err)
			}
			for k, p := range tr.params {
				for i := range p.Val.Data {
					if len(p.Val.Shape) == 4 {
						kh, kw, cin, _ := p.Val.Dims4()
						p.Val.Data[i] = float32((2*number(i, k+2) - 1) * math.Sqrt(3/float64(kh*kw*cin)))
					} else {
						p.Val.Data[i] = float32(number(i, k+2) * 0.1)
					}
				}
			}
			want := golden[name]
			for step, loss := range want.Losses {
				p, err := tr.Step()
				if err != nil {
					t.Fatal(err)
				}
				// Both sides sum in float32 in other orders; ten steps multiply the difference.
				if math.Abs(p.Loss-loss) > 1e-5*(1+loss) {
					t.Fatalf("step %d: loss %.7g, PyTorch has %.7g", step+1, p.Loss, loss)
				}
			}
			for k, p := range tr.params {
				stride := max(1, len(p.Val.Data)/8)
				for i, w := range want.Weights[k] {
					if got := float64(p.Val.Data[i*stride]); math.Abs(got-w) > 2e-4 {
						t.Errorf("parameter %d, number %d: %.6g, PyTorch has %.6g", k, i*stride, got, w)
					}
				}
			}
		})
	}
}
