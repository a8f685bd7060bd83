package theme

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// linear is a colour in linear light, 0 to 1.
type linear [3]float64

func linearOf(c color.Color) linear {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	var l linear
	for i, v := range []uint8{n.R, n.G, n.B} {
		f := float64(v) / 255
		if f <= .04045 {
			l[i] = f / 12.92
		} else {
			l[i] = math.Pow((f+.055)/1.055, 2.4)
		}
	}
	return l
}

func (l linear) luminance() float64 { return .2126*l[0] + .7152*l[1] + .0722*l[2] }

// contrast is the ratio of WCAG 2.2, 1 to 21.
func contrast(a, b color.Color) float64 {
	x, y := linearOf(a).luminance(), linearOf(b).luminance()
	return (max(x, y) + .05) / (min(x, y) + .05)
}

func variants() map[string]fyne.Theme {
	return map[string]fyne.Theme{"light": New(Options{Variant: Light}), "dark": New(Options{Variant: Dark})}
}

func TestContrastIsEnoughToRead(t *testing.T) {
	const text, shape = 4.5, 3 // WCAG 2.2, criteria 1.4.3 and 1.4.11
	for name, th := range variants() {
		for _, c := range []struct {
			ink, ground fyne.ThemeColorName
			least       float64
		}{
			{theme.ColorNameForeground, theme.ColorNameBackground, text},
			{theme.ColorNameForeground, theme.ColorNameButton, text},
			{theme.ColorNameForeground, theme.ColorNameInputBackground, text},
			{theme.ColorNameForeground, theme.ColorNameOverlayBackground, text},
			{theme.ColorNameForeground, theme.ColorNameHeaderBackground, text},
			{theme.ColorNamePlaceHolder, theme.ColorNameBackground, text},
			{theme.ColorNamePlaceHolder, theme.ColorNameButton, text},
			{theme.ColorNamePlaceHolder, theme.ColorNameInputBackground, text},
			{theme.ColorNamePlaceHolder, ColorNamePlot, text},
			{theme.ColorNamePrimary, theme.ColorNameBackground, text},
			{theme.ColorNameHyperlink, theme.ColorNameOverlayBackground, text},
			{theme.ColorNameForegroundOnPrimary, theme.ColorNamePrimary, text},
			{theme.ColorNameError, theme.ColorNameBackground, text},
			{theme.ColorNameError, ColorNamePlot, text},
			{theme.ColorNameForegroundOnError, theme.ColorNameError, text},
			{theme.ColorNameWarning, theme.ColorNameBackground, text},
			{theme.ColorNameForegroundOnWarning, theme.ColorNameWarning, text},
			{theme.ColorNameSuccess, theme.ColorNameBackground, text},
			{theme.ColorNameForegroundOnSuccess, theme.ColorNameSuccess, text},
			{ColorNameMarker, ColorNamePlot, text}, // its words are in the same colour
			{theme.ColorNameInputBorder, theme.ColorNameBackground, shape},
			{theme.ColorNameInputBorder, theme.ColorNameInputBackground, shape},
			{theme.ColorNameDisabled, theme.ColorNameBackground, shape},
			{ColorNameTraining, ColorNamePlot, shape},
			{ColorNameValidation, ColorNamePlot, shape},
			{ColorNameThird, ColorNamePlot, shape},
			{ColorNameFourth, ColorNamePlot, shape}, {ColorNameFifth, ColorNamePlot, shape}, {ColorNameSixth, ColorNamePlot, shape},
		} {
			if got := contrast(th.Color(c.ink, theme.VariantLight), th.Color(c.ground, theme.VariantLight)); got < c.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want %v", name, c.ink, c.ground, got, c.least)
			}
		}
	}
}

func TestGreysHaveNoTint(t *testing.T) {
	coloured := map[fyne.ThemeColorName]bool{
		theme.ColorNamePrimary: true, theme.ColorNameHyperlink: true, theme.ColorNameFocus: true, theme.ColorNameSelection: true,
		theme.ColorNameError: true, theme.ColorNameWarning: true, theme.ColorNameSuccess: true,
		ColorNameTraining: true, ColorNameValidation: true, ColorNameThird: true,
		ColorNameFourth: true, ColorNameFifth: true, ColorNameSixth: true,
	}
	for name, p := range map[string]palette{"light": light(), "dark": dark()} {
		for n, c := range p {
			if grey := c.R == c.G && c.G == c.B; grey == coloured[n] {
				t.Errorf("%s: %s is %v", name, n, c)
			}
		}
		accent := p[theme.ColorNamePrimary]
		for _, n := range []fyne.ThemeColorName{theme.ColorNameHyperlink, theme.ColorNameFocus, theme.ColorNameSelection, ColorNameTraining} {
			if c := p[n]; c.R != accent.R || c.G != accent.G || c.B != accent.B {
				t.Errorf("%s: %s is %v, the one accent is %v", name, n, c, accent)
			}
		}
	}
}

func TestBothPalettesNameTheSameColours(t *testing.T) {
	l, d := light(), dark()
	for n := range l {
		if _, ok := d[n]; !ok {
			t.Errorf("%s is not in the dark palette", n)
		}
	}
	if len(l) != len(d) {
		t.Errorf("%d colours light, %d dark", len(l), len(d))
	}
}

