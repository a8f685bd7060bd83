package kernel

import "unsafe"

// Convolutions of numbers rounded to bf16. A strip of the picture that is read is rounded into
// memory of its own, between its zeros, so that 16 neighbouring pixels are the rows of a tile
// and the taps of a row of the kernel lie one after the other. Where rows of pixels are no
// multiple of 16, tiles go on from one row to the next, across the zeros, whose results are
// forgotten. The rows of taps are filled up with zeros to multiples of 32; what they meet are
// the pixels beyond, so that what is not finite there does not stay where it belongs.
//
// With a stride, the rows of the strip stand sorted by their phase.

// Numbers are those of pictures: as float32, or rounded to bf16 already.
type Numbers struct {
	Full []float32
	Half []uint16
}

func (p Numbers) len() int { return max(len(p.Full), len(p.Half)) }

func (p Numbers) part(from, to int) Numbers {
	if p.Half != nil {
		return Numbers{Half: p.Half[from:to]}
	}
	return Numbers{Full: p.Full[from:to]}
}

func (p Numbers) nth(i, n int) Numbers {
	size := p.len() / n
	return p.part(i*size, (i+1)*size)
}

// row rounds row y of an h × w picture of c channels, with zeros for left pixels before it and
// for what is left behind it; other rows are zeros.
func (p Numbers) row(to []uint16, y, h, w, c, left int) {
	if y < 0 || y >= h {
		clear(to)
		return
	}
	clear(to[:left*c])
	some := to[left*c:]
	some = some[:min(w*c, len(some))]
	if p.Half != nil {
		copy(some, p.Half[y*w*c:])
	} else {
		Round(some, p.Full[y*w*c:][:len(some)])
	}
	clear(to[left*c+len(some):])
}

// A strip16 is rows of a picture of c channels as tiles read them: across pixels a row, a multiple
// of step of them; rows of equal phase modulo step one after the other.
type strip16 struct {
	data         []uint16
	c            int
	across, step int
	plane        int // numbers of the rows of one phase
}

// fill reads rows from top on of an h × w picture, with left zeros before them, and zeros after
// all for so many numbers.
func (f *strip16) fill(buf *[]uint16, x Numbers, h, w, top, rows, left, slack int) {
	width := f.across * f.c
	f.plane = panels(rows, f.step) * width
	f.data = grow16(buf, f.plane*f.step+slack)
	clear(f.data[f.plane*f.step:])
	for i := range panels(rows, f.step) * f.step {
		y := top + i
		if i >= rows {
			y = h // there is none
		}
		x.row(f.data[i%f.step*f.plane+i/f.step*width:][:width], y, h, w, f.c, left)
	}
}

// A tilePass computes rows × cols pixels of n channels from a strip.
type tilePass struct {
	strip      strip16
	segs       []int
	kc         int // length of a segment
	b          []uint16
	rows, cols int
	n          int
	pixel      int // place of the first
	ldc, crow  int // from one pixel, one row, to the next
	y          Numbers
	end        End
}

// tilePlaces are the pixels that tiles compute: rows × cols of them, with row pixels from one row to
// the next in the strip, and so many numbers from one to the next there, in the result, and in its
// rows.
type tilePlaces struct{ rows, cols, row, pitch, ldc, crow int }

// tileAt lists the tiles of a pass, those of whole rows or those that go on: where their first
// pixels are in the strip, and where all are in the result, from the first on.
func (p *tilePass) tileAt(s *Scratch) (firsts []int, pixels []int32) {
	f := &p.strip
	places := tilePlaces{p.rows, p.cols, f.across / f.step, f.step * f.c, p.ldc, p.crow}
	if s.tilesOf != places {
		s.tilesOf = places
		s.firsts, s.pixels = places.list(s.firsts[:0], s.pixels[:0])
	}
	return s.firsts, s.pixels
}

