//go:build linux || darwin

package session

import (
	"runtime"
	"syscall"
)

// peakMemory returns the most memory that this program has had, in MiB.
func peakMemory() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" { // which counts bytes
		return float64(u.Maxrss) / (1 << 20)
	}
	return float64(u.Maxrss) / (1 << 10)
}
