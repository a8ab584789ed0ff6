package cluster

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

// While a node is of another release it gets no command that it might not be able to
// read.
func TestANodeOfAnotherReleaseGetsNothingThatItCannotRead(t *testing.T) {
	t.Parallel()
	made := 0
	nodes := startClusterOf(t, seedFailover(fsm.FailoverOff, 0), 3, func(c *Config) {
		made++
		c.Version = fmt.Sprint("release-", made/3) // that of the last one is another
	})
	leader, _ := split(t, nodes)
	ctx := WithOrigin(within(t, patience), "alice", "10.0.0.7")
	weight := []fsm.LibraryChange{fsm.SetWeight{Library: "pair", Weight: 7}}
	notes := len(leader.Audit())
	for _, n := range nodes {
		if err := n.ChangeLibraries(ctx, fsm.ChangeLibraries{Changes: weight}); err != nil {
			t.Errorf("node %s: %v", n.ID(), err)
		}
		if _, err := n.Reconfigure(ctx, fsm.Reconfigure{Changes: weight}); !errors.Is(err, fsm.ErrBadChange) || !strings.Contains(err.Error(), "runs release") {
			t.Errorf("node %s: %v", n.ID(), err)
		}
	}
	if got := len(leader.Audit()); got != notes {
		t.Errorf("%d changes were noted", got-notes)
	}
	if r := leader.Revision(); leader.Libraries().ByName("pair").Weight != 7 || r >= leader.machine.AppliedIndex() {
		t.Errorf("revision %d", r)
	}
}

// A change is noted as that of whoever asked for it, whichever node it came through.
func TestTheOriginTravelsToTheLeader(t *testing.T) {
	t.Parallel()
	nodes := startClusterOf(t, seedFailover(fsm.FailoverOff, 0), 3, nil)
	for i, n := range nodes {
		ctx := WithOrigin(within(t, patience), fmt.Sprint("operator-", i), "10.0.0.7\n")
		change := fsm.ChangeLibraries{Changes: []fsm.LibraryChange{fsm.SetWeight{Library: "pair", Weight: uint32(i)}}}
		if err := n.ChangeLibraries(ctx, change); err != nil {
			t.Fatal(err)
		}
		list := n.Audit()
		last := list[len(list)-1]
		if last.Who != fmt.Sprint("operator-", i) || last.From != "10.0.0.7 " || last.At.IsZero() || last.Index != n.Revision() {
			t.Errorf("through node %s: %+v, revision %d", n.ID(), last, n.Revision())
		}
	}
}
