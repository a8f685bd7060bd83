package imageio

// This file encodes pictures: PNG and TIFF row by row, JPEG by image/jpeg.

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"image"
	"image/jpeg"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"strings"

	"sieve/model/tensor"
)

// SaveOptions says how exactly a picture is written.
type SaveOptions struct {
	Depth   int // bits a sample in PNG and TIFF, 8 or 16; 0: 16 for a picture that has more than 8
	Quality int // of JPEG, 1 to 100; 0: 92
}

// Save writes a picture in the format that the name's extension says: .png,
// .jpg, .jpeg, .tif or .tiff. The file is written whole. EXIF and colour
// profile are written back.
func Save(path string, p *Picture, o SaveOptions) error {
	format := FormatOf(path)
	if format == "" {
		return fmt.Errorf("%s: %w: writing files that end in %q (.png, .jpg and .tif are written)", path, ErrUnsupported, filepath.Ext(path))
	}
	err := WriteFile(path, func(w io.Writer) error { return Encode(w, format, p, o) })
	if err != nil {
		return fmt.Errorf("%s: %w", path, bare(err))
	}
	return nil
}

// FormatOf returns the format that Save gives a file of this name: "png", "jpeg",
// "tiff", or "" when the extension is none that is written.
func FormatOf(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png":
		return "png"
	case ".jpg", ".jpeg":
		return "jpeg"
	case ".tif", ".tiff":
		return "tiff"
	}
	return ""
}

// Encode writes a picture as "png", "jpeg" or "tiff". Values are rounded to
// the nearest level. PNG and TIFF lose nothing beyond that. JPEG has 8 bits
// and colour at half the size across and down; transparency is laid on white.
func Encode(w io.Writer, format string, p *Picture, o SaveOptions) error {
	n, h, width, c := p.Pix.Dims4()
	if n != 1 || h == 0 || width == 0 || c != 1 && c != 3 {
		panic(fmt.Sprintf("imageio: cannot encode shape %v", p.Pix.Shape))
	}
	if o.Depth == 0 {
		o.Depth = 8
		if p.Depth > 8 {
			o.Depth = 16
		}
	}
	if o.Quality == 0 {
		o.Quality = 92
	}
	if o.Depth != 8 && o.Depth != 16 || o.Quality < 1 || o.Quality > 100 {
		panic(fmt.Sprintf("imageio: cannot encode with %d bits at quality %d", o.Depth, o.Quality))
	}
	switch format {
	case "png":
		return encodePNG(w, p, o.Depth)
	case "jpeg":
		return encodeJPEG(w, p, o.Quality)
	case "tiff":
		return encodeTIFF(w, p, o.Depth)
	}
	return fmt.Errorf("%w: writing %q", ErrUnsupported, format)
}

// level rounds a value to one of 0 … top; what is not a number becomes 0.
func level(v float32, top float32) uint16 {
	if !(v > 0) {
		return 0
	}
	return uint16(float32(min(v, 1)*top) + 0.5)
}

// samples writes row y, colours and then alpha if there is one, most
// significant byte first, or last for a little-endian order.
func (p *Picture) samples(row []byte, y, depth int, order binary.ByteOrder) {
	_, _, w, c := p.Pix.Dims4()
	pix := p.Pix.Data[y*w*c : (y+1)*w*c]
	i := 0
	put := func(v float32) {
		if depth == 8 {
			row[i] = byte(level(v, 255))
		} else {
			order.PutUint16(row[i:], level(v, 65535))
		}
		i += depth / 8
	}
	for x := range w {
		for _, v := range pix[x*c : (x+1)*c] {
			put(v)
		}
		if p.Alpha != nil {
			put(p.Alpha.Data[y*w+x])
		}
	}
}

// samplesPerPixel counts colours and alpha.
func (p *Picture) samplesPerPixel() int {
	if p.Alpha != nil {
		return p.Pix.Shape[3] + 1
	}
	return p.Pix.Shape[3]
}

