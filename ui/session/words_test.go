package session

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/embed"
	"sieve/model/metric"
	"sieve/model/noise"
)

// sentinels are all errors that callers can test for in what a session uses.
var sentinels = map[string]error{
	"imageio.ErrEmpty": imageio.ErrEmpty, "imageio.ErrFormat": imageio.ErrFormat, "imageio.ErrTruncated": imageio.ErrTruncated,
	"imageio.ErrTooLarge": imageio.ErrTooLarge, "imageio.ErrDamaged": imageio.ErrDamaged, "imageio.ErrUnsupported": imageio.ErrUnsupported,
	"model.ErrDiverged": model.ErrDiverged, "model.ErrFormat": model.ErrFormat, "model.ErrNoBest": model.ErrNoBest,
	"session.ErrExists": ErrExists, "session.ErrOntoInput": ErrOntoInput, "session.ErrSameOutput": ErrSameOutput,
	"session.ErrNotFolder": ErrNotFolder, "session.ErrNoPictures": ErrNoPictures, "session.ErrFolder": ErrFolder,
	"session.ErrNoModel": ErrNoModel, "session.ErrNoTraining": ErrNoTraining, "session.ErrNothing": ErrNothing,
	"session.ErrSpecFile": ErrSpecFile, "session.errExtension": errExtension, "session.errChart": errChart, "session.errNoPairs": errNoPairs, "session.errTemplate": errTemplate,
	"session.errNoTiles": errNoTiles, "session.errInFull": errInFull, "session.errOtherPrecision": errOtherPrecision, "session.errNoCodec": errNoCodec, "session.errTooSmall": errTooSmall, "session.errTooGood": errTooGood, "session.ErrPartly": ErrPartly,
	"session.errPackedExt": errPackedExt, "imageio.ErrPacked": imageio.ErrPacked, "model.ErrFreeze": model.ErrFreeze, "model.ErrTile": model.ErrTile,
	"metric.ErrCurves": metric.ErrCurves,
	"session.errSizes": errSizes, "session.errChance": errChance, "session.errEmpty": errEmpty, "session.errNoMean": errNoMean, "session.errLabels": errLabels, "session.errManyNumbers": errManyNumbers, "session.errTable": errTable, "session.errNoPlane": errNoPlane, "session.errNoDigits": errNoDigits, "session.errMap": errMap, "session.errCrowd": errCrowd,
	"embed.ErrNumber": embed.ErrNumber, "embed.ErrFew": embed.ErrFew,
	"session.errNoNormal": errNoNormal, "session.errFewGood": errFewGood, "session.errMask": errMask,
	"session.errLatent": errLatent, "session.errLatentName": errLatentName, "session.errNoNote": errNoNote, "session.errNote": errNote, "session.errGoneModel": errGoneModel, "session.errNoneRead": errNoneRead, "session.errOtherModel": errOtherModel, "session.errNeedsIt": errNeedsIt,
	"session.errOtherOne": errOtherOne, "session.errOtherLatent": errOtherLatent, "model.ErrWatch": model.ErrWatch, "model.ErrLesion": model.ErrLesion,
	"session.errDirection": errDirection, "session.errNameless": errNameless, "session.errDirections": errDirections, "session.errGroups": errGroups,
	"session.errUnknown": errUnknown, "session.errLesson": errLesson, "session.errRunning": errRunning, "session.errRun": errRun, "session.errPasted": errPasted, "session.errNoWeights": errNoWeights, "session.errBusy": errBusy,
}

// faceless are those that no file has.
var faceless = []string{"session.errNoTiles", "session.errInFull", "session.errOtherPrecision",
	"session.errChance", "session.errEmpty", "session.errNoMean", "model.ErrDiverged", "model.ErrNoBest", "session.ErrNoTraining", "session.ErrNothing", "session.ErrNoModel", "session.errBusy", "session.errPasted", "session.errNameless", "session.errDirections", "session.errGroups"}

// declared lists the package variables named Err… or err… in a folder.
func declared(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no source in %s: %v", dir, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, s := range g.Specs {
				for _, n := range s.(*ast.ValueSpec).Names {
					if strings.HasPrefix(strings.ToLower(n.Name), "err") {
						names = append(names, f.Name.Name+"."+n.Name)
					}
				}
			}
		}
	}
	return names
}

