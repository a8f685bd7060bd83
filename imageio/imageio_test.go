package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	xbmp "golang.org/x/image/bmp"
	xtiff "golang.org/x/image/tiff"

	"sieve/model/tensor"
)

// shared is the folder of pictures that are no part of the project.
func shared(t testing.TB) string {
	dir := os.Getenv("SIEVE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no pictures for development at %s", dir)
	}
	return dir
}

// drawn is a picture with every level in it, exact in so many bits.
func drawn(w, h, c, depth int, alpha bool) *Picture {
	top := uint64(1)<<depth - 1
	p := &Picture{Pix: tensor.New(1, h, w, c), Depth: depth}
	for i := range p.Pix.Data {
		p.Pix.Data[i] = float32(uint64(i)*2654435761%(top+1)) / float32(top)
	}
	if alpha {
		p.Alpha = tensor.New(1, h, w, 1)
		for i := range p.Alpha.Data {
			p.Alpha.Data[i] = float32(uint64(i)*40503%(top+1)) / float32(top)
		}
	}
	return p
}

func encoded(t testing.TB, format string, p *Picture, o SaveOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, format, p, o); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}

func decoded(t testing.TB, b []byte) *Picture {
	t.Helper()
	p, err := Decode(bytes.NewReader(b), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// farthest is the largest difference of two tensors, infinite when their shapes differ.
func farthest(a, b *tensor.Tensor) float64 {
	if a == nil && b == nil {
		return 0
	}
	if a == nil || b == nil || !slices.Equal(a.Shape, b.Shape) {
		return math.Inf(1)
	}
	worst := 0.0
	for i, v := range a.Data {
		worst = max(worst, math.Abs(float64(v-b.Data[i])))
	}
	return worst
}

// TestLosslessRoundTrip writes and reads PNG and TIFF of every shape of pixel:
// not a bit may change.
func TestLosslessRoundTrip(t *testing.T) {
	for _, format := range []string{"png", "tiff"} {
		for _, depth := range []int{8, 16} {
			for _, c := range []int{1, 3} {
				for _, alpha := range []bool{false, true} {
					for _, size := range [][2]int{{1, 1}, {1, 300}, {300, 1}, {37, 23}, {700, 401}} {
						p := drawn(size[0], size[1], c, depth, alpha)
						b := encoded(t, format, p, SaveOptions{})
						q := decoded(t, b)
						name := fmt.Sprintf("%s %d bits %d channels alpha %v %v", format, depth, c, alpha, size)
						if d := max(farthest(p.Pix, q.Pix), farthest(p.Alpha, q.Alpha)); d != 0 {
							t.Errorf("%s: a value came back %g away", name, d)
						}
						if q.Depth != depth || q.Format != format {
							t.Errorf("%s came back as %s of %d bits", name, q.Format, q.Depth)
						}
						in, err := header1(b)
						if err != nil || in.Width != size[0] || in.Height != size[1] || in.Channels != c || in.Depth != depth {
							t.Errorf("%s: header says %+v, %v", name, in, err)
						}
					}
				}
			}
		}
	}
}

func header1(b []byte) (Info, error) {
	h, err := readHeader(bytes.NewReader(b))
	if err != nil {
		return Info{}, err
	}
	return h.Info, nil
}

// TestOthersReadIt decodes what is written here with other decoders.
func TestOthersReadIt(t *testing.T) {
	for _, depth := range []int{8, 16} {
		for _, c := range []int{1, 3} {
			p := drawn(61, 43, c, depth, false)
			a, err := png.Decode(bytes.NewReader(encoded(t, "png", p, SaveOptions{})))
			if err != nil {
				t.Fatal(err)
			}
			b, err := xtiff.Decode(bytes.NewReader(encoded(t, "tiff", p, SaveOptions{})))
			if err != nil {
				t.Fatal(err)
			}
			for i := range 61 * 43 {
				want := uint32(math.Round(float64(p.Pix.Data[i*c]) * 65535))
				ra, _, _, _ := a.At(i%61, i/61).RGBA()
				rb, _, _, _ := b.At(i%61, i/61).RGBA()
				if ra != want || rb != want {
					t.Fatalf("%d bits, %d channels: red of pixel %d is %d in PNG and %d in TIFF, want %d", depth, c, i, ra, rb, want)
				}
			}
		}
	}
}

// TestDepthOnRequest keeps a picture of one depth in another: 8 in 16 is
// exact, 16 in 8 is the nearest level.
func TestDepthOnRequest(t *testing.T) {
	p := drawn(20, 20, 3, 8, false)
	if q := decoded(t, encoded(t, "png", p, SaveOptions{Depth: 16})); q.Depth != 16 || farthest(p.Pix, q.Pix) != 0 {
		t.Errorf("8 bits in 16 come back %g away with %d bits", farthest(p.Pix, q.Pix), q.Depth)
	}
	p = drawn(20, 20, 3, 16, false)
	if q := decoded(t, encoded(t, "tiff", p, SaveOptions{Depth: 8})); q.Depth != 8 || farthest(p.Pix, q.Pix) > 0.5/255+1e-6 {
		t.Errorf("16 bits in 8 come back %g away with %d bits", farthest(p.Pix, q.Pix), q.Depth)
	}
}

// gradient is the picture that the files in testdata hold.
func gradient(x, y int) [4]float64 {
	return [4]float64{float64(10*x) / 255, float64(15*y) / 255, 128.0 / 255, float64(255-10*x) / 255}
}

// TestFilesOfOthers reads what other programs wrote and compares with the formula.
func TestFilesOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		format string
		far    float64
		alpha  bool
	}{
		"progressive.jpg":     {"jpeg", 6, false},
		"444.jpg":             {"jpeg", 4, false},
		"422.jpg":             {"jpeg", 6, false},
		"440.jpg":             {"jpeg", 8, false},
		"420.jpg":             {"jpeg", 8.5, false},
		"cmyk.jpg":            {"jpeg", 7, false},
		"lossless.webp":       {"webp", 0.01, false},
		"lossless-alpha.webp": {"webp", 0.01, true},
		"lossy.webp":          {"webp", 12, false},
		"lossy-alpha.webp":    {"webp", 12, true},
		"animated.webp":       {"webp", 0.01, false},
	} {
		p, err := Open(filepath.Join("testdata", name), Limits{})
		if err != nil {
			t.Error(err)
			continue
		}
		if _, h, w, ch := p.Pix.Dims4(); h != 16 || w != 24 || ch != 3 || p.Format != c.format || p.Depth != 8 || (p.Alpha != nil) != c.alpha {
			t.Errorf("%s: %d × %d × %d %s of %d bits, alpha %v", name, w, h, ch, p.Format, p.Depth, p.Alpha != nil)
			continue
		}
		worst := 0.0
		for i := range 24 * 16 {
			want := gradient(i%24, i/24)
			for k := range 3 {
				worst = max(worst, 255*math.Abs(float64(p.Pix.Data[3*i+k])-want[k]))
			}
			if c.alpha {
				worst = max(worst, 255*math.Abs(float64(p.Alpha.Data[i])-want[3]))
			}
		}
		if worst > c.far {
			t.Errorf("%s: a value is %.1f levels from the formula, want %.1f at most", name, worst, c.far)
		}
	}
}

