package cluster

import (
	"context"
	"slices"
	"sync"
)

// indexGate lets callers wait until this node has applied an index.
type indexGate struct {
	mu      sync.Mutex
	index   uint64
	waiting []gateWait
}

type gateWait struct {
	index uint64
	open  chan struct{}
}

// advance says that everything up to index is applied.
func (g *indexGate) advance(index uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.index = max(g.index, index)
	g.waiting = slices.DeleteFunc(g.waiting, func(w gateWait) bool {
		if w.index > g.index {
			return false
		}
		close(w.open)
		return true
	})
}

// passed reports whether index is applied.
func (g *indexGate) passed(index uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return index <= g.index
}

// reached returns the index up to which everything is applied.
func (g *indexGate) reached() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.index
}

// wait returns nil once index is applied, or the context's cause.
func (g *indexGate) wait(ctx context.Context, index uint64) error {
	g.mu.Lock()
	if index <= g.index {
		g.mu.Unlock()
		return nil
	}
	w := gateWait{index: index, open: make(chan struct{})}
	g.waiting = append(g.waiting, w)
	g.mu.Unlock()
	select {
	case <-w.open:
		return nil
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		g.waiting = slices.DeleteFunc(g.waiting, func(other gateWait) bool { return other.open == w.open })
		return context.Cause(ctx)
	}
}
