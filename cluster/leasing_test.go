package cluster

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cluster/lease"
	"github.com/mysqlda/mysqlda/fsm"
)

// seedFailover is a cluster with one library of two servers.
func seedFailover(policy fsm.FailoverPolicy, lease time.Duration) fsm.Bootstrap {
	b := seed()
	b.Settings.Failover.Lease = lease
	b.Libraries = []fsm.AddLibrary{{
		Name: "pair", Weight: fsm.DefaultWeight, Servers: []fsm.Server{{Address: "127.0.0.1:3306"}, {Address: "127.0.0.1:3307"}},
		Failover: fsm.Failover{Policy: policy},
	}}
	return b
}

// jumpy is the clock of a machine that was suspended for a while.
type jumpy struct {
	began     time.Time
	suspended atomic.Int64 // ns
}

func (j *jumpy) read() time.Duration {
	return time.Since(j.began) + time.Duration(j.suspended.Load())
}

func waitLeases(t *testing.T, nodes ...*Node) {
	t.Helper()
	eventually(t, "leases", func() error {
		for _, n := range nodes {
			if s := n.Lease().Status(); !s.Held || !n.Lease().Holds() {
				return fmt.Errorf("%s: %+v", n.ID(), s)
			}
		}
		return nil
	})
}

func TestAnIdleClusterRenewsAllLeasesWithOneEntryARound(t *testing.T) {
	t.Parallel()
	const length = 3 * time.Second
	nodes := startClusterOf(t, seedFailover(fsm.FailoverOrdered, length), 3, func(c *Config) { c.CheckpointInterval = patience })
	waitLeases(t, nodes...)
	leader, _ := split(t, nodes)
	log := leader.member.Load().raft
	before, began := log.LastIndex(), time.Now()
	eventually(t, "four leases' time to pass", func() error {
		for _, n := range nodes {
			if !n.Lease().Holds() {
				t.Fatalf("%s has lost its lease: %+v", n.ID(), n.Lease().Status())
			}
		}
		if passed := time.Since(began); passed < 4*length {
			return fmt.Errorf("%s passed", passed)
		}
		return nil
	})
	rounds := float64(time.Since(began)) / float64(length/6)
	written := float64(log.LastIndex() - before)
	t.Logf("%.0f entries in %.0f rounds", written, rounds)
	if written > rounds*1.25+1 || written < rounds/4 {
		t.Errorf("%.0f entries in %.0f rounds", written, rounds)
	}
}

func TestALeaseEndsWithoutAMajority(t *testing.T) {
	t.Parallel()
	clock := jumpy{began: time.Now()}
	const length = 10 * time.Second
	nodes := startClusterOf(t, seedFailover(fsm.FailoverOrdered, length), 3, func(c *Config) {
		if c.NodeID == "n1" {
			c.clock = clock.read
		}
	})
	waitLeases(t, nodes...)
	kill(t, nodes[1])
	kill(t, nodes[2])
	if !nodes[0].Lease().Holds() {
		t.Error("the lease ended with the majority, not with its time")
	}
	clock.suspended.Store(int64(length)) // since the last request that can have been granted
	if nodes[0].Lease().Holds() {
		t.Errorf("it holds a lease: %+v", nodes[0].Lease().Status())
	}
	if s := nodes[0].Lease().Status(); s.Held || s.Losses != 1 || s.Remaining != 0 {
		t.Errorf("status %+v", s)
	}
}

