package widget

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"sieve/ui/theme"
)

func TestTicksAreRoundAndInside(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 5000 {
		a := axis{log: rng.IntN(2) == 0}
		a.lo = math.Pow(10, rng.Float64()*12-8)
		a.hi = a.lo * (1 + math.Pow(10, rng.Float64()*8-4))
		if !a.log && rng.IntN(2) == 0 {
			a.lo, a.hi = -a.hi, a.lo
		}
		n := 1 + rng.IntN(12)
		ticks := a.ticks(n)
		if len(ticks) > 2*n+1 {
			t.Errorf("%+v: %d ticks, about %d were asked for", a, len(ticks), n)
		}
		if n >= 3 && len(ticks) < 2 {
			t.Errorf("%+v: %d ticks, %d were asked for", a, len(ticks), n)
		}
		step := math.Inf(1)
		for i, v := range ticks {
			if v < a.lo-1e-9*(a.hi-a.lo) || v > a.hi+1e-9*(a.hi-a.lo) {
				t.Errorf("%+v: tick %v lies outside", a, v)
			}
			if i > 0 {
				step = min(step, v-ticks[i-1])
			}
		}
		if len(ticks) < 2 {
			continue
		}
		// On a logarithmic axis the ticks themselves are round, else their steps; narrow logarithmic axes have linear ticks.
		round := func(v float64) bool {
			m := v / math.Pow10(int(math.Floor(math.Log10(v)+1e-6)))
			return math.Abs(m-1) < 1e-5 || math.Abs(m-2) < 1e-5 || math.Abs(m-5) < 1e-5
		}
		if !round(step) && !(a.log && !slices.ContainsFunc(ticks, func(v float64) bool { return !round(v) })) {
			t.Errorf("%+v: ticks %v are not 1, 2 or 5 times a power of ten", a, ticks)
		}
		if labels := tickLabels(ticks, a.log); len(slices.Compact(slices.Clone(labels))) != len(labels) {
			t.Errorf("%+v: labels %q do not tell the ticks %v apart", a, labels, ticks)
		}
	}
}

func TestAxisComesBack(t *testing.T) {
	for _, a := range []axis{{lo: -3, hi: 8}, {lo: 1e-4, hi: 10, log: true}} {
		for f := 0.; f <= 1; f += .125 {
			if got := a.at(a.value(f)); math.Abs(got-f) > 1e-12 {
				t.Errorf("%+v: %v comes back as %v", a, f, got)
			}
		}
	}
	if got := (axis{1, 10, true}).at(-2); !math.IsInf(got, -1) {
		t.Errorf("-2 lies at %v on a logarithmic axis, want -∞", got)
	}
}

func TestHugeFirstLossDoesNotFlattenTheRest(t *testing.T) {
	sample := []float64{1e6, 400, 30}
	for i := range 200 {
		sample = append(sample, .1+.001*float64(i%10))
	}
	e := nowhere()
	for _, v := range sample {
		e = e.add(v)
	}
	if got := worthSeeing(slices.Clone(sample), e, 1); got.lo > .1 || got.hi < .109 || got.hi > 1 {
		t.Errorf("of values about 0.1 and three up to 1e6, %v is seen", got)
	}
	calm := sample[3:]
	if got := worthSeeing(slices.Clone(calm), extent{.1, .109}, 1); got != (extent{.1, .109}) {
		t.Errorf("of values without strays only %v is seen", got)
	}
}

func points(y ...float64) ([]float64, []float64) {
	x := make([]float64, len(y))
	for i := range x {
		x[i] = float64(i)
	}
	return x, y
}

func noisyLoss(n int, seed uint64) ([]float64, []float64) {
	rng := rand.New(rand.NewPCG(seed, 2))
	y := make([]float64, n)
	for i := range y {
		y[i] = .01 + math.Exp(-float64(i)/float64(n)*5)*(1+.2*rng.NormFloat64())
	}
	return points(y...)
}

