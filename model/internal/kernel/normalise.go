package kernel

import "math"

// A Norm is a divisive normalisation in bf16, or its inverse: Normalise of pixels of len(Beta)
// numbers, whose norms are Beta and the products of their squares with Gamma, (1, 1, C, C).
type Norm struct {
	Gamma   *Weights
	Beta    []float32
	Inverse bool
}

// normNumbers is about how many numbers are normalised at a time, so that norms and squares stay in
// the first cache.
const normNumbers = 1 << 13

// conv returns the convolution of so many pixels.
func (n Norm) conv(pixels int) Conv {
	return Conv{N: 1, H: 1, W: pixels, Cin: len(n.Beta), Cout: len(n.Beta), K: 1, Stride: 1}
}

// pixels returns how many pixels are normalised at a time.
func (n Norm) pixels() int { return max(tileHalves, normNumbers/len(n.Beta)/tileHalves*tileHalves) }

// room returns halves for so many pixels, and what tiles read beyond.
func (n Norm) room(buf *[]uint16, pixels int) []uint16 {
	f := strip16{c: len(n.Beta), step: 1}
	return grow16(buf, pixels*len(n.Beta)+f.overrun(len(n.Beta)))
}

// norms multiplies numbers of bf16, in the beginning of what room returned, with Gamma or, with b of
// another operation, with it transposed.
func (n Norm) norms(s *Scratch, to []float32, from []uint16, b []uint16, bias []float32) {
	c := len(n.Beta)
	pixels := len(to) / c
	s.segs = append(s.segs[:0], 0)
	p := tilePass{
		strip: strip16{data: from, c: c, across: pixels, step: 1}, segs: s.segs, kc: c, b: b,
		rows: 1, cols: pixels, n: c, ldc: c, crow: len(to), y: Numbers{Full: to}, end: End{Bias: bias, Slope: 1},
	}
	p.run(s)
}

// check panics unless all are pixels of as many numbers.
func (n Norm) check(x []uint16, others ...[]uint16) {
	for _, o := range others {
		if len(o) != len(x) {
			panic("kernel: norm: lengths differ")
		}
	}
	if c := len(n.Beta); c == 0 || len(x)%c > 0 || len(n.Gamma.data) != c*c {
		panic("kernel: norm: pixels are not whole")
	}
}

// Forward computes y and what x was multiplied with, r.
func (n Norm) Forward(s *Scratch, y, r, x []uint16) {
	n.check(x, y, r)
	some := n.pixels()
	size := some * len(n.Beta)
	b := n.Gamma.halves(forwardTiles, n.conv(some))
	squares, norms := n.room(&s.squares, some), grow(&s.norms, size)
	for at := 0; at < len(x); at += size {
		end := min(at+size, len(x))
		norms := norms[:end-at]
		square(squares[:end-at], x[at:end])
		clear(squares[end-at:][:tileHalves])
		n.norms(s, norms, squares, b, n.Beta)
		normaliseHalves(y[at:end], r[at:end], x[at:end], norms, n.Inverse)
	}
}

// Backward replaces dy by the gradient of x, adds that of Beta to dbeta, and sets dgamma to that of
// Gamma or, with acc, adds it. dbeta and dgamma may be nil.
func (n Norm) Backward(s *Scratch, dy []uint16, dbeta, dgamma []float32, acc bool, x, r []uint16) {
	n.check(x, dy, r)
	c := len(n.Beta)
	if dbeta == nil {
		dbeta = grow(&s.columns, c) // and forgotten
	}
	some := n.pixels()
	size := some * c
	b := n.Gamma.halves(backwardTiles, n.conv(some))
	p := n.conv(some).sumPass()
	sums := grow(&s.sums, p.size())
	squares, dn, norms := n.room(&s.squares, some), n.room(&s.grads, some), grow(&s.norms, size)
	for at := 0; at < len(x); at += size {
		end := min(at+size, len(x))
		k := end - at
		normGradHalves(dn[:k], dbeta, dy[at:end], x[at:end], r[at:end], n.Inverse)
		clear(dn[k:][:tileHalves])
		if dgamma != nil {
			square(squares[:k], x[at:end])
			p.W = k / c
			p.add(s, sums, Numbers{Half: squares[:k]}, Numbers{Half: dn[:k]}, at > 0)
		}
		n.norms(s, norms[:k], dn, b, nil)
		normaliseGradHalves(dy[at:end], r[at:end], x[at:end], norms[:k])
	}
	if dgamma != nil && len(x) > 0 {
		p.finish(s, dgamma, sums, acc)
	}
}

