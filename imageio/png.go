package imageio

// This file reads PNG: the chunks here, the pixels by image/png.

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"image/png"
	"io"
)

// metadataLimit is the most bytes of EXIF or of a colour profile that are
// carried; real ones are below a megabyte.
const metadataLimit = 16 << 20

// pngHeader walks the chunks, skipping over the pixels.
func pngHeader(in *input) (*header, error) {
	h := &header{}
	h.Format = "png"
	b := in.bytes(8, 25)
	if in.err != nil {
		return nil, in.err
	}
	if string(b[4:8]) != "IHDR" || binary.BigEndian.Uint32(b) != 13 {
		return nil, fmt.Errorf("%w: PNG without header chunk", ErrDamaged)
	}
	w, hh := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	if w>>31 != 0 || hh>>31 != 0 {
		return nil, fmt.Errorf("%w: %d × %d pixels", ErrDamaged, w, hh)
	}
	h.width, h.height, h.Depth = int(w), int(hh), int(b[16])
	samples := int64(1)
	switch b[17] {
	case 0, 3:
		h.Channels = 1
	case 4:
		h.Channels, samples = 1, 2
	case 2:
		h.Channels, samples = 3, 3
	case 6:
		h.Channels, samples = 3, 4
	}
	ok := h.Depth == 8 || h.Depth == 16 && b[17] != 3
	if b[17] == 0 || b[17] == 3 {
		ok = ok || h.Depth == 1 || h.Depth == 2 || h.Depth == 4
	}
	if !ok || h.Channels == 0 {
		return nil, fmt.Errorf("%w: PNG of colour type %d with %d bits", ErrDamaged, b[17], h.Depth)
	}
	h.pixels = func(h *header) (*raster, error) {
		row := (int64(w)*samples*int64(b[16])+7)/8 + 1 // and a byte naming the filter
		if err := in.need(row*int64(hh), deflateRatio); err != nil {
			return nil, err
		}
		return pngPixels(in, h)
	}
	if b[17] == 3 {
		h.Depth = 8 // of the palette
	}
	profiled := false
	for at := int64(33); ; {
		c := in.bytes(at, 8)
		if in.err != nil {
			in.err = nil // the pixels may be all there, else their reader says so
			break
		}
		n := int64(binary.BigEndian.Uint32(c))
		if n > in.size-at-12 {
			break
		}
		switch string(c[4:8]) {
		case "PLTE":
			if b[17] == 3 {
				h.Channels = paletteChannels(in.bytes(at+8, min(n, 768)))
			}
		case "eXIf":
			if n <= metadataLimit && h.exif == nil {
				h.exif = in.bytes(at+8, n)
			}
		case "iCCP":
			if n <= metadataLimit && !profiled { // the first, or they could be a thousand bombs
				h.icc, profiled = pngProfile(in.bytes(at+8, n)), true
			}
		}
		at += 12 + n
		if string(c[4:8]) == "IEND" {
			break
		}
	}
	if in.err != nil {
		return nil, in.err
	}
	return h, nil
}

// pngProfile unpacks an iCCP chunk: name, zero, method, deflated profile. A
// chunk that cannot be unpacked, or not within the limit, is no profile.
func pngProfile(b []byte) []byte {
	i := bytes.IndexByte(b, 0)
	if i < 0 || i+2 > len(b) || b[i+1] != 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(b[i+2:]))
	if err != nil {
		return nil
	}
	icc, err := io.ReadAll(io.LimitReader(z, metadataLimit+1))
	if err != nil || len(icc) > metadataLimit {
		return nil
	}
	return icc
}

func pngPixels(in *input, h *header) (*raster, error) {
	m, err := png.Decode(in.stream(0))
	if err != nil {
		var u png.UnsupportedError
		if errors.As(err, &u) {
			return nil, fmt.Errorf("%w: %v", ErrUnsupported, err)
		}
		return nil, in.wrong(err)
	}
	return h.fromImage(m)
}
