package cli

import (
	"reflect"
	"testing"

	"sieve/ui/session"
)

// TestEverySettingHasAFlag sets each setting of the network and its training by the flag of
// the same name.
func TestEverySettingHasAFlag(t *testing.T) {
	elsewhere := map[string]bool{"Steps": true, "Seed": true} // flags of the command itself
	spec := reflect.TypeFor[session.Spec]()
	for i := range spec.NumField() {
		name := spec.Field(i).Name
		if elsewhere[name] {
			continue
		}
		var flags specFlags
		field := reflect.ValueOf(&flags).Elem().FieldByName(name)
		if !field.IsValid() {
			t.Errorf("no flag sets %s", name)
			continue
		}
		want := reflect.New(field.Type().Elem())
		switch v := want.Elem(); v.Kind() {
		case reflect.Int:
			v.SetInt(7)
		case reflect.Float64:
			v.SetFloat(0.7)
		case reflect.Bool:
			v.SetBool(true)
		case reflect.String:
			v.SetString("seven")
		}
		field.Set(want)
		var got, alone session.Spec
		flags.apply(&got)
		reflect.ValueOf(&alone).Elem().FieldByName(name).Set(want.Elem())
		if got != alone || got == (session.Spec{}) {
			t.Errorf("the flag of %s sets %+v", name, got)
		}
	}
}
