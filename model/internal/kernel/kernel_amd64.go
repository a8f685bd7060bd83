//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

func hasAVX2() bool   { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }
func hasAVX512() bool { return hasAVX2() && cpu.X86.HasAVX512F }

// hasVectors tells whether the elementwise loops run in vectors.
func hasVectors() bool { return hasAVX2() }

// Survey says which implementations run here, the best first.
func Survey() []Finding {
	return []Finding{
		{"avx512", state(hasAVX512(), hasAVX2() && processorHas(7, 1<<16))},
		{"avx2", state(hasAVX2(), processorHas(7, 1<<5))},
		{"neon", Foreign},
		{"go", Available},
	}
}

// state tells from whether something can be used and whether the processor has it.
func state(usable, there bool) string {
	switch {
	case usable:
		return Available
	case there:
		return SwitchedOff
	}
	return Missing
}

// processorHas asks the processor itself for a bit of EBX, where package cpu
// tells what the system lets programs use.
func processorHas(leaf, bit uint32) bool {
	highest, _ := cpuid(0)
	if highest < leaf {
		return false
	}
	_, ebx := cpuid(leaf)
	return ebx&bit != 0
}

// burst returns the function that does Burst for a kind, and its operations a round.
func burst(kind string) (f func(rounds int), perRound float64) {
	switch kind {
	case "avx512":
		return burstAVX512, 2 * 24 * 16
	case "avx2":
		return burstAVX2, 2 * 12 * 8
	}
	return nil, 0
}

var (
	tilesAVX512 = []tile{{8, 32, tile8x32AVX512}, {16, 16, tile16x16AVX512}, {4, 48, tile4x48AVX512}, {6, 64, tile6x64AVX512}, {7, 32, tile7x32AVX512}, {14, 16, tile14x16AVX512}, {7, 16, tile7x16AVX512}}
	tilesAVX2   = []tile{{6, 16, tile6x16AVX2}, {12, 8, tile12x8AVX2}, {4, 24, tile4x24AVX2}}
)

// tiles returns the tiles of a kind, the ones that stream weights best first.
func tiles(kind string) []tile {
	switch kind {
	case "avx512":
		return tilesAVX512
	case "avx2":
		return tilesAVX2
	}
	return plainTiles
}
