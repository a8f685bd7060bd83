package session

// This file makes what the panes of a lesson show.

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"sieve/model"
	"sieve/model/metric"
	"sieve/model/noise"
	"sieve/model/tensor"
)

// A LessonPane is one picture of a lesson.
type LessonPane struct {
	Title  Sentence
	Pix    *tensor.Tensor // (1, H, W, 1|3), clamped, or a latent (1, h, w, C)
	Latent bool
	Grey   bool // a latent that is drawn in greys, whatever colours others have
	Figure Sentence
}

// sightPictures are what a network is shown while it learns: what it should make, and what
// it is given, (N, H, W, C).
type sightPictures struct{ clean, given *tensor.Tensor }

// sights are what panes can show. A sight that a model has not is an empty pane.
var sights = map[string]struct {
	title Sentence
	make  func(v *vision) (LessonPane, error)
}{
	"original":  {say("Original"), (*vision).original},
	"given":     {say("What it is given"), (*vision).given},
	"latent":    {say("Latent"), (*vision).latent},
	"result":    {say("Reconstruction"), (*vision).result},
	"error":     {say("Error"), (*vision).errors},
	"samples":   {say("Made of chance"), (*vision).samples},
	"plane":     {say("The latent plane"), (*vision).plane},
	"atoms":     {say("What each number draws"), (*vision).atoms},
	"filters":   {say("Filters of the first layer"), (*vision).filters},
	"responses": {say("What they answer"), (*vision).responses},
	"pca":       {say("PCA, as many numbers"), (*vision).pca},
	"pass1":     {say("After one pass"), func(v *vision) (LessonPane, error) { return v.pass(1) }},
	"pass2":     {say("After two passes"), func(v *vision) (LessonPane, error) { return v.pass(2) }},
	"pass4":     {say("After four passes"), func(v *vision) (LessonPane, error) { return v.pass(4) }},
	"pass8":     {say("After eight passes"), func(v *vision) (LessonPane, error) { return v.pass(8) }},
}