// list appends the tiles.
func (p tilePlaces) list(firsts []int, pixels []int32) ([]int, []int32) {
	row, pitch := p.row, p.pitch
	if flat := (p.rows-1)*row + p.cols; panels(flat, tileRows) < p.rows*panels(p.cols, tileRows) {
		r, q := 0, 0
		for i := 0; i < flat; i += tileRows {
			firsts = append(firsts, i*pitch)
			for range tileRows {
				at := -1
				if q < p.cols && r < p.rows {
					at = r*p.crow + q*p.ldc
				}
				pixels = append(pixels, int32(at))
				if q++; q == row {
					r, q = r+1, 0
				}
			}
		}
	} else {
		for r := range p.rows {
			for i := 0; i < p.cols; i += tileRows {
				firsts = append(firsts, (r*row+i)*pitch)
				at := r*p.crow + i*p.ldc
				for q := range tileRows {
					if i+q < p.cols {
						pixels = append(pixels, int32(at+q*p.ldc))
					} else {
						pixels = append(pixels, -1)
					}
				}
			}
		}
	}
	if len(firsts)%2 == 1 {
		firsts = append(firsts, firsts[len(firsts)-1])
		for range tileRows {
			pixels = append(pixels, -1)
		}
	}
	return firsts, pixels
}

// overrun returns how many numbers beyond its rows a pass may read of a strip.
func (f *strip16) overrun(kc int) int {
	return 2*tileRows*f.step*f.c + panels(kc, tileHalves)*tileHalves
}

func (p *tilePass) run(s *Scratch) {
	if len(p.segs) == 0 || p.kc == 0 {
		p.empty()
		return
	}
	firsts, pixels := p.tileAt(s)
	w := tileWork{
		firsts: firsts, segs: p.segs, chunks: panels(p.kc, tileHalves), a: p.strip.data, sai: p.strip.step * p.strip.c,
		pixels: pixels, top: (p.rows-1)*p.crow + (p.cols-1)*p.ldc, bias: &s.bias, slope: p.end.Slope,
	}
	b := p.b
	for j := 0; j < p.n; j += 32 {
		w.n = min(32, p.n-j)
		w.nj = panels(w.n, 16)
		size := len(w.segs) * w.chunks * w.nj * 512
		w.b, b = b[:size], b[size:]
		if p.y.Half != nil {
			w.half = p.y.Half[p.pixel+j:]
		} else {
			w.c = p.y.Full[p.pixel+j:]
		}
		if p.end.Add != nil {
			w.add = p.end.Add[p.pixel+j:]
		}
		clear(s.bias[:])
		if p.end.Bias != nil {
			copy(s.bias[:], p.end.Bias[j:][:w.n])
		}
		w.run(s)
	}
}

// empty finishes pixels that no tap reaches.
func (p *tilePass) empty() {
	for r := range p.rows {
		for q := range p.cols {
			at := p.pixel + r*p.crow + q*p.ldc
			for j := range p.n {
				var sum float32
				if p.end.Bias != nil {
					sum = p.end.Bias[j]
				}
				if p.end.Add != nil {
					sum += p.end.Add[at+j]
				}
				if !(sum > 0) {
					sum = float32(p.end.Slope * sum)
				}
				if p.y.Half != nil {
					p.y.Half[at+j] = rounded(sum)
				} else {
					p.y.Full[at+j] = sum
				}
			}
		}
	}
}

