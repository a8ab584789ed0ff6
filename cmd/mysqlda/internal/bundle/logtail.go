package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxLogBytes is how much of the end of a log goes in.
const maxLogBytes = 1 << 20

// logTail is the end of a log, from the beginning of a line on.
func logTail(path string) (tail []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", path)
	}
	start := max(info.Size()-maxLogBytes, 0)
	tail, err = io.ReadAll(io.NewSectionReader(file, start, maxLogBytes))
	if start > 0 {
		_, tail, _ = bytes.Cut(tail, []byte("\n"))
	}
	return tail, err
}
