package ui

// This file shows, for the part Network of the page Explore, how one number of a layer comes about.

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2/lang"

	"sieve/imageio"
	"sieve/model/tensor"
	"sieve/ui/session"
	"sieve/ui/theme"
	"sieve/ui/widget"
)

// showWork shows the picture, what goes into the layer, what comes out, and how one number of it comes about.
func (p *networkPart) showWork(n, old session.Network) {
	if n.Picture == nil {
		p.kernel.Set(widget.KernelData{Text: said(n.Why)})
		return
	}
	first := p.scopes[0]
	if n.Picture != old.Picture || n.Want.Mode != old.Want.Mode {
		first.Set(pictureOf(n.Picture))
	}
	_, h, w, _ := n.Picture.Dims4()
	first.Say(lang.L("Picture"), fmt.Sprintf("%d × %d", w, h))
	if n.Out == nil {
		first.Mark(image.Point{})
		p.kernel.Set(widget.KernelData{Text: said(n.Why)})
		return
	}
	p.drawOutput(p.scopes[2], n)
	x, y, channel := n.Want.X, n.Want.Y, min(n.Want.Channel, n.Out.Shape[3]-1)
	at := image.Rect(x, y, x+1, y+1)
	k := n.Number
	if k != nil {
		at = image.Rect(k.X, k.Y, k.X+1, k.Y+1)
	}
	value := float64(n.Out.Data[(min(at.Min.Y, n.Out.Shape[1]-1)*n.Out.Shape[2]+min(at.Min.X, n.Out.Shape[2]-1))*n.Out.Shape[3]+channel])
	p.scopes[2].Say(resultName(n, channel), widget.FormatNumber(value, 3))
	p.scopes[2].Mark(at.Min, widget.Outline{Rect: at, Ink: theme.ColorNameValidation})
	if k == nil {
		first.Mark(image.Point{})
		input := 0
		if n.In != nil && n.In.Shape[3] == n.Out.Shape[3] {
			input = channel
		}
		p.drawInput(n, input)
		p.scopes[1].Mark(image.Point{})
		part, _ := n.At(n.Site)
		p.kernel.Set(widget.KernelData{Text: moves(part.Kind)})
		return
	}
	var seen []widget.Outline
	if !k.Depends.Empty() {
		seen = append(seen, widget.Outline{Rect: k.Depends, Ink: theme.ColorNameValidation})
	}
	first.Mark(k.Depends.Min, seen...)
	p.drawInput(n, k.Input)
	p.scopes[1].Mark(k.Hit.Min, widget.Outline{Rect: k.Hit, Ink: theme.ColorNameValidation})
	if k != old.Number || n.Want.Mode != old.Want.Mode {
		p.kernel.Set(p.working(n, k))
	}
}

// drawOutput draws the channel of the result that is wanted, unless that is there.
func (p *networkPart) drawOutput(s *widget.Scope, n session.Network) {
	if n.Out == nil {
		s.Set(nil)
		return
	}
	if c := min(n.Want.Channel, n.Out.Shape[3]-1); c != p.output {
		p.output = c
		s.Set(imageio.Channel(n.Out, c, p.look.Map))
	}
}

// drawInput draws a channel of what goes into the layer, unless that is there.
func (p *networkPart) drawInput(n session.Network, c int) {
	if n.In == nil {
		return
	}
	p.scopes[1].Say(lang.L("Input: {{.Name}}", map[string]any{"Name": inputName(n, c)}), fmt.Sprintf("%d × %d", n.In.Shape[2], n.In.Shape[1]))
	if c != p.input {
		p.input = c
		p.scopes[1].Set(imageio.Channel(n.In, c, p.look.Map))
	}
}

// resultName is what a channel of the result is called: in a gated unit, with the gate that it is for.
func resultName(n session.Network, c int) string {
	number := map[string]any{"Number": c + 1}
	if part, _ := n.At(n.Site); part.Kind == "seen" || part.Kind == "kept" {
		number["Number"] = c%(part.C/3) + 1
		switch c / (part.C / 3) {
		case 0:
			return lang.L("Result: update gate, channel {{.Number}}", number)
		case 1:
			return lang.L("Result: reset gate, channel {{.Number}}", number)
		}
		return lang.L("Result: candidate, channel {{.Number}}", number)
	}
	return lang.L("Result: channel {{.Number}}", number)
}

