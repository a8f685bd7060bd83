// Package theme is how Sieve looks: two palettes of neutral greys with one accent, three sizes of type and
// an 8-pixel grid. It knows nothing of what the window shows.
package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Variant says which palette is used.
type Variant int

const (
	System Variant = iota // as the desktop says, followed while running
	Light
	Dark
)

// Options are what a person can choose about the looks.
type Options struct {
	Variant   Variant
	Projector bool // large type and thick lines, to be read from the last row
}

// Sizes of our own, beside Fyne's, in device-independent pixels.
const (
	SizeNameLine  fyne.ThemeSizeName = "sieve.line"  // thickness of a line in a chart
	SizeNameTrack fyne.ThemeSizeName = "sieve.track" // thickness of a slider's track and of a progress bar
)

// New returns the theme that o asks for. It falls back to Fyne's own for the names it does not set.
func New(o Options) fyne.Theme {
	t := look{base: theme.DefaultTheme(), variant: o.Variant, light: light(), dark: dark(), sizes: sizes(), icons: icons()}
	if o.Projector {
		t.sizes = projected(t.sizes)
	}
	return t
}

type look struct {
	base        fyne.Theme
	variant     Variant
	light, dark palette
	sizes       map[fyne.ThemeSizeName]float32
	icons       map[fyne.ThemeIconName]fyne.Resource
}

func (t look) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	switch t.variant {
	case Light:
		v = theme.VariantLight
	case Dark:
		v = theme.VariantDark
	}
	colors := t.dark
	if v == theme.VariantLight {
		colors = t.light
	}
	if c, ok := colors[name]; ok {
		return c
	}
	return t.base.Color(name, v)
}

func (t look) Size(name fyne.ThemeSizeName) float32 {
	if s, ok := t.sizes[name]; ok {
		return s
	}
	return t.base.Size(name)
}

func (t look) Icon(name fyne.ThemeIconName) fyne.Resource {
	if r, ok := t.icons[name]; ok {
		return r
	}
	return t.base.Icon(name)
}

// Font is Fyne's: all ten figures of Noto Sans are equally wide, so numbers stand still as they change.
func (t look) Font(s fyne.TextStyle) fyne.Resource { return t.base.Font(s) }

func sizes() map[fyne.ThemeSizeName]float32 {
	return map[fyne.ThemeSizeName]float32{
		theme.SizeNameCaptionText:    12,
		theme.SizeNameText:           14,
		theme.SizeNameSubHeadingText: 18,
		theme.SizeNameHeadingText:    18,

		theme.SizeNamePadding:      8,
		theme.SizeNameInnerPadding: 8,
		theme.SizeNameLineSpacing:  4,
		theme.SizeNameInlineIcon:   20,

		theme.SizeNameSeparatorThickness: 1,
		theme.SizeNameSplitThickness:     8,
		theme.SizeNameInputBorder:        1,
		theme.SizeNameScrollBar:          12,
		theme.SizeNameScrollBarSmall:     4,

		theme.SizeNameInputRadius:     4,
		theme.SizeNameButtonRadius:    4,
		theme.SizeNameSelectionRadius: 4,
		theme.SizeNameCardRadius:      4,
		theme.SizeNamePopupRadius:     4,
		theme.SizeNameMenuRadius:      4,
		theme.SizeNameDialogRadius:    8,

		SizeNameLine:  1.5,
		SizeNameTrack: 4,
	}
}

// projected enlarges what is read and what is hit; the gaps of the grid stay, so the pictures keep their room.
func projected(s map[fyne.ThemeSizeName]float32) map[fyne.ThemeSizeName]float32 {
	for name, size := range map[fyne.ThemeSizeName]float32{
		theme.SizeNameCaptionText:        17,
		theme.SizeNameText:               20,
		theme.SizeNameSubHeadingText:     26,
		theme.SizeNameHeadingText:        26,
		theme.SizeNameInlineIcon:         28,
		theme.SizeNameSeparatorThickness: 2,
		theme.SizeNameInputBorder:        2,
		theme.SizeNameScrollBar:          16,
		theme.SizeNameScrollBarSmall:     8,
		SizeNameLine:                     3,
		SizeNameTrack:                    8,
	} {
		s[name] = size
	}
	return s
}
