//go:build amd64 && !purego

package kernel

import "syscall"

// allowTiles asks the system for room for tiles, once a process: ARCH_REQ_XCOMP_PERM of
// arch_prctl, which systems before Linux 5.16 do not know.
func allowTiles() bool {
	const request, tileData = 0x1023, 18
	_, _, e := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, request, tileData, 0)
	return e == 0
}
