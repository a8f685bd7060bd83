package session

// This file holds what there is to show.

import (
	"fmt"
	"math"
	"slices"
	"time"

	"sieve/model"
	"sieve/model/tensor"
)

// A State is all there is to show. It is never changed after it is published,
// and neither are the tensors in it.
type State struct {
	Picture Picture
	Noise   Noise
	Repair  Repair
	Model   Model
	Panes             // of the current picture
	Press   Press     // the current picture as a file
	Queue   Queue     // pictures that are denoised behind
	Work    *Work     // what runs behind; nil when nothing does or it began just now
	Data    Data      // chosen to learn from
	Train   Train     // the training, if there is one
	Detect  Detection // of what is unlike good pictures
	Class   Class     // the lessons
	Explore Explore   // a latent that is open
	Mix     Mix       // of pictures, in the latent
	Map     Mapped    // of pictures, by their latents
	Network Network   // layers at work
	// Directions are those that were kept, of all models, by name.
	Directions []*Direction
	Runs       Runs    // trainings that are kept
	Message    Message // the last one that was not dismissed
	Saved      Saved   // the last file written
}

// Picture is the current one.
type Picture struct {
	Name          string // of the file without its folder, or a sample's title
	Path          string // "" for a sample
	Width, Height int
	Depth         int    // bits a sample in the file
	Format        string // as imageio.Picture
	Sample        bool
	Twin          bool // the sample has a noisy twin: Noise "own"
	Drawn         bool // by hand, which is a sample, too
	Index, Of     int  // its place in the list of opened pictures or samples
	Version       uint64
}

// shipped reports whether it is a sample that came with the program.
func (p Picture) shipped() bool { return p.Sample && !p.Drawn }

// OwnNoise is the kind of noise of a sample that comes with a noisy twin.
const OwnNoise = "own"

// Noise is what is added to the picture before the model sees it.
type Noise struct {
	Kind     string  // a name of noise.Kinds, or OwnNoise
	Strength float64 // in the kind's unit
	Seed     uint64
}

// Repair is how the model is used.
type Repair struct {
	Sigma    float64 // of the noise, as the model is told it, in levels of 255; below 0: estimated
	Manner   float64 // what that is multiplied with: below 1 keeps more, above 1 smooths more
	Strength float64 // 0: the picture as it is, 1: the model's answer
	Passes   int     // in how many ways the picture is turned and looked at, 1 to 8; the mean is the answer
	After    int     // how often a recurrent model passes over the picture; 0: as often as it has learned to
}

// stopped is a model that passes over pictures as often as it is to.
func (r Repair) stopped(m *model.Model) *model.Model {
	if m.Spec.Body == "recurrent" && r.After > 0 {
		return m.After(r.After)
	}
	return m
}

// MostPasses is in how many ways a picture can be turned and mirrored.
const MostPasses = 8

// DefaultRepair estimates the noise and takes the model's answer as it is.
var DefaultRepair = Repair{Sigma: -1, Manner: 1, Strength: 1, Passes: 1}

// check says what is out of bounds.
func (r Repair) check() error {
	switch {
	case !(r.Sigma <= 255):
		return &model.SpecError{Field: "sigma", Value: fmt.Sprint(r.Sigma), Want: "auto or 0 to 255"}
	case !(r.Manner >= 0.1 && r.Manner <= 10):
		return &model.SpecError{Field: "manner", Value: fmt.Sprint(r.Manner), Want: "0.1 to 10"}
	case r.Passes < 1 || r.Passes > MostPasses:
		return &model.SpecError{Field: "passes", Value: fmt.Sprint(r.Passes), Want: fmt.Sprintf("1 to %d", MostPasses)}
	case r.After < 0:
		return &model.SpecError{Field: "after", Value: fmt.Sprint(r.After), Want: "at least 0"}
	case !(r.Strength >= 0 && r.Strength <= 1):
		return &model.SpecError{Field: "strength", Value: fmt.Sprint(r.Strength), Want: "0 to 1"}
	}
	return nil
}

// Manners are what Repair.Manner is as a rule: from sharper to smoother.
var Manners = [...]float64{0.7, 1, 1.4}

