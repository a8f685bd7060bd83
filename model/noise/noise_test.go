package noise

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"sieve/model/tensor"
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func flat(v float32, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	fill(x.Data, v)
	return x
}

// numbered returns pictures in which every pixel has a colour of its own.
func numbered(shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Data {
		x.Data[i] = float32(i+1) / (1 << 20)
	}
	return x
}

func mustParse(t *testing.T, text string) Scheme {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// everyScheme is one of each kind and a mixture of all.
func everyScheme() []Scheme {
	var all, mix Mix
	for _, k := range Kinds() {
		s := k.scheme(Range{k.Default / 2, k.Default})
		all = append(all, s)
		if _, alone := s.(Pairs); !alone {
			mix = append(mix, s)
		}
	}
	return append(all, mix)
}

// moments returns mean and variance of v.
func moments(v []float32) (mean, variance float64) {
	for _, a := range v {
		mean += float64(a)
	}
	mean /= float64(len(v))
	for _, a := range v {
		variance += (float64(a) - mean) * (float64(a) - mean)
	}
	return mean, variance / float64(len(v)-1)
}

func TestMomentsFollowTheFormula(t *testing.T) {
	for _, test := range []struct {
		scheme   Scheme
		variance func(v float64) float64
	}{
		{Gaussian{25, 25}, func(float64) float64 { return 25. / 255 * 25 / 255 }},
		{Gaussian{0, 0}, func(float64) float64 { return 0 }},
		{Poisson{2, 2}, func(v float64) float64 { return v * 2 / 255 * 2 / 255 }},
		{Poisson{25, 25}, func(v float64) float64 { return v * 25 / 255 * 25 / 255 }},
		{Poisson{100, 100}, func(v float64) float64 { return v * 100 / 255 * 100 / 255 }},
		{Poisson{0, 0}, func(float64) float64 { return 0 }},
		{Speckle{50, 50}, func(v float64) float64 { return v * v * 50 / 255 * 50 / 255 }},
	} {
		for _, v := range []float32{0, 0.05, 0.4, 1} {
			in, _, _ := test.scheme.Lesson(seeded(7), flat(v, 1, 500, 500, 3))
			n := float64(len(in.Data))
			mean, variance := moments(in.Data)
			want := test.variance(float64(v))
			// Five standard errors. The fourth moment is at most 3 + 1/λ variances squared,
			// and the rarest photons here are λ = 0.3 a sample.
			if d := math.Abs(mean - float64(v)); d > 5*math.Sqrt(want/n)+1e-7 {
				t.Errorf("%v at %g: mean %g, want %g", test.scheme, v, mean, v)
			}
			if d := math.Abs(variance - want); d > 5*want*math.Sqrt(5.3/n)+1e-12 {
				t.Errorf("%v at %g: variance %g, want %g", test.scheme, v, variance, want)
			}
		}
	}
}

func TestChannelsAndNeighboursAreIndependent(t *testing.T) {
	for _, s := range []Scheme{Gaussian{25, 25}, Poisson{25, 25}, Speckle{50, 50}} {
		in, _, _ := s.Lesson(seeded(5), flat(0.5, 2, 200, 300, 3))
		_, variance := moments(in.Data)
		n := len(in.Data)
		for _, lag := range []int{1, 2, 3, 512, 900, 8192, 3 * 8192, 3 * 200 * 300} {
			var r float64
			for i := range n - lag {
				r += float64(in.Data[i]-0.5) * float64(in.Data[i+lag]-0.5)
			}
			if r /= variance * float64(n-lag); math.Abs(r) > 5/math.Sqrt(float64(n-lag)) {
				t.Errorf("%v: correlation %g at a distance of %d samples, want 0", s, r, lag)
			}
		}
	}
}

func TestNormalIsTheQuantile(t *testing.T) {
	const draws = 20000
	for i := range draws {
		// Evenly over (-½, ½), then ever closer to one end.
		bits := uint64(i) * (math.MaxUint64 / draws)
		if i%2 == 1 {
			bits = math.MaxInt64>>(i%53) ^ math.MaxInt64
		}
		q := (float64(int64(bits)>>11) + 0.5) / (1 << 53)
		want := math.Copysign(math.Sqrt2*math.Erfcinv(1-2*math.Abs(q)), q)
		if got := normal(bits); math.Abs(got-want) > 1.5e-7*math.Abs(want) {
			t.Fatalf("at %g: %.9g, want %.9g", q+0.5, got, want)
		}
	}
	if lo, hi := normal(1<<63), normal(1<<63-1); lo != -hi || hi < 8 || hi > 8.3 {
		t.Errorf("the outermost draws are %g and %g", lo, hi)
	}
}

// boundary is the draw in [lo, hi] from which on photons gives k or more.
func boundary(photons func(draw float64) float64, k, lo, hi float64) float64 {
	for range 100 {
		if mid := (lo + hi) / 2; photons(mid) < k {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

func TestPhotonsHaveThePoissonDistribution(t *testing.T) {
	normalCDF := func(w float64) float64 { return math.Erfc(-w/math.Sqrt2) / 2 }
	for _, test := range []struct{ mean, distance float64 }{
		{1e-6, 1e-9}, {0.1, 1e-9}, {1, 1e-9}, {5.5, 1e-9}, {9.999, 1e-9},
		{10, 1.4e-4}, {16, 5.1e-5}, {30, 1.4e-5}, {100, 1.2e-6}, {400, 1e-7},
	} {
		p, below, distance := math.Exp(-test.mean), 0.0, 0.0
		for k := range int(test.mean + 12*math.Sqrt(test.mean) + 12) {
			var upTo float64 // probability of at most k
			if test.mean < few {
				upTo = boundary(func(u float64) float64 { return fewPhotons(u, test.mean) }, float64(k+1), 0, 1)
			} else {
				upTo = normalCDF(boundary(func(w float64) float64 { return manyPhotons(w, test.mean) }, float64(k+1), -9, 9))
			}
			distance += math.Abs(upTo-below-p) / 2
			below = upTo
			p *= test.mean / float64(k+1)
		}
		if distance > test.distance {
			t.Errorf("mean %g: total variation distance %.3g, want at most %g", test.mean, distance, test.distance)
		}
	}
}

func TestSaltAndPepperAreWholePixels(t *testing.T) {
	const side, p = 700, 10.0
	x := flat(0.5, 1, side, side, 3)
	in, _, weight := SaltPepper{p, p}.Lesson(seeded(3), x)
	var salt, pepper float64
	for i := 0; i < len(in.Data); i += 3 {
		v := in.Data[i]
		if in.Data[i+1] != v || in.Data[i+2] != v {
			t.Fatalf("pixel %v", in.Data[i:i+3])
		}
		switch v {
		case 1:
			salt++
		case 0:
			pepper++
		case 0.5:
		default:
			t.Fatalf("value %g", v)
		}
	}
	n := float64(side * side)
	bound := 5 * math.Sqrt(n*p/200)
	if want := n * p / 200; math.Abs(salt-want) > bound || math.Abs(pepper-want) > bound {
		t.Errorf("%g white and %g black pixels, want %g ± %g", salt, pepper, want, bound)
	}
	if weight != nil {
		t.Errorf("weight %v, want nil", weight.Shape)
	}
}

func TestMaskedBlanksSquares(t *testing.T) {
	for _, p := range []float64{0, 1, 25, 90} {
		const h, w = 100, 130
		in, _, weight := Masked{p, p}.Lesson(seeded(4), numbered(1, h, w, 3))
		if weight != nil {
			t.Errorf("weight %v, want nil", weight.Shape)
		}
		blank, edges := 0, 0
		for i := range h * w {
			if !slices.Equal(in.Data[3*i:3*i+3], []float32{0.5, 0.5, 0.5}) {
				continue
			}
			blank++
			if (i+1)%w != 0 && in.Data[3*i+3] != 0.5 {
				edges++
			}
		}
		if want := int(math.Round(p * h * w / 100)); blank != want {
			t.Errorf("%g %%: %d pixels blank, want %d", p, blank, want)
		}
		// A row of a square has one right edge for its eight pixels.
		if p == 1 && edges > blank/4 {
			t.Errorf("%d of %d blank pixels have none to their right, want about an eighth", edges, blank)
		}
	}
}

func TestMaskedReachesAllPixelsAlike(t *testing.T) {
	const side, rounds = 20, 4000
	var count [side * side]float64
	rng, x := seeded(6), flat(0, 1, side, side, 1)
	for range rounds {
		in, _, _ := Masked{16, 16}.Lesson(rng, x)
		for i, v := range in.Data {
			if v != 0 {
				count[i]++
			}
		}
	}
	for _, i := range []int{0, side - 1, side*side - side, side*side - 1, side*side/2 + side/2} {
		if got, want := count[i]/rounds, 0.16; math.Abs(got-want) > 0.05 {
			t.Errorf("pixel %d, %d is blank in %g of the pictures, want about %g", i/side, i%side, got, want)
		}
	}
}

func TestBlindSpotNeverSeesWhatItIsJudgedOn(t *testing.T) {
	for _, shape := range [][]int{{2, 60, 50, 3}, {1, 1, 30, 1}, {1, 30, 1, 1}, {1, 1, 2, 3}, {1, 2, 2, 1}} {
		for _, p := range []float64{0, 1.5, 50} {
			x := numbered(shape...)
			n, h, w, c := x.Dims4()
			in, _, weight := BlindSpot{p, p}.Lesson(seeded(8), x)
			judged := make([]int, n)
			for at := 0; at < len(x.Data); at += c {
				seen, own := in.Data[at:at+c], x.Data[at:at+c]
				if weight.Data[at] == 0 {
					if !slices.Equal(seen, own) || slices.Max(weight.Data[at:at+c]) != 0 {
						t.Fatalf("%v at %g %%: a pixel not judged is seen as %v, is %v", shape, p, seen, own)
					}
					continue
				}
				judged[at/(h*w*c)]++
				from := int(seen[0]*(1<<20)) - 1
				if slices.Min(weight.Data[at:at+c]) != 1 || !slices.Equal(seen, x.Data[from:from+c]) {
					t.Fatalf("%v at %g %%: a pixel is seen as %v with weights %v", shape, p, seen, weight.Data[at:at+c])
				}
				i, j, k, l := at/c/w, at/c%w, from/c/w, from/c%w
				if from == at || max(i-k, k-i) > 2 || max(j-l, l-j) > 2 || i/h != k/h {
					t.Fatalf("%v at %g %%: pixel %d, %d is seen as %d, %d", shape, p, i, j, k, l)
				}
			}
			want := max(1, int(math.Round(p*float64(h*w)/100)))
			for b, got := range judged {
				if got != want {
					t.Errorf("%v at %g %%: %d pixels judged in picture %d, want %d", shape, p, got, b, want)
				}
			}
		}
	}
}

func TestBlindSpotOfOnePixelIsGrey(t *testing.T) {
	in, want, weight := BlindSpot{1.5, 1.5}.Lesson(seeded(1), flat(0.9, 2, 1, 1, 3))
	for i, v := range in.Data {
		if v != 0.5 || want.Data[i] != 0.9 || weight.Data[i] != 1 {
			t.Errorf("sees %g, wants %g, weight %g; want 0.5, 0.9, 1", v, want.Data[i], weight.Data[i])
		}
	}
}

func TestNeighboursAreDrawnAlike(t *testing.T) {
	const rounds = 24000
	x := numbered(1, 5, 5, 1)
	count := map[float32]float64{}
	rng := seeded(9)
	spots := 0
	for spots < rounds {
		in, _, weight := BlindSpot{4, 4}.Lesson(rng, x)
		if weight.Data[12] == 1 { // the middle, from where all others are in reach
			count[in.Data[12]]++
			spots++
		}
	}
	for i, v := range x.Data {
		want := rounds / 24.
		if i == 12 {
			want = 0
		}
		if got := count[v]; math.Abs(got-want) > 5*math.Sqrt(want) {
			t.Errorf("pixel %d is drawn %g times, want %g", i, got, want)
		}
	}
}

func TestEveryPictureDrawsItsOwnStrength(t *testing.T) {
	const n = 3000
	in, _, _ := Gaussian{10, 50}.Lesson(seeded(2), tensor.New(n, 16, 16, 1))
	var strengths []float32
	for b := range n {
		_, variance := moments(in.Data[b*256 : (b+1)*256])
		strengths = append(strengths, float32(255*math.Sqrt(variance)))
	}
	// Uniform in [10, 50], measured to 1/√512 of itself.
	mean, variance := moments(strengths)
	if math.Abs(mean-30) > 1 || math.Abs(math.Sqrt(variance)-math.Sqrt(1600./12)) > 0.6 {
		t.Errorf("strengths have mean %g and deviation %g, want 30 and %g", mean, math.Sqrt(variance), math.Sqrt(1600./12))
	}
	if lo, hi := slices.Min(strengths), slices.Max(strengths); lo < 8 || lo > 11 || hi < 47 || hi > 60 {
		t.Errorf("strengths reach from %g to %g, want about 10 to 50", lo, hi)
	}
}

func TestMixDrawsItsPartsAlike(t *testing.T) {
	const n = 3000
	x := flat(0.25, n, 8, 8, 1)
	in, want, weight := Mix{None{}, Masked{25, 25}, BlindSpot{50, 50}}.Lesson(seeded(2), x)
	var count [3]float64
	for b := range n {
		seen, judged := in.Data[b*64:(b+1)*64], float32(0)
		for _, v := range weight.Data[b*64 : (b+1)*64] {
			judged += v
		}
		switch {
		case judged == 32:
			count[2]++
		case judged != 64:
			t.Fatalf("picture %d has %g pixels judged, want all 64 or, with the blind spot, 32", b, judged)
		case slices.Max(seen) == 0.5:
			count[1]++
		default:
			count[0]++
		}
	}
	for i, got := range count {
		if math.Abs(got-n/3) > 5*math.Sqrt(n*2./9) {
			t.Errorf("part %d has %g of %d pictures, want %d", i, got, n, n/3)
		}
	}
	if !slices.Equal(want.Data, x.Data) {
		t.Error("what is wanted is not the clean pictures")
	}
	if _, _, weight := (Mix{None{}, Masked{25, 25}}).Lesson(seeded(2), x); weight != nil {
		t.Errorf("weight %v where all are judged everywhere, want nil", weight.Shape)
	}
}

func TestLessonsLeaveTheirPicturesAlone(t *testing.T) {
	x := numbered(20, 30, 20, 3) // so many that a mixture draws every kind
	before := x.Clone()
	for _, s := range everyScheme() {
		in, want, weight := s.Lesson(seeded(1), x)
		if !slices.Equal(x.Data, before.Data) {
			t.Fatalf("%v changed its pictures", s)
		}
		if _, ok := s.(Pairs); ok {
			continue // has lessons of another shape, see TestPairs
		}
		if !slices.Equal(want.Data, x.Data) {
			t.Errorf("%v wants other pictures than it was given", s)
		}
		for _, y := range []*tensor.Tensor{in, want, weight} {
			if y != nil && !slices.Equal(y.Shape, x.Shape) {
				t.Errorf("%v makes shape %v of %v", s, y.Shape, x.Shape)
			}
		}
		judging := strings.Contains(fmt.Sprint(s), "blindspot")
		if judging != (weight != nil) {
			t.Errorf("%v: weight is nil: %t, want %t", s, weight == nil, !judging)
		}
	}
}

func TestStrengthZeroChangesNothing(t *testing.T) {
	x := numbered(2, 30, 20, 3)
	for _, k := range Kinds() {
		if k.Lesson {
			continue // of a blind spot at least one pixel, or there would be nothing to learn
		}
		if in, _, _ := k.scheme(Range{}).Lesson(seeded(1), x); !slices.Equal(in.Data, x.Data) {
			t.Errorf("%s of strength 0 changes its pictures", k.Name)
		}
	}
}

func TestValuesAreNotClipped(t *testing.T) {
	for _, s := range []Scheme{Gaussian{25, 25}, Poisson{25, 25}, Speckle{25, 25}} {
		if in, _, _ := s.Lesson(seeded(1), flat(1, 1, 30, 30, 1)); slices.Max(in.Data) <= 1 {
			t.Errorf("%v of white is at most %g", s, slices.Max(in.Data))
		}
	}
}

func TestSmallestPictures(t *testing.T) {
	for _, shape := range [][]int{{1, 1, 1, 1}, {1, 1, 5000, 3}, {1, 5000, 1, 1}, {2, 1, 2, 3}, {0, 8, 8, 1}, {1, 0, 8, 1}} {
		for _, s := range everyScheme() {
			x := flat(0.5, shape...)
			in, want, _ := s.Lesson(seeded(1), x)
			made := slices.Clone(shape)
			if _, ok := s.(Pairs); ok && shape[1] > 1 && shape[2] > 1 {
				made[1], made[2] = shape[1]/2, shape[2]/2
			}
			if !slices.Equal(in.Shape, made) || !slices.Equal(want.Shape, made) {
				t.Errorf("%v makes shapes %v and %v of %v", s, in.Shape, want.Shape, shape)
			}
		}
	}
}

func TestOddValuesDoNoHarm(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -3, 1e30} {
		for _, s := range everyScheme() {
			s.Lesson(seeded(1), flat(float32(v), 1, 20, 20, 1))
		}
		Poisson{1e-9, 1e-9}.Lesson(seeded(1), flat(float32(v), 1, 20, 20, 1))
	}
	if in, _, _ := (Poisson{25, 25}).Lesson(seeded(1), flat(-3, 1, 2, 2, 1)); slices.Min(in.Data) != -3 || slices.Max(in.Data) != -3 {
		t.Errorf("photons of -3 are %v, want -3", in.Data)
	}
}

// hash is that of all bits of a lesson.
func hash(tensors ...*tensor.Tensor) string {
	h := fnv.New64a()
	for _, x := range tensors {
		if x == nil {
			continue
		}
		for _, v := range x.Data {
			b := math.Float32bits(v)
			h.Write([]byte{byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24)})
		}
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// The hashes were printed by this test on amd64. They hold on every platform:
// a change means that training runs cannot be repeated.
func TestBits(t *testing.T) {
	golden := map[string]string{
		"none":               "f4da5f2436f62e91",
		"gaussian:12.5-25":   "0efb9d83df82422d",
		"poisson:12.5-25":    "c5b727dca79f0d0e",
		"speckle:25-50":      "c9b1eca1a72db8e2",
		"saltpepper:5-10":    "9d7bfe8925822cac",
		"masked:12.5-25":     "d44121f448ec6f23",
		"blindspot:0.75-1.5": "66fceaa632eef6dd",
		"camera:7.5-15":      "c3d0e3949307c769",
		"pairs:12.5-25":      "8d063b5154e04fce",
		"none+gaussian:12.5-25+poisson:12.5-25+speckle:25-50+saltpepper:5-10+masked:12.5-25+camera:7.5-15+blindspot:0.75-1.5": "94f3c016b82abeda",
		"Normal": "23f8a5f58b6fcdba",
	}
	x := tensor.New(3, 90, 120, 3)
	for i := range x.Data {
		x.Data[i] = float32(i%1021) / 1020
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(procs)
		got := map[string]string{}
		for _, s := range everyScheme() {
			got[fmt.Sprint(s)] = hash(s.Lesson(seeded(42), x))
		}
		draws := tensor.New(1000)
		Normal(seeded(42), draws.Data)
		got["Normal"] = hash(draws)
		for name := range got {
			if got[name] != golden[name] {
				t.Errorf("%s with %d processors: %q, want %q", name, procs, got[name], golden[name])
			}
		}
	}
}

func TestSeedsAndPicturesDiffer(t *testing.T) {
	const n = 20
	x := tensor.New(n, 40, 40, 1)
	for i := range x.Data {
		x.Data[i] = float32(i%1600+1) / 2000
	}
	var all Mix
	for _, k := range Kinds()[1:] {
		all = append(all, k.scheme(Range{k.Default, k.Default}))
	}
	for _, s := range append(slices.Clone(all), all[:len(all)-1]) { // no mix holds pairs, the last
		a, _, _ := s.Lesson(seeded(1), x)
		b, _, _ := s.Lesson(seeded(2), x)
		if hash(a) == hash(b) {
			t.Errorf("%v is the same for two seeds", s)
		}
		different := map[string]bool{}
		for picture := range slices.Chunk(a.Data, len(a.Data)/n) {
			different[hash(&tensor.Tensor{Data: picture})] = true
		}
		if len(different) < n {
			t.Errorf("%v spoils %d equal pictures in %d ways", s, n, len(different))
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]Scheme{
		"none":                                 None{},
		"gaussian:25":                          Gaussian{25, 25},
		"gaussian:0-50":                        Gaussian{0, 50},
		"gaussian":                             Gaussian{25, 25},
		" poisson:12.5 ":                       Poisson{12.5, 12.5},
		"speckle:010.50-255":                   Speckle{10.5, 255},
		"saltpepper:1-10":                      SaltPepper{1, 10},
		"masked:25-25":                         Masked{25, 25},
		"blindspot:1.5":                        BlindSpot{1.5, 1.5},
		"pairs:25":                             Pairs{25, 25},
		"gaussian:0-50+saltpepper:1-10 + none": Mix{Gaussian{0, 50}, SaltPepper{1, 10}, None{}},
	} {
		got := mustParse(t, text)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %#v, want %#v", text, got, want)
		}
		if again := mustParse(t, fmt.Sprint(got)); !reflect.DeepEqual(again, got) {
			t.Errorf("%q prints as %q, which is %#v", text, got, again)
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	kinds := "one of none, gaussian, poisson, speckle, saltpepper, masked, camera, blindspot, pairs"
	strength := "a strength from 0 to 100 levels as in gaussian:25, or a range as in gaussian:0-25"
	for text, want := range map[string]ParseError{
		"":                         {Part: "", Want: kinds},
		"gauss:25":                 {Part: "gauss:25", Want: kinds},
		"Gaussian:25":              {Part: "Gaussian:25", Want: kinds},
		"none+":                    {Part: "", Want: kinds},
		"none:3":                   {Part: "none:3", Want: "none without a strength"},
		"gaussian:":                {Part: "gaussian:", Want: strength},
		"gaussian:abc":             {Part: "gaussian:abc", Want: strength},
		"gaussian:-5":              {Part: "gaussian:-5", Want: strength},
		"gaussian:5--6":            {Part: "gaussian:5--6", Want: strength},
		"gaussian:1e1":             {Part: "gaussian:1e1", Want: strength},
		"gaussian:NaN":             {Part: "gaussian:NaN", Want: strength},
		"gaussian:1-2-3":           {Part: "gaussian:1-2-3", Want: strength},
		"none + gaussian:5,5":      {Part: "gaussian:5,5", Want: strength},
		"none+gaussian:50-25":      {Part: "gaussian:50-25", Want: "the lower strength first"},
		"gaussian:0-101":           {Part: "gaussian:0-101", Want: "at most 100 levels"},
		"gaussian:5+pairs:25":      {Part: "pairs:25", Want: "pairs alone: its lessons are half as large as others"},
		"masked:25+saltpepper:100": {Part: "saltpepper:100", Want: "at most 90 %"},
	} {
		_, err := Parse(text)
		want.Text = text
		var got *ParseError
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%q: %v, want %v", text, err, &want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range everyScheme() {
		f.Add(fmt.Sprint(s))
	}
	f.Add("gaussian:abc+masked:5-1")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			var e *ParseError
			if !errors.As(err, &e) || e.Text != text || !strings.Contains(text, e.Part) || e.Want == "" {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		again, err := Parse(fmt.Sprint(s))
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Fatalf("%q is %#v, prints as %q, which is %#v (%v)", text, s, s, again, err)
		}
		s.Lesson(seeded(1), flat(0.5, 1, 4, 4, 1))
	})
}

func TestKindsAreWhatParseReads(t *testing.T) {
	for _, k := range Kinds() {
		if k.Name != "none" && !(0 < k.Default && k.Default < k.Max && k.Unit != "") {
			t.Errorf("%+v", k)
		}
		s := mustParse(t, k.Name)
		if want := k.scheme(Range{k.Default, k.Default}); s != want {
			t.Errorf("%q is %#v, want %#v", k.Name, s, want)
		}
	}
	Kinds()[1].Max = 0
	mustParse(t, "gaussian:25")
}

func TestMisusePanics(t *testing.T) {
	for _, s := range []Scheme{
		Gaussian{-1, 5}, Gaussian{5, 1}, Gaussian{math.NaN(), 5}, Poisson{0, math.Inf(1)},
		Masked{0, 100}, BlindSpot{60, 60}, Mix{},
	} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.HasPrefix(text, "noise: ") {
					t.Errorf("%#v: panics with %q", s, text)
				}
			}()
			s.Lesson(seeded(1), tensor.New(1, 4, 4, 1))
		}()
	}
}

func ExampleParse() {
	s, _ := Parse("gaussian:0-50 + saltpepper:1-10")
	fmt.Println(s)
	_, err := Parse("gaussian:abc")
	fmt.Println(err)
	// Output:
	// gaussian:0-50+saltpepper:1-10
	// noise: "gaussian:abc" in "gaussian:abc": want a strength from 0 to 100 levels as in gaussian:25, or a range as in gaussian:0-25
}

func BenchmarkLesson(b *testing.B) {
	x := flat(0.5, 1, 1000, 1000, 3)
	for _, k := range Kinds()[1:] {
		b.Run(k.Name, func(b *testing.B) {
			s := k.scheme(Range{k.Default, k.Default})
			rng := seeded(1)
			for b.Loop() {
				s.Lesson(rng, x)
			}
			b.ReportMetric(float64(b.N)*float64(len(x.Data))/1e6/b.Elapsed().Seconds(), "Msamples/s")
		})
	}
}

// TestEstimate adds noise to a picture with flat parts, edges and texture.
func TestEstimate(t *testing.T) {
	const side = 200
	x := tensor.New(1, side, side, 3)
	for i := range side * side {
		y, at := i/side, i%side
		for k := range 3 {
			v := 0.2 + 0.5*float32(y)/side
			if at > side/2 { // checks
				v += 0.2 * float32((y/7+at/5+k)%3)
			}
			x.Data[3*i+k] = v
		}
	}
	for _, sigma := range []float64{1, 5, 15, 25, 50} {
		noisy, _, _ := Gaussian{sigma, sigma}.Lesson(seeded(9), x)
		e := Estimate(noisy)
		if got := 255 * e.Level; math.Abs(got-sigma) > 0.05*sigma {
			t.Errorf("the level of σ %g is %g", sigma, got)
		}
		if got := 255 * e.Total; math.Abs(got-sigma) > 0.12*sigma {
			t.Errorf("the deviation at all frequencies of σ %g is %g", sigma, got)
		}
		if e.Coarse < 0.9 || e.Coarse > 1.15 {
			t.Errorf("white noise of σ %g is coarse by %g", sigma, e.Coarse)
		}
	}
	for _, small := range []*tensor.Tensor{flat(0, 1, 50, 50, 3), flat(1, 1, 50, 50, 1), flat(0.5, 1, 1, 1, 3), flat(0.5, 1, 64, 64, 1)} {
		if e := Estimate(small); e.Level > 1e-6 || e.Total > 1e-6 {
			t.Errorf("a flat picture %v has noise of %g, %g", small.Shape, e.Level, e.Total)
		}
	}
}

// TestCameraNoise measures the deviation at mid-grey, on average over cameras, and
// that it is coarser than pixels.
func TestCameraNoise(t *testing.T) {
	x := flat(0.5, 40, 64, 64, 3)
	in, _, _ := Camera{20, 20}.Lesson(seeded(3), x)
	_, variance := moments(in.Data)
	if sigma := 255 * math.Sqrt(variance); sigma < 15 || sigma > 25 {
		t.Errorf("camera noise of 20 levels deviates by %g", sigma)
	}
	coarse := 0.0
	for i := range 40 {
		coarse += Estimate(&tensor.Tensor{Shape: []int{1, 64, 64, 3}, Data: in.Data[i*64*64*3 : (i+1)*64*64*3]}).Coarse / 40
	}
	if coarse < 1.2 {
		t.Errorf("camera noise is coarse by %g, that of single pixels by 1", coarse)
	}
}

// TestBlocking tells blocks, wherever they begin, from noise and from smooth pictures.
func TestBlocking(t *testing.T) {
	rng := seeded(9)
	smooth := tensor.New(1, 96, 120, 3)
	for i := range smooth.Data {
		smooth.Data[i] = 0.5 + 0.2*float32(math.Sin(float64(i/3%120)/9)) + 0.2*float32(math.Sin(float64(i/360)/7)) + 0.01*rng.Float32()
	}
	if b := Blocking(smooth); b > 1.15 {
		t.Errorf("a picture without blocks has %g", b)
	}
	noisy, _, _ := Gaussian{20, 20}.Lesson(rng, smooth)
	if b := Blocking(noisy); b > 1.1 {
		t.Errorf("noise has %g", b)
	}
	compress(smooth.Data, 96, 120, 3, 15, true)
	if b := Blocking(smooth); b < 2 {
		t.Errorf("strong JPEG has %g", b)
	}
	cut := tensor.New(1, 93, 115, 3)
	for y := range 93 {
		copy(cut.Data[y*115*3:(y+1)*115*3], smooth.Data[((y+3)*120+5)*3:])
	}
	if b := Blocking(cut); b < 2 {
		t.Errorf("strong JPEG that is cut has %g", b)
	}
	for _, side := range []int{0, 1, 15, 16} {
		if b := Blocking(tensor.New(1, side, side, 1)); b != 1 {
			t.Errorf("nothing of %d pixels has %g", side, b)
		}
	}
}

// TestPairs makes two pictures of a noisy one: both show the same, their noise has
// nothing in common, and what is seen has the noise of the picture itself.
func TestPairs(t *testing.T) {
	const sigma = 20.0
	x := flat(0.5, 1, 200, 200, 3)
	for i := range x.Data {
		x.Data[i] += float32(i/3%200) / 1000
	}
	noisy, _, _ := Gaussian{sigma, sigma}.Lesson(seeded(1), x)
	in, want, _ := Pairs{sigma, sigma}.Lesson(seeded(2), noisy)
	var a, b, ab float64
	for i, v := range in.Data {
		truth := 0.5 + (float32(i/3%100)*2+0.5)/1000
		p, q := float64(v-truth), float64(want.Data[i]-truth)
		a, b, ab = a+p*p, b+q*q, ab+p*q
	}
	n := float64(len(in.Data))
	seen, wanted := 255*math.Sqrt(a/n), 255*math.Sqrt(b/n)
	if math.Abs(seen-sigma) > 0.5 || math.Abs(wanted-sigma/math.Sqrt2) > 0.4 || math.Abs(ab/math.Sqrt(a*b)) > 0.03 {
		t.Errorf("noise of %g and %g levels, correlated by %g", seen, wanted, ab/math.Sqrt(a*b))
	}
	if l := (Pairs{sigma, sigma}).Level(); math.Abs(255*l-sigma) > 1e-9 {
		t.Errorf("a level of %g", 255*l)
	}
}