// run computes a work, in tiles where there are any.
func (w *tileWork) run(s *Scratch) {
	last := w.segs[len(w.segs)-1] + 15*w.sai + 32*w.chunks - 1
	for _, first := range w.firsts {
		_ = w.a[first+last]
	}
	_ = w.b[len(w.segs)*w.chunks*w.nj*512-1]
	if w.c != nil {
		_ = w.c[w.top+w.n-1]
	}
	if w.half != nil {
		_ = w.half[w.top+w.n-1]
	}
	if w.add != nil {
		_ = w.add[w.top+w.n-1]
	}
	if !s.tiles() {
		w.generic()
		return
	}
	s.bytes = s.bytes[:0]
	for _, at := range w.firsts {
		s.bytes = append(s.bytes, 2*at)
	}
	for _, at := range w.segs {
		s.bytes = append(s.bytes, 2*at)
	}
	s.bytes = append(s.bytes, 0, 0) // the first of a block that is none
	spill := aligned(&s.spill)
	s.call = tileCall{
		config: &tilesConfig, count: len(w.firsts) / 2, first: &s.bytes[0], nseg: len(w.segs), segs: &s.bytes[len(w.firsts)],
		chunks: w.chunks, a: &w.a[0], sa: 2 * w.sai, b: &w.b[0], pixels: &w.pixels[0], bias: w.bias, slope: w.slope, mode: w.mode(),
		masks: 1<<w.n - 1, rows: panels(32, len(w.segs)*w.chunks), now: spill, then: spill + 4096,
	}
	if w.c != nil {
		s.call.c = &w.c[0]
	}
	if w.half != nil {
		s.call.half = &w.half[0]
	}
	if w.add != nil {
		s.call.add = &w.add[0]
	}
	tileConvAMX(w.nj, &s.call)
}

// spillSize is room for two blocks of 32 × 32 sums, and to begin at a cache line.
const spillSize = 2*1024 + 16

func aligned(spill *[spillSize]float32) uintptr {
	return (uintptr(unsafe.Pointer(&spill[0])) + 63) &^ 63
}

// stripNumbers is about how many numbers of a picture are rounded at a time: a small part of the
// second cache.
const stripNumbers = 1 << 17

// flatPixels is how many pixels are computed at a time where no tap reaches beyond its own.
const flatPixels = 512

// ForwardHalf is Forward in bf16. What is added is float32.
func (c Conv) ForwardHalf(s *Scratch, y, x Numbers, w *Weights, e End) {
	c.check(x.len(), len(w.data), y.len())
	e.check(y.len(), c.Cout)
	c.inStrips(s, y, x, c.Cout, c.Cin, w.halves(forwardTiles, c), e, Conv.forwardStrips)
}

// BackwardDataHalf is BackwardData in bf16.
func (c Conv) BackwardDataHalf(s *Scratch, x, dy Numbers, w *Weights, e End) {
	c.check(x.len(), len(w.data), dy.len())
	e.check(x.len(), c.Cin)
	c.inStrips(s, x, dy, c.Cin, c.Cout, w.halves(backwardTiles, c), e, Conv.backwardStrips)
}

// inStrips computes an operation, flat work in pieces of some pixels.
func (c Conv) inStrips(s *Scratch, to, from Numbers, out, in int, b []uint16, e End, compute func(c Conv, s *Scratch, to, from Numbers, b []uint16, e End)) {
	row, first, end := c.inRow()
	if row.W == 0 {
		compute(c, s, to, from, b, e)
		return
	}
	for r := first; r < end; r += flatPixels {
		row.W = min(flatPixels, end-r)
		compute(row, s, to.part(r*out, (r+row.W)*out), from.part(r*in, (r+row.W)*in), b, e.part(r*out, (r+row.W)*out))
	}
}

// inRow returns flat work as a row of pixels, and which of them are to be computed. Of other
// work it returns nothing.
func (c Conv) inRow() (row Conv, first, end int) {
	if c.K > 1 || c.Stride > 1 {
		return Conv{}, 0, 0
	}
	end = c.N * c.H * c.W
	if c.bands > 1 || c.to > 0 {
		first, end = c.share(c.H, patch)
		first, end = first*c.W, end*c.W
	}
	return Conv{N: 1, H: 1, W: 1, Cin: c.Cin, Cout: c.Cout, K: 1, Stride: 1}, first, end
}

// part returns the end of a part of the result.
func (e End) part(from, to int) End {
	if e.Add != nil {
		e.Add = e.Add[from:to]
	}
	return e
}

