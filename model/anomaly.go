package model

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file finds what is unlike the good pictures that a model has learned from. A
// pixel is conspicuous for two reasons: the model cannot reproduce it, or the code of
// its cell is unlike all codes of good pictures.

const (
	// mostCodes is how many codes of good pictures are remembered at most, and
	// mostCodeNumbers how many numbers these have in all.
	mostCodes, mostCodeNumbers = 4096, 96 << 10
	// mostJudged is how many numbers a cell of the latent may have: their covariance is
	// kept.
	mostJudged = 256
	// surveyed is how many cells mean and covariance are taken of at most.
	surveyed = 32 << 10
	// shrinkage is what the variance of each number is raised by, in units of the mean
	// variance: what never changes in good pictures is not held against others.
	shrinkage = 0.1
	// neighbours is to how many of the nearest codes the distance is taken.
	neighbours = 3
	// noveltyWeight is what the distance of codes counts, where the error counts 1.
	noveltyWeight = 0.5
	// blurError and blurMap are standard deviations in pixels: of the difference before
	// it is squared, so that an edge off by half a pixel is no error, and of the map.
	blurError, blurMap = 1, 2
	// worst is the share of a picture whose mean is its score.
	worst = 0.1
	// mostScores is how many scores of good pictures are kept.
	mostScores = 1000
)

// Normal is what a model makes of good pictures.
type Normal struct {
	Mean    floats  `json:"mean"`    // of the numbers of a cell, (L)
	White   floats  `json:"white"`   // lower triangle (L, L), by rows: what makes them uncorrelated and of variance 1 at most
	Codes   floats  `json:"codes"`   // of cells of good pictures, made so, (K, L)
	Error   float32 `json:"error"`   // mean of the squared error of good pictures
	Novelty float32 `json:"novelty"` // mean of the squared distance from their codes to the nearest of Codes
	Scores  floats  `json:"scores"`  // of good pictures that nothing else was taken from, rising
}

// An Anomaly is what is unlike good pictures in one picture.
type Anomaly struct {
	Map   *tensor.Tensor // (1, H, W, 1), 1 is the mean of good pictures
	Score float64        // the mean of the most conspicuous tenth of the map
	Made  *tensor.Tensor // the reconstruction, (1, H, W, Channels)
}

// Threshold returns the lowest score of a good picture that at most 1 - quantile of
// them lie above: what is above it is called anomalous.
func (n *Normal) Threshold(quantile float64) float64 {
	i := int(math.Ceil(quantile*float64(len(n.Scores)))) - 1
	return float64(n.Scores[min(max(i, 0), len(n.Scores)-1)])
}

// FalseAlarms returns which share of good pictures lies above a threshold.
func (n *Normal) FalseAlarms(threshold float64) float64 {
	above := 0
	for _, s := range n.Scores {
		if float64(s) > threshold {
			above++
		}
	}
	return float64(above) / float64(len(n.Scores))
}

// Pictures are what Survey looks at, each (1, H, W, Channels). They can be gone through
// again and are the same then.
type Pictures = iter.Seq2[*tensor.Tensor, error]

