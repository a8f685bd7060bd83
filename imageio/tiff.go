package imageio

// This file reads TIFF: 1 to 16 and 32 bits a sample and floating point, in
// strips or tiles, samples together or in planes; unpacked, PackBits, LZW,
// deflate or fax. Rows are unpacked one at a time.

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"
)

// A tiff is what the first directory says.
type tiff struct {
	in         *input
	order      binary.ByteOrder
	dir        map[uint16]entry
	bits, spp  int
	float      bool
	colour     int64 // photometric interpretation
	pack       int64 // compression
	predictor  int64
	planes     int // 1, or spp when each sample has its own
	alpha      int // the sample that is alpha, or -1
	multiplied bool
	palette    []float32 // red, green, blue

	tiled            bool
	across, down     int // chunks
	chunkW, chunkH   int
	offsets, lengths []int64
}

// Photometric interpretations and compressions.
const (
	whiteIsZero, blackIsZero, rgbColour, paletteColour, cmykColour = 0, 1, 2, 3, 5

	unpacked, fax3, fax4, packLZW, packDeflate, packBits, packOldDeflate = 1, 3, 4, 5, 8, 32773, 32946
)

func tiffHeader(in *input) (*header, error) {
	b := in.bytes(0, 8)
	if in.err != nil {
		return nil, in.err
	}
	if b[2] == '+' || b[3] == '+' {
		return nil, fmt.Errorf("%w: BigTIFF", ErrUnsupported)
	}
	t := &tiff{in: in, order: byteOrder(b)}
	t.dir = in.directory(t.order, int64(t.order.Uint32(b[4:])))
	if in.err != nil {
		return nil, in.err
	}
	h := &header{pixels: t.pixels}
	h.Format = "tiff"
	if err := t.describe(h); err != nil {
		return nil, err
	}
	room := int64(metadataLimit)
	h.exif = newExif(t.order, in.fields(t.order, t.dir, carried, &room, 0))
	if e, ok := t.dir[profileTag]; ok && e.size() <= min(in.size, metadataLimit) {
		h.icc = in.bytes(e.at, e.size())
		in.err = nil
	}
	return h, nil
}

// one reads a field of one number.
func (t *tiff) one(tag uint16, none int64) (int64, error) {
	e, ok := t.dir[tag]
	if !ok || e.count == 0 {
		return none, nil
	}
	v, err := t.in.numbers(t.order, e, 1)
	if err != nil {
		return 0, err
	}
	return v[0], nil
}

// same reads a field that has one number a sample, which must be all the same.
func (t *tiff) same(tag uint16, none int64) (int64, error) {
	e, ok := t.dir[tag]
	if !ok || e.count == 0 {
		return none, nil
	}
	all, err := t.in.numbers(t.order, e, int64(t.spp))
	if err != nil {
		return 0, err
	}
	for _, v := range all {
		if v != all[0] {
			return 0, fmt.Errorf("%w: TIFF whose samples differ in field %d: %v", ErrUnsupported, tag, all)
		}
	}
	return all[0], nil
}

