package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

func savedModel(t testing.TB) []byte {
	t.Helper()
	s := small()
	s.Width, s.Latent = 2, 2
	m, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := m.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func savedCheckpoint(t testing.TB) []byte {
	t.Helper()
	s := small()
	s.Width, s.Latent, s.Average = 2, 2, .9
	tr, err := NewTrainer(s, waves{s.Crop}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Step(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := tr.Save(&b, "waves"); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSaveRead compares a model with itself after a trip through a file.
func TestSaveRead(t *testing.T) {
	tr := trainer(t, small())
	train(t, tr, 20)
	m := tr.Best()
	var b bytes.Buffer
	if err := m.Save(&b); err != nil {
		t.Fatal(err)
	}
	got, err := Read(iotest.OneByteReader(&b))
	if err != nil {
		t.Fatal(err)
	}
	if got.Spec != m.Spec || got.Info != m.Info {
		t.Errorf("read %+v %+v, wrote %+v %+v", got.Spec, got.Info, m.Spec, m.Info)
	}
	x, _ := waves{8}.Batch(rand.New(rand.NewPCG(1, 1)), 2)
	want, _ := m.Reconstruct(t.Context(), x, 0, nil)
	have, _ := got.Reconstruct(t.Context(), x, 0, nil)
	for i, v := range have.Data {
		if v != want.Data[i] {
			t.Fatalf("element %d is %g after a trip through a file, %g before", i, v, want.Data[i])
		}
	}
}

// TestHalves goes to every half and back, and between two of them.
func TestHalves(t *testing.T) {
	for h := range 1 << 16 {
		v := fromHalf(uint16(h))
		if v != v {
			if back := fromHalf(toHalf(v)); back == back {
				t.Fatalf("half %#x is no number, and %g afterwards", h, back)
			}
			continue
		}
		if got := toHalf(v); got != uint16(h) {
			t.Fatalf("half %#x is %g, which becomes %#x", h, v, got)
		}
		next := fromHalf(uint16(h + 1))
		if h&0x7fff >= 0x7bff || !finite(float64(next)) {
			continue
		}
		middle := v + (next-v)/2
		even := uint16(h + h&1)
		for _, tc := range []struct {
			v    float32
			want uint16
		}{{middle, even}, {math.Nextafter32(middle, v), uint16(h)}, {math.Nextafter32(middle, next), uint16(h + 1)}} {
			if got := toHalf(tc.v); got != tc.want {
				t.Fatalf("%g becomes half %#x, want %#x", tc.v, got, tc.want)
			}
		}
	}
	for v, want := range map[float32]uint16{65504: 0x7bff, 65519: 0x7bff, 65520: 0x7c00, -1e30: 0xfc00, 1e-30: 0, -1e-30: 0x8000, float32(math.Inf(1)): 0x7c00} {
		if got := toHalf(v); got != want {
			t.Errorf("%g becomes half %#x, want %#x", v, got, want)
		}
	}
}

// TestSaveHalf reads a model of half the size whose weights are the nearest halves.
func TestSaveHalf(t *testing.T) {
	s := small()
	m, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	var whole, half bytes.Buffer
	if err := m.Save(&whole); err != nil {
		t.Fatal(err)
	}
	if err := m.SaveHalf(&half); err != nil {
		t.Fatal(err)
	}
	if saved := whole.Len() - half.Len(); saved < 2*m.Count()-8 {
		t.Errorf("%d bytes in half precision, %d in full", half.Len(), whole.Len())
	}
	got, err := Read(&half)
	if err != nil {
		t.Fatal(err)
	}
	want := m.params()
	for i, p := range got.params() {
		for k, v := range p.Val.Data {
			if v != fromHalf(toHalf(want[i].Val.Data[k])) {
				t.Fatalf("weight %g becomes %g", want[i].Val.Data[k], v)
			}
		}
	}
	m.params()[0].Val.Data[0] = 70000
	if err := m.SaveHalf(io.Discard); err == nil {
		t.Error("a weight of 70000 was saved in half precision")
	}
}

// TestCheckpointIsAModel opens a checkpoint as a model: its weights as they are.
func TestCheckpointIsAModel(t *testing.T) {
	b := savedCheckpoint(t)
	if _, err := Read(bytes.NewReader(b)); err != nil {
		t.Error(err)
	}
	data, spec, err := CheckpointData(bytes.NewReader(b))
	if err != nil || data != "waves" || spec.Width != 2 {
		t.Errorf("the checkpoint says %q, width %d, %v", data, spec.Width, err)
	}
	if _, err := Resume(bytes.NewReader(savedModel(t)), waves{8}, nil); !errors.Is(err, ErrFormat) {
		t.Errorf("resuming a finished model: %v", err)
	}
}

// readAny tries a stream as everything it could be.
func readAny(b []byte) error {
	_, err1 := Read(bytes.NewReader(b))
	_, err2 := Resume(bytes.NewReader(b), waves{8}, nil)
	if err1 == nil {
		return nil
	}
	return errors.Join(err1, err2)
}

// TestCutAnywhere reads every beginning of a file.
func TestCutAnywhere(t *testing.T) {
	for name, whole := range map[string][]byte{"model": savedModel(t), "checkpoint": savedCheckpoint(t)} {
		for n := range whole {
			if _, err := Read(bytes.NewReader(whole[:n])); !errors.Is(err, ErrFormat) {
				t.Fatalf("%s cut after %d of %d bytes: %v", name, n, len(whole), err)
			}
		}
	}
}

// TestFlippedAnywhere flips a bit of every byte.
func TestFlippedAnywhere(t *testing.T) {
	for name, whole := range map[string][]byte{"model": savedModel(t), "checkpoint": savedCheckpoint(t)} {
		for i := range whole {
			b := bytes.Clone(whole)
			b[i] ^= 1 << (i % 8)
			if _, err := Read(bytes.NewReader(b)); !errors.Is(err, ErrFormat) {
				t.Fatalf("%s with byte %d of %d flipped: %v", name, i, len(whole), err)
			}
		}
	}
}

// TestHugeDeclarations reads headers that promise more than there is.
func TestHugeDeclarations(t *testing.T) {
	var before, after runtime.MemStats
	whole := string(savedModel(t))
	runtime.ReadMemStats(&before)
	for name, b := range map[string]string{
		"header":  "\xff\xff\xff\xff\xff\xff\xff\x7f{}",
		"beyond":  strings.NewReplacer(`\"width\":2`, `\"width\":512`, `\"blocks\":0`, `\"blocks\":16`).Replace(whole),
		"allowed": strings.NewReplacer(`\"width\":2`, `\"width\":512`, `\"blocks\":0`, `\"blocks\":2`).Replace(whole),
		"offsets": strings.Replace(whole, `"data_offsets":[0,`, `"data_offsets":[0,9223372036854775807,`, 1),
		"shape":   strings.Replace(whole, `"shape":[2]`, `"shape":[4294967296,4294967296,4294967296]`, 1),
	} {
		if name != "header" {
			size := binary.LittleEndian.Uint64([]byte(whole)) + uint64(len(b)-len(whole))
			b = string(binary.LittleEndian.AppendUint64(nil, size)) + b[8:]
		}
		if b == whole {
			t.Fatalf("%s: the file was not changed", name)
		}
		for _, b := range [][]byte{[]byte(b), rehashed([]byte(b))} {
			if err := readAny(b); !errors.Is(err, ErrFormat) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
		t.Errorf("refusing them took %d bytes of memory", n)
	}
}

// FuzzRead must refuse or read, never panic, whether the hash is right or not.
func FuzzRead(f *testing.F) {
	f.Add(savedModel(f))
	f.Add(savedCheckpoint(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, b := range [][]byte{b, rehashed(b)} {
			if err := readAny(b); err != nil && !errors.Is(err, ErrFormat) {
				t.Errorf("unexpected error %v", err)
			}
		}
	})
}

// rehashed returns b with the hash that its contents should have.
func rehashed(b []byte) []byte {
	b = bytes.Clone(b)
	if _, after, ok := bytes.Cut(b, []byte(`"sha256":"`)); ok && len(after) >= len(noHash) && len(b) > 8 {
		copy(after, noHash)
		sum := sha256.Sum256(b[8:])
		hex.Encode(after, sum[:])
	}
	return b
}

// TestRehashed checks that the fuzzer gets past the hash.
func TestRehashed(t *testing.T) {
	b := savedModel(t)
	b[len(b)-4] ^= 1 // of a weight
	if err := readAny(b); !errors.Is(err, ErrFormat) {
		t.Errorf("a changed weight: %v", err)
	}
	if err := readAny(rehashed(b)); err != nil {
		t.Errorf("a changed weight under its right hash: %v", err)
	}
}