// Survey learns what is normal from good pictures: their codes from some, and from
// others, held back, how well they are reproduced, how far their codes lie from those,
// and their scores. The model remembers it in Normal and in its file. It is a
// *SpecError when a cell of the latent has more numbers than can be compared, or
// pictures's or ctx's error.
func (m *Model) Survey(ctx context.Context, good, held Pictures) error {
	if n := m.Spec.Numbers(); n > mostJudged {
		return &SpecError{"latent", fmt.Sprint(n), "at most 256 numbers a cell, because their covariance is kept"}
	}
	n := &Normal{}
	if err := n.remember(ctx, m, good); err != nil {
		return err
	}
	var pixels, cells, errors, distances float64
	for x, err := range held {
		if err != nil {
			return err
		}
		e, d, _, err := n.compare(ctx, m, x, nil)
		if err != nil {
			return err
		}
		for _, v := range e.v {
			errors += float64(v)
		}
		for _, v := range d.v {
			distances += float64(v)
		}
		pixels, cells = pixels+float64(len(e.v)), cells+float64(len(d.v))
	}
	// What is reproduced without any error, as flat pictures are, divides nothing by 0.
	n.Error, n.Novelty = max(float32(errors/pixels), 1e-9), max(float32(distances/cells), 1e-9)
	for x, err := range held {
		if err != nil {
			return err
		}
		a, err := n.judge(ctx, m, x, nil)
		if err != nil {
			return err
		}
		n.Scores = append(n.Scores, float32(a.Score))
	}
	slices.Sort(n.Scores)
	if all := n.Scores; len(all) > mostScores {
		n.Scores = make(floats, mostScores)
		for i := range n.Scores {
			n.Scores[i] = all[(i+1)*len(all)/mostScores-1]
		}
	}
	m.Normal = n
	return nil
}

// Anomaly says where and how much a picture x (1, H, W, Channels) is unlike good ones.
// The model must have a Normal. The only error is ctx's.
func (m *Model) Anomaly(ctx context.Context, x *tensor.Tensor, report Report) (*Anomaly, error) {
	if m.Normal == nil {
		panic("model: anomaly: nothing is known of good pictures")
	}
	return m.Normal.judge(ctx, m, x, report)
}

// remember takes mean, covariance and codes from a sample of all cells, in which each
// has the same chance to be (Vitter 1985, algorithm R).
func (n *Normal) remember(ctx context.Context, m *Model, good Pictures) error {
	size := m.Spec.Numbers()
	rng := rand.New(rand.NewPCG(mix(m.Spec.Seed, 1), 0))
	var sample floats
	seen := 0
	for x, err := range good {
		if err != nil {
			return err
		}
		z, err := m.Features(ctx, x, 0, nil)
		if err != nil {
			return err
		}
		for cell := range slices.Chunk(z.Data, size) {
			if seen++; seen <= surveyed {
				sample = append(sample, cell...)
			} else if at := rng.IntN(seen); at < surveyed {
				copy(sample[at*size:], cell)
			}
		}
	}
	n.whiten(sample, size)
	cells := len(sample) / size
	for _, i := range rng.Perm(cells)[:min(cells, mostCodes, mostCodeNumbers/size)] {
		n.Codes = append(n.Codes, n.code(sample[i*size:][:size])...)
	}
	return nil
}

// whiten takes mean and covariance C of a sample of so many numbers each. White is the
// inverse of L, where LLᵀ = C + shrinkage·tr(C)/size: Mahalanobis distances are
// Euclidean ones of what it is multiplied with.
func (n *Normal) whiten(sample []float32, size int) {
	cells := float64(len(sample) / size)
	mean, c := make([]float64, size), make([]float64, size*size)
	for i, v := range sample {
		mean[i%size] += float64(v) / cells
	}
	for x := range slices.Chunk(sample, size) {
		for i := range size {
			d := float64(x[i]) - mean[i]
			for k := range i + 1 {
				c[i*size+k] += float64(d * (float64(x[k]) - mean[k]) / cells)
			}
		}
	}
	var trace float64
	for i := range size {
		trace += c[i*size+i]
	}
	for i := range size {
		c[i*size+i] += shrinkage*trace/float64(size) + 1e-12
	}
	cholesky(c, size)
	n.Mean, n.White = narrow(mean), narrow(inverse(c, size))
}

// cholesky puts L in place of the lower triangle of C = LLᵀ.
func cholesky(c []float64, size int) {
	for i := range size {
		for k := range i + 1 {
			sum := c[i*size+k]
			for j := range k {
				sum -= float64(c[i*size+j] * c[k*size+j])
			}
			if i == k {
				c[i*size+i] = math.Sqrt(sum)
			} else {
				c[i*size+k] = sum / c[k*size+k]
			}
		}
	}
}

