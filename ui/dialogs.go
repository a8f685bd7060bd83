package ui

// This file asks for files and shows what is read at leisure.

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/storage/repository"
	fynewidget "fyne.io/fyne/v2/widget"

	"sieve/imageio"
	"sieve/ui/session"
)

// An openDialog is the dialog in front. A nil one has no controls.
type openDialog struct {
	name  string
	hide  func()
	close fyne.CanvasObject
}

// controls are what can be clicked in a dialog.
func (d *openDialog) controls() []control {
	if d == nil || d.close == nil {
		return nil
	}
	return []control{{name: "dialog.close", o: d.close}}
}

// front shows a dialog, and knows of it until it is closed.
func (w *window) front(name, dismiss string, d dialog.Dialog) {
	if w.dialog != nil {
		return
	}
	w.win.Canvas().Unfocus()
	w.hints.Dismiss()
	w.dialog = &openDialog{name: name, hide: d.Hide}
	d.SetOnClosed(func() {
		if w.dialog != nil && w.dialog.name == name {
			w.dialog = nil
			w.trace.event("dialog", "name", name, "shown", false)
			w.trace.stir()
		}
	})
	d.Show()
	if top := w.win.Canvas().Overlays().Top(); top != nil {
		w.dialog.close = findButton(top, dismiss)
	}
	w.trace.event("dialog", "name", name, "shown", true)
	w.trace.stir()
}

// findButton finds a button by its word. Fyne lays a dialog in types of its own,
// which hold it in a field named Content.
func findButton(o fyne.CanvasObject, text string) fyne.CanvasObject {
	switch o := o.(type) {
	case nil:
	case *fynewidget.Button:
		if o.Text == text {
			return o
		}
	case *fyne.Container:
		for _, child := range o.Objects {
			if b := findButton(child, text); b != nil {
				return b
			}
		}
	default:
		v := reflect.Indirect(reflect.ValueOf(o))
		if v.Kind() != reflect.Struct {
			break
		}
		if f := v.FieldByName("Content"); f.IsValid() && f.CanInterface() {
			content, _ := f.Interface().(fyne.CanvasObject)
			return findButton(content, text)
		}
	}
	return nil
}

// inform shows something to read.
func (w *window) inform(name, title string, content fyne.CanvasObject) {
	dismiss := lang.L("Close")
	w.front(name, dismiss, dialog.NewCustom(title, dismiss, content, w.win))
}

// showAbout says what this is.
func (w *window) showAbout() {
	text := fynewidget.NewLabel(lang.L("Sieve shows what an autoencoder keeps of a picture, and cleans photographs with it. Everything happens on this computer: no picture leaves it.") +
		"\n\n" + lang.L("Version {{.Version}}", map[string]any{"Version": w.version}))
	text.Wrapping = fyne.TextWrapWord
	w.inform("about", lang.L("About Sieve"), container.NewGridWrap(fyne.NewSize(48*grid, 16*grid), text))
}

// endings are a filter of files by the ends of their names.
type endings []string

func (e endings) Matches(u fyne.URI) bool {
	name := strings.ToLower(u.Name())
	return slices.ContainsFunc(e, func(end string) bool { return strings.HasSuffix(name, end) })
}

// opens are what can be opened: pictures by their name, models and checkpoints,
// and sets of pictures to learn from.
type opens struct{}

func (opens) Matches(u fyne.URI) bool {
	return imageio.IsPicture(u.Path()) || endings{".safetensors", ".checkpoint", ".gz", "-ubyte", ".idx", ".bin", ".json"}.Matches(u)
}

// folderAt is the folder where a file dialog begins, nil where that is Fyne's choice.
func folderAt(folder string) fyne.ListableURI {
	if folder == "" {
		return nil
	}
	l, err := storage.ListerForURI(storage.NewFileURI(folder))
	if err != nil {
		return nil
	}
	return l
}

// openFile asks for a file to open.
func (w *window) openFile() { w.pickFile(func(path string) { w.open([]string{path}) }) }

// pickFile asks for a file.
func (w *window) pickFile(picked func(path string)) {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if r == nil {
			return
		}
		r.Close()
		path := r.URI().Path()
		w.saved.OpenFolder = filepath.Dir(path)
		picked(path)
	}, w.win)
	d.SetFilter(opens{})
	d.SetLocation(folderAt(w.saved.OpenFolder))
	d.SetTitleText(lang.L("Open a picture, a model or a training"))
	w.askFile("open", d)
}

// openFolder asks for a folder to open.
func (w *window) openFolder() { w.pickFolder(func(path string) { w.open([]string{path}) }) }

// pickFolder asks for a folder of pictures.
func (w *window) pickFolder(picked func(path string)) {
	d := dialog.NewFolderOpen(func(l fyne.ListableURI, err error) {
		if l == nil {
			return
		}
		w.saved.OpenFolder = l.Path()
		picked(l.Path())
	}, w.win)
	d.SetLocation(folderAt(w.saved.OpenFolder))
	d.SetTitleText(lang.L("Open a folder of pictures"))
	w.askFile("folder", d)
}

func (w *window) askFile(name string, d *dialog.FileDialog) {
	dismiss := lang.L("Cancel")
	d.SetDismissText(dismiss)
	w.front(name, dismiss, d)
	size := w.win.Canvas().Size()
	d.Resize(fyne.NewSize(min(size.Width*0.8, 900), min(size.Height*0.8, 620)))
}

