package model

import (
	"math"
	"testing"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// TestContextBeginsAsNothing gives a context to a model that has none: until it learns,
// pictures look the same and cost the same.
func TestContextBeginsAsNothing(t *testing.T) {
	m := coder(t, func(s *Spec) { s.Latent, s.Context = 24, false })
	s := m.Spec
	s.Context = true
	tr, err := NewTrainer(s, waves{s.Crop}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Begin(m); err != nil {
		t.Fatal(err)
	}
	if got, want := len(collect(tr.Model().Params())), len(collect(m.Params()))+4*6-2+2*6; got != want {
		t.Errorf("%d tensors, want %d", got, want)
	}
	x := picture(72, 88)
	says := func(m *Model) (price, distortion float64) {
		y, _ := m.encode(nil, nn.Const(x))
		z, cost := m.bottleneck.Code(nil, y, 0.7, nil)
		return float64(cost.Val.Data[0]), metricMSE(m.decode(nil, z, skips{}).Val, x)
	}
	price, distortion := says(m)
	gotPrice, gotDistortion := says(tr.Model())
	if math.Abs(gotPrice/price-1) > 1e-3 || math.Abs(gotDistortion/distortion-1) > 1e-3 {
		t.Errorf("price %g and distortion %g, without context %g and %g", gotPrice, gotDistortion, price, distortion)
	}
	plain, err := NewTrainer(m.Spec, waves{s.Crop}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := plain.Begin(tr.Model()); err == nil {
		t.Error("a context is lost without a word")
	}
}

// TestQualitiesStartWhereTheyCostAsMuch begins with a wider range of prices: a price finds
// the gains that it has had, and beyond the old range they go on.
func TestQualitiesStartWhereTheyCostAsMuch(t *testing.T) {
	m := coder(t, nil)
	q := m.bottleneck.(*quantised)
	for i := range q.gain.Val.Data { // something that is linear in the logarithm of the price
		q.gain.Val.Data[i] = float32(i/12) + 0.1*float32(i%12)
	}
	s := m.Spec
	s.Lambda, s.Range = s.Lambda/10, s.Range*100
	tr, err := NewTrainer(s, waves{s.Crop}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Begin(m); err != nil {
		t.Fatal(err)
	}
	wide := tr.Model().bottleneck.(*quantised)
	for quality := range 11 {
		at := float32(quality) / 10
		got := nn.Between(nil, nn.Const(wide.gain.Val), at).Val.Data
		for i, v := range got {
			// The old range is the middle half of the new one.
			if want := (at-0.25)*2*(anchors-1) + 0.1*float32(i); math.Abs(float64(v-want)) > 1e-3 {
				t.Errorf("quality %g, channel %d: %g, want %g", at, i, v, want)
			}
		}
	}
}

// TestGroups checks that groups hold every channel once, whatever their number.
func TestGroups(t *testing.T) {
	for _, latent := range []int{1, 2, 3, 8, 23, 24, 192, 512} {
		s := DefaultSpec()
		s.Latent = latent
		for _, s.Context = range []bool{false, true} {
			at := 0
			for _, g := range s.groups() {
				if g.first != at || g.last <= at {
					t.Errorf("%d channels: %v", latent, s.groups())
				}
				at = g.last
			}
			if at != latent {
				t.Errorf("%d channels: %v", latent, s.groups())
			}
		}
	}
}

// TestMissingCellsAreBetweenTheirNeighbours: of a latent of which every second cell is
// there, the others follow.
func TestMissingCellsAreBetweenTheirNeighbours(t *testing.T) {
	c := codec(t, coder(t, func(s *Spec) { s.Latent = 24 }))
	b := &block{Codec: c, h: 4, w: 4, numbers: make([]int32, 24*16), there: make([]bool, 24*16)}
	y := tensor.New(1, 4, 4, 24)
	for i := range 16 {
		if (i/4+i%4)%2 == 0 {
			b.there[i] = true
			y.Data[i*24] = 3
		}
	}
	b.conceal(y)
	for i := range 16 {
		if y.Data[i*24] != 3 || y.Data[i*24+1] != 0 {
			t.Errorf("cell %d: %g and %g, want 3 and 0", i, y.Data[i*24], y.Data[i*24+1])
		}
	}
}
