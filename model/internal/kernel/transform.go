package kernel

// This file holds the transforms of winograd.go.

// A bundle is groups of vectors: the v-th of group g is data[at+g·next+v·step:].
type bundle struct {
	data           []float32
	at, step, next int
}

// reach panics unless count groups of vectors of n numbers lie in the bundle.
func (b bundle) reach(vectors, n, count int) {
	v, g := (vectors-1)*b.step, (count-1)*b.next
	_, _ = b.data[b.at+min(0, v)+min(0, g)], b.data[b.at+max(0, v)+max(0, g)+n-1]
}

// A transform turns in vectors into out others, in one dimension.
type transform struct {
	in, out int
	numbers func(dst []float32, at, ds int, src []float32, from, ss, n int)    // one group
	vectors func(dst *float32, ds, dn int, src *float32, ss, sn, n, count int) // all, with fused multiplication and addition
}

var (
	ofInputs  = transform{wide, wide, winogradData, winogradDataAsm}
	ofSums    = transform{wide, patch, winogradSums, winogradSumsAsm}
	ofKernels = transform{kernelTaps, wide, winogradWeights, winogradWeightsAsm}
	ofResults = transform{patch, wide, winogradSpread, winogradSpreadAsm}
	ofPoints  = transform{wide, kernelTaps, winogradTaps, winogradTapsAsm}
)

// run transforms count groups of vectors of n numbers, a multiple of 8.
func (t *transform) run(dst, src bundle, n, count int) {
	dst.reach(t.out, n, count)
	src.reach(t.in, n, count)
	if hasVectors() {
		t.vectors(&dst.data[dst.at], dst.step, dst.next, &src.data[src.at], src.step, src.next, n, count)
		return
	}
	for g := range count {
		t.numbers(dst.data, dst.at+g*dst.next, dst.step, src.data, src.at+g*src.next, src.step, n)
	}
}

// winogradData computes Bᵀd.
func winogradData(dst []float32, at, ds int, src []float32, from, ss, n int) {
	for i := range n {
		d := six(src, from+i, ss)
		evenA, oddA := d[4]-float32(squareB*d[2]), float32(pointA*(d[3]-float32(squareB*d[1])))
		evenB, oddB := d[4]-float32(squareA*d[2]), float32(pointB*(d[3]-float32(squareA*d[1])))
		dst[at+i] = float32(normZero*d[0]) + (d[4] - float32((squareA+squareB)*d[2]))
		dst[at+ds+i], dst[at+2*ds+i] = evenA+oddA, evenA-oddA
		dst[at+3*ds+i], dst[at+4*ds+i] = evenB+oddB, evenB-oddB
		dst[at+5*ds+i] = float32(normZero*d[1]) + (d[5] - float32((squareA+squareB)*d[3]))
	}
}

// six returns six numbers, step apart.
func six(src []float32, at, step int) [wide]float32 {
	return [wide]float32{src[at], src[at+step], src[at+2*step], src[at+3*step], src[at+4*step], src[at+5*step]}
}

// winogradSums computes Aᵀm.
func winogradSums(dst []float32, at, ds int, src []float32, from, ss, n int) {
	for i := range n {
		y := winogradResult(six(src, from+i, ss))
		dst[at+i], dst[at+ds+i], dst[at+2*ds+i], dst[at+3*ds+i] = y[0], y[1], y[2], y[3]
	}
}

func winogradResult(m [wide]float32) [patch]float32 {
	sumA, sumB, difA, difB := m[1]+m[2], m[3]+m[4], m[1]-m[2], m[3]-m[4]
	return [patch]float32{
		m[0] + sumA + sumB,
		float32(pointA*difA) + float32(pointB*difB),
		float32(squareA*sumA) + float32(squareB*sumB),
		m[5] + float32(pointB*squareB*difB) + float32(pointA*squareA*difA),
	}
}

// winogradWeights computes Gg.
func winogradWeights(dst []float32, at, ds int, src []float32, from, ss, n int) {
	for i := range n {
		g0, g1, g2 := src[from+i], src[from+ss+i], src[from+2*ss+i]
		evenA, oddA := float32(1/normA*g0)+float32(squareA/normA*g2), float32(pointA/normA*g1)
		evenB, oddB := float32(1/normB*g0)+float32(squareB/normB*g2), float32(pointB/normB*g1)
		dst[at+i], dst[at+5*ds+i] = 1/normZero*g0, g2
		dst[at+ds+i], dst[at+2*ds+i] = evenA+oddA, evenA-oddA
		dst[at+3*ds+i], dst[at+4*ds+i] = evenB+oddB, evenB-oddB
	}
}

// winogradSpread computes A dy.
func winogradSpread(dst []float32, at, ds int, src []float32, from, ss, n int) {
	for i := range n {
		y0, y1, y2, y3 := src[from+i], src[from+ss+i], src[from+2*ss+i], src[from+3*ss+i]
		evenA, oddA := y0+float32(squareA*y2), float32(pointA*(y1+float32(squareA*y3)))
		evenB, oddB := y0+float32(squareB*y2), float32(pointB*(y1+float32(squareB*y3)))
		dst[at+i], dst[at+5*ds+i] = y0, y3
		dst[at+ds+i], dst[at+2*ds+i] = evenA+oddA, evenA-oddA
		dst[at+3*ds+i], dst[at+4*ds+i] = evenB+oddB, evenB-oddB
	}
}

// winogradTaps computes Gᵀm.
func winogradTaps(dst []float32, at, ds int, src []float32, from, ss, n int) {
	for i := range n {
		m := six(src, from+i, ss)
		sumA, sumB, difA, difB := m[1]+m[2], m[3]+m[4], m[1]-m[2], m[3]-m[4]
		dst[at+i] = float32(1/normZero*m[0]) + float32(1/normA*sumA) + float32(1/normB*sumB)
		dst[at+ds+i] = float32(pointA/normA*difA) + float32(pointB/normB*difB)
		dst[at+2*ds+i] = m[5] + float32(squareA/normA*sumA) + float32(squareB/normB*sumB)
	}
}

// winogradEnd computes act(Aᵀm + bias + add), with bias one vector and add laid
// out like dst, or nil.
func winogradEnd(dst, src bundle, n, count int, bias, add []float32, slope float32) {
	dst.reach(patch, n, count)
	src.reach(wide, n, count)
	_ = bias[n-1]
	var other *float32
	if add != nil {
		bundle{add, dst.at, dst.step, dst.next}.reach(patch, n, count)
		other = &add[dst.at]
	}
	if hasVectors() {
		winogradEndAsm(&dst.data[dst.at], dst.step, dst.next, &src.data[src.at], src.step, src.next, n, count, &bias[0], other, slope)
		return
	}
	for g := range count {
		to, from := dst.at+g*dst.next, src.at+g*src.next
		for i := range n {
			for k, v := range winogradResult(six(src.data, from+i, src.step)) {
				v += bias[i]
				at := to + k*dst.step + i
				if add != nil {
					v += add[at]
				}
				if !(v > 0) {
					v = float32(slope * v)
				}
				dst.data[at] = v
			}
		}
	}
}