// describe reads everything but the pixels.
func (t *tiff) describe(h *header) error {
	var err error
	get := func(tag uint16, none int64) (v int64) {
		if err == nil {
			v, err = t.one(tag, none)
		}
		return v
	}
	w, hh := get(256, 0), get(257, 0)
	t.pack, t.predictor = get(259, unpacked), get(317, 1)
	t.colour = get(262, blackIsZero)
	orientation, planar, spp := get(274, 1), get(284, 1), get(277, 1)
	if err != nil {
		return err
	}
	if w == 0 || hh == 0 || w > math.MaxInt32 || hh > math.MaxInt32 {
		return fmt.Errorf("%w: TIFF of %d × %d pixels", ErrDamaged, w, hh)
	}
	if spp < 1 || spp > 16 {
		return fmt.Errorf("%w: TIFF with %d samples a pixel", ErrUnsupported, spp)
	}
	t.spp = int(spp)
	bits, err := t.same(258, 1)
	if err != nil {
		return err
	}
	kind, err := t.same(339, 1)
	if err != nil {
		return err
	}
	t.bits, t.float = int(bits), kind == 3
	switch {
	case t.float && (bits == 16 || bits == 32 || bits == 64):
		h.Depth = 32
	case (kind == 1 || kind == 4) && (bits >= 1 && bits <= 16 || bits == 32):
		h.Depth = min(t.bits, 16)
	default:
		return fmt.Errorf("%w: TIFF with samples of %d bits in format %d", ErrUnsupported, bits, kind)
	}
	h.width, h.height, h.Channels = int(w), int(hh), 3
	if orientation >= 1 && orientation <= 8 {
		h.Orientation = int(orientation)
	}
	colours := 1
	switch t.colour {
	case whiteIsZero, blackIsZero:
		h.Channels = 1
	case rgbColour:
		colours = 3
	case cmykColour:
		colours = 4
	case paletteColour:
		if err := t.readPalette(h); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%w: TIFF with colours of kind %d", ErrUnsupported, t.colour)
	}
	if t.spp < colours {
		return fmt.Errorf("%w: TIFF with %d samples a pixel where %d are needed", ErrDamaged, t.spp, colours)
	}
	t.alpha = -1
	if e, ok := t.dir[338]; ok && t.spp > colours && t.colour != paletteColour {
		extra, err := t.in.numbers(t.order, e, int64(t.spp-colours))
		if err != nil {
			return err
		}
		for i, v := range extra {
			if v == 1 || v == 2 {
				t.alpha, t.multiplied = colours+i, v == 1
				break
			}
		}
	}
	switch t.pack {
	case unpacked, packLZW, packDeflate, packOldDeflate, packBits:
	case fax3, fax4:
		if t.bits != 1 || t.spp != 1 {
			return fmt.Errorf("%w: fax of %d bits and %d samples", ErrDamaged, t.bits, t.spp)
		}
		if options := get(292, 0); t.pack == fax3 && options&1 != 0 {
			return fmt.Errorf("%w: two-dimensional group 3 fax in a TIFF", ErrUnsupported)
		}
	case 6, 7:
		return fmt.Errorf("%w: JPEG in a TIFF", ErrUnsupported)
	default:
		return fmt.Errorf("%w: TIFF packed by method %d", ErrUnsupported, t.pack)
	}
	if t.predictor == 2 && (t.float || t.bits != 8 && t.bits != 16 && t.bits != 32) || t.predictor == 3 && !t.float || t.predictor < 1 || t.predictor > 3 {
		return fmt.Errorf("%w: TIFF predictor %d with %d bits", ErrUnsupported, t.predictor, t.bits)
	}
	t.planes = 1
	if planar == 2 {
		t.planes = t.spp
	}
	return err
}

func (t *tiff) readPalette(h *header) error {
	n := int64(1) << t.bits
	e := t.dir[320]
	if t.float || t.bits > 8 || int64(e.count) < 3*n {
		return fmt.Errorf("%w: TIFF palette of %d numbers for %d bits", ErrDamaged, e.count, t.bits)
	}
	v, err := t.in.numbers(t.order, e, 3*n)
	if err != nil {
		return err
	}
	grey, deep, high := true, false, int64(0)
	for i := range n {
		for k := range int64(3) {
			high = max(high, v[k*n+i])
			grey = grey && v[k*n+i] == v[i]
		}
	}
	top, eight := float32(65535), high < 256
	if eight { // some writers give 8 bits where the format has 16
		top = 255
	}
	for _, c := range v {
		deep = deep || c%257 != 0
	}
	h.Depth = 8
	if deep && !eight {
		h.Depth = 16
	}
	for i := range n {
		for k := range int64(3) {
			t.palette = append(t.palette, float32(v[k*n+i])/top)
		}
	}
	if grey {
		h.Channels = 1
	}
	return nil
}

