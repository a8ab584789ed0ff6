package cluster

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

const (
	// maxReports bounds the servers that one node reports on.
	maxReports = fsm.MaxLibraries * fsm.MaxServers
	// maxGreetingDoublings bounds how often the time between two proposals on one
	// server doubles.
	maxGreetingDoublings = 6
)

// greetingBoard holds what servers have greeted this node with and the cluster
// does not remember yet. What a server says may differ from node to node: while
// it is upgraded, or for ever, if there are two servers behind one address. So
// that such nodes do not fill the log by contradicting each other, a node waits
// between two proposals on one server, each time twice as long.
type greetingBoard struct {
	interval time.Duration // the first such wait
	news     chan struct{} // a token: something was added

	mu       sync.Mutex
	pending  map[string]fsm.Greeting // by address; guarded by mu
	proposed map[string]proposal     // by address; guarded by mu
}

// proposal is when this node last proposed something on a server. It is
// forgotten when nothing was proposed for another pause after next.
type proposal struct {
	next  time.Time // the next one is not made before it
	pause time.Duration
}

func newGreetingBoard(interval time.Duration) *greetingBoard {
	return &greetingBoard{
		interval: interval,
		news:     make(chan struct{}, 1),
		pending:  make(map[string]fsm.Greeting),
		proposed: make(map[string]proposal),
	}
}

// add takes in a report that is news. It is dropped when there are too many.
func (b *greetingBoard) add(report fsm.RecordGreeting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, known := b.pending[report.Address]
	if known && old == report.Greeting || !known && len(b.pending) >= maxReports {
		return
	}
	b.pending[report.Address] = report.Greeting
	poke(b.news)
}

// drop forgets a report that another one has made wrong.
func (b *greetingBoard) drop(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pending, address)
}

// due forgets the reports that are recorded and returns those to be proposed
// now, ascending by address. If there are none, it returns how long to wait for
// the next one.
func (b *greetingBoard) due(recorded map[string]fsm.Greeting, now time.Time) (due []fsm.RecordGreeting, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.pending, func(address string, g fsm.Greeting) bool {
		known, ok := recorded[address]
		return ok && known == g
	})
	wait = math.MaxInt64
	for address, g := range b.pending {
		if left := b.proposed[address].next.Sub(now); left > 0 {
			wait = min(wait, left)
			continue
		}
		due = append(due, fsm.RecordGreeting{Address: address, Greeting: g})
	}
	if due != nil {
		wait = 0
	}
	slices.SortFunc(due, func(a, b fsm.RecordGreeting) int { return cmp.Compare(a.Address, b.Address) })
	return due, wait
}

// settle notes that a report was proposed and recorded or refused.
func (b *greetingBoard) settle(report fsm.RecordGreeting, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pending[report.Address] == report.Greeting {
		delete(b.pending, report.Address)
	}
	maps.DeleteFunc(b.proposed, func(_ string, p proposal) bool { return now.After(p.next.Add(p.pause)) })
	if _, known := b.proposed[report.Address]; !known && len(b.proposed) >= maxReports {
		return // of addresses that come and go; each is at most one entry of the log
	}
	pause := b.interval
	if last, ok := b.proposed[report.Address]; ok {
		pause = min(2*last.pause, b.interval<<maxGreetingDoublings)
	}
	b.proposed[report.Address] = proposal{next: now.Add(pause), pause: pause}
}
