package cluster

import (
	"context"
	"sync"

	"github.com/mysqlda/mysqlda/fsm"
)

// MaxWaiting bounds the items that wait on one node for their batch. Beyond it
// callers get fsm.ErrOverloaded at once.
const MaxWaiting = 1 << 14

// batcher gathers asks while the last batch is under way: the busier the
// cluster, the larger the batches, and an idle one answers without delay.
type batcher struct {
	limit int // asks of one batch
	run   func(context.Context, []*ask)

	wake chan struct{} // holds a token while something waits

	mu      sync.Mutex
	closed  bool
	waiting []*ask
}

func newBatcher(limit int, run func(context.Context, []*ask)) *batcher {
	return &batcher{limit: limit, run: run, wake: make(chan struct{}, 1)}
}

// submit queues all asks of a group or none.
func (b *batcher) submit(g *askGroup) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return ErrClosed
	case len(b.waiting)+len(g.asks) > MaxWaiting:
		return fsm.ErrOverloaded
	}
	for i := range g.asks {
		b.waiting = append(b.waiting, &g.asks[i])
	}
	b.signal()
	return nil
}

// again puts asks that need another batch in front of the others. They were
// counted when they were submitted, so the bound does not apply.
func (b *batcher) again(asks []*ask) {
	b.mu.Lock()
	closed := b.closed
	if !closed {
		b.waiting = append(asks, b.waiting...)
		b.signal()
	}
	b.mu.Unlock()
	if closed {
		failAll(asks, ErrClosed)
	}
}

func (b *batcher) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *batcher) queued() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}

// work runs batches, one after the other, until ctx ends. Several goroutines
// may work on one batcher.
func (b *batcher) work(ctx context.Context) {
	for {
		select {
		case <-b.wake:
		case <-ctx.Done():
			return
		}
		for ctx.Err() == nil {
			batch := b.take()
			if len(batch) == 0 {
				break
			}
			b.run(ctx, batch)
		}
	}
}

// take removes the next batch; asks that nobody waits for are answered here.
func (b *batcher) take() []*ask {
	b.mu.Lock()
	n := min(len(b.waiting), b.limit)
	taken := append(make([]*ask, 0, n), b.waiting[:n]...)
	rest := copy(b.waiting, b.waiting[n:])
	clear(b.waiting[rest:])
	b.waiting = b.waiting[:rest]
	if rest > 0 {
		b.signal() // another worker may go on with it
	}
	b.mu.Unlock()

	wanted := taken[:0]
	for _, a := range taken {
		if a.group.abandoned.Load() {
			a.fail(context.Canceled)
			continue
		}
		wanted = append(wanted, a)
	}
	if len(wanted) == 0 && rest > 0 {
		return b.take()
	}
	return wanted
}

// close fails everything that waits and refuses what comes.
func (b *batcher) close() {
	b.mu.Lock()
	b.closed = true
	waiting := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	failAll(waiting, ErrClosed)
}
