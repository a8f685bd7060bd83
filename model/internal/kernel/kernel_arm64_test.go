//go:build !purego

package kernel

import "testing"

// TestNEONIsTested states that the tests of all kinds are tests of NEON here.
func TestNEONIsTested(t *testing.T) {
	if got := Kinds()[0]; got != "neon" {
		t.Errorf("the best kernel of an arm64 processor is %q, want neon", got)
	}
}
