package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"sieve/model/metric"
	"sieve/model/tensor"
)

// everyKind calls f with a model of each kind, small and with random weights.
func everyKind(t *testing.T, f func(t *testing.T, m *Model)) {
	t.Helper()
	kind := func(change func(*Spec)) {
		s := DefaultSpec()
		s.Channels, s.Width, s.Latent, s.Crop, s.Blocks, s.Activity, s.Passes = 3, 32, 24, 32, 1, 0.3, 3
		if testing.Short() { // in an emulator, say
			s.Width, s.Latent = 8, 8
		}
		change(&s)
		m, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(3, 4))
		for _, p := range m.params() {
			for i := range p.Val.Data { // what begins as nothing shows no change
				p.Val.Data[i] += float32(rng.NormFloat64()) * 0.01
			}
		}
		name := fmt.Sprintf("%s/%s/%s/%s/%s/depth %d patch %d kernel %d skips %v level %v", s.Body, s.Bottleneck, s.Activation, s.Up, s.Output, s.Depth, s.Patch, s.Kernel, s.Skips, s.Level)
		t.Run(name, func(t *testing.T) { f(t, m) })
	}
	for _, b := range Choices("bottleneck") {
		kind(func(s *Spec) { s.Bottleneck = b })
	}
	kind(func(s *Spec) { s.Skips, s.Depth, s.Level = true, 3, true })
	kind(func(s *Spec) { s.Skips, s.Activation, s.Up, s.Output = true, "silu", "nearest", "sigmoid" })
	kind(func(s *Spec) { s.Kernel, s.Activation = 7, "tanh" })
	kind(func(s *Spec) { s.Kernel, s.Output = 5, "residual" })
	kind(func(s *Spec) { s.Depth, s.Blocks = 0, 0 })
	kind(func(s *Spec) { s.Patch, s.Latent, s.Crop = 8, 6, 32 })
	kind(func(s *Spec) { s.Body, s.Depth, s.Patch = "linear", 0, 8 })
	kind(func(s *Spec) { s.Body, s.Depth, s.Latent, s.Level, s.Output = "unet", 3, 64, true, "residual" })
	kind(func(s *Spec) { s.Body, s.Up, s.Activation, s.Bottleneck = "unet", "nearest", "leaky", "variational" })
	kind(func(s *Spec) { s.Body, s.Depth, s.Blocks, s.Bottleneck = "shuffle", 3, 2, "quantised" })
	kind(func(s *Spec) { s.Body, s.Bottleneck = "recurrent", "binary" })
	kind(func(s *Spec) { s.Body, s.Depth, s.Bottleneck = "recurrent", 1, "variational" })
}

