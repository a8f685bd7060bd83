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
	c.Write([]string{"step", "loss", "distortion", "price", "val_loss", "val_psnr"})
	number := func(v float64) string {
		if !finite(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	for _, p := range points {
		c.Write([]string{strconv.Itoa(p.Step), number(p.Loss), number(p.Distortion), number(p.Price), number(p.ValLoss), number(p.ValPSNR)})
	}
	c.Flush()
	return c.Error()
}

// The chart's ink, readable in print and by the colour-blind (Okabe and Ito).
var (
	inkTrain = color.NRGBA{0x56, 0xb4, 0xe9, 0xff}
	inkVal   = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	inkBest  = color.NRGBA{0x60, 0x60, 0x60, 0xff}
)

// drawChart draws the losses over the steps on white.
func drawChart(w io.Writer, format string, train Train, log bool) error {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "step", "loss ("+train.Spec.Loss+")"
	p.Legend.Top, p.Legend.Padding, p.Legend.XOffs = true, vg.Points(3), -vg.Points(6)
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(roundTicks), plot.TickerFunc(roundTicks)
	p.BackgroundColor = color.White
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{0xe4}, color.Gray{0xe4}
	p.Add(grid)

	var losses, vals plotter.XYs
	low := math.Inf(1)
	for _, c := range train.Curve {
		if v := c.Loss; finite(v) && (!log || v > 0) {
			losses = append(losses, plotter.XY{X: float64(c.Step), Y: v})
			low = min(low, v)
		}
		if v := c.ValLoss; finite(v) && (!log || v > 0) {
			vals = append(vals, plotter.XY{X: float64(c.Step), Y: v})
			low = min(low, v)
		}
	}
	for _, l := range []struct {
		name  string
		of    plotter.XYs
		ink   color.Color
		width vg.Length
	}{{"training", losses, inkTrain, 1}, {"validation", vals, inkVal, 2}} {
		if len(l.of) == 0 {
			continue
		}
		line, err := plotter.NewLine(l.of)
		if err != nil {
			return err
		}
		line.Color, line.Width = l.ink, vg.Points(float64(l.width))
		p.Add(line)
		p.Legend.Add(l.name, line)
	}
	for _, v := range vals {
		if int(v.X) != train.BestStep {
			continue
		}
		best, err := plotter.NewScatter(plotter.XYs{v})
		if err != nil {
			return err
		}
		best.Shape, best.Color, best.Radius = draw.RingGlyph{}, inkBest, vg.Points(5)
		p.Add(best)
		p.Legend.Add("best, step "+strconv.Itoa(train.BestStep), best)
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