func TestWordsForEverySentinel(t *testing.T) {
	found := declared(t, ".")
	for _, dir := range []string{"../../imageio", "../../model", "../../model/noise", "../../model/tensor", "../../model/metric", "../../model/embed"} {
		for _, name := range declared(t, dir) {
			if ast.IsExported(name[strings.Index(name, ".")+1:]) {
				found = append(found, name)
			}
		}
	}
	for _, name := range found {
		if sentinels[name] == nil {
			t.Errorf("%s is not among those that have words", name)
		}
	}
	for name := range sentinels {
		if !slices.Contains(found, name) {
			t.Errorf("%s is not declared any more", name)
		}
	}
	said := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(sentinels)) {
		err := fmt.Errorf("somewhere: %w", imageio.FileError{Path: "/a/b/c.png", Err: fmt.Errorf("%w: this and that", sentinels[name])})
		text := Words(err)
		sentence(t, name, text)
		if !slices.Contains(faceless, name) && !strings.Contains(text, filepath.Join("b", "c.png")) {
			t.Errorf("%s: %q does not name the file", name, text)
		}
		if strings.Contains(text, "Try again, or choose another") {
			t.Errorf("%s has no words of its own: %q", name, text)
		}
		if other, ok := said[text]; ok {
			t.Errorf("%s and %s are both %q", name, other, text)
		}
		said[text] = name
	}
}

// sentence checks that a text is for people.
func sentence(t *testing.T, name, text string) {
	t.Helper()
	for _, bad := range []string{"{{", "}}", "<nil>", "%!", "session:", "model:", "imageio:", "noise:", "0x"} {
		if strings.Contains(text, bad) {
			t.Errorf("%s: %q holds %q", name, text, bad)
		}
	}
	if len(text) < 8 || !strings.HasSuffix(text, ".") {
		t.Errorf("%s: %q is no sentence", name, text)
	}
}

func TestWordsForTheSystem(t *testing.T) {
	at := func(err error) error { return &fs.PathError{Op: "open", Path: "/x/photos/a.png", Err: err} }
	_, missing := os.Open("/nowhere/x/photos/a.png")
	_, scheme := noise.Parse("fog:3")
	spec := model.DefaultSpec()
	spec.Rate = -1
	for _, c := range []struct {
		err   error
		words []string
	}{
		{missing, []string{"photos/a.png", "does not exist"}},
		{at(syscall.EACCES), []string{"photos/a.png", "no permission"}},
		{at(syscall.ENOSPC), []string{"photos/a.png", "disk is full", "as it was"}},
		{at(syscall.EROFS), []string{"photos/a.png", "nothing can be written"}},
		{at(syscall.EISDIR), []string{"photos/a.png", "is a folder"}},
		{at(syscall.EEXIST), []string{"photos/a.png", "already"}},
		{at(syscall.EIO), []string{"photos/a.png", "disk reports"}},
		{at(syscall.ENOTDIR), []string{"photos/a.png"}},
		{at(syscall.ENAMETOOLONG), []string{"photos/a.png", "too long"}},
		{at(syscall.EMFILE), []string{"photos/a.png", "too many files"}},
		{at(errors.New("strange")), []string{"photos/a.png", "strange"}},
		{&os.LinkError{Op: "rename", Old: "/x/.tmp", New: "/x/photos/a.png", Err: syscall.EACCES}, []string{"photos/a.png", "no permission"}},
		{context.Canceled, []string{"Cancelled"}},
		{context.DeadlineExceeded, []string{"in time"}},
		{scheme, []string{"fog", "gaussian"}},
		{spec.Validate(), []string{"rate", "-1"}},
		{&DivergedError{Step: 12, Best: 10}, []string{"diverged at step 12", "step 10", "Lower the learning rate"}},
		{&DivergedError{Step: 1, Best: -1}, []string{"diverged at step 1", "Lower the learning rate"}},
		{&DataError{"", imageio.ErrEmpty}, []string{"nothing to learn from"}},
		{&DataError{"/x/photos", missing}, []string{"photos", "not there"}},
		{&DataError{"builtin:x", imageio.ErrUnsupported}, []string{"builtin:x", "builtin:glyphs"}},
		{&DataError{"/x/photos", imageio.ErrEmpty}, []string{"photos", "no pictures"}},
		{&DataError{"/x/photos", fmt.Errorf("%w: %w", imageio.ErrEmpty, imageio.FileError{Path: "a.png", Err: imageio.ErrTruncated})}, []string{"photos", "a.png", "ends too early"}},
		{errors.Join(context.Canceled, at(syscall.ENOSPC)), []string{"Cancelled"}},
	} {
		text := Words(c.err)
		sentence(t, fmt.Sprint(c.err), text)
		for _, w := range c.words {
			if !strings.Contains(text, filepath.FromSlash(w)) {
				t.Errorf("%v: %q does not say %q", c.err, text, w)
			}
		}
	}
	if Words(nil) != "" {
		t.Errorf("no error has words: %q", Words(nil))
	}
}

func TestFullDiskHasWords(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("this system has no device that is always full")
	}
	m, err := model.New(tiny())
	if err != nil {
		t.Fatal(err)
	}
	if err := SaveModel(full, m); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(Words(err), "disk is full: dev/full") {
		t.Errorf("%v: %q", err, Words(err))
	}
}

func TestSentencesTranslateBack(t *testing.T) {
	s := Explain(&DivergedError{Step: 12, Best: 10})
	if !strings.Contains(s.Key, "{{.Step}}") || s.Args["Step"] != 12 || s.Args["Best"] != 10 {
		t.Errorf("key %q with %v", s.Key, s.Args)
	}
}