// opened opens a picture of odd size with a model.
func opened(t *testing.T, m *Model, h, w int, room int64) *Opened {
	t.Helper()
	o, err := m.Open(t.Context(), noisy(h, w, m.Spec.Channels, 1), 0.1, room, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// noisy draws a picture.
func noisy(h, w, c int, seed uint64) *tensor.Tensor {
	rng := rand.New(rand.NewPCG(seed, 8))
	x := tensor.New(1, h, w, c)
	for i := range x.Data {
		x.Data[i] = rng.Float32()
	}
	return x
}

// scribble changes a rectangle of a latent.
func scribble(rng *rand.Rand, z *tensor.Tensor, r Rect) {
	_, _, w, c := z.Dims4()
	for y := r.Top; y < r.Bottom; y++ {
		for i := (y*w + r.Left) * c; i < (y*w+r.Right)*c; i++ {
			z.Data[i] += float32(rng.NormFloat64())
		}
	}
}

// somewhere returns a small rectangle of h × w.
func somewhere(rng *rand.Rand, h, w, most int) Rect {
	y, x := rng.IntN(h), rng.IntN(w)
	return Rect{y, x, min(h, y+1+rng.IntN(most)), min(w, x+1+rng.IntN(most))}
}

// TestEditsAreDecodes follows strokes, and compares with decoding the latent as a whole, by
// another that has not seen the strokes; with room for everything, and for little.
func TestEditsAreDecodes(t *testing.T) {
	everyKind(t, func(t *testing.T, m *Model) {
		const h, w = 67, 91
		ample, tight := opened(t, m, h, w, 0), opened(t, m, h, w, 1<<20)
		z := ample.Latent().Clone()
		_, zh, zw, _ := z.Dims4()
		out, small := ample.Made().Clone(), ample.Made().Clone()
		all := Rect{0, 0, h, w}
		if c, err := ample.Decode(t.Context(), z, all, out, nil); err != nil || c != (Change{Pixels: all}) || !slices.Equal(out.Data, ample.Made().Data) {
			t.Fatalf("an untouched latent: %+v, %v, and the picture is the reconstruction: %v", c, err, slices.Equal(out.Data, ample.Made().Data))
		}
		rng := rand.New(rand.NewPCG(5, 6))
		for k := range 6 {
			r := somewhere(rng, zh, zw, 3)
			if scribble(rng, z, r); k == 4 { // something is taken back
				r = Rect{0, 0, zh, zw}
				copy(z.Data[:len(z.Data)/2], ample.Latent().Data)
			}
			c, err := ample.Edit(t.Context(), z, r, all, out)
			if err != nil || c.Pixels.Empty() {
				t.Fatal(c, err)
			}
			if _, err := tight.Edit(t.Context(), z, r, all, small); err != nil {
				t.Fatal(err)
			}
		}
		whole := tensor.New(out.Shape...)
		if _, err := opened(t, m, h, w, 0).Decode(t.Context(), z, all, whole, nil); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(out.Data, whole.Data) {
			t.Errorf("strokes lead elsewhere: off by %g", math.Sqrt(metric.MSE(out, whole)))
		}
		// What of the encoder is computed again is rounded otherwise than where it was kept.
		part := tensor.New(out.Shape...)
		other := opened(t, m, h, w, 1<<20)
		for _, px := range []Rect{{0, 0, 40, 70}, {0, 70, 40, w}, {40, 0, h, w}} {
			if _, err := other.Decode(t.Context(), z, px, part, nil); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(small.Data, part.Data) {
			t.Errorf("with little room, strokes lead elsewhere: off by %g", math.Sqrt(metric.MSE(small, part)))
		}
		if off := math.Sqrt(metric.MSE(part, whole)); off > 1e-5 {
			t.Errorf("with little room, pictures are off by %g", off)
		}
		if slices.Equal(whole.Data, ample.Made().Data) {
			t.Error("strokes do not show")
		}
	})
}

// TestOpenedIsReconstructed compares with what models make of pictures otherwise, and with
// decoding without the picture, where the latent is all that it takes.
func TestOpenedIsReconstructed(t *testing.T) {
	everyKind(t, func(t *testing.T, m *Model) {
		o := opened(t, m, 91, 131, 0)
		z, y, err := m.Look(t.Context(), o.x, 0.1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(z.Data, o.Latent().Data) || !slices.Equal(y.Data, o.Made().Data) {
			t.Error("latent or picture differ")
		}
		scribble(rand.New(rand.NewPCG(1, 1)), z, Rect{0, 0, z.Shape[1], z.Shape[2]})
		if _, err := o.Decode(t.Context(), z, Rect{0, 0, 91, 131}, y, nil); err != nil {
			t.Fatal(err)
		}
		if !m.Generates() {
			return
		}
		want, err := m.Generate(t.Context(), z, 91, 131, nil)
		if err != nil {
			t.Fatal(err)
		}
		if off := math.Sqrt(metric.MSE(want, y)); off > 1e-5 {
			t.Errorf("a changed latent is decoded elsewhere: off by %g", off)
		}
	})
}

// TestOpeningSaysWhatIsMade takes over what is there each time it is told of pixels, in a picture of
// several strips, and looks whether that is all and right in the end.
func TestOpeningSaysWhatIsMade(t *testing.T) {
	defer func(pixels, rows, strip int) { bandPixels, leastRows, stripPixels = pixels, rows, strip }(bandPixels, leastRows, stripPixels)
	bandPixels, leastRows, stripPixels = 256, 4, 48
	everyKind(t, func(t *testing.T, m *Model) {
		const h, w = 67, 131
		var latent, out *tensor.Tensor
		n := m.Cell()
		copied := 0
		o, err := m.Open(t.Context(), noisy(h, w, m.Spec.Channels, 1), 0.1, 0, func(z, y *tensor.Tensor, px Rect) {
			if out == nil {
				latent, out = tensor.New(z.Shape...), tensor.New(y.Shape...)
			}
			put(latent, z, Rect{px.Top / n, px.Left / n, (px.Bottom + n - 1) / n, (px.Right + n - 1) / n})
			put(out, y, px)
			copied += px.Area()
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if copied != h*w || !slices.Equal(out.Data, o.Made().Data) || !slices.Equal(latent.Data, o.Latent().Data) {
			t.Errorf("told of %d pixels, want %d; what was there is the picture: %v, and the latent: %v",
				copied, h*w, slices.Equal(out.Data, o.Made().Data), slices.Equal(latent.Data, o.Latent().Data))
		}
	})
}

// put copies a rectangle of one tensor to another.
func put(to, from *tensor.Tensor, r Rect) {
	_, _, w, c := to.Dims4()
	for y := r.Top; y < r.Bottom; y++ {
		copy(to.Data[(y*w+r.Left)*c:(y*w+r.Right)*c], from.Data[(y*w+r.Left)*c:])
	}
}

// TestAPartIsLookedAtAsInTheWhole compares parts of pictures, looked at alone, with the same parts of
// the whole.
func TestAPartIsLookedAtAsInTheWhole(t *testing.T) {
	everyKind(t, func(t *testing.T, m *Model) {
		const h, w = 181, 213
		x := noisy(h, w, m.Spec.Channels, 1)
		n := m.Cell()
		wholeZ, wholeY, err := m.Look(t.Context(), x, 0.1, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, px := range []Rect{{0, 0, 5, 5}, {70, 90, 101, 117}, {90, 101, h, w}, {-3, -3, h + 3, w + 3}} {
			z, y, of, err := m.LookIn(t.Context(), x, 0.1, px)
			if err != nil {
				t.Fatal(err)
			}
			if px = px.Intersect(Rect{0, 0, h, w}); !of.Contains(px) || of.Top <= px.Top-n || of.Left <= px.Left-n || of.Bottom >= px.Bottom+n || of.Right >= px.Right+n {
				t.Errorf("%v: what is made is %v", px, of)
			}
			wantY := cutOut(wholeY, of.Top, of.Left, of.Bottom-of.Top, of.Right-of.Left)
			wantZ := cutOut(wholeZ, of.Top/n, of.Left/n, (of.Bottom-of.Top+n-1)/n, (of.Right-of.Left+n-1)/n)
			offY, offZ := math.Sqrt(metric.MSE(y, wantY)), math.Sqrt(metric.MSE(z, wantZ))
			if most := 1e-5; m.loop == nil && (offY > most || offZ > most) || m.loop != nil && offY > 0.05 {
				t.Errorf("%v is looked at as %v, off by %g, and its latent by %g", px, of, offY, offZ)
			}
		}
	})
}

// TestBrokenNumbersAreNamed decodes what no picture has.
func TestBrokenNumbersAreNamed(t *testing.T) {
	m, err := New(DefaultSpec())
	if err != nil {
		t.Fatal(err)
	}
	o := opened(t, m, 64, 64, 0)
	z, out, all := o.Latent().Clone(), o.Made().Clone(), Rect{0, 0, 64, 64}
	if _, err := o.Decode(t.Context(), z, all, out, nil); err != nil {
		t.Fatal(err)
	}
	cell := Rect{7, 5, 8, 6}
	at := (7*16 + 5) * m.Spec.Latent
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat32} {
		z.Data[at] = float32(bad)
		c, err := o.Edit(t.Context(), z, cell, all, out)
		if err != nil || c.Broken == 0 && bad != math.MaxFloat32 || !c.Pixels.Contains(c.Where) || (c.Broken == 0) != c.Where.Empty() {
			t.Errorf("%g: %+v, %v", bad, c, err)
		}
		if o.Cut() != c.Broken { // all of them are written by each
			t.Errorf("%g: %d numbers are cut, and %d are said to be", bad, c.Broken, o.Cut())
		}
		for i, v := range out.Data {
			if v-v != 0 {
				t.Fatalf("%g: number %d of the picture is %g", bad, i, v)
			}
		}
	}
	z.Data[at] = float32(math.NaN())
	whole, err := o.Edit(t.Context(), z, cell, all, out)
	if err != nil {
		t.Fatal(err)
	}
	if part, err := o.Decode(t.Context(), z, Rect{20, 0, 26, 64}, out, nil); err != nil || part.Broken == 0 || part.Broken >= whole.Broken || o.Cut() != whole.Broken {
		t.Errorf("%d numbers are cut, %d of them are written again (%v), and then %d are said to be", whole.Broken, part.Broken, err, o.Cut())
	}
	z.Data[at] = o.Latent().Data[at]
	if c, err := o.Edit(t.Context(), z, cell, all, out); err != nil || c.Broken != 0 || o.Cut() != 0 || !slices.Equal(out.Data, o.Made().Data) {
		t.Errorf("taken back: %+v, %v", c, err)
	}
}

// TestStrokesEnd cancels strokes and pictures at work, and goes on.
func TestStrokesEnd(t *testing.T) {
	s := DefaultSpec()
	s.Body, s.Depth, s.Latent, s.Width, s.Blocks = "unet", 3, 64, 32, 1
	if testing.Short() {
		s.Width, s.Latent = 8, 16
	}
	m, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	const h, w = 300, 400
	o := opened(t, m, h, w, 0)
	z, out, all := o.Latent().Clone(), o.Made().Clone(), Rect{0, 0, h, w}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	rng := rand.New(rand.NewPCG(1, 2))
	stroke := func(ctx context.Context, r Rect) error {
		scribble(rng, z, r)
		_, err := o.Edit(ctx, z, r, all, out)
		return err
	}
	if err := stroke(ended, Rect{3, 3, 6, 6}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before it is decoded: %v", err)
	}
	if _, err := o.Decode(t.Context(), z, all, out, nil); err != nil {
		t.Fatal(err)
	}
	if err := stroke(ended, Rect{10, 3, 12, 6}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := stroke(t.Context(), Rect{20, 40, 22, 43}); err != nil {
		t.Fatal(err)
	}
	want := tensor.New(out.Shape...)
	if _, err := opened(t, m, h, w, 0).Decode(t.Context(), z, all, want, nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(out.Data, want.Data) {
		t.Error("a stroke that was cancelled is lost")
	}
	for after := range 4 { // in the middle of it
		ctx, cancel := context.WithCancel(t.Context())
		_, err := o.Decode(ctx, z, all, out, func(done, total int) {
			if done > total*after/4 {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled after %d quarters: %v", after, err)
		}
	}
	if err := stroke(t.Context(), Rect{0, 0, 1, 1}); err != nil {
		t.Fatal(err)
	}
}

// TestStrokesAllocateLittle counts what a stroke takes that is not there already.
func TestStrokesAllocateLittle(t *testing.T) {
	everyKind(t, func(t *testing.T, m *Model) {
		o := opened(t, m, 96, 96, 0)
		z, out, all := o.Latent().Clone(), o.Made().Clone(), Rect{0, 0, 96, 96}
		if _, err := o.Decode(t.Context(), z, all, out, nil); err != nil {
			t.Fatal(err)
		}
		cell := Rect{0, 0, 1, 1}
		n := testing.AllocsPerRun(5, func() {
			z.Data[0]++
			if _, err := o.Edit(t.Context(), z, cell, all, out); err != nil {
				t.Fatal(err)
			}
		})
		if n > 64 {
			t.Errorf("a stroke allocates %g times", n)
		}
	})
}

// TestSkipsCanBeDialled compares a decoder that sees nothing but the latent with one whose
// skips bring nothing, and looks whether the dial moves the picture at all.
func TestSkipsCanBeDialled(t *testing.T) {
	s := DefaultSpec()
	s.Skips, s.Depth, s.Blocks = true, 3, 1
	m, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.Connections(); n != 2 {
		t.Errorf("%d skip connections, want 2", n)
	}
	o := opened(t, m, 64, 64, 0)
	out := tensor.New(o.x.Shape...)
	all := Rect{0, 0, 64, 64}
	look := func(shares ...float32) *tensor.Tensor {
		for i, v := range shares {
			o.Dial(i, v)
		}
		if _, err := o.Decode(t.Context(), o.Latent(), all, out, nil); err != nil {
			t.Fatal(err)
		}
		return out.Clone()
	}
	if y := look(1, 1); !slices.Equal(y.Data, o.Made().Data) {
		t.Error("dials at 1 are not the reconstruction")
	}
	s.Skips = false
	bare, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	from := m.params()
	for i, p := range bare.params() {
		copy(p.Val.Data, from[i].Val.Data)
	}
	want, err := bare.Generate(t.Context(), o.Latent(), 64, 64, nil)
	if err != nil {
		t.Fatal(err)
	}
	if off := math.Sqrt(metric.MSE(look(0, 0), want)); off > 1e-5 {
		t.Errorf("without skips: off by %g", off)
	}
	if slices.Equal(look(0.5, 1).Data, look(1, 0.5).Data) {
		t.Error("both dials do the same")
	}
}
