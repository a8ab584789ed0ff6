// Package secretfile reads files that hold secrets: private keys, tokens, keys of
// gossip and of join tokens. It refuses those that others may read, as ssh does, and
// its errors never hold what is in a file.
//
// It knows no format beyond lines; who uses a secret parses it. The daemon, the
// commands and doctor call it.
package secretfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// MaxBytes bounds a file.
const MaxBytes = 1 << 20

// ErrMode says that others than a file's owner may get at it.
var ErrMode = errors.New("others may get at it")

const (
	groupBits  fs.FileMode = 0o070
	groupWrite fs.FileMode = 0o020
	otherBits  fs.FileMode = 0o007
)

// Read reads a file of at most MaxBytes. The error wraps ErrMode if others may read
// or write it: everybody, or the group of a file that this process's user owns. A
// file of another owner, such as root, may be there for the group to read.
func Read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if err := check(path, info); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("%s has more than %d bytes", path, MaxBytes)
	}
	return text, nil
}

func check(path string, info fs.FileInfo) error {
	mode := info.Mode().Perm()
	switch {
	case info.IsDir():
		return fmt.Errorf("%s is a directory", path)
	case mode&(otherBits|groupWrite) != 0, mode&groupBits != 0 && ownedByUs(info):
		return fmt.Errorf("%s has mode %04o, so %w: it holds a secret; `chmod 600 %s`", path, mode, ErrMode, path)
	}
	return nil
}

// Lines reads the lines of a file that are neither empty nor comments, which begin
// with #. Space around them does not count.
func Lines(path string) ([]string, error) {
	text, err := Read(path)
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range bytes.Lines(text) {
		if l := strings.TrimSpace(string(line)); l != "" && l[0] != '#' {
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// Create writes a new file with that mode. It overwrites none: then the error wraps
// fs.ErrExist.
func Create(path string, text []byte, mode fs.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