func (c Conv) forwardStrips(s *Scratch, y, x Numbers, b []uint16, e End) {
	ho, wo := c.Out()
	row := wo - 1 + panels(c.K, c.Stride)
	width := row * c.Stride * c.Cin
	p := tilePass{strip: strip16{c: c.Cin, across: row * c.Stride, step: c.Stride}, kc: c.K * c.Cin, b: b, cols: wo, n: c.Cout, ldc: c.Cout, crow: wo * c.Cout, end: e}
	group := max(4, stripNumbers/(width*c.Stride))
	first, end := c.share(ho, patch)
	for n := range c.N {
		xn := x.nth(n, c.N)
		p.y, p.end.Add = y.nth(n, c.N), e.nth(n, c.N)
		for r := first; r < end; r += group {
			p.rows = min(group, end-r)
			p.strip.fill(&s.strip, xn, c.H, c.W, r*c.Stride-c.Pad(), (p.rows-1)*c.Stride+c.K, c.Pad(), p.strip.overrun(p.kc))
			p.segs = s.segs[:0]
			for kh := range c.K {
				p.segs = append(p.segs, kh%c.Stride*p.strip.plane+kh/c.Stride*width)
			}
			s.segs = p.segs
			p.pixel = r * p.crow
			p.run(s)
		}
	}
}

func (c Conv) backwardStrips(s *Scratch, x, dy Numbers, packed []uint16, e End) {
	ho, wo := c.Out()
	first, last := c.span()
	strip := strip16{c: c.Cout, across: wo + last - first, step: 1}
	width := strip.across * c.Cout
	group := max(4, stripNumbers/width)
	from, end := c.share(ho, patch)
	p := tilePass{strip: strip, n: c.Cin, ldc: c.Stride * c.Cin, crow: c.Stride * c.W * c.Cin, end: e}
	for n := range c.N {
		dyn := dy.nth(n, c.N)
		p.y, p.end.Add = x.nth(n, c.N), e.nth(n, c.N)
		for r := from; r < end; r += group {
			rows := min(group, end-r)
			p.strip.fill(&s.strip, dyn, ho, wo, r+first, rows+last-first, -first, p.strip.overrun(c.K*c.Cout))
			b := packed
			for ph := range c.phases {
				p.kc, p.b = ph.x.n*c.Cout, b
				b = b[c.phaseTiles(ph):]
				p.rows, p.cols = min(rows, panels(c.H-ph.py, c.Stride)-r), panels(c.W-ph.px, c.Stride)
				if p.rows <= 0 || p.cols <= 0 {
					continue
				}
				p.segs = s.segs[:0]
				for i := range ph.y.n {
					p.segs = append(p.segs, (ph.y.first-first+i)*width+(ph.x.first-first)*c.Cout)
				}
				s.segs = p.segs
				p.pixel = ((r*c.Stride+ph.py)*c.W + ph.px) * c.Cin
				p.run(s)
			}
		}
	}
}

// sumPixels is about how many pixels, those between rows included, are summed up before another
// block of the sums: as many as leave both factors of a block in the first cache.
const sumPixels = 340

// BackwardWeightsHalf is BackwardWeights in bf16.
func (c Conv) BackwardWeightsHalf(s *Scratch, dw []float32, x, dy Numbers, acc bool) {
	c.check(x.len(), len(dw), dy.len())
	p := c.flat().sumPass()
	sums := grow(&s.sums, p.size())
	if p.K == 1 && p.Stride == 1 {
		some := even(p.W, sumPixels)
		for from, all := 0, p.W; from < all; from += some {
			p.W = min(some, all-from)
			end := from + p.W
			p.add(s, sums, x.part(from*p.Cin, end*p.Cin), dy.part(from*p.Cout, end*p.Cout), from > 0)
		}
	} else {
		p.add(s, sums, x, dy, false)
	}
	p.finish(s, dw, sums, acc)
}

// A sumPass adds up the gradient of weights, [kh][kw][out][in].
//
// The sums of a block are those of dy, with its channels one below the other, and x, with pairs
// of pixels one below the other. The taps are as many places in x; where one begins with the
// second of a pair, dy begins a pixel earlier, with a zero. Where x has few channels, a row of the
// kernel is one tap with the channels of all.
type sumPass struct {
	Conv
	taps     int // in a row of the kernel
	channels int // of x, that a tap sees
	in, out  int // channels in whole panels
}

