package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// records makes an import of placements named prefix-0 and so on.
func records(prefix string, count int, library fsm.LibraryID) fsm.Import {
	var i fsm.Import
	for n := range count {
		i.AddPlacement(fmt.Appendf(nil, "%s-%d", prefix, n), library)
	}
	return i
}

func TestEveryNodeTakesImports(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	var group sync.WaitGroup
	for _, n := range nodes {
		group.Go(func() {
			for chunk := range 5 {
				prefix := fmt.Sprintf("%s-%d", n.ID(), chunk)
				if r, err := n.Import(within(t, patience), records(prefix, 1000, 1)); err != nil || r.Added != 1000 || len(r.Conflicts) > 0 {
					t.Errorf("through %s: %+v, %v", n.ID(), r, err)
				}
			}
		})
	}
	group.Wait()
	for _, n := range nodes {
		eventually(t, "all records to be everywhere", func() error {
			if c := n.machine.Counts(); c.Placements != 15_000 {
				return fmt.Errorf("node %s has %d", n.ID(), c.Placements)
			}
			return nil
		})
	}
	// Conflicts come back from the leader with their numbers.
	_, others := split(t, nodes)
	i := records("n1-0", 2, 1)
	i.AddPlacement([]byte("n2-0-7"), 2)
	i.AddBinding("card", []byte("1"), []byte("nobody"))
	r, err := others[0].Import(within(t, patience), i)
	if err != nil || r.Present != 2 || len(r.Conflicts) != 2 || r.Conflicts[0].Record != 2 || r.Conflicts[1].Record != 3 || !errors.Is(r.Conflicts[1].Err, fsm.ErrNoPlacement) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAnImportThatTheLeaderRefusesIsRefused(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 2, nil)
	_, others := split(t, nodes)
	bad := records("two words", 1, 1)
	if _, err := others[0].Import(within(t, patience), bad); err == nil {
		t.Error("a bad name was imported")
	}
	if c := others[0].machine.Counts(); c.Placements != 0 {
		t.Errorf("%d placements", c.Placements)
	}
}

func TestAnImportWithoutALeaderEnds(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 2, func(c *Config) { c.DecisionTimeout = 700 * time.Millisecond })
	kill(t, nodes[0])
	if _, err := nodes[1].Import(within(t, patience), records("x", 1, 1)); !errors.Is(err, fsm.ErrNoLeader) {
		t.Errorf("without a majority: %v", err)
	}
	if _, err := openNode(t, fastConfig(t, "lonely")).Import(within(t, patience), records("x", 1, 1)); !errors.Is(err, ErrNotMember) {
		t.Errorf("a lonely node: %v", err)
	}
}

// Sessions' assignments are decided between the chunks of an import.
func TestFewImportsAreInTheLogAtATime(t *testing.T) {
	g := newImportGate()
	var leaves []func()
	for range importsInFlight {
		leave, err := g.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leave)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := g.enter(ended); !errors.Is(err, context.Canceled) {
		t.Fatalf("one too many: %v", err)
	}
	entered := make(chan func(), importsWaiting)
	for range importsWaiting {
		go func() {
			leave, err := g.enter(within(t, patience))
			if err != nil {
				t.Error(err)
			}
			entered <- leave
		}()
	}
	eventually(t, "the others to wait", func() error {
		if n := len(g.queue); n < importsInFlight+importsWaiting {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
	if _, err := g.enter(t.Context()); !errors.Is(err, fsm.ErrOverloaded) {
		t.Errorf("beyond the queue: %v", err)
	}
	if len(entered) > 0 {
		t.Error("one did not wait")
	}
	for _, leave := range leaves {
		leave()
	}
	for range importsWaiting {
		(<-entered)()
	}
	if len(g.queue) != 0 || len(g.inside) != 0 {
		t.Errorf("%d and %d are left", len(g.queue), len(g.inside))
	}
}
