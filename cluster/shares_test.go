package cluster

import (
	"fmt"
	"math"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

func TestEveryNodeTellsWhichShareOfNewObjectsALibraryGets(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, _ := split(t, nodes)
	change := func(c fsm.LibraryChange) {
		t.Helper()
		if err := leader.ChangeLibraries(within(t, patience), fsm.ChangeLibraries{Changes: []fsm.LibraryChange{c}}); err != nil {
			t.Fatal(err)
		}
	}
	shares := func(one, two float64) {
		t.Helper()
		for _, n := range nodes {
			eventually(t, fmt.Sprintf("shares at node %s are %v and %v", n.ID(), one, two), func() error {
				got, set := n.Shares(), n.Libraries()
				if a, b := got[set.ByName("one").ID], got[set.ByName("two").ID]; math.Abs(a-one) > 0.001 || math.Abs(b-two) > 0.001 {
					return fmt.Errorf("they are %v and %v", a, b)
				}
				return nil
			})
		}
	}
	shares(0.5, 0.5)
	change(fsm.SetWeight{Library: "two", Weight: 50})
	shares(2.0/3, 1.0/3)
	change(fsm.SetState{Library: "one", State: fsm.LibraryClosed})
	shares(0, 1)
}
