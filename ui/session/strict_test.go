package session

import (
	"strings"
	"testing"
)

func TestWhatIsWrongWithTextIsSaid(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"format": "sieve-lesson/1", "foo": 1}`, `there is no field "foo"`},
		{`{"format": 3}`, "format is a number, and should be a text in quotes"},
		{`{"panes": "original"}`, "panes is a string, and should be a list"},
		{`{"runs": [{"name": 1}]}`, "runs.name is a number, and should be a text in quotes"},
		{`{"title": "a",` + "\n" + `"about" "b"}`, "line 2: "},
		{`{"title": "a"`, "it ends too early"},
		{``, "it ends too early"},
		{"{}\n{}", "line 2: something follows"},
	} {
		if err := strictly([]byte(c.text), new(Lesson)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
	if _, err := parseSpec([]byte(`{"latent": "many"}`)); err == nil || !strings.Contains(err.Error(), "latent is a string, and should be a whole number") {
		t.Error(err)
	}
	if err := strictly([]byte(" {\"title\": \"a\"}\n\n"), new(Lesson)); err != nil {
		t.Error(err)
	}
}
