package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/cluster/failover"
	"github.com/mysqlda/mysqlda/fsm"
)

// Activate has another server of a library become the active one, and returns when
// that is so, or why it is not. It takes as long as the sessions need to end their
// transactions, and the new server to be made ready: the context bounds it. If
// another node comes to lead meanwhile, that one goes on with what was begun.
// Errors: fsm.ErrBadChange, fsm.ErrStaleSwitch, fsm.ErrNoLeader, ErrNotMember, or
// the context's; the text says how far it has come.
func (n *Node) Activate(ctx context.Context, r failover.Request) error {
	m, err := n.current()
	if err != nil {
		return err
	}
	ctx, unscope := n.scoped(ctx)
	defer unscope()
	if err := m.catchUpRetrying(ctx); err != nil {
		return fmt.Errorf("activating server %s of library %s: %w", r.Server, r.Library, err)
	}
	before := m.machine.Libraries().ByName(r.Library)
	if before == nil {
		return fmt.Errorf("%w: there is no library %s", fsm.ErrBadChange, r.Library)
	}
	for {
		err := m.activateOnce(ctx, r)
		if !errors.Is(err, errOutcomeUnknown) {
			return err
		}
		over, err := m.followSwitch(ctx, before, r, err)
		if over {
			return err
		}
	}
}

// catchUpRetrying is catchUp until it works, or the time for a decision is up.
func (m *member) catchUpRetrying(ctx context.Context) error {
	ctx, cancel := m.bounded(ctx)
	defer cancel()
	for {
		_, reign := m.leadership.current()
		err := m.catchUp(ctx)
		if err == nil {
			return nil
		}
		if !m.pause(ctx, reign) {
			return timedOut(ctx, err)
		}
	}
}

// activateOnce finds the leader and has it do it. After errOutcomeUnknown it may
// have begun.
func (m *member) activateOnce(ctx context.Context, r failover.Request) error {
	deciding, cancel := m.bounded(ctx) // only to find a leader
	defer cancel()
	for {
		leader, reign := m.leadership.current()
		var err error
		switch leader {
		case "":
			err = errNotLeader
		case m.id:
			err = m.activateHere(ctx, r)
		default:
			err = m.activateAt(ctx, leader, r)
		}
		if !errors.Is(err, errNotLeader) {
			return err
		}
		if !m.pause(deciding, reign) {
			return timedOut(deciding, err)
		}
	}
}

// activateHere does it on this node, if it leads.
func (m *member) activateHere(ctx context.Context, r failover.Request) error {
	t, err := m.steering.current()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(t.ctx, func() { cancel(errOutcomeUnknown) })()
	err = m.steering.driver.Activate(ctx, r)
	if err != nil && (t.ctx.Err() != nil || retryable(err)) {
		// Whatever the last step says of itself, others may have been done before.
		return fmt.Errorf("%w: %w", errOutcomeUnknown, dropOutcome(err))
	}
	return err
}

// activateAt has another node do it, which should lead.
func (m *member) activateAt(ctx context.Context, leader string, r failover.Request) error {
	if err := m.ping(ctx, leader); err != nil {
		return fmt.Errorf("%w: %s: %w", errNotLeader, leader, dropOutcome(err))
	}
	ctx, client, err := m.peer(ctx, leader)
	if err != nil {
		return err
	}
	resp, err := client.Activate(ctx, &clusterpb.ActivateRequest{
		Library: r.Library, Server: r.Server, Force: r.Force, DrainNs: int64(r.Drain), WaitNs: int64(answering(ctx)),
	})
	if err != nil {
		return elsewhere(leader, fromStatus(err))
	}
	return fsm.ErrorFromProto(resp.GetError())
}

// followSwitch waits, after the leader was lost, until a switch that was begun is
// over. It returns false when none was, so that it may be asked for again: the next
// leader has applied all that the last one has begun.
func (m *member) followSwitch(ctx context.Context, before *fsm.Library, r failover.Request, lost error) (over bool, err error) {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	changes := m.replica.watch.subscribe(watching)
	if err := m.catchUpRetrying(ctx); err != nil {
		return true, fmt.Errorf("activating server %s of library %s: %w; it goes on if it was begun: look at the libraries", r.Server, r.Library, err)
	}
	for {
		now := m.machine.Libraries().ByID(before.ID)
		switch {
		case now == nil:
			return true, fmt.Errorf("%w: library %s was removed meanwhile (%w)", fsm.ErrBadChange, before.Name, lost)
		case now.ActiveEpoch == before.ActiveEpoch && now.Switch == nil:
			if _, reign := m.leadership.current(); m.pause(ctx, reign) {
				return false, nil
			}
			return true, timedOut(ctx, lost)
		case now.Switch == nil && (now.Active == r.Server || r.Server == ""):
			return true, nil
		case now.Switch == nil:
			return true, fmt.Errorf("%w: the leader was lost meanwhile, and the active server of library %s is %s now", fsm.ErrStaleSwitch, now.Name, now.Active)
		}
		select {
		case <-changes:
		case <-ctx.Done():
			return true, fmt.Errorf("the change of the active server of library %s goes on, it is %s: %w (%w)", now.Name, now.Switch.Phase, context.Cause(ctx), lost)
		}
	}
}

// Activate implements clusterpb.ClusterServer.
func (s *service) Activate(ctx context.Context, req *clusterpb.ActivateRequest) (*clusterpb.ActivateResponse, error) {
	m, err := s.node.current()
	if err != nil {
		return nil, err
	}
	ctx, unscope := s.node.scoped(ctx)
	defer unscope()
	if wait := time.Duration(req.GetWaitNs()); wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
	}
	err = m.activateHere(ctx, failover.Request{
		Library: req.GetLibrary(), Server: req.GetServer(), Force: req.GetForce(), Drain: time.Duration(req.GetDrainNs()),
	})
	if retryable(err) {
		return nil, err
	}
	return &clusterpb.ActivateResponse{Error: fsm.ErrorProto(err)}, nil
}
