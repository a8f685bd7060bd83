package session

// This file takes latents out of pictures, and makes pictures of them again.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// What can be wrong with a latent in a file.
var (
	errLatent      = errors.New("session: no latent")
	errLatentName  = errors.New("session: not a name for a latent")
	errNoNote      = errors.New("session: nothing is known of a latent")
	errNote        = errors.New("session: what is known of a latent makes no sense")
	errGoneModel   = errors.New("session: the model of a latent is not at hand")
	errOtherModel  = errors.New("session: a latent of another model")
	errNeedsIt     = errors.New("session: the latent is not all that the decoder sees")
	errOtherOne    = errors.New("session: not the picture that a latent was made of")
	errOtherLatent = errors.New("session: a latent of another shape")
)

// A LatentNote is what decoding a latent needs beside its numbers. It lies beside their file,
// NAME.npy, as NAME.json, so that the one holds an array and nothing else: it can be loaded, changed
// and saved by any program that knows NumPy's format. A changed array under another name needs a copy
// of the note under that name.
type LatentNote struct {
	Format  string  `json:"format"` // "sieve latent 1"
	Model   string  `json:"model"`  // as it was named
	ID      string  `json:"id"`     // as model.Model has it
	Height  int     `json:"height"` // of the picture, in pixels
	Width   int     `json:"width"`
	Level   float64 `json:"level"`        // of the noise, as the model was told it, in units of white
	Shape   []int   `json:"shape"`        // of the array: rows, columns and channels
	Picture bool    `json:"with_picture"` // the decoder also needs the picture
}

const latentFormat = "sieve latent 1"

// notePath returns where the note of a latent lies.
func notePath(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) + ".json" }

// An EncodeJob says of which picture to take the latent.
type EncodeJob struct {
	In, Out   string // a picture; NAME.npy
	Model     string // as LoadModel has it
	Repair    Repair // of which Sigma, Manner and After count; the zero value is DefaultRepair
	Overwrite bool
	Limits    imageio.Limits
}

// Encode writes the latent of a picture, an array of rows, columns and channels, and its note. report may
// be nil.
func Encode(ctx context.Context, job EncodeJob, report model.Report) (LatentNote, error) {
	if job.Repair == (Repair{}) {
		job.Repair = DefaultRepair
	}
	if err := job.Repair.check(); err != nil {
		return LatentNote{}, err
	}
	if !strings.EqualFold(filepath.Ext(job.Out), imageio.NPYExtension) {
		return LatentNote{}, imageio.FileError{Path: job.Out, Err: errLatentName}
	}
	for _, path := range []string{job.Out, notePath(job.Out)} {
		if err := free(path, job.Overwrite, job.In); err != nil {
			return LatentNote{}, err
		}
	}
	m, _, err := LoadModel(job.Model)
	if err != nil {
		return LatentNote{}, err
	}
	m = job.Repair.stopped(m)
	p, err := openPicture(ctx, job.In, job.Limits)
	if err != nil {
		return LatentNote{}, err
	}
	x := inChannels(imageio.OverWhite(p), m.Spec.Channels)
	_, h, w, _ := x.Dims4()
	note := LatentNote{Format: latentFormat, Model: job.Model, ID: m.ID(), Height: h, Width: w, Picture: !m.Generates()}
	if note.Model == "" {
		note.Model = Models()[0]
	}
	if m.Spec.Level {
		var found float64
		if job.Repair.Sigma < 0 {
			found = estimate(m, x)
		}
		note.Level, _ = job.Repair.told(found)
	}
	z, err := m.Features(ctx, x, note.Level, report)
	if err != nil {
		return LatentNote{}, err
	}
	note.Shape = z.Shape[1:]
	// The array is written last: where it is, its note is as well.
	err = writeFile(notePath(job.Out), func(w io.Writer) error {
		b, err := json.MarshalIndent(note, "", "  ")
		if err == nil {
			_, err = w.Write(append(b, '\n'))
		}
		return err
	})
	if err == nil {
		err = writeFile(job.Out, func(w io.Writer) error { return imageio.WriteNPY(writer{ctx, w}, z.Data, note.Shape...) })
	}
	return note, err
}