// square computes y[i] = x[i]², rounded once, or the greatest number of bf16 where that is less.
func square(y, x []uint16) {
	if n := len(x) &^ 31; hasHalves() && n > 0 {
		squareAsm(&y[0], &x[0], n)
		y, x = y[n:], x[n:]
	}
	for i, v := range x {
		w := widened(v)
		w *= w
		if greatest := widened(0x7f7f); w > greatest {
			w = greatest
		}
		y[i] = rounded(w)
	}
}

// inverseRoot returns 1/√n but for five parts in a million, a five-hundredth of what rounding to bf16
// takes: a guess from the bits (Lomont, Fast Inverse Square Root, 2003), bettered twice by Newton's
// method. n is a normal number above 0.
func inverseRoot(n float32) float32 {
	y := math.Float32frombits(rootGuess - math.Float32bits(n)>>1)
	half := 0.5 * n
	for range 2 {
		rest := float32(1.5 - float64(float32(half*y))*float64(y)) // rounded once
		y *= rest
	}
	return y
}

const rootGuess = 0x5f375a86

// normaliseHalves computes r[i] = 1/√n[i], or √n[i] = n[i]·1/√n[i] for the inverse, and y[i] = x[i]·r[i]
// of that r before it is rounded. Infinite norms are the greatest number.
func normaliseHalves(y, r, x []uint16, norms []float32, inverse bool) {
	if n := len(x) &^ 31; hasHalves() && n > 0 {
		if inverse {
			normaliseHalvesInverseAsm(&y[0], &r[0], &x[0], &norms[0], n)
		} else {
			normaliseHalvesAsm(&y[0], &r[0], &x[0], &norms[0], n)
		}
		y, r, x, norms = y[n:], r[n:], x[n:], norms[n:]
	}
	for i, n := range norms {
		if n > math.MaxFloat32 {
			n = math.MaxFloat32
		}
		root := inverseRoot(n)
		if inverse {
			root *= n
		}
		r[i] = rounded(root)
		y[i] = rounded(widened(x[i]) * root)
	}
}

// normGradHalves computes the gradient with respect to the norms
//
//	dn[i] = -½ · (dy[i]·(x[i]·r[i])) · r[i]², or for the inverse ½ · (dy[i]·x[i]) / r[i]
//
// and adds it, before it is rounded, to sums as ColumnSums does.
func normGradHalves(dn []uint16, sums []float32, dy, x, r []uint16, inverse bool) {
	columns := len(sums)
	if hasHalves() && len(x) > 0 {
		for j := 0; j < columns; j += 64 {
			normGradHalvesAsm(&dn[j], &sums[j], &dy[j], &x[j], &r[j], inverse, min(64, columns-j), len(x)/columns, columns)
		}
		return
	}
	for at := 0; at < len(x); at += columns {
		for j := range columns {
			d, v, root := widened(dy[at+j]), widened(x[at+j]), widened(r[at+j])
			var g float32
			if inverse {
				g = 0.5 * (float32(d*v) / root)
			} else {
				g = -0.5 * float32(float32(d*float32(v*root))*float32(root*root))
			}
			sums[j] += g
			dn[at+j] = rounded(g)
		}
	}
}

// normaliseGradHalves computes dy[i] = dy[i]·r[i] + 2·(x[i]·s[i]), rounded once, with s the gradient
// with respect to the squares of x.
func normaliseGradHalves(dy, r, x []uint16, s []float32) {
	if n := len(dy) &^ 31; hasHalves() && n > 0 {
		normaliseGradHalvesAsm(&dy[0], &r[0], &x[0], &s[0], n)
		dy, r, x, s = dy[n:], r[n:], x[n:], s[n:]
	}
	for i, v := range s {
		dy[i] = rounded(float32(widened(dy[i])*widened(r[i])) + float32(2*float32(widened(x[i])*v)))
	}
}
