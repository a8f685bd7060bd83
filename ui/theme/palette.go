package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Colours of our own, beside Fyne's.
const (
	ColorNamePicture    fyne.ThemeColorName = "sieve.picture"    // what pictures lie on: grey, so that their colours are judged truly
	ColorNameTraining   fyne.ThemeColorName = "sieve.training"   // a chart's line for what is learned from
	ColorNameValidation fyne.ThemeColorName = "sieve.validation" // … for what is held back
	ColorNameThird      fyne.ThemeColorName = "sieve.third"      // … for one line more
	ColorNameFourth     fyne.ThemeColorName = "sieve.fourth"     // … and more, in a chart of many runs
	ColorNameFifth      fyne.ThemeColorName = "sieve.fifth"
	ColorNameSixth      fyne.ThemeColorName = "sieve.sixth"
	ColorNamePlot       fyne.ThemeColorName = "sieve.plot"   // what the lines of a chart are drawn on
	ColorNameGrid       fyne.ThemeColorName = "sieve.grid"   // a chart's grid
	ColorNameMarker     fyne.ThemeColorName = "sieve.marker" // a chart's marks and hairline
)

// Lines are the colours of the lines in a chart of many, in the order in which they are used.
var Lines = [...]fyne.ThemeColorName{ColorNameTraining, ColorNameValidation, ColorNameThird, ColorNameFourth, ColorNameFifth, ColorNameSixth}

type palette map[fyne.ThemeColorName]color.NRGBA

func grey(v uint8) color.NRGBA { return color.NRGBA{v, v, v, 255} }

func black(alpha uint8) color.NRGBA { return color.NRGBA{0, 0, 0, alpha} }

func white(alpha uint8) color.NRGBA { return color.NRGBA{255, 255, 255, alpha} }

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

func veil(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}

// The lines of a chart take their hues from Okabe and Ito's palette for colour-blind readers (Color Universal
// Design, 2008): blue, vermilion or orange, bluish green. The accent is its blue.

func light() palette {
	accent := rgb(0x006ba6)
	return palette{
		theme.ColorNameBackground:          grey(0xf4),
		theme.ColorNameForeground:          grey(0x1f),
		theme.ColorNamePlaceHolder:         grey(0x5c),
		theme.ColorNameDisabled:            grey(0x8c),
		theme.ColorNameButton:              grey(0xe4),
		theme.ColorNameDisabledButton:      grey(0xec),
		theme.ColorNameInputBackground:     grey(0xff),
		theme.ColorNameInputBorder:         grey(0x8a),
		theme.ColorNameHeaderBackground:    grey(0xec),
		theme.ColorNameMenuBackground:      grey(0xff),
		theme.ColorNameOverlayBackground:   grey(0xff),
		theme.ColorNameSeparator:           grey(0xd8),
		theme.ColorNameScrollBar:           black(0x73),
		theme.ColorNameScrollBarBackground: grey(0xe4),
		theme.ColorNameShadow:              black(0x2e),
		theme.ColorNameHover:               black(0x0d),
		theme.ColorNamePressed:             black(0x1f),

		theme.ColorNameInnerWindowBorder:         grey(0xff),
		theme.ColorNameInnerWindowBorderInactive: grey(0xec),

		theme.ColorNamePrimary:             accent,
		theme.ColorNameHyperlink:           accent,
		theme.ColorNameForegroundOnPrimary: grey(0xff),
		theme.ColorNameFocus:               veil(accent, 0x40),
		theme.ColorNameSelection:           veil(accent, 0x2e),

		theme.ColorNameError:               rgb(0xb3261e),
		theme.ColorNameForegroundOnError:   grey(0xff),
		theme.ColorNameWarning:             rgb(0x8a5300),
		theme.ColorNameForegroundOnWarning: grey(0xff),
		theme.ColorNameSuccess:             rgb(0x1a6e38),
		theme.ColorNameForegroundOnSuccess: grey(0xff),

		ColorNamePicture:    grey(0xc8),
		ColorNameTraining:   accent,
		ColorNameValidation: rgb(0xd55e00),
		ColorNameThird:      rgb(0x008562),
		ColorNameFourth:     rgb(0xa8477f),
		ColorNameFifth:      rgb(0x8a6d00),
		ColorNameSixth:      rgb(0x3f2a8c),
		ColorNamePlot:       grey(0xff),
		ColorNameGrid:       grey(0xe6),
		ColorNameMarker:     grey(0x5c),
	}
}

func dark() palette {
	accent := rgb(0x56b4e9)
	return palette{
		theme.ColorNameBackground:          grey(0x1e),
		theme.ColorNameForeground:          grey(0xec),
		theme.ColorNamePlaceHolder:         grey(0xa6),
		theme.ColorNameDisabled:            grey(0x74),
		theme.ColorNameButton:              grey(0x36),
		theme.ColorNameDisabledButton:      grey(0x2a),
		theme.ColorNameInputBackground:     grey(0x14),
		theme.ColorNameInputBorder:         grey(0x74),
		theme.ColorNameHeaderBackground:    grey(0x28),
		theme.ColorNameMenuBackground:      grey(0x2a),
		theme.ColorNameOverlayBackground:   grey(0x2a),
		theme.ColorNameSeparator:           grey(0x38),
		theme.ColorNameScrollBar:           white(0x73),
		theme.ColorNameScrollBarBackground: grey(0x28),
		theme.ColorNameShadow:              black(0x80),
		theme.ColorNameHover:               white(0x12),
		theme.ColorNamePressed:             white(0x2e),

		theme.ColorNameInnerWindowBorder:         grey(0x2a),
		theme.ColorNameInnerWindowBorderInactive: grey(0x1e),

		theme.ColorNamePrimary:             accent,
		theme.ColorNameHyperlink:           accent,
		theme.ColorNameForegroundOnPrimary: grey(0x10),
		theme.ColorNameFocus:               veil(accent, 0x55),
		theme.ColorNameSelection:           veil(accent, 0x3c),

		theme.ColorNameError:               rgb(0xff8a80),
		theme.ColorNameForegroundOnError:   grey(0x10),
		theme.ColorNameWarning:             rgb(0xffb74d),
		theme.ColorNameForegroundOnWarning: grey(0x10),
		theme.ColorNameSuccess:             rgb(0x7bd39b),
		theme.ColorNameForegroundOnSuccess: grey(0x10),

		ColorNamePicture:    grey(0x30),
		ColorNameTraining:   accent,
		ColorNameValidation: rgb(0xe69f00),
		ColorNameThird:      rgb(0x3cb371),
		ColorNameFourth:     rgb(0xe08bc0),
		ColorNameFifth:      rgb(0xe0c341),
		ColorNameSixth:      rgb(0xa79bf0),
		ColorNamePlot:       grey(0x14),
		ColorNameGrid:       grey(0x2c),
		ColorNameMarker:     grey(0xa6),
	}
}
