package imageio

// This file reads BMP of every age: OS/2 and Windows headers, 1 to 32 bits a
// pixel, bit fields, run lengths, rows from below or above.

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

// A bmp is what the headers say.
type bmp struct {
	w, h    int
	topDown bool
	bits    int       // a pixel
	pack    uint32    // 0 none, 1 RLE8, 2 RLE4, 3 bit fields
	masks   [4]uint32 // red, green, blue, alpha
	palette []byte    // red, green, blue
	offset  int64     // of the pixels
}

func bmpHeader(in *input) (*header, error) {
	b := in.bytes(0, 18)
	if in.err != nil {
		return nil, in.err
	}
	le := binary.LittleEndian
	f := &bmp{offset: int64(le.Uint32(b[10:]))}
	n := int64(le.Uint32(b[14:]))
	if n < 12 || n > 1024 {
		return nil, fmt.Errorf("%w: BMP header of %d bytes", ErrDamaged, n)
	}
	d := in.bytes(14, n)
	if in.err != nil {
		return nil, in.err
	}
	entry, used, table := int64(4), int64(0), 14+n // bytes of a palette entry, entries, where
	if n == 12 {
		entry = 3
		f.w, f.h, f.bits = int(le.Uint16(d[4:])), int(le.Uint16(d[6:])), int(le.Uint16(d[10:]))
	} else {
		full := make([]byte, 124)
		copy(full, d) // shorter headers leave fields out, which then are 0
		f.w, f.h, f.bits = int(int32(le.Uint32(full[4:]))), int(int32(le.Uint32(full[8:]))), int(le.Uint16(full[14:]))
		f.pack, used = le.Uint32(full[16:]), int64(le.Uint32(full[32:]))
		if f.h < 0 {
			f.h, f.topDown = -f.h, true
		}
		if n == 64 && f.pack > 2 {
			return nil, fmt.Errorf("%w: OS/2 BMP packed by method %d", ErrUnsupported, f.pack)
		}
		if f.pack == 3 || f.pack == 6 {
			masks := full[40:56]
			if n < 52 { // behind the header
				masks = in.bytes(table, 12)
				table += 12
				if f.pack == 6 {
					masks, table = in.bytes(table-12, 16), table+4
				}
			}
			if in.err != nil {
				return nil, in.err
			}
			for i := 0; 4*i < len(masks); i++ {
				f.masks[i] = le.Uint32(masks[4*i:])
			}
			if n < 56 && f.pack == 3 {
				f.masks[3] = 0
			}
			f.pack = 3
		} else if n >= 56 && f.bits == 32 {
			f.masks[3] = le.Uint32(full[52:]) // only here says the file that the fourth byte is alpha
		}
	}
	if f.w <= 0 || f.h <= 0 || f.h == 1<<31 {
		return nil, fmt.Errorf("%w: BMP of %d × %d pixels", ErrDamaged, f.w, f.h)
	}
	ok := false
	switch f.pack {
	case 0:
		ok = f.bits == 1 || f.bits == 2 || f.bits == 4 || f.bits == 8 || f.bits == 16 || f.bits == 24 || f.bits == 32
	case 1:
		ok = f.bits == 8
	case 2:
		ok = f.bits == 4
	case 3:
		ok = f.bits == 16 || f.bits == 32
	case 4, 5:
		return nil, fmt.Errorf("%w: BMP that holds a JPEG or PNG", ErrUnsupported)
	}
	if !ok {
		return nil, fmt.Errorf("%w: BMP with %d bits a pixel, packed by method %d", ErrUnsupported, f.bits, f.pack)
	}
	h := &header{width: f.w, height: f.h}
	h.Format, h.Depth, h.Channels = "bmp", 8, 3
	switch {
	case f.bits <= 8:
		if used <= 0 || used > 1<<f.bits {
			used = 1 << f.bits
		}
		if gap := (f.offset - table) / entry; gap > 0 && gap < used { // cut short by the pixels
			used = gap
		}
		p := in.bytes(table, used*entry)
		if in.err != nil {
			return nil, in.err
		}
		f.palette = make([]byte, 3*used)
		for i := range int(used) {
			q := p[i*int(entry):]
			f.palette[3*i], f.palette[3*i+1], f.palette[3*i+2] = q[2], q[1], q[0]
		}
		h.Channels = paletteChannels(f.palette)
	case f.pack == 0 && f.bits == 16:
		f.masks = [4]uint32{0x7c00, 0x3e0, 0x1f, 0}
	case f.pack == 0:
		f.masks[0], f.masks[1], f.masks[2] = 0xff0000, 0xff00, 0xff
	}
	for i, m := range f.masks { // one run of ones each, or nothing
		if i < 3 && f.bits > 8 {
			h.Depth = min(max(h.Depth, bits.OnesCount32(m)), 16)
		}
		if m>>bits.TrailingZeros32(m)&(m>>bits.TrailingZeros32(m)+1) != 0 {
			return nil, fmt.Errorf("%w: BMP bit field %#x", ErrDamaged, m)
		}
	}
	h.pixels = func(h *header) (*raster, error) {
		if f.pack == 1 || f.pack == 2 {
			return f.runs(in, h)
		}
		return f.rows(in, h)
	}
	return h, nil
}

