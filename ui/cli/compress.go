package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"sieve/ui/session"
)

// compressCmd compresses files and folders.
type compressCmd struct {
	common
	In        []string `arg:"" name:"in" help:"Pictures and folders, which are walked to any depth."`
	Out       string   `short:"o" required:"" help:"A .sieve file for one input file, else a folder that keeps the tree." placeholder:"OUT"`
	Quality   *float64 `help:"0 (smallest) to 100 (best); ${quality} if nothing is said." placeholder:"0…100"`
	Bytes     int64    `help:"The best picture in a file of at most so many bytes." placeholder:"N"`
	PSNR      float64  `name:"psnr" help:"The smallest file whose picture is at least so good." placeholder:"dB"`
	Effort    int      `help:"0 to 9: look so long for a smaller file of the same picture; 5 takes some seconds a megapixel. Reading takes no longer." default:"0" placeholder:"0…9"`
	Model     string   `help:"A model file with a quantised latent, instead of the shipped one. Whoever expands needs it, too." placeholder:"FILE"`
	Jobs      int      `help:"Pictures worked on at a time (0: two)." default:"0"`
	Overwrite bool     `help:"Replace files that are there already."`
}

func (compressCmd) Help() string {
	return "Transparency is kept without loss, and so are EXIF data and colour profile. 16-bit pictures are kept in 8 bits. " +
		"Results that are in the folder already stay: run an interrupted job again, and it goes on.\n\n" +
		"Examples:\n" +
		"  sieve compress photo.png -o photo.sieve\n" +
		"  sieve compress photo.png -o photo.sieve --bytes 50000 --effort 5\n" +
		"  sieve compress holiday/ -o small/ --quality 40 --json"
}

// compressLine is a line of --json: one picture.
type compressLine struct {
	File    string   `json:"file"`
	Out     string   `json:"out,omitempty"`
	Seconds float64  `json:"seconds"`
	Bytes   int64    `json:"bytes,omitempty"`
	BPP     float64  `json:"bpp,omitempty"`
	PSNR    float64  `json:"psnr,omitempty"`
	Quality *float64 `json:"quality,omitempty"`
	Skipped bool     `json:"skipped,omitempty"` // the result was there already
	Error   string   `json:"error,omitempty"`
}

func (c compressCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "compress"); err != nil {
		return err
	}
	how := session.Compression{Bytes: c.Bytes, PSNR: c.PSNR}
	given := 0
	for _, is := range []bool{c.Quality != nil, c.Bytes != 0, c.PSNR != 0} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return usage(s, "compress", "--quality, --bytes and --psnr exclude each other")
	case given == 0:
		how = session.DefaultCompression
	case c.Quality != nil:
		how.Quality = *c.Quality
	}
	how.Effort = c.Effort
	job := session.CompressJob{In: c.In, Out: c.Out, Model: c.Model, How: how, Jobs: c.Jobs, Overwrite: c.Overwrite, Limits: c.limits()}
	t := newTally(c.common, s, "Compressing")
	sum, err := session.Compress(ctx, job, func(r session.CompressReport) {
		if !t.step(r.FileReport) {
			return
		}
		line := compressLine{File: r.File, Out: r.Out, Seconds: r.Seconds, Skipped: r.There}
		switch {
		case r.Err != nil:
			line.Out, line.Error = "", session.Words(r.Err)
		case r.Result != nil:
			line.Bytes, line.BPP, line.PSNR, line.Quality = r.Result.Bytes, r.Result.BPP, r.Result.PSNR, &r.Result.Quality
			if !c.JSON && !c.Quiet {
				deep := ""
				if r.Result.Deep {
					deep = "; 8 of its bits a sample are kept"
				}
				t.say("%s: %d bytes, %.3f bits a pixel, %.2f dB, quality %g%s", r.Out, line.Bytes, line.BPP, line.PSNR, r.Result.Quality, deep)
			}
		}
		t.line(line)
	})
	return t.end(sum, err, "compressed")
}

// expandCmd turns compressed pictures into others.
type expandCmd struct {
	common
	In        []string `arg:"" name:"file" help:"Compressed pictures, and folders, which are walked to any depth."`
	Out       string   `short:"o" required:"" help:"A picture for one input file, else a folder that keeps the tree." placeholder:"OUT"`
	Model     string   `help:"A model file that the pictures were compressed with; one that lies beside them is found." placeholder:"FILE"`
	Jobs      int      `help:"Pictures worked on at a time (0: two)." default:"0"`
	Overwrite bool     `help:"Replace files that are there already."`
}

func (expandCmd) Help() string {
	return "Every machine makes the same picture of a file. One that is damaged in part is written as far as it goes, and named.\n\n" +
		"Examples:\n" +
		"  sieve expand photo.sieve -o photo.png\n" +
		"  sieve expand small/ -o large/"
}

func (c expandCmd) Run(ctx context.Context, s Streams) error {
	if err := c.threads(s, "expand"); err != nil {
		return err
	}
	job := session.ExpandJob{In: c.In, Out: c.Out, Model: c.Model, Jobs: c.Jobs, Overwrite: c.Overwrite, Limits: c.limits()}
	t := newTally(c.common, s, "Expanding")
	sum, err := session.Expand(ctx, job, func(r session.FileReport) {
		if !t.step(r) {
			return
		}
		line := compressLine{File: r.File, Out: r.Out, Seconds: r.Seconds, Skipped: r.There}
		if r.Err != nil {
			line.Error = session.Words(r.Err)
			if !errors.Is(r.Err, session.ErrPartly) {
				line.Out = ""
			}
		}
		t.line(line)
	})
	return t.end(sum, err, "expanded")
}

// A tally tells of a job of many files.
type tally struct {
	common
	s       Streams
	title   string
	bar     *progress
	started bool
}

func newTally(c common, s Streams, title string) *tally {
	return &tally{common: c, s: s, title: title, bar: newProgress(s, c, -1, "Looking at the files")}
}

// step shows how far a job is, and says whether a file is finished.
func (t *tally) step(r session.FileReport) bool {
	if !t.started {
		t.started = true
		t.bar.finish()
		t.bar = newProgress(t.s, t.common, r.Total, t.title)
	}
	t.bar.set(r.Done, filepath.Base(r.File))
	if r.Finished && r.Err != nil {
		t.say("sieve: %s", session.Words(r.Err))
	}
	return r.Finished
}

func (t *tally) say(format string, args ...any) { t.bar.say(t.s, format, args...) }

// line prints a line of --json.
func (t *tally) line(v any) {
	if t.JSON {
		printLine(t.s.Out, v)
	}
}

// end says what was done, and returns the exit code.
func (t *tally) end(sum session.Summary, err error, done string) error {
	t.bar.finish()
	if err != nil {
		return err
	}
	if !t.Quiet && !t.JSON {
		there := ""
		if sum.There > 0 {
			there = fmt.Sprintf(", %d were there already (--overwrite makes them anew)", sum.There)
		}
		fmt.Fprintf(t.s.Err, "%s %s in %.1f s, %d failed%s.\n", counted(sum.Done), done, sum.Seconds, sum.Failed, there)
	}
	switch {
	case sum.Failed > 0 && sum.Done+sum.There == 0:
		return exit(NothingDone)
	case sum.Failed > 0:
		return exit(SomeFailed)
	}
	return nil
}
