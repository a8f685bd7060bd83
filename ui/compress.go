package ui

// This file is the page Compress: the picture as a file, beside JPEG and WebP of as many
// bytes.

import (
	"fmt"
	"image"
	"math"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/imageio"
	"sieve/ui/session"
	"sieve/ui/theme"
	"sieve/ui/widget"
)

// A compressPage is the settings of the page Compress.
type compressPage struct {
	w        *window
	settings fyne.CanvasObject

	turning *turning
	by      *widget.Segmented // quality or size
	quality *widget.LabeledSlider
	size    *widget.NumberEntry
	effort  *widget.LabeledSlider
	arrived *widget.Segmented
	facts   *widget.Facts
	verdict *widget.Note
	all     *fynewidget.Button
	every   *widget.Hint // with all
	save    *fynewidget.Button
	export  *fynewidget.Button

	rates  *widget.Chart
	curves []session.RateCurve // that are in it
	bits   *widget.Pick        // the original, or where the bits go
	folds  folds
}

// arrivals are the parts of a file that the receiver may have.
var arrivals = [...]float64{0.1, 0.3, 1}

func newCompressPage(w *window) *compressPage {
	p := &compressPage{w: w}
	p.turning = newTurning(w)
	open := fynewidget.NewButtonWithIcon(lang.L("Open…"), fynetheme.FolderOpenIcon(), w.openFile)
	picture := widget.NewSection(lang.L("Picture"),
		widget.NewHint(lang.L("Open a picture, or a .sieve file, or drop it on the window"), "Ctrl+O", open), p.turning.row)

	p.by = widget.NewSegmented(lang.L("By quality"), lang.L("By size"))
	p.by.OnChanged = func(i int) {
		p.change(func(c *session.Compression) {
			if c.Bytes = 0; i == 1 {
				c.Bytes = max(p.w.frame.Press.Sieve.Bytes, 1)
			}
		})
	}
	p.quality = widget.NewLabeledSlider(lang.L("Quality"), "", 0, 100, 0.5, session.DefaultCompression.Quality)
	p.quality.OnChanged = func(v float64) { p.change(func(c *session.Compression) { c.Bytes, c.Quality = 0, v }) }
	p.quality.OnChangeEnded = func(float64) { w.record() }
	p.size = widget.NewNumberEntry(lang.L("Bytes at most"), 1, 1e9, 50000)
	p.size.OnChanged = func(v float64) {
		p.change(func(c *session.Compression) { c.Bytes = int64(v) })
		w.record()
	}
	p.effort = widget.NewLabeledSlider(lang.L("Effort"), "", 0, float64(session.MostEffort), 1, 0)
	p.effort.OnChangeEnded = func(v float64) {
		p.change(func(c *session.Compression) { c.Effort = int(v) })
		w.record()
	}
	file := widget.NewSection(lang.L("File"), p.by, p.quality, p.size,
		widget.NewHint(lang.L("Look longer for a smaller file of this picture. Whoever opens it waits no longer"), "", p.effort))

	p.facts = widget.NewFacts(lang.L("Size"), lang.L("Of the original"), lang.L("Bits a pixel"))
	p.verdict = widget.NewNote("")
	result := widget.NewSection(lang.L("Result"), p.facts, p.verdict)

	var words []string
	for _, part := range arrivals {
		words = append(words, fmt.Sprintf("%.0f %%", 100*part))
	}
	p.arrived = widget.NewSegmented(words...)
	p.arrived.SetSelected(len(arrivals) - 1)
	p.arrived.OnChanged = func(i int) { w.session.SetArrived(arrivals[i]) }
	receiver := widget.NewSection(lang.L("Receiver"),
		widget.NewHint(lang.L("What the other end sees when so much of the file has arrived"), "", p.arrived))

	p.save = fynewidget.NewButtonWithIcon(lang.L("Save the file…"), fynetheme.DocumentSaveIcon(), p.saveFile)
	p.save.Importance = fynewidget.HighImportance
	p.export = fynewidget.NewButtonWithIcon(lang.L("Export as a picture…"), fynetheme.DocumentSaveIcon(), func() { w.savePane(session.PaneResult) })

	p.all = fynewidget.NewButtonWithIcon("", fynetheme.ContentAddIcon(), func() { w.session.QueueAll(session.PageCompress) })
	p.every = widget.NewHint(lang.L("Put all open pictures into the queue, to be compressed with these settings"), "", p.all)
	p.every.Hide()

	form := container.New(column{gap: 2 * grid}, picture, file, result, receiver)
	p.settings = container.NewBorder(nil, container.New(column{}, fynewidget.NewSeparator(), margins(container.New(column{gap: grid}, p.every,
		widget.NewHint(lang.L("Save what the receiver sees as PNG, JPEG or TIFF"), "", p.export),
		widget.NewHint(lang.L("Save the compressed picture"), "Ctrl+S", p.save)))),
		nil, nil, container.NewVScroll(margins(form)))

	p.rates = widget.NewChart()
	p.rates.Plain, p.rates.XName = true, lang.L("Bits a pixel")
	p.rates.Empty = lang.L("The rate and the quality of this picture will be drawn here")
	p.bits = widget.NewPick([]string{lang.L("Picture"), lang.L("Bits")}, func(i int) {
		w.view.bits = i == 1
		w.drawer.look(w.view)
	})

	w.trace.name(control{name: "compress.by", o: p.by})
	w.trace.name(control{name: "compress.quality", o: p.quality})
	w.trace.name(control{name: "compress.size", o: p.size})
	w.trace.name(control{name: "compress.effort", o: p.effort})
	w.trace.name(control{name: "compress.arrived", o: p.arrived})
	w.trace.name(control{name: "compress.save", o: p.save})
	w.trace.name(control{name: "compress.chart", o: p.rates})
	return p
}

