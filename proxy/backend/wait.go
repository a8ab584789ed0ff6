package backend

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// waiter is a caller that waits for its turn.
type waiter struct {
	profile Profile
	turn    chan turn // buffered: granting never blocks
}

// turn is what a waiter gets: a connection, an error, or neither: a slot.
type turn struct {
	link *link
	err  error
}

// wait waits for the waiter's turn.
func (p *pool) wait(ctx context.Context, w *waiter) (*link, error) {
	timeout := time.NewTimer(p.cfg.WaitTimeout)
	defer timeout.Stop()
	var err error
	select {
	case t := <-w.turn:
		return t.link, t.err
	case <-ctx.Done():
		err = fmt.Errorf("%w: server %s: %d connections, none came free: %w",
			ErrPoolFull, p.server, p.cfg.MaxPerServer, ctx.Err())
	case <-timeout.C:
		err = fmt.Errorf("%w: server %s: %d connections, none came free within %s",
			ErrPoolFull, p.server, p.cfg.MaxPerServer, p.cfg.WaitTimeout)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, w); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		return nil, err
	}
	t := <-w.turn // our turn came at the same moment
	return t.link, t.err
}

// passSlot hands a slot that came free to the first waiter.
func (p *pool) passSlot() {
	if len(p.waiting) == 0 {
		p.count--
		return
	}
	p.grant(turn{})
}

func (p *pool) grant(t turn) {
	w := p.waiting[0]
	p.waiting = slices.Delete(p.waiting, 0, 1)
	w.turn <- t
}
