package session

// This file knows how shipped models are trained.

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"sieve/assets"
	"sieve/imageio"
	"sieve/model"
)

// Spec and Limits are named here for those who may not import what they are of.
type (
	Spec   = model.Spec
	Limits = imageio.Limits
)

// ErrSpecFile reports a file that holds no spec.
var ErrSpecFile = errors.New("session: not a spec")

// Recipes are the names that Recipe knows.
func Recipes() []string { return assets.Recipes() }

// Recipe returns the spec by which a shipped model is trained.
func Recipe(name string) (model.Spec, error) {
	b, ok := assets.Recipe(name)
	if !ok {
		return model.Spec{}, &model.SpecError{Field: "recipe", Value: fmt.Sprintf("%q", name), Want: "one of " + strings.Join(Recipes(), ", ")}
	}
	return parseSpec(b)
}

// DefaultSpec returns the default settings, with channels and crop left to the
// data.
func DefaultSpec() Spec {
	s := model.DefaultSpec()
	s.Channels, s.Crop = 0, 0
	return s
}

// ReadSpec returns the spec in a JSON file. Fields that it does not name are
// those of the default one; channels and crop are then left to the data.
func ReadSpec(path string) (model.Spec, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return model.Spec{}, err
	}
	s, err := parseSpec(b)
	if err != nil {
		return s, imageio.FileError{Path: path, Err: err}
	}
	return s, nil
}

func parseSpec(b []byte) (model.Spec, error) {
	s := DefaultSpec()
	if err := strictly(b, &s); err != nil {
		return s, fmt.Errorf("%w: %w", ErrSpecFile, err)
	}
	return s, nil
}