// save asks for a place for a file.
func (w *window) save(title, name string, filter endings, save func(path string)) {
	d := dialog.NewFileSave(func(f fyne.URIWriteCloser, err error) {
		if f == nil {
			return
		}
		f.Close()
		path := f.URI().Path()
		if filepath.Ext(path) == "" {
			path += filepath.Ext(name)
		}
		w.saved.SaveFolder = filepath.Dir(path)
		save(path)
	}, w.win)
	folder := w.saved.SaveFolder
	if folder == "" {
		folder = w.saved.OpenFolder
	}
	d.SetFilter(filter)
	d.SetLocation(folderAt(folder))
	d.SetFileName(name)
	d.SetTitleText(title)
	w.askFile("save", d)
}

// saveShown saves what the page is about.
func (w *window) saveShown() {
	switch w.view.page {
	case session.PageTrain:
		w.saveModel()
	case session.PageCompress:
		w.compress.saveFile()
	case session.PageLessons:
		w.lessons.save()
	case session.PageDetect:
		w.detect.saveModel()
	case session.PageExplore:
		w.explore.part().save()
	default:
		w.saveResult()
	}
}

var pictureEndings = endings{".png", ".jpg", ".jpeg", ".tif", ".tiff"}

func (w *window) saveResult() { w.savePane(session.PaneResult) }

// savePane saves what a pane shows.
func (w *window) savePane(pane session.Pane) {
	f := w.frame
	if f.panes.Of(pane) == nil && !f.exploring() {
		return
	}
	title := w.panes[pane].Title()
	if pane == session.PaneNoisy && f.removed() {
		pane = session.PaneRemoved
	}
	page, look, filter := f.page, w.view.look, pictureEndings
	base := strings.TrimSuffix(f.Picture.Name, filepath.Ext(f.Picture.Name))
	if page == session.PageTrain {
		base = "training"
	}
	if page == session.PageDetect {
		base = strings.TrimSuffix(filepath.Base(f.Detect.Shown), filepath.Ext(f.Detect.Shown))
	}
	suffix := [...]string{"", "-noisy", "-latent", "-clean", "-removed"}[pane]
	if page == session.PageCompress {
		suffix = [...]string{"", "-jpeg", "-webp", "-sieve"}[pane]
	}
	if page == session.PageExplore {
		suffix = [...]string{"", "-before", "-channel", "-edited", "-before"}[pane]
	}
	if f.twins() {
		suffix = [...]string{"", "-first", "-second", "-difference"}[pane]
	}
	if page == session.PageDetect {
		suffix = [...]string{"", "-heat", "-difference", "-reconstruction"}[pane]
	}
	ending := map[string]string{"jpeg": ".jpg", "tiff": ".tif"}[f.Picture.Format]
	if ending == "" || pane == session.PaneLatent || page != session.PageDenoise {
		ending = ".png"
	}
	if pane == session.PaneLatent && page != session.PageCompress && page != session.PageDetect {
		filter = endings{".png"}
	}
	w.save(lang.L("Save {{.Pane}}", map[string]any{"Pane": title}), strings.ToLower(strings.ReplaceAll(base, " ", "-"))+suffix+ending, filter, func(path string) {
		w.session.SavePane(page, pane, path, look)
	})
}

// saveModel saves the trained model, or the one in use.
func (w *window) saveModel() {
	w.save(lang.L("Save the model"), "model.safetensors", endings{".safetensors"}, w.session.SaveModel)
}

// exportChart saves the history of the training, with those of the runs that are ticked.
func (w *window) exportChart() {
	if len(w.runs.ticked) > 0 {
		w.exportRuns(w.runs.shown())
		return
	}
	w.save(lang.L("Export the chart as PNG, SVG or CSV"), "training.png", endings{".png", ".svg", ".csv"}, func(path string) {
		w.session.ExportChart(path, w.chart.View().Log)
	})
}

// exportRuns saves the curves of runs.
func (w *window) exportRuns(ids []string) {
	w.save(lang.L("Export the chart as PNG, SVG or CSV"), "runs.png", endings{".png", ".svg", ".csv"}, func(path string) {
		w.session.ExportRuns(ids, path, w.chart.View().Log)
	})
}

// baseName is a path's last part.
func baseName(path string) string { return filepath.Base(path) }

// keepFiles lets the dialogs that ask for a place leave the file there alone.
// Fyne's empties it at once, but what is saved is written beside it and takes its
// place when it is whole; if that fails, the old file must be there still.
func keepFiles() {
	u := storage.NewFileURI(os.TempDir())
	r, err := repository.ForURI(u)
	if err != nil {
		return
	}
	if files, ok := r.(fileRepository); ok {
		repository.Register("file", keeper{files})
	}
}

// A fileRepository is what Fyne's files can do.
type fileRepository interface {
	repository.WritableRepository
	repository.ListableRepository
	repository.HierarchicalRepository
	repository.CopyableRepository
	repository.MovableRepository
}

// A keeper gives writers that write nothing.
type keeper struct{ fileRepository }

func (keeper) Writer(u fyne.URI) (fyne.URIWriteCloser, error) { return unwritten{u}, nil }

// unwritten is the name of a file that is not written through Fyne.
type unwritten struct{ uri fyne.URI }

func (u unwritten) URI() fyne.URI               { return u.uri }
func (u unwritten) Write(p []byte) (int, error) { return len(p), nil }
func (u unwritten) Close() error                { return nil }
