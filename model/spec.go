package model

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sieve/model/nn"
	"sieve/model/noise"
)

// A Spec says everything about a model and how it learns but its weights and its
// data. It is plain data: the header of a file, the contents of a form and the
// flags of a command are views of it.
type Spec struct {
	// The network.
	Body       string  `json:"body"`       // "conv", "unet", "shuffle", "linear" or "recurrent"
	Channels   int     `json:"channels"`   // of the picture: 1 or 3
	Depth      int     `json:"depth"`      // how often a conv body halves the picture
	Width      int     `json:"width"`      // channels after the first halving; doubled at each further one, and in a unet or a shuffle body, whose first level it is, grown to Latent
	Latent     int     `json:"latent"`     // channels of the latent
	Patch      int     `json:"patch"`      // cells a side gathered into one code; 1 keeps a map
	Passes     int     `json:"passes"`     // of a recurrent body over a picture
	Kernel     int     `json:"kernel"`     // taps a side: 3, 5 or 7
	Blocks     int     `json:"blocks"`     // residual blocks of two 3×3 convolutions at each level; half of them at the deepest of a shuffle body
	Activation string  `json:"activation"` // "relu", "leaky", "silu", "tanh" or "sigmoid"
	Up         string  `json:"up"`         // "transposed" or "nearest"
	Output     string  `json:"output"`     // "identity", "sigmoid", or "residual": what is to be added to the input
	Skips      bool    `json:"skips"`      // a conv body's decoder also sees what its encoder had at each size but the smallest, past the bottleneck
	Level      bool    `json:"level"`      // the network is told how strong the noise is, by a map beside the channels
	Estimated  bool    `json:"estimated"`  // the level told in training is estimated, too, and not known
	Bottleneck string  `json:"bottleneck"` // "plain", "sparse", "kl-sparse", "k-sparse", "variational", "binary" or "quantised"
	Lambda     float64 `json:"lambda"`     // what a unit of price costs, in units of loss; of a quantised latent, at the highest quality; of a variational one, a nat for each number of a picture (β)
	Activity   float64 `json:"activity"`   // share of a sparse latent that is to be active: of the time (kl-sparse), of each cell (k-sparse)
	Free       float64 `json:"free"`       // nats a picture that each channel of a variational latent may say for nothing
	Range      float64 `json:"range"`      // how many times as much a quantised latent costs at the lowest quality
	Hyper      int     `json:"hyper"`      // channels of what a quantised latent sends ahead of itself
	Context    bool    `json:"context"`    // what of a quantised latent has been coded tells of what has not

	// The lesson.
	Scheme string `json:"scheme"` // what noise.Parse reads
	Loss   string `json:"loss"`   // "mse", "rmse", "l1", "bce" or "ssim"

	Augment bool    `json:"augment"` // photographs are also scaled and recoloured
	Leaves  float64 `json:"leaves"`  // share of augmented photographs that is dead leaves instead
	Grey    float64 `json:"grey"`    // share of colour pictures that is shown in grey, with noise that is grey, too

	// The way down.
	Optimiser string  `json:"optimiser"` // "adam", "muon" or "sgd"
	Rate      float64 `json:"rate"`      // learning rate
	Schedule  string  `json:"schedule"`  // "constant" or "cosine"
	Warmup    int     `json:"warmup"`    // steps in which the rate rises from 0
	Steps     int     `json:"steps"`     // the end of training; 0: until stopped
	Decay     float64 `json:"decay"`     // of weights a step, in units of the rate
	Momentum  float64 `json:"momentum"`  // of sgd
	Clip      float64 `json:"clip"`      // greatest length of the gradient; 0: no limit
	Average   float64 `json:"average"`   // decay of the moving average of weights; 0: none
	Batch     int     `json:"batch"`     // pictures a step
	Crop      int     `json:"crop"`      // side of a training picture in pixels
	Check     int     `json:"check"`     // steps between validations
	Precision string  `json:"precision"` // "fp32", or "bf16": what convolutions multiply in training is rounded, where the processor has tiles for that
	Seed      uint64  `json:"seed"`
}