// change changes how the picture is compressed.
func (p *compressPage) change(f func(c *session.Compression)) {
	c := p.w.session.State().Press.Want
	f(&c)
	p.w.session.SetCompression(c)
}

// saveFile saves the compressed picture.
func (p *compressPage) saveFile() {
	name := p.w.frame.Picture.Name
	name = strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(name, filepath.Ext(name)), " ", "-"))
	p.w.save(lang.L("Save the compressed picture"), name+imageio.PackedExtension, endings{imageio.PackedExtension}, p.w.session.SaveCompressed)
}

// show writes a state into the controls.
func (p *compressPage) show(f frame) {
	press := f.Press
	c := press.Want
	sized := c.Bytes > 0
	at := 0
	if sized {
		at = 1
		p.size.SetValue(float64(c.Bytes))
	}
	p.by.SetSelected(at)
	visible(p.quality, !sized)
	visible(p.size, sized)
	p.quality.SetValue(c.Quality)
	p.effort.SetValue(float64(c.Effort))
	for i, part := range arrivals {
		if part == press.Arrived {
			p.arrived.SetSelected(i)
		}
	}
	several := p.turning.show(f)
	if several {
		p.all.SetText(lang.L("Compress all {{.Number}}…", map[string]any{"Number": widget.FormatCount(f.Picture.Of)}))
	}
	visible(p.every, several)
	there := press.Result != nil
	enable(p.save, there)
	enable(p.export, there)
	p.facts.Set("", "", "")
	level, text := widget.StatusInfo, ""
	if there {
		_, h, w, _ := press.Original.Dims4()
		bytes := press.Sieve.Bytes
		p.facts.Set(sizeName(bytes), fmt.Sprintf("1 : %.0f", float64(press.Raw)/float64(bytes)), fmt.Sprintf("%.3f", 8*float64(bytes)/float64(h*w)))
		level, text = p.judge(press)
	}
	p.verdict.Say(level, text)
	p.showCurves(press)
	p.folds.settle(p.settings, p.quality, p.size, p.verdict, p.every, p.turning.row)
}

