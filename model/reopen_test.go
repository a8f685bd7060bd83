package model

import (
	"math/rand/v2"
	"slices"
	"testing"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// TestShutChannelsAreReopened shuts a channel of a residual block. It stays shut until it is reopened, which
// changes nothing of what the network makes; then it learns again, and the others have not noticed.
func TestShutChannelsAreReopened(t *testing.T) {
	for _, optimiser := range []string{"adam", "muon"} {
		s := small()
		s.Blocks, s.Activation, s.Optimiser, s.Average, s.Check = 1, "relu", optimiser, 0.9, 1_000_000
		tr := trainer(t, s)
		x, _ := waves{s.Crop}.Batch(rand.New(rand.NewPCG(1, 2)), 4)
		const shut, open = 1, 2
		h := tr.hiddens()[0]
		tr.both(h.b, func(b *tensor.Tensor) { b.Data[shut] = -1000 })
		moment := func(c int) float32 { return tr.opt.M[h.b].Data[c] }
		take := func(steps int) {
			for range steps {
				if _, err := tr.Step(); err != nil {
					t.Fatal(err)
				}
			}
		}
		column := func(p *nn.Param, c int) (all []float32) {
			for i := c; i < len(p.Val.Data); i += len(tr.params[h.b].Val.Data) {
				all = append(all, p.Val.Data[i])
			}
			return all
		}
		take(shutFor)
		if moment(shut) != 0 || moment(open) == 0 {
			t.Fatalf("%s: moments are %g in the shut channel and %g in the open one", optimiser, moment(shut), moment(open))
		}
		create := func(m *Model) []float32 {
			y, err := m.Reconstruct(t.Context(), x, 0, nil)
			if err != nil {
				t.Fatal(err)
			}
			return y.Data
		}
		made, averaged := create(tr.m.Clone()), create(tr.Model())
		was := column(h.in.W, open)
		tr.reopen()
		if !slices.Equal(made, create(tr.m.Clone())) || !slices.Equal(averaged, create(tr.Model())) {
			t.Errorf("%s: what the network makes has changed", optimiser)
		}
		if !slices.Equal(was, column(h.in.W, open)) {
			t.Errorf("%s: an open channel has other weights", optimiser)
		}
		if b := tr.params[h.b].Val.Data[shut]; b != 0 {
			t.Errorf("%s: the bias of the shut channel is %g", optimiser, b)
		}
		take(20)
		if moment(shut) == 0 {
			t.Errorf("%s: the channel is still shut", optimiser)
		}
		tr.opt.Forget() // as Revert does: now no moment tells anything
		was = column(h.in.W, open)
		tr.reopen()
		if !slices.Equal(was, column(h.in.W, open)) {
			t.Errorf("%s: an open channel has been reopened, since the optimiser has forgotten it", optimiser)
		}
	}
}