// layout reads where the strips or tiles are.
func (t *tiff) layout(h *header) error {
	tags := [2]uint16{273, 279}
	var err error
	t.chunkW, t.chunkH = h.width, h.height
	if _, t.tiled = t.dir[322]; t.tiled {
		tags = [2]uint16{324, 325}
		w, err := t.one(322, 0)
		if err != nil {
			return err
		}
		hh, err := t.one(323, 0)
		if err != nil {
			return err
		}
		if w < 1 || hh < 1 || w > int64(h.width)+1<<16 {
			return fmt.Errorf("%w: TIFF tiles of %d × %d pixels", ErrDamaged, w, hh)
		}
		t.chunkW, t.chunkH = int(w), int(hh)
	} else {
		rows, err := t.one(278, math.MaxUint32)
		if err != nil {
			return err
		}
		if rows > 0 && rows < int64(h.height) {
			t.chunkH = int(rows)
		}
	}
	t.across, t.down = (h.width+t.chunkW-1)/t.chunkW, (h.height+t.chunkH-1)/t.chunkH
	need := int64(t.across) * int64(t.down) * int64(t.planes)
	if t.offsets, err = t.in.numbers(t.order, t.dir[tags[0]], need); err != nil {
		return err
	}
	if e, ok := t.dir[tags[1]]; ok {
		if t.lengths, err = t.in.numbers(t.order, e, need); err != nil {
			return err
		}
	}
	if int64(len(t.offsets)) < need {
		return fmt.Errorf("%w: TIFF with %d pieces where %d are needed", ErrDamaged, len(t.offsets), need)
	}
	total := int64(0)
	for i, at := range t.offsets {
		if at > t.in.size {
			return fmt.Errorf("%w: TIFF pixels at %d, the file has %d bytes", ErrTruncated, at, t.in.size)
		}
		if i >= len(t.lengths) {
			t.lengths = append(t.lengths, t.in.size-at) // not said: as far as they go
		}
		total += min(t.lengths[i], t.in.size-at)
	}
	// Pieces may share bytes, but a file that is unpacked over and over is an attack.
	if _, said := t.dir[tags[1]]; said && total > 64*t.in.size {
		return fmt.Errorf("%w: TIFF that uses its bytes over and over", ErrDamaged)
	}
	ratio := map[int64]int64{unpacked: 1, packBits: 64, packLZW: lzwRatio, packDeflate: deflateRatio, packOldDeflate: deflateRatio}[t.pack]
	if ratio > 0 {
		return t.in.need(t.rowBytes(h.width)*int64(h.height)*int64(t.planes), ratio)
	}
	return nil
}

// rowBytes is the size of an unpacked row of n pixels in one plane.
func (t *tiff) rowBytes(n int) int64 {
	return (int64(n)*int64(t.spp/t.planes)*int64(t.bits) + 7) / 8
}

func (t *tiff) pixels(h *header) (*raster, error) {
	if err := t.layout(h); err != nil {
		return nil, err
	}
	m := h.raster(t.alpha >= 0)
	u := &unpacker{
		tiff:    t,
		row:     make([]byte, t.rowBytes(t.chunkW)),
		samples: make([]float32, t.chunkW*t.spp),
		pix:     make([]float32, t.chunkW*m.c),
		alpha:   make([]float32, t.chunkW),
	}
	for i := range t.across * t.down {
		if err := u.chunk(m, i); err != nil {
			return nil, err
		}
	}
	if t.float {
		return m, m.inRange()
	}
	return m, nil
}

// inRange looks for what is no number and no brightness. Values that lie a
// little outside [0, 1], as sharpening leaves them, are clamped.
func (m *raster) inRange() error {
	bad, lo, hi := 0, float32(0), float32(1)
	all := [][]float32{m.pix.Data}
	if m.alpha != nil {
		all = append(all, m.alpha.Data)
	}
	for _, data := range all {
		for i, v := range data {
			if v-v != 0 {
				bad++
				continue
			}
			lo, hi = min(lo, v), max(hi, v)
			data[i] = max(0, min(v, 1))
		}
	}
	switch {
	case bad > 0:
		return fmt.Errorf("%w: values that are NaN or infinite: %d", ErrDamaged, bad)
	case lo < -0.5 || hi > 1.5:
		return fmt.Errorf("%w: floating-point values from %g to %g; black has to be 0 and white 1", ErrUnsupported, lo, hi)
	}
	return nil
}

