package session

// This file draws an atlas as a picture to print.

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"

	"sieve/model/embed"
)

const (
	mapSide   = 2000 // pixels of the picture a side
	mapMargin = 70   // around the places, so that thumbnails at the edge are whole
	lineStep  = 46   // from a line of the legend to the next
	fontSize  = 27
	fogCell   = 8 // pixels of a cell of the fog
)

// Paper, water around the islands of samples, dots and frames without a label, and what is written.
var (
	mapPaper = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	mapWater = color.NRGBA{0xe6, 0xeb, 0xee, 0xff}
	mapPlain = color.NRGBA{0x3c, 0x4a, 0x57, 0xff}
	mapFrame = color.NRGBA{0xb0, 0xbb, 0xc2, 0xff}
	mapWords = color.NRGBA{0x33, 0x33, 0x33, 0xff}
	mapBold  = color.NRGBA{0x11, 0x11, 0x11, 0xff}
)

// classInks tell ten classes apart, in print and by the colour-blind: of Okabe and Ito, and of Tol, those that
// are dark enough on white. Classes beyond have the same again, with another shape.
var classInks = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff}, {0x56, 0xb4, 0xe9, 0xff},
	{0xd5, 0x5e, 0x00, 0xff}, {0x33, 0x22, 0x88, 0xff}, {0x99, 0x99, 0x33, 0xff}, {0x88, 0x22, 0x55, 0xff}, {0x44, 0x44, 0x44, 0xff},
}

// mapShapes are signed distances from the edge of marks of about the area of a disc of radius 1, negative inside.
var mapShapes = []func(x, y float64) float64{
	func(x, y float64) float64 { return math.Hypot(x, y) - 1 },
	func(x, y float64) float64 { return max(math.Abs(x), math.Abs(y)) - 0.89 },
	func(x, y float64) float64 { return max(0.866*math.Abs(x)-0.5*y, y) - 0.75 },
	func(x, y float64) float64 { return (math.Abs(x)+math.Abs(y))/math.Sqrt2 - 0.89 },
	func(x, y float64) float64 { return max(0.866*math.Abs(x)+0.5*y, -y) - 0.75 },
	func(x, y float64) float64 {
		x, y = math.Abs(x), math.Abs(y)
		return min(max(x-1.2, y-0.45), max(y-1.2, x-0.45))
	},
}

// A mapSheet is a picture of an atlas in the making.
type mapSheet struct {
	a       *Atlas
	canvas  *vgimg.Canvas
	img     *image.RGBA
	classes classes
	scale   float64 // pixels a unit of the plane
	left    float64 // of x 0
	top     float64 // of y 0
	high    int     // of the part that is the map
}

// drawAtlas draws places, a legend where there are labels, and a line that says what is seen: 2000 × 2000 pixels. It says
// whether thumbnails or dots were drawn.
func (a *Atlas) drawAtlas(ctx context.Context, title string) (*image.RGBA, string, error) {
	s := &mapSheet{a: a, classes: newClasses(a.Labels)}
	sortNumbers(&s.classes)
	s.canvas = vgimg.NewWith(vgimg.UseWH(mapSide, mapSide), vgimg.UseDPI(72), vgimg.UseBackgroundColor(mapPaper))
	s.img = s.canvas.Image().(*image.RGBA)
	lines := s.legend()
	s.high = mapSide - lineStep*(len(lines)+1) - 40
	s.fit()
	reach, err := embed.Reach(ctx, a.Points)
	if err != nil {
		return nil, "", err
	}
	if err := s.flood(ctx, reach); err != nil {
		return nil, "", err
	}
	spacing := 0.56 * reach / 2 * s.scale // of samples where they are about as dense as usual
	shown, how := s.thumbnails(ctx, spacing)
	if shown == "dots" {
		s.dots(ctx, max(2.5, min(0.42*spacing, 10)))
		s.names()
	}
	for i, line := range lines {
		for _, e := range line {
			s.entry(e, s.high+30+i*lineStep)
		}
	}
	s.say(mapSide-34, []string{a.caption(), fmt.Sprintf("%d pictures%s", len(a.Names), how), "grey: none is near", title})
	return s.img, shown, ctx.Err()
}

// sortNumbers puts classes that are numbers into their order.
func sortNumbers(c *classes) {
	value := map[string]float64{}
	for _, n := range c.names {
		v, err := strconv.ParseFloat(n, 64)
		if err != nil {
			return
		}
		value[n] = v
	}
	slices.SortStableFunc(c.names, func(a, b string) int { return cmp.Compare(value[a], value[b]) })
	for i, n := range c.names {
		c.of[n] = i
	}
}

