package model

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"runtime"

	"sieve/model/entropy"
	"sieve/model/nn"
	"sieve/model/tensor"
)

// ErrTile reports bytes that no codec of this model has written.
var ErrTile = errors.New("model: a damaged tile")

// Qualities is how many steps of quality there are above the lowest.
const Qualities = 1000

// tileCells is how many cells a side are coded together, apart from all others.
const tileCells = 64

// A Codec turns pictures into bytes and back. What decides a bit of them is computed in
// whole numbers, so every machine reads what any has written. It may be used by several
// goroutines at once.
type Codec struct {
	m             *Model
	q             *quantised
	layers        []wholeLayer
	turns         []turn
	tables        []*entropy.Table
	spread, prior []int64
	order         []int
	forms         *nn.Forms
	id            [8]byte
}

// Freeze returns the codec of a model with a quantised bottleneck. That of a model which
// was read is the one it was saved with. Errors wrap ErrFreeze.
func (m *Model) Freeze() (*Codec, error) {
	q, ok := m.bottleneck.(*quantised)
	if !ok {
		return nil, fmt.Errorf("%w: its latent is not quantised", ErrFreeze)
	}
	if !m.Generates() || m.Spec.Level {
		return nil, fmt.Errorf("%w: its decoder needs more than the latent", ErrFreeze)
	}
	f, err := m.decides()
	if err != nil {
		return nil, err
	}
	c := &Codec{m: m, q: q, layers: f.layers, forms: nn.NewForms("")}
	for i := range scales {
		t, err := f.table(i)
		if err != nil {
			return nil, fmt.Errorf("%w: table %d: %w", ErrFreeze, i, err)
		}
		c.tables = append(c.tables, t)
	}
	for _, v := range f.spread.Data {
		c.spread = append(c.spread, int64(v))
	}
	for _, v := range f.prior.Data {
		c.prior = append(c.prior, int64(v))
	}
	for _, v := range f.order.Data {
		c.order = append(c.order, int(v))
	}
	for _, g := range m.Spec.groups() {
		for half := range g.turns() {
			t := turn{group: g, half: half}
			if len(f.context) > 0 {
				t.foresight = f.context[len(c.turns)]
			}
			c.turns = append(c.turns, t)
		}
	}
	hash := sha256.New()
	all := f.named()
	for i := range all {
		all[i].whole = false // four bytes each, however they are kept
	}
	for name, p := range m.Params() {
		all = append(all, named{name: name, val: p.Val})
	}
	if err := writeNumbers(hash, all, full); err != nil {
		return nil, err
	}
	copy(c.id[:], hash.Sum(nil))
	return c, nil
}

// decides returns what a model was saved with, or would be.
func (m *Model) decides() (*frozen, error) {
	if m.frozen != nil {
		return m.frozen, nil
	}
	return m.freeze()
}

// ID names the codec: all numbers that writing and reading depend on.
func (c *Codec) ID() [8]byte { return c.id }

// Channels returns how many channels pictures have.
func (c *Codec) Channels() int { return c.m.Spec.Channels }

// Cell returns how many pixels a side one cell of the latent covers.
func (c *Codec) Cell() int { return c.m.Cell() }

// A Latent is what the encoder makes of one picture of h × w pixels, or what the decoder
// is given.
type Latent struct {
	H, W int
	z    *tensor.Tensor // (1, ⌈h/cell⌉, ⌈w/cell⌉, Latent)
}

// Analyse returns the latent of a picture of h × w pixels, of which read fills a slice
// with the pixels of row y from column x on, as for Model.Flow. The only error is ctx's.
func (c *Codec) Analyse(ctx context.Context, h, w int, read func(row []float32, y, x int), report Report) (*Latent, error) {
	p := pictures{n: 1, h: h, w: w, read: func(_ *strip, to []float32, y, x int) { read(to, y, x) }, bare: true}
	rh, rw := c.cells(h, w)
	z := tensor.New(1, rh, rw, c.m.Spec.Latent)
	return &Latent{h, w, z}, c.m.pass(ctx, p, 0, rows(z), nil, report)
}

// cells returns the size of the latent of a picture.
func (c *Codec) cells(h, w int) (rows, cols int) {
	cell := c.m.Cell()
	return (h + cell - 1) / cell, (w + cell - 1) / cell
}