// rows reads pixels that are not packed.
func (f *bmp) rows(in *input, h *header) (*raster, error) {
	stride := (int64(f.w)*int64(f.bits) + 31) / 32 * 4
	// The last row may lack its padding.
	if need := stride*int64(f.h-1) + (int64(f.w)*int64(f.bits)+7)/8; f.offset+need > in.size {
		return nil, fmt.Errorf("%w: BMP pixels take %d bytes from %d on, the file has %d", ErrTruncated, need, f.offset, in.size)
	}
	m := h.raster(f.bits > 8 && f.masks[3] != 0)
	row := make([]byte, stride)
	pix, alpha := make([]float32, f.w*m.c), make([]float32, f.w)
	r := in.stream(f.offset)
	for i := range f.h {
		if _, err := io.ReadFull(r, row); err != nil && (i < f.h-1 || err != io.ErrUnexpectedEOF) {
			return nil, in.wrong(err)
		}
		if f.bits <= 8 {
			for x := range f.w {
				bit := x * f.bits
				v := int(row[bit/8]) >> (8 - f.bits - bit%8) & (1<<f.bits - 1)
				f.colour(pix[x*m.c:(x+1)*m.c], v)
			}
		} else {
			for x := range f.w {
				var v uint32
				for k := range f.bits / 8 {
					v |= uint32(row[x*f.bits/8+k]) << (8 * k)
				}
				for k := range 3 {
					pix[3*x+k] = masked(v, f.masks[k], 0)
				}
				alpha[x] = masked(v, f.masks[3], 1)
			}
		}
		m.put(0, f.line(i), pix, alpha)
	}
	if m.alpha != nil && slices.Max(m.alpha.Data) == 0 {
		m.alpha = nil // nobody draws what cannot be seen: the writer left the bytes empty
	}
	return m, nil
}

// line is where the i-th row of the file belongs.
func (f *bmp) line(i int) int {
	if f.topDown {
		return i
	}
	return f.h - 1 - i
}

// masked cuts the sample under a mask out of v, scaled to [0, 1].
func masked(v, mask uint32, none float32) float32 {
	if mask == 0 {
		return none
	}
	s := bits.TrailingZeros32(mask)
	return float32(float64(v&mask>>s) / float64(mask>>s))
}

// colour looks a palette index up; indices past the end are black, as other readers have it.
func (f *bmp) colour(pix []float32, v int) {
	clear(pix)
	if 3*v < len(f.palette) {
		for k := range pix {
			pix[k] = float32(f.palette[3*v+k]) / 255
		}
	}
}

// runs reads RLE4 and RLE8. Pixels that are jumped over keep colour 0.
func (f *bmp) runs(in *input, h *header) (*raster, error) {
	// Two bytes make at most 255 pixels, but two others can end the picture.
	if f.offset >= in.size {
		return nil, fmt.Errorf("%w: BMP pixels start at %d, the file has %d bytes", ErrTruncated, f.offset, in.size)
	}
	index := make([]uint8, f.w*f.h)
	if err := f.unrun(in.stream(f.offset), index); err != nil {
		return nil, in.wrong(err)
	}
	m := h.raster(false)
	pix := make([]float32, f.w*m.c)
	for i := range f.h {
		for x := range f.w {
			f.colour(pix[x*m.c:(x+1)*m.c], int(index[i*f.w+x]))
		}
		m.put(0, f.line(i), pix, nil)
	}
	return m, nil
}

// unrun unpacks rows in the order of the file. A run that leaves its row is
// cut off there.
func (f *bmp) unrun(r *bufio.Reader, index []uint8) error {
	x, y := 0, 0
	put := func(v byte, i int) { // of two nibbles in a byte, the high one first
		if f.pack == 2 {
			v = v >> (4 - 4*(i&1)) & 15
		}
		if x < f.w && y < f.h {
			index[y*f.w+x] = v
		}
		x++
	}
	var b [256]byte
	for {
		if _, err := io.ReadFull(r, b[:2]); err != nil {
			return err
		}
		switch n, v := int(b[0]), int(b[1]); {
		case n > 0:
			for i := range n {
				put(b[1], i)
			}
		case v == 0:
			x, y = 0, y+1
		case v == 1:
			return nil
		case v == 2:
			if _, err := io.ReadFull(r, b[:2]); err != nil {
				return err
			}
			x, y = x+int(b[0]), y+int(b[1])
		default: // so many as they are, padded to two bytes
			each := 3 - int(f.pack) // bytes for two pixels: 2 or 1
			size := (v*each + 1) / 2
			if _, err := io.ReadFull(r, b[:size+size&1]); err != nil {
				return err
			}
			for i := range v {
				put(b[i*each/2], i)
			}
		}
	}
}
