package widget

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"sieve/ui/theme"
)

// StripBlock is one layer of a network in a Strip.
type StripBlock struct {
	Side     float64 // of what comes of it, in pixels
	Channels int
	Words    [3]string // what is said of it under the pointer, a line each
	Flow     float64   // how strongly it learned, 0 to 1; below 0: nothing to say
	Decoder  bool
	Latent   bool // the bottleneck, which can be dragged
	Skip     bool // something goes past the bottleneck here
	Chosen   bool
	Off      float64 // how much of it is switched off, 0 to 1
}

// Strip draws a network as the sizes of what its layers give: high where pictures are large,
// wide where there are many channels, and narrow at the bottleneck, which a person may drag.
type Strip struct {
	widget.BaseWidget
	// OnLatent is told how many times as many numbers the bottleneck is to have, compared with
	// when the drag began; nil forbids it.
	OnLatent func(times float64, done bool)
	// OnTapped is told which block was clicked; nil: none can be.
	OnTapped func(block int)

	blocks []StripBlock
	text   string // what is said when the pointer is elsewhere
	over   int    // the block under the pointer, -1 for none
	drag   float32
	held   bool
	places []fyne.Size // of each block: its left edge and its width
}

// NewStrip returns an empty strip.
func NewStrip() *Strip {
	s := &Strip{over: -1}
	s.ExtendBaseWidget(s)
	return s
}

// Set shows these blocks, and the text beneath.
func (s *Strip) Set(blocks []StripBlock, text string) {
	s.blocks, s.text = blocks, text
	if s.over >= len(blocks) {
		s.over = -1
	}
	s.Refresh()
}

// at is the block at a place, -1 for none.
func (s *Strip) at(x float32) int {
	for i, p := range s.places {
		if x >= p.Width-grid/4 && x < p.Width+p.Height+grid/4 {
			return i
		}
	}
	return -1
}

func (s *Strip) movable(i int) bool {
	return i >= 0 && i < len(s.blocks) && s.blocks[i].Latent && s.OnLatent != nil
}

func (s *Strip) MouseIn(e *desktop.MouseEvent)    { s.hover(s.at(e.Position.X)) }
func (s *Strip) MouseMoved(e *desktop.MouseEvent) { s.hover(s.at(e.Position.X)) }
func (s *Strip) MouseOut()                        { s.hover(-1) }

func (s *Strip) hover(i int) {
	if i != s.over && !s.held {
		s.over = i
		s.Refresh()
	}
}

// Tapped chooses a block.
func (s *Strip) Tapped(e *fyne.PointEvent) {
	if i := s.at(e.Position.X); i >= 0 && i < len(s.blocks) && s.OnTapped != nil {
		s.OnTapped(i)
	}
}

// Cursor tells that the bottleneck can be dragged, or a block clicked.
func (s *Strip) Cursor() desktop.Cursor {
	switch {
	case s.movable(s.over):
		return desktop.HResizeCursor
	case s.over >= 0 && s.OnTapped != nil:
		return desktop.PointerCursor
	}
	return desktop.DefaultCursor
}

// double is how far a drag goes to double the latent.
const double = 4 * grid

func (s *Strip) Dragged(e *fyne.DragEvent) {
	if !s.held {
		if !s.movable(s.at(e.Position.X - e.Dragged.DX)) {
			return
		}
		s.held, s.drag = true, 0
	}
	s.drag += e.Dragged.DX
	s.OnLatent(math.Exp2(float64(s.drag/double)), false)
}

func (s *Strip) DragEnd() {
	if s.held {
		s.held = false
		s.OnLatent(math.Exp2(float64(s.drag/double)), true)
	}
}

func (s *Strip) CreateRenderer() fyne.WidgetRenderer {
	const caption = fynetheme.SizeNameCaptionText
	p := &parts{}
	line := func() float32 { return onGrid(textHeight(s, caption)) }
	const tall, gap, bar = 8 * grid, grid / 2, grid / 2
	p.min = func() fyne.Size { return fyne.NewSize(20*grid, tall+bar+gap+line()) }
	p.refresh = func() {
		size := s.Size()
		p.objects = p.objects[:0]
		s.places = s.places[:0]
		most := 1.0
		total := float32(0)
		wide := make([]float32, len(s.blocks))
		for i, b := range s.blocks {
			most = max(most, b.Side)
			wide[i] = float32(1 + math.Log2(float64(max(1, b.Channels))))
			total += wide[i]
		}
		room := size.Width - gap*float32(max(0, len(s.blocks)-1))
		unit := min(room/max(total, 1), grid)
		x := float32(0)
		for i, b := range s.blocks {
			w := max(wide[i]*unit, 3)
			h := max(float32(math.Sqrt(b.Side/most))*tall, 4)
			s.places = append(s.places, fyne.NewSize(x, w))
			box := canvas.NewRectangle(color.Transparent)
			ink := theme.ColorNameTraining
			switch {
			case b.Latent:
				ink = theme.ColorNameValidation
			case b.Decoder:
				ink = theme.ColorNameThird
			}
			fill(box, s, ink, 2)
			if i != s.over && !b.Chosen {
				box.FillColor = faded(box.FillColor)
			}
			if b.Skip {
				outline(box, s, fynetheme.ColorNameForeground, 1)
			}
			if b.Off > 0 {
				frame := canvas.NewRectangle(color.Transparent)
				outline(frame, s, ink, 2)
				place(frame, x, (tall-h)/2, w, h)
				p.objects = append(p.objects, frame)
			}
			place(box, x, (tall-h)/2, w, h*float32(max(0, 1-b.Off)))
			p.objects = append(p.objects, box)
			if b.Chosen {
				under := canvas.NewRectangle(color.Transparent)
				fill(under, s, fynetheme.ColorNameForeground, 1)
				place(under, x, tall+1, w, bar-1)
				p.objects = append(p.objects, under)
			}
			if b.Flow >= 0 {
				ground, flow := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
				fill(ground, s, theme.ColorNameGrid, 1)
				fill(flow, s, fynetheme.ColorNameForeground, 1)
				place(ground, x, tall, w, bar)
				place(flow, x, tall, max(1, w*float32(min(b.Flow, 1))), bar)
				p.objects = append(p.objects, ground, flow)
			}
			x += w + gap
		}
		text, inks := s.text, fynetheme.ColorNamePlaceHolder
		if s.over >= 0 && s.over < len(s.blocks) {
			b := s.blocks[s.over]
			text, inks = b.Words[0], fynetheme.ColorNameForeground
			for _, more := range b.Words[1:] {
				if more != "" {
					text += "   " + more
				}
			}
		}
		t := canvas.NewText("", color.Transparent)
		write(t, s, text, caption, inks)
		placeText(t, 0, tall+bar+gap, size.Width, line())
		p.objects = append(p.objects, t)
		canvas.Refresh(s)
	}
	var laid fyne.Size
	p.layout = func(size fyne.Size) {
		if size != laid {
			laid = size
			p.refresh()
		}
	}
	p.refresh()
	return p
}

// faded is a colour that steps back.
func faded(c color.Color) color.Color {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	n.A = 0xb0
	return n
}