// Synthesise hands the picture of a latent on, row by row, as Model.Flow does. The only
// error is ctx's.
func (c *Codec) Synthesise(ctx context.Context, l *Latent, write func(row []float32, y, x int), report Report) error {
	return c.m.generate(ctx, l.z, l.H, l.W, func(_ *strip, from []float32, y, x int) { write(from, y, x) }, report)
}

// Tiles returns how many tiles a picture of h × w pixels is coded in: row by row, each of
// so many pixels a side but for the last of a row or column.
func (c *Codec) Tiles(h, w int) (rows, cols, side int) {
	zh, zw := c.cells(h, w)
	return (zh + tileCells - 1) / tileCells, (zw + tileCells - 1) / tileCells, tileCells * c.m.Cell()
}

// Packed is a picture as bytes.
type Packed struct {
	Tiles  [][]byte
	Latent *Latent        // what the decoder will see
	Bits   *tensor.Tensor // (1, ⌈h/cell⌉, ⌈w/cell⌉, 1): what each cell costs
}

// Pack rounds a latent at a quality, from 0 to Qualities, and codes it. The only error is
// ctx's.
func (c *Codec) Pack(ctx context.Context, l *Latent, quality int) (*Packed, error) {
	_, zh, zw, _ := l.z.Dims4()
	tr, tc, _ := c.Tiles(l.H, l.W)
	p := &Packed{make([][]byte, tr*tc), &Latent{l.H, l.W, tensor.New(l.z.Shape...)}, tensor.New(1, zh, zw, 1)}
	return p, c.eachTile(ctx, l, quality, func(b *block) {
		b.round(l.z)
		p.Tiles[b.index] = b.encode(p.Bits)
		b.restore(p.Latent.z)
	})
}

// A Loss says what is missing of a tile.
type Loss struct {
	Tile int
	Part float64 // of its numbers
}

// Unpack returns what the decoder sees of a picture of h × w pixels. Of tiles that are
// cut short it takes what is there, and a nil one is empty; losses tell of those. A tile
// that Pack has not made is an error that wraps ErrTile, or a loss.
func (c *Codec) Unpack(ctx context.Context, h, w, quality int, tiles [][]byte) (*Latent, []Loss, error) {
	zh, zw := c.cells(h, w)
	l := &Latent{h, w, tensor.New(1, zh, zw, c.m.Spec.Latent)}
	tr, tc, _ := c.Tiles(h, w)
	if len(tiles) != tr*tc {
		return nil, nil, fmt.Errorf("%w: %d of them for a picture that has %d", ErrTile, len(tiles), tr*tc)
	}
	missing, wrong := make([]float64, len(tiles)), make([]error, len(tiles))
	err := c.eachTile(ctx, l, quality, func(b *block) {
		missing[b.index], wrong[b.index] = b.decode(tiles[b.index])
		b.restore(l.z)
	})
	var losses []Loss
	for i, part := range missing {
		if part > 0 {
			losses = append(losses, Loss{i, part})
		}
		if wrong[i] != nil && err == nil {
			err = fmt.Errorf("%w: tile %d: %w", ErrTile, i+1, wrong[i])
		}
	}
	return l, losses, err
}

// A turn is what is coded at once: a group, or of one with a checkerboard the cells of a
// colour.
type turn struct {
	group
	half      int
	foresight []wholeLayer
}

// has reports whether the i-th cell of a tile of w columns is coded in this turn.
func (t turn) has(i, w int) bool { return !t.checkered || nn.Even(i, w) == (t.half == 0) }

// A block is a tile at work. What it has for each number stands by channel, then cell.
type block struct {
	*Codec
	t             *nn.Tape
	index         int
	quality       int
	top, left     int // of the latent
	h, w          int // in cells
	sent          *tensor.Tensor
	seen          *nn.Var // by the last layer of the hyperprior's synthesis
	hints, levels []int32 // means, and indices of scales, that it tells: in fractions
	past          []int32 // what foresights see of numbers that have been coded
	means         []int32 // in fractions
	scales        []uint8
	numbers       []int32
	there         []bool // which of them have been read; nil: all
	full          int    // width of the latent it is a part of, in cells
}

