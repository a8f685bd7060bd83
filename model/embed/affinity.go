package embed

// This file says how near samples are to one another, as t-SNE sees it.

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

const (
	widest = 50   // principal components between which distances are measured
	narrow = 1e-4 // standard deviation of the first coordinate at the start
	dust   = 1e-7 // that of what chance adds to it
	turns  = 6    // of the iteration for many samples of many numbers: enough to keep distances
)

// A space is where distances between samples are measured: their first principal components,
// over the root of their variance, so that nothing is too large or too small to be squared.
type space struct {
	axes   *PCA      // nil for a single sample
	scale  float64   // of coordinates
	points []float32 // (n, k)
	n, k   int
}

func newSpace(x []float32, n, d int) (*space, error) {
	if n == 1 {
		if slices.ContainsFunc(x, wild) {
			return nil, ErrNumber
		}
		return &space{scale: 1, points: make([]float32, 1), n: 1, k: 1}, nil
	}
	s := &space{scale: 1, n: n, k: min(widest, d, n-1)}
	var err error
	if s.axes, err = fit(x, n, d, s.k, turns); err != nil {
		return nil, err
	}
	if s.axes.Total > 0 {
		s.scale = 1 / math.Sqrt(s.axes.Total)
	}
	s.points = s.project(x)
	if slices.ContainsFunc(s.points, wild) {
		return nil, ErrNumber
	}
	return s, nil
}

// wild reports what is NaN or infinite.
func wild(v float32) bool { return v-v != 0 }

// project returns where samples are in the space, which has axes.
func (s *space) project(x []float32) []float32 {
	z := s.axes.Project(x)
	for i, v := range z {
		z[i] = float32(float64(v) * s.scale)
	}
	return z
}

// start returns the first two coordinates, made small, with a little chance that parts samples
// which are the same.
func (s *space) start(seed uint64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	small := 0.0
	if s.axes != nil && s.axes.Variances[0] > 0 {
		small = narrow / (math.Sqrt(s.axes.Variances[0]) * s.scale)
	}
	y := make([]float32, 2*s.n)
	for i := range s.n {
		for j := range 2 {
			v := dust * rng.NormFloat64()
			if j < s.k {
				v += small * float64(s.points[i*s.k+j])
			}
			y[2*i+j] = float32(v)
		}
	}
	toMiddle(y)
	return y
}

// affinities are how near samples are to their neighbours: numbers above 0 whose sum is 1, for
// pairs of which at least one counts the other among its nearest. Row i lists those of sample i.
type affinities struct {
	begin []int // of each row, and the end of the last
	of    []int32
	p     []float32
}

// affinities looks for the 3·perplexity nearest of each sample.
func (s *space) affinities(ctx context.Context, perplexity float64) (affinities, error) {
	self := make([]int, s.n)
	for i := range self {
		self[i] = i
	}
	near, err := Neighbours(ctx, s.points, s.points, s.k, min(s.n-1, int(3*perplexity)), self)
	if err != nil {
		return affinities{}, err
	}
	weights := make([][]float64, s.n)
	if err := inParts(ctx, s.n, onePart, func(from, end int) {
		for i := from; i < end; i++ {
			weights[i] = weigh(near[i], perplexity)
		}
	}); err != nil {
		return affinities{}, err
	}
	return mutual(near, weights), nil
}

// weigh returns weights exp(-β·d²) of neighbours, whose sum is 1, with the β for which their
// entropy is the logarithm of the perplexity; all the same where they are as many or fewer, or all
// as far.
func weigh(near []Neighbour, perplexity float64) []float64 {
	w, off := make([]float64, len(near)), make([]float64, len(near))
	var mean float64
	for i, n := range near { // the nearest is first, and what all have in common weighs nothing
		off[i] = n.Distance*n.Distance - near[0].Distance*near[0].Distance
		mean += off[i] / float64(len(near))
	}
	if mean == 0 || float64(len(near)) <= perplexity {
		for i := range w {
			w[i] = 1 / float64(len(near))
		}
		return w
	}
	low, high := -60.0, 60.0 // powers of 2
	for range 60 {
		power := (low + high) / 2
		beta := math.Exp2(power) / mean
		var sum, inner float64
		for i, v := range off {
			w[i] = math.Exp(-beta * v)
			sum += w[i]
			inner += beta * v * w[i]
		}
		entropy := math.Log(sum) + inner/sum
		for i := range w {
			w[i] /= sum
		}
		switch miss := entropy - math.Log(perplexity); {
		case math.Abs(miss) < 1e-6:
			return w
		case miss > 0:
			low = power
		default:
			high = power
		}
	}
	return w
}

// mutual makes of weights, which sum to 1 a sample, affinities that are the same both ways:
// (w of j for i + w of i for j) / 2n.
func mutual(near [][]Neighbour, weights [][]float64) affinities {
	n := len(near)
	count := make([]int, n+1)
	for i, list := range near {
		count[i+1] += len(list)
		for _, o := range list {
			count[o.Index+1]++
		}
	}
	for i := range n {
		count[i+1] += count[i]
	}
	a := affinities{begin: make([]int, n+1)}
	of, p := make([]int32, count[n]), make([]float64, count[n])
	put := append([]int(nil), count[:n]...)
	add := func(i, j int, w float64) {
		of[put[i]], p[put[i]] = int32(j), w
		put[i]++
	}
	for i, list := range near {
		for k, o := range list {
			add(i, o.Index, weights[i][k])
			add(o.Index, i, weights[i][k])
		}
	}
	at := make([]int, n) // where row i has j already
	for i := range at {
		at[i] = -1
	}
	for i := range n {
		first := len(a.of)
		for k := count[i]; k < count[i+1]; k++ {
			j, v := of[k], float32(p[k]/float64(2*n))
			if at[j] >= first {
				a.p[at[j]] += v
				continue
			}
			at[j] = len(a.of)
			a.of, a.p = append(a.of, j), append(a.p, v)
		}
		a.begin[i+1] = len(a.of)
	}
	return a
}

// on returns what draws sample i to others: Σ p·(yᵢ-yⱼ)/(1+|yᵢ-yⱼ|²).
func (a *affinities) on(i int, y []float32) (px, py float32) {
	xi, yi := y[2*i], y[2*i+1]
	of, p := a.of[a.begin[i]:a.begin[i+1]], a.p[a.begin[i]:a.begin[i+1]]
	p = p[:len(of)]
	for k, j := range of {
		dx, dy := xi-y[2*j], yi-y[2*j+1]
		w := p[k] / (1 + float32(dx*dx) + float32(dy*dy))
		px += float32(w * dx)
		py += float32(w * dy)
	}
	return px, py
}

// divergence is the part of sample i in that of all.
func (a *affinities) divergence(i int, y []float32, sum float64) (part float64) {
	for k := a.begin[i]; k < a.begin[i+1]; k++ {
		j, p := a.of[k], float64(a.p[k])
		dx, dy := float64(y[2*i]-y[2*j]), float64(y[2*i+1]-y[2*j+1])
		if p > 0 {
			part += p * math.Log(p*sum*(1+dx*dx+dy*dy))
		}
	}
	return part
}