// judge compares with the others.
func (p *compressPage) judge(press session.Press) (widget.Level, string) {
	if press.Pending || press.WebP.Bytes == 0 || press.Arrived < 1 {
		return widget.StatusInfo, ""
	}
	if press.JPEG.None {
		return widget.StatusInfo, lang.L("JPEG cannot be that small: its smallest file of this picture has {{.Bytes}}.", map[string]any{"Bytes": sizeName(press.JPEG.Bytes)})
	}
	return widget.StatusInfo, lang.L("In as many bytes: {{.JPEG}} against JPEG, {{.WebP}} against WebP.", map[string]any{
		"JPEG": fmt.Sprintf("%+.1f dB", press.Sieve.PSNR-press.JPEG.PSNR), "WebP": fmt.Sprintf("%+.1f dB", press.Sieve.PSNR-press.WebP.PSNR),
	})
}

// showCurves draws the curves of the picture, with a mark where it is.
func (p *compressPage) showCurves(press session.Press) {
	names := map[string]string{"sieve": "Sieve", "jpeg": "JPEG", "webp": "WebP"}
	colors := map[string]fyne.ThemeColorName{"sieve": theme.ColorNameTraining, "jpeg": theme.ColorNameValidation, "webp": theme.ColorNameThird}
	if len(p.curves) != len(press.Curves) || len(p.curves) > 0 && &p.curves[0].BPP[0] != &press.Curves[0].BPP[0] {
		p.curves = press.Curves
		var series []widget.Series
		for _, c := range press.Curves {
			series = append(series, widget.Series{Name: names[c.Name], Group: "PSNR", X: c.BPP, Y: c.PSNR, Color: colors[c.Name], Linear: true})
		}
		p.rates.SetSeries(series)
	}
	var marks []widget.Mark
	if press.Result != nil && len(press.Curves) > 0 {
		_, h, w, _ := press.Original.Dims4()
		marks = append(marks, widget.Mark{X: 8 * float64(press.Sieve.Bytes) / float64(h*w), Text: lang.L("this file"), Color: theme.ColorNameMarker})
	}
	p.rates.SetMarks(marks)
}

// sizeName says how large a file is.
func sizeName(bytes int64) string {
	switch {
	case bytes < 1000:
		return lang.L("{{.Count}} bytes", map[string]any{"Count": bytes})
	case bytes < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%.2f MB", float64(bytes)/1e6)
}

// fileFigure says what a file of the picture is.
func fileFigure(f session.FileFacts) string {
	if f.Bytes == 0 {
		return ""
	}
	text := sizeName(f.Bytes) + "   " + quality(f.PSNR, f.SSIM)
	if f.None {
		return text + "   " + lang.L("its smallest")
	}
	return text
}

// drawBits shows where the bits of a file go: the picture in grey, and over it, the hotter
// the more, what each cell of the latent costs.
func drawBits(press session.Press, m imageio.Colormap) *image.RGBA {
	_, h, w, _ := press.Original.Dims4()
	_, rows, cols, _ := press.Bits.Dims4()
	most := 1e-6
	for _, v := range press.Bits.Data {
		most = max(most, float64(v))
	}
	img := imageio.ToRGBA(nil, press.Original)
	for y := range h {
		row := img.Pix[y*img.Stride:]
		for x := range w {
			heat := m.At(float32(math.Sqrt(float64(press.Bits.Data[min(y/press.Cell, rows-1)*cols+min(x/press.Cell, cols-1)]) / most)))
			grey := (299*int(row[4*x]) + 587*int(row[4*x+1]) + 114*int(row[4*x+2])) / 1000
			for k, v := range [3]uint8{heat.R, heat.G, heat.B} {
				row[4*x+k] = uint8((2*int(v) + grey) / 3)
			}
		}
	}
	return img
}
