package cluster

import (
	"sync/atomic"

	"github.com/mysqlda/mysqlda/fsm"
)

// ask is one item on its way to a decision.
type ask struct {
	item  fsm.Item
	group *askGroup

	// Written once by whoever answers, read after the group is done.
	result fsm.ItemResult
	index  uint64 // the state at this index holds the answer
	err    error  // why there is no result
	known  bool   // this node knows the answer, without the leader
}

// askGroup is what one caller waits for: its own item, or a frame of another
// node.
type askGroup struct {
	asks      []ask
	single    [1]ask // what asks is for one item
	open      atomic.Int32
	abandoned atomic.Bool
	done      chan struct{} // closed when every ask is answered
}

func newAskGroup(items ...fsm.Item) *askGroup {
	g := &askGroup{done: make(chan struct{})}
	if g.asks = g.single[:]; len(items) != 1 {
		g.asks = make([]ask, len(items))
	}
	for i, item := range items {
		g.asks[i] = ask{item: item, group: g}
	}
	g.open.Store(int32(len(items)))
	return g
}

// abandon says that nobody waits any more: what is still queued is dropped.
func (g *askGroup) abandon() { g.abandoned.Store(true) }

func (a *ask) answer(index uint64, result fsm.ItemResult) {
	a.index, a.result = index, result
	a.finish()
}

func (a *ask) fail(err error) {
	a.err = err
	a.finish()
}

func (a *ask) finish() {
	if a.group.open.Add(-1) == 0 {
		close(a.group.done)
	}
}

func failAll(asks []*ask, err error) {
	for _, a := range asks {
		a.fail(err)
	}
}
