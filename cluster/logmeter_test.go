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
		m := newLogMeter(snapshotRule{minBytes: 20 * header, maxEntries: uint64(rapid.IntRange(20*header/entryOverhead, 1000).Draw(t, "entries"))})
		state, written := uint64(header), uint64(0)
		longest := rapid.IntRange(1, 3000).Draw(t, "longest")
		adds := rapid.Float64Range(0, 1).Draw(t, "adds")
		for range rapid.IntRange(1, 5000).Draw(t, "count") {
			data := make([]byte, longest)
			m.appended([]*raft.Log{{Data: data}})
			state += uint64(adds * float64(len(data)))
			if m.due() {
				written += state
				m.snapshotDone(m.mark(), state)
			}
			if log := m.logBytes.Load(); written > 5*log {
				t.Fatalf("%d bytes of snapshots for %d of the log", written, log)
			}
		}
	})
}

func TestLargeStateIsNotWrittenAgainForFewEntries(t *testing.T) {
	t.Parallel()
	rule := snapshotRule{minBytes: 64 << 20, maxEntries: 1_000_000}
	const large = 2 << 30
	for _, c := range []struct {
		since logMark
		size  uint64
		due   bool
	}{
		{logMark{entries: 10, bytes: 64 << 20}, 0, true},
		{logMark{entries: 10, bytes: 64<<20 - 1}, 0, false},
		{logMark{entries: 1_000_000, bytes: 80_000_000}, 0, true},
		{logMark{entries: 1_000_000, bytes: 80_000_000}, large, false}, // would write 25 times as much
		{logMark{entries: 8_000_000, bytes: large / 4}, large, true},
		{logMark{entries: 10, bytes: large / 4}, large, false},
		{logMark{entries: 10, bytes: large / 2}, large, true},
	} {
		if got := rule.due(c.since, c.size, 0); got != c.due {
			t.Errorf("%+v after a snapshot of %d bytes: due %v", c.since, c.size, got)
		}
		if c.due && rule.due(c.since, c.size, 0.99) {
			t.Errorf("%+v after a snapshot of %d bytes: all nodes write at the same moment", c.since, c.size)
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
		t.Logf("%s: %d bytes of log, %d of snapshots, the last one has %d, %+v follow it", n.ID(), log, snapshots, size, since)
		if snapshots > 5*log || snapshots < size || size < objects*10 {
			t.Errorf("%s wrote %d bytes of snapshots for %d of the log, the last one has %d", n.ID(), snapshots, log, size)
		}
	}

	last := nodes[2]
	meter := last.member.Load().stores.meter
	closeNode(t, last)
	before, size := meter.reading()
	cfg := last.cfg
	cfg.Raft.SnapshotMinBytes = 64 << 20
	after := openNode(t, cfg)
	// What has been appended by this process comes on top.
	m := after.member.Load().stores.meter
	now, sizeNow := m.reading()
	onTop := m.logBytes.Load()
	if sizeNow != size || now.bytes < before.bytes*9/10 || now.bytes > before.bytes*11/10+onTop || now.entries < before.entries-min(before.entries, 4) {
		t.Errorf("%+v after a snapshot of %d bytes before the restart, %+v after one of %d after it", before, size, now, sizeNow)
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
