package model

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"sieve/model/internal/kernel"
	"sieve/model/nn"
	"sieve/model/tensor"
)

var update = flag.Bool("update", false, "write testdata/bits.json anew")

// bits returns a hash of what parameters are.
func bits(params []*nn.Param) string {
	h := fnv.New64a()
	for _, p := range params {
		binary.Write(h, binary.LittleEndian, p.Val.Data)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// referenceBits trains a small reference network for five steps.
func referenceBits(t *testing.T, name, kind string, half bool) string {
	t.Helper()
	r, err := NewReference(name, kind, half, 4)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		r.Train()
	}
	return bits(collect(r.net.Params()))
}

// dots are pictures of nothing but chance, the same on every machine.
type dots struct{}

func (dots) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	x := tensor.New(n, 16, 16, 3)
	for i := range x.Data {
		x.Data[i] = float32(rng.Uint32()>>8) * 0x1p-24
	}
	return x, nil
}

// lessons have between them every operation of package nn that trains.
var lessons = map[string]func(s *Spec){
	"leaky variational gaussian": func(s *Spec) {
		s.Activation, s.Bottleneck, s.Lambda, s.Scheme, s.Clip = "leaky", "variational", 7.68, "gaussian:0-50", .05
	},
	"silu nearest bce poisson": func(s *Spec) {
		s.Activation, s.Up, s.Output, s.Loss, s.Decay, s.Scheme, s.Average = "silu", "nearest", "sigmoid", "bce", .1, "poisson:30", .9
	},
	"tanh sparse l1 sgd speckle": func(s *Spec) {
		s.Activation, s.Bottleneck, s.Lambda, s.Blocks, s.Loss, s.Optimiser, s.Scheme = "tanh", "sparse", .01, 1, "l1", "sgd", "speckle:30"
	},
	"kl-sparse ssim skips": func(s *Spec) {
		s.Bottleneck, s.Lambda, s.Loss, s.Skips = "kl-sparse", .01, "ssim", true
	},
	"k-sparse rmse muon": func(s *Spec) {
		s.Bottleneck, s.Activity, s.Loss, s.Optimiser = "k-sparse", .5, "rmse", "muon"
	},
	"recurrent binary": func(s *Spec) { s.Body, s.Bottleneck, s.Passes = "recurrent", "binary", 2 },
	"quantised context": func(s *Spec) {
		s.Body, s.Bottleneck, s.Latent, s.Hyper, s.Context, s.Blocks = "shuffle", "quantised", 24, 16, true, 1
	},
	"sigmoid patch cosine blindspot": func(s *Spec) {
		s.Activation, s.Patch, s.Schedule, s.Warmup, s.Steps, s.Scheme = "sigmoid", 2, "cosine", 2, 9, "blindspot"
	},
}

// lessonBits trains a small model for five steps.
func lessonBits(t *testing.T, lesson func(s *Spec)) string {
	t.Helper()
	s := small()
	s.Channels, s.Depth, s.Width, s.Crop, s.Batch, s.Clip = 3, 2, 16, 16, 12, 0
	lesson(&s)
	tr, err := NewTrainer(s, dots{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	train(t, tr, 5)
	return bits(tr.params)
}

// stored returns what testdata/bits.json holds: got, after -update.
func stored(t *testing.T, got map[string]string) (want map[string]string) {
	t.Helper()
	const path = "testdata/bits.json"
	text, err := json.MarshalIndent(got, "", "\t")
	if *update && err == nil {
		err = os.WriteFile(path, append(text, '\n'), 0o644)
	}
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	return want
}

// TestBits holds training runs to the bits in testdata/bits.json: with every
// vector kernel, and on any number of processors. They were written on an amd64
// processor with AVX-512 by
//
//	go test ./model -run TestBits -update
func TestBits(t *testing.T) {
	kinds := kernel.Kinds()
	kinds = kinds[:len(kinds)-1]
	if len(kinds) == 0 {
		t.Skip("plain Go rounds twice where vector kernels round once")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	got := map[string]string{}
	for _, procs := range []int{1, 2, 3, 7} {
		runtime.GOMAXPROCS(procs)
		note := func(what, kind, hash string) {
			if first, ok := got[what]; ok && first != hash {
				t.Errorf("%s: the parameters have the hash %s with %s on %d processors, first they had %s", what, hash, kind, procs, first)
				return
			}
			got[what] = hash
		}
		for _, kind := range kinds {
			for _, name := range References() {
				note("reference "+name, kind, referenceBits(t, name, kind, false))
			}
		}
		for name, lesson := range lessons {
			note(name, kinds[0], lessonBits(t, lesson))
		}
	}
	for what, hash := range stored(t, got) {
		if got[what] != hash {
			t.Errorf("%s: the parameters have the hash %s, want %s", what, got[what], hash)
		}
	}
}
