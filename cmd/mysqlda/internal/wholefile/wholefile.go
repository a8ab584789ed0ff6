// Package wholefile writes files that appear under their names when all of them
// is on disk. One that does not get there leaves nothing behind.
package wholefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExists says that there is a file already where one should go.
var ErrExists = errors.New("the file exists already")

// File is a file that is not complete yet. It is for one goroutine. Whoever
// creates one must call Discard in the end.
type File struct {
	path  string
	force bool
	draft draft
	over  bool // committed or discarded
}

// draft is what File needs of the file that it writes.
type draft interface {
	io.WriteCloser
	Name() string
	Sync() error
}

// Create begins a file that only its owner may read. A file that is there will be
// replaced with force, else the error wraps ErrExists.
func Create(path string, force bool) (*File, error) {
	if err := CheckFree(path, force); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err != nil {
		return nil, creating(path, err)
	}
	return &File{path: path, force: force, draft: file}, nil
}

// creating gives the file in an error the name that it was to have.
func creating(path string, err error) error {
	if failed := new(fs.PathError); errors.As(err, &failed) {
		return &fs.PathError{Op: "create", Path: path, Err: failed.Err}
	}
	return err
}

// Write adds to the file.
func (f *File) Write(p []byte) (int, error) { return f.draft.Write(p) }

// Commit makes the file durable and gives it its name.
func (f *File) Commit() error {
	f.over = true
	err := errors.Join(f.draft.Sync(), f.draft.Close())
	if err == nil {
		err = CheckFree(f.path, f.force) // it took a while
	}
	if err == nil {
		err = os.Rename(f.draft.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.draft.Name()))
	}
	return syncDir(filepath.Dir(f.path))
}

// Discard takes away what was written, unless Commit was called.
func (f *File) Discard() error {
	if f.over {
		return nil
	}
	f.over = true
	return errors.Join(f.draft.Close(), os.Remove(f.draft.Name()))
}

// Path is the name that the file will have.
func (f *File) Path() string { return f.path }

// CheckFree reports whether Create may create the file.
func CheckFree(path string, force bool) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w and is no regular one: %s", ErrExists, path)
	case !force:
		return fmt.Errorf("%w: %s", ErrExists, path)
	default:
		return nil
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
