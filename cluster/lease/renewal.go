package lease

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

// Request is one request for a lease.
type Request struct {
	fsm.Lease
	// Urgent says that the node has no lease, or has lost half of it: it shall not
	// wait for the next round.
	Urgent bool
}

// Leader is whom a keeper asks, during one reign after the other.
type Leader interface {
	// Current returns the leader's node id, or "" for none, and a context that ends
	// when that changes.
	Current() (id string, reign context.Context)
	// Ask has the leader take in a request. An error means that it may not have.
	Ask(ctx context.Context, leader string, r Request) error
}

// renewal is when this node asks next, and what it has asked. The keeper's mu
// guards it.
type renewal struct {
	nonce  uint64        // the last one
	next   time.Duration // when to ask again
	recent [remembered]struct {
		nonce uint64 // 0 for none
		asked time.Duration
	}
}

// ask makes a request at that time. The next round's entry should grant it; if it
// is not granted for one and a half, another one is due.
func (r *renewal) ask(now, length time.Duration) (nonce uint64) {
	r.nonce++
	slot := &r.recent[r.nonce%remembered]
	slot.nonce, slot.asked = r.nonce, now
	r.next = now + length/rounds*3/2
	return r.nonce
}

// granted returns when the request of that nonce was made. The answer to the last
// one says when the leader's last entry was written: asking shortly before the next
// one is due has all nodes' requests in one entry, and none waits there for long.
func (r *renewal) granted(nonce uint64, now, length time.Duration) (asked time.Duration, ok bool) {
	slot := &r.recent[nonce%remembered]
	if nonce == 0 || slot.nonce != nonce {
		return 0, false
	}
	slot.nonce = 0
	if nonce == r.nonce {
		r.next = now + length/rounds*9/10
	}
	return slot.asked, true
}

// refused has the request of that nonce made again soon.
func (r *renewal) refused(nonce uint64, now, length time.Duration) {
	if nonce == r.nonce && r.recent[nonce%remembered].nonce == nonce {
		r.next = now + length/rounds/5
	}
}

// Run asks for leases while one is needed, until ctx ends.
func (k *Keeper) Run(ctx context.Context, leader Leader) {
	var asking sync.WaitGroup
	defer asking.Wait()
	id, reign := leader.Current()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if id != "" {
			if r, due := k.request(); due {
				id, reign := id, reign // of this request
				asking.Go(func() { k.ask(reign, leader, id, r) })
			}
		}
		timer.Reset(k.report())
		select {
		case <-timer.C:
		case <-k.news:
		case <-reign.Done():
			id, reign = leader.Current()
			k.askNow()
		case <-ctx.Done():
			return
		}
	}
}

// request makes a request if one is due.
func (k *Keeper) request() (r Request, due bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now, length := k.cfg.Clock(), k.length()
	if !k.needed || now < k.renewal.next {
		return Request{}, false
	}
	left := time.Duration(k.until.Load()) - now
	return Request{
		Lease:  fsm.Lease{Node: k.cfg.Node, Starts: k.cfg.Starts, Nonce: k.renewal.ask(now, length)},
		Urgent: left < length/2,
	}, true
}

// ask passes a request on. A call that takes longer than two rounds is given up:
// another one has followed after one and a half. So at most two are under way.
func (k *Keeper) ask(reign context.Context, leader Leader, id string, r Request) {
	ctx, cancel := context.WithTimeout(reign, 2*k.length()/rounds)
	defer cancel()
	err := leader.Ask(ctx, id, r)
	if err == nil {
		return
	}
	k.cfg.Logger.Debug("the leader was not asked for a lease", zap.String("leader", id), zap.Error(err))
	k.mu.Lock()
	defer k.mu.Unlock()
	k.renewal.refused(r.Nonce, k.cfg.Clock(), k.length())
	poke(k.news)
}

// askNow makes a request due.
func (k *Keeper) askNow() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.renewal.next = k.cfg.Clock()
}