// eachTile calls f for all tiles, on all processors.
func (c *Codec) eachTile(ctx context.Context, l *Latent, quality int, f func(b *block)) error {
	if quality < 0 || quality > Qualities {
		panic("model: codec: quality is beyond its range")
	}
	_, zh, zw, m := l.z.Dims4()
	tr, tc, _ := c.Tiles(l.H, l.W)
	threads := 1
	if tr*tc == 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	each(c.forms, tr*tc, threads, func(t *nn.Tape, i int) {
		if ctx.Err() != nil {
			return
		}
		b := &block{Codec: c, t: t, index: i, quality: quality, top: i / tc * tileCells, left: i % tc * tileCells, full: zw}
		b.h, b.w = min(tileCells, zh-b.top), min(tileCells, zw-b.left)
		n := b.h * b.w * m
		for _, p := range []*[]int32{&b.hints, &b.levels, &b.past, &b.means, &b.numbers} {
			*p = make([]int32, n)
		}
		b.scales = make([]uint8, n)
		b.sent = tensor.New(1, (b.h+3)/4, (b.w+3)/4, c.m.Spec.Hyper)
		f(b)
	})
	return ctx.Err()
}

// at returns the quality as gains know it.
func (b *block) at() float32 { return float32(b.quality) / Qualities }

// cut returns the tile's part of a latent.
func (b *block) cut(z *tensor.Tensor) *tensor.Tensor { return cutOut(z, b.top, b.left, b.h, b.w) }

// cutOut returns h rows and w columns of a picture or a latent.
func cutOut(z *tensor.Tensor, top, left, h, w int) *tensor.Tensor {
	_, _, zw, c := z.Dims4()
	to := tensor.New(1, h, w, c)
	for r := range h {
		copy(to.Data[r*w*c:(r+1)*w*c], z.Data[((top+r)*zw+left)*c:])
	}
	return to
}

// round chooses the numbers that say what is in a latent.
func (b *block) round(z *tensor.Tensor) {
	y := nn.Gain(b.t, b.t.Input(b.cut(z)), nn.Between(b.t, b.t.Use(b.q.gain), b.at()), 1)
	for i, v := range b.q.analysis.Forward(b.t, y).Val.Data {
		b.sent.Data[i] = float32(math.RoundToEven(float64(min(max(v, -mostSent), mostSent))))
	}
	b.predict()
	c, cells := b.m.Spec.Latent, b.h*b.w
	for _, turn := range b.turns {
		b.foresee(turn)
		b.walk(turn, func(k int, _ *entropy.Table) error {
			v := y.Val.Data[k%cells*c+k/cells]
			d := math.RoundToEven(float64(v) - float64(b.means[k])/fraction)
			b.numbers[k] = int32(min(max(d, 1-entropy.Most), entropy.Most-1))
			return nil
		})
		b.remember(turn)
	}
}

// Sums are what a layer computes: whole numbers that stand for others.
type sums struct {
	v     *nn.Var
	times []float32
}

// at returns what the i-th sum stands for.
func (s sums) at(i int) int64 { return scaled(s.v.Val.Data[i], s.times[i%len(s.times)]) }

// through runs a layer.
func (b *block) through(l wholeLayer, x *nn.Var) sums {
	if l.doubles {
		x = nn.ConvT(b.t, x, b.t.Use(l.w), b.t.Use(l.b), 2, 1)
	} else {
		x = nn.WholeConv(b.t, x, l.w, l.b)
	}
	return sums{x, l.times.Data}
}

// grains returns what the next layer is given by others together.
func grains(first sums, others ...sums) *nn.Var {
	for i := range first.v.Val.Data {
		v := first.at(i)
		for _, s := range others {
			v += s.at(i)
		}
		first.v.Val.Data[i] = float32(min(max(v, 0), mostGrains))
	}
	return first.v
}

// predict computes what is told of means and scales by what is sent ahead.
func (b *block) predict() {
	x, last := b.t.Input(b.sent), len(b.layers)-1
	for _, l := range b.layers[:last] {
		x = grains(b.through(l, x))
	}
	b.seen = nn.Corner(b.t, x, b.h, b.w, 0, b.m.Spec.Hyper)
	says := b.through(b.layers[last], b.seen)
	c, cells := b.m.Spec.Latent, b.h*b.w
	spread := betweenWhole(b.Codec.spread, c, b.quality)
	for k := range b.hints {
		at := k%cells*2*c + k/cells
		b.hints[k] = fractions(says.at(at))
		b.levels[k] = fractions(says.at(at+c) + spread[k/cells])
	}
}

