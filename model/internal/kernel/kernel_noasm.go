//go:build !amd64 || purego

package kernel

// Kinds lists the implementations that this machine can run, best first: the
// names that NewScratch takes.
func Kinds() []string { return []string{"go"} }

func tiles(string) []tile { return []tile{plain} }
