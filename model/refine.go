package model

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// This file moves a latent to where it is cheaper and better, for one picture: Campos et
// al., arXiv:1906.05771, and Yang et al., arXiv:2006.04240. The decoder stays as it is.

const (
	regionCells = 32   // a side: what is worked on at a time
	marginCells = 4    // around it, which are seen and stay
	refineRate  = 0.04 // of Adam, in units of what is rounded
)

// Refine returns a latent that costs less and shows the picture better at a quality, after
// so many steps of descent. read is as for Analyse. The only error is ctx's.
func (c *Codec) Refine(ctx context.Context, l *Latent, quality, steps int, read func(row []float32, y, x int), report Report) (*Latent, error) {
	_, zh, zw, _ := l.z.Dims4()
	out := &Latent{l.H, l.W, l.z.Clone()}
	rows, cols := (zh+regionCells-1)/regionCells, (zw+regionCells-1)/regionCells
	var mu sync.Mutex
	done := 0
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), rows*cols) {
		wg.Go(func() {
			for i := range next {
				r := region{c: c, l: l, quality: float32(quality) / Qualities, top: i / cols * regionCells, left: i % cols * regionCells}
				z := r.refine(ctx, steps, rand.New(rand.NewPCG(1, uint64(i))), read, func() {
					if report != nil {
						mu.Lock()
						defer mu.Unlock()
						done++
						report(done, steps*rows*cols)
					}
				})
				if z != nil {
					mu.Lock()
					r.put(out.z, z)
					mu.Unlock()
				}
			}
		})
	}
	for i := range rows * cols {
		next <- i
	}
	close(next)
	wg.Wait()
	return out, ctx.Err()
}

// A region is a part of a latent with its margins.
type region struct {
	c              *Codec
	l              *Latent
	quality        float32
	top, left      int // without margins
	rows, cols     int // without them
	y0, x0, h, w   int // with them
	target, weight *tensor.Tensor
}

// refine returns the region's latent, or nil when ctx is done.
func (r *region) refine(ctx context.Context, steps int, rng *rand.Rand, read func(row []float32, y, x int), step func()) *tensor.Tensor {
	r.lay(read)
	c, q := r.c, r.c.q
	start := cutOut(r.l.z, r.y0, r.x0, r.h, r.w)
	gain := nn.Between(nil, nn.Const(q.gain.Val), r.quality)
	y := &nn.Param{Val: nn.Gain(nil, nn.Const(start), gain, 1).Val.Clone()}
	t := nn.NewTape(nn.NewForms(""))
	t.Only(y)
	opt := nn.NewAdam([]*nn.Param{y}, 0)
	lambda, counts := c.m.Spec.price(r.quality)
	for k := range steps {
		if ctx.Err() != nil {
			return nil
		}
		t.Reset()
		part := float64(k) / float64(steps)
		temperature := float32(0.5 * (1 - part))
		z, price := q.code(t, t.Use(y), r.quality, func(x, mean *nn.Var) *nn.Var {
			return nn.Annealed(t, x, mean, max(temperature, 0.05), rng)
		}, nil)
		x := c.m.decode(t, q.undo(t, z, r.quality), skips{})
		loss := nn.MSE(t, x, r.target, r.weight)
		t.Backward(nn.AddScaled(t, loss, lambda, price), counts)
		for job := range opt.Jobs() {
			opt.Gather(job, []*nn.Tape{t})
		}
		opt.Begin(refineRate*raisedCosine(part), 0)
		for job := range opt.Jobs() {
			opt.Move(job)
		}
		step()
	}
	return nn.Gain(nil, nn.Const(y.Val), gain, -1).Val
}

// lay finds the region's margins and pixels.
func (r *region) lay(read func(row []float32, y, x int)) {
	_, zh, zw, _ := r.l.z.Dims4()
	cell, c := r.c.m.Cell(), r.c.Channels()
	r.rows, r.cols = min(regionCells, zh-r.top), min(regionCells, zw-r.left)
	r.y0, r.x0 = max(0, r.top-marginCells), max(0, r.left-marginCells)
	r.h = min(zh, r.top+r.rows+marginCells) - r.y0
	r.w = min(zw, r.left+r.cols+marginCells) - r.x0
	h, w := r.h*cell, r.w*cell
	r.target, r.weight = tensor.New(1, h, w, c), tensor.New(1, h, w, c)
	n := min(w, r.l.W-r.x0*cell)
	for y := range min(h, r.l.H-r.y0*cell) {
		read(r.target.Data[y*w*c:][:n*c], r.y0*cell+y, r.x0*cell)
		for i := range n * c { // what is beyond the picture does not count
			r.weight.Data[y*w*c+i] = 1
		}
	}
}

// put writes what is not margin.
func (r *region) put(to, z *tensor.Tensor) {
	_, _, zw, ch := to.Dims4()
	for y := range r.rows {
		copy(to.Data[((r.top+y)*zw+r.left)*ch:][:r.cols*ch], z.Data[((r.top-r.y0+y)*r.w+r.left-r.x0)*ch:])
	}
}