func TestThinningKeepsLeastAndGreatest(t *testing.T) {
	const w, h = 300, 100
	for seed := range uint64(20) {
		x, y := noisyLoss(50000, seed)
		rng := rand.New(rand.NewPCG(seed, 3))
		for range 30 {
			y[rng.IntN(len(y))] = 50 * rng.NormFloat64()
			y[rng.IntN(len(y))] = math.NaN()
		}
		var tr trace
		tr.set(x, y, 1)
		across, up := axis{lo: 0, hi: x[len(x)-1]}, axis{lo: -200, hi: 200}
		dots := thin(nil, x, &tr.raw, 0, len(x), across, up, w, h)
		if len(dots) > 4*(w+1) {
			t.Errorf("%d dots for %d columns", len(dots), w)
		}
		// Column by column the extent of what is drawn is that of the values.
		type span struct{ lo, hi float64 }
		want, got := map[int]span{}, map[int]span{}
		widen := func(m map[int]span, k int, v float64) {
			s, ok := m[k]
			if !ok {
				s = span{v, v}
			}
			m[k] = span{min(s.lo, v), max(s.hi, v)}
		}
		for i, v := range y {
			if finite(v) {
				widen(want, int(column(across, x[i], w)), row(up, v, h))
			}
		}
		for _, d := range dots {
			widen(got, int(d.x), d.y)
		}
		for k, s := range want {
			if math.Abs(got[k].lo-s.lo) > .25 || math.Abs(got[k].hi-s.hi) > .25 {
				t.Fatalf("seed %d, column %d: drawn from %v to %v, the values go from %v to %v", seed, k, got[k].lo, got[k].hi, s.lo, s.hi)
			}
		}
	}
}

func TestNaNNeverReachesTheRasteriser(t *testing.T) {
	inf := math.Inf(1)
	for _, y := range [][]float64{
		{math.NaN()}, {inf, -inf, math.NaN()}, {1, math.NaN(), 2, inf, 3}, {1, 2, math.NaN()}, {math.MaxFloat64, -math.MaxFloat64, 1}, {0, 0, 0}, {-1, -2},
	} {
		for _, log := range []bool{false, true} {
			for _, smooth := range []float64{1, 10} {
				for _, repeat := range []int{1, 500} { // few points, and many in each column
					var long []float64
					for range repeat {
						long = append(long, y...)
					}
					x, long := points(long...)
					c := NewChart()
					c.view.Log, c.view.Smoothing = log, smooth
					c.SetSeries([]Series{{Name: "a", X: x, Y: long, Color: theme.ColorNameTraining, Noisy: true}})
					p := c.plot
					if !(finite(p.up.lo) && finite(p.up.hi) && p.up.lo < p.up.hi) {
						t.Fatalf("%v, log %v: the axis goes from %v to %v", y, log, p.up.lo, p.up.hi)
					}
					for _, curve := range []*curve{&c.traces[0].raw, c.traces[0].shown()} {
						dots := thin(nil, x, curve, 0, len(x), p.across, p.up, 40, 30)
						for i, d := range dots {
							if !finite(d.x) || !finite(d.y) || math.Abs(d.y) > 1e5 {
								t.Fatalf("%v, log %v: dot %d is %+v", y, log, i, d)
							}
						}
					}
				}
			}
		}
	}
}

func TestSmoothingEqualsTheClosedForm(t *testing.T) {
	_, y := noisyLoss(300, 5)
	y[100] = math.NaN()
	for _, n := range []float64{2, 10, 250} {
		var tr trace
		x, _ := points(y...)
		tr.set(x[:150], y[:150], n)
		tr.set(x, y, n) // in two parts, as it grows
		beta := 1 - 1/n
		for i := range y {
			sum, weight := 0., 0.
			k := 0.
			for j := i; j >= 0; j-- {
				if finite(y[j]) {
					sum += math.Pow(beta, k) * y[j]
					weight += math.Pow(beta, k)
					k++
				}
			}
			got, want := tr.smooth.y[i], sum/weight
			if i == 100 {
				if !math.IsNaN(got) {
					t.Errorf("where nothing was measured the smoothed line is at %v", got)
				}
			} else if math.Abs(got-want) > 1e-12 {
				t.Fatalf("over %v points, value %d is %v, the closed form gives %v", n, i, got, want)
			}
		}
	}
}