// DefaultSpec returns a small denoising convolutional autoencoder for colour
// photographs.
func DefaultSpec() Spec {
	return Spec{
		Body: "conv", Channels: 3, Depth: 2, Width: 32, Latent: 16, Patch: 1, Passes: 4, Kernel: 3, Blocks: 0,
		Activation: "relu", Up: "transposed", Output: "identity", Bottleneck: "plain", Lambda: 1e-4, Activity: 0.1, Range: 100, Hyper: 32,
		Scheme: "gaussian:0-50", Loss: "mse",
		Optimiser: "adam", Rate: 1e-3, Schedule: "cosine", Warmup: 50, Steps: 2000, Momentum: 0.9, Clip: 1,
		Batch: 16, Crop: 64, Check: 50, Precision: "fp32", Seed: 1,
	}
}

// Choices of the fields that are words, in the order people should meet them.
var choices = map[string][]string{
	"body":       {"conv", "unet", "shuffle", "linear", "recurrent"},
	"activation": {"relu", "leaky", "silu", "tanh", "sigmoid"},
	"up":         {"transposed", "nearest"},
	"output":     {"identity", "sigmoid", "residual"},
	"bottleneck": {"plain", "sparse", "kl-sparse", "k-sparse", "variational", "binary", "quantised"},
	"loss":       {"mse", "rmse", "l1", "bce", "ssim"},
	"optimiser":  {"adam", "muon", "sgd"},
	"schedule":   {"constant", "cosine"},
	"precision":  {"fp32", "bf16"},
}

// Choices returns the words a field of Spec may hold, by its JSON name, or nil.
func Choices(field string) []string { return slices.Clone(choices[field]) }

// MaxCount bounds the learned numbers of a model: a file that declares more is
// refused before memory is taken.
const MaxCount = 64 << 20

// maxDepth is how often a body halves the picture at most.
const maxDepth = 5

// A SpecError names the field that cannot be, and what could.
type SpecError struct{ Field, Value, Want string }

func (e *SpecError) Error() string {
	return fmt.Sprintf("model: %s is %s, want %s", e.Field, e.Value, e.Want)
}

