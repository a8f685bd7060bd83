package imageio

// This file keeps decoded pictures, as many as there is room for, and cuts
// crops out of them.

import (
	"container/list"
	"math/rand/v2"
	"slices"
	"sync"

	"sieve/model/tensor"
)

// Pixels are a decoded picture in as few bytes as hold it: 8 bits a sample for
// a file of 8 or fewer, else 16.
type pixels struct {
	w, h, c int
	shallow []uint8
	deep    []uint16
}

// compact lays a picture on white and rounds it to 8 or 16 bits.
func compact(p *Picture) *pixels {
	flat := OverWhite(p)
	_, h, w, c := flat.Dims4()
	s := &pixels{w: w, h: h, c: c}
	if p.Depth <= 8 {
		s.shallow = make([]uint8, len(flat.Data))
		for i, v := range flat.Data {
			s.shallow[i] = uint8(level(v, 255))
		}
	} else {
		s.deep = make([]uint16, len(flat.Data))
		for i, v := range flat.Data {
			s.deep[i] = level(v, 65535)
		}
	}
	return s
}

func (p *pixels) bytes() int64 { return int64(len(p.shallow)) + 2*int64(len(p.deep)) + 64 }

// at returns sample i.
func (p *pixels) at(i int) float32 {
	if p.shallow != nil {
		return float32(p.shallow[i]) / 255
	}
	return float32(p.deep[i]) / 65535
}

// crop copies the square whose corner is at (x0, y0), which may lie outside,
// in one of eight turns: bit 0 mirrors left and right, bit 1 up and down, bit 2
// swaps rows and columns. Grey is Rec. 601 luma.
func (p *pixels) crop(dst []float32, side, channels, x0, y0, turn int) {
	for i := range side {
		for j := range side {
			y, x := i, j
			if turn&4 != 0 {
				y, x = x, y
			}
			if turn&2 != 0 {
				y = side - 1 - y
			}
			if turn&1 != 0 {
				x = side - 1 - x
			}
			at := (tensor.Mirror(y0+y, p.h)*p.w + tensor.Mirror(x0+x, p.w)) * p.c
			out := dst[(i*side+j)*channels:][:channels]
			switch {
			case channels == p.c:
				for k := range out {
					out[k] = p.at(at + k)
				}
			case channels == 3:
				v := p.at(at)
				out[0], out[1], out[2] = v, v, v
			default:
				out[0] = tensor.Luma(p.at(at), p.at(at+1), p.at(at+2))
			}
		}
	}
}

// randomCrop draws a place and a turn. A side shorter than the crop lies in it somewhere.
func (p *pixels) randomCrop(dst []float32, side, channels int, rng *rand.Rand) {
	x, y := offset(rng, p.w, side), offset(rng, p.h, side)
	p.crop(dst, side, channels, x, y, rng.IntN(8))
}

// offset draws where a crop starts on a line of n.
func offset(rng *rand.Rand, n, side int) int {
	if n >= side {
		return rng.IntN(n - side + 1)
	}
	return -rng.IntN(side - n + 1)
}

// A shelf is files and those of them that are decoded, the least recently used
// making room for others.
type shelf struct {
	paths  []string
	infos  []Info
	limits Limits
	room   int64

	mu      sync.Mutex
	held    map[int]*book
	recent  list.List // of *book, the most recent first
	used    int64
	bad     map[int]error
	skipped []FileError

	decoding int64 // pixels
	finished sync.Cond
}

// decodingLimit is how many pixels are decoded at once, so that many
// processors do not mean much memory; a larger picture is decoded alone.
const decodingLimit = 50_000_000

// A book is a picture, or somebody is decoding it.
type book struct {
	file  int
	place *list.Element // nil while it is decoded
	ready chan struct{}
	pix   *pixels
	err   error
}

func newShelf(o FolderOptions) *shelf {
	s := &shelf{limits: o.Limits, room: o.CacheBytes, held: map[int]*book{}, bad: map[int]error{}}
	s.finished.L = &s.mu
	return s
}

// read returns a decoded picture. Two who want the same wait for one decoding.
// A file that failed is not tried again.
func (s *shelf) read(file int) (*pixels, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.bad[file]; err != nil {
		return nil, err
	}
	if b := s.held[file]; b != nil {
		if b.place != nil {
			s.recent.MoveToFront(b.place)
		}
		s.mu.Unlock()
		<-b.ready
		s.mu.Lock()
		return b.pix, b.err
	}
	b := &book{file: file, ready: make(chan struct{})}
	defer close(b.ready)
	s.held[file] = b
	n := int64(s.infos[file].Width) * int64(s.infos[file].Height)
	for s.decoding > 0 && s.decoding+n > decodingLimit {
		s.finished.Wait()
	}
	s.decoding += n
	s.mu.Unlock()

	p, err := open(s.paths[file], s.limits)
	if err == nil {
		b.pix = compact(p)
	}

	s.mu.Lock()
	s.decoding -= n
	s.finished.Broadcast()
	if err != nil {
		delete(s.held, file)
		why := FileError{s.paths[file], err}
		b.err, s.bad[file] = why, why
		s.skipped = append(s.skipped, why)
		return nil, why
	}
	b.place = s.recent.PushFront(b)
	s.used += b.pix.bytes()
	for s.used > s.room && s.recent.Len() > 1 {
		old := s.recent.Remove(s.recent.Back()).(*book)
		delete(s.held, old.file)
		s.used -= old.pix.bytes()
	}
	return b.pix, nil
}

// reasons lists what cannot be used.
func (s *shelf) reasons() []FileError {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.skipped)
}
