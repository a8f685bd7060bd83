package ui

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fyne.io/fyne/v2/lang"

	"sieve/assets"
	"sieve/ui/session"
)

var update = flag.Bool("update", false, "write the translation file anew")

const english = "../assets/translations/en.json"

// TestEveryWordCanBeTranslated parses the sources for what is shown to people and
// finds each text in the translation file, which holds nothing else.
func TestEveryWordCanBeTranslated(t *testing.T) {
	used := map[string]string{}
	for _, s := range assets.Samples() {
		used[s.Title] = "assets"
	}
	for _, l := range session.ShippedLessons() {
		for _, text := range l.Words() {
			used[text] = "the lesson " + l.Name
		}
	}
	for _, dir := range []string{".", "widget", "session"} {
		paths, _ := filepath.Glob(filepath.Join(dir, "*.go"))
		for _, path := range paths {
			if !strings.HasSuffix(path, "_test.go") {
				shownWords(t, path, used)
			}
		}
	}
	if len(used) < 100 {
		t.Fatalf("found %d texts only", len(used))
	}
	if *update {
		all := map[string]string{}
		for k := range used {
			all[k] = k
		}
		b, _ := json.MarshalIndent(all, "", "  ")
		b = []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b)))
		if err := os.WriteFile(english, append(b, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(english)
	if err != nil {
		t.Fatal(err)
	}
	var has map[string]string
	if err := json.Unmarshal(b, &has); err != nil {
		t.Fatal(err)
	}
	for _, k := range slices.Sorted(maps.Keys(used)) {
		if has[k] != k {
			t.Errorf("%s shows %q, the translation file has %q; go test -run Translated ./ui -update", used[k], k, has[k])
		}
	}
	for k := range has {
		if used[k] == "" {
			t.Errorf("the translation file has %q, which nothing shows", k)
		}
	}
}

// TestTranslationsAreRead takes all languages as the program does when it starts: some words cannot be keys.
func TestTranslationsAreRead(t *testing.T) {
	files, dir := assets.Translations()
	if err := lang.AddTranslationsFS(files, dir); err != nil {
		t.Error(err)
	}
}

// TestTranslationsAreWhole compares each language with English: the same texts, none empty, with the same things put into
// them.
func TestTranslationsAreWhole(t *testing.T) {
	read := func(path string) map[string]string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]string
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return m
	}
	want := read(english)
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(english), "*.json"))
	if err != nil || len(paths) < 3 {
		t.Fatalf("languages: %v, %v", paths, err)
	}
	put := regexp.MustCompile(`{{\.\w+}}`)
	for _, path := range paths {
		has := read(path)
		name := filepath.Base(path)
		for k := range want {
			v, ok := has[k]
			if !ok || strings.TrimSpace(v) == "" {
				t.Errorf("%s has no words for %q", name, k)
				continue
			}
			a, b := put.FindAllString(k, -1), put.FindAllString(v, -1)
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(slices.Compact(a), slices.Compact(b)) {
				t.Errorf("%s: %q does not put in what %q does", name, v, k)
			}
		}
		for k := range has {
			if _, ok := want[k]; !ok {
				t.Errorf("%s has words for %q, which nothing shows", name, k)
			}
		}
	}
}

// shownWords collects the texts in a file that people see: the keys of lang.L
// and, in the session, of its sentences and of the names of its work.
func shownWords(t *testing.T, path string, used map[string]string) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	add := func(e ast.Expr) {
		if s, ok := constant(e); ok && s != "" {
			used[s] = fset.Position(e.Pos()).String()
		}
	}
	session := strings.HasPrefix(path, "session")
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			switch f := n.Fun.(type) {
			case *ast.SelectorExpr:
				if of, ok := f.X.(*ast.Ident); ok && of.Name == "lang" && f.Sel.Name == "L" || session && (f.Sel.Name == "do" || f.Sel.Name == "begin" || f.Sel.Name == "detect") && len(n.Args) > 0 {
					add(n.Args[0])
				}
			case *ast.Ident:
				if session && f.Name == "say" {
					add(n.Args[0])
				}
			}
		case *ast.CompositeLit:
			if list, ok := n.Type.(*ast.ArrayType); ok {
				if of, ok := list.Elt.(*ast.Ident); ok && session && of.Name == "plain" {
					for _, e := range n.Elts {
						add(e.(*ast.CompositeLit).Elts[1])
					}
				}
			}
		}
		return true
	})
}

// constant is the value of a text, or of several joined by +.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		a, ok := constant(e.X)
		b, also := constant(e.Y)
		return a + b, ok && also
	}
	return "", false
}
