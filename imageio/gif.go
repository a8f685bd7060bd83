package imageio

// This file reads the first frame of GIF: the blocks up to it here, the pixels
// by image/gif.

import (
	"encoding/binary"
	"fmt"
	"image/gif"
)

// gifHeader walks to the first frame, whose palette says whether it is grey.
func gifHeader(in *input) (*header, error) {
	h := &header{}
	h.Format, h.Depth = "gif", 8
	b := in.bytes(6, 7)
	if in.err != nil {
		return nil, in.err
	}
	h.width, h.height = int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:]))
	at := int64(13)
	table := func(flags byte) (p []byte) {
		if flags&0x80 != 0 {
			n := int64(3) << (flags&7 + 1)
			p = in.bytes(at, n)
			at += n
		}
		return p
	}
	palette := table(b[4])
	for in.err == nil {
		switch b := in.bytes(at, 1); {
		case in.err != nil:
		case b[0] == 0x21:
			at += 2
			for {
				n := in.bytes(at, 1)
				if in.err != nil {
					return nil, in.err
				}
				at += 1 + int64(n[0])
				if n[0] == 0 {
					break
				}
			}
		case b[0] == 0x2c:
			d := in.bytes(at+1, 9)
			if in.err != nil {
				return nil, in.err
			}
			at += 10
			frame := int64(binary.LittleEndian.Uint16(d[4:])) * int64(binary.LittleEndian.Uint16(d[6:]))
			h.pixels = func(h *header) (*raster, error) { return gifPixels(in, h, frame) }
			if local := table(d[8]); local != nil {
				palette = local
			}
			h.Channels = paletteChannels(palette)
			return h, in.err
		default:
			return nil, fmt.Errorf("%w: GIF without a frame", ErrDamaged)
		}
	}
	return nil, in.err
}

// gifPixels decodes a frame of so many pixels, which may be smaller than the screen.
func gifPixels(in *input, h *header, frame int64) (*raster, error) {
	if err := in.need(frame, lzwRatio); err != nil {
		return nil, err
	}
	m, err := gif.Decode(in.stream(0))
	if err != nil {
		return nil, in.wrong(err)
	}
	return h.fromImage(m)
}
