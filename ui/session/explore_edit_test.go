package session

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"sieve/model/tensor"
)

// latentOf is a latent of random numbers.
func latentOf(h, w, c int) *tensor.Tensor {
	rng := rand.New(rand.NewPCG(3, 4))
	z := tensor.New(1, h, w, c)
	for i := range z.Data {
		z.Data[i] = float32(rng.NormFloat64()) * float32(1+i%c)
	}
	return z
}

func TestEveryEditIsTakenBackAndDoneAgain(t *testing.T) {
	e := newEditable(latentOf(9, 12, 5))
	other := latentOf(4, 6, 5)
	edits := []func(){
		func() { e.each([]int{2}, e.whole(), func(_, _, _ int, v float32) float32 { return 0 }) },
		func() { e.each([]int{1}, e.whole(), func(_, _, _ int, v float32) float32 { return -v }) },
		func() {
			e.begin()
			for i := range 5 {
				e.stroke(3, 2+float64(i)/2, 4, 3+float64(i)/2, 4, 1.5, func(_, _ int, _ float32) float32 { return 7 })
			}
			e.end()
		},
		func() { e.move(image.Rect(1, 1, 5, 4), image.Pt(3, 2), false) },
		func() { e.move(image.Rect(0, 0, 3, 3), image.Pt(-1, 8), true) },
		func() { e.take(other, image.Rect(6, 2, 11, 8)) },
		func() { e.set(Dials{Bits: 3}) },
		func() { e.set(Dials{Noise: 0.5, Strongest: 2, Directions: 2}) },
		func() {
			e.each([]int{4}, e.whole(), func(_, x, y int, v float32) float32 { return 2*v + float32(x-y) })
		},
		func() { e.reset() },
	}
	var states [][]float32
	snap := func() []float32 { return append(slices.Clone(e.z.Data), e.now.Data...) }
	states = append(states, snap())
	for i, f := range edits {
		f()
		states = append(states, snap())
		if slices.Equal(states[i], states[i+1]) {
			t.Errorf("edit %d has changed nothing", i)
		}
		if len(e.past) != i+1 {
			t.Fatalf("after edit %d there are %d steps", i, len(e.past))
		}
	}
	for range 2 {
		for i := len(edits); i > 0; i-- {
			if e.undo(); !slices.Equal(snap(), states[i-1]) {
				t.Errorf("edit %d is not taken back", i-1)
			}
		}
		if !e.undo().Empty() {
			t.Error("there is something to take back before the first edit")
		}
		for i := range edits {
			if e.redo(); !slices.Equal(snap(), states[i+1]) {
				t.Errorf("edit %d is not done again", i)
			}
		}
	}
	e.undo()
	e.change(0, e.whole(), func(_, _ int, v float32) float32 { return v + 1 })
	if !e.redo().Empty() {
		t.Error("after another edit the old future is still there")
	}
}

func TestAnEditReportsWhatItChanged(t *testing.T) {
	for _, d := range []Dials{{}, {Noise: 0.1}, {Bits: 4, Directions: 3}, {Strongest: 2}} {
		e := newEditable(latentOf(16, 16, 4))
		e.set(d)
		before := e.now.Clone()
		dirty := e.stroke(1, 5.5, 6.5, 5.5, 6.5, 2, func(_, _ int, _ float32) float32 { return 100 })
		if dirty.Empty() || dirty.Dx() > 5 || dirty.Dy() > 5 {
			t.Errorf("%+v: a dab of 2 cells has changed %v", d, dirty)
		}
		for i := range before.Data {
			at := image.Pt(i/4%16, i/64)
			if before.Data[i] != e.now.Data[i] && !at.In(dirty) {
				t.Fatalf("%+v: cell %v has changed and is not in %v", d, at, dirty)
			}
		}
	}
}

func TestDials(t *testing.T) {
	e := newEditable(latentOf(20, 20, 4))
	e.set(Dials{Bits: 2})
	for c := range 4 {
		seen := map[float32]bool{}
		for i := c; i < len(e.now.Data); i += 4 {
			seen[e.now.Data[i]] = true
		}
		if len(seen) > 4 || len(seen) < 3 {
			t.Errorf("channel %d has %d values in 2 bits", c, len(seen))
		}
	}
	e.set(Dials{Strongest: 1}) // the last has the greatest spread
	for i, v := range e.now.Data {
		if (i%4 == 3) != (v != 0) {
			t.Fatalf("channel %d holds %g where only the strongest is kept", i%4, v)
		}
	}
	lost := func(d Dials) (sum float64) {
		e.set(d)
		for i, v := range e.now.Data {
			sum += math.Pow(float64(v-e.was.Data[i]), 2)
		}
		return sum
	}
	one, three, all := lost(Dials{Directions: 1}), lost(Dials{Directions: 3}), lost(Dials{})
	if !(one > three && three > 0) || all != 0 {
		t.Errorf("1, 3 and all directions lose %g, %g and %g", one, three, all)
	}
	if a, b := lost(Dials{Noise: 0.1}), lost(Dials{Noise: 0.2}); math.Abs(b/a-4) > 1e-3 {
		t.Errorf("twice the noise has %g times the power, want 4", b/a)
	}
	e.set(Dials{Bits: 4, Strongest: 2})
	if got := e.bits(); got != 20*20*2*4 {
		t.Errorf("2 of 4 channels at 4 bits take %g bits", got)
	}
}

func TestALatentOfOneCellHasNoDirections(t *testing.T) {
	e := newEditable(latentOf(1, 1, 8))
	e.set(Dials{Directions: 2})
	if !slices.Equal(e.now.Data, e.was.Data) {
		t.Error("a single cell was projected")
	}
}
