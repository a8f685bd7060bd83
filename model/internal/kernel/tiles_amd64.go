//go:build !purego

package kernel

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// hasHalves tells whether vectors can be rounded to bf16.
func hasHalves() bool {
	return cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512BF16
}

// Tiles says whether bf16 is multiplied in tiles here: AMX, since 2023 in processors of servers.
// Asking makes the system give the process room for them.
var Tiles = sync.OnceValue(func() string {
	const tile, bf16 = 1 << 24, 1 << 22
	if highest, _ := cpuid(0); highest < 7 {
		return Missing
	}
	if _, edx := cpuidCount(7, 0); edx&tile == 0 || edx&bf16 == 0 {
		return Missing
	}
	const states = 3 << 17 // of tiles and their configuration, that the system saves
	if !hasHalves() || !cpu.X86.HasOSXSAVE || xgetbv()&states != states || !allowTiles() {
		return SwitchedOff
	}
	return Available
})

func tileConvAMX(nj int, w *tileCall) {
	first := (**byte)(unsafe.Pointer(w))
	if nj == 1 {
		tileConv1AMX(first)
	} else {
		tileConv2AMX(first)
	}
}

func tileSumsAMX(mi, nj int, w *sumCall) {
	first := (**byte)(unsafe.Pointer(w))
	switch 2*mi + nj {
	case 3:
		tileSums1x1AMX(first)
	case 4:
		tileSums1x2AMX(first)
	case 5:
		tileSums2x1AMX(first)
	default:
		tileSums2x2AMX(first)
	}
}

func reluGradRoundAsm(dst *uint16, sums, dy, y *float32, slope float32, cols, rows, ld int) {
	switch {
	case cols > 32:
		reluGradRound4Asm(dst, sums, dy, y, slope, cols, rows, ld)
	case cols > 16:
		reluGradRound2Asm(dst, sums, dy, y, slope, cols, rows, ld)
	default:
		reluGradRound1Asm(dst, sums, dy, y, slope, cols, rows, ld)
	}
}

func halfGradAsm(dst *uint16, sums *float32, dy, y *uint16, slope float32, cols, rows, ld int) {
	switch {
	case cols > 32:
		halfGrad4Asm(dst, sums, dy, y, slope, cols, rows, ld)
	case cols > 16:
		halfGrad2Asm(dst, sums, dy, y, slope, cols, rows, ld)
	default:
		halfGrad1Asm(dst, sums, dy, y, slope, cols, rows, ld)
	}
}

func sumHalvesAsm(sums *float32, y *uint16, cols, rows, ld int) {
	switch {
	case cols > 32:
		sumHalves4Asm(sums, y, cols, rows, ld)
	case cols > 16:
		sumHalves2Asm(sums, y, cols, rows, ld)
	default:
		sumHalves1Asm(sums, y, cols, rows, ld)
	}
}

func normGradHalvesAsm(dn *uint16, sums *float32, dy, x, r *uint16, inverse bool, cols, rows, ld int) {
	switch {
	case cols > 32 && inverse:
		normGradHalvesInverse4Asm(dn, sums, dy, x, r, cols, rows, ld)
	case cols > 32:
		normGradHalves4Asm(dn, sums, dy, x, r, cols, rows, ld)
	case cols > 16 && inverse:
		normGradHalvesInverse2Asm(dn, sums, dy, x, r, cols, rows, ld)
	case cols > 16:
		normGradHalves2Asm(dn, sums, dy, x, r, cols, rows, ld)
	case inverse:
		normGradHalvesInverse1Asm(dn, sums, dy, x, r, cols, rows, ld)
	default:
		normGradHalves1Asm(dn, sums, dy, x, r, cols, rows, ld)
	}
}

// BurstTiles is Burst for tiles, where they are Available.
func BurstTiles(rounds int) float64 {
	burstAMX(&tilesConfig[0], rounds)
	return 4 * 2 * 16 * 16 * 32 * float64(rounds)
}
