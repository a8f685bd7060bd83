package imageio

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestNPYRoundTrip writes and reads, to the bit.
func TestNPYRoundTrip(t *testing.T) {
	data := []float32{0, -1.5, 1e-40, float32(math.Inf(1)), 3.25, math.MaxFloat32}
	for _, shape := range [][]int{{6}, {2, 3}, {1, 6}, {3, 1, 2, 1}} {
		var b bytes.Buffer
		if err := WriteNPY(&b, data, shape...); err != nil {
			t.Fatal(err)
		}
		if at := bytes.IndexByte(b.Bytes(), '\n') + 1; at%64 != 0 {
			t.Errorf("shape %v: numbers begin at byte %d, not a multiple of 64", shape, at)
		}
		got, dims, err := ReadNPY(&b, 6)
		if err != nil || !slices.Equal(got, data) || !slices.Equal(dims, shape) {
			t.Errorf("wrote %v in %v, read %v in %v, %v", data, shape, got, dims, err)
		}
	}
	var b bytes.Buffer
	if err := WriteNPY(&b, nil, 0, 4); err != nil {
		t.Fatal(err)
	}
	if got, dims, err := ReadNPY(&b, 0); err != nil || len(got) != 0 || !slices.Equal(dims, []int{0, 4}) {
		t.Errorf("of nothing it read %v in %v, %v", got, dims, err)
	}
}

// TestNPYIsNumPys has the bytes that numpy 1.24 writes with
// np.save(f, np.array([[1, 2], [3, 4.5]], np.float32)), and reads those of float64.
func TestNPYIsNumPys(t *testing.T) {
	head := func(kind string) string {
		text := "{'descr': '" + kind + "', 'fortran_order': False, 'shape': (2, 2), }"
		return "\x93NUMPY\x01\x00v\x00" + text + strings.Repeat(" ", 0x76-1-len(text)) + "\n"
	}
	want := head("<f4") + "\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x90@"
	var b bytes.Buffer
	if err := WriteNPY(&b, []float32{1, 2, 3, 4.5}, 2, 2); err != nil || b.String() != want {
		t.Errorf("wrote %q, %v; NumPy writes %q", b.String(), err, want)
	}
	double := head("<f8") + "\x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00@\x00\x00\x00\x00\x00\x00\x08@\x00\x00\x00\x00\x00\x00\x12@"
	if got, _, err := ReadNPY(strings.NewReader(double), 4); err != nil || !slices.Equal(got, []float32{1, 2, 3, 4.5}) {
		t.Errorf("of float64 it read %v, %v", got, err)
	}
}

// TestNPYRefuses says what is wrong with a file.
func TestNPYRefuses(t *testing.T) {
	var whole bytes.Buffer
	if err := WriteNPY(&whole, make([]float32, 6), 2, 3); err != nil {
		t.Fatal(err)
	}
	text := whole.String()
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":        {"", ErrTruncated},
		"something else": {strings.Repeat("no numbers", 20), ErrFormat},
		"half a header":  {text[:30], ErrTruncated},
		"half of it":     {text[:len(text)-5], ErrTruncated},
		"too many":       {strings.Replace(text, "(2, 3)", "(9, 9)", 1), ErrTooLarge},
		"far too many":   {strings.Replace(text, "(2, 3), }   ", "(9999999999999999999)", 1), ErrDamaged},
		"whole numbers":  {strings.Replace(text, "<f4", "<i4", 1), ErrUnsupported},
		"Fortran":        {strings.Replace(text, "False", "True ", 1), ErrUnsupported},
		"no shape":       {strings.Replace(text, "shape", "shade", 1), ErrDamaged},
	} {
		if _, _, err := ReadNPY(strings.NewReader(c.text), 6); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestNPYTakesWhatArrives has a header promise a gigabyte, within the limit, and four numbers follow.
func TestNPYTakesWhatArrives(t *testing.T) {
	var b bytes.Buffer
	if err := WriteNPY(&b, make([]float32, 4), 2, 2); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(b.String(), "(2, 2), }        ", "(16384, 16384), }", 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := ReadNPY(strings.NewReader(text), 1<<28)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, ErrTruncated) || took > 1<<20 {
		t.Errorf("%v, after %d bytes", err, took)
	}
	if _, shape, err := ReadNPY(strings.NewReader(text), 1<<20); !errors.Is(err, ErrTooLarge) || !slices.Equal(shape, []int{16384, 16384}) {
		t.Errorf("beyond the limit: %v, the shape is said to be %v", err, shape)
	}
}

// FuzzNPY never panics and never takes more than the limit.
func FuzzNPY(f *testing.F) {
	var b bytes.Buffer
	if err := WriteNPY(&b, make([]float32, 6), 2, 3); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, in []byte) {
		data, shape, err := ReadNPY(bytes.NewReader(in), 1000)
		size := 1
		for _, n := range shape {
			size *= n
		}
		if err == nil && (len(data) != size || size > 1000) {
			t.Errorf("%d numbers in a shape of %v", len(data), shape)
		}
	})
}
