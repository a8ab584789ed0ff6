package check

import (
	"testing"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

func TestSessionsThatHaveSomethingOfOthersAreFound(t *testing.T) {
	e := good()
	e.Operations = append(
		e.Operations,
		history.Operation{Kind: history.Isolate, Outcome: history.Done},
		history.Operation{Kind: history.Isolate, Outcome: history.Unknown, Error: "lost"},
	)
	if found := sessionsIsolated(e); found != nil {
		t.Errorf("found %+v", found)
	}
	e.Operations = append(e.Operations, history.Operation{Kind: history.Isolate, Outcome: history.Done, Error: "a user variable"})
	if len(sessionsIsolated(e)) != 1 {
		t.Error("a breach was not found")
	}
}
