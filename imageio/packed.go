package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"sieve/model/tensor"
)

// This file reads and writes compressed pictures, whose tiles only a codec understands.
// FORMAT.md says byte by byte what stands where.

// PackedExtension is how the names of compressed pictures end.
const PackedExtension = ".sieve"

const (
	packedMagic   = "\x89SIEVE\r\n"
	packedVersion = 1

	flagGrey = 1 << 0
	flagDeep = 1 << 1

	mostMetadata = 16 << 20 // bytes of EXIF data, and of a profile
	mostTiles    = 1 << 20
	mostTile     = 64 << 20
)

// ErrPacked reports a stream that is not a compressed picture.
var ErrPacked = errors.New("not a compressed picture")

// A Packed is a compressed picture.
type Packed struct {
	Width, Height int
	Grey          bool    // its colours are to be grey
	Deep          bool    // it had more than 8 bits a sample
	Model         [8]byte // what can read its tiles
	Quality       int     // as the model knows it
	Exif, ICC     []byte  // as in Picture
	Alpha         []byte  // a grey PNG of this size; nil when opaque
	Tiles         [][]byte
}

// A Harm is what is missing of a compressed picture.
type Harm struct {
	Part string // "tile", "EXIF data", "colour profile" or "transparency"
	Tile int    // counted from 0
	Cut  bool   // its first bytes are there, and may be right; else they are others
}

// IsPacked reports whether a stream begins like a compressed picture.
func IsPacked(begins []byte) bool { return bytes.HasPrefix(begins, []byte(packedMagic)) }

// Write writes the whole file.
func (p *Packed) Write(w io.Writer) error {
	head := []byte(packedMagic)
	var flags byte
	if p.Grey {
		flags |= flagGrey
	}
	if p.Deep {
		flags |= flagDeep
	}
	head = append(head, packedVersion, flags)
	head = append(head, p.Model[:]...)
	for _, v := range []int{p.Width, p.Height, p.Quality, len(p.Exif), len(p.ICC), len(p.Alpha), len(p.Tiles)} {
		head = binary.AppendUvarint(head, uint64(v))
	}
	for _, t := range p.Tiles {
		head = binary.AppendUvarint(head, uint64(len(t)))
	}
	if _, err := w.Write(sealed(head)); err != nil {
		return err
	}
	for _, part := range append([][]byte{p.Exif, p.ICC, p.Alpha}, p.Tiles...) {
		if len(part) == 0 {
			continue
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
		if _, err := w.Write(sealed(part)[len(part):]); err != nil {
			return err
		}
	}
	return nil
}

// sealed appends a checksum.
func sealed(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)) }

// ReadPacked reads a compressed picture. What is damaged behind the header is missing,
// and told. Memory grows with what arrives. Errors wrap ErrPacked, ErrTruncated,
// ErrDamaged, ErrTooLarge or ErrUnsupported, or are the reader's.
func ReadPacked(r io.Reader, lim Limits) (*Packed, []Harm, error) {
	in := &sum{r: r}
	magic := make([]byte, len(packedMagic)+2)
	if err := in.read(magic); err != nil {
		if errors.Is(err, ErrTruncated) && !IsPacked(magic[:min(len(magic), in.n)]) {
			err = ErrPacked
		}
		return nil, nil, err
	}
	if !IsPacked(magic) {
		return nil, nil, ErrPacked
	}
	version, flags := magic[len(packedMagic)], magic[len(packedMagic)+1]
	if version != packedVersion {
		return nil, nil, fmt.Errorf("%w: version %d of the format, this program knows version %d", ErrUnsupported, version, packedVersion)
	}
	if flags&^(flagGrey|flagDeep) != 0 {
		return nil, nil, fmt.Errorf("%w: flags %#02x in its header", ErrDamaged, flags)
	}
	p := &Packed{Grey: flags&flagGrey != 0, Deep: flags&flagDeep != 0}
	if err := in.read(p.Model[:]); err != nil {
		return nil, nil, err
	}
	number := func(most int) int { return in.number(uint64(most)) }
	p.Width, p.Height, p.Quality = number(1<<30), number(1<<30), number(1<<16)
	lengths := []int{number(mostMetadata), number(mostMetadata), number(mostTile)}
	tiles := number(mostTiles)
	if in.err == nil && (p.Width < 1 || p.Height < 1) {
		return nil, nil, fmt.Errorf("%w: a picture of %d × %d pixels", ErrDamaged, p.Width, p.Height)
	}
	if in.err == nil {
		h := &header{Info: Info{Width: p.Width, Height: p.Height}, width: p.Width, height: p.Height}
		if err := h.check(lim); err != nil {
			return nil, nil, err
		}
	}
	for i := 0; i < tiles && in.err == nil; i++ {
		lengths = append(lengths, number(mostTile))
	}
	if in.err != nil {
		return nil, nil, in.err
	}
	want := in.crc
	var seal [4]byte
	if err := in.read(seal[:]); err != nil {
		return nil, nil, err
	}
	if binary.LittleEndian.Uint32(seal[:]) != want {
		return nil, nil, fmt.Errorf("%w: its header does not match its checksum", ErrDamaged)
	}
	var harms []Harm
	p.Tiles = make([][]byte, len(lengths)-3)
	for i, n := range lengths {
		part, whole, err := in.part(n)
		if err != nil {
			return nil, nil, err
		}
		if !whole {
			h := Harm{Tile: max(0, i-3), Part: "tile", Cut: len(part) < n}
			if i < 3 {
				h.Part = []string{"EXIF data", "colour profile", "transparency"}[i]
			}
			harms = append(harms, h)
		}
		switch {
		case i >= 3 && (whole || len(part) < n):
			p.Tiles[i-3] = part
		case !whole:
		case i == 0:
			p.Exif = part
		case i == 1:
			p.ICC = part
		case i == 2:
			p.Alpha = part
		}
	}
	return p, harms, nil
}

