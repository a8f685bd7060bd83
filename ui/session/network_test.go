package session

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// openNetwork brings the part to the front, and waits for what is seen first.
func openNetwork(t *testing.T, name string) (*Session, Network) {
	t.Helper()
	s := New(Options{})
	t.Cleanup(func() { s.Close(context.Background()) })
	s.ExploreModel(name)
	s.ShowNetwork(true)
	return s, probed(t, s, func(n Network) bool { return n.Seen != 0 && (n.Number != nil || n.Why.Key != "") })
}

// probed waits for what is wanted of a network.
func probed(t *testing.T, s *Session, is func(n Network) bool) Network {
	t.Helper()
	return untilState(t, s, "the network", func(st State) bool { return is(st.Network) }).Network
}

// TestNumbersAddUp goes through all layers of all shipped models: what is said of a number leads to what stands in
// the layer's result.
func TestNumbersAddUp(t *testing.T) {
	names := ExploreModels()
	if testing.Short() {
		names = []string{assets.Digits, "denoise"}
	}
	for _, name := range names {
		s, n := openNetwork(t, name)
		convolutions := 0
		for layer := range n.Layers {
			s.Probe(func(p *Probing) { p.Layer = layer })
			s.Probe(func(p *Probing) { p.Channel = n.Layers[layer].C - 1 })
			n = probed(t, s, func(n Network) bool {
				fresh := n.Want.Layer == layer && n.Layer == layer && n.Out != nil
				if fresh && n.Number == nil {
					return !slices.Contains([]string{"conv", "transposed", "residual"}, n.Layers[layer].Kind)
				}
				return fresh && n.Number.Channel == n.Want.Channel && n.Number.X == n.Want.X
			})
			if n.Number == nil {
				continue
			}
			convolutions++
			k := n.Number
			_, h, w, c := n.Out.Dims4()
			if h != n.Layers[layer].H || w != n.Layers[layer].W || c != n.Layers[layer].C {
				t.Fatalf("%s, layer %d: is %v", name, layer, n.Out.Shape)
			}
			if got := n.Out.Data[(k.Y*w+k.X)*c+k.Channel]; got != k.Out {
				t.Errorf("%s, layer %d: the result has %g, the number is %g", name, layer, got, k.Out)
			}
			sum, scale, shown := float64(0), float64(1), float64(0)
			for _, v := range k.Parts {
				sum, scale = sum+float64(v), scale+math.Abs(float64(v))
			}
			for i, v := range k.Products {
				if v == v {
					shown += float64(v)
					if v != k.Values[i]*k.Weights[i] {
						t.Errorf("%s, layer %d: %g × %g is %g", name, layer, k.Values[i], k.Weights[i], v)
					}
				}
			}
			if math.Abs(shown-float64(k.Parts[k.Input])) > 1e-4*scale || math.Abs(sum-float64(k.Sum.Sum)) > 1e-4*scale {
				t.Errorf("%s, layer %d: the products give %g, not %g; the channels %g, not %g", name, layer, shown, k.Parts[k.Input], sum, k.Sum.Sum)
			}
			if d := math.Abs(float64(k.Active + k.Plus - k.Out)); d > 1e-4*scale {
				t.Errorf("%s, layer %d: %g + %g is not %g", name, layer, k.Active, k.Plus, k.Out)
			}
		}
		if convolutions < 3 {
			t.Errorf("%s: %d convolutions", name, convolutions)
		}
	}
}

// TestTheFirstLayerDependsOnItsTaps compares what the taps see with the pixels that a number depends on.
func TestTheFirstLayerDependsOnItsTaps(t *testing.T) {
	_, n := openNetwork(t, DefaultExplorer)
	k := n.Number
	if k.Depends.Empty() || k.Depends.Dx() > 8 || !k.Hit.Eq(k.Depends) {
		t.Errorf("a number of the first layer depends on %v, its taps hit %v", k.Depends, k.Hit)
	}
}

