package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// strictly reads JSON that people may have written into v. Its errors say for people what is wrong and
// where: unknown fields are not passed over, and nothing may follow.
func strictly(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		return fmt.Errorf("line %d: something follows after its end", lineOf(b, d.InputOffset()))
	}
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	name, unknown := strings.CutPrefix(err.Error(), "json: unknown field ")
	switch {
	case errors.As(err, &kind):
		return fmt.Errorf("%s is a %s, and should be %s", kind.Field, kind.Value, people(kind.Type))
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %s", lineOf(b, syntax.Offset), strings.TrimPrefix(syntax.Error(), "json: "))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early")
	case unknown:
		return fmt.Errorf("there is no field %s", name)
	}
	return err
}

// lineOf is the number of the line that a byte is in.
func lineOf(b []byte, at int64) int { return 1 + bytes.Count(b[:min(int(at), len(b))], []byte("\n")) }

// people names a type for those who write no Go.
func people(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text in quotes"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "an object in braces"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number"
}
