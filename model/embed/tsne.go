package embed

// This file lays samples out on a plane so that neighbours stay neighbours.

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// What is usual in t-SNE.
const (
	Perplexity = 30  // neighbours of a sample, counted smoothly
	Theta      = 0.5 // how wide a cell may be, over its distance
	Early      = 150 // steps in which neighbours are drawn together harder
)

const (
	exaggeration = 12   // of affinities, in the first steps
	calm         = 0.5  // momentum in those steps
	brisk        = 0.8  // momentum afterwards
	leastRate    = 50   // learning rate of few samples
	leastGain    = 0.01 // of a coordinate
	onePart      = 64   // samples that a goroutine takes at a time
)

// TSNEOptions say how samples are laid out.
type TSNEOptions struct {
	Perplexity float64 // above 1; lowered where there are too few samples, as TSNE.Perplexity tells
	Theta      float64 // 0 (exact, n² terms a step) to 1
	Early      int     // steps of exaggeration
	Seed       uint64  // of what parts samples that are the same
}

// A TSNE is a plane on which each sample lies near its neighbours (van der Maaten and Hinton
// 2008), moved step by step by forces of whole cells of a quadtree (van der Maaten 2014). It
// begins with two principal components (Kobak and Berens 2019), and its rate is the number of
// samples over the exaggeration, as long as there is one (Belkina et al. 2019), for a gradient
// without the factor 4, as in the programs of these papers. On one kind of processor positions
// depend on samples and options alone, and not on the number of threads.
//
// It is for one goroutine at a time. Between steps everything can be read, and a step that is
// not asked for is a pause.
type TSNE struct {
	o       TSNEOptions
	space   *space
	samples []float32 // as they were given
	d       int       // numbers of each

	pull  affinities
	tree  tree
	y     []float32 // x and y of each sample
	next  []float32
	pace  []float32 // the last move of each coordinate
	gains []float32
	push  []float32 // what drives samples apart, before it is divided by the sum of shares
	share []float32 // of each sample in that sum
	steps int
}

// NewTSNE finds the neighbours of samples of d numbers each, one after the other in x, which it
// keeps and does not change. It is an ErrFew without samples, and an ErrNumber where one is NaN
// or infinite; else the only error is ctx's. Its time grows with the square of the number of
// samples, that of a step with n·log n, and the memory with n times the perplexity.
func NewTSNE(ctx context.Context, x []float32, d int, o TSNEOptions) (*TSNE, error) {
	n := len(x) / max(1, d)
	switch {
	case d < 1 || len(x) != n*d:
		panic("embed: the samples have another size")
	case !(o.Perplexity > 1) || !(o.Theta >= 0 && o.Theta <= 1) || o.Early < 0:
		panic("embed: no such t-SNE")
	case n == 0:
		return nil, fmt.Errorf("%w: there are none", ErrFew)
	}
	s, err := newSpace(x, n, d)
	if err != nil {
		return nil, err
	}
	o.Perplexity = min(o.Perplexity, max(1, float64(n-1)/3))
	t := &TSNE{o: o, space: s, samples: x, d: d, y: s.start(o.Seed), tree: tree{theta: float32(o.Theta)}}
	if t.pull, err = s.affinities(ctx, o.Perplexity); err != nil {
		return nil, err
	}
	t.next, t.pace, t.gains, t.push, t.share = make([]float32, 2*n), make([]float32, 2*n), make([]float32, 2*n), make([]float32, 2*n), make([]float32, n)
	for i := range t.gains {
		t.gains[i] = 1
	}
	return t, nil
}

// Perplexity returns the one in use: that of the options, or (n-1)/3 where that is less, at least 1.
func (t *TSNE) Perplexity() float64 { return t.o.Perplexity }

// Done counts the steps that were taken.
func (t *TSNE) Done() int { return t.steps }

// Positions returns x and y of each sample, whose mean is (0, 0), in memory of their own.
func (t *TSNE) Positions() []float32 { return append([]float32(nil), t.y...) }

// Step moves all samples once. Its only error is ctx's, and then nothing has moved.
func (t *TSNE) Step(ctx context.Context) error {
	sum, err := t.repel(ctx)
	if err != nil {
		return err
	}
	harder, momentum := float32(1), float32(brisk)
	if t.steps < t.o.Early {
		harder, momentum = exaggeration, calm
	}
	n := len(t.share)
	rate, scale := max(leastRate, float32(n)/harder), float32(1/sum)
	// From here on it is too late to stop, and it takes a fraction of the time before.
	_ = inParts(context.WithoutCancel(ctx), n, onePart, func(from, end int) {
		for i := from; i < end; i++ {
			px, py := t.pull.on(i, t.y)
			t.move(2*i, float32(harder*px)-float32(scale*t.push[2*i]), rate, momentum)
			t.move(2*i+1, float32(harder*py)-float32(scale*t.push[2*i+1]), rate, momentum)
		}
	})
	t.y, t.next = t.next, t.y
	toMiddle(t.y)
	t.steps++
	return nil
}

// move takes a coordinate down its gradient, the faster the longer it goes one way.
func (t *TSNE) move(k int, gradient, rate, momentum float32) {
	gain := t.gains[k]
	if gradient > 0 != (t.pace[k] > 0) {
		gain += 0.2
	} else {
		gain = max(leastGain, float32(gain*0.8))
	}
	t.gains[k] = gain
	t.pace[k] = float32(momentum*t.pace[k]) - float32(float32(rate*gain)*gradient)
	t.next[k] = t.y[k] + t.pace[k]
}

// repel fills in push and share, and returns the sum of the shares: Σ 1/(1+|yᵢ-yⱼ|²) over all
// pairs of different samples.
func (t *TSNE) repel(ctx context.Context) (float64, error) {
	t.tree.plant(t.y)
	err := inParts(ctx, len(t.share), onePart, func(from, end int) {
		for k := from; k < end; k++ {
			i := t.tree.order[k]
			t.push[2*i], t.push[2*i+1], t.share[i] = t.tree.push(k)
		}
	})
	var sum float64
	for _, v := range t.share {
		sum += float64(v)
	}
	return max(sum, 1e-30), err // a single sample has none to share with
}

// Divergence returns that of Kullback and Leibler between the affinities of samples and those of
// their positions, in nats: what steps make smaller, once the exaggeration is over. It takes as
// long as a step, and its only error is ctx's.
func (t *TSNE) Divergence(ctx context.Context) (float64, error) {
	sum, err := t.repel(ctx)
	if err != nil {
		return 0, err
	}
	parts := make([]float64, len(t.share))
	err = inParts(ctx, len(parts), onePart, func(from, end int) {
		for i := from; i < end; i++ {
			parts[i] = t.pull.divergence(i, t.y, sum)
		}
	})
	var all float64
	for _, v := range parts {
		all += v
	}
	return all, err
}

// toMiddle moves positions so that their mean is (0, 0).
func toMiddle(y []float32) {
	var mx, my float64
	for i := 0; i < len(y); i += 2 {
		mx += float64(y[i])
		my += float64(y[i+1])
	}
	n := float64(len(y) / 2)
	for i := 0; i < len(y); i += 2 {
		y[i] -= float32(mx / n)
		y[i+1] -= float32(my / n)
	}
}

// inParts does n things, so many at a time, on all processors, until ctx is done.
func inParts(ctx context.Context, n, part int, do func(from, end int)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+part-1)/part) {
		wg.Go(func() {
			for from := int(next.Add(int64(part))) - part; from < n && ctx.Err() == nil; from = int(next.Add(int64(part))) - part {
				do(from, min(from+part, n))
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
