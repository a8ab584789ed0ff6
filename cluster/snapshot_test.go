package cluster

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestNewNodeStartsFromASnapshotWhenTheLogIsGone(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 2, func(c *Config) {
		c.Raft.SnapshotMinBytes = 2 << 10
		c.Raft.SnapshotInterval = 50 * time.Millisecond
	})
	leader, others := split(t, nodes)
	const objects = 120
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			for o := w; o < objects; o += 2 {
				if _, err := others[0].Resolve(within(t, patience), fmt.Sprintf("customer-%d", o)); err != nil {
					t.Errorf("object %d: %v", o, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := leader.Bind(within(t, patience), "card_no", "330001", "customer-7"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the leader to throw away the beginning of its log", func() error {
		first, err := leader.member.Load().stores.Log.FirstIndex()
		if err == nil && first <= 30 {
			err = fmt.Errorf("the log begins at %d", first)
		}
		return err
	})

	third := openNode(t, fastConfig(t, "n3"))
	join(t, third, others[0].Addr())
	waitVoters(t, append(nodes, third)...)
	waitReady(t, third)
	snapshots, err := third.member.Load().stores.Snapshots.List()
	if err != nil || len(snapshots) == 0 {
		t.Errorf("the new node has no snapshot (%v)", err)
	}
	for o := range objects {
		core := fmt.Sprintf("customer-%d", o)
		want, _ := leader.machine.Locate(core)
		if got, ok := third.machine.Locate(core); !ok || got != want {
			t.Fatalf("%s: %+v, on the leader %+v", core, got, want)
		}
	}
	if core, ok := third.machine.FindBinding("card_no", "330001"); !ok || core != "customer-7" {
		t.Errorf("the card belongs to %q", core)
	}
	if third.Settings() == nil || len(third.Libraries().All()) != 2 {
		t.Error("settings or libraries are missing")
	}

	// And again from its own snapshot.
	closeNode(t, third)
	third = openNode(t, third.cfg)
	waitReady(t, third)
	eventually(t, "the same state", func() error {
		a, b := third.Status(), leader.Status()
		if a.StateHashIndex != b.StateHashIndex || a.StateHash != b.StateHash {
			return fmt.Errorf("%d %s, on the leader %d %s", a.StateHashIndex, a.StateHash, b.StateHashIndex, b.StateHash)
		}
		return nil
	})
}

func TestIdleClusterDoesNotGrowItsLog(t *testing.T) {
	t.Parallel()
	n := startOne(t, fastConfig(t, "n1"))
	resolve1(t, n, "alice")
	m := n.member.Load()
	var index uint64
	eventually(t, "a checkpoint after the last change", func() error {
		last := m.raft.LastIndex()
		if last != index {
			index = last
			return errors.New("the log grows")
		}
		return nil
	})
	c := &checkpointer{member: m}
	if err := c.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	at := c.last
	if err := c.check(t.Context()); err != nil || c.last != at || m.raft.LastIndex() != at {
		t.Errorf("a checkpoint at %d (%v) though nothing happened since %d; the log ends at %d", c.last, err, at, m.raft.LastIndex())
	}
}

func TestNodesWriteSnapshotsInProportionAndKnowAfterARestartWhatFollowsTheLast(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, func(c *Config) {
		c.Raft.SnapshotMinBytes, c.Raft.SnapshotInterval = 32<<10, 5*time.Millisecond
	})
	const objects = 20_000
	assignMany(t, nodes[0], objects)
	eventually(t, "all nodes to have all", func() error {
		for _, n := range nodes {
			if got := n.machine.Counts().Placements; got != objects {
				return fmt.Errorf("%s has %d", n.ID(), got)
			}
		}
		return nil
	})
	for _, n := range nodes {
		stores := n.member.Load().stores
		eventually(t, "no snapshot to be due", func() error {
			if stores.SnapshotDue() {
				return fmt.Errorf("one is")
			}
			return nil
		})
		log, snapshots := stores.Written()
		size, since := stores.LastSnapshot()
		t.Logf("%s: %d bytes of log, %d of snapshots, the last one has %d, %d of log follow it", n.ID(), log, snapshots, size, since)
		if snapshots > 5*log || snapshots < size || size < objects*10 {
			t.Errorf("%s wrote %d bytes of snapshots for %d of the log, the last one has %d", n.ID(), snapshots, log, size)
		}
	}

	last := nodes[2]
	stores := last.member.Load().stores
	closeNode(t, last)
	size, before := stores.LastSnapshot()
	cfg := last.cfg
	cfg.Raft.SnapshotMinBytes = 32 << 20
	after := openNode(t, cfg)
	// What has been appended by this process comes on top.
	stores = after.member.Load().stores
	sizeNow, now := stores.LastSnapshot()
	onTop, _ := stores.Written()
	if sizeNow != size || now < before*9/10 || now > before*11/10+onTop {
		t.Errorf("%d bytes after a snapshot of %d before the restart, %d after one of %d after it", before, size, now, sizeNow)
	}
}
