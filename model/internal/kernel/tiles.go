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

// A halfPicture is a picture that is read: as float32, or as already rounded.
type halfPicture struct {
	full []float32
	half []uint16
}

func (p halfPicture) nth(i, n int) halfPicture {
	if p.half != nil {
		size := len(p.half) / n
		return halfPicture{half: p.half[i*size : (i+1)*size]}
	}
	return halfPicture{full: nth(p.full, i, n)}
}

func (p halfPicture) part(from, to int) halfPicture {
	if p.half != nil {
		return halfPicture{half: p.half[from:to]}
	}
	return halfPicture{full: p.full[from:to]}
}

// read rounds numbers from one on.
func (p halfPicture) read(to []uint16, from int) {
	if p.half != nil {
		copy(to, p.half[from:])
		return
	}
	Round(to, p.full[from:][:len(to)])
}

// A strip is rows of a picture of c channels as tiles read them: across pixels a row, a multiple
// of step of them; rows of equal phase modulo step one after the other.
type halfStrip struct {
	data         []uint16
	c            int
	across, step int
	plane        int // numbers of the rows of one phase
}

// fill reads rows from top on of an h × w picture, with left zeros before them, and zeros after
// all for so many numbers.
func (f *halfStrip) fill(buf *[]uint16, x halfPicture, h, w, top, rows, left, slack int) {
	width := f.across * f.c
	f.plane = panels(rows, f.step) * width
	f.data = grow16(buf, f.plane*f.step+slack)
	clear(f.data[f.plane*f.step:])
	some := min(w, f.across-left) * f.c
	for i := range panels(rows, f.step) * f.step {
		row := f.data[i%f.step*f.plane+i/f.step*width:][:width]
		y := top + i
		if y < 0 || y >= h || i >= rows {
			clear(row)
			continue
		}
		clear(row[:left*f.c])
		x.read(row[left*f.c:][:some], y*w*f.c)
		clear(row[left*f.c+some:])
	}
}

// A tilePass computes rows × cols pixels of n channels from a strip.
type tilePass struct {
	strip      *halfStrip
	segs       []int
	kc         int // length of a segment
	b          []uint16
	rows, cols int
	n          int
	pixel      int // place of the first
	ldc, crow  int // from one pixel, one row, to the next
	y          []float32
	half       []uint16
	end        End
}

