package model

import "testing"

func BenchmarkReference(b *testing.B) {
	for _, name := range References() {
		r, err := NewReference(name, "", 1)
		if err != nil {
			b.Fatal(err)
		}
		for what, run := range map[string]func(){"train": func() { r.Train() }, "infer": r.Infer} {
			b.Run(name+"/"+what, func(b *testing.B) {
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
