package imageio

// This file makes training sources of data sets of many small pictures: IDX,
// the format of MNIST, and the binary format of CIFAR-10.

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"sieve/model/tensor"
)

// setLimit is the most bytes of a data set, all of which are held in memory:
// ten times CIFAR-10.
const setLimit = 2 << 30

// A Set is many pictures of one size, held in memory with 8 bits a sample.
type Set struct {
	data     []uint8 // n × h × w × c, or n × c × h × w when planar
	n        []int   // the pictures of this part of the set
	h, w, c  int
	planar   bool
	labels   []uint8
	crop     int
	channels int
}

// Len counts the pictures.
func (s *Set) Len() int { return len(s.n) }

// Size returns height, width and channels of the pictures in the file.
func (s *Set) Size() (h, w, c int) { return s.h, s.w, s.c }

// Labels returns the class of each picture, nil when the set has none.
func (s *Set) Labels() []int {
	if s.labels == nil {
		return nil
	}
	l := make([]int, len(s.n))
	for i, k := range s.n {
		l[i] = int(s.labels[k])
	}
	return l
}

// Only returns the pictures of one class, nil when there are none or the set has no
// labels.
func (s *Set) Only(class int) *Set {
	g := *s
	g.n = nil
	for _, k := range s.n {
		if s.labels != nil && int(s.labels[k]) == class {
			g.n = append(g.n, k)
		}
	}
	if len(g.n) == 0 {
		return nil
	}
	return &g
}

// Whole returns a picture (1, H, W, C) by its number in this part of the set.
func (s *Set) Whole(i int) *tensor.Tensor {
	h, w := s.side()
	out := tensor.New(1, h, w, s.channels)
	s.put(out.Data, s.n[i], (s.h-h)/2, (s.w-w)/2)
	return out
}

// Split keeps every every-th picture for validation, at least one of two. held
// is nil when there is only one picture.
func (s *Set) Split(every int) (train, held *Set) {
	a, b := split(len(s.n), every)
	part := func(idx []int) *Set {
		if len(idx) == 0 {
			return nil
		}
		g := *s
		g.n = make([]int, len(idx))
		for i, k := range idx {
			g.n[i] = s.n[k]
		}
		return &g
	}
	return part(a), part(b)
}

// Crop returns the same set whose batches have another side: 0 the pictures'
// own, smaller a random part of each, larger the picture in the middle with
// its edges continued.
func (s *Set) Crop(side int) *Set {
	if side < 0 {
		panic(fmt.Sprintf("imageio: a crop of %d", side))
	}
	g := *s
	g.crop = side
	return &g
}

// Range gives the pictures from ≤ i < end as they are in the file, whatever Crop
// says: (end-from, h, w, channels).
func (s *Set) Range(from, end int) *tensor.Tensor {
	whole := s.Crop(0)
	out := tensor.New(end-from, s.h, s.w, s.channels)
	for i := range end - from {
		whole.put(out.Data[i*s.h*s.w*s.channels:], s.n[from+i], 0, 0)
	}
	return out
}

// Batch gives n pictures drawn at random, neither turned nor mirrored: a
// mirrored 2 is no 2.
func (s *Set) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	h, w := s.side()
	out := tensor.New(n, h, w, s.channels)
	for i := range n {
		k := s.n[rng.IntN(len(s.n))]
		s.put(out.Data[i*h*w*s.channels:], k, place(rng, s.h, h), place(rng, s.w, w))
	}
	return out, nil
}

// place draws where a crop of side starts on a line of n; a picture that is
// smaller is put in the middle.
func place(rng *rand.Rand, n, side int) int {
	if n <= side {
		return -((side - n) / 2)
	}
	return rng.IntN(n - side + 1)
}

// Sample gives n pictures spread over the set, the same every time.
func (s *Set) Sample(n int) (*tensor.Tensor, error) {
	n = min(n, len(s.n))
	h, w := s.side()
	out := tensor.New(n, h, w, s.channels)
	for i := range n {
		s.put(out.Data[i*h*w*s.channels:], s.n[i*len(s.n)/n], (s.h-h)/2, (s.w-w)/2)
	}
	return out, nil
}

