package tensor

// An Arena lends slices and takes all of them back at once. It serves one goroutine at
// a time.
type Arena struct {
	lent, free [][]float32
}

// Take returns a slice of n numbers, whatever they are: the smallest free one
// that is long enough and not wastefully so. Where there is none, a new one takes the
// place of the longest that is too short.
func (a *Arena) Take(n int) []float32 {
	best, short := -1, -1
	for i, b := range a.free {
		switch {
		case cap(b) < n:
			if short < 0 || cap(b) > cap(a.free[short]) {
				short = i
			}
		case cap(b) <= 2*n+64 && (best < 0 || cap(b) < cap(a.free[best])):
			best = i
		}
	}
	var b []float32
	if best < 0 {
		best = short
		b = make([]float32, n)
	} else {
		b = a.free[best][:n]
	}
	if best >= 0 {
		last := len(a.free) - 1
		a.free[best] = a.free[last]
		a.free[last] = nil
		a.free = a.free[:last]
	}
	a.lent = append(a.lent, b)
	return b
}

// Give takes back b early. What was not lent stays with its owner.
func (a *Arena) Give(b []float32) {
	for i, l := range a.lent {
		if len(l) > 0 && len(b) > 0 && &l[0] == &b[0] {
			a.free = append(a.free, l)
			last := len(a.lent) - 1
			a.lent[i] = a.lent[last]
			a.lent = a.lent[:last]
			return
		}
	}
}

// Reset takes all back.
func (a *Arena) Reset() {
	a.free = append(a.free, a.lent...)
	a.lent = a.lent[:0]
}

// Lent returns how many slices are lent.
func (a *Arena) Lent() int { return len(a.lent) }
