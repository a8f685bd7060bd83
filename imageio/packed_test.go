package imageio

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"sieve/model/tensor"
)

func packed(t testing.TB) (*Packed, []byte) {
	t.Helper()
	alpha := tensor.New(1, 60, 90, 1)
	for i := range alpha.Data {
		alpha.Data[i] = float32(i%256) / 255
	}
	a, err := PackAlpha(alpha, 8)
	if err != nil {
		t.Fatal(err)
	}
	p := &Packed{
		Width: 90, Height: 60, Grey: true, Model: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}, Quality: 300,
		Exif: []byte("II*\x00and so on"), ICC: bytes.Repeat([]byte{7}, 300), Alpha: a,
		Tiles: [][]byte{bytes.Repeat([]byte("tile"), 50), []byte("second tile"), []byte("last")},
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return p, b.Bytes()
}

// TestPackedRoundTrip writes and reads all there is, and the least there can be.
func TestPackedRoundTrip(t *testing.T) {
	all, _ := packed(t)
	for _, p := range []*Packed{all, {Width: 1, Height: 1, Deep: true, Tiles: [][]byte{{9}}}} {
		var b bytes.Buffer
		if err := p.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, harms, err := ReadPacked(&b, Limits{})
		if err != nil || len(harms) > 0 || !reflect.DeepEqual(p, again) {
			t.Errorf("%+v is read as %+v (%v, %v)", p, again, harms, err)
		}
	}
	alpha, err := all.UnpackAlpha()
	if err != nil || alpha.Data[77] != 77.0/255 || alpha.Shape[1] != 60 {
		t.Errorf("transparency: %v", err)
	}
}

// TestHarm changes each byte and cuts after each: what is behind the header costs the
// part it belongs to, and nothing else; what is in it is an error.
func TestHarm(t *testing.T) {
	good, b := packed(t)
	header := len(b) - len("last") - 4 - len("second tile") - 4 - 200 - 4 - len(good.Alpha) - 4 - 300 - 4 - len(good.Exif) - 4
	for i := range b {
		bad := slices.Clone(b)
		bad[i] ^= 0x10
		p, harms, err := ReadPacked(bytes.NewReader(bad), Limits{})
		switch {
		case i < header && err == nil:
			t.Fatalf("a header with another byte %d is read as %+v", i, p)
		case i >= header && (err != nil || len(harms) != 1 || harms[0].Cut):
			t.Fatalf("byte %d: %v, %v", i, harms, err)
		}
		if err != nil && !errors.Is(err, ErrPacked) && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrTruncated) {
			t.Fatalf("byte %d: %v", i, err)
		}
		p, harms, err = ReadPacked(bytes.NewReader(b[:i]), Limits{})
		switch {
		case i < header && err == nil, i >= header && (err != nil || len(harms) == 0):
			t.Fatalf("%d bytes: %v, %v", i, harms, err)
		}
		if i == len(b)-2 && !(string(p.Tiles[2]) == "last" || harms[0].Part == "tile") {
			t.Fatalf("without its last bytes: %+v", harms)
		}
	}
	if _, _, err := ReadPacked(bytes.NewReader(b), Limits{Pixels: 100}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("beyond the limit: %v", err)
	}
}

// FuzzPacked reads any bytes: it must not panic, nor take memory beyond what it is given.
func FuzzPacked(f *testing.F) {
	_, b := packed(f)
	f.Add(b)
	f.Add(b[:40])
	rng := rand.New(rand.NewPCG(1, 1))
	noise := append([]byte(packedMagic), packedVersion, 0)
	for range 60 {
		noise = append(noise, byte(rng.Uint32()))
	}
	f.Add(noise)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, _, err := ReadPacked(bytes.NewReader(b), Limits{Pixels: 1 << 20})
		if err != nil {
			return
		}
		n := len(p.Exif) + len(p.ICC) + len(p.Alpha)
		for _, t := range p.Tiles {
			n += len(t)
		}
		if n > len(b) {
			t.Errorf("%d bytes hold %d", len(b), n)
		}
		p.UnpackAlpha()
	})
}
