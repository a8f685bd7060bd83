package assets

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"io/fs"
	"math"
	"slices"
	"strings"
	"testing"
)

func decode(t *testing.T, name string, b []byte) image.Image {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return m
}

func TestIconIsSquare(t *testing.T) {
	if got := decode(t, "icon", Icon()).Bounds().Size(); got != image.Pt(512, 512) {
		t.Errorf("icon is %v, want 512 × 512", got)
	}
}

func TestSamplesAreWhatTheySay(t *testing.T) {
	const heaviest = 1_500_000
	want := image.Pt(768, 512)
	for _, s := range Samples() {
		for name, b := range map[string][]byte{s.Name: s.Clean, s.Name + " (noisy)": s.Noisy} {
			if b == nil && name != s.Name {
				continue
			}
			if got := decode(t, name, b).Bounds().Size(); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
			if len(b) > heaviest {
				t.Errorf("%s takes %d bytes, more than %d", name, len(b), heaviest)
			}
		}
		if s.Title == "" {
			t.Errorf("%s has no title", s.Name)
		}
	}
	if first := Samples()[0]; first.Name != "still-life" || first.Noisy == nil {
		t.Errorf("the first sample is %s, want the still life with its noisy twin", first.Name)
	}
}

func TestNoisyTwinIsAsNoisyAsANightPhoto(t *testing.T) {
	const least, most = 20.0, 23.0
	s := Samples()[0]
	got := psnr(decode(t, "clean", s.Clean), decode(t, "noisy", s.Noisy))
	if got < least || got > most {
		t.Errorf("noisy still life has %.2f dB, want %g to %g", got, least, most)
	}
}

// psnr is the peak signal-to-noise ratio of two 8-bit pictures of one size, in decibels.
func psnr(a, b image.Image) float64 {
	var sum, n float64
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			ar, ag, ab, _ := a.At(x, y).RGBA()
			br, bg, bb, _ := b.At(x, y).RGBA()
			for _, d := range [3]float64{float64(ar) - float64(br), float64(ag) - float64(bg), float64(ab) - float64(bb)} {
				sum += d * d
				n++
			}
		}
	}
	return -10 * math.Log10(sum/n/(0xffff*0xffff))
}

func TestEveryListedModelOpens(t *testing.T) {
	names := Models()
	if !slices.IsSorted(names) {
		t.Errorf("models are not sorted: %v", names)
	}
	for _, name := range names {
		if b, ok := Model(name); !ok || len(b) == 0 {
			t.Errorf("model %s is listed and has %d bytes", name, len(b))
		}
	}
	for _, name := range []string{"", "README", "../samples/chart", "no such model"} {
		if _, ok := Model(name); ok {
			t.Errorf("there is a model %q", name)
		}
	}
}

func TestTranslationsSayEveryWordOfEnglish(t *testing.T) {
	files, dir := Translations()
	read := func(name string) map[string]string {
		b, err := files.ReadFile(dir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]string
		if err := json.Unmarshal(b, &words); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return words
	}
	english := read("en.json")
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") {
			t.Errorf("%s is no translation", e.Name())
			continue
		}
		words := read(e.Name())
		for key := range english {
			if words[key] == "" {
				t.Errorf("%s does not say %q", e.Name(), key)
			}
		}
	}
}
