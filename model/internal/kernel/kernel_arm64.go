//go:build !purego

package kernel

// hasVectors is true: every arm64 processor has NEON.
func hasVectors() bool { return true }

// Survey says which implementations run here, the best first.
func Survey() []Finding {
	return []Finding{{"avx512", Foreign}, {"avx2", Foreign}, {"neon", Available}, {"go", Available}}
}

// burst returns the function that does Burst for a kind, and its operations a round.
func burst(kind string) (f func(rounds int), perRound float64) {
	if kind == "neon" {
		return burstNEON, 2 * 24 * 4
	}
	return nil, 0
}

var tilesNEON = []tile{{6, 16, tile6x16NEON}, {12, 8, tile12x8NEON}, {4, 24, tile4x24NEON}}

// tiles returns the tiles of a kind, the ones that stream weights best first.
func tiles(kind string) []tile {
	if kind == "neon" {
		return tilesNEON
	}
	return plainTiles
}