// TestThePlaceMoves moves the place without watching the layer again.
func TestThePlaceMoves(t *testing.T) {
	s, n := openNetwork(t, DefaultExplorer)
	seen := n.Seen
	s.Probe(func(p *Probing) { p.X, p.Y, p.Channel, p.Input = 3, 5, 7, 1 })
	n = probed(t, s, func(n Network) bool { return n.Number != nil && n.Number.X == 3 && n.Number.Channel == 7 })
	if n.Number.Y != 5 || n.Number.Input != 1 || n.Seen != seen {
		t.Errorf("at (%d, %d), input %d; the layer was watched again: %v", n.Number.X, n.Number.Y, n.Number.Input, n.Seen != seen)
	}
	s.Probe(func(p *Probing) { p.Layer = 4 })
	n = probed(t, s, func(n Network) bool { return n.Want.Layer == 4 && n.Number != nil && n.Seen != seen })
	if n.Number.X != 1 || n.Number.Y != 2 {
		t.Errorf("half as large, the place is (%d, %d)", n.Number.X, n.Number.Y)
	}
	s.Probe(func(p *Probing) { p.Layer = 99 })
	if got := s.State().Network.Want.Layer; got != 4 {
		t.Errorf("a layer that is none is chosen: %d", got)
	}
}

// TestTheWindowIsCut chooses another part of the picture.
func TestTheWindowIsCut(t *testing.T) {
	s, n := openNetwork(t, DefaultExplorer)
	if n.Window.Dx() != watchedSide || n.Window.Dy() != watchedSide || n.Picture.Shape[1] != watchedSide {
		t.Fatalf("the window is %v", n.Window)
	}
	s.Probe(func(p *Probing) { p.Centre.X, p.Centre.Y = 0, 0 })
	n = probed(t, s, func(n Network) bool { return n.Window.Min.X == 0 && n.Window.Min.Y == 0 && n.Number != nil })
	if n.Picture.Data[0] != n.Whole.Data[0] || n.Out.Shape[1] != n.Layers[n.Want.Layer].H {
		t.Error("the window does not show the corner")
	}
}

// TestNothingOffChangesNothing switches parts off and on.
func TestNothingOffChangesNothing(t *testing.T) {
	for _, name := range []string{DefaultExplorer, "photo"} {
		s, n := openNetwork(t, name)
		s.Probe(func(p *Probing) { p.Mode = ProbeLesion })
		n = probed(t, s, func(n Network) bool { return n.Lesion.Version != 0 })
		if !slices.Equal(n.Lesion.Before.Data, n.Lesion.After.Data) || !math.IsInf(n.Lesion.Changed, 1) || n.Lesion.Plain != n.Lesion.PSNR {
			t.Errorf("%s: with nothing off, %g dB became %g", name, n.Lesion.Plain, n.Lesion.PSNR)
		}
		if slices.ContainsFunc(n.Lesion.Difference.Data, func(v float32) bool { return v != 0.5 }) {
			t.Errorf("%s: nothing differs, and something is drawn", name)
		}
		layer, whole := n.Want.Layer, n.Whole
		s.SwitchOff(model.Lesion{Layer: layer, Channel: 1})
		s.SwitchOff(model.Lesion{Layer: layer, Channel: 2})
		n = probed(t, s, func(n Network) bool { return len(n.Lesion.Off) == 2 && n.Lesion.Changed < 200 && n.Lesion.Version != 0 })
		less, err := mustModel(t, name).Without(model.Lesion{Layer: layer, Channel: 1}, model.Lesion{Layer: layer, Channel: 2})
		if err != nil {
			t.Fatal(err)
		}
		y, err := less.Reconstruct(t.Context(), n.Lesion.Picture, levelOf(less, n.Lesion.Picture), nil)
		if err != nil {
			t.Fatal(err)
		}
		n = probed(t, s, func(n Network) bool { return slices.Equal(n.Lesion.After.Data, clamp(y).Data) })
		if n.Lesion.Window.Dx() != lesionedSide || n.Lesion.Took <= 0 {
			t.Errorf("%s: %v of the picture took %v", name, n.Lesion.Window, n.Lesion.Took)
		}
		s.SwitchOff(model.Lesion{Layer: layer, Channel: model.WholeLayer})
		n = probed(t, s, func(n Network) bool { return len(n.Lesion.Off) == 1 && n.Lesion.Off[0].Channel == model.WholeLayer })
		s.SwitchOff(model.Lesion{Layer: layer, Channel: 0})
		if off := s.State().Network.Lesion.Off; len(off) != 0 {
			t.Errorf("%s: a channel of a layer that is off is switched: %v is off", name, off)
		}
		s.SwitchOff(model.Lesion{Layer: layer, Channel: 3})
		s.PutAllBack()
		probed(t, s, func(n Network) bool { return math.IsInf(n.Lesion.Changed, 1) })
		s.UseSample(1)
		n = probed(t, s, func(n Network) bool {
			return n.Lesion.Picture != nil && n.Whole != whole && n.Lesion.Version > n.Version
		})
		if apartBy(n.Lesion.Picture, cutOut(n.Whole, n.Lesion.Window)) != 0 {
			t.Errorf("%s: another picture is shown, and the lesion is of the one before", name)
		}
		s.SwitchOff(model.Lesion{Layer: layer, Channel: 5})
		s.SwitchOff(model.Lesion{Layer: 0, Channel: 0})
		st := untilState(t, s, "a sentence", func(st State) bool { return st.Message.Kind == Error && len(st.Network.Lesion.Off) == 1 })
		if !strings.Contains(st.Message.Text, name) || st.Network.Lesion.Off[0].Layer != layer {
			t.Errorf("of what cannot be switched off it says %q, and %v is off", st.Message.Text, st.Network.Lesion.Off)
		}
	}
}

