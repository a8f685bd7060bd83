package imageio

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"

	"sieve/model/tensor"
)

// TestDrawingsAreSeeded draws the same from a seed on one processor and on
// several, whatever came before, and something else from another.
func TestDrawingsAreSeeded(t *testing.T) {
	for name, s := range map[string]Source{"leaves": Leaves{32, 3}, "glyphs": Glyphs{Size: 28, Channels: 1}, "shapes": Shapes{32, 3}} {
		want := batch(t, s, 1, 9)
		procs := runtime.GOMAXPROCS(1)
		one := batch(t, s, 1, 9)
		runtime.GOMAXPROCS(procs)
		if d := farthest(want, one); d != 0 {
			t.Errorf("%s are %g apart on one processor", name, d)
		}
		if farthest(want, batch(t, s, 2, 9)) == 0 {
			t.Errorf("%s are the same from another seed", name)
		}
		few := batch(t, s, 1, 3)
		if !slices.Equal(few.Data, want.Data[:len(few.Data)]) {
			t.Errorf("%s: the first three of nine are others than three", name)
		}
	}
}

// TestDrawingsAreChecked pins a few bytes of each drawing, which have to be the
// same on every machine.
func TestDrawingsAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		s    Source
		want uint64
	}{
		"leaves": {Leaves{48, 3}, 0xa0ef5f5cfe8262c6},
		"glyphs": {Glyphs{Size: 28, Channels: 1}, 0x7d6f4bd1e7a7cac6},
		"shapes": {Shapes{32, 3}, 0x36667a1f5d988f10},
	} {
		if got := fingerprint(batch(t, c.s, 1, 8)); got != c.want {
			t.Errorf("%s have the fingerprint %#x, want %#x", name, got, c.want)
		}
	}
}

// fingerprint hashes the bits of a tensor (FNV-1a).
func fingerprint(x *tensor.Tensor) uint64 {
	h := uint64(14695981039346656037)
	for _, v := range x.Data {
		h = (h ^ uint64(math.Float32bits(v))) * 1099511628211
	}
	return h
}

// TestDrawingsAreInRange holds for every size and both channel counts, from one
// pixel on.
func TestDrawingsAreInRange(t *testing.T) {
	for _, size := range []int{1, 2, 7, 28, 96} {
		for _, c := range []int{1, 3} {
			for name, s := range map[string]Source{"leaves": Leaves{size, c}, "glyphs": Glyphs{Size: size, Channels: c}, "shapes": Shapes{size, c}} {
				b := batch(t, s, 3, 12)
				if !slices.Equal(b.Shape, []int{12, size, size, c}) {
					t.Errorf("%s: shape %v", name, b.Shape)
				}
				if lo, hi := slices.Min(b.Data), slices.Max(b.Data); !(lo >= 0 && hi <= 1) {
					t.Errorf("%s of size %d: values from %g to %g", name, size, lo, hi)
				}
			}
		}
	}
}

// spectrum is the mean power of pictures at whole frequencies up to half their side.
func spectrum(b *tensor.Tensor) []float64 {
	n, h, _, c := b.Dims4()
	power, count := make([]float64, h/2+1), make([]float64, h/2+1)
	window := func(i int) float64 { return 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(h)) }
	wave := make([]complex128, h)
	for i := range wave {
		s, c := math.Sincos(-2 * math.Pi * float64(i) / float64(h))
		wave[i] = complex(c, s)
	}
	transform := func(v []complex128, stride int) {
		out := make([]complex128, h)
		for k := range out {
			for j := range h {
				out[k] += v[j*stride] * wave[k*j%h]
			}
		}
		for k, o := range out {
			v[k*stride] = o
		}
	}
	for i := range n {
		f := make([]complex128, h*h)
		mean := 0.0
		for k := range f {
			mean += float64(b.Data[(i*h*h+k)*c]) / float64(h*h)
		}
		for k := range f {
			f[k] = complex((float64(b.Data[(i*h*h+k)*c])-mean)*window(k%h)*window(k/h), 0)
		}
		for k := range h {
			transform(f[k*h:], 1)
		}
		for k := range h {
			transform(f[k:], h)
		}
		for k, v := range f {
			r := int(math.Round(math.Hypot(float64((k%h+h/2)%h-h/2), float64((k/h+h/2)%h-h/2))))
			if r <= h/2 {
				power[r] += real(v)*real(v) + imag(v)*imag(v)
				count[r]++
			}
		}
	}
	for r := range power {
		power[r] /= count[r]
	}
	return power
}

