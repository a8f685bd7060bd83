package session

// This file takes files, folders and data sets as many pictures in order.

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/tensor"
)

// errLabels reports labels that are not those of the pictures.
var errLabels = errors.New("session: not a label for each picture")

// A Gallery is many pictures in a fixed order: those of folders sorted by their paths, those
// of data sets as they are in the file.
type Gallery struct {
	Names  []string // of each picture: its path, or that of its set with # and a number
	Labels []string // of each picture, "" where there is none: of the set, what was drawn, or the folder directly below one that was named

	of       string // what was named
	channels int
	longest  int
	limits   imageio.Limits
	rooms    []room
}

// A room holds some of the pictures, one after the other.
type room struct {
	from, end int
	series    series // nil: files
	h, w      int    // of all pictures of a series, or of the file; 0 where it cannot be read
}

// A series is pictures of one size, each to be had by its number.
type series interface {
	Range(from, end int) *tensor.Tensor
}

// drawn are pictures that the program made.
type drawn struct{ x *tensor.Tensor }

func (d drawn) Range(from, end int) *tensor.Tensor {
	_, h, w, c := d.x.Dims4()
	return &tensor.Tensor{Shape: []int{end - from, h, w, c}, Data: d.x.Data[from*h*w*c : end*h*w*c]}
}

// GalleryOptions say what a gallery shows.
type GalleryOptions struct {
	Channels int    // 1 or 3: all pictures are shown in grey, or in colour
	Labels   string // file with a label for each picture, as IDX or one a line; "": those of sets and folders
	Count    int    // how many are drawn of "builtin:NAME"; 0: 1000
	Seed     uint64 // of those that are drawn
	Longest  int    // side of the pictures of files: those with a longer one are made smaller; 0: as they are
	Limits   imageio.Limits
}

// mostDrawnPictures bounds how many pictures are drawn.
const mostDrawnPictures = 100_000

// OpenGallery lists the pictures of files, folders, data sets and "builtin:NAME", and reads
// the headers of files. Files that cannot be read are found when it is their turn.
func OpenGallery(ctx context.Context, in []string, o GalleryOptions) (*Gallery, error) {
	g := &Gallery{of: strings.Join(in, ", "), channels: o.Channels, longest: o.Longest, limits: o.Limits}
	for _, name := range in {
		if err := g.open(ctx, name, o); err != nil {
			return nil, err
		}
	}
	if len(g.Names) == 0 {
		return nil, imageio.FileError{Path: g.of, Err: ErrNoPictures}
	}
	if o.Labels == "" {
		return g, nil
	}
	labels, err := readLabels(o.Labels)
	if err == nil && len(labels) != len(g.Names) {
		err = fmt.Errorf("%w: %d labels for %d pictures", errLabels, len(labels), len(g.Names))
	}
	if err != nil {
		return nil, imageio.FileError{Path: o.Labels, Err: err}
	}
	g.Labels = labels
	return g, nil
}

func (g *Gallery) open(ctx context.Context, name string, o GalleryOptions) error {
	if strings.HasPrefix(name, "builtin:") {
		return g.draw(ctx, name, o)
	}
	set, err := imageio.OpenSet(name, o.Channels)
	if err != nil {
		return err
	}
	if set != nil {
		h, w, _ := set.Size()
		g.hang(name, set, set.Len(), h, w)
		for i, label := range set.Labels() {
			g.Labels[len(g.Labels)-set.Len()+i] = fmt.Sprint(label)
		}
		return nil
	}
	files := []string{""}
	if at, err := os.Stat(name); err == nil && at.IsDir() {
		if files, err = walkPictures(ctx, name); err != nil {
			return err
		}
	}
	for _, rel := range files {
		label := ""
		if folder, _, below := strings.Cut(filepath.ToSlash(rel), "/"); below {
			label = folder
		}
		at := room{from: len(g.Names), end: len(g.Names) + 1}
		if info, err := imageio.Probe(filepath.Join(name, rel)); err == nil {
			at.h, at.w = sizeWithin(info.Height, info.Width, g.longest)
		}
		g.rooms = append(g.rooms, at)
		g.Names, g.Labels = append(g.Names, filepath.Join(name, rel)), append(g.Labels, label)
	}
	return ctx.Err()
}

