package cluster

import (
	"context"
	"sync"

	"github.com/hashicorp/raft"
)

// leadership is who leads, as this node knows it.
type leadership struct {
	raft   *raft.Raft
	parent context.Context

	mu    sync.Mutex
	id    string
	reign context.Context
	end   context.CancelFunc
}

func newLeadership(ctx context.Context, r *raft.Raft) *leadership {
	l := &leadership{raft: r, parent: ctx}
	l.reign, l.end = context.WithCancel(ctx)
	l.refresh()
	return l
}

// current returns the leader's node id, or "", and a context that ends when
// that changes or the node is closed.
func (l *leadership) current() (id string, reign context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id, l.reign
}

// leaderID returns the node id of the leader that this node knows of, or "".
func (m *member) leaderID() string {
	id, _ := m.leadership.current()
	return id
}

func (l *leadership) refresh() {
	_, id := l.raft.LeaderWithID()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.id == string(id) {
		return
	}
	l.end()
	l.id = string(id)
	l.reign, l.end = context.WithCancel(l.parent)
}

// observerBacklog is how many changes Raft may report before they are read.
// Beyond it reports are dropped, which does no harm: refresh reads the present.
const observerBacklog = 16

// follow keeps l current until ctx ends.
func (l *leadership) follow(ctx context.Context) {
	changes := make(chan raft.Observation, observerBacklog)
	observer := raft.NewObserver(changes, false, func(o *raft.Observation) bool {
		_, ok := o.Data.(raft.LeaderObservation)
		return ok
	})
	l.raft.RegisterObserver(observer)
	defer l.raft.DeregisterObserver(observer)
	l.refresh()
	for {
		select {
		case <-changes:
			l.refresh()
		case <-ctx.Done():
			l.mu.Lock()
			defer l.mu.Unlock()
			l.end()
			return
		}
	}
}
