package backupfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExists says that there is a file already where a backup should go.
var ErrExists = errors.New("the file exists already")

// Write writes a backup to a file that only its owner may read, because it holds
// the account's password. The file appears under its name when it is whole, was
// checked and is on disk; whatever goes wrong before leaves nothing behind. A
// file that is there is replaced with force, else the error wraps ErrExists.
func Write(path string, force bool, backup io.Reader) (Contents, error) {
	return write(path, force, backup, createTemporary)
}

// file is what Write needs of one.
type file interface {
	io.WriteCloser
	Name() string
	Sync() error
}

func createTemporary(path string) (file, error) {
	return os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
}

func write(path string, force bool, backup io.Reader, create func(path string) (file, error)) (_ Contents, err error) {
	if err := CheckFree(path, force); err != nil {
		return Contents{}, err
	}
	f, err := create(path)
	if err != nil {
		return Contents{}, err
	}
	draft := f.Name()
	placed := false
	defer func() {
		if !placed {
			err = errors.Join(err, os.Remove(draft))
		}
	}()
	contents, err := Read(io.TeeReader(backup, f), Question{})
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return Contents{}, err
	}
	if err := CheckFree(path, force); err != nil { // it took a while
		return Contents{}, err
	}
	if err := os.Rename(draft, path); err != nil {
		return Contents{}, err
	}
	placed = true
	return contents, syncDir(filepath.Dir(path))
}

// CheckFree reports whether Write may write to the path.
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