// TestSameAsReference compares pairs of files with one picture in two formats.
func TestSameAsReference(t *testing.T) {
	dir := filepath.Join(shared(t), "hostile", "golang_x_image")
	for pair, far := range map[string]float64{
		"bmp_1bpp.bmp bmp_1bpp.png":                                0,
		"bmp_4bpp.bmp bmp_4bpp.png":                                0,
		"bmp_8bpp.bmp bmp_8bpp.png":                                0,
		"colormap.bmp colormap.png":                                0,
		"colormap-251.bmp colormap-251.png":                        0,
		"video-001.bmp video-001.png":                              0,
		"yellow_rose-small.bmp yellow_rose-small.png":              0,
		"yellow_rose-small-v5.bmp yellow_rose-small-v5.png":        0,
		"video-001.tiff video-001.png":                             0,
		"video-001-strip-64.tiff video-001.png":                    0,
		"video-001-tile-64x64.tiff video-001.png":                  0,
		"blue-purple-pink.lzwcompressed.tiff blue-purple-pink.png": 0,
		"blue-purple-pink.lossless.webp blue-purple-pink.png":      0,
		"gopher-doc.8bpp.lossless.webp gopher-doc.8bpp.png":        0,
		"tux.lossless.webp tux.png":                                0,
		"bw-gopher_ccittGroup3.tiff bw-gopher.png":                 0,
		"bw-gopher_ccittGroup4.tiff bw-gopher.png":                 0,
		"bw-packbits.tiff bw-gopher.png":                           0,
		"bw-deflate.tiff bw-gopher.png":                            0,
		"bw-uncompressed.tiff bw-gopher.png":                       0,
		"video-001-16bit.tiff video-001-16bit.png":                 0,
		"video-001-gray-16bit.tiff video-001-gray-16bit.png":       0,
		"video-001-paletted.tiff video-001-paletted.png":           0,
	} {
		a, b, _ := strings.Cut(pair, " ")
		p, err := Open(filepath.Join(dir, a), Limits{})
		if err != nil {
			t.Error(err)
			continue
		}
		q, err := Open(filepath.Join(dir, b), Limits{})
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		x, y := p.Pix, q.Pix
		if x.Shape[3] != y.Shape[3] { // one of them is grey in colours
			x, y = coloured(x), coloured(y)
		}
		if d := farthest(x, y); d > far {
			t.Errorf("%s and %s are %g apart", a, b, d)
		}
	}
}

