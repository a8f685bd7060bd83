package session

// This file writes and removes files, and says whose they are.

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"sieve/imageio"
)

// ErrFolder reports a folder where a file should be written.
var ErrFolder = errors.New("session: is a folder")

// writeFile writes a file whole and names it in every error.
func writeFile(path string, write func(io.Writer) error) error {
	if at, err := os.Stat(path); err == nil && at.IsDir() {
		return imageio.FileError{Path: path, Err: ErrFolder}
	}
	if err := imageio.WriteFile(path, write); err != nil {
		return imageio.FileError{Path: path, Err: err}
	}
	return nil
}

// remove removes a file that may not be there.
func remove(path string) error {
	if err := os.Remove(path); path != "" && err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// openPicture decodes a picture until ctx is done.
func openPicture(ctx context.Context, path string, lim imageio.Limits) (*imageio.Picture, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := imageio.Decode(reader{ctx, f}, lim)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, imageio.FileError{Path: path, Err: err}
	}
	return p, nil
}

// savePicture writes a picture whole, until ctx is done.
func savePicture(ctx context.Context, path string, p *imageio.Picture, o imageio.SaveOptions) error {
	format := imageio.FormatOf(path)
	if format == "" {
		return imageio.FileError{Path: path, Err: errExtension}
	}
	err := writeFile(path, func(w io.Writer) error { return imageio.Encode(writer{ctx, w}, format, p, o) })
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// errNoPairs reports a folder without pictures NAME_real and NAME_mean.
var errNoPairs = errors.New("session: no pairs of a noisy and a clean picture")

// errExtension reports the name of a file in a format that is not written.
var errExtension = errors.New("session: not a format that is written")

// A reader ends when its context does.
type reader struct {
	ctx context.Context
	io.ReadSeeker
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.ReadSeeker.Read(p)
}

// A writer ends when its context does.
type writer struct {
	ctx context.Context
	io.Writer
}

func (w writer) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.Writer.Write(p)
}
