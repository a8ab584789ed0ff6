package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

// ChangeLibraries has the cluster change libraries, all changes or none, and
// returns when the change is durable and applied on this node. Errors:
// fsm.ErrBadChange, fsm.ErrBadName, fsm.ErrStaleVersion, fsm.ErrNoLeader,
// ErrNotMember, or the context's. After fsm.ErrNoLeader the change may have been
// made; the text says if that is so.
func (n *Node) ChangeLibraries(ctx context.Context, change fsm.ChangeLibraries) error {
	if err := change.Check(); err != nil {
		return err
	}
	m, err := n.current()
	if err != nil {
		return err
	}
	index, refused, err := m.change(ctx, change)
	if err != nil {
		return fmt.Errorf("changing libraries: %w", err)
	}
	if refused != nil {
		return refused
	}
	ctx, cancel := m.bounded(ctx)
	defer cancel()
	if err := m.replica.applied.wait(ctx, index); err != nil {
		return fmt.Errorf("the libraries are changed, but this node has not learned of it yet: %w", timedOut(ctx, nil))
	}
	return nil
}

// change finds the leader and has it make the change. A change is not
// idempotent: what may have been done is not tried again.
func (m *member) change(ctx context.Context, change fsm.ChangeLibraries) (index uint64, refused, err error) {
	ctx, cancel := m.bounded(ctx)
	defer cancel()
	for {
		leader, reign := m.leadership.current()
		var err error
		switch leader {
		case "":
			err = errNotLeader
		case m.id:
			index, refused, err = m.changeHere(change)
		default:
			index, refused, err = m.changeAt(ctx, leader, change)
		}
		switch {
		case err == nil:
			return index, refused, nil
		case errors.Is(err, errOutcomeUnknown):
			return 0, nil, fmt.Errorf("%w: the leader was lost meanwhile and the change may have been made; look at the libraries before trying again (%w)", fsm.ErrNoLeader, err)
		case !errors.Is(err, errNotLeader):
			return 0, nil, err
		}
		if !m.pause(ctx, reign) {
			return 0, nil, timedOut(ctx, err)
		}
	}
}

func (m *member) changeHere(change fsm.ChangeLibraries) (index uint64, refused, err error) {
	command, err := change.Encode()
	if err != nil {
		return 0, nil, err
	}
	index, result, err := m.apply(command)
	return index, result.Err, err
}

func (m *member) changeAt(ctx context.Context, leader string, change fsm.ChangeLibraries) (index uint64, refused, err error) {
	// Asking for a sign of life first tells a leader that is gone from one whose
	// answer was lost.
	if err := m.ping(ctx, leader); err != nil {
		return 0, nil, fmt.Errorf("%w: %s: %w", errNotLeader, leader, dropOutcome(err))
	}
	ctx, client, err := m.peer(ctx, leader)
	if err != nil {
		return 0, nil, err
	}
	resp, err := client.ChangeLibraries(ctx, &clusterpb.ChangeLibrariesRequest{Command: change.Proto()})
	if err != nil {
		return 0, nil, fromStatus(err)
	}
	return resp.GetIndex(), fsm.ErrorFromProto(resp.GetError()), nil
}

// dropOutcome keeps an error's text only: a ping that was not answered says
// nothing of a change's outcome.
func dropOutcome(err error) error { return errors.New(err.Error()) }
