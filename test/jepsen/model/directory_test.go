package model

import (
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// at places an operation on the clock.
func at(call, end time.Duration, o history.Operation) history.Operation {
	o.Call, o.Return = call, end
	return o
}

func TestHistoriesAreLegalOrNot(t *testing.T) {
	const done, unknown, refused = history.Done, history.Unknown, history.Refused
	assign := func(library string, outcome history.Outcome) history.Operation {
		return history.Operation{Kind: history.Assign, Core: "c", Library: library, Outcome: outcome}
	}
	locate := func(library string) history.Operation {
		return history.Operation{Kind: history.Locate, Core: "c", Library: library, Outcome: done}
	}
	bind := func(core string, outcome history.Outcome, number uint16) history.Operation {
		return history.Operation{Kind: history.Bind, Class: "card", Object: "1", Core: core, Outcome: outcome, Number: number}
	}
	find := func(core string, outcome history.Outcome, number uint16) history.Operation {
		return history.Operation{Kind: history.Find, Class: "card", Object: "1", Core: core, Outcome: outcome, Number: number}
	}
	inD := history.Operation{Kind: history.Assign, Core: "d", Library: "a", Outcome: done}
	findIn := func(core, library string) history.Operation {
		o := find(core, done, 0)
		o.Library = library
		return o
	}
	for _, test := range []struct {
		name       string
		operations []history.Operation
		legal      bool
	}{
		{"an object keeps its library", []history.Operation{at(1, 2, assign("a", done)), at(3, 4, assign("a", done)), at(5, 6, locate("a"))}, true},
		{"an object in two libraries", []history.Operation{at(1, 2, assign("a", done)), at(3, 4, assign("b", done))}, false},
		{"two at once in two libraries", []history.Operation{at(1, 9, assign("a", done)), at(1, 9, assign("b", done))}, false},
		{"a library that is seen later", []history.Operation{at(1, 2, assign("", done)), at(3, 4, locate("b")), at(5, 6, assign("b", done))}, true},
		{"a library that changes", []history.Operation{at(1, 2, assign("", done)), at(3, 4, locate("b")), at(5, 6, locate("a"))}, false},
		{"forgotten after it was acknowledged", []history.Operation{at(1, 2, assign("", done)), at(3, 4, locate(""))}, false},
		{"not there yet while it is assigned", []history.Operation{at(1, 9, assign("a", done)), at(2, 3, locate(""))}, true},
		{"there and then not", []history.Operation{at(1, 9, assign("a", done)), at(2, 3, locate("a")), at(4, 5, locate(""))}, false},
		{"what is unknown may be done much later", []history.Operation{at(1, 2, assign("", unknown)), at(3, 4, locate("")), at(5, 6, locate("a"))}, true},
		{"what is unknown may never be done", []history.Operation{at(1, 2, assign("", unknown)), at(3, 4, locate(""))}, true},
		{"what was refused was not done", []history.Operation{at(1, 2, assign("", refused)), at(3, 4, locate("a"))}, false},
		{"bound and found", []history.Operation{at(0, 1, assign("a", done)), at(1, 2, bind("c", done, 0)), at(3, 4, find("c", done, 0))}, true},
		{"bound and not found", []history.Operation{at(0, 1, assign("a", done)), at(1, 2, bind("c", done, 0)), at(3, 4, find("", refused, NotBound))}, false},
		{"bound to two", []history.Operation{at(0, 1, assign("a", done)), at(1, 2, bind("c", done, 0)), at(0, 1, inD), at(3, 4, bind("d", done, 0))}, false},
		{"refused because it is bound", []history.Operation{at(0, 1, assign("a", done)), at(1, 2, bind("c", done, 0)), at(3, 4, bind("d", refused, BoundElsewhere))}, true},
		{"refused because it is bound, to what was asked for", []history.Operation{at(0, 1, assign("a", done)), at(1, 2, bind("c", done, 0)), at(3, 4, bind("c", refused, BoundElsewhere))}, false},
		{"refused because it is bound, when it is not", []history.Operation{at(3, 4, bind("d", refused, BoundElsewhere))}, false},
		{"no placement after one was acknowledged", []history.Operation{at(1, 2, assign("a", done)), at(3, 4, bind("c", refused, NoPlacement))}, false},
		{"bound before there was a placement", []history.Operation{at(1, 2, bind("c", done, 0)), at(3, 4, locate(""))}, false},
		{"bound when there was a placement", []history.Operation{at(1, 2, assign("a", unknown)), at(3, 4, bind("c", done, 0)), at(5, 6, locate("a"))}, true},
		{"found in a library", []history.Operation{at(1, 2, assign("a", done)), at(1, 3, bind("c", done, 0)), at(5, 6, findIn("c", "a"))}, true},
		{"found in another library", []history.Operation{at(1, 2, assign("a", done)), at(1, 3, bind("c", done, 0)), at(5, 6, findIn("c", "b"))}, false},
		{"bound in the dark", []history.Operation{at(1, 2, bind("c", unknown, 0)), at(3, 4, find("c", done, 0)), at(5, 6, bind("d", refused, BoundElsewhere))}, true},
	} {
		if found := Check(test.operations, time.Second); (len(found) == 0) != test.legal {
			t.Errorf("%s: found %+v", test.name, found)
		}
	}
}
