package cluster

import (
	"context"
	"runtime"
	"sync"

	"github.com/mysqlda/mysqlda/fsm"
)

// MaxWaiting bounds the items that wait on one node for their batch. Beyond it
// callers get fsm.ErrOverloaded at once.
const MaxWaiting = 1 << 14

// batcher gathers asks while the last batches are under way: the busier the
// cluster, the larger the batches, and an idle one answers without delay.
//
// Another batch joins those under way only if it is not small beside them: each
// costs the same writes to disks, however much is in it.
type batcher struct {
	limit int // asks of one batch
	run   func(context.Context, []*ask)

	wake chan struct{} // holds a token while a batch is due

	mu       sync.Mutex
	closed   bool
	waiting  []*ask
	underWay int // asks in batches that run
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

// due reports whether it is time for a batch. b.mu is held.
func (b *batcher) due() bool {
	n := len(b.waiting)
	return n > 0 && (n >= b.underWay || n >= b.limit)
}

// signal wakes a worker if there is work for one. b.mu is held.
func (b *batcher) signal() {
	if !b.due() {
		return
	}
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

// work runs batches, one after the other, until ctx ends. As many goroutines work
// on one batcher as batches may be under way.
func (b *batcher) work(ctx context.Context) {
	for {
		select {
		case <-b.wake:
		case <-ctx.Done():
			return
		}
		// Others that are ready to run may be about to ask too.
		runtime.Gosched()
		for ctx.Err() == nil {
			batch := b.take()
			if len(batch) == 0 {
				break
			}
			n := len(batch)
			b.run(ctx, batch)
			b.ran(n)
		}
	}
}

// take removes the next batch, if one is due; asks that nobody waits for are
// answered here.
func (b *batcher) take() []*ask {
	b.mu.Lock()
	if !b.due() {
		b.mu.Unlock()
		return nil
	}
	n := min(len(b.waiting), b.limit)
	taken := append(make([]*ask, 0, n), b.waiting[:n]...)
	rest := copy(b.waiting, b.waiting[n:])
	clear(b.waiting[rest:])
	b.waiting = b.waiting[:rest]
	wanted := taken[:0]
	for _, a := range taken {
		if a.group.abandoned.Load() {
			a.fail(context.Canceled)
			continue
		}
		wanted = append(wanted, a)
	}
	b.underWay += len(wanted)
	b.signal() // another worker may go on with the rest
	b.mu.Unlock()
	if len(wanted) == 0 {
		return b.take()
	}
	return wanted
}

// ran says that a batch of n asks is under way no more.
func (b *batcher) ran(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.underWay -= n
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
