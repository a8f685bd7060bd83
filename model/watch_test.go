package model

import (
	"context"
	"errors"
	"iter"
	"math"
	"math/rand/v2"
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
		for site, l := range sites(m.Spec, 43, 50) {
			v, err := m.Watch(t.Context(), x, 0.1, site, Rect{})
			if l.Kind == "picture" || l.Kind == "latent" && m.loop != nil {
				if !errors.Is(err, ErrWatch) {
					t.Errorf("%v, %s: %v", site, l.Kind, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if v.Kind != l.Kind || v.Out.Shape[1] != l.H || v.Out.Shape[2] != l.W || v.Out.Shape[3] != l.C {
				t.Fatalf("%v, %s: is %s, %v, listed as %d×%d×%d", site, l.Kind, v.Kind, v.Out.Shape, l.H, l.W, l.C)
			}
			small, err := m.Watch(t.Context(), x, 0.1, site, Rect{l.H / 2, l.W / 2, l.H/2 + 1, l.W/2 + 1})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range [][2]int{{0, 0}, {l.H - 1, l.W - 1}, {l.H / 2, l.W / 2}, {l.H / 3, 0}, {0, l.W / 2}} {
				for c := 0; c < l.C; c += 7 {
					s, ok := v.At(p[0], p[1], c)
					if ok != (l.Params > 0 && l.Kind != "latent") {
						t.Fatalf("%v, %s: it is a convolution: %v", site, l.Kind, ok)
					}
					if !ok {
						continue
					}
					var scale float64
					for _, tap := range s.Taps {
						scale += math.Abs(float64(tap.Product))
					}
					if off := math.Abs(float64(s.Active + s.Plus - s.Out)); off > 1e-5*(1+scale) {
						t.Fatalf("%v, %s, at %v, %d: %g + %g is not %g", site, l.Kind, p, c, s.Active, s.Plus, s.Out)
					}
					seen++
					if p != [2]int{l.H / 2, l.W / 2} {
						continue
					}
					if one, _ := small.At(p[0], p[1], c); one.Out != s.Out || !slices.Equal(one.Taps, s.Taps) {
						t.Fatalf("%v, %s: a window has other numbers", site, l.Kind)
					}
				}
			}
		}
		if seen == 0 {
			t.Error("nothing to be watched")
		}
		for _, none := range []Site{{Layer: -1}, {Layer: 99}, {Layer: 1, Part: 99}, {Layer: 1, Pass: m.passes()}, {Layer: 1, Pass: -1}} {
			if _, err := m.Watch(t.Context(), x, 0.1, none, Rect{}); !errors.Is(err, ErrWatch) {
				t.Errorf("%v: %v", none, err)
			}
		}
	})
}

// passes is how often a model goes over a picture.
func (m *Model) passes() int {
	if m.loop == nil {
		return 1
	}
	return m.Spec.Passes
}

// sites goes through all parts of all layers in all passes.
func sites(s Spec, h, w int) iter.Seq2[Site, Layer] {
	return func(yield func(Site, Layer) bool) {
		for i, l := range s.Layers(h, w) {
			passes := 1
			if l.Kind == "loop" {
				passes = s.Passes
			}
			for pass := range passes {
				for k, p := range s.Parts(h, w, i) {
					if !yield(Site{i, k, pass}, p) {
						return
					}
				}
			}
		}
	}
}

// TestPassesAreWhatTheyRemember goes over a picture of odd size by hand, pass by pass, and compares each part that
// one of them hands on with what is watched.
func TestPassesAreWhatTheyRemember(t *testing.T) {
	for _, bottleneck := range []string{"plain", "binary"} {
		s := recurrent()
		s.Bottleneck, s.Channels, s.Depth, s.Latent = bottleneck, 3, 3, 5
		m, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		if m, err = m.Without(Lesion{Layer: 2, Channel: s.Latent + 2}); err != nil { // of the second pass
			t.Fatal(err)
		}
		x := noisy(43, 50, 3, 3)
		whole := tensor.New(1, 48, 56, 3)
		for y := range 48 {
			mirrored(whole.Data[y*56*3:][:56*3], x, y, 0, 56)
		}
		same := func(site Site, kind string, want *tensor.Tensor) {
			t.Helper()
			v, err := m.Watch(t.Context(), x, 0, site, Rect{})
			if err != nil {
				t.Fatal(err)
			}
			if d := math.Sqrt(metric.MSE(v.Out, want)); v.Kind != kind || d > 1e-6 {
				t.Errorf("%s, %v: %s is off by %g, want %s", bottleneck, site, v.Kind, d, kind)
			}
		}
		var enc, dec memories
		y := nn.Const(middle(nil, whole.Shape))
		for pass := range s.Passes {
			missing := nn.AddScaled(nil, nn.Const(whole), -1, y)
			same(Site{1, 0, pass}, "missing", missing.Val)
			same(Site{1, 1, pass}, "conv", m.loop.first.Forward(nil, missing).Val)
			wasEnc := enc
			head := m.loop.encode(nil, missing, &enc)
			seen := m.loop.first.Forward(nil, missing)
			for i, u := range m.loop.enc {
				fresh, kept := u.Convs()
				same(Site{1, 2 + 3*i, pass}, "seen", fresh.Forward(nil, seen).Val)
				was := nn.Const(tensor.New(enc[i].Val.Shape...))
				if pass > 0 {
					was = wasEnc[i]
				}
				same(Site{1, 3 + 3*i, pass}, "kept", kept.Forward(nil, was).Val)
				same(Site{1, 4 + 3*i, pass}, "memory", enc[i].Val)
				seen = enc[i]
			}
			same(Site{1, 2 + 3*s.Depth, pass}, "conv", head.Val)
			z := m.silence(nil, m.bottleneck.Rows(nil, head), pass)
			same(Site{3, 0, pass}, "conv", m.loop.tail.Forward(nil, z).Val)
			y = nn.Add(nil, y, m.loop.decode(nil, z, &dec))
			for i, up := range m.loop.up {
				same(Site{3, 3 + 5*i, pass}, "memory", dec[i].Val)
				same(Site{3, 4 + 5*i, pass}, "conv", up.Forward(nil, dec[i]).Val)
			}
			same(Site{3, 5 * s.Depth, pass}, "made", y.Val)
			made, err := m.After(pass+1).Reconstruct(t.Context(), x, 0, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := math.Sqrt(metric.MSE(made, cutOut(y.Val, 0, 0, 43, 50))); d > 1e-6 {
				t.Errorf("%s: after pass %d the model's picture is off by %g", bottleneck, pass, d)
			}
		}
	}
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
		off, err := m.Without(Lesion{Layer: latent, Channel: c}, Lesion{Layer: latent})
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
		o, err := m.Open(t.Context(), x, 0.1, 0, nil, nil)
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
			off, err := m.Without(Lesion{Layer: i, Channel: l.C - 1})
			if err != nil {
				t.Fatal(err)
			}
			for part := range 2 {
				v, err := off.Watch(t.Context(), x, 0.1, Site{Layer: i, Part: part}, Rect{})
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
			whole, err := m.Without(Lesion{Layer: i, Channel: WholeLayer})
			if err != nil {
				t.Fatal(err)
			}
			if _, y := look(whole); slices.Equal(y.Data, was.Data) {
				t.Errorf("layer %d, %s, is off and nothing has changed", i, l.Kind)
			}
			v, err := whole.Watch(t.Context(), x, 0.1, Site{Layer: i, Part: 1}, Rect{})
			if l.Kind == "residual" && (err != nil || !slices.Equal(v.Out.Data, v.plus.Data)) {
				t.Errorf("layer %d: a block that is off changes what comes in: %v", i, err)
			}
		}
		if _, y := look(m); !slices.Equal(y.Data, was.Data) {
			t.Error("the model itself has changed")
		}
		if _, err := m.Without(Lesion{}); !errors.Is(err, ErrLesion) {
			t.Errorf("the picture is switched off: %v", err)
		}
		if _, err := m.Without(Lesion{Layer: latent, Channel: n}); !errors.Is(err, ErrLesion) {
			t.Errorf("a channel that is none is switched off: %v", err)
		}
	})
}

