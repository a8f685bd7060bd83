package noise

import "math/rand/v2"

// Normal fills dst with draws of the unit normal distribution.
func Normal(rng *rand.Rand, dst []float32) {
	src := rand.NewPCG(rng.Uint64(), rng.Uint64())
	for i := range dst {
		dst[i] = float32(normal(src.Uint64()))
	}
}