func coloured(x *tensor.Tensor) *tensor.Tensor {
	n, h, w, c := x.Dims4()
	y := tensor.New(n, h, w, 3)
	for i := range y.Data {
		y.Data[i] = x.Data[i/3*c+i%3%c]
	}
	return y
}

// images are one picture in every pixel type that encoders of others write.
func images() map[string]image.Image {
	r := image.Rect(0, 0, 13, 9)
	at := func(x, y int) color.NRGBA64 {
		return color.NRGBA64{uint16(x * 5041), uint16(y * 8191), uint16((x + y) * 3000), uint16(65535 - 4000*x)}
	}
	grey, grey16 := image.NewGray(r), image.NewGray16(r)
	nrgba, nrgba64 := image.NewNRGBA(r), image.NewNRGBA64(r)
	rgba, rgba64 := image.NewRGBA(r), image.NewRGBA64(r)
	colours, greys := image.NewPaletted(r, nil), image.NewPaletted(r, nil)
	for i := range 16 {
		colours.Palette = append(colours.Palette, color.NRGBA{uint8(16 * i), uint8(255 - 16*i), 7, uint8(255 - 8*(i%2))})
		greys.Palette = append(greys.Palette, color.Gray{uint8(17 * i)})
	}
	for y := range 9 {
		for x := range 13 {
			c := at(x, y)
			grey.Set(x, y, color.Gray{uint8(c.R >> 8)})
			grey16.Set(x, y, color.Gray16{c.R})
			nrgba.Set(x, y, color.NRGBA{uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8), uint8(c.A >> 8)})
			nrgba64.Set(x, y, c)
			rgba.Set(x, y, color.NRGBA{uint8(c.R >> 8), uint8(c.G >> 8), uint8(c.B >> 8), 255})
			c.A = 65535
			rgba64.Set(x, y, c)
			colours.SetColorIndex(x, y, uint8((x+y)%16))
			greys.SetColorIndex(x, y, uint8((x*y)%16))
		}
	}
	return map[string]image.Image{"grey": grey, "grey16": grey16, "nrgba": nrgba, "nrgba64": nrgba64,
		"rgba": rgba, "rgba64": rgba64, "colours": colours, "greys": greys}
}

