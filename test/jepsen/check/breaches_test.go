package check

import (
	"testing"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

func TestRemovedNodesThatGoOnAreFound(t *testing.T) {
	e := good()
	e.Operations = append(e.Operations, history.Operation{Kind: history.Remove, Node: "n4", Outcome: history.Done})
	if found := removedEnd(e); found != nil {
		t.Errorf("found %+v", found)
	}
	e.Operations = append(e.Operations, history.Operation{Kind: history.Remove, Node: "n5", Outcome: history.Done, Error: "it lets clients in"})
	if found := removedEnd(e); len(found) != 1 || found[0].Text != "client 0 at node n5: it lets clients in" {
		t.Errorf("found %+v", found)
	}
}

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
