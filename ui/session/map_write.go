package session

// This file writes an atlas.

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strconv"

	"sieve/imageio"
	"sieve/model/tensor"
)

// errMap reports the name of a map in a format that is not written.
var errMap = errors.New("session: not a format of a map")

// write writes the atlas as the name of the file says, and fills in what was drawn.
func (a *Atlas) write(ctx context.Context, path, title string, out *AtlasReport) error {
	out.Out = path
	if isTable(path) {
		return writeFile(path, func(w io.Writer) error { return a.list(writer{ctx, w}) })
	}
	img, shown, err := a.drawAtlas(ctx, title)
	if err != nil {
		return err
	}
	size := img.Bounds()
	x := tensor.New(1, size.Dy(), size.Dx(), 3)
	for i := range size.Dx() * size.Dy() {
		for k := range 3 {
			x.Data[3*i+k] = float32(img.Pix[4*i+k]) / 255
		}
	}
	out.Shown, out.Width, out.Height = shown, size.Dx(), size.Dy()
	return savePicture(ctx, path, &imageio.Picture{Pix: x, Depth: 8}, imageio.SaveOptions{})
}

// list writes a line for each picture: its name, its label where it has one, its place, and the mean squared error of its
// reconstruction.
func (a *Atlas) list(w io.Writer) error {
	table := csv.NewWriter(w)
	if err := table.Write([]string{"file", "label", "x", "y", "error"}); err != nil {
		return err
	}
	number := func(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }
	for i, name := range a.Names {
		if err := table.Write([]string{name, a.Labels[i], number(a.Points[2*i]), number(a.Points[2*i+1]), number(a.Errors[i])}); err != nil {
			return err
		}
	}
	table.Flush()
	return table.Error()
}
