package session

// This file is about arithmetic in bf16, which is of use where the processor has tiles for it.

import (
	"errors"
	"fmt"

	"sieve/model"
)

var (
	errNoTiles        = errors.New("session: no tiles")
	errInFull         = errors.New("session: in fp32 instead")
	errOtherPrecision = errors.New("session: from another precision")
)

// noTiles says why bf16 cannot be had here, and inFull why fp32 is taken instead.
func noTiles() error { return fmt.Errorf("%w: %s", errNoTiles, reasons[model.Tiles()]) }
func inFull() error  { return fmt.Errorf("%w: %s", errInFull, reasons[model.Tiles()]) }

// Halves tells whether bf16 is of use here. Where it is not, that is an error for whoever insists,
// and else a remark: an error that Words explains, and that keeps nobody from working in fp32.
func Halves(insist bool) (yes bool, remark, err error) {
	switch {
	case model.Tiles() == "available":
		return true, nil, nil
	case insist:
		return false, nil, noTiles()
	}
	return false, inFull(), nil
}

// loadHalved is LoadModel of a model that is to work in bf16, or not.
func loadHalved(name string, half bool) (*model.Model, error) {
	m, _, err := LoadModel(name)
	if err == nil && half {
		m.Halve()
	}
	return m, err
}

// possible returns the precision that a run can have here: fp32 where there are no tiles for bf16.
func (t *Training) possible(precision string) (string, error) {
	if precision != "bf16" {
		return precision, nil
	}
	yes, remark, err := Halves(t.job.Insist)
	if yes || err != nil {
		return precision, err
	}
	t.denied = remark
	return "fp32", nil
}

// Remarks are what people should know of how it trains before they wait for it: errors, that
// Words explains, none of which keeps it from training.
func (t *Training) Remarks() []error {
	var all []error
	if t.denied != nil {
		all = append(all, t.denied)
	}
	if t.before != "" {
		all = append(all, fmt.Errorf("%w: %s before, %s now", errOtherPrecision, t.before, t.tr.Spec().Precision))
	}
	return all
}
