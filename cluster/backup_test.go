package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// backupOf is a backup that a node makes.
func backupOf(t *testing.T, n *Node) []byte {
	t.Helper()
	state, err := n.Backup(within(t, patience))
	if err != nil {
		t.Fatalf("backup by %s: %v", n.ID(), err)
	}
	var b bytes.Buffer
	if _, err := state.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestABackupByAnyNodeHoldsWhatWasAcknowledgedBefore(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	stop := make(chan struct{})
	var mu sync.Mutex
	acknowledged := make(map[string]fsm.LibraryID)
	var clients sync.WaitGroup
	for i, n := range nodes {
		clients.Go(func() {
			for o := 0; ; o++ {
				core := fmt.Sprintf("customer-%d-%d", i, o)
				p, err := n.Resolve(within(t, patience), core)
				if err != nil {
					t.Errorf("%s: %v", core, err)
					return
				}
				mu.Lock()
				acknowledged[core] = p.Library
				mu.Unlock()
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for round := range 12 {
		n := nodes[round%len(nodes)]
		mu.Lock()
		before := make(map[string]fsm.LibraryID, len(acknowledged))
		for core, library := range acknowledged {
			before[core] = library
		}
		mu.Unlock()
		m := fsm.New()
		if err := m.Restore(bytes.NewReader(backupOf(t, n))); err != nil {
			t.Fatalf("backup by %s: %v", n.ID(), err)
		}
		for core, library := range before {
			if p, ok := m.Locate(core); !ok || p.Library != library {
				t.Fatalf("backup by %s: %s is in %d (%v), %d was acknowledged", n.ID(), core, p.Library, ok, library)
			}
		}
	}
	close(stop)
	clients.Wait()
}

func TestABackupNeedsALeaderAndAMember(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 2, func(c *Config) { c.DecisionTimeout = 700 * time.Millisecond })
	kill(t, nodes[0])
	if _, err := nodes[1].Backup(within(t, patience)); !errors.Is(err, fsm.ErrNoLeader) {
		t.Errorf("without a majority: %v", err)
	}
	if _, err := openNode(t, fastConfig(t, "lonely")).Backup(within(t, patience)); !errors.Is(err, ErrNotMember) {
		t.Errorf("a lonely node: %v", err)
	}
}

func TestABackupByAFollowerThatLagsWaitsForWhatItLacks(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, others := split(t, nodes)
	lagging := others[0]
	lagging.replica.mu.Lock() // it goes on writing its log, but applies nothing
	const objects = 20
	for i := range objects {
		resolve1(t, leader, fmt.Sprintf("customer-%d", i))
	}
	decided := leader.machine.AppliedIndex()
	backup := make(chan *fsm.Snapshot, 1)
	go func() {
		state, err := lagging.Backup(within(t, patience))
		if err != nil {
			t.Errorf("backup: %v", err)
		}
		backup <- state
	}()
	eventually(t, "the barrier of the backup", func() error {
		if leader.machine.AppliedIndex() <= decided {
			return errors.New("not yet")
		}
		return nil
	})
	lagging.replica.mu.Unlock()
	if state := <-backup; state == nil || state.Index() <= decided {
		t.Errorf("it captured %+v, %d was decided before", state, decided)
	}
}