// sightNames are the names of sights, sorted.
var sightNames = func() []string {
	var names []string
	for name := range sights {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}()

func isSight(name string) bool { _, ok := slices.BinarySearch(sightNames, name); return ok }

// A vision is one look at a model.
type vision struct {
	ctx  context.Context
	m    *model.Model
	b    *trialBench
	z, y *tensor.Tensor // latent and result, (N, …)
}

// look makes the panes of a lesson.
func (l *Lesson) look(ctx context.Context, m *model.Model, b *trialBench) (panes [4]LessonPane, err error) {
	v := &vision{ctx: ctx, m: m, b: b}
	if v.z, v.y, err = m.Look(ctx, b.sight.given, levelOf(m, b.sight.given), nil); err != nil {
		return panes, err
	}
	clamp(v.y)
	for i, name := range l.Panes {
		if panes[i], err = sights[name].make(v); err != nil {
			return panes, err
		}
		panes[i].Title = sights[name].title
	}
	return panes, nil
}

func (v *vision) original() (LessonPane, error) {
	_, h, w, _ := v.b.sight.clean.Dims4()
	return LessonPane{Pix: sheet(v.b.sight.clean), Figure: say("{{.Width}} × {{.Height}} pixels each", "Width", w, "Height", h)}, nil
}

func (v *vision) given() (LessonPane, error) {
	p := LessonPane{Pix: clamp(sheet(v.b.sight.given).Clone())}
	if v.b.sight.given != v.b.sight.clean {
		p.Figure = decibels(v.b.sight.clean, v.b.sight.given)
	}
	return p, nil
}

func (v *vision) latent() (LessonPane, error) {
	numbers := len(v.z.Data) / v.z.Shape[0]
	return LessonPane{Pix: sheet(v.z), Latent: true, Figure: say("numbers a picture: {{.Count}}", "Count", numbers)}, nil
}

func (v *vision) result() (LessonPane, error) {
	return LessonPane{Pix: sheet(v.y), Figure: decibels(v.b.sight.clean, v.y)}, nil
}

// decibels is how near pictures are to what they should be.
func decibels(clean, x *tensor.Tensor) Sentence {
	return say("{{.PSNR}} dB", "PSNR", fmt.Sprintf("%.1f", metric.PSNR(clean, x)))
}

// errors is where and how much the result differs.
func (v *vision) errors() (LessonPane, error) {
	n, h, w, c := v.y.Dims4()
	e := tensor.New(n, h, w, 1)
	for i := range e.Data {
		for k := range c {
			d := v.y.Data[i*c+k] - v.b.sight.clean.Data[i*c+k]
			e.Data[i] += max(d, -d) / float32(c)
		}
	}
	return LessonPane{Pix: sheet(e), Latent: true, Figure: say("{{.Error}} mean squared error", "Error", fmt.Sprintf("%.4f", meanSquare(v.b.sight.clean, v.y)))}, nil
}

// pass is the result of so many passes of a recurrent body.
func (v *vision) pass(n int) (LessonPane, error) {
	if v.m.Spec.Body != "recurrent" || n > v.m.Spec.Passes {
		return LessonPane{}, nil
	}
	m := v.m.After(n)
	y, err := m.Reconstruct(v.ctx, v.b.sight.given, 0, nil)
	if err != nil {
		return LessonPane{}, err
	}
	clamp(y)
	bits := float64(m.Spec.Numbers()) / float64(m.Cell()*m.Cell())
	return LessonPane{Pix: sheet(y), Figure: say("{{.PSNR}} dB at {{.Bits}} bits a pixel",
		"PSNR", fmt.Sprintf("%.1f", metric.PSNR(v.b.sight.clean, y)), "Bits", number(bits))}, nil
}

// decode makes pictures of latents, as large as those that are shown.
func (v *vision) decode(z *tensor.Tensor) (*tensor.Tensor, error) {
	_, h, w, _ := v.b.sight.clean.Dims4()
	y, err := v.m.Generate(v.ctx, z, h, w, nil)
	if err != nil {
		return nil, err
	}
	return clamp(y), nil
}

// codes returns n empty latents of the pictures' size.
func (v *vision) codes(n int) *tensor.Tensor {
	_, h, w, c := v.z.Dims4()
	return tensor.New(n, h, w, c)
}

// samples draws latents as they are distributed over the pictures: from the unit normal
// distribution for a variational model, else each number by itself with its mean and spread.
func (v *vision) samples() (LessonPane, error) {
	if !v.m.Generates() {
		return LessonPane{}, nil
	}
	const count = 16
	z := v.codes(count)
	noise.Normal(rand.New(rand.NewPCG(v.m.Spec.Seed, 7)), z.Data)
	if v.m.Spec.Bottleneck != "variational" {
		center, spread := moments(v.z)
		for i := range z.Data {
			k := i % len(center)
			z.Data[i] = center[k] + float32(spread[k]*z.Data[i])
		}
	}
	y, err := v.decode(z)
	if err != nil {
		return LessonPane{}, err
	}
	return LessonPane{Pix: sheet(y)}, nil
}

// moments are mean and standard deviation of each number of latents.
func moments(z *tensor.Tensor) (center, spread []float32) {
	n := z.Shape[0]
	size := len(z.Data) / n
	center, spread = make([]float32, size), make([]float32, size)
	for k := range size {
		var sum, square float64
		for i := range n {
			x := float64(z.Data[i*size+k])
			sum, square = sum+x, square+float64(x*x)
		}
		sum /= float64(n)
		center[k] = float32(sum)
		spread[k] = float32(math.Sqrt(max(0, square/float64(n)-float64(sum*sum))))
	}
	return center, spread
}

// plane draws what lies over the plane of the first two numbers, the others at their mean,
// from two standard deviations below the mean to two above.
func (v *vision) plane() (LessonPane, error) {
	center, spread := moments(v.z)
	if !v.m.Generates() || len(center) < 2 {
		return LessonPane{}, nil
	}
	const side, reach = 12, 2
	z := v.codes(side * side)
	for i := range side * side {
		code := z.Data[i*len(center):][:len(center)]
		copy(code, center)
		for k, at := range [2]int{i % side, i / side} {
			code[k] += spread[k] * reach * (2*float32(at)/(side-1) - 1)
		}
	}
	y, err := v.decode(z)
	if err != nil {
		return LessonPane{}, err
	}
	return LessonPane{Pix: sheet(y)}, nil
}

// atoms draws what one number changes, each by itself: two standard deviations up, against
// all at their mean.
func (v *vision) atoms() (LessonPane, error) {
	center, spread := moments(v.z)
	if !v.m.Generates() {
		return LessonPane{}, nil
	}
	const most, reach = 64, 2
	count := min(most, len(center))
	z := v.codes(count + 1)
	for i := range count + 1 {
		code := z.Data[i*len(center):][:len(center)]
		copy(code, center)
		if i < count {
			code[i] += reach * spread[i]
		}
	}
	y, err := v.decode(z)
	if err != nil {
		return LessonPane{}, err
	}
	size := len(y.Data) / (count + 1)
	rest := y.Data[count*size:]
	for i := range count * size {
		y.Data[i] = 0.5 + y.Data[i] - rest[i%size]
	}
	return LessonPane{Pix: clamp(sheet(first(y, count)))}, nil
}

func (v *vision) filters() (LessonPane, error) {
	f := v.m.Filters()
	if f == nil {
		return LessonPane{}, nil
	}
	return LessonPane{Pix: f, Latent: true, Grey: true, Figure: say("{{.Count}} filters of {{.Side}} × {{.Side}}", "Count", f.Shape[3], "Side", f.Shape[1])}, nil
}

// responses are what the first layer makes of the first picture.
func (v *vision) responses() (LessonPane, error) {
	r := v.m.Responses(first(v.b.sight.given, 1))
	if r == nil {
		return LessonPane{}, nil
	}
	return LessonPane{Pix: r, Latent: true, Grey: true, Figure: say("of the first picture")}, nil
}

// pca is what is left of the pictures in as many numbers of PCA.
func (v *vision) pca() (LessonPane, error) {
	y, err := v.b.restored(v.b.sight.clean, len(v.z.Data)/v.z.Shape[0])
	if y == nil || err != nil {
		return LessonPane{}, err
	}
	return LessonPane{Pix: sheet(y), Figure: decibels(v.b.sight.clean, y)}, nil
}