// An unpacker holds what is used again from chunk to chunk.
type unpacker struct {
	*tiff
	row                 []byte
	samples, pix, alpha []float32
}

// chunk unpacks the strip or tile i and puts it in its place.
func (u *unpacker) chunk(m *raster, i int) error {
	x0, y0 := i%u.across*u.chunkW, i/u.across*u.chunkH
	w, h := min(u.chunkW, m.w-x0), min(u.chunkH, m.h-y0)
	readers := make([]io.Reader, u.planes)
	for p := range readers {
		k := p*u.across*u.down + i
		r, err := u.open(k, h)
		if err != nil {
			return err
		}
		readers[p] = r
	}
	for y := range h {
		for p, r := range readers {
			if _, err := io.ReadFull(r, u.row); err != nil {
				k := p*u.across*u.down + i
				if u.in.eof || u.offsets[k]+u.lengths[k] > u.in.size {
					return fmt.Errorf("%w: row %d of TIFF piece %d: %v", ErrTruncated, y, k, err)
				}
				return fmt.Errorf("%w: row %d of TIFF piece %d: %v", ErrDamaged, y, k, err)
			}
			u.unpredict()
			u.unpack(p)
		}
		if err := u.convert(w, m.c); err != nil {
			return err
		}
		m.put(x0, y0+y, u.pix[:w*m.c], u.alpha[:w])
	}
	return nil
}

// open returns the unpacked bytes of piece k, which has h rows.
func (u *unpacker) open(k, h int) (io.Reader, error) {
	r := bufio.NewReader(io.LimitReader(&stream{u.in, u.offsets[k]}, u.lengths[k]))
	u.in.eof = false
	switch u.pack {
	case packBits:
		return &unpackBits{r: r}, nil
	case packLZW:
		return lzw.NewReader(r, lzw.MSB, 8), nil
	case packDeflate, packOldDeflate:
		z, err := zlib.NewReader(r)
		if err != nil {
			return nil, u.in.wrong(err)
		}
		return z, nil
	case fax3, fax4:
		sub, order := ccitt.Group3, ccitt.MSB
		if u.pack == fax4 {
			sub = ccitt.Group4
		}
		fill, err := u.one(266, 1)
		if err != nil {
			return nil, err
		}
		if fill == 2 {
			order = ccitt.LSB
		}
		if u.tiled {
			h = u.chunkH
		}
		// A fax says 0 for white; that a file calls 0 black turns it over, as libtiff has it.
		return ccitt.NewReader(r, order, sub, u.chunkW, h, &ccitt.Options{Invert: true}), nil
	}
	return r, nil
}

// unpredict undoes what was done to the row to make it smaller: 2 stores
// differences from the pixel on the left, 3 those of the bytes of floating
// point numbers, all first bytes first (TIFF Technical Note 3).
func (u *unpacker) unpredict() {
	n := u.spp / u.planes
	switch {
	case u.predictor == 3:
		for i := n; i < len(u.row); i++ {
			u.row[i] += u.row[i-n]
		}
		size := u.bits / 8
		count := len(u.row) / size
		in := append([]byte(nil), u.row...)
		for i := range count {
			for k := range size {
				at := k
				if u.order == binary.LittleEndian {
					at = size - 1 - k
				}
				u.row[i*size+at] = in[k*count+i]
			}
		}
	case u.predictor == 2 && u.bits == 8:
		for i := n; i < len(u.row); i++ {
			u.row[i] += u.row[i-n]
		}
	case u.predictor == 2 && u.bits == 16:
		for i := 2 * n; i+1 < len(u.row); i += 2 {
			u.order.PutUint16(u.row[i:], u.order.Uint16(u.row[i:])+u.order.Uint16(u.row[i-2*n:]))
		}
	case u.predictor == 2:
		for i := 4 * n; i+3 < len(u.row); i += 4 {
			u.order.PutUint32(u.row[i:], u.order.Uint32(u.row[i:])+u.order.Uint32(u.row[i-4*n:]))
		}
	}
}