// encodePNG compresses bands of rows side by side. Each ends on a byte (a sync
// flush), so one behind the other they are one deflate stream.
func encodePNG(w io.Writer, p *Picture, depth int) error {
	_, h, width, c := p.Pix.Dims4()
	spp := p.samplesPerPixel()
	var head [13]byte
	binary.BigEndian.PutUint32(head[:], uint32(width))
	binary.BigEndian.PutUint32(head[4:], uint32(h))
	head[8] = byte(depth)
	head[9] = [...]byte{1: 0, 2: 4, 3: 2, 4: 6}[spp]
	out := &chunks{w: w}
	_, out.err = io.WriteString(w, "\x89PNG\r\n\x1a\n")
	out.chunk("IHDR", head[:])
	if icc := profileFor(p.ICC, c); icc != nil {
		var b bytes.Buffer
		b.WriteString("ICC profile\x00\x00")
		z := zlib.NewWriter(&b)
		z.Write(icc)
		z.Close()
		out.chunk("iCCP", b.Bytes())
	}
	if p.Exif != nil {
		out.chunk("eXIf", p.Exif)
	}
	rows := min(max(1, (1<<19)/max(width*spp*depth/8, 1)), h)
	bands := make([]band, 4*runtime.GOMAXPROCS(0))
	sum, n := uint32(1), (h+rows-1)/rows
	for at := 0; at < n && out.err == nil; at += len(bands) {
		some := bands[:min(len(bands), n-at)]
		parallel(len(some), func(a, b int) {
			for i := a; i < b; i++ {
				y := (at + i) * rows
				some[i] = p.band(y, min(y+rows, h), depth)
			}
		})
		for i, b := range some {
			if at+i == 0 {
				b.packed = append([]byte{0x78, 0x9c}, b.packed...) // zlib, default compression
			}
			sum = adlerJoin(sum, b.adler, b.n)
			if at+i == n-1 {
				b.packed = binary.BigEndian.AppendUint32(b.packed, sum)
			}
			out.chunk("IDAT", b.packed)
		}
	}
	out.chunk("IEND", nil)
	return out.err
}

// A band is filtered and deflated rows.
type band struct {
	packed []byte
	adler  uint32 // of what was packed
	n      int    // bytes of it
}

// band filters each row with whichever of the five filters makes the smallest
// sum of absolute differences (the heuristic of the PNG specification, 12.7).
func (p *Picture) band(y0, y1, depth int) band {
	bpp := p.samplesPerPixel() * depth / 8
	n := p.Pix.Shape[2] * bpp
	cur, prev := make([]byte, n), make([]byte, n)
	if y0 > 0 {
		p.samples(prev, y0-1, depth, binary.BigEndian)
	}
	try, best := make([]byte, n+1), make([]byte, n+1)
	var packed bytes.Buffer // neither it nor the checksum can fail
	z, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		panic(err)
	}
	sum := adler32.New()
	both := io.MultiWriter(z, sum)
	for y := y0; y < y1; y++ {
		p.samples(cur, y, depth, binary.BigEndian)
		least := math.MaxInt
		for kind := range 5 {
			if sum := filterRow(try, cur, prev, bpp, kind); sum < least {
				least = sum
				try, best = best, try
			}
		}
		both.Write(best)
		cur, prev = prev, cur
	}
	if y1 < p.Pix.Shape[1] {
		z.Flush()
	} else {
		z.Close()
	}
	return band{packed.Bytes(), sum.Sum32(), (y1 - y0) * (n + 1)}
}

// adlerJoin is the Adler-32 checksum of two pieces, the second n bytes long.
func adlerJoin(first, second uint32, n int) uint32 {
	const m = 65521
	a, b := int(first&0xffff), int(first>>16)
	b = (b + int(second>>16) + n%m*(a+m-1)) % m
	a = (a + int(second&0xffff) + m - 1) % m
	return uint32(b<<16 | a)
}

// filterRow applies PNG filter 0 to 4 and returns the sum of absolute
// differences. Left of the row and above the picture everything is 0.
func filterRow(dst, cur, prev []byte, bpp, kind int) (sum int) {
	dst[0] = byte(kind)
	dst = dst[1 : 1+len(cur)]
	prev = prev[:len(cur)]
	first := min(bpp, len(cur))
	switch kind {
	case 0:
		copy(dst, cur)
	case 1:
		copy(dst, cur[:first])
		for i := first; i < len(cur); i++ {
			dst[i] = cur[i] - cur[i-bpp]
		}
	case 2:
		for i := range cur {
			dst[i] = cur[i] - prev[i]
		}
	case 3:
		for i := range first {
			dst[i] = cur[i] - prev[i]/2
		}
		for i := first; i < len(cur); i++ {
			dst[i] = cur[i] - byte((int(cur[i-bpp])+int(prev[i]))/2)
		}
	case 4:
		for i := range first {
			dst[i] = cur[i] - prev[i]
		}
		for i := first; i < len(cur); i++ {
			dst[i] = cur[i] - byte(paeth(int(cur[i-bpp]), int(prev[i]), int(prev[i-bpp])))
		}
	}
	for _, v := range dst {
		sum += abs(int(int8(v)))
	}
	return sum
}

