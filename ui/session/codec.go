package session

// This file finds what writes and reads compressed pictures, and does so.

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
	"sieve/model/metric"
	"sieve/model/tensor"
)

// What can be wrong with compressed pictures, beyond the file itself.
var (
	errNoCodec   = errors.New("session: written with a model that is not at hand")
	errTooSmall  = errors.New("session: cannot be compressed as far")
	errTooGood   = errors.New("session: cannot be compressed as well")
	ErrPartly    = errors.New("session: parts of it are damaged")
	errPackedExt = errors.New("session: not the name of a compressed picture")
)

// A Compression says how a picture is to be compressed: the first of these that is set.
type Compression struct {
	Bytes   int64   // at most so many, of the whole file
	PSNR    float64 // at least so much, in dB
	Quality float64 // 0 to 100

	Effort int // 0 to 9: how long to look for a better file of this picture
}

// efforts are steps of descent.
var efforts = [...]int{0, 8, 16, 25, 35, 50, 80, 120, 200, 400}

// MostEffort is the greatest Compression.Effort.
const MostEffort = len(efforts) - 1

// DefaultCompression is a picture that few can tell from the original.
var DefaultCompression = Compression{Quality: 50}

// check reports a *model.SpecError.
func (c Compression) check() error {
	switch {
	case c.Bytes < 0:
		return &model.SpecError{Field: "bytes", Value: fmt.Sprint(c.Bytes), Want: "1 or more"}
	case !(c.PSNR >= 0 && c.PSNR <= 100):
		return &model.SpecError{Field: "psnr", Value: fmt.Sprint(c.PSNR), Want: "0 to 100"}
	case !(c.Quality >= 0 && c.Quality <= 100):
		return &model.SpecError{Field: "quality", Value: fmt.Sprint(c.Quality), Want: "0 to 100"}
	case c.Effort < 0 || c.Effort > MostEffort:
		return &model.SpecError{Field: "effort", Value: fmt.Sprint(c.Effort), Want: fmt.Sprintf("0 to %d", MostEffort)}
	}
	return nil
}

// LoadCodec returns the codec of a model: the shipped one for "", else as LoadModel has
// it.
func LoadCodec(name string) (*model.Codec, error) {
	if name == "" {
		return shippedCodec()
	}
	m, _, err := LoadModel(name)
	if err != nil {
		return nil, err
	}
	c, err := m.Freeze()
	if err != nil {
		return nil, imageio.FileError{Path: name, Err: err}
	}
	return c, nil
}

