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
//
// As a rule the first attempt succeeds. It has a timer instead of contexts made
// for it, which would cost as much as all the rest here.
func (m *member) decide(ctx context.Context, item fsm.Item) (*ask, error) {
	began := time.Now()
	over := time.NewTimer(m.cfg.DecisionTimeout)
	defer over.Stop()
	_, reign := m.leadership.current()
	a, err := m.ask(ctx, over.C, item)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, ended(context.Cause(ctx), nil)
	case errors.Is(err, ErrClosed), errors.Is(err, errDecisionTimeout):
		return nil, ended(err, nil)
	case retryable(err):
		ctx, cancel := m.boundedUntil(ctx, began.Add(m.cfg.DecisionTimeout))
		defer cancel()
		if a, err = m.askAgain(ctx, reign, item, err); err != nil {
			return nil, err
		}
	default:
		m.metrics.countFailure(err)
		return nil, err
	}
	m.metrics.observeDecision(time.Since(began))
	return a, nil
}

// askAgain makes further attempts after one in that reign which failed. That too many
// wait is no answer any more: it says that nothing was done, and an earlier attempt
// may have come to something.
func (m *member) askAgain(ctx, reign context.Context, item fsm.Item, last error) (*ask, error) {
	for {
		if !m.pause(ctx, reign) {
			return nil, timedOut(ctx, last)
		}
		_, reign = m.leadership.current()
		a, err := m.ask(ctx, nil, item)
		switch {
		case err == nil:
			return a, nil
		case ctx.Err() != nil, errors.Is(err, ErrClosed):
			return nil, timedOut(ctx, last)
		case errors.Is(err, fsm.ErrOverloaded):
			continue
		case !retryable(err):
			m.metrics.countFailure(err)
			return nil, err
		}
		last = err
	}
}

// ask makes one attempt. It ends also when the node is closed, with ErrClosed, or
// when over gives something, with errDecisionTimeout.
func (m *member) ask(ctx context.Context, over <-chan time.Time, item fsm.Item) (*ask, error) {
	queue := m.forwarder
	if m.leads() {
		queue = m.proposer
	}
	group := newAskGroup(item)
	if err := queue.submit(group); err != nil {
		return nil, err
	}
	var cause error
	select {
	case <-group.done:
		return &group.asks[0], group.asks[0].err
	case <-ctx.Done():
		cause = context.Cause(ctx)
	case <-m.node.closing.Done():
		cause = ErrClosed
	case <-over:
		cause = errDecisionTimeout
	}
	group.abandon()
	return nil, cause
}

// leads reports whether this node believes to lead. It decides nothing: what is
// true is found out by putting an entry through the log.
func (m *member) leads() bool { return m.raft.State() == raft.Leader }

// bounded adds the node's own bounds to a caller's context: the time that a
// decision may take, and that the node goes on.
func (m *member) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return m.boundedUntil(ctx, time.Now().Add(m.cfg.DecisionTimeout))
}

func (m *member) boundedUntil(ctx context.Context, end time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithDeadlineCause(ctx, end, errDecisionTimeout)
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