func (c Conv) sumPass() sumPass {
	p := sumPass{Conv: c, taps: c.K, channels: c.Cin}
	if c.K*c.Cin <= tileHalves {
		p.taps, p.channels = 1, c.K*c.Cin
	}
	p.in, p.out = panels(p.channels, 16)*16, panels(c.Cout, 16)*16
	return p
}

// size returns how many sums there are.
func (p sumPass) size() int { return p.K * p.taps * p.out * p.in }

// finish makes the gradient of sums.
func (p sumPass) finish(s *Scratch, dw, sums []float32, acc bool) {
	size := p.channels * p.Cout
	for tap := range p.K * p.taps {
		to, from := dw[tap*size:][:size], sums[tap*p.out*p.in:]
		if !acc {
			p.turn(to, from)
			continue
		}
		temp := grow(&s.columns, size)
		p.turn(temp, from)
		Axpy(1, temp, to)
	}
}

// turn transposes the sums of a tap.
func (p sumPass) turn(to, from []float32) {
	if p.channels%16 > 0 || p.Cout%16 > 0 {
		transpose(to, p.Cout, from, p.in, p.Cout, p.channels)
		return
	}
	for o := 0; o < p.Cout; o += 16 {
		turn(Halves(to[o:]), 2*p.Cout, Halves(from[o*p.in:]), 2*p.in, p.channels/16)
	}
}

// add adds the products of all pixels to sums or, unless it goes on, to nothing.
func (p sumPass) add(s *Scratch, sums []float32, x, dy Numbers, goOn bool) {
	ho, wo := p.Out()
	t := sumStrip{
		sumPass: p, phases: min(p.Stride, p.taps), reach: (p.taps - 1) / p.Stride, phasesDown: min(p.Stride, p.K), reachDown: (p.K - 1) / p.Stride,
	}
	t.row = (wo + t.reach + 1) &^ 1
	group := even(ho, max(1, sumPixels/t.row))
	for n := range p.N {
		xn, dyn := x.nth(n, p.N), dy.nth(n, p.N)
		for r := 0; r < ho; r += group {
			t.rows = min(group, ho-r)
			t.pixels = panels((t.rows-1)*t.row+wo+min(t.reach, 1), tileHalves) * tileHalves
			t.long = (tileHalves + t.pixels) | tileHalves
			t.down = panels((t.rows-1)*p.Stride+p.K, p.Stride)
			t.high = max(t.down*t.row, t.pixels+t.reachDown*t.row+t.reach+1) / 2
			turned := t.turned(s, dyn, r)
			t.multiply(s, sumWork{
				chunks: t.pixels / tileHalves, a: turned, sa: t.long, b: t.woven(s, xn, r), c: sums, sc: p.in, goOn: goOn,
			})
			goOn = true
		}
	}
}

// A sumStrip is some rows of dy, and those of x that they see.
type sumStrip struct {
	sumPass
	phases, phasesDown int // of columns and rows of x, that are seen
	reach, reachDown   int // how many pixels of a phase a pixel sees beyond its own
	row                int // pixels from one row to the next: an even number, so that no pair lies in two
	rows               int // of dy
	pixels             int // of dy that are summed up, in whole tiles; with some reach, the last is zero
	long               int // numbers from one channel of dy to the next, so that they begin at different places of the cache
	down               int // rows of x of a phase
	high               int // pairs of pixels of x of a phase
}

// size returns how many numbers a phase of x has.
func (t *sumStrip) size() int { return 2 * t.high * t.in }