// Model is the current one.
type Model struct {
	Name    string
	Path    string // "" when it is shipped or was trained here
	Spec    model.Spec
	Count   int // learned numbers
	Info    model.Info
	Trained bool // here
	Alone   bool // learned from one noisy picture here, whose name it has
	Unsaved bool // trained or learned here and in no file yet
	Version uint64
	ID      string // of its weights, where the page Explore has asked for it
}

// A Pane is one of the views.
type Pane int

const (
	PaneOriginal Pane = iota
	PaneNoisy
	PaneLatent
	PaneResult
	// PaneRemoved is what noisy picture and result differ by. It stands in the place of
	// the noisy one, and has no tensor of its own.
	PaneRemoved
)

// Panes are the four views of a picture. Tensors are nil before they are made.
type Panes struct {
	Original *tensor.Tensor // (1, H, W, 1|3)
	Noisy    *tensor.Tensor // (1, H, W, C), not clamped; the original itself without noise
	Latent   *tensor.Tensor // (1, h, w, channels of the latent)
	Result   *tensor.Tensor // (1, H, W, C), clamped to [0, 1]
	Versions [4]uint64      // by Pane; each new tensor has a new number
	Pending  bool           // latent and result, if any, still belong to the noise or model before

	// Against the original; NaN when there is no clean original to compare with, or not yet.
	NoisyPSNR, NoisySSIM, ResultPSNR, ResultSSIM float64

	// Of the noisy picture, when the model is told the level; else NaN.
	Estimate float64 // of its noise, in levels of 255
	Blocking float64 // as noise.Blocking

	// Of what the model would remove at full strength; NaN where that is nothing, or not yet.
	RemovedRMS           float64 // in levels of 255
	Whiteness, Structure float64 // as metric has them
}

// Of returns the tensor of a pane.
func (p Panes) Of(i Pane) *tensor.Tensor {
	return [...]*tensor.Tensor{p.Original, p.Noisy, p.Latent, p.Result}[i]
}

// Gain is what removed noise is multiplied with to be seen: a power of 2.
func (p Panes) Gain() float64 {
	if !(p.RemovedRMS > 0) {
		return 8
	}
	const seen = 24 // levels of 255 that it then deviates by, about
	return min(max(1, math.Exp2(math.Round(math.Log2(seen/p.RemovedRMS)))), 64)
}

// Removed draws what was removed from rows y0 to y1 of a picture: mid-grey is nothing.
func Removed(noisy, result *tensor.Tensor, gain float64, y0, y1 int) *tensor.Tensor {
	from, to := rows(noisy, y0, y1), rows(result, y0, y1)
	out := tensor.New(from.Shape...)
	for i, v := range from.Data {
		out.Data[i] = 0.5 + float32(gain)*(v-to.Data[i])
	}
	return clamp(out)
}

// Work is something that takes a while.
type Work struct {
	Title       string // a sentence to translate: "Denoising" and the like
	Done, Total int    // 0, 0 when nobody knows
	Left        time.Duration
}

// Data is what training would learn from.
type Data struct {
	Name     string   // folder, file or "builtin:NAME"; "" before one is chosen
	Count    int      // pictures; 0 when they are drawn without end
	Skipped  []string // a sentence for each file that cannot be used
	Native   int      // side of the pictures when all have one, else 0
	Channels int
	Version  uint64
}

// A Phase is where a training is.
type Phase string

const (
	Idle        Phase = "idle"        // there is none
	Interrupted Phase = "interrupted" // it lies in a checkpoint; Resume goes on
	Preparing   Phase = "preparing"   // its data are being opened
	Running     Phase = "running"
	Paused      Phase = "paused"
	Finished    Phase = "finished"
	Diverged    Phase = "diverged" // it stands at the best weights; BackToBest goes on
	Stopped     Phase = "stopped"  // Resume goes on
)

