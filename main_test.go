package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const fyne = "fyne.io/fyne/v2"

// arrows is the architecture: what each package may import beyond the standard
// library, and nothing else. Other people's modules stand for all their
// packages.
var arrows = map[string][]string{
	".": {"sieve/ui", "sieve/ui/cli", "golang.org/x/term"},

	// A form is a view of a model.Spec and of noise.Kinds; a pane one of a tensor, drawn by imageio.
	"ui": {"sieve/ui/session", "sieve/ui/widget", "sieve/ui/theme", "sieve/assets", "sieve/model", "sieve/model/noise",
		"sieve/model/tensor", "sieve/imageio", "github.com/disintegration/imaging", fyne},
	"ui/widget":  {"sieve/ui/theme", "sieve/model/tensor", "golang.org/x/image", fyne},
	"ui/theme":   {fyne},
	"ui/cli":     {"sieve/ui/session", "github.com/alecthomas/kong", "github.com/schollz/progressbar/v3"},
	"ui/session": {"sieve/model", "sieve/model/tensor", "sieve/model/noise", "sieve/model/metric", "sieve/model/embed", "sieve/imageio", "sieve/assets", "gonum.org/v1/plot", "golang.org/x/sys"},

	"model":                 {"sieve/model/nn", "sieve/model/noise", "sieve/model/tensor", "sieve/model/metric", "sieve/model/entropy"},
	"model/nn":              {"sieve/model/internal/kernel", "sieve/model/tensor"},
	"model/noise":           {"sieve/model/tensor"},
	"model/metric":          {"sieve/model/tensor"},
	"model/embed":           {"sieve/model/tensor", "gonum.org/v1/gonum"},
	"model/internal/kernel": {"golang.org/x/sys"},
	"model/tensor":          {},
	"model/entropy":         {},

	"imageio":    {"sieve/model/tensor", "golang.org/x/image", "github.com/disintegration/imaging", "github.com/deepteams/webp"},
	"assets":     {},
	"assets/gen": {"sieve/imageio", "sieve/model/tensor", "golang.org/x/image"},

	// It runs the program, and is no part of it.
	"tools/bench": {},
}

// bans keep files, toolkits, clocks and chance out of the folders they name.
// As for the go tool, "net/..." is net and everything in it.
var bans = map[string][]string{
	".":       {"math/rand"},
	"imageio": {"crypto/rand", "log/...", "net/...", "time"},
	"model":   {"crypto/rand", "image/...", "log/...", "net/...", "os/...", "path/filepath", "time"},
}

// TestArchitecture reads every file of the module, whatever its build tags. It
// parses rather than asks the go tool, so that the test cache sees what it
// depends on.
func TestArchitecture(t *testing.T) {
	packages := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != "." && (name[0] == '.' || name[0] == '_' || name == "testdata") {
			return filepath.SkipDir
		}
		if filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		packages[pkg] = true
		for _, fault := range faults(pkg, file) {
			t.Errorf("%s: %s", path, fault)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 3 {
		t.Errorf("walked %d packages only", len(packages))
	}
}

// faults lists where a file of a package leaves the architecture.
func faults(pkg string, file *ast.File) []string {
	var list []string
	fault := func(words ...string) { list = append(list, strings.Join(words, " ")) }

	allowed, known := arrows[pkg]
	if !known {
		fault("package", pkg, "stands on no arrow")
	}
	names := map[string]string{} // of imported packages, as the file calls them
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		names[called(spec, path)] = path
		for folder, banned := range bans {
			if below(pkg, folder) && slices.ContainsFunc(banned, func(b string) bool { return matches(path, b) }) {
				fault(pkg, "must not import", path)
			}
		}
		ours := path == "sieve" || below(path, "sieve")
		theirs := strings.Contains(strings.Split(path, "/")[0], ".")
		if ours && !slices.Contains(allowed, path) ||
			theirs && !slices.ContainsFunc(allowed, func(a string) bool { return below(path, a) }) {
			fault(pkg, "may not import", path)
		}
	}

	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" && !ast.IsGenerated(file) {
				fault("init runs before anybody asked")
			}
		case *ast.SelectorExpr:
			of, ok := n.X.(*ast.Ident)
			if !ok {
				break
			}
			switch name := n.Sel.Name; names[of.Name] {
			case "math/rand/v2":
				if !slices.Contains([]string{"Rand", "Source", "New", "PCG", "NewPCG", "ChaCha8", "NewChaCha8", "Zipf", "NewZipf"}, name) {
					fault("rand."+name, "draws from a source that no seed governs")
				}
			case "context":
				if (name == "Background" || name == "TODO") && !slices.Contains([]string{".", "ui", "ui/cli", "ui/session", "assets/gen"}, pkg) {
					fault("context."+name, "cannot be cancelled by the caller")
				}
			}
		}
		return true
	})
	return list
}

