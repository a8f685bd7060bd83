package model

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"sieve/model/metric"
	"sieve/model/nn"
	"sieve/model/tensor"
)

// TestSumsAreTheTensors adds up what every kind of convolution does, at edges and inside.
func TestSumsAreTheTensors(t *testing.T) {
	everyKind(t, func(t *testing.T, m *Model) {
		x := noisy(43, 50, m.Spec.Channels, 3)
		seen := 0
		for i, l := range m.Spec.Layers(43, 50) {
			for part := range 2 {
				v, err := m.Watch(t.Context(), x, 0.1, i, part, Rect{})
				if errors.Is(err, ErrWatch) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if v.Out.Shape[1] != l.H || v.Out.Shape[2] != l.W || v.Out.Shape[3] != l.C {
					t.Fatalf("layer %d, %s: is %v, listed as %d×%d×%d", i, l.Kind, v.Out.Shape, l.H, l.W, l.C)
				}
				small, err := m.Watch(t.Context(), x, 0.1, i, part, Rect{l.H / 2, l.W / 2, l.H/2 + 1, l.W/2 + 1})
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range [][2]int{{0, 0}, {l.H - 1, l.W - 1}, {l.H / 2, l.W / 2}, {l.H / 3, 0}, {0, l.W / 2}} {
					for c := 0; c < l.C; c += 7 {
						s, ok := v.At(p[0], p[1], c)
						if !ok {
							continue
						}
						var scale float64
						for _, tap := range s.Taps {
							scale += math.Abs(float64(tap.Product))
						}
						if off := math.Abs(float64(s.Active + s.Plus - s.Out)); off > 1e-5*(1+scale) {
							t.Fatalf("layer %d, %s, part %d, at %v, %d: %g + %g is not %g", i, l.Kind, part, p, c, s.Active, s.Plus, s.Out)
						}
						seen++
						if p != [2]int{l.H / 2, l.W / 2} {
							continue
						}
						if one, _ := small.At(p[0], p[1], c); one.Out != s.Out || !slices.Equal(one.Taps, s.Taps) {
							t.Fatalf("layer %d, %s: a window has other numbers", i, l.Kind)
						}
					}
				}
			}
		}
		if m.loop == nil && seen == 0 {
			t.Error("nothing to be watched")
		}
	})
}