// Train is the training.
type Train struct {
	Phase             Phase
	Spec              model.Spec
	Data              Data
	Progress          model.Progress // losses are NaN before a step is taken here
	Curve             []CurvePoint   // the whole run so far, at most 4096 points
	BestStep          int
	BestLoss          float64 // NaN before the first validation
	BestNats          float64 // that tell a picture, of a variational model; 0 where there are none
	DivergedStep      int     // where its numbers last left all bounds; 0: nowhere
	PicturesPerSecond float64
	Seconds           float64       // of training, without pauses
	Left              time.Duration // 0 when nobody knows
	Unsaved           bool          // its best model is in no file
	Panes             Panes         // what the model makes of a fixed picture
	Twin              *TwinState    // nil when it is alone
	Run               string        // the ID under which it is kept; "": it is not
	Flows             []model.Flow  // of the last step, as Trainer.Flows has them; nil before one is taken here
}

// Busy reports whether the training takes or waits to take steps.
func (t Train) Busy() bool { return t.Phase == Preparing || t.Phase == Running || t.Phase == Paused }

// A MessageKind says how much a message matters.
type MessageKind string

const (
	Info    MessageKind = "info"
	Warning MessageKind = "warning"
	Error   MessageKind = "error"
)

// A Message is a sentence for the person.
type Message struct {
	Kind MessageKind
	Sentence
	Text   string // the sentence in English; "" when there is no message
	Serial uint64
}

// Saved is a file that has been written.
type Saved struct {
	Kind   string // "model", "checkpoint", "picture", "chart", "animation", "lesson", "answers" or "table"
	Path   string
	Width  int // of a picture that was made for the purpose, in pixels; else 0
	Height int
	Serial uint64
}

// A CurvePoint is one step in the history of a training.
type CurvePoint struct {
	Step                          int
	Loss, Distortion, Price, Rate float64
	ValLoss, ValPSNR              float64 // NaN where there was no validation
}

// mostPoints is how long a curve may become before it is thinned.
const mostPoints = 4096

// A curve is a history that stays short: once full, it keeps every second step
// it kept before, and every validation as long as these leave room.
type curve struct {
	points      []CurvePoint // only ever appended to or replaced: others hold it
	stride, val int          // steps kept are multiples of stride; validations, every val-th
}

func (c *curve) add(p model.Progress) {
	pt := CurvePoint{Step: p.Step, Loss: p.Loss, Distortion: p.Distortion, Price: p.Price, Rate: p.Rate, ValLoss: nan, ValPSNR: nan}
	if p.Val != nil && finite(p.Val.Loss) {
		pt.ValLoss, pt.ValPSNR = p.Val.Loss, p.Val.PSNR
	}
	if c.stride == 0 {
		c.stride, c.val = 1, 1
	}
	if !finite(p.Loss) || p.Step%c.stride != 0 && !finite(pt.ValLoss) {
		return
	}
	c.points = append(c.points, pt)
	for len(c.points) > mostPoints {
		c.thin()
	}
}

// begin takes over what was kept of a history up to a step.
func (c *curve) begin(points []CurvePoint, step int) {
	*c = curve{points: points, stride: 1, val: 1}
	for step/c.stride > mostPoints {
		c.stride *= 2
	}
	c.back(step)
}

func (c *curve) thin() {
	c.stride *= 2
	kept := c.keep(func(_ int, p CurvePoint) bool { return finite(p.ValLoss) || p.Step%c.stride == 0 })
	if len(kept) > mostPoints/4*3 {
		best := 0.0
		for _, p := range kept {
			if finite(p.ValLoss) && (best == 0 || p.ValLoss < best) {
				best = p.ValLoss
			}
		}
		kept = c.keep(func(i int, p CurvePoint) bool { return i%2 == 0 || p.ValLoss == best })
	}
	c.points = kept
}

func (c *curve) keep(f func(i int, p CurvePoint) bool) []CurvePoint {
	kept := make([]CurvePoint, 0, mostPoints)
	for i, p := range c.points {
		if f(i, p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// back forgets what came after a step.
func (c *curve) back(step int) {
	n, _ := slices.BinarySearchFunc(c.points, step+1, func(p CurvePoint, s int) int { return p.Step - s })
	c.points = slices.Clone(c.points[:n])
}
