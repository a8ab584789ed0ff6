package cluster

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
	rule snapshotRule

	logBytes      atomic.Uint64 // appended by this process
	snapshotBytes atomic.Uint64 // written to snapshots by this process, also to failed ones

	mu     sync.Mutex
	since  logMark // appended after the last snapshot, or before this process began to count
	size   uint64  // of the last snapshot, in bytes
	wanted bool    // due in any case
	spread float64 // in [0, 1), anew for each snapshot
}

// logMark is a length of log.
type logMark struct{ entries, bytes uint64 }

// snapshotRule says how much of the log makes a snapshot due. It weighs two costs
// against each other. S is the size of the last snapshot, L the bytes appended to
// the log since.
//
// Writing: a snapshot is due at L >= max(minBytes, S/2). The next one is not larger
// than S+L, because what a command adds to the state is smaller than the command
// in the log. So it writes at most (S+L)/L <= 1 + 2 = 3 bytes for each byte of the
// log, and this holds for any number of snapshots in a row. While the directory
// grows from nothing it is far less: sizes grow by half each time, and a
// geometric series 1 + 2/3 + 4/9 ... makes 3 bytes written for each byte of the
// last snapshot, which is about one byte of the log.
//
// Reading: at its start a node applies at most max(minBytes, S/2) bytes of log, a
// quarter more with the spread. The state is read at some 10 bytes of snapshot
// for the time of one of the log, so a start takes no more than a few times as long
// as reading the snapshot alone.
//
// Entries that are short cost more to apply than their bytes say. So maxEntries of
// them make a snapshot due as well, though not before L >= S/4: then (S+L)/L <= 5.
//
// All nodes are given the same log. Each waits for up to a quarter more, a random
// part of it, so that not all of them write at the same moment.
type snapshotRule struct {
	minBytes   uint64
	maxEntries uint64
}

func (r snapshotRule) due(since logMark, size uint64, spread float64) bool {
	wait := func(n uint64) uint64 { return n + uint64(float64(n/4)*spread) }
	if since.bytes >= wait(max(r.minBytes, size/2)) {
		return true
	}
	return since.entries >= wait(r.maxEntries) && since.bytes >= wait(size/4)
}

func newLogMeter(rule snapshotRule) *logMeter {
	return &logMeter{rule: rule, spread: rand.Float64()}
}

// begin takes over what lay on disk when the process started.
func (m *logMeter) begin(since logMark, size uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since, m.size = since, size
}

// appended counts entries that were written to the log.
func (m *logMeter) appended(entries []*raft.Log) {
	bytes := uint64(len(entries)) * entryOverhead
	for _, e := range entries {
		bytes += uint64(len(e.Data))
	}
	m.logBytes.Add(bytes)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since.entries += uint64(len(entries))
	m.since.bytes += bytes
}

// mark is taken when a snapshot is begun; what is appended after it follows the
// snapshot.
func (m *logMeter) mark() logMark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.since
}

// snapshotDone counts from a snapshot on that is on disk. Another one may have
// been finished since it was begun.
func (m *logMeter) snapshotDone(begun logMark, size uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since.entries -= min(begun.entries, m.since.entries)
	m.since.bytes -= min(begun.bytes, m.since.bytes)
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
	return m.wanted || m.rule.due(m.since, m.size, m.spread)
}

// reading returns what has been appended since the last snapshot, and its size.
func (m *logMeter) reading() (since logMark, size uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.since, m.size
}
