package model

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"sieve/model/tensor"
)

// natsSpec is a variational model of pictures of 8 × 8 that tells nats.
func natsSpec() Spec {
	s := small()
	s.Channels, s.Patch, s.Crop, s.Latent = 1, 4, 8, 2
	s.Bottleneck, s.Lambda, s.Loss, s.Output = "variational", 1, "bce", "sigmoid"
	return s
}

// TestNatsOfIgnorance finds a bit a number, and nothing for the latent, in a model all of whose
// weights are zero: its latent is the unit normal, and its pictures are tosses of a coin.
func TestNatsOfIgnorance(t *testing.T) {
	m, err := New(natsSpec())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.params() {
		clear(p.Val.Data)
	}
	x := tensor.New(70, 8, 16, 1)
	for i := range x.Data {
		x.Data[i] = float32(i%5) / 4
	}
	got, err := m.Nats(t.Context(), x, 1)
	if want := 128 * math.Ln2; err != nil || math.Abs(got.Picture-want) > 1e-4 || got.Latent != 0 {
		t.Errorf("%+v, %v; want %g nats a picture and 0 a latent", got, err, want)
	}
}

// TestNatsAreTheDefinition compares with the sums of the paper, in float64, of a model without
// chance: one whose latent is known almost surely.
func TestNatsAreTheDefinition(t *testing.T) {
	m, err := New(natsSpec())
	if err != nil {
		t.Fatal(err)
	}
	// The second half of what the encoder ends with is log-variances: -30 draws the mean.
	enc := collect(m.enc.Params())
	w, b := enc[len(enc)-2].Val, enc[len(enc)-1].Val.Data
	for i := range w.Data {
		if i%4 >= 2 {
			w.Data[i] = 0
		}
	}
	b[2], b[3] = -30, -30
	x := tensor.New(3, 8, 8, 1)
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range x.Data {
		x.Data[i] = rng.Float32()
	}
	got, err := m.Nats(t.Context(), x, 1)
	if err != nil {
		t.Fatal(err)
	}
	z, y, err := m.Look(t.Context(), x, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	var want Nats
	for _, mean := range z.Data {
		want.Latent += (float64(mean)*float64(mean) + math.Exp(-30) - 1 + 30) / 2 / 3
	}
	for i, v := range x.Data {
		p := float64(y.Data[i])
		want.Picture -= (float64(v)*math.Log(p) + (1-float64(v))*math.Log(1-p)) / 3
	}
	if math.Abs(got.Picture-want.Picture) > 1e-4 || math.Abs(got.Latent-want.Latent) > 1e-4 {
		t.Errorf("%+v, the definition says %+v", got, want)
	}
}

// TestValidationTellsNats of a model that learns them, which are its loss for each number of a
// picture when β is 1, and of no other.
func TestValidationTellsNats(t *testing.T) {
	validation := func(change func(s *Spec)) Validation {
		s := natsSpec()
		s.Check = 40
		change(&s)
		tr, err := NewTrainer(s, bars8{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		last := train(t, tr, 40)
		if tr.Model().Info.ValNats != last.Val.Nats {
			t.Errorf("the model says %g nats, its validation %g", tr.Model().Info.ValNats, last.Val.Nats)
		}
		return *last.Val
	}
	v := validation(func(*Spec) {})
	// The two are of different draws.
	if math.Abs(v.Nats-64*v.Loss) > 0.05*v.Nats {
		t.Errorf("%g nats a picture, where 64 times the loss is %g", v.Nats, 64*v.Loss)
	}
	for name, change := range map[string]func(s *Spec){
		"plain": func(s *Spec) { s.Bottleneck = "plain" }, "squared error": func(s *Spec) { s.Loss, s.Output = "mse", "identity" },
		"noise": func(s *Spec) { s.Scheme = "masked:10" },
	} {
		if v := validation(change); v.Nats != 0 {
			t.Errorf("%s: %g nats", name, v.Nats)
		}
	}
}

// bars8 are bars of 8 × 8.
type bars8 struct{}

func (bars8) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	x := tensor.New(n, 8, 8, 1)
	for i := range n {
		edge := rng.IntN(9)
		for k := range 64 {
			if k%8 < edge {
				x.Data[i*64+k] = 1
			}
		}
	}
	return x, nil
}

// TestNatsStop when their context is done.
func TestNatsStop(t *testing.T) {
	m, err := New(natsSpec())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Nats(ctx, tensor.New(1, 8, 8, 1), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}
