package model

import (
	"iter"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// References are the names of the networks that speed is measured with.
func References() []string { return []string{"a", "b", "c"} }

// A Reference is a network of fixed shape on random pictures, there to be timed:
// (a) an autoencoder of 28×28 digits, (b) a denoiser of 64×64 colour patches with
// additive skips, (c) the compressor of Ballé et al. (arXiv:1611.01704) of
// 256×256 colour pictures, N = 64. It trains by the same code as a Trainer, with
// Adam and squared error, and infers like one of its models.
type Reference struct {
	net        nn.Layer
	x          *tensor.Tensor
	parts      []*tensor.Tensor // of x, one a shard
	inference  []*nn.Tape       // one a shard
	infer      func(i int)
	loss       []float64
	all, first float64 // FLOPs forwards for one picture: of all layers, and of the first
	*descent
}

// NewReference returns the named network. Convolutions use the named kernel, ""
// for the best; with half, what they multiply is rounded to bf16. A divisor above 1 makes a small version for tests: so many times
// fewer channels, on few and small pictures.
func NewReference(name, kernel string, half bool, divisor int) (*Reference, error) {
	rng := rand.New(rand.NewPCG(1, 1))
	r := &Reference{}
	var n, side, channels int
	var first nn.Layer
	small := func(whole, part int) int {
		if divisor > 1 {
			return part
		}
		return whole
	}
	switch name {
	case "a":
		n, side, channels = small(64, 4), 28, 1
		net := classroom(rng, 16/divisor, 32/divisor)
		r.net, first = net, net[0]
	case "b":
		n, side, channels = small(16, 2), small(64, 16), 3
		net := newDenoiser(rng, 32/divisor)
		r.net, first = net, net.e0
	case "c":
		n, side, channels = small(4, 2), small(256, 32), 3
		net := compressor(rng, 64/divisor)
		r.net, first = net, net[0]
	default:
		return nil, &SpecError{"network", strconv.Quote(name), "one of " + strings.Join(References(), ", ")}
	}
	r.x = tensor.New(n, side, side, channels)
	for i := range r.x.Data {
		r.x.Data[i] = float32(rng.Float64())
	}
	var params []*nn.Param
	for _, p := range r.net.Params() {
		params = append(params, p)
	}
	r.descent = newDescent(n, kernel, half, nn.NewAdam(params, 0), r.learnShard)
	r.loss = make([]float64, len(r.shards))
	r.infer = r.inferShard
	for _, sh := range r.shards {
		size := side * side * channels
		r.parts = append(r.parts, &tensor.Tensor{Shape: []int{sh.n, side, side, channels}, Data: r.x.Data[sh.from*size:][:sh.n*size]})
		r.inference = append(r.inference, nn.NewInference(r.forms))
	}
	r.all = r.cost(r.net)
	r.first = r.cost(first)
	return r, nil
}

// cost returns the FLOPs of a layer that sees a picture.
func (r *Reference) cost(l nn.Layer) float64 {
	t := r.inference[0]
	t.Reset()
	l.Forward(t, t.Input(r.parts[0]))
	return t.FLOPs() / float64(r.shards[0].n)
}

// classroom has two convolutions down, a dense bottleneck, and the way back.
func classroom(rng *rand.Rand, narrow, wide int) nn.Seq {
	const latent, map7 = 32, 7
	flat := map7 * map7 * wide
	hidden := min(latent, wide)
	return nn.Seq{
		relu(nn.NewConv2D(rng, 1, narrow, 3, 2)),
		relu(nn.NewConv2D(rng, narrow, wide, 3, 2)),
		nn.Func(func(t *nn.Tape, x *nn.Var) *nn.Var { return nn.Unshuffle(t, x, map7) }),
		nn.NewConv2D(rng, flat, hidden, 1, 1),
		relu(nn.NewConv2D(rng, hidden, flat, 1, 1)),
		nn.Func(func(t *nn.Tape, x *nn.Var) *nn.Var { return nn.Shuffle(t, x, map7) }),
		relu(nn.NewConvT2D(rng, wide, narrow, 3, 2)),
		nn.NewConvT2D(rng, narrow, 1, 3, 2),
		nn.Func(nn.Sigmoid),
	}
}

// relu makes a ReLU part of a convolution.
func relu(l nn.Layer) nn.Layer {
	fuse(nn.Seq{l}, 0)
	return l
}

func compressor(rng *rand.Rand, n int) nn.Seq {
	down := func(in int) nn.Layer { return nn.NewConv2D(rng, in, n, 5, 2) }
	up := func(out int) nn.Layer { return nn.NewConvT2D(rng, n, out, 5, 2) }
	divide := func() nn.Layer { return nn.NewNormalisation(n, false) }
	multiply := func() nn.Layer { return nn.NewNormalisation(n, true) }
	return nn.Seq{
		down(3), divide(), down(n), divide(), down(n), divide(), down(n),
		up(n), multiply(), up(n), multiply(), up(n), multiply(), up(3),
	}
}

// A denoiser goes down twice and up again, adding what it saw on the way.
type denoiser struct{ e0, e1, e2, e3, m1, m2, u1, d1, u2, d2 nn.Layer }

func newDenoiser(rng *rand.Rand, c int) *denoiser {
	conv := func(in, out, stride int) nn.Layer { return nn.NewConv2D(rng, in, out, 3, stride) }
	up := func(in, out int) nn.Layer { return nn.NewConvT2D(rng, in, out, 3, 2) }
	return &denoiser{
		e0: relu(conv(3, c, 1)), e1: relu(conv(c, 2*c, 2)), e2: relu(conv(2*c, 2*c, 1)), e3: relu(conv(2*c, 4*c, 2)),
		m1: relu(conv(4*c, 4*c, 1)), m2: relu(conv(4*c, 4*c, 1)),
		u1: relu(up(4*c, 2*c)), d1: relu(conv(2*c, 2*c, 1)), u2: relu(up(2*c, c)), d2: conv(c, 3, 1),
	}
}

func (d *denoiser) Forward(t *nn.Tape, x *nn.Var) *nn.Var {
	a := nn.Seq{d.e0}.Thin(t, x)
	b := nn.Seq{d.e1, d.e2}.Thin(t, a)
	m := nn.Seq{d.e3, d.m1, d.m2, d.u1}.Thin(t, b)
	m = nn.Seq{d.d1, d.u2}.Thin(t, nn.AddThin(t, m, b))
	return d.d2.Forward(t, nn.AddThin(t, m, a))
}

func (d *denoiser) Params() iter.Seq2[string, *nn.Param] {
	return nn.Seq{d.e0, d.e1, d.e2, d.e3, d.m1, d.m2, d.u1, d.d1, d.u2, d.d2}.Params()
}

// Batch returns how many pictures Train and Infer work on at a time.
func (r *Reference) Batch() int { return r.x.Shape[0] }

// TrainFLOPs and InferFLOPs return the multiplications and additions for one
// picture. A way back costs two forward passes, less the gradient of the first
// layer's input.
func (r *Reference) TrainFLOPs() float64 { return 3*r.all - r.first }
func (r *Reference) InferFLOPs() float64 { return r.all }

// Train takes one step and returns the loss before it.
func (r *Reference) Train() float64 {
	r.gradients()
	r.step(1e-4, 0)
	return r.lost()
}

// lost returns the loss that the latest gradients are of.
func (r *Reference) lost() float64 {
	var sum float64
	for i, sh := range r.shards {
		sum += r.loss[i] * float64(sh.n) / float64(r.Batch())
	}
	return sum
}

func (r *Reference) learnShard(i int) {
	sh := r.shards[i]
	t := sh.tape
	in := t.Input(r.parts[i])
	loss := nn.MSE(t, r.net.Forward(t, in), in.Val, nil)
	r.loss[i] = float64(loss.Val.Data[0])
	t.Backward(loss, float32(sh.n)/float32(r.Batch()))
}

// Infer makes one pass forwards over the batch.
func (r *Reference) Infer() { r.run(len(r.shards), r.infer) }

func (r *Reference) inferShard(i int) {
	t := r.inference[i]
	t.Reset()
	r.net.Forward(t, t.Input(r.parts[i]))
}

// InferPicture passes a picture (1, H, W, 3) through network (b), all of it at once.
func (r *Reference) InferPicture(x *tensor.Tensor) *tensor.Tensor {
	t := nn.NewInference(r.forms)
	defer t.Leave()
	t.Share(runtime.GOMAXPROCS(0))
	return r.net.Forward(t, t.Input(x)).Val.Clone()
}
