package theme

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Icons of our own, beside Fyne's, drawn on the same 24×24 grid.
const (
	IconNameDenoise  fyne.ThemeIconName = "sieve.denoise"  // grains that become a clear picture
	IconNameTrain    fyne.ThemeIconName = "sieve.train"    // a loss that falls
	IconNameCompress fyne.ThemeIconName = "sieve.compress" // four corners that are pressed together
	IconNameLessons  fyne.ThemeIconName = "sieve.lessons"  // an open book
	IconNameExplore  fyne.ThemeIconName = "sieve.explore"  // three points, joined, and a hand's dot between them
	IconNameDetect   fyne.ThemeIconName = "sieve.detect"   // nine of a kind, and a glass over the one that is not
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
		IconNameCompress: drawn("compress",
			`<path d="M9 3h2v8H3V9h4.600L3 4.400 4.400 3 9 7.600z"/><path d="M13 3h2v4.600L19.600 3 21 4.400 16.400 9H21v2h-8z"/>`+
				`<path d="M3 13h8v8H9v-4.600L4.400 21 3 19.600 7.600 15H3z"/><path d="M13 13h8v2h-4.600l4.600 4.600-1.400 1.400L15 16.400V21h-2z"/>`),
		IconNameLessons: drawn("lessons",
			`<path d="M3 5c3-1 6-.8 9 1 3-1.800 6-2 9-1v14c-3-1-6-.8-9 1-3-1.800-6-2-9-1V5zm2 1.400v11.100c2-.3 4-.1 6 .7V7.200c-2-.9-4-1.200-6-.8zm14 0c-2-.4-4-.1-6 .8v11c2-.8 4-1 6-.7V6.400z"/>`),
		IconNameExplore: drawn("explore",
			`<path d="M5 4.500a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM19 3a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM12 17a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5z"/>`+
				`<path d="M7 6l10-1.300.2 1.400-10 1.300zM5.600 8.200l5.600 9-1.300.8-5.600-9zM18.200 6.600l1.300.6-5.400 10.700-1.300-.6z"/>`+
				`<circle cx="11.900" cy="10.200" r="1.600"/>`),
		IconNameDetect: drawn("detect",
			`<circle cx="5" cy="5" r="1.800"/><circle cx="11" cy="5" r="1.800"/><circle cx="17" cy="5" r="1.800"/>`+
				`<circle cx="5" cy="11" r="1.800"/><circle cx="5" cy="17" r="1.800"/>`+
				`<path d="M13.500 8.500a5 5 0 1 1 0 10 5 5 0 0 1 0-10zm0 2a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"/>`+
				`<path d="M17 15.600l4.400 4.400-1.400 1.400-4.400-4.400z"/><path d="M12 12h3v3h-3z"/>`),
		IconNameTrain: drawn("train",
			`<path d="M3 3h2v16h16v2H3z"/>`+
				`<path d="M7 5h2c.5 5.500 2.500 9 12 9.500v2C10.500 16 7.400 11.500 7 5z"/>`),
	}
}