// TestPixelTypes reads every pixel type that the encoders of Go write, and
// compares with what Go's image package says of each pixel.
func TestPixelTypes(t *testing.T) {
	for kind, m := range images() {
		files := map[string]func(*bytes.Buffer) error{
			"png": func(b *bytes.Buffer) error { return png.Encode(b, m) },
		}
		opaque := m
		if p, ok := m.(*image.Paletted); ok { // only PNG knows transparent entries
			opaque = opaquePalette(p)
			files["gif"] = func(b *bytes.Buffer) error { return gif.Encode(b, opaque, nil) }
		}
		if !strings.HasSuffix(kind, "16") && !strings.HasSuffix(kind, "64") {
			files["bmp"] = func(b *bytes.Buffer) error { return xbmp.Encode(b, opaque) }
		}
		if kind != "nrgba64" {
			for name, c := range map[string]xtiff.CompressionType{"tiff": xtiff.Uncompressed, "tiff deflate": xtiff.Deflate} {
				files[name] = func(b *bytes.Buffer) error {
					return xtiff.Encode(b, opaque, &xtiff.Options{Compression: c, Predictor: true})
				}
			}
		}
		for name, write := range files {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatalf("%s %s: %v", name, kind, err)
			}
			p := decoded(t, b.Bytes())
			c := p.Pix.Shape[3]
			if want := map[bool]int{true: 16, false: 8}[strings.HasSuffix(kind, "16") || strings.HasSuffix(kind, "64")]; p.Depth != want {
				t.Errorf("%s %s has %d bits, want %d", name, kind, p.Depth, want)
			}
			if want := map[bool]int{true: 1, false: 3}[strings.HasPrefix(kind, "grey")]; c != want && name != "bmp" && !strings.HasPrefix(name, "tiff") {
				t.Errorf("%s %s has %d channels, want %d", name, kind, c, want)
			}
			for i := range 13 * 9 {
				want := exactly(m.At(i%13, i/13))
				if kind == "colours" && name != "png" || name == "bmp" { // these do not say how transparent
					want.A = 65535
				}
				got := [4]float32{p.Pix.Data[i*c], p.Pix.Data[i*c+1%c], p.Pix.Data[i*c+2%c], 1}
				if p.Alpha != nil {
					got[3] = p.Alpha.Data[i]
				}
				for k, v := range []uint16{want.R, want.G, want.B, want.A} {
					if d := math.Abs(float64(got[k])*65535 - float64(v)); d > 0.51 {
						t.Fatalf("%s %s: sample %d of pixel %d is %g, want %d of 65535", name, kind, k, i, got[k]*65535, v)
					}
				}
			}
		}
	}
}

// exactly widens a colour without multiplying it by its alpha and back.
func exactly(c color.Color) color.NRGBA64 {
	if n, ok := c.(color.NRGBA); ok {
		return color.NRGBA64{uint16(n.R) * 257, uint16(n.G) * 257, uint16(n.B) * 257, uint16(n.A) * 257}
	}
	return color.NRGBA64Model.Convert(c).(color.NRGBA64)
}

// opaquePalette copies a paletted image without transparency, which GIF has
// only all or nothing of.
func opaquePalette(p *image.Paletted) *image.Paletted {
	q := *p
	q.Palette = nil
	for _, c := range p.Palette {
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		q.Palette = append(q.Palette, color.RGBA{n.R, n.G, n.B, 255})
	}
	return &q
}

