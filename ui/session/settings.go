package session

// This file keeps what a window should remember.

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"sieve/model"
	"sieve/model/noise"
)

// Settings are what a window remembers from one start to the next.
type Settings struct {
	Width      float32     `json:"width,omitempty"` // of the window; 0: never said
	Height     float32     `json:"height,omitempty"`
	Theme      string      `json:"theme,omitempty"` // "", "light" or "dark"
	Projector  bool        `json:"projector,omitempty"`
	Page       string      `json:"page,omitempty"`
	OpenFolder string      `json:"open_folder,omitempty"` // where a file was last opened
	SaveFolder string      `json:"save_folder,omitempty"`
	Model      string      `json:"model,omitempty"` // as UseModel takes it
	Data       string      `json:"data,omitempty"`  // as UseData takes it
	Noise      *Noise      `json:"noise,omitempty"` // of samples
	Spec       *model.Spec `json:"spec,omitempty"`  // in the form; nil: the default
	Minutes    float64     `json:"minutes,omitempty"`
	Colormap   string      `json:"colormap,omitempty"`
	Log        bool        `json:"log,omitempty"` // the chart's scale
	Smoothing  float64     `json:"smoothing,omitempty"`
	RunsMiB    int         `json:"runs_mib,omitempty"` // that kept trainings may take; 0: the default
}

const settingsFile = "settings.json"

// LoadSettings reads the settings kept in a folder. What is missing or cannot be
// read is as if it had never been set.
func LoadSettings(dir string) Settings {
	var s Settings
	b, err := os.ReadFile(filepath.Join(dir, settingsFile))
	if err != nil {
		return Settings{}
	}
	var kind *json.UnmarshalTypeError // of one field: the others are read all the same
	if err := json.Unmarshal(b, &s); err != nil && !errors.As(err, &kind) {
		return Settings{}
	}
	if s.Spec != nil && CheckSpec(*s.Spec) != nil {
		s.Spec = nil
	}
	if s.Noise != nil {
		if _, err := noise.Parse(s.Noise.scheme()); err != nil && s.Noise.Kind != OwnNoise {
			s.Noise = nil
		}
	}
	s.Width, s.Height = max(0, s.Width), max(0, s.Height)
	s.RunsMiB = min(max(0, s.RunsMiB), 1<<20)
	return s
}

// CheckSpec says why no training can start with a spec, as model.Spec.Validate
// does. A Crop or Channels of 0, which the data decide, is taken as usual.
func CheckSpec(s model.Spec) error {
	if s.Channels == 0 {
		s.Channels = 3
	}
	if s.Crop == 0 && s.Depth >= 0 {
		s.Crop = max(1, s.Cell())
	}
	return s.Validate()
}

// Save writes the settings whole into a folder, which it makes if need be.
func (s Settings) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return writeFile(filepath.Join(dir, settingsFile), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(s)
	})
}