// unpack turns the row of a plane into numbers: 0 to 1, indices of a palette
// as they are.
func (u *unpacker) unpack(plane int) {
	step, n := 1, u.chunkW*u.spp
	if u.planes > 1 {
		step, n = u.spp, u.chunkW
	}
	top := float32(uint64(1)<<u.bits - 1)
	if u.colour == paletteColour {
		top = 1
	}
	put := func(i int, v float32) { u.samples[plane+i*step] = v }
	switch {
	case u.float && u.bits == 16:
		for i := range n {
			put(i, half(u.order.Uint16(u.row[2*i:])))
		}
	case u.float && u.bits == 32:
		for i := range n {
			put(i, math.Float32frombits(u.order.Uint32(u.row[4*i:])))
		}
	case u.float:
		for i := range n {
			put(i, float32(math.Float64frombits(u.order.Uint64(u.row[8*i:]))))
		}
	case u.bits == 8:
		for i := range n {
			put(i, float32(u.row[i])/top)
		}
	case u.bits == 16:
		for i := range n {
			put(i, float32(u.order.Uint16(u.row[2*i:]))/top)
		}
	case u.bits == 32:
		for i := range n {
			put(i, float32(float64(u.order.Uint32(u.row[4*i:]))/math.MaxUint32))
		}
	default:
		var have, acc, at uint
		for i := range n {
			for have < uint(u.bits) {
				acc = acc<<8 | uint(u.row[at])
				at++
				have += 8
			}
			have -= uint(u.bits)
			put(i, float32(acc>>have&(1<<u.bits-1))/top)
		}
	}
}

// half widens a number of 16 bits (IEEE 754 binary16).
func half(v uint16) float32 {
	sign, e, m := 1-2*float64(v>>15), int(v>>10&31), float64(v&1023)
	switch e {
	case 0:
		return float32(sign * math.Ldexp(m, -24))
	case 31:
		if m != 0 {
			return float32(math.NaN())
		}
		return float32(sign * math.Inf(1))
	}
	return float32(sign * math.Ldexp(m+1024, e-25))
}

// convert turns samples into w pixels of c channels.
func (u *unpacker) convert(w, c int) error {
	for x := range w {
		s, out := u.samples[x*u.spp:(x+1)*u.spp], u.pix[x*c:(x+1)*c]
		switch u.colour {
		case whiteIsZero:
			out[0] = 1 - s[0]
		case paletteColour:
			copy(out, u.palette[3*int(s[0]):][:3])
		case cmykColour:
			for k := range out {
				out[k] = float32((1 - s[k]) * (1 - s[3]))
			}
		default:
			copy(out, s)
		}
		if u.alpha == nil || u.tiff.alpha < 0 {
			continue
		}
		a := s[u.tiff.alpha]
		u.alpha[x] = a
		if u.multiplied && a > 0 {
			for k := range out {
				out[k] = min(out[k]/a, 1)
			}
		}
	}
	return nil
}

// unpackBits reads runs: n+1 bytes as they are, or one byte 1-n times.
type unpackBits struct {
	r         *bufio.Reader
	copy, run int
	b         byte
}

func (u *unpackBits) Read(p []byte) (int, error) {
	for i := range p {
		for u.copy == 0 && u.run == 0 {
			n, err := u.r.ReadByte()
			if err != nil {
				return i, err
			}
			switch v := int8(n); {
			case v >= 0:
				u.copy = int(v) + 1
			case v != -128:
				if u.b, err = u.r.ReadByte(); err != nil {
					return i, err
				}
				u.run = 1 - int(v)
			}
		}
		if u.copy > 0 {
			b, err := u.r.ReadByte()
			if err != nil {
				return i, err
			}
			p[i], u.copy = b, u.copy-1
		} else {
			p[i], u.run = u.b, u.run-1
		}
	}
	return len(p), nil
}
