package model

import (
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// Report is told how much of the work is done. It may be nil, and may be called
// from any goroutine, one call at a time.
type Report = func(done, total int)

// Features returns the latent of pictures x (N, H, W, Channels):
// (N, ⌈H/Cell⌉, ⌈W/Cell⌉, Latent). level is how strong the noise is, the root mean
// square in units of white, for a model that is told of it. Edges are mirrored up to
// a multiple of Cell. Big pictures are worked on in tiles that overlap by what the
// network sees, so that nothing shows of the tiling. The only error is ctx's.
func (m *Model) Features(ctx context.Context, x *tensor.Tensor, level float64, report Report) (*tensor.Tensor, error) {
	n, h, w, _ := x.Dims4()
	cell := m.Cell()
	z := tensor.New(n, (h+cell-1)/cell, (w+cell-1)/cell, m.Spec.Latent)
	plan, _ := m.Spec.plan()
	err := m.eachTile(ctx, x, reach(plan, 1), report, func(t *nn.Tape, i int, part *tensor.Tensor, in, out rect) {
		y, _ := m.encode(t, m.lay(t, part, []float32{float32(level)}))
		y, _ = m.bottleneck.Code(t, y, nil)
		in.cut(y.Val, out, z, i)
	})
	if err != nil {
		return nil, err
	}
	return z, nil
}

// eachTile works on pictures in tiles that see so many pixels beyond their own:
// part is the pixels of out, of which in is wanted, both in cells.
func (m *Model) eachTile(ctx context.Context, x *tensor.Tensor, margin int, report Report, work func(t *nn.Tape, i int, part *tensor.Tensor, in, out rect)) error {
	n, h, w, c := x.Dims4()
	if c != m.Spec.Channels {
		panic("model: wrong number of channels")
	}
	cell := m.Cell()
	zh, zw := (h+cell-1)/cell, (w+cell-1)/cell
	halo := (margin + cell - 1) / cell
	return tiles(ctx, nn.NewForms(""), n, zh, zw, cell, report, func(t *nn.Tape, i int, in rect) {
		out := in.grow(halo, zh, zw)
		part := t.New(1, out.h*cell, out.w*cell, c)
		for r := range out.h * cell {
			src := x.Data[(i*h+tensor.Mirror(out.y*cell+r, h))*w*c:][:w*c]
			dst := part.Data[r*out.w*cell*c:][:out.w*cell*c]
			for done := copy(dst, src[out.x*cell*c:]); done < len(dst); done += c {
				copy(dst[done:done+c], src[tensor.Mirror(out.x*cell+done/c, w)*c:])
			}
		}
		work(t, i, part, in, out)
	})
}

// Generates reports whether the latent is all that the decoder needs. That of a
// unet also needs what the encoder had at each level.
func (m *Model) Generates() bool { return len(m.dec) == 1 && m.Spec.Output != "residual" }

// Generate returns the pictures (N, h, w, Channels) of a latent, cut to h × w,
// which may be at most what the latent covers. The model must be one that
// Generates. The only error is ctx's.
func (m *Model) Generate(ctx context.Context, z *tensor.Tensor, h, w int, report Report) (*tensor.Tensor, error) {
	n, zh, zw, c := z.Dims4()
	cell := m.Cell()
	if !m.Generates() || c != m.Spec.Latent || h > zh*cell || w > zw*cell {
		panic("model: generate: the latent is not this model's, or too small")
	}
	x := tensor.New(n, h, w, m.Spec.Channels)
	_, plan := m.Spec.plan()
	halo := (reach(plan, cell) + cell - 1) / cell
	err := tiles(ctx, nn.NewForms(""), n, zh, zw, cell, report, func(t *nn.Tape, i int, in rect) {
		out := in.grow(halo, zh, zw)
		part := t.New(1, out.h, out.w, c)
		for r := range out.h {
			copy(part.Data[r*out.w*c:][:out.w*c], z.Data[((i*zh+out.y+r)*zw+out.x)*c:])
		}
		y := m.output(t, m.decode(t, t.Input(part), skips{}), nil)
		in.scale(cell).cut(y.Val, out.scale(cell), x, i)
	})
	if err != nil {
		return nil, err
	}
	return x, nil
}

// Reconstruct returns what is left of x after the bottleneck: the clean picture,
// if the model learned to remove noise. level is as for Features. The only error is
// ctx's.
func (m *Model) Reconstruct(ctx context.Context, x *tensor.Tensor, level float64, report Report) (*tensor.Tensor, error) {
	y := tensor.New(x.Shape...)
	return y, m.pass(ctx, x, level, nil, y, report)
}

// Look returns both the latent, as Features does, and the reconstruction.
func (m *Model) Look(ctx context.Context, x *tensor.Tensor, level float64, report Report) (z, y *tensor.Tensor, err error) {
	n, h, w, _ := x.Dims4()
	cell := m.Cell()
	z, y = tensor.New(n, (h+cell-1)/cell, (w+cell-1)/cell, m.Spec.Latent), tensor.New(x.Shape...)
	return z, y, m.pass(ctx, x, level, z, y, report)
}

// pass runs the model on pictures. A nil z is not wanted.
func (m *Model) pass(ctx context.Context, x *tensor.Tensor, level float64, z, y *tensor.Tensor, report Report) error {
	cell := m.Cell()
	enc, dec := m.Spec.plan()
	return m.eachTile(ctx, x, reach(enc, 1)+reach(dec, cell), report, func(t *nn.Tape, i int, part *tensor.Tensor, in, out rect) {
		v, past := m.encode(t, m.lay(t, part, []float32{float32(level)}))
		code, _ := m.bottleneck.Code(t, v, nil)
		if z != nil {
			in.cut(code.Val, out, z, i)
		}
		v = m.output(t, m.decode(t, code, past), part)
		in.scale(cell).cut(v.Val, out.scale(cell), y, i)
	})
}

// Anomaly returns, per element, the squared error with which the model
// reproduces x. The only error is ctx's.
func (m *Model) Anomaly(ctx context.Context, x *tensor.Tensor, report Report) (*tensor.Tensor, error) {
	y, err := m.Reconstruct(ctx, x, 0, report)
	if err != nil {
		return nil, err
	}
	for i, v := range x.Data {
		d := y.Data[i] - v
		y.Data[i] = d * d
	}
	return y, nil
}

// rect is a part of a picture, in cells or pixels.
type rect struct{ y, x, h, w int }

// grow returns r with a margin, inside a picture of h × w. It starts where the
// whole picture has a multiple of nn.Grid cells, and so pixels at every level.
func (r rect) grow(margin, h, w int) rect {
	y, x := max(0, r.y-margin)/nn.Grid*nn.Grid, max(0, r.x-margin)/nn.Grid*nn.Grid
	return rect{y, x, min(h, r.y+r.h+margin) - y, min(w, r.x+r.w+margin) - x}
}

func (r rect) scale(k int) rect { return rect{r.y * k, r.x * k, r.h * k, r.w * k} }

// cut copies r out of part, which holds the rectangle whole, into picture i of to.
func (r rect) cut(part *tensor.Tensor, whole rect, to *tensor.Tensor, i int) {
	_, h, w, c := to.Dims4()
	width := min(r.w, w-r.x) * c
	for y := r.y; y < min(r.y+r.h, h); y++ {
		from := ((y-whole.y)*whole.w + r.x - whole.x) * c
		copy(to.Data[((i*h+y)*w+r.x)*c:][:width], part.Data[from:])
	}
}

// tilePixels is how many pixels a tile has at most: few, so that its activations
// need little memory and a cancelled job ends at once, and many, so that its
// margin costs little.
const tilePixels = 384 * 512

// sharedPixels is the least side of a tile that all processors share. Smaller
// ones are worked on side by side.
const sharedPixels = 128

// tiles cuts n pictures of h × w cells into tiles and works on them on all
// processors. Neither their number nor how they share the work shows in the
// result.
func tiles(ctx context.Context, forms *nn.Forms, n, h, w, cell int, report Report, work func(t *nn.Tape, i int, in rect)) error {
	rows, cols := cuts(h, w, max(1, tilePixels/(cell*cell)))
	total := n * rows * cols
	var mu sync.Mutex
	done := 0
	threads := 1
	if min(h/rows, w/cols)*cell >= sharedPixels {
		threads = runtime.GOMAXPROCS(0)
	}
	each(forms, total, threads, func(t *nn.Tape, k int) {
		if ctx.Err() != nil {
			return
		}
		i, r, c := k/(rows*cols), k/cols%rows, k%cols
		// Tiles of one picture differ by a cell at most.
		y0, y1, x0, x1 := r*h/rows, (r+1)*h/rows, c*w/cols, (c+1)*w/cols
		work(t, i, rect{y0, x0, y1 - y0, x1 - x0})
		if report != nil {
			mu.Lock()
			defer mu.Unlock()
			done++
			report(done, total)
		}
	})
	return ctx.Err()
}

// cuts returns into how many rows and columns h × w cells are cut for tiles of at
// most so many cells, with the shortest margins.
func cuts(h, w, most int) (rows, cols int) {
	least := math.MaxInt
	for r := 1; r <= h; r++ {
		high := (h + r - 1) / r
		if high > most {
			continue
		}
		wide := max(1, most/high)
		c := (w + wide - 1) / wide
		if length := r*w + c*h; length < least {
			rows, cols, least = r, c, length
		}
		if c == 1 {
			break
		}
	}
	return rows, cols
}

// each runs f(0) … f(n-1) on all processors, every goroutine with a tape of its
// own that records nothing, shares its work among so many threads, and is reset
// between calls.
func each(forms *nn.Forms, n, threads int, f func(t *nn.Tape, i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)/threads) {
		wg.Go(func() {
			t := nn.NewInference(forms)
			defer t.Leave()
			t.Share(threads)
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(t, i)
				t.Reset()
			}
		})
	}
	wg.Wait()
}
