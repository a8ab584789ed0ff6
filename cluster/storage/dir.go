package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// LockFile is the file of a data directory that is locked. It says nothing.
const LockFile = "lock"

// Dir is a node's data directory, locked for this process.
type Dir struct {
	path string
	lock *os.File
}

// OpenDir makes the directory if it is missing, closes it to other users and
// takes its lock. The lock goes with the process, so a crash leaves none behind.
// The error wraps ErrLocked while another process has it.
func OpenDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	if err := os.Chmod(path, 0o700); err != nil {
		return nil, fmt.Errorf("closing the data directory to other users: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, LockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock of the data directory: %w", err)
	}
	if err := flock(lock, syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), lock.Close())
	}
	return &Dir{path: path, lock: lock}, nil
}

// Path is where the directory is.
func (d *Dir) Path() string { return d.path }

// Close lets another process have the directory.
func (d *Dir) Close() error { return d.lock.Close() }

// LockToRead keeps nodes from starting on the directory until unlock is called,
// and changes nothing in it. A copy without a lock needs none. The error wraps
// ErrLocked while a node has the directory.
func LockToRead(path string) (unlock func() error, err error) {
	lock, err := os.Open(filepath.Join(path, LockFile))
	if errors.Is(err, os.ErrNotExist) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the lock of the data directory: %w", err)
	}
	if err := flock(lock, syscall.LOCK_SH); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), lock.Close())
	}
	return lock.Close, nil
}

// flock does not wait.
func flock(lock *os.File, how int) error {
	err := syscall.Flock(int(lock.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}