// inverse returns that of a lower triangle.
func inverse(l []float64, size int) []float64 {
	out := make([]float64, size*size)
	for k := range size {
		out[k*size+k] = 1 / l[k*size+k]
		for i := k + 1; i < size; i++ {
			var sum float64
			for j := k; j < i; j++ {
				sum -= float64(l[i*size+j] * out[j*size+k])
			}
			out[i*size+k] = sum / l[i*size+i]
		}
	}
	return out
}

func narrow(x []float64) floats {
	out := make(floats, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

// code returns a cell in the units of Codes.
func (n *Normal) code(cell []float32) []float32 {
	size := len(n.Mean)
	out := make([]float32, size)
	for i := range size {
		var sum float32
		for k, w := range n.White[i*size : i*size+i+1] {
			sum += float32(w * (cell[k] - n.Mean[k]))
		}
		out[i] = sum
	}
	return out
}

// distance returns the mean of the squared distances from a code to the nearest
// Codes, in units of the number of its numbers.
func (n *Normal) distance(code []float32) float32 {
	size := len(code)
	var nearest [neighbours]float32
	for i := range nearest {
		nearest[i] = math.MaxFloat32
	}
	for at := 0; at < len(n.Codes); at += size {
		var sum float32
		for k, v := range n.Codes[at : at+size] {
			d := v - code[k]
			sum += float32(d * d)
		}
		for i, v := range nearest {
			if sum < v {
				copy(nearest[i+1:], nearest[i:])
				nearest[i] = sum
				break
			}
		}
	}
	k := min(neighbours, len(n.Codes)/size)
	var sum float32
	for _, v := range nearest[:k] {
		sum += v
	}
	return sum / float32(k*size)
}

// A plane is one number a place.
type plane struct {
	h, w int
	v    []float32
}

// compare returns the squared error of each pixel, the mean over channels, and the
// distance of the code of each cell.
func (n *Normal) compare(ctx context.Context, m *Model, x *tensor.Tensor, report Report) (e, d plane, made *tensor.Tensor, err error) {
	z, made, err := m.Look(ctx, x, 0, report)
	if err != nil {
		return e, d, nil, err
	}
	_, h, w, c := x.Dims4()
	e = plane{h, w, make([]float32, h*w)}
	for k := range c {
		r := plane{h, w, make([]float32, h*w)}
		for i := range r.v {
			r.v[i] = x.Data[i*c+k] - made.Data[i*c+k]
		}
		for i, v := range r.blur(blurError).v {
			e.v[i] += float32(v*v) / float32(c)
		}
	}
	_, zh, zw, size := z.Dims4()
	d = plane{zh, zw, make([]float32, zh*zw)}
	err = bands(ctx, zh, func(y int) {
		for i := y * zw; i < (y+1)*zw; i++ {
			d.v[i] = n.distance(n.code(z.Data[i*size:][:size]))
		}
	})
	return e, d, made, err
}

func (n *Normal) judge(ctx context.Context, m *Model, x *tensor.Tensor, report Report) (*Anomaly, error) {
	e, d, made, err := n.compare(ctx, m, x, report)
	if err != nil {
		return nil, err
	}
	cell := m.Cell()
	for i, v := range e.v {
		novelty := d.v[i/e.w/cell*d.w+i%e.w/cell] / n.Novelty
		e.v[i] = (v/n.Error + float32(noveltyWeight*novelty)) / (1 + noveltyWeight)
	}
	e = e.blur(blurMap)
	sorted := slices.Clone(e.v)
	slices.Sort(sorted)
	top := sorted[len(sorted)-max(1, int(worst*float64(len(sorted)))):]
	var sum float64
	for _, v := range top {
		sum += float64(v)
	}
	return &Anomaly{Map: &tensor.Tensor{Shape: []int{1, e.h, e.w, 1}, Data: e.v}, Score: sum / float64(len(top)), Made: made}, ctx.Err()
}

// blur returns the plane under a Gaussian, mirrored at its edges.
func (p plane) blur(sigma float32) plane {
	taps := gaussian(sigma)
	across, out := make([]float32, len(p.v)), make([]float32, len(p.v))
	side := len(taps) - 1
	row := make([]float32, p.w+2*side)
	for y := range p.h {
		copy(row[side:], p.v[y*p.w:(y+1)*p.w])
		for i := range side {
			row[side-1-i] = p.v[y*p.w+tensor.Mirror(-1-i, p.w)]
			row[side+p.w+i] = p.v[y*p.w+tensor.Mirror(p.w+i, p.w)]
		}
		for x := range p.w {
			at := row[x:]
			sum := float32(taps[0] * at[side])
			for i, tap := range taps[1:] {
				sum += float32(tap * (at[side-i-1] + at[side+i+1]))
			}
			across[y*p.w+x] = sum
		}
	}
	for y := range p.h {
		row := out[y*p.w : (y+1)*p.w]
		add := func(y int, tap float32) {
			for x, v := range across[tensor.Mirror(y, p.h)*p.w:][:p.w] {
				row[x] += float32(tap * v)
			}
		}
		add(y, taps[0])
		for i, tap := range taps[1:] {
			add(y-i-1, tap)
			add(y+i+1, tap)
		}
	}
	return plane{p.h, p.w, out}
}

// gaussian returns the middle tap and those to one side, out to three deviations; all
// of both sides add to 1.
func gaussian(sigma float32) []float32 {
	taps := []float32{1}
	sum := float32(1)
	for i := float32(1); i <= 3*sigma; i++ {
		taps = append(taps, nn.Exp(-i*i/(2*sigma*sigma)))
		sum += 2 * taps[len(taps)-1]
	}
	for i := range taps {
		taps[i] /= sum
	}
	return taps
}

// bands does rows on all processors, until ctx is done.
func bands(ctx context.Context, rows int, do func(y int)) error {
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(rows, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for y := range next {
				if ctx.Err() == nil {
					do(y)
				}
			}
		})
	}
	for y := range rows {
		next <- y
	}
	close(next)
	wg.Wait()
	return ctx.Err()
}

