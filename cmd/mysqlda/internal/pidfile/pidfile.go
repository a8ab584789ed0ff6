// Package pidfile keeps the id of a process in a file while it runs, for scripts that
// look for it. It sends no signals and starts nothing; `mysqlda start` calls it.
package pidfile

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// Hold writes this process's id to a file and keeps other processes from doing
// so until release, which removes the file, is called or the process ends. Who finds
// the file of a process that was killed must look whether it still runs. That another
// process holds it is an error.
func Hold(path string) (release func() error, err error) {
	for {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, fmt.Errorf("pid file: %w", err)
		}
		same, err := lock(file)
		if err == nil && same {
			if err = write(file); err == nil {
				return func() error { return errors.Join(os.Remove(path), file.Close()) }, nil
			}
		}
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, fmt.Errorf("pid file %s: %w", path, err)
		}
	}
}

// lock tells whether the file that it has locked is still the one of that
// name: the process that had it may just have removed it.
func lock(file *os.File) (same bool, err error) {
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, errors.New("the process of this file runs; is the node started already?")
	}
	if err != nil {
		return false, err
	}
	locked, err := file.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(file.Name())
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(locked, named), err
}

func write(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}