// Validate returns a *SpecError for the first field that cannot be.
func (s Spec) Validate() error {
	for _, f := range []struct{ name, value string }{
		{"body", s.Body}, {"activation", s.Activation}, {"up", s.Up}, {"output", s.Output},
		{"bottleneck", s.Bottleneck}, {"loss", s.Loss}, {"optimiser", s.Optimiser}, {"schedule", s.Schedule}, {"precision", s.Precision},
	} {
		if !slices.Contains(choices[f.name], f.value) {
			return &SpecError{f.name, fmt.Sprintf("%q", f.value), "one of " + strings.Join(choices[f.name], ", ")}
		}
	}
	for _, f := range []struct {
		name             string
		value, low, high int
	}{
		{"depth", s.Depth, 0, maxDepth}, {"width", s.Width, 1, 512}, {"latent", s.Latent, 1, 4096}, {"patch", s.Patch, 1, 64}, {"passes", s.Passes, 0, 32},
		{"blocks", s.Blocks, 0, 16}, {"hyper", s.Hyper, 0, 1024}, {"warmup", s.Warmup, 0, 1e6}, {"steps", s.Steps, 0, 1e9},
		{"batch", s.Batch, 1, 1024}, {"crop", s.Crop, 1, 512}, {"check", s.Check, 1, 1e6},
	} {
		if f.value < f.low || f.value > f.high {
			return &SpecError{f.name, fmt.Sprint(f.value), fmt.Sprintf("%d to %d", f.low, f.high)}
		}
	}
	for _, f := range []struct {
		name             string
		value, low, high float64
	}{
		{"lambda", s.Lambda, 0, 1e6}, {"activity", s.Activity, 0, 1}, {"free", s.Free, 0, 1000}, {"range", s.Range, 0, 1e6}, {"rate", s.Rate, 0, 1e6}, {"decay", s.Decay, 0, 1},
		{"momentum", s.Momentum, 0, 0.9999}, {"clip", s.Clip, 0, 1e9}, {"average", s.Average, 0, 0.99999}, {"leaves", s.Leaves, 0, 1}, {"grey", s.Grey, 0, 1},
	} {
		if math.IsNaN(f.value) || f.value < f.low || f.value > f.high {
			return &SpecError{f.name, fmt.Sprint(f.value), fmt.Sprintf("%g to %g", f.low, f.high)}
		}
	}
	switch {
	case s.Channels != 1 && s.Channels != 3:
		return &SpecError{"channels", fmt.Sprint(s.Channels), "1 (grey) or 3 (colour)"}
	case s.Kernel != 3 && s.Kernel != 5 && s.Kernel != 7:
		return &SpecError{"kernel", fmt.Sprint(s.Kernel), "3, 5 or 7"}
	case s.Body == "unet" && s.Patch != 1:
		return &SpecError{"patch", fmt.Sprint(s.Patch), "1, because a unet keeps a map"}
	case s.Body == "unet" && s.Depth == 0:
		return &SpecError{"depth", "0", "1 to 5, because a unet works at half the resolution and below"}
	case s.Body == "shuffle" && s.Patch != 1:
		return &SpecError{"patch", fmt.Sprint(s.Patch), "1, because a shuffle body keeps a map"}
	case s.Body == "shuffle" && s.Depth < 2:
		return &SpecError{"depth", fmt.Sprint(s.Depth), "2 to 5, because a shuffle body works at a quarter of the resolution and below"}
	case s.Body == "recurrent" && (s.Patch != 1 || s.Depth == 0):
		return &SpecError{"depth", fmt.Sprint(s.Depth), "1 to 5 and patch 1, because a recurrent body keeps a map of halved size"}
	case s.Body == "recurrent" && s.Passes == 0:
		return &SpecError{"passes", "0", "1 to 32"}
	case s.Body == "recurrent" && s.Bottleneck == "quantised":
		return &SpecError{"bottleneck", `"quantised"`, "another, such as binary: each pass of a recurrent body is a code of its own"}
	case s.Body == "recurrent" && s.Output != "identity":
		return &SpecError{"output", fmt.Sprintf("%q", s.Output), "identity, because each pass of a recurrent body adds to the picture"}
	case s.Body == "recurrent" && s.Level:
		return &SpecError{"level", "true", "false, because a recurrent body looks at what is missing"}
	case s.Skips && s.Body != "conv":
		return &SpecError{"skips", "true", "false, because only a conv body can do with and without them"}
	case s.Skips && s.Depth < 2:
		return &SpecError{"skips", "true", "false where depth is below 2, because there is no size between the picture's and the latent's"}
	case s.Bottleneck == "quantised" && (s.Body == "unet" || s.Skips):
		return &SpecError{"bottleneck", `"quantised"`, "another, because what skip connections hand across would have to be sent, too"}
	case s.Bottleneck == "quantised" && s.Range < 1:
		return &SpecError{"range", fmt.Sprint(s.Range), "1 or more"}
	case s.Bottleneck == "quantised" && s.Hyper == 0:
		return &SpecError{"hyper", "0", "1 to 1024"}
	case s.Bottleneck == "quantised" && s.Lambda == 0:
		return &SpecError{"lambda", "0", "more, because bits have to cost something"}
	case s.Bottleneck == "kl-sparse" && (s.Activity == 0 || s.Activity == 1):
		return &SpecError{"activity", fmt.Sprint(s.Activity), "between 0 and 1, and neither"}
	case s.Bottleneck == "k-sparse" && s.Activity == 0:
		return &SpecError{"activity", "0", "more, because something has to be kept"}
	case s.Estimated && !s.Level:
		return &SpecError{"estimated", "true", "false where the network is not told the level"}
	case s.Body == "linear" && s.Level:
		return &SpecError{"level", "true", "false, because a linear body makes nothing of it"}
	case strings.HasPrefix(strings.TrimSpace(s.Scheme), "pairs") && s.Crop%(2*s.Cell()) != 0:
		return &SpecError{"crop", fmt.Sprint(s.Crop), fmt.Sprintf("a multiple of %d, as pairs are half as large, and one latent cell covers %d pixels a side", 2*s.Cell(), s.Cell())}
	case s.Crop%s.Cell() != 0:
		return &SpecError{"crop", fmt.Sprint(s.Crop), fmt.Sprintf("a multiple of %d, the pixels a side that one latent cell covers", s.Cell())}
	case s.Loss == "bce" && s.Output != "sigmoid":
		return &SpecError{"output", fmt.Sprintf("%q", s.Output), "sigmoid, because binary cross-entropy needs values between 0 and 1"}
	case s.Loss == "ssim" && strings.Contains(s.Scheme, "blindspot"):
		return &SpecError{"loss", `"ssim"`, "another, because structure cannot be compared in pixels that lie apart"}
	case s.Schedule == "cosine" && s.Steps == 0:
		return &SpecError{"schedule", `"cosine"`, "constant, or a number of steps after which the rate has fallen to zero"}
	}
	if _, err := noise.Parse(s.Scheme); err != nil {
		return fmt.Errorf("model: scheme: %w", err)
	}
	if n := s.Count(); n > MaxCount {
		return &SpecError{"width", fmt.Sprint(s.Width), fmt.Sprintf("less: the network would have %d learned numbers, the limit is %d", n, MaxCount)}
	}
	return nil
}