func TestGrowingTraceEqualsWhole(t *testing.T) {
	x, y := noisyLoss(1000, 6)
	y[70], y[71], y[500] = math.NaN(), math.Inf(1), math.NaN()
	var grown, whole trace
	for n := 1; n <= len(x); n += 37 {
		grown.set(x[:n], y[:n], 20)
	}
	grown.set(x, y, 20)
	whole.set(x, y, 20)
	if !slices.Equal(grown.bad, whole.bad) || len(whole.bad) != 2 {
		t.Errorf("bad runs at %v grown, %v at once, want two", grown.bad, whole.bad)
	}
	for i := 0; i < len(x); i += 13 {
		for _, j := range []int{i, i + 1, min(i+200, len(x)), len(x)} {
			e := nowhere()
			below, above := 0, 0
			for _, v := range y[i:max(i, j)] {
				e = e.add(v)
				if finite(v) && v < .2 {
					below++
				}
				if finite(v) && v > .5 {
					above++
				}
			}
			if got := grown.raw.extent(i, j); got != e {
				t.Fatalf("values %d to %d: extent %v, want %v", i, j, got, e)
			}
			if b, a := grown.raw.outside(i, j, .2, .5); b != below || a != above {
				t.Fatalf("values %d to %d: %d below and %d above, want %d and %d", i, j, b, a, below, above)
			}
		}
	}
	for i, v := range whole.smooth.y {
		if g := grown.smooth.y[i]; g != v && finite(v) {
			t.Fatalf("smoothed value %d is %v grown, %v at once", i, g, v)
		}
	}
}

func TestNearestPoint(t *testing.T) {
	tr := trace{x: []float64{0, 10, 20, 50}}
	for v, want := range map[float64]int{-5: 0, 4: 0, 5: 0, 6: 1, 16: 2, 34: 2, 36: 3, 1e9: 3} {
		if got := tr.nearest(v); got != want {
			t.Errorf("%v is nearest to point %d, want %d", v, got, want)
		}
	}
	if got := (&trace{}).nearest(3); got != -1 {
		t.Errorf("without points %d is nearest, want -1", got)
	}
}

func blank(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Rect, image.White, image.Point{}, draw.Src)
	return m
}

// darkness is how much ink there is in column x.
func darkness(m *image.RGBA, x int) (sum float64) {
	for y := range m.Rect.Dy() {
		sum += 1 - float64(m.RGBAAt(x, y).R)/255
	}
	return sum
}

func TestStrokeIsAsThickAsAsked(t *testing.T) {
	for _, w := range []int{200, 900} { // the rasteriser has two ways to count
		for _, thick := range []float64{1, 1.5, 3} {
			m := blank(w, 100)
			var p plate
			p.stroke(m, []dot{{10, 50.3, true}, {float64(w) / 2, 50.3, false}, {float64(w) - 10, 50.3, false}}, thick, color.NRGBA{0, 0, 0, 255})
			for _, x := range []int{20, w / 2, w - 20} {
				if got := darkness(m, x); math.Abs(got-thick) > .05 {
					t.Errorf("width %d, column %d: a line of %v pixels has %.2f pixels of ink", w, x, thick, got)
				}
			}
		}
	}
}

func TestTrailIsTheStrokeOfALevelLine(t *testing.T) {
	a, b := blank(100, 60), blank(100, 60)
	var p plate
	dots := []dot{{10, 20.3, true}, {40, 26.1, false}, {40.5, 50, false}, {60, 50, true}, {90.5, 50, false}}
	ink := color.NRGBA{0, 0, 0, 255}
	p.stroke(a, dots, 1, ink)
	p.trail(b, dots, 1, ink)
	for x := 12; x < 89; x++ {
		if x >= 38 && x <= 61 {
			continue // at the upright piece and at ends the two differ by less than a pixel
		}
		if got, want := darkness(b, x), darkness(a, x); math.Abs(got-want) > .25 {
			t.Errorf("column %d has %.2f pixels of ink, the stroke %.2f", x, got, want)
		}
	}
	if got := darkness(b, 40); got < 24 {
		t.Errorf("the upright piece has %.2f pixels of ink, want 24", got)
	}
	if got := darkness(b, 50); got != 0 {
		t.Errorf("between two lines there are %.2f pixels of ink", got)
	}
}

func TestBendsAddUp(t *testing.T) {
	// A zigzag crosses itself in overlapping pieces: nowhere may they cancel.
	m := blank(120, 60)
	var dots []dot
	for i := range 20 {
		dots = append(dots, dot{5 + float64(i)*5, 10 + float64(i%2)*40, i == 0})
	}
	var p plate
	p.stroke(m, dots, 3, color.NRGBA{0, 0, 0, 255})
	for _, d := range dots[1 : len(dots)-1] {
		if got := m.RGBAAt(int(d.x), int(d.y)); got.R > 40 {
			t.Errorf("at the bend %v, %v the grey is %d, want nearly black", d.x, d.y, got.R)
		}
	}
}