// foresee computes means and scales of the numbers of a turn.
func (b *block) foresee(t turn) {
	var says sums
	if f := t.foresight; f != nil {
		var others []sums
		if len(f) > pastLayer {
			others = append(others, b.through(f[pastLayer], b.t.Input(b.coded(t.group.past(t.half)))))
		}
		says = b.through(f[outLayer], grains(b.through(f[toldLayer], b.seen), others...))
	}
	cells, n := b.h*b.w, t.last-t.first
	for c := range n {
		for i := range cells {
			if !t.has(i, b.w) {
				continue
			}
			k := (t.first+c)*cells + i
			mean, level := int64(b.hints[k]), int64(b.levels[k])
			if t.foresight != nil {
				mean += says.at(i*2*n + c)
				level += says.at(i*2*n + n + c)
			}
			b.means[k], b.scales[k] = fractions(mean), scaleIndex(level)
		}
	}
}

// coded returns what foresights see of so many channels.
func (b *block) coded(channels int) *tensor.Tensor {
	x, cells := tensor.New(1, b.h, b.w, channels), b.h*b.w
	for k, v := range b.past[:channels*cells] {
		x.Data[k%cells*channels+k/cells] = float32(v)
	}
	return x
}

// remember lets later turns see the numbers of one.
func (b *block) remember(t turn) {
	if t.foresight == nil {
		return
	}
	b.walk(t, func(k int, _ *entropy.Table) error {
		off := (int(b.numbers[k])*fraction + int(b.means[k]-b.hints[k]) + fraction/2) >> fractionBits
		b.past[k] = int32(min(max(off, -mostPast), mostPast))
		return nil
	})
}

// scaled returns what a sum stands for.
func scaled(sum, times float32) int64 {
	return (int64(sum)*int64(times) + 1<<(multiple-1)) >> multiple
}

// fractions cuts a number in fractions to what is kept of it.
func fractions(v int64) int32 {
	return int32(min(max(v, -mostMean*fraction), mostMean*fraction))
}

// scaleIndex rounds an index in fractions.
func scaleIndex(v int64) uint8 {
	return uint8(min(max((v+fraction/2)/fraction, 0), scales-1))
}

// betweenWhole is nn.Between in whole numbers.
func betweenWhole(table []int64, c, quality int) []int64 {
	p := quality * (anchors - 1)
	row := min(p/Qualities, anchors-2)
	part := int64(p - row*Qualities)
	out := make([]int64, c)
	for i := range out {
		a, b := table[row*c+i], table[(row+1)*c+i]
		out[i] = a + ((b-a)*part+Qualities/2)/Qualities
	}
	return out
}

// A number's place and table are what walks hand to their callers.
type visit = func(i int, t *entropy.Table) error

