package nn

import "sieve/model/internal/kernel"

// Kernels are the implementations of the arithmetic that this machine can run,
// the one in use first: "avx512", "avx2", "go".
func Kernels() []string { return kernel.Kinds() }