// TestWorthIsWhatIsLost compares with decoding latents without each channel.
func TestWorthIsWhatIsLost(t *testing.T) {
	everyKind(t, func(t *testing.T, m *Model) {
		x, clean := noisy(40, 48, m.Spec.Channels, 3), noisy(40, 48, m.Spec.Channels, 4)
		o, err := m.Open(t.Context(), x, 0.1, 0, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []*tensor.Tensor{nil, clean} {
			next := 0
			got, err := o.Worth(t.Context(), want, func(channel int, _ float64) {
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
	got, err := opened(t, m, 300, 300, 0).Worth(ctx, nil, func(int, float64) {
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
		if peaks, err := m.Excite(t.Context(), stream, Site{Layer: slices.IndexFunc(layers, func(l Layer) bool { return l.Kind == "latent" })}, 1, nil, nil); err != nil || len(peaks) != m.Spec.Numbers() {
			t.Errorf("%d channels of the latent, want %d: %v", len(peaks), m.Spec.Numbers(), err)
		}
		some := []Site{{Layer: 1}, {Layer: len(layers) - 1}}
		if m.loop != nil { // gates that see what is remembered, and what a pass hands on
			some = []Site{{1, 0, 1}, {1, 3, 2}, {1, 4, 1}, {len(layers) - 1, 4, 0}}
		}
		for _, site := range some {
			told := 0
			got, err := m.Excite(t.Context(), stream, site, 3, func(*tensor.Tensor) float64 { return 0.1 }, func(int, [][]Peak) { told++ })
			if err != nil || len(got) != m.Spec.Parts(40, 40, site.Layer)[site.Part].C || told != len(all) {
				t.Fatal(len(got), told, err)
			}
			for c, peaks := range got {
				var best []float32
				for _, x := range all {
					best = append(best, greatest(t, m, x, site, c))
				}
				slices.SortFunc(best, func(a, b float32) int { return int(math.Copysign(1, float64(b-a))) })
				taken := map[int]bool{}
				for k, p := range peaks {
					if p.Value != best[k] || taken[p.Picture] {
						t.Fatalf("%v, channel %d: %v, want values %v", site, c, peaks, best)
					}
					taken[p.Picture] = true
				}
				if c >= 2 {
					break
				}
			}
		}
		for _, none := range []Site{{Layer: len(layers)}, {}, {Layer: 1, Pass: m.passes()}} {
			if _, err := m.Excite(t.Context(), stream, none, 3, nil, nil); !errors.Is(err, ErrWatch) {
				t.Errorf("%v: %v", none, err)
			}
		}
	})
}

// greatest returns the greatest number of a channel of a site.
func greatest(t *testing.T, m *Model, x *tensor.Tensor, site Site, channel int) float32 {
	_, h, w, _ := x.Dims4()
	ph, pw := padded(h, w, m.Cell())
	g := m.net(ph, pw, 0.1)
	s := newSheet(g, nn.NewForms(""), true)
	at := g.at(site)[0]
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

// TestChannelsOfALoopAreSwitchedOff takes a channel of each part of a loop away, and looks whether it is gone in every
// pass, and whether the model that streams agrees with the one that is watched.
func TestChannelsOfALoopAreSwitchedOff(t *testing.T) {
	s := recurrent()
	s.Channels, s.Depth, s.Latent = 3, 2, 5
	m, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, p := range m.params() {
		for i := range p.Val.Data { // biases begin as nothing
			p.Val.Data[i] += float32(rng.NormFloat64()) * 0.05
		}
	}
	x := noisy(40, 48, 3, 3)
	was, err := m.Reconstruct(t.Context(), x, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	watch := func(m *Model, at Site) *tensor.Tensor {
		t.Helper()
		v, err := m.Watch(t.Context(), x, 0, at, Rect{})
		if err != nil {
			t.Fatal(err)
		}
		return v.Out
	}
	for _, layer := range []int{1, 3} {
		parts := s.Parts(40, 48, layer)
		for part, l := range parts {
			channel := l.C - 1
			off, err := m.Without(Lesion{Layer: layer, Part: part, Channel: channel})
			if err != nil {
				t.Fatal(err)
			}
			y, err := off.Reconstruct(t.Context(), x, 0, nil)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Equal(y.Data, was.Data) {
				t.Errorf("layer %d part %d, %s: without a channel nothing has changed", layer, part, l.Kind)
			}
			made := watch(off, Site{3, len(s.Parts(40, 48, 3)) - 1, s.Passes - 1})
			if d := math.Sqrt(metric.MSE(made, y)); d > 1e-5 {
				t.Errorf("layer %d part %d, %s: what is watched is %g off", layer, part, l.Kind, d)
			}
			for pass := range s.Passes {
				want := float32(0)
				switch l.Kind {
				case "missing":
					continue // it is there, and nobody sees it
				case "made":
					want = unseen
				}
				out := watch(off, Site{layer, part, pass})
				for k := channel; k < len(out.Data); k += l.C {
					if out.Data[k] != want {
						t.Fatalf("layer %d part %d pass %d, %s: a channel that is off says %g", layer, part, pass, l.Kind, out.Data[k])
					}
				}
			}
		}
		for _, none := range []Lesion{{layer, 0, len(parts)}, {layer, parts[0].C, 0}, {layer, WholeLayer, 1}, {2, 0, 1}} {
			if _, err := m.Without(none); !errors.Is(err, ErrLesion) {
				t.Errorf("%v is switched off: %v", none, err)
			}
		}
	}
	off, err := m.Without(Lesion{Layer: 1, Part: 0, Channel: 2})
	if err != nil {
		t.Fatal(err)
	}
	grey := x.Clone()
	for i := 2; i < len(grey.Data); i += 3 {
		grey.Data[i] = 1 - grey.Data[i]
	}
	a, errA := off.Features(t.Context(), x, 0, nil)
	b, errB := off.Features(t.Context(), grey, 0, nil)
	if errA != nil || errB != nil || !slices.Equal(a.Data, b.Data) {
		t.Error("a channel of what is missing is seen though it is off", errA, errB)
	}
}
