package session

// This file is the page Explore: the latent of a picture laid open, changed by hand, and decoded while the
// hand moves.

import (
	"context"
	"image"
	"math"
	"slices"
	"time"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// Explore is a picture laid open by a model.
type Explore struct {
	Model   Model
	Picture string // what it is called
	Version uint64 // of the opened picture; 0: there is none yet
	// Opening says that it is still being laid open, and cannot be edited: what is not there yet of Before,
	// After and Latent is NaN, and so are all figures. That is shown of large pictures only.
	Opening bool

	Original *tensor.Tensor // as the model sees it, (1, H, W, C)
	Before   Tiles          // what the model makes of it
	After    Tiles          // … of the edited latent
	Latent   *tensor.Tensor // as it is decoded, (1, h, w, channels)
	Edited   uint64         // version of Latent

	Cell  int  // pixels a side of a cell
	Skips bool // something goes around the latent
	// Connections is how many skip connections carry it.
	Connections int

	Channels []ChannelFacts // by number
	Order    []int          // of the channels: the one that contributes most first
	Measured int            // channels whose contribution is known

	Dials      Dials
	Directions int       // principal directions that there are
	Shares     []float64 // of the variance of cells, of the first of them; nil before they are found
	Undo, Redo int       // steps
	Changed    int       // numbers that are others than the encoder made
	Other      string    // the picture whose code can be copied; "": none
	Drawn      bool      // it is a digit, in place of a sample that the model does not know

	BitsPerPixel float64
	PSNR, Plain  float64           // of After and Before against Original
	Wild         int               // numbers that the decoder sent out of all bounds, and that were cut
	WildAt       []image.Rectangle // pixels that these are in
	Decoding     time.Duration     // how long the last change took to be seen
	Pending      bool              // After is behind Latent somewhere

	fields *model.Fields
}

// Sees is which pixels the cell in a column and row of the latent sees.
func (ex Explore) Sees(col, row int) image.Rectangle { return rectOf(ex.fields.Seen(row, col)) }

// Reaches is which pixels a cell can change.
func (ex Explore) Reaches(col, row int) image.Rectangle { return rectOf(ex.fields.Shown(row, col)) }

// SeenBy is which cells see a pixel.
func (ex Explore) SeenBy(x, y int) image.Rectangle { return rectOf(ex.fields.SeenBy(y, x)) }

// pane is what a pane of the part Channels shows; nil before it is there.
func (ex Explore) pane(i Pane, look Look) *tensor.Tensor {
	switch {
	case ex.Version == 0 || ex.Opening && i != PaneOriginal:
		return nil
	case i == PaneNoisy, i == PaneRemoved:
		return ex.Before.Whole()
	case i == PaneResult:
		return ex.After.Whole()
	case i == PaneLatent:
		return fromRGBA(imageio.Channel(ex.Latent, min(max(look.Channel-1, 0), len(ex.Channels)-1), look.Map)).Pix
	}
	return ex.Original
}

// rectOf is a model's rectangle as pictures have them.
func rectOf(r model.Rect) image.Rectangle { return image.Rect(r.Left, r.Top, r.Right, r.Bottom) }

// modelRect is the way back.
func modelRect(r image.Rectangle) model.Rect {
	return model.Rect{Top: r.Min.Y, Left: r.Min.X, Bottom: r.Max.Y, Right: r.Max.X}
}

// ChannelFacts are what there is to know of a channel of the latent.
type ChannelFacts struct {
	Low, High float32 // as the encoder made it
	Share     float64 // how much greater the squared error is without it, of that of all without theirs; NaN before it is measured
	Loss      float64 // mean squared error that its absence costs; NaN likewise
	Version   uint64  // of its values
}

// Tiles are a picture of which parts change. A part that has changed is another tensor, with a greater version.
type Tiles struct {
	Width, Height int
	Parts         []*tensor.Tensor // (1, h, w, C), row by row; nil: nothing of it is there yet
	Versions      []uint64         // 0: nothing is there yet
}

// TileSide is how many pixels a side a part of Tiles has, but for the last ones of a row and a column.
const TileSide = 256

// Across is how many parts lie side by side.
func (t Tiles) Across() int { return (t.Width + TileSide - 1) / TileSide }

// Rect is what part i covers.
func (t Tiles) Rect(i int) image.Rectangle {
	x, y := i%t.Across()*TileSide, i/t.Across()*TileSide
	return image.Rect(x, y, min(x+TileSide, t.Width), min(y+TileSide, t.Height))
}

// At returns the part that a pixel is in, and where in it; nil where there is none.
func (t Tiles) At(x, y int) (part *tensor.Tensor, px, py int) {
	if x < 0 || y < 0 || x >= t.Width || y >= t.Height {
		return nil, 0, 0
	}
	return t.Parts[y/TileSide*t.Across()+x/TileSide], x % TileSide, y % TileSide
}

// Whole is all of it as one tensor.
func (t Tiles) Whole() *tensor.Tensor {
	_, _, _, c := t.Parts[0].Dims4()
	out := tensor.New(1, t.Height, t.Width, c)
	for i, part := range t.Parts {
		r := t.Rect(i)
		for y := range r.Dy() {
			copy(out.Data[((r.Min.Y+y)*t.Width+r.Min.X)*c:][:r.Dx()*c], part.Data[y*r.Dx()*c:])
		}
	}
	return out
}

// newTiles are those of a picture of which nothing is there yet.
func newTiles(w, h int) Tiles {
	t := Tiles{Width: w, Height: h}
	n := t.Across() * ((h + TileSide - 1) / TileSide)
	t.Parts, t.Versions = make([]*tensor.Tensor, n), make([]uint64, n)
	return t
}

// with returns the tiles with what a rectangle of a picture shows now, cut to [0, 1], and NaN as it is. Those before
// stay as they are.
func (t Tiles) with(x *tensor.Tensor, rect image.Rectangle, next func() uint64) Tiles {
	t.Parts, t.Versions = slices.Clone(t.Parts), slices.Clone(t.Versions)
	for i := range t.Parts {
		r := t.Rect(i)
		if !r.Overlaps(rect) {
			continue
		}
		part := tensor.New(1, r.Dy(), r.Dx(), x.Shape[3])
		copyRect(part, x, r, r.Min, image.Point{})
		for k, v := range part.Data {
			if v == v {
				part.Data[k] = within(v)
			}
		}
		t.Parts[i], t.Versions[i] = part, next()
	}
	return t
}

// copyRect copies a rectangle between pictures that are parts of one: from where they begin in it.
func copyRect(to, from *tensor.Tensor, r image.Rectangle, toAt, fromAt image.Point) {
	_, _, tw, c := to.Dims4()
	fw := from.Shape[2]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		copy(to.Data[((y-toAt.Y)*tw+r.Min.X-toAt.X)*c:][:r.Dx()*c], from.Data[((y-fromAt.Y)*fw+r.Min.X-fromAt.X)*c:])
	}
}

