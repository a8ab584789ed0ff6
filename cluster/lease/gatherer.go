package lease

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

// Gatherer is the leader's side: it puts the requests of all nodes into one entry
// of the log a round. One that is urgent does not wait for the round's end, but
// still for the entry that is under way. So there is about one small entry a
// second at the default length of a lease, however many nodes there are.
type Gatherer struct {
	cfg  GathererConfig
	wake chan struct{} // a token: something has come

	mu      sync.Mutex
	waiting map[string]fsm.Lease // guarded by mu; by node; at most fsm.MaxLeaseGrants
	urgent  bool                 // guarded by mu; one of them is
}

// GathererConfig is what a Gatherer needs.
type GathererConfig struct {
	Interval func() time.Duration // a round
	// Write puts an entry into the log and returns when it is applied here.
	Write  func(fsm.GrantLeases) error
	Logger *zap.Logger
}

// NewGatherer makes the gatherer of a node that may lead.
func NewGatherer(cfg GathererConfig) *Gatherer {
	return &Gatherer{cfg: cfg, wake: make(chan struct{}, 1), waiting: make(map[string]fsm.Lease)}
}

// Add takes in a request of a known node and does not wait. A node's earlier one
// that still waits is replaced: the later one gives the longer lease. The error is
// fsm.ErrOverloaded.
func (g *Gatherer) Add(r Request) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	old, known := g.waiting[r.Node]
	if !known && len(g.waiting) >= fsm.MaxLeaseGrants {
		return fmt.Errorf("%w: %d nodes wait for a lease", fsm.ErrOverloaded, len(g.waiting))
	}
	if r.Starts < old.Starts {
		return nil // of a process that is gone
	}
	g.waiting[r.Node] = r.Lease
	g.urgent = g.urgent || r.Urgent
	poke(g.wake)
	return nil
}

// Run writes the entries of one term, until ctx ends. Requests that could not be
// written are forgotten: their nodes ask again.
func (g *Gatherer) Run(ctx context.Context) {
	defer g.take()
	var round time.Time // when the last entry was begun
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		if wait, any := g.wait(time.Since(round)); any {
			if wait <= 0 {
				round = time.Now()
				if err := g.cfg.Write(g.take()); err != nil {
					g.cfg.Logger.Debug("leases are not granted", zap.Error(err))
				}
				continue
			}
			timer.Reset(wait)
		}
		select {
		case <-g.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// wait returns whether there are requests, and how long they have to wait that
// long after the last entry was begun.
func (g *Gatherer) wait(passed time.Duration) (wait time.Duration, any bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.urgent {
		wait = g.cfg.Interval() - passed
	}
	return wait, len(g.waiting) > 0
}

// take removes the requests that wait, ascending by node.
func (g *Gatherer) take() fsm.GrantLeases {
	g.mu.Lock()
	defer g.mu.Unlock()
	entry := fsm.GrantLeases{Leases: make([]fsm.Lease, 0, len(g.waiting))}
	for _, l := range g.waiting {
		entry.Leases = append(entry.Leases, l)
	}
	slices.SortFunc(entry.Leases, func(a, b fsm.Lease) int { return cmp.Compare(a.Node, b.Node) })
	clear(g.waiting)
	g.urgent = false
	return entry
}
