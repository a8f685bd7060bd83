package imageio

// This file writes files whole: who reads them sees the old one or the new one.

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile gives write a temporary file beside path and puts it in path's
// place when everything has reached the disk. On any error the old file is
// untouched and the temporary gone. A symbolic link is followed and its target
// replaced, permissions of an existing file are kept, and one that is
// read-only is refused. What is not a file, a pipe or a device, is written
// directly.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	target, err := follow(path)
	if err != nil {
		return err
	}
	perm := fs.FileMode(0o666) // less what the process masks
	old, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case old.IsDir():
		return &fs.PathError{Op: "write", Path: path, Err: errors.New("is a folder")}
	case !old.Mode().IsRegular():
		f, err := os.OpenFile(target, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(buffered(f, write), f.Close())
	case old.Mode().Perm()&0o200 == 0:
		return &fs.PathError{Op: "write", Path: path, Err: fs.ErrPermission}
	}
	dir := filepath.Dir(target)
	f, err := temporary(dir, perm)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	err = buffered(f, write)
	if err == nil && old != nil {
		err = f.Chmod(old.Mode().Perm())
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), target)
	}
	if err != nil {
		return err
	}
	if d, err := os.Open(dir); err == nil {
		d.Sync() // not every system can, and the file is in place
		d.Close()
	}
	return nil
}

func buffered(f *os.File, write func(io.Writer) error) error {
	b := bufio.NewWriterSize(f, 1<<16)
	if err := write(b); err != nil {
		return err
	}
	return b.Flush()
}

// follow returns what a symbolic link finally names, whether or not it exists.
func follow(path string) (string, error) {
	for range 40 {
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", &fs.PathError{Op: "write", Path: path, Err: errors.New("too many symbolic links")}
}

// temporary creates a hidden file that nobody else has.
func temporary(dir string, perm fs.FileMode) (*os.File, error) {
	for i := 0; ; i++ {
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf(".sieve-%d-%d.tmp", os.Getpid(), i)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if !errors.Is(err, fs.ErrExist) || i == 10000 {
			return f, err
		}
	}
}