// shippedCodec is read once.
var shippedCodec = sync.OnceValues(func() (*model.Codec, error) {
	b, ok := assets.Codec()
	if !ok {
		return nil, fmt.Errorf("%w: none for compressing comes with this build", ErrNoModel)
	}
	m, err := model.Read(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return m.Freeze()
})

// A library is the codecs that are at hand beside the shipped one: those given, and those
// of models that were found beside files. Its zero value is ready.
type library struct {
	mu     sync.Mutex
	codecs []*model.Codec
}

// find returns what can read a file: a codec of the library, the shipped one, or that of
// a model that lies beside the file.
func (l *library) find(path string, id [8]byte) (*model.Codec, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.codecs {
		if c.ID() == id {
			return c, nil
		}
	}
	if c, err := shippedCodec(); err == nil && c.ID() == id {
		return c, nil
	}
	beside, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.safetensors"))
	for _, name := range beside {
		if c, err := LoadCodec(name); err == nil && c.ID() == id {
			l.codecs = append(l.codecs, c)
			return c, nil
		}
	}
	return nil, imageio.FileError{Path: path, Err: fmt.Errorf("%w: %s", errNoCodec, hex.EncodeToString(id[:]))}
}

// A Compressed is a picture on its way to a file.
type Compressed struct {
	File    *imageio.Packed
	Size    int64 // of the file, in bytes
	Quality float64
	PSNR    float64        // of what will be seen, in dB; NaN when nobody has asked
	Bits    *tensor.Tensor // (1, H, W, 1): what each cell of the latent costs

	codec  *model.Codec
	from   *model.Latent // what was rounded
	latent *model.Latent // what the decoder sees
}

// A compressor compresses one picture, perhaps several times.
type compressor struct {
	codec  *model.Codec
	p      *imageio.Picture
	pix    *tensor.Tensor // in the codec's channels
	latent *model.Latent
	file   imageio.Packed // all but the tiles
}

// newCompressor looks at a picture. The only errors are ctx's, and those of transparency.
func newCompressor(ctx context.Context, c *model.Codec, p *imageio.Picture, report model.Report) (*compressor, error) {
	_, h, w, ch := p.Pix.Dims4()
	k := &compressor{codec: c, p: p, pix: inChannels(p.Pix, c.Channels())}
	k.file = imageio.Packed{Width: w, Height: h, Grey: ch == 1, Deep: p.Depth > 8, Model: c.ID(), Exif: p.Exif, ICC: p.ICC}
	if p.Alpha != nil {
		depth := 8
		if p.Depth > 8 {
			depth = 16
		}
		var err error
		if k.file.Alpha, err = imageio.PackAlpha(p.Alpha, depth); err != nil {
			return nil, err
		}
	}
	var err error
	k.latent, err = c.Analyse(ctx, h, w, k.read, report)
	return k, err
}

// read fills a row with pixels.
func (k *compressor) read(row []float32, y, x int) {
	_, _, w, n := k.pix.Dims4()
	copy(row, k.pix.Data[(y*w+x)*n:])
}

// refined returns a compressor with a latent that suits a quality better.
func (k *compressor) refined(ctx context.Context, quality, effort int, report model.Report) (*compressor, error) {
	better := *k
	var err error
	better.latent, err = k.codec.Refine(ctx, k.latent, quality, efforts[effort], k.read, report)
	return &better, err
}

// at compresses at a quality, in steps of the codec.
func (k *compressor) at(ctx context.Context, quality int) (*Compressed, error) {
	packed, err := k.codec.Pack(ctx, k.latent, quality)
	if err != nil {
		return nil, err
	}
	file := k.file
	file.Quality, file.Tiles = quality, packed.Tiles
	c := &Compressed{File: &file, Quality: 100 * float64(quality) / model.Qualities, PSNR: nan, Bits: packed.Bits, codec: k.codec, from: k.latent, latent: packed.Latent}
	var n counter
	if err := file.Write(&n); err != nil {
		return nil, err
	}
	c.Size = int64(n)
	return c, nil
}

type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// measure finds out how good it is, without the picture in memory.
func (k *compressor) measure(ctx context.Context, c *Compressed, report model.Report) error {
	original := k.p.Pix
	if original.Shape[3] != channelsOf(c.codec, c.File.Grey) { // a colour picture, of which the codec knows grey alone
		original = k.pix
	}
	_, _, w, n := original.Dims4()
	var sum float64
	err := eachRow(ctx, c.codec, c.latent, c.File.Grey, func(row []float32, y, x int) {
		var part float64
		for i, v := range original.Data[(y*w+x)*n:][:len(row)] {
			d := float64(row[i]) - float64(v)
			part += float64(d * d)
		}
		sum += part
	}, report)
	c.PSNR = metric.Decibels(sum / float64(len(original.Data)))
	return err
}

// see returns what the receiver will see, in 8 bits.
func (c *Compressed) see(ctx context.Context, report model.Report) (*tensor.Tensor, error) {
	return synthesise(ctx, c.codec, c.latent, c.File.Grey, report)
}

// synthesise returns the picture of a latent, in levels of 8 bits.
func synthesise(ctx context.Context, c *model.Codec, l *model.Latent, grey bool, report model.Report) (*tensor.Tensor, error) {
	n := channelsOf(c, grey)
	x := tensor.New(1, l.H, l.W, n)
	return x, eachRow(ctx, c, l, grey, func(row []float32, y, left int) { copy(x.Data[(y*l.W+left)*n:], row) }, report)
}

// channelsOf returns how many channels are shown.
func channelsOf(c *model.Codec, grey bool) int {
	if grey {
		return 1
	}
	return c.Channels()
}

// eachRow hands on the picture of a latent row by row, in levels of 8 bits.
func eachRow(ctx context.Context, c *model.Codec, l *model.Latent, grey bool, write func(row []float32, y, x int), report model.Report) error {
	n, channels := c.Channels(), channelsOf(c, grey)
	var to []float32
	return c.Synthesise(ctx, l, func(row []float32, y, left int) {
		to = append(to[:0], row...)
		if grey && n == 3 {
			to = to[:len(row)/n*channels]
			for i := range to {
				to[i] = tensor.Luma(row[3*i], row[3*i+1], row[3*i+2])
			}
		}
		for i, v := range to {
			to[i] = float32(int(255*min(max(v, 0), 1)+0.5)) / 255
		}
		write(to, y, left)
	}, report)
}

// to compresses as it is asked for. Whoever asks for bytes or PSNR is told, wrapping
// errTooSmall or errTooGood, what can be had. With effort, what is refined suits the
// quality that was found without, and then the best quality is looked for once more.
func (k *compressor) to(ctx context.Context, want Compression, report model.Report) (*Compressed, error) {
	c, err := k.find(ctx, want)
	if err != nil || want.Effort == 0 {
		return c, err
	}
	better, err := k.refined(ctx, c.File.Quality, want.Effort, report)
	if err != nil {
		return nil, err
	}
	return better.find(ctx, want)
}

// find compresses a latent as it is.
func (k *compressor) find(ctx context.Context, want Compression) (*Compressed, error) {
	if want.Bytes == 0 && want.PSNR == 0 {
		return k.at(ctx, int(math.Round(want.Quality*model.Qualities/100)))
	}
	// The highest quality that is small enough, or the lowest that is good enough.
	fits := func(c *Compressed) (bool, error) {
		if want.Bytes > 0 {
			return c.Size <= want.Bytes, nil
		}
		err := k.measure(ctx, c, nil)
		return c.PSNR >= want.PSNR, err
	}
	step, first := 1, 0
	if want.Bytes == 0 {
		step, first = -1, model.Qualities
	}
	best, err := k.at(ctx, first)
	if err != nil {
		return nil, err
	}
	ok, err := fits(best)
	switch {
	case err != nil:
		return nil, err
	case !ok && want.Bytes > 0:
		return nil, fmt.Errorf("%w: %d bytes are the least", errTooSmall, best.Size)
	case !ok:
		return nil, fmt.Errorf("%w: %.2f dB are the most", errTooGood, best.PSNR)
	}
	for low, high := 0, model.Qualities; low < high; { // best is at low
		middle := (low + high + 1) / 2
		c, err := k.at(ctx, first+step*middle)
		if err != nil {
			return nil, err
		}
		if ok, err = fits(c); err != nil {
			return nil, err
		}
		if ok {
			low, best = middle, c
		} else {
			high = middle - 1
		}
	}
	return best, nil
}

// An Expanded is a picture that was read from a compressed file.
type Expanded struct {
	Picture *imageio.Picture
	File    *imageio.Packed
	Harm    error // wraps ErrPartly: what is a guess, and what is lost
}

// expand reads a compressed picture.
func expand(ctx context.Context, path string, with *library, lim imageio.Limits, report model.Report) (*Expanded, error) {
	p, harms, err := imageio.OpenPacked(path, lim)
	if err != nil {
		return nil, err
	}
	c, err := with.find(path, p.Model)
	if err != nil {
		return nil, err
	}
	return unpack(ctx, path, c, p, harms, report)
}

func unpack(ctx context.Context, path string, c *model.Codec, p *imageio.Packed, harms []imageio.Harm, report model.Report) (*Expanded, error) {
	if p.Quality > model.Qualities {
		return nil, imageio.FileError{Path: path, Err: fmt.Errorf("%w: quality %d", imageio.ErrDamaged, p.Quality)}
	}
	l, losses, err := c.Unpack(ctx, p.Height, p.Width, p.Quality, p.Tiles)
	if errors.Is(err, model.ErrTile) {
		err = imageio.FileError{Path: path, Err: fmt.Errorf("%w: %w", imageio.ErrDamaged, err)}
	}
	if err != nil {
		return nil, err
	}
	out := &Expanded{File: p, Picture: &imageio.Picture{Depth: 8, Format: "sieve", Exif: p.Exif, ICC: p.ICC}}
	if out.Picture.Pix, err = synthesise(ctx, c, l, p.Grey, report); err != nil {
		return nil, err
	}
	var alphaErr error
	if out.Picture.Alpha, alphaErr = p.UnpackAlpha(); alphaErr != nil {
		harms = append(harms, imageio.Harm{Part: "transparency"})
	}
	out.Harm = harmOf(path, c, p, harms, losses)
	return out, nil
}

// harmOf says what is wrong with a compressed picture, or is nil.
func harmOf(path string, c *model.Codec, p *imageio.Packed, harms []imageio.Harm, losses []model.Loss) error {
	if len(harms) == 0 && len(losses) == 0 {
		return nil
	}
	rows, cols, side := c.Tiles(p.Height, p.Width)
	said := map[int]bool{}
	var text string
	add := func(format string, args ...any) {
		if text != "" {
			text += "; "
		}
		text += fmt.Sprintf(format, args...)
	}
	tile := func(i int, what string) {
		if said[i] {
			return
		}
		if said[i] = true; rows*cols == 1 {
			add("the picture is %s", what)
		} else if len(said) <= 4 {
			add("tile %d of %d is %s: the %d pixels a side from (%d, %d) on", i+1, rows*cols, what, side, i%cols*side, i/cols*side)
		}
	}
	for _, h := range harms {
		switch {
		case h.Part != "tile":
			add("the %s is lost", h.Part)
		case h.Cut && len(p.Tiles[h.Tile]) > 0:
			tile(h.Tile, "there in part")
		default:
			tile(h.Tile, "lost")
		}
	}
	for _, l := range losses {
		tile(l.Tile, "there in part")
	}
	if len(said) > 4 {
		add("%d tiles in all", len(said))
	}
	return imageio.FileError{Path: path, Err: fmt.Errorf("%w: %s", ErrPartly, text)}
}

// savePacked writes a compressed picture whole, until ctx is done.
func savePacked(ctx context.Context, path string, p *imageio.Packed) error {
	if filepath.Ext(path) != imageio.PackedExtension {
		return imageio.FileError{Path: path, Err: errPackedExt}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	err := writeFile(path, func(w io.Writer) error { return p.Write(writer{ctx, w}) })
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
