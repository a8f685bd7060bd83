package main

// The steps of winograd.go of package kernel, with fused multiply-add in the same
// order as for AVX2.

// A step turns vectors of eight numbers into others, of which it stores the k-th
// once.
type step func(in []lanes, store func(k int, v lanes))

// transform writes a function of count groups of vectors of n numbers, eight at a
// time: the in-th are ss apart and the out-th ds, and groups sn and dn. begin is
// what comes before the first; what it returns beside the step goes on to the next
// group, or is nil.
func (s *source) transform(name string, in, out int, more string, begin func(f *function) (step, func(back, next integer))) {
	params := "dst *float32, ds, dn int, src *float32, ss, sn, n, count int" + more
	s.elementwise(name, name, params, func(f *function) {
		src, dst := f.apart("src", "ss", in), f.apart("dst", "ds", out)
		back, srcNext, dstNext := f.loadStride("n"), f.loadStride("sn"), f.loadStride("dn")
		f.do("SUB", back, srcNext, srcNext)
		f.do("SUB", back, dstNext, dstNext)
		count, n := f.loadInteger("count"), f.integer()
		do, next := begin(f)
		f.label("group")
		f.do("MOVD", f.parameter("n"), n)
		f.label("loop")
		f.scope(func() {
			numbers := make([]lanes, in)
			for k := range numbers {
				numbers[k] = f.eight()
				f.do("FLDPQ.P", at(src[k], 32), pair(numbers[k]))
			}
			do(numbers, func(k int, v lanes) { f.do("FSTPQ.P", pair(v), at(dst[k], 32)) })
		})
		f.do("SUBS", "$8", n, n)
		f.do("BNE", "loop")
		f.move(src, srcNext)
		f.move(dst, dstNext)
		if next != nil {
			next(back, dstNext)
		}
		f.do("SUBS", "$1", count, count)
		f.do("BNE", "group")
	})
}

// move adds to places.
func (f *function) move(places []integer, by integer) {
	for _, p := range places {
		f.do("ADD", by, p, p)
	}
}

const (
	pointA, pointB = 5. / 8, 3. / 2
	normA          = 2 * pointA * pointA * (pointA*pointA - pointB*pointB)
	normB          = 2 * pointB * pointB * (pointB*pointB - pointA*pointA)
)

func (s *source) winogradData() {
	s.transform("winogradData", 6, 6, "", func(f *function) (step, func(back, next integer)) {
		return func(d []lanes, store func(int, lanes)) {
			for end := range 2 { // points zero and infinity
				t := d[4+end]
				if end == 0 {
					t = f.copyOf(t) // is needed again
				}
				f.fms(t, d[2+end], f.all(pointA*pointA+pointB*pointB))
				f.fma(t, d[end], f.all(pointA*pointA*pointB*pointB))
				store(5*end, t)
			}
			pair := func(first int, p, other float64) {
				even, odd := f.copyOf(d[4]), f.copyOf(d[3])
				f.fms(even, d[2], f.all(other*other))
				f.fms(odd, d[1], f.all(other*other))
				f.plusMinus(even, odd, p, store, first)
			}
			pair(1, pointA, pointB)
			pair(3, pointB, pointA)
		}, nil
	})
}

// plusMinus stores even + p·odd as the first and even - p·odd behind it.
func (f *function) plusMinus(even, odd lanes, p float64, store func(k int, v lanes), first int) {
	plus := f.copyOf(even)
	f.fma(plus, odd, f.all(p))
	store(first, plus)
	f.fms(even, odd, f.all(p))
	store(first+1, even)
}

// copyOf returns new vectors that hold the same.
func (f *function) copyOf(n lanes) lanes {
	d := f.lanes(len(n))
	f.copy(d, n)
	return d
}

// pairs returns the sums and the differences of m[1] and m[2], and of m[3] and
// m[4]. The differences take the first ones' place.
func (f *function) pairs(m []lanes) (sumA, sumB, difA, difB lanes) {
	sumA, sumB, difA, difB = f.eight(), f.eight(), m[1], m[3]
	f.add(sumA, m[1], m[2])
	f.add(sumB, m[3], m[4])
	f.sub(difA, m[1], m[2])
	f.sub(difB, m[3], m[4])
	return sumA, sumB, difA, difB
}