// draw draws the pictures of a built-in source.
func (g *Gallery) draw(ctx context.Context, name string, o GalleryOptions) error {
	d, err := imageio.OpenData(ctx, name, imageio.FolderOptions{Channels: o.Channels}, nil)
	if err != nil {
		return &DataError{name, err}
	}
	n := o.Count
	if n == 0 {
		n = 1000
	}
	if n < 1 || n > mostDrawnPictures {
		return &model.SpecError{Field: "drawn", Value: fmt.Sprint(n), Want: fmt.Sprintf("1 to %d", mostDrawnPictures)}
	}
	const atATime = 256
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	var all *tensor.Tensor
	var labels []string
	for from := 0; from < n; from += atATime {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		x, names, err := drawSome(d.Train, rng, min(atATime, n-from))
		if err != nil {
			return &DataError{name, err}
		}
		labels = append(labels, names...)
		if all == nil {
			all = tensor.New(n, x.Shape[1], x.Shape[2], x.Shape[3])
		}
		copy(all.Data[from*len(x.Data)/x.Shape[0]:], x.Data)
	}
	g.hang(name, drawn{all}, n, all.Shape[1], all.Shape[2])
	copy(g.Labels[len(g.Labels)-n:], labels)
	return nil
}

// drawSome draws n pictures, and says what they show where their source knows.
func drawSome(s imageio.Source, rng *rand.Rand, n int) (*tensor.Tensor, []string, error) {
	if named, ok := s.(interface {
		Named(rng *rand.Rand, n int) (*tensor.Tensor, []string, error)
	}); ok {
		return named.Named(rng, n)
	}
	x, err := s.Batch(rng, n)
	return x, nil, err
}

// hang adds a series.
func (g *Gallery) hang(name string, s series, n, h, w int) {
	g.rooms = append(g.rooms, room{len(g.Names), len(g.Names) + n, s, h, w})
	for i := range n {
		g.Names, g.Labels = append(g.Names, fmt.Sprintf("%s#%d", name, i)), append(g.Labels, "")
	}
}

// readLabels reads a label for each picture: IDX, or one a line.
func readLabels(path string) ([]string, error) {
	const limit = 64 << 20
	if numbers, err := imageio.OpenLabels(path); err == nil {
		labels := make([]string, len(numbers))
		for i, v := range numbers {
			labels[i] = fmt.Sprint(v)
		}
		return labels, nil
	} else if !errors.Is(err, imageio.ErrFormat) && !errors.Is(err, imageio.ErrTruncated) {
		return nil, err
	}
	at, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case at.Size() > limit:
		return nil, fmt.Errorf("%w: labels of more than %d bytes", imageio.ErrTooLarge, limit)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var labels []string
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		labels = append(labels, strings.TrimSpace(lines.Text()))
	}
	if lines.Err() != nil {
		return nil, fmt.Errorf("%w: a line that is too long", errLabels)
	}
	return labels, nil
}

// size returns that of all pictures, or the name of one that has another than those before
// it. Files that cannot be read count for nothing.
func (g *Gallery) size() (h, w int, odd string) {
	for _, r := range g.rooms {
		switch {
		case r.h == 0:
		case h == 0:
			h, w = r.h, r.w
		case r.h != h || r.w != w:
			return 0, 0, g.Names[r.from]
		}
	}
	return h, w, ""
}

// pixelsTogether bounds the pictures that are in memory together, but for a single one.
const pixelsTogether = 1 << 20

