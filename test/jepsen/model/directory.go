package model

import (
	"fmt"
	"math"

	"github.com/anishathalye/porcupine"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// Numbers of the errors that say something of the directory.
const (
	NotBound       = 9508
	NoPlacement    = 9509
	BoundElsewhere = 9510
)

// never is when an operation returns whose outcome nobody knows.
const never = math.MaxInt64

// verb is what an operation does to one object.
type verb uint8

const (
	write verb = iota + 1 // gives the object a value, unless it has one
	read                  // tells its value
	clash                 // was refused because it has another value than Value
	known                 // shows that it has a value, and not which
)

// step is an operation on one object: a core object, whose value is its library, or
// a correlated object, whose value is its core object.
type step struct {
	verb  verb
	value string // for write and clash what was asked for, "" for any
	seen  string // what the answer showed; "" for nothing, or that there is none
	shown bool   // seen counts
	about history.Operation
}

// The states of an object, beside its value.
const (
	none = ""  // it has no value
	some = "?" // it has one that nobody has seen yet
)

// Directory is the model of one object.
var Directory = porcupine.Model{
	Init: func() any { return none },
	Step: func(state, input, _ any) (bool, any) { return input.(step).apply(state.(string)) },
	DescribeOperation: func(input, _ any) string {
		return input.(step).about.String()
	},
	DescribeState: func(state any) string { return fmt.Sprintf("%q", state) },
}

func (s step) apply(state string) (bool, string) {
	switch s.verb {
	case write:
		return s.write(state)
	case clash:
		return state != none && state != s.value, state
	case known:
		return state != none, state
	default:
		if s.seen == none || state == none {
			return s.seen == state, state
		}
		return state == some || state == s.seen, s.seen
	}
}

// write gives a value to what has none. An answer that shows the value says which.
func (s step) write(state string) (bool, string) {
	if state == none {
		if state = s.value; state == none {
			state = some
		}
	}
	switch {
	case !s.shown:
		return true, state
	case state == some:
		return true, s.seen
	default:
		return state == s.seen, state
	}
}

// Histories sorts operations by the objects that they tell of.
func Histories(operations []history.Operation) map[string][]porcupine.Operation {
	objects := make(map[string][]porcupine.Operation)
	add := func(object string, o history.Operation, s step) {
		s.about = o
		end := int64(o.Return)
		if o.Outcome == history.Unknown {
			end = never
		}
		objects[object] = append(objects[object], porcupine.Operation{
			ClientId: o.Client, Input: s, Call: int64(o.Call), Return: end,
		})
	}
	for _, o := range operations {
		core, correlated := "core "+o.Core, "object "+o.Class+" "+o.Object
		switch {
		case o.Kind == history.Assign && o.Outcome != history.Refused:
			add(core, o, step{verb: write, seen: o.Library, shown: o.Library != ""})
		case o.Kind == history.Locate && o.Outcome == history.Done:
			add(core, o, step{verb: read, seen: o.Library})
		case o.Kind == history.Bind && o.Outcome != history.Refused:
			add(correlated, o, step{verb: write, value: o.Core, seen: o.Core, shown: o.Outcome == history.Done})
			if o.Outcome == history.Done { // so it was not refused for the lack of a placement
				add(core, o, step{verb: known})
			}
		case o.Kind == history.Bind && o.Number == BoundElsewhere:
			add(correlated, o, step{verb: clash, value: o.Core})
		case o.Kind == history.Bind && o.Number == NoPlacement:
			add(core, o, step{verb: read})
		case o.Kind == history.Find && o.Outcome == history.Done && o.Core != "":
			add(correlated, o, step{verb: read, seen: o.Core})
			if o.Library != "" {
				add(core, o, step{verb: read, seen: o.Library})
			}
		case o.Kind == history.Find && o.Number == NotBound:
			add(correlated, o, step{verb: read})
		}
	}
	return objects
}