func (s *Set) side() (h, w int) {
	if s.crop == 0 {
		return s.h, s.w
	}
	return s.crop, s.crop
}

// put copies picture k from (y0, x0) on.
func (s *Set) put(dst []float32, k, y0, x0 int) {
	h, w := s.side()
	base := k * s.h * s.w * s.c
	for y := range h {
		for x := range w {
			at := min(max(y0+y, 0), s.h-1)*s.w + min(max(x0+x, 0), s.w-1)
			var v [3]float32
			for c := range s.c {
				if s.planar {
					v[c] = float32(s.data[base+c*s.h*s.w+at]) / 255
				} else {
					v[c] = float32(s.data[base+at*s.c+c]) / 255
				}
			}
			out := dst[(y*w+x)*s.channels:][:s.channels]
			switch {
			case s.channels == s.c:
				copy(out, v[:])
			case s.channels == 3:
				out[0], out[1], out[2] = v[0], v[0], v[0]
			default:
				out[0] = tensor.Luma(v[0], v[1], v[2])
			}
		}
	}
}

// newSet numbers the pictures. channels 0 means the data's own.
func newSet(s Set, pictures, channels int) (*Set, error) {
	if pictures == 0 {
		return nil, ErrEmpty
	}
	s.n = make([]int, pictures)
	for i := range s.n {
		s.n[i] = i
	}
	switch channels {
	case 0:
		s.channels = s.c
	case 1, 3:
		s.channels = channels
	default:
		panic(fmt.Sprintf("imageio: %d channels", channels))
	}
	return &s, nil
}

// OpenIDX reads pictures in IDX (type unsigned byte, three dimensions), as they
// are or compressed by gzip. Labels are read from the file beside it that is
// named the MNIST way (labels-idx1 for images-idx3) when there is one.
// channels 0 means 1.
func OpenIDX(path string, channels int) (*Set, error) {
	dims, data, err := readIDXFile(path, 3)
	if err != nil {
		return nil, err
	}
	s, err := newSet(Set{data: data, h: dims[1], w: dims[2], c: 1}, dims[0], channels)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	dir, name := filepath.Split(path)
	beside := strings.NewReplacer("images", "labels", "idx3", "idx1").Replace(name)
	if beside == name {
		return s, nil
	}
	dims, labels, err := readIDXFile(dir+beside, 1)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return s, nil
	case err != nil:
		return nil, err
	case dims[0] != s.Len():
		return nil, fmt.Errorf("%s: %w: %d labels for %d pictures", dir+beside, ErrDamaged, dims[0], s.Len())
	}
	s.labels = labels
	return s, nil
}

func readIDXFile(path string, rank int) (dims []int, data []byte, err error) {
	f, err := openFile(path)
	if err == nil {
		defer f.Close()
		var size int64
		if size, err = sizeOf(f); err == nil {
			dims, data, err = readIDX(f, size, rank)
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return dims, data, nil
}

func sizeOf(f *os.File) (int64, error) {
	at, err := f.Stat()
	if err != nil {
		return 0, bare(err)
	}
	return at.Size(), nil
}

// readIDX reads an IDX file of size bytes. It takes no more memory than the
// file can fill.
func readIDX(r io.Reader, size int64, rank int) (dims []int, data []byte, err error) {
	b := bufio.NewReader(r)
	packed := false
	if magic, _ := b.Peek(2); string(magic) == "\x1f\x8b" {
		packed = true
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, nil, cut(err)
		}
		b = bufio.NewReader(z)
	}
	head := make([]byte, 4+4*rank)
	if _, err := io.ReadFull(b, head); err != nil {
		return nil, nil, cut(err)
	}
	switch {
	case head[0] != 0 || head[1] != 0:
		return nil, nil, fmt.Errorf("%w: not IDX, it starts with %x", ErrFormat, head[:4])
	case head[2] != 8:
		return nil, nil, fmt.Errorf("%w: IDX of type %#x, unsigned bytes (8) are read", ErrUnsupported, head[2])
	case int(head[3]) != rank:
		return nil, nil, fmt.Errorf("%w: IDX of %d dimensions where %d are wanted", ErrUnsupported, head[3], rank)
	}
	total := int64(1)
	for i := range rank {
		d := int64(binary.BigEndian.Uint32(head[4+4*i:]))
		if d > 0 && total > setLimit/d {
			return nil, nil, fmt.Errorf("%w: a set of more than %d bytes", ErrTooLarge, int64(setLimit))
		}
		if d == 0 && i > 0 {
			return nil, nil, fmt.Errorf("%w: pictures of size 0", ErrDamaged)
		}
		total *= d
		dims = append(dims, int(d))
	}
	room := size - int64(len(head))
	if packed {
		room = size * deflateRatio
	}
	if total > room {
		return nil, nil, fmt.Errorf("%w: %d bytes declared, %d in the file", ErrTruncated, total, size)
	}
	if total > 64*size { // it may be so, but let the bytes come first
		data, err = io.ReadAll(io.LimitReader(b, total))
	} else {
		data = make([]byte, total)
		_, err = io.ReadFull(b, data)
	}
	if err != nil {
		return nil, nil, cut(err)
	}
	if int64(len(data)) < total {
		return nil, nil, ErrTruncated
	}
	return dims, data, nil
}

// cut wraps an error of a reader that ought to have had more.
func cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrTruncated
	}
	return fmt.Errorf("%w: %v", ErrDamaged, err)
}