func TestAPausedNodeLosesItsLeaseAndGetsAnother(t *testing.T) {
	t.Parallel()
	clock := jumpy{began: time.Now()}
	nodes := startClusterOf(t, seedFailover(fsm.FailoverPromote, 2*time.Second), 3, func(c *Config) {
		if c.NodeID == "n3" {
			c.clock = clock.read
		}
	})
	waitLeases(t, nodes...)
	clock.suspended.Add(int64(time.Hour))
	eventually(t, "the loss and another lease", func() error {
		if s := nodes[2].Lease().Status(); s.Losses == 0 || !s.Held {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	if s := nodes[0].Lease().Status(); s.Losses != 0 {
		t.Errorf("another node: %+v", s)
	}
}

func TestANewLeaderGrantsLeases(t *testing.T) {
	t.Parallel()
	const length = 2 * time.Second
	nodes := startClusterOf(t, seedFailover(fsm.FailoverFollow, length), 3, nil)
	waitLeases(t, nodes...)
	leader, others := split(t, nodes)
	kill(t, leader)
	killed := time.Now()
	eventually(t, "leases that the dead leader cannot have granted", func() error {
		for _, n := range others {
			if s := n.Lease().Status(); !s.Held || time.Since(killed) < length {
				return fmt.Errorf("%s: %+v", n.ID(), s)
			}
		}
		return nil
	})
}

// What a node finds in its own log and snapshots was granted to the process before.
func TestARestartedNodeHasNoLeaseBeforeItIsReady(t *testing.T) {
	t.Parallel()
	for _, snapshots := range []bool{false, true} {
		t.Run(fmt.Sprintf("snapshots %v", snapshots), func(t *testing.T) {
			t.Parallel()
			nodes := startClusterOf(t, seedFailover(fsm.FailoverOrdered, fsm.MaxLease), 3, func(c *Config) {
				if snapshots {
					c.Raft.SnapshotMinBytes = 1
					c.Raft.SnapshotInterval, c.Raft.SnapshotRetry = 10*time.Millisecond, 10*time.Millisecond
				}
			})
			waitLeases(t, nodes...)
			if snapshots {
				waitSnapshot(t, nodes[0])
			}
			for _, n := range nodes {
				kill(t, n)
			}
			alone := openNode(t, nodes[0].cfg)
			eventually(t, "it to know the library again", func() error {
				if alone.Libraries().ByName("pair") == nil && snapshots {
					return errors.New("it does not")
				}
				return nil
			})
			if alone.Lease().Holds() {
				t.Error("it holds the lease of the process before")
			}
			others := []*Node{openNode(t, nodes[1].cfg), openNode(t, nodes[2].cfg)}
			for _, n := range append(others, alone) {
				join(t, n, alone.Addr())
			}
			waitReady(t, alone)
			waitLeases(t, append(others, alone)...)
		})
	}
}

func TestARemovedNodeLosesItsLease(t *testing.T) {
	t.Parallel()
	nodes := startClusterOf(t, seedFailover(fsm.FailoverOrdered, fsm.MaxLease), 3, nil)
	waitLeases(t, nodes...)
	leader, others := split(t, nodes)
	lostAt := leader.replica.lost.at.Load()
	if err := leader.Remove(within(t, patience), others[0].ID()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the lease to end", func() error {
		// The others do not wait for the log of a node that they remove: it may not get the
		// entry. Then it is told when it announces itself, and has to be closed.
		if _, known := others[0].machine.Node(others[0].ID()); known && others[0].failed.Load() {
			return nil
		}
		if others[0].Lease().Holds() {
			return fmt.Errorf("%+v", others[0].Lease().Status())
		}
		return nil
	})
	if at := leader.replica.lost.at.Load(); !at.After(*lostAt) {
		t.Errorf("a node was lost at %s, then at %s", lostAt, at)
	}
	waitLeases(t, leader, others[1])
}

func TestALibraryComesToNeedALease(t *testing.T) {
	t.Parallel()
	n := startSeeded(t, fastConfig(t, "n1"), seedFailover(fsm.FailoverOff, fsm.MaxLease))
	if s := n.Lease().Status(); s.Needed || !n.Lease().Holds() {
		t.Errorf("none may fail over: %+v", s)
	}
	err := n.ChangeLibraries(within(t, patience), fsm.ChangeLibraries{Changes: []fsm.LibraryChange{
		fsm.SetFailover{Library: "pair", Failover: fsm.Failover{Policy: fsm.FailoverOrdered}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	waitLeases(t, n)
	if s := n.Lease().Status(); s.Losses != 0 {
		t.Errorf("%+v", s)
	}
}

func TestOnlyTheLeaderTakesRequestsForLeasesAndOnlyOfKnownNodes(t *testing.T) {
	t.Parallel()
	nodes := startClusterOf(t, seedFailover(fsm.FailoverOrdered, fsm.MaxLease), 2, nil)
	leader, others := split(t, nodes)
	for _, c := range []struct {
		at, node string
		want     error
	}{
		{leader.ID(), others[0].ID(), nil},
		{others[0].ID(), others[0].ID(), errNotLeader},
		{leader.ID(), "stranger", ErrUnknownNode},
	} {
		for _, from := range nodes {
			err := leaders{from.member.Load()}.Ask(within(t, patience), c.at, lease.Request{Lease: fsm.Lease{Node: c.node, Starts: 1, Nonce: 1}})
			if !errors.Is(err, c.want) {
				t.Errorf("%s asks %s for %s: %v", from.ID(), c.at, c.node, err)
			}
		}
	}
}

// waitSnapshot waits until a node has a snapshot of what it knows now.
func waitSnapshot(t *testing.T, n *Node) {
	t.Helper()
	index := n.machine.AppliedIndex()
	eventually(t, "a snapshot", func() error {
		// Something has to follow in the log for another one to be due.
		if _, err := n.Resolve(t.Context(), rand.Text()); err != nil {
			return err
		}
		last, err := strconv.ParseUint(n.member.Load().raft.Stats()["last_snapshot_index"], 10, 64)
		if err == nil && last < index {
			err = fmt.Errorf("the last one is of entry %d, not %d", last, index)
		}
		return err
	})
}