// An explorer is the page at work. The session's mutex guards it.
type explorer struct {
	page  bool // the page is in front
	on    bool // … and its part Channels
	model loaded
	good  loaded // the last one that could be read
	told  uint64 // version of the one that State.Explore has
	digit uint64 // seed of the one that is drawn for a model of small pictures
	ops   []func(x *exploring) (dirty image.Rectangle)
	seen  image.Rectangle    // pixels that are on the screen
	wake  chan struct{}      // holds one
	leave context.CancelFunc // of opening
	hurry context.CancelFunc // of what nobody waits for
}

// DefaultExplorer is the shipped model that is explored at first: all that it knows of a picture goes
// through its latent.
const DefaultExplorer = "denoise"

// ShowExplore says whether the page Explore is in front, and ShowChannels whether its part Channels is: nothing is
// laid open or measured before both are. What is being laid open is then finished, and what is measured is not.
func (s *Session) ShowExplore(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.explorer.page = on
	if on && s.explorer.model.version == 0 {
		s.explorer.model = loaded{name: DefaultExplorer, version: s.next()}
	}
	s.kickExplore(nil)
}

// ShowChannels is explained at ShowExplore.
func (s *Session) ShowChannels(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.explorer.on != on {
		s.explorer.on = on
		s.kickExplore(nil)
	}
}

