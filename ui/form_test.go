package ui

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"

	"sieve/assets"
)

// TestTheFormFitsItsColumn opens the page Train in each language: no label and no value of a setting is cut.
func TestTheFormFitsItsColumn(t *testing.T) {
	speak := func() {
		files, dir := assets.Translations()
		if err := lang.AddTranslationsFS(files, dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(speak) // when the variables are what they were
	steps := map[string]string{"en_GB": "Steps", "de_DE": "Schritte", "fr_FR": "Itérations"}
	for language, word := range steps {
		for _, name := range []string{"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"} {
			t.Setenv(name, language+".UTF-8")
		}
		speak()
		if lang.L("Steps") != word {
			t.Fatalf("in %s it says %q, want %q", language, lang.L("Steps"), word)
		}
		s := newStage(t, "")
		th := s.app.Settings().Theme()
		measure := func(text string) float32 {
			return fyne.MeasureText(text, th.Size(fynetheme.SizeNameText), fyne.TextStyle{}).Width
		}
		const wide = settingsWide - 2*margin
		// What Fyne's Select leaves of its width for the text.
		pad, inner := th.Size(fynetheme.SizeNamePadding), th.Size(fynetheme.SizeNameInnerPadding)
		around := th.Size(fynetheme.SizeNameInlineIcon) + 3*inner - pad
		fits := func(c *choice, width float32) {
			for _, option := range c.Options {
				if over := measure(option) + around - width; over > 0 {
					t.Errorf("%s: the choice %q is %.1f too wide", language, option, over)
				}
			}
		}
		twin := s.train.twin
		fields := map[string]fyne.CanvasObject{"twin's latent": twin.latent, "twin's seed": twin.seed, "twin's loss": twin.loss, "twin's noise": twin.noise}
		for _, r := range s.train.form.rows {
			if o, ok := r.field.(fyne.CanvasObject); ok {
				fields[r.name] = o
			}
			if c, ok := r.target.(*choice); ok {
				fits(c, wide/2)
			}
		}
		for name, o := range fields {
			if over := o.MinSize().Width - wide; over > 0 {
				t.Errorf("%s: the setting %s is %.1f too wide", language, name, over)
			}
		}
		for _, c := range []*choice{s.train.preset, s.train.data, s.train.twin.by} {
			fits(c, wide)
		}
	}
}
