package fsm

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Bounds of the names that clients give, in bytes.
const (
	MaxCoreLen   = 64 // a core object
	MaxClassLen  = 64 // a correlated class
	MaxObjectLen = 64 // a correlated object
	MaxNameLen   = 64 // a library's or a node's name
)

// Placement is a core object's home. It is written once, so a placement that
// was ever read stays right.
type Placement struct {
	Core    string
	Library LibraryID
	Epoch   uint64 // 1 when assigned; an operator's move makes it grow
}

// Binding is a second name of a core object.
type Binding struct {
	Class, Object string
	Core          string
}

// CheckName reports whether s can name a core object, a correlated class or
// object, a library or a node: 1 to max bytes, no white space, no control
// bytes, valid UTF-8. The error wraps ErrBadName; what says whose name it is
// and appears in the text.
func CheckName(what, s string, max int) error {
	if s == "" {
		return fmt.Errorf("%w: %s is empty", ErrBadName, what)
	}
	if len(s) > max {
		return fmt.Errorf("%w: %s has %d bytes, at most %d are allowed", ErrBadName, what, len(s), max)
	}
	if !printable(s) {
		return fmt.Errorf("%w: %s contains white space or bytes that cannot be printed", ErrBadName, what)
	}
	return nil
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return printableUnicode(s)
		}
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

func printableUnicode(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsGraphic(r) || unicode.IsSpace(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}