// TestAnimationIsItsFirstFrame reads a GIF whose frame is smaller than its screen.
func TestAnimationIsItsFirstFrame(t *testing.T) {
	pal := color.Palette{color.RGBA{255, 0, 0, 255}, color.RGBA{0, 0, 255, 255}, color.RGBA{}}
	a, b := image.NewPaletted(image.Rect(2, 1, 5, 4), pal), image.NewPaletted(image.Rect(0, 0, 8, 6), pal)
	a.SetColorIndex(3, 2, 1)
	a.SetColorIndex(4, 3, 2)
	var buf bytes.Buffer
	err := gif.EncodeAll(&buf, &gif.GIF{Image: []*image.Paletted{a, b}, Delay: []int{1, 1}, Config: image.Config{Width: 8, Height: 6}})
	if err != nil {
		t.Fatal(err)
	}
	p := decoded(t, buf.Bytes())
	if !slices.Equal(p.Pix.Shape, []int{1, 6, 8, 3}) || p.Alpha == nil {
		t.Fatalf("shape %v, alpha %v", p.Pix.Shape, p.Alpha != nil)
	}
	for y := range 6 {
		for x := range 8 {
			want := [4]float32{}
			if image.Pt(x, y).In(a.Rect) && (x != 4 || y != 3) {
				want = [4]float32{1, 0, 0, 1}
				if x == 3 && y == 2 {
					want = [4]float32{0, 0, 1, 1}
				}
			}
			i := y*8 + x
			if got := [4]float32{p.Pix.Data[3*i], p.Pix.Data[3*i+1], p.Pix.Data[3*i+2], p.Alpha.Data[i]}; got != want {
				t.Errorf("pixel (%d, %d) is %v, want %v", x, y, got, want)
			}
		}
	}
}

// sides says, for each orientation, at which side of the displayed picture row
// 0 and column 0 of the stored one are (EXIF 2.3, tag 0112).
var sides = [9][2]string{1: {"top", "left"}, {"top", "right"}, {"bottom", "right"}, {"bottom", "left"},
	{"left", "top"}, {"right", "top"}, {"right", "bottom"}, {"left", "bottom"}}

// shown returns where a stored pixel is displayed.
func shown(o, x, y, w, h int) (sx, sy int) {
	set := func(side string, i, n int) {
		switch side {
		case "top":
			sy = i
		case "bottom":
			sy = n - 1 - i
		case "left":
			sx = i
		case "right":
			sx = n - 1 - i
		}
	}
	set(sides[o][0], y, h)
	set(sides[o][1], x, w)
	return sx, sy
}

// exifBlock is an EXIF block with an orientation and a maker.
func exifBlock(order binary.ByteOrder, orientation int) []byte {
	return newExif(order, []field{
		{tag: 271, kind: 2, count: 6, data: []byte("Sieve\x00")},
		shorts(order, orientationTag, orientation),
		{tag: exifTag, kind: 4, count: 1, sub: []field{{tag: 33434, kind: 5, count: 1, data: make([]byte, 8)}}},
	})
}

// TestOrientation stores a picture in all eight ways, in PNG and JPEG with an
// EXIF block and in TIFF, and wants it upright, its block saying so.
func TestOrientation(t *testing.T) {
	for o := 1; o <= 8; o++ {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			for _, format := range []string{"png", "jpeg", "tiff"} {
				p := &Picture{Pix: tensor.New(1, 32, 48, 1), Depth: 8}
				for i := range p.Pix.Data {
					p.Pix.Data[i] = float32(i%48*3+i/48) / 255
				}
				p.Exif = exifBlock(order, o)
				b := encoded(t, format, p, SaveOptions{Quality: 100})
				if format == "tiff" { // which is written upright: turn it
					if order != byteOrder(b) {
						t.Fatalf("TIFF with EXIF in %v is written in %v", order, byteOrder(b))
					}
					n := int(order.Uint16(b[8:]))
					for i := range n {
						if e := b[10+12*i:]; order.Uint16(e) == orientationTag {
							order.PutUint16(e[8:], uint16(o))
						}
					}
				}
				q := decoded(t, b)
				h, w := 32, 48
				if o > 4 {
					h, w = w, h
				}
				if !slices.Equal(q.Pix.Shape, []int{1, h, w, 1}) {
					t.Fatalf("%s %d: shape %v", format, o, q.Pix.Shape)
				}
				if in, _ := header1(b); in.Width != w || in.Height != h || in.Orientation != o {
					t.Errorf("%s %d: header says %+v", format, o, in)
				}
				for i, v := range p.Pix.Data {
					x, y := shown(o, i%48, i/48, 48, 32)
					if got := q.Pix.Data[y*w+x]; math.Abs(float64(got-v)) > 2.0/255 {
						t.Fatalf("%s %d: stored pixel %d is %g, shown at (%d, %d) is %g", format, o, i, v, x, y, got)
					}
				}
				if _, again := upright(q.Exif, 0); again != 1 {
					t.Errorf("%s %d: the carried block says %d", format, o, again)
				}
				if !bytes.Contains(q.Exif, []byte("Sieve\x00")) {
					t.Errorf("%s %d: the maker is lost", format, o)
				}
			}
		}
	}
}

