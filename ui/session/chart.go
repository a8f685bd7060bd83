package session

// This file exports the history of a training.

import (
	"context"
	"encoding/csv"
	"errors"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"sieve/imageio"
)

// errChart reports the name of a chart in a format that is not written.
var errChart = errors.New("session: not a format of a chart")

// ExportChart writes the curve of the training as .png, .svg or .csv, with a
// logarithmic axis for the loss if asked for.
func (s *Session) ExportChart(path string, log bool) {
	train := s.State().Train
	s.do("Saving the chart", func(ctx context.Context) error {
		if len(train.Curve) == 0 {
			return ErrNoTraining
		}
		format := strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
		var write func(io.Writer) error
		switch format {
		case "png", "svg":
			write = func(w io.Writer) error { return drawChart(w, format, train, log) }
		case "csv":
			write = func(w io.Writer) error { return listCurve(w, train.Curve) }
		default:
			return imageio.FileError{Path: path, Err: errChart}
		}
		if err := writeFile(path, func(w io.Writer) error { return write(writer{ctx, w}) }); err != nil {
			return err
		}
		s.saved("chart", path)
		return nil
	})
}

// listCurve writes one line a point, with empty fields where there was no
// validation.
func listCurve(w io.Writer, points []CurvePoint) error {
	c := csv.NewWriter(w)
	c.Write(curveColumns)
	for _, p := range points {
		c.Write(curveRow(p))
	}
	c.Flush()
	return c.Error()
}

var curveColumns = []string{"step", "loss", "distortion", "price", "val_loss", "val_psnr"}

// curveRow is a point as listCurve writes it.
func curveRow(p CurvePoint) []string {
	number := func(v float64) string {
		if !finite(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return []string{strconv.Itoa(p.Step), number(p.Loss), number(p.Distortion), number(p.Price), number(p.ValLoss), number(p.ValPSNR)}
}

// The chart's ink, readable in print and by the colour-blind (Okabe and Ito).
var (
	inkTrain = color.NRGBA{0x56, 0xb4, 0xe9, 0xff}
	inkVal   = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	inkBest  = color.NRGBA{0x60, 0x60, 0x60, 0xff}
)

// A plotted line is one of a chart.
type plotted struct {
	name  string
	of    plotter.XYs
	ink   color.Color
	width float64 // in points
}

// drawChart draws the losses over the steps on white.
func drawChart(w io.Writer, format string, train Train, log bool) error {
	losses := pointsOf(train.Curve, log, func(p CurvePoint) float64 { return p.Loss })
	vals := pointsOf(train.Curve, log, func(p CurvePoint) float64 { return p.ValLoss })
	best := -1
	for i, v := range vals {
		if int(v.X) == train.BestStep {
			best = i
		}
	}
	lines := []plotted{{"training", losses, inkTrain, 1}, {"validation", vals, inkVal, 2}}
	return drawLines(w, format, "loss ("+train.Spec.Loss+")", lines, log, func(p *plot.Plot) error {
		if best < 0 {
			return nil
		}
		ring, err := plotter.NewScatter(plotter.XYs{vals[best]})
		if err != nil {
			return err
		}
		ring.Shape, ring.Color, ring.Radius = draw.RingGlyph{}, inkBest, vg.Points(5)
		p.Add(ring)
		p.Legend.Add("best, step "+strconv.Itoa(train.BestStep), ring)
		return nil
	})
}

// pointsOf is one value of a curve over its steps.
func pointsOf(curve []CurvePoint, log bool, value func(CurvePoint) float64) (out plotter.XYs) {
	for _, c := range curve {
		if v := value(c); finite(v) && (!log || v > 0) {
			out = append(out, plotter.XY{X: float64(c.Step), Y: v})
		}
	}
	return out
}

// A chartLine is one run of a chart of several.
type chartLine struct {
	name   string
	points []CurvePoint
}

// inks are those of several runs, readable in print and by the colour-blind.
var inks = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff},
	{0xcc, 0x79, 0xa7, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff},
}