// each hands on the pictures some at a time, those of one size: (n, h, w, channels), in order,
// with their numbers. bad is told of each file that cannot be read, and the others go on.
func (g *Gallery) each(ctx context.Context, f func(x *tensor.Tensor, which []int) error, bad func(i int, err error)) error {
	for k := 0; k < len(g.rooms); {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := g.rooms[k]
		step := max(1, pixelsTogether/max(1, r.h*r.w))
		if r.series != nil {
			for from := r.from; from < r.end; from += step {
				end := min(from+step, r.end)
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := f(r.series.Range(from-r.from, end-r.from), sequence(from, end)); err != nil {
					return err
				}
			}
			k++
			continue
		}
		end := k + 1
		for end < len(g.rooms) && end-k < step && g.rooms[end].series == nil && g.rooms[end].h == r.h && g.rooms[end].w == r.w {
			end++
		}
		x, which := g.decode(ctx, r, sequence(r.from, g.rooms[end-1].end), bad)
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(which) > 0 {
			if err := f(x, which); err != nil {
				return err
			}
		}
		k = end
	}
	return nil
}

func sequence(from, end int) []int {
	out := make([]int, end-from)
	for i := range out {
		out[i] = from + i
	}
	return out
}

// noneRead says that nothing in a folder could be read, and why the first file could not. Of a file by itself that is all
// there is to say.
func noneRead(of string, first error) error {
	if fileOf(first) == shorten(of) {
		return first
	}
	return imageio.FileError{Path: of, Err: fmt.Errorf("%w: %s", errNoneRead, Words(first))}
}

// One reads a picture again.
func (g *Gallery) One(ctx context.Context, name string) (*tensor.Tensor, error) {
	i := slices.Index(g.Names, name)
	if i < 0 {
		return nil, fmt.Errorf("%w: %s", imageio.ErrEmpty, name)
	}
	for _, r := range g.rooms {
		if r.series != nil && i >= r.from && i < r.end {
			return inChannels(r.series.Range(i-r.from, i-r.from+1), g.channels), nil
		}
	}
	return g.file(ctx, name)
}

// file reads a file. A picture with transparency lies on white, as in training.
func (g *Gallery) file(ctx context.Context, path string) (*tensor.Tensor, error) {
	p, err := openPicture(ctx, path, g.limits)
	if err != nil {
		return nil, err
	}
	return smaller(inChannels(imageio.OverWhite(p), g.channels), g.longest), nil
}

// sizeWithin is the size of a picture of h × w with no side longer than most; 0: its own.
func sizeWithin(h, w, most int) (int, int) {
	long := max(h, w)
	if most == 0 || long <= most {
		return h, w
	}
	f := float64(most) / float64(long)
	return max(1, int(math.Round(f*float64(h)))), max(1, int(math.Round(f*float64(w))))
}

// smaller is a picture with no side longer than most; 0: as it is.
func smaller(x *tensor.Tensor, most int) *tensor.Tensor {
	_, h, w, _ := x.Dims4()
	h, w = sizeWithin(h, w, most)
	return imageio.Fit(x, h, w)
}

// decode reads files of one size.
func (g *Gallery) decode(ctx context.Context, r room, which []int, bad func(i int, err error)) (*tensor.Tensor, []int) {
	read, errs := make([]*tensor.Tensor, len(which)), make([]error, len(which))
	var wg sync.WaitGroup
	places := make(chan struct{}, 4)
	for k, i := range which {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			if read[k], errs[k] = g.file(ctx, g.Names[i]); errs[k] != nil {
				return
			}
			if _, h, w, _ := read[k].Dims4(); h != r.h || w != r.w {
				errs[k] = imageio.FileError{Path: g.Names[i], Err: fmt.Errorf("%w: it has changed while it was read", imageio.ErrDamaged)}
			}
		})
	}
	wg.Wait()
	var x *tensor.Tensor
	var good []int
	for k, i := range which {
		switch {
		case ctx.Err() != nil:
			return nil, nil
		case errs[k] != nil:
			bad(i, errs[k])
			continue
		case x == nil:
			x = tensor.New(append([]int{0}, read[k].Shape[1:]...)...)
		}
		x.Data = append(x.Data, read[k].Data...)
		x.Shape[0]++
		good = append(good, i)
	}
	return x, good
}
