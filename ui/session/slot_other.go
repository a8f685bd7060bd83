//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package session

import "os"

// lock gives the lock to everybody: there are none here.
func lock(*os.File) bool { return true }
