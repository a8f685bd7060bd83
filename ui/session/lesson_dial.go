package session

// This file turns a dial of a spec that a text names.

import (
	"math"
	"reflect"

	"sieve/model"
)

// A dial is a field of a spec that is a number.
type dial struct{ reflect.Value }

// specNumber returns the field of a spec that its JSON names so, if it is a number.
func specNumber(s *model.Spec, name string) (dial, bool) {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("json") == name {
			f := v.Field(i)
			return dial{f}, f.CanInt() || f.CanUint() || f.CanFloat()
		}
	}
	return dial{}, false
}

func (d dial) get() float64 {
	switch {
	case d.CanInt():
		return float64(d.Int())
	case d.CanUint():
		return float64(d.Uint())
	}
	return d.Float()
}

// set reports whether the field can be that number.
func (d dial) set(x float64) bool {
	switch {
	case d.CanFloat():
		d.SetFloat(x)
		return true
	case x != math.Trunc(x) || math.Abs(x) > 1<<53 || d.CanUint() && x < 0:
		return false
	case d.CanInt():
		d.SetInt(int64(x))
	default:
		d.SetUint(uint64(x))
	}
	return true
}
