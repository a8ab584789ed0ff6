package history

import (
	"fmt"
	"time"
)

// Kind is what a client asked for.
type Kind uint8

// The kinds, and the fields of an Operation that they use.
const (
	Assign  Kind = iota + 1 // select library Core; Library where it was seen
	Locate                  // show mysqlda placement Core; Library, "" for none
	Bind                    // set correl_object Class Object Core
	Find                    // select library_by_correl_object Class Object; Core where it was seen
	Insert                  // of the row Row into the table of Core's library
	Read                    // of all rows of Core; Rows
	Close                   // of Library, for good: it gets no new core objects
	Isolate                 // a look at the client's own session; Error is what it has of another one
	Remove                  // a wait for the end of Node, which is no member any more; Error is what it does instead
)

var kinds = [...]string{"", "assign", "locate", "bind", "find", "insert", "read", "close", "isolate", "remove"}

// String returns the kind's word.
func (k Kind) String() string {
	if int(k) >= len(kinds) {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kinds[k]
}

// Outcome is what the client knows of an operation.
type Outcome uint8

const (
	// Unknown: it may have been done, or may still be done.
	Unknown Outcome = iota
	// Done: it was done.
	Done
	// Refused: it was not done, for the reason that the error's number says.
	Refused
)

var outcomes = [...]string{"unknown", "done", "refused"}

// String returns the outcome's word.
func (o Outcome) String() string {
	if int(o) >= len(outcomes) {
		return fmt.Sprintf("Outcome(%d)", uint8(o))
	}
	return outcomes[o]
}

// Operation is one request and its answer. Times are since the history's beginning.
type Operation struct {
	Client  int           `json:"client"`
	Node    string        `json:"node"` // that was asked
	Kind    Kind          `json:"kind"`
	Core    string        `json:"core,omitempty"`
	Class   string        `json:"class,omitempty"`
	Object  string        `json:"object,omitempty"`
	Library string        `json:"library,omitempty"`
	Row     int64         `json:"row,omitempty"`
	Group   int64         `json:"group,omitempty"` // of rows inserted in one transaction; 0: none
	Rows    []int64       `json:"rows,omitempty"`
	Outcome Outcome       `json:"outcome"`
	Number  uint16        `json:"number,omitempty"` // of the error, if a node gave one
	Error   string        `json:"error,omitempty"`
	Call    time.Duration `json:"call"`
	Return  time.Duration `json:"return"` // when the client learned the outcome
}

// String tells the operation in one line.
func (o Operation) String() string {
	what := o.Core
	switch o.Kind {
	case Bind, Find:
		what = fmt.Sprintf("%s %s -> %s", o.Class, o.Object, o.Core)
	case Insert:
		what = fmt.Sprintf("%s row %d", o.Core, o.Row)
	case Read:
		what = fmt.Sprintf("%s rows %v", o.Core, o.Rows)
	}
	return fmt.Sprintf("[%s..%s] client %d at %s: %s %s: %s %s %s", o.Call, o.Return, o.Client, o.Node, o.Kind, what, o.Outcome, o.Library, o.Error)
}
