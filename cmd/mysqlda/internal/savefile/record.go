package savefile

import "github.com/mysqlda/mysqlda/fsm"

// Record is a record that can be read without doubt. Its names share the
// reader's memory and are good until the next line is read.
type Record struct {
	Name    []byte        // the core object, or in a class's file the correlated object
	Core    []byte        // in a class's file: what the object is bound to
	Library fsm.LibraryID // otherwise: where the core object lives
}

// Kind says what is wrong with a line.
type Kind string

// The kinds of problems.
const (
	Torn      Kind = "torn"            // cut off, glued together or mixed with others
	Malformed Kind = "malformed"       // has a name that breaks the rules
	Unknown   Kind = "unknown library" // of a library that the cluster does not have
)

// Problem is what is wrong with one line, or a part of it.
type Problem struct {
	Line uint64 // counted from 1
	Kind Kind
	Text string
	// Library is the name that is not known, for Unknown.
	Library string
}
