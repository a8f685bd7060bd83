//go:build amd64 && !linux && !purego

package kernel

// allowTiles: other systems are not known to give programs room for tiles on request.
func allowTiles() bool { return false }
