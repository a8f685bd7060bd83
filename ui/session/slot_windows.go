package session

import (
	"os"

	"golang.org/x/sys/windows"
)

// lock takes the lock on a file unless another program has it. Where a file
// system knows no locks, everybody gets it.
func lock(f *os.File) bool {
	const all = ^uint32(0)
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, all, all, new(windows.Overlapped))
	return err != windows.ERROR_LOCK_VIOLATION && err != windows.ERROR_IO_PENDING
}
