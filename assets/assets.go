// Package assets holds what the program ships in itself: the icon, sample pictures, models
// and translations. The pictures are drawn by assets/gen. It reads nothing from disk and
// decodes nothing.
package assets

import (
	"embed"
	"io/fs"
	"path"
)

//go:generate go run ./gen -out .

//go:embed icon.png
var icon []byte

// Sample pictures are embedded one by one: a file system would copy them at each call.
var (
	//go:embed samples/still-life.png
	stillLife []byte
	//go:embed samples/still-life-noisy.png
	stillLifeNoisy []byte
	//go:embed samples/lake.png
	lake []byte
	//go:embed samples/chart.png
	chart []byte
)

//go:embed all:models
var models embed.FS

//go:embed translations/*.json
var translations embed.FS

// Icon is the program's icon, a square PNG.
func Icon() []byte { return icon }

// Sample is a picture to begin with.
type Sample struct {
	Name  string // also the name of its file, without extension
	Title string // English, for people
	Clean []byte // PNG
	Noisy []byte // PNG of the same scene with real noise; nil when there is none
}

// Samples are the sample pictures, the one to show first at the front.
func Samples() []Sample {
	return []Sample{
		{"still-life", "Still life", stillLife, stillLifeNoisy},
		{"lake", "Mountain lake", lake, nil},
		{"chart", "Test chart", chart, nil},
	}
}

// Model is the model file of a name that Models lists, or Digits, and whether there is one.
func Model(name string) ([]byte, bool) {
	if name == Digits {
		name = "explore/" + name
	}
	b, err := models.ReadFile("models/" + name + extension)
	return b, err == nil
}

// Digits is a variational model of drawn digits: something to explore, and of no use for photographs.
const Digits = "digits"

// Codec is the model file that compresses pictures, and whether there is one.
func Codec() ([]byte, bool) {
	b, err := models.ReadFile("models/codec/compress" + extension)
	return b, err == nil
}

const extension = ".safetensors"

// Models are the names of the shipped models, sorted.
func Models() []string {
	found, err := fs.Glob(models, "models/*"+extension)
	if err != nil {
		panic("assets: " + err.Error())
	}
	for i, f := range found {
		f = path.Base(f)
		found[i] = f[:len(f)-len(extension)]
	}
	return found
}

// Translations holds one JSON file for each language, such as en.json, in the form that
// Fyne's lang.AddTranslationsFS reads, and the folder in it where they are.
func Translations() (files embed.FS, dir string) { return translations, "translations" }
