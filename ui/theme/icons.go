package theme

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Icons of our own, beside Fyne's, drawn on the same 24×24 grid.
const (
	IconNameDenoise fyne.ThemeIconName = "sieve.denoise" // grains that become a clear picture
	IconNameTrain   fyne.ThemeIconName = "sieve.train"   // a loss that falls
)

func icons() map[fyne.ThemeIconName]fyne.Resource {
	drawn := func(name, shapes string) fyne.Resource {
		svg := `<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">` + shapes + `</svg>`
		return theme.NewThemedResource(fyne.NewStaticResource(name+".svg", []byte(svg)))
	}
	return map[fyne.ThemeIconName]fyne.Resource{
		IconNameDenoise: drawn("denoise",
			`<circle cx="5" cy="6" r="1.4"/><circle cx="9" cy="9" r="1.1"/><circle cx="4.5" cy="11" r="1"/>`+
				`<circle cx="8" cy="13.5" r="1.4"/><circle cx="4.5" cy="16.5" r="1.3"/><circle cx="8.5" cy="18.5" r="1"/>`+
				`<circle cx="9.5" cy="4.5" r="1"/>`+
				`<path d="M12 3h7c1.1 0 2 .9 2 2v14c0 1.1-.9 2-2 2h-7v-2h7v-3l-3-4-4 4.5V3zm2 2v7l2.2-2.6L19 12.6V5h-5z"/>`),
		IconNameTrain: drawn("train",
			`<path d="M3 3h2v16h16v2H3z"/>`+
				`<path d="M7 5h2c.5 5.500 2.500 9 12 9.500v2C10.500 16 7.400 11.500 7 5z"/>`),
	}
}