// free refuses to write over a file unasked, and over an input in any case.
func free(path string, overwrite bool, inputs ...string) error {
	out, err := os.Stat(path)
	if err != nil {
		return nil // writing will tell
	}
	for _, in := range inputs {
		if at, err := os.Stat(in); err == nil && os.SameFile(at, out) {
			return imageio.FileError{Path: path, Err: ErrOntoInput}
		}
	}
	if !overwrite {
		return imageio.FileError{Path: path, Err: ErrExists}
	}
	return nil
}

// A DecodeJob says of which latent to make a picture.
type DecodeJob struct {
	In, Out   string // NAME.npy, with its note beside it; a picture
	Model     string // as LoadModel has it; "": the one that the note names
	With      string // the picture that the latent was made of, for models whose decoder sees more than the latent
	Depth     int    // bits a sample, 8 or 16; 0: as the picture With, or 8
	Overwrite bool
	Limits    imageio.Limits
}

// A DecodeReport says what came of it.
type DecodeReport struct {
	LatentNote
	model.Change // Broken and Where: numbers of the picture that were no finite ones, and what took their place
}

// Decode makes a picture of a latent. Where nothing in it was changed, that is the
// reconstruction. report may be nil.
func Decode(ctx context.Context, job DecodeJob, report model.Report) (DecodeReport, error) {
	if job.Depth != 0 && job.Depth != 8 && job.Depth != 16 {
		return DecodeReport{}, &model.SpecError{Field: "depth", Value: fmt.Sprint(job.Depth), Want: "8 or 16"}
	}
	if imageio.FormatOf(job.Out) == "" {
		return DecodeReport{}, imageio.FileError{Path: job.Out, Err: errExtension}
	}
	if err := free(job.Out, job.Overwrite, job.In, job.With); err != nil {
		return DecodeReport{}, err
	}
	note, err := readNote(job.In, job.Limits)
	if err != nil {
		return DecodeReport{}, err
	}
	named := job.Model != ""
	if !named {
		job.Model = note.Model
	}
	m, title, err := LoadModel(job.Model)
	if !named && (errors.Is(err, ErrNoModel) || errors.Is(err, fs.ErrNotExist)) {
		err = imageio.FileError{Path: job.In, Err: fmt.Errorf("%w: %s (%s)", errGoneModel, note.Model, note.ID)}
	}
	if err != nil {
		return DecodeReport{}, err
	}
	if n := m.Spec.Numbers(); m.Spec.Body == "recurrent" && m.Spec.Latent > 0 && note.channels() < n {
		m = m.After(note.channels() / m.Spec.Latent)
	}
	if id := m.ID(); id != note.ID {
		return DecodeReport{}, imageio.FileError{Path: job.In, Err: fmt.Errorf("%w: it is of %s (%s), and %s is %s", errOtherModel, note.Model, note.ID, title, id)}
	}
	z, err := readLatent(ctx, job.In, m, note)
	if err != nil {
		return DecodeReport{}, err
	}
	out := &imageio.Picture{Depth: 8, Format: "png"}
	r := DecodeReport{LatentNote: note}
	if m.Generates() {
		out.Pix, err = m.Generate(ctx, z, note.Height, note.Width, report)
		if err == nil {
			r.Change = mend(out.Pix)
		}
	} else {
		out.Pix, r.Change, err = job.decodeWith(ctx, m, z, note, out, report)
	}
	if err != nil {
		return r, err
	}
	return r, savePicture(ctx, job.Out, out, imageio.SaveOptions{Depth: job.Depth})
}

func (n LatentNote) channels() int {
	if len(n.Shape) == 0 {
		return 0
	}
	return n.Shape[len(n.Shape)-1]
}

// decodeWith decodes a latent beside the picture that it was made of.
func (job DecodeJob) decodeWith(ctx context.Context, m *model.Model, z *tensor.Tensor, note LatentNote, out *imageio.Picture, report model.Report) (*tensor.Tensor, model.Change, error) {
	var none model.Change
	if job.With == "" {
		return nil, none, imageio.FileError{Path: job.In, Err: errNeedsIt}
	}
	p, err := openPicture(ctx, job.With, job.Limits)
	if err != nil {
		return nil, none, err
	}
	x := inChannels(imageio.OverWhite(p), m.Spec.Channels)
	if _, h, w, _ := x.Dims4(); h != note.Height || w != note.Width {
		return nil, none, imageio.FileError{Path: job.With, Err: fmt.Errorf("%w: it has %d × %d pixels, the other had %d × %d", errOtherOne, w, h, note.Width, note.Height)}
	}
	o, err := m.Open(ctx, x, note.Level, 0, nil, partly(report, 0, 0.5))
	if err != nil {
		return nil, none, err
	}
	pix := tensor.New(x.Shape...)
	c, err := o.Decode(ctx, z, model.Rect{Bottom: note.Height, Right: note.Width}, pix, partly(report, 0.5, 1))
	out.Depth = p.Depth
	return pix, c, err
}

