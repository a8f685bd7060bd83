package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"sieve/ui/theme"
)

// CardMark is what the mark of a card says.
type CardMark int

const (
	CardPlain CardMark = iota
	CardRight
	CardClose
	CardWrong
)

// Card is something to choose: a title, a line or two beneath it, and a mark at its right end.
type Card struct {
	widget.DisableableWidget
	OnTapped func()

	title, text        string
	swatch             fyne.ThemeColorName // of a line in a chart, drawn before the title; "" for none
	mark               CardMark
	selected, strong   bool // strong: the title is bold
	hovered, focused   bool
	titles, lines      []string
	width, size, small float32 // for which lines are broken, and the sizes of letters
}

// NewCard returns a card that calls tapped; nil makes it one to be read only.
func NewCard(title, text string, tapped func()) *Card {
	c := &Card{title: title, text: text, OnTapped: tapped}
	c.ExtendBaseWidget(c)
	return c
}

// Strong makes the title bold, and returns the card.
func (c *Card) Strong() *Card {
	c.strong = true
	return c
}

// SetText changes what stands beneath the title.
func (c *Card) SetText(text string) {
	if text != c.text {
		c.text, c.width = text, 0
		c.Refresh()
	}
}

// SetSwatch draws a line of that colour before the title.
func (c *Card) SetSwatch(name fyne.ThemeColorName) { c.swatch = name }

// SetSelected marks the card as the one that is chosen.
func (c *Card) SetSelected(yes bool) {
	if yes != c.selected {
		c.selected = yes
		c.Refresh()
	}
}

// SetMark shows a mark at the right end.
func (c *Card) SetMark(m CardMark) {
	if m != c.mark {
		c.mark = m
		c.Refresh()
	}
}

func (c *Card) tap() {
	if c.OnTapped != nil && !c.Disabled() {
		c.OnTapped()
	}
}

func (c *Card) Tapped(*fyne.PointEvent) {
	if canvas := fyne.CurrentApp().Driver().CanvasForObject(c); canvas != nil && c.OnTapped != nil && !c.Disabled() {
		canvas.Focus(c)
	}
	c.tap()
}
func (c *Card) MouseIn(*desktop.MouseEvent)            { c.hovered = true; c.Refresh() }
func (c *Card) MouseMoved(*desktop.MouseEvent)         {}
func (c *Card) MouseOut()                              { c.hovered = false; c.Refresh() }
func (c *Card) FocusGained()                           { c.focused = true; c.Refresh() }
func (c *Card) FocusLost()                             { c.focused = false; c.Refresh() }
func (c *Card) TypedRune(r rune)                       { passRune(c, r) }
func (c *Card) AccessibilityLabel() string             { return c.title }
func (c *Card) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }
func (c *Card) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		c.tap()
	default:
		passKey(c, e)
	}
}

// inner is where the words of a card begin, and how wide the mark at its end is.
const cardInner, cardMark = grid, 3 * grid

func (c *Card) flow(width float32) {
	if width <= 0 {
		width = usualWidth
	}
	text, caption := fynetheme.SizeForWidget(fynetheme.SizeNameText, c), fynetheme.SizeForWidget(fynetheme.SizeNameCaptionText, c)
	if width == c.width && text == c.size && caption == c.small {
		return
	}
	c.width, c.size, c.small = width, text, caption
	room := width - 2*cardInner - cardMark
	if c.swatch != "" {
		room -= 3 * grid
	}
	c.titles, c.lines = wrapIn(c.title, room, text, fyne.TextStyle{Bold: c.strong}), wrap(c.text, room, caption)
}

func (c *Card) CreateRenderer() fyne.WidgetRenderer {
	back, swatch, mark := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent), widget.NewIcon(nil)
	r := &parts{}
	rows := func() (title, line float32) {
		return textHeight(c, fynetheme.SizeNameText), textHeight(c, fynetheme.SizeNameCaptionText)
	}
	r.min = func() fyne.Size {
		c.flow(c.Size().Width)
		title, line := rows()
		return fyne.NewSize(0, onGrid(title*float32(len(c.titles))+line*float32(len(c.lines))+1.5*grid))
	}
	r.refresh = func() {
		c.flow(c.Size().Width)
		size := c.Size()
		title, line := rows()
		r.objects = []fyne.CanvasObject{back}
		outline(back, c, fynetheme.ColorNameSeparator, 1)
		back.CornerRadius = c.Theme().Size(fynetheme.SizeNameInputRadius)
		fillOf := fynetheme.ColorNameInputBackground
		switch {
		case c.focused && c.OnTapped != nil:
			fillOf = fynetheme.ColorNameFocus
		case c.selected:
			fillOf = fynetheme.ColorNameSelection
		case c.hovered && c.OnTapped != nil && !c.Disabled():
			fillOf = fynetheme.ColorNameHover
		}
		back.FillColor = c.Theme().Color(fillOf, fyne.CurrentApp().Settings().ThemeVariant())
		if c.selected {
			outline(back, c, fynetheme.ColorNamePrimary, 1)
		}
		place(back, 0, 0, size.Width, size.Height)
		x := float32(cardInner)
		y := (size.Height - title*float32(len(c.titles)) - line*float32(len(c.lines))) / 2
		if c.swatch != "" {
			thick := c.Theme().Size(theme.SizeNameLine) * 2
			fill(swatch, c, c.swatch, 1)
			place(swatch, x, y+(title-thick)/2, 2*grid, thick)
			r.objects = append(r.objects, swatch)
			x += 3 * grid
		}
		add := func(text string, name fyne.ThemeSizeName, ink fyne.ThemeColorName, bold bool, high float32) {
			t := canvas.NewText("", color.Transparent)
			t.TextStyle.Bold = bold
			write(t, c, text, name, ink)
			placeText(t, x, y, size.Width-x-cardInner-cardMark, high)
			r.objects = append(r.objects, t)
			y += high
		}
		ink := fynetheme.ColorNameForeground
		if c.Disabled() && !c.selected && c.mark == CardPlain {
			ink = fynetheme.ColorNamePlaceHolder
		}
		for _, text := range c.titles {
			add(text, fynetheme.SizeNameText, ink, c.strong, title)
		}
		for _, text := range c.lines {
			add(text, fynetheme.SizeNameCaptionText, fynetheme.ColorNamePlaceHolder, false, line)
		}
		if icon := c.markIcon(); icon != nil {
			side := c.Theme().Size(fynetheme.SizeNameInlineIcon)
			mark.SetResource(icon)
			place(mark, size.Width-cardInner-side, (size.Height-side)/2, side, side)
			r.objects = append(r.objects, mark)
		}
		canvas.Refresh(c)
	}
	var laid fyne.Size
	r.layout = func(size fyne.Size) {
		if size != laid {
			laid = size
			r.refresh()
		}
	}
	r.refresh()
	return r
}

func (c *Card) markIcon() fyne.Resource {
	switch c.mark {
	case CardRight:
		return fynetheme.NewColoredResource(fynetheme.ConfirmIcon(), fynetheme.ColorNameSuccess)
	case CardClose:
		return fynetheme.NewColoredResource(fynetheme.ConfirmIcon(), fynetheme.ColorNameWarning)
	case CardWrong:
		return fynetheme.NewColoredResource(fynetheme.CancelIcon(), fynetheme.ColorNameError)
	}
	return nil
}
