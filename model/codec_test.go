package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// coder returns a small model that has learned to send waves.
func coder(t testing.TB, change func(*Spec)) *Model {
	t.Helper()
	s := small()
	s.Body, s.Depth, s.Width, s.Latent, s.Hyper, s.Bottleneck, s.Blocks, s.Crop = "shuffle", 2, 16, 12, 32, "quantised", 1, 32
	s.Scheme, s.Rate, s.Lambda, s.Context = "none", 3e-3, 1e-4, true
	if change != nil {
		change(&s)
	}
	tr, err := NewTrainer(s, waves{s.Crop}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		if _, err := tr.Step(); err != nil {
			t.Fatal(err)
		}
	}
	return tr.Model()
}

func codec(t testing.TB, m *Model) *Codec {
	t.Helper()
	c, err := m.Freeze()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// picture returns waves and noise of some size.
func picture(h, w int) *tensor.Tensor {
	x, rng := tensor.New(1, h, w, 1), rand.New(rand.NewPCG(5, 5))
	for i := range x.Data {
		x.Data[i] = float32(0.5 + 0.3*math.Sin(float64(i%w)/5)*math.Cos(float64(i/w)/7) + 0.05*rng.NormFloat64())
	}
	return x
}

func analyse(t testing.TB, c *Codec, x *tensor.Tensor) *Latent {
	t.Helper()
	_, h, w, n := x.Dims4()
	l, err := c.Analyse(context.Background(), h, w, func(row []float32, y, left int) { copy(row, x.Data[(y*w+left)*n:]) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func synthesise(t testing.TB, c *Codec, l *Latent) *tensor.Tensor {
	t.Helper()
	n := c.Channels()
	x := tensor.New(1, l.H, l.W, n)
	if err := c.Synthesise(context.Background(), l, func(row []float32, y, left int) { copy(x.Data[(y*l.W+left)*n:], row) }, nil); err != nil {
		t.Fatal(err)
	}
	return x
}

func pack(t testing.TB, c *Codec, l *Latent, quality int) *Packed {
	t.Helper()
	p, err := c.Pack(context.Background(), l, quality)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func unpack(t testing.TB, c *Codec, p *Packed, quality int) *Latent {
	t.Helper()
	l, losses, err := c.Unpack(context.Background(), p.Latent.H, p.Latent.W, quality, p.Tiles)
	if err != nil || len(losses) > 0 {
		t.Fatal(losses, err)
	}
	return l
}

// TestUnpackGivesWhatPackSaw takes pictures of many sizes there and back, by every
// kernel and with so many threads: what one has written all the others read.
func TestUnpackGivesWhatPackSaw(t *testing.T) {
	for _, context := range []bool{false, true} {
		t.Run(fmt.Sprintf("context=%v", context), func(t *testing.T) {
			unpackGivesWhatPackSaw(t, coder(t, func(s *Spec) { s.Context = context }))
		})
	}
}

func unpackGivesWhatPackSaw(t *testing.T, m *Model) {
	writer := codec(t, m)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	sizes := [][2]int{{1, 1}, {1, 300}, {300, 1}, {37, 50}, {260, 530}}
	if testing.Short() {
		sizes = sizes[:4]
	}
	for _, size := range sizes {
		x := picture(size[0], size[1])
		l := analyse(t, writer, x)
		for _, quality := range []int{0, 1, 333, 999, Qualities} {
			p := pack(t, writer, l, quality)
			if got := synthesise(t, writer, p.Latent); metricMSE(got, x) > 0.02 && quality == Qualities {
				t.Errorf("%v: the mean squared error is %g", size, metricMSE(got, x))
			}
			for _, k := range nn.Kernels() {
				if k.State != "available" {
					continue
				}
				reader := codec(t, m)
				reader.forms = nn.NewForms(k.Kind)
				for _, threads := range []int{1, 2, 7} {
					if threads != 2 && size[0] < 260 {
						continue // a picture of one tile of few cells leaves nothing to share
					}
					runtime.GOMAXPROCS(threads)
					if got := unpack(t, reader, p, quality); !slices.Equal(got.z.Data, p.Latent.z.Data) {
						t.Fatalf("%v at quality %d: %s on %d threads reads something else", size, quality, k.Kind, threads)
					}
				}
			}
		}
	}
}

func metricMSE(x, y *tensor.Tensor) (s float64) {
	for i, v := range x.Data {
		d := float64(v - y.Data[i])
		s += d * d / float64(len(x.Data))
	}
	return s
}

// TestBytesAreTheEstimate compares the bytes with what the model itself says that the
// latent costs, in float: making it whole costs little, even for a model that has learned
// so little that many numbers lie beyond its tables.
func TestBytesAreTheEstimate(t *testing.T) {
	c := codec(t, coder(t, nil))
	l := analyse(t, c, picture(512, 512))
	last := 0
	for _, quality := range []int{0, 500, 1000} {
		p := pack(t, c, l, quality)
		n := 0
		for _, b := range p.Tiles {
			n += len(b)
		}
		want, err := c.Estimate(context.Background(), l, quality)
		if err != nil {
			t.Fatal(err)
		}
		var cells float64
		for _, v := range p.Bits.Data {
			cells += float64(v)
		}
		if got := float64(8 * n); got < 0.97*want || got > 1.025*want+64*float64(len(p.Tiles)) {
			t.Errorf("quality %d: %g bits, the model says %g", quality, got, want)
		}
		if got := float64(8 * n); cells > got || cells < got-64*float64(len(p.Tiles)) {
			t.Errorf("quality %d: cells cost %g bits together, the file %g", quality, cells, got)
		}
		if n <= last {
			t.Errorf("quality %d takes %d bytes, a lower one %d", quality, n, last)
		}
		last = n
	}
}

// TestFrozenIsKept writes a model and reads it: the codec is the same, in full and in
// half precision, and one that was changed is refused.
func TestFrozenIsKept(t *testing.T) {
	m := coder(t, nil)
	var b bytes.Buffer
	if err := m.Save(&b); err != nil {
		t.Fatal(err)
	}
	again, err := Read(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := codec(t, m).ID(), codec(t, again).ID(); a != b {
		t.Errorf("codec %x is read as %x", a, b)
	}
	b.Reset()
	if err := again.SaveHalf(&b); err != nil {
		t.Fatal(err)
	}
	halved, err := Read(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b.Bytes(), []byte(`"frozen.0.w":{"dtype":"I16"`)) {
		t.Error("small whole numbers take more than two bytes each")
	}
	for i, n := range halved.frozen.named() {
		if !slices.Equal(n.val.Data, again.frozen.named()[i].val.Data) {
			t.Errorf("%s changed with the precision of others", n.name)
		}
	}
	for name, harm := range map[string]func(f *frozen){
		"a fraction":       func(f *frozen) { f.layers[0].w.Val.Data[3] = 0.5 },
		"a sum too large":  func(f *frozen) { f.layers[1].w.Val.Data[0] = 1 << 20 },
		"a channel twice":  func(f *frozen) { f.order.Data[0] = f.order.Data[1] },
		"a channel beyond": func(f *frozen) { f.order.Data[0] = 99 },
		"another group's":  func(f *frozen) { f.order.Data[0], f.order.Data[11] = f.order.Data[11], f.order.Data[0] },
		"foresight":        func(f *frozen) { f.context[1][pastLayer].w.Val.Data[0] = 1 << 20 },
		"a bad table":      func(f *frozen) { f.tables.Data[0]++ },
		"a negative count": func(f *frozen) { f.tables.Data[1], f.tables.Data[0] = -1, f.tables.Data[0]+2*f.tables.Data[1]+2 },
	} {
		other := m.Clone()
		if other.frozen, err = m.freeze(); err != nil {
			t.Fatal(err)
		}
		harm(other.frozen)
		b.Reset()
		if err := other.Save(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(&b); !errors.Is(err, ErrFormat) || !errors.Is(err, ErrFreeze) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRefine moves latents of several regions, which then cost less and show no less; on
// any number of processors to the same place; and can be cancelled.
func TestRefine(t *testing.T) {
	c := codec(t, coder(t, nil))
	x := picture(150, 300)
	read := func(row []float32, y, left int) { copy(row, x.Data[y*300+left:]) }
	l := analyse(t, c, x)
	const quality = 600
	lambda, _ := c.m.Spec.price(0.6)
	loss := func(l *Latent) float64 {
		p := pack(t, c, l, quality)
		var bits float64
		for _, b := range p.Tiles {
			bits += 8 * float64(len(b))
		}
		return metricMSE(synthesise(t, c, p.Latent), x) + float64(lambda)*bits/float64(len(x.Data))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first *Latent
	for _, threads := range []int{1, 3} {
		runtime.GOMAXPROCS(threads)
		done := 0
		better, err := c.Refine(t.Context(), l, quality, 20, read, func(d, of int) {
			if done = d; of != 20*6 {
				t.Errorf("%d steps of all, want 120", of)
			}
		})
		if err != nil || done != 120 {
			t.Fatal(done, err)
		}
		if first != nil && !slices.Equal(first.z.Data, better.z.Data) {
			t.Error("other processors find another latent")
		}
		first = better
	}
	if before, after := loss(l), loss(first); after > 0.98*before {
		t.Errorf("the loss went from %g to %g", before, after)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := c.Refine(ctx, l, quality, 1000, read, func(int, int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestCutTiles reads tiles of which bytes are missing, or are others: a loss or an error,
// and the tiles beside them are unharmed.
func TestCutTiles(t *testing.T) {
	m := coder(t, nil)
	c := codec(t, m)
	side := tileCells * m.Cell()
	x := picture(side+20, side+20)
	p := pack(t, c, analyse(t, c, x), 700)
	good := p.Tiles[0]
	last := 2.0
	for _, n := range []int{0, 3, 6, len(good) / 10, len(good) / 2, len(good) - 1} {
		p.Tiles[0] = good[:n]
		l, losses, err := c.Unpack(t.Context(), x.Shape[1], x.Shape[2], 700, p.Tiles)
		if err != nil || len(losses) != 1 || losses[0].Tile != 0 || losses[0].Part > last || losses[0].Part <= 0 {
			t.Fatalf("%d of %d bytes: losses %v, %v", n, len(good), losses, err)
		}
		last = losses[0].Part
		_, _, zw, ch := l.z.Dims4()
		for i, v := range l.z.Data {
			if (i/ch/zw >= tileCells || i/ch%zw >= tileCells) && v != p.Latent.z.Data[i] {
				t.Fatal("another tile is harmed")
			}
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		bad := slices.Clone(good)
		bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
		p.Tiles[0] = bad
		if _, losses, err := c.Unpack(t.Context(), x.Shape[1], x.Shape[2], 700, p.Tiles); err == nil && len(losses) == 0 {
			t.Error("a flipped bit is not seen")
		} else if err != nil && !errors.Is(err, ErrTile) {
			t.Error(err)
		}
	}
	if _, _, err := c.Unpack(t.Context(), 5, 5, 700, p.Tiles); !errors.Is(err, ErrTile) {
		t.Errorf("too many tiles: %v", err)
	}
}

// TestFreezeRefuses names models that have no codec.
func TestFreezeRefuses(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"plain":    func(s *Spec) {},
		"residual": func(s *Spec) { s.Bottleneck, s.Output = "quantised", "residual" },
	} {
		s := small()
		change(&s)
		m, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Freeze(); !errors.Is(err, ErrFreeze) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