func mustModel(t *testing.T, name string) *model.Model {
	t.Helper()
	l, err := exploreModel(loaded{name: name})
	if err != nil {
		t.Fatal(err)
	}
	return l.m
}

// TestPatchesHaveTheirNumbers looks at the pictures that excite a channel most again, with Watch.
func TestPatchesHaveTheirNumbers(t *testing.T) {
	for name, data := range map[string]string{DefaultExplorer: "", assets.Digits: "", "compress": "builtin:digits:40"} {
		s, n := openNetwork(t, name)
		layer := n.Want.Layer + 1
		s.Probe(func(p *Probing) { p.Mode, p.Layer, p.Channel, p.Data = ProbeFilters, layer, 1, data })
		n = probed(t, s, func(n Network) bool {
			return n.Excited.Layer == layer && n.Excited.Of > 0 && n.Excited.Done == n.Excited.Of && len(n.Excited.Patches) == MostPatches
		})
		w := &netWork{s: s, model: loaded{m: mustModel(t, name)}}
		list, err := w.album(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		last := float32(math.Inf(1))
		for _, e := range n.Excited.Patches {
			x, err := list.open(t.Context(), slices.Index(list.names, e.Name))
			if err != nil {
				t.Fatal(err)
			}
			v, err := w.model.m.Watch(t.Context(), x, levelOf(w.model.m, x), n.Excited.Site, model.Rect{})
			if err != nil {
				t.Fatal(err)
			}
			c := v.Out.Shape[3]
			most := float32(math.Inf(-1))
			for i := 1; i < len(v.Out.Data); i += c {
				most = max(most, v.Out.Data[i])
			}
			if math.Abs(float64(most-e.Value)) > 1e-5*(1+math.Abs(float64(most))) || e.Value > last {
				t.Errorf("%s, %s: Watch finds %g, the patch says %g, the one before %g", name, e.Name, most, e.Value, last)
			}
			last = e.Value
			if apartBy(e.Pixels, smaller(cutOut(x, e.Where), patchSide)) != 0 {
				t.Errorf("%s: the patch shows something else", e.Name)
			}
		}
		s.Probe(func(p *Probing) { p.Channel = 0 })
		probed(t, s, func(n Network) bool { return n.Excited.Channel == 0 && len(n.Excited.Patches) == MostPatches })
	}
}

// TestKernelsAreFilters compares the pictures of kernels with the model's own.
func TestKernelsAreFilters(t *testing.T) {
	s, n := openNetwork(t, DefaultExplorer)
	s.Probe(func(p *Probing) { p.Mode = ProbeFilters })
	n = probed(t, s, func(n Network) bool { return n.Excited.Version != 0 })
	f := mustModel(t, DefaultExplorer).Filters()
	_, k, _, count := f.Dims4()
	if len(n.Excited.Kernels) != count {
		t.Fatalf("%d kernels, want %d", len(n.Excited.Kernels), count)
	}
	for o, x := range n.Excited.Kernels {
		var dot, aa, bb float64
		for i := range k * k {
			mean := float64(x.Data[3*i]+x.Data[3*i+1]+x.Data[3*i+2])/3 - 0.5
			w := float64(f.Data[i*count+o])
			dot, aa, bb = dot+mean*w, aa+mean*mean, bb+w*w
		}
		if aa > 1e-12 && dot < 0.9999*math.Sqrt(aa*bb) {
			t.Errorf("kernel %d is another than the model's", o)
		}
	}
}

// TestGatheredKernelsLieOverThePicture finds by differences what the first convolution of a body that gathers
// squares of pixels makes of each pixel.
func TestGatheredKernelsLieOverThePicture(t *testing.T) {
	m := mustModel(t, "compress")
	base := tensor.New(1, 64, 64, 3)
	watch := func(x *tensor.Tensor) (*model.Watched, model.Sum) {
		v, err := m.Watch(t.Context(), x, 0, model.Site{Layer: 2}, model.Rect{})
		if err != nil {
			t.Fatal(err)
		}
		s, _ := v.At(8, 8, 3)
		return v, s
	}
	v, s := watch(base)
	kernel := kernelPicture(s, v.In.Shape[3]/16, 3, 4)
	most := float32(0)
	for _, tap := range s.Taps {
		most = max(most, float32(math.Abs(float64(tap.Weight))))
	}
	for _, at := range [][3]int{{0, 0, 0}, {3, 7, 1}, {11, 5, 2}} {
		x := base.Clone()
		x.Data[((28+at[0])*64+28+at[1])*3+at[2]] = 1
		_, lit := watch(x)
		want := lit.Sum - s.Sum
		if got := (kernel.Data[(at[0]*12+at[1])*3+at[2]] - 0.5) * 2 * most; math.Abs(float64(got-want)) > 1e-5 {
			t.Errorf("at %v the kernel is %g, the pixel adds %g", at, got, want)
		}
	}
}

// openLoop looks into a recurrent model that goes over pictures three times.
func openLoop(t *testing.T) (*Session, Network, *model.Model) {
	t.Helper()
	spec := model.DefaultSpec()
	spec.Body, spec.Width, spec.Latent, spec.Depth, spec.Passes, spec.Bottleneck = "recurrent", 4, 3, 2, 3, "plain"
	m, err := model.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "loop.safetensors")
	if err := SaveModel(path, m); err != nil {
		t.Fatal(err)
	}
	s, n := openNetwork(t, path)
	return s, n, m
}

