package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
)

// writeSaveFile writes the lines of n core objects as the original program saves
// them: a time, the core object, its library.
func writeSaveFile(file string, n int) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write a save file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	var line []byte
	for i := range n {
		line = append(line[:0], "2017-08-24 22:17:11 "...)
		line = appendCore(line, i)
		line = append(line, ' ')
		line = append(line, libraryNames[i%len(libraryNames)]...)
		line = append(line, '\n')
		if _, err := w.Write(line); err != nil {
			return fmt.Errorf("write a save file: %w", err)
		}
	}
	return w.Flush()
}
