package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// ChangeLibraries has the cluster change libraries, all changes or none, and
// returns when the change is durable and applied on this node. Errors:
// fsm.ErrBadChange, fsm.ErrBadName, fsm.ErrStaleVersion, fsm.ErrNoLeader,
// ErrNotMember, or the context's. After fsm.ErrNoLeader the change may have been
// made; the text says if that is so.
func (n *Node) ChangeLibraries(ctx context.Context, change fsm.ChangeLibraries) error {
	return n.change(ctx, wish{
		what:    "libraries",
		command: change,
		send: func(ctx context.Context, leader clusterpb.ClusterClient) (changed, error) {
			return leader.ChangeLibraries(ctx, &clusterpb.ChangeLibrariesRequest{Command: change.Proto()})
		},
	})
}

// ChangeSettings has the cluster change settings, all that are named or none. It
// returns as ChangeLibraries does, but never with fsm.ErrStaleVersion or
// fsm.ErrBadName.
func (n *Node) ChangeSettings(ctx context.Context, change fsm.ChangeSettings) error {
	return n.change(ctx, wish{
		what:    "settings",
		command: change,
		send: func(ctx context.Context, leader clusterpb.ClusterClient) (changed, error) {
			return leader.ChangeSettings(ctx, &clusterpb.ChangeSettingsRequest{Command: change.Proto()})
		},
	})
}

// Reconfigure has the cluster change libraries and settings together, all changes or
// none, and returns the index of the command, which is the revision then. It returns as
// ChangeLibraries does; fsm.ErrStaleVersion says that the revision was not the one that
// was expected.
func (n *Node) Reconfigure(ctx context.Context, change fsm.Reconfigure) (revision uint64, err error) {
	return n.changeAs(ctx, wish{
		what:    "libraries and settings",
		command: change,
		send: func(ctx context.Context, leader clusterpb.ClusterClient) (changed, error) {
			return leader.Reconfigure(ctx, &clusterpb.ReconfigureRequest{Command: change.Proto()})
		},
	})
}

// wish is a change that an operator asks for.
type wish struct {
	what    string // is to be changed, in the plural
	command changeCommand
	send    func(context.Context, clusterpb.ClusterClient) (changed, error) // to the leader, if that is another node
}

type changeCommand interface {
	Check() error
	Encode() ([]byte, error)
}

// changed is a leader's answer.
type changed interface {
	GetIndex() uint64
	GetError() *fsmpb.Error
}

func (n *Node) change(ctx context.Context, w wish) error {
	_, err := n.changeAs(ctx, w)
	return err
}

// changeAs makes a change and returns where it stands in the log.
func (n *Node) changeAs(ctx context.Context, w wish) (index uint64, err error) {
	if err := w.command.Check(); err != nil {
		return 0, err
	}
	m, err := n.current()
	if err != nil {
		return 0, err
	}
	index, refused, err := m.change(orItself(ctx, n.id), w)
	if err != nil {
		return 0, fmt.Errorf("changing %s: %w", w.what, err)
	}
	if refused != nil {
		return 0, refused
	}
	ctx, cancel := m.bounded(ctx)
	defer cancel()
	if err := m.replica.applied.wait(ctx, index); err != nil {
		return 0, fmt.Errorf("the %s are changed, but this node has not learned of it yet: %w", w.what, timedOut(ctx, nil))
	}
	return index, nil
}

// change finds the leader and has it make the change. A change is not
// idempotent: what may have been done is not tried again.
func (m *member) change(ctx context.Context, w wish) (index uint64, refused, err error) {
	ctx, cancel := m.bounded(ctx)
	defer cancel()
	for {
		leader, reign := m.leadership.current()
		var err error
		switch leader {
		case "":
			err = errNotLeader
		case m.id:
			index, refused, err = m.changeHere(ctx, w.command)
		default:
			index, refused, err = m.changeAt(ctx, leader, w)
		}
		switch {
		case err == nil:
			return index, refused, nil
		case errors.Is(err, errOutcomeUnknown):
			return 0, nil, fmt.Errorf("%w: the leader was lost meanwhile and the change may have been made; look at the %s before trying again (%w)", fsm.ErrNoLeader, w.what, err)
		case !errors.Is(err, errNotLeader):
			return 0, nil, err
		}
		if !m.pause(ctx, reign) {
			return 0, nil, timedOut(ctx, err)
		}
	}
}