// tileAt lists the tiles of a pass: those of whole rows, or those that go on.
func (p *tilePass) tileAt(s *Scratch) (firsts []int, pixels []int32) {
	f := p.strip
	row := f.across / f.step // pixels from one to the next
	pitch := f.step * f.c
	firsts, pixels = s.firsts[:0], s.pixels[:0]
	if flat := (p.rows-1)*row + p.cols; panels(flat, tileRows) < p.rows*panels(p.cols, tileRows) {
		r, q := 0, 0
		for i := 0; i < flat; i += tileRows {
			firsts = append(firsts, i*pitch)
			for range tileRows {
				at := -1
				if q < p.cols && r < p.rows {
					at = p.pixel + r*p.crow + q*p.ldc
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
				at := p.pixel + r*p.crow + i*p.ldc
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
	s.firsts, s.pixels = firsts, pixels
	return firsts, pixels
}

// overrun returns how many numbers beyond its rows a pass may read of a strip.
func (f *halfStrip) overrun(kc int) int {
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
		pixels: pixels, top: p.pixel + (p.rows-1)*p.crow + (p.cols-1)*p.ldc, bias: &s.bias, slope: p.end.Slope,
	}
	b := p.b
	for j := 0; j < p.n; j += 32 {
		w.n = min(32, p.n-j)
		w.nj = panels(w.n, 16)
		size := len(w.segs) * w.chunks * w.nj * 512
		w.b, b = b[:size], b[size:]
		if p.y != nil {
			w.c = p.y[j:]
		}
		if p.half != nil {
			w.half = p.half[j:]
		}
		if p.end.Add != nil {
			w.add = p.end.Add[j:]
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
				if p.y != nil {
					p.y[at+j] = sum
				}
				if p.half != nil {
					p.half[at+j] = rounded(sum)
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
		chunks: w.chunks, a: &w.a[0], sa: 2 * w.sai, b: &w.b[0], pixels: &w.pixels[0], bias: w.bias, slope: w.slope,
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

// stripBytes is about how many bytes of a picture are rounded at a time: less than half of the
// second cache.
const stripNumbers = 1 << 17

// flatPixels is how many pixels are computed at a time where no tap reaches beyond its own.
const flatPixels = 512

// pieces calls f for parts of flat work, and once for all other.
func (c Conv) pieces(f func(c Conv, first, end int)) {
	if c = c.flat(); c.K > 1 || c.Stride > 1 {
		f(c, 0, 0)
		return
	}
	for from := 0; from < c.W; from += flatPixels {
		part := c
		part.W = min(flatPixels, c.W-from)
		f(part, from, from+part.W)
	}
}

// forwardTiles is Forward in bf16. Either of y and half may be nil.
func (c Conv) forwardTiles(s *Scratch, y []float32, half []uint16, x halfPicture, w *Weights, e End) {
	c, y, half, x, e = c.cutTiles(y, half, x, c.Cin, c.Cout, e)
	b := w.halves(forwardTiles, c)
	if c.K == 1 && c.Stride == 1 {
		c.pieces(func(c Conv, first, end int) {
			c.forwardStrips(s, cutTo(y, first*c.Cout, end*c.Cout), cutTo(half, first*c.Cout, end*c.Cout), x.part(first*c.Cin, end*c.Cin), b,
				End{e.Bias, cutTo(e.Add, first*c.Cout, end*c.Cout), e.Slope})
		})
		return
	}
	c.forwardStrips(s, y, half, x, b, e)
}

// cutTo returns a part of numbers, if there are any.
func cutTo[T any](x []T, from, to int) []T {
	if x == nil {
		return nil
	}
	return x[from:to]
}

// cutTiles is cut for results that may be rounded.
func (c Conv) cutTiles(y []float32, half []uint16, x halfPicture, in, out int, e End) (Conv, []float32, []uint16, halfPicture, End) {
	if (c.bands > 1 || c.to > 0) && c.K == 1 && c.Stride == 1 {
		first, end := c.share(c.H, patch)
		x, y, half = x.part(first*c.W*in, end*c.W*in), cutTo(y, first*c.W*out, end*c.W*out), cutTo(half, first*c.W*out, end*c.W*out)
		e.Add = cutTo(e.Add, first*c.W*out, end*c.W*out)
		c.H, c.to, c.bands = end-first, 0, 0
	}
	return c.flat(), y, half, x, e
}

func (c Conv) forwardStrips(s *Scratch, y []float32, half []uint16, x halfPicture, b []uint16, e End) {
	ho, wo := c.Out()
	row := wo - 1 + panels(c.K, c.Stride)
	strip := halfStrip{c: c.Cin, across: row * c.Stride, step: c.Stride}
	width := strip.across * c.Cin
	p := tilePass{strip: &strip, kc: c.K * c.Cin, b: b, cols: wo, n: c.Cout, ldc: c.Cout, crow: wo * c.Cout, end: e}
	group := max(4, stripNumbers/(width*c.Stride))
	first, end := c.share(ho, patch)
	for n := range c.N {
		xn := x.nth(n, c.N)
		p.y, p.half, p.end.Add = nthOf(y, n, c.N), nthOf(half, n, c.N), nthOf(e.Add, n, c.N)
		for r := first; r < end; r += group {
			p.rows = min(group, end-r)
			strip.fill(&s.strip, xn, c.H, c.W, r*c.Stride-c.Pad(), (p.rows-1)*c.Stride+c.K, c.Pad(), strip.overrun(p.kc))
			p.segs = s.segs[:0]
			for kh := range c.K {
				p.segs = append(p.segs, kh%c.Stride*strip.plane+kh/c.Stride*width)
			}
			s.segs = p.segs
			p.pixel = r * p.crow
			p.run(s)
		}
	}
}

// nthOf is nth of numbers that may not be there.
func nthOf[T any](x []T, i, n int) []T {
	size := len(x) / n
	return cutTo(x, i*size, (i+1)*size)
}

// backwardTiles is BackwardData in bf16. Either of x and half may be nil.
func (c Conv) backwardTiles(s *Scratch, x []float32, half []uint16, dy halfPicture, w *Weights, e End) {
	c, x, half, dy, e = c.cutTiles(x, half, dy, c.Cout, c.Cin, e)
	b := w.halves(backwardTiles, c)
	if c.K == 1 && c.Stride == 1 {
		c.pieces(func(c Conv, first, end int) {
			c.backwardStrips(s, cutTo(x, first*c.Cin, end*c.Cin), cutTo(half, first*c.Cin, end*c.Cin), dy.part(first*c.Cout, end*c.Cout), b,
				End{e.Bias, cutTo(e.Add, first*c.Cin, end*c.Cin), e.Slope})
		})
		return
	}
	c.backwardStrips(s, x, half, dy, b, e)
}

func (c Conv) backwardStrips(s *Scratch, x []float32, half []uint16, dy halfPicture, packed []uint16, e End) {
	ho, wo := c.Out()
	first, last := c.span()
	strip := halfStrip{c: c.Cout, across: wo + last - first, step: 1}
	width := strip.across * c.Cout
	group := max(4, stripNumbers/width)
	from, end := c.share(ho, patch)
	most := c.K * c.Cout
	for n := range c.N {
		dyn := dy.nth(n, c.N)
		p := tilePass{strip: &strip, n: c.Cin, ldc: c.Stride * c.Cin, crow: c.Stride * c.W * c.Cin, y: nthOf(x, n, c.N), half: nthOf(half, n, c.N), end: e}
		p.end.Add = nthOf(e.Add, n, c.N)
		for r := from; r < end; r += group {
			rows := min(group, end-r)
			strip.fill(&s.strip, dyn, ho, wo, r+first, rows+last-first, -first, strip.overrun(most))
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

// sumPixels is about how many pixels are summed up before another block of the sums: as many
// as leave both factors in the first cache.
const sumPixels = 320

// weightsTiles is BackwardWeights in bf16.
func (c Conv) weightsTiles(s *Scratch, dw []float32, x, dy halfPicture, acc bool) {
	in, out := panels(c.Cin, 16)*16, panels(c.Cout, 16)*16
	to, goOn := dw, acc
	if in != c.Cin || out != c.Cout {
		to, goOn = grow(&s.sums, c.K*c.K*in*out), false
	}
	c.pieces(func(c Conv, first, end int) {
		part := func(p halfPicture, channels int) halfPicture {
			if end == 0 {
				return p
			}
			return p.part(first*channels, end*channels)
		}
		c.sumStrips(s, to, part(x, c.Cin), part(dy, c.Cout), in, out, goOn)
		goOn = true
	})
	if in == c.Cin && out == c.Cout {
		return
	}
	if !acc {
		clear(dw)
	}
	for i := range c.K * c.K * c.Cin {
		Axpy(1, to[(i/c.Cin*in+i%c.Cin)*out:][:c.Cout], dw[i*c.Cout:][:c.Cout])
	}
}

func (c Conv) sumStrips(s *Scratch, dw []float32, x, dy halfPicture, in, out int, goOn bool) {
	ho, wo := c.Out()
	reach := (c.K - 1) / c.Stride
	row := wo + reach
	group := min(ho, max(1, sumPixels/row))
	xs := halfStrip{c: c.Cin, across: row * c.Stride, step: c.Stride}
	dys := halfStrip{c: c.Cout, across: row, step: 1}
	for n := range c.N {
		xn, dyn := x.nth(n, c.N), dy.nth(n, c.N)
		for r := 0; r < ho; r += group {
			rows := min(group, ho-r)
			pixels := panels((rows-1)*row+wo, 32) * 32
			long := panels(pixels+reach*(row+1), 32) * 32
			inRows := (rows-1)*c.Stride + c.K
			xs.fill(&s.strip, xn, c.H, c.W, r*c.Stride-c.Pad(), inRows, c.Pad(), (long+1)*c.Stride*c.Cin+16)
			// Channels one below the other, each with its pixels: once a phase.
			size := in * long
			turned, pairs := grow16(&s.turned, c.Stride*c.Stride*size), grow16(&s.pairs, size)
			for py := range min(c.Stride, c.K) {
				for px := range min(c.Stride, c.K) {
					weave(pairs, xs.data[py*xs.plane+px*c.Cin:], c.Stride*c.Cin, long/2, in/16)
					to := turned[(py*c.Stride+px)*size:]
					for i := 0; i < long; i += 32 {
						turn(to[i:], long, pairs[i*in:], 2*in, in/16)
					}
				}
			}
			dys.fill(&s.strip, dyn, ho, wo, r, rows, 0, (max(0, pixels-rows*row)+1)*c.Cout+16)
			woven := grow16(&s.pairs, pixels*out)
			weave(woven, dys.data, c.Cout, pixels/2, out/16)
			w := sumWork{chunks: pixels / 32, a: turned, sa: long, b: woven, sb: out, c: dw, sc: out, goOn: goOn}
			c.sumJobs(s, &w, in, out, long, row, size)
			goOn = true
		}
	}
}

// sumJobs adds all products of a strip, block by block.
func (c Conv) sumJobs(s *Scratch, w *sumWork, in, out, long, row, size int) {
	for i := 0; i < in; i += 32 {
		for j := 0; j < out; j += 32 {
			s.jobs = s.jobs[:0]
			for kh := range c.K {
				for kw := range c.K {
					phase := kh%c.Stride*c.Stride + kw%c.Stride
					s.jobs = append(s.jobs, sumJob{
						a: phase*size + i*long + kh/c.Stride*row + kw/c.Stride,
						b: j,
						c: ((kh*c.K+kw)*in+i)*out + j,
					})
				}
			}
			w.run(s, panels(min(32, in-i), 16), panels(min(32, out-j), 16), s.jobs)
		}
	}
}

// run computes jobs, in tiles where there are any. They are in bytes afterwards.
func (w *sumWork) run(s *Scratch, mi, nj int, jobs []sumJob) {
	for _, j := range jobs {
		_ = w.a[j.a+(16*mi-1)*w.sa+32*w.chunks-1]
		_ = w.b[(((16*w.chunks-1)*w.sb)+j.b+16*nj)*2-1]
		_ = w.c[j.c+(16*mi-1)*w.sc+16*nj-1]
	}
	if !s.tiles() {
		w.generic(mi, nj, jobs)
		return
	}
	for i, j := range jobs {
		jobs[i] = sumJob{2 * j.a, 4 * j.b, 4 * j.c}
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