// inputName is what a channel of the input is called.
func inputName(n session.Network, c int) string {
	if n.Want.Layer == 1 && n.Picture.Shape[1] == n.In.Shape[1] {
		switch colours := n.Picture.Shape[3]; {
		case c >= colours:
			return lang.L("noise level")
		case colours == 3:
			return [...]string{lang.L("red"), lang.L("green"), lang.L("blue")}[c]
		}
	}
	return lang.L("channel {{.Number}}", map[string]any{"Number": c + 1})
}

// working is a number as the kernel's widget shows it.
func (p *networkPart) working(n session.Network, k *session.Number) widget.KernelData {
	lo, hi := rangeOf(n.In, k.Input)
	d := widget.KernelData{Side: k.Kernel, Bars: k.Parts, Bar: k.Input,
		Text: lang.L("What each channel of the input adds; click one")}
	d.Grids[0] = widget.KernelGrid{Title: lang.L("Input"), Values: k.Values, Inks: inks(k.Values, func(v float32) color.RGBA {
		if hi <= lo {
			return p.look.Map.At(0.5)
		}
		return p.look.Map.At((v - lo) / (hi - lo))
	})}
	d.Grids[1] = widget.KernelGrid{Title: lang.L("Kernel"), Values: k.Weights, Inks: inks(k.Weights, signed(k.Weights))}
	d.Grids[2] = widget.KernelGrid{Title: lang.L("Products"), Values: k.Products, Inks: inks(k.Products, signed(k.Products))}
	line := func(name string, v float32) {
		d.Lines = append(d.Lines, widget.KernelLine{Name: name, Value: plainly(v)})
	}
	line(lang.L("Sum of the products"), k.Parts[k.Input])
	switch len(k.Parts) {
	case 1:
	case 2:
		line(lang.L("+ the other channel"), k.Sum.Sum-k.Parts[k.Input])
	default:
		line(lang.L("+ the other {{.Count}} channels", map[string]any{"Count": widget.FormatCount(len(k.Parts) - 1)}), k.Sum.Sum-k.Parts[k.Input])
	}
	line(lang.L("+ bias"), k.Bias)
	if k.Activation != "" {
		line(lang.L("after {{.Activation}}", map[string]any{"Activation": activationName(k.Activation)}), k.Active)
	}
	if k.Adds {
		line(lang.L("+ what is carried past"), k.Plus)
	}
	line("= "+lang.L("result"), k.Out)
	d.Lines[len(d.Lines)-1].Strong = true
	return d
}

// plainly writes a number with four decimals, and no 0 with a sign.
func plainly(v float32) string {
	if text := fmt.Sprintf("%.4f", v); text != "-0.0000" {
		return text
	}
	return "0.0000"
}

// activationName is an activation as people write it.
func activationName(name string) string {
	if n, ok := map[string]string{"relu": "ReLU", "leaky": "leaky ReLU", "silu": "SiLU"}[name]; ok {
		return n
	}
	return name
}

// inks are the colours of numbers; NaN has none.
func inks(values []float32, of func(v float32) color.RGBA) []color.RGBA {
	all := make([]color.RGBA, len(values))
	for i, v := range values {
		if v == v {
			all[i] = of(v)
		}
	}
	return all
}

// signed are colours with 0 in the middle.
func signed(values []float32) func(v float32) color.RGBA {
	most := float32(0)
	for _, v := range values {
		if v == v {
			most = max(most, float32(math.Abs(float64(v))))
		}
	}
	return func(v float32) color.RGBA {
		if most == 0 {
			return imageio.Diverging.At(0.5)
		}
		return imageio.Diverging.At(0.5 + v/(2*most))
	}
}

// rangeOf is from where to where the finite numbers of a channel go.
func rangeOf(x *tensor.Tensor, c int) (lo, hi float32) {
	lo, hi = float32(math.Inf(1)), float32(math.Inf(-1))
	for i := c; i < len(x.Data); i += x.Shape[3] {
		if v := x.Data[i]; v-v == 0 {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	return lo, hi
}