// Floats are numbers that JSON writes as base64 of their bytes, lowest first.
type floats []float32

func (f floats) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, 4*len(f))
	for _, v := range f {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

func (f *floats) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return err
	}
	if len(raw)%4 != 0 {
		return fmt.Errorf("%d bytes are no numbers of four", len(raw))
	}
	*f = make(floats, len(raw)/4)
	for i := range *f {
		(*f)[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return nil
}

// check says what a file holds that cannot be.
func (n *Normal) check(s Spec) error {
	size := s.Numbers()
	switch {
	case len(n.Mean) != size || len(n.White) != size*size || len(n.Codes) == 0 || len(n.Codes)%size != 0:
		return fmt.Errorf("%w: %d, %d and %d numbers about good pictures do not fit a latent of %d", ErrFormat, len(n.Mean), len(n.White), len(n.Codes), size)
	case len(n.Scores) == 0 || !slices.IsSorted(n.Scores):
		return fmt.Errorf("%w: scores of good pictures are missing or out of order", ErrFormat)
	case !(n.Error > 0) || !(n.Novelty > 0):
		return fmt.Errorf("%w: good pictures have an error of %g and codes off by %g", ErrFormat, n.Error, n.Novelty)
	}
	for _, part := range [][]float32{n.Mean, n.White, n.Codes, n.Scores, {n.Error, n.Novelty}} {
		if slices.ContainsFunc(part, func(v float32) bool { return !finite(float64(v)) }) {
			return fmt.Errorf("%w: what it knows of good pictures is not all numbers", ErrFormat)
		}
	}
	return nil
}
