package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"sieve/model/metric"
	"sieve/model/nn"
	"sieve/model/tensor"
)

// latents trains a small model and returns the numbers of its latent for pictures it has
// not seen, and what the last step paid.
func latents(t *testing.T, change func(*Spec)) (z []float32, last Progress) {
	t.Helper()
	s := small()
	s.Batch, s.Crop, s.Latent, s.Seed = 24, 8, 20, 3
	change(&s)
	tr := trainer(t, s)
	last = train(t, tr, 300)
	x, err := waves{s.Crop}.Batch(rand.New(rand.NewPCG(9, 9)), 16)
	if err != nil {
		t.Fatal(err)
	}
	y, _ := tr.Model().encode(nil, nn.Const(x))
	v, _ := tr.Model().bottleneck.Code(nil, y, 0, nil)
	return v.Val.Data, last
}

// TestActivityFollowsTheDial measures how active sparse latents are.
func TestActivityFollowsTheDial(t *testing.T) {
	for _, want := range []float64{0.1, 0.4} {
		z, _ := latents(t, func(s *Spec) { s.Bottleneck, s.Lambda, s.Activity = "kl-sparse", 1e-2, want })
		var sum float64
		for _, v := range z {
			if v < 0 || v > 1 {
				t.Fatalf("kl-sparse: an activity of %g", v)
			}
			sum += float64(v)
		}
		if got := sum / float64(len(z)); math.Abs(got/want-1) > 0.2 {
			t.Errorf("kl-sparse: active %.3f of the time, want %g", got, want)
		}
		z, _ = latents(t, func(s *Spec) { s.Bottleneck, s.Activity = "k-sparse", want })
		for i := 0; i < len(z); i += 20 {
			n := 0
			for _, v := range z[i : i+20] {
				if v != 0 {
					n++
				}
			}
			if n != int(20*want) {
				t.Fatalf("k-sparse: %d of 20 are active, want %g", n, 20*want)
			}
		}
	}
	size := func(lambda float64) (sum float64) {
		z, _ := latents(t, func(s *Spec) { s.Bottleneck, s.Lambda = "sparse", lambda })
		for _, v := range z {
			sum += math.Abs(float64(v)) / float64(len(z))
		}
		return sum
	}
	if free, dear := size(0), size(0.05); dear > free/3 {
		t.Errorf("sparse: mean magnitude %g where it costs, %g where it does not", dear, free)
	}
}

// TestNatsFollowBeta charges more for a nat, which then says less; and gives some for
// nothing, which are then said.
func TestNatsFollowBeta(t *testing.T) {
	nats := func(beta, free float64) float64 {
		_, last := latents(t, func(s *Spec) {
			s.Bottleneck, s.Lambda, s.Free, s.Latent, s.Patch, s.Loss, s.Output = "variational", beta, free, 6, 4, "bce", "sigmoid"
		})
		return last.Price
	}
	little, much := nats(0.1, 0), nats(10, 0)
	if !(much < little/2) || !(much >= 0) {
		t.Errorf("%g nats a picture at β 10, %g at 0.1", much, little)
	}
	if free := nats(1000, 0.5); free < 6*0.5-1e-4 || free > 6*0.5+1 {
		t.Errorf("%g nats a picture, of which 3 are free and none is worth its price", free)
	}
}

// TestStructureIsWhatTheMetricSays compares the loss with the measure.
func TestStructureIsWhatTheMetricSays(t *testing.T) {
	for _, size := range [][2]int{{32, 24}, {1, 1}, {4, 30}, {11, 7}} {
		rng := rand.New(rand.NewPCG(1, 2))
		x, y := tensor.New(2, size[0], size[1], 3), tensor.New(2, size[0], size[1], 3)
		for i := range x.Data {
			x.Data[i] = rng.Float32()
			y.Data[i] = 0.7*x.Data[i] + 0.3*rng.Float32()
		}
		got, want := float64(nn.SSIM(nil, nn.Const(x), y).Val.Data[0]), 1-metric.SSIM(x, y)
		if math.Abs(got-want) > 1e-4 {
			t.Errorf("%v: a loss of %g, the measure says %g", size, got, want)
		}
	}
}

// TestSkipsDefeatTheBottleneck squeezes pictures through a latent of one channel, with a way
// past it and without.
func TestSkipsDefeatTheBottleneck(t *testing.T) {
	lost := func(skips bool) float64 {
		s := small()
		s.Depth, s.Latent, s.Crop, s.Skips = 3, 1, 32, skips
		tr := trainer(t, s)
		last := train(t, tr, 300)
		m := tr.Model()
		if m.Generates() == skips {
			t.Errorf("with skips: %v, the latent is all that the decoder needs: %v", skips, m.Generates())
		}
		return last.Distortion
	}
	if with, without := lost(true), lost(false); with > without/3 {
		t.Errorf("an error of %g with a way past the bottleneck, %g without", with, without)
	}
}

// TestEveryKindFlows compares what comes of pictures that flow through a model, with its
// latent, with what training sees.
func TestEveryKindFlows(t *testing.T) {
	for _, kind := range Choices("bottleneck") {
		for _, body := range Choices("body") {
			s := small()
			s.Body, s.Bottleneck, s.Depth, s.Width, s.Latent, s.Crop, s.Activity, s.Blocks = body, kind, 2, 16, 24, 32, 0.3, 1
			if body == "linear" {
				s.Depth, s.Patch = 0, 4
			}
			for _, s.Skips = range []bool{false, true} {
				m, err := New(s)
				if err != nil || m.loop != nil {
					continue // does not go together, and says so; or flows in passes
				}
				x := picture(40, 56)
				y, past := m.encode(nil, nn.Const(x))
				z := m.bottleneck.Rows(nil, y)
				want := m.decode(nil, z, past).Val
				gotZ, got, err := m.Look(t.Context(), x, 0, nil)
				if err != nil {
					t.Fatal(err)
				}
				if math.Sqrt(metric.MSE(gotZ, z.Val)) > 1e-5 || math.Sqrt(metric.MSE(got, want)) > 1e-5 {
					t.Errorf("%s %s, skips %v: pictures flow elsewhere", kind, body, s.Skips)
				}
			}
		}
	}
}
