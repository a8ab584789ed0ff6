package storage

import (
	"testing"

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
