package backend

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// waiter is a caller that waits for its turn, or may come to.
type waiter struct {
	profile Profile
	turn    chan turn // buffered: granting never blocks; nil until the caller waits
	until   time.Time // when its patience ends; zero until the caller waits
	refusal error     // what the server said when it took no more, if it did
}

// queue puts a caller at that place of the queue.
func (p *pool) queue(w *waiter, at int) {
	if w.turn == nil {
		w.turn = make(chan turn, 1)
		w.until = time.Now().Add(p.cfg.WaitTimeout)
	}
	p.waiting = slices.Insert(p.waiting, at, w)
	signal(p.wanted)
}

// turn is what a waiter gets: a connection, an error, or neither: a slot.
type turn struct {
	link *link
	err  error
}

// wait waits for the turn of a queued caller. The waits of one call of acquire
// together take no longer than WaitTimeout.
func (p *pool) wait(ctx context.Context, w *waiter) (*link, error) {
	began := time.Now()
	defer func() { p.waits.Observe(time.Since(began)) }()
	timeout := time.NewTimer(w.until.Sub(began))
	defer timeout.Stop()
	var why error
	select {
	case t := <-w.turn:
		return t.link, t.err
	case <-ctx.Done():
		why = ctx.Err()
	case <-timeout.C:
		why = w.refusal
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, w); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		p.timedOut.Add(1)
		err := fmt.Errorf("%w: server %s: of %d connections none came free within %s", ErrPoolFull, p.target.server, p.count, p.cfg.WaitTimeout)
		if why != nil {
			err = fmt.Errorf("%w: %w", err, why)
		}
		return nil, err
	}
	t := <-w.turn // our turn came at the same moment
	return t.link, t.err
}

// passSlot hands a slot that came free to the first waiter. At a server that takes
// no more connections the first one tries a little later: what we have closed is
// not yet gone there.
func (p *pool) passSlot() {
	p.count--
	if p.shortage.pause == 0 {
		p.admit()
		return
	}
	if len(p.waiting) > 0 && !time.Now().Before(p.shortage.until) {
		p.shortage.until = time.Now().Add(minShortagePause)
		p.shortage.timer.Reset(minShortagePause)
	}
}

// admit gives the first waiter a slot if there is one.
func (p *pool) admit() {
	if len(p.waiting) > 0 && p.count < p.cfg.MaxPerServer {
		p.count++
		p.grant(turn{})
	}
}

func (p *pool) grant(t turn) {
	w := p.waiting[0]
	p.waiting = slices.Delete(p.waiting, 0, 1)
	w.turn <- t
}
