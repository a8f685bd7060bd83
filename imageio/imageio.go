// Package imageio is where files and pictures meet tensors: it decodes and
// encodes pictures with their metadata, writes files whole, and turns folders,
// data sets and drawings of its own into batches to learn from. It never
// believes a header: sizes are compared with limits before memory is taken. It
// does not know any model, and it has no words for people: errors are
// sentinels wrapped with where.
package imageio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sieve/model/tensor"
)

// A Picture is a decoded file, upright.
type Picture struct {
	Pix    *tensor.Tensor // (1, H, W, C) in [0, 1], C 1 or 3
	Alpha  *tensor.Tensor // (1, H, W, 1), colours not multiplied by it; nil when opaque
	Depth  int            // bits a sample in the file, of its palette if it has one, 1 to 16; 32 for floating point
	Format string         // "png", "jpeg", "gif", "bmp", "tiff", "webp"
	Exif   []byte         // TIFF-structured block, its orientation set to 1; nil when none
	ICC    []byte         // colour profile; nil when none, or when it is not for these channels
}

// Info is what a file's header says.
type Info struct {
	Width, Height int // as displayed
	Channels      int // of Picture.Pix, 1 or 3
	Depth         int // as Picture.Depth
	Format        string
	Orientation   int // 1 to 8 as in EXIF; Width and Height are those after it is applied
}

// Limits bounds what a file may ask for.
type Limits struct {
	Pixels int64 // width × height; 0 means DefaultPixels
}

// DefaultPixels is the largest picture read when nobody says otherwise.
const DefaultPixels = 200_000_000

// What can be wrong with a file. Errors wrap one of these, or one of the file
// system's.
var (
	ErrEmpty       = errors.New("nothing to learn from")
	ErrFormat      = errors.New("not a picture in a known format")
	ErrTruncated   = errors.New("file ends early")
	ErrTooLarge    = errors.New("larger than the limit")
	ErrDamaged     = errors.New("damaged")
	ErrUnsupported = errors.New("not supported")
)

// IsPicture reports whether the name ends like a picture that can be read.
func IsPicture(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".webp":
		return true
	}
	return false
}

// Probe reads a picture file's header and no more.
func Probe(path string) (Info, error) {
	h, err := probe(path)
	if err != nil {
		return Info{}, fmt.Errorf("%s: %w", path, err)
	}
	return h.Info, nil
}

func probe(path string) (*header, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readHeader(f)
}

// Open decodes a picture file.
func Open(path string, lim Limits) (*Picture, error) {
	p, err := open(path, lim)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// open is Open whose errors do not name the file.
func open(path string, lim Limits) (*Picture, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Decode(f, lim)
}

// openFile opens what is a file: a pipe would keep its reader waiting. Errors do
// not name it.
func openFile(path string) (*os.File, error) {
	at, err := os.Stat(path)
	if err != nil {
		return nil, bare(err)
	}
	if !at.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: it is no file", ErrFormat)
	}
	f, err := os.Open(path)
	return f, bare(err)
}

// bare takes the path off an error that will be shown with it.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Decode reads a picture from its first byte on. Of an animation it reads the
// first frame, of a TIFF file the first page.
func Decode(r io.ReadSeeker, lim Limits) (*Picture, error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	if err := h.check(lim); err != nil {
		return nil, err
	}
	m, err := h.decode()
	if err != nil {
		return nil, err
	}
	return &Picture{
		Pix: m.pix, Alpha: m.opaque(), Depth: h.Depth, Format: h.Format,
		Exif: h.exif, ICC: profileFor(h.icc, h.Channels),
	}, nil
}

// A header is a file whose size is known and whose pixels are still to be read.
type header struct {
	Info
	width, height int // as stored, before the orientation
	exif, icc     []byte
	pixels        func(*header) (*raster, error)
}

// check compares what the header asks for with the limit.
func (h *header) check(lim Limits) error {
	limit := lim.Pixels
	if limit <= 0 {
		limit = DefaultPixels
	}
	if int64(h.width) > limit/int64(h.height) {
		return fmt.Errorf("%w: %d × %d pixels, the limit is %g megapixels", ErrTooLarge, h.Width, h.Height, float64(limit)/1e6)
	}
	return nil
}

// decode reads the pixels. A decoder that panics has met a damaged file.
func (h *header) decode() (m *raster, err error) {
	defer damaged(&err)
	return h.pixels(h)
}

// damaged turns a panic into an error.
func damaged(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %v", ErrDamaged, r)
	}
}