// writeLines writes the curves of runs: their validations as .png or .svg, or everything as .csv.
func writeLines(ctx context.Context, path string, lines []chartLine, log bool) error {
	format := strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
	var write func(io.Writer) error
	switch format {
	case "png", "svg":
		var all []plotted
		for i, l := range lines {
			of := pointsOf(l.points, log, func(p CurvePoint) float64 { return p.ValLoss })
			if len(of) < 2 {
				of = pointsOf(l.points, log, func(p CurvePoint) float64 { return p.Loss })
			}
			all = append(all, plotted{l.name, of, inks[i%len(inks)], 1.5})
		}
		write = func(w io.Writer) error { return drawLines(w, format, "loss", all, log, nil) }
	case "csv":
		write = func(w io.Writer) error { return listRunCurves(w, lines) }
	default:
		return imageio.FileError{Path: path, Err: errChart}
	}
	return writeFile(path, func(w io.Writer) error { return write(writer{ctx, w}) })
}

// listRunCurves is listCurve for several runs, with the name of each before its points.
func listRunCurves(w io.Writer, lines []chartLine) error {
	c := csv.NewWriter(w)
	c.Write(append([]string{"run"}, curveColumns...))
	for _, l := range lines {
		for _, p := range l.points {
			c.Write(append([]string{l.name}, curveRow(p)...))
		}
	}
	c.Flush()
	return c.Error()
}

// drawLines draws lines over the steps on white. more, which may be nil, adds to them.
func drawLines(w io.Writer, format, yName string, lines []plotted, log bool, more func(p *plot.Plot) error) error {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "step", yName
	p.Legend.Top, p.Legend.Padding, p.Legend.XOffs = true, vg.Points(3), -vg.Points(6)
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(roundTicks), plot.TickerFunc(roundTicks)
	p.BackgroundColor = color.White
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{0xe4}, color.Gray{0xe4}
	p.Add(grid)
	low := math.Inf(1)
	for _, l := range lines {
		if len(l.of) == 0 {
			continue
		}
		for _, xy := range l.of {
			low = min(low, xy.Y)
		}
		line, err := plotter.NewLine(l.of)
		if err != nil {
			return err
		}
		line.Color, line.Width = l.ink, vg.Points(l.width)
		p.Add(line)
		p.Legend.Add(l.name, line)
	}
	if more != nil {
		if err := more(p); err != nil {
			return err
		}
	}
	if log && !math.IsInf(low, 0) {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	} else {
		p.Y.Min = min(p.Y.Min, 0)
	}
	if p.X.Min == p.X.Max {
		p.X.Min, p.X.Max = p.X.Min-1, p.X.Max+1
	}
	if p.Y.Min == p.Y.Max {
		p.Y.Min, p.Y.Max = p.Y.Min/2, p.Y.Max*2+1e-9
	}
	for _, style := range []*text.Style{&p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant = "Sans"
	}
	const width, height, margin = 8 * vg.Inch, 5 * vg.Inch, 12
	var c interface {
		vg.CanvasSizer
		io.WriterTo
	} = vgsvg.New(width, height)
	if format == "png" {
		c = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(192))}
	}
	p.Draw(draw.Crop(draw.New(c), margin, -2*margin, margin, -margin))
	_, err := c.WriteTo(w)
	return err
}

// roundTicks are five to ten round numbers from low to high.
func roundTicks(low, high float64) []plot.Tick {
	unit := math.Pow(10, math.Floor(math.Log10((high-low)/5)))
	for _, k := range []float64{5, 2} {
		if (high-low)/(k*unit) >= 5 {
			unit *= k
			break
		}
	}
	var ticks []plot.Tick
	for i := math.Ceil(low / unit); i*unit <= high; i++ {
		ticks = append(ticks, plot.Tick{Value: i * unit, Label: strconv.FormatFloat(i*unit, 'g', 6, 64)})
	}
	return ticks
}
