package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// RailButton leads to a page: an icon with a word beneath, and a bar of the accent at its left while its page is seen.
type RailButton struct {
	widget.BaseWidget
	OnTapped func()

	icon                       fyne.Resource
	word                       string
	selected, hovered, focused bool
}

// NewRailButton returns a button with an icon that follows the theme, as theme.Icon gives it.
func NewRailButton(icon fyne.Resource, word string, tapped func()) *RailButton {
	b := &RailButton{icon: icon, word: word, OnTapped: tapped}
	b.ExtendBaseWidget(b)
	return b
}

// Selected reports whether the button's page is seen.
func (b *RailButton) Selected() bool { return b.selected }

// SetSelected marks the button as the one whose page is seen.
func (b *RailButton) SetSelected(yes bool) {
	if yes != b.selected {
		b.selected = yes
		b.Refresh()
	}
}

func (b *RailButton) tap() {
	if b.OnTapped != nil {
		b.OnTapped()
	}
}

func (b *RailButton) Tapped(*fyne.PointEvent)                { b.tap() }
func (b *RailButton) MouseIn(*desktop.MouseEvent)            { b.hovered = true; b.Refresh() }
func (b *RailButton) MouseMoved(*desktop.MouseEvent)         {}
func (b *RailButton) MouseOut()                              { b.hovered = false; b.Refresh() }
func (b *RailButton) FocusGained()                           { b.focused = true; b.Refresh() }
func (b *RailButton) FocusLost()                             { b.focused = false; b.Refresh() }
func (b *RailButton) TypedRune(rune)                         {}
func (b *RailButton) AccessibilityLabel() string             { return b.word }
func (b *RailButton) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }
func (b *RailButton) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeySpace || e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter {
		b.tap()
	}
}

func (b *RailButton) CreateRenderer() fyne.WidgetRenderer {
	back, bar := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	icon, word := widget.NewIcon(b.icon), canvas.NewText("", color.Transparent)
	word.Alignment = fyne.TextAlignCenter
	side := func() float32 { return b.Theme().Size(fynetheme.SizeNameInlineIcon) + grid/2 }
	p := &parts{objects: []fyne.CanvasObject{back, bar, icon, word}}
	p.min = func() fyne.Size {
		line := textHeight(b, fynetheme.SizeNameCaptionText)
		return fyne.NewSize(fyne.Max(9*grid, onGrid(textWidth(b, b.word, fynetheme.SizeNameCaptionText)+2*grid)), onGrid(grid+side()+line+grid))
	}
	p.layout = func(size fyne.Size) {
		line := textHeight(b, fynetheme.SizeNameCaptionText)
		top := (size.Height - side() - line - grid/4) / 2
		place(back, 0, 0, size.Width, size.Height)
		place(bar, 0, grid, 3, size.Height-2*grid)
		place(icon, (size.Width-side())/2, top, side(), side())
		place(word, 0, top+side()+grid/4, size.Width, line)
	}
	p.refresh = func() {
		ink := fynetheme.ColorNamePlaceHolder
		if b.selected {
			ink = fynetheme.ColorNameForeground
		}
		write(word, b, b.word, fynetheme.SizeNameCaptionText, ink)
		icon.SetResource(fynetheme.NewColoredResource(b.icon, ink))
		bar.Hidden = !b.selected
		fill(bar, b, fynetheme.ColorNamePrimary, 1.5)
		switch radius := b.Theme().Size(fynetheme.SizeNameButtonRadius); {
		case b.focused:
			fill(back, b, fynetheme.ColorNameFocus, radius)
		case b.selected:
			fill(back, b, fynetheme.ColorNameSelection, radius)
		default:
			fill(back, b, fynetheme.ColorNameHover, radius)
		}
		back.Hidden = !b.focused && !b.selected && !b.hovered
		p.layout(b.Size())
	}
	p.refresh()
	return p
}