// walkAhead visits what is sent ahead, one channel after another.
func (b *block) walkAhead(f visit) error {
	h := b.m.Spec.Hyper
	cells := len(b.sent.Data) / h
	for c, index := range betweenWhole(b.Codec.prior, h, b.quality) {
		t := b.tables[scaleIndex(index)]
		for i := range cells {
			if err := f(i*h+c, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// walk visits the latent in a turn, one channel after another, the most important first.
func (b *block) walk(t turn, f visit) error {
	cells := b.h * b.w
	for _, c := range b.order[t.first:t.last] {
		for i := range cells {
			if k := c*cells + i; t.has(i, b.w) {
				if err := f(k, b.tables[b.scales[k]]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// encode returns the tile's bytes, and adds to bits what its cells cost.
func (b *block) encode(bits *tensor.Tensor) []byte {
	var e entropy.Encoder
	h, wide := b.m.Spec.Hyper, (b.w+3)/4
	cost := func(r, s int, v float64) { bits.Data[(b.top+r)*b.full+b.left+s] += float32(v) }
	cells := b.h * b.w
	b.walkAhead(func(i int, t *entropy.Table) error {
		e.Put(t, int(b.sent.Data[i]))
		r, s := i/h/wide*4, i/h%wide*4
		n := min(4, b.h-r) * min(4, b.w-s)
		for y := r; y < min(r+4, b.h); y++ {
			for x := s; x < min(s+4, b.w); x++ {
				cost(y, x, t.Bits(int(b.sent.Data[i]))/float64(n))
			}
		}
		return nil
	})
	for _, turn := range b.turns {
		b.walk(turn, func(k int, t *entropy.Table) error {
			e.Put(t, int(b.numbers[k]))
			cost(k%cells/b.w, k%cells%b.w, t.Bits(int(b.numbers[k])))
			return nil
		})
	}
	return e.Bytes()
}

// decode reads a tile's bytes, and returns which part of its numbers they do not hold.
// Those are as likely as can be, or between their neighbours.
func (b *block) decode(bytes []byte) (missing float64, err error) {
	b.there = make([]bool, len(b.numbers))
	all := len(b.sent.Data) + len(b.numbers)
	got := 0
	d, err := entropy.NewDecoder(bytes)
	if err == nil {
		err = b.walkAhead(func(i int, t *entropy.Table) error {
			v, err := d.Get(t)
			if err != nil {
				return err
			}
			if v > mostSent || v < -mostSent {
				return entropy.ErrData
			}
			b.sent.Data[i] = float32(v)
			got++
			return nil
		})
	}
	b.predict()
	for _, turn := range b.turns {
		b.foresee(turn)
		if err == nil {
			err = b.walk(turn, func(k int, t *entropy.Table) error {
				v, err := d.Get(t)
				b.numbers[k] = int32(v)
				if err == nil {
					b.there[k] = true
					got++
				}
				return err
			})
		}
		b.remember(turn)
	}
	if err == nil {
		err = d.Close()
	}
	if errors.Is(err, entropy.ErrEnd) {
		err = nil
	}
	if got == all {
		b.there = nil
	}
	return 1 - float64(got)/float64(all), err
}

// restore writes to a latent what the tile's numbers stand for.
func (b *block) restore(z *tensor.Tensor) {
	c, cells := b.m.Spec.Latent, b.h*b.w
	y := tensor.New(1, b.h, b.w, c)
	for k, v := range b.numbers {
		y.Data[k%cells*c+k/cells] = float32(v) + float32(float32(b.means[k])/fraction)
	}
	if b.there != nil {
		b.conceal(y)
	}
	y = b.q.undo(b.t, b.t.Input(y), b.at()).Val
	for r := range b.h {
		copy(z.Data[((b.top+r)*b.full+b.left)*c:], y.Data[r*b.w*c:(r+1)*b.w*c])
	}
}

// conceal gives cells of a checkerboard's second colour that have not been read the mean of
// their neighbours that have.
func (b *block) conceal(y *tensor.Tensor) {
	c, cells := b.m.Spec.Latent, b.h*b.w
	for _, t := range b.turns {
		if t.half == 0 {
			continue
		}
		for k := t.first * cells; k < t.last*cells; k++ {
			i, channel := k%cells, k/cells
			if b.there[k] || !t.has(i, b.w) {
				continue
			}
			var sum, n float32
			for _, side := range []struct {
				step   int
				inside bool
			}{{-b.w, i >= b.w}, {b.w, i+b.w < cells}, {-1, i%b.w > 0}, {1, i%b.w < b.w-1}} {
				if side.inside && b.there[k+side.step] {
					sum += y.Data[(i+side.step)*c+channel]
					n++
				}
			}
			if n > 0 {
				y.Data[i*c+channel] = sum / n
			}
		}
	}
}

// Estimate returns how many bits the model says that a latent costs at a quality, before
// anything is made whole.
func (c *Codec) Estimate(ctx context.Context, l *Latent, quality int) (float64, error) {
	_, _, _, m := l.z.Dims4()
	tr, tc, _ := c.Tiles(l.H, l.W)
	bits := make([]float64, tr*tc)
	err := c.eachTile(ctx, l, quality, func(b *block) {
		y := b.t.Input(b.cut(l.z))
		_, price := c.q.Code(b.t, y, b.at(), nil)
		bits[b.index] = float64(price.Val.Data[0]) * float64(len(y.Val.Data)/m*c.m.Cell()*c.m.Cell())
	})
	var sum float64
	for _, v := range bits {
		sum += v
	}
	return sum, err
}
