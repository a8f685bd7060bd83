package embed

// This file tells classes apart by planes.

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// A Probe is multinomial logistic regression: how much of what samples are can be read off
// their numbers by planes alone (Alain and Bengio, arXiv:1610.01644).
type Probe struct {
	mean, scale []float64  // of each of d numbers, so that all weigh alike
	weights     *mat.Dense // (classes, d + 1), the last column added as it is
}

// What a probe is fitted with.
const (
	ridge      = 1e-4 // price of the squares of the weights
	mostRounds = 200
	flat       = 1e-5 // a gradient of which nothing is larger is the end
	memory     = 10   // steps that tell of the curvature
)

// FitProbe fits a probe to n samples of d numbers, one after the other in x, whose labels are
// classes from 0 on: cross-entropy a sample plus ridge/2 times the weights' squares, by
// L-BFGS from zero. There is no chance in it. It is an ErrFew without samples, and an
// ErrNumber where one is NaN or infinite.
func FitProbe(x []float32, labels []int, d, classes int) (*Probe, error) {
	n := len(labels)
	switch {
	case len(x) != n*d || d < 1 || classes < 1:
		panic("embed: the samples have another size")
	case n == 0:
		return nil, ErrFew
	}
	p := &Probe{mean: make([]float64, d), scale: make([]float64, d)}
	if err := p.measure(x); err != nil {
		return nil, err
	}
	f := fitting{p.rows(x), labels, mat.NewDense(n, classes, nil)}
	w := make([]float64, classes*(d+1))
	f.descend(w)
	p.weights = mat.NewDense(classes, d+1, w)
	return p, nil
}

// measure finds mean and scale.
func (p *Probe) measure(x []float32) error {
	d := len(p.mean)
	n := float64(len(x) / d)
	for i, v := range x {
		p.mean[i%d] += float64(v) / n
	}
	for i, v := range x {
		e := float64(v) - p.mean[i%d]
		p.scale[i%d] += e * e / n
	}
	for j, v := range p.scale {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return ErrNumber
		}
		p.scale[j] = 1
		if v > 0 {
			p.scale[j] = 1 / math.Sqrt(v)
		}
	}
	return nil
}

// rows returns samples as the weights take them, with a 1 behind each.
func (p *Probe) rows(x []float32) *mat.Dense {
	d := len(p.mean)
	out := mat.NewDense(len(x)/d, d+1, nil)
	for i := range len(x) / d {
		row := out.RawRowView(i)
		for j, v := range x[i*d : (i+1)*d] {
			row[j] = (float64(v) - p.mean[j]) * p.scale[j]
		}
		row[d] = 1
	}
	return out
}

// Classify returns the likeliest class of each sample.
func (p *Probe) Classify(x []float32) []int {
	d, out := len(p.mean), make([]int, 0)
	for ; len(x) > 0; x = x[min(together*d, len(x)):] {
		var scores mat.Dense
		scores.Mul(p.rows(x[:min(together*d, len(x))]), p.weights.T())
		n, classes := scores.Dims()
		for i := range n {
			best := 0
			for c := range classes {
				if scores.At(i, c) > scores.At(i, best) {
					best = c
				}
			}
			out = append(out, best)
		}
	}
	return out
}

// A fitting is what FitProbe makes smaller.
type fitting struct {
	x      *mat.Dense // (n, d + 1)
	labels []int
	scores *mat.Dense // (n, classes), free between calls
}

// descend moves weights to where the loss, which is convex, is least: L-BFGS (Nocedal 1980),
// each step halved until the loss has fallen by a little of what the slope promised.
func (f fitting) descend(w []float64) {
	var moves, bends [][]float64 // of weights and of gradients, the last of each at the end
	grad, next, tried := make([]float64, len(w)), make([]float64, len(w)), make([]float64, len(w))
	loss := f.loss(w, grad)
	for range mostRounds {
		if floats.Norm(grad, math.Inf(1)) < flat {
			return
		}
		step := direction(grad, moves, bends)
		slope := floats.Dot(step, grad)
		length, now := 1.0, 0.0
		for ; length > 1e-10; length /= 2 {
			floats.AddScaledTo(tried, w, length, step)
			if now = f.loss(tried, next); now <= loss+1e-4*length*slope {
				break
			}
		}
		if !(now < loss) {
			return // as far as float64 goes
		}
		bend := floats.SubTo(make([]float64, len(w)), next, grad)
		floats.Scale(length, step)
		if floats.Dot(bend, step) > 0 {
			moves, bends = append(moves, step), append(bends, bend)
			if len(moves) > memory {
				moves, bends = moves[1:], bends[1:]
			}
		}
		copy(w, tried)
		loss, grad, next = now, next, grad
	}
}

// direction returns where to go: down the gradient, through the inverse of the curvature that
// moves have met.
func direction(grad []float64, moves, bends [][]float64) []float64 {
	step := make([]float64, len(grad))
	floats.SubTo(step, step, grad)
	along := make([]float64, len(moves))
	for i := len(moves) - 1; i >= 0; i-- {
		along[i] = floats.Dot(moves[i], step) / floats.Dot(moves[i], bends[i])
		floats.AddScaled(step, -along[i], bends[i])
	}
	if last := len(moves) - 1; last >= 0 {
		floats.Scale(floats.Dot(moves[last], bends[last])/floats.Dot(bends[last], bends[last]), step)
	}
	for i := range moves {
		back := floats.Dot(bends[i], step) / floats.Dot(moves[i], bends[i])
		floats.AddScaled(step, along[i]-back, moves[i])
	}
	return step
}

// loss returns it at some weights, and fills in its gradient where that is wanted.
func (f fitting) loss(w, grad []float64) float64 {
	n, classes := f.scores.Dims()
	_, wide := f.x.Dims()
	weights := blas64.General{Rows: classes, Cols: wide, Stride: wide, Data: w}
	blas64.Gemm(blas.NoTrans, blas.Trans, 1, f.x.RawMatrix(), weights, 0, f.scores.RawMatrix())
	var sum float64
	for i, label := range f.labels {
		row := f.scores.RawRowView(i)
		at := row[label]
		sum += logSumExp(row) - at
		row[label]--
	}
	loss := sum / float64(n)
	for i, v := range w {
		if i%wide < wide-1 {
			loss += ridge / 2 * v * v
		}
	}
	if grad == nil {
		return loss
	}
	blas64.Gemm(blas.Trans, blas.NoTrans, 1/float64(n), f.scores.RawMatrix(), f.x.RawMatrix(), 0,
		blas64.General{Rows: classes, Cols: wide, Stride: wide, Data: grad})
	for i, v := range w {
		if i%wide < wide-1 {
			grad[i] += ridge * v
		}
	}
	return loss
}

// logSumExp returns it of a row, which becomes probabilities.
func logSumExp(row []float64) float64 {
	high := math.Inf(-1)
	for _, v := range row {
		high = max(high, v)
	}
	var sum float64
	for i, v := range row {
		row[i] = math.Exp(v - high)
		sum += row[i]
	}
	for i := range row {
		row[i] /= sum
	}
	return high + math.Log(sum)
}