// turned returns rows of dy from r on, channel by channel, each behind zeros.
func (t *sumStrip) turned(s *Scratch, dy Numbers, r int) []uint16 {
	ho, wo := t.Out()
	size := t.row * t.Cout
	line := grow16(&s.strip, size+32)
	clear(line[size:])
	all := t.rows * t.row
	pairs, turned := grow16(&s.pairs, max(t.pixels, all)*t.out), grow16(&s.turned, t.long*t.out)
	for i := range t.rows {
		to := pairs[i*t.row*t.out:][:t.row*t.out]
		if dy.Half != nil && t.Cout == t.out && wo%2 == 0 { // as they are
			weave(to, dy.Half[(r+i)*wo*t.Cout:], t.Cout, wo/2, t.out/16)
			clear(to[wo*t.out:])
			continue
		}
		dy.row(line[:size], r+i, ho, wo, t.Cout, 0)
		weave(to, line, t.Cout, t.row/2, t.out/16)
	}
	if all < t.pixels {
		clear(pairs[all*t.out : t.pixels*t.out])
	}
	for i := 0; i < t.pixels; i += tileHalves {
		turn(turned[tileHalves+i:], t.long, pairs[i*t.out:], 2*t.out, t.out/16)
	}
	for i := range t.out {
		turned[i*t.long+tileHalves-1] = 0
	}
	return turned
}

// woven returns what rows of dy from r on see of x, in pairs of pixels, 32 channels at a time, phase
// by phase.
func (t *sumStrip) woven(s *Scratch, x Numbers, r int) []uint16 {
	size := (t.row*t.Stride + t.K) * t.Cin
	line := grow16(&s.strip, size+32)
	clear(line[size:])
	woven := grow16(&s.pairs, t.phasesDown*t.phases*t.size())
	asIs := x.Half != nil && t.K == 1 && t.Stride == 1 && t.row == t.W && t.Cin == t.in
	for i := range t.down * t.Stride {
		py := i % t.Stride
		if py >= t.phasesDown {
			continue
		}
		from := line
		if asIs {
			from = x.Half[(r+i)*t.W*t.Cin:]
		} else {
			x.row(line[:size], r*t.Stride-t.Pad()+i, t.H, t.W, t.Cin, t.Pad())
		}
		for px := range t.phases {
			to := woven[(py*t.phases+px)*t.size():]
			for j := 0; j < t.in; j += 32 {
				wide := min(32, t.in-j)
				weave(to[2*t.high*j+i/t.Stride*t.row*wide:], from[px*t.Cin+j:], t.Stride*t.Cin, t.row/2, wide/16)
			}
		}
	}
	if seen := t.down * t.row / 2; seen < t.high {
		for i := range t.phasesDown * t.phases {
			for j := 0; j < t.in; j += 32 {
				wide := min(32, t.in-j)
				clear(woven[i*t.size()+2*t.high*j:][2*seen*wide : 2*t.high*wide])
			}
		}
	}
	return woven
}

// multiply adds all products, block by block, with the taps of one after the other, those of a phase
// together.
func (t *sumStrip) multiply(s *Scratch, w sumWork) {
	for i := 0; i < t.out; i += 32 {
		for j := 0; j < t.in; j += 32 {
			w.sb = min(32, t.in-j)
			s.jobs = s.jobs[:0]
			for phase := range t.phasesDown * t.phases {
				for kh := phase / t.phases; kh < t.K; kh += t.Stride {
					for kw := phase % t.phases; kw < t.taps; kw += t.Stride {
						shift := kh/t.Stride*t.row + kw/t.Stride
						s.jobs = append(s.jobs, sumJob{
							a: i*t.long + tileHalves - shift%2,
							b: phase*t.size() + 2*t.high*j + shift/2*2*w.sb,
							c: ((kh*t.taps+kw)*t.out+i)*t.in + j,
						})
					}
				}
			}
			w.run(s, panels(min(32, t.out-i), 16), panels(w.sb, 16), s.jobs)
		}
	}
}

