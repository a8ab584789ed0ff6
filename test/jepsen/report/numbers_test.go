package report

import (
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

func TestOperationsAreCountedByKindAndError(t *testing.T) {
	var all []history.Operation
	for i := range time.Duration(100) {
		all = append(all, history.Operation{Kind: history.Assign, Outcome: history.Done, Call: 5, Return: 6 + i})
	}
	all = append(all,
		history.Operation{Kind: history.Find, Outcome: history.Refused, Number: 9508, Error: "not bound", Return: 1e9},
		history.Operation{Kind: history.Find, Outcome: history.Unknown, Error: "eof"},
		history.Operation{Kind: history.Find, Outcome: history.Unknown, Error: "timeout"})
	got := tallies(all)
	if len(got) != 3 || got[0] != (tally{"assign", 100, 0, 0, 51, 100, 100}) || got[1] != (tally{Kind: "find", Refused: 1, Unknown: 2}) || got[2] != (tally{"all", 100, 1, 2, 51, 100, 100}) {
		t.Errorf("tallies %+v", got)
	}
	if m := mistakes(all); len(m) != 2 || m[0] != (mistake{0, "unknown", 2, "eof"}) || m[1] != (mistake{9508, "refused", 1, "not bound"}) {
		t.Errorf("mistakes %+v", m)
	}
}