// mend replaces numbers of a picture that are not finite as model.Opened does, and says how many and where.
func mend(x *tensor.Tensor) (c model.Change) {
	_, h, w, n := x.Dims4()
	c.Pixels = model.Rect{Bottom: h, Right: w}
	for i, v := range x.Data {
		if v-v == 0 {
			continue
		}
		row, col := i/n/w, i/n%w
		c.Broken, c.Where = c.Broken+1, c.Where.Union(model.Rect{Top: row, Left: col, Bottom: row + 1, Right: col + 1})
		if x.Data[i] = 0; v > 0 {
			x.Data[i] = 1
		}
	}
	return c
}

// readNote reads what is known of a latent.
func readNote(path string, lim imageio.Limits) (LatentNote, error) {
	var note LatentNote
	if _, err := os.Stat(path); err != nil {
		return note, err
	}
	f, err := os.Open(notePath(path))
	if err != nil {
		return note, imageio.FileError{Path: path, Err: errNoNote}
	}
	defer f.Close()
	bad := func(why string) error {
		return imageio.FileError{Path: notePath(path), Err: fmt.Errorf("%w: %s", errNote, why)}
	}
	if err := json.NewDecoder(io.LimitReader(f, 1<<16)).Decode(&note); err != nil {
		return note, bad("it is not the JSON that was written with it")
	}
	most := lim.Pixels
	if most == 0 {
		most = 1 << 31
	}
	switch {
	case note.Format != latentFormat:
		return note, bad(fmt.Sprintf("its format is %q, and %q is read", note.Format, latentFormat))
	case note.Height < 1 || note.Width < 1 || len(note.Shape) != 3 || math.IsNaN(note.Level) || note.Level < 0 || note.Level > 1:
		return note, bad("its height, width, level or shape cannot be")
	case int64(note.Height) > most/int64(note.Width):
		return note, imageio.FileError{Path: path, Err: fmt.Errorf("%w: a picture of %d × %d pixels", imageio.ErrTooLarge, note.Width, note.Height)}
	}
	return note, nil
}

// readLatent reads an array of the shape that a model gives a picture of a note's size.
func readLatent(ctx context.Context, path string, m *model.Model, note LatentNote) (*tensor.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cell := m.Cell()
	want := []int{(note.Height + cell - 1) / cell, (note.Width + cell - 1) / cell, m.Spec.Numbers()}
	size := tensor.Size(want...)
	data, shape, err := imageio.ReadNPY(reader{ctx, f}, 4*size+64)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	odd := errors.Is(err, imageio.ErrTooLarge)
	for _, is := range []error{imageio.ErrFormat, imageio.ErrUnsupported, imageio.ErrDamaged} {
		if errors.Is(err, is) {
			return nil, imageio.FileError{Path: path, Err: fmt.Errorf("%w: %s", errLatent, detail(err, is))}
		}
	}
	if err != nil && !odd {
		return nil, imageio.FileError{Path: path, Err: err}
	}
	if len(shape) == 4 && shape[0] == 1 {
		shape = shape[1:]
	}
	if odd || !slices.Equal(shape, want) {
		return nil, imageio.FileError{Path: path, Err: fmt.Errorf("%w: it is %v, and %v is wanted", errOtherLatent, shape, want)}
	}
	for i, v := range data {
		if v-v != 0 {
			at := []int{i / want[2] / want[1], i / want[2] % want[1], i % want[2]}
			return nil, imageio.FileError{Path: path, Err: fmt.Errorf("%w: the number in row %d, column %d, channel %d is %g", errLatent, at[0], at[1], at[2], v)}
		}
	}
	return &tensor.Tensor{Shape: append([]int{1}, want...), Data: data}, nil
}