// run computes jobs, in tiles where there are any. They are in bytes afterwards.
func (w *sumWork) run(s *Scratch, mi, nj int, jobs []sumJob) {
	for _, j := range jobs {
		_ = w.a[j.a+(16*mi-1)*w.sa+32*w.chunks-1]
		_ = w.b[j.b+((16*w.chunks-1)*w.sb+16*nj)*2-1]
		_ = w.c[j.c+(16*mi-1)*w.sc+16*nj-1]
	}
	if !s.tiles() {
		w.generic(mi, nj, jobs)
		return
	}
	for i, j := range jobs {
		jobs[i] = sumJob{2 * j.a, 2 * j.b, 4 * j.c}
	}
	s.sumCall = sumCall{
		config: &tilesConfig, jobs: len(jobs), job: &jobs[0], chunks: w.chunks, a: &w.a[0], sa: 2 * w.sa, b: &w.b[0], sb: 4 * w.sb, c: &w.c[0], sc: 4 * w.sc,
	}
	if w.goOn {
		s.sumCall.goOn = 1
	}
	tileSumsAMX(mi, nj, &s.sumCall)
}

// phaseTiles returns how many numbers the weights of a phase have in tiles.
func (c Conv) phaseTiles(ph phase) int {
	return panels(c.Cin, 16) * ph.y.n * panels(ph.x.n*c.Cout, tileHalves) * 512
}

// sizeTiles returns how many numbers the weights have in tiles.
func (c Conv) sizeTiles(op operation) int {
	if op == forwardTiles {
		return panels(c.Cout, 16) * c.K * panels(c.K*c.Cin, tileHalves) * 512
	}
	n := 0
	for ph := range c.phases {
		n += c.phaseTiles(ph)
	}
	return n
}

// packTiles lays the weights out as [group][segment][chunk][panel][16 pairs of k][16 channels][2],
// with one or two panels of 16 channels a group: turned, once a phase.
func (c Conv) packTiles(temp *[]uint16, to []uint16, w []float32, turned bool) {
	if !turned {
		k := c.K * c.Cin
		chunks, cols := panels(k, tileHalves), panels(c.Cout, 16)*16
		rows := grow16(temp, chunks*tileHalves*cols)
		clear(rows)
		for kh := range c.K {
			for i := range k {
				Round(rows[i*cols:][:c.Cout], w[(kh*k+i)*c.Cout:][:c.Cout])
			}
			eachPanel(to, c.K, chunks, cols, kh, func(panel []uint16, chunk, j int) {
				weave(panel, rows[chunk*tileHalves*cols+j:], cols, 16, 1)
			})
		}
		return
	}
	for ph := range c.phases {
		k := ph.x.n * c.Cout
		if k == 0 || ph.y.n == 0 {
			continue
		}
		chunks, cols := panels(k, tileHalves), panels(c.Cin, 16)*16
		wide := chunks * tileHalves
		rows := grow16(temp, cols*wide)
		clear(rows)
		for y := range ph.y.n {
			kh := ph.py + c.Pad() - (ph.y.first+y)*c.Stride
			for x := range ph.x.n {
				kw := ph.px + c.Pad() - (ph.x.first+x)*c.Stride
				for i := range c.Cin {
					Round(rows[i*wide+x*c.Cout:][:c.Cout], w[((kh*c.K+kw)*c.Cin+i)*c.Cout:][:c.Cout])
				}
			}
			eachPanel(to, ph.y.n, chunks, cols, y, func(panel []uint16, chunk, j int) {
				turn(panel, 32, rows[j*wide+chunk*tileHalves:], wide, 1)
			})
		}
		to = to[c.phaseTiles(ph):]
	}
}

// eachPanel calls f for the panels of a segment, with their first k and channel.
func eachPanel(to []uint16, segments, chunks, channels, segment int, f func(panel []uint16, chunk, j int)) {
	for j := 0; j < channels; j += 32 {
		nj := panels(min(32, channels-j), 16)
		for chunk := range chunks {
			for p := range nj {
				f(to[((segment*chunks+chunk)*nj+p)*512:][:512], chunk, j+16*p)
			}
		}
		to = to[segments*chunks*nj*512:]
	}
}
