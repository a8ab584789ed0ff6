package cluster

import (
	"context"
	"fmt"

	"github.com/mysqlda/mysqlda/fsm"
)

// Backup captures the state of this node once it holds everything that was
// committed before the call. What is captured shares the memory of the state and
// may be written from any goroutine while the node goes on. Errors:
// fsm.ErrNoLeader, ErrNotMember, fsm.ErrNoSettings, or the context's.
func (n *Node) Backup(ctx context.Context) (*fsm.Snapshot, error) {
	if err := n.CatchUp(ctx); err != nil {
		return nil, err
	}
	if n.machine.Settings() == nil {
		return nil, fsm.ErrNoSettings
	}
	return n.replica.capture()
}

// CatchUp waits until this node holds everything that was committed before the
// call. Errors: fsm.ErrNoLeader, ErrNotMember, or the context's.
func (n *Node) CatchUp(ctx context.Context) error {
	m, err := n.current()
	if err != nil {
		return err
	}
	ctx, cancel := m.bounded(ctx)
	defer cancel()
	for {
		_, reign := m.leadership.current()
		err := m.catchUp(ctx)
		if err == nil {
			return nil
		}
		if !m.pause(ctx, reign) {
			return fmt.Errorf("waiting for everything that was decided: %w", timedOut(ctx, err))
		}
	}
}