func TestLinesFarOutsideAreCut(t *testing.T) {
	m := blank(100, 100)
	var p plate
	p.stroke(m, []dot{{-1e6, 50, true}, {50, 50, false}, {60, 1e8, false}, {1e7, -1e8, false}}, 2, color.NRGBA{0, 0, 0, 255})
	if got := darkness(m, 20); math.Abs(got-2) > .05 {
		t.Errorf("a line from far outside has %.2f pixels of ink, want 2", got)
	}
	if got := darkness(m, 90); got != 0 {
		t.Errorf("%.2f pixels of ink where no line is", got)
	}
}

// charted shows a chart in a window of the software driver.
func charted(t *testing.T, series ...Series) (*Chart, fyne.Window) {
	t.Helper()
	c := NewChart()
	w := window(t, c, 900, 320)
	c.SetSeries(series)
	w.Canvas().Capture() // laid out and painted
	return c, w
}

func lossSeries() []Series {
	x, y := points(4, 3, 2, 1.5, 1.2, 1.1)
	return []Series{
		{Name: "Training", Group: "Loss", X: x, Y: y, Color: theme.ColorNameTraining},
		{Name: "Validation", Group: "Loss", X: []float64{0, 4}, Y: []float64{4.5, 1.4}, Color: theme.ColorNameValidation},
		{Name: "PSNR", Group: "PSNR", X: []float64{0, 4}, Y: []float64{20, 28.5}, Color: theme.ColorNameThird, Linear: true},
	}
}

func TestHoverNamesTheNearestPoint(t *testing.T) {
	c, w := charted(t, lossSeries()...)
	last := strings.Join(shownTexts(c.legend), "|")
	if want := "Step|5|Training|1.1|Validation|1.4"; last != want {
		t.Errorf("without the pointer the legend reads %q, want %q", last, want)
	}
	places := func() (p []fyne.Position) {
		for _, o := range test.WidgetRenderer(c.legend).Objects() {
			p = append(p, o.Position())
		}
		return p
	}
	before, origin := places(), fyne.CurrentApp().Driver().AbsolutePositionForObject(c.plot)
	at := origin.AddXY(c.plot.left+c.plot.lines().Width*1.9/5, 40)
	test.MoveMouse(w.Canvas(), at)
	if got, want := strings.Join(shownTexts(c.legend), "|"), "Step|2|Training|2|Validation|4.5"; got != want {
		t.Errorf("at 1.9 the legend reads %q, want %q", got, want)
	}
	if got := places(); !slices.Equal(got, before) {
		t.Errorf("the legend moved from %v to %v", before, got)
	}
	var hair *canvas.Rectangle
	for _, o := range test.WidgetRenderer(c.plot).Objects() {
		if r, ok := o.(*canvas.Rectangle); ok && r.Size().Width == 1 {
			hair = r
		}
	}
	if want := c.plot.left + c.plot.lines().Width*2/5; hair == nil || math.Abs(float64(hair.Position().X-want)) > 1 {
		t.Errorf("the hairline is %+v, want at %v", hair, want)
	}
	test.MoveMouse(w.Canvas(), fyne.NewPos(-9, -9))
	if got := strings.Join(shownTexts(c.legend), "|"); got != last {
		t.Errorf("after the pointer has gone the legend reads %q, want %q", got, last)
	}
}

func TestPointerDoesNotDrawTheLinesAgain(t *testing.T) {
	c, w := charted(t, lossSeries()...)
	origin := fyne.CurrentApp().Driver().AbsolutePositionForObject(c.plot)
	c.plot.picture.Pix[0] = 1 // a spot that drawing wipes away
	series := slices.Clone(c.series)
	test.MoveMouse(w.Canvas(), origin.AddXY(200, 40))
	c.SetSeries(series)
	w.Canvas().Capture()
	if c.plot.picture.Pix[0] != 1 {
		t.Error("the lines were drawn again for the pointer, or for the same series")
	}
	series[0].X, series[0].Y = series[0].X[:5], series[0].Y[:5]
	c.SetSeries(series)
	w.Canvas().Capture()
	if c.plot.picture.Pix[0] == 1 {
		t.Error("the lines were not drawn again for fewer points")
	}
}

