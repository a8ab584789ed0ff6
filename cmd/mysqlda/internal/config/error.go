package config

import (
	"fmt"
	"strings"
	"unicode"
)

// Error says what is wrong with a file, and where.
type Error struct {
	File         string
	Line, Column int    // from 1
	Key          string // full path, such as forwards[0].instance; "" for the file as a whole
	Problem      string
	More         int // further problems in the same file
}

// Error implements error: FILE:LINE: KEY: PROBLEM, on one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: ", e.File, e.Line)
	if e.Key != "" {
		fmt.Fprintf(&b, "%s: ", e.Key)
	}
	b.WriteString(e.Problem)
	switch {
	case e.More == 1:
		b.WriteString(" (and 1 more problem)")
	case e.More > 1:
		fmt.Fprintf(&b, " (and %d more problems)", e.More)
	}
	return strings.Map(visible, b.String())
}

// visible keeps an error on one line whatever a key is named.
func visible(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '?'
}
