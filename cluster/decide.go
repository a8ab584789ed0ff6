package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/raft"
	"github.com/mysqlda/mysqlda/fsm"
)

// retryDelay is how long a request that found no leader waits before it looks
// again, unless the leader changes earlier. The actual delay varies by half.
const retryDelay = 20 * time.Millisecond

// decide has the cluster decide one item, whoever leads. Items are idempotent,
// so it tries again until the caller's context ends, DecisionTimeout is over or
// the node cannot go on; then the error is the context's cause, or wraps
// fsm.ErrNoLeader, in the last case ErrClosed too.
func (m *member) decide(ctx context.Context, item fsm.Item) (uint64, fsm.ItemResult, error) {
	began := time.Now()
	ctx, cancel := m.bounded(ctx)
	defer cancel()
	var last error
	for {
		_, reign := m.leadership.current()
		a, err := m.ask(ctx, item)
		if err == nil {
			m.metrics.observeDecision(time.Since(began))
			return a.index, a.result, nil
		}
		if ctx.Err() != nil || errors.Is(err, ErrClosed) {
			return 0, fsm.ItemResult{}, timedOut(ctx, last)
		}
		if !retryable(err) {
			m.metrics.countFailure(err)
			return 0, fsm.ItemResult{}, err
		}
		last = err
		if !m.pause(ctx, reign) {
			return 0, fsm.ItemResult{}, timedOut(ctx, last)
		}
	}
}

// ask makes one attempt.
func (m *member) ask(ctx context.Context, item fsm.Item) (*ask, error) {
	queue := m.forwarder
	if m.leads() {
		queue = m.proposer
	}
	group := newAskGroup(item)
	if err := queue.submit(group); err != nil {
		return nil, err
	}
	select {
	case <-group.done:
		return &group.asks[0], group.asks[0].err
	case <-ctx.Done():
		group.abandon()
		return nil, context.Cause(ctx)
	}
}

// leads reports whether this node believes to lead. It decides nothing: what is
// true is found out by putting an entry through the log.
func (m *member) leads() bool { return m.raft.State() == raft.Leader }

// bounded adds the node's own bounds to a caller's context: the time that a
// decision may take, and that the node goes on.
func (m *member) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeoutCause(ctx, m.cfg.DecisionTimeout, errDecisionTimeout)
	ctx, unscope := m.node.scoped(ctx)
	return ctx, func() {
		unscope()
		cancel()
	}
}

// pause waits a little before another attempt, or until the reign has ended. It
// returns false if the caller's context ended or the node is being closed.
func (m *member) pause(ctx, reign context.Context) bool {
	timer := time.NewTimer(retryDelay/2 + rand.N(retryDelay))
	defer timer.Stop()
	ended := reign.Done()
	if reign.Err() != nil {
		ended = nil
	}
	select {
	case <-ended:
	case <-timer.C:
	case <-ctx.Done():
		return false
	case <-m.ctx.Done():
		return false
	}
	return true
}
