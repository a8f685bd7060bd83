package imageio

// This file reads and writes numbers as NumPy does (.npy, version 1.0,
// numpy.lib.format).

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// NPYExtension ends the names of such files.
const NPYExtension = ".npy"

const npyMagic = "\x93NUMPY\x01\x00"

// mostDimensions is how many NumPy has.
const mostDimensions = 32

// WriteNPY writes numbers in a shape: float32, little-endian, the last
// dimension contiguous.
func WriteNPY(w io.Writer, data []float32, shape ...int) error {
	size := 1
	var dims strings.Builder
	for _, n := range shape {
		size *= n
		fmt.Fprintf(&dims, "%d, ", n)
	}
	if size != len(data) {
		panic(fmt.Sprintf("imageio: %d numbers in a shape of %d", len(data), size))
	}
	text := strings.TrimSuffix(dims.String(), " ")
	if len(shape) > 1 {
		text = strings.TrimSuffix(text, ",")
	}
	head := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", text)
	before := len(npyMagic) + 2
	head += strings.Repeat(" ", 63-(before+len(head))%64) + "\n" // data begin at a multiple of 64
	b := bufio.NewWriterSize(w, 1<<16)
	b.WriteString(npyMagic)
	b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(head))))
	b.WriteString(head)
	var four [4]byte
	for _, v := range data {
		binary.LittleEndian.PutUint32(four[:], math.Float32bits(v))
		b.Write(four[:])
	}
	return b.Flush() // with the first error of them all
}

// The entries of a header, a Python dictionary in any order.
var (
	npyType  = regexp.MustCompile(`'descr':\s*'([^']*)'`)
	npyOrder = regexp.MustCompile(`'fortran_order':\s*(True|False)`)
	npyShape = regexp.MustCompile(`'shape':\s*\(([0-9, ]*)\)`)
)

// ReadNPY reads a file of at most limit numbers of type float32 or float64,
// little-endian, the last dimension contiguous. Memory grows with what arrives,
// not with what the header promises. With ErrTooLarge comes the shape, where it
// can be one. Errors of r are returned as they are.
func ReadNPY(r io.Reader, limit int) (data []float32, shape []int, err error) {
	b := bufio.NewReaderSize(r, 1<<16)
	start := make([]byte, len(npyMagic)+2)
	if _, err := io.ReadFull(b, start); err != nil {
		return nil, nil, early(err)
	}
	if string(start[:len(npyMagic)]) != npyMagic {
		return nil, nil, fmt.Errorf("%w: not NumPy's .npy, version 1.0", ErrFormat)
	}
	head := make([]byte, binary.LittleEndian.Uint16(start[len(npyMagic):]))
	if _, err := io.ReadFull(b, head); err != nil {
		return nil, nil, early(err)
	}
	kind, order, dims := npyType.FindSubmatch(head), npyOrder.FindSubmatch(head), npyShape.FindSubmatch(head)
	switch {
	case kind == nil || order == nil || dims == nil:
		return nil, nil, fmt.Errorf("%w: a header without type, order and shape", ErrDamaged)
	case string(order[1]) != "False":
		return nil, nil, fmt.Errorf("%w: numbers in Fortran's order", ErrUnsupported)
	}
	size := 1
	for part := range strings.SplitSeq(string(dims[1]), ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil || len(shape) == mostDimensions {
			return nil, nil, fmt.Errorf("%w: the shape is (%s)", ErrDamaged, dims[1])
		}
		if shape = append(shape, n); n > 0 && size > limit/n {
			size = limit + 1 // whatever follows
		} else {
			size *= n
		}
	}
	if size > limit {
		return nil, shape, fmt.Errorf("%w: a shape of (%s), the limit is %d numbers", ErrTooLarge, dims[1], limit)
	}
	var get func(b []byte) float32
	var wide int
	switch string(kind[1]) {
	case "<f4":
		wide, get = 4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
	case "<f8":
		wide, get = 8, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }
	default:
		return nil, nil, fmt.Errorf("%w: numbers of type %q, <f4 and <f8 are read", ErrUnsupported, kind[1])
	}
	one := make([]byte, wide)
	for range size {
		if _, err := io.ReadFull(b, one); err != nil {
			return nil, nil, early(err)
		}
		data = append(data, get(one))
	}
	return data, shape, nil
}

// early is an error of reading what has to be there.
func early(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrTruncated
	}
	return err
}