// OpenLabels reads labels in IDX (type unsigned byte, one dimension). It is an
// ErrFormat where a file is no IDX.
func OpenLabels(path string) ([]int, error) {
	_, data, err := readIDXFile(path, 1)
	if err != nil {
		return nil, err
	}
	labels := make([]int, len(data))
	for i, v := range data {
		labels[i] = int(v)
	}
	return labels, nil
}

const cifarRecord = 1 + 3*32*32 // label, then red, green and blue planes

// OpenCIFAR reads the binary version of CIFAR-10: files, or folders of
// data_batch_*.bin.
func OpenCIFAR(channels int, paths ...string) (*Set, error) {
	var files []string
	for _, path := range paths {
		found, err := cifarFiles(path)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	s := Set{h: 32, w: 32, c: 3, planar: true}
	for _, path := range files {
		b, err := readCIFAR(path, int64(len(s.data)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for ; len(b) > 0; b = b[cifarRecord:] {
			s.labels = append(s.labels, b[0])
			s.data = append(s.data, b[1:cifarRecord]...)
		}
	}
	out, err := newSet(s, len(s.labels), channels)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(paths, ", "), err)
	}
	return out, nil
}

// cifarFiles returns the files that a path stands for, none when it is a
// folder without any.
func cifarFiles(path string) ([]string, error) {
	at, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !at.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	var files []string
	for _, e := range entries {
		if ok, _ := filepath.Match("data_batch_*.bin", e.Name()); ok && !e.IsDir() {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	return files, err
}

// readCIFAR reads a file whole; have bytes of the set are read already.
func readCIFAR(path string, have int64) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := sizeOf(f)
	switch {
	case err != nil:
		return nil, err
	case size%cifarRecord != 0 || size == 0:
		return nil, fmt.Errorf("%w: CIFAR-10 is records of %d bytes, the file has %d bytes", ErrFormat, cifarRecord, size)
	case size > setLimit-have:
		return nil, fmt.Errorf("%w: a set of more than %d bytes", ErrTooLarge, int64(setLimit))
	default:
		b := make([]byte, size)
		if _, err := io.ReadFull(f, b); err != nil {
			return nil, cut(err)
		}
		for i := 0; i < len(b); i += cifarRecord {
			if b[i] > 9 {
				return nil, fmt.Errorf("%w: CIFAR-10 has classes 0 to 9, record %d has %d", ErrDamaged, i/cifarRecord, b[i])
			}
		}
		return b, nil
	}
}

// isIDX reports whether a file starts like IDX, unpacked or not.
func isIDX(r io.Reader) bool {
	b := bufio.NewReader(r)
	magic, _ := b.Peek(3)
	if bytes.HasPrefix(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return false
		}
		magic = make([]byte, 3)
		if _, err := io.ReadFull(z, magic); err != nil {
			return false
		}
	}
	return len(magic) == 3 && magic[0] == 0 && magic[1] == 0 && magic[2] >= 8 && magic[2] <= 14
}
