package session

// This file is where shipped and other models and samples come from.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
)

// ErrNoModel reports that a name is neither a file nor a shipped model.
var ErrNoModel = errors.New("session: no such model")

// Models are the names of the shipped models, the default first.
func Models() []string {
	names := assets.Models()
	if i := slices.Index(names, "photo"); i > 0 {
		names = slices.Insert(slices.Delete(names, i, i+1), 0, "photo")
	}
	return names
}

// Samples are the titles of the sample pictures.
func Samples() []string {
	var titles []string
	for _, s := range assets.Samples() {
		titles = append(titles, s.Title)
	}
	return titles
}

// LoadModel reads a shipped model, the default for "", or a model file or
// checkpoint, and returns what to call it.
func LoadModel(name string) (m *model.Model, title string, err error) {
	if name == "" {
		if names := Models(); len(names) > 0 {
			name = names[0]
		}
	}
	if b, ok := assets.Model(name); ok {
		m, err := model.Read(bytes.NewReader(b))
		if err != nil {
			return nil, "", imageio.FileError{Path: name, Err: err}
		}
		return m, name, nil
	}
	f, err := os.Open(name)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(name, `/\.`) {
			return nil, "", fmt.Errorf("%w: %q is neither a file nor one of %s", ErrNoModel, name, strings.Join(Models(), ", "))
		}
		return nil, "", err
	}
	defer f.Close()
	if m, err = model.Read(f); err != nil {
		return nil, "", imageio.FileError{Path: name, Err: err}
	}
	return m, filepath.Base(name), nil
}
