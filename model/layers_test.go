package model

import (
	"math"
	"testing"

	"sieve/model/tensor"
)

// TestLayersAddUp compares what is said of layers with the network that is built: numbers learned, and the size of
// the latent and of the result.
func TestLayersAddUp(t *testing.T) {
	for _, change := range []func(s *Spec){
		func(s *Spec) {}, func(s *Spec) { s.Patch = 2 }, func(s *Spec) { s.Blocks = 1; s.Up = "nearest" },
		func(s *Spec) { s.Skips = true; s.Patch = 2 }, func(s *Spec) { s.Bottleneck = "variational" },
		func(s *Spec) { s.Body, s.Patch, s.Depth = "linear", 8, 0 },
		func(s *Spec) { s.Body, s.Depth, s.Width, s.Latent, s.Output = "unet", 2, 16, 32, "residual" },
		func(s *Spec) { s.Body, s.Depth, s.Width, s.Latent, s.Bottleneck = "shuffle", 4, 16, 32, "quantised" },
		func(s *Spec) { s.Body, s.Bottleneck, s.Width, s.Latent = "recurrent", "binary", 8, 4 },
	} {
		s := DefaultSpec()
		s.Crop = 32
		change(&s)
		m, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		params, seen := 0, false
		layers := s.Layers(30, 64)
		for i, l := range layers {
			params += l.Params
			parts, inside, work := s.Parts(30, 64, i), 0, int64(0)
			for _, p := range parts {
				inside, work = inside+p.Params, work+p.MACs
			}
			if l.Kind == "loop" {
				work *= int64(s.Passes)
			}
			if inside != l.Params || work != l.MACs || l.Params > 0 && l.Kind != "latent" && l.MACs == 0 {
				t.Errorf("%s, layer %d: %d numbers and %d multiply-adds, its parts %d and %d", s.Body, i, l.Params, l.MACs, inside, work)
			}
			if last := parts[len(parts)-1]; l.Kind == "loop" != (len(parts) > 2) || l.Decoder != last.Decoder || l.H != last.H || l.W != last.W {
				t.Errorf("%s, layer %d, %+v, ends with %+v", s.Body, i, l, last)
			}
			if l.Kind == "latent" {
				seen = true
				z, err := m.Features(t.Context(), tensor.New(1, 30, 64, s.Channels), 0, nil)
				if err != nil {
					t.Fatal(err)
				}
				if _, h, w, c := z.Dims4(); l.H != h || l.W != w || l.C != c {
					t.Errorf("%s: the latent is %d × %d × %d, and %d × %d × %d is said", s.Body, w, h, c, l.W, l.H, l.C)
				}
			}
		}
		if params != m.Count() || !seen {
			t.Errorf("%s %s: layers have %d numbers, the model %d", s.Body, s.Bottleneck, params, m.Count())
		}
		if last := layers[len(layers)-1]; last.H != (30+s.Cell()-1)/s.Cell()*s.Cell() || last.W != 64 || last.C != s.Channels {
			t.Errorf("%s: the last layer gives %d × %d × %d", s.Body, last.W, last.H, last.C)
		}
	}
}

// TestFlowsAreThoseOfTheLayers sums the gradients of a step over layers and compares with the length of all.
func TestFlowsAreThoseOfTheLayers(t *testing.T) {
	s := small()
	tr := trainer(t, s)
	if _, err := tr.Step(); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	flows := tr.Flows(s.Crop, s.Crop)
	for i, l := range s.Layers(s.Crop, s.Crop) {
		if (l.Params > 0) != (flows[i].Gradient > 0 && flows[i].Weight > 0) {
			t.Errorf("%s with %d numbers flows %+v", l.Kind, l.Params, flows[i])
		}
		sum += float64(l.Params) * flows[i].Gradient * flows[i].Gradient
	}
	if norm := tr.opt.Norm(); math.Abs(math.Sqrt(sum)-norm) > 1e-6*norm {
		t.Errorf("the gradients of layers have a length of %g, all together %g", math.Sqrt(sum), norm)
	}
}