// slope fits a power of frequency to a spectrum, between the window's width and
// where pixels end.
func slope(power []float64) float64 {
	var n, sx, sy, sxx, sxy float64
	for r := 2; r < len(power)*2/3; r++ {
		x, y := math.Log(float64(r)), math.Log(power[r])
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// TestLeavesHaveNaturalSpectra wants power to fall like frequency to about the
// minus 2.5, between the 2 of edges at every scale and the 3 of smooth
// pictures; photographs, where they are there, measure -2.7.
func TestLeavesHaveNaturalSpectra(t *testing.T) {
	for _, c := range []int{1, 3} {
		if s := slope(spectrum(batch(t, Leaves{64, c}, 1, 48))); s > -2.1 || s < -3.1 {
			t.Errorf("with %d channels power falls like frequency to the %.2f, want -2.1 to -3.1", c, s)
		}
	}
	f := open1(t, shared(t)+"/train/photos", FolderOptions{Crop: 64, Channels: 1})
	if s := slope(spectrum(batch(t, f, 1, 48))); s > -2.1 || s < -3.3 {
		t.Errorf("the measure itself finds %.2f in photographs", s)
	}
}

// TestLeavesVary finds bright and dark pictures, and colours.
func TestLeavesVary(t *testing.T) {
	b := batch(t, Leaves{32, 3}, 1, 64)
	lo, hi, colour := 1.0, 0.0, 0.0
	for i := range 64 {
		mean := 0.0
		for k := range 32 * 32 {
			p := b.Data[(i*1024+k)*3:][:3]
			mean += float64(p[1]) / 1024
			colour = max(colour, math.Abs(float64(p[0]-p[2])))
		}
		lo, hi = min(lo, mean), max(hi, mean)
	}
	if lo > 0.3 || hi < 0.7 || colour < 0.2 {
		t.Errorf("pictures from %.2f to %.2f bright, red and blue %.2f apart", lo, hi, colour)
	}
}

// TestFillCovers compares areas with geometry: boxes at any place, a disk, a
// ring whose hole runs the other way, and two shapes on one another.
func TestFillCovers(t *testing.T) {
	area := func(shapes ...[]vec) (sum float64) {
		cover := make([]float32, 40*30)
		fill(cover, 40, 30, shapes)
		for _, v := range cover {
			if v < 0 || v > 1.0001 {
				t.Errorf("a pixel is covered %g times", v)
			}
			sum += float64(v)
		}
		return sum
	}
	box := func(x0, y0, x1, y1 float32) []vec { return []vec{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}} }
	disk := func(r float32) (s []vec) {
		for i := range 200 {
			a := 2 * math.Pi * float64(i) / 200
			s = append(s, vec{20 + r*float32(math.Cos(a)), 15 + r*float32(math.Sin(a))})
		}
		return s
	}
	hole := disk(5)
	slices.Reverse(hole)
	for name, c := range map[string]struct{ got, want float64 }{
		"box":       {area(box(3, 4, 9, 20)), 96},
		"off grid":  {area(box(3.25, 4, 9.75, 20)), 104},
		"outside":   {area(box(-10, -10, 5, 5)), 25},
		"beyond":    {area(box(35, 25, 99, 99)), 25},
		"disk":      {area(disk(10)), math.Pi * 100},
		"ring":      {area(disk(10), hole), math.Pi * 75},
		"twice":     {area(disk(10), disk(10)), math.Pi * 100},
		"two":       {area(box(0, 0, 10, 10), box(5, 5, 15, 15)), 175},
		"backwards": {area([]vec{{0, 0}, {0, 10}, {10, 10}, {10, 0}}), 100},
		"nothing":   {area(), 0},
	} {
		if math.Abs(c.got-c.want) > 0.005*c.want+1e-3 {
			t.Errorf("%s covers %g, want %g", name, c.got, c.want)
		}
	}
}

// TestGlyphsGrowBold has more ink, holes smaller, with more weight, for every
// character.
func TestGlyphsGrowBold(t *testing.T) {
	f, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range glyphDigits + glyphLetters {
		last := 0.0
		for _, d := range []float32{-20, 0, 20, 60} {
			shapes := outline(f, r)
			for i, s := range shapes {
				moved := embolden(s, d)
				for k, p := range moved {
					moved[k] = p.scale(1.0 / 40).add(vec{10, 45})
				}
				shapes[i] = moved
			}
			cover := make([]float32, 80*70)
			fill(cover, 80, 70, shapes)
			ink := 0.0
			for _, v := range cover {
				ink += float64(v)
			}
			if ink < 5 || ink <= last {
				t.Errorf("%q has %.1f pixels of ink with edges moved by %g, %.1f with less", r, ink, d, last)
			}
			last = ink
		}
	}
}

// TestGlyphsLookLikeMNIST wants black round the edge, white strokes, and about
// as much ink.
func TestGlyphsLookLikeMNIST(t *testing.T) {
	b := batch(t, Glyphs{Size: 28, Channels: 1}, 1, 400)
	ink, edge, white := 0.0, 0.0, 0
	for i := range 400 {
		top := float32(0)
		for k := range 784 {
			v := b.Data[i*784+k]
			ink += float64(v) / 784 / 400
			if k/28 == 0 || k/28 == 27 || k%28 == 0 || k%28 == 27 {
				edge = max(edge, float64(v))
			}
			top = max(top, v)
		}
		if top > 0.95 {
			white++
		}
	}
	if ink < 0.06 || ink > 0.25 || white < 350 || edge > 0.9 {
		t.Errorf("%.3f ink, %d of 400 reach white, the edge %.2f", ink, white, edge)
	}
}

// TestPowersOfTwo stay with the library's to seven digits.
func TestPowersOfTwo(t *testing.T) {
	for x := float32(-12); x < 12; x += 0.037 {
		if got, want := float64(exp2(x)), math.Exp2(float64(x)); math.Abs(got/want-1) > 5e-7 {
			t.Errorf("2 to the %g is %g, want %g", x, got, want)
		}
		if y := exp2(x); y >= 1 && math.Abs(float64(log2(y))-math.Log2(float64(y))) > 2e-6 {
			t.Errorf("the logarithm of %g is %g, want %g", y, log2(y), math.Log2(float64(y)))
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	for name, s := range map[string]Source{"leaves 64": Leaves{64, 3}, "glyphs 28": Glyphs{Size: 28, Channels: 1}, "shapes 32": Shapes{32, 3}} {
		b.Run(name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			for b.Loop() {
				s.Batch(rng, 16)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/16, "ns/picture")
		})
	}
}

// TestGlyphsSayWhatTheyShow, and are the pictures that Batch draws: those that one name has are more
// like each other than like the rest.
func TestGlyphsSayWhatTheyShow(t *testing.T) {
	g := Glyphs{Size: 28, Channels: 1, Runes: glyphDigits, Calm: true}
	x, names, err := g.Named(rand.New(rand.NewPCG(3, 4)), 400)
	if err != nil || len(names) != 400 {
		t.Fatalf("%d names, %v", len(names), err)
	}
	same, err := g.Batch(rand.New(rand.NewPCG(3, 4)), 400)
	if err != nil || !slices.Equal(same.Data, x.Data) {
		t.Errorf("Batch draws others: %v", err)
	}
	right := 0
	for i, name := range names {
		near, least := -1, float32(math.MaxFloat32)
		for j := range names {
			var sum float32
			for k, v := range x.Data[i*784 : (i+1)*784] {
				e := v - x.Data[j*784+k]
				sum += e * e
			}
			if j != i && sum < least {
				near, least = j, sum
			}
		}
		if names[near] == name {
			right++
		}
	}
	if right < 340 {
		t.Errorf("%d of 400 pictures are nearest to one of their own name", right)
	}
}
