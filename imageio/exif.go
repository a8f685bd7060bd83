package imageio

// This file knows just enough of EXIF and of colour profiles to carry them.

import (
	"encoding/binary"
	"slices"
)

const orientationTag = 0x0112

// byteOrder returns the order of a TIFF-structured block, nil when it is none.
func byteOrder(b []byte) binary.ByteOrder {
	if len(b) < 8 {
		return nil
	}
	switch string(b[:4]) {
	case "II*\x00":
		return binary.LittleEndian
	case "MM\x00*":
		return binary.BigEndian
	}
	return nil
}

// upright returns a block whose orientation says 1, and the orientation that
// it said. A block that is not TIFF-structured is dropped. The given
// orientation, that of the file itself, wins when it is not 0.
func upright(exif []byte, orientation int) ([]byte, int) {
	if len(exif) > len(exifMark) && string(exif[:6]) == exifMark {
		exif = exif[6:] // some writers put the JPEG mark into PNG and WebP as well
	}
	order := byteOrder(exif)
	if order == nil {
		return nil, max(orientation, 1)
	}
	at := int64(order.Uint32(exif[4:]))
	if at+2 > int64(len(exif)) {
		return nil, max(orientation, 1)
	}
	exif = slices.Clone(exif)
	for n := int64(order.Uint16(exif[at:])); n > 0; n-- {
		e := at + 2 + 12*(n-1)
		if e+12 > int64(len(exif)) || order.Uint16(exif[e:]) != orientationTag || order.Uint32(exif[e+4:]) != 1 {
			continue
		}
		var o int
		switch order.Uint16(exif[e+2:]) {
		case 3:
			o = int(order.Uint16(exif[e+8:]))
			order.PutUint16(exif[e+8:], 1)
		case 4:
			o = int(order.Uint32(exif[e+8:]))
			order.PutUint32(exif[e+8:], 1)
		}
		if orientation == 0 && o >= 1 && o <= 8 {
			orientation = o
		}
	}
	if orientation < 1 || orientation > 8 {
		orientation = 1
	}
	return exif, orientation
}

// profileFor returns the profile if it is one for so many channels: that of a
// CMYK file means nothing for the colours it was turned into.
func profileFor(icc []byte, channels int) []byte {
	want := "RGB "
	if channels == 1 {
		want = "GRAY"
	}
	if len(icc) < 128 || string(icc[16:20]) != want {
		return nil
	}
	return icc
}
