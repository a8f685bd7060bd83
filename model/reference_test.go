package model

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"testing"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// precisions returns those that are worth timing here.
func precisions() []string {
	if nn.Tiles() != nn.Available {
		return []string{"fp32"}
	}
	return []string{"fp32", "bf16"}
}

func BenchmarkReference(b *testing.B) {
	for _, name := range References() {
		for _, p := range precisions() {
			r, err := NewReference(name, "", p == "bf16", 1)
			if err != nil {
				b.Fatal(err)
			}
			for what, run := range map[string]func(){"train": func() { r.Train() }, "infer": r.Infer} {
				b.Run(name+"/"+what+"/"+p, func(b *testing.B) {
					run()
					b.ReportAllocs()
					for b.Loop() {
						run()
					}
					b.ReportMetric(float64(r.Batch()*b.N)/b.Elapsed().Seconds(), "images/s")
				})
			}
		}
	}
}

// TestStepsAllocateNothing states that a training step and an inference find all
// their memory where the one before left it.
func TestStepsAllocateNothing(t *testing.T) {
	for _, name := range References() {
		for precision, kernel := range map[string]string{"fp32": "", "bf16": "go"} {
			if precision == "bf16" && testing.Short() {
				continue
			}
			r, err := NewReference(name, kernel, precision == "bf16", 4)
			if err != nil {
				t.Fatal(err)
			}
			for what, run := range map[string]func(){"training": func() { r.Train() }, "inference": r.Infer} {
				if n := testing.AllocsPerRun(20, run); n != 0 {
					t.Errorf("(%s) in %s: a step of %s allocates %g times", name, precision, what, n)
				}
			}
		}
	}
}

// BenchmarkRecipe takes steps of shipped recipes, pictures aside: what a reference network does, and
// what stands around it, from noise to Muon.
func BenchmarkRecipe(b *testing.B) {
	for _, name := range []string{"gaussian", "photo", "compress"} {
		for _, p := range precisions() {
			b.Run(name+"/"+p, func(b *testing.B) {
				s := DefaultSpec()
				text, err := os.ReadFile("../assets/recipes/" + name + ".json")
				if err == nil {
					err = json.Unmarshal(text, &s)
				}
				if err != nil {
					b.Fatal(err)
				}
				s.Precision = p
				x := tensor.New(s.Batch/min(s.Batch, maxShards), s.Crop, s.Crop, s.Channels) // a shard
				rng := rand.New(rand.NewPCG(1, 2))
				for i := range x.Data {
					x.Data[i] = rng.Float32()
				}
				t, err := NewTrainer(s, still{x}, nil)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if _, err := t.Step(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
			})
		}
	}
}
