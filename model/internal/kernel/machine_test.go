package kernel

import "testing"

// TestSurveyEndsWithGo states that every machine can run something, and that
// Kinds are what the survey finds.
func TestSurveyEndsWithGo(t *testing.T) {
	found := Survey()
	if last := found[len(found)-1]; last != (Finding{"go", Available}) {
		t.Errorf("the survey ends with %v, want plain Go to be available", last)
	}
	for _, kind := range Kinds() {
		NewScratch(kind) // or panics
		if got := Burst(kind, 3); got <= 0 {
			t.Errorf("%s: a burst of three rounds is %g operations", kind, got)
		}
	}
}

func BenchmarkBurst(b *testing.B) {
	for _, kind := range Kinds() {
		b.Run(kind, func(b *testing.B) {
			n := Burst(kind, 1)
			fastest(b, n*100000/1e9, "GFLOPS", func() { Burst(kind, 100000) })
		})
	}
	if Tiles() == Available {
		b.Run("tiles", func(b *testing.B) {
			n := BurstTiles(1)
			fastest(b, n*10000/1e9, "GFLOPS", func() { BurstTiles(10000) })
		})
	}
}
