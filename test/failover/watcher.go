package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// watcher is a client that reads what others have written, through its own node: it
// must see everything that was acknowledged before it asked.
type watcher struct {
	session
	writers []*writer // of the same library, at all nodes
	random  *rand.Rand
}

const watcherPace = 20 * time.Millisecond

func (w *watcher) run(ctx context.Context, stop <-chan struct{}) error {
	return paced(ctx, stop, watcherPace, &w.session, func() { w.look(ctx) })
}

func (w *watcher) look(ctx context.Context) {
	other := w.writers[w.random.IntN(len(w.writers))]
	last, sent := other.last.Load(), time.Now()
	saw, err := w.number(ctx, lastNumber(other.id))
	if err == nil && saw < last {
		w.told.addStale(staleRead{node: w.node.ID, sent: sent, writer: other.id, saw: saw, last: last})
	}
}