// sameNetwork reports whether models of both specs have the same weights to learn. How
// often a recurrent body passes does not matter, nor what only a quantised latent has
// where none is.
func (s Spec) sameNetwork(t Spec) bool {
	network := func(s Spec) Spec {
		if s.Bottleneck != "quantised" {
			s.Hyper, s.Context = 0, false
		}
		return Spec{
			Body: s.Body, Channels: s.Channels, Depth: s.Depth, Width: s.Width, Latent: s.Latent, Patch: s.Patch, Kernel: s.Kernel,
			Blocks: s.Blocks, Activation: s.Activation, Up: s.Up, Output: s.Output, Skips: s.Skips, Level: s.Level, Bottleneck: s.Bottleneck, Hyper: s.Hyper,
			Context: s.Context,
		}
	}
	return network(s) == network(t)
}

// Cell returns how many pixels a side one cell of the latent covers.
func (s Spec) Cell() int {
	if s.Body == "linear" {
		return s.Patch
	}
	return s.Patch << s.Depth
}

// Count returns how many numbers a model of this spec learns.
func (s Spec) Count() int {
	if s.Body == "recurrent" {
		return s.loopCount()
	}
	enc, dec := s.plan()
	n := count(enc) + count(dec)
	if s.Bottleneck == "quantised" {
		analysis, synthesis := s.hyperPlan()
		n += count(analysis) + count(synthesis) + anchors*(4*s.Latent+s.Hyper)
		for _, turn := range s.foresightPlan() {
			n += count(turn)
		}
	}
	return n
}

// price returns what a bit a pixel costs at a quality between 0 and 1, in units of loss,
// and what loss counts there. The one goes from Lambda·Range down to Lambda by equal
// factors; the other keeps the losses of all qualities alike, and near 1.
func (s Spec) price(quality float32) (lambda, weight float32) {
	switch s.Bottleneck {
	case "quantised":
	case "variational":
		return float32(s.Lambda / float64(s.Crop*s.Crop*s.Channels)), 1
	default:
		return float32(s.Lambda), 1
	}
	span := float64(nn.Log(float32(s.Range)))
	at := func(quality float64) float64 { return s.Lambda * float64(nn.Exp(float32((1-quality)*span))) }
	now := at(float64(quality))
	return float32(now), float32(1 / math.Sqrt(now*at(0.5)))
}

