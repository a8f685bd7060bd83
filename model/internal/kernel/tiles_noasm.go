//go:build !amd64 || purego

package kernel

import "runtime"

func hasHalves() bool { return false }

// Tiles says whether bf16 is multiplied in tiles here.
func Tiles() string {
	if runtime.GOARCH == "amd64" {
		return LeftOut
	}
	return Foreign
}

// BurstTiles is Burst for tiles, where they are Available.
func BurstTiles(int) float64 { panic("kernel: no tiles") }

func roundAsm(dst *uint16, src *float32, n int)                        {}
func widenAsm(dst *float32, src *uint16, n int)                        {}
func addHalvesAsm(z, x, y *uint16, n int)                              {}
func weaveAsm(dst, src *uint16, pitch, pairs, blocks int)              {}
func turnAsm(dst *uint16, ldd int, src *uint16, lds, blocks int)       {}
func squareAsm(y, x *uint16, n int)                                    {}
func normaliseHalvesAsm(y, r, x *uint16, norms *float32, n int)        {}
func normaliseHalvesInverseAsm(y, r, x *uint16, norms *float32, n int) {}
func normaliseGradHalvesAsm(dy, r, x *uint16, s *float32, n int)       {}
func normGradHalvesAsm(dn *uint16, sums *float32, dy, x, r *uint16, inverse bool, cols, rows, ld int) {
}
func tileConvAMX(nj int, w *tileCall)    {}
func tileSumsAMX(mi, nj int, w *sumCall) {}

func reluGradRoundAsm(dst *uint16, sums, dy, y *float32, slope float32, cols, rows, ld int)    {}
func halfGradAsm(dst *uint16, sums *float32, dy, y *uint16, slope float32, cols, rows, ld int) {}

func sumHalvesAsm(sums *float32, y *uint16, cols, rows, ld int) {}