// TestWithoutIsWithout switches parts off, and compares with what a model makes of pictures
// when their numbers are changed by hand.
func TestWithoutIsWithout(t *testing.T) {
	everyKind(t, func(t *testing.T, m *Model) {
		x := noisy(40, 48, m.Spec.Channels, 3)
		look := func(m *Model) (z, y *tensor.Tensor) {
			z, y, err := m.Look(t.Context(), x, 0.1, nil)
			if err != nil {
				t.Fatal(err)
			}
			return z, y
		}
		wasZ, was := look(m)
		layers := m.Spec.Layers(40, 48)
		var latent int
		for i, l := range layers {
			if l.Kind == "latent" {
				latent = i
			}
		}
		c, n := m.Spec.Numbers()-1, m.Spec.Numbers()
		off, err := m.Without(Lesion{latent, c}, Lesion{latent, 0})
		if err != nil {
			t.Fatal(err)
		}
		z, y := look(off)
		for i, v := range z.Data {
			if (i%n == c || i%n == 0) && v != 0 {
				t.Fatal("a channel of the latent is there")
			}
			if m.loop == nil && i%n != c && i%n != 0 && v != wasZ.Data[i] {
				t.Fatal("another channel of the latent has changed")
			}
		}
		o, err := m.Open(t.Context(), x, 0.1, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		made := tensor.New(x.Shape...)
		if _, err := o.Decode(t.Context(), z, Rect{0, 0, 40, 48}, made, nil); err != nil {
			t.Fatal(err)
		}
		if d := math.Sqrt(metric.MSE(made, y)); d > 1e-5 {
			t.Errorf("without channels of the latent: off by %g", d)
		}
		for i, l := range layers {
			if l.Kind == "latent" || l.Params == 0 || l.Kind == "loop" {
				continue
			}
			off, err := m.Without(Lesion{i, l.C - 1})
			if err != nil {
				t.Fatal(err)
			}
			for part := range 2 {
				v, err := off.Watch(t.Context(), x, 0.1, i, part, Rect{})
				if err != nil || l.Kind == "residual" && part == 0 {
					continue
				}
				zero := tensor.New(1, 1, 1, 1)
				if v.act != nil {
					zero = v.act.Forward(nil, nn.Const(zero)).Val
				}
				for k := l.C - 1; k < len(v.Out.Data); k += l.C {
					want := zero.Data[0]
					if v.plus != nil {
						want += v.plus.Data[k]
					}
					if v.Out.Data[k] != want {
						t.Fatalf("layer %d, %s: a filter that is off says %g", i, l.Kind, v.Out.Data[k])
					}
				}
			}
			whole, err := m.Without(Lesion{i, WholeLayer})
			if err != nil {
				t.Fatal(err)
			}
			if _, y := look(whole); slices.Equal(y.Data, was.Data) {
				t.Errorf("layer %d, %s, is off and nothing has changed", i, l.Kind)
			}
			v, err := whole.Watch(t.Context(), x, 0.1, i, 1, Rect{})
			if l.Kind == "residual" && (err != nil || !slices.Equal(v.Out.Data, v.plus.Data)) {
				t.Errorf("layer %d: a block that is off changes what comes in: %v", i, err)
			}
		}
		if _, y := look(m); !slices.Equal(y.Data, was.Data) {
			t.Error("the model itself has changed")
		}
		if _, err := m.Without(Lesion{0, 0}); !errors.Is(err, ErrLesion) {
			t.Errorf("the picture is switched off: %v", err)
		}
		if _, err := m.Without(Lesion{latent, n}); !errors.Is(err, ErrLesion) {
			t.Errorf("a channel that is none is switched off: %v", err)
		}
	})
}

// TestWorthIsWhatIsLost compares with decoding latents without each channel.
func TestWorthIsWhatIsLost(t *testing.T) {
	everyKind(t, func(t *testing.T, m *Model) {
		x, clean := noisy(40, 48, m.Spec.Channels, 3), noisy(40, 48, m.Spec.Channels, 4)
		o, err := m.Open(t.Context(), x, 0.1, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []*tensor.Tensor{nil, clean} {
			next := 0
			got, err := m.Worth(t.Context(), x, want, 0.1, func(channel int, _ float64) {
				if channel != next {
					t.Errorf("channel %d is told of after %d", channel, next)
				}
				next++
			})
			if err != nil || len(got) != m.Spec.Numbers() {
				t.Fatal(len(got), err)
			}
			y := tensor.New(x.Shape...)
			for _, c := range []int{0, len(got) - 1} {
				z := o.Latent().Clone()
				for i := c; i < len(z.Data); i += len(got) {
					z.Data[i] = 0
				}
				if _, err := o.Decode(t.Context(), z, Rect{0, 0, 40, 48}, y, nil); err != nil {
					t.Fatal(err)
				}
				lost := metric.MSE(y, o.Made())
				if want != nil {
					lost = metric.MSE(y, want)
				}
				if math.Abs(got[c]-lost) > 1e-4*lost+1e-9 {
					t.Errorf("channel %d: %g is lost, told %g", c, lost, got[c])
				}
			}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	m, _ := New(small())
	n := 0
	got, err := m.Worth(ctx, noisy(300, 300, 1, 1), nil, 0, func(int, float64) {
		if n++; n == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(got) != 2 {
		t.Errorf("cancelled after two channels, has %d: %v", len(got), err)
	}
}

// TestPeaksAreGreatest compares with the whole of what a layer has, and cuts out what a peak
// sees: changing the rest does not change it.
func TestPeaksAreGreatest(t *testing.T) {
	everyKind(t, func(t *testing.T, m *Model) {
		var all []*tensor.Tensor
		for i := range 6 {
			all = append(all, noisy(24+8*i, 40, m.Spec.Channels, uint64(i)))
		}
		stream := func(yield func(*tensor.Tensor, error) bool) {
			for _, x := range all {
				if !yield(x, nil) {
					return
				}
			}
		}
		layers := m.Spec.Layers(40, 40)
		if peaks, err := m.Excite(t.Context(), stream, slices.IndexFunc(layers, func(l Layer) bool { return l.Kind == "latent" }), 1, nil, nil); err != nil || len(peaks) != m.Spec.Numbers() {
			t.Errorf("%d channels of the latent, want %d: %v", len(peaks), m.Spec.Numbers(), err)
		}
		for _, layer := range []int{1, len(layers) - 1} {
			told := 0
			got, err := m.Excite(t.Context(), stream, layer, 3, func(*tensor.Tensor) float64 { return 0.1 }, func(int, [][]Peak) { told++ })
			if err != nil || len(got) != layers[layer].C || told != len(all) {
				t.Fatal(len(got), told, err)
			}
			for c, peaks := range got {
				var best []float32
				for _, x := range all {
					best = append(best, greatest(t, m, x, layer, c))
				}
				slices.SortFunc(best, func(a, b float32) int { return int(math.Copysign(1, float64(b-a))) })
				taken := map[int]bool{}
				for k, p := range peaks {
					if p.Value != best[k] || taken[p.Picture] {
						t.Fatalf("layer %d, channel %d: %v, want values %v", layer, c, peaks, best)
					}
					taken[p.Picture] = true
				}
				if c >= 2 {
					break
				}
			}
		}
		if _, err := m.Excite(t.Context(), stream, len(layers), 3, nil, nil); !errors.Is(err, ErrWatch) {
			t.Errorf("a layer that is none: %v", err)
		}
	})
}

// greatest returns the greatest number of a channel of a layer.
func greatest(t *testing.T, m *Model, x *tensor.Tensor, layer, channel int) float32 {
	_, h, w, _ := x.Dims4()
	ph, pw := padded(h, w, m.Cell())
	g := m.net(ph, pw, 0.1)
	s := newSheet(g, nn.NewForms(""), true)
	at := g.ends(layer)[0]
	if err := s.build(t.Context(), g.plan(map[int]Rect{at: g.nodes[at].all()}, nil, func(i int) bool { return i == at }), sourceOf(g, x), nil); err != nil {
		t.Fatal(err)
	}
	c := g.nodes[at].c
	best := s.panes[at].data[channel]
	for i := channel; i < len(s.panes[at].data); i += c {
		best = max(best, s.panes[at].data[i])
	}
	return best
}
