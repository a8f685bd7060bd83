package imageio

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// idx makes an IDX file of unsigned bytes.
func idx(data []byte, dims ...int) []byte {
	b := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, uint32(d))
	}
	return append(b, data...)
}

func gzipped(b []byte) []byte {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(b)
	w.Close()
	return z.Bytes()
}

// counting is n bytes 0, 1, 2, …
func counting(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func put(t testing.TB, path string, b []byte) string {
	t.Helper()
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestIDX reads pictures and their labels, packed and not.
func TestIDX(t *testing.T) {
	for name, pack := range map[string]func([]byte) []byte{"": bytes.Clone, ".gz": gzipped} {
		dir := t.TempDir()
		path := put(t, filepath.Join(dir, "train-images-idx3-ubyte"+name), pack(idx(counting(20*12), 20, 3, 4)))
		put(t, filepath.Join(dir, "train-labels-idx1-ubyte"+name), pack(idx(counting(20), 20)))
		s, err := OpenIDX(path, 0)
		if err != nil {
			t.Fatal(err)
		}
		if h, w, c := s.Size(); s.Len() != 20 || h != 3 || w != 4 || c != 1 || len(s.Labels()) != 20 || s.Labels()[7] != 7 {
			t.Errorf("%d pictures of %d × %d × %d, labels %v", s.Len(), w, h, c, s.Labels())
		}
		b := batch(t, s, 1, 50)
		if !slices.Equal(b.Shape, []int{50, 3, 4, 1}) {
			t.Fatalf("shape %v", b.Shape)
		}
		for i := range 50 {
			first := int(b.Data[i*12]*255 + 0.5)
			for k := range 12 {
				if got := int(b.Data[i*12+k]*255 + 0.5); first%12 != 0 || got != first+k {
					t.Fatalf("picture %d starts with %d and has %d at %d", i, first, got, k)
				}
			}
		}
		train, held := s.Split(10)
		if train.Len() != 18 || held.Len() != 2 || !slices.Equal(held.Labels(), []int{9, 19}) {
			t.Errorf("%d and %d pictures, held out %v", train.Len(), held.Len(), held.Labels())
		}
		d, err := OpenData(context.Background(), dir, FolderOptions{Crop: 4}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d.Count != 20 || d.Channels != 1 || d.Native != 0 || d.Held == nil {
			t.Errorf("as data %+v", d)
		}
	}
}

// TestSetSides gives a part of larger pictures, and continues the edges of
// smaller ones.
func TestSetSides(t *testing.T) {
	s, err := OpenIDX(put(t, filepath.Join(t.TempDir(), "a"), idx(counting(16), 1, 4, 4)), 3)
	if err != nil {
		t.Fatal(err)
	}
	b := batch(t, s.Crop(6), 1, 1)
	if !slices.Equal(b.Shape, []int{1, 6, 6, 3}) {
		t.Fatalf("shape %v", b.Shape)
	}
	for y := range 6 {
		for x := range 6 {
			want := float32(min(max(y-1, 0), 3)*4+min(max(x-1, 0), 3)) / 255
			for k := range 3 {
				if got := b.Data[(y*6+x)*3+k]; got != want {
					t.Errorf("(%d, %d) is %g, want %g", x, y, got, want)
				}
			}
		}
	}
	corners := map[float32]bool{}
	b = batch(t, s.Crop(2), 1, 200)
	for i := range 200 {
		corners[b.Data[i*12]*255] = true
	}
	if len(corners) != 9 {
		t.Errorf("parts of 2 × 2 start at %d places, want 9", len(corners))
	}
}

// TestBadIDX is told what is wrong before memory is taken.
func TestBadIDX(t *testing.T) {
	bomb := idx(nil, 60000, 28, 28)
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"nothing":       {nil, ErrTruncated},
		"other":         {[]byte("hello, world, how are you?"), ErrFormat},
		"floats":        {[]byte{0, 0, 13, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, ErrUnsupported},
		"labels":        {idx(counting(100), 100), ErrUnsupported},
		"cut":           {idx(counting(100), 10, 10, 10), ErrTruncated},
		"huge":          {idx(nil, 1<<31, 1<<31, 1<<31), ErrTooLarge},
		"flat":          {idx(nil, 5, 0, 5), ErrDamaged},
		"none":          {idx(nil, 0, 28, 28), ErrEmpty},
		"short":         {bomb, ErrTruncated},
		"short, packed": {gzipped(bomb), ErrTruncated},
		"cut, packed":   {gzipped(idx(counting(1000), 10, 10, 10))[:30], ErrTruncated},
		"not packed":    {[]byte{0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}, ErrDamaged},
	} {
		path := put(t, filepath.Join(t.TempDir(), "a"), c.b)
		var err error
		if n := taken(func() { _, err = OpenIDX(path, 1) }); n > 1<<20 {
			t.Errorf("%s took %d bytes", name, n)
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "images-idx3"), idx(counting(40), 10, 2, 2))
	put(t, filepath.Join(dir, "labels-idx1"), idx(counting(9), 9))
	if _, err := OpenIDX(path, 1); !errors.Is(err, ErrDamaged) {
		t.Errorf("9 labels for 10 pictures: %v", err)
	}
}

// TestCIFAR reads planes of colour from files and from a folder of them.
func TestCIFAR(t *testing.T) {
	dir := t.TempDir()
	record := func(label byte) []byte {
		b := make([]byte, cifarRecord)
		b[0] = label
		for i := range 1024 {
			b[1+i], b[1+1024+i], b[1+2048+i] = byte(i%32), byte(i/32), label
		}
		return b
	}
	one := put(t, filepath.Join(dir, "data_batch_1.bin"), append(record(1), record(2)...))
	put(t, filepath.Join(dir, "data_batch_2.bin"), record(3))
	put(t, filepath.Join(dir, "test_batch.bin"), record(9))
	s, err := OpenCIFAR(0, dir)
	if err != nil || !slices.Equal(s.Labels(), []int{1, 2, 3}) {
		t.Fatalf("labels %v, %v", s.Labels(), err)
	}
	if s, err = OpenCIFAR(0, one); err != nil || s.Len() != 2 {
		t.Fatalf("%d pictures, %v", s.Len(), err)
	}
	b := batch(t, s, 1, 9)
	for i := range 9 * 1024 {
		p := b.Data[3*i : 3*i+3]
		if int(p[0]*255+0.5) != i%32 || int(p[1]*255+0.5) != i/32%32 {
			t.Fatalf("pixel %d is %v", i, p)
		}
	}
	d, err := OpenData(context.Background(), dir, FolderOptions{}, nil)
	if err != nil || d.Native != 32 || d.Channels != 3 || d.Count != 3 {
		t.Errorf("as data %+v, %v", d, err)
	}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"cut.bin":   {record(1)[:3000], ErrFormat},
		"empty.bin": {nil, ErrFormat},
		"label.bin": {record(10), ErrDamaged},
	} {
		if _, err := OpenData(context.Background(), put(t, filepath.Join(t.TempDir(), name), c.b), FolderOptions{}, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// TestMNIST opens the real one.
func TestMNIST(t *testing.T) {
	d, err := OpenData(context.Background(), filepath.Join(shared(t), "mnist"), FolderOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b := batch(t, d.Train, 1, 3); d.Count != 60000 || d.Native != 28 || d.Channels != 1 || !slices.Equal(b.Shape, []int{3, 28, 28, 1}) {
		t.Errorf("%d pictures of side %d, shape %v", d.Count, d.Native, b.Shape)
	}
}

// TestOpenDataByName opens what is built in, and says what there is instead of
// what is not.
func TestOpenDataByName(t *testing.T) {
	for name, native := range map[string]int{"leaves": 0, "glyphs": 28, "shapes": 32} {
		if !slices.Contains(Builtins(), name) {
			t.Errorf("%s are not among %v", name, Builtins())
		}
		d, err := OpenData(context.Background(), "builtin:"+name, FolderOptions{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		train, held := batch(t, d.Train, 1, 2), batch(t, d.Held, 1, 2)
		side := native
		if side == 0 {
			side = 64
		}
		if !slices.Equal(train.Shape, []int{2, side, side, d.Channels}) || d.Count != 0 || d.Native != native {
			t.Errorf("%s: shape %v, data %+v", name, train.Shape, d)
		}
		if farthest(train, held) == 0 {
			t.Errorf("%s: what is held out is what is learned from", name)
		}
	}
	if _, err := OpenData(context.Background(), "builtin:faces", FolderOptions{}, nil); !errors.Is(err, ErrUnsupported) {
		t.Errorf("got %v, want %v", err, ErrUnsupported)
	}
	if _, err := OpenData(context.Background(), filepath.Join(t.TempDir(), "absent"), FolderOptions{}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want %v", err, os.ErrNotExist)
	}
	if _, err := OpenData(context.Background(), t.TempDir(), FolderOptions{}, nil); !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v, want %v", err, ErrEmpty)
	}
}

// FuzzIDX wants pictures that fill the declared dimensions, or an error of a
// kind, and no more memory than the file can fill.
func FuzzIDX(f *testing.F) {
	f.Add(idx(counting(40), 10, 2, 2))
	f.Add(gzipped(idx(counting(40), 10, 2, 2)))
	f.Add(idx(nil, 1<<20, 1<<5, 1<<5))
	f.Fuzz(func(t *testing.T, b []byte) {
		var dims []int
		var data []byte
		var err error
		n := taken(func() { dims, data, err = readIDX(bytes.NewReader(b), int64(len(b)), 3) })
		if most := int64(len(b))*deflateRatio + 1<<20; n > most {
			t.Errorf("%d bytes took %d, want %d at most", len(b), n, most)
		}
		switch {
		case err != nil && !isTrouble(err):
			t.Errorf("an error of no kind: %v", err)
		case err == nil && (len(dims) != 3 || dims[0]*dims[1]*dims[2] != len(data)):
			t.Errorf("dimensions %v of %d bytes", dims, len(data))
		}
	})
}

// TestRangeIsTheFile gives pictures in order and whole, whatever the crop.
func TestRangeIsTheFile(t *testing.T) {
	s, err := newSet(Set{data: []uint8{0, 51, 102, 153, 204, 255}, h: 1, w: 2, c: 1}, 3, 3)
	if err != nil {
		t.Fatal(err)
	}
	train, _ := s.Crop(7).Split(3)
	for name, c := range map[string]struct {
		set       *Set
		from, end int
		want      []float32
	}{"two": {s, 1, 3, []float32{.4, .6, .8, 1}}, "of a part": {train, 1, 2, []float32{.4, .6}}, "none": {s, 2, 2, nil}} {
		x := c.set.Range(c.from, c.end)
		if n, h, w, ch := x.Dims4(); n != c.end-c.from || h != 1 || w != 2 || ch != 3 {
			t.Fatalf("%s: the shape is %v", name, x.Shape)
		}
		for i, v := range c.want {
			if x.Data[3*i] != v || x.Data[3*i+2] != v {
				t.Errorf("%s: pixel %d is %v, want %g", name, i, x.Data[3*i:3*i+3], v)
			}
		}
	}
}
