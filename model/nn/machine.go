package nn

import "sieve/model/internal/kernel"

// A Finding says whether an implementation of the arithmetic runs here.
type Finding = kernel.Finding

// Kernels are the implementations of the arithmetic and whether they run here,
// the best first: "available", or why not ("missing", "switched off", "foreign",
// "left out"). The first that is available is in use.
func Kernels() []Finding { return kernel.Survey() }

// Available is what Kernels and Tiles say of what runs here.
const Available = kernel.Available

// Tiles says whether this machine multiplies bf16 in tiles, in the words of Kernels.
func Tiles() string { return kernel.Tiles() }

// BurstTiles is Burst for tiles, where they are Available.
func BurstTiles(rounds int) float64 { return kernel.BurstTiles(rounds) }

// Burst multiplies and adds in registers, as fast as a kernel can, and returns
// how many operations that were.
func Burst(kernelName string, rounds int) float64 { return kernel.Burst(kernelName, rounds) }
