package tensor

import "testing"

// TestReshapeSharesCloneDoesNot writes through both.
func TestReshapeSharesCloneDoesNot(t *testing.T) {
	x := New(2, 3)
	view, copied := x.Reshape(3, 2), x.Clone()
	x.Data[4] = 7
	if view.Data[4] != 7 || copied.Data[4] != 0 {
		t.Errorf("view holds %g, want 7; clone holds %g, want 0", view.Data[4], copied.Data[4])
	}
}

// TestMisusePanics asks for what cannot be.
func TestMisusePanics(t *testing.T) {
	for name, f := range map[string]func(){
		"negative": func() { New(2, -1) },
		"reshape":  func() { New(2, 3).Reshape(4) },
		"not four": func() { New(2, 3).Dims4() },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}
