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

func TestAcknowledgedAssignmentsSurviveTheLeader(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, func(c *Config) { // snapshots all the time
		c.Raft.SnapshotMinBytes = 1 << 10
		c.Raft.SnapshotInterval = 20 * time.Millisecond
	})
	leader, others := split(t, nodes)
	const objects = 200
	var mu sync.Mutex
	acknowledged := make(map[string]fsm.LibraryID)
	half := make(chan struct{})
	var once sync.Once
	var clients sync.WaitGroup
	for c := range 8 {
		n := others[c%2]
		clients.Go(func() {
			for o := range objects {
				core := fmt.Sprintf("customer-%d", (o*7+c*31)%objects)
				p, err := n.Resolve(within(t, patience), core)
				if err != nil {
					t.Errorf("%s: %s: %v", n.ID(), core, err)
					return
				}
				mu.Lock()
				if old, ok := acknowledged[core]; ok && old != p.Library {
					t.Errorf("%s: %d, then %d", core, old, p.Library)
				}
				acknowledged[core] = p.Library
				if len(acknowledged) >= objects/4 {
					once.Do(func() { close(half) })
				}
				mu.Unlock()
			}
		})
	}
	<-half
	kill(t, leader)
	clients.Wait()

	for _, n := range others {
		kill(t, n)
	}
	for i, n := range nodes {
		cfg := n.cfg
		cfg.Listen, cfg.GossipListen = n.Addr(), "127.0.0.1:0"
		nodes[i] = openNode(t, cfg)
	}
	waitReady(t, nodes...)
	for core, library := range acknowledged {
		for _, n := range nodes {
			if p, ok := n.machine.Locate(core); !ok || p.Library != library {
				t.Errorf("%s: %s is in %d (%v), %d was acknowledged", n.ID(), core, p.Library, ok, library)
			}
		}
	}
	if len(acknowledged) != objects || nodes[0].Status().Counts.Placements != objects {
		t.Errorf("%d acknowledged, %d counted", len(acknowledged), nodes[0].Status().Counts.Placements)
	}
}

func TestKnownObjectsResolveWithoutAMajority(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, func(c *Config) { c.DecisionTimeout = 700 * time.Millisecond })
	home := resolve1(t, nodes[0], "alice")
	eventually(t, "alice on all nodes", func() error {
		for _, n := range nodes {
			if _, ok := n.machine.Locate("alice"); !ok {
				return fmt.Errorf("%s does not know her", n.ID())
			}
		}
		return nil
	})
	leader, others := split(t, nodes)
	kill(t, leader)
	kill(t, others[0])
	last := others[1]

	for range 3 {
		began := time.Now()
		_, err := last.Resolve(within(t, patience), "bob")
		if !errors.Is(err, fsm.ErrNoLeader) {
			t.Fatalf("a new object without a majority: %v", err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %s to say so", took)
		}
	}
	if _, err := last.Locate(within(t, patience), "bob"); !errors.Is(err, fsm.ErrNoLeader) {
		t.Errorf("that there is none was decided locally: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := last.Resolve(ctx, "carol"); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that has gone: %v", err)
	}
	if p := resolve1(t, last, "alice"); p != home {
		t.Errorf("alice lives in %+v, she lived in %+v", p, home)
	}
	eventually(t, "no leader", func() error {
		if s := last.Status(); s.Leader != "" {
			return fmt.Errorf("leader %q", s.Leader)
		}
		return nil
	})
}

func TestNodeComesBackOnOtherAddresses(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	_, others := split(t, nodes)
	for i, n := range nodes {
		if n != others[0] {
			continue
		}
		old := n.Addr()
		kill(t, n)
		resolve1(t, others[1], "born-meanwhile")
		nodes[i] = openNode(t, n.cfg) // port 0: another one
		if nodes[i].Addr() == old {
			t.Skip("the same port came up again")
		}
		waitReady(t, nodes[i])
		if _, ok := nodes[i].machine.Locate("born-meanwhile"); !ok {
			t.Error("ready without what was decided meanwhile")
		}
	}
	waitVoters(t, nodes...)
	waitAddresses(t, nodes)
}

func TestAllNodesComeBackOnOtherAddresses(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	home := resolve1(t, nodes[1], "alice")
	for _, n := range nodes {
		closeNode(t, n)
	}
	for i, n := range nodes {
		nodes[i] = openNode(t, n.cfg)
		join(t, nodes[i], nodes[0].Addr()) // the one seed that an operator names
	}
	waitReady(t, nodes...)
	waitVoters(t, nodes...)
	waitAddresses(t, nodes)
	for _, n := range nodes {
		if p := resolve1(t, n, "alice"); p != home {
			t.Errorf("%s: alice lives in %+v, she lived in %+v", n.ID(), p, home)
		}
	}

	// From now on they find each other there without a seed.
	for _, n := range nodes {
		kill(t, n)
	}
	for i, n := range nodes {
		cfg := n.cfg
		cfg.Listen, cfg.GossipListen = n.Addr(), n.member.Load().gossip.listenAddr()
		nodes[i] = openNode(t, cfg)
	}
	waitReady(t, nodes...)
	waitVoters(t, nodes...)
}

// waitAddresses waits until every state machine and every address book on disk
// have all nodes' present addresses.
func waitAddresses(t *testing.T, nodes []*Node) {
	t.Helper()
	eventually(t, "the new addresses everywhere", func() error {
		for _, n := range nodes {
			for _, other := range nodes {
				info, _ := n.machine.Node(other.ID())
				remembered := newAddressBook(fsm.New())
				if err := remembered.load(n.cfg.DataDir); err != nil {
					return err
				}
				stored, _ := remembered.lookup(other.ID())
				if info.Cluster != other.Addr() || stored.Cluster != other.Addr() {
					return fmt.Errorf("%s has %s at %s in its state and at %s on disk, it is at %s", n.ID(), other.ID(), info.Cluster, stored.Cluster, other.Addr())
				}
			}
		}
		return nil
	})
}
