package cli

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress is a bar on a terminal, and nothing elsewhere.
type progress struct{ bar *progressbar.ProgressBar }

// newProgress draws a bar on the error stream unless it is no terminal or c is
// quiet. total below 0 draws a spinner.
func newProgress(s Streams, c common, total int64, title string) *progress {
	if !s.Terminal || c.Quiet {
		return &progress{}
	}
	return &progress{progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(s.Err), progressbar.OptionSetDescription(title), progressbar.OptionSetWidth(24),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetRenderBlankState(true), progressbar.OptionSpinnerType(14), progressbar.OptionSetSpinnerChangeInterval(0), progressbar.OptionSetElapsedTime(false),
	)}
}

func (p *progress) set(done int64, title string) {
	if p.bar == nil {
		return
	}
	p.bar.Describe(title)
	_ = p.bar.Set64(done)
}

// say prints a line above the bar.
func (p *progress) say(s Streams, format string, args ...any) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintf(s.Err, format+"\n", args...)
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
