package imageio

// This file reads and writes TIFF directories, which TIFF files and EXIF
// blocks are made of.

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Tags of directories within directories, and of what is left out.
const (
	exifTag      = 34665
	gpsTag       = 34853
	interopTag   = 40965
	makerNoteTag = 37500 // holds offsets into the file that it comes from
	profileTag   = 34675
)

// kindSize is how many bytes a number of each TIFF type takes.
var kindSize = [14]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4}

// A field is one entry of a directory whose values have been read.
type field struct {
	tag, kind uint16
	count     uint32
	data      []byte  // values, in the byte order of the file
	sub       []field // instead of values
}

// An entry is one whose values may still stand elsewhere in the file.
type entry struct {
	tag, kind uint16
	count     uint32
	at        int64 // of the values
}

// size of the values in bytes; 0 for a type that is not known.
func (e entry) size() int64 {
	if int(e.kind) >= len(kindSize) {
		return 0
	}
	return int64(e.count) * kindSize[e.kind]
}

// directory reads the entries at an offset. Of two with one tag the first counts.
func (in *input) directory(order binary.ByteOrder, at int64) map[uint16]entry {
	b := in.bytes(at, 2)
	if in.err != nil {
		return nil
	}
	n := int64(order.Uint16(b))
	if b = in.bytes(at+2, 12*n); in.err != nil {
		return nil
	}
	dir := map[uint16]entry{}
	for i := range n {
		e := entry{order.Uint16(b[12*i:]), order.Uint16(b[12*i+2:]), order.Uint32(b[12*i+4:]), at + 2 + 12*i + 8}
		if _, twice := dir[e.tag]; twice {
			continue
		}
		if e.size() > 4 {
			e.at = int64(order.Uint32(b[12*i+8:]))
		}
		dir[e.tag] = e
	}
	return dir
}

// numbers reads up to most values of a type of unsigned integers.
func (in *input) numbers(order binary.ByteOrder, e entry, most int64) ([]int64, error) {
	width := map[uint16]int64{1: 1, 3: 2, 4: 4, 13: 4}[e.kind]
	if width == 0 {
		return nil, fmt.Errorf("%w: TIFF field %d of type %d", ErrDamaged, e.tag, e.kind)
	}
	n := min(int64(e.count), most)
	b := in.bytes(e.at, n*width)
	if in.err != nil {
		return nil, in.err
	}
	out := make([]int64, n)
	for i := range out {
		switch p := b[int64(i)*width:]; width {
		case 1:
			out[i] = int64(p[0])
		case 2:
			out[i] = int64(order.Uint16(p))
		default:
			out[i] = int64(order.Uint32(p))
		}
	}
	return out, nil
}

// carried are the fields of a picture's first directory that say something
// about the picture and nothing about how it is stored.
func carried(tag uint16) bool {
	switch tag {
	case 270, 271, 272, 282, 283, 296, 305, 306, 315, 33432, exifTag, gpsTag:
		return true
	}
	return false
}

// fields reads the entries that keep wants, with the directories in them, as
// far as the metadata limit goes. What cannot be read is left out.
func (in *input) fields(order binary.ByteOrder, dir map[uint16]entry, keep func(uint16) bool, room *int64, depth int) (out []field) {
	for _, tag := range slices.Sorted(maps.Keys(dir)) {
		e := dir[tag]
		n := e.size()
		if !keep(tag) || n == 0 || n > min(*room, in.size) || depth > 3 {
			continue
		}
		*room -= n + 12
		f := field{tag: tag, kind: e.kind, count: e.count, data: in.bytes(e.at, n)}
		if in.err != nil {
			in.err = nil
			continue
		}
		if tag == exifTag || tag == gpsTag || tag == interopTag {
			if n != 4 {
				continue
			}
			sub := in.directory(order, int64(order.Uint32(f.data)))
			in.err = nil
			notes := func(tag uint16) bool { return tag != makerNoteTag }
			if f.sub = in.fields(order, sub, notes, room, depth+1); f.sub == nil {
				continue
			}
			f.kind, f.count, f.data = 4, 1, nil
		}
		out = append(out, f)
	}
	return out
}

// layOut writes a directory for offset base, its values and directories behind it.
func layOut(order binary.AppendByteOrder, dir []field, base int) []byte {
	head := order.AppendUint16(nil, uint16(len(dir)))
	var tail []byte
	behind := base + 2 + 12*len(dir) + 4
	for _, f := range dir {
		head = order.AppendUint16(head, f.tag)
		head = order.AppendUint16(head, f.kind)
		head = order.AppendUint32(head, f.count)
		if f.sub == nil && len(f.data) <= 4 {
			head = append(head, f.data...)
			head = append(head, make([]byte, 4-len(f.data))...)
			continue
		}
		head = order.AppendUint32(head, uint32(behind+len(tail)))
		if f.sub != nil {
			tail = append(tail, layOut(order, f.sub, behind+len(tail))...)
		} else {
			tail = append(tail, f.data...)
		}
		if len(tail)%2 == 1 {
			tail = append(tail, 0)
		}
	}
	head = order.AppendUint32(head, 0) // no further directory
	return append(head, tail...)
}

// newExif makes a block of fields. A block of nothing is nil.
func newExif(order binary.ByteOrder, dir []field) []byte {
	if len(dir) == 0 {
		return nil
	}
	mark := "II*\x00"
	if order == binary.BigEndian {
		mark = "MM\x00*"
	}
	appending := order.(binary.AppendByteOrder)
	return append(appending.AppendUint32([]byte(mark), 8), layOut(appending, dir, 8)...)
}

// shorts and longs make fields of numbers.
func shorts(order binary.ByteOrder, tag uint16, v ...int) field {
	f := field{tag: tag, kind: 3, count: uint32(len(v)), data: make([]byte, 2*len(v))}
	for i, x := range v {
		order.PutUint16(f.data[2*i:], uint16(x))
	}
	return f
}

func longs(order binary.ByteOrder, tag uint16, v ...int) (field, error) {
	f := field{tag: tag, kind: 4, count: uint32(len(v)), data: make([]byte, 4*len(v))}
	for i, x := range v {
		if x > math.MaxUint32 {
			return f, fmt.Errorf("%w: a TIFF file holds 4 GiB", ErrTooLarge)
		}
		order.PutUint32(f.data[4*i:], uint32(x))
	}
	return f, nil
}
