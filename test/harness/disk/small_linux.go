package disk

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// Small puts a file system of that many bytes in the place of a directory, which is
// made if it is missing. Unmount takes it away, even while files of it are open.
func Small(dir string, bytes int) (unmount func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a small disk: %w", err)
	}
	err = syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+strconv.Itoa(bytes))
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return nil, ErrUnavailable
	}
	if err != nil {
		return nil, fmt.Errorf("make a small disk: %w", err)
	}
	return func() error { return syscall.Unmount(dir, syscall.MNT_DETACH) }, nil
}
