// Package model is the autoencoder: what it is (Spec), how it learns (Trainer),
// what it is good for (Features, Generate, Reconstruct, Anomaly), and how it is
// kept (Save, Read, Resume). An autoencoder is an encoder, a bottleneck and a
// decoder; every variant minimises distortion + λ·price. The package reads and
// writes streams, never files, and knows nothing of pictures beyond tensors.
package model

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"sieve/model/nn"
	"sieve/model/tensor"
)

// A Model is an encoder, a bottleneck and a decoder. It may be used by several
// goroutines at once as long as nobody changes its weights.
type Model struct {
	Spec       Spec
	Info       Info
	Normal     *Normal // what it makes of good pictures, not to be changed; nil when it has not been shown any
	enc, dec   legs    // dec ends before the output function
	loop       *loop   // of a recurrent body, which has no legs
	bottleneck Bottleneck
	frozen     *frozen // of a model that was read
	off        []int   // channels of the latent that are switched off; see Without
	half       bool    // see Halve
}

// Legs are the parts of an encoder or decoder between which something is kept or
// joined: one, unless there are skip connections.
type legs []nn.Seq

// Params are numbered through all legs.
func (l legs) Params() iter.Seq2[string, *nn.Param] { return slices.Concat(l...).Params() }

// Skips are what an encoder has at the end of each leg but the last.
type skips [maxDepth]*nn.Var

// encode runs the encoder on what lay has made of pictures.
func (m *Model) encode(t *nn.Tape, x *nn.Var) (y *nn.Var, past skips) {
	for i, leg := range m.enc {
		if i == len(m.enc)-1 {
			return leg.Forward(t, x), past
		}
		if m.thin(i) {
			x = leg.Thin(t, x)
		} else {
			x = leg.Forward(t, x)
		}
		past[i] = x
	}
	return x, past
}

// decode runs the decoder up to the output function.
func (m *Model) decode(t *nn.Tape, z *nn.Var, past skips) *nn.Var {
	for i, leg := range m.dec {
		if i > 0 {
			skip := past[len(m.dec)-1-i]
			z = nn.AddThin(t, z, skip)
			t.Done(skip)
		}
		if i < len(m.dec)-1 && m.thin(len(m.dec)-2-i) {
			z = leg.Thin(t, z)
		} else {
			z = leg.Forward(t, z)
		}
	}
	return z
}

// thin tells whether only convolutions see what goes past the bottleneck from a leg of the encoder
// on, and what it is added to.
func (m *Model) thin(leg int) bool {
	join := len(m.dec) - 1 - leg // the leg of the decoder that sees the sum
	return m.enc[leg].EndsThin() && m.enc[leg+1].BeginsThin() && m.dec[join-1].EndsThin() && m.dec[join].BeginsThin()
}

// lay puts a map of the noise level beside the channels of pictures, if the model
// is told of it: one number a picture, in units of white.
func (m *Model) lay(t *nn.Tape, x *tensor.Tensor, level []float32) *nn.Var {
	if !m.Spec.Level {
		return t.Input(x)
	}
	n, h, w, c := x.Dims4()
	beside := t.New(n, h, w, c+1)
	for i := range n {
		tell(beside.Data[i*h*w*(c+1):], x.Data[i*h*w*c:(i+1)*h*w*c], c, level[i])
	}
	return t.Input(beside)
}

// tell puts the level beside each of so many channels.
func tell(to, x []float32, channels int, level float32) {
	for ; len(x) > 0; x, to = x[channels:], to[channels+1:] {
		copy(to, x[:channels])
		to[channels] = level
	}
}

// output turns what the decoder ends with into pictures; x is what was seen.
func (m *Model) output(t *nn.Tape, y *nn.Var, x *tensor.Tensor) *nn.Var {
	switch m.Spec.Output {
	case "sigmoid":
		return nn.Sigmoid(t, y)
	case "residual":
		return nn.Add(t, y, t.Input(x))
	}
	return y
}

// Info says how far a model has come.
type Info struct {
	Step    int     `json:"step"`     // of training
	ValLoss float64 `json:"val_loss"` // of the validation pictures
	ValPSNR float64 `json:"val_psnr"` // in dB
	// Of a variational model whose training TellsNats, those of a picture; else 0.
	ValNats float64 `json:"val_nats,omitempty"`
}

// New builds the model a spec describes, with fresh weights.
func New(s Spec) (*Model, error) {
	return newModel(s, rand.New(rand.NewPCG(s.Seed, 0)))
}

// newModel is New; without rng the weights are for the caller to fill.
func newModel(s Spec, rng *rand.Rand) (*Model, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	enc, dec := s.plan()
	m := &Model{Spec: s, enc: buildLegs(rng, s, enc), dec: buildLegs(rng, s, dec), bottleneck: newBottleneck(rng, s)}
	if s.Body == "recurrent" {
		m.loop = newLoop(rng, s)
		return m, nil
	}
	m.begin()
	return m, nil
}

// begin starts pictures from mid-grey rather than from black, residuals and what comes
// of whole numbers from almost nothing; a shuffle body sees mid-grey as nothing.
func (m *Model) begin() {
	var weights, bias *nn.Param
	for _, p := range m.dec.Params() {
		weights, bias = bias, p
	}
	if m.Spec.Output == "residual" || m.Spec.Bottleneck == "quantised" {
		for i := range weights.Val.Data {
			weights.Val.Data[i] *= 0.1
		}
	}
	if m.Spec.Output == "identity" {
		for i := range bias.Val.Data {
			bias.Val.Data[i] = 0.5
		}
	}
	if m.Spec.Body == "shuffle" {
		first := m.enc[0][1].(*nn.Conv2D)
		for i, v := range first.W.Val.Data {
			first.B.Val.Data[i%len(first.B.Val.Data)] -= v / 2
		}
	}
}