func TestGroupsAndAxes(t *testing.T) {
	c, _ := charted(t, lossSeries()...)
	var told []ChartView
	c.OnViewChanged = func(v ChartView) { told = append(told, v) }
	test.TapAt(c.scale, fyne.NewPos(c.scale.Size().Width-5, 5))
	if !c.View().Log || !c.plot.up.log {
		t.Error("Log was chosen, the axis is linear")
	}
	test.TapAt(c.groups, fyne.NewPos(c.groups.Size().Width-5, 5))
	if c.View().Group != "PSNR" || c.plot.up.log || !c.scale.Disabled() || c.plot.up.hi < 28.5 || c.plot.up.lo > 20 {
		t.Errorf("PSNR was chosen: view %+v, axis %+v", c.View(), c.plot.up)
	}
	if len(told) != 2 || told[1] != (ChartView{"PSNR", true, 10}) {
		t.Errorf("OnViewChanged told %+v", told)
	}
	c.SetView(ChartView{"Loss", true, 100})
	if !c.plot.up.log || c.smooth.Value() != 100 || len(told) != 2 {
		t.Errorf("SetView gives axis %+v, smoothing %v, and tells %d times", c.plot.up, c.smooth.Value(), len(told))
	}
}

func TestDivergenceIsSaidInWords(t *testing.T) {
	x, y := noisyLoss(400, 1)
	for i := 300; i < 400; i++ {
		y[i] = math.NaN()
	}
	c, _ := charted(t, Series{Name: "Training", Group: "Loss", X: x, Y: y, Color: theme.ColorNameTraining, Noisy: true})
	if got := strings.Join(shownTexts(c.plot), "|"); !strings.Contains(got, "diverged at step 300") {
		t.Errorf("the plot says %q", got)
	}
	if hi := c.plot.up.hi; hi > 3 {
		t.Errorf("the axis goes up to %v", hi)
	}
	c.SetMarks([]Mark{BestMark(250), DivergedMark(300)})
	got := strings.Join(shownTexts(c.plot), "|")
	if strings.Count(got, "diverged") != 1 || !strings.Contains(got, "best at step 250") {
		t.Errorf("the plot says %q", got)
	}
}

// A training diverges at a step that has no point.
func TestMarkBeyondTheLastPointIsInSight(t *testing.T) {
	c, _ := charted(t, Series{Name: "Training", Group: "Loss", X: []float64{1, 2, 3}, Y: []float64{1, 5, 2}, Color: theme.ColorNameTraining})
	c.SetMarks([]Mark{DivergedMark(4)})
	if c.plot.across.hi < 4 {
		t.Errorf("the axis ends at %g, the mark is at 4", c.plot.across.hi)
	}
	if got := strings.Join(shownTexts(c.plot), "|"); !strings.Contains(got, "diverged at step 4") {
		t.Errorf("the plot says %q", got)
	}
}

func TestNothingIsCutSilently(t *testing.T) {
	x, y := points(slices.Repeat([]float64{.1, .11, .13, .12}, 200)...)
	y[0], y[1], y[2] = 500, 90, 1e7
	c, _ := charted(t, Series{Name: "Training", Group: "Loss", X: x, Y: y, Color: theme.ColorNameTraining})
	if got := strings.Join(shownTexts(c.plot), "|"); !strings.Contains(got, "3 points above, up to 1e7") {
		t.Errorf("the plot says %q", got)
	}
	// The arrow at the upper edge, in the colour of the line.
	found := false
	line := color.NRGBAModel.Convert(c.Theme().Color(theme.ColorNameTraining, 1)).(color.NRGBA)
	for px := range 12 {
		got := c.plot.picture.RGBAAt(px, 4)
		found = found || got.R == line.R && got.B == line.B
	}
	if !found {
		t.Error("no arrow points to what lies above")
	}
	c.SetView(ChartView{"Loss", true, 1})
	if got := strings.Join(shownTexts(c.plot), "|"); strings.Contains(got, "outside") {
		t.Errorf("on a logarithmic axis the plot says %q", got)
	}
}

func TestSelectingAndGoingBack(t *testing.T) {
	x, y := noisyLoss(1001, 1)
	c, w := charted(t, Series{Name: "Training", Group: "Loss", X: x, Y: y, Color: theme.ColorNameTraining})
	all := c.plot.across
	width := c.plot.lines().Width
	drag := func(from, to float32) {
		c.plot.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(c.plot.left+to, 50)}, Dragged: fyne.NewDelta(to-from, 0)})
		c.plot.DragEnd()
	}
	drag(width/2, width/4)
	if got := c.plot.across; math.Abs(got.lo-250) > 1 || math.Abs(got.hi-500) > 1 {
		t.Errorf("a quarter was selected, %v to %v is seen", got.lo, got.hi)
	}
	w.Canvas().Capture()
	c.plot.DoubleTapped(nil)
	if c.plot.across != all {
		t.Errorf("a double tap shows %v, want %v", c.plot.across, all)
	}
	drag(100, 104)
	if c.plot.zoomed() {
		t.Error("a slip of four pixels selects a part")
	}
}