// fit finds the scale, the same along both axes, so that all places are in the map.
func (s *mapSheet) fit() {
	low, high := s.a.Bounds()
	wide, tall := float64(mapSide-2*mapMargin), float64(s.high-2*mapMargin)
	s.scale = min(wide/(high[0]-low[0]), tall/(high[1]-low[1]))
	s.left = mapSide/2 - s.scale*(low[0]+high[0])/2
	s.top = float64(s.high)/2 + s.scale*(low[1]+high[1])/2
}

// at returns where a sample is, in pixels.
func (s *mapSheet) at(i int) (x, y float64) {
	return s.left + s.scale*float64(s.a.Points[2*i]), s.top - s.scale*float64(s.a.Points[2*i+1])
}

// ink returns the colour and the shape of a sample.
func (s *mapSheet) ink(i int) (color.NRGBA, int) {
	class, known := s.classes.of[s.a.Labels[i]]
	if !known {
		return mapPlain, 0
	}
	return classInks[class%len(classInks)], class / len(classInks) % len(mapShapes)
}

// flood draws water where no sample is near.
func (s *mapSheet) flood(ctx context.Context, reach float64) error {
	low := [2]float64{(0 - s.left) / s.scale, (s.top - float64(s.high)) / s.scale}
	high := [2]float64{(mapSide - s.left) / s.scale, s.top / s.scale}
	cols, rows := mapSide/fogCell, s.high/fogCell
	f, err := embed.NewFog(ctx, s.a.Points, low, high, cols, rows, reach)
	if err != nil {
		return err
	}
	support := func(col, row int) float64 {
		return float64(f.Support[(rows-1-min(max(row, 0), rows-1))*cols+min(max(col, 0), cols-1)])
	}
	for y := range s.high {
		v := (float64(y)+0.5)*float64(rows)/float64(s.high) - 0.5
		row, fy := math.Floor(v), v-math.Floor(v)
		for x := range mapSide {
			u := (float64(x)+0.5)/fogCell - 0.5
			col, fx := math.Floor(u), u-math.Floor(u)
			c, r := int(col), int(row)
			here := (1-fy)*((1-fx)*support(c, r)+fx*support(c+1, r)) + fy*((1-fx)*support(c, r+1)+fx*support(c+1, r+1))
			s.blend(x, y, mapWater, 1-min(1, here/0.8))
		}
	}
	return nil
}

// blend draws a colour over a pixel.
func (s *mapSheet) blend(x, y int, c color.NRGBA, share float64) {
	if share <= 0 || x < 0 || y < 0 || x >= mapSide || y >= mapSide {
		return
	}
	p := s.img.Pix[(y*mapSide+x)*4:]
	for k, v := range []uint8{c.R, c.G, c.B} {
		p[k] += uint8(int(math.Round(share * (float64(v) - float64(p[k])))))
	}
}

// mark draws the shape of a class around a place, with a rim of paper.
func (s *mapSheet) mark(x, y, radius float64, ink color.NRGBA, shape int) {
	wide := int(1.3*radius + 3)
	for v := int(y) - wide; v <= int(y)+wide; v++ {
		for u := int(x) - wide; u <= int(x)+wide; u++ {
			off := radius * mapShapes[shape]((float64(u)+0.5-x)/radius, (float64(v)+0.5-y)/radius)
			s.blend(u, v, mapPaper, min(max(0, 1.5-off), 1))
			s.blend(u, v, ink, min(max(0, 0.5-off), 1))
		}
	}
}

// dots draws a mark for each sample, in an order that favours no class.
func (s *mapSheet) dots(ctx context.Context, radius float64) {
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(len(s.a.Names)) {
		if ctx.Err() != nil {
			return
		}
		s.dot(i, radius)
	}
}

func (s *mapSheet) dot(i int, radius float64) {
	x, y := s.at(i)
	ink, shape := s.ink(i)
	s.mark(x, y, radius, ink, shape)
}

