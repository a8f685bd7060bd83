//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// Kinds lists the implementations that this machine can run, best first: the
// names that NewScratch takes.
func Kinds() []string {
	kinds := []string{"go"}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		kinds = append([]string{"avx2"}, kinds...)
		if cpu.X86.HasAVX512F {
			kinds = append([]string{"avx512"}, kinds...)
		}
	}
	return kinds
}

// tiles returns the tiles of a kind, narrow ones first; of the best kind when none is
// named.
func tiles(kind string) []tile {
	avx2 := cpu.X86.HasAVX2 && cpu.X86.HasFMA
	switch {
	case kind == "avx512" || kind == "" && avx2 && cpu.X86.HasAVX512F:
		return []tile{{24, 16, tile24x16AVX512}, {8, 32, tile8x32AVX512}, {6, 64, tile6x64AVX512}}
	case kind == "avx2" || kind == "" && avx2:
		return []tile{{12, 8, tile12x8AVX2}, {6, 16, tile6x16AVX2}}
	}
	return []tile{plain}
}
