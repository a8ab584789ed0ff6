// Package disk makes file systems that are small, and fills them, for tests of what
// becomes of programs whose disk is full. It takes Linux and root.
package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrUnavailable says that this machine or account cannot make file systems.
var ErrUnavailable = errors.New("only root of a Linux machine can make a small disk")

// Fill writes to a directory until nothing fits in any more, and returns the file that
// takes the room.
func Fill(dir string) (ballast string, err error) {
	ballast = filepath.Join(dir, "ballast")
	file, err := os.Create(ballast)
	if err != nil {
		return "", fmt.Errorf("fill a disk: %w", err)
	}
	for block := make([]byte, 4096); err == nil; {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return "", errors.Join(fmt.Errorf("fill a disk: %w", err), file.Close())
	}
	return ballast, file.Close()
}
