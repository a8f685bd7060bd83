package imageio

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// holds checks a file's content, and that nothing else is in its folder.
func holds(t *testing.T, path, want string, files int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || string(b) != want {
		t.Errorf("%s holds %q, %v; want %q", path, b, err, want)
	}
	if all, _ := os.ReadDir(filepath.Dir(path)); len(all) != files {
		t.Errorf("%d files beside %s, want %d: %v", len(all), path, files, all)
	}
}

// TestWriteFileReplacesWhole writes a new file and over an old one, whose
// permissions stay.
func TestWriteFileReplacesWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := WriteFile(path, text("one")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "one", 1)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, text("two")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "two", 1)
	if at, _ := os.Stat(path); runtime.GOOS != "windows" && at.Mode().Perm() != 0o640 {
		t.Errorf("permissions are %v, want 0640", at.Mode().Perm())
	}
}

// TestWriteFileFailsWhole breaks off in the middle: the old file stays and the
// temporary goes.
func TestWriteFileFailsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	broken := errors.New("broken off")
	half := func(w io.Writer) error {
		w.Write(make([]byte, 1<<20))
		return broken
	}
	if err := WriteFile(path, half); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if all, _ := os.ReadDir(filepath.Dir(path)); len(all) != 0 {
		t.Errorf("it left %v", all)
	}
	if err := WriteFile(path, text("old")); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, half); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	holds(t, path, "old", 1)
}

// TestWriteFileWhereItCannot is refused by folders in the way, files for
// folders, folders that are not there, and files that are read-only.
func TestWriteFileWhereItCannot(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("old"), 0o444); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		dir:                               nil,
		filepath.Join(file, "b"):          syscall.ENOTDIR,
		filepath.Join(dir, "absent", "b"): fs.ErrNotExist,
		file:                              fs.ErrPermission,
	} {
		err := WriteFile(path, text("new"))
		if err == nil || want != nil && !errors.Is(err, want) && runtime.GOOS != "windows" {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
	holds(t, file, "old", 1)
}

// TestWriteFileUnwritableFolder needs somebody who may not do everything.
func TestWriteFileUnwritableFolder(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	if err := WriteFile(path, text("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	if err := WriteFile(path, text("new")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v, want %v", err, fs.ErrPermission)
	}
	holds(t, path, "old", 1)
}

// TestWriteFileFollowsLinks replaces what a link names, there or not, and
// leaves the link.
func TestWriteFileFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	link, loop := filepath.Join(dir, "link"), filepath.Join(dir, "loop")
	if err := errors.Join(os.Symlink(filepath.Join("real", "a.txt"), link), os.Symlink(loop, loop)); err != nil {
		t.Skipf("no links here: %v", err)
	}
	for _, s := range []string{"made", "replaced"} {
		if err := WriteFile(link, text(s)); err != nil {
			t.Fatal(err)
		}
		holds(t, filepath.Join(dir, "real", "a.txt"), s, 1)
		if to, err := os.Readlink(link); err != nil || to != filepath.Join("real", "a.txt") {
			t.Errorf("the link is now %q, %v", to, err)
		}
	}
	if err := WriteFile(loop, text("x")); err == nil {
		t.Error("a link to itself was written")
	}
}

// TestWriteFileFullDisk gets its error from the device that is always full.
func TestWriteFileFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	if err := WriteFile("/dev/full", text("x")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want %v", err, syscall.ENOSPC)
	}
	if at, err := os.Stat("/dev/full"); err != nil || at.Mode().IsRegular() {
		t.Error("the device was replaced")
	}
}

// TestSaveNamesTheFile says which extension it does not know and which file it
// could not write.
func TestSaveNamesTheFile(t *testing.T) {
	p := drawn(4, 4, 1, 8, false)
	path := filepath.Join(t.TempDir(), "a.gif")
	if err := Save(path, p, SaveOptions{}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("got %v, want %v", err, ErrUnsupported)
	}
	for _, name := range []string{"a.png", "b.JPG", "c.tiff"} {
		path := filepath.Join(filepath.Dir(path), name)
		if err := Save(path, p, SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Limits{}); err != nil {
			t.Error(err)
		}
	}
}