// called is the name by which a file speaks of a package that it imports.
func called(spec *ast.ImportSpec, path string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	parts := strings.Split(path, "/")
	if last := parts[len(parts)-1]; len(parts) > 1 && last[0] == 'v' && strings.Trim(last[1:], "0123456789") == "" {
		return parts[len(parts)-2]
	}
	return parts[len(parts)-1]
}

// below reports whether a path is in a folder, or is it.
func below(path, folder string) bool {
	return folder == "." || path == folder || strings.HasPrefix(path, folder+"/")
}

func matches(path, pattern string) bool {
	folder, all := strings.CutSuffix(pattern, "/...")
	return path == folder || all && below(path, folder)
}

// TestArchitectureHolds breaks each rule once.
func TestArchitectureHolds(t *testing.T) {
	for _, c := range []struct{ pkg, code, want string }{
		{"model/nn", `import "sieve/model/internal/kernel"`, ""},
		{"model/nn", `import "sieve/model"`, "may not import"},
		{"model/tensor", `import "sieve/model/entropy"`, "may not import"},
		{"model", `import "sieve/imageio"`, "may not import"},
		{"model", `import "sieve"`, "may not import"},
		{"imageio", `import "sieve/model"`, "may not import"},
		{"imageio", `import "os"; import "image/png"`, ""},
		{"assets", `import "sieve/model/tensor"`, "may not import"},
		{"ui/session", `import "fyne.io/fyne/v2"`, "may not import"},
		{"ui/session", `import "sieve/model/internal/kernel"`, "may not import"},
		{"ui/cli", `import "fyne.io/fyne/v2/widget"`, "may not import"},
		{"ui/cli", `import "sieve/model"`, "may not import"},
		{"ui/widget", `import "fyne.io/fyne/v2/widget"`, ""},
		{"ui/widget", `import "sieve/ui/session"`, "may not import"},
		{"ui", `import "sieve/model/nn"`, "may not import"},
		{".", `import "sieve/ui/session"`, "may not import"},
		{"model", `import "github.com/pkg/errors"`, "may not import"},
		{"tools/bench", `import "sieve/model"`, "may not import"},
		{"model/extra", ``, "stands on no arrow"},
		{"model", `import "os"`, "must not import"},
		{"model/nn", `import "path/filepath"`, "must not import"},
		{"model/noise", `import "image/color"`, "must not import"},
		{"model/embed", `import "log/slog"`, "must not import"},
		{"model/metric", `import "net/http"`, "must not import"},
		{"model", `import "time"`, "must not import"},
		{"imageio", `import "time"`, "must not import"},
		{"ui", `import "math/rand"`, "must not import"},
		{"imageio", `import "math/rand/v2"; var _ = rand.New(rand.NewPCG(1, 2))`, ""},
		{"imageio", `import "math/rand/v2"; var _ = rand.IntN(6)`, "no seed governs"},
		{"model/noise", `import dice "math/rand/v2"; var _ = dice.Float64()`, "no seed governs"},
		{"model", `import "context"; var _ = context.Background()`, "cannot be cancelled"},
		{"ui/session", `import "context"; var _ = context.Background()`, ""},
		{"model", `func init() {}`, "before anybody asked"},
		{"model", `type t int; func (t) init() {}`, ""},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p; "+c.code, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(faults(c.pkg, file), "; ")
		if got == "" != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s with %s: says %q, want %q", c.pkg, c.code, got, c.want)
		}
	}
}