// profile is bytes that call themselves a colour profile of a space.
func profile(space string, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	copy(b[16:], space)
	return b
}

// TestMetadataIsCarried takes EXIF and a profile through every pair of formats;
// the profile is longer than a JPEG segment.
func TestMetadataIsCarried(t *testing.T) {
	formats := []string{"png", "jpeg", "tiff"}
	for _, from := range formats {
		for _, to := range formats {
			p := drawn(16, 16, 3, 8, false)
			p.Exif, p.ICC = exifBlock(binary.BigEndian, 1), profile("RGB ", 200_000)
			q := decoded(t, encoded(t, from, p, SaveOptions{}))
			r := decoded(t, encoded(t, to, q, SaveOptions{}))
			if !bytes.Equal(r.ICC, p.ICC) {
				t.Errorf("%s to %s: a profile of %d bytes became one of %d", from, to, len(p.ICC), len(r.ICC))
			}
			in := &input{r: bytes.NewReader(r.Exif), size: int64(len(r.Exif))}
			if r.Exif == nil {
				t.Errorf("%s to %s: EXIF is lost", from, to)
				continue
			}
			order := byteOrder(r.Exif)
			room := int64(1 << 20)
			fields := in.fields(order, in.directory(order, int64(order.Uint32(r.Exif[4:]))), func(uint16) bool { return true }, &room, 0)
			var maker string
			var exposure int
			for _, f := range fields {
				if f.tag == 271 {
					maker = string(f.data)
				}
				if f.tag == exifTag {
					exposure = len(f.sub)
				}
			}
			if maker != "Sieve\x00" || exposure != 1 {
				t.Errorf("%s to %s: maker %q and %d fields of exposure", from, to, maker, exposure)
			}
		}
	}
}

// TestProfileOfOtherChannels drops a profile that is not for the channels.
func TestProfileOfOtherChannels(t *testing.T) {
	p := drawn(8, 8, 1, 8, false)
	for space, want := range map[string]bool{"GRAY": true, "RGB ": false, "CMYK": false} {
		p.ICC = profile(space, 300)
		for _, format := range []string{"png", "jpeg", "tiff"} {
			if q := decoded(t, encoded(t, format, p, SaveOptions{})); (q.ICC != nil) != want {
				t.Errorf("a grey %s carries a profile for %q: %v, want %v", format, space, q.ICC != nil, want)
			}
		}
	}
}

// TestJPEGHoldsNoMore is refused metadata that is too long for the format.
func TestJPEGHoldsNoMore(t *testing.T) {
	p := drawn(8, 8, 1, 8, false)
	p.Exif = append(exifBlock(binary.LittleEndian, 1), make([]byte, 70_000)...)
	if err := Encode(new(bytes.Buffer), "jpeg", p, SaveOptions{}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("70,000 bytes of EXIF give %v", err)
	}
}