// seen is a colour as people see it who lack one kind of cone (Machado, Oliveira and Fernandes, A physiologically-based
// model for simulation of color vision deficiency, IEEE TVCG 2009, table 1, severity 1).
func (l linear) seen(m [9]float64) linear {
	var s linear
	for i := range s {
		s[i] = min(max(m[3*i]*l[0]+m[3*i+1]*l[1]+m[3*i+2]*l[2], 0), 1)
	}
	return s
}

// lab is CIELAB under D65.
func (l linear) lab() [3]float64 {
	f := func(v float64) float64 {
		if v > 216./24389 {
			return math.Cbrt(v)
		}
		return (24389./27*v + 16) / 116
	}
	x := f((.4124*l[0] + .3576*l[1] + .1805*l[2]) / .9505)
	y := f(l.luminance())
	z := f((.0193*l[0] + .1192*l[1] + .9505*l[2]) / 1.089)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func TestColourBlindReadersTellTheLinesApart(t *testing.T) {
	lines := []fyne.ThemeColorName{ColorNameTraining, ColorNameValidation, ColorNameThird}
	for eye, m := range map[string][9]float64{
		"all cones":     {1, 0, 0, 0, 1, 0, 0, 0, 1},
		"no long cones": {.152286, 1.052583, -.204868, .114503, .786281, .099216, -.003882, -.048116, 1.051998},
		"no middle":     {.367322, .860646, -.227968, .280085, .672501, .047413, -.011820, .042940, .968881},
		"no short":      {1.255528, -.076749, -.178779, -.078411, .930809, .147602, .004733, .691367, .303900},
	} {
		for name, th := range variants() {
			for i, a := range lines {
				for _, b := range lines[:i] {
					p := linearOf(th.Color(a, theme.VariantLight)).seen(m).lab()
					q := linearOf(th.Color(b, theme.VariantLight)).seen(m).lab()
					// Ten times what is just noticed side by side; the first two lines are in one chart and keep twice that.
					least := 10.
					if a == ColorNameValidation {
						least = 20
					}
					if d := math.Sqrt((p[0]-q[0])*(p[0]-q[0]) + (p[1]-q[1])*(p[1]-q[1]) + (p[2]-q[2])*(p[2]-q[2])); d < least {
						t.Errorf("%s, %s: %s and %s are %.1f apart, want %v", name, eye, a, b, d, least)
					}
				}
			}
		}
	}
}

func TestVariants(t *testing.T) {
	for _, c := range []struct {
		o    Options
		v    fyne.ThemeVariant
		want color.NRGBA
	}{
		{Options{}, theme.VariantLight, light()[theme.ColorNameBackground]},
		{Options{}, theme.VariantDark, dark()[theme.ColorNameBackground]},
		{Options{Variant: Light}, theme.VariantDark, light()[theme.ColorNameBackground]},
		{Options{Variant: Dark}, theme.VariantLight, dark()[theme.ColorNameBackground]},
	} {
		if got := New(c.o).Color(theme.ColorNameBackground, c.v); got != c.want {
			t.Errorf("%+v on a desktop of variant %d has a background of %v, want %v", c.o, c.v, got, c.want)
		}
	}
}

func TestFiguresAreTabular(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(New(Options{}))
	for _, style := range []fyne.TextStyle{{}, {Bold: true}} {
		want := fyne.MeasureText("0000000000", 140, style).Width
		for _, r := range "123456789" {
			ten := ""
			for range 10 {
				ten += string(r)
			}
			if got := fyne.MeasureText(ten, 140, style).Width; got != want {
				t.Errorf("ten times %c is %v wide, ten times 0 %v", r, got, want)
			}
		}
	}
}

func TestProjectorIsLargerAndThicker(t *testing.T) {
	desk, wall := New(Options{}), New(Options{Projector: true})
	for _, n := range []fyne.ThemeSizeName{theme.SizeNameCaptionText, theme.SizeNameText, theme.SizeNameHeadingText, theme.SizeNameInlineIcon, SizeNameLine, SizeNameTrack} {
		if a, b := desk.Size(n), wall.Size(n); b < 1.3*a {
			t.Errorf("%s is %v at the desk and %v on the wall", n, a, b)
		}
	}
}

func TestThreeSizesOfTypeOnAGridOfEight(t *testing.T) {
	for _, th := range []fyne.Theme{New(Options{}), New(Options{Projector: true})} {
		types := map[float32]bool{}
		for _, n := range []fyne.ThemeSizeName{theme.SizeNameCaptionText, theme.SizeNameText, theme.SizeNameSubHeadingText, theme.SizeNameHeadingText} {
			types[th.Size(n)] = true
		}
		if len(types) != 3 {
			t.Errorf("%d sizes of type, want 3: %v", len(types), types)
		}
		for _, n := range []fyne.ThemeSizeName{theme.SizeNamePadding, theme.SizeNameInnerPadding} {
			if s := th.Size(n); math.Mod(float64(s), 8) != 0 {
				t.Errorf("%s is %v, not on the grid of 8", n, s)
			}
		}
	}
}

func TestIconsAreDrawn(t *testing.T) {
	a := test.NewTempApp(t)
	a.Settings().SetTheme(New(Options{Variant: Light}))
	for _, n := range []fyne.ThemeIconName{IconNameDenoise, IconNameTrain, IconNameCompress, theme.IconNameHome} {
		r := a.Settings().Theme().Icon(n)
		if r == nil || len(r.Content()) == 0 {
			t.Errorf("%s is not drawn", n)
		}
	}
}
