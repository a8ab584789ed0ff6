package cluster

import (
	"context"
	"sync"

	"github.com/mysqlda/mysqlda/fsm"
)

// watchers hand events to subscribers. A subscriber that is slow gets one event
// for all that it missed; nobody waits for it.
type watchers struct {
	mu     sync.Mutex
	closed bool
	chans  map[chan fsm.Event]struct{}
}

// subscribe returns a channel of events that is closed when ctx ends or the
// node is closed.
func (w *watchers) subscribe(ctx context.Context) <-chan fsm.Event {
	ch := make(chan fsm.Event, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || ctx.Err() != nil {
		close(ch)
		return ch
	}
	if w.chans == nil {
		w.chans = make(map[chan fsm.Event]struct{})
	}
	w.chans[ch] = struct{}{}
	context.AfterFunc(ctx, func() { w.drop(ch) })
	return ch
}

func (w *watchers) drop(ch chan fsm.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.chans[ch]; ok {
		delete(w.chans, ch)
		close(ch)
	}
}

func (w *watchers) notify(e fsm.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.chans {
		select {
		case ch <- e:
		default: // one is waiting already
		}
	}
}

func (w *watchers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for ch := range w.chans {
		close(ch)
	}
	w.chans = nil
}