// TestJPEGQuality finds more quality nearer and larger, and transparency on white.
func TestJPEGQuality(t *testing.T) {
	p := &Picture{Pix: tensor.New(1, 64, 64, 3), Depth: 8}
	for i := range p.Pix.Data {
		p.Pix.Data[i] = 0.5 + 0.4*float32(math.Sin(float64(i/3%64)/3)*math.Cos(float64(i/192)/5))
	}
	low, usual := encoded(t, "jpeg", p, SaveOptions{Quality: 30}), encoded(t, "jpeg", p, SaveOptions{})
	same := encoded(t, "jpeg", p, SaveOptions{Quality: 92})
	if len(low) >= len(usual) || !bytes.Equal(usual, same) {
		t.Errorf("quality 30 takes %d bytes, the usual %d, 92 %d", len(low), len(usual), len(same))
	}
	if d := farthest(p.Pix, decoded(t, usual).Pix); d > 0.05 {
		t.Errorf("quality 92 is %g away", d)
	}
	p.Alpha = tensor.New(1, 64, 64, 1)
	if q := decoded(t, encoded(t, "jpeg", p, SaveOptions{})); q.Alpha != nil || slices.Min(q.Pix.Data) < 0.99 {
		t.Errorf("what cannot be seen is %g on white paper", slices.Min(q.Pix.Data))
	}
}

// tiffOf makes a TIFF file from fields and pieces of pixels.
func tiffOf(order binary.ByteOrder, pieces [][]byte, dir ...field) []byte {
	at := 8
	for range 2 { // the first time to see how long the directory is
		full := slices.Clone(dir)
		var offsets, lengths []int
		for i, p := range pieces {
			offsets, lengths = append(offsets, at+len(bytes.Join(pieces[:i], nil))), append(lengths, len(p))
		}
		for tag, v := range map[uint16][]int{273: offsets, 279: lengths} {
			f, _ := longs(order, tag, v...)
			full = append(full, f)
		}
		slices.SortFunc(full, func(a, b field) int { return int(a.tag) - int(b.tag) })
		b := newExif(order, full)
		if at == len(b) {
			return append(b, bytes.Join(pieces, nil)...)
		}
		at = len(b)
	}
	panic("the directory changed its length")
}

// floatTIFF is a TIFF of floating-point values in one row.
func floatTIFF(order binary.ByteOrder, values ...float32) []byte {
	b := make([]byte, 4*len(values))
	for i, v := range values {
		order.PutUint32(b[4*i:], math.Float32bits(v))
	}
	return tiffOf(order, [][]byte{b}, shorts(order, 256, len(values)), shorts(order, 257, 1), shorts(order, 258, 32),
		shorts(order, 262, 1), shorts(order, 339, 3))
}

// TestFloatTIFF reads floating point as it is, clamps a little overshoot, and
// says what is wrong with NaN, infinity and other scales.
func TestFloatTIFF(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		p := decoded(t, floatTIFF(order, 0, 0.1234567, 1, -0.02, 1.03))
		want := []float32{0, 0.1234567, 1, 0, 1}
		if p.Depth != 32 || !slices.Equal(p.Pix.Data, want) {
			t.Errorf("%v: %d bits %v, want %v", order, p.Depth, p.Pix.Data, want)
		}
		for _, c := range []struct {
			b    []byte
			kind error
			word string
		}{
			{floatTIFF(order, 0.5, nan, 0.25, -inf), ErrDamaged, "infinite: 2"},
			{floatTIFF(order, 0, 255), ErrUnsupported, "0 to 255"},
			{floatTIFF(order, -7, 0.5), ErrUnsupported, "-7"},
		} {
			_, err := Decode(bytes.NewReader(c.b), Limits{})
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.word) {
				t.Errorf("got %v, want %v with %q", err, c.kind, c.word)
			}
		}
	}
}

