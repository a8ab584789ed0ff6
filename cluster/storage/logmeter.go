package storage

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"
)

// entryOverhead is what an entry takes in the log beside its data, in bytes: its
// key, and the names and the other fields as raft-boltdb encodes them.
const entryOverhead = 72

// logMeter counts what was appended to the log of this node and what snapshots
// took, and says when the next snapshot is due. Its methods may be called from any
// goroutine.
type logMeter struct {
	minBytes uint64 // see snapshotDue

	logBytes      atomic.Uint64 // appended by this process
	snapshotBytes atomic.Uint64 // written to snapshots by this process, also to failed ones

	mu     sync.Mutex
	since  uint64  // bytes of the log that follow the last snapshot
	size   uint64  // of the last snapshot, in bytes
	wanted bool    // due in any case
	spread float64 // in [0, 1), anew for each snapshot
	recent [recentEntries]recentEntry
}

// recentEntries is how many of the last entries are remembered one by one: more than
// are appended and not yet applied when a snapshot is begun.
const recentEntries = 1024

type recentEntry struct{ index, bytes uint64 }

// snapshotDue reports whether the log after the last snapshot is long enough for
// another one. It weighs two costs against each other. S is the size of the last
// snapshot, L the bytes appended to the log since, each entry with its overhead.
//
// Writing: a snapshot is due at L >= max(minBytes, S/4). The next one has at most
// S+L bytes, because what a command adds to the state is smaller than the command
// in the log (a placement of 11 characters takes 14 bytes there and 19 or more here).
// So it writes at most (S+L)/L <= 1 + 4 = 5 bytes for each byte of the log, and that
// holds for any number of snapshots in a row. With minBytes it is less until S is
// four times as large.
//
// Reading: at its start a node applies what follows the snapshot. Applying a
// placement takes 2 to 6 microseconds, the more the fewer a command has, restoring
// one from a snapshot 0.2 to 0.4; measured with 2 million on two busy cores, and
// reading an entry takes 6 more. That is some 10 MB of log a second, so minBytes of 32
// MiB are applied within about 4 s however short the entries are: the overhead that
// is counted for each bounds their number. Beyond, L <= S/4 has a fifth of the
// placements, or less, in the log. A larger share would make starts longer and save
// writing that no disk notices: 5 bytes for each of the some 2 MB that 100000 new
// objects a second take.
//
// All nodes are given the same log. Each waits for up to a quarter more, spread says
// for how much of it, so that not all of them write at the same moment.
func snapshotDue(since, size, minBytes uint64, spread float64) bool {
	least := max(minBytes, size/4)
	return since >= least+uint64(float64(least/4)*spread)
}

func newLogMeter(minBytes uint64) *logMeter {
	return &logMeter{minBytes: minBytes, spread: rand.Float64()}
}

// begin takes over what lay on disk when the process started.
func (m *logMeter) begin(since, size uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since, m.size = since, size
}

// appended counts entries that were written to the log.
func (m *logMeter) appended(entries []*raft.Log) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range entries {
		bytes := uint64(entryOverhead + len(e.Data))
		m.logBytes.Add(bytes)
		m.since += bytes
		m.recent[e.Index%recentEntries] = recentEntry{e.Index, bytes}
	}
}

// upTo returns the bytes since the last snapshot up to an entry, which the next
// snapshot holds.
func (m *logMeter) upTo(index uint64) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	bytes := m.since
	for _, e := range m.recent {
		if e.index > index {
			bytes -= min(e.bytes, bytes)
		}
	}
	return bytes
}

// snapshotDone counts from a snapshot on that is on disk. held is what upTo gave for
// it when it was begun. Another one may have been finished meanwhile.
func (m *logMeter) snapshotDone(held, size uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since -= min(held, m.since)
	m.size, m.wanted, m.spread = size, false, rand.Float64()
}

// wantSnapshot makes a snapshot due whatever was appended.
func (m *logMeter) wantSnapshot() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wanted = true
}

// due reports whether a snapshot is due.
func (m *logMeter) due() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wanted || snapshotDue(m.since, m.size, m.minBytes, m.spread)
}

// reading returns the bytes that were appended since the last snapshot, and its
// size.
func (m *logMeter) reading() (since, size uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.since, m.size
}
