// Package terminal is what commands need of the terminal that they are used at: whether
// there is one, how large it is, a full screen with keys, and text that it cannot be
// harmed by. It knows nothing of what is shown; package top, progress bars and the
// commands do.
package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// What is assumed of a terminal that does not tell its size.
const (
	defaultWidth  = 80
	defaultHeight = 24
)

// Of returns the terminal that is written to, nil if it is none or cannot move its
// cursor (TERM is dumb).
func Of(out io.Writer, environment func(string) string) *os.File {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || environment("TERM") == "dumb" {
		return nil
	}
	return file
}

// Is tells whether a file is a terminal.
func Is(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

// Size is how many columns and lines a terminal has at the moment.
func Size(file *os.File) (width, height int) {
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return defaultWidth, defaultHeight
	}
	return width, height
}