// A sum reads, and keeps a checksum of what it has read.
type sum struct {
	r   io.Reader
	crc uint32
	n   int
	err error
}

// read fills b.
func (s *sum) read(b []byte) error {
	n, err := io.ReadFull(s.r, b)
	s.n += n
	s.crc = crc32.Update(s.crc, crc32.IEEETable, b[:n])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: within its header", ErrTruncated)
	}
	return err
}

// ReadByte is for binary.ReadUvarint.
func (s *sum) ReadByte() (byte, error) {
	var b [1]byte
	err := s.read(b[:])
	return b[0], err
}

// number reads one of at most so many, unless something went wrong before.
func (s *sum) number(most uint64) int {
	if s.err != nil {
		return 0
	}
	v, err := binary.ReadUvarint(s)
	if err == nil && v > most {
		err = fmt.Errorf("%w: %d in its header, where %d is the limit", ErrDamaged, v, most)
	}
	if err != nil && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w: a number in its header is too long", ErrDamaged)
	}
	if s.err = err; err != nil {
		return 0
	}
	return int(v)
}

// part reads n bytes and their checksum, or what there is of them, and reports whether
// they are whole.
func (s *sum) part(n int) (b []byte, whole bool, err error) {
	if n == 0 {
		return nil, true, nil
	}
	var buf bytes.Buffer
	if _, err := io.CopyN(&buf, s.r, int64(n)+4); err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	b = buf.Bytes()
	if len(b) < n {
		return b, false, nil
	}
	seal := b[n:]
	b = b[:n:n]
	return b, len(seal) == 4 && binary.LittleEndian.Uint32(seal) == crc32.ChecksumIEEE(b), nil
}

// OpenPacked reads a compressed picture from a file.
func OpenPacked(path string, lim Limits) (*Packed, []Harm, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, nil, FileError{path, err}
	}
	defer f.Close()
	p, harms, err := ReadPacked(f, lim)
	if err != nil {
		err = FileError{path, err}
	}
	return p, harms, err
}

// PackAlpha returns transparency (1, H, W, 1) as a PNG.
func PackAlpha(alpha *tensor.Tensor, depth int) ([]byte, error) {
	var b bytes.Buffer
	err := encodePNG(&b, &Picture{Pix: alpha}, depth)
	return b.Bytes(), err
}

// UnpackAlpha returns the transparency of a picture of that size, or nil when it is
// opaque. Errors wrap what Decode's do.
func (p *Packed) UnpackAlpha() (*tensor.Tensor, error) {
	if p.Alpha == nil {
		return nil, nil
	}
	a, err := Decode(bytes.NewReader(p.Alpha), Limits{Pixels: int64(p.Width) * int64(p.Height)})
	if err != nil {
		return nil, fmt.Errorf("transparency: %w", err)
	}
	if a.Format != "png" || a.Pix.Shape[1] != p.Height || a.Pix.Shape[2] != p.Width || a.Pix.Shape[3] != 1 {
		return nil, fmt.Errorf("%w: its transparency is not of its size", ErrDamaged)
	}
	return a.Pix, nil
}