// ExploreModel chooses the model that is explored: a shipped one, a file, "" for the one of the page
// Denoise, or CodecModel.
func (s *Session) ExploreModel(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := loaded{name: name, version: s.next()}
	if name == "" {
		l.m, l.info = s.easel.has.model.m, s.easel.has.model.info
	}
	s.explorer.model = l
	s.explorer.ops = nil
	if s.explorer.leave != nil {
		s.explorer.leave()
	}
	s.kickExplore(nil)
	s.kickMix()
	s.remap()
	s.kickNetwork(true)
}

// AnotherDigit has another one drawn, where Explore.Drawn.
func (s *Session) AnotherDigit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Explore.Drawn {
		s.explorer.digit++
		s.explorer.ops = nil
		s.kickExplore(nil)
	}
}

// CodecModel names the shipped model for compressing among those that can be explored.
const CodecModel = "compress"

// LookAt says which pixels are on the screen: they are decoded first.
func (s *Session) LookAt(rect image.Rectangle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.explorer.seen != rect {
		s.explorer.seen = rect
		s.kickExplore(nil)
	}
}

// reopenLatent has another picture laid open, if there is one. s.mu is held.
func (s *Session) reopenLatent() {
	if s.explorer.leave != nil {
		s.explorer.leave()
	}
	s.explorer.ops = nil
	s.kickExplore(nil)
	s.kickNetwork(true)
}