func abs(v int) int { return max(v, -v) }

// paeth predicts from left, above and above left (PNG specification, 9.4).
func paeth(a, b, c int) int {
	p := a + b - c
	pa, pb, pc := abs(p-a), abs(p-b), abs(p-c)
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

// chunks writes PNG chunks up to the first failure.
type chunks struct {
	w   io.Writer
	err error
}

func (c *chunks) chunk(kind string, data []byte) {
	if c.err != nil {
		return
	}
	b := make([]byte, 8, 12+len(data))
	binary.BigEndian.PutUint32(b, uint32(len(data)))
	copy(b[4:], kind)
	b = append(b, data...)
	_, c.err = c.w.Write(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:])))
}

// encodeJPEG puts EXIF and profile right behind the first marker.
func encodeJPEG(w io.Writer, p *Picture, quality int) error {
	_, h, width, c := p.Pix.Dims4()
	if h > 65535 || width > 65535 {
		return fmt.Errorf("%w: %d × %d pixels, JPEG holds 65535 a side", ErrTooLarge, width, h)
	}
	var extra []byte
	segment := func(kind byte, parts ...[]byte) {
		n := 2
		for _, b := range parts {
			n += len(b)
		}
		extra = append(extra, 0xff, kind, byte(n>>8), byte(n))
		for _, b := range parts {
			extra = append(extra, b...)
		}
	}
	if p.Exif != nil {
		if len(p.Exif) > 65535-2-len(exifMark) {
			return fmt.Errorf("%w: %d bytes of EXIF, JPEG holds 65527; PNG and TIFF hold more", ErrTooLarge, len(p.Exif))
		}
		segment(0xe1, []byte(exifMark), p.Exif)
	}
	if icc := profileFor(p.ICC, c); icc != nil {
		const most = 65535 - 2 - len(iccMark) - 2
		total := (len(icc) + most - 1) / most
		if total > 255 {
			return fmt.Errorf("%w: colour profile of %d bytes in a JPEG", ErrTooLarge, len(icc))
		}
		for i := range total {
			segment(0xe2, []byte(iccMark), []byte{byte(i + 1), byte(total)}, icc[i*most:min((i+1)*most, len(icc))])
		}
	}
	flat := OverWhite(p)
	var m image.Image
	if c == 1 {
		g := image.NewGray(image.Rect(0, 0, width, h))
		for i, v := range flat.Data {
			g.Pix[i] = byte(level(v, 255))
		}
		m = g
	} else {
		m = ToRGBA(nil, flat)
	}
	return jpeg.Encode(&splice{w: w, at: 2, extra: extra}, m, &jpeg.Options{Quality: quality})
}

// A splice passes bytes on and puts extra ones behind the first at.
type splice struct {
	w     io.Writer
	at    int
	extra []byte
}

func (s *splice) Write(p []byte) (int, error) {
	if s.at > len(p) || s.extra == nil {
		s.at -= len(p)
		return s.w.Write(p)
	}
	for _, b := range [][]byte{p[:s.at], s.extra, p[s.at:]} {
		if _, err := s.w.Write(b); err != nil {
			return 0, err
		}
	}
	s.extra = nil
	return len(p), nil
}

// OverWhite lays a picture on white paper. An opaque one is returned as it is.
func OverWhite(p *Picture) *tensor.Tensor {
	if p.Alpha == nil {
		return p.Pix
	}
	out := p.Pix.Clone()
	c := out.Shape[3]
	for i, a := range p.Alpha.Data {
		for k := i * c; k < (i+1)*c; k++ {
			out.Data[k] = float32(out.Data[k]*a) + (1 - a)
		}
	}
	return out
}
