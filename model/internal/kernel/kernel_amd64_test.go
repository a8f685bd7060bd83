//go:build !purego

package kernel

import "testing"

// TestStates tells what cannot be used from what is not there.
func TestStates(t *testing.T) {
	for _, test := range []struct {
		usable, there bool
		want          string
	}{{true, true, Available}, {false, true, SwitchedOff}, {false, false, Missing}} {
		if got := state(test.usable, test.there); got != test.want {
			t.Errorf("usable %v, there %v: %q, want %q", test.usable, test.there, got, test.want)
		}
	}
	if hasAVX2() && !processorHas(7, 1<<5) {
		t.Error("AVX2 can be used, but the processor says that it has none")
	}
	if processorHas(1<<30, 1) {
		t.Error("the processor has a bit of a leaf that there is not")
	}
}