// kickExplore has something done to the latent, or what is there looked at anew. s.mu is held.
func (s *Session) kickExplore(op func(x *exploring) image.Rectangle) {
	e := &s.explorer
	if op != nil {
		if s.state.Explore.Version == 0 || s.state.Explore.Opening {
			return // nothing is open
		}
		e.ops = append(e.ops, op)
	}
	if e.hurry != nil {
		e.hurry()
	}
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// edit is kickExplore for commands.
func (s *Session) edit(op func(x *exploring) image.Rectangle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kickExplore(op)
}

// ZeroChannel sets a channel to 0.
func (s *Session) ZeroChannel(c int) {
	s.edit(func(x *exploring) image.Rectangle {
		return x.e.change(c, x.e.whole(), func(_, _ int, _ float32) float32 { return 0 })
	})
}

// KeepOnly sets all other channels to 0.
func (s *Session) KeepOnly(c int) {
	s.edit(func(x *exploring) image.Rectangle {
		others := slices.DeleteFunc(x.e.channels(), func(o int) bool { return o == c })
		return x.e.each(others, x.e.whole(), func(_, _, _ int, _ float32) float32 { return 0 })
	})
}

// ScaleChannel multiplies a channel; by -1 it is turned upside down. A zero channel stays zero.
func (s *Session) ScaleChannel(c int, by float64) {
	s.edit(func(x *exploring) image.Rectangle {
		return x.e.change(c, x.e.whole(), func(_, _ int, v float32) float32 { return float32(by) * v })
	})
}

// DragScale multiplies a channel as it was when the drag began, which EndStroke ends.
func (s *Session) DragScale(c int, by float64) {
	s.edit(func(x *exploring) image.Rectangle {
		if x.base == nil {
			x.base = x.e.plane(c)
		}
		base, w := x.base, x.e.whole().Dx()
		x.e.begin()
		return x.e.change(c, x.e.whole(), func(i, j int, _ float32) float32 { return float32(by) * base[j*w+i] })
	})
}

// RestoreChannel puts back what the encoder made of a channel.
func (s *Session) RestoreChannel(c int) {
	s.edit(func(x *exploring) image.Rectangle {
		return x.e.change(c, x.e.whole(), func(i, j int, _ float32) float32 { return x.e.value(c, i, j) })
	})
}

// A Pen paints on a channel.
type Pen struct {
	Value   float32 // what is painted
	Restore bool    // … or what the encoder made
	Radius  float64 // in cells
}

// Paint paints along a line on the picture, in pixels. All until EndStroke is one step.
func (s *Session) Paint(c int, b Pen, x0, y0, x1, y1 float64) {
	s.edit(func(x *exploring) image.Rectangle {
		x.e.begin()
		ax, ay := x.cell(x0, y0)
		bx, by := x.cell(x1, y1)
		return x.e.stroke(c, ax, ay, bx, by, b.Radius, func(i, j int, _ float32) float32 {
			if b.Restore {
				return x.e.value(c, i, j)
			}
			return b.Value
		})
	})
}

// EndStroke ends what Paint and the drags have begun.
func (s *Session) EndStroke() {
	s.edit(func(x *exploring) image.Rectangle {
		x.e.end()
		x.base = nil
		return image.Rectangle{}
	})
}

// MoveCode puts the code of a rectangle of the picture elsewhere, from its corner on, in pixels. Unless it is
// copied, the mean stays behind.
func (s *Session) MoveCode(from image.Rectangle, to image.Point, copied bool) {
	s.edit(func(x *exploring) image.Rectangle {
		cells := x.cells(from)
		tx, ty := x.cell(float64(to.X), float64(to.Y))
		return x.e.move(cells, image.Pt(int(math.Round(tx)), int(math.Round(ty))), copied)
	})
}

// TakeCode puts the code that another picture has at a rectangle, in pixels, over that of this one. OpenOther
// has opened it.
func (s *Session) TakeCode(rect image.Rectangle) {
	s.edit(func(x *exploring) image.Rectangle {
		if x.other == nil {
			return image.Rectangle{}
		}
		return x.e.take(x.other, x.cells(rect))
	})
}

// OpenOther opens a picture whose code can be copied. One of another shape is stretched.
func (s *Session) OpenOther(path string) {
	s.edit(func(x *exploring) image.Rectangle {
		s.fail(x.openOther(path))
		return image.Rectangle{}
	})
}

// TurnDials changes what is done to the whole latent.
func (s *Session) TurnDials(d Dials) {
	s.edit(func(x *exploring) image.Rectangle { return x.e.set(d) })
}

// DragDials is TurnDials while a dial moves: all until EndStroke is one step.
func (s *Session) DragDials(d Dials) {
	s.edit(func(x *exploring) image.Rectangle {
		x.e.begin()
		return x.e.set(d)
	})
}

// UndoEdit takes back the last change of the latent, RedoEdit does it again, and ResetEdits goes back to what
// the encoder made, which can be taken back.
func (s *Session) UndoEdit()   { s.edit(func(x *exploring) image.Rectangle { return x.e.undo() }) }
func (s *Session) RedoEdit()   { s.edit(func(x *exploring) image.Rectangle { return x.e.redo() }) }
func (s *Session) ResetEdits() { s.edit(func(x *exploring) image.Rectangle { return x.e.reset() }) }

// exploring is a picture laid open. The goroutine that explores owns it.
type exploring struct {
	s       *Session
	model   loaded
	picture uint64  // its version
	digit   uint64  // of explorer, where ex.Drawn
	ex      Explore // as it is shown next; x.ex.Original is the picture

	ctx   context.Context // of what is being done: it ends with the model and the picture
	o     *model.Opened
	e     *editable
	out   *tensor.Tensor    // what the latent decodes to
	stale []image.Rectangle // pixels of out that are behind
	skips float64           // as Dials has it, where out was decoded

	level   float64
	errors  []float64      // squared error of each tile of After
	judged  []uint64       // … and its version
	changes []uint64       // versions of the channels
	sought  bool           // principal directions, for Shares
	other   *tensor.Tensor // latent of the other picture
	base    []float32      // of the channel whose scale is dragged, as it was
	loss    []float64      // by channel; nil: not known yet
	asked   time.Time      // when the change came that is being decoded
}

// cell is where in the latent a point of the picture is.
func (x *exploring) cell(px, py float64) (cx, cy float64) {
	side := float64(x.model.m.Cell())
	return px / side, py / side
}

// cells are those that a rectangle of pixels touches.
func (x *exploring) cells(r image.Rectangle) image.Rectangle {
	n := x.model.m.Cell()
	return image.Rect(floorDiv(r.Min.X, n), floorDiv(r.Min.Y, n), -floorDiv(-r.Max.X, n), -floorDiv(-r.Max.Y, n))
}

func floorDiv(a, b int) int { return int(math.Floor(float64(a) / float64(b))) }
