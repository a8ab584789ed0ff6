// Package digests counts statements by library and digest: how often, how long, how
// many bytes and errors. A digest is what a statement does without the values in it
// (see stmt.Syntax.AppendDigest); what must not be in one is for its caller to keep
// out. It is for package proxy, which counts and reports.
package digests

import (
	"container/list"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/latency"
)

// MaxLimit bounds how many digests a Table may be made for.
const MaxLimit = 100_000

const (
	// maxShards is in how many parts a table is kept at most, so that sessions with
	// different statements seldom wait for each other.
	maxShards = 8
	// minShard is how many digests a part has room for at least: chance gives some
	// parts more of them than others.
	minShard = 64
)

// Key stands for a digest in one Table. It means nothing in another one, nor after
// a restart.
type Key uint64

// Sample is one statement that was executed.
type Sample struct {
	Library  fsm.LibraryID // 0: none was selected
	At       time.Time     // when it had been answered
	Took     time.Duration
	Error    bool
	Affected uint64 // rows, as the server tells
	ToServer uint64 // bytes
	ToClient uint64 // bytes
}

// Table counts statements by library and digest. It has a bound: for a new digest the
// one is given up that was not used for the longest time. Methods may be called from
// any goroutine.
type Table struct {
	limit  int
	seed   maphash.Seed // unknown to clients: none can make two digests count as one
	shards []shard
	given  atomic.Uint64 // digests that were given up since the process began

	mu    sync.Mutex
	since time.Time // guarded by mu
}

type shard struct {
	limit int

	mu   sync.Mutex
	by   map[id]*list.Element // guarded by mu
	used list.List            // of *entry, the one used last in front; guarded by mu
	_    [64]byte             // the next one is on another cache line
}

// id stands for a digest in a library.
type id uint64

func idOf(key Key, library fsm.LibraryID) id {
	const odd = 0x9e3779b97f4a7c15 // spreads the libraries' small numbers over all bits
	return id(uint64(key) ^ uint64(library)*odd)
}

// entry is what is known of one digest in one library. Its shard's mu guards it.
type entry struct {
	id                 id
	library            fsm.LibraryID
	digest             string
	took               latency.Spread
	errors, affected   uint64
	toServer, toClient uint64
	first, last        time.Time
}

// New makes a table for at most limit digests, 1 to MaxLimit.
func New(limit int) *Table {
	limit = min(max(limit, 1), MaxLimit)
	t := &Table{limit: limit, seed: maphash.MakeSeed(), since: time.Now()}
	t.shards = make([]shard, min(max(limit/minShard, 1), maxShards))
	for i := range t.shards {
		t.shards[i].limit = limit / len(t.shards)
		if i < limit%len(t.shards) {
			t.shards[i].limit++
		}
		t.shards[i].by = make(map[id]*list.Element)
	}
	return t
}

// KeyOf returns what stands for a digest.
func (t *Table) KeyOf(digest []byte) Key { return Key(maphash.Bytes(t.seed, digest)) }

// shardOf says where a digest is counted.
func (t *Table) shardOf(i id) *shard { return &t.shards[uint64(i)%uint64(len(t.shards))] }

// Count counts a statement with a digest that the table has, and says whether it has.
func (t *Table) Count(key Key, s Sample) bool {
	i := idOf(key, s.Library)
	in := t.shardOf(i)
	in.mu.Lock()
	defer in.mu.Unlock()
	at := in.by[i]
	if at == nil {
		return false
	}
	in.used.MoveToFront(at)
	at.Value.(*entry).count(s)
	return true
}

// Add is Count for a digest that the table may not have; digest is its text.
func (t *Table) Add(digest []byte, s Sample) {
	i := idOf(t.KeyOf(digest), s.Library)
	in := t.shardOf(i)
	in.mu.Lock()
	defer in.mu.Unlock()
	at := in.by[i]
	if at == nil {
		if len(in.by) >= in.limit {
			oldest := in.used.Back()
			delete(in.by, in.used.Remove(oldest).(*entry).id)
			t.given.Add(1)
		}
		at = in.used.PushFront(&entry{id: i, library: s.Library, digest: string(digest), first: s.At})
		in.by[i] = at
	}
	in.used.MoveToFront(at)
	at.Value.(*entry).count(s)
}

func (e *entry) count(s Sample) {
	e.took.Observe(s.Took)
	if s.Error {
		e.errors++
	}
	e.affected += s.Affected
	e.toServer += s.ToServer
	e.toClient += s.ToClient
	e.last = s.At
}

// Reset forgets all digests. How many were given up before still counts.
func (t *Table) Reset() {
	for i := range t.shards {
		in := &t.shards[i]
		in.mu.Lock()
		clear(in.by)
		in.used.Init()
		in.mu.Unlock()
	}
	t.mu.Lock()
	t.since = time.Now()
	t.mu.Unlock()
}

// Limit is how many digests there may be.
func (t *Table) Limit() int { return t.limit }

// Len is how many digests there are.
func (t *Table) Len() int {
	n := 0
	for i := range t.shards {
		in := &t.shards[i]
		in.mu.Lock()
		n += len(in.by)
		in.mu.Unlock()
	}
	return n
}

// GivenUp is how many digests were given up for others since the table was made.
func (t *Table) GivenUp() uint64 { return t.given.Load() }

// Since is from when on it is counted: the last Reset, or when the table was made.
func (t *Table) Since() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.since
}