// winogradResult turns six vectors into four of them.
func (f *function) winogradResult(m []lanes) []lanes {
	f.scope(func() {
		sumA, sumB, difA, difB := f.pairs(m)
		f.add(m[0], m[0], sumA)
		f.add(m[0], m[0], sumB)
		f.mul(m[2], difA, f.all(pointA))
		f.fma(m[2], difB, f.all(pointB))
		f.mul(m[4], sumA, f.all(pointA*pointA))
		f.fma(m[4], sumB, f.all(pointB*pointB))
		f.fma(m[5], difB, f.all(pointB*pointB*pointB))
		f.fma(m[5], difA, f.all(pointA*pointA*pointA))
	})
	return []lanes{m[0], m[2], m[4], m[5]}
}

func (s *source) winogradSums() {
	s.transform("winogradSums", 6, 4, "", func(f *function) (step, func(back, next integer)) {
		return func(m []lanes, store func(int, lanes)) {
			for k, v := range f.winogradResult(m) {
				store(k, v)
			}
		}, nil
	})
}

// winogradEnd is winogradSums and then what a convolution does at its end. bias
// advances with the numbers; add is laid out like dst, or nil.
func (s *source) winogradEnd() {
	s.transform("winogradEnd", 6, 4, ", bias, add *float32, slope float32", func(f *function) (step, func(back, next integer)) {
		bias, add := f.loadInteger("bias"), f.apart("add", "ds", 4)
		return func(m []lanes, store func(int, lanes)) {
				results, t := f.winogradResult(m), f.eight()
				f.do("FLDPQ.P", at(bias, 32), pair(t))
				for _, v := range results {
					f.add(v, v, t)
				}
				f.do("CBZ", add[0], "alone")
				for k, v := range results {
					f.do("FLDPQ.P", at(add[k], 32), pair(t))
					f.add(v, v, t)
				}
				f.label("alone")
				for k, v := range results {
					f.scaleUnlessPositive(v, v, f.allOf("slope"))
					store(k, v)
				}
			}, func(back, next integer) {
				f.do("SUB", back, bias, bias)
				f.do("CBZ", add[0], "next")
				f.move(add, next)
				f.label("next")
			}
	})
}

func (s *source) winogradWeights() {
	s.transform("winogradWeights", 3, 6, "", func(f *function) (step, func(back, next integer)) {
		return func(g []lanes, store func(int, lanes)) {
			t := f.eight()
			f.mul(t, g[0], f.all(1/(pointA*pointA*pointB*pointB)))
			store(0, t)
			pair := func(first int, p, norm float64) {
				even := f.eight()
				f.mul(even, g[0], f.all(1/norm))
				f.fma(even, g[2], f.all(p*p/norm))
				f.plusMinus(even, g[1], p/norm, store, first)
			}
			pair(1, pointA, normA)
			pair(3, pointB, normB)
			store(5, g[2])
		}, nil
	})
}

func (s *source) winogradSpread() {
	s.transform("winogradSpread", 4, 6, "", func(f *function) (step, func(back, next integer)) {
		return func(y []lanes, store func(int, lanes)) {
			store(0, y[0])
			pair := func(first int, p float64) {
				even, odd := f.copyOf(y[0]), f.copyOf(y[1])
				f.fma(even, y[2], f.all(p*p))
				f.fma(odd, y[3], f.all(p*p))
				f.plusMinus(even, odd, p, store, first)
			}
			pair(1, pointA)
			pair(3, pointB)
			store(5, y[3])
		}, nil
	})
}

func (s *source) winogradTaps() {
	s.transform("winogradTaps", 6, 3, "", func(f *function) (step, func(back, next integer)) {
		return func(m []lanes, store func(int, lanes)) {
			sumA, sumB, difA, difB := f.pairs(m)
			f.mul(m[0], m[0], f.all(1/(pointA*pointA*pointB*pointB)))
			f.fma(m[0], sumA, f.all(1/normA))
			f.fma(m[0], sumB, f.all(1/normB))
			store(0, m[0])
			f.mul(m[2], difA, f.all(pointA/normA))
			f.fma(m[2], difB, f.all(pointB/normB))
			store(1, m[2])
			f.fma(m[5], sumA, f.all(pointA*pointA/normA))
			f.fma(m[5], sumB, f.all(pointB*pointB/normB))
			store(2, m[5])
		}, nil
	})
}