// TestEachPassIsWatched goes through the parts of both loops in each pass: what each pass hands on is what a model that
// stops after it makes of the picture, and numbers add up.
func TestEachPassIsWatched(t *testing.T) {
	s, n, m := openLoop(t)
	if n.Passes != 3 || n.Pass != 2 || n.Number == nil || n.Number.Kernel != 3 || n.Number.Activation != "relu" {
		t.Fatalf("at first it shows %v of %d passes: %+v", n.Site, n.Passes, n.Number)
	}
	before := tensor.New(n.Picture.Shape...)
	for i := range before.Data {
		before.Data[i] = 0.5
	}
	for pass := range 3 {
		made, err := m.After(pass+1).Reconstruct(t.Context(), n.Picture, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, layer := range []int{1, 3} {
			for part, l := range n.Parts[layer] {
				s.Probe(func(p *Probing) { p.Layer = layer })
				s.Probe(func(p *Probing) { p.Part, p.Pass = part, pass })
				s.Probe(func(p *Probing) { p.Channel, p.X, p.Y = l.C-1, 5, l.H-1 })
				site := model.Site{Layer: layer, Part: part, Pass: pass}
				n = probed(t, s, func(n Network) bool {
					return n.Site == site && n.Want.Site == site && n.Out != nil && (l.Params == 0 || n.Number != nil && n.Number.Channel == l.C-1 && n.Number.X == 5)
				})
				_, h, w, c := n.Out.Dims4()
				if h != l.H || w != l.W || c != l.C {
					t.Errorf("%v, %s: is %v", site, l.Kind, n.Out.Shape)
				}
				if k := n.Number; k != nil {
					if d := math.Abs(float64(k.Active + k.Plus - k.Out)); k.Depends.Empty() == (pass > 0 || l.Kind != "kept") || d > 1e-4*(1+math.Abs(float64(k.Sum.Sum))) {
						t.Errorf("%v, %s: %g + %g is not %g; it depends on %v", site, l.Kind, k.Active, k.Plus, k.Out, k.Depends)
					}
				}
				switch l.Kind {
				case "missing":
					for i, v := range n.Out.Data {
						if want := n.Picture.Data[i] - before.Data[i]; math.Abs(float64(v-want)) > 1e-5 {
							t.Fatalf("%v: %g is missing, want %g", site, v, want)
						}
					}
				case "made":
					if d := apartBy(n.Out, made); d > 1e-5 {
						t.Errorf("%v: what is made is off by %g", site, d)
					}
				}
			}
		}
		before = made
	}
	was := n.Want.Site
	for _, none := range []model.Site{{Layer: 3, Part: len(n.Parts[3]), Pass: 2}, {Layer: 3, Part: was.Part, Pass: 3}, {Layer: 3, Part: was.Part, Pass: -1}} {
		s.Probe(func(p *Probing) { p.Site = none })
		if got := s.State().Network.Want.Site; got != was {
			t.Errorf("%v is chosen of what has no %v", got, none)
		}
	}
	s.Probe(func(p *Probing) { p.Layer = 2 })
	n = probed(t, s, func(n Network) bool { return n.Layer == 2 && n.Out != nil && n.Out.Shape[3] == 9 })
	s.Probe(func(p *Probing) { p.Mode = ProbeLesion })
	s.SwitchOff(model.Lesion{Layer: 2, Channel: 0})
	n = probed(t, s, func(n Network) bool { return len(n.Lesion.Off) == 1 && n.Lesion.Version != 0 })
	s.Probe(func(p *Probing) { p.Layer = 1 })
	s.Probe(func(p *Probing) { p.Part = 4 })
	n = probed(t, s, func(n Network) bool { return n.Layer == 1 && n.Part == 4 && n.Out != nil })
	memory := n.Lesioned(2)
	if memory != (model.Lesion{Layer: 1, Part: 4, Channel: 2}) || n.Lesioned(model.WholeLayer) != (model.Lesion{Layer: 1, Channel: model.WholeLayer}) {
		t.Errorf("a channel of a memory is %v", memory)
	}
	without := n.Lesion.After
	s.SwitchOff(memory)
	n = probed(t, s, func(n Network) bool { return len(n.Lesion.Off) == 2 && n.Lesion.After != without })
	if d := apartBy(n.Lesion.After, without); d == 0 {
		t.Error("without a channel of a memory nothing has changed")
	}
	s.SwitchOff(n.Lesioned(model.WholeLayer))
	n = probed(t, s, func(n Network) bool { return len(n.Lesion.Off) == 2 && n.Lesion.Off[1].Channel == model.WholeLayer })
	s.SwitchOff(memory)
	probed(t, s, func(n Network) bool { return len(n.Lesion.Off) == 1 })
}

// TestPatchesAreThoseOfThePass looks at the pictures that excite a gate in a pass again, with Watch.
func TestPatchesAreThoseOfThePass(t *testing.T) {
	s, n, m := openLoop(t)
	for _, site := range []model.Site{{Layer: 1, Part: 3, Pass: 1}, {Layer: 1, Part: 1, Pass: 2}} {
		s.Probe(func(p *Probing) {
			p.Mode, p.Data, p.Part, p.Pass, p.Channel = ProbeFilters, "builtin:digits:20", site.Part, site.Pass, 1
		})
		n = probed(t, s, func(n Network) bool {
			return n.Excited.Site == site && n.Excited.Of > 0 && n.Excited.Done == n.Excited.Of && len(n.Excited.Patches) == MostPatches
		})
		if kernels := len(n.Excited.Kernels); kernels != (map[int]int{3: 0, 1: 4})[site.Part] {
			t.Errorf("%v: %d kernels", site, kernels)
		}
		w := &netWork{s: s, model: loaded{m: m}}
		list, err := w.album(t.Context(), "builtin:digits:20")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range n.Excited.Patches {
			x, err := list.open(t.Context(), slices.Index(list.names, e.Name))
			if err != nil {
				t.Fatal(err)
			}
			v, err := m.Watch(t.Context(), x, 0, site, model.Rect{})
			if err != nil {
				t.Fatal(err)
			}
			most := float32(math.Inf(-1))
			for i := 1; i < len(v.Out.Data); i += v.Out.Shape[3] {
				most = max(most, v.Out.Data[i])
			}
			if math.Abs(float64(most-e.Value)) > 1e-5*(1+math.Abs(float64(most))) {
				t.Errorf("%v, %s: Watch finds %g, the patch says %g", site, e.Name, most, e.Value)
			}
		}
	}
}

// TestANetworkThatCannotBeWatchedSaysWhy looks for what excites the picture itself, and into a folder with nothing in it.
func TestANetworkThatCannotBeWatchedSaysWhy(t *testing.T) {
	s, _, _ := openLoop(t)
	s.Probe(func(p *Probing) { p.Mode, p.Layer = ProbeFilters, 0 })
	n := probed(t, s, func(n Network) bool { return n.Excited.Layer == 0 && n.Excited.Why.Key != "" })
	if !strings.Contains(n.Excited.Why.String(), "loop.safetensors: layer 0") {
		t.Errorf("of the picture it says %q", n.Excited.Why)
	}
	dir := t.TempDir()
	s.Probe(func(p *Probing) { p.Layer, p.Data = 1, dir })
	n = probed(t, s, func(n Network) bool { return n.Excited.Layer == 1 && n.Excited.Why.Key != "" })
	if !strings.Contains(n.Excited.Why.String(), filepath.Base(dir)) {
		t.Errorf("of an empty folder it says %q", n.Excited.Why)
	}
}

// TestLeavingEndsTheWork goes away while pictures are looked through.
func TestLeavingEndsTheWork(t *testing.T) {
	dir := t.TempDir()
	x := tensor.New(1, 400, 400, 3)
	for i := range 60 {
		if err := imageio.Save(filepath.Join(dir, string(rune('a'+i%26))+string(rune('a'+i/26))+".png"), &imageio.Picture{Pix: x, Depth: 8}, imageio.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	s, n := openNetwork(t, "gaussian")
	s.Probe(func(p *Probing) { p.Mode, p.Data, p.Layer = ProbeFilters, dir, len(n.Layers)-1 })
	probed(t, s, func(n Network) bool { return n.Excited.Done > 0 })
	cutShort(t, s, "Looking into the network", func() { s.ShowNetwork(false) })
	was := s.State().Network
	if was.Excited.Done == was.Excited.Of {
		t.Fatal("all pictures had been looked at already")
	}
	s.Probe(func(p *Probing) { p.Layer = 2 })
	s.SwitchOff(model.Lesion{Layer: 2, Channel: 1})
	time.Sleep(100 * time.Millisecond)
	if now := s.State().Network; now.Seen != was.Seen || now.Lesion.Version != was.Lesion.Version || now.Excited.Done != was.Excited.Done {
		t.Error("something is computed that nobody sees")
	}
	s.ShowNetwork(true)
	probed(t, s, func(n Network) bool { return n.Seen != was.Seen && n.Excited.Layer == 2 })
}