func (m *member) changeHere(ctx context.Context, command changeCommand) (index uint64, refused, err error) {
	entry, err := command.Encode()
	if err != nil {
		return 0, nil, err
	}
	if refused := m.tooNew(entry); refused != nil {
		return 0, refused, nil
	}
	if entry, err = m.attribute(ctx, entry); err != nil {
		return 0, nil, err
	}
	index, result, err := m.apply(entry)
	return index, result.Err, err
}

// tooNew refuses a change that not all nodes know how to make.
func (m *member) tooNew(entry []byte) error {
	if other, differs := m.otherRelease(); differs && fsm.NeedsThisRelease(entry) {
		return fmt.Errorf("%w: node %s runs release %s, which does not know of such a change; upgrade that node or remove it first",
			fsm.ErrBadChange, other.ID, other.Version)
	}
	return nil
}

func (m *member) changeAt(ctx context.Context, leader string, w wish) (index uint64, refused, err error) {
	// A leader of an older release would not even know what is asked for.
	entry, err := w.command.Encode()
	if err != nil {
		return 0, nil, err
	}
	if refused := m.tooNew(entry); refused != nil {
		return 0, refused, nil
	}
	// Asking for a sign of life first tells a leader that is gone from one whose
	// answer was lost.
	if err := m.ping(ctx, leader); err != nil {
		return 0, nil, fmt.Errorf("%w: %s: %w", errNotLeader, leader, dropOutcome(err))
	}
	ctx, client, err := m.peer(ctx, leader)
	if err != nil {
		return 0, nil, err
	}
	answer, err := w.send(ctx, client)
	if err != nil {
		return 0, nil, fromStatus(err)
	}
	return answer.GetIndex(), fsm.ErrorFromProto(answer.GetError()), nil
}

// dropOutcome keeps an error's text only: a ping that was not answered says
// nothing of a change's outcome.
func dropOutcome(err error) error { return errors.New(err.Error()) }

// ChangeLibraries implements clusterpb.ClusterServer.
func (s *service) ChangeLibraries(ctx context.Context, req *clusterpb.ChangeLibrariesRequest) (*clusterpb.ChangeLibrariesResponse, error) {
	command, err := fsm.ChangeLibrariesFromProto(req.GetCommand())
	index, refused, err := s.change(ctx, command, err)
	if err != nil {
		return nil, err
	}
	return &clusterpb.ChangeLibrariesResponse{Index: index, Error: fsm.ErrorProto(refused)}, nil
}

// ChangeSettings implements clusterpb.ClusterServer.
func (s *service) ChangeSettings(ctx context.Context, req *clusterpb.ChangeSettingsRequest) (*clusterpb.ChangeSettingsResponse, error) {
	command, err := fsm.ChangeSettingsFromProto(req.GetCommand())
	index, refused, err := s.change(ctx, command, err)
	if err != nil {
		return nil, err
	}
	return &clusterpb.ChangeSettingsResponse{Index: index, Error: fsm.ErrorProto(refused)}, nil
}

// Reconfigure implements clusterpb.ClusterServer.
func (s *service) Reconfigure(ctx context.Context, req *clusterpb.ReconfigureRequest) (*clusterpb.ReconfigureResponse, error) {
	command, err := fsm.ReconfigureFromProto(req.GetCommand())
	index, refused, err := s.change(ctx, command, err)
	if err != nil {
		return nil, err
	}
	return &clusterpb.ReconfigureResponse{Index: index, Error: fsm.ErrorProto(refused)}, nil
}

// change makes another node's change here, unless it is a bad one.
func (s *service) change(ctx context.Context, command changeCommand, bad error) (index uint64, refused, err error) {
	m, err := s.node.current()
	if err != nil || bad != nil {
		return 0, bad, err
	}
	return m.changeHere(ctx, command)
}