// readHeader recognises a file by its first bytes and reads its header.
func readHeader(r io.ReadSeeker) (h *header, err error) {
	defer damaged(&err)
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return nil, fmt.Errorf("%w: it has no bytes at all", ErrTruncated)
	}
	in := &input{r: r, size: size}
	magic := in.bytes(0, min(16, size))
	if in.err != nil {
		return nil, in.err
	}
	has := func(at int, s string) bool { return len(magic) >= at+len(s) && string(magic[at:at+len(s)]) == s }
	switch {
	case has(0, "\x89PNG\r\n\x1a\n"):
		h, err = pngHeader(in)
	case has(0, "\xff\xd8"):
		h, err = jpegHeader(in)
	case has(0, "GIF87a"), has(0, "GIF89a"):
		h, err = gifHeader(in)
	case has(0, "BM"):
		h, err = bmpHeader(in)
	case has(0, "II*\x00"), has(0, "MM\x00*"), has(0, "II+\x00"), has(0, "MM\x00+"):
		h, err = tiffHeader(in)
	case has(0, "RIFF") && has(8, "WEBP"):
		h, err = webpHeader(in)
	default:
		return nil, fmt.Errorf("%w: it starts with %q", ErrFormat, magic)
	}
	if err != nil {
		return nil, err
	}
	if h.width <= 0 || h.height <= 0 {
		return nil, fmt.Errorf("%w: %d × %d pixels", ErrDamaged, h.width, h.height)
	}
	h.exif, h.Orientation = upright(h.exif, h.Orientation)
	h.Width, h.Height = h.width, h.height
	if h.Orientation > 4 {
		h.Width, h.Height = h.height, h.width
	}
	return h, nil
}

// An input is a file of known size. Its first failure is kept in err, and
// everything read after it is nothing.
type input struct {
	r    io.ReadSeeker
	size int64
	err  error
	eof  bool // somebody wanted bytes past the end

	window []byte // what was read last, for those who walk in small steps
	from   int64
}

const windowSize = 4096

// bytes returns n bytes from an offset. Callers bound n.
func (in *input) bytes(at, n int64) []byte {
	if in.err != nil {
		return nil
	}
	if at < 0 || n < 0 || at > in.size || n > in.size-at {
		in.err = fmt.Errorf("%w: it needs bytes up to %d and has %d", ErrTruncated, at+n, in.size)
		return nil
	}
	b := make([]byte, n)
	if n > windowSize {
		in.fill(b, at)
		return b
	}
	if at < in.from || at+n > in.from+int64(len(in.window)) {
		in.window, in.from = make([]byte, min(windowSize, in.size-at)), at
		in.fill(in.window, at)
	}
	copy(b, in.window[at-in.from:])
	return b
}

func (in *input) fill(b []byte, at int64) {
	if _, in.err = in.r.Seek(at, io.SeekStart); in.err == nil {
		_, in.err = io.ReadFull(in.r, b)
	}
	if in.err == io.EOF || in.err == io.ErrUnexpectedEOF {
		in.err = fmt.Errorf("%w: it shrank while it was read", ErrTruncated)
	}
}

// ReadAt makes an input an io.ReaderAt for one reader at a time.
func (in *input) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at >= in.size {
		in.eof = true
		return 0, io.EOF
	}
	if _, err := in.r.Seek(at, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(in.r, p)
	if err == io.ErrUnexpectedEOF || err == io.EOF {
		in.eof, err = true, io.EOF
	}
	return n, err
}

// stream reads the file from an offset on, and notices who reads past its end.
func (in *input) stream(at int64) *bufio.Reader {
	in.eof = false
	return bufio.NewReaderSize(&stream{in, at}, 1<<16)
}

type stream struct {
	in *input
	at int64
}

func (s *stream) Read(p []byte) (int, error) {
	p = p[:min(int64(len(p)), max(s.in.size-s.at, 0))]
	if len(p) == 0 {
		s.in.eof = true
		return 0, io.EOF
	}
	n, err := s.in.ReadAt(p, s.at)
	s.at += int64(n)
	return n, err
}

// wrong wraps an error of a decoder that read through stream: at the end of
// the file it means that the file ends early, anywhere else that it is damaged.
func (in *input) wrong(err error) error {
	if in.eof || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %v", ErrTruncated, err)
	}
	return fmt.Errorf("%w: %v", ErrDamaged, err)
}

// need refuses a file that is too short for its pixels: raw bytes packed by a
// method that shrinks at most ratio times. It is asked before memory is taken.
func (in *input) need(raw, ratio int64) error {
	if raw/ratio > in.size {
		return fmt.Errorf("%w: %d bytes cannot hold its pixels", ErrTruncated, in.size)
	}
	return nil
}

// Most that a method shrinks.
const (
	deflateRatio = 1032 // 258 bytes, the longest match, in two bits
	lzwRatio     = 4096 // no entry is longer than the table, and none takes less than a byte
)
