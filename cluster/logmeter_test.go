package cluster

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"pgregory.net/rapid"
)

// TestSnapshotsWriteABoundedMultipleOfTheLog: at most 5 bytes for each byte of the
// log, whatever the entries look like, as long as they add no more to the state
// than they take in the log.
func TestSnapshotsWriteABoundedMultipleOfTheLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const header = 500
		m := newLogMeter(20 * header)
		state, written := uint64(header), uint64(0)
		longest := rapid.IntRange(1, 3000).Draw(t, "longest")
		adds := rapid.Float64Range(0, 1).Draw(t, "adds")
		for range rapid.IntRange(1, 5000).Draw(t, "count") {
			data := make([]byte, longest)
			m.appended([]*raft.Log{{Data: data}})
			state += uint64(adds * float64(len(data)))
			if m.due() {
				written += state
				since, _ := m.reading()
				m.snapshotDone(since, state)
			}
			if log := m.logBytes.Load(); written > 5*log {
				t.Fatalf("%d bytes of snapshots for %d of the log", written, log)
			}
		}
	})
}

func TestLargeStateIsNotWrittenAgainForFewEntries(t *testing.T) {
	t.Parallel()
	const least, large = 32 << 20, 2 << 30
	for _, c := range []struct {
		since, size uint64
		due         bool
	}{
		{least, 0, true},
		{least - 1, 0, false},
		{least, 4 * least, true},
		{least, 4*least + 8, false},
		{large/4 - 1, large, false},
		{large / 4, large, true},
	} {
		if got := snapshotDue(c.since, c.size, least, 0); got != c.due {
			t.Errorf("%d bytes after a snapshot of %d: due %v", c.since, c.size, got)
		}
		if c.due && snapshotDue(c.since, c.size, least, 0.5) {
			t.Errorf("%d bytes after a snapshot of %d: all nodes write at the same moment", c.since, c.size)
		}
		if c.due && !snapshotDue(c.since*5/4, c.size, least, 0.99) {
			t.Errorf("%d bytes and a quarter more after a snapshot of %d: not due", c.since, c.size)
		}
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
		meter := n.member.Load().stores.meter
		eventually(t, "no snapshot to be due", func() error {
			if meter.due() {
				return fmt.Errorf("one is")
			}
			return nil
		})
		log, snapshots := meter.logBytes.Load(), meter.snapshotBytes.Load()
		since, size := meter.reading()
		t.Logf("%s: %d bytes of log, %d of snapshots, the last one has %d, %d of log follow it", n.ID(), log, snapshots, size, since)
		if snapshots > 5*log || snapshots < size || size < objects*10 {
			t.Errorf("%s wrote %d bytes of snapshots for %d of the log, the last one has %d", n.ID(), snapshots, log, size)
		}
	}

	last := nodes[2]
	meter := last.member.Load().stores.meter
	closeNode(t, last)
	before, size := meter.reading()
	cfg := last.cfg
	cfg.Raft.SnapshotMinBytes = 32 << 20
	after := openNode(t, cfg)
	// What has been appended by this process comes on top.
	m := after.member.Load().stores.meter
	now, sizeNow := m.reading()
	onTop := m.logBytes.Load()
	if sizeNow != size || now < before*9/10 || now > before*11/10+onTop {
		t.Errorf("%d bytes after a snapshot of %d before the restart, %d after one of %d after it", before, size, now, sizeNow)
	}
}

// assignMany has objects get a home, many at once.
func assignMany(tb testing.TB, n *Node, objects int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	const callers = 256
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for o := c; o < objects; o += callers {
				if _, err := n.Resolve(ctx, fmt.Sprintf("object-%08d", o)); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
