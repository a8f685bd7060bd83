package imageio

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/gif"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	xbmp "golang.org/x/image/bmp"
)

// kinds of trouble an error has to be one of.
var troubles = []error{ErrEmpty, ErrFormat, ErrTruncated, ErrTooLarge, ErrDamaged, ErrUnsupported}

func isTrouble(err error) bool {
	return slices.ContainsFunc(troubles, func(t error) bool { return errors.Is(err, t) })
}

// taken runs f and returns how many bytes it asked for.
func taken(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// sane complains about a picture that cannot be one.
func sane(p *Picture) string {
	n, h, w, c := p.Pix.Dims4()
	switch {
	case n != 1 || h < 1 || w < 1 || c != 1 && c != 3 || len(p.Pix.Data) != h*w*c:
		return "shape"
	case p.Alpha != nil && !slices.Equal(p.Alpha.Shape, []int{1, h, w, 1}):
		return "shape of alpha"
	case p.Depth < 1 || p.Depth > 16 && p.Depth != 32:
		return "depth"
	case slices.ContainsFunc(p.Pix.Data, func(v float32) bool { return !(v >= 0 && v <= 1) }):
		return "values"
	case p.Alpha != nil && slices.ContainsFunc(p.Alpha.Data, func(v float32) bool { return !(v >= 0 && v <= 1) }):
		return "values of alpha"
	}
	return ""
}

// TestHostileFiles opens every file that decoders of other projects are tested
// with: a picture or one of the errors, in time and in memory.
func TestHostileFiles(t *testing.T) {
	dir := shared(t)
	good, bad := 0, 0
	for _, part := range []string{"hostile", "skimage"} {
		err := filepath.WalkDir(filepath.Join(dir, part), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				var p *Picture
				if n := taken(func() { p, err = Open(path, Limits{}) }); n > 512<<20 {
					t.Errorf("%s took %d MiB", path, n>>20)
				}
				switch {
				case err == nil && sane(p) != "":
					t.Errorf("%s: wrong %s", path, sane(p))
				case err != nil && (!isTrouble(err) || !strings.HasPrefix(err.Error(), path)):
					t.Errorf("an error of no kind or of no file: %v", err)
				case err == nil:
					good++
					err = Encode(new(bytes.Buffer), "png", p, SaveOptions{})
					if err != nil {
						t.Errorf("%s cannot be written: %v", path, err)
					}
				default:
					bad++
				}
			}()
			select {
			case <-ended:
			case <-time.After(time.Minute):
				t.Fatalf("%s hangs", path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d pictures, %d errors", good, bad)
}

// giants are headers of pictures as large as each format can say, or 100,000 a side.
func giants() map[string][]byte {
	le, be := binary.LittleEndian, binary.BigEndian
	const side = 100_000
	chunk := func(kind string, data []byte) []byte {
		b := append(be.AppendUint32(nil, uint32(len(data))), kind...)
		b = append(b, data...)
		return be.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	ihdr := append(be.AppendUint32(be.AppendUint32(nil, side), side), 16, 6, 0, 0, 0)
	header := make([]byte, 54)
	copy(header, "BM")
	le.PutUint32(header[10:], 54)
	le.PutUint32(header[14:], 40)
	le.PutUint32(header[18:], side)
	le.PutUint32(header[22:], side)
	le.PutUint16(header[26:], 1)
	le.PutUint16(header[28:], 24)
	w, _ := longs(le, 256, side)
	h, _ := longs(le, 257, side)
	riff := func(kind string, data ...byte) []byte {
		b := append(le.AppendUint32([]byte("RIFF"), uint32(12+len(data))), "WEBP"+kind...)
		return append(le.AppendUint32(b, uint32(len(data))), data...)
	}
	return map[string][]byte{
		"png":  slices.Concat([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", ihdr), chunk("IDAT", make([]byte, 20))),
		"jpeg": append([]byte{0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 255, 255, 255, 255, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1, 0xff, 0xda, 0, 12}, make([]byte, 20)...),
		"gif":  slices.Concat([]byte("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02"), make([]byte, 20)),
		"bmp":  append(header, make([]byte, 100)...),
		"tiff": tiffOf(le, [][]byte{make([]byte, 100)}, w, h, shorts(le, 258, 8), shorts(le, 262, 1)),
		"webp": slices.Concat(riff("VP8X", 0x10, 0, 0, 0, 0x9f, 0x86, 1, 0x9f, 0x86, 1), []byte("VP8L\x05\x00\x00\x00\x2f\xff\xff\xff\x0f\x00")),
		"vp8l": append(riff("VP8L", 0x2f, 0xff, 0xff, 0xff, 0x0f), make([]byte, 30)...),
		"vp8":  append(riff("VP8 ", 0x10, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f), make([]byte, 30)...),
	}
}

// TestGiantsAreRefused reads headers that ask for gigabytes and takes next to
// no memory for them.
func TestGiantsAreRefused(t *testing.T) {
	for name, b := range giants() {
		var err error
		n := taken(func() { _, err = Decode(bytes.NewReader(b), Limits{}) })
		if name == "webp" { // the frame is smaller than its canvas
			if !isTrouble(err) {
				t.Errorf("%s: got %v", name, err)
			}
		} else if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: got %v, want %v", name, err, ErrTooLarge)
		}
		if n > 1<<20 {
			t.Errorf("%s took %d bytes", name, n)
		}
	}
}

// TestLimit refuses a picture of one pixel more than allowed.
func TestLimit(t *testing.T) {
	for name, b := range small(t) {
		in, err := header1(b)
		if err != nil {
			t.Fatal(err)
		}
		n := int64(in.Width) * int64(in.Height)
		if _, err := Decode(bytes.NewReader(b), Limits{Pixels: n}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Decode(bytes.NewReader(b), Limits{Pixels: n - 1}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: got %v, want %v", name, err, ErrTooLarge)
		}
	}
}

// TestShortForTheirPixels reads files of a hundred bytes that promise a hundred
// megapixels: within the limit, but no file so short can hold them.
func TestShortForTheirPixels(t *testing.T) {
	for name, b := range giants() {
		b = slices.Clone(b)
		le, be := binary.LittleEndian, binary.BigEndian
		const side = 10_000
		switch name {
		case "png":
			be.PutUint32(b[16:], side)
			be.PutUint32(b[20:], side)
			be.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
		case "jpeg":
			be.PutUint16(b[7:], side)
			be.PutUint16(b[9:], side)
		case "gif":
			for _, at := range []int{6, 8, 24, 26} {
				le.PutUint16(b[at:], side)
			}
		case "bmp":
			le.PutUint32(b[18:], side)
			le.PutUint32(b[22:], side)
		case "tiff":
			for i := range int(le.Uint16(b[8:])) {
				if e := b[10+12*i:]; le.Uint16(e) == 256 || le.Uint16(e) == 257 {
					le.PutUint32(e[8:], side)
				}
			}
		default: // WebP packs a plain picture into a few bytes
			continue
		}
		var err error
		n := taken(func() { _, err = Decode(bytes.NewReader(b), Limits{}) })
		if !errors.Is(err, ErrTruncated) {
			t.Errorf("%s: got %v, want %v", name, err, ErrTruncated)
		}
		if n > 1<<20 {
			t.Errorf("%s took %d bytes", name, n)
		}
	}
}

// TestProfileBomb packs a gigabyte of zeros as a profile: the picture is read
// without it.
func TestProfileBomb(t *testing.T) {
	p := drawn(8, 8, 3, 8, false)
	p.ICC = append(profile("RGB ", 200), make([]byte, 100<<20)...)
	b := encoded(t, "png", p, SaveOptions{})
	var q *Picture
	if n := taken(func() { q = decoded(t, b) }); n > 8*metadataLimit {
		t.Errorf("%d bytes took %d", len(b), n)
	}
	if q.ICC != nil || farthest(p.Pix, q.Pix) != 0 {
		t.Errorf("a profile of %d bytes, pixels %g away", len(q.ICC), farthest(p.Pix, q.Pix))
	}
}

// TestWorkIsBounded stops files that are short and want to be decoded over and
// over: a JPEG of a thousand scans, a TIFF of strips that are all the same bytes.
func TestWorkIsBounded(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "420.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	scan := b[bytes.Index(b, []byte{0xff, 0xda}) : len(b)-2]
	for n, want := range map[int]error{3: nil, 1000: ErrDamaged} {
		again := slices.Concat(b[:len(b)-2], bytes.Repeat(scan, n), b[len(b)-2:])
		if _, err := Decode(bytes.NewReader(again), Limits{}); !errors.Is(err, want) {
			t.Errorf("%d scans more: got %v, want %v", n, err, want)
		}
	}
	le := binary.LittleEndian
	const strips = 5000
	offsets, _ := longs(le, 273, slices.Repeat([]int{0}, strips)...)
	lengths, _ := longs(le, 279, slices.Repeat([]int{1 << 30}, strips)...)
	b = newExif(le, []field{shorts(le, 256, 1), shorts(le, 257, strips), shorts(le, 258, 8), shorts(le, 259, packLZW),
		shorts(le, 262, 1), offsets, shorts(le, 278, 1), lengths})
	if _, err := Decode(bytes.NewReader(b), Limits{}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "over and over") {
		t.Errorf("strips that are all the file: %v", err)
	}
}

// small files of every format.
func small(t testing.TB) map[string][]byte {
	all := map[string][]byte{}
	p := drawn(9, 7, 3, 8, true)
	p.Exif, p.ICC = exifBlock(binary.LittleEndian, 6), profile("RGB ", 200)
	for _, format := range []string{"png", "jpeg", "tiff"} {
		all[format] = encoded(t, format, p, SaveOptions{})
	}
	all["png16"] = encoded(t, "png", drawn(9, 7, 1, 16, false), SaveOptions{})
	all["tiff float"] = floatTIFF(binary.BigEndian, 0, 0.5, 1)
	var b bytes.Buffer
	if err := xbmp.Encode(&b, images()["colours"]); err != nil {
		t.Fatal(err)
	}
	all["bmp"] = bytes.Clone(b.Bytes())
	run := slices.Clone(b.Bytes()) // the same in runs: five pixels and the end
	binary.LittleEndian.PutUint32(run[30:], 1)
	all["bmp runs"] = append(run[:binary.LittleEndian.Uint32(run[10:])], 5, 1, 0, 0, 0, 3, 1, 2, 3, 0, 0, 2, 1, 1, 4, 2, 0, 1)
	b.Reset()
	if err := gif.Encode(&b, opaquePalette(images()["colours"].(*image.Paletted)), nil); err != nil {
		t.Fatal(err)
	}
	all["gif"] = b.Bytes()
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !IsPicture(e.Name()) {
			continue
		}
		if all[e.Name()], err = os.ReadFile(filepath.Join("testdata", e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestTruncatedAnywhere cuts every small file at every byte.
func TestTruncatedAnywhere(t *testing.T) {
	for name, b := range small(t) {
		decoded(t, b)
		for n := range b {
			p, err := Decode(bytes.NewReader(b[:n]), Limits{})
			if err == nil {
				if strings.HasPrefix(name, "png") || strings.HasSuffix(name, "jpeg") || strings.HasSuffix(name, "jpg") || sane(p) != "" {
					t.Errorf("%d of %d bytes of %s are a picture %s", n, len(b), name, sane(p))
				}
				continue
			}
			if !isTrouble(err) {
				t.Errorf("%d bytes of %s: an error of no kind: %v", n, name, err)
			}
			if n >= 16 && !errors.Is(err, ErrTruncated) && !strings.Contains(name, "webp") && !strings.HasPrefix(name, "tiff") {
				t.Errorf("%d of %d bytes of %s: got %v, want %v", n, len(b), name, err, ErrTruncated)
			}
		}
	}
}

// TestOddInputs opens what is no picture.
func TestOddInputs(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty.png": {"", ErrTruncated},
		"text.png":  {"Dear diary, today I saw a picture.", ErrFormat},
		"byte.jpg":  {"\xff", ErrFormat},
		"soi.jpg":   {"\xff\xd8", ErrTruncated},
		"big.tif":   {"II+\x00\x08\x00\x00\x00", ErrUnsupported},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Limits{}); !errors.Is(err, c.want) || strings.Count(err.Error(), path) != 1 {
			t.Errorf("got %v, want %v", err, c.want)
		}
		if _, err := Probe(path); !errors.Is(err, c.want) {
			t.Errorf("probing gives %v, want %v", err, c.want)
		}
		if _, err := OpenData(context.Background(), path, FolderOptions{}, nil); !errors.Is(err, c.want) {
			t.Errorf("as data it gives %v, want %v", err, c.want)
		}
	}
	if _, err := Open(filepath.Join(dir, "absent.png"), Limits{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
	if _, err := Open(dir, Limits{}); err == nil {
		t.Error("a folder was read as a picture")
	}
}

const fuzzPixels = 1 << 16

// FuzzDecode wants a picture or an error of a kind from any bytes, no panic,
// and no more memory than the limit and the file's own length justify.
func FuzzDecode(f *testing.F) {
	for _, b := range small(f) {
		f.Add(b)
	}
	for _, b := range giants() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var p *Picture
		var err error
		n := taken(func() { p, err = Decode(bytes.NewReader(b), Limits{Pixels: fuzzPixels}) })
		if most := int64(fuzzPixels*64 + 64<<20 + 100*len(b)); n > most {
			t.Errorf("%d bytes took %d, want %d at most", len(b), n, most)
		}
		switch {
		case err != nil && !isTrouble(err):
			t.Errorf("an error of no kind: %v", err)
		case err == nil && sane(p) != "":
			t.Errorf("wrong %s: %v", sane(p), p.Pix.Shape)
		case err == nil:
			_, h, w, _ := p.Pix.Dims4()
			if h*w > fuzzPixels {
				t.Errorf("%d × %d pixels, the limit is %d", w, h, fuzzPixels)
			}
			for _, format := range []string{"png", "tiff"} {
				q, err := Decode(bytes.NewReader(encoded(t, format, p, SaveOptions{})), Limits{})
				if err != nil {
					t.Fatalf("written as %s: %v", format, err)
				}
				step := 1 / (float64(uint64(1)<<min(max(p.Depth, 8), 16)) - 1)
				if d := max(farthest(p.Pix, q.Pix), farthest(p.Alpha, q.Alpha)); d > step && !math.IsInf(d, 1) {
					t.Errorf("written as %s it comes back %g away", format, d)
				}
			}
		}
	})
}
