package storage

import (
	"errors"
	"fmt"
	"runtime/debug"
	"syscall"
)

// Damaged says that a file of the data directory is not what this node wrote.
func Damaged(path string, cause error) error {
	if errors.Is(cause, ErrDamaged) {
		return cause
	}
	return fmt.Errorf("%s: %w: %w", path, cause, ErrDamaged)
}

// guarded calls a library that reads a file through memory. Where it panics, or
// where the file ends before the memory does, the error is ErrDamaged: the files
// are damaged, or the disk cannot be read. Afterwards the library must not be
// called any more, as locks of it may still be held.
func guarded(path string, call func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = Damaged(path, fmt.Errorf("it cannot be read: %v", p))
		}
	}()
	return call()
}

// DiskFailure explains an error of the disk that dir lies on and says what to do.
func DiskFailure(what, dir string, err error) error {
	switch {
	case errors.Is(err, ErrDamaged):
		return fmt.Errorf("%s: %w", what, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%s: %w: free space in %s, then start the node again", what, err, dir)
	default:
		return fmt.Errorf("%s: %w: look after the disk of %s, then start the node again", what, err, dir)
	}
}
