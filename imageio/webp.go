package imageio

// This file reads WebP: the chunks here, the pixels by golang.org/x/image/webp.

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/webp"
)

func u24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// webpHeader walks the chunks; EXIF stands behind the pixels.
func webpHeader(in *input) (*header, error) {
	h := &header{}
	h.Format, h.Depth, h.Channels = "webp", 8, 3
	var frame *webpFrame // the still picture, or the first frame
	animated := false
	for at := int64(12); at+8 <= in.size; {
		c := in.bytes(at, 8)
		if in.err != nil {
			return nil, in.err
		}
		n, body := int64(binary.LittleEndian.Uint32(c[4:])), at+8
		switch string(c[:4]) {
		case "VP8X":
			b := in.bytes(body, 10)
			if in.err != nil {
				return nil, in.err
			}
			animated = b[0]&2 != 0
			h.width, h.height = u24(b[4:])+1, u24(b[7:])+1
		case "VP8 ", "VP8L":
			if frame == nil {
				w, hh, err := webpSize(in, string(c[:4]), body)
				if err != nil {
					return nil, err
				}
				if h.width == 0 {
					h.width, h.height = w, hh
				}
				if w != h.width || hh != h.height {
					return nil, fmt.Errorf("%w: a frame of %d × %d on %d × %d", ErrDamaged, w, hh, h.width, h.height)
				}
				frame = &webpFrame{at: 0, n: in.size}
			}
		case "ANMF":
			if frame == nil && animated {
				var err error
				if frame, err = webpAnimation(in, h, body, n); err != nil {
					return nil, err
				}
			}
		case "ICCP":
			if n <= metadataLimit && h.icc == nil {
				h.icc = in.bytes(body, n)
			}
		case "EXIF":
			if n <= min(metadataLimit, in.size-body) && h.exif == nil {
				h.exif = in.bytes(body, n)
			}
		}
		at = body + n + n&1
	}
	if in.err != nil {
		return nil, in.err
	}
	if frame == nil {
		return nil, fmt.Errorf("%w: WebP without pixels", ErrTruncated)
	}
	h.pixels = func(h *header) (*raster, error) { return webpPixels(in, h, frame) }
	return h, nil
}

// A webpFrame is where a file, or a frame's chunks that head makes a file of, stand.
type webpFrame struct {
	head  []byte
	at, n int64
	place image.Point
}

// webpSize reads the size from the first bytes of a bit stream.
func webpSize(in *input, kind string, at int64) (w, h int, err error) {
	b := in.bytes(at, 10)
	if in.err != nil {
		return 0, 0, in.err
	}
	if kind == "VP8L" {
		v := binary.LittleEndian.Uint32(b[1:])
		return int(v&0x3fff) + 1, int(v>>14&0x3fff) + 1, nil
	}
	if b[0]&1 != 0 || string(b[3:6]) != "\x9d\x01\x2a" {
		return 0, 0, fmt.Errorf("%w: WebP does not start with a key frame", ErrDamaged)
	}
	return int(binary.LittleEndian.Uint16(b[6:]) & 0x3fff), int(binary.LittleEndian.Uint16(b[8:]) & 0x3fff), nil
}

// webpAnimation finds the first frame of an animation.
func webpAnimation(in *input, h *header, body, n int64) (*webpFrame, error) {
	b := in.bytes(body, 16)
	if in.err != nil {
		return nil, in.err
	}
	f := &webpFrame{at: body + 16, n: n - 16, place: image.Pt(2*u24(b), 2*u24(b[3:]))}
	w, hh := u24(b[6:])+1, u24(b[9:])+1
	alpha := byte(0)
	for at := f.at; at < body+n; {
		c := in.bytes(at, 8)
		if in.err != nil {
			return nil, in.err
		}
		switch kind := string(c[:4]); kind {
		case "ALPH":
			alpha = 0x10
		case "VP8 ", "VP8L":
			fw, fh, err := webpSize(in, kind, at+8)
			if err != nil {
				return nil, err
			}
			if fw != w || fh != hh || f.place.X+w > h.width || f.place.Y+hh > h.height {
				return nil, fmt.Errorf("%w: a frame of %d × %d on %d × %d", ErrDamaged, fw, fh, h.width, h.height)
			}
			f.head = []byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00")
			binary.LittleEndian.PutUint32(f.head[4:], uint32(4+18+f.n))
			f.head = append(f.head, alpha, 0, 0, 0,
				byte(w-1), byte((w-1)>>8), byte((w-1)>>16), byte(hh-1), byte((hh-1)>>8), byte((hh-1)>>16))
			return f, nil
		}
		size := int64(binary.LittleEndian.Uint32(c[4:]))
		at += 8 + size + size&1
	}
	return nil, fmt.Errorf("%w: WebP frame without pixels", ErrDamaged)
}

func webpPixels(in *input, h *header, f *webpFrame) (*raster, error) {
	m, err := webp.Decode(io.MultiReader(bytes.NewReader(f.head), io.LimitReader(in.stream(f.at), f.n)))
	if err != nil {
		return nil, in.wrong(err)
	}
	switch m := m.(type) { // moved to its place by its bounds
	case *image.YCbCr:
		m.Rect = m.Rect.Add(f.place)
	case *image.NYCbCrA:
		m.Rect = m.Rect.Add(f.place)
	case *image.NRGBA:
		m.Rect = m.Rect.Add(f.place)
	}
	return h.fromImage(m)
}