func buildLegs(rng *rand.Rand, s Spec, stages []stage) legs {
	var l legs
	for _, leg := range cut(stages) {
		l = append(l, build(rng, s, leg))
	}
	return l
}

// cut returns the stages of each leg: those between "keep" or "join".
func cut(stages []stage) (l [][]stage) {
	from := 0
	for i, st := range stages {
		if st.kind == "keep" || st.kind == "join" {
			l = append(l, stages[from:i])
			from = i + 1
		}
	}
	return append(l, stages[from:])
}

func build(rng *rand.Rand, s Spec, stages []stage) nn.Seq {
	var seq nn.Seq
	for _, st := range stages {
		switch st.kind {
		case "conv":
			seq = append(seq, nn.NewConv2D(rng, st.in, st.out, st.k, st.stride))
		case "transposed":
			seq = append(seq, nn.NewConvT2D(rng, st.in, st.out, st.k, st.stride))
		case "nearest":
			seq = append(seq, nn.Func(nn.Up2))
		case "gather":
			seq = append(seq, nn.Func(func(t *nn.Tape, x *nn.Var) *nn.Var { return nn.Unshuffle(t, x, st.k) }))
		case "spread":
			seq = append(seq, nn.Func(func(t *nn.Tape, x *nn.Var) *nn.Var { return nn.Shuffle(t, x, st.k) }))
		case "act":
			if slope, ok := slopes[s.Activation]; ok && fuse(seq, slope) {
				seq = append(seq, nn.Nothing{}) // keeps the names of the layers behind it
				continue
			}
			seq = append(seq, activations[s.Activation])
		case "levels":
			seq = append(seq, nn.Func(func(t *nn.Tape, x *nn.Var) *nn.Var { return nn.Levels(t, x, grain, 0, mostGrains*grain) }))
		case "residual":
			body := build(rng, s, st.body)
			// A block starts as almost nothing, so that depth costs no speed at first.
			weaken(body, 0.1)
			seq = append(seq, nn.Residual{Layer: body})
		default:
			panic("model: unknown stage " + st.kind)
		}
	}
	return seq
}

// weaken multiplies the weights that a residual block ends with.
func weaken(body nn.Seq, by float32) {
	last := body[len(body)-1].(*nn.Conv2D)
	for i := range last.W.Val.Data {
		last.W.Val.Data[i] *= by
	}
}

// slopes are those of the activations that a convolution can do as it stores.
var slopes = map[string]float32{"relu": 0, "leaky": leak}

// leak is the slope of "leaky" below zero.
const leak = 0.1

// fuse lets the convolution that a network ends with do the activation behind it.
func fuse(seq nn.Seq, slope float32) bool {
	if len(seq) == 0 {
		return false
	}
	switch l := seq[len(seq)-1].(type) {
	case *nn.Conv2D:
		l.Slope = slope
	case *nn.ConvT2D:
		l.Slope = slope
	default:
		return false
	}
	return true
}

var activations = map[string]nn.Func{
	"relu":    nn.ReLU,
	"leaky":   func(t *nn.Tape, x *nn.Var) *nn.Var { return nn.LeakyReLU(t, x, leak) },
	"silu":    nn.SiLU,
	"tanh":    nn.Tanh,
	"sigmoid": nn.Sigmoid,
}

// Cell returns how many pixels a side one cell of the latent covers.
func (m *Model) Cell() int { return m.Spec.Cell() }

// Count returns how many numbers the model learns.
func (m *Model) Count() int { return m.Spec.Count() }

// Params yields every learned tensor under a stable name.
func (m *Model) Params() iter.Seq2[string, *nn.Param] {
	return func(yield func(string, *nn.Param) bool) {
		_ = nn.Under(yield, "enc", m.enc) && nn.Under(yield, "dec", m.dec) &&
			nn.Under(yield, "code", m.bottleneck) && nn.Under(yield, "loop", m.loop)
	}
}

// params returns Params in a slice.
func (m *Model) params() []*nn.Param { return collect(m.Params()) }

func collect(named iter.Seq2[string, *nn.Param]) (out []*nn.Param) {
	for _, p := range named {
		out = append(out, p)
	}
	return out
}

// Halve makes Reconstruct, Features and Generate round what convolutions multiply to bf16, if this
// machine has tiles for that. A recurrent model does not.
func (m *Model) Halve() { m.half = canHalve() }

// forms returns the weights as those read them.
func (m *Model) forms() *nn.Forms {
	f := nn.NewForms("")
	f.Halve(m.half)
	return f
}

// Clone returns a copy that shares nothing with m.
func (m *Model) Clone() *Model {
	c, err := New(m.Spec)
	if err != nil {
		panic(fmt.Sprintf("model: clone: %v", err)) // m was built from the same spec
	}
	c.Info, c.Normal, c.off, c.half = m.Info, m.Normal, m.off, m.half
	from := m.params()
	for i, p := range c.params() {
		copy(p.Val.Data, from[i].Val.Data)
	}
	return c
}

// Kernels are the implementations of the arithmetic and whether they run here;
// see nn.Kernels.
func Kernels() []nn.Finding { return nn.Kernels() }

// Tiles says whether this machine multiplies bf16 in tiles, in the words of Kernels: whether
// training in bf16 is of use here.
func Tiles() string { return nn.Tiles() }

// BurstTiles is Burst for tiles, where they are available.
func BurstTiles(rounds int) float64 { return nn.BurstTiles(rounds) }

// Burst multiplies and adds in registers, as fast as the named kernel can, and
// returns how many operations that were: a measure of the machine.
func Burst(kernel string, rounds int) float64 { return nn.Burst(kernel, rounds) }
