package model

import (
	"context"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// Report is told how much of the work is done. It may be nil, and may be called
// from any goroutine, one call at a time.
type Report = func(done, total int)

// Features returns the latent of pictures x (N, H, W, Channels):
// (N, ⌈H/Cell⌉, ⌈W/Cell⌉, Latent), and of a recurrent body Latent numbers of each pass. level is how strong the noise is, the root mean
// square in units of white, for a model that is told of it. Edges are mirrored up to
// a multiple of Cell. The only error is ctx's.
func (m *Model) Features(ctx context.Context, x *tensor.Tensor, level float64, report Report) (*tensor.Tensor, error) {
	z := m.room(x)
	return z, m.pass(ctx, m.pictures(x), level, rows(z), nil, report)
}

// Reconstruct returns what is left of x after the bottleneck: the clean picture,
// if the model learned to remove noise. level is as for Features. The only error is
// ctx's.
func (m *Model) Reconstruct(ctx context.Context, x *tensor.Tensor, level float64, report Report) (*tensor.Tensor, error) {
	y := tensor.New(x.Shape...)
	return y, m.pass(ctx, m.pictures(x), level, nil, rows(y), report)
}

// Look returns both the latent, as Features does, and the reconstruction.
func (m *Model) Look(ctx context.Context, x *tensor.Tensor, level float64, report Report) (z, y *tensor.Tensor, err error) {
	z, y = m.room(x), tensor.New(x.Shape...)
	return z, y, m.pass(ctx, m.pictures(x), level, rows(z), rows(y), report)
}

// Flow is Reconstruct for one picture of h × w pixels that need not be in memory as
// numbers. read fills a slice with the pixels of row y from column x on, and write is
// given those of the result, not to be kept; rows come in order, but for those that
// are mirrored at the end and read at first, and those that are longer than strips come
// strip by strip. What is written may take the place of what is
// read.
func (m *Model) Flow(ctx context.Context, h, w int, level float64, read, write func(row []float32, y, x int), report Report) error {
	e := edges{read: read, write: write, channels: m.Spec.Channels}
	if w > stripPixels {
		e.width = min(w, (m.margin(true)+nn.Grid)*m.Cell())
		e.old, e.new = make([]float32, h*e.width*e.channels), make([]float32, h*e.width*e.channels)
	}
	return m.pass(ctx, pictures{n: 1, h: h, w: w, read: e.in}, level, nil, e.out, report)
}

// Edges keep what stood at the right edge of a strip before it was written, which the
// next strip looks at.
type edges struct {
	read, write     func(row []float32, y, x int)
	width, channels int
	at              int       // the column that the strip begins with, which is read and written
	old, new        []float32 // the pixels before that column, and those at the end of this strip
}

func (e *edges) in(s *strip, to []float32, y, x int) {
	if first := s.in.first * s.cell; first != e.at {
		e.at = first
		e.old, e.new = e.new, e.old
	}
	e.read(to, y, x)
	if x < e.at {
		row := e.old[y*e.width*e.channels:][:e.width*e.channels]
		copy(to, row[len(row)-(e.at-x)*e.channels:])
	}
}

func (e *edges) out(_ *strip, from []float32, y, x int) {
	if end := x + len(from)/e.channels; e.width > 0 {
		e.read(e.new[y*e.width*e.channels:][:e.width*e.channels], y, max(0, end-e.width))
	}
	e.write(from, y, x)
}

// Pictures are n of h × w pixels. read fills to with the pixels of row y of a strip's
// picture from column x on.
type pictures struct {
	n, h, w int
	read    func(s *strip, to []float32, y, x int)
	bare    bool     // what comes of the encoder is wanted, before the bottleneck
	legs    []writer // what the encoder keeps for the decoder is wanted, too
}

// A writer takes what is at row y of a strip's picture from column x on, which may be
// beyond it.
type writer func(s *strip, from []float32, y, x int)

func (m *Model) pictures(x *tensor.Tensor) pictures {
	n, h, w, c := x.Dims4()
	if c != m.Spec.Channels {
		panic("model: wrong number of channels")
	}
	return pictures{n: n, h: h, w: w, read: func(s *strip, to []float32, y, col int) { copy(to, x.Data[((s.picture*h+y)*w+col)*c:]) }}
}

// room returns an empty latent for x.
func (m *Model) room(x *tensor.Tensor) *tensor.Tensor {
	n, h, w, _ := x.Dims4()
	cell := m.Cell()
	return tensor.New(n, (h+cell-1)/cell, (w+cell-1)/cell, m.Spec.Numbers())
}

// rows writes to a tensor.
func rows(to *tensor.Tensor) writer {
	_, h, w, c := to.Dims4()
	return func(s *strip, from []float32, y, x int) { copy(to.Data[((s.picture*h+y)*w+x)*c:], from) }
}

// pass runs the model on pictures. What is nil is not wanted. The only error is ctx's.
func (m *Model) pass(ctx context.Context, p pictures, level float64, z, y writer, report Report) error {
	if m.loop != nil {
		return m.passOver(ctx, p, z, y, report)
	}
	cell, c := m.Cell(), m.Spec.Channels
	enc, dec := m.Spec.plan()
	size := area{p.n, (p.h + cell - 1) / cell, (p.w + cell - 1) / cell, cell}
	return strips(ctx, m.forms(), size, m.margin(y != nil), report, func(s *strip) {
		height, width := s.height*cell, s.out.length()*cell
		seen := s.belt(height, width, c)
		told := seen
		if m.Spec.Level {
			told = s.belt(height, width, c+1)
		}
		b, kept := s.legs(m.Spec, enc, m.enc, told, nil)
		for i, to := range p.legs {
			s.keep(kept[i], to, kept[i].height, size.width*(kept[i].height/s.height))
		}
		if !p.bare && m.codes() {
			b = s.mapped(nn.Func(m.rows), b, s.belt(b.height, b.width, m.Spec.Latent), 1, 1)
		}
		if z != nil {
			s.keep(b, z, size.height, size.width)
		}
		if y != nil {
			b, _ = s.legs(m.Spec, dec, m.dec, b, kept)
			s.keep(m.finish(s, b, seen), y, p.h, p.w)
		}
		x := s.out.first * cell
		n := min(width, p.w-x) * c
		// What is mirrored at the end is read at first: it may be written by then.
		mirrored := make([]float32, max(0, height-p.h)*n)
		for r := p.h; r < height; r++ {
			p.read(s, mirrored[(r-p.h)*n:][:n], tensor.Mirror(r, p.h), x)
		}
		s.flow(ctx, func(first, end int) {
			first, end = first*cell, end*cell
			seen.reserve(end)
			for r := first; r < end; r++ {
				row := seen.at(r, r+1)
				if r < p.h {
					p.read(s, row[:n], r, x)
				} else {
					copy(row, mirrored[(r-p.h)*n:][:n])
				}
				for i := n / c; i < width; i++ {
					copy(row[i*c:(i+1)*c], row[(tensor.Mirror(x+i, p.w)-x)*c:])
				}
			}
			if told != seen {
				told.reserve(end)
				tell(told.at(first, end), seen.at(first, end), c, float32(level))
				told.grown(end)
			}
			seen.grown(end)
		})
	})
}

// margin returns how many cells a latent depends on beyond its own, or what is made of
// it.
func (m *Model) margin(decoded bool) int {
	cell := m.Cell()
	enc, dec := m.Spec.plan()
	pixels := reach(enc, 1)
	if decoded {
		pixels += reach(dec, cell)
	}
	return (pixels + cell - 1) / cell
}

// keep hands on what a belt carries of a picture of h × w, in the belt's own units.
func (s *strip) keep(b *belt, to writer, h, w int) {
	unit := b.height / s.height
	left, first, end := s.out.first*unit, s.in.first*unit, min(s.in.end*unit, w)
	s.drain(b, func(y int, row []float32) {
		if y < h && first < end {
			to(s, row[(first-left)*b.channels:(end-left)*b.channels], y, first)
		}
	})
}

// finish lays out the output function; seen is what the encoder has seen.
func (m *Model) finish(s *strip, b, seen *belt) *belt {
	switch m.Spec.Output {
	case "sigmoid":
		return s.mapped(nn.Func(nn.Sigmoid), b, s.belt(b.height, b.width, b.channels), 1, 1)
	case "residual":
		return s.add(b, seen)
	}
	return b
}

// Generates reports whether the latent is all that the decoder needs. That of a
// unet also needs what the encoder had at each level.
func (m *Model) Generates() bool { return len(m.dec) <= 1 && m.Spec.Output != "residual" }

// Generate returns the pictures (N, h, w, Channels) of a latent, cut to h × w,
// which may be at most what the latent covers. The model must be one that
// Generates. The only error is ctx's.
func (m *Model) Generate(ctx context.Context, z *tensor.Tensor, h, w int, report Report) (*tensor.Tensor, error) {
	n, zh, zw, c := z.Dims4()
	if cell := m.Cell(); !m.Generates() || c != m.Spec.Numbers() || h > zh*cell || w > zw*cell {
		panic("model: generate: the latent is not this model's, or too small")
	}
	x := tensor.New(n, h, w, m.Spec.Channels)
	return x, m.generate(ctx, z, h, w, rows(x), report)
}

// generate hands on the pictures of a latent row by row.
func (m *Model) generate(ctx context.Context, z *tensor.Tensor, h, w int, write writer, report Report) error {
	if m.loop != nil {
		return m.regenerate(ctx, z, h, w, write, report)
	}
	n, zh, zw, c := z.Dims4()
	cell := m.Cell()
	_, plan := m.Spec.plan()
	margin := (reach(plan, cell) + cell - 1) / cell
	return strips(ctx, m.forms(), area{n, zh, zw, cell}, margin, report, func(s *strip) {
		code := s.belt(zh, s.out.length(), c)
		b, _ := s.legs(m.Spec, plan, m.dec, code, nil)
		s.keep(m.finish(s, b, nil), write, h, w)
		s.flow(ctx, func(first, end int) {
			code.reserve(end)
			for r := first; r < end; r++ {
				copy(code.at(r, r+1), z.Data[((s.picture*zh+r)*zw+s.out.first)*c:])
			}
			code.grown(end)
		})
	})
}
