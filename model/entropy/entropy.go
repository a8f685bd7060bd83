// Package entropy turns whole numbers into bytes and back, in about as few bits as their
// probabilities allow: asymmetric numeral systems over integer tables (Duda,
// arXiv:1311.2540, in the range variant). It computes in integers alone, so what was
// written on one machine is read on every other. It knows nothing of where
// probabilities come from.
package entropy

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

// Precision is how many bits the counts of a table have: they add up to Whole.
const (
	Precision = 16
	Whole     = 1 << Precision
)

// Most is the greatest magnitude that can be coded.
const Most = 1 << 15

// The state is at least low between symbols, and gives up or takes in words of 16 bits.
// It has 16 bits more than a table, so that a symbol costs 2⁻¹⁶ bits too many at most.
const (
	low       = 1 << 32
	wordBits  = 16
	stateSize = 6 // bytes
)

var (
	// ErrTable reports counts that are not a distribution.
	ErrTable = errors.New("entropy: not a table")
	// ErrEnd reports that the bytes end before what is asked for.
	ErrEnd = errors.New("entropy: the bytes end too early")
	// ErrData reports bytes that no Encoder has made.
	ErrData = errors.New("entropy: damaged bytes")
)

// A Table says how often each whole number from -reach to reach comes, and how often one
// beyond.
type Table struct {
	reach  int
	starts []uint32 // by number plus reach, then of those beyond, then Whole
	near   [256]uint16
}

// NewTable returns the symmetric table of these counts: of 0, of 1 as of -1, and so on,
// and at the end of all numbers beyond. Each is at least 1, and with the negative
// numbers they add up to Whole.
func NewTable(counts []uint32) (*Table, error) {
	if len(counts) < 2 || len(counts) > Most {
		return nil, ErrTable
	}
	t := &Table{reach: len(counts) - 2}
	var at uint64
	add := func(count uint32) {
		t.starts = append(t.starts, uint32(min(at, Whole)))
		if count == 0 {
			at = 2 * Whole // never what it must be
		}
		at += uint64(count)
	}
	for i := -t.reach; i <= t.reach; i++ {
		add(counts[max(i, -i)])
	}
	add(counts[len(counts)-1])
	if at != Whole {
		return nil, ErrTable
	}
	t.starts = append(t.starts, Whole)
	for i, k := 0, 0; i < len(t.near); i++ {
		for int(t.starts[k+1]) <= i<<(Precision-8) {
			k++
		}
		t.near[i] = uint16(k)
	}
	return t, nil
}

// Reach returns up to which magnitude the table has counts of its own.
func (t *Table) Reach() int { return t.reach }

// Count returns how often v comes, of Whole; for a v beyond reach, all that are.
func (t *Table) Count(v int) uint32 {
	i := 2*t.reach + 1
	if -t.reach <= v && v <= t.reach {
		i = v + t.reach
	}
	return t.starts[i+1] - t.starts[i]
}

// Bits returns what v costs.
func (t *Table) Bits(v int) float64 {
	b := Precision - math.Log2(float64(t.Count(v)))
	if far := max(v, -v) - t.reach; far > 0 {
		b += float64(4 + bits.Len32(uint32(far)))
	}
	return b
}

// An Encoder gathers numbers. Its zero value is ready.
type Encoder struct {
	spans []span
}

// A span is what a symbol covers of Whole.
type span struct{ start, count uint32 }

// Put adds a number, of magnitude below Most.
func (e *Encoder) Put(t *Table, v int) {
	i := v + t.reach
	beyond := i < 0 || i > 2*t.reach
	if beyond {
		i = 2*t.reach + 1
	}
	e.spans = append(e.spans, span{t.starts[i], t.starts[i+1] - t.starts[i]})
	if !beyond {
		return
	}
	// How far beyond, counted from 1, as Elias' gamma code has it, and the sign.
	far, sign := uint32(v-t.reach), uint32(0)
	if v < 0 {
		far, sign = uint32(-v-t.reach), 1
	}
	if v >= Most || v <= -Most {
		panic("entropy: a number too large")
	}
	n := bits.Len32(far) - 1
	e.plain(uint32(n), 4)
	e.plain(far-1<<n, n)
	e.plain(sign, 1)
}

// plain adds n bits that are as likely as not.
func (e *Encoder) plain(v uint32, n int) {
	e.spans = append(e.spans, span{v << (Precision - n), Whole >> n})
}

// Bytes returns all numbers as bytes, of which a Decoder reads the first first.
func (e *Encoder) Bytes() []byte {
	x := uint64(low)
	var words []uint16
	for i := len(e.spans) - 1; i >= 0; i-- {
		s := e.spans[i]
		count := uint64(s.count)
		if x >= count<<32 {
			words = append(words, uint16(x))
			x >>= wordBits
		}
		x = x/count<<Precision + x%count + uint64(s.start)
	}
	out := make([]byte, stateSize, stateSize+2*len(words))
	for i := range stateSize {
		out[i] = byte(x >> (8 * i))
	}
	for i := len(words) - 1; i >= 0; i-- {
		out = binary.LittleEndian.AppendUint16(out, words[i])
	}
	return out
}

// A Decoder reads what an Encoder has written, in the order in which it was put. Of
// bytes that are cut off it reads all that they hold.
type Decoder struct {
	x    uint64
	rest []byte
}

// NewDecoder starts to read.
func NewDecoder(b []byte) (*Decoder, error) {
	if len(b) < stateSize {
		return nil, ErrEnd
	}
	d := &Decoder{rest: b[stateSize:]}
	for i := range stateSize {
		d.x |= uint64(b[i]) << (8 * i)
	}
	if d.x < low {
		return nil, ErrData
	}
	return d, nil
}

// Get returns the next number.
func (d *Decoder) Get(t *Table) (int, error) {
	if d.x < low {
		return 0, ErrEnd
	}
	at := uint32(d.x) & (Whole - 1)
	i := int(t.near[at>>(Precision-8)])
	for t.starts[i+1] <= at {
		i++
	}
	d.take(t.starts[i], t.starts[i+1]-t.starts[i])
	if i <= 2*t.reach {
		return i - t.reach, nil
	}
	n, err := d.plain(4)
	if err != nil {
		return 0, err
	}
	far, err := d.plain(int(n))
	if err != nil {
		return 0, err
	}
	sign, err := d.plain(1)
	v := t.reach + int(far+1<<n)
	if v >= Most {
		return 0, ErrData
	}
	if sign == 1 {
		v = -v
	}
	return v, err
}

func (d *Decoder) plain(n int) (uint32, error) {
	if d.x < low {
		return 0, ErrEnd
	}
	v := uint32(d.x) & (Whole - 1) >> (Precision - n)
	d.take(v<<(Precision-n), Whole>>n)
	return v, nil
}

// take goes on to the next symbol. Where the bytes end, the state stays below low.
func (d *Decoder) take(start, count uint32) {
	d.x = uint64(count)*(d.x>>Precision) + d.x&(Whole-1) - uint64(start)
	if d.x < low && len(d.rest) >= 2 {
		d.x = d.x<<wordBits | uint64(binary.LittleEndian.Uint16(d.rest))
		d.rest = d.rest[2:]
	}
}

// Close reports ErrData unless all that was put has been read, and nothing else is there.
func (d *Decoder) Close() error {
	if d.x != low || len(d.rest) > 0 {
		return ErrData
	}
	return nil
}
