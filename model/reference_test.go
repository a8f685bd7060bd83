package model

import (
	"testing"

	"sieve/model/nn"
)

func BenchmarkReference(b *testing.B) {
	precisions := []string{"fp32", "bf16"}
	if nn.Tiles() != nn.Available {
		precisions = precisions[:1]
	}
	for _, name := range References() {
		for _, p := range precisions {
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