// TestTIFFKinds reads the ways of storing pixels that no encoder here writes.
func TestTIFFKinds(t *testing.T) {
	le := binary.LittleEndian
	size := func(w, h int) []field { return []field{shorts(le, 256, w), shorts(le, 257, h)} }
	for name, c := range map[string]struct {
		b    []byte
		want []float32
		ch   int
	}{
		"4 bits, white is 0": {tiffOf(le, [][]byte{{0x0f, 0x50}}, append(size(3, 1), shorts(le, 258, 4), shorts(le, 262, 0))...),
			[]float32{1, 0, 10.0 / 15}, 1},
		"12 bits": {tiffOf(le, [][]byte{{0xff, 0xf8, 0x00}}, append(size(2, 1), shorts(le, 258, 12), shorts(le, 262, 1))...),
			[]float32{1, 2048.0 / 4095}, 1},
		"planes": {tiffOf(le, [][]byte{{255, 0}, {51, 102}, {0, 255}}, append(size(2, 1), shorts(le, 258, 8, 8, 8), shorts(le, 262, 2),
			shorts(le, 277, 3), shorts(le, 284, 2), shorts(le, 278, 1))...), []float32{1, 0.2, 0, 0, 0.4, 1}, 3},
		"ink": {tiffOf(le, [][]byte{{0, 255, 0, 0, 0, 0, 0, 255}}, append(size(2, 1), shorts(le, 258, 8, 8, 8, 8), shorts(le, 262, 5), shorts(le, 277, 4))...),
			[]float32{1, 0, 1, 0, 0, 0}, 3},
		"32 bits": {tiffOf(le, [][]byte{{255, 255, 255, 255, 0, 0, 0, 128}}, append(size(2, 1), shorts(le, 258, 32), shorts(le, 262, 1))...),
			[]float32{1, 0.5}, 1},
		"multiplied alpha": {tiffOf(le, [][]byte{{51, 102, 0, 102}}, append(size(1, 1), shorts(le, 258, 8, 8, 8, 8), shorts(le, 262, 2), shorts(le, 277, 4), shorts(le, 338, 1))...),
			[]float32{0.5, 1, 0}, 3},
		"half": {tiffOf(le, [][]byte{{0x00, 0x38, 0x00, 0x3c, 0x00, 0x00}}, append(size(3, 1), shorts(le, 258, 16), shorts(le, 262, 1), shorts(le, 339, 3))...),
			[]float32{0.5, 1, 0}, 1},
		"bits from packbits": {tiffOf(le, [][]byte{{0xfe, 0x80, 0x00, 0xff}}, append(size(32, 1), shorts(le, 258, 1), shorts(le, 262, 1), shorts(le, 259, packBits))...), nil, 1},
	} {
		p, err := Decode(bytes.NewReader(c.b), Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Pix.Shape[3] != c.ch {
			t.Errorf("%s has %d channels, want %d", name, p.Pix.Shape[3], c.ch)
		}
		for i, v := range c.want {
			if math.Abs(float64(v-p.Pix.Data[i])) > 1e-6 {
				t.Errorf("%s: value %d is %g, want %g", name, i, p.Pix.Data[i], v)
			}
		}
		if name == "bits from packbits" {
			var ones float32
			for _, v := range p.Pix.Data {
				ones += v
			}
			if ones != 3+8 {
				t.Errorf("%s has %g ones, want 11", name, ones)
			}
		}
	}
}

// TestHeaderIsEnough reads the header alone of a file whose pixels are missing.
func TestHeaderIsEnough(t *testing.T) {
	path := filepath.Join(t.TempDir(), "half.png")
	b := encoded(t, "png", drawn(300, 200, 3, 8, false), SaveOptions{})
	if err := os.WriteFile(path, b[:len(b)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	in, err := Probe(path)
	if err != nil || in.Width != 300 || in.Height != 200 {
		t.Errorf("header says %+v, %v", in, err)
	}
	_, err = Open(path, Limits{})
	if !errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), path) {
		t.Errorf("half a file gives %v", err)
	}
}

// TestIsPicture goes by the extension alone.
func TestIsPicture(t *testing.T) {
	for name, want := range map[string]bool{"a.PNG": true, "b.jpeg": true, "c.tif": true, "d.webp": true, "e.txt": false, "png": false, "f.png.gz": false} {
		if IsPicture(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