func TestEveryShapeOfDataIsDrawn(t *testing.T) {
	x, y := noisyLoss(1_000_000, 1)
	still, same := points(slices.Repeat([]float64{.5}, 100)...)
	for name, s := range map[string]Series{
		"none": {}, "one point": {X: x[:1], Y: y[:1]}, "one place": {X: []float64{3, 3, 3}, Y: []float64{1, 2, 1}}, "constant": {X: still, Y: same},
		"zero": {X: still, Y: make([]float64, 100)}, "a million": {X: x, Y: y}, "huge": {X: still[:2], Y: []float64{-math.MaxFloat64, math.MaxFloat64}},
		"tiny": {X: still[:2], Y: []float64{5e-324, 1e-300}}, "negative": {X: still[:2], Y: []float64{-5, -3}},
	} {
		for _, log := range []bool{false, true} {
			s.Name, s.Group, s.Color, s.Noisy = "Loss", "Loss", theme.ColorNameTraining, true
			c, w := charted(t, s)
			c.SetView(ChartView{"Loss", log, 10})
			for _, size := range []fyne.Size{{Width: 900, Height: 320}, {Width: 1, Height: 1}, {Width: 2000, Height: 60}} {
				w.Resize(size)
				w.Canvas().Capture()
			}
			for _, label := range shownTexts(c) {
				if strings.Contains(label, "NaN") {
					t.Errorf("%s, log %v: the chart says %q", name, log, label)
				}
			}
			if name == "none" && !slices.Contains(shownTexts(c.plot), c.Empty) {
				t.Errorf("an empty chart says %q", shownTexts(c.plot))
			}
		}
	}
}

func TestMisuseOfSeriesPanics(t *testing.T) {
	for want, s := range map[string]Series{
		"widget: a series needs as many X as Y": {X: []float64{1}, Y: []float64{1, 2}},
		"widget: the X of a series must ascend": {X: []float64{2, 1}, Y: []float64{1, 2}},
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panics with %v, want %q", got, want)
				}
			}()
			NewChart().SetSeries([]Series{s})
		}()
	}
}

var _ desktop.Hoverable = (*chartPlot)(nil)

// benchmarkChart draws two noisy lines of n points, smoothed, in a picture of 1200 × 320 pixels.
func benchmarkChart(b *testing.B, n int) {
	a := test.NewTempApp(b)
	a.Settings().SetTheme(theme.New(theme.Options{}))
	x, y := noisyLoss(n, 1)
	_, z := noisyLoss(n, 2)
	c := NewChart()
	c.Resize(fyne.NewSize(1240, 400))
	c.SetSeries([]Series{
		{Name: "Training", Group: "Loss", X: x, Y: y, Color: theme.ColorNameTraining, Noisy: true},
		{Name: "Validation", Group: "Loss", X: x, Y: z, Color: theme.ColorNameValidation, Noisy: true},
	})
	for b.Loop() {
		c.plot.drawn = false
		c.plot.paint(1200, 320)
	}
}

func BenchmarkChartPaint2000(b *testing.B)    { benchmarkChart(b, 2000) }
func BenchmarkChartPaint100000(b *testing.B)  { benchmarkChart(b, 100_000) }
func BenchmarkChartPaint1000000(b *testing.B) { benchmarkChart(b, 1_000_000) }

// BenchmarkChartGrow is what the window does ten times a second while a network learns: a hundred points more to a
// hundred thousand.
func BenchmarkChartGrow(b *testing.B) {
	a := test.NewTempApp(b)
	a.Settings().SetTheme(theme.New(theme.Options{}))
	x, y := noisyLoss(1_000_000, 1)
	c := NewChart()
	c.Resize(fyne.NewSize(1240, 400))
	n := 100_000
	for b.Loop() {
		if n += 100; n > len(x) {
			n = 100_000
		}
		c.SetSeries([]Series{{Name: "Training", Group: "Loss", X: x[:n], Y: y[:n], Color: theme.ColorNameTraining, Noisy: true}})
		c.plot.drawn = false
		c.plot.paint(1200, 320)
	}
}