// head returns how many channels an encoder ends with.
func (s Spec) head() int {
	if s.Bottleneck == "variational" {
		return 2 * s.Latent // a mean and a log-variance for each
	}
	return s.Latent
}

// A stage is one layer of a network before it exists.
type stage struct {
	kind    string // "conv", "transposed", "nearest", "gather", "spread", "act", "levels", "residual", "keep" or "join"
	in, out int    // channels
	k       int    // taps a side, or pixels a side of a block
	stride  int
	body    []stage // of a residual block
}

// plan lists the layers of encoder and decoder. What the encoder has at each
// "keep" is added to what the decoder has at the "join" that mirrors it.
func (s Spec) plan() (enc, dec []stage) {
	if s.Body == "recurrent" {
		return nil, nil // see loop
	}
	head := s.head()
	conv := func(in, out, k, stride int) stage { return stage{kind: "conv", in: in, out: out, k: k, stride: stride} }
	gather, spread := stage{kind: "gather", k: s.Patch}, stage{kind: "spread", k: s.Patch}
	area := s.Patch * s.Patch
	if s.Body == "linear" {
		return []stage{gather, conv(s.Channels*area, head, 1, 1)}, []stage{conv(s.Latent, s.Channels*area, 1, 1), spread}
	}
	act := stage{kind: "act"}
	blocks := func(c int) []stage {
		var b []stage
		for range s.Blocks {
			b = append(b, stage{kind: "residual", body: []stage{conv(c, c, 3, 1), act, conv(c, c, 3, 1)}})
		}
		return b
	}
	c := s.Channels
	if s.Level {
		c++
	}
	if s.Body == "unet" {
		enc = append(enc, stage{kind: "gather", k: 2}, conv(4*c, s.width(0), 3, 1))
		dec = append(dec, blocks(s.Latent)...)
		for level := range s.Depth {
			if level > 0 {
				enc = append(enc, stage{kind: "keep"}, conv(s.width(level-1), s.width(level), 2, 2))
			}
			enc = append(enc, blocks(s.width(level))...)
		}
		if head != s.Latent {
			enc = append(enc, conv(s.Latent, head, 1, 1))
		}
		for level := s.Depth - 2; level >= 0; level-- {
			up := []stage{{kind: "transposed", in: s.width(level + 1), out: s.width(level), k: 2, stride: 2}}
			if s.Up == "nearest" {
				up = []stage{{kind: "nearest"}, conv(s.width(level+1), s.width(level), 3, 1)}
			}
			dec = append(append(dec, up...), stage{kind: "join"})
			dec = append(dec, blocks(s.width(level))...)
		}
		return enc, append(dec, conv(s.width(0), 4*s.Channels, 3, 1), stage{kind: "spread", k: 2})
	}
	if s.Body == "shuffle" {
		of := func(level int) []stage { // the deepest level has half the blocks: they are the largest, and see the fewest cells
			b := blocks(s.width(level))
			if level == s.Depth-2 {
				b = b[:(len(b)+1)/2]
			}
			return b
		}
		enc = append(enc, stage{kind: "gather", k: 4}, conv(16*c, s.width(0), 3, 1))
		dec = append(dec, conv(s.Latent, s.Latent, 1, 1))
		for level := range s.Depth - 1 {
			if level > 0 {
				enc = append(enc, conv(s.width(level-1), s.width(level), 3, 2))
			}
			enc = append(enc, of(level)...)
		}
		for level := s.Depth - 2; level >= 0; level-- {
			dec = append(dec, of(level)...)
			if level > 0 {
				dec = append(dec, stage{kind: "transposed", in: s.width(level), out: s.width(level - 1), k: 2, stride: 2})
			}
		}
		return append(enc, conv(s.Latent, head, 1, 1)), append(dec, conv(s.width(0), 16*s.Channels, 3, 1), stage{kind: "spread", k: 4})
	}
	width := s.width
	for level := range max(1, s.Depth) {
		enc = append(enc, conv(c, width(level), s.Kernel, min(2, s.Depth+1)), act)
		c = width(level)
		enc = append(enc, blocks(c)...)
		if s.Skips && level < s.Depth-1 {
			enc = append(enc, stage{kind: "keep"})
		}
	}
	if s.Patch > 1 {
		enc = append(enc, gather, conv(c*area, head, 1, 1))
		dec = append(dec, conv(s.Latent, c*area, 1, 1), act, spread)
	} else {
		enc = append(enc, conv(c, head, s.Kernel, 1))
		dec = append(dec, conv(s.Latent, c, s.Kernel, 1), act)
	}
	dec = append(dec, blocks(c)...)
	for level := s.Depth - 1; level >= 0; level-- {
		to := s.Channels
		if level > 0 {
			to = width(level - 1)
		}
		if s.Up == "nearest" {
			dec = append(dec, stage{kind: "nearest"}, conv(c, to, s.Kernel, 1))
		} else {
			dec = append(dec, stage{kind: "transposed", in: c, out: to, k: s.Kernel, stride: 2})
		}
		if level > 0 {
			dec = append(dec, act)
			if s.Skips {
				dec = append(dec, stage{kind: "join"})
			}
			dec = append(dec, blocks(to)...)
		}
		c = to
	}
	if s.Depth == 0 {
		dec = append(dec, conv(c, s.Channels, s.Kernel, 1))
	}
	return enc, dec
}

