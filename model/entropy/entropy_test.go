package entropy

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// table returns the table of a distribution that falls by a factor at each step from 0.
func table(t testing.TB, reach int, falls float64) *Table {
	t.Helper()
	counts := make([]uint32, reach+2)
	sum := uint32(0)
	for i := reach; i >= 1; i-- {
		counts[i] = uint32(1 + 20000*math.Pow(falls, float64(i))*(1-falls))
		sum += 2 * counts[i]
	}
	counts[reach+1] = 1 + uint32(reach%7)
	counts[0] = Whole - sum - counts[reach+1]
	tb, err := NewTable(counts)
	if err != nil {
		t.Fatal(err)
	}
	return tb
}

func tables(t testing.TB) []*Table {
	return []*Table{table(t, 0, 0), table(t, 1, 0.1), table(t, 12, 0.5), table(t, 300, 0.98)}
}

// draw returns numbers as they come by such a table, each with its table; some are
// beyond its reach.
func draw(rng *rand.Rand, of []*Table, n int) (which []*Table, numbers []int) {
	for range n {
		tb := of[rng.IntN(len(of))]
		at, v := rng.Uint32N(Whole), 0
		for v = -tb.reach; v <= tb.reach && tb.starts[v+tb.reach+1] <= at; v++ {
		}
		if v > tb.reach {
			v += rng.IntN(1 << rng.IntN(14))
			if rng.IntN(2) == 0 {
				v = -v
			}
		}
		which, numbers = append(which, tb), append(numbers, v)
	}
	return which, numbers
}

func encode(which []*Table, numbers []int) []byte {
	var e Encoder
	for i, v := range numbers {
		e.Put(which[i], v)
	}
	return e.Bytes()
}

// TestRoundTrip codes numbers within reach and beyond, and the greatest of all.
func TestRoundTrip(t *testing.T) {
	which, numbers := draw(rand.New(rand.NewPCG(1, 1)), tables(t), 20000)
	for _, tb := range tables(t) {
		for _, v := range []int{Most - 1, 1 - Most, tb.reach + 1, -tb.reach - 1, 0} {
			which, numbers = append(which, tb), append(numbers, v)
		}
	}
	b := encode(which, numbers)
	d, err := NewDecoder(b)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range numbers {
		if got, err := d.Get(which[i]); got != want || err != nil {
			t.Fatalf("number %d is %d (%v), was %d", i, got, err, want)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// TestLengthIsTheEntropy compares the bytes with what the tables say that they must be:
// never fewer, and hardly more.
func TestLengthIsTheEntropy(t *testing.T) {
	for _, tb := range tables(t)[1:] {
		which, numbers := draw(rand.New(rand.NewPCG(2, 2)), []*Table{tb}, 200000)
		var need float64
		for _, v := range numbers {
			need -= math.Log2(float64(tb.Count(v)) / Whole)
			if v > tb.reach || v < -tb.reach {
				need += 4 + math.Floor(math.Log2(math.Abs(float64(v))-float64(tb.reach))) + 1
			}
		}
		got := float64(8 * len(encode(which, numbers)))
		if got < need-32 || got > 1.0001*need+8*stateSize+16 {
			t.Errorf("reach %d: %g bits, the entropy is %g", tb.reach, got, need)
		}
	}
}

// TestCutBytes reads what there is of bytes that end too early: no number but those that
// were put, and more the more bytes there are.
func TestCutBytes(t *testing.T) {
	which, numbers := draw(rand.New(rand.NewPCG(3, 3)), tables(t), 3000)
	b := encode(which, numbers)
	last := 0
	for n := range b {
		d, err := NewDecoder(b[:n])
		if err != nil {
			if n >= stateSize {
				t.Fatal(err)
			}
			continue
		}
		read := 0
		for read < len(numbers) {
			v, err := d.Get(which[read])
			if err != nil {
				break
			}
			if v != numbers[read] {
				t.Fatalf("of %d bytes number %d is %d, was %d", n, read, v, numbers[read])
			}
			read++
		}
		if read < last || read > last && d.Close() == nil && n < len(b) {
			t.Fatalf("%d bytes hold %d numbers, one byte less held %d", n, read, last)
		}
		last = read
	}
	if last < len(numbers)-40 {
		t.Errorf("without its last byte it holds %d of %d numbers", last, len(numbers))
	}
}

// TestBadTables refuses counts that are no distribution.
func TestBadTables(t *testing.T) {
	for name, counts := range map[string][]uint32{
		"empty": nil, "one": {Whole}, "too few": {Whole - 2, 1}, "too many": {Whole, 1}, "none": {Whole, 0},
		"a number that never comes": {Whole - 1, 0, 1}, "overflowing": {1, 1 << 31, 1 << 31},
	} {
		if _, err := NewTable(counts); !errors.Is(err, ErrTable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzDecoder reads any bytes, which must not do worse than fail, and puts what it has
// read again, which must give the bytes it has read.
func FuzzDecoder(f *testing.F) {
	all := tables(f)
	for seed := range uint64(4) {
		which, numbers := draw(rand.New(rand.NewPCG(seed, 4)), all, 50)
		f.Add(encode(which, numbers))
	}
	f.Add(slices.Repeat([]byte{255}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := NewDecoder(b)
		if err != nil {
			return
		}
		var e Encoder
		for i := range 64 {
			v, err := d.Get(all[i%len(all)])
			if err != nil {
				return
			}
			if v >= Most || v <= -Most {
				t.Fatalf("a number of %d", v)
			}
			e.Put(all[i%len(all)], v)
			if d.Close() == nil {
				if again := e.Bytes(); !slices.Equal(again, b) {
					t.Fatalf("%x was read to its end, and is written as %x", b, again)
				}
				return
			}
		}
	})
}

func BenchmarkGet(b *testing.B) {
	which, numbers := draw(rand.New(rand.NewPCG(2, 2)), tables(b), 100000)
	bytes := encode(which, numbers)
	b.SetBytes(int64(len(numbers)) * int64(binary.Size(int8(0))))
	for range b.N {
		d, err := NewDecoder(bytes)
		if err != nil {
			b.Fatal(err)
		}
		for _, t := range which {
			if _, err := d.Get(t); err != nil {
				b.Fatal(err)
			}
		}
	}
}
