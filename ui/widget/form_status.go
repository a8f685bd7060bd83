package widget

import (
	"fmt"
	"image/color"
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"sieve/ui/theme"
)

// Level is how much a message matters.
type Level int

const (
	StatusInfo Level = iota
	StatusWarning
	StatusError
)

// Job is work that goes on behind the window.
type Job struct {
	Name string
	Part float64       // of the work that is done, 0 to 1; negative while the whole is not known
	Left time.Duration // until it ends; negative while that is not known
}

// StatusBar is the line at the foot of the window: at the left the model, the picture and the last message, at the
// right the work in progress. Each thing keeps its place, whether it is there or not; a message that is too long for its
// place is shown whole when the pointer rests on it.
type StatusBar struct {
	widget.BaseWidget
	OnCancel func()

	model, picture, message string
	level                   Level
	job                     *Job
	cancel                  *widget.Button
}

// NewStatusBar returns an empty bar.
func NewStatusBar() *StatusBar {
	b := &StatusBar{}
	b.cancel = widget.NewButton(lang.L("Cancel"), func() {
		if b.OnCancel != nil {
			b.OnCancel()
		}
	})
	b.ExtendBaseWidget(b)
	return b
}

// SetModel names the model in use.
func (b *StatusBar) SetModel(name string) { b.set(&b.model, name) }

// SetPicture names the picture in view.
func (b *StatusBar) SetPicture(name string) { b.set(&b.picture, name) }

func (b *StatusBar) set(what *string, text string) {
	if *what != text {
		*what = text
		b.Refresh()
	}
}

// SetMessage says something; the empty text takes the last message away.
func (b *StatusBar) SetMessage(level Level, text string) {
	if b.level != level || b.message != text {
		b.level, b.message = level, text
		b.Refresh()
	}
}

// SetJob shows work in progress, nil that there is none.
func (b *StatusBar) SetJob(j *Job) {
	if j == nil && b.job == nil || j != nil && b.job != nil && *j == *b.job {
		return
	}
	b.job = nil
	if j != nil {
		copied := *j
		b.job = &copied
	}
	b.Refresh()
}

// formatLeft writes a time as 0:12 or 1:02:03.
func formatLeft(d time.Duration) string {
	s := int(math.Ceil(d.Seconds()))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func leftWords(d time.Duration) string {
	return lang.L("{{.Time}} left", map[string]any{"Time": formatLeft(d)})
}

func (b *StatusBar) CreateRenderer() fyne.WidgetRenderer {
	text := func() *canvas.Text { return canvas.NewText("", color.Transparent) }
	line, rail, bar := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	subject, message := widget.NewLabel(""), widget.NewLabel("")
	subject.Truncation, message.Truncation = fyne.TextTruncateEllipsis, fyne.TextTruncateEllipsis
	whole := NewHint("", "", message)
	icon := widget.NewIcon(nil)
	job, percent, left := text(), text(), text()
	job.Alignment, percent.Alignment, left.Alignment = fyne.TextAlignTrailing, fyne.TextAlignTrailing, fyne.TextAlignTrailing
	p := &parts{objects: []fyne.CanvasObject{line, subject, icon, whole, job, rail, bar, percent, left, b.cancel}}
	const caption = fynetheme.SizeNameCaptionText
	height := func() float32 { return onGrid(b.cancel.MinSize().Height) + grid }
	// The places at the right, from the edge inwards.
	widths := func(total float32) (cancel, until, per, track, name float32) {
		cancel = onGrid(b.cancel.MinSize().Width)
		until = onGrid(textWidth(b, leftWords(99*time.Minute+59*time.Second), caption))
		per = onGrid(textWidth(b, "100 %", caption))
		track = 20 * grid
		name = 16 * grid
		if total < 120*grid {
			track, name = 12*grid, 12*grid
		}
		return
	}
	p.min = func() fyne.Size { return fyne.NewSize(80*grid, height()) }
	p.layout = func(size fyne.Size) {
		place(line, 0, 0, size.Width, b.Theme().Size(fynetheme.SizeNameSeparatorThickness))
		cancel, until, per, track, name := widths(size.Width)
		x, thick := size.Width-grid, b.Theme().Size(theme.SizeNameTrack)
		x -= cancel
		place(b.cancel, x, (size.Height-b.cancel.MinSize().Height)/2, cancel, b.cancel.MinSize().Height)
		x -= until + grid
		placeText(left, x, 0, until, size.Height)
		x -= per + grid
		placeText(percent, x, 0, per, size.Height)
		x -= track + grid
		place(rail, x, (size.Height-thick)/2, track, thick)
		part := float32(0)
		if b.job != nil {
			part = float32(min(max(b.job.Part, 0), 1))
		}
		place(bar, x, (size.Height-thick)/2, track*part, thick)
		x -= name + grid
		placeText(job, x, 0, name, size.Height)

		inner, side := b.Theme().Size(fynetheme.SizeNameInnerPadding), b.Theme().Size(fynetheme.SizeNameInlineIcon)
		row := subject.MinSize().Height
		names := grid * float32(math.Floor(float64((x-grid)*.4/grid)))
		place(subject, grid-inner, (size.Height-row)/2, names+inner, row)
		place(icon, names+grid, (size.Height-side)/2, side, side)
		if b.job == nil {
			x = size.Width
		}
		from := names + grid + side - inner/2
		place(whole, from, (size.Height-row)/2, x-grid-from, row)
		whole.SetText("")
		if textWidth(b, b.message, fynetheme.SizeNameText)+2*inner > x-grid-from {
			whole.SetText(b.message)
		}
	}
	p.refresh = func() {
		fill(line, b, fynetheme.ColorNameSeparator, 0)
		text := b.model
		if b.model != "" && b.picture != "" {
			text += "  ·  "
		}
		subject.SetText(text + b.picture)
		message.SetText(b.message)
		icon.Hidden = b.message == ""
		switch b.level {
		case StatusInfo:
			message.Importance = widget.MediumImportance
			icon.SetResource(fynetheme.NewColoredResource(fynetheme.Icon(fynetheme.IconNameInfo), fynetheme.ColorNamePlaceHolder))
		case StatusWarning:
			message.Importance = widget.WarningImportance
			icon.SetResource(fynetheme.NewWarningThemedResource(fynetheme.Icon(fynetheme.IconNameWarning)))
		case StatusError:
			message.Importance = widget.DangerImportance
			icon.SetResource(fynetheme.NewErrorThemedResource(fynetheme.Icon(fynetheme.IconNameError)))
		}
		message.Refresh()
		var name, per, rest string
		if j := b.job; j != nil {
			name = j.Name
			if j.Part >= 0 {
				per = fmt.Sprintf("%.0f %%", math.Floor(100*min(j.Part, 1)))
			}
			if j.Left >= 0 {
				rest = leftWords(j.Left)
			}
		}
		write(job, b, name, caption, fynetheme.ColorNameForeground)
		write(percent, b, per, caption, fynetheme.ColorNameForeground)
		write(left, b, rest, caption, fynetheme.ColorNamePlaceHolder)
		radius := b.Theme().Size(theme.SizeNameTrack) / 2
		fill(rail, b, fynetheme.ColorNameSeparator, radius)
		fill(bar, b, fynetheme.ColorNamePrimary, radius)
		rail.Hidden, bar.Hidden = b.job == nil, b.job == nil
		if b.job == nil {
			b.cancel.Hide()
		} else {
			b.cancel.Show()
		}
		p.layout(b.Size())
	}
	p.refresh()
	return p
}
