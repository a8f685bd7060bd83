package imageio

// This file writes TIFF: deflated strips with horizontal differences, in the
// byte order of the EXIF block that goes with them.

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

func encodeTIFF(w io.Writer, p *Picture, depth int) error {
	_, h, width, c := p.Pix.Dims4()
	spp := p.samplesPerPixel()
	order, mark := binary.ByteOrder(binary.LittleEndian), "II*\x00"
	var carry []field
	if exif := byteOrder(p.Exif); exif != nil {
		if exif == binary.BigEndian {
			order, mark = exif, "MM\x00*"
		}
		in := &input{r: bytes.NewReader(p.Exif), size: int64(len(p.Exif))}
		room := int64(metadataLimit)
		carry = in.fields(order, in.directory(order, int64(order.Uint32(p.Exif[4:]))), carried, &room, 0)
	}
	rowBytes := width * spp * depth / 8
	rows := min(max(1, (1<<18)/max(rowBytes, 1)), h)
	strips := make([][]byte, (h+rows-1)/rows)
	parallel(len(strips), func(a, b int) {
		row := make([]byte, rowBytes)
		for i := a; i < b; i++ {
			var buf bytes.Buffer
			z := zlib.NewWriter(&buf) // into memory, it cannot fail
			for y := i * rows; y < min((i+1)*rows, h); y++ {
				p.samples(row, y, depth, order)
				predict(row, spp, depth, order)
				z.Write(row)
			}
			z.Close()
			strips[i] = buf.Bytes()
		}
	})
	bits := slices.Repeat([]int{depth}, spp)
	dir := []field{
		shorts(order, 258, bits...), shorts(order, 259, packDeflate), shorts(order, 262, c/3+1),
		shorts(order, orientationTag, 1), shorts(order, 277, spp), shorts(order, 284, 1), shorts(order, 317, 2),
	}
	if p.Alpha != nil {
		dir = append(dir, shorts(order, 338, 2)) // colours not multiplied by it
	}
	if icc := profileFor(p.ICC, c); icc != nil {
		dir = append(dir, field{tag: profileTag, kind: 7, count: uint32(len(icc)), data: icc})
	}
	dir = append(dir, carry...)
	offsets, lengths := make([]int, len(strips)), make([]int, len(strips))
	var ifd []byte
	for range 2 { // the first time to see how long it is
		at := 8 + len(ifd)
		for i, s := range strips {
			offsets[i], lengths[i] = at, len(s)
			at += len(s)
		}
		full := slices.Clone(dir)
		for tag, v := range map[uint16][]int{256: {width}, 257: {h}, 273: offsets, 278: {rows}, 279: lengths} {
			f, err := longs(order, tag, v...)
			if err != nil {
				return err
			}
			full = append(full, f)
		}
		slices.SortFunc(full, func(a, b field) int { return int(a.tag) - int(b.tag) })
		ifd = layOut(order.(binary.AppendByteOrder), full, 8)
	}
	head := order.(binary.AppendByteOrder).AppendUint32([]byte(mark), 8)
	for _, b := range append([][]byte{head, ifd}, strips...) {
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("tiff: %w", err)
		}
	}
	return nil
}

// predict replaces samples by their differences from the pixel on the left.
func predict(row []byte, spp, depth int, order binary.ByteOrder) {
	if depth == 8 {
		for i := len(row) - 1; i >= spp; i-- {
			row[i] -= row[i-spp]
		}
		return
	}
	for i := len(row) - 2; i >= 2*spp; i -= 2 {
		order.PutUint16(row[i:], order.Uint16(row[i:])-order.Uint16(row[i-2*spp:]))
	}
}