// names writes each class in its middle, the greatest first, unless another one is written there.
func (s *mapSheet) names() {
	const size = 46
	members := make([][]float32, len(s.classes.names))
	for i, l := range s.a.Labels {
		if k, known := s.classes.of[l]; known {
			members[k] = append(members[k], s.a.Points[2*i], s.a.Points[2*i+1])
		}
	}
	order := sequence(0, len(members))
	slices.SortStableFunc(order, func(a, b int) int { return len(members[b]) - len(members[a]) })
	var taken []image.Rectangle
	for _, k := range order {
		name := shortName(s.classes.names[k])
		wide := s.width(name, size)
		x, y := medoid(members[k])
		x, y = s.left+s.scale*x, s.top-s.scale*y
		x = min(max(x, wide/2+10), mapSide-wide/2-10)
		box := image.Rect(int(x-wide/2)-6, int(y)-size/2-4, int(x+wide/2)+6, int(y)+size/2+4)
		if slices.ContainsFunc(taken, box.Overlaps) {
			continue
		}
		taken = append(taken, box)
		for turn := range 16 { // a rim of paper
			sin, cos := math.Sincos(float64(turn) * math.Pi / 8)
			s.write(x-wide/2+5*cos, y+0.36*size+5*sin, name, mapPaper, size)
		}
		s.write(x-wide/2, y+0.36*size, name, mapBold, size)
	}
}

// medoid returns the place that is the least far from all others, of a thousand at most.
func medoid(points []float32) (x, y float64) {
	least := math.Inf(1)
	some := spread(len(points)/2, 1000)
	for _, i := range some {
		var sum float64
		for _, j := range some {
			sum += math.Hypot(float64(points[2*i]-points[2*j]), float64(points[2*i+1]-points[2*j+1]))
		}
		if sum < least {
			least, x, y = sum, float64(points[2*i]), float64(points[2*i+1])
		}
	}
	return x, y
}

// shortName is a label that is not too long to be written.
func shortName(name string) string {
	const most = 20
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}

// A legendEntry is a class, or a remark, at a place of its line.
type legendEntry struct {
	class int // -1: text alone
	text  string
	x     float64
}

// legend parts classes into lines, four at most.
func (s *mapSheet) legend() (lines [][]legendEntry) {
	const most, gap = 4, 34
	x := float64(mapMargin)
	for k, name := range s.classes.names {
		e := legendEntry{k, shortName(name), x}
		wide := 34 + s.width(e.text, fontSize) + gap
		if len(lines) == 0 || x+wide > mapSide-mapMargin {
			if len(lines) == most {
				last := lines[most-1]
				e := &last[len(last)-1]
				e.class, e.text = -1, fmt.Sprintf("and %d more", len(s.classes.names)-k+1)
				return lines
			}
			lines, x = append(lines, nil), mapMargin
			e.x = x
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], e)
		x += wide
	}
	return lines
}

func (s *mapSheet) entry(e legendEntry, y int) {
	if e.class < 0 {
		s.write(e.x, float64(y)+fontSize*0.36, e.text, mapWords, fontSize)
		return
	}
	s.mark(e.x+11, float64(y), 11, classInks[e.class%len(classInks)], e.class/len(classInks)%len(mapShapes))
	s.write(e.x+34, float64(y)+fontSize*0.36, e.text, mapWords, fontSize)
}

// say writes as many of several remarks as there is room for in a line.
func (s *mapSheet) say(y float64, remarks []string) {
	line := ""
	for i, r := range remarks {
		if i > 0 {
			r = line + "  ·  " + r
		}
		if i == 0 || s.width(r, fontSize) <= mapSide-2*mapMargin {
			line = r
		}
	}
	s.write(mapMargin, y, line, mapWords, fontSize)
}

func textStyle(ink color.Color, size float64) text.Style {
	f := font.From(plot.DefaultFont, font.Length(size))
	f.Variant = "Sans"
	return text.Style{Color: ink, Font: f, Handler: plot.DefaultTextHandler}
}

func (s *mapSheet) width(line string, size float64) float64 {
	return float64(textStyle(mapWords, size).Width(line))
}

// write writes a line whose letters stand on y.
func (s *mapSheet) write(x, y float64, line string, ink color.Color, size float64) {
	style := textStyle(ink, size)
	style.Handler.Draw(s.canvas, line, style, vg.Point{X: vg.Length(x), Y: vg.Length(mapSide - y)})
}

// caption says how samples were laid out.
func (a *Atlas) caption() string {
	if a.Method == MethodTSNE {
		return fmt.Sprintf("t-SNE of %d numbers a picture, perplexity %.3g, %d steps", a.Numbers, a.Perplexity, a.Steps())
	}
	share := 1.0
	if a.pca != nil && a.pca.Total > 0 {
		share = 0
		for _, v := range a.pca.Variances {
			share += v / a.pca.Total
		}
	}
	return fmt.Sprintf("PCA of %d numbers a picture, %.0f %% of their variance", a.Numbers, 100*share)
}
