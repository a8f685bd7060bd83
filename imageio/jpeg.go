package imageio

// This file reads JPEG: the segments here, the pixels by image/jpeg.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
)

const (
	exifMark = "Exif\x00\x00"
	iccMark  = "ICC_PROFILE\x00"
)

// jpegHeader walks the segments up to the first scan.
func jpegHeader(in *input) (*header, error) {
	h := &header{pixels: func(h *header) (*raster, error) { return jpegPixels(in, h) }}
	h.Format, h.Depth = "jpeg", 8
	var profile [][]byte // by sequence number
	frame := false
	for at := int64(2); ; {
		b := in.bytes(at, min(4, in.size-at))
		if in.err != nil || len(b) < 4 {
			return nil, fmt.Errorf("%w: no pixels in it", ErrTruncated)
		}
		if b[0] != 0xff || b[1] == 0xff || b[1] == 0 { // stray or fill bytes, as image/jpeg skips them
			at++
			continue
		}
		kind := b[1]
		if kind == 0xd9 {
			return nil, fmt.Errorf("%w: JPEG without pixels", ErrDamaged)
		}
		if kind >= 0xd0 && kind <= 0xd7 {
			at += 2
			continue
		}
		n := int64(binary.BigEndian.Uint16(b[2:])) - 2
		if n < 0 {
			return nil, fmt.Errorf("%w: JPEG segment of negative length", ErrDamaged)
		}
		if kind == 0xda {
			break
		}
		var seg []byte
		switch {
		case kind >= 0xc0 && kind <= 0xcf && kind != 0xc4 && kind != 0xc8 && kind != 0xcc, kind == 0xe1, kind == 0xe2:
			seg = in.bytes(at+4, n)
		}
		if in.err != nil {
			return nil, in.err
		}
		switch {
		case kind == 0xe1 && h.exif == nil && len(seg) > len(exifMark) && string(seg[:6]) == exifMark:
			h.exif = seg[6:]
		case kind == 0xe2 && len(seg) > len(iccMark)+2 && string(seg[:12]) == iccMark:
			seq, total := int(seg[12]), int(seg[13])
			if profile == nil {
				profile = make([][]byte, total)
			}
			if seq >= 1 && seq <= len(profile) && total == len(profile) && profile[seq-1] == nil {
				profile[seq-1] = seg[14:]
			}
		case kind > 0xc2 && seg != nil && kind < 0xd0:
			return nil, fmt.Errorf("%w: JPEG of coding process %d (only baseline and progressive Huffman coding are read)", ErrUnsupported, kind-0xc0)
		case kind >= 0xc0 && kind <= 0xc2 && !frame:
			if len(seg) < 6 {
				return nil, fmt.Errorf("%w: short JPEG frame header", ErrDamaged)
			}
			if seg[0] != 8 {
				return nil, fmt.Errorf("%w: JPEG with %d bits a sample (8 are read)", ErrUnsupported, seg[0])
			}
			frame = true
			h.height, h.width = int(binary.BigEndian.Uint16(seg[1:])), int(binary.BigEndian.Uint16(seg[3:]))
			h.Channels = 3
			if seg[5] == 1 {
				h.Channels = 1
			}
			if h.height == 0 {
				return nil, fmt.Errorf("%w: JPEG that gives its height after its pixels", ErrUnsupported)
			}
		}
		at += 4 + n
	}
	if !frame {
		return nil, fmt.Errorf("%w: JPEG without frame header", ErrDamaged)
	}
	for _, part := range profile {
		if part == nil { // a piece is missing
			h.icc = nil
			break
		}
		h.icc = append(h.icc, part...)
	}
	return h, nil
}

func jpegPixels(in *input, h *header) (*raster, error) {
	// Each block of 8 × 8 takes at least one bit.
	if err := in.need(int64(h.width+7)/8*(int64(h.height+7)/8), 8); err != nil {
		return nil, err
	}
	scans := &scanLimit{r: in.stream(0)}
	m, err := jpeg.Decode(scans)
	if err != nil {
		var u jpeg.UnsupportedError
		if errors.As(err, &u) {
			return nil, fmt.Errorf("%w: %v", ErrUnsupported, err)
		}
		return nil, in.wrong(err)
	}
	return h.fromImage(m)
}

// A scanLimit stops a progressive JPEG that goes over the picture again and
// again: a few bytes a scan, a whole pass over the blocks each.
type scanLimit struct {
	r     io.Reader
	scans int
	last  byte
}

var errScans = errors.New("more than 500 scans")

func (s *scanLimit) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	for _, b := range p[:n] {
		if s.last == 0xff && b == 0xda {
			s.scans++
		}
		s.last = b
	}
	if s.scans > 500 {
		return 0, errScans
	}
	return n, err
}