// hyperPlan lists the layers that look at a quantised latent, at a sixteenth of its
// cells, and those that tell from what they say how it is distributed: the means of all
// channels, then the logarithms of their scales. The second work on whole numbers in
// the end (see Freeze), so what is between their layers has few levels from the start.
func (s Spec) hyperPlan() (analysis, synthesis []stage) {
	h, act, levels := s.Hyper, stage{kind: "act"}, stage{kind: "levels"}
	conv := func(in, out, k, stride int) stage { return stage{kind: "conv", in: in, out: out, k: k, stride: stride} }
	double := stage{kind: "transposed", in: h, out: h, k: 2, stride: 2}
	analysis = []stage{conv(s.Latent, h, 3, 1), act, conv(h, h, 5, 2), act, conv(h, h, 5, 2)}
	synthesis = []stage{conv(h, h, 3, 1), levels, double, levels, conv(h, h, 3, 1), levels, double, levels, conv(h, h, 3, 1), levels, conv(h, 2*s.Latent, 1, 1)}
	return analysis, synthesis
}

// width returns the channels of a level. Those of a unet and of a shuffle body go from
// Width to Latent by equal factors, in multiples of 16 between the two.
func (s Spec) width(level int) int {
	last := s.Depth - 1
	if s.Body == "shuffle" {
		last = s.Depth - 2
	}
	switch {
	case s.Body != "unet" && s.Body != "shuffle":
		return min(s.Width<<level, max(512, s.Width))
	case level == last:
		return s.Latent
	case level == 0:
		return s.Width
	}
	between := float64(s.Width) * math.Pow(float64(s.Latent)/float64(s.Width), float64(level)/float64(last))
	return max(1, int(between/16+0.5)) * 16
}

func count(stages []stage) int {
	n := 0
	for _, st := range stages {
		switch st.kind {
		case "conv", "transposed":
			n += st.k*st.k*st.in*st.out + st.out
		case "residual":
			n += count(st.body)
		}
	}
	return n
}

// reach returns how many pixels beyond a cell's own its value can depend on
// (encoder), or how many pixels beyond a cell its value can change (decoder).
func reach(stages []stage, pixel int) int {
	r := 0
	for _, st := range stages {
		switch st.kind {
		case "conv":
			r += st.k / 2 * pixel
			pixel *= st.stride
		case "transposed":
			r += (st.k/2/st.stride + 1) * pixel
			pixel /= st.stride
		case "nearest":
			pixel /= 2
		case "gather":
			pixel *= st.k
		case "spread":
			pixel /= st.k
		case "residual":
			r += reach(st.body, pixel)
		}
	}
	return r
}
